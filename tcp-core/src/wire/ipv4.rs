//! IPv4 headers (RFC 791 section 3.1, RFC 1122 section 3.2.1).
//!
//! Options are walked in bounds and otherwise ignored, except source routes: a host that is
//! addressed by one is asked to relay or to answer along a path of the sender's choice, and such
//! packets are dropped, as Linux does by default.

use super::address::Address;
use super::checksum::Checksum;
use super::error::{Layer, ParseError};
use super::ip::{Fragment, HeaderChecksum, IpPacket, PROTOCOL_ICMPV4, PROTOCOL_TCP, PROTOCOL_UDP};

/// Octets of a header without options.
pub(super) const HEADER_LEN: usize = 20;

const MORE_FRAGMENTS: u16 = 0x2000;
pub(super) const OFFSET: u16 = 0x1fff;

const END_OF_OPTIONS: u8 = 0;
const NO_OPERATION: u8 = 1;
const LOOSE_SOURCE_ROUTE: u8 = 131;
const STRICT_SOURCE_ROUTE: u8 = 137;

/// Reads a packet that begins with a 4.
pub(super) fn parse(octets: &[u8], checksum: HeaderChecksum) -> Result<IpPacket<'_>, ParseError> {
    let truncated = |needed| ParseError::truncated(Layer::Ipv4, needed, octets.len());
    let Some(fixed) = octets.first_chunk::<HEADER_LEN>() else {
        return Err(truncated(HEADER_LEN));
    };
    let ([first, second, third, source, destination], _) = fixed.as_chunks::<4>() else {
        return Err(truncated(HEADER_LEN));
    };
    let [version, traffic_class, total0, total1] = *first;
    let [id0, id1, fragment0, fragment1] = *second;
    let [hop_limit, protocol, _, _] = *third;
    let header_len = usize::from(version & 0xf) * 4;
    let total = usize::from(u16::from_be_bytes([total0, total1]));
    if header_len < HEADER_LEN || header_len > total {
        return Err(ParseError::HeaderLength {
            layer: Layer::Ipv4,
            octets: u16::from(version & 0xf) * 4,
        });
    }
    let Some(octets) = octets.get(..total) else {
        return Err(truncated(total));
    };
    let Some((header, payload)) = octets.split_at_checked(header_len) else {
        return Err(truncated(header_len));
    };
    let mut sum = Checksum::new();
    sum.add_words(header.as_chunks().0);
    if checksum == HeaderChecksum::Verify && !sum.is_right() {
        return Err(ParseError::Checksum { layer: Layer::Ipv4 });
    }
    check_options(header.get(HEADER_LEN..).unwrap_or_default())?;
    let packet = IpPacket {
        source: Address::from_v4(*source),
        destination: Address::from_v4(*destination),
        protocol,
        hop_limit,
        traffic_class,
        header_len: u16::from(version & 0xf) * 4,
        fragment: None,
        payload,
    };
    let field = u16::from_be_bytes([fragment0, fragment1]);
    if field & (MORE_FRAGMENTS | OFFSET) == 0 {
        return Ok(packet);
    }
    let fragment = Fragment {
        id: u32::from(u16::from_be_bytes([id0, id1])),
        offset: u32::from(field & OFFSET) << 3,
        more: field & MORE_FRAGMENTS != 0,
    };
    check_fragment(&packet, fragment)?;
    Ok(IpPacket {
        fragment: Some(fragment),
        ..packet
    })
}

/// Walks the options. Malformed ones make the header malformed: there is no telling what the
/// octets behind them mean.
//= https://www.rfc-editor.org/rfc/rfc9293#section-3.9.2
//# When received options are passed up to TCP from the IP layer, a TCP
//# implementation MUST ignore options that it does not understand (MUST-50).
fn check_options(mut options: &[u8]) -> Result<(), ParseError> {
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
            return Err(error);
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
