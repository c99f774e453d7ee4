//! Models of SPI chips at the level of their registers, for tests on a host.
//!
//! A model ([`Enc28j60Sim`], [`W5500Sim`]) sees the octets of the bus as the chip would, keeps a
//! time of its own that passes with each octet and each delay, and counts what its data sheet
//! forbids ([`Chip::violations`]). [`Wired`] is a model with the accidents of its wiring
//! ([`Faults`]); [`Port`] is one end of that wiring: a bus device, an interrupt line, a reset line
//! and a delay, whichever a driver wants.
//!
//! ```
//! use core::cell::RefCell;
//! use tcp_embedded::driver::enc28j60::{Config, Enc28j60};
//! use tcp_embedded::sim::{Enc28j60Sim, Port, Wired};
//! use tcp_embedded::{Mac, MacAddress};
//!
//! let chip = RefCell::new(Wired::new(Enc28j60Sim::new(), 1));
//! let address = MacAddress([2, 0, 0, 0, 0, 1]);
//! let mut mac = Enc28j60::new(Port::new(&chip), Port::new(&chip), Config::new(address));
//! mac.init().unwrap();
//! let frame = [&address.0[..], &[0x5a; 54]].concat();
//! assert!(chip.borrow_mut().chip.deliver(&frame));
//! let mut buffer = [0; 1_514];
//! assert_eq!(mac.receive(&mut buffer), Ok(Some(60)));
//! assert_eq!(buffer[..60], frame);
//! ```

mod enc28j60;
mod port;
mod w5500;

pub use enc28j60::{Enc28j60Faults, Enc28j60Sim};
pub use port::{BusFault, Chip, Faults, InterruptLine, Port, Wired};
pub use w5500::{W5500Faults, W5500Sim};
