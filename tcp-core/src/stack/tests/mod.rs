//! The stack as a whole: packets in, packets out, on virtual time. Each test runs twice, once for
//! each way to search the tables.
#![expect(clippy::duplicate_mod, reason = "the same tests for two profiles")]

use super::OwnAddress;
use super::scale::Many;
use crate::connection::{Absent, Counters, DuplicateReports, NewReno, Switch, Untuned};
use crate::profile::Profile;

/// [`Firmware`](crate::Firmware) with index, heap and lists.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
struct Indexed;

impl Profile for Indexed {
    type Congestion = NewReno;
    type Local = OwnAddress;
    type Scale = Many;
    type Counters = Counters;
    type Tuning = Untuned;
    type Ecn = Absent;
    type Path = Absent;
    type Duplicates = DuplicateReports;
    const TIMESTAMPS: Switch = Switch::On;
    const KEEP_ALIVE: Switch = Switch::On;
    const REASSEMBLY: Switch = Switch::Off;
}

#[path = "."]
mod few {
    use crate::profile::Firmware as Chosen;

    #[path = "bench.rs"]
    mod bench;
}

#[path = "."]
mod many {
    use super::Indexed as Chosen;

    #[path = "bench.rs"]
    mod bench;
}
