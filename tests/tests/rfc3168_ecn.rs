//! Explicit congestion notification (RFC 3168).

use tcp_core::{Config, CongestionState, Ecn, State};
use tcp_tests::packet::{CWR, ECE, Segment};
use tcp_tests::peer::{Peer, Setup, ack, data, fin, syn, syn_ack};

const SETUP: u8 = ECE | CWR;
/// ECN-capable, without a mark.
const ECT_0: u8 = 2;
/// Marked by a router.
const CE: u8 = 3;

fn setup(ecn: Ecn) -> Setup {
    Setup::plain().config(Config::new().ecn(ecn))
}

/// A connection that agreed to use ECN, opened by us.
fn agreed() -> Peer {
    let mut peer = Peer::listening(setup(Ecn::Accept));
    peer.send(syn().mss(1_000).with(SETUP).class(0));
    peer.expect(syn_ack().with(ECE).class(0));
    peer.send(ack());
    peer.accept();
    assert!(peer.info().ecn);
    peer
}

/// A stack whose SYN offers ECN.
fn requesting() -> Peer {
    let mut peer = Peer::new(setup(Ecn::Request));
    peer.connect();
    peer.expect(syn().with(SETUP).class(0));
    peer
}

/// Whether the segments that leave may be marked.
fn capable(segments: &[Segment]) -> Vec<bool> {
    let field = |segment: &Segment| segment.traffic_class & 3 == ECT_0;
    segments.iter().map(field).collect()
}

//= https://www.rfc-editor.org/rfc/rfc9293#section-3.8.2
//= type=test
//# A TCP endpoint SHOULD implement ECN as described in RFC 3168 (SHLD-8).
#[test]
fn what_a_syn_offers_is_accepted_unless_it_is_switched_off() {
    for (mode, offer, answer) in [
        (Ecn::Accept, SETUP, ECE),
        (Ecn::Request, SETUP, ECE),
        (Ecn::Off, SETUP, 0),
        (Ecn::Accept, 0, 0),
        (Ecn::Accept, ECE, 0),
        (Ecn::Accept, CWR, 0),
    ] {
        let mut peer = Peer::listening(setup(mode));
        peer.send(syn().mss(1_000).with(offer));
        peer.expect(syn_ack().with(answer).class(0));
        peer.send(ack());
        peer.accept();
        assert_eq!(peer.info().ecn, answer == ECE, "{mode:?} {offer:#x}");
        peer.write(10);
        let field = if answer == ECE { ECT_0 } else { 0 };
        peer.expect(data(10).class(field));
    }
}

#[test]
fn a_syn_offers_only_when_it_is_told_to() {
    for (mode, offer) in [(Ecn::Off, 0), (Ecn::Accept, 0), (Ecn::Request, SETUP)] {
        let mut peer = Peer::new(setup(mode));
        peer.connect();
        peer.expect(syn().with(offer).class(0));
    }
}

#[test]
fn only_a_syn_ack_with_ece_alone_accepts() {
    for (flags, agrees) in [(ECE, true), (SETUP, false), (CWR, false), (0, false)] {
        let mut peer = requesting();
        let answer = peer.answer_to_syn().with(flags);
        peer.send(answer);
        peer.expect(ack().class(0));
        assert_eq!(peer.info().ecn, agrees, "{flags:#x}");
        peer.write(10);
        peer.expect(data(10).class(if agrees { ECT_0 } else { 0 }));
    }
    // Nor does one that answers no offer.
    let mut peer = Peer::connecting(setup(Ecn::Accept));
    let answer = peer.answer_to_syn().with(ECE);
    peer.send(answer);
    assert!(!peer.info().ecn);
}

/// Section 6.1.1.1: what ate the SYN may have disliked the flags.
#[test]
fn the_offer_is_withdrawn_when_the_syn_goes_again() {
    let mut peer = requesting();
    peer.expect_after(1_000, syn());
    let answer = peer.answer_to_syn().with(ECE);
    peer.send(answer);
    assert!(!peer.info().ecn);
    peer.expect(ack());
    peer.write(10);
    peer.expect(data(10).class(0));
}

#[test]
fn a_syn_that_comes_again_without_the_offer_is_answered_without() {
    let mut peer = Peer::listening(setup(Ecn::Accept));
    peer.send(syn().mss(1_000).with(SETUP));
    peer.expect(syn_ack().with(ECE));
    peer.expect_after(1_000, syn_ack().with(ECE));
    peer.send(syn().seq(0).mss(1_000));
    peer.expect(syn_ack());
    peer.send(ack());
    peer.accept();
    assert!(!peer.info().ecn);
}

#[test]
fn syns_that_cross_agree_when_both_offer() {
    for (flags, agrees) in [(SETUP, true), (0, false)] {
        let mut peer = requesting();
        peer.send(syn().mss(1_000).with(flags));
        let ece = if agrees { ECE } else { 0 };
        peer.expect(syn_ack().with(ece).class(0));
        peer.send(syn_ack().seq(0).mss(1_000).with(ece));
        assert_eq!(peer.state(), State::Established);
        assert_eq!(peer.info().ecn, agrees);
    }
    let mut peer = requesting();
    peer.send(syn().mss(1_000).with(SETUP));
    peer.take();
    peer.send(syn_ack().seq(0).mss(1_000));
    assert!(!peer.info().ecn, "the peer changed its mind");
}

/// Sections 6.1.4 to 6.1.6.
#[test]
fn only_data_that_is_sent_for_the_first_time_may_be_marked() {
    let mut peer = agreed();
    peer.write(3_000);
    assert_eq!(capable(&peer.take()), [true; 3]);
    peer.pass(300);
    assert_eq!(capable(&peer.take()), [false], "a retransmission");
    peer.send(ack().ack(3_001));
    peer.send(data(1_000)).send(data(1_000));
    peer.expect(ack().class(0));
    peer.shutdown();
    peer.expect(fin().class(0));
}

#[test]
fn window_probes_are_not_marked() {
    let mut peer = agreed();
    peer.send(ack().window(0));
    peer.write(100);
    peer.pass(1_500);
    let probes = peer.take();
    assert!(!probes.is_empty());
    assert!(capable(&probes).iter().all(|capable| !capable));
}

/// Section 6.1.3.
//= https://www.rfc-editor.org/rfc/rfc9293#section-3.8.2
//= type=test
//# A TCP endpoint SHOULD implement ECN as described in RFC 3168 (SHLD-8).
#[test]
fn a_mark_is_echoed_until_the_peer_says_that_it_slowed_down() {
    let mut peer = agreed();
    peer.send(data(100).class(ECT_0)).expect_nothing();
    peer.send(data(100).class(CE));
    peer.expect(ack().with(ECE));
    peer.send(data(1_000).class(ECT_0))
        .send(data(1_000).class(ECT_0));
    peer.expect(ack().with(ECE));
    peer.write(10);
    peer.expect(data(10).with(ECE).class(ECT_0));
    peer.send(data(100).with(CWR).class(ECT_0));
    peer.expect(ack());
    // The one that says so may be marked itself.
    peer.send(data(100).with(CWR).class(CE));
    peer.expect(ack().with(ECE));
}

#[test]
fn marks_outside_of_the_window_and_on_empty_segments_count_for_nothing() {
    let mut peer = agreed();
    peer.send(data(100).seq(100_000).class(CE));
    peer.expect(ack());
    peer.send(ack().class(CE));
    peer.send(data(1_000)).send(data(1_000));
    peer.expect(ack());
    // And without an agreement nothing does.
    let mut peer = Peer::passive(Setup::plain());
    peer.send(data(1_000).class(CE)).send(data(1_000).class(CE));
    peer.expect(ack());
}

/// K06: one reduction for each window of data.
//= https://www.rfc-editor.org/rfc/rfc9293#section-3.8.2
//= type=test
//# A TCP endpoint SHOULD implement ECN as described in RFC 3168 (SHLD-8).
#[test]
fn k06_an_echo_halves_the_window_once_in_a_round_trip() {
    let mut peer = agreed();
    peer.write(20_000);
    assert_eq!(peer.take().len(), 10);
    peer.send(ack().ack(1_001).with(ECE));
    let info = peer.info();
    assert_eq!((info.cwnd, info.ssthresh), (5_000, 5_000));
    assert_eq!(info.congestion, CongestionState::Reduced);
    for segment in 2..=10 {
        peer.send(ack().ack(1 + 1_000 * segment).with(ECE));
        assert_eq!(peer.info().cwnd, 5_000);
    }
    // The first data after the reduction, and only that, tells the peer.
    let sent = peer.take();
    let told: Vec<bool> = sent.iter().map(|segment| segment.has(CWR)).collect();
    assert_eq!(told, [true, false, false, false, false]);
    assert_eq!(capable(&sent), [true; 5]);
    // What was sent after it belongs to the next window of data.
    peer.send(ack().ack(11_001).with(ECE));
    assert_eq!(peer.info().cwnd, 2_500);
    peer.send(ack().ack(12_001));
    assert_eq!(peer.info().congestion, CongestionState::Reduced);
    peer.send(ack().ack(15_001));
    peer.send(ack().ack(16_001));
    assert_eq!(peer.info().congestion, CongestionState::Open);
    assert!(peer.info().retransmissions == 0);
}

#[test]
fn k06_endless_echoes_leave_a_window_of_a_segment() {
    let mut peer = agreed();
    for _ in 0..30 {
        peer.write(5_000);
        for _ in 0..5 {
            peer.send(ack().with(ECE));
        }
        peer.pass(2_000);
        assert!(peer.info().cwnd >= 1_000);
    }
    let sent: usize = peer
        .take()
        .iter()
        .map(|segment| segment.payload.len())
        .sum();
    assert!(sent > 30_000, "{sent} octets left");
}

/// Section 6.1.2: with a window of one segment a timer slows down further.
#[test]
fn an_echo_at_a_window_of_one_segment_waits_for_a_timer() {
    let mut peer = Peer::listening(setup(Ecn::Accept));
    peer.send(syn().mss(1_000).with(SETUP));
    peer.expect(syn_ack().with(ECE));
    // The SYN-ACK is taken for lost: the first window is one segment, the timeout 3 s.
    peer.expect_after(1_000, syn_ack().with(ECE));
    peer.send(ack());
    peer.accept();
    peer.write(3_000);
    peer.expect(data(1_000));
    peer.send(ack().with(ECE));
    peer.expect_nothing();
    let rto = peer.info().rto.as_millis();
    peer.expect_after(rto, data(1_000).with(CWR).class(ECT_0));
    peer.send(ack());
    peer.expect(data(1_000));
}

#[test]
fn losses_are_told_of_with_the_next_new_data() {
    let mut peer = agreed();
    peer.write(30_000);
    peer.take();
    for _ in 0..3 {
        peer.send(ack().ack(1));
    }
    let sent = peer.take();
    assert!(sent.iter().all(|segment| !segment.has(CWR)));
    let again = sent.iter().find(|segment| segment.seq == 1);
    assert_eq!(capable(&[again.expect("fast retransmit").clone()]), [false]);
    peer.send(ack());
    let sent = peer.take();
    assert!(sent[0].has(CWR) && sent[1..].iter().all(|segment| !segment.has(CWR)));
}

#[test]
fn echoes_during_recovery_change_nothing() {
    let mut peer = agreed();
    peer.write(30_000);
    peer.take();
    for _ in 0..3 {
        peer.send(ack().ack(1).with(ECE));
    }
    // The first duplicate told of the mark, the third of the loss.
    let ssthresh = peer.info().ssthresh;
    for _ in 0..5 {
        peer.send(ack().ack(1).with(ECE));
    }
    assert_eq!(peer.info().ssthresh, ssthresh);
}

#[test]
fn diffserv_and_ecn_share_an_octet() {
    let config = Config::new().diffserv(46);
    let mut peer = Peer::listening(Setup::plain().config(config));
    peer.send(syn().mss(1_000).with(SETUP));
    peer.expect(syn_ack().with(ECE).class(46 << 2));
    peer.send(ack());
    peer.accept();
    peer.write(10);
    peer.expect(data(10).class(46 << 2 | ECT_0));
}

#[test]
fn ipv6_carries_marks_as_well() {
    let mut peer = Peer::listening(setup(Ecn::Accept).v6());
    peer.send(syn().mss(1_000).with(SETUP));
    peer.expect(syn_ack().with(ECE).class(0));
    peer.send(ack());
    peer.accept();
    peer.write(10);
    peer.expect(data(10).class(ECT_0));
    peer.send(data(10).class(CE));
    peer.expect(ack().with(ECE));
}
