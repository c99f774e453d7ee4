//! The link, and the registers of the PHY behind it.

use embedded_hal::digital::{InputPin, OutputPin};

use super::Enc28j60;
use super::flavour::{DelayNs, SpiDevice, fns, run};
use crate::driver::enc28j60::frame::link_state;
use crate::driver::enc28j60::registers::{MICMD, MIRD, MIREGADR, MISTAT, MIWR, mac, phy};
use crate::driver::spi::{SpiError, Trust, Waiting};
use crate::mac::LinkState;

/// Questions that are answered from memory while the link is up: its interrupt may be missed, but
/// reading it costs a dozen transfers.
const UP_FOR: u8 = 64;
/// The same while it is down.
const DOWN_FOR: u8 = 4;
/// An access to the PHY takes 10.24 us; so many looks, after a pause each.
const LOOKS: u8 = 20;
const PAUSE_US: u32 = 12;

impl<SPI: SpiDevice, D: DelayNs, INT: InputPin, RST: OutputPin> Enc28j60<SPI, D, INT, RST> {
    fns! {
        /// Whether the cable carries, as far as is known: changes are noticed by `receive` when
        /// the chip tells of them, and here from time to time.
        pub fn link(&mut self) -> LinkState {
            if self.state.trust == Trust::None {
                return LinkState::Down;
            }
            let for_how_long = match self.state.link {
                LinkState::Up => UP_FOR,
                LinkState::Down => DOWN_FOR,
            };
            self.state.link_age = self.state.link_age.saturating_add(1);
            if self.state.link_age >= for_how_long
                && let Err(error) = run!(self.read_link())
            {
                self.note(&error);
            }
            self.state.link
        }

        /// Reads the state of the link, and answers the interrupt that tells of changes.
        pub(super) fn read_link(&mut self) -> Result<(), SpiError<SPI::Error>> {
            self.state.link_age = 0;
            // First this: a change after it asks again.
            run!(self.read_phy(phy::INTERRUPTS))?;
            self.state.link = link_state(run!(self.read_phy(phy::STATUS2))?);
            Ok(())
        }

        pub(super) fn read_phy(&mut self, register: u8) -> Result<u16, SpiError<SPI::Error>> {
            run!(self.bus.write(MIREGADR, register))?;
            run!(self.bus.write(MICMD, mac::PHY_READ))?;
            let done = run!(self.wait_for_phy());
            run!(self.bus.write(MICMD, 0))?;
            done?;
            run!(self.bus.read_pair(MIRD))
        }

        pub(super) fn write_phy(
            &mut self,
            register: u8,
            value: u16,
        ) -> Result<(), SpiError<SPI::Error>> {
            run!(self.bus.write(MIREGADR, register))?;
            run!(self.bus.write_pair(MIWR, value))?;
            run!(self.wait_for_phy())
        }

        fn wait_for_phy(&mut self) -> Result<(), SpiError<SPI::Error>> {
            for _ in 0..LOOKS {
                run!(self.bus.delay.delay_us(PAUSE_US));
                if run!(self.bus.read(MISTAT))? & mac::PHY_BUSY == 0 {
                    return Ok(());
                }
            }
            Err(SpiError::Timeout(Waiting::Phy))
        }
    }
}
