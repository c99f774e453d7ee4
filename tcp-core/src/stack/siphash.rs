//! SipHash: a keyed hash that an attacker who does not know the key cannot steer.
//!
//! The input is a sequence of words, which is all that this crate needs: addresses and ports are
//! packed into words, and the last word names the purpose, so that no two purposes ever share an
//! output. Two variants are in use: SipHash-2-4 where the output itself is shown to the peer
//! (initial sequence numbers, timestamp offsets, ports), and HalfSipHash-1-3, which is made for
//! machines of 32 bits, where only collisions matter (the demultiplexing index).

/// The key: 128 bits as two little-endian words.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Key(u64, u64);

/// What the index is keyed with.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct IndexKey([u32; 2]);

impl core::fmt::Debug for IndexKey {
    /// A key is never printed.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("IndexKey(..)")
    }
}

impl core::fmt::Debug for Key {
    /// A key is never printed.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Key(..)")
    }
}

impl Key {
    /// The key in `secret`.
    #[expect(clippy::cast_possible_truncation, reason = "taken apart into halves")]
    pub(super) fn new(secret: [u8; 16]) -> Self {
        let all = u128::from_le_bytes(secret);
        Self(all as u64, (all >> 64) as u64)
    }

    /// The key of an index: whoever finds it out learns nothing about this one.
    #[expect(clippy::cast_possible_truncation, reason = "taken apart into halves")]
    pub(super) fn for_index(self) -> IndexKey {
        let derived = self.hash(&[]);
        IndexKey([derived as u32, (derived >> 32) as u32])
    }

    /// SipHash-2-4 of `words`.
    #[inline(never)]
    pub(super) fn hash(self, words: &[u64]) -> u64 {
        let mut state = [
            self.0 ^ 0x736f_6d65_7073_6575,
            self.1 ^ 0x646f_7261_6e64_6f6d,
            self.0 ^ 0x6c79_6765_6e65_7261,
            self.1 ^ 0x7465_6462_7974_6573,
        ];
        // The final block holds the input's length modulo 256 in its top octet.
        let last = (words.len() as u64) << 59;
        for &word in words {
            absorb(&mut state, word);
        }
        absorb(&mut state, last);
        state[2] ^= 0xff;
        rounds(&mut state, 4);
        state[0] ^ state[1] ^ state[2] ^ state[3]
    }
}

impl IndexKey {
    /// Where there is no index.
    pub(super) const NONE: Self = Self([0; 2]);

    /// HalfSipHash-1-3 of `words`: for table indexes, which nobody sees.
    pub(super) fn hash(self, words: &[u32]) -> u32 {
        half(self.0, words, 1, 3)
    }
}

/// SipHash-2-4 of `words` and `purpose` under `secret`: for who drives a stack and needs numbers
/// that nobody can guess (transaction numbers, stable interface identifiers) from a secret that it
/// shares with the stack. No hash that the stack itself makes under the same secret is ever one of
/// these.
///
/// ```
/// use tcp_core::keyed_hash;
/// let secret = *b"of a true random";
/// assert_ne!(keyed_hash(secret, 1, [7, 0]), keyed_hash(secret, 2, [7, 0]));
/// ```
#[must_use]
pub fn keyed_hash(secret: [u8; 16], purpose: u32, words: [u64; 2]) -> u64 {
    let [first, second] = words;
    // The stack's own hashes end with a word whose upper half is one octet.
    let last = 1 << 63 | u64::from(purpose);
    Key::new(secret).hash(&[first, second, last])
}

/// Takes in a word, with two rounds.
fn absorb(state: &mut [u64; 4], word: u64) {
    state[3] ^= word;
    rounds(state, 2);
    state[0] ^= word;
}

/// `count` SipRounds.
#[inline(never)]
fn rounds(state: &mut [u64; 4], count: u8) {
    let [mut a, mut b, mut c, mut d] = *state;
    for _ in 0..count {
        a = a.wrapping_add(b);
        c = c.wrapping_add(d);
        b = b.rotate_left(13) ^ a;
        d = d.rotate_left(16) ^ c;
        a = a.rotate_left(32);
        c = c.wrapping_add(b);
        a = a.wrapping_add(d);
        b = b.rotate_left(17) ^ c;
        d = d.rotate_left(21) ^ a;
        c = c.rotate_left(32);
    }
    *state = [a, b, c, d];
}

/// HalfSipHash with so many rounds for each word, and at the end.
#[inline(always)]
#[expect(
    clippy::cast_possible_truncation,
    reason = "the length counts modulo 256"
)]
fn half(key: [u32; 2], words: &[u32], compression: u8, finalization: u8) -> u32 {
    let [k0, k1] = key;
    let mut state = [k0, k1, k0 ^ 0x6c79_6765, k1 ^ 0x7465_6462];
    let last = (words.len() as u32) << 26;
    for &word in words.iter().chain(core::iter::once(&last)) {
        state[3] ^= word;
        for _ in 0..compression {
            half_round(&mut state);
        }
        state[0] ^= word;
    }
    state[2] ^= 0xff;
    for _ in 0..finalization {
        half_round(&mut state);
    }
    state[1] ^ state[3]
}

#[inline(always)]
fn half_round(state: &mut [u32; 4]) {
    let [mut a, mut b, mut c, mut d] = *state;
    a = a.wrapping_add(b);
    c = c.wrapping_add(d);
    b = b.rotate_left(5) ^ a;
    d = d.rotate_left(8) ^ c;
    a = a.rotate_left(16).wrapping_add(d);
    c = c.wrapping_add(b);
    d = d.rotate_left(7) ^ a;
    b = b.rotate_left(13) ^ c;
    *state = [a, b, c.rotate_left(16), d];
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(octets: &[u8]) -> Vec<u64> {
        octets
            .chunks_exact(8)
            .map(|chunk| u64::from_le_bytes(chunk.try_into().unwrap()))
            .collect()
    }

    /// The designers' table for SipHash-2-4: key 00 01 .. 0f, input 00 01 .. of each length; the
    /// rows whose length is a multiple of eight.
    const PUBLISHED: [u64; 8] = [
        0x726f_db47_dd0e_0e31,
        0x93f5_f579_9a93_2462,
        0x3f2a_cc7f_57c2_9bdb,
        0xb8ad_50c6_f649_af94,
        0x7127_512f_72f2_7cce,
        0x0e3e_a96b_5304_a7d0,
        0xe612_a3cb_9ecb_a951,
        0xb78d_bfaf_3a8d_83bd,
    ];

    #[test]
    fn siphash_2_4_gives_the_published_vectors() {
        let octets: Vec<u8> = (0..64).collect();
        let key = Key::new(core::array::from_fn(|i| octets[i]));
        for (count, expected) in PUBLISHED.into_iter().enumerate() {
            let input = words(&octets[..count * 8]);
            assert_eq!(key.hash(&input), expected, "{count} words");
        }
    }

    /// The designers' table for HalfSipHash-2-4 with 32 bits of output: key 00 01 .. 07, input 00
    /// 01 .. of each length; the rows whose length is a multiple of four.
    #[test]
    fn halfsiphash_2_4_gives_the_published_vectors() {
        let published = [0x5b9f_35a9u32, 0x8946_6e2a];
        let key = [0x0302_0100, 0x0706_0504];
        let input = [0x0302_0100];
        for (count, expected) in published.into_iter().enumerate() {
            let got = half(key, &input[..count], 2, 4);
            assert_eq!(got, expected, "{count} words: {got:#010x}");
        }
    }

    #[test]
    fn every_word_and_the_length_count_in_the_index() {
        let key = Key::new([7; 16]).for_index();
        let base = key.hash(&[1, 2, 3]);
        assert_eq!(base, key.hash(&[1, 2, 3]));
        let others: [&[u32]; 5] = [&[1, 2], &[1, 2, 3, 0], &[0, 2, 3], &[1, 2, 4], &[1, 3, 2]];
        for other in others {
            assert_ne!(base, key.hash(other), "{other:?}");
        }
        let other = Key::new([8; 16]).for_index();
        assert_ne!(base, other.hash(&[1, 2, 3]));
    }
}
