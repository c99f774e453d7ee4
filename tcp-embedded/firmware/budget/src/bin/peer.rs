//! smoltcp on the same work, to compare with.

#![no_std]
#![no_main]

use core::ptr::addr_of_mut;

use budget::{Count, Figures, Pipe, RING, SEGMENT, SEGMENTS, TEXT, done, peak_stack, report};
use cortex_m_rt::entry;
use smoltcp::iface::{Config, Interface, SocketHandle, SocketSet, SocketStorage};
use smoltcp::phy::{self, Device, DeviceCapabilities, Medium};
use smoltcp::socket::tcp;
use smoltcp::time::{Duration, Instant};
use smoltcp::wire::{HardwareAddress, IpAddress, IpCidr};

static mut PIPES: [Pipe; 2] = [const { Pipe::new() }; 2];
static mut MEMORY: Memory = Memory {
    rings: [[[0; RING]; 2]; 2],
    read: [0; SEGMENT],
};

/// At whole words, as that of the other program.
#[repr(C, align(4))]
struct Memory {
    rings: [[[u8; RING]; 2]; 2],
    read: [u8; SEGMENT],
}

/// A device: where its frames come from and where they go, by index into the pipes.
struct End {
    incoming: usize,
    outgoing: usize,
}

struct Token(usize);

fn pipe(index: usize) -> &'static mut Pipe {
    // SAFETY: one thread, and no reference outlives its use.
    unsafe { &mut (*addr_of_mut!(PIPES))[index] }
}

impl phy::RxToken for Token {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, f: F) -> R {
        pipe(self.0).take(f)
    }
}

impl phy::TxToken for Token {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, len: usize, f: F) -> R {
        pipe(self.0).put(len, f)
    }
}

impl Device for End {
    type RxToken<'a> = Token;
    type TxToken<'a> = Token;

    fn receive(&mut self, _: Instant) -> Option<(Token, Token)> {
        let is_ready = !pipe(self.incoming).is_empty() && pipe(self.outgoing).has_room();
        is_ready.then_some((Token(self.incoming), Token(self.outgoing)))
    }

    fn transmit(&mut self, _: Instant) -> Option<Token> {
        let is_ready = pipe(self.outgoing).has_room();
        is_ready.then_some(Token(self.outgoing))
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

fn side<'a>(
    index: usize,
    storage: &'a mut [SocketStorage<'a>],
    [receive, send]: &'a mut [[u8; RING]; 2],
) -> Side<'a> {
    let mut device = End {
        incoming: 1 - index,
        outgoing: index,
    };
    let mut config = Config::new(HardwareAddress::Ip);
    config.random_seed = 7;
    let mut interface = Interface::new(config, &mut device, Instant::from_millis(1_000));
    interface.update_ip_addrs(|addresses| {
        let address = IpAddress::v4(10, 0, 0, index as u8 + 1);
        addresses.push(IpCidr::new(address, 24)).unwrap();
    });
    let mut sockets = SocketSet::new(storage);
    let mut socket = tcp::Socket::new(
        tcp::SocketBuffer::new(&mut receive[..]),
        tcp::SocketBuffer::new(&mut send[..]),
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

impl<'a> Side<'a> {
    fn poll(&mut self, now: Instant) {
        self.interface
            .poll(now, &mut self.device, &mut self.sockets);
    }

    fn socket(&mut self) -> &mut tcp::Socket<'a> {
        self.sockets.get_mut(self.tcp)
    }

    fn is_established(&mut self) -> bool {
        self.socket().state() == tcp::State::Established
    }

    fn connect(&mut self, remote: IpAddress) {
        let socket = self.sockets.get_mut::<tcp::Socket<'_>>(self.tcp);
        socket
            .connect(self.interface.context(), (remote, 80), 50_000)
            .unwrap();
    }
}

/// Opens a connection, sends and reads.
fn work(a: &mut Side<'_>, b: &mut Side<'_>, space: &mut [u8]) -> Figures {
    let mut figures = Figures::default();
    let handshake = &mut figures.handshake;
    let mut now = Instant::from_millis(1_000);
    handshake.of(|| a.connect(IpAddress::v4(10, 0, 0, 2)));
    while !a.is_established() || !b.is_established() {
        handshake.of(|| a.poll(now));
        handshake.of(|| b.poll(now));
    }
    let mut octets = 0;
    while octets < SEGMENTS * SEGMENT {
        while a.socket().send_slice(&TEXT).unwrap() == TEXT.len() {}
        figures.sender.of(|| a.poll(now));
        figures.receiver.of(|| b.poll(now));
        loop {
            match b.socket().recv_slice(space).unwrap() {
                0 => break,
                count => octets += count,
            }
        }
        now += Duration::from_millis(1);
    }
    figures.segments = octets / SEGMENT;
    figures
}

#[entry]
fn main() -> ! {
    Count::calibrate();
    // SAFETY: the only reference, because this runs once.
    let memory = unsafe { &mut *addr_of_mut!(MEMORY) };
    let [rings_a, rings_b] = &mut memory.rings;
    let mut storage = [[SocketStorage::EMPTY], [SocketStorage::EMPTY]];
    let [storage_a, storage_b] = &mut storage;
    let mut a = side(0, storage_a, rings_a);
    let mut b = side(1, storage_b, rings_b);
    b.socket().listen(80).unwrap();
    let (figures, peak) = peak_stack(|| work(&mut a, &mut b, &mut memory.read));
    figures.report();
    report("peak stack", peak as u64);
    done()
}
