use super::*;
use crate::wire::OptionsEmit;
use crate::wire::tests::{address, naive, transport_checksum};

fn ip(source: &str, destination: &str) -> IpEmit {
    IpEmit {
        source: address(source),
        destination: address(destination),
        hop_limit: 64,
        traffic_class: 0xb9,
    }
}

fn data() -> SegmentEmit {
    SegmentEmit {
        source_port: 80,
        destination_port: 40_000,
        seq: SeqNum::new(0x0102_0304),
        ack: SeqNum::new(0x0506_0708),
        flags: Flags(Flags::ACK | Flags::PSH),
        window: RawWindow(0x1234),
        urgent: 0,
        options: OptionsEmit::default(),
    }
}

/// The header of `data()`, without a checksum.
const TCP: [u8; 20] = [
    0, 80, 0x9c, 0x40, 1, 2, 3, 4, 5, 6, 7, 8, 0x50, 0x18, 0x12, 0x34, 0, 0, 0, 0,
];

//= https://www.rfc-editor.org/rfc/rfc9293#section-3.1
//= type=test
//# The sender MUST generate it (MUST-2) and the receiver MUST check it
//# (MUST-3).
#[test]
fn an_ipv4_packet_octet_by_octet() {
    let ip = ip("10.0.0.1", "10.0.0.2");
    let mut expected = vec![
        0x45, 0xb9, 0, 43, 0, 0, 0x40, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2,
    ];
    let sum = naive(&expected);
    expected[10..12].copy_from_slice(&sum);
    let mut tcp = [&TCP[..], b"abc"].concat();
    let sum = transport_checksum(&ip, PROTOCOL_TCP, &tcp);
    tcp[16..18].copy_from_slice(&sum);
    expected.extend(tcp);
    for (first, second) in [("abc", ""), ("", "abc"), ("a", "bc"), ("ab", "c")] {
        let mut out = [0xaa; 50];
        let payload = [first.as_bytes(), second.as_bytes()];
        let len = emit_segment(&mut out, &ip, &data(), payload, TxChecksum::Full);
        assert_eq!(len, Some(43));
        assert_eq!(out[..43], expected);
        assert_eq!(out[43..], [0xaa; 7]);
    }
}

#[cfg(feature = "ipv6")]
#[test]
fn an_ipv6_packet_octet_by_octet() {
    let ip = ip("fd00::1", "fd00::2");
    let mut expected = vec![0x6b, 0x90, 0, 0, 0, 21, 6, 64];
    expected.extend([0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
    expected.extend([0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2]);
    let mut tcp = [&TCP[..], b"x"].concat();
    let sum = transport_checksum(&ip, PROTOCOL_TCP, &tcp);
    tcp[16..18].copy_from_slice(&sum);
    expected.extend(tcp);
    let mut out = [0xaa; 61];
    let len = emit_segment(&mut out, &ip, &data(), [b"x", b""], TxChecksum::Full);
    assert_eq!(len, Some(61));
    assert_eq!(out[..], expected);
}

#[test]
fn a_partial_checksum_is_the_sum_of_the_pseudo_header() {
    let ip = ip("10.0.0.1", "10.0.0.2");
    let mut out = [0; 43];
    let _ = emit_segment(&mut out, &ip, &data(), [b"abc", b""], TxChecksum::Partial);
    // Addresses, protocol and length, summed and not complemented.
    let [a, b] = naive(&[10, 0, 0, 1, 10, 0, 0, 2, 0, 6, 0, 23]);
    assert_eq!(out[36..38], [!a, !b]);
    assert_eq!(out[40..], *b"abc");
}

#[test]
fn packets_that_cannot_be_written_leave_no_trace() {
    let v4 = ip("10.0.0.1", "10.0.0.2");
    let big = vec![0; 65_535];
    let mut out = vec![0xaa; 70_000];
    let cases: &[(&IpEmit, &[u8])] = &[
        (&v4, &big[..65_496]),
        (&v4, &big),
        #[cfg(feature = "ipv6")]
        (&ip("10.0.0.1", "fd00::2"), b"abc"),
    ];
    for (ip, payload) in cases {
        let emitted = emit_segment(&mut out, ip, &data(), [payload, b""], TxChecksum::Full);
        assert_eq!(emitted, None);
        assert!(out.iter().all(|octet| *octet == 0xaa));
    }
    let largest = [&big[..65_000], &big[..495]];
    let emitted = emit_segment(&mut out, &v4, &data(), largest, TxChecksum::Full);
    assert_eq!(emitted, Some(65_535));
}

//= https://www.rfc-editor.org/rfc/rfc9293#section-3.8.1
//= type=test
//# RFC 1122 allows that if a retransmitted packet is identical to the original
//# packet (which implies not only that the data boundaries have not changed,
//# but also that none of the headers have changed), then the same IPv4
//# Identification field MAY be used (see Section 3.2.1.5 of RFC 1122) (MAY-4).
#[test]
fn f26_the_identification_tells_nothing() {
    let mut out = [0; 40];
    for destination in ["10.0.0.2", "10.0.0.3"] {
        let ip = ip("10.0.0.1", destination);
        let len = emit_segment(&mut out, &ip, &data(), [b"", b""], TxChecksum::Full);
        assert_eq!(len, Some(40));
        assert_eq!(out[4..8], [0, 0, 0x40, 0]);
    }
}

#[test]
fn a_header_alone_can_be_written() {
    let ip = ip("10.0.0.1", "10.0.0.2");
    let mut out = [0; 28];
    assert_eq!(emit_ip_header(&mut out, &ip, 17, 8), Some(20));
    assert_eq!(out[2..4], [0, 28]);
    assert_eq!(naive(&out[..20]), [0, 0]);
    assert_eq!(emit_ip_header(&mut out, &ip, 17, 9), None);
    assert_eq!(emit_ip_header(&mut out, &ip, 17, 65_535), None);
}
