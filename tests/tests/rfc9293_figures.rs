//! Figures 5 to 13 of RFC 9293, segment by segment, with the numbers of the figures.
//!
//! Each figure has two ends. Each end is played by the stack in turn, and the other one by hand, so
//! that every line of a figure is once sent and once received by the stack.

use tcp_core::{CloseReason, Dropped, Duration, Events, Instant, State};
use tcp_tests::peer::{Peer, Setup, ack, data, fin, rst, syn, syn_ack};

/// Our SYN is called `ours`, the stack's `stacks`.
fn numbered(ours: u32, stacks: u32) -> Setup {
    Setup {
        bases: (ours, stacks),
        ..Setup::plain()
    }
}

/// ESTABLISHED, where we send `ours` next and the stack sends `stacks`.
fn established(ours: u32, stacks: u32) -> Peer {
    Peer::passive(numbered(ours - 1, stacks - 1))
}

#[test]
fn figure_6_basic_three_way_handshake_at_a() {
    let mut b = Peer::new(numbered(300, 100));
    assert_eq!(b.state(), State::Closed);
    b.connect();
    b.expect(syn().seq(100));
    assert_eq!(b.state(), State::SynSent);
    b.send(syn_ack().seq(300).ack(101));
    assert_eq!(b.state(), State::Established);
    b.expect(ack().seq(101).ack(301));
    b.write(10);
    b.expect(data(10).seq(101).ack(301));
    assert!(b.events().contains(Events::CONNECTED));
}

#[test]
fn figure_6_basic_three_way_handshake_at_b() {
    let mut a = Peer::listening(numbered(100, 300));
    assert_eq!(a.state(), State::Listen);
    a.send(syn());
    a.expect(syn_ack().seq(300).ack(101));
    assert_eq!(a.state(), State::SynReceived);
    a.send(ack().seq(101).ack(301));
    a.expect_nothing();
    assert_eq!(a.state(), State::Established);
    a.accept();
    a.send(data(10).seq(101).ack(301));
    assert_eq!(a.read(100), Ok(10));
}

//= https://www.rfc-editor.org/rfc/rfc9293#section-3.5
//= type=test
//# A TCP implementation MUST support simultaneous open attempts (MUST-10).
#[test]
fn figure_7_simultaneous_open_at_a() {
    let mut b = Peer::connecting(numbered(300, 100));
    assert_eq!(b.state(), State::SynSent);
    b.send(syn().seq(300));
    assert_eq!(b.state(), State::SynReceived);
    b.expect(syn_ack().seq(100).ack(301));
    b.send(syn_ack().seq(300).ack(101));
    assert_eq!(b.state(), State::Established);
    assert!(b.events().contains(Events::CONNECTED));
    b.take();
    b.write(1);
    b.expect(data(1).seq(101).ack(301));
}

/// B's SYN was sent before A's arrived; then A's SYN comes again with an acknowledgment.
#[test]
fn figure_7_simultaneous_open_at_b() {
    let mut a = Peer::connecting(numbered(100, 300));
    a.send(syn().seq(100));
    a.expect(syn_ack().seq(300).ack(101));
    a.send(syn_ack().seq(100).ack(301));
    assert_eq!(a.state(), State::Established);
    a.take();
    a.send(data(5).seq(101).ack(301));
    assert_eq!(a.read(9), Ok(5));
}

/// The first SYN is acknowledged by a bare ACK instead of a repeated SYN: that opens as well.
#[test]
fn figure_7_a_bare_acknowledgment_completes_a_simultaneous_open() {
    let mut a = Peer::crossed(numbered(100, 300));
    a.send(ack().seq(101).ack(301));
    assert_eq!(a.state(), State::Established);
    a.expect_nothing();
}

/// Why the handshake is three-way: B cannot know that a SYN is old; A can.
#[test]
fn figure_8_old_duplicate_syn_at_b() {
    let mut a = Peer::listening(numbered(90, 300));
    a.send(syn().seq(90));
    a.expect(syn_ack().seq(300).ack(91));
    assert_eq!(a.state(), State::SynReceived);
    a.send(rst().seq(91));
    assert_eq!(a.state(), State::Listen);
    a.expect_nothing();
    // The original SYN, ten further on; B's next ISS is another.
    a.pass(10);
    a.send(syn().seq(100));
    a.expect(syn_ack().seq(300).ack(101));
    assert_eq!(a.state(), State::SynReceived);
    a.send(ack().seq(101).ack(301));
    assert_eq!(a.state(), State::Established);
    assert!(a.try_accept());
}

#[test]
fn figure_8_old_duplicate_syn_at_a() {
    let mut b = Peer::connecting(numbered(300, 100));
    b.send(syn_ack().seq(300).ack(91));
    b.expect(rst().seq(91));
    assert_eq!(b.state(), State::SynSent);
    b.send(syn_ack().seq(400).ack(101));
    assert_eq!(b.state(), State::Established);
    b.expect(ack().seq(101).ack(401));
}

#[test]
fn figure_9_half_open_connection_discovery_at_b() {
    let mut a = established(100, 300);
    a.send(syn().seq(400));
    a.expect(ack().seq(300).ack(100));
    assert_eq!(a.verdict, Err(Dropped::SynChallenged));
    assert_eq!(a.state(), State::Established);
    a.send(rst().seq(100));
    assert_eq!(a.state(), State::Closed);
    assert_eq!(a.reason(), Some(CloseReason::Reset));
    a.expect_nothing();
    // What is left is figure 6; the next ISS is another as soon as its clock has moved.
    a.pass(1);
    a.send(syn().seq(400));
    a.expect(syn_ack().ack(401));
}

#[test]
fn figure_9_half_open_connection_discovery_at_a() {
    let mut b = Peer::connecting(numbered(299, 400));
    b.send(ack().seq(300).ack(100));
    b.expect(rst().seq(100));
    assert_eq!(b.state(), State::SynSent);
    b.expect_after(1_000, syn().seq(400));
    b.send(syn_ack().seq(300).ack(401));
    b.expect(ack().seq(401).ack(301));
    assert_eq!(b.state(), State::Established);
}

#[test]
fn figure_10_active_side_causes_half_open_discovery_at_a() {
    let mut b = Peer::new(numbered(299, 99));
    b.send(data(10).seq(300).ack(100));
    b.expect(rst().seq(100));
    assert_eq!(b.state(), State::Closed);
}

#[test]
fn figure_10_active_side_causes_half_open_discovery_at_b() {
    let mut a = established(100, 300);
    a.write(10);
    a.expect(data(10).seq(300).ack(100));
    a.send(rst().seq(100));
    assert_eq!(a.state(), State::Closed);
    assert_eq!(a.reason(), Some(CloseReason::Reset));
    assert!(a.events().contains(Events::CLOSED));
}

#[test]
fn figure_11_old_duplicate_syn_between_two_passive_ends_at_b() {
    let mut a = Peer::listening(numbered(700, 300));
    a.send(syn().seq(700));
    a.expect(syn_ack().seq(300).ack(701));
    a.send(rst().seq(701));
    assert_eq!(a.state(), State::Listen);
    a.expect_nothing();
    assert!(!a.try_accept());
    a.check_memory();
}

#[test]
fn figure_11_old_duplicate_syn_between_two_passive_ends_at_a() {
    let mut b = Peer::listening(numbered(300, 700));
    b.send(syn_ack().seq(300).ack(701));
    b.expect(rst().seq(701));
    assert_eq!(b.state(), State::Listen);
    b.check_memory();
}

#[test]
fn figure_12_normal_close_at_a() {
    let mut b = established(300, 100);
    b.shutdown();
    b.expect(fin().seq(100).ack(300));
    assert_eq!(b.state(), State::FinWait1);
    b.send(ack().seq(300).ack(101));
    assert_eq!(b.state(), State::FinWait2);
    b.send(fin().seq(300).ack(101));
    assert_eq!(b.state(), State::TimeWait);
    b.expect(ack().seq(101).ack(301));
    assert!(b.is_finished());
    b.pass(59_900);
    assert_eq!(b.state(), State::TimeWait);
    b.pass(200);
    assert_eq!(b.state(), State::Closed);
    assert_eq!(b.reason(), Some(CloseReason::Finished));
    b.check_memory();
}

#[test]
fn figure_12_normal_close_at_b() {
    let mut a = established(100, 300);
    a.send(fin().seq(100).ack(300));
    assert_eq!(a.state(), State::CloseWait);
    a.expect(ack().seq(300).ack(101));
    assert!(a.events().contains(Events::FINISHED));
    a.shutdown();
    a.expect(fin().seq(300).ack(101));
    assert_eq!(a.state(), State::LastAck);
    a.send(ack().seq(101).ack(301));
    assert_eq!(a.state(), State::Closed);
    assert_eq!(a.reason(), Some(CloseReason::Finished));
    a.expect_nothing();
    a.check_memory();
}

/// Both ends of the figure are the same.
#[test]
fn figure_13_simultaneous_close() {
    let mut b = established(300, 100);
    b.shutdown();
    b.expect(fin().seq(100).ack(300));
    assert_eq!(b.state(), State::FinWait1);
    b.send(fin().seq(300).ack(100));
    assert_eq!(b.state(), State::Closing);
    b.expect(ack().seq(101).ack(301));
    b.send(ack().seq(301).ack(101));
    assert_eq!(b.state(), State::TimeWait);
    b.expect_nothing();
    b.pass(60_100);
    assert_eq!(b.state(), State::Closed);
    b.check_memory();
}

/// Note 3 of figure 5: FIN-WAIT-1 to TIME-WAIT at once, when the FIN brings the ACK of ours.
#[test]
fn figure_5_fin_wait_1_to_time_wait() {
    let mut b = established(300, 100);
    b.shutdown();
    b.expect(fin());
    b.send(fin().ack(101));
    b.expect(ack().seq(101).ack(301));
    assert_eq!(b.state(), State::TimeWait);
}

/// CLOSED to LISTEN by passive OPEN, and back by CLOSE.
#[test]
fn figure_5_closed_listen_closed() {
    let mut stack = Peer::new(Setup::plain());
    stack.send(syn());
    stack.expect(tcp_tests::peer::rst_ack().seq(0).ack(1));
    let listening = Peer::listening(Setup::plain());
    assert_eq!(listening.state(), State::Listen);
    let mut closed = listening;
    closed.unlisten();
    assert_eq!(closed.state(), State::Closed);
    closed.send(syn().seq(0));
    closed.expect(tcp_tests::peer::rst_ack().seq(0).ack(1));
}

/// SYN-SENT to CLOSED by CLOSE: nothing is sent, nothing is left.
#[test]
fn figure_5_syn_sent_to_closed() {
    let mut b = Peer::connecting(Setup::plain());
    b.shutdown();
    assert_eq!(b.state(), State::Closed);
    b.expect_nothing();
    b.check_memory();
    b.send(syn_ack().ack(1));
    b.expect(rst().seq(1));
}

/// SYN-RECEIVED to LISTEN by RST (note 1): passive. An active open is refused instead.
//= https://www.rfc-editor.org/rfc/rfc9293#section-3.5
//= type=test
//# Note that a TCP implementation MUST keep track of whether a connection has
//# reached SYN-RECEIVED state as the result of a passive OPEN or an active OPEN
//# (MUST-11).
#[test]
fn figure_5_syn_received_to_listen_or_closed() {
    let mut passive = Peer::in_state(State::SynReceived, Setup::plain());
    passive.send(rst().seq(1));
    assert_eq!(passive.state(), State::Listen);
    let mut active = Peer::crossed(Setup::plain());
    active.send(rst().seq(1));
    assert_eq!(active.state(), State::Closed);
    assert_eq!(active.reason(), Some(CloseReason::Refused));
}

/// SYN-RECEIVED to FIN-WAIT-1 by CLOSE: the FIN follows once our SYN is acknowledged.
#[test]
fn figure_5_syn_received_to_fin_wait_1() {
    let mut a = Peer::crossed(Setup::plain());
    a.shutdown();
    a.send(ack().seq(1).ack(1));
    assert_eq!(a.state(), State::FinWait1);
    a.expect(fin().seq(1).ack(1));
}

/// CLOSED, by the stack's own end of 2 MSL, takes no more than 2 MSL and no less.
//= https://www.rfc-editor.org/rfc/rfc9293#section-3.6.1
//= type=test
//# When a connection is closed actively, it MUST linger in the TIME-WAIT state
//# for a time 2xMSL (Maximum Segment Lifetime) (MUST-13).
#[test]
fn figure_5_time_wait_to_closed_takes_two_msl() {
    let mut b = Peer::in_state(State::TimeWait, Setup::plain());
    let entered = b.now;
    let until: Instant = entered + Duration::from_millis(61_000);
    while b.row() == Some(State::TimeWait) {
        let (due, _) = b.stack.next_deadline().expect("U4");
        assert!(due <= until);
        b.pass_until(due);
    }
    let waited = (b.now - entered).as_micros();
    assert!((60_000_000..60_010_000).contains(&waited), "{waited} us");
}
