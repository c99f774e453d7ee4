//! A mutex that is handed over in the order of asking.
//!
//! The thread of a shard locks and unlocks in a loop, and would take a plain mutex again before a
//! caller that it woke has opened its eyes. Here whoever waits holds the gate, so the loop cannot
//! come round before that caller had its turn.

use std::sync::{Mutex, MutexGuard, PoisonError};

#[derive(Debug)]
pub(super) struct FairMutex<T> {
    gate: Mutex<()>,
    value: Mutex<T>,
}

impl<T> FairMutex<T> {
    pub(super) const fn new(value: T) -> Self {
        Self {
            gate: Mutex::new(()),
            value: Mutex::new(value),
        }
    }

    /// A thread that panicked under the lock does not keep others from closing down in order.
    pub(super) fn lock(&self) -> MutexGuard<'_, T> {
        let _gate = self.gate.lock().unwrap_or_else(PoisonError::into_inner);
        self.value.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicBool, Ordering};

    #[test]
    fn a_thread_that_locks_in_a_loop_does_not_starve_another() {
        let lock = FairMutex::new(0_u32);
        let stop = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    *lock.lock() += 1;
                }
            });
            let mut last = 0;
            for _ in 0..100 {
                let guard = lock.lock();
                assert!(*guard >= last);
                last = *guard;
            }
            stop.store(true, Ordering::Relaxed);
        });
    }
}
