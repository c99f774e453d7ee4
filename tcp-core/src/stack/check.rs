//! What must hold between the tables.

use super::Stack;
use super::node::{INDEXED, LENT, Owner};
use super::scale::Scale as _;
use crate::connection::State;
use crate::profile::{Memory, Profile};

impl<'a, P: Profile, M: Memory<'a>> Stack<'a, P, M> {
    /// Panics when a table contradicts another.
    pub(super) fn check(&self) {
        self.schedule.check();
        let mut indexed = 0;
        for index in 0..self.schedule.len() {
            let Some(node) = self.schedule.get(index) else {
                continue;
            };
            let connection = self.connection(index);
            assert_eq!(
                connection.is_some(),
                node.owner != Owner::Free,
                "slot {index} is used by one side only"
            );
            let Some(connection) = connection else {
                let waits = self.schedule.deadline(index).is_some() || node.queued != 0;
                assert!(!waits, "a free slot waits");
                continue;
            };
            if node.is(LENT) {
                connection.assert_invariants();
            }
            let ended = matches!(connection.state(), State::Closed | State::TimeWait);
            assert_eq!(
                node.is(INDEXED),
                !ended,
                "slot {index} and the index disagree"
            );
            let due = connection.next_tick(self.clock);
            assert!(
                P::Scale::SCANS || ended || self.schedule.deadline(index) == due,
                "the deadline of slot {index} is not in the heap"
            );
            let wants = connection.wants_transmit(self.clock);
            assert!(
                node.queued != 0 || !wants,
                "slot {index} waits and is not in its queue"
            );
            indexed += u32::from(node.is(INDEXED));
        }
        let others = self.half_open.iter().count()
            + self.time_wait.iter().count()
            + self.listeners.iter().count();
        if !P::Scale::SCANS {
            assert_eq!(
                self.demux.len() as usize,
                indexed as usize + others,
                "index entries"
            );
        }
        let half_open: usize = self
            .listeners
            .iter()
            .map(|(_, l)| usize::from(l.half_open()))
            .sum();
        if !P::Scale::SCANS {
            assert_eq!(half_open, self.half_open.iter().count(), "half-open counts");
        }
    }
}
