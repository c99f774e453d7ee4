//! The time of embassy, moved by hand.

use std::sync::{Mutex, MutexGuard, PoisonError};

use embassy_time::{Duration, MockDriver};

/// The time of embassy is one for the process, so its users take turns.
pub(crate) fn alone() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Lets time go on.
pub(crate) fn tick() -> bool {
    MockDriver::get().advance(Duration::from_micros(100));
    true
}
