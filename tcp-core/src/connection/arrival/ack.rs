//! Fifth, the ACK field: what the peer has, what its window is, and what that means for recovery,
//! congestion control and closing.

use crate::connection::Connection;
use crate::connection::congestion::{AckSample, CongestionControl};
use crate::connection::counters::Counting;
use crate::connection::error::CloseReason;
use crate::connection::event::Events;
use crate::connection::recovery::{AckEffect, Acknowledged, LossPhase};
use crate::connection::recv::Challenge;
use crate::connection::state::{State, Step};
use crate::connection::tcb::Tcb;
use crate::connection::tuning::Tuned;
use crate::profile::Profile;
use crate::seq::{SeqLen, SeqNum};
use crate::stack::Dropped;
use crate::time::Duration;
use crate::wire::{Control, Segment};

/// What an acknowledgment says of the window, beside the one that is known.
#[derive(Clone, Copy, PartialEq, Eq)]
enum WindowTold {
    Same,
    Other,
}

impl<P: Profile> Connection<'_, P> {
    //= https://www.rfc-editor.org/rfc/rfc9293#section-3.10.7.4
    //# o RFC 5961 [9], Section 5 describes a potential blind data injection attack,
    //# and mitigation that implementations MAY choose to include (MAY-12).
    //= https://www.rfc-editor.org/rfc/rfc5961#section-5.2
    //# All TCP stacks MAY implement the following mitigation.
    //= https://www.rfc-editor.org/rfc/rfc5961#section-5.2
    //# TCP stacks that implement this mitigation MUST add an additional input check
    //# to any incoming segment.
    pub(super) fn arrive_ack(&mut self, segment: &Segment<'_>, ack: SeqNum) -> Result<(), Dropped> {
        let tcb = &mut self.tcb;
        let snd = &tcb.snd;
        if tcb.state == State::SynReceived {
            //= https://www.rfc-editor.org/rfc/rfc9293#section-3.10.7.4
            //# If SND.UNA < SEG.ACK =< SND.NXT, then enter ESTABLISHED
            //# state and continue processing with the variables below
            //# set to:
            if !ack.after(snd.una) || ack.after(snd.nxt) {
                return Err(Dropped::AckUnacceptable);
            }
            tcb.established();
            tcb.snd.wl1 = segment.seq;
            tcb.snd.wl2 = snd_before(ack);
        } else if ack.after(snd.nxt)
            || (tcb.challenges() && ack.before(snd.una - SeqLen::new(snd.max_wnd)))
        {
            //= https://www.rfc-editor.org/rfc/rfc5961#section-5.2
            //# All incoming segments whose ACK value doesn't satisfy the above
            //# condition MUST be discarded and an ACK sent back.
            if segment.payload.is_empty() {
                tcb.challenge(Challenge::Other);
            } else {
                tcb.rcv.ack.at_once();
            }
            return Err(Dropped::AckUnacceptable);
        }
        if ack.before(self.tcb.snd.una) {
            return Ok(());
        }
        let was = self.tcb.snd.wnd;
        let advanced = ack.after(self.tcb.snd.una);
        if advanced {
            self.arrive_new_ack(segment, ack);
        }
        // The window of a SYN is never scaled (RFC 7323 section 2.2).
        let syn = segment.control == Some(Control::Syn);
        let shift = if syn { 0 } else { self.tcb.snd.wscale };
        //= https://www.rfc-editor.org/rfc/rfc9293#section-3.1
        //# The window size MUST be treated as an unsigned number, or else large window
        //# sizes will appear like negative windows and TCP will not work (MUST-1).
        //= https://www.rfc-editor.org/rfc/rfc7323#section-2.3
        //# o The window field (SEG.WND) in the header of every incoming segment, with
        //# the exception of <SYN> segments, MUST be left-shifted by Snd.Wind.Shift bits
        //# before updating SND.WND:
        let window = u32::from(segment.window.0) << shift;
        let taken = self.tcb.snd.take_window(segment.seq, ack, window);
        if taken && was == 0 && window > 0 {
            self.window_opened();
        }
        if !advanced {
            self.tcb.hear_echo(segment, ack);
            let told = if taken && was != window {
                WindowTold::Other
            } else {
                WindowTold::Same
            };
            self.arrive_old_ack(segment, told);
        }
        Ok(())
    }

    /// SND.UNA advances.
    fn arrive_new_ack(&mut self, segment: &Segment<'_>, ack: SeqNum) {
        let all = ack == self.end();
        let tcb = &mut self.tcb;
        let marked = tcb.hear_echo(segment, ack);
        let in_flight = tcb.usage.at_ack(ack, tcb.in_flight(), tcb.snd.nxt);
        let before = tcb.snd.una;
        let first_data = tcb.snd.base();
        let acked = ack.since(before).get();
        tcb.snd.acknowledge(ack);
        tcb.attempts = 0;
        tcb.soft_error = None;
        tcb.probe_acknowledged(ack);
        tcb.progress_at = tcb.clock.tick;
        let data = ack.since(first_data).as_usize().min(self.send.len());
        self.send.consume(data);
        tcb.counters.acked(SeqLen::of(data).get());
        if tcb.snd.up().is_some_and(|up| ack.at_or_after(up)) {
            tcb.snd.set_up(None);
        }
        if tcb.snd.starved && data > 0 {
            tcb.snd.starved = false;
            tcb.events |= Events::WRITABLE;
        }
        let taken = self.sent.acknowledge(ack, tcb.clock.micros);
        let rtt = self.round_trip(segment, &taken);
        if let Some(micros) = rtt {
            self.tcb.rtt.sample(micros);
            self.tcb.counters.round_trip(micros);
        }
        let tcb = &mut self.tcb;
        let effect = tcb.loss.on_ack(ack, acked, tcb.snd.mss);
        let rtt = rtt.map(|micros| Duration::from_micros(micros.into()));
        match effect {
            AckEffect::Plain if marked => {}
            AckEffect::Plain => {
                tcb.congestion.on_ack(&AckSample {
                    now: tcb.clock.now(),
                    octets: acked,
                    in_flight,
                    slow_start_segments: tcb.tuning.get().slow_start_segments,
                    rtt,
                });
            }
            AckEffect::Partial => tcb.loss.lose_until(self.sent.first_end(ack)),
            AckEffect::Recovered => tcb
                .congestion
                .on_recovered(tcb.clock.now(), tcb.in_flight()),
        }
        //= https://www.rfc-editor.org/rfc/rfc6298#section-5
        //# When an ACK is received that acknowledges new data, restart the
        //# retransmission timer so that it will expire after RTO seconds
        //# (for the current value of RTO).
        // Cleared here, it starts anew when all is settled.
        tcb.timers.retransmission().clear();
        if all && tcb.snd.fin_queued {
            tcb.fin_acknowledged();
        }
    }

    /// The round-trip time that an acknowledgment of new data measures, in microseconds. Our own
    /// record of when the segment left is finer than the timestamp's 1.024 ms; the timestamp tells
    /// when a segment was sent more than once (RFC 7323 section 4).
    ///
    /// An echo from before the last retransmission says that the segment had arrived the first time
    /// and its acknowledgment was lost: all the time until the timeout would be taken for the round
    /// trip, and each timeout would lengthen the next. So it measures nothing, as without
    /// timestamps.
    //= https://www.rfc-editor.org/rfc/rfc6298#section-3
    //# TCP MUST use Karn's algorithm [KP87] for taking RTT samples.
    //= https://www.rfc-editor.org/rfc/rfc6298#section-3
    //# That is, RTT samples MUST NOT be made using segments that were retransmitted
    //# (and thus for which it is ambiguous whether the reply was for the first
    //# instance of the packet or a later instance).
    //= https://www.rfc-editor.org/rfc/rfc6298#section-3
    //# A TCP implementation MUST take at least one RTT measurement per RTT (unless
    //# that is not possible per Karn's algorithm).
    //= https://www.rfc-editor.org/rfc/rfc7323#section-4.1
    //# RTTM Rule: A TSecr value received in a segment MAY be used to update the
    //# averaged RTT measurement only if the segment advances the left edge of the
    //# send window, i.e., SND.UNA is increased.
    fn round_trip(&self, segment: &Segment<'_>, taken: &Acknowledged) -> Option<u32> {
        let Some(again_us) = taken.again_us() else {
            return taken.rtt_us();
        };
        if !self.tcb.uses_timestamps() {
            return None;
        }
        let echo = segment.options.timestamps?.echo;
        let ticks = self.tcb.timestamp().wrapping_sub(echo);
        (ticks <= (again_us >> 10) + 1).then_some(ticks.max(1) << 10)
    }

    /// The window opened after it had been shut: what was sent into it was refused, and goes again
    /// at once instead of after a timer that backed off.
    fn window_opened(&mut self) {
        let tcb = &mut self.tcb;
        tcb.rtt.backoff = 0;
        tcb.attempts = 0;
        if !tcb.nothing_outstanding() {
            tcb.loss.resend_all(tcb.snd.una, tcb.snd.nxt);
            tcb.timers.retransmission().clear();
        }
    }

    /// SND.UNA stays: perhaps a duplicate acknowledgment.
    //= https://www.rfc-editor.org/rfc/rfc5681#section-2
    //# DUPLICATE ACKNOWLEDGMENT: An acknowledgment is considered a
    //# "duplicate" in the following algorithms when (a) the receiver of
    //# the ACK has outstanding data, (b) the incoming acknowledgment
    //# carries no data, (c) the SYN and FIN bits are both off, (d) the
    //# acknowledgment number is equal to the greatest acknowledgment
    //# received on the given connection (TCP.UNA from [RFC793]) and (e)
    //# the advertised window in the incoming acknowledgment equals the
    //# advertised window in the last incoming acknowledgment.
    //= https://www.rfc-editor.org/rfc/rfc9293#section-3.8.6.1
    //# As long as the receiving TCP peer continues to send acknowledgments in
    //# response to the probe segments, the sending TCP peer MUST allow the
    //# connection to stay open (MUST-37).
    //= https://www.rfc-editor.org/rfc/rfc9293#section-3.8.6
    //# SHOULD NOT time out the connection if data beyond the right window edge is
    //# not acknowledged (SHLD-17).
    #[inline(never)]
    fn arrive_old_ack(&mut self, segment: &Segment<'_>, told: WindowTold) {
        let tcb = &mut self.tcb;
        if tcb.snd.wnd == 0 {
            // The peer is there and keeps its window shut: it may do so for ever (RFC 9293
            // MUST-37); only the user timeout ends that.
            tcb.attempts = 0;
            return;
        }
        let una = tcb.snd.una;
        let tells_of_more = segment
            .options
            .sack
            .iter()
            .any(|block| block.start().after(una));
        let duplicate = !tcb.nothing_outstanding()
            && segment.payload.is_empty()
            && !segment.has_fin()
            && (told == WindowTold::Same || tells_of_more);
        if !duplicate {
            return;
        }
        let flight = tcb.snd.nxt.since(una).get();
        if tcb.loss.on_duplicate(una, tcb.snd.nxt, tcb.snd.mss) {
            let segment = una + SeqLen::new(tcb.snd.mss.into());
            let end = self.sent.first_end(segment);
            tcb.loss.lose_until(end.earliest(tcb.snd.nxt));
            if tcb.probe_lost() {
                tcb.loss.forgive(una);
            } else {
                tcb.congestion.on_fast_retransmit(tcb.clock.now(), flight);
                tcb.reduced_for_loss();
            }
            tcb.timers.retransmission().clear();
        }
        debug_assert!(
            tcb.loss.phase != LossPhase::Open
                || tcb.loss.to_resend() == SeqLen::ZERO
                || tcb.snd.wnd > 0
        );
    }
}

impl<P: Profile> Tcb<P> {
    /// Our FIN arrived: the next state.
    fn fin_acknowledged(&mut self) {
        self.snd.fin_queued = false;
        let next = self.state.after(Step::FinAcknowledged);
        if next == State::Closed {
            self.close(CloseReason::Finished);
        } else {
            self.state = next;
        }
    }
}

/// An acknowledgment number that any later one passes.
fn snd_before(ack: SeqNum) -> SeqNum {
    ack - SeqLen::ONE
}
