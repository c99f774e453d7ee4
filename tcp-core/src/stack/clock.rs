//! Time: when the stack must be woken, and what it does then.

use super::Stack;
use super::dropped::Dropped;
use super::node::ENDED;
use super::scale::Scale as _;
use super::waiting::after;
use crate::connection::{Connection, State, Timer, tuning_of};
use crate::profile::{Memory, Profile};
use crate::time::{Instant, Tick};

impl<'a, P: Profile, M: Memory<'a>> Stack<'a, P, M> {
    /// The tables' clock only goes forward: they hold times in 32 bits, counted back from it.
    pub(super) fn tick(&mut self, now: Instant) {
        self.clock = self.clock.max(now);
    }

    /// The next moment at which `run` or `output` has something to do.
    pub(super) fn next(&self) -> Option<(Instant, Timer)> {
        if self.has_output() {
            return Some((self.clock, Timer::Transmit));
        }
        let mut next = None;
        if let Some((at, index)) = self.next_due() {
            let connection = self.connection(index);
            let timer =
                connection.and_then(|connection| Some(connection.next_deadline(self.clock)?.1));
            next = Some((at.instant(self.clock), timer.unwrap_or(Timer::TimeWait)));
        }
        let half_open = self.half_open.until_due(self.clock);
        let time_wait = self.time_wait.until_due(self.clock);
        let (left, timer) = match (half_open, time_wait) {
            (Some(one), Some(other)) if other < one => (time_wait, Timer::TimeWait),
            (None, _) => (time_wait, Timer::TimeWait),
            (Some(_), _) => (half_open, Timer::SynAck),
        };
        let at = left.map(|left| after(self.clock, left));
        earlier(&mut next, at, timer);
        if P::REASSEMBLY.is_on() {
            earlier(&mut next, self.fragments.next_deadline(), Timer::Reassembly);
        }
        next
    }

    /// The earliest deadline of a connection, and whose it is.
    fn next_due(&self) -> Option<(Tick, u32)> {
        if !P::Scale::SCANS {
            return self.schedule.next_due();
        }
        let mut next = None;
        for index in 0..self.schedule.len() {
            if let Some(at) = self.due_of(index)
                && next.is_none_or(|(first, _)| at.is_before(first))
            {
                next = Some((at, index));
            }
        }
        next
    }

    /// When connection `index` has something to do. One whose TIME-WAIT is over has: it tells its
    /// user.
    fn due_of(&self, index: u32) -> Option<Tick> {
        let connection = self.connection(index)?;
        if connection.state() != State::TimeWait {
            return connection.next_tick(self.clock);
        }
        let is_told = self.schedule.get(index)?.is(ENDED);
        (!is_told && self.lingers(index).is_none()).then(|| Tick::at(self.clock))
    }

    /// Does what is due at `now`.
    pub(super) fn run(&mut self, now: Instant) {
        self.tick(now);
        // What the caller tells may lie before what was told last.
        let now = self.clock;
        while let Some(entry) = self.half_open.due(now) {
            self.retry_half_open(entry);
        }
        while let Some(entry) = self.time_wait.due(now) {
            self.drop_time_wait(entry);
        }
        if P::REASSEMBLY.is_on() {
            for _ in 0..self.fragments.advance(now) {
                self.counters.count(Dropped::Fragment);
            }
        }
        // A connection that has run what was due has a later deadline or none.
        for _ in 0..self.schedule.len() {
            let due = self.next_due();
            let Some((_, index)) = due.filter(|(at, _)| !Tick::at(now).is_before(*at)) else {
                break;
            };
            let _ = self.with_connection(index, |connection| connection.advance(now));
        }
    }

    /// The SYN-ACK of a half-open connection found no answer in time.
    fn retry_half_open(&mut self, index: u32) {
        let Some(entry) = self.half_open.get(index) else {
            return;
        };
        let retransmissions = entry.retransmissions();
        let tuning = tuning_of::<P>(|| self.config_of(&entry.key(self.locals.own())));
        let waits = tuning.deferred_waits();
        if waits > 0 && self.half_open.wait_on(index, waits) {
            return;
        }
        if retransmissions < tuning.syn_ack_retries {
            self.half_open.owe(index);
        } else {
            self.drop_half_open(index);
        }
    }

    /// The state of a connection that has a handle: TIME-WAIT only while its entry lives.
    pub(super) fn state_of(&self, index: u32) -> State {
        let connection = self.connection(index);
        let state = connection.map_or(State::Closed, Connection::state);
        if state == State::TimeWait && self.lingers(index).is_none() {
            State::Closed
        } else {
            state
        }
    }
}

/// Keeps the earlier of two moments.
fn earlier(next: &mut Option<(Instant, Timer)>, at: Option<Instant>, timer: Timer) {
    if let Some(at) = at
        && next.is_none_or(|(first, _)| at < first)
    {
        *next = Some((at, timer));
    }
}
