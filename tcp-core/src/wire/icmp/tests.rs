use core::net::IpAddr;

use super::*;
use crate::connection::Unreachable as Why;
use crate::stack::{Dropped, TxChecksum};
use crate::wire::tests::{address, naive, transport_checksum};
use crate::wire::{
    Flags, HeaderChecksum, IpPacket, OptionsEmit, RawWindow, SegmentEmit, emit_segment,
};

fn ip(source: &str, destination: &str) -> IpEmit {
    IpEmit {
        source: address(source),
        destination: address(destination),
        hop_limit: 64,
        traffic_class: 0,
    }
}

fn v4() -> IpEmit {
    ip("10.0.0.1", "10.0.0.2")
}

fn v6() -> IpEmit {
    ip("fd00::1", "fd00::2")
}

fn families() -> Vec<IpEmit> {
    if cfg!(feature = "ipv6") {
        vec![v4(), v6()]
    } else {
        vec![v4()]
    }
}

/// A TCP packet with SEQ 0x01020304 and so much payload.
fn tcp(ip: &IpEmit, payload: usize) -> Vec<u8> {
    let segment = SegmentEmit {
        source_port: 80,
        destination_port: 40_000,
        seq: SeqNum::new(0x0102_0304),
        ack: SeqNum::new(7),
        flags: Flags(Flags::ACK),
        window: RawWindow(512),
        urgent: 0,
        options: OptionsEmit::default(),
    };
    let payload = vec![0x5a; payload];
    let mut out = vec![0; 100 + payload.len()];
    let len = emit_segment(&mut out, ip, &segment, [&payload, &[]], TxChecksum::Full).unwrap();
    out.truncate(len);
    out
}

fn fix(ip: &IpEmit, message: &mut [u8]) {
    message[2..4].fill(0);
    let sum = if ip.source.is_v4() {
        naive(message)
    } else {
        transport_checksum(ip, PROTOCOL_ICMPV6, message)
    };
    message[2..4].copy_from_slice(&sum);
}

/// An ICMP message with a right checksum.
fn message(ip: &IpEmit, start: [u8; 2], word: u32, data: &[u8]) -> Vec<u8> {
    let mut octets = vec![start[0], start[1], 0, 0];
    octets.extend(word.to_be_bytes());
    octets.extend(data);
    fix(ip, &mut octets);
    octets
}

fn read<'p>(ip: &IpEmit, octets: &'p [u8]) -> Result<IcmpMessage<'p>, ParseError> {
    IcmpMessage::parse(octets, ip.source, ip.destination, RxChecksum::Unverified)
}

#[test]
fn an_echo_comes_back_as_it_was_sent() {
    for ip in families() {
        let echo = Echo {
            identifier: 0x0102,
            sequence: 0x0304,
            data: b"odd",
        };
        for (kind, expected) in [
            (EchoKind::Request, IcmpMessage::EchoRequest(echo)),
            (EchoKind::Reply, IcmpMessage::EchoReply(echo)),
        ] {
            let mut out = [0xaa; 100];
            let len = emit_echo(&mut out, &ip, kind, &echo).unwrap();
            let packet = IpPacket::parse(&out[..len], HeaderChecksum::Verify).unwrap();
            assert_eq!(read(&ip, packet.payload), Ok(expected));
            assert_eq!(out[len..], [0xaa; 100][len..]);
            let short = &mut [0xaa; 100][..len - 1];
            assert_eq!(emit_echo(short, &ip, kind, &echo), None);
            assert!(short.iter().all(|octet| *octet == 0xaa));
        }
    }
}

#[test]
fn c01_c02_messages_shorter_than_a_header() {
    for ip in families() {
        for kind in [0, 3, 8, 1, 2, 128, 129] {
            for len in 0..8 {
                let mut octets = vec![0; len];
                octets.iter_mut().take(1).for_each(|octet| *octet = kind);
                assert_eq!(read(&ip, &octets), Err(truncated(8, len)));
            }
        }
    }
}

#[test]
fn a_wrong_checksum_is_found_even_if_a_device_vouches_for_it() {
    for ip in families() {
        let mut octets = message(&ip, [8, 0], 1, b"data");
        octets[9] ^= 1;
        let error = Err(ParseError::Checksum { layer: Layer::Icmp });
        assert_eq!(read(&ip, &octets), error);
        let parse = |checksum| IcmpMessage::parse(&octets, ip.source, ip.destination, checksum);
        assert_eq!(parse(RxChecksum::Verified), error);
        assert!(parse(RxChecksum::Partial).is_ok());
        assert_eq!(error.map_err(ParseError::dropped), Err(Dropped::Icmp));
    }
}

#[test]
fn errors_are_read_with_what_they_quote() {
    for ip in families() {
        let packet = tcp(&ip, 1_000);
        let (start, header_len) = match ip.source.ip() {
            IpAddr::V4(_) => ([3, 3], 20),
            IpAddr::V6(_) => ([1, 4], 40),
        };
        let expected = IcmpError {
            meaning: IcmpMeaning::Unreachable(Why::Port),
            quoted: Quoted {
                source: ip.source,
                destination: ip.destination,
                protocol: PROTOCOL_TCP,
                source_port: 80,
                destination_port: 40_000,
                seq: SeqNum::new(0x0102_0304),
                length: packet.len() as u32,
            },
        };
        for len in [header_len + 8, header_len + 20, packet.len()] {
            let octets = message(&ip, start, 0, &packet[..len]);
            assert_eq!(read(&ip, &octets), Ok(IcmpMessage::Error(expected)));
        }
        // C06: too little of it.
        for len in 0..header_len + 8 {
            let octets = message(&ip, start, 0, &packet[..len]);
            let dropped = read(&ip, &octets).map_err(ParseError::dropped);
            assert_eq!(dropped, Err(Dropped::Icmp));
        }
    }
}

#[test]
fn c06_quoted_headers_that_lie() {
    let ip = v4();
    let packet = tcp(&ip, 0);
    for first in [0x40, 0x44, 0x4f, 0x65, 0x05, 0xf5] {
        let mut quoted = packet[..28].to_vec();
        quoted[0] = first;
        let octets = message(&ip, [3, 1], 0, &quoted);
        assert!(read(&ip, &octets).is_err(), "{first:#x}");
    }
    // A total length of zero is what the sender of the error saw; it is not used for bounds.
    let mut quoted = packet.clone();
    quoted[2..4].fill(0);
    let octets = message(&ip, [3, 1], 0, &quoted);
    let Ok(IcmpMessage::Error(error)) = read(&ip, &octets) else {
        panic!("no error");
    };
    assert_eq!(error.quoted.length, 0);
    // A later fragment has no ports.
    let mut quoted = packet;
    quoted[7] = 1;
    assert!(read(&ip, &message(&ip, [3, 1], 0, &quoted)).is_err());
}

#[test]
fn c07_c14_other_protocols_are_quoted_without_ports() {
    for ip in families() {
        let (start, at) = match ip.source.ip() {
            IpAddr::V4(_) => ([3, 4], 9),
            IpAddr::V6(_) => ([2, 0], 6),
        };
        for protocol in [1, 17, 58, 132, 255] {
            let mut packet = tcp(&ip, 0);
            packet[at] = protocol;
            let octets = message(&ip, start, 1_400, &packet);
            let Ok(IcmpMessage::Error(error)) = read(&ip, &octets) else {
                panic!("no error");
            };
            assert_eq!(error.meaning, IcmpMeaning::TooBig { mtu: 1_400 });
            let ports = if protocol == PROTOCOL_UDP { 80 } else { 0 };
            assert_eq!(error.quoted.source_port, ports);
            assert_eq!(error.quoted.protocol, protocol);
            assert_eq!(error.quoted.seq.raw(), 0);
        }
    }
}

#[test]
fn every_error_has_its_meaning() {
    let unreachable = |why| Some(IcmpMeaning::Unreachable(why));
    let v4_table = [
        ([3, 0], unreachable(Why::Network)),
        ([3, 1], unreachable(Why::Host)),
        ([3, 2], unreachable(Why::Protocol)),
        ([3, 3], unreachable(Why::Port)),
        ([3, 4], Some(IcmpMeaning::TooBig { mtu: 0x5678 })),
        ([3, 5], unreachable(Why::Host)),
        ([3, 6], unreachable(Why::Network)),
        ([3, 9], unreachable(Why::Prohibited)),
        ([3, 13], unreachable(Why::Prohibited)),
        ([3, 16], None),
        ([11, 0], unreachable(Why::TimeExceeded)),
        ([11, 1], unreachable(Why::TimeExceeded)),
        ([11, 2], None),
        ([12, 0], unreachable(Why::Parameter)),
    ];
    let v6_table = [
        ([1, 0], unreachable(Why::Network)),
        ([1, 1], unreachable(Why::Prohibited)),
        ([1, 2], unreachable(Why::Network)),
        ([1, 3], unreachable(Why::Host)),
        ([1, 4], unreachable(Why::Port)),
        ([1, 5], unreachable(Why::Prohibited)),
        ([1, 6], unreachable(Why::Prohibited)),
        ([1, 7], None),
        ([2, 0], Some(IcmpMeaning::TooBig { mtu: 0x1234_5678 })),
        ([3, 0], unreachable(Why::TimeExceeded)),
        ([4, 0], unreachable(Why::Parameter)),
        ([4, 1], unreachable(Why::Protocol)),
        ([4, 2], unreachable(Why::Parameter)),
    ];
    for ip in families() {
        let packet = tcp(&ip, 0);
        let table = match ip.source.ip() {
            IpAddr::V4(_) => &v4_table[..],
            IpAddr::V6(_) => &v6_table[..],
        };
        for (start, meaning) in table {
            let octets = message(&ip, *start, 0x1234_5678, &packet);
            let mut found = None;
            if let IcmpMessage::Error(error) = read(&ip, &octets).unwrap() {
                found = Some(error.meaning);
            }
            assert_eq!(found, *meaning, "{start:?}");
        }
    }
}

#[test]
fn c11_c15_c16_messages_that_are_nothing_to_this_host() {
    for ip in families() {
        let kinds: &[u8] = match ip.source.ip() {
            IpAddr::V4(_) => &[4, 5, 9, 10, 13, 14, 15, 16, 17, 18, 30, 40, 128, 255],
            IpAddr::V6(_) => &[0, 5, 8, 100, 127, 130, 133, 134, 135, 136, 137, 255],
        };
        let packet = tcp(&ip, 0);
        for kind in kinds {
            for code in [0, 1, 2, 3] {
                let octets = message(&ip, [*kind, code], 0, &packet);
                let other = IcmpMessage::Other { kind: *kind, code };
                assert_eq!(read(&ip, &octets), Ok(other));
            }
        }
    }
}

/// All complaints, with the two octets and the word that they begin with in either family.
fn complaints(ip: &IpEmit) -> Vec<(Complaint, [u8; 2], u32)> {
    let parameter = Complaint::Parameter(ParameterProblem {
        code: ParameterProblem::OPTION,
        pointer: 42,
    });
    match ip.source.ip() {
        IpAddr::V4(_) => vec![
            (Complaint::Protocol, [3, 2], 0),
            (Complaint::Port, [3, 3], 0),
            (Complaint::Reassembly, [11, 1], 0),
            (parameter, [12, 0], 42 << 24),
        ],
        IpAddr::V6(_) => vec![
            (Complaint::Protocol, [4, 1], 6),
            (Complaint::Port, [1, 4], 0),
            (Complaint::Reassembly, [3, 1], 0),
            (parameter, [4, 2], 42),
        ],
    }
}

#[test]
fn c06_complaints_quote_within_their_limits() {
    for ip in families() {
        let most = if ip.source.is_v4() { 576 } else { 1_280 };
        let back = IpEmit {
            source: ip.destination,
            destination: ip.source,
            ..ip
        };
        for (complaint, start, word) in complaints(&ip) {
            for payload in [0, 1, 100, 507, 508, 1_191, 1_192, 1_300] {
                let original = tcp(&ip, payload);
                let mut out = [0xaa; 1_500];
                let len = emit_complaint(&mut out, &back, complaint, &original).unwrap();
                let packet = IpPacket::parse(&out[..len], HeaderChecksum::Verify).unwrap();
                let headers = usize::from(packet.header_len) + 8;
                assert_eq!(len, most.min(headers + original.len()));
                assert_eq!(
                    (packet.source, packet.destination),
                    (back.source, back.destination)
                );
                let quoted = &original[..len - headers];
                let expected = message(&back, start, word, quoted);
                assert_eq!(packet.payload, expected);
            }
        }
    }
}

#[test]
fn complaints_quote_what_there_is_room_for() {
    for ip in families() {
        let (headers, least) = if ip.source.is_v4() {
            (28, 28)
        } else {
            (48, 48)
        };
        let original = tcp(&ip, 100);
        for room in 0..headers + original.len() {
            let out = &mut [0xaa; 300][..room];
            let emitted = emit_complaint(out, &ip, Complaint::Port, &original);
            let expected = (room >= headers + least).then_some(room);
            assert_eq!(emitted, expected);
            assert!(emitted.is_some() || out.iter().all(|octet| *octet == 0xaa));
        }
        // Octets behind the packet are not part of it.
        let mut padded = original.clone();
        padded.extend([0x77; 20]);
        let mut out = [0; 300];
        let len = emit_complaint(&mut out, &ip, Complaint::Port, &padded);
        assert_eq!(len, Some(headers + original.len()));
        assert_eq!(
            emit_complaint(&mut out, &ip, Complaint::Port, b"not IP"),
            None
        );
    }
}

#[test]
fn complaints_answer_one_host_about_the_first_octets() {
    for ip in families() {
        let meta = may_complain(Complaint::Port, &tcp(&ip, 10)).unwrap();
        assert_eq!((meta.source, meta.destination), (ip.source, ip.destination));
        assert_eq!(meta.protocol, PROTOCOL_TCP);
    }
    for (source, destination) in [
        ("0.0.0.0", "10.0.0.2"),
        ("127.0.0.1", "10.0.0.2"),
        ("224.0.0.1", "10.0.0.2"),
        ("255.255.255.255", "10.0.0.2"),
        ("10.0.0.1", "224.0.0.1"),
        ("10.0.0.1", "255.255.255.255"),
    ] {
        let packet = tcp(&ip(source, destination), 0);
        assert_eq!(may_complain(Complaint::Protocol, &packet), None, "{source}");
    }
    let mut later = tcp(&v4(), 0);
    later[7] = 1;
    assert_eq!(may_complain(Complaint::Protocol, &later), None);
    assert_eq!(may_complain(Complaint::Protocol, &later[..19]), None);
}

#[cfg(feature = "ipv6")]
#[test]
fn g19_groups_are_answered_about_options_only() {
    let parameter = |code| Complaint::Parameter(ParameterProblem { code, pointer: 40 });
    let packet = tcp(&ip("fd00::1", "ff02::1"), 0);
    assert!(may_complain(parameter(ParameterProblem::OPTION), &packet).is_some());
    assert!(may_complain(parameter(ParameterProblem::FIELD), &packet).is_none());
    assert!(may_complain(Complaint::Port, &packet).is_none());
    for source in ["::", "::1", "ff02::2"] {
        let packet = tcp(&ip(source, "fd00::2"), 0);
        let complaint = parameter(ParameterProblem::OPTION);
        assert_eq!(may_complain(complaint, &packet), None, "{source}");
    }
}

#[test]
fn c05_no_complaint_about_a_complaint() {
    for ip in families() {
        let protocol_at = if ip.source.is_v4() { 9 } else { 6 };
        let (protocol, errors, harmless): (_, &[u8], &[u8]) = match ip.source.ip() {
            IpAddr::V4(_) => (PROTOCOL_ICMPV4, &[3, 4, 5, 11, 12], &[0, 8, 13]),
            IpAddr::V6(_) => (PROTOCOL_ICMPV6, &[1, 2, 3, 4, 100, 127, 137], &[128, 129]),
        };
        let mut packet = tcp(&ip, 0);
        packet[protocol_at] = protocol;
        let upper = packet.len() - 20;
        for kind in errors {
            packet[upper] = *kind;
            assert_eq!(may_complain(Complaint::Reassembly, &packet), None, "{kind}");
        }
        for kind in harmless {
            packet[upper] = *kind;
            assert!(
                may_complain(Complaint::Reassembly, &packet).is_some(),
                "{kind}"
            );
        }
        assert_eq!(may_complain(Complaint::Reassembly, &packet[..upper]), None);
    }
}

#[cfg(feature = "ipv6")]
#[test]
fn the_protocol_is_found_behind_extension_headers() {
    let ip = v6();
    let mut packet = tcp(&ip, 0);
    packet[6] = 60;
    packet[5] += 16;
    packet.splice(40..40, [44, 0, 1, 4, 0, 0, 0, 0, 99, 0, 0, 1, 0, 0, 0, 9]);
    let meta = may_complain(Complaint::Protocol, &packet).unwrap();
    assert_eq!(meta.protocol, 99);
    let mut out = [0; 200];
    let len = emit_complaint(&mut out, &ip, Complaint::Protocol, &packet).unwrap();
    assert_eq!(out[40..42], [4, 1]);
    assert_eq!(out[44..48], [0, 0, 0, 48]);
    assert_eq!(len, 48 + packet.len());

    // An error may hide in a later fragment of an ICMPv6 message.
    packet[48] = PROTOCOL_ICMPV6;
    packet[64 - 8] = 128;
    assert!(may_complain(Complaint::Port, &packet).is_some());
    packet[51] = 8;
    assert_eq!(may_complain(Complaint::Port, &packet), None);
}
