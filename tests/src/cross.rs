//! Cargo for machines that are not this one.
//!
//! A target can be built in three ways, tried in this order: the toolchain in use has the target's
//! `core`; it has the sources of `core`; or the distribution's own compiler has them (on Debian
//! `rustc-web`, `cargo-web` and `rust-web-src`). The latter two build `core` and `alloc` with the
//! workspace, which stable compilers allow only when told that they bootstrap.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Debian packages that make every target of [`TARGETS`] buildable.
pub const DEBIAN_PACKAGES: [&str; 4] = ["rustc-web", "cargo-web", "rust-web-src", "lld"];

/// The targets that `tcp-core` promises to build for, beside the one at hand: a Cortex-M4F, a
/// Cortex-M0 (no compare-and-swap), and a 32-bit host.
pub const TARGETS: [&str; 3] = [
    "thumbv7em-none-eabihf",
    "thumbv6m-none-eabi",
    "i686-unknown-linux-gnu",
];

/// A `cargo` that builds for `target`, or `None` when no compiler here can.
///
/// The command waits for its subcommand (`build`, `check`, ...) and runs in the workspace. What it
/// builds lies below [`target_directory`], in `TARGET/PROFILE`.
///
/// ```no_run
/// let mut cargo = tcp_tests::cross::cargo("thumbv6m-none-eabi").expect("no compiler for it");
/// assert!(cargo.args(["build", "-p", "tcp-core"]).status()?.success());
/// # Ok::<(), std::io::Error>(())
/// ```
#[must_use]
pub fn cargo(target: &str) -> Option<Command> {
    Toolchain::all().find_map(|toolchain| toolchain.cargo(target))
}

/// Where [`cargo`] puts what it builds.
#[must_use]
pub fn target_directory() -> PathBuf {
    workspace().join("target/cross")
}

/// The version of the compiler that [`cargo`] uses for `target`, and whether it compiles `core` as
/// well.
#[must_use]
pub fn compiler(target: &str) -> String {
    let Some(cargo) = cargo(target) else {
        return "none".to_owned();
    };
    let variable = |name: &str| {
        cargo
            .get_envs()
            .find(|(key, _)| *key == name)
            .and_then(|(_, value)| value.map(|value| value.to_string_lossy().into_owned()))
    };
    let rustc = variable("RUSTC").unwrap_or_else(|| "rustc".to_owned());
    let version = Command::new(rustc)
        .env_remove("LD_LIBRARY_PATH")
        .arg("--version")
        .output();
    let text = version.map_or_else(
        |_| String::new(),
        |output| String::from_utf8_lossy(&output.stdout).into_owned(),
    );
    let number = text.split_whitespace().nth(1).unwrap_or("unknown");
    let core = variable("CARGO_UNSTABLE_BUILD_STD").map_or("compiled", |_| "from source");
    format!("{number}, core {core}")
}

/// The top of the workspace.
#[must_use]
pub fn workspace() -> &'static Path {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.parent().unwrap_or(package)
}

/// A compiler and the cargo that belongs to it.
struct Toolchain {
    cargo: PathBuf,
    rustc: PathBuf,
}

impl Toolchain {
    /// The one in use, then the distribution's.
    fn all() -> impl Iterator<Item = Self> {
        let named = |variable, name: &str| env::var_os(variable).unwrap_or_else(|| name.into());
        let current = Self {
            cargo: named("CARGO", "cargo").into(),
            rustc: named("RUSTC", "rustc").into(),
        };
        let distribution = Self {
            cargo: "/usr/bin/cargo".into(),
            rustc: "/usr/bin/rustc".into(),
        };
        [current, distribution].into_iter()
    }

    fn cargo(&self, target: &str) -> Option<Command> {
        let has_core = self.holds_core(target)?;
        if !has_core && !self.holds_sources() {
            return None;
        }
        let mut cargo = self.bare_cargo();
        cargo
            .env("CARGO_BUILD_TARGET", target)
            .env("CARGO_TARGET_DIR", target_directory());
        if !has_core {
            cargo
                .env("RUSTC_BOOTSTRAP", "1")
                .env("CARGO_UNSTABLE_BUILD_STD", "core,alloc");
        }
        if target.ends_with("-none-eabi") || target.ends_with("-none-eabihf") {
            self.choose_linker(&mut cargo, target);
        }
        Some(cargo)
    }

    /// A cargo that forgets which toolchain started this process.
    fn bare_cargo(&self) -> Command {
        let mut cargo = Command::new(&self.cargo);
        cargo.current_dir(workspace()).env("RUSTC", &self.rustc);
        if self.rustc.is_absolute() {
            for inherited in ["LD_LIBRARY_PATH", "RUSTUP_TOOLCHAIN", "RUSTDOC", "CARGO"] {
                cargo.env_remove(inherited);
            }
        }
        cargo
    }

    /// A distribution's compiler comes without the linker that bare-metal targets name.
    fn choose_linker(&self, cargo: &mut Command, target: &str) {
        let own = self
            .print(&["target-libdir"])
            .map(|directory| directory.join("../bin/rust-lld"));
        if own.is_none_or(|linker| !linker.exists()) {
            let variable = target.to_uppercase().replace(['-', '.'], "_");
            cargo.env(format!("CARGO_TARGET_{variable}_LINKER"), "ld.lld");
        }
    }

    /// Whether the compiled `core` of `target` is there; `None` when the compiler itself is not.
    fn holds_core(&self, target: &str) -> Option<bool> {
        let directory = self.print(&["target-libdir", "--target", target])?;
        let mut files = match directory.read_dir() {
            Ok(files) => files,
            Err(_) => return Some(false),
        };
        Some(files.any(|file| {
            file.is_ok_and(|file| file.file_name().to_string_lossy().starts_with("libcore-"))
        }))
    }

    fn holds_sources(&self) -> bool {
        let sources = "lib/rustlib/src/rust/library/core/src/lib.rs";
        self.print(&["sysroot"])
            .is_some_and(|root| root.join(sources).exists())
    }

    fn print(&self, what: &[&str]) -> Option<PathBuf> {
        let mut rustc = Command::new(&self.rustc);
        if self.rustc.is_absolute() {
            rustc.env_remove("LD_LIBRARY_PATH");
        }
        let output = rustc.arg("--print").args(what).output().ok()?;
        let text = String::from_utf8(output.stdout).ok()?;
        output.status.success().then(|| text.trim().into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_target_has_no_cargo() {
        assert!(cargo("pdp11-none-bell").is_none());
    }

    #[test]
    fn the_target_is_preset() {
        let host = "x86_64-unknown-linux-gnu";
        let Some(cargo) = cargo(host) else {
            return; // another machine, without a compiler for that one
        };
        let preset = cargo
            .get_envs()
            .any(|(name, value)| name == "CARGO_BUILD_TARGET" && value == Some(host.as_ref()));
        assert!(preset);
    }

    #[test]
    fn the_workspace_holds_the_core() {
        assert!(workspace().join("tcp-core/Cargo.toml").exists());
    }
}
