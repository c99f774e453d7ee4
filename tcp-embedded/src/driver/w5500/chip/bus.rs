//! Registers and memory over the bus.

use embedded_hal::spi::Operation;

use super::flavour::{SpiDevice, fns, run};
use crate::driver::spi::SpiError;
use crate::driver::w5500::frame::MIN_FRAME;
use crate::driver::w5500::registers::{Block, Register};

/// What short frames are padded with.
static PADDING: [u8; MIN_FRAME as usize] = [0; MIN_FRAME as usize];

/// The bus.
pub(super) struct Bus<SPI, D> {
    pub(super) spi: SPI,
    pub(super) delay: D,
}

impl<SPI: SpiDevice, D> Bus<SPI, D> {
    fns! {
        pub(super) fn read(
            &mut self,
            register: Register,
            octets: &mut [u8],
        ) -> Result<(), SpiError<SPI::Error>> {
            run!(self.read_block(register.block, register.address, octets))
        }

        pub(super) fn read_octet(
            &mut self,
            register: Register,
        ) -> Result<u8, SpiError<SPI::Error>> {
            let mut octet = [0];
            run!(self.read(register, &mut octet))?;
            let [octet] = octet;
            Ok(octet)
        }

        // Called from many places, which it is far larger than.
        #[inline(never)]
        pub(super) fn write(
            &mut self,
            register: Register,
            octets: &[u8],
        ) -> Result<(), SpiError<SPI::Error>> {
            let head = register.block.write(register.address);
            let mut operations = [Operation::Write(&head), Operation::Write(octets)];
            run!(self.spi.transaction(&mut operations)).map_err(SpiError::Bus)
        }

        /// Reads from the socket's buffer; addresses wrap by themselves.
        pub(super) fn read_buffer(
            &mut self,
            address: u16,
            octets: &mut [u8],
        ) -> Result<(), SpiError<SPI::Error>> {
            run!(self.read_block(Block::RECEIVE, address, octets))
        }

        /// Writes a frame to the socket's buffer, padded to the shortest one; how long it is then.
        pub(super) fn write_buffer(
            &mut self,
            address: u16,
            frame: &[u8],
        ) -> Result<u16, SpiError<SPI::Error>> {
            let head = Block::SEND.write(address);
            let padding = PADDING.get(frame.len()..).unwrap_or_default();
            let mut operations = [
                Operation::Write(&head),
                Operation::Write(frame),
                Operation::Write(padding),
            ];
            run!(self.spi.transaction(&mut operations)).map_err(SpiError::Bus)?;
            // The caller has seen that it is no longer than a frame.
            Ok(u16::try_from(frame.len()).unwrap_or(u16::MAX).max(MIN_FRAME))
        }

        fn read_block(
            &mut self,
            block: Block,
            address: u16,
            octets: &mut [u8],
        ) -> Result<(), SpiError<SPI::Error>> {
            let head = block.read(address);
            let mut operations = [Operation::Write(&head), Operation::Read(octets)];
            run!(self.spi.transaction(&mut operations)).map_err(SpiError::Bus)
        }
    }
}
