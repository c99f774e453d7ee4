//! Streams with the semantics of `std::net::TcpStream`.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tcp_core::{CloseReason, Config, Handle, Info, Misuse, State, Switch, Tuple};

use super::error;
use super::options::{Options, ttl_of, valid_timeout, valid_ttl};
use crate::clock::monotonic;
use crate::shard::{Core, Shard, Signal, Signals, Slot};

/// How many octets were moved.
type Count = Result<usize, Misuse>;

/// A connection. Clones share everything; the drop of the last one closes it gracefully: what was
/// written is delivered, then comes the FIN. What arrives after that, or was not read, makes it a
/// reset, as with the kernel's TCP.
#[derive(Debug)]
pub struct TcpStream {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    shard: Arc<Shard>,
    handle: Handle,
    signals: Arc<Signals>,
    tuple: Tuple,
    options: Mutex<Options>,
    nonblocking: AtomicBool,
    read_closed: AtomicBool,
    /// Why the connection ended was told once: after that it is only closed.
    told: AtomicBool,
}

/// A connection that was accepted under the lock and becomes a stream outside of it.
#[derive(Debug)]
pub(super) struct Accepted {
    handle: Handle,
    signals: Arc<Signals>,
    tuple: Tuple,
}

impl Accepted {
    pub(super) fn into_stream(self, shard: &Arc<Shard>, config: Config) -> TcpStream {
        TcpStream {
            inner: Arc::new(Inner {
                shard: Arc::clone(shard),
                handle: self.handle,
                signals: self.signals,
                tuple: self.tuple,
                options: Mutex::new(Options::new(config)),
                nonblocking: AtomicBool::new(false),
                read_closed: AtomicBool::new(false),
                told: AtomicBool::new(false),
            }),
        }
    }
}

/// Which way a call waits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Way {
    Read,
    Write,
}

impl TcpStream {
    pub(super) fn accepted(
        core: &mut Core,
        now: tcp_core::Instant,
        handle: Handle,
    ) -> io::Result<Accepted> {
        let tuple = core.stack.tuple(handle).map_err(error::of_misuse)?;
        let signals = Arc::default();
        core.attach(now, handle, Slot::Stream(Arc::clone(&signals)));
        Ok(Accepted {
            handle,
            signals,
            tuple,
        })
    }

    pub(super) fn connect(
        shard: &Arc<Shard>,
        config: Config,
        remote: SocketAddr,
        deadline: Option<Instant>,
    ) -> io::Result<Self> {
        let opened = shard.call(|core, now| {
            if core.is_gone() {
                return Err(error::gone());
            }
            let handle = core.stack.connect(now, None, remote, config);
            Self::accepted(core, now, handle.map_err(error::of_misuse)?)
        })?;
        // From here on the drop of the stream closes the connection.
        let stream = opened.into_stream(shard, config);
        let inner = &*stream.inner;
        let outcome = inner
            .shard
            .block(&inner.signals.write, deadline, |core, _| {
                if core.is_gone() {
                    return Some(Err(error::gone()));
                }
                match core.stack.state(inner.handle) {
                    Ok(State::SynSent | State::SynReceived) => None,
                    Ok(State::Closed) | Err(_) => {
                        Some(Err(inner.ending(core, ErrorKind::TimedOut)))
                    }
                    Ok(_) => Some(Ok(())),
                }
            });
        outcome.unwrap_or_else(|| Err(ErrorKind::TimedOut.into()))?;
        Ok(stream)
    }

    /// The peer's address.
    ///
    /// # Errors
    /// None; the signature is that of `std::net`.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.inner.tuple.remote())
    }

    /// Our address.
    ///
    /// # Errors
    /// None; the signature is that of `std::net`.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.inner.tuple.local())
    }

    /// Another handle to the same connection.
    ///
    /// # Errors
    /// None; the signature is that of `std::net`.
    pub fn try_clone(&self) -> io::Result<Self> {
        Ok(Self {
            inner: Arc::clone(&self.inner),
        })
    }

    /// Copies octets out without taking them.
    ///
    /// # Errors
    /// Those of reading.
    pub fn peek(&self, into: &mut [u8]) -> io::Result<usize> {
        self.inner
            .read_with(into, |core, _, handle, into| core.stack.peek(handle, into))
    }

    /// Closes one direction or both. After the write half is closed the peer reads the end; after
    /// the read half is closed reading gives what is there and then the end.
    ///
    /// # Errors
    /// `NotConnected` when the connection is over.
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        let inner = &*self.inner;
        inner.shard.call(|core, now| {
            if core.is_gone() {
                return Err(error::gone());
            }
            if matches!(core.stack.state(inner.handle), Ok(State::Closed) | Err(_)) {
                return Err(ErrorKind::NotConnected.into());
            }
            if how != Shutdown::Read {
                match core.stack.shutdown(now, inner.handle) {
                    Ok(()) | Err(Misuse::Closing) => {}
                    Err(_) => return Err(ErrorKind::NotConnected.into()),
                }
            }
            if how != Shutdown::Write {
                inner.read_closed.store(true, Ordering::Relaxed);
            }
            Ok(())
        })?;
        if how != Shutdown::Write {
            inner.signals.read.notify();
        }
        Ok(())
    }

    /// The error that ended the connection, unless somebody was told of it.
    ///
    /// # Errors
    /// None; the signature is that of `std::net`.
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        let inner = &*self.inner;
        Ok(inner.shard.call(|core, _| inner.failure(core)))
    }

    /// Whether calls return `WouldBlock` instead of waiting, for every clone.
    ///
    /// # Errors
    /// None; the signature is that of `std::net`.
    pub fn set_nonblocking(&self, nonblocking: bool) -> io::Result<()> {
        self.inner.nonblocking.store(nonblocking, Ordering::Relaxed);
        Ok(())
    }

    /// How long a read waits.
    ///
    /// # Errors
    /// `InvalidInput` when it is zero.
    pub fn set_read_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        self.inner.options().read_timeout = valid_timeout(timeout)?;
        Ok(())
    }

    /// How long a write waits.
    ///
    /// # Errors
    /// `InvalidInput` when it is zero.
    pub fn set_write_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        self.inner.options().write_timeout = valid_timeout(timeout)?;
        Ok(())
    }

    /// How long a read waits.
    ///
    /// # Errors
    /// None; the signature is that of `std::net`.
    pub fn read_timeout(&self) -> io::Result<Option<Duration>> {
        Ok(self.inner.options().read_timeout)
    }

    /// How long a write waits.
    ///
    /// # Errors
    /// None; the signature is that of `std::net`.
    pub fn write_timeout(&self) -> io::Result<Option<Duration>> {
        Ok(self.inner.options().write_timeout)
    }

    /// How long the drop of the last clone waits for data to be acknowledged. Zero: it resets the
    /// connection.
    ///
    /// # Errors
    /// None; the signature is that of `std::net`.
    pub fn set_linger(&self, linger: Option<Duration>) -> io::Result<()> {
        self.inner.options().linger = linger;
        Ok(())
    }

    /// See [`set_linger`](Self::set_linger).
    ///
    /// # Errors
    /// None; the signature is that of `std::net`.
    pub fn linger(&self) -> io::Result<Option<Duration>> {
        Ok(self.inner.options().linger)
    }

    /// Whether small segments leave at once (Nagle's algorithm is off).
    ///
    /// # Errors
    /// `NotConnected` when the connection is forgotten.
    pub fn set_nodelay(&self, nodelay: bool) -> io::Result<()> {
        let nagle = if nodelay { Switch::Off } else { Switch::On };
        let config = self.inner.options().config.nagle(nagle);
        self.set_config(config)
    }

    /// See [`set_nodelay`](Self::set_nodelay).
    ///
    /// # Errors
    /// None; the signature is that of `std::net`.
    pub fn nodelay(&self) -> io::Result<bool> {
        Ok(self.inner.options().nodelay())
    }

    /// The TTL or hop limit of every segment.
    ///
    /// # Errors
    /// `InvalidInput` unless it is between 1 and 255.
    pub fn set_ttl(&self, ttl: u32) -> io::Result<()> {
        let hops = valid_ttl(ttl)?;
        let config = self.inner.options().config.hop_limit(hops);
        self.set_config(config)
    }

    /// The TTL or hop limit of every segment.
    ///
    /// # Errors
    /// None; the signature is that of `std::net`.
    pub fn ttl(&self) -> io::Result<u32> {
        Ok(ttl_of(self.inner.options().config).into())
    }

    /// Replaces the knobs: what `std::net` has no name for, such as keep-alive, the user timeout,
    /// diffserv and priority.
    ///
    /// # Errors
    /// `NotConnected` when the connection is forgotten.
    pub fn set_config(&self, config: Config) -> io::Result<()> {
        let inner = &*self.inner;
        let set = inner
            .shard
            .call(|core, now| core.stack.set_config(now, inner.handle, config));
        set.map_err(error::of_misuse)?;
        inner.options().config = config;
        Ok(())
    }

    /// A snapshot of the connection, as `TCP_INFO` gives it.
    ///
    /// # Errors
    /// `NotConnected` when the connection is forgotten.
    pub fn info(&self) -> io::Result<Info> {
        let inner = &*self.inner;
        let info = inner
            .shard
            .call(|core, now| core.stack.info(now, inner.handle));
        info.map_err(error::of_misuse)
    }
}

impl Inner {
    fn options(&self) -> MutexGuard<'_, Options> {
        self.options.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn deadline(&self, way: Way) -> Option<Instant> {
        if self.nonblocking.load(Ordering::Relaxed) {
            return Some(monotonic());
        }
        let options = self.options();
        let timeout = match way {
            Way::Read => options.read_timeout,
            Way::Write => options.write_timeout,
        }?;
        monotonic().checked_add(timeout)
    }

    fn wait<R>(
        &self,
        way: Way,
        attempt: impl FnMut(&mut Core, tcp_core::Instant) -> Option<io::Result<R>>,
    ) -> io::Result<R> {
        let signal: &Signal = match way {
            Way::Read => &self.signals.read,
            Way::Write => &self.signals.write,
        };
        let outcome = self.shard.block(signal, self.deadline(way), attempt);
        // A timeout is `WouldBlock` as well, as std has it on Linux.
        outcome.unwrap_or_else(|| Err(ErrorKind::WouldBlock.into()))
    }

    fn read_with(
        &self,
        into: &mut [u8],
        mut read: impl FnMut(&mut Core, tcp_core::Instant, Handle, &mut [u8]) -> Count,
    ) -> io::Result<usize> {
        if into.is_empty() {
            return Ok(0);
        }
        self.wait(Way::Read, |core, now| {
            match read(core, now, self.handle, into) {
                Ok(0) if self.is_at_the_end(core) => Some(self.end_of_reading(core)),
                Ok(0) if core.is_gone() => Some(Err(error::gone())),
                Ok(0) => None,
                Ok(len) => Some(Ok(len)),
                Err(_) => Some(self.end_of_reading(core)),
            }
        })
    }

    fn is_at_the_end(&self, core: &Core) -> bool {
        self.read_closed.load(Ordering::Relaxed)
            || core.stack.is_finished(self.handle).unwrap_or(true)
            || matches!(core.stack.state(self.handle), Ok(State::Closed) | Err(_))
    }

    fn end_of_reading(&self, core: &Core) -> io::Result<usize> {
        self.failure(core).map_or(Ok(0), Err)
    }

    fn write(&self, octets: &[u8]) -> io::Result<usize> {
        if octets.is_empty() {
            return Ok(0);
        }
        self.wait(Way::Write, |core, now| {
            if core.is_gone() {
                return Some(Err(error::gone()));
            }
            match core.stack.send(now, self.handle, octets) {
                Ok(0) => None,
                Ok(len) => Some(Ok(len)),
                Err(_) => Some(Err(self.ending(core, ErrorKind::BrokenPipe))),
            }
        })
    }

    /// What ended the connection if that was a failure and nobody was told of it.
    fn failure(&self, core: &Core) -> Option<io::Error> {
        match core.stack.close_reason(self.handle) {
            Ok(None | Some(CloseReason::Finished)) | Err(_) => None,
            Ok(Some(reason)) => {
                (!self.told.swap(true, Ordering::Relaxed)).then(|| error::of_close(reason))
            }
        }
    }

    /// What ended the connection, or `otherwise` when that is known or was no failure.
    fn ending(&self, core: &Core, otherwise: ErrorKind) -> io::Error {
        self.failure(core).unwrap_or_else(|| otherwise.into())
    }

    /// Waits until everything written was acknowledged, or the connection ended.
    fn linger(&self, linger: Duration) {
        let deadline = monotonic().checked_add(linger);
        self.shard.block_on_turns(deadline, |core, now| {
            // A second shutdown changes nothing.
            let _ = core.stack.shutdown(now, self.handle);
            let is_delivered = !matches!(
                core.stack.state(self.handle),
                Ok(State::FinWait1 | State::Closing | State::LastAck)
            );
            (core.is_gone() || is_delivered).then_some(())
        });
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        let linger = self.options().linger;
        if let Some(linger) = linger.filter(|linger| !linger.is_zero()) {
            self.linger(linger);
        }
        self.shard.call(|core, now| {
            core.detach(self.handle);
            // The connection may be over and forgotten: then there is nothing to close.
            if linger == Some(Duration::ZERO) {
                let _ = core.stack.abort(now, self.handle);
            }
            let _ = core.stack.close(now, self.handle);
        });
    }
}

impl Read for &TcpStream {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read =
            |core: &mut Core, now, handle, into: &mut [u8]| core.stack.read(now, handle, into);
        self.inner.read_with(into, read)
    }
}

impl Write for &TcpStream {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.inner.write(octets)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Read for TcpStream {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        (&*self).read(into)
    }
}

impl Write for TcpStream {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        (&*self).write(octets)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
