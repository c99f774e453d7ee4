//! A segment that a script states, and its comparison with one that came.

use super::ast::{Event, IpInfo, Packet, Tcp};
use super::compare::{self, Rigour};
use super::flow::Flow;
use super::render;
use super::wire::Seen;

/// A segment that must come out.
#[derive(Clone, Copy, Debug)]
pub(super) struct Expectation<'s> {
    pub(super) event: &'s Event,
    pub(super) packet: &'s Packet,
    pub(super) tcp: &'s Tcp,
    /// The first and the last moment at which it may come; `None`: any.
    pub(super) bounds: Option<(i64, i64)>,
    pub(super) rigour: Rigour,
}

impl Expectation<'_> {
    /// Judges the segment that came at `at` on `flow`, which learns from it what the script calls
    /// the numbers of the side under test.
    ///
    /// # Errors
    /// What differs.
    pub(super) fn judge(
        &self,
        at: i64,
        seen: &mut Seen,
        flow: Option<&mut Flow>,
    ) -> Result<(), String> {
        let mut flow = flow;
        if let Some(flow) = &mut flow {
            flow.count_from(self.tcp, seen);
        }
        let differs = |why: &str| {
            let got = render::packet(&self.shown(seen));
            let (stated, at) = (self.stated(), render::time(at));
            Err(format!("expected {stated} got {at} {got}: {why}"))
        };
        let difference = compare::difference(self.packet, self.tcp, seen, self.rigour);
        if let Some(what) = difference {
            return differs(&what);
        }
        if let Some((from, to)) = self.bounds.filter(|(from, to)| at < *from || at > *to) {
            let (from, to) = (render::time(from), render::time(to));
            return differs(&format!("not between {from} and {to}"));
        }
        if let Some(flow) = flow {
            flow.learn(self.tcp, seen);
        }
        Ok(())
    }

    /// What to say when nothing came until `latest`.
    pub(super) fn missed(&self, latest: i64) -> String {
        let until = render::time(latest);
        format!("expected {} got nothing until {until}", self.stated())
    }

    fn stated(&self) -> String {
        render::event(self.event)
    }

    /// A segment without what the script does not state and does not compare.
    fn shown(&self, seen: &Seen) -> Packet {
        let mut shown = seen.clone();
        shown.packet.ip = IpInfo::default();
        if self.tcp.ports.is_none() {
            shown.tcp_mut().ports = None;
        }
        shown.packet
    }
}
