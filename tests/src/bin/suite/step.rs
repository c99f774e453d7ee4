//! The steps, in the order in which they run: what fails fast and often comes first.

use std::path::Path;
use std::process::Command;

use tcp_tests::cross;
use tcp_tests::qemu::Board;

use crate::licences;
use crate::need;
use crate::run::{cargo, cargo_of, check, check_all, tests};
use crate::stm32;
use crate::tally::{Counts, Verdict};

/// One check.
pub(crate) struct Step {
    pub(crate) name: String,
    pub(crate) what: String,
    pub(crate) run: Box<dyn Fn(&str) -> Verdict>,
}

/// Combinations of features in which the core must build by itself.
const FEATURES: [&str; 6] = [
    "",
    "ipv6",
    "alloc",
    "defmt",
    "ipv6,alloc",
    "ipv6,alloc,defmt",
];
/// Those in which the adapter for microcontrollers must build.
const EMBEDDED_FEATURES: [&str; 13] = [
    "",
    "ipv6",
    "probe",
    "dhcp",
    "dns",
    "ipv6,dhcp,dns",
    "enc28j60",
    "w5500",
    "lan9118",
    "async,enc28j60,w5500",
    "embedded-nal",
    "embassy-net-driver,embassy-time,fugit",
    "edge-nal,embedded-nal-async,picoserve",
];
/// The test files that need namespaces and a TUN or TAP device.
const INTEROP: [&str; 2] = ["interop_linux", "link_linux"];
/// The test file that needs QEMU and a compiler for its boards.
const QEMU: &str = "qemu";
/// The test file that builds each image, and the one that runs them in emulators.
const FIRMWARE: &str = "firmware";
const STM32: &str = "stm32";
/// Seconds for each fuzz target.
const FUZZ_SECONDS: &str = "-max_total_time=10";
/// The oldest compiler that the workspace promises to build with.
const MSRV: &str = env!("CARGO_PKG_RUST_VERSION");

/// All steps.
pub(crate) fn all() -> Vec<Step> {
    let mut steps = vec![
        step("fmt", "rustfmt agrees with every file", |name| {
            check(name, &mut cargo(&["fmt", "--all", "--check"]))
        }),
        step(
            "clippy",
            "no warning in any target of any package",
            |name| {
                let arguments = [
                    "--workspace",
                    "--all-targets",
                    "--all-features",
                    "--",
                    "-Dwarnings",
                ];
                check(name, cargo(&["clippy"]).args(arguments))
            },
        ),
        step(
            "features",
            "the core and the adapters without warnings in every combination",
            features,
        ),
        step("test", "unit, state, pair and conformance tests", all_tests),
        step("pkt", "conformance scripts, in virtual time", |name| {
            let pkt = ["run", "-p", "tcp-tests", "--bin", "pkt", "--"];
            tests(name, cargo(&pkt).arg("tests/scripts"))
        }),
        step(
            "requirements",
            "each requirement of RFC 9293 and its companions has code and test, or a reason",
            |name| {
                let requirements = ["run", "-p", "tcp-tests", "--bin", "requirements"];
                check(name, cargo(&requirements).args(["--", "--check"]))
            },
        ),
        step("doctest", "the examples in the documentation", |name| {
            tests(
                name,
                &mut cargo(&["test", "--workspace", "--doc", "--no-fail-fast"]),
            )
        }),
        step("doc", "documentation without broken links", |name| {
            let mut doc = cargo(&["doc", "--workspace", "--no-deps", "--all-features"]);
            check(name, doc.env("RUSTDOCFLAGS", "-Dwarnings"))
        }),
    ];
    for target in cross::TARGETS {
        let what = format!("the core builds for {target}");
        steps.push(step(&format!("cross-{target}"), &what, move |name| {
            build_for(name, target)
        }));
    }
    steps.extend(of_machines());
    steps
}

/// What needs more than a compiler for this machine.
fn of_machines() -> [Step; 9] {
    [
        step(
            "sizes",
            "no panic path links; sizes equal the snapshot",
            sizes,
        ),
        step(
            "budgets",
            "flash, stack and instructions have not grown; the README says what they are",
            budgets,
        ),
        step("interop", "the Linux kernel as the peer, over TUN", interop),
        step("qemu", "the firmware on an emulated board", qemu),
        step(
            "firmware",
            "every image for STM32 builds and links",
            |name| {
                stm32::compiler();
                test_files_named(name, &[FIRMWARE])
            },
        ),
        step("stm32", "images for STM32 in emulators", |name| {
            stm32::emulators();
            test_files_named(name, &[STM32])
        }),
        step("fuzz", "ten seconds of each fuzz target", fuzz),
        step("msrv", "the oldest promised compiler builds it", msrv),
        step("deny", "licences and sources of the dependencies", deny),
    ]
}

fn step(name: &str, what: &str, run: impl Fn(&str) -> Verdict + 'static) -> Step {
    Step {
        name: name.into(),
        what: what.into(),
        run: Box::new(run),
    }
}

fn features(name: &str) -> Verdict {
    let core = FEATURES.iter().map(|features| ("tcp-core", features));
    let embedded = EMBEDDED_FEATURES.iter();
    let embedded = embedded.map(|features| ("tcp-embedded", features));
    let commands = core.chain(embedded).map(|(package, features)| {
        let mut clippy = cargo(&["clippy", "-p", package, "--no-default-features"]);
        clippy.args(["--features", features, "--", "-Dwarnings"]);
        clippy
    });
    check_all(name, commands)
}

/// The test files that have a step of their own.
fn apart() -> impl Iterator<Item = &'static str> {
    INTEROP.into_iter().chain([QEMU, FIRMWARE, STM32])
}

/// Everything else.
fn all_tests(name: &str) -> Verdict {
    if need::cargo_subcommand("nextest") {
        let others: Vec<_> = apart().map(|file| format!("not binary({file})")).collect();
        let others = others.join(" and ");
        let arguments = ["run", "--workspace", "--no-fail-fast", "-E", &others];
        return tests(name, cargo(&["nextest"]).args(arguments));
    }
    let mut test = cargo(&["test", "--workspace", "--no-fail-fast", "--lib", "--bins"]);
    for file in test_files().filter(|file| !apart().any(|apart| apart == file)) {
        test.args(["--test", &file]);
    }
    tests(name, &mut test)
}

/// The integration tests of all packages by name.
fn test_files() -> impl Iterator<Item = String> {
    ["tests", "tcp-core", "tcp-std", "tcp-embedded"]
        .into_iter()
        .flat_map(|package| names_in(&format!("{package}/tests")))
}

/// What Cargo finds in a directory of the workspace by itself: Rust files, and directories with a
/// `main.rs`.
fn names_in(directory: &str) -> Vec<String> {
    let Ok(entries) = cross::workspace().join(directory).read_dir() else {
        return Vec::new();
    };
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let mut names: Vec<String> = paths
        .filter(|path| {
            path.extension().is_some_and(|extension| extension == "rs")
                || path.join("main.rs").exists()
        })
        .filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned()))
        .collect();
    names.sort();
    names
}

fn build_for(name: &str, target: &str) -> Verdict {
    let found = cross::cargo(target).or_else(|| {
        need::install(&cross::DEBIAN_PACKAGES);
        cross::cargo(target)
    });
    let Some(mut cargo) = found else {
        return Verdict::Skipped(format!("no compiler for {target}"));
    };
    let mut arguments = vec!["build", "--lib", "-p", "tcp-core"];
    if target.contains("-none-") {
        arguments.extend(["-p", "tcp-embedded"]);
    }
    check(name, cargo.args(arguments))
}

fn sizes(name: &str) -> Verdict {
    need::program("ld.lld", "lld");
    let sizes = ["run", "-p", "tcp-tests", "--bin", "sizes", "--", "--check"];
    check(name, &mut cargo(&sizes))
}

/// Sizes are checked without QEMU as well; what it would have counted is named as not run.
fn budgets(name: &str) -> Verdict {
    if cross::cargo(cross::TARGETS[0]).is_none() {
        return Verdict::Skipped(format!("no compiler for {}", cross::TARGETS[0]));
    }
    need::program("ld.lld", "lld");
    let has_qemu = need::program("qemu-system-arm", "qemu-system-arm");
    let budgets = [
        "run",
        "-p",
        "tcp-tests",
        "--bin",
        "budgets",
        "--",
        "--check",
    ];
    let verdict = check(name, &mut cargo(&budgets));
    if has_qemu || verdict != Verdict::Holds {
        return verdict;
    }
    let counts = Counts {
        passed: 1,
        skipped: 1,
        ..Counts::default()
    };
    let not_run = vec!["instructions and stack: qemu-system-arm is missing".to_owned()];
    Verdict::Tested { counts, not_run }
}

fn interop(name: &str) -> Verdict {
    if !Path::new("/dev/net/tun").exists() {
        return Verdict::Skipped("/dev/net/tun is missing".into());
    }
    for (program, package) in [
        ("tshark", "tshark"),
        ("tcpdump", "tcpdump"),
        ("curl", "curl"),
        ("ip", "iproute2"),
        ("ping", "iputils-ping"),
        ("dnsmasq", "dnsmasq-base"),
    ] {
        need::program(program, package);
    }
    test_files_named(name, &INTEROP)
}

fn qemu(name: &str) -> Verdict {
    for (program, package) in [
        ("qemu-system-arm", "qemu-system-arm"),
        ("ld.lld", "lld"),
        ("curl", "curl"),
        ("ip", "iproute2"),
    ] {
        need::program(program, package);
    }
    // Each board's image links, or the tests say why it cannot.
    let mut targets = Board::ALL.iter().map(|board| board.target());
    if targets.any(|target| cross::cargo(target).is_none()) {
        need::install(&cross::DEBIAN_PACKAGES);
    }
    test_files_named(name, &[QEMU])
}

/// All tests of these files of this package.
fn test_files_named(name: &str, files: &[&str]) -> Verdict {
    let runner: &[&str] = if need::cargo_subcommand("nextest") {
        &["nextest", "run"]
    } else {
        &["test"]
    };
    let mut command = cargo(runner);
    command.args(["--no-fail-fast", "-p", "tcp-tests"]);
    for file in files {
        command.args(["--test", file]);
    }
    tests(name, &mut command)
}

fn fuzz(name: &str) -> Verdict {
    let targets = names_in("fuzz/fuzz_targets");
    if targets.is_empty() {
        return Verdict::Skipped("there are no fuzz targets yet".into());
    }
    if !need::toolchain("nightly") {
        return Verdict::Skipped("no nightly toolchain".into());
    }
    if !need::cargo_subcommand("fuzz") {
        return Verdict::Skipped("cargo-fuzz is not installed".into());
    }
    let commands = targets.iter().map(|target| -> Command {
        cargo_of("nightly", &["fuzz", "run", target, "--", FUZZ_SECONDS])
    });
    check_all(name, commands)
}

fn msrv(name: &str) -> Verdict {
    if !need::toolchain(MSRV) {
        return Verdict::Skipped(format!("toolchain {MSRV} is not installed"));
    }
    let mut check_all = cargo_of(MSRV, &["check", "--workspace", "--all-features"]);
    let directory = cross::workspace().join("target/msrv");
    check(name, check_all.env("CARGO_TARGET_DIR", directory))
}

fn deny(name: &str) -> Verdict {
    if !need::cargo_subcommand("deny") {
        return licences::check();
    }
    check(name, &mut cargo(&["deny", "check"]))
}
