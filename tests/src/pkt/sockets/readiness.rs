//! What can be done without waiting: poll, and the counts that ioctl gives.

use tcp_core::State;

use super::{Errno, Progress, Role, Sockets};
use crate::pkt::engine::bench::Bench;

/// Bits of `poll()`.
pub const IN: i64 = 0x001;
pub const PRI: i64 = 0x002;
pub const OUT: i64 = 0x004;
pub const ERR: i64 = 0x008;
pub const HUP: i64 = 0x010;
pub const NVAL: i64 = 0x020;
pub const RDNORM: i64 = 0x040;
pub const WRNORM: i64 = 0x100;
pub const RDHUP: i64 = 0x2000;

/// What `ioctl()` asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Queue {
    /// Octets to be read.
    In,
    /// Octets that the peer has not acknowledged.
    Out,
    /// Octets that were not sent.
    Unsent,
}

impl Sockets {
    /// Everything that is so of a socket: bits of `poll()`.
    #[must_use]
    pub fn ready(&self, bench: &Bench, number: i64) -> i64 {
        let Some(socket) = self.table.get(&number) else {
            return NVAL;
        };
        let handle = match socket.role {
            Role::Fresh => return OUT | WRNORM | HUP,
            Role::Listener(_) if socket.waiting > 0 => return IN | RDNORM,
            Role::Listener(_) => return 0,
            Role::Connection(handle) => handle,
        };
        let mut bits = 0;
        let opening = matches!(socket.state, State::SynSent | State::SynReceived);
        let peer_closed = socket.has_ended || socket.is_read_shut || socket.is_peer_closed();
        if bench.stack.readable(handle).unwrap_or(0) > 0 || peer_closed {
            bits |= IN | RDNORM;
        }
        if peer_closed {
            bits |= RDHUP;
        }
        if socket.has_ended || (peer_closed && socket.is_write_shut) {
            bits |= HUP;
        }
        let room = bench.stack.writable(handle).unwrap_or(0) > 0;
        if socket.has_ended || socket.is_write_shut || (room && !opening) {
            bits |= OUT | WRNORM;
        }
        if bench.stack.urgent(handle).ok().flatten().is_some() {
            bits |= PRI;
        }
        if socket.error.is_some() {
            bits |= ERR;
        }
        bits
    }

    /// `ioctl()` with one of the queue lengths.
    #[must_use]
    pub fn queued(&self, bench: &Bench, number: i64, queue: Queue) -> Progress {
        let Some(socket) = self.table.get(&number) else {
            return Progress::Failed(Errno::EBADF);
        };
        let Role::Connection(handle) = socket.role else {
            return match (socket.role, queue) {
                (Role::Listener(_), Queue::In | Queue::Out) => Progress::Failed(Errno::EINVAL),
                _ => Progress::Done(0),
            };
        };
        let Ok(info) = bench.stack.info(bench.now, handle) else {
            return Progress::Done(0);
        };
        Progress::Done(match queue {
            Queue::In => info.receive_queue.into(),
            Queue::Out => info.send_queue.into(),
            Queue::Unsent => info.unsent.into(),
        })
    }
}
