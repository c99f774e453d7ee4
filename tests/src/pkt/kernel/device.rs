//! Packets of the kernel, each with the time at which it was seen, and packets to it.

use std::io;
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;
use std::time::Instant;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use tcp_std::Device;

use super::runner::Happening;

/// How soon the thread notices that it is not needed any more.
const GLANCE: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 20_000_000,
};
const LONGEST: usize = 65_535;

/// The script's end of the device.
#[derive(Debug)]
pub(super) struct Line {
    device: Arc<Device>,
    is_over: Arc<AtomicBool>,
}

impl Line {
    /// Begins to watch a device.
    pub(super) fn new(device: Device, to: Sender<Happening>) -> Self {
        let device = Arc::new(device);
        let is_over = Arc::new(AtomicBool::new(false));
        let line = Self {
            device: Arc::clone(&device),
            is_over: Arc::clone(&is_over),
        };
        std::thread::spawn(move || watch(&device, &is_over, &to));
        line
    }

    /// Hands a packet to the kernel, which has dealt with it when this returns.
    pub(super) fn inject(&self, octets: &[u8]) -> io::Result<()> {
        let written = rustix::io::write(self.device.as_fd(), octets)?;
        if written == octets.len() {
            Ok(())
        } else {
            Err(io::ErrorKind::WriteZero.into())
        }
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
    }
}

fn watch(device: &Device, is_over: &AtomicBool, to: &Sender<Happening>) {
    let mut buffer = vec![0; LONGEST];
    while !is_over.load(Ordering::Relaxed) {
        match rustix::io::read(device.as_fd(), &mut buffer) {
            Ok(len) => {
                let packet = buffer.get(..len).unwrap_or_default().to_vec();
                if to.send(Happening::Packet(Instant::now(), packet)).is_err() {
                    return;
                }
            }
            Err(Errno::AGAIN | Errno::INTR) => {
                let mut fds = [PollFd::new(device, PollFlags::IN)];
                // What it says is seen by the read that follows.
                let _ = poll(&mut fds, Some(&GLANCE));
            }
            Err(_) => return,
        }
    }
}
