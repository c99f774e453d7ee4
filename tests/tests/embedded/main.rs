//! tcp-embedded by its public interfaces, over a cable in memory: two hosts, virtual time, and
//! other people's programs on them. Every octet is compared.

mod blocking;
mod embassy;
mod embassy_time;
mod executor;
mod http;
mod sockets;
mod virtual_time;

use std::net::Ipv4Addr;

use tcp_embedded::{Host, Ipv4Cidr};

pub(crate) const SERVER: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);
pub(crate) const CLIENT: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 2);

pub(crate) fn host(address: Ipv4Addr) -> Host {
    let [.., last] = address.octets();
    Host {
        secret: [last; 16],
        address: Ipv4Cidr::new(address, 24).unwrap(),
        gateway: None,
    }
}

/// Octet `place` of a stream of octets without a short period.
pub(crate) fn octet(place: usize) -> u8 {
    (place.wrapping_mul(2_654_435_761) >> 13) as u8
}

/// `count` octets of that stream from `from` on.
pub(crate) fn octets(from: usize, count: usize) -> Vec<u8> {
    (from..from + count).map(octet).collect()
}
