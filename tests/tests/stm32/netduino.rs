//! The machine netduinoplus2 of QEMU, an STM32F405, whose USART is a socket; packets go between it
//! and a TUN device of this namespace.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::net::Ipv4Addr;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use rustix::ioctl::{Opcode, Updater, ioctl, opcode};
use tcp_embedded::{SlipDecoder, SlipEncoder};
use tcp_tests::netns::wait_for;

/// Where the image is.
pub(crate) const ADDRESS: Ipv4Addr = Ipv4Addr::new(192, 168, 2, 2);
const DEVICE: &str = "tun0";
const MTU: usize = 1_006;
const TUNSETIFF: Opcode = opcode::write::<i32>(b'T', 202);
/// Packets, without four octets of packet information before them.
const IFF_TUN_NO_PI: u16 = 0x1001;

/// The kernel's `struct ifreq`.
#[repr(C, align(8))]
struct IfReq {
    name: [u8; 16],
    flags: u16,
    rest: [u8; 22],
}

/// A machine that runs.
pub(crate) struct Board {
    qemu: Child,
    line: UnixStream,
    _directory: tempfile::TempDir,
}

impl Board {
    pub(crate) fn start(image: &Path) -> Self {
        let tun = Arc::new(open_tun());
        crate::ip(&["addr", "add", "192.168.2.1/30", "dev", DEVICE]);
        crate::ip(&["link", "set", DEVICE, "mtu", &MTU.to_string(), "up"]);
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("usart");
        let socket = format!("socket,id=s0,path={},server=on,wait=off", path.display());
        let qemu = Command::new("qemu-system-arm")
            .args(["-M", "netduinoplus2", "-nographic", "-monitor", "none"])
            .args(["-chardev", &socket, "-serial", "chardev:s0", "-kernel"])
            .arg(image)
            .stdin(Stdio::null())
            .spawn()
            .expect("QEMU starts");
        let patience = Duration::from_secs(20);
        let line = wait_for("QEMU's socket", patience, || {
            UnixStream::connect(&path).ok()
        });
        let (there, back) = (line.try_clone(), line.try_clone());
        let (there, back) = (there.expect("a copy"), back.expect("a copy"));
        let from = Arc::clone(&tun);
        thread::spawn(move || to_board(&from, there));
        thread::spawn(move || from_board(back, &tun));
        Self {
            qemu,
            line,
            _directory: directory,
        }
    }

    /// Octets that are no frame, as a bad line would have them.
    pub(crate) fn disturb(&self, octets: &[u8]) {
        (&self.line).write_all(octets).expect("QEMU takes it");
    }
}

impl Drop for Board {
    fn drop(&mut self) {
        let _ = self.qemu.kill();
        let _ = self.qemu.wait();
    }
}

fn open_tun() -> File {
    let mut options = OpenOptions::new();
    let file = options.read(true).write(true).open("/dev/net/tun");
    let file = file.expect("a TUN driver");
    let mut request = IfReq {
        name: [0; 16],
        flags: IFF_TUN_NO_PI,
        rest: [0; 22],
    };
    request.name[..DEVICE.len()].copy_from_slice(DEVICE.as_bytes());
    // SAFETY: the kernel reads and writes a `struct ifreq`, which this is.
    let attach = unsafe { Updater::<TUNSETIFF, IfReq>::new(&mut request) };
    // SAFETY: the descriptor is that of the TUN driver, which knows this request.
    unsafe { ioctl(&file, attach) }.expect("a TUN device");
    file
}

/// Until QEMU is gone.
fn to_board(mut tun: &File, mut line: UnixStream) {
    let mut packet = [0; 2_048];
    while let Ok(len) = tun.read(&mut packet) {
        let mut encoder = SlipEncoder::new();
        let octets: Vec<u8> = std::iter::from_fn(|| encoder.next(&packet[..len])).collect();
        if line.write_all(&octets).is_err() {
            return;
        }
    }
}

fn from_board(mut line: UnixStream, mut tun: &File) {
    let mut decoder = SlipDecoder::new();
    let (mut packet, mut octets) = ([0; MTU], [0; 512]);
    while let Ok(count @ 1..) = line.read(&mut octets) {
        for octet in &octets[..count] {
            if let Some(len) = decoder.push(*octet, &mut packet) {
                // The kernel refuses what is no packet.
                let _ = tun.write(&packet[..len]);
            }
        }
    }
}
