//! A stub resolver (RFC 1035, RFC 5452): asks a server for the addresses of a name.
//!
//! Every question has a number and a port that cannot be guessed, and others when it is asked
//! again. An answer counts if it comes from the server that was asked, to that port, with that
//! number and that question. Questions go to one server after the other with pauses that double,
//! four times in all. A truncated answer is an error that says so: there is no second try over TCP.
//! Nothing is remembered from one question to the next.

mod message;

use core::net::{IpAddr, SocketAddr};

use heapless::Vec;
use tcp_core::{Duration, Instant};

use super::dropped::LinkDropped;
use super::random::Random;
use super::udp::Datagram;
use message::{Answer, Name};

/// Questions at a time.
const QUERIES: usize = 2;
/// Addresses of one answer that are kept.
pub(crate) const ADDRESSES: usize = 4;
/// Servers that may be configured.
pub(crate) const SERVERS: usize = 4;
pub(super) const SERVER_PORT: u16 = 53;
const FIRST_PORT: u16 = 49_152;
/// How often a question is asked.
const TRIES: u8 = 4;
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// A question is given up after this time, whatever happened: the sum of all pauses.
const PATIENCE: Duration = Duration::from_secs(15);
/// How soon to look again whether the way to the server is known.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// What is asked for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum RecordType {
    /// IPv4 addresses.
    A,
    /// IPv6 addresses.
    Aaaa,
}

/// Why a name has no addresses.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum DnsError {
    /// The text is no name: a label is empty or too long, or the whole is.
    BadName,
    /// As many questions are asked as can be.
    Busy,
    /// There is no such question (any more).
    NoQuery,
    /// No server is known.
    NoServer,
    /// No server answered in time.
    TimedOut,
    /// No server could tell.
    ServerFailure,
    /// There is no such name.
    NoSuchName,
    /// The name has no address of that family.
    NoAddress,
    /// The answer does not fit into a datagram.
    Truncated,
}

impl core::fmt::Display for DnsError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::BadName => "not a name",
            Self::Busy => "too many questions at a time",
            Self::NoQuery => "no such question",
            Self::NoServer => "no name server is known",
            Self::TimedOut => "no name server answered",
            Self::ServerFailure => "no name server could tell",
            Self::NoSuchName => "no such name",
            Self::NoAddress => "the name has no such address",
            Self::Truncated => "the answer was truncated",
        })
    }
}

impl core::error::Error for DnsError {}

/// Names a question.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Query {
    index: u8,
    generation: u8,
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Phase {
    Free,
    /// Asked, or to be asked, at `due`.
    Asking {
        due: Instant,
    },
    Done(Result<Vec<IpAddr, ADDRESSES>, DnsError>),
}

#[derive(Debug)]
struct Slot {
    name: Name,
    kind: RecordType,
    phase: Phase,
    /// When it is given up.
    until: Instant,
    id: u16,
    port: u16,
    /// Who was asked last.
    server: Option<IpAddr>,
    tried: u8,
    /// Whether a server said that it cannot tell.
    failed: bool,
    generation: u8,
}

impl Slot {
    const FREE: Self = Self {
        name: Name::NONE,
        kind: RecordType::A,
        phase: Phase::Free,
        until: Instant::ZERO,
        id: 0,
        port: 0,
        server: None,
        tried: 0,
        failed: false,
        generation: 0,
    };
}

/// The questions.
#[derive(Debug)]
pub(crate) struct Resolver {
    slots: [Slot; QUERIES],
    /// Configured servers.
    pub(crate) servers: Vec<IpAddr, SERVERS>,
}

impl Resolver {
    pub(super) const fn new() -> Self {
        Self {
            slots: [Slot::FREE; QUERIES],
            servers: Vec::new(),
        }
    }

    /// Asks for the addresses of a name.
    pub(crate) fn ask(
        &mut self,
        now: Instant,
        name: &str,
        kind: RecordType,
    ) -> Result<Query, DnsError> {
        let name = Name::new(name).ok_or(DnsError::BadName)?;
        let mut slots = self.slots.iter_mut().zip(0..);
        let free = slots.find(|(slot, _)| slot.phase == Phase::Free);
        let (slot, index) = free.ok_or(DnsError::Busy)?;
        let generation = slot.generation.wrapping_add(1);
        *slot = Slot {
            name,
            kind,
            phase: Phase::Asking { due: now },
            until: now + PATIENCE,
            generation,
            ..Slot::FREE
        };
        Ok(Query { index, generation })
    }

    fn slot(&mut self, query: Query) -> Option<&mut Slot> {
        let slot = self.slots.get_mut(usize::from(query.index))?;
        let is_it = slot.generation == query.generation && slot.phase != Phase::Free;
        is_it.then_some(slot)
    }

    /// The outcome, once; `None` while it is awaited.
    pub(crate) fn take(
        &mut self,
        query: Query,
    ) -> Option<Result<Vec<IpAddr, ADDRESSES>, DnsError>> {
        let Some(slot) = self.slot(query) else {
            return Some(Err(DnsError::NoQuery));
        };
        let Phase::Done(outcome) = &slot.phase else {
            return None;
        };
        let outcome = outcome.clone();
        slot.phase = Phase::Free;
        Some(outcome)
    }

    /// Nobody waits for the outcome any more.
    pub(crate) fn cancel(&mut self, query: Query) {
        if let Some(slot) = self.slot(query) {
            slot.phase = Phase::Free;
        }
    }

    /// Gives up what was asked for too long.
    pub(super) fn advance(&mut self, now: Instant) {
        for slot in &mut self.slots {
            let Phase::Asking { due } = slot.phase else {
                continue;
            };
            if slot.until <= now || (slot.tried == TRIES && due <= now) {
                let error = match slot.server {
                    _ if slot.failed => DnsError::ServerFailure,
                    Some(_) => DnsError::TimedOut,
                    None => DnsError::NoServer,
                };
                slot.phase = Phase::Done(Err(error));
            }
        }
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        let times = self.slots.iter().filter_map(|slot| match slot.phase {
            Phase::Asking { due } => Some(due.min(slot.until)),
            Phase::Free | Phase::Done(_) => None,
        });
        times.min()
    }

    /// The question that is due, and who is to be asked it.
    pub(super) fn due(&self, now: Instant, servers: &[IpAddr]) -> Option<(usize, Option<IpAddr>)> {
        let is_due = |slot: &Slot| matches!(slot.phase, Phase::Asking { due } if due <= now);
        let index = self.slots.iter().position(is_due)?;
        let tried = usize::from(self.slots.get(index)?.tried);
        let turn = tried.checked_rem(servers.len()).unwrap_or(0);
        Some((index, servers.get(turn).copied()))
    }

    /// The way to the server is not known: not yet.
    pub(super) fn postpone(&mut self, now: Instant, index: usize) {
        if let Some(slot) = self.slots.get_mut(index) {
            slot.phase = Phase::Asking {
                due: now + LOOK_AGAIN,
            };
        }
    }

    /// Writes question `index` for `server` to the start of `out`: from which port, and its
    /// length.
    pub(super) fn write(
        &mut self,
        now: Instant,
        (index, server): (usize, IpAddr),
        out: &mut [u8],
        random: &mut Random,
    ) -> Option<(u16, usize)> {
        let slot = self.slots.get_mut(index)?;
        let bits = random.next();
        slot.id = (bits >> 48) as u16;
        slot.port = FIRST_PORT | (bits >> 32) as u16;
        slot.server = Some(server);
        let pause = FIRST_PAUSE.doubled(slot.tried.into());
        slot.phase = Phase::Asking { due: now + pause };
        slot.tried = slot.tried.saturating_add(1);
        let len = message::ask(out, slot.id, &slot.name, slot.kind)?;
        Some((slot.port, len))
    }

    /// A datagram that is for no other service.
    pub(super) fn arrive(
        &mut self,
        now: Instant,
        datagram: &Datagram<'_>,
    ) -> Result<(), LinkDropped> {
        let from = Some(datagram.from).filter(|from| from.port() == SERVER_PORT);
        let asked = |slot: &&mut Slot| {
            matches!(slot.phase, Phase::Asking { .. })
                && slot.port == datagram.to_port
                && slot.server.is_some()
                && slot.server == from.map(|from: SocketAddr| from.ip())
        };
        let slot = self.slots.iter_mut().find(asked);
        let slot = slot.ok_or(LinkDropped::UdpUnasked)?;
        match message::read(datagram.data, slot.id, &slot.name, slot.kind) {
            Answer::Other => Err(LinkDropped::UdpUnasked),
            Answer::TryAnother => {
                slot.failed = true;
                slot.phase = Phase::Asking { due: now };
                // The answer to this number is in.
                slot.port = 0;
                Ok(())
            }
            Answer::Final(outcome) => {
                slot.phase = Phase::Done(outcome);
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests;
