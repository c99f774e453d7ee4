//! Default routers, and which prefixes are on the link (RFC 4861 sections 5.1 and 6.3).
//!
//! Both lists are small. What is in one stays until its time is over: a flood of advertisements
//! fills what is free and evicts nothing.

use core::net::Ipv6Addr;

use heapless::Vec;
use tcp_core::{Duration, Instant};

use super::super::cidr::shares;
use super::super::neighbor::Neighbors;

const ROUTERS: usize = 3;
const PREFIXES: usize = 4;

/// The moment at which a lifetime of so many seconds is over; `None`: never.
pub(super) fn until(now: Instant, seconds: u32) -> Option<Instant> {
    (seconds != u32::MAX).then(|| now + Duration::from_secs(seconds.into()))
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Entry {
    address: Ipv6Addr,
    /// Of a prefix; 128 for a router.
    len: u8,
    until: Option<Instant>,
}

/// Both lists.
#[derive(Debug)]
pub(super) struct Routers {
    routers: Vec<Entry, ROUTERS>,
    on_link: Vec<Entry, PREFIXES>,
}

/// Sets until when an entry counts, makes it, or removes it.
fn keep<const N: usize>(list: &mut Vec<Entry, N>, entry: Entry, now: Instant) {
    let is_over = entry.until.is_some_and(|until| until <= now);
    let same = |old: &Entry| (old.address, old.len) == (entry.address, entry.len);
    if is_over {
        list.retain(|old| !same(old));
    } else if let Some(old) = list.iter_mut().find(|old| same(old)) {
        old.until = entry.until;
    } else {
        // A full list keeps what it has.
        let _ = list.push(entry);
    }
}

impl Routers {
    pub(super) const fn new() -> Self {
        Self {
            routers: Vec::new(),
            on_link: Vec::new(),
        }
    }

    /// A router that is configured: for ever.
    pub(super) fn configure(&mut self, address: Ipv6Addr) {
        let entry = Entry {
            address,
            len: 128,
            until: None,
        };
        let _ = self.routers.insert(0, entry);
    }

    /// A router said for how many seconds it is one.
    pub(super) fn advertised(&mut self, now: Instant, address: Ipv6Addr, seconds: u16) {
        let configured = |entry: &Entry| entry.address == address && entry.until.is_none();
        if self.routers.iter().any(configured) {
            return;
        }
        let entry = Entry {
            address,
            len: 128,
            until: until(now, seconds.into()),
        };
        keep(&mut self.routers, entry, now);
    }

    /// A router said for how many seconds a prefix is on the link.
    pub(super) fn prefix(&mut self, now: Instant, (address, len): (Ipv6Addr, u8), seconds: u32) {
        let host = u128::MAX.checked_shr(len.into()).unwrap_or(0);
        let entry = Entry {
            address: Ipv6Addr::from_bits(address.to_bits() & !host),
            len,
            until: until(now, seconds),
        };
        keep(&mut self.on_link, entry, now);
    }

    /// Forgets what is over.
    pub(super) fn advance(&mut self, now: Instant) {
        let lasts = |entry: &Entry| entry.until.is_none_or(|until| now < until);
        self.routers.retain(lasts);
        self.on_link.retain(lasts);
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        let entries = self.routers.iter().chain(&self.on_link);
        entries.filter_map(|entry| entry.until).min()
    }

    pub(super) fn is_router(&self, address: Ipv6Addr) -> bool {
        self.routers.iter().any(|router| router.address == address)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.routers.is_empty()
    }

    pub(super) fn is_on_link(&self, address: Ipv6Addr) -> bool {
        self.on_link
            .iter()
            .any(|entry| shares(entry.address, address, entry.len))
    }

    /// Whom to give what is not on the link.
    //= https://www.rfc-editor.org/rfc/rfc4861#section-6.3.6
    //# Routers that are reachable or probably reachable (i.e., in any
    //# state other than INCOMPLETE) SHOULD be preferred over routers
    //# whose reachability is unknown or suspect
    pub(super) fn choose(&self, neighbors: &mut Neighbors<'_>) -> Option<Ipv6Addr> {
        let mut routers = self.routers.iter().map(|router| router.address);
        let first = routers.clone().next();
        routers
            .find(|router| !neighbors.is_silent(*router))
            .or(first)
    }
}
