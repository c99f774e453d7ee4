//! A socket that accepts connections.

use core::fmt;

use tcp_core::{ListenAt, ListenerHandle};

use super::{NetError, Shared, TcpStream};

/// A socket that accepts connections. Several tasks may accept from one listener.
///
/// Connections complete their handshakes without it and wait in a queue as long as
/// [`ListenAt::accept_backlog`]; each of them occupies the memory of a connection. Its drop resets
/// those that nobody accepted; what was accepted lives on.
///
/// ```no_run
/// use tcp_core::ListenAt;
/// use tcp_embedded::{Mac, Net, NetError};
/// fn refuse_everybody<D: Mac>(net: &Net<'_, D, 4>) -> Result<(), NetError> {
///     let listener = net.listen(ListenAt::new(80))?;
///     loop {
///         let _next = net.poll();
///         while let Some(stream) = listener.try_accept()? {
///             stream.abort()?;
///         }
///     }
/// }
/// ```
pub struct TcpListener<'n, N: Shared + ?Sized = dyn Shared + 'n> {
    pub(super) net: &'n N,
    pub(super) handle: ListenerHandle,
}

impl<'n, N: Shared + ?Sized> TcpListener<'n, N> {
    /// Listens.
    ///
    /// # Errors
    /// Those of [`Stack::listen`](tcp_core::Stack::listen).
    pub fn open(net: &'n N, at: ListenAt) -> Result<Self, NetError> {
        let handle = net.start_listening(at)?;
        Ok(Self { net, handle })
    }

    /// The connection that has waited longest, if one waits. It may have ended meanwhile; then its
    /// calls say why.
    ///
    /// # Errors
    /// [`NetError::Busy`].
    pub fn try_accept(&self) -> Result<Option<TcpStream<'n, N>>, NetError> {
        let handle = self.net.take_accepted(self.handle)?;
        Ok(handle.map(|handle| TcpStream {
            net: self.net,
            handle,
        }))
    }
}

impl<N: Shared + ?Sized> Drop for TcpListener<'_, N> {
    fn drop(&mut self) {
        self.net.stop_listening(self.handle);
    }
}

impl<N: Shared + ?Sized> fmt::Debug for TcpListener<'_, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TcpListener").field(&self.handle).finish()
    }
}
