//! Routers, prefixes, addresses made from them.

use super::*;

#[test]
fn routers_are_solicited_with_growing_pauses_until_one_speaks() {
    let mut neighbors = [Neighbor::EMPTY; 4];
    let mut bench = Bench::new(&mut neighbors, &host());
    let said = bench.wait(60_000);
    let asked: Vec<_> = said.iter().filter(|said| said.body[0] == 133).collect();
    assert!((4..=5).contains(&asked.len()), "{}", asked.len());
    assert!(asked[0].source.is_unicast_link_local());
    assert_eq!(asked[0].destination, ip("ff02::2"));
    assert_eq!(asked[0].body[8..], option(1, US));
    bench.hear(&from_router(1_800, &[])).unwrap();
    assert_eq!(bench.wait(1_000_000), []);
}

#[test]
fn a_prefix_becomes_an_address_and_a_way_out() {
    let mut neighbors = [Neighbor::EMPTY; 4];
    let mut bench = Bench::ready(&mut neighbors);
    assert_eq!(bench.send(ip("2001:db8:7::9")), None);
    assert_eq!(bench.settle(), [], "there is no way to it");
    let option = prefix("2001:db8:7::", 64, ON_LINK | AUTONOMOUS, [86_400, 3_600]);
    bench.hear(&from_router(1_800, &option)).unwrap();
    bench.wait(2_500);
    let (address, state) = bench.made_in("2001:db8:7::").unwrap();
    assert_eq!(state, Ipv6AddressState::Preferred);
    assert!(bench.installed.contains(&address));
    bench.send(ip("2001:db8:7::9"));
    let said = bench.settle();
    assert_eq!(
        (said[0].target(), said[0].source),
        (ip("2001:db8:7::9"), address)
    );
    bench.send(ip("2001:db8:8::9"));
    assert_eq!(bench.settle()[0].target(), router());
    bench.wait(3_600_000);
    let deprecated = Some((address, Ipv6AddressState::Deprecated));
    assert_eq!(bench.made_in("2001:db8:7::"), deprecated);
    bench.wait(86_400_000);
    assert_eq!(bench.made_in("2001:db8:7::"), None);
    assert!(!bench.installed.contains(&address));
    bench.send(ip("2001:db8:8::9"));
    assert_eq!(bench.settle(), [], "the router is gone as well");
}

#[test]
fn a_silent_router_gives_way_to_another() {
    let mut neighbors = [Neighbor::EMPTY; 4];
    let mut bench = Bench::ready(&mut neighbors);
    let second = ip("fe80::eeee");
    bench.hear(&from_router(1_800, &[])).unwrap();
    let other = Build {
        to: group_mac(&ALL_NODES),
        source: second,
        destination: ALL_NODES,
        hop_limit: 255,
    };
    bench
        .hear(&other.frame(&router_message(1_800, &[])))
        .unwrap();
    let far = ip("2001:db8:9::1");
    for _ in 0..3 {
        bench.send(far);
        assert_eq!(bench.settle()[0].target(), router());
        bench.wait(1_000);
    }
    bench.send(far);
    assert_eq!(bench.settle()[0].target(), second);
    // The first one speaks again.
    bench.hear(&from_router(1_800, &[])).unwrap();
    bench.wait(1_000);
    bench.send(far);
    assert_eq!(bench.settle()[0].target(), router());
}

#[test]
fn n10_a_short_lifetime_does_not_take_an_address_away_at_once() {
    let mut neighbors = [Neighbor::EMPTY; 4];
    let mut bench = Bench::ready(&mut neighbors);
    let offer = |lifetime| {
        let both = ON_LINK | AUTONOMOUS;
        from_router(1_800, &prefix("2001:db8:7::", 64, both, [lifetime, 0]))
    };
    bench.hear(&offer(86_400)).unwrap();
    bench.wait(2_500);
    let (address, _) = bench.made_in("2001:db8:7::").unwrap();
    bench.hear(&offer(0)).unwrap();
    bench.wait(7_190_000);
    assert!(bench.installed.contains(&address), "two hours remain");
    bench.hear(&offer(0)).unwrap();
    bench.wait(20_000);
    assert!(!bench.installed.contains(&address), "and no more");
    bench.hear(&offer(u32::MAX)).unwrap();
    bench.wait(2_500);
    assert!(bench.installed.contains(&address), "the same address again");
    bench.wait(100_000_000);
    assert!(bench.installed.contains(&address), "for ever");
}

#[test]
fn n11_prefixes_that_make_no_sense_make_no_address() {
    let mut neighbors = [Neighbor::EMPTY; 4];
    let mut bench = Bench::ready(&mut neighbors);
    let both = ON_LINK | AUTONOMOUS;
    for option in [
        prefix("2001:db8:7::", 64, both, [100, 200]),
        prefix("fe80::", 64, both, [200, 100]),
        prefix("ff02::", 64, both, [200, 100]),
        prefix("2001:db8:7::", 48, AUTONOMOUS, [200, 100]),
        prefix("2001:db8:7::", 64, AUTONOMOUS, [0, 0]),
    ] {
        bench.hear(&from_router(1_800, &option)).unwrap();
    }
    bench.wait(3_000);
    assert_eq!(bench.addresses().len(), 2);
}

#[test]
fn n11_a_prefix_for_addresses_is_not_a_prefix_on_the_link() {
    let mut neighbors = [Neighbor::EMPTY; 4];
    let mut bench = Bench::ready(&mut neighbors);
    let option = prefix("2001:db8:7::", 64, AUTONOMOUS, [200, 100]);
    bench.hear(&from_router(1_800, &option)).unwrap();
    bench.wait(3_000);
    assert!(bench.made_in("2001:db8:7::").is_some());
    bench.send(ip("2001:db8:7::9"));
    assert_eq!(bench.settle()[0].target(), router());
}

#[test]
fn n09_a_flood_of_routers_and_prefixes_leaves_what_is_there() {
    let mut neighbors = [Neighbor::EMPTY; 4];
    let mut bench = Bench::ready(&mut neighbors);
    let both = ON_LINK | AUTONOMOUS;
    let honest = prefix("2001:db8:7::", 64, both, [86_400, 3_600]);
    bench.hear(&from_router(1_800, &honest)).unwrap();
    bench.wait(2_500);
    let (address, _) = bench.made_in("2001:db8:7::").unwrap();
    for number in 0..1_000u16 {
        let flood = Build {
            to: group_mac(&ALL_NODES),
            source: Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 1, number),
            destination: ALL_NODES,
            hop_limit: 255,
        };
        let option = prefix(&format!("2001:db9:{number:x}::"), 64, both, [9_999, 9_999]);
        bench
            .hear(&flood.frame(&router_message(1_800, &option)))
            .unwrap();
    }
    bench.wait(3_000);
    assert!(bench.installed.contains(&address) && bench.installed.len() <= 5);
    bench.send(ip("2001:db8:ffff::1"));
    assert_eq!(bench.settle()[0].target(), router());
    bench.send(ip("2001:db8:7::9"));
    assert_eq!(bench.settle()[0].target(), ip("2001:db8:7::9"));
}

#[test]
fn without_autoconfiguration_routers_are_not_listened_to() {
    let mut neighbors = [Neighbor::EMPTY; 4];
    let fixed = Ipv6Host {
        gateway: Some(router()),
        autoconfiguration: Autoconfiguration::Off,
        ..host()
    };
    let mut bench = Bench::new(&mut neighbors, &fixed);
    let said = bench.wait(20_000);
    assert!(
        said.iter().all(|said| said.body[0] == 135),
        "nobody is looked for"
    );
    let option = prefix("2001:db8:7::", 64, ON_LINK | AUTONOMOUS, [200, 100]);
    bench.hear(&from_router(0, &option)).unwrap();
    bench.wait(3_000);
    assert_eq!(bench.addresses().len(), 2);
    bench.send(ip("2001:db8:7::9"));
    assert_eq!(
        bench.settle()[0].target(),
        router(),
        "what is configured stays"
    );
}

#[test]
fn after_the_cable_was_out_routers_are_looked_for_again() {
    let mut neighbors = [Neighbor::EMPTY; 4];
    let mut bench = Bench::ready(&mut neighbors);
    bench.hear(&from_router(1_800, &[])).unwrap();
    assert_eq!(bench.wait(100_000), []);
    bench.link.reattach(bench.now);
    let said = bench.wait(3_000);
    assert_eq!((said.len(), said[0].body[0]), (1, 133));
}

#[test]
fn u10_the_same_secret_and_script_give_the_same_octets() {
    let run = || {
        let mut neighbors = [Neighbor::EMPTY; 4];
        let mut bench = Bench::new(&mut neighbors, &host());
        let mut said = bench.wait(10_000);
        let option = prefix("2001:db8:7::", 64, ON_LINK | AUTONOMOUS, [7_200, 3_600]);
        bench.hear(&from_router(1_800, &option)).unwrap();
        said.extend(bench.wait(10_000));
        (said, bench.reports.clone(), bench.addresses())
    };
    assert_eq!(run(), run());
}

#[cfg(feature = "dns")]
#[test]
fn routers_tell_of_name_servers_for_a_while() {
    let mut neighbors = [Neighbor::EMPTY; 4];
    let mut bench = Bench::ready(&mut neighbors);
    let told = |lifetime: u32| {
        let head = [25, 5, 0, 0];
        let servers = [ip("2001:db8::53").octets(), ip("ff02::1").octets()].concat();
        from_router(
            1_800,
            &[&head[..], &lifetime.to_be_bytes(), &servers].concat(),
        )
    };
    bench.hear(&told(600)).unwrap();
    let server = IpAddr::V6(ip("2001:db8::53"));
    assert_eq!(bench.link.name_servers(), [server], "and no group");
    bench.wait(601_000);
    assert!(bench.link.name_servers().is_empty());
    bench.hear(&told(600)).unwrap();
    bench.hear(&told(0)).unwrap();
    assert!(bench.link.name_servers().is_empty());
}
