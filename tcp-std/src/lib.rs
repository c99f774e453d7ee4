//! A whole TCP in user space, for programs on hosts.
//!
//! [`Net`] is a network stack of your own behind a packet device, usually a TUN device; its
//! [`TcpStream`] and [`TcpListener`] have the semantics, timeouts and errors of `std::net`. The
//! protocol is `tcp-core`'s; this crate adds what it does without: a device, a clock, a heap and
//! threads.
//!
//! ```no_run
//! use std::io::{Read, Write};
//! use tcp_std::{Cidr, Net, Tun};
//!
//! // Ours is 10.0.0.1; the kernel gets 10.0.0.2 on the other side of the device.
//! let ours: Cidr = "10.0.0.1/24".parse()?;
//! let tun = Tun::builder("tcp0").kernel_address("10.0.0.2/24".parse()?).open()?;
//! let net = Net::builder().address(ours).start(tun)?;
//!
//! for stream in net.listen("10.0.0.1:7")?.incoming() {
//!     let mut stream = stream?;
//!     std::io::copy(&mut stream.try_clone()?, &mut stream)?;
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [`Net`] shows the same between two networks of one process, which needs no privilege.

mod capture;
mod cidr;
mod clock;
mod device;
mod memory;
mod net;
mod observe;
mod service;
mod shard;
mod tun;

pub use capture::{Capture, CaptureLimit};
pub use cidr::{Cidr, CidrError};
pub use device::Device;
pub use memory::{Buffers, HeapMemory};
pub use net::{Incoming, Net, NetBuilder, Snapshot, TcpListener, TcpStream};
pub use observe::{Direction, Observer, Sighting};
pub use service::{Service, Session, Verdict};
pub use tcp_core;
pub use tun::{Origin, Tun, TunBuilder, TunError, loopback_up};
