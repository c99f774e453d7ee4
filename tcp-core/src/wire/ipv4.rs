//! IPv4 (RFC 791).

use core::net::{IpAddr, Ipv4Addr};

use super::checksum::Checksum;
use super::error::ParseError;
use super::ip::{Fragment, HeaderChecksum, IpPacket, PROTOCOL_ICMPV4, PROTOCOL_TCP};

/// Octets of a header without options.
pub(super) const HEADER_LEN: usize = 20;

pub(super) fn parse(octets: &[u8], checksum: HeaderChecksum) -> Result<IpPacket<'_>, ParseError> {
    let Some(fixed) = octets.first_chunk::<HEADER_LEN>() else {
        return Err(ParseError::ip_length(HEADER_LEN, octets.len()));
    };
    let [
        version_ihl,
        class,
        l0,
        l1,
        i0,
        i1,
        f0,
        f1,
        ttl,
        protocol,
        _,
        _,
        s0,
        s1,
        s2,
        s3,
        d0,
        d1,
        d2,
        d3,
    ] = *fixed;
    let header_len = usize::from(version_ihl & 0x0f) * 4;
    let total = usize::from(u16::from_be_bytes([l0, l1]));
    if header_len < HEADER_LEN || total < header_len {
        return Err(ParseError::ip_length(header_len.max(HEADER_LEN), total));
    }
    let (Some(packet), true) = (octets.get(..total), total >= HEADER_LEN) else {
        return Err(ParseError::ip_length(total, octets.len()));
    };
    let (Some(header), Some(payload)) = (packet.get(..header_len), packet.get(header_len..)) else {
        return Err(ParseError::ip_length(header_len, total));
    };
    if checksum == HeaderChecksum::Verify {
        let mut sum = Checksum::new();
        sum.add(header);
        if sum.finish() != 0 {
            return Err(ParseError::IpChecksum);
        }
    }
    let fragment = fragment(u16::from_be_bytes([i0, i1]), u16::from_be_bytes([f0, f1]));
    if let Some(fragment) = fragment {
        check_fragment(fragment, protocol, payload.len())?;
    }
    Ok(IpPacket {
        source: IpAddr::V4(Ipv4Addr::new(s0, s1, s2, s3)),
        destination: IpAddr::V4(Ipv4Addr::new(d0, d1, d2, d3)),
        protocol,
        hop_limit: ttl,
        traffic_class: class,
        #[expect(clippy::cast_possible_truncation, reason = "at most 60")]
        header_len: header_len as u16,
        fragment,
        payload,
    })
}

/// A packet with DF set is whole whatever else its flags say only if no other fragment is meant.
fn fragment(id: u16, flags_offset: u16) -> Option<Fragment> {
    let offset = u32::from(flags_offset & 0x1fff) * 8;
    let more = flags_offset & 0x2000 != 0;
    (more || offset > 0).then_some(Fragment {
        id: id.into(),
        offset,
        more,
    })
}

/// Lengths that fit, and no piece that would hide a transport header (RFC 1858, RFC 3128).
fn check_fragment(fragment: Fragment, protocol: u8, length: usize) -> Result<(), ParseError> {
    let end = fragment.offset as usize + length;
    let ragged = fragment.more && (!length.is_multiple_of(8) || length == 0);
    let overlong = end > 0xffff - HEADER_LEN || length == 0;
    let header_len = match protocol {
        PROTOCOL_TCP => 20,
        PROTOCOL_ICMPV4 => 8,
        _ => 0,
    };
    let hides = if fragment.offset == 0 {
        length < header_len
    } else {
        protocol == PROTOCOL_TCP && fragment.offset < 20
    };
    if ragged || overlong || hides {
        Err(ParseError::IpFragment)
    } else {
        Ok(())
    }
}

/// Writes a header without options: DF set, identification 0 (an atomic datagram, RFC 6864).
pub(super) fn emit(
    header: &mut [u8; HEADER_LEN],
    ends: [Ipv4Addr; 2],
    protocol: u8,
    ttl_class: [u8; 2],
    total: u16,
) {
    let [l0, l1] = total.to_be_bytes();
    let [s0, s1, s2, s3] = ends[0].octets();
    let [d0, d1, d2, d3] = ends[1].octets();
    let [ttl, class] = ttl_class;
    let without = [
        0x45, class, l0, l1, 0, 0, 0x40, 0, ttl, protocol, 0, 0, s0, s1, s2, s3, d0, d1, d2, d3,
    ];
    let mut sum = Checksum::new();
    sum.add(&without);
    *header = without;
    let [c0, c1] = sum.finish().to_be_bytes();
    header[10] = c0;
    header[11] = c1;
}
