//! Loss: the retransmission timer, Karn's rule, back-off, R1 and R2, fast retransmit, limited
//! transmit and partial acknowledgments.

use tcp_core::{CloseReason, Config, Events, State, Timer};
use tcp_tests::peer::{Peer, Setup, ack, data, fin, syn, syn_ack};

fn rto_ms(peer: &Peer) -> u64 {
    peer.info().rto.as_micros() / 1_000
}

/// Ten segments of 1,000 octets in flight, and more of them queued.
fn ten_in_flight(setup: Setup) -> Peer {
    let mut peer = Peer::passive(setup);
    peer.write(30_000);
    assert_eq!(peer.take().len(), 10);
    peer
}

/// RFC 6298: doubled each time, at most 60 s; R1 tells, R2 gives up (RFC 9293 section 3.8.3).
//= https://www.rfc-editor.org/rfc/rfc9293#section-3.8.2
//= type=test
//# A TCP endpoint MUST implement the basic congestion control algorithms slow
//# start, congestion avoidance, and exponential backoff of RTO to avoid
//# creating congestion collapse conditions (MUST-19).
//= https://www.rfc-editor.org/rfc/rfc9293#section-3.8.3
//= type=test
//# The following procedure MUST be used to handle excessive retransmissions of
//# data segments (MUST-20):
//= https://www.rfc-editor.org/rfc/rfc9293#section-3.8.3
//= type=test
//# (e) TCP implementations SHOULD inform the application of the delivery
//# problem (unless such information has been disabled by the application; see
//# the "Asynchronous Reports" section (Section 3.9.1.8)), when R1 is reached
//# and before R2 (SHLD-9).
//= https://www.rfc-editor.org/rfc/rfc9293#section-3.8.3
//= type=test
//# The value of R1 SHOULD correspond to at least 3 retransmissions, at the
//# current RTO (SHLD-10).
//= https://www.rfc-editor.org/rfc/rfc9293#section-3.8.3
//= type=test
//# The value of R2 SHOULD correspond to at least 100 seconds (SHLD-11).
//= https://www.rfc-editor.org/rfc/rfc9293#section-3.9.1.8
//= type=test
//# There MUST be a mechanism for reporting soft TCP error conditions to the
//# application (MUST-47).
//= https://www.rfc-editor.org/rfc/rfc6298#section-2
//= type=test
//# (2.5) A maximum value MAY be placed on RTO provided it is at least 60
//# seconds.
//= https://www.rfc-editor.org/rfc/rfc6298#section-5
//= type=test
//# An implementation MUST manage the retransmission timer(s) in such a way that
//# a segment is never retransmitted too early, i.e., less than one RTO after
//# the previous transmission of that segment.
//= https://www.rfc-editor.org/rfc/rfc6298#section-5
//= type=test
//# The following is the RECOMMENDED algorithm for managing the retransmission
//# timer:
//= https://www.rfc-editor.org/rfc/rfc6298#section-5
//= type=test
//# (5.5) The host MUST set RTO <- RTO * 2 ("back off the timer").
#[test]
fn t15_retransmission_backs_off_tells_at_r1_and_ends_at_r2() {
    let mut peer = Peer::passive(Setup::plain());
    peer.events();
    let begun = peer.now;
    peer.write(100);
    peer.expect(data(100).seq(1));
    let mut wait = 200;
    for attempt in 1..=15 {
        peer.expect_after(wait, data(100).seq(1));
        let troubled = peer.events().contains(Events::TROUBLE);
        assert_eq!(troubled, attempt == 3, "attempt {attempt}");
        wait = (2 * wait).min(60_000);
    }
    assert!((peer.now - begun).as_micros() >= 100_000_000);
    peer.pass(wait + 10);
    peer.expect_nothing();
    assert_eq!(peer.state(), State::Closed);
    assert_eq!(
        peer.reason(),
        Some(CloseReason::TimedOut(Timer::Retransmission))
    );
    assert!(peer.events().contains(Events::CLOSED));
    peer.check_memory();
}

//= https://www.rfc-editor.org/rfc/rfc9293#section-3.8.3
//= type=test
//# (d) An application MUST (MUST-21) be able to set the value for R2 for a
//# particular connection.
#[test]
fn r1_and_r2_are_the_users() {
    let setup = Setup::plain().config(Config::new().retries(1, 2));
    let mut peer = Peer::passive(setup);
    peer.events();
    peer.write(1);
    peer.expect(data(1));
    peer.expect_after(200, data(1).seq(1));
    assert!(peer.events().contains(Events::TROUBLE));
    peer.expect_after(400, data(1).seq(1));
    peer.pass(803);
    assert_eq!(peer.state(), State::Closed);
}

/// The user hears at R1 that nobody answers the SYN, as with data.
//= https://www.rfc-editor.org/rfc/rfc9293#section-3.8.3
//= type=test
//# SYN retransmissions MUST be handled in the general way just described for
//# data retransmissions, including notification of the application layer.
#[test]
fn a_syn_without_an_answer_is_told_at_r1() {
    let mut peer = Peer::connecting(Setup::plain());
    for (wait, attempt) in [(1_000, 1), (2_000, 2), (4_000, 3), (8_000, 4)] {
        peer.expect_after(wait, syn().seq(0));
        let troubled = peer.events().contains(Events::TROUBLE);
        assert_eq!(troubled, attempt == 3, "attempt {attempt}");
    }
}

/// A user who does not want to hear of R1 sets it to none.
//= https://www.rfc-editor.org/rfc/rfc9293#section-3.9.1.8
//= type=test
//# However, an application program that does not want to receive such
//# ERROR_REPORT calls SHOULD be able to effectively disable these calls
//# (SHLD-20).
#[test]
fn without_r1_nobody_is_told() {
    let setup = Setup::plain().config(Config::new().retries(0, 9));
    let mut peer = Peer::passive(setup);
    peer.events();
    peer.write(1);
    peer.pass(30_000);
    assert!(peer.take().len() > 5);
    assert!(!peer.events().contains(Events::TROUBLE));
}

/// S28, MUST-23: a SYN is tried for at least three minutes.
//= https://www.rfc-editor.org/rfc/rfc9293#section-3.8.3
//= type=test
//# SYN retransmissions MUST be handled in the general way just described for
//# data retransmissions, including notification of the application layer.
//= https://www.rfc-editor.org/rfc/rfc9293#section-3.8.3
//= type=test
//# In particular, R2 for a SYN segment MUST be set large enough to provide
//# retransmission of the segment for at least 3 minutes (MUST-23).
//= https://www.rfc-editor.org/rfc/rfc6298#section-2
//= type=test
//# (2.1) Until a round-trip time (RTT) measurement has been made for a segment
//# sent between the sender and receiver, the sender SHOULD set RTO <- 1 second,
//# though the "backing off" on repeated retransmission discussed in (5.5) still
//# applies.
#[test]
fn s28_a_syn_is_tried_for_three_minutes() {
    let mut peer = Peer::connecting(Setup::plain());
    let start = peer.now;
    for wait in [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000] {
        peer.expect_after(wait, syn().seq(0));
    }
    peer.pass(61_000);
    peer.expect_nothing();
    assert_eq!(
        peer.reason(),
        Some(CloseReason::TimedOut(Timer::Retransmission))
    );
    assert!((peer.now - start).as_micros() > 180_000_000);
    peer.check_memory();
}

/// T6: a half-open connection goes after its SYN-ACK was sent four times.
#[test]
fn t6_a_half_open_connection_is_given_up() {
    let mut peer = Peer::in_state(State::SynReceived, Setup::plain());
    for wait in [1_000, 2_000, 4_000] {
        peer.expect_after(wait, syn_ack().seq(0).ack(1));
    }
    peer.pass(9_000);
    peer.expect_nothing();
    assert_eq!(peer.state(), State::Listen);
    peer.check_memory();
}

/// RFC 6298 section 2, with a round trip of 300 ms: SRTT 300, RTTVAR 150, RTO 900.
//= https://www.rfc-editor.org/rfc/rfc9293#section-3.8.1
//= type=test
//# The RTO MUST be computed according to the algorithm in [10], including
//# Karn's algorithm for taking RTT samples (MUST-18).
//= https://www.rfc-editor.org/rfc/rfc6298#section-2
//= type=test
//# (2.2) When the first RTT measurement R is made, the host MUST set
//= https://www.rfc-editor.org/rfc/rfc6298#section-2
//= type=test
//# (2.3) When a subsequent RTT measurement R' is made, a host MUST set
#[test]
fn the_timeout_follows_the_round_trip() {
    let mut peer = Peer::connecting(Setup::plain());
    peer.pass(300);
    let answer = peer.answer_to_syn();
    peer.send(answer);
    peer.expect(ack());
    assert_eq!(rto_ms(&peer), 900);
    peer.write(10);
    peer.expect(data(10));
    peer.pass(300);
    peer.send(ack());
    // RTTVAR 3/4 * 150, SRTT as before.
    assert_eq!(rto_ms(&peer), 750);
    let info = peer.info();
    assert_eq!(info.srtt.map(|srtt| srtt.as_micros() / 1_000), Some(300));
}

/// Karn: what was sent twice is no sample, and the timeout stays backed off until there is one.
//= https://www.rfc-editor.org/rfc/rfc9293#section-3.8.1
//= type=test
//# The RTO MUST be computed according to the algorithm in [10], including
//# Karn's algorithm for taking RTT samples (MUST-18).
//= https://www.rfc-editor.org/rfc/rfc6298#section-3
//= type=test
//# TCP MUST use Karn's algorithm [KP87] for taking RTT samples.
//= https://www.rfc-editor.org/rfc/rfc6298#section-3
//= type=test
//# That is, RTT samples MUST NOT be made using segments that were retransmitted
//# (and thus for which it is ambiguous whether the reply was for the first
//# instance of the packet or a later instance).
#[test]
fn karn_without_timestamps_the_back_off_stays_until_a_sample() {
    let mut peer = Peer::passive(Setup::plain());
    peer.write(10);
    peer.expect(data(10));
    peer.expect_after(200, data(10).seq(1));
    peer.pass(30);
    let before = peer.info().srtt;
    peer.send(ack());
    assert_eq!(peer.info().srtt, before);
    assert_eq!(rto_ms(&peer), 400);
    peer.write(10);
    peer.expect(data(10).seq(11));
    peer.pass(20);
    peer.send(ack());
    assert_eq!(peer.info().backoff, 0);
    // SRTT, an eighth of 20 ms, and the least variation.
    assert_eq!(rto_ms(&peer), 202);
}

/// With timestamps the acknowledgment of what was sent twice is a sample.
#[test]
fn karn_with_timestamps_every_ack_is_a_sample() {
    let mut peer = Peer::passive(Setup::full());
    peer.write(10);
    peer.expect(data(10));
    peer.expect_after(200, data(10).seq(1));
    peer.pass(80);
    let before = peer.info().srtt;
    peer.send(ack());
    assert_ne!(peer.info().srtt, before);
    assert_eq!(peer.info().backoff, 0);
}

/// D27: an echo that cannot be is no sample.
#[test]
fn d27_an_impossible_echo_is_no_sample() {
    for wrong in [0, 1 << 31, u32::MAX] {
        let mut peer = Peer::passive(Setup::full());
        peer.write(10);
        let sent = peer.expect(data(10));
        let (value, _) = sent.options.timestamps.expect("a timestamp");
        peer.expect_after(200, data(10).seq(1));
        let before = peer.info().srtt;
        let stamp = peer.stamp();
        peer.send(ack().stamps(stamp, value.wrapping_sub(1 << 20).wrapping_add(wrong)));
        assert_eq!(peer.info().srtt, before, "{wrong}");
        assert!(rto_ms(&peer) >= 200);
        assert_eq!(peer.info().send_queue, 0);
    }
}

/// RFC 6298 section 5.3: each acknowledgment of new data starts the timer anew.
//= https://www.rfc-editor.org/rfc/rfc6298#section-5
//= type=test
//# An implementation MUST manage the retransmission timer(s) in such a way that
//# a segment is never retransmitted too early, i.e., less than one RTO after
//# the previous transmission of that segment.
//= https://www.rfc-editor.org/rfc/rfc6298#section-5
//= type=test
//# The following is the RECOMMENDED algorithm for managing the retransmission
//# timer:
#[test]
fn an_ack_of_new_data_restarts_the_timer() {
    let mut peer = ten_in_flight(Setup::plain().window(10_000));
    peer.pass(150);
    peer.send(ack().ack(1_001));
    peer.take();
    peer.pass(190);
    peer.expect_nothing();
}

/// After a timeout: one segment, then slow start from there; each hole once.
//= https://www.rfc-editor.org/rfc/rfc9293#section-3.8.2
//= type=test
//# A TCP endpoint MUST implement the basic congestion control algorithms slow
//# start, congestion avoidance, and exponential backoff of RTO to avoid
//# creating congestion collapse conditions (MUST-19).
//= https://www.rfc-editor.org/rfc/rfc5681#section-3.1
//= type=test
//# The slow start and congestion avoidance algorithms MUST be used by a TCP
//# sender to control the amount of outstanding data being injected into the
//# network.
//= https://www.rfc-editor.org/rfc/rfc5681#section-3.1
//= type=test
//# Furthermore, upon a timeout (as specified in [RFC2988]) cwnd MUST be set to
//# no more than the loss window, LW, which equals 1 full-sized segment
//# (regardless of the value of IW).
#[test]
fn after_a_timeout_slow_start_begins_again() {
    let mut peer = ten_in_flight(Setup::plain());
    peer.expect_after(200, data(1_000).seq(1));
    peer.expect_nothing();
    assert_eq!((peer.info().cwnd, peer.info().ssthresh), (1_000, 5_000));
    peer.send(ack().ack(1_001));
    peer.expect(data(1_000).seq(1_001));
    peer.expect(data(1_000).seq(2_001));
    peer.expect_nothing();
    // Everything else had arrived.
    peer.send(ack().ack(10_001));
    assert_eq!(peer.expect(data(1_000)).seq, 10_001);
}

/// RFC 5681 section 3.2 and RFC 3042: two duplicates let one new segment each go, the third sends
/// the lost one again.
//= https://www.rfc-editor.org/rfc/rfc5681#section-3.2
//= type=test
//# The TCP sender SHOULD use the "fast retransmit" algorithm to detect and
//# repair loss, based on incoming duplicate ACKs.
//= https://www.rfc-editor.org/rfc/rfc5681#section-3.2
//= type=test
//# 1. On the first and second duplicate ACKs received at a sender, a TCP SHOULD
//# send a segment of previously unsent data per [RFC3042] provided that the
//# receiver's advertised window allows, the total FlightSize would remain less
//# than or equal to cwnd plus 2*SMSS, and that new data is available for
//# transmission.
//= https://www.rfc-editor.org/rfc/rfc5681#section-3.2
//= type=test
//# Further, the TCP sender MUST NOT change cwnd to reflect these two segments
//# [RFC3042].
//= https://www.rfc-editor.org/rfc/rfc5681#section-3.2
//= type=test
//# 2. When the third duplicate ACK is received, a TCP MUST set ssthresh to no
//# more than the value given in equation (4).
//= https://www.rfc-editor.org/rfc/rfc5681#section-3.2
//= type=test
//# When [RFC3042] is in use, additional data sent in limited transmit MUST NOT
//# be included in this calculation.
//= https://www.rfc-editor.org/rfc/rfc5681#section-3.2
//= type=test
//# 3. The lost segment starting at SND.UNA MUST be retransmitted and cwnd set
//# to ssthresh plus 3*SMSS.
#[test]
fn the_third_duplicate_is_a_fast_retransmit_and_the_first_two_let_new_data_go() {
    let mut peer = ten_in_flight(Setup::plain());
    peer.send(ack().ack(1));
    peer.expect(data(1_000).seq(10_001));
    peer.expect_nothing();
    peer.send(ack().ack(1));
    peer.expect(data(1_000).seq(11_001));
    peer.expect_nothing();
    assert_eq!(peer.info().cwnd, 10_000);
    peer.send(ack().ack(1));
    peer.expect(data(1_000).seq(1));
    peer.expect_nothing();
    // Half of the ten; the two do not count.
    assert_eq!(peer.info().ssthresh, 5_000);
    assert_eq!(peer.info().timeouts, 0);
}

/// RFC 5681 section 3.2: behind the third, each duplicate stands for a segment that left. Twelve
/// less the lost one are too many for a window of five until seven are accounted for.
//= https://www.rfc-editor.org/rfc/rfc5681#section-3.2
//= type=test
//# 3. The lost segment starting at SND.UNA MUST be retransmitted and cwnd set
//# to ssthresh plus 3*SMSS.
//= https://www.rfc-editor.org/rfc/rfc5681#section-3.2
//= type=test
//# 4. For each additional duplicate ACK received (after the third), cwnd MUST
//# be incremented by SMSS.
//= https://www.rfc-editor.org/rfc/rfc5681#section-3.2
//= type=test
//# 5. When previously unsent data is available and the new value of cwnd and
//# the receiver's advertised window allow, a TCP SHOULD send 1*SMSS bytes of
//# previously unsent data.
//= https://www.rfc-editor.org/rfc/rfc5681#section-4.3
//= type=test
//# Second, until all lost segments in the window of data in question are
//# repaired, the number of segments transmitted in each RTT MUST be no more
//# than half the number of outstanding segments when the loss was detected.
#[test]
fn each_further_duplicate_lets_one_segment_go() {
    let mut peer = ten_in_flight(Setup::plain());
    for _ in 0..3 {
        peer.send(ack().ack(1));
    }
    assert_eq!(peer.take().last().map(|sent| sent.seq), Some(1));
    for _ in 4..=7 {
        peer.send(ack().ack(1));
        peer.expect_nothing();
    }
    for more in 0..3u32 {
        peer.send(ack().ack(1));
        peer.expect(data(1_000).seq(12_001 + 1_000 * more));
        peer.expect_nothing();
    }
}

/// RFC 5681 section 4.3: the loss of a retransmission is another loss.
//= https://www.rfc-editor.org/rfc/rfc5681#section-4.3
//= type=test
//# Loss in two successive windows of data, or the loss of a retransmission,
//# should be taken as two indications of congestion and, therefore, cwnd (and
//# ssthresh) MUST be lowered twice in this case.
#[test]
fn a_lost_retransmission_lowers_the_threshold_again() {
    let mut peer = ten_in_flight(Setup::plain());
    for _ in 0..3 {
        peer.send(ack().ack(1));
    }
    peer.take();
    assert_eq!((peer.info().cwnd, peer.info().ssthresh), (5_000, 5_000));
    peer.pass(203);
    assert_eq!(peer.take()[0].seq, 1);
    assert_eq!((peer.info().cwnd, peer.info().ssthresh), (1_000, 2_500));
}

/// RFC 6582: a partial acknowledgment sends the next hole at once, without three more duplicates;
/// a full one ends recovery with a window of ssthresh at most. T8.
//= https://www.rfc-editor.org/rfc/rfc5681#section-4.3
//= type=test
//# Finally, after all loss in the given window of segments has been
//# successfully retransmitted, cwnd MUST be set to no more than ssthresh and
//# congestion avoidance MUST be used to further increase cwnd.
#[test]
fn t8_a_partial_ack_fills_the_next_hole_at_once() {
    let mut peer = ten_in_flight(Setup::plain());
    for _ in 0..3 {
        peer.send(ack().ack(1));
    }
    peer.take();
    // Segments 1 and 5 were lost.
    peer.send(ack().ack(4_001));
    let sent = peer.take();
    assert_eq!(sent[0].seq, 4_001, "{sent:?}");
    assert!(sent[1..].iter().all(|segment| segment.seq >= 12_001));
    assert_eq!(peer.info().timeouts, 0);
    peer.send(ack().ack(12_001));
    let info = peer.info();
    assert!(info.cwnd <= info.ssthresh, "{info:?}");
    assert!(peer.take().iter().all(|segment| segment.seq >= 12_001));
}

/// D23: what carries data, a FIN, or another window is no duplicate.
#[test]
fn d23_window_updates_and_data_are_no_duplicates() {
    let mut peer = ten_in_flight(Setup::plain().window(10_000));
    for more in 1..=5 {
        peer.send(ack().ack(1).window(10_000 + more));
    }
    for _ in 0..5 {
        peer.send(data(10).ack(1).window(10_005));
    }
    peer.send(fin().ack(1).window(10_005));
    assert!(peer.take().iter().all(|segment| segment.seq != 1));
    assert_eq!(peer.info().retransmissions, 0);
}

/// K02: a thousand duplicates let go no more than is outstanding.
//= https://www.rfc-editor.org/rfc/rfc5681#section-3.2
//= type=test
//# A TCP MAY therefore limit the number of times cwnd is artificially inflated
//# during loss recovery to the number of outstanding segments (or, an
//# approximation thereof).
#[test]
fn k02_spoofed_duplicates_release_little() {
    let mut peer = ten_in_flight(Setup::plain());
    for _ in 0..1_000 {
        peer.send(ack().ack(1));
    }
    let sent = peer.take();
    assert!(sent.len() <= 13, "{} segments", sent.len());
}

/// K01: an ACK for each octet grows the window by an octet.
#[test]
fn k01_divided_acks_gain_nothing() {
    let mut peer = ten_in_flight(Setup::plain());
    for acked in 2..=1_001 {
        peer.send(ack().ack(acked));
    }
    assert_eq!(peer.info().cwnd, 11_000);
}

/// K03: acknowledgments of what was not sent yet are refused.
#[test]
fn k03_optimistic_acks_are_refused() {
    let mut peer = ten_in_flight(Setup::plain());
    peer.send(ack().ack(20_001));
    assert_eq!(peer.info().cwnd, 10_000);
    assert_eq!(peer.info().send_queue, 30_000);
}

/// D34, A091: only a FIN is in flight, and three duplicates come.
#[test]
fn a091_a_lost_fin_survives_duplicate_acks() {
    let mut peer = Peer::passive(Setup::plain());
    peer.shutdown();
    peer.expect(fin().seq(1));
    for _ in 0..3 {
        peer.send(ack().ack(1));
    }
    peer.expect(fin().seq(1));
    peer.expect_after(200, fin().seq(1));
    peer.expect_after(400, fin().seq(1));
    peer.send(ack().ack(2));
    assert_eq!(peer.state(), State::FinWait2);
}

/// S16: our FIN is lost in CLOSING; S31: LAST-ACK, with data and a window update.
#[test]
fn s16_s31_a_lost_fin_is_sent_again_in_closing_and_last_ack() {
    for state in [State::FinWait1, State::Closing, State::LastAck] {
        let mut peer = Peer::in_state(state, Setup::plain());
        peer.expect_after(200, fin().seq(1));
        peer.expect_after(400, fin().seq(1));
        assert_eq!(peer.state(), state);
    }
    let mut peer = Peer::passive(Setup::plain().window(1_000));
    peer.send(fin());
    peer.expect(ack());
    peer.write(2_000);
    peer.shutdown();
    peer.expect(data(1_000).seq(1));
    assert_eq!(peer.state(), State::LastAck);
    peer.send(ack().ack(1));
    peer.send(ack().ack(1).window(5_000));
    peer.expect(data(1_000).seq(1_001).with_fin());
    peer.send(ack());
    assert_eq!(peer.state(), State::Closed);
}

/// D21: what was reported by SACK is kept until it is acknowledged; after a timeout it goes again.
//= https://www.rfc-editor.org/rfc/rfc2018#section-5
//= type=test
//# The data sender MUST retransmit the segment at the left edge of the window
//# after a retransmit timeout, whether or not the SACKed bit is on for that
//# segment.
//= https://www.rfc-editor.org/rfc/rfc2018#section-5.1
//= type=test
//# Because the data receiver is allowed to discard SACKed data, when a
//# retransmit timeout occurs the data sender MUST ignore prior SACK information
//# in determining which data to retransmit.
//= https://www.rfc-editor.org/rfc/rfc2018#section-8
//= type=test
//# Since the data receiver may later discard data reported in a SACK option,
//# the sender MUST NOT discard data before it is acknowledged by the
//# Acknowledgment Number field in the TCP header.
#[test]
fn d21_a_peer_may_forget_what_it_reported() {
    let mut peer = ten_in_flight(Setup::sack());
    peer.send(ack().ack(1).sack(&[(1_001, 10_001)]));
    peer.take();
    peer.pass(203);
    assert_eq!(peer.take()[0].seq, 1);
    peer.send(ack().ack(1_001));
    assert_eq!(peer.take()[0].seq, 1_001, "it forgot");
}

/// D20: SACK blocks that cannot be.
#[test]
fn d20_impossible_sack_blocks_do_no_harm() {
    for blocks in [
        &[(5_001, 4_001)][..],
        &[(3_001, 3_001)],
        &[(20_001, 30_001)],
        &[(1, 1_001)],
        &[
            (8_001, 9_001),
            (6_001, 7_001),
            (4_001, 5_001),
            (2_001, 3_001),
        ],
        &[(2_001, 9_001), (3_001, 4_001), (3_001, 9_500), (1, 20)],
        &[(0x8000_0000, 0x8000_0100)],
    ] {
        let mut peer = ten_in_flight(Setup::sack());
        for _ in 0..4 {
            peer.send(ack().ack(1).sack(blocks));
        }
        peer.take();
        peer.send(ack());
        peer.pass(1);
        assert_eq!(peer.state(), State::Established);
        assert!(peer.info().send_queue <= 20_000);
    }
}

/// D30: back-off saturates; R2 as far away as it goes.
#[test]
fn d30_back_off_saturates() {
    let setup = Setup::plain().config(Config::new().retries(100, 255));
    let mut peer = Peer::passive(setup);
    peer.write(1);
    for _ in 0..255 {
        let (ms, _) = peer.next_deadline_ms().expect("U4");
        assert!(ms <= 60_002);
        peer.pass(ms + 1);
    }
    assert_eq!(peer.state(), State::Established);
    peer.pass(61_000);
    assert_eq!(peer.state(), State::Closed);
}

/// D29: time that goes back or jumps a month.
#[test]
fn d29_time_that_jumps_does_no_harm() {
    let mut peer = ten_in_flight(Setup::full());
    let then = peer.now;
    peer.now = tcp_core::Instant::from_micros(then.as_micros() - 900_000_000);
    peer.run();
    peer.send(ack().ack(1_001));
    peer.now = then;
    peer.pass(30 * 86_400_000);
    assert_eq!(peer.state(), State::Closed);
}
