//! Half-open connections: compact entries, from the SYN to the ACK that completes the handshake.
//!
//! An entry is not a connection: it lends no buffers and is at most 48 octets long (56 where the
//! local address stands in full). It holds what cannot be computed again. Our initial sequence
//! number can: it is RFC 6528's function of the tuple and of the moment at which the entry was
//! made.
//!
//! ```text
//!   SYN --> owed --sent--> waiting[0] --1 s--> owed --sent--> waiting[1] --2 s--> ... --> gone
//! ```
//!
//! Invariants, where there are lists: an entry stands in exactly one; within a list entries stand
//! in the order in which they were made, so the first of each list is its next deadline.

use managed::ManagedSlice;

use super::address::Key;
use super::isn::{Leap, Ticks};
use super::list::{Linkage as _, Linked, Links, Listing as _, NONE};
use super::local::LocalAddress;
use super::scale::{Scale, scan};
use crate::seq::SeqNum;
use crate::time::{Duration, Instant};
use crate::wire::Address;

/// Retransmissions of a SYN-ACK at most: the last wait ends 63 s after the SYN.
pub(super) const RETRANSMISSIONS: u8 = 5;
const WAITS: usize = RETRANSMISSIONS as usize + 1;
const TICKS_PER_SECOND: u32 = 250_000;

/// What the peer's SYN offered and our SYN-ACK accepted, packed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Packed(u16);

/// One half-open connection: opaque, to be lent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct SynEntry<L, S: Scale> {
    remote: Address,
    local: L,
    remote_port: u16,
    local_port: u16,
    /// IRS.
    pub(super) irs: SeqNum,
    /// When the SYN came: for ISS and for the timers.
    created: Ticks,
    ts_recent: u32,
    /// SEG.MSS of the SYN, or the family's default.
    pub(super) peer_mss: u16,
    packed: Packed,
    links: S::ShortLinks,
}

/// What is remembered of a SYN.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct NewEntry {
    pub(super) key: Key,
    pub(super) irs: SeqNum,
    pub(super) peer_mss: u16,
    pub(super) peer_window_scale: Option<u8>,
    pub(super) sack: bool,
    pub(super) ecn: bool,
    /// The SYN's TSval, when both sides use timestamps.
    pub(super) timestamps: Option<u32>,
    pub(super) leap: Leap,
}

const SCALE_MASK: u16 = 0x000f;
const SCALE_NONE: u16 = 0x000f;
const SACK: u16 = 0x0010;
const TIMESTAMPS: u16 = 0x0020;
const COUNT_SHIFT: u32 = 6;
const COUNT_MASK: u16 = 0x7;
/// Instead of a count of zero: the SYN came again, and the SYN-ACK with it.
const RESENT: u16 = 0x7;
const LEAP_SHIFT: u32 = 9;
const LEAP_MASK: u16 = 0xf;
const ECN: u16 = 0x2000;
/// The peer acknowledged the SYN-ACK, and the listener waits for data.
const DEFERRED: u16 = 0x4000;
const OWED: u16 = 0x8000;

impl<L: LocalAddress, S: Scale> SynEntry<L, S> {
    /// Before there is a stack.
    pub(super) const BLANK: Self = Self {
        links: S::ShortLinks::BLANK,
        ..Self::EMPTY
    };

    /// A free entry.
    pub(super) const EMPTY: Self = Self {
        remote: Address::UNSPECIFIED,
        local: L::NONE,
        remote_port: 0,
        local_port: 0,
        irs: SeqNum::new(0),
        created: Ticks(0),
        ts_recent: 0,
        peer_mss: 0,
        packed: Packed(0),
        links: S::ShortLinks::NONE,
    };

    /// The tuple, where `own` are the stack's addresses.
    pub(super) fn key(&self, own: &[Address]) -> Key {
        Key {
            local: self.local.decode(own),
            remote: self.remote,
            local_port: self.local_port,
            remote_port: self.remote_port,
        }
    }

    /// Whether the entry holds a connection.
    pub(super) const fn is_used(&self) -> bool {
        self.remote_port != 0
    }

    /// The peer's window scale, if both sides offered the option.
    pub(super) fn peer_window_scale(&self) -> Option<u8> {
        let scale = self.packed.0 & SCALE_MASK;
        u8::try_from(scale).ok().filter(|_| scale != SCALE_NONE)
    }

    /// Whether both sides offered SACK.
    pub(super) const fn sack(&self) -> bool {
        self.packed.0 & SACK != 0
    }

    /// Whether both sides offered ECN.
    pub(super) const fn ecn(&self) -> bool {
        self.packed.0 & ECN != 0
    }

    /// TS.Recent, if both sides offered timestamps.
    pub(super) fn timestamps(&self) -> Option<u32> {
        (self.packed.0 & TIMESTAMPS != 0).then_some(self.ts_recent)
    }

    /// How often the SYN-ACK was sent again because no ACK came.
    pub(super) const fn retransmissions(&self) -> u8 {
        match self.count() {
            RESENT => 0,
            count => count as u8,
        }
    }

    const fn count(&self) -> u16 {
        self.packed.0 >> COUNT_SHIFT & COUNT_MASK
    }

    const fn set_count(&mut self, count: u16) {
        self.packed.0 &= !(COUNT_MASK << COUNT_SHIFT);
        self.packed.0 |= count << COUNT_SHIFT;
    }

    /// The clock and the leap of which ISS is made.
    pub(super) const fn iss_source(&self) -> (Ticks, Leap) {
        (
            self.created,
            Leap((self.packed.0 >> LEAP_SHIFT & LEAP_MASK) as u8),
        )
    }

    /// Whether only one SYN-ACK was sent, so that its ACK tells the round-trip time (Karn).
    pub(super) const fn sent_once(&self) -> bool {
        self.count() == 0
    }

    const fn is_deferred(&self) -> bool {
        self.packed.0 & DEFERRED != 0
    }

    const fn is_owed(&self) -> bool {
        self.packed.0 & OWED != 0
    }

    /// Time since the SYN; the clock's 4.7 h are far more than an entry lives.
    fn age(&self, clock: Ticks) -> u32 {
        clock.0.wrapping_sub(self.created.0)
    }

    /// The time until the wait of this entry ends, which is at an age of 1, 3, 7, 15, 31, 63 s.
    fn left(&self, clock: Ticks) -> u32 {
        let waits = (2 << u32::from(self.retransmissions())) - 1;
        (TICKS_PER_SECOND * waits).saturating_sub(self.age(clock))
    }

    /// When the SYN came, for a clock that stands at `now`.
    pub(super) fn created(&self, now: Instant) -> Instant {
        let age = u64::from(self.age(Ticks::at(now))) << 2;
        Instant::from_micros((now.as_micros() & !3).saturating_sub(age))
    }
}

impl NewEntry {
    fn packed(&self) -> Packed {
        let scale = self
            .peer_window_scale
            .map_or(SCALE_NONE, |scale| u16::from(scale.min(14)));
        let sack = if self.sack { SACK } else { 0 };
        let timestamps = self.timestamps.map_or(0, |_| TIMESTAMPS);
        let ecn = if self.ecn { ECN } else { 0 };
        let leap = (u16::from(self.leap.0) & LEAP_MASK) << LEAP_SHIFT;
        Packed(scale | sack | timestamps | ecn | leap | OWED)
    }
}

/// The table of half-open connections.
#[derive(Debug)]
pub(super) struct SynQueue<'a, L, S: Scale> {
    entries: ManagedSlice<'a, SynEntry<L, S>>,
    free: S::List,
    owed: S::List,
    waiting: [S::List; WAITS],
    /// Who owed a SYN-ACK last.
    last: u32,
}

impl<L: LocalAddress, S: Scale> Linked for ManagedSlice<'_, SynEntry<L, S>> {
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

impl<'a, L: LocalAddress, S: Scale> SynQueue<'a, L, S> {
    /// All entries free; 65,535 are used at most.
    pub(super) fn new(entries: ManagedSlice<'a, SynEntry<L, S>>) -> Self {
        let mut this = Self {
            entries,
            free: S::List::EMPTY,
            owed: S::List::EMPTY,
            waiting: [S::List::EMPTY; WAITS],
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
        u32::try_from(self.entries.len())
            .unwrap_or(NONE)
            .min(u32::from(u16::MAX))
    }

    pub(super) fn get(&self, index: u32) -> Option<&SynEntry<L, S>> {
        self.entries.get(index as usize)
    }

    /// The first entry behind `last`, or from the start again, that is `meant`.
    fn scan(&self, last: u32, meant: impl Fn(&SynEntry<L, S>) -> bool) -> Option<u32> {
        let is_meant = |place: usize| self.entries.get(place).is_some_and(&meant);
        scan(self.entries.len(), last, is_meant)
    }

    /// The entry of this tuple, where each is looked at.
    pub(super) fn find(&self, key: &Key, own: &[Address]) -> Option<u32> {
        self.scan(NONE, |entry| entry.is_used() && entry.key(own) == *key)
    }

    /// Makes an entry that owes a SYN-ACK; `None` when none is free or `own` lacks the address.
    pub(super) fn insert(&mut self, now: Instant, new: &NewEntry, own: &[Address]) -> Option<u32> {
        let local = L::encode(new.key.local, own)?;
        let index = if S::SCANS {
            self.scan(NONE, |entry| !entry.is_used())?
        } else {
            self.free.pop(&mut self.entries)?
        };
        let entry = self.entries.get_mut(index as usize)?;
        *entry = SynEntry {
            remote: new.key.remote,
            local,
            remote_port: new.key.remote_port,
            local_port: new.key.local_port,
            irs: new.irs,
            created: Ticks::at(now),
            ts_recent: new.timestamps.unwrap_or(0),
            peer_mss: new.peer_mss,
            packed: new.packed(),
            links: S::ShortLinks::NONE,
        };
        self.owed.push(&mut self.entries, index);
        Some(index)
    }

    /// Frees an entry.
    pub(super) fn remove(&mut self, index: u32) {
        self.unlink(index);
        if let Some(entry) = self.entries.get_mut(index as usize) {
            *entry = SynEntry::EMPTY;
        }
        self.free.push(&mut self.entries, index);
    }

    /// The entry whose SYN-ACK has been owed for the longest time.
    pub(super) fn first_owed(&self) -> Option<u32> {
        if S::SCANS {
            self.scan(self.last, SynEntry::is_owed)
        } else {
            self.owed.first()
        }
    }

    /// The SYN-ACK of an entry that owed one was sent: the entry waits for the ACK.
    pub(super) fn sent(&mut self, index: u32) {
        self.last = index;
        self.unlink(index);
        let Some(entry) = self.entries.get_mut(index as usize) else {
            return;
        };
        entry.packed.0 &= !OWED;
        let count = usize::from(entry.retransmissions());
        if let Some(list) = self.waiting.get_mut(count) {
            list.push(&mut self.entries, index);
        }
    }

    /// The SYN came again, and the SYN-ACK with it.
    pub(super) fn resent(&mut self, index: u32) {
        if let Some(entry) = self.entries.get_mut(index as usize)
            && entry.sent_once()
        {
            entry.set_count(RESENT);
        }
    }

    /// The SYN came again without its offer of ECN: it is not answered any more, either.
    pub(super) fn withdraw_ecn(&mut self, index: u32) {
        if let Some(entry) = self.entries.get_mut(index as usize) {
            entry.packed.0 &= !ECN;
        }
    }

    /// An entry whose wait has ended.
    pub(super) fn due(&self, now: Instant) -> Option<u32> {
        let (index, left) = self.next(now)?;
        (left == 0).then_some(index)
    }

    /// When the next wait ends.
    pub(super) fn next_deadline(&self, now: Instant) -> Option<Instant> {
        let (_, left) = self.next(now)?;
        Some(after(now, left))
    }

    /// The deadline of one entry, unless its SYN-ACK is still owed.
    pub(super) fn deadline(&self, index: u32, now: Instant) -> Option<Instant> {
        let entry = self.get(index).filter(|entry| !entry.is_owed())?;
        Some(after(now, entry.left(Ticks::at(now))))
    }

    /// The wait of an entry ended: it owes the SYN-ACK once more.
    pub(super) fn retransmit(&mut self, index: u32) {
        self.unlink(index);
        let Some(entry) = self.entries.get_mut(index as usize) else {
            return;
        };
        let count = entry.retransmissions();
        if count < RETRANSMISSIONS {
            entry.set_count(u16::from(count) + 1);
        }
        entry.packed.0 |= OWED;
        self.owed.push(&mut self.entries, index);
    }

    /// Sets an acknowledgment of the SYN-ACK aside while less than `waits` waits are over.
    pub(super) fn defer(&mut self, index: u32, waits: u8) -> bool {
        let entry = self.entries.get_mut(index as usize);
        let Some(entry) = entry.filter(|entry| entry.retransmissions() < waits) else {
            return false;
        };
        entry.packed.0 |= DEFERRED;
        true
    }

    /// The wait of an entry ended whose peer is only expected to send data: it waits on, and owes
    /// the SYN-ACK, which asks for an acknowledgment that counts, when the last of `waits` is over.
    /// False if that was before.
    pub(super) fn wait_on(&mut self, index: u32, waits: u8) -> bool {
        let Some(entry) = self.get(index).filter(|entry| entry.is_deferred()) else {
            return false;
        };
        let over = entry.retransmissions() + 1;
        if over > waits {
            return false;
        }
        self.retransmit(index);
        if over < waits {
            self.sent(index);
        }
        true
    }

    /// Every entry in use.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, &SynEntry<L, S>)> + '_ {
        (0..self.len()).filter_map(|index| {
            let entry = self.get(index)?;
            entry.is_used().then_some((index, entry))
        })
    }

    /// Whose wait ends next, and the time left until then in units of the clock.
    fn next(&self, now: Instant) -> Option<(u32, u32)> {
        let clock = Ticks::at(now);
        let mut next = None;
        for place in 0..if S::SCANS { self.entries.len() } else { WAITS } {
            let first = if S::SCANS {
                u32::try_from(place).ok()
            } else {
                self.waiting.get(place).and_then(S::List::first)
            };
            let Some((index, entry)) = first.and_then(|index| Some((index, self.get(index)?)))
            else {
                continue;
            };
            if entry.is_used() && !entry.is_owed() {
                let left = entry.left(clock);
                if next.is_none_or(|(_, least)| left < least) {
                    next = Some((index, left));
                }
            }
        }
        next
    }

    /// Takes an entry in use out of the list that it stands in.
    fn unlink(&mut self, index: u32) {
        if S::SCANS {
            return;
        }
        let Some(entry) = self.entries.get(index as usize) else {
            return;
        };
        let list = if entry.is_owed() {
            Some(&mut self.owed)
        } else {
            self.waiting.get_mut(usize::from(entry.retransmissions()))
        };
        if let Some(list) = list {
            list.remove(&mut self.entries, index);
        }
    }
}

/// `left` units of the clock after `now`.
fn after(now: Instant, left: u32) -> Instant {
    now + Duration::from_micros(u64::from(left) << 2)
}

#[cfg(test)]
mod tests;
