//! UDP (RFC 768), as far as DHCP and DNS need it: checksums are verified and made.

use core::net::{IpAddr, SocketAddr};

use tcp_core::wire::{Address, IpEmit, PROTOCOL_UDP, emit_ip_header, pseudo_header};

use super::dropped::LinkDropped;

/// Octets of the header.
pub(super) const HEADER: usize = 8;
const HOP_LIMIT: u8 = 64;

/// A datagram that arrived sound.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Datagram<'p> {
    pub(super) from: SocketAddr,
    pub(super) to_port: u16,
    pub(super) data: &'p [u8],
}

impl<'p> Datagram<'p> {
    /// Reads a packet's payload; what stands behind the length that it claims is ignored.
    pub(super) fn parse(
        source: Address,
        destination: Address,
        payload: &'p [u8],
    ) -> Result<Self, LinkDropped> {
        Self::checked(source, destination, payload).ok_or(LinkDropped::UdpMalformed)
    }

    fn checked(source: Address, destination: Address, payload: &'p [u8]) -> Option<Self> {
        let [s0, s1, d0, d1, l0, l1, c0, c1] = *payload.first_chunk::<HEADER>()?;
        let length = u16::from_be_bytes([l0, l1]);
        let datagram = payload.get(..usize::from(length))?;
        let data = datagram.get(HEADER..)?;
        //= https://www.rfc-editor.org/rfc/rfc768
        //# An all zero  transmitted checksum  value means that the
        //# transmitter  generated  no checksum
        let has_none = [c0, c1] == [0, 0] && source.is_v4();
        let mut sum = pseudo_header(source, destination, PROTOCOL_UDP, length);
        sum.add(datagram);
        let from = SocketAddr::new(source.ip(), u16::from_be_bytes([s0, s1]));
        (has_none || sum.is_right()).then_some(Self {
            from,
            to_port: u16::from_be_bytes([d0, d1]),
            data,
        })
    }
}

/// Octets before the data of a datagram to `destination`.
pub(super) const fn headers(destination: IpAddr) -> usize {
    match destination {
        IpAddr::V4(_) => 20 + HEADER,
        IpAddr::V6(_) => 40 + HEADER,
    }
}

/// Writes the headers before the `len` octets of data that stand behind their place in `packet`;
/// the packet's length.
//= https://www.rfc-editor.org/rfc/rfc768
//# If the computed  checksum  is zero,  it is transmitted  as all ones (the
//# equivalent  in one's complement  arithmetic).
pub(super) fn finish(
    packet: &mut [u8],
    from: SocketAddr,
    to: SocketAddr,
    len: usize,
) -> Option<usize> {
    let length = u16::try_from(HEADER.checked_add(len)?).ok()?;
    let ip = IpEmit {
        source: Address::new(from.ip())?,
        destination: Address::new(to.ip())?,
        hop_limit: HOP_LIMIT,
        traffic_class: 0,
    };
    let header_len = emit_ip_header(packet, &ip, PROTOCOL_UDP, length)?;
    let datagram = packet
        .get_mut(header_len..)?
        .get_mut(..usize::from(length))?;
    let [s0, s1] = from.port().to_be_bytes();
    let [d0, d1] = to.port().to_be_bytes();
    let [l0, l1] = length.to_be_bytes();
    *datagram.first_chunk_mut()? = [s0, s1, d0, d1, l0, l1, 0, 0];
    let mut sum = pseudo_header(ip.source, ip.destination, PROTOCOL_UDP, length);
    sum.add(datagram);
    let field = match sum.complement() {
        [0, 0] => [0xff, 0xff],
        field => field,
    };
    *datagram.get_mut(6..)?.first_chunk_mut()? = field;
    Some(header_len + datagram.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ends() -> [SocketAddr; 2] {
        ["192.0.2.1:53", "192.0.2.2:5000"].map(|text| text.parse().unwrap())
    }

    fn address(address: IpAddr) -> Address {
        Address::new(address).unwrap()
    }

    fn datagram(data: &[u8]) -> Vec<u8> {
        let [from, to] = ends();
        let mut packet = vec![0xaa; 28 + data.len()];
        packet[28..].copy_from_slice(data);
        assert_eq!(
            finish(&mut packet, from, to, data.len()),
            Some(packet.len())
        );
        packet[20..].to_vec()
    }

    fn parse(payload: &[u8]) -> Result<Datagram<'_>, LinkDropped> {
        let [from, to] = ends();
        Datagram::parse(address(from.ip()), address(to.ip()), payload)
    }

    #[test]
    fn what_is_written_is_read() {
        for len in [0, 1, 2, 301] {
            let data = vec![7; len];
            let payload = datagram(&data);
            let read = parse(&payload).unwrap();
            assert_eq!((read.from, read.to_port), (ends()[0], 5_000));
            assert_eq!(read.data, data);
        }
    }

    #[test]
    fn padding_is_not_data_and_no_checksum_is_one() {
        let mut payload = datagram(b"abc");
        payload.extend([0xaa; 9]);
        assert_eq!(parse(&payload).unwrap().data, b"abc");
        payload[6..8].fill(0);
        assert_eq!(parse(&payload).unwrap().data, b"abc");
        let six: IpAddr = "2001:db8::1".parse().unwrap();
        assert_eq!(
            Datagram::parse(address(six), address(six), &payload),
            Err(LinkDropped::UdpMalformed)
        );
    }

    #[test]
    fn f05_lengths_and_checksums_are_verified() {
        let payload = datagram(b"abcd");
        for at in 0..payload.len() {
            let mut spoilt = payload.clone();
            spoilt[at] ^= 0x10;
            assert_eq!(parse(&spoilt), Err(LinkDropped::UdpMalformed), "octet {at}");
        }
        for len in 0..payload.len() {
            assert_eq!(parse(&payload[..len]), Err(LinkDropped::UdpMalformed));
        }
        let mut short = payload.clone();
        for length in 0..8u16 {
            short[4..6].copy_from_slice(&length.to_be_bytes());
            short[6..8].fill(0);
            assert_eq!(parse(&short), Err(LinkDropped::UdpMalformed));
        }
    }

    #[test]
    fn a_sum_of_zero_is_sent_as_all_ones() {
        let [from, to] = ends();
        let mut packet = [0; 30];
        assert_eq!(finish(&mut packet, from, to, 2), Some(30));
        // Data that is the complement of the sum makes it zero.
        let field = [packet[26], packet[27]];
        packet[28..].copy_from_slice(&field);
        assert_eq!(finish(&mut packet, from, to, 2), Some(30));
        assert_eq!(packet[26..28], [0xff, 0xff]);
        assert!(parse(&packet[20..]).is_ok());
    }
}
