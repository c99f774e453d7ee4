//! What sockets ask of the host that they belong to.

use core::net::SocketAddr;

use tcp_core::{
    CloseReason, Config, Handle, Info, Instant, ListenAt, ListenerHandle, Memory, Misuse, State,
    Tuple,
};

use super::{Net, NetError, SharedStack};
use crate::mac::Mac;
use crate::runner::NextWake;

/// A running host that sockets share: a [`Net`], whatever its device and its memory.
///
/// Sockets name it by type. Where a task cannot be generic, or a program has several hosts, the
/// default `dyn Shared` makes them all one type, for the price of one table of calls:
///
/// ```
/// use tcp_embedded::{NetError, Shared, TcpStream};
/// fn greet(stream: &TcpStream<'_>) -> Result<(), NetError> {
///     stream.try_write(b"hello").map(|_| ())
/// }
/// fn greet_without_a_table(stream: &TcpStream<'_, impl Shared>) -> Result<(), NetError> {
///     stream.try_write(b"hello").map(|_| ())
/// }
/// ```
///
/// The trait is sealed.
pub trait Shared: Calls {}

impl<N: Calls + ?Sized> Shared for N {}

/// Who waits for what.
#[cfg(feature = "async")]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Waits {
    /// For something to read, or the end.
    Read(Handle),
    /// For room to write, for the connection to be open, or the end.
    Write(Handle),
    /// For all that was written to be acknowledged.
    Delivery(Handle),
    /// For a connection to accept.
    Accept(ListenerHandle),
}

/// The calls behind the sockets.
pub trait Calls {
    fn now(&self) -> Instant;
    fn poll_once(&self) -> NextWake;
    fn idle(&self, next: NextWake);
    fn default_config(&self) -> Config;
    fn open(
        &self,
        local: Option<SocketAddr>,
        remote: SocketAddr,
        config: Config,
    ) -> Result<Handle, NetError>;
    fn start_listening(&self, at: ListenAt) -> Result<ListenerHandle, NetError>;
    fn stop_listening(&self, listener: ListenerHandle);
    fn take_accepted(&self, listener: ListenerHandle) -> Result<Option<Handle>, NetError>;
    /// Whether the handshake is done.
    fn opened(&self, handle: Handle) -> Result<Option<()>, NetError>;
    /// `Some(0)` is the end of the stream, `None` that nothing is there yet.
    fn read(&self, handle: Handle, out: &mut [u8]) -> Result<Option<usize>, NetError>;
    fn peek(&self, handle: Handle, out: &mut [u8]) -> Result<Option<usize>, NetError>;
    /// `None`: no room yet.
    fn write(&self, handle: Handle, octets: &[u8]) -> Result<Option<usize>, NetError>;
    fn write_with(
        &self,
        handle: Handle,
        fill: &mut dyn FnMut(&mut [u8]) -> usize,
    ) -> Result<Option<usize>, NetError>;
    /// Whether a read would not wait.
    fn can_read(&self, handle: Handle) -> Result<bool, NetError>;
    /// Whether a write would not wait.
    fn can_write(&self, handle: Handle) -> Result<bool, NetError>;
    /// Whether all that was written, a FIN included, is acknowledged.
    fn delivered(&self, handle: Handle) -> Result<Option<()>, NetError>;
    fn finish(&self, handle: Handle) -> Result<(), NetError>;
    fn abort(&self, handle: Handle) -> Result<(), NetError>;
    fn close(&self, handle: Handle);
    fn ends(&self, handle: Handle) -> Result<Tuple, NetError>;
    fn info(&self, handle: Handle) -> Result<Info, NetError>;
    fn config_of(&self, handle: Handle) -> Result<Config, NetError>;
    fn set_config_of(&self, handle: Handle, config: Config) -> Result<(), NetError>;
    #[cfg(feature = "async")]
    fn wait(&self, waits: Waits, waker: &core::task::Waker);
}

impl<'a, D: Mac, const N: usize, M: Memory<'a>> Calls for Net<'a, D, N, M> {
    fn now(&self) -> Instant {
        self.clock.now()
    }

    fn poll_once(&self) -> NextWake {
        self.poll()
    }

    fn idle(&self, next: NextWake) {
        (self.idle)(next);
    }

    fn default_config(&self) -> Config {
        self.config
    }

    fn open(
        &self,
        local: Option<SocketAddr>,
        remote: SocketAddr,
        config: Config,
    ) -> Result<Handle, NetError> {
        let opened = self.call(|now, stack| stack.connect(now, local, remote, config))?;
        Ok(opened?)
    }

    fn start_listening(&self, at: ListenAt) -> Result<ListenerHandle, NetError> {
        Ok(self.call(|_, stack| stack.listen(at))??)
    }

    fn stop_listening(&self, listener: ListenerHandle) {
        // A listener that is not there is stopped.
        let _ = self.call(|now, stack| stack.unlisten(now, listener));
    }

    fn take_accepted(&self, listener: ListenerHandle) -> Result<Option<Handle>, NetError> {
        Ok(self.call(|_, stack| stack.accept(listener))??)
    }

    fn opened(&self, handle: Handle) -> Result<Option<()>, NetError> {
        self.call(|_, stack| match stack.state(handle)? {
            State::SynSent | State::SynReceived => Ok(None),
            State::Closed => Err(why(stack, handle)),
            State::Listen
            | State::Established
            | State::FinWait1
            | State::FinWait2
            | State::CloseWait
            | State::Closing
            | State::LastAck
            | State::TimeWait => Ok(Some(())),
        })?
    }

    fn read(&self, handle: Handle, out: &mut [u8]) -> Result<Option<usize>, NetError> {
        self.call(|now, stack| match stack.read(now, handle, out) {
            Ok(0) if out.is_empty() || stack.is_finished(handle)? => Ok(Some(0)),
            Ok(0) => Ok(None),
            Ok(count) => Ok(Some(count)),
            Err(misuse) => Err(ended(stack, handle, misuse)),
        })?
    }

    fn peek(&self, handle: Handle, out: &mut [u8]) -> Result<Option<usize>, NetError> {
        self.call(|now, stack| match stack.peek(handle, out)? {
            0 if out.is_empty() || stack.is_finished(handle)? => Ok(Some(0)),
            // Reading nothing says whether anything will come.
            0 => match stack.read(now, handle, &mut []) {
                Ok(_) => Ok(None),
                Err(misuse) => Err(ended(stack, handle, misuse)),
            },
            count => Ok(Some(count)),
        })?
    }

    fn write(&self, handle: Handle, octets: &[u8]) -> Result<Option<usize>, NetError> {
        self.call(|now, stack| match stack.send(now, handle, octets) {
            Ok(0) if !octets.is_empty() => Ok(None),
            Ok(count) => Ok(Some(count)),
            Err(misuse) => Err(ended(stack, handle, misuse)),
        })?
    }

    fn write_with(
        &self,
        handle: Handle,
        fill: &mut dyn FnMut(&mut [u8]) -> usize,
    ) -> Result<Option<usize>, NetError> {
        self.call(|now, stack| {
            let mut is_full = false;
            let written = stack.send_with(now, handle, |space| {
                is_full = space.is_empty();
                if is_full { 0 } else { fill(space) }
            });
            match written {
                Ok(_) if is_full => Ok(None),
                Ok(count) => Ok(Some(count)),
                Err(misuse) => Err(ended(stack, handle, misuse)),
            }
        })?
    }

    fn can_read(&self, handle: Handle) -> Result<bool, NetError> {
        self.call(|_, stack| {
            let is_over = stack.state(handle)? == State::Closed;
            Ok(is_over || stack.readable(handle)? > 0 || stack.is_finished(handle)?)
        })?
    }

    fn can_write(&self, handle: Handle) -> Result<bool, NetError> {
        self.call(|_, stack| match stack.state(handle)? {
            State::SynSent | State::SynReceived | State::Established | State::CloseWait => {
                Ok(stack.writable(handle)? > 0)
            }
            // A write fails at once.
            State::Closed
            | State::Listen
            | State::FinWait1
            | State::FinWait2
            | State::Closing
            | State::LastAck
            | State::TimeWait => Ok(true),
        })?
    }

    fn delivered(&self, handle: Handle) -> Result<Option<()>, NetError> {
        self.call(|now, stack| delivered(stack, now, handle))?
    }

    fn finish(&self, handle: Handle) -> Result<(), NetError> {
        self.call(|now, stack| match stack.shutdown(now, handle) {
            Ok(()) | Err(Misuse::Closing) => Ok(()),
            Err(misuse) => unless_finished(ended(stack, handle, misuse)),
        })?
    }

    fn abort(&self, handle: Handle) -> Result<(), NetError> {
        Ok(self.call(|now, stack| stack.abort(now, handle))??)
    }

    fn close(&self, handle: Handle) {
        // A connection that is not there is closed.
        let _ = self.call(|now, stack| stack.close(now, handle));
    }

    fn ends(&self, handle: Handle) -> Result<Tuple, NetError> {
        Ok(self.call(|_, stack| stack.tuple(handle))??)
    }

    fn info(&self, handle: Handle) -> Result<Info, NetError> {
        Ok(self.call(|now, stack| stack.info(now, handle))??)
    }

    fn config_of(&self, handle: Handle) -> Result<Config, NetError> {
        Ok(self.call(|_, stack| stack.config(handle))??)
    }

    fn set_config_of(&self, handle: Handle, config: Config) -> Result<(), NetError> {
        Ok(self.call(|now, stack| stack.set_config(now, handle, config))??)
    }

    #[cfg(feature = "async")]
    fn wait(&self, waits: Waits, waker: &core::task::Waker) {
        self.wakers.register(waits, waker);
    }
}

/// What a refusal means: the end of the connection where it has ended.
fn ended<'a, M: Memory<'a>>(
    stack: &SharedStack<'a, M>,
    handle: Handle,
    misuse: Misuse,
) -> NetError {
    if misuse == Misuse::Closed {
        why(stack, handle)
    } else {
        NetError::Refused(misuse)
    }
}

/// An end that both sides wanted is no error.
fn unless_finished(error: NetError) -> Result<(), NetError> {
    if error == NetError::Ended(CloseReason::Finished) {
        Ok(())
    } else {
        Err(error)
    }
}

/// Why the connection ended.
fn why<'a, M: Memory<'a>>(stack: &SharedStack<'a, M>, handle: Handle) -> NetError {
    match stack.close_reason(handle) {
        Ok(Some(reason)) => NetError::Ended(reason),
        Ok(None) => NetError::Refused(Misuse::Closed),
        Err(misuse) => NetError::Refused(misuse),
    }
}

/// Whether all that was written, a FIN included, is acknowledged.
pub(super) fn delivered<'a, M: Memory<'a>>(
    stack: &SharedStack<'a, M>,
    now: Instant,
    handle: Handle,
) -> Result<Option<()>, NetError> {
    match stack.state(handle)? {
        State::FinWait1 | State::Closing | State::LastAck => Ok(None),
        State::Closed => unless_finished(why(stack, handle)).map(Some),
        State::FinWait2 | State::TimeWait => Ok(Some(())),
        State::Listen
        | State::SynSent
        | State::SynReceived
        | State::Established
        | State::CloseWait => {
            let outstanding = stack.info(now, handle)?.send_queue;
            Ok((outstanding == 0).then_some(()))
        }
    }
}
