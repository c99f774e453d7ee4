//! Packets of scripts as octets, and octets as packets of scripts.
//!
//! A script counts from each side's initial sequence number; [`Bases`] says where that is on the
//! wire. Nothing here is shared with the stack under test.

use std::net::{IpAddr, SocketAddr};

use super::ast::{
    Body, Direction, Ecn, Flags, IpInfo, OptionList, Packet, Seq, Span, Tcp, TcpOption,
};
use crate::packet::{self, Segment};

/// Where the numbers of a script stand on the wire.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Bases {
    /// What the script calls 0 in what the side under test sends.
    pub local: u32,
    /// What the script calls 0 in what it sends itself.
    pub remote: u32,
    /// What the script calls its SYN, which need not be 0.
    pub remote_syn: u32,
}

impl Bases {
    /// Those of the sender and of the receiver of a packet.
    #[must_use]
    pub const fn of(self, direction: Direction) -> (u32, u32) {
        match direction {
            Direction::In => (self.remote, self.local),
            Direction::Out => (self.local, self.remote),
        }
    }
}

/// A segment that was seen, in the script's terms.
#[derive(Clone, PartialEq, Debug)]
pub struct Seen {
    pub source: SocketAddr,
    pub destination: SocketAddr,
    /// With everything stated: numbers relative to the bases, the window, options in order.
    pub packet: Packet,
    /// SEG.SEQ as on the wire.
    pub raw_seq: u32,
    /// How many segments it was on the wire.
    pub parts: u32,
}

impl Seen {
    /// The TCP part.
    ///
    /// # Panics
    /// Never: only TCP is seen.
    #[must_use]
    pub fn tcp(&self) -> &Tcp {
        match &self.packet.body {
            Body::Tcp(tcp) => tcp,
            other => panic!("only TCP is seen, not {other:?}"),
        }
    }

    /// The TCP part, to be changed.
    ///
    /// # Panics
    /// Never: only TCP is seen.
    pub fn tcp_mut(&mut self) -> &mut Tcp {
        match &mut self.packet.body {
            Body::Tcp(tcp) => tcp,
            other => panic!("only TCP is seen, not {other:?}"),
        }
    }
}

/// The octet of a stream with the number `at`, counted from the first that follows the SYN: what
/// injected segments carry, and readers can check.
#[must_use]
pub const fn octet_at(at: u32) -> u8 {
    let [low, high, ..] = at.to_le_bytes();
    low.wrapping_mul(7).wrapping_add(high)
}

/// An IP packet from a packet of a script.
///
/// # Errors
/// What cannot be written.
pub fn encode(
    packet: &Packet,
    tcp: &Tcp,
    ends: (SocketAddr, SocketAddr),
    bases: Bases,
) -> Result<Vec<u8>, String> {
    let (sender, receiver) = bases.of(packet.direction);
    let mut segment = Segment::new(ends.0, ends.1);
    segment.hop_limit = packet.ip.ttl.unwrap_or(255);
    segment.traffic_class = packet.ip.tos.unwrap_or(0);
    match packet.ip.ecn {
        None | Some(Ecn::NotEct) => {}
        Some(Ecn::Ect0 | Ecn::Ect01) => segment.traffic_class |= 2,
        Some(Ecn::Ect1) => segment.traffic_class |= 1,
        Some(Ecn::Ce) => segment.traffic_class |= 3,
    }
    let (start, is_relative) = match tcp.seq {
        Seq::Relative(span) => (span.start, true),
        Seq::Absolute(span) => (span.start, false),
        Seq::AnyStart { .. } => return Err("an injected segment needs a sequence number".into()),
    };
    segment.seq = if is_relative {
        start.wrapping_add(sender)
    } else {
        start
    };
    segment.ack = tcp.ack.map_or(0, |ack| ack.wrapping_add(receiver));
    segment.flags = flag_bits(tcp.flags);
    segment.window = match tcp.win {
        None => 0,
        Some(win) => {
            u16::try_from(win).map_err(|_| format!("win {win} needs more than 16 bits"))?
        }
    };
    segment.urgent = tcp.urg.unwrap_or(0);
    segment.options.raw = match &tcp.options {
        OptionList::Any => return Err("an injected segment needs its options".into()),
        OptionList::Listed(options) => encode_options(options, receiver)?,
    };
    let first = segment.seq.wrapping_sub(sender);
    let first = first.wrapping_sub(bases.remote_syn);
    let first = first.wrapping_sub(u32::from(!tcp.flags.syn));
    segment.payload = (0..tcp.seq.len())
        .map(|offset| octet_at(first.wrapping_add(offset)))
        .collect();
    if segment.payload.len() > 65_000 {
        return Err(format!("{} octets in one packet", segment.payload.len()));
    }
    Ok(segment.encode())
}

/// The control bits of a script's letters.
#[must_use]
pub fn flag_bits(flags: Flags) -> u8 {
    let bits = [
        (flags.fin, packet::FIN),
        (flags.syn, packet::SYN),
        (flags.rst, packet::RST),
        (flags.psh, packet::PSH),
        (flags.ack, packet::ACK),
        (flags.urg, packet::URG),
        (flags.ece, packet::ECE),
        (flags.cwr, packet::CWR),
    ];
    let set = bits.into_iter().filter(|(is_set, _)| *is_set);
    set.fold(0, |sum, (_, bit)| sum | bit)
}

fn letters(bits: u8) -> Flags {
    let has = |bit| bits & bit != 0;
    Flags {
        syn: has(packet::SYN),
        fin: has(packet::FIN),
        rst: has(packet::RST),
        psh: has(packet::PSH),
        urg: has(packet::URG),
        ece: has(packet::ECE),
        cwr: has(packet::CWR),
        ack: has(packet::ACK),
    }
}

fn encode_options(options: &[TcpOption], receiver: u32) -> Result<Vec<u8>, String> {
    let mut octets = Vec::new();
    for option in options {
        match option {
            TcpOption::Mss(mss) => {
                octets.extend([2, 4]);
                octets.extend(mss.to_be_bytes());
            }
            TcpOption::WindowScale(shift) => octets.extend([3, 3, *shift]),
            TcpOption::SackPermitted => octets.extend([4, 2]),
            TcpOption::Sack(blocks) => {
                let length = 2 + 8 * blocks.len();
                octets.extend([5, u8::try_from(length).map_err(|_| "too many SACK blocks")?]);
                for edge in blocks.iter().flat_map(|(left, right)| [left, right]) {
                    octets.extend(edge.wrapping_add(receiver).to_be_bytes());
                }
            }
            TcpOption::Timestamps { val, ecr } => {
                octets.extend([8, 10]);
                octets.extend(val.to_be_bytes());
                octets.extend(ecr.to_be_bytes());
            }
            TcpOption::Nop => octets.push(1),
            TcpOption::Eol => octets.push(0),
            TcpOption::Md5 => {
                octets.extend([19, 18]);
                octets.extend([0; 16]);
            }
            TcpOption::FastOpen {
                cookie,
                experimental,
            } => {
                let cookie = cookie.as_deref().unwrap_or_default();
                let magic: &[u8] = if *experimental { &[0xf9, 0x89] } else { &[] };
                let length = u8::try_from(2 + magic.len() + cookie.len());
                octets.push(if *experimental { 254 } else { 34 });
                octets.push(length.map_err(|_| "the cookie is too long")?);
                octets.extend(magic);
                octets.extend(cookie);
            }
            TcpOption::Other(text) => return Err(format!("option {text}")),
        }
    }
    if octets.len() > 40 {
        return Err(format!("{} octets of options", octets.len()));
    }
    Ok(octets)
}

/// Reads an IP packet of the side under test; `None` when it is no intact TCP segment.
#[must_use]
pub fn decode(octets: &[u8], bases: Bases) -> Option<Seen> {
    let segment = Segment::decode(octets).ok()?;
    let (sender, receiver) = bases.of(Direction::Out);
    let start = segment.seq.wrapping_sub(sender);
    let len = u32::try_from(segment.payload.len()).ok()?;
    let flags = letters(segment.flags);
    let tcp = Tcp {
        ports: Some((segment.source.port(), segment.destination.port())),
        flags,
        seq: Seq::Relative(Span {
            start,
            end: start.wrapping_add(len),
            len,
        }),
        ack: flags.ack.then(|| segment.ack.wrapping_sub(receiver)),
        win: Some(segment.window.into()),
        urg: flags.urg.then_some(segment.urgent),
        options: OptionList::Listed(decode_options(option_octets(octets)?, receiver)),
    };
    let ecn = match segment.traffic_class & 3 {
        0 => Ecn::NotEct,
        1 => Ecn::Ect1,
        2 => Ecn::Ect0,
        _ => Ecn::Ce,
    };
    Some(Seen {
        source: segment.source,
        destination: segment.destination,
        raw_seq: segment.seq,
        parts: 1,
        packet: Packet {
            direction: Direction::Out,
            ip: IpInfo {
                ecn: Some(ecn),
                tos: Some(segment.traffic_class),
                ttl: Some(segment.hop_limit),
                flow_label: flow_label(octets),
            },
            body: Body::Tcp(tcp),
        },
    })
}

fn flow_label(octets: &[u8]) -> Option<u32> {
    let first: [u8; 4] = octets.get(..4)?.try_into().ok()?;
    let first = u32::from_be_bytes(first);
    (first >> 28 == 6).then_some(first & 0x000f_ffff)
}

/// The octets between the TCP header and the payload.
fn option_octets(octets: &[u8]) -> Option<&[u8]> {
    let ip = match octets.first()? >> 4 {
        4 => usize::from(octets[0] & 15) * 4,
        _ => 40,
    };
    let tcp = octets.get(ip..)?;
    tcp.get(20..usize::from(tcp.get(12)? >> 4) * 4)
}

fn decode_options(mut octets: &[u8], receiver: u32) -> Vec<TcpOption> {
    let mut options = Vec::new();
    while let Some(&kind) = octets.first() {
        let length = match kind {
            0 | 1 => 1,
            _ => usize::from(octets.get(1).copied().unwrap_or(0)).max(2),
        };
        let Some((option, rest)) = octets.split_at_checked(length) else {
            options.push(TcpOption::Other(format!("{octets:02x?}")));
            break;
        };
        options.push(decode_option(option, receiver));
        octets = rest;
    }
    options
}

fn decode_option(option: &[u8], receiver: u32) -> TcpOption {
    let word = |at: usize| {
        let octets = option.get(at..at + 4).and_then(|four| four.try_into().ok());
        octets.map_or(0, u32::from_be_bytes)
    };
    match (option[0], option.len()) {
        (0, _) => TcpOption::Eol,
        (1, _) => TcpOption::Nop,
        (2, 4) => TcpOption::Mss(u16::from_be_bytes([option[2], option[3]])),
        (3, 3) => TcpOption::WindowScale(option[2]),
        (4, 2) => TcpOption::SackPermitted,
        (5, length) if length % 8 == 2 => {
            let edges = |block: usize| {
                let left = word(2 + 8 * block).wrapping_sub(receiver);
                (left, word(6 + 8 * block).wrapping_sub(receiver))
            };
            TcpOption::Sack((0..length / 8).map(edges).collect())
        }
        (8, 10) => TcpOption::Timestamps {
            val: word(2),
            ecr: word(6),
        },
        (19, 18) => TcpOption::Md5,
        (34, _) => TcpOption::FastOpen {
            cookie: (option.len() > 2).then(|| option[2..].to_vec()),
            experimental: false,
        },
        _ => TcpOption::Other(format!("{option:02x?}")),
    }
}

/// An ICMP error about a segment: from `router` to the side under test, quoting the IP header
/// and eight octets of `quoted`.
#[must_use]
pub fn icmp_error(router: IpAddr, quoted: &[u8], kind: (u8, u8), rest: u32) -> Option<Vec<u8>> {
    let (is_v4, header) = match quoted.first()? >> 4 {
        4 => (true, 20),
        _ => (false, 40),
    };
    let kept = quoted.len().min(header + if is_v4 { 8 } else { 20 });
    let mut message = vec![kind.0, kind.1, 0, 0];
    message.extend(rest.to_be_bytes());
    message.extend(&quoted[..kept]);
    match router {
        IpAddr::V4(router) if is_v4 => {
            let sum = packet::checksum(&message);
            message[2..4].copy_from_slice(&sum.to_be_bytes());
            let mut ip = vec![0x45, 0];
            ip.extend(u16::try_from(20 + message.len()).ok()?.to_be_bytes());
            ip.extend([0, 0, 0x40, 0, 255, 1, 0, 0]);
            ip.extend(router.octets());
            ip.extend(quoted.get(12..16)?);
            let sum = packet::checksum(&ip);
            ip[10..12].copy_from_slice(&sum.to_be_bytes());
            ip.extend(message);
            Some(ip)
        }
        IpAddr::V6(router) if !is_v4 => {
            let destination = quoted.get(8..24)?;
            let length = u16::try_from(message.len()).ok()?;
            let mut pseudo = router.octets().to_vec();
            pseudo.extend(destination);
            pseudo.extend([0, 0]);
            pseudo.extend(length.to_be_bytes());
            pseudo.extend([0, 0, 0, 58]);
            pseudo.extend(&message);
            let sum = packet::checksum(&pseudo);
            message[2..4].copy_from_slice(&sum.to_be_bytes());
            let mut ip = vec![0x60, 0, 0, 0];
            ip.extend(length.to_be_bytes());
            ip.extend([58, 255]);
            ip.extend(router.octets());
            ip.extend(destination);
            ip.extend(message);
            Some(ip)
        }
        IpAddr::V4(_) | IpAddr::V6(_) => None,
    }
}
