//! Runs one command of a step, with an end.

use std::fs::{self, File};
use std::io;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tcp_tests::{cross, not_run};

use crate::tally::{Counts, Verdict, counts_in};

/// No command of the suite takes longer, even on a machine with nothing built.
const TIME_LIMIT: Duration = Duration::from_secs(15 * 60);
/// Lines that are shown of a command that failed.
const TAIL: usize = 60;

/// The cargo that runs this suite.
pub(crate) fn cargo(arguments: &[&str]) -> Command {
    let name = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(name);
    command.args(arguments);
    command
}

/// A cargo of another toolchain, through rustup.
pub(crate) fn cargo_of(toolchain: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new("rustup");
    command
        .args(["run", toolchain, "cargo"])
        .args(arguments)
        .env_remove("RUSTUP_TOOLCHAIN")
        .env_remove("CARGO");
    command
}

/// The command's exit status is the verdict.
pub(crate) fn check(step: &str, command: &mut Command) -> Verdict {
    match Finished::of(step, command) {
        Ok(finished) if finished.status.success() => Verdict::Holds,
        Ok(finished) => finished.failure(1),
        Err(error) => could_not(command, &error),
    }
}

/// The first of several commands that fails is the verdict.
pub(crate) fn check_all(step: &str, commands: impl Iterator<Item = Command>) -> Verdict {
    for mut command in commands {
        let verdict = check(step, &mut command);
        if verdict != Verdict::Holds {
            return verdict;
        }
    }
    Verdict::Holds
}

/// The command runs tests: they are counted.
pub(crate) fn tests(step: &str, command: &mut Command) -> Verdict {
    let notes = logs().join(format!("{step}.not-run"));
    let _ = fs::remove_file(&notes);
    command.env(not_run::FILE_VARIABLE, &notes);
    let finished = match Finished::of(step, command) {
        Ok(finished) => finished,
        Err(error) => return could_not(command, &error),
    };
    let Some(mut counts) = counts_in(&finished.output) else {
        return finished.failure(1);
    };
    if !finished.status.success() || counts.failed > 0 {
        return finished.failure(counts.failed.max(1));
    }
    let not_run: Vec<String> = fs::read_to_string(&notes)
        .unwrap_or_default()
        .lines()
        .map(str::to_owned)
        .collect();
    let silent = u32::try_from(not_run.len()).unwrap_or(u32::MAX);
    counts.passed = counts.passed.saturating_sub(silent);
    counts.skipped += silent;
    Verdict::Tested { counts, not_run }
}

fn could_not(command: &Command, error: &io::Error) -> Verdict {
    Verdict::Failed {
        counts: Counts {
            failed: 1,
            ..Counts::default()
        },
        output: format!("could not run {command:?}: {error}"),
    }
}

fn logs() -> PathBuf {
    cross::workspace().join("target/suite")
}

/// A command that has ended.
struct Finished {
    line: String,
    status: ExitStatus,
    output: String,
}

impl Finished {
    /// Runs `command` in the workspace. Its output goes to a file, so that a pipe that some
    /// grandchild keeps open cannot hold the suite.
    fn of(step: &str, command: &mut Command) -> io::Result<Self> {
        fs::create_dir_all(logs())?;
        let path = logs().join(format!("{step}.log"));
        let log = File::create(&path)?;
        command
            .current_dir(cross::workspace())
            .env("CARGO_TERM_COLOR", "never")
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .process_group(0);
        let line = line_of(command);
        let status = wait(command.spawn()?)?;
        let output = String::from_utf8_lossy(&fs::read(&path)?).into_owned();
        Ok(Self {
            line,
            status,
            output,
        })
    }

    fn failure(&self, failed: u32) -> Verdict {
        let lines: Vec<&str> = self.output.lines().collect();
        let tail = lines
            .get(lines.len().saturating_sub(TAIL)..)
            .unwrap_or_default();
        let end = match self.status.signal() {
            Some(9) => "ended by the time limit".to_owned(),
            _ => self.status.to_string(),
        };
        Verdict::Failed {
            counts: Counts {
                failed,
                ..Counts::default()
            },
            output: format!(
                "    $ {}\n    {}\n    {end}",
                self.line,
                tail.join("\n    ")
            ),
        }
    }
}

/// The command as one would type it.
fn line_of(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let words: Vec<_> = words.map(|word| word.to_string_lossy()).collect();
    words.join(" ")
}

/// Waits for the child, and ends its whole process group after [`TIME_LIMIT`].
fn wait(mut child: Child) -> io::Result<ExitStatus> {
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        if start.elapsed() > TIME_LIMIT {
            let group = format!("-{}", child.id());
            Command::new("kill").args(["-9", "--", &group]).status()?;
            return child.wait();
        }
        thread::sleep(Duration::from_millis(20));
    }
}
