//! One cell of the matrix: a state, a set of flags, and where SEQ and ACK stand.

use std::fmt;

use tcp_core::State;
use tcp_tests::packet::{ACK, FIN, PSH, RST, SYN, URG};

/// Octets of text in the segments that have any.
pub(crate) const TEXT: u32 = 100;
/// The urgent pointer of segments with URG.
pub(crate) const URGENT: u16 = 50;
/// How far ahead of RCV.NXT a segment "inside the window" stands.
pub(crate) const AHEAD: u32 = 1_000;

/// In what the segment arrives. SYN-RECEIVED has two: how it was entered makes a difference.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Station {
    /// No TCB, no listener.
    Closed,
    Listen,
    SynSent,
    /// SYN-RECEIVED, from LISTEN.
    SynReceived,
    /// SYN-RECEIVED, from SYN-SENT: the two SYNs crossed.
    Crossed,
    Established,
    FinWait1,
    FinWait2,
    CloseWait,
    Closing,
    LastAck,
    TimeWait,
}

impl Station {
    /// One for each of the eleven states.
    pub(crate) const STATES: [Self; 11] = [
        Self::Closed,
        Self::Listen,
        Self::SynSent,
        Self::SynReceived,
        Self::Established,
        Self::FinWait1,
        Self::FinWait2,
        Self::CloseWait,
        Self::Closing,
        Self::LastAck,
        Self::TimeWait,
    ];

    /// Those, and SYN-RECEIVED from SYN-SENT.
    pub(crate) const ALL: [Self; 12] = {
        let mut all = [Self::Crossed; 12];
        let mut place = 0;
        while place < Self::STATES.len() {
            all[place] = Self::STATES[place];
            place += 1;
        }
        all
    };

    pub(crate) const fn state(self) -> State {
        match self {
            Self::Closed => State::Closed,
            Self::Listen => State::Listen,
            Self::SynSent => State::SynSent,
            Self::SynReceived | Self::Crossed => State::SynReceived,
            Self::Established => State::Established,
            Self::FinWait1 => State::FinWait1,
            Self::FinWait2 => State::FinWait2,
            Self::CloseWait => State::CloseWait,
            Self::Closing => State::Closing,
            Self::LastAck => State::LastAck,
            Self::TimeWait => State::TimeWait,
        }
    }
}

impl fmt::Display for Station {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let from = match self {
            Self::SynReceived => " (from LISTEN)",
            Self::Crossed => " (from SYN-SENT)",
            _ => "",
        };
        write!(f, "{}{from}", self.state())
    }
}

/// Where SEG.SEQ stands.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum SeqAt {
    /// The segment ends where the window begins: it is the last one, come again.
    Below,
    /// RCV.NXT.
    Next,
    /// In the window, with a gap before it.
    Inside,
    /// The last octet of the window.
    LastOctet,
    /// The first octet that the window does not have.
    Beyond,
    /// It begins half its text before RCV.NXT.
    Straddling,
    /// One past RCV.NXT: the smallest gap.
    Second,
    /// One further than `Beyond`.
    FarBeyond,
    /// As far ahead as a number can be.
    Opposite,
}

impl SeqAt {
    /// Those of the matrix.
    pub(crate) const MATRIX: [Self; 5] = [
        Self::Below,
        Self::Next,
        Self::Inside,
        Self::LastOctet,
        Self::Beyond,
    ];
    /// Those beside it.
    pub(crate) const BESIDE: [Self; 4] = [
        Self::Straddling,
        Self::Second,
        Self::FarBeyond,
        Self::Opposite,
    ];

    /// The number, for a segment that is `length` long.
    pub(crate) const fn number(self, rcv_nxt: u32, rcv_wnd: u32, length: u32) -> u32 {
        match self {
            Self::Below if length == 0 => rcv_nxt.wrapping_sub(1),
            Self::Below => rcv_nxt.wrapping_sub(length),
            Self::Next => rcv_nxt,
            Self::Inside => rcv_nxt.wrapping_add(AHEAD),
            Self::LastOctet => rcv_nxt.wrapping_add(rcv_wnd - 1),
            Self::Beyond => rcv_nxt.wrapping_add(rcv_wnd),
            Self::Straddling => rcv_nxt.wrapping_sub(TEXT / 2),
            Self::Second => rcv_nxt.wrapping_add(1),
            Self::FarBeyond => rcv_nxt.wrapping_add(rcv_wnd + 1),
            Self::Opposite => rcv_nxt.wrapping_add((1 << 31) - 2),
        }
    }
}

/// Where SEG.ACK stands. Without the ACK bit the field has the same number, and means nothing.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum AckAt {
    /// One before SND.UNA.
    Old,
    /// SND.UNA.
    Una,
    /// SND.NXT.
    New,
    /// One past SND.NXT.
    Beyond,
    /// Everything that was sent but its last number, which is the FIN where there is one.
    AllButLast,
    /// Further back than the largest window that the peer offered.
    Ancient,
    /// As far ahead as a number can be.
    Opposite,
}

impl AckAt {
    /// Those of the matrix.
    pub(crate) const MATRIX: [Self; 4] = [Self::Old, Self::Una, Self::New, Self::Beyond];
    /// Those beside it.
    pub(crate) const BESIDE: [Self; 3] = [Self::AllButLast, Self::Ancient, Self::Opposite];

    pub(crate) const fn number(self, una: u32, nxt: u32, max_wnd: u32) -> u32 {
        match self {
            Self::Old => una.wrapping_sub(1),
            Self::Una => una,
            Self::New => nxt,
            Self::Beyond => nxt.wrapping_add(1),
            Self::AllButLast => nxt.wrapping_sub(1),
            Self::Ancient => una.wrapping_sub(max_wnd).wrapping_sub(1),
            Self::Opposite => una.wrapping_add((1 << 31) - 2),
        }
    }
}

/// One cell, and whether its segment has text.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Cell {
    pub(crate) station: Station,
    pub(crate) flags: u8,
    pub(crate) seq: SeqAt,
    pub(crate) ack: AckAt,
    pub(crate) text: u32,
}

impl Cell {
    /// Every cell of `stations`, at all these places.
    pub(crate) fn every<'a>(
        stations: &'a [Station],
        seqs: &'a [SeqAt],
        acks: &'a [AckAt],
    ) -> impl Iterator<Item = Self> + 'a {
        let flags = 0..64u8;
        let places = seqs
            .iter()
            .flat_map(|seq| acks.iter().map(|ack| (*seq, *ack)));
        let flagged = places.flat_map(move |place| flags.clone().map(move |flags| (place, flags)));
        flagged.flat_map(|((seq, ack), flags)| {
            stations.iter().map(move |station| Self {
                station: *station,
                flags,
                seq,
                ack,
                text: 0,
            })
        })
    }

    /// The same with text, or without.
    pub(crate) const fn with_text(self, text: u32) -> Self {
        Self { text, ..self }
    }

    /// SEG.LEN.
    pub(crate) const fn length(self) -> u32 {
        let syn = self.flags & SYN != 0;
        let fin = self.flags & FIN != 0;
        self.text + syn as u32 + fin as u32
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "in {}: ", self.station)?;
        let named = [
            (URG, "URG"),
            (ACK, "ACK"),
            (PSH, "PSH"),
            (RST, "RST"),
            (SYN, "SYN"),
            (FIN, "FIN"),
        ];
        let set = named.iter().filter(|(bit, _)| self.flags & bit != 0);
        let names: Vec<&str> = set.map(|(_, name)| *name).collect();
        let flags = if names.is_empty() {
            "no flag".into()
        } else {
            names.join("+")
        };
        let seq = match self.seq {
            SeqAt::Below => "just below the window",
            SeqAt::Next => "at RCV.NXT",
            SeqAt::Inside => "inside the window",
            SeqAt::LastOctet => "at the window's last octet",
            SeqAt::Beyond => "at the window's edge",
            SeqAt::Straddling => "across RCV.NXT",
            SeqAt::Second => "at RCV.NXT+1",
            SeqAt::FarBeyond => "beyond the window",
            SeqAt::Opposite => "2^31-2 ahead",
        };
        let ack = match self.ack {
            AckAt::Old => "old",
            AckAt::Una => "SND.UNA",
            AckAt::New => "SND.NXT",
            AckAt::Beyond => "SND.NXT+1",
            AckAt::AllButLast => "SND.NXT-1",
            AckAt::Ancient => "older than MAX.SND.WND",
            AckAt::Opposite => "2^31-2 ahead",
        };
        write!(f, "{flags}, SEQ {seq}, ACK {ack}, {} octets", self.text)
    }
}
