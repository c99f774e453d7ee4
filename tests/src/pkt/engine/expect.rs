//! What a script states: segments that come out.

use super::{Engine, Sent, Stop};
use crate::pkt::ast::{Event, Packet, Tcp};
use crate::pkt::compare;
use crate::pkt::expectation::Expectation;
use crate::pkt::wire::Seen;

/// How long `*` waits: longer than any timer of TCP's.
const EVER_US: i64 = 30 * 3_600 * 1_000_000;

impl Engine<'_> {
    /// The next segment of a conversation is the one stated, and comes in time.
    pub(super) fn expect(&mut self, event: &Event, packet: &Packet, tcp: &Tcp) -> Result<(), Stop> {
        let previous = self.bench.time();
        let bounds = self.scene.tolerance.bounds(event.time, previous);
        let latest = bounds.map_or(previous + EVER_US, |(_, latest)| latest);
        let expectation = Expectation {
            event,
            packet,
            tcp,
            bounds,
            rigour: self.settings.rigour,
        };
        let Some((at, mut seen, flow)) = self.next_sent(tcp, latest)? else {
            return Err(Stop::Failed(expectation.missed(latest)));
        };
        if !self.scene.strict_segments {
            self.join_more(tcp, &mut seen, flow, latest)?;
        }
        let flow = flow.map(|flow| self.flows.get_mut(flow));
        let judged = expectation.judge(at, &mut seen, flow);
        judged.map_err(Stop::Failed)
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
                    && self.flows.is_about(tcp, flow, &seen)
                {
                    return Ok(Some((at, seen, flow)));
                }
            }
            if !self.step(end)? && self.bench.now >= end {
                return Ok(None);
            }
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
