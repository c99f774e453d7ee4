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
    pub(in crate::connection) fn timeout(&self, config: &Basic) -> Span {
        // At most 2^30 times 2^30 microseconds.
        let micros = u64::from(self.base(config)) << self.backoff.min(30);
        let timeout = u32::try_from(micros.div_ceil(1_024)).unwrap_or(u32::MAX);
        Span(timeout).min(Span::from_secs(config.rto_max_s.into()))
    }

    /// The timeout without back-off.
    fn base(&self, config: &Basic) -> u32 {
        if self.srtt == 0 && self.rttvar == 0 {
            return u32::from(config.rto_initial_ms) * 1_000;
        }
        let min = u32::from(config.rto_min_ms) * 1_000;
        self.srtt
            .saturating_add(self.rttvar.saturating_mul(4))
            .max(min)
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
