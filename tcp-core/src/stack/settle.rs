//! The only way to a connection, and what has to happen after each visit.
//!
//! Whatever a connection is told, by a segment, a timer or the user, may change what it wants to
//! send, when it must be woken, what the user should hear, and whether it still needs its slot.
//! `with_connection` is the only function that gives out a connection to be changed, and it ends
//! with `settle`, so none of this can be forgotten.

use super::Stack;
use super::address::Key;
use super::demux::{Found, IndexFull};
use super::entry::Entry;
use super::node::{ENDED, INDEXED, LENT, Owner, READY};
use super::scale::Scale as _;
use super::slot::Slot;
use crate::connection::{Connection, State};
use crate::profile::{Memory, Profile};
use crate::time::Tick;

impl<'a, P: Profile, M: Memory<'a>> Stack<'a, P, M> {
    /// Lets `act` change connection `index` and draws the consequences; `None` when the slot is
    /// free.
    pub(super) fn with_connection<R>(
        &mut self,
        index: u32,
        act: impl FnOnce(&mut Connection<'a, P>) -> R,
    ) -> Option<R> {
        let slot = self.schedule.slots.get_mut(index as usize)?;
        let (_, connection) = slot.both()?;
        let result = act(connection);
        self.settle(index);
        Some(result)
    }

    /// The connection in slot `index`.
    pub(super) fn connection(&self, index: u32) -> Option<&Connection<'a, P>> {
        self.schedule.slots.get(index as usize)?.connection()
    }

    /// Brings queues, deadlines, events and tables in line with connection `index`.
    #[inline(never)]
    pub(super) fn settle(&mut self, index: u32) {
        let slot = self.schedule.slots.get_mut(index as usize);
        let Some((node, connection)) = slot.and_then(Slot::both) else {
            return;
        };
        let state = connection.state();
        // While it lives it may stand in the queue without need; it is asked when its turn comes.
        let ended = matches!(state, State::Closed | State::TimeWait);
        let wants = connection.may_transmit() && (!ended || connection.wants_transmit(self.clock));
        let queue = wants.then(|| connection.priority());
        let deadline = if P::Scale::SCANS {
            None
        } else {
            connection.next_tick(self.clock)
        };
        let owner = node.owner;
        let tells = connection.has_events() && owner == Owner::User;
        if P::Scale::SCANS {
            node.wait_for_turn(queue);
            if tells {
                node.mark(READY);
            }
        } else {
            self.schedule.set_queue(index, queue);
            if tells {
                self.schedule.set_ready(index);
            }
        }
        match state {
            State::Closed => {
                self.unindex(index);
                if !P::Scale::SCANS {
                    self.schedule.set_deadline(index, None);
                }
            }
            State::TimeWait => self.linger(index),
            State::Listen
            | State::SynSent
            | State::SynReceived
            | State::Established
            | State::FinWait1
            | State::FinWait2
            | State::CloseWait
            | State::Closing
            | State::LastAck => {
                if !P::Scale::SCANS {
                    self.schedule.set_deadline(index, deadline);
                }
                return;
            }
        }
        // A reset may be owed after the end: slot and storage stay until it has left.
        if queue.is_none() {
            self.release(index, owner);
        }
    }

    /// Gives back what an ended connection does not need: the storage once no unread data is in
    /// it, the slot once the user has let go.
    #[inline(never)]
    pub(super) fn release(&mut self, index: u32, owner: Owner) {
        let slot = self.schedule.slots.get_mut(index as usize);
        let Some((node, connection)) = slot.and_then(Slot::both) else {
            return;
        };
        let unread = owner != Owner::Stack && connection.readable() > 0;
        if node.is(LENT) && !unread {
            node.unmark(LENT);
            self.memory.give_back(connection.take_storage());
        }
        if owner == Owner::Stack {
            self.schedule.free(index);
        }
    }

    /// A connection in TIME-WAIT hands over to a compact entry; a handle's slot then waits for the
    /// entry's end, to tell the user.
    #[inline(never)]
    fn linger(&mut self, index: u32) {
        if self
            .schedule
            .get(index)
            .is_some_and(|node| node.is(INDEXED))
        {
            self.enter_time_wait(index);
        }
        let entry = self.lingers(index);
        if !P::Scale::SCANS {
            let at = entry.and_then(|entry| self.time_wait.deadline(entry, self.clock));
            self.schedule.set_deadline(index, at.map(Tick::at));
        }
        if entry.is_none()
            && let Some(node) = self.schedule.get_mut(index)
            && !node.is(ENDED)
        {
            node.mark(ENDED);
            if node.owner == Owner::User {
                self.schedule.set_ready(index);
            }
        }
    }

    /// Moves connection `index` from the index to the TIME-WAIT table, where its last ACK is owed.
    //= https://www.rfc-editor.org/rfc/rfc9293#section-3.6.1
    //# When a connection is closed actively, it MUST linger in the TIME-WAIT state
    //# for a time 2xMSL (Maximum Segment Lifetime) (MUST-13).
    fn enter_time_wait(&mut self, index: u32) {
        if let Some(victim) = self.time_wait.victim(self.clock) {
            self.recycled = self.recycled.saturating_add(1);
            self.drop_time_wait(victim);
        }
        let Some(slot) = self.schedule.slots.get(index as usize) else {
            return;
        };
        let Some(seed) = slot.connection().and_then(Connection::time_wait_seed) else {
            return;
        };
        let key = &slot.node.key;
        let new = Entry::between(key, self.locals.own());
        let entry = new.and_then(|mut new| {
            new.take_over(&seed);
            self.time_wait.insert(self.clock, &new)
        });
        let Some(entry) = entry else {
            // A stack without TIME-WAIT entries forgets the connection at once.
            self.unindex(index);
            return;
        };
        self.time_wait.sent(entry);
        if !P::Scale::SCANS {
            let hash = key.place(self.index_key);
            self.demux
                .replace(hash, Found::Connection(index), Found::TimeWait(entry));
            self.schedule.set_time_wait(index, entry);
        }
        if let Some(node) = self.schedule.get_mut(index) {
            node.unmark(INDEXED);
        }
        if seed.owes_ack {
            self.acknowledge_time_wait(entry);
        }
    }

    /// The TIME-WAIT entry that took over from slot `index`, as long as it waits.
    pub(super) fn lingers(&self, index: u32) -> Option<u32> {
        let slot = self.schedule.slots.get(index as usize)?;
        let snd_nxt = slot.connection()?.waits_from()?;
        let (node, own) = (&slot.node, self.locals.own());
        let entry_index = if P::Scale::SCANS {
            self.time_wait.find(&node.key, own)
        } else {
            self.schedule.time_wait(index)
        }?;
        let entry = self.time_wait.get(entry_index)?;
        let same = P::Scale::SCANS || entry.key(own) == node.key;
        (same && entry.snd_nxt == snd_nxt).then_some(entry_index)
    }

    /// Takes slot `index` out of the index.
    pub(super) fn unindex(&mut self, index: u32) {
        if let Some(node) = self.schedule.get_mut(index)
            && node.is(INDEXED)
        {
            node.unmark(INDEXED);
            let key = node.key;
            self.leave(&key, Found::Connection(index));
        }
    }

    /// Puts `found` into the index, if there is one.
    pub(super) fn enter(&mut self, key: &Key, found: Found) -> Result<(), IndexFull> {
        if P::Scale::SCANS {
            return Ok(());
        }
        self.demux.insert(key.place(self.index_key), found)
    }

    /// Takes `found` out of the index.
    pub(super) fn leave(&mut self, key: &Key, found: Found) {
        if !P::Scale::SCANS {
            self.demux.remove(key.place(self.index_key), found);
        }
    }
}
