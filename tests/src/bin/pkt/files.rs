//! From paths to scripts, and from scripts to verdicts.

use std::fs;
use std::panic::{self, AssertUnwindSafe};
use std::path::{Path, PathBuf};

use tcp_tests::pcap::Pcap;
use tcp_tests::pkt::engine;
use tcp_tests::pkt::kernel::{self, KernelSettings};
use tcp_tests::pkt::settings::Settings;
use tcp_tests::pkt::tuning::Profile;
use tcp_tests::pkt::verdict::Verdict;

/// What marks a script that needs something that is not built.
const AWAITS: &str = "// awaits ";

/// A script that was run.
pub(crate) struct Ran {
    pub(crate) verdict: Verdict,
    /// What the script needs that is not built.
    pub(crate) awaits: Option<String>,
    pub(crate) pcap: Pcap,
}

/// The files that are named, and every script below the directories that are named, in order.
pub(crate) fn all(paths: &[PathBuf]) -> Result<Vec<PathBuf>, String> {
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            below(path, &mut files)?;
        } else {
            files.push(path.clone());
        }
    }
    Ok(files)
}

fn below(directory: &Path, files: &mut Vec<PathBuf>) -> Result<(), String> {
    let failed = |error: std::io::Error| format!("{}: {error}", directory.display());
    let mut entries = Vec::new();
    for entry in fs::read_dir(directory).map_err(failed)? {
        entries.push(entry.map_err(failed)?.path());
    }
    entries.sort();
    for path in entries {
        if path.is_dir() {
            below(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "pkt") {
            files.push(path);
        }
    }
    Ok(())
}

/// The system that a script was written for, by the names of its directories.
pub(crate) fn profile(file: &Path) -> Profile {
    let whole = file.canonicalize().unwrap_or_else(|_| file.to_owned());
    let mut names = whole.iter().filter_map(|name| name.to_str());
    if names.any(|name| name.eq_ignore_ascii_case("freebsd")) {
        Profile::FreeBsd
    } else {
        Profile::Linux
    }
}

/// What a script is run against.
#[derive(Clone, Copy)]
pub(crate) enum System {
    Core(Settings),
    Kernel(KernelSettings),
}

/// Runs one file.
pub(crate) fn run(file: &Path, system: System) -> Ran {
    let unread = |message: String| Ran {
        verdict: Verdict::Failed { line: 1, message },
        awaits: None,
        pcap: Pcap::default(),
    };
    let source = match fs::read(file) {
        Ok(octets) => String::from_utf8_lossy(&octets).into_owned(),
        Err(error) => return unread(error.to_string()),
    };
    let mut lines = source.lines();
    let awaits = lines.find_map(|line| line.trim().strip_prefix(AWAITS));
    let awaits = awaits.map(|name| name.trim().to_owned());
    let script = match tcp_tests::pkt::parse(&source) {
        Ok(script) => script,
        Err(error) => {
            let (line, message) = (error.line, format!("syntax: {error}"));
            return Ran {
                verdict: Verdict::Failed { line, message },
                awaits,
                pcap: Pcap::default(),
            };
        }
    };
    // A broken invariant of the stack is a failure of one script, and the others go on.
    let ran = panic::catch_unwind(AssertUnwindSafe(|| match &system {
        System::Core(settings) => engine::run(&script, settings),
        System::Kernel(settings) => kernel::run(&script, settings),
    }));
    match ran {
        Ok(outcome) => Ran {
            verdict: outcome.verdict,
            awaits,
            pcap: outcome.pcap,
        },
        Err(cause) => {
            let text = cause.downcast_ref::<String>().map(String::as_str);
            let text = text.or_else(|| cause.downcast_ref::<&str>().copied());
            unread(format!("panic: {}", text.unwrap_or("without a message")))
        }
    }
}

/// Writes the capture of a script into `directory`, under a name made of its path.
pub(crate) fn keep(directory: &Path, file: &Path, capture: &[u8]) -> Result<(), String> {
    let parts: Vec<_> = file.iter().filter_map(|part| part.to_str()).collect();
    let name = parts.join("_").replace("._", "").replace("/_", "");
    let path = directory.join(name).with_extension("pcap");
    fs::create_dir_all(directory)
        .and_then(|()| fs::write(&path, capture))
        .map_err(|error| format!("{}: {error}", path.display()))
}
