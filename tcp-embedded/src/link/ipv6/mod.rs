//! The IPv6 side of a link: addresses, neighbours, routers (RFC 4861, RFC 4862).
//!
//! Policy, where the RFCs leave a choice or are too trusting:
//!
//! - Nothing that is received makes an entry of the neighbour cache; solicitations are answered to
//!   the frame's sender. An advertisement is believed while a solicitation is outstanding.
//! - The hop limit and the MTU that routers advertise are not taken over, and redirects are not
//!   followed: a host behind one router needs none, and each is a way to cut it off.
//! - Lists of routers and prefixes keep what they have until its time is over.
//!
//! An address that is asked for and one that is used hear their solicited-node group; the device
//! is told by [`Change::Join`].

mod addresses;
mod groups;
mod message;
mod routers;

use core::net::Ipv6Addr;

use heapless::Deque;
use tcp_core::wire::Address;
use tcp_core::{Duration, Instant};

pub(crate) use addresses::Change;
pub use addresses::{Ipv6Address, Ipv6AddressState};

use super::cidr::Ipv6Cidr;
#[cfg(feature = "dns")]
use super::cidr::is_host_v6;
use super::dropped::LinkDropped;
use super::ethernet::{self, Carries, Frame, HEADER, Route};
use super::neighbor::{Hop, Neighbors};
use super::random::Random;
use super::{Inside, Link};
use crate::mac::MacAddress;
use addresses::{Addresses, Phase};
use groups::Reports;
use message::{
    ALL_NODES, ALL_ROUTERS, Emit, Heard, NEIGHBOR_ADVERTISEMENT, NEIGHBOR_SOLICITATION, Prefix,
    ROUTER_ADVERTISEMENT, ROUTER_SOLICITATION, group_mac, is_discovery,
};
use routers::{HOST, List, NEVER};

/// Messages that wait for the device.
const OWED: usize = 4;
const SECOND: Duration = Duration::from_secs(1);
/// From the moment at which an address is to be asked for until it is in use, with a second for the
/// device.
const DETECTION: Duration = Duration::from_secs(2);
//= https://www.rfc-editor.org/rfc/rfc4861#section-10
//# RTR_SOLICITATION_INTERVAL        4 seconds
/// The wait after the first solicitation; it doubles, because a router may be late (RFC 7559).
const SOLICITATION_INTERVAL: Duration = Duration::from_secs(4);
/// It doubles ten times, to 68 minutes.
const DOUBLINGS: u32 = 10;
/// The group of all nodes, on the wire.
const EVERYONE: MacAddress = MacAddress([0x33, 0x33, 0, 0, 0, 1]);

/// Whether addresses are made from what routers advertise.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Autoconfiguration {
    /// Routers and prefixes are looked for and used (RFC 4862).
    On,
    /// Only what is configured is used, beside the link-local address.
    Off,
}

/// How a host uses IPv6.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Ipv6Host {
    /// 128 secret bits that are the same at every boot and known to this device alone. Interface
    /// identifiers are made from it (RFC 7217).
    pub stable_secret: [u8; 16],
    /// An address beside those that are made.
    pub address: Option<Ipv6Cidr>,
    /// Who takes what is not on the link, beside the routers that are found.
    pub gateway: Option<Ipv6Addr>,
    /// Whether routers are listened to.
    pub autoconfiguration: Autoconfiguration,
}

/// A solicitation or an answer to one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Owed {
    /// The frame's destination.
    mac: MacAddress,
    /// Of an answer; unspecified in a solicitation.
    ours: Address,
    /// Who is asked for, or asked.
    peer: Address,
}

/// The addresses, the routers, and what is owed to others.
#[derive(Debug)]
pub(super) struct Side {
    addresses: Addresses,
    routers: List,
    /// Prefixes on the link.
    on_link: List,
    autoconfiguration: Autoconfiguration,
    owed: Deque<Owed, OWED>,
    /// When routers are solicited next, and how often they were.
    solicitation: (Instant, u32),
    is_joined: bool,
    reports: Reports,
    #[cfg(feature = "dns")]
    name_servers: List,
}

impl Side {
    pub(super) const fn new() -> Self {
        Self {
            addresses: Addresses::new(),
            routers: List::new(),
            on_link: List::new(),
            autoconfiguration: Autoconfiguration::Off,
            owed: Deque::new(),
            solicitation: (NEVER, 0),
            is_joined: true,
            reports: Reports::new(),
            #[cfg(feature = "dns")]
            name_servers: List::new(),
        }
    }

    fn start(&mut self, now: Instant, host: &Ipv6Host, mac: MacAddress, random: &mut Random) {
        let due = now + random.below(SECOND);
        *self = Self::new();
        self.is_joined = false;
        self.addresses.maker.secret = host.stable_secret;
        self.addresses.maker.mac = mac;
        let link_local = [0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        let link_local = Address::from_v6(&link_local).unwrap_or_default();
        let _ = self.addresses.derive(&link_local, due);
        if let Some(own) = host.address
            && let Some(address) = Address::new(own.address().into())
        {
            self.addresses.configure(address, own.prefix(), due);
            self.on_link.configure(address, own.prefix());
        }
        if let Some(gateway) = host
            .gateway
            .and_then(|gateway| Address::new(gateway.into()))
        {
            self.routers.configure(gateway, HOST);
        }
        self.autoconfiguration = host.autoconfiguration;
        self.look_for_routers(due);
    }

    /// Asks for routers some time after our addresses are asked for at `due`: by then there is one
    /// to ask from, unless somebody has it or the device takes nothing.
    fn look_for_routers(&mut self, due: Instant) {
        if self.autoconfiguration == Autoconfiguration::On {
            self.solicitation = (due + DETECTION, 0);
        }
    }

    /// Whether frames for this group are for this host.
    pub(super) fn has_joined(&self, group: MacAddress) -> bool {
        group == EVERYONE || self.addresses.has_joined(group)
    }

    pub(super) fn is_router(&self, now: Instant, address: Hop) -> bool {
        self.routers.holds(now, &address)
    }

    /// Who takes a packet for `destination`.
    pub(super) fn next_hop(
        &self,
        now: Instant,
        destination: Address,
        neighbors: &mut Neighbors<'_>,
    ) -> Option<Hop> {
        if destination.is_v6_multicast() {
            None
        } else if destination.is_link_local() || self.on_link.holds(now, &destination) {
            Some(destination)
        } else {
            self.routers.choose(now, neighbors)
        }
    }

    /// Asks for `peer` with `ours` unspecified, else answers to it that `ours` is ours.
    fn owe(&mut self, mac: &MacAddress, ours: &Address, peer: &Address) -> Result<(), LinkDropped> {
        let pushed = self.owed.push_back(Owed {
            mac: *mac,
            ours: *ours,
            peer: *peer,
        });
        pushed.map_err(|_| LinkDropped::QueueFull)
    }

    /// Asks who has `target`: the host that is believed to have it, or, when that is a group, all
    /// that might.
    pub(super) fn solicit(
        &mut self,
        whom: &MacAddress,
        target: &Address,
    ) -> Result<(), LinkDropped> {
        self.owe(whom, &Address::UNSPECIFIED, target)
    }

    /// Writes a message that is due; the frame's length.
    pub(super) fn pay(
        &mut self,
        now: Instant,
        mac: &MacAddress,
        frame: &mut [u8],
        random: &mut Random,
    ) -> Option<usize> {
        let packet = frame.get_mut(HEADER..)?;
        let mut to = groups::mac();
        let len = if self.reports.due <= now {
            self.reports.write(now, packet, &self.addresses)?
        } else {
            let (kind, owed) = self.due(now, random)?;
            let nobody = owed.peer == Address::UNSPECIFIED;
            let message = Emit {
                kind,
                source: owed.ours,
                destination: match kind {
                    ROUTER_SOLICITATION => ALL_ROUTERS,
                    NEIGHBOR_SOLICITATION if owed.mac.is_group() => owed.peer.solicited_node(),
                    NEIGHBOR_ADVERTISEMENT if nobody => ALL_NODES,
                    _ => owed.peer,
                },
                target: match kind {
                    NEIGHBOR_ADVERTISEMENT => owed.ours,
                    _ => owed.peer,
                },
            };
            to = if message.destination.is_v6_multicast() {
                group_mac(&message.destination)
            } else {
                owed.mac
            };
            message.write(packet, mac)?
        };
        ethernet::finish(frame, Route { from: mac, to: &to }, Carries::Ipv6, len)
    }

    /// What is due first: its type, and who is concerned.
    fn due(&mut self, now: Instant, random: &mut Random) -> Option<(u8, Owed)> {
        let (due, count) = self.solicitation;
        let mut owed = Owed {
            mac: MacAddress::BROADCAST,
            ours: Address::UNSPECIFIED,
            peer: Address::UNSPECIFIED,
        };
        if let Some(target) = self.addresses.ask(now) {
            owed.peer = *target;
        } else if due <= now {
            let wait = SOLICITATION_INTERVAL.doubled(count.min(DOUBLINGS));
            let next = now + wait + random.below(SECOND);
            self.solicitation = (next, count.saturating_add(1));
            owed.ours = self.addresses.link_local();
            return Some((ROUTER_SOLICITATION, owed));
        } else {
            // Those for which there is no source any more are passed over.
            while owed.ours == Address::UNSPECIFIED {
                owed = self.owed.pop_front()?;
                if owed.ours != Address::UNSPECIFIED {
                    return Some((NEIGHBOR_ADVERTISEMENT, owed));
                }
                let source = self.addresses.source_for(now, &owed.peer);
                owed.ours = source.unwrap_or(Address::UNSPECIFIED);
            }
        }
        Some((NEIGHBOR_SOLICITATION, owed))
    }

    fn deadline(&self) -> Option<Instant> {
        let (solicitation, _) = self.solicitation;
        let deadline = self.addresses.deadline().min(self.reports.due);
        Some(deadline.min(solicitation)).filter(|at| *at < NEVER)
    }

    /// A message of neighbour discovery: who was found by it, if that was asked for.
    fn arrive(
        &mut self,
        now: Instant,
        frame: &Frame<'_>,
        neighbors: &mut Neighbors<'_>,
        random: &mut Random,
    ) -> Result<Option<(Hop, MacAddress)>, LinkDropped> {
        let mut heard = Heard::blank();
        let read = heard.read(frame.payload);
        read.ok_or(LinkDropped::NdpMalformed)?;
        let destination = self.addresses.phase(&heard.destination);
        if matches!(destination, Phase::Free | Phase::Duplicate)
            && !heard.destination.is_v6_multicast()
        {
            return Err(LinkDropped::NotForUs);
        }
        if self.addresses.phase(&heard.source) == Phase::Usable {
            return Err(LinkDropped::NdpConflict);
        }
        match heard.kind {
            NEIGHBOR_SOLICITATION => {
                self.asked(now, &heard, &frame.source)?;
                Ok(None)
            }
            NEIGHBOR_ADVERTISEMENT => {
                let found = self.told(now, &heard, neighbors)?;
                Ok(Some((heard.target, found)))
            }
            ROUTER_ADVERTISEMENT => {
                self.hear_router(now, &heard, random);
                neighbors.revive(&heard.source);
                Ok(None)
            }
            _ => Err(LinkDropped::NdpUnasked),
        }
    }

    /// Somebody asks for an address, or would like to have it.
    fn asked(
        &mut self,
        now: Instant,
        heard: &Heard<'_>,
        mac: &MacAddress,
    ) -> Result<(), LinkDropped> {
        let (source, target) = (&heard.source, &heard.target);
        //= https://www.rfc-editor.org/rfc/rfc4862#section-5.4.3
        //# If the source address of the Neighbor Solicitation is the unspecified
        //# address, the solicitation is from a node performing Duplicate Address
        //# Detection.
        if *source == Address::UNSPECIFIED && self.addresses.is_taken(now, target) {
            return Err(LinkDropped::NdpConflict);
        }
        if self.addresses.phase(target) == Phase::Usable {
            self.owe(mac, target, source)?;
        }
        Ok(())
    }

    /// Somebody has an address: which hardware address, if that was asked for.
    fn told(
        &mut self,
        now: Instant,
        heard: &Heard<'_>,
        neighbors: &mut Neighbors<'_>,
    ) -> Result<MacAddress, LinkDropped> {
        let target = &heard.target;
        if self.addresses.is_taken(now, target) || self.addresses.phase(target) == Phase::Usable {
            return Err(LinkDropped::NdpConflict);
        }
        let known = neighbors.known(target);
        let mac = heard.mac().or(known).ok_or(LinkDropped::NdpMalformed)?;
        //= https://www.rfc-editor.org/rfc/rfc4861#section-7.2.5
        //# If the Override flag is clear and the supplied link-layer address
        //# differs from that in the cache, then one of two actions takes
        //# place:
        let may_change = heard.replaces() || known.is_none_or(|known| known == mac);
        let is_answer = heard.is_solicited() && may_change && neighbors.confirm(now, target, mac);
        is_answer.then_some(mac).ok_or(LinkDropped::NdpUnasked)
    }

    fn hear_router(&mut self, now: Instant, heard: &Heard<'_>, random: &mut Random) {
        if self.autoconfiguration == Autoconfiguration::Off {
            return;
        }
        let lifetime = heard.lifetime();
        if lifetime > 0 {
            self.solicitation = (NEVER, 0);
        }
        let router = (&heard.source, HOST);
        self.routers.keep(now, router, lifetime.into());
        for option in heard.options {
            #[cfg(feature = "dns")]
            self.hear_name_servers(now, option);
            let Some(prefix) = Prefix::read(option) else {
                continue;
            };
            //= https://www.rfc-editor.org/rfc/rfc4862#section-5.5.3
            //# b)  If the prefix is the link-local prefix, silently ignore the
            //# Prefix Information option.
            if prefix.address.is_link_local() || prefix.address.is_v6_multicast() {
                continue;
            }
            if prefix.on_link {
                let range = (&prefix.address, prefix.len);
                self.on_link.keep(now, range, prefix.valid);
            }
            self.addresses.offered(now, &prefix, random);
        }
    }

    #[cfg(feature = "dns")]
    fn hear_name_servers(&mut self, now: Instant, option: &[u8]) {
        let Some((servers, lifetime)) = message::name_servers(option) else {
            return;
        };
        for server in servers.iter().filter_map(Address::from_v6) {
            if is_host_v6(&server) {
                self.name_servers.keep(now, (&server, HOST), lifetime);
            }
        }
        self.name_servers.advance(now);
    }
}

/// What the runner asks of the IPv6 side.
impl Link<'_> {
    pub(crate) fn start_ipv6(&mut self, now: Instant, host: &Ipv6Host) {
        self.random.stir(now);
        self.ipv6.start(now, host, self.mac, &mut self.random);
    }

    /// Gives all addresses up.
    pub(crate) fn end_ipv6(&mut self) {
        self.ipv6.addresses.end();
    }

    /// What the stack and the device have not been told yet.
    pub(crate) fn next_change(&mut self, now: Instant) -> Option<Change> {
        if !self.ipv6.is_joined {
            self.ipv6.is_joined = true;
            return Some(Change::Join(group_mac(&ALL_NODES)));
        }
        let change = self.ipv6.addresses.next_change(now);
        if let Some(Change::Join(_)) = change {
            self.ipv6.reports.joined(now);
        }
        change
    }

    pub(crate) fn ipv6_addresses(&self, now: Instant) -> impl Iterator<Item = Ipv6Address> {
        self.ipv6.addresses.iter(now)
    }

    /// Forgets name servers whose time is over; what else is over is not looked at.
    #[cfg(feature = "dns")]
    pub(super) fn advance_ipv6(&mut self, now: Instant) {
        self.ipv6.name_servers.advance(now);
    }

    pub(super) fn ipv6_deadline(&self) -> Option<Instant> {
        self.ipv6.deadline()
    }

    /// The cable carries again, perhaps in another network.
    pub(super) fn reattach_ipv6(&mut self, now: Instant) {
        let due = now + self.random.below(SECOND);
        self.ipv6.addresses.ask_again(due);
        self.ipv6.look_for_routers(due);
    }

    /// The name servers that routers told of.
    #[cfg(feature = "dns")]
    pub(super) fn ipv6_name_servers(&self) -> impl Iterator<Item = Ipv6Addr> {
        let servers = self.ipv6.name_servers.addresses();
        servers.map(|server| Ipv6Addr::from(server.v6_octets()))
    }

    /// The address to talk to `remote` from.
    #[cfg(feature = "dns")]
    pub(super) fn ipv6_source(&self, now: Instant, remote: Ipv6Addr) -> Option<Ipv6Addr> {
        let remote = Address::new(remote.into())?;
        let source = self.ipv6.addresses.source_for(now, &remote)?;
        Some(Ipv6Addr::from(source.v6_octets()))
    }

    /// A frame with an IPv6 packet.
    pub(super) fn arrive_ipv6<'f>(
        &mut self,
        now: Instant,
        frame: &Frame<'f>,
    ) -> Result<Inside<'f>, LinkDropped> {
        if let Some(within_ms) = groups::query(frame.payload) {
            let reports = &mut self.ipv6.reports;
            reports.asked(now, within_ms, &mut self.random);
            return Ok(Inside::Nothing);
        }
        if !is_discovery(frame.payload) {
            return Ok(Inside::Packet(frame.payload, frame.to));
        }
        let random = &mut self.random;
        let found = self.ipv6.arrive(now, frame, &mut self.neighbors, random)?;
        if let Some((neighbor, mac)) = found {
            self.found(neighbor, mac);
        }
        Ok(Inside::Nothing)
    }
}

#[cfg(test)]
mod tests;
