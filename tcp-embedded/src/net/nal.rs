//! The traits of embedded-nal.

use core::fmt;
use core::net::{IpAddr, Ipv4Addr, SocketAddr};

use embedded_nal::{TcpClientStack, TcpError, TcpErrorKind, TcpFullStack};
use tcp_core::{CloseReason, ListenAt, Misuse};

use super::{NetError, Shared, TcpListener, TcpStream};

/// A host as embedded-nal has it: its sockets belong to whoever asked for them, and every call is
/// made on the host.
///
/// A call that would block drives the host for one turn, so `nb::block!` needs no other super-loop.
/// The end of a stream is an error of the kind
/// [`PipeClosed`](embedded_nal::TcpErrorKind::PipeClosed). A socket that is dropped closes
/// gracefully. Connections have the knobs of [`Net::with_config`](super::Net::with_config).
///
/// ```no_run
/// use embedded_nal::TcpClientStack;
/// use tcp_embedded::{Mac, Nal, Net, NetError};
/// fn greet<D: Mac>(net: &Net<'_, D, 4>) -> Result<(), NetError> {
///     let mut nal = Nal::new(net);
///     let mut socket = nal.socket()?;
///     nb::block!(nal.connect(&mut socket, "192.0.2.7:7".parse().unwrap()))?;
///     nb::block!(nal.send(&mut socket, b"hello"))?;
///     nal.close(socket)
/// }
/// ```
pub struct Nal<'n, N: Shared + ?Sized = dyn Shared + 'n> {
    net: &'n N,
}

impl<'n, N: Shared + ?Sized> Nal<'n, N> {
    /// A view of `net`.
    #[must_use]
    pub const fn new(net: &'n N) -> Self {
        Self { net }
    }

    /// What a call means that found nothing: the host is driven for one turn.
    fn or_block<T>(&self, found: Result<Option<T>, NetError>) -> nb::Result<T, NetError> {
        match found {
            Ok(Some(found)) => Ok(found),
            Ok(None) => {
                let _ = self.net.poll_once();
                Err(nb::Error::WouldBlock)
            }
            Err(error) => Err(nb::Error::Other(error)),
        }
    }
}

impl<N: Shared + ?Sized> Clone for Nal<'_, N> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<N: Shared + ?Sized> Copy for Nal<'_, N> {}

impl<N: Shared + ?Sized> fmt::Debug for Nal<'_, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Nal").finish_non_exhaustive()
    }
}

/// A socket of [`Nal`].
///
/// ```
/// use embedded_nal::TcpFullStack;
/// use tcp_embedded::{Nal, NetError, Shared, NalSocket};
/// fn serve<'n>(nal: &mut Nal<'n>, socket: &mut NalSocket<'n>) -> Result<(), NetError> {
///     nal.bind(socket, 80)?;
///     nal.listen(socket)
/// }
/// ```
pub struct NalSocket<'n, N: Shared + ?Sized = dyn Shared + 'n>(Phase<'n, N>);

enum Phase<'n, N: Shared + ?Sized> {
    /// Neither listening nor connected; bound to a port if that is not zero.
    Idle {
        port: u16,
    },
    Opening(TcpStream<'n, N>),
    Open(TcpStream<'n, N>),
    Listening(TcpListener<'n, N>),
}

impl<'n, N: Shared + ?Sized> NalSocket<'n, N> {
    /// The connection, if there is one.
    #[must_use]
    pub const fn stream(&self) -> Option<&TcpStream<'n, N>> {
        match &self.0 {
            Phase::Open(stream) | Phase::Opening(stream) => Some(stream),
            Phase::Idle { .. } | Phase::Listening(_) => None,
        }
    }

    fn open_stream(&self) -> Result<&TcpStream<'n, N>, NetError> {
        match &self.0 {
            Phase::Open(stream) => Ok(stream),
            Phase::Opening(_) => Err(NetError::Refused(Misuse::NotYetOpen)),
            Phase::Idle { .. } | Phase::Listening(_) => {
                Err(NetError::Refused(Misuse::NoConnection))
            }
        }
    }
}

impl<N: Shared + ?Sized> fmt::Debug for NalSocket<'_, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut tuple = f.debug_tuple("NalSocket");
        match &self.0 {
            Phase::Idle { port } => tuple.field(port),
            Phase::Opening(stream) | Phase::Open(stream) => tuple.field(stream),
            Phase::Listening(listener) => tuple.field(listener),
        };
        tuple.finish()
    }
}

impl TcpError for NetError {
    fn kind(&self) -> TcpErrorKind {
        if self.is_closed() {
            TcpErrorKind::PipeClosed
        } else {
            TcpErrorKind::Other
        }
    }
}

impl<'n, N: Shared + ?Sized> TcpClientStack for Nal<'n, N> {
    type TcpSocket = NalSocket<'n, N>;
    type Error = NetError;

    fn socket(&mut self) -> Result<Self::TcpSocket, NetError> {
        Ok(NalSocket(Phase::Idle { port: 0 }))
    }

    /// To be called again until it does not block. A failure leaves an unbound socket, for another
    /// attempt.
    fn connect(
        &mut self,
        socket: &mut Self::TcpSocket,
        remote: SocketAddr,
    ) -> nb::Result<(), NetError> {
        if let Phase::Idle { port } = socket.0 {
            // Of either family: the address is chosen by the stack.
            let local = (port != 0).then(|| (IpAddr::V4(Ipv4Addr::UNSPECIFIED), port).into());
            let config = self.net.default_config();
            let stream = TcpStream::open(self.net, local, remote, config);
            socket.0 = Phase::Opening(stream.map_err(nb::Error::Other)?);
        }
        let Phase::Opening(stream) = &socket.0 else {
            return Err(nb::Error::Other(NetError::Refused(Misuse::AlreadyExists)));
        };
        let outcome = self.or_block(stream.try_connected());
        match (
            outcome,
            core::mem::replace(&mut socket.0, Phase::Idle { port: 0 }),
        ) {
            (Ok(()), Phase::Opening(stream)) => socket.0 = Phase::Open(stream),
            (Err(nb::Error::WouldBlock), phase) => {
                socket.0 = phase;
                return Err(nb::Error::WouldBlock);
            }
            (Err(error), _) => return Err(error),
            (Ok(()), phase) => socket.0 = phase,
        }
        Ok(())
    }

    fn send(&mut self, socket: &mut Self::TcpSocket, buffer: &[u8]) -> nb::Result<usize, NetError> {
        let stream = socket.open_stream().map_err(nb::Error::Other)?;
        self.or_block(stream.try_write(buffer))
    }

    fn receive(
        &mut self,
        socket: &mut Self::TcpSocket,
        buffer: &mut [u8],
    ) -> nb::Result<usize, NetError> {
        let stream = socket.open_stream().map_err(nb::Error::Other)?;
        match self.or_block(stream.try_read(buffer))? {
            0 if !buffer.is_empty() => {
                Err(nb::Error::Other(NetError::Ended(CloseReason::Finished)))
            }
            count => Ok(count),
        }
    }

    fn close(&mut self, socket: Self::TcpSocket) -> Result<(), NetError> {
        drop(socket);
        // What is due leaves at once.
        let _ = self.net.poll_once();
        Ok(())
    }
}

impl<N: Shared + ?Sized> TcpFullStack for Nal<'_, N> {
    fn bind(&mut self, socket: &mut Self::TcpSocket, local_port: u16) -> Result<(), NetError> {
        match &mut socket.0 {
            Phase::Idle { port } => {
                *port = local_port;
                Ok(())
            }
            Phase::Opening(_) | Phase::Open(_) | Phase::Listening(_) => {
                Err(NetError::Refused(Misuse::AlreadyExists))
            }
        }
    }

    fn listen(&mut self, socket: &mut Self::TcpSocket) -> Result<(), NetError> {
        let Phase::Idle { port } = socket.0 else {
            return Err(NetError::Refused(Misuse::AlreadyExists));
        };
        let at = ListenAt {
            config: self.net.default_config(),
            ..ListenAt::new(port)
        };
        socket.0 = Phase::Listening(TcpListener::open(self.net, at)?);
        Ok(())
    }

    fn accept(
        &mut self,
        socket: &mut Self::TcpSocket,
    ) -> nb::Result<(Self::TcpSocket, SocketAddr), NetError> {
        let Phase::Listening(listener) = &socket.0 else {
            return Err(nb::Error::Other(NetError::Refused(Misuse::NoConnection)));
        };
        let stream = self.or_block(listener.try_accept())?;
        let remote = stream.peer_addr().map_err(nb::Error::Other)?;
        Ok((NalSocket(Phase::Open(stream)), remote))
    }
}
