//! The Internet checksum (RFC 9293 section 3.1, RFC 791 section 3.1), alone or while copying.
//!
//! The ones' complement sum does not care for the width or the order of octets in which it is
//! taken, as long as every octet keeps its place in the pair: so the sum runs over 128-bit words
//! in the machine's own order and is folded once at the end. A piece that begins at an odd offset
//! is summed as if it were even, and its sum is rotated by one octet.
//!
//! Invariants: the running sum is folded after every piece, so no length overflows it.

/// A running ones' complement sum over pieces of any length.
///
/// ```
/// use tcp_core::wire::Checksum;
/// let mut sum = Checksum::new();
/// sum.add(&[0x00, 0x01, 0xf2]);
/// sum.add(&[0x03, 0xf4, 0xf5, 0xf6, 0xf7]);
/// assert_eq!(sum.complement(), [0x22, 0x0d]);
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Checksum {
    /// In the machine's order, at most 16 bits.
    sum: u32,
    /// Whether the octets so far ended in the middle of a pair.
    odd: bool,
}

impl Checksum {
    /// The sum of nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self { sum: 0, odd: false }
    }

    /// Adds octets.
    pub fn add(&mut self, octets: &[u8]) {
        let mut wide = Wide::default();
        let (blocks, rest) = octets.as_chunks::<16>();
        for block in blocks {
            wide.add(u128::from_ne_bytes(*block));
        }
        let (words, rest) = rest.as_chunks::<4>();
        let mut tail = 0u64;
        for word in words {
            tail = tail.wrapping_add(u64::from(u32::from_ne_bytes(*word)));
        }
        let mut last = [0u8; 4];
        for (slot, octet) in last.iter_mut().zip(rest) {
            *slot = *octet;
        }
        tail = tail.wrapping_add(u64::from(u32::from_ne_bytes(last)));
        self.join(wide.total().wrapping_add(tail), octets.len());
    }

    /// Copies `from` to the start of `to` and adds it, in one pass. Of slices that differ in
    /// length the shorter one counts.
    pub fn copy(&mut self, to: &mut [u8], from: &[u8]) {
        let len = from.len().min(to.len());
        let (Some(to), Some(from)) = (to.get_mut(..len), from.get(..len)) else {
            return;
        };
        let mut wide = Wide::default();
        let (blocks, rest) = from.as_chunks::<32>();
        let (targets, target) = to.as_chunks_mut::<32>();
        for (target, block) in targets.iter_mut().zip(blocks) {
            wide.copy(target, block);
        }
        let (words, rest) = rest.as_chunks::<4>();
        let (targets, target) = target.as_chunks_mut::<4>();
        let mut tail = 0u64;
        for (target, word) in targets.iter_mut().zip(words) {
            *target = *word;
            tail = tail.wrapping_add(u64::from(u32::from_ne_bytes(*word)));
        }
        let mut last = [0u8; 4];
        for ((slot, target), octet) in last.iter_mut().zip(target).zip(rest) {
            *slot = *octet;
            *target = *octet;
        }
        tail = tail.wrapping_add(u64::from(u32::from_ne_bytes(last)));
        self.join(wide.total().wrapping_add(tail), len);
    }

    /// Adds a 16-bit field, given as a number.
    pub const fn add_u16(&mut self, value: u16) {
        self.join(value.to_be() as u64, 2);
    }

    /// Adds four octets.
    pub const fn add_word(&mut self, octets: [u8; 4]) {
        self.join(u32::from_ne_bytes(octets) as u64, 4);
    }

    /// The sum as it stands in a checksum field: complemented, in network order.
    #[must_use]
    pub const fn complement(self) -> [u8; 2] {
        (!self.narrow()).to_ne_bytes()
    }

    /// The sum itself in network order: what a device that sums the rest wants to find in the
    /// checksum field.
    #[must_use]
    pub const fn partial(self) -> [u8; 2] {
        self.narrow().to_ne_bytes()
    }

    /// Whether octets that hold their own checksum sum up to minus zero.
    #[must_use]
    pub const fn is_right(self) -> bool {
        self.narrow() == u16::MAX
    }

    #[expect(
        clippy::cast_possible_truncation,
        reason = "the sum is folded to 16 bits"
    )]
    const fn narrow(self) -> u16 {
        self.sum as u16
    }

    /// Takes in the sum of a piece of `len` octets.
    #[expect(clippy::cast_possible_truncation, reason = "folded to 16 bits")]
    const fn join(&mut self, piece: u64, len: usize) {
        let mut piece = fold(piece) as u16;
        if self.odd {
            piece = piece.swap_bytes();
        }
        let sum = self.sum.wrapping_add(piece as u32);
        self.sum = (sum & 0xffff).wrapping_add(sum >> 16);
        self.odd ^= len & 1 == 1;
    }
}

/// The fast part: 128-bit ones' complement addition. A wide add is a chain of add-with-carry on
/// every machine, which costs a 32-bit core one instruction a word.
#[derive(Default)]
struct Wide {
    sum: u128,
    carries: u32,
}

impl Wide {
    #[inline(always)]
    fn add(&mut self, word: u128) {
        let (sum, carry) = self.sum.overflowing_add(word);
        self.sum = sum;
        self.carries = self.carries.wrapping_add(u32::from(carry));
    }

    /// Two words a step: a loop over one would be split into a call of memcpy and a second pass.
    #[inline(always)]
    fn copy(&mut self, to: &mut [u8; 32], from: &[u8; 32]) {
        let ([first, second], _) = from.as_chunks::<16>() else {
            return;
        };
        let ([to_first, to_second], _) = to.as_chunks_mut::<16>() else {
            return;
        };
        let (first, second) = (u128::from_ne_bytes(*first), u128::from_ne_bytes(*second));
        *to_first = first.to_ne_bytes();
        *to_second = second.to_ne_bytes();
        self.add(first);
        self.add(second);
    }

    /// The sum with all carries, below 2^35.
    #[expect(clippy::cast_possible_truncation, reason = "taken apart into words")]
    fn total(self) -> u64 {
        let words = [
            self.sum as u32,
            (self.sum >> 32) as u32,
            (self.sum >> 64) as u32,
            (self.sum >> 96) as u32,
            self.carries,
        ];
        words
            .iter()
            .fold(0, |sum, word| u64::wrapping_add(sum, u64::from(*word)))
    }
}

/// Folds to 16 bits.
const fn fold(sum: u64) -> u32 {
    // A sum below 2^48 becomes at most 2^33, 2^17 + .., 2^16 + 1, and then 16 bits.
    let sum = (sum & 0xffff_ffff).wrapping_add(sum >> 32);
    let sum = (sum & 0xffff).wrapping_add(sum >> 16) as u32;
    let sum = (sum & 0xffff).wrapping_add(sum >> 16);
    (sum & 0xffff).wrapping_add(sum >> 16)
}

#[cfg(test)]
mod tests;
