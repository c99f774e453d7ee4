use super::*;
use crate::stack::Dropped;
use crate::wire::tests::address;
use crate::wire::{HeaderChecksum, IpMeta};

const UNICAST: [u8; 16] = [0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2];
const GROUP: [u8; 16] = [0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];

fn packet_to(destination: [u8; 16], next: u8, payload: &[u8]) -> Vec<u8> {
    let mut octets = vec![0x6b, 0x9f, 0xff, 0xff];
    octets.extend((payload.len() as u16).to_be_bytes());
    octets.extend([next, 64]);
    octets.extend([0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
    octets.extend(destination);
    octets.extend(payload);
    octets
}

fn packet(next: u8, payload: &[u8]) -> Vec<u8> {
    packet_to(UNICAST, next, payload)
}

fn read(octets: &[u8]) -> Result<IpPacket<'_>, ParseError> {
    IpPacket::parse(octets, HeaderChecksum::Verify)
}

/// An extension header with these options, padded with one PadN.
fn options(next: u8, options: &[u8]) -> Vec<u8> {
    let mut header = vec![next, 0];
    header.extend(options);
    match (8 - header.len() % 8) % 8 {
        0 => {}
        1 => header.push(PAD_1),
        pad => {
            header.extend([PAD_N, pad as u8 - 2]);
            header.resize(header.len() + pad - 2, 0);
        }
    }
    header[1] = (header.len() / 8 - 1) as u8;
    header
}

/// A fragment header and what it carries.
fn fragment(next: u8, field: u16, carried: &[u8]) -> Vec<u8> {
    let mut octets = vec![next, 0];
    octets.extend(field.to_be_bytes());
    octets.extend(0x0102_0304u32.to_be_bytes());
    octets.extend(carried);
    octets
}

fn chain(parts: &[&[u8]]) -> Vec<u8> {
    parts.concat()
}

const TCP: [u8; 20] = [7; 20];

#[test]
fn every_field_is_read() {
    let octets = packet(PROTOCOL_TCP, &TCP);
    let expected = IpPacket {
        source: address("fd00::1"),
        destination: address("fd00::2"),
        protocol: PROTOCOL_TCP,
        hop_limit: 64,
        traffic_class: 0xb9,
        header_len: 40,
        fragment: None,
        payload: &TCP,
    };
    assert_eq!(read(&octets), Ok(expected));
}

#[test]
fn g01_payload_lengths_beyond_the_octets() {
    let octets = packet(PROTOCOL_TCP, &TCP);
    for len in 1..60 {
        let needed = if len < 40 { 40 } else { 60 };
        let error = ParseError::truncated(Layer::Ipv6, needed, len);
        assert_eq!(read(&octets[..len]), Err(error));
    }
    // No payload at all: TCP says that it is too short.
    assert_eq!(read(&packet(PROTOCOL_TCP, &[])).unwrap().payload, b"");
}

#[test]
fn g02_padding_is_not_payload() {
    let mut octets = packet(PROTOCOL_TCP, &TCP);
    octets.extend([0xaa; 6]);
    assert_eq!(read(&octets).unwrap().payload, TCP);
}

#[test]
fn headers_are_walked_to_the_upper_layer() {
    let octets = packet(
        HOP_BY_HOP,
        &chain(&[
            &options(DESTINATION_OPTIONS, &[ROUTER_ALERT, 2, 0, 0]),
            &options(ROUTING, &[]),
            &[DESTINATION_OPTIONS, 0, 0, 0, 0, 0, 0, 0],
            &options(PROTOCOL_TCP, &[0x1e, 1, 9]),
            &TCP,
        ]),
    );
    let packet = read(&octets).unwrap();
    assert_eq!((packet.protocol, packet.header_len), (PROTOCOL_TCP, 72));
    assert_eq!(packet.payload, TCP);
    assert_eq!(packet.fragment, None);
}

#[test]
fn g04_hop_by_hop_options_stand_first_and_once() {
    let twice = packet(
        HOP_BY_HOP,
        &chain(&[&options(HOP_BY_HOP, &[]), &options(PROTOCOL_TCP, &[]), &TCP]),
    );
    let unrecognized = |pointer| Err(problem(ParameterProblem::NEXT_HEADER, pointer));
    assert_eq!(read(&twice), unrecognized(40));
    let second = packet(
        DESTINATION_OPTIONS,
        &chain(&[
            &options(DESTINATION_OPTIONS, &[]),
            &options(HOP_BY_HOP, &[]),
            &options(PROTOCOL_TCP, &[]),
        ]),
    );
    assert_eq!(read(&second), unrecognized(48));
}

#[test]
fn g05_options_beyond_their_header() {
    for next in [HOP_BY_HOP, DESTINATION_OPTIONS] {
        for length in [5, 6, 255] {
            let header = [PROTOCOL_TCP, 0, 0x1e, length, 0, 0, 0, 0];
            let octets = packet(next, &chain(&[&header, &TCP]));
            assert_eq!(read(&octets), Err(IMPROPER));
        }
        let cut = packet(next, &[PROTOCOL_TCP, 0, PAD_N, 3, 0, 0, 0, 0x1e]);
        assert_eq!(read(&cut), Err(IMPROPER));
    }
}

#[test]
fn g06_extension_headers_beyond_the_packet() {
    for next in [HOP_BY_HOP, ROUTING, DESTINATION_OPTIONS] {
        for length in [0xff, 3] {
            let mut header = [0; 20];
            header[0] = next;
            header[1] = length;
            assert_eq!(read(&packet(next, &header)), Err(IMPROPER));
        }
        assert_eq!(read(&packet(next, &[PROTOCOL_TCP])), Err(IMPROPER));
        assert_eq!(read(&packet(next, &[])), Err(IMPROPER));
    }
}

#[test]
fn g07_destination_options_that_run_past_the_packet() {
    let header = options(PROTOCOL_TCP, &[0x1e, 20, 0]);
    for len in 0..header.len() {
        let octets = packet(DESTINATION_OPTIONS, &header[..len]);
        assert_eq!(read(&octets), Err(IMPROPER));
    }
}

#[test]
fn g08_unknown_options_say_what_to_do() {
    let unknown = Err(problem(ParameterProblem::OPTION, 42));
    for (kind, to_one, to_group) in [
        (0x1e, Ok(()), Ok(())),
        (0x5e, Err(IMPROPER), Err(IMPROPER)),
        (0x9e, unknown, unknown),
        (0xde, unknown, Err(IMPROPER)),
        // Jumbograms are not spoken here.
        (0xc2, unknown, Err(IMPROPER)),
    ] {
        for next in [HOP_BY_HOP, DESTINATION_OPTIONS] {
            let payload = chain(&[&options(PROTOCOL_TCP, &[kind, 4, 0, 0, 0, 0]), &TCP]);
            let unicast = packet_to(UNICAST, next, &payload);
            assert_eq!(read(&unicast).map(|_| ()), to_one, "{kind:#x}");
            let multicast = packet_to(GROUP, next, &payload);
            assert_eq!(read(&multicast).map(|_| ()), to_group, "{kind:#x}");
        }
    }
}

#[test]
fn g09_chains_and_options_without_end() {
    let mut many = Vec::new();
    for _ in 0..100 {
        many.extend(options(DESTINATION_OPTIONS, &[]));
    }
    assert_eq!(read(&packet(DESTINATION_OPTIONS, &many)), Err(IMPROPER));

    let padding = options(PROTOCOL_TCP, &[PAD_N, 0].repeat(200));
    let octets = packet(HOP_BY_HOP, &chain(&[&padding, &TCP]));
    assert_eq!(read(&octets), Err(IMPROPER));

    for (count, fits) in [(8, true), (9, false)] {
        let header = options(PROTOCOL_TCP, &[0x1e, 2, 0, 0].repeat(count));
        let octets = packet(HOP_BY_HOP, &chain(&[&header, &TCP]));
        assert_eq!(read(&octets).is_ok(), fits);
    }
}

#[test]
fn g10_routes_that_are_not_used_up() {
    for kind in [0, 2, 4, 255] {
        let mut header = vec![PROTOCOL_TCP, 2, kind, 1, 0, 0, 0, 0];
        header.extend(UNICAST);
        let octets = packet(ROUTING, &chain(&[&header, &TCP]));
        let erroneous = Err(problem(ParameterProblem::FIELD, 42));
        assert_eq!(read(&octets), erroneous);
        header[3] = 0;
        let octets = packet(ROUTING, &chain(&[&header, &TCP]));
        assert_eq!(read(&octets).unwrap().payload, TCP);
    }
}

#[test]
fn g11_nothing_follows_and_nothing_is_said() {
    let error = ParseError::NoNextHeader;
    assert_eq!(read(&packet(NO_NEXT_HEADER, &TCP)), Err(error));
    let behind = packet(DESTINATION_OPTIONS, &options(NO_NEXT_HEADER, &[]));
    assert_eq!(read(&behind), Err(error));
    assert_eq!(error.parameter_problem(), None);
}

#[test]
fn fragments_say_where_they_belong() {
    let octets = packet(FRAGMENT, &fragment(PROTOCOL_TCP, 1480 | 1, &[5; 16]));
    let packet = read(&octets).unwrap();
    let expected = Fragment {
        id: 0x0102_0304,
        offset: 1480,
        more: true,
    };
    assert_eq!(packet.fragment, Some(expected));
    assert_eq!((packet.protocol, packet.header_len), (PROTOCOL_TCP, 48));
    assert_eq!(packet.payload, [5; 16]);
}

#[test]
fn the_unfragmentable_part_may_have_headers() {
    let octets = packet(
        HOP_BY_HOP,
        &chain(&[
            &options(FRAGMENT, &[]),
            &fragment(DESTINATION_OPTIONS, 1, &options(PROTOCOL_TCP, &[])),
            &[TCP.as_slice(), &[0; 4]].concat(),
        ]),
    );
    let packet = read(&octets).unwrap();
    assert_eq!(packet.protocol, DESTINATION_OPTIONS);
    assert_eq!((packet.header_len, packet.payload.len()), (56, 32));
    assert!(packet.fragment.is_some());

    // Put together, its own headers are walked.
    let whole = IpPacket::reassembled(packet.meta(), packet.payload).unwrap();
    assert_eq!(whole.protocol, PROTOCOL_TCP);
    assert_eq!((whole.payload.len(), whole.fragment), (24, None));
}

#[test]
fn g13_an_atomic_fragment_is_a_whole_packet() {
    let octets = packet(FRAGMENT, &fragment(PROTOCOL_TCP, 0, &TCP));
    let packet = read(&octets).unwrap();
    assert_eq!(packet.fragment, None);
    assert_eq!((packet.protocol, packet.payload), (PROTOCOL_TCP, &TCP[..]));
}

#[test]
fn g14_a_first_fragment_without_all_headers() {
    let bad = Err(ParseError::Fragment { problem: None });
    let half = packet(FRAGMENT, &fragment(PROTOCOL_TCP, 1, &TCP[..16]));
    assert_eq!(read(&half), bad);
    let nothing = fragment(DESTINATION_OPTIONS, 1, &options(PROTOCOL_TCP, &[]));
    assert_eq!(read(&packet(FRAGMENT, &nothing)), bad);
    let cut = fragment(DESTINATION_OPTIONS, 1, &[PROTOCOL_TCP, 1, 1, 4, 0, 0, 0, 0]);
    assert_eq!(read(&packet(FRAGMENT, &cut)), Err(IMPROPER));
    let enough = packet(FRAGMENT, &fragment(PROTOCOL_TCP, 1, &[0; 24]));
    assert!(read(&enough).is_ok());
}

#[test]
fn g15_ragged_and_overlong_fragments_are_told_where() {
    let erroneous = |pointer| {
        let code = ParameterProblem::FIELD;
        let problem = Some(ParameterProblem { code, pointer });
        Err(ParseError::Fragment { problem })
    };
    let ragged = packet(FRAGMENT, &fragment(PROTOCOL_TCP, 1, &[0; 30]));
    assert_eq!(read(&ragged), erroneous(4));
    let overlong = packet(FRAGMENT, &fragment(PROTOCOL_TCP, 65_528, &[0; 8]));
    assert_eq!(read(&overlong), erroneous(42));
    let largest = packet(FRAGMENT, &fragment(PROTOCOL_TCP, 65_528, &[0; 7]));
    assert!(read(&largest).is_ok());
    let empty = packet(FRAGMENT, &fragment(PROTOCOL_TCP, 8, &[]));
    let dropped = read(&empty).map_err(ParseError::dropped);
    assert_eq!(dropped, Err(Dropped::Fragment));
}

#[test]
fn g16_a_fragment_of_a_fragment() {
    let inner = fragment(PROTOCOL_TCP, 1, &[0; 24]);
    for field in [0, 1] {
        let octets = packet(FRAGMENT, &fragment(FRAGMENT, field, &inner));
        assert_eq!(read(&octets), Err(IMPROPER));
    }
    let first = IpMeta {
        source: address("fd00::1"),
        destination: address("fd00::2"),
        protocol: FRAGMENT,
        hop_limit: 1,
        traffic_class: 0,
    };
    assert_eq!(IpPacket::reassembled(first, &inner), Err(IMPROPER));
}
