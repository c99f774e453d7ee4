//! Address resolution packets (RFC 826) for IPv4 on Ethernet.

use core::net::Ipv4Addr;

use super::LinkDropped;
#[cfg(test)]
use crate::mac::MacAddress;

/// Octets of a packet.
pub(crate) const LENGTH: usize = 28;

/// Hardware space Ethernet, protocol space IPv4, and the lengths of their addresses.
const SPACES: [u8; 6] = [0x00, 0x01, 0x08, 0x00, 6, 4];
const REQUEST: [u8; 2] = [0, 1];
const REPLY: [u8; 2] = [0, 2];

/// What a packet is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Operation {
    Request,
    Reply,
}

/// One packet, with hardware addresses where they stand.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Arp<'p> {
    pub(crate) operation: Operation,
    pub(crate) sender_mac: &'p [u8; 6],
    pub(crate) sender: Ipv4Addr,
    /// Meaningless in a request.
    pub(crate) target_mac: &'p [u8; 6],
    pub(crate) target: Ipv4Addr,
}

impl<'p> Arp<'p> {
    /// Reads a packet; what stands behind it is padding. Other spaces and lengths than those of
    /// Ethernet and IPv4, and other operations than request and reply, are dropped.
    pub(crate) fn parse(octets: &'p [u8]) -> Result<Self, LinkDropped> {
        Self::read(octets).ok_or(LinkDropped::ArpMalformed)
    }

    fn read(octets: &'p [u8]) -> Option<Self> {
        let octets: &[u8; LENGTH] = octets.first_chunk()?;
        let (spaces, octets) = octets.split_first_chunk()?;
        let (operation, octets) = octets.split_first_chunk()?;
        let (sender_mac, octets) = octets.split_first_chunk()?;
        let (sender, octets) = octets.split_first_chunk::<4>()?;
        let (target_mac, octets) = octets.split_first_chunk()?;
        let (target, _) = octets.split_first_chunk::<4>()?;
        if *spaces != SPACES {
            return None;
        }
        let operation = if *operation == REQUEST {
            Operation::Request
        } else if *operation == REPLY {
            Operation::Reply
        } else {
            return None;
        };
        Some(Self {
            operation,
            sender_mac,
            sender: Ipv4Addr::from(*sender),
            target_mac,
            target: Ipv4Addr::from(*target),
        })
    }

    /// Writes the packet, if there is room.
    pub(crate) fn write(&self, octets: &mut [u8]) -> Option<()> {
        let octets: &mut [u8; LENGTH] = octets.first_chunk_mut()?;
        let (spaces, octets) = octets.split_first_chunk_mut()?;
        let (operation, octets) = octets.split_first_chunk_mut()?;
        let (sender_mac, octets) = octets.split_first_chunk_mut()?;
        let (sender, octets) = octets.split_first_chunk_mut()?;
        let (target_mac, octets) = octets.split_first_chunk_mut()?;
        let (target, _) = octets.split_first_chunk_mut()?;
        *spaces = SPACES;
        *operation = match self.operation {
            Operation::Request => REQUEST,
            Operation::Reply => REPLY,
        };
        *sender_mac = *self.sender_mac;
        *sender = self.sender.octets();
        *target_mac = *self.target_mac;
        *target = self.target.octets();
        Some(())
    }
}

/// A packet with addresses of its own, for tests.
#[cfg(test)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct ArpCopy {
    pub(crate) operation: Operation,
    pub(crate) sender_mac: MacAddress,
    pub(crate) sender: Ipv4Addr,
    pub(crate) target_mac: MacAddress,
    pub(crate) target: Ipv4Addr,
}

#[cfg(test)]
impl ArpCopy {
    pub(crate) fn parse(octets: &[u8]) -> Result<Self, LinkDropped> {
        let packet = Arp::parse(octets)?;
        Ok(Self {
            operation: packet.operation,
            sender_mac: MacAddress(*packet.sender_mac),
            sender: packet.sender,
            target_mac: MacAddress(*packet.target_mac),
            target: packet.target,
        })
    }

    pub(crate) fn emit(&self) -> [u8; LENGTH] {
        let mut octets = [0xaa; LENGTH];
        let packet = Arp {
            operation: self.operation,
            sender_mac: &self.sender_mac.0,
            sender: self.sender,
            target_mac: &self.target_mac.0,
            target: self.target,
        };
        assert_eq!(packet.write(&mut octets), Some(()));
        octets
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ASKING: ArpCopy = ArpCopy {
        operation: Operation::Request,
        sender_mac: MacAddress([2, 0, 0, 0, 0, 2]),
        sender: Ipv4Addr::new(10, 0, 0, 2),
        target_mac: MacAddress([0; 6]),
        target: Ipv4Addr::new(10, 0, 0, 1),
    };

    #[test]
    fn what_is_written_is_read_and_stands_as_rfc_826_draws_it() {
        let octets = ASKING.emit();
        assert_eq!(
            octets,
            [
                0, 1, 8, 0, 6, 4, 0, 1, 2, 0, 0, 0, 0, 2, 10, 0, 0, 2, 0, 0, 0, 0, 0, 0, 10, 0, 0,
                1
            ]
        );
        let padded = [&octets[..], &[0xaa; 18]].concat();
        assert_eq!(ArpCopy::parse(&padded), Ok(ASKING));
        let reply = ArpCopy {
            operation: Operation::Reply,
            ..ASKING
        };
        assert_eq!(ArpCopy::parse(&reply.emit()), Ok(reply));
    }

    #[test]
    fn a01_a_truncated_packet_is_dropped() {
        let octets = ASKING.emit();
        for len in 0..LENGTH {
            let parsed = ArpCopy::parse(&octets[..len]);
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
                let mut octets = ASKING.emit();
                octets[place] = *value;
                assert_eq!(ArpCopy::parse(&octets), Err(LinkDropped::ArpMalformed));
            }
        }
    }

    #[test]
    fn a03_other_operations_are_dropped() {
        for operation in [0u16, 3, 4, 9, 256, 257, 65_535] {
            let mut octets = ASKING.emit();
            octets[6..8].copy_from_slice(&operation.to_be_bytes());
            assert_eq!(ArpCopy::parse(&octets), Err(LinkDropped::ArpMalformed));
        }
    }
}
