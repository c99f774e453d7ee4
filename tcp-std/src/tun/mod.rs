//! TUN devices of Linux: packets to and from the kernel's network stack.
//!
//! A device that exists is attached as it is. One that does not is created, given a queue length,
//! an MTU and the kernel's addresses, and brought up; it disappears when the [`Tun`] is dropped.

mod error;
mod ioctl;
mod netlink;

use std::net::IpAddr;
use std::os::fd::OwnedFd;

use rustix::fs::{Mode, OFlags, open};
use rustix::io::Errno;

use crate::cidr::Cidr;
pub use error::TunError;
use ioctl::{IFF_MULTI_QUEUE, IFF_NO_PI, IFF_TUN, Interface};

/// Packets that the kernel keeps while this process is busy. The default of 500 is less than what
/// a window of 1 MiB brings in segments of 1460 octets, and what does not fit is lost.
const QUEUE_LENGTH: u32 = 4_096;
const DEVICE: &str = "/dev/net/tun";

/// Whether a device was there before.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Origin {
    /// It existed and keeps its settings.
    Attached,
    /// It was created and will be gone with the [`Tun`].
    Created,
}

/// An attached TUN device.
#[derive(Debug)]
pub struct Tun {
    fd: OwnedFd,
    name: String,
    mtu: u16,
    origin: Origin,
}

/// Which device, and how it is set up if it has to be created.
#[derive(Clone, Debug)]
pub struct TunBuilder {
    name: String,
    kernel: Vec<Cidr>,
    mtu: Option<u16>,
}

impl Tun {
    /// A device by name: up to 15 octets without `/` and white space.
    #[must_use]
    pub fn builder(name: &str) -> TunBuilder {
        TunBuilder {
            name: name.to_owned(),
            kernel: Vec::new(),
            mtu: None,
        }
    }

    /// The name of the interface.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The largest packet in octets.
    #[must_use]
    pub const fn mtu(&self) -> u16 {
        self.mtu
    }

    /// Whether it was there before.
    #[must_use]
    pub const fn origin(&self) -> Origin {
        self.origin
    }

    /// Whether the interface is up: one that is attached may not be.
    ///
    /// # Errors
    /// When the interface is gone.
    pub fn is_up(&self) -> Result<bool, TunError> {
        let up = Interface::new(&self.name).and_then(|interface| interface.is_up());
        up.map_err(|errno| TunError::SetUp(self.name.clone(), "its flags could not be read", errno))
    }

    pub(crate) fn into_parts(self) -> (OwnedFd, u16) {
        (self.fd, self.mtu)
    }
}

impl TunBuilder {
    /// An address of the kernel on the device, if it is created. Several may be given, of which
    /// at most one is IPv4.
    #[must_use]
    pub fn kernel_address(mut self, address: Cidr) -> Self {
        self.kernel.push(address);
        self
    }

    /// The MTU of a device that is created (the kernel's default is 1500). Of one that exists,
    /// the packets sent will be no larger than this.
    #[must_use]
    pub const fn mtu(mut self, mtu: u16) -> Self {
        self.mtu = Some(mtu);
        self
    }

    /// Attaches the device, or creates it.
    ///
    /// # Errors
    /// [`TunError`], whose text says what to do.
    pub fn open(self) -> Result<Tun, TunError> {
        check_name(&self.name)?;
        let flags = OFlags::RDWR | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let fd = open(DEVICE, flags, Mode::empty()).map_err(TunError::of_open)?;
        let origin = self.origin()?;
        let name = attach(&fd, &self.name).map_err(|errno| match origin {
            Origin::Attached => TunError::of_attach(&self.name, errno),
            Origin::Created => TunError::of_create(&self.name, errno),
        })?;
        let set_up = |what| {
            let name = name.clone();
            move |errno| TunError::SetUp(name, what, errno)
        };
        let interface = Interface::new(&name).map_err(set_up("no socket could be opened"))?;
        if origin == Origin::Created {
            self.set_up(&interface)?;
        }
        let device_mtu = interface
            .mtu()
            .map_err(set_up("its MTU could not be read"))?;
        let device_mtu = u16::try_from(device_mtu).unwrap_or(u16::MAX);
        let mtu = self.mtu.map_or(device_mtu, |mtu| mtu.min(device_mtu));
        Ok(Tun {
            fd,
            mtu,
            origin,
            name,
        })
    }

    fn origin(&self) -> Result<Origin, TunError> {
        let index = Interface::new(&self.name).and_then(|interface| interface.index());
        match index {
            Ok(_) => Ok(Origin::Attached),
            Err(Errno::NODEV | Errno::NXIO) => Ok(Origin::Created),
            Err(errno) => Err(TunError::SetUp(
                self.name.clone(),
                "it could not be looked up",
                errno,
            )),
        }
    }

    fn set_up(&self, interface: &Interface<'_>) -> Result<(), TunError> {
        let failed = |what: &'static str| {
            let name = self.name.clone();
            move |errno| TunError::SetUp(name, what, errno)
        };
        // A longer queue is welcome and not needed.
        let _ = interface
            .index()
            .and_then(|index| netlink::set_queue_length(index, QUEUE_LENGTH));
        if let Some(mtu) = self.mtu {
            interface
                .set_mtu(mtu)
                .map_err(failed("the kernel refuses the MTU"))?;
        }
        for cidr in &self.kernel {
            if let IpAddr::V4(address) = cidr.address() {
                let added = interface.add_ipv4(address, cidr.prefix());
                added.map_err(failed("the kernel refuses the IPv4 address"))?;
            }
        }
        interface
            .bring_up()
            .map_err(failed("it could not be brought up"))?;
        // IPv6 addresses are accepted only by an interface that is up.
        for cidr in &self.kernel {
            if let IpAddr::V6(address) = cidr.address() {
                let added = interface.add_ipv6(address, cidr.prefix());
                added.map_err(failed("the kernel refuses the IPv6 address"))?;
            }
        }
        Ok(())
    }
}

/// Brings the loopback interface of this network namespace up: in a fresh one it is down.
///
/// # Errors
/// When the kernel refuses.
pub fn loopback_up() -> std::io::Result<()> {
    Ok(Interface::new("lo")?.bring_up()?)
}

fn check_name(name: &str) -> Result<(), TunError> {
    let good = !name.is_empty()
        && name.len() <= 15
        && name != "."
        && name != ".."
        && name
            .bytes()
            .all(|octet| octet.is_ascii_graphic() && octet != b'/' && octet != b'%');
    if good {
        Ok(())
    } else {
        Err(TunError::Name(name.to_owned()))
    }
}

/// A device that was made for several queues can only be attached as such.
fn attach(fd: &OwnedFd, name: &str) -> Result<String, Errno> {
    match ioctl::attach(fd, name, IFF_TUN | IFF_NO_PI) {
        Err(Errno::INVAL) => ioctl::attach(fd, name, IFF_TUN | IFF_NO_PI | IFF_MULTI_QUEUE),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_no_interface_can_have_is_refused_before_anything_is_opened() {
        for name in ["", "sixteen-octets-x", "a/b", "a b", "..", "tun%d", "n\0l"] {
            let error = Tun::builder(name).open().expect_err(name);
            assert!(matches!(error, TunError::Name(_)), "{name}: {error}");
        }
    }
}
