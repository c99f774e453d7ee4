//! When to acknowledge (RFC 9293 section 3.8.6.3, RFC 5681 section 4.2).
//!
//! Handling a segment only notes here what is owed; the transmit function pays.

use crate::time::Tick;

/// What acknowledgment is owed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(in crate::connection) enum AckOwed {
    /// None.
    Nothing,
    /// One that may wait for company until the delayed-ACK deadline.
    Later,
    /// One at once.
    Now,
}

/// What is owed, and how much arrived since the last acknowledgment left.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
#[repr(C)]
pub(in crate::connection) struct AckPolicy {
    pub(in crate::connection) owed: AckOwed,
    /// Largest text seen: what the peer's full segments look like.
    largest: u16,
    /// Octets that the user read since the last acknowledgment left.
    pub(in crate::connection) read: u32,
    /// Octets in order since the last acknowledgment left.
    pending: u32,
    /// The last answer to a segment that may be part of an ACK loop, in units of 1.024 ms; zero:
    /// none yet.
    last_challenge: u32,
}

/// At most one answer in this time to segments without data that are not acceptable: two hosts
/// that disagree must not answer each other for ever (RFC 5961 section 7).
const CHALLENGE_INTERVAL: u32 = 488;
/// Keep-alive probes look like that too, and deserve an answer each; still no flood.
const KEEP_ALIVE_INTERVAL: u32 = 48;

/// Why a segment that is not acceptable is answered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::connection) enum Challenge {
    /// It looks like a keep-alive probe.
    KeepAlive,
    /// Anything else.
    Other,
}

impl AckPolicy {
    /// Nothing arrived: nothing but zeros.
    #[inline(always)]
    pub(in crate::connection) const fn blank() -> Self {
        Self {
            owed: AckOwed::Nothing,
            largest: 0,
            read: 0,
            pending: 0,
            last_challenge: 0,
        }
    }

    /// `octets` arrived in order, with them segments of `each`; `window` is what the peer may
    /// still send.
    //= https://www.rfc-editor.org/rfc/rfc9293#section-3.8.6.3
    //# An ACK SHOULD be generated for at least every second full-sized
    //# segment or 2*RMSS bytes of new data (where RMSS is the MSS
    //# specified by the TCP endpoint receiving the segments to be
    //# acknowledged, or the default value if not specified) (SHLD-19).
    pub(in crate::connection) fn on_text(&mut self, octets: u32, each: u16, window: u32) {
        self.largest = self.largest.max(each);
        // No more than a window, which is at most 1 GiB.
        self.pending = self.pending.wrapping_add(octets);
        let full = u32::from(self.largest);
        // A sender that may not send two segments more would wait for this acknowledgment.
        if self.pending >= 2 * full || window < 2 * full {
            self.owed = AckOwed::Now;
        } else if self.owed == AckOwed::Nothing {
            self.owed = AckOwed::Later;
        }
    }

    /// The longest text of a segment that arrived.
    pub(in crate::connection) const fn largest(&self) -> u16 {
        self.largest
    }

    pub(in crate::connection) fn at_once(&mut self) {
        self.owed = AckOwed::Now;
    }

    /// Owes an answer, unless one left too short a time ago.
    //= https://www.rfc-editor.org/rfc/rfc5961#section-7
    //# An implementation SHOULD include an ACK throttling mechanism to be
    //# conservative.
    pub(in crate::connection) fn challenge(&mut self, now: Tick, kind: Challenge) {
        let interval = match kind {
            Challenge::KeepAlive => KEEP_ALIVE_INTERVAL,
            Challenge::Other => CHALLENGE_INTERVAL,
        };
        let ticks = now.0;
        if self.last_challenge == 0 || ticks.wrapping_sub(self.last_challenge) >= interval {
            self.last_challenge = ticks.max(1);
            self.owed = AckOwed::Now;
        }
    }

    /// An acknowledgment left.
    //= https://www.rfc-editor.org/rfc/rfc5681#section-4.2
    //# A TCP receiver MUST NOT generate more than one ACK for every incoming
    //# segment, other than to update the offered window as the receiving
    //# application consumes new data (see [RFC813] and page 42 of [RFC793]).
    pub(in crate::connection) fn paid(&mut self) {
        self.owed = AckOwed::Nothing;
        self.read = 0;
        self.pending = 0;
    }
}
