//! Octets to meaning and back. No state, no time.
//!
//! ```text
//!   octets -> IpPacket::parse -> Segment::parse      -> meaning
//!                             -> IcmpMessage::parse
//!   meaning -> emit_segment, emit_echo, emit_complaint -> octets
//! ```
//!
//! Invariants:
//! - parsing copies nothing: payloads are parts of the octets that were given;
//! - no octets make a parser panic, loop without a bound, or read beyond their end;
//! - where an emitter says `None`, it has written nothing.

mod address;
mod checksum;
mod emit;
mod error;
pub(crate) mod icmp;
mod icmpv4;
#[cfg(feature = "ipv6")]
mod icmpv6;
mod ip;
mod ipv4;
#[cfg(feature = "ipv6")]
mod ipv6;
mod options;
mod order;
mod pretty;
mod quote;
mod segment;

pub use address::Address;
pub use checksum::Checksum;
pub(crate) use emit::{Draft, emit};
pub use emit::{IpEmit, SegmentEmit, emit_ip_header, emit_segment};
pub(crate) use error::Fault;
pub use error::{Layer, ParameterProblem, ParseError};
pub use icmp::{
    Complaint, Echo, EchoKind, IcmpError, IcmpMeaning, IcmpMessage, Quoted, emit_complaint,
    emit_echo, may_complain,
};
pub use ip::{
    Fragment, HeaderChecksum, IpMeta, IpPacket, PROTOCOL_ICMPV4, PROTOCOL_ICMPV6, PROTOCOL_TCP,
    PROTOCOL_UDP, is_martian_destination, is_martian_source, pseudo_header, subnet_broadcast,
};
pub(crate) use options::OptionWords;
pub use options::{OptionsEmit, SackBlock, SackBlocks, SegmentOptions, Timestamps};
pub(crate) use order::Dialect;
pub use order::OptionOrder;
pub use pretty::{Description, Pretty, describe};
pub use segment::{Control, Flags, RawWindow, Segment};

#[cfg(test)]
mod tests;
