//! Why a call is refused, and why a connection ended.

use core::fmt;

use super::timers::Timer;

/// What the caller did wrong; nothing changed. The wording is RFC 9293's where it has one.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Misuse {
    /// The handle names no connection or listener (any more).
    NoConnection,
    /// The local and remote address are already in use together, or the port has a listener.
    AlreadyExists,
    /// No free slot, entry or storage.
    InsufficientResources,
    /// The remote address or port is missing, not unicast, or our own.
    RemoteUnspecified,
    /// The local address is not one of ours.
    NotOurAddress,
    /// The connection is still opening.
    NotYetOpen,
    /// The user closed the sending side before.
    Closing,
    /// The connection ended; the close reason says why.
    Closed,
}

impl fmt::Display for Misuse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoConnection => "connection does not exist",
            Self::AlreadyExists => "connection already exists",
            Self::InsufficientResources => "insufficient resources",
            Self::RemoteUnspecified => "remote socket unspecified",
            Self::NotOurAddress => "local address is not one of this stack's",
            Self::NotYetOpen => "connection not yet open",
            Self::Closing => "connection closing",
            Self::Closed => "connection closed",
        })
    }
}

impl core::error::Error for Misuse {}

/// Which ICMP message made a destination unreachable.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
#[repr(u8)]
pub enum Unreachable {
    /// No route to the network.
    // The first is one, and so none of them is zero: a connection begins with zeros.
    Network = 1,
    /// No route to the host.
    Host,
    /// The host does not speak TCP.
    Protocol,
    /// Nobody listens on the port.
    Port,
    /// A filter on the way forbids it.
    Prohibited,
    /// The packet was too big and may not be fragmented.
    TooBig,
    /// A parameter of the IP header was not understood.
    Parameter,
    /// The hop limit was used up.
    TimeExceeded,
}

/// Why a connection ended.
//= https://www.rfc-editor.org/rfc/rfc9293#section-3.6
//# If the local TCP connection is closed by the remote side due to a FIN or RST
//# received from the remote side, then the local application MUST be informed
//# whether it closed normally or was aborted (MUST-12).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum CloseReason {
    /// Both sides closed and all data was delivered.
    Finished,
    /// The peer reset the connection.
    Reset,
    /// The peer answered the SYN with a reset.
    Refused,
    /// A timer gave up; which one is named.
    TimedOut(Timer),
    /// The destination cannot be reached.
    Unreachable(Unreachable),
    /// This side aborted.
    Aborted,
}

impl fmt::Display for CloseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Finished => f.write_str("closed by both sides"),
            Self::Reset => f.write_str("connection reset"),
            Self::Refused => f.write_str("connection refused"),
            Self::TimedOut(timer) => write!(f, "connection timed out ({timer})"),
            Self::Unreachable(what) => write!(f, "destination unreachable ({what:?})"),
            Self::Aborted => f.write_str("connection aborted"),
        }
    }
}

impl core::error::Error for CloseReason {}
