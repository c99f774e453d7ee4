//! The mailbox as a device of smoltcp.

use smoltcp::phy::{self, Device, DeviceCapabilities, Medium};
use smoltcp::time::Instant;

use crate::mailbox::Mailbox;

/// Longest frame of an ordinary Ethernet.
const FRAME: usize = 1_514;

/// A frame in each direction: smoltcp may answer one while it reads it.
pub(crate) struct Frames {
    incoming: [u8; FRAME],
    outgoing: [u8; FRAME],
}

impl Frames {
    pub(crate) const fn new() -> Self {
        Self {
            incoming: [0; FRAME],
            outgoing: [0; FRAME],
        }
    }
}

pub(crate) struct Ethernet {
    pub(crate) mailbox: Mailbox,
    pub(crate) frames: &'static mut Frames,
}

pub(crate) struct Incoming<'a>(&'a [u8]);

impl phy::RxToken for Incoming<'_> {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, f: F) -> R {
        f(self.0)
    }
}

pub(crate) struct Outgoing<'a> {
    mailbox: &'a mut Mailbox,
    frame: &'a mut [u8; FRAME],
}

impl phy::TxToken for Outgoing<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, len: usize, f: F) -> R {
        let frame = &mut self.frame[..len];
        let result = f(frame);
        self.mailbox.put(frame);
        result
    }
}

impl Device for Ethernet {
    type RxToken<'a> = Incoming<'a>;
    type TxToken<'a> = Outgoing<'a>;

    fn receive(&mut self, _: Instant) -> Option<(Incoming<'_>, Outgoing<'_>)> {
        if !self.mailbox.has_room() {
            return None;
        }
        let Frames { incoming, outgoing } = &mut *self.frames;
        let len = self.mailbox.take(incoming)?;
        let outgoing = Outgoing {
            mailbox: &mut self.mailbox,
            frame: outgoing,
        };
        Some((Incoming(incoming.get(..len)?), outgoing))
    }

    fn transmit(&mut self, _: Instant) -> Option<Outgoing<'_>> {
        self.mailbox.has_room().then_some(Outgoing {
            mailbox: &mut self.mailbox,
            frame: &mut self.frames.outgoing,
        })
    }

    fn capabilities(&self) -> DeviceCapabilities {
        let mut capabilities = DeviceCapabilities::default();
        capabilities.medium = Medium::Ethernet;
        capabilities.max_transmission_unit = FRAME;
        capabilities
    }
}
