//! Frames out: one at a time, with the chip's sender reset before each.

use embedded_hal::digital::{InputPin, OutputPin};

use super::Enc28j60;
use super::flavour::{DelayNs, SpiDevice, fns, run};
use crate::driver::enc28j60::frame::{MAX_FRAME, SEND_START, is_late_collision, send_end};
use crate::driver::enc28j60::registers::{
    ECON1, EIR, ERDPT, ESTAT, ETXND, EWRPT, control, interrupt, status,
};
use crate::driver::spi::{SpiError, Trust, count};

/// Looks at a transmission in one call, and the pause after each: longer than the longest frame
/// takes at 10 Mbit/s, 1.2 ms, if no collision delays it.
const LOOKS: u8 = 80;
const PAUSE_US: u32 = 20;
/// Calls that looked so long in vain, before the transmission is cancelled.
const PATIENCE: u8 = 16;
/// Cancelled transmissions in a row, before the chip is set up from its reset.
const STALLS: u8 = 3;
/// How often a frame is sent again after late collisions, which the chip may only have imagined
/// (errata, items 13 and 15).
const RETRIES: u8 = 16;
/// How a transmission ends, as bits of EIR.
const ENDED: u8 = interrupt::SENT | interrupt::SEND_ERROR;

/// A frame that is in the chip and has not left.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Sending {
    len: u16,
    retries: u8,
    /// Calls that looked in vain.
    looked: u8,
}

/// How long to look at a transmission.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Patience {
    /// Once.
    None,
    /// Until an undisturbed frame has left.
    Frame,
}

/// Whether another frame can be sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Sender {
    Free,
    Busy,
}

impl<SPI: SpiDevice, D: DelayNs, INT: InputPin, RST: OutputPin> Enc28j60<SPI, D, INT, RST> {
    fns! {
        /// Whether a frame can be handed over. Waits for the one before, at most as long as an
        /// undisturbed frame takes, 1.6 ms.
        pub fn can_transmit(&mut self) -> bool {
            if self.state.trust != Trust::Full {
                // `receive` mends that.
                return false;
            }
            match run!(self.progress(Patience::Frame)) {
                Ok(sender) => sender == Sender::Free,
                Err(error) => {
                    self.note(&error);
                    false
                }
            }
        }

        /// Sends a frame; the chip pads it. What becomes of it, later calls find out.
        pub fn transmit(&mut self, frame: &[u8]) -> Result<(), SpiError<SPI::Error>> {
            let result = run!(self.hand_over(frame));
            if let Err(error) = &result {
                self.note(error);
            }
            result
        }

        fn hand_over(&mut self, frame: &[u8]) -> Result<(), SpiError<SPI::Error>> {
            let len = u16::try_from(frame.len()).unwrap_or(u16::MAX);
            if len > MAX_FRAME {
                return Err(SpiError::TooLong);
            }
            run!(self.ensure_up())?;
            if run!(self.progress(Patience::None))? == Sender::Busy {
                return Err(SpiError::Busy);
            }
            run!(self.bus.write_pair(EWRPT, SEND_START))?;
            run!(self.bus.write_frame(frame))?;
            run!(self.bus.write_pair(ETXND, send_end(len)))?;
            run!(self.start())?;
            self.state.sending = Some(Sending {
                len,
                retries: 0,
                looked: 0,
            });
            Ok(())
        }

        /// Starts the transmission of what is in the chip. Its sender is reset before: one that
        /// gave up a frame may never send another (errata, item 12).
        fn start(&mut self) -> Result<(), SpiError<SPI::Error>> {
            run!(self.reset_sender())?;
            run!(self.bus.set(ECON1, control::SEND))
        }

        fn reset_sender(&mut self) -> Result<(), SpiError<SPI::Error>> {
            run!(self.bus.set(ECON1, control::RESET_SENDER))?;
            run!(self.bus.clear(ECON1, control::RESET_SENDER))?;
            // The reset may itself look like an error.
            run!(self.bus.clear(EIR, ENDED))?;
            run!(self.bus.clear(ESTAT, status::SEND_ABORTED | status::LATE_COLLISION))
        }

        /// Follows the transmission under way, if there is one.
        pub(super) fn progress(
            &mut self,
            patience: Patience,
        ) -> Result<Sender, SpiError<SPI::Error>> {
            let looks = match patience {
                Patience::None => 1,
                Patience::Frame => LOOKS,
            };
            for _ in 0..looks {
                let Some(sending) = self.state.sending else {
                    return Ok(Sender::Free);
                };
                let flags = run!(self.bus.read(EIR))? & ENDED;
                if flags != 0 {
                    run!(self.finish(sending, flags))?;
                } else if patience == Patience::Frame {
                    run!(self.bus.delay.delay_us(PAUSE_US));
                }
            }
            match (self.state.sending, patience) {
                (None, _) => Ok(Sender::Free),
                (Some(_), Patience::None) => Ok(Sender::Busy),
                (Some(sending), Patience::Frame) => run!(self.lose_patience(sending)),
            }
        }

        /// The chip says that the transmission is over.
        fn finish(
            &mut self,
            sending: Sending,
            flags: u8,
        ) -> Result<(), SpiError<SPI::Error>> {
            self.state.sending = None;
            self.state.stalled = 0;
            if flags & interrupt::SEND_ERROR == 0 {
                count(&mut self.state.counters.sent);
                return run!(self.bus.clear(EIR, ENDED));
            }
            run!(self.bus.write_pair(ERDPT, send_end(sending.len).wrapping_add(1)))?;
            let mut vector = [0; 7];
            run!(self.bus.read_memory(&mut vector))?;
            if !is_late_collision(vector) || sending.retries >= RETRIES {
                count(&mut self.state.counters.aborted);
                return run!(self.reset_sender());
            }
            count(&mut self.state.counters.retried);
            run!(self.start())?;
            self.state.sending = Some(Sending {
                retries: sending.retries + 1,
                ..sending
            });
            Ok(())
        }

        /// The transmission takes longer than it should: after a while it is cancelled.
        fn lose_patience(
            &mut self,
            sending: Sending,
        ) -> Result<Sender, SpiError<SPI::Error>> {
            if run!(self.bus.read(ECON1))? & control::SEND == 0 {
                // It has ended, and the report of it was lost.
                run!(self.finish(sending, interrupt::SENT))?;
                return Ok(Sender::Free);
            }
            let looked = sending.looked + 1;
            if looked < PATIENCE {
                self.state.sending = Some(Sending { looked, ..sending });
                return Ok(Sender::Busy);
            }
            self.state.sending = None;
            self.state.stalled += 1;
            count(&mut self.state.counters.stalled);
            if self.state.stalled >= STALLS {
                return Err(SpiError::Lost);
            }
            run!(self.bus.clear(ECON1, control::SEND))?;
            run!(self.reset_sender())?;
            Ok(Sender::Free)
        }
    }
}
