//! The ranges that arrived beyond a gap: a small table, in order, apart from each other.

use managed::ManagedSlice;

use crate::seq::{SeqNum, SeqRange};
use crate::wire::{SackBlock, SackBlocks};

/// A range received beyond a gap, and when it last grew.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Island {
    range: SeqRange,
    stamp: u32,
}

impl Island {
    /// Nothing arrived: to fill the memory that is lent.
    pub const EMPTY: Self = Self {
        range: SeqRange::new(SeqNum::new(0), SeqNum::new(0)),
        stamp: 0,
    };
}

/// The table of islands over lent memory.
#[derive(Debug)]
pub(in crate::connection) struct Islands<'a> {
    memory: ManagedSlice<'a, Island>,
    len: u16,
    clock: u32,
}

impl<'a> Islands<'a> {
    pub(in crate::connection) const fn new(memory: ManagedSlice<'a, Island>) -> Self {
        Self {
            memory,
            len: 0,
            clock: 0,
        }
    }

    pub(in crate::connection) fn take(&mut self) -> ManagedSlice<'a, Island> {
        self.len = 0;
        core::mem::replace(&mut self.memory, ManagedSlice::Borrowed(&mut []))
    }

    pub(in crate::connection) const fn len(&self) -> u16 {
        self.len
    }

    fn all(&self) -> &[Island] {
        self.memory.get(..self.len.into()).unwrap_or_default()
    }

    /// The first part of `range` that is there already; empty when none is.
    pub(in crate::connection) fn overlap(&self, range: SeqRange) -> SeqRange {
        let mut islands = self.all().iter().map(|island| island.range);
        let first = islands.find(|island| island.end.after(range.start));
        let Some(first) = first.filter(|first| first.start.before(range.end)) else {
            return SeqRange::new(range.start, range.start);
        };
        SeqRange::new(
            first.start.latest(range.start),
            first.end.earliest(range.end),
        )
    }

    /// Where the last island ends.
    pub(in crate::connection) fn last_end(&self) -> Option<SeqNum> {
        self.all().last().map(|island| island.range.end)
    }

    /// Adds a range and joins it with what it touches. False, and nothing changes, when it stands
    /// alone and the table is full.
    pub(in crate::connection) fn insert(&mut self, range: SeqRange) -> bool {
        let stamp = self.clock.wrapping_add(1);
        let all = self.memory.get_mut(..self.len.into()).unwrap_or_default();
        let first = all
            .iter()
            .take_while(|island| island.range.end.before(range.start))
            .count();
        let rest = all.get_mut(first..).unwrap_or_default();
        let joined = rest
            .iter()
            .take_while(|island| island.range.touches(range))
            .count();
        if let (Some(last), Some(island)) = (
            joined
                .checked_sub(1)
                .and_then(|last| rest.get(last))
                .copied(),
            rest.first_mut(),
        ) {
            island.range.start = island.range.start.earliest(range.start);
            island.range.end = last.range.end.latest(range.end);
            island.stamp = stamp;
            self.remove(first + 1, joined - 1);
        } else {
            let end = usize::from(self.len) + 1;
            let Some(tail) = self.memory.get_mut(first..end) else {
                return false;
            };
            // Each moves up by one, and the last falls into the free place.
            let mut carried = Island { range, stamp };
            for island in tail {
                core::mem::swap(island, &mut carried);
            }
            self.len += 1;
        }
        self.clock = stamp;
        true
    }

    /// Removes `count` islands from `index` on.
    fn remove(&mut self, index: usize, count: usize) {
        let len = usize::from(self.len);
        for to in index..len.saturating_sub(count) {
            // Each changes places with one that goes: a loop that only copied would become a call
            // of `memmove`, for whose sake alone an image would carry it.
            if let Ok([place, moved]) = self.memory.get_disjoint_mut([to, to + count]) {
                core::mem::swap(place, moved);
            }
        }
        #[expect(clippy::cast_possible_truncation, reason = "count is at most len")]
        let count = count as u16;
        self.len = self.len.saturating_sub(count);
    }

    /// Takes the first island out if it starts at or before `nxt`.
    pub(in crate::connection) fn take_reached(&mut self, nxt: SeqNum) -> Option<SeqRange> {
        let range = self.all().first()?.range;
        if range.start.after(nxt) {
            return None;
        }
        self.remove(0, 1);
        Some(range)
    }

    /// The blocks of a SACK option, at most `room`: what arrived twice first (RFC 2883), then
    /// the islands, the one that grew last before the others.
    //= https://www.rfc-editor.org/rfc/rfc2018#section-4
    //# * The first SACK block (i.e., the one immediately following the
    //# kind and length fields in the option) MUST specify the contiguous
    //# block of data containing the segment which triggered this ACK,
    //# unless that segment advanced the Acknowledgment Number field in
    //# the header.
    //= https://www.rfc-editor.org/rfc/rfc2018#section-4
    //# * The data receiver SHOULD include as many distinct SACK blocks as possible
    //# in the SACK option.
    //= https://www.rfc-editor.org/rfc/rfc2018#section-4
    //# * The SACK option SHOULD be filled out by repeating the most recently
    //# reported SACK blocks (based on first SACK blocks in previous SACK options)
    //# that are not subsets of a SACK block already included in the SACK option
    //# being constructed.
    //= https://www.rfc-editor.org/rfc/rfc2018#section-8
    //# * Except for the newest segment, all SACK blocks MUST NOT report any old
    //# data which is no longer actually held by the receiver.
    pub(in crate::connection) fn sack_blocks(
        &self,
        duplicate: Option<SeqRange>,
        room: usize,
        blocks: &mut SackBlocks,
    ) {
        if let Some(block) = duplicate.and_then(SackBlock::new) {
            let _ = blocks.push(block);
        }
        let mut newer_than = None;
        while blocks.len() < room {
            let age = |island: &&Island| self.clock.wrapping_sub(island.stamp);
            let next = self
                .all()
                .iter()
                .filter(|island| newer_than.is_none_or(|least| age(island) > least))
                .min_by_key(age);
            let Some(island) = next else { break };
            newer_than = Some(age(&island));
            if let Some(block) = SackBlock::new(island.range) {
                let _ = blocks.push(block);
            }
        }
    }

    /// Panics unless the islands are in order, apart, and within `nxt` to `adv`.
    pub(in crate::connection) fn assert_invariants(&self, nxt: SeqNum, adv: SeqNum) {
        let mut edge = nxt;
        for island in self.all() {
            assert!(island.range.start.after(edge) && !island.range.is_empty());
            assert!(island.range.end.at_or_before(adv));
            edge = island.range.end;
        }
    }
}

#[cfg(test)]
mod tests;
