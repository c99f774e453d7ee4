//! The PHY: negotiation, and whether the cable carries.

use super::chip::count;
use super::registers::{interrupt, mac, phy};
use super::{Error, Lan9118, Register, Registers, Step};
use crate::mac::LinkState;

/// Ticks of `FREE_RUN` after which the PHY is asked although it said nothing: a quarter of a
/// second.
const LOOK_AGAIN: u32 = 25_000_000 / 4;

impl<R: Registers> Lan9118<R> {
    /// Offers everything. The link is down for a second or two while both ends agree.
    pub(super) fn negotiate(&mut self) -> Result<(), Error> {
        self.write_phy(phy::ADVERTISED, phy::EVERYTHING)?;
        self.write_phy(phy::CONTROL, phy::NEGOTIATE)
    }

    /// Has the PHY report changes of the link.
    pub(super) fn listen_to_phy(&mut self) -> Result<(), Error> {
        self.read_phy(phy::INTERRUPT_SOURCE)?;
        self.write_phy(phy::INTERRUPT_MASK, phy::LINK_CHANGES)
    }

    /// Looks for errors of the FIFOs, and at the PHY when there is a reason or it is time.
    pub(super) fn watch(&mut self) {
        let reasons = self.read(Register::IntSts);
        if reasons & (interrupt::RX_ERROR | interrupt::TX_ERROR) != 0 {
            self.step = Step::Out;
        }
        let idle = self.free_run().wrapping_sub(self.looked);
        if reasons & interrupt::PHY == 0 && idle < LOOK_AGAIN {
            return;
        }
        let lost = self.read(Register::RxDrop);
        self.counters.overruns = self.counters.overruns.wrapping_add(lost);
        // A PHY that does not answer has been counted, and is asked again in a while.
        let _ = self.look_at_phy();
        self.looked = self.free_run();
    }

    /// Asks the PHY, and has the MAC follow.
    pub(super) fn look_at_phy(&mut self) -> Result<(), Error> {
        self.read_phy(phy::INTERRUPT_SOURCE)?;
        // That the link was down is kept until it is read, so the second answer is the present.
        self.read_phy(phy::STATUS)?;
        let link = if self.read_phy(phy::STATUS)? & phy::LINK_UP == 0 {
            LinkState::Down
        } else {
            LinkState::Up
        };
        if link == LinkState::Up && self.link == LinkState::Down {
            self.follow_duplex()?;
            count(&mut self.counters, |counters| &mut counters.link_ups);
        }
        self.link = link;
        Ok(())
    }

    /// Full duplex if that is the best that both ends can do. A partner that does not negotiate is
    /// to be met in half duplex.
    fn follow_duplex(&mut self) -> Result<(), Error> {
        let common = self.read_phy(phy::ADVERTISED)? & self.read_phy(phy::PARTNER)?;
        let is_full =
            common & phy::FULL_100 != 0 || common & (phy::HALF_100 | phy::FULL_10) == phy::FULL_10;
        self.control &= !mac::FULL_DUPLEX;
        if is_full {
            self.control |= mac::FULL_DUPLEX;
        }
        self.write_mac(mac::CONTROL, self.control)
    }
}
