//! Addresses and 4-tuples in the compact form in which the tables hold them.
//!
//! With IPv6 an address is 16 octets and an IPv4 address stands there in its mapped form
//! (`::ffff:a.b.c.d`); mapped addresses that come from a wire are refused, so the two families
//! never meet. Without IPv6 an address is four octets.

use core::net::{IpAddr, Ipv4Addr, SocketAddr};

use super::siphash::{IndexKey, Key as SipKey};
use crate::connection::Tuple;

/// Octets of a compact address.
pub(super) const ADDRESS_LEN: usize = if cfg!(feature = "ipv6") { 16 } else { 4 };

/// An address in compact form.
pub(super) type Octets = [u8; ADDRESS_LEN];

/// Where no address is meant.
pub(super) const UNSPECIFIED: Octets = [0; ADDRESS_LEN];

/// The compact form; `None` for what has none: IPv6 without the feature, and mapped addresses.
#[cfg(feature = "ipv6")]
pub(super) fn pack(address: IpAddr) -> Option<Octets> {
    match address {
        IpAddr::V4(v4) => Some(v4.to_ipv6_mapped().octets()),
        IpAddr::V6(v6) if v6.to_ipv4_mapped().is_some() => None,
        IpAddr::V6(v6) => Some(v6.octets()),
    }
}

/// The compact form; `None` for what has none: IPv6 without the feature, and mapped addresses.
#[cfg(not(feature = "ipv6"))]
pub(super) fn pack(address: IpAddr) -> Option<Octets> {
    match address {
        IpAddr::V4(v4) => Some(v4.octets()),
        IpAddr::V6(_) => None,
    }
}

/// The address that [`pack`] packed.
pub(super) fn unpack(octets: Octets) -> IpAddr {
    #[cfg(feature = "ipv6")]
    {
        let v6 = core::net::Ipv6Addr::from(octets);
        v6.to_ipv4_mapped().map_or(IpAddr::V6(v6), IpAddr::V4)
    }
    #[cfg(not(feature = "ipv6"))]
    IpAddr::V4(Ipv4Addr::from(octets))
}

/// The address as an IPv4 address, if it is one.
pub(super) fn as_v4(octets: Octets) -> Option<Ipv4Addr> {
    match unpack(octets) {
        IpAddr::V4(v4) => Some(v4),
        IpAddr::V6(_) => None,
    }
}

/// Octets of the IP header of a packet to this address.
pub(super) fn ip_header(octets: Octets) -> u16 {
    if as_v4(octets).is_some() { 20 } else { 40 }
}

/// Whether both addresses are IPv4, or both IPv6.
pub(super) fn same_family(one: Octets, other: Octets) -> bool {
    as_v4(one).is_some() == as_v4(other).is_some()
}

/// What a hash is for: no two purposes share an output.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(super) enum Purpose {
    /// Initial sequence number and timestamp offset.
    Sequence,
    /// Where the search for an ephemeral port starts.
    Port,
    /// How far the port counter steps.
    PortStep,
    /// How many stateless answers one period may have.
    Limiter,
}

/// A 4-tuple in compact form: local end, remote end.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
// Copied by words.
#[repr(align(4))]
pub(super) struct Key {
    pub(super) local: Octets,
    pub(super) remote: Octets,
    pub(super) local_port: u16,
    pub(super) remote_port: u16,
}

impl Key {
    /// Nobody to nobody.
    pub(super) const NONE: Self = Self {
        local: UNSPECIFIED,
        remote: UNSPECIFIED,
        local_port: 0,
        remote_port: 0,
    };

    /// Where a listener stands: the remote end is open.
    pub(super) const fn listener(local: Octets, port: u16) -> Self {
        Self {
            local,
            remote: UNSPECIFIED,
            local_port: port,
            remote_port: 0,
        }
    }

    /// Both ends in the public form.
    pub(super) fn tuple(&self) -> Tuple {
        Tuple {
            local: SocketAddr::new(unpack(self.local), self.local_port),
            remote: SocketAddr::new(unpack(self.remote), self.remote_port),
        }
    }

    /// Whether these are the addresses of its ends.
    pub(super) fn is_between(&self, local: Octets, remote: Octets) -> bool {
        self.remote == remote && self.local == local
    }

    /// Octets of the IP header.
    pub(super) fn ip_header(&self) -> u16 {
        ip_header(self.remote)
    }

    /// Where the tuple, or a listener, stands in the index. Listeners have no remote port, so they
    /// share no place with connections but by chance.
    pub(super) fn place(&self, key: IndexKey) -> u32 {
        let ports = u32::from(self.local_port) | u32::from(self.remote_port) << 16;
        let word = |octets: &[u8; 4]| u32::from_le_bytes(*octets);
        #[cfg(feature = "ipv6")]
        {
            let mut words = [ports; 9];
            let addresses = self.local.as_chunks::<4>().0.iter();
            let addresses = addresses.chain(self.remote.as_chunks::<4>().0);
            for (slot, octets) in words.iter_mut().zip(addresses) {
                *slot = word(octets);
            }
            key.hash(&words)
        }
        #[cfg(not(feature = "ipv6"))]
        key.hash(&[word(&self.local), word(&self.remote), ports])
    }

    /// The keyed hash for `purpose`, which a peer may see.
    pub(super) fn hash(&self, key: SipKey, purpose: Purpose) -> u64 {
        let ports = u64::from(self.local_port) | u64::from(self.remote_port) << 16;
        let last = ports | (purpose as u64) << 32;
        #[cfg(feature = "ipv6")]
        {
            let (local, remote) = (
                u128::from_le_bytes(self.local),
                u128::from_le_bytes(self.remote),
            );
            let words = [
                local as u64,
                (local >> 64) as u64,
                remote as u64,
                (remote >> 64) as u64,
                last,
            ];
            key.hash(&words)
        }
        #[cfg(not(feature = "ipv6"))]
        {
            let local = u64::from(u32::from_le_bytes(self.local));
            let remote = u64::from(u32::from_le_bytes(self.remote));
            key.hash(&[local | remote << 32, last])
        }
    }
}

/// The upper half of a hash.
pub(super) const fn upper(hash: u64) -> u32 {
    (hash >> 32) as u32
}

/// The lower half of a hash.
pub(super) const fn lower(hash: u64) -> u32 {
    hash as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_survives_packing() {
        let v4: IpAddr = "192.0.2.7".parse().unwrap();
        assert_eq!(pack(v4).map(unpack), Some(v4));
        assert_eq!(pack(v4).and_then(as_v4), Some(Ipv4Addr::new(192, 0, 2, 7)));
        let v6: IpAddr = "2001:db8::7".parse().unwrap();
        assert_eq!(pack(v6).map(unpack), cfg!(feature = "ipv6").then_some(v6));
    }

    #[test]
    fn a_mapped_address_is_neither_family() {
        assert_eq!(pack("::ffff:192.0.2.7".parse().unwrap()), None);
    }

    #[test]
    fn every_field_and_the_purpose_change_the_hash() {
        let key = SipKey::new([7; 16]);
        let base = Key {
            local: [1; ADDRESS_LEN],
            remote: [2; ADDRESS_LEN],
            local_port: 3,
            remote_port: 4,
        };
        let swapped = Key {
            local: base.remote,
            remote: base.local,
            ..base
        };
        let ports = Key {
            local_port: 4,
            remote_port: 3,
            ..base
        };
        let of = |key_: &Key| key_.hash(key, Purpose::Sequence);
        assert!(of(&base) != of(&swapped) && of(&base) != of(&ports));
        assert_ne!(of(&base), base.hash(key, Purpose::Port));
        assert_ne!(
            of(&base),
            base.hash(SipKey::new([8; 16]), Purpose::Sequence)
        );
    }
}
