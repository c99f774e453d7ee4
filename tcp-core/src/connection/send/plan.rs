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

/// A segment that occupies sequence space.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::connection) struct Outgoing {
    pub(in crate::connection) seq: SeqNum,
    pub(in crate::connection) text: SeqLen,
    pub(in crate::connection) fin: bool,
    /// Nothing that the user wrote lies behind it.
    pub(in crate::connection) last: bool,
    /// It is as long as a segment can be.
    pub(in crate::connection) full: bool,
    pub(in crate::connection) novelty: Novelty,
}

impl Outgoing {
    /// One past its last octet of sequence space.
    pub(in crate::connection) fn end(&self) -> SeqNum {
        self.seq + self.text + if self.fin { SeqLen::ONE } else { SeqLen::ZERO }
    }
}

/// What is to be sent next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::connection) enum Plan {
    Nothing,
    Reset,
    /// SYN or SYN-ACK, by state.
    Syn(Novelty),
    Text(Outgoing),
    Ack,
    KeepAlive,
}

impl<P: Profile> Connection<'_, P> {
    /// What is to be sent next, in the order of right: reset, SYN, what was lost, new data, and an
    /// acknowledgment only if nothing before it carries one.
    pub(in crate::connection) fn plan(&self) -> Plan {
        let tcb = &self.tcb;
        if tcb.probe == Probe::Reset {
            return Plan::Reset;
        }
        match tcb.state {
            State::Closed | State::Listen | State::TimeWait => return Plan::Nothing,
            State::SynSent | State::SynReceived => return self.plan_handshake(),
            State::Established
            | State::FinWait1
            | State::FinWait2
            | State::CloseWait
            | State::Closing
            | State::LastAck => {}
        }
        let again = self.plan_again();
        match again.or_else(|| self.plan_new()) {
            Some(outgoing) => Plan::Text(outgoing),
            None => self.plan_ack(),
        }
    }

    /// Whether [`plan`](Self::plan) is worth asking: a few comparisons, never false when it would
    /// find something.
    pub(crate) fn may_transmit(&self) -> bool {
        let tcb = &self.tcb;
        tcb.probe != Probe::Nothing
            || tcb.rcv.ack.owed == AckOwed::Now
            || tcb.rcv.ack.read > 0
            || tcb.loss.to_resend(tcb.snd.una).is_some()
            || tcb.snd.end(self.send.len()) != tcb.snd.nxt
    }

    fn plan_handshake(&self) -> Plan {
        let tcb = &self.tcb;
        if tcb.snd.nxt == tcb.snd.iss {
            Plan::Syn(Novelty::New)
        } else if tcb.loss.to_resend(tcb.snd.una).is_some() {
            Plan::Syn(Novelty::Again)
        } else if tcb.rcv.ack.owed == AckOwed::Now {
            Plan::Ack
        } else {
            Plan::Nothing
        }
    }

    /// What is deemed lost. The segment at SND.UNA goes whatever the windows say: it is what
    /// RFC 5681 sends again at once, and what probes a window that shrank.
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
    fn plan_again(&self) -> Option<Outgoing> {
        let tcb = &self.tcb;
        let (seq, length) = tcb.loss.to_resend(tcb.snd.una)?;
        let right = tcb.snd.una + SeqLen::new(tcb.snd.wnd);
        let mut room = right.since(seq).get();
        if seq == tcb.snd.una {
            room = room.max(1);
        } else {
            let mss = u32::from(tcb.snd.mss);
            if tcb.in_flight() + mss.min(length.get()) > tcb.congestion.cwnd() {
                return None;
            }
        }
        self.outgoing(seq, length.get().min(room), Novelty::Again)
    }

    /// The segment at `seq` with at most `room` octets of sequence space, if there is any.
    fn outgoing(&self, seq: SeqNum, room: u32, novelty: Novelty) -> Option<Outgoing> {
        self.segment(seq, room, novelty, self.tcb.snd.mss)
    }

    /// The same, with segments of `mss` octets.
    fn segment(&self, seq: SeqNum, room: u32, novelty: Novelty, mss: u16) -> Option<Outgoing> {
        let snd = &self.tcb.snd;
        let waiting = snd.data_end(self.send.len()).since(seq).get();
        let longest = u32::from(self.room_of(mss));
        let text = waiting.min(longest).min(room);
        let last = text == waiting;
        let fin = last && room > text && snd.fin().is_some();
        (text > 0 || fin).then_some(Outgoing {
            seq,
            text: SeqLen::new(text),
            fin,
            last,
            full: text >= longest,
            novelty,
        })
    }

    /// New data, if the windows, Nagle's algorithm and silly-window avoidance let it go.
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
    fn plan_new(&self) -> Option<Outgoing> {
        let tcb = &self.tcb;
        let snd = &tcb.snd;
        if snd.end(self.send.len()) == snd.nxt {
            return None;
        }
        let usable = (snd.una + SeqLen::new(snd.wnd)).since(snd.nxt).get();
        if tcb.probe == Probe::Window {
            return self.outgoing(snd.nxt, usable.max(1), Novelty::New);
        }
        if tcb.holds_back() {
            return None;
        }
        let mss = self.next_probe(usable).unwrap_or(snd.mss);
        let outgoing = self.segment(snd.nxt, usable, Novelty::New, mss)?;
        let in_flight = tcb.in_flight();
        let text = outgoing.text.get();
        if in_flight > 0 && in_flight.saturating_add(text) > tcb.congestion.cwnd() {
            return None;
        }
        //= https://www.rfc-editor.org/rfc/rfc9293#section-3.8.6.2.1
        //# (1)  if a maximum-sized segment can be sent, i.e., if:
        //#      min(D,U) >= Eff.snd.MSS;
        let full = outgoing.full;
        // Nagle, as appendix A.3 of RFC 9293 lets it be modified and as Linux does: nothing small
        // while something small is unacknowledged. The end of a large write does not wait.
        let quiet = !snd.small_outstanding() || tcb.config.nagle == Switch::Off;
        let complete = outgoing.last && tcb.config.cork == Switch::Off;
        let half_window = text >= (snd.max_wnd / 2).max(1);
        let goes = full || outgoing.fin || (quiet && (complete || half_window));
        goes.then_some(outgoing)
    }

    //= https://www.rfc-editor.org/rfc/rfc9293#section-3.10.7.4
    //# o In general, the processing of received segments MUST be implemented to
    //# aggregate ACK segments whenever possible (MUST-58).
    fn plan_ack(&self) -> Plan {
        let tcb = &self.tcb;
        let peer_sends = matches!(
            tcb.state,
            State::Established | State::FinWait1 | State::FinWait2
        );
        if tcb.rcv.ack.owed == AckOwed::Now
            || (peer_sends && tcb.rcv.update_due(&self.receive, tcb.snd.mss_limit))
        {
            Plan::Ack
        } else if tcb.probe == Probe::KeepAlive {
            Plan::KeepAlive
        } else {
            Plan::Nothing
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
        let blocks =
            usize::from(self.islands.len()) + usize::from(self.tcb.rcv.duplicate().is_some());
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
