//! Who leaves first when the device takes one packet at a time: nobody starves within a class
//! (T13), and a higher class goes before a lower one.

use std::collections::HashMap;

use tcp_core::{Config, Instant, Priority};
use tcp_tests::app::{Ending, Script};
use tcp_tests::host::{Host, HostConfig};
use tcp_tests::packet::Segment;
use tcp_tests::stream::Stream;

const PORT: u16 = 80;

/// Two hosts without a link between them: `sender` has one connection for each of `classes`.
struct Bench {
    now: Instant,
    sender: Host,
    receiver: Host,
    /// Source ports in the order of `classes`.
    ports: Vec<u16>,
}

impl Bench {
    /// Connections of these classes, each with so many octets to send.
    fn new(classes: &[Priority], octets: u64) -> Self {
        let host = |address: &str| Host::new(&HostConfig::at(address.parse().unwrap()));
        let mut bench = Self {
            now: Instant::from_millis(1),
            sender: host("10.0.0.1"),
            receiver: host("10.0.0.2"),
            ports: Vec::new(),
        };
        let stream = Stream::new(1);
        let reader = Script {
            expects: stream,
            ..Script::default()
        };
        bench.receiver.listen(PORT, Config::new(), reader);
        let writer = Script {
            writes: octets,
            sends: stream,
            ending: Ending::Stay,
            ..Script::default()
        };
        let remote = (bench.receiver.address, PORT).into();
        for class in classes {
            let config = Config::new().priority(*class);
            let handle = bench.sender.connect(bench.now, remote, config, writer);
            let tuple = bench.sender.stack.tuple(handle).unwrap();
            bench.ports.push(tuple.local().port());
        }
        // Handshakes, but no data yet: the applications were not run.
        for _ in 0..3 {
            while let Some(packet) = bench.sender.transmit_one(bench.now).map(<[u8]>::to_vec) {
                bench.receiver.receive(bench.now, &packet);
            }
            bench.answer();
        }
        bench
    }

    /// Everything that the receiver has to say reaches the sender at once.
    fn answer(&mut self) {
        let mut answers = Vec::new();
        self.receiver
            .run(self.now, |packet| answers.push(packet.to_vec()));
        for answer in answers {
            self.sender.receive(self.now, &answer);
        }
    }

    /// The device takes `count` packets, one at a time. How many were whose?
    fn turns(&mut self, count: usize) -> Vec<usize> {
        let mut packets: HashMap<u16, usize> = HashMap::new();
        for _ in 0..count {
            self.now += tcp_core::Duration::from_micros(100);
            self.sender.run_apps(self.now);
            let Some(packet) = self.sender.transmit_one(self.now) else {
                break;
            };
            let packet = packet.to_vec();
            let segment = Segment::decode(&packet).unwrap();
            *packets.entry(segment.source.port()).or_default() += 1;
            self.receiver.receive(self.now, &packet);
            self.answer();
        }
        let count = |port: &u16| packets.get(port).copied().unwrap_or(0);
        self.ports.iter().map(count).collect()
    }
}

#[test]
fn t13_connections_of_a_class_share_a_device_of_one_packet_evenly() {
    for count in [2, 3, 10] {
        let mut bench = Bench::new(&vec![Priority::Normal; count], 10 << 20);
        let shares = bench.turns(100 * count);
        assert!(
            shares.iter().all(|share| (99..=101).contains(share)),
            "{shares:?}"
        );
    }
}

#[test]
fn a_higher_class_leaves_first_and_a_lower_one_gets_what_is_left() {
    use Priority::{High, Low, Normal};
    let mut bench = Bench::new(&[Low, Normal, High, Low, High], 100_000);
    // 100,000 octets are 69 full segments and a small one, which Nagle's algorithm may hold back.
    let shares = bench.turns(130);
    assert_eq!(shares[2] + shares[4], 130, "{shares:?}");
    let shares = bench.turns(75);
    assert!(shares[1] >= 64, "{shares:?}");
    assert!(shares[0] + shares[3] <= 2, "{shares:?}");
    let shares = bench.turns(145);
    assert!(shares[0] >= 68 && shares[3] >= 68, "{shares:?}");
}

#[test]
fn a_class_that_is_changed_counts_at_once() {
    let mut bench = Bench::new(&[Priority::Normal, Priority::Normal], 10 << 20);
    let shares = bench.turns(20);
    assert!(
        shares.iter().all(|share| (9..=11).contains(share)),
        "{shares:?}"
    );
    let handle = bench.sender.handles().nth(1).unwrap();
    let config = bench.sender.stack.config(handle).unwrap();
    let high = config.priority(Priority::High);
    bench
        .sender
        .stack
        .set_config(bench.now, handle, high)
        .unwrap();
    let shares = bench.turns(20);
    assert!(shares[1] >= 19, "{shares:?}");
}
