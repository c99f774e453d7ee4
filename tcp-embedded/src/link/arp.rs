//! Address resolution packets (RFC 826) for IPv4 on Ethernet.

use core::net::Ipv4Addr;

use super::LinkDropped;
use crate::mac::MacAddress;

/// Octets of a packet.
pub(crate) const LENGTH: usize = 28;

/// Hardware space Ethernet, protocol space IPv4, and the lengths of their addresses.
const SPACES: [u8; 6] = [0x00, 0x01, 0x08, 0x00, 6, 4];

/// What a packet is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Operation {
    Request,
    Reply,
}

/// One packet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Arp {
    pub(crate) operation: Operation,
    pub(crate) sender_mac: MacAddress,
    pub(crate) sender: Ipv4Addr,
    /// Meaningless in a request.
    pub(crate) target_mac: MacAddress,
    pub(crate) target: Ipv4Addr,
}

impl Arp {
    /// Reads a packet; what stands behind it is padding. Other spaces and lengths than those of
    /// Ethernet and IPv4, and other operations than request and reply, are dropped.
    pub(crate) fn parse(octets: &[u8]) -> Result<Self, LinkDropped> {
        let octets: &[u8; LENGTH] = octets.first_chunk().ok_or(LinkDropped::ArpMalformed)?;
        let [a, b, c, d, e, f, 0, operation, rest @ ..] = octets else {
            return Err(LinkDropped::ArpMalformed);
        };
        if [*a, *b, *c, *d, *e, *f] != SPACES {
            return Err(LinkDropped::ArpMalformed);
        }
        let operation = match operation {
            1 => Operation::Request,
            2 => Operation::Reply,
            _ => return Err(LinkDropped::ArpMalformed),
        };
        let (sender_mac, sender, rest) = pair(rest)?;
        let (target_mac, target, _) = pair(rest)?;
        Ok(Self {
            operation,
            sender_mac,
            sender,
            target_mac,
            target,
        })
    }

    /// The packet's octets.
    pub(crate) fn emit(&self) -> [u8; LENGTH] {
        let operation = match self.operation {
            Operation::Request => 1,
            Operation::Reply => 2,
        };
        let [s0, s1, s2, s3, s4, s5] = SPACES;
        let [a, b, c, d, e, f] = self.sender_mac.0;
        let [g, h, i, j] = self.sender.octets();
        let [k, l, m, n, o, p] = self.target_mac.0;
        let [q, r, s, t] = self.target.octets();
        [
            s0, s1, s2, s3, s4, s5, 0, operation, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p,
            q, r, s, t,
        ]
    }
}

/// A hardware address, the protocol address that belongs to it, and the rest.
fn pair(octets: &[u8]) -> Result<(MacAddress, Ipv4Addr, &[u8]), LinkDropped> {
    let (mac, octets) = octets
        .split_first_chunk()
        .ok_or(LinkDropped::ArpMalformed)?;
    let (address, octets) = octets
        .split_first_chunk::<4>()
        .ok_or(LinkDropped::ArpMalformed)?;
    Ok((MacAddress(*mac), Ipv4Addr::from(*address), octets))
}

#[cfg(test)]
mod tests {
    use super::*;

    const REQUEST: Arp = Arp {
        operation: Operation::Request,
        sender_mac: MacAddress([2, 0, 0, 0, 0, 2]),
        sender: Ipv4Addr::new(10, 0, 0, 2),
        target_mac: MacAddress([0; 6]),
        target: Ipv4Addr::new(10, 0, 0, 1),
    };

    #[test]
    fn what_is_written_is_read_and_stands_as_rfc_826_draws_it() {
        let octets = REQUEST.emit();
        assert_eq!(
            octets,
            [
                0, 1, 8, 0, 6, 4, 0, 1, 2, 0, 0, 0, 0, 2, 10, 0, 0, 2, 0, 0, 0, 0, 0, 0, 10, 0, 0,
                1
            ]
        );
        let padded = [&octets[..], &[0xaa; 18]].concat();
        assert_eq!(Arp::parse(&padded), Ok(REQUEST));
        let reply = Arp {
            operation: Operation::Reply,
            ..REQUEST
        };
        assert_eq!(Arp::parse(&reply.emit()), Ok(reply));
    }

    #[test]
    fn a01_a_truncated_packet_is_dropped() {
        let octets = REQUEST.emit();
        for len in 0..LENGTH {
            let parsed = Arp::parse(&octets[..len]);
            assert_eq!(parsed, Err(LinkDropped::ArpMalformed), "{len}");
        }
    }

    #[test]
    fn a02_other_spaces_and_lengths_are_dropped() {
        for (place, values) in [
            (0, &[1u8, 0xff][..]),
            (1, &[0, 2, 6]),
            (2, &[0, 0x86]),
            (3, &[6, 0xdd]),
            (4, &[0, 5, 7, 255]),
            (5, &[0, 3, 16]),
        ] {
            for value in values {
                let mut octets = REQUEST.emit();
                octets[place] = *value;
                assert_eq!(Arp::parse(&octets), Err(LinkDropped::ArpMalformed));
            }
        }
    }

    #[test]
    fn a03_other_operations_are_dropped() {
        for operation in [0u16, 3, 4, 9, 256, 257, 65_535] {
            let mut octets = REQUEST.emit();
            octets[6..8].copy_from_slice(&operation.to_be_bytes());
            assert_eq!(Arp::parse(&octets), Err(LinkDropped::ArpMalformed));
        }
    }
}
