//! The send half: SND.*, and the one decision about what to send.
//!
//! ```text
//!    acknowledged   sent, not acknowledged   may be sent        must wait
//!   --------------+------------------------+------------------+-----------------
//!               SND.UNA                 SND.NXT     SND.UNA + SND.WND    data end (+ FIN)
//!                 |<---------------------- send ring -------------------->|
//! ```

mod plan;

pub(super) use plan::{Kind, Novelty, Plan};

use crate::seq::{SeqLen, SeqNum};

/// SND.* of RFC 9293 section 3.3.1.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
#[repr(C)]
pub(super) struct Snd {
    /// Eff.snd.MSS without options.
    pub(super) mss: u16,
    /// The MSS that our SYN offers: what the device takes.
    pub(super) mss_limit: u16,
    /// Octets of IP and TCP header without options.
    pub(super) headers: u16,
    /// Shift of the windows that we receive.
    pub(super) wscale: u8,
    /// The peer acknowledged our SYN. Remembered, because a comparison with ISS would turn round
    /// after 2 GiB.
    pub(super) syn_acknowledged: bool,
    /// A FIN follows what is queued, and is not acknowledged.
    pub(super) fin_queued: bool,
    urgent_pending: bool,
    /// The user wants to know when there is room.
    pub(super) starved: bool,
    /// SND.UNA; ISS until our SYN is acknowledged.
    pub(super) una: SeqNum,
    /// SND.NXT; it never moves back, so it is also the highest ever sent.
    pub(super) nxt: SeqNum,
    /// SND.WND, in octets.
    //= https://www.rfc-editor.org/rfc/rfc9293#section-3.1
    //# It is RECOMMENDED that implementations will reserve 32-bit fields for the
    //# send and receive window sizes in the connection record and do all window
    //# computations with 32 bits (REC-1).
    pub(super) wnd: u32,
    /// MAX.SND.WND (RFC 5961 section 5.2).
    pub(super) max_wnd: u32,
    /// SND.WL1.
    pub(super) wl1: SeqNum,
    /// SND.WL2.
    pub(super) wl2: SeqNum,
    /// SND.UP: one past the last urgent octet, while it is pending.
    up: SeqNum,
    /// One past the latest segment that was not full.
    pub(super) small: SeqNum,
}

impl Snd {
    /// Before ISS is known: nothing but zeros.
    pub(super) const BLANK: Self = Self {
        mss: 0,
        mss_limit: 0,
        headers: 0,
        wscale: 0,
        syn_acknowledged: false,
        fin_queued: false,
        urgent_pending: false,
        starved: false,
        una: SeqNum::new(0),
        nxt: SeqNum::new(0),
        wnd: 0,
        max_wnd: 0,
        wl1: SeqNum::new(0),
        wl2: SeqNum::new(0),
        up: SeqNum::new(0),
        small: SeqNum::new(0),
    };

    /// Nothing was sent; the SYN will stand at `iss`.
    pub(super) fn begin(&mut self, iss: SeqNum) {
        self.una = iss;
        self.nxt = iss;
        self.small = iss;
    }

    /// Whether a segment that was not full is unacknowledged.
    pub(super) fn small_outstanding(&self) -> bool {
        self.small.after(self.una) && self.small.at_or_before(self.nxt)
    }

    /// SND.UP, while urgent data is pending.
    pub(super) const fn up(&self) -> Option<SeqNum> {
        if self.urgent_pending {
            Some(self.up)
        } else {
            None
        }
    }

    /// Urgent data ends at `up`, or no more is pending.
    pub(super) const fn set_up(&mut self, up: Option<SeqNum>) {
        self.urgent_pending = up.is_some();
        if let Some(up) = up {
            self.up = up;
        }
    }

    /// The sequence number of the send ring's first octet.
    pub(super) fn base(&self) -> SeqNum {
        self.una + SeqLen::new((!self.syn_acknowledged).into())
    }

    /// One past the last octet that the user wrote, where a FIN stands or would stand.
    pub(super) fn data_end(&self, queued: usize) -> SeqNum {
        self.base() + SeqLen::of(queued)
    }

    /// One past everything that is to be sent, the FIN included.
    pub(super) fn end(&self, queued: usize) -> SeqNum {
        self.data_end(queued) + SeqLen::new(self.fin_queued.into())
    }

    /// SND.UNA advances to `ack`.
    //= https://www.rfc-editor.org/rfc/rfc2018#section-8
    //# Since the data receiver may later discard data reported in a SACK option,
    //# the sender MUST NOT discard data before it is acknowledged by the
    //# Acknowledgment Number field in the TCP header.
    pub(super) fn acknowledge(&mut self, ack: SeqNum) {
        self.una = ack;
        self.syn_acknowledged = true;
    }

    /// Takes a window from a segment, if the segment is not older than the one that gave the last.
    /// True when it was taken.
    //= https://www.rfc-editor.org/rfc/rfc9293#section-3.10.7.4
    //# If (SND.WL1 < SEG.SEQ or (SND.WL1 = SEG.SEQ
    //# and SND.WL2 =< SEG.ACK)), set SND.WND <- SEG.WND, set
    //# SND.WL1 <- SEG.SEQ, and set SND.WL2 <- SEG.ACK.
    ///
    /// A retransmission with an acknowledgment of more is newer, too, though its SEG.SEQ is old:
    /// without its window, SND.UNA would carry the old one past the edge that the peer offers.
    /// Linux judges so as well.
    pub(super) fn take_window(&mut self, seq: SeqNum, ack: SeqNum, window: u32) -> bool {
        let newer = self.wl2.before(ack)
            || self.wl1.before(seq)
            || (self.wl1 == seq && self.wl2.at_or_before(ack));
        if newer {
            self.wnd = window;
            self.max_wnd = self.max_wnd.max(window);
            self.wl1 = seq;
            self.wl2 = ack;
        }
        newer
    }
}

/// No segment is smaller than this for want of a larger MSS option: 40 octets of options and 8 of
/// data.
pub(super) const MSS_FLOOR: u16 = 48;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_handshake_stays_acknowledged_all_around_the_circle() {
        let mut snd = Snd::BLANK;
        snd.begin(SeqNum::new(7));
        assert!(!snd.syn_acknowledged);
        assert_eq!(snd.base(), SeqNum::new(8));
        snd.acknowledge(SeqNum::new(8));
        for _ in 0..9 {
            let ack = snd.una + SeqLen::new(1 << 29);
            snd.acknowledge(ack);
            assert!(snd.syn_acknowledged);
            assert_eq!(snd.base(), ack);
        }
    }
}
