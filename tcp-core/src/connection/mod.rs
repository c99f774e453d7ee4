//! One connection.

mod config;
mod error;
mod event;
mod info;
mod state;
mod timers;

pub use config::{Config, KeepAlive, Priority, Switch};
pub use error::{CloseReason, Misuse, Unreachable};
pub use event::Events;
pub use info::Info;
pub use state::State;
pub use timers::Timer;

mod congestion;
mod recovery;
mod recv;

pub use congestion::{CongestionControl, NewReno};
pub use recovery::SentRecord;
pub use recv::Island;

use core::net::SocketAddr;

use crate::profile::{Profile, Storage};
use crate::seq::SeqNum;
use crate::stack::{Dropped, TxChecksum};
use crate::time::Instant;
use crate::wire::{Segment, Timestamps};

/// Both ends of a connection, as this host sees them.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Tuple {
    /// Our end.
    pub local: SocketAddr,
    /// The peer's end, of the same family.
    pub remote: SocketAddr,
}

/// What a new connection is told by the stack.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Opening {
    /// Our initial sequence number (RFC 6528).
    pub iss: SeqNum,
    /// Added to the microsecond clock / 1000 to make TSval (RFC 7323 section 5.4).
    pub timestamp_offset: u32,
    /// Largest IP packet that the device sends.
    pub mtu: u16,
}

/// What a half-open entry of the SYN queue remembers of the peer's SYN and our SYN-ACK.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct HalfOpen {
    /// Our side.
    pub opening: Opening,
    /// The peer's initial sequence number.
    pub irs: SeqNum,
    /// The peer's MSS option, or the default of the family.
    pub peer_mss: u16,
    /// The peer's window scale, if both sides offered the option.
    pub peer_window_scale: Option<u8>,
    /// The window scale that our SYN-ACK offered.
    pub our_window_scale: u8,
    /// Both sides offered SACK.
    pub sack: bool,
    /// The peer's TSval, if both sides offered timestamps.
    pub timestamps: Option<u32>,
    /// When the SYN-ACK was sent, unless it was sent more than once (an RTT sample).
    pub syn_ack_sent: Option<Instant>,
    /// The window that our SYN-ACK offered.
    pub offered_window: u16,
}

/// A reset that the stack owes, without a connection to send it from.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct ResetReply {
    /// SEG.SEQ.
    pub seq: SeqNum,
    /// SEG.ACK, and the ACK bit, if present.
    pub ack: Option<SeqNum>,
}

/// What became of a segment.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Arrival {
    /// `Err`: nothing of the segment was used (an ACK may be owed all the same).
    pub verdict: Result<(), Dropped>,
    /// A reset to send from outside the connection.
    pub reset: Option<ResetReply>,
}

/// What a connection leaves behind when it enters TIME-WAIT; the stack keeps it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct TimeWaitSeed {
    /// SND.NXT.
    pub snd_nxt: SeqNum,
    /// RCV.NXT.
    pub rcv_nxt: SeqNum,
    /// The window field of our last ACK, as on the wire.
    pub window: u16,
    /// TS.Recent and our timestamp offset, if timestamps are in use.
    pub timestamps: Option<(u32, u32)>,
    /// TTL or hop limit and traffic class of our segments.
    pub hop_limit: u8,
    /// Diffserv code point.
    pub diffserv: u8,
}

/// One connection: the TCB and the octets lent to it.
#[derive(Debug)]
pub struct Connection<'a, P: Profile> {
    storage: Storage<'a>,
    profile: core::marker::PhantomData<P>,
}

#[expect(clippy::todo, unused_variables, missing_docs, reason = "to be written")]
impl<'a, P: Profile> Connection<'a, P> {
    /// Active open: SYN-SENT; a SYN is owed.
    pub fn connect(now: Instant, config: Config, opening: Opening, storage: Storage<'a>) -> Self {
        todo!()
    }
    /// Passive open: SYN-RECEIVED with the SYN-ACK sent. Give it the ACK at once with `receive`; if it is
    /// still in SYN-RECEIVED after that (bad ACK), take the storage back and keep the SYN entry.
    pub fn accept(now: Instant, config: Config, half_open: HalfOpen, storage: Storage<'a>) -> Self {
        todo!()
    }
    /// RFC 9293 3.10.7.3, 3.10.7.4. `segments`: how many wire segments the device coalesced (1).
    pub fn receive(&mut self, now: Instant, segment: &Segment<'_>, segments: u16) -> Arrival {
        todo!()
    }
    /// An ICMP error that quoted a segment of this connection, SEQ `quoted`.
    pub fn unreachable(&mut self, now: Instant, quoted: SeqNum, what: Unreachable) {}
    /// Lowers the path's MTU (later).
    pub fn set_path_mtu(&mut self, now: Instant, quoted: SeqNum, mtu: u16) {}
    /// Writes the next segment owed, as a whole IP packet, or `None` when none is.
    pub fn transmit(
        &mut self,
        now: Instant,
        tuple: &Tuple,
        out: &mut [u8],
        checksum: TxChecksum,
    ) -> Option<usize> {
        todo!()
    }
    /// Whether `transmit` would write something now. When false, and until the next input or user call,
    /// it stays false until `next_deadline`.
    pub fn wants_transmit(&self, now: Instant) -> bool {
        todo!()
    }
    /// The earliest armed deadline; which timer. Not affected by wants_transmit.
    pub fn next_deadline(&self) -> Option<(Instant, Timer)> {
        todo!()
    }
    /// Runs what is due.
    pub fn advance(&mut self, now: Instant) {}
    pub fn state(&self) -> State {
        todo!()
    }
    /// Set once state is CLOSED.
    pub fn close_reason(&self) -> Option<CloseReason> {
        todo!()
    }
    /// In state TIME-WAIT: what the stack's table needs. The stack moves the connection there as soon as the
    /// final ACK is ... owed: the connection in TIME-WAIT never transmits; the table's entry sends the ACK.
    pub fn time_wait_seed(&self) -> Option<TimeWaitSeed> {
        todo!()
    }
    /// Events since the last call.
    pub fn take_events(&mut self) -> Events {
        todo!()
    }
    pub fn has_events(&self) -> bool {
        todo!()
    }
    pub fn info(&self, now: Instant) -> Info {
        todo!()
    }
    pub fn priority(&self) -> Priority {
        todo!()
    }
    /// A CLOSED connection (or one whose data was taken) gives its octets back.
    pub fn take_storage(&mut self) -> Storage<'a> {
        todo!()
    }

    // User calls.
    pub fn send(&mut self, now: Instant, octets: &[u8]) -> Result<usize, Misuse> {
        todo!()
    }
    pub fn send_with(
        &mut self,
        now: Instant,
        fill: impl FnOnce(&mut [u8]) -> usize,
    ) -> Result<usize, Misuse> {
        todo!()
    }
    /// Ok(0) = nothing yet; `Err(Misuse::Closing)` is never used here: at the end, `is_finished()`.
    pub fn read(&mut self, now: Instant, out: &mut [u8]) -> Result<usize, Misuse> {
        todo!()
    }
    pub fn peek(&self, out: &mut [u8]) -> usize {
        todo!()
    }
    pub fn receive_with(
        &mut self,
        now: Instant,
        take: impl FnOnce(&[u8]) -> usize,
    ) -> Result<usize, Misuse> {
        todo!()
    }
    pub fn readable(&self) -> usize {
        todo!()
    }
    pub fn writable(&self) -> usize {
        todo!()
    }
    /// The peer's FIN was reached and all data before it was read.
    pub fn is_finished(&self) -> bool {
        todo!()
    }
    pub fn shutdown(&mut self, now: Instant) -> Result<(), Misuse> {
        todo!()
    }
    /// The user will not read any more (close): data that arrives from now on is answered with a reset (RFC 1122 4.2.2.13), FIN-WAIT-2 is timed.
    pub fn close(&mut self, now: Instant) {
        todo!()
    }
    pub fn abort(&mut self, now: Instant) {
        todo!()
    }
    pub fn config(&self) -> &Config {
        todo!()
    }
    /// Replaces the knobs (hop limit, diffserv, priority, nagle, keep-alive, timeouts) of a live connection.
    pub fn set_config(&mut self, now: Instant, config: Config) {
        todo!()
    }
    /// The urgent pointer: octets until the end of urgent data in the unread stream, if any.
    pub fn urgent(&self) -> Option<usize> {
        todo!()
    }
    pub fn assert_invariants(&self) {}
}
