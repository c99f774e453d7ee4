//! Which connection gets a segment, seen from the wire: the exact four numbers decide, and only
//! what no connection claims reaches a listener.

use std::net::{IpAddr, SocketAddr};

use tcp_core::{
    Config, Dropped, Duration, Handle, Instant, LinkDestination, ListenAt, ListenerHandle, Misuse,
    Packet, Received, RxChecksum, Stack, StackConfig, State, Tables,
};
use tcp_tests::host::SimStack;
use tcp_tests::memory::{Heap, Sizes};
use tcp_tests::oracle::Oracle;
use tcp_tests::packet::{ACK, PSH, RST, SYN, Segment};
use tcp_tests::rng::Rng;

/// A stack with two addresses, and whoever writes packets to it.
struct Bench {
    now: Instant,
    stack: SimStack,
    oracle: Oracle,
}

/// A peer of hand-written packets, once its handshake is done.
#[derive(Clone, Copy)]
struct Peer {
    ours: SocketAddr,
    theirs: SocketAddr,
    /// The next sequence number of the peer, and of the stack.
    next: u32,
    stack_next: u32,
    handle: Handle,
}

const ADDRESSES: [&str; 2] = ["10.0.0.1", "10.0.0.9"];

impl Bench {
    fn new(connections: usize) -> Self {
        let sizes = Sizes {
            connections,
            ..Sizes::rings(2_000)
        };
        let config = StackConfig {
            secret: [9; 16],
            ..StackConfig::new(1_500)
        };
        let tables = Tables::owned(connections, 64, 64);
        let mut stack = Stack::new(config, tables, Heap::new(sizes));
        for address in ADDRESSES {
            stack.add_address(address.parse().unwrap(), 24).unwrap();
        }
        Self {
            now: Instant::from_millis(3),
            stack,
            oracle: Oracle::default(),
        }
    }

    fn listen(&mut self, port: u16) -> ListenerHandle {
        self.stack.listen(ListenAt::new(port)).unwrap()
    }

    /// Gives a segment to the stack, and takes what it answers.
    fn give(&mut self, segment: &Segment) -> Vec<Segment> {
        self.now += Duration::from_millis(1);
        let octets = segment.encode();
        self.oracle.delivered(&octets);
        let packet = Packet {
            octets: &octets,
            checksum: RxChecksum::Unverified,
            segment_size: None,
            link: LinkDestination::Unicast,
        };
        let taken = self.stack.receive(self.now, packet);
        assert!(!matches!(taken, Received::NotTcp { .. }));
        self.stack.assert_invariants();
        self.take()
    }

    /// All that the stack has to send.
    fn take(&mut self) -> Vec<Segment> {
        let mut out = [0; 1_500];
        let mut segments = Vec::new();
        while let Some(sent) = self.stack.transmit(self.now, &mut out) {
            segments.extend(self.oracle.sent(&out[..sent.len]));
        }
        segments
    }

    /// A handshake from `theirs` to `ours`.
    fn open(&mut self, theirs: SocketAddr, ours: SocketAddr, listener: ListenerHandle) -> Peer {
        let mut segment = Segment::new(theirs, ours);
        segment.seq = 1_000;
        segment.flags = SYN;
        segment.window = 5_000;
        let answers = self.give(&segment);
        let [syn_ack] = &answers[..] else {
            panic!("{answers:?}");
        };
        assert!(syn_ack.has(SYN | ACK) && syn_ack.ack == 1_001, "{syn_ack}");
        segment.seq = 1_001;
        segment.ack = syn_ack.end();
        segment.flags = ACK;
        assert_eq!(self.give(&segment), []);
        let handle = self.stack.accept(listener).unwrap().expect("established");
        Peer {
            ours,
            theirs,
            next: 1_001,
            stack_next: syn_ack.end(),
            handle,
        }
    }

    /// The peer sends `octets`, which must reach the user of its own connection.
    fn say(&mut self, peer: &mut Peer, octets: &[u8]) {
        let mut segment = peer.segment(ACK | PSH);
        segment.payload = octets.to_vec();
        self.give(&segment);
        peer.next += u32::try_from(octets.len()).unwrap();
        let mut buffer = [0; 100];
        let count = self.stack.read(self.now, peer.handle, &mut buffer).unwrap();
        assert_eq!(&buffer[..count], octets);
    }
}

impl Peer {
    fn segment(&self, flags: u8) -> Segment {
        let mut segment = Segment::new(self.theirs, self.ours);
        segment.seq = self.next;
        segment.ack = self.stack_next;
        segment.flags = flags;
        segment.window = 5_000;
        segment
    }
}

fn at(address: impl Into<IpAddr>, port: u16) -> SocketAddr {
    SocketAddr::new(address.into(), port)
}

fn ours(index: usize, port: u16) -> SocketAddr {
    at(ADDRESSES[index].parse::<IpAddr>().unwrap(), port)
}

#[test]
fn t4_a_syn_with_the_numbers_of_a_connection_never_reaches_the_listener() {
    let mut bench = Bench::new(4);
    let listener = bench.listen(80);
    let mut peer = bench.open(at([10, 0, 0, 2], 4_000), ours(0, 80), listener);
    for seq in [0, 999, 1_000, 1_001, 1_500, 0x8000_0000] {
        // Challenge ACKs are limited in number for each connection.
        bench.now += Duration::from_secs(1);
        let mut syn = peer.segment(SYN);
        syn.seq = seq;
        syn.ack = 0;
        let answers = bench.give(&syn);
        let [challenge] = &answers[..] else {
            panic!("{answers:?}");
        };
        assert_eq!(challenge.flags, ACK);
        assert_eq!((challenge.seq, challenge.ack), (peer.stack_next, peer.next));
        assert_eq!(bench.stack.accept(listener), Ok(None));
        assert_eq!(bench.stack.state(peer.handle), Ok(State::Established));
    }
    bench.say(&mut peer, b"still here");
}

#[test]
fn connections_that_differ_in_one_number_are_told_apart() {
    let mut bench = Bench::new(16);
    let listeners = [bench.listen(80), bench.listen(81)];
    let mut peers = Vec::new();
    for theirs in [
        at([10, 0, 0, 2], 4_000),
        at([10, 0, 0, 2], 4_001),
        at([10, 0, 0, 3], 4_000),
    ] {
        for address in 0..2 {
            for (listener, port) in listeners.into_iter().zip([80, 81]) {
                peers.push(bench.open(theirs, ours(address, port), listener));
            }
        }
    }
    assert_eq!(peers.len(), 12);
    for round in 0..3 {
        for (number, peer) in peers.iter_mut().enumerate() {
            bench.say(peer, format!("round {round} of {number}").as_bytes());
        }
    }
}

#[test]
fn a_thousand_connections_in_random_order_each_get_their_own_octets() {
    let mut bench = Bench::new(1_000);
    let listener = bench.listen(80);
    let mut peers: Vec<Peer> = (0..1_000u16)
        .map(|number| {
            let [high, low] = (number % 250).to_be_bytes();
            let theirs = at([10, 0, 1 + high, low], 2_000 + number);
            bench.open(theirs, ours(0, 80), listener)
        })
        .collect();
    let mut rng = Rng::new(1);
    for _ in 0..5_000 {
        let index = usize::try_from(rng.below(1_000)).unwrap();
        bench.say(&mut peers[index], &index.to_be_bytes());
    }
}

#[test]
fn the_handle_of_an_ended_connection_names_nothing_though_its_slot_is_used_again() {
    let mut bench = Bench::new(1);
    let listener = bench.listen(80);
    let first = bench.open(at([10, 0, 0, 2], 4_000), ours(0, 80), listener);
    bench.give(&first.segment(RST));
    assert_eq!(bench.stack.state(first.handle), Ok(State::Closed));
    bench.stack.close(bench.now, first.handle).unwrap();
    let mut second = bench.open(at([10, 0, 0, 2], 4_001), ours(0, 80), listener);
    assert_eq!(first.handle.index(), second.handle.index());
    assert_ne!(first.handle, second.handle);
    let now = bench.now;
    let stale = Err(Misuse::NoConnection);
    assert_eq!(bench.stack.send(now, first.handle, b"x"), stale);
    assert_eq!(bench.stack.state(first.handle), Err(Misuse::NoConnection));
    assert_eq!(
        bench.stack.abort(now, first.handle),
        Err(Misuse::NoConnection)
    );
    bench.say(&mut second, b"untouched");
}

#[test]
fn s11_what_belongs_to_nobody_is_reset_with_the_numbers_of_the_standard() {
    let mut bench = Bench::new(2);
    let listener = bench.listen(80);
    let peer = bench.open(at([10, 0, 0, 2], 4_000), ours(0, 80), listener);
    // The same four numbers but one.
    for (theirs, ours) in [
        (at([10, 0, 0, 3], 4_000), ours(0, 80)),
        (at([10, 0, 0, 2], 4_001), ours(0, 80)),
        (at([10, 0, 0, 2], 4_000), ours(1, 80)),
        (at([10, 0, 0, 2], 4_000), ours(0, 81)),
    ] {
        let mut stray = peer.segment(ACK | PSH);
        stray.source = theirs;
        stray.destination = ours;
        stray.payload = b"lost".to_vec();
        let answers = bench.give(&stray);
        let [reset] = &answers[..] else {
            panic!("{answers:?}");
        };
        assert_eq!((reset.flags, reset.seq), (RST, stray.ack), "{reset}");
        stray.flags = PSH;
        stray.ack = 0;
        let answers = bench.give(&stray);
        if ours.port() == 80 {
            // To a listener it says nothing (RFC 9293 section 3.10.7.2).
            assert_eq!(answers, []);
            continue;
        }
        let [reset] = &answers[..] else {
            panic!("{answers:?}");
        };
        assert_eq!(
            (reset.flags, reset.seq, reset.ack),
            (RST | ACK, 0, stray.seq + 4),
            "{reset}"
        );
        stray.flags = RST;
        assert_eq!(bench.give(&stray), []);
    }
    assert_eq!(bench.stack.readable(peer.handle), Ok(0));
    assert!(bench.stack.dropped(Dropped::NoConnection) > 0);
}

#[test]
fn an_address_of_somebody_else_is_nobody_here() {
    let mut bench = Bench::new(2);
    let listener = bench.listen(80);
    for address in [[10, 0, 0, 77], [10, 0, 0, 255], [224, 0, 0, 1], [255; 4]] {
        let mut syn = Segment::new(at([10, 0, 0, 2], 4_000), at(address, 80));
        syn.flags = SYN;
        assert_eq!(bench.give(&syn), []);
    }
    assert_eq!(bench.stack.accept(listener), Ok(None));
    assert_eq!(bench.stack.dropped(Dropped::NotForUs), 4);
}

#[test]
fn a_listener_that_is_closed_leaves_its_connections_alone() {
    let mut bench = Bench::new(2);
    let listener = bench.listen(80);
    let mut peer = bench.open(at([10, 0, 0, 2], 4_000), ours(0, 80), listener);
    bench.stack.unlisten(bench.now, listener).unwrap();
    bench.say(&mut peer, b"established before");
    let mut syn = Segment::new(at([10, 0, 0, 2], 4_001), ours(0, 80));
    syn.flags = SYN;
    let answers = bench.give(&syn);
    assert!(matches!(&answers[..], [reset] if reset.flags == RST | ACK));
    assert_eq!(bench.stack.accept(listener), Err(Misuse::NoConnection));
    let config = Config::new();
    let itself = bench.stack.connect(bench.now, None, ours(0, 80), config);
    assert_eq!(itself, Err(Misuse::RemoteUnspecified));
}
