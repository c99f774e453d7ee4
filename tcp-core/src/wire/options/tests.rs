use super::*;
use crate::seq::SeqLen;

const SYN: Flags = Flags(Flags::SYN);
const DATA: Flags = Flags(Flags::ACK);

fn read(options: &[u8], flags: Flags) -> SegmentOptions {
    let mut parsed = SegmentOptions::default();
    parsed.read::<AnyDialect>(options, flags);
    parsed
}

fn write(options: &OptionsEmit) -> Vec<u8> {
    options.words().as_slice().as_flattened().to_vec()
}

fn none() -> SegmentOptions {
    SegmentOptions::default()
}

fn timestamps(value: u32, echo: u32) -> Option<Timestamps> {
    Some(Timestamps { value, echo })
}

fn block(start: u32, len: u32) -> SackBlock {
    let start = SeqNum::new(start);
    SackBlock::new(SeqRange::new(start, start + SeqLen::new(len))).unwrap()
}

/// What a Linux host puts into its SYN.
const LINUX_SYN: [u8; 20] = [
    2, 4, 5, 180, 4, 2, 8, 10, 0, 0, 0, 5, 0, 0, 0, 0, 1, 3, 3, 7,
];

#[test]
fn a_linux_syn_is_read_and_written() {
    let parsed = read(&LINUX_SYN, SYN);
    let expected = SegmentOptions {
        mss: Some(1460),
        window_scale: Some(7),
        sack_permitted: true,
        timestamps: timestamps(5, 0),
        sack: SackBlocks::new(),
    };
    assert_eq!(parsed, expected);
    let emit = OptionsEmit {
        mss: Some(1460),
        window_scale: Some(7),
        sack_permitted: true,
        timestamps: timestamps(5, 0),
        ..OptionsEmit::default()
    };
    assert_eq!(emit.len(), 20);
    assert_eq!(write(&emit), LINUX_SYN);
}

//= https://www.rfc-editor.org/rfc/rfc9293#section-3.1
//= type=test
//# All TCP Options except End of Option List Option (EOL) and No-Operation
//# (NOP) MUST have length fields, including all future options (MUST-68).
//= https://www.rfc-editor.org/rfc/rfc9293#section-3.1
//= type=test
//# The content of the header beyond the End of Option List Option MUST be
//# header padding of zeros (MUST-69).
#[test]
fn each_option_has_its_octets() {
    let fields = OptionsEmit::default();
    let cases = [
        (
            OptionsEmit {
                sack_permitted: true,
                ..fields.clone()
            },
            vec![1, 1, 4, 2],
        ),
        (
            OptionsEmit {
                timestamps: timestamps(0x0102_0304, 0x0506_0708),
                ..fields.clone()
            },
            vec![1, 1, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8],
        ),
        (
            OptionsEmit {
                window_scale: Some(15),
                ..fields.clone()
            },
            vec![1, 3, 3, 14],
        ),
        (
            OptionsEmit {
                sack: [block(u32::MAX, 2)].into_iter().collect(),
                ..fields.clone()
            },
            vec![1, 1, 5, 10, 255, 255, 255, 255, 0, 0, 0, 1],
        ),
        (fields, vec![]),
    ];
    for (emit, octets) in cases {
        assert_eq!(emit.len(), octets.len());
        assert_eq!(emit.is_empty(), octets.is_empty());
        assert_eq!(write(&emit), octets);
    }
}

//= https://www.rfc-editor.org/rfc/rfc9293#section-3.2
//= type=test
//# There is no guarantee that senders will use this option, so receivers MUST
//# be prepared to process options even if they do not begin on a word boundary
//# (MUST-64).
#[test]
fn options_begin_at_any_octet() {
    for nops in 0..8 {
        let mut octets = vec![1; nops];
        octets.extend([3, 3, 7, 2, 4, 5, 180, 8, 10, 0, 0, 0, 5, 0, 0, 0, 6]);
        octets.resize(octets.len().next_multiple_of(4), 0);
        let parsed = read(&octets, SYN);
        assert_eq!(parsed.window_scale, Some(7), "{nops}");
        assert_eq!(parsed.mss, Some(1_460), "{nops}");
        assert_eq!(parsed.timestamps, timestamps(5, 6), "{nops}");
    }
}

/// End of list, no-operation, and the segment size.
//= https://www.rfc-editor.org/rfc/rfc9293#section-3.1
//= type=test
//# A given TCP implementation can support any currently defined options, but
//# the following options MUST be supported (MUST-4 -- note Maximum Segment Size
//# Option support is also part of MUST-14 in Section 3.7.1):
#[test]
fn the_three_oldest_options_are_known() {
    assert_eq!(read(&[1, 1, 2, 4, 2, 24, 0, 0], SYN).mss, Some(536));
    assert_eq!(
        read(&[1, 1, 1, 0, 2, 4, 2, 24], SYN).mss,
        None,
        "behind the end"
    );
    let emit = OptionsEmit {
        mss: Some(536),
        ..OptionsEmit::default()
    };
    assert_eq!(write(&emit), [2, 4, 2, 24]);
}

#[test]
fn blocks_that_do_not_fit_are_left_out_from_the_end() {
    let sack: SackBlocks = (0..4).map(|at| block(at * 100, 10)).collect();
    for (timestamps, mss, blocks, len) in [
        (None, None, 4, 36),
        (timestamps(1, 2), None, 3, 40),
        (timestamps(1, 2), Some(536), 2, 36),
    ] {
        let emit = OptionsEmit {
            timestamps,
            mss,
            sack: sack.clone(),
            ..OptionsEmit::default()
        };
        assert_eq!(emit.len(), len);
        let out = write(&emit);
        assert_eq!(out.len(), len);
        let parsed = read(&out, DATA);
        assert_eq!(parsed.sack[..], sack[..blocks]);
        assert_eq!(parsed.timestamps, timestamps);
    }
}

//= https://www.rfc-editor.org/rfc/rfc9293#section-3.1
//= type=test
//# A TCP implementation MUST be able to receive a TCP Option in any segment
//# (MUST-5).
#[test]
fn the_usual_timestamps_are_read_on_every_kind_of_segment() {
    let usual = [1, 1, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8];
    for flags in [SYN, DATA, Flags(Flags::RST)] {
        let parsed = read(&usual, flags);
        assert_eq!(parsed.timestamps, timestamps(0x0102_0304, 0x0506_0708));
        // The same elsewhere, with an end behind it.
        let moved = [8, 10, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0];
        assert_eq!(read(&moved, flags), parsed);
    }
}

//= https://www.rfc-editor.org/rfc/rfc9293#section-3.1
//= type=test
//# TCP implementations MUST be prepared to handle an illegal option length
//# (e.g., zero); a suggested procedure is to reset the connection and log the
//# error cause (MUST-7).
#[test]
fn p05_option_lengths_zero_and_one_stop_the_parse() {
    for kind in 2..=255 {
        for length in [0, 1] {
            let mut options = LINUX_SYN.to_vec();
            options.extend([kind, length, 0, 0]);
            assert_eq!(read(&options, SYN), read(&LINUX_SYN, SYN));
            let mut options = vec![kind, length, 1, 1];
            options.extend(LINUX_SYN);
            assert_eq!(read(&options, SYN), none());
        }
    }
}

#[test]
fn p06_a_kind_without_a_length_ends_the_options() {
    for kind in 2..=255 {
        let mut options = vec![1, 3, 3, 2, 1, 1, 1];
        options.push(kind);
        assert_eq!(read(&options, SYN).window_scale, Some(2));
        assert_eq!(read(&[1, 1, 1, kind], SYN), none());
    }
}

#[test]
fn p07_options_beyond_the_header_end_it() {
    for length in [5, 6, 255] {
        for kind in [2, 3, 4, 5, 8, 253] {
            assert_eq!(read(&[kind, length, 5, 180], SYN), none());
            assert_eq!(read(&[kind, length, 5, 180], DATA), none());
        }
    }
}

#[test]
fn p08_known_options_of_wrong_lengths_are_skipped() {
    let malformed: [&[u8]; 10] = [
        &[2, 2],
        &[2, 3, 5],
        &[2, 5, 5, 180, 0],
        &[3, 2],
        &[3, 4, 7, 0],
        &[4, 3, 0],
        &[4, 4, 0, 0],
        &[8, 9, 0, 0, 0, 1, 0, 0, 0],
        &[8, 11, 0, 0, 0, 1, 0, 0, 0, 0, 0],
        &[8, 2],
    ];
    for option in malformed {
        assert_eq!(read(option, SYN), none());
        let both = [option, &LINUX_SYN].concat();
        assert_eq!(read(&both, SYN), read(&LINUX_SYN, SYN));
    }
}

#[test]
fn p09_window_scales_above_fourteen_are_fourteen() {
    for (shift, used) in [(0, 0), (14, 14), (15, 14), (31, 14), (255, 14)] {
        assert_eq!(read(&[3, 3, shift, 0], SYN).window_scale, Some(used));
    }
}

#[test]
fn p10_sack_options_are_made_of_whole_blocks() {
    for length in [2, 3, 9, 11, 17, 33, 35, 37] {
        let mut options = vec![5, length];
        options.resize(usize::from(length).min(38), 1);
        options.extend([0, 0]);
        assert_eq!(read(&options, DATA), none(), "length {length}");
    }
    for count in 1..=4u8 {
        let mut options = vec![1, 1, 5, 2 + 8 * count];
        for at in 0..count {
            options.extend([0, 0, at, 0, 0, 0, at, 9]);
        }
        let parsed = read(&options, DATA).sack;
        let expected: SackBlocks = (0..count).map(|at| block(u32::from(at) << 8, 9)).collect();
        assert_eq!(parsed, expected);
    }
}

#[test]
fn d20_empty_and_backward_blocks_are_passed_over() {
    let mut options = vec![1, 1, 5, 26];
    options.extend([0, 0, 0, 9, 0, 0, 0, 9]);
    options.extend([0, 0, 0, 9, 0, 0, 0, 3]);
    options.extend([0, 0, 0, 1, 0, 0, 0, 3]);
    let expected: SackBlocks = [block(1, 2)].into_iter().collect();
    assert_eq!(read(&options, DATA).sack, expected);
}

#[test]
fn p11_options_count_on_their_kind_of_segment_and_once() {
    let mut syn = LINUX_SYN.to_vec();
    syn.extend([5, 10, 0, 0, 0, 1, 0, 0, 0, 2]);
    assert_eq!(read(&syn, SYN), read(&LINUX_SYN, SYN));
    let data = read(&syn, DATA);
    assert_eq!((data.mss, data.window_scale), (None, None));
    assert!(!data.sack_permitted);
    assert_eq!(data.timestamps, timestamps(5, 0));
    assert_eq!(data.sack.len(), 1);

    let mut twice = LINUX_SYN.to_vec();
    twice.extend([2, 4, 0, 1, 3, 3, 1, 8, 10, 0, 0, 0, 9, 0, 0, 0, 9, 0, 0, 0]);
    assert_eq!(read(&twice, SYN), read(&LINUX_SYN, SYN));
    let mut twice = vec![5, 10, 0, 0, 0, 1, 0, 0, 0, 2];
    twice.extend([5, 10, 0, 0, 0, 3, 0, 0, 0, 4]);
    let expected: SackBlocks = [block(1, 1)].into_iter().collect();
    assert_eq!(read(&twice, DATA).sack, expected);
}

#[test]
fn p12_nothing_is_read_behind_the_end() {
    let mut options = vec![0];
    options.extend([2, 4, 5, 180, 3, 3, 7]);
    assert_eq!(read(&options, SYN), none());
    assert_eq!(read(&[1; 40], SYN), none());
    assert_eq!(read(&[], SYN), none());
}

#[test]
fn p14_authentication_options_say_nothing_here() {
    for kind in [19, 29] {
        for length in [2, 3, 4, 18, 20] {
            let mut options = vec![kind, length];
            options.resize(usize::from(length), 0xee);
            options.extend(LINUX_SYN);
            assert_eq!(read(&options, SYN), read(&LINUX_SYN, SYN));
        }
        assert_eq!(read(&[kind, 18, 1, 2], SYN), none());
    }
}
