//! The fields of a packet as bits at a place, and the values that each is given.

use tcp_tests::packet::{SYN, checksum};
use tcp_tests::stream::Stream;

/// A field, and what stands in it instead of what belongs there.
#[derive(Clone, Debug)]
pub(crate) struct Field {
    pub(crate) name: String,
    place: Place,
    pub(crate) values: Vec<u32>,
}

impl Field {
    /// Whether it stands in front of the TCP header. (That of IPv6 is the longer one.)
    pub(crate) fn is_of_ip(&self) -> bool {
        match self.place {
            Place::Bits(bit, _) | Place::Late(bit, _) => bit < 320,
            Place::Octets => true,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Place {
    /// So many bits from this bit on.
    Bits(usize, u32),
    /// The same, written after the checksums were made right.
    Late(usize, u32),
    /// The number of octets that the device hands over.
    Octets,
}

/// What is known of the conversation: the edges of the windows as raw numbers, and where our
/// stream begins.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Edges {
    pub(crate) irs: u32,
    pub(crate) rcv_nxt: u32,
    pub(crate) rcv_wnd: u32,
    pub(crate) snd_una: u32,
    pub(crate) snd_nxt: u32,
}

/// All fields of `packet`, an intact IP packet with a TCP segment.
pub(crate) fn fields(packet: &[u8], edges: &Edges) -> Vec<Field> {
    let mut all = Fields {
        packet,
        list: Vec::new(),
    };
    let tcp = if packet[0] >> 4 == 4 {
        all.ipv4();
        20
    } else {
        all.ipv6();
        40
    };
    all.header(tcp, edges);
    all.options(tcp);
    let length = packet.len() as u32;
    let cuts = [0, 1, tcp as u32, length - 1, length + 1, length + 40];
    all.list.push(Field {
        name: "octets handed over".into(),
        place: Place::Octets,
        values: cuts.to_vec(),
    });
    all.list
}

struct Fields<'p> {
    packet: &'p [u8],
    list: Vec<Field>,
}

impl Fields<'_> {
    fn ipv4(&mut self) {
        self.add("version", 0, 4, &[]);
        self.add("IHL", 4, 4, &[4, 6, 15]);
        self.add("type of service", 8, 8, &[1, 2, 3]);
        self.add("total length", 16, 16, &[19, 20, 39, 40]);
        self.add("identification", 32, 16, &[]);
        self.add("fragment flags", 48, 3, &[1, 2, 3, 4]);
        self.add("fragment offset", 51, 13, &[]);
        self.add("TTL", 64, 8, &[]);
        self.add("protocol", 72, 8, &[4, 17, 41]);
        self.late("IP checksum", 80, 16);
        let own = self.read(128, 32);
        let others = [0x7f00_0001, 0xe000_0001, 0xf000_0001, 0x0a00_00ff, own];
        self.add("source address", 96, 32, &others);
        let own = self.read(96, 32);
        let others = [0x7f00_0001, 0xe000_0001, 0xf000_0001, 0x0a00_00ff, own];
        self.add("destination address", 128, 32, &others);
    }

    fn ipv6(&mut self) {
        self.add("version", 0, 4, &[]);
        self.add("traffic class", 4, 8, &[1, 2, 3]);
        self.add("flow label", 12, 20, &[]);
        self.add("payload length", 32, 16, &[19, 20]);
        self.add("next header", 48, 8, &[43, 44, 58, 59, 60]);
        self.add("hop limit", 56, 8, &[]);
        for (name, at) in [("source address", 64), ("destination address", 192)] {
            self.add(name, at, 32, &[0xfe80_0000, 0xff02_0000]);
            self.add(name, at + 96, 32, &[]);
        }
    }

    fn header(&mut self, tcp: usize, edges: &Edges) {
        let at = tcp * 8;
        self.add("source port", at, 16, &[]);
        self.add("destination port", at + 16, 16, &[]);
        let Edges {
            rcv_nxt, rcv_wnd, ..
        } = *edges;
        let edge = rcv_nxt.wrapping_add(rcv_wnd);
        self.add("SEQ", at + 32, 32, &around(&[rcv_nxt, edge]));
        let (una, nxt) = (edges.snd_una, edges.snd_nxt);
        let oldest = una.wrapping_sub(65_535);
        self.add("ACK", at + 64, 32, &around(&[una, nxt, oldest]));
        self.add("data offset", at + 96, 4, &[4, 5, 6, 15]);
        self.add("reserved bits", at + 100, 4, &[1, 2, 4]);
        let flags = self.read(at + 104, 8);
        let single: Vec<u32> = (0..8).map(|bit| flags ^ 1 << bit).collect();
        let pairs = (0..6).map(|bit| flags ^ 3 << bit);
        let flags: Vec<u32> = single.iter().copied().chain(pairs).collect();
        self.add("flags", at + 104, 8, &flags);
        self.add("window", at + 112, 16, &[]);
        self.late("TCP checksum", at + 128, 16);
        self.add("urgent pointer", at + 144, 16, &[99, 100, 101]);
    }

    /// Kind, length and each value of each option.
    fn options(&mut self, tcp: usize) {
        let end = tcp + usize::from(self.packet[tcp + 12] >> 4) * 4;
        let mut at = tcp + 20;
        while at < end {
            let kind = self.packet[at];
            self.add(
                &format!("kind {kind}"),
                at * 8,
                8,
                &[0, 1, 2, 3, 4, 5, 8, 19, 29],
            );
            if kind < 2 {
                at += 1;
                continue;
            }
            let length = usize::from(self.packet[at + 1]);
            self.add(
                &format!("length of {kind}"),
                at * 8 + 8,
                8,
                &[2, 3, 4, 10, 11, 18, 40],
            );
            let (bits, count) = match (kind, length) {
                (2, 4) => (16, 1),
                (3, 3) => (8, 1),
                (_, 2) => (0, 0),
                (_, length) => (32, (length - 2) / 4),
            };
            for value in 0..count {
                let place = at * 8 + 16 + value * bits as usize;
                let more = [14, 15, 48, 536, 1_460];
                self.add(&format!("value {value} of {kind}"), place, bits, &more);
            }
            at += length;
        }
    }

    fn read(&self, bit: usize, bits: u32) -> u32 {
        (0..bits as usize).fold(0, |value, place| {
            let at = bit + place;
            value << 1 | u32::from(self.packet[at / 8] >> (7 - at % 8) & 1)
        })
    }

    /// A field with the values at the limits of its width, those beside the one that stands there,
    /// and `more`.
    fn add(&mut self, name: &str, bit: usize, bits: u32, more: &[u32]) {
        let right = self.read(bit, bits);
        let mask = u32::MAX >> (32 - bits);
        let sign = mask ^ mask >> 1;
        let usual = [0, 1, mask, mask - 1, sign, sign - 1];
        let beside = [right.wrapping_add(1), right.wrapping_sub(1), right ^ sign];
        let all = usual.iter().chain(&beside).chain(more);
        let mut values: Vec<u32> = all.map(|value| value & mask).collect();
        values.sort_unstable();
        values.dedup();
        values.retain(|value| *value != right);
        self.list.push(Field {
            name: name.into(),
            place: Place::Bits(bit, bits),
            values,
        });
    }

    /// A checksum: bits of it are flipped.
    fn late(&mut self, name: &str, bit: usize, bits: u32) {
        self.list.push(Field {
            name: name.into(),
            place: Place::Late(bit, bits),
            values: vec![1, 0x8000, 0x5555],
        });
    }
}

fn around(edges: &[u32]) -> Vec<u32> {
    let near = |edge: &u32| [edge.wrapping_sub(1), *edge, edge.wrapping_add(1)];
    edges.iter().flat_map(near).collect()
}

/// `packet` with these fields changed, checksums right, and the octets of our stream where its
/// sequence number says that they are.
pub(crate) fn modified(packet: &[u8], edges: &Edges, changes: &[(&Field, u32)]) -> Vec<u8> {
    let mut octets = packet.to_vec();
    for (field, value) in changes {
        match field.place {
            Place::Bits(bit, bits) => write(&mut octets, bit, bits, *value),
            Place::Late(..) | Place::Octets => {}
        }
    }
    make_right(&mut octets, edges);
    for (field, value) in changes {
        match field.place {
            Place::Bits(..) => {}
            Place::Late(bit, bits) => {
                let right = Fields {
                    packet: &octets,
                    list: Vec::new(),
                };
                let right = right.read(bit, bits);
                write(&mut octets, bit, bits, right ^ value);
            }
            Place::Octets => octets.resize(*value as usize, 0xaa),
        }
    }
    octets
}

fn write(octets: &mut [u8], bit: usize, bits: u32, value: u32) {
    for place in 0..bits as usize {
        let at = bit + place;
        let one = value >> (bits as usize - 1 - place) & 1 == 1;
        let mask = 0x80 >> (at % 8);
        if one {
            octets[at / 8] |= mask;
        } else {
            octets[at / 8] &= !mask;
        }
    }
}

/// Text and checksums as the lengths in the packet's headers say; nothing where they are absurd.
fn make_right(octets: &mut [u8], edges: &Edges) {
    let v4 = octets[0] >> 4 != 6;
    let (start, claimed, addresses) = if v4 {
        let header = usize::from(octets[0] & 15) * 4;
        (header, usize::from(be16(octets, 2)), 12..20)
    } else {
        (40, 40 + usize::from(be16(octets, 4)), 8..40)
    };
    let end = claimed.min(octets.len());
    if v4 && (20..=octets.len()).contains(&start) {
        octets[10..12].fill(0);
        let sum = checksum(&octets[..start]);
        octets[10..12].copy_from_slice(&sum.to_be_bytes());
    }
    if start < 20 || start + 20 > end {
        return;
    }
    let mut summed = octets[addresses].to_vec();
    let tcp = &mut octets[start..end];
    let text = usize::from(tcp[12] >> 4) * 4;
    if (20..=tcp.len()).contains(&text) {
        let seq = u32::from_be_bytes([tcp[4], tcp[5], tcp[6], tcp[7]]);
        let opens = tcp[13] & SYN != 0;
        let place = seq.wrapping_sub(edges.irs.wrapping_add(1)).cast_signed();
        let place = if opens { 0 } else { place };
        // What stands before our stream is not of it.
        let before = (place.min(0).unsigned_abs() as usize).min(tcp.len() - text);
        let (strange, own) = tcp[text..].split_at_mut(before);
        strange.fill(0xee);
        Stream::new(1).fill(place.max(0).unsigned_abs().into(), own);
    }
    tcp[16..18].fill(0);
    summed.extend((tcp.len() as u32 + 6).to_be_bytes());
    summed.extend(&*tcp);
    let sum = checksum(&summed);
    tcp[16..18].copy_from_slice(&sum.to_be_bytes());
}

fn be16(octets: &[u8], at: usize) -> u16 {
    u16::from_be_bytes([octets[at], octets[at + 1]])
}
