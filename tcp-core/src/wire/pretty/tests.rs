//! The lines of segments and of other packets are what `tcpdump -nn -t -S` prints for the same
//! octets, those in brackets apart.

use super::*;
use crate::wire::Checksum;

/// An IPv4 packet from 10.0.0.1 to 10.0.0.2; `field` is what says fragment.
fn v4(protocol: u8, field: u16, payload: &[u8]) -> Vec<u8> {
    let mut octets = vec![0x45, 0];
    octets.extend((20 + payload.len() as u16).to_be_bytes());
    octets.extend([0, 7]);
    octets.extend(field.to_be_bytes());
    octets.extend([64, protocol, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2]);
    octets.extend(payload);
    octets
}

/// An IPv6 packet from fd00::1 to fd00::2.
fn v6(next: u8, payload: &[u8]) -> Vec<u8> {
    let mut octets = vec![0x60, 0, 0, 0];
    octets.extend((payload.len() as u16).to_be_bytes());
    octets.extend([next, 64]);
    for last in [1, 2] {
        octets.extend([0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last]);
    }
    octets.extend(payload);
    octets
}

/// A segment with SEQ 1 and ACK 2.
fn tcp(flags: u8, urgent: u8, options: &[u8], payload: &[u8]) -> Vec<u8> {
    let mut octets = vec![0, 80, 156, 64, 0, 0, 0, 1, 0, 0, 0, 2];
    let offset = (5 + options.len() as u8 / 4) << 4;
    octets.extend([offset, flags, 255, 255, 0, 0, 0, urgent]);
    octets.extend(options);
    octets.extend(payload);
    octets
}

/// An ICMP message.
fn icmp(kind: u8, code: u8, word: u32, data: &[u8]) -> Vec<u8> {
    let mut octets = vec![kind, code, 0, 0];
    octets.extend(word.to_be_bytes());
    octets.extend(data);
    octets
}

const SYN: [u8; 20] = [
    2, 4, 5, 180, 4, 2, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2, 1, 3, 3, 7,
];

#[test]
fn segments_look_as_tcpdump_prints_them() {
    let timestamps = [1, 1, 8, 10, 0, 0, 0, 9, 0, 0, 0, 8];
    let block = [1, 1, 5, 10, 0, 0, 0, 5, 0, 0, 0, 9];
    let mut blocks = [0; 20];
    blocks[..4].copy_from_slice(&[1, 1, 5, 18]);
    [blocks[7], blocks[11], blocks[15], blocks[19]] = [5, 9, 50, 90];
    let cases = [
        (
            tcp(0x12, 0, &SYN, b""),
            "Flags [S.], seq 1, ack 2, win 65535, \
             options [mss 1460,sackOK,TS val 1 ecr 2,nop,wscale 7], length 0",
        ),
        (
            tcp(0x18, 0, &[], b"abc"),
            "Flags [P.], seq 1:4, ack 2, win 65535, length 3",
        ),
        (
            tcp(0x11, 0, &timestamps, b""),
            "Flags [F.], seq 1, ack 2, win 65535, options [nop,nop,TS val 9 ecr 8], length 0",
        ),
        (
            tcp(0x04, 0, &[], b""),
            "Flags [R], seq 1, win 65535, length 0",
        ),
        (
            tcp(0x10, 0, &block, b""),
            "Flags [.], ack 2, win 65535, options [nop,nop,sack 1 {5:9}], length 0",
        ),
        (
            tcp(0x10, 0, &blocks, b""),
            "Flags [.], ack 2, win 65535, options [nop,nop,sack 2 {5:9}{50:90}], length 0",
        ),
        (
            tcp(0x30, 7, &[], b"xy"),
            "Flags [.U], seq 1:3, ack 2, win 65535, urg 7, length 2",
        ),
        (tcp(0, 0, &[], b""), "Flags [none], win 65535, length 0"),
        (
            tcp(0xff, 0, &[], b""),
            "Flags [FSRP.UEW], seq 1, ack 2, win 65535, urg 0, length 0",
        ),
        (
            tcp(0x02, 0, &[0, 2, 4, 5], b""),
            "Flags [S], seq 1, win 65535, options [eol], length 0",
        ),
        (
            tcp(0x02, 0, &[5, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], b""),
            "Flags [S], seq 1, win 65535, options [sack invalid sack,eol], length 0",
        ),
        (
            tcp(0x02, 0, &[253, 2, 1, 1], b""),
            "Flags [S], seq 1, win 65535, options [unknown-253,nop,nop], length 0",
        ),
    ];
    for (segment, line) in cases {
        let in_v4 = format!("IP 10.0.0.1.80 > 10.0.0.2.40000: {line}");
        assert_eq!(describe(&v4(6, 0x4000, &segment)).to_string(), in_v4);
        if cfg!(feature = "ipv6") {
            let in_v6 = format!("IP6 fd00::1.80 > fd00::2.40000: {line}");
            assert_eq!(describe(&v6(6, &segment)).to_string(), in_v6);
        }
    }
}

#[test]
fn sequence_numbers_wrap() {
    let mut segment = tcp(0x10, 0, &[], b"abc");
    segment[4..8].fill(0xff);
    let line = describe(&v4(6, 0, &segment)).to_string();
    assert!(line.contains("seq 4294967295:2, ack 2"), "{line}");
}

#[test]
fn malformed_options_end_the_list() {
    for (options, line) in [
        ([2, 0, 5, 180], "[bad opt]"),
        ([2, 9, 5, 180], "[bad opt]"),
        ([1, 1, 1, 2], "nop,nop,nop,[bad opt]"),
        ([30, 4, 1, 2], "unknown-30 0x0102"),
        ([2, 3, 9, 1], "[bad opt],nop"),
    ] {
        let packet = v4(6, 0, &tcp(0x02, 0, &options, b""));
        let expected = format!(
            "IP 10.0.0.1.80 > 10.0.0.2.40000: Flags [S], seq 1, win 65535, \
             options [{line}], length 0",
        );
        assert_eq!(describe(&packet).to_string(), expected);
    }
}

#[test]
fn other_packets_of_ipv4() {
    let quoted = v4(6, 0x4000, &tcp(0x02, 0, &[], b""));
    let udp = [3, 232, 7, 208, 0, 13, 0, 0, 1, 2, 3, 4, 5];
    let error = |kind, code, word| v4(1, 0x4000, &icmp(kind, code, word, &quoted));
    let cases = [
        (v4(17, 0x4000, &udp), ".1000 > 10.0.0.2.2000: UDP, length 5"),
        (
            v4(1, 0x4000, &icmp(8, 0, 0x1_0002, &[0; 56])),
            " > 10.0.0.2: ICMP echo request, id 1, seq 2, length 64",
        ),
        (
            v4(1, 0x4000, &icmp(0, 0, 0x1_0002, &[0; 56])),
            " > 10.0.0.2: ICMP echo reply, id 1, seq 2, length 64",
        ),
        (
            error(3, 3, 0),
            " > 10.0.0.2: ICMP 10.0.0.2 tcp port 40000 unreachable, length 48",
        ),
        (
            error(3, 2, 0),
            " > 10.0.0.2: ICMP 10.0.0.2 protocol 6 unreachable, length 48",
        ),
        (
            error(3, 1, 0),
            " > 10.0.0.2: ICMP host 10.0.0.2 unreachable, length 48",
        ),
        (
            error(3, 0, 0),
            " > 10.0.0.2: ICMP net 10.0.0.2 unreachable, length 48",
        ),
        (
            error(3, 4, 1400),
            " > 10.0.0.2: ICMP 10.0.0.2 unreachable - need to frag (mtu 1400), length 48",
        ),
        (
            error(3, 13, 0),
            " > 10.0.0.2: ICMP host 10.0.0.2 unreachable - admin prohibited filter, length 48",
        ),
        (
            error(11, 0, 0),
            " > 10.0.0.2: ICMP time exceeded in-transit, length 48",
        ),
        (
            error(11, 1, 0),
            " > 10.0.0.2: ICMP ip reassembly time exceeded, length 48",
        ),
        (
            error(12, 0, 0),
            " > 10.0.0.2: ICMP parameter problem - octet 0, length 48",
        ),
        (v4(6, 0x2005, &[0; 24]), " > 10.0.0.2: ip-proto-6"),
        (v4(253, 0, &[0; 5]), " > 10.0.0.2:  ip-proto-253 5"),
    ];
    for (packet, line) in cases {
        assert_eq!(describe(&packet).to_string(), format!("IP 10.0.0.1{line}"));
    }
}

#[cfg(feature = "ipv6")]
#[test]
fn other_packets_of_ipv6() {
    let quoted = v6(6, &tcp(0x02, 0, &[], b""));
    let error = |kind, code, word| v6(58, &icmp(kind, code, word, &quoted));
    let unreachable = "ICMP6, destination unreachable,";
    let cases = [
        (
            v6(58, &icmp(128, 0, 0x1_0002, &[0; 8])),
            "ICMP6, echo request, id 1, seq 2, length 16".into(),
        ),
        (
            error(1, 4, 0),
            format!("{unreachable} unreachable port, fd00::2 tcp port 40000, length 68"),
        ),
        (
            error(1, 0, 0),
            format!("{unreachable} unreachable route fd00::2, length 68"),
        ),
        (
            error(1, 1, 0),
            format!("{unreachable}  unreachable prohibited fd00::2, length 68"),
        ),
        (
            error(1, 3, 0),
            format!("{unreachable} unreachable address fd00::2, length 68"),
        ),
        (
            error(2, 0, 1280),
            "ICMP6, packet too big, mtu 1280, length 68".into(),
        ),
        (
            error(3, 0, 0),
            "ICMP6, time exceeded in-transit for fd00::2, length 68".into(),
        ),
        (
            error(3, 1, 0),
            "ICMP6, time exceeded in-transit (reassembly), length 68".into(),
        ),
        (
            error(4, 0, 40),
            "ICMP6, parameter problem, erroneous - octet 40, length 68".into(),
        ),
        (
            error(4, 1, 6),
            "ICMP6, parameter problem, next header - octet 6, length 68".into(),
        ),
        (
            error(4, 2, 42),
            "ICMP6, parameter problem, option - octet 42, length 68".into(),
        ),
        (
            v6(44, &[&[6, 0, 0, 9, 0, 0, 0, 7][..], &[0; 16]].concat()),
            "frag (8|16)".into(),
        ),
        (v6(253, &[0; 5]), " ip-proto-253 5".into()),
        (v6(59, b"x"), "[no next header]".into()),
    ];
    for (packet, line) in cases {
        let expected = format!("IP6 fd00::1 > fd00::2: {line}");
        assert_eq!(describe(&packet).to_string(), expected);
    }
}

#[test]
fn octets_that_are_no_packet_say_why() {
    let mut short = tcp(0x02, 0, &[], b"");
    short[12] = 0x40;
    let ends = "IP 10.0.0.1 > 10.0.0.2:";
    for (octets, line) in [
        (vec![], "[truncated IPv4: 0 of 20 octets]".into()),
        (vec![0x35; 30], "[IP version 3]".into()),
        (
            v4(6, 0, &[0; 40])[..35].to_vec(),
            format!("{ends} [truncated IPv4: 35 of 60 octets]"),
        ),
        (
            v4(6, 0, &short),
            format!("{ends} tcp 20 [bad TCP header length 16]"),
        ),
        (
            v4(6, 0, &[0; 20]),
            format!("{ends} tcp 20 [bad TCP header length 0]"),
        ),
        (
            v4(1, 0, &[8, 0]),
            format!("{ends} ICMP [truncated ICMP: 2 of 8 octets], length 2"),
        ),
        (
            v4(1, 0, &icmp(3, 3, 0, &[0x45; 9])),
            format!("{ends} ICMP [truncated ICMP: 9 of 28 octets], length 17"),
        ),
        (
            v4(1, 0, &icmp(13, 0, 0, &[])),
            format!("{ends} ICMP type 13 code 0, length 8"),
        ),
        (v4(17, 0, &[1; 7]), format!("{ends}  ip-proto-17 7")),
    ] {
        assert_eq!(describe(&octets).to_string(), line);
    }
}

#[test]
fn checksums_are_not_looked_at() {
    let mut packet = v4(6, 0x4000, &tcp(0x12, 0, &SYN, b""));
    let line = describe(&packet).to_string();
    let mut sum = Checksum::new();
    sum.add(&packet[..20]);
    packet[10..12].copy_from_slice(&sum.complement());
    assert_eq!(describe(&packet).to_string(), line);
}
