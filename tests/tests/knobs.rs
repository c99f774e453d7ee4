//! Knobs by which a stack behaves like a certain system.

use tcp_core::wire::OptionOrder;
use tcp_core::{
    BlindAttacks, CloseReason, Config, CongestionState, Dropped, Duration, Events, State, Switch,
};
use tcp_tests::packet::{PSH, SYN};
use tcp_tests::peer::{Peer, Setup, ack, data, fin, rst, rst_ack, seg, syn, syn_ack};

fn setup(config: Config) -> Setup {
    Setup::plain().config(config)
}

/// The option octets of the stack's last packet, which is IPv4.
fn option_octets(peer: &Peer) -> &[u8] {
    let header = usize::from(peer.last[32] >> 4) * 4;
    &peer.last[40..20 + header]
}

#[test]
fn both_syns_have_their_options_in_the_order_that_is_asked_for() {
    let kinds = |octets: &[u8]| {
        let mut kinds = Vec::new();
        let mut at = 0;
        while at < octets.len() {
            kinds.push(octets[at]);
            at += if octets[at] < 2 {
                1
            } else {
                octets[at + 1].into()
            };
        }
        kinds
    };
    let without = Config::new().timestamps(Switch::Off);
    for (config, order, expected) in [
        (Config::new(), OptionOrder::Linux, &[2, 4, 8, 1, 3][..]),
        (Config::new(), OptionOrder::FreeBsd, &[2, 1, 3, 4, 8]),
        (without, OptionOrder::Linux, &[2, 1, 1, 4, 1, 3]),
        (without, OptionOrder::FreeBsd, &[2, 1, 3, 4, 0, 0]),
    ] {
        let setup = Setup::full().config(config.option_order(order));
        let peer = Peer::connecting(setup.clone());
        assert_eq!(kinds(option_octets(&peer)), expected, "SYN, {order:?}");
        let mut peer = Peer::listening(setup.clone());
        peer.send(setup.offer);
        assert_eq!(kinds(option_octets(&peer)), expected, "SYN-ACK, {order:?}");
    }
}

#[test]
fn the_first_flight_has_as_many_segments_as_asked_for() {
    for (segments, sent) in [(1, 1), (2, 2), (4, 4), (10, 10)] {
        let config = Config::new().initial_window(segments);
        let mut peer = Peer::passive(setup(config));
        peer.write(20_000);
        assert_eq!(peer.take().len(), sent);
        assert_eq!(peer.info().unacked, sent as u16);
        assert_eq!(peer.info().unsent, 20_000 - 1_000 * sent as u32);
    }
}

#[test]
fn a_fixed_window_scale_is_offered_whatever_the_ring_is() {
    let config = Config::new().window_scale(Some(8));
    let setup = Setup::full().config(config).rings(65_535);
    let mut peer = Peer::connecting(setup.clone());
    assert_eq!(peer.info().rcv_wscale, 8);
    let answer = peer.answer_to_syn();
    peer.send(answer);
    peer.expect(ack().window(255));
    let mut peer = Peer::listening(setup.clone());
    peer.send(setup.offer);
    peer.expect(syn_ack().scale(8));
    peer.send(ack());
    peer.accept();
    peer.send(data(1_000)).send(data(1_000));
    peer.expect(ack().window(248));
}

#[test]
fn timeouts_in_milliseconds_are_kept() {
    let config = Config::new().rto_min_ms(230);
    let mut peer = Peer::passive(setup(config));
    peer.write(100);
    peer.expect(data(100));
    peer.expect_after(230, data(100).seq(1));
    let config = Config::new().rto_initial_ms(750);
    let mut peer = Peer::connecting(setup(config));
    peer.take();
    peer.expect_after(750, syn());
    peer.expect_after(1_500, syn());
}

#[test]
fn the_first_segments_are_acknowledged_at_once_and_later_ones_wait() {
    let mut peer = Peer::passive(setup(Config::new().quick_acks(3)));
    for _ in 0..3 {
        peer.send(data(500));
        peer.expect(ack());
    }
    peer.send(data(500));
    peer.expect_after(40, ack());
    // After silence the peer's window is small again.
    peer.pass(3_000);
    for _ in 0..3 {
        peer.send(data(500));
        peer.expect(ack());
    }
    peer.send(data(500));
    peer.expect_after(40, ack());
}

#[test]
fn an_answer_ends_the_quick_start() {
    let mut peer = Peer::passive(setup(Config::new().quick_acks(16)));
    peer.send(data(500));
    peer.expect(ack());
    peer.pass(5);
    peer.write(10);
    peer.expect(data(10));
    peer.send(data(500));
    peer.expect_after(40, ack());
}

#[test]
fn what_is_sent_without_a_question_does_not_end_the_quick_start() {
    let mut peer = Peer::passive(setup(Config::new().quick_acks(2)));
    peer.write(10);
    peer.expect(data(10));
    for _ in 0..2 {
        peer.send(data(500));
        peer.expect(ack());
    }
}

#[test]
fn a_call_asks_for_quick_acknowledgments_or_ends_them() {
    let mut peer = Peer::passive(setup(Config::new()));
    peer.send(data(500)).expect_nothing();
    peer.quick_ack(Switch::On);
    peer.expect(ack());
    peer.send(data(500));
    peer.expect(ack());
    peer.quick_ack(Switch::Off);
    peer.send(data(500));
    peer.expect_after(40, ack());
}

/// `TCP_DEFER_ACCEPT`: nobody is accepted before data came.
#[test]
fn a_listener_that_defers_hands_over_with_the_first_data() {
    let mut peer = Peer::listening(setup(Config::new().defer_accept_s(3)));
    peer.send(syn().mss(1_000));
    peer.expect(syn_ack());
    peer.send(ack());
    assert_eq!(peer.state(), State::SynReceived);
    peer.pass(900).expect_nothing();
    peer.send(data(100));
    peer.accept();
    assert_eq!(peer.readable(), 100);
    peer.expect_after(40, ack().ack(101));
}

#[test]
fn a_listener_that_defers_hands_over_with_a_fin() {
    let mut peer = Peer::listening(setup(Config::new().defer_accept_s(3)));
    peer.send(syn().mss(1_000));
    peer.expect(syn_ack());
    peer.send(ack());
    peer.send(fin());
    peer.accept();
    assert_eq!(peer.state(), State::CloseWait);
}

#[test]
fn deferral_ends_with_a_syn_ack_whose_acknowledgment_counts() {
    let mut peer = Peer::listening(setup(Config::new().defer_accept_s(3)));
    peer.send(syn().mss(1_000));
    peer.expect(syn_ack());
    peer.send(ack());
    // 1 s and 2 s: the second wait is the last.
    peer.expect_after(3_000, syn_ack());
    peer.send(ack());
    peer.accept();
    assert_eq!(peer.state(), State::Established);
}

#[test]
fn a_peer_that_never_acknowledged_is_asked_again_in_spite_of_deferral() {
    let mut peer = Peer::listening(setup(Config::new().defer_accept_s(30)));
    peer.send(syn().mss(1_000));
    peer.expect(syn_ack());
    peer.expect_after(1_000, syn_ack());
    peer.expect_after(2_000, syn_ack());
}

#[test]
fn syn_acks_go_again_as_often_as_asked_for() {
    for (retries, total) in [(0, 1), (2, 3), (9, 6)] {
        let mut peer = Peer::listening(setup(Config::new().syn_ack_retries(retries)));
        peer.send(syn().mss(1_000));
        peer.pass(120_000);
        assert_eq!(peer.take().len(), total);
        assert_eq!(peer.state(), State::Listen);
    }
}

#[test]
fn syns_go_again_as_often_as_asked_for() {
    let mut peer = Peer::connecting(setup(Config::new().syn_retries(2)));
    peer.pass(60_000);
    assert_eq!(peer.take().len(), 2, "beside the first");
    assert!(matches!(peer.reason(), Some(CloseReason::TimedOut(_))));
}

#[test]
fn closing_with_abort_resets_and_forgets_what_was_queued() {
    let mut peer = Peer::passive(setup(Config::new().abort_on_close(Switch::On)));
    peer.write(100);
    peer.expect(data(100));
    peer.close();
    peer.expect(rst_ack());
    peer.expect_nothing();
    assert_eq!(peer.row(), None);
    let mut peer = Peer::passive(setup(Config::new()));
    peer.close();
    peer.expect(fin());
}

const TRUSTING: Config = Config::new().blind_attacks(BlindAttacks::Trusted);

/// RFC 9293 section 3.10.7.4, second and fourth, without RFC 5961.
#[test]
fn without_challenges_a_reset_in_the_window_resets() {
    let mut peer = Peer::passive(setup(TRUSTING));
    peer.send(rst().seq(70_000));
    assert_eq!(peer.verdict, Err(Dropped::OutOfWindow));
    peer.send(rst().seq(2_000)).expect_nothing();
    assert_eq!(peer.reason(), Some(CloseReason::Reset));
    let mut peer = Peer::passive(setup(Config::new()));
    peer.send(rst().seq(2_000));
    peer.expect(ack());
    assert_eq!(peer.state(), State::Established);
}

#[test]
fn without_challenges_a_syn_in_the_window_is_an_error() {
    let mut peer = Peer::passive(setup(TRUSTING));
    peer.send(seg(SYN).seq(100));
    peer.expect(rst_ack().seq(1));
    assert_eq!(peer.reason(), Some(CloseReason::Reset));
    assert!(peer.events().contains(Events::CLOSED));
    // Outside of it, it is not acceptable, and challenged like anything else.
    let mut peer = Peer::passive(setup(TRUSTING));
    peer.send(seg(SYN).seq(100_000));
    peer.expect(ack());
    assert_eq!(peer.state(), State::Established);
}

#[test]
fn without_challenges_an_old_acknowledgment_brings_its_data() {
    let old = |peer: &mut Peer| {
        peer.write(1);
        peer.take();
        peer.send(ack());
        peer.send(data(10).ack(0x8800_0000));
        peer.readable()
    };
    assert_eq!(old(&mut Peer::passive(setup(TRUSTING))), 10);
    assert_eq!(old(&mut Peer::passive(setup(Config::new()))), 0);
}

#[test]
fn without_challenges_a_half_open_connection_returns_to_listen() {
    for killer in [rst().seq(2_000), seg(SYN).seq(2_000)] {
        let mut peer = Peer::listening(setup(TRUSTING));
        peer.send(syn().mss(1_000));
        peer.expect(syn_ack());
        peer.send(killer).expect_nothing();
        assert_eq!(peer.state(), State::Listen);
    }
}

/// RFC 5681 section 4.1 asks for a small window after silence, and some do without.
#[test]
fn silence_shrinks_the_window_unless_it_is_told_not_to() {
    let flight_after_silence = |config| {
        let mut peer = Peer::passive(setup(config));
        peer.write(40_000);
        for segment in 1..=40 {
            peer.send(ack().ack(1 + 1_000 * segment));
        }
        peer.take();
        assert!(peer.info().cwnd >= 20_000);
        peer.pass(10_000);
        peer.write(20_000);
        peer.take().len()
    };
    assert_eq!(flight_after_silence(Config::new()), 10);
    let steady = Config::new().idle_restart(Switch::Off);
    assert_eq!(flight_after_silence(steady), 20);
}

#[test]
fn hop_limit_and_diffserv_of_a_live_connection_change() {
    let config = Config::new().hop_limit(9).diffserv(10);
    let mut peer = Peer::listening(setup(config));
    peer.send(syn().mss(1_000));
    peer.expect(syn_ack().hops(9).class(40));
    peer.send(ack());
    peer.accept();
    peer.set_config(config.hop_limit(3).diffserv(46));
    peer.write(10);
    peer.expect(data(10).hops(3).class(184));
}

#[test]
fn a_cork_holds_a_small_segment_until_it_is_drawn() {
    let mut peer = Peer::passive(setup(Config::new().cork(Switch::On)));
    peer.write(1_500);
    peer.expect(data(1_000));
    peer.send(ack()).expect_nothing();
    peer.set_config(Config::new().cork(Switch::Off));
    peer.expect(seg(PSH | 0x10).len(500));
    let mut peer = Peer::passive(setup(Config::new().cork(Switch::On)));
    peer.write(10);
    peer.expect_after(200, data(10));
}

#[test]
fn a_snapshot_follows_recovery() {
    let mut peer = Peer::listening(setup(Config::new()));
    peer.send(syn().mss(1_000));
    peer.expect(syn_ack());
    peer.pass(7);
    peer.send(ack());
    peer.accept();
    peer.write(10_000);
    peer.take();
    let info = peer.info();
    assert_eq!(info.min_rtt, Some(Duration::from_millis(7)));
    assert_eq!(
        (info.unacked, info.lost, info.resent, info.sacked),
        (10, 0, 0, 0)
    );
    assert_eq!(info.congestion, CongestionState::Open);
    assert_eq!((info.advertised_mss, info.reordering), (1_460, 3));
    peer.pass(5);
    peer.send(ack().ack(1_001));
    assert_eq!(peer.info().min_rtt, Some(Duration::from_millis(5)));
    peer.send(ack().ack(1_001));
    let info = peer.info();
    assert_eq!(
        (info.congestion, info.sacked),
        (CongestionState::Disorder, 1)
    );
    peer.send(ack().ack(1_001)).send(ack().ack(1_001));
    let info = peer.info();
    assert_eq!(info.congestion, CongestionState::Recovery);
    assert_eq!(
        (info.unacked, info.lost, info.resent, info.sacked),
        (9, 1, 1, 3)
    );
    peer.pass(1_000);
    let info = peer.info();
    assert_eq!(info.congestion, CongestionState::Loss);
    assert!(info.attempts > 0 && info.probes == 0);
    assert_eq!((info.unacked, info.lost, info.resent), (9, 9, 1));
}

#[test]
fn a_snapshot_counts_probes_and_times_the_last_text() {
    let mut peer = Peer::passive(setup(Config::new()));
    assert_eq!(peer.info().last_text, None);
    peer.send(data(300).window(0));
    peer.pass(70);
    assert_eq!(peer.info().last_text, Some(Duration::from_millis(70)));
    assert_eq!(peer.info().received_mss, 300);
    peer.write(100);
    assert_eq!((peer.info().probes, peer.info().unsent), (0, 100));
    peer.pass(2_500);
    assert!(peer.info().probes > 0);
    assert_eq!(peer.info().attempts, 0);
}
