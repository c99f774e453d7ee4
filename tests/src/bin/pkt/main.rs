//! Runs conformance scripts against `tcp-core`, in virtual time.
//!
//!     cargo run --release -p tcp-tests --bin pkt -- tests/scripts
//!
//! With `--kernel` it runs them in real time against the Linux kernel, which tests the scripts.
//!
//! A line a script, and at the end `N passed, N failed, N skipped`; the exit code is 1 when one
//! failed. A script marked `// awaits NAME` needs something that is not built: it runs, is
//! reported apart, and counts in nothing.

mod files;
mod report;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;

use clap::{Parser, ValueEnum};
use tcp_tests::pkt::compare::{Rigour, Tolerance};
use tcp_tests::pkt::kernel::{self, KernelSettings};
use tcp_tests::pkt::settings::Settings;
use tcp_tests::pkt::tuning::Profile;

use report::Report;

/// Scripts that run against the kernel at the same time: they mostly wait.
const AT_ONCE: usize = 6;

/// Runs conformance scripts against tcp-core in virtual time, or against the Linux kernel.
#[derive(Parser, Debug)]
#[command(name = "pkt")]
struct Arguments {
    /// Files, and directories in which every `.pkt` is run.
    #[arg(required = true)]
    paths: Vec<PathBuf>,
    /// The system whose choices a script states; a directory of that name says the same.
    #[arg(long, value_enum)]
    profile: Option<System>,
    /// Compare the protocol and not the style of one house: ignore the order and padding of
    /// options, PSH, and the offered window.
    #[arg(long)]
    lenient: bool,
    /// Refuse several segments where the script states one.
    #[arg(long)]
    strict_segments: bool,
    /// How late an event may be, in microseconds.
    #[arg(long, default_value_t = Tolerance::default().us)]
    tolerance_usecs: i64,
    /// How late an event may be, in percent of the time since the one before.
    #[arg(long, default_value_t = 12.5)]
    tolerance_percent: f64,
    /// Run in real time against the Linux kernel instead, each script in a network namespace of
    /// its own.
    #[arg(long)]
    kernel: bool,
    /// One object a script.
    #[arg(long)]
    json: bool,
    /// Write a capture of each script into this directory.
    #[arg(long, value_name = "DIR")]
    pcap: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
enum System {
    Linux,
    Freebsd,
}

impl Arguments {
    fn system(&self, profile: Profile) -> files::System {
        let settings = self.settings(profile);
        if self.kernel {
            files::System::Kernel(KernelSettings::new(settings))
        } else {
            files::System::Core(settings)
        }
    }

    #[expect(clippy::cast_possible_truncation, reason = "a share of a time")]
    fn settings(&self, profile: Profile) -> Settings {
        Settings {
            profile,
            rigour: if self.lenient {
                Rigour::Lenient
            } else {
                Rigour::Strict
            },
            strict_segments: self.strict_segments,
            tolerance: Tolerance {
                us: self.tolerance_usecs,
                permille: (self.tolerance_percent * 10.0) as i64,
            },
        }
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if arguments.kernel
        && let Err(error) = kernel::enter()
    {
        eprintln!("pkt: no namespaces: {error}");
        return ExitCode::from(2);
    }
    match run(&arguments) {
        Ok(report) if report.is_green() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(message) => {
            eprintln!("pkt: {message}");
            ExitCode::from(2)
        }
    }
}

fn run(arguments: &Arguments) -> Result<Report, String> {
    let files = files::all(&arguments.paths)?;
    let jobs = if arguments.kernel { AT_ONCE } else { 1 };
    let run_one = |file: &PathBuf| {
        let profile = match arguments.profile {
            // The kernel is one system, whatever it is asked to be.
            _ if arguments.kernel && files::profile(file) != Profile::Linux => Profile::FreeBsd,
            Some(System::Linux) => Profile::Linux,
            Some(System::Freebsd) => Profile::FreeBsd,
            None => files::profile(file),
        };
        files::run(file, arguments.system(profile))
    };
    let mut report = Report::new(arguments.json);
    in_order(&files, jobs, run_one, |file, ran| {
        if let Some(directory) = &arguments.pcap {
            files::keep(directory, file, ran.pcap.octets())?;
        }
        report.add(file, &ran);
        Ok(())
    })?;
    report.finish();
    Ok(report)
}

/// Works on several items at once, and tells the results in the order of the items.
fn in_order<T: Sync, R: Send>(
    items: &[T],
    jobs: usize,
    work: impl Fn(&T) -> R + Sync,
    mut tell: impl FnMut(&T, R) -> Result<(), String>,
) -> Result<(), String> {
    let next = AtomicUsize::new(0);
    let (to, results) = mpsc::channel();
    let worker = |to: mpsc::Sender<(usize, R)>| {
        while let index = next.fetch_add(1, Ordering::Relaxed)
            && let Some(item) = items.get(index)
        {
            if to.send((index, work(item))).is_err() {
                return;
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..jobs {
            let to = to.clone();
            scope.spawn(|| worker(to));
        }
        drop(to);
        let mut early = BTreeMap::new();
        for (told, item) in items.iter().enumerate() {
            while !early.contains_key(&told) {
                let Ok((index, result)) = results.recv() else {
                    return Err("a thread ended early".to_owned());
                };
                early.insert(index, result);
            }
            if let Some(result) = early.remove(&told) {
                tell(item, result)?;
            }
        }
        Ok(())
    })
}
