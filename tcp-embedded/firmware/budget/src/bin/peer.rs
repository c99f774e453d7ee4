//! smoltcp on the same work, to compare with.

#![no_std]
#![no_main]

use budget::{Count, done, paint_stack, peak_stack, report, stack_pointer};
use cortex_m_rt::entry;
use smoltcp::iface::{Config, Interface, SocketHandle, SocketSet, SocketStorage};
use smoltcp::phy::{self, Device, DeviceCapabilities, Medium};
use smoltcp::socket::tcp;
use smoltcp::time::Instant;
use smoltcp::wire::{HardwareAddress, IpAddress, IpCidr};

const RING: usize = 8 * 1_460;
const SEGMENTS: usize = if cfg!(feature = "short") { 100 } else { 1_000 };
const FRAMES: usize = 8;

/// Frames on their way; the device of one side writes, the other's reads.
struct Pipe {
    frames: [[u8; 1_500]; FRAMES],
    lens: [usize; FRAMES],
    first: usize,
    count: usize,
}

impl Pipe {
    const fn new() -> Self {
        Self {
            frames: [[0; 1_500]; FRAMES],
            lens: [0; FRAMES],
            first: 0,
            count: 0,
        }
    }
}

static mut PIPES: [Pipe; 2] = [const { Pipe::new() }; 2];
static mut RINGS: [[u8; RING]; 4] = [[0; RING]; 4];

struct End {
    incoming: usize,
    outgoing: usize,
    data: usize,
}

struct Token(usize);

fn pipe(index: usize) -> &'static mut Pipe {
    // SAFETY: one thread, and no reference outlives its use.
    unsafe { &mut (*core::ptr::addr_of_mut!(PIPES))[index] }
}

impl phy::RxToken for Token {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, f: F) -> R {
        let pipe = pipe(self.0);
        let at = pipe.first;
        let result = f(&pipe.frames[at][..pipe.lens[at]]);
        pipe.first = (pipe.first + 1) % FRAMES;
        pipe.count -= 1;
        result
    }
}

impl phy::TxToken for Token {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, len: usize, f: F) -> R {
        let pipe = pipe(self.0);
        let at = (pipe.first + pipe.count) % FRAMES;
        pipe.lens[at] = len;
        pipe.count += 1;
        f(&mut pipe.frames[at][..len])
    }
}

impl Device for End {
    type RxToken<'a> = Token;
    type TxToken<'a> = Token;

    fn receive(&mut self, _: Instant) -> Option<(Token, Token)> {
        let ready = pipe(self.incoming).count > 0 && pipe(self.outgoing).count < FRAMES;
        ready.then_some((Token(self.incoming), Token(self.outgoing)))
    }

    fn transmit(&mut self, _: Instant) -> Option<Token> {
        let ready = pipe(self.outgoing).count < FRAMES;
        self.data += usize::from(ready);
        ready.then_some(Token(self.outgoing))
    }

    fn capabilities(&self) -> DeviceCapabilities {
        let mut capabilities = DeviceCapabilities::default();
        capabilities.medium = Medium::Ip;
        capabilities.max_transmission_unit = 1_500;
        capabilities
    }
}

struct Side<'a> {
    device: End,
    interface: Interface,
    sockets: SocketSet<'a>,
    tcp: SocketHandle,
}

fn side<'a>(index: usize, storage: &'a mut [SocketStorage<'a>]) -> Side<'a> {
    let mut device = End {
        incoming: 1 - index,
        outgoing: index,
        data: 0,
    };
    let mut config = Config::new(HardwareAddress::Ip);
    config.random_seed = 7;
    let mut interface = Interface::new(config, &mut device, Instant::from_millis(1_000));
    interface.update_ip_addrs(|addresses| {
        let address = IpAddress::v4(10, 0, 0, index as u8 + 1);
        addresses.push(IpCidr::new(address, 24)).unwrap();
    });
    let mut sockets = SocketSet::new(storage);
    // SAFETY: each ring is taken once.
    let (rx, tx) = unsafe {
        let rings = core::ptr::addr_of_mut!(RINGS).cast::<[u8; RING]>();
        (&mut *rings.add(2 * index), &mut *rings.add(2 * index + 1))
    };
    let mut socket = tcp::Socket::new(
        tcp::SocketBuffer::new(&mut rx[..]),
        tcp::SocketBuffer::new(&mut tx[..]),
    );
    socket.set_congestion_control(tcp::CongestionControl::Reno);
    let tcp = sockets.add(socket);
    Side {
        device,
        interface,
        sockets,
        tcp,
    }
}

impl Side<'_> {
    fn poll(&mut self, now: Instant) {
        self.interface
            .poll(now, &mut self.device, &mut self.sockets);
    }

    fn socket(&mut self) -> &mut tcp::Socket<'static> {
        // SAFETY: the rings are static.
        unsafe { core::mem::transmute(self.sockets.get_mut::<tcp::Socket<'_>>(self.tcp)) }
    }
}

#[entry]
fn main() -> ! {
    Count::calibrate();
    let mut storage_a = [SocketStorage::EMPTY];
    let mut storage_b = [SocketStorage::EMPTY];
    let mut a = side(0, &mut storage_a);
    let mut b = side(1, &mut storage_b);
    b.socket().listen(80).unwrap();
    let mut now = Instant::from_millis(1_000);
    let mut handshake = Count::default();
    paint_stack();
    let stack = stack_pointer();
    handshake.of(|| {
        let (interface, sockets) = (&mut a.interface, &mut a.sockets);
        let socket = sockets.get_mut::<tcp::Socket<'_>>(a.tcp);
        socket
            .connect(
                interface.context(),
                (IpAddress::v4(10, 0, 0, 2), 80),
                50_000,
            )
            .unwrap();
    });
    while a.socket().state() != tcp::State::Established
        || b.socket().state() != tcp::State::Established
    {
        handshake.of(|| a.poll(now));
        handshake.of(|| b.poll(now));
    }
    report("handshake, both sides", handshake.0);
    let text = [0x55; 1_460];
    let mut sink = [0; 1_460];
    let mut counts = [Count::default(); 2];
    let mut read = 0;
    while read < SEGMENTS * 1_460 {
        while a.socket().send_slice(&text).unwrap() == text.len() {}
        counts[0].of(|| a.poll(now));
        counts[1].of(|| b.poll(now));
        loop {
            match b.socket().recv_slice(&mut sink).unwrap() {
                0 => break,
                count => read += count,
            }
        }
        now += smoltcp::time::Duration::from_millis(1);
    }
    let segments = (read / 1_460) as u64;
    report("segments", segments);
    report("sender, a segment of 1,460", counts[0].0 / segments);
    report("receiver, a segment of 1,460", counts[1].0 / segments);
    report("peak stack", peak_stack(stack) as u64);
    done()
}
