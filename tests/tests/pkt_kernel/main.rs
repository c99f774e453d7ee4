//! Conformance scripts in real time against the Linux kernel: what the kernel does passes, what it
//! does not is told, and what cannot be run is neither.
//!
//! The machine may be busy, so more lateness is allowed than the scripts would need.

use std::path::Path;

use tcp_tests::netns;
use tcp_tests::pkt::kernel::{self, KernelSettings};
use tcp_tests::pkt::settings::Settings;
use tcp_tests::pkt::verdict::Verdict;

const SLACK_US: i64 = 60_000;

fn run(source: &str) -> Verdict {
    let script = tcp_tests::pkt::parse(source).unwrap_or_else(|error| panic!("{error}"));
    let settings = KernelSettings {
        slack_us: SLACK_US,
        attempts: 1,
        ..KernelSettings::new(Settings::default())
    };
    kernel::run(&script, &settings).verdict
}

/// Every script of this directory, at the same time.
#[test]
fn the_kernel_does_what_the_scripts_say() {
    netns::inside("the_kernel_does_what_the_scripts_say", || {
        kernel::enter().expect("a namespace");
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pkt_kernel/scripts");
        let entries = std::fs::read_dir(directory).expect("the scripts");
        let sources: Vec<(String, String)> = entries
            .map(|entry| {
                let path = entry.expect("an entry").path();
                let source = std::fs::read_to_string(&path).expect("a script");
                (path.display().to_string(), source)
            })
            .collect();
        assert!(sources.len() >= 10, "only {} scripts", sources.len());
        let verdicts: Vec<(&str, Verdict)> = std::thread::scope(|scope| {
            let started: Vec<_> = sources
                .iter()
                .map(|(path, source)| (path.as_str(), scope.spawn(|| run(source))))
                .collect();
            started
                .into_iter()
                .map(|(path, thread)| (path, thread.join().expect("a verdict")))
                .collect()
        });
        for (path, verdict) in verdicts {
            assert_eq!(verdict, Verdict::Ok, "{path}");
        }
    });
}

/// Where a passive open has come to its SYN-ACK.
const OPENING: &str = "\
0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
+0 bind(3, ..., ...) = 0
+0 listen(3, 1) = 0
+0 < S 0:0(0) win 32792 <mss 1000>
";

#[test]
fn what_the_kernel_does_otherwise_is_told() {
    netns::inside("what_the_kernel_does_otherwise_is_told", || {
        kernel::enter().expect("a namespace");
        let failures = [
            ("+0 > S. 0:0(0) ack 2 <mss 1460>", "acknowledgments differ"),
            ("+0 > S. 0:0(0) ack 1 win 1 <mss 1460>", "windows differ"),
            ("+0 > S. 0:0(0) ack 1 <mss 1461>", "options differ"),
            ("+0 > R. 0:0(0) ack 1 <mss 1460>", "flags differ"),
            ("+.3 > S. 0:0(0) ack 1 <mss 1460>", "not between"),
            (
                "+0 > S. 0:0(0) ack 1 <...>\n+.4 > S. 0:0(0) ack 1 <...>",
                "got nothing",
            ),
            ("+0 accept(17, ..., ...) = 4", "got -1 EBADF"),
            ("+0 listen(3, 1) = -1 EINVAL", "got 0"),
            ("+0...0.3 accept(3, ..., ...) = 4", "got no return"),
            (
                "+0 getsockopt(3, SOL_TCP, TCP_NODELAY, [1], [4]) = 0",
                "got [0]",
            ),
            (
                "+0 poll([{fd=3, events=POLLIN, revents=POLLIN}], 1, 0) = 0",
                "got the events",
            ),
        ];
        for (event, expected) in failures {
            match run(&format!("{OPENING}{event}")) {
                Verdict::Failed { message, line } => {
                    assert!(message.contains(expected), "{event}: {message}");
                    assert!(line >= 5, "{event}: line {line}");
                }
                other => panic!("{event}: {other:?}"),
            }
        }
    });
}

#[test]
fn what_cannot_be_run_is_no_pass() {
    netns::inside("what_cannot_be_run_is_no_pass", || {
        kernel::enter().expect("a namespace");
        for event in [
            "0 `touch /tmp/nothing`",
            "0 `sysctl -q kernel.hostname=nothing`",
            "0 `sysctl -q net.ipv4.../../x=1`",
            "0 splice(3, NULL, 3, NULL, 1, 0) = 1",
            "0 socket(..., SOCK_DGRAM, 0) = 3",
            "0 > udp (10)",
            "0 %{ assert tcpi_state == 1 }%",
            "1000 close(3) = 0",
        ] {
            let verdict = run(event);
            let is_unsupported = matches!(verdict, Verdict::Unsupported { line: 1, .. });
            assert!(is_unsupported, "{event}: {verdict:?}");
        }
    });
}
