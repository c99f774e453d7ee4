//! The DHCP client (RFC 2131): gets an IPv4 address from a server, keeps it, and gives it up.
//!
//! ```text
//!   Searching --OFFER--> Requesting --ACK--> Checking --free--> Bound --T1--> Renewing
//!      ^  ^                 | NAK, silence      | taken: DECLINE   ^             | T2
//!      |  +-----------------+-------------------+                  +---ACK--- Rebinding
//!      +------------- NAK, or the lease is over: the address goes ---------------+
//!   the cable carries again: Bound --> Confirming --ACK, silence--> Bound, --NAK--> Searching
//! ```
//!
//! An answer counts if it has the number and the hardware address of what was asked, in a state in
//! which it can be an answer. The number is new for each exchange. What is sent is sent again with
//! pauses that double, for ever; a server that comes late is found.

mod message;

use core::net::{IpAddr, Ipv4Addr, SocketAddr};

use heapless::Vec;
use tcp_core::{Duration, Instant};

use super::cidr::Ipv4Cidr;
use super::claim::ClaimState;
use super::dropped::LinkDropped;
use super::random::Random;
use super::udp::Datagram;
use crate::mac::MacAddress;
pub(super) use message::SERVERS;
use message::{Kind, Reply, Said};

const SERVER_PORT: u16 = 67;
pub(super) const CLIENT_PORT: u16 = 68;

const SECOND: Duration = Duration::from_secs(1);
//= https://www.rfc-editor.org/rfc/rfc2131#section-4.1
//# For example, in a 10Mb/sec Ethernet
//# internetwork, the delay before the first retransmission SHOULD be 4
//# seconds randomized by the value of a uniform random number chosen
//# from the range -1 to +1.
const FIRST_PAUSE: Duration = Duration::from_secs(4);
/// It doubles four times, to 64 seconds.
const DOUBLINGS: u8 = 4;
/// Requests for an offer, or for an address that was had before.
const REQUESTS: u8 = 4;
//= https://www.rfc-editor.org/rfc/rfc2131#section-3.1
//# The client SHOULD wait a minimum of ten seconds before restarting the
//# configuration process to avoid excessive network traffic in case of
//# looping.
const AFTER_DECLINE: Duration = Duration::from_secs(10);
//= https://www.rfc-editor.org/rfc/rfc2131#section-4.4.5
//# down to a minimum of 60 seconds, before
//# retransmitting the DHCPREQUEST message.
const LEAST_RENEWAL_PAUSE: Duration = Duration::from_secs(60);
/// How soon to look again whether the server's hardware address is known.
const LOOK_AGAIN: Duration = Duration::from_millis(200);
/// A lease that is shorter is over before it is checked.
const LEAST_LEASE: u32 = 10;

/// How far the client is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum DhcpState {
    /// Looks for servers.
    Searching,
    /// Asks a server for what it offered.
    Requesting,
    /// Asks the network whether the address is free.
    Checking,
    /// Has a lease.
    Bound,
    /// Has a lease, and asks its server for a longer one.
    Renewing,
    /// Has a lease, and asks any server for a longer one.
    Rebinding,
    /// Has a lease, and asks whether it is good in this network.
    Confirming,
    /// Tells the server that the address is taken.
    Declining,
}

/// What a server lent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Lease {
    /// The address, and which others are on the link.
    pub address: Ipv4Cidr,
    /// Who takes what is not on the link.
    pub gateway: Option<Ipv4Addr>,
    /// Name servers.
    pub dns: Vec<Ipv4Addr, SERVERS>,
    /// Who lent it.
    pub server: Ipv4Addr,
    /// When it is over; `None`: never.
    pub until: Option<Instant>,
    renew_at: Option<Instant>,
    rebind_at: Option<Instant>,
}

impl Lease {
    /// What `reply` offers, counted from when it was asked for.
    fn of(reply: Reply, asked: Instant) -> Option<Self> {
        let seconds = reply.lease.filter(|seconds| *seconds >= LEAST_LEASE)?;
        let after = |seconds: u32| asked + Duration::from_secs(seconds.into());
        let (renew, rebind) = match (reply.renewal, reply.rebinding) {
            (Some(renew), Some(rebind)) if renew < rebind && rebind < seconds => (renew, rebind),
            // RFC 2131 section 4.4.5: a half, and seven eighths.
            _ => (seconds / 2, seconds - seconds / 8),
        };
        let is_endless = seconds == u32::MAX;
        let at = |seconds| (!is_endless).then_some(after(seconds));
        Some(Self {
            address: reply.cidr()?,
            gateway: reply.router,
            server: reply.server?,
            dns: reply.dns,
            until: at(seconds),
            renew_at: at(renew),
            rebind_at: at(rebind),
        })
    }
}

/// What the link layer has to do about the address.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Action {
    None,
    /// Ask whether it is free, and use it then.
    Claim(Ipv4Cidr, Option<Ipv4Addr>),
    /// Use it still, with what may have changed.
    Keep(Ipv4Cidr, Option<Ipv4Addr>),
    /// Stop using it.
    GiveUp,
}

/// The client.
#[derive(Debug)]
pub(crate) struct Client {
    mac: MacAddress,
    state: DhcpState,
    xid: u32,
    /// Messages sent in this state.
    sent: u8,
    /// When the next message is to be sent.
    due: Option<Instant>,
    /// When the exchange began, and when the last message was sent.
    began: Instant,
    asked: Instant,
    /// What is offered or had.
    lease: Option<Lease>,
}

impl Client {
    pub(super) fn new(now: Instant, mac: MacAddress, random: &mut Random) -> Self {
        let mut client = Self {
            mac,
            state: DhcpState::Searching,
            xid: 0,
            sent: 0,
            due: None,
            began: now,
            asked: now,
            lease: None,
        };
        client.enter(now, DhcpState::Searching, random);
        client.due = Some(now + random.below(SECOND));
        client
    }

    pub(crate) const fn state(&self) -> DhcpState {
        self.state
    }

    /// The lease, while its address is used.
    pub(crate) fn lease(&self) -> Option<&Lease> {
        self.lease.as_ref().filter(|_| self.is_holding())
    }

    const fn is_holding(&self) -> bool {
        match self.state {
            DhcpState::Bound
            | DhcpState::Renewing
            | DhcpState::Rebinding
            | DhcpState::Confirming => true,
            DhcpState::Searching
            | DhcpState::Requesting
            | DhcpState::Checking
            | DhcpState::Declining => false,
        }
    }

    /// Begins an exchange of its own number in `state`, at once.
    fn enter(&mut self, now: Instant, state: DhcpState, random: &mut Random) {
        self.state = state;
        self.xid = (random.next() >> 32) as u32;
        self.sent = 0;
        self.began = now;
        self.due = Some(now);
    }

    /// Looks for servers after `pause`.
    fn search(&mut self, now: Instant, pause: Duration, random: &mut Random) -> Action {
        let held = self.is_holding();
        self.lease = None;
        self.enter(now, DhcpState::Searching, random);
        self.due = Some(now + pause + random.below(SECOND));
        if held { Action::GiveUp } else { Action::None }
    }

    fn bind(&mut self) {
        self.state = DhcpState::Bound;
        self.due = None;
    }

    /// A datagram for the client's port.
    pub(super) fn arrive(
        &mut self,
        now: Instant,
        datagram: &Datagram<'_>,
        random: &mut Random,
    ) -> Result<Action, LinkDropped> {
        let unasked = LinkDropped::UdpUnasked;
        if datagram.from.port() != SERVER_PORT {
            return Err(unasked);
        }
        let reply = Reply::parse(datagram.data).ok_or(LinkDropped::UdpMalformed)?;
        if reply.xid != self.xid || reply.mac != self.mac || self.sent == 0 {
            return Err(unasked);
        }
        match (self.state, reply.kind) {
            (DhcpState::Searching, Kind::Offer) => {
                let offer = Lease::of(reply, self.asked);
                self.lease = Some(offer.ok_or(LinkDropped::UdpMalformed)?);
                // The server knows the exchange by its number, so that stays.
                self.state = DhcpState::Requesting;
                self.sent = 0;
                self.due = Some(now);
                Ok(Action::None)
            }
            (DhcpState::Requesting, Kind::Ack | Kind::Nak) if !self.is_chosen(&reply) => {
                Err(unasked)
            }
            (DhcpState::Requesting, Kind::Ack) => {
                let lease = Lease::of(reply, self.asked).ok_or(LinkDropped::UdpMalformed)?;
                let claim = Action::Claim(lease.address, lease.gateway);
                self.lease = Some(lease);
                self.state = DhcpState::Checking;
                self.due = None;
                Ok(claim)
            }
            (DhcpState::Renewing | DhcpState::Rebinding | DhcpState::Confirming, Kind::Ack) => {
                let lease = Lease::of(reply, self.asked).ok_or(LinkDropped::UdpMalformed)?;
                let had = self.lease.as_ref().map(|lease| lease.address.address());
                if had != Some(lease.address.address()) {
                    return Ok(self.search(now, SECOND, random));
                }
                let keep = Action::Keep(lease.address, lease.gateway);
                self.lease = Some(lease);
                self.bind();
                Ok(keep)
            }
            (
                DhcpState::Requesting
                | DhcpState::Renewing
                | DhcpState::Rebinding
                | DhcpState::Confirming,
                Kind::Nak,
            ) => Ok(self.search(now, SECOND, random)),
            (
                DhcpState::Searching
                | DhcpState::Requesting
                | DhcpState::Checking
                | DhcpState::Bound
                | DhcpState::Renewing
                | DhcpState::Rebinding
                | DhcpState::Confirming
                | DhcpState::Declining,
                _,
            ) => Err(unasked),
        }
    }

    /// Whether it is the server speaking whose offer was chosen.
    fn is_chosen(&self, reply: &Reply) -> bool {
        let server = self.lease.as_ref().map(|lease| lease.server);
        reply.server.is_some() && reply.server == server
    }

    /// Does what is due, knowing what became of the claim to the address.
    pub(super) fn advance(
        &mut self,
        now: Instant,
        claim: Option<ClaimState>,
        random: &mut Random,
    ) -> Action {
        if claim == Some(ClaimState::Lost) && (self.is_holding() || self.is_checking()) {
            let held = self.is_holding();
            self.enter(now, DhcpState::Declining, random);
            return if held { Action::GiveUp } else { Action::None };
        }
        if claim == Some(ClaimState::Won) && self.is_checking() {
            self.bind();
        }
        let Some(lease) = self.lease.as_ref().filter(|_| self.is_holding()) else {
            return Action::None;
        };
        let passed = |at: Option<Instant>| at.is_some_and(|at| at <= now);
        //= https://www.rfc-editor.org/rfc/rfc2131#section-4.4.5
        //# If the lease expires before the client receives a DHCPACK, the client
        //# moves to INIT state, MUST immediately stop any other network
        //# processing
        if passed(lease.until) {
            return self.search(now, Duration::ZERO, random);
        }
        if passed(lease.rebind_at) {
            if self.state != DhcpState::Rebinding {
                self.enter(now, DhcpState::Rebinding, random);
            }
        } else if passed(lease.renew_at) && self.state == DhcpState::Bound {
            self.enter(now, DhcpState::Renewing, random);
        }
        Action::None
    }

    fn is_checking(&self) -> bool {
        self.state == DhcpState::Checking
    }

    /// The cable carries again, perhaps in another network.
    pub(super) fn reattach(&mut self, now: Instant, random: &mut Random) {
        match self.state {
            DhcpState::Bound | DhcpState::Renewing | DhcpState::Rebinding => {
                self.enter(now, DhcpState::Confirming, random);
            }
            DhcpState::Confirming => self.enter(now, DhcpState::Confirming, random),
            DhcpState::Searching | DhcpState::Requesting => {
                self.search(now, Duration::ZERO, random);
            }
            // The claim goes on; silence in it proves less than it might.
            DhcpState::Checking | DhcpState::Declining => {}
        }
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        let held = self.lease.as_ref().filter(|_| self.is_holding());
        let step = held.and_then(|lease| match self.state {
            DhcpState::Bound => lease.renew_at,
            DhcpState::Renewing => lease.rebind_at,
            DhcpState::Searching
            | DhcpState::Requesting
            | DhcpState::Checking
            | DhcpState::Rebinding
            | DhcpState::Confirming
            | DhcpState::Declining => None,
        });
        let until = held.and_then(|lease| lease.until);
        [self.due, step, until].into_iter().flatten().min()
    }

    /// Both ends of the message that is due, if one is.
    pub(super) fn due(&self, now: Instant) -> Option<(SocketAddr, SocketAddr)> {
        self.due.filter(|due| *due <= now)?;
        let lease = self.lease.as_ref();
        let ours = lease.map_or(Ipv4Addr::UNSPECIFIED, |lease| lease.address.address());
        let (from, to) = match (self.state, lease) {
            (DhcpState::Renewing, Some(lease)) => (ours, lease.server),
            (DhcpState::Rebinding, _) => (ours, Ipv4Addr::BROADCAST),
            _ => (Ipv4Addr::UNSPECIFIED, Ipv4Addr::BROADCAST),
        };
        Some((
            SocketAddr::new(IpAddr::V4(from), CLIENT_PORT),
            SocketAddr::new(IpAddr::V4(to), SERVER_PORT),
        ))
    }

    /// The server's hardware address is not known: not yet.
    pub(super) fn postpone(&mut self, now: Instant) {
        self.due = Some(now + LOOK_AGAIN);
    }

    /// Writes the message that is due to the start of `out`; its length. Or the time for it is
    /// over.
    pub(super) fn write(
        &mut self,
        now: Instant,
        out: &mut [u8],
        random: &mut Random,
    ) -> Option<usize> {
        let lease = self.lease.as_ref();
        let address = lease.map(|lease| lease.address.address());
        let server = lease.map(|lease| lease.server);
        let (kind, ours, requested, server) = match self.state {
            DhcpState::Searching => (Kind::Discover, None, None, None),
            DhcpState::Requesting => (Kind::Request, None, address, server),
            DhcpState::Renewing | DhcpState::Rebinding => (Kind::Request, address, None, None),
            DhcpState::Confirming => (Kind::Request, None, address, None),
            DhcpState::Declining => (Kind::Decline, None, address, server),
            DhcpState::Checking | DhcpState::Bound => {
                self.due = None;
                return None;
            }
        };
        if self.sent == REQUESTS && self.give_up(now, random) {
            return None;
        }
        let seconds = (now - self.began).as_millis() / 1_000;
        let said = Said {
            kind,
            xid: self.xid,
            seconds: u16::try_from(seconds).unwrap_or(u16::MAX),
            mac: self.mac,
            ours,
            requested,
            server,
        };
        let len = said.write(out)?;
        self.asked = now;
        if self.state == DhcpState::Declining {
            self.lease = None;
            self.search(now, AFTER_DECLINE, random);
            return Some(len);
        }
        self.due = Some(now + self.pause(now, random));
        self.sent = self.sent.saturating_add(1);
        Some(len)
    }

    /// Nobody answers: whether the exchange is over.
    //= https://www.rfc-editor.org/rfc/rfc2131#section-3.2
    //# If the client
    //# receives neither a DHCPACK or a DHCPNAK message after employing
    //# the retransmission algorithm, the
    //# client MAY choose to use the previously allocated network
    //# address and configuration parameters for the remainder of the
    //# unexpired lease.
    fn give_up(&mut self, now: Instant, random: &mut Random) -> bool {
        match self.state {
            DhcpState::Requesting => {
                self.search(now, Duration::ZERO, random);
                true
            }
            DhcpState::Confirming => {
                self.bind();
                true
            }
            DhcpState::Searching
            | DhcpState::Checking
            | DhcpState::Bound
            | DhcpState::Renewing
            | DhcpState::Rebinding
            | DhcpState::Declining => false,
        }
    }

    /// How long to wait for an answer to what is sent.
    fn pause(&self, now: Instant, random: &mut Random) -> Duration {
        let lease = self.lease.as_ref();
        let end = match self.state {
            DhcpState::Renewing => lease.and_then(|lease| lease.rebind_at),
            DhcpState::Rebinding => lease.and_then(|lease| lease.until),
            DhcpState::Searching
            | DhcpState::Requesting
            | DhcpState::Checking
            | DhcpState::Bound
            | DhcpState::Confirming
            | DhcpState::Declining => {
                let base = FIRST_PAUSE.doubled(self.sent.min(DOUBLINGS).into());
                let least = Duration::from_micros(base.as_micros().saturating_sub(1_000_000));
                return least + random.below(SECOND + SECOND);
            }
        };
        let left = end.map_or(Duration::ZERO, |end| end - now);
        let half = Duration::from_micros(left.as_micros() / 2);
        half.max(LEAST_RENEWAL_PAUSE)
    }
}

#[cfg(test)]
mod tests;
