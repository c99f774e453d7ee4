//! The kernel's TCP against two images on the same emulated board: ours, and one made of smoltcp,
//! with the same driver, rings, clock and build settings.
//!
//! Both machines run through all rounds, each on a TAP device of its own in one namespace, and the
//! kernel's client turns from one to the other. An emulated processor is as fast as the host lets
//! it be: only the ratio means something.

use std::io;
use std::net::Ipv4Addr;
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

use tcp_tests::qemu::image::BuildError;
use tcp_tests::qemu::{Board, Image, Machine, Network, PROGRAM, Program};

use crate::Scale;
use crate::report::{Bar, Report, Who, median};
use crate::tun::{CHARGEN, DISCARD, client, ip};

/// The argument with which this program starts itself in the namespace.
pub(crate) const INSIDE: &str = "inside-namespace-with-qemu";

const OCTETS: usize = 32 << 20;
const ROUNDS: usize = 5;
/// How much faster ours has to be.
const BAR: f64 = 1.5;

/// A machine, its device, and where it is.
struct Place {
    who: Who,
    program: Program,
    device: &'static str,
    kernel: &'static str,
    address: &'static str,
    host: Ipv4Addr,
}

const PLACES: [Place; 2] = [
    Place {
        who: Who::Ours,
        program: Program::Ours,
        device: "ours0",
        kernel: "10.71.0.2/24",
        address: "10.71.0.1/24",
        host: Ipv4Addr::new(10, 71, 0, 1),
    },
    Place {
        who: Who::Smoltcp,
        program: Program::Smoltcp,
        device: "peer0",
        kernel: "10.72.0.2/24",
        address: "10.72.0.1/24",
        host: Ipv4Addr::new(10, 72, 0, 1),
    },
];

impl Place {
    fn build(&self) -> Result<Image, BuildError> {
        let variables = [("TCP_ADDRESS", self.address), ("TCP_GATEWAY", "none")];
        Board::An386.build_program(self.program, &variables)
    }

    fn start(&self) -> Result<Machine, String> {
        let image = self.build().map_err(|error| error.to_string())?;
        let device = self.device;
        ip(&["tuntap", "add", "dev", device, "mode", "tap"])?;
        ip(&["addr", "add", self.kernel, "dev", device])?;
        ip(&["link", "set", device, "up"])?;
        let network = Network::Tap(device.to_owned());
        let machine = Machine::start(&image, &network);
        machine.map_err(|error| format!("{}: {error}", self.who.name()))
    }

    /// Prints how fast `transfer` carried `octets` octets.
    fn round(
        &self,
        name: &str,
        octets: usize,
        transfer: impl FnOnce() -> io::Result<Duration>,
    ) -> Result<(), String> {
        let who = self.who.name();
        let took = transfer().map_err(|error| format!("{who} {name}: {error}"))?;
        let rate = octets as f64 / took.as_secs_f64() / 1e6;
        println!("{who} {name} {rate:.4}");
        Ok(())
    }
}

/// Measures in a namespace.
pub(crate) fn run(report: &mut Report, scale: Scale) {
    if Command::new(PROGRAM).arg("--version").output().is_err() {
        report.skipped("qemu", &format!("{PROGRAM} is missing"));
        return;
    }
    for place in &PLACES {
        match place.build() {
            Ok(_) => {}
            Err(why @ BuildError::NoCompiler(_)) => {
                report.skipped("qemu", &why.to_string());
                return;
            }
            Err(why) => {
                report.failed("qemu", &why.to_string());
                return;
            }
        }
    }
    match measure(scale) {
        Ok(text) => publish(report, &text),
        Err(why) => report.failed("qemu", &why),
    }
}

fn measure(scale: Scale) -> Result<String, String> {
    let exe = std::env::current_exe().map_err(|error| error.to_string())?;
    let output = Command::new("unshare")
        .arg("-Urn")
        .args([exe.as_os_str(), INSIDE.as_ref()])
        .arg(scale.of(OCTETS).to_string())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("unshare: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        Ok(text)
    } else {
        Err(text.trim().to_owned())
    }
}

/// Lines `WHO DIRECTION NUMBER` as results.
fn publish(report: &mut Report, text: &str) {
    for direction in ["discard", "chargen"] {
        let name = format!("qemu.{direction}");
        let rates = Who::BOTH.map(|who| -> Vec<f64> {
            let prefix = format!("{} {direction} ", who.name());
            let numbers = text.lines().filter_map(|line| line.strip_prefix(&prefix));
            numbers.filter_map(|number| number.parse().ok()).collect()
        });
        if rates.iter().any(Vec::is_empty) {
            report.failed(&name, "no result");
            continue;
        }
        for (who, rates) in Who::BOTH.iter().zip(&rates) {
            report.measured(&name, *who, rates, "MB/s");
        }
        let ratio = median(&rates[0]) / median(&rates[1]);
        report.ratio(&name, "tcp-core / smoltcp", ratio, Bar::AtLeast(BAR));
    }
}

/// The part that runs in the namespace: `INSIDE OCTETS`.
pub(crate) fn inside(arguments: &[String]) -> ExitCode {
    let Some(octets) = arguments.get(1).and_then(|octets| octets.parse().ok()) else {
        eprintln!("bench: {INSIDE} is for the bench itself");
        return ExitCode::from(2);
    };
    match rounds(octets) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn rounds(octets: usize) -> Result<(), String> {
    let mut machines = Vec::new();
    for place in &PLACES {
        machines.push(place.start()?);
        client::wait_for(place.host, DISCARD)
            .map_err(|error| format!("{}: {error}", place.who.name()))?;
    }
    for _ in 0..ROUNDS {
        for place in &PLACES {
            let host = place.host;
            place.round("discard", octets, || client::send(host, DISCARD, octets))?;
            place.round("chargen", octets, || client::fetch(host, CHARGEN, octets))?;
        }
    }
    Ok(())
}
