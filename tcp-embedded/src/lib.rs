//! `tcp-core` on microcontrollers.
//!
//! A [`Mac`] carries Ethernet frames. [`Resources`] is the memory of a whole host, for a `static`.
//! A [`Runner`] joins the two with the link layer (Ethernet, ARP) and a stack, and does a bounded
//! amount of work each time the super-loop calls [`poll`](Runner::poll).
//!
//! Nothing here allocates, blocks or panics. IPv4 only: IPv6 needs neighbour discovery, which this
//! link layer does not speak, so IPv6 frames are dropped and counted.
#![cfg_attr(not(test), no_std)]
#![forbid(unsafe_code)]

mod cable;
#[cfg(feature = "embassy-net-driver")]
mod embassy;
mod link;
mod mac;
mod net;
mod resources;
mod runner;
mod time;

pub use cable::{Cable, End};
#[cfg(feature = "embassy-net-driver")]
pub use embassy::{AsEmbassy, FromEmbassy, NotEthernet};
pub use link::{Ipv4Cidr, LinkDropped, Neighbor};
pub use mac::{Capabilities, Error, ErrorKind, LinkState, Mac, MacAddress};
#[cfg(feature = "embedded-io")]
pub use net::Blocking;
pub use net::{Clock, Net, NetError, Shared, TcpListener, TcpStream};
#[cfg(feature = "embedded-nal")]
pub use net::{Nal, NalSocket};
#[cfg(feature = "async")]
pub use net::{ReadHalf, Timer, WakingMac, WriteHalf};
pub use resources::{Parts, Pool, Resources};
pub use runner::{Host, NextWake, Runner, SetupError};
#[cfg(feature = "embassy-time")]
pub use time::EmbassyTime;
#[cfg(feature = "fugit")]
pub use time::fugit;
