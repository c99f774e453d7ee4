//! A network namespace with a TUN device, routes and system controls.

use std::ffi::CString;
use std::io;
use std::net::IpAddr;
use std::time::Duration;

use rustix::fd::AsRawFd;
use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, socket_with};
use rustix::thread::{UnshareFlags, unshare_unsafe};
use tcp_std::{Cidr, Device, Tun};

use crate::pkt::settings::Scene;
use crate::pkt::shell::Wish;
use crate::pkt::tuning::Profile;

const TUN: &str = "tun0";
const SIOCADDRT: libc::Ioctl = 0x890b;
/// How often the kernel's address is looked for, once a millisecond.
const LOOKS: u32 = 3_000;

/// What the profile says where the kernel's defaults differ, or may have been set otherwise: the
/// defaults of `Profile::Linux` as a system control each.
const PROFILE: [(&str, &str); 11] = [
    ("net.ipv4.tcp_early_retrans", "3"),
    ("net.ipv4.tcp_ecn", "0"),
    ("net.ipv4.tcp_no_metrics_save", "1"),
    ("net.ipv4.tcp_recovery", "1"),
    // With these sizes a window scale of 8 is offered.
    ("net.ipv4.tcp_rmem", "4096 540000 15728640"),
    ("net.ipv4.tcp_sack", "1"),
    ("net.ipv4.tcp_syn_retries", "5"),
    ("net.ipv4.tcp_synack_retries", "5"),
    ("net.ipv4.tcp_timestamps", "1"),
    ("net.ipv4.tcp_window_scaling", "1"),
    ("net.ipv4.tcp_wmem", "4096 262144 4194304"),
];

/// How the names of system controls begin that a script may set.
const CONTROLS: [&str; 6] = [
    "net.core.somaxconn",
    "net.ipv4.icmp_",
    "net.ipv4.ip_",
    "net.ipv4.route.",
    "net.ipv4.tcp_",
    "net.ipv6.conf.",
];

/// Makes this process root in a user namespace of its own, unless it may make network namespaces
/// as it is.
pub(super) fn enter() -> io::Result<()> {
    let uid = rustix::process::geteuid();
    let gid = rustix::process::getegid();
    if uid.is_root()
        && std::thread::spawn(fresh)
            .join()
            .is_ok_and(|made| made.is_ok())
    {
        return Ok(());
    }
    // SAFETY: `FILES` is not asked for; the system refuses `NEWUSER` if there are other threads.
    unsafe { unshare_unsafe(UnshareFlags::NEWUSER) }?;
    std::fs::write("/proc/self/setgroups", "deny")?;
    std::fs::write("/proc/self/uid_map", format!("0 {} 1", uid.as_raw()))?;
    std::fs::write("/proc/self/gid_map", format!("0 {} 1", gid.as_raw()))
}

/// Moves this thread into a network namespace of its own.
pub(super) fn fresh() -> io::Result<()> {
    // SAFETY: only the network namespace of this thread changes, and no other thread relies on
    // sharing it.
    unsafe { unshare_unsafe(UnshareFlags::NEWNET) }?;
    Ok(())
}

/// A device with the scene's address, over which everything is sent.
pub(super) fn device(scene: &Scene) -> io::Result<Device> {
    let cidr: Cidr = format!("{}/{}", scene.local, scene.prefix)
        .parse()
        .map_err(|_| io::Error::other(format!("{} is no address", scene.local)))?;
    let tun = Tun::builder(TUN)
        .mtu(scene.mtu)
        .kernel_address(cidr)
        .open()
        .map_err(io::Error::other)?;
    match scene.local {
        IpAddr::V4(_) => default_route_v4()?,
        IpAddr::V6(_) => default_route_v6()?,
    }
    await_address(scene.local)?;
    Ok(tun.into())
}

/// The kernel's `struct in6_rtmsg`.
#[repr(C)]
struct RouteV6 {
    /// Destination, source, gateway.
    addresses: [[u8; 16]; 3],
    kind: u32,
    /// Of destination and source.
    prefixes: [u16; 2],
    metric: u32,
    info: libc::c_ulong,
    flags: u32,
    interface: libc::c_int,
}

fn any_socket(family: AddressFamily) -> io::Result<rustix::fd::OwnedFd> {
    let socket = socket_with(family, SocketType::DGRAM, SocketFlags::CLOEXEC, None);
    Ok(socket?)
}

fn add_route<T>(family: AddressFamily, route: &T) -> io::Result<()> {
    let socket = any_socket(family)?;
    // SAFETY: for the family of the socket the request takes the structure that the callers
    // give, and only reads it.
    let done = unsafe { libc::ioctl(socket.as_raw_fd(), SIOCADDRT, std::ptr::from_ref(route)) };
    if done == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

fn default_route_v4() -> io::Result<()> {
    let mut name = CString::new(TUN)
        .map_err(io::Error::other)?
        .into_bytes_with_nul();
    // SAFETY: the structure consists of numbers and pointers, for which zero is a value.
    let mut route: libc::rtentry = unsafe { std::mem::zeroed() };
    let any = libc::sa_family_t::try_from(libc::AF_INET).unwrap_or_default();
    route.rt_dst.sa_family = any;
    route.rt_genmask.sa_family = any;
    route.rt_flags = libc::RTF_UP;
    route.rt_dev = name.as_mut_ptr().cast();
    add_route(AddressFamily::INET, &route)
}

fn default_route_v6() -> io::Result<()> {
    let name = CString::new(TUN).map_err(io::Error::other)?;
    // SAFETY: the name is a C string that outlives the call.
    let index = unsafe { libc::if_nametoindex(name.as_ptr()) };
    let route = RouteV6 {
        addresses: [[0; 16]; 3],
        kind: 0,
        prefixes: [0; 2],
        metric: 1,
        info: 0,
        flags: u32::from(libc::RTF_UP),
        interface: i32::try_from(index).map_err(io::Error::other)?,
    };
    add_route(AddressFamily::INET6, &route)
}

/// An IPv6 address may have to wait until the kernel uses it.
fn await_address(address: IpAddr) -> io::Result<()> {
    let family = match address {
        IpAddr::V4(_) => AddressFamily::INET,
        IpAddr::V6(_) => AddressFamily::INET6,
    };
    let mut last = None;
    for _ in 0..LOOKS {
        match bind(any_socket(family)?, &std::net::SocketAddr::new(address, 0)) {
            Ok(()) => return Ok(()),
            Err(errno) => last = Some(errno),
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    Err(last.map_or_else(|| io::Error::other("no address"), Into::into))
}

/// Sets what the profile says.
pub(super) fn set_profile() -> Result<(), String> {
    PROFILE
        .iter()
        .try_for_each(|(name, value)| write_control(name, value))
}

/// What shell text changed of how a script runs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Granted {
    /// It changed the namespace alone.
    Within,
    /// From here on nothing that is sent arrives.
    Discards,
    /// The congestion control of sockets that are made from here on. As a control of a namespace
    /// the kernel takes only those that every user may choose.
    Congestion(String),
}

/// Does what shell text wishes: system controls of a namespace's TCP and IP, and never a command.
/// The kernel shows a namespace no control that would reach beyond it.
pub(super) fn grant(wish: &Wish) -> Result<Granted, String> {
    match wish {
        Wish::Control(name, value) => {
            if name == "net.ipv4.tcp_congestion_control" {
                return Ok(Granted::Congestion(value.trim().to_owned()));
            }
            if !CONTROLS.iter().any(|prefix| name.starts_with(prefix)) {
                return Err(format!("sysctl {name}={value}"));
            }
            write_control(name, value)?;
        }
        Wish::Defaults(Profile::Linux) => set_profile()?,
        Wish::Defaults(Profile::FreeBsd) => return Err("another system's defaults".into()),
        Wish::Discard => return Ok(Granted::Discards),
        Wish::State(name) => return Err(format!("the state {name} by another program")),
        Wish::Sleep(us) => std::thread::sleep(Duration::from_micros(us.unsigned_abs())),
    }
    Ok(Granted::Within)
}

fn write_control(name: &str, value: &str) -> Result<(), String> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
    if !name.chars().all(is_plain) || name.contains("..") {
        return Err(format!("sysctl {name}"));
    }
    let path = format!("/proc/sys/{}", name.replace('.', "/"));
    std::fs::write(&path, value).map_err(|error| format!("sysctl {name}={value}: {error}"))
}
