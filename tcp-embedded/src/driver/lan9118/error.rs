//! What can go wrong with the chip.

use core::fmt;

use crate::mac::{self, ErrorKind};

/// What was waited for in vain.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum Wait {
    /// The chip to wake up.
    Ready,
    /// A reset to end.
    Reset,
    /// The EEPROM to be read.
    Eeprom,
    /// The registers of the MAC.
    Mac,
    /// The registers of the PHY.
    Phy,
    /// The receiver to stop and to empty itself.
    Receiver,
}

/// An error of the chip or of its user.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum Error {
    /// There is no such chip, or the bus swaps octets: the test register gave this.
    NotThere {
        /// `0x8765_4321` is right.
        read: u32,
    },
    /// A chip, but none of this family.
    UnknownChip {
        /// The upper half of its identification.
        id: u16,
    },
    /// The EEPROM holds no address and none was given, or it is the address of a group.
    NoAddress,
    /// The chip did not do in time what it was waited for.
    Stuck(Wait),
    /// The chip contradicts itself; it is set up afresh before the next frame.
    OutOfStep,
    /// A received frame was damaged, or longer than the buffer; it is gone.
    BadFrame,
    /// The frame to send is empty or longer than the chip can take.
    BadLength,
    /// The transmitter has no room; the frame is lost.
    NoRoom,
}

impl mac::Error for Error {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::NotThere { .. } | Self::UnknownChip { .. } | Self::OutOfStep => ErrorKind::Bus,
            Self::Stuck(_) => ErrorKind::Timeout,
            Self::BadFrame => ErrorKind::BadFrame,
            Self::BadLength => ErrorKind::TooLong,
            Self::NoAddress | Self::NoRoom => ErrorKind::Other,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotThere { read } => write!(f, "no chip answers: read {read:#010x}"),
            Self::UnknownChip { id } => write!(f, "a chip of another family: {id:#06x}"),
            Self::NoAddress => f.write_str("no station address"),
            Self::Stuck(wait) => write!(f, "waited in vain: {wait:?}"),
            Self::OutOfStep => f.write_str("the chip contradicted itself"),
            Self::BadFrame => f.write_str("a received frame was damaged or too long"),
            Self::BadLength => f.write_str("the frame to send is empty or too long"),
            Self::NoRoom => f.write_str("the transmitter has no room"),
        }
    }
}

impl core::error::Error for Error {}
