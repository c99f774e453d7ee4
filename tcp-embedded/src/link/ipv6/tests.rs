use core::net::IpAddr;

use tcp_core::wire::{Address, IpEmit, PROTOCOL_ICMPV6, emit_ip_header, pseudo_header};

use super::super::neighbor::Neighbor;
use super::super::{LinkDropped, Outgoing};
use super::*;

const US: MacAddress = MacAddress([2, 0, 0, 0, 0, 1]);
const PEER: MacAddress = MacAddress([2, 0, 0, 0, 0, 2]);
const SECRET: [u8; 16] = *b"the same forever";

fn ip(text: &str) -> Ipv6Addr {
    text.parse().unwrap()
}

fn address(address: Ipv6Addr) -> Address {
    Address::new(address.into()).unwrap()
}

fn v6(address: Address) -> Ipv6Addr {
    Ipv6Addr::from(address.v6_octets())
}

fn packed(address: Ipv6Addr) -> Address {
    Address::new(address.into()).unwrap()
}

fn solicited_node(address: &Ipv6Addr) -> Ipv6Addr {
    v6(packed(*address).solicited_node())
}

fn group_mac(group: &Ipv6Addr) -> MacAddress {
    message::group_mac(&packed(*group))
}

const ALL_NODES: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1);

fn at(ms: u64) -> Instant {
    Instant::from_millis(ms)
}

fn ours() -> Ipv6Addr {
    ip("2001:db8::1")
}

fn peer() -> Ipv6Addr {
    ip("2001:db8::2")
}

fn router() -> Ipv6Addr {
    ip("fe80::ffff")
}

fn host() -> Ipv6Host {
    Ipv6Host {
        stable_secret: SECRET,
        address: Ipv6Cidr::new(ours(), 64),
        gateway: None,
        autoconfiguration: Autoconfiguration::On,
    }
}

/// A link and what it was heard to say.
struct Bench<'a> {
    link: Link<'a>,
    now: Instant,
    /// What the stack was told.
    installed: Vec<Ipv6Addr>,
    groups: Vec<MacAddress>,
    reports: Vec<Vec<u8>>,
}

/// A frame that left.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Said {
    to: MacAddress,
    source: Ipv6Addr,
    destination: Ipv6Addr,
    /// ICMPv6 from its type on.
    body: Vec<u8>,
}

impl Said {
    fn target(&self) -> Ipv6Addr {
        Ipv6Addr::from(<[u8; 16]>::try_from(&self.body[8..24]).unwrap())
    }
}

impl<'a> Bench<'a> {
    fn new(neighbors: &'a mut [Neighbor], host: &Ipv6Host) -> Self {
        let mut link = Link::new(US, neighbors, [9; 16]);
        link.start_ipv6(at(0), host);
        Self {
            link,
            now: at(0),
            installed: Vec::new(),
            groups: Vec::new(),
            reports: Vec::new(),
        }
    }

    /// One whose addresses are in use.
    fn ready(neighbors: &'a mut [Neighbor]) -> Self {
        let mut bench = Self::new(neighbors, &host());
        bench.wait(3_000);
        assert_eq!(bench.installed.len(), 2);
        bench
    }

    fn wait(&mut self, ms: u64) -> Vec<Said> {
        let end = self.now + Duration::from_millis(ms);
        let mut said = self.settle();
        while let Some(next) = self.link.deadline().filter(|next| *next <= end) {
            self.now = self.now.max(next);
            let before = self.link.deadline();
            said.extend(self.settle());
            assert_ne!(
                self.link.deadline(),
                before,
                "a deadline that does not move"
            );
        }
        self.now = end;
        said.extend(self.settle());
        said
    }

    fn settle(&mut self) -> Vec<Said> {
        self.link.advance(self.now);
        while let Some(change) = self.link.next_change(self.now) {
            match change {
                Change::Join(group) => self.groups.push(group),
                Change::Add(address, _) => self.installed.push(v6(address)),
                Change::Remove(address) => self.installed.retain(|own| *own != v6(address)),
            }
        }
        let mut said = Vec::new();
        let mut frame = [0xaa; 200];
        while let Some(len) = self.link.pay(self.now, &mut frame, &|_| false) {
            let packet = &frame[HEADER..len];
            if packet[6] == 0 {
                self.reports.push(packet.to_vec());
                continue;
            }
            if packet[0] == 0x66 {
                // A packet that was parked.
                continue;
            }
            assert_eq!(frame[12..14], [0x86, 0xdd]);
            assert_eq!(packet[7], 255, "the hop limit");
            let address =
                |at: usize| Ipv6Addr::from(<[u8; 16]>::try_from(&packet[at..at + 16]).unwrap());
            let length = usize::from(u16::from_be_bytes([packet[4], packet[5]]));
            said.push(Said {
                to: MacAddress(*frame.first_chunk().unwrap()),
                source: address(8),
                destination: address(24),
                body: packet[40..40 + length].to_vec(),
            });
            Heard::blank().read(packet).expect("what is said is sound");
        }
        said
    }

    fn hear(&mut self, octets: &[u8]) -> Result<(), LinkDropped> {
        let inside = self.link.receive(self.now, octets)?;
        assert_eq!(inside, Inside::Nothing);
        Ok(())
    }

    /// Sends a packet: to whom the frame goes, if it leaves at once.
    fn send(&mut self, to: Ipv6Addr) -> Option<MacAddress> {
        let mut frame = [0x66; 160];
        let packet = Outgoing {
            destination: address(to),
            len: 60,
        };
        let live = |_: Hop| false;
        self.link.send(self.now, packet, &mut frame, &live)?;
        Some(MacAddress(*frame.first_chunk().unwrap()))
    }

    fn addresses(&self) -> Vec<(Ipv6Addr, Ipv6AddressState)> {
        let list = self.link.ipv6_addresses(self.now);
        list.map(|own| (own.address, own.state)).collect()
    }

    fn made_in(&self, prefix: &str) -> Option<(Ipv6Addr, Ipv6AddressState)> {
        let inside = |own: &(Ipv6Addr, _)| {
            super::super::cidr::shares(&packed(own.0), &packed(ip(prefix)), 64)
        };
        self.addresses().into_iter().find(inside)
    }
}

/// A frame with an ICMPv6 message, of which `spoil` may change the IP packet before the checksum
/// is made.
struct Build {
    to: MacAddress,
    source: Ipv6Addr,
    destination: Ipv6Addr,
    hop_limit: u8,
}

impl Build {
    fn frame(&self, body: &[u8]) -> Vec<u8> {
        let ip = IpEmit {
            source: address(self.source),
            destination: address(self.destination),
            hop_limit: self.hop_limit,
            traffic_class: 0,
        };
        let mut body = body.to_vec();
        let length = u16::try_from(body.len()).unwrap();
        let mut sum = pseudo_header(ip.source, ip.destination, PROTOCOL_ICMPV6, length);
        if body.len() >= 4 {
            body[2..4].fill(0);
            sum.add(&body);
            body[2..4].copy_from_slice(&sum.complement());
        }
        let mut packet = vec![0; 40 + body.len()];
        emit_ip_header(&mut packet, &ip, PROTOCOL_ICMPV6, length).unwrap();
        packet[40..].copy_from_slice(&body);
        [&self.to.0[..], &PEER.0, &[0x86, 0xdd], &packet].concat()
    }
}

fn option(kind: u8, mac: MacAddress) -> Vec<u8> {
    [&[kind, 1][..], &mac.0].concat()
}

fn neighbor_message(kind: u8, flags: u8, target: Ipv6Addr, options: &[u8]) -> Vec<u8> {
    let head = [kind, 0, 0, 0, flags, 0, 0, 0];
    [&head[..], &target.octets(), options].concat()
}

fn to_group(target: Ipv6Addr) -> Build {
    let group = solicited_node(&target);
    Build {
        to: group_mac(&group),
        source: peer(),
        destination: group,
        hop_limit: 255,
    }
}

fn to_us() -> Build {
    Build {
        to: US,
        source: peer(),
        destination: ours(),
        hop_limit: 255,
    }
}

fn solicitation(target: Ipv6Addr) -> Vec<u8> {
    neighbor_message(135, 0, target, &option(1, PEER))
}

fn advertisement(flags: u8, target: Ipv6Addr) -> Vec<u8> {
    neighbor_message(136, flags, target, &option(2, PEER))
}

fn prefix(address: &str, len: u8, flags: u8, lifetimes: [u32; 2]) -> Vec<u8> {
    let [valid, preferred] = lifetimes.map(u32::to_be_bytes);
    let head = [3, 4, len, flags];
    [
        &head[..],
        &valid,
        &preferred,
        &[0; 4],
        &ip(address).octets(),
    ]
    .concat()
}

fn router_message(lifetime: u16, options: &[u8]) -> Vec<u8> {
    let [l0, l1] = lifetime.to_be_bytes();
    let head = [134, 0, 0, 0, 1, 0, l0, l1, 0, 0, 0, 0, 0, 0, 0, 0];
    [&head[..], options].concat()
}

fn from_router(lifetime: u16, options: &[u8]) -> Vec<u8> {
    let build = Build {
        to: group_mac(&ALL_NODES),
        source: router(),
        destination: ALL_NODES,
        hop_limit: 255,
    };
    build.frame(&router_message(lifetime, options))
}

const ON_LINK: u8 = 0x80;
const AUTONOMOUS: u8 = 0x40;

mod autoconfiguration;
mod groups;
mod hostile;
mod neighbors;
