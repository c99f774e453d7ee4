//! Conversations between the script and the stack: their ends, and where the numbers of the script
//! stand on the wire.

use std::net::{IpAddr, SocketAddr};

use super::ast::{
    Body, Direction, Flags, Icmp, IpInfo, OptionList, Packet, Seq, Span, Tcp, TcpOption,
};
use super::icmp::{self, Family};
use super::settings::Scene;
use super::wire::{self, Bases, Seen};

/// One conversation.
#[derive(Clone, Debug)]
pub(super) struct Flow {
    pub(super) local: SocketAddr,
    pub(super) remote: SocketAddr,
    pub(super) bases: Bases,
    /// Values of TSval that the script wrote, and what they were on the wire.
    stamps: Vec<(u32, u32)>,
    /// The stack's latest TSval.
    last_stamp: Option<u32>,
    /// Whether the side under test opened it, and not the script.
    is_opened_here: bool,
}

/// All conversations of a script.
#[derive(Clone, Debug)]
pub(super) struct Flows {
    all: Vec<Flow>,
    /// The one that segments without ports belong to.
    current: Option<usize>,
    next_port: u16,
}

/// The script's first port.
const FIRST_PORT: u16 = 40_000;

impl Flows {
    #[must_use]
    pub(super) const fn new() -> Self {
        Self {
            all: Vec::new(),
            current: None,
            next_port: FIRST_PORT,
        }
    }

    /// The conversation between two ends; made if there is none.
    pub(super) fn between(&mut self, local: SocketAddr, remote: SocketAddr) -> usize {
        let mut all = self.all.iter();
        let found = all.position(|flow| flow.local == local && flow.remote == remote);
        found.unwrap_or_else(|| {
            self.all.push(Flow {
                local,
                remote,
                bases: Bases::default(),
                stamps: Vec::new(),
                last_stamp: None,
                is_opened_here: false,
            });
            self.all.len() - 1
        })
    }

    #[must_use]
    pub(super) const fn current(&self) -> Option<usize> {
        self.current
    }

    /// Which conversation segments without ports belong to from here on; `None`: the next segment
    /// begins one.
    pub(super) const fn choose(&mut self, flow: Option<usize>) {
        self.current = flow;
    }

    #[must_use]
    pub(super) fn get(&self, flow: usize) -> &Flow {
        &self.all[flow]
    }

    pub(super) fn get_mut(&mut self, flow: usize) -> &mut Flow {
        &mut self.all[flow]
    }

    /// Reads a packet of the side under test, in the terms of the conversation that it belongs to;
    /// `None` when it is no TCP segment. The conversation is `None` when it is not known.
    pub(super) fn read(&mut self, octets: &[u8]) -> Option<(Option<usize>, Seen)> {
        let seen = wire::decode(octets, Bases::default())?;
        let mut all = self.all.iter();
        let is_of = |flow: &Flow| flow.local == seen.source && flow.remote == seen.destination;
        let Some(at) = all.position(is_of) else {
            return Some((None, seen));
        };
        let flow = self.get_mut(at);
        if seen.tcp().flags.syn {
            flow.bases.local = seen.raw_seq;
        }
        flow.last_stamp = stamp(seen.tcp()).or(flow.last_stamp);
        Some((Some(at), wire::decode(octets, flow.bases)?))
    }

    /// The conversation of a segment that the script sends. `listens` says where somebody listens,
    /// at a certain port or at any.
    pub(super) fn incoming(
        &mut self,
        tcp: &Tcp,
        scene: &Scene,
        listens: impl Fn(Option<u16>) -> Option<SocketAddr>,
    ) -> usize {
        let (local, remote) = match (tcp.ports, self.current) {
            (Some((source, destination)), _) => {
                let listening = listens(Some(destination));
                let local = listening.or_else(|| self.opened_towards(source));
                (local.unwrap_or((scene.local, destination).into()), source)
            }
            (None, Some(current)) => return current,
            (None, None) => {
                let port = self.next_port;
                self.next_port += 1;
                let usual = (scene.local, scene.bind_port).into();
                (listens(None).unwrap_or(usual), port)
            }
        };
        let flow = self.between(local, (scene.remote, remote).into());
        self.choose(Some(flow));
        flow
    }

    /// The port of the side under test in a conversation that it opened towards this port of the
    /// script's: what the script calls it, it could not know.
    fn opened_towards(&self, remote: u16) -> Option<SocketAddr> {
        let current = self.current.map(|flow| self.get(flow));
        let mut all = current.into_iter().chain(self.all.iter().rev());
        let opened = |flow: &&Flow| flow.is_opened_here && flow.remote.port() == remote;
        all.find(opened).map(|flow| flow.local)
    }

    /// A conversation that the side under test opens; segments without ports belong to it from
    /// here on.
    pub(super) fn open(&mut self, local: SocketAddr, remote: SocketAddr) -> usize {
        let flow = self.between(local, remote);
        self.get_mut(flow).is_opened_here = true;
        self.choose(Some(flow));
        flow
    }

    /// Whether a segment that was sent belongs to the conversation of the one stated.
    #[must_use]
    pub(super) fn is_about(&self, tcp: &Tcp, flow: Option<usize>, seen: &Seen) -> bool {
        match tcp.ports {
            Some((_, remote)) => seen.destination.port() == remote || flow.is_none(),
            None => flow.is_none() || flow == self.current(),
        }
    }
}

impl Default for Flows {
    fn default() -> Self {
        Self::new()
    }
}

impl Flow {
    /// Makes the numbers of the segment that opens the conversation those that the script states:
    /// it may count from another number than 0.
    pub(super) fn count_from(&mut self, expected: &Tcp, seen: &mut Seen) {
        let Seq::Relative(span) = expected.seq else {
            return;
        };
        if !expected.flags.syn {
            return;
        }
        self.bases.local = seen.raw_seq.wrapping_sub(span.start);
        if let Seq::Relative(of_seen) = &mut seen.tcp_mut().seq {
            of_seen.start = span.start;
            of_seen.end = span.start.wrapping_add(of_seen.len);
        }
    }

    /// A packet of the script's side as it stands on the wire.
    ///
    /// # Errors
    /// What cannot be written.
    pub(super) fn inject(&mut self, packet: &Packet, tcp: &Tcp) -> Result<Vec<u8>, String> {
        // Until the side under test has a number of its own, a SYN says where the stream begins.
        if tcp.flags.syn
            && self.bases.local == 0
            && let Seq::Relative(span) = tcp.seq
        {
            self.bases.remote_syn = span.start;
        }
        let live = self.with_live_echo(tcp);
        wire::encode(packet, &live, (self.remote, self.local), self.bases)
    }

    /// An ICMP error about a segment of the side under test.
    ///
    /// # Errors
    /// What is not known of it.
    pub(super) fn icmp_error(&self, icmp: &Icmp, router: IpAddr) -> Result<Vec<u8>, String> {
        let family = match router {
            IpAddr::V4(_) => Family::V4,
            IpAddr::V6(_) => Family::V6,
        };
        let numbers = icmp::numbers(icmp, family)?;
        let quoted = Tcp {
            ports: None,
            flags: Flags::default(),
            seq: Seq::Relative(icmp.quoted.unwrap_or(Span {
                start: 0,
                end: 0,
                len: 0,
            })),
            ack: None,
            win: None,
            urg: None,
            options: OptionList::Listed(Vec::new()),
        };
        let packet = Packet {
            direction: Direction::Out,
            ip: IpInfo::default(),
            body: Body::Icmp(icmp.clone()),
        };
        let octets = wire::encode(&packet, &quoted, (self.local, self.remote), self.bases)?;
        let error = wire::icmp_error(router, &octets, (numbers.kind, numbers.code), numbers.rest);
        error.ok_or_else(|| "icmp of another family".into())
    }

    /// What the script calls a segment's TSval is what it was on the wire.
    pub(super) fn learn(&mut self, expected: &Tcp, seen: &Seen) {
        if let (Some(script), Some(live)) = (stamp(expected), stamp(seen.tcp())) {
            self.stamps.push((script, live));
        }
    }

    /// The segment of the script with TSecr as it stands on the wire.
    #[must_use]
    fn with_live_echo(&self, tcp: &Tcp) -> Tcp {
        let mut live = tcp.clone();
        if let OptionList::Listed(options) = &mut live.options {
            for option in options {
                if let TcpOption::Timestamps { ecr, .. } = option {
                    *ecr = self.live_echo(*ecr);
                }
            }
        }
        live
    }

    /// A value that the script never saw is as far from the last one as the script says.
    fn live_echo(&self, script: u32) -> u32 {
        let known = self.stamps.iter().rev().find(|(known, _)| *known == script);
        match (known, self.stamps.last(), self.last_stamp) {
            (Some((_, live)), _, _) => *live,
            _ if script == 0 => 0,
            (None, Some((last, live)), _) => live.wrapping_add(script.wrapping_sub(*last)),
            (None, None, Some(live)) => live,
            (None, None, None) => script,
        }
    }
}

/// TSval.
fn stamp(tcp: &Tcp) -> Option<u32> {
    let OptionList::Listed(options) = &tcp.options else {
        return None;
    };
    options.iter().find_map(|option| match option {
        TcpOption::Timestamps { val, .. } => Some(*val),
        _ => None,
    })
}
