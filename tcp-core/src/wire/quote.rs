//! A look at a packet that may be cut short or wrong: the quotation in an ICMP error, or a packet
//! that one is about to be sent about. Nothing is checked but bounds.

use super::address::Address;
use super::ip::IpMeta;
use super::ipv4;
#[cfg(feature = "ipv6")]
use super::ipv6;

/// What can be seen.
pub(super) struct Glimpse<'q> {
    /// The header; the protocol is the last one in the chain.
    pub(super) meta: IpMeta,
    /// Where the number of that protocol stands.
    #[cfg(feature = "ipv6")]
    pub(super) protocol_at: u16,
    /// The length that the header claims.
    pub(super) length: u32,
    /// Whether the datagram begins here: it is no later fragment.
    pub(super) is_first: bool,
    /// What there is behind the headers.
    pub(super) upper: &'q [u8],
}

/// Looks at octets that begin like an IP packet; `None` when its headers are not all there.
pub(super) fn glimpse(octets: &[u8]) -> Option<Glimpse<'_>> {
    match octets.first()? >> 4 {
        4 => glimpse_v4(octets),
        #[cfg(feature = "ipv6")]
        6 => glimpse_v6(octets),
        _ => None,
    }
}

fn glimpse_v4(octets: &[u8]) -> Option<Glimpse<'_>> {
    let [
        version,
        traffic_class,
        t0,
        t1,
        _,
        _,
        f0,
        f1,
        hop_limit,
        protocol,
        _,
        _, //
        s0,
        s1,
        s2,
        s3,
        d0,
        d1,
        d2,
        d3,
    ] = *octets.first_chunk::<{ ipv4::HEADER_LEN }>()?;
    let header_len = usize::from(version & 0xf) * 4;
    if header_len < ipv4::HEADER_LEN {
        return None;
    }
    Some(Glimpse {
        meta: IpMeta {
            source: Address::from_v4([s0, s1, s2, s3]),
            destination: Address::from_v4([d0, d1, d2, d3]),
            protocol,
            hop_limit,
            traffic_class,
        },
        #[cfg(feature = "ipv6")]
        protocol_at: 9,
        length: u32::from(u16::from_be_bytes([t0, t1])),
        is_first: u16::from_be_bytes([f0, f1]) & ipv4::OFFSET == 0,
        upper: octets.get(header_len..)?,
    })
}

#[cfg(feature = "ipv6")]
fn glimpse_v6(octets: &[u8]) -> Option<Glimpse<'_>> {
    let (fixed, mut upper) = octets.split_first_chunk::<{ ipv6::HEADER_LEN }>()?;
    let [v, t, _, _, l0, l1, next, hop_limit, addresses @ ..] = fixed;
    let ([source, destination], _) = addresses.as_chunks::<16>() else {
        return None;
    };
    let mut protocol = *next;
    let mut protocol_at = 6;
    let mut is_first = true;
    for _ in 0..ipv6::MAX_HEADERS {
        let (len, follows) = match (protocol, upper) {
            (ipv6::FRAGMENT, [follows, _, o0, o1, ..]) => {
                is_first = u16::from_be_bytes([*o0, *o1]) & !7 == 0;
                (ipv6::FRAGMENT_HEADER_LEN, follows)
            }
            (ipv6::NO_NEXT_HEADER, _) => break,
            (next, [follows, length, ..]) if ipv6::is_extension(next) => {
                ((usize::from(*length) + 1) * 8, follows)
            }
            (next, _) if ipv6::is_extension(next) => return None,
            _ => break,
        };
        protocol = *follows;
        protocol_at = octets.len() - upper.len();
        upper = upper.get(len..)?;
        if !is_first {
            break;
        }
    }
    Some(Glimpse {
        meta: IpMeta {
            source: Address::from_v6(source)?,
            destination: Address::from_v6(destination)?,
            protocol,
            hop_limit: *hop_limit,
            traffic_class: v << 4 | t >> 4,
        },
        protocol_at: u16::try_from(protocol_at).ok()?,
        length: u32::from(u16::from_be_bytes([*l0, *l1])) + ipv6::HEADER_LEN as u32,
        is_first,
        upper,
    })
}
