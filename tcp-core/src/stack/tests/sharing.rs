//! Who transmits next, and who is told.

use super::*;
use crate::connection::Priority;

/// `count` accepted connections from ports 1 on, without events.
fn many(bench: &mut Bench, count: u16) -> Vec<(Handle, SeqNum)> {
    let listener = bench.listen(80);
    let all = (1..=count)
        .map(|port| {
            let next = bench.handshake_from(at(PEER, port));
            (bench.stack.accept(listener).unwrap().unwrap(), next)
        })
        .collect();
    while bench.stack.poll_event().is_some() {}
    all
}

#[test]
fn within_a_class_connections_take_turns() {
    let mut bench = Bench::new();
    let all = many(&mut bench, 3);
    for (handle, _) in &all {
        let written = bench.stack.send(bench.now, *handle, &[0; 2_000]);
        assert_eq!(written, Ok(2_000));
    }
    let order: Vec<u16> = bench
        .drain()
        .iter()
        .map(|sent| sent.tuple.remote().port())
        .collect();
    assert_eq!(order.len() % 3, 0);
    for round in order.chunks(3) {
        assert_eq!(round, [1, 2, 3]);
    }
}

#[test]
fn a_higher_class_leaves_first() {
    let mut bench = Bench::new();
    let all = many(&mut bench, 3);
    let classes = [Priority::Low, Priority::Normal, Priority::High];
    for ((handle, _), class) in all.iter().zip(classes) {
        bench.stack.send(bench.now, *handle, &[0; 2_000]).unwrap();
        let config = Config::new().priority(class);
        bench.stack.set_config(bench.now, *handle, config).unwrap();
        bench.stack.assert_invariants();
    }
    let mut classes = Vec::new();
    while let Some(transmit) = bench.stack.transmit(bench.now, &mut bench.out) {
        classes.push(transmit.class);
    }
    assert!(classes.len() >= 3 && classes.is_sorted(), "{classes:?}");
}

#[test]
fn answers_and_data_alternate() {
    let mut bench = Bench::new();
    let all = many(&mut bench, 1);
    bench.stack.send(bench.now, all[0].0, &[0; 4_000]).unwrap();
    for port in 1..=3 {
        let stray = SegmentEmit {
            destination_port: 81,
            source_port: port,
            ..plain(ACK, 1, SeqNum::new(1))
        };
        let stray = packet(at(PEER, port), at(US, 81), stray, &[]);
        assert_eq!(bench.receive(&stray), Err(Dropped::NoConnection));
    }
    let resets: Vec<bool> = bench.drain().iter().map(|sent| sent.flags == RST).collect();
    assert_eq!(resets.iter().filter(|reset| **reset).count(), 3);
    let data = resets.iter().position(|reset| !*reset).unwrap();
    let last = resets.iter().rposition(|reset| *reset).unwrap();
    assert!(data <= 1 && last >= 2, "{resets:?}");
}

#[test]
fn a_full_reply_queue_is_counted() {
    let mut bench = Bench::new();
    for port in 1..=6 {
        let stray = SegmentEmit {
            source_port: port,
            ..plain(ACK, 1, SeqNum::new(1))
        };
        assert!(
            bench
                .receive(&packet(at(PEER, port), at(US, 80), stray, &[]))
                .is_err()
        );
    }
    assert_eq!(bench.stack.dropped(Dropped::ReplyQueueFull), 2);
    assert_eq!(bench.drain().len(), 4);
}

#[test]
fn if_out_is_too_short_nothing_changes() {
    let mut bench = Bench::new();
    let all = many(&mut bench, 1);
    bench.stack.send(bench.now, all[0].0, b"data").unwrap();
    bench.segment(SYN, IRS, nothing()).unwrap();
    bench.stack.assert_invariants();
    for len in [0, 20, 39] {
        let out = &mut [0; 39][..len];
        assert_eq!(bench.stack.transmit(bench.now, out), None);
        bench.stack.assert_invariants();
        let (at, timer) = bench.stack.next_deadline().unwrap();
        assert!(at <= bench.now && timer == Timer::Transmit);
    }
    assert_eq!(bench.drain().len(), 2);
}

#[test]
fn z07_each_connection_is_told_once_however_much_happened() {
    let mut bench = Bench::new();
    let all = many(&mut bench, 2);
    for (index, octets) in [b"a", b"b", b"c"].into_iter().enumerate() {
        for (port, (_, next)) in (1..).zip(&all) {
            let data = plain(ACK, IRS + 1 + index as u32, *next);
            bench.segment_from(at(PEER, port), data, octets).unwrap();
        }
    }
    for (handle, _) in &all {
        let Some(Event::Connection(whose, events)) = bench.stack.poll_event() else {
            panic!("no event");
        };
        assert!(whose == *handle && events.contains(Events::READABLE));
    }
    assert_eq!(bench.stack.poll_event(), None);
    let (first, next) = all[0];
    let data = plain(ACK, IRS + 4, next);
    bench.segment_from(at(PEER, 1), data, b"d").unwrap();
    bench.stack.close(bench.now, first).unwrap();
    assert_eq!(bench.stack.poll_event(), None, "nobody is there to be told");
}

#[test]
fn the_next_deadline_says_which_timer() {
    let mut bench = Bench::new();
    assert_eq!(bench.stack.next_deadline(), None);
    let all = many(&mut bench, 1);
    let data = plain(ACK, IRS + 1, all[0].1);
    bench.segment_from(at(PEER, 1), data, &[0; 100]).unwrap();
    let (due, timer) = bench.stack.next_deadline().unwrap();
    assert_eq!(timer, Timer::DelayedAck);
    let delay = (due - bench.now).as_micros();
    assert!((40_000..42_048).contains(&delay), "{delay} us");
    bench.segment(SYN, IRS, nothing()).unwrap();
    assert_eq!(bench.stack.next_deadline().unwrap().1, Timer::Transmit);
}

/// What waits in the device is handled before anything is sent, and then one ACK is enough.
//= https://www.rfc-editor.org/rfc/rfc9293#section-3.10.7.4
//= type=test
//# o In general, the processing of received segments MUST be implemented to
//# aggregate ACK segments whenever possible (MUST-58).
//= https://www.rfc-editor.org/rfc/rfc9293#section-3.10.7.4
//= type=test
//# For example, if the TCP endpoint is processing a series of queued segments,
//# it MUST process them all before sending any ACK segments (MUST-59).
#[test]
fn segments_that_arrive_together_are_acknowledged_together() {
    let mut bench = Bench::new();
    let listener = bench.listen(80);
    let (_, next) = bench.accepted(listener);
    for index in 0..6u32 {
        let segment = plain(ACK, IRS + 1 + 100 * index, next);
        bench
            .segment_from(at(PEER, 7_000), segment, &[7; 100])
            .unwrap();
    }
    let sent = bench.drain();
    assert_eq!(sent.len(), 1, "{sent:?}");
    assert_eq!(sent[0].ack, Some(SeqNum::new(IRS + 601)));
}
