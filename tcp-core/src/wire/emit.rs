//! The writer: IP header, TCP header, options and payload in one pass.

use super::address::Address;
use super::checksum::Checksum;
use super::ip::{PROTOCOL_TCP, pseudo_header};
use super::ipv4;
#[cfg(feature = "ipv6")]
use super::ipv6;
use super::options::OptionsEmit;
use super::order::{AnyOrder, Order};
use super::segment::{Flags, HEADER_LEN, RawWindow};
use crate::ring::copy;
use crate::seq::SeqNum;
use crate::stack::TxChecksum;

/// The fields of the IP header that the caller decides.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct IpEmit {
    /// Source address; of the same family as `destination`.
    pub source: Address,
    /// Destination address.
    pub destination: Address,
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
//= https://www.rfc-editor.org/rfc/rfc9293#section-3.1
//# The sender MUST generate it (MUST-2) and the receiver MUST check it
//# (MUST-3).
#[must_use]
pub fn emit_segment(
    out: &mut [u8],
    ip: &IpEmit,
    segment: &SegmentEmit,
    payload: [&[u8]; 2],
    checksum: TxChecksum,
) -> Option<usize> {
    emit::<AnyOrder>(out, ip, segment, payload, checksum)
}

/// The same, with no more than the orders of options that the caller can name.
pub(crate) fn emit<O: Order>(
    out: &mut [u8],
    ip: &IpEmit,
    segment: &SegmentEmit,
    payload: [&[u8]; 2],
    checksum: TxChecksum,
) -> Option<usize> {
    let [first, second] = payload;
    let options_len = segment.options.len();
    let header_len = HEADER_LEN + options_len;
    let len = header_len
        .checked_add(first.len())?
        .checked_add(second.len())?;
    let length = u16::try_from(len).ok()?;
    let (ip_len, body) = ip_header(out, ip, PROTOCOL_TCP, length)?;
    let (fixed, rest) = body.split_first_chunk_mut::<HEADER_LEN>()?;
    let (options, data) = rest.split_at_mut_checked(options_len)?;
    let (front, back) = data.split_at_mut_checked(first.len())?;
    if options_len > 0 {
        O::write(&segment.options, options);
    }
    let header = segment.header(header_len);
    let mut sum = pseudo_header(ip.source, ip.destination, PROTOCOL_TCP, length);
    let field = match checksum {
        TxChecksum::Full => {
            sum.add_header(&header);
            if options_len > 0 {
                sum.add_words(options.as_chunks().0);
            }
            sum.copy(front, first);
            sum.copy(back, second);
            sum.complement()
        }
        TxChecksum::Partial => {
            copy(front, first);
            copy(back, second);
            sum.partial()
        }
    };
    let [ports, seq, ack, control, [_, _, u0, u1]] = header;
    let [c0, c1] = field;
    put_words(fixed, [ports, seq, ack, control, [c0, c1, u0, u1]]);
    Some(ip_len + len)
}

/// Writes a header word by word.
#[inline(always)]
fn put_words(header: &mut [u8; 20], words: [[u8; 4]; 5]) {
    // Written out: small code would make this a loop, or a call.
    if let ([p0, p1, p2, p3, p4], _) = header.as_chunks_mut::<4>() {
        [*p0, *p1, *p2, *p3, *p4] = words;
    }
}

impl SegmentEmit {
    /// Nothing was decided yet.
    #[inline(always)]
    pub(crate) const fn blank() -> Self {
        Self {
            source_port: 0,
            destination_port: 0,
            seq: SeqNum::new(0),
            ack: SeqNum::new(0),
            flags: Flags(0),
            window: RawWindow(0),
            urgent: 0,
            options: OptionsEmit::none(),
        }
    }

    /// The fixed part of the header as words, without a checksum.
    #[inline]
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a header has at most 60 octets"
    )]
    const fn header(&self, header_len: usize) -> [[u8; 4]; 5] {
        let ports = (self.source_port as u32) << 16 | self.destination_port as u32;
        let offset = (header_len as u32) << 26;
        let control = offset | (self.flags.0 as u32) << 16 | self.window.0 as u32;
        [
            ports.to_be_bytes(),
            self.seq.raw().to_be_bytes(),
            self.ack.raw().to_be_bytes(),
            control.to_be_bytes(),
            (self.urgent as u32).to_be_bytes(),
        ]
    }
}

/// Writes an IP header for `length` octets of `protocol` to the start of `out`; returns the
/// header's length.
///
/// IPv4: DF set, identification 0. `None` (and `out` untouched) when header and payload do not
/// fit into `out` or into one packet, or when the families differ.
#[must_use]
pub fn emit_ip_header(out: &mut [u8], ip: &IpEmit, protocol: u8, length: u16) -> Option<usize> {
    ip_header(out, ip, protocol, length).map(|(header_len, _)| header_len)
}

/// Writes an IP header; returns its length and the place for the payload.
pub(super) fn ip_header<'o>(
    out: &'o mut [u8],
    ip: &IpEmit,
    protocol: u8,
    length: u16,
) -> Option<(usize, &'o mut [u8])> {
    #[cfg(feature = "ipv6")]
    if !ip.source.is_v4() || !ip.destination.is_v4() {
        return ipv6_header(out, ip, protocol, length);
    }
    let (header, rest) = out.split_first_chunk_mut::<{ ipv4::HEADER_LEN }>()?;
    let body = rest.get_mut(..usize::from(length))?;
    let total = length.checked_add(ipv4::HEADER_LEN as u16)?;
    put_words(header, ipv4_header(ip, protocol, total));
    Some((ipv4::HEADER_LEN, body))
}

#[cfg(feature = "ipv6")]
fn ipv6_header<'o>(
    out: &'o mut [u8],
    ip: &IpEmit,
    protocol: u8,
    length: u16,
) -> Option<(usize, &'o mut [u8])> {
    if ip.source.is_v4() || ip.destination.is_v4() {
        return None;
    }
    let (header, rest) = out.split_first_chunk_mut::<{ ipv6::HEADER_LEN }>()?;
    let body = rest.get_mut(..usize::from(length))?;
    let (fixed, addresses) = header.split_first_chunk_mut::<8>()?;
    let ([to_source, to_destination], _) = addresses.as_chunks_mut::<16>() else {
        return None;
    };
    let [l0, l1] = length.to_be_bytes();
    let class = ip.traffic_class;
    *fixed = [
        0x60 | class >> 4,
        class << 4,
        0,
        0,
        l0,
        l1,
        protocol,
        ip.hop_limit,
    ];
    *to_source = ip.source.v6_octets();
    *to_destination = ip.destination.v6_octets();
    Some((ipv6::HEADER_LEN, body))
}

//= https://www.rfc-editor.org/rfc/rfc6864#section-4.1
//# In atomic datagrams, the IPv4 ID field has no meaning; thus, it can
//# be set to an arbitrary value
/// An IPv4 header for an atomic datagram: DF set, identification 0, which tells an observer
/// nothing about other traffic.
//= https://www.rfc-editor.org/rfc/rfc9293#section-3.8.1
//# RFC 1122 allows that if a retransmitted packet is identical to the original
//# packet (which implies not only that the data boundaries have not changed,
//# but also that none of the headers have changed), then the same IPv4
//# Identification field MAY be used (see Section 3.2.1.5 of RFC 1122) (MAY-4).
fn ipv4_header(ip: &IpEmit, protocol: u8, total: u16) -> [[u8; 4]; 5] {
    let first = 0x4500_0000 | u32::from(ip.traffic_class) << 16 | u32::from(total);
    let second = 0x4000u32;
    let third = u32::from(ip.hop_limit) << 24 | u32::from(protocol) << 16;
    let mut words = [
        first.to_be_bytes(),
        second.to_be_bytes(),
        third.to_be_bytes(),
        ip.source.v4_octets(),
        ip.destination.v4_octets(),
    ];
    let mut sum = Checksum::new();
    sum.add_header(&words);
    let [hops, protocol, _, _] = words[2];
    let [c0, c1] = sum.complement();
    words[2] = [hops, protocol, c0, c1];
    words
}

#[cfg(test)]
mod tests;
