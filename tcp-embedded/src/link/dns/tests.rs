use super::message::{Answer, Name, ask, read};
use super::*;

const SERVER: &str = "192.0.2.53:53";

fn at(ms: u64) -> Instant {
    Instant::from_millis(ms)
}

fn random() -> Random {
    Random::new([8; 16])
}

fn server(last: u8) -> IpAddr {
    IpAddr::from([192, 0, 2, last])
}

fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

/// A question on the wire, and room for an answer behind it.
fn question(id: u16, text: &str, kind: RecordType) -> std::vec::Vec<u8> {
    let mut out = [0xaa; 300];
    let len = ask(&mut out, id, &name(text), kind).unwrap();
    out[..len].to_vec()
}

/// The answer to a question with these records: each is an owner, a type and data.
fn answer(question: &[u8], records: &[(&[u8], u16, &[u8])]) -> std::vec::Vec<u8> {
    let mut out = question.to_vec();
    [out[2], out[3]] = [0x81, 0x80];
    out[6..8].copy_from_slice(&u16::try_from(records.len()).unwrap().to_be_bytes());
    for (owner, kind, data) in records {
        out.extend(*owner);
        out.extend(kind.to_be_bytes());
        out.extend([0, 1, 0, 0, 0, 60]);
        out.extend(u16::try_from(data.len()).unwrap().to_be_bytes());
        out.extend(*data);
    }
    out
}

/// The name in the question.
const ASKED: &[u8] = &[0xc0, 12];

fn outcome(message: &[u8]) -> Answer {
    read(message, 7, &name("a.example"), RecordType::A)
}

fn found(addresses: &[[u8; 4]]) -> Answer {
    let addresses = addresses.iter().map(|octets| IpAddr::from(*octets));
    Answer::Final(Ok(addresses.collect()))
}

#[test]
fn a_question_stands_as_rfc_1035_draws_it() {
    let octets = question(0x1234, "a.example.", RecordType::Aaaa);
    let wanted = b"\x12\x34\x01\0\0\x01\0\0\0\0\0\0\x01a\x07example\0\0\x1c\0\x01";
    assert_eq!(octets, wanted);
    let mut short = [0; 26];
    assert_eq!(ask(&mut short, 1, &name("a.example"), RecordType::A), None);
}

#[test]
fn names_that_are_none_are_refused() {
    let long = "x".repeat(64);
    let full = [
        "y".repeat(63),
        "y".repeat(63),
        "y".repeat(63),
        "y".repeat(62),
    ]
    .join(".");
    for text in ["", ".", "a..b", ".a", "a b", "a\u{e9}", &long, &full] {
        assert_eq!(Name::new(text), None, "{text}");
    }
    assert!(Name::new(&full[..253]).is_some());
}

#[test]
fn addresses_are_found_behind_aliases_in_any_order() {
    let question = question(7, "a.example", RecordType::A);
    let plain = answer(
        &question,
        &[(ASKED, 1, &[1, 2, 3, 4]), (ASKED, 1, &[5, 6, 7, 8])],
    );
    assert_eq!(outcome(&plain), found(&[[1, 2, 3, 4], [5, 6, 7, 8]]));
    let alias = b"\x01b\xc0\x0e";
    let target = b"\x01B\x07EXAMPLE\0";
    let behind = [(ASKED, 5, &alias[..]), (&target[..], 1, &[9, 9, 9, 9][..])];
    assert_eq!(outcome(&answer(&question, &behind)), found(&[[9, 9, 9, 9]]));
    let swapped = [behind[1], behind[0]];
    assert_eq!(
        outcome(&answer(&question, &swapped)),
        found(&[[9, 9, 9, 9]])
    );
    let stranger = b"\x01c\x07example\0";
    let foreign = answer(&question, &[(stranger, 1, &[6, 6, 6, 6])]);
    assert_eq!(outcome(&foreign), Answer::Final(Err(DnsError::NoAddress)));
    let lengths = answer(&question, &[(ASKED, 1, &[1, 2, 3]), (ASKED, 28, &[1; 16])]);
    assert_eq!(outcome(&lengths), Answer::Final(Err(DnsError::NoAddress)));
}

#[test]
fn more_addresses_than_there_is_room_for_are_left_out() {
    let question = question(7, "a.example", RecordType::A);
    let records = [(ASKED, 1, &[1, 2, 3, 4][..]); 9];
    assert_eq!(
        outcome(&answer(&question, &records)),
        found(&[[1, 2, 3, 4]; 4])
    );
}

#[test]
fn what_servers_say_instead_of_an_answer() {
    let question = question(7, "a.example", RecordType::A);
    let mut said = answer(&question, &[]);
    assert_eq!(outcome(&said), Answer::Final(Err(DnsError::NoAddress)));
    said[3] = 0x83;
    assert_eq!(outcome(&said), Answer::Final(Err(DnsError::NoSuchName)));
    for code in [1, 2, 4, 5, 9] {
        said[3] = code;
        assert_eq!(outcome(&said), Answer::TryAnother, "{code}");
    }
    let mut truncated = answer(&question, &[(ASKED, 1, &[1, 2, 3, 4])]);
    truncated[2] |= 2;
    assert_eq!(outcome(&truncated), Answer::Final(Err(DnsError::Truncated)));
}

#[test]
fn an_answer_to_something_else_is_none() {
    let question = question(7, "a.example", RecordType::A);
    let good = answer(&question, &[(ASKED, 1, &[1, 2, 3, 4])]);
    // The number, the bits that make it a response, one question, its name, type and class.
    for at in [0, 1, 4, 5, 12, 13, 15, 22, 23, 24, 25, 26] {
        let mut other = good.clone();
        other[at] ^= 0x01;
        assert_eq!(outcome(&other), Answer::Other, "octet {at}");
    }
    let mut query = good.clone();
    query[2] &= 0x7f;
    assert_eq!(outcome(&query), Answer::Other);
    let mut update = good.clone();
    update[2] |= 0x28;
    assert_eq!(outcome(&update), Answer::Other);
}

#[test]
fn u2_compression_that_leads_in_circles_ends() {
    let question = question(7, "a.example", RecordType::A);
    let end = u8::try_from(question.len()).unwrap();
    for owner in [
        [0xc0, end],
        [0xc0, end + 1],
        [0xff, 0xff],
        [0xc0, end + 2],
        [0x80, 0],
        [0x40, 0],
    ] {
        let octets = answer(&question, &[(&owner, 1, &[1, 2, 3, 4])]);
        assert_eq!(outcome(&octets), Answer::Final(Err(DnsError::NoAddress)));
    }
    // A label and a pointer back to it, for ever.
    let circle = [1, b'a', 0xc0, end];
    let octets = answer(
        &question,
        &[(&circle, 1, &[1, 2, 3, 4]), (&[0xc0, end], 1, &[1; 4])],
    );
    assert_eq!(outcome(&octets), Answer::Final(Err(DnsError::NoAddress)));
    // Aliases of each other.
    let (one, two) = (b"\x01x\0", b"\x01y\0");
    let ring = [(ASKED, 5, &one[..]), (one, 5, &two[..]), (two, 5, &one[..])];
    assert_eq!(
        outcome(&answer(&question, &ring)),
        Answer::Final(Err(DnsError::NoAddress))
    );
}

#[test]
fn u1_no_octets_are_too_odd() {
    let question = question(7, "a.example", RecordType::A);
    let alias = b"\x01b\xc0\x0e";
    let records = [(ASKED, 5, &alias[..]), (alias, 1, &[9, 9, 9, 9][..])];
    let good = answer(&question, &records);
    let mut random = random();
    for _ in 0..50_000 {
        let bits = random.next();
        let mut message = good.clone();
        for shift in [8, 24, 40] {
            let at = (bits >> shift) as usize % message.len();
            message[at] = (bits >> 56) as u8;
        }
        message.truncate(message.len() - (bits >> 50) as usize % 20);
        let _ = outcome(&message);
    }
}

/// Asks what is due: which server, from which port, with which number.
fn asked(resolver: &mut Resolver, now: Instant, servers: &[IpAddr]) -> Option<(IpAddr, u16, u16)> {
    resolver.advance(now);
    let (index, server) = resolver.due(now, servers)?;
    let server = server?;
    let mut out = [0; 300];
    let mut random = random();
    random.stir(now);
    let (port, len) = resolver.write(now, (index, server), &mut out, &mut random)?;
    assert!(len > 16 && port >= 49_152);
    Some((server, port, u16::from_be_bytes([out[0], out[1]])))
}

fn hand_over(
    resolver: &mut Resolver,
    from: &str,
    to_port: u16,
    data: &[u8],
) -> Result<(), LinkDropped> {
    let datagram = Datagram {
        from: from.parse().unwrap(),
        to_port,
        data,
    };
    resolver.arrive(at(5), &datagram)
}

#[test]
fn only_the_server_that_was_asked_may_answer_and_only_once() {
    let mut resolver = Resolver::new();
    let query = resolver.ask(at(0), "a.example", RecordType::A).unwrap();
    let (_, port, id) = asked(&mut resolver, at(0), &[server(53)]).unwrap();
    let good = answer(
        &question(id, "a.example", RecordType::A),
        &[(ASKED, 1, &[1, 2, 3, 4])],
    );
    let unasked = Err(LinkDropped::UdpUnasked);
    assert_eq!(
        hand_over(&mut resolver, "192.0.2.54:53", port, &good),
        unasked
    );
    assert_eq!(
        hand_over(&mut resolver, "192.0.2.53:54", port, &good),
        unasked
    );
    assert_eq!(hand_over(&mut resolver, SERVER, port ^ 1, &good), unasked);
    let other = question(id ^ 1, "a.example", RecordType::A);
    assert_eq!(
        hand_over(&mut resolver, SERVER, port, &answer(&other, &[])),
        unasked
    );
    assert_eq!(resolver.take(query), None);
    assert_eq!(hand_over(&mut resolver, SERVER, port, &good), Ok(()));
    assert_eq!(hand_over(&mut resolver, SERVER, port, &good), unasked);
    let address = IpAddr::from([1, 2, 3, 4]);
    assert_eq!(
        resolver.take(query),
        Some(Ok(Vec::from_slice(&[address]).unwrap()))
    );
    assert_eq!(resolver.take(query), Some(Err(DnsError::NoQuery)));
    assert_eq!(resolver.deadline(), None);
}

#[test]
fn a_question_goes_to_one_server_after_the_other_and_is_given_up() {
    let mut resolver = Resolver::new();
    let query = resolver.ask(at(0), "a.example", RecordType::A).unwrap();
    let servers = [server(1), server(2), server(3)];
    let mut heard = std::vec::Vec::new();
    let mut now = at(0);
    while let Some(next) = resolver.deadline() {
        now = now.max(next);
        heard.extend(asked(&mut resolver, now, &servers).map(|asked| (now.as_millis(), asked)));
    }
    let who: std::vec::Vec<_> = heard.iter().map(|(ms, asked)| (*ms, asked.0)).collect();
    let wanted = [(0, 1), (1_000, 2), (3_000, 3), (7_000, 1)];
    assert_eq!(who, wanted.map(|(ms, last)| (ms, server(last))));
    assert_eq!(now, at(15_000));
    assert_eq!(resolver.take(query), Some(Err(DnsError::TimedOut)));
    let mut ids: std::vec::Vec<_> = heard
        .iter()
        .map(|(_, (_, port, id))| (*port, *id))
        .collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 4, "another port and number each time");
}

#[test]
fn a_server_that_cannot_tell_gives_way_to_the_next() {
    let mut resolver = Resolver::new();
    let query = resolver.ask(at(0), "a.example", RecordType::A).unwrap();
    let servers = [server(53), server(54)];
    for turn in 0..4 {
        let (who, port, id) = asked(&mut resolver, at(5), &servers).unwrap();
        assert_eq!(who, server(53 + turn % 2));
        let mut refused = answer(&question(id, "a.example", RecordType::A), &[]);
        refused[3] = 5;
        let from = SocketAddr::new(who, 53).to_string();
        assert_eq!(hand_over(&mut resolver, &from, port, &refused), Ok(()));
    }
    assert_eq!(asked(&mut resolver, at(5), &servers), None);
    assert_eq!(resolver.take(query), Some(Err(DnsError::ServerFailure)));
}

#[test]
fn without_a_server_a_question_waits_for_one_and_then_gives_up() {
    let mut resolver = Resolver::new();
    let query = resolver.ask(at(0), "a.example", RecordType::A).unwrap();
    for ms in (0..15_000).step_by(100) {
        resolver.advance(at(ms));
        let (index, server) = resolver.due(at(ms), &[]).unwrap();
        assert_eq!(server, None);
        resolver.postpone(at(ms), index);
        assert_eq!(resolver.take(query), None);
    }
    resolver.advance(at(15_000));
    assert_eq!(resolver.take(query), Some(Err(DnsError::NoServer)));
}

#[test]
fn r09_questions_are_bounded_in_number() {
    let mut resolver = Resolver::new();
    let mut ask = |text| resolver.ask(at(0), text, RecordType::A);
    let first = ask("a.example").unwrap();
    ask("b.example").unwrap();
    assert_eq!(ask("c.example"), Err(DnsError::Busy));
    assert_eq!(ask("c..example"), Err(DnsError::BadName));
    resolver.cancel(first);
    let third = resolver.ask(at(0), "c.example", RecordType::A).unwrap();
    assert_ne!(first, third);
    resolver.cancel(first);
    assert_eq!(resolver.take(third), None, "a stale handle cancels nothing");
}
