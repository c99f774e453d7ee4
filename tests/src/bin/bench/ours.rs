//! Two stacks of ours, back to back.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use tcp_core::{
    Config, Duration, Event, Events, Handle, Host, Instant, Island, LinkDestination, ListenAt,
    Memory, Packet, RxChecksum, SentRecord, Stack, StackConfig, State, Storage, Switch, Tables,
    TxChecksum,
};

use crate::wire::{MTU, Wire};

const SERVER: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1));
const CLIENT: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 2));
const PORT: u16 = 7;

/// Rings on the heap, all of one size.
pub(crate) struct Heap {
    ring: usize,
}

impl Memory<'static> for Heap {
    fn lend(&mut self) -> Option<Storage<'static>> {
        Some(Storage {
            send: vec![0; self.ring].into(),
            receive: vec![0; self.ring].into(),
            records: vec![SentRecord::default(); (self.ring / 512).max(4)].into(),
            islands: vec![Island::default(); 16].into(),
        })
    }

    fn give_back(&mut self, _: Storage<'static>) {}

    fn receive_capacity(&self) -> usize {
        self.ring
    }
}

type Side = Stack<'static, Host, Heap>;

/// Both stacks, and a connection between them.
pub(crate) struct Pair {
    client: Side,
    server: Side,
    to_server: Wire,
    to_client: Wire,
    now: Instant,
    /// The connection that is used, at the client's and at the server's side.
    active: [Option<Handle>; 2],
}

impl Pair {
    /// With `idle` connections beside the one that is used; rings of `ring` octets.
    pub(crate) fn new(idle: usize, ring: usize) -> Self {
        let mut pair = Self {
            client: side(CLIENT, idle, ring),
            server: side(SERVER, idle, ring),
            to_server: Wire::new(),
            to_client: Wire::new(),
            now: Instant::from_millis(1),
            active: [None; 2],
        };
        let listener = ListenAt {
            address: None,
            port: PORT,
            syn_backlog: 16,
            accept_backlog: 16,
            config: config(),
        };
        pair.server.listen(listener).expect("a listener");
        for _ in 0..=idle {
            pair.open();
        }
        pair
    }

    /// Opens a connection, which becomes the one that is used.
    fn open(&mut self) {
        let remote = SocketAddr::new(SERVER, PORT);
        let client = self.client.connect(self.now, None, remote, config());
        let client = client.expect("a connection");
        self.active = [Some(client), None];
        while self.active[1].is_none() || self.client.state(client) != Ok(State::Established) {
            self.step();
            while let Some(event) = self.server.poll_event() {
                if let Event::Listener(listener) = event {
                    self.active[1] = self.server.accept(listener).expect("a listener");
                }
            }
            while self.client.poll_event().is_some() {}
        }
    }

    /// Packets from the client to the server and back, until neither wants to send.
    fn step(&mut self) {
        let now = self.now;
        self.now = now + Duration::from_micros(10);
        carry(now, &mut self.client, &mut self.to_server, &mut self.server);
        carry(now, &mut self.server, &mut self.to_client, &mut self.client);
    }

    /// Carries `octets` octets from the client to the server; how many segments of full size.
    pub(crate) fn transfer(&mut self, octets: usize) -> usize {
        let [Some(from), Some(to)] = self.active else {
            unreachable!("opened in `new`");
        };
        let chunk = [0x5a; 16_384];
        let mut buffer = [0; 16_384];
        let (mut written, mut read) = (0, 0);
        let before = self.to_server.full;
        while read < octets {
            while written < octets {
                let rest = &chunk[..chunk.len().min(octets - written)];
                match self.client.send(self.now, from, rest).expect("open") {
                    0 => break,
                    count => written += count,
                }
            }
            self.step();
            while let Ok(count @ 1..) = self.server.read(self.now, to, &mut buffer) {
                read += count;
            }
            while self.client.poll_event().is_some() {}
            while self.server.poll_event().is_some() {}
        }
        self.to_server.full - before
    }

    /// Sends 64 octets to the server, which returns them.
    pub(crate) fn round_trip(&mut self) {
        let [Some(from), Some(_)] = self.active else {
            unreachable!("opened in `new`");
        };
        let mut octets = [0x5a; 64];
        assert_eq!(self.client.send(self.now, from, &octets), Ok(64));
        loop {
            self.step();
            while let Some(event) = self.server.poll_event() {
                if let Event::Connection(handle, events) = event
                    && events.contains(Events::READABLE)
                    && let Ok(count @ 1..) = self.server.read(self.now, handle, &mut octets)
                {
                    let _ = self.server.send(self.now, handle, &octets[..count]);
                }
            }
            let mut done = false;
            while let Some(event) = self.client.poll_event() {
                if let Event::Connection(handle, events) = event
                    && events.contains(Events::READABLE)
                {
                    done = self.client.read(self.now, handle, &mut octets) == Ok(64);
                }
            }
            if done {
                return;
            }
        }
    }
}

fn config() -> Config {
    // smoltcp sends no timestamps unless told to; without them segments have the same size.
    Config::new().timestamps(Switch::Off)
}

fn side(address: IpAddr, idle: usize, ring: usize) -> Side {
    let [.., last] = match address {
        IpAddr::V4(address) => address.octets(),
        IpAddr::V6(_) => unreachable!("both are IPv4"),
    };
    let config = StackConfig {
        secret: [last; 16],
        mtu: MTU as u16,
        any_address: false,
        answer_echo: true,
        tx_checksum: TxChecksum::Full,
        ephemeral_ports: (16_384, 65_535),
        time_wait_ms: 60_000,
    };
    let mut stack = Stack::new(config, Tables::owned(idle + 1, 16, 16), Heap { ring });
    stack.add_address(address, 24).expect("an address");
    stack
}

/// What a host does when it is woken: what is due, packets out, packets in; and it asks when to
/// be woken again.
fn carry(now: Instant, from: &mut Side, wire: &mut Wire, to: &mut Side) {
    from.advance(now);
    while let Some(slot) = wire.slot() {
        let Some(transmit) = from.transmit(now, slot) else {
            break;
        };
        wire.commit(transmit.len);
    }
    while let Some(octets) = wire.packet() {
        let packet = Packet {
            octets,
            checksum: RxChecksum::Unverified,
            segment_size: None,
            link: LinkDestination::Unicast,
        };
        let _ = to.receive(now, packet);
        wire.consume();
    }
    std::hint::black_box(from.next_deadline());
}
