#[cfg(feature = "ipv6")]
mod ipv6;
mod threats;

use core::net::SocketAddr;

use tcp_core::{CloseReason, Config, Dropped, Event, Events, Handle, ListenAt, RxChecksum, State};

use super::*;
use crate::cable::{Cable, End};
use crate::mac::{Capabilities, MacAddress};
use crate::resources::Resources;

const SERVER: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);
const CLIENT: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 2);
const PORT: u16 = 7;

type Memory2 = Resources<'static, 2, 8_192, 8_192, 16>;

fn host(address: Ipv4Addr, seed: u8) -> Host {
    Host {
        secret: [seed; 16],
        address: Ipv4Cidr::new(address, 24).unwrap(),
        gateway: None,
    }
}

fn runner<D: Mac>(mac: D, address: Ipv4Addr) -> Runner<'static, D, impl Memory<'static>> {
    let resources = Box::leak(Box::new(Memory2::new()));
    let [.., last] = address.octets();
    Runner::new(mac, host(address, last), resources.lend()).unwrap()
}

fn listen<'a, D: Mac>(runner: &mut Runner<'a, D, impl Memory<'a>>) {
    let at = ListenAt {
        address: None,
        port: PORT,
        syn_backlog: 2,
        accept_backlog: 2,
        config: Config::new(),
    };
    runner.stack().listen(at).unwrap();
}

fn connect<'a, D: Mac>(now: Instant, runner: &mut Runner<'a, D, impl Memory<'a>>) -> Handle {
    let remote = SocketAddr::from((SERVER, PORT));
    runner
        .stack()
        .connect(now, None, remote, Config::new())
        .unwrap()
}

/// When something happens next: the frames under way take 100 us; without any, the earliest time
/// at which either side wants to be called; `None` when neither does.
fn later(now: Instant, cable: &Cable<16>, wakes: [NextWake; 2]) -> Option<Instant> {
    let soon = now + Duration::from_micros(100);
    if !cable.is_empty() {
        return Some(soon);
    }
    let times = wakes.into_iter().filter_map(|wake| match wake {
        NextWake::Now => Some(soon),
        NextWake::At(at) => Some(at.max(soon)),
        NextWake::Frame => None,
    });
    times.min()
}

/// Octet `place` of the stream.
fn octet(place: usize) -> u8 {
    (place.wrapping_mul(2_654_435_761) >> 13) as u8
}

/// One side of a transfer: sends `total` octets of the stream, closes, and checks what it gets.
#[derive(Default)]
struct Side {
    handle: Option<Handle>,
    sent: usize,
    received: usize,
    closed: Option<Option<CloseReason>>,
}

impl Side {
    fn step<'a, D: Mac>(
        &mut self,
        now: Instant,
        runner: &mut Runner<'a, D, impl Memory<'a>>,
        total: usize,
    ) {
        while let Some(event) = runner.stack().poll_event() {
            match event {
                Event::Listener(listener) => {
                    self.handle = runner.stack().accept(listener).unwrap();
                }
                Event::Connection(handle, events) if events.contains(Events::CLOSED) => {
                    self.closed = runner.stack().close_reason(handle).ok();
                }
                Event::Connection(..) => {}
            }
        }
        let Some(handle) = self.handle else {
            return;
        };
        let stack = runner.stack();
        let mut buffer = [0; 1_000];
        while let Ok(count @ 1..) = stack.read(now, handle, &mut buffer) {
            for (offset, got) in buffer[..count].iter().enumerate() {
                assert_eq!(*got, octet(self.received + offset), "at {}", self.received);
            }
            self.received += count;
        }
        while self.sent < total {
            let end = (self.sent + buffer.len()).min(total);
            let chunk: Vec<u8> = (self.sent..end).map(octet).collect();
            match stack.send(now, handle, &chunk) {
                Ok(count @ 1..) => self.sent += count,
                Ok(0) | Err(Misuse::NotYetOpen) => break,
                other => panic!("{other:?} after {} octets", self.sent),
            }
        }
        if self.sent == total && stack.state(handle) == Ok(State::Established) {
            stack.shutdown(now, handle).unwrap();
        }
        if self.sent == total && stack.state(handle) == Ok(State::CloseWait) {
            stack.shutdown(now, handle).unwrap();
        }
    }
}

/// Carries `total` octets from the client to the server and back at once, and closes; returns when
/// the last octet was there.
fn transfer(total: usize, loss_of_65536: u32, seed: u64) -> Instant {
    let cable = Cable::<16>::new();
    cable.lose(loss_of_65536, seed);
    let (a, b) = cable.ends();
    // The runners live no longer than the cable, so their memory is local too.
    let mut memory = [Resources::<2, 8_192, 8_192, 16>::new(), Resources::new()];
    let [ours, theirs] = &mut memory;
    let mut server = Runner::new(a, host(SERVER, 1), ours.lend()).unwrap();
    let mut client = Runner::new(b, host(CLIENT, 2), theirs.lend()).unwrap();
    listen(&mut server);
    let mut now = Instant::from_millis(1);
    let mut arrived = None;
    let mut idle = None;
    let mut sides = [Side::default(), Side::default()];
    sides[1].handle = Some(connect(now, &mut client));
    for _ in 0..1_000_000 {
        let _ = (server.poll(now), client.poll(now));
        sides[0].step(now, &mut server, total);
        sides[1].step(now, &mut client, total);
        if sides.iter().all(|side| side.received == total) {
            arrived.get_or_insert(now);
        }
        if sides.iter().all(|side| side.closed.is_some()) {
            break;
        }
        let wakes = [server.poll(now), client.poll(now)];
        // What came in while they were asked is for the users, who have not been asked since.
        let done = sides.each_ref().map(|side| (side.sent, side.received));
        now = later(now, &cable, wakes).unwrap_or_else(|| {
            assert_ne!(idle.replace(done), Some(done), "both sides sleep for ever");
            now
        });
    }
    for side in &sides {
        assert_eq!((side.sent, side.received), (total, total), "seed {seed}");
        assert_eq!(
            side.closed,
            Some(Some(CloseReason::Finished)),
            "seed {seed}"
        );
    }
    assert_eq!(cable.lost() > 0, loss_of_65536 > 0);
    arrived.unwrap()
}

#[test]
fn a_mebibyte_each_way_crosses_a_cable() {
    let took = transfer(1 << 20, 0, 0);
    assert!(took < Instant::from_millis(50), "{took:?}");
}

#[test]
fn a_mebibyte_each_way_crosses_a_cable_that_loses_two_percent() {
    for seed in 1..=3 {
        let took = transfer(1 << 20, 1_311, seed);
        assert!(took < Instant::from_millis(60_000), "seed {seed}: {took:?}");
    }
}

#[test]
fn the_handshake_does_not_wait_for_address_resolution() {
    let cable = Cable::<4>::new();
    let (a, b) = cable.ends();
    let mut memory = [Resources::<2, 512, 512, 16>::new(), Resources::new()];
    let [ours, theirs] = &mut memory;
    let mut server = Runner::new(a, host(SERVER, 1), ours.lend()).unwrap();
    let mut client = Runner::new(b, host(CLIENT, 2), theirs.lend()).unwrap();
    listen(&mut server);
    let now = Instant::from_millis(1);
    let handle = connect(now, &mut client);
    for _ in 0..6 {
        let _ = (client.poll(now), server.poll(now));
    }
    assert_eq!(client.stack().state(handle), Ok(State::Established));
}

/// A device that misbehaves as its fields say.
#[derive(Debug)]
struct Odd {
    capabilities: Capabilities,
    /// What each call of `receive` says.
    says: Result<Option<usize>, ErrorKind>,
    link: LinkState,
    sent: usize,
}

impl Odd {
    const fn saying(says: Result<Option<usize>, ErrorKind>) -> Self {
        Self {
            capabilities: Capabilities::ETHERNET,
            says,
            link: LinkState::Up,
            sent: 0,
        }
    }
}

impl Mac for Odd {
    type Error = ErrorKind;

    fn receive(&mut self, frame: &mut [u8]) -> Result<Option<usize>, ErrorKind> {
        // A broadcast frame from another host, of a protocol that nobody speaks.
        frame[..14].copy_from_slice(&[
            0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 9, 0x88, 0xb5,
        ]);
        self.says
    }

    fn can_transmit(&mut self) -> bool {
        true
    }

    fn transmit(&mut self, _: &[u8]) -> Result<(), ErrorKind> {
        self.sent += 1;
        Err(ErrorKind::Timeout)
    }

    fn link(&mut self) -> LinkState {
        self.link
    }

    fn address(&self) -> MacAddress {
        MacAddress([2, 0, 0, 0, 0, 1])
    }

    fn capabilities(&self) -> Capabilities {
        self.capabilities
    }
}

#[test]
fn r10_a_device_that_always_has_another_frame_does_not_keep_the_loop() {
    let mut runner = runner(Odd::saying(Ok(Some(60))), SERVER);
    assert_eq!(runner.poll(Instant::ZERO), NextWake::Now);
    assert_eq!(runner.dropped(LinkDropped::UnknownType), BUDGET as u32);
}

#[test]
fn e10_a_length_beyond_the_buffer_is_counted_and_dropped() {
    for len in [1_515, 65_596, 65_536 + 60, usize::MAX] {
        let mut runner = runner(Odd::saying(Ok(Some(len))), SERVER);
        let _ = runner.poll(Instant::ZERO);
        assert_eq!(runner.dropped(LinkDropped::Overlong), BUDGET as u32);
    }
    let mut runner = runner(Odd::saying(Ok(Some(13))), SERVER);
    let _ = runner.poll(Instant::ZERO);
    assert_eq!(runner.dropped(LinkDropped::Truncated), BUDGET as u32);
}

#[test]
fn a_device_that_fails_is_looked_at_again_soon_but_not_at_once() {
    let mut runner = runner(Odd::saying(Err(ErrorKind::Bus)), SERVER);
    let now = Instant::from_millis(5);
    assert_eq!(runner.poll(now), NextWake::At(now + LOOK_AGAIN));
    assert_eq!(runner.errors(), (1, Some(ErrorKind::Bus)));
}

#[test]
fn a_frame_that_the_device_loses_is_sent_again_by_its_timer() {
    let mut runner = runner(Odd::saying(Ok(None)), CLIENT);
    let now = Instant::from_millis(5);
    let _ = connect(now, &mut runner);
    let _ = runner.poll(now);
    assert_eq!(runner.mac().sent, 1, "the request for the address");
    assert_eq!(runner.errors(), (1, Some(ErrorKind::Timeout)));
    let _ = runner.poll(now + Duration::from_millis(1_003));
    assert_eq!(runner.mac().sent, 2, "for the SYN that was sent again");
}

#[test]
fn nothing_is_sent_while_the_cable_is_pulled() {
    let mut mac = Odd::saying(Ok(None));
    mac.link = LinkState::Down;
    let mut runner = runner(mac, CLIENT);
    let now = Instant::from_millis(5);
    let handle = connect(now, &mut runner);
    assert_eq!(runner.poll(now), NextWake::At(now + LOOK_AGAIN));
    assert_eq!(runner.mac().sent, 0);
    runner.mac().link = LinkState::Up;
    let _ = runner.poll(now + LOOK_AGAIN);
    assert_eq!(runner.mac().sent, 1);
    assert_eq!(runner.stack().state(handle), Ok(State::SynSent));
}

#[test]
fn e11_a_device_of_short_frames_is_refused() {
    for mtu in [0, 13, 14, 67, 575] {
        let mut mac = Odd::saying(Ok(None));
        mac.capabilities.max_frame = mtu + 14;
        let mut resources = Memory2::new();
        let refused = Runner::new(mac, host(SERVER, 1), resources.lend());
        assert_eq!(refused.err(), Some(SetupError::FrameTooShort), "{mtu}");
    }
    let mut mac = Odd::saying(Ok(None));
    mac.capabilities.max_frame = 0;
    let mut resources = Memory2::new();
    let refused = Runner::new(mac, host(SERVER, 1), resources.lend());
    assert_eq!(refused.err(), Some(SetupError::FrameTooShort));
}

#[test]
fn a_buffer_shorter_than_a_frame_is_refused() {
    let mut mac = Odd::saying(Ok(None));
    mac.capabilities.max_frame = 9_014;
    let mut resources = Memory2::new();
    let refused = Runner::new(mac, host(SERVER, 1), resources.lend());
    assert_eq!(refused.err(), Some(SetupError::BufferTooShort));
}

/// A SYN to the server, framed for `to`.
fn syn(to: MacAddress) -> Vec<u8> {
    use tcp_core::wire::{Flags, IpEmit, OptionsEmit, RawWindow, SegmentEmit, emit_segment};
    let mut packet = [0; 64];
    let ip = IpEmit {
        source: CLIENT.into(),
        destination: SERVER.into(),
        hop_limit: 64,
        traffic_class: 0,
    };
    let segment = SegmentEmit {
        source_port: 50_000,
        destination_port: PORT,
        seq: tcp_core::SeqNum::new(1),
        ack: tcp_core::SeqNum::new(0),
        flags: Flags(Flags::SYN),
        window: RawWindow(1_000),
        urgent: 0,
        options: OptionsEmit::default(),
    };
    let checksum = tcp_core::TxChecksum::Full;
    let len = emit_segment(&mut packet, &ip, &segment, [&[], &[]], checksum).unwrap();
    let source = [2, 0, 0, 0, 0, 2, 0x08, 0x00];
    [&to.0[..], &source, &packet[..len], &[0xaa; 6]].concat()
}

#[test]
fn e08_a_syn_in_a_broadcast_frame_is_dropped_without_an_answer() {
    let cable = Cable::<4>::new();
    let (a, mut b): (End<'_, 4>, End<'_, 4>) = cable.ends();
    let mut memory = Resources::<2, 512, 512, 16>::new();
    let mut server = Runner::new(a, host(SERVER, 1), memory.lend()).unwrap();
    listen(&mut server);
    let now = Instant::from_millis(1);
    b.transmit(&syn(MacAddress::BROADCAST)).unwrap();
    let _ = server.poll(now);
    assert_eq!(server.stack().dropped(Dropped::NotForUs), 1);
    assert_eq!(
        b.receive(&mut [0; 1_514]),
        Ok(None),
        "no answer, no request"
    );
    b.transmit(&syn(MacAddress([2, 0, 0, 0, 0, 1]))).unwrap();
    let _ = server.poll(now);
    assert_eq!(
        b.receive(&mut [0; 1_514]),
        Ok(Some(60)),
        "asks for our address"
    );
}

#[test]
fn an_address_can_be_changed_while_connections_are_open() {
    let cable = Cable::<4>::new();
    let (a, b) = cable.ends();
    let mut memory = [Resources::<2, 512, 512, 16>::new(), Resources::new()];
    let [ours, theirs] = &mut memory;
    let mut server = Runner::new(a, host(SERVER, 1), ours.lend()).unwrap();
    let mut client = Runner::new(b, host(CLIENT, 2), theirs.lend()).unwrap();
    listen(&mut server);
    let now = Instant::from_millis(1);
    let handle = connect(now, &mut client);
    for _ in 0..6 {
        let _ = (client.poll(now), server.poll(now));
    }
    assert_eq!(client.stack().state(handle), Ok(State::Established));
    let other = Ipv4Cidr::new(Ipv4Addr::new(10, 0, 0, 9), 24);
    client.set_ipv4(now, other, None).unwrap();
    assert_eq!(client.ipv4(), other);
    assert_eq!(client.stack().state(handle), Ok(State::Closed));
    let again = connect(now, &mut client);
    for _ in 0..6 {
        let _ = (client.poll(now), server.poll(now));
    }
    assert_eq!(client.stack().state(again), Ok(State::Established));
    client.set_ipv4(now, None, None).unwrap();
    let remote = SocketAddr::from((SERVER, PORT));
    let refused = client.stack().connect(now, None, remote, Config::new());
    assert!(refused.is_err(), "from no address");
}
