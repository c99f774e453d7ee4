//! An executor and a clock for tests: time is virtual, and a task is polled only when its waker was
//! woken, so that a lost wake-up is a test that ends in "nobody will ever be woken".

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::future::{Future, poll_fn};
use std::net::Ipv4Addr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use tcp_core::{Duration, Instant};
use tcp_embedded::{Clock, Host, Ipv4Cidr, Timer};

pub(crate) const SERVER: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);
pub(crate) const CLIENT: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 2);

pub(crate) fn host(address: Ipv4Addr) -> Host {
    let [.., last] = address.octets();
    Host {
        secret: [last; 16],
        address: Ipv4Cidr::new(address, 24).unwrap(),
        gateway: None,
    }
}

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

/// One flag a task.
struct Flag {
    is_woken: AtomicBool,
    count: AtomicU64,
}

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.is_woken.store(true, Ordering::Relaxed);
        self.count.fetch_add(1, Ordering::Relaxed);
    }
}

struct Task<'t> {
    future: Pin<Box<dyn Future<Output = ()> + 't>>,
    flag: Arc<Flag>,
    is_done: bool,
}

/// Tasks that run until the first one is done.
#[derive(Default)]
pub(crate) struct Executor<'t> {
    tasks: Vec<Task<'t>>,
    pub(crate) polls: u64,
}

impl<'t> Executor<'t> {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn spawn<T>(&mut self, future: impl Future<Output = T> + 't) {
        let flag = Flag {
            is_woken: AtomicBool::new(true),
            count: AtomicU64::new(0),
        };
        self.tasks.push(Task {
            future: Box::pin(async {
                future.await;
            }),
            flag: Arc::new(flag),
            is_done: false,
        });
    }

    /// Runs everything until `main` is done. When nobody is woken `idle` moves time on; it says
    /// whether it did.
    pub(crate) fn run<T>(
        &mut self,
        main: impl Future<Output = T> + 't,
        mut idle: impl FnMut() -> bool,
    ) -> T
    where
        T: 't,
    {
        let result = std::rc::Rc::new(Cell::new(None));
        let place = std::rc::Rc::clone(&result);
        self.spawn(async move { place.set(Some(main.await)) });
        let main = self.tasks.len() - 1;
        for _ in 0..10_000_000_u64 {
            let mut was_polled = false;
            for task in &mut self.tasks {
                if task.is_done || !task.flag.is_woken.swap(false, Ordering::Relaxed) {
                    continue;
                }
                was_polled = true;
                self.polls += 1;
                let waker = Waker::from(Arc::clone(&task.flag));
                let polled = task.future.as_mut().poll(&mut Context::from_waker(&waker));
                task.is_done = polled.is_ready();
            }
            if self.tasks[main].is_done {
                return result.take().unwrap();
            }
            assert!(was_polled || idle(), "nobody will ever be woken");
        }
        panic!("never done");
    }
}

/// Polls `future` once, with a waker that nobody listens to.
pub(crate) fn poll_once<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    Pin::new(future).poll(&mut Context::from_waker(Waker::noop()))
}

/// Octet `place` of a stream of octets without a short period.
pub(crate) fn octet(place: usize) -> u8 {
    (place.wrapping_mul(2_654_435_761) >> 13) as u8
}

/// `count` octets of that stream from `from` on.
pub(crate) fn octets(from: usize, count: usize) -> Vec<u8> {
    (from..from + count).map(octet).collect()
}
