//! The link layer: from frames to IP packets and back.
//!
//! It answers and asks by itself, but sends nothing: what it owes waits in a small queue, and the
//! runner, with a slot of the device in hand, has it written ([`Link::pay`]). Replies that find the
//! queue full are dropped and counted; who asked will ask again.
//!
//! A packet for a neighbour that is not resolved yet is parked when it is small (a SYN, a SYN-ACK,
//! an answer) and there is one place for it; a larger one is lost, and TCP sends it again. So the
//! first connection to or from a host does not wait for a retransmission, and the place costs
//! [`PARKED`] octets instead of a whole frame.

mod arp;
mod ethernet;
mod neighbor;

use core::net::Ipv4Addr;

use heapless::{Deque, Vec};
use tcp_core::{Duration, Instant, LinkDestination};

pub(crate) use ethernet::HEADER;
pub use neighbor::Neighbor;

use crate::mac::MacAddress;
use arp::{Arp, Operation};
use ethernet::{Carries, Frame, Route};
use neighbor::{Neighbors, Resolution};

/// Octets of the packet that waits for its neighbour: IPv4 and TCP headers with all their options.
const PARKED: usize = 120;
/// ARP packets that wait for the device.
const OWED: usize = 4;
/// A parked packet that waited longer is not sent: by then TCP has sent it again.
const PARKED_FOR: Duration = Duration::from_secs(3);
//= https://www.rfc-editor.org/rfc/rfc5227#section-1.1
//# DEFEND_INTERVAL     10 seconds  (minimum interval between defensive
//# ARPs)
const DEFEND_INTERVAL: Duration = Duration::from_secs(10);

/// Why the link layer dropped a frame or a packet. One counter each.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
#[repr(u8)]
pub enum LinkDropped {
    /// A frame that ends within its header or right behind it.
    Truncated,
    /// A frame that is longer than the buffer, as the device says.
    Overlong,
    /// A frame for another host, or for a group that this host did not join.
    NotForUs,
    /// A frame that claims to come from a group.
    GroupSource,
    /// A frame with a VLAN tag.
    Tagged,
    /// A frame with a length (IEEE 802.3), or of a protocol that is not spoken here.
    UnknownType,
    /// ARP: truncated, or not of IPv4 on Ethernet.
    ArpMalformed,
    /// ARP: a sender that is no host, or not the one that sent the frame.
    ArpSender,
    /// ARP: an answer that was not asked for.
    ArpUnasked,
    /// ARP: another host claims our address.
    ArpConflict,
    /// An ARP packet to send found no room.
    QueueFull,
    /// A packet to send has no route: not on the link, and there is no gateway.
    NoRoute,
    /// A packet to send was lost because its neighbour was not resolved in time.
    Unresolved,
}

impl LinkDropped {
    /// How many reasons there are.
    pub const COUNT: usize = Self::Unresolved as usize + 1;
}

/// An IPv4 address and the length of its subnet's prefix.
///
/// ```
/// use core::net::Ipv4Addr;
/// use tcp_embedded::Ipv4Cidr;
/// let ours = Ipv4Cidr::new(Ipv4Addr::new(192, 0, 2, 10), 24).unwrap();
/// assert!(ours.is_on_link(Ipv4Addr::new(192, 0, 2, 99)));
/// assert!(!ours.is_on_link(Ipv4Addr::new(192, 0, 2, 255)));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Ipv4Cidr {
    address: Ipv4Addr,
    prefix: u8,
}

impl Ipv4Cidr {
    /// `None` when the prefix is longer than 32, or the address is not one that a host may have.
    #[must_use]
    pub fn new(address: Ipv4Addr, prefix: u8) -> Option<Self> {
        (prefix <= 32 && is_host(address)).then_some(Self { address, prefix })
    }

    /// The address.
    #[must_use]
    pub const fn address(self) -> Ipv4Addr {
        self.address
    }

    /// The length of the prefix.
    #[must_use]
    pub const fn prefix(self) -> u8 {
        self.prefix
    }

    /// Whether `other` is another host's address in the same subnet.
    #[must_use]
    pub fn is_on_link(self, other: Ipv4Addr) -> bool {
        let mask = u32::MAX.checked_shr(self.prefix.into()).unwrap_or(0);
        let host = other.to_bits() & mask;
        let edge = self.prefix < 31 && (host == 0 || host == mask);
        (other.to_bits() ^ self.address.to_bits()) & !mask == 0 && !edge && other != self.address
    }
}

/// Whether a host may have this address.
fn is_host(address: Ipv4Addr) -> bool {
    let [first, ..] = address.octets();
    !matches!(first, 0 | 127 | 224..)
}

/// What a received frame meant.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Inside<'f> {
    /// An IP packet, for the stack.
    Packet(&'f [u8], LinkDestination),
    /// It was for the link layer.
    Nothing,
}

/// An ARP packet to send.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Owed {
    operation: Operation,
    /// The frame's destination.
    to: MacAddress,
    /// The address asked for, or the one that asked.
    target: Ipv4Addr,
}

/// The packet that waits for its neighbour.
#[derive(Debug)]
struct Parked {
    octets: Vec<u8, PARKED>,
    next_hop: Ipv4Addr,
    since: Instant,
    /// Set when the neighbour answered.
    to: Option<MacAddress>,
}

/// The link layer of one interface.
#[derive(Debug)]
pub(crate) struct Link<'a> {
    mac: MacAddress,
    ours: Ipv4Cidr,
    gateway: Option<Ipv4Addr>,
    neighbors: Neighbors<'a>,
    owed: Deque<Owed, OWED>,
    parked: Option<Parked>,
    defended: Option<Instant>,
    dropped: [u32; LinkDropped::COUNT],
}

impl<'a> Link<'a> {
    pub(crate) fn new(
        mac: MacAddress,
        ours: Ipv4Cidr,
        gateway: Option<Ipv4Addr>,
        neighbors: &'a mut [Neighbor],
    ) -> Self {
        Self {
            mac,
            ours,
            gateway,
            neighbors: Neighbors::new(neighbors, gateway),
            owed: Deque::new(),
            parked: None,
            defended: None,
            dropped: [0; LinkDropped::COUNT],
        }
    }

    /// Reads a received frame.
    pub(crate) fn receive<'f>(
        &mut self,
        now: Instant,
        octets: &'f [u8],
    ) -> Result<Inside<'f>, LinkDropped> {
        let frame = Frame::parse(octets, self.mac)?;
        match frame.carries {
            Carries::Ipv4 => Ok(Inside::Packet(frame.payload, frame.to)),
            Carries::Arp => self.arrive_arp(now, &frame).map(|()| Inside::Nothing),
        }
    }

    /// Sends the IP packet of `len` octets that stands behind the place of the Ethernet header in
    /// `frame`: the frame's length when it can leave at once.
    pub(crate) fn send(
        &mut self,
        now: Instant,
        destination: Ipv4Addr,
        frame: &mut [u8],
        len: usize,
    ) -> Option<usize> {
        let next_hop = if self.ours.is_on_link(destination) {
            destination
        } else if let Some(gateway) = self.gateway {
            gateway
        } else {
            self.count(LinkDropped::NoRoute);
            return None;
        };
        match self.neighbors.resolve(now, next_hop) {
            Resolution::Known(to) => return self.finish(frame, to, Carries::Ipv4, len),
            Resolution::Verify(to) => {
                self.owe(Operation::Request, to, next_hop);
                return self.finish(frame, to, Carries::Ipv4, len);
            }
            Resolution::Ask { evicted } => {
                self.owe(Operation::Request, MacAddress::BROADCAST, next_hop);
                if let Some(evicted) = evicted {
                    self.unpark(|parked| parked.next_hop == evicted);
                }
            }
            Resolution::Wait => {}
            Resolution::Full => {
                self.count(LinkDropped::Unresolved);
                return None;
            }
        }
        let packet = HEADER
            .checked_add(len)
            .and_then(|end| frame.get(HEADER..end));
        self.park(now, next_hop, packet.unwrap_or_default());
        None
    }

    /// Writes the next frame that the link layer itself has to send; its length.
    pub(crate) fn pay(&mut self, now: Instant, frame: &mut [u8]) -> Option<usize> {
        self.unpark(|parked| now - parked.since > PARKED_FOR);
        if let Some(parked) = self.parked.take_if(|parked| parked.to.is_some()) {
            let to = parked.to?;
            let len = parked.octets.len();
            let (packet, _) = frame.get_mut(HEADER..)?.split_at_mut_checked(len)?;
            packet.copy_from_slice(&parked.octets);
            return self.finish(frame, to, Carries::Ipv4, len);
        }
        let owed = self.owed.pop_front()?;
        let packet = Arp {
            operation: owed.operation,
            sender_mac: self.mac,
            sender: self.ours.address(),
            target_mac: match owed.operation {
                Operation::Request => MacAddress::default(),
                Operation::Reply => owed.to,
            },
            target: owed.target,
        };
        *frame.get_mut(HEADER..)?.first_chunk_mut()? = packet.emit();
        self.finish(frame, owed.to, Carries::Arp, arp::LENGTH)
    }

    /// Counts a frame or packet that was dropped.
    pub(crate) fn count(&mut self, reason: LinkDropped) {
        if let Some(counter) = self.dropped.get_mut(reason as usize) {
            *counter = counter.wrapping_add(1);
        }
    }

    /// How many were dropped for this reason.
    pub(crate) fn dropped(&self, reason: LinkDropped) -> u32 {
        self.dropped.get(reason as usize).copied().unwrap_or(0)
    }

    fn arrive_arp(&mut self, now: Instant, frame: &Frame<'_>) -> Result<(), LinkDropped> {
        let packet = Arp::parse(frame.payload)?;
        if packet.sender_mac != frame.source || packet.sender_mac.is_group() {
            return Err(LinkDropped::ArpSender);
        }
        if packet.sender == self.ours.address() {
            self.defend(now);
            return Err(LinkDropped::ArpConflict);
        }
        // A probe for an address that its sender would like to have comes from 0.0.0.0.
        let is_probe = packet.sender.is_unspecified();
        if !is_probe && !is_host(packet.sender) {
            return Err(LinkDropped::ArpSender);
        }
        match packet.operation {
            Operation::Request if packet.target == self.ours.address() => {
                self.owe(Operation::Reply, packet.sender_mac, packet.sender);
                Ok(())
            }
            Operation::Request => Ok(()),
            Operation::Reply => self.learn(now, &packet),
        }
    }

    fn learn(&mut self, now: Instant, packet: &Arp) -> Result<(), LinkDropped> {
        if !self
            .neighbors
            .confirm(now, packet.sender, packet.sender_mac)
        {
            return Err(LinkDropped::ArpUnasked);
        }
        if let Some(parked) = &mut self.parked
            && parked.next_hop == packet.sender
        {
            parked.to = Some(packet.sender_mac);
        }
        Ok(())
    }

    /// Says whose address it is, in moderation.
    //= https://www.rfc-editor.org/rfc/rfc5227#section-2.4
    //# However, if this is not the first
    //# conflicting ARP packet the host has seen, and the time recorded
    //# for the previous conflicting ARP packet is within DEFEND_INTERVAL
    //# seconds, then the host MUST NOT send another defensive ARP
    //# Announcement.
    fn defend(&mut self, now: Instant) {
        let lately = self.defended.is_some_and(|at| now - at < DEFEND_INTERVAL);
        self.defended = Some(now);
        if !lately {
            let ours = self.ours.address();
            self.owe(Operation::Request, MacAddress::BROADCAST, ours);
        }
    }

    fn owe(&mut self, operation: Operation, to: MacAddress, target: Ipv4Addr) {
        let owed = Owed {
            operation,
            to,
            target,
        };
        if self.owed.push_back(owed).is_err() {
            self.count(LinkDropped::QueueFull);
        }
    }

    /// Keeps the latest packet for a neighbour that was asked.
    fn park(&mut self, now: Instant, next_hop: Ipv4Addr, packet: &[u8]) {
        let Ok(octets) = Vec::from_slice(packet) else {
            self.count(LinkDropped::Unresolved);
            return;
        };
        self.unpark(|_| true);
        self.parked = Some(Parked {
            octets,
            next_hop,
            since: now,
            to: None,
        });
    }

    fn unpark(&mut self, when: impl FnOnce(&Parked) -> bool) {
        if self.parked.take_if(|parked| when(parked)).is_some() {
            self.count(LinkDropped::Unresolved);
        }
    }

    fn finish(
        &self,
        frame: &mut [u8],
        to: MacAddress,
        carries: Carries,
        len: usize,
    ) -> Option<usize> {
        let route = Route { from: self.mac, to };
        ethernet::finish(frame, route, carries, len)
    }
}

#[cfg(test)]
mod tests;
