//! TIME-WAIT in the stack.

use super::*;

/// A connection that closed first and is in TIME-WAIT without a handle; returns SND.NXT.
fn in_time_wait(bench: &mut Bench, listener: ListenerHandle) -> SeqNum {
    let (handle, next) = bench.accepted(listener);
    bench.stack.close(bench.now, handle).unwrap();
    bench.drain();
    let end = next + SeqLen::ONE;
    bench.segment(ACK | FIN, IRS + 1, end).unwrap();
    assert_eq!(bench.only().ack, Some(SeqNum::new(IRS + 2)));
    assert_eq!(bench.states(), [State::Listen, State::TimeWait]);
    end
}

#[test]
fn a_fin_that_comes_again_is_acknowledged_and_restarts_2_msl() {
    let mut bench = Bench::new();
    let listener = bench.listen(80);
    let end = in_time_wait(&mut bench, listener);
    bench.wait(Duration::from_secs(59));
    bench.segment(ACK | FIN, IRS + 1, end).unwrap();
    let ack = bench.only();
    assert_eq!(
        (ack.flags, ack.seq, ack.ack),
        (ACK, end, Some(SeqNum::new(IRS + 2)))
    );
    let (waited, timer) = bench.wait_for_deadline();
    assert!((60_000..60_003).contains(&waited.as_millis()) && timer == Timer::TimeWait);
    assert_eq!(bench.states(), [State::Listen]);
}

#[test]
fn s23_a_reset_does_not_shorten_time_wait() {
    let mut bench = Bench::new();
    let listener = bench.listen(80);
    in_time_wait(&mut bench, listener);
    let outcome = bench.segment(RST, IRS + 2, nothing());
    assert_eq!(outcome, Err(Dropped::RstIgnored));
    assert_eq!(bench.drain(), []);
    assert_eq!(bench.states(), [State::Listen, State::TimeWait]);
}

#[test]
fn s24_a_newer_syn_opens_again_beyond_the_old_sequence_numbers() {
    let mut bench = Bench::new();
    let listener = bench.listen(80);
    let end = in_time_wait(&mut bench, listener);
    let old = bench.segment(SYN, IRS, nothing());
    assert_eq!(old, Err(Dropped::OutOfWindow));
    assert_eq!(bench.only().flags, ACK);
    bench.segment(SYN, IRS + 2, nothing()).unwrap();
    assert_eq!(bench.states(), [State::Listen, State::SynReceived]);
    let syn_ack = bench.only();
    assert!(syn_ack.seq.after(end), "{} is not after {end}", syn_ack.seq);
    bench
        .segment(ACK, IRS + 3, syn_ack.seq + SeqLen::ONE)
        .unwrap();
    assert!(bench.stack.accept(listener).unwrap().is_some());
}

#[test]
fn s24_a_syn_for_time_wait_without_a_listener_is_acknowledged() {
    let mut bench = Bench::new();
    let listener = bench.listen(80);
    in_time_wait(&mut bench, listener);
    bench.stack.unlisten(bench.now, listener).unwrap();
    let outcome = bench.segment(SYN, IRS + 2, nothing());
    assert_eq!(outcome, Err(Dropped::OutOfWindow));
    assert_eq!(bench.only().flags, ACK);
    assert_eq!(bench.states(), [State::TimeWait]);
}

#[test]
fn s24_connect_does_not_reuse_a_tuple_in_time_wait() {
    let mut bench = Bench::new();
    let listener = bench.listen(80);
    in_time_wait(&mut bench, listener);
    let local = Some(at(US, 80));
    let outcome = bench
        .stack
        .connect(bench.now, local, at(PEER, 7_000), Config::new());
    assert_eq!(outcome, Err(Misuse::AlreadyExists));
    bench.wait(Duration::from_secs(61));
    let outcome = bench
        .stack
        .connect(bench.now, local, at(PEER, 7_000), Config::new());
    assert!(outcome.is_ok());
}

#[test]
fn s30_two_ends_that_disagree_do_not_storm() {
    let mut bench = Bench::new();
    let listener = bench.listen(80);
    let end = in_time_wait(&mut bench, listener);
    let mut answers = 0;
    for _ in 0..10_000 {
        let pure = bench.segment(ACK, IRS + 1_000, end + SeqLen::new(1_000));
        assert_eq!(pure, Err(Dropped::OutOfWindow));
        answers += bench.drain().len();
        bench.now += Duration::from_micros(50);
    }
    assert_eq!(answers, 0);
    for _ in 0..100_000 {
        let _ = bench.segment(ACK | FIN, IRS + 1_000, end);
        answers += bench.drain().len();
        bench.now += Duration::from_micros(50);
    }
    assert!(answers <= 6 * 1_024, "{answers} answers in five seconds");
}

#[test]
fn r08_many_short_connections_recycle_the_oldest_time_wait_entry() {
    let mut bench = Bench::new();
    let listener = bench.listen(80);
    for port in 1..=100 {
        let next = bench.handshake_from(at(PEER, port));
        let handle = bench.stack.accept(listener).unwrap().unwrap();
        bench.stack.close(bench.now, handle).unwrap();
        bench.drain();
        let fin = plain(ACK | FIN, IRS + 1, next + SeqLen::ONE);
        bench.segment_from(at(PEER, port), fin, &[]).unwrap();
        assert_eq!(bench.only().flags, ACK);
    }
    assert_eq!(bench.states().len(), 1 + 4);
    assert_eq!(bench.stack.recycled(), 96);
    let ports: Vec<u16> = bench
        .stack
        .rows(bench.now)
        .filter(|row| row.state == State::TimeWait)
        .map(|row| row.tuple.remote().port())
        .collect();
    assert!(ports.iter().all(|port| *port > 96), "{ports:?}");
    let (handle, _) = bench.accepted(listener);
    assert_eq!(bench.stack.state(handle), Ok(State::Established));
}

#[test]
fn a_handle_learns_when_its_time_wait_entry_was_recycled() {
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
    bench.segment(SYN, IRS + 2, nothing()).unwrap();
    assert_eq!(bench.stack.state(handle), Ok(State::Closed));
    assert_eq!(
        bench.stack.close_reason(handle),
        Ok(Some(CloseReason::Finished))
    );
    bench.wait(Duration::from_secs(61));
    let mut told = Events::NONE;
    while let Some(event) = bench.stack.poll_event() {
        if let Event::Connection(whose, events) = event {
            assert_eq!(whose, handle);
            told |= events;
        }
    }
    assert!(told.contains(Events::CLOSED | Events::FINISHED));
}
