//! IPv4 headers (RFC 791 section 3.1, RFC 1122 section 3.2.1).
//!
//! Options are walked in bounds and otherwise ignored, except source routes: a host that is
//! addressed by one is asked to relay or to answer along a path of the sender's choice, and such
//! packets are dropped, as Linux does by default.

use super::address::Address;
use super::checksum::Checksum;
use super::error::{Layer, ParseError};
use super::ip::{Fragment, HeaderChecksum, IpPacket, PROTOCOL_ICMPV4, PROTOCOL_TCP, PROTOCOL_UDP};
use super::order::Dialect;

/// Octets of a header without options.
pub(super) const HEADER_LEN: usize = 20;

const MORE_FRAGMENTS: u16 = 0x2000;
pub(super) const OFFSET: u16 = 0x1fff;

const END_OF_OPTIONS: u8 = 0;
const NO_OPERATION: u8 = 1;
const LOOSE_SOURCE_ROUTE: u8 = 131;
const STRICT_SOURCE_ROUTE: u8 = 137;

/// Reads a packet that begins with a 4.
#[inline(always)]
pub(super) fn parse<D: Dialect, E: From<ParseError>>(
    octets: &[u8],
    checksum: HeaderChecksum,
) -> Result<IpPacket<'_>, E> {
    let truncated = |needed| ParseError::truncated(Layer::Ipv4, needed, octets.len());
    let Some(fixed) = octets.first_chunk::<HEADER_LEN>() else {
        return Err(truncated(HEADER_LEN).into());
    };
    let ([first, second, third, source, destination], _) = fixed.as_chunks::<4>() else {
        return Err(truncated(HEADER_LEN).into());
    };
    let first = u32::from_be_bytes(*first);
    let second = u32::from_be_bytes(*second);
    let third = u32::from_be_bytes(*third);
    let header_len = (first >> 22 & 0x3c) as usize;
    let total = (first & 0xffff) as usize;
    if header_len < HEADER_LEN || header_len > total {
        return Err(E::from(ParseError::HeaderLength {
            layer: Layer::Ipv4,
            octets: header_len as u16,
        }));
    }
    let Some(octets) = octets.get(..total) else {
        return Err(truncated(total).into());
    };
    let Some((header, payload)) = octets.split_at_checked(header_len) else {
        return Err(truncated(header_len).into());
    };
    if checksum == HeaderChecksum::Verify {
        let mut sum = Checksum::new();
        sum.add_words(header.as_chunks().0);
        if !sum.is_right() {
            return Err(ParseError::Checksum { layer: Layer::Ipv4 }.into());
        }
    }
    check_options(header.get(HEADER_LEN..).unwrap_or_default())?;
    let mut packet = IpPacket {
        source: Address::from_v4(*source),
        destination: Address::from_v4(*destination),
        protocol: (third >> 16) as u8,
        hop_limit: (third >> 24) as u8,
        traffic_class: (first >> 16) as u8,
        header_len: header_len as u16,
        fragment: None,
        payload,
    };
    if second & u32::from(MORE_FRAGMENTS | OFFSET) != 0 {
        if !D::FRAGMENTS.is_on() {
            return Err(ParseError::Fragment { problem: None }.into());
        }
        let fragment = Fragment {
            id: second >> 16,
            offset: (second & u32::from(OFFSET)) << 3,
            more: second & u32::from(MORE_FRAGMENTS) != 0,
        };
        check_fragment(&packet, fragment)?;
        packet.fragment = Some(fragment);
    }
    Ok(packet)
}

/// Walks the options. Malformed ones make the header malformed: there is no telling what the
/// octets behind them mean.
//= https://www.rfc-editor.org/rfc/rfc9293#section-3.9.2
//# When received options are passed up to TCP from the IP layer, a TCP
//# implementation MUST ignore options that it does not understand (MUST-50).
fn check_options<E: From<ParseError>>(mut options: &[u8]) -> Result<(), E> {
    while let Some((&kind, rest)) = options.split_first() {
        if kind == END_OF_OPTIONS {
            break;
        }
        if kind == NO_OPERATION {
            options = rest;
            continue;
        }
        let length = rest.first().copied().unwrap_or(0);
        let error = ParseError::Ipv4Option {
            kind,
            octets: length,
        };
        if length < 2 || kind == LOOSE_SOURCE_ROUTE || kind == STRICT_SOURCE_ROUTE {
            return Err(error.into());
        }
        options = options.get(usize::from(length)..).ok_or(error)?;
    }
    Ok(())
}

/// A fragment must carry something, end where the next one can begin, and stay within the largest
/// datagram. The first must hold the transport header and no other may touch it, so that what
/// filters saw is what the host gets (RFC 1858, RFC 3128).
fn check_fragment(packet: &IpPacket<'_>, fragment: Fragment) -> Result<(), ParseError> {
    let transport = match packet.protocol {
        PROTOCOL_TCP => 20,
        PROTOCOL_ICMPV4 | PROTOCOL_UDP => 8,
        _ => 1,
    };
    let len = packet.payload.len();
    let offset = fragment.offset as usize;
    let ragged = fragment.more && !len.is_multiple_of(8);
    let overlong = offset + usize::from(packet.header_len) + len > usize::from(u16::MAX);
    let hides = match offset {
        0 => len < transport,
        _ => offset < transport,
    };
    if len == 0 || ragged || overlong || hides {
        return Err(ParseError::Fragment { problem: None });
    }
    Ok(())
}

#[cfg(test)]
mod tests;
