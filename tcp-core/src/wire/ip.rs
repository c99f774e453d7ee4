//! What both IP versions have in common: a parsed packet, fragments, addresses that no host has.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::address::Address;
use super::checksum::Checksum;
use super::error::{Layer, ParseError};
use super::ipv4;
#[cfg(feature = "ipv6")]
use super::ipv6;
use super::order::{AnyDialect, Dialect};

/// IP protocol number of ICMP for IPv4.
pub const PROTOCOL_ICMPV4: u8 = 1;
/// IP protocol number of TCP.
pub const PROTOCOL_TCP: u8 = 6;
/// IP protocol number of UDP.
pub const PROTOCOL_UDP: u8 = 17;
/// IP protocol number of ICMP for IPv6.
pub const PROTOCOL_ICMPV6: u8 = 58;

/// Whether the checksum of an IPv4 header counts.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum HeaderChecksum {
    /// It must be right.
    Verify,
    /// The device verified it, or the header never was on a wire.
    Ignore,
}

/// Where a fragment stands in its datagram.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Fragment {
    /// Identification: 16 bits in IPv4, 32 in IPv6.
    pub id: u32,
    /// The first octet's place among the fragmentable octets; a multiple of eight. Offset and
    /// payload length together never exceed 65,535.
    pub offset: u32,
    /// Whether further fragments follow. If so, the payload is a multiple of eight octets.
    pub more: bool,
}

/// The fields of an IP header that outlive the packet.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct IpMeta {
    /// Source address.
    pub source: Address,
    /// Destination address.
    pub destination: Address,
    /// What the payload is; of a fragment, what its first octets are when it is whole.
    pub protocol: u8,
    /// TTL or hop limit.
    pub hop_limit: u8,
    /// DSCP in the upper six bits, ECN in the lower two.
    pub traffic_class: u8,
}

/// An IP packet whose header is right. Nothing is said of its addresses.
///
/// ```
/// use tcp_core::wire::{HeaderChecksum, IpPacket, PROTOCOL_TCP};
/// let octets = [
///     0x45, 0, 0, 21, 0, 0, 0x40, 0, 64, 253, 0x25, 0xea, 10, 0, 0, 1, 10, 0, 0, 2, b'x',
///     0xaa, 0xaa, // padding of the link
/// ];
/// let packet = IpPacket::parse(&octets, HeaderChecksum::Verify).unwrap();
/// assert_eq!(packet.payload, b"x");
/// assert_ne!(packet.protocol, PROTOCOL_TCP);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct IpPacket<'p> {
    /// Source address.
    pub source: Address,
    /// Destination address, of the same family.
    pub destination: Address,
    /// What the payload is: the protocol, or the last Next Header. Of an IPv6 fragment it is the
    /// Next Header of the fragment header, maybe another extension header.
    pub protocol: u8,
    /// TTL or hop limit.
    pub hop_limit: u8,
    /// DSCP in the upper six bits, ECN in the lower two.
    pub traffic_class: u8,
    /// Octets before the payload.
    pub header_len: u16,
    /// Set when the payload is a part of a datagram; an atomic fragment is whole.
    pub fragment: Option<Fragment>,
    /// What follows the headers, without padding.
    pub payload: &'p [u8],
}

impl<'p> IpPacket<'p> {
    /// Reads a packet: `octets` begin with the IP header and may end in padding.
    ///
    /// # Errors
    /// [`ParseError`] says what is wrong in which layer.
    pub fn parse(octets: &'p [u8], checksum: HeaderChecksum) -> Result<Self, ParseError> {
        Self::read::<AnyDialect, ParseError>(octets, checksum)
    }

    /// As [`parse`](Self::parse), for a build that knows only so much. Inlined, so that only what
    /// becomes of an error is made of it.
    #[inline(always)]
    pub(crate) fn read<D: Dialect, E: From<ParseError>>(
        octets: &'p [u8],
        checksum: HeaderChecksum,
    ) -> Result<Self, E> {
        match octets.first().map(|first| first >> 4) {
            Some(4) => ipv4::parse::<D, E>(octets, checksum),
            #[cfg(feature = "ipv6")]
            Some(6) => Ok(ipv6::parse::<D>(octets)?),
            Some(version) => Err(ParseError::Version { version }.into()),
            None => Err(ParseError::truncated(Layer::Ipv4, ipv4::HEADER_LEN, 0).into()),
        }
    }

    /// The datagram whose fragments were put together to `payload`; `first` is the header of the
    /// fragment at offset zero. IPv6 may have extension headers in the fragmentable part: they are
    /// walked here, and a fragment header among them is an error.
    ///
    /// # Errors
    /// [`ParseError`] says what is wrong with those extension headers.
    pub fn reassembled(first: IpMeta, payload: &'p [u8]) -> Result<Self, ParseError> {
        let packet = Self {
            source: first.source,
            destination: first.destination,
            protocol: first.protocol,
            hop_limit: first.hop_limit,
            traffic_class: first.traffic_class,
            header_len: 0,
            fragment: None,
            payload,
        };
        #[cfg(feature = "ipv6")]
        if !first.destination.is_v4() {
            return ipv6::finish_reassembled(packet);
        }
        Ok(packet)
    }

    /// Whether a router marked the packet instead of dropping it (RFC 3168 section 5: congestion
    /// experienced).
    #[must_use]
    pub const fn is_marked(&self) -> bool {
        is_marked(self.traffic_class)
    }

    /// The fields that outlive the packet.
    #[must_use]
    pub const fn meta(&self) -> IpMeta {
        IpMeta {
            source: self.source,
            destination: self.destination,
            protocol: self.protocol,
            hop_limit: self.hop_limit,
            traffic_class: self.traffic_class,
        }
    }
}

/// The ECN field of a marked packet.
const MARKED: u8 = 3;

/// Whether a traffic class tells of a mark.
const fn is_marked(traffic_class: u8) -> bool {
    traffic_class & MARKED == MARKED
}

/// The sum of the pseudo-header (RFC 9293 section 3.1, RFC 8200 section 8.1) for `length` octets
/// of `protocol`. Addresses of two families are left out.
#[must_use]
pub fn pseudo_header(source: Address, destination: Address, protocol: u8, length: u16) -> Checksum {
    let last = (u32::from(protocol) << 16 | u32::from(length)).to_be_bytes();
    #[cfg(feature = "ipv6")]
    if !source.is_v4() || !destination.is_v4() {
        let mut sum = Checksum::new();
        sum.add_words(&[last]);
        if !source.is_v4() && !destination.is_v4() {
            sum.add_words(source.v6_octets().as_chunks().0);
            sum.add_words(destination.v6_octets().as_chunks().0);
        }
        return sum;
    }
    let (source, destination) = (source.v4_octets(), destination.v4_octets());
    Checksum::of([source, destination, last, [0; 4], [0; 4]])
}

/// Whether no host may have this address as the source of a packet on a wire: unspecified,
/// loopback, multicast, broadcast and reserved addresses, and IPv4-mapped ones in IPv6. The
/// broadcast address of a subnet is known only to its members.
#[must_use]
pub const fn is_martian_source(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            let [first, ..] = address.octets();
            first == 0 || first == 127 || first >= 224
        }
        IpAddr::V6(address) => address.is_multicast() || is_martian_v6(address),
    }
}

/// Whether no packet on a wire may go to this address: unspecified, loopback, and reserved
/// addresses, and IPv4-mapped ones in IPv6. Multicast and broadcast are not martian.
#[must_use]
pub const fn is_martian_destination(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            let [first, ..] = address.octets();
            let reserved = first >= 240 && address.to_bits() != Ipv4Addr::BROADCAST.to_bits();
            first == 0 || first == 127 || reserved
        }
        IpAddr::V6(address) => is_martian_v6(address),
    }
}

/// The broadcast address of the subnet of `address`, if it has one.
#[must_use]
pub const fn subnet_broadcast(address: Ipv4Addr, prefix: u8) -> Option<Ipv4Addr> {
    match u32::MAX.checked_shr(prefix as u32) {
        None | Some(0..=1) => None,
        Some(host) => Some(Ipv4Addr::from_bits(address.to_bits() | host)),
    }
}

const fn is_martian_v6(address: Ipv6Addr) -> bool {
    let bits = address.to_bits();
    // :: and ::1 and ::ffff:0:0/96
    bits <= 1 || bits >> 32 == 0xffff
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn f07_addresses_that_no_sender_has() {
        for address in [
            "0.0.0.0",
            "0.1.2.3",
            "127.0.0.1",
            "127.255.255.255",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
        ] {
            assert!(is_martian_source(ip(address)), "{address}");
        }
        for address in ["1.0.0.0", "10.0.0.1", "126.255.255.255", "223.255.255.255"] {
            assert!(!is_martian_source(ip(address)), "{address}");
        }
    }

    #[test]
    fn g03_addresses_that_no_ipv6_sender_has() {
        for address in ["::", "::1", "ff02::1", "ff0e::1", "::ffff:10.0.0.1"] {
            assert!(is_martian_source(ip(address)), "{address}");
        }
        for address in ["::2", "fe80::1", "2001:db8::1", "::1:0:0:1"] {
            assert!(!is_martian_source(ip(address)), "{address}");
        }
    }

    #[test]
    fn f08_destinations_that_stay_inside_a_host() {
        for address in [
            "127.0.0.1",
            "0.0.0.0",
            "240.0.0.1",
            "::1",
            "::",
            "::ffff:1.2.3.4",
        ] {
            assert!(is_martian_destination(ip(address)), "{address}");
        }
        for address in [
            "255.255.255.255",
            "224.0.0.1",
            "10.0.0.1",
            "ff02::1",
            "fe80::1",
        ] {
            assert!(!is_martian_destination(ip(address)), "{address}");
        }
    }

    #[test]
    fn small_subnets_have_no_broadcast_address() {
        let address = Ipv4Addr::new(10, 1, 2, 3);
        for (prefix, broadcast) in [
            (0, Some([255, 255, 255, 255])),
            (8, Some([10, 255, 255, 255])),
            (24, Some([10, 1, 2, 255])),
            (30, Some([10, 1, 2, 3])),
            (31, None),
            (32, None),
            (200, None),
        ] {
            assert_eq!(
                subnet_broadcast(address, prefix),
                broadcast.map(Ipv4Addr::from)
            );
        }
    }

    #[test]
    fn f01_versions_that_do_not_exist() {
        for version in (0..=15u8).filter(|version| *version != 4 && *version != 6) {
            let mut octets = [0; 40];
            octets[0] = version << 4 | 5;
            assert_eq!(
                IpPacket::parse(&octets, HeaderChecksum::Verify),
                Err(ParseError::Version { version })
            );
        }
        assert!(IpPacket::parse(&[], HeaderChecksum::Verify).is_err());
    }
}
