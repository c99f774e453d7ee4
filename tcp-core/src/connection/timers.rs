//! Named deadlines, and which one is due next.
//!
//! Invariant: a deadline that is armed is visible in [`Deadlines::next`]; there is no other place
//! where a connection waits for time.

use core::fmt;

use crate::time::{Span, Tick};

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
pub(super) struct Deadline(u32);

impl Deadline {
    pub(super) const NEVER: Self = Self(0);

    /// Due when `after` has passed since `from`: never earlier, up to two units later.
    //= https://www.rfc-editor.org/rfc/rfc6298#section-5
    //# An implementation MUST manage the retransmission timer(s) in such a way that
    //# a segment is never retransmitted too early, i.e., less than one RTO after
    //# the previous transmission of that segment.
    pub(super) const fn arm(&mut self, from: Tick, after: Span) {
        let at = from.0.wrapping_add(after.0).wrapping_add(1);
        // Zero means "never", so the moment behind it stands in.
        self.0 = if at == 0 { 1 } else { at };
    }

    pub(super) const fn clear(&mut self) {
        *self = Self::NEVER;
    }

    pub(super) const fn is_armed(&self) -> bool {
        self.0 != 0
    }

    /// How long after `origin` it is due; "never" comes last.
    #[inline]
    const fn after(&self, origin: u32) -> u32 {
        if self.is_armed() {
            self.0.wrapping_sub(origin)
        } else {
            u32::MAX
        }
    }

    /// Whether it is due; a due deadline is cleared by being seen.
    pub(super) const fn take_due(&mut self, now: Tick) -> bool {
        let due = self.is_armed() && !now.is_before(Tick(self.0));
        if due {
            self.clear();
        }
        due
    }
}

impl fmt::Debug for Deadline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_armed() {
            write!(f, "tick {}", self.0)
        } else {
            f.write_str("never")
        }
    }
}

/// All deadlines of one connection. Several may be armed at once.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Deadlines([Deadline; 6]);

/// Whose the deadlines are.
const TIMERS: [Timer; 6] = [
    Timer::Retransmission,
    Timer::Persist,
    Timer::DelayedAck,
    Timer::KeepAlive,
    Timer::UserTimeout,
    Timer::FinWait2,
];

impl Deadlines {
    pub(super) const fn new() -> Self {
        Self([const { Deadline::NEVER }; 6])
    }

    pub(super) const fn retransmission(&mut self) -> &mut Deadline {
        let [deadline, ..] = &mut self.0;
        deadline
    }

    pub(super) const fn persist(&mut self) -> &mut Deadline {
        let [_, deadline, ..] = &mut self.0;
        deadline
    }

    pub(super) const fn delayed_ack(&mut self) -> &mut Deadline {
        let [_, _, deadline, ..] = &mut self.0;
        deadline
    }

    pub(super) const fn keep_alive(&mut self) -> &mut Deadline {
        let [.., deadline, _, _] = &mut self.0;
        deadline
    }

    pub(super) const fn user_timeout(&mut self) -> &mut Deadline {
        let [.., deadline, _] = &mut self.0;
        deadline
    }

    pub(super) const fn fin_wait_2(&mut self) -> &mut Deadline {
        let [.., deadline] = &mut self.0;
        deadline
    }

    /// The earliest armed deadline.
    pub(super) fn earliest(&self, now: Tick) -> Option<Tick> {
        Some(self.next(now)?.0)
    }

    /// The earliest armed deadline and its name.
    #[inline(never)]
    pub(super) fn next(&self, now: Tick) -> Option<(Tick, Timer)> {
        // Counted from half a circle ago, "never" is later than all that may be armed.
        let origin = now.0.wrapping_sub(1 << 31);
        let mut least = u32::MAX;
        let mut timer = Timer::Retransmission;
        for (deadline, name) in self.0.iter().zip(TIMERS) {
            let after = deadline.after(origin);
            if after < least {
                least = after;
                timer = name;
            }
        }
        (least != u32::MAX).then_some((Tick(least.wrapping_add(origin)), timer))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::{Duration, Instant};

    #[test]
    fn each_deadline_is_told_by_its_name() {
        let mut deadlines = Deadlines::new();
        let now = Tick(u32::MAX);
        assert_eq!(deadlines.next(now), None);
        deadlines.fin_wait_2().arm(now, Span(60));
        assert_eq!(deadlines.next(now), Some((Tick(60), Timer::FinWait2)));
        deadlines.user_timeout().arm(now, Span(50));
        assert_eq!(deadlines.next(now), Some((Tick(50), Timer::UserTimeout)));
        deadlines.keep_alive().arm(now, Span(40));
        assert_eq!(deadlines.next(now), Some((Tick(40), Timer::KeepAlive)));
        deadlines.delayed_ack().arm(now, Span(30));
        assert_eq!(deadlines.next(now), Some((Tick(30), Timer::DelayedAck)));
        deadlines.persist().arm(now, Span(20));
        assert_eq!(deadlines.next(now), Some((Tick(20), Timer::Persist)));
        deadlines.retransmission().arm(now, Span(10));
        assert_eq!(deadlines.next(now), Some((Tick(10), Timer::Retransmission)));
        deadlines.retransmission().clear();
        assert_eq!(deadlines.earliest(Tick(30)), Some(Tick(20)), "overdue");
    }

    /// Whatever fraction of a unit has passed when it is armed.
    //= https://www.rfc-editor.org/rfc/rfc6298#section-5
    //= type=test
    //# An implementation MUST manage the retransmission timer(s) in such a way that
    //# a segment is never retransmitted too early, i.e., less than one RTO after
    //# the previous transmission of that segment.
    #[test]
    fn no_deadline_is_early_and_none_is_two_units_late() {
        for start in (0..3_000).chain([u64::from(u32::MAX) << 10]) {
            let now = Instant::from_micros(start);
            let mut deadline = Deadline::NEVER;
            deadline.arm(Tick::at(now), Span::from_millis(200));
            let due = |after: u64| {
                let at = Tick::at(now + Duration::from_micros(after));
                deadline.clone().take_due(at)
            };
            assert!(!due(199_999), "{start}");
            assert!(due(200_000 + 2 * 1_024), "{start}");
        }
    }
}
