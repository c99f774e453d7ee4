//! Reports of the groups that this host listens to (MLDv2, RFC 3810), so that switches that look
//! for them let solicitations through.
//!
//! A host that joins a group says so three times; who asks is told of all groups, after a while
//! that is left to chance. The group of all nodes is never reported.

use tcp_core::wire::{Address, PROTOCOL_ICMPV6};
use tcp_core::{Duration, Instant};

use super::super::random::Random;
use super::addresses::Addresses;
use super::message::{group, group_mac, seal};
use super::routers::NEVER;
use crate::mac::MacAddress;

const HOP_BY_HOP: u8 = 0;
const QUERY: u8 = 130;
const REPORT: u8 = 143;
/// Records: this group is listened to; it is from here on.
const IS_LISTENED_TO: u8 = 2;
const IS_JOINED: u8 = 4;
/// All routers that understand MLDv2.
const ROUTERS: Address = group(0x16);
/// How often a group that was joined is reported.
const REPORTS: u8 = 3;
const BETWEEN_REPORTS: Duration = Duration::from_secs(1);
/// The longest delay that a query may ask for here, in milliseconds; and the shortest.
const LONGEST: u16 = 10_000;
const SHORTEST: u64 = 100;
/// Octets of a record.
const RECORD: usize = 20;
/// Octets of the IPv6 header, and of the hop-by-hop options with the alert to routers.
const IP_HEADER: usize = 40;
const OPTIONS: [u8; 8] = [PROTOCOL_ICMPV6, 0, 5, 2, 0, 0, 1, 0];

pub(super) fn mac() -> MacAddress {
    group_mac(&ROUTERS)
}

/// When the next report is due, and what it is.
#[derive(Debug)]
pub(super) struct Reports {
    pub(super) due: Instant,
    left: u8,
}

impl Reports {
    pub(super) const fn new() -> Self {
        Self {
            due: NEVER,
            left: 0,
        }
    }

    /// A group was joined.
    pub(super) fn joined(&mut self, now: Instant) {
        self.due = now;
        self.left = REPORTS;
    }

    /// Somebody asks, and wants the answer within so many milliseconds.
    pub(super) fn asked(&mut self, now: Instant, within_ms: u16, random: &mut Random) {
        let longest = Duration::from_millis(within_ms.min(LONGEST).into());
        let delay = Duration::from_millis(SHORTEST) + random.below(longest);
        self.due = self.due.min(now + delay);
    }

    /// Writes the report that is due on the groups of `addresses` to the start of `out`; its
    /// length.
    pub(super) fn write(
        &mut self,
        now: Instant,
        out: &mut [u8],
        addresses: &Addresses,
    ) -> Option<usize> {
        let kind = if self.left > 0 {
            IS_JOINED
        } else {
            IS_LISTENED_TO
        };
        self.left = self.left.saturating_sub(1);
        self.due = if self.left > 0 {
            now + BETWEEN_REPORTS
        } else {
            NEVER
        };
        let body = out.get_mut(IP_HEADER..)?;
        let (options, body) = body.split_first_chunk_mut()?;
        *options = OPTIONS;
        let (head, body) = body.split_first_chunk_mut()?;
        let mut len = head.len();
        let mut count = 0u8;
        for (record, own) in body
            .as_chunks_mut::<RECORD>()
            .0
            .iter_mut()
            .zip(addresses.all())
        {
            let [a, b, c, d, address @ ..] = record;
            [*a, *b, *c, *d] = [kind, 0, 0, 0];
            *address = own.solicited_node().v6_octets();
            len += record.len();
            count += 1;
        }
        *head = [REPORT, 0, 0, 0, 0, 0, 0, count];
        let source = addresses.link_local();
        let ends = [&source, &ROUTERS];
        let len = seal(out, ends, (HOP_BY_HOP, OPTIONS.len()), len)?;
        (count > 0).then_some(len)
    }
}

/// Within how many milliseconds a query wants to be answered; `None` when the packet is none. The
/// checksum is not looked at: damage costs a report at worst, and more than one does not wait.
pub(super) fn query(octets: &[u8]) -> Option<u16> {
    let [_, _, _, _, _, _, HOP_BY_HOP, 1, 0xfe, 0x80, rest @ ..] = octets else {
        return None;
    };
    let (options, body) = rest.get(IP_HEADER - 10..)?.split_first_chunk()?;
    let [QUERY, 0, _, _, d0, d1, ..] = *body.first_chunk::<24>()? else {
        return None;
    };
    (*options == OPTIONS).then_some(u16::from_be_bytes([d0, d1]))
}
