//! The receive half: RCV.* and nothing of SND.*.
//!
//! ```text
//!     read by user      in the ring, unread      free, or waiting beyond a gap
//!   --------------------+------------------------+------------------------------+-------
//!                       |<------ ring.len ------>|<--- what may be accepted --->|
//!                                             RCV.NXT                        RCV.adv
//! ```
//!
//! `adv` is the right edge of the window as it was advertised at the most. It never moves left,
//! and nothing beyond it is stored. Invariants: `nxt <= adv`, and `adv - nxt` is at most the free
//! space of the ring; islands lie between `nxt` and `adv`, in order, apart from each other.

mod ack_policy;
mod duplicates;
mod islands;
mod window;

pub(super) use ack_policy::{AckOwed, AckPolicy, Challenge};
pub use duplicates::{DuplicateReporting, DuplicateReports, NoDuplicateReports};
pub use islands::Island;
pub(super) use islands::Islands;
pub(crate) use window::scale_for;

use crate::ring::Ring;
use crate::seq::{SeqLen, SeqNum, SeqRange};

/// RCV.* of RFC 9293 section 3.3.1.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
#[repr(C)]
pub(super) struct Rcv<D> {
    /// When and why to acknowledge.
    pub(super) ack: AckPolicy,
    /// Shift of the windows that we send.
    pub(super) wscale: u8,
    fin_seen: bool,
    urgent_pending: bool,
    /// RCV.NXT.
    pub(super) nxt: SeqNum,
    /// The right edge of the window, as far as it was ever advertised: RCV.NXT + RCV.WND.
    //= https://www.rfc-editor.org/rfc/rfc7323#section-2.4
    //# 1) The receiver MUST honor, as in window, any segment that would have been
    //# in window for any <ACK> sent by the receiver.
    //= https://www.rfc-editor.org/rfc/rfc7323#section-2.4
    //# 2) When window scaling is in effect, the receiver SHOULD track the actual
    //# maximum window sequence number (which is likely to be greater than the
    //# window announced by the most recent <ACK>, if more than one segment has
    //# arrived since the application consumed any data in the receive buffer).
    pub(super) adv: SeqNum,
    /// RCV.UP: one past the last urgent octet.
    up: SeqNum,
    /// Where the peer's FIN stands, once it was seen.
    fin: SeqNum,
    /// What arrived twice, to be reported by the next SACK option (RFC 2883).
    pub(super) duplicates: D,
}

/// What became of the text of a segment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Text {
    /// It was in order: so many octets became readable.
    InOrder(u32),
    /// It lies beyond a gap and was kept.
    Ahead,
    /// It was all there already, or lies outside of the window.
    Nothing,
    /// It lies beyond a gap, and the table of gaps is full.
    NoRoom,
}

impl<D: DuplicateReporting> Rcv<D> {
    /// Before the peer's SYN is known: nothing but zeros.
    #[inline(always)]
    pub(super) const fn blank() -> Self {
        Self {
            ack: AckPolicy::blank(),
            wscale: 0,
            fin_seen: false,
            urgent_pending: false,
            nxt: SeqNum::new(0),
            adv: SeqNum::new(0),
            up: SeqNum::new(0),
            fin: SeqNum::new(0),
            duplicates: D::NONE,
        }
    }

    /// The peer's SYN stands at `irs`, and `window` was offered.
    pub(super) fn begin(&mut self, irs: SeqNum, window: u16) {
        self.nxt = irs + SeqLen::ONE;
        self.adv = self.nxt + SeqLen::new(window.into());
    }

    /// One past the peer's FIN, if it was seen beyond a gap: it counts in what a SACK block
    /// reports that reaches it.
    pub(super) fn end_beyond_gap(&self, island_end: SeqNum) -> SeqNum {
        if self.fin_seen && self.fin == island_end {
            island_end + SeqLen::ONE
        } else {
            island_end
        }
    }

    /// RCV.UP: one past the last urgent octet, while it is unread.
    pub(super) const fn up(&self) -> Option<SeqNum> {
        if self.urgent_pending {
            Some(self.up)
        } else {
            None
        }
    }

    /// Urgent data ends at `up`, or all of it was read.
    pub(super) const fn set_up(&mut self, up: Option<SeqNum>) {
        self.urgent_pending = up.is_some();
        if let Some(up) = up {
            self.up = up;
        }
    }

    /// RCV.WND, as the peer may still use it.
    pub(super) const fn wnd(&self) -> SeqLen {
        self.adv.since(self.nxt)
    }

    /// Whether the peer's FIN was reached: all its data is in.
    pub(super) fn finished(&self) -> bool {
        self.fin_seen && self.nxt.after(self.fin)
    }

    /// Takes the text of a segment that starts at `seq`: trims it to the window, delivers what is
    /// in order, keeps what lies beyond a gap. Of octets that arrive twice with different values
    /// before they are in order, the later ones count; what is in order never changes.
    pub(super) fn text(
        &mut self,
        ring: &mut Ring<'_>,
        islands: &mut Islands<'_>,
        seq: SeqNum,
        payload: &[u8],
    ) -> Text {
        let length = SeqLen::of(payload.len());
        let limit = if self.fin_seen {
            self.fin.earliest(self.adv)
        } else {
            self.adv
        };
        let kept = SeqRange::new(seq.latest(self.nxt), (seq + length).earliest(limit));
        self.note_duplicate(seq, length);
        let skip = kept.start.since(seq).as_usize();
        let octets = payload.get(skip..).unwrap_or_default();
        let octets = octets.get(..kept.len().as_usize()).unwrap_or_default();
        if octets.is_empty() {
            return Text::Nothing;
        }
        // What is refused below was written into free space, and no island was there.
        let ahead = kept.start.since(self.nxt).as_usize();
        ring.write_at(ahead, octets);
        if ahead > 0 {
            //= https://www.rfc-editor.org/rfc/rfc9293#section-3.10.7.4
            //# Segments with higher beginning sequence numbers SHOULD be held for later
            //# processing (SHLD-31).
            return if islands.insert(kept, &mut self.duplicates) {
                Text::Ahead
            } else {
                Text::NoRoom
            };
        }
        let whole = islands.absorb(kept, &mut self.duplicates);
        let taken = SeqLen::of(ring.commit(whole.len().as_usize()));
        self.nxt += taken;
        Text::InOrder(taken.get())
    }

    /// A segment arrived: what of it was there already, the next SACK option reports.
    pub(super) fn note_duplicate(&mut self, seq: SeqNum, length: SeqLen) {
        let segment = SeqRange::new(seq, seq + length);
        let there = SeqRange::new(seq, self.nxt);
        self.duplicates.note(segment.common(there));
    }

    /// Notes a FIN that stands at `fin`, when none was reached before. One that is in order ends
    /// the stream whatever waits beyond it: what does was forged, and whoever can forge that must
    /// not keep the connection open. One ahead is not noted when it lies beyond the window, when
    /// another was noted before, or when it would cut off octets that are there already.
    pub(super) fn note_fin(&mut self, islands: &mut Islands<'_>, fin: SeqNum) {
        if fin == self.nxt {
            islands.clear();
        } else {
            let within = fin.after(self.nxt) && !fin.after(self.adv);
            if self.fin_seen || !within || islands.pass(fin) {
                return;
            }
        }
        self.fin = fin;
        self.fin_seen = true;
    }

    /// Steps over the FIN when everything before it is in. True when that happens.
    pub(super) fn reach_fin(&mut self) -> bool {
        let reached = self.fin_seen && self.fin == self.nxt;
        if reached {
            self.nxt += SeqLen::ONE;
            self.adv = self.adv.latest(self.nxt);
        }
        reached
    }
}
