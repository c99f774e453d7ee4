//! Sockets that wait in place, and the traits of embedded-io.
//!
//! While a call waits it drives the host, so a program without an executor needs no other super-
//! loop; what it does between two turns is [`Net::with_idle`](super::Net::with_idle).

use core::net::SocketAddr;

use embedded_io::{ErrorType, Read, ReadReady, Write, WriteReady};
use tcp_core::{Config, Duration, Instant};

use super::{NetError, Shared, TcpListener, TcpStream};
use crate::runner::NextWake;

/// A socket whose calls wait, for ever or for a while. After [`NetError::TimedOut`] the call may be
/// repeated: nothing was lost.
///
/// ```no_run
/// use embedded_io::{Read, Write};
/// use tcp_core::{Config, Duration};
/// use tcp_embedded::{Blocking, Mac, Net, NetError};
/// fn ask<D: Mac>(net: &Net<'_, D, 4>) -> Result<[u8; 16], NetError> {
///     let remote = "192.0.2.7:13".parse().unwrap();
///     let patience = Some(Duration::from_secs(5));
///     let mut stream = Blocking::connect(net, remote, Config::new(), patience)?;
///     stream.write_all(b"what time is it?")?;
///     let mut answer = [0; 16];
///     let _count = stream.read(&mut answer)?;
///     Ok(answer)
/// }
/// ```
#[derive(Debug)]
pub struct Blocking<S> {
    socket: S,
    timeout: Option<Duration>,
}

impl<S> Blocking<S> {
    /// Waits at most `timeout` in each call, or for ever.
    pub const fn new(socket: S, timeout: Option<Duration>) -> Self {
        Self { socket, timeout }
    }

    /// How long a call waits.
    pub const fn set_timeout(&mut self, timeout: Option<Duration>) {
        self.timeout = timeout;
    }

    /// The socket, whose calls do not wait.
    pub const fn get(&self) -> &S {
        &self.socket
    }

    /// The socket.
    pub fn into_inner(self) -> S {
        self.socket
    }
}

impl<'n, N: Shared + ?Sized> TcpStream<'n, N> {
    /// Makes its calls wait, at most `timeout`, or for ever.
    #[must_use]
    pub const fn into_blocking(self, timeout: Option<Duration>) -> Blocking<Self> {
        Blocking::new(self, timeout)
    }
}

impl<'n, N: Shared + ?Sized> TcpListener<'n, N> {
    /// Makes its calls wait, at most `timeout`, or for ever.
    #[must_use]
    pub const fn into_blocking(self, timeout: Option<Duration>) -> Blocking<Self> {
        Blocking::new(self, timeout)
    }
}

impl<'n, N: Shared + ?Sized> Blocking<TcpStream<'n, N>> {
    /// Opens a connection.
    ///
    /// # Errors
    /// Those of [`Stack::connect`](tcp_core::Stack::connect), why the handshake failed, and
    /// [`NetError::TimedOut`], after which the connection is given up.
    pub fn connect(
        net: &'n N,
        remote: SocketAddr,
        config: Config,
        timeout: Option<Duration>,
    ) -> Result<Self, NetError> {
        let socket = TcpStream::open(net, None, remote, config)?;
        wait(net, timeout, || socket.try_connected())?;
        Ok(Self { socket, timeout })
    }

    /// Waits until the peer acknowledged everything that was written, the FIN of
    /// [`TcpStream::finish`] included.
    ///
    /// # Errors
    /// Those of [`TcpStream::try_delivered`].
    pub fn delivered(&mut self) -> Result<(), NetError> {
        let socket = &self.socket;
        wait(socket.net, self.timeout, || socket.try_delivered())
    }
}

impl<'n, N: Shared + ?Sized> Blocking<TcpListener<'n, N>> {
    /// Waits for a connection. It waits as long as the listener does.
    ///
    /// # Errors
    /// [`NetError::TimedOut`].
    pub fn accept(&self) -> Result<Blocking<TcpStream<'n, N>>, NetError> {
        let listener = &self.socket;
        let socket = wait(listener.net, self.timeout, || listener.try_accept())?;
        Ok(socket.into_blocking(self.timeout))
    }
}

/// Drives the host until `look` finds something.
fn wait<N: Shared + ?Sized, T>(
    net: &N,
    timeout: Option<Duration>,
    mut look: impl FnMut() -> Result<Option<T>, NetError>,
) -> Result<T, NetError> {
    let deadline = timeout.map(|timeout| net.now() + timeout);
    loop {
        if let Some(found) = look()? {
            // What the call made due leaves without another one.
            let _ = net.poll_once();
            return Ok(found);
        }
        let next = net.poll_once();
        if let Some(found) = look()? {
            return Ok(found);
        }
        if deadline.is_some_and(|deadline| net.now() >= deadline) {
            return Err(NetError::TimedOut);
        }
        net.idle(earlier(next, deadline));
    }
}

fn earlier(next: NextWake, deadline: Option<Instant>) -> NextWake {
    match (next, deadline) {
        (NextWake::At(at), Some(deadline)) => NextWake::At(at.min(deadline)),
        (NextWake::Frame, Some(deadline)) => NextWake::At(deadline),
        (next, _) => next,
    }
}

impl<N: Shared + ?Sized> ErrorType for Blocking<TcpStream<'_, N>> {
    type Error = NetError;
}

impl<N: Shared + ?Sized> Read for Blocking<TcpStream<'_, N>> {
    fn read(&mut self, out: &mut [u8]) -> Result<usize, NetError> {
        let socket = &self.socket;
        wait(socket.net, self.timeout, || socket.try_read(out))
    }
}

/// `flush` hands to the device what can leave now; the rest leaves while others wait or poll.
/// [`Blocking::delivered`] waits for its acknowledgment.
impl<N: Shared + ?Sized> Write for Blocking<TcpStream<'_, N>> {
    fn write(&mut self, octets: &[u8]) -> Result<usize, NetError> {
        let socket = &self.socket;
        wait(socket.net, self.timeout, || socket.try_write(octets))
    }

    fn flush(&mut self) -> Result<(), NetError> {
        let _ = self.socket.net.poll_once();
        Ok(())
    }
}

impl<N: Shared + ?Sized> ReadReady for Blocking<TcpStream<'_, N>> {
    fn read_ready(&mut self) -> Result<bool, NetError> {
        let _ = self.socket.net.poll_once();
        self.socket.can_read()
    }
}

impl<N: Shared + ?Sized> WriteReady for Blocking<TcpStream<'_, N>> {
    fn write_ready(&mut self) -> Result<bool, NetError> {
        let _ = self.socket.net.poll_once();
        self.socket.can_write()
    }
}
