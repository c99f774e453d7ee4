//! Octets both ways, in all sizes, compared by SHA-256.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream as KernelStream};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};
use tcp_std::TcpStream;
use tcp_tests::netns::wait_for;
use tcp_tests::stream::Stream;

use crate::lab::{BOTH_ROLES, Family, Lab, Listens, PATIENCE};

const MIB: u64 = 1 << 20;
const CHUNK: usize = 256 << 10;

/// Either end of a connection.
pub(crate) trait End: Sync {
    fn reader(&self) -> impl Read;
    fn writer(&self) -> impl Write;
    fn close_half(&self);
}

impl End for TcpStream {
    fn reader(&self) -> impl Read {
        self
    }

    fn writer(&self) -> impl Write {
        self
    }

    fn close_half(&self) {
        self.shutdown(Shutdown::Write).expect("we close our half");
    }
}

impl End for KernelStream {
    fn reader(&self) -> impl Read {
        self
    }

    fn writer(&self) -> impl Write {
        self
    }

    fn close_half(&self) {
        self.shutdown(Shutdown::Write)
            .expect("the kernel closes its half");
    }
}

/// What was sent or received: how much, and its SHA-256.
#[derive(PartialEq, Eq, Debug)]
pub(crate) struct Summary {
    octets: u64,
    sha256: [u8; 32],
}

/// Sends so many octets and then the end.
pub(crate) fn pour(to: &impl End, octets: u64, chunk: usize) -> Summary {
    let mut hash = Sha256::new();
    let mut buffer = vec![0; chunk];
    let mut sent = 0;
    while sent < octets {
        let len = usize::try_from(octets - sent).map_or(chunk, |left| left.min(chunk));
        let part = &mut buffer[..len];
        Stream::new(octets).fill(sent, part);
        hash.update(&*part);
        let written = to.writer().write_all(part);
        written.unwrap_or_else(|error| panic!("writing after {sent}: {error}"));
        sent += len as u64;
    }
    to.close_half();
    Summary {
        octets: sent,
        sha256: hash.finalize().into(),
    }
}

/// Receives until the end.
pub(crate) fn drain(from: &impl End, chunk: usize) -> Summary {
    let mut hash = Sha256::new();
    let mut buffer = vec![0; chunk];
    let mut octets = 0;
    loop {
        match from.reader().read(&mut buffer) {
            Ok(0) => break,
            Ok(len) => {
                hash.update(&buffer[..len]);
                octets += len as u64;
            }
            Err(error) => panic!("reading after {octets}: {error}"),
        }
    }
    Summary {
        octets,
        sha256: hash.finalize().into(),
    }
}

/// Octets of one write and of one read.
#[derive(Clone, Copy)]
pub(crate) struct Chunks {
    pub(crate) write: usize,
    pub(crate) read: usize,
}

pub(crate) const LARGE: Chunks = Chunks {
    write: CHUNK,
    read: CHUNK,
};

/// Sends so many octets one way, and closes that way.
pub(crate) fn one_way(from: &impl End, to: &impl End, octets: u64, chunks: Chunks) {
    thread::scope(|scope| {
        let sender = scope.spawn(|| pour(from, octets, chunks.write));
        let received = drain(to, chunks.read);
        assert_eq!(sender.join().expect("the sender"), received);
    });
}

/// On one connection for each role, first one way and then the other.
pub(crate) fn each_way(lab: &Lab, octets: u64, chunks: Chunks) {
    for role in BOTH_ROLES {
        let (ours, kernel) = lab.connect(role);
        one_way(&ours, &kernel, octets, chunks);
        one_way(&kernel, &ours, octets, chunks);
    }
}

pub(crate) fn one_way_after_the_other(family: Family) {
    let lab = Lab::new(family, 1_500);
    each_way(&lab, 256 * MIB, LARGE);
    lab.finish();
}

pub(crate) fn both_ways_at_once(family: Family) {
    let lab = Lab::new(family, 1_500);
    for role in BOTH_ROLES {
        let (ours, kernel) = lab.connect(role);
        thread::scope(|scope| {
            scope.spawn(|| one_way(&ours, &kernel, 64 * MIB, LARGE));
            one_way(&kernel, &ours, 65 * MIB, LARGE);
        });
    }
    lab.finish();
}

pub(crate) fn smallest_mtu(family: Family) {
    let lab = Lab::new(family, family.smallest_mtu());
    each_way(&lab, 16 * MIB, LARGE);
    lab.finish();
}

pub(crate) fn jumbo_mtu(family: Family) {
    let lab = Lab::new(family, 9_000);
    let (ours, kernel) = lab.connect(Listens::Kernel);
    let mss = ours.info().expect("a snapshot").mss;
    assert!(mss > 8_900, "an MSS of {mss} does not use the MTU");
    drop((ours, kernel));
    each_way(&lab, 64 * MIB, LARGE);
    lab.finish();
}

pub(crate) fn small_writes(family: Family) {
    let chunks = Chunks {
        write: 7,
        read: CHUNK,
    };
    let lab = Lab::new(family, 1_500);
    for role in BOTH_ROLES {
        for nodelay in [true, false] {
            let (ours, kernel) = lab.connect(role);
            ours.set_nodelay(nodelay).expect("an option");
            kernel.set_nodelay(nodelay).expect("an option");
            one_way(&ours, &kernel, 100_000, chunks);
            one_way(&kernel, &ours, 100_000, chunks);
        }
    }
    lab.finish();
}

pub(crate) fn single_octet_reads(family: Family) {
    let chunks = Chunks {
        write: CHUNK,
        read: 1,
    };
    let lab = Lab::new(family, 1_500);
    each_way(&lab, 100_000, chunks);
    lab.finish();
}

/// How long nobody reads, and what must suffice for the rest afterwards.
const SHUT: Duration = Duration::from_secs(5);
const AFTERWARDS: Duration = Duration::from_secs(15);

pub(crate) fn shut_window(family: Family) {
    let lab = Lab::new(family, 1_500);
    for role in BOTH_ROLES {
        let (ours, kernel) = lab.connect(role);
        let info = || ours.info().expect("a snapshot");
        // Less than a segment is as good as nothing.
        stay_shut(&ours, &kernel, || info().snd_wnd < 1_460);
        stay_shut(&kernel, &ours, || info().rcv_wnd < 1_460);
    }
    lab.finish();
}

/// Sends more than all buffers hold to somebody who reads only when the window was shut for a
/// while.
fn stay_shut(from: &impl End, to: &impl End, is_shut: impl Fn() -> bool) {
    thread::scope(|scope| {
        let (done, sent) = channel();
        scope.spawn(move || {
            done.send(pour(from, 64 * MIB, CHUNK))
                .expect("somebody waits")
        });
        wait_for("the window to shut", PATIENCE, || is_shut().then_some(()));
        let outcome = sent.recv_timeout(SHUT);
        assert_eq!(outcome, Err(RecvTimeoutError::Timeout), "nobody reads");
        assert!(is_shut(), "nobody read");
        let opened = Instant::now();
        let received = drain(to, CHUNK);
        assert_eq!(sent.recv_timeout(PATIENCE), Ok(received));
        let took = opened.elapsed();
        assert!(
            took < AFTERWARDS,
            "the window opened, and it took {took:?} all the same"
        );
    });
}
