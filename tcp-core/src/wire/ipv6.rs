//! IPv6 (RFC 8200), its extension headers walked within fixed limits.

use core::net::{IpAddr, Ipv6Addr};

use super::error::ParseError;
use super::ip::{Fragment, IpPacket, PROTOCOL_ICMPV6, PROTOCOL_TCP};

/// Octets of the fixed header.
pub(super) const HEADER_LEN: usize = 40;
/// Extension headers in one packet, at most (RFC 8504 section 5.3 allows a limit).
const MAX_HEADERS: u8 = 6;
/// Options in one header, at most; Linux has the same limit.
const MAX_OPTIONS: u8 = 8;

const HOP_BY_HOP: u8 = 0;
const ROUTING: u8 = 43;
const FRAGMENT: u8 = 44;
const NO_NEXT_HEADER: u8 = 59;
const DESTINATION_OPTIONS: u8 = 60;

pub(super) fn parse(octets: &[u8]) -> Result<IpPacket<'_>, ParseError> {
    let Some(fixed) = octets.first_chunk::<HEADER_LEN>() else {
        return Err(ParseError::ip_length(HEADER_LEN, octets.len()));
    };
    let [v0, v1, _, _, l0, l1, next, hop_limit, addresses @ ..] = *fixed;
    let length = usize::from(u16::from_be_bytes([l0, l1]));
    let Some(body) = octets.get(HEADER_LEN..HEADER_LEN + length) else {
        return Err(ParseError::ip_length(HEADER_LEN + length, octets.len()));
    };
    let (source, destination) = addresses.split_at(16);
    let address = |half: &[u8]| {
        IpAddr::V6(
            half.first_chunk::<16>()
                .map_or(Ipv6Addr::UNSPECIFIED, |half| (*half).into()),
        )
    };
    let mut packet = IpPacket {
        source: address(source),
        destination: address(destination),
        protocol: next,
        hop_limit,
        traffic_class: (v0 << 4) | (v1 >> 4),
        header_len: 0,
        fragment: None,
        payload: body,
    };
    walk(&mut packet)?;
    #[expect(clippy::cast_possible_truncation, reason = "both are below 2^16")]
    {
        packet.header_len = (HEADER_LEN + length - packet.payload.len()) as u16;
    }
    Ok(packet)
}

/// Steps over extension headers until the upper layer, or a fragment.
fn walk(packet: &mut IpPacket<'_>) -> Result<(), ParseError> {
    for index in 0..=MAX_HEADERS {
        match packet.protocol {
            HOP_BY_HOP if index > 0 => return Err(ParseError::IpExtension),
            HOP_BY_HOP | DESTINATION_OPTIONS => {
                let (next, content, rest) = extension(packet.payload)?;
                check_options(content)?;
                packet.protocol = next;
                packet.payload = rest;
            }
            ROUTING => {
                let (next, content, rest) = extension(packet.payload)?;
                // Type 0 and whatever else still has segments left is not for this host.
                if content.get(1).copied() != Some(0) {
                    return Err(ParseError::IpExtension);
                }
                packet.protocol = next;
                packet.payload = rest;
            }
            FRAGMENT => {
                if packet.fragment.is_some() {
                    return Err(ParseError::IpExtension);
                }
                let Some(([next, _, o0, o1, i0, i1, i2, i3], rest)) =
                    packet.payload.split_first_chunk::<8>()
                else {
                    return Err(ParseError::IpExtension);
                };
                let field = u16::from_be_bytes([*o0, *o1]);
                let fragment = Fragment {
                    id: u32::from_be_bytes([*i0, *i1, *i2, *i3]),
                    offset: u32::from(field & 0xfff8),
                    more: field & 1 != 0,
                };
                packet.protocol = *next;
                packet.payload = rest;
                if fragment.more || fragment.offset > 0 {
                    check_fragment(fragment, *next, rest.len())?;
                    packet.fragment = Some(fragment);
                    return Ok(());
                }
            }
            NO_NEXT_HEADER => return Err(ParseError::IpExtension),
            _ => return Ok(()),
        }
    }
    Err(ParseError::IpExtension)
}

/// Next header, content behind the two leading octets, and what follows.
fn extension(octets: &[u8]) -> Result<(u8, &[u8], &[u8]), ParseError> {
    let Some([next, units]) = octets.first_chunk::<2>() else {
        return Err(ParseError::IpExtension);
    };
    let length = (usize::from(*units) + 1) * 8;
    match (octets.get(2..length), octets.get(length..)) {
        (Some(content), Some(rest)) => Ok((*next, content, rest)),
        _ => Err(ParseError::IpExtension),
    }
}

/// Options must fit, be few, and not ask to discard the packet.
fn check_options(mut content: &[u8]) -> Result<(), ParseError> {
    const PAD_1: u8 = 0;
    const PAD_N: u8 = 1;
    let mut count = 0;
    while let Some((kind, rest)) = content.split_first() {
        if *kind == PAD_1 {
            content = rest;
            continue;
        }
        let Some((length, rest)) = rest.split_first() else {
            return Err(ParseError::IpExtension);
        };
        let Some(rest) = rest.get(usize::from(*length)..) else {
            return Err(ParseError::IpExtension);
        };
        count += 1;
        //= https://www.rfc-editor.org/rfc/rfc8200#section-4.2
        //# 00 - skip over this option and continue processing the header.
        if count > MAX_OPTIONS || (*kind != PAD_N && kind >> 6 != 0) {
            return Err(ParseError::IpExtension);
        }
        content = rest;
    }
    Ok(())
}

/// Lengths that fit, and a first fragment that holds the transport header (RFC 7112).
fn check_fragment(fragment: Fragment, protocol: u8, length: usize) -> Result<(), ParseError> {
    let end = fragment.offset as usize + length;
    let header_len = match protocol {
        PROTOCOL_TCP => 20,
        PROTOCOL_ICMPV6 => 8,
        HOP_BY_HOP | ROUTING | FRAGMENT | DESTINATION_OPTIONS => usize::MAX,
        _ => 0,
    };
    let ragged = fragment.more && !length.is_multiple_of(8);
    let hides = fragment.offset == 0 && length < header_len;
    if ragged || length == 0 || end > 0xffff || hides {
        Err(ParseError::IpFragment)
    } else {
        Ok(())
    }
}

/// Writes the fixed header; flow label zero.
pub(super) fn emit(
    header: &mut [u8; HEADER_LEN],
    ends: [Ipv6Addr; 2],
    protocol: u8,
    hops_class: [u8; 2],
    length: u16,
) {
    let [hops, class] = hops_class;
    let [l0, l1] = length.to_be_bytes();
    let (fixed, addresses) = header.split_at_mut(8);
    fixed.copy_from_slice(&[
        0x60 | (class >> 4),
        class << 4,
        0,
        0,
        l0,
        l1,
        protocol,
        hops,
    ]);
    let (source, destination) = addresses.split_at_mut(16);
    source.copy_from_slice(&ends[0].octets());
    destination.copy_from_slice(&ends[1].octets());
}
