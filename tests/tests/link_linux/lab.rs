//! A runner on a TAP device, a small web server on it, and programs on the kernel's side.

use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant as Clock};

use tcp_core::{Config, Event, Events, Handle, Instant, ListenAt};
use tcp_embedded::{Pool, Resources, Runner};

use crate::tap::Tap;

/// No single thing may take longer.
const PATIENCE: Duration = Duration::from_secs(40);
const SECRET: [u8; 16] = *b"a secret of test";
pub(crate) const PAGE: &str = "a page from a TCP on a TAP\n";

type Memory = Resources<'static, 4, 2_048, 2_048, 32>;

pub(crate) struct Lab {
    pub(crate) runner: Runner<'static, Tap, Pool<'static, 4>>,
    started: Clock,
    /// How far our clock is ahead of the kernel's.
    ahead: tcp_core::Duration,
}

impl Lab {
    /// A runner without addresses, with a web server on port 80.
    pub(crate) fn new() -> Self {
        let resources = Box::leak(Box::new(Memory::new()));
        let tap = Tap::open();
        let mut runner = Runner::without_address(tap, SECRET, resources.lend()).expect("a runner");
        let at = ListenAt {
            config: Config::new(),
            ..ListenAt::new(80)
        };
        runner.stack().listen(at).expect("a listener");
        Self {
            runner,
            started: Clock::now(),
            ahead: tcp_core::Duration::ZERO,
        }
    }

    pub(crate) fn now(&self) -> Instant {
        let micros = u64::try_from(self.started.elapsed().as_micros()).expect("a short test");
        // A clock that begins above zero finds more mistakes.
        Instant::from_micros(1_000_000 + micros) + self.ahead
    }

    /// Our clock jumps ahead.
    pub(crate) fn jump(&mut self, duration: tcp_core::Duration) {
        self.ahead = self.ahead + duration;
    }

    /// Runs until `done` has something.
    pub(crate) fn until<T>(
        &mut self,
        what: &str,
        mut done: impl FnMut(&mut Self) -> Option<T>,
    ) -> T {
        let deadline = Clock::now() + PATIENCE;
        loop {
            let now = self.now();
            let _ = self.runner.poll(now);
            self.serve(now);
            if let Some(done) = done(self) {
                return done;
            }
            assert!(Clock::now() < deadline, "waited in vain for {what}");
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// Runs a program against us; whether it succeeded, and what it printed.
    pub(crate) fn run(&mut self, program: &str, arguments: &[&str]) -> (bool, String) {
        let mut child = Background::start(program, arguments);
        let status = self.until(program, |_| child.0.try_wait().expect("a child"));
        let mut text = String::new();
        let mut output = child.0.stdout.take().expect("a pipe");
        output.read_to_string(&mut text).expect("text");
        (status.success(), text)
    }

    /// Answers every request with the page.
    fn serve(&mut self, now: Instant) {
        let stack = self.runner.stack();
        while let Some(event) = stack.poll_event() {
            match event {
                Event::Listener(listener) => {
                    let _ = stack.accept(listener).expect("a listener");
                }
                Event::Connection(handle, events) if events.contains(Events::CLOSED) => {
                    stack.close(now, handle).expect("a connection");
                }
                Event::Connection(handle, _) => answer(now, stack, handle),
            }
        }
    }
}

fn answer(
    now: Instant,
    stack: &mut tcp_core::Stack<'static, tcp_core::Firmware, Pool<'static, 4>>,
    handle: Handle,
) {
    let mut request = [0; 512];
    let count = stack.read(now, handle, &mut request).unwrap_or(0);
    if request[..count].ends_with(b"\r\n\r\n") {
        let length = PAGE.len();
        let head = format!("HTTP/1.0 200 OK\r\nContent-Length: {length}\r\n\r\n");
        for part in [head.as_str(), PAGE] {
            let sent = stack.send(now, handle, part.as_bytes());
            assert_eq!(sent, Ok(part.len()));
        }
        stack.shutdown(now, handle).expect("a connection");
    }
}

/// A program that ends with the test.
pub(crate) struct Background(Child);

impl Background {
    pub(crate) fn start(program: &str, arguments: &[&str]) -> Self {
        let child = Command::new(program)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn();
        Self(child.unwrap_or_else(|error| panic!("{program}: {error}")))
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
