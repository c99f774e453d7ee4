//! What `ss` shows.

use super::address::Key;
use super::{Row, Stack};
use crate::connection::{State, Timer};
use crate::profile::{Memory, Profile};
use crate::time::Instant;

impl<'a, P: Profile, M: Memory<'a>> Stack<'a, P, M> {
    pub(super) fn listener_rows(&self) -> impl Iterator<Item = Row> + '_ {
        let row = |key: &Key| Row {
            tuple: *key,
            state: State::Listen,
            info: None,
            timer: None,
        };
        self.listeners
            .iter()
            .map(move |(_, listener)| row(&listener.key))
    }

    /// Connections that have neither ended nor left a TIME-WAIT entry in their place.
    pub(super) fn connection_rows(&self, now: Instant) -> impl Iterator<Item = Row> + '_ {
        (0..self.schedule.len()).filter_map(move |index| {
            let connection = self.connection(index)?;
            let state = connection.state();
            if matches!(state, State::Closed | State::TimeWait) {
                return None;
            }
            Some(Row {
                tuple: self.schedule.get(index)?.key,
                state,
                info: Some(connection.info(now)),
                timer: connection.next_deadline(self.clock),
            })
        })
    }

    pub(super) fn half_open_rows(&self) -> impl Iterator<Item = Row> + '_ {
        self.half_open.iter().map(|(index, entry)| Row {
            tuple: entry.key(self.locals.own()),
            state: State::SynReceived,
            info: None,
            timer: self
                .half_open
                .deadline(index, self.clock)
                .map(|at| (at, Timer::SynAck)),
        })
    }

    pub(super) fn time_wait_rows(&self) -> impl Iterator<Item = Row> + '_ {
        self.time_wait.iter().map(|(index, entry)| Row {
            tuple: entry.key(self.locals.own()),
            state: State::TimeWait,
            info: None,
            timer: self
                .time_wait
                .deadline(index, self.clock)
                .map(|at| (at, Timer::TimeWait)),
        })
    }
}
