//! Hostile text: overlapping, contradicting, scattered, and rings of odd sizes (the rows D of the
//! list of threats, as far as they stand nowhere else), and SYNs and ACKs that mean nothing (R01,
//! R02).

use std::net::SocketAddr;

use tcp_core::State;
use tcp_tests::memory::Sizes;
use tcp_tests::packet::{ACK, RST, SYN, Segment};
use tcp_tests::peer::{Peer, Setup, ack, data, syn};
use tcp_tests::rng::Rng;

const RING: u32 = 1_000;

/// D01: whatever straddles an edge of the window is cut exactly there. `before` octets stand in
/// front of RCV.NXT, and the segment ends `after` octets beyond (or short of) the window.
#[test]
fn d01_text_is_trimmed_to_the_window_exactly() {
    for before in [0, 1, 99, 100] {
        for after in [-800i32, -1, 0, 1, 500] {
            let mut peer = Peer::passive(Setup::plain().rings(RING as usize));
            peer.send(data(100));
            assert_eq!(peer.read(999), Ok(100));
            peer.pass(100);
            let edge = peer
                .take()
                .last()
                .map(|sent| sent.ack + u32::from(sent.window));
            let edge = edge.expect("an ACK");
            let from = 101 - before;
            let until = edge.checked_add_signed(after).expect("small");
            peer.send(data((until - from) as usize).seq(from));
            let kept = until.min(edge) - 101;
            assert_eq!(
                peer.readable(),
                kept as usize,
                "{before} before, {after} after"
            );
            peer.pass(100);
            let answer = peer.take().pop().expect("an ACK");
            assert_eq!(answer.ack, 101 + kept);
            assert!(answer.ack + u32::from(answer.window) >= edge, "U6");
        }
    }
}

/// D02: of octets that come twice before they are in order, the later ones count; what was in
/// order is not touched, whatever comes later.
#[test]
fn d02_of_conflicting_octets_the_later_count_and_what_is_in_order_stays() {
    let mut peer = Peer::passive(Setup::plain());
    let mut segment = |seq: u32, octet: u8, count: usize| {
        peer.send(ack().seq(seq).text(&vec![octet; count]));
        peer.take();
    };
    segment(11, b'a', 10);
    segment(16, b'b', 10);
    segment(1, b'c', 13);
    // In order up to 26; this comes too late to change anything.
    segment(1, b'd', 25);
    let mut octets = [0; 99];
    let handle = peer.handle();
    let count = peer.stack.read(peer.now, handle, &mut octets);
    let count = count.expect("a live handle");
    let expected = [&[b'c'; 13][..], &[b'a'; 2], &[b'b'; 10]].concat();
    assert_eq!(&octets[..count], &expected[..]);
}

/// D03: single octets at every second number of a window of 64 KiB, over and over: the table stays
/// as large as it is, each is answered once, and another connection is served as if nothing were.
#[test]
fn d03_scattered_octets_cost_a_fixed_table() {
    let setup = Setup {
        sizes: Sizes {
            islands: 16,
            ..Sizes::rings(65_535)
        },
        ..Setup::sack()
    };
    let mut peer = Peer::passive(setup);
    for round in 0..2u32 {
        for odd in 0..32_000u32 {
            peer.send(data(1).seq(2 + 2 * odd).ack(1));
            assert_eq!(peer.take().len(), 1, "round {round}, octet {odd}");
        }
        assert_eq!(peer.info().gaps, 16);
    }
    let other = SocketAddr::new([10, 0, 0, 9].into(), 9);
    let mut opening = peer.build(&syn().mss(1_000).seq(0));
    opening.source = other;
    peer.packet(&opening.encode());
    let answer = peer.take().pop().expect("a SYN-ACK");
    assert!(answer.has(SYN | ACK) && answer.destination == other);
    // The first octet is still taken, and with it all that waits directly behind.
    peer.send(data(1).seq(1));
    assert_eq!(peer.readable(), 2);
}

/// D32: rings of every awkward size carry a stream in both directions, with scaling and without.
#[test]
fn d32_rings_of_awkward_sizes_carry_the_stream() {
    for size in [1, 2, 535, 1_460, 65_534, 65_535, 65_536, 65_537, 131_073] {
        for scale in [None, Some(0), Some(14)] {
            let offer = match scale {
                Some(shift) => syn().mss(1_000).scale(shift),
                None => syn().mss(1_000),
            };
            let setup = Setup::plain().rings(size).offer(offer).window(1_000);
            carry(Peer::passive(setup), size);
        }
    }
}

/// Twice the ring and a bit, in, and as much out.
fn carry(mut peer: Peer, size: usize) {
    let goal = 2 * size + 3;
    let (mut read, mut written, mut acked) = (0, 0, 1);
    let mut rounds = 0;
    while read < goal || (acked as usize) < 1 + goal {
        rounds += 1;
        assert!(rounds < 4 * goal + 100, "{size}: {read} in, {acked} out");
        if written < goal {
            written += peer.try_write(goal - written).expect("an open connection");
        }
        let next = 1 + read as u32;
        if read < goal {
            peer.send(data((goal - read).min(1_000)).seq(next));
        }
        peer.pass(50);
        read += peer.read(size).expect("an open connection");
        for sent in peer.take() {
            acked = acked.max(sent.end());
        }
        peer.send(ack().seq(1 + read as u32).ack(acked));
        peer.pass(200);
    }
    assert_eq!(peer.state(), State::Established);
    assert_eq!((read, acked as usize), (goal, 1 + goal));
}

/// D33: with a congestion window of one segment, all of it in flight, a window that shuts is
/// probed all the same.
#[test]
fn d33_a_probe_does_not_ask_the_congestion_window() {
    let mut peer = Peer::passive(Setup::plain());
    peer.write(20_000);
    peer.take();
    peer.pass(5_000);
    peer.take();
    let info = peer.info();
    assert!(info.cwnd <= 1_000 && info.timeouts > 0, "{info:?}");
    peer.window = 0;
    peer.send(ack().ack(1));
    for _ in 0..5 {
        let (ms, _) = peer.next_deadline_ms().expect("U4");
        peer.pass(ms + 1);
        let probes: Vec<Segment> = peer.take();
        assert!(!probes.is_empty(), "no probe");
        assert!(probes.iter().all(|probe| probe.seq == 1), "{probes:?}");
        peer.send(ack().ack(1));
    }
}

/// R02, as far as there are no cookies: random ACKs to a listener open nothing, flood or not.
#[test]
fn r02_random_acks_open_nothing() {
    let mut rng = Rng::new(2);
    let mut peer = Peer::listening(Setup::plain());
    for flood in [false, true] {
        for _ in 0..20_000 {
            peer.pass(2);
            let mut segment = peer.build(&ack());
            segment.source.set_port(1 + rng.below(60_000) as u16);
            if flood {
                let mut opening = peer.build(&syn().mss(1_000));
                opening.source.set_port(1 + rng.below(60_000) as u16);
                opening.seq = rng.next_u32();
                peer.packet(&opening.encode());
                peer.take();
            }
            segment.seq = rng.next_u32();
            segment.ack = rng.next_u32();
            peer.packet(&segment.encode());
            assert!(
                peer.take()
                    .iter()
                    .all(|answer| answer.has(RST) || answer.has(SYN))
            );
        }
    }
    assert_eq!(peer.stack.memory().lent(), 0);
    assert!(!peer.try_accept());
}

/// R01, as far as there are no cookies: a flood of SYNs costs no memory and no open connection
/// anything, and fifteen seconds after its end there is room for everybody.
#[test]
fn r01_a_flood_of_syns_costs_what_is_open_nothing() {
    let mut rng = Rng::new(1);
    let mut peer = Peer::passive(Setup::plain());
    for round in 0..20_000u32 {
        let mut opening = peer.build(&syn().mss(1_000));
        let host = 2 + rng.below(250) as u8;
        opening.source = SocketAddr::new([10, 0, 1, host].into(), 1 + rng.below(60_000) as u16);
        opening.seq = rng.next_u32();
        peer.packet(&opening.encode());
        assert_eq!(peer.stack.memory().lent(), 1);
        peer.take();
        if round % 100 == 0 {
            peer.send(data(100));
            assert_eq!(peer.read(999), Ok(100));
            peer.write(100);
            let sent = peer.take();
            assert!(sent.iter().any(|sent| sent.payload.len() == 100));
            peer.send(ack());
            assert_eq!(peer.info().send_queue, 0);
        }
        peer.pass(1);
    }
    assert!(
        peer.stack.rows(peer.now).count() <= 10,
        "entries are bounded"
    );
    peer.pass(15_100);
    peer.take();
    for client in 1..=8u16 {
        let mut opening = peer.build(&syn().mss(1_000));
        opening.source.set_port(client);
        peer.packet(&opening.encode());
        let answer = peer.take().pop().expect("an answer to the first SYN");
        assert!(answer.has(SYN | ACK) && answer.destination == opening.source);
    }
}
