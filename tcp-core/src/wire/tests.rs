//! What the tests of this module share, and what holds for all of it.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use super::*;
use crate::seq::{SeqLen, SeqNum, SeqRange};
use crate::stack::{RxChecksum, TxChecksum};

/// The definition of RFC 1071, pair by pair.
pub(super) fn naive(octets: &[u8]) -> [u8; 2] {
    let mut sum = 0u64;
    for (at, octet) in octets.iter().enumerate() {
        sum += u64::from(*octet) << if at % 2 == 0 { 8 } else { 0 };
    }
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    (!(sum as u16)).to_be_bytes()
}

/// An address that has a compact form.
pub(super) fn address(text: &str) -> Address {
    Address::new(text.parse().unwrap()).unwrap()
}

/// Octets that look random and are the same in every run.
pub(super) fn octets(len: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9u32;
    let mut out = Vec::new();
    for _ in 0..len {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        out.push(state as u8);
    }
    out
}

/// Puts the right checksum into `field` of octets that begin with a pseudo-header of `pseudo`.
pub(super) fn transport_checksum(ip: &IpEmit, protocol: u8, octets: &[u8]) -> [u8; 2] {
    let mut summed = Vec::new();
    for address in [ip.source, ip.destination] {
        match address.ip() {
            IpAddr::V4(address) => summed.extend(address.octets()),
            IpAddr::V6(address) => summed.extend(address.octets()),
        }
    }
    summed.extend((octets.len() as u32).to_be_bytes());
    summed.extend([0, 0, 0, protocol]);
    summed.extend(octets);
    naive(&summed)
}

fn addresses() -> impl Strategy<Value = (IpAddr, IpAddr)> {
    let v4 = any::<(u32, u32)>()
        .prop_map(|(s, d)| (Ipv4Addr::from_bits(s).into(), Ipv4Addr::from_bits(d).into()));
    let v6 = any::<(u128, u128)>()
        .prop_map(|(s, d)| (Ipv6Addr::from_bits(s).into(), Ipv6Addr::from_bits(d).into()));
    if cfg!(feature = "ipv6") {
        prop_oneof![v4, v6].boxed()
    } else {
        v4.boxed()
    }
}

fn ip_emit() -> impl Strategy<Value = IpEmit> {
    (addresses(), any::<(u8, u8)>()).prop_map(
        |((source, destination), (hop_limit, traffic_class))| IpEmit {
            source: Address::new(source).unwrap(),
            destination: Address::new(destination).unwrap(),
            hop_limit,
            traffic_class,
        },
    )
}

fn sack_block() -> impl Strategy<Value = SackBlock> {
    (any::<u32>(), 1u32..1 << 31).prop_filter_map("an empty block", |(start, len)| {
        let start = SeqNum::new(start);
        SackBlock::new(SeqRange::new(start, start + SeqLen::new(len)))
    })
}

fn syn_options() -> impl Strategy<Value = OptionsEmit> {
    (
        option::of(any::<u16>()),
        option::of(0u8..=14),
        any::<bool>(),
        option::of(any::<(u32, u32)>()),
        any::<bool>(),
    )
        .prop_map(
            |(mss, window_scale, sack_permitted, timestamps, linux)| OptionsEmit {
                mss,
                window_scale,
                sack_permitted,
                timestamps: timestamps.map(|(value, echo)| Timestamps { value, echo }),
                sack: SackBlocks::new(),
                order: if linux {
                    OptionOrder::Linux
                } else {
                    OptionOrder::FreeBsd
                },
            },
        )
}

fn data_options() -> impl Strategy<Value = OptionsEmit> {
    (option::of(any::<(u32, u32)>()), vec(sack_block(), 0..=4)).prop_map(|(timestamps, sack)| {
        OptionsEmit {
            timestamps: timestamps.map(|(value, echo)| Timestamps { value, echo }),
            sack: sack.into_iter().collect(),
            ..OptionsEmit::default()
        }
    })
}

prop_compose! {
    fn segment()(
        ports in (1u16.., 1u16..),
        seq in any::<u32>(),
        ack in any::<u32>(),
        bits in any::<u8>(),
        window in any::<u16>(),
        urgent in any::<u16>(),
        syn in syn_options(),
        data in data_options(),
    ) -> SegmentEmit {
        let flags = Flags(bits);
        SegmentEmit {
            source_port: ports.0,
            destination_port: ports.1,
            seq: SeqNum::new(seq),
            ack: SeqNum::new(ack),
            flags,
            window: RawWindow(window),
            urgent,
            options: if flags.has(Flags::SYN) { syn } else { data },
        }
    }
}

/// What was written is what is read.
fn assert_same(ip: &IpEmit, emitted: &SegmentEmit, payload: &[u8], packet: &[u8]) {
    let read = IpPacket::parse(packet, HeaderChecksum::Verify).unwrap();
    assert_eq!((read.source, read.destination), (ip.source, ip.destination));
    assert_eq!(read.hop_limit, ip.hop_limit);
    assert_eq!(read.traffic_class, ip.traffic_class);
    assert_eq!(read.protocol, PROTOCOL_TCP);
    assert_eq!(read.fragment, None);
    let checksum = RxChecksum::Unverified;
    let segment = Segment::parse(read.payload, ip.source, ip.destination, checksum).unwrap();
    assert_eq!(segment.source_port, emitted.source_port);
    assert_eq!(segment.destination_port, emitted.destination_port);
    assert_eq!(segment.seq, emitted.seq);
    let ack = emitted.flags.has(Flags::ACK).then_some(emitted.ack);
    assert_eq!(segment.ack, ack);
    assert_eq!(segment.flags, emitted.flags);
    assert_eq!(segment.window, emitted.window);
    let urgent = emitted.flags.has(Flags::URG).then_some(emitted.urgent);
    assert_eq!(segment.urgent, urgent);
    assert_eq!(segment.payload, payload);
    assert_eq!(segment.options.mss, emitted.options.mss);
    assert_eq!(segment.options.window_scale, emitted.options.window_scale);
    assert_eq!(
        segment.options.sack_permitted,
        emitted.options.sack_permitted
    );
    assert_eq!(segment.options.timestamps, emitted.options.timestamps);
    let room = (40
        - 4
        - if emitted.options.timestamps.is_some() {
            12
        } else {
            0
        })
        / 8;
    let sent: SackBlocks = emitted.options.sack.iter().take(room).copied().collect();
    assert_eq!(segment.options.sack, sent);
}

/// The same cases in every run.
fn config() -> ProptestConfig {
    ProptestConfig {
        cases: 400,
        rng_seed: RngSeed::Fixed(0x7c9),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn what_is_emitted_is_parsed(
        ip in ip_emit(),
        segment in segment(),
        payload in vec(any::<u8>(), 0..200),
        at in any::<prop::sample::Index>(),
    ) {
        let (first, second) = payload.split_at(at.index(payload.len() + 1));
        let mut out = [0xaa; 400];
        let len = emit_segment(&mut out, &ip, &segment, [first, second], TxChecksum::Full).unwrap();
        assert!(out[len..].iter().all(|octet| *octet == 0xaa));
        assert_same(&ip, &segment, &payload, &out[..len]);
        // Padding of the link changes nothing.
        assert_same(&ip, &segment, &payload, &out);

        // A device that sums from the TCP header on completes the partial checksum.
        let mut partial = [0xaa; 400];
        let same = emit_segment(
            &mut partial, &ip, &segment, [first, second], TxChecksum::Partial,
        );
        assert_eq!(same, Some(len));
        let start = len - payload.len() - 20 - segment.options.len();
        let sum = naive(&partial[start..len]);
        partial[start + 16..start + 18].copy_from_slice(&sum);
        assert_eq!(partial, out);
    }

    #[test]
    fn nothing_is_written_where_there_is_no_room(
        ip in ip_emit(),
        segment in segment(),
        payload in vec(any::<u8>(), 0..20),
        missing in 1usize..200,
    ) {
        let mut out = [0xaa; 200];
        let halves = [&payload[..], &[]];
        let len = emit_segment(&mut out, &ip, &segment, halves, TxChecksum::Full).unwrap();
        let short = &mut [0xaa; 200][..len.saturating_sub(missing)];
        assert_eq!(emit_segment(short, &ip, &segment, halves, TxChecksum::Full), None);
        assert!(short.iter().all(|octet| *octet == 0xaa));
    }

    #[test]
    fn parsing_survives_any_octets(octets in vec(any::<u8>(), 0..120), version in 0u8..3) {
        let mut octets = octets;
        if let (Some(first), 1..) = (octets.first_mut(), version) {
            *first = if version == 1 { 0x45 } else { 0x60 };
        }
        if let Ok(packet) = IpPacket::parse(&octets, HeaderChecksum::Ignore) {
            assert!(packet.payload.len() + usize::from(packet.header_len) <= octets.len());
        }
        let (a, b) = (Ipv4Addr::LOCALHOST.into(), Ipv4Addr::BROADCAST.into());
        if let Ok(segment) = Segment::parse(&octets, a, b, RxChecksum::Verified) {
            assert!(segment.payload.len() + 20 <= octets.len());
        }
        if let Ok(IcmpMessage::EchoRequest(echo)) =
            IcmpMessage::parse(&octets, a, b, RxChecksum::Partial)
        {
            assert_eq!(echo.data.len() + 8, octets.len());
        }
        assert!((1..600).contains(&describe(&octets).to_string().len()));
        let complaint = Complaint::Protocol;
        if let Some(meta) = may_complain(complaint, &octets) {
            let ip = IpEmit {
                source: meta.destination,
                destination: meta.source,
                hop_limit: 64,
                traffic_class: 0,
            };
            let len = emit_complaint(&mut [0; 300], &ip, complaint, &octets).unwrap_or(0);
            assert!(len <= octets.len() + 48);
        }
    }
}
