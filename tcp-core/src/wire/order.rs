//! The order of options on the wire, which identifies systems more than it matters to TCP.

use crate::connection::Switch;

/// In which order, and padded how, options are written. Either takes the same room.
///
/// | options of a SYN | `Linux` | `FreeBsd` |
/// |---|---|---|
/// | all | mss sackOK TS nop wscale | mss nop wscale sackOK TS |
/// | without TS | mss nop nop sackOK nop wscale | mss nop wscale sackOK eol eol |
/// | without sackOK | mss nop nop TS nop wscale | mss nop wscale nop nop TS |
///
/// On other segments both write nop nop TS, nop nop sack.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum OptionOrder {
    /// As Linux.
    #[default]
    Linux,
    /// As FreeBSD.
    FreeBsd,
}

/// What a build can write, and what it looks for.
pub(crate) trait Dialect {
    /// Any order that is asked for, or only [`OptionOrder::Linux`].
    const ORDERS: Switch;
    /// Whether there are timestamps.
    const TIMESTAMPS: Switch;
    /// Whether received SACK blocks are kept.
    const SACK: Switch;
    /// Whether IP fragments are of use.
    const FRAGMENTS: Switch;
}

/// Everything.
pub(crate) struct AnyDialect;

impl Dialect for AnyDialect {
    const ORDERS: Switch = Switch::On;
    const TIMESTAMPS: Switch = Switch::On;
    const SACK: Switch = Switch::On;
    const FRAGMENTS: Switch = Switch::On;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seq::{SeqNum, SeqRange};
    use crate::wire::{Flags, OptionWords, OptionsEmit, SackBlock, SegmentOptions, Timestamps};

    const MSS: [u8; 4] = [2, 4, 5, 180];
    const SCALE: [u8; 4] = [1, 3, 3, 7];
    const STAMPS: [u8; 8] = [0, 0, 0, 1, 0, 0, 0, 2];

    fn syn(order: OptionOrder) -> OptionsEmit {
        OptionsEmit {
            mss: Some(1_460),
            window_scale: Some(7),
            sack_permitted: true,
            timestamps: Some(Timestamps { value: 1, echo: 2 }),
            order,
            ..OptionsEmit::default()
        }
    }

    fn octets(options: &OptionsEmit) -> Vec<u8> {
        let words = options.words();
        let octets = words.as_slice().as_flattened();
        assert_eq!(octets.len(), options.len());
        octets.to_vec()
    }

    #[test]
    fn a_syn_with_every_option() {
        let linux = [&MSS[..], &[4, 2, 8, 10], &STAMPS, &SCALE].concat();
        assert_eq!(octets(&syn(OptionOrder::Linux)), linux);
        let freebsd = [&MSS[..], &SCALE, &[4, 2, 8, 10], &STAMPS].concat();
        assert_eq!(octets(&syn(OptionOrder::FreeBsd)), freebsd);
    }

    //= https://www.rfc-editor.org/rfc/rfc9293#section-3.1
    //= type=test
    //# The content of the header beyond the End of Option List Option MUST be
    //# header padding of zeros (MUST-69).
    #[test]
    fn a_syn_without_timestamps() {
        let without = |order| OptionsEmit {
            timestamps: None,
            ..syn(order)
        };
        let linux = [MSS, [1, 1, 4, 2], SCALE].concat();
        assert_eq!(octets(&without(OptionOrder::Linux)), linux);
        let freebsd = [MSS, SCALE, [4, 2, 0, 0]].concat();
        assert_eq!(octets(&without(OptionOrder::FreeBsd)), freebsd);
    }

    #[test]
    fn a_syn_without_sack() {
        let without = |order| OptionsEmit {
            sack_permitted: false,
            ..syn(order)
        };
        let linux = [&MSS[..], &[1, 1, 8, 10], &STAMPS, &SCALE].concat();
        assert_eq!(octets(&without(OptionOrder::Linux)), linux);
        let freebsd = [&MSS[..], &SCALE, &[1, 1, 8, 10], &STAMPS].concat();
        assert_eq!(octets(&without(OptionOrder::FreeBsd)), freebsd);
    }

    #[test]
    fn data_is_the_same_in_both() {
        let range = SeqRange::new(SeqNum::new(1), SeqNum::new(9));
        let data = |order| OptionsEmit {
            timestamps: Some(Timestamps { value: 1, echo: 2 }),
            sack: SackBlock::new(range).into_iter().collect(),
            order,
            ..OptionsEmit::default()
        };
        let block = [1, 1, 5, 10, 0, 0, 0, 1, 0, 0, 0, 9];
        let expected = [&[1, 1, 8, 10][..], &STAMPS, &block].concat();
        assert_eq!(octets(&data(OptionOrder::Linux)), expected);
        assert_eq!(octets(&data(OptionOrder::FreeBsd)), expected);
    }

    #[test]
    fn what_a_build_does_not_know_it_neither_writes_nor_reads() {
        struct Plain;
        impl Dialect for Plain {
            const ORDERS: Switch = Switch::Off;
            const TIMESTAMPS: Switch = Switch::Off;
            const SACK: Switch = Switch::Off;
            const FRAGMENTS: Switch = Switch::Off;
        }
        let mut words = OptionWords::new();
        syn(OptionOrder::FreeBsd).write_syn::<Plain>(&mut words);
        let written = words.as_slice().as_flattened();
        assert_eq!(written, [MSS, [1, 1, 4, 2], SCALE].concat());
        let every = [&MSS[..], &[4, 2, 8, 10], &STAMPS, &SCALE].concat();
        let mut read = SegmentOptions::none();
        read.read::<Plain>(&every, Flags(Flags::SYN));
        assert_eq!((read.mss, read.window_scale), (Some(1_460), Some(7)));
        assert!(read.sack_permitted && read.timestamps.is_none());
        let sack = [1, 1, 5, 10, 0, 0, 0, 1, 0, 0, 0, 9];
        read.read::<Plain>(&sack, Flags(Flags::ACK));
        assert!(read.sack.is_empty());
    }
}
