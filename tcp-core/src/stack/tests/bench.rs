//! [`Bench`] is one stack whose peer is written by hand, segment by segment; `Wire` in `pair` is
//! two stacks on a link. After every call the invariants between the tables are checked.

mod any_address;
mod closing;
mod forget;
mod handshake;
mod input;
mod opening;
mod pair;
mod scale;
mod sharing;
mod time_wait;

use core::net::{IpAddr, SocketAddr};

use super::Chosen;
use crate::connection::{Island, SentRecord};
use crate::profile::{Memory, Profile, Storage};
use crate::seq::{SeqLen, SeqNum};
use crate::stack::*;
use crate::time::Duration;
use crate::wire::{
    Address, Flags, HeaderChecksum, IpEmit, IpPacket, OptionsEmit, RawWindow, Segment, SegmentEmit,
    SegmentOptions, Timestamps, emit_segment,
};

const RING: usize = 4_096;
const US: &str = "10.0.0.1";
const PEER: &str = "10.0.0.2";
const SYN: u8 = Flags::SYN;
const ACK: u8 = Flags::ACK;
const FIN: u8 = Flags::FIN;
const RST: u8 = Flags::RST;
const IRS: u32 = 5_000;

/// Lends rings of a fixed size, so many at a time.
#[derive(Debug)]
struct Pool {
    left: usize,
    lent: usize,
    capacity: usize,
}

impl Pool {
    fn of(left: usize) -> Self {
        Self {
            left,
            lent: 0,
            capacity: RING,
        }
    }
}

impl Memory<'static> for Pool {
    fn lend(&mut self) -> Option<Storage<'static>> {
        self.left = self.left.checked_sub(1)?;
        self.lent += 1;
        Some(Storage {
            send: Vec::leak(vec![0; self.capacity]).into(),
            receive: Vec::leak(vec![0; self.capacity]).into(),
            records: Vec::leak(vec![SentRecord::default(); 32]).into(),
            islands: Vec::leak(vec![Island::default(); 8]).into(),
        })
    }

    fn give_back(&mut self, storage: Storage<'static>) {
        assert_eq!(
            storage.receive.len(),
            self.capacity,
            "other storage came back"
        );
        self.left += 1;
        self.lent -= 1;
    }

    fn receive_capacity(&self) -> usize {
        self.capacity
    }
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn at(text: &str, port: u16) -> SocketAddr {
    SocketAddr::new(ip(text), port)
}

fn config() -> StackConfig {
    StackConfig {
        secret: *b"sixteen secrets!",
        mtu: 1_500,
        any_address: false,
        answer_echo: true,
        tx_checksum: TxChecksum::Full,
        ephemeral_ports: (49_152, 65_535),
        time_wait_ms: 60_000,
    }
}

fn listen_at(port: u16) -> ListenAt {
    ListenAt {
        address: None,
        port,
        syn_backlog: 3,
        accept_backlog: 2,
        config: Config::new(),
    }
}

type Storage4<P> = TablesStorage<'static, P, 4, 4, 4, 32>;

fn tables<P: Profile>() -> Tables<'static, P> {
    Box::leak(Box::new(Storage4::<P>::new()))
        .lend()
        .with_packets(Vec::leak(vec![0xaa; 2_000]))
}

/// What left, parsed.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Sent {
    tuple: Tuple,
    flags: u8,
    seq: SeqNum,
    ack: Option<SeqNum>,
    window: u16,
    options: SegmentOptions,
    payload: Vec<u8>,
}

/// A packet with a TCP segment, as the peer would write it.
fn packet(from: SocketAddr, to: SocketAddr, segment: SegmentEmit, payload: &[u8]) -> Vec<u8> {
    let header = IpEmit {
        source: Address::new(from.ip()).unwrap(),
        destination: Address::new(to.ip()).unwrap(),
        hop_limit: 9,
        traffic_class: 0,
    };
    let mut out = vec![0; 2_000];
    let len = emit_segment(
        &mut out,
        &header,
        &segment,
        [payload, &[]],
        TxChecksum::Full,
    );
    out.truncate(len.unwrap());
    out
}

fn parse(octets: &[u8]) -> Option<Sent> {
    let ip = IpPacket::parse(octets, HeaderChecksum::Verify).unwrap();
    if ip.protocol != 6 {
        return None;
    }
    let unverified = RxChecksum::Unverified;
    let segment = Segment::parse(ip.payload, ip.source, ip.destination, unverified).unwrap();
    Some(Sent {
        tuple: Tuple {
            local: ip.source,
            remote: ip.destination,
            local_port: segment.source_port,
            remote_port: segment.destination_port,
        },
        flags: segment.flags.0,
        seq: segment.seq,
        ack: segment.ack,
        window: segment.window.0,
        options: segment.options.clone(),
        payload: segment.payload.to_vec(),
    })
}

/// One stack and a peer by hand.
struct Bench<P: Profile = Chosen> {
    stack: Stack<'static, P, Pool>,
    now: Instant,
    out: Vec<u8>,
}

impl Bench {
    fn new() -> Self {
        Self::with(config(), Pool::of(4))
    }
}

impl<P: Profile> Bench<P> {
    fn with(config: StackConfig, pool: Pool) -> Self {
        let mut stack = Stack::new(config, tables(), pool);
        stack.add_address(ip(US), 24).unwrap();
        Self {
            stack,
            now: Instant::from_millis(1_000),
            out: vec![0xaa; 2_000],
        }
    }

    /// Hands a packet over; a drop is an error.
    fn receive(&mut self, octets: &[u8]) -> Result<(), Dropped> {
        self.receive_by(octets, LinkDestination::Unicast)
    }

    fn receive_by(&mut self, octets: &[u8], link: LinkDestination) -> Result<(), Dropped> {
        let packet = Packet {
            octets,
            checksum: RxChecksum::Unverified,
            segment_size: None,
            link,
        };
        let before: Vec<u32> = self.counts();
        let outcome = match self.stack.receive(self.now, packet) {
            Received::Taken | Received::NotTcp { .. } => Ok(()),
            Received::Dropped(reason) => Err(reason),
        };
        if let Err(reason) = outcome {
            let count = before[reason as usize] + 1;
            assert_eq!(
                self.stack.dropped(reason),
                count,
                "{reason:?} is not counted"
            );
        }
        self.stack.assert_invariants();
        outcome
    }

    fn counts(&self) -> Vec<u32> {
        (0..Dropped::COUNT)
            .map(|reason| self.stack.counters.raw(reason))
            .collect()
    }

    /// A segment from the peer's port 7,000 to port 80 here.
    fn segment(&mut self, flags: u8, seq: u32, ack: SeqNum) -> Result<(), Dropped> {
        self.segment_from(at(PEER, 7_000), plain(flags, seq, ack), &[])
    }

    fn segment_from(
        &mut self,
        from: SocketAddr,
        segment: SegmentEmit,
        payload: &[u8],
    ) -> Result<(), Dropped> {
        let segment = SegmentEmit {
            source_port: from.port(),
            destination_port: 80,
            ..segment
        };
        self.receive(&packet(from, at(US, 80), segment, payload))
    }

    /// Everything that wants to leave.
    fn drain(&mut self) -> Vec<Sent> {
        let mut sent = Vec::new();
        while let Some(one) = self.transmit() {
            sent.push(one);
            assert!(sent.len() < 1_000, "the stack does not stop sending");
        }
        sent
    }

    fn transmit(&mut self) -> Option<Sent> {
        let wanted = self.stack.has_output();
        let transmit = self.stack.transmit(self.now, &mut self.out);
        assert!(
            wanted || transmit.is_none(),
            "the stack sends without having promised"
        );
        assert!(
            transmit.is_some() || !self.stack.has_output(),
            "the stack promises what it does not send"
        );
        let transmit = transmit?;
        self.stack.assert_invariants();
        let sent = parse(&self.out[..transmit.len]).expect("not TCP");
        assert_eq!(sent.tuple.remote, transmit.destination);
        Some(sent)
    }

    /// The one segment that wants to leave.
    fn only(&mut self) -> Sent {
        let sent = self.drain();
        assert_eq!(sent.len(), 1, "{sent:?}");
        sent.into_iter().next().unwrap()
    }

    fn wait(&mut self, duration: Duration) {
        self.now += duration;
        self.stack.advance(self.now);
        self.stack.assert_invariants();
    }

    /// Waits until the next deadline, and says for how long and for what.
    fn wait_for_deadline(&mut self) -> (Duration, Timer) {
        let (at, timer) = self.stack.next_deadline().expect("nothing to wait for");
        let waited = at - self.now;
        self.wait(waited);
        (waited, timer)
    }

    fn listen(&mut self, port: u16) -> ListenerHandle {
        let listener = self.stack.listen(listen_at(port)).unwrap();
        self.stack.assert_invariants();
        listener
    }

    /// The handshake of a peer without options; returns our next sequence number.
    fn handshake_from(&mut self, from: SocketAddr) -> SeqNum {
        let none = SeqNum::new(0);
        self.segment_from(from, plain(SYN, IRS, none), &[]).unwrap();
        let syn_ack = self.only();
        assert_eq!(syn_ack.flags, SYN | ACK);
        let next = syn_ack.seq + SeqLen::ONE;
        self.segment_from(from, plain(ACK, IRS + 1, next), &[])
            .unwrap();
        next
    }

    /// An accepted connection from the peer's port 7,000; returns our next sequence number.
    fn accepted(&mut self, listener: ListenerHandle) -> (Handle, SeqNum) {
        let next = self.handshake_from(at(PEER, 7_000));
        let handle = self
            .stack
            .accept(listener)
            .unwrap()
            .expect("nothing to accept");
        self.stack.assert_invariants();
        (handle, next)
    }

    fn states(&self) -> Vec<State> {
        self.stack.rows(self.now).map(|row| row.state).collect()
    }
}

fn plain(flags: u8, seq: u32, ack: SeqNum) -> SegmentEmit {
    SegmentEmit {
        source_port: 7_000,
        destination_port: 80,
        seq: SeqNum::new(seq),
        ack: if flags & ACK == 0 {
            SeqNum::new(0)
        } else {
            ack
        },
        flags: Flags(flags),
        window: RawWindow(8_000),
        urgent: 0,
        options: OptionsEmit::default(),
    }
}

fn nothing() -> SeqNum {
    SeqNum::new(0)
}
