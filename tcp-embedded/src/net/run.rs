//! The task that drives a host.

use core::future::{Future, pending, poll_fn};
use core::mem;
use core::pin::pin;
use core::task::{Poll, Waker};

use tcp_core::{Duration, Instant, Memory};

use super::Net;
use crate::mac::Mac;
use crate::runner::NextWake;

/// What lets a task sleep, by the same origin of time as the [`Clock`](super::Clock).
///
/// With the feature `embassy-time` there is [`EmbassyTime`](crate::EmbassyTime).
///
/// ```
/// use tcp_core::Instant;
/// use tcp_embedded::Timer;
/// /// Of an executor that polls all tasks all the time.
/// struct Spin;
/// fn ticks() -> u64 { 0 }
/// impl Timer for Spin {
///     async fn until(&self, at: Instant) {
///         core::future::poll_fn(|cx| {
///             cx.waker().wake_by_ref();
///             if ticks() >= at.as_millis() { core::task::Poll::Ready(()) }
///             else { core::task::Poll::Pending }
///         }).await
///     }
/// }
/// ```
pub trait Timer {
    /// Completes at `at` or soon after it. Dropping the future is harmless.
    fn until(&self, at: Instant) -> impl Future<Output = ()>;
}

impl<T: Timer + ?Sized> Timer for &T {
    fn until(&self, at: Instant) -> impl Future<Output = ()> {
        (**self).until(at)
    }
}

/// A device that wakes a task.
///
/// ```
/// use core::task::Waker;
/// use tcp_embedded::{Cable, WakingMac};
/// let cable = Cable::<4>::new();
/// let (mut mac, _) = cable.ends();
/// mac.register(Waker::noop());
/// ```
pub trait WakingMac: Mac {
    /// Wakes `waker`, once at least, when a frame arrives, when there is room to transmit again, or
    /// when the state of the link changes, from this call on. Waking it without a reason is
    /// harmless. A later call replaces the waker.
    ///
    /// The device is looked at after this call and before the task sleeps: what was there before
    /// need not wake.
    fn register(&mut self, waker: &Waker);
}

impl<D: WakingMac + ?Sized> WakingMac for &mut D {
    fn register(&mut self, waker: &Waker) {
        (**self).register(waker);
    }
}

impl<'a, D: Mac, const CONNECTIONS: usize, M: Memory<'a>> Net<'a, D, CONNECTIONS, M> {
    /// Drives the host for ever: sleeps until the device wakes it, something is due, or a socket
    /// was used. For one task of its own.
    ///
    /// ```no_run
    /// use tcp_core::ListenAt;
    /// use tcp_embedded::{Net, NetError, Timer, WakingMac};
    /// async fn serve<D: WakingMac>(net: &Net<'_, D, 4>) -> Result<(), NetError> {
    ///     let listener = net.listen(ListenAt::new(7))?;
    ///     loop {
    ///         let mut stream = listener.accept().await?;
    ///         let _greeted = stream.write(b"hello").await;
    ///     }
    /// }
    /// async fn task<D: WakingMac>(net: &'static Net<'static, D, 4>, timer: impl Timer) -> ! {
    ///     net.run(timer).await
    /// }
    /// ```
    pub async fn run(&self, timer: impl Timer) -> !
    where
        D: WakingMac,
    {
        loop {
            let next = poll_fn(|cx| {
                self.wakers.register_runner(cx.waker());
                if let Ok(mut runner) = self.runner.try_borrow_mut() {
                    runner.mac().register(cx.waker());
                }
                Poll::Ready(self.turn())
            })
            .await;
            rest(next, &timer, pending()).await;
        }
    }

    /// As [`run`](Self::run), for a device that cannot wake a task: it is looked at each `period`
    /// at least.
    pub async fn run_every(&self, timer: impl Timer, period: Duration) -> ! {
        let device = async || {
            let next = self.clock.now() + period;
            timer.until(next).await;
        };
        self.run_with(&timer, device).await
    }

    /// As [`run`](Self::run), for a device whose interrupt is a future: `device` completes when the
    /// device wants to be looked at, and may be dropped before. It is asked after the device was
    /// looked at, so it has to tell a level, not an edge.
    ///
    /// ```no_run
    /// use tcp_embedded::{Mac, Net, Timer};
    /// /// The pin of embedded-hal-async.
    /// trait Wait { async fn wait_for_low(&mut self); }
    /// async fn task<D: Mac>(net: &Net<'_, D, 4>, timer: impl Timer, mut pin: impl Wait) -> ! {
    ///     net.run_with(timer, async || pin.wait_for_low().await).await
    /// }
    /// ```
    pub async fn run_with(&self, timer: impl Timer, mut device: impl AsyncFnMut()) -> ! {
        loop {
            let next = poll_fn(|cx| {
                self.wakers.register_runner(cx.waker());
                Poll::Ready(self.turn())
            })
            .await;
            rest(next, &timer, device()).await;
        }
    }
}

/// Sleeps until `device` completes, the time has come, or the task is woken for any reason: whoever
/// wakes it wants the host to be looked at.
async fn rest(next: NextWake, timer: &impl Timer, device: impl Future<Output = ()>) {
    let mut device = pin!(device);
    let mut timer = pin!(match next {
        NextWake::At(at) => Some(timer.until(at)),
        NextWake::Now | NextWake::Frame => None,
    });
    let mut has_slept = false;
    poll_fn(|cx| {
        if mem::replace(&mut has_slept, true) {
            return Poll::Ready(());
        }
        if next == NextWake::Now {
            // Other tasks have their turn first.
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let timer = timer.as_mut().as_pin_mut();
        if timer.is_some_and(|timer| timer.poll(cx).is_ready()) {
            return Poll::Ready(());
        }
        device.as_mut().poll(cx)
    })
    .await;
}
