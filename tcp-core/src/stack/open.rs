//! Opening and closing from this side: listen, accept, connect.

use core::net::{IpAddr, SocketAddr};

use super::address::Key;
use super::demux::Found;
use super::isn::{Start, Ticks};
use super::listen::NewListener;
use super::local::{Scope, Source};
use super::node::{AcceptTurn, INDEXED, Owner};
use super::scale::Scale as _;
use super::slot::Place;
use super::{Handle, ListenAt, ListenerHandle, Stack};
use crate::connection::{Config, Connection, Misuse, Opening};
use crate::profile::{Memory, Profile, Storage};
use crate::wire::Address;

impl<'a, P: Profile, M: Memory<'a>> Stack<'a, P, M> {
    /// Starts a listener.
    //= https://www.rfc-editor.org/rfc/rfc9293#section-3.9.1.1
    //# Every passive OPEN call either creates a new connection record in LISTEN
    //# state, or it returns an error; it MUST NOT affect any previously created
    //# connection record (MUST-41).
    //= https://www.rfc-editor.org/rfc/rfc9293#section-3.9.1.1
    //# A TCP implementation that supports multiple concurrent connections MUST
    //# provide an OPEN call that will functionally allow an application to LISTEN
    //# on a port while a connection block with the same local port is in SYN-SENT
    //# or SYN-RECEIVED state (MUST-42).
    pub(super) fn open_listener(&mut self, at: &ListenAt) -> Result<ListenerHandle, Misuse> {
        let any = self.locals.scope() == Scope::Any;
        let address = match at.address.filter(|address| !address.is_unspecified()) {
            None => Address::UNSPECIFIED,
            Some(address) => Address::new(address)
                .filter(|address| self.locals.may_use(*address))
                .ok_or(Misuse::NotOurAddress)?,
        };
        if at.port == 0 && !any {
            return Err(Misuse::NotOurAddress);
        }
        let key = Key::listener(address, at.port);
        if self.is_taken(&key) {
            return Err(Misuse::AlreadyExists);
        }
        let new = NewListener {
            key,
            config: at.config,
            syn_backlog: at.syn_backlog,
            accept_backlog: at.accept_backlog,
        };
        let index = self
            .listeners
            .insert(&new)
            .ok_or(Misuse::InsufficientResources)?;
        if self.enter(&key, Found::Listener(index)).is_err() {
            self.listeners.remove(index);
            return Err(Misuse::InsufficientResources);
        }
        self.recount_half_open();
        self.listeners
            .handle(index)
            .ok_or(Misuse::InsufficientResources)
    }

    /// Half-open connections of a listener, by a look at each.
    pub(super) fn count_half_open(&self, listener: u32) -> u16 {
        let mut count = 0;
        for entry in 0..self.half_open.len() {
            if self.half_open_owner(entry) == Some(listener) {
                count += 1;
            }
        }
        count
    }

    /// Counts half-open connections by listener: one that is more specific than another takes over
    /// the other's.
    fn recount_half_open(&mut self) {
        if P::Scale::SCANS {
            return;
        }
        for index in 0..self.listeners.len() {
            if let Some(listener) = self.listeners.get_mut(index) {
                listener.recount();
            }
        }
        for entry in 0..self.half_open.len() {
            if let Some(listener) = self.half_open_owner(entry)
                && let Some(listener) = self.listeners.get_mut(listener)
            {
                listener.opened();
            }
        }
    }

    fn half_open_owner(&self, entry: u32) -> Option<u32> {
        let entry = self.half_open.get(entry).filter(|entry| entry.is_used())?;
        self.listener_for(&entry.key(self.locals.own()))
    }

    /// The knobs of what is accepted from here on.
    pub(super) fn configure_listener(
        &mut self,
        handle: ListenerHandle,
        config: Config,
    ) -> Result<(), Misuse> {
        let index = self.listeners.index(handle).ok_or(Misuse::NoConnection)?;
        let listener = self.listeners.get_mut(index);
        listener.ok_or(Misuse::NoConnection)?.config = config;
        Ok(())
    }

    /// Stops a listener. Connections that did not reach the user are reset; half-open ones are
    /// forgotten, because a reset for each would answer a flood: who is there hears of it when it
    /// sends its ACK.
    pub(super) fn close_listener(&mut self, handle: ListenerHandle) -> Result<(), Misuse> {
        let index = self.listeners.index(handle).ok_or(Misuse::NoConnection)?;
        for entry in 0..self.half_open.len() {
            if self.half_open_owner(entry) == Some(index) {
                self.drop_half_open(entry);
            }
        }
        while let Some(connection) = self.pop_accept(index) {
            if let Some(node) = self.schedule.get_mut(connection) {
                node.owner = Owner::Stack;
            }
            let now = self.clock;
            let _ = self.with_connection(connection, |connection| connection.abort(now));
        }
        if let Some(listener) = self.listeners.get(index) {
            let key = listener.key;
            self.leave(&key, Found::Listener(index));
        }
        self.listeners.remove(index);
        Ok(())
    }

    fn pop_accept(&mut self, listener: u32) -> Option<u32> {
        let number = u16::try_from(listener).ok()?;
        let listener = self.listeners.get_mut(listener)?;
        if listener.is_idle() {
            return None;
        }
        let (queue, arrival) = listener.taken();
        let turn = AcceptTurn {
            listener: number,
            arrival,
        };
        self.schedule.pop_accept(queue, turn)
    }

    /// Hands the first connection of an accept queue to the user.
    pub(super) fn take_accepted(
        &mut self,
        listener: ListenerHandle,
    ) -> Result<Option<Handle>, Misuse> {
        let listener = self.listeners.index(listener).ok_or(Misuse::NoConnection)?;
        let Some(index) = self.pop_accept(listener) else {
            return Ok(None);
        };
        let has_events = self.connection(index).is_some_and(Connection::has_events);
        let Some(node) = self.schedule.get_mut(index) else {
            return Ok(None);
        };
        node.owner = Owner::User;
        let generation = node.generation;
        if has_events {
            self.schedule.set_ready(index);
        }
        Ok(Some(Handle { index, generation }))
    }

    /// Opens a connection.
    pub(super) fn open_connection(
        &mut self,
        local: Option<SocketAddr>,
        remote: SocketAddr,
        config: Config,
    ) -> Result<Handle, Misuse> {
        let key = self.choose_tuple(local, remote)?;
        if self.schedule.first_free().is_none() {
            return Err(Misuse::InsufficientResources);
        }
        let storage = self.memory.lend().ok_or(Misuse::InsufficientResources)?;
        let start = Start::of(&key, self.secret);
        self.ports.step(start.timestamp_offset);
        let opening = Opening {
            iss: start.iss(Ticks::at(self.clock)),
            timestamp_offset: start.timestamp_offset,
            mtu: self.mtu,
            ip_header: key.ip_header(),
        };
        let Some(handle) = self.place(&key) else {
            self.memory.give_back(storage);
            return Err(Misuse::InsufficientResources);
        };
        self.start(handle, config, (opening, storage));
        Ok(handle)
    }

    /// A slot of the user's, in the index under `key`.
    fn place(&mut self, key: &Key) -> Option<Handle> {
        let index = self.schedule.first_free()?;
        self.schedule.take(index, Owner::User, key);
        if self.enter(key, Found::Connection(index)).is_err() {
            self.schedule.free(index);
            return None;
        }
        let node = self.schedule.get_mut(index)?;
        node.mark(INDEXED);
        let generation = node.generation;
        Some(Handle { index, generation })
    }

    fn start(
        &mut self,
        handle: Handle,
        config: Config,
        (opening, storage): (Opening, Storage<'a>),
    ) {
        if let Some(slot) = self.schedule.slots.get_mut(handle.index()) {
            slot.place = Place::Taken(Connection::blank(storage));
            if let Some((_, connection)) = slot.both() {
                connection.connecting(self.clock, &config, &opening);
            }
        }
        self.settle(handle.index);
    }

    /// Both ends of a connection to be opened.
    //= https://www.rfc-editor.org/rfc/rfc9293#section-3.9.1.1
    //# A TCP implementation MUST reject as an error a local OPEN call for an
    //# invalid remote IP address (e.g., a broadcast or multicast address)
    //# (MUST-46).
    #[inline(never)]
    fn choose_tuple(
        &mut self,
        local: Option<SocketAddr>,
        remote: SocketAddr,
    ) -> Result<Key, Misuse> {
        let remote_octets = Address::new(remote.ip())
            .filter(|octets| self.locals.source(*octets) == Source::Unicast)
            .filter(|_| remote.port() != 0)
            .ok_or(Misuse::RemoteUnspecified)?;
        let named = local
            .map(|local| local.ip())
            .filter(|local| !local.is_unspecified());
        let mut key = Key {
            local: self
                .choose_local(named, remote_octets)
                .ok_or(Misuse::NotOurAddress)?,
            remote: remote_octets,
            local_port: local.map_or(0, |local| local.port()),
            remote_port: remote.port(),
        };
        if key.local_port != 0 {
            return match self.find(&key) {
                None => Ok(key),
                Some(_) => Err(Misuse::AlreadyExists),
            };
        }
        let mut candidates = self.ports.candidates(&key, self.secret);
        let free = candidates.find(|port| {
            key.local_port = *port;
            self.find(&key).is_none() && self.listener_for(&key).is_none()
        });
        free.map(|_| key).ok_or(Misuse::InsufficientResources)
    }

    //= https://www.rfc-editor.org/rfc/rfc9293#section-3.9.1.1
    //# The optional "local IP address" parameter MUST be supported to allow the
    //# specification of the local IP address (MUST-43).
    //= https://www.rfc-editor.org/rfc/rfc9293#section-3.9.1.1
    //# If an application on a multihomed host does not specify the local IP address
    //# when actively opening a TCP connection, then the TCP implementation MUST ask
    //# the IP layer to select a local IP address before sending the (first) SYN
    //# (MUST-44).
    fn choose_local(&self, named: Option<IpAddr>, remote: Address) -> Option<Address> {
        match named {
            None => self.locals.source_for(remote),
            Some(address) => Address::new(address)
                .filter(|address| self.locals.may_use(*address))
                .filter(|address| address.is_v4() == remote.is_v4())
                .filter(|address| *address != remote),
        }
    }
}
