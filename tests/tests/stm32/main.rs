//! Images for STM32 chips as they would be flashed, without a board: one with on-chip Ethernet
//! under unicorn with a model of the DMA, and one with a serial line in QEMU. The kernel's TCP is
//! at the other end.

mod exchange;
mod netduino;
mod unicorn;

use std::process::Command;

use tcp_tests::stm32::{self, Image};
use tcp_tests::{netns, not_run};

/// Runs `scenario` with the STM32F429 on a TAP device, in a namespace; the Ethernet controller
/// damages each so-many-th frame, or none.
fn under_unicorn(name: &str, damage: u32, scenario: impl FnOnce(&mut unicorn::Board)) {
    let Some(python) = stm32::python() else {
        not_run::say(name, &format!("Python does not know {}", stm32::UNICORN));
        return;
    };
    if tcp_tests::cross::cargo(stm32::TARGET).is_none() {
        not_run::say(name, &format!("no compiler for {}", stm32::TARGET));
        return;
    }
    let image = Image::F429
        .build()
        .unwrap_or_else(|error| panic!("{error}"));
    netns::inside(name, || {
        scenario(&mut unicorn::Board::start(&python, &image, damage));
    });
}

#[test]
fn stm32f4_echoes_a_mebibyte_and_closes() {
    under_unicorn("stm32f4_echoes_a_mebibyte_and_closes", 0, |board| {
        exchange::echo(unicorn::ADDRESS, 1 << 20);
        let counters = board.stop();
        assert_eq!(counters.get("end"), "\"stopped\"");
        // Rings of four: every frame of a mebibyte went through them.
        assert!(counters.number("received") > 700, "{counters:?}");
        assert!(counters.number("wraps_rx") > 150, "{counters:?}");
        assert!(counters.number("wraps_tx") > 150, "{counters:?}");
        // The driver announced each frame, and each buffer that it gave back.
        assert!(counters.number("demands_tx") >= counters.number("sent"));
        assert!(counters.number("demands_rx") >= counters.number("received"));
    });
}

#[test]
fn stm32f4_serves_the_page() {
    under_unicorn("stm32f4_serves_the_page", 0, |_| {
        exchange::echo(unicorn::ADDRESS, 4_321);
        let page = exchange::page(unicorn::ADDRESS);
        assert!(page.starts_with("HTTP/1.1 200 OK\r\n"), "{page}");
        assert!(page.contains("<th>octets_echoed<td>4321\n"), "{page}");
        assert!(page.contains("<th>accepted<td>2\n"), "{page}");
    });
}

#[test]
fn stm32f4_survives_damaged_frames() {
    under_unicorn("stm32f4_survives_damaged_frames", 29, |board| {
        exchange::echo(unicorn::ADDRESS, 200_000);
        let counters = board.stop();
        assert_eq!(counters.get("end"), "\"stopped\"");
        assert!(counters.number("damaged") >= 4, "{counters:?}");
    });
}

#[test]
fn stm32f4_survives_more_frames_than_it_has_room_for() {
    let name = "stm32f4_survives_more_frames_than_it_has_room_for";
    under_unicorn(name, 0, |board| {
        // So that the kernel knows where the board is.
        exchange::echo(unicorn::ADDRESS, 1);
        board.pause();
        exchange::flood(unicorn::ADDRESS, 200);
        board.resume();
        exchange::echo(unicorn::ADDRESS, 200_000);
        let counters = board.stop();
        assert_eq!(counters.get("end"), "\"stopped\"");
        assert!(counters.number("suspended") >= 1, "{counters:?}");
        assert!(counters.number("overflow") >= 1, "{counters:?}");
    });
}

/// Runs `scenario` with the STM32F405 in QEMU, its line on a TUN device, in a namespace.
fn in_qemu(name: &str, scenario: impl FnOnce(&netduino::Board)) {
    if Command::new("qemu-system-arm")
        .arg("--version")
        .output()
        .is_err()
    {
        not_run::say(name, "qemu-system-arm is not installed");
        return;
    }
    if tcp_tests::cross::cargo(stm32::TARGET).is_none() {
        not_run::say(name, &format!("no compiler for {}", stm32::TARGET));
        return;
    }
    let image = Image::F405_QEMU.build();
    let image = image.unwrap_or_else(|error| panic!("{error}"));
    netns::inside(name, || scenario(&netduino::Board::start(&image)));
}

#[test]
fn stm32f405_echoes_over_slip() {
    in_qemu("stm32f405_echoes_over_slip", |_| {
        exchange::echo(netduino::ADDRESS, 300_000);
    });
}

#[test]
fn stm32f405_serves_the_page_over_slip() {
    in_qemu("stm32f405_serves_the_page_over_slip", |board| {
        // Noise before the first packet: no frame, one that is too long, half an escape.
        board.disturb(&[0x55; 3_000]);
        board.disturb(&[0o300, 1, 2, 0o333, 7, 0o333]);
        exchange::echo(netduino::ADDRESS, 1_234);
        let page = exchange::page(netduino::ADDRESS);
        assert!(page.starts_with("HTTP/1.1 200 OK\r\n"), "{page}");
        assert!(page.contains("<th>octets_echoed<td>1234\n"), "{page}");
    });
}

/// ip(8) in this namespace.
fn ip(arguments: &[&str]) {
    let output = Command::new("ip").args(arguments).output().expect("ip(8)");
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "ip {arguments:?}: {complaint}");
}
