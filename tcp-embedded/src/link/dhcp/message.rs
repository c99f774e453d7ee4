//! DHCP messages (RFC 2131 section 2, RFC 2132).
//!
//! Options are read in bounds: each ends within its field, and what is malformed ends the field.
//! Of an option that comes twice the first counts.

use core::net::Ipv4Addr;

use heapless::Vec;

use super::super::cidr::{Ipv4Cidr, is_host};
use crate::mac::MacAddress;

/// Octets of a message that this client sends: as long as BOOTP's, for old relays.
pub(super) const LENGTH: usize = 300;
/// Name servers that are kept.
pub(crate) const SERVERS: usize = 3;

const OPTIONS: usize = 240;
const COOKIE: [u8; 4] = [99, 130, 83, 99];
const REQUEST: u8 = 1;
const REPLY: u8 = 2;
/// Ethernet, and the length of its addresses.
const HARDWARE: [u8; 2] = [1, 6];
const BROADCAST: u8 = 0x80;

const PAD: u8 = 0;
const SUBNET_MASK: u8 = 1;
const ROUTER: u8 = 3;
const DNS: u8 = 6;
const REQUESTED_ADDRESS: u8 = 50;
const LEASE_TIME: u8 = 51;
const OVERLOAD: u8 = 52;
const MESSAGE_TYPE: u8 = 53;
const SERVER: u8 = 54;
const WANTED: u8 = 55;
const MAXIMUM_SIZE: u8 = 57;
const RENEWAL_TIME: u8 = 58;
const REBINDING_TIME: u8 = 59;
const CLIENT: u8 = 61;
const END: u8 = 255;

/// What a message is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(super) enum Kind {
    Discover = 1,
    Offer = 2,
    Request = 3,
    Decline = 4,
    Ack = 5,
    Nak = 6,
}

/// What a server says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Reply {
    pub(super) kind: Kind,
    pub(super) xid: u32,
    pub(super) mac: MacAddress,
    pub(super) yours: Ipv4Addr,
    pub(super) server: Option<Ipv4Addr>,
    mask: Option<Ipv4Addr>,
    pub(super) router: Option<Ipv4Addr>,
    pub(super) dns: Vec<Ipv4Addr, SERVERS>,
    /// In seconds, as the next two.
    pub(super) lease: Option<u32>,
    pub(super) renewal: Option<u32>,
    pub(super) rebinding: Option<u32>,
}

impl Reply {
    /// Reads a reply to a client on Ethernet.
    pub(super) fn parse(octets: &[u8]) -> Option<Self> {
        let (head, options) = octets.split_first_chunk::<OPTIONS>()?;
        let part = |at: usize| head.get(at..)?.first_chunk::<4>();
        let [op, kind, len, ..] = *head;
        if op != REPLY || [kind, len] != HARDWARE || *part(236)? != COOKIE {
            return None;
        }
        let mut reply = Self {
            kind: Kind::Discover,
            xid: u32::from_be_bytes(*part(4)?),
            mac: MacAddress(*head.get(28..)?.first_chunk()?),
            yours: Ipv4Addr::from(*part(16)?),
            server: None,
            mask: None,
            router: None,
            dns: Vec::new(),
            lease: None,
            renewal: None,
            rebinding: None,
        };
        let overload = reply.read(options);
        //= https://www.rfc-editor.org/rfc/rfc2132#section-9.3
        //# If this option is present, the client interprets the specified
        //# additional fields after it concludes interpretation of the
        //# standard option fields.
        if overload & 1 != 0 {
            reply.read(head.get(108..236)?);
        }
        if overload & 2 != 0 {
            reply.read(head.get(44..108)?);
        }
        matches!(reply.kind, Kind::Offer | Kind::Ack | Kind::Nak).then_some(reply)
    }

    /// Reads the options of a field; which further fields hold options.
    fn read(&mut self, mut field: &[u8]) -> u8 {
        let mut overload = 0;
        while let [kind, rest @ ..] = field {
            if *kind == PAD {
                field = rest;
                continue;
            }
            let [len, rest @ ..] = rest else {
                break;
            };
            let Some((value, behind)) = rest.split_at_checked(usize::from(*len)) else {
                break;
            };
            if *kind == END {
                break;
            }
            field = behind;
            match (*kind, value) {
                (OVERLOAD, [fields]) => overload = *fields,
                (MESSAGE_TYPE, [kind]) if self.kind == Kind::Discover => {
                    self.kind = match kind {
                        2 => Kind::Offer,
                        5 => Kind::Ack,
                        6 => Kind::Nak,
                        _ => Kind::Decline,
                    };
                }
                (DNS, _) if self.dns.is_empty() => {
                    let (addresses, _) = value.as_chunks::<4>();
                    let hosts = addresses.iter().map(|octets| Ipv4Addr::from(*octets));
                    for server in hosts.filter(|server| is_host(*server)) {
                        // More than there is room for are not needed.
                        let _ = self.dns.push(server);
                    }
                }
                (kind, _) => self.word(kind, value),
            }
        }
        overload
    }

    /// Reads an option that begins with four octets.
    fn word(&mut self, kind: u8, value: &[u8]) {
        let Some(word) = value.first_chunk::<4>() else {
            return;
        };
        let (number, address) = (u32::from_be_bytes(*word), Ipv4Addr::from(*word));
        match kind {
            SUBNET_MASK => self.mask = self.mask.or(Some(address)),
            ROUTER => self.router = self.router.or(Some(address).filter(|host| is_host(*host))),
            SERVER => self.server = self.server.or(Some(address).filter(|host| is_host(*host))),
            LEASE_TIME => self.lease = self.lease.or(Some(number)),
            RENEWAL_TIME => self.renewal = self.renewal.or(Some(number)),
            REBINDING_TIME => self.rebinding = self.rebinding.or(Some(number)),
            _ => {}
        }
    }

    /// The address that is ours, with the prefix of the mask, or that of the address's class where
    /// there is none; `None` when it is no host's or the mask is none.
    pub(super) fn cidr(&self) -> Option<Ipv4Cidr> {
        let [first, ..] = self.yours.octets();
        let prefix = match self.mask {
            Some(mask) => {
                let ones = mask.to_bits().leading_ones();
                let is_mask = mask.to_bits().checked_shl(ones).unwrap_or(0) == 0;
                is_mask.then_some(ones)?
            }
            None if first < 128 => 8,
            None if first < 192 => 16,
            None => 24,
        };
        Ipv4Cidr::new(self.yours, u8::try_from(prefix).ok()?)
    }
}

/// What this client says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Said {
    pub(super) kind: Kind,
    pub(super) xid: u32,
    pub(super) seconds: u16,
    pub(super) mac: MacAddress,
    /// The address that it has and can be reached at, or none.
    pub(super) ours: Option<Ipv4Addr>,
    /// The address that it would like to have, or does not want.
    pub(super) requested: Option<Ipv4Addr>,
    pub(super) server: Option<Ipv4Addr>,
}

impl Said {
    /// Writes the message to the start of `out`; its length.
    pub(super) fn write(&self, out: &mut [u8]) -> Option<usize> {
        let out = out.get_mut(..LENGTH)?;
        out.fill(0);
        let (head, options) = out.split_first_chunk_mut::<OPTIONS>()?;
        let [hardware, len] = HARDWARE;
        *head.first_chunk_mut()? = [REQUEST, hardware, len, 0];
        let mut put = |at: usize, octets: [u8; 4]| {
            *head.get_mut(at..)?.first_chunk_mut()? = octets;
            Some(())
        };
        let [s0, s1] = self.seconds.to_be_bytes();
        //= https://www.rfc-editor.org/rfc/rfc2131#section-4.1
        //# A client that cannot receive unicast IP datagrams until its protocol
        //# software has been configured with an IP address SHOULD set the
        //# BROADCAST bit in the 'flags' field to 1 in any DHCPDISCOVER or
        //# DHCPREQUEST messages that client sends.
        let flags = if self.ours.is_none() { BROADCAST } else { 0 };
        put(4, self.xid.to_be_bytes())?;
        put(8, [s0, s1, flags, 0])?;
        put(12, self.ours.unwrap_or(Ipv4Addr::UNSPECIFIED).octets())?;
        let [a, b, c, d, e, f] = self.mac.0;
        put(28, [a, b, c, d])?;
        put(32, [e, f, 0, 0])?;
        put(236, COOKIE)?;
        let mut at = 0;
        let mut push = |octets: &[u8]| {
            options
                .get_mut(at..)?
                .get_mut(..octets.len())?
                .copy_from_slice(octets);
            at += octets.len();
            Some(())
        };
        push(&[MESSAGE_TYPE, 1, self.kind as u8])?;
        push(&[CLIENT, 7, hardware, a, b, c, d, e, f])?;
        for (kind, address) in [(REQUESTED_ADDRESS, self.requested), (SERVER, self.server)] {
            if let Some([a, b, c, d]) = address.map(|address| address.octets()) {
                push(&[kind, 4, a, b, c, d])?;
            }
        }
        if matches!(self.kind, Kind::Discover | Kind::Request) {
            push(&[MAXIMUM_SIZE, 2, 2, 64])?;
            push(&[WANTED, 6, SUBNET_MASK, ROUTER, DNS])?;
            push(&[LEASE_TIME, RENEWAL_TIME, REBINDING_TIME])?;
        }
        push(&[END])?;
        Some(LENGTH)
    }
}
