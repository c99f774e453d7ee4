//! The firmware that runs on a board, in QEMU: over single frames written by hand, and over a TAP
//! device with the kernel's TCP at the other end.

mod exchange;
mod hostile;
mod tap;

use std::process::Command;
use tcp_tests::qemu::frames::{Wire, ready, ready_for, ready_with};
use tcp_tests::qemu::{Board, Program};

use tcp_tests::{netns, not_run};

/// Runs `scenario` with the firmware at the other end of a cable.
fn with_wire(name: &str, scenario: impl FnOnce(&Wire)) {
    match ready() {
        Ok(image) => scenario(&Wire::to(&image)),
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

/// Runs `scenario` with the firmware on a TAP device, in a namespace.
fn over_tap(name: &str, scenario: impl FnOnce(&tap::Lab)) {
    match ready() {
        Ok(image) => netns::inside(name, || scenario(&tap::Lab::new(&image))),
        Err(why) => not_run::say(name, &why),
    }
}

/// The page is served by every board: each has its own processor, addresses and interrupt.
#[test]
fn every_board_serves_the_page() {
    for board in Board::ALL {
        match ready_for(board) {
            Ok(image) => exchange::the_page_comes(&Wire::to(&image)),
            Err(why) => not_run::say(&format!("every_board_serves_the_page {board}"), &why),
        }
    }
}

/// What the firmware says in frames of defmt, read by defmt's own program.
#[test]
fn defmt_frames_say_what_happens() {
    let name = "defmt_frames_say_what_happens";
    let version = Command::new("defmt-print").arg("--version").output();
    if version.is_err() {
        not_run::say(name, "defmt-print is not installed");
        return;
    }
    match ready_with(Board::An386, Program::OursWithDefmt) {
        Ok(image) => exchange::frames_are_decoded(&Wire::to(&image), &image),
        Err(why) => not_run::say(name, &why),
    }
}

macro_rules! over_the_kernel {
    ($($name:ident,)*) => {
        $(
            #[test]
            fn $name() {
                over_tap(stringify!($name), tap::$name);
            }
        )*
    };
}

over_the_kernel! {
    curl_sees_the_page,
    ten_mebibytes_come_back_unchanged,
    ten_mebibytes_are_discarded,
    ten_mebibytes_are_generated,
    fifty_connections_follow_each_other,
    eleven_connections_work_at_once,
    a_cable_may_be_out_for_ten_seconds,
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
