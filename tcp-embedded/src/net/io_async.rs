//! Sockets for tasks: calls that wait, and the traits of embedded-io-async.
//!
//! Every future here may be dropped at any time: what it waited for stays where it is, and nothing
//! is taken or queued except in the moment in which it completes.

use core::fmt;
use core::future::poll_fn;
use core::net::SocketAddr;
use core::task::{Context, Poll};

use embedded_io::{ErrorType, ReadReady, WriteReady};
use embedded_io_async::{Read, Write};
use tcp_core::Config;

use super::shared::Waits;
use super::{NetError, Shared, TcpListener, TcpStream};

/// What a call that does not wait says.
type Now<T> = Result<Option<T>, NetError>;

impl<'n, N: Shared + ?Sized> TcpStream<'n, N> {
    /// Opens a connection. Dropping the future gives it up.
    ///
    /// ```no_run
    /// use tcp_core::Config;
    /// use tcp_embedded::{Mac, Net, NetError, TcpStream};
    /// async fn visit<D: Mac>(net: &Net<'_, D, 4>) -> Result<(), NetError> {
    ///     let remote = "192.0.2.7:7".parse().unwrap();
    ///     let mut stream = TcpStream::connect(net, remote, Config::new()).await?;
    ///     let (mut reader, mut writer) = stream.split();
    ///     writer.write(b"hello").await?;
    ///     let mut echo = [0; 5];
    ///     let _count = reader.read(&mut echo).await?;
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    /// Those of [`Stack::connect`](tcp_core::Stack::connect), and why the handshake failed.
    pub async fn connect(net: &'n N, remote: SocketAddr, config: Config) -> Result<Self, NetError> {
        Self::open(net, None, remote, config)?.connected().await
    }

    /// Waits until a connection that [`open`](Self::open) began is open.
    ///
    /// # Errors
    /// Why the handshake failed.
    pub async fn connected(self) -> Result<Self, NetError> {
        let waits = Waits::Write(self.handle);
        poll_fn(|cx| self.poll(cx, waits, self.try_connected())).await?;
        Ok(self)
    }

    /// Reads at least one octet, unless the stream is at its end.
    ///
    /// # Errors
    /// Those of [`try_read`](Self::try_read).
    pub async fn read(&mut self, out: &mut [u8]) -> Result<usize, NetError> {
        self.reading(out).await
    }

    /// Writes at least one octet.
    ///
    /// # Errors
    /// Those of [`try_write`](Self::try_write).
    pub async fn write(&mut self, octets: &[u8]) -> Result<usize, NetError> {
        self.writing(octets).await
    }

    /// Waits until a read would give something at once: octets, the end, or an error.
    ///
    /// # Errors
    /// [`NetError::Busy`].
    pub async fn readable(&mut self) -> Result<(), NetError> {
        self.becoming_readable().await
    }

    /// Waits until the peer acknowledged everything that was written, the FIN of
    /// [`finish`](Self::finish) included.
    ///
    /// # Errors
    /// Those of [`try_delivered`](Self::try_delivered).
    pub async fn delivered(&mut self) -> Result<(), NetError> {
        self.delivering().await
    }

    /// Reads up to the end and throws away what it reads.
    ///
    /// # Errors
    /// Those of [`try_read`](Self::try_read).
    pub async fn discard(&mut self) -> Result<(), NetError> {
        let mut nowhere = [0; 64];
        while self.reading(&mut nowhere).await? > 0 {}
        Ok(())
    }

    /// The two directions, for two tasks.
    pub fn split(&mut self) -> (ReadHalf<'_, 'n, N>, WriteHalf<'_, 'n, N>) {
        (ReadHalf { stream: self }, WriteHalf { stream: self })
    }

    async fn reading(&self, out: &mut [u8]) -> Result<usize, NetError> {
        let waits = Waits::Read(self.handle);
        poll_fn(|cx| self.poll(cx, waits, self.try_read(out))).await
    }

    async fn becoming_readable(&self) -> Result<(), NetError> {
        let waits = Waits::Read(self.handle);
        let readable = || Ok(self.can_read()?.then_some(()));
        poll_fn(|cx| self.poll(cx, waits, readable())).await
    }

    async fn writing(&self, octets: &[u8]) -> Result<usize, NetError> {
        let waits = Waits::Write(self.handle);
        poll_fn(|cx| self.poll(cx, waits, self.try_write(octets))).await
    }

    #[cfg(feature = "picoserve")]
    pub(super) async fn writing_with(
        &self,
        mut fill: impl FnMut(&mut [u8]) -> usize,
    ) -> Result<usize, NetError> {
        let waits = Waits::Write(self.handle);
        poll_fn(|cx| self.poll(cx, waits, self.try_write_with(&mut fill))).await
    }

    async fn delivering(&self) -> Result<(), NetError> {
        let waits = Waits::Delivery(self.handle);
        poll_fn(|cx| self.poll(cx, waits, self.try_delivered())).await
    }

    /// Leaves the task's waker if there is nothing now. Nothing can happen between the look and
    /// this: events come to the tables only in calls and in turns of the runner.
    fn poll<T>(&self, cx: &Context<'_>, waits: Waits, now: Now<T>) -> Poll<Result<T, NetError>> {
        match now.transpose() {
            Some(result) => Poll::Ready(result),
            None => {
                self.net.wait(waits, cx.waker());
                Poll::Pending
            }
        }
    }
}

impl<'n, N: Shared + ?Sized> TcpListener<'n, N> {
    /// Waits for a connection. It may have ended meanwhile; then its calls say why.
    ///
    /// As many tasks can wait as the host has connections. More of them take turns, and keep the
    /// processor awake with it.
    ///
    /// # Errors
    /// [`NetError::Busy`].
    pub async fn accept(&self) -> Result<TcpStream<'n, N>, NetError> {
        poll_fn(|cx| match self.try_accept().transpose() {
            Some(result) => Poll::Ready(result),
            None => {
                self.net.wait(Waits::Accept(self.handle), cx.waker());
                Poll::Pending
            }
        })
        .await
    }
}

/// The receiving direction of a [`TcpStream`].
///
/// ```no_run
/// use tcp_embedded::{NetError, ReadHalf};
/// async fn first_octet(reader: &mut ReadHalf<'_, '_>) -> Result<Option<u8>, NetError> {
///     let mut octet = [0];
///     Ok((reader.read(&mut octet).await? > 0).then_some(octet[0]))
/// }
/// ```
pub struct ReadHalf<'s, 'n, N: Shared + ?Sized = dyn Shared + 'n> {
    stream: &'s TcpStream<'n, N>,
}

/// The sending direction of a [`TcpStream`].
///
/// ```no_run
/// use tcp_embedded::{NetError, WriteHalf};
/// async fn part(writer: &mut WriteHalf<'_, '_>) -> Result<(), NetError> {
///     writer.write(b".").await?;
///     writer.finish()?;
///     writer.delivered().await
/// }
/// ```
pub struct WriteHalf<'s, 'n, N: Shared + ?Sized = dyn Shared + 'n> {
    stream: &'s TcpStream<'n, N>,
}

impl<'n, N: Shared + ?Sized> ReadHalf<'_, 'n, N> {
    /// See [`TcpStream::read`].
    ///
    /// # Errors
    /// As there.
    pub async fn read(&mut self, out: &mut [u8]) -> Result<usize, NetError> {
        self.stream.reading(out).await
    }

    /// See [`TcpStream::readable`].
    ///
    /// # Errors
    /// As there.
    pub async fn readable(&mut self) -> Result<(), NetError> {
        self.stream.becoming_readable().await
    }

    /// The stream.
    #[must_use]
    pub const fn stream(&self) -> &TcpStream<'n, N> {
        self.stream
    }
}

impl<'n, N: Shared + ?Sized> WriteHalf<'_, 'n, N> {
    /// See [`TcpStream::write`].
    ///
    /// # Errors
    /// As there.
    pub async fn write(&mut self, octets: &[u8]) -> Result<usize, NetError> {
        self.stream.writing(octets).await
    }

    /// See [`TcpStream::finish`].
    ///
    /// # Errors
    /// As there.
    pub fn finish(&mut self) -> Result<(), NetError> {
        self.stream.finish()
    }

    /// See [`TcpStream::delivered`].
    ///
    /// # Errors
    /// As there.
    pub async fn delivered(&mut self) -> Result<(), NetError> {
        self.stream.delivering().await
    }

    /// The stream.
    #[must_use]
    pub const fn stream(&self) -> &TcpStream<'n, N> {
        self.stream
    }
}

impl<N: Shared + ?Sized> fmt::Debug for ReadHalf<'_, '_, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ReadHalf").field(self.stream).finish()
    }
}

impl<N: Shared + ?Sized> fmt::Debug for WriteHalf<'_, '_, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("WriteHalf").field(self.stream).finish()
    }
}

impl<N: Shared + ?Sized> ErrorType for TcpStream<'_, N> {
    type Error = NetError;
}

impl<N: Shared + ?Sized> ErrorType for ReadHalf<'_, '_, N> {
    type Error = NetError;
}

impl<N: Shared + ?Sized> ErrorType for WriteHalf<'_, '_, N> {
    type Error = NetError;
}

impl<N: Shared + ?Sized> Read for TcpStream<'_, N> {
    async fn read(&mut self, out: &mut [u8]) -> Result<usize, NetError> {
        self.reading(out).await
    }
}

impl<N: Shared + ?Sized> Read for ReadHalf<'_, '_, N> {
    async fn read(&mut self, out: &mut [u8]) -> Result<usize, NetError> {
        self.stream.reading(out).await
    }
}

/// `flush` returns at once: what was written leaves without further calls, also after the drop of
/// the stream. [`TcpStream::delivered`] waits for its acknowledgment.
impl<N: Shared + ?Sized> Write for TcpStream<'_, N> {
    async fn write(&mut self, octets: &[u8]) -> Result<usize, NetError> {
        self.writing(octets).await
    }

    async fn flush(&mut self) -> Result<(), NetError> {
        Ok(())
    }
}

/// As for [`TcpStream`].
impl<N: Shared + ?Sized> Write for WriteHalf<'_, '_, N> {
    async fn write(&mut self, octets: &[u8]) -> Result<usize, NetError> {
        self.stream.writing(octets).await
    }

    async fn flush(&mut self) -> Result<(), NetError> {
        Ok(())
    }
}

impl<N: Shared + ?Sized> ReadReady for TcpStream<'_, N> {
    fn read_ready(&mut self) -> Result<bool, NetError> {
        self.can_read()
    }
}

impl<N: Shared + ?Sized> ReadReady for ReadHalf<'_, '_, N> {
    fn read_ready(&mut self) -> Result<bool, NetError> {
        self.stream.can_read()
    }
}

impl<N: Shared + ?Sized> WriteReady for TcpStream<'_, N> {
    fn write_ready(&mut self) -> Result<bool, NetError> {
        self.can_write()
    }
}

impl<N: Shared + ?Sized> WriteReady for WriteHalf<'_, '_, N> {
    fn write_ready(&mut self) -> Result<bool, NetError> {
        self.stream.can_write()
    }
}
