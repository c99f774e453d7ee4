//! The ranges that arrived beyond a gap: a small table, apart from each other, the one that grew
//! last at the end.

use managed::ManagedSlice;

use super::duplicates::DuplicateReporting;
use crate::seq::{SeqNum, SeqRange};
use crate::wire::SackBlock;

/// A range received beyond a gap.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Island(SeqRange);

impl Island {
    /// Nothing arrived: to fill the memory that is lent.
    pub const EMPTY: Self = Self(SeqRange::new(SeqNum::new(0), SeqNum::new(0)));
}

/// The table of islands over lent memory.
#[derive(Debug)]
pub(in crate::connection) struct Islands<'a> {
    memory: ManagedSlice<'a, Island>,
    len: u16,
}

impl<'a> Islands<'a> {
    pub(in crate::connection) const fn new(memory: ManagedSlice<'a, Island>) -> Self {
        Self { memory, len: 0 }
    }

    pub(in crate::connection) fn take(&mut self) -> ManagedSlice<'a, Island> {
        self.len = 0;
        core::mem::replace(&mut self.memory, ManagedSlice::Borrowed(&mut []))
    }

    /// Forgets every range.
    pub(in crate::connection) const fn clear(&mut self) {
        self.len = 0;
    }

    pub(in crate::connection) const fn len(&self) -> u16 {
        self.len
    }

    fn all(&self) -> &[Island] {
        self.memory.get(..self.len.into()).unwrap_or_default()
    }

    /// Whether an island goes beyond `point`.
    pub(in crate::connection) fn pass(&self, point: SeqNum) -> bool {
        self.all().iter().any(|island| island.0.end.after(point))
    }

    /// Adds a range and joins it with what it touches. False, and nothing changes, when it stands
    /// alone and the table is full.
    pub(in crate::connection) fn insert(
        &mut self,
        range: SeqRange,
        duplicates: &mut impl DuplicateReporting,
    ) -> bool {
        let range = self.absorb(range, duplicates);
        let Some(place) = self.memory.get_mut(usize::from(self.len)) else {
            return false;
        };
        *place = Island(range);
        self.len += 1;
        true
    }

    /// Takes out the islands that touch `range`, and joins them with it.
    pub(in crate::connection) fn absorb(
        &mut self,
        mut range: SeqRange,
        duplicates: &mut impl DuplicateReporting,
    ) -> SeqRange {
        let all = self.memory.get_mut(..self.len.into()).unwrap_or_default();
        let whole = range;
        let mut again = SeqRange::new(range.end, range.end);
        let mut kept = 0;
        for index in 0..all.len() {
            let Some(Island(island)) = all.get(index).copied() else {
                break;
            };
            if island.touches(range) {
                let common = island.common(whole);
                if !common.is_empty() && common.start.before(again.start) {
                    again = common;
                }
                range.start = range.start.earliest(island.start);
                range.end = range.end.latest(island.end);
            } else {
                if let Some(place) = all.get_mut(usize::from(kept)) {
                    *place = Island(island);
                }
                kept += 1;
            }
        }
        self.len = kept;
        //= https://www.rfc-editor.org/rfc/rfc2883#section-4
        //# (1) A D-SACK block is only used to report a duplicate contiguous
        //# sequence of data received by the receiver in the most recent packet.
        duplicates.note(again);
        range
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
    ) -> impl Iterator<Item = SackBlock> + '_ {
        let islands = self.all().iter().rev().map(|island| island.0);
        let ranges = duplicate.into_iter().chain(islands).take(room);
        ranges.filter_map(SackBlock::new)
    }

    /// Panics unless the islands are apart and within `nxt` to `adv`.
    pub(in crate::connection) fn assert_invariants(&self, nxt: SeqNum, adv: SeqNum) {
        for (index, Island(range)) in self.all().iter().enumerate() {
            assert!(range.start.after(nxt) && !range.is_empty());
            assert!(range.end.at_or_before(adv));
            let mut others = self.all().iter().skip(index + 1);
            assert!(!others.any(|other| other.0.touches(*range)));
        }
    }
}

#[cfg(test)]
mod tests;
