//! Our driver as a device of smoltcp's.

use smoltcp::phy::{self, DeviceCapabilities, Medium};
use smoltcp::time::Instant;
use tcp_embedded::Mac;
use tcp_embedded::driver::lan9118::{Lan9118, Mmio};

/// The longest frame.
const FRAME: usize = 1_514;

/// The driver and a buffer for one frame in each direction.
pub(crate) struct Device {
    pub(crate) mac: Lan9118<Mmio>,
    received: [u8; FRAME],
    to_send: [u8; FRAME],
}

impl Device {
    pub(crate) const fn new(mac: Lan9118<Mmio>) -> Self {
        Self {
            mac,
            received: [0; FRAME],
            to_send: [0; FRAME],
        }
    }
}

pub(crate) struct Received<'d>(&'d [u8]);

pub(crate) struct ToSend<'d> {
    mac: &'d mut Lan9118<Mmio>,
    space: &'d mut [u8; FRAME],
}

impl phy::Device for Device {
    type RxToken<'d> = Received<'d>;
    type TxToken<'d> = ToSend<'d>;

    fn receive(&mut self, _: Instant) -> Option<(Received<'_>, ToSend<'_>)> {
        let Ok(Some(length)) = self.mac.receive(&mut self.received) else {
            return None;
        };
        let to_send = ToSend {
            mac: &mut self.mac,
            space: &mut self.to_send,
        };
        Some((Received(self.received.get(..length)?), to_send))
    }

    fn transmit(&mut self, _: Instant) -> Option<ToSend<'_>> {
        self.mac.can_transmit().then_some(ToSend {
            mac: &mut self.mac,
            space: &mut self.to_send,
        })
    }

    fn capabilities(&self) -> DeviceCapabilities {
        let mut capabilities = DeviceCapabilities::default();
        capabilities.medium = Medium::Ethernet;
        capabilities.max_transmission_unit = FRAME;
        capabilities
    }
}

impl phy::RxToken for Received<'_> {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, handle: F) -> R {
        handle(self.0)
    }
}

impl phy::TxToken for ToSend<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, length: usize, fill: F) -> R {
        let frame = &mut self.space[..length];
        let result = fill(frame);
        // Frames have sixty octets at least, and what is lost here TCP sends again.
        let padded = length.max(60);
        self.space[length..padded].fill(0);
        let _ = self.mac.transmit(&self.space[..padded]);
        result
    }
}
