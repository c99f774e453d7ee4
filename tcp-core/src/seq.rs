//! Sequence numbers: points on a circle of 2^32 (RFC 9293 section 3.4).
//!
//! A sequence number is not a number. [`SeqNum`] has no order, because "less than" has no meaning
//! on a circle; it has [`before`](SeqNum::before) and [`after`](SeqNum::after), which are defined
//! for points less than 2^31 apart, and a signed distance. Lengths are [`SeqLen`].
//!
//! ```text
//!            before <- | -> after
//!   ...---+------------+------------+---...
//!       a - 1          a          a + 1          a + 2^31 is neither
//! ```

use core::fmt;
use core::ops::{Add, AddAssign, Sub};

/// A point in the sequence space, modulo 2^32 (RFC 9293 section 3.4).
///
/// ```
/// use tcp_core::{SeqLen, SeqNum};
/// let last = SeqNum::new(u32::MAX);
/// let next = last + SeqLen::new(2);
/// assert_eq!(next.raw(), 1);
/// assert!(last.before(next) && next.after(last));
/// assert_eq!(next - last, 2);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct SeqNum(u32);

impl SeqNum {
    /// The point `raw` octets past zero.
    #[must_use]
    pub const fn new(raw: u32) -> Self {
        Self(raw)
    }

    /// The value as it stands in a segment.
    #[must_use]
    pub const fn raw(self) -> u32 {
        self.0
    }

    /// Whether `self` comes strictly before `other`; false at a distance of exactly 2^31.
    #[must_use]
    pub const fn before(self, other: Self) -> bool {
        other.after(self)
    }

    /// Whether `self` comes strictly after `other`; false at a distance of exactly 2^31.
    #[must_use]
    pub const fn after(self, other: Self) -> bool {
        self.0.wrapping_sub(other.0).cast_signed() > 0
    }

    /// `self` is `other` or comes before it.
    #[must_use]
    pub const fn at_or_before(self, other: Self) -> bool {
        other.at_or_after(self)
    }

    /// `self` is `other` or comes after it.
    #[must_use]
    pub const fn at_or_after(self, other: Self) -> bool {
        self.0.wrapping_sub(other.0).cast_signed() >= 0
    }

    /// The later of two points.
    #[must_use]
    pub const fn latest(self, other: Self) -> Self {
        if other.after(self) { other } else { self }
    }

    /// The earlier of two points.
    #[must_use]
    pub const fn earliest(self, other: Self) -> Self {
        if other.before(self) { other } else { self }
    }

    /// Octets from `earlier` up to `self`; zero when `self` is not after `earlier`.
    #[must_use]
    pub const fn since(self, earlier: Self) -> SeqLen {
        if self.after(earlier) {
            SeqLen(self.0.wrapping_sub(earlier.0))
        } else {
            SeqLen(0)
        }
    }
}

impl fmt::Debug for SeqNum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl fmt::Display for SeqNum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl Add<SeqLen> for SeqNum {
    type Output = Self;

    fn add(self, length: SeqLen) -> Self {
        Self(self.0.wrapping_add(length.0))
    }
}

impl AddAssign<SeqLen> for SeqNum {
    fn add_assign(&mut self, length: SeqLen) {
        *self = *self + length;
    }
}

impl Sub<SeqLen> for SeqNum {
    type Output = Self;

    fn sub(self, length: SeqLen) -> Self {
        Self(self.0.wrapping_sub(length.0))
    }
}

impl Sub for SeqNum {
    type Output = i32;

    /// The signed distance from `other` to `self`.
    fn sub(self, other: Self) -> i32 {
        self.0.wrapping_sub(other.0).cast_signed()
    }
}

/// A number of octets in the sequence space (SYN and FIN count one each).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct SeqLen(u32);

impl SeqLen {
    /// No octets.
    pub const ZERO: Self = Self(0);
    /// What a SYN or a FIN occupies.
    pub const ONE: Self = Self(1);

    /// `octets` as a length.
    #[must_use]
    pub const fn new(octets: u32) -> Self {
        Self(octets)
    }

    /// A buffer length; saturates, but no buffer of this crate is that long.
    #[must_use]
    pub const fn of(octets: usize) -> Self {
        #[expect(clippy::cast_possible_truncation, reason = "checked by the comparison")]
        if octets > u32::MAX as usize {
            Self(u32::MAX)
        } else {
            Self(octets as u32)
        }
    }

    /// The length as a number.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }

    /// The length as an index.
    #[must_use]
    pub const fn as_usize(self) -> usize {
        self.0 as usize
    }
}

/// A half-open range of the sequence space: `start` is in it, `end` is not.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct SeqRange {
    /// The first octet.
    pub start: SeqNum,
    /// One past the last octet.
    pub end: SeqNum,
}

impl SeqRange {
    /// The range from `start` up to, not including, `end`.
    #[must_use]
    pub const fn new(start: SeqNum, end: SeqNum) -> Self {
        Self { start, end }
    }

    /// Octets in the range; zero when `end` is not after `start`.
    #[must_use]
    pub const fn len(self) -> SeqLen {
        self.end.since(self.start)
    }

    /// Whether the range holds no octet.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        !self.end.after(self.start)
    }

    /// Whether `point` lies in the range.
    #[must_use]
    pub const fn contains(self, point: SeqNum) -> bool {
        point.at_or_after(self.start) && point.before(self.end)
    }

    /// What both ranges hold.
    #[must_use]
    pub const fn common(self, other: Self) -> Self {
        Self {
            start: self.start.latest(other.start),
            end: self.end.earliest(other.end),
        }
    }

    /// Whether the two ranges share an octet or stand end to end.
    #[must_use]
    pub const fn touches(self, other: Self) -> bool {
        other.start.at_or_before(self.end) && other.end.at_or_after(self.start)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_has_no_answer_half_way_round() {
        let a = SeqNum::new(7);
        let b = SeqNum::new(7u32.wrapping_add(1 << 31));
        assert!(!a.before(b) || !b.before(a));
        assert!(!a.after(b) && !b.after(a));
    }

    #[test]
    fn z01_order_is_antisymmetric_and_follows_the_distance() {
        for distance in [1u32, 2, 255, 65_536, (1 << 31) - 1] {
            for raw in [0, 1, u32::MAX, 1 << 31, (1 << 31) - 1, 0xffff_0000] {
                let a = SeqNum::new(raw);
                let b = a + SeqLen::new(distance);
                assert!(a.before(b) && b.after(a) && !b.before(a) && !a.after(b));
                assert_eq!(b.since(a).get(), distance);
                assert_eq!(a.since(b), SeqLen::ZERO);
                assert_eq!(a.latest(b), b);
                assert_eq!(a.earliest(b), a);
            }
        }
    }

    #[test]
    fn ranges_across_zero() {
        let range = SeqRange::new(SeqNum::new(u32::MAX - 1), SeqNum::new(2));
        assert_eq!(range.len().get(), 4);
        assert!(range.contains(SeqNum::new(0)) && !range.contains(SeqNum::new(2)));
        assert!(range.touches(SeqRange::new(SeqNum::new(2), SeqNum::new(3))));
        assert!(!range.touches(SeqRange::new(SeqNum::new(3), SeqNum::new(4))));
    }
}
