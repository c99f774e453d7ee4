//! Runs a program of `firmware/budget` and reads what it counted.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

pub(crate) const PROGRAM: &str = "qemu-system-arm";
/// A board with a Cortex-M4F; an instruction takes 1,024 ns of virtual time, and time is not slept
/// through.
const ARGUMENTS: [&str; 13] = [
    "-M",
    "mps2-an386",
    "-icount",
    "shift=10,sleep=off",
    "-display",
    "none",
    "-monitor",
    "none",
    "-serial",
    "null",
    "-semihosting-config",
    "enable=on,target=native",
    "-kernel",
];
/// A run takes less than a second.
const TIME_LIMIT: Duration = Duration::from_secs(60);

/// Whether this machine can run anything.
pub(crate) fn is_there() -> bool {
    Command::new(PROGRAM)
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// What the program printed: names and figures.
pub(crate) fn run(image: &Path) -> Result<Vec<(String, u64)>, String> {
    let child = Command::new(PROGRAM)
        .args(ARGUMENTS)
        .arg(image)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| format!("{PROGRAM}: {error}"))?;
    // It prints less than a pipe holds, so nobody needs to read while it runs.
    let output = wait(child)?.wait_with_output();
    let output = output.map_err(|error| error.to_string())?;
    let text = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(format!("{} failed in QEMU:\n{text}{said}", image.display()));
    }
    let figures: Option<Vec<_>> = text.lines().map(figure).collect();
    figures
        .filter(|figures| !figures.is_empty())
        .ok_or_else(|| format!("{} printed no figures:\n{text}", image.display()))
}

/// Waits for its end, and ends it after [`TIME_LIMIT`].
fn wait(mut child: Child) -> Result<Child, String> {
    let start = Instant::now();
    while child
        .try_wait()
        .map_err(|error| error.to_string())?
        .is_none()
    {
        if start.elapsed() > TIME_LIMIT {
            let _ = child.kill();
            let _ = child.wait();
            return Err(format!("{PROGRAM} did not end"));
        }
        thread::sleep(Duration::from_millis(20));
    }
    Ok(child)
}

/// One line: `{"what":"NAME","value":NUMBER}`.
fn figure(line: &str) -> Option<(String, u64)> {
    let rest = line.trim().strip_prefix(r#"{"what":""#)?;
    let (name, value) = rest.strip_suffix('}')?.split_once(r#"","value":"#)?;
    Some((name.to_owned(), value.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_is_read_from_its_line() {
        let line = r#"{"what":"peak stack","value":1192}"#;
        assert_eq!(figure(line), Some(("peak stack".to_owned(), 1_192)));
    }

    #[test]
    fn a_panic_is_no_figure() {
        assert_eq!(figure("panicked at src/main.rs"), None);
        assert_eq!(figure(r#"{"what":"x","value":-1}"#), None);
    }
}
