//! Packets, calls and times in the notation of scripts.
//!
//! What is rendered from a packet or a call can be read again, and is the same then.

use std::fmt::Write;

use super::ast::{
    Action, Body, Call, Direction, Ecn, Event, Expr, Field, Flags, Icmp, IpInfo, OptionList,
    Packet, Seq, Span, Tcp, TcpOption, Udp, When,
};

const MICROS: u64 = 1_000_000;

/// `> S. 0:0(0) ack 1 win 65535 <mss 1460,sackOK,nop,wscale 8>`
#[must_use]
pub fn packet(packet: &Packet) -> String {
    let direction = match packet.direction {
        Direction::In => "<",
        Direction::Out => ">",
    };
    let body = match &packet.body {
        Body::Tcp(segment) => tcp(segment),
        Body::Udp(datagram) => udp(datagram),
        Body::Icmp(message) => icmp(message),
        Body::Other(text) => text.clone(),
    };
    let ip = ip_info(&packet.ip);
    let words = [direction, &ip, &body];
    join(words.into_iter().filter(|word| !word.is_empty()), " ")
}

/// `read(4, ..., 1000) = -1 EAGAIN`
#[must_use]
pub fn call(call: &Call) -> String {
    let end = call
        .end
        .map_or(String::new(), |end| format!("...{} ", time(end)));
    let args = join(call.args.iter().map(expr), ", ");
    let mut text = format!("{end}{}({args}) = {}", call.name, expr(&call.result));
    if let Some(errno) = &call.errno {
        text.push_str(&format!(" {errno}"));
    }
    if let Some(note) = &call.note {
        text.push_str(&format!(" ({note})"));
    }
    text
}

/// An argument or a result.
#[must_use]
pub fn expr(expr: &Expr) -> String {
    match expr {
        Expr::Int(value) => value.to_string(),
        Expr::Str(octets) => string(octets),
        Expr::Name(name) => name.clone(),
        Expr::Or(parts) => join(parts.iter().map(self::expr), "|"),
        Expr::List(items) => format!("[{}]", join(items.iter().map(self::expr), ", ")),
        Expr::Struct(fields) => format!("{{{}}}", join(fields.iter().map(field), ", ")),
        Expr::Apply(name, args) => format!("{name}({})", join(args.iter().map(self::expr), ", ")),
        Expr::Ellipsis => "...".into(),
    }
}

/// Microseconds as seconds: `0.2`, `1.000001`.
#[must_use]
pub fn time(us: i64) -> String {
    let sign = if us < 0 { "-" } else { "" };
    let magnitude = us.unsigned_abs();
    let (seconds, micros) = (magnitude / MICROS, magnitude % MICROS);
    if micros == 0 {
        return format!("{sign}{seconds}");
    }
    let fraction = format!("{micros:06}");
    format!("{sign}{seconds}.{}", fraction.trim_end_matches('0'))
}

/// `+0.2`, `*`, `1~1.5`
#[must_use]
pub fn when(when: When) -> String {
    match when {
        When::At(at) => time(at),
        When::After(after) => format!("+{}", time(after)),
        When::Any => "*".into(),
        When::Between(first, last) => format!("{}~{}", time(first), time(last)),
        When::AfterBetween(first, last) => format!("+{}~+{}", time(first), time(last)),
    }
}

/// A whole event, except that of code only its marks are given.
#[must_use]
pub fn event(event: &Event) -> String {
    let action = match &event.action {
        Action::Packet(action) => packet(action),
        Action::Call(action) => call(action),
        Action::Shell(text) => format!("`{text}`"),
        Action::Code(_) => "%{ ... }%".into(),
    };
    // The time at which a call returns stands with the time at which it is made.
    let space = if action.starts_with("...") { "" } else { " " };
    format!("{}{space}{action}", when(event.time))
}

fn join(words: impl Iterator<Item = impl AsRef<str>>, between: &str) -> String {
    let mut text = String::new();
    for word in words {
        if !text.is_empty() {
            text.push_str(between);
        }
        text.push_str(word.as_ref());
    }
    text
}

fn ip_info(ip: &IpInfo) -> String {
    let ecn = ip.ecn.map(|ecn| {
        let word = match ecn {
            Ecn::NotEct => "noecn",
            Ecn::Ect0 => "ect0",
            Ecn::Ect1 => "ect1",
            Ecn::Ect01 => "ect01",
            Ecn::Ce => "ce",
        };
        word.to_owned()
    });
    let tos = ip.tos.map(|tos| format!("tos 0x{tos:02x}"));
    let ttl = ip.ttl.map(|ttl| format!("ttl {ttl}"));
    let label = ip.flow_label.map(|label| format!("flowlabel {label:#x}"));
    let known: Vec<String> = [ecn, tos, ttl, label].into_iter().flatten().collect();
    if known.is_empty() {
        String::new()
    } else {
        format!("[{}]", known.join(","))
    }
}

fn ports(ports: Option<(u16, u16)>) -> String {
    ports.map_or(String::new(), |(source, destination)| {
        format!("{source} > {destination} ")
    })
}

fn tcp(segment: &Tcp) -> String {
    let mut text = format!(
        "{}{} {}",
        ports(segment.ports),
        flags(segment.flags),
        seq(segment.seq)
    );
    if let Some(ack) = segment.ack {
        text.push_str(&format!(" ack {ack}"));
    }
    if let Some(win) = segment.win {
        text.push_str(&format!(" win {win}"));
    }
    if let Some(urg) = segment.urg {
        text.push_str(&format!(" urg {urg}"));
    }
    match &segment.options {
        OptionList::Any => text.push_str(" <...>"),
        OptionList::Listed(list) if list.is_empty() => {}
        OptionList::Listed(list) => text.push_str(&format!(" {}", options(list))),
    }
    text
}

/// `SFRPUEW.`, `-` for none.
#[must_use]
pub fn flags(flags: Flags) -> String {
    let Flags {
        syn,
        fin,
        rst,
        psh,
        urg,
        ece,
        cwr,
        ack,
    } = flags;
    let letters = [
        (syn, 'S'),
        (fin, 'F'),
        (rst, 'R'),
        (psh, 'P'),
        (urg, 'U'),
        (ece, 'E'),
        (cwr, 'W'),
        (ack, '.'),
    ];
    let set = letters.into_iter().filter(|(is_set, _)| *is_set);
    let text: String = set.map(|(_, letter)| letter).collect();
    if text.is_empty() { "-".into() } else { text }
}

fn seq(seq: Seq) -> String {
    match seq {
        Seq::Relative(range) => span(range),
        Seq::Absolute(range) => format!("{}!", span(range)),
        Seq::AnyStart { len } => format!("...({len})"),
    }
}

fn span(Span { start, end, len }: Span) -> String {
    format!("{start}:{end}({len})")
}

/// `<mss 1460,nop,wscale 8>`
#[must_use]
pub fn options(list: &[TcpOption]) -> String {
    format!("<{}>", join(list.iter().map(option), ","))
}

fn option(option: &TcpOption) -> String {
    match option {
        TcpOption::Mss(mss) => format!("mss {mss}"),
        TcpOption::WindowScale(shift) => format!("wscale {shift}"),
        TcpOption::SackPermitted => "sackOK".into(),
        TcpOption::Sack(blocks) => {
            let blocks = blocks
                .iter()
                .map(|(left, right)| format!(" {left}:{right}"));
            format!("sack{}", join(blocks, ""))
        }
        TcpOption::Timestamps { val, ecr } => format!("TS val {val} ecr {ecr}"),
        TcpOption::Nop => "nop".into(),
        TcpOption::Eol => "eol".into(),
        TcpOption::Md5 => "md5".into(),
        TcpOption::FastOpen {
            cookie,
            experimental,
        } => {
            let name = if *experimental { "FOEXP" } else { "FO" };
            let mut text = name.to_owned();
            for (index, octet) in cookie.iter().flatten().enumerate() {
                let space = if index == 0 { " " } else { "" };
                // Writing to a string does not fail.
                let _ = write!(text, "{space}{octet:02x}");
            }
            text
        }
        TcpOption::Other(text) => text.clone(),
    }
}

fn udp(datagram: &Udp) -> String {
    format!("{}udp ({})", ports(datagram.ports), datagram.len)
}

fn icmp(message: &Icmp) -> String {
    let mut text = format!("icmp {}", message.kind);
    if let Some(code) = &message.code {
        text.push_str(&format!(" {code}"));
    }
    if let Some(mtu) = message.mtu {
        text.push_str(&format!(" mtu {mtu}"));
    }
    if let Some(id) = message.id {
        text.push_str(&format!(" id {id}"));
    }
    if let Some(quoted) = message.quoted {
        text.push_str(&format!(" [{}]", span(quoted)));
    }
    text
}

fn field(field: &Field) -> String {
    let name = field.name.as_deref().unwrap_or("");
    let argument = field
        .argument
        .as_ref()
        .map_or(String::new(), |argument| format!("({})", expr(argument)));
    match &field.value {
        Some(value) if name.is_empty() => expr(value),
        Some(value) => format!("{name}{argument}={}", expr(value)),
        None => format!("{name}{argument}"),
    }
}

/// Octets that are not printable are escaped.
fn string(octets: &[u8]) -> String {
    let mut text = String::from("\"");
    for &octet in octets {
        match octet {
            b'"' => text.push_str("\\\""),
            b'\\' => text.push_str("\\\\"),
            b'\n' => text.push_str("\\n"),
            b' '..=b'~' => text.push(char::from(octet)),
            _ => text.push_str(&format!("\\x{octet:02x}")),
        }
    }
    text.push('"');
    text
}
