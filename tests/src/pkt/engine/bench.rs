//! The stack under test in virtual time, and what it has sent.

use std::cell::Cell;
use std::collections::VecDeque;
use std::net::IpAddr;
use std::rc::Rc;

use tcp_core::{
    Host, Instant, LinkDestination, Packet, Received, RxChecksum, Stack, Tables, Timer,
};

use crate::pcap::Pcap;
use crate::pkt::rings::{Rings, Sizes};
use crate::pkt::tuning::Tuning;

/// The stack under test.
pub type TestStack = Stack<'static, Host, Rings>;

/// When the script begins, by the stack's clock.
const ORIGIN: Instant = Instant::from_micros(1 << 40);
/// Packets, or deadlines, at one moment: more is a stack that talks to itself.
const LIMIT: usize = 100_000;

/// A stack, a clock, and the packets that left and were not looked at yet.
#[derive(Debug)]
pub struct Bench {
    pub stack: TestStack,
    pub now: Instant,
    /// Rings of connections that are opened from here on.
    pub sizes: Rc<Cell<Sizes>>,
    pub pcap: Pcap,
    /// Packets with the time at which they left, in microseconds since the start.
    pub out: VecDeque<(i64, Vec<u8>)>,
    /// Nothing that is sent arrives anywhere.
    pub discards: bool,
    buffer: Vec<u8>,
}

/// The stack does not come to rest.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Restless;

impl Bench {
    /// A stack with the address `local`.
    ///
    /// # Errors
    /// The address is not one that a host may have.
    pub fn new(tuning: &Tuning, local: IpAddr, prefix: u8) -> Result<Self, String> {
        let sizes = Rc::new(Cell::new(tuning.sizes));
        let memory = Rings::new(Rc::clone(&sizes));
        let mut stack = Stack::new(tuning.stack(), Tables::owned(32, 64, 32), memory);
        stack
            .add_address(local, prefix)
            .map_err(|misuse| format!("local address {local}: {misuse}"))?;
        Ok(Self {
            stack,
            now: ORIGIN,
            sizes,
            pcap: Pcap::default(),
            out: VecDeque::new(),
            discards: tuning.discards,
            buffer: vec![0; usize::from(tuning.mtu).max(1_500)],
        })
    }

    /// Microseconds since the start.
    #[must_use]
    pub fn time(&self) -> i64 {
        i64::try_from((self.now - ORIGIN).as_micros()).unwrap_or(i64::MAX)
    }

    /// The stack's time for so many microseconds since the start.
    #[must_use]
    pub fn instant(us: i64) -> Instant {
        let us = ORIGIN.as_micros().saturating_add_signed(us);
        Instant::from_micros(us)
    }

    /// Hands a packet to the stack.
    pub fn inject(&mut self, octets: &[u8]) {
        self.pcap.add(self.now, octets);
        let packet = Packet {
            octets,
            checksum: RxChecksum::Unverified,
            segment_size: None,
            link: LinkDestination::Unicast,
        };
        let _: Received<'_> = self.stack.receive(self.now, packet);
        self.stack.assert_invariants();
    }

    /// Takes what the stack sends now.
    ///
    /// # Errors
    /// It does not stop.
    pub fn drain(&mut self) -> Result<(), Restless> {
        for _ in 0..LIMIT {
            let Some(sent) = self.stack.transmit(self.now, &mut self.buffer) else {
                return Ok(());
            };
            let packet = &self.buffer[..sent.len];
            self.pcap.add(self.now, packet);
            if !self.discards {
                self.out.push_back((self.time(), packet.to_vec()));
            }
        }
        Err(Restless)
    }

    /// The next moment at which something is due, not after `until`.
    #[must_use]
    pub fn next(&self, until: Instant) -> Option<Instant> {
        let (at, timer) = self.stack.next_deadline()?;
        if timer == Timer::Transmit {
            return None;
        }
        (at <= until).then(|| at.max(self.now))
    }

    /// Moves the clock to `at` and does what is due.
    pub fn advance(&mut self, at: Instant) {
        self.now = self.now.max(at);
        self.stack.advance(self.now);
        self.stack.assert_invariants();
    }
}
