//! Defects that were found in another stack by running it, each as a test that this one passes.
//!
//! Those that belong to a topic stand with it, under their own names; all of them are listed in
//! `catalogue/defects.txt`, and the rules of the house check that none is without its test.

use std::net::SocketAddr;

use tcp_core::{CloseReason, Dropped, State};
use tcp_tests::packet::{ACK, SYN, Segment};
use tcp_tests::peer::{Peer, Setup, ack, data, fin, rst, rst_ack, syn, syn_ack};

/// The peer rebooted and opens again with the same ports: a challenge, its reset, and the next SYN
/// goes through.
#[test]
fn t1_a_peer_that_rebooted_can_open_again() {
    let mut peer = Peer::passive(Setup::plain());
    peer.write(100);
    peer.expect(data(100));
    peer.send(syn().mss(1_000).seq(7_000_000));
    peer.expect(ack().seq(101).ack(1));
    peer.send(rst().seq(1));
    assert_eq!(peer.reason(), Some(CloseReason::Reset));
    peer.handle = None;
    peer.pass(1_000);
    peer.send(syn().mss(1_000).seq(7_000_000));
    peer.expect(syn_ack().ack(7_000_001));
    peer.send(ack().seq(7_000_001));
    peer.accept();
    assert_eq!(peer.state(), State::Established);
}

#[test]
fn t2_a_reset_in_the_window_with_a_wrong_number_does_not_close() {
    let mut peer = Peer::passive(Setup::plain());
    for seq in [2, 1_000, 65_535] {
        peer.pass(1_000);
        peer.send(rst().seq(seq));
        peer.expect(ack().seq(1).ack(1));
        assert_eq!(peer.verdict, Err(Dropped::RstChallenged));
    }
    assert_eq!(peer.state(), State::Established);
}

/// Data that was overtaken by a later acknowledgment is data.
#[test]
fn t3_a_reordered_segment_with_an_old_ack_is_taken() {
    let mut peer = Peer::passive(Setup::plain());
    peer.write(2_000);
    assert_eq!(peer.take().len(), 2);
    peer.send(ack().seq(101).ack(2_001));
    peer.send(data(100).seq(1).ack(1_001));
    assert_eq!(peer.verdict, Ok(()));
    assert_eq!(peer.readable(), 100);
    peer.expect_after(40, ack().seq(2_001).ack(101));
    assert_eq!(peer.info().send_queue, 0);
}

/// A SYN with the 4-tuple of a live connection is that connection's, whoever listens on the port.
#[test]
fn t4_a_syn_for_a_live_connection_does_not_reach_the_listener() {
    let mut peer = Peer::passive(Setup::plain());
    for seq in [0, 1, 500, 1 << 31] {
        peer.pass(1_000);
        let next = peer.nxt;
        peer.send(syn().mss(1_000).seq(seq));
        peer.expect(ack().seq(1).ack(next));
        assert!(!peer.try_accept());
        peer.send(data(10));
        assert_eq!(peer.read(99), Ok(10));
        peer.take();
    }
    assert_eq!(peer.state(), State::Established);
}

/// A half-open connection that nobody completes takes nothing from the next client.
#[test]
fn t6_a_half_open_connection_does_not_keep_others_out() {
    let mut peer = Peer::listening(Setup::plain());
    let mut stranger = peer.build(&syn().mss(1_000));
    stranger.source = SocketAddr::new([10, 0, 0, 77].into(), 1_234);
    peer.packet(&stranger.encode());
    assert_eq!(peer.take().len(), 1, "a SYN-ACK for the stranger");
    peer.open();
    assert_eq!(peer.state(), State::Established);
    peer.pass(100_000);
    peer.take();
    assert_eq!(
        peer.stack.rows(peer.now).count(),
        2,
        "listener and connection"
    );
}

/// A slot that was used before starts its next connection with nothing of the last one.
#[test]
fn t9_a_reused_slot_remembers_nothing() {
    let mut peer = Peer::passive(Setup::plain());
    let fresh = peer.info();
    for _ in 0..6 {
        peer.write(30_000);
        while peer.info().send_queue > 0 {
            peer.take();
            peer.send(ack());
        }
    }
    assert!(peer.info().cwnd > fresh.cwnd);
    // ... and a loss, so that the threshold moves, too.
    peer.write(30_000);
    peer.take();
    peer.pass(300);
    peer.take();
    assert_ne!(peer.info().ssthresh, fresh.ssthresh);
    peer.close();
    peer.take();
    peer.send(rst());
    peer.check_memory();
    peer.pass(1_000);
    peer.nxt = 0;
    peer.open();
    let again = peer.info();
    assert_eq!((again.cwnd, again.ssthresh), (fresh.cwnd, fresh.ssthresh));
    assert_eq!((again.srtt, again.rto), (fresh.srtt, fresh.rto));
    assert_eq!(again.retransmissions, 0);
    peer.write(30_000);
    assert_eq!(peer.take().len(), 10);
}

/// Two connections with much to send, and a device that takes one packet at a time: each gets its
/// half.
#[test]
fn t13_a_slow_device_is_shared() {
    let mut peer = Peer::passive(Setup::plain());
    let first = peer.handle();
    let other = second_connection(&mut peer);
    let second = peer.handle();
    let octets = vec![0; 9_000];
    for handle in [first, second] {
        assert_eq!(peer.stack.send(peer.now, handle, &octets), Ok(9_000));
    }
    let mut out = vec![0; 1_500];
    let mut counts = [0; 2];
    for _ in 0..16 {
        peer.stack.advance(peer.now);
        let sent = peer.stack.transmit(peer.now, &mut out).expect("a packet");
        let segment = Segment::decode(&out[..sent.len]).expect("TCP");
        counts[usize::from(segment.destination == other)] += 1;
    }
    assert_eq!(counts, [8, 8]);
}

/// Opens another connection from another port, and returns that end of it.
fn second_connection(peer: &mut Peer) -> SocketAddr {
    let mut segment = peer.build(&syn().mss(1_000).seq(0));
    segment.source.set_port(41_000);
    peer.packet(&segment.encode());
    let answer = peer.take().pop().expect("a SYN-ACK");
    assert!(answer.has(SYN | ACK));
    segment.flags = ACK;
    segment.seq = segment.seq.wrapping_add(1);
    segment.ack = answer.seq.wrapping_add(1);
    segment.options.mss = None;
    peer.packet(&segment.encode());
    peer.accept();
    segment.source
}

/// A FIN that came before the data in front of it closes as soon as that is there.
#[test]
fn t16_a_fin_out_of_order_is_remembered() {
    let mut peer = Peer::passive(Setup::plain());
    peer.send(fin().seq(1_001));
    peer.expect(ack().ack(1));
    peer.send(data(1_000).seq(1));
    peer.expect(ack().ack(1_002));
    assert_eq!(peer.state(), State::CloseWait);
    assert_eq!(peer.read(2_000), Ok(1_000));
    assert!(peer.is_finished());
}

/// What comes behind a FIN is nobody's.
#[test]
fn a084_data_behind_a_fin_is_not_delivered() {
    let mut peer = Peer::passive(Setup::plain());
    peer.send(data(100).with_fin());
    peer.expect(ack().ack(102));
    peer.send(data(100).seq(102));
    peer.expect(ack().ack(102));
    assert_eq!(peer.read(999), Ok(100));
    assert!(peer.is_finished());
}

/// ... nor what comes behind a FIN that is itself behind a gap.
#[test]
fn a084_data_behind_a_fin_behind_a_gap_is_not_delivered() {
    let mut peer = Peer::passive(Setup::plain());
    peer.send(data(100).with_fin().seq(101));
    peer.send(data(100).seq(201));
    peer.send(data(100).seq(202));
    peer.send(data(100).seq(1));
    assert_eq!(peer.read(999), Ok(200));
    assert!(peer.is_finished());
    peer.take();
    peer.abort();
    peer.expect(rst_ack().ack(202));
}
