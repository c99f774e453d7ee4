//! What carries Ethernet frames: an on-chip MAC, a chip behind a serial bus, a cable in a test.

use core::fmt::{self, Debug};
use core::num::NonZeroU8;

use tcp_core::{RxChecksum, TxChecksum};

/// A 48-bit address.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct MacAddress(pub [u8; 6]);

impl MacAddress {
    /// Everyone.
    pub const BROADCAST: Self = Self([0xff; 6]);

    /// Whether it names a group (everyone included): no source address does.
    #[must_use]
    pub const fn is_group(self) -> bool {
        self.0[0] & 1 != 0
    }
}

impl fmt::Display for MacAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        write!(f, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
    }
}

/// Whether the cable carries.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum LinkState {
    /// Frames can be sent.
    Up,
    /// Pulled, or still negotiating.
    Down,
}

/// What a MAC can do.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Capabilities {
    /// Longest frame in octets, from the destination address to the end of the payload, without
    /// the frame check sequence: 1,514 on an ordinary Ethernet.
    pub max_frame: u16,
    /// Frames that may be handed over before one of them has left.
    pub max_burst: NonZeroU8,
    /// What it verified of a received packet.
    pub rx_checksum: RxChecksum,
    /// What it wants summed of a packet to send. `Partial` here means that it makes the transport
    /// checksum by itself.
    pub tx_checksum: TxChecksum,
}

impl Capabilities {
    /// An ordinary Ethernet that sums nothing, with one slot.
    pub const ETHERNET: Self = Self {
        max_frame: 1_514,
        max_burst: NonZeroU8::MIN,
        rx_checksum: RxChecksum::Unverified,
        tx_checksum: TxChecksum::Full,
    };
}

/// What went wrong, whatever the bus.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The bus failed or contradicted itself.
    Bus,
    /// The chip did not answer in time.
    Timeout,
    /// The chip lost frames because they were not taken in time.
    Overrun,
    /// A received frame was damaged or longer than the buffer, and is gone.
    BadFrame,
    /// The frame to send is longer than the chip can take.
    TooLong,
    /// Something else.
    Other,
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bus => "the bus failed",
            Self::Timeout => "the chip did not answer in time",
            Self::Overrun => "received frames were lost",
            Self::BadFrame => "a received frame was damaged or too long",
            Self::TooLong => "the frame to send is too long",
            Self::Other => "the device failed",
        })
    }
}

/// An error of a MAC.
pub trait Error: Debug {
    /// What went wrong in general terms.
    fn kind(&self) -> ErrorKind;
}

impl Error for ErrorKind {
    fn kind(&self) -> ErrorKind {
        *self
    }
}

impl Error for core::convert::Infallible {
    fn kind(&self) -> ErrorKind {
        match *self {}
    }
}

/// A device that carries Ethernet frames.
///
/// No call blocks: each does what can be done at once, or within a bounded number of bus
/// transfers. No call panics, whatever the chip says: a length that cannot be right is an error,
/// after which the next call starts afresh. A frame is the octets from the destination address to
/// the end of the payload; preamble and frame check sequence are the device's.
///
/// The trait is object-safe:
///
/// ```
/// use tcp_embedded::{ErrorKind, Mac};
/// fn drain(mac: &mut dyn Mac<Error = ErrorKind>) {
///     let mut frame = [0; 1_514];
///     while let Ok(Some(_)) = mac.receive(&mut frame) {}
/// }
/// ```
pub trait Mac {
    /// What can go wrong.
    type Error: Error;

    /// Moves the oldest received frame to the front of `frame`; its length, or `None` when there
    /// is none. A frame that does not fit is taken from the device and reported as
    /// [`ErrorKind::BadFrame`].
    fn receive(&mut self, frame: &mut [u8]) -> Result<Option<usize>, Self::Error>;

    /// Whether [`transmit`](Self::transmit) has room for a frame.
    fn can_transmit(&mut self) -> bool;

    /// Sends `frame`, of 60 octets at least. To be called after
    /// [`can_transmit`](Self::can_transmit) said yes; a frame for which there is no room, or that
    /// an error meets, is lost.
    fn transmit(&mut self, frame: &[u8]) -> Result<(), Self::Error>;

    /// Whether the cable carries.
    fn link(&mut self) -> LinkState;

    /// Its own address.
    fn address(&self) -> MacAddress;

    /// What it can do; does not change. It is asked for each packet, where a constant costs
    /// nothing.
    fn capabilities(&self) -> Capabilities;

    /// Receives frames for `group` as well, from here on. A device that hears every group has
    /// nothing to do; one that cannot tell some groups from others may hear those, too.
    fn join_group(&mut self, group: MacAddress) -> Result<(), Self::Error> {
        let _ = group;
        Ok(())
    }

    /// Whether the device asks to be served: the level of its interrupt line, where there is one.
    /// A main loop that would sleep asks this last, so that no edge that it missed can keep it
    /// asleep. Without a line it is always worth a look.
    fn asks(&mut self) -> bool {
        true
    }
}

impl<M: Mac + ?Sized> Mac for &mut M {
    type Error = M::Error;

    fn receive(&mut self, frame: &mut [u8]) -> Result<Option<usize>, Self::Error> {
        (**self).receive(frame)
    }

    fn can_transmit(&mut self) -> bool {
        (**self).can_transmit()
    }

    fn transmit(&mut self, frame: &[u8]) -> Result<(), Self::Error> {
        (**self).transmit(frame)
    }

    fn link(&mut self) -> LinkState {
        (**self).link()
    }

    fn address(&self) -> MacAddress {
        (**self).address()
    }

    fn capabilities(&self) -> Capabilities {
        (**self).capabilities()
    }

    fn join_group(&mut self, group: MacAddress) -> Result<(), Self::Error> {
        (**self).join_group(group)
    }

    fn asks(&mut self) -> bool {
        (**self).asks()
    }
}
