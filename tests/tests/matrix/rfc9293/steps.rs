//! RFC 9293 section 3.10.7.4, "Other States", step by step.

use tcp_core::State;
use tcp_tests::packet::{ACK, FIN, RST, SYN, URG};

use super::{Arrival, CONTINUE, Flow, RETURN, Seg, Tcb, at_most, less};
use crate::outcome::{Fin, Reply, Text, Told};

impl Arrival {
    /// Section 3.10.7.4.
    pub(super) fn other_states(&mut self) -> Flow {
        self.beside_the_steps()?;
        self.first_sequence_number()?;
        self.second_rst()?;
        self.fourth_syn()?;
        self.fifth_ack()?;
        self.sixth_urg()?;
        self.seventh_text()?;
        self.eighth_fin()
    }

    /// Three segments whose sequence numbers the first step would not let pass, and which the RFC
    /// means to be processed all the same.
    fn beside_the_steps(&mut self) -> Flow {
        let Seg { seq, ack, .. } = self.seg;
        let Tcb {
            rcv_nxt, snd_nxt, ..
        } = self.tcb;
        let only = self.seg.flags & (SYN | ACK | RST | FIN);
        // Figure 7: `<SEQ=300><ACK=101><CTL=SYN,ACK>` arrives where RCV.NXT is 301, and leads to
        // ESTABLISHED; appendix A.2 knows that the first step stands in the way. It is
        // acknowledged as what is not in the window, and its ACK counts.
        let again = seq.wrapping_add(1) == rcv_nxt && self.seg.text == 0;
        let crossed = self.state() == State::SynReceived && !self.tcb.passive;
        if crossed && again && only == SYN | ACK && ack == snd_nxt {
            self.out.next = State::Established;
            self.out.snd_una = ack;
            return self.reply(Reply::Ack);
        }
        if self.state() != State::TimeWait {
            return CONTINUE;
        }
        //= https://www.rfc-editor.org/rfc/rfc9293#section-3.6.1
        //= type=test
        //# However, it MAY accept a new SYN from the remote TCP endpoint to
        //# reopen the connection directly from TIME-WAIT state (MAY-2), if it:
        //= https://www.rfc-editor.org/rfc/rfc6191#section-2
        //= type=test
        //# but the Sequence Number of the incoming SYN
        //# segment is greater than the last sequence number seen on the
        //# previous incarnation of the connection (for the same direction
        //# of the data transfer), honor the incoming connection request
        //# (creating a connection in the SYN-RECEIVED state).
        let last = rcv_nxt.wrapping_sub(1);
        if self.seg.has(SYN) && !self.seg.has(ACK) && !self.seg.has(RST) && less(last, seq) {
            self.open();
            return RETURN;
        }
        //= https://www.rfc-editor.org/rfc/rfc9293#section-3.10.7.4
        //= type=test
        //# The only thing that can arrive in this state is a
        //# retransmission of the remote FIN.  Acknowledge it, and restart
        //# the 2 MSL timeout.
        let ends = seq.wrapping_add(self.seg.len());
        if only == FIN | ACK && ends == rcv_nxt && self.ack_passes() {
            self.out.lingers_anew = true;
            return self.reply(Reply::Ack);
        }
        CONTINUE
    }

    /// `RCV.NXT =< number < RCV.NXT+RCV.WND`
    fn in_window(&self, number: u32) -> bool {
        let Tcb {
            rcv_nxt, rcv_wnd, ..
        } = self.tcb;
        at_most(rcv_nxt, number) && less(number, rcv_nxt.wrapping_add(rcv_wnd))
    }

    /// Table 6.
    fn acceptable(&self) -> bool {
        let Seg { seq, .. } = self.seg;
        let length = self.seg.len();
        let last = seq.wrapping_add(length).wrapping_sub(1);
        match (length, self.tcb.rcv_wnd) {
            (0, 0) => seq == self.tcb.rcv_nxt,
            (0, _) => self.in_window(seq),
            (_, 0) => false,
            (_, _) => self.in_window(seq) || self.in_window(last),
        }
    }

    fn first_sequence_number(&mut self) -> Flow {
        //= https://www.rfc-editor.org/rfc/rfc9293#section-3.10.7.4
        //= type=test
        //# If an incoming segment is not acceptable, an acknowledgment
        //# should be sent in reply (unless the RST bit is set, if so
        //# drop the segment and return):
        if self.acceptable() {
            CONTINUE
        } else if self.seg.has(RST) {
            RETURN
        } else {
            self.reply(Reply::Ack)
        }
    }

    fn second_rst(&mut self) -> Flow {
        if !self.seg.has(RST) {
            return CONTINUE;
        }
        let Tcb {
            rcv_nxt, rcv_wnd, ..
        } = self.tcb;
        let seq = self.seg.seq;
        if self.challenges() {
            //= https://www.rfc-editor.org/rfc/rfc9293#section-3.10.7.4
            //= type=test
            //# 1)  If the RST bit is set and the sequence number is outside
            //# the current receive window, silently drop the segment.
            if less(seq, rcv_nxt) || at_most(rcv_nxt.wrapping_add(rcv_wnd), seq) {
                return RETURN;
            }
            //= https://www.rfc-editor.org/rfc/rfc9293#section-3.10.7.4
            //= type=test
            //# 3)  If the RST bit is set and the sequence number does not
            //# exactly match the next expected sequence value, yet is
            //# within the current receive window, TCP endpoints MUST send
            //# an acknowledgment (challenge ACK):
            if seq != rcv_nxt {
                return self.reply(Reply::Ack);
            }
        }
        //= https://www.rfc-editor.org/rfc/rfc9293#section-3.5.3
        //= type=test
        //# In all states except SYN-SENT, all reset (RST) segments are validated
        //# by checking their SEQ fields.  A reset is valid if its sequence
        //# number is in the window.
        if !self.in_window(seq) {
            return RETURN;
        }
        self.out.told = match self.state() {
            //= https://www.rfc-editor.org/rfc/rfc9293#section-3.10.7.4
            //= type=test
            //# If this connection was initiated with a passive OPEN
            //# (i.e., came from the LISTEN state), then return this
            //# connection to LISTEN state and return.  The user need not
            //# be informed.
            State::SynReceived if self.tcb.passive => Told::Nothing,
            //= https://www.rfc-editor.org/rfc/rfc9293#section-3.10.7.4
            //= type=test
            //# then the
            //# connection was refused; signal the user "connection
            //# refused".
            State::SynReceived => Told::Refused,
            // TIME-WAIT has no user to tell.
            State::TimeWait => Told::Nothing,
            _ => Told::Reset,
        };
        let back = self.state() == State::SynReceived && self.tcb.passive;
        self.out.next = if back { State::Listen } else { State::Closed };
        RETURN
    }

    fn fourth_syn(&mut self) -> Flow {
        if !self.seg.has(SYN) {
            return CONTINUE;
        }
        //= https://www.rfc-editor.org/rfc/rfc9293#section-3.10.7.4
        //= type=test
        //# If the connection was initiated with a passive OPEN, then
        //# return this connection to the LISTEN state and return.
        if self.state() == State::SynReceived && self.tcb.passive {
            self.out.next = State::Listen;
            return RETURN;
        }
        //= https://www.rfc-editor.org/rfc/rfc9293#section-3.10.7.4
        //= type=test
        //# if the SYN bit is set,
        //# irrespective of the sequence number, TCP endpoints MUST send
        //# a "challenge ACK" to the remote peer:
        if self.challenges() {
            return self.reply(Reply::Ack);
        }
        //= https://www.rfc-editor.org/rfc/rfc9293#section-3.10.7.4
        //= type=test
        //# If the SYN is in the window it is an error: send
        //# a reset, any outstanding RECEIVEs and SEND should receive
        //# "reset" responses, all segment queues should be flushed, the
        //# user should also receive an unsolicited general "connection
        //# reset" signal, enter the CLOSED state, delete the TCB, and
        //# return.
        self.out.told = Told::Reset;
        self.out.next = State::Closed;
        self.reply(Reply::ResetAtNext)
    }

    /// What is said of the ACK field of every state alike.
    fn ack_passes(&self) -> bool {
        let Seg { ack, .. } = self.seg;
        let Tcb {
            snd_una,
            snd_nxt,
            max_snd_wnd,
            ..
        } = self.tcb;
        //= https://www.rfc-editor.org/rfc/rfc9293#section-3.10.7.4
        //= type=test
        //# acceptable only if it is in the range of ((SND.UNA -
        //# MAX.SND.WND) =< SEG.ACK =< SND.NXT).  All incoming segments
        //# whose ACK value doesn't satisfy the above condition MUST be
        //# discarded and an ACK sent back.
        let young = at_most(snd_una.wrapping_sub(max_snd_wnd), ack);
        //= https://www.rfc-editor.org/rfc/rfc9293#section-3.10.7.4
        //= type=test
        //# If
        //# the ACK acks something not yet sent (SEG.ACK > SND.NXT),
        //# then send an ACK, drop the segment, and return.
        at_most(ack, snd_nxt) && (young || !self.challenges())
    }

    fn fifth_ack(&mut self) -> Flow {
        let Seg { ack, .. } = self.seg;
        let Tcb {
            snd_una, snd_nxt, ..
        } = self.tcb;
        //= https://www.rfc-editor.org/rfc/rfc9293#section-3.10.7.4
        //= type=test
        //# if the ACK bit is off, drop the segment and return
        if !self.seg.has(ACK) {
            return RETURN;
        }
        let acceptable = less(snd_una, ack) && at_most(ack, snd_nxt);
        if self.state() == State::SynReceived {
            if !self.ack_passes() && self.challenges() {
                return self.reply(Reply::Ack);
            }
            //= https://www.rfc-editor.org/rfc/rfc9293#section-3.10.7.4
            //= type=test
            //# If the segment acknowledgment is not acceptable, form a
            //# reset segment
            if !acceptable {
                return self.reply(Reply::ResetAtAck);
            }
            self.out.next = State::Established;
            self.out.snd_una = ack;
            return CONTINUE;
        }
        if !self.ack_passes() {
            return self.reply(Reply::Ack);
        }
        if acceptable {
            self.out.snd_una = ack;
        }
        let fin_acknowledged = self.tcb.fin_sent && self.out.snd_una == snd_nxt;
        match self.state() {
            //= https://www.rfc-editor.org/rfc/rfc9293#section-3.10.7.4
            //= type=test
            //# if the FIN segment is now acknowledged, then enter FIN-
            //# WAIT-2 and continue processing in that state.
            State::FinWait1 if fin_acknowledged => self.out.next = State::FinWait2,
            //= https://www.rfc-editor.org/rfc/rfc9293#section-3.10.7.4
            //= type=test
            //# if the ACK acknowledges our FIN, then enter the TIME-WAIT
            //# state; otherwise, ignore the segment.
            State::Closing if fin_acknowledged => self.out.next = State::TimeWait,
            State::Closing => return RETURN,
            //= https://www.rfc-editor.org/rfc/rfc9293#section-3.10.7.4
            //= type=test
            //# If our FIN is now
            //# acknowledged, delete the TCB, enter the CLOSED state, and
            //# return.
            State::LastAck if fin_acknowledged => {
                self.out.next = State::Closed;
                self.out.told = Told::Finished;
                return RETURN;
            }
            _ => {}
        }
        CONTINUE
    }

    /// Whether the peer may still send.
    fn receives(&self) -> bool {
        matches!(
            self.state(),
            State::Established | State::FinWait1 | State::FinWait2
        )
    }

    pub(super) fn sixth_urg(&mut self) -> Flow {
        //= https://www.rfc-editor.org/rfc/rfc9293#section-3.10.7.4
        //= type=test
        //# signal the user that the remote side has urgent data if the
        //# urgent pointer (RCV.UP) is in advance of the data consumed.
        let up = self.seg.text_at().wrapping_add(self.seg.up);
        if self.seg.has(URG) && self.receives() && less(self.out.rcv_nxt, up) {
            self.out.urgent = true;
        }
        CONTINUE
    }

    /// The part of the text and the FIN that the window has: "trimming off any portions that lie
    /// outside the window (including SYN and FIN)".
    pub(super) fn seventh_text(&mut self) -> Flow {
        if !self.receives() {
            //= https://www.rfc-editor.org/rfc/rfc9293#section-3.10.7.4
            //= type=test
            //# This should not occur since a FIN has been received from the
            //# remote side.  Ignore the segment text.
            return CONTINUE;
        }
        let nxt = self.out.rcv_nxt;
        let edge = self.tcb.rcv_nxt.wrapping_add(self.tcb.rcv_wnd);
        let (from, to) = (
            self.seg.text_at(),
            self.seg.text_at().wrapping_add(self.seg.text),
        );
        let from = if less(from, nxt) { nxt } else { from };
        let to = if less(edge, to) { edge } else { to };
        if self.seg.text == 0 || at_most(to, from) {
            return CONTINUE;
        }
        let octets = to.wrapping_sub(from);
        if from == nxt {
            //= https://www.rfc-editor.org/rfc/rfc9293#section-3.10.7.4
            //= type=test
            //# Once the TCP endpoint takes responsibility for the data, it
            //# advances RCV.NXT over the data accepted,
            self.out.rcv_nxt = to;
            self.out.text = Text::Delivered(octets);
            self.out.reply = Reply::AckSoon;
        } else {
            //= https://www.rfc-editor.org/rfc/rfc9293#section-3.10.7.4
            //= type=test
            //# Segments with higher
            //# beginning sequence numbers SHOULD be held for later
            //# processing (SHLD-31).
            self.out.text = Text::Held(octets);
            //= https://www.rfc-editor.org/rfc/rfc5681#section-4.2
            //= type=test
            //# Out-of-order data segments SHOULD be acknowledged immediately, in
            //# order to accelerate loss recovery.
            self.out.reply = Reply::Ack;
        }
        CONTINUE
    }

    pub(super) fn eighth_fin(&mut self) -> Flow {
        if !self.seg.has(FIN) {
            return RETURN;
        }
        if !self.receives() {
            // It was received before; one that stands behind it is none. It is acknowledged, and:
            //= https://www.rfc-editor.org/rfc/rfc9293#section-3.10.7.4
            //= type=test
            //# Remain in the TIME-WAIT state.  Restart the 2 MSL time-
            //# wait timeout.
            self.out.lingers_anew = self.state() == State::TimeWait;
            return self.reply(Reply::AckSoon);
        }
        let at = self.seg.text_at().wrapping_add(self.seg.text);
        let edge = self.tcb.rcv_nxt.wrapping_add(self.tcb.rcv_wnd);
        if !less(at, edge) {
            return RETURN;
        }
        if at != self.out.rcv_nxt {
            self.out.fin = Fin::Held;
            return self.reply(Reply::Ack);
        }
        //= https://www.rfc-editor.org/rfc/rfc9293#section-3.10.7.4
        //= type=test
        //# advance RCV.NXT
        //# over the FIN, and send an acknowledgment for the FIN.
        self.out.rcv_nxt = at.wrapping_add(1);
        self.out.fin = Fin::Taken;
        self.out.next = after_fin(self.state());
        self.reply(Reply::AckSoon)
    }
}

/// Where the peer's FIN leads.
pub(crate) const fn after_fin(state: State) -> State {
    match state {
        //= https://www.rfc-editor.org/rfc/rfc9293#section-3.10.7.4
        //= type=test
        //# If our FIN has been ACKed (perhaps in this segment), then
        //# enter TIME-WAIT, start the time-wait timer, turn off the
        //# other timers; otherwise, enter the CLOSING state.
        State::FinWait1 => State::Closing,
        State::FinWait2 => State::TimeWait,
        State::Established => State::CloseWait,
        other => other,
    }
}
