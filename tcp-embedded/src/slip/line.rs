//! A serial line as a device for IP.

use super::{SlipDecoder, SlipDropped, SlipEncoder};
use crate::ip::IpDevice;
use crate::mac::ErrorKind;

/// Octets that one call takes from the line or gives to it at most.
const BUDGET: usize = 256;

/// A serial line that never keeps its caller waiting: a UART with buffers that interrupts fill and
/// empty, or one that is looked at often enough.
pub trait Serial {
    /// The oldest octet that has arrived; an error means that octets before it were lost or
    /// damaged.
    ///
    /// # Errors
    /// [`ErrorKind::Overrun`] or what else the line suffered.
    fn read(&mut self) -> Result<Option<u8>, ErrorKind>;

    /// Whether [`write`](Self::write) has room for an octet.
    fn can_write(&mut self) -> bool;

    /// Sends an octet for which there is room; others are lost.
    fn write(&mut self, octet: u8);
}

/// IP over a serial line, for packets of up to `MTU` octets.
///
/// Both ends must agree on the size: 1,006 octets is what the other end can be expected to take.
#[derive(Debug)]
pub struct Slip<S, const MTU: usize> {
    line: S,
    decoder: SlipDecoder,
    received: [u8; MTU],
    encoder: SlipEncoder,
    sent: [u8; MTU],
    /// What is leaving, of `sent`.
    leaving: Option<usize>,
}

impl<S: Serial, const MTU: usize> Slip<S, MTU> {
    /// Takes a line.
    pub const fn new(line: S) -> Self {
        Self {
            line,
            decoder: SlipDecoder::new(),
            received: [0; MTU],
            encoder: SlipEncoder::new(),
            sent: [0; MTU],
            leaving: None,
        }
    }

    /// The line.
    pub const fn line(&mut self) -> &mut S {
        &mut self.line
    }

    /// Whether octets of a packet wait for the line. A loop that has no interrupt for a line that
    /// can take more must not sleep then.
    pub const fn is_sending(&self) -> bool {
        self.leaving.is_some()
    }

    /// Received frames that were dropped for this reason.
    pub fn dropped(&self, reason: SlipDropped) -> u32 {
        self.decoder.dropped(reason)
    }

    /// Gives the line what it takes.
    fn push_out(&mut self) {
        let Some(packet) = self.leaving.and_then(|len| self.sent.get(..len)) else {
            return;
        };
        for _ in 0..BUDGET {
            if !self.line.can_write() {
                return;
            }
            match self.encoder.next(packet) {
                Some(octet) => self.line.write(octet),
                None => {
                    self.leaving = None;
                    return;
                }
            }
        }
    }
}

impl<S: Serial, const MTU: usize> IpDevice for Slip<S, MTU> {
    type Error = ErrorKind;

    fn mtu(&self) -> u16 {
        u16::try_from(MTU).unwrap_or(u16::MAX)
    }

    fn receive(&mut self) -> Result<Option<&[u8]>, ErrorKind> {
        self.push_out();
        for _ in 0..BUDGET {
            match self.line.read() {
                Ok(None) => return Ok(None),
                Ok(Some(octet)) => {
                    if let Some(len) = self.decoder.push(octet, &mut self.received) {
                        return Ok(self.received.get(..len));
                    }
                }
                Err(error) => {
                    self.decoder.spoil();
                    return Err(error);
                }
            }
        }
        Ok(None)
    }

    fn space(&mut self) -> Option<&mut [u8]> {
        self.push_out();
        self.leaving.is_none().then_some(&mut self.sent[..])
    }

    fn send(&mut self, len: usize) -> Result<(), ErrorKind> {
        if self.leaving.is_some() {
            return Err(ErrorKind::Other);
        }
        if len > MTU {
            return Err(ErrorKind::TooLong);
        }
        self.encoder = SlipEncoder::new();
        self.leaving = Some(len);
        self.push_out();
        Ok(())
    }
}
