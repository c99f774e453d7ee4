//! Named deadlines, and which one is due.

use core::fmt;

/// The timers of a connection.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Timer {
    /// Retransmission (RFC 6298); also the SYN's.
    Retransmission,
    /// Zero-window probe (RFC 9293 section 3.8.6.1) and the sender's SWS override.
    Persist,
    /// Delayed acknowledgment.
    DelayedAck,
    /// Keep-alive.
    KeepAlive,
    /// User timeout.
    UserTimeout,
    /// FIN-WAIT-2 without a reader.
    FinWait2,
    /// TIME-WAIT (of the stack's table, not of a connection).
    TimeWait,
    /// A half-open connection's SYN-ACK (of the stack's table).
    SynAck,
    /// IP reassembly (of the stack's table).
    Reassembly,
    /// There is something to transmit at once.
    Transmit,
}

impl fmt::Display for Timer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Retransmission => "retransmission",
            Self::Persist => "persist",
            Self::DelayedAck => "delayed ACK",
            Self::KeepAlive => "keep-alive",
            Self::UserTimeout => "user timeout",
            Self::FinWait2 => "FIN-WAIT-2",
            Self::TimeWait => "TIME-WAIT",
            Self::SynAck => "SYN-ACK",
            Self::Reassembly => "reassembly",
            Self::Transmit => "transmit",
        })
    }
}
