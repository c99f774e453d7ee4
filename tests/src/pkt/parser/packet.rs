//! A segment or message, after its direction: IP header, TCP, UDP, ICMP.

use super::super::ast::{
    Body, Direction, Ecn, Flags, Icmp, IpInfo, OptionList, Packet, Seq, Span, Tcp, Udp,
};
use super::super::error::SyntaxError;
use super::super::lexer::Cursor;
use super::options;

const FLAGS: &str = "flags (letters of `SFRPUEW`, `.`, or `-`)";

const FLAG_COUNT: usize = 9;

/// Whether the text after a packet can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Read {
    Whole,
    /// The packet is of another language; nobody knows where it ends.
    Foreign,
}

pub(super) fn packet(cursor: &mut Cursor<'_>) -> Result<(Packet, Read), SyntaxError> {
    let direction = if cursor.eat("<") {
        Direction::In
    } else {
        cursor.expect(">", "`<` or `>`")?;
        Direction::Out
    };
    cursor.skip();
    let start = cursor.place();
    let mut ip = IpInfo::default();
    let body = match contents(cursor, &mut ip)? {
        Some(body) => body,
        None => {
            ip = IpInfo::default();
            foreign(cursor, start)
        }
    };
    let read = match body {
        Body::Other(_) => Read::Foreign,
        Body::Tcp(_) | Body::Udp(_) | Body::Icmp(_) => Read::Whole,
    };
    let packet = Packet {
        direction,
        ip,
        body,
    };
    Ok((packet, read))
}

/// `None`: of no protocol that a runner knows.
fn contents(cursor: &mut Cursor<'_>, ip: &mut IpInfo) -> Result<Option<Body>, SyntaxError> {
    while let Some(close) = match cursor.peek() {
        Some('[') => Some("]"),
        Some('(') => Some(")"),
        _ => None,
    } {
        if !ip_info(cursor, ip, close)? {
            return Ok(None);
        }
    }
    let ports = ports(cursor)?;
    if cursor.eat_word("udp") {
        // What carries another protocol is not a datagram of so many octets.
        return Ok(length(cursor).ok().map(|len| Body::Udp(Udp { ports, len })));
    }
    if ports.is_none() && (cursor.eat_word("icmp") || cursor.eat_word("icmpv")) {
        return Ok(icmp(cursor)?.map(Body::Icmp));
    }
    let place = cursor.place();
    let word = cursor.take_while(|c| c.is_ascii_alphanumeric() || c == '_');
    let is_protocol = word.len() > 1 && word.contains(|c: char| c.is_ascii_lowercase());
    // The third flag of accurate ECN.
    let is_protocol = is_protocol || (word.contains('A') && word.len() < FLAG_COUNT);
    cursor.back_to(place);
    if is_protocol {
        return Ok(None);
    }
    Ok(Some(Body::Tcp(tcp(cursor, ports)?)))
}

/// The text of a packet that cannot be read, up to the end of its line.
fn foreign(cursor: &mut Cursor<'_>, start: usize) -> Body {
    cursor.back_to(start);
    let line = cursor.rest().lines().next().unwrap_or("");
    cursor.back_to(start + line.len());
    Body::Other(line.trim().into())
}

/// `false` when something in it is unknown.
fn ip_info(cursor: &mut Cursor<'_>, ip: &mut IpInfo, close: &str) -> Result<bool, SyntaxError> {
    const EXPECTED: &str = "`noecn`, `ect0`, `ect1`, `ect01`, `ce`, `tos`, `ttl`, `hlim` \
                            or `flowlabel`";
    cursor.eat(if close == "]" { "[" } else { "(" });
    while !cursor.eat(close) {
        let Some(word) = cursor.name() else {
            return Err(cursor.error(EXPECTED));
        };
        match word.to_ascii_lowercase().as_str() {
            "noecn" => ip.ecn = Some(Ecn::NotEct),
            "ect0" => ip.ecn = Some(Ecn::Ect0),
            "ect1" => ip.ecn = Some(Ecn::Ect1),
            "ect01" => ip.ecn = Some(Ecn::Ect01),
            "ce" => ip.ecn = Some(Ecn::Ce),
            "tos" => ip.tos = Some(octet(cursor)?),
            "ttl" | "hlim" => ip.ttl = Some(octet(cursor)?),
            "flowlabel" => ip.flow_label = Some(cursor.number(0xf_ffff)?),
            _ => return Ok(false),
        }
        cursor.eat(",");
    }
    Ok(true)
}

fn octet(cursor: &mut Cursor<'_>) -> Result<u8, SyntaxError> {
    let value = cursor.number(u8::MAX.into())?;
    Ok(u8::try_from(value).unwrap_or(u8::MAX))
}

pub(super) fn short(cursor: &mut Cursor<'_>) -> Result<u16, SyntaxError> {
    let value = cursor.number(u16::MAX.into())?;
    Ok(u16::try_from(value).unwrap_or(u16::MAX))
}

fn ports(cursor: &mut Cursor<'_>) -> Result<Option<(u16, u16)>, SyntaxError> {
    if !cursor.peek().is_some_and(|c| c.is_ascii_digit()) {
        return Ok(None);
    }
    let source = short(cursor)?;
    cursor.expect(">", "`>` and the destination port")?;
    Ok(Some((source, short(cursor)?)))
}

/// `(len)`
fn length(cursor: &mut Cursor<'_>) -> Result<u32, SyntaxError> {
    cursor.expect("(", "`(` and a length")?;
    let len = cursor.number(u32::MAX)?;
    cursor.expect(")", "`)`")?;
    Ok(len)
}

fn tcp(cursor: &mut Cursor<'_>, ports: Option<(u16, u16)>) -> Result<Tcp, SyntaxError> {
    let mut tcp = Tcp {
        ports,
        flags: flags(cursor)?,
        seq: seq(cursor)?,
        ack: None,
        win: None,
        urg: None,
        options: OptionList::Listed(Vec::new()),
    };
    loop {
        if cursor.eat_word("ack") {
            tcp.ack = Some(cursor.number(u32::MAX)?);
        } else if cursor.eat_word("win") {
            tcp.win = Some(cursor.number(u32::MAX)?);
        } else if cursor.eat_word("urg") {
            tcp.urg = Some(short(cursor)?);
        } else if cursor.at("<") {
            tcp.options = options::list(cursor)?;
        } else {
            return Ok(tcp);
        }
    }
}

fn flags(cursor: &mut Cursor<'_>) -> Result<Flags, SyntaxError> {
    let mut flags = Flags::default();
    if cursor.eat("-") {
        return Ok(flags);
    }
    cursor.skip();
    let start = cursor.place();
    loop {
        let rest = cursor.rest();
        // The dots of `...(len)` are no flag.
        if rest.strip_prefix("...").is_some_and(begins_length) {
            break;
        }
        let flag = match rest.chars().next() {
            Some('S') => &mut flags.syn,
            Some('F') => &mut flags.fin,
            Some('R') => &mut flags.rst,
            Some('P') => &mut flags.psh,
            Some('U') => &mut flags.urg,
            Some('E') => &mut flags.ece,
            Some('W' | 'C') => &mut flags.cwr,
            Some('.') => &mut flags.ack,
            _ => break,
        };
        *flag = true;
        cursor.back_to(cursor.place() + 1);
    }
    if cursor.place() == start {
        return Err(cursor.error(FLAGS));
    }
    Ok(flags)
}

fn begins_length(text: &str) -> bool {
    text.trim_start().starts_with('(')
}

fn seq(cursor: &mut Cursor<'_>) -> Result<Seq, SyntaxError> {
    if cursor.eat("...") {
        let len = length(cursor)?;
        return Ok(Seq::AnyStart { len });
    }
    if !cursor.peek().is_some_and(|c| c.is_ascii_digit()) {
        return Err(cursor.error("more flags, or sequence numbers (`1:1001(1000)`)"));
    }
    let span = span(cursor)?;
    Ok(if cursor.eat("!") {
        Seq::Absolute(span)
    } else {
        Seq::Relative(span)
    })
}

/// `start:end(len)`
fn span(cursor: &mut Cursor<'_>) -> Result<Span, SyntaxError> {
    let start = cursor.number(u32::MAX)?;
    cursor.expect(":", "`:` and the end of the range")?;
    let end = cursor.number(u32::MAX)?;
    let len = length(cursor)?;
    Ok(Span { start, end, len })
}

/// `None` when it quotes what is no TCP segment.
fn icmp(cursor: &mut Cursor<'_>) -> Result<Option<Icmp>, SyntaxError> {
    let rest = cursor.rest();
    if rest.starts_with(['4', '6']) {
        cursor.back_to(cursor.place() + 1);
    }
    let Some(kind) = cursor.name() else {
        return Err(cursor.error("the type of an ICMP message (`unreachable`, ...)"));
    };
    let mut icmp = Icmp {
        kind: kind.into(),
        code: None,
        mtu: None,
        id: None,
        quoted: None,
    };
    loop {
        if cursor.eat_word("mtu") {
            icmp.mtu = Some(cursor.number(u32::MAX)?);
        } else if cursor.eat_word("id") {
            icmp.id = Some(short(cursor)?);
        } else if cursor.eat("[") {
            if !cursor.peek().is_some_and(|c| c.is_ascii_digit()) {
                return Ok(None);
            }
            icmp.quoted = Some(span(cursor)?);
            cursor.expect("]", "`]`")?;
        } else if icmp.code.is_none()
            && let Some(code) = cursor.name()
        {
            icmp.code = Some(code.into());
        } else {
            return Ok(Some(icmp));
        }
    }
}
