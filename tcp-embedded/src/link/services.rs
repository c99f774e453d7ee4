//! What the link layer does of its own accord: claims, leases, lookups, and when.

#[cfg(any(feature = "dhcp", feature = "dns"))]
use core::net::IpAddr;
#[cfg(feature = "probe")]
use core::net::Ipv4Addr;
#[cfg(feature = "dns")]
use core::net::SocketAddr;

#[cfg(feature = "dns")]
use heapless::Vec;
#[cfg(any(feature = "dhcp", feature = "dns"))]
use tcp_core::wire::Address;
use tcp_core::{Instant, Received};

#[cfg(feature = "probe")]
use super::cidr::Ipv4Cidr;
#[cfg(feature = "probe")]
use super::claim::{Claim, ClaimState, Step, WhenContested};
#[cfg(feature = "dhcp")]
use super::dhcp::{self, Action, Client};
#[cfg(feature = "dns")]
use super::dns;
#[cfg(any(feature = "dhcp", feature = "dns"))]
use super::{Carries, HEADER, LinkDropped, Outgoing, udp};
use super::{Link, Live};
#[cfg(any(feature = "dhcp", feature = "dns"))]
use crate::mac::MacAddress;

impl Link<'_> {
    /// Does what is due.
    pub(crate) fn advance(&mut self, now: Instant) {
        #[cfg(feature = "probe")]
        self.advance_claim(now);
        #[cfg(feature = "dhcp")]
        self.advance_dhcp(now);
        #[cfg(feature = "dns")]
        self.dns.advance(now);
        #[cfg(all(feature = "ipv6", feature = "dns"))]
        self.advance_ipv6(now);
        let _ = now;
    }

    /// When something is due next.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let times = [
            None,
            #[cfg(feature = "probe")]
            self.ipv4.claim.as_ref().and_then(Claim::deadline),
            #[cfg(feature = "dhcp")]
            self.dhcp.as_ref().and_then(Client::deadline),
            #[cfg(feature = "dns")]
            self.dns.deadline(),
            #[cfg(feature = "ipv6")]
            self.ipv6_deadline(),
        ];
        times.into_iter().flatten().min()
    }

    /// The cable carries again, perhaps in another network.
    #[cfg(any(feature = "dhcp", feature = "ipv6"))]
    pub(crate) fn reattach(&mut self, now: Instant) {
        #[cfg(feature = "ipv6")]
        self.reattach_ipv6(now);
        #[cfg(feature = "dhcp")]
        if let Some(client) = &mut self.dhcp {
            client.reattach(now, &mut self.random);
        }
        let _ = now;
    }

    /// A packet that was not for the stack.
    #[cfg(not(any(feature = "dhcp", feature = "dns")))]
    pub(crate) fn take(&mut self, _: Instant, _: Received<'_>) {}

    /// A packet that was not for the stack: what is not UDP has no taker.
    #[cfg(any(feature = "dhcp", feature = "dns"))]
    pub(crate) fn take(&mut self, now: Instant, received: Received<'_>) {
        let Received::NotTcp {
            protocol: tcp_core::wire::PROTOCOL_UDP,
            source,
            destination,
            payload,
        } = received
        else {
            return;
        };
        let datagram = udp::Datagram::parse(source, destination, payload);
        if let Err(reason) = datagram.and_then(|datagram| self.deliver(now, &datagram)) {
            self.count(reason);
        }
    }

    #[cfg(any(feature = "dhcp", feature = "dns"))]
    fn deliver(&mut self, now: Instant, datagram: &udp::Datagram<'_>) -> Result<(), LinkDropped> {
        #[cfg(feature = "dhcp")]
        if datagram.to_port == dhcp::CLIENT_PORT {
            let client = self.dhcp.as_mut().ok_or(LinkDropped::UdpUnasked)?;
            let action = client.arrive(now, datagram, &mut self.random)?;
            self.act(now, action);
            return Ok(());
        }
        #[cfg(feature = "dns")]
        return self.dns.arrive(now, datagram);
        #[cfg(not(feature = "dns"))]
        Err(LinkDropped::UdpUnasked)
    }

    /// Writes a datagram that a service has to send; the frame's length.
    pub(super) fn pay_datagram(
        &mut self,
        _now: Instant,
        _frame: &mut [u8],
        _live: Live<'_>,
    ) -> Option<usize> {
        #[cfg(feature = "dhcp")]
        if let Some(len) = self.pay_dhcp(_now, _frame, _live) {
            return Some(len);
        }
        #[cfg(feature = "dns")]
        if let Some(len) = self.pay_dns(_now, _frame, _live) {
            return Some(len);
        }
        None
    }
}

/// The lease.
#[cfg(feature = "dhcp")]
impl Link<'_> {
    /// Looks for a server; the address that there was is given up.
    pub(crate) fn start_dhcp(&mut self, now: Instant) {
        self.random.stir(now);
        self.act(now, Action::GiveUp);
        self.dhcp = Some(Client::new(now, self.mac, &mut self.random));
    }

    pub(crate) fn stop_dhcp(&mut self) {
        self.dhcp = None;
    }

    pub(crate) const fn dhcp(&self) -> Option<&Client> {
        self.dhcp.as_ref()
    }

    fn advance_dhcp(&mut self, now: Instant) {
        let claim = self.claim_state();
        if let Some(client) = &mut self.dhcp {
            let action = client.advance(now, claim, &mut self.random);
            self.act(now, action);
        }
    }

    fn act(&mut self, now: Instant, action: Action) {
        match action {
            Action::None => {}
            Action::Claim(address, gateway) => {
                self.claim(now, (address, gateway), WhenContested::Yield);
            }
            Action::Keep(address, gateway) => self.ipv4.set(Some(address), gateway),
            Action::GiveUp => {
                self.forget_claim();
                self.ipv4.set(None, None);
            }
        }
    }

    fn pay_dhcp(&mut self, now: Instant, frame: &mut [u8], live: Live<'_>) -> Option<usize> {
        let (from, to) = self.dhcp.as_ref()?.due(now)?;
        let mac = if to.ip() == Ipv4Addr::BROADCAST {
            MacAddress::BROADCAST
        } else if let Some(mac) = self.reach(now, to.ip(), live) {
            mac
        } else {
            self.dhcp.as_mut()?.postpone(now);
            return None;
        };
        let packet = frame.get_mut(HEADER..)?;
        let data = packet.get_mut(udp::headers(to.ip())..)?;
        let len = self.dhcp.as_mut()?.write(now, data, &mut self.random)?;
        let len = udp::finish(packet, from, to, len)?;
        self.finish(frame, &mac, Carries::Ipv4, len)
    }
}

/// Names.
#[cfg(feature = "dns")]
impl Link<'_> {
    /// Whom to ask: configured servers, or else those that were found.
    pub(crate) fn name_servers(&self) -> Vec<IpAddr, 8> {
        let mut servers = Vec::new();
        // There is room for all that each source keeps.
        let _ = servers.extend_from_slice(&self.dns.servers);
        if !servers.is_empty() {
            return servers;
        }
        #[cfg(feature = "dhcp")]
        if let Some(lease) = self.dhcp.as_ref().and_then(Client::lease) {
            for server in &lease.dns {
                let _ = servers.push(IpAddr::V4(*server));
            }
        }
        #[cfg(feature = "ipv6")]
        for server in self.ipv6_name_servers() {
            let _ = servers.push(IpAddr::V6(server));
        }
        servers
    }

    pub(crate) const fn resolver(&mut self) -> &mut dns::Resolver {
        &mut self.dns
    }

    fn pay_dns(&mut self, now: Instant, frame: &mut [u8], live: Live<'_>) -> Option<usize> {
        let servers = self.name_servers();
        let (index, server) = self.dns.due(now, &servers)?;
        let way = server.and_then(|server| {
            let from = self.source(now, server)?;
            let mac = self.reach(now, server, live)?;
            Some((server, from, mac))
        });
        let Some((server, from, mac)) = way else {
            self.dns.postpone(now, index);
            return None;
        };
        let packet = frame.get_mut(HEADER..)?;
        let data = packet.get_mut(udp::headers(server)..)?;
        let random = &mut self.random;
        random.stir(now);
        let (port, len) = self.dns.write(now, (index, server), data, random)?;
        let from = SocketAddr::new(from, port);
        let to = SocketAddr::new(server, dns::SERVER_PORT);
        let len = udp::finish(packet, from, to, len)?;
        let carries = match server {
            IpAddr::V4(_) => Carries::Ipv4,
            #[cfg(feature = "ipv6")]
            IpAddr::V6(_) => Carries::Ipv6,
            #[cfg(not(feature = "ipv6"))]
            IpAddr::V6(_) => return None,
        };
        self.finish(frame, &mac, carries, len)
    }

    /// The address to talk to `remote` from.
    fn source(&self, _now: Instant, remote: IpAddr) -> Option<IpAddr> {
        match remote {
            IpAddr::V4(_) => Some(IpAddr::V4(self.ipv4()?.address())),
            #[cfg(feature = "ipv6")]
            IpAddr::V6(remote) => self.ipv6_source(_now, remote).map(IpAddr::V6),
            #[cfg(not(feature = "ipv6"))]
            IpAddr::V6(_) => None,
        }
    }
}

/// The way of a datagram.
#[cfg(any(feature = "dhcp", feature = "dns"))]
impl Link<'_> {
    /// The hardware address to which a packet for `destination` goes, if it is known; asks for it
    /// otherwise.
    #[inline(never)]
    fn reach(&mut self, now: Instant, destination: IpAddr, live: Live<'_>) -> Option<MacAddress> {
        let packet = Outgoing {
            destination: Address::new(destination)?,
            len: 0,
        };
        let (next_hop, _) = self.route(now, packet)?;
        let mac = *self.resolve(now, next_hop, live)?;
        (!mac.is_group()).then_some(mac)
    }
}

/// Claims to an IPv4 address.
#[cfg(feature = "probe")]
impl Link<'_> {
    /// Claims an address; it is used once it proved to be free.
    pub(crate) fn claim(
        &mut self,
        now: Instant,
        wanted: (Ipv4Cidr, Option<Ipv4Addr>),
        contested: WhenContested,
    ) {
        self.random.stir(now);
        self.ipv4.claim = Some(Claim::new(now, wanted, contested, &mut self.random));
    }

    pub(crate) fn claim_state(&self) -> Option<ClaimState> {
        self.ipv4.claim.as_ref().map(Claim::state)
    }

    pub(crate) fn forget_claim(&mut self) {
        self.ipv4.claim = None;
    }

    fn advance_claim(&mut self, now: Instant) {
        let owes = self.ipv4.owes();
        let Some(claim) = &mut self.ipv4.claim else {
            return;
        };
        if owes {
            claim.wait(now);
        }
        match claim.step(now, &mut self.random) {
            Some(Step::Probe(address) | Step::Announce(address)) => self.ipv4.announce(address),
            Some(Step::Use(ours, gateway)) => {
                self.ipv4.set(Some(ours), gateway);
                self.ipv4.announce(ours.address());
            }
            None => {}
        }
    }
}
