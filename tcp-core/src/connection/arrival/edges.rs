//! Acceptability of sequence numbers: pure functions over the few numbers that they need, so that
//! connections, half-open entries and TIME-WAIT entries are judged by the same rules.

use crate::seq::{SeqLen, SeqNum};

/// The receive window: what is expected next, and one past what may come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Edges {
    /// RCV.NXT.
    pub(crate) rcv_nxt: SeqNum,
    /// RCV.NXT + RCV.WND.
    pub(crate) rcv_end: SeqNum,
}

/// What RFC 5961 section 3.2 says of a reset.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum ResetVerdict {
    /// It stands exactly at RCV.NXT: it resets.
    Exact,
    /// It is in the window: a challenge ACK is owed.
    InWindow,
    /// It is ignored.
    Outside,
}

impl Edges {
    /// Table 6 of RFC 9293 section 3.10.7.4.
    ///
    /// A segment without text may also stand exactly at the right edge: that is where a peer that
    /// filled the window sends its acknowledgments from, and Linux takes them.
    pub(crate) fn accept(&self, seq: SeqNum, length: SeqLen) -> bool {
        let window = self.rcv_end - self.rcv_nxt;
        let first = seq - self.rcv_nxt;
        if length == SeqLen::ZERO {
            return first >= 0 && first <= window;
        }
        let end = seq + length - self.rcv_nxt;
        window > 0 && first < window && end > 0
    }

    /// Judges a reset by its sequence number.
    pub(crate) fn judge_reset(&self, seq: SeqNum) -> ResetVerdict {
        if seq == self.rcv_nxt {
            ResetVerdict::Exact
        } else if self.contains(seq) {
            ResetVerdict::InWindow
        } else {
            ResetVerdict::Outside
        }
    }

    fn contains(&self, seq: SeqNum) -> bool {
        seq.at_or_after(self.rcv_nxt) && seq.before(self.rcv_end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NXT: SeqNum = SeqNum::new(u32::MAX - 1);

    fn open(window: u32) -> Edges {
        Edges {
            rcv_nxt: NXT,
            rcv_end: NXT + SeqLen::new(window),
        }
    }

    #[test]
    fn table_6_of_rfc_9293() {
        let at = |offset: i32| SeqNum::new(NXT.raw().wrapping_add_signed(offset));
        let shut = open(0);
        assert!(shut.accept(at(0), SeqLen::ZERO) && !shut.accept(at(1), SeqLen::ZERO));
        assert!(!shut.accept(at(0), SeqLen::ONE) && !shut.accept(at(-1), SeqLen::ONE));
        let edges = open(10);
        for (seq, length, accepted) in [
            (0, 0, true),
            (9, 0, true),
            (11, 0, false),
            (-1, 0, false),
            (-1, 1, false),
            (-1, 2, true),
            (9, 1, true),
            (10, 1, false),
            (9, 50, true),
            (-5, 50, true),
            (-5, 5, false),
        ] {
            assert_eq!(
                edges.accept(at(seq), SeqLen::new(length)),
                accepted,
                "{seq} {length}"
            );
        }
    }

    #[test]
    fn a_segment_that_covers_the_window_and_more_is_acceptable() {
        let at = |offset: i32| SeqNum::new(NXT.raw().wrapping_add_signed(offset));
        let edges = open(10);
        for before in 1..4 {
            for length in 11 + before..16 + before {
                assert!(
                    edges.accept(at(-before), SeqLen::new(length.unsigned_abs())),
                    "{before} before, {length} long"
                );
            }
        }
    }

    #[test]
    fn s01_s02_only_an_exact_reset_resets() {
        let at = |offset: i32| SeqNum::new(NXT.raw().wrapping_add_signed(offset));
        assert_eq!(open(10).judge_reset(at(0)), ResetVerdict::Exact);
        assert_eq!(open(10).judge_reset(at(1)), ResetVerdict::InWindow);
        assert_eq!(open(10).judge_reset(at(9)), ResetVerdict::InWindow);
        assert_eq!(open(10).judge_reset(at(10)), ResetVerdict::Outside);
        assert_eq!(open(10).judge_reset(at(-1)), ResetVerdict::Outside);
        assert_eq!(open(0).judge_reset(at(0)), ResetVerdict::Exact);
        assert_eq!(open(0).judge_reset(at(1)), ResetVerdict::Outside);
    }
}
