//! A `no_std`, allocation-free, sans-IO TCP.
//!
//! The crate is the protocol and nothing else: it reads no clock, no device, no random source and
//! no allocator. Packets, time and secrets come in as arguments, packets and events go out, and
//! every octet of memory is lent by the caller. The same inputs give the same outputs, bit for bit.
//!
//! - [`Stack`]: many connections behind one or more addresses. What a program drives.
//! - [`Connection`]: one connection, for those who bring their own demultiplexing.
//! - [`wire`]: the packet formats by themselves.
//!
//! # The loop
//!
//! Whoever drives a stack does four things, in this order, again and again: hand in every packet
//! that arrived; let time pass; send while the device has room; look what happened. Then sleep
//! until a packet arrives or the next deadline comes. Two stacks in one process, each the other's
//! network:
//!
//! ```
//! use tcp_core::{
//!     Config, Event, Events, Firmware, Instant, LinkDestination, ListenAt, Memory, Packet,
//!     RxChecksum, SentRecord, Stack, StackConfig, Storage, TablesStorage,
//! };
//!
//! /// All the memory of one connection; there is one.
//! #[derive(Debug)]
//! struct One<'a>(Option<Storage<'a>>);
//!
//! impl<'a> Memory<'a> for One<'a> {
//!     fn lend(&mut self) -> Option<Storage<'a>> {
//!         self.0.take()
//!     }
//!     fn give_back(&mut self, storage: Storage<'a>) {
//!         self.0 = Some(storage);
//!     }
//!     fn receive_capacity(&self) -> usize {
//!         2_048
//!     }
//! }
//!
//! /// One turn: what `from` sends arrives at `to`.
//! fn turn<'a>(
//!     now: Instant,
//!     from: &mut Stack<'a, Firmware, One<'a>>,
//!     to: &mut Stack<'a, Firmware, One<'a>>,
//! ) {
//!     let mut out = [0; 1_500];
//!     from.advance(now);
//!     while let Some(sent) = from.transmit(now, &mut out) {
//!         let packet = Packet {
//!             octets: &out[..sent.len],
//!             checksum: RxChecksum::Unverified,
//!             segment_size: None,
//!             link: LinkDestination::Unicast,
//!         };
//!         let _taken_or_dropped = to.receive(now, packet);
//!     }
//! }
//!
//! // The secret must be random, and fresh at every boot.
//! let settings = |secret| StackConfig { secret, ..StackConfig::new(1_500) };
//! # let (mut s1, mut r1, mut s2, mut r2) = ([0; 2_048], [0; 2_048], [0; 2_048], [0; 2_048]);
//! # let mut records = [[SentRecord::default(); 8]; 2];
//! # let mut islands = [[tcp_core::Island::default(); 4]; 2];
//! # let [records1, records2] = &mut records;
//! # let [islands1, islands2] = &mut islands;
//! let mut tables = [const { TablesStorage::<Firmware, 2, 2, 2, 16>::new() }; 2];
//! let [tables1, tables2] = &mut tables;
//! let memory = One(Some(Storage {
//!     send: (&mut s1[..]).into(),
//!     receive: (&mut r1[..]).into(),
//!     records: (&mut records1[..]).into(),
//!     islands: (&mut islands1[..]).into(),
//! }));
//! let mut server = Stack::new(settings([7; 16]), tables1.lend(), memory);
//! server.add_address("10.0.0.1".parse()?, 24)?;
//! let listener = server.listen(ListenAt::new(80))?;
//! # let memory = One(Some(Storage {
//! #     send: (&mut s2[..]).into(),
//! #     receive: (&mut r2[..]).into(),
//! #     records: (&mut records2[..]).into(),
//! #     islands: (&mut islands2[..]).into(),
//! # }));
//! let mut client = Stack::new(settings([9; 16]), tables2.lend(), memory);
//! client.add_address("10.0.0.2".parse()?, 24)?;
//!
//! let mut now = Instant::ZERO;
//! let ours = client.connect(now, None, "10.0.0.1:80".parse()?, Config::new())?;
//! client.send(now, ours, b"hello")?;
//!
//! let mut heard = None;
//! while heard.is_none() {
//!     turn(now, &mut client, &mut server);
//!     turn(now, &mut server, &mut client);
//!     while let Some(event) = server.poll_event() {
//!         if let Event::Connection(handle, events) = event
//!             && events.contains(Events::READABLE)
//!         {
//!             let mut octets = [0; 64];
//!             let count = server.read(now, handle, &mut octets)?;
//!             heard = Some(octets[..count].to_vec());
//!             server.close(now, handle)?;
//!         } else if event == Event::Listener(listener) {
//!             server.accept(listener)?;
//!         }
//!     }
//!     // Nothing more to do now: sleep until the next deadline of either.
//!     let next = [client.next_deadline(), server.next_deadline()];
//!     now = next.into_iter().flatten().map(|(at, _)| at).min().unwrap_or(now).max(now);
//! }
//! assert_eq!(heard.as_deref(), Some(&b"hello"[..]));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What is asked of the caller
//!
//! - Time may stand still, jump or go back; nothing breaks, timers fire late or early.
//! - [`Stack::transmit`] is called only with a device slot in hand. What it returned has left: if
//!   the device loses it, that is loss, and TCP repairs it.
//! - Calls that have nothing to do are harmless.
//! - [`StackConfig::secret`] is random and fresh at every boot.
//!
//! # Features
//!
//! `ipv6` (on by default), `alloc` (buffers and tables may be owned), `defmt` (formatting of the
//! public value types). All are additive.
#![cfg_attr(not(test), no_std)]
#![forbid(unsafe_code)]

#[cfg(feature = "alloc")]
extern crate alloc;

mod connection;
mod profile;
mod ring;
mod seq;
mod stack;
mod time;
pub mod wire;

pub use connection::{
    Absent, AckSample, Arrival, BlindAttacks, CloseReason, Config, CongestionControl,
    CongestionState, Connection, Counted, Counters, Counting, DuplicateReporting, DuplicateReports,
    Ecn, EcnState, Events, HalfOpen, Info, Island, KeepAlive, Kept, Misuse, MtuProbing, NewReno,
    NoCounters, NoDuplicateReports, Opening, OpeningErrors, Optional, PathState, Priority,
    QuickAcks, ResetReply, SentRecord, State, Switch, TimeWaitSeed, Timeout, Timer, Tunable, Tuned,
    Tuning, Tuple, Unreachable, Untuned, WindowProbe,
};
pub use profile::{Firmware, Host, Memory, Profile, Small, Storage};
pub use ring::Ring;
pub use seq::{SeqLen, SeqNum, SeqRange};
#[cfg(feature = "alloc")]
pub use stack::TableSizes;
pub use stack::{
    AnyAddress, ChecksumState, Dropped, Event, Few, FragmentSlot, Handle, LinkDestination,
    ListenAt, ListenerHandle, LocalAddress, Many, OwnAddress, Packet, Received, Row, RxChecksum,
    Scale, Stack, StackConfig, Tables, TablesStorage, Transmit, TxChecksum, keyed_hash,
};
pub use time::{Duration, Instant};
