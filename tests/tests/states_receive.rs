//! The receiving side: what is stored, when it is acknowledged, what SACK says, and how the window
//! opens and shuts.

use tcp_core::{Config, Dropped, Events, State};
use tcp_tests::memory::Sizes;
use tcp_tests::packet::{FIN, URG};
use tcp_tests::peer::{Peer, Setup, ack, data, fin, rst, rst_ack, seg};

//= https://www.rfc-editor.org/rfc/rfc9293#section-3.8.6.3
//= type=test
//# A TCP endpoint SHOULD implement a delayed ACK (SHLD-18), but an ACK should
//# not be excessively delayed; in particular, the delay MUST be less than 0.5
//# seconds (MUST-40).
//= https://www.rfc-editor.org/rfc/rfc9293#section-3.8.6.3
//= type=test
//# An ACK SHOULD be generated for at least every second full-sized segment or
//# 2*RMSS bytes of new data (where RMSS is the MSS specified by the TCP
//# endpoint receiving the segments to be acknowledged, or the default value if
//# not specified) (SHLD-19).
#[test]
fn the_second_full_segment_is_acknowledged_at_once_and_a_single_one_after_40_ms() {
    let mut peer = Peer::passive(Setup::plain());
    peer.send(data(1_000));
    peer.expect_after(40, ack().ack(1_001));
    peer.send(data(1_000));
    peer.expect_nothing();
    peer.pass(20);
    peer.send(data(1_000));
    peer.expect(ack().ack(3_001));
    peer.pass(1_000);
    peer.expect_nothing();
}

//= https://www.rfc-editor.org/rfc/rfc9293#section-3.8.6.3
//= type=test
//# An ACK SHOULD be generated for at least every second full-sized segment or
//# 2*RMSS bytes of new data (where RMSS is the MSS specified by the TCP
//# endpoint receiving the segments to be acknowledged, or the default value if
//# not specified) (SHLD-19).
#[test]
fn small_segments_wait_for_the_octets_of_two_full_ones() {
    let mut peer = Peer::passive(Setup::plain());
    peer.send(data(1_000));
    peer.send(data(999));
    peer.expect_nothing();
    peer.send(data(1));
    peer.expect(ack().ack(2_001));
}

#[test]
fn without_a_delay_each_segment_is_acknowledged_at_once() {
    let config = Config::new().ack_delay_ms(0);
    let mut peer = Peer::passive(Setup::plain().config(config));
    for acked in [101, 201, 301] {
        peer.send(data(100));
        peer.run();
        peer.expect(ack().ack(acked));
    }
}

/// The acknowledgment goes along with data, and none follows.
//= https://www.rfc-editor.org/rfc/rfc9293#section-3.10.7.4
//= type=test
//# o In general, the processing of received segments MUST be implemented to
//# aggregate ACK segments whenever possible (MUST-58).
#[test]
fn data_takes_the_acknowledgment_along() {
    let mut peer = Peer::passive(Setup::plain());
    peer.send(data(1_000));
    peer.write(10);
    peer.expect(data(10).seq(1).ack(1_001));
    peer.send(ack());
    peer.pass(500);
    peer.expect_nothing();
}

/// RFC 5681 section 4.2: out of order, and what fills a gap: at once.
//= https://www.rfc-editor.org/rfc/rfc9293#section-3.10.7.4
//= type=test
//# Segments with higher beginning sequence numbers SHOULD be held for later
//# processing (SHLD-31).
//= https://www.rfc-editor.org/rfc/rfc9293#section-3.10.7.4
//= type=test
//# o A TCP implementation MAY send an ACK segment acknowledging RCV.NXT when a
//# valid segment arrives that is in the window but not at the left window edge
//# (MAY-13).
//= https://www.rfc-editor.org/rfc/rfc5681#section-3.2
//= type=test
//# A TCP receiver SHOULD send an immediate duplicate ACK when an out-of-order
//# segment arrives.
//= https://www.rfc-editor.org/rfc/rfc5681#section-3.2
//= type=test
//# In addition, a TCP receiver SHOULD send an immediate ACK when the incoming
//# segment fills in all or part of a gap in the sequence space.
//= https://www.rfc-editor.org/rfc/rfc5681#section-4.2
//= type=test
//# Out-of-order data segments SHOULD be acknowledged immediately, in order to
//# accelerate loss recovery.
//= https://www.rfc-editor.org/rfc/rfc5681#section-4.2
//= type=test
//# To trigger the fast retransmit algorithm, the receiver SHOULD send an
//# immediate duplicate ACK when it receives a data segment above a gap in the
//# sequence space.
//= https://www.rfc-editor.org/rfc/rfc5681#section-4.2
//= type=test
//# To provide feedback to senders recovering from losses, the receiver SHOULD
//# send an immediate ACK when it receives a data segment that fills in all or
//# part of a gap in the sequence space.
//= https://www.rfc-editor.org/rfc/rfc5681#section-4.2
//= type=test
//# A TCP receiver MUST NOT generate more than one ACK for every incoming
//# segment, other than to update the offered window as the receiving
//# application consumes new data (see [RFC813] and page 42 of [RFC793]).
#[test]
fn what_is_out_of_order_and_what_fills_a_gap_is_acknowledged_at_once() {
    let mut peer = Peer::passive(Setup::plain());
    peer.send(data(100).seq(201));
    peer.expect(ack().ack(1));
    peer.send(data(100).seq(1));
    peer.expect(ack().ack(101));
    peer.send(data(100).seq(101));
    peer.expect(ack().ack(301));
    assert_eq!(peer.read(1_000), Ok(300));
}

/// A sender with less than two segments of window would wait for our timer.
#[test]
fn a_small_window_is_acknowledged_at_once() {
    let mut peer = Peer::passive(Setup::plain().rings(2_900));
    peer.send(data(1_000));
    peer.expect(ack().ack(1_001).window(1_900));
}

/// D08, MUST-66: with the window shut, the ACK of a segment counts, its text does not.
#[test]
fn d08_a_shut_window_takes_acks_and_no_text() {
    let mut peer = Peer::passive(Setup::plain().rings(2_000));
    peer.write(500);
    peer.expect(data(500).psh());
    peer.send(data(1_000).ack(1));
    peer.send(data(1_000).ack(1));
    peer.expect(ack().ack(1_001));
    peer.expect(ack().ack(2_001).window(0));
    peer.send(data(100).seq(2_001).ack(501));
    peer.expect(ack().ack(2_001).window(0));
    assert_eq!(peer.info().send_queue, 0);
    assert_eq!(peer.readable(), 2_000);
}

/// S21: a FIN needs no room.
#[test]
fn s21_a_fin_is_taken_with_the_window_shut() {
    let mut peer = Peer::passive(Setup::plain().rings(1_000));
    peer.send(data(1_000));
    peer.expect(ack().ack(1_001).window(0));
    peer.send(fin());
    peer.expect(ack().ack(1_002).window(0));
    assert_eq!(peer.state(), State::CloseWait);
    assert_eq!(peer.read(2_000), Ok(1_000));
    assert!(peer.is_finished());
}

/// S22: a segment all of whose text is old may bring a FIN.
#[test]
fn s22_old_text_with_a_fin_brings_the_fin() {
    let mut peer = Peer::passive(Setup::plain());
    peer.send(data(1_000));
    peer.send(data(1_000).with_fin().seq(1));
    peer.expect(ack().ack(1_002));
    assert_eq!(peer.state(), State::CloseWait);
    assert_eq!(peer.read(2_000), Ok(1_000));
    assert!(peer.is_finished());
}

/// A003: a FIN behind text that does not fit is not acknowledged with it.
#[test]
fn a003_a_fin_behind_text_that_does_not_fit_waits() {
    let mut peer = Peer::passive(Setup::plain().rings(1_000));
    peer.send(data(900));
    peer.expect(ack().ack(901));
    peer.send(data(200).with_fin().seq(901));
    peer.expect(ack().ack(1_001).window(0));
    assert_eq!(peer.state(), State::Established);
    assert_eq!(peer.read(2_000), Ok(1_000));
    assert!(!peer.is_finished());
    peer.take();
    peer.send(data(200).with_fin().seq(901));
    peer.expect(ack().ack(1_102));
    assert_eq!(peer.read(2_000), Ok(100));
    assert!(peer.is_finished());
}

/// S19, T16: a FIN before missing text is remembered.
#[test]
fn s19_a_fin_before_missing_text_is_not_forgotten() {
    let mut peer = Peer::passive(Setup::plain());
    peer.send(data(100).with_fin().seq(101));
    peer.expect(ack().ack(1));
    assert_eq!(peer.state(), State::Established);
    peer.send(data(100).seq(1));
    peer.expect(ack().ack(202));
    assert_eq!(peer.state(), State::CloseWait);
    assert_eq!(peer.read(1_000), Ok(200));
    assert!(peer.is_finished());
}

/// Text beyond the right edge is cut off; what is within is kept, U6.
#[test]
fn text_is_trimmed_to_the_window() {
    let mut peer = Peer::passive(Setup::plain().rings(1_000));
    peer.send(data(1_400).seq(1));
    peer.expect(ack().ack(1_001).window(0));
    assert_eq!(peer.readable(), 1_000);
    peer.send(data(100).seq(1_001));
    peer.expect(ack().ack(1_001).window(0));
    assert_eq!(peer.read(2_000), Ok(1_000));
    assert_eq!(peer.read(2_000), Ok(0));
}

/// Overlapping segments, each octet once.
#[test]
fn overlapping_segments_deliver_each_octet_once() {
    let mut peer = Peer::passive(Setup::plain());
    peer.send(data(100).seq(1));
    peer.send(data(100).seq(51));
    assert_eq!(peer.readable(), 150);
    peer.send(data(50).seq(301));
    peer.send(data(200).seq(201));
    peer.send(data(100).seq(101));
    assert_eq!(peer.read(1_000), Ok(400));
}

/// RFC 2018 section 4: the block of the segment that triggered the ACK comes first, then the
/// others in the order in which they were last reported.
//= https://www.rfc-editor.org/rfc/rfc2018#section-4
//= type=test
//# If the data receiver has received a SACK-Permitted option on the SYN for
//# this connection, the data receiver MAY elect to generate SACK options as
//# described below.
//= https://www.rfc-editor.org/rfc/rfc2018#section-4
//= type=test
//# If the data receiver generates SACK options under any circumstance, it
//# SHOULD generate them under all permitted circumstances.
//= https://www.rfc-editor.org/rfc/rfc2018#section-4
//= type=test
//# If sent at all, SACK options SHOULD be included in all ACKs which do not ACK
//# the highest sequence number in the data receiver's queue.
//= https://www.rfc-editor.org/rfc/rfc2018#section-4
//= type=test
//# The receiver SHOULD send an ACK for every valid segment that arrives
//# containing new data, and each of these "duplicate" ACKs SHOULD bear a SACK
//# option.
//= https://www.rfc-editor.org/rfc/rfc2018#section-4
//= type=test
//# * The first SACK block (i.e., the one immediately following the kind and
//# length fields in the option) MUST specify the contiguous block of data
//# containing the segment which triggered this ACK, unless that segment
//# advanced the Acknowledgment Number field in the header.
//= https://www.rfc-editor.org/rfc/rfc2018#section-4
//= type=test
//# * The data receiver SHOULD include as many distinct SACK blocks as possible
//# in the SACK option.
//= https://www.rfc-editor.org/rfc/rfc2018#section-4
//= type=test
//# * The SACK option SHOULD be filled out by repeating the most recently
//# reported SACK blocks (based on first SACK blocks in previous SACK options)
//# that are not subsets of a SACK block already included in the SACK option
//# being constructed.
//= https://www.rfc-editor.org/rfc/rfc2018#section-8
//= type=test
//# * Except for the newest segment, all SACK blocks MUST NOT report any old
//# data which is no longer actually held by the receiver.
#[test]
fn sack_blocks_are_ordered_by_recency() {
    let mut peer = Peer::passive(Setup::sack());
    let (a, b, c, d, e) = (
        (201, 301),
        (401, 501),
        (601, 701),
        (801, 901),
        (1_001, 1_101),
    );
    for (seq, blocks) in [
        (201, &[a][..]),
        (601, &[c, a]),
        (401, &[b, c, a]),
        (801, &[d, b, c, a]),
        (1_001, &[e, d, b, c]),
    ] {
        peer.send(data(100).seq(seq));
        peer.expect(ack().ack(1).sack(blocks));
    }
    // Joins two islands.
    peer.send(data(100).seq(301));
    peer.expect(ack().ack(1).sack(&[(201, 501), e, d, c]));
    peer.send(data(200).seq(1));
    peer.expect(ack().ack(501).sack(&[e, d, c]));
}

/// With timestamps there is room for three blocks.
//= https://www.rfc-editor.org/rfc/rfc2018#section-4
//= type=test
//# * The data receiver SHOULD include as many distinct SACK blocks as possible
//# in the SACK option.
#[test]
fn beside_timestamps_there_are_three_sack_blocks() {
    let mut peer = Peer::passive(Setup::full());
    for island in 1..=4u32 {
        peer.send(data(100).seq(1 + 200 * island));
    }
    let last = peer.take().pop().expect("an ACK");
    assert_eq!(last.options.sack, [(801, 901), (601, 701), (401, 501)]);
}

//= https://www.rfc-editor.org/rfc/rfc2018#section-4
//= type=test
//# If the data receiver has not received a SACK-Permitted option for a given
//# connection, it MUST NOT send SACK options on that connection.
#[test]
fn without_sack_permitted_there_are_no_blocks() {
    let mut peer = Peer::passive(Setup::plain());
    peer.send(data(100).seq(201));
    peer.expect(ack().ack(1).sack(&[]));
}

/// RFC 2883: the duplicate comes first, once.
#[test]
fn d_sack_reports_what_arrived_twice() {
    let mut peer = Peer::passive(Setup::sack());
    peer.send(data(1_000));
    peer.send(data(1_000));
    peer.expect(ack().ack(2_001));
    peer.send(data(1_000).seq(1));
    peer.expect(ack().ack(2_001).sack(&[(1, 1_001)]));
    peer.send(data(500).seq(3_001));
    peer.expect(ack().ack(2_001).sack(&[(3_001, 3_501)]));
    // Behind the cumulative acknowledgment, with an island beside it.
    peer.send(data(500).seq(1_001));
    peer.expect(ack().sack(&[(1_001, 1_501), (3_001, 3_501)]));
    // Within an island: the duplicate, then the island that holds it.
    peer.send(data(100).seq(3_101));
    peer.expect(ack().sack(&[(3_101, 3_201), (3_001, 3_501)]));
    // Half of it is new.
    peer.send(data(1_000).seq(1_501));
    peer.expect(ack().ack(2_501).sack(&[(1_501, 2_001), (3_001, 3_501)]));
}

/// A repeated FIN is no text, and no duplicate of any.
#[test]
fn d_sack_reports_a_repeated_segment_with_its_fin() {
    let mut peer = Peer::passive(Setup::sack());
    peer.send(data(100).with_fin());
    peer.expect(ack().ack(102));
    peer.send(data(100).with_fin().seq(1));
    let answer = peer.take().pop().expect("an ACK");
    assert_eq!(answer.ack, 102);
    assert_eq!(answer.options.sack.len(), 1);
    assert_eq!(answer.options.sack[0].0, 1);
}

/// T7, D04: the island that finds no room is dropped, but its duplicate ACK is sent, and the hole
/// can be filled.
#[test]
fn t7_an_island_too_many_still_gets_its_duplicate_ack() {
    let setup = Setup {
        sizes: Sizes {
            islands: 4,
            ..Sizes::rings(65_535)
        },
        ..Setup::sack()
    };
    let mut peer = Peer::passive(setup);
    for island in 1..=5u32 {
        peer.send(data(100).seq(1 + 200 * island));
        let answer = peer.take();
        assert_eq!(answer.len(), 1, "island {island}");
        assert_eq!(answer[0].ack, 1);
    }
    assert_eq!(peer.verdict, Err(Dropped::GapTableFull));
    assert_eq!(peer.info().gaps, 4);
    for (seq, length) in [(1, 200), (301, 100), (501, 100), (701, 100)] {
        peer.send(data(length).seq(seq));
    }
    assert_eq!(peer.read(5_000), Ok(900));
    peer.send(data(200).seq(901));
    assert_eq!(peer.read(5_000), Ok(200));
}

/// D14, A089: MUST-39. A reader of single octets does not open the window by single octets.
//= https://www.rfc-editor.org/rfc/rfc9293#section-3.8.6.2.2
//= type=test
//# A TCP implementation MUST include a SWS avoidance algorithm in the receiver
//# (MUST-39).
#[test]
fn a089_d14_the_window_opens_by_a_segment_or_half_the_ring() {
    for (ring, step) in [(10_000, 1_460), (2_000, 1_000)] {
        let mut peer = Peer::passive(Setup::plain().rings(ring));
        for _ in 0..ring / 1_000 {
            peer.send(data(1_000));
        }
        let last = peer.take().pop().expect("an ACK");
        assert_eq!(last.window, 0);
        for read in 1..step {
            assert_eq!(peer.read(1), Ok(1));
            assert!(peer.take().is_empty(), "after {read} octets of {ring}");
        }
        assert_eq!(peer.read(1), Ok(1));
        peer.expect(ack().window(step as u16));
    }
}

/// A window that is wide open is not announced again for each read.
#[test]
fn reading_little_announces_nothing() {
    let mut peer = Peer::passive(Setup::plain());
    for _ in 0..10 {
        peer.send(data(1_000));
        peer.take();
        assert_eq!(peer.read(1_000), Ok(1_000));
        assert!(peer.take().len() <= 1);
    }
    peer.pass(100);
    assert!(peer.take().len() <= 1);
}

/// A269: each keep-alive of the peer is answered.
#[test]
fn a269_keep_alives_are_answered() {
    for (length, _) in [(0, ()), (1, ())] {
        let mut peer = Peer::passive(Setup::plain());
        peer.send(data(10));
        peer.expect_after(40, ack().ack(11));
        for _ in 0..20 {
            peer.pass(75);
            peer.send(data(length).seq(10));
            peer.expect(ack().ack(11));
        }
        assert_eq!(peer.readable(), 10);
    }
}

/// P13: urgent data is in line, and the user hears where it ends.
//= https://www.rfc-editor.org/rfc/rfc9293#section-3.8.5
//= type=test
//# However, TCP implementations MUST still include support for the urgent
//# mechanism (MUST-30).
//= https://www.rfc-editor.org/rfc/rfc9293#section-3.8.5
//= type=test
//# The TCP implementation MUST (MUST-33) provide a way for the application to
//# learn how much urgent data remains to be read from the connection, or at
//# least to determine whether more urgent data remains to be read [19].
#[test]
fn p13_urgent_data_stays_in_line_and_is_reported() {
    let mut peer = Peer::passive(Setup::plain());
    peer.send(data(100).urgent(30));
    assert!(peer.events().contains(Events::URGENT));
    assert_eq!(peer.stack.urgent(peer.handle()), Ok(Some(30)));
    assert_eq!(peer.read(10), Ok(10));
    assert_eq!(peer.stack.urgent(peer.handle()), Ok(Some(20)));
    assert_eq!(peer.read(90), Ok(90));
    assert_eq!(peer.stack.urgent(peer.handle()), Ok(None));
}

/// P13: urgent pointers that mean nothing do no harm, in any state.
#[test]
fn p13_any_urgent_pointer_is_harmless() {
    for state in [
        State::SynReceived,
        State::Established,
        State::FinWait1,
        State::FinWait2,
        State::CloseWait,
        State::Closing,
        State::LastAck,
        State::TimeWait,
    ] {
        for pointer in [0, 1, 100, 101, 65_535] {
            for length in [0, 100] {
                let mut peer = Peer::in_state(state, Setup::plain());
                peer.send(data(length).urgent(pointer));
                peer.send(seg(URG | FIN).urgent(pointer));
                peer.pass(1_000);
            }
        }
    }
}

/// Half-close by the peer: we go on sending.
#[test]
fn after_the_peers_fin_we_go_on_sending() {
    let mut peer = Peer::passive(Setup::plain());
    peer.send(data(10).with_fin());
    peer.expect(ack().ack(12));
    peer.write(2_500);
    for (seq, length) in [(1, 1_000), (1_001, 1_000)] {
        peer.expect(data(length).seq(seq).ack(12));
    }
    peer.send(ack());
    peer.expect(data(500).seq(2_001));
    peer.send(ack());
    assert_eq!(peer.read(99), Ok(10));
    assert!(peer.is_finished());
    assert_eq!(peer.read(99), Ok(0));
    assert_eq!(peer.state(), State::CloseWait);
}

/// Half-close by us: we go on receiving, in FIN-WAIT-1 and in FIN-WAIT-2.
#[test]
fn after_our_fin_we_go_on_receiving() {
    let mut peer = Peer::passive(Setup::plain());
    peer.shutdown();
    peer.expect(fin().seq(1));
    peer.send(data(1_000).ack(1));
    peer.send(data(1_000).ack(1));
    peer.expect(ack().seq(2).ack(2_001));
    assert_eq!(peer.state(), State::FinWait1);
    peer.send(data(1_000).ack(2));
    assert_eq!(peer.state(), State::FinWait2);
    peer.send(data(1_000).with_fin());
    peer.expect(ack().seq(2).ack(4_002));
    assert_eq!(peer.state(), State::TimeWait);
    assert_eq!(peer.read(9_999), Ok(4_000));
    assert!(peer.is_finished());
}

/// RFC 9293 SHLD-3: data for a user who closed is answered with a reset.
//= https://www.rfc-editor.org/rfc/rfc9293#section-3.6.1
//= type=test
//# If such a host issues a CLOSE call while received data is still pending in
//# the TCP connection, or if new data is received after CLOSE is called, its
//# TCP implementation SHOULD send a RST to show that data was lost (SHLD-3).
//= https://www.rfc-editor.org/rfc/rfc9293#section-3.6.1
//= type=test
//# A host MAY implement a "half-duplex" TCP close sequence, so that an
//# application that has called CLOSE cannot continue to read data from the
//# connection (MAY-1).
#[test]
fn data_after_close_is_reset() {
    let mut peer = Peer::passive(Setup::plain());
    peer.close();
    peer.expect(fin().seq(1));
    peer.send(data(10).ack(2));
    peer.expect(rst().seq(2));
    assert_eq!(peer.state(), State::Listen);
    peer.check_memory();
}

/// ... and so is data that nobody read before.
//= https://www.rfc-editor.org/rfc/rfc9293#section-3.6.1
//= type=test
//# If such a host issues a CLOSE call while received data is still pending in
//# the TCP connection, or if new data is received after CLOSE is called, its
//# TCP implementation SHOULD send a RST to show that data was lost (SHLD-3).
#[test]
fn closing_with_unread_data_resets() {
    let mut peer = Peer::passive(Setup::plain());
    peer.send(data(10));
    peer.close();
    peer.expect(rst_ack().seq(1).ack(11));
    peer.check_memory();
}
