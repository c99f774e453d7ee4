//! Two connections against each other, without a stack: each packet through the real formats.

use core::net::SocketAddr;
use std::collections::VecDeque;

use super::*;
use crate::profile::Firmware;
use crate::stack::{RxChecksum, TxChecksum};
use crate::time::Duration;
use crate::wire::{Flags, HeaderChecksum, IpPacket, Segment};

const MTU: u16 = 1_500;

struct End {
    connection: Connection<'static, Firmware>,
    tuple: Tuple,
}

/// Two ends, a clock, and what is on its way in each direction.
struct Pair {
    now: Instant,
    a: End,
    b: End,
    to_a: VecDeque<Vec<u8>>,
    to_b: VecDeque<Vec<u8>>,
}

fn storage(octets: usize) -> Storage<'static> {
    Storage {
        send: Vec::leak(vec![0; octets]).into(),
        receive: Vec::leak(vec![0; octets]).into(),
        records: Vec::leak(vec![SentRecord::default(); 64]).into(),
        islands: Vec::leak(vec![Island::default(); 8]).into(),
    }
}

fn tuples() -> [Tuple; 2] {
    let a: SocketAddr = "10.0.0.1:1000".parse().unwrap();
    let b: SocketAddr = "10.0.0.2:80".parse().unwrap();
    [Tuple::new(a, b).unwrap(), Tuple::new(b, a).unwrap()]
}

fn opening(iss: u32) -> Opening {
    Opening {
        iss: SeqNum::new(iss),
        timestamp_offset: iss ^ 0x55,
        mtu: MTU,
        ip_header: 20,
    }
}

fn parse(packet: &[u8]) -> Segment<'_> {
    let ip = IpPacket::parse(packet, HeaderChecksum::Verify).unwrap();
    Segment::parse(
        ip.payload,
        ip.source,
        ip.destination,
        RxChecksum::Unverified,
    )
    .unwrap()
}

impl End {
    fn transmit(&mut self, now: Instant) -> Option<Vec<u8>> {
        let mut out = vec![0xaa; 2_000];
        let wanted = self.connection.wants_transmit(now);
        let sent = self
            .connection
            .transmit(now, &self.tuple, &mut out, TxChecksum::Full);
        assert_eq!(wanted, sent.is_some(), "the plan and the deed differ");
        self.connection.assert_invariants();
        out.truncate(sent?);
        Some(out)
    }
}

impl Pair {
    /// Two active opens that cross (figure 7 of RFC 9293).
    fn crossing(config: Config, octets: usize) -> Self {
        let now = Instant::from_millis(5);
        let [a, b] = tuples();
        let end = |tuple, iss| End {
            connection: Connection::connect(now, config, opening(iss), storage(octets)),
            tuple,
        };
        Self {
            now,
            a: end(a, u32::MAX - 3),
            b: end(b, 700),
            to_a: VecDeque::new(),
            to_b: VecDeque::new(),
        }
    }

    fn open(config: Config, octets: usize) -> Self {
        let mut pair = Self::crossing(config, octets);
        pair.settle();
        assert_eq!(pair.states(), [State::Established; 2]);
        pair
    }

    fn states(&self) -> [State; 2] {
        [self.a.connection.state(), self.b.connection.state()]
    }

    /// Lets both ends send what they want; returns whether anything left.
    fn collect(&mut self) -> bool {
        let before = self.to_a.len() + self.to_b.len();
        while let Some(packet) = self.a.transmit(self.now) {
            self.to_b.push_back(packet);
        }
        while let Some(packet) = self.b.transmit(self.now) {
            self.to_a.push_back(packet);
        }
        self.to_a.len() + self.to_b.len() > before
    }

    fn deliver(&mut self) {
        self.now += Duration::from_millis(10);
        for (queue, end) in [(&mut self.to_b, &mut self.b), (&mut self.to_a, &mut self.a)] {
            for packet in queue.drain(..) {
                let _ = end.connection.receive(self.now, &parse(&packet), 1);
                end.connection.assert_invariants();
            }
        }
    }

    /// Until nothing is on its way.
    fn settle(&mut self) {
        for _ in 0..10_000 {
            if !self.collect() && self.to_a.is_empty() && self.to_b.is_empty() {
                return;
            }
            self.deliver();
        }
        panic!("the two do not come to rest");
    }

    /// Lets time pass until the next deadline of either end, and runs it.
    fn advance(&mut self) {
        let deadlines = [&self.a, &self.b].map(|end| end.connection.next_deadline(self.now));
        let next = deadlines
            .into_iter()
            .flatten()
            .map(|(at, _)| at)
            .min()
            .expect("no deadline");
        self.now = self.now.max(next);
        self.a.connection.advance(self.now);
        self.b.connection.advance(self.now);
    }

    fn read(end: &mut End, now: Instant) -> Vec<u8> {
        let mut out = vec![0; 100_000];
        let count = end.connection.read(now, &mut out).unwrap();
        out.truncate(count);
        out
    }
}

//= https://www.rfc-editor.org/rfc/rfc9293#section-3.5
//= type=test
//# A TCP implementation MUST support simultaneous open attempts (MUST-10).
#[test]
fn figure_7_simultaneous_open_establishes_both() {
    let pair = Pair::open(Config::new(), 4_096);
    let info = pair.a.connection.info(pair.now);
    assert!(info.timestamps && info.sack && info.window_scaling);
    assert_eq!(info.mss, 1_460);
}

#[test]
fn data_flows_both_ways_and_four_segments_close() {
    let mut pair = Pair::open(Config::new(), 8_192);
    let sent: Vec<u8> = (0..100_000u32)
        .map(|index| (index * 7 + index / 256) as u8)
        .collect();
    let (mut at_a, mut at_b) = (Vec::new(), Vec::new());
    let (mut from_a, mut from_b) = (0, 0);
    for _ in 0..2_000 {
        from_a += pair.a.connection.send(pair.now, &sent[from_a..]).unwrap();
        from_b += pair.b.connection.send(pair.now, &sent[from_b..]).unwrap();
        pair.settle();
        at_a.extend(Pair::read(&mut pair.a, pair.now));
        at_b.extend(Pair::read(&mut pair.b, pair.now));
        if at_a.len() == sent.len() && at_b.len() == sent.len() {
            break;
        }
        // Nagle holds the tail back until the delayed acknowledgment comes.
        if pair.a.connection.next_deadline(pair.now).is_some() {
            pair.advance();
        }
    }
    assert_eq!((at_a.len(), at_b.len()), (sent.len(), sent.len()));
    assert!(at_a == sent && at_b == sent);
    pair.settle();
    pair.a.connection.shutdown(pair.now).unwrap();
    pair.settle();
    assert_eq!(pair.states(), [State::FinWait2, State::CloseWait]);
    assert!(pair.b.connection.is_finished());
    pair.b.connection.shutdown(pair.now).unwrap();
    pair.collect();
    pair.deliver();
    assert_eq!(pair.states(), [State::TimeWait, State::LastAck]);
    assert!(pair.a.connection.time_wait_seed().unwrap().owes_ack);
}

#[test]
fn every_segment_lost_once_still_arrives() {
    let mut pair = Pair::open(Config::new(), 16_384);
    let sent: Vec<u8> = (0..60_000u32).map(|index| (index % 251) as u8).collect();
    let (mut written, mut received, mut dropped) = (0, Vec::new(), 0u32);
    for round in 0..20_000u32 {
        written += pair.a.connection.send(pair.now, &sent[written..]).unwrap();
        if !pair.collect() && pair.to_a.is_empty() && pair.to_b.is_empty() {
            pair.advance();
        }
        if round.wrapping_mul(2_654_435_761) >> 30 == 0 && pair.to_b.pop_front().is_some() {
            dropped += 1;
        }
        pair.deliver();
        received.extend(Pair::read(&mut pair.b, pair.now));
        if received.len() == sent.len() {
            break;
        }
    }
    assert!(received == sent, "{} of {}", received.len(), sent.len());
    assert!(dropped > 3, "{dropped}");
    assert!(pair.a.connection.info(pair.now).retransmissions >= dropped / 2);
}

#[test]
fn a090_a_shut_window_is_probed_and_the_lost_update_does_not_stall() {
    let mut pair = Pair::open(Config::new(), 2_048);
    let sent = vec![7; 6_000];
    let mut written = pair.a.connection.send(pair.now, &sent).unwrap();
    pair.settle();
    written += pair.a.connection.send(pair.now, &sent[written..]).unwrap();
    pair.settle();
    assert_eq!(pair.b.connection.readable(), 2_048);
    // Probes are answered for a long time, and the connection lives.
    for _ in 0..40 {
        pair.advance();
        pair.settle();
        assert_eq!(pair.states(), [State::Established; 2]);
    }
    // The update that opens the window is lost.
    let mut received = Pair::read(&mut pair.b, pair.now);
    pair.collect();
    pair.to_a.clear();
    for _ in 0..200 {
        written += pair.a.connection.send(pair.now, &sent[written..]).unwrap();
        if !pair.collect() && pair.to_a.is_empty() && pair.to_b.is_empty() {
            if received.len() == sent.len() {
                break;
            }
            pair.advance();
        }
        pair.deliver();
        received.extend(Pair::read(&mut pair.b, pair.now));
    }
    assert_eq!(received.len(), sent.len());
}

/// What waited beyond a gap is no part of the segment that fills it: every second full segment is
/// acknowledged afterwards, too.
#[test]
fn a_filled_gap_does_not_stretch_acknowledgments() {
    let mut pair = Pair::open(Config::new().nagle(Switch::Off), 60_000);
    let write = |pair: &mut Pair, count| {
        for _ in 0..count {
            let sent = pair.a.connection.send(pair.now, &[7; 1_000]);
            assert_eq!(sent, Ok(1_000));
            pair.collect();
        }
    };
    write(&mut pair, 8);
    let first = pair.to_b.pop_front().expect("nothing was sent");
    pair.deliver();
    pair.to_b.push_back(first);
    pair.settle();
    assert_eq!(pair.b.connection.readable(), 8_000);
    write(&mut pair, 2);
    pair.deliver();
    pair.collect();
    assert_eq!(pair.to_a.len(), 1, "two segments, one acknowledgment");
}

#[test]
fn d34_a_lost_fin_is_sent_again() {
    let mut pair = Pair::open(Config::new(), 2_048);
    pair.a.connection.shutdown(pair.now).unwrap();
    pair.collect();
    pair.to_b.clear();
    assert_eq!(
        pair.a.connection.next_deadline(pair.now).unwrap().1,
        Timer::Retransmission
    );
    pair.advance();
    pair.settle();
    assert_eq!(pair.states(), [State::FinWait2, State::CloseWait]);
}

#[test]
fn s28_a_black_hole_is_given_up() {
    let mut pair = Pair::crossing(Config::new(), 2_048);
    let mut sent = 0;
    while pair.a.connection.state() == State::SynSent {
        while pair.a.transmit(pair.now).is_some() {
            sent += 1;
        }
        let (at, _) = pair.a.connection.next_deadline(pair.now).unwrap();
        pair.now = at;
        pair.a.connection.advance(at);
    }
    assert_eq!(
        pair.a.connection.close_reason(),
        Some(CloseReason::TimedOut(Timer::Retransmission))
    );
    assert_eq!(sent, 8);
    assert!(
        pair.now >= Instant::from_millis(180_000),
        "MUST-23: at least three minutes"
    );
}

#[test]
fn an_abort_sends_one_reset_and_the_peer_hears_it() {
    let mut pair = Pair::open(Config::new(), 2_048);
    pair.a.connection.abort(pair.now);
    let packet = pair.a.transmit(pair.now).unwrap();
    assert!(parse(&packet).flags.has(Flags::RST));
    assert!(pair.a.transmit(pair.now).is_none());
    pair.to_b.push_back(packet);
    pair.deliver();
    assert_eq!(pair.states(), [State::Closed; 2]);
    assert_eq!(pair.b.connection.close_reason(), Some(CloseReason::Reset));
}
