//! An address with the length of its network's prefix.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// An address and how many of its leading bits name the network.
///
/// ```
/// use tcp_std::Cidr;
/// let ours: Cidr = "10.0.0.1/24".parse()?;
/// assert_eq!(ours.neighbour().unwrap().to_string(), "10.0.0.2/24");
/// # Ok::<(), tcp_std::CidrError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Cidr {
    address: IpAddr,
    prefix: u8,
}

impl Cidr {
    /// `None` when the prefix is longer than the address.
    #[must_use]
    pub const fn new(address: IpAddr, prefix: u8) -> Option<Self> {
        let longest = match address {
            IpAddr::V4(_) => 32,
            IpAddr::V6(_) => 128,
        };
        if prefix > longest {
            return None;
        }
        Some(Self { address, prefix })
    }

    /// The address.
    #[must_use]
    pub const fn address(self) -> IpAddr {
        self.address
    }

    /// The number of bits that name the network.
    #[must_use]
    pub const fn prefix(self) -> u8 {
        self.prefix
    }

    /// Whether `address` is in the same network.
    #[must_use]
    pub fn contains(self, address: IpAddr) -> bool {
        match (self.address, address) {
            (IpAddr::V4(ours), IpAddr::V4(other)) => {
                (u32::from(ours) ^ u32::from(other)) & !host_mask_v4(self.prefix) == 0
            }
            (IpAddr::V6(ours), IpAddr::V6(other)) => {
                (u128::from(ours) ^ u128::from(other)) & !host_mask_v6(self.prefix) == 0
            }
            _ => false,
        }
    }

    /// The next host of the same network, or the one before when there is none after; `None` in a
    /// network of one address.
    #[must_use]
    pub fn neighbour(self) -> Option<Self> {
        let after = self.address_at(1).filter(|address| self.is_host(*address));
        let address = match after {
            Some(address) => address,
            None => self
                .address_at(-1)
                .filter(|address| self.is_host(*address))?,
        };
        Some(Self {
            address,
            prefix: self.prefix,
        })
    }

    fn address_at(self, distance: i8) -> Option<IpAddr> {
        match self.address {
            IpAddr::V4(address) => u32::from(address)
                .checked_add_signed(distance.into())
                .map(|bits| Ipv4Addr::from(bits).into()),
            IpAddr::V6(address) => u128::from(address)
                .checked_add_signed(distance.into())
                .map(|bits| Ipv6Addr::from(bits).into()),
        }
    }

    /// In the network, and neither its own address nor its broadcast address. Networks of two
    /// addresses have neither (RFC 3021, RFC 6164).
    fn is_host(self, address: IpAddr) -> bool {
        if !self.contains(address) {
            return false;
        }
        match address {
            IpAddr::V4(address) => {
                let mask = host_mask_v4(self.prefix);
                let host = u32::from(address) & mask;
                self.prefix >= 31 || (host != 0 && host != mask)
            }
            IpAddr::V6(address) => {
                let host = u128::from(address) & host_mask_v6(self.prefix);
                self.prefix >= 127 || host != 0
            }
        }
    }
}

fn host_mask_v4(prefix: u8) -> u32 {
    u32::MAX.checked_shr(prefix.into()).unwrap_or(0)
}

fn host_mask_v6(prefix: u8) -> u128 {
    u128::MAX.checked_shr(prefix.into()).unwrap_or(0)
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

/// The text is not an address with a prefix length.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CidrError;

impl fmt::Display for CidrError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected an address and a prefix length, like 10.0.0.1/24 or fd00::1/64")
    }
}

impl std::error::Error for CidrError {}

impl FromStr for Cidr {
    type Err = CidrError;

    fn from_str(text: &str) -> Result<Self, CidrError> {
        let (address, prefix) = text.split_once('/').ok_or(CidrError)?;
        let address = address.parse().map_err(|_| CidrError)?;
        let digits = !prefix.is_empty() && prefix.bytes().all(|octet| octet.is_ascii_digit());
        let prefix = prefix.parse().map_err(|_| CidrError)?;
        Self::new(address, prefix)
            .filter(|_| digits)
            .ok_or(CidrError)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cidr(text: &str) -> Cidr {
        text.parse().expect(text)
    }

    #[test]
    fn the_neighbour_is_the_next_host_or_the_one_before() {
        for (ours, expected) in [
            ("10.0.0.1/24", "10.0.0.2/24"),
            ("10.0.0.254/24", "10.0.0.253/24"),
            ("10.0.0.0/31", "10.0.0.1/31"),
            ("10.0.0.1/31", "10.0.0.0/31"),
            ("255.255.255.254/8", "255.255.255.253/8"),
            ("fd00::1/64", "fd00::2/64"),
            ("fd00::1/127", "fd00::/127"),
            ("fd00::ffff/112", "fd00::fffe/112"),
        ] {
            assert_eq!(cidr(ours).neighbour(), Some(cidr(expected)), "{ours}");
        }
        assert_eq!(cidr("10.0.0.1/32").neighbour(), None);
        assert_eq!(cidr("fd00::1/128").neighbour(), None);
    }

    #[test]
    fn a_network_contains_its_addresses_and_no_others() {
        assert!(cidr("10.1.2.3/8").contains("10.9.9.9".parse().unwrap()));
        assert!(!cidr("10.1.2.3/16").contains("10.9.9.9".parse().unwrap()));
        assert!(cidr("0.0.0.0/0").contains("203.0.113.9".parse().unwrap()));
        assert!(!cidr("0.0.0.0/0").contains("fd00::1".parse().unwrap()));
        assert!(cidr("fd00::1/64").contains("fd00::abcd".parse().unwrap()));
    }

    #[test]
    fn what_is_not_an_address_with_a_prefix_is_refused() {
        for text in [
            "",
            "10.0.0.1",
            "10.0.0.1/",
            "10.0.0.1/33",
            "10.0.0/24",
            "fd00::1/129",
            "/8",
            "10.0.0.1/+8",
            "10.0.0.1/-1",
            "10.0.0.1/8/8",
        ] {
            assert_eq!(text.parse::<Cidr>(), Err(CidrError), "{text}");
        }
    }
}
