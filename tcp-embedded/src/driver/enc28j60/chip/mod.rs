//! The driver itself, in one source for both flavours.

mod audit;
mod bus;
mod link;
mod receive;
mod send;
mod setup;

use core::fmt::{self, Debug};

use embedded_hal::digital::{InputPin, OutputPin};

use super::flavour;
use crate::driver::enc28j60::config::Config;
use crate::driver::spi::{Counters, NoPin, SpiError, Trust, count};
use crate::mac::{LinkState, MacAddress};
use bus::Bus;
use send::Sending;

/// Calls of `receive` that the interrupt line may make superfluous, before one of them goes to the
/// chip all the same.
const HINTED: u8 = 16;
/// Rings emptied one after the other, without an intact frame between them, before the chip is set
/// up from its reset.
const RESYNCS: u8 = 4;

/// An ENC28J60 on the bus `SPI`. `INT` is its interrupt line and `RST` its reset line, if they are
/// connected.
pub struct Enc28j60<SPI, D, INT = NoPin, RST = NoPin> {
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
    revision: u8,
    /// Where the header of the next received frame is.
    next: u16,
    /// Calls of `receive` that were answered by the interrupt line alone.
    hinted: u8,
    /// Rings emptied since the last intact frame.
    resyncs: u8,
    /// Calls of `receive` since the registers were compared.
    unaudited: u8,
    sending: Option<Sending>,
    /// Transmissions cancelled since the last one that ended.
    stalled: u8,
    link: LinkState,
    /// Questions for the link since it was read.
    link_age: u8,
    line: Line,
    counters: Counters,
}

/// Whether the chip may drive the interrupt line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Line {
    Driven,
    Masked,
}

impl<SPI, D> Enc28j60<SPI, D> {
    /// A driver of the chip that `spi` selects. Nothing is sent to the chip before
    /// [`init`](Self::init), or before the first [`receive`](Self::receive), which does the same.
    pub fn new(spi: SPI, delay: D, config: Config) -> Self {
        Self {
            bus: Bus::new(spi, delay),
            interrupt: NoPin,
            reset: NoPin,
            state: State {
                config,
                trust: Trust::None,
                revision: 0,
                next: 0,
                hinted: 0,
                resyncs: 0,
                unaudited: 0,
                sending: None,
                stalled: 0,
                link: LinkState::Down,
                link_age: 0,
                line: Line::Driven,
                counters: Counters::default(),
            },
        }
    }
}

impl<SPI, D, INT, RST> Enc28j60<SPI, D, INT, RST> {
    /// With the chip's interrupt line, which is low while the chip asks.
    pub fn with_interrupt<I: InputPin>(self, interrupt: I) -> Enc28j60<SPI, D, I, RST> {
        Enc28j60 {
            bus: self.bus,
            interrupt,
            reset: self.reset,
            state: self.state,
        }
    }

    /// With the chip's reset line, which resets while it is low.
    pub fn with_reset<R: OutputPin>(self, reset: R) -> Enc28j60<SPI, D, INT, R> {
        Enc28j60 {
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

    /// The silicon's revision as the chip gives it: 6 is B7, the last one. Zero before the chip
    /// was set up.
    pub const fn revision(&self) -> u8 {
        self.state.revision
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
                // Half a transfer may have moved any pointer and lost any acknowledgement.
                self.bus.forget();
                self.distrust(Trust::NoFrames);
            }
            SpiError::Pin | SpiError::Absent | SpiError::Timeout(_) | SpiError::Lost => {
                self.distrust(Trust::None);
            }
            SpiError::Corrupt => self.distrust(Trust::NoFrames),
            SpiError::Overrun | SpiError::BadFrame | SpiError::TooLong | SpiError::Busy => {}
        }
    }

    fn distrust(&mut self, trust: Trust) {
        self.state.trust = self.state.trust.min(trust);
    }
}

impl<SPI, D, INT: InputPin, RST> Enc28j60<SPI, D, INT, RST> {
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

impl<SPI, D, INT, RST> Debug for Enc28j60<SPI, D, INT, RST> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Enc28j60")
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}
