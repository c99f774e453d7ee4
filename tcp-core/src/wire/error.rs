//! What octets can do wrong.

use core::fmt;

use crate::stack::Dropped;

/// Why octets are not a packet, and in which layer. Lengths are octets.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum ParseError {
    /// The version is neither 4 nor 6 (or 6 is not built in).
    IpVersion(u8),
    /// The IP header, or the length that it states, does not fit into what is there.
    IpLength {
        /// What the header asks for.
        needed: u32,
        /// What is there.
        present: u32,
    },
    /// The IPv4 header checksum is wrong.
    IpChecksum,
    /// Flags, offset and length of a fragment cannot be true together.
    IpFragment,
    /// An IPv6 extension header is malformed, stands in the wrong place, is one too many, or asks
    /// to discard the packet.
    IpExtension,
    /// The TCP header does not fit into the segment.
    TcpLength {
        /// What the header asks for.
        needed: u32,
        /// What is there.
        present: u32,
    },
    /// The TCP checksum is wrong.
    TcpChecksum,
    /// A port is zero.
    TcpPort,
    /// The ICMP message is too short for its type.
    IcmpLength,
    /// The ICMP checksum is wrong.
    IcmpChecksum,
}

impl ParseError {
    /// As what it is counted.
    #[must_use]
    pub const fn dropped(self) -> Dropped {
        match self {
            Self::IpVersion(_) | Self::IpLength { .. } => Dropped::IpMalformed,
            Self::IpChecksum => Dropped::IpChecksum,
            Self::IpFragment => Dropped::Fragment,
            Self::IpExtension => Dropped::IpExtension,
            Self::TcpLength { .. } | Self::TcpPort => Dropped::TcpMalformed,
            Self::TcpChecksum => Dropped::TcpChecksum,
            Self::IcmpLength | Self::IcmpChecksum => Dropped::Icmp,
        }
    }

    /// The length error of the IP layer.
    pub(super) fn ip_length(needed: usize, present: usize) -> Self {
        Self::IpLength {
            needed: clamp(needed),
            present: clamp(present),
        }
    }

    /// The length error of the TCP layer.
    pub(super) fn tcp_length(needed: usize, present: usize) -> Self {
        Self::TcpLength {
            needed: clamp(needed),
            present: clamp(present),
        }
    }
}

fn clamp(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::IpVersion(version) => write!(f, "ip version {version} is not spoken"),
            Self::IpLength { needed, present } => {
                write!(f, "ip needs {needed} octets, {present} are there")
            }
            Self::IpChecksum => f.write_str("ip header checksum is wrong"),
            Self::IpFragment => f.write_str("ip fragment is impossible"),
            Self::IpExtension => f.write_str("ipv6 extension header is not acceptable"),
            Self::TcpLength { needed, present } => {
                write!(f, "tcp needs {needed} octets, {present} are there")
            }
            Self::TcpChecksum => f.write_str("tcp checksum is wrong"),
            Self::TcpPort => f.write_str("tcp port is zero"),
            Self::IcmpLength => f.write_str("icmp message is too short"),
            Self::IcmpChecksum => f.write_str("icmp checksum is wrong"),
        }
    }
}

impl core::error::Error for ParseError {}
