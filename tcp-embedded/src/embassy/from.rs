//! A device of embassy as a [`Mac`].

use core::fmt;
use core::num::NonZeroU8;
use core::task::{Context, Waker};

use embassy_net_driver::{
    Driver, HardwareAddress, LinkState as EmbassyLink, RxToken as _, TxToken as _,
};
use tcp_core::{RxChecksum, TxChecksum};

use super::checksum;
use crate::mac::{Capabilities, ErrorKind, LinkState, Mac, MacAddress};

/// A device of embassy (embassy-net-driver 0.2) as a [`Mac`], with an executor or without one.
///
/// Without one it is polled: its interrupts move frames, and wake nobody. With the feature `async`
/// it is a [`WakingMac`](crate::WakingMac) for [`Net::run`](crate::Net::run).
///
/// ```no_run
/// use embassy_net_driver::Driver;
/// use tcp_embedded::{FromEmbassy, Host, NextWake, Resources, Runner};
/// fn main_loop(device: impl Driver, host: Host) -> Option<()> {
///     let mut resources = Resources::<4, 2_048, 2_048, 32>::new();
///     let mac = FromEmbassy::new(device).ok()?;
///     let mut runner = Runner::new(mac, host, resources.lend()).ok()?;
///     # let now = || tcp_core::Instant::ZERO;
///     loop {
///         if runner.poll(now()) != NextWake::Now { /* wait for an interrupt */ }
///     }
/// }
/// ```
pub struct FromEmbassy<D> {
    driver: D,
    address: MacAddress,
    waker: Waker,
}

/// The device is not of Ethernet: it carries IP packets or IEEE 802.15.4.
///
/// ```
/// use tcp_embedded::NotEthernet;
/// assert_eq!(NotEthernet.to_string(), "the device is not of Ethernet");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct NotEthernet;

impl fmt::Display for NotEthernet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the device is not of Ethernet")
    }
}

impl core::error::Error for NotEthernet {}

impl<D: Driver> FromEmbassy<D> {
    /// Takes a device. Its address and its capabilities must not change from here on.
    ///
    /// # Errors
    /// [`NotEthernet`].
    pub fn new(driver: D) -> Result<Self, NotEthernet> {
        let HardwareAddress::Ethernet(address) = driver.hardware_address() else {
            return Err(NotEthernet);
        };
        Ok(Self {
            driver,
            address: MacAddress(address),
            waker: Waker::noop().clone(),
        })
    }

    /// The device.
    pub const fn driver(&mut self) -> &mut D {
        &mut self.driver
    }
}

impl<D: Driver> Mac for FromEmbassy<D> {
    type Error = ErrorKind;

    fn receive(&mut self, frame: &mut [u8]) -> Result<Option<usize>, ErrorKind> {
        let mut context = Context::from_waker(&self.waker);
        let Some((received, _)) = self.driver.receive(&mut context) else {
            return Ok(None);
        };
        received.consume(|octets| {
            let octets = without_check_sequence(octets, frame.len());
            let space = frame.get_mut(..octets.len()).ok_or(ErrorKind::BadFrame)?;
            space.copy_from_slice(octets);
            Ok(Some(octets.len()))
        })
    }

    fn can_transmit(&mut self) -> bool {
        let mut context = Context::from_waker(&self.waker);
        self.driver.transmit(&mut context).is_some()
    }

    fn transmit(&mut self, frame: &[u8]) -> Result<(), ErrorKind> {
        let capabilities = self.driver.capabilities();
        // A longer one than the device's buffers hold would make it panic.
        if frame.len() > capabilities.max_transmission_unit {
            return Err(ErrorKind::TooLong);
        }
        let mut context = Context::from_waker(&self.waker);
        let token = self.driver.transmit(&mut context).ok_or(ErrorKind::Other)?;
        token.consume(frame.len(), |space| {
            let space = space.get_mut(..frame.len()).ok_or(ErrorKind::TooLong)?;
            space.copy_from_slice(frame);
            checksum::blank(space, &capabilities.checksum);
            Ok(())
        })
    }

    fn link(&mut self) -> LinkState {
        let mut context = Context::from_waker(&self.waker);
        match self.driver.link_state(&mut context) {
            EmbassyLink::Up => LinkState::Up,
            EmbassyLink::Down => LinkState::Down,
        }
    }

    fn address(&self) -> MacAddress {
        self.address
    }

    fn capabilities(&self) -> Capabilities {
        let theirs = self.driver.capabilities();
        let sums = &theirs.checksum;
        // What is said of a received packet is said of every protocol above IP.
        let verified = ![sums.tcp, sums.udp, sums.icmpv4, sums.icmpv6]
            .into_iter()
            .any(checksum::stack_verifies);
        Capabilities {
            max_frame: u16::try_from(theirs.max_transmission_unit).unwrap_or(u16::MAX),
            max_burst: theirs.max_burst_size.map_or(NonZeroU8::MAX, |burst| {
                let burst = u8::try_from(burst).unwrap_or(u8::MAX);
                NonZeroU8::new(burst).unwrap_or(NonZeroU8::MIN)
            }),
            rx_checksum: if verified {
                RxChecksum::Verified
            } else {
                RxChecksum::Unverified
            },
            tx_checksum: if checksum::stack_makes(sums.tcp) {
                TxChecksum::Full
            } else {
                TxChecksum::Partial
            },
        }
    }
}

/// Octets of the frame check sequence.
const CHECK_SEQUENCE: usize = 4;

/// Some devices leave the check sequence behind what they received (that of STM32F4 does). Shorter
/// frames may keep it, as it looks like padding; the longest frame would not fit with it.
fn without_check_sequence(octets: &[u8], longest: usize) -> &[u8] {
    match octets.len().checked_sub(longest) {
        Some(1..=CHECK_SEQUENCE) => octets.get(..longest).unwrap_or_default(),
        _ => octets,
    }
}

#[cfg(feature = "async")]
impl<D: Driver> crate::net::WakingMac for FromEmbassy<D> {
    /// The device hears of it with the next call that finds nothing, as its contract has it; the
    /// runner makes such a call before its task sleeps.
    fn register(&mut self, waker: &Waker) {
        self.waker.clone_from(waker);
    }
}

impl<D> fmt::Debug for FromEmbassy<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FromEmbassy")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_sequence_behind_the_longest_frame_is_cut() {
        let octets: [u8; 20] = core::array::from_fn(|index| index as u8);
        for len in 0..=16 {
            assert_eq!(without_check_sequence(&octets[..len], 16), &octets[..len]);
        }
        for len in 17..=20 {
            assert_eq!(without_check_sequence(&octets[..len], 16), &octets[..16]);
        }
        // That is no frame with a check sequence; it does not fit, and is reported.
        assert_eq!(without_check_sequence(&octets, 15), &octets[..]);
    }
}
