//! What packets leave and arrive by: a non-blocking file descriptor that keeps packets apart.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair};

use crate::tun::Tun;

/// A packet device: a TUN queue, or one end of a [`pair`](Self::pair).
#[derive(Debug)]
pub struct Device {
    fd: OwnedFd,
    mtu: u16,
}

/// What became of an attempt to read a packet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Read {
    /// A packet of so many octets.
    Packet(usize),
    /// None is there.
    Nothing,
    /// Something went wrong that may pass.
    Error,
    /// The device is no more.
    Gone,
}

/// What became of an attempt to write a packet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Written {
    /// It left.
    Packet,
    /// The device is full: try again when it is writable.
    Full,
    /// The packet is lost, as it may be on any wire.
    Lost,
}

impl Device {
    /// Two devices, of which each receives what the other sends: a cable inside one process.
    ///
    /// # Errors
    /// When the kernel has no socket pair to give.
    pub fn pair(mtu: u16) -> io::Result<(Self, Self)> {
        let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
        let (one, other) = socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, flags, None)?;
        Ok((Self { fd: one, mtu }, Self { fd: other, mtu }))
    }

    /// The largest packet in octets.
    #[must_use]
    pub const fn mtu(&self) -> u16 {
        self.mtu
    }

    pub(crate) fn read(&self, into: &mut [u8]) -> Read {
        match rustix::io::read(&self.fd, into) {
            // A TUN device never returns zero; a pair does when the other end is closed.
            Ok(0) => Read::Gone,
            Ok(len) => Read::Packet(len),
            Err(Errno::AGAIN | Errno::INTR) => Read::Nothing,
            Err(Errno::BADFD | Errno::BADF | Errno::NODEV) => Read::Gone,
            Err(_) => Read::Error,
        }
    }

    pub(crate) fn write(&self, packet: &[u8]) -> Written {
        match rustix::io::write(&self.fd, packet) {
            Ok(len) if len == packet.len() => Written::Packet,
            Err(Errno::AGAIN | Errno::INTR) => Written::Full,
            // A short write, EIO (the interface is down), ENOBUFS and the rest: TCP repairs it.
            Ok(_) | Err(_) => Written::Lost,
        }
    }
}

impl AsFd for Device {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

impl From<Tun> for Device {
    fn from(tun: Tun) -> Self {
        let (fd, mtu) = tun.into_parts();
        Self { fd, mtu }
    }
}
