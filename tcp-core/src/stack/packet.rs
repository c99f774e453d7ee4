//! Packets on their way in and out, and what a device says about them.

use core::num::NonZeroU16;

use super::Dropped;
use crate::connection::Priority;
use crate::wire::Address;

/// What the device already knows about a received packet's checksums.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum RxChecksum {
    /// Nothing: IP, TCP and ICMP checksums are verified here.
    Unverified,
    /// The device verified the transport checksum (never believed of fragments).
    Verified,
    /// The packet never was on a wire: the transport checksum covers only the pseudo-header.
    Partial,
}

/// What the device wants of a transmitted packet's transport checksum.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum TxChecksum {
    /// Complete.
    Full,
    /// Only the pseudo-header is summed; the device does the rest.
    Partial,
}

/// Whom the link layer addressed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum LinkDestination {
    /// This host.
    Unicast,
    /// A group or everyone: never reaches TCP (RFC 1122 section 3.3.6).
    Group,
}

/// One received IP packet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Packet<'p> {
    /// From the first octet of the IP header; octets after the IP length are padding.
    pub octets: &'p [u8],
    /// What the device verified.
    pub checksum: RxChecksum,
    /// The device coalesced segments of this size into one packet.
    pub segment_size: Option<NonZeroU16>,
    /// Whom the link layer addressed.
    pub link: LinkDestination,
}

/// What became of a packet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[must_use]
pub enum Received<'p> {
    /// It was for this stack, and its content was used.
    Taken,
    /// It is for one of our addresses but not TCP, and not an ICMP message that is answered here.
    NotTcp {
        /// IP protocol number.
        protocol: u8,
        /// Source address.
        source: Address,
        /// Destination address.
        destination: Address,
        /// What follows the IP headers.
        payload: &'p [u8],
    },
    /// It was dropped, and counted.
    Dropped(Dropped),
}

/// One packet to send: `len` octets of `out`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[must_use]
pub struct Transmit {
    /// Address written.
    pub len: usize,
    /// The device shall cut the payload into segments of this size.
    pub segment_size: Option<NonZeroU16>,
    /// What the transport checksum covers.
    pub checksum: ChecksumState,
    /// The IP destination.
    pub destination: Address,
    /// The class it was scheduled in.
    pub class: Priority,
}

/// What is left to do for a device that sums.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ChecksumState {
    /// Nothing.
    Full,
    /// Sum from `start` to the end, store at `start + offset`.
    Partial {
        /// First octet to sum.
        start: u16,
        /// Where the sum goes, from `start`.
        offset: u16,
    },
}
