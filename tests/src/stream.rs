//! The octets that test applications send: a stream in which each octet follows from its place, so
//! that a reader can check what it reads without being told what was written.

use crate::rng::mix;

/// An endless stream of octets.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Stream {
    seed: u64,
}

impl Stream {
    /// The stream of `seed`.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self { seed: mix(seed) }
    }

    /// Writes what stands at `offset` and behind it into `out`.
    pub fn fill(self, offset: u64, out: &mut [u8]) {
        let mut at = offset;
        let mut rest = out;
        while !rest.is_empty() {
            let word = self.word(at / 8).to_le_bytes();
            let from = usize::try_from(at % 8).expect("below eight");
            let count = (8 - from).min(rest.len());
            let (head, tail) = rest.split_at_mut(count);
            head.copy_from_slice(&word[from..from + count]);
            at += count as u64;
            rest = tail;
        }
    }

    /// The place of the first octet that is not what stands at `offset` and behind it.
    #[must_use]
    pub fn first_difference(self, offset: u64, octets: &[u8]) -> Option<u64> {
        let mut expected = vec![0; octets.len()];
        self.fill(offset, &mut expected);
        let pairs = octets.iter().zip(&expected);
        let place = pairs.enumerate().find(|(_, (a, b))| a != b)?.0;
        Some(offset + place as u64)
    }

    const fn word(self, index: u64) -> u64 {
        mix(self.seed ^ index.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_octet_depends_only_on_its_place() {
        let stream = Stream::new(3);
        let mut whole = [0; 100];
        stream.fill(0, &mut whole);
        for from in [0, 1, 7, 8, 9, 63] {
            let mut part = [0; 20];
            stream.fill(from as u64, &mut part);
            assert_eq!(part, whole[from..from + 20]);
        }
    }

    #[test]
    fn a_wrong_octet_is_found() {
        let stream = Stream::new(4);
        let mut octets = [0; 30];
        stream.fill(1_000, &mut octets);
        assert_eq!(stream.first_difference(1_000, &octets), None);
        octets[17] ^= 1;
        assert_eq!(stream.first_difference(1_000, &octets), Some(1_017));
        assert!(Stream::new(5).first_difference(1_000, &octets).is_some());
    }
}
