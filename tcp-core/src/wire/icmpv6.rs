//! The numbers of ICMPv6 (RFC 4443).

use super::error::ParameterProblem;
use super::icmp::{Class, Complaint, IcmpMeaning, Quotation};
use crate::connection::Unreachable;

const UNREACHABLE: u8 = 1;
const TOO_BIG: u8 = 2;
const TIME_EXCEEDED: u8 = 3;
const PARAMETER_PROBLEM: u8 = 4;
pub(super) const ECHO_REQUEST: u8 = 128;
pub(super) const ECHO_REPLY: u8 = 129;
const REDIRECT: u8 = 137;

const PORT: u8 = 4;
const REASSEMBLY: u8 = 1;

/// An error is at most as long as the least MTU of IPv6 (RFC 4443 section 2.4).
pub(super) const QUOTATION: Quotation = Quotation {
    headers: 48,
    most: 1280 - 48,
    least: 48,
};

pub(super) const fn classify(kind: u8, code: u8, word: u32) -> Class {
    let why = match (kind, code) {
        (ECHO_REQUEST, 0) => return Class::EchoRequest,
        (ECHO_REPLY, 0) => return Class::EchoReply,
        //= https://www.rfc-editor.org/rfc/rfc4443#section-3.2
        //# Set to 0 (zero) by the originator and ignored by the
        //# receiver.
        (TOO_BIG, _) => return Class::Error(IcmpMeaning::TooBig { mtu: word }),
        // No route; beyond the scope of the source address.
        (UNREACHABLE, 0 | 2) => Unreachable::Network,
        // Prohibited; by a policy; by a reject route.
        (UNREACHABLE, 1 | 5 | 6) => Unreachable::Prohibited,
        (UNREACHABLE, 3) => Unreachable::Host,
        (UNREACHABLE, PORT) => Unreachable::Port,
        (TIME_EXCEEDED, 0..=1) => Unreachable::TimeExceeded,
        (PARAMETER_PROBLEM, ParameterProblem::NEXT_HEADER) => Unreachable::Protocol,
        (PARAMETER_PROBLEM, _) => Unreachable::Parameter,
        _ => return Class::Other,
    };
    Class::Error(IcmpMeaning::Unreachable(why))
}

/// Whether no error may be sent about a message of this type.
pub(super) const fn is_error(kind: u8) -> bool {
    kind < ECHO_REQUEST || kind == REDIRECT
}

/// The ICMPv6 header of a complaint about a packet whose protocol number stands at `protocol_at`.
pub(super) const fn complaint(complaint: Complaint, protocol_at: u16) -> [u8; 8] {
    let (kind, code, pointer) = match complaint {
        Complaint::Protocol => (
            PARAMETER_PROBLEM,
            ParameterProblem::NEXT_HEADER,
            protocol_at,
        ),
        Complaint::Port => (UNREACHABLE, PORT, 0),
        Complaint::Reassembly => (TIME_EXCEEDED, REASSEMBLY, 0),
        Complaint::Parameter(problem) => (PARAMETER_PROBLEM, problem.code, problem.pointer),
    };
    let [p0, p1] = pointer.to_be_bytes();
    [kind, code, 0, 0, 0, 0, p0, p1]
}
