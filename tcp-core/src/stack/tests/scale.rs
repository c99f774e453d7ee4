//! Many connections: what an echo costs does not depend on how many others are idle.

use super::*;
use crate::stack::demux::{Bucket, Demux};
use crate::stack::entry::Entry;
use crate::stack::listen::Listener;
use crate::stack::schedule::Order;
use crate::stack::slot::Slot;
use crate::stack::tests::Indexed;
use crate::wire::Address;
use managed::ManagedSlice;

fn leak<T>(values: impl Iterator<Item = T>) -> ManagedSlice<'static, T> {
    Vec::leak(values.collect()).into()
}

fn large(count: usize) -> Bench<Indexed> {
    let tables = Tables {
        connections: leak((0..count).map(|_| Slot::FREE)),
        orders: leak((0..count).map(|_| Order::BLANK)),
        index: leak((0..(count * 2).next_power_of_two()).map(|_| Bucket::EMPTY)),
        listeners: leak((0..1).map(|_| Listener::EMPTY)),
        half_open: leak((0..8).map(|_| Entry::EMPTY)),
        ..tables()
    };
    let mut bench = Bench::with(config(), Pool::of(0));
    bench.stack = Stack::new(config(), tables, Pool::of(count));
    bench.stack.add_address(ip(US), 24).unwrap();
    bench
}

/// How far the index looks for an entry, on average and at most.
fn probes(demux: &Demux<'_>) -> (f64, u32) {
    demux.probe_lengths()
}

#[test]
fn x07_colliding_tuples_do_not_lengthen_the_probes() {
    let mut bench = large(2_000);
    let listener = bench.listen(80);
    // Tuples that differ in few bits only: an unkeyed sum or xor of the fields would collide.
    for number in 0..1_000u16 {
        let from = SocketAddr::new(
            [10, 0, 0, 2 + (number % 200) as u8].into(),
            1_000 + number % 50,
        );
        if bench
            .stack
            .rows(bench.now)
            .any(|row| row.tuple.remote() == from)
        {
            continue;
        }
        quick_handshake(&mut bench, from);
        bench.stack.accept(listener).unwrap().unwrap();
    }
    let (mean, most) = probes(&bench.stack.demux);
    assert!(mean < 1.5 && most < 24, "mean {mean}, most {most}");
}

/// A handshake without the checks between tables, which cost O(connections).
fn quick_handshake(bench: &mut Bench<Indexed>, from: SocketAddr) -> SeqNum {
    let mut give = |segment: SegmentEmit| {
        let segment = SegmentEmit {
            source_port: from.port(),
            ..segment
        };
        let octets = packet(from, at(US, 80), segment, &[]);
        let packet = Packet {
            octets: &octets,
            checksum: RxChecksum::Unverified,
            segment_size: None,
            link: LinkDestination::Unicast,
        };
        assert_eq!(bench.stack.receive(bench.now, packet), Received::Taken);
        let transmit = bench.stack.transmit(bench.now, &mut bench.out);
        transmit.and_then(|transmit| parse(&bench.out[..transmit.len]))
    };
    let syn_ack = give(plain(SYN, IRS, nothing())).unwrap();
    let next = syn_ack.seq + SeqLen::ONE;
    assert_eq!(give(plain(ACK, IRS + 1, next)), None);
    next
}

#[test]
fn idle_connections_stand_in_no_queue_and_a_deadline_is_found_in_few_steps() {
    let mut bench = large(1_001);
    let listener = bench.listen(80);
    for number in 0..1_001u16 {
        let address = [10, 0, (number >> 8) as u8, number as u8];
        let from = SocketAddr::new(address.into(), 9_000);
        if bench.stack.locals.source(Address::new(from.ip()).unwrap()) != local::Source::Unicast {
            continue;
        }
        quick_handshake(&mut bench, from);
        bench.stack.accept(listener).unwrap().unwrap();
    }
    while bench.stack.poll_event().is_some() {}
    assert!(bench.states().len() > 990);
    assert!(!bench.stack.has_output());
    assert_eq!(bench.stack.schedule.next_ready(), None);
    bench.stack.assert_invariants();
    // Idle connections without keep-alive have no deadline at all.
    assert_eq!(bench.stack.next_deadline(), None);
}
