//! A kernel with one of its options switched off.

use tcp_std::tcp_core::Info;
use tcp_tests::netns::set_tcp_knob;

use crate::lab::{BOTH_ROLES, Family, Lab};
use crate::transfer::{LARGE, one_way};

const OCTETS: u64 = 32 << 20;

pub(crate) fn without_timestamps(family: Family) {
    without(family, "tcp_timestamps", |info| info.timestamps);
}

pub(crate) fn without_sack(family: Family) {
    without(family, "tcp_sack", |info| info.sack);
}

pub(crate) fn without_window_scaling(family: Family) {
    without(family, "tcp_window_scaling", |info| info.window_scaling);
}

fn without(family: Family, knob: &str, in_use: fn(&Info) -> bool) {
    let lab = Lab::new(family, 1_500);
    let (ours, kernel) = lab.connect(BOTH_ROLES[0]);
    assert!(
        in_use(&ours.info().expect("a snapshot")),
        "{knob} is on by default"
    );
    drop((ours, kernel));
    set_tcp_knob(knob, "0");
    for role in BOTH_ROLES {
        let (ours, kernel) = lab.connect(role);
        assert!(!in_use(&ours.info().expect("a snapshot")), "{knob} is off");
        one_way(&ours, &kernel, OCTETS, LARGE);
        one_way(&kernel, &ours, OCTETS, LARGE);
    }
    lab.finish();
}
