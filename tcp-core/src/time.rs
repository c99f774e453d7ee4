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

#[cfg(test)]
mod tests {
    use super::*;

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
