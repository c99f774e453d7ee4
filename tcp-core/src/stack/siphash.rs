//! SipHash: a keyed hash that an attacker who does not know the key cannot steer.
//!
//! The input is a sequence of 64-bit words, which is all that this crate needs: addresses and
//! ports are packed into words, and the last word names the purpose, so that no two purposes ever
//! share an output. Two strengths are in use: SipHash-1-3 where only collisions matter (the
//! demultiplexing index) and SipHash-2-4 where the output itself is shown to the peer (initial
//! sequence numbers, timestamp offsets, ports).

/// How much work a hash is worth: compression rounds for each word, finalization rounds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Strength {
    /// SipHash-1-3: for table indexes, which nobody sees.
    Index,
    /// SipHash-2-4: for values that a peer sees.
    Secret,
}

/// The key: 128 bits as two little-endian words.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Key(u64, u64);

impl core::fmt::Debug for Key {
    /// A key is never printed.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Key(..)")
    }
}

impl Key {
    /// The key in `secret`.
    pub(super) const fn new(secret: [u8; 16]) -> Self {
        let all = u128::from_le_bytes(secret);
        Self(all as u64, (all >> 64) as u64)
    }

    /// The hash of `words`.
    pub(super) fn hash(self, strength: Strength, words: &[u64]) -> u64 {
        let (compression, finalization) = match strength {
            Strength::Index => (1, 3),
            Strength::Secret => (2, 4),
        };
        let mut state = [
            self.0 ^ 0x736f_6d65_7073_6575,
            self.1 ^ 0x646f_7261_6e64_6f6d,
            self.0 ^ 0x6c79_6765_6e65_7261,
            self.1 ^ 0x7465_6462_7974_6573,
        ];
        // The final block holds the input's length modulo 256 in its top octet.
        let last = (words.len() as u64) << 59;
        for &word in words.iter().chain(core::iter::once(&last)) {
            state[3] ^= word;
            rounds(&mut state, compression);
            state[0] ^= word;
        }
        state[2] ^= 0xff;
        rounds(&mut state, finalization);
        state[0] ^ state[1] ^ state[2] ^ state[3]
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
    Key::new(secret).hash(Strength::Secret, &[first, second, last])
}

/// `count` SipRounds.
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

#[cfg(test)]
mod tests {
    use core::hash::Hasher;

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
            assert_eq!(
                key.hash(Strength::Secret, &input),
                expected,
                "{count} words"
            );
        }
    }

    #[test]
    fn siphash_1_3_agrees_with_the_standard_library() {
        let octets: Vec<u8> = (0..64).map(|i: u8| i.wrapping_mul(37)).collect();
        for count in 0..8 {
            let mut reference = std::hash::DefaultHasher::new();
            reference.write(&octets[..count * 8]);
            let ours = Key::new([0; 16]).hash(Strength::Index, &words(&octets[..count * 8]));
            assert_eq!(ours, reference.finish(), "{count} words");
        }
    }
}
