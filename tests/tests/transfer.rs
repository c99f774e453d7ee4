//! Streams between two hosts over links that lose, reorder, repeat and damage packets. What is
//! asserted at each step is in `tcp_tests::oracle`; here it is that streams arrive, and in time.
//!
//! A failing test prints its seed; `SEED=n cargo test -p tcp-tests --test transfer NAME` runs that
//! seed alone, and `SEEDS=n` as many.

use tcp_core::{CloseReason, Config, Duration, Instant, Switch, Timer};
use tcp_tests::app::{Ending, Outcome, Script};
use tcp_tests::host::Host;
use tcp_tests::link::{LinkConfig, Loss};
use tcp_tests::memory::Sizes;
use tcp_tests::rng::Rng;
use tcp_tests::stream::Stream;
use tcp_tests::world::{World, WorldConfig};

/// Long enough for whatever a link does here: a hundred retransmission timeouts of a minute.
const PATIENCE: Duration = Duration::from_secs(6_000);

/// `a` writes so many octets, `b` so many others.
fn scripts(up: u64, down: u64) -> (Script, Script) {
    let (upward, downward) = (Stream::new(0xa), Stream::new(0xb));
    let a = Script {
        writes: up,
        sends: upward,
        expects: downward,
        ..Script::default()
    };
    let b = Script {
        writes: down,
        sends: downward,
        expects: upward,
        ..Script::default()
    };
    (a, b)
}

/// Carries `up` and `down` octets; both streams must arrive whole and both sides end in order.
fn carry(config: &WorldConfig, up: u64, down: u64) -> World {
    let mut world = World::new(config);
    let (a, b) = scripts(up, down);
    world.converse(Config::new(), a, b);
    world.finish(PATIENCE);
    assert_arrived(&world, up, down);
    world
}

fn assert_arrived(world: &World, up: u64, down: u64) {
    let outcome = |host: &Host| -> Outcome {
        let [outcome] = host.outcomes() else {
            panic!("one connection, not {:?}", host.outcomes());
        };
        *outcome
    };
    let (a, b) = (outcome(&world.a), outcome(&world.b));
    for (outcome, other, written, read) in [(a, b, up, down), (b, a, down, up)] {
        assert_eq!((outcome.written, outcome.read), (written, read));
        assert!(outcome.finished, "{outcome:?}");
        // When every acknowledgment of a FIN is lost until the peer's TIME-WAIT has ended, the next
        // retransmission of that FIN is answered with a reset.
        let late = outcome.reason == Some(CloseReason::Reset) && other.reason.is_none();
        let orderly = matches!(outcome.reason, None | Some(CloseReason::Finished));
        assert!(orderly || late, "{outcome:?}");
    }
}

/// The seeds of a sweep, or the one that the environment names.
fn seeds(count: u64) -> Vec<u64> {
    let number = |name| {
        let value = std::env::var(name).ok()?;
        Some(value.parse().expect("a number"))
    };
    match number("SEED") {
        Some(seed) => vec![seed],
        None => (0..number("SEEDS").unwrap_or(count)).collect(),
    }
}

fn lossy(percent: u32) -> LinkConfig {
    LinkConfig {
        loss: Loss::Random(percent * 10_000),
        ..LinkConfig::default()
    }
}

#[test]
fn sizes_around_a_segment_and_a_window_in_both_families() {
    for config in [WorldConfig::new(1), WorldConfig::v6(1)] {
        for size in [
            0, 1, 535, 536, 1_447, 1_448, 1_449, 1_460, 65_535, 65_536, 300_001,
        ] {
            carry(&config, size, 0);
            carry(&config, 0, size);
        }
    }
}

#[test]
fn a_mebibyte_each_way_at_once() {
    let world = carry(&WorldConfig::new(2), 1 << 20, 1 << 20);
    assert_eq!(world.a_to_b.counters().lost, 0);
}

#[test]
fn a_clean_link_sees_no_retransmission() {
    let mut world = World::new(&WorldConfig::new(3));
    let (mut a, b) = scripts(1 << 20, 1 << 18);
    a.ending = Ending::Stay;
    let handle = world.converse(Config::new(), a, b);
    world.run_until(PATIENCE, |world| {
        world
            .a
            .stack
            .info(world.now, handle)
            .is_ok_and(|info| info.octets_acked >= 1 << 20)
    });
    let info = world.a.stack.info(world.now, handle).expect("still there");
    assert_eq!((info.retransmissions, info.timeouts), (0, 0));
    assert_eq!(info.octets_acked, 1 << 20);
}

#[test]
fn one_packet_in_a_hundred_is_lost() {
    for seed in seeds(50) {
        carry(&WorldConfig::new(seed).link(lossy(1)), 100_000, 30_000);
    }
}

#[test]
fn one_packet_in_twenty_is_lost() {
    for seed in seeds(50) {
        carry(&WorldConfig::new(seed).link(lossy(5)), 60_000, 60_000);
    }
}

#[test]
fn one_packet_in_five_is_lost() {
    for seed in seeds(50) {
        carry(&WorldConfig::new(seed).link(lossy(20)), 20_000, 5_000);
    }
}

#[test]
fn packets_are_lost_in_bursts() {
    let link = LinkConfig {
        loss: Loss::Bursts {
            begin: 40_000,
            end: 500_000,
        },
        ..LinkConfig::default()
    };
    for seed in seeds(50) {
        carry(&WorldConfig::new(seed).link(link), 60_000, 20_000);
    }
}

#[test]
fn packets_overtake_each_other() {
    for (seed, rate) in seeds(30)
        .into_iter()
        .zip([10_000, 100_000, 500_000].into_iter().cycle())
    {
        let link = LinkConfig {
            reordered: rate,
            ..LinkConfig::default()
        };
        carry(&WorldConfig::new(seed).link(link), 200_000, 50_000);
    }
}

#[test]
fn packets_arrive_twice() {
    for (seed, rate) in seeds(30)
        .into_iter()
        .zip([10_000, 1_000_000].into_iter().cycle())
    {
        let link = LinkConfig {
            duplicated: rate,
            ..LinkConfig::default()
        };
        carry(&WorldConfig::new(seed).link(link), 100_000, 50_000);
    }
}

#[test]
fn packets_are_damaged() {
    for seed in seeds(50) {
        let link = LinkConfig {
            corrupted: 50_000,
            ..LinkConfig::default()
        };
        carry(&WorldConfig::new(seed).link(link), 60_000, 20_000);
        carry(&WorldConfig::v6(seed).link(link), 30_000, 10_000);
    }
}

#[test]
fn a_narrow_link_with_a_short_queue() {
    for queue in [2, 5, 20, 100] {
        let link = LinkConfig {
            octets_per_second: Some(125_000),
            delay: Duration::from_millis(50),
            queue,
            ..LinkConfig::default()
        };
        let world = carry(&WorldConfig::new(4).link(link), 500_000, 0);
        let seconds = (world.now - Instant::ZERO).as_millis() / 1_000;
        assert!(seconds > 4, "faster than the link: {seconds} s");
    }
}

#[test]
fn rings_of_a_few_octets() {
    for octets in [1, 2, 7, 64, 100, 1_459, 1_461] {
        for records in [1, 2, 8] {
            let mut config = WorldConfig::new(5);
            config.a.sizes = Sizes {
                records,
                islands: 1,
                ..Sizes::rings(octets)
            };
            config.b.sizes = config.a.sizes;
            let size = (octets as u64 * 20).min(4_000);
            carry(&config, size, size);
        }
    }
}

#[test]
fn rings_of_a_few_octets_and_loss() {
    for seed in seeds(20) {
        let mut config = WorldConfig::new(seed).link(lossy(10));
        let octets = Rng::new(seed).choose(&[1, 3, 7, 100]);
        config.a.sizes = Sizes {
            islands: 1,
            records: 2,
            ..Sizes::rings(octets)
        };
        config.b.sizes = config.a.sizes;
        carry(&config, octets as u64 * 10, octets as u64 * 10);
    }
}

#[test]
fn rings_larger_than_an_unscaled_window() {
    for octets in [65_535, 65_536, 65_537, 1 << 20, (4 << 20) + 1] {
        let mut config = WorldConfig::new(6);
        config.a.sizes = Sizes::rings(octets);
        config.b.sizes = Sizes::rings(octets);
        carry(&config, 3 << 20, 1_000);
    }
}

#[test]
fn no_gap_can_be_remembered_and_a_tenth_is_lost() {
    for seed in seeds(20) {
        let mut config = WorldConfig::new(seed).link(lossy(10));
        config.b.sizes.islands = 0;
        carry(&config, 30_000, 3_000);
    }
}

#[test]
fn a_reader_who_starts_late_shuts_the_window() {
    for seed in seeds(10) {
        let config = WorldConfig::new(seed).link(lossy(if seed == 0 { 0 } else { 5 }));
        let mut world = World::new(&config);
        world.b.stack.assert_invariants();
        let (a, mut b) = scripts(600_000, 0);
        b.read_from = config.start + Duration::from_secs(600);
        world.converse(Config::new(), a, b);
        world.pass(Duration::from_secs(500));
        let handle = world.b.handles().next().expect("it was accepted");
        let info = world.b.stack.info(world.now, handle).expect("it is there");
        assert_eq!(info.rcv_wnd, 0);
        // A window of units of eight octets may leave seven unused.
        assert!(info.receive_queue >= (256 << 10) - 8, "{info:?}");
        world.finish(PATIENCE);
        assert_arrived(&world, 600_000, 0);
    }
}

#[test]
fn a_reader_of_small_portions() {
    for (read_size, every_ms) in [(1, 1), (100, 5), (1_400, 50)] {
        let mut config = WorldConfig::new(8);
        config.b.sizes = Sizes::rings(4_000);
        let mut world = World::new(&config);
        let (a, mut b) = scripts(20_000, 0);
        b.read_size = read_size;
        b.read_every = Duration::from_millis(every_ms);
        world.converse(Config::new(), a, b);
        world.finish(PATIENCE);
        assert_arrived(&world, 20_000, 0);
        // Silly-window avoidance: no flood of small segments.
        let segments = world.a_to_b.counters().given;
        assert!(segments < 80, "{segments} segments for 20,000 octets");
    }
}

#[test]
fn a_writer_of_single_octets_without_nagle() {
    let mut world = World::new(&WorldConfig::new(9));
    let (mut a, b) = scripts(2_000, 0);
    a.write_size = 1;
    world.converse(Config::new().nagle(Switch::Off), a, b);
    world.finish(PATIENCE);
    assert_arrived(&world, 2_000, 0);
}

#[test]
fn either_side_may_half_close_and_read_on() {
    for (first, second) in [
        (Ending::Linger, Ending::WhenRead),
        (Ending::WhenRead, Ending::Linger),
        (Ending::WhenWritten, Ending::WhenWritten),
    ] {
        for percent in [0, 10] {
            let mut world = World::new(&WorldConfig::new(10).link(lossy(percent)));
            let (mut a, mut b) = scripts(1_000, 400_000);
            a.ending = first;
            b.ending = second;
            world.converse(Config::new(), a, b);
            world.finish(PATIENCE);
            assert_arrived(&world, 1_000, 400_000);
        }
    }
}

#[test]
fn both_sides_close_at_once() {
    for seed in seeds(20) {
        let link = LinkConfig {
            loss: Loss::Random(if seed == 0 { 0 } else { 200_000 }),
            ..LinkConfig::default()
        };
        carry(&WorldConfig::new(seed).link(link), 0, 0);
        carry(&WorldConfig::new(seed).link(link), 1, 1);
    }
}

#[test]
fn an_abort_reaches_the_peer() {
    let mut world = World::new(&WorldConfig::new(11));
    let (mut a, mut b) = scripts(10_000, 10_000);
    a.ending = Ending::Abort(5_000);
    b.ending = Ending::Stay;
    world.converse(Config::new(), a, b);
    world.finish(Duration::from_secs(10));
    assert_eq!(world.a.outcomes()[0].reason, Some(CloseReason::Aborted));
    assert_eq!(world.b.outcomes()[0].reason, Some(CloseReason::Reset));
}

#[test]
fn nobody_listens() {
    let mut world = World::new(&WorldConfig::new(12));
    let (a, _) = scripts(100, 0);
    world.connect(Config::new(), a);
    world.run_until(Duration::from_secs(1), |world| world.a.at_work() == 0);
    assert_eq!(world.a.outcomes()[0].reason, Some(CloseReason::Refused));
    world.a.check_memory(world.now);
    world.b.check_memory(world.now);
}

#[test]
fn a_link_that_is_down_for_a_while_costs_no_octet() {
    for down_s in [1, 10, 60, 300] {
        let config = WorldConfig::new(13);
        let mut world = World::new(&config);
        let (a, b) = scripts(2 << 20, 2 << 20);
        world.converse(Config::new(), a, b);
        world.pass(Duration::from_millis(95));
        let down = LinkConfig {
            loss: Loss::Random(1_000_000),
            ..LinkConfig::default()
        };
        world.a_to_b.set_config(down);
        world.b_to_a.set_config(down);
        world.pass(Duration::from_secs(down_s));
        world.a_to_b.set_config(config.a_to_b);
        world.b_to_a.set_config(config.b_to_a);
        world.finish(PATIENCE);
        assert_arrived(&world, 2 << 20, 2 << 20);
    }
}

#[test]
fn s28_a_link_that_stays_down_is_given_up_by_both_sides() {
    let mut world = World::new(&WorldConfig::new(14));
    let (a, b) = scripts(1 << 20, 1 << 20);
    world.converse(Config::new(), a, b);
    world.pass(Duration::from_millis(95));
    let down = LinkConfig {
        loss: Loss::Random(1_000_000),
        ..LinkConfig::default()
    };
    world.a_to_b.set_config(down);
    world.b_to_a.set_config(down);
    world.finish(PATIENCE);
    for host in [&world.a, &world.b] {
        let reason = host.outcomes()[0].reason;
        assert_eq!(reason, Some(CloseReason::TimedOut(Timer::Retransmission)));
    }
}

#[test]
fn thirty_connections_at_once() {
    for percent in [0, 5] {
        let mut world = World::new(&WorldConfig::new(15).link(lossy(percent)));
        let (a, b) = scripts(20_000, 10_000);
        world.converse(Config::new(), a, b);
        for _ in 1..15 {
            world.connect(Config::new(), a);
        }
        world.pass(Duration::from_millis(15));
        for _ in 15..30 {
            world.connect(Config::new(), a);
        }
        world.run_until(PATIENCE, |world| world.b.outcomes().len() == 30);
        world.finish(PATIENCE);
        for host in [&world.a, &world.b] {
            let done = host.outcomes().iter().filter(|outcome| outcome.finished);
            assert_eq!(done.count(), 30);
        }
    }
}

#[test]
fn p20_sequence_numbers_pass_zero_in_both_directions() {
    // The same tuple gets the same keyed offset, so moving the clock moves the ISS with it.
    let mut config = WorldConfig::new(16);
    config.a.local_port = 5_000;
    config.start = Instant::ZERO;
    let first = |config: &WorldConfig| {
        let mut world = World::new(config);
        let (a, b) = scripts(0, 0);
        world.converse(Config::new(), a, b);
        world.pass(Duration::from_millis(15));
        let octets = world.pcap.octets();
        let syn = tcp_tests::packet::Segment::decode(&octets[40..100]).expect("a SYN");
        syn.seq
    };
    let iss = first(&config);
    let before_zero = u64::from(0u32.wrapping_sub(iss).wrapping_sub(30_000));
    config.start = Instant::from_micros(before_zero * 4);
    assert!(first(&config) > 0xffff_0000);
    carry(&config, 100_000, 100_000);
}

#[test]
fn whatever_happens_at_once() {
    for seed in seeds(200) {
        let mut rng = Rng::new(seed).fork(7);
        let mut link = || LinkConfig {
            octets_per_second: rng.choose(&[None, Some(50_000), Some(2_000_000)]),
            delay: Duration::from_micros(rng.choose(&[10, 1_000, 30_000, 400_000])),
            queue: usize::try_from(rng.between(2, 60)).expect("small"),
            loss: Loss::Random(rng.choose(&[0, 10_000, 50_000, 150_000])),
            reordered: rng.choose(&[0, 20_000, 200_000]),
            hold_up: Duration::from_micros(rng.between(1, 50_000)),
            duplicated: rng.choose(&[0, 10_000, 100_000]),
            corrupted: rng.choose(&[0, 10_000, 50_000]),
            ..LinkConfig::default()
        };
        let (a_to_b, b_to_a) = (link(), link());
        let mut config = if seed % 2 == 0 {
            WorldConfig::new(seed)
        } else {
            WorldConfig::v6(seed)
        };
        config.a_to_b = a_to_b;
        config.b_to_a = b_to_a;
        for host in [&mut config.a, &mut config.b] {
            host.mtu = rng.choose(&[1_280, 1_500, 9_000]);
            host.sizes.send = rng.choose(&[1_000, 5_001, 70_000]);
            host.sizes.receive = rng.choose(&[999, 5_000, 70_001]);
            host.sizes.records = rng.choose(&[1, 4, 64]);
            host.sizes.islands = rng.choose(&[0, 2, 16]);
        }
        let mut switch = || rng.choose(&[Switch::On, Switch::Off]);
        let options = Config::new()
            .nagle(switch())
            .sack(switch())
            .timestamps(switch())
            .window_scaling(switch());
        let (mut a, mut b) = scripts(rng.below(40_000), rng.below(40_000));
        for script in [&mut a, &mut b] {
            script.read_size = rng.choose(&[1, 100, 5_000]);
            script.write_size = rng.choose(&[1, 700, 9_000]);
        }
        let mut world = World::new(&config);
        world.converse(options, a, b);
        world.finish(PATIENCE);
        assert_arrived(&world, a.writes, b.writes);
    }
}
