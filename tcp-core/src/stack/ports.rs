//! Ephemeral ports (RFC 6056): where the search for a free one starts.
//!
//! The start is a keyed hash of the remote end plus one of a few counters, which the same hash
//! chooses (algorithm 4, double-hash). Counters step by an amount of the hash that a connection
//! makes of its ends rather than by one, so that a peer that sees some ports of ours learns little
//! about those that others see. The search tries each port of the range once and then fails.

use core::num::NonZeroU32;

use super::address::{Key, Purpose, lower, upper};
use super::siphash::Key as SipKey;

const COUNTERS: usize = 8;

/// The range of ephemeral ports, and the counters.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Ports {
    first: u16,
    count: NonZeroU32,
    counters: [u16; COUNTERS],
    /// The counter that was used last.
    latest: usize,
}

impl Ports {
    /// Ports `first` to `last`; a range that is upside down is turned, port 0 is never used.
    pub(super) fn new((one, other): (u16, u16)) -> Self {
        let first = one.min(other).max(1);
        let last = one.max(other).max(1);
        Self {
            first,
            count: NonZeroU32::MIN.saturating_add(u32::from(last.saturating_sub(first))),
            counters: [0; COUNTERS],
            latest: 0,
        }
    }

    /// The ports to try for a connection whose `key` lacks the local port, in order.
    pub(super) fn candidates(
        &mut self,
        key: &Key,
        secret: SipKey,
    ) -> impl Iterator<Item = u16> + use<> {
        let hash = key.hash(secret, Purpose::Port);
        self.latest = upper(hash) as usize % COUNTERS;
        let counter = self.counters.get(self.latest).copied().unwrap_or(0);
        let offset = lower(hash).wrapping_add(u32::from(counter));
        let (first, count) = (u32::from(self.first), self.count);
        let start = offset % count;
        (0..count.get()).map(move |tried| {
            let place = start + tried;
            let place = if place >= count.get() {
                place - count.get()
            } else {
                place
            };
            u16::try_from(first + place).unwrap_or(u16::MAX)
        })
    }

    /// A connection takes a port of those that were named last; `random` is a hash of its ends.
    pub(super) fn step(&mut self, random: u32) {
        if let Some(counter) = self.counters.get_mut(self.latest) {
            *counter = counter.wrapping_add(1 + (random & 0x3f) as u16);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::super::isn::Start;
    use super::*;
    use crate::wire::Address;

    fn to(last: u8) -> Key {
        Key {
            local: Address::new([10, 0, 0, 1].into()).unwrap(),
            remote: Address::new([10, 0, 0, last].into()).unwrap(),
            local_port: 0,
            remote_port: 443,
        }
    }

    /// The port of a connection to there.
    fn taken(ports: &mut Ports, last: u8, secret: SipKey) -> u16 {
        let mut key = to(last);
        key.local_port = ports.candidates(&key, secret).next().unwrap();
        ports.step(Start::of(&key, secret).timestamp_offset);
        key.local_port
    }

    #[test]
    fn x04_ports_are_spread_over_the_whole_range_and_not_predictable_from_others() {
        let mut ports = Ports::new((49_152, 65_535));
        let secret = SipKey::new([4; 16]);
        let mut seen = Vec::new();
        for round in 0..4 {
            for last in 1..251 {
                seen.push(taken(&mut ports, last, secret));
            }
            assert!(seen.len() == (round + 1) * 250);
        }
        for eighth in 0..8u16 {
            let from = 49_152 + eighth * 2_048;
            let hits = seen
                .iter()
                .filter(|port| (from..=from + 2_047).contains(port))
                .count();
            assert!(
                (70..190).contains(&hits),
                "{hits} of 1000 in eighth {eighth}"
            );
        }
        let steps: HashSet<u16> = seen.windows(2).map(|w| w[1].wrapping_sub(w[0])).collect();
        assert!(steps.len() > 900, "only {} different steps", steps.len());
        let same: Vec<u16> = (0..100).map(|_| taken(&mut ports, 9, secret)).collect();
        let steps: HashSet<u16> = same.windows(2).map(|w| w[1].wrapping_sub(w[0])).collect();
        assert!(steps.len() > 20, "the counter's step is too regular");
    }

    #[test]
    fn r09_the_search_tries_every_port_once_and_ends() {
        for range in [(1_024, 1_024), (50_000, 50_099), (65_535, 65_000), (0, 0)] {
            let mut ports = Ports::new(range);
            let tried: Vec<u16> = ports.candidates(&to(1), SipKey::new([0; 16])).collect();
            let distinct: HashSet<u16> = tried.iter().copied().collect();
            let (low, high) = (range.0.min(range.1).max(1), range.0.max(range.1).max(1));
            assert_eq!(tried.len(), usize::from(high - low) + 1);
            assert_eq!(distinct.len(), tried.len());
            assert!(tried.iter().all(|port| (low..=high).contains(port)));
        }
    }
}
