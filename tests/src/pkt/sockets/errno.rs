//! Error numbers by name, and which of them a TCP's answer becomes.

use std::fmt;

use tcp_core::{CloseReason, Misuse, State, Unreachable};

/// An error number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Errno(&'static str);

impl fmt::Display for Errno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

macro_rules! errnos {
    ($($name:ident)*) => {
        #[allow(missing_docs, reason = "names of POSIX")]
        impl Errno {
            $(pub const $name: Self = Self(stringify!($name));)*
        }
    };
}

errnos! {
    EINPROGRESS EALREADY EISCONN ECONNREFUSED ECONNRESET ECONNABORTED ETIMEDOUT EHOSTUNREACH
    ENETUNREACH EPROTO EPIPE EAGAIN ENOTCONN EINVAL EADDRINUSE EADDRNOTAVAIL EMSGSIZE EBADF
    EOPNOTSUPP ENOPROTOOPT EDESTADDRREQ ENOBUFS EFAULT ENOPROTO EDOM EAFNOSUPPORT
}

impl Errno {
    /// Whether a script means this one by `name`.
    #[must_use]
    pub fn is(self, name: &str) -> bool {
        self.0 == name || (self == Self::EAGAIN && name == "EWOULDBLOCK")
    }

    /// What a refused call becomes.
    #[must_use]
    pub fn of_misuse(misuse: Misuse) -> Self {
        match misuse {
            Misuse::NoConnection | Misuse::NotYetOpen => Self::ENOTCONN,
            Misuse::AlreadyExists => Self::EADDRINUSE,
            Misuse::InsufficientResources => Self::ENOBUFS,
            Misuse::RemoteUnspecified => Self::ECONNREFUSED,
            Misuse::NotOurAddress => Self::EADDRNOTAVAIL,
            Misuse::Closing | Misuse::Closed => Self::EPIPE,
            _ => Self::EINVAL,
        }
    }

    /// What the end of a connection becomes for its user; `before` is the state in which it was.
    /// `None`: it ended well.
    #[must_use]
    pub fn of_end(reason: CloseReason, before: State) -> Option<Self> {
        match reason {
            // A reset after the peer's FIN finds a writer.
            CloseReason::Reset if before == State::CloseWait => Some(Self::EPIPE),
            CloseReason::Reset if before == State::SynSent => Some(Self::ECONNREFUSED),
            CloseReason::Reset => Some(Self::ECONNRESET),
            CloseReason::Refused => Some(Self::ECONNREFUSED),
            CloseReason::TimedOut(_) => Some(Self::ETIMEDOUT),
            CloseReason::Unreachable(what) => Some(Self::of_unreachable(what)),
            _ => None,
        }
    }

    fn of_unreachable(what: Unreachable) -> Self {
        match what {
            Unreachable::Network => Self::ENETUNREACH,
            Unreachable::Port => Self::ECONNREFUSED,
            Unreachable::Protocol => Self::ENOPROTOOPT,
            Unreachable::TooBig => Self::EMSGSIZE,
            Unreachable::Parameter => Self::EPROTO,
            _ => Self::EHOSTUNREACH,
        }
    }
}
