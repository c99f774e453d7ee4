//! tcp-core: two stacks, each the other's network.

#![no_std]
#![no_main]

use core::ptr::addr_of_mut;

use budget::{Count, Figures, RING, SEGMENT, SEGMENTS, TEXT, done, peak_stack, report};
use cortex_m_rt::entry;
use tcp_core::{
    Config, Duration, Event, Firmware, Handle, Instant, Island, LinkDestination, ListenAt, Memory,
    Packet, RxChecksum, SentRecord, Stack, StackConfig, Storage, Switch, TablesStorage,
};

/// Longest packet.
const MTU: usize = 1_500;
/// Of IPv4 and TCP, without options.
const HEADERS: usize = 40;

struct One(Option<Storage<'static>>);

impl Memory<'static> for One {
    fn lend(&mut self) -> Option<Storage<'static>> {
        self.0.take()
    }
    fn give_back(&mut self, storage: Storage<'static>) {
        self.0 = Some(storage);
    }
    fn receive_capacity(&self) -> usize {
        RING
    }
}

type Host = Stack<'static, Firmware, One>;

struct Side {
    tables: TablesStorage<'static, Firmware, 1, 1, 1, 16>,
    send: [u8; RING],
    receive: [u8; RING],
    records: [SentRecord; 16],
    islands: [Island; 4],
}

impl Side {
    const fn new() -> Self {
        Self {
            tables: TablesStorage::new(),
            send: [0; RING],
            receive: [0; RING],
            records: [SentRecord::EMPTY; 16],
            islands: [Island::EMPTY; 4],
        }
    }
}

static mut SIDES: [Side; 2] = [const { Side::new() }; 2];
/// A packet on its way, and what was read last: not on the stack, which is measured.
static mut SCRATCH: Scratch = Scratch {
    packet: [0; MTU],
    read: [0; SEGMENT],
};

/// At whole words, as the frames of the peer.
#[repr(C, align(4))]
struct Scratch {
    packet: [u8; MTU],
    read: [u8; SEGMENT],
}

fn host(side: &'static mut Side, address: &str) -> Host {
    let config = StackConfig {
        secret: [7; 16],
        ..StackConfig::new(MTU as u16)
    };
    let memory = One(Some(Storage {
        send: (&mut side.send[..]).into(),
        receive: (&mut side.receive[..]).into(),
        records: (&mut side.records[..]).into(),
        islands: (&mut side.islands[..]).into(),
    }));
    let mut stack = Stack::new(config, side.tables.lend(), memory);
    stack.add_address(address.parse().unwrap(), 24).unwrap();
    stack
}

/// Both hosts and what lies between them.
struct World {
    a: Host,
    b: Host,
    packet: &'static mut [u8; MTU],
}

impl World {
    /// Carries packets until neither side has one; counts what each side does. How many octets of
    /// data came from the first host.
    fn carry(&mut self, now: Instant, counts: [&mut Count; 2]) -> usize {
        let Self { a, b, packet } = self;
        let [at_a, at_b] = counts;
        let mut data = 0;
        loop {
            let mut moved = false;
            for _ in 0..8 {
                let Some(sent) = at_a.of(|| a.transmit(now, &mut packet[..])) else {
                    break;
                };
                moved = true;
                data += sent.len.saturating_sub(HEADERS);
                let _ = at_b.of(|| b.receive(now, arriving(&packet[..sent.len])));
            }
            for _ in 0..8 {
                let Some(sent) = at_b.of(|| b.transmit(now, &mut packet[..])) else {
                    break;
                };
                moved = true;
                let _ = at_a.of(|| a.receive(now, arriving(&packet[..sent.len])));
            }
            if !moved {
                return data;
            }
        }
    }

    /// Opens a connection, sends and reads.
    fn work(&mut self, read: &mut [u8]) -> Figures {
        let mut figures = Figures::default();
        let mut now = Instant::from_micros(1_000_000);
        let remote = "10.0.0.2:80".parse().unwrap();
        let ours = figures
            .handshake
            .of(|| self.a.connect(now, None, remote, config()))
            .unwrap();
        let mut theirs = Count::default();
        self.carry(now, [&mut figures.handshake, &mut theirs]);
        figures.handshake.0 += theirs.0;
        let theirs = accepted(&mut self.b).unwrap();
        let mut octets = 0;
        while octets < SEGMENTS * SEGMENT {
            while self.a.send(now, ours, &TEXT).unwrap() == TEXT.len() {}
            let Figures {
                sender, receiver, ..
            } = &mut figures;
            octets += self.carry(now, [sender, receiver]);
            while self.b.read(now, theirs, read).unwrap() > 0 {}
            octets += self.carry(now, [sender, receiver]);
            now = now + Duration::from_millis(1);
        }
        figures.segments = octets / SEGMENT;
        figures
    }
}

/// The peer has no timestamps either, and they would make segments shorter.
fn config() -> Config {
    Config::new().timestamps(Switch::Off)
}

fn arriving(octets: &[u8]) -> Packet<'_> {
    Packet {
        octets,
        checksum: RxChecksum::Unverified,
        segment_size: None,
        link: LinkDestination::Unicast,
    }
}

fn accepted(stack: &mut Host) -> Option<Handle> {
    while let Some(event) = stack.poll_event() {
        if let Event::Listener(listener) = event {
            return stack.accept(listener).ok().flatten();
        }
    }
    None
}

#[entry]
fn main() -> ! {
    Count::calibrate();
    // SAFETY: the only references, because this runs once.
    let (sides, scratch) = unsafe { (&mut *addr_of_mut!(SIDES), &mut *addr_of_mut!(SCRATCH)) };
    let [side_a, side_b] = sides;
    let mut world = World {
        a: host(side_a, "10.0.0.1"),
        b: host(side_b, "10.0.0.2"),
        packet: &mut scratch.packet,
    };
    let listen = ListenAt {
        config: config(),
        ..ListenAt::new(80)
    };
    world.b.listen(listen).unwrap();
    let (figures, peak) = peak_stack(|| world.work(&mut scratch.read));
    figures.report();
    report("peak stack", peak as u64);
    done()
}
