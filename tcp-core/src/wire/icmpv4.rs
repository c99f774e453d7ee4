//! The numbers of ICMP (RFC 792, RFC 1122 section 3.2.2, RFC 1191).

use super::icmp::{Class, Complaint, IcmpMeaning, Quotation};
use crate::connection::Unreachable;

pub(super) const ECHO_REPLY: u8 = 0;
const UNREACHABLE: u8 = 3;
const SOURCE_QUENCH: u8 = 4;
const REDIRECT: u8 = 5;
pub(super) const ECHO_REQUEST: u8 = 8;
const TIME_EXCEEDED: u8 = 11;
const PARAMETER_PROBLEM: u8 = 12;

const PROTOCOL: u8 = 2;
const PORT: u8 = 3;
const REASSEMBLY: u8 = 1;

/// An error is at most 576 octets long, which every host takes.
pub(super) const QUOTATION: Quotation = Quotation {
    headers: 28,
    most: 576 - 28,
    least: 28,
};

//= https://www.rfc-editor.org/rfc/rfc9293#section-3.9.2.2
//# Source Quench TCP implementations MUST silently discard any received ICMP
//# Source Quench messages (MUST-55).
pub(super) fn classify(kind: u8, code: u8, word: u32) -> Class {
    match (kind, code) {
        (ECHO_REQUEST, 0) => Class::EchoRequest,
        (ECHO_REPLY, 0) => Class::EchoReply,
        (UNREACHABLE, 4) => Class::Error(IcmpMeaning::TooBig { mtu: word & 0xffff }),
        (UNREACHABLE, _) => match unreachable(code) {
            Some(why) => Class::Error(IcmpMeaning::Unreachable(why)),
            None => Class::Other,
        },
        (TIME_EXCEEDED, 0..=1) => Class::Error(IcmpMeaning::Unreachable(Unreachable::TimeExceeded)),
        (PARAMETER_PROBLEM, _) => Class::Error(IcmpMeaning::Unreachable(Unreachable::Parameter)),
        _ => Class::Other,
    }
}

/// RFC 1122 section 3.2.2.1 and RFC 1812 section 5.2.7.1.
fn unreachable(code: u8) -> Option<Unreachable> {
    use Unreachable::{Host, Network, Port, Prohibited, Protocol};
    // 4, which says that a packet was too big, is not asked for.
    const MEANINGS: [Unreachable; 16] = [
        Network, Host, Protocol, Port, Host, Host, Network, Host, //
        Host, Prohibited, Prohibited, Network, Host, Prohibited, Prohibited, Prohibited,
    ];
    MEANINGS.get(usize::from(code)).copied()
}

/// Whether no error may be sent about a message of this type.
pub(super) const fn is_error(kind: u8) -> bool {
    matches!(
        kind,
        UNREACHABLE | SOURCE_QUENCH | REDIRECT | TIME_EXCEEDED | PARAMETER_PROBLEM
    )
}

/// The ICMP header of a complaint.
#[expect(
    clippy::cast_possible_truncation,
    reason = "an IPv4 header ends before 60"
)]
pub(super) const fn complaint(complaint: Complaint) -> [u8; 8] {
    let (kind, code, pointer) = match complaint {
        Complaint::Protocol => (UNREACHABLE, PROTOCOL, 0),
        Complaint::Port => (UNREACHABLE, PORT, 0),
        Complaint::Reassembly => (TIME_EXCEEDED, REASSEMBLY, 0),
        Complaint::Parameter(problem) => (PARAMETER_PROBLEM, 0, problem.pointer as u8),
    };
    [kind, code, 0, 0, pointer, 0, 0, 0]
}
