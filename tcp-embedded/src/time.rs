//! The time of others: conversions, and embassy's as our clock and timer.
//!
//! Instants count microseconds from the other's origin. What is between two ticks is rounded so
//! that nobody is woken early.

/// The clock and, with the feature `async`, the timer of embassy-time.
///
/// ```no_run
/// use tcp_embedded::{Clock, EmbassyTime};
/// let clock = EmbassyTime;
/// let _now = clock.now();
/// ```
#[cfg(feature = "embassy-time")]
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct EmbassyTime;

#[cfg(feature = "embassy-time")]
mod embassy {
    use embassy_time::TICK_HZ;
    use tcp_core::{Duration, Instant};

    use super::EmbassyTime;
    use crate::net::Clock;

    const MICROS: u128 = 1_000_000;

    impl EmbassyTime {
        /// An instant of embassy as one of ours: the tick's beginning.
        ///
        /// ```
        /// use tcp_core::Instant;
        /// use tcp_embedded::EmbassyTime;
        /// let at = embassy_time::Instant::from_secs(2);
        /// assert_eq!(EmbassyTime::instant(at), Instant::from_millis(2_000));
        /// assert_eq!(EmbassyTime::to_embassy(Instant::from_millis(2_000)), at);
        /// ```
        #[must_use]
        pub fn instant(at: embassy_time::Instant) -> Instant {
            Instant::from_micros(micros(at.as_ticks()))
        }

        /// An instant of ours as one of embassy's: the first tick that is not before it.
        #[must_use]
        pub fn to_embassy(at: Instant) -> embassy_time::Instant {
            embassy_time::Instant::from_ticks(ticks(at.as_micros()))
        }

        /// A duration of embassy as one of ours, rounded down to microseconds.
        #[must_use]
        pub fn duration(duration: embassy_time::Duration) -> Duration {
            Duration::from_micros(micros(duration.as_ticks()))
        }

        /// A duration of ours as one of embassy's, rounded up to ticks.
        #[must_use]
        pub fn duration_to_embassy(duration: Duration) -> embassy_time::Duration {
            embassy_time::Duration::from_ticks(ticks(duration.as_micros()))
        }
    }

    /// Saturates: 64 bits of microseconds are 584,000 years.
    fn micros(ticks: u64) -> u64 {
        let micros = u128::from(ticks) * MICROS / u128::from(TICK_HZ);
        u64::try_from(micros).unwrap_or(u64::MAX)
    }

    fn ticks(micros: u64) -> u64 {
        let ticks = (u128::from(micros) * u128::from(TICK_HZ)).div_ceil(MICROS);
        u64::try_from(ticks).unwrap_or(u64::MAX)
    }

    impl Clock for EmbassyTime {
        fn now(&self) -> Instant {
            Self::instant(embassy_time::Instant::now())
        }
    }

    #[cfg(feature = "async")]
    impl crate::net::Timer for EmbassyTime {
        async fn until(&self, at: Instant) {
            embassy_time::Timer::at(Self::to_embassy(at)).await;
        }
    }
}

/// Conversions from and to fugit.
#[cfg(feature = "fugit")]
pub mod fugit {
    use tcp_core::{Duration, Instant};

    /// A 64-bit instant of fugit, in ticks of `NUMERATOR / DENOMINATOR` seconds: the tick's
    /// beginning.
    ///
    /// ```
    /// use tcp_core::Instant;
    /// type Ticks = fugit::Instant<u64, 1, 32_768>;
    /// let at = Ticks::from_ticks(65_536);
    /// assert_eq!(tcp_embedded::fugit::instant(at), Instant::from_millis(2_000));
    /// assert_eq!(tcp_embedded::fugit::to_fugit(Instant::from_millis(2_000)), at);
    /// ```
    #[must_use]
    pub fn instant<const NUMERATOR: u32, const DENOMINATOR: u32>(
        at: fugit::Instant<u64, NUMERATOR, DENOMINATOR>,
    ) -> Instant {
        Instant::from_micros(micros(at.ticks(), NUMERATOR, DENOMINATOR))
    }

    /// An instant of ours as one of fugit's: the first tick that is not before it.
    #[must_use]
    pub fn to_fugit<const NUMERATOR: u32, const DENOMINATOR: u32>(
        at: Instant,
    ) -> fugit::Instant<u64, NUMERATOR, DENOMINATOR> {
        fugit::Instant::<u64, NUMERATOR, DENOMINATOR>::from_ticks(ticks(
            at.as_micros(),
            NUMERATOR,
            DENOMINATOR,
        ))
    }

    /// A 64-bit duration of fugit, rounded down to microseconds.
    #[must_use]
    pub fn duration<const NUMERATOR: u32, const DENOMINATOR: u32>(
        duration: fugit::Duration<u64, NUMERATOR, DENOMINATOR>,
    ) -> Duration {
        Duration::from_micros(micros(duration.ticks(), NUMERATOR, DENOMINATOR))
    }

    /// A duration of ours as one of fugit's, rounded up to ticks.
    #[must_use]
    pub fn duration_to_fugit<const NUMERATOR: u32, const DENOMINATOR: u32>(
        duration: Duration,
    ) -> fugit::Duration<u64, NUMERATOR, DENOMINATOR> {
        fugit::Duration::<u64, NUMERATOR, DENOMINATOR>::from_ticks(ticks(
            duration.as_micros(),
            NUMERATOR,
            DENOMINATOR,
        ))
    }

    fn micros(ticks: u64, numerator: u32, denominator: u32) -> u64 {
        let ticks = u128::from(ticks) * u128::from(numerator) * 1_000_000;
        let micros = ticks / u128::from(denominator.max(1));
        u64::try_from(micros).unwrap_or(u64::MAX)
    }

    fn ticks(micros: u64, numerator: u32, denominator: u32) -> u64 {
        let micros = u128::from(micros) * u128::from(denominator);
        let ticks = micros.div_ceil(u128::from(numerator.max(1)) * 1_000_000);
        u64::try_from(ticks).unwrap_or(u64::MAX)
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn what_lies_between_two_ticks_is_never_too_early() {
            type Tick = fugit::Instant<u64, 1, 32_768>;
            for micros in [0, 1, 30, 31, 62, 999_999, 1_000_001, 1 << 40] {
                let at = Instant::from_micros(micros);
                let tick: Tick = to_fugit(at);
                let back = instant(tick);
                // The tick begins within the microsecond that `back` names.
                assert!(back + Duration::from_micros(1) > at, "{micros}");
                assert!(back - at <= Duration::from_micros(31), "{micros}");
                assert_eq!(duration(tick.duration_since_epoch()), back - Instant::ZERO);
            }
            let fine: fugit::Instant<u64, 1, 2_000_000> = to_fugit(Instant::from_micros(u64::MAX));
            assert_eq!(fine.ticks(), u64::MAX);
        }
    }
}
