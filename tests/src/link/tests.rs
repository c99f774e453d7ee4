use super::*;

fn arrivals(link: &mut Link) -> Vec<(u64, Vec<u8>)> {
    let mut all = Vec::new();
    while let Some(at) = link.next_arrival() {
        all.push((at.as_micros(), link.take(at).unwrap()));
    }
    all
}

fn link(config: LinkConfig) -> Link {
    Link::new(config, Rng::new(1))
}

#[test]
fn a_clean_link_only_delays() {
    let mut link = link(LinkConfig::default());
    let _ = link.give(Instant::from_micros(5), &[1]);
    let _ = link.give(Instant::from_micros(5), &[2]);
    assert_eq!(link.take(Instant::from_micros(10_004)), None);
    assert_eq!(arrivals(&mut link), [(10_005, vec![1]), (10_005, vec![2])]);
}

#[test]
fn the_rate_spaces_packets_and_a_full_queue_drops_them() {
    let mut link = link(LinkConfig {
        octets_per_second: Some(1_000_000),
        delay: Duration::ZERO,
        queue: 2,
        ..LinkConfig::default()
    });
    for _ in 0..5 {
        let _ = link.give(Instant::ZERO, &[0; 100]);
    }
    let times: Vec<u64> = arrivals(&mut link).iter().map(|(at, _)| *at).collect();
    assert_eq!(times, [100, 200]);
    assert_eq!(link.counters().lost, 3);
}

#[test]
fn a_packet_that_is_held_up_is_overtaken() {
    let mut link = link(LinkConfig {
        reordered: 300_000,
        ..LinkConfig::default()
    });
    for number in 0..50 {
        link.give(
            Instant::from_millis(number),
            &[u8::try_from(number).unwrap()],
        );
    }
    let order: Vec<u8> = arrivals(&mut link)
        .iter()
        .map(|(_, octets)| octets[0])
        .collect();
    let mut sorted = order.clone();
    sorted.sort_unstable();
    assert_ne!(order, sorted);
    assert_eq!(sorted, (0..50).collect::<Vec<u8>>());
}

#[test]
fn accidents_happen_as_often_as_they_should() {
    let mut link = link(LinkConfig {
        loss: Loss::Random(100_000),
        duplicated: 200_000,
        corrupted: 300_000,
        ..LinkConfig::default()
    });
    for _ in 0..10_000 {
        let _ = link.give(Instant::ZERO, &[0; 40]);
    }
    let counters = link.counters();
    assert!((900..1_100).contains(&counters.lost), "{counters:?}");
    assert!(
        (1_650..1_950).contains(&counters.duplicated),
        "{counters:?}"
    );
    assert!((2_500..2_900).contains(&counters.corrupted), "{counters:?}");
}

#[test]
fn bursts_lose_neighbours() {
    let mut link = link(LinkConfig {
        loss: Loss::Bursts {
            begin: 10_000,
            end: 250_000,
        },
        ..LinkConfig::default()
    });
    for number in 0u32..20_000 {
        let _ = link.give(Instant::ZERO, &number.to_be_bytes());
    }
    let survivors = arrivals(&mut link).len();
    let lost = 20_000 - survivors;
    // One burst in a hundred packets that arrive, of four packets on average.
    assert!((600..950).contains(&lost), "{lost}");
}

#[test]
fn the_same_seed_has_the_same_accidents() {
    let config = LinkConfig {
        loss: Loss::Random(200_000),
        corrupted: 200_000,
        reordered: 200_000,
        duplicated: 200_000,
        ..LinkConfig::default()
    };
    let run = |seed| {
        let mut link = Link::new(config, Rng::new(seed));
        for number in 0u64..200 {
            let _ = link.give(Instant::from_millis(number), &number.to_be_bytes());
        }
        arrivals(&mut link)
    };
    assert_eq!(run(9), run(9));
    assert_ne!(run(9), run(10));
}
