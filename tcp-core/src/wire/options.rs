//! TCP options by kind of segment (RFC 9293 section 3.2, RFC 7323, RFC 2018).

use crate::seq::{SeqNum, SeqRange};

const END: u8 = 0;
const NOP: u8 = 1;
const MSS: u8 = 2;
const WINDOW_SCALE: u8 = 3;
const SACK_PERMITTED: u8 = 4;
const SACK: u8 = 5;
const TIMESTAMPS: u8 = 8;
/// The largest shift (RFC 7323 section 2.3).
const MAX_WINDOW_SCALE: u8 = 14;
/// Octets of options at most: the data offset has four bits.
pub(super) const MAX_LEN: usize = 40;

/// The Timestamps option (RFC 7323 section 3.2).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Timestamps {
    /// TSval: the sender's timestamp clock.
    pub value: u32,
    /// TSecr: the timestamp being echoed; meaningful only on a segment with ACK.
    pub echo: u32,
}

/// One block of a SACK option: never empty (RFC 2018 section 3).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct SackBlock(SeqRange);

impl SackBlock {
    /// A block, unless the range is empty.
    #[must_use]
    pub const fn new(range: SeqRange) -> Option<Self> {
        if range.is_empty() {
            None
        } else {
            Some(Self(range))
        }
    }

    /// The octets that the block reports.
    #[must_use]
    pub const fn range(self) -> SeqRange {
        self.0
    }

    /// The left edge.
    #[must_use]
    pub const fn start(self) -> SeqNum {
        self.0.start
    }
}

/// Up to four SACK blocks in the order in which they stand in the option.
pub type SackBlocks = heapless::Vec<SackBlock, 4, u8>;

/// The options of a received segment. MSS, window scale and SACK-permitted are read only from a
/// segment with SYN; of options that stand twice the first counts.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct SegmentOptions {
    /// Maximum segment size (SYN only), as it stands on the wire.
    pub mss: Option<u16>,
    /// Window scale (SYN only), already limited to 14.
    pub window_scale: Option<u8>,
    /// SACK-permitted (SYN only).
    pub sack_permitted: bool,
    /// Timestamps.
    pub timestamps: Option<Timestamps>,
    /// SACK blocks (not on a SYN).
    pub sack: SackBlocks,
}

impl SegmentOptions {
    /// Reads the options of a segment; `syn` says whether those of a SYN count. What is malformed
    /// ends the reading or is passed over; nothing of it is believed.
    pub(super) fn parse(octets: &[u8], syn: SynOptions) -> Self {
        let mut options = Self::default();
        // Most segments carry timestamps and nothing else, laid out in this way (RFC 7323
        // appendix A).
        if let Some(([NOP, NOP, TIMESTAMPS, 10], rest)) = octets.split_first_chunk::<4>() {
            options.timestamps = timestamps(rest);
            if rest.len() == 8 {
                return options;
            }
        }
        let mut left = octets;
        while let Some((kind, rest)) = left.split_first() {
            match *kind {
                END => break,
                NOP => left = rest,
                kind => {
                    let Some((length, body)) = rest.split_first() else {
                        break;
                    };
                    //= https://www.rfc-editor.org/rfc/rfc9293#section-3.1
                    //# A TCP implementation MUST be prepared to handle an
                    //# illegal option length (e.g., zero); a suggested procedure is to reset
                    //# the connection and log the error cause (MUST-7).
                    let Some(length) = usize::from(*length).checked_sub(2) else {
                        break;
                    };
                    let (Some(value), Some(rest)) = (body.get(..length), body.get(length..)) else {
                        break;
                    };
                    options.take(kind, value, syn);
                    left = rest;
                }
            }
        }
        options
    }

    /// Takes one option if its length is right; the first of a kind counts.
    fn take(&mut self, kind: u8, value: &[u8], syn: SynOptions) {
        match (kind, value, syn) {
            (MSS, [high, low], SynOptions::Count) => {
                self.mss = self.mss.or(Some(u16::from_be_bytes([*high, *low])));
            }
            (WINDOW_SCALE, [shift], SynOptions::Count) => {
                self.window_scale = self.window_scale.or(Some((*shift).min(MAX_WINDOW_SCALE)));
            }
            (SACK_PERMITTED, [], SynOptions::Count) => self.sack_permitted = true,
            (SACK, blocks, SynOptions::Ignore) if blocks.len() <= 32 && self.sack.is_empty() => {
                let (blocks, rest) = blocks.as_chunks::<8>();
                if !rest.is_empty() {
                    return;
                }
                for [a, b, c, d, e, f, g, h] in blocks {
                    let start = SeqNum::new(u32::from_be_bytes([*a, *b, *c, *d]));
                    let end = SeqNum::new(u32::from_be_bytes([*e, *f, *g, *h]));
                    if let Some(block) = SackBlock::new(SeqRange::new(start, end)) {
                        let _ = self.sack.push(block);
                    }
                }
            }
            (TIMESTAMPS, value, _) if value.len() == 8 => {
                self.timestamps = self.timestamps.or_else(|| timestamps(value));
            }
            _ => {}
        }
    }
}

/// Whether MSS, window scale and SACK-permitted count: they do in a SYN, and SACK does not.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum SynOptions {
    /// The segment is a SYN.
    Count,
    /// It is not.
    Ignore,
}

fn timestamps(value: &[u8]) -> Option<Timestamps> {
    let [a, b, c, d, e, f, g, h] = *value.first_chunk::<8>()?;
    Some(Timestamps {
        value: u32::from_be_bytes([a, b, c, d]),
        echo: u32::from_be_bytes([e, f, g, h]),
    })
}

/// The options of a segment to be written; `len()` is known before the payload is chosen.
/// Order on the wire: mss, SACK-permitted, timestamps, nop + window scale (as Linux writes them);
/// without timestamps SACK-permitted is preceded by two nops. On data: nop nop timestamps, nop nop
/// sack.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct OptionsEmit {
    /// Maximum segment size, with SYN only.
    pub mss: Option<u16>,
    /// Window scale, with SYN only.
    pub window_scale: Option<u8>,
    /// SACK-permitted, with SYN only.
    pub sack_permitted: bool,
    /// Timestamps.
    pub timestamps: Option<Timestamps>,
    /// SACK blocks; those that do not fit beside the others are left out from the end.
    pub sack: SackBlocks,
}

impl OptionsEmit {
    /// Octets that these options occupy, padding included: a multiple of four, at most 40.
    #[must_use]
    pub fn len(&self) -> usize {
        let sack = self.sack_count();
        self.fixed_len() + if sack > 0 { 4 + 8 * sack } else { 0 }
    }

    /// Whether there is no option.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Octets of everything but SACK blocks.
    fn fixed_len(&self) -> usize {
        let mss = if self.mss.is_some() { 4 } else { 0 };
        let scale = if self.window_scale.is_some() { 4 } else { 0 };
        let timestamps = if self.timestamps.is_some() { 12 } else { 0 };
        let permitted = if self.sack_permitted && timestamps == 0 {
            4
        } else {
            0
        };
        mss + scale + timestamps + permitted
    }

    /// SACK blocks that fit beside the others.
    fn sack_count(&self) -> usize {
        let room = MAX_LEN - self.fixed_len();
        self.sack.len().min(room.saturating_sub(4) / 8)
    }

    /// Writes the options to the front of `out`; returns how many octets, padding included.
    pub(super) fn emit(&self, out: &mut [u8; MAX_LEN]) -> usize {
        let mut writer = Writer { out, at: 0 };
        if let Some(mss) = self.mss {
            let [high, low] = mss.to_be_bytes();
            writer.put([MSS, 4, high, low]);
        }
        let permitted = [SACK_PERMITTED, 2];
        match self.timestamps {
            Some(timestamps) => {
                writer.put(if self.sack_permitted {
                    permitted
                } else {
                    [NOP, NOP]
                });
                writer.put([TIMESTAMPS, 10]);
                writer.put(timestamps.value.to_be_bytes());
                writer.put(timestamps.echo.to_be_bytes());
            }
            None if self.sack_permitted => {
                writer.put([NOP, NOP]);
                writer.put(permitted);
            }
            None => {}
        }
        if let Some(shift) = self.window_scale {
            writer.put([NOP, WINDOW_SCALE, 3, shift]);
        }
        let count = self.sack_count();
        if count > 0 {
            #[expect(clippy::cast_possible_truncation, reason = "at most four blocks")]
            writer.put([NOP, NOP, SACK, 2 + 8 * count as u8]);
            for block in self.sack.iter().take(count) {
                writer.put(block.range().start.raw().to_be_bytes());
                writer.put(block.range().end.raw().to_be_bytes());
            }
        }
        writer.at
    }
}

/// Puts small arrays one after the other.
struct Writer<'o> {
    out: &'o mut [u8; MAX_LEN],
    at: usize,
}

impl Writer<'_> {
    fn put<const N: usize>(&mut self, octets: [u8; N]) {
        if let Some(space) = self
            .out
            .get_mut(self.at..)
            .and_then(<[u8]>::first_chunk_mut::<N>)
        {
            *space = octets;
            self.at += N;
        }
    }
}
