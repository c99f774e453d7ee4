//! Each test runs twice: with `std::net` over the loopback interface, and with two networks of
//! ours joined by a cable. What the one does, the other does.

use std::io::{ErrorKind, Read, Write};
use std::net::Shutdown;
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

use tcp_std::{Buffers, Device, Net};

/// A multiple of the kernel's ticks, so that it is read back as it was set.
const SHORT: Duration = Duration::from_millis(40);
const LONG: Duration = Duration::from_secs(20);

/// Two hosts of ours: the server is 10.0.0.1, the client 10.0.0.2.
struct Ours {
    server: Net,
    client: Net,
}

impl Ours {
    fn new() -> Self {
        let (one, other) = Device::pair(1_500).unwrap();
        let start = |device, address: &str| {
            let buffers = Buffers {
                send: 1 << 18,
                receive: 1 << 18,
            };
            let net = Net::builder()
                .address(address.parse().unwrap())
                .buffers(buffers);
            net.start(device).unwrap()
        };
        Self {
            server: start(one, "10.0.0.1/24"),
            client: start(other, "10.0.0.2/24"),
        }
    }

    fn listen(&self) -> tcp_std::TcpListener {
        self.server.listen("10.0.0.1:0").unwrap()
    }
}

/// The same with the kernel and its loopback interface.
struct Stds;

impl Stds {
    const fn new() -> Self {
        Self
    }

    fn listen(&self) -> std::net::TcpListener {
        std::net::TcpListener::bind("127.0.0.1:0").unwrap()
    }
}

/// The tests, with `$world` for the two hosts and `$connect` for how the client connects.
macro_rules! tests {
    ($module:ident, $world:ty, $stream:ty, $connect:expr, $connect_timeout:expr) => {
        mod $module {
            use super::*;

            fn pair(world: &$world) -> ($stream, $stream) {
                let listener = world.listen();
                let connected = $connect(world, listener.local_addr().unwrap()).unwrap();
                (connected, listener.accept().unwrap().0)
            }

            #[test]
            fn both_ends_know_both_addresses() {
                let world = <$world>::new();
                let listener = world.listen();
                let address = listener.local_addr().unwrap();
                let client = $connect(&world, address).unwrap();
                let (server, peer) = listener.accept().unwrap();
                assert_eq!(client.peer_addr().unwrap(), address);
                assert_eq!(server.local_addr().unwrap(), address);
                assert_eq!(client.local_addr().unwrap(), peer);
                assert_eq!(server.peer_addr().unwrap(), peer);
            }

            #[test]
            fn connections_are_accepted_in_the_order_in_which_they_came() {
                let world = <$world>::new();
                let listener = world.listen();
                let address = listener.local_addr().unwrap();
                let clients = [(); 5].map(|()| $connect(&world, address).unwrap());
                for (client, server) in clients.iter().zip(listener.incoming()) {
                    let server = server.unwrap();
                    assert_eq!(client.local_addr().unwrap(), server.peer_addr().unwrap());
                }
            }

            #[test]
            fn a_port_without_listener_refuses() {
                let world = <$world>::new();
                let address = world.listen().local_addr().unwrap();
                let error = $connect(&world, address).unwrap_err();
                assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
                let error = $connect_timeout(&world, &address, LONG).unwrap_err();
                assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
            }

            #[test]
            fn a_timeout_of_zero_is_refused() {
                let world = <$world>::new();
                let (client, server) = pair(&world);
                for result in [
                    client.set_read_timeout(Some(Duration::ZERO)),
                    client.set_write_timeout(Some(Duration::ZERO)),
                    $connect_timeout(&world, &server.local_addr().unwrap(), Duration::ZERO)
                        .map(|_| ()),
                ] {
                    assert_eq!(result.unwrap_err().kind(), ErrorKind::InvalidInput);
                }
            }

            #[test]
            fn a_read_waits_as_long_as_it_is_told() {
                let world = <$world>::new();
                let (mut client, mut server) = pair(&world);
                assert_eq!(client.read_timeout().unwrap(), None);
                client.set_read_timeout(Some(SHORT)).unwrap();
                assert_eq!(client.read_timeout().unwrap(), Some(SHORT));
                let started = Instant::now();
                let error = client.read(&mut [0; 8]).unwrap_err();
                assert_eq!(error.kind(), ErrorKind::WouldBlock);
                assert!(started.elapsed() >= SHORT);
                server.write_all(b"late").unwrap();
                client.set_read_timeout(Some(LONG)).unwrap();
                assert_eq!(client.read(&mut [0; 8]).unwrap(), 4);
            }

            #[test]
            fn a_write_waits_as_long_as_it_is_told() {
                let world = <$world>::new();
                let (mut client, _server) = pair(&world);
                client.set_write_timeout(Some(SHORT)).unwrap();
                assert_eq!(client.write_timeout().unwrap(), Some(SHORT));
                let chunk = [7; 1 << 16];
                let error = (0..10_000).find_map(|_| client.write(&chunk).err());
                assert_eq!(error.map(|error| error.kind()), Some(ErrorKind::WouldBlock));
            }

            #[test]
            fn what_is_nonblocking_does_not_wait() {
                let world = <$world>::new();
                let listener = world.listen();
                listener.set_nonblocking(true).unwrap();
                let error = listener.accept().unwrap_err();
                assert_eq!(error.kind(), ErrorKind::WouldBlock);
                listener.set_nonblocking(false).unwrap();
                let mut client = $connect(&world, listener.local_addr().unwrap()).unwrap();
                let (mut server, _) = listener.accept().unwrap();
                let mut clone = client.try_clone().unwrap();
                client.set_nonblocking(true).unwrap();
                // The clones are one file description.
                let error = clone.read(&mut [0; 8]).unwrap_err();
                assert_eq!(error.kind(), ErrorKind::WouldBlock);
                let chunk = [7; 1 << 16];
                let error = (0..10_000).find_map(|_| client.write(&chunk).err());
                assert_eq!(error.map(|error| error.kind()), Some(ErrorKind::WouldBlock));
                client.set_nonblocking(false).unwrap();
                server.write_all(b"x").unwrap();
                assert_eq!(client.read(&mut [0; 8]).unwrap(), 1);
            }

            #[test]
            fn a_peek_takes_nothing() {
                let world = <$world>::new();
                let (mut client, mut server) = pair(&world);
                server.write_all(b"octets").unwrap();
                let mut seen = [0; 3];
                assert_eq!(client.peek(&mut seen).unwrap(), 3);
                assert_eq!(&seen, b"oct");
                assert_eq!(client.peek(&mut seen).unwrap(), 3);
                let mut all = [0; 6];
                client.read_exact(&mut all).unwrap();
                assert_eq!(&all, b"octets");
                drop(server);
                assert_eq!(client.peek(&mut seen).unwrap(), 0);
            }

            #[test]
            fn a_closed_write_half_is_the_end_for_the_peer_and_broken_for_us() {
                let world = <$world>::new();
                let (mut client, mut server) = pair(&world);
                client.write_all(b"last").unwrap();
                client.shutdown(Shutdown::Write).unwrap();
                client.shutdown(Shutdown::Write).unwrap();
                assert_eq!(
                    client.write(b"x").unwrap_err().kind(),
                    ErrorKind::BrokenPipe
                );
                let mut all = String::new();
                server.read_to_string(&mut all).unwrap();
                assert_eq!(all, "last");
                server.write_all(b"answer").unwrap();
                drop(server);
                let mut answer = String::new();
                client.read_to_string(&mut answer).unwrap();
                assert_eq!(answer, "answer");
            }

            #[test]
            fn a_closed_read_half_ends_a_read_that_waits() {
                let world = <$world>::new();
                let (client, _server) = pair(&world);
                let mut clone = client.try_clone().unwrap();
                let (started, has_started) = channel();
                let reader = thread::spawn(move || {
                    started.send(()).unwrap();
                    clone.read(&mut [0; 8])
                });
                has_started.recv().unwrap();
                client.shutdown(Shutdown::Read).unwrap();
                assert_eq!(reader.join().unwrap().unwrap(), 0);
                assert_eq!((&client).read(&mut [0; 8]).unwrap(), 0);
                (&client).write_all(b"still").unwrap();
            }

            #[test]
            fn only_the_last_clone_closes() {
                let world = <$world>::new();
                let (mut client, mut server) = pair(&world);
                drop(client.try_clone().unwrap());
                client.write_all(b"one").unwrap();
                let clone = client.try_clone().unwrap();
                drop(client);
                (&clone).write_all(b"two").unwrap();
                drop(clone);
                let mut all = String::new();
                server.read_to_string(&mut all).unwrap();
                assert_eq!(all, "onetwo");
            }

            #[test]
            fn a_reset_is_told_once() {
                let world = <$world>::new();
                let (mut client, server) = pair(&world);
                client.write_all(b"unread").unwrap();
                assert_eq!(server.peek(&mut [0; 6]).unwrap(), 6);
                assert!(client.take_error().unwrap().is_none());
                // What was not read makes it a reset.
                drop(server);
                let error = client.read(&mut [0; 8]).unwrap_err();
                assert_eq!(error.kind(), ErrorKind::ConnectionReset);
                assert!(client.take_error().unwrap().is_none());
                assert_eq!(client.read(&mut [0; 8]).unwrap(), 0);
                assert_eq!(
                    client.write(b"x").unwrap_err().kind(),
                    ErrorKind::BrokenPipe
                );
                let error = client.shutdown(Shutdown::Both).unwrap_err();
                assert_eq!(error.kind(), ErrorKind::NotConnected);
            }

            #[test]
            fn what_arrived_before_the_end_is_read_and_the_end_stays() {
                let world = <$world>::new();
                let (mut client, mut server) = pair(&world);
                server.write_all(b"all of it").unwrap();
                drop(server);
                let mut all = String::new();
                client.read_to_string(&mut all).unwrap();
                assert_eq!(all, "all of it");
                assert_eq!(client.read(&mut [0; 8]).unwrap(), 0);
                assert_eq!(client.read(&mut [0; 8]).unwrap(), 0);
            }

            #[test]
            fn writing_to_a_peer_that_is_gone_fails_in_the_end() {
                let world = <$world>::new();
                let (mut client, server) = pair(&world);
                drop(server);
                assert_eq!(client.read(&mut [0; 8]).unwrap(), 0);
                let started = Instant::now();
                let error = loop {
                    if let Err(error) = client.write(b"x") {
                        break error;
                    }
                    assert!(started.elapsed() < LONG, "nothing fails");
                    thread::yield_now();
                };
                let broken = [ErrorKind::BrokenPipe, ErrorKind::ConnectionReset];
                assert!(broken.contains(&error.kind()), "{error}");
            }

            #[test]
            fn options_are_read_back() {
                let world = <$world>::new();
                let (client, _server) = pair(&world);
                assert!(!client.nodelay().unwrap());
                client.set_nodelay(true).unwrap();
                assert!(client.nodelay().unwrap());
                client.set_ttl(9).unwrap();
                assert_eq!(client.try_clone().unwrap().ttl().unwrap(), 9);
                assert_eq!(
                    client.set_ttl(0).unwrap_err().kind(),
                    ErrorKind::InvalidInput
                );
                let listener = world.listen();
                assert_eq!(listener.ttl().unwrap(), 64);
                listener.set_ttl(7).unwrap();
                let _client = $connect(&world, listener.local_addr().unwrap()).unwrap();
                let (server, _) = listener.accept().unwrap();
                assert_eq!(server.ttl().unwrap(), 7);
            }

            #[test]
            fn a_mebibyte_goes_both_ways_at_once() {
                let world = <$world>::new();
                let (client, server) = pair(&world);
                let octets: Vec<u8> = (0..1 << 20).map(|at: u32| (at * 7 >> 5) as u8).collect();
                thread::scope(|scope| {
                    for stream in [&client, &server] {
                        let octets = &octets;
                        scope.spawn(move || {
                            let mut stream = stream;
                            stream.write_all(octets).unwrap();
                            stream.shutdown(Shutdown::Write).unwrap();
                        });
                        scope.spawn(move || {
                            let mut received = Vec::new();
                            let mut stream = stream;
                            stream.read_to_end(&mut received).unwrap();
                            assert!(received == *octets);
                        });
                    }
                });
            }
        }
    };
}

tests!(
    ours,
    Ours,
    tcp_std::TcpStream,
    |world: &Ours, address| world.client.connect(address),
    |world: &Ours, address, timeout| world.client.connect_timeout(address, timeout)
);
tests!(
    stds,
    Stds,
    std::net::TcpStream,
    |_: &Stds, address| std::net::TcpStream::connect(address),
    |_: &Stds, address, timeout| std::net::TcpStream::connect_timeout(address, timeout)
);
