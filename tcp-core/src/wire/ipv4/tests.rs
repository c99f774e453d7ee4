use super::*;
use crate::stack::Dropped;
use crate::wire::tests::naive;

/// A header with these options, and behind it `payload`; the checksum is right.
fn packet(options: &[u8], payload: &[u8]) -> Vec<u8> {
    assert_eq!(options.len() % 4, 0);
    let header_len = HEADER_LEN + options.len();
    let total = (header_len + payload.len()) as u16;
    let mut octets = vec![0x40 | (header_len / 4) as u8, 0];
    octets.extend(total.to_be_bytes());
    octets.extend([0x12, 0x34, 0, 0, 64, PROTOCOL_TCP, 0, 0]);
    octets.extend([10, 0, 0, 1, 10, 0, 0, 2]);
    octets.extend(options);
    octets.extend(payload);
    fix(&mut octets);
    octets
}

/// Puts the right header checksum in.
fn fix(octets: &mut [u8]) {
    let header_len = usize::from(octets[0] & 0xf) * 4;
    octets[10..12].fill(0);
    let sum = naive(&octets[..header_len.min(octets.len())]);
    octets[10..12].copy_from_slice(&sum);
}

fn read(octets: &[u8]) -> Result<IpPacket<'_>, ParseError> {
    IpPacket::parse(octets, HeaderChecksum::Verify)
}

#[test]
fn every_field_is_read() {
    let mut octets = packet(&[], b"payload");
    octets[1] = 0xb9;
    fix(&mut octets);
    let expected = IpPacket {
        source: Address::from([10, 0, 0, 1]),
        destination: Address::from([10, 0, 0, 2]),
        protocol: PROTOCOL_TCP,
        hop_limit: 64,
        traffic_class: 0xb9,
        header_len: 20,
        fragment: None,
        payload: b"payload",
    };
    assert_eq!(read(&octets), Ok(expected));
}

#[test]
fn f02_header_lengths_below_five_words() {
    for words in 0..5 {
        let mut octets = packet(&[], &[0; 40]);
        octets[0] = 0x40 | words;
        fix(&mut octets);
        let error = ParseError::HeaderLength {
            layer: Layer::Ipv4,
            octets: u16::from(words) * 4,
        };
        assert_eq!(read(&octets), Err(error));
    }
}

#[test]
fn f03_a_header_of_sixty_octets_in_fewer() {
    let whole = packet(&[1; 40], &[]);
    assert!(read(&whole).is_ok());
    for len in 20..60 {
        assert_eq!(
            read(&whole[..len]),
            Err(ParseError::truncated(Layer::Ipv4, 60, len))
        );
        let mut shorter = whole.clone();
        shorter[2..4].copy_from_slice(&(len as u16).to_be_bytes());
        fix(&mut shorter);
        let error = ParseError::HeaderLength {
            layer: Layer::Ipv4,
            octets: 60,
        };
        assert_eq!(read(&shorter), Err(error));
    }
}

#[test]
fn f04_total_lengths_below_the_header() {
    for (words, total) in [(5u8, 0u16), (5, 19), (6, 23), (15, 59)] {
        let mut octets = packet(&[1; 40], &[0; 40]);
        octets[0] = 0x40 | words;
        octets[2..4].copy_from_slice(&total.to_be_bytes());
        fix(&mut octets);
        let dropped = read(&octets).map_err(ParseError::dropped);
        assert_eq!(dropped, Err(Dropped::IpMalformed));
    }
}

#[test]
fn f05_total_lengths_beyond_the_octets() {
    for beyond in [1, 2, 65_535 - 40] {
        let mut octets = packet(&[], &[0; 20]);
        octets[2..4].copy_from_slice(&(40 + beyond as u16).to_be_bytes());
        fix(&mut octets);
        let error = ParseError::truncated(Layer::Ipv4, 40 + beyond, 40);
        assert_eq!(read(&octets), Err(error));
    }
    for len in 0..20 {
        let error = ParseError::truncated(Layer::Ipv4, 20, len);
        assert_eq!(read(&packet(&[], &[])[..len]), Err(error));
    }
}

#[test]
fn f06_a_header_with_one_wrong_bit() {
    let octets = packet(&[7, 3, 4, 0], &[0; 20]);
    for bit in 0..24 * 8 {
        let mut wrong = octets.clone();
        wrong[bit / 8] ^= 1 << (bit % 8);
        assert!(read(&wrong).is_err(), "bit {bit}");
    }
    let mut wrong = octets;
    wrong[10] ^= 1;
    let checksum = ParseError::Checksum { layer: Layer::Ipv4 };
    assert_eq!(read(&wrong), Err(checksum));
    assert!(IpPacket::parse(&wrong, HeaderChecksum::Ignore).is_ok());
}

#[test]
fn e03_padding_is_not_payload() {
    let mut octets = packet(&[], &[5; 20]);
    octets.extend([0xaa; 6]);
    assert_eq!(read(&octets).unwrap().payload, [5; 20]);
}

#[test]
fn f10_options_of_impossible_lengths() {
    for kind in [7, 68, 130, 131, 136, 137, 148, 255] {
        for length in [0, 1, 5, 255] {
            let octets = packet(&[kind, length, 0, 0], &[0; 20]);
            let error = ParseError::Ipv4Option {
                kind,
                octets: length,
            };
            assert_eq!(read(&octets), Err(error));
        }
        let error = ParseError::Ipv4Option { kind, octets: 0 };
        assert_eq!(read(&packet(&[1, 1, 1, kind], &[])), Err(error));
    }
}

#[test]
fn f10_source_routes_are_refused_whatever_their_pointers() {
    for kind in [131, 137] {
        for pointer in [0, 3, 4, 8, 255] {
            let octets = packet(&[kind, 7, pointer, 10, 0, 0, 9, 0], &[0; 20]);
            let error = ParseError::Ipv4Option { kind, octets: 7 };
            assert_eq!(read(&octets), Err(error));
        }
    }
}

#[test]
fn f12_the_payload_is_found_behind_forty_octets_of_options() {
    let mut route = [0; 40];
    route[..3].copy_from_slice(&[7, 39, 4]);
    let mut timestamps = [0; 40];
    timestamps[..4].copy_from_slice(&[68, 40, 5, 0]);
    for options in [route, timestamps, [1; 40]] {
        let octets = packet(&options, b"tcp");
        assert_eq!(read(&octets).unwrap().payload, b"tcp");
        assert_eq!(read(&octets).unwrap().header_len, 60);
    }
    // Octets behind the end of the options mean nothing.
    assert!(read(&packet(&[0, 131, 0, 255], b"tcp")).is_ok());
}

#[test]
fn f14_a_ttl_that_is_used_up_is_no_concern_of_the_destination() {
    for ttl in [0, 1] {
        let mut octets = packet(&[], &[0; 20]);
        octets[8] = ttl;
        fix(&mut octets);
        assert_eq!(read(&octets).unwrap().hop_limit, ttl);
    }
}

#[test]
fn f15_ip_in_ip_is_a_payload() {
    let mut octets = packet(&[], &packet(&[], b"inner"));
    octets[9] = 4;
    fix(&mut octets);
    let outer = read(&octets).unwrap();
    assert_eq!((outer.protocol, outer.payload.len()), (4, 25));
}

/// A fragment: flags and offset field, and so many octets.
fn fragment(protocol: u8, field: u16, len: usize) -> Vec<u8> {
    let mut octets = packet(&[], &vec![0; len]);
    octets[6..8].copy_from_slice(&field.to_be_bytes());
    octets[9] = protocol;
    fix(&mut octets);
    octets
}

#[test]
fn fragments_say_where_they_belong() {
    let octets = fragment(PROTOCOL_UDP, 0x2000 | 185, 1480);
    let expected = Fragment {
        id: 0x1234,
        offset: 1480,
        more: true,
    };
    assert_eq!(read(&octets).unwrap().fragment, Some(expected));
    let last = Fragment {
        more: false,
        ..expected
    };
    let octets = fragment(PROTOCOL_UDP, 185, 7);
    assert_eq!(read(&octets).unwrap().fragment, Some(last));
}

#[test]
fn f16_fragments_that_hide_the_flags() {
    let bad = Err(Dropped::Fragment);
    for octets in [
        fragment(PROTOCOL_TCP, 0x2000, 8),
        fragment(PROTOCOL_TCP, 0x2000, 16),
        fragment(PROTOCOL_TCP, 0x2001, 32),
        fragment(PROTOCOL_TCP, 2, 32),
    ] {
        assert_eq!(read(&octets).map_err(ParseError::dropped), bad);
    }
    assert!(read(&fragment(PROTOCOL_TCP, 0x2000, 24)).is_ok());
    assert!(read(&fragment(PROTOCOL_TCP, 3, 1)).is_ok());
    assert!(read(&fragment(PROTOCOL_UDP, 1, 32)).is_ok());
}

#[test]
fn f18_fragments_beyond_the_largest_datagram() {
    let bad = Err(Dropped::Fragment);
    for len in [1_000, 8] {
        let octets = fragment(PROTOCOL_UDP, 8_191, len);
        assert_eq!(read(&octets).map_err(ParseError::dropped), bad);
    }
    // The largest: 65,535 octets with its header.
    assert!(read(&fragment(PROTOCOL_UDP, 8_189, 3)).is_ok());
    assert!(read(&fragment(PROTOCOL_UDP, 8_189, 4)).is_err());
}

#[test]
fn f19_ragged_and_empty_fragments_and_flags_that_contradict() {
    let bad = Err(Dropped::Fragment);
    for (field, len) in [(0x2000, 0), (0x2010, 0), (16, 0), (0x2010, 9), (0x2000, 31)] {
        let octets = fragment(PROTOCOL_UDP, field, len);
        assert_eq!(read(&octets).map_err(ParseError::dropped), bad);
    }
    // DF on a fragment and the reserved bit change nothing.
    for flags in [0x4000, 0x8000, 0xc000] {
        let octets = fragment(PROTOCOL_UDP, flags | 0x2000, 16);
        assert!(read(&octets).unwrap().fragment.is_some());
        let octets = fragment(PROTOCOL_UDP, flags, 16);
        assert_eq!(read(&octets).unwrap().fragment, None);
    }
}
