//! The TCB: everything about a connection but its octets. Plain data.

use super::config::{Basic, Config};
use super::congestion::CongestionControl;
use super::error::CloseReason;
use super::event::Events;
use super::recovery::{Loss, Rtt, Usage};
use super::recv::{AckOwed, Challenge, Rcv};
use super::send::Snd;
use super::state::{State, Step};
use super::timers::Deadlines;
use super::tuning::Tuned;
use crate::profile::Profile;
use crate::seq::SeqNum;
use crate::time::{Instant, Span, Tick};

/// The Timestamps option, while both sides use it (RFC 7323).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct TimestampState {
    /// Added to our clock, so that no two peers see the same one.
    pub(super) offset: u32,
    /// TS.Recent.
    pub(super) recent: u32,
    /// When TS.Recent was set, in units of 2^20 microseconds.
    pub(super) recent_at: u32,
    /// Last.ACK.sent.
    pub(super) last_ack_sent: SeqNum,
}

impl TimestampState {
    /// Nothing but zeros.
    pub(super) const BLANK: Self = Self {
        offset: 0,
        recent: 0,
        recent_at: 0,
        last_ack_sent: SeqNum::new(0),
    };
}

/// The time, as the last caller told it. It is told once, at the door, and read where it is
/// needed: to hand it from step to step costs more than to keep it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(C)]
pub(super) struct Clock {
    /// In the unit of the timers.
    pub(super) tick: Tick,
    /// Microseconds modulo 2^32 (71 minutes): only differences count.
    pub(super) micros: u32,
    /// How often those went round.
    rounds: u32,
}

impl Clock {
    #[expect(clippy::cast_possible_truncation, reason = "the halves are meant")]
    pub(super) const fn at(now: Instant) -> Self {
        Self {
            tick: Tick::at(now),
            micros: now.as_micros() as u32,
            rounds: (now.as_micros() >> 32) as u32,
        }
    }

    pub(super) const fn now(&self) -> Instant {
        Instant::from_micros((self.rounds as u64) << 32 | self.micros as u64)
    }
}

/// Which of the options that a SYN may offer are in use. Before the handshake is complete: which
/// are offered.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) struct Negotiated {
    pub(super) sack: bool,
    pub(super) window_scaling: bool,
    pub(super) timestamps: bool,
}

/// Who is on this side of the connection.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum User {
    /// A user who may still read.
    Present,
    /// Nobody: the user closed and gave up the handle.
    Gone,
}

/// A segment that is owed whatever else is to be sent.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Probe {
    /// None.
    Nothing,
    /// A zero-window probe, or what silly-window avoidance held back for too long.
    Window,
    /// A keep-alive.
    KeepAlive,
    /// A reset; after it nothing is sent any more.
    Reset,
}

/// What the user wrote before closing is tried for no less than this.
//= https://www.rfc-editor.org/rfc/rfc9293#section-3.8.3
//# The value of R2 SHOULD correspond to
//# at least 100 seconds (SHLD-11).
const ORPHAN_LEAST_S: u16 = 100;

/// The transmission control block (RFC 9293 section 3.3.1).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
#[repr(C)]
pub(super) struct Tcb<P: Profile> {
    pub(super) state: State,
    pub(super) user: User,
    pub(super) probe: Probe,
    pub(super) events: Events,
    /// Retransmissions of what is at SND.UNA since it last advanced, or unanswered keep-alives.
    pub(super) attempts: u8,
    pub(super) negotiated: Negotiated,
    /// Why it ended, in CLOSED.
    pub(super) reason: CloseReason,
    /// The last ICMP error that does not end a connection by itself (RFC 9293 MUST-56).
    pub(super) soft_error: Option<super::error::Unreachable>,
    pub(super) rcv: Rcv<P::Duplicates>,
    pub(super) snd: Snd,
    pub(super) clock: Clock,
    pub(super) timers: Deadlines,
    pub(super) loss: Loss,
    pub(super) usage: Usage,
    /// When the last segment with data, SYN or FIN left.
    pub(super) last_sent: Tick,
    /// The latest time at which any segment left.
    pub(super) latest_sent: Tick,
    /// When the last acceptable segment arrived.
    pub(super) last_heard: Tick,
    /// When the peer last acknowledged something new, or the oldest of what is outstanding
    /// became so.
    pub(super) progress_at: Tick,
    pub(super) rtt: Rtt,
    pub(super) congestion: P::Congestion,
    pub(super) retransmissions: u32,
    pub(super) timestamps: TimestampState,
    pub(super) counters: P::Counters,
    pub(super) ecn: P::Ecn,
    pub(super) path: P::Path,
    pub(super) config: Basic,
    pub(super) tuning: P::Tuning,
}

impl<P: Profile> Tcb<P> {
    /// Ends the connection. What was to be sent is forgotten, what was received stays.
    #[inline(never)]
    pub(super) fn close(&mut self, reason: CloseReason) {
        self.state = State::Closed;
        self.reason = reason;
        self.timers = Deadlines::new();
        self.rcv.ack.owed = AckOwed::Nothing;
        self.probe = Probe::Nothing;
        self.events |= Events::CLOSED;
    }

    /// Ends the connection and tells the peer (RFC 9293 section 3.10.5).
    #[inline(never)]
    pub(super) fn close_with_reset(&mut self, reason: CloseReason) {
        let synchronized = !matches!(self.state, State::Closed | State::SynSent | State::TimeWait);
        self.close(reason);
        if synchronized {
            self.probe = Probe::Reset;
        }
    }

    /// The handshake is complete.
    pub(super) fn established(&mut self) {
        self.state = self.state.after(Step::SynAcknowledged);
        if self.snd.fin_queued {
            self.state = self.state.after(Step::Close);
        }
        self.events |= Events::CONNECTED | Events::WRITABLE;
        self.begin_quick_acks();
    }

    /// The knobs are these.
    pub(super) fn set_config(&mut self, config: Config) {
        self.config = config.basic;
        self.tuning.set(config.tuning);
        self.set_probing(config.tuning.mtu_probing);
    }

    /// The retransmission timer starts, or starts anew.
    #[inline(never)]
    pub(super) fn arm_retransmission(&mut self) {
        let timeout = self.rtt.timeout(&self.config);
        self.timers.retransmission().arm(self.clock.tick, timeout);
    }

    /// Owes an answer to what is not acceptable.
    #[inline(never)]
    pub(super) fn challenge(&mut self, kind: Challenge) {
        self.rcv.ack.challenge(self.clock.tick, kind);
    }

    /// All that was sent is acknowledged.
    pub(super) fn nothing_outstanding(&self) -> bool {
        self.snd.una == self.snd.nxt
    }

    /// Whether segments carry the Timestamps option.
    pub(super) fn uses_timestamps(&self) -> bool {
        P::TIMESTAMPS.is_on() && self.negotiated.timestamps
    }

    /// What may be in flight before anything is known of the path.
    #[inline(never)]
    pub(super) fn initial_window(&self) -> u32 {
        self.tuning.get().window(self.snd.mss)
    }

    /// Octets in the network.
    #[inline(never)]
    pub(super) fn in_flight(&self) -> u32 {
        self.loss.in_flight(self.snd.una, self.snd.nxt)
    }

    /// The segment size of congestion control changes with what is known of the path.
    pub(super) fn set_mss(&mut self, mss: u16) {
        self.snd.mss = mss;
        self.congestion.set_mss(mss);
    }

    /// How long nothing new may be acknowledged before the connection is given up.
    pub(super) fn give_up_after(&self) -> Option<Span> {
        match self.user {
            _ if self.config.user_timeout_ms != 0 => {
                Some(Span::from_millis(self.config.user_timeout_ms))
            }
            User::Present => None,
            // Without a user nobody else ends a connection whose peer keeps its window shut.
            User::Gone => {
                let secs = self.config.fin_wait_2_s.max(ORPHAN_LEAST_S);
                Some(Span::from_secs(secs.into()))
            }
        }
    }

    /// Our timestamp clock: units of 1.024 ms. It stands still where time goes back, because the
    /// peer drops what carries an older timestamp than the last.
    //= https://www.rfc-editor.org/rfc/rfc7323#section-4.1
    //# Values of this clock MUST be at least approximately proportional to real
    //# time, in order to measure actual RTT.
    //= https://www.rfc-editor.org/rfc/rfc7323#section-5.4
    //# It MUST tick at least once for each 2^31 bytes sent.
    //= https://www.rfc-editor.org/rfc/rfc7323#section-5.4
    //= type=exception
    //= reason=a window's worth may leave in less than 1.024 ms on a fast link; round trips are
    //= measured by our own records there, in microseconds, and not by the echo
    //# In fact, in order to be useful to the sender for round-trip timing, the
    //# clock SHOULD tick at least once per window's worth of data, and even with
    //# the window extension defined in Section 2.2, 2^31 bytes must be at least two
    //# windows.
    //= https://www.rfc-editor.org/rfc/rfc7323#section-5.4
    //# The recycling time of the timestamp clock MUST be greater than MSL seconds.
    pub(super) fn timestamp(&self) -> u32 {
        let latest = self.clock.tick.latest(self.latest_sent);
        latest.0.wrapping_add(self.timestamps.offset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::Firmware;

    #[test]
    fn a_tcb_is_plain_data_of_modest_size() {
        fn plain<T: Clone + Eq + core::hash::Hash>() {}
        plain::<Tcb<Firmware>>();
        assert!(
            size_of::<Tcb<Firmware>>() <= 352,
            "{}",
            size_of::<Tcb<Firmware>>()
        );
    }
}
