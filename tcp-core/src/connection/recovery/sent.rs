//! Records of what is in flight: one for each segment, oldest first, end to end.
//!
//! Together the records cover exactly SND.UNA to SND.NXT. When the lent table is full, a new
//! segment shares the youngest record: timing becomes coarser, nothing else changes.

use managed::ManagedSlice;

use crate::seq::SeqNum;
use crate::time::Instant;

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
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(in crate::connection) struct Acknowledged {
    /// Microseconds since the youngest of them left, unless one was sent more than once.
    pub(in crate::connection) rtt_us: Option<u32>,
    /// If one of them was sent more than once: microseconds since that happened last.
    pub(in crate::connection) again_us: Option<u32>,
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

#[expect(
    clippy::cast_possible_truncation,
    reason = "microseconds modulo 2^32 are meant"
)]
const fn clock(now: Instant) -> u32 {
    now.as_micros() as u32
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

    /// A segment that ends at `end` left at `now`.
    pub(in crate::connection) fn push(&mut self, end: SeqNum, now: Instant, pushed: Pushed) {
        let record = SentRecord {
            end,
            sent_us: clock(now),
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

    /// Everything before `una` arrived; `now` times it.
    pub(in crate::connection) fn acknowledge(&mut self, una: SeqNum, now: Instant) -> Acknowledged {
        let mut taken = Acknowledged::default();
        while self.len > 0 {
            let Some(oldest) = self.at(0).copied() else {
                break;
            };
            if oldest.end.after(una) {
                break;
            }
            let passed = clock(now).wrapping_sub(oldest.sent_us);
            // More than half of the circle: time went back, and measures nothing.
            taken.rtt_us = (passed < 1 << 31).then_some(passed);
            if oldest.again {
                let passed = taken.rtt_us.unwrap_or(0);
                taken.again_us = Some(taken.again_us.map_or(passed, |least| least.min(passed)));
            }
            self.first += 1;
            if usize::from(self.first) >= self.memory.len().min(LIMIT) {
                self.first = 0;
            }
            self.len -= 1;
        }
        if taken.again_us.is_some() {
            taken.rtt_us = None;
        }
        taken
    }

    /// What lies before `until` was sent again.
    pub(in crate::connection) fn mark_again(&mut self, until: SeqNum, now: Instant) {
        for index in 0..self.len {
            let Some(record) = self.at(index) else { break };
            record.again = true;
            record.sent_us = clock(now);
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

    /// Where the oldest segment ends.
    pub(in crate::connection) fn first_end(&mut self) -> Option<SeqNum> {
        if self.len == 0 {
            None
        } else {
            self.at(0).map(|record| record.end)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seq::SeqLen;

    const BASE: SeqNum = SeqNum::new(u32::MAX - 5);

    fn at(micros: u64) -> Instant {
        Instant::from_micros(micros)
    }

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
            sent.push(seq(10 * index), at(100 * u64::from(index)), Pushed::No);
        }
        let taken = sent.acknowledge(seq(25), at(1_000));
        assert_eq!(taken.rtt_us, Some(800));
        assert_eq!(sent.first_end(), Some(seq(30)));
        assert_eq!(
            sent.acknowledge(seq(25), at(1_000)),
            Acknowledged::default()
        );
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
        sent.push(seq(10), at(0), Pushed::No);
        sent.push(seq(20), at(0), Pushed::No);
        sent.mark_again(seq(10), at(4));
        assert_eq!(
            sent.acknowledge(seq(20), at(9)),
            Acknowledged {
                rtt_us: None,
                again_us: Some(5)
            }
        );
    }

    #[test]
    fn a_full_table_shares_its_youngest_record_and_wraps() {
        let mut memory = [SentRecord::default(); 2];
        let mut sent = Sent::new((&mut memory[..]).into());
        for round in 0..5u32 {
            sent.push(seq(30 * round + 10), at(1), Pushed::No);
            sent.push(seq(30 * round + 20), at(2), Pushed::No);
            sent.push(seq(30 * round + 30), at(3), Pushed::No);
            assert_eq!(
                sent.acknowledge(seq(30 * round + 10), at(4)).rtt_us,
                Some(3)
            );
            assert_eq!(sent.acknowledge(seq(30 * round + 20), at(4)).rtt_us, None);
            assert_eq!(
                sent.acknowledge(seq(30 * round + 30), at(4)).rtt_us,
                Some(1)
            );
            assert_eq!(sent.first_end(), None);
        }
    }

    #[test]
    fn segments_are_counted_around_the_end_of_the_table() {
        let mut memory = [SentRecord::default(); 3];
        let mut sent = Sent::new((&mut memory[..]).into());
        sent.push(seq(10), at(1), Pushed::No);
        sent.push(seq(20), at(1), Pushed::No);
        sent.acknowledge(seq(20), at(2));
        for index in 3..=5 {
            sent.push(seq(10 * index), at(3), Pushed::No);
        }
        let counts = [20, 29, 30, 45, 50, 99].map(|until| sent.count_until(seq(until)));
        assert_eq!(counts, [0, 0, 1, 2, 3, 3]);
    }

    #[test]
    fn d29_time_that_went_back_measures_nothing() {
        let mut memory = [SentRecord::default(); 2];
        let mut sent = Sent::new((&mut memory[..]).into());
        sent.push(seq(10), at(500), Pushed::No);
        assert_eq!(sent.acknowledge(seq(10), at(400)).rtt_us, None);
    }

    #[test]
    fn without_memory_nothing_is_recorded() {
        let mut sent = Sent::new(ManagedSlice::Borrowed(&mut []));
        sent.push(seq(10), at(0), Pushed::No);
        sent.mark_again(seq(10), at(0));
        assert_eq!(sent.acknowledge(seq(10), at(1)), Acknowledged::default());
        assert_eq!(sent.first_end(), None);
    }
}
