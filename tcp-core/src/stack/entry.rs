//! Compact entries: what stands for a connection before it is one, and after.
//!
//! An entry has no buffers. Half-open connections (`syn_queue`) and connections in TIME-WAIT
//! (`time_wait`) keep the same numbers in it; what else they remember shares two of its fields.

use super::address::Key;
use super::isn::Ticks;
use super::list::Linkage;
use super::local::LocalAddress;
use crate::seq::SeqNum;
use crate::wire::Address;

/// One compact entry: opaque, to be lent. At most 48 octets long, and 60 where the local address
/// stands in full; in a table that may be long four more.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Entry<L, K> {
    remote: Address,
    local: L,
    remote_port: u16,
    local_port: u16,
    /// SND.NXT.
    pub(super) snd_nxt: SeqNum,
    /// RCV.NXT.
    pub(super) rcv_nxt: SeqNum,
    /// Since when it waits.
    pub(super) since: Ticks,
    ts_recent: u32,
    /// In TIME-WAIT the window of our last ACK; before, SEG.MSS of the SYN.
    pub(super) size: u16,
    pub(super) marks: Marks,
    pub(super) links: K,
}

/// What is kept in single bits. Those below `TIMESTAMPS` mean different things to the two kinds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Marks(pub(super) u16);

impl Marks {
    /// It owes a segment.
    pub(super) const OWED: u16 = 0x8000;
    /// Both sides use timestamps.
    const TIMESTAMPS: u16 = 0x4000;
    /// How many of its waits are over.
    const COUNT_SHIFT: u32 = 8;

    pub(super) const fn has(self, mark: u16) -> bool {
        self.0 & mark != 0
    }

    /// How many waits are over, at most `most`, all ones.
    pub(super) const fn count(self, most: u16) -> u16 {
        self.0 >> Self::COUNT_SHIFT & most
    }

    /// One more wait is over.
    pub(super) const fn count_up(&mut self) {
        self.0 += 1 << Self::COUNT_SHIFT;
    }
}

impl<L: LocalAddress, K: Linkage> Entry<L, K> {
    /// Before there is a stack.
    pub(super) const BLANK: Self = Self {
        links: K::BLANK,
        ..Self::EMPTY
    };

    /// A free entry.
    pub(super) const EMPTY: Self = Self {
        remote: Address::UNSPECIFIED,
        local: L::NONE,
        remote_port: 0,
        local_port: 0,
        snd_nxt: SeqNum::new(0),
        rcv_nxt: SeqNum::new(0),
        since: Ticks(0),
        ts_recent: 0,
        size: 0,
        marks: Marks(0),
        links: K::NONE,
    };

    /// An entry between these ends, where `own` are the stack's addresses; `None` when `own` lacks
    /// the local one.
    pub(super) fn between(key: &Key, own: &[Address]) -> Option<Self> {
        Some(Self {
            remote: key.remote,
            local: L::encode(key.local, own)?,
            remote_port: key.remote_port,
            local_port: key.local_port,
            ..Self::EMPTY
        })
    }

    /// The tuple, where `own` are the stack's addresses.
    pub(super) fn key(&self, own: &[Address]) -> Key {
        Key {
            local: self.local.decode(own),
            remote: self.remote,
            local_port: self.local_port,
            remote_port: self.remote_port,
        }
    }

    /// Whether the entry holds a connection.
    pub(super) const fn is_used(&self) -> bool {
        self.remote_port != 0
    }

    pub(super) const fn is_owed(&self) -> bool {
        self.marks.has(Marks::OWED)
    }

    /// TS.Recent, if timestamps are in use.
    pub(super) fn timestamps(&self) -> Option<u32> {
        self.marks.has(Marks::TIMESTAMPS).then_some(self.ts_recent)
    }

    /// Timestamps are in use if there is a TS.Recent.
    pub(super) const fn set_timestamps(&mut self, recent: Option<u32>) {
        if let Some(recent) = recent {
            self.ts_recent = recent;
            self.marks.0 |= Marks::TIMESTAMPS;
        }
    }

    /// Time since it began to wait; the clock's 4.7 h are far more than an entry lives.
    pub(super) const fn age(&self, clock: Ticks) -> u32 {
        clock.0.wrapping_sub(self.since.0)
    }
}
