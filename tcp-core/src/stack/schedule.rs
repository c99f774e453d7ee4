//! Who may transmit next, whose deadline is next, and what is ready for the user.
//!
//! Idle connections stand in no queue, so they cost nothing but their place in the heap:
//!
//! - per priority class a FIFO of connections that want to transmit, each at most once; one packet
//!   a turn, so within a class the device is shared round robin, and a higher class always goes
//!   first;
//! - an index heap over the deadlines: the next one in O(1), a change in O(log n);
//! - the ready list of connections with events for the user, each at most once.
//!
//! Invariants: `node.heap` is the place of the slot in the heap; `node.queued` names the queue the
//! slot stands in; the heap is ordered.

use managed::ManagedSlice;

use super::list::{List, NONE};
use super::node::{By, Chain, Node, Owner, READY};
use crate::connection::Priority;
use crate::time::Tick;

/// One place in the deadline heap: opaque, to be lent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Due {
    at: Tick,
    slot: u32,
}

impl Due {
    /// No deadline.
    pub(super) const EMPTY: Self = Self {
        at: Tick(0),
        slot: 0,
    };
}

/// The nodes and the orders in which they stand.
#[derive(Debug)]
pub(super) struct Schedule<'a> {
    nodes: ManagedSlice<'a, Node>,
    heap: ManagedSlice<'a, Due>,
    armed: u32,
    classes: [List; 3],
    ready: List,
    free: List,
}

impl<'a> Schedule<'a> {
    /// All nodes free; as many as both tables hold.
    pub(super) fn new(nodes: ManagedSlice<'a, Node>, heap: ManagedSlice<'a, Due>) -> Self {
        let mut this = Self {
            nodes,
            heap,
            armed: 0,
            classes: [List::EMPTY; 3],
            ready: List::EMPTY,
            free: List::EMPTY,
        };
        let count = this.nodes.len().min(this.heap.len());
        for index in 0..u32::try_from(count).unwrap_or(NONE) {
            if let Some(node) = this.get_mut(index) {
                *node = Node::EMPTY;
            }
            this.free
                .push(&mut By(Chain::Owner, &mut this.nodes), index);
        }
        this
    }

    pub(super) fn get(&self, index: u32) -> Option<&Node> {
        self.nodes.get(index as usize)
    }

    pub(super) fn get_mut(&mut self, index: u32) -> Option<&mut Node> {
        self.nodes.get_mut(index as usize)
    }

    /// Whether a slot is free.
    pub(super) const fn has_free(&self) -> bool {
        !self.free.is_empty()
    }

    /// Takes a free slot.
    pub(super) fn take(&mut self, owner: Owner) -> Option<u32> {
        let index = self.free.pop(&mut By(Chain::Owner, &mut self.nodes))?;
        if let Some(node) = self.get_mut(index) {
            node.owner = owner;
        }
        Some(index)
    }

    /// Frees a slot: it leaves every queue, and handles to it go stale.
    pub(super) fn free(&mut self, index: u32) {
        self.set_queue(index, None);
        self.set_deadline(index, None);
        self.clear_ready(index);
        if let Some(node) = self.get_mut(index) {
            *node = node.freed();
            self.free
                .push(&mut By(Chain::Owner, &mut self.nodes), index);
        }
    }

    /// Puts the slot into the transmit queue of `class`, at the end unless it is in it already, or
    /// takes it out of all.
    pub(super) fn set_queue(&mut self, index: u32, class: Option<Priority>) {
        let wanted = class.map_or(0, |class| class as u8 + 1);
        let Some(node) = self.nodes.get_mut(index as usize) else {
            return;
        };
        let queued = core::mem::replace(&mut node.queued, wanted);
        if queued == wanted {
            return;
        }
        let nodes = &mut By(Chain::Transmit, &mut self.nodes);
        if let Some(list) = self.classes.get_mut(usize::from(queued).wrapping_sub(1)) {
            list.remove(nodes, index);
        }
        if let Some(list) = self.classes.get_mut(usize::from(wanted).wrapping_sub(1)) {
            list.push(nodes, index);
        }
    }

    /// Whose turn it is to transmit; it keeps its place.
    pub(super) fn next_turn(&self) -> Option<(u32, Priority)> {
        let [high, normal, low] = &self.classes;
        if let Some(first) = high.first() {
            Some((first, Priority::High))
        } else if let Some(first) = normal.first() {
            Some((first, Priority::Normal))
        } else {
            Some((low.first()?, Priority::Low))
        }
    }

    /// The slot, whose turn it was, goes to the end of its queue if it still stands in one.
    pub(super) fn end_turn(&mut self, index: u32) {
        let Some(node) = self.nodes.get(index as usize) else {
            return;
        };
        let place = usize::from(node.queued).wrapping_sub(1);
        if let Some(list) = self.classes.get_mut(place)
            && !list.is_single()
        {
            let nodes = &mut By(Chain::Transmit, &mut self.nodes);
            list.remove(nodes, index);
            list.push(nodes, index);
        }
    }

    /// Whether any connection wants to transmit.
    pub(super) fn anyone_waits(&self) -> bool {
        self.classes.iter().any(|list| !list.is_empty())
    }

    /// Appends the slot to the ready list, unless it stands there.
    pub(super) fn set_ready(&mut self, index: u32) {
        let Some(node) = self.nodes.get_mut(index as usize) else {
            return;
        };
        if !node.is(READY) {
            node.mark(READY);
            self.ready
                .push(&mut By(Chain::Owner, &mut self.nodes), index);
        }
    }

    /// Takes the slot out of the ready list.
    pub(super) fn clear_ready(&mut self, index: u32) {
        let Some(node) = self.nodes.get_mut(index as usize) else {
            return;
        };
        if node.is(READY) {
            node.unmark(READY);
            self.ready
                .remove(&mut By(Chain::Owner, &mut self.nodes), index);
        }
    }

    /// The connection that has had events for the longest time; it leaves the ready list.
    pub(super) fn next_ready(&mut self) -> Option<u32> {
        let index = self.ready.first()?;
        self.clear_ready(index);
        Some(index)
    }

    /// Appends the slot to an accept queue.
    pub(super) fn push_accept(&mut self, queue: &mut List, index: u32) {
        queue.push(&mut By(Chain::Owner, &mut self.nodes), index);
    }

    /// Takes the first slot out of an accept queue.
    pub(super) fn pop_accept(&mut self, queue: &mut List) -> Option<u32> {
        queue.pop(&mut By(Chain::Owner, &mut self.nodes))
    }

    /// The earliest deadline, and whose it is.
    pub(super) fn next_due(&self) -> Option<(Tick, u32)> {
        let first = self.heap.first().filter(|_| self.armed > 0)?;
        Some((first.at, first.slot))
    }

    /// Sets, changes or takes away the slot's deadline.
    pub(super) fn set_deadline(&mut self, index: u32, deadline: Option<Tick>) {
        let Some(node) = self.nodes.get(index as usize) else {
            return;
        };
        match (node.heap, deadline) {
            (NONE, None) => {}
            (NONE, Some(at)) => {
                let place = self.armed;
                if (place as usize) < self.heap.len() {
                    self.armed += 1;
                    self.put(place, Due { at, slot: index });
                    self.rise(place);
                }
            }
            (place, Some(at)) => {
                if self.due(place).at != at {
                    self.put(place, Due { at, slot: index });
                    self.rise(place);
                    let place = self.get(index).map_or(place, |node| node.heap);
                    self.sink(place);
                }
            }
            (place, None) => self.disarm(place),
        }
    }

    fn disarm(&mut self, place: u32) {
        let slot = self.due(place).slot;
        self.armed = self.armed.saturating_sub(1);
        let last = self.due(self.armed);
        if let Some(node) = self.get_mut(slot) {
            node.heap = NONE;
        }
        if last.slot != slot {
            self.put(place, last);
            self.rise(place);
            let place = self.get(last.slot).map_or(place, |node| node.heap);
            self.sink(place);
        }
    }

    fn due(&self, place: u32) -> Due {
        self.heap.get(place as usize).copied().unwrap_or(Due::EMPTY)
    }

    fn put(&mut self, place: u32, due: Due) {
        if let Some(entry) = self.heap.get_mut(place as usize) {
            *entry = due;
        }
        if let Some(node) = self.get_mut(due.slot) {
            node.heap = place;
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
    pub(super) fn deadline(&self, index: u32) -> Option<Tick> {
        let place = self.get(index)?.heap;
        (place != NONE).then(|| self.due(place).at)
    }

    /// How many slots there are.
    pub(super) fn len(&self) -> u32 {
        u32::try_from(self.nodes.len()).unwrap_or(NONE)
    }

    /// Panics when the heap is out of order or a node's place in it is wrong.
    pub(super) fn check(&self) {
        for place in 0..self.armed {
            let due = self.due(place);
            let node = self.get(due.slot);
            assert_eq!(node.map(|node| node.heap), Some(place), "heap place");
            let above = self.due(place.saturating_sub(1) / 2);
            assert!(!due.at.is_before(above.at), "heap order at {place}");
        }
        let armed = self.nodes.iter().filter(|node| node.heap != NONE).count();
        assert_eq!(armed, self.armed as usize, "nodes in the heap");
    }
}

#[cfg(test)]
mod tests;
