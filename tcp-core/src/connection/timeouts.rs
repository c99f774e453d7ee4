//! What to do when a deadline has come.

use super::Connection;
use super::congestion::{CongestionControl, Timeout};
use super::counters::Counting;
use super::error::CloseReason;
use super::event::Events;
use super::recovery::LossPhase;
use super::state::State;
use super::tcb::{Clock, Probe, User};
use super::timers::Timer;
use super::tuning::{Tuned, WindowProbe};
use crate::profile::Profile;
use crate::time::{Instant, Span, Tick};

impl<P: Profile> Connection<'_, P> {
    /// The earliest deadline and its timer. Whether there is something to transmit at once is told
    /// by [`wants_transmit`](Self::wants_transmit), not here.
    #[must_use]
    pub fn next_deadline(&self, now: Instant) -> Option<(Instant, Timer)> {
        let (at, timer) = self.tcb.timers.next(Tick::at(now))?;
        Some((at.instant(now), timer))
    }

    /// The same, as the stack keeps it.
    pub(crate) fn next_tick(&self, now: Instant) -> Option<Tick> {
        self.tcb.timers.earliest(Tick::at(now))
    }

    /// Runs every timer that is due. Calling it early, late or twice is harmless.
    pub fn advance(&mut self, now: Instant) {
        let clock = Clock::at(now);
        let tick = clock.tick;
        if self.next_tick(now).is_none_or(|due| tick.is_before(due)) {
            return;
        }
        self.tcb.clock = clock;
        if self.tcb.timers.delayed_ack().take_due(tick) {
            self.tcb.rcv.ack.at_once();
        }
        if self.tcb.timers.user_timeout().take_due(tick) {
            self.user_timeout();
        }
        if self.tcb.timers.fin_wait_2().take_due(tick) && self.tcb.state == State::FinWait2 {
            self.tcb.close(CloseReason::TimedOut(Timer::FinWait2));
        }
        if self.tcb.timers.persist().take_due(tick) && !self.tcb.let_go() {
            self.probe_window();
        }
        if P::KEEP_ALIVE.is_on() && self.tcb.timers.keep_alive().take_due(tick) {
            self.keep_alive();
        }
        if self.tcb.timers.retransmission().take_due(tick) {
            self.retransmission_timeout();
        }
        self.settle();
    }

    /// A window was shut, or small, for long enough. An octet that is sent into it has its timer,
    /// which backs off and gives up; a probe without one does so here.
    fn probe_window(&mut self) {
        let tcb = &mut self.tcb;
        let empty = tcb.tuning.get().window_probe == WindowProbe::Empty;
        if !empty || tcb.snd.wnd > 0 || !tcb.nothing_outstanding() {
            tcb.probe = Probe::Window;
        } else if tcb.attempts >= tcb.config.retries_2 {
            self.give_up(Timer::Persist);
        } else {
            tcb.attempts += 1;
            tcb.rtt.backoff = tcb.rtt.backoff.saturating_add(1);
            tcb.probe = Probe::KeepAlive;
        }
    }

    /// Everything sent is deemed lost and goes again, more slowly (RFC 6298 section 5.4 to 5.7,
    /// RFC 5681 section 3.1); after R2 attempts the connection is given up (RFC 9293 section
    /// 3.8.3).
    //= https://www.rfc-editor.org/rfc/rfc9293#section-3.8.3
    //= type=exception
    //= reason=the user is told at R1, and at R2 the connection ends; no advice goes to IP, because
    //= no layer below diagnoses dead gateways: neighbours are verified each minute, whatever TCP
    //= thinks of them
    //# The following procedure MUST be used to handle excessive retransmissions of
    //# data segments (MUST-20):
    //= https://www.rfc-editor.org/rfc/rfc9293#section-3.8.3
    //# SYN retransmissions MUST be handled in the general way just described for
    //# data retransmissions, including notification of the application layer.
    //= https://www.rfc-editor.org/rfc/rfc9293#section-3.8.3
    //# (e) TCP implementations SHOULD inform the application of the delivery
    //# problem (unless such information has been disabled by the application; see
    //# the "Asynchronous Reports" section (Section 3.9.1.8)), when R1 is reached
    //# and before R2 (SHLD-9).
    //= https://www.rfc-editor.org/rfc/rfc6298#section-5
    //# The following is the RECOMMENDED algorithm for managing the retransmission
    //# timer:
    fn retransmission_timeout(&mut self) {
        let tcb = &mut self.tcb;
        if tcb.nothing_outstanding() {
            return;
        }
        let opening = matches!(tcb.state, State::SynSent | State::SynReceived);
        let limit = if opening {
            tcb.config.syn_retries
        } else {
            tcb.config.retries_2
        };
        if tcb.attempts >= limit {
            self.give_up(Timer::Retransmission);
            return;
        }
        tcb.attempts = tcb.attempts.saturating_add(1);
        if tcb.attempts == tcb.config.retries_1 {
            tcb.events |= Events::TROUBLE;
        }
        tcb.counters.timeout();
        // A peer that shut its window drops what is sent into it: that says nothing of the path.
        if tcb.snd.wnd > 0 {
            let flight = tcb.snd.nxt.since(tcb.snd.una).get();
            let timeout = match tcb.loss.phase {
                LossPhase::Timeout => Timeout::Repeated,
                LossPhase::Open | LossPhase::Recovery => Timeout::First,
            };
            tcb.congestion.on_timeout(tcb.clock.now(), flight, timeout);
            tcb.reduced_for_loss();
        }
        if tcb.state == State::SynSent {
            tcb.withdraw_ecn();
        }
        self.suspect_black_hole();
        let tcb = &mut self.tcb;
        tcb.loss.on_timeout(tcb.snd.una, tcb.snd.nxt);
        tcb.rtt.backoff = tcb.rtt.backoff.saturating_add(1).min(30);
    }

    /// Ends the connection because nobody answers. An ICMP error that came meanwhile is the better
    /// explanation.
    fn give_up(&mut self, timer: Timer) {
        let reason = match self.tcb.soft_error {
            Some(what) => CloseReason::Unreachable(what),
            None => CloseReason::TimedOut(timer),
        };
        match timer {
            Timer::KeepAlive | Timer::UserTimeout => self.tcb.close_with_reset(reason),
            Timer::Retransmission
            | Timer::Persist
            | Timer::DelayedAck
            | Timer::FinWait2
            | Timer::TimeWait
            | Timer::SynAck
            | Timer::Reassembly
            | Timer::Transmit => self.tcb.close(reason),
        }
    }

    /// The deadline is armed once and looks back when it comes, so progress costs no timer work.
    fn user_timeout(&mut self) {
        let waiting = self.end().after(self.tcb.snd.una);
        let tcb = &mut self.tcb;
        let Some(limit) = tcb.give_up_after().filter(|_| waiting) else {
            return;
        };
        let passed = tcb.clock.tick.since(tcb.progress_at);
        if passed >= limit {
            self.give_up(Timer::UserTimeout);
        } else {
            tcb.timers.user_timeout().arm(tcb.progress_at, limit);
        }
    }

    /// Watches for silence if the user asked for it (RFC 9293 section 3.8.4).
    pub(super) fn watch_silence(&mut self) {
        let tcb = &mut self.tcb;
        let open = match tcb.state {
            State::Established | State::CloseWait | State::FinWait1 | State::FinWait2 => true,
            State::Closed
            | State::Listen
            | State::SynSent
            | State::SynReceived
            | State::Closing
            | State::LastAck
            | State::TimeWait => false,
        };
        if P::KEEP_ALIVE.is_on()
            && let Some(keep_alive) = tcb.config.watch()
            && open
            && !tcb.timers.keep_alive().is_armed()
        {
            let idle = Span::from_secs(keep_alive.idle_s);
            tcb.timers.keep_alive().arm(tcb.clock.tick, idle);
        }
    }

    /// Looks how long the peer has been silent; probes, or gives up.
    //= https://www.rfc-editor.org/rfc/rfc9293#section-3.8.4
    //# Keep-alive packets MUST only be sent when no sent data is outstanding, and
    //# no data or acknowledgment packets have been received for the connection
    //# within an interval (MUST-26).
    //= https://www.rfc-editor.org/rfc/rfc9293#section-3.8.4
    //# Consequently, if a keep-alive mechanism is implemented it MUST NOT interpret
    //# failure to respond to any specific probe as a dead connection (MUST-29).
    fn keep_alive(&mut self) {
        let Some(keep_alive) = self.tcb.config.watch() else {
            return;
        };
        let tcb = &mut self.tcb;
        let now = tcb.clock.tick;
        let idle = Span::from_secs(keep_alive.idle_s);
        let silent = now.since(tcb.last_heard);
        if silent < idle || !tcb.nothing_outstanding() || !self.send.is_empty() {
            // Somebody spoke, or retransmission already asks whether the peer is there.
            let from = if silent < idle { tcb.last_heard } else { now };
            if tcb.nothing_outstanding() {
                tcb.attempts = 0;
            }
            tcb.timers.keep_alive().arm(from, idle);
            return;
        }
        //= https://www.rfc-editor.org/rfc/rfc9293#section-3.8.4
        //# It is extremely important to remember that ACK segments that contain
        //# no data are not reliably transmitted by TCP.
        if tcb.attempts >= keep_alive.count {
            self.give_up(Timer::KeepAlive);
            return;
        }
        tcb.attempts += 1;
        tcb.probe = Probe::KeepAlive;
        tcb.timers
            .keep_alive()
            .arm(now, Span::from_secs(keep_alive.interval_s));
    }

    /// Nobody reads any more: time limits that a user would otherwise set.
    #[must_use]
    pub fn is_orphan(&self) -> bool {
        self.tcb.user == User::Gone
    }
}
