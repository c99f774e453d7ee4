//! Active open.

use std::collections::HashSet;

use super::*;

//= https://www.rfc-editor.org/rfc/rfc9293#section-3.9.1.1
//= type=test
//# If an application on a multihomed host does not specify the local IP address
//# when actively opening a TCP connection, then the TCP implementation MUST ask
//# the IP layer to select a local IP address before sending the (first) SYN
//# (MUST-44).
#[test]
fn connect_sends_a_syn_from_a_chosen_port() {
    let mut bench = Bench::new();
    let handle = bench
        .stack
        .connect(bench.now, None, at(PEER, 443), Config::new())
        .unwrap();
    bench.stack.assert_invariants();
    let syn = bench.only();
    assert_eq!(syn.flags, SYN);
    assert_eq!(syn.tuple.local().ip(), ip(US));
    assert!(syn.tuple.local().port() >= 49_152);
    assert_eq!(bench.stack.tuple(handle), Ok(syn.tuple));
    assert_eq!(bench.stack.state(handle), Ok(State::SynSent));
    let syn_ack = SegmentEmit {
        source_port: 443,
        destination_port: syn.tuple.local().port(),
        ..plain(SYN | ACK, IRS, syn.seq + SeqLen::ONE)
    };
    bench
        .receive(&packet(at(PEER, 443), syn.tuple.local(), syn_ack, &[]))
        .unwrap();
    assert_eq!(bench.stack.state(handle), Ok(State::Established));
    assert_eq!(bench.only().flags, ACK);
}

//= https://www.rfc-editor.org/rfc/rfc9293#section-3.9.1.1
//= type=test
//# A TCP implementation MUST reject as an error a local OPEN call for an
//# invalid remote IP address (e.g., a broadcast or multicast address)
//# (MUST-46).
#[test]
fn s14_f07_remote_ends_that_cannot_be_are_refused() {
    let mut bench = Bench::new();
    for remote in [
        at(US, 80),
        at(PEER, 0),
        at("0.0.0.0", 80),
        at("127.0.0.1", 80),
        at("224.0.0.1", 80),
        at("255.255.255.255", 80),
        at("10.0.0.255", 80),
        at("::ffff:10.0.0.2", 80),
    ] {
        let outcome = bench.stack.connect(bench.now, None, remote, Config::new());
        assert_eq!(outcome, Err(Misuse::RemoteUnspecified), "{remote}");
    }
    for local in [at("10.0.0.9", 5), at(PEER, 0), at("2001:db8::1", 0)] {
        let outcome = bench
            .stack
            .connect(bench.now, Some(local), at(PEER, 80), Config::new());
        assert_eq!(outcome, Err(Misuse::NotOurAddress), "{local}");
    }
    assert_eq!(bench.stack.memory().lent, 0);
    assert_eq!(bench.drain(), []);
}

#[test]
fn one_tuple_is_one_connection() {
    let mut bench = Bench::new();
    let local = Some(at("0.0.0.0", 5_000));
    let mut connect = |remote| bench.stack.connect(bench.now, local, remote, Config::new());
    let first = connect(at(PEER, 80)).unwrap();
    assert_eq!(connect(at(PEER, 80)), Err(Misuse::AlreadyExists));
    let second = connect(at(PEER, 81)).unwrap();
    assert_ne!(first.index(), second.index());
    bench.stack.assert_invariants();
}

#[test]
fn r09_when_all_ephemeral_ports_are_taken_connect_fails() {
    let mut config = config();
    config.ephemeral_ports = (60_000, 60_002);
    let mut bench = Bench::<Chosen>::with(config, Pool::of(4));
    let mut ports = HashSet::new();
    for _ in 0..3 {
        let handle = bench
            .stack
            .connect(bench.now, None, at(PEER, 80), Config::new());
        ports.insert(bench.stack.tuple(handle.unwrap()).unwrap().local().port());
    }
    assert_eq!(ports, HashSet::from([60_000, 60_001, 60_002]));
    let outcome = bench
        .stack
        .connect(bench.now, None, at(PEER, 80), Config::new());
    assert_eq!(outcome, Err(Misuse::InsufficientResources));
    let elsewhere = bench
        .stack
        .connect(bench.now, None, at("10.0.0.3", 80), Config::new());
    assert!(elsewhere.is_ok(), "{elsewhere:?}");
    let outcome = bench
        .stack
        .connect(bench.now, None, at("10.0.0.4", 80), Config::new());
    assert_eq!(
        outcome,
        Err(Misuse::InsufficientResources),
        "no slot is left"
    );
    bench.stack.assert_invariants();
}

#[test]
fn without_memory_connect_fails_and_leaves_nothing() {
    let mut bench = Bench::<Chosen>::with(config(), Pool::of(0));
    let outcome = bench
        .stack
        .connect(bench.now, None, at(PEER, 80), Config::new());
    assert_eq!(outcome, Err(Misuse::InsufficientResources));
    bench.stack.assert_invariants();
    assert_eq!(bench.states(), []);
}

#[test]
fn a_refused_connection_says_so_and_its_handle_stays_until_closed() {
    let mut bench = Bench::new();
    let local = at(US, 5_000);
    let handle = bench
        .stack
        .connect(bench.now, Some(local), at(PEER, 80), Config::new())
        .unwrap();
    let syn = bench.only();
    let reset = SegmentEmit {
        source_port: 80,
        destination_port: 5_000,
        ..plain(RST | ACK, 0, syn.seq + SeqLen::ONE)
    };
    bench
        .receive(&packet(at(PEER, 80), local, reset, &[]))
        .unwrap();
    let Some(Event::Connection(whose, events)) = bench.stack.poll_event() else {
        panic!("no event");
    };
    assert!(whose == handle && events.contains(Events::CLOSED));
    assert_eq!(bench.stack.state(handle), Ok(State::Closed));
    assert_eq!(
        bench.stack.close_reason(handle),
        Ok(Some(CloseReason::Refused))
    );
    assert_eq!(
        bench.stack.memory().lent,
        0,
        "storage comes back at the end"
    );
    bench.stack.close(bench.now, handle).unwrap();
    bench.stack.assert_invariants();
    assert_eq!(bench.stack.state(handle), Err(Misuse::NoConnection));
    // The tuple is free again.
    let again = bench
        .stack
        .connect(bench.now, Some(local), at(PEER, 80), Config::new());
    assert_ne!(again.unwrap(), handle);
}

#[test]
fn s28_a_black_hole_is_given_up_and_the_slot_is_reusable() {
    let mut bench = Bench::<Chosen>::with(config(), Pool::of(1));
    let start = bench.now;
    let handle = bench
        .stack
        .connect(bench.now, None, at(PEER, 80), Config::new())
        .unwrap();
    while bench.stack.state(handle) == Ok(State::SynSent) {
        bench.drain();
        bench.wait_for_deadline();
        assert!(bench.now - start < Duration::from_secs(1_000));
    }
    assert!(
        bench.now - start >= Duration::from_secs(180),
        "RFC 9293 MUST-23"
    );
    assert_eq!(
        bench.stack.close_reason(handle),
        Ok(Some(CloseReason::TimedOut(Timer::Retransmission)))
    );
    bench.stack.close(bench.now, handle).unwrap();
    assert_eq!(bench.stack.next_deadline(), None);
    bench
        .stack
        .connect(bench.now, None, at(PEER, 80), Config::new())
        .unwrap();
}
