//! System calls of a script: from names and arguments to sockets, and the comparison of what they
//! return.

mod options;

use std::net::SocketAddr;

use super::{Engine, Stop, Waiting};
use crate::pkt::ast::{Call, Event, Expr, When};
use crate::pkt::render;
use crate::pkt::sockets::open::How;
use crate::pkt::sockets::readiness::{ERR, HUP, NVAL, Queue};
use crate::pkt::sockets::transfer::MessageFlags;
use crate::pkt::sockets::{Errno, Progress};
use crate::pkt::value::{self, count, number};

/// How long a call without an end waits for the stack's own timers.
const PATIENCE_US: i64 = 60_000_000;

impl<'s> Engine<'s> {
    /// Makes a call at its time.
    pub(super) fn system_call(&mut self, event: &'s Event, call: &'s Call) -> Result<(), Stop> {
        let at = self.time_of(event.time);
        let started_from = self.bench.time();
        self.pass(at)?;
        self.finish_waiting().map_err(|(_, stop)| stop)?;
        let end = match (call.end, event.time) {
            (None, _) => None,
            (Some(end), When::After(_) | When::AfterBetween(..)) => Some(started_from + end),
            (Some(end), _) => Some(end),
        };
        let bounds = end.map(|end| {
            let tolerance = self.scene.tolerance;
            let bounds = tolerance.bounds(When::At(end), started_from.min(at));
            bounds.unwrap_or((end, end))
        });
        let mut waiting = Waiting {
            call,
            line: event.line,
            end: bounds.unwrap_or((i64::MIN, at + PATIENCE_US)),
            written: 0,
            wake: None,
        };
        let progress = self.attempt(&mut waiting)?;
        if progress == Progress::Blocks {
            let has_end = call.end.is_some();
            self.waiting = Some(waiting);
            if !has_end {
                return self.finish_waiting().map_err(|(_, stop)| stop);
            }
            return self.settle();
        }
        self.check(&waiting, progress)?;
        self.settle()
    }

    /// Waits for the call that waits.
    pub(super) fn finish_waiting(&mut self) -> Result<(), (usize, Stop)> {
        while let Some(waiting) = &self.waiting {
            let line = waiting.line;
            let latest = super::Bench::instant(waiting.end.1);
            let moved = self.step(latest.max(self.bench.now));
            let moved = moved.map_err(|stop| (line, stop))?;
            if !moved && self.bench.now >= latest && self.waiting.is_some() {
                let call = self
                    .waiting
                    .take()
                    .map(|waiting| render::call(waiting.call));
                let at = render::time(self.bench.time());
                let message = format!(
                    "expected {} got no return until {at}",
                    call.unwrap_or_default()
                );
                return Err((line, Stop::Failed(message)));
            }
        }
        self.broken.take().map_or(Ok(()), Err)
    }

    /// Tries the call that waits once more.
    pub(super) fn retry(&mut self) {
        let Some(mut waiting) = self.waiting.take() else {
            return;
        };
        let line = waiting.line;
        let done = match self.attempt(&mut waiting) {
            Ok(Progress::Blocks) => {
                self.waiting = Some(waiting);
                return;
            }
            Ok(progress) => self.check(&waiting, progress),
            Err(stop) => Err(stop),
        };
        if let Err(stop) = done {
            self.broken.get_or_insert((line, stop));
        }
    }

    /// Compares what a call returned, and when, with what the script says.
    fn check(&self, waiting: &Waiting<'_>, progress: Progress) -> Result<(), Stop> {
        let call = waiting.call;
        let got = match progress {
            Progress::Blocks => return Ok(()),
            Progress::Done(value) => value.to_string(),
            Progress::Failed(errno) => format!("-1 {errno}"),
        };
        let differs = |why: &str| {
            let at = render::time(self.bench.time());
            let expected = render::call(call);
            Err(Stop::Failed(format!(
                "expected {expected} got {got} at {at}{why}"
            )))
        };
        let now = self.bench.time();
        if now < waiting.end.0 || now > waiting.end.1 {
            return differs(": at another time");
        }
        if call.result == Expr::Ellipsis {
            return Ok(());
        }
        let expected = number(&call.result).map_err(Stop::Unsupported)?;
        let same = match (progress, &call.errno) {
            (Progress::Done(value), None) => value == expected,
            (Progress::Failed(errno), Some(name)) => expected == -1 && errno.is(name),
            (Progress::Failed(_), None) => expected == -1,
            _ => false,
        };
        if same { Ok(()) } else { differs("") }
    }

    /// Makes a call, or tries again one that waits.
    fn attempt(&mut self, waiting: &mut Waiting<'_>) -> Result<Progress, Stop> {
        let call = waiting.call;
        self.dispatch(call, waiting).map_err(|error| match error {
            Trouble::Argument(what) => Stop::Unsupported(format!("{}: {what}", call.name)),
            Trouble::Unknown => Stop::Unsupported(render::call(call)),
            Trouble::Differs(what) => {
                Stop::Failed(format!("expected {} got {what}", render::call(call)))
            }
        })
    }

    fn dispatch(&mut self, call: &Call, waiting: &mut Waiting<'_>) -> Result<Progress, Trouble> {
        let arg = |at: usize| call.args.get(at).unwrap_or(&Expr::Ellipsis);
        let wanted = number(&call.result).ok().filter(|number| *number >= 0);
        if call.name == "socket" {
            return self.socket(call, wanted);
        }
        if call.name == "poll" {
            return self.poll(call, waiting);
        }
        let fd = number(arg(0))?;
        Ok(match call.name.as_str() {
            "bind" => {
                let at = self.address(arg(1), self.scene.bind_port)?;
                self.sockets.bind(fd, at)
            }
            "listen" => {
                let backlog = number(arg(1))?;
                let progress = self.sockets.listen(&mut self.bench, fd, backlog);
                if progress == Progress::Done(0) {
                    self.flows.choose(None);
                }
                progress
            }
            "accept" | "accept4" => {
                let progress = self.sockets.accept(&mut self.bench, fd, wanted);
                if let Progress::Done(child) = progress
                    && call.name == "accept4"
                    && number(arg(3))? & O_NONBLOCK != 0
                {
                    self.sockets.set_nonblocking(child, true);
                }
                progress
            }
            "connect" => self.connect(fd, arg(1))?,
            "shutdown" => {
                let how = match number(arg(1))? {
                    0 => How::Read,
                    1 => How::Write,
                    2 => How::Both,
                    _ => return Ok(Progress::Failed(Errno::EINVAL)),
                };
                self.sockets.shutdown(&mut self.bench, fd, how)
            }
            "close" => self.sockets.close(&mut self.bench, fd),
            "fcntl" => self.fcntl(fd, arg(1), arg(2))?,
            "ioctl" => self.ioctl(fd, arg(1), arg(2))?,
            "setsockopt" => self.set_option(fd, call)?,
            "getsockopt" => self.get_option(fd, call)?,
            _ => return self.transfer(fd, call, waiting),
        })
    }

    fn socket(&mut self, call: &Call, wanted: Option<i64>) -> Result<Progress, Trouble> {
        let kind = call.args.get(1).ok_or(Trouble::Unknown)?;
        let kind = number(kind)?;
        if kind & 0xf != 1 {
            return Err(Trouble::Unknown);
        }
        let made = self.sockets.socket(wanted);
        if kind & O_NONBLOCK != 0 {
            self.sockets.set_nonblocking(made, true);
        }
        Ok(Progress::Done(made))
    }

    fn connect(&mut self, fd: i64, to: &Expr) -> Result<Progress, Trouble> {
        let was_connected = self.sockets.connection(fd).is_some();
        let to = self.address(to, self.scene.connect_port)?;
        let to = to.map(|to| SocketAddr::new(self.scene.remote, to.port()));
        let progress = self.sockets.connect(&mut self.bench, fd, to);
        if let Some(handle) = self.sockets.connection(fd)
            && !was_connected
            && let Ok(tuple) = self.bench.stack.tuple(handle)
        {
            self.flows.open(tuple.local(), tuple.remote());
        }
        Ok(progress)
    }

    /// An address of the local side; the IP address is the scene's.
    fn address(&self, expr: &Expr, port: u16) -> Result<Option<SocketAddr>, Trouble> {
        let usual = SocketAddr::new(self.scene.local, port);
        Ok(value::address(expr, usual)?)
    }

    /// Reading and writing.
    fn transfer(
        &mut self,
        fd: i64,
        call: &Call,
        waiting: &mut Waiting<'_>,
    ) -> Result<Progress, Trouble> {
        let arg = |at: usize| call.args.get(at).unwrap_or(&Expr::Ellipsis);
        let reads = match call.name.as_str() {
            "read" | "recv" | "recvfrom" | "readv" | "recvmsg" => true,
            "write" | "send" | "sendto" | "writev" | "sendmsg" => false,
            _ => return Err(Trouble::Unknown),
        };
        let length = match call.name.as_str() {
            "readv" | "writev" => value::vector(arg(1))?,
            "sendmsg" | "recvmsg" => value::message(arg(1))?,
            _ => count(arg(2))?,
        };
        let flags = match call.name.as_str() {
            "read" | "write" | "readv" | "writev" => 0,
            "sendmsg" | "recvmsg" => number(arg(2))?,
            _ => number(arg(3))?,
        };
        let flags = message_flags(flags)?;
        if reads {
            let done = self.sockets.read(&mut self.bench, fd, length, flags);
            return done.map_err(|corrupted| Trouble::Differs(corrupted.0));
        }
        let sizes = (length, waiting.written);
        let (progress, written) = self.sockets.write(&mut self.bench, fd, sizes, flags);
        waiting.written = written;
        Ok(progress)
    }

    /// `poll([{fd=4, events=POLLIN, revents=POLLIN}], 1, timeout)`.
    fn poll(&mut self, call: &Call, waiting: &mut Waiting<'_>) -> Result<Progress, Trouble> {
        let Some(Expr::List(all)) = call.args.first() else {
            return Err(Trouble::Unknown);
        };
        let timeout = call.args.get(2).map_or(Ok(0), number)?;
        let mut found = Vec::new();
        for one in all {
            let Expr::Struct(fields) = one else {
                return Err(Trouble::Unknown);
            };
            let of = |name| value::field(fields, name).map_or(Ok(0), number);
            let (fd, events, stated) = (of("fd")?, of("events")?, of("revents")?);
            let ready = self.sockets.ready(&self.bench, fd) & (events | ERR | HUP | NVAL);
            found.push((ready, stated));
        }
        let ready = found.iter().filter(|(ready, _)| *ready != 0).count();
        let now = self.bench.time();
        let over = *waiting.wake.get_or_insert(now + timeout * 1_000);
        if ready == 0 && (timeout < 0 || now < over) {
            return Ok(Progress::Blocks);
        }
        if let Some((ready, stated)) = found.iter().find(|(ready, stated)| ready != stated) {
            let what = format!("revents {ready:#x} where {stated:#x} is stated");
            return Err(Trouble::Differs(what));
        }
        Ok(Progress::Done(i64::try_from(ready).unwrap_or(0)))
    }

    fn fcntl(&mut self, fd: i64, command: &Expr, value: &Expr) -> Result<Progress, Trouble> {
        let Expr::Name(command) = command else {
            return Err(Trouble::Unknown);
        };
        Ok(match command.as_str() {
            "F_GETFL" => match self.sockets.is_nonblocking(fd) {
                None => Progress::Failed(Errno::EBADF),
                Some(true) => Progress::Done(2 | O_NONBLOCK),
                Some(false) => Progress::Done(2),
            },
            "F_SETFL" => {
                let flags = number(value)?;
                self.sockets.set_nonblocking(fd, flags & O_NONBLOCK != 0)
            }
            "F_GETFD" | "F_SETFD" => Progress::Done(0),
            _ => return Err(Trouble::Unknown),
        })
    }

    fn ioctl(&mut self, fd: i64, what: &Expr, value: &Expr) -> Result<Progress, Trouble> {
        let Expr::Name(what) = what else {
            return Err(Trouble::Unknown);
        };
        let queue = match what.as_str() {
            "SIOCINQ" | "FIONREAD" => Queue::In,
            "SIOCOUTQ" | "FIONWRITE" | "TIOCOUTQ" => Queue::Out,
            "SIOCOUTQNSD" | "FIONSPACE" => Queue::Unsent,
            "FIONBIO" => {
                let is_on = number(value)? != 0;
                return Ok(self.sockets.set_nonblocking(fd, is_on));
            }
            _ => return Err(Trouble::Unknown),
        };
        match self.sockets.queued(&self.bench, fd, queue) {
            Progress::Done(got) => {
                if *value != Expr::Ellipsis && number(value)? != got {
                    return Err(Trouble::Differs(format!("[{got}]")));
                }
                Ok(Progress::Done(0))
            }
            other => Ok(other),
        }
    }
}

/// As the value of the constant is on Linux.
const O_NONBLOCK: i64 = 0x800;

/// Why a call cannot be made, or did not do what the script says.
enum Trouble {
    /// An argument that is not known.
    Argument(String),
    /// The call itself is not known.
    Unknown,
    Differs(String),
}

impl From<String> for Trouble {
    fn from(what: String) -> Self {
        Self::Argument(what)
    }
}

/// The flags of a message call.
fn message_flags(bits: i64) -> Result<MessageFlags, Trouble> {
    const PEEK: i64 = 2;
    const OOB: i64 = 1;
    const DONT_WAIT: i64 = 0x40;
    const WAIT_ALL: i64 = 0x100;
    const NO_SIGNAL: i64 = 0x4000;
    const MORE: i64 = 0x8000;
    let known = PEEK | OOB | DONT_WAIT | WAIT_ALL | NO_SIGNAL | MORE;
    if bits & !known != 0 {
        return Err(Trouble::Argument(format!("flags {bits:#x}")));
    }
    Ok(MessageFlags {
        peek: bits & PEEK != 0,
        dont_wait: bits & DONT_WAIT != 0,
        more: bits & MORE != 0,
        out_of_band: bits & OOB != 0,
        wait_all: bits & WAIT_ALL != 0,
    })
}
