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
    let mut packet = IpPacket {
        source: Address::from_v6(source).ok_or(ParseError::MappedSource)?,
        destination: Address::from_v6(destination).ok_or(ParseError::MappedDestination)?,
        protocol: *next,
        hop_limit: *hop_limit,
        traffic_class: v << 4 | t >> 4,
        header_len: HEADER_LEN as u16,
        fragment: None,
        payload,
    };
    if is_extension(*next) {
        walk::<D>(&mut packet, 6, Part::Unknown)?;
    }
    Ok(packet)
}

/// Walks the extension headers that stood in the fragmentable part.
pub(super) fn finish_reassembled(mut packet: IpPacket<'_>) -> Result<IpPacket<'_>, ParseError> {
    match walk::<AnyDialect>(&mut packet, 0, Part::Behind) {
        Ok(()) => Ok(packet),
        // Pointers would count from the start of a packet that is gone.
        Err(error) if error.parameter_problem().is_some() => Err(IMPROPER),
        Err(error) => Err(error),
    }
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

/// Walks along the chain to the upper layer, or to the fragment header of a part of a datagram;
/// behind that of the first part the rest is looked at. The number of the header that the payload
/// of `packet` begins with stands at `number_at`.
#[inline(never)]
fn walk<D: Dialect>(
    packet: &mut IpPacket<'_>,
    number_at: u16,
    part: Part,
) -> Result<(), ParseError> {
    let (mut number_at, mut part) = (number_at, part);
    let (mut next, mut rest, mut at) = (packet.protocol, packet.payload, packet.header_len);
    let mut count = 0;
    while is_extension(next) {
        if next == NO_NEXT_HEADER {
            return Err(ParseError::NoNextHeader);
        }
        let [follows, units, ..] = *rest else {
            return Err(IMPROPER);
        };
        let len = if next == FRAGMENT {
            FRAGMENT_HEADER_LEN
        } else {
            (usize::from(units) + 1) * 8
        };
        let (header, behind) = rest.split_at_checked(len).ok_or(IMPROPER)?;
        count += 1;
        if count > MAX_HEADERS {
            return Err(IMPROPER);
        }
        match next {
            HOP_BY_HOP if number_at != 6 => {
                return Err(problem(ParameterProblem::NEXT_HEADER, number_at));
            }
            FRAGMENT if part == Part::Behind => return Err(IMPROPER),
            FRAGMENT => part = Part::Behind,
            // A route that is used up is walked over. This host forwards nothing, so any other is
            // refused, type 0 as well (RFC 5095).
            ROUTING if header.get(3) == Some(&0) => {}
            ROUTING => return Err(problem(ParameterProblem::FIELD, place(at, 2))),
            _ => check_options(header, at, packet.destination)?,
        }
        let fragment = match next {
            FRAGMENT => fragment_header(header, behind.len(), at)?,
            _ => None,
        };
        if fragment.is_some() && !D::FRAGMENTS.is_on() {
            return Err(ParseError::Fragment { problem: None });
        }
        (number_at, at) = (at, place(at, len));
        (next, rest) = (follows, behind);
        if packet.fragment.is_none() {
            (packet.protocol, packet.payload, packet.header_len) = (next, rest, at);
        }
        if let Some(Fragment { offset, .. }) = fragment {
            packet.fragment = fragment;
            if offset > 0 {
                return Ok(());
            }
        }
    }
    if packet.fragment.is_some() && !holds_upper_header(next, rest) {
        return Err(ParseError::Fragment { problem: None });
    }
    Ok(())
}

/// The first fragment must hold all headers, the upper layer's included (RFC 7112), so that what
/// filters saw is what the host gets.
fn holds_upper_header(protocol: u8, payload: &[u8]) -> bool {
    let needed = match protocol {
        PROTOCOL_TCP => 20,
        PROTOCOL_UDP | PROTOCOL_ICMPV6 => 8,
        _ => 0,
    };
    payload.len() >= needed
}

pub(super) const FRAGMENT_HEADER_LEN: usize = 8;

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

/// Reads the fragment header that stands at `at`, with `len` octets behind it; `None` when the
/// fragment is atomic, that is the whole datagram (RFC 6946).
fn fragment_header(header: &[u8], len: usize, at: u16) -> Result<Option<Fragment>, ParseError> {
    let fixed = header.first_chunk::<FRAGMENT_HEADER_LEN>();
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
        return Err(erroneous(place(at, 2)));
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
