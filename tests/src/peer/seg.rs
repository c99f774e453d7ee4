//! Segments as a test writes them: short, with relative numbers, and with what is not said either
//! filled in (a segment to send) or not compared (a segment to expect).

use crate::packet::{ACK, FIN, PSH, RST, SYN, Segment, URG};

/// A segment to send or to expect. Numbers are relative to the initial ones; see
/// [`Peer`](super::Peer).
#[derive(Clone, PartialEq, Eq, Debug, Default)]
#[must_use]
pub struct Seg {
    pub(super) flags: u8,
    pub(super) seq: Option<u32>,
    pub(super) ack: Option<u32>,
    pub(super) window: Option<u16>,
    pub(super) urgent: Option<u16>,
    pub(super) len: usize,
    pub(super) text: Option<Vec<u8>>,
    pub(super) mss: Option<u16>,
    pub(super) window_scale: Option<u8>,
    pub(super) sack_permitted: Option<bool>,
    pub(super) timestamps: Stamps,
    pub(super) sack: Vec<(u32, u32)>,
    pub(super) raw: Vec<u8>,
    pub(super) hop_limit: Option<u8>,
    pub(super) traffic_class: Option<u8>,
}

/// What is said of the Timestamps option.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) enum Stamps {
    /// As agreed in the handshake; of an expected segment it is not compared.
    #[default]
    Agreed,
    /// None.
    Absent,
    /// TSval and TSecr.
    Exact(u32, u32),
    /// TSecr, whatever TSval is (of an expected segment).
    Echo(u32),
}

/// A segment with these flags and nothing else.
pub fn seg(flags: u8) -> Seg {
    Seg {
        flags,
        ..Seg::default()
    }
}

/// SYN.
pub fn syn() -> Seg {
    seg(SYN)
}

/// SYN and ACK.
pub fn syn_ack() -> Seg {
    seg(SYN | ACK)
}

/// A pure acknowledgment.
pub fn ack() -> Seg {
    seg(ACK)
}

/// `len` octets of the sender's stream, with an acknowledgment.
pub fn data(len: usize) -> Seg {
    Seg { len, ..seg(ACK) }
}

/// FIN and ACK.
pub fn fin() -> Seg {
    seg(FIN | ACK)
}

/// A reset without ACK.
pub fn rst() -> Seg {
    seg(RST)
}

/// A reset with ACK.
pub fn rst_ack() -> Seg {
    seg(RST | ACK)
}

impl Seg {
    /// SEG.SEQ.
    pub fn seq(mut self, seq: u32) -> Self {
        self.seq = Some(seq);
        self
    }

    /// SEG.ACK and the ACK bit.
    pub fn ack(mut self, ack: u32) -> Self {
        self.flags |= ACK;
        self.ack = Some(ack);
        self
    }

    /// The window field, as on the wire.
    pub fn window(mut self, window: u16) -> Self {
        self.window = Some(window);
        self
    }

    /// The FIN bit, too.
    pub fn with_fin(mut self) -> Self {
        self.flags |= FIN;
        self
    }

    /// The PSH bit, too; an expected segment must have it.
    pub fn psh(mut self) -> Self {
        self.flags |= PSH;
        self
    }

    /// The URG bit and the urgent pointer.
    pub fn urgent(mut self, pointer: u16) -> Self {
        self.flags |= URG;
        self.urgent = Some(pointer);
        self
    }

    /// These flags, too.
    pub fn with(mut self, flags: u8) -> Self {
        self.flags |= flags;
        self
    }

    /// So many octets of the sender's stream.
    pub fn len(mut self, len: usize) -> Self {
        self.len = len;
        self
    }

    /// These octets instead of the sender's stream.
    pub fn text(mut self, text: &[u8]) -> Self {
        self.len = text.len();
        self.text = Some(text.to_vec());
        self
    }

    /// The MSS option.
    pub fn mss(mut self, mss: u16) -> Self {
        self.mss = Some(mss);
        self
    }

    /// The Window Scale option.
    pub fn scale(mut self, shift: u8) -> Self {
        self.window_scale = Some(shift);
        self
    }

    /// The SACK-Permitted option.
    pub fn sack_permitted(mut self) -> Self {
        self.sack_permitted = Some(true);
        self
    }

    /// TSval and TSecr.
    pub fn stamps(mut self, value: u32, echo: u32) -> Self {
        self.timestamps = Stamps::Exact(value, echo);
        self
    }

    /// TSecr of an expected segment.
    pub fn echo(mut self, echo: u32) -> Self {
        self.timestamps = Stamps::Echo(echo);
        self
    }

    /// No Timestamps option.
    pub fn no_stamps(mut self) -> Self {
        self.timestamps = Stamps::Absent;
        self
    }

    /// SACK blocks; an expected segment has exactly these, in this order.
    pub fn sack(mut self, blocks: &[(u32, u32)]) -> Self {
        self.sack = blocks.to_vec();
        self
    }

    /// Octets behind the other options of a segment to send.
    pub fn raw(mut self, options: &[u8]) -> Self {
        self.raw = options.to_vec();
        self
    }

    /// TTL or hop limit of an expected segment.
    pub fn hops(mut self, hop_limit: u8) -> Self {
        self.hop_limit = Some(hop_limit);
        self
    }

    /// Traffic class (TOS), ECN field included.
    pub fn class(mut self, traffic_class: u8) -> Self {
        self.traffic_class = Some(traffic_class);
        self
    }

    /// What `got`, whose numbers are relative, has otherwise than this.
    pub(super) fn differs(&self, got: &Segment) -> Option<&'static str> {
        let said = |same: bool, what| if same { None } else { Some(what) };
        let pushed = self.flags & PSH;
        let flags = said(got.flags & !PSH == self.flags & !PSH, "flags")
            .or(said(got.flags & pushed == pushed, "PSH"));
        let numbers = said(self.seq.is_none_or(|seq| seq == got.seq), "seq")
            .or(said(self.ack.is_none_or(|ack| ack == got.ack), "ack"))
            .or(said(self.len == got.payload.len(), "len"))
            .or(said(self.window.is_none_or(|w| w == got.window), "window"))
            .or(said(self.urgent.is_none_or(|u| u == got.urgent), "urgent"));
        flags.or(numbers).or_else(|| self.options_differ(got))
    }

    fn options_differ(&self, got: &Segment) -> Option<&'static str> {
        let said = |same: bool, what| if same { None } else { Some(what) };
        let options = &got.options;
        let permitted = self.sack_permitted;
        let stamps = match self.timestamps {
            Stamps::Agreed => true,
            Stamps::Absent => options.timestamps.is_none(),
            Stamps::Exact(value, echo) => options.timestamps == Some((value, echo)),
            Stamps::Echo(echo) => options.timestamps.is_some_and(|(_, e)| e == echo),
        };
        said(self.mss.is_none_or(|mss| options.mss == Some(mss)), "MSS")
            .or(said(
                self.window_scale
                    .is_none_or(|shift| options.window_scale == Some(shift)),
                "window scale",
            ))
            .or(said(
                permitted.is_none_or(|p| options.sack_permitted == p),
                "SACK permitted",
            ))
            .or(said(stamps, "timestamps"))
            .or(said(options.sack == self.sack, "SACK blocks"))
            .or(said(
                self.hop_limit.is_none_or(|hops| got.hop_limit == hops),
                "hop limit",
            ))
            .or(said(
                self.traffic_class.is_none_or(|c| got.traffic_class == c),
                "traffic class",
            ))
    }
}

impl std::fmt::Display for Seg {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", flag_letters(self.flags))?;
        let numbers = [
            ("seq", self.seq),
            ("ack", self.ack),
            ("win", self.window.map(u32::from)),
            ("urg", self.urgent.map(u32::from)),
            ("mss", self.mss.map(u32::from)),
            ("wscale", self.window_scale.map(u32::from)),
            ("ttl", self.hop_limit.map(u32::from)),
            ("tos", self.traffic_class.map(u32::from)),
        ];
        write!(f, " len {}", self.len)?;
        for (name, number) in numbers {
            if let Some(number) = number {
                write!(f, " {name} {number}")?;
            }
        }
        for (left, right) in &self.sack {
            write!(f, " sack {left}..{right}")?;
        }
        match self.timestamps {
            Stamps::Agreed => Ok(()),
            Stamps::Absent => write!(f, " no ts"),
            Stamps::Exact(value, echo) => write!(f, " ts {value}/{echo}"),
            Stamps::Echo(echo) => write!(f, " ts ?/{echo}"),
        }
    }
}

fn flag_letters(flags: u8) -> String {
    let letters = [
        (SYN, 'S'),
        (FIN, 'F'),
        (RST, 'R'),
        (PSH, 'P'),
        (URG, 'U'),
        (ACK, '.'),
    ];
    let set = letters.iter().filter(|(bit, _)| flags & bit != 0);
    set.map(|(_, letter)| letter).collect()
}
