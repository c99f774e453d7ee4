//! IPv6 headers and extension headers (RFC 8200, RFC 7112).
//!
//! The chain of extension headers is walked in bounds: at most [`MAX_HEADERS`] headers with at
//! most [`MAX_OPTIONS`] options each, padding of at most [`MAX_PADDING`] octets in a row
//! (RFC 8504 section 5.3). Headers for security or mobility are protocols to this host, and ones
//! that it does not speak.

use core::net::{IpAddr, Ipv6Addr};

use super::error::{Layer, ParameterProblem, ParseError};
use super::ip::{Fragment, IpPacket, protocol};

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
pub(super) fn parse(octets: &[u8]) -> Result<IpPacket<'_>, ParseError> {
    let truncated = |needed| ParseError::truncated(Layer::Ipv6, needed, octets.len());
    let Some((fixed, rest)) = octets.split_first_chunk::<HEADER_LEN>() else {
        return Err(truncated(HEADER_LEN));
    };
    let [v, t, _, _, l0, l1, next, hop_limit, addresses @ ..] = fixed;
    let ([source, destination], _) = addresses.as_chunks::<16>() else {
        return Err(truncated(HEADER_LEN));
    };
    let length = usize::from(u16::from_be_bytes([*l0, *l1]));
    let total = HEADER_LEN + length;
    let (Some(octets), Some(payload)) = (octets.get(..total), rest.get(..length)) else {
        return Err(truncated(total));
    };
    let packet = IpPacket {
        source: IpAddr::V6(Ipv6Addr::from(*source)),
        destination: IpAddr::V6(Ipv6Addr::from(*destination)),
        protocol: *next,
        protocol_at: 6,
        hop_limit: *hop_limit,
        traffic_class: v << 4 | t >> 4,
        fragment: None,
        fragment_header: false,
        octets,
        payload,
    };
    if is_extension(*next) {
        walk(packet, HEADER_LEN)
    } else {
        Ok(packet)
    }
}

/// Walks the extension headers that stood in the fragmentable part.
pub(super) fn finish_reassembled(packet: IpPacket<'_>) -> Result<IpPacket<'_>, ParseError> {
    // Pointers would count from the start of a packet that is gone.
    walk(packet, HEADER_LEN).map_err(|error| match error.parameter_problem() {
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

/// Walks the chain from `offset`, where the payload begins, to the upper layer. A fragment ends
/// the walk, except that of the first one the rest is looked at.
fn walk(mut packet: IpPacket<'_>, mut offset: usize) -> Result<IpPacket<'_>, ParseError> {
    let mut part = None;
    for _ in 0..MAX_HEADERS {
        let len = match packet.protocol {
            NO_NEXT_HEADER => return Err(ParseError::NoNextHeader),
            FRAGMENT if packet.fragment_header => return Err(IMPROPER),
            FRAGMENT => {
                let fragment = fragment_header(&packet, offset)?;
                packet.fragment_header = true;
                step(&mut packet, &mut offset, FRAGMENT_HEADER_LEN)?;
                if let Some(fragment) = fragment {
                    let carried = IpPacket {
                        fragment: Some(fragment),
                        ..packet.clone()
                    };
                    if fragment.offset != 0 {
                        return Ok(carried);
                    }
                    part = Some(carried);
                }
                continue;
            }
            HOP_BY_HOP if offset != HEADER_LEN || packet.fragment_header => {
                return Err(problem(
                    ParameterProblem::NEXT_HEADER,
                    usize::from(packet.protocol_at),
                ));
            }
            HOP_BY_HOP | DESTINATION_OPTIONS => {
                let header = extension(&packet)?;
                check_options(header, offset, packet.destination)?;
                header.len()
            }
            ROUTING => check_routing(extension(&packet)?, offset)?,
            _ => break,
        };
        step(&mut packet, &mut offset, len)?;
    }
    if is_extension(packet.protocol) {
        return Err(IMPROPER);
    }
    match part {
        None => Ok(packet),
        Some(part) if holds_upper_header(&packet) => Ok(part),
        Some(_) => Err(ParseError::Fragment { problem: None }),
    }
}

/// The first fragment must hold all headers, the upper layer's included (RFC 7112), so that what
/// filters saw is what the host gets.
fn holds_upper_header(packet: &IpPacket<'_>) -> bool {
    let needed = match packet.protocol {
        protocol::TCP => 20,
        protocol::UDP | protocol::ICMPV6 => 8,
        _ => 0,
    };
    packet.payload.len() >= needed
}

pub(super) const FRAGMENT_HEADER_LEN: usize = 8;

/// Moves behind a header of `len` octets; its first octet is the Next Header.
fn step(packet: &mut IpPacket<'_>, offset: &mut usize, len: usize) -> Result<(), ParseError> {
    let (Some(next), Some(rest)) = (packet.payload.first(), packet.payload.get(len..)) else {
        return Err(IMPROPER);
    };
    packet.protocol = *next;
    packet.protocol_at = pointer(*offset);
    packet.payload = rest;
    *offset = offset.wrapping_add(len);
    Ok(())
}

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
fn check_options(header: &[u8], offset: usize, destination: IpAddr) -> Result<(), ParseError> {
    let mut at = offset.wrapping_add(2);
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
            0b11 if !destination.is_multicast() => {
                return Err(problem(ParameterProblem::OPTION, at));
            }
            _ => return Err(IMPROPER),
        }
        at = at.wrapping_add(len);
    }
    Ok(())
}

/// A routing header is walked over when its route is used up. This host forwards nothing, so any
/// other is refused, type 0 as well (RFC 5095).
fn check_routing(header: &[u8], offset: usize) -> Result<usize, ParseError> {
    match header {
        [_, _, _, 0, ..] => Ok(header.len()),
        _ => Err(problem(ParameterProblem::FIELD, offset.wrapping_add(2))),
    }
}

/// Reads a fragment header; `None` when the fragment is atomic, that is the whole datagram
/// (RFC 6946).
fn fragment_header(packet: &IpPacket<'_>, at: usize) -> Result<Option<Fragment>, ParseError> {
    let fixed = packet.payload.first_chunk::<FRAGMENT_HEADER_LEN>();
    let [_, _, o0, o1, i0, i1, i2, i3] = *fixed.ok_or(IMPROPER)?;
    let field = u16::from_be_bytes([o0, o1]);
    let fragment = Fragment {
        id: u32::from_be_bytes([i0, i1, i2, i3]),
        offset: field & !7,
        more: field & 1 != 0,
    };
    if fragment.offset == 0 && !fragment.more {
        return Ok(None);
    }
    let len = packet.payload.len().saturating_sub(FRAGMENT_HEADER_LEN);
    let erroneous = |at| ParseError::Fragment {
        problem: Some(ParameterProblem {
            code: ParameterProblem::FIELD,
            pointer: pointer(at),
        }),
    };
    //= https://www.rfc-editor.org/rfc/rfc8200#section-4.5
    //# If the length of a fragment, as derived from the fragment
    //# packet's Payload Length field, is not a multiple of 8 octets
    //# and the M flag of that fragment is 1, then that fragment must
    //# be discarded and an ICMP Parameter Problem, Code 0, message
    //# should be sent to the source of the fragment, pointing to the
    //# Payload Length field of the fragment packet.
    if fragment.more && len % 8 != 0 {
        return Err(erroneous(4));
    }
    if usize::from(fragment.offset) + len > usize::from(u16::MAX) {
        return Err(erroneous(at.wrapping_add(2)));
    }
    if len == 0 {
        return Err(ParseError::Fragment { problem: None });
    }
    Ok(Some(fragment))
}

fn problem(code: u8, at: usize) -> ParseError {
    ParseError::Extension {
        problem: Some(ParameterProblem {
            code,
            pointer: pointer(at),
        }),
    }
}

/// A place in a packet; every packet is shorter than 65,536 + 40 octets, and headers of limited
/// number and length stand at its start.
#[expect(clippy::cast_possible_truncation, reason = "headers end before 65,536")]
const fn pointer(at: usize) -> u16 {
    at as u16
}

#[cfg(test)]
mod tests;
