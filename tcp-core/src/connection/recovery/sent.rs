//! Records of what is in flight: one for each segment, oldest first, end to end.
//!
//! Together the records cover exactly SND.UNA to SND.NXT. When the lent table is full, a new
//! segment shares the youngest record: timing becomes coarser, nothing else changes.

use managed::ManagedSlice;

use crate::seq::SeqNum;

/// One segment in flight. It starts where the one before it ends.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct SentRecord {
    end: SeqNum,
    /// When it left last, in microseconds modulo 2^32 (71 minutes): only differences count.
    sent_us: u32,
    /// Sent more than once: its timing is ambiguous (Karn).
    again: bool,
    /// It left with PSH, and does so again.
    pushed: bool,
}

impl SentRecord {
    /// Nothing is in flight: to fill the memory that is lent.
    pub const EMPTY: Self = Self {
        end: SeqNum::new(0),
        sent_us: 0,
        again: false,
        pushed: false,
    };
}

/// What a cumulative acknowledgment took out of the table.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::connection) struct Acknowledged {
    last_us: u32,
    again_us: u32,
}

/// More than half of the circle of microseconds: it measures nothing.
const NOTHING_US: u32 = u32::MAX;

impl Acknowledged {
    const NOTHING: Self = Self {
        last_us: NOTHING_US,
        again_us: NOTHING_US,
    };

    /// Microseconds since the youngest of them left, unless one was sent more than once.
    pub(in crate::connection) fn rtt_us(&self) -> Option<u32> {
        (self.again_us == NOTHING_US && self.last_us != NOTHING_US).then_some(self.last_us)
    }

    /// If one of them was sent more than once: microseconds since that happened last.
    pub(in crate::connection) fn again_us(&self) -> Option<u32> {
        (self.again_us != NOTHING_US).then_some(self.again_us)
    }
}

/// Whether a segment carried PSH.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::connection) enum Pushed {
    Yes,
    No,
}

/// Records that are used at most.
const LIMIT: usize = 1 << 15;

/// The table of records: a ring over lent memory.
#[derive(Debug)]
pub(in crate::connection) struct Sent<'a> {
    memory: ManagedSlice<'a, SentRecord>,
    first: u16,
    len: u16,
}

impl<'a> Sent<'a> {
    pub(in crate::connection) const fn new(memory: ManagedSlice<'a, SentRecord>) -> Self {
        Self {
            memory,
            first: 0,
            len: 0,
        }
    }

    pub(in crate::connection) fn take(&mut self) -> ManagedSlice<'a, SentRecord> {
        self.len = 0;
        core::mem::replace(&mut self.memory, ManagedSlice::Borrowed(&mut []))
    }

    #[inline(never)]
    fn at(&mut self, index: u16) -> Option<&mut SentRecord> {
        let capacity = self.memory.len().min(LIMIT);
        let mut slot = usize::from(self.first) + usize::from(index);
        if slot >= capacity {
            slot -= capacity.min(slot);
        }
        self.memory.get_mut(slot)
    }

    /// A segment that ends at `end` left at `now_us`.
    pub(in crate::connection) fn push(&mut self, end: SeqNum, now_us: u32, pushed: Pushed) {
        let record = SentRecord {
            end,
            sent_us: now_us,
            again: false,
            pushed: pushed == Pushed::Yes,
        };
        if usize::from(self.len) < self.memory.len().min(LIMIT) {
            let index = self.len;
            self.len += 1;
            if let Some(slot) = self.at(index) {
                *slot = record;
            }
        } else if let Some(youngest) = self.at(self.len.wrapping_sub(1)) {
            *youngest = SentRecord {
                again: youngest.again,
                ..record
            };
        }
    }

    /// Everything before `una` arrived; `now_us` times it.
    pub(in crate::connection) fn acknowledge(&mut self, una: SeqNum, now_us: u32) -> Acknowledged {
        let mut taken = Acknowledged::NOTHING;
        while self.len > 0 {
            let Some(oldest) = self.at(0).copied() else {
                break;
            };
            if oldest.end.after(una) {
                break;
            }
            let passed = now_us.wrapping_sub(oldest.sent_us);
            let is_back = passed >= 1 << 31;
            taken.last_us = if is_back { NOTHING_US } else { passed };
            if oldest.again {
                taken.again_us = taken.again_us.min(if is_back { 0 } else { passed });
            }
            self.first += 1;
            if usize::from(self.first) >= self.memory.len().min(LIMIT) {
                self.first = 0;
            }
            self.len -= 1;
        }
        taken
    }

    /// What lies before `until` was sent again.
    pub(in crate::connection) fn mark_again(&mut self, until: SeqNum, now_us: u32) {
        for index in 0..self.len {
            let Some(record) = self.at(index) else { break };
            record.again = true;
            record.sent_us = now_us;
            if record.end.at_or_after(until) {
                break;
            }
        }
    }

    /// How many of the oldest segments end at `until` or before.
    pub(in crate::connection) fn count_until(&self, until: SeqNum) -> u16 {
        let capacity = self.memory.len().min(LIMIT);
        let oldest_first = (0..usize::from(self.len)).filter_map(|index| {
            let slot = usize::from(self.first) + index;
            self.memory.get(if slot < capacity {
                slot
            } else {
                slot - capacity
            })
        });
        let count = oldest_first
            .take_while(|record| record.end.at_or_before(until))
            .count();
        u16::try_from(count).unwrap_or(u16::MAX)
    }

    /// Whether the oldest segment ends at `end` and left with PSH.
    pub(in crate::connection) fn is_first_pushed(&self, end: SeqNum) -> bool {
        let oldest = self.memory.get(usize::from(self.first));
        self.len > 0 && oldest.is_some_and(|oldest| oldest.pushed && oldest.end == end)
    }

    /// Where the oldest segment ends; `other` when there is none.
    #[inline(never)]
    pub(in crate::connection) fn first_end(&mut self, other: SeqNum) -> SeqNum {
        let is_empty = self.len == 0;
        let oldest = self.at(0).filter(|_| !is_empty);
        oldest.map_or(other, |oldest| oldest.end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seq::SeqLen;

    const BASE: SeqNum = SeqNum::new(u32::MAX - 5);

    fn seq(offset: u32) -> SeqNum {
        BASE + SeqLen::new(offset)
    }

    //= https://www.rfc-editor.org/rfc/rfc6298#section-3
    //= type=test
    //# A TCP implementation MUST take at least one RTT measurement per RTT (unless
    //# that is not possible per Karn's algorithm).
    #[test]
    fn the_youngest_acknowledged_segment_is_the_sample() {
        let mut memory = [SentRecord::default(); 4];
        let mut sent = Sent::new((&mut memory[..]).into());
        for index in 1..=3 {
            sent.push(seq(10 * index), 100 * index, Pushed::No);
        }
        let taken = sent.acknowledge(seq(25), 1_000);
        assert_eq!(taken.rtt_us(), Some(800));
        assert_eq!(sent.first_end(seq(0)), seq(30));
        assert_eq!(sent.acknowledge(seq(25), 1_000), Acknowledged::NOTHING);
    }

    //= https://www.rfc-editor.org/rfc/rfc6298#section-3
    //= type=test
    //# That is, RTT samples MUST NOT be made using segments that were retransmitted
    //# (and thus for which it is ambiguous whether the reply was for the first
    //# instance of the packet or a later instance).
    #[test]
    fn what_was_sent_twice_is_no_sample() {
        let mut memory = [SentRecord::default(); 2];
        let mut sent = Sent::new((&mut memory[..]).into());
        sent.push(seq(10), 0, Pushed::No);
        sent.push(seq(20), 0, Pushed::No);
        sent.mark_again(seq(10), 4);
        let taken = sent.acknowledge(seq(20), 9);
        assert_eq!((taken.rtt_us(), taken.again_us()), (None, Some(5)));
    }

    #[test]
    fn a_full_table_shares_its_youngest_record_and_wraps() {
        let mut memory = [SentRecord::default(); 2];
        let mut sent = Sent::new((&mut memory[..]).into());
        for round in 0..5u32 {
            sent.push(seq(30 * round + 10), 1, Pushed::No);
            sent.push(seq(30 * round + 20), 2, Pushed::No);
            sent.push(seq(30 * round + 30), 3, Pushed::No);
            assert_eq!(sent.acknowledge(seq(30 * round + 10), 4).rtt_us(), Some(3));
            assert_eq!(sent.acknowledge(seq(30 * round + 20), 4).rtt_us(), None);
            assert_eq!(sent.acknowledge(seq(30 * round + 30), 4).rtt_us(), Some(1));
            assert_eq!(sent.first_end(seq(7)), seq(7));
        }
    }

    #[test]
    fn segments_are_counted_around_the_end_of_the_table() {
        let mut memory = [SentRecord::default(); 3];
        let mut sent = Sent::new((&mut memory[..]).into());
        sent.push(seq(10), 1, Pushed::No);
        sent.push(seq(20), 1, Pushed::No);
        sent.acknowledge(seq(20), 2);
        for index in 3..=5 {
            sent.push(seq(10 * index), 3, Pushed::No);
        }
        let counts = [20, 29, 30, 45, 50, 99].map(|until| sent.count_until(seq(until)));
        assert_eq!(counts, [0, 0, 1, 2, 3, 3]);
    }

    #[test]
    fn d29_time_that_went_back_measures_nothing() {
        let mut memory = [SentRecord::default(); 2];
        let mut sent = Sent::new((&mut memory[..]).into());
        sent.push(seq(10), 500, Pushed::No);
        assert_eq!(sent.acknowledge(seq(10), 400).rtt_us(), None);
    }

    #[test]
    fn without_memory_nothing_is_recorded() {
        let mut sent = Sent::new(ManagedSlice::Borrowed(&mut []));
        sent.push(seq(10), 0, Pushed::No);
        sent.mark_again(seq(10), 0);
        assert_eq!(sent.acknowledge(seq(10), 1), Acknowledged::NOTHING);
        assert_eq!(sent.first_end(seq(7)), seq(7));
    }
}
