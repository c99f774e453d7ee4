//! The driver itself, in one source for both flavours.

mod bus;
mod receive;
mod send;
mod setup;

use core::fmt::{self, Debug};

use embedded_hal::digital::{InputPin, OutputPin};

use super::flavour;
use crate::driver::spi::{Counters, NoPin, SpiError, Trust, count};
use crate::driver::w5500::config::Config;
use crate::mac::MacAddress;
use bus::Bus;
use send::Sending;

/// Calls of `receive` that the interrupt line may make superfluous, before one of them goes to the
/// chip all the same.
const HINTED: u8 = 16;
/// Buffers emptied one after the other, without a frame between them, before the chip is set up
/// from its reset.
const RESYNCS: u8 = 4;

/// A W5500 on the bus `SPI`. `INT` is its interrupt line and `RST` its reset line, if they are
/// connected.
pub struct W5500<SPI, D, INT = NoPin, RST = NoPin> {
    bus: Bus<SPI, D>,
    pub(in super::super) interrupt: INT,
    reset: RST,
    state: State,
}

/// What the driver knows of its chip.
#[derive(Clone, Copy, Debug)]
struct State {
    config: Config,
    trust: Trust,
    /// Where the next received frame is.
    next: u16,
    /// Calls of `receive` that were answered by the interrupt line alone.
    hinted: u8,
    /// Buffers emptied since the last frame.
    resyncs: u8,
    /// Calls of `receive` since the registers were compared.
    unaudited: u8,
    sending: Option<Sending>,
    line: Line,
    counters: Counters,
}

/// Whether the chip may drive the interrupt line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Line {
    Driven,
    Masked,
}

impl<SPI, D> W5500<SPI, D> {
    /// A driver of the chip that `spi` selects. Nothing is sent to the chip before
    /// [`init`](Self::init), or before the first [`receive`](Self::receive), which does the same.
    pub fn new(spi: SPI, delay: D, config: Config) -> Self {
        Self {
            bus: Bus { spi, delay },
            interrupt: NoPin,
            reset: NoPin,
            state: State {
                config,
                trust: Trust::None,
                next: 0,
                hinted: 0,
                resyncs: 0,
                unaudited: 0,
                sending: None,
                line: Line::Driven,
                counters: Counters::default(),
            },
        }
    }
}

impl<SPI, D, INT, RST> W5500<SPI, D, INT, RST> {
    /// With the chip's interrupt line, which is low while the chip asks.
    pub fn with_interrupt<I: InputPin>(self, interrupt: I) -> W5500<SPI, D, I, RST> {
        W5500 {
            bus: self.bus,
            interrupt,
            reset: self.reset,
            state: self.state,
        }
    }

    /// With the chip's reset line, which resets while it is low.
    pub fn with_reset<R: OutputPin>(self, reset: R) -> W5500<SPI, D, INT, R> {
        W5500 {
            bus: self.bus,
            interrupt: self.interrupt,
            reset,
            state: self.state,
        }
    }

    /// The station address.
    pub const fn address(&self) -> MacAddress {
        self.state.config.address
    }

    /// What was seen so far.
    pub const fn counters(&self) -> Counters {
        self.state.counters
    }

    /// Gives back what it was made of.
    pub fn release(self) -> (SPI, D, INT, RST) {
        (self.bus.spi, self.bus.delay, self.interrupt, self.reset)
    }

    /// Draws the consequences of an error: what is in doubt is mended before the next frame.
    fn note<E>(&mut self, error: &SpiError<E>) {
        match error {
            SpiError::Bus(_) => {
                count(&mut self.state.counters.bus_errors);
                // Half a transfer may have moved any pointer.
                self.distrust(Trust::NoFrames);
            }
            SpiError::Corrupt => self.distrust(Trust::NoFrames),
            SpiError::Timeout(_) | SpiError::Pin | SpiError::Absent | SpiError::Lost => {
                self.distrust(Trust::None);
            }
            SpiError::Overrun | SpiError::BadFrame | SpiError::TooLong | SpiError::Busy => {}
        }
    }

    fn distrust(&mut self, trust: Trust) {
        self.state.trust = self.state.trust.min(trust);
    }
}

impl<SPI, D, INT: InputPin, RST> W5500<SPI, D, INT, RST> {
    /// Whether the interrupt line asks for service. Always, if there is none or it cannot be read.
    pub fn asks(&mut self) -> bool {
        self.interrupt.is_low().unwrap_or(true)
    }

    /// Whether this call is to go to the chip.
    fn is_due(&mut self) -> bool {
        self.state.unaudited = self.state.unaudited.saturating_add(1);
        if self.state.hinted < HINTED && !self.asks() {
            self.state.hinted += 1;
            return false;
        }
        true
    }
}

impl<SPI, D, INT, RST> Debug for W5500<SPI, D, INT, RST> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("W5500")
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}
