//! The writer: IP header, TCP header, options and payload in one pass.

use super::address::Address;
use super::checksum::Checksum;
use super::ip::{PROTOCOL_TCP, pseudo_header};
use super::ipv4;
#[cfg(feature = "ipv6")]
use super::ipv6;
use super::options::{OptionWords, OptionsEmit};
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
    emit(out, ip, &segment.draft(), payload, checksum)
}

impl SegmentEmit {
    fn draft(&self) -> Draft {
        Draft {
            source_port: self.source_port,
            destination_port: self.destination_port,
            seq: self.seq,
            ack: self.ack,
            flags: self.flags,
            window: self.window,
            urgent: self.urgent,
            options: self.options.words(),
        }
    }
}

/// A TCP header before it is written: as [`SegmentEmit`], with options as words.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    pub(crate) source_port: u16,
    pub(crate) destination_port: u16,
    pub(crate) seq: SeqNum,
    pub(crate) ack: SeqNum,
    pub(crate) flags: Flags,
    pub(crate) window: RawWindow,
    pub(crate) urgent: u16,
    pub(crate) options: OptionWords,
}

impl Draft {
    /// Writes the header, without a checksum.
    #[inline(always)]
    fn write(&self, header: &mut [[u8; 4]]) {
        let offset = (header.len() as u32) << 28;
        if let [ports, seq, ack, control, last, options @ ..] = header {
            let both = u32::from(self.source_port) << 16 | u32::from(self.destination_port);
            *ports = both.to_be_bytes();
            *seq = self.seq.raw().to_be_bytes();
            *ack = self.ack.raw().to_be_bytes();
            let flags = u32::from(self.flags.0) << 16;
            *control = (offset | flags | u32::from(self.window.0)).to_be_bytes();
            *last = u32::from(self.urgent).to_be_bytes();
            for (place, word) in options.iter_mut().zip(self.options.as_slice()) {
                *place = *word;
            }
        }
    }
}

/// As [`emit_segment`].
pub(crate) fn emit(
    out: &mut [u8],
    ip: &IpEmit,
    segment: &Draft,
    payload: [&[u8]; 2],
    checksum: TxChecksum,
) -> Option<usize> {
    let [first, second] = payload;
    let header_len = HEADER_LEN + 4 * segment.options.as_slice().len();
    let length = first.len().checked_add(second.len() + header_len)?;
    let body = ip_header(out, ip, PROTOCOL_TCP, length)?;
    let (header, data) = body.split_at_mut_checked(header_len)?;
    let header = header.as_chunks_mut::<4>().0;
    segment.write(header);
    let mut sum = pseudo_header(ip.source, ip.destination, PROTOCOL_TCP, length as u16);
    let field = match checksum {
        TxChecksum::Full => {
            sum.add_words(header);
            sum.copy(data, first);
            sum.copy(data.get_mut(first.len()..)?, second);
            sum.complement()
        }
        TxChecksum::Partial => {
            let count = copy(data, first);
            copy(data.get_mut(count..)?, second);
            sum.partial()
        }
    };
    *header.get_mut(4)?.first_chunk_mut()? = field;
    Some(ip_len(ip) + length)
}

/// Writes an IP header for `length` octets of `protocol` to the start of `out`; returns the
/// header's length.
///
/// IPv4: DF set, identification 0. `None` (and `out` untouched) when header and payload do not
/// fit into `out` or into one packet, or when the families differ.
#[must_use]
pub fn emit_ip_header(out: &mut [u8], ip: &IpEmit, protocol: u8, length: u16) -> Option<usize> {
    ip_header(out, ip, protocol, length.into())?;
    Some(ip_len(ip))
}

/// Octets of the IP header.
pub(super) const fn ip_len(ip: &IpEmit) -> usize {
    #[cfg(feature = "ipv6")]
    if !ip.source.is_v4() {
        return ipv6::HEADER_LEN;
    }
    let _ = ip;
    ipv4::HEADER_LEN
}

/// Writes an IP header; returns the place for the payload.
#[inline(never)]
pub(super) fn ip_header<'o>(
    out: &'o mut [u8],
    ip: &IpEmit,
    protocol: u8,
    length: usize,
) -> Option<&'o mut [u8]> {
    #[cfg(feature = "ipv6")]
    if !ip.source.is_v4() || !ip.destination.is_v4() {
        return ipv6_header(out, ip, protocol, length);
    }
    let total = u16::try_from(length.checked_add(ipv4::HEADER_LEN)?).ok()?;
    let packet = out.get_mut(..usize::from(total))?;
    let (header, body) = packet.split_first_chunk_mut::<{ ipv4::HEADER_LEN }>()?;
    put_words(header, ipv4_header(ip, protocol, total));
    Some(body)
}

#[cfg(feature = "ipv6")]
fn ipv6_header<'o>(
    out: &'o mut [u8],
    ip: &IpEmit,
    protocol: u8,
    length: usize,
) -> Option<&'o mut [u8]> {
    if ip.source.is_v4() || ip.destination.is_v4() {
        return None;
    }
    let (header, rest) = out.split_first_chunk_mut::<{ ipv6::HEADER_LEN }>()?;
    let body = rest.get_mut(..length)?;
    let length = u16::try_from(length).ok()?;
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
    Some(body)
}

/// Writes a header word by word.
#[inline(always)]
fn put_words(header: &mut [u8; 20], words: [[u8; 4]; 5]) {
    // Written out: small code would make this a loop, or a call.
    if let ([p0, p1, p2, p3, p4], _) = header.as_chunks_mut::<4>() {
        [*p0, *p1, *p2, *p3, *p4] = words;
    }
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
    let (source, destination) = (ip.source.v4_octets(), ip.destination.v4_octets());
    let mut words = [
        first.to_be_bytes(),
        second.to_be_bytes(),
        third.to_be_bytes(),
        source,
        destination,
    ];
    let [hops, protocol, _, _] = words[2];
    let [c0, c1] = Checksum::of(words).complement();
    words[2] = [hops, protocol, c0, c1];
    words
}

#[cfg(test)]
mod tests;
