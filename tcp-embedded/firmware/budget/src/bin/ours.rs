//! tcp-core: two stacks, each the other's network.

#![no_std]
#![no_main]

use budget::{Count, done, paint_stack, peak_stack, report, stack_pointer};
use cortex_m_rt::entry;
use tcp_core::{
    Config, Event, Firmware, Handle, Instant, Island, LinkDestination, ListenAt, Memory, Packet,
    RxChecksum, SentRecord, Stack, StackConfig, Storage, Switch, TablesStorage,
};

const RING: usize = 8 * 1_460;
const SEGMENTS: usize = if cfg!(feature = "short") { 100 } else { 1_000 };

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

fn host(side: &'static mut Side, address: &str) -> Host {
    let config = StackConfig {
        secret: [7; 16],
        ..StackConfig::new(1_500)
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

/// Carries packets until neither side has one; counts what each side does.
fn carry(now: Instant, hosts: [&mut Host; 2], counts: &mut [Count; 2]) -> usize {
    let [a, b] = hosts;
    let mut out = [0; 1_500];
    let mut data = 0;
    loop {
        let mut moved = false;
        for _ in 0..8 {
            let Some(sent) = counts[0].of(|| a.transmit(now, &mut out)) else { break };
            moved = true;
            data += usize::from(sent.len > 100);
            let _ = counts[1].of(|| b.receive(now, packet(&out[..sent.len])));
        }
        for _ in 0..8 {
            let Some(sent) = counts[1].of(|| b.transmit(now, &mut out)) else { break };
            moved = true;
            let _ = counts[0].of(|| a.receive(now, packet(&out[..sent.len])));
        }
        if !moved {
            return data;
        }
    }
}

fn packet(octets: &[u8]) -> Packet<'_> {
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
    let sides = unsafe { &mut *core::ptr::addr_of_mut!(SIDES) };
    let [side_a, side_b] = sides;
    let mut a = host(side_a, "10.0.0.1");
    let mut b = host(side_b, "10.0.0.2");
    let config = Config::new().timestamps(Switch::Off);
    b.listen(ListenAt {
        config,
        ..ListenAt::new(80)
    })
    .unwrap();
    let mut now = Instant::from_micros(1_000_000);
    let mut handshake = [Count::default(); 2];
    paint_stack();
    let stack = stack_pointer();
    let ours = handshake[0]
        .of(|| a.connect(now, None, "10.0.0.2:80".parse().unwrap(), config))
        .unwrap();
    carry(now, [&mut a, &mut b], &mut handshake);
    let theirs = accepted(&mut b).unwrap();
    report("handshake, both sides", handshake[0].0 + handshake[1].0);
    let text = [0x55; 1_460];
    let mut sink = [0; 1_460];
    let mut counts = [Count::default(); 2];
    let mut segments = 0;
    while segments < SEGMENTS {
        while a.send(now, ours, &text).unwrap() == text.len() {}
        segments += carry(now, [&mut a, &mut b], &mut counts);
        while b.read(now, theirs, &mut sink).unwrap() > 0 {}
        carry(now, [&mut a, &mut b], &mut counts);
        now = now + tcp_core::Duration::from_millis(1);
    }
    report("segments", segments as u64);
    report("sender, a segment of 1,460", counts[0].0 / segments as u64);
    report("receiver, a segment of 1,460", counts[1].0 / segments as u64);
    report("peak stack", peak_stack(stack) as u64);
    done()
}
