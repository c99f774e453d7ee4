//! W5500: Ethernet at 100 Mbit/s behind a serial bus, by WIZnet, in its mode for raw frames.
//!
//! The chip's own TCP is not used: its first socket is opened for raw frames and gets all of the
//! memory, 16 KiB for each direction. Before each received frame stand two octets of length.
//!
//! What holds, whatever the chip answers:
//!
//! - Every wait is bounded, and nothing panics.
//! - A length that cannot be right, or a pointer that is not where the driver left it, costs what
//!   the chip had received: the socket is closed and opened again. A chip that lost its registers
//!   or does not answer is set up from its reset. Registers are compared from time to time with
//!   what was written.
//! - The interrupt line is a hint. It is looked at as a level, and every sixteenth call goes to the
//!   chip without it. Before the driver reports that nothing is left, it clears what the chip asks
//!   for and looks once more.
//! - A frame is sent when the one before has left; a transmission that does not end is cancelled.
//!
//! The chip cannot tell one group address from another: all of them come through, or none. The bus
//! must be in mode 0 or 3, at up to 33 MHz.
//!
//! ```
//! # #[cfg(feature = "sim")] {
//! use core::cell::RefCell;
//! use tcp_embedded::driver::w5500::{Config, W5500};
//! use tcp_embedded::sim::{Port, W5500Sim, Wired};
//! use tcp_embedded::{Mac, MacAddress};
//!
//! # let chip = RefCell::new(Wired::new(W5500Sim::new(), 1));
//! # let (spi, delay, int) = (Port::new(&chip), Port::new(&chip), Port::new(&chip));
//! let config = Config::new(MacAddress([2, 0, 0, 0, 0, 1]));
//! let mut mac = W5500::new(spi, delay, config).with_interrupt(int);
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

pub use blocking::chip::W5500;
pub use config::{Config, Speed};

/// The same driver over an asynchronous bus.
#[cfg(feature = "async")]
#[path = "."]
pub mod asynch {
    use crate::driver::flavour::asynchronous as flavour;
    #[expect(clippy::duplicate_mod, reason = "one source, two flavours")]
    pub(crate) mod chip;
    mod wait;

    pub use chip::W5500;
}

#[cfg(test)]
mod tests;
