//! What `std::net` has no word for: networks that end, devices that vanish, services, linger.

use std::io::{ErrorKind, Read, Write};
use std::net::Shutdown;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use tcp_std::tcp_core::State;
use tcp_std::{Device, Direction, Net, Observer, Service, Session, Sighting, Verdict};

const LONG: Duration = Duration::from_secs(20);
const SERVER: &str = "10.0.0.1:7";

fn start(device: Device, address: &str) -> Net {
    Net::builder()
        .address(address.parse().unwrap())
        .start(device)
        .unwrap()
}

fn two() -> (Net, Net) {
    let (one, other) = Device::pair(1_500).unwrap();
    (start(one, "10.0.0.1/24"), start(other, "10.0.0.2/24"))
}

struct Echo(Arc<AtomicUsize>);

impl Service for Echo {
    fn ready(&mut self, session: &mut Session<'_>) -> Verdict {
        while session.echo() > 0 {}
        if session.is_finished() {
            Verdict::Close
        } else {
            Verdict::Keep
        }
    }
}

impl Drop for Echo {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn a_service_serves_many_and_is_dropped_with_its_connection() {
    let (server, client) = two();
    let dropped = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&dropped);
    let listener = server
        .serve(SERVER, move || Echo(Arc::clone(&counter)))
        .unwrap();
    let text = vec![5; 300_000];
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let stream = client.connect(SERVER).unwrap();
                let mut received = Vec::new();
                thread::scope(|scope| {
                    scope.spawn(|| {
                        (&stream).write_all(&text).unwrap();
                        stream.shutdown(Shutdown::Write).unwrap();
                    });
                    (&stream).read_to_end(&mut received).unwrap();
                });
                assert!(received == text);
            });
        }
    });
    drop(listener);
    client.shutdown(LONG).unwrap();
    server.shutdown(LONG).unwrap();
    assert_eq!(dropped.load(Ordering::Relaxed), 8);
}

#[test]
fn a_shutdown_delivers_what_was_written_and_ends_every_call() {
    let (server, client) = two();
    let listener = server.listen(SERVER).unwrap();
    let accepted = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut received = Vec::new();
        stream.read_to_end(&mut received).unwrap();
        (received.len(), listener)
    });
    let mut stream = client.connect(SERVER).unwrap();
    stream.write_all(&[9; 500_000]).unwrap();
    drop(stream);
    client.shutdown(LONG).unwrap();
    let (len, listener) = accepted.join().unwrap();
    assert_eq!(len, 500_000);
    let waiting = thread::spawn(move || listener.accept().unwrap_err().kind());
    server.shutdown(LONG).unwrap();
    assert_eq!(waiting.join().unwrap(), ErrorKind::NotConnected);
    assert_eq!(
        server.connect("10.0.0.2:1").unwrap_err().kind(),
        ErrorKind::NotConnected
    );
    assert_eq!(
        server.listen(SERVER).unwrap_err().kind(),
        ErrorKind::NotConnected
    );
}

#[test]
fn what_is_still_open_at_the_deadline_is_reset() {
    let (server, client) = two();
    let listener = server.listen(SERVER).unwrap();
    let mut stream = client.connect(SERVER).unwrap();
    let (mut accepted, _) = listener.accept().unwrap();
    let error = client.shutdown(Duration::from_millis(20)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    assert_eq!(
        accepted.read(&mut [0]).unwrap_err().kind(),
        ErrorKind::ConnectionReset
    );
    let error = stream.read(&mut [0]).unwrap_err();
    assert!([ErrorKind::ConnectionAborted, ErrorKind::NotConnected].contains(&error.kind()));
}

#[test]
fn the_drop_of_the_last_handle_delivers_what_was_written() {
    let (server, client) = two();
    let listener = server.listen(SERVER).unwrap();
    let mut stream = client.connect(SERVER).unwrap();
    let (mut accepted, _) = listener.accept().unwrap();
    stream.write_all(&[3; 200_000]).unwrap();
    let dropping = thread::spawn(move || {
        drop(client);
        drop(stream);
    });
    let mut received = Vec::new();
    accepted.read_to_end(&mut received).unwrap();
    assert_eq!(received.len(), 200_000);
    drop(accepted);
    dropping.join().unwrap();
}

#[test]
fn a_device_that_vanishes_ends_calls_that_wait() {
    let (one, other) = Device::pair(1_500).unwrap();
    let net = start(one, "10.0.0.1/24");
    let listener = net.listen(SERVER).unwrap();
    let waiting = thread::spawn(move || listener.accept().unwrap_err().kind());
    drop(other);
    assert_eq!(waiting.join().unwrap(), ErrorKind::NotConnected);
    assert_eq!(
        net.connect("10.0.0.2:1").unwrap_err().kind(),
        ErrorKind::NotConnected
    );
}

#[test]
fn nobody_answers_and_the_connect_ends_in_time() {
    let (one, _other) = Device::pair(1_500).unwrap();
    let net = start(one, "10.0.0.1/24");
    let started = Instant::now();
    let timeout = Duration::from_millis(50);
    let address = "10.0.0.2:1".parse().unwrap();
    let error = net.connect_timeout(&address, timeout).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    assert!(started.elapsed() >= timeout && started.elapsed() < LONG);
    assert!(net.snapshot().rows.is_empty(), "the attempt is given up");
}

#[test]
fn linger_waits_for_the_acknowledgment_and_zero_resets() {
    let (server, client) = two();
    let listener = server.listen(SERVER).unwrap();
    let stream = client.connect(SERVER).unwrap();
    let remote = stream.local_addr().unwrap();
    let (mut accepted, _) = listener.accept().unwrap();
    stream.set_linger(Some(LONG)).unwrap();
    (&stream).write_all(b"last words").unwrap();
    drop(stream);
    let rows = server.snapshot().rows;
    let row = rows
        .iter()
        .find(|row| row.tuple.remote() == remote)
        .unwrap();
    assert_eq!(
        row.state,
        State::CloseWait,
        "the FIN has arrived when drop returns"
    );
    let mut words = String::new();
    accepted.read_to_string(&mut words).unwrap();
    assert_eq!(words, "last words");

    let stream = client.connect(SERVER).unwrap();
    let (mut accepted, _) = listener.accept().unwrap();
    stream.set_linger(Some(Duration::ZERO)).unwrap();
    drop(stream);
    assert_eq!(
        accepted.read(&mut [0]).unwrap_err().kind(),
        ErrorKind::ConnectionReset
    );
}

#[test]
fn a_port_that_is_taken_is_refused_and_comes_free_again() {
    let (server, _client) = two();
    let listener = server.listen(SERVER).unwrap();
    assert_eq!(
        server.listen(SERVER).unwrap_err().kind(),
        ErrorKind::AddrInUse
    );
    let clone = listener.try_clone().unwrap();
    drop(listener);
    assert_eq!(
        server.listen(SERVER).unwrap_err().kind(),
        ErrorKind::AddrInUse
    );
    drop(clone);
    server.listen(SERVER).unwrap();
    let error = server.listen("10.0.0.77:7").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AddrNotAvailable);
}

/// Counts packets each way.
#[derive(Clone, Default)]
struct Counter(Arc<Mutex<[usize; 2]>>);

impl Observer for Counter {
    fn packet(&mut self, sighting: &Sighting<'_>) {
        let way = usize::from(sighting.direction == Direction::Out);
        self.0.lock().unwrap()[way] += 1;
    }

    fn finish(&mut self) -> std::io::Result<()> {
        Err(std::io::Error::other("the disk is full"))
    }
}

#[test]
fn an_observer_sees_packets_both_ways_and_may_complain_in_the_end() {
    let (one, other) = Device::pair(1_500).unwrap();
    let counter = Counter::default();
    let builder = Net::builder().address("10.0.0.1/24".parse().unwrap());
    let server = builder.observer(counter.clone()).start(one).unwrap();
    let client = start(other, "10.0.0.2/24");
    let error = client.connect(SERVER).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    assert_eq!(
        server.shutdown(LONG).unwrap_err().to_string(),
        "the disk is full"
    );
    assert_eq!(*counter.0.lock().unwrap(), [1, 1], "a SYN and a reset");
}
