//! Many connections behind one or more addresses.
//!
//! ```text
//!   receive -> input -> reassembly
//!                    -> icmp
//!                    -> arrival -> demux -> a connection (settle)
//!                                        -> a half-open entry, a listener (handshake)
//!                                        -> a TIME-WAIT entry
//!   transmit -> output -> replies | SYN-ACKs | schedule -> a connection (settle)
//!   advance -> clock -> SYN queue, TIME-WAIT, reassembly, schedule -> a connection (settle)
//! ```
//!
//! Handling a packet never sends one: it changes what `transmit` will find. Every table is lent
//! and of fixed size; what happens when one is full is said where the table is.

mod address;
mod arrival;
mod check;
mod clock;
#[cfg(feature = "ipv6")]
mod complain;
mod config;
mod defer;
mod demux;
mod dropped;
mod entry;
mod forget;
mod handshake;
mod icmp;
mod input;
mod isn;
mod list;
mod listen;
mod local;
mod node;
mod open;
mod output;
mod packet;
mod ports;
mod reassembly;
mod reply;
mod rows;
mod scale;
mod schedule;
mod settle;
mod siphash;
mod slot;
mod syn_queue;
mod tables;
mod time_wait;
mod user;
mod waiting;

#[cfg(test)]
mod tests;

pub use config::{ListenAt, Row, StackConfig};
pub use dropped::Dropped;
pub use local::{AnyAddress, LocalAddress, OwnAddress};
pub use packet::{
    ChecksumState, LinkDestination, Packet, Received, RxChecksum, Transmit, TxChecksum,
};
pub use reassembly::FragmentSlot;
pub use scale::{Few, Many, Scale};
pub use siphash::keyed_hash;
#[cfg(feature = "alloc")]
pub use tables::TableSizes;
pub use tables::{Tables, TablesStorage};

use core::net::{IpAddr, SocketAddr};

use crate::connection::{
    CloseReason, Config, Connection, Events, Info, Misuse, State, Switch, Timer, Tuple,
};
use crate::profile::{Memory, Profile};
use crate::time::Instant;
use crate::wire::Address;

/// Names a connection: a slot and how often it was used before.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Handle {
    pub(crate) index: u32,
    pub(crate) generation: u32,
}

impl Handle {
    /// A dense small number that is unique among the live connections: for tables beside the stack.
    #[must_use]
    pub const fn index(self) -> usize {
        self.index as usize
    }
}

/// Names a listener.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct ListenerHandle {
    pub(crate) index: u16,
    pub(crate) generation: u16,
}

/// To whom something happened.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Event {
    /// To a connection.
    Connection(Handle, Events),
    /// A listener has something to accept.
    Listener(ListenerHandle),
}

/// Many connections behind one or more addresses.
///
/// The contract: give every received packet to [`receive`](Self::receive); call
/// [`advance`](Self::advance) when the time of [`next_deadline`](Self::next_deadline) has come;
/// with a device slot in hand call [`transmit`](Self::transmit) until it returns `None`; then take
/// [`poll_event`](Self::poll_event) until `None`. Time may stand still, go back or jump; calls that
/// find nothing to do are harmless. Tables and memory are the caller's:
/// [`TablesStorage`] and [`Memory`].
#[derive(Debug)]
pub struct Stack<'a, P: Profile, M: Memory<'a>> {
    mtu: u16,
    answer_echo: bool,
    tx_checksum: TxChecksum,
    secret: siphash::Key,
    index_key: siphash::IndexKey,
    /// The latest time that the caller has told.
    clock: Instant,
    /// Whose turn it is to transmit.
    turn: u8,
    /// The slot of the connection that was heard last.
    latest: u32,
    /// TIME-WAIT entries that made room before their time.
    recycled: u32,
    locals: local::Locals,
    ports: ports::Ports,
    counters: dropped::Counters,
    demux: demux::Demux<'a>,
    listeners: listen::Listeners<'a, P::Scale>,
    half_open: syn_queue::SynQueue<'a, P::Local, P::Scale>,
    time_wait: time_wait::TimeWaits<'a, P::Local, P::Scale>,
    schedule: schedule::Schedule<'a, P>,
    replies: reply::Replies<'a>,
    fragments: reassembly::Reassembly<'a>,
    memory: M,
}

impl<'a, P: Profile, M: Memory<'a>> Stack<'a, P, M> {
    /// A stack without addresses. Of the tables for connections the shortest counts.
    pub fn new(config: StackConfig, tables: Tables<'a, P>, memory: M) -> Self {
        let scope = if config.any_address && <P::Local as LocalAddress>::ANY {
            local::Scope::Any
        } else {
            local::Scope::Own
        };
        let secret = siphash::Key::new(config.secret);
        let index_key = if P::Scale::SCANS {
            siphash::IndexKey::NONE
        } else {
            secret.for_index()
        };
        Self {
            secret,
            index_key,
            clock: Instant::ZERO,
            turn: 0,
            latest: 0,
            recycled: 0,
            locals: local::Locals::new(scope),
            ports: ports::Ports::new(config.ephemeral_ports),
            counters: dropped::Counters::new(),
            demux: demux::Demux::new(tables.index),
            listeners: listen::Listeners::new(tables.listeners),
            half_open: syn_queue::SynQueue::new(tables.half_open, syn_queue::SYN_ACK_WAITS),
            time_wait: time_wait::TimeWaits::new(
                tables.time_wait,
                waiting::Waits::Once {
                    ms: config.time_wait_ms,
                },
            ),
            schedule: schedule::Schedule::new(tables.connections, tables.orders),
            replies: reply::Replies::new(tables.replies, tables.packets),
            fragments: reassembly::Reassembly::new(tables.fragments),
            memory,
            mtu: config.mtu,
            answer_echo: config.answer_echo,
            tx_checksum: config.tx_checksum,
        }
    }

    /// Adds one of our addresses with its prefix length (for the subnet's broadcast address).
    ///
    /// # Errors
    /// [`Misuse::NotOurAddress`] for what is no unicast address, [`Misuse::AlreadyExists`],
    /// [`Misuse::InsufficientResources`] after the eighth.
    pub fn add_address(&mut self, address: IpAddr, prefix: u8) -> Result<(), Misuse> {
        self.locals.add(address, prefix)
    }

    /// Takes back one of our addresses. Its connections are aborted (the resets that they owe leave
    /// if the device still takes them), half-open ones and ones in TIME-WAIT are forgotten;
    /// listeners on it stay, and hear nothing until the address is added again.
    ///
    /// # Errors
    /// [`Misuse::NotOurAddress`].
    pub fn remove_address(&mut self, now: Instant, address: IpAddr) -> Result<(), Misuse> {
        self.tick(now);
        self.forget_address(address)
    }

    /// Takes one received packet. Nothing is sent here; ask [`transmit`](Self::transmit)
    /// afterwards.
    pub fn receive<'p>(&'p mut self, now: Instant, packet: Packet<'p>) -> Received<'p> {
        self.tick(now);
        self.input(packet)
    }

    /// Writes the next packet into `out`; `None` when there is none, or when `out` is too short for
    /// it (then nothing changes). Call it with a device slot in hand: what it returns has left.
    pub fn transmit(&mut self, now: Instant, out: &mut [u8]) -> Option<Transmit> {
        self.tick(now);
        self.output(out)
    }

    /// The earliest moment at which [`advance`](Self::advance) has something to do, and for which
    /// timer; the past, with [`Timer::Transmit`], when [`transmit`](Self::transmit) is to be asked.
    #[must_use]
    pub fn next_deadline(&self) -> Option<(Instant, Timer)> {
        self.next()
    }

    /// Does what is due. Calling it early, late or twice is harmless.
    pub fn advance(&mut self, now: Instant) {
        self.run(now);
    }

    /// What happened since the last call; each connection and listener is named once.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.next_event()
    }

    /// Passive open.
    ///
    /// # Errors
    /// [`Misuse::NotOurAddress`] for an address that is not ours, and for port 0 outside
    /// any-address mode; [`Misuse::AlreadyExists`]; [`Misuse::InsufficientResources`].
    pub fn listen(&mut self, at: ListenAt) -> Result<ListenerHandle, Misuse> {
        self.open_listener(&at)
    }

    /// Closes a listener; un-accepted connections of it are reset, half-open ones forgotten (what
    /// their peers send next is answered by a reset).
    ///
    /// # Errors
    /// [`Misuse::NoConnection`] for a stale handle.
    pub fn unlisten(&mut self, now: Instant, listener: ListenerHandle) -> Result<(), Misuse> {
        self.tick(now);
        self.close_listener(listener)
    }

    /// Changes the knobs of connections that a listener takes from here on; half-open ones among
    /// them, when their handshake completes.
    ///
    /// # Errors
    /// [`Misuse::NoConnection`] for a stale handle.
    pub fn set_listener_config(
        &mut self,
        listener: ListenerHandle,
        config: Config,
    ) -> Result<(), Misuse> {
        self.configure_listener(listener, config)
    }

    /// The connection that has waited longest to be accepted. It may have ended meanwhile.
    ///
    /// # Errors
    /// [`Misuse::NoConnection`] for a stale handle.
    pub fn accept(&mut self, listener: ListenerHandle) -> Result<Option<Handle>, Misuse> {
        self.take_accepted(listener)
    }

    /// Active open. `local`: `None` chooses address and port; an unspecified address or port 0
    /// chooses that one.
    ///
    /// # Errors
    /// [`Misuse::RemoteUnspecified`], [`Misuse::NotOurAddress`], [`Misuse::AlreadyExists`] when the
    /// two ends are in use (in TIME-WAIT, too), [`Misuse::InsufficientResources`] without a slot,
    /// storage or port.
    pub fn connect(
        &mut self,
        now: Instant,
        local: Option<SocketAddr>,
        remote: SocketAddr,
        config: Config,
    ) -> Result<Handle, Misuse> {
        self.tick(now);
        self.open_connection(local, remote, config)
    }
}

/// User calls on a connection. Each returns [`Misuse::NoConnection`] for a stale handle.
#[expect(
    clippy::missing_errors_doc,
    reason = "said once for all, and at the connection"
)]
impl<'a, P: Profile, M: Memory<'a>> Stack<'a, P, M> {
    /// Queues what fits of `octets`. `Ok(0)`: no room now; a [`WRITABLE`](Events::WRITABLE) event
    /// follows.
    pub fn send(&mut self, now: Instant, handle: Handle, octets: &[u8]) -> Result<usize, Misuse> {
        self.visit(now, handle, |connection| connection.send(now, octets))?
    }

    /// As [`send`](Self::send), in place: `fill` writes into the ring and says how much.
    pub fn send_with(
        &mut self,
        now: Instant,
        handle: Handle,
        fill: impl FnOnce(&mut [u8]) -> usize,
    ) -> Result<usize, Misuse> {
        self.visit(now, handle, |connection| connection.send_with(now, fill))?
    }

    /// Marks what was queued so far as urgent (RFC 9293 section 3.8.5).
    pub fn mark_urgent(&mut self, now: Instant, handle: Handle) -> Result<(), Misuse> {
        self.visit(now, handle, Connection::mark_urgent)?
    }

    /// Takes received octets. `Ok(0)`: nothing now ([`READABLE`](Events::READABLE) follows), or the
    /// end ([`is_finished`](Self::is_finished)). [`Misuse::Closed`]: ended otherwise, all is read.
    pub fn read(&mut self, now: Instant, handle: Handle, out: &mut [u8]) -> Result<usize, Misuse> {
        self.visit(now, handle, |connection| connection.read(now, out))?
    }

    /// As [`read`](Self::read), in place: `take` sees the ring and says how much it took.
    pub fn receive_with(
        &mut self,
        now: Instant,
        handle: Handle,
        take: impl FnOnce(&[u8]) -> usize,
    ) -> Result<usize, Misuse> {
        self.visit(now, handle, |connection| connection.receive_with(now, take))?
    }

    /// Copies received octets without taking them.
    pub fn peek(&self, handle: Handle, out: &mut [u8]) -> Result<usize, Misuse> {
        Ok(self.look(handle)?.peek(out))
    }

    /// Octets that can be read.
    pub fn readable(&self, handle: Handle) -> Result<usize, Misuse> {
        Ok(self.look(handle)?.readable())
    }

    /// Octets that can be written.
    pub fn writable(&self, handle: Handle) -> Result<usize, Misuse> {
        Ok(self.look(handle)?.writable())
    }

    /// Whether the peer closed and everything was read.
    pub fn is_finished(&self, handle: Handle) -> Result<bool, Misuse> {
        Ok(self.look(handle)?.is_finished())
    }

    /// Closes the sending side (FIN after what is queued).
    pub fn shutdown(&mut self, now: Instant, handle: Handle) -> Result<(), Misuse> {
        self.visit(now, handle, |connection| connection.shutdown(now))?
    }

    /// Gives the connection up to the stack: FIN after what is queued, the handle is void at once.
    /// Unread data, or data that arrives later, makes it a reset (RFC 1122 section 4.2.2.13).
    pub fn close(&mut self, now: Instant, handle: Handle) -> Result<(), Misuse> {
        self.let_go(now, handle)
    }

    /// Sends a reset and ends the connection at once; the handle stays (close it).
    pub fn abort(&mut self, now: Instant, handle: Handle) -> Result<(), Misuse> {
        self.visit(now, handle, |connection| connection.abort(now))
    }

    /// The state; TIME-WAIT as long as the table's entry lives.
    pub fn state(&self, handle: Handle) -> Result<State, Misuse> {
        Ok(self.state_of(self.slot(handle)?))
    }

    /// Why the connection ended; `None` before.
    pub fn close_reason(&self, handle: Handle) -> Result<Option<CloseReason>, Misuse> {
        self.reason(handle)
    }

    /// Both ends.
    pub fn tuple(&self, handle: Handle) -> Result<Tuple, Misuse> {
        self.ends(handle)
    }

    /// The knobs.
    pub fn config(&self, handle: Handle) -> Result<Config, Misuse> {
        Ok(self.look(handle)?.config())
    }

    /// Changes the knobs of a live connection.
    pub fn set_config(
        &mut self,
        now: Instant,
        handle: Handle,
        config: Config,
    ) -> Result<(), Misuse> {
        self.visit(now, handle, |connection| connection.set_config(now, config))
    }

    /// Acknowledges at once for a while, or not ([`Config::quick_acks`]).
    pub fn quick_ack(&mut self, now: Instant, handle: Handle, quick: Switch) -> Result<(), Misuse> {
        self.visit(now, handle, |connection| connection.quick_ack(now, quick))
    }

    /// A snapshot.
    pub fn info(&self, now: Instant, handle: Handle) -> Result<Info, Misuse> {
        self.snapshot(now, handle)
    }

    /// Octets of the unread stream up to the end of urgent data, if there is any.
    pub fn urgent(&self, handle: Handle) -> Result<Option<usize>, Misuse> {
        Ok(self.look(handle)?.urgent())
    }
}

/// What a stack tells about itself.
impl<'a, P: Profile, M: Memory<'a>> Stack<'a, P, M> {
    /// Packets dropped for this reason since the start.
    #[must_use]
    pub fn dropped(&self, reason: Dropped) -> u32 {
        self.counters.get(reason)
    }

    /// TIME-WAIT entries that made room for others before their time.
    #[must_use]
    pub const fn recycled(&self) -> u32 {
        self.recycled
    }

    /// Every listener, connection, half-open and TIME-WAIT entry.
    pub fn rows(&self, now: Instant) -> impl Iterator<Item = Row> + '_ {
        self.listener_rows()
            .chain(self.connection_rows(now))
            .chain(self.half_open_rows())
            .chain(self.time_wait_rows())
    }

    /// Whether a connection that has not ended leads to `remote`: a link layer keeps what it knows
    /// of such a neighbour.
    #[must_use]
    pub fn has_connection_to(&self, remote: Address) -> bool {
        self.leads_to(remote)
    }

    /// What lends the octets.
    #[must_use]
    pub const fn memory(&self) -> &M {
        &self.memory
    }

    /// Panics when a table contradicts another: for tests and fuzzers.
    pub fn assert_invariants(&self) {
        self.check();
    }
}
