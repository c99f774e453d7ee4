//! What IPv4 and IPv6 have in common.

use core::net::{IpAddr, Ipv4Addr};

use super::error::ParseError;
use super::ipv4;
#[cfg(feature = "ipv6")]
use super::ipv6;

/// IP protocol number of ICMP for IPv4.
pub const PROTOCOL_ICMPV4: u8 = 1;
/// IP protocol number of TCP.
pub const PROTOCOL_TCP: u8 = 6;
/// IP protocol number of ICMP for IPv6.
pub const PROTOCOL_ICMPV6: u8 = 58;

/// Whether the device verified the IPv4 header checksum, or it is verified here.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum HeaderChecksum {
    /// It is verified here.
    Verify,
    /// The packet stands in an ICMP message or was put together here: it need not be right.
    Ignore,
}

/// Where a fragment belongs.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Fragment {
    /// Identification.
    pub id: u32,
    /// Octets of the original payload before this one.
    pub offset: u32,
    /// Other fragments follow.
    pub more: bool,
}

/// A parsed IP packet; the payload borrows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct IpPacket<'p> {
    /// Source address.
    pub source: IpAddr,
    /// Destination address.
    pub destination: IpAddr,
    /// The protocol of the payload, behind all extension headers.
    pub protocol: u8,
    /// TTL or hop limit.
    pub hop_limit: u8,
    /// DSCP in the upper six bits, ECN in the lower two.
    pub traffic_class: u8,
    /// Octets before the payload.
    pub header_len: u16,
    /// Set when the payload is a part of a larger one.
    pub fragment: Option<Fragment>,
    /// What follows the headers, without padding.
    pub payload: &'p [u8],
}

impl<'p> IpPacket<'p> {
    /// Parses a packet of either family; octets behind the length that it states are padding.
    ///
    /// # Errors
    /// [`ParseError`] names what is wrong.
    pub fn parse(octets: &'p [u8], checksum: HeaderChecksum) -> Result<Self, ParseError> {
        match octets.first().map(|octet| octet >> 4) {
            None => Err(ParseError::ip_length(1, 0)),
            Some(4) => ipv4::parse(octets, checksum),
            #[cfg(feature = "ipv6")]
            Some(6) => ipv6::parse(octets),
            Some(version) => Err(ParseError::IpVersion(version)),
        }
    }
}

/// Whether no packet on a wire may come from `address`: unspecified, loopback, multicast,
/// broadcast or reserved (RFC 1122 section 3.2.1.3, RFC 9293 MUST-63).
#[must_use]
pub const fn is_martian_source(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            let [first, ..] = address.octets();
            first == 0 || first == 127 || first >= 224
        }
        IpAddr::V6(address) => {
            address.is_unspecified()
                || address.is_loopback()
                || address.is_multicast()
                || address.to_ipv4_mapped().is_some()
        }
    }
}

/// Whether no packet on a wire may go to `address` as a single host: unspecified, loopback,
/// multicast, broadcast or reserved.
#[must_use]
pub const fn is_martian_destination(address: IpAddr) -> bool {
    is_martian_source(address)
}

/// The broadcast address of the subnet of `address`, if it has one.
#[must_use]
pub const fn subnet_broadcast(address: Ipv4Addr, prefix: u8) -> Option<Ipv4Addr> {
    if prefix >= 31 {
        return None;
    }
    let host = u32::MAX >> prefix;
    Some(Ipv4Addr::from_bits(address.to_bits() | host))
}
