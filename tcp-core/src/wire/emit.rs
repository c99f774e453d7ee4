//! The writer: IP header, TCP header, options and payload in one pass.

use core::net::IpAddr;

use super::checksum::Checksum;
use super::ip::PROTOCOL_TCP;
use super::ipv4;
#[cfg(feature = "ipv6")]
use super::ipv6;
use super::options::{self, OptionsEmit};
use super::segment::{Flags, HEADER_LEN, RawWindow};
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
    let mut options = [0; options::MAX_LEN];
    let options_len = segment.options.emit(&mut options);
    let options = options.get(..options_len).unwrap_or_default();
    let [first, second] = payload;
    let tcp_len = HEADER_LEN + options.len() + first.len() + second.len();
    let (header_len, tcp) = emit_ip(out, ip, PROTOCOL_TCP, tcp_len)?;
    let (header, rest) = tcp.split_first_chunk_mut::<HEADER_LEN>()?;
    let (options_space, payload_space) = rest.split_at_mut_checked(options.len())?;
    let (first_space, second_space) = payload_space.split_at_mut_checked(first.len())?;

    let mut sum = Checksum::new();
    sum.add_pseudo_header([ip.source, ip.destination], PROTOCOL_TCP, tcp_len);
    let pseudo = sum.partial();
    *header = header_octets(segment, options.len());
    sum.add(&*header);
    sum.copy(options_space, options);
    if checksum == TxChecksum::Full {
        sum.copy(first_space, first);
        sum.copy(second_space, second);
    } else {
        copy(first_space, first);
        copy(second_space, second);
    }
    let field = match checksum {
        TxChecksum::Full => sum.finish(),
        TxChecksum::Partial => pseudo,
    };
    let [c0, c1] = field.to_be_bytes();
    header[16] = c0;
    header[17] = c1;
    Some(header_len + tcp_len)
}

/// The TCP header with its checksum zero.
fn header_octets(segment: &SegmentEmit, options_len: usize) -> [u8; HEADER_LEN] {
    let [p0, p1] = segment.source_port.to_be_bytes();
    let [p2, p3] = segment.destination_port.to_be_bytes();
    let [s0, s1, s2, s3] = segment.seq.raw().to_be_bytes();
    let [a0, a1, a2, a3] = segment.ack.raw().to_be_bytes();
    let [w0, w1] = segment.window.0.to_be_bytes();
    let [u0, u1] = segment.urgent.to_be_bytes();
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a header is at most 60 octets"
    )]
    let offset = ((HEADER_LEN + options_len) as u8) << 2;
    [
        p0,
        p1,
        p2,
        p3,
        s0,
        s1,
        s2,
        s3,
        a0,
        a1,
        a2,
        a3,
        offset,
        segment.flags.0,
        w0,
        w1,
        0,
        0,
        u0,
        u1,
    ]
}

/// Writes the IP header for `length` octets of payload; returns its length and the space for them.
pub(super) fn emit_ip<'o>(
    out: &'o mut [u8],
    ip: &IpEmit,
    protocol: u8,
    length: usize,
) -> Option<(usize, &'o mut [u8])> {
    match (ip.source, ip.destination) {
        (IpAddr::V4(source), IpAddr::V4(destination)) => {
            let total = u16::try_from(ipv4::HEADER_LEN + length).ok()?;
            let packet = out.get_mut(..total.into())?;
            let (header, payload) = packet.split_first_chunk_mut()?;
            let ttl_class = [ip.hop_limit, ip.traffic_class];
            ipv4::emit(header, [source, destination], protocol, ttl_class, total);
            Some((ipv4::HEADER_LEN, payload))
        }
        #[cfg(feature = "ipv6")]
        (IpAddr::V6(source), IpAddr::V6(destination)) => {
            let stated = u16::try_from(length).ok()?;
            let packet = out.get_mut(..ipv6::HEADER_LEN + length)?;
            let (header, payload) = packet.split_first_chunk_mut()?;
            let hops_class = [ip.hop_limit, ip.traffic_class];
            ipv6::emit(header, [source, destination], protocol, hops_class, stated);
            Some((ipv6::HEADER_LEN, payload))
        }
        (IpAddr::V4(_) | IpAddr::V6(_), _) => None,
    }
}

/// Copies slices of one length.
fn copy(to: &mut [u8], from: &[u8]) {
    for (to, from) in to.iter_mut().zip(from) {
        *to = *from;
    }
}
