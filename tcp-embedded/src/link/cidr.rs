//! Addresses with the length of their subnet's prefix.

use core::net::Ipv4Addr;
#[cfg(feature = "ipv6")]
use core::net::Ipv6Addr;

#[cfg(feature = "ipv6")]
use tcp_core::wire::Address;

/// An IPv4 address and the length of its subnet's prefix.
///
/// ```
/// use core::net::Ipv4Addr;
/// use tcp_embedded::Ipv4Cidr;
/// let ours = Ipv4Cidr::new(Ipv4Addr::new(192, 0, 2, 10), 24).unwrap();
/// assert!(ours.is_on_link(Ipv4Addr::new(192, 0, 2, 99)));
/// assert!(!ours.is_on_link(Ipv4Addr::new(192, 0, 2, 255)));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Ipv4Cidr {
    address: Ipv4Addr,
    prefix: u8,
}

impl Ipv4Cidr {
    /// `None` when the prefix is longer than 32, or the address is not one that a host may have.
    #[must_use]
    pub fn new(address: Ipv4Addr, prefix: u8) -> Option<Self> {
        (prefix <= 32 && is_host(address)).then_some(Self { address, prefix })
    }

    /// The address.
    #[must_use]
    pub const fn address(self) -> Ipv4Addr {
        self.address
    }

    /// The length of the prefix.
    #[must_use]
    pub const fn prefix(self) -> u8 {
        self.prefix
    }

    /// Whether `other` is another host's address in the same subnet.
    #[must_use]
    pub fn is_on_link(self, other: Ipv4Addr) -> bool {
        let mask = u32::MAX.checked_shr(self.prefix.into()).unwrap_or(0);
        let host = other.to_bits() & mask;
        let edge = self.prefix < 31 && (host == 0 || host == mask);
        (other.to_bits() ^ self.address.to_bits()) & !mask == 0 && !edge && other != self.address
    }
}

/// Whether a host may have this address.
pub(super) fn is_host(address: Ipv4Addr) -> bool {
    let [first, ..] = address.octets();
    !matches!(first, 0 | 127 | 224..)
}

/// An IPv6 address and the length of its subnet's prefix.
///
/// ```
/// use tcp_embedded::Ipv6Cidr;
/// let ours = Ipv6Cidr::new("2001:db8::7".parse()?, 64).unwrap();
/// assert!(ours.holds("2001:db8::ffff".parse()?));
/// assert!(!ours.holds("2001:db8:0:1::7".parse()?));
/// # Ok::<(), core::net::AddrParseError>(())
/// ```
#[cfg(feature = "ipv6")]
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Ipv6Cidr {
    address: Ipv6Addr,
    prefix: u8,
}

#[cfg(feature = "ipv6")]
impl Ipv6Cidr {
    /// `None` when the prefix is longer than 128, or the address is not one that a host may have.
    #[must_use]
    pub fn new(address: Ipv6Addr, prefix: u8) -> Option<Self> {
        let is_host = Address::new(address.into()).is_some_and(|address| is_host_v6(&address));
        (prefix <= 128 && is_host).then_some(Self { address, prefix })
    }

    /// The address.
    #[must_use]
    pub const fn address(self) -> Ipv6Addr {
        self.address
    }

    /// The length of the prefix.
    #[must_use]
    pub const fn prefix(self) -> u8 {
        self.prefix
    }

    /// Whether `other` is in the same subnet.
    #[must_use]
    pub fn holds(self, other: Ipv6Addr) -> bool {
        let differing = self.address.to_bits() ^ other.to_bits();
        differing.leading_zeros() >= self.prefix.into()
    }
}

/// Whether the first `prefix` bits of two addresses are the same.
#[cfg(feature = "ipv6")]
pub(super) fn shares(one: &Address, other: &Address, prefix: u8) -> bool {
    one.common_bits(other) >= prefix.into()
}

/// Whether a host may have this address: not the unspecified, loopback and multicast ones.
#[cfg(feature = "ipv6")]
pub(super) fn is_host_v6(address: &Address) -> bool {
    let [.., last] = address.last_octets();
    let is_low = last <= 1 && shares(address, &Address::UNSPECIFIED, 120);
    !is_low && !address.is_v6_multicast()
}
