//! Listeners, the SYN queue and the accept queue.

use super::*;
use crate::connection::Switch;
use crate::stack::isn::{Start, Ticks};
use crate::wire::Address;

#[test]
fn a_handshake_makes_one_connection_and_one_event() {
    let mut bench = Bench::new();
    let listener = bench.listen(80);
    bench.segment(SYN, IRS, nothing()).unwrap();
    assert_eq!(bench.states(), [State::Listen, State::SynReceived]);
    assert_eq!(
        bench.stack.memory().lent,
        0,
        "a half-open connection has no storage"
    );
    let syn_ack = bench.only();
    assert_eq!(syn_ack.flags, SYN | ACK);
    assert_eq!(syn_ack.ack, Some(SeqNum::new(IRS + 1)));
    assert_eq!(syn_ack.options.mss, Some(1_460));
    assert_eq!(syn_ack.options.window_scale, None);
    assert!(!syn_ack.options.sack_permitted && syn_ack.options.timestamps.is_none());
    let next = syn_ack.seq + SeqLen::ONE;
    assert_eq!(bench.stack.accept(listener), Ok(None));
    bench.segment(ACK, IRS + 1, next).unwrap();
    assert_eq!(bench.stack.poll_event(), Some(Event::Listener(listener)));
    assert_eq!(bench.stack.poll_event(), None);
    let handle = bench.stack.accept(listener).unwrap().unwrap();
    assert_eq!(bench.stack.accept(listener), Ok(None));
    assert_eq!(bench.stack.state(handle), Ok(State::Established));
    assert_eq!(
        bench.stack.tuple(handle),
        Ok(Tuple::new(at(US, 80), at(PEER, 7_000)).unwrap())
    );
    let Some(Event::Connection(whose, events)) = bench.stack.poll_event() else {
        panic!("no event");
    };
    assert!(whose == handle && events.contains(Events::CONNECTED));
    assert_eq!(bench.stack.memory().lent, 1);
}

#[test]
fn the_syn_ack_answers_what_the_syn_offers() {
    let mut bench = Bench::<Chosen>::with(
        config(),
        Pool {
            capacity: 200_000,
            ..Pool::of(4)
        },
    );
    let listener = bench.listen(80);
    let offer = OptionsEmit {
        mss: Some(1_000),
        window_scale: Some(7),
        sack_permitted: true,
        timestamps: Some(Timestamps {
            value: 4_711,
            echo: 0,
        }),
        ..OptionsEmit::default()
    };
    let syn = SegmentEmit {
        options: offer.clone(),
        ..plain(SYN, IRS, nothing())
    };
    bench.segment_from(at(PEER, 7_000), syn, &[]).unwrap();
    let syn_ack = bench.only();
    // The window is never scaled in a SYN-ACK, whatever scale it offers.
    assert_eq!(syn_ack.window, 65_535);
    assert_eq!(syn_ack.options.window_scale, Some(2));
    assert!(syn_ack.options.sack_permitted);
    let ours = syn_ack.options.timestamps.unwrap();
    assert_eq!(ours.echo, 4_711);
    let ack = SegmentEmit {
        options: OptionsEmit {
            timestamps: Some(Timestamps {
                value: 4_712,
                echo: ours.value,
            }),
            ..OptionsEmit::default()
        },
        ..plain(ACK, IRS + 1, syn_ack.seq + SeqLen::ONE)
    };
    bench.segment_from(at(PEER, 7_000), ack, &[]).unwrap();
    let handle = bench.stack.accept(listener).unwrap().unwrap();
    let info = bench.stack.info(bench.now, handle).unwrap();
    assert!(info.sack && info.timestamps && info.window_scaling);
    assert_eq!((info.snd_wscale, info.rcv_wscale), (7, 2));
}

#[test]
fn a_listener_that_refuses_options_does_not_offer_them() {
    let mut bench = Bench::new();
    let config = Config::new()
        .timestamps(Switch::Off)
        .sack(Switch::Off)
        .window_scaling(Switch::Off)
        .mss(700);
    let at_80 = ListenAt {
        config,
        ..listen_at(80)
    };
    bench.stack.listen(at_80).unwrap();
    let syn = SegmentEmit {
        options: OptionsEmit {
            window_scale: Some(7),
            sack_permitted: true,
            timestamps: Some(Timestamps::default()),
            ..OptionsEmit::default()
        },
        ..plain(SYN, IRS, nothing())
    };
    bench.segment_from(at(PEER, 7_000), syn, &[]).unwrap();
    let options = bench.only().options;
    assert_eq!(
        options,
        SegmentOptions {
            mss: Some(700),
            ..SegmentOptions::default()
        }
    );
}

#[test]
fn s10_a_syn_that_comes_again_gets_the_syn_ack_again_and_one_connection() {
    let mut bench = Bench::new();
    let listener = bench.listen(80);
    bench.segment(SYN, IRS, nothing()).unwrap();
    let first = bench.only();
    for _ in 0..3 {
        bench.wait(Duration::from_millis(10));
        bench.segment(SYN, IRS, nothing()).unwrap();
        assert_eq!(bench.only(), first);
    }
    bench
        .segment(ACK, IRS + 1, first.seq + SeqLen::ONE)
        .unwrap();
    let handle = bench.stack.accept(listener).unwrap().unwrap();
    bench.now += Duration::from_secs(2);
    assert!(bench.segment(SYN, IRS, nothing()).is_err());
    let challenge = bench.only();
    assert_eq!(
        (challenge.flags, challenge.seq),
        (ACK, first.seq + SeqLen::ONE)
    );
    assert_eq!(bench.stack.accept(listener), Ok(None));
    assert_eq!(bench.stack.state(handle), Ok(State::Established));
}

#[test]
fn k04_the_syn_ack_is_retransmitted_three_times_and_then_forgotten() {
    let mut bench = Bench::new();
    bench.listen(80);
    bench.segment(SYN, IRS, nothing()).unwrap();
    let first = bench.only();
    for seconds in [1, 2, 4] {
        let (waited, timer) = bench.wait_for_deadline();
        assert_eq!(
            (waited, timer),
            (Duration::from_secs(seconds), Timer::SynAck)
        );
        assert_eq!(bench.only(), first);
    }
    assert_eq!(bench.wait_for_deadline().0, Duration::from_secs(8));
    assert_eq!(bench.drain(), []);
    assert_eq!(bench.states(), [State::Listen]);
    assert_eq!(bench.stack.next_deadline(), None);
}

#[test]
fn p18_data_in_a_syn_is_not_acknowledged() {
    let mut bench = Bench::new();
    bench.listen(80);
    let syn = plain(SYN, IRS, nothing());
    bench
        .segment_from(at(PEER, 7_000), syn, &[7; 1_400])
        .unwrap();
    assert_eq!(bench.only().ack, Some(SeqNum::new(IRS + 1)));
    assert_eq!(bench.stack.memory().lent, 0);
}

#[test]
fn the_ack_may_carry_data_and_the_end() {
    let mut bench = Bench::new();
    let listener = bench.listen(80);
    bench.segment(SYN, IRS, nothing()).unwrap();
    let next = bench.only().seq + SeqLen::ONE;
    let last = plain(ACK | FIN, IRS + 1, next);
    bench.segment_from(at(PEER, 7_000), last, b"hello").unwrap();
    let handle = bench.stack.accept(listener).unwrap().unwrap();
    let mut octets = [0; 9];
    assert_eq!(bench.stack.read(bench.now, handle, &mut octets), Ok(5));
    assert_eq!(&octets[..5], b"hello");
    assert_eq!(bench.stack.is_finished(handle), Ok(true));
    assert_eq!(bench.stack.state(handle), Ok(State::CloseWait));
    assert_eq!(bench.only().ack, Some(SeqNum::new(IRS + 7)));
}

#[test]
fn s08_a_bad_ack_in_syn_received_is_reset_and_the_entry_stays() {
    let mut bench = Bench::new();
    let listener = bench.listen(80);
    bench.segment(SYN, IRS, nothing()).unwrap();
    let iss = bench.only().seq;
    for bad in [iss, iss + SeqLen::new(2), iss + SeqLen::new(1 << 31)] {
        let outcome = bench.segment(ACK, IRS + 1, bad);
        assert_eq!(outcome, Err(Dropped::AckUnacceptable));
        let reset = bench.only();
        assert_eq!((reset.flags, reset.seq, reset.ack), (RST, bad, None));
    }
    bench.segment(ACK, IRS + 1, iss + SeqLen::ONE).unwrap();
    assert!(bench.stack.accept(listener).unwrap().is_some());
}

#[test]
fn s09_only_an_exact_reset_ends_a_half_open_connection() {
    let mut bench = Bench::new();
    bench.listen(80);
    bench.segment(SYN, IRS, nothing()).unwrap();
    let iss = bench.only().seq;
    assert_eq!(
        bench.segment(RST, IRS, nothing()),
        Err(Dropped::OutOfWindow)
    );
    assert_eq!(bench.drain(), []);
    assert_eq!(
        bench.segment(RST, IRS + 2, nothing()),
        Err(Dropped::RstChallenged)
    );
    let challenge = bench.only();
    assert_eq!(challenge.flags, ACK);
    assert_eq!(challenge.seq, iss + SeqLen::ONE);
    assert_eq!(challenge.ack, Some(SeqNum::new(IRS + 1)));
    assert_eq!(bench.segment(RST, IRS + 1, nothing()), Ok(()));
    assert_eq!(bench.states(), [State::Listen]);
    assert_eq!(bench.drain(), []);
}

#[test]
fn another_syn_on_a_half_open_connection_is_challenged() {
    let mut bench = Bench::new();
    bench.listen(80);
    bench.segment(SYN, IRS, nothing()).unwrap();
    let iss = bench.only().seq;
    for (seq, reason) in [
        (IRS + 100, Dropped::SynChallenged),
        (IRS + 100_000, Dropped::OutOfWindow),
    ] {
        assert_eq!(bench.segment(SYN, seq, nothing()), Err(reason));
        let challenge = bench.only();
        assert_eq!((challenge.flags, challenge.seq), (ACK, iss + SeqLen::ONE));
    }
    assert_eq!(bench.states(), [State::Listen, State::SynReceived]);
}

#[test]
fn r06_a_full_accept_queue_drops_the_ack_and_keeps_the_entry() {
    let mut bench = Bench::new();
    let listener = bench.listen(80);
    let mut next = Vec::new();
    for port in [1, 2, 3] {
        let syn = plain(SYN, IRS, nothing());
        bench.segment_from(at(PEER, port), syn, &[]).unwrap();
        next.push(bench.only().seq + SeqLen::ONE);
    }
    let ack = |next: &[SeqNum], port: u16| plain(ACK, IRS + 1, next[usize::from(port) - 1]);
    bench.segment_from(at(PEER, 2), ack(&next, 2), &[]).unwrap();
    bench.segment_from(at(PEER, 1), ack(&next, 1), &[]).unwrap();
    let outcome = bench.segment_from(at(PEER, 3), ack(&next, 3), b"data");
    assert_eq!(outcome, Err(Dropped::AcceptQueueFull));
    let syn = plain(SYN, IRS, nothing());
    let outcome = bench.segment_from(at(PEER, 4), syn, &[]);
    assert_eq!(outcome, Err(Dropped::AcceptQueueFull));
    assert_eq!(bench.drain(), [], "neither a reset nor an ACK");
    // In the order of completion, not of the SYNs.
    for port in [2, 1] {
        let handle = bench.stack.accept(listener).unwrap().unwrap();
        assert_eq!(bench.stack.tuple(handle).unwrap().remote().port(), port);
    }
    bench
        .segment_from(at(PEER, 3), ack(&next, 3), b"data")
        .unwrap();
    let handle = bench.stack.accept(listener).unwrap().unwrap();
    assert_eq!(bench.stack.readable(handle), Ok(4));
}

#[test]
fn r05_without_memory_the_ack_is_dropped_and_the_client_may_try_again() {
    let mut bench = Bench::<Chosen>::with(config(), Pool::of(0));
    let listener = bench.listen(80);
    bench.segment(SYN, IRS, nothing()).unwrap();
    let next = bench.only().seq + SeqLen::ONE;
    for _ in 0..3 {
        assert_eq!(bench.segment(ACK, IRS + 1, next), Err(Dropped::OutOfMemory));
        assert_eq!(bench.drain(), []);
    }
    bench.stack.memory.left = 1;
    bench.segment(ACK, IRS + 1, next).unwrap();
    assert!(bench.stack.accept(listener).unwrap().is_some());
}

#[test]
fn a_full_syn_queue_drops_the_syn() {
    let mut bench = Bench::new();
    bench.listen(80);
    for port in 1..=3 {
        let syn = plain(SYN, IRS, nothing());
        bench.segment_from(at(PEER, port), syn, &[]).unwrap();
    }
    let syn = plain(SYN, IRS, nothing());
    let outcome = bench.segment_from(at(PEER, 4), syn, &[]);
    assert_eq!(outcome, Err(Dropped::SynQueueFull));
    assert_eq!(bench.drain().len(), 3);
}

#[test]
fn s11_s33_what_nobody_waits_for_is_reset_and_leaves_nothing() {
    let mut bench = Bench::new();
    let ack = SeqNum::new(77);
    for (flags, payload, reset) in [
        (SYN, &[0; 10][..], (RST | ACK, 0, Some(IRS + 11))),
        (FIN, &[], (RST | ACK, 0, Some(IRS + 1))),
        (0, &[0; 3], (RST | ACK, 0, Some(IRS + 3))),
        (ACK, &[0; 3], (RST, 77, None)),
        (SYN | ACK, &[], (RST, 77, None)),
        (FIN | ACK, &[], (RST, 77, None)),
    ] {
        let segment = plain(flags, IRS, ack);
        let outcome = bench.segment_from(at(PEER, 9), segment, payload);
        assert_eq!(outcome, Err(Dropped::NoConnection));
        let sent = bench.only();
        let expected = (reset.0, SeqNum::new(reset.1), reset.2.map(SeqNum::new));
        assert_eq!((sent.flags, sent.seq, sent.ack), expected, "{flags:#x}");
        assert_eq!(sent.tuple.remote(), at(PEER, 9));
    }
    for flags in [RST, RST | ACK, RST | SYN, RST | FIN] {
        let outcome = bench.segment(flags, IRS, ack);
        assert_eq!(outcome, Err(Dropped::NoConnection));
        assert_eq!(bench.drain(), []);
    }
    for _ in 0..10_000 {
        assert!(bench.segment(ACK, IRS, ack).is_err());
    }
    assert_eq!(bench.states(), []);
}

#[test]
fn p15_a_listener_opens_for_a_plain_syn_only() {
    for flags in 0..64u8 {
        let mut bench = Bench::new();
        bench.listen(80);
        let _ = bench.segment(flags, IRS, SeqNum::new(77));
        let sent = bench.drain();
        let opens = flags & (SYN | ACK | RST | FIN) == SYN;
        let resets = flags & RST == 0 && flags & ACK != 0;
        let expected = match (opens, resets) {
            (true, _) => Some(SYN | ACK),
            (_, true) => Some(RST),
            _ => None,
        };
        assert_eq!(
            sent.first().map(|sent| sent.flags),
            expected,
            "flags {flags:#x}"
        );
        assert_eq!(
            bench.states().len(),
            1 + usize::from(opens),
            "flags {flags:#x}"
        );
    }
}

//= https://www.rfc-editor.org/rfc/rfc9293#section-3.4.1
//= type=test
//# where M is the 4 microsecond timer, and F() is a pseudorandom function (PRF)
//# of the connection's identifying parameters ("localip, localport, remoteip,
//# remoteport") and a secret key ("secretkey") (SHLD-1).
#[test]
fn the_initial_sequence_number_is_that_of_rfc_6528() {
    let mut bench = Bench::new();
    bench.listen(80);
    bench.segment(SYN, IRS, nothing()).unwrap();
    let sent = bench.only();
    let key = address::Key {
        local: Address::new(ip(US)).unwrap(),
        remote: Address::new(ip(PEER)).unwrap(),
        local_port: 80,
        remote_port: 7_000,
    };
    let start = Start::of(&key, siphash::Key::new(config().secret));
    assert_eq!(sent.seq, start.iss(Ticks::at(bench.now)));
}

#[test]
fn unlisten_resets_what_did_not_reach_the_user_and_forgets_what_is_half_open() {
    let mut bench = Bench::new();
    let listener = bench.listen(80);
    let other = bench.listen(81);
    bench.handshake_from(at(PEER, 1));
    bench.handshake_from(at(PEER, 2));
    let kept = bench.stack.accept(listener).unwrap().unwrap();
    assert_eq!(bench.stack.tuple(kept).unwrap().remote().port(), 1);
    bench
        .segment_from(at(PEER, 3), plain(SYN, IRS, nothing()), &[])
        .unwrap();
    bench.drain();
    bench.stack.unlisten(bench.now, listener).unwrap();
    bench.stack.assert_invariants();
    let reset = bench.drain();
    assert_eq!(reset.len(), 1);
    assert!(reset[0].flags & RST != 0);
    assert_eq!(reset[0].tuple.remote().port(), 2);
    assert_eq!(bench.states(), [State::Listen, State::Established]);
    assert_eq!(bench.stack.memory().lent, 1);
    assert_eq!(bench.stack.accept(listener), Err(Misuse::NoConnection));
    assert_eq!(
        bench.stack.unlisten(bench.now, listener),
        Err(Misuse::NoConnection)
    );
    assert_eq!(bench.stack.state(kept), Ok(State::Established));
    bench.stack.unlisten(bench.now, other).unwrap();
    assert_eq!(
        bench.segment(SYN, IRS, nothing()),
        Err(Dropped::NoConnection)
    );
}

//= https://www.rfc-editor.org/rfc/rfc9293#section-3.9.1.1
//= type=test
//# The optional "local IP address" parameter MUST be supported to allow the
//# specification of the local IP address (MUST-43).
#[test]
fn an_exact_listener_is_asked_before_one_for_any_address() {
    let mut bench = Bench::new();
    bench.stack.add_address(ip("10.0.0.9"), 24).unwrap();
    let any = bench.listen(80);
    let exact = ListenAt {
        address: Some(ip(US)),
        ..listen_at(80)
    };
    // Half-open connections of the one for any address go to the exact one.
    bench.segment(SYN, IRS, nothing()).unwrap();
    let exact = bench.stack.listen(exact).unwrap();
    bench.stack.assert_invariants();
    let next = bench.only().seq + SeqLen::ONE;
    bench.segment(ACK, IRS + 1, next).unwrap();
    assert!(bench.stack.accept(exact).unwrap().is_some());
    assert_eq!(bench.stack.accept(any), Ok(None));
    let syn = SegmentEmit {
        source_port: 5,
        ..plain(SYN, IRS, nothing())
    };
    bench
        .receive(&packet(at(PEER, 5), at("10.0.0.9", 80), syn, &[]))
        .unwrap();
    let syn_ack = bench.only();
    assert_eq!(syn_ack.tuple.local(), at("10.0.0.9", 80));
    let ack = SegmentEmit {
        source_port: 5,
        ..plain(ACK, IRS + 1, syn_ack.seq + SeqLen::ONE)
    };
    bench
        .receive(&packet(at(PEER, 5), at("10.0.0.9", 80), ack, &[]))
        .unwrap();
    assert!(bench.stack.accept(any).unwrap().is_some());
}

//= https://www.rfc-editor.org/rfc/rfc9293#section-3.9.1.1
//= type=test
//# Every passive OPEN call either creates a new connection record in LISTEN
//# state, or it returns an error; it MUST NOT affect any previously created
//# connection record (MUST-41).
#[test]
fn listening_twice_in_one_place_is_refused() {
    let mut bench = Bench::new();
    bench.listen(80);
    assert_eq!(
        bench.stack.listen(listen_at(80)),
        Err(Misuse::AlreadyExists)
    );
    let elsewhere = ListenAt {
        address: Some(ip("10.0.0.77")),
        ..listen_at(80)
    };
    assert_eq!(bench.stack.listen(elsewhere), Err(Misuse::NotOurAddress));
    assert_eq!(bench.stack.listen(listen_at(0)), Err(Misuse::NotOurAddress));
    for port in 81..84 {
        bench.listen(port);
    }
    assert_eq!(
        bench.stack.listen(listen_at(90)),
        Err(Misuse::InsufficientResources)
    );
}
