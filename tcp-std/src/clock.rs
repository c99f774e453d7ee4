//! The clock that the core does not have.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// Monotonic time from an origin of its own, and the wall-clock time of that origin for captures.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    origin: Instant,
    wall_micros: u64,
}

impl Clock {
    /// A clock that starts here.
    pub(crate) fn start() -> Self {
        let wall = system_time().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self {
            origin: monotonic(),
            wall_micros: u64::try_from(wall.as_micros()).unwrap_or(0),
        }
    }

    /// The time to give to the core.
    pub(crate) fn now(&self) -> tcp_core::Instant {
        let elapsed = monotonic().saturating_duration_since(self.origin);
        tcp_core::Instant::from_micros(u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX))
    }

    /// `at` in microseconds since 1970.
    pub(crate) fn wall_micros(&self, at: tcp_core::Instant) -> u64 {
        self.wall_micros.saturating_add(at.as_micros())
    }
}

/// The monotonic clock of the machine.
pub(crate) fn monotonic() -> Instant {
    Instant::now()
}

fn system_time() -> SystemTime {
    SystemTime::now()
}
