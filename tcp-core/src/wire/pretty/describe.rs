//! A line for whatever arrives.

use core::fmt;

use super::{Pretty, write_ends};
use crate::stack::RxChecksum;
use crate::wire::address::Address;
use crate::wire::icmp::{Echo, IcmpError, IcmpMessage};
use crate::wire::ip::{
    Fragment, HeaderChecksum, IpPacket, PROTOCOL_ICMPV4, PROTOCOL_ICMPV6, PROTOCOL_TCP,
    PROTOCOL_UDP,
};
use crate::wire::quote::{Glimpse, glimpse};
use crate::wire::segment::Segment;

/// Octets that are an IP packet, or should be, on one line.
#[derive(Clone, Copy, Debug)]
pub struct Description<'p>(&'p [u8]);

/// One line for `octets`, which begin like an IP packet. Checksums are not verified; octets that
/// are no packet get a line that says why.
///
/// ```
/// use tcp_core::wire::describe;
/// assert_eq!(describe(&[0x45; 3]).to_string(), "[truncated IPv4: 3 of 20 octets]");
/// ```
#[must_use]
pub const fn describe(octets: &[u8]) -> Description<'_> {
    Description(octets)
}

impl fmt::Display for Description<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let packet = match IpPacket::parse(self.0, HeaderChecksum::Ignore) {
            Ok(packet) => packet,
            Err(error) => {
                if let Some(Glimpse { meta, .. }) = glimpse(self.0) {
                    write_ends(f, [meta.source, meta.destination], None)?;
                    f.write_str(" ")?;
                }
                return write!(f, "[{error}]");
            }
        };
        match (packet.fragment, packet.source.is_v4()) {
            (Some(fragment), false) => return fmt_fragment_v6(f, &packet, fragment),
            (Some(Fragment { offset: 1.., .. }), true) => {
                write_ends(f, ends(&packet), None)?;
                return write!(f, " ip-proto-{}", packet.protocol);
            }
            _ => {}
        }
        match packet.protocol {
            PROTOCOL_TCP => fmt_tcp(f, &packet),
            PROTOCOL_UDP => fmt_udp(f, &packet),
            PROTOCOL_ICMPV4 | PROTOCOL_ICMPV6 => fmt_icmp(f, &packet),
            _ => fmt_other(f, &packet),
        }
    }
}

const fn ends(packet: &IpPacket<'_>) -> [Address; 2] {
    [packet.source, packet.destination]
}

fn fmt_fragment_v6(
    f: &mut fmt::Formatter<'_>,
    packet: &IpPacket<'_>,
    fragment: Fragment,
) -> fmt::Result {
    write_ends(f, ends(packet), None)?;
    write!(f, " frag ({}|{})", fragment.offset, packet.payload.len())
}

fn fmt_tcp(f: &mut fmt::Formatter<'_>, packet: &IpPacket<'_>) -> fmt::Result {
    let unverified = RxChecksum::Partial;
    match Segment::parse(
        packet.payload,
        packet.source,
        packet.destination,
        unverified,
    ) {
        Ok(segment) => write!(f, "{}", Pretty::new(packet, &segment)),
        Err(error) => {
            write_ends(f, ends(packet), None)?;
            write!(f, " tcp {} [{error}]", packet.payload.len())
        }
    }
}

fn fmt_udp(f: &mut fmt::Formatter<'_>, packet: &IpPacket<'_>) -> fmt::Result {
    let Some(([s0, s1, d0, d1, ..], data)) = packet.payload.split_first_chunk::<8>() else {
        return fmt_other(f, packet);
    };
    let ports = (
        u16::from_be_bytes([*s0, *s1]),
        u16::from_be_bytes([*d0, *d1]),
    );
    write_ends(f, ends(packet), Some(ports))?;
    write!(f, " UDP, length {}", data.len())
}

fn fmt_other(f: &mut fmt::Formatter<'_>, packet: &IpPacket<'_>) -> fmt::Result {
    write_ends(f, ends(packet), None)?;
    write!(f, "  ip-proto-{} {}", packet.protocol, packet.payload.len())
}

fn fmt_icmp(f: &mut fmt::Formatter<'_>, packet: &IpPacket<'_>) -> fmt::Result {
    let octets = packet.payload;
    let family = match (packet.source.is_v4(), packet.protocol) {
        (true, PROTOCOL_ICMPV4) => " ICMP",
        (false, PROTOCOL_ICMPV6) => " ICMP6,",
        _ => return fmt_other(f, packet),
    };
    write_ends(f, ends(packet), None)?;
    f.write_str(family)?;
    let unverified = RxChecksum::Partial;
    match IcmpMessage::parse(octets, packet.source, packet.destination, unverified) {
        Ok(IcmpMessage::EchoRequest(echo)) => fmt_echo(f, "request", &echo)?,
        Ok(IcmpMessage::EchoReply(echo)) => fmt_echo(f, "reply", &echo)?,
        Ok(IcmpMessage::Error(error)) => {
            let number = octets.get(4..8).unwrap_or_default();
            let number = number
                .iter()
                .fold(0, |sum, octet| sum << 8 | u32::from(*octet));
            match (packet.source.is_v4(), octets) {
                (true, [kind, code, ..]) => {
                    fmt_error_v4(f, (*kind, *code), number, &error)?;
                }
                (false, [kind, code, ..]) => {
                    fmt_error_v6(f, (*kind, *code), number, &error)?;
                }
                _ => {}
            }
        }
        Ok(IcmpMessage::Other { kind, code }) => write!(f, " type {kind} code {code}")?,
        Err(error) => write!(f, " [{error}]")?,
    }
    write!(f, ", length {}", octets.len())
}

fn fmt_echo(f: &mut fmt::Formatter<'_>, which: &str, echo: &Echo<'_>) -> fmt::Result {
    let (id, seq) = (echo.identifier, echo.sequence);
    write!(f, " echo {which}, id {id}, seq {seq}")
}

fn fmt_error_v4(
    f: &mut fmt::Formatter<'_>,
    what: (u8, u8),
    number: u32,
    error: &IcmpError,
) -> fmt::Result {
    let quoted = error.quoted;
    let host = quoted.destination;
    match what {
        (3, 0) => write!(f, " net {host} unreachable"),
        (3, 1) => write!(f, " host {host} unreachable"),
        (3, 2) => write!(f, " {host} protocol {} unreachable", quoted.protocol),
        (3, 3) => {
            let (name, port) = (transport(quoted.protocol), quoted.destination_port);
            write!(f, " {host} {name} port {port} unreachable")
        }
        (3, 4) => {
            let mtu = number & 0xffff;
            write!(f, " {host} unreachable - need to frag (mtu {mtu})")
        }
        (3, 13) => write!(f, " host {host} unreachable - admin prohibited filter"),
        (3, code) => write!(f, " {host} unreachable - code {code}"),
        (11, 0) => f.write_str(" time exceeded in-transit"),
        (11, _) => f.write_str(" ip reassembly time exceeded"),
        _ => write!(f, " parameter problem - octet {}", number >> 24),
    }
}

fn fmt_error_v6(
    f: &mut fmt::Formatter<'_>,
    what: (u8, u8),
    number: u32,
    error: &IcmpError,
) -> fmt::Result {
    let quoted = error.quoted;
    let host = quoted.destination;
    match what {
        (1, 0) => write!(f, " destination unreachable, unreachable route {host}"),
        (1, 1) => write!(
            f,
            " destination unreachable,  unreachable prohibited {host}"
        ),
        (1, 3) => write!(f, " destination unreachable, unreachable address {host}"),
        (1, 4) => {
            let (name, port) = (transport(quoted.protocol), quoted.destination_port);
            write!(
                f,
                " destination unreachable, unreachable port, {host} {name} port {port}"
            )
        }
        (1, code) => write!(f, " destination unreachable, code {code} {host}"),
        (2, _) => write!(f, " packet too big, mtu {number}"),
        (3, 0) => write!(f, " time exceeded in-transit for {host}"),
        (3, _) => f.write_str(" time exceeded in-transit (reassembly)"),
        (_, 0) => write!(f, " parameter problem, erroneous - octet {number}"),
        (_, 1) => write!(f, " parameter problem, next header - octet {number}"),
        (_, 2) => write!(f, " parameter problem, option - octet {number}"),
        (_, code) => write!(f, " parameter problem, code {code} - octet {number}"),
    }
}

const fn transport(protocol: u8) -> &'static str {
    match protocol {
        PROTOCOL_TCP => "tcp",
        PROTOCOL_UDP => "udp",
        _ => "protocol",
    }
}
