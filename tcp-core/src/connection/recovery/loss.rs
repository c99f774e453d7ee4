//! Loss by duplicate acknowledgments and by timeout (RFC 5681, RFC 6582, RFC 3042).
//!
//! What is deemed lost is always a prefix of what is in flight, so two edges say it all. Neither
//! lies before SND.UNA:
//!
//! ```text
//!    SND.UNA          rexmit_next          lost_until                    SND.NXT
//!      +-- sent again ----+--- to send again ---+---- in the network --------+
//! ```
//!
//! Each duplicate acknowledgment says that one segment left the network. Instead of inflating the
//! congestion window by it, as RFC 5681 section 3.2 describes, it is subtracted from what is in
//! flight, which comes to the same, and gives Limited Transmit without further code.

use crate::seq::{SeqLen, SeqNum};

/// Where recovery stands.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(in crate::connection) enum LossPhase {
    /// No loss is being repaired.
    Open,
    /// Fast recovery until SND.UNA reaches `recover`.
    Recovery,
    /// A timeout is being repaired until SND.UNA reaches `recover`.
    Timeout,
}

/// What an acknowledgment of new data meant for recovery.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::connection) enum AckEffect {
    /// Nothing is being repaired (or a timeout is, in slow start).
    Plain,
    /// The next hole is to be filled.
    Partial,
    /// Fast recovery is complete.
    Recovered,
}

/// Duplicate acknowledgments after which a segment is deemed lost (RFC 5681 section 3.2).
pub(in crate::connection) const DUPLICATE_THRESHOLD: u8 = 3;

/// The edges of what is lost.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(in crate::connection) struct Loss {
    recover: SeqNum,
    lost_until: SeqNum,
    rexmit_next: SeqNum,
    /// Octets that duplicate acknowledgments reported as having left the network.
    departed: u32,
    duplicates: u8,
    pub(in crate::connection) phase: LossPhase,
}

impl Loss {
    pub(in crate::connection) const fn new(iss: SeqNum) -> Self {
        Self {
            recover: iss,
            lost_until: iss,
            rexmit_next: iss,
            departed: 0,
            duplicates: 0,
            phase: LossPhase::Open,
        }
    }

    /// From where what is lost is to be sent again.
    pub(in crate::connection) const fn resend_from(&self) -> SeqNum {
        self.rexmit_next
    }

    /// How much is to be sent again.
    pub(in crate::connection) const fn to_resend(&self) -> SeqLen {
        self.lost_until.since(self.rexmit_next)
    }

    /// What was to be sent again left, up to `end`.
    pub(in crate::connection) fn resent(&mut self, end: SeqNum) {
        self.rexmit_next = end;
    }

    /// Where what is deemed lost ends, and what of it was sent again.
    pub(in crate::connection) fn edges(&self, una: SeqNum) -> (SeqNum, SeqNum) {
        let lost = self.lost_until.latest(una);
        (lost, self.rexmit_next.latest(una).earliest(lost))
    }

    /// Octets that duplicate acknowledgments report as arrived.
    pub(in crate::connection) const fn departed(&self) -> u32 {
        self.departed
    }

    /// Octets in the network, as far as is known.
    #[inline(always)]
    pub(in crate::connection) fn in_flight(&self, una: SeqNum, nxt: SeqNum) -> u32 {
        let sent = nxt.since(una).get();
        let left = self.to_resend().get() + self.departed;
        sent.saturating_sub(left)
    }

    /// A duplicate acknowledgment. True when it is the one that makes the first segment count as
    /// lost: where that ends is to be [told](Self::lose_until).
    //= https://www.rfc-editor.org/rfc/rfc5681#section-3.2
    //# The TCP sender SHOULD use the "fast retransmit" algorithm to detect and
    //# repair loss, based on incoming duplicate ACKs.
    //= https://www.rfc-editor.org/rfc/rfc5681#section-3.2
    //# 1. On the first and second duplicate ACKs received at a sender, a TCP SHOULD
    //# send a segment of previously unsent data per [RFC3042] provided that the
    //# receiver's advertised window allows, the total FlightSize would remain less
    //# than or equal to cwnd plus 2*SMSS, and that new data is available for
    //# transmission.
    //= https://www.rfc-editor.org/rfc/rfc5681#section-3.2
    //# 3. The lost segment starting at SND.UNA MUST be retransmitted and cwnd set
    //# to ssthresh plus 3*SMSS.
    //= https://www.rfc-editor.org/rfc/rfc5681#section-3.2
    //# 4. For each additional duplicate ACK received (after the third), cwnd MUST
    //# be incremented by SMSS.
    //= https://www.rfc-editor.org/rfc/rfc5681#section-3.2
    //# A TCP MAY therefore limit the number of times cwnd is artificially inflated
    //# during loss recovery to the number of outstanding segments (or, an
    //# approximation thereof).
    //= https://www.rfc-editor.org/rfc/rfc5681#section-3.2
    //# 5. When previously unsent data is available and the new value of cwnd and
    //# the receiver's advertised window allow, a TCP SHOULD send 1*SMSS bytes of
    //# previously unsent data.
    pub(in crate::connection) fn on_duplicate(
        &mut self,
        una: SeqNum,
        nxt: SeqNum,
        mss: u16,
    ) -> bool {
        self.duplicates = self.duplicates.saturating_add(1);
        // No more can have left than was in the network when the loss was seen: spoofed duplicates
        // gain nothing. What was sent since is answered only after the retransmission is.
        let edge = match self.phase {
            LossPhase::Recovery => self.recover,
            LossPhase::Open | LossPhase::Timeout => nxt,
        };
        let sent = edge.since(una).get();
        // Both are far from the end of the range.
        self.departed = self.departed.wrapping_add(mss.into()).min(sent);
        if self.phase != LossPhase::Open
            || self.duplicates != DUPLICATE_THRESHOLD
            || !una.after(self.recover)
        {
            return false;
        }
        self.phase = LossPhase::Recovery;
        self.recover = nxt;
        self.rexmit_next = una;
        self.lost_until = una;
        true
    }

    /// SND.UNA advanced by `acked` to `una`. If that is a partial acknowledgment, the oldest
    /// segment is the next hole: where it ends is to be [told](Self::lose_until).
    pub(in crate::connection) fn on_ack(&mut self, una: SeqNum, acked: u32, mss: u16) -> AckEffect {
        self.duplicates = 0;
        self.rexmit_next = self.rexmit_next.latest(una);
        self.lost_until = self.lost_until.latest(una);
        if self.phase == LossPhase::Recovery && una.before(self.recover) {
            // The hole itself had not been reported by a duplicate, what lies behind it had.
            let behind = acked.saturating_sub(mss.into());
            self.departed = self.departed.saturating_sub(behind);
            return AckEffect::Partial;
        }
        self.departed = 0;
        if self.phase == LossPhase::Open {
            // A point that stayed where it was would seem to lie ahead after 2 GiB.
            self.recover = self.recover.latest(una - SeqLen::ONE);
        } else if una.at_or_after(self.recover) {
            let was = core::mem::replace(&mut self.phase, LossPhase::Open);
            if was == LossPhase::Recovery {
                return AckEffect::Recovered;
            }
        }
        AckEffect::Plain
    }

    /// What lies before `end` is lost.
    pub(in crate::connection) fn lose_until(&mut self, end: SeqNum) {
        self.lost_until = self.lost_until.latest(end);
    }

    /// What was just found lost was too large for the path: it goes again, and recovers nothing.
    pub(in crate::connection) fn forgive(&mut self, una: SeqNum) {
        self.phase = LossPhase::Open;
        self.recover = una;
    }

    /// The retransmission timer expired: everything sent is deemed lost.
    //= https://www.rfc-editor.org/rfc/rfc2018#section-5
    //# The data sender MUST retransmit the segment at the left edge of the window
    //# after a retransmit timeout, whether or not the SACKed bit is on for that
    //# segment.
    //= https://www.rfc-editor.org/rfc/rfc2018#section-5.1
    //# Because the data receiver is allowed to discard SACKed data, when a
    //# retransmit timeout occurs the data sender MUST ignore prior SACK information
    //# in determining which data to retransmit.
    pub(in crate::connection) fn on_timeout(&mut self, una: SeqNum, nxt: SeqNum) {
        self.resend_all(una, nxt);
        self.recover = nxt;
        self.phase = LossPhase::Timeout;
    }

    /// What was sent shall be sent again, without any judgement on the path.
    pub(in crate::connection) fn resend_all(&mut self, una: SeqNum, nxt: SeqNum) {
        self.rexmit_next = una;
        self.lost_until = nxt;
        self.departed = 0;
        self.duplicates = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seq(raw: u32) -> SeqNum {
        SeqNum::new(raw)
    }

    /// A duplicate while the first segment ends at 101.
    fn duplicate(loss: &mut Loss, nxt: u32) -> bool {
        let lost = loss.on_duplicate(seq(1), seq(nxt), 100);
        if lost {
            loss.lose_until(seq(101));
        }
        lost
    }

    #[test]
    fn the_third_duplicate_makes_the_first_segment_lost() {
        let mut loss = Loss::new(seq(0));
        for expected in [false, false, true, false] {
            assert_eq!(duplicate(&mut loss, 1_001), expected);
        }
        assert_eq!((loss.resend_from(), loss.to_resend().get()), (seq(1), 100));
        // 1,000 sent, 100 lost, 400 left.
        assert_eq!(loss.in_flight(seq(1), seq(1_001)), 500);
        loss.resent(seq(101));
        assert_eq!(loss.to_resend(), SeqLen::ZERO);
        assert_eq!(loss.in_flight(seq(1), seq(1_001)), 600);
    }

    #[test]
    fn k02_a_thousand_duplicates_report_no_more_than_was_sent() {
        let mut loss = Loss::new(seq(0));
        for _ in 0..1_000 {
            duplicate(&mut loss, 501);
        }
        assert_eq!(loss.in_flight(seq(1), seq(501)), 0);
        assert!(loss.departed <= 500);
    }

    #[test]
    fn a_partial_ack_fills_the_next_hole_and_a_full_one_ends_recovery() {
        let mut loss = Loss::new(seq(0));
        for _ in 0..3 {
            duplicate(&mut loss, 1_001);
        }
        loss.resent(seq(101));
        assert_eq!(loss.on_ack(seq(301), 300, 100), AckEffect::Partial);
        loss.lose_until(seq(401));
        assert_eq!(
            (loss.resend_from(), loss.to_resend().get()),
            (seq(301), 100)
        );
        assert_eq!(loss.on_ack(seq(1_001), 700, 100), AckEffect::Recovered);
        assert_eq!(loss.to_resend(), SeqLen::ZERO);
        assert_eq!(loss.phase, LossPhase::Open);
    }

    #[test]
    fn duplicates_of_what_a_timeout_resends_do_not_start_fast_recovery() {
        let mut loss = Loss::new(seq(0));
        loss.on_timeout(seq(1), seq(1_001));
        assert_eq!(loss.in_flight(seq(1), seq(1_001)), 0);
        for _ in 0..5 {
            assert!(!duplicate(&mut loss, 1_001));
        }
        assert_eq!(loss.on_ack(seq(1_001), 1_000, 100), AckEffect::Plain);
        assert_eq!(loss.phase, LossPhase::Open);
    }

    #[test]
    fn losses_are_seen_after_any_number_of_octets_without_one() {
        for calm in 0..9 {
            let mut loss = Loss::new(seq(0));
            let mut una = seq(1);
            for _ in 0..calm {
                una += SeqLen::new(1 << 29);
                assert_eq!(loss.on_ack(una, 1 << 29, 100), AckEffect::Plain);
            }
            let nxt = una + SeqLen::new(500);
            let lost = [(); 3].map(|()| loss.on_duplicate(una, nxt, 100));
            assert_eq!(lost, [false, false, true], "after {calm} times 512 MiB");
            assert_eq!(loss.on_ack(nxt, 500, 100), AckEffect::Recovered);
        }
    }
}
