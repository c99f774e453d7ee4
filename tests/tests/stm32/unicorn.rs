//! A board whose processor is unicorn, on a TAP device of this namespace.

use std::io::{BufRead, BufReader};
use std::net::Ipv4Addr;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use tcp_tests::cross;

/// Where the image is by default.
pub(crate) const ADDRESS: Ipv4Addr = Ipv4Addr::new(192, 168, 1, 50);
const DEVICE: &str = "tap0";

/// A machine that runs.
pub(crate) struct Board {
    child: Child,
    output: BufReader<ChildStdout>,
}

impl Board {
    /// Returns when the processor has started: the cable keeps frames until it looks.
    pub(crate) fn start(python: &Path, image: &Path, damage: u32) -> Self {
        crate::ip(&["tuntap", "add", "dev", DEVICE, "mode", "tap"]);
        crate::ip(&["addr", "add", "192.168.1.1/24", "dev", DEVICE]);
        crate::ip(&["link", "set", DEVICE, "up"]);
        let mut child = Command::new(python)
            .arg(cross::workspace().join("tests/unicorn/stm32f4.py"))
            .arg(image)
            .arg(DEVICE)
            .args(["--damage", &damage.to_string()])
            .stdout(Stdio::piped())
            .spawn()
            .expect("Python starts");
        let mut output = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut line = String::new();
        output.read_line(&mut line).expect("text");
        assert_eq!(line, "runs\n");
        Self { child, output }
    }

    /// Keeps the processor and its Ethernet controller from running.
    pub(crate) fn pause(&self) {
        self.signal(Signal::STOP);
    }

    pub(crate) fn resume(&self) {
        self.signal(Signal::CONT);
    }

    /// Ends it; how it ended, and what it counted.
    pub(crate) fn stop(&mut self) -> Counters {
        self.signal(Signal::TERM);
        let mut line = String::new();
        self.output.read_line(&mut line).expect("text");
        Counters(line)
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).expect("it is our child");
    }
}

impl Drop for Board {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A line of JSON with numbers and texts by name.
#[derive(Debug)]
pub(crate) struct Counters(String);

impl Counters {
    /// What stands behind a name.
    pub(crate) fn get(&self, name: &str) -> &str {
        let name = format!("\"{name}\": ");
        let start = self
            .0
            .find(&name)
            .unwrap_or_else(|| panic!("{name} in {self:?}"));
        let rest = &self.0[start + name.len()..];
        &rest[..rest.find([',', '}']).expect("another name or the end")]
    }

    pub(crate) fn number(&self, name: &str) -> u64 {
        self.get(name).parse().expect("a number")
    }
}
