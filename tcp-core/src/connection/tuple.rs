//! Who talks to whom.

use core::net::SocketAddr;

use crate::wire::Address;

/// Both ends of a connection, as this host sees them.
///
/// ```
/// use tcp_core::Tuple;
/// let (local, remote) = ("10.0.0.1:80".parse()?, "10.0.0.2:40000".parse()?);
/// let tuple = Tuple::new(local, remote).unwrap();
/// assert_eq!((tuple.local(), tuple.remote()), (local, remote));
/// assert_eq!(Tuple::new(local, "[2001:db8::1]:40000".parse()?), None);
/// # Ok::<(), core::net::AddrParseError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Tuple {
    pub(crate) local: Address,
    pub(crate) remote: Address,
    pub(crate) local_port: u16,
    pub(crate) remote_port: u16,
}

impl Tuple {
    /// Our end and the peer's end; `None` unless both are of one family, which is built in.
    #[must_use]
    pub fn new(local: SocketAddr, remote: SocketAddr) -> Option<Self> {
        if local.is_ipv4() != remote.is_ipv4() {
            return None;
        }
        Some(Self {
            local: Address::new(local.ip())?,
            remote: Address::new(remote.ip())?,
            local_port: local.port(),
            remote_port: remote.port(),
        })
    }

    /// Our end.
    #[must_use]
    pub fn local(&self) -> SocketAddr {
        SocketAddr::new(self.local.ip(), self.local_port)
    }

    /// The peer's end, of the same family.
    #[must_use]
    pub fn remote(&self) -> SocketAddr {
        SocketAddr::new(self.remote.ip(), self.remote_port)
    }
}
