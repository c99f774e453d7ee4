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

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use tcp_tests::pkt::compare::{Rigour, Tolerance};
use tcp_tests::pkt::kernel::{self, KernelSettings};
use tcp_tests::pkt::settings::Settings;
use tcp_tests::pkt::tuning::Profile;

use report::Report;

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
    let mut report = Report::new(arguments.json);
    for file in files::all(&arguments.paths)? {
        let profile = match arguments.profile {
            Some(System::Linux) => Profile::Linux,
            Some(System::Freebsd) => Profile::FreeBsd,
            None => files::profile(&file),
        };
        let ran = files::run(&file, arguments.system(profile));
        if let Some(directory) = &arguments.pcap {
            files::keep(directory, &file, ran.pcap.octets())?;
        }
        report.add(&file, &ran);
    }
    report.finish();
    Ok(report)
}
