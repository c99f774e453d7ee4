//! An echo round trip beside idle connections.

use crate::report::{Bar, Report, Who, median};
use crate::{Scale, cpu, ours, peer};

const IDLE: [usize; 5] = [0, 10, 100, 1_000, 5_000];
const ROUNDS: usize = 7;
const RING: usize = 1_024;
/// Round trips in one round; fewer where each of them looks at every socket.
const TRIPS: usize = 20_000;
const TRIPS_OF_PEER: usize = 20_000;
/// 1,000 idle connections may cost so much.
const BAR: f64 = 1.2;

/// Both kinds of pair.
enum Pair {
    Ours(Box<ours::Pair>),
    Peer(Box<peer::Pair>),
}

impl Pair {
    fn new(who: Who, idle: usize) -> Self {
        match who {
            Who::Ours => Self::Ours(Box::new(ours::Pair::new(idle, RING))),
            Who::Smoltcp => Self::Peer(Box::new(peer::Pair::new(idle, RING))),
        }
    }

    fn round_trip(&mut self) {
        match self {
            Self::Ours(pair) => pair.round_trip(),
            Self::Peer(pair) => pair.round_trip(),
        }
    }

    /// Nanoseconds of one round trip.
    fn measure(&mut self, trips: usize) -> f64 {
        let start = cpu::seconds();
        for _ in 0..trips {
            self.round_trip();
        }
        (cpu::seconds() - start) * 1e9 / trips as f64
    }
}

/// Measures each number of idle connections in turn with none, so that both meet the same
/// machine.
pub(crate) fn run(report: &mut Report, scale: Scale) {
    for who in Who::BOTH {
        let mut alone = Pair::new(who, 0);
        for idle in IDLE {
            let mut pair = Pair::new(who, idle);
            let trips = match who {
                Who::Ours => scale.of(TRIPS),
                Who::Smoltcp => (scale.of(TRIPS_OF_PEER) / (1 + idle / 10)).max(20),
            };
            pair.measure(trips / 10 + 1);
            let mut rounds = [Vec::new(), Vec::new()];
            for _ in 0..ROUNDS {
                rounds[0].push(alone.measure(trips));
                rounds[1].push(pair.measure(trips));
            }
            let name = format!("idle.{idle}");
            report.measured(&name, who, &rounds[1], "ns");
            let bar = if who == Who::Ours && idle == 1_000 {
                Bar::Below(BAR)
            } else {
                Bar::None
            };
            let ratio = median(&rounds[1]) / median(&rounds[0]);
            report.ratio(&name, &format!("{}, to none", who.name()), ratio, bar);
        }
    }
}
