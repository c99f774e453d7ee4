//! The claim to an IPv4 address: asks whether anyone has it, and says that it is ours (RFC 5227).
//!
//! ```text
//!   start --0..1 s-- probe --1..2 s-- probe --1..2 s-- probe --2 s-- announce --2 s-- announce
//!                                                               |
//!                                                               the address is used from here on
//! ```
//!
//! The address belongs to nobody until the announcement; whoever shows that it is taken before
//! ends the claim.

use core::net::Ipv4Addr;

use tcp_core::{Duration, Instant};

use super::arp::Arp;
use super::cidr::Ipv4Cidr;
use super::random::Random;

//= https://www.rfc-editor.org/rfc/rfc5227#section-1.1
//# PROBE_NUM            3          (number of probe packets)
const PROBE_NUM: u8 = 3;
//= https://www.rfc-editor.org/rfc/rfc5227#section-1.1
//# ANNOUNCE_NUM         2          (number of Announcement packets)
const ANNOUNCE_NUM: u8 = 2;
const SECOND: Duration = Duration::from_secs(1);
/// ANNOUNCE_WAIT and ANNOUNCE_INTERVAL.
const TWO_SECONDS: Duration = Duration::from_secs(2);

/// How far a claim is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ClaimState {
    /// It is being asked whether anyone has the address.
    Probing,
    /// The address is ours.
    Won,
    /// Another host has the address.
    Lost,
}

/// What happens when another host claims the address again and again after it was won.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum WhenContested {
    /// It is kept, as section 2.4 (c) of RFC 5227 allows to who was told to have it.
    Keep,
    /// It is given up, as section 2.4 (b) has it.
    #[cfg(feature = "dhcp")]
    Yield,
}

/// What a claim does next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Step {
    /// Probe for the address.
    Probe(Ipv4Addr),
    /// Use the address from here on, and announce it.
    Use(Ipv4Cidr, Option<Ipv4Addr>),
    /// Announce it.
    Announce(Ipv4Addr),
}

/// A claim, and afterwards what became of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Claim {
    wanted: Ipv4Cidr,
    gateway: Option<Ipv4Addr>,
    contested: WhenContested,
    state: ClaimState,
    /// Probes, then announcements that were sent.
    sent: u8,
    /// When the next step is due.
    due: Option<Instant>,
}

impl Claim {
    pub(crate) fn new(
        now: Instant,
        (wanted, gateway): (Ipv4Cidr, Option<Ipv4Addr>),
        contested: WhenContested,
        random: &mut Random,
    ) -> Self {
        Self {
            wanted,
            gateway,
            contested,
            state: ClaimState::Probing,
            sent: 0,
            due: Some(now + random.below(SECOND)),
        }
    }

    pub(crate) const fn state(&self) -> ClaimState {
        self.state
    }

    pub(crate) const fn deadline(&self) -> Option<Instant> {
        self.due
    }

    /// Whether it is being asked for this address.
    pub(super) fn probes(&self, address: Ipv4Addr) -> bool {
        self.state == ClaimState::Probing && self.wanted.address() == address
    }

    /// What was said last has not left: listening begins when it has.
    pub(super) fn wait(&mut self, now: Instant) {
        if self.state == ClaimState::Probing {
            self.due = self.due.max(Some(now + TWO_SECONDS));
        }
    }

    /// Another host's ARP packet.
    //= https://www.rfc-editor.org/rfc/rfc5227#section-2.1.1
    //# If during this period, from the beginning of the probing process
    //# until ANNOUNCE_WAIT seconds after the last probe packet is sent, the
    //# host receives any ARP packet (Request *or* Reply) on the interface
    //# where the probe is being performed, where the packet's 'sender IP
    //# address' is the address being probed for, then the host MUST treat
    //# this address as being in use by some other host
    pub(super) fn hear(&mut self, packet: &Arp) {
        let wanted = self.wanted.address();
        let rival = packet.sender.is_unspecified() && packet.target == wanted;
        if self.state == ClaimState::Probing && (packet.sender == wanted || rival) {
            self.lose();
        }
    }

    /// Another host claims the address although it was defended.
    pub(super) fn contest(&mut self) {
        match self.contested {
            WhenContested::Keep => {}
            #[cfg(feature = "dhcp")]
            WhenContested::Yield => self.lose(),
        }
    }

    fn lose(&mut self) {
        self.state = ClaimState::Lost;
        self.due = None;
    }

    /// What is due.
    pub(super) fn step(&mut self, now: Instant, random: &mut Random) -> Option<Step> {
        let address = self.wanted.address();
        self.due.take_if(|due| *due <= now)?;
        match self.state {
            ClaimState::Probing if self.sent < PROBE_NUM => {
                self.sent += 1;
                let wait = if self.sent == PROBE_NUM {
                    TWO_SECONDS
                } else {
                    SECOND + random.below(SECOND)
                };
                self.due = Some(now + wait);
                Some(Step::Probe(address))
            }
            ClaimState::Probing => {
                self.state = ClaimState::Won;
                self.sent = 1;
                self.due = Some(now + TWO_SECONDS);
                Some(Step::Use(self.wanted, self.gateway))
            }
            ClaimState::Won => {
                self.sent += 1;
                self.due = (self.sent < ANNOUNCE_NUM).then_some(now + TWO_SECONDS);
                Some(Step::Announce(address))
            }
            ClaimState::Lost => None,
        }
    }
}

#[cfg(test)]
mod tests;
