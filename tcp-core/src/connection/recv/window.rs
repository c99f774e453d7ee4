//! The window that we offer: scale, silly-window avoidance, and an edge that stays.

use super::{DuplicateReporting, Rcv};
use crate::ring::Ring;
use crate::seq::{SeqLen, SeqNum};
use crate::wire::RawWindow;

/// What a segment says of our window: the field, and the edge that it promises.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::connection) struct Offer {
    pub(in crate::connection) field: RawWindow,
    pub(in crate::connection) adv: SeqNum,
}

/// The least shift with which a window field can describe `capacity` octets (RFC 7323 section 2.3:
/// at most 14).
//= https://www.rfc-editor.org/rfc/rfc7323#section-2.3
//# Thus, the shift count MUST be limited to 14 (which allows windows of 2^30 =
//# 1 GiB).
pub(crate) fn scale_for(capacity: usize) -> u8 {
    (0..14)
        .find(|shift| capacity >> shift <= 0xffff)
        .unwrap_or(14)
}

impl<D: DuplicateReporting> Rcv<D> {
    /// What the next segment offers. The edge moves right only in steps worth a segment, or half
    /// of the ring.
    //= https://www.rfc-editor.org/rfc/rfc9293#section-3.8.6.2.2
    //# The suggested SWS avoidance algorithm for the receiver is to keep
    //# RCV.NXT+RCV.WND fixed until the reduction satisfies:
    //= https://www.rfc-editor.org/rfc/rfc9293#section-3.8.6.2.2
    //# A TCP implementation MUST include a SWS avoidance algorithm in the receiver
    //# (MUST-39).
    //= https://www.rfc-editor.org/rfc/rfc9293#section-3.8.6
    //# A TCP receiver SHOULD NOT shrink the window, i.e., move the right window
    //# edge to the left (SHLD-14).
    //= https://www.rfc-editor.org/rfc/rfc9293#section-3.8.6.1
    //# A TCP implementation MAY keep its offered receive window closed indefinitely
    //# (MAY-8).
    //= https://www.rfc-editor.org/rfc/rfc7323#section-2.3
    //# o The window field (SEG.WND) of every outgoing segment, with the exception
    //# of <SYN> segments, MUST be right-shifted by Rcv.Wind.Shift bits:
    pub(in crate::connection) fn offer(&self, ring: &Ring<'_>, mss: u16) -> Offer {
        let free = SeqLen::of(ring.free()).get();
        let promised = self.wnd().get().min(free);
        let step = (SeqLen::of(ring.capacity()).get() / 2)
            .min(mss.into())
            .max(1);
        let unit = 1u32 << self.wscale;
        // Rounding down would take back what was promised, so what is left of a promise is rounded
        // up; the room for that is never promised.
        let promisable = free.saturating_sub(unit - 1);
        let units = if promisable.saturating_sub(promised) >= step {
            promisable >> self.wscale
        } else {
            ((promised + unit - 1) >> self.wscale).min(free >> self.wscale)
        };
        let field = u16::try_from(units).unwrap_or(u16::MAX);
        let offered = SeqLen::new(u32::from(field) << self.wscale);
        Offer {
            field: RawWindow(field),
            adv: self.adv.latest(self.nxt + offered),
        }
    }

    /// Whether reading opened the window enough to tell the peer without another reason: by half
    /// of the ring, or by a segment after less than two were offered.
    pub(in crate::connection) fn update_due(&self, ring: &Ring<'_>, mss: u16) -> bool {
        let read = self.ack.read;
        if read == 0 {
            return false;
        }
        let gained = self.offer(ring, mss).adv.since(self.adv).get();
        let half = (SeqLen::of(ring.capacity()).get() / 2).max(1);
        let nearly_shut = self.wnd().get() < 2 * u32::from(mss);
        (read >= half && gained >= half) || (nearly_shut && gained >= half.min(mss.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connection::recv::DuplicateReports;

    //= https://www.rfc-editor.org/rfc/rfc7323#section-2.3
    //= type=test
    //# Thus, the shift count MUST be limited to 14 (which allows windows of 2^30 =
    //# 1 GiB).
    #[test]
    fn d32_the_scale_describes_the_ring_and_never_exceeds_14() {
        for (capacity, scale) in [
            (0, 0),
            (1, 0),
            (65_535, 0),
            (65_536, 1),
            (131_071, 1),
            (1 << 30, 14),
            (1 << 40, 14),
        ] {
            assert_eq!(scale_for(capacity), scale, "{capacity}");
        }
    }

    //= https://www.rfc-editor.org/rfc/rfc9293#section-3.8.6.2.2
    //= type=test
    //# A TCP implementation MUST include a SWS avoidance algorithm in the receiver
    //# (MUST-39).
    #[test]
    fn d14_a_reader_of_single_octets_opens_the_window_by_segments() {
        let mut memory = [0u8; 4_000];
        let mut ring = Ring::new((&mut memory[..]).into());
        let mut rcv = Rcv::<DuplicateReports>::blank();
        rcv.adv = SeqNum::new(4_000);
        ring.push(&[1; 4_000]);
        rcv.nxt = SeqNum::new(4_000);
        rcv.ack.read = 1;
        for read in 1..1_000 {
            ring.consume(1);
            assert_eq!(rcv.offer(&ring, 1_000).field.0, 0, "after {read} octets");
            assert!(!rcv.update_due(&ring, 1_000));
        }
        ring.consume(1);
        assert_eq!(rcv.offer(&ring, 1_000).field.0, 1_000);
        assert!(rcv.update_due(&ring, 1_000));
    }

    //= https://www.rfc-editor.org/rfc/rfc9293#section-3.8.6
    //= type=test
    //# A TCP receiver SHOULD NOT shrink the window, i.e., move the right window
    //# edge to the left (SHLD-14).
    #[test]
    fn d07_a_scaled_window_is_not_taken_back_by_rounding() {
        let mut memory = [0u8; 1_000];
        let mut ring = Ring::new((&mut memory[..]).into());
        let mut rcv = Rcv::<DuplicateReports>::blank();
        rcv.wscale = 4;
        rcv.adv = rcv.offer(&ring, 100).adv;
        assert_eq!(rcv.wnd().get(), 976);
        ring.push(&[0]);
        rcv.nxt += SeqLen::ONE;
        let offer = rcv.offer(&ring, 1_460);
        assert_eq!(offer.field.0, 61, "975 octets are left, rounded up");
        assert!(offer.adv.at_or_after(rcv.adv));
    }
}
