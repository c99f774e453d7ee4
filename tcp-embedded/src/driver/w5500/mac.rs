//! The blocking driver as a [`Mac`].

use core::fmt::Debug;

use embedded_hal::delay::DelayNs;
use embedded_hal::digital::{InputPin, OutputPin};
use embedded_hal::spi::SpiDevice;

use super::W5500;
use crate::driver::spi::SpiError;
use crate::mac::{Capabilities, LinkState, Mac, MacAddress};

impl<SPI, D, INT, RST> Mac for W5500<SPI, D, INT, RST>
where
    SPI: SpiDevice,
    SPI::Error: Debug,
    D: DelayNs,
    INT: InputPin,
    RST: OutputPin,
{
    type Error = SpiError<SPI::Error>;

    fn receive(&mut self, frame: &mut [u8]) -> Result<Option<usize>, Self::Error> {
        Self::receive(self, frame)
    }

    fn can_transmit(&mut self) -> bool {
        Self::can_transmit(self)
    }

    fn transmit(&mut self, frame: &[u8]) -> Result<(), Self::Error> {
        Self::transmit(self, frame)
    }

    fn link(&mut self) -> LinkState {
        Self::link(self)
    }

    fn address(&self) -> MacAddress {
        Self::address(self)
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::ETHERNET
    }

    fn join_group(&mut self, group: MacAddress) -> Result<(), Self::Error> {
        Self::join_group(self, group)
    }

    fn asks(&mut self) -> bool {
        Self::asks(self)
    }
}
