//! Closing: handles, slots and storage come back.

use super::*;

fn established(bench: &mut Bench) -> (Handle, SeqNum) {
    let listener = bench.listen(80);
    let accepted = bench.accepted(listener);
    while bench.stack.poll_event().is_some() {}
    accepted
}

#[test]
fn a_closed_handle_is_void_at_once_and_the_slot_is_freed_at_the_end() {
    let mut bench = Bench::new();
    let (handle, next) = established(&mut bench);
    bench.stack.close(bench.now, handle).unwrap();
    bench.stack.assert_invariants();
    assert_eq!(bench.stack.state(handle), Err(Misuse::NoConnection));
    assert_eq!(
        bench.stack.close(bench.now, handle),
        Err(Misuse::NoConnection)
    );
    assert_eq!(
        bench.stack.send(bench.now, handle, b"x"),
        Err(Misuse::NoConnection)
    );
    let fin = bench.only();
    assert_eq!((fin.flags, fin.seq), (FIN | ACK, next));
    // The peer closes first in the table of states: CLOSING or FIN-WAIT-2, then TIME-WAIT.
    let after = next + SeqLen::ONE;
    bench.segment(ACK | FIN, IRS + 1, after).unwrap();
    let last = bench.only();
    assert_eq!((last.flags, last.ack), (ACK, Some(SeqNum::new(IRS + 2))));
    assert_eq!(bench.states(), [State::Listen, State::TimeWait]);
    assert_eq!(bench.stack.memory().lent, 0);
    assert!((0..4).all(|slot| bench.stack.connection(slot).is_none()));
    assert_eq!(bench.stack.poll_event(), None);
}

#[test]
fn a_passive_close_frees_without_time_wait() {
    let mut bench = Bench::new();
    let (handle, next) = established(&mut bench);
    bench.segment(ACK | FIN, IRS + 1, next).unwrap();
    bench.drain();
    bench.stack.close(bench.now, handle).unwrap();
    let fin = bench.only();
    assert_eq!(fin.flags, FIN | ACK);
    bench.segment(ACK, IRS + 2, next + SeqLen::ONE).unwrap();
    assert_eq!(bench.states(), [State::Listen]);
    assert_eq!(bench.stack.memory().lent, 0);
    assert_eq!(bench.stack.next_deadline(), None);
}

#[test]
fn abort_sends_a_reset_and_the_reset_leaves_before_the_slot_goes() {
    let mut bench = Bench::new();
    let (handle, next) = established(&mut bench);
    bench.stack.abort(bench.now, handle).unwrap();
    bench.stack.assert_invariants();
    assert_eq!(bench.stack.state(handle), Ok(State::Closed));
    assert_eq!(
        bench.stack.close_reason(handle),
        Ok(Some(CloseReason::Aborted))
    );
    bench.stack.close(bench.now, handle).unwrap();
    assert_eq!(bench.stack.memory().lent, 1, "the reset has not left");
    let reset = bench.only();
    assert_eq!((reset.flags & RST, reset.seq), (RST, next));
    assert_eq!(bench.stack.memory().lent, 0);
    assert!((0..4).all(|slot| bench.stack.connection(slot).is_none()));
}

#[test]
fn unread_data_survives_the_end_and_storage_waits_for_it() {
    let mut bench = Bench::new();
    let (handle, next) = established(&mut bench);
    let data = plain(ACK, IRS + 1, next);
    bench
        .segment_from(at(PEER, 7_000), data, b"unread")
        .unwrap();
    bench.segment(RST, IRS + 7, nothing()).unwrap();
    assert_eq!(bench.stack.state(handle), Ok(State::Closed));
    assert_eq!(
        bench.stack.close_reason(handle),
        Ok(Some(CloseReason::Reset))
    );
    assert_eq!(bench.stack.memory().lent, 1);
    let mut octets = [0; 4];
    assert_eq!(bench.stack.read(bench.now, handle, &mut octets), Ok(4));
    assert_eq!(bench.stack.memory().lent, 1);
    assert_eq!(bench.stack.read(bench.now, handle, &mut octets), Ok(2));
    bench.stack.assert_invariants();
    assert_eq!(bench.stack.memory().lent, 0);
    assert_eq!(
        bench.stack.read(bench.now, handle, &mut octets),
        Err(Misuse::Closed)
    );
    bench.stack.close(bench.now, handle).unwrap();
    bench.stack.assert_invariants();
}

#[test]
fn a019_in_time_wait_the_handle_keeps_its_unread_data() {
    let mut bench = Bench::new();
    let (handle, next) = established(&mut bench);
    bench.stack.shutdown(bench.now, handle).unwrap();
    assert_eq!(bench.only().flags, FIN | ACK);
    let last = plain(ACK | FIN, IRS + 1, next + SeqLen::ONE);
    bench
        .segment_from(at(PEER, 7_000), last, b"last words")
        .unwrap();
    assert_eq!(bench.only().ack, Some(SeqNum::new(IRS + 12)));
    assert_eq!(bench.stack.state(handle), Ok(State::TimeWait));
    assert_eq!(bench.states(), [State::Listen, State::TimeWait]);
    assert_eq!(bench.stack.memory().lent, 1);
    let mut octets = [0; 20];
    assert_eq!(bench.stack.read(bench.now, handle, &mut octets), Ok(10));
    assert_eq!(&octets[..10], b"last words");
    assert_eq!(bench.stack.memory().lent, 0);
    assert_eq!(bench.stack.is_finished(handle), Ok(true));
    while bench.stack.poll_event().is_some() {}
    let (waited, timer) = bench.wait_for_deadline();
    assert_eq!(timer, Timer::TimeWait);
    assert!((60_000..60_003).contains(&waited.as_millis()), "{waited:?}");
    assert_eq!(bench.stack.state(handle), Ok(State::Closed));
    assert_eq!(
        bench.stack.close_reason(handle),
        Ok(Some(CloseReason::Finished))
    );
    assert_eq!(bench.states(), [State::Listen]);
    let event = bench.stack.poll_event();
    assert_eq!(event, Some(Event::Connection(handle, Events::CLOSED)));
    assert_eq!(bench.stack.poll_event(), None);
    assert_eq!(bench.stack.next_deadline(), None);
    bench.stack.close(bench.now, handle).unwrap();
    bench.stack.assert_invariants();
    assert!((0..4).all(|slot| bench.stack.connection(slot).is_none()));
}

#[test]
fn r07_a_connection_without_a_user_ends_though_the_peer_keeps_its_window_shut() {
    let mut bench = Bench::new();
    let (handle, next) = established(&mut bench);
    let shut = SegmentEmit {
        window: RawWindow(0),
        ..plain(ACK, IRS + 1, next)
    };
    bench
        .segment_from(at(PEER, 7_000), shut.clone(), &[])
        .unwrap();
    assert_eq!(bench.stack.send(bench.now, handle, b"never"), Ok(5));
    bench.stack.close(bench.now, handle).unwrap();
    let start = bench.now;
    while (0..4).any(|slot| bench.stack.connection(slot).is_some()) {
        bench.drain();
        if bench.stack.next_deadline().is_none() {
            break;
        }
        bench.wait_for_deadline();
        let _ = bench.segment_from(at(PEER, 7_000), shut.clone(), &[]);
        assert!(bench.now - start < Duration::from_secs(600));
    }
    assert!(bench.now - start >= Duration::from_secs(60));
    assert_eq!(bench.stack.memory().lent, 0);
    assert_eq!(bench.states(), [State::Listen]);
}

#[test]
fn u9_thousands_of_connections_leave_no_handle_and_no_storage_behind() {
    let mut bench = Bench::new();
    let listener = bench.listen(80);
    for round in 0..2_000u32 {
        let (handle, next) = bench.accepted(listener);
        match round % 3 {
            0 => {
                bench.stack.abort(bench.now, handle).unwrap();
                bench.stack.close(bench.now, handle).unwrap();
                bench.drain();
            }
            1 => {
                bench.segment(RST, IRS + 1, nothing()).unwrap();
                bench.stack.close(bench.now, handle).unwrap();
            }
            _ => {
                bench.stack.close(bench.now, handle).unwrap();
                bench.drain();
                bench
                    .segment(ACK | FIN, IRS + 1, next + SeqLen::ONE)
                    .unwrap();
                bench.drain();
                bench.wait(Duration::from_secs(61));
            }
        }
        while bench.stack.poll_event().is_some() {}
        bench.wait(Duration::from_millis(1));
        assert_eq!(bench.stack.memory().lent, 0, "round {round}");
        assert_eq!(bench.states().len(), 1, "round {round}");
    }
}
