//! One connection, as its user sees it.

use core::fmt;
use core::net::SocketAddr;

use tcp_core::{Config, Handle, Info, Switch};

use super::{NetError, Shared};

/// A connection.
///
/// The calls here never wait. [`into_blocking`](Self::into_blocking) makes one that waits in
/// place; with the feature `async` the stream itself implements `Read` and `Write` of
/// embedded-io-async.
///
/// Its drop closes it gracefully: what was written is delivered, and then comes the FIN, without
/// further help. What was not read, or arrives later, makes that a reset.
///
/// ```no_run
/// use tcp_core::Config;
/// use tcp_embedded::{Mac, Net, NetError};
/// fn visit<D: Mac>(net: &Net<'_, D, 4>) -> Result<(), NetError> {
///     let stream = net.open("192.0.2.7:80".parse().unwrap(), Config::new())?;
///     while stream.try_connected()?.is_none() {
///         let _next = net.poll();
///     }
///     let _ = stream.try_write(b"GET / HTTP/1.0\r\n\r\n")?;
///     stream.finish()
/// }
/// ```
pub struct TcpStream<'n, N: Shared + ?Sized = dyn Shared + 'n> {
    pub(super) net: &'n N,
    pub(super) handle: Handle,
}

impl<'n, N: Shared + ?Sized> TcpStream<'n, N> {
    /// Begins to open a connection, and does not wait. `local`: `None` chooses address and port; an
    /// unspecified address or port 0 chooses that one.
    ///
    /// # Errors
    /// Those of [`Stack::connect`](tcp_core::Stack::connect).
    pub fn open(
        net: &'n N,
        local: Option<SocketAddr>,
        remote: SocketAddr,
        config: Config,
    ) -> Result<Self, NetError> {
        let handle = net.open(local, remote, config)?;
        Ok(Self { net, handle })
    }

    /// Whether the connection is open: `None` while the handshake goes on.
    ///
    /// # Errors
    /// [`NetError::Ended`] when it failed.
    pub fn try_connected(&self) -> Result<Option<()>, NetError> {
        self.net.opened(self.handle)
    }

    /// Takes what is there: `None` when nothing is there yet, `Some(0)` when the peer closed and
    /// everything was read.
    ///
    /// # Errors
    /// [`NetError::Ended`] when the connection ended otherwise, and everything that arrived before
    /// was read.
    pub fn try_read(&self, out: &mut [u8]) -> Result<Option<usize>, NetError> {
        self.net.read(self.handle, out)
    }

    /// As [`try_read`](Self::try_read), but takes nothing.
    ///
    /// # Errors
    /// Those of [`try_read`](Self::try_read).
    pub fn try_peek(&self, out: &mut [u8]) -> Result<Option<usize>, NetError> {
        self.net.peek(self.handle, out)
    }

    /// Queues what fits of `octets`; `None` when there is no room.
    ///
    /// # Errors
    /// [`Misuse::Closing`](tcp_core::Misuse::Closing) after [`finish`](Self::finish),
    /// [`NetError::Ended`] when the connection is over.
    pub fn try_write(&self, octets: &[u8]) -> Result<Option<usize>, NetError> {
        self.net.write(self.handle, octets)
    }

    /// As [`try_write`](Self::try_write), in place: `fill` is given free space, never none, and
    /// says how much of it it filled.
    ///
    /// # Errors
    /// Those of [`try_write`](Self::try_write).
    pub fn try_write_with(
        &self,
        mut fill: impl FnMut(&mut [u8]) -> usize,
    ) -> Result<Option<usize>, NetError> {
        self.net.write_with(self.handle, &mut fill)
    }

    /// Whether reading would give something at once: octets, the end, or an error.
    ///
    /// # Errors
    /// [`NetError::Busy`].
    pub fn can_read(&self) -> Result<bool, NetError> {
        self.net.can_read(self.handle)
    }

    /// Whether writing would succeed or fail at once.
    ///
    /// # Errors
    /// [`NetError::Busy`].
    pub fn can_write(&self) -> Result<bool, NetError> {
        self.net.can_write(self.handle)
    }

    /// Closes the sending side: a FIN follows what was written. Reading goes on. Once closed it
    /// stays closed, and closing it again is no error. While the handshake goes on it ends the
    /// connection, as RFC 9293 has it.
    ///
    /// # Errors
    /// [`NetError::Ended`] when the connection is over, unless both sides closed it.
    pub fn finish(&self) -> Result<(), NetError> {
        self.net.finish(self.handle)
    }

    /// Whether the peer acknowledged everything that was written, the FIN of
    /// [`finish`](Self::finish) included: `None` when not yet.
    ///
    /// # Errors
    /// [`NetError::Ended`] when the connection is over and something may be missing.
    pub fn try_delivered(&self) -> Result<Option<()>, NetError> {
        self.net.delivered(self.handle)
    }

    /// Ends the connection with a reset. What was written may be lost.
    ///
    /// # Errors
    /// [`NetError::Busy`].
    pub fn abort(&self) -> Result<(), NetError> {
        self.net.abort(self.handle)
    }

    /// Our end.
    ///
    /// # Errors
    /// [`NetError::Busy`].
    pub fn local_addr(&self) -> Result<SocketAddr, NetError> {
        Ok(self.net.ends(self.handle)?.local())
    }

    /// The peer's end.
    ///
    /// # Errors
    /// [`NetError::Busy`].
    pub fn peer_addr(&self) -> Result<SocketAddr, NetError> {
        Ok(self.net.ends(self.handle)?.remote())
    }

    /// The knobs.
    ///
    /// # Errors
    /// [`NetError::Busy`].
    pub fn config(&self) -> Result<Config, NetError> {
        self.net.config_of(self.handle)
    }

    /// Replaces the knobs of the connection.
    ///
    /// # Errors
    /// [`NetError::Busy`].
    pub fn set_config(&self, config: Config) -> Result<(), NetError> {
        self.net.set_config_of(self.handle, config)
    }

    /// Whether small segments wait for company (Nagle's algorithm).
    ///
    /// # Errors
    /// [`NetError::Busy`].
    pub fn set_nagle(&self, nagle: Switch) -> Result<(), NetError> {
        self.set_config(self.config()?.nagle(nagle))
    }

    /// A snapshot.
    ///
    /// # Errors
    /// [`NetError::Busy`].
    pub fn info(&self) -> Result<Info, NetError> {
        self.net.info(self.handle)
    }

    /// The handle, for calls on the stack itself. It is void when the stream is dropped.
    #[must_use]
    pub const fn handle(&self) -> Handle {
        self.handle
    }
}

impl<N: Shared + ?Sized> Drop for TcpStream<'_, N> {
    fn drop(&mut self) {
        self.net.close(self.handle);
    }
}

impl<N: Shared + ?Sized> fmt::Debug for TcpStream<'_, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TcpStream").field(&self.handle).finish()
    }
}
