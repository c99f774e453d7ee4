//! TIME-WAIT: what is left of a connection for 2 MSL after both sides closed.
//!
//! All entries wait equally long, so the first that was made is the next to go; a retransmitted FIN
//! makes its entry the youngest.
//!
//! When the table is full the oldest entry makes room: that gives up some protection against
//! old duplicates, never memory, and is counted.

use super::entry::Entry;
use super::list::Linkage;
use super::local::LocalAddress;
use super::scale::Scale;
use super::waiting::Waiting;
use crate::connection::TimeWaitSeed;
use crate::seq::{SeqLen, SeqNum};
use crate::wire::{Control, Segment};

/// The table.
pub(super) type TimeWaits<'a, L, S> = Waiting<'a, L, S, <S as Scale>::Links>;

/// One connection in TIME-WAIT.
pub(super) type TimeWaitEntry<L, S> = Entry<L, <S as Scale>::Links>;

const HOP_LIMIT: u16 = 0x00ff;
const DIFFSERV_SHIFT: u32 = 8;
const DIFFSERV: u16 = 0x3f00;

/// What a segment does to an entry.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Verdict {
    /// It tells nothing: no answer.
    Ignore,
    /// It is not acceptable, or a FIN that came again: the ACK is owed once more.
    Acknowledge,
    /// The FIN came again: 2 MSL begin anew, and the ACK is owed.
    Restart,
    /// It opens the next connection between the same ends.
    Reopen,
}

impl<L: LocalAddress, K: Linkage> Entry<L, K> {
    /// Takes over from a connection.
    pub(super) fn take_over(&mut self, seed: &TimeWaitSeed) {
        self.snd_nxt = seed.snd_nxt;
        self.rcv_nxt = seed.rcv_nxt;
        self.size = seed.window;
        let diffserv = u16::from(seed.diffserv) << DIFFSERV_SHIFT & DIFFSERV;
        self.marks.0 |= diffserv | u16::from(seed.hop_limit);
        self.set_timestamps(seed.timestamps.map(|(recent, _)| recent));
    }

    /// TTL or hop limit of our segments.
    pub(super) const fn hop_limit(&self) -> u8 {
        (self.marks.0 & HOP_LIMIT) as u8
    }

    /// The traffic class of our segments.
    pub(super) const fn traffic_class(&self) -> u8 {
        ((self.marks.0 & DIFFSERV) >> DIFFSERV_SHIFT << 2) as u8
    }

    //= https://www.rfc-editor.org/rfc/rfc9293#section-3.10.7.4
    //# The only thing that can arrive in this state is a
    //# retransmission of the remote FIN.  Acknowledge it, and restart
    //# the 2 MSL timeout.
    /// What `segment` does here. `recent`: TS.Recent, if timestamps are in use.
    pub(super) fn judge(&self, segment: &Segment<'_>, recent: Option<u32>) -> Verdict {
        match segment.control {
            // RFC 1337: a reset must not cut TIME-WAIT short.
            Some(Control::Rst) => Verdict::Ignore,
            Some(Control::Syn)
                if segment.ack.is_none()
                    && !segment.has_fin()
                    && self.may_reopen(segment, recent) =>
            {
                Verdict::Reopen
            }
            Some(Control::Syn) => Verdict::Acknowledge,
            Some(Control::Fin) if self.is_fin_again(segment) => Verdict::Restart,
            // A pure ACK is never answered, in its place or not: two ends that disagree would
            // answer each other for ever.
            Some(Control::Fin) | None if segment.seq_len() == SeqLen::ZERO => Verdict::Ignore,
            Some(Control::Fin) | None => Verdict::Acknowledge,
        }
    }

    /// Whether `segment` brings the peer's FIN again: one that acknowledges nothing, or what was
    /// never sent, was made up.
    fn is_fin_again(&self, segment: &Segment<'_>) -> bool {
        segment.seq + segment.seq_len() == self.rcv_nxt
            && segment
                .ack
                .is_some_and(|ack| ack.at_or_before(self.snd_nxt))
    }

    /// RFC 6191 section 2: whether a SYN leaves the old connection's numbers behind. Offered
    /// timestamps are taken to be accepted, as [`Config`](crate::Config)'s default does.
    //= https://www.rfc-editor.org/rfc/rfc9293#section-3.6.1
    //# This algorithm for reducing TIME-WAIT is a Best Current Practice that SHOULD
    //# be implemented since Timestamp Options are commonly used, and using them to
    //# reduce TIME-WAIT provides benefits for busy Internet servers (SHLD-4).
    //= https://www.rfc-editor.org/rfc/rfc9293#section-3.6.1
    //# However, it MAY accept a new SYN from the remote TCP endpoint to reopen the
    //# connection directly from TIME-WAIT state (MAY-2), if it:
    fn may_reopen(&self, segment: &Segment<'_>, recent: Option<u32>) -> bool {
        // The FIN occupies the octet before RCV.NXT: a SYN may start from RCV.NXT on.
        let newer_seq = segment.seq.at_or_after(self.rcv_nxt);
        match (recent, segment.options.timestamps) {
            (Some(recent), Some(offered)) => match SeqNum::new(offered.value) - SeqNum::new(recent)
            {
                0 => newer_seq,
                distance => distance > 0,
            },
            (None, Some(_)) => true,
            (Some(_) | None, None) => newer_seq,
        }
    }
}

#[cfg(test)]
mod tests;
