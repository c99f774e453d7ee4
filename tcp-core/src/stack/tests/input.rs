//! IP packets: addresses that may not be, fragments, ICMP.

use super::*;
use crate::connection::Unreachable;
use crate::profile::Host;
use crate::stack::reassembly::FragmentSlot;

/// The Internet checksum, by the book.
fn checksum(octets: &[u8]) -> u16 {
    let mut sum: u32 = octets
        .chunks(2)
        .map(|pair| u32::from(pair[0]) << 8 | u32::from(*pair.get(1).unwrap_or(&0)))
        .sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !(sum as u16)
}

/// An IPv4 packet.
fn ipv4(from: [u8; 4], to: [u8; 4], protocol: u8, payload: &[u8]) -> Vec<u8> {
    let mut octets = vec![0x45, 0, 0, 0, 0, 9, 0, 0, 64, protocol, 0, 0];
    octets.extend(from);
    octets.extend(to);
    octets.extend(payload);
    let len = (octets.len() as u16).to_be_bytes();
    octets[2..4].copy_from_slice(&len);
    seal(octets)
}

/// With the right header checksum.
fn seal(mut octets: Vec<u8>) -> Vec<u8> {
    octets[10..12].fill(0);
    let sum = checksum(&octets[..20]).to_be_bytes();
    octets[10..12].copy_from_slice(&sum);
    octets
}

fn icmp(kind: u8, code: u8, rest: &[u8]) -> Vec<u8> {
    let mut octets = vec![kind, code, 0, 0];
    octets.extend(rest);
    let sum = checksum(&octets).to_be_bytes();
    octets[2..4].copy_from_slice(&sum);
    octets
}

const OURS: [u8; 4] = [10, 0, 0, 1];
const THEIRS: [u8; 4] = [10, 0, 0, 2];

/// The fragments of a packet, of `size` octets of payload each.
fn fragments(packet: &[u8], size: usize) -> Vec<Vec<u8>> {
    let payload = &packet[20..];
    (0..payload.len())
        .step_by(size)
        .map(|offset| {
            let end = payload.len().min(offset + size);
            let mut octets = packet[..20].to_vec();
            octets.extend(&payload[offset..end]);
            let len = (octets.len() as u16).to_be_bytes();
            let more = if end < payload.len() { 0x2000 } else { 0 };
            let place = (more | (offset / 8) as u16).to_be_bytes();
            octets[2..4].copy_from_slice(&len);
            octets[6..8].copy_from_slice(&place);
            seal(octets)
        })
        .collect()
}

fn syn_from(from: &str, to: &str) -> Vec<u8> {
    packet(at(from, 7_000), at(to, 80), plain(SYN, IRS, nothing()), &[])
}

//= https://www.rfc-editor.org/rfc/rfc9293#section-3.9.2.3
//= type=test
//# An incoming SYN with an invalid source address MUST be ignored either by TCP
//# or by the IP layer [(MUST-63)] (see Section 3.2.1.3).
#[test]
fn f07_a_syn_from_nowhere_leaves_no_trace() {
    let mut bench = Bench::new();
    bench.listen(80);
    for (from, reason) in [
        (US, Dropped::IpSource),
        ("127.0.0.1", Dropped::IpSource),
        ("0.0.0.0", Dropped::NotForUs),
        ("255.255.255.255", Dropped::IpSource),
        ("224.0.0.1", Dropped::IpSource),
        ("240.0.0.1", Dropped::IpSource),
        ("10.0.0.255", Dropped::IpSource),
    ] {
        assert_eq!(bench.receive(&syn_from(from, US)), Err(reason), "{from}");
        assert_eq!(bench.drain(), [], "{from}");
    }
    assert_eq!(bench.states(), [State::Listen]);
}

//= https://www.rfc-editor.org/rfc/rfc9293#section-3.9.2.3
//= type=test
//# A TCP implementation MUST silently discard an incoming SYN segment that is
//# addressed to a broadcast or multicast address [(MUST-57)].
#[test]
fn f08_f09_e08_a_syn_to_a_group_leaves_no_trace() {
    let mut bench = Bench::new();
    bench.listen(80);
    for to in [
        "255.255.255.255",
        "10.0.0.255",
        "224.0.0.1",
        "127.0.0.1",
        "10.0.0.3",
    ] {
        for flags in [SYN, ACK] {
            let segment = plain(flags, IRS, SeqNum::new(1));
            let octets = packet(at(PEER, 7_000), at(to, 80), segment, &[]);
            assert_eq!(bench.receive(&octets), Err(Dropped::NotForUs), "{to}");
        }
    }
    let unicast = syn_from(PEER, US);
    let outcome = bench.receive_by(&unicast, LinkDestination::Group);
    assert_eq!(outcome, Err(Dropped::NotForUs));
    assert_eq!(bench.drain(), []);
    assert_eq!(bench.states(), [State::Listen]);
}

#[test]
fn p17_port_zero_is_no_port() {
    let mut bench = Bench::new();
    bench.listen(80);
    for (source_port, destination_port) in [(0, 80), (7_000, 0)] {
        let segment = SegmentEmit {
            source_port,
            destination_port,
            ..plain(SYN, IRS, nothing())
        };
        let octets = packet(at(PEER, 7_000), at(US, 80), segment, &[]);
        assert_eq!(bench.receive(&octets), Err(Dropped::TcpMalformed));
    }
    assert_eq!(bench.drain(), []);
}

#[test]
fn what_is_not_tcp_is_handed_on() {
    let mut bench = Bench::new();
    for to in [OURS, [255; 4], [10, 0, 0, 255], [224, 0, 0, 1]] {
        let octets = ipv4(THEIRS, to, 17, b"datagram");
        let packet = Packet {
            octets: &octets,
            checksum: RxChecksum::Unverified,
            segment_size: None,
            link: LinkDestination::Unicast,
        };
        let expected = Received::NotTcp {
            protocol: 17,
            source: THEIRS.into(),
            destination: to.into(),
            payload: b"datagram",
        };
        assert_eq!(bench.stack.receive(bench.now, packet), expected);
    }
}

#[test]
fn echo_is_answered() {
    let mut bench = Bench::new();
    let request = icmp(8, 0, b"\x12\x34\0\x01abcdefgh");
    bench.receive(&ipv4(THEIRS, OURS, 1, &request)).unwrap();
    let transmit = bench.stack.transmit(bench.now, &mut bench.out).unwrap();
    assert_eq!(transmit.destination, THEIRS.into());
    let sent = &bench.out[..transmit.len];
    let reply = IpPacket::parse(sent, HeaderChecksum::Verify).unwrap();
    assert_eq!(
        (reply.source, reply.destination),
        (OURS.into(), THEIRS.into())
    );
    assert_eq!(reply.payload, icmp(0, 0, b"\x12\x34\0\x01abcdefgh"));
    assert_eq!(bench.drain(), []);
}

#[test]
fn c03_c04_s32_echo_to_a_group_or_too_large_is_not_answered() {
    let mut bench = Bench::new();
    let request = icmp(8, 0, &[0; 12]);
    for (from, to) in [
        (THEIRS, [10, 0, 0, 255]),
        (THEIRS, [224, 0, 0, 1]),
        ([0; 4], OURS),
    ] {
        let outcome = bench.receive(&ipv4(from, to, 1, &request));
        assert_eq!(outcome, Err(Dropped::Icmp), "{from:?} {to:?}");
    }
    let large = icmp(8, 0, &[0; 2_400]);
    let outcome = bench.receive(&ipv4(THEIRS, OURS, 1, &large));
    assert_eq!(outcome, Err(Dropped::ReplyQueueFull));
    assert!(!bench.stack.has_output());
}

//= https://www.rfc-editor.org/rfc/rfc9293#section-3.9.2.2
//= type=test
//# TCP implementations MUST act on an ICMP error message passed up from the IP
//# layer, directing it to the connection that created the error (MUST-54).
#[test]
fn c09_c10_an_icmp_error_reaches_the_connection_that_it_quotes() {
    let mut bench = Bench::new();
    let local = at(US, 5_000);
    let handle = bench
        .stack
        .connect(bench.now, Some(local), at(PEER, 80), Config::new())
        .unwrap();
    let seq = bench.only().seq.raw();
    let quote = |seq: u32| {
        let ports = [5_000u16.to_be_bytes(), 80u16.to_be_bytes()].concat();
        let upper = [ports, seq.to_be_bytes().to_vec()].concat();
        let inner = ipv4(OURS, THEIRS, 6, &upper);
        icmp(3, 3, &[vec![0; 4], inner].concat())
    };
    for wrong in [seq.wrapping_sub(1), seq.wrapping_add(1), seq ^ 1 << 31] {
        let _ = bench.receive(&ipv4(THEIRS, OURS, 1, &quote(wrong)));
        assert_eq!(bench.stack.state(handle), Ok(State::SynSent), "{wrong}");
    }
    bench.receive(&ipv4(THEIRS, OURS, 1, &quote(seq))).unwrap();
    assert_eq!(bench.stack.state(handle), Ok(State::Closed));
    assert_eq!(
        bench.stack.close_reason(handle),
        Ok(Some(CloseReason::Unreachable(Unreachable::Port)))
    );
    let again = bench.receive(&ipv4(THEIRS, OURS, 1, &quote(seq)));
    assert_eq!(again, Err(Dropped::Icmp));
    assert_eq!(bench.drain(), []);
}

#[test]
fn without_slots_fragments_are_dropped() {
    let mut bench = Bench::new();
    let whole = ipv4(THEIRS, OURS, 17, &[7; 64]);
    for fragment in fragments(&whole, 32) {
        assert_eq!(bench.receive(&fragment), Err(Dropped::Fragment));
    }
}

/// A stack of the profile that puts fragments together.
fn with_slots() -> Bench<Host> {
    let slots: Vec<FragmentSlot<'static>> = (0..2)
        .map(|_| FragmentSlot::new(Vec::leak(vec![0xaa; 2_000]).into()))
        .collect();
    let tables = tables().with_fragments(Vec::leak(slots));
    let mut bench = Bench::with(config(), Pool::of(4));
    bench.stack = Stack::new(config(), tables, Pool::of(4));
    bench.stack.add_address(ip(US), 24).unwrap();
    bench
}

#[test]
fn fragments_of_a_segment_open_a_connection() {
    let mut bench = with_slots();
    bench.listen(80);
    let syn = plain(SYN, IRS, nothing());
    let whole = packet(at(PEER, 7_000), at(US, 80), syn, &[5; 100]);
    let mut parts = fragments(&whole, 48);
    parts.reverse();
    for part in parts {
        bench.receive(&part).unwrap();
    }
    assert_eq!(bench.only().flags, SYN | ACK);
    assert_eq!(bench.stack.next_deadline().unwrap().1, Timer::SynAck);
}

#[test]
fn f24_the_checksum_of_a_reassembled_segment_is_verified_whatever_the_device_says() {
    let mut bench = with_slots();
    bench.listen(80);
    let syn = plain(SYN, IRS, nothing());
    let mut whole = packet(at(PEER, 7_000), at(US, 80), syn, &[5; 100]);
    *whole.last_mut().unwrap() ^= 1;
    let outcomes: Vec<Received<'static>> = fragments(&whole, 48)
        .iter()
        .map(|octets| {
            let packet = Packet {
                octets,
                checksum: RxChecksum::Verified,
                segment_size: None,
                link: LinkDestination::Unicast,
            };
            match bench.stack.receive(bench.now, packet) {
                Received::Dropped(reason) => Received::Dropped(reason),
                Received::Taken | Received::NotTcp { .. } => Received::Taken,
            }
        })
        .collect();
    assert_eq!(
        outcomes.last(),
        Some(&Received::Dropped(Dropped::TcpChecksum))
    );
    assert_eq!(bench.drain(), []);
}

#[test]
fn a_reassembled_datagram_is_handed_on_whole() {
    let mut bench = with_slots();
    let content: Vec<u8> = (0..200).collect();
    let parts = fragments(&ipv4(THEIRS, OURS, 17, &content), 80);
    let mut handed = None;
    for octets in &parts {
        let packet = Packet {
            octets,
            checksum: RxChecksum::Unverified,
            segment_size: None,
            link: LinkDestination::Unicast,
        };
        if let Received::NotTcp { payload, .. } = bench.stack.receive(bench.now, packet) {
            handed = Some(payload.to_vec());
        }
    }
    assert_eq!(handed, Some(content));
}

#[test]
fn f25_a_datagram_that_stays_incomplete_is_given_up_and_counted() {
    let mut bench = with_slots();
    let parts = fragments(&ipv4(THEIRS, OURS, 17, &[1; 200]), 80);
    bench.receive(&parts[0]).unwrap();
    let (waited, timer) = bench.wait_for_deadline();
    assert_eq!(
        (waited, timer),
        (Duration::from_secs(60), Timer::Reassembly)
    );
    assert_eq!(bench.stack.dropped(Dropped::Fragment), 1);
    assert_eq!(bench.stack.next_deadline(), None);
}

#[cfg(feature = "ipv6")]
mod v6 {
    use super::*;

    const OURS: &str = "2001:db8::1";
    const THEIRS: &str = "2001:db8::2";

    fn bench() -> Bench {
        let mut bench = Bench::new();
        bench.stack.add_address(ip(OURS), 64).unwrap();
        bench
    }

    #[test]
    fn a_connection_over_ipv6() {
        let mut bench = bench();
        let listener = bench.listen(80);
        let (from, to) = (at(THEIRS, 7_000), at(OURS, 80));
        bench
            .receive(&packet(from, to, plain(SYN, IRS, nothing()), &[]))
            .unwrap();
        let syn_ack = bench.only();
        assert_eq!(syn_ack.options.mss, Some(1_440));
        let ack = plain(ACK, IRS + 1, syn_ack.seq + SeqLen::ONE);
        bench.receive(&packet(from, to, ack, b"six")).unwrap();
        let handle = bench.stack.accept(listener).unwrap().unwrap();
        assert_eq!(bench.stack.readable(handle), Ok(3));
        assert_eq!(bench.stack.tuple(handle).unwrap().remote(), from);
    }

    #[test]
    fn g03_sources_and_destinations_that_may_not_be() {
        let mut bench = bench();
        bench.listen(80);
        for (from, to) in [
            ("ff02::1", OURS),
            ("::1", OURS),
            (THEIRS, "::1"),
            (OURS, OURS),
            ("::", OURS),
            (THEIRS, "ff02::1"),
        ] {
            assert!(bench.receive(&syn_from(from, to)).is_err(), "{from} {to}");
        }
        assert_eq!(bench.drain(), []);
        assert_eq!(bench.states(), [State::Listen]);
    }

    #[test]
    fn g03_a_mapped_address_is_nobody() {
        let mut bench = bench();
        bench.listen(80);
        let mapped = *b"\0\0\0\0\0\0\0\0\0\0\xff\xff\x0a\0\0\x02";
        for (at, reason) in [(8, Dropped::IpSource), (24, Dropped::NotForUs)] {
            let mut octets = syn_from(THEIRS, OURS);
            octets[at..at + 16].copy_from_slice(&mapped);
            assert_eq!(bench.receive(&octets), Err(reason));
        }
        assert_eq!(bench.drain(), []);
        assert_eq!(bench.states(), [State::Listen]);
    }

    #[test]
    fn an_unknown_option_is_complained_of() {
        let mut bench = bench();
        let mut octets = syn_from(THEIRS, OURS);
        // A destination options header with option 0x9e, "discard and tell".
        octets[6] = 60;
        octets.splice(40..40, [6, 0, 0x9e, 4, 0, 0, 0, 0]);
        let len = (octets.len() as u16 - 40).to_be_bytes();
        octets[4..6].copy_from_slice(&len);
        assert_eq!(bench.receive(&octets), Err(Dropped::IpExtension));
        let transmit = bench.stack.transmit(bench.now, &mut bench.out).unwrap();
        assert_eq!(transmit.destination.ip(), ip(THEIRS));
        let sent = &bench.out[..transmit.len];
        let error = IpPacket::parse(sent, HeaderChecksum::Verify).unwrap();
        assert_eq!(
            (error.protocol, error.payload[0], error.payload[1]),
            (58, 4, 2)
        );
        assert_eq!(error.payload[8..], octets[..]);
        let outcome = bench.receive_by(&octets, LinkDestination::Group);
        assert_eq!(outcome, Err(Dropped::IpExtension));
        assert!(!bench.stack.has_output());
    }
}
