//! Runs a script against the stack, in virtual time.
//!
//! Time moves only here, from one event of the script to the next, and from one deadline of the
//! stack to the next in between. What the stack sends waits in a queue until the script looks at
//! it.
//!
//! * `bench`: the stack and its clock.
//! * `events`: what the script does. `expect`: what it states. `call`: its system calls.

pub mod bench;
mod call;
mod events;
mod expect;
pub(super) mod info;

use std::collections::VecDeque;

use tcp_core::Instant;

use super::ast::{Action, Call, Event, Script};
use super::flow::Flows;
use super::settings::{Scene, Settings};
use super::shell;
use super::sockets::Sockets;
use super::tuning::Tuning;
use super::verdict::Verdict;
use super::wire::Seen;
use crate::pcap::Pcap;
use bench::Bench;

/// How a script ended, and what was on the wire.
#[derive(Debug)]
pub struct Outcome {
    pub verdict: Verdict,
    pub pcap: Pcap,
}

/// Why the run of a script ends before its last event.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Stop {
    Failed(String),
    Unsupported(String),
}

/// Runs a script.
#[must_use]
pub fn run(script: &Script, settings: &Settings) -> Outcome {
    let mut engine = match Engine::new(script, settings) {
        Ok(engine) => engine,
        Err((line, stop)) => {
            return Outcome {
                verdict: verdict(line, stop),
                pcap: Pcap::default(),
            };
        }
    };
    let verdict = engine.run(script);
    Outcome {
        verdict,
        pcap: engine.bench.pcap,
    }
}

fn verdict(line: usize, stop: Stop) -> Verdict {
    match stop {
        Stop::Failed(message) => Verdict::Failed { line, message },
        Stop::Unsupported(what) => Verdict::Unsupported { line, what },
    }
}

/// A packet that the stack sent and the script has not looked at.
#[derive(Debug)]
struct Sent {
    at: i64,
    flow: Option<usize>,
    /// `None`: not TCP.
    seen: Option<Seen>,
}

/// A system call that waits.
#[derive(Clone, Debug)]
struct Waiting<'s> {
    call: &'s Call,
    line: usize,
    /// When it must return: the first and the last moment.
    end: (i64, i64),
    /// Octets that it wrote so far.
    written: usize,
    /// When it returns in any case, once it has begun.
    wake: Option<i64>,
}

/// A script at work.
struct Engine<'s> {
    settings: &'s Settings,
    scene: Scene,
    bench: Bench,
    sockets: Sockets,
    flows: Flows,
    sent: VecDeque<Sent>,
    waiting: Option<Waiting<'s>>,
    /// How the call that waited ended, if not well.
    broken: Option<(usize, Stop)>,
}

impl<'s> Engine<'s> {
    fn new(script: &Script, settings: &'s Settings) -> Result<Self, (usize, Stop)> {
        let unsupported = |(line, what)| (line, Stop::Unsupported(what));
        let scene = Scene::of(script, settings).map_err(unsupported)?;
        let mut tuning = Tuning::of(settings.profile);
        tuning.mtu = scene.mtu;
        for (line, text) in shell::leading(script) {
            let known = shell::wishes(text).and_then(|wishes| {
                let mut wishes = wishes.iter();
                wishes.try_for_each(|wish| wish.apply(&mut tuning))
            });
            known.map_err(|what| unsupported((line, what)))?;
        }
        let bench = Bench::new(&tuning, scene.local, scene.prefix)
            .map_err(|what| unsupported((1, what)))?;
        let peer = (scene.remote, scene.connect_port).into();
        Ok(Self {
            settings,
            scene,
            bench,
            sockets: Sockets::new(tuning, scene.local, scene.bind_port, peer),
            flows: Flows::new(),
            sent: VecDeque::new(),
            waiting: None,
            broken: None,
        })
    }

    fn run(&mut self, script: &'s Script) -> Verdict {
        for event in &script.events {
            let done = self.event(event);
            if let Some((line, stop)) = self.broken.take() {
                return verdict(line, stop);
            }
            if let Err(stop) = done {
                return verdict(event.line, stop);
            }
        }
        match self.finish_waiting() {
            Ok(()) => Verdict::Ok,
            Err((line, stop)) => verdict(line, stop),
        }
    }

    fn event(&mut self, event: &'s Event) -> Result<(), Stop> {
        match &event.action {
            Action::Packet(packet) => self.packet(event, packet),
            Action::Call(call) => self.system_call(event, call),
            Action::Shell(text) => {
                self.pass_until(event)?;
                self.shell(text)
            }
            Action::Code(code) => {
                self.pass_until(event)?;
                self.code(code)
            }
        }
    }

    /// Lets time pass until `at`, in microseconds since the start.
    fn pass(&mut self, at: i64) -> Result<(), Stop> {
        let end = Bench::instant(at).max(self.bench.now);
        self.settle()?;
        for _ in 0..STEPS {
            let Some(next) = self.next(end) else {
                self.bench.advance(end);
                return self.settle();
            };
            self.bench.advance(next);
            self.settle()?;
        }
        Err(restless())
    }

    /// Lets time pass until the stack sent something or a call returned, at most until `end`.
    /// True when something happened.
    fn step(&mut self, end: Instant) -> Result<bool, Stop> {
        let waits = self.waiting.is_some();
        let sent = self.sent.len();
        self.settle()?;
        for _ in 0..STEPS {
            if self.sent.len() > sent || self.waiting.is_some() != waits {
                return Ok(true);
            }
            let Some(next) = self.next(end) else {
                self.bench.advance(end);
                self.settle()?;
                return Ok(self.sent.len() > sent || self.waiting.is_some() != waits);
            };
            self.bench.advance(next);
            self.settle()?;
        }
        Err(restless())
    }

    /// The next moment at which something is due, not after `end`.
    fn next(&self, end: Instant) -> Option<Instant> {
        let wake = self.waiting.as_ref().and_then(|waiting| waiting.wake);
        let wake = wake.map(Bench::instant);
        let wake = wake.filter(|wake| *wake > self.bench.now && *wake <= end);
        self.bench.next(end).into_iter().chain(wake).min()
    }

    /// Takes what the stack sends now, and lets calls that wait go on.
    fn settle(&mut self) -> Result<(), Stop> {
        self.collect()?;
        self.sockets.observe(&mut self.bench);
        if self.waiting.is_some() {
            self.retry();
            self.collect()?;
            self.sockets.observe(&mut self.bench);
        }
        Ok(())
    }

    fn collect(&mut self) -> Result<(), Stop> {
        self.bench.drain().map_err(|_| restless())?;
        while let Some((at, octets)) = self.bench.out.pop_front() {
            let (flow, seen) = self.flows.read(&octets).unzip();
            let flow = flow.flatten();
            self.sent.push_back(Sent { at, flow, seen });
        }
        Ok(())
    }
}

/// Deadlines between two events.
const STEPS: usize = 100_000;

fn restless() -> Stop {
    Stop::Failed("the stack does not come to rest".into())
}
