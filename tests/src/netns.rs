//! Tests that run in a user and network namespace of their own.
//!
//! A namespace belongs to a process, and a user namespace can only be entered by one with a
//! single thread, so such a test starts the test binary again, for itself alone, between `fork`
//! and `exec` of which the namespaces are made.

use std::ffi::CString;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::fs::{Mode, OFlags};
use rustix::thread::{UnshareFlags, unshare_unsafe};

use crate::not_run;

/// Set in the process that runs inside.
const INSIDE: &str = "TCP_TESTS_INSIDE_NAMESPACE";
/// No test takes longer, unless it hangs.
const LIMIT: Duration = Duration::from_secs(240);
const GLANCE: Duration = Duration::from_millis(10);

/// Runs `body` in namespaces of its own; `name` is the full name of the test that calls. Where
/// this machine has none to give, the test counts as not run.
///
/// # Panics
/// When the test inside fails or takes too long; its output is shown.
pub fn inside(name: &str, body: impl FnOnce()) {
    if std::env::var_os(INSIDE).is_some() {
        body();
        return;
    }
    if let Err(error) = OpenOptions::new()
        .read(true)
        .write(true)
        .open("/dev/net/tun")
    {
        not_run::say(name, &format!("/dev/net/tun: {error}"));
        return;
    }
    let mut output = tempfile::tempfile().expect("a temporary file");
    let mut child = match start(name, &output) {
        Ok(child) => child,
        Err(error) => {
            not_run::say(name, &format!("no namespaces: {error}"));
            return;
        }
    };
    let status = wait(&mut child);
    let mut text = String::new();
    output.rewind().expect("a file can be rewound");
    output.read_to_string(&mut text).expect("tests write text");
    let success = status.is_some_and(|status| status.success());
    assert!(
        success,
        "{name} failed inside its namespace ({status:?}):\n{text}"
    );
    assert!(
        text.contains("1 passed"),
        "no test has the name {name}:\n{text}"
    );
}

fn start(name: &str, output: &File) -> io::Result<Child> {
    let uid = rustix::process::geteuid();
    let maps = Maps::new(uid.as_raw(), rustix::process::getegid().as_raw());
    let is_root = uid.is_root();
    let mut command = Command::new(std::env::current_exe()?);
    command
        .args([name, "--exact", "--nocapture", "--test-threads=1"])
        .env(INSIDE, "1")
        .stdin(Stdio::null())
        .stdout(output.try_clone()?)
        .stderr(output.try_clone()?);
    // SAFETY: between fork and exec the closure only makes system calls, on memory that was
    // allocated before; it takes no lock and allocates nothing.
    unsafe { command.pre_exec(move || enter(is_root, &maps)) };
    command.spawn()
}

/// What is written to become root inside, as C strings made in advance.
struct Maps {
    uid: String,
    gid: String,
    paths: [CString; 3],
}

impl Maps {
    fn new(uid: u32, gid: u32) -> Self {
        let path = |path: &str| CString::new(path).expect("no zero octet");
        Self {
            uid: format!("0 {uid} 1"),
            gid: format!("0 {gid} 1"),
            paths: [
                path("/proc/self/setgroups"),
                path("/proc/self/uid_map"),
                path("/proc/self/gid_map"),
            ],
        }
    }
}

fn enter(is_root: bool, maps: &Maps) -> io::Result<()> {
    // SAFETY: `FILES` is not asked for, and there is no other thread after a fork.
    let unshare = |flags| unsafe { unshare_unsafe(flags) };
    if is_root && unshare(UnshareFlags::NEWNET).is_ok() {
        return Ok(());
    }
    unshare(UnshareFlags::NEWUSER | UnshareFlags::NEWNET)?;
    let texts = ["deny", &maps.uid, &maps.gid];
    for (path, text) in maps.paths.iter().zip(texts) {
        let file = rustix::fs::open(path.as_c_str(), OFlags::WRONLY, Mode::empty())?;
        rustix::io::write(&file, text.as_bytes())?;
    }
    Ok(())
}

/// `None` when the limit passed; the process is ended then.
fn wait(child: &mut Child) -> Option<ExitStatus> {
    let deadline = Instant::now() + LIMIT;
    while Instant::now() < deadline {
        if let Some(status) = child.try_wait().expect("a child can be waited for") {
            return Some(status);
        }
        std::thread::sleep(GLANCE);
    }
    child.kill().expect("a child can be killed");
    child.wait().expect("a child can be waited for");
    None
}

/// Waits until `condition` gives something, and looks every millisecond: for what the kernel does
/// and announces to nobody.
///
/// # Panics
/// When it does not within `limit`.
pub fn wait_for<T>(what: &str, limit: Duration, mut condition: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + limit;
    loop {
        if let Some(found) = condition() {
            return found;
        }
        assert!(
            Instant::now() < deadline,
            "waited {limit:?} in vain for {what}"
        );
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Sets a knob of the kernel's TCP in this namespace.
///
/// # Panics
/// When the kernel has no such knob.
pub fn set_tcp_knob(name: &str, value: &str) {
    let path = format!("/proc/sys/net/ipv4/{name}");
    std::fs::write(&path, value).unwrap_or_else(|error| panic!("{path}: {error}"));
}
