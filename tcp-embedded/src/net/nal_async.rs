//! The traits of embedded-nal-async.

use core::net::SocketAddr;

use tcp_core::Memory;

use super::{Net, NetError, TcpStream};
use crate::mac::Mac;

/// Connections have the knobs of [`Net::with_config`].
impl<'a, D: Mac, const N: usize, M: Memory<'a>> embedded_nal_async::TcpConnect
    for Net<'a, D, N, M>
{
    type Error = NetError;
    type Connection<'n>
        = TcpStream<'n, Self>
    where
        Self: 'n;

    async fn connect<'n>(&'n self, remote: SocketAddr) -> Result<TcpStream<'n, Self>, NetError> {
        TcpStream::connect(self, remote, self.config).await
    }
}
