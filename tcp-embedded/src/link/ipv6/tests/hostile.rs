//! What a hostile neighbour says.

use super::*;

/// Every message to a link that is in use, and how it is dropped; nothing is said in reply.
fn dropped(frames: &[Vec<u8>], reason: LinkDropped) {
    let mut neighbors = [Neighbor::EMPTY; 4];
    let mut bench = Bench::ready(&mut neighbors);
    bench.send(peer());
    bench.settle();
    let before = bench.addresses();
    for (number, frame) in frames.iter().enumerate() {
        assert_eq!(bench.hear(frame), Err(reason), "frame {number}");
        assert_eq!(bench.settle(), [], "frame {number}");
        assert_eq!(bench.addresses(), before, "frame {number}");
        assert_eq!(
            bench.link.neighbors.known(&packed(peer())),
            None,
            "frame {number}"
        );
    }
}

/// The messages that are acted on, sound.
fn sound() -> [(Build, Vec<u8>); 3] {
    let announced = Build {
        to: group_mac(&ALL_NODES),
        source: router(),
        destination: ALL_NODES,
        hop_limit: 255,
    };
    [
        (to_group(ours()), solicitation(ours())),
        (to_us(), advertisement(0x60, peer())),
        (announced, router_message(1_800, &option(1, PEER))),
    ]
}

#[test]
fn the_sound_messages_are_taken() {
    for (build, body) in sound() {
        let mut neighbors = [Neighbor::EMPTY; 4];
        let mut bench = Bench::ready(&mut neighbors);
        bench.send(peer());
        assert_eq!(bench.hear(&build.frame(&body)), Ok(()));
    }
}

#[test]
fn n01_n02_options_without_length_or_end_discard_the_message() {
    let mut frames = Vec::new();
    for (build, body) in sound() {
        for tail in [
            &[0, 0][..],
            &[1, 0, 1, 2, 3, 4, 5, 6],
            &[200, 0, 0, 0, 0, 0, 0, 0],
            &[1, 2, 1, 2, 3, 4, 5, 6],
            &[200, 255],
            &[1],
        ] {
            frames.push(build.frame(&[&body[..], tail].concat()));
        }
    }
    dropped(&frames, LinkDropped::NdpMalformed);
}

#[test]
fn n03_hop_limit_code_checksum_and_length_are_checked() {
    let mut frames = Vec::new();
    for (build, body) in sound() {
        for hop_limit in [0, 1, 64, 254] {
            let forwarded = Build { hop_limit, ..build };
            frames.push(forwarded.frame(&body));
        }
        let mut code = body.clone();
        code[1] = 1;
        frames.push(build.frame(&code));
        let mut checksum = build.frame(&body);
        checksum[HEADER + 42] ^= 1;
        frames.push(checksum);
        let least = if body[0] == 134 { 16 } else { 24 };
        for len in 4..least {
            frames.push(build.frame(&body[..len]));
        }
    }
    dropped(&frames, LinkDropped::NdpMalformed);
}

#[test]
fn n04_solicitations_from_nobody_or_for_a_group_are_checked() {
    let nobody = || Build {
        source: Ipv6Addr::UNSPECIFIED,
        ..to_group(ours())
    };
    let frames = [
        nobody().frame(&solicitation(ours())),
        Build {
            to: US,
            destination: ours(),
            ..nobody()
        }
        .frame(&neighbor_message(135, 0, ours(), &[])),
        Build {
            to: group_mac(&ALL_NODES),
            destination: ALL_NODES,
            ..nobody()
        }
        .frame(&neighbor_message(135, 0, ours(), &[])),
        to_group(ours()).frame(&solicitation(ALL_NODES)),
        nobody().frame(&advertisement(0x20, peer())),
    ];
    dropped(&frames, LinkDropped::NdpMalformed);
}

#[test]
fn n05_a_solicited_advertisement_to_a_group_is_dropped() {
    let everyone = Build {
        to: group_mac(&ALL_NODES),
        destination: ALL_NODES,
        ..to_us()
    };
    let frames = [
        everyone.frame(&advertisement(0x60, peer())),
        to_us().frame(&advertisement(0x60, ALL_NODES)),
    ];
    dropped(&frames, LinkDropped::NdpMalformed);
}

#[test]
fn n06_hardware_addresses_of_another_length_are_ignored() {
    let long = [&[2, 2][..], &[9; 14]].concat();
    let frame = to_us().frame(&neighbor_message(136, 0x60, peer(), &long));
    dropped(&[frame], LinkDropped::NdpMalformed);
    let mut neighbors = [Neighbor::EMPTY; 4];
    let mut bench = Bench::ready(&mut neighbors);
    let long = [&[1, 2][..], &[9; 14]].concat();
    let asked = to_group(ours()).frame(&neighbor_message(135, 0, ours(), &long));
    assert_eq!(bench.hear(&asked), Ok(()));
    assert_eq!(
        bench.settle().len(),
        1,
        "who asked is in the frame's header"
    );
    let group = option(2, MacAddress([0x33, 0x33, 0, 0, 0, 1]));
    bench.send(peer());
    let frame = to_us().frame(&neighbor_message(136, 0x60, peer(), &group));
    assert_eq!(bench.hear(&frame), Err(LinkDropped::NdpMalformed));
}

#[test]
fn n07_only_a_link_local_router_is_one() {
    let announced = |source| Build {
        to: group_mac(&ALL_NODES),
        source,
        destination: ALL_NODES,
        hop_limit: 255,
    };
    let body = router_message(1_800, &option(1, PEER));
    let sources = [peer(), Ipv6Addr::UNSPECIFIED, ip("::1"), ip("ff02::1")];
    let frames = sources.map(|source| announced(source).frame(&body));
    dropped(&frames, LinkDropped::NdpMalformed);
    let mut neighbors = [Neighbor::EMPTY; 4];
    let mut bench = Bench::ready(&mut neighbors);
    assert_eq!(
        bench.hear(&from_router(1_800, &[])),
        Ok(()),
        "no options are fine"
    );
}

#[test]
fn n08_prefix_lengths_beyond_an_address_are_ignored() {
    let mut neighbors = [Neighbor::EMPTY; 4];
    let mut bench = Bench::ready(&mut neighbors);
    for len in [129, 200, 255] {
        let both = ON_LINK | AUTONOMOUS;
        let option = prefix("2001:db8:7::", len, both, [200, 100]);
        bench.hear(&from_router(1_800, &option)).unwrap();
    }
    bench.wait(3_000);
    assert_eq!(bench.addresses().len(), 2);
    bench.send(ip("2001:db8:7::9"));
    assert_eq!(bench.settle()[0].target(), router(), "not on the link");
}

#[test]
fn n12_hop_limit_and_mtu_are_not_taken_over() {
    let mut neighbors = [Neighbor::EMPTY; 4];
    let mut bench = Bench::ready(&mut neighbors);
    for mtu in [0u32, 1_279, 1_280, 65_536] {
        let option = [&[5, 1, 0, 0][..], &mtu.to_be_bytes()].concat();
        assert_eq!(bench.hear(&from_router(1_800, &option)), Ok(()));
    }
    // What this side says keeps its hop limit: `settle` looks at each.
    bench.send(peer());
    assert_eq!(bench.settle().len(), 1);
}

#[test]
fn n13_messages_in_fragments_are_not_read() {
    let mut neighbors = [Neighbor::EMPTY; 4];
    let mut bench = Bench::ready(&mut neighbors);
    bench.send(peer());
    bench.settle();
    for (build, body) in sound() {
        let whole = build.frame(&body);
        let mut frame = whole[..HEADER + 40].to_vec();
        let length = u16::try_from(body.len() + 8).unwrap();
        frame[HEADER + 4..HEADER + 6].copy_from_slice(&length.to_be_bytes());
        frame[HEADER + 6] = 44;
        frame.extend([PROTOCOL_ICMPV6, 0, 0, 0, 0, 0, 0, 7]);
        frame.extend(&whole[HEADER + 40..]);
        // The stack may have it: it does nothing with what is no echo and no error.
        let inside = bench.link.receive(bench.now, &frame).unwrap();
        assert!(matches!(inside, Inside::Packet(..)));
        assert_eq!(bench.settle(), []);
        assert_eq!(bench.link.neighbors.known(&packed(peer())), None);
    }
}

#[test]
fn n14_solicitations_for_others_teach_nothing() {
    let mut neighbors = [Neighbor::EMPTY; 4];
    let mut bench = Bench::ready(&mut neighbors);
    for number in 0..1_000u16 {
        let source = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 7, number);
        let build = Build {
            source,
            ..to_group(ours())
        };
        // For us, and for another with the same group.
        let other = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, number, 1);
        let _ = bench.hear(&build.frame(&solicitation(other)));
        bench.settle();
        assert_eq!(bench.link.neighbors.known(&packed(source)), None);
    }
    assert_eq!(bench.send(peer()), None);
    assert_eq!(bench.settle()[0].target(), peer(), "there is room");
}

#[test]
fn n15_neighbours_that_do_not_exist_do_not_displace_those_that_do() {
    let mut neighbors = [Neighbor::EMPTY; 4];
    let mut bench = Bench::ready(&mut neighbors);
    bench.send(peer());
    bench.settle();
    bench
        .hear(&to_us().frame(&advertisement(0x60, peer())))
        .unwrap();
    let mut asked = 0;
    for number in 0..10_000u16 {
        bench.now += Duration::from_millis(1);
        bench.send(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 9, number));
        asked += bench.settle().len();
        if number % 100 == 0 {
            assert_eq!(bench.send(peer()), Some(PEER), "{number}");
        }
    }
    assert!(
        asked <= 33,
        "{asked} requests from three places in ten seconds"
    );
}

#[test]
fn n16_an_option_of_unexpected_length_does_not_shift_the_next() {
    let mut neighbors = [Neighbor::EMPTY; 4];
    let mut bench = Bench::ready(&mut neighbors);
    let servers = [&[25, 4, 0, 0, 0, 0, 1, 0][..], &[0xaa; 24]].concat();
    let both = ON_LINK | AUTONOMOUS;
    let option = [servers, prefix("2001:db8:7::", 64, both, [200, 100])].concat();
    bench.hear(&from_router(1_800, &option)).unwrap();
    bench.wait(3_000);
    assert!(bench.made_in("2001:db8:7::").is_some());
}

#[test]
fn n17_redirects_are_not_followed() {
    let redirect = |options: &[u8]| {
        let head = [137, 0, 0, 0, 0, 0, 0, 0];
        [
            &head[..],
            &peer().octets(),
            &ip("2001:db8:9::1").octets(),
            options,
        ]
        .concat()
    };
    let from = |source| Build { source, ..to_us() };
    let frames = [
        from(router()).frame(&redirect(&option(1, PEER))),
        from(router()).frame(&redirect(&option(2, PEER))),
        from(peer()).frame(&redirect(&option(2, PEER))),
    ];
    dropped(&frames, LinkDropped::NdpUnasked);
}

#[test]
fn n19_an_advertisement_that_was_not_asked_for_is_not_believed() {
    let mut neighbors = [Neighbor::EMPTY; 4];
    let mut bench = Bench::ready(&mut neighbors);
    for flags in [0x20, 0x60, 0x40, 0] {
        let frame = to_us().frame(&advertisement(flags, peer()));
        assert_eq!(bench.hear(&frame), Err(LinkDropped::NdpUnasked));
    }
    assert_eq!(bench.link.neighbors.known(&packed(peer())), None);
    // It was asked for, but nobody says that this is the answer.
    bench.send(peer());
    let frame = to_us().frame(&advertisement(0x20, peer()));
    assert_eq!(bench.hear(&frame), Err(LinkDropped::NdpUnasked));
    assert_eq!(bench.link.neighbors.known(&packed(peer())), None);
}

#[test]
fn u3_messages_for_others_and_from_us_are_not_answered() {
    let theirs = Build {
        destination: ip("2001:db8::77"),
        ..to_us()
    };
    dropped(
        &[theirs.frame(&solicitation(ours()))],
        LinkDropped::NotForUs,
    );
    let forged = Build {
        source: ours(),
        ..to_group(ours())
    };
    dropped(
        &[forged.frame(&solicitation(ours()))],
        LinkDropped::NdpConflict,
    );
}

#[test]
fn u1_no_octets_are_too_odd() {
    let mut neighbors = [Neighbor::EMPTY; 4];
    let mut bench = Bench::ready(&mut neighbors);
    let mut random = Random::new([3; 16]);
    for _ in 0..20_000 {
        let [(build, body), ..] = sound();
        let mut frame = build.frame(&body);
        let bits = random.next();
        frame[HEADER + 40] = 133 + (bits % 5) as u8;
        for shift in [8, 24, 40] {
            let at = (bits >> shift) as usize % frame.len();
            frame[at] = (bits >> 56) as u8;
        }
        frame.truncate(60 + (bits >> 50) as usize % 30);
        let _ = bench.link.receive(bench.now, &frame);
        assert!(bench.settle().len() <= 1);
    }
}
