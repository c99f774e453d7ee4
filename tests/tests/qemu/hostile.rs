//! What a hostile or broken network sends, against the firmware as it runs on a board.
//!
//! Each row is some frames and what may come back; behind each, an open connection must still work.
//! The names of the rows are those of the list of threats that the tests of the stack follow.

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use tcp_tests::packet::{ACK, FIN, RST, SYN, Segment, URG};
use tcp_tests::qemu::Conversation;
use tcp_tests::qemu::frames::{
    ARP, BROADCAST, FIRMWARE, Heard, IPV4, PEER, PEER_MAC, Wire, arp, icmp, ip, mend_ip,
};

use crate::exchange::counter;

const ECHO: u16 = 7;
const CLOSED: u16 = 1_234;
/// Long enough for every header.
const JUNK: [u8; 64] = [0xa5; 64];

/// What a row may bring forth.
type Judge = fn(&[Heard]) -> bool;

fn nothing(heard: &[Heard]) -> bool {
    heard.is_empty()
}

fn one_reset(heard: &[Heard]) -> bool {
    matches!(heard, [Heard::Segment(segment)] if segment.has(RST))
}

/// An acknowledgment of what was in order before.
fn one_ack(heard: &[Heard]) -> bool {
    matches!(heard, [Heard::Segment(segment)] if segment.flags == ACK)
}

fn at_most_one_ack(heard: &[Heard]) -> bool {
    heard.is_empty() || one_ack(heard)
}

/// A witness: an open connection that must survive whatever comes.
struct Witness {
    conversation: Conversation,
}

impl Witness {
    fn new(wire: &Wire) -> Self {
        let conversation = Conversation::open(wire, 42_000, ECHO);
        Self { conversation }
    }

    /// Sends `frames` and judges what they bring forth, and whether the connection works.
    fn row(&mut self, wire: &Wire, name: &str, frames: &[Vec<u8>], judge: Judge) {
        let heard = wire.answers_to(frames);
        assert!(judge(&heard), "{name}: {heard:?}");
        self.conversation.say(wire, name.as_bytes());
        let echoed = self.conversation.take(wire, name.len());
        assert_eq!(echoed, name.as_bytes());
        // What acknowledges our acknowledgment is none of the next row's.
        wire.answers_to(&[]);
    }

    /// The same for each variant of a segment on the connection itself.
    fn segments(&mut self, wire: &Wire, name: &str, judge: Judge, make: &[fn(&mut Segment)]) {
        for change in make {
            let mut segment = self.conversation.acknowledgment();
            change(&mut segment);
            let frame = wire.ip_frame(&segment.encode());
            self.row(wire, name, &[frame], judge);
        }
    }
}

pub(crate) fn e_frames_that_are_none(wire: &Wire) {
    let mut witness = Witness::new(wire);
    let whole = wire.frame_of(IPV4, &JUNK);
    // A datagram of no octets is no frame.
    let short: Vec<_> = (1..14).map(|length| whole[..length].to_vec()).collect();
    witness.row(wire, "e01", &short, nothing);
    let empty = [IPV4, ARP, 0x86dd].map(|kind| wire.frame_of(kind, &[]));
    witness.row(wire, "e02", &empty, nothing);
    let lengths = [0, 46, 1_500, 1_535].map(|kind| wire.frame_of(kind, &JUNK));
    witness.row(wire, "e09 lengths", &lengths, nothing);
    let tags: Vec<_> = (0..4)
        .map(|n| wire.frame_of(0x8100, &[0; 4][..n]))
        .collect();
    witness.row(wire, "e09 tags", &tags, nothing);
    let long = wire.frame_of(IPV4, &vec![0x45; 1_600]);
    witness.row(wire, "e10 longer than the buffer", &[long], nothing);
}

pub(crate) fn e_frames_from_and_to_the_wrong_ones(wire: &Wire) {
    let mut witness = Witness::new(wire);
    let syn = Conversation::silent(42_100, ECHO).syn().encode();
    let frame = wire.ip_frame(&syn);
    let with = |at: usize, mac: [u8; 6]| {
        let mut frame = frame.clone();
        frame[at..at + 6].copy_from_slice(&mac);
        frame
    };
    let group = [0x01, 0, 0x5e, 0, 0, 1];
    witness.row(wire, "e06", &[with(6, group), with(6, BROADCAST)], nothing);
    let others = [
        with(0, [2, 9, 9, 9, 9, 9]),
        with(0, group),
        with(0, PEER_MAC),
    ];
    witness.row(wire, "e07", &others, nothing);
    witness.row(wire, "e08", &[with(0, BROADCAST)], nothing);
    // Padding is no data: six octets behind the packet are not echoed.
    let mut padded = wire.ip_frame(&witness.conversation.acknowledgment().encode());
    padded[54..60].fill(0xaa);
    witness.row(wire, "e03", &[padded], nothing);
}

/// Padding of what the firmware sends is zero: the reader of frames insists on it.
pub(crate) fn e04_an_echo_of_one_octet_is_padded_with_zeros(wire: &Wire) {
    let mut witness = Witness::new(wire);
    // Leave something in the buffers first.
    witness.row(
        wire,
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        &[],
        nothing,
    );
    let request = wire.ip_frame(&icmp(8, 0, &[0, 9, 0, 9, 0x55]));
    let heard = wire.answers_to(&[request]);
    assert_eq!(heard, [Heard::Icmp(0, 0, vec![0, 9, 0, 9, 0x55])]);
}

pub(crate) fn a_arp_that_is_none(wire: &Wire) {
    let mut witness = Witness::new(wire);
    let good = arp(1, PEER_MAC, PEER);
    let cut: Vec<_> = (0..28)
        .map(|length| wire.frame_of(ARP, &good[..length]))
        .collect();
    witness.row(wire, "a01", &cut, nothing);
    let with = |at: usize, octet: u8| {
        let mut packet = good.clone();
        packet[at] = octet;
        wire.frame_of(ARP, &packet)
    };
    let hardware = [0, 5, 7, 255].map(|octet| with(4, octet));
    let protocol = [0, 3, 16, 255].map(|octet| with(5, octet));
    witness.row(wire, "a02", &[hardware, protocol].concat(), nothing);
    witness.row(wire, "a02 types", &[with(1, 6), with(2, 0x86)], nothing);
    witness.row(
        wire,
        "a03",
        &[with(7, 0), with(7, 3), with(7, 4), with(6, 255)],
        nothing,
    );
}

pub(crate) fn a_arp_that_lies(wire: &Wire) {
    let mut witness = Witness::new(wire);
    let frame = |operation, mac, address| wire.frame_of(ARP, &arp(operation, mac, address));
    let thief = [2, 6, 6, 6, 6, 6];
    let groups = [BROADCAST, [1, 0, 0x5e, 0, 0, 1], thief];
    let frames = groups.map(|mac| frame(1, mac, Ipv4Addr::new(10, 0, 2, 9)));
    witness.row(wire, "a04", &frames, nothing);
    let hosts = [
        [10, 0, 2, 255],
        [10, 0, 2, 0],
        [127, 0, 0, 1],
        [224, 0, 0, 1],
        [9, 9, 9, 9],
    ];
    let frames = hosts.map(|host| frame(1, PEER_MAC, host.into()));
    // They get their answer, and no place in the cache.
    let answers: Judge = |heard| heard.iter().all(|heard| matches!(heard, Heard::Told(_)));
    witness.row(wire, "a07", &frames, answers);
    // The gateway's address from a thief, unasked. The connection goes on with the gateway.
    let mut stolen = frame(2, thief, PEER);
    stolen[6..12].copy_from_slice(&thief);
    witness.row(wire, "a08", &[stolen], nothing);
    // Our address claimed by somebody else: defended once in ten seconds.
    let claims = [(); 5].map(|()| frame(1, PEER_MAC, FIRMWARE));
    let once: Judge = |heard| heard == [Heard::Asked(FIRMWARE)];
    witness.row(wire, "a05", &claims, once);
    // A probe is answered, and is no mapping.
    let probe = wire.arp_request(Ipv4Addr::UNSPECIFIED);
    let told: Judge = |heard| heard == [Heard::Told(Ipv4Addr::UNSPECIFIED)];
    witness.row(wire, "a06", &[probe], told);
}

pub(crate) fn a09_many_neighbours_do_not_push_out_the_gateway(wire: &Wire) {
    let mut witness = Witness::new(wire);
    for host in 16..=254 {
        let request = wire.arp_request(Ipv4Addr::new(10, 0, 2, host));
        let heard = wire.answers_to(&[request]);
        assert_eq!(heard, [Heard::Told(Ipv4Addr::new(10, 0, 2, host))]);
    }
    // Not even a question for it.
    witness.row(wire, "a09", &[], nothing);
}

pub(crate) fn f_headers_that_lie(wire: &Wire) {
    let mut witness = Witness::new(wire);
    let syn = Conversation::silent(42_200, ECHO).syn().encode();
    let with = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut packet = syn.clone();
        change(&mut packet);
        mend_ip(&mut packet);
        wire.ip_frame(&packet)
    };
    let versions: Vec<_> = (0..16u8)
        .filter(|version| *version != 4)
        .map(|version| with(&|packet| packet[0] = version << 4 | 5))
        .collect();
    witness.row(wire, "f01", &versions, nothing);
    let lengths: Vec<_> = (0..5u8).chain([15]).collect();
    let lengths: Vec<_> = lengths
        .into_iter()
        .map(|ihl| with(&|p| p[0] = 0x40 | ihl))
        .collect();
    witness.row(wire, "f02 f03", &lengths, nothing);
    let totals = [0u16, 19, 39, 1_500, 65_535];
    let totals = totals.map(|total| with(&|p| p[2..4].copy_from_slice(&total.to_be_bytes())));
    witness.row(wire, "f04 f05", &totals, nothing);
    let mut damaged = wire.ip_frame(&syn);
    damaged[14 + 10] ^= 1;
    witness.row(wire, "f06", &[damaged], nothing);
    let fragments = [[0x20, 0], [0x20, 1], [0, 1], [0x1f, 0xff]];
    let fragments = fragments.map(|field| with(&|p| p[6..8].copy_from_slice(&field)));
    witness.row(wire, "f16 f18", &fragments, nothing);
}

pub(crate) fn f_addresses_that_no_host_has(wire: &Wire) {
    let mut witness = Witness::new(wire);
    let syn = Conversation::silent(42_300, ECHO).syn().encode();
    // Both addresses are within the pseudo header: a sum that was right stays right only if the
    // TCP checksum is made again.
    let between = |from: Ipv4Addr, to: Ipv4Addr| {
        let mut segment = Segment::decode(&syn).expect("our own");
        segment.source.set_ip(from.into());
        segment.destination.set_ip(to.into());
        wire.ip_frame(&segment.encode())
    };
    let sources = [
        FIRMWARE,
        Ipv4Addr::LOCALHOST,
        Ipv4Addr::UNSPECIFIED,
        Ipv4Addr::BROADCAST,
        Ipv4Addr::new(224, 0, 0, 1),
        Ipv4Addr::new(240, 0, 0, 1),
        Ipv4Addr::new(10, 0, 2, 255),
    ];
    let frames = sources.map(|source| between(source, FIRMWARE));
    witness.row(wire, "f07", &frames, nothing);
    let destinations = [
        Ipv4Addr::LOCALHOST,
        Ipv4Addr::BROADCAST,
        Ipv4Addr::new(10, 0, 2, 255),
        Ipv4Addr::new(224, 0, 0, 1),
        Ipv4Addr::new(10, 0, 2, 16),
    ];
    let frames = destinations.map(|destination| between(PEER, destination));
    witness.row(wire, "f08 f09", &frames, nothing);
    let nested = ip(4, (PEER, FIRMWARE), &syn);
    witness.row(wire, "f15", &[wire.ip_frame(&nested)], |heard| {
        matches!(heard, [] | [Heard::Icmp(3, 2, _)])
    });
}

pub(crate) fn c_icmp_that_lies(wire: &Wire) {
    let mut witness = Witness::new(wire);
    let cut: Vec<_> = (0..8)
        .map(|length| {
            wire.ip_frame(&ip(
                1,
                (PEER, FIRMWARE),
                &[8, 0, 0xf7, 0xff, 0, 0, 0][..length.min(7)],
            ))
        })
        .collect();
    witness.row(wire, "c01", &cut, nothing);
    let broadcast = {
        let mut packet = icmp(8, 0, &JUNK);
        packet[16..20].copy_from_slice(&[255; 4]);
        mend_ip(&mut packet);
        wire.ip_frame(&packet)
    };
    witness.row(wire, "c03", &[broadcast], nothing);
    let others: Vec<_> = [4, 5, 9, 10, 13, 15, 17, 18, 255]
        .iter()
        .map(|kind| wire.ip_frame(&icmp(*kind, 0, &JUNK)))
        .collect();
    witness.row(wire, "c11 c15 c16", &others, nothing);
    // Errors that quote too little, or sequence numbers that were never sent.
    let quoted = |seq: u32, octets: usize| {
        let mut segment = Segment::new((FIRMWARE, ECHO).into(), (PEER, 42_000).into());
        segment.seq = seq;
        segment.flags = ACK;
        segment.encode()[..octets].to_vec()
    };
    let ahead = witness.conversation.ack.wrapping_add(1);
    let mut errors: Vec<_> = (0..=27)
        .map(|octets| icmp(3, 3, &[&[0; 4][..], &quoted(ahead, octets)].concat()))
        .collect();
    for code in [1, 2, 3, 4] {
        errors.push(icmp(
            3,
            code,
            &[&[0, 0, 0, 68][..], &quoted(ahead, 40)].concat(),
        ));
    }
    let errors: Vec<_> = errors.iter().map(|error| wire.ip_frame(error)).collect();
    witness.row(wire, "c06 c09 c12", &errors, nothing);
}

pub(crate) fn p_segments_that_are_none(wire: &Wire) {
    let mut witness = Witness::new(wire);
    let syn = Conversation::silent(42_400, ECHO).syn().encode();
    let cut: Vec<_> = (0..20)
        .map(|n| wire.ip_frame(&ip(6, (PEER, FIRMWARE), &syn[20..20 + n])))
        .collect();
    witness.row(wire, "p01", &cut, nothing);
    let offsets: Vec<_> = [0u8, 1, 2, 3, 4, 15]
        .iter()
        .map(|offset| {
            let mut packet = syn.clone();
            packet[32] = offset << 4;
            wire.ip_frame(&packet)
        })
        .collect();
    witness.row(wire, "p02 p03", &offsets, nothing);
    let mut damaged = syn.clone();
    damaged[36] ^= 0x40;
    witness.row(wire, "p04", &[wire.ip_frame(&damaged)], nothing);
    let ports = [(0, ECHO), (42_401, 0)].map(|(from, to)| {
        let mut segment = Segment::new((PEER, from).into(), (FIRMWARE, to).into());
        segment.flags = SYN;
        wire.ip_frame(&segment.encode())
    });
    witness.row(wire, "p17", &ports, nothing);
}

pub(crate) fn p_options_that_are_none(wire: &Wire) {
    let mut witness = Witness::new(wire);
    let mut options = vec![vec![1; 40]];
    for kind in 2..=255 {
        let rows = [
            [kind, 0, 0, 0],
            [kind, 1, 0, 0],
            [kind, 255, 0, 0],
            [1, 1, 1, kind],
        ];
        options.extend(rows.map(Vec::from));
    }
    for (kind, length) in [
        (5, 2),
        (5, 3),
        (5, 9),
        (5, 11),
        (8, 9),
        (8, 11),
        (19, 3),
        (29, 2),
    ] {
        let mut raw = vec![0; 12];
        raw[..2].copy_from_slice(&[kind, length]);
        options.push(raw);
    }
    // A few at a time: the chip holds ten thousand octets.
    for part in options.chunks(16) {
        let with = |raw: &Vec<u8>| {
            let mut segment = witness.conversation.acknowledgment();
            segment.options.raw.clone_from(raw);
            wire.ip_frame(&segment.encode())
        };
        let frames: Vec<_> = part.iter().map(with).collect();
        witness.row(wire, "p05 p06 p07 p08 p10 p12 p14", &frames, nothing);
    }
    let silent = Conversation::silent(42_500, ECHO);
    for (at, raw) in [
        &[3, 3, 15, 0][..],
        &[3, 3, 255, 0],
        &[3, 4, 1, 1],
        &[2, 3, 9, 1],
    ]
    .iter()
    .enumerate()
    {
        let mut syn = silent.syn();
        syn.source.set_port(42_500 + at as u16);
        syn.options.raw = raw.to_vec();
        let frame = wire.ip_frame(&syn.encode());
        let sane: Judge = |heard| match heard {
            [] => true,
            [Heard::Segment(answer)] => answer.has(SYN | ACK) || answer.has(RST),
            _ => false,
        };
        let mut reset = silent.segment(RST, &[]);
        reset.source = syn.source;
        reset.seq = syn.end();
        let reset = wire.ip_frame(&reset.encode());
        witness.row(wire, "p08 p09", &[frame, reset], sane);
    }
}

pub(crate) fn p_and_s_segments_out_of_place(wire: &Wire) {
    let mut witness = Witness::new(wire);
    witness.segments(
        wire,
        "s01",
        one_ack,
        &[|segment| (segment.flags, segment.seq) = (RST, segment.seq.wrapping_add(1))],
    );
    // The next one within half a second gets no challenge of its own.
    witness.segments(
        wire,
        "s01 s30",
        nothing,
        &[|segment| {
            (segment.flags, segment.seq) = (RST | ACK, segment.seq.wrapping_add(4_000));
        }],
    );
    witness.segments(
        wire,
        "s01 outside",
        nothing,
        &[
            |segment| (segment.flags, segment.seq) = (RST, segment.seq.wrapping_sub(1)),
            |segment| (segment.flags, segment.seq) = (RST, segment.seq.wrapping_add(20_000)),
            |segment| (segment.flags, segment.seq) = (RST, segment.seq.wrapping_add(1 << 31)),
        ],
    );
    witness.segments(
        wire,
        "s03 s05",
        at_most_one_ack,
        &[
            |segment| segment.flags = SYN,
            |segment| segment.flags = SYN | ACK,
            |segment| segment.flags = SYN | FIN,
            |segment| segment.ack = segment.ack.wrapping_add(1),
            |segment| segment.ack = segment.ack.wrapping_add(1 << 30),
            |segment| segment.ack = segment.ack.wrapping_sub(100_000),
            |segment| segment.seq = segment.seq.wrapping_add(9_000),
            |segment| segment.seq = segment.seq.wrapping_sub(9_000),
        ],
    );
    witness.segments(
        wire,
        "p13",
        at_most_one_ack,
        &[
            |segment| (segment.flags, segment.urgent) = (ACK | URG, 0),
            |segment| (segment.flags, segment.urgent) = (ACK | URG, 1),
            |segment| (segment.flags, segment.urgent) = (ACK | URG, 65_535),
        ],
    );
    witness.segments(
        wire,
        "p15",
        nothing,
        &[
            |segment| segment.flags = 0,
            |segment| segment.flags = FIN,
            |segment| segment.flags = URG | FIN | 0x08,
        ],
    );
}

/// All 256 sets of flags at a closed port and at a listener: at most one answer, and only a reset
/// or the answer to a SYN.
pub(crate) fn p15_every_set_of_flags(wire: &Wire) {
    let mut witness = Witness::new(wire);
    for port in [CLOSED, ECHO] {
        for flags in 0..=255 {
            let mut segment = Conversation::silent(43_000 + flags, port).acknowledgment();
            segment.flags = u8::try_from(flags).expect("eight bits");
            let heard = wire.answers_to(&[wire.ip_frame(&segment.encode())]);
            match heard.as_slice() {
                [] => {}
                [Heard::Segment(answer)] if answer.has(RST) => {
                    assert!(!segment.has(RST), "{segment} was answered by {answer}");
                }
                [Heard::Segment(answer)] if answer.flags & (SYN | ACK) == SYN | ACK => {
                    assert!(segment.has(SYN) && port == ECHO, "{segment}: {answer}");
                    let mut reset = segment.clone();
                    (reset.flags, reset.seq) = (RST, segment.seq.wrapping_add(1));
                    wire.send_segment(&reset);
                }
                other => panic!("{segment}: {other:?}"),
            }
        }
    }
    witness.row(wire, "p15", &[], nothing);
}

pub(crate) fn s11_a_closed_port_resets(wire: &Wire) {
    let mut witness = Witness::new(wire);
    let silent = Conversation::silent(44_000, CLOSED);
    let mut with_data = silent.syn();
    with_data.payload = vec![7; 10];
    let frame = wire.ip_frame(&with_data.encode());
    let heard = wire.answers_to(&[frame]);
    let [Heard::Segment(reset)] = heard.as_slice() else {
        panic!("{heard:?}");
    };
    assert_eq!((reset.flags, reset.seq), (RST | ACK, 0), "{reset}");
    assert_eq!(reset.ack, with_data.end(), "{reset}");
    let mut ack = silent.acknowledgment();
    ack.ack = 0x8765_4321;
    witness.row(wire, "s11", &[wire.ip_frame(&ack.encode())], one_reset);
}

/// More SYNs than there are entries, and then a peer that means it.
pub(crate) fn r01_a_flood_of_syns_leaves_room_for_others(wire: &Wire) {
    let mut witness = Witness::new(wire);
    for port in 45_000..45_200 {
        let syn = Conversation::silent(port, ECHO).syn();
        wire.answers_to(&[wire.ip_frame(&syn.encode())]);
    }
    witness.row(wire, "r01", &[], |_| true);
    // Half-open entries end by themselves; until then a SYN that finds no room is sent again.
    let mut late = Conversation::silent(46_000, ECHO);
    let syn = late.syn();
    let start = Instant::now();
    let mut answer = None;
    while answer.is_none() && start.elapsed() < Duration::from_secs(40) {
        wire.send_segment(&syn);
        let heard = wire.hear(Duration::from_millis(500));
        answer = heard.and_then(|heard| match heard {
            Heard::Segment(answer) if answer.destination == syn.source => Some(answer),
            _ => None,
        });
    }
    late.establish(wire, &syn, answer.expect("room in time"));
    late.say(wire, b"meant");
    assert_eq!(late.take(wire, 5), b"meant");
}

/// What was dropped is counted, and shown by the firmware's own page.
pub(crate) fn what_is_dropped_is_counted(wire: &Wire) {
    let syn = Conversation::silent(42_600, ECHO).syn().encode();
    let mut damaged = syn.clone();
    damaged[36] ^= 1;
    let frames = [
        wire.frame_of(0x86dd, &JUNK),
        wire.frame_of(ARP, &[0; 20]),
        wire.ip_frame(&damaged),
        wire.ip_frame(&Conversation::silent(42_601, CLOSED).syn().encode()),
    ];
    let names = [
        "dropped_frame_other_protocol",
        "dropped_arp_malformed",
        "dropped_tcp_checksum",
        "dropped_no_connection",
    ];
    let before = names.map(|name| counter(wire, name));
    wire.answers_to(&frames);
    let after = names.map(|name| counter(wire, name));
    for ((name, before), after) in names.iter().zip(before).zip(after) {
        assert!(after > before, "{name}: {before}, then {after}");
    }
}
