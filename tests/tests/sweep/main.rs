//! In every state, the segment that an honest peer would send next, with every field of its headers
//! and options modified, one at a time and two at a time. U1 to U10 hold in all of them, and what
//! is left of the connection works, or it ended for a reason that the segment gives.
//!
//! A plain run takes every single modification and one in [`STRIDE`] of the pairs, from a start
//! that `SEED` in the environment chooses. All pairs:
//!
//! ```text
//! cargo test --release -p tcp-tests --test sweep -- --ignored
//! ```

mod case;
mod field;

use std::cell::Cell;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

use case::Way;
use field::{Edges, Field};
use tcp_core::State;
use tcp_tests::memory::Sizes;
use tcp_tests::packet::Segment;
use tcp_tests::peer::Setup;

const STATES: [(State, Way); 12] = [
    (State::Closed, Way::Usual),
    (State::Listen, Way::Usual),
    (State::SynSent, Way::Usual),
    (State::SynReceived, Way::Usual),
    (State::SynReceived, Way::Crossed),
    (State::Established, Way::Usual),
    (State::FinWait1, Way::Usual),
    (State::FinWait2, Way::Usual),
    (State::CloseWait, Way::Usual),
    (State::Closing, Way::Usual),
    (State::LastAck, Way::Usual),
    (State::TimeWait, Way::Usual),
];
/// One in so many pairs is taken.
const STRIDE: usize = 7;
/// One case in so many runs twice: its answer is the same, octet by octet.
const REPEATED: usize = 64;
const WINDOW: usize = 4_000;

fn setup() -> Setup {
    let offer = Setup::full().offer.scale(2);
    Setup {
        iss: 0xffff_fe00,
        sizes: Sizes {
            send: WINDOW,
            receive: WINDOW,
            records: 8,
            islands: 4,
            connections: 2,
        },
        ..Setup::full().offer(offer)
    }
}

/// The conversation of one state: its next segment and the fields of that.
struct Bench {
    state: (State, Way),
    setup: Setup,
    packet: Vec<u8>,
    edges: Edges,
    fields: Vec<Field>,
}

impl Bench {
    fn new(state: (State, Way), setup: &Setup) -> Self {
        let peer = case::stack_in(state, setup.clone());
        let edges = case::edges(&peer, WINDOW as u32);
        let packet = case::next_segment(&peer, state).encode();
        let fields = field::fields(&packet, &edges);
        Self {
            state,
            setup: setup.clone(),
            packet,
            edges,
            fields,
        }
    }

    /// The answer to the modified segment, or what is wrong.
    fn run(&self, changes: &[(&Field, u32)]) -> Result<Vec<Segment>, String> {
        let octets = field::modified(&self.packet, &self.edges, changes);
        let one = || {
            let mut peer = case::stack_in(self.state, self.setup.clone());
            case::check(&mut peer, &octets)
        };
        QUIET.set(true);
        let outcome = catch_unwind(AssertUnwindSafe(one));
        QUIET.set(false);
        outcome.unwrap_or_else(|cause| {
            let text = cause.downcast_ref::<String>().cloned();
            Err(text.unwrap_or_else(|| "a panic".into()))
        })
    }
}

thread_local! {
    /// A panic of this thread is a finding like any other, and told with the others.
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

/// Panics outside of cases are told as ever.
fn tell_panics_apart() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let told = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if !QUIET.get() {
                told(panic);
            }
        }));
    });
}

/// What ran, and what was wrong: by state and words, the first such case and how many there are.
#[derive(Default)]
struct Tally {
    cases: usize,
    wrong: BTreeMap<String, (String, usize)>,
}

impl Tally {
    fn run(&mut self, bench: &Bench, changes: &[(&Field, u32)]) {
        self.cases += 1;
        let outcome = bench.run(changes);
        let again = self
            .cases
            .is_multiple_of(REPEATED)
            .then(|| bench.run(changes));
        let what = match (outcome, again) {
            (Err(what), _) => what,
            (Ok(answer), Some(Ok(other))) if answer != other => "U10: another answer".into(),
            (Ok(_), _) => return,
        };
        let what = what.lines().next().unwrap_or_default().to_owned();
        let of = |(field, value): &(&Field, u32)| format!("{} = {value:#x}", field.name);
        let changes: Vec<String> = changes.iter().map(of).collect();
        let first = || (changes.join(", "), 0);
        let (state, way) = bench.state;
        let kind = format!("{state} ({way:?}): {what}");
        self.wrong.entry(kind).or_insert_with(first).1 += 1;
    }

    fn singles(&mut self, bench: &Bench) {
        for field in &bench.fields {
            for value in &field.values {
                self.run(bench, &[(field, *value)]);
            }
        }
    }

    /// One in `stride` of the pairs of which `wanted` says that the first field is of interest.
    fn pairs(&mut self, bench: &Bench, stride: usize, wanted: impl Fn(&Field) -> bool) {
        let mut turn = seed();
        for (index, first) in bench.fields.iter().enumerate().filter(|(_, f)| wanted(f)) {
            for second in &bench.fields[index + 1..] {
                for one in &first.values {
                    for other in &second.values {
                        turn += 1;
                        if turn.is_multiple_of(stride) {
                            self.run(bench, &[(first, *one), (second, *other)]);
                        }
                    }
                }
            }
        }
    }

    fn judge(&self, what: &str) {
        println!("{} {what}", self.cases);
        let lines = self.wrong.iter();
        let lines = lines.map(|(kind, (case, count))| format!("{count:>6} {kind}\n       {case}"));
        let lines: Vec<String> = lines.collect();
        assert!(lines.is_empty(), "SEED={}\n{}", seed(), lines.join("\n"));
    }
}

fn seed() -> usize {
    let given = std::env::var("SEED").ok();
    given.and_then(|text| text.parse().ok()).unwrap_or(0)
}

fn sweep(stride: usize, setup: &Setup, wanted: impl Fn(&Field) -> bool) -> Tally {
    let mut tally = Tally::default();
    tell_panics_apart();
    for state in STATES {
        let bench = Bench::new(state, setup);
        tally.run(&bench, &[]);
        tally.singles(&bench);
        tally.pairs(&bench, stride, &wanted);
    }
    tally
}

#[test]
fn every_field_over_ipv4_and_some_pairs() {
    sweep(STRIDE, &setup(), |_| true).judge("modifications over IPv4");
}

/// TCP is the same over IPv6: the pairs are those of which one field is of the IP header.
#[test]
fn every_field_over_ipv6_and_some_pairs() {
    let setup = setup().v6();
    sweep(STRIDE, &setup, Field::is_of_ip).judge("modifications over IPv6");
}

#[test]
#[ignore = "takes minutes: every pair"]
fn every_pair_of_fields() {
    sweep(1, &setup(), |_| true).judge("modifications over IPv4");
    sweep(1, &setup().v6(), |_| true).judge("modifications over IPv6");
}
