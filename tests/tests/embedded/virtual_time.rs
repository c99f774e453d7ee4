//! Time that moves when nobody has anything to do.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::future::{Future, poll_fn};
use std::task::{Poll, Waker};

use tcp_core::{Duration, Instant};
use tcp_embedded::{Clock, Timer};

/// Time that moves when the executor says so.
#[derive(Debug, Default)]
pub(crate) struct Virtual {
    now: Cell<u64>,
    sleepers: RefCell<BTreeMap<(u64, u64), Waker>>,
    names: Cell<u64>,
}

impl Virtual {
    pub(crate) fn sleep(&self, duration: Duration) -> impl Future<Output = ()> {
        self.until(self.now() + duration)
    }

    /// Moves to the time of the next sleeper, and wakes it; false when nobody sleeps.
    pub(crate) fn advance(&self) -> bool {
        let Some(((at, _), waker)) = self.sleepers.borrow_mut().pop_first() else {
            return false;
        };
        self.now.set(self.now.get().max(at));
        waker.wake();
        true
    }
}

impl Clock for Virtual {
    fn now(&self) -> Instant {
        Instant::from_micros(self.now.get())
    }
}

impl Timer for Virtual {
    async fn until(&self, at: Instant) {
        let key = (at.as_micros(), self.names.get());
        self.names.set(self.names.get() + 1);
        let sleeper = Sleeper(self, key);
        poll_fn(|cx| {
            if self.now() >= at {
                return Poll::Ready(());
            }
            let waker = cx.waker().clone();
            self.sleepers.borrow_mut().insert(sleeper.1, waker);
            Poll::Pending
        })
        .await;
    }
}

struct Sleeper<'v>(&'v Virtual, (u64, u64));

impl Drop for Sleeper<'_> {
    fn drop(&mut self) {
        self.0.sleepers.borrow_mut().remove(&self.1);
    }
}
