//! Where this TCP knowingly does otherwise than [`rfc9293`](crate::rfc9293) reads: each by name,
//! with its reason, and with the words of `CAVEATS.md` that own up to it.

use tcp_core::State;
use tcp_tests::packet::{ACK, FIN, RST, SYN};

use crate::outcome::{Fin, Outcome, Reply, Text, Told};
use crate::rfc9293::{Profile, Seg, Tcb, segment_arrives};

/// One deliberate deviation.
pub(crate) struct Deviation {
    pub(crate) name: &'static str,
    /// What `CAVEATS.md` says, word for word.
    pub(crate) caveat: &'static str,
    pub(crate) why: &'static str,
    /// What is done instead, where the deviation applies.
    apply: fn(&Tcb, &Seg, Outcome) -> Option<Outcome>,
}

/// All of them, in the order in which they apply.
pub(crate) const DEVIATIONS: &[Deviation] = &[
    Deviation {
        name: "a segment without text at the window's edge is acceptable",
        caveat: "A pure ACK exactly at the right edge of the window is acceptable",
        why: "a peer that filled the window acknowledges from there",
        apply: edge,
    },
    Deviation {
        name: "SYN with FIN opens nothing",
        caveat: "SYN with FIN is dropped.",
        why: "no honest peer sends it, and firewalls have been fooled by it",
        apply: syn_with_fin,
    },
    Deviation {
        name: "data on a SYN is not kept",
        caveat: "Data on a SYN is not kept.",
        why: "a half-open connection costs no buffer; the peer sends it again",
        apply: data_on_syn,
    },
    Deviation {
        name: "the SYN that comes again gets the SYN-ACK again",
        caveat: "A SYN that comes again while half open is answered by the SYN-ACK",
        why: "the first one was lost, and the peer waits for it",
        apply: syn_again,
    },
    Deviation {
        name: "another SYN does not end a half-open connection",
        caveat: "A SYN for a half-open connection",
        why: "anybody could send it; a challenge asks the peer (RFC 5961 section 4)",
        apply: syn_at_half_open,
    },
    Deviation {
        name: "SYN-RECEIVED resets what acknowledges the future",
        caveat: "In SYN-RECEIVED an ACK of what was not sent is reset",
        why: "RFC 5961 would have an ACK; the reset frees an old peer at once",
        apply: reset_in_syn_received,
    },
    Deviation {
        name: "a half-open connection does not answer unacceptable pure ACKs",
        caveat: "and a half-open one, or one in TIME-WAIT, to none",
        why: "two ends that disagree would answer each other for ever, and no entry has a limiter",
        apply: silent_half_open,
    },
    Deviation {
        name: "a reset in SYN-SENT is a refusal",
        caveat: "A reset in SYN-SENT is told as \"refused\"",
        why: "that is what users ask; RFC 9293 says so of SYN-RECEIVED only",
        apply: refused,
    },
    Deviation {
        name: "what stands behind the peer's FIN is acknowledged",
        caveat: "Text behind the peer's FIN is acknowledged",
        why: "the peer learns that all it may send has arrived",
        apply: behind_fin,
    },
    Deviation {
        name: "TIME-WAIT ignores resets",
        caveat: "A reset does not end TIME-WAIT",
        why: "RFC 1337: an old one would open the way for old data",
        apply: reset_in_time_wait,
    },
    Deviation {
        name: "TIME-WAIT challenges every SYN that reopens nothing",
        caveat: "and neither does a SYN that reopens nothing",
        why: "the hazard is the same; an entry does not remember whether its connection would",
        apply: syn_in_time_wait,
    },
    Deviation {
        name: "TIME-WAIT does not answer pure ACKs",
        caveat: "and a half-open one, or one in TIME-WAIT, to none",
        why: "two ends that disagree would answer each other for ever",
        apply: silent_time_wait,
    },
    Deviation {
        name: "2 MSL begin anew with the peer's FIN only",
        caveat: "2 MSL begin anew when the peer's FIN comes again, and with nothing else",
        why: "other numbers were made up by somebody",
        apply: other_fin,
    },
    Deviation {
        name: "TIME-WAIT remembers no MAX.SND.WND",
        caveat: "2 MSL begin anew when the peer's FIN comes again, and with nothing else",
        why: "the entry is small: a FIN with an ancient ACK is the peer's FIN all the same",
        apply: ancient_fin,
    },
];

/// What this TCP is to do with `seg`; `applied` hears of each deviation that changes anything.
pub(crate) fn expected_with(
    tcb: &Tcb,
    seg: &Seg,
    mut applied: impl FnMut(&'static str),
) -> Outcome {
    let mut outcome = segment_arrives(*tcb, *seg);
    for deviation in DEVIATIONS {
        let instead = (deviation.apply)(tcb, seg, outcome);
        if let Some(other) = instead.filter(|other| *other != outcome) {
            outcome = other;
            applied(deviation.name);
        }
    }
    outcome
}

/// The same, heard by nobody.
pub(crate) fn expected(tcb: &Tcb, seg: &Seg) -> Outcome {
    expected_with(tcb, seg, |_| {})
}

fn half_open(tcb: &Tcb) -> bool {
    tcb.state == State::SynReceived && tcb.passive
}

fn has(seg: &Seg, flags: u8) -> bool {
    seg.flags & flags != 0
}

/// Dropped without a trace.
fn dropped(tcb: &Tcb) -> Outcome {
    Outcome {
        reply: Reply::Nothing,
        next: tcb.state,
        snd_una: tcb.snd_una,
        rcv_nxt: tcb.rcv_nxt,
        text: Text::Nothing,
        fin: Fin::Nothing,
        urgent: false,
        told: Told::Nothing,
        lingers_anew: false,
    }
}

/// Dropped, with the acknowledgment that says where we are.
fn acknowledged(tcb: &Tcb) -> Outcome {
    Outcome {
        reply: Reply::Ack,
        ..dropped(tcb)
    }
}

/// With the window one wider where `seg` stands at its edge without text.
fn widened(tcb: &Tcb, seg: &Seg) -> Tcb {
    let synchronized = !matches!(tcb.state, State::Closed | State::Listen | State::SynSent);
    let at_edge = seg.seq == tcb.rcv_nxt.wrapping_add(tcb.rcv_wnd);
    let bare = seg.len() == 0 && !has(seg, RST);
    Tcb {
        rcv_wnd: tcb.rcv_wnd + u32::from(synchronized && at_edge && bare),
        ..*tcb
    }
}

fn edge(tcb: &Tcb, seg: &Seg, _: Outcome) -> Option<Outcome> {
    Some(segment_arrives(widened(tcb, seg), *seg))
}

fn syn_with_fin(tcb: &Tcb, seg: &Seg, outcome: Outcome) -> Option<Outcome> {
    let both = has(seg, SYN) && has(seg, FIN);
    let opens = outcome.next != tcb.state && outcome.next != State::Closed;
    match tcb.state {
        State::Listen | State::SynSent if both && opens => Some(dropped(tcb)),
        State::TimeWait if both && opens => Some(acknowledged(tcb)),
        _ => None,
    }
}

fn data_on_syn(_: &Tcb, _: &Seg, outcome: Outcome) -> Option<Outcome> {
    matches!(outcome.text, Text::Queued(_)).then_some(Outcome {
        text: Text::Nothing,
        ..outcome
    })
}

fn syn_again(tcb: &Tcb, seg: &Seg, _: Outcome) -> Option<Outcome> {
    let again = seg.seq.wrapping_add(1) == tcb.rcv_nxt;
    let answer = Outcome {
        reply: Reply::SynAck,
        ..dropped(tcb)
    };
    (half_open(tcb) && again && has(seg, SYN) && !has(seg, RST)).then_some(answer)
}

fn syn_at_half_open(tcb: &Tcb, seg: &Seg, outcome: Outcome) -> Option<Outcome> {
    let ends = outcome.next == State::Listen && !has(seg, RST);
    let challenges = tcb.profile == Profile::ChallengeAcks;
    (half_open(tcb) && ends && challenges).then(|| acknowledged(tcb))
}

fn silent_half_open(tcb: &Tcb, seg: &Seg, outcome: Outcome) -> Option<Outcome> {
    let silent = half_open(tcb) && seg.len() == 0 && !has(seg, RST);
    (silent && outcome == acknowledged(tcb)).then(|| dropped(tcb))
}

fn reset_in_syn_received(tcb: &Tcb, seg: &Seg, outcome: Outcome) -> Option<Outcome> {
    let future = Tcb {
        profile: Profile::Plain,
        ..widened(tcb, seg)
    };
    let plain = segment_arrives(future, *seg);
    let applies = tcb.state == State::SynReceived && plain.reply == Reply::ResetAtAck;
    (applies && outcome.reply == Reply::Ack).then_some(plain)
}

fn refused(tcb: &Tcb, _: &Seg, outcome: Outcome) -> Option<Outcome> {
    let reset = tcb.state == State::SynSent && outcome.told == Told::Reset;
    reset.then_some(Outcome {
        told: Told::Refused,
        ..outcome
    })
}

fn behind_fin(tcb: &Tcb, seg: &Seg, outcome: Outcome) -> Option<Outcome> {
    let finished = matches!(
        tcb.state,
        State::CloseWait | State::Closing | State::LastAck | State::TimeWait
    );
    let lives = outcome.next != State::Closed;
    let acknowledges = has(seg, ACK) || tcb.state == State::TimeWait;
    let processed = acknowledges && !has(seg, RST | SYN) && seg.len() > 0;
    let silent = outcome.reply == Reply::Nothing;
    (finished && lives && processed && silent).then_some(Outcome {
        reply: Reply::Ack,
        ..outcome
    })
}

fn reset_in_time_wait(tcb: &Tcb, seg: &Seg, _: Outcome) -> Option<Outcome> {
    (tcb.state == State::TimeWait && has(seg, RST)).then(|| dropped(tcb))
}

fn syn_in_time_wait(tcb: &Tcb, seg: &Seg, outcome: Outcome) -> Option<Outcome> {
    let resets = outcome.reply == Reply::ResetAtNext && has(seg, SYN);
    (tcb.state == State::TimeWait && resets).then(|| acknowledged(tcb))
}

fn silent_time_wait(tcb: &Tcb, seg: &Seg, _: Outcome) -> Option<Outcome> {
    (tcb.state == State::TimeWait && seg.len() == 0 && !has(seg, RST)).then(|| dropped(tcb))
}

fn other_fin(tcb: &Tcb, seg: &Seg, outcome: Outcome) -> Option<Outcome> {
    let other = tcb.state == State::TimeWait && outcome.lingers_anew && !fin_again(tcb, seg);
    other.then_some(Outcome {
        lingers_anew: false,
        ..outcome
    })
}

fn ancient_fin(tcb: &Tcb, seg: &Seg, _: Outcome) -> Option<Outcome> {
    let forgetful = Tcb {
        max_snd_wnd: (1 << 31) - 1,
        ..*tcb
    };
    let outcome = segment_arrives(forgetful, *seg);
    (tcb.state == State::TimeWait && outcome.lingers_anew && fin_again(tcb, seg)).then_some(outcome)
}

fn fin_again(tcb: &Tcb, seg: &Seg) -> bool {
    seg.seq.wrapping_add(seg.len()) == tcb.rcv_nxt
}
