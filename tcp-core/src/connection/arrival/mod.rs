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
use super::{Arrival, Connection, ResetReply};
use crate::profile::Profile;
use crate::seq::{SeqLen, SeqNum};
use crate::stack::Dropped;
use crate::time::{Instant, Tick};
use crate::wire::{Control, Segment};

/// Why a step ends the handling of a segment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Stop {
    /// It did what it came for, and there is nothing more to it.
    Done,
    /// Dropped; the owed answer, if any, is noted.
    Drop(Dropped),
    /// Dropped, and answered with a reset from outside of the connection.
    Reset(Dropped, ResetReply),
}

impl<P: Profile> Connection<'_, P> {
    /// Handles a segment for this connection. `segments` is how many of the wire's segments the
    /// device coalesced into it: one, unless it says otherwise.
    pub fn receive(&mut self, now: Instant, segment: &Segment<'_>, segments: u16) -> Arrival {
        self.tcb.counters.segments_in(segments);
        let outcome = match self.tcb.state {
            State::Closed | State::Listen | State::TimeWait => {
                Err(Stop::Drop(Dropped::NoConnection))
            }
            State::SynSent => self.arrive_syn_sent(now, segment),
            State::SynReceived
            | State::Established
            | State::FinWait1
            | State::FinWait2
            | State::CloseWait
            | State::Closing
            | State::LastAck => self.arrive_synchronized(now, segment, segments),
        };
        self.settle(now);
        match outcome {
            Ok(()) | Err(Stop::Done) => Arrival {
                verdict: Ok(()),
                reset: None,
            },
            Err(Stop::Drop(reason)) => Arrival {
                verdict: Err(reason),
                reset: None,
            },
            Err(Stop::Reset(reason, reply)) => Arrival {
                verdict: Err(reason),
                reset: Some(reply),
            },
        }
    }

    /// The numbers against which a segment is judged.
    pub(super) fn edges(&self) -> Edges {
        Edges {
            rcv_nxt: self.tcb.rcv.nxt,
            rcv_end: self.tcb.rcv.adv,
        }
    }

    /// Section 3.10.7.4.
    fn arrive_synchronized(
        &mut self,
        now: Instant,
        segment: &Segment<'_>,
        segments: u16,
    ) -> Result<(), Stop> {
        if self.is_crossed_syn(segment) {
            return self.arrive_crossed_syn(now, segment);
        }
        self.check_timestamps(now, segment)?;
        self.check_sequence(now, segment)?;
        self.check_reset(now, segment)?;
        if segment.control == Some(Control::Syn) && !self.tcb.challenges() {
            //= https://www.rfc-editor.org/rfc/rfc9293#section-3.10.7.4
            //# If the SYN is in the window it is an error: send a
            //# reset, any outstanding RECEIVEs and SEND should receive
            //# "reset" responses, all segment queues should be
            //# flushed, the user should also receive an unsolicited
            //# general "connection reset" signal, enter the CLOSED
            //# state, delete the TCB, and return.
            self.tcb.close_with_reset(CloseReason::Reset);
            return Err(Stop::Done);
        }
        if segment.control == Some(Control::Syn) {
            //= https://www.rfc-editor.org/rfc/rfc5961#section-4.2
            //# 1) If the SYN bit is set, irrespective of the sequence number, TCP
            //# MUST send an ACK (also referred to as challenge ACK) to the remote
            //# peer:
            self.tcb.rcv.ack.challenge(now, Challenge::Other);
            return Err(Stop::Drop(Dropped::SynChallenged));
        }
        let Some(ack) = segment.ack else {
            return Err(Stop::Drop(Dropped::AckMissing));
        };
        self.tcb.last_heard = Tick::at(now);
        self.note_timestamp(now, segment);
        self.arrive_ack(now, segment, ack)?;
        if self.tcb.state == State::Closed {
            return Ok(());
        }
        self.arrive_text(now, segment, segment.seq, segments)?;
        self.arrive_fin(segment, segment.seq);
        Ok(())
    }

    /// After a simultaneous open the peer's SYN comes again, with an acknowledgment of ours.
    fn is_crossed_syn(&self, segment: &Segment<'_>) -> bool {
        self.tcb.state == State::SynReceived
            && segment.control == Some(Control::Syn)
            && segment.seq + SeqLen::ONE == self.tcb.rcv.nxt
            && segment.ack.is_some_and(|ack| ack == self.tcb.snd.nxt)
    }

    /// It counts as that acknowledgment, and is acknowledged in turn.
    fn arrive_crossed_syn(&mut self, now: Instant, segment: &Segment<'_>) -> Result<(), Stop> {
        self.tcb.rcv.ack.at_once();
        match segment.ack {
            Some(ack) => self.arrive_ack(now, segment, ack),
            None => Ok(()),
        }
    }

    /// First, the sequence number.
    fn check_sequence(&mut self, now: Instant, segment: &Segment<'_>) -> Result<(), Stop> {
        let edges = self.edges();
        let length = segment.seq_len();
        if edges.accept(segment.seq, length) {
            return Ok(());
        }
        if segment.control == Some(Control::Rst) {
            return Err(Stop::Drop(Dropped::OutOfWindow));
        }
        if segment.control == Some(Control::Syn) {
            self.tcb.rcv.ack.challenge(now, Challenge::Other);
            return Err(Stop::Drop(Dropped::SynChallenged));
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
            self.tcb.rcv.ack.challenge(now, kind);
        } else {
            self.tcb.rcv.note_duplicate(segment.seq, length);
            self.tcb.rcv.ack.at_once();
        }
        Err(Stop::Drop(Dropped::OutOfWindow))
    }

    /// Second, the RST bit.
    fn check_reset(&mut self, now: Instant, segment: &Segment<'_>) -> Result<(), Stop> {
        if segment.control != Some(Control::Rst) {
            return Ok(());
        }
        let challenges = self.tcb.challenges();
        match self.edges().judge_reset(segment.seq) {
            ResetVerdict::InWindow if challenges => {
                self.tcb.rcv.ack.challenge(now, Challenge::Other);
                Err(Stop::Drop(Dropped::RstChallenged))
            }
            ResetVerdict::Exact | ResetVerdict::InWindow => {
                let refused = self.tcb.state == State::SynReceived;
                let reason = if refused {
                    CloseReason::Refused
                } else {
                    CloseReason::Reset
                };
                self.tcb.close(reason);
                Err(Stop::Done)
            }
            ResetVerdict::Outside => Err(Stop::Drop(Dropped::OutOfWindow)),
        }
    }

    /// A reset that answers a segment whose ACK is wrong while no connection is agreed.
    pub(super) fn reset_for(ack: SeqNum) -> Stop {
        Stop::Reset(
            Dropped::AckUnacceptable,
            ResetReply {
                seq: ack,
                ack: None,
            },
        )
    }
}
