//! The checksum fields of a frame to send, for devices that fill them in.

use core::ops::Range;

use embassy_net_driver::{Checksum, ChecksumCapabilities};
use tcp_core::wire;

/// Octets of the Ethernet header.
const ETHERNET: usize = 14;
const IPV4: u16 = 0x0800;
const IPV6: u16 = 0x86dd;
const IPV6_HEADER: usize = 40;

/// What follows the IP header.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Protocol {
    Icmpv4,
    Tcp,
    Udp,
    Icmpv6,
}

impl Protocol {
    const fn of(number: u8) -> Option<Self> {
        match number {
            1 => Some(Self::Icmpv4),
            6 => Some(Self::Tcp),
            17 => Some(Self::Udp),
            58 => Some(Self::Icmpv6),
            _ => None,
        }
    }

    const fn number(self) -> u8 {
        match self {
            Self::Icmpv4 => 1,
            Self::Tcp => 6,
            Self::Udp => 17,
            Self::Icmpv6 => 58,
        }
    }

    /// Where its checksum stands in its header.
    const fn offset(self) -> usize {
        match self {
            Self::Tcp => 16,
            Self::Udp => 6,
            Self::Icmpv4 | Self::Icmpv6 => 2,
        }
    }

    fn in_capabilities(self, capabilities: &ChecksumCapabilities) -> Checksum {
        match self {
            Self::Icmpv4 => capabilities.icmpv4,
            Self::Tcp => capabilities.tcp,
            Self::Udp => capabilities.udp,
            Self::Icmpv6 => capabilities.icmpv6,
        }
    }
}

/// Where things stand in a frame that carries a whole IP packet without extension headers.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Layout {
    /// The checksum of the IPv4 header.
    ip_checksum: Option<usize>,
    protocol: Protocol,
    addresses: Range<usize>,
    /// Octets behind the IP header.
    length: u16,
    transport: usize,
}

impl Layout {
    /// `None` for everything else.
    fn of(frame: &[u8]) -> Option<Self> {
        match word(frame, 12)? {
            IPV4 => {
                let first = *frame.get(ETHERNET)?;
                let header = usize::from(first & 0x0f) * 4;
                // A fragment has no transport checksum of its own.
                let is_fragment = word(frame, ETHERNET + 6)? & 0x3fff != 0;
                let protocol = Protocol::of(*frame.get(ETHERNET + 9)?)?;
                let total = word(frame, ETHERNET + 2)?;
                let length = total.checked_sub(u16::try_from(header).ok()?)?;
                (!is_fragment && first >> 4 == 4 && header >= 20).then_some(Self {
                    ip_checksum: Some(ETHERNET + 10),
                    protocol,
                    addresses: ETHERNET + 12..ETHERNET + 20,
                    length,
                    transport: ETHERNET + header,
                })
            }
            IPV6 => Some(Self {
                ip_checksum: None,
                protocol: Protocol::of(*frame.get(ETHERNET + 6)?)?,
                addresses: ETHERNET + 8..ETHERNET + IPV6_HEADER,
                length: word(frame, ETHERNET + 4)?,
                transport: ETHERNET + IPV6_HEADER,
            }),
            _ => None,
        }
    }

    fn field(&self) -> usize {
        self.transport + self.protocol.offset()
    }
}

fn word(frame: &[u8], at: usize) -> Option<u16> {
    let octets = frame.get(at..)?.first_chunk()?;
    Some(u16::from_be_bytes(*octets))
}

fn put(frame: &mut [u8], at: usize, octets: [u8; 2]) {
    if let Some(field) = frame.get_mut(at..).and_then(<[u8]>::first_chunk_mut) {
        *field = octets;
    }
}

/// Whether the stack makes this checksum.
pub(super) const fn stack_makes(checksum: Checksum) -> bool {
    matches!(checksum, Checksum::Both | Checksum::Tx)
}

/// Whether the stack verifies this checksum.
pub(super) const fn stack_verifies(checksum: Checksum) -> bool {
    matches!(checksum, Checksum::Both | Checksum::Rx)
}

/// Makes every checksum field zero that the device fills in, which some of them rely on.
pub(super) fn blank(frame: &mut [u8], capabilities: &ChecksumCapabilities) {
    let Some(layout) = Layout::of(frame) else {
        return;
    };
    if let Some(at) = layout
        .ip_checksum
        .filter(|_| !stack_makes(capabilities.ipv4))
    {
        put(frame, at, [0, 0]);
    }
    if !stack_makes(layout.protocol.in_capabilities(capabilities)) {
        put(frame, layout.field(), [0, 0]);
    }
}

/// Puts the sum of the pseudo-header into the checksum field of a TCP segment, for a device that
/// sums the rest.
pub(super) fn sum_pseudo_header(frame: &mut [u8]) {
    let Some(layout) = Layout::of(frame).filter(|layout| layout.protocol == Protocol::Tcp) else {
        return;
    };
    let Some(addresses) = frame.get(layout.addresses.clone()) else {
        return;
    };
    let mut sum = wire::Checksum::new();
    sum.add(addresses);
    sum.add_u16(u16::from(layout.protocol.number()));
    sum.add_u16(layout.length);
    put(frame, layout.field(), sum.partial());
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A frame of an IPv4 header with `options` words of options, and ones behind it.
    fn ipv4(protocol: u8, options: u8) -> Vec<u8> {
        let mut frame = vec![0xff; 80];
        frame[12..14].copy_from_slice(&[0x08, 0x00]);
        frame[14] = 0x45 + options;
        frame[16..18].copy_from_slice(&66_u16.to_be_bytes());
        frame[20..22].copy_from_slice(&[0x40, 0]);
        frame[23] = protocol;
        frame
    }

    fn zeroes(frame: &[u8]) -> Vec<usize> {
        let whole = |at: &usize| frame[*at] == 0 && frame.get(at + 1) == Some(&0);
        (24..frame.len()).filter(whole).collect()
    }

    #[test]
    fn a_field_is_blank_where_the_device_fills_it_in_and_only_there() {
        let mut capabilities = ChecksumCapabilities::default();
        let mut frame = ipv4(6, 0);
        blank(&mut frame, &capabilities);
        assert_eq!(frame, ipv4(6, 0), "the stack makes all");
        capabilities.tcp = Checksum::Rx;
        blank(&mut frame, &capabilities);
        assert_eq!(zeroes(&frame), [14 + 20 + 16]);
        for (protocol, options, field) in [(6, 5, 56 + 14), (17, 0, 40), (1, 1, 40)] {
            let mut frame = ipv4(protocol, options);
            let mut capabilities = ChecksumCapabilities::default();
            capabilities.ipv4 = Checksum::None;
            capabilities.tcp = Checksum::None;
            capabilities.udp = Checksum::None;
            capabilities.icmpv4 = Checksum::Rx;
            blank(&mut frame, &capabilities);
            assert_eq!(zeroes(&frame), [24, field], "protocol {protocol}");
        }
    }

    #[test]
    fn a_short_or_foreign_frame_is_left_alone() {
        let mut capabilities = ChecksumCapabilities::default();
        capabilities.tcp = Checksum::None;
        for len in 0..52 {
            let whole = ipv4(6, 0);
            let mut frame = whole[..len].to_vec();
            blank(&mut frame, &capabilities);
            sum_pseudo_header(&mut frame);
            assert_eq!(frame.get(50..), whole[..len].get(50..), "{len}");
        }
        let mut fragment = ipv4(6, 0);
        fragment[20] = 0x20;
        let before = fragment.clone();
        blank(&mut fragment, &capabilities);
        sum_pseudo_header(&mut fragment);
        assert_eq!(fragment, before);
        let mut arp = ipv4(6, 0);
        arp[13] = 6;
        let before = arp.clone();
        blank(&mut arp, &capabilities);
        assert_eq!(arp, before);
    }

    #[test]
    fn the_sum_of_the_pseudo_header_is_that_of_the_stack() {
        use tcp_core::wire::{Flags, IpEmit, OptionsEmit, RawWindow, SegmentEmit, emit_segment};
        let segment = SegmentEmit {
            source_port: 80,
            destination_port: 50_000,
            seq: tcp_core::SeqNum::new(7),
            ack: tcp_core::SeqNum::new(9),
            flags: Flags(Flags::ACK),
            window: RawWindow(1_000),
            urgent: 0,
            options: OptionsEmit::default(),
        };
        let ip = IpEmit {
            source: [192, 0, 2, 1].into(),
            destination: [198, 51, 100, 200].into(),
            hop_limit: 64,
            traffic_class: 0,
        };
        let mut frame = [0; 100];
        frame[12..14].copy_from_slice(&[0x08, 0x00]);
        let partial = tcp_core::TxChecksum::Partial;
        let data: [&[u8]; 2] = [b"hello", b""];
        let len = emit_segment(&mut frame[14..], &ip, &segment, data, partial).unwrap();
        let stack: [u8; 2] = frame[50..52].try_into().unwrap();
        assert_ne!(stack, [0, 0]);
        frame[50..52].fill(0);
        sum_pseudo_header(&mut frame[..14 + len]);
        assert_eq!(frame[50..52], stack);
    }
}
