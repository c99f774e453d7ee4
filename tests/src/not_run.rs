//! Tests that find out at run time that this machine cannot run them.
//!
//! The test harness knows only "passed" and "failed", so such a test says here that it did nothing
//! and returns; `cargo suite` counts it as skipped and repeats the reason at its end.

use std::fs::OpenOptions;
use std::io::Write;

/// Names the file in which the suite collects the reasons.
pub const FILE_VARIABLE: &str = "TCP_TESTS_NOT_RUN";

/// Says that the test `name` did nothing, and `why`. Each name counts as one skipped test.
///
/// ```no_run
/// if !std::path::Path::new("/dev/net/tun").exists() {
///     tcp_tests::not_run::say("interop_echo", "/dev/net/tun is missing");
///     return;
/// }
/// ```
pub fn say(name: &str, why: &str) {
    println!("not run: {name}: {why}");
    let Some(path) = std::env::var_os(FILE_VARIABLE) else {
        return;
    };
    let written = OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .and_then(|mut file| writeln!(file, "{name}: {why}"));
    if let Err(error) = written {
        println!("the suite was not told: {error}");
    }
}
