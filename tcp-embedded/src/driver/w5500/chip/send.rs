//! Frames out: the next one when the one before has left.

use embedded_hal::digital::{InputPin, OutputPin};

use super::W5500;
use super::flavour::{DelayNs, SpiDevice, fns, run};
use crate::driver::spi::{SpiError, Trust, Waiting, count};
use crate::driver::w5500::frame::{MAX_FRAME, SendState};
use crate::driver::w5500::registers::{INTERRUPTS, SEND_POINTER, SEND_STATE, command, interrupt};

/// Looks at a transmission in one call, and the pause after each: longer than the longest frame
/// takes at 10 Mbit/s, 1.2 ms.
const LOOKS: u8 = 80;
const PAUSE_US: u32 = 20;
/// Calls that looked so long in vain, before the transmission is cancelled.
const PATIENCE: u8 = 16;
/// Readings of the send registers until two are equal.
const READINGS: u8 = 8;
/// How a transmission ends.
const ENDED: u8 = interrupt::SENT | interrupt::TIMEOUT;

/// A frame that is in the chip and has not left.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Sending {
    /// Calls that looked in vain.
    looked: u8,
}

impl<SPI: SpiDevice, D: DelayNs, INT: InputPin, RST: OutputPin> W5500<SPI, D, INT, RST> {
    fns! {
        /// Whether a frame can be handed over. Waits for the one before, at most as long as an
        /// undisturbed frame takes, 1.6 ms.
        pub fn can_transmit(&mut self) -> bool {
            if self.state.trust != Trust::Full {
                // `receive` mends that.
                return false;
            }
            match run!(self.progress()) {
                Ok(()) => self.state.sending.is_none(),
                Err(error) => {
                    self.note(&error);
                    false
                }
            }
        }

        /// Sends a frame, padded to the shortest one. What becomes of it, later calls find out.
        pub fn transmit(&mut self, frame: &[u8]) -> Result<(), SpiError<SPI::Error>> {
            let result = run!(self.hand_over(frame));
            if let Err(error) = &result {
                self.note(error);
            }
            result
        }

        fn hand_over(&mut self, frame: &[u8]) -> Result<(), SpiError<SPI::Error>> {
            if frame.len() > usize::from(MAX_FRAME) {
                return Err(SpiError::TooLong);
            }
            run!(self.ensure_up())?;
            if self.state.sending.is_some() {
                run!(self.look())?;
            }
            if self.state.sending.is_some() {
                return Err(SpiError::Busy);
            }
            let state = run!(self.send_state())?;
            if !state.is_empty() {
                // Nothing is under way, as far as is known here.
                return Err(SpiError::Corrupt);
            }
            let len = run!(self.bus.write_buffer(state.write, frame))?;
            let end = state.write.wrapping_add(len);
            run!(self.bus.write(SEND_POINTER, &end.to_be_bytes()))?;
            self.state.sending = Some(Sending { looked: 0 });
            run!(self.command(command::SEND))
        }

        fn send_state(&mut self) -> Result<SendState, SpiError<SPI::Error>> {
            let mut last = None;
            for _ in 0..READINGS {
                let mut octets = [0; 6];
                run!(self.bus.read(SEND_STATE, &mut octets))?;
                let state = SendState::new(octets);
                if last == Some(state) {
                    return Ok(state);
                }
                last = Some(state);
            }
            Err(SpiError::Timeout(Waiting::Stable))
        }

        /// Follows the transmission under way, if there is one, until an undisturbed frame has
        /// left. One that takes longer than it should is cancelled after a while.
        fn progress(&mut self) -> Result<(), SpiError<SPI::Error>> {
            for _ in 0..LOOKS {
                if self.state.sending.is_none() {
                    return Ok(());
                }
                run!(self.look())?;
                if self.state.sending.is_some() {
                    run!(self.bus.delay.delay_us(PAUSE_US));
                }
            }
            let Some(sending) = self.state.sending else {
                return Ok(());
            };
            let looked = sending.looked + 1;
            if looked < PATIENCE {
                self.state.sending = Some(Sending { looked });
                return Ok(());
            }
            count(&mut self.state.counters.stalled);
            run!(self.reopen())
        }

        /// Looks once whether the transmission under way has ended.
        fn look(&mut self) -> Result<(), SpiError<SPI::Error>> {
            let flags = run!(self.bus.read_octet(INTERRUPTS))?;
            if flags & ENDED == 0 {
                return Ok(());
            }
            run!(self.finish(flags))
        }

        /// The chip says that the transmission is over.
        pub(super) fn finish(&mut self, flags: u8) -> Result<(), SpiError<SPI::Error>> {
            run!(self.bus.write(INTERRUPTS, &[flags & ENDED]))?;
            if self.state.sending.take().is_none() {
                return Ok(());
            }
            if flags & interrupt::SENT != 0 {
                count(&mut self.state.counters.sent);
            } else {
                count(&mut self.state.counters.aborted);
            }
            Ok(())
        }
    }
}
