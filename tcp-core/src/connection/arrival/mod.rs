//! SEGMENT ARRIVES (RFC 9293 section 3.10.7), one file a step.
//!
//! Order: timestamps (PAWS), acceptability, RST, SYN, ACK, URG and text, FIN. Handling a segment
//! never sends; it notes what is owed.

mod ack;
mod edges;
mod paws;
mod syn_sent;
mod text;

pub(crate) use edges::{Edges, ResetVerdict};
pub(super) use paws::idle_clock;
pub(crate) use paws::is_stale;

use super::counters::Counting;
use super::error::CloseReason;
use super::recv::Challenge;
use super::state::State;
use super::tcb::Clock;
use super::{Arrival, Connection, ResetReply};
use crate::profile::Profile;
use crate::seq::SeqLen;
use crate::stack::Dropped;
use crate::time::Instant;
use crate::wire::{Control, Segment};

/// Whether a segment that is dropped is answered from outside of the connection, with a reset that
/// its ACK makes exact.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Answer {
    /// It is not; the owed acknowledgment, if any, is noted.
    Nothing,
    Reset,
}

impl<P: Profile> Connection<'_, P> {
    /// Handles a segment for this connection. `segments` is how many of the wire's segments the
    /// device coalesced into it: one, unless it says otherwise.
    //= https://www.rfc-editor.org/rfc/rfc9293#section-3.10.7.4
    //# For example, if the TCP endpoint is processing a series of queued segments,
    //# it MUST process them all before sending any ACK segments (MUST-59).
    pub fn receive(&mut self, now: Instant, segment: &Segment<'_>, segments: u16) -> Arrival {
        let (verdict, answer) = self.arrive(now, segment, segments);
        let reset = segment.ack.filter(|_| answer == Answer::Reset);
        Arrival {
            verdict,
            reset: reset.map(|seq| ResetReply { seq, ack: None }),
        }
    }

    /// The same, for a stack that makes the reset itself.
    #[inline(never)]
    pub(crate) fn arrive(
        &mut self,
        now: Instant,
        segment: &Segment<'_>,
        segments: u16,
    ) -> (Result<(), Dropped>, Answer) {
        self.tcb.clock = Clock::at(now);
        self.tcb.counters.segments_in(segments);
        let verdict = match self.tcb.state {
            State::Closed | State::Listen | State::TimeWait => Err(Dropped::NoConnection),
            State::SynSent | State::SynReceived => {
                let opener = self.opener;
                match opener.and_then(|opener| (opener.arrive)(self, segment)) {
                    Some(verdict) => verdict,
                    None => self.arrive_synchronized(segment, segments),
                }
            }
            State::Established
            | State::FinWait1
            | State::FinWait2
            | State::CloseWait
            | State::Closing
            | State::LastAck => self.arrive_synchronized(segment, segments),
        };
        let opening = matches!(self.tcb.state, State::SynSent | State::SynReceived);
        let unwanted = verdict == Err(Dropped::AfterClose)
            || (opening && verdict == Err(Dropped::AckUnacceptable));
        let answer = if unwanted {
            Answer::Reset
        } else {
            Answer::Nothing
        };
        self.settle();
        (verdict, answer)
    }

    /// The numbers against which a segment is judged.
    pub(super) fn edges(&self) -> Edges {
        Edges {
            rcv_nxt: self.tcb.rcv.nxt,
            rcv_end: self.tcb.rcv.adv,
        }
    }

    /// Section 3.10.7.4.
    //= https://www.rfc-editor.org/rfc/rfc5961#section-4.2
    //# Instead, the handling of the SYN in the synchronized state SHOULD be
    //# performed as follows:
    //= https://www.rfc-editor.org/rfc/rfc5961#section-4.2
    //# After sending the acknowledgment, TCP MUST drop the unacceptable segment and
    //# stop processing further.
    //= https://www.rfc-editor.org/rfc/rfc7323#section-5.3
    //# Also, PAWS processing MUST take precedence over the regular TCP
    //# acceptability check (Section 3.3 in [RFC0793]), which is performed after
    //# verification of the received Timestamps option:
    fn arrive_synchronized(&mut self, segment: &Segment<'_>, segments: u16) -> Result<(), Dropped> {
        self.check_timestamps(segment)?;
        self.check_sequence(segment)?;
        if segment.control == Some(Control::Rst) {
            return self.arrive_reset(segment);
        }
        if segment.control == Some(Control::Syn) && !self.tcb.challenges() {
            //= https://www.rfc-editor.org/rfc/rfc9293#section-3.10.7.4
            //# If the SYN is in the window it is an error: send a
            //# reset, any outstanding RECEIVEs and SEND should receive
            //# "reset" responses, all segment queues should be
            //# flushed, the user should also receive an unsolicited
            //# general "connection reset" signal, enter the CLOSED
            //# state, delete the TCB, and return.
            self.tcb.close_with_reset(CloseReason::Reset);
            return Ok(());
        }
        if segment.control == Some(Control::Syn) {
            //= https://www.rfc-editor.org/rfc/rfc5961#section-4.2
            //# 1) If the SYN bit is set, irrespective of the sequence number, TCP
            //# MUST send an ACK (also referred to as challenge ACK) to the remote
            //# peer:
            self.tcb.challenge(Challenge::Other);
            return Err(Dropped::SynChallenged);
        }
        let Some(ack) = segment.ack else {
            return Err(Dropped::AckMissing);
        };
        self.tcb.last_heard = self.tcb.clock.tick;
        self.arrive_ack(segment, ack)?;
        // Not before the ACK is judged: whoever can guess a sequence number alone shall not move
        // TS.Recent, by which PAWS would refuse what the peer sends.
        self.note_timestamp(segment);
        if self.tcb.state == State::Closed {
            return Ok(());
        }
        self.tcb.hear_marks(segment);
        self.arrive_text(segment, segment.seq, segments)
    }

    /// First, the sequence number.
    //= https://www.rfc-editor.org/rfc/rfc9293#section-3.4
    //# A TCP receiver MUST process the RST and URG fields of all incoming segments,
    //# even when the receive window is zero (MUST-66).
    fn check_sequence(&mut self, segment: &Segment<'_>) -> Result<(), Dropped> {
        let edges = self.edges();
        let length = segment.seq_len();
        if edges.accept(segment.seq, length) {
            return Ok(());
        }
        if segment.control == Some(Control::Rst) {
            return Err(Dropped::OutOfWindow);
        }
        if segment.control == Some(Control::Syn) {
            self.tcb.challenge(Challenge::Other);
            return Err(Dropped::SynChallenged);
        }
        // With the window shut, what stands exactly at RCV.NXT still brings its ACK; its text is
        // trimmed to nothing, and the FIN of a segment without text needs no room.
        if segment.seq == edges.rcv_nxt {
            return Ok(());
        }
        if segment.payload.is_empty() && !segment.has_fin() {
            let probe = segment.seq + SeqLen::ONE == edges.rcv_nxt;
            let kind = if probe {
                Challenge::KeepAlive
            } else {
                Challenge::Other
            };
            self.tcb.challenge(kind);
        } else {
            self.tcb.rcv.note_duplicate(segment.seq, length);
            self.tcb.rcv.ack.at_once();
        }
        Err(Dropped::OutOfWindow)
    }

    /// Second, the RST bit.
    //= https://www.rfc-editor.org/rfc/rfc9293#section-3.5.3
    //# TCP implementations SHOULD allow a received RST segment to include data
    //# (SHLD-2).
    //= https://www.rfc-editor.org/rfc/rfc5961#section-1.1
    //# The mitigations suggested in this document SHOULD be implemented in devices
    //# that regularly need to maintain TCP connections of the kind most vulnerable
    //# to the attacks described in this document.
    //= https://www.rfc-editor.org/rfc/rfc5961#section-3.2
    //# Instead, implementations SHOULD implement the following steps in place of
    //# those specified in [RFC0793] (as listed above).
    //= https://www.rfc-editor.org/rfc/rfc5961#section-3.2
    //# If the RST bit is set and the sequence number exactly matches the next
    //# expected sequence number (RCV.NXT), then TCP MUST reset the connection.
    //= https://www.rfc-editor.org/rfc/rfc5961#section-3.2
    //# If the RST bit is set and the sequence number does not exactly match the
    //# next expected sequence value, yet is within the current receive window
    //# (RCV.NXT < SEG.SEQ < RCV.NXT+RCV.WND), TCP MUST send an acknowledgment
    //# (challenge ACK):
    //= https://www.rfc-editor.org/rfc/rfc5961#section-3.2
    //# After sending the challenge ACK, TCP MUST drop the unacceptable segment and
    //# stop processing the incoming packet further.
    //= https://www.rfc-editor.org/rfc/rfc5961#section-3.2
    //# In all other cases, where the SEQ-field does not match and is outside the
    //# window, the receiver MUST silently discard the segment.
    //= https://www.rfc-editor.org/rfc/rfc5961#section-4.2
    //# Upon receipt of a valid RST, the local TCP endpoint MUST terminate its
    //# connection.
    fn arrive_reset(&mut self, segment: &Segment<'_>) -> Result<(), Dropped> {
        let challenges = self.tcb.challenges();
        match self.edges().judge_reset(segment.seq) {
            ResetVerdict::InWindow if challenges => {
                self.tcb.challenge(Challenge::Other);
                Err(Dropped::RstChallenged)
            }
            ResetVerdict::Exact | ResetVerdict::InWindow => {
                //= https://www.rfc-editor.org/rfc/rfc9293#section-3.5
                //# Note that a TCP implementation MUST keep track of whether a connection has
                //# reached SYN-RECEIVED state as the result of a passive OPEN or an active OPEN
                //# (MUST-11).
                let refused = self.tcb.state == State::SynReceived;
                let reason = if refused {
                    CloseReason::Refused
                } else {
                    CloseReason::Reset
                };
                self.tcb.close(reason);
                Ok(())
            }
            ResetVerdict::Outside => Err(Dropped::OutOfWindow),
        }
    }
}
