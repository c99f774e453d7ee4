//! A path for smaller packets than either device sends, with the kernel at the other end.

use tcp_tests::netns::set_tcp_knob;

use crate::impaired::{Impairment, Narrow, lab_with};
use crate::lab::{BOTH_ROLES, Family, Lab};
use crate::transfer::{LARGE, one_way};

const OCTETS: u64 = 1 << 20;
const LONGEST: u16 = 1_320;
/// What the search may leave.
const STEP: u16 = 32;

/// ICMP says how large packets may be (RFC 1191, RFC 8201).
pub(crate) fn told(family: Family) {
    let lab = narrow(family, Narrow::Told(LONGEST.into()));
    each_way(&lab, family, |size| assert_eq!(size, LONGEST));
    // The recording is not judged: tshark finds fault with the packets that ICMP quotes in part.
    drop(lab);
}

/// Nobody says anything: both ends have to find out (RFC 4821).
pub(crate) fn silent(family: Family) {
    set_tcp_knob("tcp_mtu_probing", "1");
    let lab = narrow(family, Narrow::Silent(LONGEST.into()));
    each_way(&lab, family, |size| {
        assert!((LONGEST - STEP..=LONGEST).contains(&size), "{size}");
    });
    lab.finish();
}

fn narrow(family: Family, narrow: Narrow) -> Lab {
    lab_with(
        family,
        Impairment {
            narrow: Some(narrow),
            ..Impairment::default()
        },
    )
}

/// What we send and what the kernel sends arrives; `judge` is told the size of our packets then.
/// The kernel remembers the path, and says so in its next SYN.
fn each_way(lab: &Lab, family: Family, judge: impl Fn(u16)) {
    let headers = match family {
        Family::V4 => 40,
        Family::V6 => 60,
    };
    for role in BOTH_ROLES {
        let (ours, kernel) = lab.connect(role);
        one_way(&ours, &kernel, OCTETS, LARGE);
        judge(headers + ours.info().expect("a snapshot").mss);
        one_way(&kernel, &ours, OCTETS, LARGE);
    }
}
