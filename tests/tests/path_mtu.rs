//! The size of segments that a path takes: ICMP "too big" (RFC 1191, RFC 8201), and paths that
//! swallow large packets without a word (RFC 4821, RFC 8899).

use tcp_core::{CloseReason, Config, Duration, Info, MtuProbing, Timer, Unreachable};
use tcp_tests::app::Script;
use tcp_tests::link::LinkConfig;
use tcp_tests::peer::{Complaint, Peer, Setup, ack, syn};
use tcp_tests::stream::Stream;
use tcp_tests::world::{World, WorldConfig};

const MIB: u64 = 1 << 20;

/// A path of packets of `longest` octets between hosts whose devices send 1,500.
fn narrow(config: WorldConfig, longest: usize, complains: bool) -> WorldConfig {
    config.link(LinkConfig {
        longest,
        complains,
        ..LinkConfig::default()
    })
}

/// A mebibyte goes each way within `seconds`. How many packets were too long.
fn carry(world: &WorldConfig, config: Config, seconds: u64) -> u64 {
    let mut world = World::new(world);
    let (up, down) = (Stream::new(1), Stream::new(2));
    let script = |sends, expects| Script {
        writes: MIB,
        sends,
        expects,
        ..Script::default()
    };
    world.converse(config, script(up, down), script(down, up));
    world.run_until(Duration::from_millis(seconds * 1_000), |world| {
        world.a.at_work() == 0 && world.b.at_work() == 0 && !world.b.outcomes().is_empty()
    });
    for host in [&world.a, &world.b] {
        let outcome = host.outcomes()[0];
        assert_eq!((outcome.written, outcome.read), (MIB, MIB), "{outcome:?}");
        assert!(outcome.finished);
    }
    world.a_to_b.counters().too_long + world.b_to_a.counters().too_long
}

#[test]
fn a_mebibyte_passes_each_way_where_large_packets_vanish() {
    for longest in [1_492, 1_400, 1_300, 1_201, 576] {
        let world = narrow(WorldConfig::new(1), longest, false);
        let lost = carry(&world, Config::new(), 90);
        assert!(lost > 0, "{longest} is a black hole");
    }
    for longest in [1_492, 1_400, 1_280] {
        let world = narrow(WorldConfig::v6(2), longest, false);
        let lost = carry(&world, Config::new(), 60);
        assert!(lost > 0, "{longest} is a black hole");
    }
}

#[test]
fn a_mebibyte_passes_each_way_where_routers_complain() {
    for probing in [MtuProbing::Off, MtuProbing::OnBlackHole, MtuProbing::Always] {
        let config = Config::new().mtu_probing(probing);
        for longest in [1_492, 1_300, 600] {
            carry(&narrow(WorldConfig::new(3), longest, true), config, 20);
        }
        for longest in [1_492, 1_280] {
            carry(&narrow(WorldConfig::v6(4), longest, true), config, 20);
        }
    }
}

#[test]
fn a_search_from_the_beginning_loses_a_probe_or_two_and_no_time() {
    let config = Config::new().mtu_probing(MtuProbing::Always);
    for longest in [1_500, 1_400, 1_300] {
        let lost = carry(&narrow(WorldConfig::new(5), longest, false), config, 10);
        assert!(lost <= 10, "{lost} packets of more than {longest} octets");
    }
}

#[test]
fn without_a_search_a_black_hole_ends_the_connection() {
    let config = Config::new().mtu_probing(MtuProbing::Off);
    let mut world = World::new(&narrow(WorldConfig::new(6), 1_300, false));
    let script = Script {
        writes: MIB,
        sends: Stream::new(1),
        ..Script::default()
    };
    world.converse(config, script, Script::default());
    world.run_until(Duration::from_millis(2_000_000), |world| {
        world.a.at_work() == 0
    });
    let reason = world.a.outcomes()[0].reason;
    assert_eq!(reason, Some(CloseReason::TimedOut(Timer::Retransmission)));
}

/// A peer that takes segments of 1,460 octets (1,440 in IPv6).
fn passive(setup: Setup, probing: MtuProbing) -> Peer {
    let setup = setup.offer(syn().mss(1_460));
    Peer::passive(setup.config(Config::new().mtu_probing(probing)))
}

#[test]
fn timeouts_of_large_segments_make_them_small() {
    let mut peer = passive(Setup::plain(), MtuProbing::OnBlackHole);
    peer.write(5_000);
    peer.take();
    let lengths = [200, 400, 800, 1_600, 3_200, 6_400].map(|ms| {
        peer.pass(ms + 3);
        let sent = peer.take();
        assert_eq!(sent.len(), 1, "one retransmission for each timeout");
        sent[0].payload.len()
    });
    assert_eq!(lengths, [1_460, 1_460, 1_160, 512, 512, 512]);
    assert_eq!((peer.info().mss, peer.info().path_mtu), (512, 552));
    let mut peer = passive(Setup::plain(), MtuProbing::Off);
    peer.write(5_000);
    peer.pass(14_000);
    assert!(
        peer.take()
            .iter()
            .all(|segment| segment.payload.len() != 1_160)
    );
    assert_eq!((peer.info().mss, peer.info().path_mtu), (1_460, 1_500));
}

#[test]
fn timeouts_of_small_segments_say_nothing_of_the_size() {
    let mut peer = passive(Setup::plain(), MtuProbing::OnBlackHole);
    peer.write(500);
    peer.pass(20_000);
    assert_eq!(peer.info().mss, 1_460);
}

#[test]
fn ipv6_never_falls_below_what_every_link_takes() {
    let mut peer = passive(Setup::plain().v6(), MtuProbing::OnBlackHole);
    peer.write(5_000);
    peer.pass(60_000);
    assert_eq!((peer.info().mss, peer.info().path_mtu), (1_220, 1_280));
}

/// Acknowledges one segment after the other until one is longer than the segment size: a probe.
fn until_probe(peer: &mut Peer) -> (u32, u32) {
    for _ in 0..100 {
        let size = usize::from(peer.info().mss);
        let sent = peer.take();
        if let Some(probe) = sent.iter().find(|segment| segment.payload.len() > size) {
            return (probe.seq, probe.payload.len() as u32);
        }
        let una = peer.rcv - peer.info().in_flight;
        peer.write(2_000);
        peer.send(ack().ack(una + size as u32));
    }
    panic!("no probe");
}

#[test]
fn a_probe_that_arrives_makes_segments_larger() {
    let mut peer = passive(Setup::plain(), MtuProbing::Always);
    assert_eq!((peer.info().mss, peer.info().path_mtu), (1_160, 1_200));
    peer.write(30_000);
    let (seq, len) = until_probe(&mut peer);
    assert_eq!(len, 1_310);
    peer.send(ack().ack(seq));
    assert_eq!(peer.info().mss, 1_160);
    peer.send(ack().ack(seq + len));
    assert_eq!((peer.info().mss, peer.info().path_mtu), (1_310, 1_350));
}

#[test]
fn a_probe_that_is_lost_goes_again_in_small_segments_without_blame() {
    let mut peer = passive(Setup::plain(), MtuProbing::Always);
    peer.write(30_000);
    let (seq, len) = until_probe(&mut peer);
    peer.send(ack().ack(seq));
    peer.take();
    let before: Info = peer.info();
    for _ in 0..3 {
        peer.send(ack().ack(seq));
    }
    let again: Vec<(u32, usize)> = peer
        .take()
        .iter()
        .filter(|segment| segment.seq.wrapping_sub(seq) < len)
        .map(|segment| (segment.seq - seq, segment.payload.len()))
        .collect();
    assert_eq!(again, [(0, 1_160), (1_160, 150)]);
    let after = peer.info();
    assert_eq!((after.cwnd, after.ssthresh), (before.cwnd, before.ssthresh));
    assert_eq!((after.mss, after.timeouts), (1_160, 0));
    let next = peer.rcv;
    peer.send(ack().ack(next));
    let (_, len) = until_probe(&mut peer);
    assert_eq!(len, 1_235, "half of what is left");
}

/// An ICMP message that the packet at `seq` was too big for a link of `mtu` octets.
fn too_big(peer: &mut Peer, seq: u32, mtu: u32) {
    let v6 = peer.ends().0.is_ipv6();
    let what = if v6 {
        Complaint(2, 0, mtu)
    } else {
        Complaint(3, 4, mtu)
    };
    let complaint = peer.complaint(what, seq);
    peer.packet(&complaint);
}

#[test]
fn what_was_too_big_goes_again_at_once_in_smaller_segments() {
    let mut peer = passive(Setup::plain(), MtuProbing::OnBlackHole);
    peer.write(2_920);
    peer.take();
    let before = peer.info();
    too_big(&mut peer, 1, 1_000);
    let lengths: Vec<usize> = peer.take().iter().map(|s| s.payload.len()).collect();
    assert_eq!(lengths, [960, 960, 960, 40]);
    let after = peer.info();
    assert_eq!((after.mss, after.path_mtu), (960, 1_000));
    assert_eq!(after.ssthresh, before.ssthresh, "no congestion");
    // Outside of what is in flight nobody is believed (RFC 5927 section 4.1).
    too_big(&mut peer, 5_000, 600);
    assert_eq!(peer.info().mss, 960);
}

#[test]
fn no_message_makes_a_path_smaller_than_its_family_has() {
    let mut peer = passive(Setup::plain(), MtuProbing::OnBlackHole);
    peer.write(2_000);
    too_big(&mut peer, 1, 68);
    assert_eq!(peer.info().path_mtu, 552);
    let mut peer = passive(Setup::plain().v6(), MtuProbing::OnBlackHole);
    peer.write(2_000);
    too_big(&mut peer, 1, 1_279);
    assert_eq!(peer.info().path_mtu, 1_500);
    too_big(&mut peer, 1, 1_280);
    assert_eq!(peer.info().path_mtu, 1_280);
}

/// Acknowledges whatever comes until nothing more does.
fn acknowledge_all(peer: &mut Peer) {
    while peer.info().unacked > 0 {
        peer.send(ack());
    }
    peer.take();
}

#[test]
fn ten_minutes_later_larger_segments_are_tried_again() {
    let mut peer = passive(Setup::plain(), MtuProbing::Off);
    peer.write(2_000);
    too_big(&mut peer, 1, 1_000);
    acknowledge_all(&mut peer);
    peer.pass(590_000);
    peer.write(2_000);
    assert_eq!(peer.take()[0].payload.len(), 960);
    acknowledge_all(&mut peer);
    peer.pass(20_000);
    peer.write(2_000);
    assert_eq!(peer.take()[0].payload.len(), 1_460);
    // A search asks by a probe instead.
    let mut peer = passive(Setup::plain(), MtuProbing::OnBlackHole);
    peer.write(2_000);
    too_big(&mut peer, 1, 1_000);
    acknowledge_all(&mut peer);
    peer.pass(610_000);
    peer.write(20_000);
    let (_, len) = until_probe(&mut peer);
    assert_eq!(len, 1_210);
}

#[test]
fn a_soft_error_is_known_until_something_is_acknowledged() {
    let mut peer = passive(Setup::plain(), MtuProbing::Off);
    peer.write(100);
    peer.take();
    let complaint = peer.complaint(Complaint(3, 1, 0), 1);
    peer.packet(&complaint);
    assert_eq!(peer.info().soft_error, Some(Unreachable::Host));
    peer.send(ack());
    assert_eq!(peer.info().soft_error, None);
    peer.write(100);
    peer.pass(2_000_000);
    assert_eq!(
        peer.reason(),
        Some(CloseReason::TimedOut(Timer::Retransmission))
    );
    let mut peer = passive(Setup::plain(), MtuProbing::Off);
    peer.write(100);
    let complaint = peer.complaint(Complaint(3, 1, 0), 1);
    peer.packet(&complaint);
    peer.pass(2_000_000);
    let cause = CloseReason::Unreachable(Unreachable::Host);
    assert_eq!(peer.reason(), Some(cause));
}
