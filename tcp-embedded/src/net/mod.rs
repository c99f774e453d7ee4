//! A host that several tasks or parts of a program share, and its sockets.
//!
//! ```text
//!   TcpListener, TcpStream            calls, by handle
//!          |   shared.rs
//!         Net  = RefCell<Runner> + clock + wakers
//!          |                            events -> wakers.rs -> tasks
//!        Runner  (device, link layer, stack)
//! ```
//!
//! Invariants:
//! - The runner is borrowed for the length of one call and never while a waker is woken or dropped,
//!   since either may run foreign code that calls a socket.
//! - Every event of the stack passes through `dispatch`, after each turn and after each call, so a
//!   task that found nothing and left its waker is woken by what happens next.
//! - A call that makes something due earlier than the runner sleeps wakes the runner.

#[cfg(feature = "embedded-io")]
mod blocking;
#[cfg(feature = "edge-nal")]
mod edge;
mod error;
#[cfg(feature = "async")]
mod io_async;
mod listener;
#[cfg(feature = "embedded-nal")]
mod nal;
#[cfg(feature = "embedded-nal-async")]
mod nal_async;
#[cfg(feature = "picoserve")]
mod pico;
#[cfg(feature = "async")]
mod run;
mod shared;
mod stream;
#[cfg(feature = "async")]
mod wakers;

use core::cell::{Cell, RefCell};
use core::fmt;
use core::net::SocketAddr;

use tcp_core::{Config, Event, Firmware, Instant, ListenAt, Memory, Stack};

#[cfg(feature = "embedded-io")]
pub use blocking::Blocking;
pub use error::NetError;
#[cfg(feature = "async")]
pub use io_async::{ReadHalf, WriteHalf};
pub use listener::TcpListener;
#[cfg(feature = "embedded-nal")]
pub use nal::{Nal, NalSocket};
#[cfg(feature = "async")]
pub use run::{Timer, WakingMac};
pub use shared::Shared;
pub use stream::TcpStream;
#[cfg(feature = "async")]
pub(crate) use wakers::WakerCell;

use crate::mac::Mac;
use crate::resources::Pool;
use crate::runner::{NextWake, Runner};
use shared::Calls;

type SharedStack<'a, M> = Stack<'a, Firmware, M>;

/// What tells the time, from an origin of its own. It never goes back.
///
/// Every function and closure that returns an instant is one:
///
/// ```
/// use tcp_core::Instant;
/// use tcp_embedded::Clock;
/// fn ticks() -> u64 { 1_234 }
/// let clock = || Instant::from_micros(ticks() * 1_000);
/// assert_eq!(clock.now(), Instant::from_millis(1_234));
/// ```
pub trait Clock {
    /// The time.
    fn now(&self) -> Instant;
}

impl<F: Fn() -> Instant> Clock for F {
    fn now(&self) -> Instant {
        self()
    }
}

/// A running host that sockets share. `CONNECTIONS` is that of its
/// [`Resources`](crate::Resources).
///
/// All methods take `&self`, so a reference to it, from a local variable or a `static`, is all
/// that the parts of a program need in order to open sockets. It is for one executor, or one
/// super-loop: it is not `Sync`, and interrupts have no business in it.
///
/// Somebody has to drive it: either `run`, in a task of its own (feature `async`), or
/// [`poll`](Self::poll), from the super-loop. Blocking sockets do so themselves while they wait.
///
/// ```
/// use core::net::Ipv4Addr;
/// use tcp_core::{Instant, ListenAt};
/// use tcp_embedded::{Cable, Host, Ipv4Cidr, Net, Resources, Runner};
///
/// let cable = Cable::<4>::new();
/// let (mac, _) = cable.ends();
/// let clock = || Instant::from_millis(1); // of a real timer
/// let mut resources = Resources::<2, 1_024, 1_024, 16>::new();
/// let host = Host {
///     secret: *b"of a true random",
///     address: Ipv4Cidr::new(Ipv4Addr::new(192, 0, 2, 1), 24).unwrap(),
///     gateway: None,
/// };
/// let runner = Runner::new(mac, host, resources.lend()).unwrap();
/// let net: Net<_, 2> = Net::new(runner, &clock);
///
/// let listener = net.listen(ListenAt::new(80)).unwrap();
/// for _turn_of_the_super_loop in 0..3 {
///     let _next = net.poll();
///     while let Some(stream) = listener.try_accept().unwrap() {
///         let _ = stream.try_write(b"hello");
///     }
/// }
/// ```
pub struct Net<'a, D: Mac, const CONNECTIONS: usize, M: Memory<'a> = Pool<'a, CONNECTIONS>> {
    runner: RefCell<Runner<'a, D, M>>,
    clock: &'a dyn Clock,
    idle: &'a dyn Fn(NextWake),
    config: Config,
    /// When whoever drives the runner will do so; `None` is when a frame arrives.
    planned: Cell<Option<Instant>>,
    #[cfg(feature = "async")]
    wakers: wakers::Wakers<CONNECTIONS>,
}

impl<'a, D: Mac, const CONNECTIONS: usize, M: Memory<'a>> Net<'a, D, CONNECTIONS, M> {
    /// Shares a host.
    pub fn new(runner: Runner<'a, D, M>, clock: &'a dyn Clock) -> Self {
        Self {
            runner: RefCell::new(runner),
            clock,
            idle: &|_| (),
            config: Config::new(),
            planned: Cell::new(None),
            #[cfg(feature = "async")]
            wakers: wakers::Wakers::new(),
        }
    }

    /// What a blocking call does when there is nothing to do: by default nothing, which spins. It
    /// may sleep until an interrupt, but no longer than it is told: an interrupt that comes before
    /// it sleeps must end its sleep, as `wfe` has it.
    #[must_use]
    pub fn with_idle(mut self, idle: &'a dyn Fn(NextWake)) -> Self {
        self.idle = idle;
        self
    }

    /// The knobs of connections that are opened through an interface without a place for them.
    #[must_use]
    pub fn with_config(mut self, config: Config) -> Self {
        self.config = config;
        self
    }

    /// Does what is due, a bounded amount of it, and says when to do so again: see
    /// [`Runner::poll`]. Beside a task that runs the host it is harmless.
    pub fn poll(&self) -> NextWake {
        let planned = self.planned.get();
        let next = self.turn();
        // What a task that runs the host has planned stands, unless something is due earlier.
        let due = self.planned.replace(planned);
        if let Some(due) = due {
            self.wake_runner(due);
        }
        next
    }

    /// One turn of whoever drives the runner.
    fn turn(&self) -> NextWake {
        let now = self.clock.now();
        let Ok(mut runner) = self.runner.try_borrow_mut() else {
            return NextWake::Now;
        };
        let next = runner.poll(now);
        drop(runner);
        self.planned.set(match next {
            NextWake::Now => Some(Instant::ZERO),
            NextWake::At(at) => Some(at),
            NextWake::Frame => None,
        });
        self.dispatch(now);
        next
    }

    /// Opens a socket that accepts connections.
    ///
    /// # Errors
    /// Those of [`Stack::listen`].
    pub fn listen(&self, at: ListenAt) -> Result<TcpListener<'_, Self>, NetError> {
        TcpListener::open(self, at)
    }

    /// Begins to open a connection, and does not wait: see [`TcpStream::try_connected`].
    ///
    /// # Errors
    /// Those of [`Stack::connect`].
    pub fn open(
        &self,
        remote: SocketAddr,
        config: Config,
    ) -> Result<TcpStream<'_, Self>, NetError> {
        TcpStream::open(self, None, remote, config)
    }

    /// Lets `act` use the runner: for its counters, its device, or calls on the stack that sockets
    /// do not offer. `act` takes no events from the stack: sockets wait for them.
    ///
    /// # Errors
    /// [`NetError::Busy`] when it is called from within itself.
    pub fn with<R>(&self, act: impl FnOnce(&mut Runner<'a, D, M>) -> R) -> Result<R, NetError> {
        let now = self.clock.now();
        let mut runner = self.runner.try_borrow_mut().map_err(|_| NetError::Busy)?;
        let result = act(&mut runner);
        drop(runner);
        self.dispatch(now);
        self.wake_runner(Instant::ZERO);
        Ok(result)
    }

    /// Lets `act` use the stack, and draws the consequences.
    fn call<R>(
        &self,
        act: impl FnOnce(Instant, &mut SharedStack<'a, M>) -> R,
    ) -> Result<R, NetError> {
        let now = self.clock.now();
        let mut runner = self.runner.try_borrow_mut().map_err(|_| NetError::Busy)?;
        let stack = runner.stack();
        let result = act(now, stack);
        let due = stack.next_deadline();
        drop(runner);
        self.dispatch(now);
        if let Some((due, _)) = due {
            self.wake_runner(due);
        }
        Ok(result)
    }

    /// Tells who waits what happened. Each connection and listener is named at most once, and
    /// nothing happens in between.
    fn dispatch(&self, now: Instant) {
        while let Some(event) = self.next_event() {
            #[cfg(feature = "async")]
            self.wakers.wake(event);
            // Whoever polls looks at the sockets.
            #[cfg(not(feature = "async"))]
            let _ = event;
        }
        #[cfg(feature = "async")]
        self.wakers.wake_delivered(|handle| {
            let Ok(mut runner) = self.runner.try_borrow_mut() else {
                return true;
            };
            !matches!(shared::delivered(runner.stack(), now, handle), Ok(None))
        });
        #[cfg(not(feature = "async"))]
        let _ = now;
    }

    fn next_event(&self) -> Option<Event> {
        self.runner.try_borrow_mut().ok()?.stack().poll_event()
    }

    /// Something is due at `due`: the runner must not sleep longer.
    fn wake_runner(&self, due: Instant) {
        if self.planned.get().is_some_and(|planned| planned <= due) {
            return;
        }
        self.planned.set(Some(due));
        #[cfg(feature = "async")]
        self.wakers.wake_runner();
    }
}

impl<'a, D: Mac, const CONNECTIONS: usize, M: Memory<'a>> fmt::Debug
    for Net<'a, D, CONNECTIONS, M>
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Net")
            .field("now", &Calls::now(self))
            .field("planned", &self.planned.get())
            .finish_non_exhaustive()
    }
}
