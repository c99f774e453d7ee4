//! Addresses in the compact form in which headers are read, tables hold and headers are written.
//!
//! With IPv6 an address is 16 octets and an IPv4 address stands there in its mapped form
//! (`::ffff:a.b.c.d`); mapped addresses that come from a wire are refused, so the two families
//! never meet. Without IPv6 an address is four octets.

use core::fmt;
#[cfg(feature = "ipv6")]
use core::net::Ipv6Addr;
use core::net::{IpAddr, Ipv4Addr};

/// The words of an address, each in the order of the wire.
#[cfg(feature = "ipv6")]
type Words = [u32; 4];
/// The word of an address, in the order of the wire.
#[cfg(not(feature = "ipv6"))]
type Words = u32;

/// An IPv4 address or, with the feature `ipv6`, an IPv6 address other than a mapped one.
///
/// ```
/// use core::net::{IpAddr, Ipv4Addr};
/// use tcp_core::wire::Address;
/// let address = Address::from(Ipv4Addr::new(192, 0, 2, 7));
/// assert_eq!(IpAddr::from(address), IpAddr::from([192, 0, 2, 7]));
/// assert_eq!(Address::new("::ffff:192.0.2.7".parse().unwrap()), None);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Address(Words);

impl Address {
    /// The compact form of an address that has one: mapped addresses have none, nor have IPv6
    /// addresses where IPv6 is not built in.
    #[must_use]
    pub fn new(address: IpAddr) -> Option<Self> {
        match address {
            IpAddr::V4(v4) => Some(Self::from(v4)),
            #[cfg(feature = "ipv6")]
            IpAddr::V6(v6) => Self::from_v6(&v6.octets()),
            #[cfg(not(feature = "ipv6"))]
            IpAddr::V6(_) => None,
        }
    }

    /// The usual form.
    #[must_use]
    pub fn ip(self) -> IpAddr {
        #[cfg(feature = "ipv6")]
        {
            match self.v4() {
                Some(v4) => IpAddr::V4(v4),
                None => IpAddr::V6(Ipv6Addr::from(self.v6_octets())),
            }
        }
        #[cfg(not(feature = "ipv6"))]
        IpAddr::V4(Ipv4Addr::from(self.v4_octets()))
    }

    /// The address as an IPv4 address, if it is one.
    #[inline]
    #[must_use]
    pub fn v4(self) -> Option<Ipv4Addr> {
        self.is_v4()
            .then(|| Ipv4Addr::from_octets(self.v4_octets()))
    }
}

#[cfg(not(feature = "ipv6"))]
impl Address {
    /// No address.
    pub const UNSPECIFIED: Self = Self(0);

    /// Whether it is an IPv4 address.
    #[inline(always)]
    #[must_use]
    pub const fn is_v4(self) -> bool {
        true
    }

    /// An IPv4 address as it stands on the wire.
    #[inline(always)]
    pub(crate) const fn from_v4(octets: [u8; 4]) -> Self {
        Self(u32::from_ne_bytes(octets))
    }

    /// An IPv4 address as it stands on the wire.
    #[inline(always)]
    pub(crate) const fn v4_octets(self) -> [u8; 4] {
        self.0.to_ne_bytes()
    }

    /// What a hash takes in, the same on every machine.
    pub(crate) const fn words(self) -> [u32; 1] {
        [u32::from_le(self.0)]
    }
}

#[cfg(feature = "ipv6")]
impl Address {
    /// No address.
    pub const UNSPECIFIED: Self = Self([0; 4]);

    /// What a mapped address begins with.
    const MAPPED: [u32; 3] = [0, 0, 0xffffu32.to_be()];

    /// Whether it is an IPv4 address.
    #[inline]
    #[must_use]
    pub const fn is_v4(self) -> bool {
        let [a, b, c, _] = self.0;
        let [_, _, mapped] = Self::MAPPED;
        a | b | (c ^ mapped) == 0
    }

    /// An IPv4 address as it stands on the wire.
    #[inline]
    pub(crate) const fn from_v4(octets: [u8; 4]) -> Self {
        let [a, b, c] = Self::MAPPED;
        Self([a, b, c, u32::from_ne_bytes(octets)])
    }

    /// An IPv4 address as it stands on the wire.
    #[inline]
    pub(crate) const fn v4_octets(self) -> [u8; 4] {
        let [_, _, _, last] = self.0;
        last.to_ne_bytes()
    }

    /// An IPv6 address as it stands on the wire; `None` if it is a mapped one.
    #[inline(never)]
    #[must_use]
    pub const fn from_v6(octets: &[u8; 16]) -> Option<Self> {
        // Written out: small code would make this a loop.
        let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = *octets;
        let address = Self([
            u32::from_ne_bytes([a, b, c, d]),
            u32::from_ne_bytes([e, f, g, h]),
            u32::from_ne_bytes([i, j, k, l]),
            u32::from_ne_bytes([m, n, o, p]),
        ]);
        if address.is_v4() { None } else { Some(address) }
    }

    /// An IPv6 address as it stands on the wire.
    #[inline]
    #[must_use]
    pub const fn v6_octets(self) -> [u8; 16] {
        let [one, two, three, four] = self.0;
        let [a, b, c, d] = one.to_ne_bytes();
        let [e, f, g, h] = two.to_ne_bytes();
        let [i, j, k, l] = three.to_ne_bytes();
        let [m, n, o, p] = four.to_ne_bytes();
        [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p]
    }

    /// How many bits at the start of both are the same.
    #[inline(never)]
    #[must_use]
    pub fn common_bits(&self, other: &Self) -> u32 {
        let mut count = 0;
        for (one, other) in self.0.iter().zip(&other.0) {
            let same = u32::from_be(one ^ other).leading_zeros();
            count += same;
            if same < 32 {
                break;
            }
        }
        count
    }

    /// The group of those whose address ends like this one (RFC 4291 section 2.7.1).
    #[inline(never)]
    #[must_use]
    pub const fn solicited_node(&self) -> Self {
        let [.., last] = self.0;
        let last = last & 0x00ff_ffff_u32.to_be() | 0xff00_0000_u32.to_be();
        Self([0xff02_0000_u32.to_be(), 0, 1_u32.to_be(), last])
    }

    /// What it ends in.
    #[inline]
    #[must_use]
    pub const fn last_octets(&self) -> [u8; 4] {
        let [.., last] = self.0;
        last.to_ne_bytes()
    }

    /// Whether it is an IPv6 multicast address.
    #[inline]
    #[must_use]
    pub const fn is_v6_multicast(self) -> bool {
        let [first, ..] = self.0;
        u32::from_be(first) >> 24 == 0xff
    }

    /// Whether it is an IPv6 address for one link (`fe80::/10`).
    #[inline]
    #[must_use]
    pub const fn is_link_local(self) -> bool {
        let [first, ..] = self.0;
        u32::from_be(first) >> 22 == 0xfe80 >> 6
    }

    /// What a hash takes in, the same on every machine.
    pub(crate) const fn words(self) -> [u32; 4] {
        let [a, b, c, d] = self.0;
        [
            u32::from_le(a),
            u32::from_le(b),
            u32::from_le(c),
            u32::from_le(d),
        ]
    }
}

impl From<Ipv4Addr> for Address {
    #[inline]
    fn from(address: Ipv4Addr) -> Self {
        Self::from_v4(address.octets())
    }
}

impl From<[u8; 4]> for Address {
    #[inline]
    fn from(octets: [u8; 4]) -> Self {
        Self::from_v4(octets)
    }
}

impl From<Address> for IpAddr {
    fn from(address: Address) -> Self {
        address.ip()
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.ip().fmt(f)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.ip().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_survives_packing() {
        let v4: IpAddr = "192.0.2.7".parse().unwrap();
        let packed = Address::new(v4).unwrap();
        assert_eq!(packed.ip(), v4);
        assert_eq!(packed.v4(), Some(Ipv4Addr::new(192, 0, 2, 7)));
        assert_eq!(packed.to_string(), "192.0.2.7");
        let v6: IpAddr = "2001:db8::7".parse().unwrap();
        let packed = Address::new(v6);
        assert_eq!(
            packed.map(Address::ip),
            cfg!(feature = "ipv6").then_some(v6)
        );
        assert_eq!(packed.and_then(Address::v4), None);
    }

    #[test]
    fn a_mapped_address_is_neither_family() {
        assert_eq!(Address::new("::ffff:192.0.2.7".parse().unwrap()), None);
    }

    #[cfg(feature = "ipv6")]
    #[test]
    fn ipv6_addresses_are_compared_and_told_apart_by_their_first_bits() {
        let at = |text: &str| Address::new(text.parse().unwrap()).unwrap();
        let octets = at("2001:db8::7").v6_octets();
        assert_eq!(Address::from_v6(&octets), Some(at("2001:db8::7")));
        for (one, other, bits) in [
            ("2001:db8::7", "2001:db8::7", 128),
            ("2001:db8::7", "2001:db8::6", 127),
            ("2001:db8::7", "2001:db8:0:8000::7", 48),
            ("2001:db8::7", "a001:db8::7", 0),
            ("::", "::1:0:0", 95),
        ] {
            assert_eq!(at(one).common_bits(&at(other)), bits, "{one} {other}");
        }
        assert_eq!(
            at("2001:db8::1:abcd:ef12").solicited_node(),
            at("ff02::1:ffcd:ef12")
        );
        assert_eq!(at("fe80::1:2").last_octets(), [0, 1, 0, 2]);
        for (text, near, group) in [
            ("fe80::1", true, false),
            ("febf:ffff::1", true, false),
            ("fec0::1", false, false),
            ("ff02::1", false, true),
            ("2001:db8::1", false, false),
        ] {
            let address = at(text);
            assert_eq!(
                (address.is_link_local(), address.is_v6_multicast()),
                (near, group)
            );
        }
    }
}
