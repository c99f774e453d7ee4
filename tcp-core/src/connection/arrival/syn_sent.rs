//! SEGMENT ARRIVES in SYN-SENT (RFC 9293 section 3.10.7.3).

use crate::connection::counters::Counting;
use crate::connection::error::CloseReason;
use crate::connection::state::{State, Step};
use crate::connection::{Connection, open};
use crate::profile::Profile;
use crate::seq::{SeqLen, SeqNum};
use crate::stack::Dropped;
use crate::wire::{Control, Flags, Segment};

impl<P: Profile> Connection<'_, P> {
    /// Handles what answers our SYN.
    pub(in crate::connection) fn arrive_opening(
        &mut self,
        segment: &Segment<'_>,
    ) -> Option<Result<(), Dropped>> {
        if self.tcb.state == State::SynSent {
            Some(self.arrive_syn_sent(segment))
        } else if self.is_crossed_syn(segment) {
            Some(self.arrive_crossed_syn(segment))
        } else {
            None
        }
    }

    /// After a simultaneous open the peer's SYN comes again, with an acknowledgment of ours.
    fn is_crossed_syn(&self, segment: &Segment<'_>) -> bool {
        self.tcb.state == State::SynReceived
            && segment.control == Some(Control::Syn)
            && segment.seq + SeqLen::ONE == self.tcb.rcv.nxt
            && segment.ack.is_some_and(|ack| ack == self.tcb.snd.nxt)
    }

    /// It counts as that acknowledgment, and is acknowledged in turn.
    fn arrive_crossed_syn(&mut self, segment: &Segment<'_>) -> Result<(), Dropped> {
        self.tcb.rcv.ack.at_once();
        self.tcb.take_ecn(segment);
        match segment.ack {
            Some(ack) => self.arrive_ack(segment, ack),
            None => Ok(()),
        }
    }

    fn arrive_syn_sent(&mut self, segment: &Segment<'_>) -> Result<(), Dropped> {
        let snd = &self.tcb.snd;
        let acceptable = |ack: SeqNum| ack.after(snd.una) && ack.at_or_before(snd.nxt);
        if segment.ack.is_some_and(|ack| !acceptable(ack)) {
            return Err(match segment.control {
                Some(Control::Rst) => Dropped::RstIgnored,
                Some(Control::Syn | Control::Fin) | None => Dropped::AckUnacceptable,
            });
        }
        match (segment.control, segment.ack) {
            (Some(Control::Rst), Some(_)) => {
                self.tcb.close(CloseReason::Refused);
                Ok(())
            }
            (Some(Control::Rst), None) => Err(Dropped::RstIgnored),
            (Some(Control::Syn), _) if segment.flags.has(Flags::FIN) => Err(Dropped::BadFlags),
            (Some(Control::Syn), Some(ack)) => {
                self.take_syn(segment);
                self.opened(segment, ack)
            }
            (Some(Control::Syn), None) => {
                self.take_syn(segment);
                self.crossed(segment);
                Ok(())
            }
            (Some(Control::Fin) | None, _) => Err(Dropped::BadFlags),
        }
    }

    /// The peer's SYN: RCV.* and what both sides offered.
    fn take_syn(&mut self, segment: &Segment<'_>) {
        let window = self.syn_window();
        open::take_syn(&mut self.tcb, segment, window);
    }

    /// Our SYN was acknowledged: ESTABLISHED. What else is in the segment is taken, too.
    fn opened(&mut self, segment: &Segment<'_>, ack: SeqNum) -> Result<(), Dropped> {
        let tcb = &mut self.tcb;
        let handshake = match tcb.attempts {
            0 => open::Handshake::Clean,
            _ => open::Handshake::Repeated,
        };
        tcb.snd.acknowledge(ack);
        // A SYN that was to go again need not.
        tcb.loss.on_ack(ack, 0, tcb.snd.mss);
        // The first window has no older one to be compared with.
        tcb.snd.wl1 = segment.seq;
        tcb.snd.wl2 = ack;
        tcb.snd
            .take_window(segment.seq, ack, segment.window.0.into());
        let taken = self.sent.acknowledge(ack, tcb.clock.micros);
        if let Some(micros) = taken.rtt_us() {
            tcb.rtt.sample(micros);
            tcb.counters.round_trip(micros);
        }
        open::handshake_done(tcb, handshake);
        tcb.established();
        tcb.last_heard = tcb.clock.tick;
        tcb.rcv.ack.at_once();
        let seq = segment.seq + SeqLen::ONE;
        self.arrive_text(segment, seq, 1)
    }

    /// Both sides sent a SYN (figure 7 of section 3.5): SYN-RECEIVED, and our SYN goes again, now
    /// with an acknowledgment. Data on the peer's SYN is left for it to send again.
    //= https://www.rfc-editor.org/rfc/rfc9293#section-3.5
    //# A TCP implementation MUST support simultaneous open attempts (MUST-10).
    fn crossed(&mut self, segment: &Segment<'_>) {
        let tcb = &mut self.tcb;
        tcb.snd.wl1 = segment.seq;
        tcb.snd.wnd = segment.window.0.into();
        tcb.snd.max_wnd = tcb.snd.wnd;
        tcb.state = tcb.state.after(Step::Syn);
        tcb.loss.resend_all(tcb.snd.una, tcb.snd.nxt);
    }
}
