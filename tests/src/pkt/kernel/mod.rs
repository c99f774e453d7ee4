//! Runs a script in real time against the Linux kernel, so that scripts are themselves tested.
//!
//! Each script has a network namespace of its own, with a TUN device whose other end the script
//! holds. Packets of the kernel are stamped by a thread that does nothing else, and system calls
//! are made on a thread of their own, because they may block.
//!
//! * `namespace`: where the kernel's side lives. `device`: its packets. `caller`: its calls.
//! * `runner`: the events of a script, one after the other. `call`: arguments and results of
//!   system calls. `names`: constants. `info`: `TCP_INFO`.
//!
//! A namespace belongs to a thread and dies with it and what it opened.

mod call;
mod caller;
mod device;
mod info;
mod names;
mod namespace;
mod runner;

use std::io;

use super::ast::{Event, Script, When};
use super::engine::Outcome;
use super::settings::Settings;
use super::tuning::Profile;
use super::verdict::Verdict;
use crate::pcap::Pcap;
use runner::Runner;

/// How a script is run against the kernel.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct KernelSettings {
    pub settings: Settings,
    /// What a machine that is shared with others may be late by, in microseconds, beyond the
    /// tolerance.
    pub slack_us: i64,
    /// A script that would take longer is not run, in microseconds.
    pub longest_us: i64,
    /// How often a script is tried before it counts as failed: a machine may be busy for a moment,
    /// and be late by any time.
    pub attempts: u32,
}

impl KernelSettings {
    #[must_use]
    pub const fn new(settings: Settings) -> Self {
        Self {
            settings,
            slack_us: 10_000,
            longest_us: 180_000_000,
            attempts: 3,
        }
    }
}

/// Why the run of a script ends before its last event.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Stop {
    Failed(String),
    Unsupported(String),
}

impl Stop {
    fn at(self, line: usize) -> Verdict {
        match self {
            Self::Failed(message) => Verdict::Failed { line, message },
            Self::Unsupported(what) => Verdict::Unsupported { line, what },
        }
    }
}

/// Makes this process able to make namespaces, if it is not. Only a process with a single thread
/// can become so.
///
/// # Errors
/// When the system gives no namespaces to its users.
pub fn enter() -> io::Result<()> {
    namespace::enter()
}

/// Runs a script; [`enter`] must have been called. Several may run at the same time.
#[must_use]
pub fn run(script: &Script, settings: &KernelSettings) -> Outcome {
    if settings.settings.profile != Profile::Linux {
        let stop = Stop::Unsupported("another system's profile in the Linux kernel".into());
        return without_packets(stop.at(1));
    }
    if let Some(event) = too_late(&script.events, settings.longest_us) {
        let stop = Stop::Unsupported("more time than a run may take".into());
        return without_packets(stop.at(event.line));
    }
    let mut outcome = attempt(script, settings);
    for _ in 1..settings.attempts {
        if !matches!(outcome.verdict, Verdict::Failed { .. }) {
            break;
        }
        outcome = attempt(script, settings);
    }
    outcome
}

/// Runs a script once, on a thread of its own: the namespace is the thread's.
fn attempt(script: &Script, settings: &KernelSettings) -> Outcome {
    let run = || match Runner::new(script, settings) {
        Ok(mut runner) => runner.run(script),
        Err((line, stop)) => without_packets(stop.at(line)),
    };
    let ended = std::thread::scope(|scope| scope.spawn(run).join());
    ended.unwrap_or_else(|_| without_packets(Stop::Failed("the runner broke".into()).at(1)))
}

fn without_packets(verdict: Verdict) -> Outcome {
    Outcome {
        verdict,
        pcap: Pcap::default(),
    }
}

/// The first event that is not before `limit`.
fn too_late(events: &[Event], limit: i64) -> Option<&Event> {
    let mut now = 0_i64;
    events.iter().find(|event| {
        now = match event.time {
            When::Any => now,
            When::At(at) | When::Between(at, _) => at,
            When::After(after) | When::AfterBetween(after, _) => now.saturating_add(after),
        };
        now > limit
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pkt::parse;

    #[test]
    fn a_script_that_takes_too_long_is_not_run() {
        let script = parse("0 close(3) = 0\n+100 close(3) = 0\n+100 close(3) = 0").unwrap();
        let late = too_late(&script.events, 150_000_000).map(|event| event.line);
        assert_eq!(late, Some(3));
        assert_eq!(too_late(&script.events, 200_000_000), None);
        let outcome = run(&script, &KernelSettings::new(Settings::default()));
        assert!(matches!(
            outcome.verdict,
            Verdict::Unsupported { line: 3, .. }
        ));
    }

    #[test]
    fn another_system_is_not_the_kernel() {
        let settings = Settings {
            profile: Profile::FreeBsd,
            ..Settings::default()
        };
        let script = parse("0 close(3) = 0").unwrap();
        let outcome = run(&script, &KernelSettings::new(settings));
        assert!(matches!(
            outcome.verdict,
            Verdict::Unsupported { line: 1, .. }
        ));
    }
}
