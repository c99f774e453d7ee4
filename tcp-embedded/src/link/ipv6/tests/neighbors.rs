//! Resolution, answers, duplicate address detection.

use super::*;

#[test]
fn addresses_are_asked_for_before_they_are_used() {
    let mut neighbors = [Neighbor::EMPTY; 4];
    let mut bench = Bench::new(&mut neighbors, &host());
    let said = bench.wait(3_000);
    let asked: Vec<_> = said.iter().filter(|said| said.body[0] == 135).collect();
    assert_eq!(asked.len(), 2);
    for asked in asked {
        assert!(asked.source.is_unspecified());
        assert_eq!(asked.destination, solicited_node(&asked.target()));
        assert_eq!(asked.to, group_mac(&asked.destination));
        assert_eq!(asked.body.len(), 24, "no option without a source address");
        assert!(bench.installed.contains(&asked.target()));
        assert!(bench.groups.contains(&asked.to));
    }
    assert_eq!(bench.groups.len(), 3, "all nodes, and one for each address");
    let states = bench.addresses();
    let used = |own: &(Ipv6Addr, Ipv6AddressState)| own.1 == Ipv6AddressState::Preferred;
    assert!(states.iter().all(used), "{states:?}");
    assert!(states[0].0.is_unicast_link_local());
}

#[test]
fn nobody_answers_from_an_address_that_is_still_asked_for() {
    let mut neighbors = [Neighbor::EMPTY; 4];
    let mut bench = Bench::new(&mut neighbors, &host());
    bench.wait(0);
    bench
        .hear(&to_group(ours()).frame(&solicitation(ours())))
        .unwrap();
    assert_eq!(bench.wait(0), []);
    assert!(bench.installed.is_empty());
}

#[test]
fn n18_an_address_that_someone_else_asks_for_is_defended() {
    let mut neighbors = [Neighbor::EMPTY; 4];
    let mut bench = Bench::ready(&mut neighbors);
    let probe = Build {
        source: Ipv6Addr::UNSPECIFIED,
        ..to_group(ours())
    };
    bench
        .hear(&probe.frame(&neighbor_message(135, 0, ours(), &[])))
        .unwrap();
    let [said] = &bench.wait(0)[..] else {
        panic!("not one answer");
    };
    assert_eq!(
        (said.to, said.destination),
        (group_mac(&ALL_NODES), ALL_NODES)
    );
    assert_eq!(
        (said.body[0], said.body[4]),
        (136, 0x20),
        "override, not solicited"
    );
    assert_eq!(said.target(), ours());
    assert_eq!(said.body[24..32], [&[2, 1][..], &US.0].concat());
}

#[test]
fn a_solicitation_is_answered_to_who_asked() {
    let mut neighbors = [Neighbor::EMPTY; 4];
    let mut bench = Bench::ready(&mut neighbors);
    bench
        .hear(&to_group(ours()).frame(&solicitation(ours())))
        .unwrap();
    let [said] = &bench.wait(0)[..] else {
        panic!("not one answer");
    };
    assert_eq!(
        (said.to, said.source, said.destination),
        (PEER, ours(), peer())
    );
    assert_eq!(
        (said.body[0], said.body[4]),
        (136, 0x60),
        "override, solicited"
    );
    assert_eq!(bench.send(peer()), None, "who asked was not learnt");
}

#[test]
fn someone_who_has_our_tentative_address_keeps_it() {
    for message in [
        to_group(ours()).frame(&advertisement(0x20, ours())),
        Build {
            source: Ipv6Addr::UNSPECIFIED,
            ..to_group(ours())
        }
        .frame(&neighbor_message(135, 0, ours(), &[])),
    ] {
        let mut neighbors = [Neighbor::EMPTY; 4];
        let mut bench = Bench::new(&mut neighbors, &host());
        bench.wait(0);
        assert_eq!(bench.hear(&message), Err(LinkDropped::NdpConflict));
        bench.wait(10_000);
        assert!(!bench.installed.contains(&ours()));
        assert!(
            bench
                .addresses()
                .contains(&(ours(), Ipv6AddressState::Duplicate))
        );
    }
}

#[test]
fn a_made_address_that_someone_has_is_made_anew_three_times() {
    let mut neighbors = [Neighbor::EMPTY; 4];
    let mut bench = Bench::new(&mut neighbors, &host());
    let mut tried = Vec::new();
    for _ in 0..4 {
        bench.wait(0);
        let (address, state) = bench.addresses()[0];
        assert_eq!(state, Ipv6AddressState::Tentative);
        assert!(!tried.contains(&address));
        tried.push(address);
        let claim = to_group(address).frame(&advertisement(0x20, address));
        assert_eq!(bench.hear(&claim), Err(LinkDropped::NdpConflict));
    }
    bench.wait(10_000);
    assert_eq!(
        bench.addresses()[0],
        (tried[3], Ipv6AddressState::Duplicate)
    );
}

#[test]
fn a_made_address_is_the_same_at_every_boot_and_another_with_another_secret() {
    let made = |secret, mac| {
        let mut neighbors = [Neighbor::EMPTY; 1];
        let mut link = Link::new(mac, &mut neighbors, [1; 16]);
        let host = Ipv6Host {
            stable_secret: secret,
            ..host()
        };
        link.start_ipv6(at(0), &host);
        link.ipv6_addresses(at(0)).next().unwrap().address
    };
    assert_eq!(made(SECRET, US), made(SECRET, US));
    assert_ne!(made(SECRET, US), made([0; 16], US));
    assert_ne!(made(SECRET, US), made(SECRET, PEER));
    let low = made(SECRET, US).octets();
    assert_ne!(
        low[8..],
        [0x00, 0, 0, 0xff, 0xfe, 0, 0, 1],
        "not the MAC address"
    );
}

#[test]
fn a_small_packet_waits_for_its_neighbour_here_too() {
    let mut neighbors = [Neighbor::EMPTY; 4];
    let mut bench = Bench::ready(&mut neighbors);
    assert_eq!(bench.send(peer()), None);
    let mut frame = [0; 200];
    let len = bench.link.pay(bench.now, &mut frame, &|_| false).unwrap();
    let mut heard = Heard::blank();
    heard.read(&frame[HEADER..len]).unwrap();
    assert_eq!(
        (heard.kind, v6(heard.target)),
        (NEIGHBOR_SOLICITATION, peer())
    );
    assert_eq!(v6(heard.destination), solicited_node(&peer()));
    assert_eq!(v6(heard.source), ours());
    bench
        .hear(&to_us().frame(&advertisement(0x60, peer())))
        .unwrap();
    assert_eq!(bench.link.pay(bench.now, &mut frame, &|_| false), Some(74));
    assert_eq!(frame[..6], PEER.0);
    assert_eq!(frame[12..74], [&[0x86, 0xdd][..], &[0x66; 60]].concat());
    assert_eq!(bench.send(peer()), Some(PEER));
}

#[test]
fn an_old_neighbour_is_verified_by_asking_him_alone() {
    let mut neighbors = [Neighbor::EMPTY; 4];
    let mut bench = Bench::ready(&mut neighbors);
    bench.send(peer());
    bench.settle();
    bench
        .hear(&to_us().frame(&advertisement(0x60, peer())))
        .unwrap();
    bench.wait(61_000);
    for round in 0..3 {
        assert_eq!(bench.send(peer()), Some(PEER));
        let said = bench.settle();
        assert_eq!((said.len(), said[0].to), (1, PEER), "round {round}");
        assert_eq!(said[0].destination, peer());
        bench.wait(1_000);
    }
    assert_eq!(bench.send(peer()), None, "the search begins anew");
    assert_eq!(bench.settle()[0].destination, solicited_node(&peer()));
    // An answer without the address means the one that is known, which is nobody's any more.
    let bare = to_us().frame(&neighbor_message(136, 0x40, peer(), &[]));
    assert_eq!(bench.hear(&bare), Err(LinkDropped::NdpMalformed));
}

#[test]
fn an_answer_that_may_not_replace_does_not() {
    let mut neighbors = [Neighbor::EMPTY; 4];
    let mut bench = Bench::ready(&mut neighbors);
    bench.send(peer());
    bench
        .hear(&to_us().frame(&advertisement(0x60, peer())))
        .unwrap();
    bench.wait(61_000);
    assert_eq!(bench.send(peer()), Some(PEER));
    let other = option(2, MacAddress([2, 9, 9, 9, 9, 9]));
    let claim = to_us().frame(&neighbor_message(136, 0x40, peer(), &other));
    assert_eq!(bench.hear(&claim), Err(LinkDropped::NdpUnasked));
    assert_eq!(bench.send(peer()), Some(PEER));
    // A bare answer to a question that was asked of him alone confirms him.
    let bare = to_us().frame(&neighbor_message(136, 0x40, peer(), &[]));
    assert_eq!(bench.hear(&bare), Ok(()));
}
