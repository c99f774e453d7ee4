//! What the kernel's TCP says to an image.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpStream, UdpSocket};
use std::process::Command;
use std::thread;
use std::time::Duration;

use tcp_tests::stream::Stream;

/// No single call may wait longer.
const PATIENCE: Duration = Duration::from_secs(60);
const ECHO: u16 = 7;

/// Sends `length` octets to echo, compares each one that comes back, and closes in order.
pub(crate) fn echo(address: Ipv4Addr, length: usize) {
    let address = SocketAddr::from((address, ECHO));
    let stream = TcpStream::connect_timeout(&address, PATIENCE).expect("the image accepts");
    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    stream.set_write_timeout(Some(PATIENCE)).expect("a timeout");
    let mut octets = vec![0; length];
    Stream::new(length as u64).fill(0, &mut octets);
    thread::scope(|scope| {
        scope.spawn(|| {
            (&stream).write_all(&octets).expect("the image takes it");
            stream.shutdown(Shutdown::Write).expect("we close our half");
        });
        let mut echoed = Vec::new();
        (&stream)
            .read_to_end(&mut echoed)
            .expect("the image closes its half");
        assert_eq!(echoed.len(), length);
        assert!(echoed == octets, "octets are not those that were sent");
    });
}

/// The page with its headers, as curl has it.
pub(crate) fn page(address: Ipv4Addr) -> String {
    let output = Command::new("curl")
        .args([
            "-sS",
            "-i",
            "--max-time",
            "30",
            &format!("http://{address}/"),
        ])
        .output()
        .expect("curl");
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).expect("text")
}

/// Datagrams for which nobody listens.
pub(crate) fn flood(address: Ipv4Addr, datagrams: usize) {
    let socket = UdpSocket::bind("0.0.0.0:0").expect("a socket");
    for _ in 0..datagrams {
        // The kernel may say that nobody listens.
        let _ = socket.send_to(&[0; 1_000], (address, 9));
    }
}
