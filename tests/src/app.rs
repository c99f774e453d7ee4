//! What a user of a connection does in the simulator: writes a stream, reads the peer's, closes.

use tcp_core::{CloseReason, Duration, Handle, Instant, Misuse, State};

use crate::host::SimStack;
use crate::stream::Stream;

/// When and how an application closes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Ending {
    /// Half-closes as soon as everything is written, and keeps the connection until it has ended.
    #[default]
    Linger,
    /// Half-closes as soon as everything is written; closes when the peer's stream has ended, which
    /// leaves what is not acknowledged yet to the stack.
    WhenWritten,
    /// Waits for the end of the peer's stream first.
    WhenRead,
    /// Never.
    Stay,
    /// Aborts when everything is written and so many octets are read.
    Abort(u64),
}

/// What an application will do.
#[derive(Clone, Copy, Debug)]
pub struct Script {
    /// Octets to write.
    pub writes: u64,
    /// The stream that they are taken from.
    pub sends: Stream,
    /// Octets of one write at the most.
    pub write_size: usize,
    /// The stream that the peer is expected to send.
    pub expects: Stream,
    /// Octets of one read at the most.
    pub read_size: usize,
    /// Reads nothing before.
    pub read_from: Instant,
    /// Waits so long between two reads; zero reads all there is.
    pub read_every: Duration,
    /// How it ends.
    pub ending: Ending,
}

impl Default for Script {
    /// Reads all that the peer sends, writes nothing, and closes when the peer does.
    fn default() -> Self {
        Self {
            writes: 0,
            sends: Stream::new(0),
            write_size: 16 << 10,
            expects: Stream::new(0),
            read_size: 16 << 10,
            read_from: Instant::ZERO,
            read_every: Duration::ZERO,
            ending: Ending::default(),
        }
    }
}

/// What became of a connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Outcome {
    /// Octets written.
    pub written: u64,
    /// Octets read, all of them right.
    pub read: u64,
    /// The peer's stream came to its orderly end.
    pub finished: bool,
    /// Why it ended, if it ended before the application closed it.
    pub reason: Option<CloseReason>,
}

/// An application with its connection.
#[derive(Debug)]
pub struct App {
    handle: Handle,
    script: Script,
    written: u64,
    read: u64,
    next_read: Instant,
    shut: bool,
    outcome: Option<Outcome>,
}

impl App {
    /// Runs `script` on a connection that is open or opening.
    #[must_use]
    pub const fn new(handle: Handle, script: Script) -> Self {
        Self {
            handle,
            script,
            written: 0,
            read: 0,
            next_read: script.read_from,
            shut: false,
            outcome: None,
        }
    }

    /// The connection.
    #[must_use]
    pub const fn handle(&self) -> Handle {
        self.handle
    }

    /// What became of it, once it is over.
    #[must_use]
    pub const fn outcome(&self) -> Option<Outcome> {
        self.outcome
    }

    /// When it wants to be run without an event of the stack.
    #[must_use]
    pub fn wakes_at(&self, now: Instant) -> Option<Instant> {
        (self.outcome.is_none() && self.next_read > now).then_some(self.next_read)
    }

    /// Does what can be done now; returns how many calls had an effect.
    pub fn run(&mut self, now: Instant, stack: &mut SimStack) -> usize {
        if self.outcome.is_some() {
            return 0;
        }
        let mut calls = self.write(now, stack);
        calls += self.read(now, stack);
        calls += self.end(now, stack);
        calls
    }

    fn write(&mut self, now: Instant, stack: &mut SimStack) -> usize {
        let mut calls = 0;
        let mut buffer = vec![0; self.script.write_size];
        while self.written < self.script.writes {
            let left = self.script.writes - self.written;
            let size = usize::try_from(left).map_or(buffer.len(), |left| left.min(buffer.len()));
            self.script.sends.fill(self.written, &mut buffer[..size]);
            match stack.send(now, self.handle, &buffer[..size]) {
                Ok(0) | Err(Misuse::NotYetOpen | Misuse::Closed) => break,
                Ok(taken) => self.written += taken as u64,
                Err(misuse) => panic!("send refused: {misuse}"),
            }
            calls += 1;
        }
        calls
    }

    fn read(&mut self, now: Instant, stack: &mut SimStack) -> usize {
        let mut calls = 0;
        let mut buffer = vec![0; self.script.read_size];
        while now >= self.next_read {
            let octets = match stack.read(now, self.handle, &mut buffer) {
                Ok(0) | Err(Misuse::NotYetOpen | Misuse::Closed) => break,
                Ok(octets) => octets,
                Err(misuse) => panic!("read refused: {misuse}"),
            };
            let wrong = self
                .script
                .expects
                .first_difference(self.read, &buffer[..octets]);
            assert_eq!(wrong, None, "U5: the octet there is not what was sent");
            self.read += octets as u64;
            calls += 1;
            if self.script.read_every > Duration::ZERO {
                self.next_read = now + self.script.read_every;
            }
        }
        calls
    }

    fn end(&mut self, now: Instant, stack: &mut SimStack) -> usize {
        let finished = stack.is_finished(self.handle).expect("the handle is ours");
        let reason = stack.close_reason(self.handle).expect("the handle is ours");
        let unread = stack.readable(self.handle).expect("the handle is ours");
        let all_written = self.written == self.script.writes;
        let ended = reason.is_some() || stack.state(self.handle) == Ok(State::TimeWait);
        if ended && unread == 0 {
            self.over(now, stack, finished, reason);
            return 1;
        }
        match self.script.ending {
            Ending::Linger | Ending::WhenWritten if all_written && !self.shut => {
                // A close before the handshake would delete what is queued (RFC 9293 section
                // 3.10.4).
                self.shut = stack.state(self.handle) != Ok(State::SynSent)
                    && stack.shutdown(now, self.handle).is_ok();
                usize::from(self.shut)
            }
            Ending::WhenWritten | Ending::WhenRead if all_written && finished => {
                self.over(now, stack, finished, None);
                1
            }
            Ending::Abort(octets) if all_written && self.read >= octets => {
                stack.abort(now, self.handle).expect("the handle is ours");
                let reason = stack.close_reason(self.handle).expect("the handle is ours");
                self.over(now, stack, finished, reason);
                1
            }
            Ending::Linger
            | Ending::WhenWritten
            | Ending::WhenRead
            | Ending::Stay
            | Ending::Abort(_) => 0,
        }
    }

    fn over(
        &mut self,
        now: Instant,
        stack: &mut SimStack,
        finished: bool,
        reason: Option<CloseReason>,
    ) {
        stack.close(now, self.handle).expect("the handle is ours");
        self.outcome = Some(Outcome {
            written: self.written,
            read: self.read,
            finished,
            reason,
        });
    }
}
