//! ICMP errors about packets of the stack, written without `tcp_core::wire`.

use std::net::IpAddr;

use super::Peer;
use crate::packet::Segment;

const ICMPV4: u8 = 1;
const ICMPV6: u8 = 58;

/// Type, code and second word of an ICMP error.
#[derive(Clone, Copy, Debug)]
pub struct Complaint(pub u8, pub u8, pub u32);

impl Peer {
    /// An ICMP error that quotes a segment of the stack's with sequence number `seq`, from a
    /// router (or from us, which is the same to the stack).
    #[must_use]
    pub fn complaint(&self, what: Complaint, seq: u32) -> Vec<u8> {
        let (stack, ours) = self.ends();
        let mut quoted = Segment::new(stack, ours);
        quoted.seq = self.stack_raw(seq);
        quoted.flags = crate::packet::ACK;
        quoted.payload = vec![0; 20];
        self.complaint_about(what, &quoted.encode())
    }

    /// An ICMP error that quotes the packet `quoted`.
    #[must_use]
    pub fn complaint_about(&self, what: Complaint, quoted: &[u8]) -> Vec<u8> {
        let (stack, ours) = self.ends();
        complain(what, (ours.ip(), stack.ip()), quoted)
    }
}

/// An ICMP error between two addresses that quotes the packet `quoted`.
///
/// # Panics
/// When the packet is longer than a packet can be, or the addresses are of two families.
#[must_use]
pub fn complain(what: Complaint, (from, to): (IpAddr, IpAddr), quoted: &[u8]) -> Vec<u8> {
    let mut message = vec![what.0, what.1, 0, 0];
    message.extend(what.2.to_be_bytes());
    message.extend(quoted);
    let length = u16::try_from(message.len()).expect("a packet is short");
    match (from, to) {
        (IpAddr::V4(from), IpAddr::V4(to)) => {
            let sum = checksum(&message);
            message[2..4].copy_from_slice(&sum.to_be_bytes());
            let mut packet = vec![0x45, 0];
            packet.extend((20 + length).to_be_bytes());
            packet.extend([0, 0, 0, 0, 64, ICMPV4, 0, 0]);
            packet.extend(from.octets());
            packet.extend(to.octets());
            let sum = checksum(&packet);
            packet[10..12].copy_from_slice(&sum.to_be_bytes());
            packet.extend(message);
            packet
        }
        (IpAddr::V6(from), IpAddr::V6(to)) => {
            let mut summed = from.octets().to_vec();
            summed.extend(to.octets());
            summed.extend(u32::from(length).to_be_bytes());
            summed.extend([0, 0, 0, ICMPV6]);
            summed.extend(&message);
            let sum = checksum(&summed);
            message[2..4].copy_from_slice(&sum.to_be_bytes());
            let mut packet = vec![0x60, 0, 0, 0];
            packet.extend(length.to_be_bytes());
            packet.extend([ICMPV6, 64]);
            packet.extend(from.octets());
            packet.extend(to.octets());
            packet.extend(message);
            packet
        }
        families => panic!("no packet has {families:?}"),
    }
}

fn checksum(octets: &[u8]) -> u16 {
    let words = octets.chunks(2).map(|word| {
        let low = word.get(1).copied().unwrap_or(0);
        u32::from(u16::from_be_bytes([word[0], low]))
    });
    let mut sum: u32 = words.sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !u16::try_from(sum).expect("folded")
}
