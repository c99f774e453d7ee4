//! Neighbour discovery messages (RFC 4861 section 4), checked as sections 6.1 and 7.1 demand.
//!
//! Messages behind extension headers are not read, which covers those in fragments (RFC 6980).
//!
//! Invariants: every option has a length, and ends within the message; none is looked at before
//! all were walked.

use core::net::{IpAddr, Ipv6Addr};

use tcp_core::wire::{IpEmit, PROTOCOL_ICMPV6, emit_ip_header, pseudo_header};

use super::super::dropped::LinkDropped;
use crate::mac::MacAddress;

const ROUTER_SOLICITATION: u8 = 133;
const ROUTER_ADVERTISEMENT: u8 = 134;
const NEIGHBOR_SOLICITATION: u8 = 135;
const NEIGHBOR_ADVERTISEMENT: u8 = 136;
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

pub(super) const ALL_NODES: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1);
const ALL_ROUTERS: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 2);

/// Whether this IPv6 packet is for neighbour discovery.
pub(super) fn is_discovery(packet: &[u8]) -> bool {
    let kind = packet.get(IP_HEADER);
    packet.get(6) == Some(&PROTOCOL_ICMPV6)
        && kind.is_some_and(|kind| (ROUTER_SOLICITATION..=REDIRECT).contains(kind))
}

/// The group of those whose address ends like this one (RFC 4291 section 2.7.1).
pub(super) fn solicited_node(address: Ipv6Addr) -> Ipv6Addr {
    let prefix = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 1, 0xff00, 0);
    Ipv6Addr::from_bits(prefix.to_bits() | address.to_bits() & 0xff_ffff)
}

/// The frame's destination for a group (RFC 2464 section 7).
pub(super) fn group_mac(group: Ipv6Addr) -> MacAddress {
    let [.., a, b, c, d] = group.octets();
    MacAddress([0x33, 0x33, a, b, c, d])
}

/// A message that passed the checks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Heard<'p> {
    pub(super) source: Ipv6Addr,
    pub(super) destination: Ipv6Addr,
    pub(super) message: Message<'p>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Message<'p> {
    /// Who has `target`?
    Solicitation { target: Ipv6Addr },
    /// Someone has `target`.
    Advertisement {
        target: Ipv6Addr,
        solicited: bool,
        replaces: bool,
        mac: Option<MacAddress>,
    },
    /// A router speaks.
    Router { lifetime: u16, options: Options<'p> },
    /// What this host does not act upon.
    Other,
}

/// What a prefix option says (RFC 4861 section 4.6.2).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Prefix {
    pub(super) address: Ipv6Addr,
    pub(super) len: u8,
    pub(super) on_link: bool,
    pub(super) autonomous: bool,
    /// In seconds; all ones: for ever.
    pub(super) valid: u32,
    pub(super) preferred: u32,
}

/// Options that were walked: each has a length that is not zero, and ends within.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Options<'p>(&'p [u8]);

impl<'p> Options<'p> {
    //= https://www.rfc-editor.org/rfc/rfc4861#section-4.6
    //# The value 0 is invalid.  Nodes MUST
    //# silently discard an ND packet that contains an
    //# option with length zero.
    fn walk(octets: &'p [u8]) -> Option<Self> {
        let mut rest = octets;
        while let [_, ..] = rest {
            let units = *rest.get(1)?;
            if units == 0 {
                return None;
            }
            rest = rest.get(usize::from(units) * 8..)?;
        }
        Some(Self(octets))
    }

    /// Each option: its type, and what stands behind type and length.
    fn iter(self) -> impl Iterator<Item = (u8, &'p [u8])> {
        let mut rest = self.0;
        core::iter::from_fn(move || {
            let [kind, units, ..] = *rest else {
                return None;
            };
            let (option, behind) = rest.split_at_checked(usize::from(units.max(1)) * 8)?;
            rest = behind;
            Some((kind, option.get(2..)?))
        })
    }

    /// The hardware address in an option of this type, if it has the length of one.
    fn mac(self, wanted: u8) -> Option<MacAddress> {
        let mut options = self.iter();
        let (_, body) = options.find(|(kind, body)| *kind == wanted && body.len() == 6)?;
        let mac = MacAddress(*body.first_chunk()?);
        (!mac.is_group()).then_some(mac)
    }

    /// The prefixes; those that are malformed are left out.
    pub(super) fn prefixes(self) -> impl Iterator<Item = Prefix> {
        self.iter().filter_map(|(kind, body)| {
            let body: &[u8; 30] = body.try_into().ok().filter(|_| kind == PREFIX)?;
            let [
                len,
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
            ] = *body;
            (len <= 128).then_some(Prefix {
                address: Ipv6Addr::from(address),
                len,
                on_link: flags & 0x80 != 0,
                autonomous: flags & 0x40 != 0,
                valid: u32::from_be_bytes([v0, v1, v2, v3]),
                preferred: u32::from_be_bytes([p0, p1, p2, p3]),
            })
        })
    }

    /// Name servers and for how many seconds they may be asked (RFC 8106 section 5.1). An option
    /// that does not hold a whole number of addresses is left out.
    #[cfg(feature = "dns")]
    pub(super) fn name_servers(self) -> impl Iterator<Item = (Ipv6Addr, u32)> {
        let whole = |(kind, body): &(u8, &[u8])| *kind == RDNSS && body.len() % 16 == 6;
        self.iter().filter(whole).flat_map(|(_, body)| {
            let lifetime = body.get(2..).and_then(|rest| rest.first_chunk::<4>());
            let lifetime = u32::from_be_bytes(lifetime.copied().unwrap_or_default());
            let (addresses, _) = body.get(6..).unwrap_or_default().as_chunks::<16>();
            addresses
                .iter()
                .map(move |address| (Ipv6Addr::from(*address), lifetime))
        })
    }
}

impl<'p> Heard<'p> {
    /// Reads a packet of neighbour discovery.
    pub(super) fn parse(octets: &'p [u8]) -> Result<Self, LinkDropped> {
        Self::checked(octets).ok_or(LinkDropped::NdpMalformed)
    }

    fn checked(octets: &'p [u8]) -> Option<Self> {
        let (head, rest) = octets.split_first_chunk::<IP_HEADER>()?;
        //= https://www.rfc-editor.org/rfc/rfc4861#section-7.1.1
        //# - The IP Hop Limit field has a value of 255, i.e., the packet
        //# could not possibly have been forwarded by a router.
        let [version, _, _, _, l0, l1, PROTOCOL_ICMPV6, HOP_LIMIT, ..] = *head else {
            return None;
        };
        let ends = head.last_chunk::<32>()?.as_chunks::<16>().0;
        let [source, destination] = *<&[[u8; 16]; 2]>::try_from(ends).ok()?;
        let (source, destination) = (Ipv6Addr::from(source), Ipv6Addr::from(destination));
        let length = u16::from_be_bytes([l0, l1]);
        let payload = rest.get(..usize::from(length))?;
        let (from, to) = (IpAddr::V6(source), IpAddr::V6(destination));
        let mut sum = pseudo_header(from, to, PROTOCOL_ICMPV6, length);
        sum.add(payload);
        let [kind, 0, _, _, body @ ..] = payload else {
            return None;
        };
        if version >> 4 != 6 || !sum.is_right() || source.is_multicast() {
            return None;
        }
        let heard = |message| Self {
            source,
            destination,
            message,
        };
        let message = match *kind {
            ROUTER_ADVERTISEMENT => router(source, body)?,
            NEIGHBOR_SOLICITATION => solicitation(source, destination, body)?,
            NEIGHBOR_ADVERTISEMENT => advertisement(destination, body)?,
            _ => Message::Other,
        };
        // Only who looks for an address of its own has none yet.
        let anonymous = source.is_unspecified();
        let may_be = matches!(message, Message::Solicitation { .. } | Message::Other);
        (!anonymous || may_be).then(|| heard(message))
    }
}

//= https://www.rfc-editor.org/rfc/rfc4861#section-6.1.2
//# - IP Source Address is a link-local address.  Routers must use
//# their link-local address as the source for Router Advertisement
//# and Redirect messages so that hosts can uniquely identify
//# routers.
fn router(source: Ipv6Addr, body: &[u8]) -> Option<Message<'_>> {
    let (fixed, options) = body.split_first_chunk::<12>()?;
    let [_, _, l0, l1, ..] = *fixed;
    source.is_unicast_link_local().then_some(Message::Router {
        lifetime: u16::from_be_bytes([l0, l1]),
        options: Options::walk(options)?,
    })
}

//= https://www.rfc-editor.org/rfc/rfc4861#section-7.1.1
//# - If the IP source address is the unspecified address, the IP
//# destination address is a solicited-node multicast address.
fn solicitation(source: Ipv6Addr, destination: Ipv6Addr, body: &[u8]) -> Option<Message<'_>> {
    let (target, options) = target(body)?;
    if source.is_unspecified() {
        let named = options.iter().any(|(kind, _)| kind == SOURCE_ADDRESS);
        if named || destination != solicited_node(target) {
            return None;
        }
    }
    Some(Message::Solicitation { target })
}

//= https://www.rfc-editor.org/rfc/rfc4861#section-7.1.2
//# - If the IP Destination Address is a multicast address the
//# Solicited flag is zero.
fn advertisement(destination: Ipv6Addr, body: &[u8]) -> Option<Message<'_>> {
    let flags = *body.first()?;
    let (target, options) = target(body)?;
    let solicited = flags & SOLICITED != 0;
    if solicited && destination.is_multicast() {
        return None;
    }
    Some(Message::Advertisement {
        target,
        solicited,
        replaces: flags & OVERRIDE != 0,
        mac: options.mac(TARGET_ADDRESS),
    })
}

/// The target, which names one host, and the options behind it.
fn target(body: &[u8]) -> Option<(Ipv6Addr, Options<'_>)> {
    let (target, options) = body.get(4..)?.split_first_chunk::<16>()?;
    let target = Ipv6Addr::from(*target);
    (!target.is_multicast()).then_some((target, Options::walk(options)?))
}

/// A message to send.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Emit {
    /// The frame's destination.
    pub(super) to: MacAddress,
    source: Ipv6Addr,
    destination: Ipv6Addr,
    kind: u8,
    flags: u8,
    target: Ipv6Addr,
}

impl Emit {
    /// Asks all routers to speak.
    pub(super) fn router_solicitation(source: Ipv6Addr) -> Self {
        Self {
            to: group_mac(ALL_ROUTERS),
            source,
            destination: ALL_ROUTERS,
            kind: ROUTER_SOLICITATION,
            flags: 0,
            target: Ipv6Addr::UNSPECIFIED,
        }
    }

    /// Asks who has `target`: the host that is believed to have it, or all that might.
    pub(super) fn solicitation(
        source: Ipv6Addr,
        target: Ipv6Addr,
        whom: Option<MacAddress>,
    ) -> Self {
        let group = solicited_node(target);
        Self {
            to: whom.unwrap_or(group_mac(group)),
            source,
            destination: whom.map_or(group, |_| target),
            kind: NEIGHBOR_SOLICITATION,
            flags: 0,
            target,
        }
    }

    //= https://www.rfc-editor.org/rfc/rfc4861#section-7.2.4
    //# If the source of the solicitation is the unspecified address, the
    //# node MUST set the Solicited flag to zero and multicast the
    //# advertisement to the all-nodes address.
    /// Tells who asked from `source` that `ours` is ours.
    pub(super) fn answer(ours: Ipv6Addr, source: Ipv6Addr, mac: MacAddress) -> Self {
        let anonymous = source.is_unspecified();
        Self {
            to: if anonymous { group_mac(ALL_NODES) } else { mac },
            source: ours,
            destination: if anonymous { ALL_NODES } else { source },
            kind: NEIGHBOR_ADVERTISEMENT,
            flags: if anonymous {
                OVERRIDE
            } else {
                SOLICITED | OVERRIDE
            },
            target: ours,
        }
    }

    /// Writes the IP packet; its length.
    pub(super) fn write(&self, out: &mut [u8], mac: MacAddress) -> Option<usize> {
        let mut body = [0; 32];
        [body[0], body[4]] = [self.kind, self.flags];
        let fixed = if self.kind == ROUTER_SOLICITATION {
            8
        } else {
            24
        };
        let (_, rest) = body.split_at_mut_checked(8)?;
        *rest.first_chunk_mut()? = self.target.octets();
        let len = if self.source.is_unspecified() {
            fixed
        } else {
            let option = if self.kind == NEIGHBOR_ADVERTISEMENT {
                TARGET_ADDRESS
            } else {
                SOURCE_ADDRESS
            };
            let [a, b, c, d, e, f] = mac.0;
            *body.get_mut(fixed..)?.first_chunk_mut()? = [option, 1, a, b, c, d, e, f];
            fixed + 8
        };
        let place = out.get_mut(IP_HEADER..)?.get_mut(..len)?;
        place.copy_from_slice(body.get(..len)?);
        let ends = [self.source, self.destination];
        seal(out, ends, (PROTOCOL_ICMPV6, 0), len)
    }
}

/// Puts the checksum into the ICMPv6 message of `len` octets that stands behind the places of the
/// IPv6 header and of `options` octets, and the IPv6 header before them; the packet's length. What
/// follows the header first is `next`; only discovery itself, which has no options, goes without
/// routers being able to forward it.
pub(super) fn seal(
    out: &mut [u8],
    [source, destination]: [Ipv6Addr; 2],
    (next, options): (u8, usize),
    len: usize,
) -> Option<usize> {
    let ip = IpEmit {
        source: IpAddr::V6(source),
        destination: IpAddr::V6(destination),
        hop_limit: if options == 0 { HOP_LIMIT } else { 1 },
        traffic_class: 0,
    };
    let message = out.get_mut(IP_HEADER + options..)?.get_mut(..len)?;
    let length = u16::try_from(len).ok()?;
    let mut sum = pseudo_header(ip.source, ip.destination, PROTOCOL_ICMPV6, length);
    sum.add(message);
    *message.get_mut(2..)?.first_chunk_mut()? = sum.complement();
    let length = u16::try_from(len + options).ok()?;
    let header = emit_ip_header(out, &ip, next, length)?;
    Some(header + usize::from(length))
}
