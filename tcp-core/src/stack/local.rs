//! Our own addresses, how compact entries name them, and which addresses may talk to us.

use core::fmt::Debug;
use core::hash::Hash;
use core::net::IpAddr;

use crate::connection::Misuse;
use crate::wire::Address;

/// How many addresses a stack may have.
const ADDRESSES: usize = 8;

/// The prefix length in an empty place: longer than any address, so nothing is on its subnet.
const NO_PREFIX: u8 = u8::MAX;

/// How a compact entry names our own address.
pub trait LocalAddress: Copy + Eq + Hash + Debug + 'static {
    /// Of an entry that is not in use.
    const NONE: Self;
    /// Whether addresses that are not in the stack's list can be named.
    const ANY: bool;
    /// The name of `address` where `own` are the stack's addresses.
    fn encode(address: Address, own: &[Address]) -> Option<Self>;
    /// The address that was encoded.
    fn decode(self, own: &[Address]) -> Address;
}

/// One of the stack's addresses: its number where an address is longer than that is worth.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct OwnAddress(OwnName);

#[cfg(feature = "ipv6")]
type OwnName = u8;
#[cfg(not(feature = "ipv6"))]
type OwnName = Address;

#[cfg(feature = "ipv6")]
impl LocalAddress for OwnAddress {
    const NONE: Self = Self(0);
    const ANY: bool = false;

    fn encode(address: Address, own: &[Address]) -> Option<Self> {
        let index = own.iter().position(|own| *own == address)?;
        u8::try_from(index).ok().map(Self)
    }

    fn decode(self, own: &[Address]) -> Address {
        own.get(usize::from(self.0)).copied().unwrap_or_default()
    }
}

#[cfg(not(feature = "ipv6"))]
impl LocalAddress for OwnAddress {
    const NONE: Self = Self(Address::UNSPECIFIED);
    const ANY: bool = false;

    fn encode(address: Address, _: &[Address]) -> Option<Self> {
        Some(Self(address))
    }

    fn decode(self, _: &[Address]) -> Address {
        self.0
    }
}

/// In full: any-address mode is possible.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct AnyAddress(Address);

impl LocalAddress for AnyAddress {
    const NONE: Self = Self(Address::UNSPECIFIED);
    const ANY: bool = true;

    fn encode(address: Address, _: &[Address]) -> Option<Self> {
        Some(Self(address))
    }

    fn decode(self, _: &[Address]) -> Address {
        self.0
    }
}

/// Whom a destination address means.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Destination {
    /// This stack.
    Ours,
    /// A group or everyone on a link: never TCP (RFC 9293 MUST-57).
    Group,
    /// Nobody here, or nobody at all.
    Foreign,
}

/// What a source address is good for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Source {
    /// One host other than this: it may be answered.
    Unicast,
    /// A host without an address yet: not TCP, never answered.
    Unspecified,
    /// No host may send from it (RFC 1122 section 3.2.1.3), or it is our own.
    Invalid,
}

/// Whether every destination is ours.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Scope {
    /// Only the addresses in the list.
    Own,
    /// Every unicast address.
    Any,
}

/// The stack's addresses.
#[derive(Clone, Debug)]
pub(super) struct Locals {
    /// Unspecified where there is none; an address keeps its place.
    addresses: [Address; ADDRESSES],
    prefixes: [u8; ADDRESSES],
    scope: Scope,
}

impl Locals {
    pub(super) const fn new(scope: Scope) -> Self {
        Self {
            addresses: [Address::UNSPECIFIED; ADDRESSES],
            prefixes: [NO_PREFIX; ADDRESSES],
            scope,
        }
    }

    /// Adds an address of ours.
    pub(super) fn add(&mut self, address: IpAddr, prefix: u8) -> Result<(), Misuse> {
        let octets = Address::new(address).ok_or(Misuse::NotOurAddress)?;
        if class(octets) != Class::Unicast {
            return Err(Misuse::NotOurAddress);
        }
        if self.is_own(octets) {
            return Err(Misuse::AlreadyExists);
        }
        let added = self.replace(Address::UNSPECIFIED, octets, prefix);
        added.ok_or(Misuse::InsufficientResources)
    }

    /// Takes an address back. Its place stays empty, so that the others keep their numbers.
    pub(super) fn remove(&mut self, octets: Address) {
        let _ = self.replace(octets, Address::UNSPECIFIED, NO_PREFIX);
    }

    /// Puts one address in the place of another, if that is there.
    fn replace(&mut self, old: Address, new: Address, prefix: u8) -> Option<()> {
        let place = self.addresses.iter().position(|address| *address == old)?;
        *self.addresses.get_mut(place)? = new;
        *self.prefixes.get_mut(place)? = prefix;
        Some(())
    }

    /// The addresses, in the order in which compact entries number them.
    pub(super) fn own(&self) -> &[Address] {
        &self.addresses
    }

    pub(super) fn scope(&self) -> Scope {
        self.scope
    }

    #[inline(never)]
    pub(super) fn is_own(&self, address: Address) -> bool {
        address != Address::UNSPECIFIED && self.addresses.contains(&address)
    }

    /// Whether connections may be opened from `address`.
    pub(super) fn may_use(&self, address: Address) -> bool {
        match self.scope {
            Scope::Own => self.is_own(address),
            Scope::Any => self.is_own(address) || class(address) == Class::Unicast,
        }
    }

    /// Whom a packet to `address` is for.
    pub(super) fn destination(&self, address: Address) -> Destination {
        if self.is_own(address) {
            return Destination::Ours;
        }
        match class(address) {
            Class::Group => Destination::Group,
            Class::Unicast if self.is_subnet_broadcast(address) => Destination::Group,
            Class::Unicast if self.scope == Scope::Any => Destination::Ours,
            Class::Unicast | Class::Unspecified | Class::Never => Destination::Foreign,
        }
    }

    //= https://www.rfc-editor.org/rfc/rfc9293#section-3.9.2.3
    //# An incoming SYN with an invalid source address MUST be ignored
    //# either by TCP or by the IP layer [(MUST-63)]
    /// Who sent a packet from `address`.
    pub(super) fn source(&self, address: Address) -> Source {
        match class(address) {
            Class::Unicast if self.is_own(address) || self.is_subnet_broadcast(address) => {
                Source::Invalid
            }
            Class::Unicast => Source::Unicast,
            Class::Unspecified => Source::Unspecified,
            Class::Group | Class::Never => Source::Invalid,
        }
    }

    /// The address to talk to `remote` from: on its subnet if there is one, else the first of its
    /// family and scope.
    pub(super) fn source_for(&self, remote: Address) -> Option<Address> {
        let kind = kind(remote);
        let near = self
            .addresses
            .iter()
            .zip(&self.prefixes)
            .find(|(own, prefix)| shares_prefix(**own, remote, **prefix));
        near.map(|(own, _)| own)
            .or_else(|| {
                let mut own = self.addresses.iter();
                own.find(|own| **own != Address::UNSPECIFIED && self::kind(**own) == kind)
            })
            .copied()
    }

    #[inline(never)]
    fn is_subnet_broadcast(&self, address: Address) -> bool {
        let bits = |address: Address| u32::from_be_bytes(address.v4_octets());
        let mut own = self.addresses.iter().zip(&self.prefixes);
        own.any(|(own, prefix)| {
            // Prefixes 31 and 32 have no broadcast address, an empty place has no such prefix.
            if *prefix >= 31 || !own.is_v4() || !address.is_v4() {
                return false;
            }
            let host = u32::MAX >> *prefix;
            let differing = bits(*own) ^ bits(address);
            let number = bits(address) & host;
            differing & !host == 0 && (number == host || number == 0)
        })
    }
}

/// What an address is, whoever has it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Class {
    Unicast,
    Unspecified,
    Group,
    /// Loopback, which never comes from a wire, and what is reserved.
    Never,
}

#[inline(never)]
fn class(address: Address) -> Class {
    #[cfg(feature = "ipv6")]
    if !address.is_v4() {
        let [first, second, third, last] = address.words();
        return match last.swap_bytes() {
            _ if first & 0xff == 0xff => Class::Group,
            _ if first | second | third != 0 => Class::Unicast,
            0 => Class::Unspecified,
            1 => Class::Never,
            _ => Class::Unicast,
        };
    }
    let bits = u32::from_be_bytes(address.v4_octets());
    match bits >> 24 {
        _ if bits == 0 => Class::Unspecified,
        224..=239 => Class::Group,
        _ if bits == u32::MAX => Class::Group,
        0 | 127 | 240.. => Class::Never,
        _ => Class::Unicast,
    }
}

/// Family and scope: IPv4, IPv6 link-local, other IPv6.
fn kind(address: Address) -> u8 {
    match address.ip() {
        IpAddr::V4(_) => 0,
        IpAddr::V6(v6) => 1 + u8::from(v6.is_unicast_link_local()),
    }
}

fn shares_prefix(own: Address, remote: Address, prefix: u8) -> bool {
    if kind(own) != kind(remote) {
        return false;
    }
    let bits = |octets: Address| match octets.ip() {
        IpAddr::V4(v4) => u128::from(v4.to_bits()) << 96,
        IpAddr::V6(v6) => v6.to_bits(),
    };
    let differing = bits(own) ^ bits(remote);
    differing.leading_zeros() >= u32::from(prefix)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn locals(scope: Scope) -> Locals {
        let mut locals = Locals::new(scope);
        locals.add([10, 1, 2, 3].into(), 24).unwrap();
        locals.add([192, 168, 0, 1].into(), 31).unwrap();
        locals
    }

    fn at(text: &str) -> Address {
        Address::new(text.parse().unwrap()).unwrap()
    }

    #[test]
    fn f07_sources_that_no_host_may_have_are_invalid() {
        for text in [
            "10.1.2.3",
            "127.0.0.1",
            "255.255.255.255",
            "224.0.0.1",
            "240.0.0.1",
        ] {
            assert_eq!(
                locals(Scope::Own).source(at(text)),
                Source::Invalid,
                "{text}"
            );
            assert_eq!(
                locals(Scope::Any).source(at(text)),
                Source::Invalid,
                "{text}"
            );
        }
        for text in ["10.1.2.255", "10.1.2.0"] {
            assert_eq!(
                locals(Scope::Own).source(at(text)),
                Source::Invalid,
                "{text}"
            );
        }
        assert_eq!(
            locals(Scope::Own).source(at("0.0.0.0")),
            Source::Unspecified
        );
        assert_eq!(
            locals(Scope::Own).source(at("192.168.0.0")),
            Source::Unicast
        );
    }

    #[test]
    fn f08_f09_destinations_that_are_not_ours() {
        use Destination::{Foreign, Group, Ours};
        for (text, own, any) in [
            ("10.1.2.3", Ours, Ours),
            ("10.1.2.255", Group, Group),
            ("255.255.255.255", Group, Group),
            ("224.0.0.1", Group, Group),
            ("127.0.0.1", Foreign, Foreign),
            ("0.0.0.0", Foreign, Foreign),
            ("9.9.9.9", Foreign, Ours),
        ] {
            assert_eq!(locals(Scope::Own).destination(at(text)), own, "{text}");
            assert_eq!(locals(Scope::Any).destination(at(text)), any, "{text}");
        }
    }

    #[cfg(feature = "ipv6")]
    #[test]
    fn g03_ipv6_sources_that_no_host_may_have_are_invalid() {
        let mut locals = locals(Scope::Own);
        locals.add("2001:db8::1".parse().unwrap(), 64).unwrap();
        for text in ["ff02::1", "::1", "2001:db8::1"] {
            assert_eq!(locals.source(at(text)), Source::Invalid, "{text}");
        }
        assert_eq!(locals.destination(at("::1")), Destination::Foreign);
        assert_eq!(locals.destination(at("ff02::1")), Destination::Group);
    }

    //= https://www.rfc-editor.org/rfc/rfc9293#section-3.9.1.1
    //= type=test
    //# If an application on a multihomed host does not specify the local IP address
    //# when actively opening a TCP connection, then the TCP implementation MUST ask
    //# the IP layer to select a local IP address before sending the (first) SYN
    //# (MUST-44).
    #[test]
    fn the_nearest_address_speaks() {
        let mut locals = locals(Scope::Own);
        assert_eq!(
            locals.source_for(at("192.168.0.0")),
            Some(at("192.168.0.1"))
        );
        assert_eq!(locals.source_for(at("8.8.8.8")), Some(at("10.1.2.3")));
        #[cfg(feature = "ipv6")]
        {
            locals.add("fe80::1".parse().unwrap(), 64).unwrap();
            assert_eq!(locals.source_for(at("2001:db8::2")), None);
            locals.add("2001:db8::1".parse().unwrap(), 64).unwrap();
            assert_eq!(
                locals.source_for(at("2001:db9::2")),
                Some(at("2001:db8::1"))
            );
            assert_eq!(locals.source_for(at("fe80::2")), Some(at("fe80::1")));
        }
        assert_eq!(
            locals.add([10, 1, 2, 3].into(), 8),
            Err(Misuse::AlreadyExists)
        );
        assert_eq!(
            locals.add([127, 0, 0, 1].into(), 8),
            Err(Misuse::NotOurAddress)
        );
    }

    #[test]
    fn an_address_is_named_by_index_or_in_full() {
        let locals = locals(Scope::Own);
        let own = locals.own();
        let second = OwnAddress::encode(at("192.168.0.1"), own).unwrap();
        assert_eq!(second.decode(own), at("192.168.0.1"));
        assert_eq!(OwnAddress::encode(at("9.9.9.9"), own), None);
        let any = AnyAddress::encode(at("9.9.9.9"), own).unwrap();
        assert_eq!(any.decode(own), at("9.9.9.9"));
    }
}
