//! The Internet checksum, and copying and summing in one pass.
//!
//! Words are added as they lie in memory; the ones' complement sum does not care about the order
//! of octets within a word as long as it is put right at the end (RFC 1071 section 2, B).

use core::net::IpAddr;

/// A running ones' complement sum over 16-bit words.
///
/// ```
/// use tcp_core::wire::Checksum;
/// let mut sum = Checksum::new();
/// sum.add(&[0x00, 0x01, 0xf2]);
/// sum.add(&[0x03, 0xf4, 0xf5, 0xf6, 0xf7]);
/// assert_eq!(sum.finish(), 0x220d);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Checksum {
    /// In memory order of the machine.
    sum: u64,
    /// The next octet is the second of its word.
    odd: bool,
}

impl Checksum {
    /// Nothing summed.
    #[must_use]
    pub const fn new() -> Self {
        Self { sum: 0, odd: false }
    }

    /// Adds octets; they follow those added before, also when those were odd in number.
    pub fn add(&mut self, octets: &[u8]) {
        let (blocks, rest) = octets.as_chunks::<16>();
        let mut sum = 0;
        for block in blocks {
            sum += block_sum(block);
        }
        self.take(sum + rest_sum(rest), octets.len());
    }

    /// Copies the common length of `to` and `from`, and adds what it copied. Returns the length.
    pub fn copy(&mut self, to: &mut [u8], from: &[u8]) -> usize {
        let length = to.len().min(from.len());
        let (to_blocks, to_rest) = to.as_chunks_mut::<16>();
        let (from_blocks, _) = from.as_chunks::<16>();
        let mut sum = 0;
        for (to, from) in to_blocks.iter_mut().zip(from_blocks) {
            *to = *from;
            sum += block_sum(from);
        }
        // The shorter slice decides; what is left of it is at most a block and a rest.
        let done = to_blocks.len().min(from_blocks.len()) * 16;
        let rest = from.get(done..length).unwrap_or_default();
        let target = match to_blocks.get_mut(done / 16) {
            Some(block) => &mut block[..],
            None => to_rest,
        };
        for (to, from) in target.iter_mut().zip(rest) {
            *to = *from;
        }
        self.take(sum + rest_sum(rest), length);
        length
    }

    /// Adds one word.
    pub const fn add_u16(&mut self, word: u16) {
        self.sum += word.to_be() as u64;
    }

    /// Adds both addresses, the length and the protocol: the pseudo-header of IPv4 and IPv6.
    pub fn add_pseudo_header(&mut self, ends: [IpAddr; 2], protocol: u8, length: usize) {
        for address in ends {
            match address {
                IpAddr::V4(address) => self.add(&address.octets()),
                IpAddr::V6(address) => self.add(&address.octets()),
            }
        }
        self.add_u16(protocol.into());
        #[expect(
            clippy::cast_possible_truncation,
            reason = "the two halves of a 32-bit length"
        )]
        {
            self.add_u16(length as u16);
            self.add_u16((length >> 16) as u16);
        }
    }

    /// The sum so far, folded and not complemented, as a number.
    #[must_use]
    pub const fn partial(&self) -> u16 {
        fold(self.sum).to_be()
    }

    /// The checksum: what goes into the header. Over octets that include a right checksum it is
    /// zero.
    #[must_use]
    pub const fn finish(&self) -> u16 {
        !self.partial()
    }

    const fn take(&mut self, sum: u64, length: usize) {
        let folded = fold(sum);
        self.sum += if self.odd {
            folded.swap_bytes() as u64
        } else {
            folded as u64
        };
        self.odd ^= length % 2 == 1;
    }
}

/// Four words of 32 bits.
#[inline]
const fn block_sum(block: &[u8; 16]) -> u64 {
    let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = *block;
    u32::from_ne_bytes([a, b, c, d]) as u64
        + u32::from_ne_bytes([e, f, g, h]) as u64
        + u32::from_ne_bytes([i, j, k, l]) as u64
        + u32::from_ne_bytes([m, n, o, p]) as u64
}

/// Fewer octets than a block (or a block), by words.
fn rest_sum(rest: &[u8]) -> u64 {
    let (words, last) = rest.as_chunks::<2>();
    let mut sum = 0;
    for word in words {
        sum += u64::from(u16::from_ne_bytes(*word));
    }
    if let [octet] = last {
        sum += u64::from(u16::from_ne_bytes([*octet, 0]));
    }
    sum
}

/// Folds a sum to 16 bits with the carries added back.
const fn fold(sum: u64) -> u16 {
    let sum = (sum & 0xffff_ffff) + (sum >> 32);
    let sum = (sum & 0xffff) + ((sum >> 16) & 0xffff) + (sum >> 32);
    let sum = (sum & 0xffff) + (sum >> 16);
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the carry of the last addition"
    )]
    {
        ((sum & 0xffff) + (sum >> 16)) as u16
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Word by word, as the definition says.
    fn naive(octets: &[u8]) -> u16 {
        let mut sum = 0u32;
        for pair in octets.chunks(2) {
            let low = pair.get(1).copied().unwrap_or(0);
            sum += u32::from(u16::from_be_bytes([pair[0], low]));
            sum = (sum & 0xffff) + (sum >> 16);
        }
        !u16::try_from(sum).unwrap()
    }

    fn octets(count: usize) -> Vec<u8> {
        (0..count)
            .map(|index| (index * 151 + index / 7 + 13) as u8)
            .collect()
    }

    #[test]
    fn p04_every_length_and_every_split_agrees_with_the_definition() {
        for length in 0..130 {
            let all = octets(length);
            for split in 0..=length {
                let (first, second) = all.split_at(split);
                let mut sum = Checksum::new();
                sum.add(first);
                sum.add(second);
                assert_eq!(sum.finish(), naive(&all), "{split} of {length}");
                let mut copy = vec![0xaa; length];
                let mut sum = Checksum::new();
                let (one, two) = copy.split_at_mut(split);
                assert_eq!(sum.copy(one, first), split);
                assert_eq!(sum.copy(two, second), length - split);
                assert_eq!(
                    (sum.finish(), &copy),
                    (naive(&all), &all),
                    "{split} of {length}"
                );
            }
        }
    }

    #[test]
    fn copying_stops_at_the_shorter_of_the_two() {
        let from = octets(70);
        for room in 0..70 {
            let mut to = vec![0; room];
            let mut sum = Checksum::new();
            assert_eq!(sum.copy(&mut to, &from), room);
            assert_eq!(
                (&to[..], sum.finish()),
                (&from[..room], naive(&from[..room]))
            );
            let mut to = vec![0x55; 70];
            let mut sum = Checksum::new();
            assert_eq!(sum.copy(&mut to, &from[..room]), room);
            assert_eq!(&to[..room], &from[..room]);
            assert!(to[room..].iter().all(|octet| *octet == 0x55));
        }
    }

    #[test]
    fn z02_long_runs_do_not_overflow() {
        let all = vec![0xff; 300_000];
        let mut sum = Checksum::new();
        sum.add(&all);
        assert_eq!(sum.finish(), 0);
    }
}
