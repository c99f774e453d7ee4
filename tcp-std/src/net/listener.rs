//! Listeners with the semantics of `std::net::TcpListener`.

use std::io;
use std::iter::FusedIterator;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

use rustix::rand::{GetRandomFlags, getrandom};
use tcp_core::{Config, ListenAt, ListenerHandle, Misuse};

use super::builder::EPHEMERAL;
use super::options::{ttl_of, valid_ttl};
use super::{TcpStream, error};
use crate::shard::{Acceptor, Shard, Signals};

/// What `std::net::TcpListener` asks of the kernel.
const BACKLOG: u16 = 128;
/// Ports tried before port 0 is given up.
const PORT_TRIES: u16 = 64;

/// Accepts connections at an address. The last clone that is dropped closes the listener, and
/// resets connections that nobody accepted.
#[derive(Debug)]
pub struct TcpListener {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    shard: Arc<Shard>,
    handle: ListenerHandle,
    address: SocketAddr,
    config: Config,
    signals: Arc<Signals>,
    nonblocking: AtomicBool,
    /// TTL of accepted connections; 0 leaves it to the configuration.
    ttl: AtomicU8,
}

impl TcpListener {
    pub(super) fn bind(
        shard: &Arc<Shard>,
        config: Config,
        address: SocketAddr,
        acceptor: impl FnOnce(&Arc<Signals>) -> Acceptor,
    ) -> io::Result<Self> {
        let signals = Arc::default();
        let mut acceptor = Some(acceptor(&signals));
        let (handle, port) = shard.call(|core, _| {
            if core.is_gone() {
                return Err(error::gone());
            }
            let mut refused = Misuse::AlreadyExists;
            for port in candidate_ports(address.port())? {
                let at = listen_at(address.ip(), port, config);
                match core.stack.listen(at) {
                    Ok(handle) => {
                        if let Some(acceptor) = acceptor.take() {
                            core.attach_acceptor(handle, acceptor);
                        }
                        return Ok((handle, port));
                    }
                    Err(misuse) => refused = misuse,
                }
                if refused != Misuse::AlreadyExists {
                    break;
                }
            }
            Err(error::of_misuse(refused))
        })?;
        Ok(Self {
            inner: Arc::new(Inner {
                shard: Arc::clone(shard),
                handle,
                address: SocketAddr::new(address.ip(), port),
                config,
                signals,
                nonblocking: AtomicBool::new(false),
                ttl: AtomicU8::new(0),
            }),
        })
    }

    /// The next connection, and where it comes from.
    ///
    /// # Errors
    /// `WouldBlock` when non-blocking and there is none; `NotConnected` when the network ended.
    pub fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        let inner = &*self.inner;
        let deadline = inner
            .nonblocking
            .load(Ordering::Relaxed)
            .then(crate::clock::monotonic);
        let accepted = inner
            .shard
            .block(&inner.signals.read, deadline, |core, now| {
                if core.is_gone() {
                    return Some(Err(error::gone()));
                }
                match core.stack.accept(inner.handle) {
                    Ok(Some(handle)) => Some(TcpStream::accepted(core, now, handle)),
                    Ok(None) => None,
                    Err(_) => Some(Err(error::gone())),
                }
            });
        let accepted = accepted.unwrap_or_else(|| Err(io::ErrorKind::WouldBlock.into()))?;
        let stream = accepted.into_stream(&inner.shard, inner.config);
        match inner.ttl.load(Ordering::Relaxed) {
            0 => {}
            ttl => stream.set_ttl(ttl.into())?,
        }
        let peer = stream.peer_addr()?;
        Ok((stream, peer))
    }

    /// Connections without end; an item is an error where `accept` fails.
    #[must_use]
    pub fn incoming(&self) -> Incoming<'_> {
        Incoming { listener: self }
    }

    /// Where it listens.
    ///
    /// # Errors
    /// None; the signature is that of `std::net`.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.inner.address)
    }

    /// Another handle to the same listener.
    ///
    /// # Errors
    /// None; the signature is that of `std::net`.
    pub fn try_clone(&self) -> io::Result<Self> {
        Ok(Self {
            inner: Arc::clone(&self.inner),
        })
    }

    /// Whether `accept` returns `WouldBlock` instead of waiting, for every clone.
    ///
    /// # Errors
    /// None; the signature is that of `std::net`.
    pub fn set_nonblocking(&self, nonblocking: bool) -> io::Result<()> {
        self.inner.nonblocking.store(nonblocking, Ordering::Relaxed);
        Ok(())
    }

    /// The TTL or hop limit of connections accepted from here on.
    ///
    /// # Errors
    /// `InvalidInput` unless it is between 1 and 255.
    pub fn set_ttl(&self, ttl: u32) -> io::Result<()> {
        self.inner.ttl.store(valid_ttl(ttl)?, Ordering::Relaxed);
        Ok(())
    }

    /// The TTL or hop limit of accepted connections.
    ///
    /// # Errors
    /// None; the signature is that of `std::net`.
    pub fn ttl(&self) -> io::Result<u32> {
        Ok(match self.inner.ttl.load(Ordering::Relaxed) {
            0 => ttl_of(self.inner.config).into(),
            ttl => ttl.into(),
        })
    }

    /// An error that nobody was told of: a listener has none.
    ///
    /// # Errors
    /// None; the signature is that of `std::net`.
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        Ok(None)
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.shard.call(|core, now| core.unlisten(now, self.handle));
    }
}

/// See [`TcpListener::incoming`].
#[derive(Debug)]
pub struct Incoming<'l> {
    listener: &'l TcpListener,
}

impl Iterator for Incoming<'_> {
    type Item = io::Result<TcpStream>;

    fn next(&mut self) -> Option<Self::Item> {
        Some(self.listener.accept().map(|(stream, _)| stream))
    }
}

impl FusedIterator for Incoming<'_> {}

fn listen_at(address: IpAddr, port: u16, config: Config) -> ListenAt {
    let any = address == Ipv4Addr::UNSPECIFIED || address == Ipv6Addr::UNSPECIFIED;
    ListenAt {
        address: (!any).then_some(address),
        port,
        syn_backlog: BACKLOG,
        accept_backlog: BACKLOG,
        config,
    }
}

/// The port that is asked for, or for port 0 some that may be free, from a random one on.
fn candidate_ports(port: u16) -> io::Result<impl Iterator<Item = u16>> {
    let (first, last) = EPHEMERAL;
    let (first, count, from, tries) = if port == 0 {
        let mut random = [0; 2];
        getrandom(&mut random, GetRandomFlags::empty())?;
        let count = last - first + 1;
        (first, count, u16::from_ne_bytes(random) % count, PORT_TRIES)
    } else {
        (port, 1, 0, 1)
    };
    Ok((0..tries).map(move |step| first + (from + step) % count))
}
