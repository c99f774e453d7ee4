//! Our IPv4 address: answers to who asks for it, its defence, and the claim to one (RFC 826,
//! RFC 5227).

use core::net::Ipv4Addr;

use heapless::Deque;
use tcp_core::Instant;

use super::arp::{self, Arp, Operation};
use super::cidr::{Ipv4Cidr, is_host};
use super::dropped::LinkDropped;
use super::ethernet::{self, Carries, Frame, HEADER, Route};
use super::moment::{Moment, Span};
use super::neighbor::{Hop, Neighbors};
use crate::mac::MacAddress;

/// ARP packets that wait for the device.
pub(super) const OWED: usize = 4;
//= https://www.rfc-editor.org/rfc/rfc5227#section-1.1
//# DEFEND_INTERVAL     10 seconds  (minimum interval between defensive
//# ARPs)
const DEFEND_INTERVAL: Span = Span::from_secs(10);

/// An ARP packet to send from our address, or from none while there is none.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Owed {
    operation: Operation,
    /// The frame's destination.
    to: MacAddress,
    /// The address asked for, or the one that asked.
    target: Ipv4Addr,
}

/// The address, the way out, and what is owed to others.
#[derive(Debug)]
pub(super) struct Side {
    ours: Option<Ipv4Cidr>,
    /// Unspecified where there is none.
    gateway: Ipv4Addr,
    owed: Deque<Owed, OWED>,
    defended: Option<Moment>,
    #[cfg(feature = "probe")]
    pub(super) claim: Option<super::claim::Claim>,
}

impl Side {
    pub(super) const fn new() -> Self {
        Self {
            ours: None,
            gateway: Ipv4Addr::UNSPECIFIED,
            owed: Deque::new(),
            defended: None,
            #[cfg(feature = "probe")]
            claim: None,
        }
    }

    pub(super) fn set(&mut self, ours: Option<Ipv4Cidr>, gateway: Option<Ipv4Addr>) {
        self.ours = ours;
        self.gateway = gateway.unwrap_or(Ipv4Addr::UNSPECIFIED);
        self.defended = None;
    }

    pub(super) const fn ours(&self) -> Option<Ipv4Cidr> {
        self.ours
    }

    pub(super) const fn gateway(&self) -> Ipv4Addr {
        self.gateway
    }

    /// Who takes a packet for `destination`.
    pub(super) fn next_hop(&self, destination: Ipv4Addr) -> Option<Ipv4Addr> {
        if self.ours?.is_on_link(destination) {
            Some(destination)
        } else {
            Some(self.gateway).filter(|gateway| !gateway.is_unspecified())
        }
    }

    /// An ARP packet arrives. `Ok` names who answered what we asked.
    pub(super) fn arrive(
        &mut self,
        now: Instant,
        frame: &Frame<'_>,
        neighbors: &mut Neighbors<'_>,
    ) -> Result<Option<Hop>, LinkDropped> {
        let packet = Arp::parse(frame.payload)?;
        // No frame that comes so far has a group as its source.
        if *packet.sender_mac != frame.source.0 {
            return Err(LinkDropped::ArpSender);
        }
        #[cfg(feature = "probe")]
        if let Some(claim) = &mut self.claim {
            claim.hear(&packet);
        }
        let ours = self.ours.map(Ipv4Cidr::address);
        if ours == Some(packet.sender) {
            return self.defend(now, packet.sender);
        }
        // A probe for an address that its sender would like to have comes from 0.0.0.0.
        if !packet.sender.is_unspecified() && !is_host(packet.sender) {
            return Err(LinkDropped::ArpSender);
        }
        match packet.operation {
            Operation::Request if ours == Some(packet.target) => {
                self.owe(Operation::Reply, packet.sender_mac, packet.sender)?;
                Ok(None)
            }
            Operation::Request => Ok(None),
            Operation::Reply => {
                let sender = packet.sender.into();
                let asked = neighbors.confirm(now, &sender, frame.source);
                asked.then_some(Some(sender)).ok_or(LinkDropped::ArpUnasked)
            }
        }
    }

    /// Another host claims our address: says whose it is, in moderation.
    //= https://www.rfc-editor.org/rfc/rfc5227#section-2.4
    //# However, if this is not the first
    //# conflicting ARP packet the host has seen, and the time recorded
    //# for the previous conflicting ARP packet is within DEFEND_INTERVAL
    //# seconds, then the host MUST NOT send another defensive ARP
    //# Announcement.
    fn defend(&mut self, now: Instant, ours: Ipv4Addr) -> Result<Option<Hop>, LinkDropped> {
        let now = Moment::at(now);
        let lately = |at: Moment| at.until(now) < DEFEND_INTERVAL;
        let lately = self.defended.is_some_and(lately);
        self.defended = Some(now);
        if lately {
            #[cfg(feature = "probe")]
            if let Some(claim) = &mut self.claim {
                claim.contest();
            }
        } else {
            self.announce(ours);
        }
        Err(LinkDropped::ArpConflict)
    }

    /// Tells everyone whose address it is, or asks whether anyone has it while it is not ours.
    pub(super) fn announce(&mut self, address: Ipv4Addr) {
        let _ = self.owe(Operation::Request, &MacAddress::BROADCAST.0, address);
    }

    /// A request to `to`, or an answer to it.
    #[inline(never)]
    pub(super) fn owe(
        &mut self,
        operation: Operation,
        to: &[u8; 6],
        target: Ipv4Addr,
    ) -> Result<(), LinkDropped> {
        let owed = Owed {
            operation,
            to: MacAddress(*to),
            target,
        };
        let pushed = self.owed.push_back(owed);
        pushed.map_err(|_| LinkDropped::QueueFull)
    }

    /// Whether something waits to be written.
    #[cfg(feature = "probe")]
    pub(super) fn owes(&self) -> bool {
        !self.owed.is_empty()
    }

    /// Our address as the sender of a packet about `target`.
    fn sender(&self, target: Ipv4Addr) -> Ipv4Addr {
        #[cfg(feature = "probe")]
        if self
            .claim
            .as_ref()
            .is_some_and(|claim| claim.probes(target))
        {
            return Ipv4Addr::UNSPECIFIED;
        }
        let _ = target;
        self.ours.map_or(Ipv4Addr::UNSPECIFIED, Ipv4Cidr::address)
    }

    /// Writes an ARP packet that waits; the frame's length.
    pub(super) fn pay(&mut self, mac: &MacAddress, frame: &mut [u8]) -> Option<usize> {
        let owed = self.owed.front()?;
        let packet = Arp {
            operation: owed.operation,
            sender_mac: &mac.0,
            sender: self.sender(owed.target),
            target_mac: match owed.operation {
                Operation::Request => &[0; 6],
                Operation::Reply => &owed.to.0,
            },
            target: owed.target,
        };
        packet.write(frame.get_mut(HEADER..)?)?;
        let route = Route {
            from: mac,
            to: &owed.to,
        };
        let len = ethernet::finish(frame, route, Carries::Arp, arp::LENGTH);
        self.owed.pop_front();
        len
    }
}
