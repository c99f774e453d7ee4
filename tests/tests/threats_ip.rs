//! ICMP errors, forged and honest, and packets whose IP header plays tricks, as far as they reach a
//! connection (the rows C, F and E of the list of threats that need one).

use tcp_core::{CloseReason, Dropped, State, Unreachable};
use tcp_tests::packet::Segment;
use tcp_tests::peer::{Complaint, Peer, Setup, ack, data, rst, syn};

/// Destination unreachable, by family: net, host, protocol (v4 only) and port.
const PORT_V4: Complaint = Complaint(3, 3, 0);
const HOST_V4: Complaint = Complaint(3, 1, 0);
const PORT_V6: Complaint = Complaint(1, 4, 0);
const ROUTE_V6: Complaint = Complaint(1, 0, 0);

fn too_big(mtu: u16) -> Complaint {
    Complaint(3, 4, u32::from(mtu))
}

/// Three full segments in flight, of 1,460 octets over IPv4.
fn three_in_flight(setup: Setup) -> Peer {
    let mut peer = Peer::passive(setup.offer(syn().mss(1_460)));
    peer.write(3 * usize::from(peer.info().mss));
    assert_eq!(peer.take().len(), 3);
    peer
}

/// A hard error about our SYN ends the open at once, a soft one does not.
//= https://www.rfc-editor.org/rfc/rfc9293#section-3.9.2.2
//= type=test
//# These are hard error conditions, so TCP implementations SHOULD abort the
//# connection (SHLD-26).
#[test]
fn c10_an_unreachable_port_ends_an_open_and_an_unreachable_host_does_not() {
    for (setup, hard, soft) in [
        (Setup::plain(), PORT_V4, HOST_V4),
        (Setup::plain().v6(), PORT_V6, ROUTE_V6),
    ] {
        let mut peer = Peer::connecting(setup);
        let complaint = peer.complaint(soft, 0);
        peer.packet(&complaint);
        assert_eq!(peer.state(), State::SynSent);
        peer.expect_after(1_000, syn().seq(0));
        let complaint = peer.complaint(hard, 0);
        peer.packet(&complaint);
        assert_eq!(peer.state(), State::Closed);
        let reason = CloseReason::Unreachable(Unreachable::Port);
        assert_eq!(peer.reason(), Some(reason));
    }
}

/// MUST-56, RFC 5927 section 5.2: on a synchronized connection no ICMP error ends anything; if
/// nobody answers until the end, it is the reason.
//= https://www.rfc-editor.org/rfc/rfc9293#section-3.9.2.2
//= type=test
//# Since these Unreachable messages indicate soft error conditions, a TCP
//# implementation MUST NOT abort the connection (MUST-56), and it SHOULD make
//# the information available to the application (SHLD-25).
#[test]
fn c10_icmp_errors_never_abort_an_established_connection() {
    for code in 0..16 {
        let mut peer = three_in_flight(Setup::plain());
        let complaint = peer.complaint(Complaint(3, code, 0), 1);
        peer.packet(&complaint);
        assert_eq!(peer.state(), State::Established, "code {code}");
        peer.take();
        peer.send(ack().ack(4_381));
        assert_eq!(peer.info().send_queue, 0);
    }
    let mut peer = three_in_flight(Setup::plain());
    let complaint = peer.complaint(HOST_V4, 1);
    peer.packet(&complaint);
    peer.pass(3_600_000);
    let reason = CloseReason::Unreachable(Unreachable::Host);
    assert_eq!(peer.reason(), Some(reason));
}

/// C09: the quoted sequence number must be in flight.
#[test]
fn c09_an_error_about_what_is_not_in_flight_is_ignored() {
    for seq in [0, 4_381, 4_382, 1 + (1 << 31), u32::MAX] {
        let mut peer = three_in_flight(Setup::plain());
        for what in [PORT_V4, HOST_V4, too_big(600)] {
            let complaint = peer.complaint(what, seq);
            peer.packet(&complaint);
        }
        assert_eq!(peer.info().mss, 1_460);
        peer.expect_nothing();
        peer.pass(3_600_000);
        let reason = peer.reason();
        assert!(
            matches!(reason, Some(CloseReason::TimedOut(_))),
            "{seq}: {reason:?}"
        );
    }
    let mut opening = Peer::connecting(Setup::plain());
    for seq in [1, 2, u32::MAX, 1 << 31] {
        let complaint = opening.complaint(PORT_V4, seq);
        opening.packet(&complaint);
        assert_eq!(opening.state(), State::SynSent);
    }
}

/// C11: Source Quench says nothing, in any state (MUST-55).
//= https://www.rfc-editor.org/rfc/rfc9293#section-3.9.2.2
//= type=test
//# Source Quench TCP implementations MUST silently discard any received ICMP
//# Source Quench messages (MUST-55).
#[test]
fn c11_source_quench_is_ignored() {
    for state in [State::SynSent, State::SynReceived, State::Established] {
        let mut peer = Peer::in_state(state, Setup::plain());
        let complaint = peer.complaint(Complaint(4, 0, 0), 0);
        peer.packet(&complaint);
        peer.expect_nothing();
        assert_eq!(peer.state(), state);
    }
    let mut peer = three_in_flight(Setup::plain());
    let before = peer.info().cwnd;
    let complaint = peer.complaint(Complaint(4, 0, 0), 1);
    peer.packet(&complaint);
    assert_eq!(peer.info().cwnd, before);
}

/// A path that takes less: what is in flight goes again in smaller pieces, without a timeout.
//= https://www.rfc-editor.org/rfc/rfc7323#section-5.7
//= type=test
//# Setting the DF bit implies the use of Path MTU Discovery as described in
//# [RFC1191], [RFC1981], and [RFC4821]; thus, any TCP implementation that
//# implements PAWS MUST also implement Path MTU Discovery.
#[test]
fn a_smaller_path_is_used_at_once() {
    for (setup, what, full) in [
        (Setup::plain(), too_big(1_000), 960),
        (Setup::plain().v6(), Complaint(2, 0, 1_280), 1_220),
    ] {
        let mut peer = three_in_flight(setup);
        let mss = peer.info().mss;
        let complaint = peer.complaint(what, 1);
        peer.packet(&complaint);
        assert!(full < usize::from(mss));
        peer.expect(data(full).seq(1));
        let rest = peer.take();
        assert!(rest.iter().all(|segment| segment.payload.len() <= full));
        assert_eq!(peer.info().timeouts, 0);
        peer.send(ack());
        peer.pass(1_000);
        while peer.info().send_queue > 0 {
            peer.take();
            peer.send(ack());
            peer.pass(300);
        }
    }
}

/// C12: no claim makes segments tiny, and none makes them larger.
#[test]
fn c12_forged_path_mtus_stay_within_limits() {
    for (mtu, mss) in [
        (0, 512),
        (1, 512),
        (67, 512),
        (68, 512),
        (551, 512),
        (600, 560),
        (1_500, 1_460),
        (65_535, 1_460),
    ] {
        let mut peer = three_in_flight(Setup::plain());
        let complaint = peer.complaint(too_big(mtu), 1);
        peer.packet(&complaint);
        assert_eq!(peer.info().mss, mss, "MTU {mtu}");
        let complaint = peer.complaint(too_big(1_400), 1);
        peer.packet(&complaint);
        assert!(peer.info().mss <= 1_360.max(mss), "raised by MTU {mtu}");
    }
}

/// C13: with nothing in flight there is nothing that can have been too big.
#[test]
fn c13_a_path_mtu_without_anything_in_flight_is_ignored() {
    let mut peer = Peer::passive(Setup::plain().offer(syn().mss(1_460)));
    for seq in [0, 1, 2] {
        let complaint = peer.complaint(too_big(600), seq);
        peer.packet(&complaint);
        assert_eq!(peer.info().mss, 1_460);
    }
}

/// C14: an error about UDP between the same hosts says nothing to TCP.
#[test]
fn c14_an_error_about_udp_does_not_change_the_path_of_tcp() {
    let mut peer = three_in_flight(Setup::plain());
    let (stack, ours) = peer.ends();
    let mut quoted = Segment::new(stack, ours).encode();
    quoted[9] = 17;
    let complaint = peer.complaint_about(too_big(600), &quoted);
    peer.packet(&complaint);
    assert_eq!(peer.info().mss, 1_460);
    peer.expect_nothing();
}

/// C06: quotes of every length, none of which is enough or all of which is garbage.
#[test]
fn c06_short_quotes_are_dropped() {
    let mut peer = three_in_flight(Setup::plain());
    let whole = peer.complaint(too_big(600), 1);
    let quoted = whole[28..].to_vec();
    for length in 0..28 {
        let complaint = peer.complaint_about(too_big(600), &quoted[..length]);
        peer.packet(&complaint);
        assert_eq!(peer.info().mss, 1_460, "{length} octets");
    }
    let mut long_header = quoted.clone();
    long_header[0] = 0x4f;
    let complaint = peer.complaint_about(too_big(600), &long_header);
    peer.packet(&complaint);
    assert_eq!(peer.info().mss, 1_460);
    let complaint = peer.complaint_about(too_big(600), &quoted[..28]);
    peer.packet(&complaint);
    assert_eq!(peer.info().mss, 560);
}

/// An error with a wrong checksum is nothing.
#[test]
fn a_damaged_icmp_error_is_dropped() {
    let mut peer = three_in_flight(Setup::plain());
    let mut complaint = peer.complaint(too_big(600), 1);
    complaint[25] ^= 1;
    peer.packet(&complaint);
    assert_eq!(peer.verdict, Err(Dropped::Icmp));
    assert_eq!(peer.info().mss, 1_460);
}

/// E03: padding of the link layer is no data; G02 for IPv6.
#[test]
fn e03_padding_is_no_data() {
    for setup in [Setup::plain(), Setup::plain().v6()] {
        let mut peer = Peer::passive(setup);
        let mut packet = peer.build(&ack()).encode();
        packet.extend([0xaa; 6]);
        peer.packet(&packet);
        peer.expect_nothing();
        assert_eq!(peer.readable(), 0);
        let mut packet = peer.build(&data(3)).encode();
        packet.extend([0xaa; 20]);
        peer.packet(&packet);
        assert_eq!(peer.read(99), Ok(3));
    }
}

/// F13: a protocol that nobody speaks is the caller's to refuse; the stack says nothing, least of
/// all to a broadcast.
#[test]
fn f13_an_unknown_protocol_is_handed_over_in_silence() {
    for (destination, verdict) in [
        ([10, 0, 0, 1], Ok(())),
        ([10, 0, 0, 255], Ok(())),
        ([255, 255, 255, 255], Ok(())),
        ([10, 0, 0, 9], Err(Dropped::NotForUs)),
    ] {
        let mut peer = Peer::listening(Setup::plain());
        let mut packet = peer.build(&ack()).encode();
        packet[9] = 255;
        packet[16..20].copy_from_slice(&destination);
        packet[10..12].fill(0);
        let sum = tcp_tests::packet::checksum(&packet[..20]);
        packet[10..12].copy_from_slice(&sum.to_be_bytes());
        peer.packet(&packet);
        peer.expect_nothing();
        assert!(peer.others.is_empty(), "{destination:?}");
        assert_eq!(peer.verdict, verdict, "{destination:?}");
    }
}

/// F12: forty octets of harmless IP options in front of a segment.
//= https://www.rfc-editor.org/rfc/rfc9293#section-3.9.2
//= type=test
//# When received options are passed up to TCP from the IP layer, a TCP
//# implementation MUST ignore options that it does not understand (MUST-50).
#[test]
fn f12_a_segment_behind_ip_options_is_data() {
    let mut peer = Peer::passive(Setup::plain());
    let plain = peer.build(&data(100)).encode();
    let mut packet = plain[..20].to_vec();
    packet[0] = 0x4f;
    let total = u16::try_from(plain.len() + 40).expect("short");
    packet[2..4].copy_from_slice(&total.to_be_bytes());
    packet.extend([1; 40]);
    packet[10..12].fill(0);
    let sum: u32 = packet
        .chunks(2)
        .map(|word| u32::from(u16::from_be_bytes([word[0], word[1]])))
        .sum();
    let sum = !((sum & 0xffff) + (sum >> 16)) as u16;
    packet[10..12].copy_from_slice(&sum.to_be_bytes());
    packet.extend(&plain[20..]);
    peer.packet(&packet);
    assert_eq!(peer.verdict, Ok(()));
    assert_eq!(peer.readable(), 100);
}

/// F01 to F05 on a live connection: any octet of the IP header damaged or any length cut.
#[test]
fn f01_f05_damaged_headers_never_reach_the_connection() {
    for setup in [Setup::plain(), Setup::plain().v6()] {
        let mut peer = Peer::passive(setup);
        let intact = peer.build(&rst().seq(1).len(64)).encode();
        for length in 0..intact.len() {
            peer.packet(&intact[..length]);
            assert!(peer.verdict.is_err(), "{length} octets");
        }
        assert_eq!(peer.state(), State::Established);
        peer.others.clear();
        peer.packet(&intact);
        assert_eq!(peer.state(), State::Closed);
    }
}
