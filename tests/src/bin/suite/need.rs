//! Programs that a step needs, and where they come from.

use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// Whether `program` can be run; when it cannot, and this is Debian and we are root, `package` is
/// installed first.
pub(crate) fn program(program: &str, package: &str) -> bool {
    is_there(program) || (install(&[package]) && is_there(program))
}

/// Whether cargo knows the subcommand `name`.
pub(crate) fn cargo_subcommand(name: &str) -> bool {
    is_there(&format!("cargo-{name}"))
}

/// Whether rustup has a toolchain whose name begins with `name`.
pub(crate) fn toolchain(name: &str) -> bool {
    Command::new("rustup")
        .args(["toolchain", "list"])
        .output()
        .is_ok_and(|output| {
            let names = String::from_utf8_lossy(&output.stdout).into_owned();
            names.lines().any(|line| line.starts_with(name))
        })
}

/// Installs Debian packages, if that is possible here.
pub(crate) fn install(packages: &[&str]) -> bool {
    static UPDATED: OnceLock<bool> = OnceLock::new();
    let may = *UPDATED.get_or_init(|| is_root() && is_there("apt-get") && apt(&["update"]));
    may && apt(&[&["install", "--no-install-recommends"], packages].concat())
}

fn apt(arguments: &[&str]) -> bool {
    Command::new("apt-get")
        .args(["-qq", "-y"])
        .args(arguments)
        .env("DEBIAN_FRONTEND", "noninteractive")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

fn is_root() -> bool {
    Command::new("id")
        .arg("-u")
        .output()
        .is_ok_and(|output| output.stdout == b"0\n")
}

fn is_there(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let sbin = ["/usr/sbin".into(), "/sbin".into()];
    std::env::split_paths(&path)
        .chain(sbin)
        .any(|directory| directory.join(program).is_file())
}
