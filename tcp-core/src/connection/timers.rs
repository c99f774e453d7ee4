//! Named deadlines, and which one is due next.
//!
//! Invariant: a deadline that is armed is visible in [`Deadlines::next`]; there is no other place
//! where a connection waits for time.

use core::fmt;

use crate::time::{Duration, Instant};

/// The timers of a connection and of the stack's tables.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Timer {
    /// Retransmission (RFC 6298); also the SYN's.
    Retransmission,
    /// Zero-window probe (RFC 9293 section 3.8.6.1) and the sender's SWS override.
    Persist,
    /// Delayed acknowledgment.
    DelayedAck,
    /// Keep-alive.
    KeepAlive,
    /// User timeout.
    UserTimeout,
    /// FIN-WAIT-2 without a reader.
    FinWait2,
    /// TIME-WAIT (of the stack's table, not of a connection).
    TimeWait,
    /// A half-open connection's SYN-ACK (of the stack's table).
    SynAck,
    /// IP reassembly (of the stack's table).
    Reassembly,
    /// There is something to transmit at once.
    Transmit,
}

impl fmt::Display for Timer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Retransmission => "retransmission",
            Self::Persist => "persist",
            Self::DelayedAck => "delayed ACK",
            Self::KeepAlive => "keep-alive",
            Self::UserTimeout => "user timeout",
            Self::FinWait2 => "FIN-WAIT-2",
            Self::TimeWait => "TIME-WAIT",
            Self::SynAck => "SYN-ACK",
            Self::Reassembly => "reassembly",
            Self::Transmit => "transmit",
        })
    }
}

/// A moment at which something is due, or never. Not `Copy`: a deadline is read where it lives.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Deadline(u64);

impl Deadline {
    pub(super) const NEVER: Self = Self(u64::MAX);

    pub(super) fn arm(&mut self, now: Instant, after: Duration) {
        // The last representable moment means "never", so the one before it stands in.
        self.0 = (now + after).as_micros().min(u64::MAX - 1);
    }

    /// Arms unless it is armed already.
    pub(super) fn ensure(&mut self, now: Instant, after: Duration) {
        if !self.is_armed() {
            self.arm(now, after);
        }
    }

    pub(super) fn clear(&mut self) {
        *self = Self::NEVER;
    }

    pub(super) const fn is_armed(&self) -> bool {
        self.0 != u64::MAX
    }

    /// Whether it is due; a due deadline is cleared by being seen.
    pub(super) fn take_due(&mut self, now: Instant) -> bool {
        let due = self.is_armed() && self.0 <= now.as_micros();
        if due {
            self.clear();
        }
        due
    }
}

impl fmt::Debug for Deadline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_armed() {
            write!(f, "{} us", self.0)
        } else {
            f.write_str("never")
        }
    }
}

/// All deadlines of one connection. Several may be armed at once.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Deadlines {
    pub(super) retransmission: Deadline,
    pub(super) persist: Deadline,
    pub(super) delayed_ack: Deadline,
    pub(super) keep_alive: Deadline,
    pub(super) user_timeout: Deadline,
    pub(super) fin_wait_2: Deadline,
}

impl Deadlines {
    pub(super) const fn new() -> Self {
        Self {
            retransmission: Deadline::NEVER,
            persist: Deadline::NEVER,
            delayed_ack: Deadline::NEVER,
            keep_alive: Deadline::NEVER,
            user_timeout: Deadline::NEVER,
            fin_wait_2: Deadline::NEVER,
        }
    }

    /// The earliest armed deadline and its name.
    pub(super) fn next(&self) -> Option<(Instant, Timer)> {
        let Self {
            retransmission,
            persist,
            delayed_ack,
            keep_alive,
            user_timeout,
            fin_wait_2,
        } = self;
        let mut earliest = (retransmission.0, Timer::Retransmission);
        for (deadline, timer) in [
            (persist, Timer::Persist),
            (delayed_ack, Timer::DelayedAck),
            (keep_alive, Timer::KeepAlive),
            (user_timeout, Timer::UserTimeout),
            (fin_wait_2, Timer::FinWait2),
        ] {
            if deadline.0 < earliest.0 {
                earliest = (deadline.0, timer);
            }
        }
        (earliest.0 != u64::MAX).then_some((Instant::from_micros(earliest.0), earliest.1))
    }
}
