//! What a script states: segments that come out.

use super::{Engine, Sent, Stop};
use crate::pkt::ast::{Event, Packet, Seq, Tcp, When};
use crate::pkt::compare;
use crate::pkt::render;
use crate::pkt::wire::Seen;

/// How long `*` waits: longer than any timer of TCP's.
const EVER_US: i64 = 30 * 3_600 * 1_000_000;

impl Engine<'_> {
    /// The next segment of a conversation is the one stated, and comes in time.
    pub(super) fn expect(&mut self, event: &Event, packet: &Packet, tcp: &Tcp) -> Result<(), Stop> {
        let previous = self.bench.time();
        let bounds = self.scene.tolerance.bounds(event.time, previous);
        let latest = bounds.map_or(previous + EVER_US, |(_, latest)| latest);
        let stated = || stated(event.time, packet);
        let Some((at, mut seen, flow)) = self.next_sent(tcp, latest)? else {
            let until = render::time(latest);
            let message = format!("expected {} got nothing until {until}", stated());
            return Err(Stop::Failed(message));
        };
        if !self.scene.strict_segments {
            self.join_more(tcp, &mut seen, flow, latest)?;
        }
        if let Some(flow) = flow
            && tcp.flags.syn
            && let Seq::Relative(span) = tcp.seq
        {
            // A script may count from another number than 0.
            let flow = self.flows.get_mut(flow);
            flow.bases.local = seen.raw_seq.wrapping_sub(span.start);
            if let Seq::Relative(of_seen) = &mut seen.tcp_mut().seq {
                of_seen.start = span.start;
                of_seen.end = span.start.wrapping_add(of_seen.len);
            }
        }
        let got = || {
            format!(
                "{} {}",
                render::time(at),
                render::packet(&shown(&seen, tcp))
            )
        };
        let difference = compare::difference(packet, tcp, &seen, self.settings.rigour);
        if let Some(what) = difference {
            let message = format!("expected {} got {}: {what}", stated(), got());
            return Err(Stop::Failed(message));
        }
        if let Some((from, to)) = bounds.filter(|(from, to)| at < *from || at > *to) {
            let (from, to) = (render::time(from), render::time(to));
            let message = format!(
                "expected {} got {}: not between {from} and {to}",
                stated(),
                got()
            );
            return Err(Stop::Failed(message));
        }
        if let Some(flow) = flow {
            self.flows.get_mut(flow).learn(tcp, &seen);
        }
        Ok(())
    }

    /// The next segment of the conversation of `tcp`, waited for until `latest`.
    fn next_sent(
        &mut self,
        tcp: &Tcp,
        latest: i64,
    ) -> Result<Option<(i64, Seen, Option<usize>)>, Stop> {
        let end = super::Bench::instant(latest).max(self.bench.now);
        loop {
            while let Some(sent) = self.sent.pop_front() {
                if let Sent {
                    at,
                    flow,
                    seen: Some(seen),
                } = sent
                    && self.is_about(tcp, flow, &seen)
                {
                    return Ok(Some((at, seen, flow)));
                }
            }
            if !self.step(end)? && self.bench.now >= end {
                return Ok(None);
            }
        }
    }

    /// Whether a segment that was sent belongs to the conversation of the one stated.
    fn is_about(&self, tcp: &Tcp, flow: Option<usize>, seen: &Seen) -> bool {
        match tcp.ports {
            Some((_, remote)) => seen.destination.port() == remote || flow.is_none(),
            None => flow.is_none() || flow == self.flows.current(),
        }
    }

    /// Adds segments that follow until the stated length is reached.
    fn join_more(
        &mut self,
        tcp: &Tcp,
        seen: &mut Seen,
        flow: Option<usize>,
        latest: i64,
    ) -> Result<(), Stop> {
        while seen.tcp().seq.len() < tcp.seq.len() && !seen.tcp().flags.syn {
            let mut queue = self.sent.iter();
            let next = queue.position(|sent| sent.flow == flow && sent.seen.is_some());
            let Some(next) = next else {
                let end = super::Bench::instant(latest).max(self.bench.now);
                if self.step(end)? {
                    continue;
                }
                return Ok(());
            };
            let joined = self.sent[next]
                .seen
                .as_ref()
                .is_some_and(|next| compare::join(seen, next));
            if !joined {
                return Ok(());
            }
            self.sent.remove(next);
        }
        Ok(())
    }
}

/// An event as the script states it.
fn stated(when: When, packet: &Packet) -> String {
    let time = match when {
        When::Any => "*".to_owned(),
        When::At(at) => render::time(at),
        When::After(after) => format!("+{}", render::time(after)),
        When::Between(from, to) => format!("{}~{}", render::time(from), render::time(to)),
        When::AfterBetween(from, to) => {
            format!("+{}~+{}", render::time(from), render::time(to))
        }
    };
    format!("{time} {}", render::packet(packet))
}

/// A segment without what the script does not state and does not compare.
fn shown(seen: &Seen, tcp: &Tcp) -> Packet {
    let mut shown = seen.clone();
    shown.packet.ip = Default::default();
    let of_seen = shown.tcp_mut();
    if tcp.ports.is_none() {
        of_seen.ports = None;
    }
    shown.packet
}
