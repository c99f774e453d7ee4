//! Neighbour discovery messages (RFC 4861 section 4), checked as sections 6.1 and 7.1 demand.
//!
//! Messages behind extension headers are not read, which covers those in fragments (RFC 6980).
//!
//! Invariants: every option has a length, and ends within the message; none is looked at before
//! all were walked.

use tcp_core::wire::{Address, Checksum, PROTOCOL_ICMPV6};

use super::super::cidr::is_host_v6;
use crate::mac::MacAddress;

pub(super) const ROUTER_SOLICITATION: u8 = 133;
pub(super) const ROUTER_ADVERTISEMENT: u8 = 134;
pub(super) const NEIGHBOR_SOLICITATION: u8 = 135;
pub(super) const NEIGHBOR_ADVERTISEMENT: u8 = 136;
const REDIRECT: u8 = 137;

const SOURCE_ADDRESS: u8 = 1;
const TARGET_ADDRESS: u8 = 2;
const PREFIX: u8 = 3;
#[cfg(feature = "dns")]
const RDNSS: u8 = 25;

const SOLICITED: u8 = 0x40;
const OVERRIDE: u8 = 0x20;
/// The only hop limit with which a packet cannot have come through a router.
const HOP_LIMIT: u8 = 255;
/// Octets of the IPv6 header, and where ICMPv6 begins when it follows at once.
const IP_HEADER: usize = 40;

pub(super) const ALL_NODES: Address = group(1);
pub(super) const ALL_ROUTERS: Address = group(2);

/// One of the groups on a link that are known by number.
pub(super) const fn group(number: u8) -> Address {
    match Address::from_v6(&[0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, number]) {
        Some(group) => group,
        None => Address::UNSPECIFIED,
    }
}

/// Whether this IPv6 packet is for neighbour discovery.
pub(super) fn is_discovery(packet: &[u8]) -> bool {
    let kind = packet.get(IP_HEADER);
    packet.get(6) == Some(&PROTOCOL_ICMPV6)
        && kind.is_some_and(|kind| (ROUTER_SOLICITATION..=REDIRECT).contains(kind))
}

/// The frame's destination for a group (RFC 2464 section 7).
pub(super) fn group_mac(group: &Address) -> MacAddress {
    let [a, b, c, d] = group.last_octets();
    MacAddress([0x33, 0x33, a, b, c, d])
}

/// A message that passed the checks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Heard<'p> {
    pub(super) source: Address,
    pub(super) destination: Address,
    /// Its type; what this host does not act upon has neither target nor options here.
    pub(super) kind: u8,
    /// What stands behind the checksum: the flags of an advertisement, the lifetime of a router.
    word: [u8; 4],
    /// Who is asked for, or speaks of itself.
    pub(super) target: Address,
    pub(super) options: Options<'p>,
}

/// What a prefix option says (RFC 4861 section 4.6.2).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Prefix {
    pub(super) address: Address,
    pub(super) len: u8,
    pub(super) on_link: bool,
    pub(super) autonomous: bool,
    /// In seconds; all ones: for ever.
    pub(super) valid: u32,
    pub(super) preferred: u32,
}

impl Prefix {
    /// Reads an option; `None` when it is another one, or malformed.
    pub(super) fn read(option: &[u8]) -> Option<Self> {
        let option: &[u8; 32] = option.try_into().ok()?;
        let [
            PREFIX,
            _,
            len @ 0..=128,
            flags,
            v0,
            v1,
            v2,
            v3,
            p0,
            p1,
            p2,
            p3,
            _,
            _,
            _,
            _,
            address @ ..,
        ] = option
        else {
            return None;
        };
        Some(Self {
            address: Address::from_v6(address)?,
            len: *len,
            on_link: flags & 0x80 != 0,
            autonomous: flags & 0x40 != 0,
            valid: u32::from_be_bytes([*v0, *v1, *v2, *v3]),
            preferred: u32::from_be_bytes([*p0, *p1, *p2, *p3]),
        })
    }
}

/// Name servers and for how many seconds they may be asked (RFC 8106 section 5.1). An option that
/// does not hold a whole number of addresses is left out.
#[cfg(feature = "dns")]
pub(super) fn name_servers(option: &[u8]) -> Option<(&[[u8; 16]], u32)> {
    let [RDNSS, _, _, _, t0, t1, t2, t3, addresses @ ..] = option else {
        return None;
    };
    let (addresses, rest) = addresses.as_chunks();
    let lifetime = u32::from_be_bytes([*t0, *t1, *t2, *t3]);
    rest.is_empty().then_some((addresses, lifetime))
}

/// Options that were walked: each has a length that is not zero, and ends within.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Options<'p>(&'p [u8]);

impl<'p> Options<'p> {
    /// The first option and what follows it.
    //= https://www.rfc-editor.org/rfc/rfc4861#section-4.6
    //# The value 0 is invalid.  Nodes MUST
    //# silently discard an ND packet that contains an
    //# option with length zero.
    #[inline(never)]
    fn split(octets: &'p [u8]) -> Option<(&'p [u8], &'p [u8])> {
        let units = *octets.get(1)?;
        let parts = octets.split_at_checked(usize::from(units) * 8)?;
        (units > 0).then_some(parts)
    }

    fn walk(octets: &'p [u8]) -> Option<Self> {
        let mut rest = octets;
        while !rest.is_empty() {
            (_, rest) = Self::split(rest)?;
        }
        Some(Self(octets))
    }

    /// The first option of this type.
    fn first(mut self, kind: u8) -> Option<&'p [u8]> {
        self.find(|option| option.first() == Some(&kind))
    }
}

/// Each option, from its type on.
impl<'p> Iterator for Options<'p> {
    type Item = &'p [u8];

    fn next(&mut self) -> Option<&'p [u8]> {
        let (option, rest) = Self::split(self.0)?;
        self.0 = rest;
        Some(option)
    }
}

impl<'p> Heard<'p> {
    /// Nothing was read yet.
    pub(super) const fn blank() -> Self {
        Self {
            source: Address::UNSPECIFIED,
            destination: Address::UNSPECIFIED,
            kind: 0,
            word: [0; 4],
            target: Address::UNSPECIFIED,
            options: Options(&[]),
        }
    }

    /// Reads a packet of neighbour discovery; `None` when it is malformed.
    pub(super) fn read(&mut self, octets: &'p [u8]) -> Option<()> {
        let (head, rest) = octets.split_first_chunk::<IP_HEADER>()?;
        //= https://www.rfc-editor.org/rfc/rfc4861#section-7.1.1
        //# - The IP Hop Limit field has a value of 255, i.e., the packet
        //# could not possibly have been forwarded by a router.
        let [
            0x60..=0x6f,
            _,
            _,
            _,
            l0,
            l1,
            PROTOCOL_ICMPV6,
            HOP_LIMIT,
            ends @ ..,
        ] = head
        else {
            return None;
        };
        let message = rest.get(..usize::from(u16::from_be_bytes([*l0, *l1])))?;
        let (fixed, rest) = message.split_first_chunk::<8>()?;
        let [kind, 0, _, _, word @ ..] = *fixed else {
            return None;
        };
        if !sum(ends, message).is_right() {
            return None;
        }
        let ([source, destination], _) = ends.as_chunks::<16>() else {
            return None;
        };
        self.source = Address::from_v6(source)?;
        self.destination = Address::from_v6(destination)?;
        self.kind = kind;
        self.word = word;
        let options = match kind {
            ROUTER_ADVERTISEMENT => rest.get(8..)?,
            NEIGHBOR_SOLICITATION | NEIGHBOR_ADVERTISEMENT => {
                let (target, options) = rest.split_first_chunk()?;
                self.target = Address::from_v6(target)?;
                options
            }
            _ => &[],
        };
        self.options = Options::walk(options)?;
        self.is_sound().then_some(())
    }

    //= https://www.rfc-editor.org/rfc/rfc4861#section-6.1.2
    //# - IP Source Address is a link-local address.  Routers must use
    //# their link-local address as the source for Router Advertisement
    //# and Redirect messages so that hosts can uniquely identify
    //# routers.
    //= https://www.rfc-editor.org/rfc/rfc4861#section-7.1.1
    //# - If the IP source address is the unspecified address, the IP
    //# destination address is a solicited-node multicast address.
    //= https://www.rfc-editor.org/rfc/rfc4861#section-7.1.2
    //# - If the IP Destination Address is a multicast address the
    //# Solicited flag is zero.
    fn is_sound(&self) -> bool {
        match self.kind {
            ROUTER_ADVERTISEMENT => self.source.is_link_local(),
            NEIGHBOR_SOLICITATION | NEIGHBOR_ADVERTISEMENT if self.target.is_v6_multicast() => {
                false
            }
            // Only who looks for an address of its own has none yet.
            NEIGHBOR_SOLICITATION if self.source == Address::UNSPECIFIED => {
                self.destination == self.target.solicited_node()
                    && self.options.first(SOURCE_ADDRESS).is_none()
            }
            NEIGHBOR_ADVERTISEMENT if self.is_solicited() && self.destination.is_v6_multicast() => {
                false
            }
            NEIGHBOR_SOLICITATION | NEIGHBOR_ADVERTISEMENT => is_host_v6(&self.source),
            _ => true,
        }
    }

    pub(super) const fn is_solicited(&self) -> bool {
        self.word[0] & SOLICITED != 0
    }

    pub(super) const fn replaces(&self) -> bool {
        self.word[0] & OVERRIDE != 0
    }

    /// For how many seconds the sender is a router.
    pub(super) const fn lifetime(&self) -> u16 {
        let [_, _, l0, l1] = self.word;
        u16::from_be_bytes([l0, l1])
    }

    /// The hardware address of the target, if it is told.
    pub(super) fn mac(&self) -> Option<MacAddress> {
        let [_, _, mac @ ..] = self.options.first(TARGET_ADDRESS)? else {
            return None;
        };
        let mac = MacAddress(mac.try_into().ok()?);
        (!mac.is_group()).then_some(mac)
    }
}

/// A message to send.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Emit {
    pub(super) kind: u8,
    pub(super) source: Address,
    pub(super) destination: Address,
    pub(super) target: Address,
}

impl Emit {
    /// Writes the IP packet; its length.
    //= https://www.rfc-editor.org/rfc/rfc4861#section-7.2.4
    //# If the source of the solicitation is the unspecified address, the
    //# node MUST set the Solicited flag to zero and multicast the
    //# advertisement to the all-nodes address.
    #[inline(never)]
    pub(super) fn write(&self, out: &mut [u8], mac: &MacAddress) -> Option<usize> {
        let (flags, option) = match self.kind {
            NEIGHBOR_ADVERTISEMENT if self.destination.is_v6_multicast() => {
                (OVERRIDE, TARGET_ADDRESS)
            }
            NEIGHBOR_ADVERTISEMENT => (OVERRIDE | SOLICITED, TARGET_ADDRESS),
            _ => (0, SOURCE_ADDRESS),
        };
        let (fixed, rest) = out.get_mut(IP_HEADER..)?.split_first_chunk_mut()?;
        *fixed = [self.kind, 0, 0, 0, flags, 0, 0, 0];
        *rest.first_chunk_mut()? = self.target.v6_octets();
        // Routers are asked for without a target.
        let mut len = if self.kind == ROUTER_SOLICITATION {
            8
        } else {
            24
        };
        if self.source != Address::UNSPECIFIED {
            let [a, b, c, d, e, f] = mac.0;
            *rest.get_mut(len - 8..)?.first_chunk_mut()? = [option, 1, a, b, c, d, e, f];
            len += 8;
        }
        let ends = [&self.source, &self.destination];
        seal(out, ends, (PROTOCOL_ICMPV6, 0), len)
    }
}

/// Puts the checksum into the ICMPv6 message of `len` octets that stands behind the places of the
/// IPv6 header and of `options` octets, and the IPv6 header before them; the packet's length. What
/// follows the header first is `next`; only discovery itself, which has no options, goes without
/// routers being able to forward it.
pub(super) fn seal(
    out: &mut [u8],
    [source, destination]: [&Address; 2],
    (next, options): (u8, usize),
    len: usize,
) -> Option<usize> {
    let (head, rest) = out.split_first_chunk_mut::<IP_HEADER>()?;
    let (fixed, ends) = head.split_first_chunk_mut()?;
    let [l0, l1] = u16::try_from(len + options).ok()?.to_be_bytes();
    let hop_limit = if options == 0 { HOP_LIMIT } else { 1 };
    *fixed = [0x60, 0, 0, 0, l0, l1, next, hop_limit];
    let ([from, to], _) = ends.as_chunks_mut() else {
        return None;
    };
    (*from, *to) = (source.v6_octets(), destination.v6_octets());
    let message = rest.get_mut(options..)?.get_mut(..len)?;
    let sum = sum(ends, message);
    *message.get_mut(2..)?.first_chunk_mut()? = sum.complement();
    Some(IP_HEADER + options + len)
}

/// The sum of a message and of the pseudo-header: both addresses, one behind the other.
#[inline(never)]
fn sum(ends: &[u8], message: &[u8]) -> Checksum {
    let mut sum = Checksum::new();
    // No message is longer than a packet.
    sum.add_u16(message.len() as u16);
    sum.add_u16(PROTOCOL_ICMPV6.into());
    sum.add(ends);
    sum.add(message);
    sum
}
