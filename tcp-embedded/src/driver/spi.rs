//! What the drivers of chips behind a serial bus have in common: errors, counters, absent pins.

use core::convert::Infallible;
use core::fmt::{self, Debug};

use embedded_hal::digital::{ErrorType, InputPin, OutputPin};

use crate::mac::{Error, ErrorKind, MacAddress};

/// Which group addresses come through, besides the broadcast address.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Multicast<'a> {
    /// None.
    Blocked,
    /// These, and others that the chip's filter cannot tell from them.
    Only(&'a [MacAddress]),
    /// All.
    All,
}

/// What a chip was waited for in vain.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum Waiting {
    /// The end of its reset.
    Reset,
    /// An access to its PHY.
    Phy,
    /// The execution of a command.
    Command,
    /// Two equal readings of a register that changes while it is read.
    Stable,
}

impl fmt::Display for Waiting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Reset => "its reset",
            Self::Phy => "its PHY",
            Self::Command => "a command",
            Self::Stable => "a stable register",
        })
    }
}

/// An error of a chip behind a serial bus; `E` is the bus's.
///
/// After any of them the driver mends what it can by itself, at the next call.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum SpiError<E> {
    /// A transfer failed.
    Bus(E),
    /// The reset pin could not be driven.
    Pin,
    /// Nothing answers, or not this kind of chip.
    Absent,
    /// The chip did not do in time what it was waited for.
    Timeout(Waiting),
    /// A register does not hold what was written to it: the chip was reset behind the driver's
    /// back, or the bus is disturbed.
    Lost,
    /// The chip's account of a received frame contradicts itself. What it had received is gone.
    Corrupt,
    /// The chip had no room for frames that arrived.
    Overrun,
    /// A received frame was damaged or longer than the buffer, and is gone.
    BadFrame,
    /// The frame to send is too long for an Ethernet.
    TooLong,
    /// The chip still sends the frame before.
    Busy,
}

impl<E> fmt::Display for SpiError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bus(_) => "a transfer failed",
            Self::Pin => "the reset pin could not be driven",
            Self::Absent => "no such chip answers",
            Self::Timeout(what) => return write!(f, "waited in vain for {what}"),
            Self::Lost => "the chip lost its configuration",
            Self::Corrupt => "what the chip says of a received frame contradicts itself",
            Self::Overrun => "the chip had no room for frames that arrived",
            Self::BadFrame => "a received frame was damaged or too long",
            Self::TooLong => "the frame to send is too long",
            Self::Busy => "the chip still sends the frame before",
        })
    }
}

impl<E: Debug> core::error::Error for SpiError<E> {}

impl<E: Debug> Error for SpiError<E> {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Bus(_) | Self::Corrupt | Self::Lost => ErrorKind::Bus,
            Self::Timeout(_) => ErrorKind::Timeout,
            Self::Overrun => ErrorKind::Overrun,
            Self::BadFrame => ErrorKind::BadFrame,
            Self::TooLong => ErrorKind::TooLong,
            Self::Pin | Self::Absent | Self::Busy => ErrorKind::Other,
        }
    }
}

/// What a driver has seen since it was made. Each number wraps.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[non_exhaustive]
pub struct Counters {
    /// Frames handed to the caller.
    pub received: u32,
    /// Frames that left, as far as the chip says.
    pub sent: u32,
    /// Times that the chip ran out of room for arriving frames.
    pub overruns: u32,
    /// Received frames that were damaged or did not fit the caller's buffer.
    pub bad_frames: u32,
    /// Times that what the chip holds was thrown away because it contradicted itself.
    pub resyncs: u32,
    /// Frames that the chip gave up sending.
    pub aborted: u32,
    /// Frames sent again after a late collision.
    pub retried: u32,
    /// Transmissions cancelled because they did not end.
    pub stalled: u32,
    /// Transfers that failed.
    pub bus_errors: u32,
    /// Times that the chip was set up from its reset, the first included.
    pub resets: u32,
}

/// Adds one to a counter.
pub(crate) fn count(counter: &mut u32) {
    *counter = counter.wrapping_add(1);
}

/// A pin that is not connected: as an interrupt line it always asks, as a reset line it does
/// nothing.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct NoPin;

impl ErrorType for NoPin {
    type Error = Infallible;
}

impl InputPin for NoPin {
    fn is_high(&mut self) -> Result<bool, Infallible> {
        Ok(false)
    }

    fn is_low(&mut self) -> Result<bool, Infallible> {
        Ok(true)
    }
}

impl OutputPin for NoPin {
    fn set_low(&mut self) -> Result<(), Infallible> {
        Ok(())
    }

    fn set_high(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}

/// How far a driver trusts what it knows of its chip; the less, the more it mends.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Trust {
    /// Nothing is known: it is to be reset and set up.
    None,
    /// The received frames are in doubt: they are to be thrown away.
    NoFrames,
    /// All is well.
    Full,
}
