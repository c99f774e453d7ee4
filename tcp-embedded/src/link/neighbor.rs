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

#[cfg(not(feature = "ipv6"))]
use core::net::Ipv4Addr;
#[cfg(feature = "ipv6")]
use core::net::{Ipv4Addr, Ipv6Addr};

use tcp_core::{Duration, Instant};

use crate::mac::MacAddress;

//= https://www.rfc-editor.org/rfc/rfc1122#section-2.3.2.1
//# The recommended maximum rate is 1 per second per
//# destination.
const BETWEEN_REQUESTS: Duration = Duration::from_secs(1);
/// An answer is trusted for so long, and an entry in use is safe for so long. RFC 1122 section
/// 2.3.2.1 names timeouts of the order of a minute where proxy ARP is in use.
const MINUTE: Duration = Duration::from_secs(60);
/// Requests to the old address before it is given up.
const VERIFICATIONS: u8 = 3;

/// An address on the link as the cache holds it; an IPv4 address stands in its mapped form.
#[cfg(feature = "ipv6")]
pub(crate) type Hop = Ipv6Addr;
/// An address on the link as the cache holds it.
#[cfg(not(feature = "ipv6"))]
pub(crate) type Hop = Ipv4Addr;

/// The form of an IPv4 address in the cache.
pub(crate) const fn hop(address: Ipv4Addr) -> Hop {
    #[cfg(feature = "ipv6")]
    return address.to_ipv6_mapped();
    #[cfg(not(feature = "ipv6"))]
    return address;
}

/// One entry of the cache: opaque, to be lent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Neighbor {
    /// Unspecified: the entry is free.
    address: Hop,
    mac: Option<MacAddress>,
    /// When the last answer came.
    confirmed: Instant,
    /// When the last unanswered request was sent, if there is one.
    asked: Instant,
    /// When a packet was last sent there.
    used: Instant,
    /// Requests since the last answer.
    requests: u8,
}

impl Neighbor {
    /// Nobody.
    pub const EMPTY: Self = Self {
        address: Hop::UNSPECIFIED,
        mac: None,
        confirmed: Instant::ZERO,
        asked: Instant::ZERO,
        used: Instant::ZERO,
        requests: 0,
    };

    const fn is_free(&self) -> bool {
        self.address.is_unspecified()
    }

    /// Whether a request may be sent; if so, it is.
    fn ask(&mut self, now: Instant) -> bool {
        if self.asked_lately(now) {
            return false;
        }
        self.asked = now;
        self.requests = self.requests.saturating_add(1);
        true
    }

    fn asked_lately(&self, now: Instant) -> bool {
        self.requests > 0 && now - self.asked < BETWEEN_REQUESTS
    }

    /// When it may be evicted: a rank, the lowest first, and when it was used.
    fn evictable(&self, now: Instant) -> Option<(u8, Instant)> {
        let asked_lately = self.asked_lately(now);
        let used_lately = now - self.used < MINUTE;
        match self.mac {
            _ if self.is_free() => Some((0, self.used)),
            _ if asked_lately => None,
            None => Some((1, self.used)),
            Some(_) if used_lately => None,
            Some(_) => Some((2, self.used)),
        }
    }
}

/// What is known of an address.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Resolution {
    /// Here it is.
    Known(MacAddress),
    /// Here it is; it is time to verify it with a request.
    Verify(MacAddress),
    /// Not known; a request is due.
    Ask {
        /// Whose entry was taken for it.
        evicted: Option<Hop>,
    },
    /// Not known; the answer to a request is awaited.
    Wait,
    /// Not known, and no entry can be given up for it.
    Full,
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

    /// The address of a neighbour to whom something is to be sent. With `Verify` and `Ask` the
    /// caller sends the request. Whom `keep` names is not evicted.
    pub(super) fn resolve(
        &mut self,
        now: Instant,
        address: Hop,
        keep: impl Fn(Hop) -> bool,
    ) -> Resolution {
        let Some(entry) = self.find(address) else {
            return self.begin(now, address, keep);
        };
        entry.used = now;
        let Some(mac) = entry.mac else {
            return if entry.ask(now) {
                Resolution::Ask { evicted: None }
            } else {
                Resolution::Wait
            };
        };
        if now - entry.confirmed < MINUTE {
            return Resolution::Known(mac);
        }
        if !entry.ask(now) {
            return Resolution::Known(mac);
        }
        if entry.requests > VERIFICATIONS {
            entry.mac = None;
            return Resolution::Ask { evicted: None };
        }
        Resolution::Verify(mac)
    }

    /// An answer: whether it was asked for.
    pub(super) fn confirm(&mut self, now: Instant, address: Hop, mac: MacAddress) -> bool {
        let Some(entry) = self.find(address).filter(|entry| entry.requests > 0) else {
            return false;
        };
        entry.mac = Some(mac);
        entry.confirmed = now;
        entry.requests = 0;
        true
    }

    /// The hardware address that `address` is believed to have.
    #[cfg(feature = "ipv6")]
    pub(super) fn known(&mut self, address: Hop) -> Option<MacAddress> {
        self.find(address)?.mac
    }

    /// Whether `address` was asked for in vain so often that another way should be tried.
    #[cfg(feature = "ipv6")]
    pub(super) fn is_silent(&mut self, address: Hop) -> bool {
        self.find(address)
            .is_some_and(|entry| entry.mac.is_none() && entry.requests >= VERIFICATIONS)
    }

    /// `address` shows that it is there: it is worth trying.
    #[cfg(feature = "ipv6")]
    pub(super) fn revive(&mut self, address: Hop) {
        if let Some(entry) = self.find(address) {
            entry.requests = entry.requests.min(1);
        }
    }

    fn find(&mut self, address: Hop) -> Option<&mut Neighbor> {
        self.entries
            .iter_mut()
            .find(|entry| entry.address == address && !entry.is_free())
    }

    fn begin(&mut self, now: Instant, address: Hop, keep: impl Fn(Hop) -> bool) -> Resolution {
        let candidates = self.entries.iter_mut();
        let victim = candidates
            .filter_map(|entry| Some((entry.evictable(now)?, entry)))
            .filter(|(_, entry)| entry.is_free() || !keep(entry.address))
            .min_by_key(|(rank, _)| *rank);
        let Some((_, entry)) = victim else {
            return Resolution::Full;
        };
        let evicted = (!entry.is_free()).then_some(entry.address);
        *entry = Neighbor {
            address,
            used: now,
            asked: now,
            requests: 1,
            ..Neighbor::EMPTY
        };
        Resolution::Ask { evicted }
    }
}

#[cfg(test)]
mod tests;
