//! The kernel's side: plain `std::net`.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

/// Longer than any single read or write may take.
const PATIENCE: Duration = Duration::from_secs(20);
const CHUNK: usize = 1 << 16;

/// Waits until the server answers.
pub(crate) fn wait_for(host: Ipv4Addr, port: u16) -> io::Result<()> {
    let mut last = io::Error::from(io::ErrorKind::TimedOut);
    for _ in 0..100 {
        match connect(host, port) {
            Ok(_) => return Ok(()),
            Err(error) => last = error,
        }
        thread::sleep(Duration::from_millis(50));
    }
    Err(last)
}

/// Sends `octets` octets, closes, and waits for the server to close; how long it took.
pub(crate) fn send(host: Ipv4Addr, port: u16, octets: usize) -> io::Result<Duration> {
    let mut stream = connect(host, port)?;
    let chunk = vec![0x5a; CHUNK];
    let start = Instant::now();
    let mut left = octets;
    while left > 0 {
        left -= stream.write(&chunk[..left.min(CHUNK)])?;
    }
    stream.shutdown(Shutdown::Write)?;
    while stream.read(&mut [0; 64])? > 0 {}
    Ok(start.elapsed())
}

/// Reads `octets` octets; how long it took.
pub(crate) fn fetch(host: Ipv4Addr, port: u16, octets: usize) -> io::Result<Duration> {
    let mut stream = connect(host, port)?;
    let mut chunk = vec![0; CHUNK];
    let start = Instant::now();
    let mut left = octets;
    while left > 0 {
        match stream.read(&mut chunk)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            count => left = left.saturating_sub(count),
        }
    }
    Ok(start.elapsed())
}

pub(crate) fn gbit_per_s(octets: usize, time: Duration) -> f64 {
    octets as f64 * 8.0 / time.as_secs_f64() / 1e9
}

fn connect(host: Ipv4Addr, port: u16) -> io::Result<TcpStream> {
    let address = SocketAddr::from((host, port));
    let stream = TcpStream::connect_timeout(&address, Duration::from_secs(2))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    Ok(stream)
}
