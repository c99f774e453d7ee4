use super::*;
use crate::stack::Dropped;
use crate::wire::tests::transport_checksum;
use crate::wire::{IpEmit, Timestamps};

fn ends() -> IpEmit {
    IpEmit {
        source: Address::from([10, 0, 0, 1]),
        destination: Address::from([10, 0, 0, 2]),
        hop_limit: 64,
        traffic_class: 0,
    }
}

/// A segment from port 80 to 40,000 with SEQ 0xfffffffe, ACK 7 and window 512.
fn segment(flags: u8, options: &[u8], payload: &[u8]) -> Vec<u8> {
    let mut octets = vec![0, 80, 0x9c, 0x40, 0xff, 0xff, 0xff, 0xfe, 0, 0, 0, 7];
    octets.extend([(5 + options.len() as u8 / 4) << 4, flags, 2, 0, 0, 0, 0, 9]);
    octets.extend(options);
    octets.extend(payload);
    fix(&mut octets);
    octets
}

fn fix(octets: &mut [u8]) {
    octets[16..18].fill(0);
    let sum = transport_checksum(&ends(), PROTOCOL_TCP, octets);
    octets[16..18].copy_from_slice(&sum);
}

fn read(octets: &[u8]) -> Result<Segment<'_>, ParseError> {
    let IpEmit {
        source,
        destination,
        ..
    } = ends();
    Segment::parse(octets, source, destination, RxChecksum::Unverified)
}

#[test]
fn every_field_is_read() {
    let options = [1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2];
    let octets = segment(Flags::ACK | Flags::PSH, &options, b"text");
    let expected = Segment {
        source_port: 80,
        destination_port: 40_000,
        seq: SeqNum::new(0xffff_fffe),
        ack: Some(SeqNum::new(7)),
        flags: Flags(Flags::ACK | Flags::PSH),
        control: None,
        window: RawWindow(512),
        urgent: None,
        options: SegmentOptions {
            timestamps: Some(Timestamps { value: 1, echo: 2 }),
            ..SegmentOptions::default()
        },
        marked: false,
        payload: b"text",
    };
    assert_eq!(read(&octets), Ok(expected));
}

#[test]
fn p01_segments_shorter_than_a_header() {
    let octets = segment(Flags::RST, &[], &[]);
    for len in 0..20 {
        let error = ParseError::truncated(Layer::Tcp, 20, len);
        assert_eq!(read(&octets[..len]), Err(error));
    }
}

#[test]
fn p02_data_offsets_below_five() {
    for words in 0..5u8 {
        let mut octets = segment(Flags::ACK, &[], &[0; 40]);
        octets[12] = words << 4;
        fix(&mut octets);
        let error = ParseError::HeaderLength {
            layer: Layer::Tcp,
            octets: u16::from(words) * 4,
        };
        assert_eq!(read(&octets), Err(error));
    }
}

#[test]
fn p03_data_offsets_beyond_the_segment() {
    for (words, len) in [(15, 20), (15, 59), (6, 20), (6, 23)] {
        let mut octets = segment(Flags::ACK, &[], &vec![0; len - 20]);
        octets[12] = words << 4;
        fix(&mut octets);
        let dropped = read(&octets).map_err(ParseError::dropped);
        assert_eq!(dropped, Err(Dropped::TcpMalformed));
    }
}

#[test]
fn p04_wrong_checksums_and_odd_lengths() {
    for len in [0, 1, 2, 3, 33, 536, 1459] {
        let octets = segment(Flags::ACK, &[], &vec![0xa5; len]);
        assert!(read(&octets).is_ok(), "length {len}");
        for at in [0, 16, 17, octets.len() - 1] {
            let mut wrong = octets.clone();
            wrong[at] ^= 0x10;
            let error = ParseError::Checksum { layer: Layer::Tcp };
            assert_eq!(read(&wrong), Err(error), "length {len}, octet {at}");
        }
    }
}

#[test]
fn p04_a_checksum_of_zero_is_a_checksum() {
    // There is no "not summed" in TCP: zero is right only where it is the sum.
    let mut octets = segment(Flags::ACK, &[], &[1, 2]);
    octets[16..18].fill(0);
    assert!(read(&octets).is_err());
    // An urgent pointer that nobody reads brings the sum to zero.
    let rest = transport_checksum(&ends(), PROTOCOL_TCP, &octets);
    octets[18..20].copy_from_slice(&(u16::from_be_bytes(rest) + 9).to_be_bytes());
    assert!(read(&octets).is_ok());
}

#[test]
fn p04_addresses_are_summed() {
    let octets = segment(Flags::ACK, &[], b"text");
    let elsewhere = Address::from([10, 0, 0, 3]);
    let parsed = Segment::parse(&octets, ends().source, elsewhere, RxChecksum::Unverified);
    let error = ParseError::Checksum { layer: Layer::Tcp };
    assert_eq!(parsed, Err(error));
}

#[test]
fn a_device_may_vouch_for_the_checksum() {
    let mut octets = segment(Flags::ACK, &[], b"text");
    octets[16] ^= 1;
    for checksum in [RxChecksum::Verified, RxChecksum::Partial] {
        let parsed = Segment::parse(&octets, ends().source, ends().destination, checksum);
        assert_eq!(parsed.unwrap().payload, b"text");
    }
}

#[test]
fn p13_an_urgent_pointer_is_a_number_and_nothing_more() {
    for pointer in [0u16, 1, 5, 65_535] {
        for flags in [Flags::URG, Flags::URG | Flags::SYN, Flags::URG | Flags::FIN] {
            let mut octets = segment(flags, &[], b"text");
            octets[18..20].copy_from_slice(&pointer.to_be_bytes());
            fix(&mut octets);
            let parsed = read(&octets).unwrap();
            assert_eq!(
                (parsed.urgent, parsed.payload),
                (Some(pointer), &b"text"[..])
            );
        }
    }
    assert_eq!(
        read(&segment(Flags::ACK, &[], b"text")).unwrap().urgent,
        None
    );
}

#[test]
fn p15_every_set_of_flags_has_one_control() {
    for bits in 0..=255 {
        let parsed = segment(bits, &[], b"ab");
        let parsed = read(&parsed).unwrap();
        let expected = match (bits & Flags::RST, bits & Flags::SYN, bits & Flags::FIN) {
            (0, 0, 0) => None,
            (0, 0, _) => Some(Control::Fin),
            (0, _, _) => Some(Control::Syn),
            _ => Some(Control::Rst),
        };
        assert_eq!(parsed.control, expected);
        assert_eq!(parsed.ack.is_some(), bits & Flags::ACK != 0);
        let syn = u32::from(expected == Some(Control::Syn));
        let fin = u32::from(bits & Flags::FIN != 0 && bits & Flags::RST == 0);
        assert_eq!(parsed.seq_len().get(), 2 + syn + fin);
    }
}

#[test]
fn p16_reserved_bits_change_nothing() {
    let plain = segment(Flags::ACK, &[], b"text");
    for bits in 1..16 {
        let mut octets = plain.clone();
        octets[12] |= bits;
        fix(&mut octets);
        assert_eq!(read(&octets), read(&plain));
    }
}

#[test]
fn p17_ports_of_zero() {
    for at in [0, 2] {
        let mut octets = segment(Flags::SYN, &[], &[]);
        octets[at..at + 2].fill(0);
        fix(&mut octets);
        assert_eq!(read(&octets), Err(ParseError::PortZero));
    }
}

#[test]
fn p20_sequence_numbers_across_zero() {
    let block = [1, 1, 5, 10, 0xff, 0xff, 0xff, 0xf0, 0, 0, 0, 0x10];
    let octets = segment(Flags::ACK | Flags::FIN, &block, b"text");
    let parsed = read(&octets).unwrap();
    assert_eq!((parsed.seq + parsed.seq_len()).raw(), 3);
    assert_eq!(parsed.options.sack[0].range().len().get(), 0x20);
}

#[test]
fn a_segment_longer_than_a_packet_has_no_right_checksum() {
    let octets = vec![0x50; 65_536];
    let error = ParseError::Checksum { layer: Layer::Tcp };
    assert_eq!(read(&octets), Err(error));
}
