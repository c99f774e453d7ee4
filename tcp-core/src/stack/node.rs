//! What the stack keeps of a connection beside the connection: who it is, and who owns it.

use super::address::Key;
use crate::connection::Priority;

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

/// Whose turn it is in an accept queue.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct AcceptTurn {
    pub(super) listener: u16,
    /// How many came into that queue before, modulo 2^16.
    pub(super) arrival: u16,
}

/// One slot's place in the stack: opaque, to be lent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Node {
    pub(super) key: Key,
    /// Raised each time the slot is given up; a handle with another one is stale.
    pub(super) generation: u32,
    /// Its turn to be accepted, while it belongs to a listener.
    pub(super) turn: AcceptTurn,
    pub(super) owner: Owner,
    /// The transmit queue it stands in: one more than the class, 0 for none.
    pub(super) queued: u8,
    marks: u8,
}

/// Has events that its user has not been told of.
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
    /// A free slot's: nothing but zeros, so that memory for it costs no flash.
    pub(super) const EMPTY: Self = Self {
        key: Key::NONE,
        generation: 0,
        turn: AcceptTurn {
            listener: 0,
            arrival: 0,
        },
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

    /// Says in which transmit queue the slot stands; the queue's number.
    pub(super) fn wait_for_turn(&mut self, class: Option<Priority>) -> u8 {
        self.queued = class.map_or(0, |class| class as u8 + 1);
        self.queued
    }

    /// The class of the transmit queue in which the slot stands.
    pub(super) const fn class(&self) -> Priority {
        match self.queued {
            1 => Priority::High,
            3 => Priority::Low,
            _ => Priority::Normal,
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
