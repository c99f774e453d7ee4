//! Servers that run on the thread of a shard: no thread, no wake-up and no buffer a connection.

use std::net::SocketAddr;

use tcp_core::{Handle, Instant};

use crate::shard::HostStack;

/// What shall become of a connection.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Verdict {
    /// It goes on.
    Keep,
    /// It is closed: a FIN after what was written.
    Close,
    /// It is reset.
    Abort,
}

/// One connection's server. It is called when the connection opened, when data or the end
/// arrived and when there is room to write, under the lock of the shard: it shall be quick.
///
/// ```
/// use tcp_std::{Service, Session, Verdict};
///
/// /// RFC 863.
/// struct Discard;
///
/// impl Service for Discard {
///     fn ready(&mut self, session: &mut Session<'_>) -> Verdict {
///         while session.take(|octets| octets.len()) > 0 {}
///         if session.is_finished() { Verdict::Close } else { Verdict::Keep }
///     }
/// }
/// ```
pub trait Service: Send {
    /// Something happened: read and write what can be.
    fn ready(&mut self, session: &mut Session<'_>) -> Verdict;
}

/// A connection as its [`Service`] sees it. Nothing blocks; zero means nothing or no room, and
/// the service is called again when that changes. It is dropped when the connection ends.
#[derive(Debug)]
pub struct Session<'s> {
    pub(crate) stack: &'s mut HostStack,
    pub(crate) now: Instant,
    pub(crate) handle: Handle,
    pub(crate) scratch: &'s mut [u8],
}

impl Session<'_> {
    /// Copies received octets out.
    pub fn read(&mut self, into: &mut [u8]) -> usize {
        self.stack.read(self.now, self.handle, into).unwrap_or(0)
    }

    /// Shows received octets in place; `take` says how many of them are done with.
    pub fn take(&mut self, take: impl FnOnce(&[u8]) -> usize) -> usize {
        self.stack
            .receive_with(self.now, self.handle, take)
            .unwrap_or(0)
    }

    /// Copies octets to be sent in.
    pub fn write(&mut self, octets: &[u8]) -> usize {
        self.stack.send(self.now, self.handle, octets).unwrap_or(0)
    }

    /// Lets octets to be sent be written in place; `fill` says how many there are.
    pub fn fill(&mut self, fill: impl FnOnce(&mut [u8]) -> usize) -> usize {
        self.stack
            .send_with(self.now, self.handle, fill)
            .unwrap_or(0)
    }

    /// Sends received octets back, as many as there is room for at once.
    pub fn echo(&mut self) -> usize {
        let room = self.writable().min(self.scratch.len());
        let Some(scratch) = self
            .scratch
            .get_mut(..room)
            .filter(|scratch| !scratch.is_empty())
        else {
            return 0;
        };
        let len = self.stack.read(self.now, self.handle, scratch).unwrap_or(0);
        let octets = scratch.get(..len).unwrap_or_default();
        self.stack.send(self.now, self.handle, octets).unwrap_or(0)
    }

    /// Octets that can be read.
    #[must_use]
    pub fn readable(&self) -> usize {
        self.stack.readable(self.handle).unwrap_or(0)
    }

    /// Octets that can be written.
    #[must_use]
    pub fn writable(&self) -> usize {
        self.stack.writable(self.handle).unwrap_or(0)
    }

    /// Whether the peer closed and everything was read.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.stack.is_finished(self.handle).unwrap_or(true)
    }

    /// The peer's address.
    #[must_use]
    pub fn peer(&self) -> Option<SocketAddr> {
        self.stack
            .tuple(self.handle)
            .ok()
            .map(|tuple| tuple.remote())
    }
}
