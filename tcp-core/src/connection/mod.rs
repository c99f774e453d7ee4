//! One connection: RFC 9293 for one pair of sockets.
//!
//! A [`Connection`] is a TCB and the octets lent to it. Each part owns its variables and talks by
//! return values: the send half ([`send`]) never touches RCV.*, the receive half ([`recv`]) never
//! SND.*; [`recovery`] says what is lost, [`congestion`] how much may be in flight, and one pure
//! [`plan`](send::Plan) decides what to send. [`arrival`] handles a segment and only notes what is
//! owed; [`transmit`] is the only writer.
//!
//! ```text
//!   segment -> arrival -> { recv, send, recovery, congestion } -> settle (deadlines)
//!                                                                   |
//!   packet  <- transmit <- plan <-----------------------------------+
//! ```

mod arrival;
mod config;
mod congestion;
mod counters;
mod ecn;
mod error;
mod event;
mod info;
mod open;
mod optional;
mod path;
mod path_search;
mod quick_ack;
mod recovery;
mod recv;
mod send;
mod state;
mod tcb;
mod timeouts;
mod timers;
mod transmit;
mod tuning;
mod tuple;
mod user;

pub(crate) use arrival::{Answer, Edges, ResetVerdict, is_stale};
pub use config::{Config, KeepAlive, Priority, Switch};
pub use congestion::{AckSample, CongestionControl, NewReno, Timeout};
pub use counters::{Counted, Counters, Counting, NoCounters};
pub use ecn::{Ecn, EcnState};
pub(crate) use ecn::{has_ecn, is_offered};
pub use error::{CloseReason, Misuse, Unreachable};
pub use event::Events;
pub use info::{CongestionState, Info};
pub(crate) use open::default_mss;
pub use optional::{Absent, Kept, Optional};
pub use path_search::{MtuProbing, PathState};
pub use quick_ack::QuickAcks;
pub use recovery::SentRecord;
pub(crate) use recv::scale_for;
pub use recv::{DuplicateReporting, DuplicateReports, Island, NoDuplicateReports};
pub use state::State;
pub use timers::Timer;
pub(crate) use transmit::Written;
pub use tuning::{BlindAttacks, OpeningErrors, Tunable, Tuned, Tuning, Untuned, WindowProbe};
pub(crate) use tuning::{Known, tuning_of};
pub use tuple::Tuple;

use open::Opener;
use recovery::Sent;
use recv::Islands;
use send::Kind;
use tcb::Tcb;

use crate::profile::{Profile, Storage};
use crate::ring::Ring;
use crate::seq::{SeqLen, SeqNum};
use crate::stack::Dropped;
use crate::time::Instant;

/// What a new connection is told by the stack.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Opening {
    /// Our initial sequence number (RFC 6528).
    pub iss: SeqNum,
    /// Added to the microsecond clock / 1000 to make TSval (RFC 7323 section 5.4).
    pub timestamp_offset: u32,
    /// Largest IP packet that the device sends.
    pub mtu: u16,
    /// Octets of the IP header: 20 or 40.
    pub ip_header: u16,
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
    /// Both sides offered ECN.
    pub ecn: bool,
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
    /// The peer's FIN (or what came with it) is not acknowledged yet: an ACK is owed at once.
    pub owes_ack: bool,
}

/// One connection: the TCB and the octets lent to it.
#[derive(Debug)]
#[repr(C)]
pub struct Connection<'a, P: Profile> {
    tcb: Tcb<P>,
    /// If it was opened actively.
    opener: Option<&'static Opener<P>>,
    /// Written by the user and not acknowledged by the peer.
    send: Ring<'a>,
    /// Received and not read by the user.
    receive: Ring<'a>,
    sent: Sent<'a>,
    islands: Islands<'a>,
}

impl<'a, P: Profile> Connection<'a, P> {
    #[inline(always)]
    fn assemble(tcb: Tcb<P>, storage: Storage<'a>) -> Self {
        Self {
            tcb,
            opener: None,
            send: Ring::new(storage.send),
            receive: Ring::new(storage.receive),
            sent: Sent::new(storage.records),
            islands: Islands::new(storage.islands),
        }
    }

    /// Whether [`transmit`](Self::transmit) would write something now. When it would not, it will
    /// not before the next segment, user call or deadline. A connection in CLOSED may still owe a
    /// reset.
    #[must_use]
    pub fn wants_transmit(&self, _now: Instant) -> bool {
        self.plan().kind != Kind::Nothing
    }

    /// Takes the octets back; the connection is over.
    pub fn take_storage(&mut self) -> Storage<'a> {
        Storage {
            send: self.send.take(),
            receive: self.receive.take(),
            records: self.sent.take(),
            islands: self.islands.take(),
        }
    }

    /// The priority class.
    #[must_use]
    pub const fn priority(&self) -> Priority {
        self.tcb.config.priority
    }

    /// A snapshot.
    #[must_use]
    pub fn info(&self, now: Instant) -> Info {
        let tcb = &self.tcb;
        let counted = tcb.counters.counted();
        Info {
            state: tcb.state,
            srtt: tcb.rtt.srtt(),
            rttvar: tcb.rtt.rttvar(),
            rto: tcb.rtt.rto(&tcb.config),
            backoff: tcb.rtt.backoff,
            cwnd: tcb.congestion.cwnd(),
            ssthresh: tcb.congestion.ssthresh(),
            in_flight: tcb.in_flight(),
            send_queue: SeqLen::of(self.send.len()).get(),
            receive_queue: SeqLen::of(self.receive.len()).get(),
            snd_wnd: tcb.snd.wnd,
            rcv_wnd: tcb.rcv.wnd().get(),
            snd_wscale: tcb.snd.wscale,
            rcv_wscale: tcb.rcv.wscale,
            mss: tcb.snd.mss,
            timestamps: tcb.uses_timestamps(),
            sack: tcb.negotiated.sack,
            window_scaling: tcb.negotiated.window_scaling,
            ecn: tcb.uses_ecn(),
            segments_out: counted.segments_out,
            segments_in: counted.segments_in,
            octets_acked: counted.octets_acked,
            octets_received: counted.octets_received,
            retransmissions: tcb.retransmissions,
            timeouts: counted.timeouts,
            gaps: self.islands.len(),
            ..self.recovery_info(now)
        }
    }

    /// Panics when a variable contradicts another. For tests and fuzzers: nothing else calls it.
    #[expect(clippy::missing_panics_doc, reason = "panicking is what it is for")]
    pub fn assert_invariants(&self) {
        let tcb = &self.tcb;
        assert!(
            tcb.snd.una.at_or_before(tcb.snd.nxt),
            "SND.UNA is beyond SND.NXT"
        );
        assert!(
            tcb.rcv.nxt.at_or_before(tcb.rcv.adv),
            "RCV.NXT is beyond the advertised edge"
        );
        if tcb.state == State::Closed {
            return;
        }
        let free = SeqLen::of(self.receive.free());
        assert!(
            tcb.rcv.wnd() <= free,
            "more is advertised than there is room for"
        );
        self.islands.assert_invariants(tcb.rcv.nxt, tcb.rcv.adv);
        assert!(
            tcb.snd.nxt.at_or_before(tcb.snd.end(self.send.len())),
            "sent beyond the queue"
        );
        let quiet = matches!(
            tcb.state,
            State::Established | State::CloseWait | State::FinWait2 | State::TimeWait
        );
        let unacknowledged = tcb.snd.end(self.send.len()).after(tcb.snd.una);
        if (unacknowledged || !quiet) && self.plan().kind == Kind::Nothing {
            assert!(
                self.next_tick(Instant::ZERO).is_some(),
                "something waits, and no deadline is armed"
            );
        }
    }
}

#[cfg(test)]
mod tests;
