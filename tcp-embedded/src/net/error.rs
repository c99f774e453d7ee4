//! Why a call on a socket failed.

use core::fmt;

use tcp_core::{CloseReason, Misuse};

/// Why a call on a socket failed.
///
/// ```
/// use tcp_core::{CloseReason, Misuse};
/// use tcp_embedded::NetError;
/// let error = NetError::Ended(CloseReason::Reset);
/// assert_eq!(error.to_string(), "connection reset");
/// assert_ne!(error, NetError::Refused(Misuse::Closing));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum NetError {
    /// The connection is over, and this is why.
    Ended(CloseReason),
    /// The stack refused the call.
    Refused(Misuse),
    /// The time that the caller gave is over. Nothing was lost: the call may be repeated.
    TimedOut,
    /// The host is in use further up the call stack: a device or a clock called a socket.
    Busy,
}

impl NetError {
    /// Whether it says that this direction of the connection was closed in an orderly way.
    #[must_use]
    pub const fn is_closed(self) -> bool {
        matches!(
            self,
            Self::Ended(CloseReason::Finished) | Self::Refused(Misuse::Closing | Misuse::Closed)
        )
    }
}

impl fmt::Display for NetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ended(reason) => reason.fmt(f),
            Self::Refused(misuse) => misuse.fmt(f),
            Self::TimedOut => f.write_str("timed out"),
            Self::Busy => f.write_str("the host is in use by the caller"),
        }
    }
}

impl core::error::Error for NetError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Ended(reason) => Some(reason),
            Self::Refused(misuse) => Some(misuse),
            Self::TimedOut | Self::Busy => None,
        }
    }
}

impl From<Misuse> for NetError {
    fn from(misuse: Misuse) -> Self {
        Self::Refused(misuse)
    }
}

#[cfg(feature = "embedded-io")]
impl embedded_io::Error for NetError {
    /// The kinds that `std::net` gives. There is none for a host that cannot be reached: that is
    /// `Other`, and the value itself says more.
    fn kind(&self) -> embedded_io::ErrorKind {
        use embedded_io::ErrorKind;
        match self {
            Self::Ended(reason) => kind_of_close(*reason),
            Self::Refused(misuse) => kind_of_misuse(*misuse),
            Self::TimedOut => ErrorKind::TimedOut,
            Self::Busy => ErrorKind::Other,
        }
    }
}

#[cfg(feature = "embedded-io")]
fn kind_of_close(reason: CloseReason) -> embedded_io::ErrorKind {
    use embedded_io::ErrorKind;
    use tcp_core::Unreachable;
    match reason {
        CloseReason::Finished => ErrorKind::BrokenPipe,
        CloseReason::Reset => ErrorKind::ConnectionReset,
        CloseReason::Refused | CloseReason::Unreachable(Unreachable::Port) => {
            ErrorKind::ConnectionRefused
        }
        CloseReason::TimedOut(_) => ErrorKind::TimedOut,
        CloseReason::Aborted => ErrorKind::ConnectionAborted,
        CloseReason::Unreachable(_) | _ => ErrorKind::Other,
    }
}

#[cfg(feature = "embedded-io")]
fn kind_of_misuse(misuse: Misuse) -> embedded_io::ErrorKind {
    use embedded_io::ErrorKind;
    match misuse {
        Misuse::NoConnection | Misuse::NotYetOpen => ErrorKind::NotConnected,
        Misuse::AlreadyExists => ErrorKind::AddrInUse,
        Misuse::InsufficientResources => ErrorKind::OutOfMemory,
        Misuse::RemoteUnspecified => ErrorKind::InvalidInput,
        Misuse::NotOurAddress => ErrorKind::AddrNotAvailable,
        Misuse::Closing | Misuse::Closed => ErrorKind::BrokenPipe,
        _ => ErrorKind::Other,
    }
}

#[cfg(all(test, feature = "embedded-io"))]
mod tests {
    use embedded_io::{Error as _, ErrorKind};
    use tcp_core::{Timer, Unreachable};

    use super::*;

    #[test]
    fn every_end_has_the_kind_that_std_net_gives() {
        for (reason, kind) in [
            (CloseReason::Finished, ErrorKind::BrokenPipe),
            (CloseReason::Reset, ErrorKind::ConnectionReset),
            (CloseReason::Refused, ErrorKind::ConnectionRefused),
            (
                CloseReason::TimedOut(Timer::Retransmission),
                ErrorKind::TimedOut,
            ),
            (
                CloseReason::Unreachable(Unreachable::Port),
                ErrorKind::ConnectionRefused,
            ),
            (
                CloseReason::Unreachable(Unreachable::Host),
                ErrorKind::Other,
            ),
            (CloseReason::Aborted, ErrorKind::ConnectionAborted),
        ] {
            assert_eq!(NetError::Ended(reason).kind(), kind, "{reason}");
        }
        for (misuse, kind) in [
            (Misuse::Closing, ErrorKind::BrokenPipe),
            (Misuse::AlreadyExists, ErrorKind::AddrInUse),
            (Misuse::NotOurAddress, ErrorKind::AddrNotAvailable),
            (Misuse::InsufficientResources, ErrorKind::OutOfMemory),
            (Misuse::RemoteUnspecified, ErrorKind::InvalidInput),
            (Misuse::NoConnection, ErrorKind::NotConnected),
        ] {
            assert_eq!(NetError::Refused(misuse).kind(), kind, "{misuse}");
        }
        assert_eq!(NetError::TimedOut.kind(), ErrorKind::TimedOut);
    }
}
