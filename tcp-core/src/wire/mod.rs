//! Octets to meaning and back. No state, no time.

mod checksum;
mod emit;
mod error;
mod icmpv4;
#[cfg(feature = "ipv6")]
mod icmpv6;
mod ip;
mod ipv4;
#[cfg(feature = "ipv6")]
mod ipv6;
mod options;
mod pretty;
mod segment;

pub use checksum::Checksum;
pub use emit::{IpEmit, SegmentEmit, emit_segment};
pub use error::ParseError;
pub use ip::{
    Fragment, HeaderChecksum, IpPacket, PROTOCOL_ICMPV4, PROTOCOL_ICMPV6, PROTOCOL_TCP,
    is_martian_destination, is_martian_source, subnet_broadcast,
};
pub use options::{OptionsEmit, SackBlock, SackBlocks, SegmentOptions, Timestamps};
pub use segment::{Control, Flags, RawWindow, Segment};
