//! From reset to the first frame.

use embedded_hal::digital::{InputPin, OutputPin};

use super::flavour::{DelayNs, SpiDevice, fns, run};
use super::{Enc28j60, Line, RESYNCS};
use crate::driver::enc28j60::config::Duplex;
use crate::driver::enc28j60::frame::{LONGEST, RING_END, SEND_START, read_pointer};
use crate::driver::enc28j60::registers::{
    ADDRESS, ECON1, ECON2, EIE, EIR, EPKTCNT, EREVID, ERXND, ERXRDPT, ERXST, ESTAT, ETXST, MABBIPG,
    MACLCON1, MACLCON2, MACON1, MACON3, MACON4, MAIPGH, MAIPGL, MAMXFL, control, control2,
    interrupt, mac, phy, status,
};
use crate::driver::spi::{SpiError, Trust, Waiting, count};
use crate::mac::LinkState;

/// How long the reset line is held low; 400 ns are enough for the chip.
const RESET_PULSE_US: u32 = 10;
/// After a reset by command the ready flag is not to be believed: a millisecond is to be waited
/// (errata, item 2). Twice that, since clocks differ.
const AFTER_RESET_US: u32 = 2_000;
/// Looks at the ready flag, and the pause after each.
const READY_LOOKS: u8 = 20;
const READY_PAUSE_US: u32 = 100;
/// More frames than the counter can hold.
const MOST_FRAMES: u16 = 256;
/// What may interrupt.
pub(super) const INTERRUPTS: u8 = interrupt::PACKET
    | interrupt::LINK
    | interrupt::SENT
    | interrupt::SEND_ERROR
    | interrupt::RECEIVE_ERROR;

/// Gaps between frames and limits of collisions that the data sheet asks for.
const BACK_TO_BACK_HALF: u8 = 0x12;
const BACK_TO_BACK_FULL: u8 = 0x15;
const GAP_LOW: u8 = 0x12;
const GAP_HIGH_HALF: u8 = 0x0c;
const RETRANSMISSIONS: u8 = 0x0f;
const COLLISION_WINDOW: u8 = 0x37;

impl<SPI: SpiDevice, D: DelayNs, INT: InputPin, RST: OutputPin> Enc28j60<SPI, D, INT, RST> {
    fns! {
        /// Resets the chip and sets it up: about 5 ms. `receive` does so by itself when it has
        /// to; this tells at once whether the chip is there.
        pub fn init(&mut self) -> Result<(), SpiError<SPI::Error>> {
            let result = run!(self.set_up());
            if let Err(error) = &result {
                self.note(error);
            }
            result
        }

        /// Mends what is in doubt.
        pub(super) fn ensure_up(&mut self) -> Result<(), SpiError<SPI::Error>> {
            match self.state.trust {
                Trust::Full => Ok(()),
                Trust::NoFrames => run!(self.empty_ring()),
                Trust::None => run!(self.set_up()),
            }
        }

        fn set_up(&mut self) -> Result<(), SpiError<SPI::Error>> {
            self.state.trust = Trust::None;
            self.state.sending = None;
            self.state.link = LinkState::Down;
            count(&mut self.state.counters.resets);
            run!(self.reset_chip())?;
            run!(self.place_buffers())?;
            run!(self.write_filter())?;
            run!(self.configure_mac())?;
            run!(self.configure_phy())?;
            run!(self.bus.write(ECON2, control2::AUTO_INCREMENT))?;
            run!(self.bus.write(EIE, self.enabled_interrupts()))?;
            run!(self.bus.set(ECON1, control::RECEIVE))?;
            run!(self.compare())?;
            self.state.trust = Trust::Full;
            self.state.resyncs = 0;
            self.state.stalled = 0;
            self.state.unaudited = 0;
            run!(self.read_link())
        }

        fn reset_chip(&mut self) -> Result<(), SpiError<SPI::Error>> {
            self.reset.set_low().map_err(|_| SpiError::Pin)?;
            run!(self.bus.delay.delay_us(RESET_PULSE_US));
            self.reset.set_high().map_err(|_| SpiError::Pin)?;
            run!(self.bus.delay.delay_us(AFTER_RESET_US));
            // Asleep, the chip would not obey the command.
            run!(self.bus.clear(ECON2, control2::POWER_SAVE))?;
            run!(self.bus.delay.delay_us(READY_PAUSE_US));
            run!(self.bus.reset())?;
            run!(self.bus.delay.delay_us(AFTER_RESET_US));
            run!(self.wait_until_ready())?;
            let revision = run!(self.bus.read(EREVID))?;
            if revision == 0 || revision == 0xff {
                return Err(SpiError::Absent);
            }
            self.state.revision = revision;
            Ok(())
        }

        fn wait_until_ready(&mut self) -> Result<(), SpiError<SPI::Error>> {
            for _ in 0..READY_LOOKS {
                match run!(self.bus.read(ESTAT))? {
                    // An open line, not a register: some of its bits are always zero.
                    0xff => return Err(SpiError::Absent),
                    flags if flags & status::CLOCK_READY != 0 => return Ok(()),
                    _ => run!(self.bus.delay.delay_us(READY_PAUSE_US)),
                }
            }
            Err(SpiError::Timeout(Waiting::Reset))
        }

        fn place_buffers(&mut self) -> Result<(), SpiError<SPI::Error>> {
            run!(self.place_ring())?;
            run!(self.bus.write_pair(ETXST, SEND_START))
        }

        /// An empty ring at the beginning of the memory.
        fn place_ring(&mut self) -> Result<(), SpiError<SPI::Error>> {
            self.state.next = 0;
            run!(self.bus.write_pair(ERXND, RING_END))?;
            run!(self.bus.write_pair(ERXRDPT, read_pointer(0)))?;
            // Writing it sets the chip's own write pointer.
            run!(self.bus.write_pair(ERXST, 0))
        }

        fn configure_mac(&mut self) -> Result<(), SpiError<SPI::Error>> {
            let (macon1, macon3) = self.mac_control();
            run!(self.bus.write(MACON1, macon1))?;
            run!(self.bus.write(MACON3, macon3))?;
            run!(self.bus.write(MACON4, mac::DEFER))?;
            run!(self.bus.write_pair(MAMXFL, LONGEST))?;
            let gap = match self.state.config.duplex {
                Duplex::Half => {
                    run!(self.bus.write(MAIPGH, GAP_HIGH_HALF))?;
                    run!(self.bus.write(MACLCON1, RETRANSMISSIONS))?;
                    run!(self.bus.write(MACLCON2, COLLISION_WINDOW))?;
                    BACK_TO_BACK_HALF
                }
                Duplex::Full => BACK_TO_BACK_FULL,
            };
            run!(self.bus.write(MABBIPG, gap))?;
            run!(self.bus.write(MAIPGL, GAP_LOW))?;
            for (register, octet) in ADDRESS.into_iter().zip(self.state.config.address.0) {
                run!(self.bus.write(register, octet))?;
            }
            Ok(())
        }

        fn configure_phy(&mut self) -> Result<(), SpiError<SPI::Error>> {
            run!(self.write_phy(phy::CONTROL1, self.phy_control()))?;
            run!(self.write_phy(phy::CONTROL2, phy::NO_LOOPBACK))?;
            run!(self.write_phy(phy::LEDS, phy::LINK_AND_TRAFFIC))?;
            run!(self.write_phy(phy::INTERRUPT_ENABLE, phy::LINK_CHANGES))?;
            // Reading it clears it.
            run!(self.read_phy(phy::INTERRUPTS)).map(drop)
        }

        /// Throws away everything that was received, and receives again. After several times
        /// without an intact frame between them the chip is not trusted at all.
        pub(super) fn empty_ring(&mut self) -> Result<(), SpiError<SPI::Error>> {
            if self.state.resyncs >= RESYNCS {
                return run!(self.set_up());
            }
            self.state.resyncs += 1;
            count(&mut self.state.counters.resyncs);
            self.bus.forget();
            run!(self.bus.clear(ECON1, control::RECEIVE))?;
            run!(self.bus.set(ECON1, control::RESET_RECEIVER))?;
            run!(self.bus.clear(ECON1, control::RESET_RECEIVER))?;
            run!(self.place_ring())?;
            run!(self.discard_count())?;
            run!(self.bus.clear(EIR, interrupt::RECEIVE_ERROR))?;
            run!(self.bus.clear(ESTAT, status::BUFFER_ERROR))?;
            // The error may have come while the line was taken back.
            run!(self.bus.write(EIE, self.enabled_interrupts()))?;
            run!(self.bus.set(ECON1, control::RECEIVE))?;
            // What contradicts itself may be a chip that lost everything.
            run!(self.compare())?;
            self.state.trust = Trust::Full;
            Ok(())
        }

        /// Brings the counter of pending frames to zero.
        fn discard_count(&mut self) -> Result<(), SpiError<SPI::Error>> {
            for _ in 0..MOST_FRAMES {
                if run!(self.bus.read(EPKTCNT))? == 0 {
                    return Ok(());
                }
                run!(self.bus.set(ECON2, control2::FRAME_TAKEN))?;
            }
            Err(SpiError::Lost)
        }
    }

    /// MACON1 and MACON3.
    pub(super) const fn mac_control(&self) -> (u8, u8) {
        match self.state.config.duplex {
            Duplex::Half => (mac::RECEIVE, mac::PAD_AND_SUM),
            Duplex::Full => (
                mac::RECEIVE | mac::PAUSE,
                mac::PAD_AND_SUM | mac::FULL_DUPLEX,
            ),
        }
    }

    /// CONTROL1 of the PHY.
    pub(super) const fn phy_control(&self) -> u16 {
        match self.state.config.duplex {
            Duplex::Half => 0,
            Duplex::Full => phy::FULL_DUPLEX,
        }
    }

    /// EIE.
    pub(super) const fn enabled_interrupts(&self) -> u8 {
        match self.state.line {
            Line::Driven => INTERRUPTS | interrupt::LINE,
            Line::Masked => INTERRUPTS,
        }
    }
}
