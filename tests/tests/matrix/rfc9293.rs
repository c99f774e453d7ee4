//! SEGMENT ARRIVES, RFC 9293 section 3.10.7, read step by step and written down without a look at
//! the code under test. No options are in use.
//!
//! [`Profile`] says which of the two texts holds where the RFC has two: RFC 5961's, or the one for
//! "implementations that do not follow RFC 5961". [`steps`] is section 3.10.7.4.

mod steps;

use std::fmt;
use std::ops::ControlFlow;

use tcp_core::State;
use tcp_tests::packet::{ACK, FIN, RST, SYN};

use crate::outcome::{Fin, Outcome, Reply, Text, Told};
pub(crate) use steps::after_fin;

/// Which mitigations are in use.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Profile {
    /// RFC 5961: challenge ACKs.
    ChallengeAcks,
    /// RFC 9293 alone.
    Plain,
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ChallengeAcks => "RFC 9293 WITH RFC 5961",
            Self::Plain => "RFC 9293 ALONE",
        })
    }
}

/// The variables of section 3.3.1 as they are when the segment arrives.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tcb {
    pub(crate) profile: Profile,
    pub(crate) state: State,
    /// The connection came from LISTEN.
    pub(crate) passive: bool,
    pub(crate) iss: u32,
    pub(crate) snd_una: u32,
    pub(crate) snd_nxt: u32,
    /// Our FIN was sent: it is the last before SND.NXT.
    pub(crate) fin_sent: bool,
    /// MAX.SND.WND.
    pub(crate) max_snd_wnd: u32,
    pub(crate) rcv_nxt: u32,
    pub(crate) rcv_wnd: u32,
}

/// The segment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seg {
    pub(crate) flags: u8,
    pub(crate) seq: u32,
    pub(crate) ack: u32,
    /// Octets of text.
    pub(crate) text: u32,
    /// The urgent pointer.
    pub(crate) up: u32,
}

impl Seg {
    const fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }

    /// SEG.LEN.
    pub(crate) const fn len(&self) -> u32 {
        self.text + self.has(SYN) as u32 + self.has(FIN) as u32
    }

    /// Where the text begins: a SYN stands before it.
    const fn text_at(&self) -> u32 {
        self.seq.wrapping_add(self.has(SYN) as u32)
    }
}

/// `a < b` on the circle of section 3.4.
const fn less(a: u32, b: u32) -> bool {
    b.wrapping_sub(a).wrapping_sub(1) < (1 << 31) - 1
}

/// `a =< b`
const fn at_most(a: u32, b: u32) -> bool {
    a == b || less(a, b)
}

/// What the RFC wants done with `seg`.
pub(crate) fn segment_arrives(tcb: Tcb, seg: Seg) -> Outcome {
    let out = Outcome {
        reply: Reply::Nothing,
        next: tcb.state,
        snd_una: tcb.snd_una,
        rcv_nxt: tcb.rcv_nxt,
        text: Text::Nothing,
        fin: Fin::Nothing,
        urgent: false,
        told: Told::Nothing,
        lingers_anew: false,
    };
    let mut arrival = Arrival { tcb, seg, out };
    let (ControlFlow::Break(()) | ControlFlow::Continue(())) = match tcb.state {
        State::Closed => arrival.closed(),
        State::Listen => arrival.listen(),
        State::SynSent => arrival.syn_sent(),
        State::SynReceived
        | State::Established
        | State::FinWait1
        | State::FinWait2
        | State::CloseWait
        | State::Closing
        | State::LastAck
        | State::TimeWait => arrival.other_states(),
    };
    arrival.out
}

/// "Return" is `Break`.
type Flow = ControlFlow<()>;
const RETURN: Flow = ControlFlow::Break(());
const CONTINUE: Flow = ControlFlow::Continue(());

struct Arrival {
    tcb: Tcb,
    seg: Seg,
    out: Outcome,
}

impl Arrival {
    fn reply(&mut self, reply: Reply) -> Flow {
        self.out.reply = reply;
        RETURN
    }

    const fn state(&self) -> State {
        self.out.next
    }

    const fn challenges(&self) -> bool {
        matches!(self.tcb.profile, Profile::ChallengeAcks)
    }

    /// Section 3.10.7.1.
    fn closed(&mut self) -> Flow {
        //= https://www.rfc-editor.org/rfc/rfc9293#section-3.10.7.1
        //= type=test
        //# An incoming
        //# segment containing a RST is discarded.  An incoming segment not
        //# containing a RST causes a RST to be sent in response.
        if self.seg.has(RST) {
            return RETURN;
        }
        //= https://www.rfc-editor.org/rfc/rfc9293#section-3.10.7.1
        //= type=test
        //# If the ACK bit is off, sequence number zero is used,
        self.reply(if self.seg.has(ACK) {
            Reply::ResetAtAck
        } else {
            Reply::ResetFromZero
        })
    }

    /// Section 3.10.7.2.
    fn listen(&mut self) -> Flow {
        //= https://www.rfc-editor.org/rfc/rfc9293#section-3.10.7.2
        //= type=test
        //# An incoming RST should be ignored.  Return.
        if self.seg.has(RST) {
            return RETURN;
        }
        //= https://www.rfc-editor.org/rfc/rfc9293#section-3.10.7.2
        //= type=test
        //# An acceptable reset segment should be
        //# formed for any arriving ACK-bearing segment.
        if self.seg.has(ACK) {
            return self.reply(Reply::ResetAtAck);
        }
        if self.seg.has(SYN) {
            self.open();
        }
        //= https://www.rfc-editor.org/rfc/rfc9293#section-3.10.7.2
        //= type=test
        //# This should not be reached.  Drop the segment and return.
        RETURN
    }

    /// A SYN makes a half-open connection.
    fn open(&mut self) {
        //= https://www.rfc-editor.org/rfc/rfc9293#section-3.10.7.2
        //= type=test
        //# Set RCV.NXT to SEG.SEQ+1, IRS is set to SEG.SEQ, and any other
        //# control or text should be queued for processing later.
        self.out.rcv_nxt = self.seg.seq.wrapping_add(1);
        self.queue();
        self.out.reply = Reply::SynAck;
        self.out.next = State::SynReceived;
    }

    /// What came with a SYN waits for the end of the handshake.
    fn queue(&mut self) {
        if self.seg.text > 0 {
            self.out.text = Text::Queued(self.seg.text);
        }
        if self.seg.has(FIN) {
            self.out.fin = Fin::Held;
        }
    }

    /// Section 3.10.7.3.
    fn syn_sent(&mut self) -> Flow {
        let Seg { ack, seq, .. } = self.seg;
        let Tcb {
            iss,
            snd_una,
            snd_nxt,
            ..
        } = self.tcb;
        //= https://www.rfc-editor.org/rfc/rfc9293#section-3.10.7.3
        //= type=test
        //# If SEG.ACK =< ISS or SEG.ACK > SND.NXT, send a reset (unless
        //# the RST bit is set, if so drop the segment and return)
        if self.seg.has(ACK) && (at_most(ack, iss) || less(snd_nxt, ack)) {
            return if self.seg.has(RST) {
                RETURN
            } else {
                self.reply(Reply::ResetAtAck)
            };
        }
        //= https://www.rfc-editor.org/rfc/rfc9293#section-3.10.7.3
        //= type=test
        //# If SND.UNA < SEG.ACK =< SND.NXT, then the ACK is acceptable.
        let acceptable = self.seg.has(ACK) && less(snd_una, ack) && at_most(ack, snd_nxt);
        if self.seg.has(RST) {
            //= https://www.rfc-editor.org/rfc/rfc9293#section-3.10.7.3
            //= type=test
            //# If the ACK was acceptable, then signal to the user "error:
            //# connection reset", drop the segment, enter CLOSED state,
            //# delete TCB, and return.  Otherwise (no ACK), drop the
            //# segment and return.
            if acceptable {
                self.out.told = Told::Reset;
                self.out.next = State::Closed;
            }
            return RETURN;
        }
        //= https://www.rfc-editor.org/rfc/rfc9293#section-3.10.7.3
        //= type=test
        //# Fifth, if neither of the SYN or RST bits is set, then drop the
        //# segment and return.
        if !self.seg.has(SYN) {
            return RETURN;
        }
        self.out.rcv_nxt = seq.wrapping_add(1);
        self.tcb.rcv_nxt = self.out.rcv_nxt;
        if !acceptable {
            //= https://www.rfc-editor.org/rfc/rfc9293#section-3.10.7.3
            //= type=test
            //# Otherwise, enter SYN-RECEIVED, form a SYN,ACK segment
            self.out.next = State::SynReceived;
            self.queue();
            return self.reply(Reply::SynAck);
        }
        self.syn_acknowledged()
    }

    /// Ours is, and the segment brings the peer's.
    fn syn_acknowledged(&mut self) -> Flow {
        //= https://www.rfc-editor.org/rfc/rfc9293#section-3.10.7.3
        //= type=test
        //# If SND.UNA > ISS (our SYN has been ACKed), change the
        //# connection state to ESTABLISHED, form an ACK segment
        self.out.snd_una = self.seg.ack;
        self.out.next = State::Established;
        self.out.reply = Reply::Ack;
        //= https://www.rfc-editor.org/rfc/rfc9293#section-3.10.7.3
        //= type=test
        //# If there are other controls or text
        //# in the segment, then continue processing at the sixth step
        //# under Section 3.10.7.4 where the URG bit is checked; otherwise,
        //# return.
        self.sixth_urg()?;
        self.seventh_text()?;
        self.eighth_fin()?;
        // The ACK of the SYN is at once, and says all of it.
        self.reply(Reply::Ack)
    }
}
