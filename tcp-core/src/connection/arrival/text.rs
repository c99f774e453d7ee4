//! Sixth to eighth: URG, the segment text, and FIN.

use crate::connection::Connection;
use crate::connection::counters::Counting;
use crate::connection::error::CloseReason;
use crate::connection::event::Events;
use crate::connection::recv::Text;
use crate::connection::state::{State, Step};
use crate::connection::tcb::User;
use crate::profile::Profile;
use crate::seq::{SeqLen, SeqNum};
use crate::stack::Dropped;
use crate::wire::Segment;

impl<P: Profile> Connection<'_, P> {
    /// Takes the text that starts at `seq`, and the FIN behind it, in the states in which the peer
    /// may send any.
    //= https://www.rfc-editor.org/rfc/rfc9293#section-3.10.7.4
    //# o A TCP implementation MAY send an ACK segment acknowledging RCV.NXT when a
    //# valid segment arrives that is in the window but not at the left window edge
    //# (MAY-13).
    //= https://www.rfc-editor.org/rfc/rfc5681#section-3.2
    //# A TCP receiver SHOULD send an immediate duplicate ACK when an out-of-order
    //# segment arrives.
    //= https://www.rfc-editor.org/rfc/rfc5681#section-3.2
    //# In addition, a TCP receiver SHOULD send an immediate ACK when the incoming
    //# segment fills in all or part of a gap in the sequence space.
    //= https://www.rfc-editor.org/rfc/rfc5681#section-4.2
    //# Out-of-order data segments SHOULD be acknowledged immediately, in order to
    //# accelerate loss recovery.
    //= https://www.rfc-editor.org/rfc/rfc5681#section-4.2
    //# To trigger the fast retransmit algorithm, the receiver SHOULD send an
    //# immediate duplicate ACK when it receives a data segment above a gap in the
    //# sequence space.
    //= https://www.rfc-editor.org/rfc/rfc2018#section-4
    //# The receiver SHOULD send an ACK for every valid segment that arrives
    //# containing new data, and each of these "duplicate" ACKs SHOULD bear a SACK
    //# option.
    //= https://www.rfc-editor.org/rfc/rfc5681#section-4.2
    //# To provide feedback to senders recovering from losses, the receiver SHOULD
    //# send an immediate ACK when it receives a data segment that fills in all or
    //# part of a gap in the sequence space.
    pub(super) fn arrive_text(
        &mut self,
        segment: &Segment<'_>,
        seq: SeqNum,
        segments: u16,
    ) -> Result<(), Dropped> {
        let tcb = &mut self.tcb;
        if !matches!(
            tcb.state,
            State::Established | State::FinWait1 | State::FinWait2
        ) {
            // The peer sent its FIN before: nothing can follow it. What comes all the same is
            // acknowledged, so that a peer that missed our ACK learns of it.
            if !segment.payload.is_empty() || segment.has_fin() {
                tcb.rcv.ack.at_once();
            }
            return Ok(());
        }
        self.arrive_urgent(segment, seq);
        let mut verdict = Ok(());
        if !segment.payload.is_empty() {
            verdict = self.take_text(segment, seq, segments);
        }
        if verdict.is_ok() {
            self.arrive_fin(segment, seq);
        }
        verdict
    }

    /// Takes the text of a segment that has some.
    fn take_text(
        &mut self,
        segment: &Segment<'_>,
        seq: SeqNum,
        segments: u16,
    ) -> Result<(), Dropped> {
        let tcb = &mut self.tcb;
        let end = seq + SeqLen::of(segment.payload.len());
        if tcb.user == User::Gone && end.after(tcb.rcv.nxt) {
            return Err(self.refuse_text());
        }
        let had_gap = self.islands.len() > 0;
        match tcb
            .rcv
            .text(&mut self.receive, &mut self.islands, seq, segment.payload)
        {
            Text::InOrder(octets) => {
                tcb.counters.received(octets);
                tcb.events |= Events::READABLE;
                let window = SeqLen::of(self.receive.free()).get();
                let text = u16::try_from(segment.payload.len()).unwrap_or(u16::MAX);
                let each = text / segments.max(1);
                tcb.rcv.ack.on_text(octets, each, window);
                tcb.spend_quick_ack();
                //= https://www.rfc-editor.org/rfc/rfc5681#section-4.2
                //# the receiver
                //# SHOULD send an immediate ACK when it receives a data segment that
                //# fills in all or part of a gap in the sequence space.
                if had_gap {
                    tcb.rcv.ack.at_once();
                }
                Ok(())
            }
            Text::Ahead | Text::Nothing => {
                tcb.rcv.ack.at_once();
                Ok(())
            }
            Text::NoRoom => {
                tcb.rcv.ack.at_once();
                Err(Dropped::GapTableFull)
            }
        }
    }

    /// Text arrived for a user who has gone: the connection ends.
    //= https://www.rfc-editor.org/rfc/rfc9293#section-3.6.1
    //# If such a host issues a
    //# CLOSE call while received data is still pending in the TCP
    //# connection, or if new data is received after CLOSE is called, its TCP
    //# implementation SHOULD send a RST to show that data was lost
    //# (SHLD-3).
    #[cold]
    fn refuse_text(&mut self) -> Dropped {
        self.tcb.close(CloseReason::Aborted);
        // Answered as if there were no connection: SEG.ACK is what the peer takes for exact
        // (RFC 5961), whatever of our FIN has arrived there.
        Dropped::AfterClose
    }

    /// RCV.UP <- max(RCV.UP, SEG.UP); the user hears of it once for each advance. The pointer is
    /// where RFC 6093 section 3.1 finds it in practice: one past the last urgent octet.
    //= https://www.rfc-editor.org/rfc/rfc9293#section-3.8.5
    //# However, TCP implementations MUST still include support for the urgent
    //# mechanism (MUST-30).
    //= https://www.rfc-editor.org/rfc/rfc9293#section-3.8.5
    //# A TCP implementation MUST support a sequence of urgent data of any length
    //# (MUST-31) [19].
    //= https://www.rfc-editor.org/rfc/rfc9293#section-3.8.5
    //# A TCP implementation MUST (MUST-32) inform the application layer
    //# asynchronously whenever it receives an urgent pointer and there was
    //# previously no pending urgent data, or whenever the urgent pointer advances
    //# in the data stream.
    fn arrive_urgent(&mut self, segment: &Segment<'_>, seq: SeqNum) {
        let tcb = &mut self.tcb;
        let Some(pointer) = segment.urgent else {
            return;
        };
        let up = seq + SeqLen::new(pointer.into());
        let read = tcb.rcv.nxt - SeqLen::of(self.receive.len());
        if up.after(read) && tcb.rcv.up().is_none_or(|known| up.after(known)) {
            tcb.rcv.set_up(Some(up));
            tcb.events |= Events::URGENT;
        }
    }

    /// Notes the FIN of a segment whose text starts at `seq`, and steps over it once everything
    /// before it is in.
    fn arrive_fin(&mut self, segment: &Segment<'_>, seq: SeqNum) {
        let tcb = &mut self.tcb;
        if segment.has_fin() {
            tcb.rcv
                .note_fin(&mut self.islands, seq + SeqLen::of(segment.payload.len()));
            tcb.rcv.ack.at_once();
        }
        if !tcb.rcv.reach_fin() {
            return;
        }
        tcb.rcv.ack.at_once();
        tcb.events |= Events::FINISHED | Events::READABLE;
        tcb.state = tcb.state.after(Step::Fin);
    }
}
