//! Registers and memory over the bus.

use embedded_hal::spi::Operation;

use super::flavour::{SpiDevice, fns, run};
use crate::driver::enc28j60::registers::{ECON1, Register, control, instruction};
use crate::driver::spi::SpiError;

/// The bus, and which bank of registers is selected.
pub(super) struct Bus<SPI, D> {
    pub(super) spi: SPI,
    pub(super) delay: D,
    /// `None`: not known.
    bank: Option<u8>,
}

impl<SPI, D> Bus<SPI, D> {
    pub(super) const fn new(spi: SPI, delay: D) -> Self {
        Self {
            spi,
            delay,
            bank: None,
        }
    }

    /// Nothing is known of the chip's state any more.
    pub(super) const fn forget(&mut self) {
        self.bank = None;
    }
}

impl<SPI: SpiDevice, D> Bus<SPI, D> {
    fns! {
        /// Resets the chip; the caller waits.
        pub(super) fn reset(&mut self) -> Result<(), SpiError<SPI::Error>> {
            self.forget();
            run!(self.spi.write(&[instruction::RESET])).map_err(SpiError::Bus)
        }

        pub(super) fn read(&mut self, register: Register) -> Result<u8, SpiError<SPI::Error>> {
            run!(self.select(register))?;
            let command = [instruction::READ | register.address()];
            let mut answer = [0; 2];
            let len = if register.is_late() { 2 } else { 1 };
            let octets = answer.get_mut(..len).unwrap_or_default();
            let mut operations = [Operation::Write(&command), Operation::Read(octets)];
            run!(self.spi.transaction(&mut operations)).map_err(SpiError::Bus)?;
            let [first, second] = answer;
            Ok(if register.is_late() { second } else { first })
        }

        pub(super) fn write(
            &mut self,
            register: Register,
            value: u8,
        ) -> Result<(), SpiError<SPI::Error>> {
            run!(self.select(register))?;
            run!(self.command(instruction::WRITE, register, value))
        }

        /// Sets bits of a register that is not the MAC's.
        pub(super) fn set(
            &mut self,
            register: Register,
            bits: u8,
        ) -> Result<(), SpiError<SPI::Error>> {
            run!(self.select(register))?;
            run!(self.command(instruction::SET_BITS, register, bits))
        }

        /// Clears bits of a register that is not the MAC's.
        pub(super) fn clear(
            &mut self,
            register: Register,
            bits: u8,
        ) -> Result<(), SpiError<SPI::Error>> {
            run!(self.select(register))?;
            run!(self.command(instruction::CLEAR_BITS, register, bits))
        }

        /// Reads a register of 16 bits whose lower half is `register`.
        pub(super) fn read_pair(
            &mut self,
            register: Register,
        ) -> Result<u16, SpiError<SPI::Error>> {
            let low = run!(self.read(register))?;
            let high = run!(self.read(register.upper()))?;
            Ok(u16::from_le_bytes([low, high]))
        }

        /// Writes a register of 16 bits, the lower half first: the chip takes over some of them
        /// when the upper half comes.
        pub(super) fn write_pair(
            &mut self,
            register: Register,
            value: u16,
        ) -> Result<(), SpiError<SPI::Error>> {
            let [low, high] = value.to_le_bytes();
            run!(self.write(register, low))?;
            run!(self.write(register.upper(), high))
        }

        /// Reads memory from the chip's read pointer on.
        pub(super) fn read_memory(
            &mut self,
            octets: &mut [u8],
        ) -> Result<(), SpiError<SPI::Error>> {
            let command = [instruction::READ_MEMORY];
            let mut operations = [Operation::Write(&command), Operation::Read(octets)];
            run!(self.spi.transaction(&mut operations)).map_err(SpiError::Bus)
        }

        /// Writes a frame and the control octet before it (all as the MAC is configured) to the
        /// chip's write pointer.
        pub(super) fn write_frame(&mut self, frame: &[u8]) -> Result<(), SpiError<SPI::Error>> {
            let command = [instruction::WRITE_MEMORY, 0];
            let mut operations = [Operation::Write(&command), Operation::Write(frame)];
            run!(self.spi.transaction(&mut operations)).map_err(SpiError::Bus)
        }

        /// Makes the bank of `register` the selected one.
        fn select(&mut self, register: Register) -> Result<(), SpiError<SPI::Error>> {
            let Some(bank) = register.bank() else {
                return Ok(());
            };
            if self.bank == Some(bank) {
                return Ok(());
            }
            // Bits of which it is not known whether they are set count as both.
            let set = self.bank.unwrap_or(control::BANK);
            let unset = !self.bank.unwrap_or(0);
            let surplus = set & !bank;
            let missing = unset & bank;
            self.forget();
            if surplus != 0 {
                run!(self.command(instruction::CLEAR_BITS, ECON1, surplus))?;
            }
            if missing != 0 {
                run!(self.command(instruction::SET_BITS, ECON1, missing))?;
            }
            self.bank = Some(bank);
            Ok(())
        }

        fn command(
            &mut self,
            instruction: u8,
            register: Register,
            value: u8,
        ) -> Result<(), SpiError<SPI::Error>> {
            let octets = [instruction | register.address(), value];
            run!(self.spi.write(&octets)).map_err(SpiError::Bus)
        }
    }
}
