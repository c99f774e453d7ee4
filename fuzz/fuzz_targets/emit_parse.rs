//! Meaning to octets and back: what is emitted is parsed as the same, with either checksum.
#![no_main]

use core::net::Ipv6Addr;

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use tcp_core::wire::{
    Address, Checksum, Flags, HeaderChecksum, IpEmit, IpPacket, OptionsEmit, PROTOCOL_TCP,
    RawWindow, SackBlock, SackBlocks, Segment, SegmentEmit, Timestamps, emit_segment,
};
use tcp_core::{RxChecksum, SeqNum, SeqRange, TxChecksum};

#[derive(Arbitrary, Debug)]
enum Ends {
    V4([u8; 4], [u8; 4]),
    V6([u8; 16], [u8; 16]),
}

#[derive(Arbitrary, Debug)]
struct Case<'c> {
    ends: Ends,
    hop_limit: u8,
    traffic_class: u8,
    ports: (u16, u16),
    seq: u32,
    ack: u32,
    flags: u8,
    window: u16,
    urgent: u16,
    mss: Option<u16>,
    window_scale: Option<u8>,
    sack_permitted: bool,
    timestamps: Option<(u32, u32)>,
    sack: [Option<(u32, u32)>; 4],
    room: u16,
    split: u16,
    payload: &'c [u8],
}

/// An IPv6 address; in the place of a mapped one, the unspecified one.
fn six(octets: [u8; 16]) -> Address {
    Address::new(Ipv6Addr::from(octets).into()).unwrap_or_default()
}

impl Case<'_> {
    fn ip(&self) -> IpEmit {
        let (source, destination) = match self.ends {
            Ends::V4(source, destination) => (source.into(), destination.into()),
            Ends::V6(source, destination) => (six(source), six(destination)),
        };
        IpEmit {
            source,
            destination,
            hop_limit: self.hop_limit,
            traffic_class: self.traffic_class,
        }
    }

    fn segment(&self) -> SegmentEmit {
        let flags = Flags(self.flags);
        let syn = flags.has(Flags::SYN);
        let blocks = self.sack.iter().flatten().filter(|_| !syn);
        let sack: SackBlocks = blocks
            .filter_map(|(start, end)| {
                SackBlock::new(SeqRange::new(SeqNum::new(*start), SeqNum::new(*end)))
            })
            .collect();
        SegmentEmit {
            source_port: self.ports.0.max(1),
            destination_port: self.ports.1.max(1),
            seq: SeqNum::new(self.seq),
            ack: SeqNum::new(self.ack),
            flags,
            window: RawWindow(self.window),
            urgent: self.urgent,
            options: OptionsEmit {
                mss: self.mss.filter(|_| syn),
                window_scale: self.window_scale.filter(|_| syn),
                sack_permitted: self.sack_permitted && syn,
                timestamps: self
                    .timestamps
                    .map(|(value, echo)| Timestamps { value, echo }),
                sack,
                ..OptionsEmit::default()
            },
        }
    }
}

fuzz_target!(|case: Case<'_>| {
    let (ip, segment) = (case.ip(), case.segment());
    let payload = case.payload;
    let halves = payload.split_at(usize::from(case.split).min(payload.len()));
    let halves = [halves.0, halves.1];
    let header = if ip.source.is_v4() { 20 } else { 40 };
    let start = header + 20 + segment.options.len();
    assert!(segment.options.len() <= 40 && segment.options.len() % 4 == 0);

    let mut out = vec![0xaa; usize::from(case.room)];
    let Some(len) = emit_segment(&mut out, &ip, &segment, halves, TxChecksum::Full) else {
        let longest = 65_535 + if ip.source.is_v4() { 0 } else { 40 };
        assert!(out.len() < start + payload.len() || longest < start + payload.len());
        return assert!(out.iter().all(|octet| *octet == 0xaa));
    };
    assert_eq!(len, start + payload.len());
    assert!(out[len..].iter().all(|octet| *octet == 0xaa));
    check_read(&ip, &segment, payload, &out);

    // Whatever the device adds to a partial checksum must make it the full one.
    let mut partial = out.clone();
    let same = emit_segment(&mut partial, &ip, &segment, halves, TxChecksum::Partial);
    assert_eq!(same, Some(len));
    let mut sum = Checksum::new();
    sum.add(&partial[header..len]);
    partial[header + 16..header + 18].copy_from_slice(&sum.complement());
    check_read(&ip, &segment, payload, &partial);
    assert_eq!(partial, out);
});

fn check_read(ip: &IpEmit, segment: &SegmentEmit, payload: &[u8], octets: &[u8]) {
    let packet = IpPacket::parse(octets, HeaderChecksum::Verify).unwrap();
    assert_eq!(
        (packet.source, packet.destination),
        (ip.source, ip.destination)
    );
    assert_eq!(packet.protocol, PROTOCOL_TCP);
    assert_eq!(packet.hop_limit, ip.hop_limit);
    assert_eq!(packet.traffic_class, ip.traffic_class);
    assert_eq!(packet.fragment, None);
    let unverified = RxChecksum::Unverified;
    let read = Segment::parse(packet.payload, ip.source, ip.destination, unverified).unwrap();
    let (flags, options) = (segment.flags, &segment.options);
    assert_eq!(read.source_port, segment.source_port);
    assert_eq!(read.destination_port, segment.destination_port);
    assert_eq!(read.seq, segment.seq);
    assert_eq!(read.ack, flags.has(Flags::ACK).then_some(segment.ack));
    assert_eq!(read.flags, flags);
    assert_eq!(read.window, segment.window);
    assert_eq!(read.urgent, flags.has(Flags::URG).then_some(segment.urgent));
    assert_eq!(read.options.mss, options.mss);
    assert_eq!(
        read.options.window_scale,
        options.window_scale.map(|shift| shift.min(14))
    );
    assert_eq!(read.options.sack_permitted, options.sack_permitted);
    assert_eq!(read.options.timestamps, options.timestamps);
    assert!(options.sack.starts_with(&read.options.sack));
    let fit = if options.timestamps.is_some() { 3 } else { 4 };
    assert_eq!(read.options.sack.len(), options.sack.len().min(fit));
    assert_eq!(read.payload, payload);
}
