//! A table of compact entries that wait: half-open connections for an ACK, those in TIME-WAIT for
//! the end of 2 MSL.
//!
//! ```text
//!   insert --> owed --sent--> waiting[0] --owe--> owed --sent--> waiting[1] ... --remove--> free
//! ```
//!
//! The end of the first wait is the same time after the start for all, and each further wait is
//! twice as long as the one before. Invariants, where there are lists: an entry stands in exactly
//! one; within a list entries stand in the order in which they began to wait, so the first of each
//! list is its next deadline. Only what was owed between two waits stands behind younger ones: it
//! may be looked at a wait late.

use managed::ManagedSlice;

use super::address::Key;
use super::entry::{Entry, Marks};
use super::isn::Ticks;
use super::list::{Linkage, Linked, Links, Listing as _, NONE};
use super::local::LocalAddress;
use super::scale::{Scale, scan};
use crate::time::{Duration, Instant};
use crate::wire::Address;

/// Waits of an entry at most.
pub(super) const WAITS: usize = 6;

/// The table.
#[derive(Debug)]
pub(super) struct Waiting<'a, L, S: Scale, K> {
    entries: ManagedSlice<'a, Entry<L, K>>,
    free: S::List,
    owed: S::List,
    waiting: [S::List; WAITS],
    /// The first wait.
    period: u32,
    /// What starts and ends are multiples of: a power of two.
    unit: u32,
    /// Which bits of an entry count its waits.
    counted: u16,
    /// The entry that owed a segment last: behind it stand those that did so before it, in order.
    last: u32,
}

/// How long the entries of a table wait.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Waits {
    /// Once, so many milliseconds, until a moment at which connections are woken, too.
    Once { ms: u32 },
    /// So many milliseconds at first, and up to `WAITS` times.
    Doubled { ms: u32 },
}

/// Milliseconds that an entry waits at most at a time: the clock's range is twice as long.
const LONGEST_MS: u32 = 8_000_000;
const TICKS_PER_MS: u32 = 250;
/// The unit of `Tick`, by which connections wait.
const TICK: u32 = 256;

impl<L: LocalAddress, K: Linkage> Linked for ManagedSlice<'_, Entry<L, K>> {
    fn links(&self, index: u32) -> Links {
        self.get(index as usize)
            .map_or(Links::NONE, |entry| entry.links.get())
    }

    fn set_links(&mut self, index: u32, links: Links) {
        if let Some(entry) = self.get_mut(index as usize) {
            entry.links.set(links);
        }
    }
}

impl<'a, L: LocalAddress, S: Scale, K: Linkage> Waiting<'a, L, S, K> {
    /// All entries free; as many are used as `K` can link.
    pub(super) fn new(entries: ManagedSlice<'a, Entry<L, K>>, waits: Waits) -> Self {
        let ticks = |ms: u32| ms.min(LONGEST_MS) * TICKS_PER_MS;
        let (period, unit, counted) = match waits {
            // Rounded up, and one more unit because the start is rounded down.
            Waits::Once { ms } => (ticks(ms).next_multiple_of(TICK) + TICK, TICK, 0),
            Waits::Doubled { ms } => (ticks(ms), 1, 7),
        };
        let mut this = Self {
            entries,
            free: S::List::EMPTY,
            owed: S::List::EMPTY,
            waiting: [S::List::EMPTY; WAITS],
            period,
            unit,
            counted,
            last: NONE,
        };
        if !S::SCANS {
            for index in 0..this.len() {
                this.free.push(&mut this.entries, index);
            }
        }
        this
    }

    /// How many entries there are, in use or not.
    pub(super) fn len(&self) -> u32 {
        let len = u32::try_from(self.entries.len()).unwrap_or(NONE);
        len.min(K::MOST)
    }

    pub(super) fn get(&self, index: u32) -> Option<&Entry<L, K>> {
        self.entries.get(index as usize)
    }

    pub(super) fn get_mut(&mut self, index: u32) -> Option<&mut Entry<L, K>> {
        self.entries.get_mut(index as usize)
    }

    /// The first entry behind `last`, or from the start again, that is `meant`.
    fn scan(&self, last: u32, meant: impl Fn(&Entry<L, K>) -> bool) -> Option<u32> {
        let is_meant = |place: usize| self.entries.get(place).is_some_and(&meant);
        scan(self.entries.len(), last, is_meant)
    }

    /// The entry of this tuple, where each is looked at.
    #[inline(never)]
    pub(super) fn find(&self, key: &Key, own: &[Address]) -> Option<u32> {
        self.scan(NONE, |entry| entry.is_used() && entry.key(own) == *key)
    }

    /// A free entry.
    fn first_free(&self) -> Option<u32> {
        if S::SCANS {
            self.scan(self.last, |entry| !entry.is_used())
        } else {
            self.free.first()
        }
    }

    /// The entry that has to go before another can be made: the oldest, when none is free.
    pub(super) fn victim(&self, now: Instant) -> Option<u32> {
        match self.first_free() {
            Some(_) => None,
            None => Some(self.next(now)?.0),
        }
    }

    /// Makes an entry that begins to wait and owes a segment; `None` when none is free.
    #[inline(never)]
    pub(super) fn insert(&mut self, now: Instant, new: &Entry<L, K>) -> Option<u32> {
        let index = self.first_free()?;
        let start = self.start(now);
        self.free.remove(&mut self.entries, index);
        let entry = self.entries.get_mut(index as usize)?;
        *entry = *new;
        entry.since = start;
        entry.marks.0 |= Marks::OWED;
        self.owed.push(&mut self.entries, index);
        Some(index)
    }

    /// Frees an entry.
    pub(super) fn remove(&mut self, index: u32) {
        self.unlink(index);
        if let Some(entry) = self.entries.get_mut(index as usize) {
            *entry = Entry::EMPTY;
        }
        self.free.push(&mut self.entries, index);
    }

    /// The entry that has owed a segment for the longest time.
    pub(super) fn first_owed(&self) -> Option<u32> {
        if S::SCANS {
            self.scan(self.last, Entry::is_owed)
        } else {
            self.owed.first()
        }
    }

    /// What an entry owed was sent: it waits, as the youngest of those that wait as long.
    pub(super) fn sent(&mut self, index: u32) {
        self.last = index;
        self.unlink(index);
        let Some(entry) = self.entries.get_mut(index as usize) else {
            return;
        };
        entry.marks.0 &= !Marks::OWED;
        let count = usize::from(entry.marks.count(self.counted));
        if let Some(list) = self.waiting.get_mut(count) {
            list.push(&mut self.entries, index);
        }
    }

    /// A wait of an entry is over, and it owes a segment.
    pub(super) fn owe(&mut self, index: u32) {
        self.unlink(index);
        let waits = if self.counted == 0 { 1 } else { WAITS as u16 };
        let Some(entry) = self.entries.get_mut(index as usize) else {
            return;
        };
        if entry.marks.count(self.counted) + 1 < waits {
            entry.marks.count_up();
        }
        self.push_owed(index);
    }

    /// An entry that stands in no list owes a segment.
    pub(super) fn push_owed(&mut self, index: u32) {
        if let Some(entry) = self.get_mut(index) {
            entry.marks.0 |= Marks::OWED;
            self.owed.push(&mut self.entries, index);
        }
    }

    /// The waits of an entry begin anew.
    pub(super) fn restart(&mut self, index: u32, now: Instant) {
        let start = self.start(now);
        if let Some(entry) = self.get_mut(index) {
            entry.since = start;
        }
        self.sent(index);
    }

    const fn start(&self, now: Instant) -> Ticks {
        Ticks(Ticks::at(now).0 & !(self.unit - 1))
    }

    /// An entry whose wait has ended.
    pub(super) fn due(&self, now: Instant) -> Option<u32> {
        let (index, left) = self.next(now)?;
        (left == 0).then_some(index)
    }

    /// Units of the clock until the next wait ends.
    pub(super) fn until_due(&self, now: Instant) -> Option<u32> {
        Some(self.next(now)?.1)
    }

    /// When the next wait ends.
    #[cfg(test)]
    pub(super) fn next_deadline(&self, now: Instant) -> Option<Instant> {
        Some(after(now, self.until_due(now)?))
    }

    /// The deadline of one entry, unless it owes a segment.
    pub(super) fn deadline(&self, index: u32, now: Instant) -> Option<Instant> {
        let entry = self.get(index).filter(|entry| !entry.is_owed())?;
        Some(after(now, self.left(entry, Ticks::at(now))))
    }

    /// The time until the wait of this entry ends, which is at an age of 1, 3, 7 ... periods.
    fn left(&self, entry: &Entry<L, K>, clock: Ticks) -> u32 {
        let waits = (2 << entry.marks.count(self.counted)) - 1;
        (self.period * waits).saturating_sub(entry.age(clock))
    }

    /// The age at which the present wait of this entry began.
    pub(super) fn begun(&self, entry: &Entry<L, K>) -> u32 {
        let waits = (1 << entry.marks.count(self.counted)) - 1;
        self.period * waits
    }

    /// Whose wait ends next, and the time left until then in units of the clock.
    #[inline(never)]
    fn next(&self, now: Instant) -> Option<(u32, u32)> {
        let clock = Ticks::at(now);
        let mut next = None;
        let mut look = |index: u32| {
            if let Some(entry) = self.get(index)
                && entry.is_used()
                && !entry.is_owed()
            {
                let left = self.left(entry, clock);
                if next.is_none_or(|(_, least)| left < least) {
                    next = Some((index, left));
                }
            }
        };
        if S::SCANS {
            let _ = scan(self.entries.len(), self.last, |place| {
                look(u32::try_from(place).unwrap_or(NONE));
                false // look at each
            });
        } else {
            for list in &self.waiting {
                look(list.first().unwrap_or(NONE));
            }
        }
        next
    }

    /// Every entry in use.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, &Entry<L, K>)> + '_ {
        (0..self.len()).filter_map(|index| {
            let entry = self.get(index)?;
            entry.is_used().then_some((index, entry))
        })
    }

    /// Takes an entry in use out of the list that it stands in.
    pub(super) fn unlink(&mut self, index: u32) {
        if S::SCANS {
            return;
        }
        let Some(entry) = self.entries.get(index as usize) else {
            return;
        };
        let list = if entry.is_owed() {
            Some(&mut self.owed)
        } else {
            self.waiting
                .get_mut(usize::from(entry.marks.count(self.counted)))
        };
        if let Some(list) = list {
            list.remove(&mut self.entries, index);
        }
    }
}

/// `left` units of the clock after `now`.
pub(super) fn after(now: Instant, left: u32) -> Instant {
    let start = Instant::from_micros(now.as_micros() & !3);
    start + Duration::from_micros(u64::from(left) << 2)
}
