//! IPv6 headers and extension headers (RFC 8200, RFC 7112).
//!
//! The chain of extension headers is walked in bounds: at most [`MAX_HEADERS`] headers with at
//! most [`MAX_OPTIONS`] options each, padding of at most [`MAX_PADDING`] octets in a row
//! (RFC 8504 section 5.3). Headers for security or mobility are protocols to this host, and ones
//! that it does not speak.

use super::address::Address;
use super::error::{Layer, ParameterProblem, ParseError};
use super::ip::{Fragment, IpPacket, PROTOCOL_ICMPV6, PROTOCOL_TCP, PROTOCOL_UDP};
use super::order::{AnyDialect, Dialect};

/// Octets of the fixed header.
pub(super) const HEADER_LEN: usize = 40;

/// Extension headers in one packet: RFC 8200 section 4.1 knows six places.
pub(super) const MAX_HEADERS: usize = 8;
/// Options in one header, padding not counted.
const MAX_OPTIONS: usize = 8;
/// Octets of padding in a row: more is never needed for alignment.
const MAX_PADDING: usize = 7;

pub(super) const HOP_BY_HOP: u8 = 0;
pub(super) const ROUTING: u8 = 43;
pub(super) const FRAGMENT: u8 = 44;
pub(super) const NO_NEXT_HEADER: u8 = 59;
pub(super) const DESTINATION_OPTIONS: u8 = 60;

const PAD_1: u8 = 0;
const PAD_N: u8 = 1;
const ROUTER_ALERT: u8 = 5;

const IMPROPER: ParseError = ParseError::Extension { problem: None };

/// Reads a packet that begins with a 6.
pub(super) fn parse<D: Dialect>(octets: &[u8]) -> Result<IpPacket<'_>, ParseError> {
    let truncated = |needed| ParseError::truncated(Layer::Ipv6, needed, octets.len());
    let Some((fixed, rest)) = octets.split_first_chunk::<HEADER_LEN>() else {
        return Err(truncated(HEADER_LEN));
    };
    let [v, t, _, _, l0, l1, next, hop_limit, addresses @ ..] = fixed;
    let ([source, destination], _) = addresses.as_chunks::<16>() else {
        return Err(truncated(HEADER_LEN));
    };
    let length = usize::from(u16::from_be_bytes([*l0, *l1]));
    let payload = rest.get(..length).ok_or(truncated(HEADER_LEN + length))?;
    let packet = IpPacket {
        source: Address::from_v6(source).ok_or(ParseError::MappedSource)?,
        destination: Address::from_v6(destination).ok_or(ParseError::MappedDestination)?,
        protocol: *next,
        hop_limit: *hop_limit,
        traffic_class: v << 4 | t >> 4,
        header_len: HEADER_LEN as u16,
        fragment: None,
        payload,
    };
    if !is_extension(*next) {
        return Ok(packet);
    }
    let walk = Walk {
        packet,
        protocol_at: 6,
        part: Part::Unknown,
    };
    walk.run::<D>()
}

/// Walks the extension headers that stood in the fragmentable part.
pub(super) fn finish_reassembled(packet: IpPacket<'_>) -> Result<IpPacket<'_>, ParseError> {
    let walk = Walk {
        packet,
        protocol_at: 0,
        part: Part::Behind,
    };
    // Pointers would count from the start of a packet that is gone.
    walk.run::<AnyDialect>()
        .map_err(|error| match error.parameter_problem() {
            Some(_) => IMPROPER,
            None => error,
        })
}

/// Whether this Next Header is walked over; No Next Header is one that ends the walk.
pub(super) const fn is_extension(next: u8) -> bool {
    matches!(
        next,
        HOP_BY_HOP | ROUTING | FRAGMENT | DESTINATION_OPTIONS | NO_NEXT_HEADER
    )
}

/// Which part of the datagram the headers stand in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    /// No fragment header was seen.
    Unknown,
    /// Behind the only fragment header that there may be.
    Behind,
}

/// A walk along the chain: `packet` is what it would be if the chain ended here.
struct Walk<'p> {
    packet: IpPacket<'p>,
    /// Where the number stands that says what the payload begins with.
    protocol_at: u16,
    part: Part,
}

impl<'p> Walk<'p> {
    /// Walks to the upper layer. A fragment ends the walk, except that of the first one the rest
    /// is looked at.
    fn run<D: Dialect>(mut self) -> Result<IpPacket<'p>, ParseError> {
        let mut first = None;
        for _ in 0..MAX_HEADERS {
            let at = self.packet.header_len;
            let len = match self.packet.protocol {
                NO_NEXT_HEADER => return Err(ParseError::NoNextHeader),
                FRAGMENT if self.part == Part::Behind => return Err(IMPROPER),
                FRAGMENT => {
                    let fragment = fragment_header(&self.packet)?;
                    if fragment.is_some() && !D::FRAGMENTS.is_on() {
                        return Err(ParseError::Fragment { problem: None });
                    }
                    self.part = Part::Behind;
                    self.step(FRAGMENT_HEADER_LEN)?;
                    let carried = IpPacket {
                        fragment,
                        ..self.packet
                    };
                    match fragment {
                        Some(Fragment { offset: 0, .. }) => first = Some(carried),
                        Some(_) => return Ok(carried),
                        None => {}
                    }
                    continue;
                }
                HOP_BY_HOP if self.protocol_at != 6 => {
                    return Err(problem(ParameterProblem::NEXT_HEADER, self.protocol_at));
                }
                HOP_BY_HOP | DESTINATION_OPTIONS => {
                    let header = extension(&self.packet)?;
                    check_options(header, at, self.packet.destination)?;
                    header.len()
                }
                ROUTING => check_routing(extension(&self.packet)?, at)?,
                _ => break,
            };
            self.step(len)?;
        }
        if is_extension(self.packet.protocol) {
            return Err(IMPROPER);
        }
        match first {
            None => Ok(self.packet),
            Some(part) if holds_upper_header(&self.packet) => Ok(part),
            Some(_) => Err(ParseError::Fragment { problem: None }),
        }
    }

    /// Moves behind a header of `len` octets; its first octet is the Next Header.
    fn step(&mut self, len: usize) -> Result<(), ParseError> {
        let payload = self.packet.payload;
        let (Some(next), Some(rest)) = (payload.first(), payload.get(len..)) else {
            return Err(IMPROPER);
        };
        self.packet.protocol = *next;
        self.packet.payload = rest;
        self.protocol_at = self.packet.header_len;
        self.packet.header_len = place(self.packet.header_len, len);
        Ok(())
    }
}

/// The first fragment must hold all headers, the upper layer's included (RFC 7112), so that what
/// filters saw is what the host gets.
fn holds_upper_header(packet: &IpPacket<'_>) -> bool {
    let needed = match packet.protocol {
        PROTOCOL_TCP => 20,
        PROTOCOL_UDP | PROTOCOL_ICMPV6 => 8,
        _ => 0,
    };
    packet.payload.len() >= needed
}

pub(super) const FRAGMENT_HEADER_LEN: usize = 8;

/// The extension header at the start of the payload, whole.
fn extension<'p>(packet: &IpPacket<'p>) -> Result<&'p [u8], ParseError> {
    let length = packet.payload.get(1).ok_or(IMPROPER)?;
    let len = (usize::from(*length) + 1) * 8;
    packet.payload.get(..len).ok_or(IMPROPER)
}

/// Walks the options of a hop-by-hop or destination options header.
///
/// The upper two bits of a type that is not known say what to do with the packet.
//= https://www.rfc-editor.org/rfc/rfc8200#section-4.2
//# 11 - discard the packet and, only if the packet's Destination
//# Address was not a multicast address, send an ICMP Parameter
//# Problem, Code 2, message to the packet's Source Address,
//# pointing to the unrecognized Option Type.
fn check_options(header: &[u8], start: u16, destination: Address) -> Result<(), ParseError> {
    let mut at = place(start, 2);
    let mut options = header.get(2..).unwrap_or_default();
    let mut count = 0usize;
    let mut padding = 0usize;
    while let Some((&kind, rest)) = options.split_first() {
        let len = match (kind, rest.first()) {
            (PAD_1, _) => 1,
            (_, Some(length)) => usize::from(*length) + 2,
            (_, None) => return Err(IMPROPER),
        };
        options = options.get(len..).ok_or(IMPROPER)?;
        if kind == PAD_1 || kind == PAD_N {
            padding = padding.wrapping_add(len);
        } else {
            padding = 0;
            count = count.wrapping_add(1);
        }
        if padding > MAX_PADDING || count > MAX_OPTIONS {
            return Err(IMPROPER);
        }
        let known = matches!(kind, PAD_1 | PAD_N | ROUTER_ALERT);
        match kind >> 6 {
            _ if known => {}
            0b00 => {}
            0b10 => return Err(problem(ParameterProblem::OPTION, at)),
            0b11 if !destination.ip().is_multicast() => {
                return Err(problem(ParameterProblem::OPTION, at));
            }
            _ => return Err(IMPROPER),
        }
        at = place(at, len);
    }
    Ok(())
}

/// A routing header is walked over when its route is used up. This host forwards nothing, so any
/// other is refused, type 0 as well (RFC 5095).
fn check_routing(header: &[u8], start: u16) -> Result<usize, ParseError> {
    match header {
        [_, _, _, 0, ..] => Ok(header.len()),
        _ => Err(problem(ParameterProblem::FIELD, place(start, 2))),
    }
}

/// Reads a fragment header; `None` when the fragment is atomic, that is the whole datagram
/// (RFC 6946).
fn fragment_header(packet: &IpPacket<'_>) -> Result<Option<Fragment>, ParseError> {
    let fixed = packet.payload.first_chunk::<FRAGMENT_HEADER_LEN>();
    let [_, _, o0, o1, i0, i1, i2, i3] = *fixed.ok_or(IMPROPER)?;
    let field = u16::from_be_bytes([o0, o1]);
    let fragment = Fragment {
        id: u32::from_be_bytes([i0, i1, i2, i3]),
        offset: u32::from(field & !7),
        more: field & 1 != 0,
    };
    if fragment.offset == 0 && !fragment.more {
        return Ok(None);
    }
    let len = packet.payload.len().saturating_sub(FRAGMENT_HEADER_LEN);
    let erroneous = |pointer| ParseError::Fragment {
        problem: Some(ParameterProblem {
            code: ParameterProblem::FIELD,
            pointer,
        }),
    };
    //= https://www.rfc-editor.org/rfc/rfc8200#section-4.5
    //# If the length of a fragment, as derived from the fragment
    //# packet's Payload Length field, is not a multiple of 8 octets
    //# and the M flag of that fragment is 1, then that fragment must
    //# be discarded and an ICMP Parameter Problem, Code 0, message
    //# should be sent to the source of the fragment, pointing to the
    //# Payload Length field of the fragment packet.
    if fragment.more && !len.is_multiple_of(8) {
        return Err(erroneous(4));
    }
    if fragment.offset as usize + len > usize::from(u16::MAX) {
        return Err(erroneous(place(packet.header_len, 2)));
    }
    if len == 0 {
        return Err(ParseError::Fragment { problem: None });
    }
    Ok(Some(fragment))
}

fn problem(code: u8, pointer: u16) -> ParseError {
    let problem = Some(ParameterProblem { code, pointer });
    ParseError::Extension { problem }
}

/// A place `len` octets behind `start`. Headers are limited in number and length, and end far
/// below 65,536.
#[expect(
    clippy::cast_possible_truncation,
    reason = "at most eight headers of 2,048"
)]
const fn place(start: u16, len: usize) -> u16 {
    start.wrapping_add(len as u16)
}

#[cfg(test)]
mod tests;
