//! TIME-WAIT: what is left of a connection for 2 MSL after both sides closed.
//!
//! An entry has no buffers and is at most 64 octets long. All entries wait equally long, so they
//! stand in one FIFO and the first is the next to go; a retransmitted FIN sends its entry to the
//! end. Where there are few, the oldest is looked for.
//!
//! When the table is full the oldest entry makes room: that gives up some protection against
//! old duplicates, never memory, and is counted.

use managed::ManagedSlice;

use super::address::{Key, lower};
use super::list::{Linkage as _, Linked, Links, Listing as _, NONE};
use super::local::LocalAddress;
use super::scale::{Scale, scan};
use crate::connection::TimeWaitSeed;
use crate::seq::{SeqLen, SeqNum};
use crate::time::{Duration, Instant, Tick};
use crate::wire::{Address, Control, Segment};

/// One connection in TIME-WAIT: opaque, to be lent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct TimeWaitEntry<L, S: Scale> {
    remote: Address,
    local: L,
    remote_port: u16,
    local_port: u16,
    /// SND.NXT.
    pub(super) snd_nxt: SeqNum,
    /// RCV.NXT.
    pub(super) rcv_nxt: SeqNum,
    /// Since when it waits, in units of 1,024 microseconds.
    since: u32,
    ts_recent: u32,
    links: S::Links,
    /// The window of our last ACK.
    pub(super) window: u16,
    /// Of our last ACK.
    pub(super) hop_limit: u8,
    /// Diffserv in the upper six bits, `TIMESTAMPS` in the lowest.
    packed: u8,
}

const TIMESTAMPS: u8 = 1;
const DIFFSERV: u8 = 0xfc;

/// What a segment does to an entry.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Verdict {
    /// It tells nothing: no answer.
    Ignore,
    /// It is not acceptable, or a FIN that came again: the ACK is owed once more.
    Acknowledge,
    /// The FIN came again: 2 MSL begin anew, and the ACK is owed.
    Restart,
    /// It opens the next connection between the same ends.
    Reopen,
}

impl<L: LocalAddress, S: Scale> TimeWaitEntry<L, S> {
    /// Before there is a stack.
    pub(super) const BLANK: Self = Self {
        links: S::Links::BLANK,
        ..Self::EMPTY
    };

    /// A free entry.
    pub(super) const EMPTY: Self = Self {
        remote: Address::UNSPECIFIED,
        local: L::NONE,
        remote_port: 0,
        local_port: 0,
        snd_nxt: SeqNum::new(0),
        rcv_nxt: SeqNum::new(0),
        since: 0,
        ts_recent: 0,
        links: S::Links::NONE,
        window: 0,
        hop_limit: 0,
        packed: 0,
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
    const fn is_used(&self) -> bool {
        self.remote_port != 0
    }

    /// TS.Recent, if timestamps are in use.
    pub(super) fn timestamps(&self) -> Option<u32> {
        (self.packed & TIMESTAMPS != 0).then_some(self.ts_recent)
    }

    /// The traffic class of our segments.
    pub(super) const fn traffic_class(&self) -> u8 {
        self.packed & DIFFSERV
    }

    //= https://www.rfc-editor.org/rfc/rfc9293#section-3.10.7.4
    //# The only thing that can arrive in this state is a
    //# retransmission of the remote FIN.  Acknowledge it, and restart
    //# the 2 MSL timeout.
    /// What `segment` does here.
    pub(super) fn judge(&self, segment: &Segment<'_>) -> Verdict {
        match segment.control {
            // RFC 1337: a reset must not cut TIME-WAIT short.
            Some(Control::Rst) => Verdict::Ignore,
            Some(Control::Syn)
                if segment.ack.is_none() && !segment.has_fin() && self.may_reopen(segment) =>
            {
                Verdict::Reopen
            }
            Some(Control::Syn) => Verdict::Acknowledge,
            Some(Control::Fin) if self.is_fin_again(segment) => Verdict::Restart,
            // A pure ACK is never answered, in its place or not: two ends that disagree would
            // answer each other for ever.
            Some(Control::Fin) | None if segment.seq_len() == SeqLen::ZERO => Verdict::Ignore,
            Some(Control::Fin) | None => Verdict::Acknowledge,
        }
    }

    /// Whether `segment` brings the peer's FIN again: one that acknowledges nothing, or what was
    /// never sent, was made up.
    fn is_fin_again(&self, segment: &Segment<'_>) -> bool {
        segment.seq + segment.seq_len() == self.rcv_nxt
            && segment
                .ack
                .is_some_and(|ack| ack.at_or_before(self.snd_nxt))
    }

    /// RFC 6191 section 2: whether a SYN leaves the old connection's numbers behind. Offered
    /// timestamps are taken to be accepted, as [`Config`](crate::Config)'s default does.
    //= https://www.rfc-editor.org/rfc/rfc9293#section-3.6.1
    //# This algorithm for reducing TIME-WAIT is a Best Current Practice that SHOULD
    //# be implemented since Timestamp Options are commonly used, and using them to
    //# reduce TIME-WAIT provides benefits for busy Internet servers (SHLD-4).
    //= https://www.rfc-editor.org/rfc/rfc9293#section-3.6.1
    //# However, it MAY accept a new SYN from the remote TCP endpoint to reopen the
    //# connection directly from TIME-WAIT state (MAY-2), if it:
    fn may_reopen(&self, segment: &Segment<'_>) -> bool {
        // The FIN occupies the octet before RCV.NXT: a SYN may start from RCV.NXT on.
        let newer_seq = segment.seq.at_or_after(self.rcv_nxt);
        match (self.timestamps(), segment.options.timestamps) {
            (Some(recent), Some(offered)) => match SeqNum::new(offered.value) - SeqNum::new(recent)
            {
                0 => newer_seq,
                distance => distance > 0,
            },
            (None, Some(_)) => true,
            (Some(_) | None, None) => newer_seq,
        }
    }
}

/// The table of connections in TIME-WAIT.
#[derive(Debug)]
pub(super) struct TimeWaits<'a, L, S: Scale> {
    entries: ManagedSlice<'a, TimeWaitEntry<L, S>>,
    free: S::List,
    order: S::List,
    /// 2 MSL in units of 1,024 microseconds.
    period: u32,
    /// Entries that made room before their time.
    pub(super) recycled: u32,
    /// The entry that was made last: behind it stand those that were made before it, in order.
    last: u32,
}

impl<L: LocalAddress, S: Scale> Linked for ManagedSlice<'_, TimeWaitEntry<L, S>> {
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

impl<'a, L: LocalAddress, S: Scale> TimeWaits<'a, L, S> {
    /// All entries free; each will wait `period_ms`.
    pub(super) fn new(entries: ManagedSlice<'a, TimeWaitEntry<L, S>>, period_ms: u32) -> Self {
        let mut this = Self {
            entries,
            free: S::List::EMPTY,
            order: S::List::EMPTY,
            // Rounded up, and one more because `since` is rounded down.
            period: lower((u64::from(period_ms) * 1_000 + 2_047) >> 10),
            recycled: 0,
            last: NONE,
        };
        if !S::SCANS {
            for index in 0..u32::try_from(this.entries.len()).unwrap_or(NONE) {
                this.free.push(&mut this.entries, index);
            }
        }
        this
    }

    pub(super) fn get(&self, index: u32) -> Option<&TimeWaitEntry<L, S>> {
        self.entries.get(index as usize)
    }

    /// The entry of this tuple, where each is looked at.
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

    /// Makes an entry; `None` when none is free or `own` lacks the address.
    pub(super) fn insert(
        &mut self,
        now: Instant,
        key: &Key,
        seed: &TimeWaitSeed,
        own: &[Address],
    ) -> Option<u32> {
        let local = L::encode(key.local, own)?;
        let index = self.first_free()?;
        self.free.remove(&mut self.entries, index);
        let entry = self.entries.get_mut(index as usize)?;
        *entry = TimeWaitEntry {
            remote: key.remote,
            local,
            remote_port: key.remote_port,
            local_port: key.local_port,
            snd_nxt: seed.snd_nxt,
            rcv_nxt: seed.rcv_nxt,
            since: Tick::at(now).0,
            ts_recent: seed.timestamps.map_or(0, |(recent, _)| recent),
            links: S::Links::NONE,
            window: seed.window,
            hop_limit: seed.hop_limit,
            packed: seed.diffserv << 2 | seed.timestamps.map_or(0, |_| TIMESTAMPS),
        };
        self.last = index;
        self.order.push(&mut self.entries, index);
        Some(index)
    }

    /// Frees an entry.
    pub(super) fn remove(&mut self, index: u32) {
        self.order.remove(&mut self.entries, index);
        if let Some(entry) = self.entries.get_mut(index as usize) {
            *entry = TimeWaitEntry::EMPTY;
        }
        self.free.push(&mut self.entries, index);
    }

    /// 2 MSL begin anew for an entry.
    pub(super) fn restart(&mut self, index: u32, now: Instant) {
        self.order.remove(&mut self.entries, index);
        if let Some(entry) = self.entries.get_mut(index as usize) {
            entry.since = Tick::at(now).0;
        }
        self.order.push(&mut self.entries, index);
    }

    /// An entry whose time has come.
    pub(super) fn due(&self, now: Instant) -> Option<u32> {
        let (index, left) = self.next(now)?;
        (left == 0).then_some(index)
    }

    /// When the next entry goes.
    pub(super) fn next_deadline(&self, now: Instant) -> Option<Instant> {
        let (_, left) = self.next(now)?;
        Some(after(now, left))
    }

    /// When one entry goes.
    pub(super) fn deadline(&self, index: u32, now: Instant) -> Option<Instant> {
        Some(after(now, self.left(self.get(index)?, now)))
    }

    /// Which entry goes next, and the time left until then in units of 1,024 microseconds.
    fn next(&self, now: Instant) -> Option<(u32, u32)> {
        if !S::SCANS {
            let index = self.order.first()?;
            return Some((index, self.left(self.get(index)?, now)));
        }
        let mut next = None;
        let _ = scan(self.entries.len(), self.last, |place| {
            let entry = self.entries.get(place).filter(|entry| entry.is_used());
            if let (Some(entry), Ok(index)) = (entry, u32::try_from(place)) {
                let left = self.left(entry, now);
                if next.is_none_or(|(_, least)| left < least) {
                    next = Some((index, left));
                }
            }
            false // look at each
        });
        next
    }

    /// The first entry behind `last`, or from the start again, that is `meant`.
    fn scan(&self, last: u32, meant: impl Fn(&TimeWaitEntry<L, S>) -> bool) -> Option<u32> {
        let is_meant = |place: usize| self.entries.get(place).is_some_and(&meant);
        scan(self.entries.len(), last, is_meant)
    }

    fn left(&self, entry: &TimeWaitEntry<L, S>, now: Instant) -> u32 {
        let age = Tick::at(now).0.wrapping_sub(entry.since);
        self.period.saturating_sub(age)
    }

    /// Every entry in use.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, &TimeWaitEntry<L, S>)> + '_ {
        self.entries
            .iter()
            .enumerate()
            .filter(|(_, entry)| entry.is_used())
            .filter_map(|(index, entry)| Some((u32::try_from(index).ok()?, entry)))
    }
}

/// `left` units of 1,024 microseconds after `now`.
fn after(now: Instant, left: u32) -> Instant {
    // The clock's units are coarser than its microseconds: count from the unit's start.
    let start = Instant::from_micros(now.as_micros() & !0x3ff);
    start + Duration::from_micros(u64::from(left) << 10)
}

#[cfg(test)]
mod tests;
