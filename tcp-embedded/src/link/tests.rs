use super::arp::ArpCopy;
use super::ipv4::OWED;
use heapless::Vec;

use super::*;

const US: MacAddress = MacAddress([2, 0, 0, 0, 0, 1]);
const PEER: MacAddress = MacAddress([2, 0, 0, 0, 0, 2]);
const OURS: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);
const HOST: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 2);
const GATEWAY: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 254);

fn at(ms: u64) -> Instant {
    Instant::from_millis(ms)
}

fn link(neighbors: &mut [Neighbor]) -> Link<'_> {
    let mut link = Link::new(US, neighbors, [7; 16]);
    link.set_ipv4(Ipv4Cidr::new(OURS, 24), Some(GATEWAY));
    link
}

/// No connection leads anywhere.
fn nobody(_: Hop) -> bool {
    false
}

fn pay(link: &mut Link<'_>, now: Instant, frame: &mut [u8]) -> Option<usize> {
    link.pay(now, frame, &nobody)
}

/// Hands a frame over, and counts as the runner does.
fn receive(link: &mut Link<'_>, now: Instant, frame: &[u8]) -> Result<(), LinkDropped> {
    let outcome = link
        .receive(now, frame)
        .map(|inside| assert_eq!(inside, Inside::Nothing));
    if let Err(reason) = outcome {
        link.count(reason);
    }
    outcome
}

/// A frame with an ARP packet from `PEER`.
fn arp(operation: Operation, to: MacAddress, sender: Ipv4Addr, target: Ipv4Addr) -> Vec<u8, 64> {
    let mut frame = [0xaa; 64];
    let packet = ArpCopy {
        operation,
        sender_mac: PEER,
        sender,
        target_mac: US,
        target,
    };
    frame[HEADER..HEADER + arp::LENGTH].copy_from_slice(&packet.emit());
    let from = &PEER;
    let route = Route { from, to: &to };
    let len = ethernet::finish(&mut frame, route, Carries::Arp, arp::LENGTH).unwrap();
    Vec::from_slice(&frame[..len]).unwrap()
}

fn request(sender: Ipv4Addr) -> Vec<u8, 64> {
    arp(Operation::Request, MacAddress::BROADCAST, sender, OURS)
}

fn reply(sender: Ipv4Addr) -> Vec<u8, 64> {
    arp(Operation::Reply, US, sender, OURS)
}

/// What the link layer sends by itself: the frame's destination and the packet.
fn paid(link: &mut Link<'_>, now: Instant) -> Option<(MacAddress, ArpCopy)> {
    let mut frame = [0xaa; 128];
    let len = pay(link, now, &mut frame)?;
    assert_eq!(len, 60);
    assert_eq!(
        frame[HEADER + arp::LENGTH..60],
        [0; 18],
        "e04: padding is zero"
    );
    let to = MacAddress(*frame.first_chunk().unwrap());
    Some((to, ArpCopy::parse(&frame[HEADER..]).unwrap()))
}

/// Sends a packet of `len` octets, each `0x45`.
fn send(link: &mut Link<'_>, now: Instant, to: Ipv4Addr, len: usize) -> Option<MacAddress> {
    let mut frame = [0x45; 600];
    let packet = Outgoing {
        destination: to.into(),
        len,
    };
    link.send(now, packet, &mut frame, &nobody)
        .map(|_| MacAddress(*frame.first_chunk().unwrap()))
}

#[test]
fn a_request_for_our_address_is_answered_to_who_asked() {
    let mut neighbors = [Neighbor::EMPTY; 2];
    let mut link = link(&mut neighbors);
    assert_eq!(receive(&mut link, at(0), &request(HOST)), Ok(()));
    let (to, packet) = paid(&mut link, at(0)).unwrap();
    assert_eq!((to, packet.operation), (PEER, Operation::Reply));
    assert_eq!((packet.sender_mac, packet.sender), (US, OURS));
    assert_eq!((packet.target_mac, packet.target), (PEER, HOST));
    assert!(paid(&mut link, at(0)).is_none());
}

#[test]
fn a06_a_probe_is_answered() {
    let mut neighbors = [Neighbor::EMPTY; 2];
    let mut link = link(&mut neighbors);
    let probe = request(Ipv4Addr::UNSPECIFIED);
    assert_eq!(receive(&mut link, at(0), &probe), Ok(()));
    let (to, packet) = paid(&mut link, at(0)).unwrap();
    assert_eq!((to, packet.target), (PEER, Ipv4Addr::UNSPECIFIED));
}

#[test]
fn a09_ten_thousand_requests_teach_nothing_and_overflow_is_counted() {
    let mut neighbors = [Neighbor::EMPTY; 2];
    let mut link = link(&mut neighbors);
    for number in 0..10_000u32 {
        let sender = Ipv4Addr::from_bits(OURS.to_bits() + 1 + number % 250);
        let _ = receive(&mut link, at(0), &request(sender));
    }
    let replies = core::iter::from_fn(|| paid(&mut link, at(0))).count();
    assert_eq!(replies, OWED);
    assert_eq!(link.dropped(LinkDropped::QueueFull), 10_000 - OWED as u32);
    assert_eq!(send(&mut link, at(1), HOST, 40), None, "not learnt");
}

#[test]
fn a04_a_sender_that_is_not_who_sent_the_frame_is_dropped() {
    let mut neighbors = [Neighbor::EMPTY; 2];
    let mut link = link(&mut neighbors);
    for sender in [MacAddress::BROADCAST, MacAddress([1, 0, 0x5e, 0, 0, 1]), US] {
        let mut frame = request(HOST);
        frame[HEADER + 8..HEADER + 14].copy_from_slice(&sender.0);
        assert_eq!(
            receive(&mut link, at(0), &frame),
            Err(LinkDropped::ArpSender)
        );
    }
    assert!(paid(&mut link, at(0)).is_none());
}

#[test]
fn a05_a_claim_to_our_address_is_answered_once_in_ten_seconds() {
    let mut neighbors = [Neighbor::EMPTY; 2];
    let mut link = link(&mut neighbors);
    let mut defences = 0;
    for second in [0, 1, 2, 12, 13] {
        let frame = reply(OURS);
        let verdict = receive(&mut link, at(second * 1_000), &frame);
        assert_eq!(verdict, Err(LinkDropped::ArpConflict));
        while let Some((to, packet)) = paid(&mut link, at(second * 1_000)) {
            assert_eq!(to, MacAddress::BROADCAST);
            assert_eq!((packet.sender, packet.target), (OURS, OURS));
            defences += 1;
        }
    }
    assert_eq!(defences, 2);
}

#[test]
fn a07_addresses_that_no_host_has_are_dropped() {
    let mut neighbors = [Neighbor::EMPTY; 2];
    let mut link = link(&mut neighbors);
    for sender in [
        Ipv4Addr::BROADCAST,
        Ipv4Addr::LOCALHOST,
        Ipv4Addr::new(224, 0, 0, 1),
        Ipv4Addr::new(0, 0, 0, 9),
    ] {
        for frame in [request(sender), reply(sender)] {
            assert_eq!(
                receive(&mut link, at(0), &frame),
                Err(LinkDropped::ArpSender)
            );
        }
    }
    let elsewhere = reply(Ipv4Addr::new(192, 0, 2, 1));
    assert_eq!(
        receive(&mut link, at(0), &elsewhere),
        Err(LinkDropped::ArpUnasked)
    );
    assert!(paid(&mut link, at(0)).is_none());
}

#[test]
fn a_small_packet_waits_for_its_neighbour() {
    let mut neighbors = [Neighbor::EMPTY; 2];
    let mut link = link(&mut neighbors);
    assert_eq!(send(&mut link, at(0), HOST, 60), None);
    let (to, packet) = paid(&mut link, at(0)).unwrap();
    assert_eq!((to, packet.target), (MacAddress::BROADCAST, HOST));
    assert_eq!(packet.target_mac, MacAddress::default());
    assert_eq!(receive(&mut link, at(5), &reply(HOST)), Ok(()));
    let mut frame = [0xaa; 160];
    assert_eq!(pay(&mut link, at(5), &mut frame), Some(74));
    assert_eq!(frame[..6], PEER.0);
    assert_eq!(frame[HEADER..74], [0x45; 60]);
    assert_eq!(send(&mut link, at(6), HOST, 500), Some(PEER));
    assert_eq!(link.dropped(LinkDropped::Unresolved), 0);
}

#[test]
fn a_large_packet_does_not_wait() {
    let mut neighbors = [Neighbor::EMPTY; 2];
    let mut link = link(&mut neighbors);
    assert_eq!(send(&mut link, at(0), HOST, 500), None);
    assert_eq!(link.dropped(LinkDropped::Unresolved), 1);
    assert!(paid(&mut link, at(0)).is_some(), "the request leaves");
}

#[test]
fn a12_an_evicted_neighbour_takes_its_packet_along() {
    let mut neighbors = [Neighbor::EMPTY; 1];
    let mut link = link(&mut neighbors);
    assert_eq!(send(&mut link, at(0), HOST, 60), None);
    let other = Ipv4Addr::new(10, 0, 0, 3);
    assert_eq!(send(&mut link, at(500), other, 60), None);
    assert_eq!(link.dropped(LinkDropped::Unresolved), 1, "no room for it");
    assert_eq!(send(&mut link, at(1_000), other, 500), None);
    assert_eq!(link.dropped(LinkDropped::Unresolved), 3, "both packets");
    assert_eq!(link.parked.len, 0);
}

#[test]
fn a_packet_that_waited_too_long_is_not_sent() {
    let mut neighbors = [Neighbor::EMPTY; 2];
    let mut link = link(&mut neighbors);
    assert_eq!(send(&mut link, at(0), HOST, 60), None);
    assert!(paid(&mut link, at(0)).is_some());
    assert_eq!(receive(&mut link, at(3_001), &reply(HOST)), Ok(()));
    assert_eq!(pay(&mut link, at(3_001), &mut [0; 128]), None);
    assert_eq!(link.dropped(LinkDropped::Unresolved), 1);
}

#[test]
fn what_is_not_on_the_link_goes_to_the_gateway() {
    let mut neighbors = [Neighbor::EMPTY; 2];
    let mut link = link(&mut neighbors);
    for far in [
        Ipv4Addr::new(192, 0, 2, 1),
        Ipv4Addr::new(10, 0, 1, 2),
        Ipv4Addr::new(10, 0, 0, 255),
    ] {
        let _ = send(&mut link, at(0), far, 40);
    }
    let (_, packet) = paid(&mut link, at(0)).unwrap();
    assert_eq!(packet.target, GATEWAY);
    assert!(paid(&mut link, at(0)).is_none(), "asked once");
    link.set_ipv4(Ipv4Cidr::new(OURS, 24), None);
    assert_eq!(
        send(&mut link, at(0), Ipv4Addr::new(192, 0, 2, 1), 40),
        None
    );
    assert_eq!(link.dropped(LinkDropped::NoRoute), 1);
}

#[test]
fn prefixes_of_every_length_are_sound() {
    let cidr = |prefix| Ipv4Cidr::new(OURS, prefix).unwrap();
    assert!(cidr(0).is_on_link(Ipv4Addr::new(192, 0, 2, 1)));
    assert!(cidr(31).is_on_link(Ipv4Addr::new(10, 0, 0, 0)));
    assert!(!cidr(31).is_on_link(HOST) && !cidr(32).is_on_link(HOST));
    assert!(!cidr(24).is_on_link(OURS));
    assert_eq!(Ipv4Cidr::new(OURS, 33), None);
    assert_eq!(Ipv4Cidr::new(Ipv4Addr::BROADCAST, 24), None);
}
