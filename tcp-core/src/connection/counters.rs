//! What a connection counts for [`Info`](super::Info), if its build pays for it.

use core::fmt::Debug;
use core::hash::Hash;

use crate::time::Duration;

/// Counts what a connection does. A build that names [`NoCounters`] pays nothing for it.
pub trait Counting: Clone + Debug + Default + PartialEq + Eq + Hash + 'static {
    /// Segments arrived.
    fn segments_in(&mut self, count: u16);
    /// A segment left.
    fn segment_out(&mut self);
    /// The peer acknowledged octets.
    fn acked(&mut self, octets: u32);
    /// Octets arrived in order.
    fn received(&mut self, octets: u32);
    /// A retransmission timeout.
    fn timeout(&mut self);
    /// A round-trip time was measured, in microseconds.
    fn round_trip(&mut self, micros: u32);
    /// What was counted.
    fn counted(&self) -> Counted;
}

/// What was counted; zeros when nothing was.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Counted {
    /// Segments that arrived.
    pub segments_in: u32,
    /// Segments that left.
    pub segments_out: u32,
    /// Octets that the peer acknowledged.
    pub octets_acked: u64,
    /// Octets that arrived in order.
    pub octets_received: u64,
    /// Retransmission timeouts.
    pub timeouts: u32,
    /// The least round-trip time.
    pub min_rtt: Option<Duration>,
}

/// Counts nothing, in no memory.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct NoCounters;

impl Counting for NoCounters {
    fn segments_in(&mut self, _: u16) {}
    fn segment_out(&mut self) {}
    fn acked(&mut self, _: u32) {}
    fn received(&mut self, _: u32) {}
    fn timeout(&mut self) {}
    fn round_trip(&mut self, _: u32) {}

    fn counted(&self) -> Counted {
        Counted::default()
    }
}

/// Counts everything.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Counters {
    segments_in: u32,
    segments_out: u32,
    octets_acked: Total,
    octets_received: Total,
    timeouts: u32,
    /// Zero before the first sample.
    min_rtt_us: u32,
}

impl Counting for Counters {
    fn segments_in(&mut self, count: u16) {
        self.segments_in = self.segments_in.wrapping_add(count.into());
    }

    fn segment_out(&mut self) {
        self.segments_out = self.segments_out.wrapping_add(1);
    }

    fn acked(&mut self, octets: u32) {
        self.octets_acked.add(octets);
    }

    fn received(&mut self, octets: u32) {
        self.octets_received.add(octets);
    }

    fn timeout(&mut self) {
        self.timeouts = self.timeouts.wrapping_add(1);
    }

    fn round_trip(&mut self, micros: u32) {
        let micros = micros.max(1);
        if self.min_rtt_us == 0 || micros < self.min_rtt_us {
            self.min_rtt_us = micros;
        }
    }

    fn counted(&self) -> Counted {
        Counted {
            segments_in: self.segments_in,
            segments_out: self.segments_out,
            octets_acked: self.octets_acked.get(),
            octets_received: self.octets_received.get(),
            timeouts: self.timeouts,
            min_rtt: (self.min_rtt_us != 0).then(|| Duration::from_micros(self.min_rtt_us.into())),
        }
    }
}

/// A count of 64 bits. In two halves, so that a connection is aligned like a `u32`.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
struct Total([u32; 2]);

impl Total {
    const fn add(&mut self, octets: u32) {
        let [low, high] = self.0;
        let (low, carry) = low.overflowing_add(octets);
        self.0 = [low, high.wrapping_add(carry as u32)];
    }

    const fn get(&self) -> u64 {
        let [low, high] = self.0;
        (high as u64) << 32 | low as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn octets_are_counted_beyond_4_gib() {
        let mut counters = Counters::default();
        for _ in 0..5 {
            counters.received(1 << 30);
            counters.acked(u32::MAX);
        }
        assert_eq!(counters.counted().octets_received, 5 << 30);
        assert_eq!(counters.counted().octets_acked, 5 * u64::from(u32::MAX));
    }
}
