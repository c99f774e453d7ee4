//! What the stack keeps of a connection beside the connection: who it is, who owns it, and its
//! places in the lists and in the deadline heap.

use super::address::Key;
use super::list::{Linked, Links, NONE};

/// Who may free a slot.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Owner {
    /// The slot is free.
    Free,
    /// A listener: the connection waits in its accept queue.
    Listener,
    /// The user, by a handle.
    User,
    /// The stack: the user closed, the connection ends by itself.
    Stack,
}

/// One slot's place in the stack: opaque, to be lent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Node {
    pub(super) key: Key,
    /// Raised each time the slot is given up; a handle with another one is stale.
    pub(super) generation: u32,
    links: [Links; 2],
    /// Where the slot stands in the deadline heap, or `NONE`.
    pub(super) heap: u32,
    /// The TIME-WAIT entry that took over, or `NONE`.
    pub(super) time_wait: u32,
    pub(super) owner: Owner,
    /// The transmit queue it stands in: one more than the class, 0 for none.
    pub(super) queued: u8,
    marks: u8,
}

/// Stands in the ready list.
pub(super) const READY: u8 = 1;
/// Storage is lent to the connection.
pub(super) const LENT: u8 = 2;
/// Stands in the index.
pub(super) const INDEXED: u8 = 4;
/// Its TIME-WAIT is over.
pub(super) const ENDED: u8 = 8;
/// The user has been told so.
pub(super) const TOLD: u8 = 16;

impl Node {
    /// Before there is a stack: nothing but zeros, so that memory for it costs no flash.
    pub(super) const BLANK: Self = Self {
        key: Key::NONE,
        generation: 0,
        links: [Links::BLANK; 2],
        heap: 0,
        time_wait: 0,
        owner: Owner::Free,
        queued: 0,
        marks: 0,
    };

    /// A free slot's.
    pub(super) const EMPTY: Self = Self {
        key: Key::NONE,
        generation: 0,
        links: [Links::NONE; 2],
        heap: NONE,
        time_wait: NONE,
        owner: Owner::Free,
        queued: 0,
        marks: 0,
    };

    /// A free slot's, after this one's: handles to this one go stale.
    pub(super) const fn freed(&self) -> Self {
        Self {
            generation: self.generation.wrapping_add(1),
            ..Self::EMPTY
        }
    }

    /// Whether `mark` is set.
    pub(super) const fn is(&self, mark: u8) -> bool {
        self.marks & mark != 0
    }

    pub(super) fn mark(&mut self, mark: u8) {
        self.marks |= mark;
    }

    pub(super) fn unmark(&mut self, mark: u8) {
        self.marks &= !mark;
    }
}

/// Which pair of links a list uses.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Chain {
    /// The transmit queue of a class.
    Transmit,
    /// The free list, an accept queue or the ready list, according to the owner.
    Owner,
}

/// The nodes, linked by one of their chains.
pub(super) struct By<'n>(pub(super) Chain, pub(super) &'n mut [Node]);

impl Linked for By<'_> {
    fn links(&self, index: u32) -> Links {
        let Some(node) = self.1.get(index as usize) else {
            return Links::NONE;
        };
        let [transmit, owner] = node.links;
        match self.0 {
            Chain::Transmit => transmit,
            Chain::Owner => owner,
        }
    }

    fn set_links(&mut self, index: u32, links: Links) {
        if let Some(node) = self.1.get_mut(index as usize) {
            let [transmit, owner] = &mut node.links;
            *match self.0 {
                Chain::Transmit => transmit,
                Chain::Owner => owner,
            } = links;
        }
    }
}
