//! ICMP errors that this host owes to others: only IPv6 asks for them here, where extension headers
//! that are not understood are the sender's to hear about.

use super::dropped::Dropped;
use super::local::{Destination, Source};
use super::{LinkDestination, Packet, Stack};
use crate::profile::{Memory, Profile};
use crate::wire::{Complaint, ParameterProblem, emit_complaint, may_complain};

impl<'a, P: Profile, M: Memory<'a>> Stack<'a, P, M> {
    /// Tells the sender of a malformed packet, where the rules want that.
    #[inline(never)]
    pub(super) fn complain(&mut self, packet: &Packet<'_>, problem: Option<ParameterProblem>) {
        let Some(problem) = problem else {
            return;
        };
        if packet.link == LinkDestination::Unicast {
            self.send_complaint(Complaint::Parameter(problem), packet.octets);
        }
    }

    /// Queues an ICMP error about the packet `original`.
    fn send_complaint(&mut self, complaint: Complaint, original: &[u8]) {
        let Some(meta) = may_complain(complaint, original) else {
            return;
        };
        let (from, to) = (meta.source, meta.destination);
        // Only what is certainly between two hosts is answered; an address of ours answers.
        if self.locals.source(from) != Source::Unicast
            || self.locals.destination(to) != Destination::Ours
        {
            return;
        }
        let header = Self::answer_header(to, from);
        let write = |space: &mut [u8]| emit_complaint(space, &header, complaint, original);
        let permitted = self.replies.permit(self.clock, self.secret);
        if permitted
            .and_then(|()| self.replies.push_packet(from, write))
            .is_err()
        {
            self.counters.count(Dropped::ReplyQueueFull);
        }
    }
}
