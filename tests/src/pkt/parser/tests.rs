use crate::pkt::ast::*;
use crate::pkt::{parse, render};

fn script(text: &str) -> Script {
    parse(text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

fn error(text: &str) -> String {
    match parse(text) {
        Err(error) => error.to_string(),
        Ok(script) => panic!("read as {script:?}"),
    }
}

fn event(text: &str) -> Event {
    let mut events = script(text).events;
    assert_eq!(events.len(), 1, "{text}");
    events.remove(0)
}

fn packet(text: &str) -> Packet {
    match event(&format!("0 {text}")).action {
        Action::Packet(packet) => packet,
        other => panic!("{other:?}"),
    }
}

fn tcp(text: &str) -> Tcp {
    match packet(text).body {
        Body::Tcp(tcp) => tcp,
        other => panic!("{other:?}"),
    }
}

fn icmp(text: &str) -> Icmp {
    match packet(text).body {
        Body::Icmp(icmp) => icmp,
        other => panic!("{other:?}"),
    }
}

fn options(text: &str) -> Vec<TcpOption> {
    match tcp(&format!("> . 1:1(0) ack 1 {text}")).options {
        OptionList::Listed(options) => options,
        OptionList::Any => panic!("{text} leaves them unchecked"),
    }
}

fn call(text: &str) -> Call {
    match event(text).action {
        Action::Call(call) => call,
        other => panic!("{other:?}"),
    }
}

/// The arguments of a call, each rendered.
fn args(text: &str) -> Vec<String> {
    call(&format!("0 f({text}) = 0"))
        .args
        .iter()
        .map(render::expr)
        .collect()
}

fn span(start: u32, end: u32, len: u32) -> Span {
    Span { start, end, len }
}

#[test]
fn a_whole_script_has_options_shell_events_and_cleanup() {
    let text = "#!/usr/bin/env pkt\n--tolerance_usecs=10000\n--ip_version=ipv6 --verbose\n\
                --define=PORT=80\n`sysctl -q net.ipv4.tcp_sack=0\ntrue`\n`./x.sh`\n\
                // begin\n0 socket(..., SOCK_STREAM, 0) = 3\n+0 `sysctl a=b`\n`rm`\n";
    let script = script(text);
    let options: Vec<_> = script
        .options
        .iter()
        .map(|option| (option.name.as_str(), option.value.as_deref(), option.line))
        .collect();
    assert_eq!(
        options,
        [
            ("tolerance_usecs", Some("10000"), 2),
            ("ip_version", Some("ipv6"), 3),
            ("verbose", None, 3),
            ("define", Some("PORT=80"), 4),
        ]
    );
    let init: Vec<_> = script.init.iter().map(|shell| shell.line).collect();
    assert_eq!(init, [5, 7]);
    assert_eq!(script.init[0].text, "sysctl -q net.ipv4.tcp_sack=0\ntrue");
    assert_eq!(script.events.len(), 2);
    assert_eq!(script.events[0].line, 9);
    assert_eq!(script.events[1].action, Action::Shell("sysctl a=b".into()));
    assert_eq!(script.cleanup.len(), 1);
    assert_eq!(script.cleanup[0].line, 11);
}

#[test]
fn options_may_be_addresses_and_quoted() {
    let script = script("--local_ip=fd3d::1\n--remote_ip=192.0.2.1 --x=\"a b\" --y=\n0 close(3)=0");
    let values: Vec<_> = script
        .options
        .iter()
        .map(|o| o.value.as_deref().unwrap())
        .collect();
    assert_eq!(values, ["fd3d::1", "192.0.2.1", "a b", ""]);
}

#[test]
fn a_defined_name_stands_for_its_value() {
    let text = "--define=LEN=1000 --define=TEXT=\"a b\" --define=WHO=AF_INET\n\
                0 f(LEN, TEXT, WHO, {WHO, n=LEN}) = LEN";
    let Action::Call(call) = &script(text).events[0].action else {
        panic!("no call");
    };
    let expected = "f(1000, \"a b\", AF_INET, {AF_INET, n=1000}) = 1000";
    assert_eq!(render::call(call), expected);
}

#[test]
fn shell_text_between_events_is_an_event_of_that_moment() {
    let script = script("0 close(3) = 0\n`a`\n+1 close(4) = 0\n`b`");
    assert_eq!(script.events.len(), 3);
    assert_eq!(script.events[1].time, When::After(0));
    assert_eq!(script.cleanup[0].text, "b");
}

#[test]
fn an_empty_script_has_no_events() {
    assert_eq!(script(" // nothing\n"), script(""));
}

#[test]
fn times_are_absolute_relative_any_or_between_two() {
    let time = |text: &str| event(&format!("{text} close(3) = 0")).time;
    assert_eq!(time("0"), When::At(0));
    assert_eq!(time(".1"), When::At(100_000));
    assert_eq!(time("0.250"), When::At(250_000));
    assert_eq!(time("+.01"), When::After(10_000));
    assert_eq!(time("+ 2"), When::After(2_000_000));
    assert_eq!(time("*"), When::Any);
    assert_eq!(time("1~1.5"), When::Between(1_000_000, 1_500_000));
    assert_eq!(time("+.1~+.2"), When::AfterBetween(100_000, 200_000));
    assert_eq!(time("+.1 ~ .2"), When::AfterBetween(100_000, 200_000));
}

#[test]
fn a_call_that_blocks_says_when_it_returns() {
    let event = event("+.1...0.2 read(4, ..., 10) = 10");
    assert_eq!(event.time, When::After(100_000));
    let Action::Call(read) = event.action else {
        panic!("no call");
    };
    assert_eq!(read.end, Some(200_000));
    assert_eq!(read.name, "read");
    assert_eq!(call("0...0.100 accept(3, ..., ...) = 4").end, Some(100_000));
    assert_eq!(call("+0...+.3 accept(3, ..., ...) = 4").end, Some(300_000));
    assert_eq!(call("0 accept(3, ..., ...) = 4").end, None);
}

#[test]
fn a_segment_is_read_with_any_spacing() {
    let expected = tcp("< S. 0:0(0) ack 1 win 32792 <mss 1460,sackOK,nop,wscale 7>");
    let tight = tcp("<S.0:0(0)ack 1win 32792<mss 1460,sackOK,nop,wscale 7>");
    assert_eq!(expected, tight);
    let loose = "<\tS.  0 : 0 ( 0 )\n\tack\n 1 win 32792 < mss 1460 , sackOK, nop,wscale 7 >";
    assert_eq!(expected, tcp(loose));
    assert_eq!(expected.ack, Some(1));
    assert_eq!(expected.win, Some(32_792));
    assert!(expected.flags.syn && expected.flags.ack);
}

#[test]
fn flags_stand_in_any_order() {
    let flags = |text: &str| tcp(&format!("> {text} 0:0(0)")).flags;
    let none = Flags::default();
    assert_eq!(flags("-"), none);
    assert_eq!(flags("."), Flags { ack: true, ..none });
    let syn_ecn = Flags {
        syn: true,
        ece: true,
        cwr: true,
        ..none
    };
    assert_eq!(flags("SEW"), syn_ecn);
    assert_eq!(flags("WES"), syn_ecn);
    let all = flags("SFRPUEW.");
    assert_eq!(all, flags(".WEUPRFS"));
    assert!(all.fin && all.rst && all.psh && all.urg && all.ack);
}

#[test]
fn sequence_numbers_are_relative_absolute_or_any() {
    let seq = |text: &str| tcp(&format!("< . {text} ack 1")).seq;
    assert_eq!(seq("1:1001(1000)"), Seq::Relative(span(1, 1001, 1000)));
    assert_eq!(seq("1:1001(1000)!"), Seq::Absolute(span(1, 1001, 1000)));
    assert_eq!(
        seq("4294967290:10(16)"),
        Seq::Relative(span(4_294_967_290, 10, 16))
    );
    assert_eq!(seq("...(5)"), Seq::AnyStart { len: 5 });
    assert_eq!(tcp("< S....(5)").seq, Seq::AnyStart { len: 5 });
    assert!(tcp("< S....(5)").flags.ack);
    assert!(!tcp("< S...(5)").flags.ack);
}

#[test]
fn a_segment_states_ports_window_and_urgent_pointer() {
    let segment = tcp("> 8080 > 1234 PU. 1:11(10) ack 5 win 100 urg 3 <...>");
    assert_eq!(segment.ports, Some((8080, 1234)));
    assert_eq!(segment.urg, Some(3));
    assert_eq!(segment.options, OptionList::Any);
    assert_eq!(
        tcp("> R 1:1(0)").options,
        OptionList::Listed(Vec::new()),
        "no list is an empty list"
    );
}

#[test]
fn what_the_ip_header_says_stands_in_brackets() {
    let ip = |text: &str| packet(&format!("< {text} . 1:1(0) ack 1")).ip;
    assert_eq!(ip("[noecn]").ecn, Some(Ecn::NotEct));
    assert_eq!(ip("(ect1)").ecn, Some(Ecn::Ect1));
    assert_eq!(ip("[ect01]").ecn, Some(Ecn::Ect01));
    assert_eq!(ip("(tos 0x2)").tos, Some(2));
    let both = ip("[ect0, ttl 64]");
    assert_eq!((both.ecn, both.ttl), (Some(Ecn::Ect0), Some(64)));
    let six = ip("[ce,hlim 1,flowlabel 0x12345]");
    assert_eq!((six.ttl, six.flow_label), (Some(1), Some(0x12345)));
    assert_eq!(ip("[]"), IpInfo::default());
}

#[test]
fn each_option_is_read() {
    assert_eq!(options(""), []);
    assert_eq!(options("<>"), []);
    assert_eq!(
        options("<mss 536, wscale 14,sackOK,nop,eol,md5>"),
        [
            TcpOption::Mss(536),
            TcpOption::WindowScale(14),
            TcpOption::SackPermitted,
            TcpOption::Nop,
            TcpOption::Eol,
            TcpOption::Md5,
        ]
    );
    let sack = TcpOption::Sack(vec![(1, 2), (3, 4)]);
    assert_eq!(options("<sack 1:2 3:4>")[0], sack);
    assert_eq!(options("<nop,nop, sack 1:2,3:4,nop>")[2], sack);
}

#[test]
fn timestamps_are_read_in_any_case() {
    let expected = [TcpOption::Timestamps { val: 100, ecr: 7 }];
    for text in [
        "TS val 100 ecr 7",
        "ts VAL 100 ECR 7",
        "timestamp ecr 7 val 100",
    ] {
        assert_eq!(options(&format!("<{text}>")), expected, "{text}");
    }
}

#[test]
fn cookies_are_octets() {
    let fast_open = |cookie: Option<&[u8]>, experimental| TcpOption::FastOpen {
        cookie: cookie.map(<[u8]>::to_vec),
        experimental,
    };
    assert_eq!(options("<FO>"), [fast_open(None, false)]);
    assert_eq!(
        options("<FO,nop>"),
        [fast_open(None, false), TcpOption::Nop]
    );
    assert_eq!(
        options("<FO abcd1234>"),
        [fast_open(Some(&[0xab, 0xcd, 0x12, 0x34]), false)]
    );
    assert_eq!(options("<FOEXP 0102>"), [fast_open(Some(&[1, 2]), true)]);
}

#[test]
fn an_unknown_option_is_kept_by_its_text() {
    let other = |text: &str| TcpOption::Other(text.into());
    assert_eq!(
        options("<nop,mp_capable v1 0x12,nop>"),
        [TcpOption::Nop, other("mp_capable v1 0x12"), TcpOption::Nop]
    );
    assert_eq!(options("<FO abc>"), [other("FO abc")]);
    assert_eq!(options("<md5 0011>"), [other("md5 0011")]);
}

#[test]
fn messages_of_icmp_have_a_type_and_perhaps_more() {
    let message = icmp("< icmp unreachable frag_needed mtu 1200 [1:1461(1460)]");
    assert_eq!(message.kind, "unreachable");
    assert_eq!(message.code.as_deref(), Some("frag_needed"));
    assert_eq!(message.mtu, Some(1200));
    assert_eq!(message.quoted, Some(span(1, 1461, 1460)));
    let tight = icmp("<icmp unreachable host[1:1001(1000)]");
    assert_eq!(tight.quoted, Some(span(1, 1001, 1000)));
    assert_eq!(icmp("< icmp source_quench").code, None);
    assert_eq!(icmp("> icmp echo_reply id 7").id, Some(7));
    assert_eq!(
        icmp("< icmpv6 packet_too_big mtu 1280").kind,
        "packet_too_big"
    );
    let ordered = icmp("< icmp unreachable [1:2(1)] mtu 9 port");
    assert_eq!(ordered.code.as_deref(), Some("port"));
}

#[test]
fn datagrams_are_read() {
    let udp = |text: &str| match packet(text).body {
        Body::Udp(udp) => (udp.ports, udp.len),
        other => panic!("{other:?}"),
    };
    assert_eq!(udp("> udp (1000)"), (None, 1000));
    assert_eq!(udp("> 5 > 53 udp(0)"), (Some((5, 53)), 0));
}

#[test]
fn nothing_is_read_after_a_packet_of_another_language() {
    let text = "0 close(3) = 0\n+0 > sctp: INIT[flgs=0, \n tag=1]\n+0 nonsense";
    let events = script(text).events;
    let Action::Packet(packet) = &events[1].action else {
        panic!("no packet");
    };
    assert_eq!(packet.body, Body::Other("sctp: INIT[flgs=0,".into()));
    assert_eq!(events[1].line, 2);
    for text in [
        "> [dscp 5] . 1:1(0)",
        "> SEWA 0:0(0)",
        "< icmp unreachable [udp (5)]",
        "< udp(9899 > 5000) S 0:0(0)",
    ] {
        let Body::Other(kept) = packet_body(text) else {
            panic!("{text}");
        };
        assert!(text.ends_with(&kept), "{text} {kept}");
    }
}

fn packet_body(text: &str) -> Body {
    packet(text).body
}

#[test]
fn a_call_has_arguments_a_result_and_perhaps_words() {
    let connect = call("0 connect(3, ..., ...) = -1 EINPROGRESS (Operation now in progress)");
    assert_eq!(connect.args, [Expr::Int(3), Expr::Ellipsis, Expr::Ellipsis]);
    assert_eq!(connect.result, Expr::Int(-1));
    assert_eq!(connect.errno.as_deref(), Some("EINPROGRESS"));
    assert_eq!(connect.note.as_deref(), Some("Operation now in progress"));
    let flags = call("0 fcntl(3, F_GETFL) = 0x2 (flags O_RDWR (and (more)))");
    assert_eq!(flags.result, Expr::Int(2));
    assert_eq!(flags.errno, None);
    assert_eq!(flags.note.as_deref(), Some("flags O_RDWR (and (more))"));
    assert_eq!(call("0 f() = ...").result, Expr::Ellipsis);
    assert!(matches!(call("0 f() = {a=1}").result, Expr::Struct(_)));
}

#[test]
fn a_call_may_span_lines() {
    let text = "+0 setsockopt(3, SOL_SOCKET,\n\t// why\n SO_REUSEADDR, [1], /* here */\n 4)\n= 0";
    assert_eq!(
        render::call(&call(text)),
        "setsockopt(3, SOL_SOCKET, SO_REUSEADDR, [1], 4) = 0"
    );
}

#[test]
fn integers_are_decimal_hexadecimal_or_octal() {
    let text = "10, -1, 0x1F, -0x10, 010, 0, 0xffffffffffffffff, 5UL";
    assert_eq!(args(text), ["10", "-1", "31", "-16", "8", "0", "-1", "5"]);
}

#[test]
fn strings_have_escapes() {
    let call = call(r#"0 write(3, "a\n\"\\\x41\101\0" "b", 8) = 8"#);
    assert_eq!(call.args[1], Expr::Str(b"a\n\"\\AA\0b".to_vec()));
    let rendered = render::call(&call);
    assert_eq!(rendered, r#"write(3, "a\n\"\\AA\x00b", 8) = 8"#);
}

#[test]
fn names_are_joined_by_bars() {
    let parts = |names: &[&str]| Expr::Or(names.iter().map(|&n| Expr::Name(n.into())).collect());
    let call = call("0 f(O_RDWR | O_NONBLOCK, MSG_A|MSG_B|MSG_C) = 0");
    assert_eq!(call.args[0], parts(&["O_RDWR", "O_NONBLOCK"]));
    assert_eq!(call.args[1], parts(&["MSG_A", "MSG_B", "MSG_C"]));
}

#[test]
fn structures_nest_and_their_fields_have_names_or_none() {
    let address = r#"{sa_family = AF_INET, sin_port = htons(8080), sin_addr=inet_addr("1.2.3.4")}"#;
    let expected = [r#"{sa_family=AF_INET, sin_port=htons(8080), sin_addr=inet_addr("1.2.3.4")}"#];
    assert_eq!(args(address), expected);
    let message = "{msg_name(...)=..., msg_iov(2)=[{..., 10},{..., 20}], msg_flags=0, \
                   msg_control=[{cmsg_level=SOL_TCP, cmsg_type=TCP_CM_INQ, cmsg_data=5}]}";
    let expected = "{msg_name(...)=..., msg_iov(2)=[{..., 10}, {..., 20}], msg_flags=0, \
                    msg_control=[{cmsg_level=SOL_TCP, cmsg_type=TCP_CM_INQ, cmsg_data=5}]}";
    assert_eq!(args(message), [expected]);
    let call = call(&format!("0 sendmsg(3, {message}, 0) = 30"));
    let Expr::Struct(fields) = &call.args[1] else {
        panic!("no structure");
    };
    assert_eq!(fields[1].name.as_deref(), Some("msg_iov"));
    assert_eq!(fields[1].argument.as_deref(), Some(&Expr::Int(2)));
    for text in [
        "{onoff=1, linger=0}",
        "{1, 0}",
        "{...}",
        "{{events=EPOLLIN, fd=4}}",
        "[{fd=4, events=POLLIN|POLLOUT, revents=POLLIN}, {fd=5, events=0}]",
        "[10]",
        "[...]",
        "[]",
        "{A|B, sizeof(x)|C}",
    ] {
        assert_eq!(args(text), [text]);
    }
}

#[test]
fn code_needs_no_time() {
    let script = script("0 close(3) = 0\n%{ assert 1 }%\n+1 %{\n  print(2)\n}%");
    let times: Vec<_> = script.events.iter().map(|event| event.time).collect();
    assert_eq!(times, [When::At(0), When::After(0), When::After(1_000_000)]);
}

/// Texts, and how the error begins.
const MISTAKES: &[(&str, &str)] = &[
    ("x", "1:1: expected an event's time"),
    (
        "0 close(3) = 0\n0 ! S",
        "2:3: expected a packet, a call, shell text or `%{`",
    ),
    (
        "0 > S 0:0",
        "1:10: expected `(` and a length, found the end of the script",
    ),
    (
        "0 > S 0(0)",
        "1:8: expected `:` and the end of the range, found `(`",
    ),
    (
        "0 > 80 S",
        "1:8: expected `>` and the destination port, found `S`",
    ),
    ("0 > S. 0:0(0) akc 1", "1:15: expected more of this event"),
    (
        "0 close(3) = 0 0 x",
        "1:19: expected `(` and the arguments of a call",
    ),
    ("+0 > ! 0:0(0)", "1:6: expected flags"),
    ("0 > X 0:0(0)", "1:5: expected flags"),
    (
        "0 > S X:0(0)",
        "1:7: expected more flags, or sequence numbers",
    ),
    (
        "0 > . 1:1(0) ack x",
        "1:18: expected a number of 32 bits, found `x`",
    ),
    (
        "0 > . 1:1(0) <mss 70000>",
        "1:19: expected a number up to 65535, found `70000`",
    ),
    (
        "0 > . 1:1(0) <nop nop>",
        "1:19: expected `,` or `>` after an option",
    ),
    ("0 > . 1:1(0) <,>", "1:15: expected a TCP option"),
    (
        "0 > . 1:1(0) <nop",
        "1:18: expected `,` or `>` after an option, found the end",
    ),
    (
        "0 > . 1:1(0) <TS val 1>",
        "1:23: expected `ecr` and a number, found `>`",
    ),
    (
        "0 > . 1:1(0) <sack 1>",
        "1:21: expected `:` and the right edge",
    ),
    ("0 > [ect0 . 1:1(0)", "1:11: expected `noecn`"),
    (
        "0 > [tos 256] . 1:1(0)",
        "1:10: expected a number up to 255",
    ),
    ("0 < icmp 5", "1:10: expected the type of an ICMP message"),
    ("0 f(3 4) = 0", "1:7: expected `,` or `)`, found `4`"),
    ("0 f(3) 0", "1:8: expected `=` and the result"),
    ("0 f(3) =", "1:9: expected a number, a string, a name"),
    ("0 f(\"a) = 0", "1:5: expected a string that ends with `\"`"),
    (
        "0 f(99999999999999999999) = 0",
        "1:5: expected an integer of 64 bits",
    ),
    ("0 f({a=1) = 0", "1:9: expected `,` or `}`, found `)`"),
    (
        "0 f(3) = 0 (note",
        "1:13: expected a note that ends with `)`",
    ),
    ("0 %{ assert", "1:6: expected code that ends with `}%`"),
    ("`a\n", "1:2: expected shell text that ends with a backtick"),
    ("--=1", "1:3: expected the name of an option"),
    ("--a=\"b", "1:6: expected a value that ends with `\"`"),
    ("+x", "1:2: expected a time in seconds"),
    (
        "0 /* f",
        "1:3: expected a packet, a call, shell text or `%{`, found a comment",
    ),
];

#[test]
fn a_mistake_is_named_with_its_place_and_what_was_expected() {
    for (text, expected) in MISTAKES.iter().copied() {
        let error = error(text);
        assert!(error.starts_with(expected), "{text:?}\n{error}\n{expected}");
    }
}

#[test]
fn depth_is_bounded() {
    for open in ["[", "{", "(", "f(", "{a(", "{a="] {
        let text = format!("0 f({}", open.repeat(100_000));
        assert!(error(&text).contains("at most 32 brackets"), "{open}");
    }
}

#[test]
fn a_rendered_packet_is_read_as_the_same() {
    for text in [
        "< S 0:0(0) win 65535 <mss 1460,sackOK,TS val 1 ecr 0,nop,wscale 8>",
        "> [ect0,tos 0x02,ttl 64,flowlabel 0x5] 80 > 90 SFRPUEW. 1:2(1)! ack 5 win 6 urg 7 <...>",
        "> - ...(7)",
        "> . 1:1(0) ack 1 <nop,nop,sack 1:2 3:4>",
        "< S 0:0(0) <FO,FOEXP 0102ff,eol,md5,unheard of>",
        "< icmp unreachable frag_needed mtu 1200 id 4 [1:1461(1460)]",
        "> 1 > 2 udp (10)",
        "> sctp: anything",
    ] {
        let read = packet(text);
        assert_eq!(render::packet(&read), text);
        assert_eq!(packet(&render::packet(&read)), read);
    }
}

#[test]
fn an_event_is_rendered_with_its_time() {
    for text in [
        "+0.2 > . 1:1(0) ack 1",
        "1~1.5 > R 1:1(0)",
        "+0.000001~+3 > R 1:1(0)",
        "* close(3) = 0",
        "+0...0.25 read(3, ..., 1) = -1 EAGAIN (would block)",
        "0 `sysctl x`",
    ] {
        assert_eq!(render::event(&event(text)), text);
    }
    assert_eq!(render::time(-1_500_000), "-1.5");
}
