//! Devices that carry IP packets without a link layer, and a super-loop for them.

use core::net::IpAddr;

use tcp_core::{
    Duration, Firmware, Instant, LinkDestination, Memory, Packet, RxChecksum, Stack, StackConfig,
    TxChecksum,
};

use crate::mac::{Error, ErrorKind};
use crate::resources::Parts;
use crate::runner::{Host, NextWake, SetupError};

/// Packets in each direction that one call of [`IpRunner::poll`] handles at most.
const BUDGET: usize = 16;
/// How soon to look again at a device that is still sending, or that had an error.
const LOOK_AGAIN: Duration = Duration::from_millis(1);
//= https://www.rfc-editor.org/rfc/rfc1122#section-3.3.2
//# EMTU_R MUST be greater
//# than or equal to 576
const SMALLEST_MTU: u16 = 576;

/// A device that carries IP packets: a serial line, a modem.
///
/// No call blocks, and none panics, whatever arrives. Packets stay in the device's memory: a
/// received one is lent, and one to send is written in place.
pub trait IpDevice {
    /// What can go wrong.
    type Error: Error;

    /// Longest packet in octets, the same in both directions; does not change.
    fn mtu(&self) -> u16;

    /// The oldest packet that arrived, until the next call.
    ///
    /// # Errors
    /// What the device suffered; the next call starts afresh.
    fn receive(&mut self) -> Result<Option<&[u8]>, Self::Error>;

    /// Room for a packet to send; `None` while there is none.
    fn space(&mut self) -> Option<&mut [u8]>;

    /// Sends the first `len` octets of the room.
    ///
    /// # Errors
    /// The packet is lost.
    fn send(&mut self, len: usize) -> Result<(), Self::Error>;
}

/// A device of IP packets and a stack.
///
/// Of the memory that it is lent it leaves the neighbour cache and the frame unused. The gateway of
/// [`Host`] has no meaning here: everything goes to the other end of the line.
#[derive(Debug)]
pub struct IpRunner<'a, D: IpDevice, M: Memory<'a>> {
    device: D,
    stack: Stack<'a, Firmware, M>,
    errors: u32,
    last_error: Option<ErrorKind>,
}

impl<'a, D: IpDevice, M: Memory<'a>> IpRunner<'a, D, M> {
    /// Sets up a host on a device.
    ///
    /// # Errors
    /// [`SetupError`] says what does not fit.
    pub fn new(device: D, host: Host, parts: Parts<'a, M>) -> Result<Self, SetupError> {
        let mtu = device.mtu();
        if mtu < SMALLEST_MTU {
            return Err(SetupError::FrameTooShort);
        }
        let config = StackConfig {
            secret: host.secret,
            tx_checksum: TxChecksum::Full,
            ..StackConfig::new(mtu)
        };
        let mut stack = Stack::new(config, parts.tables, parts.memory);
        let address = host.address;
        stack
            .add_address(IpAddr::V4(address.address()), address.prefix())
            .map_err(SetupError::Address)?;
        Ok(Self {
            device,
            stack,
            errors: 0,
            last_error: None,
        })
    }

    /// The stack: for every call of a user, and for its events. Call [`poll`](Self::poll) after
    /// calls that may send.
    pub const fn stack(&mut self) -> &mut Stack<'a, Firmware, M> {
        &mut self.stack
    }

    /// The device.
    pub const fn device(&mut self) -> &mut D {
        &mut self.device
    }

    /// Errors of the device since the start, and the last one.
    pub const fn errors(&self) -> (u32, Option<ErrorKind>) {
        (self.errors, self.last_error)
    }

    /// Takes packets from the device, does what is due, and hands packets to the device: a bounded
    /// number of each.
    pub fn poll(&mut self, now: Instant) -> NextWake {
        let errors = self.errors;
        let received = self.receive(now);
        self.stack.advance(now);
        let blocked = match self.transmit(now) {
            Sent::All => false,
            Sent::Blocked => true,
            Sent::Budget => return NextWake::Now,
        };
        if received == BUDGET {
            return NextWake::Now;
        }
        let look_again = (blocked || self.errors != errors).then_some(now + LOOK_AGAIN);
        let deadline = self.stack.next_deadline().map(|(at, _)| at);
        match [deadline, look_again].into_iter().flatten().min() {
            // What waits for the device is not to be looked for before the device is.
            Some(at) if at <= now && blocked => NextWake::At(now + LOOK_AGAIN),
            Some(at) if at <= now => NextWake::Now,
            Some(at) => NextWake::At(at),
            None => NextWake::Frame,
        }
    }

    /// How many packets were taken.
    fn receive(&mut self, now: Instant) -> usize {
        for count in 0..BUDGET {
            match self.device.receive() {
                Ok(Some(octets)) => {
                    let packet = Packet {
                        octets,
                        checksum: RxChecksum::Unverified,
                        segment_size: None,
                        link: LinkDestination::Unicast,
                    };
                    // What is not for the stack is for nobody; it counted it.
                    let _ = self.stack.receive(now, packet);
                }
                Ok(None) => return count,
                Err(error) => {
                    self.note(error.kind());
                    return count;
                }
            }
        }
        BUDGET
    }

    fn transmit(&mut self, now: Instant) -> Sent {
        for _ in 0..BUDGET {
            let Some(space) = self.device.space() else {
                return Sent::Blocked;
            };
            let Some(transmit) = self.stack.transmit(now, space) else {
                return Sent::All;
            };
            if let Err(error) = self.device.send(transmit.len) {
                self.note(error.kind());
            }
        }
        Sent::Budget
    }

    fn note(&mut self, kind: ErrorKind) {
        self.errors = self.errors.wrapping_add(1);
        self.last_error = Some(kind);
    }
}

/// How sending ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Sent {
    /// Nothing is left.
    All,
    /// The device takes no more.
    Blocked,
    /// The budget is used up.
    Budget,
}

#[cfg(test)]
mod tests;
