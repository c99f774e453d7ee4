//! Opening and closing: bind, listen, accept, connect, shutdown, close.

use std::net::SocketAddr;

use tcp_core::{ListenAt, State};

use super::{Errno, Progress, Role, Socket, Sockets};
use crate::pkt::engine::bench::Bench;

/// Half-open connections that a listener has room for.
const SYN_BACKLOG: u16 = 48;

/// Which directions are shut.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum How {
    Read,
    Write,
    Both,
}

impl Sockets {
    /// `bind()` to an address, or to the script's usual one.
    pub fn bind(&mut self, number: i64, at: Option<SocketAddr>) -> Progress {
        let usual = SocketAddr::new(self.local, self.bind_port);
        let Some(socket) = self.table.get(&number) else {
            return Progress::Failed(Errno::EBADF);
        };
        if socket.role != Role::Fresh || socket.local.is_some() {
            return Progress::Failed(Errno::EINVAL);
        }
        let at = at.unwrap_or(usual);
        let is_taken = |other: &Socket| {
            let binds = match other.role {
                Role::Fresh => !other.may_share() || !socket.may_share(),
                Role::Listener(_) => true,
                Role::Connection(_) => false,
            };
            binds && other.local.is_some_and(|taken| taken == at)
        };
        if self.table.values().any(is_taken) {
            return Progress::Failed(Errno::EADDRINUSE);
        }
        if let Some(socket) = self.table.get_mut(&number) {
            socket.local = Some(at);
        }
        Progress::Done(0)
    }

    /// `listen()`.
    pub fn listen(&mut self, bench: &mut Bench, number: i64, backlog: i64) -> Progress {
        let usual = SocketAddr::new(self.local, self.bind_port);
        let Some(socket) = self.table.get_mut(&number) else {
            return Progress::Failed(Errno::EBADF);
        };
        match socket.role {
            // The backlog of a listener can be changed; here it stays.
            Role::Listener(_) => return Progress::Done(0),
            Role::Connection(_) => return Progress::Failed(Errno::EINVAL),
            Role::Fresh => {}
        }
        let local = socket.local.unwrap_or(usual);
        bench.sizes.set(socket.sizes);
        let at = ListenAt {
            address: Some(local.ip()),
            syn_backlog: SYN_BACKLOG,
            // One more than was asked for waits, as on the systems that the scripts were made on.
            accept_backlog: u16::try_from(backlog.clamp(0, 4_096) + 1).unwrap_or(u16::MAX),
            config: socket.config,
            ..ListenAt::new(local.port())
        };
        match bench.stack.listen(at) {
            Ok(listener) => {
                socket.role = Role::Listener(listener);
                socket.local = Some(local);
                Progress::Done(0)
            }
            Err(misuse) => Progress::Failed(Errno::of_misuse(misuse)),
        }
    }

    /// `accept()`; the child gets the number `wanted` if the script names one.
    pub fn accept(&mut self, bench: &mut Bench, number: i64, wanted: Option<i64>) -> Progress {
        let Some(socket) = self.table.get_mut(&number) else {
            return Progress::Failed(Errno::EBADF);
        };
        let Role::Listener(listener) = socket.role else {
            return Progress::Failed(Errno::EINVAL);
        };
        match bench.stack.accept(listener) {
            Ok(None) if socket.is_nonblocking => Progress::Failed(Errno::EAGAIN),
            Ok(None) => Progress::Blocks,
            Err(misuse) => Progress::Failed(Errno::of_misuse(misuse)),
            Ok(Some(handle)) => {
                socket.waiting = socket.waiting.saturating_sub(1);
                let child = Socket {
                    role: Role::Connection(handle),
                    is_nonblocking: false,
                    is_connect_told: true,
                    state: State::Established,
                    read_at: 0,
                    error: None,
                    waiting: 0,
                    ..socket.clone()
                };
                // What was set on the listener after it began to listen holds for its children.
                if bench.stack.config(handle) != Ok(child.config) {
                    let _ = bench.stack.set_config(bench.now, handle, child.config);
                }
                let number = self.place(wanted, child);
                self.observe(bench);
                Progress::Done(number)
            }
        }
    }

    /// `connect()` to an address, or to the script's usual one.
    pub fn connect(&mut self, bench: &mut Bench, number: i64, to: Option<SocketAddr>) -> Progress {
        let remote = to.unwrap_or(self.peer);
        let Some(socket) = self.table.get_mut(&number) else {
            return Progress::Failed(Errno::EBADF);
        };
        match socket.role {
            Role::Listener(_) => Progress::Failed(Errno::EISCONN),
            Role::Connection(_) => socket.connect_again(bench),
            Role::Fresh => {
                bench.sizes.set(socket.sizes);
                let opened = bench
                    .stack
                    .connect(bench.now, socket.local, remote, socket.config);
                match opened {
                    Err(misuse) => Progress::Failed(Errno::of_misuse(misuse)),
                    Ok(handle) => {
                        socket.role = Role::Connection(handle);
                        socket.state = State::SynSent;
                        if socket.is_nonblocking {
                            Progress::Failed(Errno::EINPROGRESS)
                        } else {
                            Progress::Blocks
                        }
                    }
                }
            }
        }
    }

    /// `shutdown()`.
    pub fn shutdown(&mut self, bench: &mut Bench, number: i64, how: How) -> Progress {
        let Some(socket) = self.table.get_mut(&number) else {
            return Progress::Failed(Errno::EBADF);
        };
        let handle = match socket.role {
            Role::Fresh => return Progress::Failed(Errno::ENOTCONN),
            Role::Listener(listener) => {
                if how != How::Write {
                    let _ = bench.stack.unlisten(bench.now, listener);
                    socket.role = Role::Fresh;
                    socket.local = None;
                }
                return Progress::Done(0);
            }
            Role::Connection(handle) => handle,
        };
        if socket.has_ended {
            return Progress::Failed(Errno::ENOTCONN);
        }
        if how != How::Write {
            socket.is_read_shut = true;
        }
        if how != How::Read && !socket.is_write_shut {
            socket.is_write_shut = true;
            let _ = bench.stack.shutdown(bench.now, handle);
        }
        Progress::Done(0)
    }

    /// `close()`.
    pub fn close(&mut self, bench: &mut Bench, number: i64) -> Progress {
        let Some(socket) = self.table.remove(&number) else {
            return Progress::Failed(Errno::EBADF);
        };
        match socket.role {
            Role::Fresh => {}
            Role::Listener(listener) => {
                let _ = bench.stack.unlisten(bench.now, listener);
            }
            Role::Connection(handle) => {
                let is_abandoned = socket.state == State::FinWait2 && socket.waits_for_no_fin();
                if socket.linger == Some(0) || is_abandoned {
                    let _ = bench.stack.abort(bench.now, handle);
                }
                let _ = bench.stack.close(bench.now, handle);
            }
        }
        Progress::Done(0)
    }
}

impl Socket {
    /// `connect()` on a socket that was connected before.
    pub(super) fn connect_again(&mut self, bench: &mut Bench) -> Progress {
        let Role::Connection(handle) = self.role else {
            return Progress::Failed(Errno::EINVAL);
        };
        if self.is_connect_told {
            return Progress::Failed(Errno::EISCONN);
        }
        match bench.stack.state(handle) {
            Ok(State::SynSent | State::SynReceived) if self.is_nonblocking => {
                Progress::Failed(Errno::EALREADY)
            }
            Ok(State::SynSent | State::SynReceived) => Progress::Blocks,
            Ok(State::Closed) | Err(_) => {
                let error = self.error.take().unwrap_or(Errno::ECONNABORTED);
                let _ = bench.stack.close(bench.now, handle);
                self.role = Role::Fresh;
                self.has_ended = false;
                Progress::Failed(error)
            }
            Ok(_) => {
                self.is_connect_told = true;
                Progress::Done(0)
            }
        }
    }
}
