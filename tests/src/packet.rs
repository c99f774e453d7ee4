//! TCP segments in IP packets, read and written by code that shares nothing with the stack under
//! test: an error that `tcp_core::wire` makes in both directions would otherwise cancel out.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

pub const FIN: u8 = 0x01;
pub const SYN: u8 = 0x02;
pub const RST: u8 = 0x04;
pub const PSH: u8 = 0x08;
pub const ACK: u8 = 0x10;
pub const URG: u8 = 0x20;
pub const ECE: u8 = 0x40;
pub const CWR: u8 = 0x80;

const TCP: u8 = 6;

/// A TCP segment and the fields of the IP header that matter to TCP.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Segment {
    pub source: SocketAddr,
    pub destination: SocketAddr,
    pub hop_limit: u8,
    pub traffic_class: u8,
    pub seq: u32,
    /// Zero unless the ACK bit is set, as senders should leave it.
    pub ack: u32,
    pub flags: u8,
    pub window: u16,
    pub urgent: u16,
    pub options: Options,
    pub payload: Vec<u8>,
}

/// The options of a segment.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Options {
    pub mss: Option<u16>,
    pub window_scale: Option<u8>,
    pub sack_permitted: bool,
    /// TSval and TSecr.
    pub timestamps: Option<(u32, u32)>,
    pub sack: Vec<(u32, u32)>,
    /// Written behind the others as it stands; of a segment that was read: unknown options.
    pub raw: Vec<u8>,
}

/// Why octets are not a TCP segment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    /// Neither IPv4 nor IPv6, or not TCP.
    NotTcp,
    /// A length field and the octets disagree.
    Length,
    /// The IPv4 header checksum is wrong.
    IpChecksum,
    /// The TCP checksum is wrong.
    TcpChecksum,
    /// The options are malformed.
    Options,
}

impl Segment {
    /// An empty segment.
    #[must_use]
    pub fn new(source: SocketAddr, destination: SocketAddr) -> Self {
        Self {
            source,
            destination,
            hop_limit: 64,
            traffic_class: 0,
            seq: 0,
            ack: 0,
            flags: 0,
            window: 0,
            urgent: 0,
            options: Options::default(),
            payload: Vec::new(),
        }
    }

    /// Whether all bits of `flags` are set.
    #[must_use]
    pub const fn has(&self, flags: u8) -> bool {
        self.flags & flags == flags
    }

    /// SEG.LEN.
    #[must_use]
    pub fn seq_len(&self) -> u32 {
        let controls = u32::from(self.has(SYN)) + u32::from(self.has(FIN) && !self.has(RST));
        u32::try_from(self.payload.len()).expect("a packet is short") + controls
    }

    /// One past the last sequence number that the segment occupies.
    #[must_use]
    pub fn end(&self) -> u32 {
        self.seq.wrapping_add(self.seq_len())
    }

    /// Reads a whole IP packet.
    ///
    /// # Errors
    /// When it is not a TCP segment, or damaged.
    pub fn decode(packet: &[u8]) -> Result<Self, Fault> {
        let ip = IpHeader::decode(packet)?;
        let tcp = ip.payload;
        if tcp.len() < 20 {
            return Err(Fault::Length);
        }
        let mut sum = pseudo_header(ip.source, ip.destination, tcp.len());
        sum = add_words(sum, tcp);
        if fold(sum) != 0xffff {
            return Err(Fault::TcpChecksum);
        }
        let header = usize::from(tcp[12] >> 4) * 4;
        if header < 20 || header > tcp.len() {
            return Err(Fault::Length);
        }
        Ok(Self {
            source: SocketAddr::new(ip.source, be16(tcp, 0)),
            destination: SocketAddr::new(ip.destination, be16(tcp, 2)),
            hop_limit: ip.hop_limit,
            traffic_class: ip.traffic_class,
            seq: be32(tcp, 4),
            ack: be32(tcp, 8),
            flags: tcp[13],
            window: be16(tcp, 14),
            urgent: be16(tcp, 18),
            options: Options::decode(&tcp[20..header])?,
            payload: tcp[header..].to_vec(),
        })
    }

    /// Writes a whole IP packet.
    ///
    /// # Panics
    /// When the addresses are of different families, or the options are longer than 40 octets.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let options = self.options.encode();
        assert!(options.len() <= 40, "{} octets of options", options.len());
        let header = 20 + options.len();
        let mut tcp = Vec::with_capacity(header + self.payload.len());
        tcp.extend(self.source.port().to_be_bytes());
        tcp.extend(self.destination.port().to_be_bytes());
        tcp.extend(self.seq.to_be_bytes());
        tcp.extend(self.ack.to_be_bytes());
        tcp.push(u8::try_from(header / 4 * 16).expect("at most 60 octets"));
        tcp.push(self.flags);
        tcp.extend(self.window.to_be_bytes());
        tcp.extend([0, 0]);
        tcp.extend(self.urgent.to_be_bytes());
        tcp.extend(options);
        tcp.extend(&self.payload);
        let (source, destination) = (self.source.ip(), self.destination.ip());
        let sum = add_words(pseudo_header(source, destination, tcp.len()), &tcp);
        tcp[16..18].copy_from_slice(&(!fold(sum)).to_be_bytes());
        let mut packet = self.ip_header(tcp.len());
        packet.extend(tcp);
        packet
    }

    fn ip_header(&self, length: usize) -> Vec<u8> {
        let short = |number: usize| u16::try_from(number).expect("a packet is short");
        match (self.source.ip(), self.destination.ip()) {
            (IpAddr::V4(source), IpAddr::V4(destination)) => {
                let mut header = vec![0x45, self.traffic_class];
                header.extend(short(20 + length).to_be_bytes());
                header.extend([0, 0, 0x40, 0, self.hop_limit, TCP, 0, 0]);
                header.extend(source.octets());
                header.extend(destination.octets());
                let sum = fold(add_words(0, &header));
                header[10..12].copy_from_slice(&(!sum).to_be_bytes());
                header
            }
            (IpAddr::V6(source), IpAddr::V6(destination)) => {
                let first = 0x6000_0000 | u32::from(self.traffic_class) << 20;
                let mut header = first.to_be_bytes().to_vec();
                header.extend(short(length).to_be_bytes());
                header.extend([TCP, self.hop_limit]);
                header.extend(source.octets());
                header.extend(destination.octets());
                header
            }
            families => panic!("no packet has {families:?}"),
        }
    }
}

/// What an IP header says.
struct IpHeader<'p> {
    source: IpAddr,
    destination: IpAddr,
    hop_limit: u8,
    traffic_class: u8,
    payload: &'p [u8],
}

impl<'p> IpHeader<'p> {
    fn decode(packet: &'p [u8]) -> Result<Self, Fault> {
        match packet.first().map(|first| first >> 4) {
            Some(4) => Self::decode_v4(packet),
            Some(6) => Self::decode_v6(packet),
            _ => Err(Fault::NotTcp),
        }
    }

    fn decode_v4(packet: &'p [u8]) -> Result<Self, Fault> {
        let header = usize::from(packet[0] & 15) * 4;
        if packet.len() < 20 || header < 20 || packet.len() < header {
            return Err(Fault::Length);
        }
        let total = usize::from(be16(packet, 2));
        if total < header || total > packet.len() {
            return Err(Fault::Length);
        }
        if fold(add_words(0, &packet[..header])) != 0xffff {
            return Err(Fault::IpChecksum);
        }
        if packet[9] != TCP || be16(packet, 6) & 0x3fff != 0 {
            return Err(Fault::NotTcp);
        }
        let address = |at: usize| -> IpAddr {
            let octets: [u8; 4] = packet[at..at + 4].try_into().expect("four octets");
            Ipv4Addr::from(octets).into()
        };
        Ok(Self {
            source: address(12),
            destination: address(16),
            hop_limit: packet[8],
            traffic_class: packet[1],
            payload: &packet[header..total],
        })
    }

    fn decode_v6(packet: &'p [u8]) -> Result<Self, Fault> {
        if packet.len() < 40 {
            return Err(Fault::Length);
        }
        let end = 40 + usize::from(be16(packet, 4));
        let payload = packet.get(40..end).ok_or(Fault::Length)?;
        if packet[6] != TCP {
            return Err(Fault::NotTcp);
        }
        let address = |at: usize| -> IpAddr {
            let octets: [u8; 16] = packet[at..at + 16].try_into().expect("16 octets");
            Ipv6Addr::from(octets).into()
        };
        Ok(Self {
            source: address(8),
            destination: address(24),
            hop_limit: packet[7],
            traffic_class: packet[0] << 4 | packet[1] >> 4,
            payload,
        })
    }
}

impl Options {
    fn decode(mut octets: &[u8]) -> Result<Self, Fault> {
        let mut options = Self::default();
        while let Some(&kind) = octets.first() {
            match kind {
                0 => break,
                1 => octets = &octets[1..],
                _ => {
                    let length = usize::from(*octets.get(1).ok_or(Fault::Options)?);
                    let option = octets.get(..length).filter(|option| option.len() >= 2);
                    options.take(option.ok_or(Fault::Options)?)?;
                    octets = &octets[length..];
                }
            }
        }
        Ok(options)
    }

    /// One option with its kind and length.
    fn take(&mut self, option: &[u8]) -> Result<(), Fault> {
        match (option[0], option.len()) {
            (2, 4) => self.mss = Some(be16(option, 2)),
            (3, 3) => self.window_scale = Some(option[2]),
            (4, 2) => self.sack_permitted = true,
            (5, length) if length % 8 == 2 && length > 2 => {
                let blocks = option[2..].chunks_exact(8);
                self.sack
                    .extend(blocks.map(|block| (be32(block, 0), be32(block, 4))));
            }
            (8, 10) => self.timestamps = Some((be32(option, 2), be32(option, 6))),
            (2..=5 | 8, _) => return Err(Fault::Options),
            _ => self.raw.extend(option),
        }
        Ok(())
    }

    fn encode(&self) -> Vec<u8> {
        let mut octets = Vec::new();
        if let Some(mss) = self.mss {
            octets.extend([2, 4]);
            octets.extend(mss.to_be_bytes());
        }
        if let Some(shift) = self.window_scale {
            octets.extend([1, 3, 3, shift]);
        }
        if self.sack_permitted {
            octets.extend([1, 1, 4, 2]);
        }
        if let Some((value, echo)) = self.timestamps {
            octets.extend([1, 1, 8, 10]);
            octets.extend(value.to_be_bytes());
            octets.extend(echo.to_be_bytes());
        }
        if !self.sack.is_empty() {
            let length = u8::try_from(2 + 8 * self.sack.len()).expect("at most four blocks");
            octets.extend([1, 1, 5, length]);
            for (left, right) in &self.sack {
                octets.extend(left.to_be_bytes());
                octets.extend(right.to_be_bytes());
            }
        }
        octets.extend(&self.raw);
        octets.resize(octets.len().next_multiple_of(4), 0);
        octets
    }
}

impl fmt::Display for Segment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} > {}: ", self.source, self.destination)?;
        for (bit, letter) in [
            (SYN, 'S'),
            (FIN, 'F'),
            (RST, 'R'),
            (PSH, 'P'),
            (URG, 'U'),
            (ECE, 'E'),
            (CWR, 'W'),
            (ACK, '.'),
        ] {
            if self.has(bit) {
                write!(f, "{letter}")?;
            }
        }
        write!(f, " seq {} len {}", self.seq, self.payload.len())?;
        if self.has(ACK) {
            write!(f, " ack {}", self.ack)?;
        }
        write!(f, " win {}", self.window)?;
        if let Some(mss) = self.options.mss {
            write!(f, " mss {mss}")?;
        }
        if let Some(shift) = self.options.window_scale {
            write!(f, " wscale {shift}")?;
        }
        for (left, right) in &self.options.sack {
            write!(f, " sack {left}..{right}")?;
        }
        if let Some((value, echo)) = self.options.timestamps {
            write!(f, " ts {value}/{echo}")?;
        }
        Ok(())
    }
}

/// The Internet checksum of `octets`; zero over octets that hold their own.
#[must_use]
pub fn checksum(octets: &[u8]) -> u16 {
    !fold(add_words(0, octets))
}

fn be16(octets: &[u8], at: usize) -> u16 {
    u16::from_be_bytes([octets[at], octets[at + 1]])
}

fn be32(octets: &[u8], at: usize) -> u32 {
    u32::from(be16(octets, at)) << 16 | u32::from(be16(octets, at + 2))
}

fn pseudo_header(source: IpAddr, destination: IpAddr, length: usize) -> u64 {
    let mut sum = u64::from(TCP) + length as u64;
    for address in [source, destination] {
        sum = match address {
            IpAddr::V4(address) => add_words(sum, &address.octets()),
            IpAddr::V6(address) => add_words(sum, &address.octets()),
        };
    }
    sum
}

fn add_words(sum: u64, octets: &[u8]) -> u64 {
    octets.chunks(2).fold(sum, |sum, word| {
        let low = word.get(1).copied().unwrap_or(0);
        sum + u64::from(u16::from_be_bytes([word[0], low]))
    })
}

fn fold(mut sum: u64) -> u16 {
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    u16::try_from(sum).expect("folded")
}

#[cfg(test)]
mod tests;
