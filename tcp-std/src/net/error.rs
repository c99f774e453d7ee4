//! The core's refusals and ends of connections as the `io::Error`s that `std::net` gives.

use std::io::{Error, ErrorKind};

use tcp_core::{CloseReason, Misuse, Unreachable};

/// Why a connection ended, for whoever still wants to use it. The source is the [`CloseReason`].
pub(super) fn of_close(reason: CloseReason) -> Error {
    Error::new(kind_of_close(reason), reason)
}

fn kind_of_close(reason: CloseReason) -> ErrorKind {
    match reason {
        CloseReason::Finished => ErrorKind::BrokenPipe,
        CloseReason::Reset => ErrorKind::ConnectionReset,
        CloseReason::Refused | CloseReason::Unreachable(Unreachable::Port) => {
            ErrorKind::ConnectionRefused
        }
        CloseReason::TimedOut(_) => ErrorKind::TimedOut,
        CloseReason::Unreachable(Unreachable::Network) => ErrorKind::NetworkUnreachable,
        // As Linux has it: a filter, a loop and a missing protocol all are a host out of reach.
        CloseReason::Unreachable(_) => ErrorKind::HostUnreachable,
        CloseReason::Aborted => ErrorKind::ConnectionAborted,
        _ => ErrorKind::Other,
    }
}

/// Why the stack refuses a call.
pub(super) fn of_misuse(misuse: Misuse) -> Error {
    let kind = match misuse {
        Misuse::NoConnection | Misuse::NotYetOpen => ErrorKind::NotConnected,
        Misuse::AlreadyExists => ErrorKind::AddrInUse,
        Misuse::InsufficientResources => ErrorKind::OutOfMemory,
        Misuse::RemoteUnspecified => ErrorKind::InvalidInput,
        Misuse::NotOurAddress => ErrorKind::AddrNotAvailable,
        Misuse::Closing | Misuse::Closed => ErrorKind::BrokenPipe,
        _ => ErrorKind::Other,
    };
    Error::new(kind, misuse)
}

/// The device is gone, or the network was shut down.
pub(super) fn gone() -> Error {
    Error::new(
        ErrorKind::NotConnected,
        "the network was shut down or its device is gone",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use tcp_core::Timer;

    #[test]
    fn every_end_has_the_kind_that_std_net_gives_and_keeps_its_reason() {
        for (reason, kind) in [
            (CloseReason::Reset, ErrorKind::ConnectionReset),
            (CloseReason::Refused, ErrorKind::ConnectionRefused),
            (
                CloseReason::TimedOut(Timer::Retransmission),
                ErrorKind::TimedOut,
            ),
            (CloseReason::TimedOut(Timer::KeepAlive), ErrorKind::TimedOut),
            (
                CloseReason::Unreachable(Unreachable::Host),
                ErrorKind::HostUnreachable,
            ),
            (
                CloseReason::Unreachable(Unreachable::Network),
                ErrorKind::NetworkUnreachable,
            ),
            (
                CloseReason::Unreachable(Unreachable::Port),
                ErrorKind::ConnectionRefused,
            ),
            (CloseReason::Aborted, ErrorKind::ConnectionAborted),
            (CloseReason::Finished, ErrorKind::BrokenPipe),
        ] {
            let error = of_close(reason);
            assert_eq!(error.kind(), kind);
            let source = error.get_ref().and_then(|source| source.downcast_ref());
            assert_eq!(source, Some(&reason));
        }
    }
}
