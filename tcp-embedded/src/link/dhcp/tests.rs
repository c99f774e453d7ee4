use tcp_core::Received;

use super::super::arp::{ArpCopy, Operation};
use super::super::ethernet::{Carries, HEADER, Route};
use super::super::neighbor::{Hop, Neighbor};
use super::super::{Inside, Link, LinkDropped, ethernet, udp};
use super::message::{LENGTH, Said};
use super::*;

const US: MacAddress = MacAddress([2, 0, 0, 0, 0, 1]);
const SERVER_MAC: MacAddress = MacAddress([2, 0, 0, 0, 0, 9]);
const SERVER: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
const OFFERED: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 77);
const NAMES: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 53);

const OFFER: u8 = 2;
const ACK: u8 = 5;
const NAK: u8 = 6;

/// What the client sent.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Heard {
    at: Instant,
    kind: u8,
    from: Ipv4Addr,
    to: Ipv4Addr,
    xid: [u8; 4],
    broadcast: bool,
    ours: Ipv4Addr,
    requested: Option<Ipv4Addr>,
    server: Option<Ipv4Addr>,
}

/// A client on a link, and a network that the tests play.
struct Bench<'a> {
    link: Link<'a>,
    now: Instant,
    probes: Vec<Ipv4Addr, 64>,
    announced: u32,
    /// Whether the server answers ARP.
    server_is_there: bool,
}

impl<'a> Bench<'a> {
    fn new(neighbors: &'a mut [Neighbor]) -> Self {
        let mut link = Link::new(US, neighbors, [4; 16]);
        link.start_dhcp(Instant::ZERO);
        Self {
            link,
            now: Instant::ZERO,
            probes: Vec::new(),
            announced: 0,
            server_is_there: true,
        }
    }

    /// One with a lease of an hour.
    fn bound(neighbors: &'a mut [Neighbor]) -> Self {
        let mut bench = Self::new(neighbors);
        bench.lease(3_600);
        bench
    }

    /// Gets a lease of so many seconds; the time ends where the address is in use.
    fn lease(&mut self, seconds: u32) {
        let discover = self.next(100_000);
        assert_eq!(discover.kind, 1);
        self.say(&discover, OFFER, OFFERED, &lease_options(seconds));
        let request = self.next(100);
        assert_eq!(request.kind, 3);
        self.say(&request, ACK, OFFERED, &lease_options(seconds));
        assert_eq!(self.state(), DhcpState::Checking);
        assert_eq!(self.wait(7_000), None);
        assert_eq!(self.state(), DhcpState::Bound);
        assert_eq!(self.link.ipv4(), Ipv4Cidr::new(OFFERED, 24));
    }

    fn state(&self) -> DhcpState {
        self.link.dhcp().unwrap().state()
    }

    /// The next message within so many milliseconds.
    fn next(&mut self, ms: u64) -> Heard {
        self.wait(ms).expect("the client says nothing")
    }

    /// Lets time pass until the client says something.
    fn wait(&mut self, ms: u64) -> Option<Heard> {
        let end = self.now + Duration::from_millis(ms);
        loop {
            self.link.advance(self.now);
            if let Some(heard) = self.pay() {
                return Some(heard);
            }
            let next = self.link.deadline().filter(|next| *next <= end);
            let Some(next) = next else {
                self.now = end;
                return None;
            };
            assert!(next > self.now, "a deadline that does not move");
            self.now = next;
        }
    }

    fn pay(&mut self) -> Option<Heard> {
        let mut frame = [0xaa; 600];
        while let Some(len) = self.link.pay(self.now, &mut frame, &|_: Hop| false) {
            let payload = &frame[HEADER..len];
            if frame[12..14] == [0x08, 0x06] {
                let arp = ArpCopy::parse(payload).unwrap();
                if arp.sender.is_unspecified() {
                    self.probes.push(arp.target).unwrap();
                } else if arp.sender == arp.target {
                    self.announced += 1;
                } else if arp.target == SERVER && self.server_is_there {
                    self.arp(Operation::Reply, SERVER, OFFERED).unwrap();
                }
                continue;
            }
            return Some(self.read(payload, &frame));
        }
        None
    }

    fn read(&self, packet: &[u8], frame: &[u8]) -> Heard {
        let address = |at: usize| Ipv4Addr::from(<[u8; 4]>::try_from(&packet[at..at + 4]).unwrap());
        let (from, to) = (address(12), address(16));
        let datagram = Datagram::parse(from.into(), to.into(), &packet[20..]).unwrap();
        assert_eq!((datagram.from.port(), datagram.to_port), (68, 67));
        let data = datagram.data;
        assert_eq!(data.len(), LENGTH);
        let is_broadcast = frame[..6] == MacAddress::BROADCAST.0;
        assert_eq!(is_broadcast, to == Ipv4Addr::BROADCAST);
        assert_eq!(data[..4], [1, 1, 6, 0]);
        assert_eq!(data[28..34], US.0);
        assert_eq!(data[236..240], [99, 130, 83, 99]);
        let option = |wanted: u8| {
            let mut rest = &data[240..];
            while let [kind, len, behind @ ..] = rest
                && *kind != 255
            {
                if *kind == wanted {
                    return Some(&behind[..usize::from(*len)]);
                }
                rest = &behind[usize::from(*len)..];
            }
            None
        };
        let host = |wanted| {
            Some(Ipv4Addr::from(
                <[u8; 4]>::try_from(option(wanted)?).unwrap(),
            ))
        };
        Heard {
            at: self.now,
            kind: option(53).unwrap()[0],
            from,
            to,
            xid: data[4..8].try_into().unwrap(),
            broadcast: data[10] == 0x80,
            ours: Ipv4Addr::from(<[u8; 4]>::try_from(&data[12..16]).unwrap()),
            requested: host(50),
            server: host(54),
        }
    }

    fn say(&mut self, to: &Heard, kind: u8, yours: Ipv4Addr, options: &[u8]) {
        let outcome = self.try_say(&reply(to.xid, kind, yours, options));
        assert_eq!(outcome, None);
    }

    /// Hands a message of the server over; why it was dropped, if it was.
    fn try_say(&mut self, message: &[u8]) -> Option<LinkDropped> {
        let reasons = [LinkDropped::UdpMalformed, LinkDropped::UdpUnasked];
        let counts = reasons.map(|reason| self.link.dropped(reason));
        let mut packet = vec![0; 28 + message.len()];
        packet[28..].copy_from_slice(message);
        let from = SocketAddr::new(SERVER.into(), 67);
        let to = SocketAddr::new(Ipv4Addr::BROADCAST.into(), 68);
        udp::finish(&mut packet, from, to, message.len()).unwrap();
        let received = Received::NotTcp {
            protocol: 17,
            source: SERVER.into(),
            destination: Ipv4Addr::BROADCAST.into(),
            payload: &packet[20..],
        };
        self.link.take(self.now, received);
        let dropped = reasons.into_iter().zip(counts);
        let mut dropped = dropped.filter(|(reason, count)| self.link.dropped(*reason) != *count);
        dropped.next().map(|(reason, _)| reason)
    }

    fn arp(
        &mut self,
        operation: Operation,
        sender: Ipv4Addr,
        target: Ipv4Addr,
    ) -> Result<(), LinkDropped> {
        let mut frame = [0; 64];
        let packet = ArpCopy {
            operation,
            sender_mac: SERVER_MAC,
            sender,
            target_mac: US,
            target,
        };
        frame[HEADER..HEADER + 28].copy_from_slice(&packet.emit());
        let route = Route {
            from: &SERVER_MAC,
            to: &MacAddress::BROADCAST,
        };
        let len = ethernet::finish(&mut frame, route, Carries::Arp, 28).unwrap();
        let inside = self.link.receive(self.now, &frame[..len])?;
        assert_eq!(inside, Inside::Nothing);
        Ok(())
    }
}

fn reply(xid: [u8; 4], kind: u8, yours: Ipv4Addr, options: &[u8]) -> std::vec::Vec<u8> {
    let mut octets = vec![0; 240];
    octets[..4].copy_from_slice(&[2, 1, 6, 0]);
    octets[4..8].copy_from_slice(&xid);
    octets[16..20].copy_from_slice(&yours.octets());
    octets[28..34].copy_from_slice(&US.0);
    octets[236..].copy_from_slice(&[99, 130, 83, 99]);
    octets.extend([53, 1, kind]);
    octets.extend(options);
    octets.push(255);
    octets
}

fn address(kind: u8, address: Ipv4Addr) -> std::vec::Vec<u8> {
    [&[kind, 4][..], &address.octets()].concat()
}

fn lease_options(seconds: u32) -> std::vec::Vec<u8> {
    [
        &address(54, SERVER)[..],
        &address(1, Ipv4Addr::new(255, 255, 255, 0)),
        &address(3, SERVER),
        &address(6, NAMES),
        &[51, 4],
        &seconds.to_be_bytes(),
    ]
    .concat()
}

#[test]
fn a_lease_is_got_checked_and_announced() {
    let mut neighbors = [Neighbor::EMPTY; 4];
    let mut bench = Bench::new(&mut neighbors);
    let discover = bench.next(1_000);
    assert_eq!((discover.kind, discover.broadcast), (1, true));
    assert_eq!(
        (discover.from, discover.to),
        (Ipv4Addr::UNSPECIFIED, Ipv4Addr::BROADCAST)
    );
    assert_eq!((discover.requested, discover.server), (None, None));
    bench.say(&discover, OFFER, OFFERED, &lease_options(3_600));
    let request = bench.next(100);
    assert_eq!((request.kind, request.xid), (3, discover.xid));
    assert_eq!(
        (request.requested, request.server),
        (Some(OFFERED), Some(SERVER))
    );
    assert!(request.ours.is_unspecified());
    bench.say(&request, ACK, OFFERED, &lease_options(3_600));
    assert_eq!(bench.link.ipv4(), None, "not before it was checked");
    assert_eq!(bench.wait(10_000), None);
    assert_eq!(bench.probes, [OFFERED; 3]);
    assert_eq!(bench.announced, 2);
    let lease = bench.link.dhcp().unwrap().lease().unwrap().clone();
    assert_eq!(
        (lease.gateway, &lease.dns[..]),
        (Some(SERVER), &[NAMES][..])
    );
    assert_eq!(lease.until, Some(request.at + Duration::from_secs(3_600)));
    #[cfg(feature = "dns")]
    assert_eq!(bench.link.name_servers(), [IpAddr::V4(NAMES)]);
}

#[test]
fn servers_are_looked_for_with_pauses_that_double_to_a_minute() {
    let mut neighbors = [Neighbor::EMPTY; 4];
    let mut bench = Bench::new(&mut neighbors);
    let mut last = bench.next(1_000);
    for seconds in [4, 8, 16, 32, 64, 64, 64] {
        let again = bench.next(100_000);
        assert_eq!((again.kind, again.xid), (1, last.xid));
        let pause = (again.at - last.at).as_millis() / 1_000;
        assert!(
            (seconds - 1..=seconds + 1).contains(&pause),
            "{pause} for {seconds}"
        );
        last = again;
    }
}

#[test]
fn a_server_that_falls_silent_is_given_up_for_another() {
    let mut neighbors = [Neighbor::EMPTY; 4];
    let mut bench = Bench::new(&mut neighbors);
    let discover = bench.next(1_000);
    bench.say(&discover, OFFER, OFFERED, &lease_options(3_600));
    for _ in 0..4 {
        assert_eq!(bench.next(40_000).kind, 3);
    }
    let anew = bench.next(100_000);
    assert_eq!(anew.kind, 1);
    assert_ne!(anew.xid, discover.xid);
}

#[test]
fn an_address_that_is_taken_is_declined() {
    let mut neighbors = [Neighbor::EMPTY; 4];
    let mut bench = Bench::new(&mut neighbors);
    let discover = bench.next(1_000);
    bench.say(&discover, OFFER, OFFERED, &lease_options(3_600));
    let request = bench.next(100);
    bench.say(&request, ACK, OFFERED, &lease_options(3_600));
    assert_eq!(bench.wait(1_500), None);
    bench
        .arp(Operation::Reply, OFFERED, Ipv4Addr::UNSPECIFIED)
        .unwrap_err();
    let decline = bench.next(100);
    assert_eq!(decline.kind, 4);
    assert_eq!(
        (decline.requested, decline.server),
        (Some(OFFERED), Some(SERVER))
    );
    assert_eq!(bench.link.ipv4(), None);
    let anew = bench.next(12_000);
    assert_eq!(anew.kind, 1);
    assert!(anew.at - decline.at >= Duration::from_secs(10));
}

#[test]
fn a05_an_address_that_is_contested_twice_is_given_up_and_declined() {
    let mut neighbors = [Neighbor::EMPTY; 4];
    let mut bench = Bench::bound(&mut neighbors);
    bench.announced = 0;
    let claim = |bench: &mut Bench<'_>| {
        let outcome = bench.arp(Operation::Reply, OFFERED, OFFERED);
        assert_eq!(outcome, Err(LinkDropped::ArpConflict));
    };
    claim(&mut bench);
    assert_eq!(bench.wait(5_000), None);
    assert_eq!((bench.announced, bench.state()), (1, DhcpState::Bound));
    claim(&mut bench);
    assert_eq!(bench.next(100).kind, 4);
    assert_eq!(bench.link.ipv4(), None);
}

#[test]
fn a_lease_is_renewed_by_its_server_alone() {
    let mut neighbors = [Neighbor::EMPTY; 4];
    let mut bench = Bench::bound(&mut neighbors);
    let began = bench.now;
    let renew = bench.next(1_900_000);
    let waited = (renew.at - began).as_millis() / 1_000;
    assert!((1_790..=1_800).contains(&waited), "{waited}");
    assert_eq!((renew.kind, renew.from, renew.to), (3, OFFERED, SERVER));
    assert_eq!((renew.ours, renew.broadcast), (OFFERED, false));
    assert_eq!((renew.requested, renew.server), (None, None));
    assert_eq!(bench.state(), DhcpState::Renewing);
    bench.say(&renew, ACK, OFFERED, &lease_options(7_200));
    assert_eq!(bench.state(), DhcpState::Bound);
    assert_eq!(bench.link.ipv4(), Ipv4Cidr::new(OFFERED, 24));
    assert_eq!(bench.wait(3_500_000), None, "the longer lease counts");
    assert_eq!(bench.next(200_000).kind, 3);
}

#[test]
fn a_silent_server_leads_to_rebinding_and_at_last_to_the_end() {
    let mut neighbors = [Neighbor::EMPTY; 4];
    let mut bench = Bench::bound(&mut neighbors);
    let until = bench.link.dhcp().unwrap().lease().unwrap().until.unwrap();
    let mut kinds = std::vec::Vec::new();
    let mut last = None;
    loop {
        let heard = bench.next(3_600_000);
        if heard.kind == 1 {
            break;
        }
        assert!(heard.at < until);
        if let Some((at, to)) = last.replace((heard.at, heard.to))
            && to == heard.to
        {
            assert!(heard.at - at >= Duration::from_secs(60));
        }
        kinds.push(heard.to);
    }
    let rebinding = kinds.iter().position(|to| *to == Ipv4Addr::BROADCAST);
    let rebinding = rebinding.expect("any server is asked at last");
    assert!(rebinding >= 3 && kinds.len() - rebinding >= 2, "{kinds:?}");
    assert!(kinds[..rebinding].iter().all(|to| *to == SERVER));
    assert_eq!(bench.link.ipv4(), None, "the lease is over");
    bench.lease(600);
}

#[test]
fn a_server_that_is_not_on_the_link_any_more_does_not_stop_the_clock() {
    let mut neighbors = [Neighbor::EMPTY; 4];
    let mut bench = Bench::bound(&mut neighbors);
    bench.server_is_there = false;
    let heard = bench.next(3_600_000);
    assert_eq!(
        (heard.to, bench.state()),
        (Ipv4Addr::BROADCAST, DhcpState::Rebinding)
    );
}

#[test]
fn a_refusal_takes_the_address_away() {
    for wait in [1_900_000, 3_300_000] {
        let mut neighbors = [Neighbor::EMPTY; 4];
        let mut bench = Bench::bound(&mut neighbors);
        let mut asked = bench.next(3_600_000);
        while (asked.at - Instant::ZERO).as_millis() < wait {
            asked = bench.next(3_600_000);
        }
        bench.say(&asked, NAK, Ipv4Addr::UNSPECIFIED, &address(54, SERVER));
        assert_eq!(bench.link.ipv4(), None);
        assert_eq!(bench.next(3_000).kind, 1);
    }
}

#[test]
fn after_the_cable_was_out_the_lease_is_confirmed() {
    let mut neighbors = [Neighbor::EMPTY; 4];
    let mut bench = Bench::bound(&mut neighbors);
    bench.link.reattach(bench.now);
    let confirm = bench.next(100);
    assert_eq!((confirm.kind, confirm.to), (3, Ipv4Addr::BROADCAST));
    assert_eq!((confirm.requested, confirm.server), (Some(OFFERED), None));
    assert_eq!(
        bench.link.ipv4(),
        Ipv4Cidr::new(OFFERED, 24),
        "in use meanwhile"
    );
    bench.say(&confirm, ACK, OFFERED, &lease_options(600));
    assert_eq!(bench.state(), DhcpState::Bound);
    bench.link.reattach(bench.now);
    for _ in 0..4 {
        assert_eq!(bench.next(100_000).kind, 3);
    }
    assert_eq!(bench.wait(60_000), None);
    assert_eq!(bench.state(), DhcpState::Bound, "nobody says no");
    bench.link.reattach(bench.now);
    let confirm = bench.next(100);
    bench.say(&confirm, NAK, Ipv4Addr::UNSPECIFIED, &address(54, SERVER));
    assert_eq!(
        (bench.state(), bench.link.ipv4()),
        (DhcpState::Searching, None)
    );
}

#[test]
fn an_endless_lease_is_never_asked_for_again() {
    let mut neighbors = [Neighbor::EMPTY; 4];
    let mut bench = Bench::new(&mut neighbors);
    bench.lease(u32::MAX);
    assert_eq!(bench.wait(100_000_000_000), None);
    assert_eq!(bench.state(), DhcpState::Bound);
}

#[test]
fn what_was_not_asked_for_is_not_believed() {
    let mut neighbors = [Neighbor::EMPTY; 4];
    let mut bench = Bench::new(&mut neighbors);
    let forged = reply([9; 4], OFFER, OFFERED, &lease_options(60));
    assert_eq!(
        bench.try_say(&forged),
        Some(LinkDropped::UdpUnasked),
        "before any question"
    );
    let discover = bench.next(1_000);
    assert_eq!(
        bench.try_say(&forged),
        Some(LinkDropped::UdpUnasked),
        "another number"
    );
    let mut other = reply(discover.xid, OFFER, OFFERED, &lease_options(60));
    other[33] ^= 1;
    assert_eq!(
        bench.try_say(&other),
        Some(LinkDropped::UdpUnasked),
        "another client"
    );
    let early = reply(discover.xid, ACK, OFFERED, &lease_options(60));
    assert_eq!(
        bench.try_say(&early),
        Some(LinkDropped::UdpUnasked),
        "before a request"
    );
    bench.say(&discover, OFFER, OFFERED, &lease_options(60));
    let request = bench.next(100);
    let rogue = [&address(54, NAMES)[..], &lease_options(60)].concat();
    let rogue = reply(request.xid, NAK, OFFERED, &rogue);
    assert_eq!(
        bench.try_say(&rogue),
        Some(LinkDropped::UdpUnasked),
        "another server"
    );
    assert_eq!(bench.state(), DhcpState::Requesting);
}

#[test]
fn offers_that_no_host_could_use_are_dropped() {
    let mut neighbors = [Neighbor::EMPTY; 4];
    let mut bench = Bench::new(&mut neighbors);
    let xid = bench.next(1_000).xid;
    let good = lease_options(60);
    let mut offers = std::vec::Vec::new();
    for yours in [
        Ipv4Addr::UNSPECIFIED,
        Ipv4Addr::BROADCAST,
        Ipv4Addr::LOCALHOST,
        Ipv4Addr::new(224, 0, 0, 1),
    ] {
        offers.push(reply(xid, OFFER, yours, &good));
    }
    let mask = [&address(1, Ipv4Addr::new(255, 0, 255, 0))[..], &good].concat();
    offers.push(reply(xid, OFFER, OFFERED, &mask));
    offers.push(reply(xid, OFFER, OFFERED, &lease_options(0)));
    offers.push(reply(xid, OFFER, OFFERED, &good[6..]));
    offers.push(reply(xid, OFFER, OFFERED, &good[..24]));
    for (number, offer) in offers.iter().enumerate() {
        assert_eq!(
            bench.try_say(offer),
            Some(LinkDropped::UdpMalformed),
            "{number}"
        );
        assert_eq!(bench.state(), DhcpState::Searching);
    }
}

#[test]
fn options_may_stand_in_the_fields_for_names_and_end_anywhere() {
    let xid = [1, 2, 3, 4];
    let mut octets = reply(xid, OFFER, OFFERED, &[52, 1, 3]);
    octets[108..115].copy_from_slice(&[51, 4, 0, 0, 1, 0, 255]);
    octets[44..51].copy_from_slice(&[54, 4, 192, 0, 2, 1, 255]);
    let read = Reply::parse(&octets).unwrap();
    assert_eq!((read.lease, read.server), (Some(256), Some(SERVER)));
    assert_eq!(
        read.cidr(),
        Ipv4Cidr::new(OFFERED, 24),
        "the mask of its class"
    );
    let whole = reply(xid, ACK, OFFERED, &lease_options(60));
    for len in 0..whole.len() {
        let _ = Reply::parse(&whole[..len]);
    }
    for kind in 0..=255 {
        for len in 0..=255 {
            let _ = Reply::parse(&reply(xid, ACK, OFFERED, &[kind, len, 7]));
        }
    }
}

#[test]
fn u1_no_octets_are_too_odd() {
    let mut neighbors = [Neighbor::EMPTY; 4];
    let mut bench = Bench::new(&mut neighbors);
    let xid = bench.next(1_000).xid;
    let mut random = Random::new([5; 16]);
    for _ in 0..20_000 {
        let bits = random.next();
        let kind = [OFFER, ACK, NAK][(bits % 3) as usize];
        let mut message = reply(xid, kind, OFFERED, &lease_options(3_600));
        for shift in [8, 24, 40] {
            let at = 236 + (bits >> shift) as usize % (message.len() - 236);
            message[at] = (bits >> 56) as u8;
        }
        message.truncate(message.len() - (bits >> 50) as usize % 20);
        let _ = bench.try_say(&message);
        bench.link.advance(bench.now);
        let _ = bench.pay();
    }
}

#[test]
fn a_message_needs_its_room() {
    let said = Said {
        kind: Kind::Discover,
        xid: 1,
        seconds: 0,
        mac: US,
        ours: None,
        requested: Some(OFFERED),
        server: Some(SERVER),
    };
    assert_eq!(said.write(&mut [0; LENGTH - 1]), None);
    assert_eq!(said.write(&mut [0; LENGTH]), Some(LENGTH));
}
