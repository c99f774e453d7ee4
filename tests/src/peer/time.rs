//! Virtual time: deadline by deadline.

use tcp_core::{Duration, Instant, Timer};

use super::{Peer, Seg};
use crate::packet::Segment;

impl Peer {
    /// Lets `ms` milliseconds pass, deadline by deadline.
    pub fn pass(&mut self, ms: u64) -> &mut Self {
        self.pass_until(self.now + Duration::from_millis(ms));
        self
    }

    /// Lets time pass up to `until`.
    ///
    /// # Panics
    /// When the stack spins.
    pub fn pass_until(&mut self, until: Instant) {
        let mut still = 0;
        while let Some((due, timer)) = self.stack.next_deadline().filter(|(at, _)| *at <= until) {
            still = if due <= self.now { still + 1 } else { 0 };
            assert!(still < 1_000, "time stands still at {timer}");
            self.now = self.now.max(due);
            self.run();
        }
        self.now = self.now.max(until);
    }

    /// Runs what is due now.
    pub fn run(&mut self) {
        self.oracle.caused(self.stack.rows(self.now).count());
        self.stack.advance(self.now);
        self.drain();
    }

    /// Nothing leaves for `ms` milliseconds, give or take units of 1.024 ms, in which
    /// timers count; then this
    /// segment does.
    ///
    /// # Panics
    /// When another leaves, or earlier, or later.
    #[track_caller]
    pub fn expect_after(&mut self, ms: u64, expected: Seg) -> Segment {
        let before = self.now;
        self.expect_nothing();
        let limit = before + Duration::from_millis(ms + 3);
        while self.out.is_empty() {
            let next = self.stack.next_deadline().filter(|(at, _)| *at <= limit);
            let Some((due, _)) = next else {
                panic!("{expected} did not come in {ms} ms{}", self.history());
            };
            self.now = self.now.max(due);
            self.run();
        }
        let passed = (self.now - before).as_micros();
        let history = self.history();
        assert!(
            passed + 2_000 >= ms * 1_000,
            "after {passed} us instead of {ms} ms{history}"
        );
        self.expect(expected)
    }

    /// How long the stack waits for anything, and what it waits for.
    #[must_use]
    pub fn next_deadline_ms(&self) -> Option<(u64, Timer)> {
        let (at, timer) = self.stack.next_deadline()?;
        Some(((at - self.now).as_micros() / 1_000, timer))
    }
}
