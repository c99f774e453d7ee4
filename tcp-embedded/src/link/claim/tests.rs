use super::super::arp::{ArpCopy, Operation};
use super::super::ethernet::{self, Carries, HEADER, Route};
use super::super::neighbor::{Hop, Neighbor};
use super::super::{Link, LinkDropped};
use super::*;
use crate::mac::MacAddress;

const US: MacAddress = MacAddress([2, 0, 0, 0, 0, 1]);
const PEER: MacAddress = MacAddress([2, 0, 0, 0, 0, 2]);
const WANTED: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 7);
const OTHER: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 8);

/// A link that claims `WANTED` at time zero.
fn claiming(neighbors: &mut [Neighbor]) -> Link<'_> {
    let mut link = Link::new(US, neighbors, [6; 16]);
    let wanted = (Ipv4Cidr::new(WANTED, 24).unwrap(), Some(OTHER));
    link.claim(Instant::ZERO, wanted, WhenContested::Keep);
    link
}

/// Every ARP packet that leaves until `end`, and when.
fn until(link: &mut Link<'_>, end: Instant) -> Vec<(u64, ArpCopy)> {
    let mut heard = Vec::new();
    let mut now = Instant::ZERO;
    loop {
        link.advance(now);
        let mut frame = [0xaa; 64];
        while link.pay(now, &mut frame, &|_: Hop| false).is_some() {
            assert_eq!(frame[..6], MacAddress::BROADCAST.0);
            heard.push((now.as_millis(), ArpCopy::parse(&frame[HEADER..]).unwrap()));
        }
        match link.deadline().filter(|next| *next <= end) {
            Some(next) => now = next,
            None => return heard,
        }
    }
}

fn arp(operation: Operation, sender: Ipv4Addr, target: Ipv4Addr) -> [u8; 60] {
    let mut frame = [0; 60];
    let packet = ArpCopy {
        operation,
        sender_mac: PEER,
        sender,
        target_mac: US,
        target,
    };
    frame[HEADER..HEADER + 28].copy_from_slice(&packet.emit());
    let route = Route {
        from: &PEER,
        to: &MacAddress::BROADCAST,
    };
    ethernet::finish(&mut frame, route, Carries::Arp, 28).unwrap();
    frame
}

#[test]
fn an_address_is_probed_three_times_announced_twice_and_then_used() {
    let mut neighbors = [Neighbor::EMPTY; 2];
    let mut link = claiming(&mut neighbors);
    let heard = until(&mut link, Instant::from_millis(20_000));
    let times: Vec<_> = heard.iter().map(|(at, _)| *at).collect();
    assert_eq!(times.len(), 5);
    assert!(times[0] <= 1_000);
    assert!((1_000..=2_000).contains(&(times[1] - times[0])));
    assert!((1_000..=2_000).contains(&(times[2] - times[1])));
    assert_eq!([times[3] - times[2], times[4] - times[3]], [2_000, 2_000]);
    for (number, (_, packet)) in heard.iter().enumerate() {
        assert_eq!(
            (packet.operation, packet.target),
            (Operation::Request, WANTED)
        );
        let is_probe = number < 3;
        assert_eq!(packet.sender.is_unspecified(), is_probe, "{number}");
        assert_eq!(packet.target_mac, MacAddress::default());
    }
    assert_eq!(link.claim_state(), Some(ClaimState::Won));
    assert_eq!(link.ipv4(), Ipv4Cidr::new(WANTED, 24));
}

#[test]
fn probes_that_the_device_did_not_take_do_not_win() {
    let mut neighbors = [Neighbor::EMPTY; 2];
    let mut link = claiming(&mut neighbors);
    for millis in (0..60_000).step_by(10) {
        link.advance(Instant::from_millis(millis));
    }
    assert_eq!(link.claim_state(), Some(ClaimState::Probing));
    let mut frame = [0xaa; 64];
    let mut now = Instant::from_millis(60_000);
    let mut probes = Vec::new();
    while link.claim_state() == Some(ClaimState::Probing) {
        while link.pay(now, &mut frame, &|_: Hop| false).is_some() {
            let packet = ArpCopy::parse(&frame[HEADER..]).unwrap();
            assert!(packet.sender.is_unspecified());
            probes.push(now.as_millis());
        }
        now = link.deadline().unwrap();
        link.advance(now);
    }
    assert_eq!(probes.len(), 3);
    assert!(now.as_millis() - probes[2] >= 1_990, "{now:?} {probes:?}");
}

#[test]
fn any_sign_of_another_owner_ends_the_claim() {
    let none = Ipv4Addr::UNSPECIFIED;
    for frame in [
        arp(Operation::Reply, WANTED, none),
        arp(Operation::Request, WANTED, OTHER),
        arp(Operation::Request, none, WANTED),
    ] {
        let mut neighbors = [Neighbor::EMPTY; 2];
        let mut link = claiming(&mut neighbors);
        until(&mut link, Instant::from_millis(2_500));
        let _ = link.receive(Instant::from_millis(2_500), &frame);
        assert_eq!(link.claim_state(), Some(ClaimState::Lost));
        assert_eq!(until(&mut link, Instant::from_millis(20_000)), []);
        assert_eq!(link.ipv4(), None);
    }
}

#[test]
fn talk_of_other_addresses_does_not_end_the_claim() {
    let mut neighbors = [Neighbor::EMPTY; 2];
    let mut link = claiming(&mut neighbors);
    for frame in [
        arp(Operation::Request, OTHER, WANTED),
        arp(Operation::Request, Ipv4Addr::UNSPECIFIED, OTHER),
        arp(Operation::Request, OTHER, OTHER),
    ] {
        let _ = link.receive(Instant::ZERO, &frame);
    }
    assert_eq!(link.claim_state(), Some(ClaimState::Probing));
    // Nobody is answered from an address that is only wanted.
    let heard = until(&mut link, Instant::from_millis(3_000));
    assert!(
        heard
            .iter()
            .all(|(_, packet)| packet.sender.is_unspecified())
    );
}

#[test]
fn a05_an_address_that_was_configured_is_kept_and_defended() {
    let mut neighbors = [Neighbor::EMPTY; 2];
    let mut link = claiming(&mut neighbors);
    until(&mut link, Instant::from_millis(20_000));
    for ms in [21_000, 22_000, 23_000] {
        let now = Instant::from_millis(ms);
        let claim = arp(Operation::Reply, WANTED, OTHER);
        assert_eq!(link.receive(now, &claim), Err(LinkDropped::ArpConflict));
    }
    assert_eq!(link.ipv4(), Ipv4Cidr::new(WANTED, 24));
    assert_eq!(until(&mut link, Instant::from_millis(24_000)).len(), 1);
}
