//! The neighbour cache: which hardware address an address on the link has. One cache serves both
//! families.
//!
//! Policy, where RFC 826 leaves a choice or is too trusting, and where RFC 4861 lets others make
//! entries:
//!
//! - An entry is made only because this host has something to send. Nothing that is received makes
//!   one, so no flood of requests or replies fills the cache or evicts anybody.
//! - An answer is believed only while a request for it is outstanding. Requests and unsolicited
//!   replies never change an entry.
//! - An address that was learnt is verified after a minute, with a request to that very host while
//!   the old address stays in use; three requests without an answer, and the search begins anew.
//! - One request a second for each address (RFC 1122 section 2.3.2.1). An entry that asked keeps
//!   its place for that second, so eviction cannot be used to ask more often.
//! - Eviction takes unanswered entries first, then those that were not used for a minute, never
//!   one that is kept: a gateway's, or that of the peer of a live connection. When nobody qualifies
//!   the packet is dropped.

use tcp_core::Instant;
use tcp_core::wire::Address;

use super::moment::{Moment, Span};
use crate::mac::MacAddress;

//= https://www.rfc-editor.org/rfc/rfc1122#section-2.3.2.1
//# The recommended maximum rate is 1 per second per
//# destination.
const BETWEEN_REQUESTS: Span = Span::from_secs(1);
/// An answer is trusted for so long, and an entry in use is safe for so long. RFC 1122 section
/// 2.3.2.1 names timeouts of the order of a minute where proxy ARP is in use.
const MINUTE: Span = Span::from_secs(60);
/// Requests to the old address before it is given up.
const VERIFICATIONS: u8 = 3;

/// An address on the link as the cache holds it.
pub(crate) type Hop = Address;

/// One entry of the cache: opaque, to be lent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Neighbor {
    /// Unspecified: the entry is free.
    address: Hop,
    /// Where requests go: everyone's while its own is not known.
    mac: MacAddress,
    /// Requests since the last answer.
    requests: u8,
    /// When the last request was sent or, if it was answered, when it was.
    checked: Moment,
    /// When a packet was last sent there.
    used: Moment,
}

impl Neighbor {
    /// Nobody.
    pub const EMPTY: Self = Self {
        address: Hop::UNSPECIFIED,
        mac: MacAddress([0; 6]),
        requests: 0,
        checked: Moment::ORIGIN,
        used: Moment::ORIGIN,
    };

    const fn is_free(&self) -> bool {
        matches!(self.address, Hop::UNSPECIFIED)
    }

    /// For how long it has been worth nothing; `None` when it may not be evicted. Who did not
    /// answer is older than anybody who did.
    fn age(&self, now: Moment) -> Option<u32> {
        if self.is_free() {
            return Some(u32::MAX);
        }
        let silent = self.mac.is_group();
        let (since, safe) = if silent {
            (self.checked, BETWEEN_REQUESTS)
        } else {
            (self.used, MINUTE)
        };
        let idle = since.until(now);
        (idle >= safe).then_some(u32::from(silent) << 31 | idle.units() >> 1)
    }
}

/// What the cache says of a neighbour.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Resolution<'n> {
    /// Its hardware address; everyone's while that is not known.
    pub(super) mac: &'n MacAddress,
    /// Whether a request is to be sent there.
    pub(super) asks: bool,
    /// Whose entry was given up for it, or the unspecified address.
    pub(super) evicted: Hop,
}

/// The cache.
#[derive(Debug)]
pub(super) struct Neighbors<'a> {
    entries: &'a mut [Neighbor],
}

impl<'a> Neighbors<'a> {
    pub(super) fn new(entries: &'a mut [Neighbor]) -> Self {
        entries.fill(Neighbor::EMPTY);
        Self { entries }
    }

    /// The address of a neighbour to whom something is to be sent; `None` when it is not known and
    /// no entry can be given up for it. Whom `keep` names is not evicted.
    pub(super) fn resolve(
        &mut self,
        now: Instant,
        address: Hop,
        keep: impl Fn(Hop) -> bool,
    ) -> Option<Resolution<'_>> {
        let now = Moment::at(now);
        let (entry, evicted) = self.entry(now, address, keep)?;
        entry.used = now;
        let patience = if entry.requests == 0 {
            MINUTE
        } else {
            BETWEEN_REQUESTS
        };
        let asks = entry.checked.until(now) >= patience;
        if asks {
            entry.checked = now;
            entry.requests = entry.requests.saturating_add(1);
            if entry.requests > VERIFICATIONS {
                entry.mac = MacAddress::BROADCAST;
            }
        }
        Some(Resolution {
            mac: &entry.mac,
            asks,
            evicted,
        })
    }

    /// The entry for `address`, which may be made of one that is free or given up, and whose it
    /// was before.
    fn entry(
        &mut self,
        now: Moment,
        address: Hop,
        keep: impl Fn(Hop) -> bool,
    ) -> Option<(&mut Neighbor, Hop)> {
        let mut oldest = None;
        let mut so_far = 0;
        for entry in self.entries.iter_mut() {
            if entry.address == address {
                return Some((entry, Hop::UNSPECIFIED));
            }
            if let Some(age) = entry.age(now)
                && age >= so_far
                && (entry.is_free() || !keep(entry.address))
            {
                so_far = age;
                oldest = Some(entry);
            }
        }
        let entry = oldest?;
        let evicted = entry.address;
        *entry = Neighbor {
            address,
            mac: MacAddress::BROADCAST,
            requests: 0,
            checked: now.before(MINUTE),
            used: now,
        };
        Some((entry, evicted))
    }

    /// An answer: whether it was asked for.
    pub(super) fn confirm(&mut self, now: Instant, address: &Hop, mac: MacAddress) -> bool {
        let Some(entry) = self.find(address).filter(|entry| entry.requests > 0) else {
            return false;
        };
        entry.mac = mac;
        entry.checked = Moment::at(now);
        entry.requests = 0;
        true
    }

    /// The hardware address that `address` is believed to have.
    #[cfg(feature = "ipv6")]
    pub(super) fn known(&mut self, address: &Hop) -> Option<MacAddress> {
        let mac = self.find(address)?.mac;
        (!mac.is_group()).then_some(mac)
    }

    /// Whether `address` was asked for in vain so often that another way should be tried.
    #[cfg(feature = "ipv6")]
    pub(super) fn is_silent(&mut self, address: &Hop) -> bool {
        self.find(address)
            .is_some_and(|entry| entry.mac.is_group() && entry.requests >= VERIFICATIONS)
    }

    /// `address` shows that it is there: it is worth trying.
    #[cfg(feature = "ipv6")]
    pub(super) fn revive(&mut self, address: &Hop) {
        if let Some(entry) = self.find(address) {
            entry.requests = entry.requests.min(1);
        }
    }

    fn find(&mut self, address: &Hop) -> Option<&mut Neighbor> {
        self.entries
            .iter_mut()
            .find(|entry| entry.address == *address && !entry.is_free())
    }
}

#[cfg(test)]
mod tests;
