//! User calls (RFC 9293 section 3.9.1 and 3.10).

use super::arrival::Edges;
use super::config::Config;
use super::error::{CloseReason, Misuse};
use super::event::Events;
use super::state::{State, Step};
use super::tcb::{Clock, User};
use super::tuning::Tuned;
use super::{Connection, TimeWaitSeed};
use crate::profile::Profile;
use crate::seq::{SeqLen, SeqNum};
use crate::time::Instant;

impl<P: Profile> Connection<'_, P> {
    /// SEND: queues what fits of `octets` and returns how many that was; zero means that there is
    /// no room now, and that a [`WRITABLE`](Events::WRITABLE) event follows.
    ///
    /// # Errors
    /// [`Misuse::Closing`] after [`shutdown`](Self::shutdown), [`Misuse::Closed`] after the end.
    pub fn send(&mut self, now: Instant, octets: &[u8]) -> Result<usize, Misuse> {
        self.may_send()?;
        self.tcb.clock = Clock::at(now);
        let count = self.send.push(octets);
        if !octets.is_empty() {
            self.tcb.snd.starved = count < octets.len() || self.send.free() == 0;
        }
        self.queued(count);
        Ok(count)
    }

    /// SEND in place: `fill` is given free space and says how much of it it filled (more than it
    /// was given counts as all).
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub fn send_with(
        &mut self,
        now: Instant,
        fill: impl FnOnce(&mut [u8]) -> usize,
    ) -> Result<usize, Misuse> {
        self.may_send()?;
        self.tcb.clock = Clock::at(now);
        let space = self.send.space();
        let room = space.len();
        let count = fill(space).min(room);
        self.send.commit(count);
        self.tcb.snd.starved = self.send.free() == 0;
        self.queued(count);
        Ok(count)
    }

    fn may_send(&self) -> Result<(), Misuse> {
        match self.tcb.state {
            State::Closed | State::Listen => Err(Misuse::Closed),
            State::SynSent | State::SynReceived | State::Established | State::CloseWait
                if !self.tcb.snd.fin_queued =>
            {
                Ok(())
            }
            State::SynSent
            | State::SynReceived
            | State::Established
            | State::CloseWait
            | State::FinWait1
            | State::FinWait2
            | State::Closing
            | State::LastAck
            | State::TimeWait => Err(Misuse::Closing),
        }
    }

    fn queued(&mut self, count: usize) {
        if self.tcb.nothing_outstanding() && self.send.len() == count {
            self.tcb.progress_at = self.tcb.clock.tick;
        }
        self.settle();
    }

    /// Marks what was written so far as urgent (RFC 9293 section 3.8.5): the urgent pointer stands
    /// behind it.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub fn mark_urgent(&mut self) -> Result<(), Misuse> {
        self.may_send()?;
        let end = self.tcb.snd.data_end(self.send.len());
        self.tcb.snd.set_up(Some(end));
        Ok(())
    }

    /// RECEIVE: takes what is there, at most what `out` holds; zero means that nothing is there
    /// now, or nothing will come (see [`is_finished`](Self::is_finished)).
    ///
    /// # Errors
    /// [`Misuse::Closed`] when the connection ended otherwise than by the peer's FIN and all that
    /// was received is read.
    pub fn read(&mut self, now: Instant, out: &mut [u8]) -> Result<usize, Misuse> {
        self.may_read()?;
        self.tcb.clock = Clock::at(now);
        let count = self.receive.copy_out(0, out);
        self.taken(count);
        Ok(count)
    }

    /// RECEIVE in place: `take` is given what is there up to the ring's edge, and says how much it
    /// used (more than it was given counts as all).
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn receive_with(
        &mut self,
        now: Instant,
        take: impl FnOnce(&[u8]) -> usize,
    ) -> Result<usize, Misuse> {
        self.may_read()?;
        self.tcb.clock = Clock::at(now);
        let [octets, _] = self.receive.read(0, usize::MAX);
        let count = take(octets).min(octets.len());
        self.taken(count);
        Ok(count)
    }

    fn may_read(&self) -> Result<(), Misuse> {
        let ended = self.tcb.state == State::Closed && !self.tcb.rcv.finished();
        if ended && self.receive.is_empty() {
            Err(Misuse::Closed)
        } else {
            Ok(())
        }
    }

    fn taken(&mut self, count: usize) {
        self.receive.consume(count);
        let read = &mut self.tcb.rcv.ack.read;
        // No more than was offered: an acknowledgment leaves before more can come.
        *read = read.wrapping_add(SeqLen::of(count).get());
        let read = self.tcb.rcv.nxt - SeqLen::of(self.receive.len());
        if self.tcb.rcv.up().is_some_and(|up| !up.after(read)) {
            self.tcb.rcv.set_up(None);
        }
        self.settle();
    }

    /// Copies what is there without taking it.
    pub fn peek(&self, out: &mut [u8]) -> usize {
        self.receive.copy_out(0, out)
    }

    /// Octets that can be read.
    #[must_use]
    pub const fn readable(&self) -> usize {
        self.receive.len()
    }

    /// Octets that can be written.
    #[must_use]
    pub fn writable(&self) -> usize {
        if self.may_send().is_ok() {
            self.send.free()
        } else {
            0
        }
    }

    /// Whether the peer closed and everything that it sent was read.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.tcb.rcv.finished() && self.receive.is_empty()
    }

    /// Octets of the unread stream up to the end of urgent data, if there is any.
    //= https://www.rfc-editor.org/rfc/rfc9293#section-3.8.5
    //# The TCP implementation MUST (MUST-33) provide a way for the application to
    //# learn how much urgent data remains to be read from the connection, or at
    //# least to determine whether more urgent data remains to be read [19].
    #[must_use]
    pub fn urgent(&self) -> Option<usize> {
        let read = self.tcb.rcv.nxt - SeqLen::of(self.receive.len());
        self.tcb.rcv.up().map(|up| up.since(read).as_usize())
    }

    /// CLOSE of the sending side: a FIN follows what is queued; receiving goes on.
    ///
    /// # Errors
    /// [`Misuse::Closing`] when it was called before, [`Misuse::Closed`] after the end.
    pub fn shutdown(&mut self, now: Instant) -> Result<(), Misuse> {
        self.may_send()?;
        let tcb = &mut self.tcb;
        tcb.clock = Clock::at(now);
        if tcb.state == State::SynSent {
            tcb.close(CloseReason::Aborted);
            return Ok(());
        }
        tcb.state = tcb.state.after(Step::Close);
        tcb.snd.fin_queued = true;
        self.queued(0);
        Ok(())
    }

    /// CLOSE by a user who will not read any more: as [`shutdown`](Self::shutdown), but data that
    /// is unread, or that arrives later, makes it a reset, and FIN-WAIT-2 is limited in time.
    //= https://www.rfc-editor.org/rfc/rfc9293#section-3.6.1
    //# A host MAY implement a "half-duplex" TCP close sequence, so that an
    //# application that has called CLOSE cannot continue to read data from the
    //# connection (MAY-1).
    pub fn close(&mut self, now: Instant) {
        self.tcb.clock = Clock::at(now);
        self.tcb.user = User::Gone;
        let abort = self.tcb.tuning.get().abort_on_close.is_on();
        if self.receive.is_empty() && !abort {
            // Closing twice is no misuse here: what is closed stays closed.
            let _ = self.shutdown(now);
            self.tcb.progress_at = self.tcb.clock.tick;
            self.settle();
        } else {
            self.abort(now);
        }
    }

    /// ABORT: a reset leaves, the connection is over.
    pub fn abort(&mut self, now: Instant) {
        self.tcb.clock = Clock::at(now);
        if self.tcb.state != State::Closed {
            self.tcb.close_with_reset(CloseReason::Aborted);
        }
        self.settle();
    }

    /// The knobs.
    #[must_use]
    pub fn config(&self) -> Config {
        Config {
            basic: self.tcb.config,
            tuning: self.tcb.tuning.get(),
        }
    }

    /// Replaces the knobs of a live connection. What the handshake settled (segment size, SACK,
    /// timestamps, window scaling) stays as it is.
    //= https://www.rfc-editor.org/rfc/rfc9293#section-3.9.1.9
    //# It is not required, but the application SHOULD be able to change the
    //# Differentiated Services field during the connection lifetime (SHLD-21).
    pub fn set_config(&mut self, now: Instant, config: Config) {
        let tcb = &mut self.tcb;
        tcb.clock = Clock::at(now);
        tcb.set_config(config);
        tcb.timers.user_timeout().clear();
        tcb.timers.keep_alive().clear();
        self.watch_silence();
        self.settle();
    }

    /// State.
    #[must_use]
    pub const fn state(&self) -> State {
        self.tcb.state
    }

    /// Why it ended, once it has.
    #[must_use]
    pub const fn close_reason(&self) -> Option<CloseReason> {
        match self.tcb.state {
            State::Closed => Some(self.tcb.reason),
            State::Listen
            | State::SynSent
            | State::SynReceived
            | State::Established
            | State::FinWait1
            | State::FinWait2
            | State::CloseWait
            | State::Closing
            | State::LastAck
            | State::TimeWait => None,
        }
    }

    /// What happened since the last call.
    pub fn take_events(&mut self) -> Events {
        core::mem::take(&mut self.tcb.events)
    }

    /// Whether anything happened since [`take_events`](Self::take_events) was called.
    #[must_use]
    pub const fn has_events(&self) -> bool {
        !self.tcb.events.is_empty()
    }

    /// In TIME-WAIT: SND.NXT.
    pub(crate) fn waits_from(&self) -> Option<SeqNum> {
        (self.tcb.state == State::TimeWait).then_some(self.tcb.snd.nxt)
    }

    /// In TIME-WAIT: what the stack's table needs to answer for this connection.
    #[must_use]
    pub fn time_wait_seed(&self) -> Option<TimeWaitSeed> {
        let tcb = &self.tcb;
        if tcb.state != State::TimeWait {
            return None;
        }
        let Edges { rcv_nxt, .. } = self.edges();
        let timestamps = tcb
            .uses_timestamps()
            .then_some((tcb.timestamps.recent, tcb.timestamps.offset));
        Some(TimeWaitSeed {
            snd_nxt: tcb.snd.nxt,
            rcv_nxt,
            window: tcb.rcv.offer(&self.receive, tcb.snd.mss_limit).field.0,
            timestamps,
            hop_limit: tcb.config.hop_limit,
            diffserv: tcb.config.diffserv,
            owes_ack: tcb.rcv.ack.owed != super::recv::AckOwed::Nothing,
        })
    }

    /// The sequence number of the next octet that the user reads: for tests and tools.
    #[must_use]
    pub fn read_edge(&self) -> SeqNum {
        self.tcb.rcv.nxt - SeqLen::of(self.receive.len())
    }
}
