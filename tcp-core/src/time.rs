//! Time as an argument: microseconds from an origin that only the caller knows.
//!
//! Nothing in this crate reads a clock. All arithmetic saturates, so time that stands still, goes
//! back or jumps is harmless: a deadline in the past is due, one in the future is not.

use core::ops::{Add, AddAssign, Sub};

/// A moment: microseconds since the caller's origin.
///
/// ```
/// use tcp_core::{Duration, Instant};
/// let later = Instant::from_micros(5) + Duration::from_millis(1);
/// assert_eq!(later.as_micros(), 1_005);
/// assert_eq!(later - Instant::from_micros(5), Duration::from_micros(1_000));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Instant(u64);

impl Instant {
    /// The caller's origin.
    pub const ZERO: Self = Self(0);

    /// `micros` microseconds after the origin.
    #[must_use]
    pub const fn from_micros(micros: u64) -> Self {
        Self(micros)
    }

    /// `millis` milliseconds after the origin.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis.saturating_mul(1_000))
    }

    /// Microseconds since the origin.
    #[must_use]
    pub const fn as_micros(self) -> u64 {
        self.0
    }

    /// Whole milliseconds since the origin.
    #[must_use]
    pub const fn as_millis(self) -> u64 {
        self.0 / 1_000
    }
}

impl Add<Duration> for Instant {
    type Output = Self;

    #[inline(never)]
    fn add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(duration.0))
    }
}

impl AddAssign<Duration> for Instant {
    fn add_assign(&mut self, duration: Duration) {
        *self = *self + duration;
    }
}

impl Sub for Instant {
    type Output = Duration;

    /// The time from `earlier` to `self`; zero when time went back.
    #[inline(never)]
    fn sub(self, earlier: Self) -> Duration {
        Duration(self.0.saturating_sub(earlier.0))
    }
}

/// A span of time in microseconds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Duration(u64);

impl Duration {
    /// No time.
    pub const ZERO: Self = Self(0);

    /// A span of `micros` microseconds.
    #[must_use]
    pub const fn from_micros(micros: u64) -> Self {
        Self(micros)
    }

    /// A span of `millis` milliseconds.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis.saturating_mul(1_000))
    }

    /// A span of `secs` seconds.
    #[must_use]
    pub const fn from_secs(secs: u64) -> Self {
        Self(secs.saturating_mul(1_000_000))
    }

    /// The span in microseconds.
    #[must_use]
    pub const fn as_micros(self) -> u64 {
        self.0
    }

    /// The span in whole milliseconds.
    #[must_use]
    pub const fn as_millis(self) -> u64 {
        self.0 / 1_000
    }

    /// The span doubled `times` times; saturates.
    #[must_use]
    pub const fn doubled(self, times: u32) -> Self {
        if times >= self.0.leading_zeros() {
            if self.0 == 0 { Self(0) } else { Self(u64::MAX) }
        } else {
            Self(self.0 << times)
        }
    }
}

impl Add for Duration {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

/// A moment in units of 1,024 microseconds, modulo 2^32. In it a connection keeps its times: half
/// the memory, and on a machine of 32 bits a fraction of the instructions.
///
/// Only the difference of two moments means anything, and only below 2^31 units (25 days). What is
/// armed lies at most [`Span::MAX`] ahead.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Tick(pub(crate) u32);

impl Tick {
    /// The unit that `now` lies in.
    #[expect(clippy::cast_possible_truncation, reason = "modulo 2^32 is meant")]
    pub(crate) const fn at(now: Instant) -> Self {
        Self((now.0 >> 10) as u32)
    }

    /// The time from `earlier`; nothing when time went back.
    pub(crate) const fn since(self, earlier: Self) -> Span {
        if self.is_before(earlier) {
            Span(0)
        } else {
            Span(self.0.wrapping_sub(earlier.0))
        }
    }

    pub(crate) const fn is_before(self, other: Self) -> bool {
        self.0.wrapping_sub(other.0).cast_signed() < 0
    }

    /// The later of the two.
    pub(crate) const fn latest(self, other: Self) -> Self {
        if self.is_before(other) { other } else { self }
    }

    /// The start of the unit, where `near` is at most 25 days away.
    pub(crate) fn instant(self, near: Instant) -> Instant {
        let units = near.0 >> 10;
        let away = self.0.wrapping_sub(Self::at(near).0).cast_signed();
        Instant(units.saturating_add_signed(away.into()) << 10)
    }
}

/// A span of time in units of 1,024 microseconds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct Span(pub(crate) u32);

impl Span {
    /// The longest that is waited for at a time: 12 days.
    pub(crate) const MAX: Self = Self(1 << 30);

    /// `millis` milliseconds, rounded up.
    #[inline(never)]
    pub(crate) const fn from_millis(millis: u32) -> Self {
        // 1,000 of 1,024 are 125 of 128: all but three of them.
        let units = millis - millis / 128 * 3 - millis % 128 * 3 / 128;
        if units < Self::MAX.0 {
            Self(units)
        } else {
            Self::MAX
        }
    }

    /// `secs` seconds, rounded up.
    pub(crate) const fn from_secs(secs: u32) -> Self {
        Self::from_millis(secs.saturating_mul(1_000))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_count_on_past_their_end() {
        for (millis, units) in [
            (0, 0),
            (1, 1),
            (40, 40),
            (128, 125),
            (200, 196),
            (1_000, 977),
        ] {
            assert_eq!(Span::from_millis(millis), Span(units), "{millis}");
        }
        assert_eq!(Span::from_secs(u32::MAX), Span::MAX);
        let before = Instant::from_micros((u64::from(u32::MAX) << 10) + 1_000);
        let after = before + Duration::from_micros(100);
        let (early, late) = (Tick::at(before), Tick::at(after));
        assert_eq!((early.0, late.0), (u32::MAX, 0));
        assert_eq!(late.since(early), Span(1));
        assert_eq!(early.since(late), Span(0));
        assert_eq!(early.latest(late), late);
        assert_eq!(late.instant(before), Instant::from_micros(1 << 42));
        assert_eq!(early.instant(after).as_micros(), u64::from(u32::MAX) << 10);
        assert_eq!(Tick(u32::MAX).instant(Instant::ZERO), Instant::ZERO);
    }

    #[test]
    fn d29_time_that_goes_back_or_overflows_saturates() {
        let early = Instant::from_micros(1);
        let late = Instant::from_micros(9);
        assert_eq!(early - late, Duration::ZERO);
        assert_eq!(
            late + Duration::from_secs(u64::MAX),
            Instant::from_micros(u64::MAX)
        );
        assert_eq!(
            Duration::from_secs(1).doubled(64),
            Duration::from_micros(u64::MAX)
        );
        assert_eq!(Duration::ZERO.doubled(64), Duration::ZERO);
        assert_eq!(
            Duration::from_micros(3).doubled(2),
            Duration::from_micros(12)
        );
    }
}
