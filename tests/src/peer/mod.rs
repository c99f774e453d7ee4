//! A peer written by hand: one stack under test, and segments for it made one by one.
//!
//! All numbers are relative. Our own segments count from our initial sequence number, those of the
//! stack from the stack's: both SYNs stand at 0 (or at the bases of [`Setup`]), the first octets
//! at 1. What a [`Seg`] does not say is filled in as an honest peer would: the next sequence
//! number, the acknowledgment of everything that arrived, the window, the timestamps. After each
//! step the invariants of [`oracle`] and those between the stack's tables are checked, and octets
//! are compared with the [`Stream`]s of both sides.
//!
//! * [`seg`]: segments in short. `open`: handshakes, and ways into each state. `user`: the calls of
//!   the user on the stack's side.

mod icmp;
mod open;
mod seg;
mod setup;
mod time;
mod user;

use std::collections::VecDeque;
use std::net::SocketAddr;

use tcp_core::{
    Dropped, Events, Handle, Instant, LinkDestination, ListenerHandle, Packet, Received,
    RxChecksum, Stack, StackConfig, TableSizes, Tables,
};

use crate::host::SimStack;
use crate::memory::Heap;
use crate::oracle::{self, Oracle};
use crate::packet::{ACK, RST, SYN, Segment};
use crate::stream::Stream;

pub use icmp::{Complaint, complain};
use seg::Stamps;
pub use seg::{Seg, ack, data, fin, rst, rst_ack, seg, syn, syn_ack};
pub use setup::Setup;

/// The stack's port, in both roles.
pub const PORT: u16 = 80;
/// Our port.
pub const OUR_PORT: u16 = 40_000;
/// Our timestamp clock when the test begins: milliseconds.
pub const FIRST_STAMP: u32 = 1_000_000;
/// Small, because a test may want many stacks, and each step checks every entry.
const TABLES: TableSizes = TableSizes {
    listeners: 4,
    replies: 64,
    packets: 16_384,
    fragments: 2,
    ..TableSizes::new(8, 8, 8)
};
/// Packets without time passing, after which the stack is taken to talk to itself.
const TRANSMIT_LIMIT: usize = 10_000;

/// The peer, and the stack under test.
#[derive(Debug)]
pub struct Peer {
    /// The stack under test.
    pub stack: SimStack,
    /// The time.
    pub now: Instant,
    /// The connection under test, once the user has it.
    pub handle: Option<Handle>,
    /// The next sequence number that we send.
    pub nxt: u32,
    /// What our segments acknowledge.
    pub rcv: u32,
    /// The window field of our segments.
    pub window: u16,
    /// What became of the last packet that we sent.
    pub verdict: Result<(), Dropped>,
    /// IP packets of the stack that are not TCP.
    pub others: Vec<Vec<u8>>,
    /// The stack's last packet, as it stood on the wire.
    pub last: Vec<u8>,
    setup: Setup,
    /// ISS of the stack, once its SYN left.
    stack_iss: Option<u32>,
    /// The stack's timestamp that we echo next, if timestamps are agreed.
    echo: Option<u32>,
    listener: Option<ListenerHandle>,
    events: Events,
    /// What the stack sent and the test has not expected yet.
    out: VecDeque<(Instant, Segment)>,
    log: Vec<String>,
    oracle: Oracle,
    read: u64,
    written: u64,
    buffer: Vec<u8>,
}

impl Peer {
    /// A stack with one address and nothing else.
    ///
    /// # Panics
    /// When the stack refuses its address.
    #[must_use]
    pub fn new(setup: Setup) -> Self {
        let config = StackConfig {
            secret: [0x5a; 16],
            time_wait_ms: setup.time_wait_ms,
            ..StackConfig::new(setup.mtu)
        };
        let tables = Tables::sized(&TABLES);
        let mut stack = Stack::new(config, tables, Heap::new(setup.sizes));
        let address = setup.addresses.0.parse().expect("an address");
        stack.add_address(address, 24).expect("a fresh stack");
        Self {
            stack,
            now: setup.start,
            handle: None,
            nxt: setup.bases.0,
            rcv: setup.bases.1,
            window: setup.window,
            verdict: Ok(()),
            others: Vec::new(),
            last: Vec::new(),
            stack_iss: None,
            echo: None,
            listener: None,
            events: Events::NONE,
            out: VecDeque::new(),
            log: Vec::new(),
            oracle: Oracle::default(),
            read: 0,
            written: 0,
            buffer: vec![0xd7; usize::from(setup.mtu)],
            setup,
        }
    }

    /// The stack's end and ours.
    ///
    /// # Panics
    /// When the setup's addresses are none.
    #[must_use]
    pub fn ends(&self) -> (SocketAddr, SocketAddr) {
        let parse = |text: &str| text.parse().expect("an address");
        let (stack, ours) = self.setup.addresses;
        let (stack, ours) = (parse(stack), parse(ours));
        (
            SocketAddr::new(stack, PORT),
            SocketAddr::new(ours, OUR_PORT),
        )
    }

    /// Our timestamp clock.
    #[must_use]
    pub fn stamp(&self) -> u32 {
        let passed = (self.now - self.setup.start).as_micros() / 1_000;
        FIRST_STAMP.wrapping_add(passed as u32)
    }

    /// The segment that `seg` means, with raw numbers.
    ///
    /// # Panics
    /// Never.
    #[must_use]
    pub fn build(&self, seg: &Seg) -> Segment {
        let (stack, ours) = self.ends();
        let mut segment = Segment::new(ours, stack);
        let seq = seg.seq.unwrap_or(self.nxt);
        segment.flags = seg.flags;
        segment.seq = self.our_raw(seq);
        if segment.has(ACK) {
            segment.ack = self.stack_raw(seg.ack.unwrap_or(self.rcv));
        }
        segment.window = seg.window.unwrap_or(self.window);
        segment.urgent = seg.urgent.unwrap_or(0);
        segment.traffic_class = seg.traffic_class.unwrap_or(0);
        segment.payload = seg
            .text
            .clone()
            .unwrap_or_else(|| self.stream_at(seq, seg.len));
        let options = &mut segment.options;
        options.mss = seg.mss;
        options.window_scale = seg.window_scale;
        options.sack_permitted = seg.sack_permitted.unwrap_or(false);
        options.timestamps = match seg.timestamps {
            Stamps::Agreed if segment.flags & RST != 0 => None,
            Stamps::Agreed => self.echo.map(|echo| (self.stamp(), echo)),
            Stamps::Absent => None,
            Stamps::Exact(value, echo) => Some((value, echo)),
            Stamps::Echo(echo) => Some((self.stamp(), echo)),
        };
        options.sack = seg
            .sack
            .iter()
            .map(|(left, right)| (self.stack_raw(*left), self.stack_raw(*right)))
            .collect();
        options.raw.clone_from(&seg.raw);
        segment
    }

    /// Sends `seg` to the stack, and takes what the stack sends in answer.
    pub fn send(&mut self, seg: Seg) -> &mut Self {
        let mut segment = self.build(&seg);
        if seg.seq.is_none() && !segment.has(RST) {
            self.nxt = self.nxt.wrapping_add(segment.seq_len());
        }
        self.log_line("<", &self.relative_of_ours(&segment));
        let octets = segment.encode();
        // Options that cannot be read are nothing to the oracle, the rest of the segment is.
        segment.options.raw.clear();
        self.oracle.delivered(&segment.encode());
        self.give(&octets, LinkDestination::Unicast);
        self
    }

    /// Sends a whole IP packet to the stack.
    pub fn packet(&mut self, octets: &[u8]) -> &mut Self {
        self.packet_from(octets, LinkDestination::Unicast)
    }

    /// Sends a whole IP packet that the link layer addressed to `link`.
    pub fn packet_from(&mut self, octets: &[u8], link: LinkDestination) -> &mut Self {
        self.oracle.delivered(octets);
        self.give(octets, link);
        self
    }

    /// Sends a whole IP packet of which a receiver that is lenient understands no more than what
    /// `understood` says: that is what the oracle is told.
    pub fn odd_packet(&mut self, octets: &[u8], understood: &[u8]) -> &mut Self {
        self.oracle.delivered(understood);
        self.give(octets, LinkDestination::Unicast);
        self
    }

    fn give(&mut self, octets: &[u8], link: LinkDestination) {
        let packet = Packet {
            octets,
            checksum: RxChecksum::Unverified,
            segment_size: None,
            link,
        };
        self.verdict = match self.stack.receive(self.now, packet) {
            Received::Taken | Received::NotTcp { .. } => Ok(()),
            Received::Dropped(reason) => Err(reason),
        };
        self.stack.assert_invariants();
        self.drain();
    }

    /// Takes what the stack sends now, and checks what must hold.
    ///
    /// # Panics
    /// When an invariant is broken.
    pub fn drain(&mut self) {
        for _ in 0..TRANSMIT_LIMIT {
            let Some(sent) = self.stack.transmit(self.now, &mut self.buffer) else {
                self.note_events();
                self.stack.assert_invariants();
                oracle::check_liveness(&self.stack, self.now);
                return;
            };
            let packet = self.buffer[..sent.len].to_vec();
            self.last.clone_from(&packet);
            match self.oracle.sent(&packet) {
                Some(segment) => self.collect(segment),
                None => self.others.push(packet),
            }
        }
        panic!("{TRANSMIT_LIMIT} packets without time passing");
    }

    /// Takes a segment of the stack: its octets are those of the stream.
    fn collect(&mut self, segment: Segment) {
        let ours = self.ends().1;
        if segment.destination != ours {
            self.out.push_back((self.now, segment));
            return;
        }
        let opens = segment.has(SYN) && !segment.has(RST);
        if opens && self.stack_iss != Some(segment.seq) {
            self.stack_iss = Some(segment.seq);
            self.rcv = self.setup.bases.1;
        }
        let mut relative = segment;
        relative.seq = relative.seq.wrapping_sub(self.stack_raw(0));
        if relative.has(ACK) {
            relative.ack = relative.ack.wrapping_sub(self.our_raw(0));
        }
        for (left, right) in &mut relative.options.sack {
            *left = left.wrapping_sub(self.our_raw(0));
            *right = right.wrapping_sub(self.our_raw(0));
        }
        self.log_line(">", &relative);
        if !relative.has(RST) {
            let first = relative
                .seq
                .wrapping_sub(self.setup.bases.1.wrapping_add(1));
            let wrong = self
                .stack_stream()
                .first_difference(first.into(), &relative.payload);
            assert_eq!(wrong, None, "U5: another octet than the user wrote");
            let end = relative.end();
            if end.wrapping_sub(self.rcv).cast_signed() > 0 {
                self.rcv = end;
            }
        }
        if let (Some((value, _)), Some(_)) = (relative.options.timestamps, self.offered_stamps()) {
            self.echo = Some(value);
        }
        self.out.push_back((self.now, relative));
    }

    fn offered_stamps(&self) -> Option<Stamps> {
        match self.setup.offer.timestamps {
            Stamps::Agreed | Stamps::Absent => None,
            offered => Some(offered),
        }
    }

    /// The next segment of the stack is this one. Returns it with relative numbers.
    ///
    /// # Panics
    /// When it is another, or there is none.
    #[track_caller]
    pub fn expect(&mut self, expected: Seg) -> Segment {
        let Some((_, got)) = self.out.pop_front() else {
            panic!("expected {expected}, got nothing{}", self.history());
        };
        if let Some(what) = expected.differs(&got) {
            panic!(
                "{what}: expected {expected}\n            got {got}{}",
                self.history()
            );
        }
        got
    }

    /// The stack sent nothing more.
    ///
    /// # Panics
    /// When it did.
    #[track_caller]
    pub fn expect_nothing(&self) {
        if let Some((_, got)) = self.out.front() {
            panic!("expected nothing, got {got}{}", self.history());
        }
    }

    /// Everything that the stack sent and that was not expected yet.
    pub fn take(&mut self) -> Vec<Segment> {
        self.out.drain(..).map(|(_, segment)| segment).collect()
    }

    fn our_raw(&self, relative: u32) -> u32 {
        relative
            .wrapping_sub(self.setup.bases.0)
            .wrapping_add(self.setup.iss)
    }

    fn stack_raw(&self, relative: u32) -> u32 {
        relative
            .wrapping_sub(self.setup.bases.1)
            .wrapping_add(self.stack_iss.unwrap_or(self.setup.bases.1))
    }

    fn our_stream(&self) -> Stream {
        Stream::new(1)
    }

    fn stack_stream(&self) -> Stream {
        Stream::new(2)
    }

    fn stream_at(&self, seq: u32, len: usize) -> Vec<u8> {
        let mut octets = vec![0; len];
        let first = seq.wrapping_sub(self.setup.bases.0.wrapping_add(1));
        self.our_stream().fill(first.into(), &mut octets);
        octets
    }

    fn relative_of_ours(&self, segment: &Segment) -> Segment {
        let mut relative = segment.clone();
        relative.seq = relative.seq.wrapping_sub(self.our_raw(0));
        if relative.has(ACK) {
            relative.ack = relative.ack.wrapping_sub(self.stack_raw(0));
        }
        relative
    }

    fn log_line(&mut self, direction: &str, segment: &Segment) {
        let ms = (self.now - self.setup.start).as_micros() / 1_000;
        let line = segment.to_string();
        let rest = line.split_once(": ").map_or(&*line, |(_, rest)| rest);
        self.log.push(format!("{ms:>9} ms {direction} {rest}"));
    }

    /// The last lines of the conversation, ours marked `<`.
    fn history(&self) -> String {
        let from = self.log.len().saturating_sub(20);
        let lines = self.log[from..].join("\n");
        format!("\n{lines}\nstate {:?} at {:?}", self.state(), self.now)
    }
}
