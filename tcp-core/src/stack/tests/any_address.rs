//! Any-address mode: every destination is ours, every source may be used.

use super::*;
use crate::profile::Host;

fn bench() -> Bench<Host> {
    let config = StackConfig {
        any_address: true,
        ..config()
    };
    Bench::with(config, Pool::of(4))
}

#[test]
fn one_listener_accepts_for_every_address_and_port() {
    let mut bench = bench();
    let listener = bench.listen(0);
    let (from, to) = (at("203.0.113.7", 7_000), at("198.51.100.9", 443));
    let syn = SegmentEmit {
        destination_port: 443,
        ..plain(SYN, IRS, nothing())
    };
    bench.receive(&packet(from, to, syn, &[])).unwrap();
    let syn_ack = bench.only();
    assert_eq!((syn_ack.tuple.local(), syn_ack.tuple.remote()), (to, from));
    let ack = SegmentEmit {
        destination_port: 443,
        ..plain(ACK, IRS + 1, syn_ack.seq + SeqLen::ONE)
    };
    bench.receive(&packet(from, to, ack, &[])).unwrap();
    let handle = bench.stack.accept(listener).unwrap().unwrap();
    assert_eq!(bench.stack.tuple(handle).unwrap().local(), to);
    let exact = ListenAt {
        address: Some(ip("198.51.100.9")),
        ..listen_at(0)
    };
    bench.stack.listen(exact).unwrap();
}

#[test]
fn a_connection_may_be_opened_from_any_address() {
    let mut bench = bench();
    let local = at("198.51.100.9", 5_000);
    bench
        .stack
        .connect(bench.now, Some(local), at("203.0.113.7", 80), Config::new())
        .unwrap();
    assert_eq!(bench.only().tuple.local(), local);
    for local in ["127.0.0.1", "224.0.0.1"] {
        let outcome = bench.stack.connect(
            bench.now,
            Some(at(local, 1)),
            at("203.0.113.7", 80),
            Config::new(),
        );
        assert_eq!(outcome, Err(Misuse::NotOurAddress), "{local}");
    }
}

#[test]
fn groups_and_loopback_stay_closed() {
    let mut bench = bench();
    bench.listen(0);
    for to in ["224.0.0.1", "255.255.255.255", "127.0.0.1", "10.0.0.255"] {
        let syn = plain(SYN, IRS, nothing());
        let octets = packet(at(PEER, 7_000), at(to, 80), syn, &[]);
        assert_eq!(bench.receive(&octets), Err(Dropped::NotForUs), "{to}");
    }
    assert_eq!(bench.drain(), []);
}

#[test]
fn time_wait_remembers_an_address_that_is_not_in_the_list() {
    let mut bench = bench();
    let listener = bench.listen(80);
    let (from, to) = (at("203.0.113.7", 7_000), at("198.51.100.9", 80));
    bench
        .receive(&packet(from, to, plain(SYN, IRS, nothing()), &[]))
        .unwrap();
    let next = bench.only().seq + SeqLen::ONE;
    bench
        .receive(&packet(from, to, plain(ACK, IRS + 1, next), &[]))
        .unwrap();
    let handle = bench.stack.accept(listener).unwrap().unwrap();
    bench.stack.close(bench.now, handle).unwrap();
    bench.drain();
    let fin = plain(ACK | FIN, IRS + 1, next + SeqLen::ONE);
    bench.receive(&packet(from, to, fin.clone(), &[])).unwrap();
    assert_eq!(bench.only().tuple.local(), to);
    bench.receive(&packet(from, to, fin, &[])).unwrap();
    assert_eq!(bench.only().tuple.local(), to);
}
