//! The thread that makes system calls, one after the other.

use std::sync::mpsc::{self, Sender};
use std::time::Instant;

use rustix::io::Errno;

use super::runner::Happening;

/// A system call with its arguments.
pub(super) type Work = Box<dyn FnOnce() -> Returned + Send>;

/// What a call returned.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Returned {
    pub(super) result: Result<i64, Errno>,
    pub(super) out: Out,
}

/// What a call wrote into its arguments.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) enum Out {
    #[default]
    Nothing,
    Octets(Vec<u8>),
    /// A descriptor that was made, which the runner keeps.
    Opened(Opened),
    /// What is ready: what each was registered with, and its events.
    Ready(Vec<(u64, i64)>),
}

/// A descriptor on its way to the runner.
#[derive(Clone, Debug)]
pub(super) struct Opened(pub(super) std::sync::Arc<rustix::fd::OwnedFd>);

impl PartialEq for Opened {
    fn eq(&self, other: &Self) -> bool {
        std::sync::Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Opened {}

impl Returned {
    pub(super) fn of<T: Into<i64>>(result: Result<T, Errno>) -> Self {
        Self {
            result: result.map(Into::into),
            out: Out::Nothing,
        }
    }

    pub(super) fn nothing(result: Result<(), Errno>) -> Self {
        Self::of(result.map(|()| 0))
    }

    pub(super) fn count(result: Result<usize, Errno>) -> Self {
        Self::of(result.map(|count| i64::try_from(count).unwrap_or(i64::MAX)))
    }

    pub(super) fn opened(result: Result<rustix::fd::OwnedFd, Errno>) -> Self {
        match result {
            Ok(fd) => Self {
                result: Ok(0),
                out: Out::Opened(Opened(std::sync::Arc::new(fd))),
            },
            Err(errno) => Self::of::<i64>(Err(errno)),
        }
    }
}

/// Takes calls; each return is a happening.
#[derive(Debug)]
pub(super) struct Caller {
    to: Sender<Work>,
}

impl Caller {
    pub(super) fn new(happenings: Sender<Happening>) -> Self {
        let (to, calls) = mpsc::channel::<Work>();
        // It may be stuck in a call for ever, so nobody waits for its end.
        std::thread::spawn(move || {
            for call in calls {
                let returned = call();
                let happening = Happening::Returned(Instant::now(), returned);
                if happenings.send(happening).is_err() {
                    return;
                }
            }
        });
        Self { to }
    }

    /// Makes a call; false when the thread is gone.
    pub(super) fn make(&self, work: Work) -> bool {
        self.to.send(work).is_ok()
    }
}
