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

use heapless::Vec;
use tcp_core::{Duration, Instant, keyed_hash};

use super::super::cidr::{Ipv6Cidr, shares};
use super::super::random::Random;
use super::message::{Prefix, group_mac, solicited_node};
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

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Phase {
    /// The solicitation is to be sent at this time.
    Waiting(Instant),
    /// It was sent; silence until this time means that the address is free.
    Asked(Instant),
    Usable,
    Duplicate,
}

/// Where an address comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Origin {
    Configured,
    /// Made from a prefix; after so many failures.
    Hashed(u8),
}

#[derive(Clone, Copy, Debug)]
struct Own {
    address: Ipv6Addr,
    prefix: u8,
    origin: Origin,
    phase: Phase,
    preferred: Instant,
    valid: Instant,
    is_joined: bool,
    is_installed: bool,
}

impl Own {
    fn is_over(&self, now: Instant) -> bool {
        self.valid <= now
    }

    const fn is_tentative(&self) -> bool {
        matches!(self.phase, Phase::Waiting(_) | Phase::Asked(_))
    }
}

/// What the stack and the device have to be told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Change {
    /// Receive frames for this group.
    Join(MacAddress),
    Add(Ipv6Addr, u8),
    Remove(Ipv6Addr),
}

/// The addresses.
#[derive(Debug)]
pub(super) struct Addresses {
    list: Vec<Own, ADDRESSES>,
    secret: [u8; 16],
    mac: MacAddress,
}

impl Addresses {
    pub(super) const fn new() -> Self {
        Self {
            list: Vec::new(),
            secret: [0; 16],
            mac: MacAddress([0; 6]),
        }
    }

    pub(super) fn start(&mut self, secret: [u8; 16], mac: MacAddress) {
        self.secret = secret;
        self.mac = mac;
    }

    /// An address for the user's or a router's prefix; whether there is room for it.
    pub(super) fn add(&mut self, own: Ipv6Cidr, origin: Origin, due: Instant) -> bool {
        let added = self.list.push(Own {
            address: own.address(),
            prefix: own.prefix(),
            origin,
            phase: Phase::Waiting(due),
            preferred: NEVER,
            valid: NEVER,
            is_joined: false,
            is_installed: false,
        });
        added.is_ok()
    }

    /// An address of our own making in this prefix of 64 bits.
    pub(super) fn derive(&mut self, prefix: Ipv6Addr, due: Instant) -> bool {
        let (address, failures) = self.identifier(prefix, 0);
        let own = Ipv6Cidr::new(address, 64);
        own.is_some_and(|own| self.add(own, Origin::Hashed(failures), due))
    }

    /// The address in `prefix` after so many failures, and after how many it is.
    fn identifier(&self, prefix: Ipv6Addr, failures: u8) -> (Ipv6Addr, u8) {
        let high = (prefix.to_bits() >> 64) as u64;
        let [a, b, c, d, e, f] = self.mac.0;
        let mut failures = failures;
        loop {
            let interface = u64::from_be_bytes([failures, 0, a, b, c, d, e, f]);
            let low = keyed_hash(self.secret, PURPOSE, [high, interface]);
            // A reserved one is passed over (RFC 5453); there are not so many in a row.
            if is_reserved(low) && failures < u8::MAX {
                failures += 1;
                continue;
            }
            let bits = u128::from(high) << 64 | u128::from(low);
            return (Ipv6Addr::from_bits(bits), failures);
        }
    }

    /// A router offers a prefix to make addresses in.
    //= https://www.rfc-editor.org/rfc/rfc4862#section-5.5.3
    //# b)  If the prefix is the link-local prefix, silently ignore the
    //# Prefix Information option.
    pub(super) fn offered(&mut self, now: Instant, prefix: &Prefix, random: &mut Random) {
        let is_usable = prefix.autonomous
            && prefix.len == 64
            && prefix.preferred <= prefix.valid
            && !prefix.address.is_multicast()
            && !prefix.address.is_unicast_link_local();
        if !is_usable {
            return;
        }
        let ours = |own: &&mut Own| {
            own.origin != Origin::Configured && shares(own.address, prefix.address, 64)
        };
        if self.list.iter_mut().find(ours).is_none()
            && (prefix.valid == 0 || !self.derive(prefix.address, now + random.below(SECOND)))
        {
            return;
        }
        let Some(own) = self.list.iter_mut().find(ours) else {
            return;
        };
        own.preferred = until(now, prefix.preferred);
        // A fresh address has no lifetime yet and takes any.
        let fresh = own.valid == NEVER && own.is_tentative();
        let two_hours = until(now, TWO_HOURS);
        let offered = until(now, prefix.valid);
        if fresh || offered > two_hours || offered > own.valid {
            own.valid = offered;
        } else if own.valid > two_hours {
            own.valid = two_hours;
        }
    }

    /// Gives all addresses up: those that the stack knows go once it was told.
    pub(super) fn end(&mut self) {
        self.list.retain(|own| own.is_installed);
        for own in &mut self.list {
            own.phase = Phase::Duplicate;
        }
    }

    /// Does what is due: the address that has to be solicited, if there is one.
    pub(super) fn advance(&mut self, now: Instant) -> Option<Ipv6Addr> {
        for own in &mut self.list {
            match own.phase {
                Phase::Waiting(due) if due <= now => {
                    own.phase = Phase::Asked(now + SECOND);
                    return Some(own.address);
                }
                Phase::Asked(until) if until <= now => own.phase = Phase::Usable,
                Phase::Waiting(_) | Phase::Asked(_) | Phase::Usable | Phase::Duplicate => {}
            }
        }
        None
    }

    pub(super) fn deadline(&self) -> Instant {
        let times = self.list.iter().map(|own| match own.phase {
            Phase::Waiting(at) | Phase::Asked(at) => at.min(own.valid),
            Phase::Usable | Phase::Duplicate => own.valid,
        });
        times.fold(NEVER, Instant::min)
    }

    /// What the stack and the device have not been told yet.
    pub(super) fn next_change(&mut self, now: Instant) -> Option<Change> {
        self.list
            .retain(|own| !own.is_over(now) || own.is_installed);
        for own in &mut self.list {
            if !own.is_joined {
                own.is_joined = true;
                return Some(Change::Join(group_mac(solicited_node(own.address))));
            }
            let is_wanted = own.phase == Phase::Usable && !own.is_over(now);
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
    pub(super) fn is_taken(&mut self, now: Instant, target: Ipv6Addr) -> bool {
        let mut tentative = self.list.iter_mut().filter(|own| own.is_tentative());
        let Some(own) = tentative.find(|own| own.address == target) else {
            return false;
        };
        own.phase = Phase::Duplicate;
        let Origin::Hashed(failures) = own.origin else {
            return true;
        };
        if failures < RETRIES {
            let (address, failures) = self.identifier(target, failures + 1);
            let mut list = self.list.iter_mut();
            if let Some(own) = list.find(|own| own.address == target) {
                own.address = address;
                own.origin = Origin::Hashed(failures);
                own.phase = Phase::Waiting(now + SECOND);
                own.is_joined = false;
            }
        }
        true
    }

    pub(super) fn is_tentative(&self, address: Ipv6Addr) -> bool {
        let mut list = self.list.iter();
        list.any(|own| own.address == address && own.is_tentative())
    }

    /// Whether `address` is ours, and ours alone.
    pub(super) fn is_usable(&self, address: Ipv6Addr) -> bool {
        let mut list = self.list.iter();
        list.any(|own| own.address == address && own.phase == Phase::Usable)
    }

    /// The solicited-node groups of all, one for each.
    pub(super) fn groups(&self) -> impl Iterator<Item = Ipv6Addr> {
        self.list.iter().map(|own| solicited_node(own.address))
    }

    /// Whether `group` is the solicited-node group of one of ours.
    pub(super) fn has_joined(&self, group: MacAddress) -> bool {
        let mut list = self.list.iter();
        list.any(|own| group_mac(solicited_node(own.address)) == group)
    }

    /// Whether `address` is on the link because an address of ours was configured there.
    pub(super) fn is_beside(&self, address: Ipv6Addr) -> bool {
        self.list
            .iter()
            .any(|own| own.origin == Origin::Configured && shares(own.address, address, own.prefix))
    }

    /// The address to talk to `remote` from: of the same scope if there is one, else any; with the
    /// longest common prefix; one that is not deprecated before one that is.
    pub(super) fn source_for(&self, now: Instant, remote: Ipv6Addr) -> Option<Ipv6Addr> {
        let is_near = remote.is_unicast_link_local() || remote.is_multicast();
        let usable = self.list.iter().filter(|own| own.phase == Phase::Usable);
        let rank = |own: &&Own| {
            let scope = own.address.is_unicast_link_local() == is_near;
            let preferred = now < own.preferred;
            let common = (own.address.to_bits() ^ remote.to_bits()).leading_zeros();
            (scope, preferred, common)
        };
        usable.max_by_key(rank).map(|own| own.address)
    }

    /// Whether the link-local address, which comes first, is still being asked for.
    pub(super) fn is_starting(&self) -> bool {
        self.list.first().is_some_and(Own::is_tentative)
    }

    /// All of them.
    pub(super) fn iter(&self, now: Instant) -> impl Iterator<Item = Ipv6Address> {
        self.list.iter().map(move |own| Ipv6Address {
            address: own.address,
            prefix: own.prefix,
            state: match own.phase {
                Phase::Waiting(_) | Phase::Asked(_) => Ipv6AddressState::Tentative,
                Phase::Duplicate => Ipv6AddressState::Duplicate,
                Phase::Usable if own.preferred <= now => Ipv6AddressState::Deprecated,
                Phase::Usable => Ipv6AddressState::Preferred,
            },
        })
    }

    /// The cable was out: any address may have got another owner meanwhile.
    pub(super) fn ask_again(&mut self, now: Instant, random: &mut Random) {
        let due = now + random.below(SECOND);
        for own in &mut self.list {
            if own.is_tentative() {
                own.phase = Phase::Waiting(due);
            }
        }
    }
}

/// Identifiers that no host may have: the subnet's routers, and reserved anycast groups (RFC 5453).
const fn is_reserved(identifier: u64) -> bool {
    identifier == 0
        || identifier >> 8 == 0x0002_005e_fffe_0000 >> 8
        || identifier >= 0xfdff_ffff_ffff_ff80 && identifier <= 0xfdff_ffff_ffff_ffff
}
