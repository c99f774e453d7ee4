//! Conversations between the script and the stack: their ends, and where the numbers of the script
//! stand on the wire.

use std::net::SocketAddr;

use crate::pkt::ast::{OptionList, Tcp, TcpOption};
use crate::pkt::wire::{Bases, Seen};

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
            });
            self.all.len() - 1
        })
    }

    /// The next port of the script's side.
    pub(super) const fn next_port(&mut self) -> u16 {
        self.next_port += 1;
        self.next_port - 1
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

    /// The conversation that a packet of the stack belongs to.
    #[must_use]
    pub(super) fn of(&self, seen: &Seen) -> Option<usize> {
        self.all
            .iter()
            .position(|flow| flow.local == seen.source && flow.remote == seen.destination)
    }
}

impl Default for Flows {
    fn default() -> Self {
        Self::new()
    }
}

impl Flow {
    /// Notes the stack's clock as a segment of it shows it.
    pub(super) fn note_stamp(&mut self, seen: &Seen) {
        self.last_stamp = stamp(seen.tcp()).or(self.last_stamp);
    }

    /// What the script calls a segment's TSval is what it was on the wire.
    pub(super) fn learn(&mut self, expected: &Tcp, seen: &Seen) {
        if let (Some(script), Some(live)) = (stamp(expected), stamp(seen.tcp())) {
            self.stamps.push((script, live));
        }
    }

    /// The segment of the script with TSecr as it stands on the wire.
    #[must_use]
    pub(super) fn with_live_echo(&self, tcp: &Tcp) -> Tcp {
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
