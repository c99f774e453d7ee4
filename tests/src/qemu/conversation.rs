//! One TCP connection with the firmware, of which our side is written by hand.

use std::net::{IpAddr, SocketAddr};

use super::frames::{FIRMWARE, PEER, Wire};
use crate::packet::{ACK, FIN, PSH, SYN, Segment};

/// One connection with the firmware, from our side.
#[derive(Clone, Debug)]
pub struct Conversation {
    local: SocketAddr,
    remote: SocketAddr,
    /// What we send next.
    pub seq: u32,
    /// What we expect next.
    pub ack: u32,
    /// What we offer.
    pub window: u16,
    /// What the firmware offered with its SYN.
    pub syn_ack: Segment,
    /// The segment with which the firmware closed its side.
    pub fin: Option<Segment>,
}

impl Conversation {
    /// Shakes hands with `port` from our port `from`.
    ///
    /// # Panics
    /// When the firmware does otherwise than it should.
    #[must_use]
    pub fn open(wire: &Wire, from: u16, port: u16) -> Self {
        let mut conversation = Self::silent(from, port);
        let syn = conversation.syn();
        wire.send_segment(&syn);
        let answer = conversation.hear(wire);
        conversation.establish(wire, &syn, answer);
        conversation
    }

    /// Before the handshake.
    #[must_use]
    pub fn silent(from: u16, port: u16) -> Self {
        let local = SocketAddr::new(IpAddr::V4(PEER), from);
        let remote = SocketAddr::new(IpAddr::V4(FIRMWARE), port);
        Self {
            local,
            remote,
            seq: 0xffff_ff00 + u32::from(from % 7),
            ack: 0,
            window: 64_000,
            syn_ack: Segment::new(remote, local),
            fin: None,
        }
    }

    /// A SYN without timestamps.
    #[must_use]
    pub fn syn(&self) -> Segment {
        let mut syn = Segment::new(self.local, self.remote);
        syn.flags = SYN;
        syn.seq = self.seq;
        syn.window = self.window;
        syn.options.mss = Some(1_460);
        syn.options.sack_permitted = true;
        syn
    }

    /// Judges the answer to our SYN, and acknowledges it.
    ///
    /// # Panics
    /// When it is not the answer to our SYN.
    pub fn establish(&mut self, wire: &Wire, syn: &Segment, answer: Segment) {
        assert_eq!(answer.flags, SYN | ACK, "{answer}");
        assert_eq!(answer.destination, self.local);
        assert_eq!(answer.ack, syn.end(), "{answer}");
        self.seq = syn.end();
        self.ack = answer.end();
        self.syn_ack = answer;
        wire.send_segment(&self.acknowledgment());
    }

    /// A segment of ours at the present numbers.
    #[must_use]
    pub fn segment(&self, flags: u8, payload: &[u8]) -> Segment {
        let mut segment = Segment::new(self.local, self.remote);
        segment.flags = flags;
        segment.seq = self.seq;
        segment.ack = self.ack;
        segment.window = self.window;
        segment.payload = payload.to_vec();
        segment
    }

    /// An acknowledgment of everything that was taken.
    #[must_use]
    pub fn acknowledgment(&self) -> Segment {
        self.segment(ACK, &[])
    }

    /// Sends data in order.
    pub fn say(&mut self, wire: &Wire, payload: &[u8]) {
        let segment = self.segment(ACK | PSH, payload);
        wire.send_segment(&segment);
        self.seq = segment.end();
    }

    /// The next segment of this connection; those of others are passed over.
    ///
    /// # Panics
    /// When none comes.
    #[must_use]
    pub fn hear(&self, wire: &Wire) -> Segment {
        loop {
            let segment = wire.segment();
            if segment.destination == self.local && segment.source == self.remote {
                return segment;
            }
        }
    }

    /// Takes data in order, acknowledging each segment, until there are so many octets.
    ///
    /// # Panics
    /// When they do not come.
    pub fn take(&mut self, wire: &Wire, octets: usize) -> Vec<u8> {
        let mut taken = Vec::new();
        while taken.len() < octets {
            let segment = self.hear(wire);
            if self.accept(wire, &segment) {
                taken.extend(&segment.payload);
            }
        }
        taken
    }

    /// Acknowledges `segment` if it carries what comes next.
    pub fn accept(&mut self, wire: &Wire, segment: &Segment) -> bool {
        let is_next = segment.seq == self.ack && segment.seq_len() > 0;
        if is_next {
            self.ack = segment.end();
            wire.send_segment(&self.acknowledgment());
            if segment.has(FIN) {
                self.fin = Some(segment.clone());
            }
        }
        is_next
    }

    /// The next segment that carries something: data, or the end.
    ///
    /// # Panics
    /// When none comes.
    #[must_use]
    pub fn hear_content(&self, wire: &Wire) -> Segment {
        loop {
            let segment = self.hear(wire);
            if segment.seq_len() > 0 {
                return segment;
            }
        }
    }
}
