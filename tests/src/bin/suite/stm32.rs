//! What the images for STM32 need on this machine.

use std::process::{Command, Stdio};

use tcp_tests::{cross, stm32};

use crate::need;

/// A compiler for the chips.
pub(crate) fn compiler() {
    need::program("ld.lld", "lld");
    if cross::cargo(stm32::TARGET).is_none() {
        need::install(&cross::DEBIAN_PACKAGES);
    }
}

/// Emulators, and what speaks to them. The tests say what is still missing.
pub(crate) fn emulators() {
    compiler();
    for (program, package) in [
        ("qemu-system-arm", "qemu-system-arm"),
        ("curl", "curl"),
        ("ip", "iproute2"),
    ] {
        need::program(program, package);
    }
    if stm32::python().is_none() {
        need::program("python3", "python3");
        install_unicorn();
    }
}

/// Into an environment of its own: Debian keeps others out of that of the machine.
fn install_unicorn() {
    let environment = stm32::python_environment();
    let make = |environment: &std::path::Path| {
        let mut python = Command::new("python3");
        quietly(python.args(["-m", "venv"]).arg(environment))
    };
    if !make(&environment) {
        need::install(&["python3-venv"]);
        make(&environment);
    }
    let mut pip = Command::new(environment.join("bin/python"));
    quietly(pip.args(["-m", "pip", "install", "--quiet", stm32::UNICORN]));
}

fn quietly(command: &mut Command) -> bool {
    let silent = command.stdout(Stdio::null()).stderr(Stdio::null());
    silent.status().is_ok_and(|status| status.success())
}
