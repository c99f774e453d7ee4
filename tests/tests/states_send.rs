//! The sending side on a clean path: Nagle, silly windows, PSH, urgent data, the initial window,
//! shut windows, and the fields of the IP header.

use tcp_core::{CloseReason, Config, Events, Priority, State, Switch, Timer};
use tcp_tests::peer::{Peer, Setup, ack, data, fin, rst_ack, syn, syn_ack};

const HOUR_MS: u64 = 3_600_000;

fn no_nagle() -> Setup {
    Setup::plain().config(Config::new().nagle(Switch::Off))
}

//= https://www.rfc-editor.org/rfc/rfc9293#section-3.7.4
//= type=test
//# A TCP implementation SHOULD implement the Nagle algorithm to coalesce short
//# segments (SHLD-7).
//= https://www.rfc-editor.org/rfc/rfc9293#section-3.9.1.2
//= type=test
//# The transmitter SHOULD collapse successive bits when it packetizes data, to
//# send the largest possible segment (SHLD-27).
//= https://www.rfc-editor.org/rfc/rfc9293#section-3.9.1.2
//= type=test
//# When an application issues a series of SEND calls without setting the PUSH
//# flag, the TCP implementation MAY aggregate the data internally without
//# sending it (MAY-16).
#[test]
fn nagle_holds_back_what_is_small_while_something_is_unacknowledged() {
    let mut peer = Peer::passive(Setup::plain());
    peer.write(10);
    peer.expect(data(10).seq(1).psh());
    peer.write(10);
    peer.write(10);
    peer.expect_nothing();
    peer.send(ack());
    peer.expect(data(20).seq(11).psh());
    peer.write(1_050);
    peer.expect(data(1_000).seq(31));
    peer.expect_nothing();
    peer.send(ack());
    peer.expect(data(50).seq(1_031).psh());
}

/// RFC 9293 appendix A.3: only a segment that is small itself is waited for.
#[test]
fn the_end_of_a_large_write_does_not_wait_for_its_beginning() {
    let mut peer = Peer::passive(Setup::plain());
    peer.write(2_500);
    peer.expect(data(1_000).seq(1));
    peer.expect(data(1_000).seq(1_001));
    peer.expect(data(500).seq(2_001).psh());
    peer.write(10);
    peer.expect_nothing();
    peer.send(ack());
    peer.expect(data(10).seq(2_501).psh());
}

//= https://www.rfc-editor.org/rfc/rfc9293#section-3.7.4
//= type=test
//# However, there MUST be a way for an application to disable the Nagle
//# algorithm on an individual connection (MUST-17).
#[test]
fn without_nagle_each_write_leaves_at_once() {
    let mut peer = Peer::passive(no_nagle());
    for sent in 0..5u32 {
        peer.write(10);
        peer.expect(data(10).seq(1 + 10 * sent).psh());
    }
}

/// Switched off while something waits: it leaves.
//= https://www.rfc-editor.org/rfc/rfc9293#section-3.7.4
//= type=test
//# However, there MUST be a way for an application to disable the Nagle
//# algorithm on an individual connection (MUST-17).
#[test]
fn switching_nagle_off_lets_go_of_what_waits() {
    let mut peer = Peer::passive(Setup::plain());
    peer.write(10).write(10);
    peer.expect(data(10));
    peer.expect_nothing();
    peer.set_config(Config::new().nagle(Switch::Off));
    peer.expect(data(10).seq(11));
}

#[test]
fn a_fin_does_not_wait_for_nagle() {
    let mut peer = Peer::passive(Setup::plain());
    peer.write(10).write(10);
    peer.shutdown();
    peer.expect(data(10).seq(1));
    peer.expect(data(10).seq(11).with_fin());
}

/// RFC 9293 MUST-61: PSH where nothing is queued behind.
//= https://www.rfc-editor.org/rfc/rfc9293#section-3.9.1.2
//= type=test
//# However, a TCP implementation SHOULD send a maximum-sized segment whenever
//# possible (SHLD-28) to improve performance (see Section 3.8.6.2.1).
//= https://www.rfc-editor.org/rfc/rfc9293#section-3.9.1.2
//= type=test
//# If PUSH flags are not implemented, then the sending TCP peer: (1) MUST NOT
//# buffer data indefinitely (MUST-60), and (2) MUST set the PSH bit in the last
//# buffered segment (i.e., when there is no more queued data to be sent)
//# (MUST-61).
#[test]
fn psh_stands_on_the_last_segment_only() {
    let mut peer = Peer::passive(Setup::plain());
    peer.write(2_500);
    for (length, pushed) in [(1_000, false), (1_000, false)] {
        let got = peer.expect(data(length));
        assert_eq!(got.has(tcp_tests::packet::PSH), pushed);
    }
    peer.send(ack());
    peer.expect(data(500).psh());
}

/// RFC 6928: ten segments, then as many as acknowledged and one more for each acknowledged one.
//= https://www.rfc-editor.org/rfc/rfc5681#section-2
//= type=test
//# At any given time, a TCP MUST NOT send data with a sequence number higher
//# than the sum of the highest acknowledged sequence number and the minimum of
//# cwnd and rwnd.
//= https://www.rfc-editor.org/rfc/rfc5681#section-3.1
//= type=test
//# As specified in [RFC3390], the SYN/ACK and the acknowledgment of the SYN/ACK
//# MUST NOT increase the size of the congestion window.
#[test]
fn the_initial_window_is_ten_segments() {
    let mut peer = Peer::passive(Setup::plain());
    peer.write(30_000);
    for sent in 0..10u32 {
        peer.expect(data(1_000).seq(1 + 1_000 * sent));
    }
    peer.expect_nothing();
    assert_eq!(peer.info().cwnd, 10_000);
    peer.send(ack().ack(1_001));
    peer.expect(data(1_000).seq(10_001));
    peer.expect(data(1_000).seq(11_001));
    peer.expect_nothing();
}

/// RFC 5681 section 3.1: after a lost SYN the window is one segment, the timeout 3 s (RFC 6298).
//= https://www.rfc-editor.org/rfc/rfc6298#section-5
//= type=test
//# (5.7) If the timer expires awaiting the ACK of a SYN segment and the TCP
//# implementation is using an RTO less than 3 seconds, the RTO MUST be
//# re-initialized to 3 seconds when data transmission begins (i.e., after the
//# three-way handshake completes).
//= https://www.rfc-editor.org/rfc/rfc5681#section-3.1
//= type=test
//# Further, if the SYN or SYN/ACK is lost, the initial window used by a sender
//# after a correctly transmitted SYN MUST be one segment consisting of at most
//# SMSS bytes.
#[test]
fn after_a_lost_syn_the_window_is_one_segment_and_the_timeout_three_seconds() {
    let mut peer = Peer::connecting(Setup::plain());
    peer.expect_after(1_000, syn().seq(0));
    let answer = peer.answer_to_syn();
    peer.send(answer);
    peer.expect(ack());
    peer.write(5_000);
    peer.expect(data(1_000).seq(1));
    peer.expect_nothing();
    peer.expect_after(3_000, data(1_000).seq(1));
}

/// RFC 5681 section 4.1: after a pause longer than the timeout, the initial window again.
//= https://www.rfc-editor.org/rfc/rfc5681#section-4.1
//= type=test
//# Therefore, a TCP SHOULD set cwnd to no more than RW before beginning
//# transmission if the TCP has not sent data in an interval exceeding the
//# retransmission timeout.
#[test]
fn after_a_pause_the_window_is_the_initial_one() {
    let mut peer = Peer::passive(Setup::plain().rings(65_535));
    for _ in 0..8 {
        peer.write(20_000);
        while peer.info().send_queue > 0 {
            peer.take();
            peer.send(ack());
        }
    }
    peer.take();
    assert!(peer.info().cwnd >= 20_000, "{}", peer.info().cwnd);
    peer.write(20_000);
    assert_eq!(peer.take().len(), 20);
    peer.send(ack());
    peer.pass(150);
    peer.write(20_000);
    assert_eq!(peer.take().len(), 20, "a short pause changes nothing");
    peer.send(ack());
    peer.pass(1_000);
    peer.write(20_000);
    assert_eq!(peer.take().len(), 10);
}

/// MUST-38, RFC 9293 section 3.8.6.2.1: a small window is not filled by a small segment, until the
/// override timer lets it.
//= https://www.rfc-editor.org/rfc/rfc9293#section-3.8.6.2.1
//= type=test
//# A TCP implementation MUST include a SWS avoidance algorithm in the sender
//# (MUST-38).
#[test]
fn a_small_window_is_used_only_after_the_override() {
    let mut peer = Peer::passive(Setup::plain());
    peer.send(ack().window(10));
    peer.write(1_000);
    peer.expect_nothing();
    assert!(matches!(
        peer.next_deadline_ms(),
        Some((100..=1_000, Timer::Persist))
    ));
    peer.pass(1_000);
    let got = peer.take();
    assert_eq!(got[0].payload.len(), 10);
    assert_eq!(got[0].seq, 1);
}

/// ... but half of the largest window ever seen is worth a segment.
#[test]
fn half_of_the_largest_window_is_worth_a_segment() {
    let mut peer = Peer::passive(Setup::plain().window(600));
    peer.write(1_000);
    peer.expect(data(600).seq(1));
    peer.window = 300;
    peer.send(ack());
    peer.expect(data(300).seq(601));
}

/// RFC 9293 section 3.8.6.1: probed after the timeout, then ever more slowly; it may go on for
/// ever (MUST-37).
//= https://www.rfc-editor.org/rfc/rfc9293#section-3.8.6.1
//= type=test
//# Probing of zero (offered) windows MUST be supported (MUST-36).
//= https://www.rfc-editor.org/rfc/rfc9293#section-3.8.6.1
//= type=test
//# As long as the receiving TCP peer continues to send acknowledgments in
//# response to the probe segments, the sending TCP peer MUST allow the
//# connection to stay open (MUST-37).
//= https://www.rfc-editor.org/rfc/rfc9293#section-3.8.6.1
//= type=test
//# The transmitting host SHOULD send the first zero-window probe when a zero
//# window has existed for the retransmission timeout period (SHLD-29) (Section
//# 3.8.1), and SHOULD increase exponentially the interval between successive
//# probes (SHLD-30).
#[test]
fn a_shut_window_is_probed_with_back_off_for_hours() {
    let mut peer = Peer::passive(Setup::plain().window(0));
    peer.write(100);
    peer.expect_nothing();
    peer.expect_after(200, data(1).seq(1));
    peer.send(ack().ack(1));
    let mut wait = 200;
    for _ in 0..60 {
        peer.expect_after(wait, data(1).seq(1));
        peer.send(ack().ack(1));
        wait = (2 * wait).min(60_000);
    }
    assert_eq!(peer.state(), State::Established);
    peer.window = 65_535;
    peer.send(ack().ack(1));
    // The probe's octet goes again, for it was refused; the rest follows its ACK (Nagle).
    peer.expect(data(1).seq(1));
    peer.send(ack().ack(2));
    peer.expect(data(99).seq(2).psh());
    peer.send(ack().ack(101));
    assert_eq!(peer.info().send_queue, 0);
    peer.pass(HOUR_MS);
    peer.expect_nothing();
}

/// A probe octet that was taken counts; the next stands behind it.
#[test]
fn a_probe_that_is_taken_moves_on() {
    let mut peer = Peer::passive(Setup::plain().window(0));
    peer.write(100);
    peer.expect_after(200, data(1).seq(1));
    peer.send(ack().ack(2));
    peer.expect_after(200, data(1).seq(2));
    peer.window = 1_000;
    peer.send(ack().ack(3));
    peer.expect(data(98).seq(3).psh());
}

/// A peer that shut its window and died is given up by R2.
#[test]
fn a_shut_window_without_answers_is_given_up() {
    let mut peer = Peer::passive(Setup::plain().window(0));
    peer.write(100);
    peer.pass(HOUR_MS);
    assert_eq!(peer.state(), State::Closed);
    assert_eq!(
        peer.reason(),
        Some(CloseReason::TimedOut(Timer::Retransmission))
    );
}

/// ... and one that answers is given up by the user timeout, if there is one (D13).
#[test]
fn d13_the_user_timeout_ends_a_shut_window() {
    let config = Config::new().user_timeout_ms(Some(30_000));
    let mut peer = Peer::passive(Setup::plain().window(0).config(config));
    peer.write(100);
    while peer.state() == State::Established {
        let (ms, _) = peer.next_deadline_ms().expect("U4");
        peer.pass(ms + 1);
        let probed = peer.state() == State::Established && !peer.take().is_empty();
        if probed {
            peer.send(ack().ack(1));
        }
    }
    peer.expect(rst_ack().seq(2));
    assert_eq!(
        peer.reason(),
        Some(CloseReason::TimedOut(Timer::UserTimeout))
    );
    let passed = (peer.now - Setup::plain().start).as_micros() / 1_000;
    assert!((30_000..31_000).contains(&passed), "{passed} ms");
}

/// A090: the window shrank to nothing with data in flight, and the ACK that opened it was lost.
//= https://www.rfc-editor.org/rfc/rfc9293#section-3.8.6
//= type=test
//# If the window shrinks to zero, the TCP implementation MUST probe it in the
//# standard way (described below) (MUST-35).
#[test]
fn a090_a_lost_window_update_does_not_stall() {
    let mut peer = Peer::passive(Setup::plain());
    peer.write(3_000);
    assert_eq!(peer.take().len(), 3);
    peer.window = 0;
    peer.send(ack().ack(1_001));
    peer.expect_nothing();
    // Its reader reads; the update is lost. The next thing that we send finds the window open.
    peer.window = 65_535;
    peer.pass(1_000);
    let probe = peer.take();
    assert!(!probe.is_empty(), "a stall");
    assert_eq!(probe[0].seq, 1_001);
    peer.send(ack().ack(1_001));
    peer.pass(1_000);
    peer.rcv = 3_001;
    peer.take();
    peer.send(ack().ack(3_001));
    assert_eq!(peer.info().send_queue, 0);
}

/// D09, MUST-34: the peer takes its window back below what is in flight.
//= https://www.rfc-editor.org/rfc/rfc9293#section-3.8.6
//= type=test
//# However, a sending TCP peer MUST be robust against window shrinking, which
//# may cause the "usable window" (see Section 3.8.6.2.1) to become negative
//# (MUST-34).
//= https://www.rfc-editor.org/rfc/rfc9293#section-3.8.6
//= type=test
//# If this happens, the sender SHOULD NOT send new data (SHLD-15), but SHOULD
//# retransmit normally the old unacknowledged data between SND.UNA and
//# SND.UNA+SND.WND (SHLD-16).
//= https://www.rfc-editor.org/rfc/rfc7323#section-2.4
//= type=test
//# 5) Subsequent retransmissions MAY only be sent if they are within the window
//# announced by the most recent <ACK>.
#[test]
fn d09_a_window_that_shrinks_below_what_is_in_flight() {
    let mut peer = Peer::passive(Setup::plain());
    peer.write(10_000);
    assert_eq!(peer.take().len(), 10);
    peer.write(10_000);
    peer.send(ack().ack(1_001).window(500));
    peer.expect_nothing();
    peer.send(ack().ack(10_001).window(500));
    peer.pass(2_000);
    let first = &peer.take()[0];
    assert_eq!((first.seq, first.payload.len()), (10_001, 500));
}

/// D22: an old segment with an old, larger window does not change it (SND.WL1, SND.WL2).
#[test]
fn d22_an_old_window_does_not_count() {
    let mut peer = Peer::passive(Setup::plain());
    peer.send(data(10).window(5_000));
    peer.send(data(10).window(4_000));
    peer.send(ack().seq(11).window(9_000));
    assert_eq!(peer.info().snd_wnd, 4_000);
    peer.send(data(10).seq(11).window(9_000));
    assert_eq!(peer.info().snd_wnd, 4_000);
    peer.send(ack().window(3_000));
    assert_eq!(peer.info().snd_wnd, 3_000);
}

/// Nothing beyond the window leaves (U7), whatever the congestion window says.
//= https://www.rfc-editor.org/rfc/rfc5681#section-2
//= type=test
//# At any given time, a TCP MUST NOT send data with a sequence number higher
//# than the sum of the highest acknowledged sequence number and the minimum of
//# cwnd and rwnd.
//= https://www.rfc-editor.org/rfc/rfc7323#section-2.4
//= type=test
//# 3) The initial transmission MUST be within the window announced by the most
//# recent <ACK>.
#[test]
fn nothing_leaves_beyond_the_peers_window() {
    let mut peer = Peer::passive(no_nagle().window(2_500));
    peer.write(10_000);
    peer.expect(data(1_000).seq(1));
    peer.expect(data(1_000).seq(1_001));
    // The last 500 are held back: they are neither a segment nor half of the window.
    peer.expect_nothing();
    peer.send(ack());
    peer.expect(data(1_000).seq(2_001));
    peer.expect(data(1_000).seq(3_001));
}

/// RFC 9293 section 3.8.5: the urgent pointer stands behind the urgent data, in each segment
/// before it.
//= https://www.rfc-editor.org/rfc/rfc9293#section-3.8.5
//= type=test
//# However, TCP implementations MUST still include support for the urgent
//# mechanism (MUST-30).
//= https://www.rfc-editor.org/rfc/rfc9293#section-3.8.5
//= type=test
//# The urgent pointer MUST point to the sequence number of the octet following
//# the urgent data (MUST-62).
#[test]
fn urgent_data_is_pointed_at() {
    let mut peer = Peer::passive(no_nagle());
    peer.send(ack().window(500));
    peer.write(700);
    let handle = peer.handle();
    peer.stack
        .mark_urgent(peer.now, handle)
        .expect("it is open");
    peer.write(400);
    peer.take();
    peer.window = 65_535;
    peer.send(ack().ack(1));
    peer.expect(data(1_000).seq(1).urgent(700));
    let behind = peer.expect(data(100).seq(1_001));
    assert!(!behind.has(tcp_tests::packet::URG), "{behind}");
    peer.send(ack().ack(1_101));
    peer.write(10);
    peer.expect(data(10).seq(1_101));
}

/// RFC 9293 MUST-48, MUST-49: diffserv and TTL can be set, and changed while it runs.
//= https://www.rfc-editor.org/rfc/rfc9293#section-3.9.1.9
//= type=test
//# The application layer MUST be able to specify the Differentiated Services
//# field for segments that are sent on a connection (MUST-48).
//= https://www.rfc-editor.org/rfc/rfc9293#section-3.9.2
//= type=test
//# Time to Live (TTL): The TTL value used to send TCP segments MUST be
//# configurable (MUST-49).
//= https://www.rfc-editor.org/rfc/rfc9293#section-3.9.1.9
//= type=test
//# It is not required, but the application SHOULD be able to change the
//# Differentiated Services field during the connection lifetime (SHLD-21).
//= https://www.rfc-editor.org/rfc/rfc9293#section-3.9.1.9
//= type=test
//# TCP implementations SHOULD pass the current Differentiated Services field
//# value without change to the IP layer, when it sends segments on the
//# connection (SHLD-22).
#[test]
fn diffserv_and_ttl_are_those_of_the_connection() {
    let config = Config::new().diffserv(46).hop_limit(7);
    for setup in [Setup::plain(), Setup::plain().v6()] {
        let mut peer = Peer::listening(setup.config(config));
        peer.send(syn());
        peer.expect(syn_ack().class(46 << 2).hops(7));
        peer.send(ack());
        peer.accept();
        peer.write(10);
        peer.expect(data(10).class(46 << 2).hops(7));
        peer.set_config(Config::new().diffserv(8).hop_limit(200));
        peer.send(data(10).seq(20));
        peer.expect(ack().class(8 << 2).hops(200));
        peer.shutdown();
        peer.expect(fin().class(8 << 2).hops(200));
    }
}

/// The user hears when there is room again.
#[test]
fn a_full_send_ring_tells_when_there_is_room() {
    let mut peer = Peer::passive(Setup::plain().rings(5_000));
    assert_eq!(peer.try_write(6_000), Ok(5_000));
    assert_eq!(peer.try_write(10), Ok(0));
    peer.events();
    peer.send(ack().ack(1_001));
    assert!(peer.events().contains(Events::WRITABLE));
    assert_eq!(peer.try_write(6_000), Ok(1_000));
}

/// Another priority changes nothing about one connection.
#[test]
fn priority_is_no_part_of_the_conversation() {
    let config = Config::new().priority(Priority::High);
    let mut peer = Peer::passive(Setup::plain().config(config));
    peer.write(10);
    peer.expect(data(10).seq(1));
    peer.abort();
    peer.expect(rst_ack().seq(11));
}
