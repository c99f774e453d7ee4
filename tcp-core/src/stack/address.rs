//! 4-tuples as keys: where they stand in the index, and what their keyed hashes are for.

use super::siphash::{IndexKey, Key as SipKey};
use crate::connection::Tuple;
use crate::wire::Address;

/// What a hash is for: no two purposes share an output.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(super) enum Purpose {
    /// Initial sequence number and timestamp offset.
    Sequence,
    /// Where the search for an ephemeral port starts.
    Port,
    /// How many stateless answers one period may have.
    Limiter,
}

/// A 4-tuple, by which the tables are searched.
pub(super) type Key = Tuple;

impl Key {
    /// Nobody to nobody.
    pub(super) const NONE: Self = Self {
        local: Address::UNSPECIFIED,
        remote: Address::UNSPECIFIED,
        local_port: 0,
        remote_port: 0,
    };

    /// Where a listener stands: the remote end is open.
    pub(super) const fn listener(local: Address, port: u16) -> Self {
        Self {
            local,
            remote: Address::UNSPECIFIED,
            local_port: port,
            remote_port: 0,
        }
    }

    /// Whether these are the addresses of its ends.
    pub(super) fn is_between(&self, local: Address, remote: Address) -> bool {
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
        #[cfg(feature = "ipv6")]
        {
            let ([a, b, c, d], [e, f, g, h]) = (self.local.words(), self.remote.words());
            key.hash(&[a, b, c, d, e, f, g, h, ports])
        }
        #[cfg(not(feature = "ipv6"))]
        {
            let ([local], [remote]) = (self.local.words(), self.remote.words());
            key.hash(&[local, remote, ports])
        }
    }

    /// The keyed hash for `purpose`, which a peer may see.
    pub(super) fn hash(&self, key: SipKey, purpose: Purpose) -> u64 {
        let ports = u64::from(self.local_port) | u64::from(self.remote_port) << 16;
        let last = ports | (purpose as u64) << 32;
        let long = |low: u32, high: u32| u64::from(low) | u64::from(high) << 32;
        #[cfg(feature = "ipv6")]
        {
            let ([a, b, c, d], [e, f, g, h]) = (self.local.words(), self.remote.words());
            key.hash(&[long(a, b), long(c, d), long(e, f), long(g, h), last])
        }
        #[cfg(not(feature = "ipv6"))]
        {
            let ([local], [remote]) = (self.local.words(), self.remote.words());
            key.hash(&[long(local, remote), last])
        }
    }
}

/// Octets of the IP header of a packet to this address.
pub(super) const fn ip_header(address: Address) -> u16 {
    if address.is_v4() { 20 } else { 40 }
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
    fn every_field_and_the_purpose_change_the_hash() {
        let key = SipKey::new([7; 16]);
        let base = Key {
            local: Address::from_v4([10, 0, 0, 1]),
            remote: Address::from_v4([10, 0, 0, 2]),
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
