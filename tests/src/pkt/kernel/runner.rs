//! The events of a script, one after the other, in real time.

use std::collections::VecDeque;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use super::call::{Descriptors, Stated};
use super::caller::{Caller, Returned};
use super::device::Line;
use super::namespace::{self, Granted};
use super::{KernelSettings, Stop, info};
use crate::pcap::Pcap;
use crate::pkt::ast::{Action, Body, Call, Direction, Event, Packet, Script, Tcp, When};
use crate::pkt::code::{Code, CodeError};
use crate::pkt::compare;
use crate::pkt::engine::{self, Outcome};
use crate::pkt::expectation::Expectation;
use crate::pkt::flow::Flows;
use crate::pkt::render;
use crate::pkt::settings::Scene;
use crate::pkt::shell;
use crate::pkt::wire::Seen;

/// The profile's.
const CONGESTION: &str = "cubic";
/// How long the thread of a call takes to wake up, in microseconds.
const WAKE_US: i64 = 5_000;
/// How long `*` waits: longer than most timers, in microseconds.
const EVER_US: i64 = 120_000_000;

/// What other threads tell.
#[derive(Debug)]
pub(super) enum Happening {
    Packet(Instant, Vec<u8>),
    Returned(Instant, Returned),
}

/// A segment that the kernel sent and the script has not looked at.
#[derive(Debug)]
struct Sent {
    at: i64,
    flow: Option<usize>,
    seen: Seen,
}

/// A system call that was made and has not been judged.
#[derive(Debug)]
pub(super) struct Pending<'s> {
    pub(super) call: &'s Call,
    pub(super) line: usize,
    pub(super) stated: Stated,
    /// The first and the last moment at which it may return.
    pub(super) bounds: (i64, i64),
    pub(super) returned: Option<(i64, Returned)>,
}

/// A script at work.
#[derive(Debug)]
pub(super) struct Runner<'s> {
    settings: &'s KernelSettings,
    pub(super) scene: Scene,
    device: Line,
    caller: Caller,
    happenings: Receiver<Happening>,
    origin: Instant,
    /// When the previous event happened, in microseconds since the start.
    previous: i64,
    pub(super) flows: Flows,
    pub(super) descriptors: Descriptors,
    sent: VecDeque<Sent>,
    pending: Option<Pending<'s>>,
    /// The line of the call that went wrong, if it was not that of the event at hand.
    blamed: Option<usize>,
    discards: bool,
    /// The congestion control of sockets.
    pub(super) congestion: String,
    pcap: Pcap,
}

impl<'s> Runner<'s> {
    pub(super) fn new(
        script: &Script,
        settings: &'s KernelSettings,
    ) -> Result<Self, (usize, Stop)> {
        let unsupported = |(line, what)| (line, Stop::Unsupported(what));
        let mut scene = Scene::of(script, &settings.settings).map_err(unsupported)?;
        scene.tolerance.us = scene.tolerance.us.saturating_add(settings.slack_us);
        let no_namespace = |error| unsupported((1, format!("no namespace: {error}")));
        namespace::fresh().map_err(no_namespace)?;
        let device = namespace::device(&scene).map_err(no_namespace)?;
        namespace::set_profile().map_err(|what| unsupported((1, what)))?;
        let (to, happenings) = mpsc::channel();
        let mut runner = Self {
            settings,
            scene,
            device: Line::new(device, to.clone()),
            caller: Caller::new(to),
            happenings,
            origin: Instant::now(),
            previous: 0,
            flows: Flows::new(),
            descriptors: Descriptors::default(),
            sent: VecDeque::new(),
            pending: None,
            blamed: None,
            discards: false,
            congestion: CONGESTION.into(),
            pcap: Pcap::default(),
        };
        for shell in &script.init {
            let done = runner.shell(&shell.text);
            done.map_err(|stop| (shell.line, stop))?;
        }
        Ok(runner)
    }

    pub(super) fn run(&mut self, script: &'s Script) -> Outcome {
        self.origin = Instant::now();
        let mut ended = Ok(());
        for event in &script.events {
            ended = self.event(event).map_err(|stop| {
                let line = self.blamed.take().unwrap_or(event.line);
                stop.at(line)
            });
            if ended.is_err() {
                break;
            }
        }
        let ended = ended.and_then(|()| {
            let finished = self.finish_call();
            finished.map_err(|stop| stop.at(self.blamed.take().unwrap_or(1)))
        });
        self.descriptors.abandon();
        Outcome {
            verdict: ended.err().unwrap_or(crate::pkt::verdict::Verdict::Ok),
            pcap: std::mem::take(&mut self.pcap),
        }
    }

    fn event(&mut self, event: &'s Event) -> Result<(), Stop> {
        match &event.action {
            Action::Packet(packet) => self.packet(event, packet),
            Action::Call(call) => self.system_call(event, call),
            Action::Shell(text) => {
                self.begin(event);
                self.shell(text)
            }
            Action::Code(code) => {
                self.begin(event);
                self.code(code)
            }
        }
    }

    /// Microseconds since the start.
    fn micros(&self, at: Instant) -> i64 {
        let since = at.saturating_duration_since(self.origin);
        i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
    }

    fn now(&self) -> i64 {
        self.micros(Instant::now())
    }

    /// Lets time pass until an event that the script brings about.
    fn begin(&mut self, event: &Event) {
        let at = match event.time {
            When::Any => self.previous,
            When::At(at) | When::Between(at, _) => at,
            When::After(after) | When::AfterBetween(after, _) => self.previous + after,
        };
        while self.step(at) {}
        self.previous = self.now();
    }

    /// Waits for something to happen, at most until `until`; false when nothing did.
    fn step(&mut self, until: i64) -> bool {
        let left = u64::try_from(until - self.now()).unwrap_or(0);
        match self.happenings.recv_timeout(Duration::from_micros(left)) {
            Ok(Happening::Packet(at, octets)) => {
                let at = self.micros(at);
                self.arrived(at, &octets);
                true
            }
            Ok(Happening::Returned(at, returned)) => {
                let at = self.micros(at);
                if let Some(pending) = &mut self.pending {
                    pending.returned = Some((at, returned));
                }
                true
            }
            Err(RecvTimeoutError::Timeout) => false,
            Err(RecvTimeoutError::Disconnected) => {
                // Both threads are gone; what is still expected will be missed.
                std::thread::sleep(Duration::from_micros(left));
                false
            }
        }
    }

    fn arrived(&mut self, at: i64, octets: &[u8]) {
        self.record(at, octets);
        if self.discards {
            return;
        }
        let Some((mut flow, mut seen)) = self.flows.read(octets) else {
            return;
        };
        // The kernel chose the port of a connection that it opens.
        if flow.is_none() && seen.tcp().flags.syn && !seen.tcp().flags.ack {
            let made = self.flows.open(seen.source, seen.destination);
            if let Some((_, read)) = self.flows.read(octets) {
                (flow, seen) = (Some(made), read);
            }
        }
        self.sent.push_back(Sent { at, flow, seen });
    }

    fn record(&mut self, at: i64, octets: &[u8]) {
        let at = tcp_core::Instant::from_micros(at.unsigned_abs());
        self.pcap.add(at, octets);
    }

    fn packet(&mut self, event: &'s Event, packet: &'s Packet) -> Result<(), Stop> {
        match (&packet.body, packet.direction) {
            (Body::Tcp(tcp), Direction::Out) => self.expect(event, packet, tcp),
            (Body::Tcp(tcp), Direction::In) => {
                self.begin(event);
                let descriptors = &self.descriptors;
                let listens = |port| descriptors.listens(port);
                let flow = self.flows.incoming(tcp, &self.scene, listens);
                let octets = self.flows.get_mut(flow).inject(packet, tcp);
                self.inject(octets)
            }
            (Body::Icmp(icmp), Direction::In) => {
                self.begin(event);
                // What the error is about may be on its way from the other thread.
                while self.step(self.now()) {}
                let Some(flow) = self.flows.current() else {
                    let why = "no segment was sent that it could be about";
                    return Err(Stop::Failed(why.into()));
                };
                self.inject(self.flows.get(flow).icmp_error(icmp, self.scene.remote))
            }
            _ => Err(Stop::Unsupported(render::packet(packet))),
        }
    }

    fn inject(&mut self, octets: Result<Vec<u8>, String>) -> Result<(), Stop> {
        let octets = octets.map_err(Stop::Unsupported)?;
        self.record(self.now(), &octets);
        let injected = self.device.inject(&octets);
        injected.map_err(|error| Stop::Failed(format!("the device refused a packet: {error}")))
    }

    /// The next segment of a conversation is the one stated, and comes in time.
    fn expect(&mut self, event: &'s Event, packet: &'s Packet, tcp: &'s Tcp) -> Result<(), Stop> {
        let bounds = self.scene.tolerance.bounds(event.time, self.previous);
        let latest = bounds.map_or(self.previous + EVER_US, |(_, latest)| latest);
        let expectation = Expectation {
            event,
            packet,
            tcp,
            bounds,
            rigour: self.settings.settings.rigour,
        };
        let Some(mut sent) = self.next_sent(tcp, latest) else {
            return Err(Stop::Failed(expectation.missed(latest)));
        };
        if !self.scene.strict_segments {
            self.join_more(tcp, &mut sent, latest);
        }
        let flow = sent.flow.map(|flow| self.flows.get_mut(flow));
        let judged = expectation.judge(sent.at, &mut sent.seen, flow);
        judged.map_err(Stop::Failed)?;
        self.previous = self.previous.max(sent.at);
        Ok(())
    }

    fn next_sent(&mut self, tcp: &Tcp, latest: i64) -> Option<Sent> {
        loop {
            while let Some(sent) = self.sent.pop_front() {
                if self.flows.is_about(tcp, sent.flow, &sent.seen) {
                    return Some(sent);
                }
            }
            if !self.step(latest) {
                return None;
            }
        }
    }

    /// Adds segments that follow until the stated length is reached.
    fn join_more(&mut self, tcp: &Tcp, first: &mut Sent, latest: i64) {
        while first.seen.tcp().seq.len() < tcp.seq.len() && !first.seen.tcp().flags.syn {
            let next = self.sent.iter().position(|sent| sent.flow == first.flow);
            let Some(next) = next else {
                if self.step(latest) {
                    continue;
                }
                return;
            };
            let more = self.sent.get(next).map(|next| &next.seen);
            if !more.is_some_and(|more| compare::join(&mut first.seen, more)) {
                return;
            }
            self.sent.remove(next);
        }
    }

    fn system_call(&mut self, event: &'s Event, call: &'s Call) -> Result<(), Stop> {
        let from = self.previous;
        self.begin(event);
        self.finish_call()?;
        let end = call.end.map(|end| match event.time {
            When::After(_) | When::AfterBetween(..) => from + end,
            When::At(_) | When::Between(..) | When::Any => end,
        });
        let bounds = end.and_then(|end| self.scene.tolerance.bounds(When::At(end), from));
        let prepared = self.prepare(call)?;
        self.pending = Some(Pending {
            call,
            line: event.line,
            stated: prepared.stated,
            bounds: bounds.unwrap_or((i64::MIN, self.now() + EVER_US)),
            returned: None,
        });
        if !self.caller.make(prepared.work) {
            return Err(Stop::Failed("nobody makes system calls any more".into()));
        }
        if end.is_some() {
            return Ok(());
        }
        self.finish_call()
    }

    /// Waits for the call that was made, and judges what it returned.
    fn finish_call(&mut self) -> Result<(), Stop> {
        while let Some(latest) = self.awaited() {
            if !self.step(latest) {
                break;
            }
        }
        let Some(pending) = self.pending.take() else {
            return Ok(());
        };
        let judged = self.judge_return(&pending);
        if judged.is_err() {
            self.blamed = Some(pending.line);
        }
        judged
    }

    fn judge_return(&mut self, pending: &Pending<'_>) -> Result<(), Stop> {
        let Some((at, returned)) = &pending.returned else {
            let (call, until) = (render::call(pending.call), render::time(pending.bounds.1));
            let message = format!("expected {call} got no return until {until}");
            return Err(Stop::Failed(message));
        };
        if *at < pending.bounds.0 || *at > pending.bounds.1 {
            let (call, at) = (render::call(pending.call), render::time(*at));
            let message = format!("expected {call} got its return at another time, {at}");
            return Err(Stop::Failed(message));
        }
        self.judge(pending, returned)
    }

    /// Takes what a call returned that the event before this one may have ended.
    fn finish_ended_call(&mut self) -> Result<(), Stop> {
        let soon = self.now() + WAKE_US;
        while self.awaited().is_some() && self.step(soon) {}
        let has_returned = |pending: &Pending<'_>| pending.returned.is_some();
        if self.pending.as_ref().is_some_and(has_returned) {
            return self.finish_call();
        }
        Ok(())
    }

    /// Until when the call that was made may go on.
    fn awaited(&self) -> Option<i64> {
        let pending = self.pending.as_ref()?;
        pending.returned.is_none().then_some(pending.bounds.1)
    }

    fn shell(&mut self, text: &str) -> Result<(), Stop> {
        for wish in shell::wishes(text).map_err(Stop::Unsupported)? {
            match namespace::grant(&wish).map_err(Stop::Unsupported)? {
                Granted::Within => {}
                Granted::Discards => self.discards = true,
                Granted::Congestion(name) => self.congestion = name,
            }
        }
        Ok(())
    }

    /// Assertions about the connection under test.
    fn code(&mut self, code: &Code) -> Result<(), Stop> {
        self.finish_ended_call()?;
        let flow = self.flows.current().map(|flow| self.flows.get(flow));
        let socket = flow.and_then(|flow| self.descriptors.between(flow.local, flow.remote));
        let Some(socket) = socket else {
            let why = "assertions without a socket that is connected";
            return Err(Stop::Unsupported(why.into()));
        };
        let info = super::call::tcp_info(&socket);
        let info = info.map_err(|errno| Stop::Failed(format!("TCP_INFO: {errno}")))?;
        let mut names =
            |name: &str| info::field(&info, name).or_else(|| engine::info::constant(name));
        match code.run(&mut names) {
            Ok(_) => Ok(()),
            Err(CodeError::Failed(message)) => Err(Stop::Failed(message)),
            Err(CodeError::Unknown(what) | CodeError::Unsupported(what)) => {
                Err(Stop::Unsupported(what))
            }
        }
    }
}
