//! The invariants that hold for every input (U1 to U10), asserted at every step of every test.
//!
//! | | where |
//! |---|---|
//! | U1 no panic | the test profile checks overflow and debug assertions |
//! | U2 bounded work | each loop of the simulator has a limit |
//! | U3 bounded replies | [`Oracle::sent`] counts them against what arrived |
//! | U4 timer liveness | [`check_liveness`] |
//! | U5 stream integrity | acknowledgments here, octets in [`crate::app`] |
//! | U6 right edge | here |
//! | U7 nothing unsent is acknowledged, nothing beyond the window is sent | here |
//! | U8 sequence numbers of ACKs and resets | here |
//! | U9 fixed memory | [`check_memory`] |
//! | U10 determinism | `tests/determinism.rs` |

mod ranges;
mod watch;

use std::collections::HashMap;
use std::net::SocketAddr;

use tcp_core::{Instant, State};
use watch::Watch;

use crate::host::SimStack;
use crate::packet::{ACK, Fault, RST, SYN, Segment};

/// Watches what one stack sends and what reaches it.
#[derive(Debug, Default)]
pub struct Oracle {
    /// By our end and the peer's end.
    connections: HashMap<(SocketAddr, SocketAddr), Watch>,
    /// Packets that reached the stack, calls of its user, and timers: each may be answered once.
    causes: u64,
    /// Packets without data, SYN or FIN: answers.
    answers: u64,
}

impl Oracle {
    /// A packet is about to be given to the stack. One that is damaged, or no TCP, only counts.
    pub fn delivered(&mut self, packet: &[u8]) {
        self.causes += 1;
        if let Ok(segment) = Segment::decode(packet) {
            self.watch(segment.destination, segment.source)
                .delivered(&segment);
        }
    }

    /// The user called, or timers ran: so many connections may have something to say.
    pub const fn caused(&mut self, connections: usize) {
        self.causes += connections as u64;
    }

    /// The stack sent a packet. Returns it, if it is TCP.
    ///
    /// # Panics
    /// When an invariant is broken.
    pub fn sent(&mut self, packet: &[u8]) -> Option<Segment> {
        let segment = match Segment::decode(packet) {
            Ok(segment) => segment,
            Err(Fault::NotTcp) => {
                self.answered();
                return None;
            }
            Err(fault) => {
                panic!("the stack sent a packet that is wrong ({fault:?}): {packet:02x?}")
            }
        };
        assert_ne!(segment.source.port(), 0, "source port 0: {segment}");
        assert_ne!(segment.destination.port(), 0, "port 0: {segment}");
        if segment.seq_len() == 0 || (segment.has(SYN | ACK) && !segment.has(RST)) {
            self.answered();
        }
        let watch = self.watch(segment.source, segment.destination);
        if let Err(broken) = watch.sent(&segment) {
            panic!("{broken}: {segment}");
        }
        Some(segment)
    }

    fn answered(&mut self) {
        self.answers += 1;
        assert!(
            self.answers <= self.causes,
            "U3: {} answers to {} causes",
            self.answers,
            self.causes
        );
    }

    fn watch(&mut self, ours: SocketAddr, theirs: SocketAddr) -> &mut Watch {
        self.connections.entry((ours, theirs)).or_default()
    }
}

/// U4: what waits for the peer has a deadline. FIN-WAIT-2 may wait for ever while a user is there
/// to read.
///
/// # Panics
/// When something waits and no timer runs.
pub fn check_liveness(stack: &SimStack, now: Instant) {
    let next = stack.next_deadline();
    for row in stack.rows(now) {
        let idle = match row.state {
            State::Closed | State::Listen => true,
            State::Established | State::CloseWait | State::FinWait2 => {
                row.info.is_none_or(|info| info.send_queue == 0)
            }
            State::SynSent
            | State::SynReceived
            | State::FinWait1
            | State::Closing
            | State::LastAck
            | State::TimeWait => false,
        };
        let at_once = next.is_some_and(|(due, _)| due <= now);
        assert!(
            idle || at_once || (row.timer.is_some() && next.is_some()),
            "U4: nothing will ever happen to {row:?}"
        );
        if let (Some((due, _)), Some((timer, _))) = (next, row.timer) {
            assert!(due <= timer, "the stack sleeps past {row:?}");
        }
    }
}

/// U9: after the last connection ended, nothing is left but listeners.
///
/// # Panics
/// When something is left.
pub fn check_memory(stack: &SimStack, now: Instant) {
    assert_eq!(stack.memory().lent(), 0, "U9: octets were not given back");
    for row in stack.rows(now) {
        assert_eq!(row.state, State::Listen, "U9: {row:?} is left");
    }
}

#[cfg(test)]
mod tests;
