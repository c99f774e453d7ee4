//! Times of the link layer.

use tcp_core::Instant;

/// A time in units of 16 microseconds, modulo 2^32: half the memory of an [`Instant`], and a
/// fraction of its instructions. What happened 19 hours ago may seem to have happened lately: then
/// an address is in use for a minute before it is verified, or a conflict counts as the second in
/// ten seconds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Moment(u32);

/// So many of these units.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Span(u32);

impl Span {
    pub(super) const fn from_secs(secs: u32) -> Self {
        Self(secs * 62_500)
    }

    pub(super) const fn units(self) -> u32 {
        self.0
    }
}

impl Moment {
    pub(super) const ORIGIN: Self = Self(0);

    #[expect(clippy::cast_possible_truncation, reason = "modulo 2^32 is meant")]
    pub(super) const fn at(now: Instant) -> Self {
        Self((now.as_micros() >> 4) as u32)
    }

    /// The moment that lies so far before.
    pub(super) const fn before(self, span: Span) -> Self {
        Self(self.0.wrapping_sub(span.0))
    }

    /// The time from here to `now`.
    pub(super) const fn until(self, now: Self) -> Span {
        Span(now.0.wrapping_sub(self.0))
    }
}
