//! The ioctls of TUN devices and network interfaces: the only unsafe code of this crate.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::os::fd::{AsFd, OwnedFd};

use rustix::io::Errno;
use rustix::ioctl::{Opcode, Updater, ioctl, opcode};
use rustix::net::{AddressFamily, SocketFlags, SocketType, socket_with};

const TUNSETIFF: Opcode = opcode::write::<i32>(b'T', 202);
const SIOCGIFFLAGS: Opcode = 0x8913;
const SIOCSIFFLAGS: Opcode = 0x8914;
const SIOCSIFADDR: Opcode = 0x8916;
const SIOCSIFNETMASK: Opcode = 0x891c;
const SIOCGIFMTU: Opcode = 0x8921;
const SIOCSIFMTU: Opcode = 0x8922;
const SIOCGIFINDEX: Opcode = 0x8933;

/// A layer-3 device.
pub(super) const IFF_TUN: u16 = 0x0001;
/// Packets without the four octets of packet information before them.
pub(super) const IFF_NO_PI: u16 = 0x1000;
/// The device was made for several queues.
pub(super) const IFF_MULTI_QUEUE: u16 = 0x0100;
const IFF_UP: u16 = 0x0001;

/// The kernel's `struct ifreq`: a name, then a union whose largest member has 24 octets where
/// pointers have 64 bits (and fewer elsewhere, so that the kernel reads and writes less).
#[repr(C, align(8))]
struct IfReq {
    name: [u8; 16],
    data: [u8; 24],
}

/// The kernel's `struct in6_ifreq`.
#[repr(C)]
struct In6IfReq {
    address: [u8; 16],
    prefix: u32,
    index: i32,
}

impl IfReq {
    fn new(name: &str) -> Result<Self, Errno> {
        let mut request = Self {
            name: [0; 16],
            data: [0; 24],
        };
        // The last octet stays zero: the kernel wants a C string.
        let field = request
            .name
            .get_mut(..name.len().min(16))
            .ok_or(Errno::INVAL)?;
        if name.len() > 15 || name.contains('\0') {
            return Err(Errno::INVAL);
        }
        field.copy_from_slice(name.as_bytes());
        Ok(request)
    }

    fn with(mut self, octets: &[u8]) -> Self {
        for (to, from) in self.data.iter_mut().zip(octets) {
            *to = *from;
        }
        self
    }

    fn with_ipv4(self, address: Ipv4Addr) -> Self {
        let mut sockaddr = [0; 16];
        let family = AddressFamily::INET.as_raw().to_ne_bytes();
        for (to, from) in sockaddr.iter_mut().zip(family) {
            *to = from;
        }
        for (to, from) in sockaddr.iter_mut().skip(4).zip(address.octets()) {
            *to = from;
        }
        self.with(&sockaddr)
    }

    fn run<const OPCODE: Opcode>(mut self, fd: impl AsFd) -> Result<Self, Errno> {
        // SAFETY: every opcode of this file takes a pointer to a `struct ifreq`, which `IfReq`
        // is, and reads and writes within it; the kernel keeps no pointer after the call.
        unsafe { ioctl(fd, Updater::<OPCODE, Self>::new(&mut self)) }?;
        Ok(self)
    }

    fn u16(&self) -> u16 {
        let [first, second, ..] = self.data;
        u16::from_ne_bytes([first, second])
    }

    fn i32(&self) -> i32 {
        let [first, second, third, fourth, ..] = self.data;
        i32::from_ne_bytes([first, second, third, fourth])
    }
}

/// Attaches the open `/dev/net/tun` to the device `name`; returns the name that the kernel chose
/// where `name` leaves a choice.
pub(super) fn attach(fd: impl AsFd, name: &str, flags: u16) -> Result<String, Errno> {
    let request = IfReq::new(name)?
        .with(&flags.to_ne_bytes())
        .run::<TUNSETIFF>(fd)?;
    let name = request.name.iter().take_while(|octet| **octet != 0);
    String::from_utf8(name.copied().collect()).map_err(|_| Errno::INVAL)
}

/// A network interface by name.
pub(super) struct Interface<'n> {
    name: &'n str,
    socket: OwnedFd,
}

impl<'n> Interface<'n> {
    pub(super) fn new(name: &'n str) -> Result<Self, Errno> {
        Ok(Self {
            name,
            socket: any_socket(AddressFamily::INET)?,
        })
    }

    pub(super) fn index(&self) -> Result<i32, Errno> {
        Ok(self.request()?.run::<SIOCGIFINDEX>(&self.socket)?.i32())
    }

    pub(super) fn is_up(&self) -> Result<bool, Errno> {
        let flags = self.request()?.run::<SIOCGIFFLAGS>(&self.socket)?.u16();
        Ok(flags & IFF_UP != 0)
    }

    pub(super) fn bring_up(&self) -> Result<(), Errno> {
        let flags = self.request()?.run::<SIOCGIFFLAGS>(&self.socket)?.u16() | IFF_UP;
        self.request()?
            .with(&flags.to_ne_bytes())
            .run::<SIOCSIFFLAGS>(&self.socket)?;
        Ok(())
    }

    pub(super) fn mtu(&self) -> Result<i32, Errno> {
        Ok(self.request()?.run::<SIOCGIFMTU>(&self.socket)?.i32())
    }

    pub(super) fn set_mtu(&self, mtu: u16) -> Result<(), Errno> {
        let mtu = i32::from(mtu).to_ne_bytes();
        self.request()?.with(&mtu).run::<SIOCSIFMTU>(&self.socket)?;
        Ok(())
    }

    pub(super) fn add_ipv4(&self, address: Ipv4Addr, prefix: u8) -> Result<(), Errno> {
        let mask = u32::MAX
            .checked_shl(32 - u32::from(prefix.min(32)))
            .unwrap_or(0);
        self.request()?
            .with_ipv4(address)
            .run::<SIOCSIFADDR>(&self.socket)?;
        self.request()?
            .with_ipv4(mask.into())
            .run::<SIOCSIFNETMASK>(&self.socket)?;
        Ok(())
    }

    pub(super) fn add_ipv6(&self, address: Ipv6Addr, prefix: u8) -> Result<(), Errno> {
        let socket = any_socket(AddressFamily::INET6)?;
        let mut request = In6IfReq {
            address: address.octets(),
            prefix: prefix.into(),
            index: self.index()?,
        };
        // SAFETY: on an IPv6 socket SIOCSIFADDR takes a pointer to a `struct in6_ifreq`, which
        // `In6IfReq` is, and only reads it.
        unsafe { ioctl(socket, Updater::<SIOCSIFADDR, In6IfReq>::new(&mut request)) }
    }

    fn request(&self) -> Result<IfReq, Errno> {
        IfReq::new(self.name)
    }
}

fn any_socket(family: AddressFamily) -> Result<OwnedFd, Errno> {
    socket_with(family, SocketType::DGRAM, SocketFlags::CLOEXEC, None)
}
