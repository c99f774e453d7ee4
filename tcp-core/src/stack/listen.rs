//! Listeners: where they stand, their backlogs and their accept queues.
//!
//! A half-open connection belongs to whoever listens at its local end, which the index tells; only
//! the number of them is kept here. A connection that completed its handshake waits in the accept
//! queue, in order of completion, until the user takes it.

use managed::ManagedSlice;

use super::ListenerHandle;
use super::address::{Key, Octets, UNSPECIFIED};
use super::list::{Linked, Links, List, NONE};
use crate::connection::Config;

/// One listener: opaque, to be lent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Listener {
    /// Where it stands; the unspecified address and port 0 stand for any.
    pub(super) key: Key,
    /// The knobs of what is accepted.
    pub(super) config: Config,
    syn_backlog: u16,
    accept_backlog: u16,
    half_open: u16,
    waiting: u16,
    generation: u16,
    phase: Phase,
    /// Connections that wait for `accept`.
    queue: List,
    ready: Links,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Phase {
    Free,
    Open,
    /// Open, and in the list of those that have something to accept.
    Ready,
}

impl Listener {
    /// Before there is a stack.
    pub(super) const BLANK: Self = Self {
        config: Config::BLANK,
        queue: List::BLANK,
        ready: Links::BLANK,
        ..Self::EMPTY
    };

    /// A free one.
    pub(super) const EMPTY: Self = Self {
        key: Key::NONE,
        config: Config::new(),
        syn_backlog: 0,
        accept_backlog: 0,
        half_open: 0,
        waiting: 0,
        generation: 0,
        phase: Phase::Free,
        queue: List::EMPTY,
        ready: Links::NONE,
    };

    /// Whether the accept queue has room for one more.
    pub(super) const fn may_accept(&self) -> bool {
        self.waiting < self.accept_backlog
    }

    /// Whether the SYN queue has room for one more of this listener.
    pub(super) const fn may_open(&self) -> bool {
        self.half_open < self.syn_backlog
    }

    /// Half-open connections.
    pub(super) const fn half_open(&self) -> u16 {
        self.half_open
    }

    /// One more half-open connection.
    pub(super) fn opened(&mut self) {
        self.half_open = self.half_open.saturating_add(1);
    }

    /// One half-open connection less.
    pub(super) fn closed(&mut self) {
        self.half_open = self.half_open.saturating_sub(1);
    }

    /// Half-open connections are counted anew.
    pub(super) fn recount(&mut self) {
        self.half_open = 0;
    }

    /// One more connection waits to be accepted; its links are in `queue`.
    pub(super) fn arrived(&mut self) -> &mut List {
        self.waiting = self.waiting.saturating_add(1);
        &mut self.queue
    }

    /// Whether nobody waits to be accepted.
    pub(super) const fn is_idle(&self) -> bool {
        self.queue.is_empty()
    }

    /// One connection is taken out of `queue`.
    pub(super) fn taken(&mut self) -> &mut List {
        self.waiting = self.waiting.saturating_sub(1);
        &mut self.queue
    }
}

/// What a listener is told when it starts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct NewListener {
    pub(super) key: Key,
    pub(super) config: Config,
    pub(super) syn_backlog: u16,
    pub(super) accept_backlog: u16,
}

/// The table of listeners.
#[derive(Debug)]
pub(super) struct Listeners<'a> {
    table: ManagedSlice<'a, Listener>,
    ready: List,
}

impl Linked for ManagedSlice<'_, Listener> {
    fn links(&self, index: u32) -> Links {
        self.get(index as usize)
            .map_or(Links::NONE, |listener| listener.ready)
    }

    fn set_links(&mut self, index: u32, links: Links) {
        if let Some(listener) = self.get_mut(index as usize) {
            listener.ready = links;
        }
    }
}

impl<'a> Listeners<'a> {
    pub(super) fn new(table: ManagedSlice<'a, Listener>) -> Self {
        Self {
            table,
            ready: List::EMPTY,
        }
    }

    pub(super) fn get(&self, index: u32) -> Option<&Listener> {
        self.table
            .get(index as usize)
            .filter(|listener| listener.phase != Phase::Free)
    }

    pub(super) fn get_mut(&mut self, index: u32) -> Option<&mut Listener> {
        self.table
            .get_mut(index as usize)
            .filter(|listener| listener.phase != Phase::Free)
    }

    /// The number of the listener that `handle` names.
    pub(super) fn index(&self, handle: ListenerHandle) -> Option<u32> {
        let index = u32::from(handle.index);
        (self.get(index)?.generation == handle.generation).then_some(index)
    }

    /// The handle of listener `index`.
    pub(super) fn handle(&self, index: u32) -> Option<ListenerHandle> {
        Some(ListenerHandle {
            index: u16::try_from(index).ok()?,
            generation: self.get(index)?.generation,
        })
    }

    /// Takes a free place; `None` when there is none.
    pub(super) fn insert(&mut self, new: &NewListener) -> Option<u32> {
        let free = |listener: &Listener| listener.phase == Phase::Free;
        let index = u16::try_from(self.table.iter().position(free)?).ok()?;
        let listener = self.table.get_mut(usize::from(index))?;
        *listener = Listener {
            key: new.key,
            config: new.config,
            syn_backlog: new.syn_backlog,
            accept_backlog: new.accept_backlog,
            generation: listener.generation,
            phase: Phase::Open,
            ..Listener::EMPTY
        };
        Some(u32::from(index))
    }

    /// Frees a place; its accept queue is empty.
    pub(super) fn remove(&mut self, index: u32) {
        self.clear_ready(index);
        if let Some(listener) = self.get_mut(index) {
            *listener = Listener {
                generation: listener.generation.wrapping_add(1),
                ..Listener::EMPTY
            };
        }
    }

    /// The listener has something to accept.
    pub(super) fn set_ready(&mut self, index: u32) {
        let Some(listener) = self.get_mut(index) else {
            return;
        };
        if listener.phase == Phase::Open {
            listener.phase = Phase::Ready;
            self.ready.push(&mut self.table, index);
        }
    }

    fn clear_ready(&mut self, index: u32) {
        let Some(listener) = self.get_mut(index) else {
            return;
        };
        if listener.phase == Phase::Ready {
            listener.phase = Phase::Open;
            self.ready.remove(&mut self.table, index);
        }
    }

    /// The listener that has had something to accept for the longest time.
    pub(super) fn next_ready(&mut self) -> Option<ListenerHandle> {
        let index = self.ready.first()?;
        self.clear_ready(index);
        self.handle(index)
    }

    /// How many places there are, free or not.
    pub(super) fn len(&self) -> u32 {
        u32::try_from(self.table.len()).unwrap_or(NONE)
    }

    /// Every listener.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, &Listener)> + '_ {
        (0..self.len()).filter_map(|index| Some((index, self.get(index)?)))
    }
}

/// Where a listener for a packet to `address` and `port` may stand, best first: an exact address
/// counts more than an exact port.
pub(super) fn places(address: Octets, port: u16) -> [Key; 4] {
    [
        Key::listener(address, port),
        Key::listener(address, 0),
        Key::listener(UNSPECIFIED, port),
        Key::listener(UNSPECIFIED, 0),
    ]
}
