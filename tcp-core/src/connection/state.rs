//! The eleven names of RFC 9293 section 3.3.2.

use core::fmt;

/// The state of a connection (RFC 9293 section 3.3.2).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[expect(missing_docs, reason = "the names are the RFC's")]
pub enum State {
    #[default]
    Closed,
    Listen,
    SynSent,
    SynReceived,
    Established,
    FinWait1,
    FinWait2,
    CloseWait,
    Closing,
    LastAck,
    TimeWait,
}

impl State {
    /// The name as the RFC writes it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Closed => "CLOSED",
            Self::Listen => "LISTEN",
            Self::SynSent => "SYN-SENT",
            Self::SynReceived => "SYN-RECEIVED",
            Self::Established => "ESTABLISHED",
            Self::FinWait1 => "FIN-WAIT-1",
            Self::FinWait2 => "FIN-WAIT-2",
            Self::CloseWait => "CLOSE-WAIT",
            Self::Closing => "CLOSING",
            Self::LastAck => "LAST-ACK",
            Self::TimeWait => "TIME-WAIT",
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What moves a connection from one state to another. A reset, an abort and a timer that gives up
/// end every state in CLOSED and are not listed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Step {
    /// The peer's SYN arrived, without an acknowledgment of ours.
    Syn,
    /// Our SYN was acknowledged.
    SynAcknowledged,
    /// The user closed.
    Close,
    /// The peer's FIN, and everything before it, arrived.
    Fin,
    /// Our FIN was acknowledged.
    FinAcknowledged,
}

/// RFC 9293 figure 5, as far as it concerns a connection: LISTEN and the passive half of
/// SYN-RECEIVED live in the stack's listeners, TIME-WAIT ends in the stack's table.
const TRANSITIONS: [(State, Step, State); 11] = [
    (State::SynSent, Step::Syn, State::SynReceived),
    (State::SynSent, Step::SynAcknowledged, State::Established),
    (
        State::SynReceived,
        Step::SynAcknowledged,
        State::Established,
    ),
    (State::Established, Step::Close, State::FinWait1),
    (State::Established, Step::Fin, State::CloseWait),
    (State::FinWait1, Step::FinAcknowledged, State::FinWait2),
    (State::FinWait1, Step::Fin, State::Closing),
    (State::FinWait2, Step::Fin, State::TimeWait),
    (State::Closing, Step::FinAcknowledged, State::TimeWait),
    (State::CloseWait, Step::Close, State::LastAck),
    (State::LastAck, Step::FinAcknowledged, State::Closed),
];

impl State {
    /// The state after `step`; a step that the table does not list changes nothing.
    #[inline(never)]
    pub(super) fn after(self, step: Step) -> Self {
        let listed = TRANSITIONS
            .iter()
            .find(|(from, cause, _)| *from == self && *cause == step);
        listed.map_or(self, |(_, _, to)| *to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_diagram_is_the_table() {
        let mut rendered = String::new();
        for (from, step, to) in TRANSITIONS {
            let cause = match step {
                Step::Syn => "rcv SYN",
                Step::SynAcknowledged => "rcv ACK of SYN",
                Step::Close => "CLOSE",
                Step::Fin => "rcv FIN",
                Step::FinAcknowledged => "rcv ACK of FIN",
            };
            rendered += &format!("{:<13} -- {cause:-<15}-> {to}\n", from.name());
        }
        assert_eq!(
            rendered,
            include_str!("../../docs/transitions.txt"),
            "\n{rendered}"
        );
    }
}
