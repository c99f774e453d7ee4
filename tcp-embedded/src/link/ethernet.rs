//! Ethernet II framing (RFC 894).
//!
//! ```text
//!   0            6            12     14
//!   | destination | source     | type | payload ... padding to 60 |
//! ```
//!
//! A frame with a length in the place of the type (IEEE 802.3) or with a VLAN tag is not for this
//! host: RFC 1122 section 2.3.3 demands RFC 894 and leaves the rest open.

use tcp_core::LinkDestination;

use super::LinkDropped;
use crate::mac::MacAddress;

/// Octets before the payload.
pub(crate) const HEADER: usize = 14;

/// A frame without its check sequence has at least so many octets.
const SHORTEST: usize = 60;

const IPV4: [u8; 2] = [0x08, 0x00];
const ARP: [u8; 2] = [0x08, 0x06];
#[cfg(feature = "ipv6")]
const IPV6: [u8; 2] = [0x86, 0xdd];
const VLAN: [u8; 2] = [0x81, 0x00];

/// What a frame carries.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Carries {
    Ipv4,
    Arp,
    #[cfg(feature = "ipv6")]
    Ipv6,
}

/// A received frame that is for this host.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Frame<'f> {
    pub(crate) to: LinkDestination,
    pub(crate) source: MacAddress,
    pub(crate) carries: Carries,
    /// The payload, and after it padding: what is inside says where it ends.
    pub(crate) payload: &'f [u8],
}

impl<'f> Frame<'f> {
    /// Reads a frame that a device received; a device may hear frames for others. `joined` knows
    /// the groups of this host, beside everyone.
    pub(crate) fn parse(
        octets: &'f [u8],
        ours: MacAddress,
        joined: impl Fn(MacAddress) -> bool,
    ) -> Result<Self, LinkDropped> {
        let Some((header, payload @ [_, ..])) = octets.split_first_chunk::<HEADER>() else {
            return Err(LinkDropped::Truncated);
        };
        let [destination @ .., _, _, _, _, _, _, _, _] = header;
        let [_, _, _, _, _, _, source @ .., _, _] = header;
        let [.., high, low] = header;
        let ether_type = [*high, *low];
        let to = if *destination == ours.0 {
            LinkDestination::Unicast
        } else if *destination == MacAddress::BROADCAST.0
            || (MacAddress(*destination).is_group() && joined(MacAddress(*destination)))
        {
            LinkDestination::Group
        } else {
            return Err(LinkDropped::NotForUs);
        };
        let source = MacAddress(*source);
        if source.is_group() {
            return Err(LinkDropped::GroupSource);
        }
        // An echo of what this host sent.
        if source == ours {
            return Err(LinkDropped::NotForUs);
        }
        let carries = if ether_type == IPV4 {
            Carries::Ipv4
        } else if ether_type == ARP {
            Carries::Arp
        } else {
            #[cfg(feature = "ipv6")]
            if ether_type == IPV6 {
                Carries::Ipv6
            } else {
                return Err(unknown(ether_type));
            }
            #[cfg(not(feature = "ipv6"))]
            return Err(unknown(ether_type));
        };
        Ok(Self {
            to,
            source,
            carries,
            payload,
        })
    }
}

/// Why a frame with this type is dropped.
fn unknown(ether_type: [u8; 2]) -> LinkDropped {
    if ether_type == VLAN {
        LinkDropped::Tagged
    } else {
        LinkDropped::UnknownType
    }
}

/// Both addresses of a frame to send.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Route<'m> {
    pub(crate) from: &'m MacAddress,
    pub(crate) to: &'m MacAddress,
}

/// Puts the header before the `payload` octets that stand behind its place in `frame`, and zeros
/// behind them up to the shortest length; the frame's length, or `None` when `frame` has no room.
//= https://www.rfc-editor.org/rfc/rfc894
//# If necessary, the data field should be padded
//# (with octets of zero) to meet the Ethernet minimum frame size.
#[inline(never)]
pub(crate) fn finish(
    frame: &mut [u8],
    route: Route<'_>,
    carries: Carries,
    payload: usize,
) -> Option<usize> {
    let end = HEADER.checked_add(payload)?;
    let len = end.max(SHORTEST);
    frame.get_mut(end..len)?.fill(0);
    let (destination, rest) = frame.split_first_chunk_mut()?;
    let (source, rest) = rest.split_first_chunk_mut()?;
    *destination = route.to.0;
    *source = route.from.0;
    *rest.first_chunk_mut()? = match carries {
        Carries::Ipv4 => IPV4,
        Carries::Arp => ARP,
        #[cfg(feature = "ipv6")]
        Carries::Ipv6 => IPV6,
    };
    Some(len)
}

#[cfg(test)]
mod tests {
    use super::*;

    const US: MacAddress = MacAddress([2, 0, 0, 0, 0, 1]);
    const PEER: MacAddress = MacAddress([2, 0, 0, 0, 0, 2]);
    const JOINED: MacAddress = MacAddress([0x33, 0x33, 0, 0, 0, 1]);

    fn parse(octets: &[u8]) -> Result<Frame<'_>, LinkDropped> {
        Frame::parse(octets, US, |group| group == JOINED)
    }

    fn frame(to: MacAddress, from: MacAddress, ether_type: u16, payload: &[u8]) -> Vec<u8> {
        [&to.0[..], &from.0, &ether_type.to_be_bytes(), payload].concat()
    }

    #[test]
    fn e01_a_frame_shorter_than_its_header_is_dropped() {
        let whole = frame(US, PEER, 0x0800, &[]);
        for len in 0..HEADER {
            let parsed = parse(&whole[..len]);
            assert_eq!(parsed, Err(LinkDropped::Truncated), "{len}");
        }
    }

    #[test]
    fn e02_a_frame_without_payload_is_dropped() {
        for ether_type in [0x0800, 0x0806, 0x86dd, 0x8100] {
            let octets = frame(US, PEER, ether_type, &[]);
            assert_eq!(parse(&octets), Err(LinkDropped::Truncated));
        }
    }

    #[test]
    fn e06_a_group_is_no_source() {
        for from in [MacAddress::BROADCAST, MacAddress([1, 0, 0x5e, 0, 0, 1])] {
            let octets = frame(US, from, 0x0800, &[0x45]);
            assert_eq!(parse(&octets), Err(LinkDropped::GroupSource));
        }
    }

    #[test]
    fn e07_a_frame_for_another_host_or_group_is_dropped() {
        for to in [PEER, MacAddress([1, 0, 0x5e, 0, 0, 5]), MacAddress([0; 6])] {
            let octets = frame(to, PEER, 0x0800, &[0x45]);
            assert_eq!(parse(&octets), Err(LinkDropped::NotForUs));
        }
    }

    #[test]
    fn e07_a_frame_for_a_joined_group_is_marked() {
        let octets = frame(JOINED, PEER, 0x0800, &[0x45]);
        assert_eq!(parse(&octets).unwrap().to, LinkDestination::Group);
    }

    #[test]
    fn an_echo_of_our_own_frame_is_dropped() {
        let octets = frame(MacAddress::BROADCAST, US, 0x0806, &[0]);
        assert_eq!(parse(&octets), Err(LinkDropped::NotForUs));
    }

    #[test]
    fn e08_a_broadcast_frame_is_marked() {
        let octets = frame(MacAddress::BROADCAST, PEER, 0x0800, &[0x45]);
        let parsed = parse(&octets).unwrap();
        assert_eq!(parsed.to, LinkDestination::Group);
    }

    #[test]
    fn e09_lengths_and_tags_are_not_types() {
        for ether_type in [0, 46, 0x05dc, 0x05ff] {
            let octets = frame(US, PEER, ether_type, &[0x45; 46]);
            assert_eq!(parse(&octets), Err(LinkDropped::UnknownType));
        }
        for len in 1..4 {
            let octets = frame(US, PEER, 0x8100, &[0; 4][..len]);
            assert_eq!(parse(&octets), Err(LinkDropped::Tagged));
        }
    }

    #[test]
    fn e04_padding_is_zero_whatever_the_buffer_held() {
        let mut out = [0xaa; 80];
        let finish = |out: &mut [u8], payload| {
            let route = Route {
                from: &US,
                to: &PEER,
            };
            finish(out, route, Carries::Ipv4, payload)
        };
        assert_eq!(finish(&mut out, 29), Some(60));
        assert_eq!(out[..14], frame(PEER, US, 0x0800, &[])[..]);
        assert_eq!(out[14..43], [0xaa; 29]);
        assert_eq!(out[43..60], [0; 17]);
        assert_eq!(out[60..], [0xaa; 20]);
        assert_eq!(finish(&mut out, 66), Some(80));
        assert_eq!(finish(&mut out, 67), None);
        assert_eq!(finish(&mut out, usize::MAX), None);
        assert_eq!(finish(&mut out[..59], 20), None);
    }
}
