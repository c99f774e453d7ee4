//! Our IPv6 addresses: where they come from, whether they are ours alone, how long they last
//! (RFC 4862, RFC 7217).
//!
//! ```text
//!   tentative --solicitation--> tentative --1 s of silence--> usable --lifetime--> gone
//!       |                           |
//!       +---- somebody has it ------+--> the next identifier, or duplicate
//! ```
//!
//! An interface identifier is a keyed hash of the prefix, the hardware address and the number of
//! failed attempts, under a secret that is the same at every boot: stable in one network, and
//! telling nothing from one network to the next.

use core::net::Ipv6Addr;

use tcp_core::wire::Address;
use tcp_core::{Duration, Instant, keyed_hash};

use super::super::cidr::shares;
use super::super::random::Random;
use super::message::{Prefix, group_mac};
use super::routers::{NEVER, until};
use crate::mac::MacAddress;

/// Addresses at most, the link-local one among them. The stack has as many places beside one for
/// IPv4.
const ADDRESSES: usize = 5;
/// What the keyed hash is for.
const PURPOSE: u32 = 2;
/// How long an answer to a solicitation is awaited, and the longest wait before it is sent
/// (RetransTimer, MAX_RTR_SOLICITATION_DELAY).
const SECOND: Duration = Duration::from_secs(1);
/// Identifiers that are tried beyond the first (IDGEN_RETRIES).
const RETRIES: u8 = 3;
//= https://www.rfc-editor.org/rfc/rfc4862#section-5.5.3
//# 1.  If the received Valid Lifetime is greater than 2 hours or
//# greater than RemainingLifetime, set the valid lifetime of the
//# corresponding address to the advertised Valid Lifetime.
const TWO_HOURS: u32 = 7_200;

/// How far an address is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Ipv6AddressState {
    /// It is being asked whether anyone has it.
    Tentative,
    /// In use.
    Preferred,
    /// In use, but its prefix is on the way out.
    Deprecated,
    /// Another host has it.
    Duplicate,
}

/// One of our addresses.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Ipv6Address {
    /// The address and the length of its prefix.
    pub address: Ipv6Addr,
    /// The length of its prefix.
    pub prefix: u8,
    /// How far it is.
    pub state: Ipv6AddressState,
}

/// How far an address is, for itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Phase {
    /// There is no address in this place.
    Free,
    /// The solicitation is to be sent.
    Waiting,
    /// It was sent; silence means that the address is free.
    Asked,
    Usable,
    Duplicate,
}

/// In the place of failures: an address that was not made here.
const CONFIGURED: u8 = u8::MAX;

#[derive(Clone, Copy, Debug)]
pub(super) struct Own {
    address: Address,
    prefix: u8,
    /// How many identifiers failed before this one.
    failures: u8,
    phase: Phase,
    is_joined: bool,
    is_installed: bool,
    /// When the phase ends, if it does by itself.
    due: Instant,
    preferred: Instant,
    valid: Instant,
}

impl Own {
    const FREE: Self = Self {
        address: Address::UNSPECIFIED,
        prefix: 0,
        failures: 0,
        phase: Phase::Free,
        is_joined: false,
        is_installed: false,
        due: Instant::ZERO,
        preferred: Instant::ZERO,
        valid: Instant::ZERO,
    };

    const fn is_tentative(&self) -> bool {
        matches!(self.phase, Phase::Waiting | Phase::Asked)
    }
}

/// What the stack and the device have to be told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Change {
    /// Receive frames for this group.
    Join(MacAddress),
    Add(Address, u8),
    Remove(Address),
}

/// Of what interface identifiers are made.
#[derive(Debug)]
pub(super) struct Maker {
    pub(super) secret: [u8; 16],
    pub(super) mac: MacAddress,
}

impl Maker {
    /// The address in the 64 bits of `prefix` after so many failures, and after how many it is.
    #[inline(never)]
    fn address(&self, prefix: &Address, failures: u8) -> (Address, u8) {
        let mut octets = prefix.v6_octets();
        let ([high, low], _) = octets.as_chunks_mut::<8>() else {
            return (*prefix, failures);
        };
        let [a, b, c, d, e, f] = self.mac.0;
        let mut failures = failures;
        loop {
            let interface = u64::from_be_bytes([failures, 0, a, b, c, d, e, f]);
            let high = u64::from_be_bytes(*high);
            let identifier = keyed_hash(self.secret, PURPOSE, [high, interface]);
            *low = identifier.to_be_bytes();
            // A reserved one is passed over (RFC 5453); there are not so many in a row.
            if !is_reserved(identifier) || failures == CONFIGURED - 1 {
                return (Address::from_v6(&octets).unwrap_or_default(), failures);
            }
            failures += 1;
        }
    }
}

/// The addresses; the link-local one stands first.
#[derive(Debug)]
pub(super) struct Addresses {
    list: [Own; ADDRESSES],
    pub(super) maker: Maker,
}

impl Addresses {
    pub(super) const fn new() -> Self {
        Self {
            list: [Own::FREE; ADDRESSES],
            maker: Maker {
                secret: [0; 16],
                mac: MacAddress([0; 6]),
            },
        }
    }

    /// An address that is configured.
    pub(super) fn configure(&mut self, address: Address, prefix: u8, due: Instant) {
        let _ = self.add(address, (prefix, CONFIGURED), due);
    }

    fn add(
        &mut self,
        address: Address,
        (prefix, failures): (u8, u8),
        due: Instant,
    ) -> Option<&mut Own> {
        let mut list = self.list.iter_mut();
        let own = list.find(|own| own.phase == Phase::Free)?;
        *own = Own {
            address,
            prefix,
            failures,
            phase: Phase::Waiting,
            due,
            preferred: NEVER,
            valid: NEVER,
            ..Own::FREE
        };
        Some(own)
    }

    /// An address of our own making in this prefix of 64 bits, if there is room for it.
    pub(super) fn derive(&mut self, prefix: &Address, due: Instant) -> Option<&mut Own> {
        let (address, failures) = self.maker.address(prefix, 0);
        self.add(address, (64, failures), due)
    }

    /// A router offers a prefix to make addresses in; the caller passed over the link-local one.
    pub(super) fn offered(&mut self, now: Instant, prefix: &Prefix, random: &mut Random) {
        if !prefix.autonomous || prefix.len != 64 || prefix.preferred > prefix.valid {
            return;
        }
        let two_hours = until(now, TWO_HOURS);
        let offered = until(now, prefix.valid);
        let place = self.list.iter().position(|own| {
            own.phase != Phase::Free
                && own.failures != CONFIGURED
                && shares(&own.address, &prefix.address, 64)
        });
        let own = match place.and_then(|place| self.list.get_mut(place)) {
            Some(own) => own,
            None if prefix.valid == 0 => return,
            None => {
                let Some(own) = self.derive(&prefix.address, now + random.below(SECOND)) else {
                    return;
                };
                // A fresh address has no lifetime yet and takes any.
                own.valid = offered;
                own
            }
        };
        own.preferred = until(now, prefix.preferred);
        if offered > two_hours {
            own.valid = offered;
        } else {
            // Never longer than two hours, and no shorter than it was by then.
            own.valid = own.valid.min(two_hours).max(offered);
        }
    }

    /// Gives all addresses up: each goes once the stack was told.
    pub(super) fn end(&mut self) {
        for own in &mut self.list {
            own.valid = Instant::ZERO;
        }
    }

    /// The address that has to be solicited, if there is one: the solicitation is sent.
    pub(super) fn ask(&mut self, now: Instant) -> Option<&Address> {
        let mut list = self.list.iter_mut();
        let own = list.find(|own| own.phase == Phase::Waiting && own.due <= now)?;
        own.phase = Phase::Asked;
        own.due = now + SECOND;
        Some(&own.address)
    }

    pub(super) fn deadline(&self) -> Instant {
        let mut deadline = NEVER;
        for own in &self.list {
            if own.phase != Phase::Free {
                deadline = deadline.min(own.due).min(own.valid);
            }
        }
        deadline
    }

    /// What the stack and the device have not been told yet.
    pub(super) fn next_change(&mut self, now: Instant) -> Option<Change> {
        for own in &mut self.list {
            if own.phase == Phase::Free {
                continue;
            }
            if own.phase == Phase::Asked && own.due <= now {
                own.phase = Phase::Usable;
                own.due = NEVER;
            }
            if !own.is_joined {
                own.is_joined = true;
                return Some(Change::Join(group_mac(&own.address.solicited_node())));
            }
            let is_over = own.valid <= now;
            let is_wanted = own.phase == Phase::Usable && !is_over;
            if is_over {
                own.phase = Phase::Free;
            }
            if is_wanted != own.is_installed {
                own.is_installed = is_wanted;
                return Some(if is_wanted {
                    Change::Add(own.address, own.prefix)
                } else {
                    Change::Remove(own.address)
                });
            }
        }
        None
    }

    /// Whether somebody else who has `target` takes it from us: it is tentative. The next
    /// identifier is tried after a second.
    //= https://www.rfc-editor.org/rfc/rfc4862#section-5.4.5
    //# A tentative address that is determined to be a duplicate as described
    //# above MUST NOT be assigned to an interface
    pub(super) fn is_taken(&mut self, now: Instant, target: &Address) -> bool {
        let mut list = self.list.iter_mut();
        let Some(own) = list.find(|own| own.is_tentative() && own.address == *target) else {
            return false;
        };
        own.phase = Phase::Duplicate;
        own.due = NEVER;
        if own.failures < RETRIES {
            (own.address, own.failures) = self.maker.address(target, own.failures + 1);
            own.phase = Phase::Waiting;
            own.due = now + SECOND;
            own.is_joined = false;
        }
        true
    }

    /// How far `address` is.
    pub(super) fn phase(&self, address: &Address) -> Phase {
        let mut list = self.list.iter();
        let own = list.find(|own| own.phase != Phase::Free && own.address == *address);
        own.map_or(Phase::Free, |own| own.phase)
    }

    /// All of them.
    pub(super) fn all(&self) -> impl Iterator<Item = &Address> {
        let used = self.list.iter().filter(|own| own.phase != Phase::Free);
        used.map(|own| &own.address)
    }

    /// Whether `group` is the solicited-node group of one of ours.
    pub(super) fn has_joined(&self, group: MacAddress) -> bool {
        self.all()
            .any(|own| group_mac(&own.solicited_node()) == group)
    }

    /// The address to talk to `remote` from: of the same scope if there is one, else any; one that
    /// is not deprecated before one that is; with the longest common prefix.
    #[inline(never)]
    pub(super) fn source_for(&self, now: Instant, remote: &Address) -> Option<Address> {
        let is_near = remote.is_link_local() || remote.is_v6_multicast();
        let mut best = (0, None);
        for own in self.list.iter().filter(|own| own.phase == Phase::Usable) {
            let mut rank = 1 + own.address.common_bits(remote);
            if now < own.preferred {
                rank += 1 << 8;
            }
            if own.address.is_link_local() == is_near {
                rank += 1 << 9;
            }
            if rank > best.0 {
                best = (rank, Some(own.address));
            }
        }
        best.1
    }

    /// The link-local address, unspecified as long as it is not in use.
    pub(super) const fn link_local(&self) -> Address {
        let [first, ..] = &self.list;
        match first.phase {
            Phase::Usable => first.address,
            Phase::Free | Phase::Waiting | Phase::Asked | Phase::Duplicate => Address::UNSPECIFIED,
        }
    }

    /// All of them, for the user.
    pub(super) fn iter(&self, now: Instant) -> impl Iterator<Item = Ipv6Address> {
        self.list.iter().filter_map(move |own| {
            Some(Ipv6Address {
                address: Ipv6Addr::from(own.address.v6_octets()),
                prefix: own.prefix,
                state: match own.phase {
                    Phase::Free => return None,
                    Phase::Waiting | Phase::Asked => Ipv6AddressState::Tentative,
                    Phase::Duplicate => Ipv6AddressState::Duplicate,
                    Phase::Usable if own.preferred <= now => Ipv6AddressState::Deprecated,
                    Phase::Usable => Ipv6AddressState::Preferred,
                },
            })
        })
    }

    /// The cable was out: any address may have got another owner meanwhile.
    pub(super) fn ask_again(&mut self, due: Instant) {
        for own in &mut self.list {
            if own.is_tentative() {
                own.phase = Phase::Waiting;
                own.due = due;
            }
        }
    }
}

/// Identifiers that no host may have: of the subnet's routers, of IANA's Ethernet block, and of
/// reserved anycast groups (RFC 5453).
const fn is_reserved(identifier: u64) -> bool {
    identifier == 0
        || identifier >> 24 == 0x02_005e_fffe
        || identifier | 0x7f == 0xfdff_ffff_ffff_ffff
}
