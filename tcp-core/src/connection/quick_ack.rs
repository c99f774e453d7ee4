//! Acknowledging at once where the peer's congestion window has to grow: when a connection begins,
//! after silence, and when the user asks for it. RFC 5681 section 4.2 lets any ACK be early.
//!
//! It ends after a number of segments, and where the user answers: an ACK that waits travels with
//! the answer then.

use super::Connection;
use super::config::Switch;
use super::recv::AckOwed;
use super::tcb::{Clock, Tcb};
use super::tuning::Tuned;
use crate::profile::Profile;
use crate::time::{Duration, Instant};

/// How many a call asks for where the knobs name none: as many as Linux has at most.
const ASKED_FOR: u8 = 16;

/// How many segments more are acknowledged at once.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct QuickAcks {
    left: u8,
    last_text: Option<Instant>,
}

impl QuickAcks {
    pub(super) const fn new() -> Self {
        Self {
            left: 0,
            last_text: None,
        }
    }

    pub(super) const fn last_text(&self) -> Option<Instant> {
        self.last_text
    }
}

impl<P: Profile> Tcb<P> {
    /// The connection begins.
    pub(super) fn begin_quick_acks(&mut self) {
        let count = self.tuning.get().quick_acks;
        if let Some(quick) = self.tuning.quick_acks() {
            quick.left = count;
        }
    }

    /// Text arrived in order. After a long silence the peer begins anew with a small window.
    pub(super) fn spend_quick_ack(&mut self) {
        let now = self.clock.now();
        let timeout = self.rtt.rto(&self.config);
        let count = self.tuning.get().quick_acks;
        let Some(quick) = self.tuning.quick_acks() else {
            return;
        };
        if quick.last_text.is_some_and(|last| now - last > timeout) {
            quick.left = count;
        }
        quick.last_text = Some(now);
        if quick.left > 0 {
            quick.left -= 1;
            self.rcv.ack.at_once();
        }
    }

    /// Text leaves: if that answers what has just arrived, so will what follows.
    pub(super) fn answered(&mut self) {
        let now = self.clock.now();
        let delay = Duration::from_millis(self.config.ack_delay_ms.into());
        if let Some(quick) = self.tuning.quick_acks()
            && quick.last_text.is_some_and(|last| now - last <= delay)
        {
            quick.left = 0;
        }
    }
}

impl<P: Profile> Connection<'_, P> {
    /// On: what arrived is acknowledged at once, and so are the next segments
    /// ([`Config::quick_acks`](crate::Config::quick_acks), or 16). Off: acknowledgments wait for
    /// company. Not permanent, as `TCP_QUICKACK` is not, and without effect where the profile keeps
    /// no knobs.
    pub fn quick_ack(&mut self, now: Instant, quick: Switch) {
        self.tcb.clock = Clock::at(now);
        let count = match (quick, self.tcb.tuning.get().quick_acks) {
            (Switch::Off, _) => 0,
            (Switch::On, 0) => ASKED_FOR,
            (Switch::On, count) => count,
        };
        let Some(state) = self.tcb.tuning.quick_acks() else {
            return;
        };
        state.left = count;
        if count > 0 && self.tcb.rcv.ack.owed == AckOwed::Later {
            self.tcb.rcv.ack.at_once();
        }
        self.settle();
    }
}
