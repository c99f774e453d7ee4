//! ICMP for both IP versions: echo and errors (RFC 792, RFC 4443, RFC 1122 section 3.2.2).
//!
//! The two versions have the same layout, four octets that say what it is, four that depend on it,
//! and then data or the beginning of the packet that is complained of. The numbers, which differ,
//! stand in `icmpv4` and `icmpv6`.
//!
//! Everything that this host does not act upon is [`IcmpMessage::Other`]: redirects, source quench
//! (RFC 6633), timestamps, address masks, router and neighbour discovery, and unknown types.

use super::address::Address;
use super::checksum::Checksum;
use super::emit::{IpEmit, ip_header, ip_len};
use super::error::{Layer, ParameterProblem, ParseError};
use super::icmpv4;
#[cfg(feature = "ipv6")]
use super::icmpv6;
use super::ip::{
    IpMeta, PROTOCOL_ICMPV4, PROTOCOL_ICMPV6, PROTOCOL_TCP, PROTOCOL_UDP, is_martian_source,
    pseudo_header,
};
use super::quote::{Glimpse, glimpse};
use crate::connection::Unreachable;
use crate::seq::SeqNum;
use crate::stack::RxChecksum;

/// Octets before the data.
const HEADER_LEN: usize = 8;

/// An echo request or its reply.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Echo<'p> {
    /// Chosen by who asks.
    pub identifier: u16,
    /// Counted by who asks.
    pub sequence: u16,
    /// Comes back unchanged.
    pub data: &'p [u8],
}

/// Which half of an echo.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum EchoKind {
    /// The question.
    Request,
    /// The answer.
    Reply,
}

/// What an ICMP error means for the sender of the quoted packet.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum IcmpMeaning {
    /// It did not arrive, for this reason.
    Unreachable(Unreachable),
    /// It was too big for the path.
    TooBig {
        /// The next hop's MTU as it stands in the message: unverified, and zero from routers that
        /// do not know RFC 1191.
        mtu: u32,
    },
}

/// The packet that an ICMP error quotes, as far as the quotation goes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Quoted {
    /// Its source: this host, if the error is honest.
    pub source: Address,
    /// Its destination.
    pub destination: Address,
    /// Its protocol.
    pub protocol: u8,
    /// Source port of TCP or UDP, otherwise zero.
    pub source_port: u16,
    /// Destination port of TCP or UDP, otherwise zero.
    pub destination_port: u16,
    /// SEG.SEQ of TCP, otherwise zero.
    pub seq: SeqNum,
    /// The length that its IP header claims.
    pub length: u32,
}

/// An ICMP error.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct IcmpError {
    /// What it says.
    pub meaning: IcmpMeaning,
    /// What it says it of.
    pub quoted: Quoted,
}

/// An ICMP or ICMPv6 message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum IcmpMessage<'p> {
    /// Someone asks whether this host is there.
    EchoRequest(Echo<'p>),
    /// Someone is there.
    EchoReply(Echo<'p>),
    /// A packet did not arrive.
    Error(IcmpError),
    /// Nothing that is handled here.
    Other {
        /// The type.
        kind: u8,
        /// The code.
        code: u8,
    },
}

/// How much of a packet an error quotes.
pub(super) struct Quotation {
    /// Octets of IP and ICMP header in front of it.
    pub(super) headers: usize,
    /// Octets at most.
    pub(super) most: usize,
    /// What its receiver needs: an IP header, ports and sequence number.
    pub(super) least: usize,
}

/// What a type and a code mean, before the rest is read.
pub(crate) enum Class {
    EchoRequest,
    EchoReply,
    Error(IcmpMeaning),
    Other,
}

impl<'p> IcmpMessage<'p> {
    /// Reads a message: `octets` are the whole payload of a packet between these addresses. The
    /// checksum is verified even where a device vouches for it, because devices sum TCP and UDP;
    /// only a packet that never was on a wire goes without.
    pub fn parse(
        octets: &'p [u8],
        source: Address,
        destination: Address,
        checksum: RxChecksum,
    ) -> Result<Self, ParseError> {
        let (class, message) = open(octets, source, destination, checksum)?;
        let [kind, code, _, _, w0, w1, w2, w3] = *message.header;
        let data = message.data;
        let echo = Echo {
            identifier: u16::from_be_bytes([w0, w1]),
            sequence: u16::from_be_bytes([w2, w3]),
            data,
        };
        Ok(match class {
            Class::EchoRequest => Self::EchoRequest(echo),
            Class::EchoReply => Self::EchoReply(echo),
            Class::Error(meaning) => Self::Error(IcmpError {
                meaning,
                quoted: Quoted::parse(data)?,
            }),
            Class::Other => Self::Other { kind, code },
        })
    }
}

/// A message that is taken apart.
pub(crate) struct Parts<'p> {
    header: &'p [u8; HEADER_LEN],
    /// What follows the header.
    pub(crate) data: &'p [u8],
}

/// What a message means, and its parts: see [`IcmpMessage::parse`].
pub(crate) fn open(
    octets: &[u8],
    source: Address,
    destination: Address,
    checksum: RxChecksum,
) -> Result<(Class, Parts<'_>), ParseError> {
    let Some((header, data)) = octets.split_first_chunk::<HEADER_LEN>() else {
        return Err(truncated(HEADER_LEN, octets.len()));
    };
    if checksum != RxChecksum::Partial && !is_right(octets, source, destination) {
        return Err(ParseError::Checksum { layer: Layer::Icmp });
    }
    let [kind, code, _, _, w0, w1, w2, w3] = *header;
    let word = u32::from_be_bytes([w0, w1, w2, w3]);
    #[cfg(feature = "ipv6")]
    let class = match source.is_v4() {
        true => icmpv4::classify(kind, code, word),
        false => icmpv6::classify(kind, code, word),
    };
    #[cfg(not(feature = "ipv6"))]
    let class = icmpv4::classify(kind, code, word);
    Ok((class, Parts { header, data }))
}

/// Writes the answer to an echo request. `None` (and `out` untouched) when it does not fit.
pub(crate) fn emit_answer(out: &mut [u8], ip: &IpEmit, request: &Parts<'_>) -> Option<usize> {
    let [_, _, _, _, words @ ..] = *request.header;
    let header = echo_header(ip, EchoKind::Reply, words)?;
    emit(out, ip, header, request.data)
}

impl Quoted {
    /// Reads the quotation: an IP header and eight octets are needed, more is not looked at.
    pub(crate) fn parse(octets: &[u8]) -> Result<Self, ParseError> {
        let needed = truncated(icmpv4::QUOTATION.least, octets.len());
        let seen = glimpse(octets).ok_or(needed)?;
        let upper = seen.upper.first_chunk::<8>().filter(|_| seen.is_first);
        let [s0, s1, d0, d1, q0, q1, q2, q3] = *upper.ok_or(needed)?;
        let mut quoted = Self {
            source: seen.meta.source,
            destination: seen.meta.destination,
            protocol: seen.meta.protocol,
            source_port: 0,
            destination_port: 0,
            seq: SeqNum::default(),
            length: seen.length,
        };
        if matches!(quoted.protocol, PROTOCOL_TCP | PROTOCOL_UDP) {
            quoted.source_port = u16::from_be_bytes([s0, s1]);
            quoted.destination_port = u16::from_be_bytes([d0, d1]);
        }
        if quoted.protocol == PROTOCOL_TCP {
            quoted.seq = SeqNum::new(u32::from_be_bytes([q0, q1, q2, q3]));
        }
        Ok(quoted)
    }
}

/// What this host complains of to a sender.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Complaint {
    /// It does not speak the protocol.
    Protocol,
    /// Nobody listens on the port.
    Port,
    /// Fragments were missing when the time was over.
    Reassembly,
    /// A header field was not understood.
    Parameter(ParameterProblem),
}

/// To whom a complaint about the packet `original` may go, and where that packet was sent:
/// `None` when the rules forbid to answer (RFC 1122 section 3.2.2, RFC 4443 section 2.4), that is
/// when its source is no single host, when its destination is a group, when it is a later
/// fragment, or when it is an ICMP error itself.
///
/// What only the owner of the addresses knows is left to it: broadcast addresses of subnets, and
/// packets that the link layer sent to a group.
#[must_use]
pub fn may_complain(complaint: Complaint, original: &[u8]) -> Option<IpMeta> {
    let seen = glimpse(original)?;
    let allowed = match seen.meta.destination.v4() {
        Some(destination) => {
            let to_one = !destination.is_multicast() && !destination.is_broadcast();
            let kind = seen.upper.first().copied();
            let error = seen.meta.protocol == PROTOCOL_ICMPV4 && kind.is_none_or(icmpv4::is_error);
            to_one && seen.is_first && !error
        }
        None => may_complain_v6(complaint, &seen),
    };
    (allowed && !is_martian_source(seen.meta.source.ip())).then_some(seen.meta)
}

/// A later fragment may be complained of unless it may belong to an error; an option of a packet
/// to a group may be complained of.
#[cfg(feature = "ipv6")]
fn may_complain_v6(complaint: Complaint, seen: &Glimpse<'_>) -> bool {
    let about_option = matches!(
        complaint,
        Complaint::Parameter(problem) if problem.code == ParameterProblem::OPTION
    );
    let kind = seen.upper.first().copied();
    let maybe_error = !seen.is_first || kind.is_none_or(icmpv6::is_error);
    let error = seen.meta.protocol == PROTOCOL_ICMPV6 && maybe_error;
    (about_option || !seen.meta.destination.ip().is_multicast()) && !error
}

#[cfg(not(feature = "ipv6"))]
const fn may_complain_v6(_: Complaint, _: &Glimpse<'_>) -> bool {
    false
}

/// Writes an echo request or reply. `None` (and `out` untouched) when it does not fit.
#[must_use]
pub fn emit_echo(out: &mut [u8], ip: &IpEmit, kind: EchoKind, echo: &Echo<'_>) -> Option<usize> {
    let [i0, i1] = echo.identifier.to_be_bytes();
    let [s0, s1] = echo.sequence.to_be_bytes();
    let header = echo_header(ip, kind, [i0, i1, s0, s1])?;
    emit(out, ip, header, echo.data)
}

/// The header of an echo with these identifier and sequence number.
fn echo_header(ip: &IpEmit, kind: EchoKind, words: [u8; 4]) -> Option<[u8; HEADER_LEN]> {
    let kind = match (ip.source.is_v4(), kind) {
        (true, EchoKind::Request) => icmpv4::ECHO_REQUEST,
        (true, EchoKind::Reply) => icmpv4::ECHO_REPLY,
        #[cfg(feature = "ipv6")]
        (false, EchoKind::Request) => icmpv6::ECHO_REQUEST,
        #[cfg(feature = "ipv6")]
        (false, EchoKind::Reply) => icmpv6::ECHO_REPLY,
        #[cfg(not(feature = "ipv6"))]
        (false, _) => return None,
    };
    let [w0, w1, w2, w3] = words;
    Some([kind, 0, 0, 0, w0, w1, w2, w3])
}

/// Writes a complaint about the packet `original`, which is quoted as far as `out` and the
/// version's limit allow (576 octets, or 1,280). Ask [`may_complain`] first. `None` (and `out`
/// untouched) when there is no room for a quotation that its receiver can use.
#[must_use]
pub fn emit_complaint(
    out: &mut [u8],
    ip: &IpEmit,
    complaint: Complaint,
    original: &[u8],
) -> Option<usize> {
    let seen = glimpse(original)?;
    #[cfg(feature = "ipv6")]
    let (header, limits) = match ip.source.is_v4() {
        true => (icmpv4::complaint(complaint), icmpv4::QUOTATION),
        false => (
            icmpv6::complaint(complaint, seen.protocol_at),
            icmpv6::QUOTATION,
        ),
    };
    #[cfg(not(feature = "ipv6"))]
    let (header, limits) = (icmpv4::complaint(complaint), icmpv4::QUOTATION);
    let claimed = usize::try_from(seen.length).ok()?;
    let room = out.len().checked_sub(limits.headers)?;
    let len = original.len().min(claimed).min(limits.most).min(room);
    if len < limits.least.min(original.len()) {
        return None;
    }
    emit(out, ip, header, original.get(..len)?)
}

/// Writes IP header, ICMP header and data.
fn emit(out: &mut [u8], ip: &IpEmit, mut header: [u8; 8], data: &[u8]) -> Option<usize> {
    let length = HEADER_LEN.checked_add(data.len())?;
    let protocol = match ip.source.is_v4() {
        true => PROTOCOL_ICMPV4,
        false => PROTOCOL_ICMPV6,
    };
    let body = ip_header(out, ip, protocol, length)?;
    let (start, rest) = body.split_first_chunk_mut::<HEADER_LEN>()?;
    let mut sum = pseudo_sum(ip.source, ip.destination, length as u16);
    sum.add_words(header.as_chunks().0);
    sum.copy(rest, data);
    [header[2], header[3]] = sum.complement();
    *start = header;
    Some(ip_len(ip) + length)
}

fn is_right(octets: &[u8], source: Address, destination: Address) -> bool {
    let Ok(length) = u16::try_from(octets.len()) else {
        return false;
    };
    let mut sum = pseudo_sum(source, destination, length);
    sum.add(octets);
    sum.is_right()
}

/// ICMP has no pseudo-header, ICMPv6 has one.
fn pseudo_sum(source: Address, destination: Address, length: u16) -> Checksum {
    if source.is_v4() {
        Checksum::new()
    } else {
        pseudo_header(source, destination, PROTOCOL_ICMPV6, length)
    }
}

const fn truncated(needed: usize, available: usize) -> ParseError {
    ParseError::truncated(Layer::Icmp, needed, available)
}

#[cfg(test)]
mod tests;
