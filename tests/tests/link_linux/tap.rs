//! A TAP device as our MAC.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind as IoErrorKind, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::process::Command;

use rustix::fs::OFlags;
use rustix::ioctl::{Opcode, Updater, ioctl, opcode};
use tcp_embedded::{Capabilities, ErrorKind, LinkState, Mac, MacAddress};

const TUNSETIFF: Opcode = opcode::write::<i32>(b'T', 202);
/// Frames, without four octets of packet information before them.
const IFF_TAP_NO_PI: u16 = 0x1002;

pub(crate) const NAME: &str = "tap0";
pub(crate) const ADDRESS: MacAddress = MacAddress([2, 0, 0, 0, 0, 0x42]);

/// The kernel's `struct ifreq`.
#[repr(C, align(8))]
struct IfReq {
    name: [u8; 16],
    flags: u16,
    rest: [u8; 22],
}

/// Our end of the device; the kernel has the other.
#[derive(Debug)]
pub(crate) struct Tap {
    file: File,
    /// Whether the cable carries, as far as we are told.
    pub(crate) link: LinkState,
}

impl Tap {
    pub(crate) fn open() -> Self {
        ip(&["link", "set", "lo", "up"]);
        let nonblocking = i32::try_from(OFlags::NONBLOCK.bits()).expect("a flag");
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .custom_flags(nonblocking)
            .open("/dev/net/tun")
            .expect("a TUN driver");
        let mut request = IfReq {
            name: [0; 16],
            flags: IFF_TAP_NO_PI,
            rest: [0; 22],
        };
        request.name[..NAME.len()].copy_from_slice(NAME.as_bytes());
        // SAFETY: the kernel reads and writes a `struct ifreq`, which this is.
        let attach = unsafe { Updater::<TUNSETIFF, IfReq>::new(&mut request) };
        // SAFETY: the descriptor is that of the TUN driver, which knows this request.
        unsafe { ioctl(&file, attach) }.expect("a TAP device");
        ip(&["link", "set", NAME, "up"]);
        Self {
            file,
            link: LinkState::Up,
        }
    }
}

/// Runs `ip`, which must succeed.
pub(crate) fn ip(arguments: &[&str]) {
    let output = Command::new("ip").args(arguments).output().expect("ip");
    assert!(output.status.success(), "ip {arguments:?}: {output:?}");
}

impl Mac for Tap {
    type Error = ErrorKind;

    fn receive(&mut self, frame: &mut [u8]) -> Result<Option<usize>, ErrorKind> {
        match self.file.read(frame) {
            Ok(len) => Ok(Some(len)),
            Err(error) if error.kind() == IoErrorKind::WouldBlock => Ok(None),
            Err(_) => Err(ErrorKind::Other),
        }
    }

    fn can_transmit(&mut self) -> bool {
        true
    }

    fn transmit(&mut self, frame: &[u8]) -> Result<(), ErrorKind> {
        self.file.write_all(frame).map_err(|_| ErrorKind::Other)
    }

    fn link(&mut self) -> LinkState {
        self.link
    }

    fn address(&self) -> MacAddress {
        ADDRESS
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::ETHERNET
    }
}
