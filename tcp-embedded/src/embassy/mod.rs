//! Devices of embassy as ours, and ours as embassy's (embassy-net-driver).
//!
//! What the two sides mean by the same words:
//!
//! - The longest frame is [`max_frame`](crate::Capabilities::max_frame) here and
//!   `max_transmission_unit` of an Ethernet device there: both with the header of Ethernet.
//! - A burst is of one frame at least here; there it may have no limit.
//! - Of a checksum that the device makes, the field holds the sum of the pseudo-header here, and
//!   zero there.
//! - An address is always one of Ethernet here; there it may be of another medium, and then the
//!   device is refused.

mod checksum;
mod from;
mod into;

pub use from::{FromEmbassy, NotEthernet};
pub use into::AsEmbassy;
