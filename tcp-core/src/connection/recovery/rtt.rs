//! Round-trip time and retransmission timeout (RFC 6298).

use crate::connection::config::Basic;
use crate::time::{Duration, Span};

/// The estimator of RFC 6298 section 2, in microseconds.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(in crate::connection) struct Rtt {
    /// SRTT; zero before the first sample.
    srtt: u32,
    rttvar: u32,
    /// How often the timeout has doubled since it was last trusted.
    pub(in crate::connection) backoff: u8,
}

/// No sample counts for more than this: a clock that jumped, or an echo that lies.
const SAMPLE_MAX_US: u32 = 120_000_000;

/// G: the units in which timers count.
const GRANULARITY_US: u32 = 1_024;

impl Rtt {
    pub(in crate::connection) const fn new() -> Self {
        Self {
            srtt: 0,
            rttvar: 0,
            backoff: 0,
        }
    }

    /// Takes one measurement and ends the back-off.
    //= https://www.rfc-editor.org/rfc/rfc6298#section-2
    //# RTTVAR <- (1 - beta) * RTTVAR + beta * |SRTT - R'|
    //# SRTT <- (1 - alpha) * SRTT + alpha * R'
    //= https://www.rfc-editor.org/rfc/rfc9293#section-3.8.1
    //# The RTO MUST be computed according to the algorithm in [10], including
    //# Karn's algorithm for taking RTT samples (MUST-18).
    //= https://www.rfc-editor.org/rfc/rfc6298#section-2
    //# When the first RTT measurement R is made, the host MUST set
    //= https://www.rfc-editor.org/rfc/rfc6298#section-2
    //# When a subsequent RTT measurement R' is made, a host MUST set
    //= https://www.rfc-editor.org/rfc/rfc6298#section-2
    //# That is, updating RTTVAR and SRTT MUST be computed in the above order.
    //= https://www.rfc-editor.org/rfc/rfc6298#section-2
    //# The above SHOULD be computed using alpha=1/8 and beta=1/4 (as suggested in
    //# [JK88]).
    pub(in crate::connection) fn sample(&mut self, micros: u32) {
        let sample = micros.clamp(1, SAMPLE_MAX_US);
        if self.srtt == 0 {
            self.srtt = sample;
            self.rttvar = sample / 2;
        } else {
            let error = self.srtt.abs_diff(sample);
            self.rttvar = self.rttvar - self.rttvar / 4 + error / 4;
            self.srtt = (self.srtt - self.srtt / 8 + sample / 8).max(1);
        }
        self.backoff = 0;
    }

    pub(in crate::connection) const fn srtt(&self) -> Option<Duration> {
        if self.srtt == 0 {
            None
        } else {
            Some(Duration::from_micros(self.srtt as u64))
        }
    }

    pub(in crate::connection) const fn rttvar(&self) -> Duration {
        Duration::from_micros(self.rttvar as u64)
    }

    /// The timeout as the timers take it.
    //= https://www.rfc-editor.org/rfc/rfc6298#section-2
    //# A maximum value MAY be placed on RTO provided it is at least 60 seconds.
    pub(in crate::connection) fn timeout(&self, config: &Basic) -> Span {
        let base = self.base(config);
        let backoff = u32::from(self.backoff);
        // What does not fit is longer than any limit: 2^32 microseconds are more than an hour.
        let micros = if backoff <= base.leading_zeros() {
            base << backoff
        } else {
            u32::MAX
        };
        let timeout = (micros >> 10) + u32::from(micros & 0x3ff != 0);
        Span(timeout).min(Span::from_secs(config.rto_max_s.into()))
    }

    /// The timeout without back-off.
    //= https://www.rfc-editor.org/rfc/rfc6298#section-2
    //# Until a round-trip time (RTT) measurement has been made for a segment sent
    //# between the sender and receiver, the sender SHOULD set RTO <- 1 second,
    //# though the "backing off" on repeated retransmission discussed in (5.5) still
    //# applies.
    //= https://www.rfc-editor.org/rfc/rfc6298#section-2
    //# After the computation, a host MUST update RTO <- SRTT + max (G, K*RTTVAR)
    //= https://www.rfc-editor.org/rfc/rfc6298#section-4
    //# However, if the K*RTTVAR term in the RTO calculation equals zero, the
    //# variance term MUST be rounded to G seconds (i.e., use the equation given in
    //# step 2.3).
    //= https://www.rfc-editor.org/rfc/rfc6298#section-2
    //= type=exception
    //= reason=the least timeout is the round trip and 200 ms, as on Linux: round trips are measured
    //= to the microsecond and delayed ACKs wait for less; it can be configured
    //# Whenever RTO is computed, if it is less than 1 second, then the RTO SHOULD
    //# be rounded up to 1 second.
    fn base(&self, config: &Basic) -> u32 {
        if self.srtt == 0 && self.rttvar == 0 {
            return u32::from(config.rto_initial_ms) * 1_000;
        }
        // The floor is one of the variation, not of the sum, as on Linux: with a long path whose
        // times hardly vary, a delayed acknowledgment would otherwise look like a loss.
        let min = u32::from(config.rto_min_ms) * 1_000;
        let variation = self.rttvar.saturating_mul(4).max(GRANULARITY_US);
        self.srtt.saturating_add(variation.max(min))
    }

    /// The timeout in force, doubled once for each back-off and limited.
    //= https://www.rfc-editor.org/rfc/rfc6298#section-5
    //# The host MUST set RTO <- RTO * 2 ("back off the timer").
    pub(in crate::connection) fn rto(&self, config: &Basic) -> Duration {
        let max = Duration::from_secs(u64::from(config.rto_max_s));
        Duration::from_micros(u64::from(self.base(config)))
            .doubled(self.backoff.into())
            .min(max)
    }

    /// Starts over after a handshake in which the SYN was sent again.
    //= https://www.rfc-editor.org/rfc/rfc6298#section-5
    //# If the timer expires awaiting the ACK of a SYN segment and the
    //# TCP implementation is using an RTO less than 3 seconds, the RTO
    //# MUST be re-initialized to 3 seconds when data transmission
    //# begins (i.e., after the three-way handshake completes).
    pub(in crate::connection) fn distrust(&mut self) {
        if self.srtt == 0 {
            // Without a sample, four times the variation is the timeout.
            self.rttvar = 750_000;
        }
        self.backoff = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connection::config::Config;

    fn after(samples: &[u32]) -> Rtt {
        let mut rtt = Rtt::new();
        samples.iter().for_each(|micros| rtt.sample(*micros));
        rtt
    }

    //= https://www.rfc-editor.org/rfc/rfc6298#section-2
    //= type=test
    //# When the first RTT measurement R is made, the host MUST set
    #[test]
    fn the_first_measurement_is_the_mean_and_half_of_it_the_variation() {
        let rtt = after(&[300_000]);
        assert_eq!((rtt.srtt, rtt.rttvar), (300_000, 150_000));
        assert_eq!(rtt.rto(&Config::new().basic), Duration::from_millis(900));
    }

    /// The other order would compare with the mean that has the measurement in it already.
    //= https://www.rfc-editor.org/rfc/rfc6298#section-2
    //= type=test
    //# When a subsequent RTT measurement R' is made, a host MUST set
    //= https://www.rfc-editor.org/rfc/rfc6298#section-2
    //= type=test
    //# That is, updating RTTVAR and SRTT MUST be computed in the above order.
    //= https://www.rfc-editor.org/rfc/rfc6298#section-2
    //= type=test
    //# The above SHOULD be computed using alpha=1/8 and beta=1/4 (as suggested in
    //# [JK88]).
    //= https://www.rfc-editor.org/rfc/rfc6298#section-2
    //= type=test
    //# After the computation, a host MUST update RTO <- SRTT + max (G, K*RTTVAR)
    #[test]
    fn the_variation_follows_before_the_mean_does() {
        let rtt = after(&[800_000, 400_000]);
        // 3/4 of 400, and 1/4 of 800 - 400; then 7/8 of 800, and 1/8 of 400.
        assert_eq!((rtt.rttvar, rtt.srtt), (400_000, 750_000));
        assert_eq!(rtt.rto(&Config::new().basic), Duration::from_millis(2_350));
    }

    //= https://www.rfc-editor.org/rfc/rfc6298#section-2
    //= type=test
    //# After the computation, a host MUST update RTO <- SRTT + max (G, K*RTTVAR)
    //= https://www.rfc-editor.org/rfc/rfc6298#section-4
    //= type=test
    //# However, if the K*RTTVAR term in the RTO calculation equals zero, the
    //# variance term MUST be rounded to G seconds (i.e., use the equation given in
    //# step 2.3).
    #[test]
    fn a_round_trip_that_never_varies_is_waited_for_a_unit_longer() {
        let rtt = after(&[600_000; 200]);
        assert!(rtt.rttvar < 256, "{}", rtt.rttvar);
        let fine = Config::new().rto_min_ms(1);
        assert_eq!(rtt.rto(&fine.basic), Duration::from_micros(601_024));
    }

    #[test]
    fn the_least_timeout_is_waited_for_beyond_the_round_trip() {
        let rtt = after(&[600_000; 200]);
        assert_eq!(rtt.rto(&Config::new().basic), Duration::from_millis(800));
    }
}
