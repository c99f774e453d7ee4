//! From reset to the first frame, and whether the chip still holds what was written to it.

use embedded_hal::digital::{InputPin, OutputPin};

use super::flavour::{DelayNs, SpiDevice, fns, run};
use super::{Line, RESYNCS, W5500};
use crate::driver::spi::{SpiError, Trust, Waiting, count};
use crate::driver::w5500::frame::ReceiveState;
use crate::driver::w5500::registers::{
    self as register, ADDRESS, BUFFER_SIZES, Block, COMMAND, INTERRUPT_MASK, INTERRUPTS,
    LARGEST_KIB, MODE, PHY, RECEIVE_STATE, Register, SOCKET_MASK, SOCKET_MODE, STATUS, VERSION,
    command, interrupt, phy,
};
use crate::mac::LinkState;

/// How long the reset line is held low, and how long the chip then needs.
const RESET_PULSE_US: u32 = 500;
const AFTER_RESET_US: u32 = 2_000;
/// How long the PHY's reset lasts at least.
const PHY_RESET_US: u32 = 1;
/// Looks at something that the chip does by itself, and the pause after each.
const LOOKS: u8 = 50;
const PAUSE_US: u32 = 20;
/// Calls of `receive` between two comparisons of its registers.
const EVERY: u8 = 64;
/// What may interrupt.
const CAUSES: u8 = interrupt::RECEIVED | interrupt::SENT | interrupt::TIMEOUT;
/// The socket that carries raw frames, as a bit.
const FIRST: u8 = 0x01;
/// The others.
const OTHERS: [u8; 7] = [1, 2, 3, 4, 5, 6, 7];

impl<SPI: SpiDevice, D: DelayNs, INT: InputPin, RST: OutputPin> W5500<SPI, D, INT, RST> {
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

        /// Whether the cable carries; down, if the chip does not answer.
        pub fn link(&mut self) -> LinkState {
            if self.state.trust == Trust::None {
                return LinkState::Down;
            }
            match run!(self.bus.read_octet(PHY)) {
                Ok(status) if status & phy::LINK != 0 => LinkState::Up,
                Ok(_) => LinkState::Down,
                Err(error) => {
                    self.note(&error);
                    LinkState::Down
                }
            }
        }

        /// Keeps the chip from driving its interrupt line, until
        /// [`unmask_interrupt`](Self::unmask_interrupt): for a handler that only notes that the
        /// chip asked.
        pub fn mask_interrupt(&mut self) -> Result<(), SpiError<SPI::Error>> {
            self.state.line = Line::Masked;
            run!(self.drive_line())
        }

        /// Lets the chip drive its interrupt line: if it still asks, that makes another edge.
        pub fn unmask_interrupt(&mut self) -> Result<(), SpiError<SPI::Error>> {
            self.state.line = Line::Driven;
            run!(self.drive_line())
        }

        fn drive_line(&mut self) -> Result<(), SpiError<SPI::Error>> {
            let sockets = self.interrupting_sockets();
            let result = run!(self.bus.write(SOCKET_MASK, &[sockets]));
            if let Err(error) = &result {
                self.note(error);
            }
            result
        }

        /// Mends what is in doubt.
        pub(super) fn ensure_up(&mut self) -> Result<(), SpiError<SPI::Error>> {
            match self.state.trust {
                Trust::Full => Ok(()),
                Trust::NoFrames => run!(self.reopen()),
                Trust::None => run!(self.set_up()),
            }
        }

        fn set_up(&mut self) -> Result<(), SpiError<SPI::Error>> {
            self.state.trust = Trust::None;
            count(&mut self.state.counters.resets);
            run!(self.reset_chip())?;
            let mode = self.state.config.phy();
            run!(self.bus.write(PHY, &[mode]))?;
            run!(self.bus.delay.delay_us(PHY_RESET_US));
            run!(self.bus.write(PHY, &[mode | phy::RUN]))?;
            run!(self.bus.write(ADDRESS, &self.state.config.address.0))?;
            for other in OTHERS {
                let sizes = Register { block: Block::socket(other), ..BUFFER_SIZES };
                run!(self.bus.write(sizes, &[0, 0]))?;
            }
            run!(self.bus.write(BUFFER_SIZES, &[LARGEST_KIB, LARGEST_KIB]))?;
            run!(self.bus.write(INTERRUPT_MASK, &[CAUSES]))?;
            run!(self.bus.write(SOCKET_MASK, &[self.interrupting_sockets()]))?;
            run!(self.open())?;
            run!(self.compare())?;
            self.state.trust = Trust::Full;
            self.state.resyncs = 0;
            self.state.unaudited = 0;
            Ok(())
        }

        fn reset_chip(&mut self) -> Result<(), SpiError<SPI::Error>> {
            self.reset.set_low().map_err(|_| SpiError::Pin)?;
            run!(self.bus.delay.delay_us(RESET_PULSE_US));
            self.reset.set_high().map_err(|_| SpiError::Pin)?;
            run!(self.bus.delay.delay_us(AFTER_RESET_US));
            if run!(self.bus.read_octet(VERSION))? != register::W5500 {
                return Err(SpiError::Absent);
            }
            run!(self.bus.write(MODE, &[register::RESET]))?;
            run!(self.bus.delay.delay_us(AFTER_RESET_US));
            for _ in 0..LOOKS {
                if run!(self.bus.read_octet(MODE))? & register::RESET == 0 {
                    return Ok(());
                }
                run!(self.bus.delay.delay_us(PAUSE_US));
            }
            Err(SpiError::Timeout(Waiting::Reset))
        }

        /// Throws away everything that is in the chip, and carries frames again. After several
        /// times without a frame between them the chip is not trusted at all.
        pub(super) fn reopen(&mut self) -> Result<(), SpiError<SPI::Error>> {
            if self.state.resyncs >= RESYNCS {
                return run!(self.set_up());
            }
            self.state.resyncs += 1;
            count(&mut self.state.counters.resyncs);
            run!(self.command(command::CLOSE))?;
            run!(self.bus.write(INTERRUPTS, &[0xff]))?;
            run!(self.open())?;
            // What contradicts itself may be a chip that lost everything.
            run!(self.compare())?;
            self.state.trust = Trust::Full;
            Ok(())
        }

        /// Opens the socket. Both of its buffers are empty then.
        fn open(&mut self) -> Result<(), SpiError<SPI::Error>> {
            self.state.sending = None;
            run!(self.bus.write(SOCKET_MODE, &[self.state.config.mode()]))?;
            run!(self.command(command::OPEN))?;
            for _ in 0..LOOKS {
                if run!(self.bus.read_octet(STATUS))? == register::RAW {
                    let mut octets = [0; 4];
                    run!(self.bus.read(RECEIVE_STATE, &mut octets))?;
                    self.state.next = ReceiveState::new(octets).pointer;
                    return Ok(());
                }
                run!(self.bus.delay.delay_us(PAUSE_US));
            }
            Err(SpiError::Timeout(Waiting::Command))
        }

        /// Gives a command, and waits until the chip has taken it.
        pub(super) fn command(&mut self, command: u8) -> Result<(), SpiError<SPI::Error>> {
            run!(self.bus.write(COMMAND, &[command]))?;
            for _ in 0..LOOKS {
                if run!(self.bus.read_octet(COMMAND))? == 0 {
                    return Ok(());
                }
                run!(self.bus.delay.delay_us(PAUSE_US));
            }
            Err(SpiError::Timeout(Waiting::Command))
        }

        /// Compares the registers when their turn has come.
        pub(super) fn audit(&mut self) -> Result<(), SpiError<SPI::Error>> {
            if self.state.unaudited < EVERY {
                return Ok(());
            }
            self.state.unaudited = 0;
            run!(self.compare())
        }

        fn compare(&mut self) -> Result<(), SpiError<SPI::Error>> {
            let phy = self.state.config.phy() | phy::RUN;
            for (register, mask, expected) in [
                (VERSION, 0xff, register::W5500),
                (PHY, 0xf8, phy),
                (SOCKET_MASK, 0xff, self.interrupting_sockets()),
                (INTERRUPT_MASK, 0x1f, CAUSES),
                (SOCKET_MODE, 0xff, self.state.config.mode()),
                (STATUS, 0xff, register::RAW),
            ] {
                if run!(self.bus.read_octet(register))? & mask != expected {
                    return Err(SpiError::Lost);
                }
            }
            let mut sizes = [0; 2];
            run!(self.bus.read(BUFFER_SIZES, &mut sizes))?;
            let mut address = [0; 6];
            run!(self.bus.read(ADDRESS, &mut address))?;
            if sizes != [LARGEST_KIB; 2] || address != self.state.config.address.0 {
                return Err(SpiError::Lost);
            }
            Ok(())
        }
    }

    const fn interrupting_sockets(&self) -> u8 {
        match self.state.line {
            Line::Driven => FIRST,
            Line::Masked => 0,
        }
    }
}
