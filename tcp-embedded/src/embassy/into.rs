//! A [`Mac`] as a device of embassy.

use core::fmt;
use core::task::{Context, Waker};

use embassy_net_driver::{
    Capabilities, Checksum, ChecksumCapabilities, Driver, HardwareAddress, LinkState, RxToken,
    TxToken,
};
use tcp_core::{RxChecksum, TxChecksum};

use super::checksum;
use crate::mac::{self, Mac};

/// Frames that one call may throw away because the device reports them as broken.
const BROKEN: usize = 4;

/// A [`Mac`] as a device of embassy (embassy-net-driver 0.2): for embassy-net, or for any other
/// stack that takes one.
///
/// `wake` tells the device whom to wake: [`waking`](Self::waking) for one that can (feature
/// `async`), [`polled`](Self::polled) for one that cannot, in which case the stack looks at it all
/// the time. `FRAME` octets of memory are needed in each direction; a device whose frames are
/// longer is presented as one of shorter frames.
///
/// ```
/// use embassy_net_driver::Driver as _;
/// use tcp_embedded::{AsEmbassy, Cable};
/// let cable = Cable::<4>::new();
/// let (mac, _) = cable.ends();
/// let device: AsEmbassy<_, 1_514> = AsEmbassy::polled(mac);
/// assert_eq!(device.capabilities().max_transmission_unit, 1_514);
/// ```
pub struct AsEmbassy<D, const FRAME: usize> {
    mac: D,
    register: fn(&mut D, &Waker),
    received: [u8; FRAME],
    sent: [u8; FRAME],
    errors: u32,
}

impl<D: Mac, const FRAME: usize> AsEmbassy<D, FRAME> {
    /// For a device that wakes nobody: whoever asks in vain is woken at once.
    pub const fn polled(mac: D) -> Self {
        Self::with(mac, |_, waker| waker.wake_by_ref())
    }

    /// For a device that wakes a task.
    #[cfg(feature = "async")]
    pub const fn waking(mac: D) -> Self
    where
        D: crate::net::WakingMac,
    {
        Self::with(mac, D::register)
    }

    const fn with(mac: D, register: fn(&mut D, &Waker)) -> Self {
        Self {
            mac,
            register,
            received: [0; FRAME],
            sent: [0; FRAME],
            errors: 0,
        }
    }

    /// The device.
    pub const fn mac(&mut self) -> &mut D {
        &mut self.mac
    }

    /// Errors of the device since the start. Embassy has no place for them.
    pub const fn errors(&self) -> u32 {
        self.errors
    }

    /// The next frame that is whole.
    fn next_frame(&mut self) -> Option<usize> {
        let longest = FRAME.min(usize::from(self.mac.capabilities().max_frame));
        for _ in 0..BROKEN {
            match self.mac.receive(&mut self.received) {
                Ok(Some(len)) if len <= longest => return Some(len),
                Ok(None) => return None,
                Ok(Some(_)) | Err(_) => self.errors = self.errors.wrapping_add(1),
            }
        }
        None
    }

    fn token(&mut self) -> ToSend<'_, D> {
        ToSend {
            sums: self.mac.capabilities().tx_checksum,
            mac: &mut self.mac,
            space: &mut self.sent,
            errors: &mut self.errors,
        }
    }
}

/// A received frame.
pub struct Received<'d>(&'d mut [u8]);

impl RxToken for Received<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, f: F) -> R {
        f(self.0)
    }
}

/// Room for a frame to send.
pub struct ToSend<'d, D> {
    mac: &'d mut D,
    space: &'d mut [u8],
    sums: TxChecksum,
    errors: &'d mut u32,
}

/// A short frame is padded with zeroes. One that is longer than the device said it could take is
/// cut off, which whoever receives it will notice.
impl<D: Mac> TxToken for ToSend<'_, D> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, len: usize, f: F) -> R {
        const SHORTEST: usize = 60;
        let len = len.min(self.space.len());
        let padded = len.max(SHORTEST).min(self.space.len());
        let (frame, _) = self.space.split_at_mut(padded);
        frame.fill(0);
        let (content, _) = frame.split_at_mut(len);
        let result = f(content);
        if self.sums == TxChecksum::Partial {
            checksum::sum_pseudo_header(content);
        }
        if self.mac.transmit(frame).is_err() {
            *self.errors = self.errors.wrapping_add(1);
        }
        result
    }
}

impl<D: Mac, const FRAME: usize> Driver for AsEmbassy<D, FRAME> {
    type RxToken<'d>
        = Received<'d>
    where
        Self: 'd;
    type TxToken<'d>
        = ToSend<'d, D>
    where
        Self: 'd;

    fn receive(&mut self, cx: &mut Context<'_>) -> Option<(Received<'_>, ToSend<'_, D>)> {
        (self.register)(&mut self.mac, cx.waker());
        // Whoever receives may answer at once, so there has to be room for the answer.
        if !self.mac.can_transmit() {
            return None;
        }
        let len = self.next_frame()?;
        let token = ToSend {
            sums: self.mac.capabilities().tx_checksum,
            mac: &mut self.mac,
            space: &mut self.sent,
            errors: &mut self.errors,
        };
        let received = self.received.get_mut(..len)?;
        Some((Received(received), token))
    }

    fn transmit(&mut self, cx: &mut Context<'_>) -> Option<ToSend<'_, D>> {
        (self.register)(&mut self.mac, cx.waker());
        self.mac.can_transmit().then(|| self.token())
    }

    fn link_state(&mut self, cx: &mut Context<'_>) -> LinkState {
        (self.register)(&mut self.mac, cx.waker());
        match self.mac.link() {
            mac::LinkState::Up => LinkState::Up,
            mac::LinkState::Down => LinkState::Down,
        }
    }

    fn capabilities(&self) -> Capabilities {
        let ours = self.mac.capabilities();
        let mut theirs = Capabilities::default();
        theirs.max_transmission_unit = usize::from(ours.max_frame).min(FRAME);
        theirs.max_burst_size = Some(usize::from(ours.max_burst.get()));
        theirs.checksum = sums(ours.rx_checksum, ours.tx_checksum);
        theirs
    }

    fn hardware_address(&self) -> HardwareAddress {
        HardwareAddress::Ethernet(self.mac.address().0)
    }
}

/// What is left to the stack. A device of ours makes the checksum of TCP and of nothing else.
fn sums(rx: RxChecksum, tx: TxChecksum) -> ChecksumCapabilities {
    let verify = rx == RxChecksum::Unverified;
    let mut sums = ChecksumCapabilities::default();
    let others = if verify { Checksum::Both } else { Checksum::Tx };
    sums.udp = others;
    sums.icmpv4 = others;
    sums.icmpv6 = others;
    sums.tcp = match (verify, tx) {
        (_, TxChecksum::Full) => others,
        (true, TxChecksum::Partial) => Checksum::Rx,
        (false, TxChecksum::Partial) => Checksum::None,
    };
    sums
}

impl<D, const FRAME: usize> fmt::Debug for AsEmbassy<D, FRAME> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsEmbassy")
            .field("errors", &self.errors)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Received<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Received").field(&self.0.len()).finish()
    }
}

impl<D> fmt::Debug for ToSend<'_, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ToSend").finish_non_exhaustive()
    }
}
