//! Who may transmit next, and what is ready for the user.
//!
//! Idle connections cost nothing but a look where every search looks at each, and nothing at all
//! where there are lists:
//!
//! - per priority class a FIFO of connections that want to transmit, each at most once; one packet
//!   a turn, so within a class the device is shared round robin, and a higher class always goes
//!   first;
//! - the connections with events for the user, each at most once;
//! - for each listener those that wait to be accepted.
//!
//! Where there are few connections, marks in the nodes stand for the lists, and each search begins
//! behind where the last one ended, which is as fair.
//!
//! Invariant: `node.queued` names the queue the slot stands in.

mod deadlines;

use managed::ManagedSlice;

pub(super) use deadlines::Order;

use super::address::Key;
use super::list::{Linked, Links, Listing, NONE};
use super::node::{AcceptTurn, INDEXED, LENT, Node, Owner, READY};
use super::scale::{Scale, scan};
use super::slot::{Place, Slot};
use crate::connection::Priority;
use crate::profile::Profile;

/// A list of slots.
type Fifo<P> = <<P as Profile>::Scale as Scale>::List;

/// The connections and the orders in which they stand.
#[derive(Debug)]
pub(super) struct Schedule<'a, P: Profile> {
    pub(super) slots: ManagedSlice<'a, Slot<'a, P>>,
    orders: ManagedSlice<'a, Order>,
    armed: u32,
    classes: [Fifo<P>; 3],
    ready: Fifo<P>,
    free: Fifo<P>,
    /// Whose turn it was last.
    turn: u32,
    /// Whose events were told last.
    told: u32,
}

impl<'a, P: Profile> Schedule<'a, P> {
    /// All slots free; with lists as many as both tables hold.
    pub(super) fn new(
        slots: ManagedSlice<'a, Slot<'a, P>>,
        orders: ManagedSlice<'a, Order>,
    ) -> Self {
        let mut this = Self {
            slots,
            orders,
            armed: 0,
            classes: [Fifo::<P>::EMPTY; 3],
            ready: Fifo::<P>::EMPTY,
            free: Fifo::<P>::EMPTY,
            turn: NONE,
            told: NONE,
        };
        if !P::Scale::SCANS {
            this.orders.fill(Order::EMPTY);
            let count = this.slots.len().min(this.orders.len());
            for index in 0..u32::try_from(count).unwrap_or(NONE) {
                this.free
                    .push(&mut By(Chain::Owner, &mut this.orders), index);
            }
        }
        this
    }

    pub(super) fn get(&self, index: u32) -> Option<&Node> {
        self.slots.get(index as usize).map(|slot| &slot.node)
    }

    pub(super) fn get_mut(&mut self, index: u32) -> Option<&mut Node> {
        self.slots
            .get_mut(index as usize)
            .map(|slot| &mut slot.node)
    }

    /// The first slot behind `last`, or from the start again, whose node is `meant`.
    fn scan(&self, last: u32, mut meant: impl FnMut(u32, &Node) -> bool) -> Option<u32> {
        scan(self.slots.len(), last, |place| {
            let index = u32::try_from(place).unwrap_or(NONE);
            self.get(index).is_some_and(|node| meant(index, node))
        })
    }

    /// The slot of which `key` says whose it is; the search begins at `first`.
    pub(super) fn indexed(&self, first: u32, key: &Key) -> Option<u32> {
        let before = first.wrapping_sub(1);
        self.scan(before, |_, node| node.key == *key && node.is(INDEXED))
    }

    /// A free slot.
    pub(super) fn first_free(&self) -> Option<u32> {
        if P::Scale::SCANS {
            self.scan(NONE, |_, node| node.owner == Owner::Free)
        } else {
            self.free.first()
        }
    }

    /// Takes a free slot for a connection that was lent octets.
    pub(super) fn take(&mut self, index: u32, owner: Owner, key: &Key) {
        self.free
            .remove(&mut By(Chain::Owner, &mut self.orders), index);
        if let Some(node) = self.get_mut(index) {
            node.owner = owner;
            node.key = *key;
            node.mark(LENT);
        }
    }

    /// Frees a slot: it leaves every queue, and handles to it go stale.
    pub(super) fn free(&mut self, index: u32) {
        if !P::Scale::SCANS {
            self.set_queue(index, None);
            self.set_deadline(index, None);
            self.clear_ready(index);
            self.set_time_wait(index, NONE);
        }
        if let Some(slot) = self.slots.get_mut(index as usize) {
            slot.place = Place::Free;
            slot.node = slot.node.freed();
            self.free
                .push(&mut By(Chain::Owner, &mut self.orders), index);
        }
    }

    /// Puts the slot into the transmit queue of `class`, at the end unless it is in it already, or
    /// takes it out of all.
    pub(super) fn set_queue(&mut self, index: u32, class: Option<Priority>) {
        let Some(node) = self.get_mut(index) else {
            return;
        };
        let queued = node.queued;
        let wanted = node.wait_for_turn(class);
        if P::Scale::SCANS || queued == wanted {
            return;
        }
        let orders = &mut By(Chain::Transmit, &mut self.orders);
        if let Some(list) = self.classes.get_mut(usize::from(queued).wrapping_sub(1)) {
            list.remove(orders, index);
        }
        if let Some(list) = self.classes.get_mut(usize::from(wanted).wrapping_sub(1)) {
            list.push(orders, index);
        }
    }

    /// Whose turn it is to transmit; it keeps its place.
    pub(super) fn next_turn(&self) -> Option<u32> {
        if !P::Scale::SCANS {
            return self.classes.iter().find_map(Listing::first);
        }
        let (mut first, mut best) = (None, u8::MAX);
        let _ = self.scan(self.turn, |index, node| {
            // No queue is no class, and more than any.
            let class = node.queued.wrapping_sub(1);
            if class < best {
                (first, best) = (Some(index), class);
            }
            false // look at each
        });
        first
    }

    /// The slot, whose turn it was, goes to the end of its queue if it still stands in one.
    pub(super) fn end_turn(&mut self, index: u32) {
        self.turn = index;
        let Some(node) = self.get(index) else {
            return;
        };
        let place = usize::from(node.queued).wrapping_sub(1);
        if let Some(list) = self.classes.get_mut(place)
            && !list.is_single()
        {
            let orders = &mut By(Chain::Transmit, &mut self.orders);
            list.remove(orders, index);
            list.push(orders, index);
        }
    }

    /// The user of the slot is to hear of events.
    pub(super) fn set_ready(&mut self, index: u32) {
        let Some(node) = self.get_mut(index) else {
            return;
        };
        if !node.is(READY) {
            node.mark(READY);
            self.ready
                .push(&mut By(Chain::Owner, &mut self.orders), index);
        }
    }

    /// The user of the slot has heard, or there is none.
    pub(super) fn clear_ready(&mut self, index: u32) {
        let Some(node) = self.get_mut(index) else {
            return;
        };
        if node.is(READY) {
            node.unmark(READY);
            self.ready
                .remove(&mut By(Chain::Owner, &mut self.orders), index);
        }
    }

    /// The connection that has had events for the longest time; it is told of.
    pub(super) fn next_ready(&mut self) -> Option<u32> {
        let index = if P::Scale::SCANS {
            self.scan(self.told, |_, node| node.is(READY))?
        } else {
            self.ready.first()?
        };
        self.told = index;
        self.clear_ready(index);
        Some(index)
    }

    /// Appends the slot to the accept queue of a listener: `turn` says which.
    pub(super) fn push_accept(&mut self, queue: &mut Fifo<P>, index: u32, turn: AcceptTurn) {
        if let Some(node) = self.get_mut(index) {
            node.turn = turn;
        }
        queue.push(&mut By(Chain::Owner, &mut self.orders), index);
    }

    /// Takes the first slot out of the accept queue.
    pub(super) fn pop_accept(&mut self, queue: &mut Fifo<P>, turn: AcceptTurn) -> Option<u32> {
        let index = if P::Scale::SCANS {
            self.scan(NONE, |_, node| {
                node.owner == Owner::Listener && node.turn == turn
            })?
        } else {
            queue.first()?
        };
        queue.remove(&mut By(Chain::Owner, &mut self.orders), index);
        Some(index)
    }

    /// How many slots there are.
    pub(super) fn len(&self) -> u32 {
        u32::try_from(self.slots.len()).unwrap_or(NONE)
    }
}

/// Which pair of links a list uses.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Chain {
    /// The transmit queue of a class.
    Transmit,
    /// The free list, an accept queue or the ready list, according to the owner.
    Owner,
}

/// The connections, linked by one of their chains.
struct By<'n>(Chain, &'n mut [Order]);

impl Linked for By<'_> {
    fn links(&self, index: u32) -> Links {
        let Some(order) = self.1.get(index as usize) else {
            return Links::NONE;
        };
        let [transmit, owner] = order.links;
        match self.0 {
            Chain::Transmit => transmit,
            Chain::Owner => owner,
        }
    }

    fn set_links(&mut self, index: u32, links: Links) {
        if let Some(order) = self.1.get_mut(index as usize) {
            let [transmit, owner] = &mut order.links;
            *match self.0 {
                Chain::Transmit => transmit,
                Chain::Owner => owner,
            } = links;
        }
    }
}

#[cfg(test)]
mod tests;
