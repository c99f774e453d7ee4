//! Drivers of devices that carry Ethernet frames, each behind a feature of its name.

#[cfg(any(feature = "enc28j60", feature = "w5500"))]
mod flavour;
#[cfg(any(feature = "enc28j60", feature = "w5500"))]
mod spi;

#[cfg(any(feature = "enc28j60", feature = "w5500"))]
pub use spi::{Counters, Multicast, NoPin, SpiError, Waiting};

#[cfg(feature = "enc28j60")]
pub mod enc28j60;
#[cfg(feature = "lan9118")]
pub mod lan9118;
#[cfg(feature = "w5500")]
pub mod w5500;
