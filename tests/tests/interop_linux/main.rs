//! Our TCP against the kernel's, over a TUN device in a namespace of its own: in both roles, over
//! IPv4 and IPv6. What went over the device is recorded and shown to tshark, where that is
//! installed: no packet may be malformed or have a wrong checksum.

mod closing;
mod ecn;
mod impaired;
mod lab;
mod many;
mod options;
mod path_mtu;
mod recording;
mod transfer;

use lab::Family;

/// One test for each family: each scenario runs in a namespace of its own.
macro_rules! over_both_families {
    ($($name:ident: $scenario:path;)*) => {
        mod ipv4 {
            use super::*;
            $(
                #[test]
                fn $name() {
                    let name = concat!("ipv4::", stringify!($name));
                    tcp_tests::netns::inside(name, || $scenario(Family::V4));
                }
            )*
        }
        mod ipv6 {
            use super::*;
            $(
                #[test]
                fn $name() {
                    let name = concat!("ipv6::", stringify!($name));
                    tcp_tests::netns::inside(name, || $scenario(Family::V6));
                }
            )*
        }
    };
}

over_both_families! {
    a_quarter_of_a_gibibyte_goes_each_way: transfer::one_way_after_the_other;
    both_directions_are_used_at_once: transfer::both_ways_at_once;
    packets_may_be_as_small_as_the_family_allows: transfer::smallest_mtu;
    packets_may_be_of_9000_octets: transfer::jumbo_mtu;
    writes_may_be_small: transfer::small_writes;
    reads_may_be_of_single_octets: transfer::single_octet_reads;
    a_window_may_stay_shut_for_five_seconds: transfer::shut_window;
    either_side_may_close_first_and_still_receive: closing::half_close;
    either_side_may_reset: closing::reset;
    a_port_without_listener_refuses: closing::refused;
    five_hundred_connections_follow_each_other: many::sequential;
    two_hundred_connections_are_open_at_once: many::concurrent;
    the_kernel_may_know_no_timestamps: options::without_timestamps;
    the_kernel_may_know_no_selective_acknowledgments: options::without_sack;
    the_kernel_may_know_no_window_scaling: options::without_window_scaling;
    the_path_may_lose_two_packets_in_a_hundred: impaired::lossy;
    the_path_may_reorder_and_duplicate: impaired::disordered;
    the_path_may_mark_instead_of_losing: ecn::marked;
    the_kernel_may_refuse_marks: ecn::refused;
    the_path_may_be_narrow_and_say_so: path_mtu::told;
    the_path_may_be_narrow_and_silent: path_mtu::silent;
}
