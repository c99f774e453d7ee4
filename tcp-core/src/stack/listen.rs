//! Listeners: where they stand, their backlogs and their accept queues.
//!
//! A half-open connection belongs to whoever listens at its local end, which the index tells; only
//! the number of them is kept here. A connection that completed its handshake waits in the accept
//! queue, in order of completion, until the user takes it.

use managed::ManagedSlice;

use super::ListenerHandle;
use super::address::Key;
use super::list::{Linkage as _, Linked, Links, Listing as _, NONE};
use super::scale::{Scale, scan};
use crate::connection::Config;
use crate::wire::Address;

/// One listener: opaque, to be lent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Listener<S: Scale> {
    /// Where it stands; the unspecified address and port 0 stand for any.
    pub(super) key: Key,
    /// The knobs of what is accepted.
    pub(super) config: Config,
    syn_backlog: u16,
    accept_backlog: u16,
    half_open: u16,
    waiting: u16,
    /// How many came into the accept queue, modulo 2^16.
    arrivals: u16,
    generation: u16,
    phase: Phase,
    /// Connections that wait for `accept`.
    queue: S::List,
    ready: S::Links,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Phase {
    Free,
    Open,
    /// Open, and in the list of those that have something to accept.
    Ready,
}

impl<S: Scale> Listener<S> {
    /// Before there is a stack.
    pub(super) const BLANK: Self = Self {
        config: Config::BLANK,
        queue: S::List::BLANK,
        ready: S::Links::BLANK,
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
        arrivals: 0,
        generation: 0,
        phase: Phase::Free,
        queue: S::List::EMPTY,
        ready: S::Links::NONE,
    };

    /// Whether the accept queue has room for one more.
    pub(super) const fn may_accept(&self) -> bool {
        self.waiting < self.accept_backlog
    }

    /// Half-open connections at most.
    pub(super) const fn syn_backlog(&self) -> u16 {
        self.syn_backlog
    }

    /// Half-open connections, where they are not counted by a look at each.
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

    /// One more connection waits to be accepted: the queue, and its turn in it.
    pub(super) fn arrived(&mut self) -> (&mut S::List, u16) {
        let arrival = self.arrivals;
        self.arrivals = arrival.wrapping_add(1);
        self.waiting = self.waiting.saturating_add(1);
        (&mut self.queue, arrival)
    }

    /// Whether nobody waits to be accepted.
    pub(super) const fn is_idle(&self) -> bool {
        self.waiting == 0
    }

    /// The first connection is taken out of the queue: the queue, and its turn in it.
    pub(super) fn taken(&mut self) -> (&mut S::List, u16) {
        let first = self.arrivals.wrapping_sub(self.waiting);
        self.waiting = self.waiting.saturating_sub(1);
        (&mut self.queue, first)
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
pub(super) struct Listeners<'a, S: Scale> {
    table: ManagedSlice<'a, Listener<S>>,
    ready: S::List,
    /// Who was told last.
    told: u32,
}

impl<S: Scale> Linked for ManagedSlice<'_, Listener<S>> {
    fn links(&self, index: u32) -> Links {
        self.get(index as usize)
            .map_or(Links::NONE, |listener| listener.ready.get())
    }

    fn set_links(&mut self, index: u32, links: Links) {
        if let Some(listener) = self.get_mut(index as usize) {
            listener.ready.set(links);
        }
    }
}

impl<'a, S: Scale> Listeners<'a, S> {
    pub(super) fn new(table: ManagedSlice<'a, Listener<S>>) -> Self {
        Self {
            table,
            ready: S::List::EMPTY,
            told: NONE,
        }
    }

    pub(super) fn get(&self, index: u32) -> Option<&Listener<S>> {
        self.table
            .get(index as usize)
            .filter(|listener| listener.phase != Phase::Free)
    }

    pub(super) fn get_mut(&mut self, index: u32) -> Option<&mut Listener<S>> {
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
        let free = |listener: &Listener<S>| listener.phase == Phase::Free;
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
        let index = if S::SCANS {
            self.first_ready()?
        } else {
            self.ready.first()?
        };
        self.told = index;
        self.clear_ready(index);
        self.handle(index)
    }

    /// The first one behind who was told last, where each is looked at.
    fn first_ready(&self) -> Option<u32> {
        scan(self.table.len(), self.told, |place| {
            let listener = self.table.get(place);
            listener.is_some_and(|listener| listener.phase == Phase::Ready)
        })
    }

    /// Who listens where `key` leads, by a look at each: see [`places`] for who is preferred.
    pub(super) fn best(&self, key: &Key) -> Option<u32> {
        let mut best = None;
        let mut most = 0;
        for (index, listener) in self.table.iter().enumerate() {
            let at = &listener.key;
            let address = at.local == key.local;
            let port = at.local_port == key.local_port;
            let hears =
                (address || at.local == Address::UNSPECIFIED) && (port || at.local_port == 0);
            let rank = 1 + 2 * u8::from(address) + u8::from(port);
            if hears && rank > most && listener.phase != Phase::Free {
                most = rank;
                best = u32::try_from(index).ok();
            }
        }
        best
    }

    /// How many places there are, free or not.
    pub(super) fn len(&self) -> u32 {
        u32::try_from(self.table.len()).unwrap_or(NONE)
    }

    /// Every listener.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, &Listener<S>)> + '_ {
        (0..self.len()).filter_map(|index| Some((index, self.get(index)?)))
    }
}

/// Where a listener for a packet to `address` and `port` may stand, best first: an exact address
/// counts more than an exact port.
pub(super) fn places(address: Address, port: u16) -> [Key; 4] {
    [
        Key::listener(address, port),
        Key::listener(address, 0),
        Key::listener(Address::UNSPECIFIED, port),
        Key::listener(Address::UNSPECIFIED, 0),
    ]
}
