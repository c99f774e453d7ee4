//! The connections' deadlines where there are many: an index heap, with the next one in O(1) and a
//! change in O(log n). Where there are few, nothing is kept: each is asked.
//!
//! Invariants: an order's `heap` is the place of the slot in the heap; the heap is ordered.

use super::super::list::{Linkage as _, Links, NONE};
use super::super::scale::Scale;
use super::Schedule;
use crate::profile::Profile;
use crate::time::Tick;

/// One place in the deadline heap.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Due {
    at: Tick,
    slot: u32,
}

impl Due {
    /// No deadline.
    const EMPTY: Self = Self {
        at: Tick(0),
        slot: 0,
    };
}

/// One slot's places in lists and heap, and one place of the heap: opaque, to be lent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Order {
    pub(super) links: [Links; 2],
    /// Where the slot stands in the deadline heap, or `NONE`.
    heap: u32,
    /// The TIME-WAIT entry that took over, or `NONE`.
    time_wait: u32,
    /// The heap's place of this number, whoever stands there.
    due: Due,
}

impl Order {
    /// Before there is a stack: zeros.
    pub(in super::super) const BLANK: Self = Self {
        links: [Links::BLANK; 2],
        heap: 0,
        time_wait: 0,
        due: Due::EMPTY,
    };

    /// A free slot's.
    pub(super) const EMPTY: Self = Self {
        links: [Links::NONE; 2],
        heap: NONE,
        time_wait: NONE,
        due: Due::EMPTY,
    };
}

impl<P: Profile> Schedule<'_, P> {
    /// The TIME-WAIT entry that took over from the slot, if one has and that is kept.
    pub(in super::super) fn time_wait(&self, index: u32) -> Option<u32> {
        let entry = self.orders.get(index as usize)?.time_wait;
        (entry != NONE).then_some(entry)
    }

    /// Keeps the TIME-WAIT entry that took over from the slot, or `NONE`.
    pub(in super::super) fn set_time_wait(&mut self, index: u32, entry: u32) {
        if let Some(order) = self.orders.get_mut(index as usize) {
            order.time_wait = entry;
        }
    }

    /// The earliest deadline, and whose it is.
    pub(in super::super) fn next_due(&self) -> Option<(Tick, u32)> {
        let first = self.orders.first().filter(|_| self.armed > 0)?.due;
        Some((first.at, first.slot))
    }

    /// Sets, changes or takes away the slot's deadline.
    pub(in super::super) fn set_deadline(&mut self, index: u32, deadline: Option<Tick>) {
        let Some(order) = self.orders.get(index as usize) else {
            return;
        };
        match (order.heap, deadline) {
            (NONE, None) => {}
            (NONE, Some(at)) => {
                let place = self.armed;
                if (place as usize) < self.orders.len() {
                    self.armed += 1;
                    self.put(place, Due { at, slot: index });
                    self.rise(place);
                }
            }
            (place, Some(at)) => {
                if self.due(place).at != at {
                    self.put(place, Due { at, slot: index });
                    self.settle(place, index);
                }
            }
            (place, None) => self.disarm(place),
        }
    }

    fn disarm(&mut self, place: u32) {
        let slot = self.due(place).slot;
        self.armed = self.armed.saturating_sub(1);
        let last = self.due(self.armed);
        if let Some(order) = self.orders.get_mut(slot as usize) {
            order.heap = NONE;
        }
        if last.slot != slot {
            self.put(place, last);
            self.settle(place, last.slot);
        }
    }

    /// Moves the slot, which stands at `place`, to where its deadline belongs.
    fn settle(&mut self, place: u32, slot: u32) {
        self.rise(place);
        self.sink(self.place(slot).unwrap_or(place));
    }

    /// Where the slot stands in the heap, if it does.
    fn place(&self, slot: u32) -> Option<u32> {
        let place = self.orders.get(slot as usize)?.heap;
        (place != NONE).then_some(place)
    }

    fn due(&self, place: u32) -> Due {
        let order = self.orders.get(place as usize);
        order.map_or(Due::EMPTY, |order| order.due)
    }

    fn put(&mut self, place: u32, due: Due) {
        if let Some(order) = self.orders.get_mut(place as usize) {
            order.due = due;
        }
        if let Some(order) = self.orders.get_mut(due.slot as usize) {
            order.heap = place;
        }
    }

    fn rise(&mut self, mut place: u32) {
        let due = self.due(place);
        while place > 0 {
            let above = (place - 1) / 2;
            let parent = self.due(above);
            if !due.at.is_before(parent.at) {
                break;
            }
            self.put(place, parent);
            place = above;
        }
        self.put(place, due);
    }

    fn sink(&mut self, mut place: u32) {
        let due = self.due(place);
        // The heap has at most 2^32 places, so 32 levels.
        for _ in 0..32 {
            let left = place.saturating_mul(2).saturating_add(1);
            if left >= self.armed {
                break;
            }
            let right = left.saturating_add(1);
            let below = if right < self.armed && self.due(right).at.is_before(self.due(left).at) {
                right
            } else {
                left
            };
            let child = self.due(below);
            if !child.at.is_before(due.at) {
                break;
            }
            self.put(place, child);
            place = below;
        }
        self.put(place, due);
    }

    /// The deadline of a slot.
    pub(in super::super) fn deadline(&self, index: u32) -> Option<Tick> {
        Some(self.due(self.place(index)?).at)
    }

    /// Panics when the heap is out of order or a slot's place in it is wrong.
    pub(in super::super) fn check(&self) {
        for place in 0..self.armed {
            let due = self.due(place);
            assert_eq!(self.place(due.slot), Some(place), "heap place");
            let above = self.due(place.saturating_sub(1) / 2);
            assert!(!due.at.is_before(above.at), "heap order at {place}");
        }
        let armed = self.orders.iter().filter(|order| order.heap != NONE);
        let armed = armed.count();
        assert!(
            P::Scale::SCANS || armed == self.armed as usize,
            "slots in the heap"
        );
    }
}
