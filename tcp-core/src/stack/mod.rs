//! Many connections behind one or more addresses.

use core::fmt::Debug;
use core::hash::Hash;
use core::net::{IpAddr, SocketAddr};
use core::num::NonZeroU16;

use crate::connection::{CloseReason, Config, Events, Info, Misuse, Priority, State, Timer, Tuple};
use crate::profile::{Memory, Profile};
use crate::time::Instant;

/// What the device already knows about a received packet's checksums.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum RxChecksum {
    /// Nothing: IP, TCP and ICMP checksums are verified here.
    Unverified,
    /// The device verified the transport checksum (never believed of fragments).
    Verified,
    /// The packet never was on a wire: the transport checksum covers only the pseudo-header.
    Partial,
}

/// What the device wants of a transmitted packet's transport checksum.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum TxChecksum {
    /// Complete.
    Full,
    /// Only the pseudo-header is summed; the device does the rest.
    Partial,
}

/// Whom the link layer addressed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum LinkDestination {
    /// This host.
    Unicast,
    /// A group or everyone: never reaches TCP (RFC 1122 section 3.3.6).
    Group,
}

/// One received IP packet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Packet<'p> {
    /// From the first octet of the IP header; octets after the IP length are padding.
    pub octets: &'p [u8],
    /// What the device verified.
    pub checksum: RxChecksum,
    /// The device coalesced segments of this size into one packet.
    pub segment_size: Option<NonZeroU16>,
    /// Whom the link layer addressed.
    pub link: LinkDestination,
}

/// What became of a packet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[must_use]
pub enum Received<'p> {
    /// It was for this stack, and its content was used.
    Taken,
    /// It is for one of our addresses but not TCP, and not an ICMP message that is answered here.
    NotTcp {
        /// IP protocol number.
        protocol: u8,
        /// Source address.
        source: IpAddr,
        /// Destination address.
        destination: IpAddr,
        /// What follows the IP headers.
        payload: &'p [u8],
    },
    /// It was dropped, and counted.
    Dropped(Dropped),
}

/// Why a packet or segment was dropped. One counter each.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
#[repr(u8)]
pub enum Dropped {
    /// IP: header lengths, version, or total length wrong.
    IpMalformed,
    /// IPv4 header checksum wrong.
    IpChecksum,
    /// Source address that no host may have (or our own).
    IpSource,
    /// Not for one of our addresses, or not unicast.
    NotForUs,
    /// IPv6 extension headers beyond the limits, or unknown with an instruction to discard.
    IpExtension,
    /// Fragment that has no room, overlaps, or is malformed.
    Fragment,
    /// ICMP: truncated, checksum wrong, or nothing of ours.
    Icmp,
    /// TCP: header or option lengths wrong, or port zero.
    TcpMalformed,
    /// TCP checksum wrong.
    TcpChecksum,
    /// No connection and no listener: answered with a reset (unless it was one).
    NoConnection,
    /// The SYN queue is full.
    SynQueueFull,
    /// The accept queue is full.
    AcceptQueueFull,
    /// `Memory` refused, or no slot is free.
    OutOfMemory,
    /// The reply queue was full: a stateless answer was not sent.
    ReplyQueueFull,
    /// Outside the receive window.
    OutOfWindow,
    /// Older than the last timestamp (PAWS).
    Paws,
    /// A timestamp option is missing on a connection that uses it.
    TimestampMissing,
    /// RST in the window but not exact: a challenge ACK is owed (RFC 5961).
    RstChallenged,
    /// SYN on a synchronized connection: a challenge ACK is owed (RFC 5961).
    SynChallenged,
    /// Acknowledges what was never sent, or what was sent long ago (RFC 5961).
    AckUnacceptable,
    /// No ACK bit where one is required.
    AckMissing,
    /// Beyond a gap, and the table of gaps is full.
    GapTableFull,
    /// Data after the user closed; answered with a reset.
    AfterClose,
    /// SYN and FIN together, or another flag set that opens nothing.
    BadFlags,
    /// RST that may not reset in this state.
    RstIgnored,
}

impl Dropped {
    /// How many reasons there are.
    pub const COUNT: usize = Self::RstIgnored as usize + 1;
}

/// One packet to send: `len` octets of `out`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[must_use]
pub struct Transmit {
    /// Octets written.
    pub len: usize,
    /// The device shall cut the payload into segments of this size.
    pub segment_size: Option<NonZeroU16>,
    /// What the transport checksum covers.
    pub checksum: ChecksumState,
    /// The IP destination.
    pub destination: IpAddr,
    /// The class it was scheduled in.
    pub class: Priority,
}

/// What is left to do for a device that sums.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ChecksumState {
    /// Nothing.
    Full,
    /// Sum from `start` to the end, store at `start + offset`.
    Partial {
        /// First octet to sum.
        start: u16,
        /// Where the sum goes, from `start`.
        offset: u16,
    },
}

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

/// How a compact entry names our own address.
pub trait LocalAddress: Copy + Eq + Hash + Debug + 'static {}
/// By its index among the stack's addresses.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct OwnAddress(u8);
impl LocalAddress for OwnAddress {}
/// In full: any-address mode is possible.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct AnyAddress([u8; if cfg!(feature = "ipv6") { 16 } else { 4 }]);
impl LocalAddress for AnyAddress {}

/// What a stack is told once.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct StackConfig {
    /// 128 secret bits, fresh at every boot, for ISNs, ports, timestamps offsets and hashing. Never
    /// a constant: who knows it can forge connections.
    pub secret: [u8; 16],
    /// Largest IP packet that the device sends.
    pub mtu: u16,
    /// Accept packets for every destination address and connect from any source (VPNs, proxies).
    pub any_address: bool,
    /// Whether echo requests are answered here.
    pub answer_echo: bool,
    /// TX checksums by this stack or the device.
    pub tx_checksum: TxChecksum,
    /// Ephemeral ports, first and last.
    pub ephemeral_ports: (u16, u16),
    /// 2 MSL in milliseconds.
    pub time_wait_ms: u32,
}

/// Where a listener listens.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct ListenAt {
    /// One of our addresses, or any.
    pub address: Option<IpAddr>,
    /// The port; 0 is any port (any-address mode only).
    pub port: u16,
    /// Half-open connections at most.
    pub syn_backlog: u16,
    /// Completed connections waiting for `accept` at most.
    pub accept_backlog: u16,
    /// The knobs of what is accepted.
    pub config: Config,
}

/// One row of `ss`: a connection, a half-open entry, a TIME-WAIT entry or a listener.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Row {
    /// Both ends (a listener's remote end is unspecified).
    pub tuple: Tuple,
    /// State.
    pub state: State,
    /// What is known of it.
    pub info: Option<Info>,
    /// The next timer.
    pub timer: Option<(Instant, Timer)>,
}

/// The tables, lent or owned.
#[derive(Debug)]
pub struct Tables<'a, P: Profile> {
    profile: core::marker::PhantomData<&'a P>,
}

#[cfg(feature = "alloc")]
#[expect(clippy::todo, unused_variables, reason = "to be written")]
impl<P: Profile> Tables<'static, P> {
    /// Tables on the heap.
    #[must_use]
    pub fn owned(connections: usize, half_open: usize, time_wait: usize) -> Self {
        todo!()
    }
}

/// Many connections behind one or more addresses.
///
/// The contract: give every received packet to [`receive`](Self::receive); call
/// [`advance`](Self::advance) when the time of [`next_deadline`](Self::next_deadline) has come; with a
/// device slot in hand call [`transmit`](Self::transmit) until it returns `None`; then take
/// [`poll_event`](Self::poll_event) until `None`.
#[derive(Debug)]
pub struct Stack<'a, P: Profile, M: Memory<'a>> {
    tables: Tables<'a, P>,
    memory: M,
}

#[expect(clippy::todo, unused_variables, missing_docs, reason = "to be written")]
impl<'a, P: Profile, M: Memory<'a>> Stack<'a, P, M> {
    pub fn new(config: StackConfig, tables: Tables<'a, P>, memory: M) -> Self {
        todo!()
    }
    /// Adds one of our addresses with its prefix length (for the subnet's broadcast address).
    pub fn add_address(&mut self, address: IpAddr, prefix: u8) -> Result<(), Misuse> {
        todo!()
    }
    pub fn receive<'p>(&'p mut self, now: Instant, packet: Packet<'p>) -> Received<'p> {
        todo!()
    }
    pub fn transmit(&mut self, now: Instant, out: &mut [u8]) -> Option<Transmit> {
        todo!()
    }
    /// The earliest moment at which `advance` has something to do; the past or `now` (Timer::Transmit)
    /// when there is something to transmit.
    pub fn next_deadline(&self) -> Option<(Instant, Timer)> {
        todo!()
    }
    pub fn advance(&mut self, now: Instant) {
        todo!()
    }
    pub fn poll_event(&mut self) -> Option<Event> {
        todo!()
    }
    pub fn listen(&mut self, at: ListenAt) -> Result<ListenerHandle, Misuse> {
        todo!()
    }
    /// Closes a listener; half-open and un-accepted connections of it are reset.
    pub fn unlisten(&mut self, now: Instant, listener: ListenerHandle) -> Result<(), Misuse> {
        todo!()
    }
    pub fn accept(&mut self, listener: ListenerHandle) -> Result<Option<Handle>, Misuse> {
        todo!()
    }
    /// Active open. `local`: `None` chooses address and port; port 0 chooses the port.
    pub fn connect(
        &mut self,
        now: Instant,
        local: Option<SocketAddr>,
        remote: SocketAddr,
        config: Config,
    ) -> Result<Handle, Misuse> {
        todo!()
    }
    // User calls on a connection. Each returns `Misuse::NoConnection` for a stale handle.
    /// Ok(0): no room now (a WRITABLE event follows).
    pub fn send(&mut self, now: Instant, handle: Handle, octets: &[u8]) -> Result<usize, Misuse> {
        todo!()
    }
    pub fn send_with(
        &mut self,
        now: Instant,
        handle: Handle,
        fill: impl FnOnce(&mut [u8]) -> usize,
    ) -> Result<usize, Misuse> {
        todo!()
    }
    /// Ok(0): nothing now (READABLE follows) or the end (`is_finished`). `Err(Closed)`: ended otherwise, all data read.
    pub fn read(&mut self, now: Instant, handle: Handle, out: &mut [u8]) -> Result<usize, Misuse> {
        todo!()
    }
    pub fn receive_with(
        &mut self,
        now: Instant,
        handle: Handle,
        take: impl FnOnce(&[u8]) -> usize,
    ) -> Result<usize, Misuse> {
        todo!()
    }
    pub fn peek(&self, handle: Handle, out: &mut [u8]) -> Result<usize, Misuse> {
        todo!()
    }
    pub fn readable(&self, handle: Handle) -> Result<usize, Misuse> {
        todo!()
    }
    pub fn writable(&self, handle: Handle) -> Result<usize, Misuse> {
        todo!()
    }
    /// The peer closed and everything was read.
    pub fn is_finished(&self, handle: Handle) -> Result<bool, Misuse> {
        todo!()
    }
    /// Closes the sending side (FIN after what is queued).
    pub fn shutdown(&mut self, now: Instant, handle: Handle) -> Result<(), Misuse> {
        todo!()
    }
    /// Gives the connection up to the stack: FIN after what is queued, the handle is void at once. Unread data
    /// or data that arrives later makes it a reset (RFC 1122 4.2.2.13).
    pub fn close(&mut self, now: Instant, handle: Handle) -> Result<(), Misuse> {
        todo!()
    }
    /// Sends a reset and ends the connection at once; the handle stays (close it).
    pub fn abort(&mut self, now: Instant, handle: Handle) -> Result<(), Misuse> {
        todo!()
    }
    pub fn state(&self, handle: Handle) -> Result<State, Misuse> {
        todo!()
    }
    pub fn close_reason(&self, handle: Handle) -> Result<Option<CloseReason>, Misuse> {
        todo!()
    }
    pub fn tuple(&self, handle: Handle) -> Result<Tuple, Misuse> {
        todo!()
    }
    pub fn config(&self, handle: Handle) -> Result<Config, Misuse> {
        todo!()
    }
    pub fn set_config(
        &mut self,
        now: Instant,
        handle: Handle,
        config: Config,
    ) -> Result<(), Misuse> {
        todo!()
    }
    pub fn info(&self, now: Instant, handle: Handle) -> Result<Info, Misuse> {
        todo!()
    }
    pub fn urgent(&self, handle: Handle) -> Result<Option<usize>, Misuse> {
        todo!()
    }
    /// Packets dropped for this reason since the start.
    pub fn dropped(&self, reason: Dropped) -> u32 {
        todo!()
    }
    /// Every listener, connection, half-open and TIME-WAIT entry.
    pub fn rows(&self, now: Instant) -> impl Iterator<Item = Row> + '_ {
        core::iter::empty()
    }
    pub fn memory(&self) -> &M {
        &self.memory
    }
    /// Panics when a table contradicts another: for tests and fuzzers.
    pub fn assert_invariants(&self) {}
}
