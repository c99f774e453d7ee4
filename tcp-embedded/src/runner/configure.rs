//! The addresses of a runner: those that it is told, and those that it finds out.

use core::net::{IpAddr, Ipv4Addr};

#[cfg(feature = "dns")]
use heapless::Vec;
use tcp_core::{Instant, Memory, Misuse, Profile};

#[cfg(feature = "ipv6")]
use super::SetupError;
use super::{LinkState, Mac, NEVER, Runner};
use crate::link::Ipv4Cidr;
#[cfg(feature = "ipv6")]
use crate::link::{Change, Ipv6Address, Ipv6Host};
#[cfg(feature = "probe")]
use crate::link::{ClaimState, WhenContested};
#[cfg(feature = "dhcp")]
use crate::link::{DhcpState, Lease};
#[cfg(feature = "dns")]
use crate::link::{DnsError, Query, RecordType};
#[cfg(feature = "ipv6")]
use crate::mac::Error as _;

impl<'a, D: Mac, M: Memory<'a>, P: Profile> Runner<'a, D, M, P> {
    /// Our IPv4 address, as far as there is one.
    #[must_use]
    pub const fn ipv4(&self) -> Option<Ipv4Cidr> {
        self.link.ipv4()
    }

    /// Uses another IPv4 address from here on, or none. Connections from the previous one are
    /// aborted, unless it stays the same.
    ///
    /// # Errors
    /// What [`Stack::add_address`](tcp_core::Stack::add_address) has against it; there is no IPv4
    /// address then.
    pub fn set_ipv4(
        &mut self,
        now: Instant,
        address: Option<Ipv4Cidr>,
        gateway: Option<Ipv4Addr>,
    ) -> Result<(), Misuse> {
        #[cfg(feature = "probe")]
        self.link.forget_claim();
        self.link.set_ipv4(address, gateway);
        self.install_ipv4(now)
    }

    /// Tells the stack of the IPv4 address that the link layer uses.
    fn install_ipv4(&mut self, now: Instant) -> Result<(), Misuse> {
        let wanted = self.link.ipv4();
        let address = wanted.map(Ipv4Cidr::address);
        if address == self.address {
            return Ok(());
        }
        if let Some(old) = self.address.take() {
            // It was added, so it can be taken back.
            let _ = self.stack.remove_address(now, IpAddr::V4(old));
        }
        if let Some(wanted) = wanted {
            let added = self
                .stack
                .add_address(IpAddr::V4(wanted.address()), wanted.prefix());
            if let Err(misuse) = added {
                self.link.set_ipv4(None, None);
                return Err(misuse);
            }
            self.address = address;
        }
        Ok(())
    }

    /// Does what addresses are due, and tells the stack and the device of what has changed.
    pub(super) fn configure(&mut self, now: Instant) {
        self.link.advance(now);
        #[cfg(feature = "probe")]
        if self.install_ipv4(now).is_err() {
            self.link.forget_claim();
        }
        #[cfg(feature = "ipv6")]
        self.install_ipv6(now);
    }

    /// When something is due next, on the link or in the stack.
    pub(super) fn next_deadline(&self) -> Instant {
        let stack = self.stack.next_deadline().map_or(NEVER, |(at, _)| at);
        self.link.deadline().map_or(stack, |at| at.min(stack))
    }

    /// Notices that the cable carries again.
    pub(super) fn note_link(&mut self, now: Instant, carries: LinkState) {
        #[cfg(any(feature = "dhcp", feature = "ipv6"))]
        {
            if (self.carried, carries) == (LinkState::Down, LinkState::Up) {
                self.link.reattach(now);
            }
            self.carried = carries;
        }
        let _ = (now, carries);
    }
}

/// Addresses that are asked for before they are used (RFC 5227).
#[cfg(feature = "probe")]
impl<'a, D: Mac, M: Memory<'a>, P: Profile> Runner<'a, D, M, P> {
    /// As [`set_ipv4`](Self::set_ipv4), but first asks for about five seconds whether another host
    /// has the address; [`claim_state`](Self::claim_state) tells what became of it. The previous
    /// address is given up at once.
    pub fn claim_ipv4(&mut self, now: Instant, address: Ipv4Cidr, gateway: Option<Ipv4Addr>) {
        // No address is never refused.
        let _ = self.set_ipv4(now, None, None);
        self.link
            .claim(now, (address, gateway), WhenContested::Keep);
    }

    /// What became of the last claim.
    #[must_use]
    pub fn claim_state(&self) -> Option<ClaimState> {
        self.link.claim_state()
    }
}

/// DHCP.
#[cfg(feature = "dhcp")]
impl<'a, D: Mac, M: Memory<'a>, P: Profile> Runner<'a, D, M, P> {
    /// Gets the IPv4 address from a server from here on, and keeps the lease. What address there
    /// was is given up.
    pub fn start_dhcp(&mut self, now: Instant) {
        self.link.start_dhcp(now);
        // No address is never refused.
        let _ = self.install_ipv4(now);
    }

    /// Gives the lease up, and with it the address, without telling the server.
    pub fn stop_dhcp(&mut self, now: Instant) {
        self.link.stop_dhcp();
        // No address is never refused.
        let _ = self.set_ipv4(now, None, None);
    }

    /// How far the client is; `None` when it was not started.
    #[must_use]
    pub fn dhcp_state(&self) -> Option<DhcpState> {
        Some(self.link.dhcp()?.state())
    }

    /// What a server lent, while it is used.
    #[must_use]
    pub fn lease(&self) -> Option<&Lease> {
        self.link.dhcp()?.lease()
    }
}

/// DNS.
#[cfg(feature = "dns")]
impl<'a, D: Mac, M: Memory<'a>, P: Profile> Runner<'a, D, M, P> {
    /// Asks for the addresses of a name; call [`poll`](Self::poll) afterwards. At most two
    /// questions are asked at a time.
    ///
    /// # Errors
    /// [`DnsError::BadName`], [`DnsError::Busy`].
    pub fn query(&mut self, now: Instant, name: &str, kind: RecordType) -> Result<Query, DnsError> {
        self.link.resolver().ask(now, name, kind)
    }

    /// The outcome of a question, once; `None` while it is awaited, at most for 15 seconds.
    pub fn answer(&mut self, query: Query) -> Option<Result<Vec<IpAddr, 4>, DnsError>> {
        self.link.resolver().take(query)
    }

    /// Nobody waits for the outcome any more.
    pub fn cancel(&mut self, query: Query) {
        self.link.resolver().cancel(query);
    }

    /// Asks these servers, at most four, instead of those that DHCP and routers told of; none:
    /// asks those again.
    pub fn set_name_servers(&mut self, servers: &[IpAddr]) {
        let kept = &mut self.link.resolver().servers;
        kept.clear();
        for server in servers {
            // More than there is room for are not needed.
            let _ = kept.push(*server);
        }
    }

    /// The servers that are asked.
    #[must_use]
    pub fn name_servers(&self) -> Vec<IpAddr, 8> {
        self.link.name_servers()
    }
}

/// IPv6.
#[cfg(feature = "ipv6")]
impl<'a, D: Mac, M: Memory<'a>, P: Profile> Runner<'a, D, M, P> {
    /// Begins to use IPv6, or begins anew. The addresses are used once they proved to be free,
    /// which takes one to two seconds; see [`ipv6`](Self::ipv6).
    ///
    /// # Errors
    /// [`SetupError::FrameTooShort`] for a device that cannot carry 1,280 octets.
    pub fn start_ipv6(&mut self, now: Instant, host: Ipv6Host) -> Result<(), SetupError> {
        const LEAST_FRAME: u16 = 1_280 + 14;
        if self.mac.capabilities().max_frame < LEAST_FRAME {
            return Err(SetupError::FrameTooShort);
        }
        self.link.end_ipv6();
        self.install_ipv6(now);
        self.link.start_ipv6(now, &host);
        Ok(())
    }

    /// Our IPv6 addresses.
    pub fn ipv6(&self, now: Instant) -> impl Iterator<Item = Ipv6Address> {
        self.link.ipv6_addresses(now)
    }

    /// Tells the stack and the device what has changed since the last time.
    fn install_ipv6(&mut self, now: Instant) {
        while let Some(change) = self.link.next_change(now) {
            match change {
                Change::Join(group) => {
                    if let Err(error) = self.mac.join_group(group) {
                        self.note(error.kind());
                    }
                }
                Change::Add(address, prefix) => {
                    // There is a place in the stack for each that the link layer may have.
                    let _ = self.stack.add_address(address.ip(), prefix);
                }
                Change::Remove(address) => {
                    let _ = self.stack.remove_address(now, address.ip());
                }
            }
        }
    }
}
