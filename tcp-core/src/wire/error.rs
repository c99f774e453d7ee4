//! What octets can do wrong.

use core::fmt;

use crate::stack::Dropped;

/// Whose format was violated.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Layer {
    /// IPv4.
    Ipv4,
    /// IPv6 and its extension headers.
    Ipv6,
    /// ICMP or ICMPv6.
    Icmp,
    /// TCP.
    Tcp,
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ipv4 => "IPv4",
            Self::Ipv6 => "IPv6",
            Self::Icmp => "ICMP",
            Self::Tcp => "TCP",
        })
    }
}

/// What an ICMPv6 Parameter Problem message says (RFC 4443 section 3.4).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct ParameterProblem {
    /// 0 erroneous field, 1 unrecognized next header, 2 unrecognized option.
    pub code: u8,
    /// Where in the packet, in octets from its start.
    pub pointer: u16,
}

impl ParameterProblem {
    /// An erroneous header field.
    pub const FIELD: u8 = 0;
    /// An unrecognized Next Header.
    pub const NEXT_HEADER: u8 = 1;
    /// An unrecognized IPv6 option.
    pub const OPTION: u8 = 2;
}

/// Why octets are not a packet.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum ParseError {
    /// The version is neither 4 nor 6, or not built in.
    Version {
        /// The first four bits.
        version: u8,
    },
    /// Fewer octets than the layer's header or length field needs.
    Truncated {
        /// The layer.
        layer: Layer,
        /// Octets that the layer needs.
        needed: u32,
        /// Octets that there are.
        available: u32,
    },
    /// A header length below the layer's minimum, or beyond the packet's own length.
    HeaderLength {
        /// The layer.
        layer: Layer,
        /// The length, in octets.
        octets: u16,
    },
    /// The layer's checksum is wrong.
    Checksum {
        /// The layer.
        layer: Layer,
    },
    /// An IPv4 option is malformed, or asks for source routing.
    Ipv4Option {
        /// The option's type.
        kind: u8,
        /// The option's length field, zero where there is none.
        octets: u8,
    },
    /// A fragment that fits into no datagram.
    Fragment {
        /// What the sender is to be told, if anything.
        problem: Option<ParameterProblem>,
    },
    /// IPv6 extension headers that are malformed, beyond the limits, or not understood.
    Extension {
        /// What the sender is to be told, if anything.
        problem: Option<ParameterProblem>,
    },
    /// IPv6 with nothing after the headers (Next Header 59).
    NoNextHeader,
    /// The source of an IPv6 packet is an IPv4 address in disguise.
    MappedSource,
    /// The destination of an IPv6 packet is an IPv4 address in disguise.
    MappedDestination,
    /// A TCP port is zero.
    PortZero,
}

impl ParseError {
    /// Under which reason a packet with this error is counted.
    #[inline(always)]
    #[must_use]
    pub const fn dropped(self) -> Dropped {
        match self {
            Self::Truncated { layer, .. } | Self::HeaderLength { layer, .. } => match layer {
                Layer::Ipv4 | Layer::Ipv6 => Dropped::IpMalformed,
                Layer::Icmp => Dropped::Icmp,
                Layer::Tcp => Dropped::TcpMalformed,
            },
            Self::Checksum { layer } => match layer {
                Layer::Ipv4 | Layer::Ipv6 => Dropped::IpChecksum,
                Layer::Icmp => Dropped::Icmp,
                Layer::Tcp => Dropped::TcpChecksum,
            },
            Self::Version { .. } | Self::Ipv4Option { .. } => Dropped::IpMalformed,
            Self::Fragment { .. } => Dropped::Fragment,
            Self::Extension { .. } | Self::NoNextHeader => Dropped::IpExtension,
            Self::MappedSource => Dropped::IpSource,
            Self::MappedDestination => Dropped::NotForUs,
            Self::PortZero => Dropped::TcpMalformed,
        }
    }

    /// The Parameter Problem that the sender is to be told of, if the rules for ICMP errors
    /// allow it.
    #[inline(always)]
    #[must_use]
    pub const fn parameter_problem(self) -> Option<ParameterProblem> {
        match self {
            Self::Fragment { problem } | Self::Extension { problem } => problem,
            Self::Version { .. }
            | Self::Truncated { .. }
            | Self::HeaderLength { .. }
            | Self::Checksum { .. }
            | Self::Ipv4Option { .. }
            | Self::NoNextHeader
            | Self::MappedSource
            | Self::MappedDestination
            | Self::PortZero => None,
        }
    }

    /// `available` octets are too few for `needed`.
    #[expect(clippy::cast_possible_truncation, reason = "saturated before the cast")]
    pub(super) const fn truncated(layer: Layer, needed: usize, available: usize) -> Self {
        const MOST: usize = u32::MAX as usize;
        let available = if available > MOST { MOST } else { available };
        Self::Truncated {
            layer,
            needed: needed as u32,
            available: available as u32,
        }
    }
}

impl From<ParseError> for Dropped {
    #[inline(always)]
    fn from(error: ParseError) -> Self {
        error.dropped()
    }
}

/// What becomes of a packet with an error.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Fault {
    pub(crate) dropped: Dropped,
    /// What its sender is to be told.
    #[cfg(feature = "ipv6")]
    pub(crate) problem: Option<ParameterProblem>,
}

impl From<ParseError> for Fault {
    #[inline(always)]
    fn from(error: ParseError) -> Self {
        Self {
            dropped: error.dropped(),
            #[cfg(feature = "ipv6")]
            problem: error.parameter_problem(),
        }
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Version { version } => write!(f, "IP version {version}"),
            Self::Truncated {
                layer,
                needed,
                available,
            } => write!(f, "truncated {layer}: {available} of {needed} octets"),
            Self::HeaderLength { layer, octets } => {
                write!(f, "bad {layer} header length {octets}")
            }
            Self::Checksum { layer } => write!(f, "bad {layer} checksum"),
            Self::Ipv4Option { kind, octets } => {
                write!(f, "bad IPv4 option {kind} of {octets} octets")
            }
            Self::Fragment { .. } => f.write_str("bad fragment"),
            Self::Extension { .. } => f.write_str("bad IPv6 extension header"),
            Self::NoNextHeader => f.write_str("no next header"),
            Self::MappedSource => f.write_str("mapped source address"),
            Self::MappedDestination => f.write_str("mapped destination address"),
            Self::PortZero => f.write_str("TCP port zero"),
        }
    }
}

impl core::error::Error for ParseError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_is_counted_and_says_the_layer_and_the_lengths() {
        let cases = [
            (
                ParseError::truncated(Layer::Ipv4, 20, 3),
                Dropped::IpMalformed,
                "truncated IPv4: 3 of 20 octets",
            ),
            (
                ParseError::HeaderLength {
                    layer: Layer::Tcp,
                    octets: 16,
                },
                Dropped::TcpMalformed,
                "bad TCP header length 16",
            ),
            (
                ParseError::Checksum { layer: Layer::Tcp },
                Dropped::TcpChecksum,
                "bad TCP checksum",
            ),
            (
                ParseError::Checksum { layer: Layer::Icmp },
                Dropped::Icmp,
                "bad ICMP checksum",
            ),
            (
                ParseError::Checksum { layer: Layer::Ipv4 },
                Dropped::IpChecksum,
                "bad IPv4 checksum",
            ),
            (ParseError::PortZero, Dropped::TcpMalformed, "TCP port zero"),
            (
                ParseError::MappedSource,
                Dropped::IpSource,
                "mapped source address",
            ),
            (
                ParseError::MappedDestination,
                Dropped::NotForUs,
                "mapped destination address",
            ),
            (
                ParseError::NoNextHeader,
                Dropped::IpExtension,
                "no next header",
            ),
        ];
        for (error, dropped, text) in cases {
            assert_eq!(error.dropped(), dropped);
            assert_eq!(error.to_string(), text);
            assert_eq!(error.parameter_problem(), None);
        }
    }

    #[test]
    fn only_ipv6_structure_owes_a_parameter_problem() {
        let problem = Some(ParameterProblem {
            code: ParameterProblem::OPTION,
            pointer: 42,
        });
        let extension = ParseError::Extension { problem };
        assert_eq!(extension.parameter_problem(), problem);
        assert_eq!(extension.dropped(), Dropped::IpExtension);
        let fragment = ParseError::Fragment { problem };
        assert_eq!(fragment.parameter_problem(), problem);
        assert_eq!(fragment.dropped(), Dropped::Fragment);
    }
}
