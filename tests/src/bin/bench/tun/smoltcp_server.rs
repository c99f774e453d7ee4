//! Discard and chargen with smoltcp, on its own TUN device driver.

use std::net::Ipv4Addr;
use std::os::fd::AsRawFd;
use std::process::ExitCode;

use smoltcp::iface::{Config, Interface, SocketHandle, SocketSet};
use smoltcp::phy::{Medium, TunTapInterface, wait};
use smoltcp::socket::tcp;
use smoltcp::time::Instant;
use smoltcp::wire::{HardwareAddress, IpCidr};

use super::{CHARGEN, DISCARD};

/// Octets of each ring: of 64 KiB to 4 MiB the size at which it is fastest here.
const RING: usize = 1 << 20;

/// `DEVICE ADDRESS`: serves until it is killed.
pub(crate) fn serve_with_smoltcp(arguments: &[String]) -> ExitCode {
    let [device, address] = arguments else {
        eprintln!("bench: smoltcp-server is for the bench itself");
        return ExitCode::from(2);
    };
    let Ok(address) = address.parse() else {
        return ExitCode::from(2);
    };
    match TunTapInterface::new(device, Medium::Ip) {
        Ok(device) => serve(device, address),
        Err(error) => {
            eprintln!("bench: {device}: {error}");
            ExitCode::FAILURE
        }
    }
}

fn serve(mut device: TunTapInterface, address: Ipv4Addr) -> ! {
    let fd = device.as_raw_fd();
    let mut interface = Interface::new(
        Config::new(HardwareAddress::Ip),
        &mut device,
        Instant::now(),
    );
    interface.update_ip_addrs(|addresses| {
        let address = IpCidr::new(address.into(), 24);
        addresses.push(address).expect("room for an address");
    });
    let mut sockets = SocketSet::new(Vec::new());
    let buffer = || tcp::SocketBuffer::new(vec![0; RING]);
    let mut add = || sockets.add(tcp::Socket::new(buffer(), buffer()));
    let (discard, chargen) = (add(), add());
    loop {
        let _ = interface.poll(Instant::now(), &mut device, &mut sockets);
        let worked = serve_discard(&mut sockets, discard) | serve_chargen(&mut sockets, chargen);
        if worked {
            continue;
        }
        let delay = interface.poll_delay(Instant::now(), &sockets);
        let _ = wait(fd, delay);
    }
}

/// Whether it did something.
fn serve_discard(sockets: &mut SocketSet<'_>, handle: SocketHandle) -> bool {
    let socket = sockets.get_mut::<tcp::Socket<'_>>(handle);
    if !socket.is_open() {
        socket.listen(DISCARD).expect("a port");
        return true;
    }
    let mut worked = false;
    while socket.can_recv() {
        socket.recv(|octets| (octets.len(), ())).expect("open");
        worked = true;
    }
    if socket.state() == tcp::State::CloseWait {
        socket.close();
        worked = true;
    }
    worked
}

/// Whether it did something.
fn serve_chargen(sockets: &mut SocketSet<'_>, handle: SocketHandle) -> bool {
    let socket = sockets.get_mut::<tcp::Socket<'_>>(handle);
    if !socket.is_open() {
        socket.listen(CHARGEN).expect("a port");
        return true;
    }
    let mut worked = false;
    while socket.can_send() {
        let pattern = [0x5a; 8_192];
        socket.send_slice(&pattern).expect("open");
        worked = true;
    }
    if socket.state() == tcp::State::CloseWait {
        socket.close();
        worked = true;
    }
    worked
}
