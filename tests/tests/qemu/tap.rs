//! The kernel's TCP against the firmware's, over a TAP device in a namespace of its own.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};
use tcp_tests::qemu::frames::FIRMWARE;
use tcp_tests::qemu::machine::Plugged;
use tcp_tests::qemu::{Image, Machine, Network};
use tcp_tests::stream::Stream;

use crate::exchange::pattern;

const MIB: usize = 1 << 20;
/// No single call may wait longer, a pulled cable included.
const PATIENCE: Duration = Duration::from_secs(60);
const DEVICE: &str = "tap0";
const ECHO: u16 = 7;
const DISCARD: u16 = 9;
const CHARGEN: u16 = 19;

/// A machine on a TAP device.
pub(crate) struct Lab {
    machine: Machine,
}

impl Lab {
    pub(crate) fn new(image: &Image) -> Self {
        ip(&["tuntap", "add", "dev", DEVICE, "mode", "tap"]);
        ip(&["addr", "add", "10.0.2.2/24", "dev", DEVICE]);
        ip(&["link", "set", DEVICE, "up"]);
        let network = Network::Tap(DEVICE.to_owned());
        let machine = Machine::start(image, &network).expect("QEMU starts");
        machine.await_console("link up");
        Self { machine }
    }
}

fn ip(arguments: &[&str]) {
    let output = Command::new("ip").args(arguments).output().expect("ip(8)");
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "ip {arguments:?}: {complaint}");
}

fn connect(port: u16) -> TcpStream {
    let address = SocketAddr::from((FIRMWARE, port));
    let stream = TcpStream::connect_timeout(&address, PATIENCE).expect("the firmware accepts");
    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    stream.set_write_timeout(Some(PATIENCE)).expect("a timeout");
    stream
}

/// curl sees the page, twice, and the second time the counters have moved.
pub(crate) fn curl_sees_the_page(_: &Lab) {
    let fetch = |path: &str| {
        let url = format!("http://{FIRMWARE}{path}");
        let output = Command::new("curl")
            .args(["-sS", "-i", "--max-time", "20", &url])
            .output()
            .expect("curl");
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).expect("text")
    };
    let first = fetch("/");
    assert!(first.starts_with("HTTP/1.1 200 OK\r\n"), "{first}");
    assert!(first.contains("<th>accepted_http<td>1\n"), "{first}");
    let second = fetch("/");
    assert!(second.contains("<th>accepted_http<td>2\n"), "{second}");
    let counters = fetch("/counters.json");
    assert!(counters.contains("\"accepted_http\":3,"), "{counters}");
    assert!(counters.contains("\"retransmissions\":0,"), "{counters}");
    assert!(fetch("/none").starts_with("HTTP/1.1 404 "));
}

/// What the firmware received, judged by what it returns: SHA-256 at both ends.
pub(crate) fn ten_mebibytes_come_back_unchanged(_: &Lab) {
    let stream = connect(ECHO);
    thread::scope(|scope| {
        let sender = scope.spawn(|| pour(&stream, 10 * MIB));
        let mut hash = Sha256::new();
        let mut octets = 0;
        read_to_end(&stream, |part| {
            hash.update(part);
            octets += part.len();
        });
        assert_eq!(octets, 10 * MIB);
        let received: [u8; 32] = hash.finalize().into();
        assert_eq!(sender.join().expect("the sender"), received);
    });
}

/// One way only: the firmware counts what it took, and closes when it has everything.
pub(crate) fn ten_mebibytes_are_discarded(_: &Lab) {
    let before = counter("octets_in");
    let stream = connect(DISCARD);
    pour(&stream, 10 * MIB);
    read_to_end(&stream, |part| panic!("discard says {part:?}"));
    drop(stream);
    let request = 64;
    let taken = counter("octets_in") - before;
    let expected = 10 * MIB as u64;
    assert!(
        (expected..expected + 8 * request).contains(&taken),
        "{taken} octets"
    );
}

/// The other way: every octet is the one that RFC 864 shows.
pub(crate) fn ten_mebibytes_are_generated(_: &Lab) {
    let mut stream = connect(CHARGEN);
    let lines = pattern(95 * 74);
    let mut buffer = vec![0; lines.len()];
    for round in 0..10 * MIB / lines.len() {
        let read = stream.read_exact(&mut buffer);
        read.unwrap_or_else(|error| panic!("round {round}: {error}"));
        assert!(buffer == lines, "round {round}");
    }
}

pub(crate) fn fifty_connections_follow_each_other(_: &Lab) {
    for index in 0..50 {
        exchange(index, 5_000);
    }
    await_open(1);
}

pub(crate) fn eleven_connections_work_at_once(_: &Lab) {
    // One of the twelve is for the page that says how many are open.
    for _ in 0..5 {
        thread::scope(|scope| {
            for index in 0..11 {
                scope.spawn(move || exchange(index, 200_000));
            }
        });
        await_open(1);
    }
}

/// The cable is pulled for ten seconds while octets flow both ways, and they all arrive.
pub(crate) fn a_cable_may_be_out_for_ten_seconds(lab: &Lab) {
    let stream = connect(ECHO);
    thread::scope(|scope| {
        let sender = scope.spawn(|| pour(&stream, 40 * MIB));
        let mut hash = Sha256::new();
        let mut octets = 0;
        let mut pulled = false;
        read_to_end(&stream, |part| {
            hash.update(part);
            octets += part.len();
            if octets >= 2 * MIB && !pulled {
                pulled = true;
                lab.machine.plug(Plugged::Out).expect("a monitor");
                thread::sleep(Duration::from_secs(10));
                assert!(lab.machine.console().contains("link down"));
                lab.machine.plug(Plugged::In).expect("a monitor");
            }
        });
        assert!(pulled);
        assert_eq!(octets, 40 * MIB);
        let received: [u8; 32] = hash.finalize().into();
        assert_eq!(sender.join().expect("the sender"), received);
    });
    assert!(counter("link_ups") >= 2);
}

/// Sends a stream to echo and compares what comes back.
fn exchange(seed: usize, length: usize) {
    let stream = connect(ECHO);
    let mut octets = vec![0; length];
    Stream::new(seed as u64).fill(0, &mut octets);
    thread::scope(|scope| {
        scope.spawn(|| {
            (&stream).write_all(&octets).expect("the firmware takes it");
            stream.shutdown(Shutdown::Write).expect("we close our half");
        });
        let mut echoed = Vec::new();
        read_to_end(&stream, |part| echoed.extend_from_slice(part));
        assert!(echoed == octets, "connection {seed}");
    });
}

/// Sends so many octets and the end; their SHA-256.
fn pour(mut stream: &TcpStream, octets: usize) -> [u8; 32] {
    let mut hash = Sha256::new();
    let mut part = vec![0; 64 << 10];
    for index in 0..octets / part.len() {
        let offset = index * part.len();
        Stream::new(1).fill(offset as u64, &mut part);
        hash.update(&part);
        let written = stream.write_all(&part);
        written.unwrap_or_else(|error| panic!("writing at {offset}: {error}"));
    }
    stream.shutdown(Shutdown::Write).expect("we close our half");
    hash.finalize().into()
}

fn read_to_end(mut stream: &TcpStream, mut take: impl FnMut(&[u8])) {
    let mut buffer = vec![0; 64 << 10];
    loop {
        match stream.read(&mut buffer).expect("the firmware answers") {
            0 => return,
            count => take(&buffer[..count]),
        }
    }
}

/// One of the firmware's counters.
fn counter(name: &str) -> u64 {
    let mut stream = connect(80);
    let request = b"GET /counters.json HTTP/1.1\r\n\r\n";
    stream.write_all(request).expect("the firmware listens");
    let mut text = String::new();
    stream.read_to_string(&mut text).expect("an answer");
    let key = format!("\"{name}\":");
    let value = text.split(&key).nth(1).unwrap_or_else(|| panic!("{text}"));
    let digits: String = value.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().expect("a number")
}

/// Waits until no more than `count` connections are open, the one that asks included.
fn await_open(count: u64) {
    let start = Instant::now();
    loop {
        let open = counter("open");
        if open <= count {
            return;
        }
        assert!(start.elapsed() < PATIENCE, "{open} connections stay");
        thread::sleep(Duration::from_millis(20));
    }
}
