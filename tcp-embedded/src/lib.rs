//! `tcp-core` on microcontrollers.
//!
//! A [`Mac`] carries Ethernet frames. [`Resources`] is the memory of a whole host, for a `static`.
//! A [`Runner`] joins the two with the link layer (Ethernet, ARP) and a stack, and does a bounded
//! amount of work each time the super-loop calls [`poll`](Runner::poll).
//!
//! Nothing here allocates, blocks or panics. IPv4 only: IPv6 needs neighbour discovery, which this
//! link layer does not speak, so IPv6 frames are dropped and counted.
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
//! static RESOURCES: StaticCell<Resources<'static, 4, 2048, 2048, 32>> = StaticCell::new();
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
//! let resources = RESOURCES.init_with(Resources::new);
//! let runner = Runner::new(FromEmbassy::new(device)?, host, resources.lend())?;
//! let net = NET.init(Net::new(runner, &EmbassyTime));
//! ```
#![cfg_attr(not(test), no_std)]
#![forbid(unsafe_code)]

#[cfg(feature = "sim")]
extern crate std;

mod cable;
pub mod driver;
#[cfg(feature = "embassy-net-driver")]
mod embassy;
mod link;
mod mac;
mod net;
mod resources;
mod runner;
#[cfg(feature = "sim")]
pub mod sim;
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
