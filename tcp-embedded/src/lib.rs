//! `tcp-core` on microcontrollers.
//!
//! A [`Mac`] carries Ethernet frames. [`Resources`] is the memory of a whole host, for a `static`.
//! A [`Runner`] joins the two with the link layer (Ethernet, ARP) and a stack, and does a bounded
//! amount of work each time the super-loop calls [`poll`](Runner::poll).
//!
//! Nothing here allocates, blocks or panics.
//!
//! # Features
//!
//! None is on by default, and all are additive: each costs flash.
//!
//! - `ipv6`: IPv6 beside IPv4, with neighbour discovery, address autoconfiguration and routers
//!   ([`Runner::start_ipv6`]). Without it IPv6 frames are dropped and counted.
//! - `probe`: asks whether an IPv4 address is free before it is used ([`Runner::claim_ipv4`]).
//! - `dhcp`: gets the IPv4 address from a server ([`Runner::start_dhcp`]); it asks whether the
//!   address is free, so it includes `probe`.
//! - `dns`: looks names up ([`Runner::query`]).
#![cfg_attr(not(test), no_std)]
#![forbid(unsafe_code)]

mod cable;
mod link;
mod mac;
mod resources;
mod runner;

pub use cable::{Cable, End};
#[cfg(feature = "probe")]
pub use link::ClaimState;
#[cfg(feature = "ipv6")]
pub use link::{Autoconfiguration, Ipv6Address, Ipv6AddressState, Ipv6Cidr, Ipv6Host};
#[cfg(feature = "dhcp")]
pub use link::{DhcpState, Lease};
#[cfg(feature = "dns")]
pub use link::{DnsError, Query, RecordType};
pub use link::{Ipv4Cidr, LinkDropped, Neighbor};
pub use mac::{Capabilities, Error, ErrorKind, LinkState, Mac, MacAddress};
pub use resources::{Parts, Pool, Resources};
pub use runner::{Host, NextWake, Runner, SetupError};
