//! The calls of the user on the stack's side. What is written is the stack's stream, and what is
//! read is compared with ours.

use tcp_core::{CloseReason, Config, Event, Events, Handle, Info, Misuse, State, Switch};

use super::Peer;
use crate::oracle;

impl Peer {
    /// The handle of the connection under test.
    ///
    /// # Panics
    /// When the user has none.
    #[must_use]
    #[track_caller]
    pub fn handle(&self) -> Handle {
        self.handle.expect("the user has a connection")
    }

    /// The state of the connection under test; without a handle, of whatever is between the two
    /// ends; LISTEN when only a listener is there.
    #[must_use]
    pub fn state(&self) -> State {
        if let Some(Ok(state)) = self.handle.map(|handle| self.stack.state(handle)) {
            return state;
        }
        let (stack, ours) = self.ends();
        let rows: Vec<_> = self.stack.rows(self.now).collect();
        let between = rows
            .iter()
            .find(|row| row.tuple.local() == stack && row.tuple.remote() == ours);
        match between {
            Some(row) => row.state,
            None if rows.iter().any(|row| row.state == State::Listen) => State::Listen,
            None => State::Closed,
        }
    }

    /// The state of what stands between the two ends in the stack's tables, whatever the user
    /// holds.
    #[must_use]
    pub fn row(&self) -> Option<State> {
        let (stack, ours) = self.ends();
        let mut rows = self.stack.rows(self.now);
        rows.find(|row| row.tuple.local() == stack && row.tuple.remote() == ours)
            .map(|row| row.state)
    }

    /// Writes `count` octets of the stack's stream, all of which must fit.
    ///
    /// # Panics
    /// When they do not.
    #[track_caller]
    pub fn write(&mut self, count: usize) -> &mut Self {
        let written = self.try_write(count).expect("the connection is open");
        assert_eq!(written, count, "octets that fit");
        self
    }

    /// Writes up to `count` octets of the stack's stream.
    ///
    /// # Errors
    /// When the stack refuses.
    #[track_caller]
    pub fn try_write(&mut self, count: usize) -> Result<usize, Misuse> {
        let mut octets = vec![0; count];
        self.stack_stream().fill(self.written, &mut octets);
        let result = self.stack.send(self.now, self.handle(), &octets);
        self.written += result.unwrap_or(0) as u64;
        self.user_called();
        result
    }

    /// Reads up to `count` octets, which must be those of our stream. Returns how many there were.
    ///
    /// # Errors
    /// When the stack refuses.
    ///
    /// # Panics
    /// When an octet is wrong.
    #[track_caller]
    pub fn read(&mut self, count: usize) -> Result<usize, Misuse> {
        let mut octets = vec![0; count];
        let result = self.stack.read(self.now, self.handle(), &mut octets);
        let taken = &octets[..result.unwrap_or(0)];
        let wrong = self.our_stream().first_difference(self.read, taken);
        assert_eq!(wrong, None, "U5: another octet than we sent");
        self.read += taken.len() as u64;
        self.user_called();
        result
    }

    /// Octets that the user could read.
    #[must_use]
    #[track_caller]
    pub fn readable(&self) -> usize {
        self.stack.readable(self.handle()).expect("a live handle")
    }

    /// Octets that the user could read, none without a connection.
    #[must_use]
    pub fn readable_or_zero(&self) -> usize {
        let handle = self.handle;
        handle.map_or(0, |handle| self.stack.readable(handle).unwrap_or(0))
    }

    /// CLOSE of the sending side.
    ///
    /// # Panics
    /// When the stack refuses.
    #[track_caller]
    pub fn shutdown(&mut self) {
        self.try_shutdown().expect("the sending side is open");
    }

    /// CLOSE of the sending side.
    ///
    /// # Errors
    /// When the stack refuses.
    #[track_caller]
    pub fn try_shutdown(&mut self) -> Result<(), Misuse> {
        let result = self.stack.shutdown(self.now, self.handle());
        self.user_called();
        result
    }

    /// CLOSE by a user who lets go of the handle.
    ///
    /// # Panics
    /// When the user has none.
    #[track_caller]
    pub fn close(&mut self) {
        let handle = self.handle();
        self.handle = None;
        self.stack.close(self.now, handle).expect("a live handle");
        self.user_called();
    }

    /// ABORT.
    ///
    /// # Panics
    /// When the user has no connection.
    #[track_caller]
    pub fn abort(&mut self) {
        let handle = self.handle();
        self.stack.abort(self.now, handle).expect("a live handle");
        self.user_called();
    }

    /// Replaces the knobs.
    ///
    /// # Panics
    /// When the user has no connection.
    #[track_caller]
    pub fn set_config(&mut self, config: Config) {
        let handle = self.handle();
        let set = self.stack.set_config(self.now, handle, config);
        set.expect("a live handle");
        self.user_called();
    }

    /// Acknowledge at once for a while, or not.
    ///
    /// # Panics
    /// When the user has no connection.
    #[track_caller]
    pub fn quick_ack(&mut self, quick: Switch) {
        let handle = self.handle();
        let asked = self.stack.quick_ack(self.now, handle, quick);
        asked.expect("a live handle");
        self.user_called();
    }

    /// The snapshot of the connection.
    ///
    /// # Panics
    /// When the user has none.
    #[must_use]
    #[track_caller]
    pub fn info(&self) -> Info {
        let info = self.stack.info(self.now, self.handle());
        info.expect("a live handle")
    }

    /// Why the connection ended.
    ///
    /// # Panics
    /// When the user has none.
    #[must_use]
    #[track_caller]
    pub fn reason(&self) -> Option<CloseReason> {
        let reason = self.stack.close_reason(self.handle());
        reason.expect("a live handle")
    }

    /// The peer closed and everything was read.
    ///
    /// # Panics
    /// When the user has no connection.
    #[must_use]
    #[track_caller]
    pub fn is_finished(&self) -> bool {
        let finished = self.stack.is_finished(self.handle());
        finished.expect("a live handle")
    }

    /// What the user was told since the last call.
    pub fn events(&mut self) -> Events {
        self.note_events();
        std::mem::replace(&mut self.events, Events::NONE)
    }

    /// U9: nothing is left but listeners.
    pub fn check_memory(&self) {
        oracle::check_memory(&self.stack, self.now);
    }

    pub(super) fn note_events(&mut self) {
        while let Some(event) = self.stack.poll_event() {
            if let Event::Connection(handle, events) = event
                && self.handle == Some(handle)
            {
                self.events |= events;
            }
        }
    }

    /// A fresh connection begins its streams at the start.
    pub(super) fn begin_streams(&mut self) {
        self.read = 0;
        self.written = 0;
    }

    /// What a call may have made to be sent leaves at once.
    pub(super) fn user_called(&mut self) {
        self.oracle.caused(1);
        self.stack.assert_invariants();
        self.drain();
    }
}
