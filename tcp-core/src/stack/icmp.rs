//! ICMP: echo answered, errors handed to the connections that they speak of (RFC 5927).

use super::address::Key;
use super::demux::Found;
use super::dropped::Dropped;
use super::input::{Content, Reach};
use super::{RxChecksum, Stack};
use crate::profile::{Memory, Profile};
use crate::wire::icmp::{self, Class, Parts};
use crate::wire::{IcmpMeaning, IpPacket, PROTOCOL_ICMPV4, PROTOCOL_TCP, ParseError, Quoted};

impl<'a, P: Profile, M: Memory<'a>> Stack<'a, P, M> {
    /// Takes an ICMP message. What is not answered or used here is for whoever drives the stack:
    /// neighbour discovery, errors about UDP.
    #[inline(never)]
    pub(super) fn icmp(
        &mut self,
        packet: &IpPacket<'_>,
        reach: Reach,
        checksum: RxChecksum,
    ) -> Result<Content, Dropped> {
        // Each family has its own ICMP.
        if packet.destination.is_v4() != (packet.protocol == PROTOCOL_ICMPV4) {
            return Ok(Content::NotTcp);
        }
        let (source, destination) = (packet.source, packet.destination);
        let opened = icmp::open(packet.payload, source, destination, checksum);
        let (class, message) = opened.map_err(ParseError::dropped)?;
        match class {
            Class::EchoRequest if self.answer_echo => self.answer_echo(packet, reach, &message)?,
            Class::Error(meaning) => {
                let quoted = Quoted::parse(message.data).map_err(ParseError::dropped)?;
                if quoted.protocol != PROTOCOL_TCP {
                    return Ok(Content::NotTcp);
                }
                self.icmp_error(meaning, &quoted)?;
            }
            Class::EchoRequest | Class::EchoReply | Class::Other => return Ok(Content::NotTcp),
        }
        Ok(Content::Used)
    }

    //= https://www.rfc-editor.org/rfc/rfc1122#section-3.2.2.6
    //# An ICMP Echo Request destined to an IP broadcast or IP
    //# multicast address MAY be silently discarded.
    fn answer_echo(
        &mut self,
        packet: &IpPacket<'_>,
        reach: Reach,
        request: &Parts<'_>,
    ) -> Result<(), Dropped> {
        if reach != Reach::HostToHost {
            return Err(Dropped::Icmp);
        }
        let header = Self::answer_header(packet.destination, packet.source);
        let write = |space: &mut [u8]| icmp::emit_answer(space, &header, request);
        self.replies
            .push_packet(packet.source, write)
            .map_err(|_| Dropped::ReplyQueueFull)
    }

    /// An error about a segment of ours: its connection judges it. Half-open connections and those
    /// in TIME-WAIT need no help to end.
    //= https://www.rfc-editor.org/rfc/rfc9293#section-3.9.2.2
    //# TCP implementations MUST act on an ICMP error message passed up from the IP
    //# layer, directing it to the connection that created the error (MUST-54).
    fn icmp_error(&mut self, meaning: IcmpMeaning, quoted: &Quoted) -> Result<(), Dropped> {
        let key = Key {
            local: quoted.source,
            remote: quoted.destination,
            local_port: quoted.source_port,
            remote_port: quoted.destination_port,
        };
        let Some(Found::Connection(index)) = self.find(&key) else {
            return Err(Dropped::Icmp);
        };
        let now = self.clock;
        let judged = self.with_connection(index, |connection| match meaning {
            IcmpMeaning::Unreachable(what) => connection.unreachable(now, quoted.seq, what),
            IcmpMeaning::TooBig { mtu } => {
                let mtu = u16::try_from(mtu).unwrap_or(u16::MAX);
                connection.set_path_mtu(now, quoted.seq, mtu);
            }
        });
        judged.ok_or(Dropped::Icmp)
    }
}
