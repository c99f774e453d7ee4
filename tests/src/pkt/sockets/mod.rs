//! Sockets as a Unix has them, on the public interface of the stack: numbers for files, blocking
//! and non-blocking calls, error numbers, options.
//!
//! A call never waits here: it says [`Progress::Blocks`], and whoever drives the stack asks again
//! when something happened.

pub mod errno;
pub mod open;
pub mod options;
pub mod readiness;
pub mod transfer;

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

pub use errno::Errno;
use tcp_core::{Config, Event, Handle, ListenerHandle, State};

use super::engine::bench::Bench;
use super::rings::Sizes;
use super::tuning::Tuning;

/// How far a call came.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Progress {
    /// It returns this.
    Done(i64),
    /// It returns -1 and this error.
    Failed(Errno),
    /// It waits.
    Blocks,
}

/// What a socket is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Role {
    /// Neither listens nor connects.
    Fresh,
    Listener(ListenerHandle),
    Connection(Handle),
}

/// Keep-alive as a socket's options say it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Watch {
    is_on: bool,
    idle_s: u32,
    interval_s: u32,
    count: u8,
}

/// One socket.
#[derive(Clone, Debug)]
struct Socket {
    role: Role,
    local: Option<SocketAddr>,
    config: Config,
    sizes: Sizes,
    watch: Watch,
    is_nonblocking: bool,
    /// Seconds that a close waits; zero resets.
    linger: Option<i64>,
    /// An error that no call has reported yet.
    error: Option<Errno>,
    /// The state when the script was here last.
    state: State,
    has_ended: bool,
    /// Whether `connect` has told how it ended.
    is_connect_told: bool,
    is_read_shut: bool,
    is_write_shut: bool,
    /// Options without effect here, as they were set.
    other: BTreeMap<String, i64>,
    /// The number of the next octet to be read.
    read_at: u32,
    /// Of a listener: connections that wait to be accepted.
    waiting: usize,
}

/// All sockets of a script.
#[derive(Debug)]
pub struct Sockets {
    table: BTreeMap<i64, Socket>,
    local: IpAddr,
    /// Where `bind` without an address binds.
    bind_port: u16,
    /// Whom `connect` without an address calls.
    peer: SocketAddr,
    tuning: Tuning,
}

/// The first number that a file gets.
const FIRST: i64 = 3;

impl Sockets {
    /// No sockets.
    #[must_use]
    pub const fn new(tuning: Tuning, local: IpAddr, bind_port: u16, peer: SocketAddr) -> Self {
        Self {
            table: BTreeMap::new(),
            local,
            bind_port,
            peer,
            tuning,
        }
    }

    /// Whom `connect` without an address calls.
    #[must_use]
    pub const fn peer(&self) -> SocketAddr {
        self.peer
    }

    /// Settings of sockets that are made from here on.
    pub const fn tuning_mut(&mut self) -> &mut Tuning {
        &mut self.tuning
    }

    fn fresh(&self) -> Socket {
        let (idle_s, interval_s, count) = self.tuning.keep_alive;
        let mut socket = Socket {
            role: Role::Fresh,
            local: None,
            config: self.tuning.config,
            sizes: self.tuning.sizes,
            watch: Watch {
                is_on: self.tuning.always_keep_alive,
                idle_s,
                interval_s,
                count,
            },
            is_nonblocking: false,
            linger: None,
            error: None,
            state: State::Closed,
            has_ended: false,
            is_connect_told: false,
            is_read_shut: false,
            is_write_shut: false,
            other: BTreeMap::new(),
            read_at: 0,
            waiting: 0,
        };
        socket.config = socket.config.keep_alive(socket.watch.asked());
        socket
    }

    fn place(&mut self, wanted: Option<i64>, socket: Socket) -> i64 {
        let free = (FIRST..).find(|number| !self.table.contains_key(number));
        let number = wanted.or(free).unwrap_or(FIRST);
        self.table.insert(number, socket);
        number
    }

    /// `socket()`: a number, the one that the script wants if it names one.
    pub fn socket(&mut self, wanted: Option<i64>) -> i64 {
        let socket = self.fresh();
        self.place(wanted, socket)
    }

    /// The connection behind a number.
    #[must_use]
    pub fn connection(&self, number: i64) -> Option<Handle> {
        match self.table.get(&number)?.role {
            Role::Connection(handle) => Some(handle),
            Role::Fresh | Role::Listener(_) => None,
        }
    }

    /// Whether a socket listens at this port, and the address it listens at.
    #[must_use]
    pub fn listens(&self, port: Option<u16>) -> Option<SocketAddr> {
        let listening = self.table.values().filter_map(|socket| match socket.role {
            Role::Listener(_) => socket.local,
            Role::Fresh | Role::Connection(_) => None,
        });
        let mut all: Vec<_> = listening.collect();
        all.retain(|local| port.is_none_or(|port| port == local.port()));
        let local = all.last()?;
        let ip = if local.ip().is_unspecified() {
            self.local
        } else {
            local.ip()
        };
        Some(SocketAddr::new(ip, local.port()))
    }

    /// Notes what became of each connection since the last call.
    pub fn observe(&mut self, bench: &mut Bench) {
        while let Some(event) = bench.stack.poll_event() {
            if let Event::Listener(listener) = event {
                let role = Role::Listener(listener);
                let mut sockets = self.table.values_mut();
                if let Some(socket) = sockets.find(|socket| socket.role == role) {
                    socket.waiting += 1;
                }
            }
        }
        for socket in self.table.values_mut() {
            let Role::Connection(handle) = socket.role else {
                continue;
            };
            let Ok(state) = bench.stack.state(handle) else {
                continue;
            };
            if state == State::Closed && !socket.has_ended {
                socket.has_ended = true;
                let reason = bench.stack.close_reason(handle).ok().flatten();
                socket.error = reason.and_then(|reason| Errno::of_end(reason, socket.state));
            }
            if state != State::Closed {
                socket.state = state;
            }
        }
    }
}

impl Socket {
    /// Whether the peer's FIN arrived, and everything before it.
    fn is_peer_closed(&self) -> bool {
        matches!(
            self.state,
            State::CloseWait | State::LastAck | State::Closing | State::TimeWait
        )
    }
}

impl Watch {
    /// What the stack is told.
    fn asked(self) -> Option<tcp_core::KeepAlive> {
        self.is_on.then_some(tcp_core::KeepAlive {
            idle_s: self.idle_s,
            interval_s: self.interval_s,
            count: self.count,
        })
    }
}
