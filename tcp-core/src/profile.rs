//! What a build names by type, and who gives the octets.

use core::fmt::Debug;
use core::hash::Hash;

use managed::ManagedSlice;

use crate::connection::{
    Absent, CongestionControl, Counters, Counting, DuplicateReporting, DuplicateReports, EcnState,
    Island, Kept, NewReno, NoCounters, NoDuplicateReports, Optional, PathState, SentRecord, Switch,
    Tunable, Tuned, Untuned,
};
use crate::stack::{AnyAddress, Few, LocalAddress, Many, OwnAddress, Scale};

/// The mechanisms that a build pays for, as types.
pub trait Profile: Clone + Debug + PartialEq + Eq + Hash + 'static {
    /// Congestion control.
    type Congestion: CongestionControl;
    /// How compact entries name our address: by index, or in full for any-address mode.
    type Local: LocalAddress;
    /// For how many connections the tables are made, and so how they are searched.
    type Scale: Scale;
    /// What a connection counts.
    type Counters: Counting;
    /// Whether knobs beyond the common ones have an effect: [`Tunable`](crate::Tunable), or
    /// [`Untuned`](crate::Untuned).
    type Tuning: Tuned;
    /// Whether there is explicit congestion notification (RFC 3168).
    type Ecn: Optional<EcnState>;
    /// Whether a connection searches for the size of segments that its path takes (RFC 4821), and
    /// tries larger ones ten minutes after an ICMP message.
    type Path: Optional<PathState>;
    /// Whether SACK options report what arrived twice (RFC 2883).
    type Duplicates: DuplicateReporting;
    /// Whether timestamps are offered and accepted (RFC 7323).
    const TIMESTAMPS: Switch;
    /// Whether [`Config::keep_alive`](crate::Config::keep_alive) has an effect.
    const KEEP_ALIVE: Switch;
    /// Whether IP fragments are put together, in slots that the tables lend; if not, they are
    /// dropped, and the code for it is left out.
    const REASSEMBLY: Switch;
}

/// For microcontrollers: NewReno, a handful of connections, addresses by index, no reassembly.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Firmware;

impl Profile for Firmware {
    type Congestion = NewReno;
    type Local = OwnAddress;
    type Scale = Few;
    type Counters = Counters;
    type Tuning = Untuned;
    type Ecn = Absent;
    type Path = Absent;
    type Duplicates = DuplicateReports;
    const TIMESTAMPS: Switch = Switch::On;
    const KEEP_ALIVE: Switch = Switch::On;
    const REASSEMBLY: Switch = Switch::Off;
}

/// For the smallest microcontrollers: as [`Firmware`], without timestamps, keep-alive, reports of
/// what arrived twice, and counters a connection.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Small;

impl Profile for Small {
    type Congestion = NewReno;
    type Local = OwnAddress;
    type Scale = Few;
    type Counters = NoCounters;
    type Tuning = Untuned;
    type Ecn = Absent;
    type Path = Absent;
    type Duplicates = NoDuplicateReports;
    const TIMESTAMPS: Switch = Switch::Off;
    const KEEP_ALIVE: Switch = Switch::Off;
    const REASSEMBLY: Switch = Switch::Off;
}

/// For hosts: NewReno, any number of connections, any-address mode possible, reassembly, ECN,
/// search of the path MTU, all knobs.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Host;

impl Profile for Host {
    type Congestion = NewReno;
    type Local = AnyAddress;
    type Scale = Many;
    type Counters = Counters;
    type Tuning = Tunable;
    type Ecn = Kept<EcnState>;
    type Path = Kept<PathState>;
    type Duplicates = DuplicateReports;
    const TIMESTAMPS: Switch = Switch::On;
    const KEEP_ALIVE: Switch = Switch::On;
    const REASSEMBLY: Switch = Switch::On;
}

/// The octets of one connection, lent by a [`Memory`].
#[derive(Debug)]
pub struct Storage<'a> {
    /// Send ring: data written and not yet acknowledged.
    pub send: ManagedSlice<'a, u8>,
    /// Receive ring: data in order and not yet read, and data beyond a gap.
    pub receive: ManagedSlice<'a, u8>,
    /// One record for each segment in flight; when they run out, neighbours share one.
    pub records: ManagedSlice<'a, SentRecord>,
    /// Ranges received beyond a gap; when they run out, further ranges are dropped.
    pub islands: ManagedSlice<'a, Island>,
}

impl Storage<'_> {
    /// No octets at all.
    #[must_use]
    pub fn empty() -> Self {
        Self {
            send: ManagedSlice::Borrowed(&mut []),
            receive: ManagedSlice::Borrowed(&mut []),
            records: ManagedSlice::Borrowed(&mut []),
            islands: ManagedSlice::Borrowed(&mut []),
        }
    }
}

/// Who gives the octets. The stack asks when a handshake completes and when a connection is
/// opened, never for a half-open connection. A refusal is safe: the segment is dropped
/// unacknowledged and counted.
pub trait Memory<'a> {
    /// Octets for one connection, or `None` when there are none left.
    fn lend(&mut self) -> Option<Storage<'a>>;

    /// Takes back what was lent.
    fn give_back(&mut self, storage: Storage<'a>);

    /// Octets that a fresh receive ring will have: it decides the window scale that a SYN offers.
    fn receive_capacity(&self) -> usize;
}
