//! The kernel's TCP against `tcp serve` and against a server made of smoltcp, over TUN devices in
//! a user and network namespace of their own.
//!
//! Both servers get a device made in the same way, of the same MTU and queue length, and run
//! through all rounds; the kernel's client turns from one to the other. A round to discard ends
//! when the server has closed too, so all octets were read. Beside the rate stands the processor
//! time that the server took, which says more on a machine that is busy otherwise.

pub(crate) mod client;
mod smoltcp_server;

use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::Duration;
use std::{fs, io};

use crate::Scale;
use crate::report::{Bar, Report, Who, median};

pub(crate) use smoltcp_server::serve_with_smoltcp;

/// The argument with which this program starts itself in the namespace.
pub(crate) const INSIDE: &str = "inside-namespace";

const MTUS: [u16; 3] = [1_500, 9_000, 65_535];
const OCTETS: usize = 256 << 20;
const ROUNDS: usize = 5;
pub(crate) const DISCARD: u16 = 9;
pub(crate) const CHARGEN: u16 = 19;

/// Measures in a namespace.
pub(crate) fn run(report: &mut Report, scale: Scale) {
    if let Err(why) = measure(report, scale) {
        match why {
            Trouble::Forbidden(why) => report.skipped("tun", &why),
            Trouble::Failed(why) => report.failed("tun", &why),
        }
    }
}

/// Why there are no results.
enum Trouble {
    /// The machine does not allow it.
    Forbidden(String),
    /// It went wrong.
    Failed(String),
}

fn measure(report: &mut Report, scale: Scale) -> Result<(), Trouble> {
    let failed = |error: io::Error| Trouble::Failed(error.to_string());
    let exe = std::env::current_exe().map_err(failed)?;
    let server = build_tcp(&exe)?;
    let namespace = Command::new("unshare").args(["-Urn", "true"]).status();
    if !namespace.is_ok_and(|status| status.success()) {
        let why = "`unshare -Urn` is not allowed here";
        return Err(Trouble::Forbidden(why.to_owned()));
    }
    for mtu in MTUS {
        let output = Command::new("unshare")
            .arg("-Urn")
            .args([exe.as_os_str(), INSIDE.as_ref(), server.as_os_str()])
            .args([mtu.to_string(), scale.of(OCTETS).to_string()])
            .stderr(Stdio::inherit())
            .output()
            .map_err(failed)?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        if !output.status.success() {
            return Err(Trouble::Failed(format!("MTU {mtu}: {}", text.trim())));
        }
        publish(report, mtu, &text);
    }
    Ok(())
}

/// Builds the command `tcp` with the same profile; where it is.
fn build_tcp(exe: &Path) -> Result<PathBuf, Trouble> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut build = Command::new(cargo);
    build.args(["build", "-q", "-p", "tcp-std", "--bin", "tcp"]);
    if !cfg!(debug_assertions) {
        build.arg("--release");
    }
    build.current_dir(tcp_tests::cross::workspace());
    let built = build.status();
    if !built.is_ok_and(|status| status.success()) {
        return Err(Trouble::Failed("the command tcp does not build".to_owned()));
    }
    Ok(exe.with_file_name("tcp"))
}

/// Lines `WHO DIRECTION WHAT NUMBER` as results.
fn publish(report: &mut Report, mtu: u16, text: &str) {
    for direction in ["discard", "chargen"] {
        let of = |what: &str| {
            Who::BOTH.map(|who| -> Vec<f64> {
                let prefix = format!("{} {direction} {what} ", who.name());
                let numbers = text.lines().filter_map(|line| line.strip_prefix(&prefix));
                numbers.filter_map(|number| number.parse().ok()).collect()
            })
        };
        let (rates, costs) = (of("rate"), of("cpu"));
        let name = format!("tun.{mtu}.{direction}");
        if rates.iter().chain(&costs).any(Vec::is_empty) {
            report.failed(&name, "no result");
            continue;
        }
        for (who, (rates, costs)) in Who::BOTH.iter().zip(rates.iter().zip(&costs)) {
            report.measured(&name, *who, rates, "Gbit/s");
            report.measured(&format!("{name}.cpu"), *who, costs, "ns/KiB");
        }
        let ratio = |of: &[Vec<f64>; 2]| median(&of[0]) / median(&of[1]);
        let what = "tcp-core / smoltcp";
        report.ratio(&name, what, ratio(&rates), Bar::AtLeast(1.0));
        report.ratio(&format!("{name}.cpu"), what, ratio(&costs), Bar::None);
    }
}

/// The part that runs in the namespace: `INSIDE SERVER MTU OCTETS`.
pub(crate) fn inside(arguments: &[String]) -> ExitCode {
    let [_, server, mtu, octets] = arguments else {
        eprintln!("bench: {INSIDE} is for the bench itself");
        return ExitCode::from(2);
    };
    let (Ok(mtu), Ok(octets)) = (mtu.parse(), octets.parse()) else {
        return ExitCode::from(2);
    };
    match rounds(Path::new(server), mtu, octets) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn rounds(server: &Path, mtu: u16, octets: usize) -> Result<(), String> {
    let mut ours = Command::new(server);
    ours.args(["serve", "--tun", "ours0", "--addr", "10.71.0.1/24"])
        .args(["--discard", &DISCARD.to_string()])
        .args(["--chargen", &CHARGEN.to_string()]);
    let exe = std::env::current_exe().map_err(|error| error.to_string())?;
    let mut theirs = Command::new(exe);
    theirs.args(["smoltcp-server", "peer0", "10.72.0.1"]);
    let servers = [
        Server::start(Who::Ours, ["ours0", "10.71.0.2/24"], mtu, ours)?,
        Server::start(Who::Smoltcp, ["peer0", "10.72.0.2/24"], mtu, theirs)?,
    ];
    let hosts = [[10, 71, 0, 1], [10, 72, 0, 1]];
    for (server, host) in servers.iter().zip(hosts) {
        client::wait_for(host.into(), DISCARD)
            .map_err(|error| format!("{}: {error}", server.who.name()))?;
    }
    for _ in 0..ROUNDS {
        for (server, host) in servers.iter().zip(hosts) {
            server.round("discard", octets, || {
                client::send(host.into(), DISCARD, octets)
            })?;
            server.round("chargen", octets, || {
                client::fetch(host.into(), CHARGEN, octets)
            })?;
        }
    }
    Ok(())
}

/// A server and its device; ended when dropped.
struct Server {
    who: Who,
    child: Child,
}

impl Server {
    /// Makes the device, gives the kernel its address, and starts the server on it.
    fn start(
        who: Who,
        [device, kernel]: [&str; 2],
        mtu: u16,
        mut command: Command,
    ) -> Result<Self, String> {
        ip(&["tuntap", "add", "dev", device, "mode", "tun"])?;
        ip(&["addr", "add", kernel, "dev", device])?;
        ip(&["link", "set", device, "mtu", &mtu.to_string(), "up"])?;
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .map_err(|error| format!("{}: {error}", who.name()))?;
        Ok(Self { who, child })
    }

    /// Prints how fast `transfer` carried `octets` octets and what it cost the server.
    fn round(
        &self,
        name: &str,
        octets: usize,
        transfer: impl FnOnce() -> io::Result<Duration>,
    ) -> Result<(), String> {
        let who = self.who.name();
        let before = self.processor_ns();
        let took = transfer().map_err(|error| format!("{who} {name}: {error}"))?;
        let spent = self.processor_ns() - before;
        let rate = octets as f64 * 8.0 / took.as_secs_f64() / 1e9;
        println!("{who} {name} rate {rate:.4}");
        println!("{who} {name} cpu {:.4}", spent * 1_024.0 / octets as f64);
        Ok(())
    }

    /// Nanoseconds that the server's threads have run.
    fn processor_ns(&self) -> f64 {
        let tasks = fs::read_dir(format!("/proc/{}/task", self.child.id()));
        let spent = tasks.into_iter().flatten().flatten().filter_map(|task| {
            let text = fs::read_to_string(task.path().join("schedstat")).ok()?;
            text.split_whitespace().next()?.parse::<f64>().ok()
        });
        spent.sum()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn ip(arguments: &[&str]) -> Result<(), String> {
    let output = Command::new("ip").args(arguments).output();
    let output = output.map_err(|error| format!("ip: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(format!("ip {}: {}", arguments.join(" "), said.trim()))
}
