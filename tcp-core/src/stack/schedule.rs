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
use super::list::{Linked, Links, Listing as _, NONE};
use super::node::{AcceptTurn, INDEXED, LENT, Node, Owner, READY};
use super::scale::{Scale, scan};
use crate::connection::Priority;

/// The nodes and the orders in which they stand.
#[derive(Debug)]
pub(super) struct Schedule<'a, S: Scale> {
    nodes: ManagedSlice<'a, Node>,
    orders: ManagedSlice<'a, Order>,
    armed: u32,
    classes: [S::List; 3],
    ready: S::List,
    free: S::List,
    /// Whose turn it was last.
    turn: u32,
    /// Whose events were told last.
    told: u32,
}

impl<'a, S: Scale> Schedule<'a, S> {
    /// All nodes free; with lists as many as both tables hold.
    pub(super) fn new(nodes: ManagedSlice<'a, Node>, orders: ManagedSlice<'a, Order>) -> Self {
        let mut this = Self {
            nodes,
            orders,
            armed: 0,
            classes: [S::List::EMPTY; 3],
            ready: S::List::EMPTY,
            free: S::List::EMPTY,
            turn: NONE,
            told: NONE,
        };
        if !S::SCANS {
            this.nodes.fill(Node::EMPTY);
            this.orders.fill(Order::EMPTY);
            let count = this.nodes.len().min(this.orders.len());
            for index in 0..u32::try_from(count).unwrap_or(NONE) {
                this.free
                    .push(&mut By(Chain::Owner, &mut this.orders), index);
            }
        }
        this
    }

    pub(super) fn get(&self, index: u32) -> Option<&Node> {
        self.nodes.get(index as usize)
    }

    pub(super) fn get_mut(&mut self, index: u32) -> Option<&mut Node> {
        self.nodes.get_mut(index as usize)
    }

    /// The first slot behind `last`, or from the start again, whose node is `meant`.
    fn scan(&self, last: u32, meant: impl Fn(&Node) -> bool) -> Option<u32> {
        let is_meant = |place: usize| self.nodes.get(place).is_some_and(&meant);
        scan(self.nodes.len(), last, is_meant)
    }

    /// The slot of which `key` says whose it is.
    pub(super) fn indexed(&self, key: &Key) -> Option<u32> {
        self.scan(NONE, |node| node.key == *key && node.is(INDEXED))
    }

    /// A free slot.
    pub(super) fn first_free(&self) -> Option<u32> {
        if S::SCANS {
            self.scan(NONE, |node| node.owner == Owner::Free)
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
        if !S::SCANS {
            self.set_queue(index, None);
            self.set_deadline(index, None);
            self.clear_ready(index);
            self.set_time_wait(index, NONE);
        }
        if let Some(node) = self.get_mut(index) {
            *node = node.freed();
            self.free
                .push(&mut By(Chain::Owner, &mut self.orders), index);
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
        if S::SCANS || queued == wanted {
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
    pub(super) fn next_turn(&self) -> Option<(u32, Priority)> {
        let classes = [Priority::High, Priority::Normal, Priority::Low];
        for (class, list) in classes.into_iter().zip(&self.classes) {
            let first = if S::SCANS {
                self.scan(self.turn, |node| node.queued == class as u8 + 1)
            } else {
                list.first()
            };
            if let Some(first) = first {
                return Some((first, class));
            }
        }
        None
    }

    /// The slot, whose turn it was, goes to the end of its queue if it still stands in one.
    pub(super) fn end_turn(&mut self, index: u32) {
        self.turn = index;
        let Some(node) = self.nodes.get(index as usize) else {
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

    /// Whether any connection wants to transmit.
    pub(super) fn anyone_waits(&self) -> bool {
        if S::SCANS {
            self.nodes.iter().any(|node| node.queued != 0)
        } else {
            self.classes.iter().any(|list| list.first().is_some())
        }
    }

    /// The user of the slot is to hear of events.
    pub(super) fn set_ready(&mut self, index: u32) {
        let Some(node) = self.nodes.get_mut(index as usize) else {
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
        let Some(node) = self.nodes.get_mut(index as usize) else {
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
        let index = if S::SCANS {
            self.scan(self.told, |node| node.is(READY))?
        } else {
            self.ready.first()?
        };
        self.told = index;
        self.clear_ready(index);
        Some(index)
    }

    /// Appends the slot to the accept queue of a listener: `turn` says which.
    pub(super) fn push_accept(&mut self, queue: &mut S::List, index: u32, turn: AcceptTurn) {
        if let Some(node) = self.get_mut(index) {
            node.turn = turn;
        }
        queue.push(&mut By(Chain::Owner, &mut self.orders), index);
    }

    /// Takes the first slot out of the accept queue.
    pub(super) fn pop_accept(&mut self, queue: &mut S::List, turn: AcceptTurn) -> Option<u32> {
        let index = if S::SCANS {
            self.scan(NONE, |node| {
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
        u32::try_from(self.nodes.len()).unwrap_or(NONE)
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
