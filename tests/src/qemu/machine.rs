//! QEMU with an image in it: one process, which ends with the value that stands for it, and also
//! when this process ends in any other way.

use std::ffi::OsString;
use std::fs;
use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::os::unix::fs::FileExt;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Signal, getpid, getppid, set_parent_process_death_signal};

use super::{Image, Program};
use crate::netns::wait_for;

/// QEMU for Arm.
pub const PROGRAM: &str = "qemu-system-arm";
/// The name of the machine's network device in the monitor.
const NETDEV: &str = "n0";
/// No answer of the monitor and no start takes longer.
const PATIENCE: Duration = Duration::from_secs(30);

/// What the machine's Ethernet is connected to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Network {
    /// QEMU's own network, without privileges: pairs of an address of this host and a port of the
    /// firmware.
    User(Vec<(SocketAddr, u16)>),
    /// A TAP device, which exists.
    Tap(String),
    /// Datagrams, each of which is a frame: from where the machine sends, and to where.
    Datagrams {
        /// The machine's end.
        machine: SocketAddr,
        /// The other end.
        peer: SocketAddr,
    },
}

impl Network {
    fn arguments(&self) -> [String; 4] {
        let netdev = match self {
            Self::User(forwards) => {
                let forward = |(host, port): &(SocketAddr, u16)| {
                    format!(",hostfwd=tcp:{}:{}-:{port}", host.ip(), host.port())
                };
                let forwards: String = forwards.iter().map(forward).collect();
                format!("user,id={NETDEV}{forwards}")
            }
            Self::Tap(name) => {
                format!("tap,id={NETDEV},ifname={name},script=no,downscript=no")
            }
            Self::Datagrams { machine, peer } => {
                let end = |name: &str, end: &SocketAddr| {
                    let (host, port) = (end.ip(), end.port());
                    format!(",{name}.type=inet,{name}.host={host},{name}.port={port}")
                };
                let ends = end("local", machine) + &end("remote", peer);
                format!("dgram,id={NETDEV}{ends}")
            }
        };
        let nic = format!("nic,netdev={NETDEV}");
        ["-netdev".to_owned(), netdev, "-net".to_owned(), nic]
    }
}

/// A running QEMU. Its files have no names any more once it runs, so nothing of it stays behind.
#[derive(Debug)]
pub struct Machine {
    child: Process,
    console: fs::File,
    monitor: UnixStream,
    errors: fs::File,
    semihosting: fs::File,
}

impl Machine {
    /// Starts `image`. What the firmware is told for a secret comes from the kernel.
    ///
    /// # Errors
    /// When QEMU is missing, or ends at once: then with what it said.
    pub fn start(image: &Image, network: &Network) -> io::Result<Self> {
        let directory = tempfile::tempdir()?;
        let path = |name: &str| directory.path().join(name);
        let (console, monitor) = (path("console"), path("monitor"));
        fs::write(&console, "")?;
        let errors = tempfile::tempfile()?;
        let semihosting = tempfile::tempfile()?;
        let mut command = Command::new(PROGRAM);
        command
            .args(["-M", image.board().machine(), "-display", "none"])
            .arg("-serial")
            .arg(option("file:", &console, ""))
            .arg("-monitor")
            .arg(option("unix:", &monitor, ",server=on,wait=off"))
            .args(network.arguments())
            .args(secret(image.board().secret())?)
            .arg("-kernel")
            .arg(image.path())
            .stdin(Stdio::null())
            .stdout(semihosting.try_clone()?)
            .stderr(errors.try_clone()?);
        if image.program() == Program::OursWithDefmt {
            command.args(["-semihosting-config", "enable=on,target=native"]);
        }
        die_with_parent(&mut command);
        let mut child = Process(command.spawn()?);
        let monitor = child.await_monitor(&monitor, &errors)?;
        let mut machine = Self {
            child,
            console: fs::File::open(&console)?,
            monitor,
            errors,
            semihosting,
        };
        machine.await_firmware()?;
        Ok(machine)
    }

    /// What the firmware said so far.
    #[must_use]
    pub fn console(&self) -> String {
        text(&self.console)
    }

    /// What the firmware said so far through semihosting.
    #[must_use]
    pub fn semihosting(&self) -> Vec<u8> {
        read_all(&self.semihosting)
    }

    /// Waits until the firmware said `text`.
    ///
    /// # Panics
    /// When it does not, with what it said instead.
    pub fn await_console(&self, text: &str) {
        let deadline = Instant::now() + PATIENCE;
        while !self.console().contains(text) {
            assert!(
                Instant::now() < deadline,
                "the firmware does not say {text:?}, but:\n{}",
                self.console()
            );
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Pulls the cable out, or plugs it in.
    ///
    /// # Errors
    /// When the monitor does not answer.
    pub fn plug(&self, plugged: Plugged) -> io::Result<()> {
        let how = match plugged {
            Plugged::In => "on",
            Plugged::Out => "off",
        };
        self.monitor(&format!("set_link {NETDEV} {how}")).map(drop)
    }

    /// Has the monitor do something, and returns what it answers.
    ///
    /// # Errors
    /// When it does not answer.
    pub fn monitor(&self, command: &str) -> io::Result<String> {
        let mut monitor = &self.monitor;
        monitor.write_all(command.as_bytes())?;
        monitor.write_all(b"\n")?;
        until_prompt(monitor)
    }

    /// The processor time that QEMU has used so far, in clock ticks (a hundredth of a second).
    ///
    /// # Errors
    /// When it has ended.
    pub fn cpu_ticks(&self) -> io::Result<u64> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.0.id()))?;
        // The name in parentheses may hold anything.
        let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields);
        let ticks = fields.split_whitespace().skip(11).take(2);
        Ok(ticks.filter_map(|field| field.parse::<u64>().ok()).sum())
    }

    /// How QEMU ended, if it has.
    ///
    /// # Errors
    /// When it cannot be asked.
    pub fn ended(&mut self) -> io::Result<Option<ExitStatus>> {
        self.child.0.try_wait()
    }

    /// What QEMU itself complained about.
    #[must_use]
    pub fn complaints(&self) -> String {
        text(&self.errors)
    }

    /// QEMU ends a moment after its monitor is there when its network cannot be opened.
    fn await_firmware(&mut self) -> io::Result<()> {
        wait_for("the firmware or the end of QEMU", PATIENCE, || {
            let ended = self.child.0.try_wait().ok().flatten().is_some();
            (ended || !self.console().is_empty()).then_some(())
        });
        match self.ended()? {
            None => Ok(()),
            Some(_) => Err(io::Error::other(self.complaints())),
        }
    }
}

/// The process of QEMU, which ends with this value.
#[derive(Debug)]
struct Process(Child);

impl Process {
    /// QEMU opens its monitor once all options were understood.
    fn await_monitor(&mut self, path: &Path, errors: &fs::File) -> io::Result<UnixStream> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Ok(monitor) = UnixStream::connect(path) {
                monitor.set_read_timeout(Some(PATIENCE))?;
                until_prompt(&monitor)?;
                return Ok(monitor);
            }
            if let Some(status) = self.0.try_wait()? {
                let why = format!("{PROGRAM}: {status}: {}", text(errors));
                return Err(io::Error::other(why));
            }
            if Instant::now() > deadline {
                return Err(io::ErrorKind::TimedOut.into());
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // One that has ended cannot be ended, and there is nobody to tell.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Where the cable's end is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Plugged {
    /// In the board.
    In,
    /// On the floor.
    Out,
}

/// Has the kernel end the child when the thread that starts it ends.
fn die_with_parent(command: &mut Command) {
    let parent = getpid();
    let prepare = move || {
        set_parent_process_death_signal(Some(Signal::KILL))?;
        // It may have ended before that.
        if getppid() == Some(parent) {
            Ok(())
        } else {
            Err(io::ErrorKind::BrokenPipe.into())
        }
    };
    // SAFETY: between fork and exec the closure makes two system calls, takes no lock and
    // allocates nothing.
    unsafe { command.pre_exec(prepare) };
}

/// Options that leave 16 random octets at `address`.
fn secret(address: u32) -> io::Result<Vec<String>> {
    let mut octets = [0; 16];
    fs::File::open("/dev/urandom")?.read_exact(&mut octets)?;
    let (halves, _) = octets.as_chunks::<8>();
    let options = halves.iter().zip([address, address + 8]);
    let options = options.flat_map(|(half, address)| {
        let data = u64::from_le_bytes(*half);
        let loader = format!("loader,addr={address:#x},data={data:#x},data-len=8");
        ["-device".to_owned(), loader]
    });
    Ok(options.collect())
}

fn until_prompt(mut monitor: &UnixStream) -> io::Result<String> {
    let mut text = Vec::new();
    let mut octet = [0];
    while !text.ends_with(b"(qemu) ") {
        monitor.read_exact(&mut octet)?;
        text.push(octet[0]);
    }
    Ok(String::from_utf8_lossy(&text).into_owned())
}

/// Everything in a file that somebody else is writing.
fn read_all(file: &fs::File) -> Vec<u8> {
    let mut octets = Vec::new();
    let mut part = [0; 4_096];
    while let Ok(count @ 1..) = file.read_at(&mut part, octets.len() as u64) {
        octets.extend_from_slice(&part[..count]);
    }
    octets
}

fn text(file: &fs::File) -> String {
    String::from_utf8_lossy(&read_all(file)).into_owned()
}

fn option(before: &str, path: &Path, after: &str) -> OsString {
    let mut text = OsString::from(before);
    text.push(path);
    text.push(after);
    text
}
