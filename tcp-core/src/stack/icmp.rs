//! ICMP: echo answered, errors handed to the connections that they speak of (RFC 5927), and the
//! few errors that a host owes to others.

use super::Stack;
use super::address::{Key, pack};
use super::demux::Found;
use super::dropped::Dropped;
use super::input::{Content, Reach, Route};
use super::local::{Destination, Source};
use super::{LinkDestination, Packet, RxChecksum};
use crate::profile::{Memory, Profile};
use crate::time::Instant;
use crate::wire::{
    Complaint, Echo, EchoKind, IcmpError, IcmpMeaning, IcmpMessage, IpPacket, PROTOCOL_ICMPV4,
    PROTOCOL_TCP, ParseError, emit_complaint, emit_echo, may_complain,
};

impl<'a, P: Profile, M: Memory<'a>> Stack<'a, P, M> {
    /// Takes an ICMP message. What is not answered or used here is for whoever drives the stack:
    /// neighbour discovery, errors about UDP.
    #[inline(never)]
    pub(super) fn icmp(
        &mut self,
        now: Instant,
        packet: &IpPacket<'_>,
        route: &Route,
        checksum: RxChecksum,
    ) -> Result<Content, Dropped> {
        // Each family has its own ICMP.
        if packet.destination.is_ipv4() != (packet.protocol == PROTOCOL_ICMPV4) {
            return Ok(Content::NotTcp);
        }
        let (source, destination) = (packet.source, packet.destination);
        let message = IcmpMessage::parse(packet.payload, source, destination, checksum)
            .map_err(ParseError::dropped)?;
        match message {
            IcmpMessage::EchoRequest(echo) if self.config.answer_echo => {
                self.answer_echo(route, &echo)?;
                Ok(Content::Used)
            }
            IcmpMessage::Error(error) if error.quoted.protocol == PROTOCOL_TCP => {
                self.icmp_error(now, &error)?;
                Ok(Content::Used)
            }
            IcmpMessage::EchoRequest(_)
            | IcmpMessage::EchoReply(_)
            | IcmpMessage::Error(_)
            | IcmpMessage::Other { .. } => Ok(Content::NotTcp),
        }
    }

    //= https://www.rfc-editor.org/rfc/rfc1122#section-3.2.2.6
    //# An ICMP Echo Request destined to an IP broadcast or IP
    //# multicast address MAY be silently discarded.
    fn answer_echo(&mut self, route: &Route, echo: &Echo<'_>) -> Result<(), Dropped> {
        if route.reach != Reach::HostToHost {
            return Err(Dropped::Icmp);
        }
        let header = Self::answer_header(route.to, route.from);
        let write = |space: &mut [u8]| emit_echo(space, &header, EchoKind::Reply, echo);
        self.replies
            .push_packet(route.from, write)
            .map_err(|_| Dropped::ReplyQueueFull)
    }

    /// An error about a segment of ours: its connection judges it. Half-open connections and those
    /// in TIME-WAIT need no help to end.
    fn icmp_error(&mut self, now: Instant, error: &IcmpError) -> Result<(), Dropped> {
        let quoted = &error.quoted;
        let (local, remote) = (pack(quoted.source), pack(quoted.destination));
        let key = Key {
            local: local.ok_or(Dropped::Icmp)?,
            remote: remote.ok_or(Dropped::Icmp)?,
            local_port: quoted.source_port,
            remote_port: quoted.destination_port,
        };
        let Some(Found::Connection(index)) = self.find(&key) else {
            return Err(Dropped::Icmp);
        };
        let judged = match error.meaning {
            IcmpMeaning::Unreachable(what) => self.with_connection(now, index, |connection| {
                connection.unreachable(now, quoted.seq, what);
            }),
            IcmpMeaning::TooBig { mtu } => self.with_connection(now, index, |connection| {
                let mtu = u16::try_from(mtu).unwrap_or(u16::MAX);
                connection.set_path_mtu(now, quoted.seq, mtu);
            }),
        };
        judged.ok_or(Dropped::Icmp)
    }

    /// Tells the sender of a malformed packet, where the rules want that.
    #[inline(never)]
    pub(super) fn complain(&mut self, now: Instant, packet: &Packet<'_>, error: ParseError) {
        let Some(problem) = error.parameter_problem() else {
            return;
        };
        if packet.link == LinkDestination::Unicast {
            self.send_complaint(now, Complaint::Parameter(problem), packet.octets);
        }
    }

    /// Queues an ICMP error about the packet `original`.
    fn send_complaint(&mut self, now: Instant, complaint: Complaint, original: &[u8]) {
        let Some(meta) = may_complain(complaint, original) else {
            return;
        };
        let (Some(from), Some(to)) = (pack(meta.source), pack(meta.destination)) else {
            return;
        };
        // Only what is certainly between two hosts is answered; an address of ours answers.
        if self.locals.source(from) != Source::Unicast
            || self.locals.destination(to) != Destination::Ours
        {
            return;
        }
        let header = Self::answer_header(to, from);
        let write = |space: &mut [u8]| emit_complaint(space, &header, complaint, original);
        let permitted = self.replies.permit(now, self.secret);
        if permitted
            .and_then(|()| self.replies.push_packet(from, write))
            .is_err()
        {
            self.counters.count(Dropped::ReplyQueueFull);
        }
    }
}
