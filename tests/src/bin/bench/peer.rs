//! Two interfaces of smoltcp, back to back over the same wire.

use std::cell::RefCell;
use std::rc::Rc;

use smoltcp::iface::{Config, Interface, SocketHandle, SocketSet};
use smoltcp::phy::{self, Device, DeviceCapabilities, Medium};
use smoltcp::socket::tcp;
use smoltcp::time::Instant;
use smoltcp::wire::{HardwareAddress, IpAddress, IpCidr};

use crate::wire::{MTU, Wire};

const PORT: u16 = 7;

type Shared = Rc<RefCell<Wire>>;

/// One end of the two wires.
struct End {
    incoming: Shared,
    outgoing: Shared,
}

struct Rx<'e>(&'e Shared);
struct Tx<'e>(&'e Shared);

impl phy::RxToken for Rx<'_> {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, f: F) -> R {
        let mut wire = self.0.borrow_mut();
        let result = f(wire.packet().expect("a packet"));
        wire.consume();
        result
    }
}

impl phy::TxToken for Tx<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, len: usize, f: F) -> R {
        let mut wire = self.0.borrow_mut();
        let slot = wire.slot().expect("a slot");
        let result = f(&mut slot[..len]);
        wire.commit(len);
        result
    }
}

impl Device for End {
    type RxToken<'e> = Rx<'e>;
    type TxToken<'e> = Tx<'e>;

    fn receive(&mut self, _: Instant) -> Option<(Rx<'_>, Tx<'_>)> {
        let ready =
            !self.incoming.borrow().is_empty() && self.outgoing.borrow_mut().slot().is_some();
        ready.then_some((Rx(&self.incoming), Tx(&self.outgoing)))
    }

    fn transmit(&mut self, _: Instant) -> Option<Tx<'_>> {
        let has_room = self.outgoing.borrow_mut().slot().is_some();
        has_room.then_some(Tx(&self.outgoing))
    }

    fn capabilities(&self) -> DeviceCapabilities {
        let mut capabilities = DeviceCapabilities::default();
        capabilities.medium = Medium::Ip;
        capabilities.max_transmission_unit = MTU;
        capabilities
    }
}

struct Side {
    interface: Interface,
    device: End,
    sockets: SocketSet<'static>,
    active: Option<SocketHandle>,
}

impl Side {
    fn new(last: u8, incoming: &Shared, outgoing: &Shared) -> Self {
        let mut device = End {
            incoming: Rc::clone(incoming),
            outgoing: Rc::clone(outgoing),
        };
        let mut config = Config::new(HardwareAddress::Ip);
        config.random_seed = last.into();
        let mut interface = Interface::new(config, &mut device, Instant::ZERO);
        interface.update_ip_addrs(|addresses| {
            let address = IpCidr::new(IpAddress::v4(10, 0, 0, last), 24);
            addresses.push(address).expect("room for an address");
        });
        Self {
            interface,
            device,
            sockets: SocketSet::new(Vec::new()),
            active: None,
        }
    }

    fn add(&mut self, ring: usize) -> &mut tcp::Socket<'static> {
        let buffer = || tcp::SocketBuffer::new(vec![0; ring]);
        let handle = self.sockets.add(tcp::Socket::new(buffer(), buffer()));
        self.active = Some(handle);
        self.sockets.get_mut(handle)
    }

    fn active(&mut self) -> &mut tcp::Socket<'static> {
        self.sockets.get_mut(self.active.expect("opened in `new`"))
    }

    fn poll(&mut self, now: Instant) {
        let _ = self
            .interface
            .poll(now, &mut self.device, &mut self.sockets);
        std::hint::black_box(self.interface.poll_at(now, &self.sockets));
    }
}

/// Both sides, and a connection between them.
pub(crate) struct Pair {
    client: Side,
    server: Side,
    to_server: Shared,
    micros: i64,
}

impl Pair {
    /// With `idle` connections beside the one that is used; rings of `ring` octets.
    pub(crate) fn new(idle: usize, ring: usize) -> Self {
        let to_server = Rc::new(RefCell::new(Wire::new()));
        let to_client = Rc::new(RefCell::new(Wire::new()));
        let mut pair = Self {
            client: Side::new(2, &to_client, &to_server),
            server: Side::new(1, &to_server, &to_client),
            to_server,
            micros: 1_000,
        };
        for number in 0..=idle {
            let port = 16_384 + u16::try_from(number).expect("a port");
            pair.open(port, ring);
        }
        pair
    }

    fn open(&mut self, port: u16, ring: usize) {
        self.server.add(ring).listen(PORT).expect("a listener");
        self.client.add(ring);
        let handle = self.client.active.expect("just added");
        let socket = self.client.sockets.get_mut::<tcp::Socket<'_>>(handle);
        let remote = (IpAddress::v4(10, 0, 0, 1), PORT);
        let opened = socket.connect(self.client.interface.context(), remote, port);
        opened.expect("a connection");
        let open = tcp::State::Established;
        while self.client.active().state() != open || self.server.active().state() != open {
            self.step();
        }
    }

    fn step(&mut self) {
        let now = Instant::from_micros(self.micros);
        self.micros += 10;
        self.client.poll(now);
        self.server.poll(now);
    }

    /// Carries `octets` octets from the client to the server; how many segments of full size.
    pub(crate) fn transfer(&mut self, octets: usize) -> usize {
        let chunk = [0x5a; 16_384];
        let mut buffer = [0; 16_384];
        let (mut written, mut read) = (0, 0);
        let before = self.to_server.borrow().full;
        while read < octets {
            let socket = self.client.active();
            while written < octets && socket.can_send() {
                let rest = &chunk[..chunk.len().min(octets - written)];
                written += socket.send_slice(rest).expect("open");
            }
            self.step();
            let socket = self.server.active();
            while socket.can_recv() {
                read += socket.recv_slice(&mut buffer).expect("open");
            }
        }
        self.to_server.borrow().full - before
    }

    /// Sends 64 octets to the server, which returns them.
    pub(crate) fn round_trip(&mut self) {
        let mut octets = [0x5a; 64];
        let sent = self.client.active().send_slice(&octets);
        assert_eq!(sent, Ok(64));
        loop {
            self.step();
            let socket = self.server.active();
            if socket.can_recv() {
                let count = socket.recv_slice(&mut octets).expect("open");
                socket.send_slice(&octets[..count]).expect("open");
            }
            let socket = self.client.active();
            if socket.can_recv() {
                assert_eq!(socket.recv_slice(&mut octets), Ok(64));
                return;
            }
        }
    }
}
