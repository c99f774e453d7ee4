//! A shard: one device queue, one stack behind a lock, one thread.
//!
//! The thread reads a batch of packets without the lock, then takes the lock for one turn of the
//! loop: receive, events, timers, transmit. Callers take the lock, copy, transmit what their call
//! made due, and leave; those that block wait on a signal outside the lock. The thread is woken
//! only when a call made its deadline earlier.

mod batch;
mod core;
mod lock;
mod signal;

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll};
use tcp_core::{Host, Stack};

use crate::clock::{Clock, monotonic};
use crate::device::Device;
use crate::memory::HeapMemory;
use crate::observe::Observer;
use batch::{Batch, Filled};
pub(crate) use core::{Acceptor, Core, Slot};
use core::{Sleep, Wait};
use lock::FairMutex;
pub(crate) use signal::{Signal, Signals};

pub(crate) type HostStack = Stack<'static, Host, HeapMemory>;

/// What the drop of the last handle grants closed connections to deliver their data.
const LAST_DRAIN: Duration = Duration::from_secs(2);
/// How long a device that reports errors is left alone.
const AFTER_ERROR: Duration = Duration::from_millis(10);
/// With a full device the stack's deadline says "at once" and hides when the next timer is due.
const FULL_DEVICE_NAP_MICROS: u64 = 10_000;

/// The owner of a shard's thread. When the last handle is dropped, so is the shard.
#[derive(Debug)]
pub(crate) struct Shard {
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Debug)]
struct Shared {
    device: Device,
    wake: std::os::fd::OwnedFd,
    clock: Clock,
    stop: AtomicBool,
    core: FairMutex<Core>,
}

impl Shard {
    pub(crate) fn start(
        device: Device,
        stack: HostStack,
        observers: Vec<Box<dyn Observer>>,
    ) -> io::Result<Self> {
        let clock = Clock::start();
        let shared = Arc::new(Shared {
            core: FairMutex::new(Core::new(stack, clock, device.mtu(), observers)),
            device,
            wake: eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?,
            clock,
            stop: AtomicBool::new(false),
        });
        let for_thread = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name("tcp-shard".to_owned())
            .spawn(move || for_thread.run())?;
        Ok(Self {
            shared,
            thread: Mutex::new(Some(thread)),
        })
    }

    /// Runs a user call under the lock, sends what it made due and wakes whom it concerns.
    pub(crate) fn call<R>(&self, call: impl FnOnce(&mut Core, tcp_core::Instant) -> R) -> R {
        let shared = &*self.shared;
        let mut core = shared.core.lock();
        let now = shared.clock.now();
        let result = call(&mut core, now);
        let wait = core.settle(now, &shared.device);
        let mut wakes = core.wakes.take();
        drop(core);
        if wait == Wait::Earlier {
            shared.wake_thread();
        }
        wakes.fire();
        result
    }

    /// Calls until `attempt` gives a result or the deadline comes (then `None`).
    pub(crate) fn block<R>(
        &self,
        signal: &Signal,
        deadline: Option<Instant>,
        mut attempt: impl FnMut(&mut Core, tcp_core::Instant) -> Option<R>,
    ) -> Option<R> {
        loop {
            let outcome = self.call(|core, now| attempt(core, now).ok_or_else(|| signal.ticket()));
            let ticket = match outcome {
                Ok(result) => return Some(result),
                Err(ticket) => ticket,
            };
            if deadline.is_some_and(|deadline| monotonic() >= deadline) {
                return None;
            }
            ticket.wait(deadline);
        }
    }

    /// Calls after each turn of the thread until `attempt` gives a result or the deadline comes.
    pub(crate) fn block_on_turns<R>(
        &self,
        deadline: Option<Instant>,
        attempt: impl FnMut(&mut Core, tcp_core::Instant) -> Option<R>,
    ) -> Option<R> {
        let turns = self.call(|core, _| core.turns());
        self.block(&turns.read, deadline, attempt)
    }

    /// Stops to listen, waits until every connection is closed, resets those that are not by the
    /// deadline, and stops the thread. Returns whether everything closed in time.
    pub(crate) fn drain(&self, deadline: Instant) -> io::Result<bool> {
        self.call(|core, now| core.unlisten_all(now));
        let drained = self.block_on_turns(Some(deadline), |core, now| {
            (core.is_gone() || core.live_connections(now) == 0).then_some(())
        });
        if drained.is_none() {
            self.call(|core, now| core.abort_all(now));
        }
        self.stop();
        self.shared.core.lock().finish_observers()?;
        Ok(drained.is_some())
    }

    fn stop(&self) {
        self.shared.stop.store(true, Ordering::Release);
        self.shared.wake_thread();
        let thread = self
            .thread
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(thread) = thread {
            // The thread's panic was reported when it happened.
            let _ = thread.join();
        }
    }
}

impl Drop for Shard {
    fn drop(&mut self) {
        let running = self
            .thread
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .is_some();
        if running {
            // Nobody is left to be told.
            let _ = self.drain(monotonic() + LAST_DRAIN);
        }
    }
}

impl Shared {
    fn wake_thread(&self) {
        // It can only fail when the counter is full, and then the thread is awake.
        let _ = rustix::io::write(&self.wake, &1_u64.to_ne_bytes());
    }

    fn run(&self) {
        // Also when a service panics: nobody shall wait for a thread that is no more.
        let _ending = Ending(self);
        let mut batch = Batch::new();
        let mut filled = batch.fill(&self.device);
        while filled != Filled::Gone && !self.stop.load(Ordering::Acquire) {
            let mut core = self.core.lock();
            let now = self.clock.now();
            for packet in batch.packets() {
                core.receive(now, packet);
            }
            let sleep = core.turn(now, &self.device);
            let mut wakes = core.wakes.take();
            drop(core);
            wakes.fire();
            match filled {
                // An error that lasts shall not keep a processor busy.
                Filled::Failed => std::thread::sleep(AFTER_ERROR),
                Filled::Drained if !self.sleep(sleep) => break,
                Filled::Drained | Filled::Full | Filled::Gone => {}
            }
            filled = batch.fill(&self.device);
        }
    }

    /// Waits for packets, room, a call or the deadline; false when the device is gone.
    fn sleep(&self, sleep: Sleep) -> bool {
        let (flags, until) = match sleep {
            Sleep::Not => return true,
            Sleep::Until(until) => (PollFlags::IN, until),
            Sleep::Full => {
                let nap = tcp_core::Duration::from_micros(FULL_DEVICE_NAP_MICROS);
                (PollFlags::IN | PollFlags::OUT, Some(self.clock.now() + nap))
            }
        };
        let timeout = until.map(|until| {
            let micros = (until - self.clock.now()).as_micros();
            Timespec {
                tv_sec: i64::try_from(micros / 1_000_000).unwrap_or(i64::MAX),
                tv_nsec: (micros % 1_000_000 * 1_000) as _,
            }
        });
        let mut fds = [
            PollFd::new(&self.device, flags),
            PollFd::new(&self.wake, PollFlags::IN),
        ];
        // An interrupted poll is like one that found something.
        let _ = poll(&mut fds, timeout.as_ref());
        let [device, wake] = fds.map(|fd| fd.revents());
        if wake.contains(PollFlags::IN) {
            let _ = rustix::io::read(&self.wake, &mut [0; 8]);
        }
        let broken = PollFlags::ERR | PollFlags::HUP | PollFlags::NVAL;
        !device.intersects(broken) || device.contains(PollFlags::IN)
    }
}

/// Marks the shard as gone when its thread ends, however it ends.
struct Ending<'s>(&'s Shared);

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        let mut core = self.0.core.lock();
        core.end();
        let mut wakes = core.wakes.take();
        drop(core);
        wakes.fire();
    }
}
