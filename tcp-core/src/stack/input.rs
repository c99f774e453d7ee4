//! The way in: an IP packet arrives; whom it is for, and what it carries.

use super::address::Key;
use super::dropped::Dropped;
use super::local::{Destination, Source};
use super::node::INDEXED;
use super::reassembly::{DatagramId, Follow, Outcome, Piece};
use super::{LinkDestination, Packet, Received, RxChecksum, Stack};
use crate::connection::{Known, Switch, has_ecn};
use crate::profile::{Memory, Profile};
use crate::wire::{
    Fault, Fragment, HeaderChecksum, IpPacket, PROTOCOL_ICMPV4, PROTOCOL_ICMPV6, PROTOCOL_TCP,
    Segment,
};

/// Whether a packet may be answered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Reach {
    /// From one host to this one, on every layer.
    HostToHost,
    /// From nobody, or to a group: not TCP, and never answered.
    Other,
}

/// What the device said of a packet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Hints {
    checksum: RxChecksum,
    /// How many segments it put together.
    segment_size: u16,
}

/// What became of a packet's content.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Content {
    /// It was for this stack.
    Used,
    /// It is for whoever drives the stack.
    NotTcp,
}

impl<'a, P: Profile, M: Memory<'a>> Stack<'a, P, M> {
    /// Takes one packet.
    pub(super) fn input<'p>(&'p mut self, packet: Packet<'p>) -> Received<'p> {
        let hints = Hints {
            checksum: packet.checksum,
            segment_size: packet.segment_size.map_or(0, |size| size.get()),
        };
        let parsed = IpPacket::read::<Known<P>, Fault>(packet.octets, HeaderChecksum::Verify);
        let parsed = match &parsed {
            Ok(parsed) => parsed,
            Err(fault) => {
                #[cfg(feature = "ipv6")]
                self.complain(&packet, fault.problem);
                return self.discard(fault.dropped);
            }
        };
        let reach = match self.admit(parsed, packet.link) {
            Ok(reach) => reach,
            Err(reason) => return self.discard(reason),
        };
        if let Some(fragment) = parsed.fragment {
            return match P::REASSEMBLY {
                Switch::On => self.fragment(parsed, fragment, reach),
                Switch::Off => self.discard(Dropped::Fragment),
            };
        }
        match self.content(parsed, reach, hints) {
            Ok(Content::Used) => Received::Taken,
            Ok(Content::NotTcp) => not_tcp(parsed, parsed.payload),
            Err(reason) => self.discard(reason),
        }
    }

    fn discard(&mut self, reason: Dropped) -> Received<'static> {
        self.counters.count(reason);
        Received::Dropped(reason)
    }

    //= https://www.rfc-editor.org/rfc/rfc9293#section-3.9.2.3
    //# An incoming SYN with an invalid source address MUST be ignored
    //# either by TCP or by the IP layer [(MUST-63)]
    fn admit(&self, packet: &IpPacket<'_>, link: LinkDestination) -> Result<Reach, Dropped> {
        let (from, to) = (packet.source, packet.destination);
        // The ends of a connection were looked at when it was opened.
        let latest = self.schedule.get(self.latest);
        if link == LinkDestination::Unicast
            && latest.is_some_and(|node| node.is(INDEXED) && node.key.is_between(to, from))
        {
            return Ok(Reach::HostToHost);
        }
        let (source, destination) = (self.locals.source(from), self.locals.destination(to));
        if source == Source::Invalid {
            return Err(Dropped::IpSource);
        }
        if destination == Destination::Foreign {
            return Err(Dropped::NotForUs);
        }
        let between_hosts = source == Source::Unicast && destination == Destination::Ours;
        if between_hosts && link == LinkDestination::Unicast {
            Ok(Reach::HostToHost)
        } else {
            Ok(Reach::Other)
        }
    }

    /// Uses what a whole packet carries.
    fn content(
        &mut self,
        packet: &IpPacket<'_>,
        reach: Reach,
        hints: Hints,
    ) -> Result<Content, Dropped> {
        match packet.protocol {
            PROTOCOL_TCP => {
                self.tcp(packet, reach, hints)?;
                Ok(Content::Used)
            }
            PROTOCOL_ICMPV4 | PROTOCOL_ICMPV6 => self.icmp(packet, reach, hints.checksum),
            _ => Ok(Content::NotTcp),
        }
    }

    //= https://www.rfc-editor.org/rfc/rfc9293#section-3.9.2.3
    //# A TCP implementation MUST silently discard an incoming SYN segment
    //# that is addressed to a broadcast or multicast address [(MUST-57)].
    fn tcp(&mut self, packet: &IpPacket<'_>, reach: Reach, hints: Hints) -> Result<(), Dropped> {
        if reach != Reach::HostToHost {
            return Err(Dropped::NotForUs);
        }
        let mut segment = Segment::blank();
        let ends = (packet.source, packet.destination);
        segment.read::<Known<P>, Dropped>(packet.payload, ends, hints.checksum)?;
        if has_ecn::<P>() {
            segment.marked = packet.is_marked();
        }
        let key = Key {
            local: packet.destination,
            remote: packet.source,
            local_port: segment.destination_port,
            remote_port: segment.source_port,
        };
        let segments = match hints.segment_size {
            0 => 1,
            size => {
                let len = u16::try_from(segment.payload.len()).unwrap_or(u16::MAX);
                len.div_ceil(size).max(1)
            }
        };
        self.segment_arrives(&key, &segment, segments)
    }

    /// Keeps a fragment; if its datagram is complete with it, uses that.
    #[inline(never)]
    fn fragment<'p>(
        &'p mut self,
        packet: &IpPacket<'_>,
        fragment: Fragment,
        reach: Reach,
    ) -> Received<'p> {
        let id = DatagramId {
            source: packet.source,
            destination: packet.destination,
            id: fragment.id,
            protocol: if packet.destination.is_v4() {
                packet.protocol
            } else {
                0
            },
        };
        let piece = Piece {
            offset: fragment.offset,
            follow: if fragment.more {
                Follow::More
            } else {
                Follow::Last
            },
            octets: packet.payload,
            header: packet.meta(),
        };
        let (slot, len, first) = match self.fragments.insert(self.clock, id, &piece) {
            Outcome::Kept => return Received::Taken,
            Outcome::Dropped => return self.discard(Dropped::Fragment),
            Outcome::Complete { slot, len, first } => (slot, len, first),
        };
        // The memory is taken out of its slot while the rest of the stack changes.
        let buffer = self.fragments.take(slot);
        let datagram = buffer.get(..len).unwrap_or_default();
        let used = match IpPacket::reassembled(first, datagram) {
            Ok(whole) => {
                // What a device says of a fragment's checksum says nothing of the datagram's.
                let hints = Hints {
                    checksum: RxChecksum::Unverified,
                    segment_size: 0,
                };
                let used = self.content(&whole, reach, hints);
                used.map(|content| (content, whole.protocol, whole.payload.len()))
            }
            Err(error) => Err(error.dropped()),
        };
        self.fragments.put_back(slot, buffer);
        match used {
            Ok((Content::Used, ..)) => Received::Taken,
            Ok((Content::NotTcp, protocol, payload)) => Received::NotTcp {
                protocol,
                source: first.source,
                destination: first.destination,
                payload: self.fragments.content(slot, len, payload),
            },
            Err(reason) => self.discard(reason),
        }
    }
}

fn not_tcp<'p>(packet: &IpPacket<'_>, payload: &'p [u8]) -> Received<'p> {
    Received::NotTcp {
        protocol: packet.protocol,
        source: packet.source,
        destination: packet.destination,
        payload,
    }
}
