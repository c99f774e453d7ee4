//! The Internet checksum (RFC 9293 section 3.1, RFC 791 section 3.1), alone or while copying.
//!
//! The ones' complement sum does not care for the width or the order of octets in which it is
//! taken, as long as every octet keeps its place in the pair: so the sum runs over wide words in
//! the machine's own order and is folded to 16 bits once, at the end. A piece that begins at an
//! odd offset is summed as if it were even, and its sum is rotated by one octet.
//!
//! Invariants: every carry goes round to the other end, so no length overflows the sum.

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
    /// In the machine's order.
    sum: u64,
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
        let mut tail = sum_words(words);
        let mut last = [0u8; 4];
        for (slot, octet) in last.iter_mut().zip(rest) {
            *slot = *octet;
        }
        tail = tail.wrapping_add(u64::from(u32::from_ne_bytes(last)));
        self.join(add_round(wide.total(), tail), octets.len());
    }

    /// Adds a header, which consists of words.
    #[inline]
    pub(super) fn add_words(&mut self, words: &[[u8; 4]]) {
        self.join(sum_words(words), 0);
    }

    /// Copies `from` to the start of `to` and adds it, in one pass. Of slices that differ in
    /// length the shorter one counts.
    pub fn copy(&mut self, to: &mut [u8], from: &[u8]) {
        let len = from.len().min(to.len());
        let (Some(to), Some(from)) = (to.get_mut(..len), from.get(..len)) else {
            return;
        };
        let (blocks, rest) = from.as_chunks::<32>();
        let (targets, target) = to.as_chunks_mut::<32>();
        if !blocks.is_empty() {
            let mut wide = Wide::default();
            for (target, block) in targets.iter_mut().zip(blocks) {
                wide.copy(target, block);
            }
            self.join(wide.total(), 0);
        }
        if !rest.is_empty() {
            for (target, octet) in target.iter_mut().zip(rest) {
                *target = *octet;
            }
            self.add(rest);
        }
    }

    /// Adds a 16-bit field, given as a number.
    #[inline]
    pub const fn add_u16(&mut self, value: u16) {
        self.join(value.to_be() as u64, 2);
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

    /// The sum folded to 16 bits.
    const fn narrow(self) -> u16 {
        let sum = (self.sum & 0xffff_ffff).wrapping_add(self.sum >> 32);
        // At most 2^33, then 2^17 + 2, then 2^16 + 2, then 16 bits.
        let sum = (sum & 0xffff).wrapping_add(sum >> 16) as u32;
        let sum = (sum & 0xffff).wrapping_add(sum >> 16);
        (sum & 0xffff).wrapping_add(sum >> 16) as u16
    }

    /// Takes in the sum of a piece of `len` octets.
    #[inline]
    const fn join(&mut self, piece: u64, len: usize) {
        // One octet is a factor of 2^8 in a sum modulo 2^64 - 1, which 2^16 - 1 divides.
        let piece = if self.odd {
            piece.rotate_left(8)
        } else {
            piece
        };
        self.sum = add_round(self.sum, piece);
        self.odd ^= len & 1 == 1;
    }
}

/// Adds with the carry going round.
#[inline]
const fn add_round(a: u64, b: u64) -> u64 {
    let (sum, carry) = a.overflowing_add(b);
    sum.wrapping_add(carry as u64)
}

/// Sums fewer than 2^32 words.
#[inline]
fn sum_words(words: &[[u8; 4]]) -> u64 {
    let mut sum = 0u64;
    for word in words {
        sum = sum.wrapping_add(u64::from(u32::from_ne_bytes(*word)));
    }
    sum
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

    /// The sum with all carries.
    #[expect(clippy::cast_possible_truncation, reason = "taken apart into halves")]
    fn total(self) -> u64 {
        let halves = add_round(self.sum as u64, (self.sum >> 64) as u64);
        add_round(halves, u64::from(self.carries))
    }
}

#[cfg(test)]
mod tests;
