//! How a blocked caller is woken, after the shard's lock was released.
//!
//! A caller takes a ticket under the shard's lock, releases the lock and waits. Whatever happens
//! to its connection after the ticket was taken makes the wait end, so no wake-up is missed.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Instant;

use crate::clock::monotonic;

#[derive(Debug, Default)]
pub(crate) struct Signal {
    turn: Mutex<u64>,
    changed: Condvar,
    waiting: AtomicU32,
}

/// The right to wait for the next notification.
#[derive(Debug)]
#[must_use]
pub(crate) struct Ticket<'s> {
    signal: &'s Signal,
    turn: u64,
}

impl Signal {
    /// Whether anybody holds a ticket: if not, a notification costs nothing.
    pub(crate) fn is_awaited(&self) -> bool {
        self.waiting.load(Ordering::Relaxed) > 0
    }

    /// To be taken under the shard's lock, which also orders `waiting`.
    pub(crate) fn ticket(&self) -> Ticket<'_> {
        self.waiting.fetch_add(1, Ordering::Relaxed);
        Ticket {
            signal: self,
            turn: *self.turn.lock().unwrap_or_else(PoisonError::into_inner),
        }
    }

    pub(crate) fn notify(&self) {
        *self.turn.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.changed.notify_all();
    }
}

impl Ticket<'_> {
    /// Waits until a notification or the deadline.
    pub(crate) fn wait(self, deadline: Option<Instant>) {
        let mut turn = self
            .signal
            .turn
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        while *turn == self.turn {
            let Some(deadline) = deadline else {
                turn = self
                    .signal
                    .changed
                    .wait(turn)
                    .unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            let left = deadline.saturating_duration_since(monotonic());
            if left.is_zero() {
                return;
            }
            let waited = self.signal.changed.wait_timeout(turn, left);
            turn = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

impl Drop for Ticket<'_> {
    fn drop(&mut self) {
        self.signal.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The two things that a stream can be waited for.
#[derive(Debug, Default)]
pub(crate) struct Signals {
    /// Data, the end, or the end of all.
    pub(crate) read: Signal,
    /// Room, the handshake, or the end of all.
    pub(crate) write: Signal,
}

/// Whom to wake once the lock is released.
#[derive(Debug, Default)]
pub(super) struct Wakes {
    list: Vec<(Arc<Signals>, Side)>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Side {
    Read,
    Write,
}

impl Wakes {
    pub(super) fn add(&mut self, signals: &Arc<Signals>, side: Side) {
        let signal = match side {
            Side::Read => &signals.read,
            Side::Write => &signals.write,
        };
        if signal.is_awaited() {
            self.list.push((Arc::clone(signals), side));
        }
    }

    /// Moves the list out, to be fired later; costs nothing when it is empty.
    pub(super) fn take(&mut self) -> Self {
        Self {
            list: std::mem::take(&mut self.list),
        }
    }

    pub(super) fn fire(&mut self) {
        for (signals, side) in self.list.drain(..) {
            match side {
                Side::Read => signals.read.notify(),
                Side::Write => signals.write.notify(),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn z07_a_notification_between_the_ticket_and_the_wait_is_not_missed() {
        let signal = Signal::default();
        let ticket = signal.ticket();
        assert!(signal.is_awaited());
        signal.notify();
        ticket.wait(None);
        assert!(!signal.is_awaited());
    }

    #[test]
    fn a_wait_ends_at_its_deadline() {
        let signal = Signal::default();
        let deadline = monotonic() + Duration::from_millis(5);
        signal.ticket().wait(Some(deadline));
        assert!(monotonic() >= deadline);
    }
}
