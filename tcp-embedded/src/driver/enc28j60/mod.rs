//! ENC28J60: Ethernet at 10 Mbit/s behind a serial bus, by Microchip.
//!
//! The chip has 8 KiB of memory: a ring of received frames, each behind a header of six octets,
//! and one frame to send. It does not negotiate: at the other end of its cable it is taken for half
//! duplex, unless both ends are forced to full duplex.
//!
//! What holds, whatever the chip answers:
//!
//! - Every wait is bounded, and nothing panics.
//! - Whatever was found out to be wrong is mended at a later call: a ring whose headers contradict
//!   themselves is emptied, a chip that lost its registers or does not answer is set up from its
//!   reset. Registers are compared from time to time with what was written.
//! - The interrupt line is a hint. It is looked at as a level, and every sixteenth call goes to the
//!   chip without it. Before the driver reports that nothing is left, it takes the line back for
//!   a moment, so that whatever is still to be done makes another edge.
//! - Pending frames are told by their counter, since the interrupt flag is unreliable (errata,
//!   item 6).
//!
//! Errata (DS80349C) that are worked around: 2, 5, 6, 12, 13, 14 and 15. The bus must be in mode 0,
//! at 8 to 20 MHz, and must hold chip select for 210 ns after the last clock.
//!
//! ```
//! # #[cfg(feature = "sim")] {
//! use core::cell::RefCell;
//! use tcp_embedded::driver::enc28j60::{Config, Enc28j60};
//! use tcp_embedded::sim::{Enc28j60Sim, Port, Wired};
//! use tcp_embedded::{Mac, MacAddress};
//!
//! # let chip = RefCell::new(Wired::new(Enc28j60Sim::new(), 1));
//! # let (spi, delay, int) = (Port::new(&chip), Port::new(&chip), Port::new(&chip));
//! let config = Config::new(MacAddress([2, 0, 0, 0, 0, 1]));
//! let mut mac = Enc28j60::new(spi, delay, config).with_interrupt(int);
//! mac.init().unwrap();
//! if mac.can_transmit() {
//!     mac.transmit(&[0xff; 60]).unwrap();
//! }
//! let mut frame = [0; 1_514];
//! assert_eq!(mac.receive(&mut frame), Ok(None));
//! # }
//! ```

mod config;
mod frame;
mod registers;

#[path = "."]
mod blocking {
    use crate::driver::flavour::blocking as flavour;
    pub(crate) mod chip;
}

mod mac;

pub use blocking::chip::Enc28j60;
pub use config::{Config, Duplex};

/// The same driver over an asynchronous bus.
#[cfg(feature = "async")]
#[path = "."]
pub mod asynch {
    use crate::driver::flavour::asynchronous as flavour;
    #[expect(clippy::duplicate_mod, reason = "one source, two flavours")]
    pub(crate) mod chip;
    mod wait;

    pub use chip::Enc28j60;
}

#[cfg(test)]
mod tests;
