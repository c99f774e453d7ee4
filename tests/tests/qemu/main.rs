//! The firmware that runs on a board, in QEMU: over single frames written by hand, and over a TAP
//! device with the kernel's TCP at the other end.

mod exchange;
mod hostile;

use tcp_tests::not_run;
use tcp_tests::qemu::frames::{Wire, ready};

/// Runs `scenario` with the firmware at the other end of a cable.
fn with_wire(name: &str, scenario: impl FnOnce(&mut Wire)) {
    match ready() {
        Ok(image) => scenario(&mut Wire::to(&image)),
        Err(why) => not_run::say(name, &why),
    }
}

/// One test for each scenario, by its name.
macro_rules! over_frames {
    ($($module:ident: $($name:ident,)*;)*) => {
        $($(
            #[test]
            fn $name() {
                with_wire(stringify!($name), $module::$name);
            }
        )*)*
    };
}

over_frames! {
    exchange:
        a_handshake_agrees_on_options,
        octets_come_back,
        what_is_lost_is_sent_again,
        a_lost_answer_to_a_syn_is_sent_again,
        what_arrives_in_disorder_is_put_in_order,
        the_peer_may_close_first,
        the_firmware_may_close_first,
        a_shut_window_is_probed,
        twelve_connections_are_open_at_once,
        an_idle_machine_uses_no_processor,
    ;
    hostile:
        e_frames_that_are_none,
        e_frames_from_and_to_the_wrong_ones,
        e04_an_echo_of_one_octet_is_padded_with_zeros,
        a_arp_that_is_none,
        a_arp_that_lies,
        a09_many_neighbours_do_not_push_out_the_gateway,
        f_headers_that_lie,
        f_addresses_that_no_host_has,
        c_icmp_that_lies,
        p_segments_that_are_none,
        p_options_that_are_none,
        p_and_s_segments_out_of_place,
        p15_every_set_of_flags,
        s11_a_closed_port_resets,
        r01_a_flood_of_syns_leaves_room_for_others,
        what_is_dropped_is_counted,
    ;
}
