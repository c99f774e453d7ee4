//! Which descriptor of the kernel is which of the script.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use rustix::fd::OwnedFd;
use rustix::net::{getpeername, getsockname, sockopt};

/// The first number that a script's own program would be given.
const FIRST: i64 = 3;

#[derive(Debug, Default)]
pub(in crate::pkt::kernel) struct Descriptors {
    table: BTreeMap<i64, Arc<OwnedFd>>,
    /// Where sockets listen, the latest last.
    listening: Vec<(i64, SocketAddr)>,
}

impl Descriptors {
    pub(super) fn get(&self, fd: i64) -> Option<Arc<OwnedFd>> {
        self.table.get(&fd).cloned()
    }

    /// Keeps a descriptor under the number that the script gives it, or the lowest that is free.
    pub(super) fn add(&mut self, wanted: Option<i64>, fd: Arc<OwnedFd>) -> i64 {
        let free = (FIRST..).find(|number| !self.table.contains_key(number));
        let number = wanted.or(free).unwrap_or(FIRST);
        self.table.insert(number, fd);
        number
    }

    pub(super) fn remove(&mut self, fd: i64) -> Option<Arc<OwnedFd>> {
        self.listening.retain(|(number, _)| *number != fd);
        self.table.remove(&fd)
    }

    /// Notes that a socket listens, and where.
    pub(super) fn set_listening(&mut self, fd: i64) {
        let name = self.table.get(&fd).and_then(|fd| getsockname(fd).ok());
        if let Some(at) = name.and_then(|name| SocketAddr::try_from(name).ok()) {
            self.listening.push((fd, at));
        }
    }

    /// Where a socket listens, at this port or at any.
    pub(in crate::pkt::kernel) fn listens(&self, port: Option<u16>) -> Option<SocketAddr> {
        let mut latest = self.listening.iter().rev();
        let found = latest.find(|(_, at)| port.is_none_or(|port| port == at.port()));
        found.map(|(_, at)| *at)
    }

    /// The socket of the connection between two ends; one that is not established has no other
    /// end yet.
    pub(in crate::pkt::kernel) fn between(
        &self,
        local: SocketAddr,
        remote: SocketAddr,
    ) -> Option<Arc<OwnedFd>> {
        let is = |name: rustix::net::SocketAddrAny, at| SocketAddr::try_from(name) == Ok(at);
        let has_peer = |fd: &Arc<OwnedFd>| {
            let name = getpeername(fd).ok().flatten();
            name.is_some_and(|name| is(name, remote))
        };
        let has_name = |fd: &Arc<OwnedFd>| getsockname(fd).is_ok_and(|name| is(name, local));
        let listens = |number| self.listening.iter().any(|(fd, _)| *fd == number);
        let latest = || self.table.iter().rev();
        let connected = latest().find(|(_, fd)| has_peer(fd));
        let found = connected.or_else(|| {
            let mut others = latest().filter(|(number, _)| !listens(**number));
            others.find(|(_, fd)| has_name(fd))
        });
        found.map(|(_, fd)| Arc::clone(fd))
    }

    /// Closes everything so that nothing waits for a peer that is gone, not even a call that
    /// blocks on its own thread.
    pub(in crate::pkt::kernel) fn abandon(&mut self) {
        for fd in std::mem::take(&mut self.table).into_values() {
            // What is no socket, or not connected, refuses; it is closed all the same.
            let _ = sockopt::set_socket_linger(&fd, Some(std::time::Duration::ZERO));
            let _ = rustix::net::shutdown(&fd, rustix::net::Shutdown::Both);
        }
    }
}
