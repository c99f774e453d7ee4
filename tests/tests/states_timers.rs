//! Silence and endings: keep-alive, the user timeout, FIN-WAIT-2, TIME-WAIT.

use tcp_core::{CloseReason, Config, Dropped, KeepAlive, Misuse, State, Timer};
use tcp_tests::peer::{FIRST_STAMP, Peer, Setup, ack, data, fin, rst, rst_ack, syn, syn_ack};

const DAY_MS: u64 = 86_400_000;

fn keep_alive() -> Setup {
    Setup::plain().config(Config::new().keep_alive(Some(KeepAlive {
        idle_s: 10,
        interval_s: 2,
        count: 3,
    })))
}

/// MUST-25: off unless asked for; an idle connection lives for ever without a packet.
//= https://www.rfc-editor.org/rfc/rfc9293#section-3.8.4
//= type=test
//# If keep-alives are included, the application MUST be able to turn them on or
//# off for each TCP connection (MUST-24), and they MUST default to off
//# (MUST-25).
#[test]
fn without_keep_alive_an_idle_connection_is_silent_for_ever() {
    let mut peer = Peer::passive(Setup::plain());
    peer.pass(400 * DAY_MS);
    peer.expect_nothing();
    assert_eq!(peer.state(), State::Established);
    peer.write(10);
    peer.expect(data(10));
    peer.send(data(10));
    assert_eq!(peer.read(99), Ok(10));
}

/// RFC 9293 section 3.8.4: probes stand one before SND.NXT and carry nothing; after `count` of
/// them without an answer a reset ends it.
//= https://www.rfc-editor.org/rfc/rfc9293#section-3.8.4
//= type=test
//# Consequently, if a keep-alive mechanism is implemented it MUST NOT interpret
//# failure to respond to any specific probe as a dead connection (MUST-29).
//= https://www.rfc-editor.org/rfc/rfc9293#section-3.8.4
//= type=test
//# An implementation SHOULD send a keep-alive segment with no data (SHLD-12)
//= https://www.rfc-editor.org/rfc/rfc9293#section-3.8.4
//= type=test
//# Implementers MAY include "keep-alives" in their TCP implementations (MAY-5),
//# although this practice is not universally accepted.
#[test]
fn keep_alive_probes_and_gives_up() {
    let mut peer = Peer::passive(keep_alive());
    peer.expect_after(10_000, ack().seq(0).ack(1));
    peer.expect_after(2_000, ack().seq(0).ack(1));
    peer.expect_after(2_000, ack().seq(0).ack(1));
    peer.expect_after(2_000, rst_ack().seq(1).ack(1));
    assert_eq!(peer.state(), State::Closed);
    assert_eq!(peer.reason(), Some(CloseReason::TimedOut(Timer::KeepAlive)));
    peer.check_memory();
}

/// An answer starts it all over, and so does anything else that is acceptable.
//= https://www.rfc-editor.org/rfc/rfc9293#section-3.8.4
//= type=test
//# Keep-alive packets MUST only be sent when no sent data is outstanding, and
//# no data or acknowledgment packets have been received for the connection
//# within an interval (MUST-26).
#[test]
fn an_answered_keep_alive_starts_over() {
    let mut peer = Peer::passive(keep_alive());
    for _ in 0..10 {
        peer.expect_after(10_000, ack().seq(0).ack(1));
        peer.expect_after(2_000, ack().seq(0).ack(1));
        peer.send(ack());
        peer.expect_nothing();
    }
    peer.pass(9_000);
    peer.send(data(10));
    peer.pass(9_000);
    assert_eq!(peer.take().len(), 1, "the ACK of the data and no probe");
    peer.expect_after(1_000, ack().seq(0).ack(11));
}

/// Keep-alive goes on after the peer's FIN, and in FIN-WAIT-2.
#[test]
fn keep_alive_finds_a_dead_peer_in_half_closed_states() {
    for state in [State::CloseWait, State::FinWait2] {
        let mut peer = Peer::in_state(state, keep_alive());
        peer.pass(17_000);
        assert_eq!(peer.state(), State::Closed, "{state}");
        assert_eq!(peer.reason(), Some(CloseReason::TimedOut(Timer::KeepAlive)));
    }
}

/// Switched on while the connection is idle.
//= https://www.rfc-editor.org/rfc/rfc9293#section-3.8.4
//= type=test
//# If keep-alives are included, the application MUST be able to turn them on or
//# off for each TCP connection (MUST-24), and they MUST default to off
//# (MUST-25).
#[test]
fn keep_alive_can_be_switched_on_and_off() {
    let mut peer = Peer::passive(Setup::plain());
    peer.pass(DAY_MS);
    peer.set_config(keep_alive().config);
    peer.expect_after(10_000, ack().seq(0).ack(1));
    peer.set_config(Config::new());
    peer.pass(DAY_MS);
    peer.expect_nothing();
    assert_eq!(peer.state(), State::Established);
}

/// T14: an idle connection outlives the user timeout.
#[test]
fn t14_the_user_timeout_never_ends_an_idle_connection() {
    let config = Config::new().user_timeout_ms(Some(5_000));
    let mut peer = Peer::passive(Setup::plain().config(config));
    peer.pass(DAY_MS);
    peer.write(10);
    peer.expect(data(10));
    peer.pass(100);
    peer.send(ack());
    peer.pass(DAY_MS);
    assert_eq!(peer.state(), State::Established);
    peer.expect_nothing();
}

#[test]
fn the_user_timeout_ends_what_is_not_acknowledged() {
    let config = Config::new().user_timeout_ms(Some(5_000));
    let mut peer = Peer::passive(Setup::plain().config(config));
    peer.pass(60_000);
    peer.write(10);
    peer.pass(4_990);
    assert_eq!(peer.state(), State::Established);
    peer.take();
    peer.expect_after(10, rst_ack().seq(11).ack(1));
    assert_eq!(
        peer.reason(),
        Some(CloseReason::TimedOut(Timer::UserTimeout))
    );
}

/// Progress counts, not the age of the oldest octet.
#[test]
fn a_slow_peer_that_acknowledges_is_not_given_up() {
    let config = Config::new().user_timeout_ms(Some(5_000));
    let mut peer = Peer::passive(Setup::plain().config(config));
    peer.write(20_000);
    for acked in 1..20u32 {
        peer.pass(4_000);
        peer.send(ack().ack(1 + 1_000 * acked));
    }
    assert_eq!(peer.state(), State::Established);
    peer.take();
    peer.pass(5_100);
    assert_eq!(peer.state(), State::Closed);
}

/// The user timeout covers the open.
#[test]
fn the_user_timeout_ends_an_open() {
    let config = Config::new().user_timeout_ms(Some(2_500));
    let mut peer = Peer::connecting(Setup::plain().config(config));
    peer.pass(2_600);
    assert_eq!(peer.state(), State::Closed);
    assert_eq!(
        peer.reason(),
        Some(CloseReason::TimedOut(Timer::UserTimeout))
    );
}

/// T17, S27: FIN-WAIT-2 of a user who is gone ends; of one who still reads it does not.
#[test]
fn t17_s27_fin_wait_2_ends_when_nobody_reads() {
    let mut peer = Peer::passive(Setup::plain());
    peer.close();
    peer.expect(fin());
    peer.send(ack());
    assert_eq!(peer.row(), Some(State::FinWait2));
    peer.pass(59_000);
    assert_eq!(peer.row(), Some(State::FinWait2));
    peer.pass(2_000);
    assert_eq!(peer.row(), None);
    peer.check_memory();
    let mut reader = Peer::in_state(State::FinWait2, Setup::plain());
    reader.pass(10 * DAY_MS);
    assert_eq!(reader.state(), State::FinWait2);
    reader.send(data(10));
    assert_eq!(reader.read(99), Ok(10));
}

/// S28: whatever was closed ends, though the peer never answers, and leaves nothing behind.
#[test]
fn s28_a_closed_connection_to_a_dead_peer_ends() {
    for state in [
        State::Established,
        State::CloseWait,
        State::FinWait1,
        State::Closing,
        State::LastAck,
    ] {
        let mut peer = Peer::in_state(state, Setup::plain());
        peer.close();
        peer.pass(DAY_MS);
        assert_eq!(peer.row(), None, "{state}");
        peer.check_memory();
    }
}

/// RFC 9293: a FIN that comes again is acknowledged and starts 2 MSL anew.
#[test]
fn time_wait_starts_over_with_each_fin() {
    let mut peer = Peer::in_state(State::TimeWait, Setup::plain());
    let nxt = peer.nxt;
    for _ in 0..5 {
        peer.pass(50_000);
        peer.send(fin().seq(nxt - 1));
        peer.expect(ack().seq(2).ack(nxt));
        assert_eq!(peer.state(), State::TimeWait);
    }
    peer.pass(59_900);
    assert_eq!(peer.row(), Some(State::TimeWait));
    peer.pass(200);
    assert_eq!(peer.row(), None);
}

/// S23, RFC 1337: a reset does not end TIME-WAIT, and does not shorten it.
#[test]
fn s23_time_wait_ignores_resets() {
    let mut peer = Peer::in_state(State::TimeWait, Setup::plain());
    let nxt = peer.nxt;
    peer.pass(30_000);
    for seq in [nxt, nxt + 1, nxt - 1] {
        peer.send(rst().seq(seq));
        peer.expect_nothing();
        assert_eq!(peer.verdict, Err(Dropped::RstIgnored));
    }
    peer.pass(29_900);
    assert_eq!(peer.row(), Some(State::TimeWait));
    peer.pass(200);
    assert_eq!(peer.row(), None);
}

/// In TIME-WAIT old data is acknowledged, and pure ACKs are not: no storm.
#[test]
fn time_wait_answers_data_and_no_acks() {
    let mut peer = Peer::in_state(State::TimeWait, Setup::plain());
    let nxt = peer.nxt;
    peer.send(data(10).seq(nxt - 1));
    peer.expect(ack().seq(2).ack(nxt));
    peer.send(ack());
    peer.send(ack().seq(nxt + 5));
    peer.expect_nothing();
}

/// T12, S24, RFC 6191: a newer SYN opens the next connection, an older one does not.
//= https://www.rfc-editor.org/rfc/rfc9293#section-3.6.1
//= type=test
//# However, it MAY accept a new SYN from the remote TCP endpoint to reopen the
//# connection directly from TIME-WAIT state (MAY-2), if it:
#[test]
fn t12_a_newer_syn_reopens_from_time_wait() {
    let mut peer = Peer::in_state(State::TimeWait, Setup::plain());
    let nxt = peer.nxt;
    peer.send(syn().mss(1_000).seq(nxt - 2));
    peer.expect(ack().seq(2).ack(nxt));
    assert_eq!(peer.row(), Some(State::TimeWait));
    peer.send(syn().mss(1_000).seq(nxt));
    peer.expect(syn_ack().ack(nxt + 1));
    assert_eq!(peer.row(), Some(State::SynReceived));
    peer.send(ack().seq(nxt + 1));
    assert!(peer.try_accept());
}

/// S24 with timestamps: the newer clock decides, whatever the sequence number says.
//= https://www.rfc-editor.org/rfc/rfc9293#section-3.6.1
//= type=test
//# This algorithm for reducing TIME-WAIT is a Best Current Practice that SHOULD
//# be implemented since Timestamp Options are commonly used, and using them to
//# reduce TIME-WAIT provides benefits for busy Internet servers (SHLD-4).
#[test]
fn s24_with_timestamps_the_newer_clock_reopens() {
    for (stamp, reopens) in [
        (FIRST_STAMP + 1, true),
        (FIRST_STAMP, false),
        (FIRST_STAMP - 1, false),
    ] {
        let mut peer = Peer::in_state(State::TimeWait, Setup::full());
        let nxt = peer.nxt;
        peer.send(
            syn()
                .mss(1_000)
                .stamps(stamp, 0)
                .seq(nxt.wrapping_sub(50_000)),
        );
        if reopens {
            peer.expect(syn_ack().echo(stamp));
        } else {
            peer.expect(ack().seq(2).ack(nxt).echo(FIRST_STAMP));
        }
    }
}

/// A019: what was received is the user's, however long ago the connection ended.
#[test]
fn a019_unread_data_outlives_time_wait_and_close() {
    let mut peer = Peer::passive(Setup::plain());
    peer.shutdown();
    peer.expect(fin());
    peer.send(data(500).with_fin());
    assert_eq!(peer.state(), State::TimeWait);
    peer.pass(DAY_MS);
    assert_eq!(peer.state(), State::Closed);
    assert_eq!(peer.read(999), Ok(500));
    assert!(peer.is_finished());
    let mut reset = Peer::passive(Setup::plain());
    reset.send(data(500));
    reset.send(rst());
    assert_eq!(reset.state(), State::Closed);
    assert_eq!(reset.read(999), Ok(500));
    assert_eq!(reset.read(999), Err(Misuse::Closed));
}

/// A020, S26: close before the handshake is complete; the SYN-ACK is lost.
#[test]
fn a020_s26_close_in_syn_received_keeps_the_syn_ack_going() {
    let mut peer = Peer::crossed(Setup::plain());
    peer.shutdown();
    peer.expect_nothing();
    assert_eq!(peer.state(), State::SynReceived);
    peer.expect_after(1_000, syn_ack().seq(0).ack(1));
    peer.send(ack().ack(1));
    peer.expect(fin().seq(1).ack(1));
    assert_eq!(peer.state(), State::FinWait1);
    peer.send(ack().ack(2));
    assert_eq!(peer.state(), State::FinWait2);
}

/// An abort or a reset in a state without timers leaves none.
#[test]
fn what_has_ended_has_no_deadline() {
    for state in [State::Established, State::FinWait1, State::LastAck] {
        let mut peer = Peer::in_state(state, Setup::plain());
        peer.send(rst());
        assert_eq!(peer.next_deadline_ms(), None, "{state}");
    }
}
