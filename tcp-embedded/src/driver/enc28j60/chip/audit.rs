//! Whether the chip still holds what was written to it.

use embedded_hal::digital::{InputPin, OutputPin};

use super::Enc28j60;
use super::flavour::{DelayNs, SpiDevice, fns, run};
use crate::driver::enc28j60::frame::{Groups, LONGEST, RING_END, SEND_START, read_pointer};
use crate::driver::enc28j60::registers::{
    ADDRESS, ECON1, ECON2, EIE, EPKTCNT, ERXFCON, ERXND, ERXRDPT, ERXST, ERXWRPT, ETXST,
    HASH_TABLE, MACON1, MACON3, MAMXFL, Register, control, control2, interrupt, mac, phy,
};
use crate::driver::spi::SpiError;

/// Calls of `receive` between two comparisons of all registers.
const EVERY: u8 = 64;

impl<SPI: SpiDevice, D: DelayNs, INT: InputPin, RST: OutputPin> Enc28j60<SPI, D, INT, RST> {
    fns! {
        /// Compares when its turn has come.
        pub(super) fn audit(&mut self) -> Result<(), SpiError<SPI::Error>> {
            if self.state.unaudited < EVERY {
                return Ok(());
            }
            self.state.unaudited = 0;
            // A disturbed transfer may have selected another bank than the one believed.
            self.bus.forget();
            run!(self.compare())?;
            run!(self.compare_phy())?;
            run!(self.compare_position())
        }

        /// Compares the registers on which everything else depends. Bits that the data sheet
        /// reserves may read as anything.
        pub(super) fn compare(&mut self) -> Result<(), SpiError<SPI::Error>> {
            let reset = control::RESET_RECEIVER | control::RESET_SENDER;
            let power = control2::AUTO_INCREMENT | control2::POWER_SAVE;
            let (macon1, macon3) = self.mac_control();
            for (register, mask, expected) in [
                (ECON1, control::RECEIVE | reset, control::RECEIVE),
                (ECON2, power, control2::AUTO_INCREMENT),
                (EIE, interrupt::KNOWN, self.enabled_interrupts()),
                (ERXFCON, 0xff, self.filter()),
                (MACON1, mac::KNOWN, macon1),
                (MACON3, 0xff, macon3),
            ] {
                if run!(self.bus.read(register))? & mask != expected {
                    return Err(SpiError::Lost);
                }
            }
            for (register, expected) in [
                (ERXST, 0),
                (ERXND, RING_END),
                (ETXST, SEND_START),
                (MAMXFL, LONGEST),
            ] {
                if run!(self.bus.read_pair(register))? != expected {
                    return Err(SpiError::Lost);
                }
            }
            if let Groups::Hashed(table) = self.state.config.groups {
                run!(self.compare_octets(&HASH_TABLE, &table))?;
            }
            let address = self.state.config.address.0;
            run!(self.compare_octets(&ADDRESS, &address))
        }

        fn compare_octets(
            &mut self,
            registers: &[Register],
            expected: &[u8],
        ) -> Result<(), SpiError<SPI::Error>> {
            for (&register, &octet) in registers.iter().zip(expected) {
                if run!(self.bus.read(register))? != octet {
                    return Err(SpiError::Lost);
                }
            }
            Ok(())
        }

        /// The PHY may be asleep, or believe in another duplex.
        fn compare_phy(&mut self) -> Result<(), SpiError<SPI::Error>> {
            for (register, mask, expected) in [
                (phy::CONTROL1, phy::KNOWN1, self.phy_control()),
                (phy::CONTROL2, phy::KNOWN2, phy::NO_LOOPBACK),
            ] {
                if run!(self.read_phy(register))? & mask != expected {
                    return Err(SpiError::Lost);
                }
            }
            Ok(())
        }

        /// The room up to the read pointer is free. While no frame is pending, the chip writes the
        /// next one where it is looked for; while one is, the chip writes somewhere else.
        fn compare_position(&mut self) -> Result<(), SpiError<SPI::Error>> {
            if run!(self.bus.read_pair(ERXRDPT))? != read_pointer(self.state.next) {
                return Err(SpiError::Corrupt);
            }
            let before = run!(self.bus.read(EPKTCNT))?;
            let written = run!(self.bus.read_pair(ERXWRPT))?;
            let after = run!(self.bus.read(EPKTCNT))?;
            let is_ahead = written != self.state.next;
            if before == after && is_ahead != (before != 0) {
                return Err(SpiError::Corrupt);
            }
            Ok(())
        }
    }
}
