//! Networks, and the streams and listeners on them.

mod builder;
mod error;
mod listener;
mod options;
mod stream;

use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::Arc;
use std::time::Duration;

use tcp_core::{Config, Dropped, Row};

use crate::clock::monotonic;
use crate::service::{Service, Session, Verdict};
use crate::shard::{Acceptor, Shard};
pub use builder::NetBuilder;
pub use listener::{Incoming, TcpListener};
pub use stream::TcpStream;

/// A TCP of our own behind one device: addresses, connections, listeners. Clones are handles to
/// the same network.
///
/// It lives as long as a `Net`, [`TcpStream`] or [`TcpListener`] of it does. The drop of the last
/// one grants closed connections two seconds to deliver their data; [`shutdown`](Self::shutdown)
/// grants what it is told.
///
/// ```
/// use std::io::{Read, Write};
/// use tcp_std::{Device, Net};
///
/// let (cable, other_end) = Device::pair(1_500)?;
/// let alice = Net::builder().address("10.0.0.1/24".parse()?).start(cable)?;
/// let bob = Net::builder().address("10.0.0.2/24".parse()?).start(other_end)?;
///
/// let listener = bob.listen("10.0.0.2:7")?;
/// let server = std::thread::spawn(move || -> std::io::Result<()> {
///     let (mut stream, _) = listener.accept()?;
///     let mut text = String::new();
///     stream.read_to_string(&mut text)?;
///     stream.write_all(text.to_uppercase().as_bytes())
/// });
///
/// let mut stream = alice.connect("10.0.0.2:7")?;
/// stream.write_all(b"hello")?;
/// stream.shutdown(std::net::Shutdown::Write)?;
/// let mut answer = String::new();
/// stream.read_to_string(&mut answer)?;
/// assert_eq!(answer, "HELLO");
/// server.join().unwrap()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Net {
    shard: Arc<Shard>,
    config: Config,
}

/// Every connection, half-open and TIME-WAIT entry and listener at one moment.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// The moment, in the time of the rows' timers.
    pub now: tcp_core::Instant,
    /// One a line of `ss`.
    pub rows: Vec<Row>,
}

impl Net {
    /// Describes a network to be started.
    #[must_use]
    pub fn builder() -> NetBuilder {
        NetBuilder::new()
    }

    /// Opens a connection; of several addresses the first that answers.
    ///
    /// # Errors
    /// Those of `std::net::TcpStream::connect`.
    pub fn connect(&self, address: impl ToSocketAddrs) -> io::Result<TcpStream> {
        each_address(address, |address| {
            TcpStream::connect(&self.shard, self.config, address, None)
        })
    }

    /// Opens a connection within `timeout`.
    ///
    /// # Errors
    /// Those of `std::net::TcpStream::connect_timeout`.
    pub fn connect_timeout(
        &self,
        address: &SocketAddr,
        timeout: Duration,
    ) -> io::Result<TcpStream> {
        if timeout.is_zero() {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "the timeout is zero",
            ));
        }
        let deadline = monotonic().checked_add(timeout);
        TcpStream::connect(&self.shard, self.config, *address, deadline)
    }

    /// Listens at an address; unspecified is every address, and port 0 some free port.
    ///
    /// # Errors
    /// Those of `std::net::TcpListener::bind`.
    pub fn listen(&self, address: impl ToSocketAddrs) -> io::Result<TcpListener> {
        each_address(address, |address| {
            TcpListener::bind(&self.shard, self.config, address, |signals| {
                Acceptor::Waiting(Arc::clone(signals))
            })
        })
    }

    /// Listens at an address and gives every accepted connection a service of its own, which
    /// runs on the network's thread, until the listener that is returned is dropped.
    ///
    /// # Errors
    /// Those of [`listen`](Self::listen).
    pub fn serve<S: Service + 'static>(
        &self,
        address: impl ToSocketAddrs,
        new: impl FnMut() -> S + Send + 'static,
    ) -> io::Result<TcpListener> {
        let mut new = Some(new);
        each_address(address, |address| {
            TcpListener::bind(&self.shard, self.config, address, |_| match new.take() {
                Some(mut new) => Acceptor::Serving(Box::new(move || Box::new(new()))),
                None => Acceptor::Serving(Box::new(|| Box::new(Closed))),
            })
        })
    }

    /// The same network with other knobs for connections that are opened or accepted from here on.
    #[must_use]
    pub fn with_config(&self, config: Config) -> Self {
        Self {
            shard: Arc::clone(&self.shard),
            config,
        }
    }

    /// What `ss` shows.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        self.shard.call(|core, now| Snapshot {
            now,
            rows: core.rows(now),
        })
    }

    /// How many packets were dropped for a reason.
    #[must_use]
    pub fn dropped(&self, reason: Dropped) -> u32 {
        self.shard.call(|core, _| core.stack.dropped(reason))
    }

    /// How many packets the device refused for good.
    #[must_use]
    pub fn device_losses(&self) -> u64 {
        self.shard.call(|core, _| core.device_losses())
    }

    /// Closes every listener, waits up to `timeout` until every connection is closed and its data
    /// delivered, resets what is left, and ends the network.
    ///
    /// # Errors
    /// `TimedOut` when something had to be reset; what an observer reports.
    pub fn shutdown(&self, timeout: Duration) -> io::Result<()> {
        if self.shard.drain(monotonic() + timeout)? {
            Ok(())
        } else {
            Err(io::Error::new(
                io::ErrorKind::TimedOut,
                "connections were still open",
            ))
        }
    }
}

/// What `std::net` does with a name: tries its addresses in turn and reports the last failure.
fn each_address<T>(
    address: impl ToSocketAddrs,
    mut attempt: impl FnMut(SocketAddr) -> io::Result<T>,
) -> io::Result<T> {
    let mut failure = None;
    for address in address.to_socket_addrs()? {
        match attempt(address) {
            Ok(done) => return Ok(done),
            Err(error) => failure = Some(error),
        }
    }
    Err(failure.unwrap_or_else(|| {
        io::Error::new(
            io::ErrorKind::InvalidInput,
            "could not resolve to any addresses",
        )
    }))
}

/// Stands behind a listener whose maker of services went to another address of the same name.
struct Closed;

impl Service for Closed {
    fn ready(&mut self, _: &mut Session<'_>) -> Verdict {
        Verdict::Abort
    }
}
