//! Numbers that nobody on the network can guess: transaction numbers, ports, and how long to wait.

#[cfg(any(feature = "probe", feature = "ipv6"))]
use tcp_core::Duration;
use tcp_core::{Instant, keyed_hash};

/// What the hash is for: no other user of the secret shares its outputs.
const PURPOSE: u32 = 1;

/// A sequence of numbers from the secret of this boot.
#[derive(Clone, Debug)]
pub(crate) struct Random {
    secret: [u8; 16],
    drawn: u64,
    stirred: u64,
}

impl Random {
    pub(crate) const fn new(secret: [u8; 16]) -> Self {
        Self {
            secret,
            drawn: 0,
            stirred: 0,
        }
    }

    /// Makes what follows depend on when something happened.
    pub(crate) fn stir(&mut self, now: Instant) {
        self.stirred = self.stirred.rotate_left(7) ^ now.as_micros();
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.drawn = self.drawn.wrapping_add(1);
        keyed_hash(self.secret, PURPOSE, [self.drawn, self.stirred])
    }

    /// A span below `limit`.
    #[cfg(any(feature = "probe", feature = "ipv6"))]
    #[inline(never)]
    pub(crate) fn below(&mut self, limit: Duration) -> Duration {
        // The upper half of a product of 32 bits each: no bias that matters, no division.
        let micros = limit.as_micros().min(u64::from(u32::MAX));
        Duration::from_micros(((self.next() >> 32) * micros) >> 32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(any(feature = "probe", feature = "ipv6"))]
    #[test]
    fn x04_spans_are_spread_over_their_whole_range() {
        let mut random = Random::new([7; 16]);
        let mut buckets = [0u32; 10];
        for _ in 0..10_000 {
            let span = random.below(Duration::from_millis(10)).as_millis();
            buckets[usize::try_from(span).unwrap()] += 1;
        }
        assert!(
            buckets.iter().all(|count| (850..1_150).contains(count)),
            "{buckets:?}"
        );
    }

    #[test]
    fn x05_another_secret_gives_other_numbers_and_the_same_one_the_same() {
        let draw = |secret| {
            let mut random = Random::new([secret; 16]);
            [random.next(), random.next()]
        };
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
        let [first, second] = draw(1);
        assert_ne!(first, second);
    }
}
