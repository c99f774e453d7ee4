//! Explicit congestion notification (RFC 3168): routers mark packets instead of dropping them.
//!
//! ```text
//!   sender                       router            receiver
//!     new data, ECT(0)  ------->  CE  ------------>  notes the mark
//!     halves its window <--------------------------- ECE on every segment ...
//!     new data, CWR     ---------------------------> ... until this
//! ```
//!
//! Invariants: ECT stands only on data that is sent for the first time, and not on window probes;
//! the window is reduced at most once for each window of data; no SYN of ours carries ECT.

use super::congestion::CongestionControl;
use super::optional::Optional;
use super::recovery::LossPhase;
use super::send::{Kind, Novelty, Plan};
use super::state::State;
use super::tcb::{Probe, Tcb};
use crate::profile::Profile;
use crate::seq::{SeqLen, SeqNum};
use crate::wire::{Draft, Flags, Segment};

/// Who may begin with explicit congestion notification.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Ecn {
    /// It is neither offered nor accepted.
    Off,
    /// It is accepted when the peer offers it.
    #[default]
    Accept,
    /// It is offered, too.
    Request,
}

/// What a connection remembers of marks.
//= https://www.rfc-editor.org/rfc/rfc9293#section-3.8.2
//# A TCP endpoint SHOULD implement ECN as described in RFC 3168 (SHLD-8).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct EcnState {
    phase: Phase,
    /// A mark arrived, and the peer has not said yet that it slowed down.
    echo: bool,
    /// The window was reduced, and the peer has not been told.
    tell: bool,
    /// The window is one segment and even that is too fast: the next one waits for a timer.
    hold: bool,
    /// The window was reduced for a mark, and SND.UNA has not passed `reduced_until` since.
    reduced: bool,
    /// SND.NXT of that moment.
    reduced_until: SeqNum,
}

/// How far the agreement is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Phase {
    /// Not agreed.
    Not,
    /// Our SYN offers it, or did at first.
    Offered,
    /// Our SYN went again without the offer.
    Withdrawn,
    /// Both sides agreed.
    Agreed,
}

/// The offer that a SYN makes.
const SETUP: u8 = Flags::ECE | Flags::CWR;

/// The ECN field of IP: ECN-capable, without a mark.
const ECT_0: u8 = 2;

/// Whether connections of this profile know ECN.
pub(crate) const fn has_ecn<P: Profile>() -> bool {
    <P::Ecn as Optional<EcnState>>::KEPT.is_on()
}

//= https://www.rfc-editor.org/rfc/rfc3168#section-6.1.1
//# If a host has received an ECN-setup SYN packet, then it MAY send
//# an ECN-setup SYN-ACK packet.  Otherwise, it MUST NOT send an
//# ECN-setup SYN-ACK packet.
/// Whether a SYN offers ECN.
pub(crate) const fn is_offered(flags: Flags) -> bool {
    flags.0 & SETUP == SETUP
}

/// Whether a SYN-ACK accepts what our SYN offered. One that only reflects the flags of the SYN does
/// not (RFC 3168 section 6.1.1.2).
const fn is_accepted(flags: Flags) -> bool {
    flags.0 & SETUP == Flags::ECE
}

impl EcnState {
    /// For a connection that begins.
    pub(super) const fn new(mode: Ecn) -> Self {
        Self {
            phase: match mode {
                Ecn::Off | Ecn::Accept => Phase::Not,
                Ecn::Request => Phase::Offered,
            },
            echo: false,
            tell: false,
            hold: false,
            reduced: false,
            reduced_until: SeqNum::new(0),
        }
    }

    const fn echoes(&self) -> u8 {
        if self.echo { Flags::ECE } else { 0 }
    }

    fn agreed(&mut self) -> Option<&mut Self> {
        (self.phase == Phase::Agreed).then_some(self)
    }
}

impl<P: Profile> Tcb<P> {
    /// Both sides agreed.
    pub(super) fn uses_ecn(&self) -> bool {
        self.ecn.get().is_some_and(|ecn| ecn.phase == Phase::Agreed)
    }

    fn marks(&mut self) -> Option<&mut EcnState> {
        self.ecn.get_mut().and_then(EcnState::agreed)
    }

    /// The half-open entry agreed to it.
    pub(super) fn accept_ecn(&mut self) {
        if let Some(ecn) = self.ecn.get_mut() {
            ecn.phase = Phase::Agreed;
        }
    }

    /// The peer's SYN or SYN-ACK came while ours was under way.
    pub(super) fn take_ecn(&mut self, segment: &Segment<'_>) {
        let Some(ecn) = self.ecn.get_mut() else {
            return;
        };
        let wanted = if segment.ack.is_some() {
            is_accepted(segment.flags)
        } else {
            is_offered(segment.flags)
        };
        let ours = matches!(ecn.phase, Phase::Offered | Phase::Agreed);
        ecn.phase = if wanted && ours {
            Phase::Agreed
        } else {
            Phase::Not
        };
    }

    //= https://www.rfc-editor.org/rfc/rfc3168#section-6.1.1.1
    //# A host that receives no reply to an ECN-setup SYN within the normal
    //# SYN retransmission timeout interval MAY resend the SYN and any
    //# subsequent SYN retransmissions with CWR and ECE cleared.
    /// The SYN goes again: whatever ate the first may have disliked the offer.
    pub(super) fn withdraw_ecn(&mut self) {
        if let Some(ecn) = self.ecn.get_mut()
            && ecn.phase == Phase::Offered
        {
            ecn.phase = Phase::Withdrawn;
        }
    }

    //= https://www.rfc-editor.org/rfc/rfc3168#section-6.1.3
    //# After a TCP receiver sends an ACK packet with the ECN-Echo bit set,
    //# that TCP receiver continues to set the ECN-Echo flag in all the ACK
    //# packets it sends (whether they acknowledge CE data packets or non-CE
    //# data packets) until it receives a CWR packet (a packet with the CWR
    //# flag set).
    /// A segment in the window arrived: whether its packet was marked, and whether the peer slowed
    /// down. Either is answered at once: the sender of few segments waits for the answer.
    pub(super) fn hear_marks(&mut self, segment: &Segment<'_>) {
        let Some(ecn) = self.marks() else {
            return;
        };
        if segment.payload.is_empty() {
            return;
        }
        let slowed = segment.flags.has(Flags::CWR);
        let began = segment.marked && (slowed || !ecn.echo);
        ecn.echo = segment.marked || (ecn.echo && !slowed);
        if slowed || began {
            self.rcv.ack.at_once();
        }
    }

    //= https://www.rfc-editor.org/rfc/rfc3168#section-6.1.2
    //# TCP should not react to congestion indications more than once every
    //# window of data (or more loosely, more than once every round-trip
    //# time).
    /// An acceptable acknowledgment arrived. Whether it echoes a mark: then the window must not
    /// grow, and once for each window of data it is reduced.
    pub(super) fn hear_echo(&mut self, segment: &Segment<'_>, ack: SeqNum) -> bool {
        let (una, nxt, mss) = (self.snd.una, self.snd.nxt, u32::from(self.snd.mss));
        let repairing = self.loss.phase != LossPhase::Open;
        let cwnd = self.congestion.cwnd();
        let Some(ecn) = self.marks() else {
            return false;
        };
        if ecn.reduced && ack.after(ecn.reduced_until) {
            ecn.reduced = false;
        }
        let echoes = segment.flags.has(Flags::ECE) && !segment.flags.has(Flags::SYN);
        ecn.hold = echoes && cwnd <= mss;
        if !echoes || ecn.reduced || repairing || una == nxt {
            return echoes;
        }
        ecn.reduced = true;
        ecn.reduced_until = nxt;
        ecn.tell = true;
        let in_flight = nxt.since(una).get();
        self.congestion.on_mark(self.clock.now(), in_flight);
        true
    }

    /// The window was reduced for a loss: the peer is told of that as well.
    pub(super) fn reduced_for_loss(&mut self) {
        if let Some(ecn) = self.marks() {
            ecn.tell = true;
        }
    }

    /// Whether the window was reduced for a mark and the data of that moment is under way.
    pub(super) fn is_reduced(&self) -> bool {
        self.ecn.get().is_some_and(|ecn| ecn.reduced)
    }

    //= https://www.rfc-editor.org/rfc/rfc3168#section-6.1.2
    //# The sending TCP will then be able to send a new
    //# packet only when the retransmit timer expires.
    /// Whether new data waits for a timer.
    pub(super) fn holds_back(&self) -> bool {
        self.ecn.get().is_some_and(|ecn| ecn.hold)
    }

    /// The timer came. False when nothing waited for it.
    pub(super) fn let_go(&mut self) -> bool {
        let ecn = self.ecn.get_mut();
        ecn.is_some_and(|ecn| core::mem::replace(&mut ecn.hold, false))
    }

    /// Adds the flags of ECN to a segment, and returns the ECN field of its packet.
    pub(super) fn mark(&self, plan: &Plan, segment: &mut Draft) -> u8 {
        let Some(ecn) = self.ecn.get() else {
            return 0;
        };
        let (flags, field) = match (plan.kind, ecn.phase) {
            (Kind::Syn, Phase::Offered) if self.state == State::SynSent => (SETUP, 0),
            (Kind::Syn, Phase::Agreed) if self.state != State::SynSent => (Flags::ECE, 0),
            (Kind::Text, Phase::Agreed) if self.may_be_marked(plan) => {
                (ecn.echoes() | if ecn.tell { Flags::CWR } else { 0 }, ECT_0)
            }
            (Kind::Text | Kind::Ack | Kind::KeepAlive, Phase::Agreed) => (ecn.echoes(), 0),
            (
                Kind::Nothing | Kind::Reset | Kind::Syn | Kind::Text | Kind::Ack | Kind::KeepAlive,
                Phase::Not | Phase::Offered | Phase::Withdrawn | Phase::Agreed,
            ) => (0, 0),
        };
        segment.flags.0 |= flags;
        field
    }

    //= https://www.rfc-editor.org/rfc/rfc3168#section-6.1.5
    //# This document specifies ECN-capable TCP implementations MUST NOT set
    //# either ECT codepoint (ECT(0) or ECT(1)) in the IP header for
    //# retransmitted data packets
    //= https://www.rfc-editor.org/rfc/rfc3168#section-6.1.6
    //# the TCP data
    //# sender MUST NOT set either an ECT codepoint or the CWR bit on window
    //# probe packets.
    /// Whether a router may mark this segment of a connection with ECN.
    fn may_be_marked(&self, plan: &Plan) -> bool {
        plan.novelty == Novelty::New && plan.text > SeqLen::ZERO && self.probe != Probe::Window
    }

    /// A segment left with these flags.
    pub(super) fn told(&mut self, flags: Flags) {
        if let Some(ecn) = self.marks()
            && flags.has(Flags::CWR)
        {
            ecn.tell = false;
        }
    }
}
