//! U10: the same inputs at the same times give the same packets, octet for octet.

use tcp_core::{Config, Duration};
use tcp_tests::app::Script;
use tcp_tests::host::Manner;
use tcp_tests::link::{LinkConfig, Loss};
use tcp_tests::stream::Stream;
use tcp_tests::world::{World, WorldConfig};

/// A busy hour: ten connections over a bad link, both ways, to their very end.
fn capture(seed: u64, manner: Manner) -> Vec<u8> {
    let link = LinkConfig {
        octets_per_second: Some(500_000),
        queue: 30,
        loss: Loss::Random(30_000),
        reordered: 20_000,
        duplicated: 20_000,
        corrupted: 20_000,
        ..LinkConfig::default()
    };
    let mut config = WorldConfig::new(seed).link(link);
    config.a.manner = manner;
    config.b.manner = manner;
    let mut world = World::new(&config);
    let (up, down) = (Stream::new(1), Stream::new(2));
    let script = |sends, expects, writes| Script {
        writes,
        sends,
        expects,
        ..Script::default()
    };
    let client = script(up, down, 30_000);
    world.converse(Config::new(), client, script(down, up, 50_000));
    for _ in 1..10 {
        world.pass(Duration::from_millis(7));
        world.connect(Config::new(), client);
    }
    world.run_until(Duration::from_secs(3_600), |world| {
        world.b.outcomes().len() == 10
    });
    world.pcap.octets().to_vec()
}

#[test]
fn u10_the_same_seed_gives_the_same_capture() {
    for seed in 0..3 {
        let first = capture(seed, Manner::Calm);
        assert!(first.len() > 800_000, "{} octets", first.len());
        assert!(first == capture(seed, Manner::Calm), "seed {seed}");
    }
}

#[test]
fn u10_another_seed_gives_another_capture() {
    assert!(capture(0, Manner::Calm) != capture(1, Manner::Calm));
}

#[test]
fn d29_calls_without_a_reason_and_time_that_goes_back_change_nothing() {
    for seed in 0..3 {
        let calm = capture(seed, Manner::Calm);
        assert!(calm == capture(seed, Manner::Nervous), "seed {seed}");
    }
}
