//! IP fragments (RFC 791 section 3.2, RFC 8200 section 4.5): bounded in number, size and time.
//!
//! Each slot reassembles one datagram in a buffer lent for it. Ranges received are kept
//! merged, at most eight at a time, so a fragment costs a constant number of steps. A fragment
//! that repeats octets exactly is ignored; one that overlaps otherwise discards its datagram
//! (RFC 5722 demands that of IPv6, and IPv4 has no honest use for it). When all slots are busy the
//! oldest gives way. Without slots every fragment is dropped.
//!
//! The header of the first fragment counts, in whatever order they come.

use managed::ManagedSlice;

use crate::time::{Duration, Instant};
use crate::wire::{Address, IpMeta};

/// How long a datagram may take: RFC 8200 section 4.5 and the lower end of RFC 1122's range.
const PATIENCE: Duration = Duration::from_secs(60);
const RANGES: usize = 8;
/// Octets of payload that an IP datagram can carry.
const LONGEST: u32 = 65_535;

/// Which datagram a fragment belongs to.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) struct DatagramId {
    pub(super) source: Address,
    pub(super) destination: Address,
    pub(super) id: u32,
    /// IPv4's protocol; 0 for IPv6, where only the addresses and the number count.
    pub(super) protocol: u8,
}

/// Whether more fragments follow.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Follow {
    /// More do.
    More,
    /// It is the last one.
    Last,
}

/// One fragment's place and content.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Piece<'p> {
    pub(super) offset: u32,
    pub(super) follow: Follow,
    /// What follows the IP header, or the fragment header.
    pub(super) octets: &'p [u8],
    /// Its header, which counts if it is the first.
    pub(super) header: IpMeta,
}

/// One datagram in the making, and the memory for it.
#[derive(Debug)]
pub struct FragmentSlot<'a> {
    buffer: ManagedSlice<'a, u8>,
    id: DatagramId,
    /// `None`: the slot is free.
    started: Option<Instant>,
    ranges: heapless::Vec<(u32, u32), RANGES, u8>,
    /// The datagram's length, once the last fragment came.
    total: Option<u32>,
    /// The header of the first fragment, once it came.
    first: Option<IpMeta>,
    /// Which ECN fields the fragments have, a bit each.
    marks: u8,
}

impl<'a> FragmentSlot<'a> {
    /// A slot for datagrams whose payload fits into `buffer`.
    #[must_use]
    pub const fn new(buffer: ManagedSlice<'a, u8>) -> Self {
        Self {
            buffer,
            id: DatagramId {
                source: Address::UNSPECIFIED,
                destination: Address::UNSPECIFIED,
                id: 0,
                protocol: 0,
            },
            started: None,
            ranges: heapless::Vec::new(),
            total: None,
            first: None,
            marks: 0,
        }
    }

    fn restart(&mut self, id: DatagramId, now: Option<Instant>) {
        self.id = id;
        self.started = now;
        self.ranges.clear();
        self.total = None;
        self.first = None;
        self.marks = 0;
    }

    /// Adds a piece; `Err` when the datagram must be discarded.
    fn add(&mut self, piece: &Piece<'_>) -> Result<(), Discard> {
        let start = piece.offset;
        let end = start.saturating_add(u32::try_from(piece.octets.len()).map_err(|_| Discard)?);
        match piece.follow {
            Follow::Last if self.total.is_some_and(|total| total != end) => return Err(Discard),
            Follow::Last if self.ranges.iter().any(|range| range.1 > end) => return Err(Discard),
            Follow::Last => self.total = Some(end),
            Follow::More if self.total.is_some_and(|total| end > total) => return Err(Discard),
            Follow::More => {}
        }
        if self
            .ranges
            .iter()
            .any(|range| range.0 < end && start < range.1)
        {
            return self.repeats(piece, start, end).then_some(()).ok_or(Discard);
        }
        let space = self.buffer.get_mut(start as usize..).ok_or(Discard)?;
        let space = space.get_mut(..piece.octets.len()).ok_or(Discard)?;
        space.copy_from_slice(piece.octets);
        if start == 0 {
            self.first = Some(piece.header);
        }
        self.note_mark(piece.header.traffic_class)?;
        self.insert(start, end)
    }

    //= https://www.rfc-editor.org/rfc/rfc3168#section-5.3
    //# * Set the CE codepoint on the reassembled packet.  However, this
    //# MUST NOT occur if any of the other fragments contributing to
    //# this reassembly carries the Not-ECT codepoint.
    fn note_mark(&mut self, traffic_class: u8) -> Result<(), Discard> {
        self.marks |= 1 << (traffic_class & 3);
        if self.marks & MARKED != 0 && self.marks & NOT_CAPABLE != 0 {
            return Err(Discard);
        }
        Ok(())
    }

    /// Whether all octets of the piece were received before, and were the same.
    fn repeats(&self, piece: &Piece<'_>, start: u32, end: u32) -> bool {
        let inside = |range: &(u32, u32)| range.0 <= start && end <= range.1;
        let before = self.buffer.get(start as usize..end as usize);
        self.ranges.iter().any(inside) && before == Some(piece.octets)
    }

    /// Adds a range that overlaps none: grows its neighbours, or stands between them.
    fn insert(&mut self, start: u32, end: u32) -> Result<(), Discard> {
        let mut merged = (start, end);
        self.ranges.retain(|range| {
            if range.1 == merged.0 {
                merged.0 = range.0;
                false
            } else if range.0 == merged.1 {
                merged.1 = range.1;
                false
            } else {
                true
            }
        });
        self.ranges.push(merged).map_err(|_| Discard)
    }

    /// The length, when nothing is missing.
    fn complete(&self) -> Option<(u32, IpMeta)> {
        let (total, mut first) = (self.total?, self.first?);
        if self.marks & MARKED != 0 {
            first.traffic_class |= 3;
        }
        match self.ranges.as_slice() {
            [(0, end)] if *end == total => Some((total, first)),
            _ => None,
        }
    }
}

/// A fragment was marked by a router.
const MARKED: u8 = 1 << 3;
/// A fragment may not be marked.
const NOT_CAPABLE: u8 = 1;

/// The datagram cannot be finished.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Discard;

/// What became of a fragment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Outcome {
    /// It was kept, or repeats what is kept.
    Kept,
    /// It was dropped, with or without its datagram.
    Dropped,
    /// The datagram is complete, in this slot.
    Complete {
        /// The slot; its content stays until the next fragment comes.
        slot: usize,
        /// Octets of payload.
        len: usize,
        /// The header of the first fragment.
        first: IpMeta,
    },
}

/// The slots.
#[derive(Debug)]
pub(super) struct Reassembly<'a> {
    slots: ManagedSlice<'a, FragmentSlot<'a>>,
}

impl<'a> Reassembly<'a> {
    pub(super) const fn new(slots: ManagedSlice<'a, FragmentSlot<'a>>) -> Self {
        Self { slots }
    }

    /// Takes one fragment.
    pub(super) fn insert(&mut self, now: Instant, id: DatagramId, piece: &Piece<'_>) -> Outcome {
        let len = u32::try_from(piece.octets.len()).unwrap_or(u32::MAX);
        // RFC 791: all but the last carry a multiple of eight octets.
        let ragged = piece.follow == Follow::More && len & 7 != 0;
        if ragged || len == 0 || piece.offset.saturating_add(len) > LONGEST {
            return Outcome::Dropped;
        }
        let Some(index) = self.slot_for(now, id) else {
            return Outcome::Dropped;
        };
        let Some(slot) = self.slots.get_mut(index) else {
            return Outcome::Dropped;
        };
        if slot.add(piece).is_err() {
            slot.restart(id, None);
            return Outcome::Dropped;
        }
        match slot.complete() {
            None => Outcome::Kept,
            Some((total, first)) => {
                slot.restart(id, None);
                Outcome::Complete {
                    slot: index,
                    len: total as usize,
                    first,
                }
            }
        }
    }

    /// The datagram's slot; else a free one, else the oldest, made ready for it.
    fn slot_for(&mut self, now: Instant, id: DatagramId) -> Option<usize> {
        let open = |slot: &FragmentSlot<'_>| slot.started.is_some() && slot.id == id;
        if let Some(index) = self.slots.iter().position(open) {
            return Some(index);
        }
        // `None`, a free slot, is less than any time.
        let slots = self.slots.iter().enumerate();
        let (index, _) = slots.min_by_key(|(_, slot)| slot.started)?;
        self.slots.get_mut(index)?.restart(id, Some(now));
        Some(index)
    }

    /// Takes the memory of a slot out, to read a datagram while the stack changes.
    pub(super) fn take(&mut self, slot: usize) -> ManagedSlice<'a, u8> {
        let empty = ManagedSlice::Borrowed(&mut [][..]);
        match self.slots.get_mut(slot) {
            Some(slot) => core::mem::replace(&mut slot.buffer, empty),
            None => empty,
        }
    }

    /// Puts the memory of a slot back.
    pub(super) fn put_back(&mut self, slot: usize, buffer: ManagedSlice<'a, u8>) {
        if let Some(slot) = self.slots.get_mut(slot) {
            slot.buffer = buffer;
        }
    }

    /// The last `tail` of the first `len` octets of a slot's memory.
    pub(super) fn content(&self, slot: usize, len: usize, tail: usize) -> &[u8] {
        let slot = self.slots.get(slot);
        slot.and_then(|slot| slot.buffer.get(len.saturating_sub(tail)..len))
            .unwrap_or_default()
    }

    /// When the next datagram is given up.
    pub(super) fn next_deadline(&self) -> Option<Instant> {
        let started = self.slots.iter().filter_map(|slot| slot.started).min();
        started.map(|started| started + PATIENCE)
    }

    /// Gives up what took too long; returns how many datagrams.
    pub(super) fn advance(&mut self, now: Instant) -> u32 {
        let mut count = 0;
        for slot in self.slots.iter_mut() {
            if slot
                .started
                .is_some_and(|started| started + PATIENCE <= now)
            {
                slot.restart(slot.id, None);
                count += 1;
            }
        }
        count
    }
}

#[cfg(test)]
mod tests;
