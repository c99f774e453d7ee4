//! `tcp-core` on microcontrollers.
//!
//! A [`Mac`] carries Ethernet frames. [`Resources`] is the memory of a whole host, for a `static`.
//! A [`Runner`] joins the two with the link layer (Ethernet, ARP) and a stack, and does a bounded
//! amount of work each time the super-loop calls [`poll`](Runner::poll).
//!
//! Nothing here allocates, blocks or panics.
//!
//! An [`IpDevice`] carries IP packets without Ethernet, such as [`Slip`] over a serial line; an
//! [`IpRunner`] is its loop.
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
//!
//! # Sockets
//!
//! A [`Net`] shares a runner among the parts of a program: [`TcpStream`] and [`TcpListener`] belong
//! to it, and close gracefully when they are dropped. Their own calls never wait, for a super-loop.
//! The rest is chosen by features, all additive:
//!
//! - `embedded-io`: `Blocking`, sockets that wait in place, with time-outs; the traits of
//!   embedded-io 0.7.
//! - `embedded-nal`: `Nal`, which is `TcpClientStack` and `TcpFullStack` of embedded-nal 0.9.
//! - `async`: futures, the traits of embedded-io-async 0.7, and `Net::run`, the task that drives a
//!   host.
//! - `embedded-nal-async`: `TcpConnect` of embedded-nal-async 0.9, which HTTP clients such as
//!   reqwless ask for.
//! - `edge-nal`: `TcpConnect`, `TcpBind`, `TcpAccept`, `TcpSplit`, `TcpShutdown` and `Readable` of
//!   edge-nal 0.7, which edge-http asks for.
//! - `picoserve`: `Socket` of picoserve 0.20, with any runtime.
//! - `embassy-time`: `EmbassyTime`, clock and timer of embassy-time 0.5.
//! - `embassy-net-driver`: `FromEmbassy`, any device of embassy as a `Mac`, and `AsEmbassy`, the
//!   other way round.
//! - `fugit`: conversions of instants and durations of fugit 0.3.
//!
//! With embassy, everything lives in statics and each part has a task:
//!
//! ```text
//! type Network = Net<'static, Device, 4>;
//! static RESOURCES: ConstStaticCell<Resources<'static, 4, 2048, 2048, 32>> =
//!     ConstStaticCell::new(Resources::new());
//! static NET: StaticCell<Network> = StaticCell::new();
//!
//! #[embassy_executor::task]
//! async fn drive(net: &'static Network) -> ! {
//!     net.run(EmbassyTime).await
//! }
//!
//! #[embassy_executor::task]
//! async fn echo(net: &'static Network) -> Result<(), NetError> {
//!     let listener = net.listen(ListenAt::new(7))?;
//!     loop {
//!         let mut stream = listener.accept().await?;
//!         let mut octets = [0; 256];
//!         while let Ok(count @ 1..) = stream.read(&mut octets).await {
//!             stream.write_all(&octets[..count]).await?;
//!         }
//!     }
//! }
//!
//! let resources = RESOURCES.take();
//! let runner = Runner::new(FromEmbassy::new(device)?, host, resources.lend())?;
//! let net = NET.init(Net::new(runner, &EmbassyTime));
//! ```
#![cfg_attr(not(test), no_std)]
#![deny(unsafe_code)]

#[cfg(feature = "sim")]
extern crate std;

mod cable;
pub mod driver;
#[cfg(feature = "embassy-net-driver")]
mod embassy;
mod ip;
mod link;
mod mac;
mod net;
mod resources;
mod runner;
#[cfg(feature = "sim")]
pub mod sim;
mod slip;
mod time;

pub use cable::{Cable, End};
#[cfg(feature = "embassy-net-driver")]
pub use embassy::{AsEmbassy, FromEmbassy, NotEthernet};
pub use ip::{IpDevice, IpRunner};
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
#[cfg(feature = "embedded-io")]
pub use net::Blocking;
pub use net::{Clock, Net, NetError, Shared, TcpListener, TcpStream};
#[cfg(feature = "embedded-nal")]
pub use net::{Nal, NalSocket};
#[cfg(feature = "async")]
pub use net::{ReadHalf, Timer, WakingMac, WriteHalf};
pub use resources::{Parts, Pool, Resources};
pub use runner::{Host, NextWake, Runner, SetupError};
pub use slip::{Serial, Slip, SlipDecoder, SlipDropped, SlipEncoder};
#[cfg(feature = "embassy-time")]
pub use time::EmbassyTime;
#[cfg(feature = "fugit")]
pub use time::fugit;
