//! Timestamps of arriving segments: protection against wrapped sequence numbers (RFC 7323
//! section 5).

use crate::connection::Connection;
use crate::profile::Profile;
use crate::stack::Dropped;
use crate::time::Instant;
use crate::wire::{Control, Segment};

/// A TS.Recent older than this says nothing: 24 days in units of 2^20 microseconds (RFC 7323
/// section 5.5).
const RECENT_LIFETIME: u32 = 1_977_539;

/// The clock by which TS.Recent ages: units of 2^20 microseconds.
#[expect(clippy::cast_possible_truncation, reason = "only differences count")]
pub(in crate::connection) const fn idle_clock(now: Instant) -> u32 {
    (now.as_micros() >> 20) as u32
}

/// Whether `value` is older than `recent` on the circle of timestamps.
pub(crate) const fn is_stale(value: u32, recent: u32) -> bool {
    value.wrapping_sub(recent).cast_signed() < 0
}

impl<P: Profile> Connection<'_, P> {
    /// Drops what carries an old timestamp, or none where one was agreed on. A reset needs none.
    //= https://www.rfc-editor.org/rfc/rfc7323#section-3.2
    //# A TCP MUST NOT abort a TCP connection because any segment lacks an expected
    //# TSopt.
    //= https://www.rfc-editor.org/rfc/rfc7323#section-5.2
    //# When an <RST> segment is received, it MUST NOT be subjected to the PAWS
    //# check by verifying an acceptable value in SEG.TSval, and information from
    //# the Timestamps option MUST NOT be used to update connection state
    //# information.
    //= https://www.rfc-editor.org/rfc/rfc7323#section-5.3
    //# If the PAWS algorithm is used, the following processing MUST be performed on
    //# all incoming segments for a synchronized connection.
    //= https://www.rfc-editor.org/rfc/rfc7323#section-5.3
    //# It is important to note that the timestamp MUST be checked only when a
    //# segment first arrives at the receiver, regardless of whether it is in
    //# sequence or it must be queued for later delivery.
    pub(super) fn check_timestamps(&mut self, segment: &Segment<'_>) -> Result<(), Dropped> {
        let tcb = &mut self.tcb;
        if !tcb.uses_timestamps() || segment.control == Some(Control::Rst) {
            return Ok(());
        }
        let Some(timestamps) = segment.options.timestamps else {
            if segment.control == Some(Control::Syn) {
                // A peer that rebooted may offer none: its SYN is owed a challenge all the same
                // (RFC 5961 section 4.2).
                return Ok(());
            }
            //= https://www.rfc-editor.org/rfc/rfc7323#section-3.2
            //# If a non-<RST> segment is received without a TSopt, a TCP SHOULD
            //# silently drop the segment.
            return Err(Dropped::TimestampMissing);
        };
        let age = idle_clock(tcb.clock.now()).wrapping_sub(tcb.timestamps.recent_at);
        if is_stale(timestamps.value, tcb.timestamps.recent) && age < RECENT_LIFETIME {
            //= https://www.rfc-editor.org/rfc/rfc7323#section-5.3
            //# Send an acknowledgment in reply as specified in
            //# Section 3.9 of [RFC0793], page 69, and drop the segment.
            if segment.payload.is_empty() && !segment.has_fin() {
                tcb.challenge(crate::connection::recv::Challenge::Other);
            } else {
                tcb.rcv.note_duplicate(segment.seq, segment.seq_len());
                tcb.rcv.ack.at_once();
            }
            return Err(Dropped::Paws);
        }
        Ok(())
    }

    /// Keeps the timestamp of a segment that stands at the edge of what was acknowledged.
    //= https://www.rfc-editor.org/rfc/rfc7323#section-3.2
    //# If a TSopt is received on a connection where TSopt was not negotiated in the
    //# initial three-way handshake, the TSopt MUST be ignored and the packet
    //# processed normally.
    //= https://www.rfc-editor.org/rfc/rfc7323#section-4.3
    //# Thus, when delayed ACKs are in use, the receiver SHOULD reply with the TSval
    //# field from the earliest unacknowledged segment.
    //= https://www.rfc-editor.org/rfc/rfc7323#section-4.3
    //# An <ACK> for an out-of-order segment SHOULD, therefore, contain the
    //# timestamp from the most recent segment that advanced RCV.NXT.
    //= https://www.rfc-editor.org/rfc/rfc7323#section-4.3
    //# Thus, the timestamp from the latest segment (which filled the hole) MUST be
    //# echoed.
    //= https://www.rfc-editor.org/rfc/rfc7323#section-5.2
    //# The choice of incoming timestamps to be saved for this comparison MUST
    //# guarantee a value that is monotonically non-decreasing.
    //= https://www.rfc-editor.org/rfc/rfc7323#section-5.5
    //# To detect how long the connection has been idle, the TCP MAY update a clock
    //# or timestamp value associated with the connection whenever TS.Recent is
    //# updated, for example.
    pub(super) fn note_timestamp(&mut self, segment: &Segment<'_>) {
        let tcb = &mut self.tcb;
        let Some(timestamps) = segment.options.timestamps.filter(|_| tcb.uses_timestamps()) else {
            return;
        };
        //= https://www.rfc-editor.org/rfc/rfc7323#section-4.3
        //# (2)  If:
        //# SEG.TSval >= TS.Recent and SEG.SEQ <= Last.ACK.sent
        let old = is_stale(timestamps.value, tcb.timestamps.recent)
            && idle_clock(tcb.clock.now()).wrapping_sub(tcb.timestamps.recent_at) < RECENT_LIFETIME;
        if !old && segment.seq.at_or_before(tcb.timestamps.last_ack_sent) {
            tcb.timestamps.recent = timestamps.value;
            tcb.timestamps.recent_at = idle_clock(tcb.clock.now());
        }
    }
}
