//! Waiting for SIGINT or SIGTERM.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicI32, Ordering};

use rustix::event::{EventfdFlags, eventfd};
use rustix::io::Errno;

const SIGINT: i32 = 2;
const SIGTERM: i32 = 15;
const SIG_DFL: usize = 0;
const SIG_ERR: usize = usize::MAX;

/// Where the handler reports; -1 before there is anything.
static REPORT: AtomicI32 = AtomicI32::new(-1);

// SAFETY: this is `signal` of the C library, which std links; a handler is a pointer, as wide as
// `usize` wherever Linux runs.
unsafe extern "C" {
    safe fn signal(number: i32, handler: usize) -> usize;
}

/// The request to end, which comes by a signal.
#[derive(Debug)]
pub(crate) struct Interrupt {
    event: OwnedFd,
}

impl Interrupt {
    /// From here on SIGINT and SIGTERM do not end the process; a second one does.
    pub(crate) fn install() -> io::Result<Self> {
        let event = eventfd(0, EventfdFlags::CLOEXEC)?;
        REPORT.store(event.as_raw_fd(), Ordering::Release);
        for number in [SIGINT, SIGTERM] {
            if signal(number, handle as *const () as usize) == SIG_ERR {
                return Err(io::Error::last_os_error());
            }
        }
        Ok(Self { event })
    }

    /// Waits for the first signal.
    pub(crate) fn wait(&self) -> io::Result<()> {
        loop {
            match rustix::io::read(&self.event, &mut [0; 8]) {
                Ok(_) => return Ok(()),
                Err(Errno::INTR) => {}
                Err(errno) => return Err(errno.into()),
            }
        }
    }
}

impl Drop for Interrupt {
    fn drop(&mut self) {
        for number in [SIGINT, SIGTERM] {
            signal(number, SIG_DFL);
        }
        REPORT.store(-1, Ordering::Release);
    }
}

/// Only calls what may be called in a signal handler: two system calls, no allocation, no lock.
extern "C" fn handle(number: i32) {
    signal(number, SIG_DFL);
    let report = REPORT.load(Ordering::Acquire);
    if report >= 0 {
        // SAFETY: the descriptor is open: it is published after it was opened and withdrawn,
        // with the handlers, before it is closed.
        let report = unsafe { BorrowedFd::borrow_raw(report) };
        // There is nobody to tell of a failure.
        let _ = rustix::io::write(report, &1_u64.to_ne_bytes());
    }
}
