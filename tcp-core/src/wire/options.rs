//! TCP options by kind of segment (RFC 9293 section 3.2, RFC 7323, RFC 2018).

use crate::seq::{SeqNum, SeqRange};

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
        let syn = usize::from(self.mss.is_some()) * 4
            + usize::from(self.window_scale.is_some()) * 4
            + if self.sack_permitted && self.timestamps.is_none() {
                4
            } else {
                0
            };
        let timestamps = match (self.timestamps, self.sack_permitted) {
            (Some(_), _) => 12,
            (None, _) => 0,
        };
        let sack = if self.sack.is_empty() {
            0
        } else {
            4 + 8 * self.sack.len()
        };
        syn + timestamps + sack
    }

    /// Whether there is no option.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
