//! The traits of edge-nal.

use core::net::SocketAddr;

use edge_nal::{Close, Readable, TcpAccept, TcpBind, TcpConnect, TcpShutdown, TcpSplit};
use tcp_core::{ListenAt, Memory};

use super::{Net, NetError, ReadHalf, Shared, TcpListener, TcpStream, WriteHalf};
use crate::mac::Mac;

/// Connections have the knobs of [`Net::with_config`].
impl<'a, D: Mac, const N: usize, M: Memory<'a>> TcpConnect for Net<'a, D, N, M> {
    type Error = NetError;
    type Socket<'n>
        = TcpStream<'n, Self>
    where
        Self: 'n;

    async fn connect(&self, remote: SocketAddr) -> Result<TcpStream<'_, Self>, NetError> {
        TcpStream::connect(self, remote, self.config).await
    }
}

/// Connections have the knobs of [`Net::with_config`]; as many as there is memory for may wait to
/// be accepted.
impl<'a, D: Mac, const N: usize, M: Memory<'a>> TcpBind for Net<'a, D, N, M> {
    type Error = NetError;
    type Accept<'n>
        = TcpListener<'n, Self>
    where
        Self: 'n;

    async fn bind(&self, local: SocketAddr) -> Result<TcpListener<'_, Self>, NetError> {
        let address = local.ip();
        let backlog = u16::try_from(N).unwrap_or(u16::MAX);
        self.listen(ListenAt {
            address: (!address.is_unspecified()).then_some(address),
            syn_backlog: backlog,
            accept_backlog: backlog,
            config: self.config,
            ..ListenAt::new(local.port())
        })
    }
}

impl<'n, N: Shared + ?Sized> TcpAccept for TcpListener<'n, N> {
    type Error = NetError;
    type Socket<'s>
        = TcpStream<'n, N>
    where
        Self: 's;

    async fn accept(&self) -> Result<(SocketAddr, TcpStream<'n, N>), NetError> {
        let stream = TcpListener::accept(self).await?;
        Ok((stream.peer_addr()?, stream))
    }
}

impl<'n, N: Shared + ?Sized> TcpSplit for TcpStream<'n, N> {
    type Read<'s>
        = ReadHalf<'s, 'n, N>
    where
        Self: 's;
    type Write<'s>
        = WriteHalf<'s, 'n, N>
    where
        Self: 's;

    fn split(&mut self) -> (ReadHalf<'_, 'n, N>, WriteHalf<'_, 'n, N>) {
        TcpStream::split(self)
    }
}

impl<N: Shared + ?Sized> Readable for TcpStream<'_, N> {
    async fn readable(&mut self) -> Result<(), NetError> {
        TcpStream::readable(self).await
    }
}

impl<N: Shared + ?Sized> Readable for ReadHalf<'_, '_, N> {
    async fn readable(&mut self) -> Result<(), NetError> {
        ReadHalf::readable(self).await
    }
}

/// `close` waits as the trait says: for the acknowledgment of the FIN, for the peer's FIN, or for
/// both. Nothing here limits that time.
impl<N: Shared + ?Sized> TcpShutdown for TcpStream<'_, N> {
    async fn close(&mut self, what: Close) -> Result<(), NetError> {
        if matches!(what, Close::Write | Close::Both) {
            self.finish()?;
        }
        if matches!(what, Close::Read | Close::Both) {
            self.discard().await?;
        }
        if matches!(what, Close::Write | Close::Both) {
            self.delivered().await?;
        }
        Ok(())
    }

    async fn abort(&mut self) -> Result<(), NetError> {
        TcpStream::abort(self)
    }
}
