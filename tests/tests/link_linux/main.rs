//! The link layer of `tcp-embedded` against the kernel's, over a TAP device in a namespace of its
//! own: ARP, neighbour discovery, address conflicts, and what a DHCP server, a router and a name
//! server (all dnsmasq) have to say.

mod lab;
mod tap;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use tcp_core::Duration;
use tcp_embedded::{
    Autoconfiguration, ClaimState, DhcpState, DnsError, Ipv4Cidr, Ipv6AddressState, Ipv6Cidr,
    Ipv6Host, LinkDropped, LinkState, RecordType,
};
use tcp_tests::{netns, not_run};

use lab::{Background, Lab, PAGE};
use tap::ip;

const OURS: Ipv4Addr = Ipv4Addr::new(10, 9, 0, 2);
const KERNEL: Ipv4Addr = Ipv4Addr::new(10, 9, 0, 1);
const OURS_V6: Ipv6Addr = Ipv6Addr::new(0xfd00, 9, 0, 0, 0, 0, 0, 2);
const KERNEL_V6: Ipv6Addr = Ipv6Addr::new(0xfd00, 9, 0, 0, 0, 0, 0, 1);

/// Runs `body` in a namespace, if the machine has these programs.
fn inside(name: &str, programs: &[&str], body: impl FnOnce()) {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let sbin = ["/usr/sbin".into(), "/sbin".into()];
    let places: Vec<_> = std::env::split_paths(&path).chain(sbin).collect();
    let is_missing = |program: &&&str| !places.iter().any(|place| place.join(program).is_file());
    if let Some(missing) = programs.iter().find(is_missing) {
        not_run::say(name, &format!("{missing} is not installed"));
        return;
    }
    netns::inside(name, body);
}

fn lab_with_kernel_addresses() -> Lab {
    let lab = Lab::new();
    ip(&["addr", "add", "10.9.0.1/24", "dev", tap::NAME]);
    ip(&["addr", "add", "fd00:9::1/64", "dev", tap::NAME, "nodad"]);
    lab
}

fn ipv6(address: Option<Ipv6Addr>, autoconfiguration: Autoconfiguration) -> Ipv6Host {
    Ipv6Host {
        stable_secret: *b"the same forever",
        address: address.and_then(|address| Ipv6Cidr::new(address, 64)),
        gateway: None,
        autoconfiguration,
    }
}

/// Waits until an IPv6 address of ours is in use, and returns it.
fn await_ipv6(lab: &mut Lab, wanted: impl Fn(Ipv6Addr) -> bool) -> Ipv6Addr {
    lab.until("an IPv6 address", |lab| {
        let now = lab.now();
        let mut ours = lab.runner.ipv6(now);
        let ours = ours.find(|own| wanted(own.address))?;
        (ours.state == Ipv6AddressState::Preferred).then_some(ours.address)
    })
}

fn curl(lab: &mut Lab, address: IpAddr) {
    let url = match address {
        IpAddr::V4(address) => format!("http://{address}/"),
        IpAddr::V6(address) => format!("http://[{address}]/"),
    };
    let arguments = [
        "--silent",
        "--show-error",
        "--globoff",
        "--max-time",
        "20",
        &url,
    ];
    assert_eq!(
        lab.run("curl", &arguments),
        (true, PAGE.to_owned()),
        "{url}"
    );
}

fn ping(lab: &mut Lab, address: IpAddr) {
    let address = address.to_string();
    let (is_answered, text) = lab.run("ping", &["-c", "3", "-i", "0.2", "-W", "5", &address]);
    assert!(is_answered && text.contains(" 0% packet loss"), "{text}");
}

#[test]
fn the_kernel_finds_us_and_we_find_it() {
    inside(
        "the_kernel_finds_us_and_we_find_it",
        &["curl", "ping"],
        || {
            let mut lab = lab_with_kernel_addresses();
            let now = lab.now();
            lab.runner
                .claim_ipv4(now, Ipv4Cidr::new(OURS, 24).unwrap(), None);
            let fixed = ipv6(Some(OURS_V6), Autoconfiguration::Off);
            lab.runner.start_ipv6(now, fixed).unwrap();
            await_ipv6(&mut lab, |address| address == OURS_V6);
            lab.until("an IPv4 address", |lab| {
                (lab.runner.claim_state() == Some(ClaimState::Won)).then_some(())
            });
            for address in [IpAddr::V4(OURS), IpAddr::V6(OURS_V6)] {
                ping(&mut lab, address);
                curl(&mut lab, address);
            }
            // A neighbour entry that is a minute old is verified while it stays in use.
            lab.jump(Duration::from_secs(61));
            for address in [IpAddr::V4(OURS), IpAddr::V6(OURS_V6)] {
                curl(&mut lab, address);
            }
            // The kernel forgets us, and finds us again.
            ip(&["neigh", "flush", "dev", tap::NAME]);
            for address in [IpAddr::V4(OURS), IpAddr::V6(OURS_V6)] {
                ping(&mut lab, address);
            }
            for reason in [
                LinkDropped::NdpMalformed,
                LinkDropped::NdpConflict,
                LinkDropped::ArpMalformed,
                LinkDropped::ArpConflict,
                LinkDropped::QueueFull,
            ] {
                assert_eq!(lab.runner.dropped(reason), 0, "{reason:?}");
            }
        },
    );
}

#[test]
fn addresses_that_the_kernel_has_are_left_to_it() {
    inside("addresses_that_the_kernel_has_are_left_to_it", &[], || {
        let mut lab = lab_with_kernel_addresses();
        let now = lab.now();
        lab.runner
            .claim_ipv4(now, Ipv4Cidr::new(KERNEL, 24).unwrap(), None);
        let fixed = ipv6(Some(KERNEL_V6), Autoconfiguration::Off);
        lab.runner.start_ipv6(now, fixed).unwrap();
        lab.until("both conflicts", |lab| {
            let now = lab.now();
            let mut ours = lab.runner.ipv6(now);
            let is_duplicate = ours
                .any(|own| own.address == KERNEL_V6 && own.state == Ipv6AddressState::Duplicate);
            let is_lost = lab.runner.claim_state() == Some(ClaimState::Lost);
            (is_duplicate && is_lost).then_some(())
        });
        assert_eq!(lab.runner.ipv4(), None);
        await_ipv6(&mut lab, |address| address.is_unicast_link_local());
    });
}

/// DHCP, router advertisements and DNS from one program.
fn servers(directory: &std::path::Path) -> Background {
    let leases = format!("--dhcp-leasefile={}", directory.join("leases").display());
    let arguments = [
        "--keep-in-foreground",
        "--conf-file=/dev/null",
        "--pid-file=",
        "--user=root",
        "--group=root",
        "--no-ping",
        "--no-hosts",
        "--no-resolv",
        "--log-facility=-",
        "--interface=tap0",
        "--except-interface=lo",
        "--bind-interfaces",
        "--dhcp-authoritative",
        "--dhcp-range=10.9.0.50,10.9.0.60,255.255.255.0,2m",
        "--enable-ra",
        "--dhcp-range=fd00:9::,ra-only,64,10m",
        "--local=/test/",
        "--host-record=host.test,10.9.0.1,fd00:9::1",
        "--cname=alias.test,host.test",
        &leases,
    ];
    Background::start("dnsmasq", &arguments)
}

fn resolve(lab: &mut Lab, name: &str, kind: RecordType) -> Result<Vec<IpAddr>, DnsError> {
    let now = lab.now();
    let query = lab.runner.query(now, name, kind)?;
    let outcome = lab.until(name, |lab| lab.runner.answer(query));
    outcome.map(|addresses| addresses.to_vec())
}

#[test]
fn a_server_gives_addresses_and_names() {
    let name = "a_server_gives_addresses_and_names";
    inside(name, &["curl", "ping", "dnsmasq"], || {
        let mut lab = lab_with_kernel_addresses();
        let directory = tempfile::tempdir().expect("a directory");
        let _servers = servers(directory.path());
        let now = lab.now();
        lab.runner.start_dhcp(now);
        lab.runner
            .start_ipv6(now, ipv6(None, Autoconfiguration::On))
            .unwrap();
        let lease = lab.until("a lease", |lab| lab.runner.lease().cloned());
        let address = lease.address.address();
        assert!((50..=60).contains(&address.octets()[3]), "{address}");
        assert_eq!((lease.address.prefix(), lease.server), (24, KERNEL));
        assert_eq!(lease.gateway, Some(KERNEL));
        assert_eq!(lease.dns, [KERNEL]);
        let in_prefix = |address: Ipv6Addr| address.segments()[..4] == [0xfd00, 9, 0, 0];
        let made = await_ipv6(&mut lab, in_prefix);
        for address in [IpAddr::V4(address), IpAddr::V6(made)] {
            ping(&mut lab, address);
            curl(&mut lab, address);
        }
        names(&mut lab);
        // The lease is renewed when half of it is over, and the address stays.
        lab.jump(Duration::from_secs(61));
        let renewed = lab.until("a renewal", |lab| {
            let renewed = lab.runner.lease()?;
            (renewed.until > lease.until).then(|| renewed.clone())
        });
        assert_eq!(renewed.address, lease.address);
        // After the cable was out, the address is asked for again.
        lab.runner.mac().link = LinkState::Down;
        lab.until("the loss of the link", |lab| {
            let now = lab.now();
            let _ = lab.runner.poll(now);
            Some(())
        });
        lab.runner.mac().link = LinkState::Up;
        lab.until("the question", |lab| {
            (lab.runner.dhcp_state() == Some(DhcpState::Confirming)).then_some(())
        });
        lab.until("the answer", |lab| {
            (lab.runner.dhcp_state() == Some(DhcpState::Bound)).then_some(())
        });
        curl(&mut lab, IpAddr::V4(address));
    });
}

fn names(lab: &mut Lab) {
    let found = resolve(lab, "host.test", RecordType::A);
    assert_eq!(found, Ok(vec![IpAddr::V4(KERNEL)]));
    let found = resolve(lab, "Host.Test.", RecordType::Aaaa);
    assert_eq!(found, Ok(vec![IpAddr::V6(KERNEL_V6)]));
    let found = resolve(lab, "alias.test", RecordType::A);
    assert_eq!(found, Ok(vec![IpAddr::V4(KERNEL)]));
    let none = resolve(lab, "nobody.test", RecordType::A);
    assert_eq!(none, Err(DnsError::NoSuchName));
    let refused = resolve(lab, "example.com", RecordType::A);
    assert_eq!(refused, Err(DnsError::ServerFailure));
    // The same over IPv6.
    lab.runner.set_name_servers(&[IpAddr::V6(KERNEL_V6)]);
    let found = resolve(lab, "host.test", RecordType::A);
    assert_eq!(found, Ok(vec![IpAddr::V4(KERNEL)]));
    lab.runner.set_name_servers(&[]);
}
