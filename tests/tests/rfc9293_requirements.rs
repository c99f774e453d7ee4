//! What RFC 9293 and RFC 7323 require and no other test shows: one small conversation each.

use tcp_core::{CloseReason, Config, Dropped, Events, KeepAlive, ListenAt, Misuse, State};
use tcp_tests::packet::{ACK, SYN, Segment, URG};
use tcp_tests::peer::{FIRST_STAMP, Peer, Setup, ack, data, fin, rst, rst_ack, syn, syn_ack};

const HOUR_MS: u64 = 3_600_000;

/// The largest window of all, whose sign bit of 16 and whose 30th bit are set.
//= https://www.rfc-editor.org/rfc/rfc9293#section-3.1
//= type=test
//# The window size MUST be treated as an unsigned number, or else large window
//# sizes will appear like negative windows and TCP will not work (MUST-1).
//= https://www.rfc-editor.org/rfc/rfc9293#section-3.1
//= type=test
//# It is RECOMMENDED that implementations will reserve 32-bit fields for the
//# send and receive window sizes in the connection record and do all window
//# computations with 32 bits (REC-1).
#[test]
fn a_large_window_is_not_negative() {
    let plain = Peer::passive(Setup::plain().window(65_535));
    assert_eq!(plain.info().snd_wnd, 65_535);
    let offer = syn().mss(1_000).scale(14);
    let mut scaled = Peer::passive(Setup::plain().offer(offer).window(65_535));
    scaled.send(ack());
    assert_eq!(scaled.info().snd_wnd, 65_535 << 14);
    scaled.write(3_000);
    assert_eq!(scaled.take().len(), 3);
}

//= https://www.rfc-editor.org/rfc/rfc9293#section-3.6
//= type=test
//# If the local TCP connection is closed by the remote side due to a FIN or RST
//# received from the remote side, then the local application MUST be informed
//# whether it closed normally or was aborted (MUST-12).
#[test]
fn the_user_hears_whether_the_peer_closed_or_reset() {
    let mut closed = Peer::passive(Setup::plain());
    closed.events();
    closed.send(fin());
    assert!(closed.events().contains(Events::FINISHED));
    assert!(closed.is_finished());
    assert_eq!(closed.read(1), Ok(0));
    assert_eq!(closed.reason(), None);
    let mut reset = Peer::passive(Setup::plain());
    reset.events();
    reset.send(rst());
    let events = reset.events();
    assert!(events.contains(Events::CLOSED) && !events.contains(Events::FINISHED));
    assert!(!reset.is_finished());
    assert_eq!(reset.read(1), Err(Misuse::Closed));
    assert_eq!(reset.reason(), Some(CloseReason::Reset));
}

/// What is outstanding asks by itself whether the peer is there.
//= https://www.rfc-editor.org/rfc/rfc9293#section-3.8.4
//= type=test
//# Keep-alive packets MUST only be sent when no sent data is outstanding, and
//# no data or acknowledgment packets have been received for the connection
//# within an interval (MUST-26).
#[test]
fn no_keep_alive_leaves_while_something_is_outstanding() {
    let config = Config::new()
        .keep_alive(Some(KeepAlive {
            idle_s: 1,
            interval_s: 1,
            count: 200,
        }))
        .rto_min_ms(10_000);
    let mut peer = Peer::passive(Setup::plain().config(config));
    peer.write(10);
    peer.expect(data(10).seq(1));
    peer.pass(9_000);
    peer.expect_nothing();
    peer.send(ack());
    peer.expect_after(1_000, ack().seq(10));
}

//= https://www.rfc-editor.org/rfc/rfc9293#section-3.8.4
//= type=test
//# This interval MUST be configurable (MUST-27) and MUST default to no less
//# than two hours (MUST-28).
#[test]
fn a_keep_alive_waits_for_two_hours_unless_told_otherwise() {
    let usual = Config::new().keep_alive(Some(KeepAlive::default()));
    let mut peer = Peer::passive(Setup::plain().config(usual));
    peer.expect_after(2 * HOUR_MS, ack().seq(0));
    let told = Config::new().keep_alive(Some(KeepAlive {
        idle_s: 60,
        ..KeepAlive::default()
    }));
    let mut peer = Peer::passive(Setup::plain().config(told));
    peer.expect_after(60_000, ack().seq(0));
}

/// More urgent data than the pointer can span: it points as far as it can, and then further.
//= https://www.rfc-editor.org/rfc/rfc9293#section-3.8.5
//= type=test
//# A TCP implementation MUST support a sequence of urgent data of any length
//# (MUST-31) [19].
#[test]
fn urgent_data_may_be_longer_than_the_pointer_reaches() {
    let setup = Setup::plain()
        .rings(200_000)
        .offer(syn().mss(1_000).scale(4));
    let mut peer = Peer::passive(setup);
    peer.window = 20_000;
    peer.send(ack());
    peer.window = 0;
    peer.send(ack());
    peer.write(100_000);
    let handle = peer.handle();
    peer.stack
        .mark_urgent(peer.now, handle)
        .expect("it is open");
    peer.window = 20_000;
    peer.send(ack());
    let mut pointed = Vec::new();
    while peer.info().send_queue > 0 {
        for sent in peer.take() {
            assert!(sent.has(URG), "{sent}");
            pointed.push(sent.seq + u32::from(sent.urgent));
        }
        peer.send(ack());
        peer.pass(1);
    }
    assert_eq!(pointed.first(), Some(&65_536));
    assert_eq!(pointed.last(), Some(&100_001));
}

/// The second segment names the end that the first named.
//= https://www.rfc-editor.org/rfc/rfc9293#section-3.8.5
//= type=test
//# A TCP implementation MUST support a sequence of urgent data of any length
//# (MUST-31) [19].
//= https://www.rfc-editor.org/rfc/rfc9293#section-3.8.5
//= type=test
//# A TCP implementation MUST (MUST-32) inform the application layer
//# asynchronously whenever it receives an urgent pointer and there was
//# previously no pending urgent data, or whenever the urgent pointer advances
//# in the data stream.
#[test]
fn the_user_hears_each_advance_of_the_urgent_pointer() {
    let mut peer = Peer::passive(Setup::plain());
    peer.events();
    for (pointer, told, end) in [(300, true, 300), (200, false, 300), (400, true, 600)] {
        peer.send(data(100).urgent(pointer));
        assert_eq!(peer.events().contains(Events::URGENT), told);
        assert_eq!(peer.stack.urgent(peer.handle()), Ok(Some(end)));
    }
}

/// A day without a reader: the window stays shut, each probe is answered, nothing is lost.
//= https://www.rfc-editor.org/rfc/rfc9293#section-3.8.6.1
//= type=test
//# A TCP implementation MAY keep its offered receive window closed indefinitely
//# (MAY-8).
#[test]
fn a_window_that_nobody_opens_stays_shut() {
    let mut peer = Peer::passive(Setup::plain().rings(1_000));
    peer.send(data(1_000));
    peer.expect(ack().ack(1_001).window(0));
    for _ in 0..24 {
        peer.pass(HOUR_MS);
        peer.send(data(1).seq(1_001));
        peer.expect(ack().ack(1_001).window(0));
    }
    assert_eq!(peer.state(), State::Established);
    assert_eq!(peer.read(9_999), Ok(1_000));
}

/// The peer takes its window back and answers each probe of what lies beyond its edge.
//= https://www.rfc-editor.org/rfc/rfc9293#section-3.8.6
//= type=test
//# The sender MAY also retransmit old data beyond SND.UNA+SND.WND (MAY-7), but
//# SHOULD NOT time out the connection if data beyond the right window edge is
//# not acknowledged (SHLD-17).
#[test]
fn what_lies_beyond_a_shrunken_window_does_not_end_the_connection() {
    let mut peer = Peer::passive(Setup::plain());
    peer.write(3_000);
    assert_eq!(peer.take().len(), 3);
    peer.window = 0;
    peer.send(ack().ack(1_001));
    let mut probes = 0;
    for _ in 0..200 {
        peer.pass(60_000);
        for probe in peer.take() {
            assert_eq!(probe.seq, 1_001, "old data, beyond the window: {probe}");
            probes += 1;
        }
        peer.send(ack().ack(1_001));
    }
    assert!(probes > 100, "{probes}");
    assert_eq!(peer.state(), State::Established);
}

//= https://www.rfc-editor.org/rfc/rfc9293#section-3.9.1.1
//= type=test
//# Every passive OPEN call either creates a new connection record in LISTEN
//# state, or it returns an error; it MUST NOT affect any previously created
//# connection record (MUST-41).
#[test]
fn listening_again_does_not_disturb_what_is_there() {
    let mut peer = Peer::passive(Setup::plain());
    let (stack, _) = peer.ends();
    let again = peer.stack.listen(ListenAt::new(stack.port()));
    assert_eq!(again, Err(Misuse::AlreadyExists));
    let exactly = ListenAt {
        address: Some(stack.ip()),
        ..ListenAt::new(stack.port())
    };
    assert!(peer.stack.listen(exactly).is_ok());
    assert_eq!(peer.state(), State::Established);
    peer.send(data(100));
    assert_eq!(peer.read(999), Ok(100));
    peer.write(10);
    peer.expect(data(10).seq(1));
}

/// A listener beside a connection that is opening, or half open, from the same port.
//= https://www.rfc-editor.org/rfc/rfc9293#section-3.9.1.1
//= type=test
//# A TCP implementation that supports multiple concurrent connections MUST
//# provide an OPEN call that will functionally allow an application to LISTEN
//# on a port while a connection block with the same local port is in SYN-SENT
//# or SYN-RECEIVED state (MUST-42).
#[test]
fn one_may_listen_where_one_connects_from() {
    for mut peer in [
        Peer::connecting(Setup::plain()),
        Peer::crossed(Setup::plain()),
    ] {
        let before = peer.state();
        let (stack, ours) = peer.ends();
        let listener = peer.stack.listen(ListenAt::new(stack.port()));
        let listener = listener.expect("the port may be listened on");
        let mut segment = Segment::new(ours, stack);
        segment.source.set_port(ours.port() + 1);
        segment.flags = SYN;
        segment.seq = 7;
        peer.packet(&segment.encode());
        let answer = peer.take().pop().expect("a SYN-ACK");
        assert!(answer.has(SYN) && answer.has(ACK), "{answer}");
        assert_eq!(peer.state(), before);
        assert_eq!(peer.stack.accept(listener), Ok(None));
    }
}

/// Of two addresses the one that the user names, and no other from the first SYN to the last ACK.
//= https://www.rfc-editor.org/rfc/rfc9293#section-3.9.1.1
//= type=test
//# The optional "local IP address" parameter MUST be supported to allow the
//# specification of the local IP address (MUST-43).
//= https://www.rfc-editor.org/rfc/rfc9293#section-3.9.1.1
//= type=test
//# At all other times, a previous segment has either been sent or received on
//# this connection, and TCP implementations MUST use the same local address
//# that was used in those previous segments (MUST-45).
#[test]
fn the_local_address_is_the_users_choice_and_stays() {
    let second = "10.0.0.7";
    let setup = Setup {
        addresses: (second, "10.0.0.2"),
        ..Setup::plain()
    };
    let mut peer = Peer::new(setup);
    let first = "10.0.0.1".parse().expect("an address");
    peer.stack.add_address(first, 24).expect("room for two");
    peer.connect();
    let mut sources = vec![peer.expect(syn().seq(0)).source];
    sources.push(peer.expect_after(1_000, syn().seq(0)).source);
    let answer = peer.answer_to_syn();
    peer.send(answer);
    sources.push(peer.expect(ack()).source);
    peer.write(10);
    sources.push(peer.expect(data(10)).source);
    sources.push(peer.expect_after(3_000, data(10).seq(1)).source);
    peer.send(fin());
    sources.push(peer.expect(ack()).source);
    peer.shutdown();
    sources.push(peer.expect(fin()).source);
    for source in sources {
        assert_eq!(source.ip().to_string(), second);
    }
}

/// Segment size, window scale and SACK-permitted stand in SYNs and nowhere else.
//= https://www.rfc-editor.org/rfc/rfc9293#section-3.2
//= type=test
//# This field may be sent in the initial connection request (i.e., in segments
//# with the SYN control bit set) and MUST NOT be sent in other segments
//# (MUST-65).
//= https://www.rfc-editor.org/rfc/rfc2018#section-2
//= type=test
//# It MUST NOT be sent on non-SYN segments.
#[test]
fn options_of_the_handshake_are_sent_in_syns_only() {
    let mut peer = Peer::passive(Setup::full());
    peer.write(2_500);
    peer.send(data(100));
    peer.send(data(100).seq(501));
    peer.pass(500);
    peer.shutdown();
    peer.send(fin().seq(101));
    peer.pass(500);
    let sent = peer.take();
    assert!(sent.len() > 4, "{}", sent.len());
    for segment in sent {
        assert!(!segment.has(SYN), "{segment}");
        assert_eq!(segment.options.mss, None, "{segment}");
        assert_eq!(segment.options.window_scale, None, "{segment}");
        assert!(!segment.options.sack_permitted, "{segment}");
    }
}

//= https://www.rfc-editor.org/rfc/rfc9293#section-3.4
//= type=test
//# A TCP receiver MUST process the RST and URG fields of all incoming segments,
//# even when the receive window is zero (MUST-66).
#[test]
fn a_shut_window_lets_resets_and_urgent_pointers_through() {
    let shut = || {
        let mut peer = Peer::passive(Setup::plain().rings(1_000));
        peer.send(data(1_000));
        peer.expect(ack().ack(1_001).window(0));
        peer.events();
        peer
    };
    let mut urgent = shut();
    urgent.send(data(10).seq(1_001).urgent(10));
    assert!(urgent.events().contains(Events::URGENT));
    assert_eq!(urgent.stack.urgent(urgent.handle()), Ok(Some(1_010)));
    assert_eq!(urgent.readable(), 1_000, "its text finds no room");
    let mut reset = shut();
    reset.send(rst().seq(1_001));
    assert_eq!(reset.reason(), Some(CloseReason::Reset));
}

/// RFC 7323 sections 3.2 and 5.2: a user's abort carries the option like everything else.
//= https://www.rfc-editor.org/rfc/rfc7323#section-3.2
//= type=test
//# Once TSopt has been successfully negotiated, that is both <SYN> and
//# <SYN,ACK> contain TSopt, the TSopt MUST be sent in every non-<RST> segment
//# for the duration of the connection, and SHOULD be sent in an <RST> segment
//# (see Section 5.2 for details).
//= https://www.rfc-editor.org/rfc/rfc7323#section-5.2
//= type=test
//# If an <RST> is being generated because of a user abort, and Snd.TS.OK is
//# set, then a Timestamps option SHOULD be included in the <RST>.
#[test]
fn the_reset_of_a_user_carries_timestamps() {
    let mut peer = Peer::passive(Setup::full());
    peer.pass(50);
    peer.send(data(10));
    let stamp = peer.stamp();
    peer.abort();
    peer.expect(rst_ack().seq(1).ack(11).echo(stamp));
}

/// RFC 7323 section 3.2: only an acknowledgment echoes anything.
//= https://www.rfc-editor.org/rfc/rfc7323#section-3.2
//= type=test
//# When the ACK bit is not set, the receiver MUST ignore the value of the TSecr
//# field.
#[test]
fn the_echo_of_a_segment_without_ack_is_ignored() {
    let mut peer = Peer::connecting(Setup::full());
    peer.pass(40);
    peer.send(syn().mss(1_000).stamps(FIRST_STAMP, 0x1234_5678).seq(0));
    peer.expect(syn_ack().seq(0).ack(1).echo(FIRST_STAMP));
    assert_eq!(peer.info().srtt, None);
    assert_eq!(peer.state(), State::SynReceived);
}

/// RFC 7323 section 3.2: an option that was not agreed on means nothing, however old it is.
//= https://www.rfc-editor.org/rfc/rfc7323#section-3.2
//= type=test
//# If a TSopt is received on a connection where TSopt was not negotiated in the
//# initial three-way handshake, the TSopt MUST be ignored and the packet
//# processed normally.
#[test]
fn timestamps_that_were_not_agreed_on_are_ignored() {
    let mut peer = Peer::passive(Setup::plain());
    for stamp in [9_000, 5, u32::MAX, 9_000] {
        peer.send(data(100).stamps(stamp, 77));
        assert_eq!(peer.verdict, Ok(()));
        peer.pass(50);
        peer.expect(ack().no_stamps());
    }
    assert_eq!(peer.read(999), Ok(400));
}

/// RFC 7323 section 5.4: one tick in 1.024 ms, whatever is sent. 2^31 octets leave in less only
/// beyond 16 Tbit/s, and half of the circle lasts for 25 days.
//= https://www.rfc-editor.org/rfc/rfc7323#section-4.1
//= type=test
//# Values of this clock MUST be at least approximately proportional to real
//# time, in order to measure actual RTT.
//= https://www.rfc-editor.org/rfc/rfc7323#section-5.4
//= type=test
//# It MUST tick at least once for each 2^31 bytes sent.
//= https://www.rfc-editor.org/rfc/rfc7323#section-5.4
//= type=test
//# The recycling time of the timestamp clock MUST be greater than MSL seconds.
#[test]
fn the_timestamp_clock_follows_time() {
    let mut peer = Peer::passive(Setup::full());
    let value = |peer: &mut Peer| {
        peer.write(10);
        let sent = peer.expect(data(10));
        peer.send(ack());
        sent.options.timestamps.expect("timestamps were agreed").0
    };
    let first = value(&mut peer);
    peer.pass(1_024);
    let second = value(&mut peer);
    peer.pass(3_600_000);
    let third = value(&mut peer);
    assert!((999..=1_001).contains(&second.wrapping_sub(first)));
    let expected = 3_600_000_000 / 1_024;
    assert!(third.wrapping_sub(second).abs_diff(expected) <= 1);
}

/// RFC 7323 section 4.1: a duplicate acknowledgment repeats an echo and measures nothing.
//= https://www.rfc-editor.org/rfc/rfc7323#section-4.1
//= type=test
//# RTTM Rule: A TSecr value received in a segment MAY be used to update the
//# averaged RTT measurement only if the segment advances the left edge of the
//# send window, i.e., SND.UNA is increased.
#[test]
fn only_what_acknowledges_more_measures_the_round_trip() {
    let mut peer = Peer::passive(Setup::full());
    peer.write(10);
    peer.expect(data(10));
    let before = peer.info().srtt;
    peer.pass(90);
    peer.send(ack().ack(1));
    peer.send(data(10).ack(1));
    assert_eq!(peer.info().srtt, before);
    peer.send(ack());
    assert_ne!(peer.info().srtt, before);
}

/// RFC 7323 section 5.3: a segment that fails both checks fails the first.
//= https://www.rfc-editor.org/rfc/rfc7323#section-5.3
//= type=test
//# Also, PAWS processing MUST take precedence over the regular TCP
//# acceptability check (Section 3.3 in [RFC0793]), which is performed after
//# verification of the received Timestamps option:
#[test]
fn timestamps_are_checked_before_the_sequence_number() {
    let mut peer = Peer::passive(Setup::full());
    peer.send(data(10).seq(500_000).stamps(FIRST_STAMP - 1, 0));
    assert_eq!(peer.verdict, Err(Dropped::Paws));
    peer.send(data(10).seq(500_000).stamps(FIRST_STAMP, 0));
    assert_eq!(peer.verdict, Err(Dropped::OutOfWindow));
}
