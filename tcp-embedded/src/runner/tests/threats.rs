//! A whole host against frames that are written by hand.

use tcp_core::wire::{
    Flags, HeaderChecksum, IpEmit, IpPacket, OptionsEmit, RawWindow, Segment, SegmentEmit,
    emit_segment, pseudo_header,
};
use tcp_core::{SeqNum, TxChecksum};

use super::*;

const PEER_MAC: [u8; 6] = [2, 0, 0, 0, 0, 2];
const OUR_MAC: [u8; 6] = [2, 0, 0, 0, 0, 1];
const NEIGHBOR: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 7);

/// The end of the cable that the tests hold.
struct Peer<'c> {
    end: End<'c, 16>,
}

impl Peer<'_> {
    fn say(&mut self, ether_type: u16, payload: &[u8]) {
        let head = [&OUR_MAC[..], &PEER_MAC, &ether_type.to_be_bytes()].concat();
        let mut frame = [&head[..], payload].concat();
        while frame.len() < 60 {
            frame.push(0xaa);
        }
        self.end.transmit(&frame).unwrap();
    }

    /// Every frame that arrived.
    fn hear(&mut self) -> Vec<Vec<u8>> {
        let mut frames = Vec::new();
        let mut frame = [0; 1_514];
        while let Some(len) = self.end.receive(&mut frame).unwrap() {
            frames.push(frame[..len].to_vec());
        }
        frames
    }

    /// Answers to requests for `address`.
    fn answer_arp(&mut self, address: Ipv4Addr) {
        let fixed = [0, 1, 8, 0, 6, 4, 0, 2];
        let octets = address.octets();
        let ours = SERVER.octets();
        let packet = [&fixed[..], &PEER_MAC, &octets, &OUR_MAC, &ours].concat();
        self.say(0x0806, &packet);
    }

    fn segment(&mut self, flags: u8, seq: u32, ack: SeqNum, payload: &[u8]) {
        let mut packet = [0; 200];
        let ip = IpEmit {
            source: CLIENT.into(),
            destination: SERVER.into(),
            hop_limit: 64,
            traffic_class: 0,
        };
        let segment = SegmentEmit {
            source_port: 50_000,
            destination_port: PORT,
            seq: SeqNum::new(seq),
            ack,
            flags: Flags(flags),
            window: RawWindow(1_000),
            urgent: 0,
            options: OptionsEmit::default(),
        };
        let full = TxChecksum::Full;
        let len = emit_segment(&mut packet, &ip, &segment, [payload, &[]], full).unwrap();
        self.say(0x0800, &packet[..len]);
    }
}

/// A connection by hand; our handle of it and what to acknowledge.
fn connected<'a>(
    runner: &mut Runner<'a, End<'a, 16>, impl Memory<'a>>,
    peer: &mut Peer<'_>,
) -> (Handle, SeqNum) {
    let now = Instant::from_millis(1);
    peer.segment(Flags::SYN, 99, SeqNum::new(0), &[]);
    let _ = runner.poll(now);
    peer.answer_arp(CLIENT);
    let _ = (runner.poll(now), runner.poll(now));
    let frames = peer.hear();
    let syn_ack = frames.iter().find(|frame| frame[12..14] == [8, 0]).unwrap();
    let packet = IpPacket::parse(&syn_ack[14..], HeaderChecksum::Verify).unwrap();
    let unverified = RxChecksum::Unverified;
    let syn_ack = Segment::parse(
        packet.payload,
        packet.source,
        packet.destination,
        unverified,
    );
    let ack = syn_ack.unwrap().seq + tcp_core::SeqLen::ONE;
    peer.segment(Flags::ACK, 100, ack, &[]);
    let _ = runner.poll(now);
    let Some(Event::Listener(listener)) = runner.stack().poll_event() else {
        panic!("nobody connected");
    };
    let handle = runner.stack().accept(listener).unwrap().unwrap();
    (handle, ack)
}

#[test]
fn e03_padding_never_becomes_text() {
    let cable = Cable::<16>::new();
    let (a, b) = cable.ends();
    let mut memory = Resources::<2, 512, 512, 16>::new();
    let mut server = Runner::new(a, host(SERVER, 1), memory.lend()).unwrap();
    let mut peer = Peer { end: b };
    listen(&mut server);
    let (handle, ack) = connected(&mut server, &mut peer);
    // A pure ACK has 40 octets, and the frame six of padding, 0xaa each.
    for _ in 0..3 {
        peer.segment(Flags::ACK, 100, ack, &[]);
        let _ = server.poll(Instant::from_millis(2));
    }
    assert_eq!(server.stack().readable(handle), Ok(0));
    peer.segment(Flags::ACK, 100, ack, b"x");
    let _ = server.poll(Instant::from_millis(3));
    let mut text = [0; 8];
    let now = Instant::from_millis(3);
    assert_eq!(server.stack().read(now, handle, &mut text), Ok(1));
    assert_eq!(&text[..1], b"x");
}

#[test]
fn e04_what_the_stack_sends_is_padded_with_zeros() {
    let cable = Cable::<16>::new();
    let (a, b) = cable.ends();
    let mut memory = Resources::<2, 512, 512, 16>::new();
    let parts = memory.lend();
    parts.frame.fill(0xaa);
    let mut server = Runner::new(a, host(SERVER, 1), parts).unwrap();
    let mut peer = Peer { end: b };
    listen(&mut server);
    // An echo request with one octet.
    let mut echo = [8, 0, 0, 0, 0, 1, 0, 1, 0x55];
    let mut sum = tcp_core::wire::Checksum::new();
    sum.add(&echo);
    echo[2..4].copy_from_slice(&sum.complement());
    let ip = IpEmit {
        source: CLIENT.into(),
        destination: SERVER.into(),
        hop_limit: 64,
        traffic_class: 0,
    };
    let mut packet = [0; 29];
    tcp_core::wire::emit_ip_header(&mut packet, &ip, 1, 9).unwrap();
    packet[20..].copy_from_slice(&echo);
    peer.say(0x0800, &packet);
    let now = Instant::from_millis(1);
    let _ = server.poll(now);
    peer.answer_arp(CLIENT);
    let _ = server.poll(now);
    let frames = peer.hear();
    let reply = frames.iter().find(|frame| frame[12..14] == [8, 0]).unwrap();
    assert_eq!((reply.len(), reply[42]), (60, 0x55));
    assert_eq!(reply[43..], [0; 17]);
}

#[test]
fn a09_the_peer_of_a_live_connection_is_not_forgotten_however_idle_it_is() {
    let cable = Cable::<16>::new();
    let (a, b) = cable.ends();
    let mut memory = Resources::<2, 512, 512, 16>::new();
    let mut server = Runner::new(a, host(SERVER, 1), memory.lend()).unwrap();
    let mut peer = Peer { end: b };
    listen(&mut server);
    let (handle, ack) = connected(&mut server, &mut peer);
    // After ten minutes, more neighbours than the cache has places want to be found.
    let mut now = Instant::from_millis(600_000);
    for number in 0..200u8 {
        let other = Ipv4Addr::new(10, 0, 0, number.max(3));
        let packet = syn_from(other);
        peer.say(0x0800, &packet);
        let _ = server.poll(now);
        now += Duration::from_millis(100);
        peer.hear();
    }
    assert_eq!(server.stack().send(now, handle, b"still here"), Ok(10));
    let _ = server.poll(now);
    let frames = peer.hear();
    let text = frames.iter().any(|frame| frame.ends_with(b"still here"));
    assert!(text, "the neighbour is known");
    let _ = ack;
}

/// A SYN to a port where nobody listens, so that a reset wants to go to `source`.
fn syn_from(source: Ipv4Addr) -> Vec<u8> {
    let mut packet = [0; 60];
    let ip = IpEmit {
        source: source.into(),
        destination: SERVER.into(),
        hop_limit: 64,
        traffic_class: 0,
    };
    let segment = SegmentEmit {
        source_port: 50_000,
        destination_port: 9,
        seq: SeqNum::new(1),
        ack: SeqNum::new(0),
        flags: Flags(Flags::SYN),
        window: RawWindow(1_000),
        urgent: 0,
        options: OptionsEmit::default(),
    };
    let full = TxChecksum::Full;
    let len = emit_segment(&mut packet, &ip, &segment, [&[], &[]], full).unwrap();
    packet[..len].to_vec()
}

#[test]
fn a11_u3_requests_to_nobody_are_limited_and_one_frame_has_one_answer() {
    let cable = Cable::<16>::new();
    let (a, b) = cable.ends();
    let mut memory = Resources::<2, 512, 512, 16>::new();
    let mut server = Runner::new(a, host(SERVER, 1), memory.lend()).unwrap();
    let mut peer = Peer { end: b };
    listen(&mut server);
    let mut requests = 0;
    for ms in 0..5_000 {
        peer.say(0x0800, &syn_from(NEIGHBOR));
        let _ = server.poll(Instant::from_millis(ms));
        let frames = peer.hear();
        assert!(frames.len() <= 1);
        requests += frames.len();
    }
    assert_eq!(requests, 5, "one a second");
}

#[test]
fn z06_a_device_may_say_anything() {
    for says in [
        Ok(None),
        Ok(Some(0)),
        Ok(Some(1)),
        Ok(Some(59)),
        Ok(Some(1_514)),
        Ok(Some(usize::MAX)),
        Err(ErrorKind::Bus),
        Err(ErrorKind::Timeout),
        Err(ErrorKind::Overrun),
        Err(ErrorKind::BadFrame),
        Err(ErrorKind::TooLong),
        Err(ErrorKind::Other),
    ] {
        let mut runner = runner(Odd::saying(says), CLIENT);
        let handle = connect(Instant::ZERO, &mut runner);
        let mut now = Instant::ZERO;
        for _ in 0..50_000 {
            let wake = runner.poll(now);
            now = match wake {
                NextWake::Now => now + Duration::from_millis(50),
                NextWake::At(at) => at.max(now),
                NextWake::Frame => break,
            };
        }
        // Nobody answered, and the attempt ended in its time.
        assert_eq!(runner.stack().state(handle), Ok(State::Closed), "{says:?}");
    }
}

#[test]
fn z07_what_happens_between_two_polls_is_not_missed() {
    let cable = Cable::<16>::new();
    let (a, b) = cable.ends();
    let mut memory = Resources::<2, 512, 512, 16>::new();
    let mut server = Runner::new(a, host(SERVER, 1), memory.lend()).unwrap();
    let mut peer = Peer { end: b };
    listen(&mut server);
    let (handle, _) = connected(&mut server, &mut peer);
    let now = Instant::from_millis(5);
    assert_eq!(server.poll(now), NextWake::Frame);
    assert_eq!(server.stack().send(now, handle, b"x"), Ok(1));
    assert!(
        matches!(server.poll(now), NextWake::At(_)),
        "for the retransmission"
    );
    assert_eq!(peer.hear().len(), 1);
    server.stack().abort(now, handle).unwrap();
    assert_eq!(server.poll(now), NextWake::Frame);
    assert_eq!(peer.hear().len(), 1, "the reset");
    server.stack().close(now, handle).unwrap();
    assert_eq!(server.poll(now), NextWake::Frame);
}

#[test]
fn z08_a_device_that_sums_is_left_the_sum_of_segments_alone() {
    for (mode, is_whole) in [(TxChecksum::Full, true), (TxChecksum::Partial, false)] {
        let mut mac = Recorder::new();
        mac.capabilities.tx_checksum = mode;
        let mut memory = Memory2::new();
        let mut runner = Runner::new(mac, host(CLIENT, 2), memory.lend()).unwrap();
        let now = Instant::from_millis(1);
        let _ = connect(now, &mut runner);
        let _ = runner.poll(now);
        let reply = [
            &PEER_MAC[..],
            &OUR_MAC,
            &[8, 6, 0, 1, 8, 0, 6, 4, 0, 2],
            &OUR_MAC,
            &SERVER.octets(),
            &PEER_MAC,
            &CLIENT.octets(),
        ];
        runner.mac().next = Some(reply.concat());
        let _ = (runner.poll(now), runner.poll(now));
        let syn = runner.mac().sent.pop().unwrap();
        assert_eq!(syn[12..14], [8, 0]);
        let packet = IpPacket::parse(&syn[14..], HeaderChecksum::Verify).unwrap();
        let length = u16::try_from(packet.payload.len()).unwrap();
        let mut sum = pseudo_header(packet.source, packet.destination, 6, length);
        let pseudo = sum.partial();
        sum.add(packet.payload);
        assert_eq!(sum.is_right(), is_whole);
        assert_eq!(packet.payload[16..18] == pseudo, !is_whole);
    }
}

/// A device that keeps what it is given.
#[derive(Debug)]
struct Recorder {
    capabilities: Capabilities,
    next: Option<Vec<u8>>,
    sent: Vec<Vec<u8>>,
}

impl Recorder {
    const fn new() -> Self {
        Self {
            capabilities: Capabilities::ETHERNET,
            next: None,
            sent: Vec::new(),
        }
    }
}

impl Mac for Recorder {
    type Error = ErrorKind;

    fn receive(&mut self, frame: &mut [u8]) -> Result<Option<usize>, ErrorKind> {
        Ok(self.next.take().map(|next| {
            frame[..next.len()].copy_from_slice(&next);
            next.len()
        }))
    }

    fn can_transmit(&mut self) -> bool {
        true
    }

    fn transmit(&mut self, frame: &[u8]) -> Result<(), ErrorKind> {
        self.sent.push(frame.to_vec());
        Ok(())
    }

    fn link(&mut self) -> LinkState {
        LinkState::Up
    }

    fn address(&self) -> MacAddress {
        MacAddress(PEER_MAC)
    }

    fn capabilities(&self) -> Capabilities {
        self.capabilities
    }
}
