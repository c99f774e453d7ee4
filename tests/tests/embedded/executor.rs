//! An executor for tests: a task is polled only when its waker was woken, so that a lost wake-up is
//! a test that ends in "nobody will ever be woken".

use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Wake, Waker};

/// One flag a task.
struct Flag {
    is_woken: AtomicBool,
}

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.is_woken.store(true, Ordering::Relaxed);
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
