//! Two hosts over IPv6.

use super::*;
use crate::link::{Autoconfiguration, Ipv6AddressState, Ipv6Cidr, Ipv6Host};

fn six(last: u16) -> core::net::Ipv6Addr {
    core::net::Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, last)
}

fn ipv6_host(last: u16) -> Ipv6Host {
    Ipv6Host {
        stable_secret: [last as u8; 16],
        address: Ipv6Cidr::new(six(last), 64),
        gateway: None,
        autoconfiguration: Autoconfiguration::Off,
    }
}

#[test]
fn e11_a_device_too_short_for_ipv6_is_refused() {
    for (mtu, is_enough) in [(1_279, false), (1_280, true)] {
        let mut mac = Odd::saying(Ok(None));
        mac.capabilities.max_frame = mtu + 14;
        let mut resources = Memory2::new();
        let mut runner = Runner::new(mac, host(SERVER, 1), resources.lend()).unwrap();
        let started = runner.start_ipv6(Instant::ZERO, ipv6_host(1));
        assert_eq!(started.is_ok(), is_enough, "{mtu}");
    }
}

#[test]
fn two_hosts_find_each_other_and_talk() {
    let cable = Cable::<16>::new();
    let (a, b) = cable.ends();
    let mut memory = [Resources::<2, 512, 512, 16>::new(), Resources::new()];
    let [ours, theirs] = &mut memory;
    let mut server = Runner::without_address(a, [1; 16], ours.lend()).unwrap();
    let mut client = Runner::without_address(b, [2; 16], theirs.lend()).unwrap();
    let mut now = Instant::from_millis(1);
    server.start_ipv6(now, ipv6_host(1)).unwrap();
    client.start_ipv6(now, ipv6_host(2)).unwrap();
    listen(&mut server);
    while now < Instant::from_millis(5_000) {
        let wakes = [server.poll(now), client.poll(now)];
        now = match (cable.is_empty(), wakes) {
            (true, [NextWake::Frame, NextWake::Frame]) => Instant::from_millis(5_000),
            _ => later(now, &cable, wakes).expect("both sides sleep for ever"),
        };
    }
    let used = |own: crate::link::Ipv6Address| own.state == Ipv6AddressState::Preferred;
    assert!(server.ipv6(now).all(used) && client.ipv6(now).all(used));
    let remote = SocketAddr::from((six(1), PORT));
    let handle = client
        .stack()
        .connect(now, None, remote, Config::new())
        .unwrap();
    for _ in 0..8 {
        let _ = (client.poll(now), server.poll(now));
    }
    assert_eq!(client.stack().state(handle), Ok(State::Established));
    // The address goes, and the connection with it.
    let none = Ipv6Host {
        address: None,
        ..ipv6_host(2)
    };
    client.start_ipv6(now, none).unwrap();
    assert_eq!(client.stack().state(handle), Ok(State::Closed));
    let reason = client.stack().close_reason(handle);
    assert_eq!(reason, Ok(Some(CloseReason::Aborted)));
}
