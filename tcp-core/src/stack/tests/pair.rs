//! Two stacks on a link that delays, loses, repeats and reorders, from a printed seed.

use std::collections::BTreeMap;

use super::*;

/// xorshift: small, deterministic.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

struct Wire {
    now: Instant,
    ends: [Stack<'static, Chosen, Pool>; 2],
    /// By time of arrival and order of sending: to which end.
    flying: BTreeMap<(Instant, u64), (usize, Vec<u8>)>,
    sent: u64,
    random: Random,
    loss_percent: u64,
}

impl Wire {
    fn new(seed: u64, loss_percent: u64) -> Self {
        let end = |address| {
            let mut stack = Stack::new(config(), tables(), Pool::of(4));
            stack.add_address(ip(address), 24).unwrap();
            stack
        };
        Self {
            now: Instant::from_millis(1_000),
            ends: [end(US), end(PEER)],
            flying: BTreeMap::new(),
            sent: 0,
            random: Random(seed),
            loss_percent,
        }
    }

    /// Everything that both ends want to send takes off.
    fn take_off(&mut self) {
        let mut out = [0; 2_000];
        for from in 0..2 {
            while let Some(transmit) = self.ends[from].transmit(self.now, &mut out) {
                self.ends[from].assert_invariants();
                self.sent += 1;
                assert!(self.sent < 100_000, "the link is never quiet");
                for _ in 0..1 + u64::from(self.random.below(100) < self.loss_percent / 4) {
                    if self.random.below(100) < self.loss_percent {
                        continue;
                    }
                    let delay = 500 + self.random.below(1 + 200 * self.loss_percent);
                    let lands = self.now + Duration::from_micros(delay);
                    let order = self.sent * 2 + self.random.below(2);
                    let packet = out[..transmit.len].to_vec();
                    self.flying.insert((lands, order), (1 - from, packet));
                }
            }
        }
    }

    /// Runs until the next thing happens, at most `limit` times or until `done`.
    fn run(&mut self, limit: u32, mut done: impl FnMut(&mut Self) -> bool) {
        for _ in 0..limit {
            self.take_off();
            if done(self) {
                return;
            }
            self.take_off();
            let landing = self.flying.keys().next().map(|(at, _)| *at);
            let deadlines = self
                .ends
                .iter()
                .filter_map(|end| Some(end.next_deadline()?.0));
            let next = landing.into_iter().chain(deadlines).min();
            self.now = self.now.max(next.expect("both ends wait for ever"));
            for end in &mut self.ends {
                end.advance(self.now);
                end.assert_invariants();
            }
            while let Some(entry) = self.flying.first_entry() {
                if entry.key().0 > self.now {
                    break;
                }
                let (to, octets) = entry.remove();
                let packet = Packet {
                    octets: &octets,
                    checksum: RxChecksum::Unverified,
                    segment_size: None,
                    link: LinkDestination::Unicast,
                };
                let _ = self.ends[to].receive(self.now, packet);
                self.ends[to].assert_invariants();
            }
        }
        panic!("not done at {:?}", self.now);
    }
}

/// Sends `data` both ways and closes both ends; everything arrives, nothing is left.
fn transfer(seed: u64, loss_percent: u64, len: usize) {
    let mut wire = Wire::new(seed, loss_percent);
    let data: [Vec<u8>; 2] =
        [7u8, 11].map(|step| (0..len).map(|i| (i as u8).wrapping_mul(step)).collect());
    let listener = wire.ends[1].listen(listen_at(80)).unwrap();
    let handle = wire.ends[0]
        .connect(wire.now, None, at(PEER, 80), Config::new())
        .unwrap();
    let mut handles = [Some(handle), None];
    let mut sent = [0; 2];
    let mut got = [Vec::new(), Vec::new()];
    wire.run(20_000, |wire| {
        if handles[1].is_none() {
            handles[1] = wire.ends[1].accept(listener).unwrap();
        }
        for end in 0..2 {
            let (Some(handle), stack) = (handles[end], &mut wire.ends[end]) else {
                continue;
            };
            while stack.poll_event().is_some() {}
            if sent[end] < len {
                sent[end] += stack
                    .send(wire.now, handle, &data[end][sent[end]..])
                    .unwrap();
                if sent[end] == len {
                    stack.shutdown(wire.now, handle).unwrap();
                }
            }
            let mut octets = [0; 700];
            while let Ok(count @ 1..) = stack.read(wire.now, handle, &mut octets) {
                got[end].extend_from_slice(&octets[..count]);
                assert!(
                    data[1 - end].starts_with(&got[end]),
                    "seed {seed}: stream broken"
                );
            }
            stack.assert_invariants();
        }
        (0..2).all(|end| {
            handles[end].is_some_and(|handle| wire.ends[end].is_finished(handle).unwrap())
        })
    });
    assert!(got[0] == data[1] && got[1] == data[0], "seed {seed}");
    for (handle, end) in handles.into_iter().zip(&mut wire.ends) {
        end.close(wire.now, handle.unwrap()).unwrap();
    }
    wire.run(20_000, |wire| {
        wire.flying.is_empty() && wire.ends.iter().all(|end| end.next_deadline().is_none())
    });
    for end in &wire.ends {
        assert_eq!(end.memory().lent, 0, "seed {seed}: storage is still lent");
        assert!(
            (0..4).all(|slot| end.connection(slot).is_none()),
            "seed {seed}"
        );
        assert!(
            end.rows(wire.now).all(|row| row.state == State::Listen),
            "seed {seed}"
        );
    }
}

#[test]
fn data_crosses_a_clean_link_both_ways() {
    transfer(1, 0, 100_000);
}

#[test]
fn data_crosses_a_bad_link_both_ways() {
    for seed in 1..=20 {
        println!("seed {seed}");
        transfer(seed * 0x9e37_79b9, 2 + seed % 15, 20_000);
    }
}

#[test]
fn u10_the_same_seed_gives_the_same_packets() {
    let run = || {
        let mut wire = Wire::new(77, 10);
        let listener = wire.ends[1].listen(listen_at(80)).unwrap();
        let handle = wire.ends[0]
            .connect(wire.now, None, at(PEER, 80), Config::new())
            .unwrap();
        wire.ends[0].send(wire.now, handle, &[1; 3_000]).unwrap();
        let mut log = Vec::new();
        let mut accepted = None;
        wire.run(10_000, |wire| {
            log.extend(wire.flying.clone());
            accepted = accepted.or(wire.ends[1].accept(listener).unwrap());
            accepted.is_some_and(|handle| wire.ends[1].readable(handle) == Ok(3_000))
        });
        log
    };
    let log = run();
    assert!(log.len() > 5);
    assert_eq!(log, run());
}

#[test]
fn figure_8_both_ends_open_at_once() {
    let mut wire = Wire::new(5, 0);
    let (a, b) = (at(US, 1_000), at(PEER, 2_000));
    let one = wire.ends[0]
        .connect(wire.now, Some(a), b, Config::new())
        .unwrap();
    let other = wire.ends[1]
        .connect(wire.now, Some(b), a, Config::new())
        .unwrap();
    wire.run(100, |wire| {
        wire.ends[0].state(one) == Ok(State::Established)
            && wire.ends[1].state(other) == Ok(State::Established)
    });
    wire.ends[0].send(wire.now, one, b"crossed").unwrap();
    wire.run(100, |wire| wire.ends[1].readable(other) == Ok(7));
}
