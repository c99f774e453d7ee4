//! What each of the eleven states does with CLOSE, with a reset, with a SYN, and with
//! acknowledgments that it cannot have asked for.

use tcp_core::{CloseReason, Dropped, Misuse, State};
use tcp_tests::packet::{ACK, FIN, RST, SYN};
use tcp_tests::peer::{Peer, Setup, ack, data, fin, rst, rst_ack, seg, syn, syn_ack};

/// The states in which both ends know each other's numbers and a connection is there.
const SYNCHRONIZED: [State; 6] = [
    State::Established,
    State::FinWait1,
    State::FinWait2,
    State::CloseWait,
    State::Closing,
    State::LastAck,
];

/// Those of them in which the peer's FIN has come.
fn fin_came(state: State) -> bool {
    matches!(state, State::CloseWait | State::Closing | State::LastAck)
}

fn in_state(state: State) -> Peer {
    Peer::in_state(state, Setup::plain())
}

/// RFC 9293 section 3.10.4, state by state.
#[test]
fn close_in_every_state() {
    use State::{CloseWait, Closed, Closing, Established, FinWait1, FinWait2, LastAck, SynSent};
    for (before, answer, after) in [
        (Closed, Err(Misuse::Closed), Closed),
        (SynSent, Ok(()), Closed),
        (Established, Ok(()), FinWait1),
        (FinWait1, Err(Misuse::Closing), FinWait1),
        (FinWait2, Err(Misuse::Closing), FinWait2),
        (CloseWait, Ok(()), LastAck),
        (Closing, Err(Misuse::Closing), Closing),
        (LastAck, Err(Misuse::Closing), LastAck),
        (State::TimeWait, Err(Misuse::Closing), State::TimeWait),
    ] {
        let mut peer = in_state(before);
        assert_eq!(peer.try_shutdown(), answer, "{before}");
        assert_eq!(peer.state(), after, "{before}");
        if matches!(before, Established | CloseWait) {
            peer.expect(fin().seq(1).ack(peer.nxt));
        }
        peer.expect_nothing();
    }
}

/// The FIN waits behind what was written before it.
#[test]
fn a_fin_follows_what_is_queued() {
    let mut peer = Peer::passive(Setup::plain().window(1_501));
    peer.write(2_500);
    peer.shutdown();
    peer.expect(data(1_000).seq(1));
    peer.expect_nothing();
    assert_eq!(peer.state(), State::FinWait1);
    peer.send(ack().ack(1_001));
    peer.expect(data(1_000).seq(1_001));
    peer.expect(data(500).seq(2_001).with_fin().psh());
    assert_eq!(peer.try_write(1), Err(Misuse::Closing));
}

/// S01: RFC 5961 section 3.2. Only a reset that stands exactly at RCV.NXT resets.
//= https://www.rfc-editor.org/rfc/rfc5961#section-1.1
//= type=test
//# The mitigations suggested in this document SHOULD be implemented in devices
//# that regularly need to maintain TCP connections of the kind most vulnerable
//# to the attacks described in this document.
//= https://www.rfc-editor.org/rfc/rfc5961#section-3.2
//= type=test
//# Instead, implementations SHOULD implement the following steps in place of
//# those specified in [RFC0793] (as listed above).
//= https://www.rfc-editor.org/rfc/rfc5961#section-3.2
//= type=test
//# 2) If the RST bit is set and the sequence number exactly matches the next
//# expected sequence number (RCV.NXT), then TCP MUST reset the connection.
//= https://www.rfc-editor.org/rfc/rfc5961#section-3.2
//= type=test
//# 3) If the RST bit is set and the sequence number does not exactly match the
//# next expected sequence value, yet is within the current receive window
//# (RCV.NXT < SEG.SEQ < RCV.NXT+RCV.WND), TCP MUST send an acknowledgment
//# (challenge ACK):
//= https://www.rfc-editor.org/rfc/rfc5961#section-3.2
//= type=test
//# After sending the challenge ACK, TCP MUST drop the unacceptable segment and
//# stop processing the incoming packet further.
//= https://www.rfc-editor.org/rfc/rfc5961#section-3.2
//= type=test
//# In all other cases, where the SEQ-field does not match and is outside the
//# window, the receiver MUST silently discard the segment.
#[test]
fn s01_a_reset_in_every_synchronized_state() {
    for state in SYNCHRONIZED {
        let mut peer = in_state(state);
        let nxt = peer.nxt;
        peer.send(rst().seq(nxt + 1));
        peer.expect(ack().ack(nxt));
        assert_eq!(peer.verdict, Err(Dropped::RstChallenged), "{state}");
        for outside in [nxt.wrapping_sub(1), nxt + 65_535, nxt + (1 << 31)] {
            peer.send(rst().seq(outside));
            peer.expect_nothing();
            assert_eq!(peer.verdict, Err(Dropped::OutOfWindow), "{state}");
        }
        assert_eq!(peer.state(), state);
        peer.send(rst().seq(nxt));
        peer.expect_nothing();
        assert_eq!(peer.state(), State::Closed, "{state}");
        assert_eq!(peer.reason(), Some(CloseReason::Reset), "{state}");
        peer.check_memory();
    }
}

/// P19: whatever else stands in a reset does not count.
//= https://www.rfc-editor.org/rfc/rfc9293#section-3.5.3
//= type=test
//# TCP implementations SHOULD allow a received RST segment to include data
//# (SHLD-2).
#[test]
fn p19_a_reset_with_a_payload_a_fin_or_an_ack_is_a_reset() {
    for odd in [
        rst().len(40),
        seg(RST | FIN | ACK).len(40),
        rst_ack().ack(0x4000_0000),
    ] {
        let mut peer = in_state(State::Established);
        peer.send(odd.seq(1));
        peer.expect_nothing();
        assert_eq!(peer.state(), State::Closed);
        assert_eq!(peer.reason(), Some(CloseReason::Reset));
    }
}

/// S03: RFC 5961 section 4. Whatever its number, with or without ACK: a challenge ACK.
//= https://www.rfc-editor.org/rfc/rfc5961#section-4.2
//= type=test
//# Instead, the handling of the SYN in the synchronized state SHOULD be
//# performed as follows:
//= https://www.rfc-editor.org/rfc/rfc5961#section-4.2
//= type=test
//# 1) If the SYN bit is set, irrespective of the sequence number, TCP MUST send
//# an ACK (also referred to as challenge ACK) to the remote peer:
//= https://www.rfc-editor.org/rfc/rfc5961#section-4.2
//= type=test
//# After sending the acknowledgment, TCP MUST drop the unacceptable segment and
//# stop processing further.
#[test]
fn s03_a_syn_in_every_synchronized_state() {
    for state in SYNCHRONIZED {
        for (offset, flags) in [(0, SYN), (1, SYN | ACK), (100_000, SYN), (1 << 31, SYN)] {
            let mut peer = in_state(state);
            let nxt = peer.nxt;
            let rcv = peer.rcv;
            peer.send(seg(flags).seq(nxt.wrapping_add(offset)));
            peer.expect(ack().seq(rcv).ack(nxt));
            peer.expect_nothing();
            assert_eq!(peer.state(), state);
            assert_eq!(peer.verdict, Err(Dropped::SynChallenged), "{state}");
        }
    }
}

/// S03, second half: the peer rebooted, and its reset in reply to the challenge ends the old
/// connection at once, so that its next SYN opens another.
//= https://www.rfc-editor.org/rfc/rfc5961#section-4.2
//= type=test
//# Upon receipt of a valid RST, the local TCP endpoint MUST terminate its
//# connection.
#[test]
fn s03_the_reset_that_answers_a_challenge_ends_the_old_connection() {
    for state in SYNCHRONIZED {
        let mut peer = in_state(state);
        let nxt = peer.nxt;
        peer.send(syn().seq(nxt + 9_000_000));
        let challenge = peer.expect(ack());
        peer.send(rst().seq(challenge.ack));
        assert_eq!(peer.row(), None, "{state}");
        peer.pass(1);
        peer.send(syn().seq(nxt + 9_000_000));
        peer.expect(syn_ack().ack(nxt + 9_000_001));
    }
}

/// Timestamps change nothing about that, whether the rebooted peer offers any or not.
#[test]
fn s03_a_syn_is_challenged_whatever_its_timestamps() {
    for stamped in [
        syn().no_stamps(),
        syn().stamps(5, 0),
        syn().stamps(0x7fff_ffff, 0),
    ] {
        let mut peer = Peer::passive(Setup::full());
        peer.send(stamped.seq(70_000));
        peer.expect(ack().seq(1).ack(1));
        assert_eq!(peer.state(), State::Established);
    }
}

/// Challenge ACKs are limited: two ends that disagree must not answer each other for ever.
//= https://www.rfc-editor.org/rfc/rfc5961#section-7
//= type=test
//# An implementation SHOULD include an ACK throttling mechanism to be
//# conservative.
#[test]
fn challenge_acks_are_limited_in_time() {
    let mut peer = in_state(State::Established);
    for _ in 0..100 {
        peer.send(syn().seq(5_000));
        peer.pass(10);
    }
    let answers = peer.take().len();
    assert!((2..=3).contains(&answers), "{answers} in one second");
}

/// RFC 9293 section 3.10.7.1.
#[test]
fn s11_a_closed_port_resets_what_comes_to_it() {
    let mut peer = Peer::new(Setup::plain());
    peer.send(syn().seq(7).len(10));
    peer.expect(rst_ack().seq(0).ack(18));
    peer.send(fin().seq(7).ack(90));
    peer.expect(rst().seq(90));
    peer.send(ack().seq(7).ack(91));
    peer.expect(rst().seq(91));
    peer.send(seg(0).seq(7).len(3));
    peer.expect(rst_ack().seq(0).ack(10));
    peer.send(seg(FIN).seq(7));
    peer.expect(rst_ack().seq(0).ack(8));
    peer.send(rst().seq(7));
    peer.send(rst_ack().seq(7).ack(0));
    peer.expect_nothing();
}

/// RFC 9293 section 3.10.7.2.
#[test]
fn a_listener_ignores_resets_refuses_acks_and_drops_the_rest() {
    let mut peer = Peer::listening(Setup::plain());
    peer.send(rst().seq(1));
    peer.expect_nothing();
    for odd in [ack().ack(9), syn_ack().ack(9), fin().ack(9)] {
        peer.send(odd);
        peer.expect(rst().seq(9));
    }
    for odd in [seg(FIN), seg(0).len(5), seg(SYN | FIN)] {
        peer.send(odd.seq(0));
        peer.expect_nothing();
    }
    assert_eq!(peer.state(), State::Listen);
    peer.check_memory();
}

/// S06: an acknowledgment of something that was not sent, in SYN-SENT.
#[test]
fn s06_syn_sent_resets_what_acknowledges_something_else() {
    for wrong in [0, 2, 1 << 31, u32::MAX] {
        let mut peer = Peer::connecting(Setup::plain());
        peer.send(syn_ack().ack(wrong));
        peer.expect(rst().seq(wrong));
        peer.send(ack().ack(wrong));
        peer.expect(rst().seq(wrong));
        assert_eq!(peer.state(), State::SynSent);
    }
}

/// S07: a reset in SYN-SENT counts only with the right acknowledgment.
#[test]
fn s07_syn_sent_believes_a_reset_only_with_the_right_ack() {
    let mut peer = Peer::connecting(Setup::plain());
    for odd in [
        rst().seq(0),
        rst().seq(1),
        rst_ack().ack(2),
        rst_ack().ack(0),
    ] {
        peer.send(odd);
        peer.expect_nothing();
        assert_eq!(peer.state(), State::SynSent);
        assert_eq!(peer.verdict, Err(Dropped::RstIgnored));
    }
    peer.send(rst_ack().seq(0).ack(1));
    assert_eq!(peer.state(), State::Closed);
    assert_eq!(peer.reason(), Some(CloseReason::Refused));
}

/// The SYN-ACK may bring data and even a FIN; what lies behind the SYN is taken.
#[test]
fn a_syn_ack_may_bring_data_and_a_fin() {
    let mut peer = Peer::connecting(Setup::plain());
    let mut answer = peer.answer_to_syn();
    answer = answer.text(&stream_of_ours(5));
    peer.send(answer);
    peer.expect(ack().seq(1).ack(6));
    assert_eq!(peer.read(9), Ok(5));
}

fn stream_of_ours(count: usize) -> Vec<u8> {
    let mut octets = vec![0; count];
    tcp_tests::stream::Stream::new(1).fill(0, &mut octets);
    octets
}

/// S08: in SYN-RECEIVED an acknowledgment of anything but our SYN is reset, and the entry stays.
#[test]
fn s08_syn_received_resets_a_wrong_ack() {
    for wrong in [0, 2, 1 << 31, u32::MAX] {
        for mut peer in [in_state(State::SynReceived), Peer::crossed(Setup::plain())] {
            peer.send(ack().seq(1).ack(wrong));
            peer.expect(rst().seq(wrong));
            assert_eq!(peer.state(), State::SynReceived);
            peer.send(ack().seq(1).ack(1));
            assert_eq!(peer.state(), State::Established);
        }
    }
}

/// S05: RFC 5961 section 5.2, upper bound. Nothing is taken out of the send queue.
//= https://www.rfc-editor.org/rfc/rfc9293#section-3.10.7.4
//= type=test
//# o RFC 5961 [9], Section 5 describes a potential blind data injection attack,
//# and mitigation that implementations MAY choose to include (MAY-12).
//= https://www.rfc-editor.org/rfc/rfc5961#section-5.2
//= type=test
//# All TCP stacks MAY implement the following mitigation.
//= https://www.rfc-editor.org/rfc/rfc5961#section-5.2
//= type=test
//# TCP stacks that implement this mitigation MUST add an additional input check
//# to any incoming segment.
//= https://www.rfc-editor.org/rfc/rfc5961#section-5.2
//= type=test
//# All incoming segments whose ACK value doesn't satisfy the above condition
//# MUST be discarded and an ACK sent back.
#[test]
fn s05_an_ack_of_what_was_not_sent_is_answered_and_dropped() {
    for state in SYNCHRONIZED {
        let mut peer = in_state(state);
        let (nxt, rcv) = (peer.nxt, peer.rcv);
        for beyond in [rcv + 1, rcv + 70_000, rcv + (1 << 30)] {
            peer.pass(600);
            peer.take();
            peer.send(ack().ack(beyond));
            let answer = peer.expect(ack().ack(nxt));
            assert_eq!(answer.seq, rcv, "{state}");
            assert_eq!(peer.verdict, Err(Dropped::AckUnacceptable), "{state}");
            assert_eq!(peer.state(), state);
        }
    }
}

/// A015: queued behind a shut window, an acknowledgment beyond SND.NXT takes nothing away.
#[test]
fn a015_an_ack_of_what_waits_unsent_loses_nothing() {
    let mut peer = Peer::passive(Setup::plain().window(1_000));
    peer.write(5_000);
    peer.expect(data(1_000).seq(1));
    peer.send(ack().ack(2_001));
    peer.expect(ack().seq(1_001));
    assert_eq!(peer.info().send_queue, 5_000);
    peer.window = 65_535;
    peer.send(ack().ack(1_001));
    for segment in 1..5 {
        peer.expect(data(1_000).seq(1 + 1_000 * segment));
    }
}

/// S04: RFC 5961 section 5.2, lower bound: older than MAX.SND.WND.
//= https://www.rfc-editor.org/rfc/rfc9293#section-3.10.7.4
//= type=test
//# o RFC 5961 [9], Section 5 describes a potential blind data injection attack,
//# and mitigation that implementations MAY choose to include (MAY-12).
//= https://www.rfc-editor.org/rfc/rfc5961#section-5.2
//= type=test
//# All incoming segments whose ACK value doesn't satisfy the above condition
//# MUST be discarded and an ACK sent back.
#[test]
fn s04_an_ack_older_than_the_largest_window_drops_the_data() {
    let mut peer = Peer::passive(Setup::plain().window(1_000));
    for sent in 1..=3u32 {
        peer.write(1_000);
        peer.expect(data(1_000));
        peer.send(ack().ack(1 + 1_000 * sent));
    }
    peer.send(data(10).ack(3_001 - 1_001));
    peer.expect(ack().seq(3_001).ack(1));
    assert_eq!(peer.verdict, Err(Dropped::AckUnacceptable));
    assert_eq!(peer.readable(), 0);
    // Old, but not that old: T3, the data counts.
    peer.nxt = 1;
    peer.send(data(10).ack(3_001 - 1_000));
    assert_eq!(peer.verdict, Ok(()));
    assert_eq!(peer.readable(), 10);
}

/// A segment without ACK has no business on a synchronized connection.
#[test]
fn a_segment_without_ack_is_dropped_in_every_synchronized_state() {
    for state in SYNCHRONIZED {
        let mut peer = in_state(state);
        peer.send(seg(0).len(10));
        peer.send(seg(FIN).seq(peer.nxt));
        peer.expect_nothing();
        assert_eq!(peer.state(), state);
        if !fin_came(state) {
            assert_eq!(peer.readable(), 0);
        }
    }
}

/// S17, A084: nothing can follow the peer's FIN.
#[test]
fn s17_data_after_the_fin_is_never_delivered() {
    for state in SYNCHRONIZED.into_iter().filter(|state| fin_came(*state)) {
        let mut peer = in_state(state);
        let nxt = peer.nxt;
        // Acknowledging our FIN would move CLOSING and LAST-ACK on.
        let acked = if state == State::CloseWait {
            1
        } else {
            peer.rcv - 1
        };
        peer.send(data(100).seq(nxt).ack(acked));
        peer.expect(ack().ack(nxt));
        assert_eq!(peer.readable(), 0, "{state}");
        assert_eq!(peer.state(), state);
        peer.send(fin().seq(nxt + 5).ack(acked));
        peer.expect(ack().ack(nxt));
        assert_eq!(peer.state(), state);
    }
}

/// A FIN that comes again is acknowledged again.
#[test]
fn a_repeated_fin_is_acknowledged_again() {
    for state in SYNCHRONIZED.into_iter().filter(|state| fin_came(*state)) {
        let mut peer = in_state(state);
        let nxt = peer.nxt;
        peer.send(fin().seq(nxt - 1));
        peer.expect(ack().ack(nxt));
        assert_eq!(peer.state(), state);
    }
}

/// S15: an acknowledgment that does not cover the FIN leaves LAST-ACK, CLOSING and FIN-WAIT-1 as
/// they are.
#[test]
fn s15_only_the_ack_of_the_fin_moves_on() {
    for (state, after) in [
        (State::LastAck, State::Closed),
        (State::Closing, State::TimeWait),
        (State::FinWait1, State::FinWait2),
    ] {
        let mut peer = in_state(state);
        let rcv = peer.rcv;
        peer.send(ack().ack(rcv - 1));
        assert_eq!(peer.state(), state);
        peer.send(ack().ack(rcv));
        assert_eq!(peer.state(), after);
    }
}

/// ABORT, state by state (RFC 9293 section 3.10.5): a reset where the peer knows of us.
#[test]
fn abort_in_every_state() {
    for state in SYNCHRONIZED {
        let mut peer = in_state(state);
        let (nxt, rcv) = (peer.nxt, peer.rcv);
        peer.abort();
        peer.expect(rst_ack().seq(rcv).ack(nxt));
        peer.expect_nothing();
        assert_eq!(peer.state(), State::Closed);
        assert_eq!(peer.reason(), Some(CloseReason::Aborted), "{state}");
        peer.check_memory();
    }
    for state in [State::SynSent, State::TimeWait] {
        let mut peer = in_state(state);
        peer.abort();
        peer.expect_nothing();
    }
    let mut crossed = Peer::crossed(Setup::plain());
    crossed.abort();
    crossed.expect(rst_ack().seq(1).ack(1));
}
