//! One line for a packet, as `tcpdump -nn -S` prints it.
//!
//! What differs from tcpdump: application protocols are not looked into, extension headers of IPv6
//! are not named, and malformed packets get this crate's words.

mod describe;

use core::fmt;

use super::address::Address;
use super::ip::IpPacket;
use super::segment::{Flags, HEADER_LEN, Segment};

pub use describe::{Description, describe};

/// A TCP segment in its packet, on one line.
///
/// ```
/// use tcp_core::wire::{HeaderChecksum, IpPacket, Pretty, Segment};
/// use tcp_core::RxChecksum;
/// let octets = [
///     0x45, 0, 0, 40, 0, 0, 0x40, 0, 64, 6, 0x26, 0xce, 10, 0, 0, 1, 10, 0, 0, 2, //
///     0, 80, 156, 64, 0, 0, 0, 1, 0, 0, 0, 2, 0x50, 0x11, 255, 255, 0, 0, 0, 0,
/// ];
/// let packet = IpPacket::parse(&octets, HeaderChecksum::Verify).unwrap();
/// let ends = (packet.source, packet.destination);
/// let segment = Segment::parse(packet.payload, ends.0, ends.1, RxChecksum::Partial).unwrap();
/// assert_eq!(
///     Pretty::new(&packet, &segment).to_string(),
///     "IP 10.0.0.1.80 > 10.0.0.2.40000: Flags [F.], seq 1, ack 2, win 65535, length 0",
/// );
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Pretty<'p> {
    packet: &'p IpPacket<'p>,
    segment: &'p Segment<'p>,
}

impl<'p> Pretty<'p> {
    /// The line for `segment`, which was read from the payload of `packet`.
    #[must_use]
    pub const fn new(packet: &'p IpPacket<'p>, segment: &'p Segment<'p>) -> Self {
        Self { packet, segment }
    }
}

impl fmt::Display for Pretty<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { packet, segment } = self;
        let ports = (segment.source_port, segment.destination_port);
        write_ends(f, [packet.source, packet.destination], Some(ports))?;
        let payload = segment.payload.len();
        write!(f, " Flags [{}]", Bits(segment.flags))?;
        if payload > 0 {
            #[expect(
                clippy::cast_possible_truncation,
                reason = "a segment fits into a packet"
            )]
            let end = segment.seq.raw().wrapping_add(payload as u32);
            write!(f, ", seq {}:{end}", segment.seq)?;
        } else if segment.flags.has(Flags::SYN | Flags::FIN | Flags::RST) {
            write!(f, ", seq {}", segment.seq)?;
        }
        if let Some(ack) = segment.ack {
            write!(f, ", ack {ack}")?;
        }
        write!(f, ", win {}", segment.window.0)?;
        if let Some(urgent) = segment.urgent {
            write!(f, ", urg {urgent}")?;
        }
        let header_len = packet.payload.len().saturating_sub(payload);
        if let Some(options @ [_, ..]) = packet.payload.get(HEADER_LEN..header_len) {
            write!(f, ", options [{}]", OptionList(options))?;
        }
        write!(f, ", length {payload}")
    }
}

/// Writes family and ends, up to the colon.
fn write_ends(
    f: &mut fmt::Formatter<'_>,
    [source, destination]: [Address; 2],
    ports: Option<(u16, u16)>,
) -> fmt::Result {
    let family = if source.is_v4() { "IP" } else { "IP6" };
    match ports {
        Some((from, to)) => write!(f, "{family} {source}.{from} > {destination}.{to}:"),
        None => write!(f, "{family} {source} > {destination}:"),
    }
}

/// Control bits as letters.
struct Bits(Flags);

impl fmt::Display for Bits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const LETTERS: [(u8, &str); 8] = [
            (Flags::FIN, "F"),
            (Flags::SYN, "S"),
            (Flags::RST, "R"),
            (Flags::PSH, "P"),
            (Flags::ACK, "."),
            (Flags::URG, "U"),
            (Flags::ECE, "E"),
            (Flags::CWR, "W"),
        ];
        if self.0.0 == 0 {
            return f.write_str("none");
        }
        for (bit, letter) in LETTERS {
            if self.0.has(bit) {
                f.write_str(letter)?;
            }
        }
        Ok(())
    }
}

/// Options as they stand in the header, padding included.
struct OptionList<'o>(&'o [u8]);

impl fmt::Display for OptionList<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut octets = self.0;
        let mut separator = "";
        while let Some((&kind, rest)) = octets.split_first() {
            f.write_str(separator)?;
            separator = ",";
            match kind {
                0 => return f.write_str("eol"),
                1 => {
                    f.write_str("nop")?;
                    octets = rest;
                }
                _ => {
                    let length = rest.first().copied().unwrap_or(0);
                    let split = octets.split_at_checked(length.into());
                    let Some((option @ [_, _, value @ ..], after)) = split else {
                        return f.write_str("[bad opt]");
                    };
                    write_option(f, option, value)?;
                    octets = after;
                }
            }
        }
        Ok(())
    }
}

/// Writes one option; `value` is what follows its kind and length.
fn write_option(f: &mut fmt::Formatter<'_>, option: &[u8], value: &[u8]) -> fmt::Result {
    match *option {
        [2, _, m0, m1] => write!(f, "mss {}", u16::from_be_bytes([m0, m1])),
        [3, _, shift] => write!(f, "wscale {shift}"),
        [4, _] => f.write_str("sackOK"),
        [8, _, v0, v1, v2, v3, e0, e1, e2, e3] => {
            let value = u32::from_be_bytes([v0, v1, v2, v3]);
            let echo = u32::from_be_bytes([e0, e1, e2, e3]);
            write!(f, "TS val {value} ecr {echo}")
        }
        [5, ..] => {
            let (blocks, []) = value.as_chunks::<8>() else {
                return f.write_str("sack invalid sack");
            };
            write!(f, "sack {} ", blocks.len())?;
            for [s0, s1, s2, s3, e0, e1, e2, e3] in blocks {
                let start = u32::from_be_bytes([*s0, *s1, *s2, *s3]);
                let end = u32::from_be_bytes([*e0, *e1, *e2, *e3]);
                write!(f, "{{{start}:{end}}}")?;
            }
            Ok(())
        }
        [2 | 3 | 4 | 8, ..] => f.write_str("[bad opt]"),
        [kind, ..] => {
            write!(f, "unknown-{kind}")?;
            let mut prefix = " 0x";
            for octet in value {
                write!(f, "{prefix}{octet:02x}")?;
                prefix = "";
            }
            Ok(())
        }
        [] => Ok(()),
    }
}

#[cfg(test)]
mod tests;
