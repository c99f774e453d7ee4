//! Default routers, and which prefixes are on the link (RFC 4861 sections 5.1 and 6.3).
//!
//! Both lists are small. What is in one stays until its time is over: a flood of advertisements
//! fills what is free and evicts nothing.

use core::net::Ipv6Addr;

use heapless::Vec;
use tcp_core::{Duration, Instant};

use super::super::cidr::shares;
use super::super::neighbor::Neighbors;

/// Entries of each list.
const ENTRIES: usize = 4;
/// When what lasts for ever ends.
pub(super) const NEVER: Instant = Instant::from_micros(u64::MAX);

/// The moment at which a lifetime of so many seconds is over; all ones: never.
pub(super) fn until(now: Instant, seconds: u32) -> Instant {
    if seconds == u32::MAX {
        NEVER
    } else {
        now + Duration::from_secs(seconds.into())
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Entry {
    address: Ipv6Addr,
    /// Of a prefix; 128 for a host.
    len: u8,
    until: Instant,
}

/// Addresses or prefixes, each for its time.
#[derive(Debug)]
pub(super) struct List(Vec<Entry, ENTRIES>);

impl List {
    pub(super) const fn new() -> Self {
        Self(Vec::new())
    }

    /// Sets until when an entry counts, makes it, or removes it.
    pub(super) fn keep(&mut self, now: Instant, (address, len): (Ipv6Addr, u8), until: Instant) {
        let same = |old: &Entry| (old.address, old.len) == (address, len);
        if until <= now {
            self.0.retain(|old| !same(old));
        } else if let Some(old) = self.0.iter_mut().find(|old| same(old)) {
            old.until = until;
        } else {
            // A full list keeps what it has.
            let _ = self.0.push(Entry {
                address,
                len,
                until,
            });
        }
    }

    /// Forgets what is over.
    pub(super) fn advance(&mut self, now: Instant) {
        self.0.retain(|entry| now < entry.until);
    }

    pub(super) fn addresses(&self) -> impl Iterator<Item = Ipv6Addr> + Clone {
        self.0.iter().map(|entry| entry.address)
    }

    pub(super) fn deadline(&self) -> Instant {
        let times = self.0.iter().map(|entry| entry.until);
        times.fold(NEVER, Instant::min)
    }
}

/// Both lists.
#[derive(Debug)]
pub(super) struct Routers {
    configured: Option<Ipv6Addr>,
    routers: List,
    on_link: List,
}

impl Routers {
    pub(super) const fn new() -> Self {
        Self {
            configured: None,
            routers: List::new(),
            on_link: List::new(),
        }
    }

    /// A router that is configured: for ever, and first.
    pub(super) fn configure(&mut self, address: Ipv6Addr) {
        self.configured = Some(address);
    }

    /// A router said for how many seconds it is one.
    pub(super) fn advertised(&mut self, now: Instant, address: Ipv6Addr, seconds: u16) {
        if self.configured != Some(address) {
            let until = until(now, seconds.into());
            self.routers.keep(now, (address, 128), until);
        }
    }

    /// A router said for how many seconds a prefix is on the link.
    pub(super) fn prefix(&mut self, now: Instant, (address, len): (Ipv6Addr, u8), seconds: u32) {
        let host = u128::MAX.checked_shr(len.into()).unwrap_or(0);
        let address = Ipv6Addr::from_bits(address.to_bits() & !host);
        self.on_link.keep(now, (address, len), until(now, seconds));
    }

    /// Forgets what is over.
    pub(super) fn advance(&mut self, now: Instant) {
        self.routers.advance(now);
        self.on_link.advance(now);
    }

    pub(super) fn deadline(&self) -> Instant {
        self.routers.deadline().min(self.on_link.deadline())
    }

    pub(super) fn is_router(&self, address: Ipv6Addr) -> bool {
        self.all().any(|router| router == address)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.all().next().is_none()
    }

    pub(super) fn is_on_link(&self, address: Ipv6Addr) -> bool {
        let mut prefixes = self.on_link.0.iter();
        prefixes.any(|entry| shares(entry.address, address, entry.len))
    }

    fn all(&self) -> impl Iterator<Item = Ipv6Addr> + Clone {
        self.configured.into_iter().chain(self.routers.addresses())
    }

    /// Whom to give what is not on the link.
    //= https://www.rfc-editor.org/rfc/rfc4861#section-6.3.6
    //# Routers that are reachable or probably reachable (i.e., in any
    //# state other than INCOMPLETE) SHOULD be preferred over routers
    //# whose reachability is unknown or suspect
    pub(super) fn choose(&self, neighbors: &mut Neighbors<'_>) -> Option<Ipv6Addr> {
        let mut routers = self.all();
        let first = routers.clone().next();
        routers
            .find(|router| !neighbors.is_silent(*router))
            .or(first)
    }
}
