//! `NewReno` (RFC 5681, RFC 6582).

use super::{AckSample, CongestionControl, Timeout};
use crate::time::Instant;

/// Slow start, congestion avoidance and fast recovery by RFC 5681 and RFC 6582.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct NewReno {
    cwnd: u32,
    ssthresh: u32,
    /// Octets acknowledged since the window last grew in congestion avoidance.
    credit: u32,
    mss: u16,
}

/// No window grows beyond what a scaled window can describe.
const CWND_MAX: u32 = 1 << 30;

/// Segments that may leave at once when recovery ends: the initial window of RFC 6928.
const BURST: u32 = 10;

impl NewReno {
    //= https://www.rfc-editor.org/rfc/rfc5681#section-3.1
    //# ssthresh = max (FlightSize / 2, 2*SMSS)            (4)
    /// What is beyond the window was let go by Limited Transmit, or before an earlier loss.
    //= https://www.rfc-editor.org/rfc/rfc5681#section-3.2
    //# When the third duplicate ACK is received, a TCP MUST set ssthresh to no more
    //# than the value given in equation (4).
    //= https://www.rfc-editor.org/rfc/rfc5681#section-3.2
    //# When [RFC3042] is in use, additional data sent in limited transmit MUST NOT
    //# be included in this calculation.
    fn halve(&mut self, in_flight: u32) {
        self.ssthresh = (in_flight.min(self.cwnd) / 2).max(2 * u32::from(self.mss));
        self.credit = 0;
    }
}

//= https://www.rfc-editor.org/rfc/rfc9293#section-3.8.2
//# A TCP endpoint MUST implement the basic congestion control algorithms slow
//# start, congestion avoidance, and exponential backoff of RTO to avoid
//# creating congestion collapse conditions (MUST-19).
//= https://www.rfc-editor.org/rfc/rfc5681#section-3.1
//# The slow start and congestion avoidance algorithms MUST be used by a TCP
//# sender to control the amount of outstanding data being injected into the
//# network.
impl CongestionControl for NewReno {
    //= https://www.rfc-editor.org/rfc/rfc5681#section-3.1
    //# The initial value of ssthresh SHOULD be set arbitrarily high (e.g., to the
    //# size of the largest possible advertised window), but ssthresh MUST be
    //# reduced in response to congestion.
    fn new(mss: u16, initial: u32) -> Self {
        Self {
            cwnd: initial,
            ssthresh: u32::MAX,
            credit: 0,
            mss,
        }
    }

    //= https://www.rfc-editor.org/rfc/rfc5681#section-3.1
    //# When initial congestion windows of more than one segment are implemented
    //# along with Path MTU Discovery [RFC1191], and the MSS being used is found to
    //# be too large, the congestion window cwnd SHOULD be reduced to prevent large
    //# bursts of smaller segments.
    //= https://www.rfc-editor.org/rfc/rfc5681#section-3.1
    //# Specifically, cwnd SHOULD be reduced by the ratio of the old segment size to
    //# the new segment size.
    fn set_mss(&mut self, mss: u16) {
        if mss < self.mss {
            // A window that was smaller than a segment holds one of those that are smaller, too.
            let segments = (self.cwnd / u32::from(self.mss)).max(1);
            self.cwnd = segments * u32::from(mss);
        }
        self.mss = mss;
    }

    fn cwnd(&self) -> u32 {
        self.cwnd
    }

    fn ssthresh(&self) -> u32 {
        self.ssthresh
    }

    //= https://www.rfc-editor.org/rfc/rfc5681#section-3.1
    //# MAY increment cwnd by SMSS bytes
    //= https://www.rfc-editor.org/rfc/rfc5681#section-3.1
    //# SHOULD increment cwnd per equation (2) once per RTT
    //= https://www.rfc-editor.org/rfc/rfc5681#section-3.1
    //# MUST NOT increment cwnd by more than SMSS bytes
    //= https://www.rfc-editor.org/rfc/rfc5681#section-3.1
    //# The RECOMMENDED way to increase cwnd during congestion avoidance is to count
    //# the number of bytes that have been acknowledged by ACKs for new data.
    //= https://www.rfc-editor.org/rfc/rfc5681#section-3.1
    //# Note that during congestion avoidance, cwnd MUST NOT be increased by more
    //# than SMSS bytes per RTT.
    fn on_ack(&mut self, sample: &AckSample) {
        let mss = u32::from(self.mss);
        // A window of which half was not used says nothing about the path (RFC 7661): it does not
        // grow.
        if sample.in_flight <= self.cwnd / 2 {
            return;
        }
        if self.cwnd < self.ssthresh {
            //= https://www.rfc-editor.org/rfc/rfc5681#section-3.1
            //# cwnd += min (N, SMSS)                      (2)
            self.cwnd += sample
                .octets
                .min(mss * u32::from(sample.slow_start_segments));
        } else {
            self.credit += sample.octets.min(self.cwnd);
            if self.credit >= self.cwnd {
                self.credit -= self.cwnd;
                self.cwnd += mss;
            }
        }
        self.cwnd = self.cwnd.min(CWND_MAX);
    }

    //= https://www.rfc-editor.org/rfc/rfc5681#section-3.2
    //# Further, the TCP sender MUST NOT change cwnd to reflect these two segments
    //# [RFC3042].
    //= https://www.rfc-editor.org/rfc/rfc5681#section-4.3
    //# Second, until all lost segments in the window of data in question are
    //# repaired, the number of segments transmitted in each RTT MUST be no more
    //# than half the number of outstanding segments when the loss was detected.
    fn on_fast_retransmit(&mut self, _now: Instant, in_flight: u32) {
        self.halve(in_flight);
        self.cwnd = self.ssthresh;
    }

    fn on_mark(&mut self, _now: Instant, in_flight: u32) {
        self.halve(in_flight);
        self.cwnd = self.cwnd.min(self.ssthresh);
    }

    //= https://www.rfc-editor.org/rfc/rfc5681#section-3.2
    //= type=exception
    //= reason=recovery ends with the ACK of all that was outstanding, and without a burst (RFC
    //= 6582); a partial ACK sends the next hole
    //# When the next ACK arrives that acknowledges previously unacknowledged data,
    //# a TCP MUST set cwnd to ssthresh (the value set in step 2).
    //= https://www.rfc-editor.org/rfc/rfc5681#section-4.3
    //# Finally, after all loss in the given window of segments has been
    //# successfully retransmitted, cwnd MUST be set to no more than ssthresh and
    //# congestion avoidance MUST be used to further increase cwnd.
    fn on_recovered(&mut self, _now: Instant, in_flight: u32) {
        // The window is ssthresh, the second way of RFC 6582 section 3.2, as far as no burst comes
        // of it: no more than may be sent into an unknown path.
        let mss = u32::from(self.mss);
        self.cwnd = self.ssthresh.min(in_flight.max(mss) + BURST * mss);
    }

    //= https://www.rfc-editor.org/rfc/rfc5681#section-3.1
    //# When a TCP sender detects segment loss using the retransmission timer and
    //# the given segment has not yet been resent by way of the retransmission
    //# timer, the value of ssthresh MUST be set to no more than the value given in
    //# equation (4):
    //= https://www.rfc-editor.org/rfc/rfc5681#section-3.1
    //# Furthermore, upon a timeout (as specified in [RFC2988]) cwnd MUST be set to
    //# no more than the loss window, LW, which equals 1 full-sized segment
    //# (regardless of the value of IW).
    //= https://www.rfc-editor.org/rfc/rfc5681#section-4.3
    //# Loss in two successive windows of data, or the loss of a retransmission,
    //# should be taken as two indications of congestion and, therefore, cwnd (and
    //# ssthresh) MUST be lowered twice in this case.
    fn on_timeout(&mut self, _now: Instant, in_flight: u32, timeout: Timeout) {
        if timeout == Timeout::First {
            self.halve(in_flight);
        }
        self.cwnd = self.mss.into();
        self.credit = 0;
    }

    //= https://www.rfc-editor.org/rfc/rfc5681#section-4.1
    //# Therefore, a TCP SHOULD set cwnd to no more than RW before beginning
    //# transmission if the TCP has not sent data in an interval exceeding the
    //# retransmission timeout.
    fn on_restart(&mut self, initial: u32) {
        //= https://www.rfc-editor.org/rfc/rfc5681#section-4.1
        //# For the purposes of this standard, we define RW = min(IW,cwnd).
        self.cwnd = self.cwnd.min(initial);
    }

    //= https://www.rfc-editor.org/rfc/rfc5681#section-3.1
    //# Further, if the SYN or SYN/ACK is lost, the initial window used by a sender
    //# after a correctly transmitted SYN MUST be one segment consisting of at most
    //# SMSS bytes.
    fn on_handshake_loss(&mut self) {
        self.cwnd = self.mss.into();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ack(octets: u32, in_flight: u32) -> AckSample {
        AckSample {
            now: Instant::ZERO,
            octets,
            in_flight,
            slow_start_segments: 1,
            rtt: None,
        }
    }

    #[test]
    fn it_begins_and_restarts_with_the_window_that_it_is_given() {
        let mut reno = NewReno::new(1_000, 4_000);
        assert_eq!(reno.cwnd(), 4_000);
        reno.on_ack(&ack(1_000, 4_000));
        reno.on_restart(4_000);
        assert_eq!(reno.cwnd(), 4_000);
        reno.on_timeout(Instant::ZERO, 4_000, Timeout::First);
        reno.on_restart(4_000);
        assert_eq!(reno.cwnd(), 1_000);
    }

    #[test]
    fn k01_divided_acks_grow_the_window_by_no_more_than_they_acknowledge() {
        let mut reno = NewReno::new(1_000, 10_000);
        for _ in 0..1_000 {
            reno.on_ack(&ack(1, 10_000));
        }
        assert_eq!(reno.cwnd(), 11_000);
        reno.on_ack(&ack(50_000, 11_000));
        assert_eq!(reno.cwnd(), 12_000);
    }

    #[test]
    fn k06_a_mark_halves_the_window_down_to_a_segment_at_the_least() {
        let mut reno = NewReno::new(1_000, 10_000);
        reno.on_mark(Instant::ZERO, 10_000);
        assert_eq!((reno.cwnd(), reno.ssthresh()), (5_000, 5_000));
        for _ in 0..9 {
            reno.on_mark(Instant::ZERO, 1_000);
        }
        assert_eq!((reno.cwnd(), reno.ssthresh()), (2_000, 2_000));
        reno.on_timeout(Instant::ZERO, 2_000, Timeout::First);
        reno.on_mark(Instant::ZERO, 1_000);
        assert_eq!(reno.cwnd(), 1_000);
    }

    //= https://www.rfc-editor.org/rfc/rfc9293#section-3.8.2
    //= type=test
    //# A TCP endpoint MUST implement the basic congestion control algorithms slow
    //# start, congestion avoidance, and exponential backoff of RTO to avoid
    //# creating congestion collapse conditions (MUST-19).
    //= https://www.rfc-editor.org/rfc/rfc5681#section-3.1
    //= type=test
    //# The slow start and congestion avoidance algorithms MUST be used by a TCP
    //# sender to control the amount of outstanding data being injected into the
    //# network.
    //= https://www.rfc-editor.org/rfc/rfc5681#section-3.1
    //= type=test
    //# SHOULD increment cwnd per equation (2) once per RTT
    //= https://www.rfc-editor.org/rfc/rfc5681#section-3.1
    //= type=test
    //# MAY increment cwnd by SMSS bytes
    //= https://www.rfc-editor.org/rfc/rfc5681#section-3.1
    //= type=test
    //# MUST NOT increment cwnd by more than SMSS bytes
    //= https://www.rfc-editor.org/rfc/rfc5681#section-3.1
    //= type=test
    //# The RECOMMENDED way to increase cwnd during congestion avoidance is to count
    //# the number of bytes that have been acknowledged by ACKs for new data.
    //= https://www.rfc-editor.org/rfc/rfc5681#section-3.1
    //= type=test
    //# Note that during congestion avoidance, cwnd MUST NOT be increased by more
    //# than SMSS bytes per RTT.
    #[test]
    fn congestion_avoidance_adds_one_segment_a_window() {
        let mut reno = NewReno::new(1_000, 20_000);
        reno.on_fast_retransmit(Instant::ZERO, 20_000);
        assert_eq!((reno.cwnd(), reno.ssthresh()), (10_000, 10_000));
        reno.on_recovered(Instant::ZERO, 9_000);
        for _ in 0..9 {
            reno.on_ack(&ack(1_000, 10_000));
        }
        assert_eq!(reno.cwnd(), 10_000);
        reno.on_ack(&ack(1_000, 10_000));
        assert_eq!(reno.cwnd(), 11_000);
    }

    //= https://www.rfc-editor.org/rfc/rfc5681#section-3.1
    //= type=test
    //# When initial congestion windows of more than one segment are implemented
    //# along with Path MTU Discovery [RFC1191], and the MSS being used is found to
    //# be too large, the congestion window cwnd SHOULD be reduced to prevent large
    //# bursts of smaller segments.
    //= https://www.rfc-editor.org/rfc/rfc5681#section-3.1
    //= type=test
    //# Specifically, cwnd SHOULD be reduced by the ratio of the old segment size to
    //# the new segment size.
    #[test]
    fn smaller_segments_are_as_many_as_the_larger_ones_were() {
        let mut reno = NewReno::new(1_460, 14_600);
        reno.set_mss(512);
        assert_eq!(reno.cwnd(), 5_120);
        reno.set_mss(1_000);
        assert_eq!(reno.cwnd(), 5_120);
        reno.set_mss(9_000);
        reno.set_mss(512);
        assert_eq!(reno.cwnd(), 512);
    }

    //= https://www.rfc-editor.org/rfc/rfc5681#section-3.1
    //= type=test
    //# The initial value of ssthresh SHOULD be set arbitrarily high (e.g., to the
    //# size of the largest possible advertised window), but ssthresh MUST be
    //# reduced in response to congestion.
    #[test]
    fn no_threshold_is_in_the_way_before_the_first_loss() {
        let mut reno = NewReno::new(1_000, 10_000);
        assert_eq!(reno.ssthresh(), u32::MAX);
        reno.on_timeout(Instant::ZERO, 10_000, Timeout::First);
        assert_eq!(reno.ssthresh(), 5_000);
    }

    /// Twelve segments are outstanding, two of them by Limited Transmit.
    //= https://www.rfc-editor.org/rfc/rfc5681#section-3.2
    //= type=test
    //# When the third duplicate ACK is received, a TCP MUST set ssthresh to no more
    //# than the value given in equation (4).
    //= https://www.rfc-editor.org/rfc/rfc5681#section-3.2
    //= type=test
    //# When [RFC3042] is in use, additional data sent in limited transmit MUST NOT
    //# be included in this calculation.
    //= https://www.rfc-editor.org/rfc/rfc5681#section-4.3
    //= type=test
    //# Loss in two successive windows of data, or the loss of a retransmission,
    //# should be taken as two indications of congestion and, therefore, cwnd (and
    //# ssthresh) MUST be lowered twice in this case.
    #[test]
    fn what_limited_transmit_sent_does_not_count() {
        let mut reno = NewReno::new(1_000, 10_000);
        reno.on_fast_retransmit(Instant::ZERO, 12_000);
        assert_eq!((reno.cwnd(), reno.ssthresh()), (5_000, 5_000));
        // The retransmission is lost, too.
        reno.on_timeout(Instant::ZERO, 12_000, Timeout::First);
        assert_eq!((reno.cwnd(), reno.ssthresh()), (1_000, 2_500));
    }

    //= https://www.rfc-editor.org/rfc/rfc5681#section-3.1
    //= type=test
    //# When a TCP sender detects segment loss using the retransmission timer and
    //# the given segment has not yet been resent by way of the retransmission
    //# timer, the value of ssthresh MUST be set to no more than the value given in
    //# equation (4):
    //= https://www.rfc-editor.org/rfc/rfc5681#section-3.1
    //= type=test
    //# Furthermore, upon a timeout (as specified in [RFC2988]) cwnd MUST be set to
    //# no more than the loss window, LW, which equals 1 full-sized segment
    //# (regardless of the value of IW).
    #[test]
    fn repeated_timeouts_keep_the_threshold() {
        let mut reno = NewReno::new(1_000, 10_000);
        reno.on_timeout(Instant::ZERO, 10_000, Timeout::First);
        reno.on_timeout(Instant::ZERO, 0, Timeout::Repeated);
        assert_eq!((reno.cwnd(), reno.ssthresh()), (1_000, 5_000));
    }

    #[test]
    fn a_window_that_is_not_used_does_not_grow() {
        let mut reno = NewReno::new(1_000, 10_000);
        reno.on_ack(&ack(100, 100));
        assert_eq!(reno.cwnd(), 10_000);
    }
}
