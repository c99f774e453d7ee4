//! What a script does: segments and ICMP errors that it sends, time that it lets pass, assertions,
//! shell text.

use super::{Engine, Stop, info};
use crate::pkt::ast::{Body, Direction, Event, Icmp, Packet, When};
use crate::pkt::code::{Code, CodeError};
use crate::pkt::render;
use crate::pkt::shell::{self, Wish};

impl<'s> Engine<'s> {
    /// When an event takes place that the script brings about.
    pub(super) fn time_of(&self, when: When) -> i64 {
        let now = self.bench.time();
        match when {
            When::Any => now,
            When::At(at) | When::Between(at, _) => at.max(now),
            When::After(after) | When::AfterBetween(after, _) => now + after,
        }
    }

    /// Lets time pass until an event that the script brings about.
    pub(super) fn pass_until(&mut self, event: &Event) -> Result<(), Stop> {
        self.pass(self.time_of(event.time))
    }

    pub(super) fn packet(&mut self, event: &'s Event, packet: &'s Packet) -> Result<(), Stop> {
        match (&packet.body, packet.direction) {
            (Body::Tcp(tcp), Direction::Out) => self.expect(event, packet, tcp),
            (Body::Tcp(tcp), Direction::In) => {
                self.pass_until(event)?;
                let listens = |port| self.sockets.listens(port);
                let flow = self.flows.incoming(tcp, &self.scene, listens);
                let octets = self.flows.get_mut(flow).inject(packet, tcp);
                self.bench.inject(&octets.map_err(Stop::Unsupported)?);
                self.settle()
            }
            (Body::Icmp(icmp), Direction::In) => {
                self.pass_until(event)?;
                self.icmp(icmp)
            }
            _ => Err(Stop::Unsupported(render::packet(packet))),
        }
    }

    /// An ICMP error about a segment that the stack sent.
    fn icmp(&mut self, icmp: &Icmp) -> Result<(), Stop> {
        let Some(flow) = self.flows.current() else {
            return Err(Stop::Failed(
                "no segment was sent that it could be about".into(),
            ));
        };
        let error = self.flows.get(flow).icmp_error(icmp, self.scene.remote);
        let error = error.map_err(Stop::Unsupported)?;
        self.bench.inject(&error);
        self.settle()
    }

    /// Assertions about the connection under test.
    pub(super) fn code(&mut self, code: &Code) -> Result<(), Stop> {
        let info = self.snapshot();
        let mut names = |name: &str| {
            let field = info.as_ref().and_then(|info| info::field(info, name));
            field.or_else(|| info::constant(name))
        };
        match code.run(&mut names) {
            // What it printed nobody asked for.
            Ok(_) => Ok(()),
            Err(CodeError::Failed(message)) => Err(Stop::Failed(message)),
            Err(CodeError::Unknown(name)) => Err(Stop::Unsupported(name)),
            Err(CodeError::Unsupported(what)) => Err(Stop::Unsupported(what)),
        }
    }

    /// A snapshot of the connection under test.
    fn snapshot(&self) -> Option<tcp_core::Info> {
        let flow = self.flows.get(self.flows.current()?);
        let ends = (flow.local, flow.remote);
        let mut rows = self.bench.stack.rows(self.bench.now);
        let row = rows.find(|row| (row.tuple.local(), row.tuple.remote()) == ends);
        let state = row.map(|row| row.state);
        row.and_then(|row| row.info).or(Some(tcp_core::Info {
            state: state.unwrap_or(tcp_core::State::Closed),
            ..tcp_core::Info::default()
        }))
    }

    /// Shell text between events.
    pub(super) fn shell(&mut self, text: &str) -> Result<(), Stop> {
        for wish in shell::wishes(text).map_err(Stop::Unsupported)? {
            match &wish {
                Wish::Sleep(us) => self.pass(self.bench.time() + us)?,
                Wish::State(name) => self.assert_state(name)?,
                Wish::Control(..) | Wish::Defaults(_) | Wish::Discard => {
                    let tuning = self.sockets.tuning_mut();
                    wish.apply(tuning).map_err(Stop::Unsupported)?;
                    self.bench.discards = tuning.discards;
                }
            }
        }
        Ok(())
    }

    /// The connection is in the state that `ss` or `sockstat` call by this name.
    fn assert_state(&self, name: &str) -> Result<(), Stop> {
        let wanted = name.replace(['-', '_'], "").to_uppercase();
        let state = self.snapshot().map(|info| info.state).unwrap_or_default();
        let is = match state {
            tcp_core::State::SynReceived => "SYNRCVD".to_owned(),
            state => state.to_string().replace('-', "").to_uppercase(),
        };
        let short = is.replace("RECEIVED", "RCVD");
        if is == wanted || short == wanted {
            return Ok(());
        }
        Err(Stop::Failed(format!(
            "expected the state {name}, got {state}"
        )))
    }
}
