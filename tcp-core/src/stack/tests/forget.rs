//! Addresses that are taken back.

use super::*;

#[test]
fn what_stood_on_an_address_ends_with_it() {
    let mut bench = Bench::new();
    let listener = bench.listen(80);
    let (handle, next) = bench.accepted(listener);
    bench
        .segment_from(at(PEER, 7_001), plain(SYN, IRS, nothing()), &[])
        .unwrap();
    assert!(
        bench
            .stack
            .has_connection_to(Address::new(ip(PEER)).unwrap())
    );
    bench.stack.remove_address(bench.now, ip(US)).unwrap();
    bench.stack.assert_invariants();
    assert_eq!(bench.stack.state(handle), Ok(State::Closed));
    assert_eq!(
        bench.stack.close_reason(handle),
        Ok(Some(CloseReason::Aborted))
    );
    assert!(
        !bench
            .stack
            .has_connection_to(Address::new(ip(PEER)).unwrap())
    );
    let reset = bench.only();
    assert_eq!((reset.flags & RST, reset.seq), (RST, next));
    bench.stack.close(bench.now, handle).unwrap();
    assert_eq!(bench.states(), [State::Listen]);
    assert_eq!(bench.stack.memory().lent, 0);
    assert_eq!(
        bench.stack.remove_address(bench.now, ip(US)),
        Err(Misuse::NotOurAddress)
    );
    let foreign = bench.segment(SYN, IRS, nothing());
    assert_eq!(foreign, Err(Dropped::NotForUs));
    let refused = bench
        .stack
        .connect(bench.now, None, at(PEER, 80), Config::new());
    assert!(refused.is_err(), "there is no address to connect from");
}

#[test]
fn the_other_addresses_keep_what_stands_on_them() {
    const SECOND: &str = "10.0.0.7";
    let mut bench = Bench::new();
    bench.stack.add_address(ip(SECOND), 24).unwrap();
    let listener = bench.listen(80);
    let syn = SegmentEmit {
        source_port: 7_000,
        ..plain(SYN, IRS, nothing())
    };
    let half_open = packet(at(PEER, 7_000), at(SECOND, 80), syn, &[]);
    bench.receive(&half_open).unwrap();
    let syn_ack = bench.only();
    bench.stack.remove_address(bench.now, ip(US)).unwrap();
    bench.stack.assert_invariants();
    let ack = plain(ACK, IRS + 1, syn_ack.seq + SeqLen::ONE);
    bench
        .receive(&packet(at(PEER, 7_000), at(SECOND, 80), ack, &[]))
        .unwrap();
    let handle = bench.stack.accept(listener).unwrap().unwrap();
    assert_eq!(bench.stack.state(handle), Ok(State::Established));
    // The empty place is taken again, any number of times.
    for last in 20..60 {
        let next = IpAddr::from([10, 0, 0, last]);
        bench.stack.add_address(next, 24).unwrap();
        bench.stack.remove_address(bench.now, next).unwrap();
        bench.stack.assert_invariants();
    }
    assert_eq!(bench.stack.state(handle), Ok(State::Established));
    bench.stack.add_address(ip(US), 24).unwrap();
    bench.handshake_from(at(PEER, 7_009));
}

#[test]
fn a_connection_in_time_wait_ended_well() {
    let mut bench = Bench::new();
    let listener = bench.listen(80);
    let (handle, next) = bench.accepted(listener);
    bench.stack.shutdown(bench.now, handle).unwrap();
    bench.drain();
    bench
        .segment(ACK | FIN, IRS + 1, next + SeqLen::ONE)
        .unwrap();
    bench.drain();
    assert_eq!(bench.stack.state(handle), Ok(State::TimeWait));
    bench.stack.remove_address(bench.now, ip(US)).unwrap();
    bench.stack.assert_invariants();
    assert_eq!(bench.stack.state(handle), Ok(State::Closed));
    assert_eq!(
        bench.stack.close_reason(handle),
        Ok(Some(CloseReason::Finished))
    );
}
