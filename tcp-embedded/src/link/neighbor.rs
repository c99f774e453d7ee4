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

use tcp_core::Instant;

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

/// A time in units of 16 microseconds, modulo 2^32: half the memory of an [`Instant`], and a
/// fraction of its instructions. What happened 19 hours ago may seem to have happened lately: then
/// an address is in use for a minute before it is verified.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Moment(u32);

/// So many of these units.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Span(u32);

impl Span {
    const fn from_secs(secs: u32) -> Self {
        Self(secs * 62_500)
    }
}

impl Moment {
    #[expect(clippy::cast_possible_truncation, reason = "modulo 2^32 is meant")]
    const fn at(now: Instant) -> Self {
        Self((now.as_micros() >> 4) as u32)
    }

    /// The time from here to `now`.
    const fn until(self, now: Self) -> Span {
        Span(now.0.wrapping_sub(self.0))
    }
}

/// One entry of the cache: opaque, to be lent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Neighbor {
    /// Unspecified: the entry is free.
    address: Hop,
    mac: Option<MacAddress>,
    /// When the last answer came.
    confirmed: Moment,
    /// When the last unanswered request was sent, if there is one.
    asked: Moment,
    /// When a packet was last sent there.
    used: Moment,
    /// Requests since the last answer.
    requests: u8,
}

impl Neighbor {
    /// Nobody.
    pub const EMPTY: Self = Self {
        address: Hop::UNSPECIFIED,
        mac: None,
        confirmed: Moment(0),
        asked: Moment(0),
        used: Moment(0),
        requests: 0,
    };

    const fn is_free(&self) -> bool {
        self.address.is_unspecified()
    }

    /// Whether a request may be sent; if so, it is.
    fn ask(&mut self, now: Moment) -> bool {
        if self.asked_lately(now) {
            return false;
        }
        self.asked = now;
        self.requests = self.requests.saturating_add(1);
        true
    }

    fn asked_lately(&self, now: Moment) -> bool {
        self.requests > 0 && self.asked.until(now) < BETWEEN_REQUESTS
    }

    /// How worthy it is to be kept: who may be evicted, from those to be taken first to those that
    /// were used last; `None` for who may not.
    fn worth(&self, now: Moment) -> Option<u32> {
        let idle = self.used.until(now);
        // What was used longest ago goes first, among those of a kind.
        let late = (u32::MAX - idle.0) >> 2;
        match self.mac {
            _ if self.is_free() => Some(0),
            _ if self.asked_lately(now) => None,
            None => Some(1 << 30 | late),
            Some(_) if idle < MINUTE => None,
            Some(_) => Some(2 << 30 | late),
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
        let now = Moment::at(now);
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
        if entry.confirmed.until(now) < MINUTE {
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
        entry.confirmed = Moment::at(now);
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

    fn begin(&mut self, now: Moment, address: Hop, keep: impl Fn(Hop) -> bool) -> Resolution {
        let mut victim = (u32::MAX, None);
        for entry in self.entries.iter_mut() {
            if let Some(worth) = entry.worth(now)
                && worth < victim.0
                && (entry.is_free() || !keep(entry.address))
            {
                victim = (worth, Some(entry));
            }
        }
        let (_, Some(entry)) = victim else {
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
