//! An octet ring over lent memory: write at an offset, read in place as two slices.
//!
//! The ring holds `len` octets from `start`; beyond them lies free space, into which octets may
//! be written ahead of time ([`write_at`](Ring::write_at)) and later taken into the content
//! ([`commit`](Ring::commit)). That is how segments that came out of order wait in place.
//!
//! ```text
//!    memory:  [ . . d d d d d d d . . w w w . . ]
//!                   ^start        ^start+len  ^written ahead, not yet content
//! ```
//!
//! A ring without memory has capacity 0 and is full and empty at once.

use managed::ManagedSlice;

/// An octet ring.
#[derive(Debug)]
pub struct Ring<'a> {
    memory: ManagedSlice<'a, u8>,
    start: usize,
    len: usize,
}

impl<'a> Ring<'a> {
    /// An empty ring over `memory`.
    #[must_use]
    pub fn new(memory: ManagedSlice<'a, u8>) -> Self {
        Self {
            memory,
            start: 0,
            len: 0,
        }
    }

    /// Takes the memory out and leaves a ring without any.
    pub fn take(&mut self) -> ManagedSlice<'a, u8> {
        self.start = 0;
        self.len = 0;
        core::mem::replace(&mut self.memory, ManagedSlice::Borrowed(&mut []))
    }

    /// Octets that the ring can hold.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.memory.len()
    }

    /// Octets of content.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no content.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Octets that can be added.
    #[must_use]
    pub fn free(&self) -> usize {
        self.capacity() - self.len
    }

    /// Content from `offset`, at most `length` octets, as two slices in order.
    #[must_use]
    #[inline(never)]
    pub fn read(&self, offset: usize, length: usize) -> [&[u8]; 2] {
        let offset = offset.min(self.len);
        let length = length.min(self.len - offset);
        let from = self.wrap(self.start + offset);
        let (head, tail) = self.memory.split_at_checked(from).unwrap_or_default();
        match tail.get(..length) {
            Some(front) => [front, &[]],
            None => [tail, head.get(..length - tail.len()).unwrap_or_default()],
        }
    }

    /// Copies content from `offset` into `out`; returns how many octets.
    pub fn copy_out(&self, offset: usize, out: &mut [u8]) -> usize {
        let [first, second] = self.read(offset, out.len());
        let count = copy(out, first);
        count + copy(out.get_mut(count..).unwrap_or_default(), second)
    }

    /// Appends as much of `octets` as fits; returns how many octets.
    pub fn push(&mut self, octets: &[u8]) -> usize {
        let count = self.write_at(0, octets);
        self.commit(count)
    }

    /// Writes into free space, `offset` octets past the end of the content, without making it
    /// content. What does not fit is left out; returns how many octets were written.
    pub fn write_at(&mut self, offset: usize, octets: &[u8]) -> usize {
        let free = self.free();
        if offset >= free {
            return 0;
        }
        let count = octets.len().min(free - offset);
        let octets = octets.get(..count).unwrap_or_default();
        let from = self.wrap(self.start + self.len + offset);
        let (head, tail) = self.memory.split_at_mut_checked(from).unwrap_or_default();
        let written = copy(tail, octets);
        written + copy(head, octets.get(written..).unwrap_or_default())
    }

    /// Makes the next `count` octets of free space content (they were written before), or as many
    /// as there are; returns how many.
    pub fn commit(&mut self, count: usize) -> usize {
        let count = count.min(self.free());
        self.len += count;
        count
    }

    /// Drops `count` octets from the front of the content.
    pub fn consume(&mut self, count: usize) {
        let count = count.min(self.len);
        self.len -= count;
        self.start = self.wrap(self.start + count);
    }

    /// The longest stretch of free space that follows the content, for writing in place; make it
    /// content with [`commit`](Self::commit).
    pub fn space(&mut self) -> &mut [u8] {
        let (free, from) = (self.free(), self.wrap(self.start + self.len));
        let (_, tail) = self.memory.split_at_mut_checked(from).unwrap_or_default();
        let front = free.min(tail.len());
        tail.get_mut(..front).unwrap_or_default()
    }

    /// An index below twice the capacity brought into the memory.
    fn wrap(&self, index: usize) -> usize {
        if index >= self.capacity() {
            index - self.capacity()
        } else {
            index
        }
    }
}

/// Both are read before one is written: else a loop of this would become a call of `memcpy`.
#[inline(always)]
fn copy_pair([to_a, to_b]: [&mut [u8; 16]; 2], [a, b]: [&[u8; 16]; 2]) {
    let (a, b) = (u128::from_ne_bytes(*a), u128::from_ne_bytes(*b));
    *to_a = a.to_ne_bytes();
    *to_b = b.to_ne_bytes();
}

/// Copies the common length of the two slices; returns it. A machine of 64 bits has a `memcpy` that
/// is hard to beat; on a microcontroller it goes word by word, and blocks take half the
/// instructions.
#[inline(never)]
pub(crate) fn copy(to: &mut [u8], from: &[u8]) -> usize {
    let count = to.len().min(from.len());
    let (Some(to), Some(from)) = (to.get_mut(..count), from.get(..count)) else {
        return 0;
    };
    if cfg!(target_pointer_width = "64") {
        to.copy_from_slice(from);
        return count;
    }
    let (blocks, rest) = from.as_chunks::<64>();
    let (targets, target) = to.as_chunks_mut::<64>();
    for (target, block) in targets.iter_mut().zip(blocks) {
        let ([a, b, c, d], _) = block.as_chunks::<16>() else {
            return 0;
        };
        let ([to_a, to_b, to_c, to_d], _) = target.as_chunks_mut::<16>() else {
            return 0;
        };
        copy_pair([to_a, to_b], [a, b]);
        copy_pair([to_c, to_d], [c, d]);
    }
    let (pairs, rest) = rest.as_chunks::<8>();
    let (targets, target) = target.as_chunks_mut::<8>();
    for (target, pair) in targets.iter_mut().zip(pairs) {
        let ([a, b], _) = pair.as_chunks::<4>() else {
            return 0;
        };
        let ([to_a, to_b], _) = target.as_chunks_mut::<4>() else {
            return 0;
        };
        let (a, b) = (*a, *b);
        *to_a = a;
        *to_b = b;
    }
    for (target, octet) in target.iter_mut().zip(rest) {
        *target = *octet;
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_wraps_and_is_read_as_two_slices() {
        let mut memory = [0u8; 5];
        let mut ring = Ring::new((&mut memory[..]).into());
        assert_eq!(ring.push(b"abcd"), 4);
        ring.consume(3);
        assert_eq!(ring.push(b"efghi"), 4);
        assert_eq!(ring.read(0, 9), [&b"de"[..], &b"fgh"[..]]);
        let mut out = [0; 3];
        assert_eq!(ring.copy_out(1, &mut out), 3);
        assert_eq!(&out, b"efg");
    }

    #[test]
    fn octets_written_ahead_become_content_when_the_gap_is_filled() {
        let mut memory = [0u8; 8];
        let mut ring = Ring::new((&mut memory[..]).into());
        ring.push(b"xyz");
        ring.consume(3);
        assert_eq!(ring.write_at(2, b"CDEFGHIJ"), 6);
        assert_eq!(ring.push(b"ab"), 2);
        ring.commit(6);
        assert_eq!(ring.len(), 8);
        let mut out = [0; 8];
        ring.copy_out(0, &mut out);
        assert_eq!(&out, b"abCDEFGH");
    }

    #[test]
    fn a_ring_without_memory_is_full_and_empty() {
        let mut ring = Ring::new(ManagedSlice::Borrowed(&mut []));
        assert_eq!(ring.push(b"a"), 0);
        assert_eq!(ring.write_at(0, b"a"), 0);
        assert!(ring.is_empty() && ring.free() == 0 && ring.space().is_empty());
        ring.consume(1);
        ring.commit(1);
        assert_eq!(ring.len(), 0);
    }
}
