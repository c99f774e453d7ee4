//! Explicit congestion notification with the kernel's TCP (RFC 3168).

use tcp_std::tcp_core::{Config, Ecn};
use tcp_tests::netns::set_tcp_knob;

use crate::impaired::{Impairment, lab_with};
use crate::lab::{BOTH_ROLES, Family, Lab, Listens};
use crate::transfer::{LARGE, one_way};

/// So few that the recording holds all of it.
const OCTETS: u64 = 1 << 20;

/// What tshark is to find of packets that came in from the kernel (1), and of ours that went out
/// (2).
const SEEN: [(&str, &str); 4] = [
    (
        "SYN that offers",
        "tcp.flags.syn == 1 && tcp.flags.ece == 1 && tcp.flags.cwr == 1",
    ),
    (
        "SYN-ACK that accepts",
        "tcp.flags.syn == 1 && tcp.flags.ece == 1 && tcp.flags.cwr == 0",
    ),
    ("echo", "tcp.flags.ece == 1 && tcp.flags.syn == 0"),
    (
        "word of slowing down",
        "tcp.flags.cwr == 1 && tcp.flags.syn == 0",
    ),
];

/// Both sides agree in either role, and react to marks without losing a packet.
pub(crate) fn marked(family: Family) {
    set_tcp_knob("tcp_ecn", "1");
    let mut lab = lab_with(
        family,
        Impairment {
            marked: 20_000,
            ..Impairment::default()
        },
    );
    lab.net = lab.net.with_config(Config::new().ecn(Ecn::Request));
    for role in BOTH_ROLES {
        let (ours, kernel) = lab.connect(role);
        let info = || ours.info().expect("a snapshot");
        assert!(info().ecn, "{role:?} listens, and nobody agreed");
        one_way(&ours, &kernel, OCTETS, LARGE);
        let slowed = info();
        assert!(slowed.ssthresh < u32::MAX, "marks did not slow us down");
        assert_eq!(slowed.retransmissions, 0, "marks are not losses");
        one_way(&kernel, &ours, OCTETS, LARGE);
    }
    for (what, filter) in SEEN {
        for direction in [1, 2] {
            let filter = format!("{filter} && frame.packet_flags_direction == {direction}");
            match lab.count(&filter) {
                None => println!("tshark is not installed: nobody looked for the {what}"),
                Some(count) => assert!(count > 0, "no {what} in direction {direction}"),
            }
        }
    }
    lab.finish();
}

/// A kernel that wants none of it gets none.
pub(crate) fn refused(family: Family) {
    set_tcp_knob("tcp_ecn", "0");
    let mut lab = Lab::new(family, 1_500);
    lab.net = lab.net.with_config(Config::new().ecn(Ecn::Request));
    let (ours, kernel) = lab.connect(Listens::Kernel);
    assert!(!ours.info().expect("a snapshot").ecn);
    one_way(&ours, &kernel, OCTETS, LARGE);
    one_way(&kernel, &ours, OCTETS, LARGE);
    let capable = lab.count("ip.dsfield.ecn != 0 || ipv6.tclass.ecn != 0");
    assert!(
        capable.is_none_or(|count| count == 0),
        "ECT without consent"
    );
    lab.finish();
}
