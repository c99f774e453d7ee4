//! The link layer: from frames to IP packets and back.
//!
//! It answers and asks by itself, but sends nothing: what it owes waits in small queues, and the
//! runner, with a slot of the device in hand, has it written ([`Link::pay`]). Replies that find the
//! queue full are dropped and counted; who asked will ask again.
//!
//! A packet for a neighbour that is not resolved yet is parked when it is small (a SYN, a SYN-ACK,
//! an answer) and there is one place for it; a larger one is lost, and TCP sends it again. So the
//! first connection to or from a host does not wait for a retransmission, and the place costs
//! [`PARKED`] octets instead of a whole frame.
//!
//! ```text
//!   ethernet   frames                       neighbor  the cache, for both families
//!   ipv4 arp   our IPv4 address             claim     whether an IPv4 address is free
//!   ipv6/      our IPv6 addresses, routers  udp dhcp/ dns/  what is configured and resolved
//! ```

mod arp;
mod cidr;
#[cfg(feature = "probe")]
mod claim;
#[cfg(feature = "dhcp")]
mod dhcp;
#[cfg(feature = "dns")]
mod dns;
mod dropped;
mod ethernet;
mod ipv4;
#[cfg(feature = "ipv6")]
mod ipv6;
mod moment;
mod neighbor;
#[cfg(any(feature = "probe", feature = "dns", feature = "ipv6"))]
mod random;
mod services;
#[cfg(any(feature = "dhcp", feature = "dns"))]
mod udp;

use core::net::Ipv4Addr;

use tcp_core::wire::Address;
use tcp_core::{Instant, LinkDestination};

pub use cidr::Ipv4Cidr;
#[cfg(feature = "ipv6")]
pub use cidr::Ipv6Cidr;
#[cfg(feature = "probe")]
pub use claim::ClaimState;
#[cfg(feature = "probe")]
pub(crate) use claim::WhenContested;
#[cfg(feature = "dhcp")]
pub use dhcp::{DhcpState, Lease};
#[cfg(feature = "dns")]
pub use dns::{DnsError, Query, RecordType};
pub use dropped::LinkDropped;
pub(crate) use ethernet::HEADER;
#[cfg(feature = "ipv6")]
pub(crate) use ipv6::Change;
#[cfg(feature = "ipv6")]
pub use ipv6::{Autoconfiguration, Ipv6Address, Ipv6AddressState, Ipv6Host};
pub(crate) use neighbor::Hop;
pub use neighbor::Neighbor;

use crate::mac::MacAddress;
use arp::Operation;
use dropped::Counters;
use ethernet::{Carries, Frame, Route};
use moment::{Moment, Span};
use neighbor::Neighbors;
#[cfg(any(feature = "probe", feature = "dns", feature = "ipv6"))]
use random::Random;

/// Octets of the packet that waits for its neighbour: IP and TCP headers with all their options.
const PARKED: usize = 120;
/// A parked packet that waited longer is not sent: by then TCP has sent it again.
const PARKED_FOR: Span = Span::from_secs(3);

/// What a received frame meant.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Inside<'f> {
    /// An IP packet, for the stack.
    Packet(&'f [u8], LinkDestination),
    /// It was for the link layer.
    Nothing,
}

/// An IP packet to send, which stands behind the place of the Ethernet header in a frame.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Outgoing {
    pub(crate) destination: Address,
    /// Its octets.
    pub(crate) len: usize,
}

/// The packet that waits for its neighbour.
#[derive(Debug)]
struct Parked {
    octets: [u8; PARKED],
    /// How many of them are its own; none when there is no packet.
    len: usize,
    next_hop: Hop,
    since: Moment,
    /// Everyone until the neighbour answers.
    to: MacAddress,
}

impl Parked {
    const NONE: Self = Self {
        octets: [0; PARKED],
        len: 0,
        next_hop: Hop::UNSPECIFIED,
        since: Moment::ORIGIN,
        to: MacAddress([0; 6]),
    };

    /// Gives the packet up, if there is one.
    #[inline(never)]
    fn give_up(&mut self, counters: &mut Counters) {
        if self.len > 0 {
            self.len = 0;
            counters.count(LinkDropped::Unresolved);
        }
    }
}

/// Knows to whom connections lead.
pub(crate) type Live<'l> = &'l dyn Fn(Hop) -> bool;

/// The link layer of one interface.
#[derive(Debug)]
pub(crate) struct Link<'a> {
    mac: MacAddress,
    ipv4: ipv4::Side,
    #[cfg(feature = "ipv6")]
    ipv6: ipv6::Side,
    #[cfg(feature = "dhcp")]
    dhcp: Option<dhcp::Client>,
    #[cfg(feature = "dns")]
    dns: dns::Resolver,
    neighbors: Neighbors<'a>,
    parked: Parked,
    counters: Counters,
    #[cfg(any(feature = "probe", feature = "dns", feature = "ipv6"))]
    random: Random,
}

impl<'a> Link<'a> {
    pub(crate) fn new(mac: MacAddress, neighbors: &'a mut [Neighbor], secret: [u8; 16]) -> Self {
        let _ = secret;
        Self {
            mac,
            ipv4: ipv4::Side::new(),
            #[cfg(feature = "ipv6")]
            ipv6: ipv6::Side::new(),
            #[cfg(feature = "dhcp")]
            dhcp: None,
            #[cfg(feature = "dns")]
            dns: dns::Resolver::new(),
            neighbors: Neighbors::new(neighbors),
            parked: Parked::NONE,
            counters: Counters::new(),
            #[cfg(any(feature = "probe", feature = "dns", feature = "ipv6"))]
            random: Random::new(secret),
        }
    }

    /// Uses this IPv4 address from here on, or none.
    pub(crate) fn set_ipv4(&mut self, ours: Option<Ipv4Cidr>, gateway: Option<Ipv4Addr>) {
        self.ipv4.set(ours, gateway);
    }

    /// Our IPv4 address.
    pub(crate) const fn ipv4(&self) -> Option<Ipv4Cidr> {
        self.ipv4.ours()
    }

    /// Reads a received frame.
    pub(crate) fn receive<'f>(
        &mut self,
        now: Instant,
        octets: &'f [u8],
    ) -> Result<Inside<'f>, LinkDropped> {
        #[cfg(feature = "ipv6")]
        let frame = Frame::parse(octets, self.mac, |group| self.ipv6.has_joined(group))?;
        #[cfg(not(feature = "ipv6"))]
        let frame = Frame::parse(octets, self.mac, |_| false)?;
        match frame.carries {
            Carries::Ipv4 => Ok(Inside::Packet(frame.payload, frame.to)),
            Carries::Arp => {
                if let Some(found) = self.ipv4.arrive(now, &frame, &mut self.neighbors)? {
                    self.found(found, frame.source);
                }
                Ok(Inside::Nothing)
            }
            #[cfg(feature = "ipv6")]
            Carries::Ipv6 => self.arrive_ipv6(now, &frame),
        }
    }

    /// Sends an IP packet: the frame's length when it can leave at once. `live` knows to whom
    /// connections lead.
    pub(crate) fn send(
        &mut self,
        now: Instant,
        packet: Outgoing,
        frame: &mut [u8],
        live: Live<'_>,
    ) -> Option<usize> {
        let Some((next_hop, carries)) = self.route(now, packet) else {
            self.count(LinkDropped::NoRoute);
            return None;
        };
        let Some(&to) = self.resolve(now, next_hop, live) else {
            self.count(LinkDropped::Unresolved);
            return None;
        };
        if to.is_group() {
            self.park(now, next_hop, packet.len, frame.get(HEADER..));
            return None;
        }
        self.finish(frame, &to, carries, packet.len)
    }

    /// Whose neighbour entry leads to the destination.
    fn route(&mut self, now: Instant, packet: Outgoing) -> Option<(Hop, Carries)> {
        #[cfg(feature = "ipv6")]
        if !packet.destination.is_v4() {
            let next_hop = self
                .ipv6
                .next_hop(now, packet.destination, &mut self.neighbors)?;
            return Some((next_hop, Carries::Ipv6));
        }
        let _ = now;
        let next_hop = self.ipv4.next_hop(packet.destination.v4()?)?;
        Some((next_hop.into(), Carries::Ipv4))
    }

    /// The hardware address of `next_hop`, or everyone's when it is not known; asks for it where
    /// that is due. `None` when the cache is full of others.
    #[inline(never)]
    fn resolve(&mut self, now: Instant, next_hop: Hop, live: Live<'_>) -> Option<&MacAddress> {
        let gateway = self.ipv4.gateway().into();
        #[cfg(feature = "ipv6")]
        let ipv6 = &self.ipv6;
        let keep = |other: Hop| {
            #[cfg(feature = "ipv6")]
            if ipv6.is_router(now, other) {
                return true;
            }
            other == gateway || live(other)
        };
        let resolution = self.neighbors.resolve(now, next_hop, keep)?;
        if resolution.evicted == self.parked.next_hop {
            self.parked.give_up(&mut self.counters);
        }
        if resolution.asks {
            let whom = resolution.mac;
            let asked = match next_hop.v4() {
                Some(next_hop) => self.ipv4.owe(Operation::Request, &whom.0, next_hop),
                #[cfg(feature = "ipv6")]
                None => self.ipv6.solicit(whom, &next_hop),
                #[cfg(not(feature = "ipv6"))]
                None => Ok(()),
            };
            if let Err(reason) = asked {
                self.counters.count(reason);
            }
        }
        Some(resolution.mac)
    }

    /// A neighbour answered.
    fn found(&mut self, neighbor: Hop, mac: MacAddress) {
        if self.parked.next_hop == neighbor {
            self.parked.to = mac;
        }
    }

    /// Writes the next frame that the link layer itself has to send; its length.
    pub(crate) fn pay(&mut self, now: Instant, frame: &mut [u8], live: Live<'_>) -> Option<usize> {
        if self.parked.since.until(Moment::at(now)) > PARKED_FOR {
            self.parked.give_up(&mut self.counters);
        }
        if let Some(len) = self.pay_parked(frame) {
            return Some(len);
        }
        if let Some(len) = self.ipv4.pay(&self.mac, frame) {
            return Some(len);
        }
        #[cfg(feature = "ipv6")]
        if let Some(len) = self.ipv6.pay(now, &self.mac, frame, &mut self.random) {
            return Some(len);
        }
        self.pay_datagram(now, frame, live)
    }

    /// Writes the packet that waited for its neighbour, if that has answered.
    fn pay_parked(&mut self, frame: &mut [u8]) -> Option<usize> {
        let len = self.parked.len;
        let to = &self.parked.to;
        if len == 0 || to.is_group() {
            return None;
        }
        self.parked.len = 0;
        *frame.get_mut(HEADER..)?.first_chunk_mut()? = self.parked.octets;
        #[cfg(feature = "ipv6")]
        if !self.parked.next_hop.is_v4() {
            return self.finish(frame, to, Carries::Ipv6, len);
        }
        self.finish(frame, to, Carries::Ipv4, len)
    }

    fn finish(
        &self,
        frame: &mut [u8],
        to: &MacAddress,
        carries: Carries,
        len: usize,
    ) -> Option<usize> {
        let from = &self.mac;
        ethernet::finish(frame, Route { from, to }, carries, len)
    }

    /// Counts a frame or packet that was dropped.
    pub(crate) fn count(&mut self, reason: LinkDropped) {
        self.counters.count(reason);
    }

    /// How many were dropped for this reason.
    pub(crate) fn dropped(&self, reason: LinkDropped) -> u32 {
        self.counters.get(reason)
    }

    /// Keeps the latest packet for a neighbour that was asked.
    fn park(&mut self, now: Instant, next_hop: Hop, len: usize, packet: Option<&[u8]>) {
        let octets = packet.and_then(<[u8]>::first_chunk);
        let Some(octets) = octets.filter(|_| len <= PARKED) else {
            self.count(LinkDropped::Unresolved);
            return;
        };
        self.parked.octets = *octets;
        self.parked.give_up(&mut self.counters);
        self.parked.len = len;
        self.parked.next_hop = next_hop;
        self.parked.since = Moment::at(now);
        self.parked.to = MacAddress::BROADCAST;
    }
}

#[cfg(test)]
mod tests;
