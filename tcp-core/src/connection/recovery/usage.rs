//! How much of the congestion window is used (RFC 7661 in spirit, without its bookkeeping).

use crate::seq::SeqNum;

/// The most octets that were in flight within a round trip.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(in crate::connection) struct Usage {
    peak: u32,
    /// SND.NXT when that was: once it is acknowledged, the round trip is over.
    until: SeqNum,
}

impl Usage {
    pub(in crate::connection) const fn new(iss: SeqNum) -> Self {
        Self {
            peak: 0,
            until: iss,
        }
    }

    /// Something left, and now `in_flight` octets are, up to `nxt`.
    pub(in crate::connection) fn sent(&mut self, in_flight: u32, nxt: SeqNum) {
        if in_flight >= self.peak {
            self.peak = in_flight;
            self.until = nxt;
        }
    }

    /// The peak, when `ack` arrives while `in_flight` octets are on their way, up to `nxt`.
    pub(in crate::connection) fn at_ack(
        &mut self,
        ack: SeqNum,
        in_flight: u32,
        nxt: SeqNum,
    ) -> u32 {
        let peak = self.peak.max(in_flight);
        if ack.at_or_after(self.until) {
            self.peak = nxt.since(ack).get();
            self.until = nxt;
        }
        peak
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_counts_for_the_round_trip_that_it_takes() {
        let seq = SeqNum::new;
        let mut usage = Usage::new(seq(0));
        usage.sent(500, seq(500));
        usage.sent(1_000, seq(1_000));
        assert_eq!(usage.at_ack(seq(500), 1_000, seq(1_000)), 1_000);
        assert_eq!(usage.at_ack(seq(1_000), 500, seq(1_000)), 1_000);
        usage.sent(100, seq(1_100));
        assert_eq!(usage.at_ack(seq(1_100), 100, seq(1_100)), 100);
    }
}
