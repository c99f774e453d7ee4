//! What the two SYNs agree on: segment size, window scaling, timestamps; and what PAWS does with
//! the latter.

use tcp_core::{CloseReason, Config, Dropped, State, Switch};
use tcp_tests::peer::{FIRST_STAMP, Peer, Setup, ack, data, fin, rst, syn, syn_ack};

const DAY_MS: u64 = 86_400_000;

/// The length of a full segment of the stack.
fn full_segment(setup: Setup) -> usize {
    let mut peer = Peer::passive(setup);
    peer.write(3_000);
    peer.take().first().expect("a segment").payload.len()
}

//= https://www.rfc-editor.org/rfc/rfc9293#section-3.7.1
//= type=test
//# The maximum size of a segment that a TCP endpoint really sends, the
//# "effective send MSS", MUST be the smaller (MUST-16) of the send MSS (that
//# reflects the available reassembly buffer size at the remote host, the EMTU_R
//# [19]) and the largest transmission size permitted by the IP layer (EMTU_S
//# [19]):
//= https://www.rfc-editor.org/rfc/rfc9293#section-3.7.1
//= type=test
//# TCP endpoints MUST implement both sending and receiving the MSS Option
//# (MUST-14).
#[test]
fn d15_d16_the_peers_mss_is_clamped_at_both_ends() {
    for (mss, full) in [
        (0, 48),
        (1, 48),
        (12, 48),
        (48, 48),
        (536, 536),
        (1_460, 1_460),
        (65_535, 1_460),
    ] {
        let setup = Setup::plain().offer(syn().mss(mss));
        assert_eq!(full_segment(setup), full, "MSS {mss}");
    }
}

#[test]
fn d15_options_never_use_up_a_segment() {
    for mss in [0, 1, 8, 12, 13, 47] {
        let setup = Setup::full();
        let offer = setup.offer.clone().mss(mss);
        assert_eq!(full_segment(setup.offer(offer)), 36, "MSS {mss}");
    }
}

/// RFC 9293 MUST-15 and section 3.7.1: 536 for IPv4, 1,220 for IPv6.
//= https://www.rfc-editor.org/rfc/rfc9293#section-3.7.1
//= type=test
//# If an MSS Option is not received at connection setup, TCP implementations
//# MUST assume a default send MSS of 536 (576 - 40) for IPv4 or 1220 (1280 -
//# 60) for IPv6 (MUST-15).
#[test]
fn without_an_mss_option_the_default_of_the_family_counts() {
    assert_eq!(full_segment(Setup::plain().offer(syn())), 536);
    assert_eq!(full_segment(Setup::plain().offer(syn()).v6()), 1_220);
    let huge = Setup::plain().offer(syn().mss(65_535)).v6();
    assert_eq!(full_segment(huge), 1_440);
}

//= https://www.rfc-editor.org/rfc/rfc9293#section-3.7.1
//= type=test
//# TCP implementations SHOULD send an MSS Option in every SYN segment when its
//# receive MSS differs from the default 536 for IPv4 or 1220 for IPv6 (SHLD-5),
//# and MAY send it always (MAY-3).
//= https://www.rfc-editor.org/rfc/rfc9293#section-3.7.1
//= type=test
//# where MMS_R is the maximum size for a transport-layer message that can be
//# received (and reassembled at the IP layer) (MUST-67).
//= https://www.rfc-editor.org/rfc/rfc9293#section-3.7.3
//= type=test
//# As a result, when the effective MTU of an interface varies packet-to-packet,
//# TCP implementations SHOULD use the smallest effective MTU of the interface
//# to calculate the value to advertise in the MSS Option (SHLD-6).
//= https://www.rfc-editor.org/rfc/rfc9293#section-3.7.1
//= type=test
//# TCP endpoints MUST implement both sending and receiving the MSS Option
//# (MUST-14).
#[test]
fn our_mss_is_what_the_device_takes() {
    for (setup, mss) in [
        (Setup::plain(), 1_460),
        (Setup::plain().v6(), 1_440),
        (Setup::plain().config(Config::new().mss(900)), 900),
    ] {
        let mut peer = Peer::listening(setup.clone());
        peer.send(syn());
        peer.expect(syn_ack().mss(mss));
        let mut peer = Peer::new(setup);
        peer.connect();
        peer.expect(syn().mss(mss));
    }
}

/// Each option is in our SYN-ACK only if it was in the SYN and we want it.
//= https://www.rfc-editor.org/rfc/rfc7323#section-2.2
//= type=test
//# If a Window Scale option was received in the initial <SYN> segment, then
//# this option MAY be sent in the <SYN,ACK> segment.
//= https://www.rfc-editor.org/rfc/rfc7323#section-2.3
//= type=test
//# o If a TCP receives a <SYN> segment containing a Window Scale option, it
//# SHOULD send its own Window Scale option in the <SYN,ACK> segment.
//= https://www.rfc-editor.org/rfc/rfc7323#section-3.2
//= type=test
//# A TCP MAY send the TSopt in an initial <SYN> segment (i.e., segment
//# containing a SYN bit and no ACK bit), and MAY send a TSopt in <SYN,ACK> only
//# if it received a TSopt in the initial <SYN> segment for the connection.
#[test]
fn a_syn_ack_offers_what_the_syn_offered() {
    let full = Setup::full().offer;
    for (offer, config, expected) in [
        (syn(), Config::new(), (None, false, false)),
        (syn().scale(3), Config::new(), (Some(0), false, false)),
        (syn().sack_permitted(), Config::new(), (None, true, false)),
        (syn().stamps(7, 0), Config::new(), (None, false, true)),
        (full.clone(), Config::new(), (Some(0), true, true)),
        (
            full.clone(),
            Config::new().timestamps(Switch::Off),
            (Some(0), true, false),
        ),
        (
            full.clone(),
            Config::new().sack(Switch::Off),
            (Some(0), false, true),
        ),
        (
            full,
            Config::new().window_scaling(Switch::Off),
            (None, true, true),
        ),
    ] {
        let setup = Setup::plain().offer(offer.clone()).config(config);
        let mut peer = Peer::listening(setup);
        peer.send(offer);
        let got = peer.expect(syn_ack()).options;
        let offered = (
            got.window_scale,
            got.sack_permitted,
            got.timestamps.is_some(),
        );
        assert_eq!(offered, expected);
    }
}

//= https://www.rfc-editor.org/rfc/rfc7323#section-2.2
//= type=test
//# The three-byte Window Scale option MAY be sent in a <SYN> segment by a TCP.
//= https://www.rfc-editor.org/rfc/rfc7323#section-2.2
//= type=test
//# Thus, a TCP that is prepared to scale windows SHOULD send the option, even
//# if its own scale factor is 1 and the exponent 0.
//= https://www.rfc-editor.org/rfc/rfc7323#section-2.2
//= type=test
//# The value 'shift.cnt' MAY be zero (offering to scale, while applying a scale
//# factor of 1 to the receive window).
//= https://www.rfc-editor.org/rfc/rfc7323#section-2.2
//= type=test
//# This option MAY be sent in an initial <SYN> segment (i.e., a segment with
//# the SYN bit on and the ACK bit off).
//= https://www.rfc-editor.org/rfc/rfc7323#section-3.2
//= type=test
//# If the ACK bit is not set in the outgoing TCP header, the sender of that
//# segment SHOULD set the TSecr field to zero.
//= https://www.rfc-editor.org/rfc/rfc7323#section-3.2
//= type=test
//# A TCP MAY send the TSopt in an initial <SYN> segment (i.e., segment
//# containing a SYN bit and no ACK bit), and MAY send a TSopt in <SYN,ACK> only
//# if it received a TSopt in the initial <SYN> segment for the connection.
#[test]
fn a_syn_offers_what_the_user_wants() {
    let all_off = Config::new()
        .timestamps(Switch::Off)
        .sack(Switch::Off)
        .window_scaling(Switch::Off);
    for (config, expected) in [
        (Config::new(), (Some(0), true, true)),
        (all_off, (None, false, false)),
    ] {
        let mut peer = Peer::new(Setup::plain().config(config));
        peer.connect();
        let got = peer.expect(syn()).options;
        let offered = (
            got.window_scale,
            got.sack_permitted,
            got.timestamps.is_some(),
        );
        assert_eq!(offered, expected);
        assert!(got.timestamps.is_none_or(|(_, echo)| echo == 0));
    }
}

/// T10: one peer without timestamps says nothing about the next.
#[test]
fn t10_a_peer_without_timestamps_does_not_spoil_the_next_connection() {
    let mut peer = Peer::listening(Setup::plain());
    peer.open();
    peer.write(10);
    peer.expect(data(10).no_stamps());
    peer.send(rst());
    peer.pass(5);
    peer.nxt = 0;
    peer.send(Setup::full().offer);
    peer.expect(syn_ack().echo(FIRST_STAMP));
}

//= https://www.rfc-editor.org/rfc/rfc7323#section-3.2
//= type=test
//# When the ACK bit is set in an outgoing segment, the sender MUST echo a
//# recently received TSval sent by the remote TCP in the TSval field of a
//# Timestamps option.
//= https://www.rfc-editor.org/rfc/rfc7323#section-3.2
//= type=test
//# Once TSopt has been successfully negotiated, that is both <SYN> and
//# <SYN,ACK> contain TSopt, the TSopt MUST be sent in every non-<RST> segment
//# for the duration of the connection, and SHOULD be sent in an <RST> segment
//# (see Section 5.2 for details).
//= https://www.rfc-editor.org/rfc/rfc7323#section-3.2
//= type=test
//# The TCP SHOULD remember this state by setting a flag, referred to as
//# Snd.TS.OK, to one.
#[test]
fn timestamps_are_in_every_segment_once_agreed_and_in_none_otherwise() {
    let mut with = Peer::passive(Setup::full());
    with.write(10);
    with.expect(data(10).echo(FIRST_STAMP));
    with.pass(7);
    with.send(data(10));
    with.shutdown();
    with.expect(fin().echo(FIRST_STAMP + 7));
    let mut without = Peer::active(Setup::plain());
    without.write(10);
    without.expect(data(10).no_stamps());
}

/// D26: RFC 7323 section 3.2. Dropped silently; our own segments keep the option.
//= https://www.rfc-editor.org/rfc/rfc7323#section-3.2
//= type=test
//# If a non-<RST> segment is received without a TSopt, a TCP SHOULD silently
//# drop the segment.
//= https://www.rfc-editor.org/rfc/rfc7323#section-3.2
//= type=test
//# A TCP MUST NOT abort a TCP connection because any segment lacks an expected
//# TSopt.
#[test]
fn d26_a_segment_without_timestamps_is_dropped_where_they_were_agreed() {
    let mut peer = Peer::passive(Setup::full());
    peer.send(data(100).seq(1).no_stamps());
    peer.expect_nothing();
    assert_eq!(peer.verdict, Err(Dropped::TimestampMissing));
    assert_eq!(peer.readable(), 0);
    peer.send(fin().seq(1).no_stamps());
    assert_eq!(peer.state(), State::Established);
    peer.send(rst().seq(1).no_stamps());
    assert_eq!(peer.reason(), Some(CloseReason::Reset));
}

/// D25: PAWS. Acknowledged and dropped; a reset is exempt.
//= https://www.rfc-editor.org/rfc/rfc7323#section-5.2
//= type=test
//# The choice of incoming timestamps to be saved for this comparison MUST
//# guarantee a value that is monotonically non-decreasing.
//= https://www.rfc-editor.org/rfc/rfc7323#section-5.2
//= type=test
//# When an <RST> segment is received, it MUST NOT be subjected to the PAWS
//# check by verifying an acceptable value in SEG.TSval, and information from
//# the Timestamps option MUST NOT be used to update connection state
//# information.
//= https://www.rfc-editor.org/rfc/rfc7323#section-5.3
//= type=test
//# If the PAWS algorithm is used, the following processing MUST be performed on
//# all incoming segments for a synchronized connection.
#[test]
fn d25_a_segment_with_an_old_timestamp_is_acknowledged_and_dropped() {
    let mut peer = Peer::passive(Setup::full());
    for old in [FIRST_STAMP - 1, FIRST_STAMP.wrapping_sub(1 << 30)] {
        peer.send(data(100).seq(1).stamps(old, 0));
        peer.expect(ack().ack(1).echo(FIRST_STAMP));
        assert_eq!(peer.verdict, Err(Dropped::Paws));
    }
    assert_eq!(peer.readable(), 0);
    peer.send(data(100).stamps(FIRST_STAMP, 0));
    assert_eq!(peer.readable(), 100);
    peer.send(rst().stamps(FIRST_STAMP - 500, 0));
    assert_eq!(peer.state(), State::Closed);
}

/// Who guesses a sequence number, but no acknowledgment number, cannot make PAWS refuse the peer.
#[test]
fn a_segment_whose_acknowledgment_is_refused_does_not_move_ts_recent() {
    let mut peer = Peer::passive(Setup::full());
    let forged = FIRST_STAMP.wrapping_add(1 << 30);
    peer.send(data(10).seq(1).ack(5_000).stamps(forged, 0));
    assert_eq!(peer.verdict, Err(Dropped::AckUnacceptable));
    peer.expect(ack().ack(1).echo(FIRST_STAMP));
    peer.send(data(100).seq(1).stamps(FIRST_STAMP, 0));
    assert_eq!(peer.readable(), 100);
}

/// RFC 7323 section 4.3: TS.Recent follows what stands at the edge of what was acknowledged, so
/// the echo is that of the earliest segment that waits for its acknowledgment.
//= https://www.rfc-editor.org/rfc/rfc7323#section-4.3
//= type=test
//# Thus, when delayed ACKs are in use, the receiver SHOULD reply with the TSval
//# field from the earliest unacknowledged segment.
#[test]
fn the_echo_is_that_of_the_earliest_unacknowledged_segment() {
    let mut peer = Peer::passive(Setup::full());
    peer.pass(10);
    peer.send(data(1_000));
    peer.pass(10);
    peer.send(data(1_000));
    peer.expect(ack().ack(2_001).echo(FIRST_STAMP + 10));
}

/// Behind a gap the echo stays that of the last segment in order.
//= https://www.rfc-editor.org/rfc/rfc7323#section-4.3
//= type=test
//# An <ACK> for an out-of-order segment SHOULD, therefore, contain the
//# timestamp from the most recent segment that advanced RCV.NXT.
//= https://www.rfc-editor.org/rfc/rfc7323#section-4.3
//= type=test
//# Thus, the timestamp from the latest segment (which filled the hole) MUST be
//# echoed.
//= https://www.rfc-editor.org/rfc/rfc7323#section-5.3
//= type=test
//# It is important to note that the timestamp MUST be checked only when a
//# segment first arrives at the receiver, regardless of whether it is in
//# sequence or it must be queued for later delivery.
#[test]
fn a_segment_behind_a_gap_does_not_change_the_echo() {
    let mut peer = Peer::passive(Setup::full());
    peer.pass(10);
    peer.send(data(1_000));
    peer.expect_after(40, ack().ack(1_001).echo(FIRST_STAMP + 10));
    peer.pass(50);
    peer.send(data(1_000).seq(2_001));
    peer.expect(
        ack()
            .ack(1_001)
            .echo(FIRST_STAMP + 10)
            .sack(&[(2_001, 3_001)]),
    );
    peer.pass(100);
    let stamp = peer.stamp();
    peer.send(data(1_000).seq(1_001));
    peer.expect(ack().ack(3_001).echo(stamp));
}

/// RFC 7323 section 5.5: a TS.Recent that is more than 24 days old says nothing.
//= https://www.rfc-editor.org/rfc/rfc7323#section-5.5
//= type=test
//# To detect how long the connection has been idle, the TCP MAY update a clock
//# or timestamp value associated with the connection whenever TS.Recent is
//# updated, for example.
#[test]
fn d25_after_24_days_an_old_timestamp_is_believed() {
    let old = FIRST_STAMP.wrapping_sub(1_000_000);
    let mut peer = Peer::passive(Setup::full());
    peer.pass(23 * DAY_MS);
    peer.send(data(10).seq(1).stamps(old, 0));
    assert_eq!(peer.verdict, Err(Dropped::Paws));
    peer.pass(2 * DAY_MS);
    peer.send(data(10).seq(1).stamps(old, 0));
    assert_eq!(peer.verdict, Ok(()));
    assert_eq!(peer.readable(), 10);
    // From here on it is the measure again.
    peer.send(data(10).seq(11).stamps(old.wrapping_sub(1), 0));
    assert_eq!(peer.verdict, Err(Dropped::Paws));
}

/// P20: sequence numbers and timestamps pass zero.
#[test]
fn p20_everything_wraps() {
    let setup = Setup {
        iss: u32::MAX - 500,
        ..Setup::full()
    };
    let mut peer = Peer::passive(setup);
    for octets in 1..=5u32 {
        peer.pass(1);
        peer.send(data(300));
        assert_eq!(peer.read(1_000), Ok(300));
        assert_eq!(peer.nxt, 1 + 300 * octets);
    }
    peer.send(data(100).seq(2_001));
    let answer = peer.take().pop().expect("an ACK");
    assert_eq!(answer.options.sack, [(2_001, 2_101)]);
}

/// A002: the window of a SYN-ACK is never scaled; a peer that fills it exactly, and then every
/// later window exactly, stays within the ring.
//= https://www.rfc-editor.org/rfc/rfc7323#section-2.2
//= type=test
//# The window field in a segment where the SYN bit is set (i.e., a <SYN> or
//# <SYN,ACK>) MUST NOT be scaled.
//= https://www.rfc-editor.org/rfc/rfc7323#section-2.3
//= type=test
//# o The Window Scale option MUST be sent with shift.cnt = R, where R is the
//# value that the TCP would like to use for its receive window.
//= https://www.rfc-editor.org/rfc/rfc7323#section-2.3
//= type=test
//# o The window field (SEG.WND) of every outgoing segment, with the exception
//# of <SYN> segments, MUST be right-shifted by Rcv.Wind.Shift bits:
//= https://www.rfc-editor.org/rfc/rfc7323#section-2.4
//= type=test
//# 1) The receiver MUST honor, as in window, any segment that would have been
//# in window for any <ACK> sent by the receiver.
//= https://www.rfc-editor.org/rfc/rfc7323#section-2.4
//= type=test
//# 2) When window scaling is in effect, the receiver SHOULD track the actual
//# maximum window sequence number (which is likely to be greater than the
//# window announced by the most recent <ACK>, if more than one segment has
//# arrived since the application consumed any data in the receive buffer).
#[test]
fn a002_the_peer_fills_a_scaled_window_exactly() {
    const RING: usize = 200_000;
    let offer = syn().mss(1_000).scale(7);
    let mut peer = Peer::listening(Setup::plain().rings(RING).offer(offer.clone()));
    peer.send(offer);
    peer.expect(syn_ack().window(65_535).scale(2));
    peer.send(ack());
    peer.accept();
    for _ in 0..65 {
        peer.send(data(1_000));
    }
    peer.send(data(535));
    peer.pass(50);
    let last = peer.take().pop().expect("an ACK");
    assert_eq!((last.ack, last.window), (65_536, 33_616));
    // In units of four octets the ring holds one octet less.
    let edge = last.ack + (u32::from(last.window) << 2);
    assert_eq!(edge as usize, RING);
    while peer.nxt < edge {
        peer.send(data(1_000.min((edge - peer.nxt) as usize)));
    }
    peer.pass(50);
    let last = peer.take().pop().expect("an ACK");
    assert_eq!((last.ack, last.window), (edge, 0));
    peer.send(data(1).seq(edge));
    peer.expect(ack().ack(edge).window(0));
    assert_eq!(peer.readable(), RING - 1);
    assert_eq!(peer.read(RING), Ok(RING - 1));
    let update = peer.expect(ack().ack(edge));
    assert!(update.window >= 49_999, "{update}");
}

/// The same from a SYN: what the peer's SYN-ACK says is not scaled, what follows is.
//= https://www.rfc-editor.org/rfc/rfc7323#section-2.2
//= type=test
//# The window field in a segment where the SYN bit is set (i.e., a <SYN> or
//# <SYN,ACK>) MUST NOT be scaled.
//= https://www.rfc-editor.org/rfc/rfc7323#section-2.3
//= type=test
//# o Upon receiving a <SYN> segment with a Window Scale option containing
//# shift.cnt = S, a TCP MUST set Snd.Wind.Shift to S and MUST set
//# Rcv.Wind.Shift to R; otherwise, it MUST set both Snd.Wind.Shift and
//# Rcv.Wind.Shift to zero.
//= https://www.rfc-editor.org/rfc/rfc7323#section-2.3
//= type=test
//# o The window field (SEG.WND) in the header of every incoming segment, with
//# the exception of <SYN> segments, MUST be left-shifted by Snd.Wind.Shift bits
//# before updating SND.WND:
#[test]
fn the_peers_window_is_scaled_from_the_second_segment_on() {
    let setup = Setup::plain().offer(syn().mss(1_000).scale(4)).window(500);
    let mut peer = Peer::active(setup);
    assert_eq!(peer.info().snd_wnd, 500);
    peer.send(ack());
    assert_eq!(peer.info().snd_wnd, 8_000);
    assert_eq!(peer.info().snd_wscale, 4);
}

/// P09: a shift beyond 14 is taken as 14; without the option on one side there is none.
//= https://www.rfc-editor.org/rfc/rfc7323#section-2.2
//= type=test
//# This option is an offer, not a promise; both sides MUST send Window Scale
//# options in their <SYN> segments to enable window scaling in either
//# direction.
//= https://www.rfc-editor.org/rfc/rfc7323#section-2.3
//= type=test
//# o Upon receiving a <SYN> segment with a Window Scale option containing
//# shift.cnt = S, a TCP MUST set Snd.Wind.Shift to S and MUST set
//# Rcv.Wind.Shift to R; otherwise, it MUST set both Snd.Wind.Shift and
//# Rcv.Wind.Shift to zero.
//= https://www.rfc-editor.org/rfc/rfc7323#section-2.3
//= type=test
//# If a Window Scale option is received with a shift.cnt value larger than 14,
//# the TCP SHOULD log the error but MUST use 14 instead of the specified value.
#[test]
fn p09_a_window_shift_beyond_14_is_14() {
    for (shift, taken) in [(14, 14), (15, 14), (255, 14)] {
        let setup = Setup::plain().offer(syn().mss(1_000).scale(shift));
        let mut peer = Peer::passive(setup.window(3));
        peer.send(ack());
        assert_eq!(peer.info().snd_wscale, taken);
        assert_eq!(peer.info().snd_wnd, 3 << 14);
    }
    let peer = Peer::passive(Setup::plain().rings(1 << 20));
    assert_eq!(peer.info().rcv_wscale, 0);
    assert_eq!(peer.info().rcv_wnd, 65_535);
}

/// P11: MSS and window scale count in SYNs only.
//= https://www.rfc-editor.org/rfc/rfc7323#section-2.2
//= type=test
//# A Window Scale option in a segment without a SYN bit MUST be ignored.
#[test]
fn p11_options_of_the_handshake_mean_nothing_later() {
    let mut peer = Peer::passive(Setup::plain());
    peer.send(ack().mss(100).scale(9).sack_permitted());
    assert_eq!(peer.info().mss, 1_000);
    assert_eq!(peer.info().snd_wscale, 0);
    assert_eq!(peer.info().snd_wnd, 65_535);
    assert!(!peer.info().sack);
}
