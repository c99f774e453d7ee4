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
    pub(crate) fn from_v6(octets: &[u8; 16]) -> Option<Self> {
        let mut words = [0; 4];
        for (word, octets) in words.iter_mut().zip(octets.as_chunks::<4>().0) {
            *word = u32::from_ne_bytes(*octets);
        }
        let address = Self(words);
        (!address.is_v4()).then_some(address)
    }

    /// An IPv6 address as it stands on the wire.
    pub(crate) fn v6_octets(self) -> [u8; 16] {
        let mut octets = [0; 16];
        for (octets, word) in octets.as_chunks_mut::<4>().0.iter_mut().zip(self.0) {
            *octets = word.to_ne_bytes();
        }
        octets
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
}
