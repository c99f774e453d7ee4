//! A bulk transfer between two stacks of one process.

use crate::report::{Bar, Report, Who, median};
use crate::{Scale, cpu, ours, peer};

const ROUNDS: usize = 7;
const RING: usize = 65_536;
/// Octets of payload of a segment of full size.
const SEGMENT: usize = 1_460;
const SEGMENTS: usize = 100_000;
const NAME: &str = "memory.1460";

/// Measures both, round by round in turn.
pub(crate) fn run(report: &mut Report, scale: Scale) {
    let octets = scale.of(SEGMENTS) * SEGMENT;
    let mut ours = ours::Pair::new(0, RING);
    let mut peer = peer::Pair::new(0, RING);
    let mut rounds = [Vec::new(), Vec::new()];
    for _ in 0..ROUNDS {
        for (who, rounds) in Who::BOTH.iter().zip(&mut rounds) {
            let start = cpu::seconds();
            let full = match who {
                Who::Ours => ours.transfer(octets),
                Who::Smoltcp => peer.transfer(octets),
            };
            let nanos = (cpu::seconds() - start) * 1e9;
            let segments = octets / SEGMENT;
            assert!(full * 100 > segments * 95, "{full} of {segments} were full");
            rounds.push(nanos / segments as f64);
        }
    }
    for (who, rounds) in Who::BOTH.iter().zip(&rounds) {
        report.measured(NAME, *who, rounds, "ns");
    }
    let ratio = median(&rounds[0]) / median(&rounds[1]);
    report.ratio(NAME, "tcp-core / smoltcp", ratio, Bar::None);
}
