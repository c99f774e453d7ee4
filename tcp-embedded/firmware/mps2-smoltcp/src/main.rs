//! smoltcp on the board of the firmware `mps2`, with the same driver, clock, sleep, rings and build
//! settings, and the services discard and chargen: what the bench compares with.

#![no_std]
#![no_main]

#[path = "../../mps2/src/board.rs"]
#[expect(dead_code, reason = "shared with an image that uses all of it")]
mod board;
#[path = "../../mps2/src/clock.rs"]
mod clock;
mod device;
#[path = "../../mps2/src/services/chargen/pattern.rs"]
mod pattern;

use core::net::Ipv4Addr;

use cortex_m_rt::entry;
use smoltcp::iface::{Config, Interface, SocketHandle, SocketSet, SocketStorage};
use smoltcp::socket::tcp::{Socket, SocketBuffer};
use smoltcp::time::Instant;
use smoltcp::wire::{EthernetAddress, IpCidr};
use tcp_embedded::Mac;
use tcp_embedded::driver::lan9118::{IrqLine, Lan9118, Station};

use clock::{Alarm, Clock};
use device::Device;
use pattern::Place;

include!(concat!(env!("OUT_DIR"), "/host.rs"));

/// As in the image that this one is compared with.
const RING: usize = 8_192;
const DISCARD: u16 = 9;
const CHARGEN: u16 = 19;

#[entry]
fn main() -> ! {
    static mut RINGS: [[u8; RING]; 4] = [[0; RING]; 4];
    static mut SOCKETS: [SocketStorage<'static>; 2] = [SocketStorage::EMPTY; 2];
    board::console::start();
    // SAFETY: the processor comes here once.
    let registers = unsafe { board::ethernet() };
    let (Ok(mac), Some(peripherals)) = (
        Lan9118::new(registers, Station::Eeprom),
        cortex_m::Peripherals::take(),
    ) else {
        panic!("no Ethernet chip");
    };
    let mut device = Device::new(mac);
    let mut clock = Clock::new(device.mac.free_run());
    let mut alarm = Alarm::new(peripherals.SYST);
    let address = EthernetAddress(device.mac.address().0);
    let mut config = Config::new(address.into());
    let [a, b, c, d, e, f, g, h, ..] = board::secret();
    config.random_seed = u64::from_le_bytes([a, b, c, d, e, f, g, h]);
    let mut interface = Interface::new(config, &mut device, Instant::ZERO);
    interface.update_ip_addrs(|addresses| {
        let _ = addresses.push(IpCidr::new(ADDRESS.into(), PREFIX));
    });
    if let Some(gateway) = GATEWAY {
        let _ = interface.routes_mut().add_default_ipv4_route(gateway);
    }
    let mut sockets = SocketSet::new(&mut SOCKETS[..]);
    let [a, b, c, d] = RINGS;
    let mut add = |receive, send| sockets.add(socket(receive, send));
    let (discard, chargen) = (add(a, b), add(c, d));
    let mut place = Place::START;
    device.mac.enable_interrupts(IrqLine::ActiveHigh);
    board::console::put(b"smoltcp: link up\n");
    loop {
        let now = clock.at(device.mac.free_run());
        let time = Instant::from_micros(i64::try_from(now.as_micros()).unwrap_or(i64::MAX));
        Alarm::attend();
        device.mac.link();
        interface.poll(time, &mut device, &mut sockets);
        let mut busy = serve(&mut sockets, discard, DISCARD, |socket| {
            socket
                .recv(|octets| (octets.len(), octets.len()))
                .unwrap_or(0)
        });
        busy |= serve(&mut sockets, chargen, CHARGEN, |socket| {
            socket
                .send(|space| {
                    let count = place.write(space);
                    (count, count)
                })
                .unwrap_or(0)
        });
        if busy {
            continue;
        }
        let delay = interface.poll_delay(time, &sockets);
        let wake = delay.map(|delay| now + tcp_core::Duration::from_micros(delay.total_micros()));
        if wake != Some(now) {
            alarm.sleep(now, wake);
        }
    }
}

fn socket(receive: &'static mut [u8; RING], send: &'static mut [u8; RING]) -> Socket<'static> {
    Socket::new(
        SocketBuffer::new(&mut receive[..]),
        SocketBuffer::new(&mut send[..]),
    )
}

/// Listens when nobody is there, lets `step` move octets, and closes when the peer did; whether
/// anything was done.
fn serve(
    sockets: &mut SocketSet<'_>,
    handle: SocketHandle,
    port: u16,
    mut step: impl FnMut(&mut Socket<'_>) -> usize,
) -> bool {
    let socket = sockets.get_mut::<Socket<'_>>(handle);
    if !socket.is_open() {
        return socket.listen(port).is_ok();
    }
    let mut moved = false;
    // A ring is in two pieces at most.
    for _ in 0..2 {
        moved |= step(socket) > 0;
    }
    if socket.may_send() && !socket.may_recv() && socket.is_active() {
        socket.close();
        moved = true;
    }
    moved
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    board::console::put(b"panicked\n");
    loop {
        cortex_m::asm::wfi();
    }
}
