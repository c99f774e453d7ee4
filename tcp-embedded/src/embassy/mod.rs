//! Devices of embassy as ours, and ours as embassy's (embassy-net-driver).
//!
//! What the two sides mean by the same words:
//!
//! | | here | embassy-net-driver |
//! |---|---|---|
//! | longest frame | [`max_frame`](crate::Capabilities::max_frame) | `max_transmission_unit` of an Ethernet device: the same, the Ethernet header included |
//! | burst | at least one | none: no limit |
//! | a checksum that the device makes | the field holds the sum of the pseudo-header | the field holds zero |
//! | an address | always of Ethernet | may be of another medium, which is refused |

mod checksum;
mod from;
mod into;

pub use from::{FromEmbassy, NotEthernet};
pub use into::AsEmbassy;
