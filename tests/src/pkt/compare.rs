//! Whether a segment is the one that a script states, and whether it came in time.

use super::ast::{Ecn, IpInfo, OptionList, Packet, Seq, Span, Tcp, TcpOption, When};
use super::wire::Seen;

/// How much is compared.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Rigour {
    /// Everything that is stated.
    #[default]
    Strict,
    /// The protocol, not the style of one house: the order and the padding of options, PSH and
    /// the offered window are ignored.
    Lenient,
}

/// What differs from the script, if anything does.
#[must_use]
pub fn difference(expected: &Packet, tcp: &Tcp, seen: &Seen, rigour: Rigour) -> Option<String> {
    let got = seen.tcp();
    let (mut stated, mut flags) = (tcp.flags, got.flags);
    // A system that hands a burst to its device as one segment pushes it as a whole.
    if rigour == Rigour::Lenient || seen.parts > 1 {
        (stated.psh, flags.psh) = (false, false);
    }
    if stated != flags {
        return Some("flags differ".into());
    }
    let got_span = span(got.seq);
    let same_place = match tcp.seq {
        Seq::Relative(span) => span.start == got_span.start,
        Seq::Absolute(span) => span.start == seen.raw_seq,
        Seq::AnyStart { .. } => true,
    };
    if !same_place {
        return Some("sequence numbers differ".into());
    }
    if tcp.seq.len() != got_span.len {
        return Some("payload lengths differ".into());
    }
    if tcp.flags.ack && tcp.ack.is_some() && tcp.ack != got.ack {
        return Some("acknowledgments differ".into());
    }
    if rigour == Rigour::Strict && tcp.win.is_some() && tcp.win != got.win {
        return Some("windows differ".into());
    }
    if tcp.urg.is_some() && tcp.urg != got.urg {
        return Some("urgent pointers differ".into());
    }
    if let Some(what) = of_options(&tcp.options, &got.options, rigour) {
        return Some(what);
    }
    of_ip(&expected.ip, &seen.packet.ip)
}

/// The range of a segment that was seen.
fn span(seq: Seq) -> Span {
    match seq {
        Seq::Relative(span) | Seq::Absolute(span) => span,
        Seq::AnyStart { len } => Span {
            start: 0,
            end: len,
            len,
        },
    }
}

fn of_options(expected: &OptionList, got: &OptionList, rigour: Rigour) -> Option<String> {
    let (OptionList::Listed(expected), OptionList::Listed(got)) = (expected, got) else {
        return None;
    };
    let as_compared = |options: &[TcpOption]| -> Vec<String> {
        let mut all: Vec<_> = options
            .iter()
            .filter(|option| {
                rigour == Rigour::Strict || !matches!(option, TcpOption::Nop | TcpOption::Eol)
            })
            .map(comparable)
            .collect();
        if rigour == Rigour::Lenient {
            all.sort();
        }
        all
    };
    (as_compared(expected) != as_compared(got)).then(|| "options differ".into())
}

/// An option without what each side chooses: the sender's clock.
fn comparable(option: &TcpOption) -> String {
    match option {
        TcpOption::Timestamps { ecr, .. } => format!("TS ecr {ecr}"),
        other => format!("{other:?}"),
    }
}

fn of_ip(expected: &IpInfo, got: &IpInfo) -> Option<String> {
    let same_ecn = match expected.ecn {
        None => true,
        Some(Ecn::Ect01) => matches!(got.ecn, Some(Ecn::Ect0 | Ecn::Ect1)),
        stated => stated == got.ecn,
    };
    if !same_ecn {
        return Some("ECN fields differ".into());
    }
    if expected.tos.is_some() && expected.tos != got.tos {
        return Some("ToS octets differ".into());
    }
    if expected.ttl.is_some() && expected.ttl != got.ttl {
        return Some("TTLs differ".into());
    }
    let same_label = expected.flow_label.is_none() || expected.flow_label == got.flow_label;
    (!same_label).then(|| "flow labels differ".into())
}

/// Adds the segment that follows `first` without a gap to it, as if both had been one. False, and
/// nothing is changed, when they do not belong together.
pub fn join(first: &mut Seen, next: &Seen) -> bool {
    let (of_first, of_next) = (span(first.tcp().seq), span(next.tcp().seq));
    let (before, after) = (first.tcp().flags, next.tcp().flags);
    let ends_stream = before.fin || before.rst || before.syn || after.syn || after.rst;
    let follows = of_first.end == of_next.start && of_next.len > 0 && !ends_stream;
    if !follows || first.tcp().ack != next.tcp().ack || first.packet.ip != next.packet.ip {
        return false;
    }
    first.parts += next.parts;
    let tcp = first.tcp_mut();
    tcp.seq = Seq::Relative(Span {
        start: of_first.start,
        end: of_next.end,
        len: of_first.len + of_next.len,
    });
    tcp.flags.psh |= after.psh;
    tcp.flags.fin |= after.fin;
    tcp.flags.cwr |= after.cwr;
    true
}

/// How late or early an event may be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Tolerance {
    /// Microseconds.
    pub us: i64,
    /// Of the time since the previous event, in thousandths.
    pub permille: i64,
}

impl Default for Tolerance {
    fn default() -> Self {
        Self {
            us: 4_000,
            permille: 125,
        }
    }
}

impl Tolerance {
    /// The first and the last moment at which an event may happen, in microseconds since the
    /// start; `previous` is when the event before it happened. `None`: any.
    #[must_use]
    pub fn bounds(self, when: When, previous: i64) -> Option<(i64, i64)> {
        let (from, to) = match when {
            When::Any => return None,
            When::At(at) => (at, at),
            When::After(after) => (previous + after, previous + after),
            When::Between(from, to) => (from, to),
            When::AfterBetween(from, to) => (previous + from, previous + to),
        };
        let gap = (to - previous).max(0);
        let slack = self.us.max(gap * self.permille / 1_000);
        Some((from - slack, to + slack))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_may_be_late_by_an_eighth_of_the_gap() {
        let bounds = |when, previous| Tolerance::default().bounds(when, previous);
        assert_eq!(bounds(When::Any, 5), None);
        assert_eq!(bounds(When::At(10_000), 9_000), Some((6_000, 14_000)));
        assert_eq!(bounds(When::After(80_000), 20_000), Some((90_000, 110_000)));
        assert_eq!(bounds(When::Between(0, 80_000), 0), Some((-10_000, 90_000)));
    }
}
