//! What the connection wants to send. A pure decision: transmitting carries it out, and "is there
//! anything to send" asks the same.

use crate::connection::Connection;
use crate::connection::config::Switch;
use crate::connection::congestion::CongestionControl;
use crate::connection::recv::AckOwed;
use crate::connection::state::State;
use crate::connection::tcb::Probe;
use crate::profile::Profile;
use crate::seq::{SeqLen, SeqNum};

/// How a segment relates to what was sent before.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::connection) enum Novelty {
    /// Its octets leave for the first time.
    New,
    /// It is sent again.
    Again,
}

/// What kind of segment is to be sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::connection) enum Kind {
    Nothing,
    Reset,
    /// SYN or SYN-ACK, by state.
    Syn,
    /// It occupies sequence space with text, a FIN or both.
    Text,
    Ack,
    KeepAlive,
}

/// What is to be sent next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::connection) struct Plan {
    pub(in crate::connection) kind: Kind,
    pub(in crate::connection) novelty: Novelty,
    pub(in crate::connection) fin: bool,
    /// Nothing that the user wrote lies behind it.
    pub(in crate::connection) last: bool,
    /// It is as long as a segment can be.
    pub(in crate::connection) full: bool,
    pub(in crate::connection) seq: SeqNum,
    pub(in crate::connection) text: SeqLen,
    /// How long segments are.
    mss: u16,
}

impl Plan {
    /// One past its last octet of sequence space, if it is a SYN or text.
    pub(in crate::connection) fn end(&self) -> SeqNum {
        let control = self.fin || self.kind == Kind::Syn;
        self.seq + self.text + SeqLen::new(control.into())
    }
}

impl<P: Profile> Connection<'_, P> {
    /// What is to be sent next, in the order of right: reset, SYN, what was lost, new data, and an
    /// acknowledgment only if nothing before it carries one.
    pub(in crate::connection) fn plan(&self) -> Plan {
        let tcb = &self.tcb;
        let mut plan = Plan {
            kind: Kind::Nothing,
            novelty: Novelty::New,
            fin: false,
            last: false,
            full: false,
            seq: tcb.snd.nxt,
            text: SeqLen::ZERO,
            mss: tcb.snd.mss,
        };
        if tcb.probe == Probe::Reset {
            plan.kind = Kind::Reset;
            return plan;
        }
        match tcb.state {
            State::Closed | State::Listen | State::TimeWait => {}
            State::SynSent | State::SynReceived => {
                if let Some(opener) = self.opener {
                    (opener.plan)(self, &mut plan);
                }
            }
            State::Established
            | State::FinWait1
            | State::FinWait2
            | State::CloseWait
            | State::Closing
            | State::LastAck => {
                plan.kind = Kind::Text;
                if !self.plan_again(&mut plan) && !self.plan_new(&mut plan) {
                    self.plan_ack(&mut plan);
                }
            }
        }
        plan
    }

    /// Whether [`plan`](Self::plan) is worth asking: a few comparisons, never false when it would
    /// find something.
    pub(crate) fn may_transmit(&self) -> bool {
        let tcb = &self.tcb;
        tcb.probe != Probe::Nothing
            || tcb.rcv.ack.owed == AckOwed::Now
            || tcb.rcv.ack.read > 0
            || tcb.loss.to_resend() > SeqLen::ZERO
            || self.end() != tcb.snd.nxt
    }

    /// One past everything that is to be sent, the FIN included.
    #[inline(always)]
    pub(in crate::connection) fn end(&self) -> SeqNum {
        self.tcb.snd.end(self.send.len())
    }

    pub(in crate::connection) fn plan_handshake(&self, plan: &mut Plan) {
        let tcb = &self.tcb;
        let again = tcb.loss.to_resend() > SeqLen::ZERO;
        if again || tcb.snd.nxt == tcb.snd.una {
            plan.kind = Kind::Syn;
            plan.seq = tcb.snd.una;
            if again {
                plan.novelty = Novelty::Again;
            }
        } else if tcb.rcv.ack.owed == AckOwed::Now {
            plan.kind = Kind::Ack;
        }
    }

    /// What is deemed lost. The segment at SND.UNA goes whatever the windows say: it is what
    /// RFC 5681 sends again at once, and what probes a window that shrank. True when there is any.
    //= https://www.rfc-editor.org/rfc/rfc9293#section-3.8.6
    //# but SHOULD retransmit normally the old unacknowledged data between SND.UNA
    //# and SND.UNA+SND.WND (SHLD-16).
    //= https://www.rfc-editor.org/rfc/rfc9293#section-3.8.6
    //# The sender MAY also retransmit old data beyond SND.UNA+SND.WND (MAY-7), but
    //# SHOULD NOT time out the connection if data beyond the right window edge is
    //# not acknowledged (SHLD-17).
    //= https://www.rfc-editor.org/rfc/rfc7323#section-2.4
    //# 5) Subsequent retransmissions MAY only be sent if they are within the window
    //# announced by the most recent <ACK>.
    fn plan_again(&self, plan: &mut Plan) -> bool {
        let tcb = &self.tcb;
        let (seq, length) = (tcb.loss.resend_from(), tcb.loss.to_resend());
        if length == SeqLen::ZERO {
            return false;
        }
        let right = tcb.snd.una + SeqLen::new(tcb.snd.wnd);
        let mut room = right.since(seq);
        if seq == tcb.snd.una {
            room = room.max(SeqLen::ONE);
        } else {
            let mss = u32::from(tcb.snd.mss);
            if tcb.in_flight() + mss.min(length.get()) > tcb.congestion.cwnd() {
                return false;
            }
        }
        plan.novelty = Novelty::Again;
        self.plan_text(plan, seq, length.min(room))
    }

    /// The segment at `seq` with at most `room` octets of sequence space. True when there is any.
    fn plan_text(&self, plan: &mut Plan, seq: SeqNum, room: SeqLen) -> bool {
        let snd = &self.tcb.snd;
        let waiting = snd.data_end(self.send.len()).since(seq);
        let longest = SeqLen::new(self.room_of(plan.mss).into());
        let text = waiting.min(longest).min(room);
        plan.seq = seq;
        plan.text = text;
        plan.last = text == waiting;
        plan.full = text >= longest;
        plan.fin = plan.last && room > text && snd.fin_queued;
        text > SeqLen::ZERO || plan.fin
    }

    /// New data, if the windows, Nagle's algorithm and silly-window avoidance let it go. True when
    /// there is any.
    //= https://www.rfc-editor.org/rfc/rfc9293#section-3.7.4
    //# A TCP implementation SHOULD implement the Nagle algorithm to coalesce short
    //# segments (SHLD-7).
    //= https://www.rfc-editor.org/rfc/rfc9293#section-3.8.6.2.1
    //# A TCP implementation MUST include a SWS avoidance algorithm in the sender
    //# (MUST-38).
    //= https://www.rfc-editor.org/rfc/rfc9293#section-3.9.1.2
    //# However, a TCP implementation SHOULD send a maximum-sized segment whenever
    //# possible (SHLD-28) to improve performance (see Section 3.8.6.2.1).
    //= https://www.rfc-editor.org/rfc/rfc9293#section-3.8.6
    //# However, a sending TCP peer MUST be robust against window shrinking, which
    //# may cause the "usable window" (see Section 3.8.6.2.1) to become negative
    //# (MUST-34).
    //= https://www.rfc-editor.org/rfc/rfc9293#section-3.8.6
    //# If this happens, the sender SHOULD NOT send new data (SHLD-15), but SHOULD
    //# retransmit normally the old unacknowledged data between SND.UNA and
    //# SND.UNA+SND.WND (SHLD-16).
    //= https://www.rfc-editor.org/rfc/rfc9293#section-3.9.1.2
    //# When an application issues a series of SEND calls without setting the PUSH
    //# flag, the TCP implementation MAY aggregate the data internally without
    //# sending it (MAY-16).
    //= https://www.rfc-editor.org/rfc/rfc5681#section-2
    //# At any given time, a TCP MUST NOT send data with a sequence number higher
    //# than the sum of the highest acknowledged sequence number and the minimum of
    //# cwnd and rwnd.
    //= https://www.rfc-editor.org/rfc/rfc7323#section-2.4
    //# 3) The initial transmission MUST be within the window announced by the most
    //# recent <ACK>.
    fn plan_new(&self, plan: &mut Plan) -> bool {
        let tcb = &self.tcb;
        let snd = &tcb.snd;
        if self.end() == snd.nxt {
            return false;
        }
        plan.novelty = Novelty::New;
        let usable = (snd.una + SeqLen::new(snd.wnd)).since(snd.nxt);
        if tcb.probe == Probe::Window {
            return self.plan_text(plan, snd.nxt, usable.max(SeqLen::ONE));
        }
        if let Some(probe) = self.next_probe(usable.get()) {
            plan.mss = probe;
        }
        if tcb.holds_back() || !self.plan_text(plan, snd.nxt, usable) {
            return false;
        }
        let in_flight = tcb.in_flight();
        let text = plan.text.get();
        if in_flight > 0 && in_flight.saturating_add(text) > tcb.congestion.cwnd() {
            return false;
        }
        //= https://www.rfc-editor.org/rfc/rfc9293#section-3.8.6.2.1
        //# (1)  if a maximum-sized segment can be sent, i.e., if:
        //#      min(D,U) >= Eff.snd.MSS;
        if plan.full || plan.fin {
            return true;
        }
        // Nagle, as appendix A.3 of RFC 9293 lets it be modified and as Linux does: nothing small
        // while something small is unacknowledged. The end of a large write does not wait.
        let quiet = !snd.small_outstanding() || tcb.config.nagle == Switch::Off;
        let complete = plan.last && tcb.config.cork == Switch::Off;
        quiet && (complete || text >= (snd.max_wnd / 2).max(1))
    }

    //= https://www.rfc-editor.org/rfc/rfc9293#section-3.10.7.4
    //# o In general, the processing of received segments MUST be implemented to
    //# aggregate ACK segments whenever possible (MUST-58).
    fn plan_ack(&self, plan: &mut Plan) {
        let tcb = &self.tcb;
        plan.seq = tcb.snd.nxt;
        plan.text = SeqLen::ZERO;
        plan.fin = false;
        let peer_sends = matches!(
            tcb.state,
            State::Established | State::FinWait1 | State::FinWait2
        );
        if tcb.rcv.ack.owed == AckOwed::Now
            || (peer_sends && tcb.rcv.update_due(&self.receive, tcb.snd.mss_limit))
        {
            plan.kind = Kind::Ack;
        } else if tcb.probe == Probe::KeepAlive {
            //= https://www.rfc-editor.org/rfc/rfc9293#section-3.8.4
            //# An implementation SHOULD send a keep-alive segment with no data (SHLD-12)
            plan.kind = Kind::KeepAlive;
            plan.seq = tcb.snd.nxt - SeqLen::ONE;
        } else {
            plan.kind = Kind::Nothing;
        }
    }

    /// Octets of text that fit into a segment of `mss` octets beside its options.
    pub(in crate::connection) fn room_of(&self, mss: u16) -> u16 {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "options are at most 40 octets"
        )]
        let options = self.data_options_len() as u16;
        mss.saturating_sub(options).max(1)
    }

    /// Octets of options that a segment carries now.
    pub(in crate::connection) fn data_options_len(&self) -> usize {
        let negotiated = self.tcb.negotiated;
        let timestamps = if self.tcb.uses_timestamps() { 12 } else { 0 };
        let blocks = usize::from(self.islands.len()) + usize::from(self.tcb.duplicate().is_some());
        let sack = if negotiated.sack && blocks > 0 {
            4 + 8 * blocks.min(self.sack_room())
        } else {
            0
        };
        timestamps + sack
    }

    /// How many SACK blocks fit beside the other options.
    pub(in crate::connection) fn sack_room(&self) -> usize {
        if self.tcb.uses_timestamps() { 3 } else { 4 }
    }
}
