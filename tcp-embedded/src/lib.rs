//! `tcp-core` on microcontrollers.
//!
//! A [`Mac`] carries Ethernet frames. [`Resources`] is the memory of a whole host, for a `static`.
//! A [`Runner`] joins the two with the link layer (Ethernet, ARP) and a stack, and does a bounded
//! amount of work each time the super-loop calls [`poll`](Runner::poll).
//!
//! Nothing here allocates, blocks or panics. IPv4 only: IPv6 needs neighbour discovery, which this
//! link layer does not speak, so IPv6 frames are dropped and counted.
#![cfg_attr(not(test), no_std)]
#![deny(unsafe_code)]

mod cable;
pub mod driver;
mod link;
mod mac;
mod resources;
mod runner;

pub use cable::{Cable, End};
pub use link::{Ipv4Cidr, LinkDropped, Neighbor};
pub use mac::{Capabilities, Error, ErrorKind, LinkState, Mac, MacAddress};
pub use resources::{Parts, Pool, Resources};
pub use runner::{Host, NextWake, Runner, SetupError};
