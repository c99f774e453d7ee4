//! Default routers, and which prefixes are on the link (RFC 4861 sections 5.1 and 6.3).
//!
//! The lists are small. What is in one stays until its time is over: a flood of advertisements
//! fills what is free and evicts nothing. What is configured stands first, and stays.

use tcp_core::wire::Address;
use tcp_core::{Duration, Instant};

use super::super::cidr::shares;
use super::super::neighbor::Neighbors;

/// Entries of a list: one that is configured, and four that routers told of.
const ENTRIES: usize = 5;
/// When what lasts for ever ends.
pub(super) const NEVER: Instant = Instant::from_micros(u64::MAX);
/// The length of a prefix that is a host.
pub(super) const HOST: u8 = 128;

/// The moment at which a lifetime of so many seconds is over; all ones: never.
#[inline(never)]
pub(super) fn until(now: Instant, seconds: u32) -> Instant {
    if seconds == u32::MAX {
        NEVER
    } else {
        now + Duration::from_secs(seconds.into())
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Entry {
    address: Address,
    /// Of a prefix.
    len: u8,
    is_configured: bool,
    /// The entry is free from here on.
    until: Instant,
}

/// Addresses or prefixes, each for its time.
#[derive(Debug)]
pub(super) struct List([Entry; ENTRIES]);

impl List {
    pub(super) const fn new() -> Self {
        let free = Entry {
            address: Address::UNSPECIFIED,
            len: 0,
            is_configured: false,
            until: Instant::ZERO,
        };
        Self([free; ENTRIES])
    }

    /// An entry for ever, in a list that is empty.
    pub(super) fn configure(&mut self, address: Address, len: u8) {
        let [first, ..] = &mut self.0;
        *first = Entry {
            address,
            len,
            is_configured: true,
            until: NEVER,
        };
    }

    /// For how many seconds an entry counts: changes it, or makes it if there is a place.
    #[inline(never)]
    pub(super) fn keep(&mut self, now: Instant, (address, len): (&Address, u8), seconds: u32) {
        let mut free = None;
        // From the end, so that the first place is taken that is free.
        for entry in self.0.iter_mut().rev() {
            if entry.len == len && shares(&entry.address, address, len) {
                free = Some(entry);
                break;
            }
            if entry.until <= now {
                free = Some(entry);
            }
        }
        // A full list keeps what it has.
        if let Some(entry) = free.filter(|entry| !entry.is_configured) {
            entry.address = *address;
            entry.len = len;
            entry.until = until(now, seconds);
        }
    }

    /// Whether one of the entries holds `address`.
    #[inline(never)]
    pub(super) fn holds(&self, now: Instant, address: &Address) -> bool {
        self.iter(now)
            .any(|entry| shares(&entry.address, address, entry.len))
    }

    fn iter(&self, now: Instant) -> impl Iterator<Item = &Entry> {
        self.0.iter().filter(move |entry| now < entry.until)
    }

    #[cfg(feature = "dns")]
    pub(super) fn addresses(&self) -> impl Iterator<Item = Address> {
        self.iter(Instant::ZERO).map(|entry| entry.address)
    }

    /// Forgets what is over.
    #[cfg(feature = "dns")]
    pub(super) fn advance(&mut self, now: Instant) {
        for entry in &mut self.0 {
            if entry.until <= now {
                entry.until = Instant::ZERO;
            }
        }
    }

    /// Whom to give what is not on the link.
    //= https://www.rfc-editor.org/rfc/rfc4861#section-6.3.6
    //# Routers that are reachable or probably reachable (i.e., in any
    //# state other than INCOMPLETE) SHOULD be preferred over routers
    //# whose reachability is unknown or suspect
    pub(super) fn choose(&self, now: Instant, neighbors: &mut Neighbors<'_>) -> Option<Address> {
        let mut chosen = None;
        for entry in self.iter(now) {
            if !neighbors.is_silent(&entry.address) {
                return Some(entry.address);
            }
            chosen = chosen.or(Some(entry.address));
        }
        chosen
    }
}
