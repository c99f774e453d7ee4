//! The Internet checksum (RFC 9293 section 3.1, RFC 791 section 3.1), alone or while copying.
//!
//! The ones' complement sum does not care for the width or the order of octets in which it is
//! taken, as long as every octet keeps its place in the pair: so the sum runs over wide words in
//! the machine's own order and is folded to 16 bits once, at the end. A piece that begins at an
//! odd offset is summed as if it were even, and its sum is rotated by one octet.
//!
//! Invariants: every carry goes round to the other end, so no length overflows the sum.

use crate::ring;

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
    /// In the machine's order, carries brought round.
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

    /// Adds `octets`.
    pub fn add(&mut self, octets: &[u8]) {
        let mut wide = Wide::default();
        let (blocks, rest) = octets.as_chunks::<BLOCK>();
        for block in blocks {
            wide.add(block);
        }
        self.end(&wide, rest);
    }

    /// The sum of a header of five words.
    #[inline(always)]
    pub(super) const fn of([a, b, c, d, e]: [[u8; 4]; 5]) -> Self {
        // Written out: small code is not unrolled.
        let sum = add_round(u32::from_ne_bytes(a), u32::from_ne_bytes(b));
        let sum = add_round(sum, u32::from_ne_bytes(c));
        let sum = add_round(sum, u32::from_ne_bytes(d));
        let sum = add_round(sum, u32::from_ne_bytes(e));
        Self { sum, odd: false }
    }

    /// Adds a header, which consists of words, to a whole number of pairs.
    #[inline(never)]
    pub(super) fn add_words(&mut self, words: &[[u8; 4]]) {
        for word in words {
            self.sum = add_round(self.sum, u32::from_ne_bytes(*word));
        }
    }

    /// Copies `from` to the start of `to`, as far as both reach, and adds what was copied.
    pub fn copy(&mut self, to: &mut [u8], from: &[u8]) {
        let len = from.len().min(to.len());
        if len == 0 {
            return;
        }
        let (Some(to), Some(from)) = (to.get_mut(..len), from.get(..len)) else {
            return;
        };
        let mut wide = Wide::default();
        let (blocks, rest) = from.as_chunks::<COPIED>();
        let (targets, target) = to.as_chunks_mut::<COPIED>();
        for (target, block) in targets.iter_mut().zip(blocks) {
            wide.copy(target, block);
        }
        ring::copy(target, rest);
        self.end(&wide, rest);
    }

    /// Adds the blocks of a piece, and what follows them.
    #[inline(never)]
    fn end(&mut self, blocks: &Wide, rest: &[u8]) {
        let mut sum = blocks.total();
        let (words, octets) = rest.as_chunks::<4>();
        for word in words {
            sum = add_round(sum, u32::from_ne_bytes(*word));
        }
        let mut last = [0u8; 4];
        for (slot, octet) in last.iter_mut().zip(octets) {
            *slot = *octet;
        }
        // Blocks are even.
        self.join(add_round(sum, u32::from_ne_bytes(last)), rest.len());
    }

    /// Adds one field.
    #[inline]
    pub const fn add_u16(&mut self, value: u16) {
        self.join(value.to_be() as u32, 2);
    }

    /// The checksum, as it stands in a header: the complement of the sum.
    #[must_use]
    pub const fn complement(self) -> [u8; 2] {
        (!self.narrow()).to_ne_bytes()
    }

    /// The sum itself: what a device that completes the checksum expects in its place.
    #[must_use]
    pub const fn partial(self) -> [u8; 2] {
        self.narrow().to_ne_bytes()
    }

    /// Whether the sum is that of octets with a right checksum among them.
    #[must_use]
    pub const fn is_right(self) -> bool {
        self.narrow() == u16::MAX
    }

    const fn narrow(self) -> u16 {
        // At most 2^17, then 16 bits.
        let sum = (self.sum & 0xffff).wrapping_add(self.sum >> 16);
        (sum & 0xffff).wrapping_add(sum >> 16) as u16
    }

    #[inline]
    const fn join(&mut self, piece: u32, len: usize) {
        // One octet is a factor of 2^8 in a sum modulo 2^32 - 1, which 2^16 - 1 divides.
        let piece = if self.odd {
            piece.rotate_left(8)
        } else {
            piece
        };
        self.sum = add_round(self.sum, piece);
        self.odd ^= len & 1 == 1;
    }
}

#[inline(always)]
const fn add_round(a: u32, b: u32) -> u32 {
    let (sum, carry) = a.overflowing_add(b);
    sum.wrapping_add(carry as u32)
}

/// Octets that are summed at a time.
const BLOCK: usize = 64;
/// Octets that are copied and summed at a time: there are registers for no more.
const COPIED: usize = 32;

/// A sum of blocks.
#[derive(Default)]
struct Wide {
    sum: u128,
    carries: u32,
}

impl Wide {
    #[inline(always)]
    fn word(&mut self, word: u128) {
        let (sum, carry) = self.sum.overflowing_add(word);
        self.sum = sum;
        self.carries = self.carries.wrapping_add(u32::from(carry));
    }

    #[inline(always)]
    fn add(&mut self, block: &[u8; BLOCK]) {
        // Written out: small code is not unrolled.
        if let ([a, b, c, d], _) = block.as_chunks::<16>() {
            self.word(u128::from_ne_bytes(*a));
            self.word(u128::from_ne_bytes(*b));
            self.word(u128::from_ne_bytes(*c));
            self.word(u128::from_ne_bytes(*d));
        }
    }

    /// Two words a step: a loop over one would be split into a call of memcpy and a second pass.
    #[inline(always)]
    fn copy(&mut self, to: &mut [u8; COPIED], from: &[u8; COPIED]) {
        let ([first, second], _) = from.as_chunks::<16>() else {
            return;
        };
        let ([to_first, to_second], _) = to.as_chunks_mut::<16>() else {
            return;
        };
        let (first, second) = (u128::from_ne_bytes(*first), u128::from_ne_bytes(*second));
        *to_first = first.to_ne_bytes();
        *to_second = second.to_ne_bytes();
        self.word(first);
        self.word(second);
    }

    #[expect(clippy::cast_possible_truncation, reason = "taken apart into words")]
    fn total(&self) -> u32 {
        let low = add_round(self.sum as u32, (self.sum >> 32) as u32);
        let high = add_round((self.sum >> 64) as u32, (self.sum >> 96) as u32);
        add_round(add_round(low, high), self.carries)
    }
}

#[cfg(test)]
mod tests;
