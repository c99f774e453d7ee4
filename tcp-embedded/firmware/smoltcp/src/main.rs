//! The echo service over Ethernet by smoltcp: what `firmware/minimal` does with its feature
//! `ethernet`, on the same device, with the same rings and settings of the compiler. It is
//! measured, not run.
//!
//! smoltcp has no listener with a backlog: two sockets listen on the same port.

#![no_std]
#![no_main]

mod device;
#[path = "../../minimal/src/mailbox.rs"]
#[expect(dead_code, reason = "the other image makes more use of the device")]
mod mailbox;

use core::mem::{MaybeUninit, size_of};
use core::net::IpAddr;
use core::panic::PanicInfo;
use core::ptr::addr_of_mut;

use smoltcp::iface::{Config, Interface, SocketSet, SocketStorage};
use smoltcp::socket::tcp;
use smoltcp::time::Instant;
use smoltcp::wire::{EthernetAddress, HardwareAddress, IpAddress, IpCidr, Ipv4Address};

use device::Frames;
use mailbox::Mailbox;

const CONNECTIONS: usize = 2;
const RING: usize = 2_048;

/// The interrupt vectors beyond the initial stack pointer: reset only.
#[used]
#[unsafe(link_section = ".vectors")]
static RESET: extern "C" fn() -> ! = reset;

static mut RESOURCES: Resources = Resources {
    sockets: MaybeUninit::uninit(),
    rings: [[[0; RING]; 2]; CONNECTIONS],
    frames: Frames::new(),
};

/// All memory but for the interface.
struct Resources {
    /// Filled at start: a first value that is not zero would lie in flash as well.
    sockets: MaybeUninit<[SocketStorage<'static>; CONNECTIONS]>,
    rings: [[[u8; RING]; 2]; CONNECTIONS],
    frames: Frames,
}

/// One row of the table of sizes that the host reads.
#[repr(C)]
struct Row {
    name: [u8; 28],
    octets: u32,
}

const fn row(name: &str, octets: usize) -> Row {
    let mut field = [0; 28];
    let mut at = 0;
    while at < name.len() {
        field[at] = name.as_bytes()[at];
        at += 1;
    }
    Row {
        name: field,
        octets: octets as u32,
    }
}

#[used]
#[unsafe(link_section = ".footprint")]
static FOOTPRINT: [Row; 3] = [
    row("connection", size_of::<tcp::Socket<'static>>()),
    row("connection slot", size_of::<SocketStorage<'static>>()),
    row("interface", size_of::<Interface>()),
];

/// Where the machine starts.
#[unsafe(no_mangle)]
extern "C" fn reset() -> ! {
    // SAFETY: nothing else has started.
    let mailbox = unsafe { Mailbox::start() };
    // SAFETY: the only reference, because this runs once.
    run(mailbox, unsafe { &mut *addr_of_mut!(RESOURCES) })
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    loop {
        core::hint::spin_loop();
    }
}

fn run(mailbox: Mailbox, resources: &'static mut Resources) -> ! {
    let mut device = device::Ethernet {
        mailbox,
        frames: &mut resources.frames,
    };
    let mut interface = interface(&mut device);
    let storage = resources.sockets.write([SocketStorage::EMPTY; CONNECTIONS]);
    let mut sockets = SocketSet::new(&mut storage[..]);
    for [receive, send] in &mut resources.rings {
        let mut socket = tcp::Socket::new(
            tcp::SocketBuffer::new(&mut receive[..]),
            tcp::SocketBuffer::new(&mut send[..]),
        );
        socket.set_congestion_control(tcp::CongestionControl::Reno);
        sockets.add(socket);
    }
    loop {
        let now = now(&device.mailbox);
        interface.poll(now, &mut device, &mut sockets);
        for (_, socket) in sockets.iter_mut() {
            let smoltcp::socket::Socket::Tcp(socket) = socket;
            echo(socket);
        }
        let wake = interface.poll_at(now, &sockets);
        let wake = wake.map(|at| tcp_core::Instant::from_micros(at.total_micros() as u64));
        device.mailbox.sleep_until(wake);
    }
}

fn now(mailbox: &Mailbox) -> Instant {
    Instant::from_micros(mailbox.now().as_micros() as i64)
}

fn interface(device: &mut device::Ethernet) -> Interface {
    let secret = device.mailbox.secret();
    let [a, b, c, d, ..] = secret;
    let hardware = EthernetAddress([2, 0, a, b, c, d]);
    let mut config = Config::new(HardwareAddress::Ethernet(hardware));
    let [.., e, f, g, h] = secret;
    config.random_seed = u64::from(u32::from_le_bytes([e, f, g, h]));
    #[cfg(feature = "ipv6")]
    {
        config.slaac = true;
    }
    let started = now(&device.mailbox);
    let address = device.mailbox.address();
    let gateway = Ipv4Address::from_bits(device.mailbox.choice());
    let mut interface = Interface::new(config, device, started);
    interface.update_ip_addrs(|addresses| {
        let IpAddr::V4(address) = address else { return };
        let _ = addresses.push(IpCidr::new(IpAddress::Ipv4(address), 24));
        #[cfg(feature = "ipv6")]
        {
            let [a, b, c, d, e, f] = hardware.0.map(u16::from);
            let [g, h, i, j] = [a << 8 | b, c << 8 | 0xff, 0xfe00 | d, e << 8 | f];
            let own = IpAddress::v6(0xfe80, 0, 0, 0, g, h, i, j);
            let _ = addresses.push(IpCidr::new(own, 64));
        }
    });
    let _ = interface.routes_mut().add_default_ipv4_route(gateway);
    interface
}

/// Returns as many octets as there are and fit.
fn echo(socket: &mut tcp::Socket<'_>) {
    if !socket.is_open() {
        let _ = socket.listen(7);
    }
    let mut octets = [0; 128];
    loop {
        let room = (socket.send_capacity() - socket.send_queue()).min(octets.len());
        let Some(space) = octets.get_mut(..room) else {
            return;
        };
        let Ok(count @ 1..) = socket.recv_slice(space) else {
            break;
        };
        let _ = socket.send_slice(space.get(..count).unwrap_or_default());
    }
    if !socket.may_recv() && socket.may_send() {
        socket.close();
    }
}
