//! How fast, beside smoltcp in the same run.
//!
//!     cargo run --release -p tcp-tests --bin bench -- [NAME ...] [--json] [--quick]
//!
//! Names:
//!
//! - `memory`: two stacks in one process, a bulk transfer of 1,460-octet segments: nanoseconds of
//!   processor time for each segment, on both sides together.
//! - `idle`: an echo round trip of 64 octets beside 0 to 5,000 idle connections, in
//!   processor time.
//! - `tun`: the kernel's TCP over a TUN device in a network namespace of its own, sending to
//!   `tcp serve --discard` and reading from `--chargen`, and the same with a smoltcp server.
//! - `qemu`: the same with the firmware of an emulated board, and with one made of smoltcp on the
//!   same board, over TAP devices.
//!
//! Without names all of them run. Each result is a JSON line (`--json` prints nothing else); the
//! table follows. `--quick` does a tenth of the work: it shows that the bench works, not how fast
//! anything is. The exit code says whether the bars were met.

mod cpu;
mod idle;
mod memory;
mod ours;
mod peer;
mod qemu;
mod report;
mod tun;
mod wire;

use std::process::ExitCode;

use report::Report;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let Some(("smoltcp-server", rest)) = split(&arguments) {
        return tun::serve_with_smoltcp(rest);
    }
    let mut report = Report::default();
    let mut names = Vec::new();
    let mut scale = Scale::Full;
    for argument in &arguments {
        match argument.as_str() {
            "--json" => report.json_only(),
            "--quick" => scale = Scale::Quick,
            name @ ("memory" | "idle" | "tun" | "qemu") => names.push(name),
            tun::INSIDE => return tun::inside(&arguments),
            qemu::INSIDE => return qemu::inside(&arguments),
            other => {
                eprintln!("bench: unknown argument {other}");
                eprintln!("usage: bench [memory|idle|tun|qemu ...] [--json] [--quick]");
                return ExitCode::from(2);
            }
        }
    }
    let wanted = |name| names.is_empty() || names.contains(&name);
    if wanted("memory") {
        memory::run(&mut report, scale);
    }
    if wanted("idle") {
        idle::run(&mut report, scale);
    }
    if wanted("tun") {
        tun::run(&mut report, scale);
    }
    if wanted("qemu") {
        qemu::run(&mut report, scale);
    }
    report.finish()
}

fn split(arguments: &[String]) -> Option<(&str, &[String])> {
    let (name, rest) = arguments.split_first()?;
    Some((name, rest))
}

/// How much work is done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Scale {
    /// Enough to measure.
    Full,
    /// Enough to see that it runs.
    Quick,
}

impl Scale {
    /// `count`, or a tenth of it.
    const fn of(self, count: usize) -> usize {
        match self {
            Self::Full => count,
            Self::Quick => count / 10,
        }
    }
}
