//! What a script does: segments and ICMP errors that it sends, time that it lets pass, assertions,
//! shell text.

use std::net::SocketAddr;

use super::{Engine, Stop, info};
use crate::pkt::ast::{
    Body, Direction, Event, Flags, Icmp, OptionList, Packet, Seq, Span, Tcp, When,
};
use crate::pkt::code::{Code, CodeError};
use crate::pkt::icmp::{self, Family};
use crate::pkt::shell::{self, Wish};
use crate::pkt::{render, wire};

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
                let flow = self.flow_in(tcp);
                let flow = self.flows.get(flow);
                let live = flow.with_live_echo(tcp);
                let ends = (flow.remote, flow.local);
                let octets = wire::encode(packet, &live, ends, flow.bases);
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

    /// The conversation of a segment that the script sends.
    fn flow_in(&mut self, tcp: &Tcp) -> usize {
        let usual = (self.scene.local, self.scene.bind_port).into();
        if let Some((source, destination)) = tcp.ports {
            let local = self.sockets.listens(Some(destination));
            let known = self.flows.current().map(|flow| self.flows.get(flow).local);
            let local = local.or(known).or_else(|| self.sockets.listens(None));
            let local: SocketAddr = local.unwrap_or(usual);
            let flow = self
                .flows
                .between(local, (self.scene.remote, source).into());
            self.flows.choose(Some(flow));
            return flow;
        }
        if let Some(flow) = self.flows.current() {
            return flow;
        }
        let local = self.sockets.listens(None).unwrap_or(usual);
        let remote = (self.scene.remote, self.flows.next_port()).into();
        let flow = self.flows.between(local, remote);
        self.flows.choose(Some(flow));
        flow
    }

    /// An ICMP error about a segment that the stack sent.
    fn icmp(&mut self, icmp: &Icmp) -> Result<(), Stop> {
        let family = if self.scene.local.is_ipv4() {
            Family::V4
        } else {
            Family::V6
        };
        let numbers = icmp::numbers(icmp, family).map_err(Stop::Unsupported)?;
        let Some(flow) = self.flows.current() else {
            return Err(Stop::Failed(
                "no segment was sent that it could be about".into(),
            ));
        };
        let flow = self.flows.get(flow);
        let span = icmp.quoted.unwrap_or(Span {
            start: 0,
            end: 0,
            len: 0,
        });
        let quoted = Tcp {
            ports: None,
            flags: Flags::default(),
            seq: Seq::Relative(span),
            ack: None,
            win: None,
            urg: None,
            options: OptionList::Listed(Vec::new()),
        };
        let packet = Packet {
            direction: Direction::Out,
            ip: Default::default(),
            body: Body::Icmp(icmp.clone()),
        };
        let octets = wire::encode(&packet, &quoted, (flow.local, flow.remote), flow.bases);
        let octets = octets.map_err(Stop::Unsupported)?;
        let kind = (numbers.kind, numbers.code);
        let error = wire::icmp_error(self.scene.remote, &octets, kind, numbers.rest);
        let error = error.ok_or_else(|| Stop::Unsupported("icmp of another family".into()))?;
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
            Ok(lines) => {
                self.printed.extend(lines);
                Ok(())
            }
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
        let row = rows.find(|row| (row.tuple.local, row.tuple.remote) == ends);
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
