//! Groups, reported to those who look.

use super::*;

fn query(source: Ipv6Addr, hop_limit: u8, within_ms: u16) -> Vec<u8> {
    let mut body = vec![130, 0, 0, 0];
    body.extend(within_ms.to_be_bytes());
    body.extend([0; 18 + 4]);
    let length = u16::try_from(body.len()).unwrap();
    let ip = IpEmit {
        source: address(source),
        destination: address(ALL_NODES),
        hop_limit,
        traffic_class: 0,
    };
    let mut sum = pseudo_header(ip.source, ip.destination, PROTOCOL_ICMPV6, length);
    sum.add(&body);
    body[2..4].copy_from_slice(&sum.complement());
    let options = [PROTOCOL_ICMPV6, 0, 5, 2, 0, 0, 1, 0];
    let mut packet = vec![0; 40];
    packet.extend(options);
    packet.extend(&body);
    emit_ip_header(&mut packet, &ip, 0, length + 8).unwrap();
    let to = group_mac(&ALL_NODES);
    [&to.0[..], &PEER.0, &[0x86, 0xdd], &packet].concat()
}

/// Source, kind of record and groups of a report.
fn read(report: &[u8]) -> (Ipv6Addr, u8, Vec<Ipv6Addr>) {
    let place = |octets: &[u8]| Ipv6Addr::from(<[u8; 16]>::try_from(octets).unwrap());
    assert_eq!((report[6], report[7]), (0, 1), "options, and one hop");
    assert_eq!(place(&report[24..40]), ip("ff02::16"));
    assert_eq!(report[40..48], [58, 0, 5, 2, 0, 0, 1, 0]);
    let body = &report[48..];
    let length = u16::try_from(body.len()).unwrap();
    let source = place(&report[8..24]);
    let (from, to) = (address(source), address(ip("ff02::16")));
    let mut sum = pseudo_header(from, to, PROTOCOL_ICMPV6, length);
    sum.add(body);
    assert!(sum.is_right());
    assert_eq!(
        (body[0], usize::from(body[7])),
        (143, (body.len() - 8) / 20)
    );
    let groups = body[8..].chunks(20).map(|record| place(&record[4..]));
    (source, body[8], groups.collect())
}

#[test]
fn a_group_that_is_joined_is_reported_three_times_and_at_last_with_an_address() {
    let mut neighbors = [Neighbor::EMPTY; 4];
    let mut bench = Bench::ready(&mut neighbors);
    let reports: Vec<_> = bench.reports.iter().map(|report| read(report)).collect();
    assert_eq!(reports.len(), 3);
    assert!(reports[0].0.is_unspecified());
    assert!(reports[2].0.is_unicast_link_local());
    for (_, kind, groups) in &reports {
        assert_eq!(*kind, 4);
        assert_eq!(groups.len(), 2);
        assert!(groups.contains(&solicited_node(&ours())));
    }
    bench.reports.clear();
    bench.wait(1_000_000);
    assert!(bench.reports.is_empty());
}

#[test]
fn who_asks_for_groups_is_told_within_the_time() {
    let mut neighbors = [Neighbor::EMPTY; 4];
    let mut bench = Bench::ready(&mut neighbors);
    bench.reports.clear();
    // However often they ask.
    for _ in 0..100 {
        assert_eq!(bench.hear(&query(router(), 1, 1_000)), Ok(()));
    }
    assert!(bench.reports.is_empty(), "not at once");
    bench.wait(1_100);
    assert_eq!(bench.reports.len(), 1);
    let (source, kind, groups) = read(&bench.reports[0]);
    assert!(source.is_unicast_link_local());
    assert_eq!((kind, groups.len()), (2, 2));
}

#[test]
fn a_query_that_came_from_afar_is_not_answered() {
    let mut neighbors = [Neighbor::EMPTY; 4];
    let mut bench = Bench::ready(&mut neighbors);
    bench.reports.clear();
    let mut without_alert = query(router(), 1, 1_000);
    without_alert[HEADER + 42] = 1;
    let mut short = query(router(), 1, 1_000);
    short.truncate(HEADER + 48 + 23);
    for frame in [
        query(router(), 2, 1_000),
        query(peer(), 1, 1_000),
        without_alert,
        short,
    ] {
        let inside = bench.link.receive(bench.now, &frame).unwrap();
        assert!(matches!(inside, Inside::Packet(..)));
    }
    bench.wait(20_000);
    assert!(bench.reports.is_empty());
}
