//! Two virtual hosts and the link between them, in virtual time.

use std::net::{IpAddr, SocketAddr};

use tcp_core::{Config, Duration, Handle, Instant};

use crate::app::Script;
use crate::host::{Host, HostConfig};
use crate::link::{Link, LinkConfig};
use crate::pcap::Pcap;
use crate::peer::{Complaint, complain};
use crate::rng::Rng;

/// Steps without time passing, before the simulator believes that none ever will.
const STEP_LIMIT: usize = 100_000;

/// How a world is built. `a` opens, `b` listens.
#[derive(Clone, Copy, Debug)]
pub struct WorldConfig {
    /// The seed of all accidents and secrets.
    pub seed: u64,
    /// The link from `a` to `b`.
    pub a_to_b: LinkConfig,
    /// The link from `b` to `a`.
    pub b_to_a: LinkConfig,
    /// The host that opens.
    pub a: HostConfig,
    /// The host that listens.
    pub b: HostConfig,
    /// When it all begins, as the stacks see it.
    pub start: Instant,
}

impl WorldConfig {
    /// Clean links and IPv4.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self::between(seed, "10.0.0.1", "10.0.0.2")
    }

    /// Clean links and IPv6.
    #[must_use]
    pub fn v6(seed: u64) -> Self {
        Self::between(seed, "fd00::1", "fd00::2")
    }

    /// The same link in both directions.
    #[must_use]
    pub const fn link(mut self, link: LinkConfig) -> Self {
        self.a_to_b = link;
        self.b_to_a = link;
        self
    }

    fn between(seed: u64, a: &str, b: &str) -> Self {
        let mut rng = Rng::new(seed).fork(1);
        let mut host = |address: &str| {
            let address: IpAddr = address.parse().expect("an address");
            let mut config = HostConfig::at(address);
            for octet in &mut config.secret {
                *octet = rng.next_u32().to_le_bytes()[0];
            }
            config
        };
        let (a, b) = (host(a), host(b));
        Self {
            seed,
            a_to_b: LinkConfig::default(),
            b_to_a: LinkConfig::default(),
            a,
            b,
            start: Instant::from_micros(rng.below(1 << 40)),
        }
    }
}

/// The world.
#[derive(Debug)]
pub struct World {
    /// The time.
    pub now: Instant,
    /// The host that opens.
    pub a: Host,
    /// The host that listens.
    pub b: Host,
    /// From `a` to `b`.
    pub a_to_b: Link,
    /// From `b` to `a`.
    pub b_to_a: Link,
    /// Everything that left either host.
    pub pcap: Pcap,
    seed: u64,
}

/// The port on which `b` listens.
pub const PORT: u16 = 80;

impl World {
    /// A world in which nothing happened yet.
    #[must_use]
    pub fn new(config: &WorldConfig) -> Self {
        let rng = Rng::new(config.seed);
        Self {
            now: config.start,
            a: Host::new(&config.a),
            b: Host::new(&config.b),
            a_to_b: Link::new(config.a_to_b, rng.fork(2)),
            b_to_a: Link::new(config.b_to_a, rng.fork(3)),
            pcap: Pcap::default(),
            seed: config.seed,
        }
    }

    /// `b` listens with one script, `a` connects with another.
    pub fn converse(&mut self, config: Config, a: Script, b: Script) -> Handle {
        self.b.listen(PORT, config, b);
        self.connect(config, a)
    }

    /// `a` connects to `b`.
    pub fn connect(&mut self, config: Config, script: Script) -> Handle {
        let remote = SocketAddr::new(self.b.address, PORT);
        self.a.connect(self.now, remote, config, script)
    }

    /// Goes to the next moment at which something happens, and lets it happen. False when nothing
    /// ever will, or not before `until`.
    pub fn step(&mut self, until: Instant) -> bool {
        let moments = [
            self.a_to_b.next_arrival(),
            self.b_to_a.next_arrival(),
            self.a.wakes_at(self.now),
            self.b.wakes_at(self.now),
        ];
        let Some(next) = moments.into_iter().flatten().min() else {
            return false;
        };
        if next > until {
            return false;
        }
        self.now = self.now.max(next);
        self.happen();
        true
    }

    /// Runs until `done`, which is asked after each step.
    ///
    /// # Panics
    /// When that does not come to pass within `limit`, or the hosts spin.
    pub fn run_until(&mut self, limit: Duration, mut done: impl FnMut(&Self) -> bool) {
        let until = self.now + limit;
        let mut still = 0;
        self.happen();
        while !done(self) {
            let before = self.now;
            assert!(
                self.step(until),
                "not done within {} s",
                limit.as_millis() / 1_000
            );
            still = if self.now == before { still + 1 } else { 0 };
            assert!(still < STEP_LIMIT, "time stands still");
        }
    }

    /// Lets `duration` pass.
    pub fn pass(&mut self, duration: Duration) {
        let until = self.now + duration;
        self.happen();
        while self.step(until) {}
        self.now = until;
    }

    /// Runs until both applications are done, then until nothing is left of their connections.
    ///
    /// # Panics
    /// When something is left, or it takes longer than `limit`.
    pub fn finish(&mut self, limit: Duration) {
        self.run_until(limit, |world| {
            world.a.at_work() == 0 && world.b.at_work() == 0 && !world.b.outcomes().is_empty()
        });
        // Orphans may need R2 to end, and TIME-WAIT its 2 MSL.
        self.pass(Duration::from_secs(1_200));
        self.a.check_memory(self.now);
        self.b.check_memory(self.now);
    }

    /// What is due now, on both hosts.
    fn happen(&mut self) {
        let now = self.now;
        while let Some(packet) = self.a_to_b.take(now) {
            self.b.receive(now, &packet);
        }
        while let Some(packet) = self.b_to_a.take(now) {
            self.a.receive(now, &packet);
        }
        let Self {
            a,
            b,
            a_to_b,
            b_to_a,
            pcap,
            ..
        } = self;
        let ends = (a.address, b.address);
        let mut complaints = (Vec::new(), Vec::new());
        a.run(now, |packet| {
            pcap.add(now, packet);
            let mtu = a_to_b.give(now, packet);
            complaints
                .0
                .extend(mtu.map(|mtu| too_big(packet, mtu, ends)));
        });
        b.run(now, |packet| {
            pcap.add(now, packet);
            let mtu = b_to_a.give(now, packet);
            complaints
                .1
                .extend(mtu.map(|mtu| too_big(packet, mtu, ends)));
        });
        for complaint in complaints.0 {
            let _ = b_to_a.give(now, &complaint);
        }
        for complaint in complaints.1 {
            let _ = a_to_b.give(now, &complaint);
        }
    }
}

/// What a router says of a packet that does not fit into `mtu` octets. It has the address of
/// whichever host did not send the packet.
fn too_big(packet: &[u8], mtu: u32, (a, b): (IpAddr, IpAddr)) -> Vec<u8> {
    let source = crate::packet::Segment::decode(packet).map(|segment| segment.source.ip());
    let (router, sender) = if source == Ok(a) { (b, a) } else { (a, b) };
    let what = if sender.is_ipv4() {
        Complaint(3, 4, mtu)
    } else {
        Complaint(2, 0, mtu)
    };
    complain(what, (router, sender), &packet[..packet.len().min(128)])
}

/// A test that fails shows what was on the wire at last, and leaves all of it in a file.
impl Drop for World {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            return;
        }
        eprintln!("seed {}, {} us", self.seed, self.now.as_micros());
        for (name, host) in [("a", &self.a), ("b", &self.b)] {
            let states: Vec<_> = host.stack.rows(self.now).map(|row| row.state).collect();
            eprintln!("{name}: {states:?} {:?}", host.outcomes());
        }
        eprint!("{}", self.pcap.tail(40));
        let thread = std::thread::current();
        let name = format!("{}-{}", thread.name().unwrap_or("world"), self.seed);
        match self.pcap.save(&name.replace("::", "-")) {
            Ok(path) => eprintln!("all packets: {}", path.display()),
            Err(error) => eprintln!("the packets could not be saved: {error}"),
        }
    }
}
