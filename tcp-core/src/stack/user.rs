//! User calls on a connection: from a handle to a slot, and back to events.

use super::node::{ENDED, Owner, TOLD};
use super::slot::Slot;
use super::{Event, Handle, Stack};
use crate::connection::{CloseReason, Connection, Events, Info, Misuse, State, Tuple};
use crate::profile::{Memory, Profile};
use crate::time::Instant;

impl<'a, P: Profile, M: Memory<'a>> Stack<'a, P, M> {
    /// The slot that `handle` names.
    pub(super) fn slot(&self, handle: Handle) -> Result<u32, Misuse> {
        self.schedule
            .get(handle.index)
            .filter(|node| node.generation == handle.generation && node.owner == Owner::User)
            .map(|_| handle.index)
            .ok_or(Misuse::NoConnection)
    }

    /// The connection that `handle` names.
    pub(super) fn look(&self, handle: Handle) -> Result<&Connection<'a, P>, Misuse> {
        let index = self.slot(handle)?;
        self.connection(index).ok_or(Misuse::NoConnection)
    }

    /// Lets `act` change the connection that `handle` names.
    pub(super) fn visit<R>(
        &mut self,
        now: Instant,
        handle: Handle,
        act: impl FnOnce(&mut Connection<'a, P>) -> R,
    ) -> Result<R, Misuse> {
        let index = self.slot(handle)?;
        self.tick(now);
        self.with_connection(index, act).ok_or(Misuse::NoConnection)
    }

    /// The user lets go of `handle`: the connection ends by itself, and its slot with it.
    pub(super) fn let_go(&mut self, now: Instant, handle: Handle) -> Result<(), Misuse> {
        let index = self.slot(handle)?;
        self.tick(now);
        self.schedule.clear_ready(index);
        if let Some(node) = self.schedule.get_mut(index) {
            node.owner = Owner::Stack;
            node.generation = node.generation.wrapping_add(1);
        }
        self.with_connection(index, |connection| connection.close(now))
            .ok_or(Misuse::NoConnection)
    }

    /// Why the connection ended. One that went through TIME-WAIT ended well.
    pub(super) fn reason(&self, handle: Handle) -> Result<Option<CloseReason>, Misuse> {
        let connection = self.look(handle)?;
        let over = self.state_of(handle.index) == State::Closed;
        if over && connection.state() == State::TimeWait {
            Ok(Some(CloseReason::Finished))
        } else {
            Ok(connection.close_reason())
        }
    }

    /// Both ends of the connection.
    pub(super) fn ends(&self, handle: Handle) -> Result<Tuple, Misuse> {
        let index = self.slot(handle)?;
        let node = self.schedule.get(index).ok_or(Misuse::NoConnection)?;
        Ok(node.key)
    }

    /// What the connection looks like.
    pub(super) fn snapshot(&self, now: Instant, handle: Handle) -> Result<Info, Misuse> {
        let info = self.look(handle)?.info(now);
        Ok(Info {
            state: self.state_of(handle.index),
            ..info
        })
    }

    /// The next event: listeners first, then connections in order of readiness.
    pub(super) fn next_event(&mut self) -> Option<Event> {
        if let Some(listener) = self.listeners.next_ready() {
            return Some(Event::Listener(listener));
        }
        // Each pass takes one connection out of the list.
        while let Some(index) = self.schedule.next_ready() {
            let slot = self.schedule.slots.get_mut(index as usize);
            let Some((node, connection)) = slot.and_then(Slot::both) else {
                continue;
            };
            let mut events = connection.take_events();
            if node.is(ENDED) && !node.is(TOLD) {
                node.mark(TOLD);
                events |= Events::CLOSED;
            }
            let generation = node.generation;
            if !events.is_empty() {
                return Some(Event::Connection(Handle { index, generation }, events));
            }
        }
        None
    }
}
