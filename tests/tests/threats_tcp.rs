//! Hostile segments (the rows P, S, D and K of the list of threats), as far as they need a whole
//! stack and stand nowhere else. The invariants U1 to U10 are checked at every step.

use std::net::SocketAddr;

use tcp_core::{CloseReason, Config, Dropped, Ecn, State};
use tcp_tests::packet::{ACK, CWR, ECE, FIN, PSH, RST, SYN, Segment, URG};
use tcp_tests::peer::{Peer, Setup, ack, data, fin, rst, rst_ack, seg, syn, syn_ack};
use tcp_tests::rng::Rng;

const STATES: [State; 11] = [
    State::Closed,
    State::Listen,
    State::SynSent,
    State::SynReceived,
    State::Established,
    State::FinWait1,
    State::FinWait2,
    State::CloseWait,
    State::Closing,
    State::LastAck,
    State::TimeWait,
];

/// P15: every set of the eight flags in every state, at the expected number, with and without
/// data: at most one answer, no other connection, and what carries RST is a reset and nothing else.
#[test]
fn p15_every_set_of_flags_in_every_state() {
    for state in STATES {
        for flags in 0..=u8::MAX {
            for length in [0, 100] {
                let mut peer = Peer::in_state(state, Setup::plain());
                let before = peer.readable_or_zero();
                peer.send(seg(flags).len(length));
                let answers = peer.take();
                assert!(answers.len() <= 1, "{state} {flags:#04x}: {answers:?}");
                check_flags(&mut peer, state, flags, &answers);
                assert_eq!(before, 0);
            }
        }
    }
}

fn check_flags(peer: &mut Peer, state: State, flags: u8, answers: &[Segment]) {
    let told = format!("{state} {flags:#04x}");
    if flags & RST != 0 {
        assert!(answers.is_empty(), "a reset is not answered: {told}");
        assert_eq!(peer.readable_or_zero(), 0, "{told}");
    }
    let synchronized = !matches!(
        state,
        State::Closed | State::Listen | State::SynSent | State::SynReceived
    );
    if synchronized && flags & (RST | ACK) == 0 {
        assert_eq!(peer.readable_or_zero(), 0, "data without ACK: {told}");
        if state != State::TimeWait {
            assert_eq!(peer.state(), state, "{told}");
        }
    }
    if flags & (SYN | FIN) == SYN | FIN {
        assert_eq!(peer.readable_or_zero(), 0, "SYN and FIN: {told}");
    }
    if state == State::Listen {
        let opens = flags & (SYN | FIN | RST | ACK) == SYN;
        assert_eq!(peer.row() == Some(State::SynReceived), opens, "{told}");
    }
}

/// P16: bits for ECN mean nothing where it was not agreed.
#[test]
fn p16_ecn_bits_change_nothing() {
    let mut peer = Peer::passive(Setup::plain());
    peer.send(seg(ACK | ECE | CWR | PSH).len(100));
    assert_eq!(peer.read(999), Ok(100));
    peer.write(10_000);
    let sent = peer.take();
    assert!(sent.iter().all(|segment| segment.flags & (ECE | CWR) == 0));
    let cwnd = peer.info().cwnd;
    peer.send(seg(ACK | ECE).ack(1_001));
    assert!(peer.info().cwnd >= cwnd);
    let mut listening = Peer::listening(Setup::plain().config(Config::new().ecn(Ecn::Off)));
    listening.send(seg(SYN | ECE | CWR).mss(1_000));
    let answer = listening.expect(syn_ack());
    assert_eq!(answer.flags & (ECE | CWR), 0);
}

/// P17: ports of zero.
#[test]
fn p17_ports_of_zero_are_dropped() {
    for state in [State::Closed, State::Listen, State::Established] {
        for which in 0..2 {
            let mut peer = Peer::in_state(state, Setup::plain());
            let mut segment = peer.build(&syn());
            if which == 0 {
                segment.source.set_port(0);
            } else {
                segment.destination.set_port(0);
            }
            peer.packet(&segment.encode());
            peer.expect_nothing();
            assert_eq!(peer.verdict, Err(Dropped::TcpMalformed));
        }
    }
}

/// P18: data in a SYN is neither acknowledged nor kept; the client sends it again.
#[test]
fn p18_data_in_a_syn_waits_for_the_handshake() {
    let mut peer = Peer::listening(Setup::plain());
    let mut octets = vec![0; 1_460];
    tcp_tests::stream::Stream::new(1).fill(0, &mut octets);
    peer.send(syn().mss(1_000).text(&octets).seq(0));
    peer.expect(syn_ack().ack(1));
    assert_eq!(peer.stack.memory().lent(), 0);
    peer.nxt = 1;
    peer.send(ack());
    peer.accept();
    assert_eq!(peer.readable(), 0);
    peer.send(data(1_460));
    assert_eq!(peer.read(9_999), Ok(1_460));
}

/// P04: a wrong checksum is dropped wherever the damage is.
//= https://www.rfc-editor.org/rfc/rfc9293#section-3.1
//= type=test
//# The sender MUST generate it (MUST-2) and the receiver MUST check it
//# (MUST-3).
#[test]
fn p04_a_damaged_segment_is_dropped() {
    let mut peer = Peer::passive(Setup::full());
    let intact = peer.build(&data(100)).encode();
    for place in 20..intact.len() {
        let mut damaged = intact.clone();
        damaged[place] ^= 0x10;
        peer.packet(&damaged);
        let reason = peer.verdict;
        let expected = [Err(Dropped::TcpChecksum), Err(Dropped::TcpMalformed)];
        assert!(expected.contains(&reason), "octet {place}: {reason:?}");
    }
    peer.expect_nothing();
    assert_eq!(peer.readable(), 0);
    peer.packet(&intact);
    assert_eq!(peer.readable(), 100);
}

/// P05 to P07, P12, P14 on a live connection: options that cannot be parsed stop the parse, and
/// the segment is data.
//= https://www.rfc-editor.org/rfc/rfc9293#section-3.1
//= type=test
//# A TCP implementation MUST (MUST-6) ignore without error any TCP Option it
//# does not implement, assuming that the option has a length field.
//= https://www.rfc-editor.org/rfc/rfc9293#section-3.1
//= type=test
//# TCP implementations MUST be prepared to handle an illegal option length
//# (e.g., zero); a suggested procedure is to reset the connection and log the
//# error cause (MUST-7).
#[test]
fn p05_p14_malformed_options_do_not_stop_the_data() {
    for raw in [
        &[2, 0][..],
        &[3, 1],
        &[8, 0, 1],
        &[30, 255],
        &[30],
        &[1, 1, 1, 5],
        &[5, 2],
        &[5, 3, 0],
        &[5, 11, 0, 0, 0, 0, 0, 0, 0, 0, 0],
        &[0, 9, 9, 9],
        &[19, 2],
        &[19, 20, 1, 2, 3],
        &[29, 3, 1],
        &[1; 40],
    ] {
        let mut peer = Peer::passive(Setup::plain());
        peer.send(data(100).raw(raw));
        assert_eq!(peer.read(999), Ok(100), "{raw:?}");
        let mut listening = Peer::listening(Setup::plain());
        listening.send(syn().raw(raw));
        listening.expect(syn_ack().ack(1));
    }
}

/// S10: a SYN that comes again, before and after the handshake, makes one connection.
#[test]
fn s10_a_syn_that_comes_again_makes_one_connection() {
    let mut peer = Peer::listening(Setup::plain());
    for _ in 0..3 {
        peer.send(syn().mss(1_000).seq(0));
        peer.expect(syn_ack().seq(0).ack(1));
    }
    peer.nxt = 1;
    peer.send(ack());
    peer.accept();
    peer.send(syn().mss(1_000).seq(0));
    peer.expect(ack().seq(1).ack(1));
    assert!(!peer.try_accept());
    assert_eq!(peer.state(), State::Established);
}

/// S13: the split handshake. An ACK alone opens nothing; a SYN after it is a simultaneous open,
/// whose options are those of the peer's SYN.
#[test]
fn s13_a_split_handshake_is_a_simultaneous_open_or_nothing() {
    let mut peer = Peer::connecting(Setup::plain());
    peer.send(ack().seq(0).ack(1));
    peer.expect_nothing();
    assert_eq!(peer.state(), State::SynSent);
    peer.send(syn().mss(700).seq(0));
    peer.expect(syn_ack().seq(0).ack(1));
    peer.nxt = 1;
    peer.send(ack().ack(1));
    assert_eq!(peer.state(), State::Established);
    assert_eq!(peer.info().mss, 700);
}

/// S30: two ends that disagree about all numbers, each answer sent to the other: no storm.
#[test]
fn s30_ends_that_disagree_do_not_storm() {
    for shift in [1_000u32, 1_000u32.wrapping_neg(), 1 << 30] {
        let mut peer = Peer::passive(Setup::plain());
        let mut answers = 0;
        peer.send(ack().seq(1u32.wrapping_add(shift)).ack(1));
        for _ in 0..200 {
            peer.pass(10);
            for answer in peer.take() {
                answers += 1;
                // The other end answers as wrongly as before.
                let seq = answer.ack.wrapping_add(shift);
                peer.send(ack().seq(seq).ack(answer.seq));
            }
        }
        assert!(answers <= 6, "{answers} answers in two seconds");
    }
}

/// S32: no answer to a reset, whatever it hits.
#[test]
fn s32_resets_are_never_answered() {
    for state in STATES {
        for odd in [
            rst(),
            rst_ack(),
            rst().seq(77),
            rst_ack().ack(5),
            rst().len(9),
        ] {
            let mut peer = Peer::in_state(state, Setup::plain());
            let challenged = odd == rst().seq(77);
            peer.send(odd);
            let answers = peer.take();
            assert!(
                answers.is_empty() || (challenged && !answers[0].has(RST)),
                "{state}: {answers:?}"
            );
        }
    }
}

/// S33: ACKs without a SYN, ten thousand of them, leave nothing behind.
#[test]
fn s33_acks_out_of_nowhere_leave_nothing() {
    let mut rng = Rng::new(33);
    let mut peer = Peer::listening(Setup::plain());
    for _ in 0..10_000 {
        let mut segment = peer.build(&ack());
        segment.seq = rng.next_u32();
        segment.ack = rng.next_u32();
        segment.source.set_port(1 + rng.below(60_000) as u16);
        peer.packet(&segment.encode());
        assert!(peer.take().iter().all(|answer| answer.has(RST)));
    }
    peer.check_memory();
    assert!(!peer.try_accept());
}

/// S34: the listener goes in the same moment in which a SYN and the last ACK come.
#[test]
fn s34_a_listener_that_goes_takes_what_it_had_along() {
    let mut half = Peer::in_state(State::SynReceived, Setup::plain());
    half.unlisten();
    half.expect_nothing();
    half.send(ack());
    half.expect(rst().seq(1));
    half.check_memory();
    let mut waiting = Peer::listening(Setup::plain());
    waiting.send(syn().mss(1_000));
    waiting.send(ack());
    waiting.take();
    waiting.unlisten();
    waiting.expect(rst_ack().seq(1).ack(1));
    waiting.check_memory();
}

/// K04: a SYN that nobody completes is answered four times; a segment to a closed port once.
#[test]
fn k04_spoofed_segments_are_not_amplified() {
    let mut peer = Peer::listening(Setup::plain());
    peer.send(syn().mss(1_000));
    peer.pass(600_000);
    assert_eq!(peer.take().len(), 4);
    let mut closed = Peer::new(Setup::plain());
    closed.send(syn());
    closed.pass(600_000);
    assert_eq!(closed.take().len(), 1);
}

/// D05: data beyond a gap up to the limit, never the first octet: bounded, and only this
/// connection suffers.
#[test]
fn d05_data_that_never_becomes_in_order_is_bounded() {
    let mut peer = Peer::passive(Setup::sack());
    let mut rng = Rng::new(5);
    for _ in 0..3_000 {
        let seq = 2 + rng.below(65_000) as u32;
        peer.send(data(1 + rng.below(40) as usize).seq(seq));
        let answers = peer.take();
        assert_eq!(answers.len(), 1);
        assert_eq!(answers[0].ack, 1);
        assert!(peer.info().gaps <= 64);
    }
    assert_eq!(peer.readable(), 0);
    let mut other = peer.build(&syn().seq(0));
    other.source = SocketAddr::new([10, 0, 0, 9].into(), 9);
    peer.packet(&other.encode());
    assert!(peer.take()[0].has(SYN | ACK));
}

/// D17, D18: many small segments in flight, SACK for every second of them, again and again.
#[test]
fn d17_d18_sack_for_every_second_segment_costs_nothing_lasting() {
    let setup = Setup::sack();
    let offer = setup.offer.clone().mss(48);
    let mut peer = Peer::passive(setup.offer(offer).rings(65_536));
    assert_eq!(peer.try_write(65_536), Ok(65_536));
    for round in 0..2_000u32 {
        let left = 49 + 96 * (round % 5);
        let blocks: Vec<_> = (0..4)
            .map(|n| (left + 96 * n, left + 96 * n + 48))
            .collect();
        peer.send(ack().ack(1).sack(&blocks));
        peer.take();
    }
    let mut acked = 1;
    while peer.info().send_queue > 0 {
        acked = peer.rcv.max(acked);
        peer.send(ack().ack(acked));
        peer.pass(10);
        peer.take();
    }
    assert_eq!(peer.info().state, State::Established);
}

/// X08: octets of other connections never reach a wire: the rings are lent with a canary in them.
/// What the stack sends is compared with what the user wrote, octet by octet, through two wraps.
#[test]
fn x08_only_what_was_written_is_sent() {
    let mut peer = Peer::passive(Setup::plain().rings(4_096));
    for _ in 0..12 {
        peer.write(1_500);
        while peer.info().send_queue > 0 {
            peer.take();
            peer.send(ack());
        }
    }
    for _ in 0..12 {
        peer.send(data(700));
        peer.send(data(700));
        assert_eq!(peer.read(9_999), Ok(1_400));
    }
}

/// D03, D25 and the like at random: segments with numbers near the edges, in every state, with the
/// invariants checked after each.
#[test]
fn segments_near_every_edge_break_nothing() {
    let mut rng = Rng::new(0x5eed);
    for round in 0..400 {
        let state = STATES[round % STATES.len()];
        let setup = [Setup::plain(), Setup::sack(), Setup::full()][round % 3].clone();
        let mut peer = Peer::in_state(state, setup.rings(3_000));
        peer.pass(1);
        if matches!(state, State::Established | State::CloseWait) {
            peer.write(2_500);
        }
        for _ in 0..30 {
            let near =
                |rng: &mut Rng, edge: u32| edge.wrapping_add(rng.below(7) as u32).wrapping_sub(3);
            let edges = [peer.nxt + 3, peer.nxt + 3_000, 4, 1_504];
            let seq = rng.choose(&edges);
            let acks = [peer.rcv, 1, 0, peer.rcv + 10_000, 1 << 31];
            let acked = rng.choose(&acks);
            let flags = rng.choose(&[0, ACK, ACK, ACK | FIN, SYN, SYN | ACK, ACK | URG]);
            let length = rng.choose(&[0, 0, 1, 500, 1_400]);
            let window = rng.choose(&[0, 1, 700, 65_535]);
            let mut segment = seg(flags).seq(near(&mut rng, seq)).len(length);
            segment = segment.window(window);
            if flags & ACK != 0 {
                segment = segment.ack(near(&mut rng, acked));
            }
            peer.send(segment);
            peer.pass(rng.between(1, 50));
            peer.take();
        }
    }
}

/// Two hosts of which one lost its memory, both closing: nothing is left on ours.
#[test]
fn a_peer_that_forgot_everything_resets_what_we_retransmit() {
    let mut peer = Peer::passive(Setup::plain());
    peer.write(100);
    peer.shutdown();
    peer.expect(data(100).seq(1));
    let sent = peer.expect(fin().seq(101));
    peer.send(rst().seq(sent.ack));
    assert_eq!(peer.reason(), Some(CloseReason::Reset));
    peer.pass(100_000);
    peer.expect_nothing();
    peer.send(fin());
    peer.expect(rst());
}
