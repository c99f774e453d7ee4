//! TCP options by kind of segment (RFC 9293 section 3.2, RFC 7323, RFC 2018).

use super::order::{AnyDialect, Dialect, OptionOrder};
use super::segment::Flags;
use crate::seq::{SeqNum, SeqRange};

/// Octets that a TCP header has for options.
const ROOM: usize = 40;
/// What a window scale may be at most.
///
//= https://www.rfc-editor.org/rfc/rfc7323#section-2.3
//= type=exception
//= reason=14 is used, but nothing is logged, because the core has no log
//# If a Window Scale option is received with a shift.cnt value
//# larger than 14, the TCP SHOULD log the error but MUST use 14
//# instead of the specified value.
const MAX_WINDOW_SCALE: u8 = 14;

//= https://www.rfc-editor.org/rfc/rfc9293#section-3.1
//# A given TCP implementation can support any currently defined options, but
//# the following options MUST be supported (MUST-4 -- note Maximum Segment Size
//# Option support is also part of MUST-14 in Section 3.7.1):
const END: u8 = 0;
const NOP: u8 = 1;
const MSS: u8 = 2;
const WINDOW_SCALE: u8 = 3;
const SACK_PERMITTED: u8 = 4;
const SACK: u8 = 5;
const TIMESTAMPS: u8 = 8;

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

    /// Moves the right edge further right.
    pub(crate) const fn extend_to(&mut self, end: SeqNum) {
        if end.after(self.0.end) {
            self.0.end = end;
        }
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
    /// No options.
    #[inline(always)]
    #[must_use]
    pub const fn none() -> Self {
        Self {
            mss: None,
            window_scale: None,
            sack_permitted: false,
            timestamps: None,
            sack: SackBlocks::new(),
        }
    }

    /// Reads the options of a segment with these control bits.
    ///
    /// A known option of a wrong length is skipped like an unknown one. A length below two or
    /// beyond the header says nothing about where the next option begins: the rest is not read.
    //= https://www.rfc-editor.org/rfc/rfc9293#section-3.1
    //# A TCP implementation MUST be able to receive a TCP Option in any segment
    //# (MUST-5).
    pub(super) fn read<D: Dialect>(&mut self, options: &[u8], flags: Flags) {
        // What nearly every segment of a connection with timestamps carries.
        if D::TIMESTAMPS.is_on()
            && let Ok([NOP, NOP, TIMESTAMPS, 10, value @ .., e0, e1, e2, e3]) =
                <&[u8; 12]>::try_from(options)
        {
            self.timestamps = Some(Timestamps {
                value: u32::from_be_bytes(*value),
                echo: u32::from_be_bytes([*e0, *e1, *e2, *e3]),
            });
            return;
        }
        if D::TIMESTAMPS.is_on() || D::SACK.is_on() || flags.has(Flags::SYN) {
            self.walk::<D>(options, flags);
        }
    }

    //= https://www.rfc-editor.org/rfc/rfc9293#section-3.1
    //# TCP implementations MUST be prepared to handle an illegal option length
    //# (e.g., zero); a suggested procedure is to reset the connection and log the
    //# error cause (MUST-7).
    //= https://www.rfc-editor.org/rfc/rfc9293#section-3.2
    //# There is no guarantee that senders will use this option, so receivers MUST
    //# be prepared to process options even if they do not begin on a word boundary
    //# (MUST-64).
    //= https://www.rfc-editor.org/rfc/rfc9293#section-3.1
    //# All TCP Options except End of Option List Option (EOL) and No-Operation
    //# (NOP) MUST have length fields, including all future options (MUST-68).
    fn walk<D: Dialect>(&mut self, mut options: &[u8], flags: Flags) {
        while let Some((&kind, rest)) = options.split_first() {
            match kind {
                END => break,
                NOP => options = rest,
                _ => {
                    let length = rest.first().copied().unwrap_or(0);
                    let split = options.split_at_checked(usize::from(length));
                    let Some((option, after)) = split.filter(|_| length >= 2) else {
                        break;
                    };
                    self.take::<D>(option, flags);
                    options = after;
                }
            }
        }
    }

    /// Takes one option in; the first of its kind counts.
    //= https://www.rfc-editor.org/rfc/rfc9293#section-3.1
    //# A TCP implementation MUST (MUST-6) ignore without error any TCP Option it
    //# does not implement, assuming that the option has a length field.
    //= https://www.rfc-editor.org/rfc/rfc7323#section-2.2
    //# A Window Scale option in a segment without a SYN bit MUST be ignored.
    fn take<D: Dialect>(&mut self, option: &[u8], flags: Flags) {
        let syn = flags.has(Flags::SYN);
        match *option {
            [MSS, _, m0, m1] if syn => {
                self.mss.get_or_insert(u16::from_be_bytes([m0, m1]));
            }
            [WINDOW_SCALE, _, shift] if syn => {
                self.window_scale.get_or_insert(shift.min(MAX_WINDOW_SCALE));
            }
            [SACK_PERMITTED, _] if syn => self.sack_permitted = true,
            [TIMESTAMPS, _, v0, v1, v2, v3, e0, e1, e2, e3] if D::TIMESTAMPS.is_on() => {
                self.timestamps.get_or_insert(Timestamps {
                    value: u32::from_be_bytes([v0, v1, v2, v3]),
                    echo: u32::from_be_bytes([e0, e1, e2, e3]),
                });
            }
            [SACK, _, ref blocks @ ..] if D::SACK.is_on() && !syn && self.sack.is_empty() => {
                self.take_sack(blocks);
            }
            _ => {}
        }
    }

    /// Takes the blocks of a SACK option; none of an option that is not made of whole blocks, and
    /// no block that is empty or runs backwards.
    fn take_sack(&mut self, octets: &[u8]) {
        let (blocks, []) = octets.as_chunks::<8>() else {
            return;
        };
        if blocks.len() > self.sack.capacity() {
            return;
        }
        for [s0, s1, s2, s3, e0, e1, e2, e3] in blocks {
            let range = SeqRange::new(
                SeqNum::new(u32::from_be_bytes([*s0, *s1, *s2, *s3])),
                SeqNum::new(u32::from_be_bytes([*e0, *e1, *e2, *e3])),
            );
            if let Some(block) = SackBlock::new(range) {
                // There is room: the number of blocks was compared with the capacity.
                let _ = self.sack.push(block);
            }
        }
    }
}

/// The options of a segment to be written; `len()` is known before the payload is chosen.
/// [`OptionOrder`] tells how they stand on the wire.
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
    /// How they stand on the wire.
    pub order: OptionOrder,
}

impl OptionsEmit {
    /// No options.
    #[inline(always)]
    #[must_use]
    pub const fn none() -> Self {
        Self {
            mss: None,
            window_scale: None,
            sack_permitted: false,
            timestamps: None,
            sack: SackBlocks::new(),
            order: OptionOrder::Linux,
        }
    }

    /// Octets that these options occupy, padding included: a multiple of four, at most 40.
    #[must_use]
    pub fn len(&self) -> usize {
        let others = self.len_without_sack();
        if self.sack.is_empty() {
            return others;
        }
        match self.blocks_that_fit(others) {
            0 => others,
            blocks => others + 4 + 8 * blocks,
        }
    }

    /// Whether there is no option.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    const fn len_without_sack(&self) -> usize {
        let mut len = 0;
        if self.mss.is_some() {
            len += 4;
        }
        if self.window_scale.is_some() {
            len += 4;
        }
        if self.timestamps.is_some() {
            len += 12;
        } else if self.sack_permitted {
            len += 4;
        }
        len
    }

    fn blocks_that_fit(&self, others: usize) -> usize {
        let room = ROOM.saturating_sub(others + 4) / 8;
        self.sack.len().min(room)
    }

    /// All of them as words.
    pub(super) fn words(&self) -> OptionWords {
        let mut words = OptionWords::new();
        self.write_syn::<AnyDialect>(&mut words);
        let blocks = self.blocks_that_fit(self.len_without_sack());
        words.put_sack(self.sack.iter().take(blocks).copied());
        words
    }

    /// Appends all but SACK blocks.
    //= https://www.rfc-editor.org/rfc/rfc9293#section-3.1
    //# The content of the header beyond the End of Option List Option MUST be
    //# header padding of zeros (MUST-69).
    pub(crate) fn write_syn<D: Dialect>(&self, words: &mut OptionWords) {
        let scale_first = D::ORDERS.is_on() && self.order == OptionOrder::FreeBsd;
        let timestamps = self.timestamps.filter(|_| D::TIMESTAMPS.is_on());
        if let Some(mss) = self.mss {
            let [m0, m1] = mss.to_be_bytes();
            words.put([MSS, 4, m0, m1]);
        }
        if scale_first {
            self.write_scale(words);
        }
        if let Some(timestamps) = timestamps {
            // SACK-permitted takes the place of the two nops.
            let first = if self.sack_permitted {
                [SACK_PERMITTED, 2]
            } else {
                [NOP, NOP]
            };
            words.put_timestamps(first, timestamps);
        } else if self.sack_permitted {
            words.put(if scale_first {
                [SACK_PERMITTED, 2, END, END]
            } else {
                [NOP, NOP, SACK_PERMITTED, 2]
            });
        }
        if !scale_first {
            self.write_scale(words);
        }
    }

    fn write_scale(&self, words: &mut OptionWords) {
        if let Some(shift) = self.window_scale {
            words.put([NOP, WINDOW_SCALE, 3, shift.min(MAX_WINDOW_SCALE)]);
        }
    }
}

/// Options as they will stand on the wire. What does not fit is left out.
#[derive(Clone, Debug)]
pub(crate) struct OptionWords(heapless::Vec<[u8; 4], { ROOM / 4 }, u8>);

impl OptionWords {
    /// No options.
    #[inline(always)]
    pub(crate) const fn new() -> Self {
        Self(heapless::Vec::new())
    }

    pub(super) fn as_slice(&self) -> &[[u8; 4]] {
        &self.0
    }

    #[inline(never)]
    fn put(&mut self, word: [u8; 4]) {
        let _ = self.0.push(word);
    }

    /// Appends timestamps as segments without SYN carry them.
    pub(crate) fn timestamps(&mut self, timestamps: Timestamps) {
        self.put_timestamps([NOP, NOP], timestamps);
    }

    fn put_timestamps(&mut self, [a, b]: [u8; 2], Timestamps { value, echo }: Timestamps) {
        self.put([a, b, TIMESTAMPS, 10]);
        self.put(value.to_be_bytes());
        self.put(echo.to_be_bytes());
    }

    /// Appends as many blocks as there are, for which there is room.
    pub(crate) fn put_sack(&mut self, blocks: impl Iterator<Item = SackBlock>) {
        let before = self.0.len();
        let mut length = 2;
        self.put([NOP, NOP, SACK, length]);
        for block in blocks {
            self.put(block.range().start.raw().to_be_bytes());
            self.put(block.range().end.raw().to_be_bytes());
            length += 8;
        }
        match self.0.get_mut(before) {
            Some([.., place]) if length > 2 => *place = length,
            _ => self.0.truncate(before),
        }
    }
}

#[cfg(test)]
mod tests;
