//! Arbitrary octets through every parser of the wire module.
//!
//! What must hold: a payload lies within its packet, a description is bounded by the packet's
//! length, what was read can be written and is read again as the same, an answer is never longer
//! than its limit and itself parses.
#![no_main]

use core::fmt::Write;

use libfuzzer_sys::fuzz_target;
use tcp_core::wire::{
    Complaint, Echo, EchoKind, HeaderChecksum, IcmpMessage, IpEmit, IpPacket, OptionsEmit,
    ParameterProblem, ParseError, Segment, SegmentEmit, describe, emit_complaint, emit_echo,
    emit_segment, may_complain,
};
use tcp_core::{RxChecksum, SeqNum, TxChecksum};

fuzz_target!(|octets: &[u8]| {
    check_description(octets);
    match IpPacket::parse(octets, HeaderChecksum::Ignore) {
        Ok(packet) => check_packet(&packet, octets),
        Err(error) => check_error(error, octets),
    }
    for complaint in [Complaint::Protocol, Complaint::Port, Complaint::Reassembly] {
        check_complaint(complaint, octets);
    }
});

/// Counts what is written.
struct Count(usize);

impl Write for Count {
    fn write_str(&mut self, text: &str) -> core::fmt::Result {
        self.0 += text.len();
        Ok(())
    }
}

/// The longest line: two addresses, fixed words, and what forty octets of options can become.
fn check_description(octets: &[u8]) {
    let mut count = Count(0);
    write!(count, "{}", describe(octets)).unwrap();
    assert!((1..600).contains(&count.0), "{} characters", count.0);
}

fn check_packet(packet: &IpPacket<'_>, octets: &[u8]) {
    let header_len = usize::from(packet.header_len);
    assert!(header_len >= 20);
    let end = header_len + packet.payload.len();
    assert_eq!(octets.get(header_len..end), Some(packet.payload));
    if let Some(fragment) = packet.fragment {
        assert!(fragment.more || fragment.offset > 0);
        assert_eq!(fragment.offset % 8, 0);
        assert!(fragment.offset as usize + packet.payload.len() <= 65_535);
        assert!(!fragment.more || packet.payload.len().is_multiple_of(8));
        assert!(!packet.payload.is_empty());
    }
    // Fragments put together are parsed from here on without a header in front.
    if let Ok(whole) = IpPacket::reassembled(packet.meta(), packet.payload) {
        assert!(whole.payload.len() <= packet.payload.len());
        assert!(packet.payload.ends_with(whole.payload));
    }
    let (source, destination) = (packet.source, packet.destination);
    for checksum in [RxChecksum::Unverified, RxChecksum::Partial] {
        if let Ok(segment) = Segment::parse(packet.payload, source, destination, checksum) {
            check_segment(packet, &segment);
        }
        if let Ok(message) = IcmpMessage::parse(packet.payload, source, destination, checksum) {
            check_message(packet, &message);
        }
    }
}

fn answer(packet: &IpPacket<'_>) -> IpEmit {
    IpEmit {
        source: packet.destination,
        destination: packet.source,
        hop_limit: packet.hop_limit,
        traffic_class: packet.traffic_class,
    }
}

/// Writes what was read, and reads it again.
fn check_segment(packet: &IpPacket<'_>, segment: &Segment<'_>) {
    assert!(segment.payload.len() + 20 <= packet.payload.len());
    assert!(packet.payload.ends_with(segment.payload));
    let options = &segment.options;
    assert!(options.window_scale.is_none_or(|shift| shift <= 14));
    assert!(options.sack.iter().all(|block| !block.range().is_empty()));
    let emit = SegmentEmit {
        source_port: segment.source_port,
        destination_port: segment.destination_port,
        seq: segment.seq,
        ack: segment.ack.unwrap_or(SeqNum::new(0)),
        flags: segment.flags,
        window: segment.window,
        urgent: segment.urgent.unwrap_or(0),
        options: OptionsEmit {
            mss: options.mss,
            window_scale: options.window_scale,
            sack_permitted: options.sack_permitted,
            timestamps: options.timestamps,
            sack: options.sack.clone(),
            ..OptionsEmit::default()
        },
    };
    let half = segment.payload.len() / 2;
    let (first, second) = segment.payload.split_at(half);
    let mut out = vec![0xaa; packet.payload.len() + 100];
    let ip = answer(packet);
    let Some(len) = emit_segment(&mut out, &ip, &emit, [first, second], TxChecksum::Full) else {
        // Only padding of the options can make it too long for a packet.
        assert!(packet.payload.len() > 65_000);
        return;
    };
    let again = IpPacket::parse(&out[..len], HeaderChecksum::Verify).unwrap();
    let (source, destination) = (again.source, again.destination);
    let unverified = RxChecksum::Unverified;
    let mut read = Segment::parse(again.payload, source, destination, unverified).unwrap();
    // Blocks that stood beside unaligned options may have no room beside aligned ones.
    assert!(options.sack.starts_with(&read.options.sack));
    read.options.sack = options.sack.clone();
    assert_eq!(read, *segment);
}

fn check_message(packet: &IpPacket<'_>, message: &IcmpMessage<'_>) {
    if let IcmpMessage::EchoRequest(echo) = message {
        let mut out = vec![0; packet.payload.len() + 40];
        let ip = answer(packet);
        let len = emit_echo(&mut out, &ip, EchoKind::Reply, echo).unwrap_or(0);
        assert!(len > 0 || packet.payload.len() > 65_000);
        let Ok(reply) = IpPacket::parse(&out[..len], HeaderChecksum::Verify) else {
            return assert_eq!(len, 0);
        };
        let unverified = RxChecksum::Unverified;
        let read = IcmpMessage::parse(reply.payload, ip.source, ip.destination, unverified);
        assert_eq!(read, Ok(IcmpMessage::EchoReply(Echo { ..*echo })));
    }
}

fn check_error(error: ParseError, octets: &[u8]) {
    assert!(!error.to_string().is_empty());
    let _ = error.dropped();
    if let Some(problem) = error.parameter_problem() {
        assert!(usize::from(problem.pointer) < octets.len());
        assert!(problem.code <= ParameterProblem::OPTION);
        check_complaint(Complaint::Parameter(problem), octets);
    }
}

/// A complaint fits its limit, is right, and is never complained about.
fn check_complaint(complaint: Complaint, octets: &[u8]) {
    let Some(meta) = may_complain(complaint, octets) else {
        return;
    };
    let ip = IpEmit {
        source: meta.destination,
        destination: meta.source,
        hop_limit: 64,
        traffic_class: 0,
    };
    let limit = if ip.source.is_v4() { 576 } else { 1_280 };
    let mut out = [0; 1_500];
    let Some(len) = emit_complaint(&mut out, &ip, complaint, octets) else {
        return;
    };
    assert!(len <= limit);
    let packet = IpPacket::parse(&out[..len], HeaderChecksum::Verify).unwrap();
    assert!(octets.starts_with(&packet.payload[8..]));
    assert_eq!(may_complain(complaint, &out[..len]), None);
    let (source, destination) = (packet.source, packet.destination);
    let unverified = RxChecksum::Unverified;
    match IcmpMessage::parse(packet.payload, source, destination, unverified) {
        Ok(IcmpMessage::Error(error)) => assert_eq!(error.quoted.destination, meta.destination),
        // The quotation may be too short, or a later fragment.
        Err(ParseError::Truncated { .. }) => {}
        other => panic!("{other:?}"),
    }
}
