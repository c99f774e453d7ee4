//! The firmware in QEMU, for a browser: `cargo qemu`.
//!
//! Builds the image, starts QEMU with a network that needs no privileges, says where the services
//! are, and shows what the firmware says, until Ctrl-C, until standard input ends (if it is a pipe
//! or a terminal), or until QEMU ends.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::process::{Command, ExitCode};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use rustix::fs::FileType;
use tcp_tests::qemu::{Board, Machine, Network, PROGRAM};

const USAGE: &str = "\
usage: cargo qemu [-- [--board NAME] [--port NUMBER]]

  --board NAME   mps2-an386 (default), mps2-an385, mps2-an500 or mps3-an547
  --port NUMBER  of this host, for the web page (default: 8080, or a free one)

The firmware's address is 10.0.2.15/24, as QEMU's own network expects.";
/// The page's port on this host, unless it is in use.
const PORT: u16 = 8_080;
/// How often the console is looked at.
const GLANCE: Duration = Duration::from_millis(50);
/// Set when standard input has ended.
static ENDED: AtomicBool = AtomicBool::new(false);

fn main() -> ExitCode {
    let given = std::env::args().skip(1);
    let options = Options::parse(given.filter(|argument| argument != "--"));
    let outcome = match options {
        Ok(Some(options)) => run(&options),
        Ok(None) => {
            println!("{USAGE}");
            Ok(())
        }
        Err(wrong) => {
            eprintln!("qemu: {wrong}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("qemu: {message}");
            ExitCode::FAILURE
        }
    }
}

struct Options {
    board: Board,
    port: Option<u16>,
}

impl Options {
    /// `None` when help is wanted.
    fn parse(mut given: impl Iterator<Item = String>) -> Result<Option<Self>, String> {
        let mut options = Self {
            board: Board::An386,
            port: None,
        };
        while let Some(argument) = given.next() {
            let mut value = || given.next().ok_or(format!("{argument} wants a value"));
            match argument.as_str() {
                "-h" | "--help" => return Ok(None),
                "--board" => {
                    let name = value()?;
                    options.board = Board::named(&name).ok_or(format!("no board {name}"))?;
                }
                "--port" => {
                    let number = value()?;
                    let port = number.parse().map_err(|_| format!("no port {number}"))?;
                    options.port = Some(port);
                }
                other => return Err(format!("unknown argument {other}")),
            }
        }
        Ok(Some(options))
    }
}

fn run(options: &Options) -> Result<(), String> {
    if Command::new(PROGRAM).arg("--version").output().is_err() {
        return Err(format!(
            "{PROGRAM} is missing; on Debian and Ubuntu: apt-get install qemu-system-arm"
        ));
    }
    println!("building the image for {} ...", options.board);
    let image = options.board.build().map_err(|error| error.to_string())?;
    let ports = Ports::choose(options.port).map_err(|error| format!("no free port: {error}"))?;
    let network = Network::User(ports.forwards());
    let mut machine = Machine::start(&image, &network).map_err(|error| error.to_string())?;
    watch_input();
    ports.announce();
    show(&mut machine).map_err(|error| error.to_string())
}

/// Ports of this host for the services.
struct Ports {
    http: u16,
    echo: u16,
    discard: u16,
    chargen: u16,
}

impl Ports {
    /// Ports that nobody has. Each is given back before QEMU takes it, which is the best that can
    /// be done from outside.
    fn choose(http: Option<u16>) -> io::Result<Self> {
        let bind = |port| TcpListener::bind((Ipv4Addr::LOCALHOST, port));
        let page = match http {
            Some(port) => bind(port)?,
            None => bind(PORT).or_else(|_| bind(0))?,
        };
        let [echo, discard, chargen] = [bind(0)?, bind(0)?, bind(0)?];
        let port = |listener: &TcpListener| Ok::<_, io::Error>(listener.local_addr()?.port());
        Ok(Self {
            http: port(&page)?,
            echo: port(&echo)?,
            discard: port(&discard)?,
            chargen: port(&chargen)?,
        })
    }

    fn forwards(&self) -> Vec<(SocketAddr, u16)> {
        let pairs = [
            (self.http, 80),
            (self.echo, 7),
            (self.discard, 9),
            (self.chargen, 19),
        ];
        let host = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        pairs.map(|(port, theirs)| (host(port), theirs)).to_vec()
    }

    fn announce(&self) {
        println!("page     http://127.0.0.1:{}/", self.http);
        println!("counters http://127.0.0.1:{}/counters.json", self.http);
        println!("echo     127.0.0.1:{}", self.echo);
        println!("discard  127.0.0.1:{}", self.discard);
        println!("chargen  127.0.0.1:{}", self.chargen);
        println!("Ctrl-C ends it. The firmware says:");
    }
}

/// Notes when standard input ends; not when there is none to begin with, as in the background.
fn watch_input() {
    let stdin = rustix::fs::fstat(io::stdin());
    let kind = stdin.map(|stat| FileType::from_raw_mode(stat.st_mode));
    let is_pipe = matches!(kind, Ok(FileType::Fifo | FileType::Socket));
    if !is_pipe && !rustix::termios::isatty(io::stdin()) {
        return;
    }
    thread::spawn(|| {
        let mut octets = [0; 64];
        while !matches!(io::stdin().read(&mut octets), Ok(0) | Err(_)) {}
        ENDED.store(true, Ordering::Relaxed);
    });
}

/// Shows what the firmware says until the end.
fn show(machine: &mut Machine) -> io::Result<()> {
    let mut shown = 0;
    loop {
        let text = machine.console();
        if let Some(rest) = text.get(shown..) {
            print!("{rest}");
            io::stdout().flush()?;
            shown = text.len();
        }
        if ENDED.load(Ordering::Relaxed) {
            return Ok(());
        }
        if let Some(status) = machine.ended()? {
            let complaints = machine.complaints();
            return Err(io::Error::other(format!(
                "QEMU ended: {status}: {complaints}"
            )));
        }
        thread::sleep(GLANCE);
    }
}
