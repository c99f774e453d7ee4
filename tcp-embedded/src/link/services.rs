//! What the link layer does of its own accord: claims, leases, lookups, and when.

#[cfg(feature = "probe")]
use core::net::Ipv4Addr;

use tcp_core::{Instant, Received};

use super::Link;
#[cfg(feature = "probe")]
use super::cidr::Ipv4Cidr;
#[cfg(feature = "probe")]
use super::claim::{Claim, ClaimState, Step, WhenContested};
use super::neighbor::Hop;

impl Link<'_> {
    /// Does what is due.
    pub(crate) fn advance(&mut self, now: Instant) {
        #[cfg(feature = "probe")]
        self.advance_claim(now);
        #[cfg(feature = "ipv6")]
        self.advance_ipv6(now);
        let _ = now;
    }

    /// When something is due next.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let times = [
            None,
            #[cfg(feature = "probe")]
            self.ipv4.claim.as_ref().and_then(Claim::deadline),
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
        let _ = now;
    }

    /// A packet that was not for the stack.
    pub(crate) fn take(&mut self, now: Instant, received: Received<'_>) {
        let _ = (now, received);
    }

    /// Writes a datagram that a service has to send; the frame's length.
    pub(super) fn pay_datagram(
        &mut self,
        now: Instant,
        frame: &mut [u8],
        live: impl Fn(Hop) -> bool,
    ) -> Option<usize> {
        let _ = (now, frame, live);
        None
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
        let Some(claim) = &mut self.ipv4.claim else {
            return;
        };
        match claim.step(now, &mut self.random) {
            Some(Step::Probe(address)) => self.ipv4.probe(address),
            Some(Step::Use(ours, gateway)) => {
                self.ipv4.set(Some(ours), gateway);
                self.ipv4.announce(ours.address());
            }
            Some(Step::Announce(address)) => self.ipv4.announce(address),
            None => {}
        }
    }
}
