use super::*;
use crate::wire::tests::{naive, octets};

#[test]
fn every_length_and_every_split_equals_the_definition() {
    for len in 0..200 {
        let data = octets(len);
        let expected = naive(&data);
        for at in 0..=len {
            let mut sum = Checksum::new();
            sum.add(&data[..at]);
            sum.add(&data[at..]);
            assert_eq!(sum.complement(), expected, "length {len}, split at {at}");

            let mut copied = vec![0; len];
            let mut sum = Checksum::new();
            sum.copy(&mut copied[..at], &data[..at]);
            sum.copy(&mut copied[at..], &data[at..]);
            assert_eq!(sum.complement(), expected, "copy of {len}, split at {at}");
            assert_eq!(copied, data);
        }
    }
}

#[test]
fn three_pieces_of_odd_lengths_keep_their_places() {
    let data = octets(131);
    for (first, second) in [(1, 2), (1, 36), (33, 66), (33, 67), (65, 130)] {
        let mut sum = Checksum::new();
        sum.add(&data[..first]);
        sum.add(&data[first..second]);
        sum.add(&data[second..]);
        assert_eq!(sum.complement(), naive(&data));
    }
}

#[test]
fn z02_long_runs_of_ones_do_not_overflow() {
    for len in [65_535, 131_072, 131_073, 1 << 20] {
        let data = vec![0xff; len];
        let mut sum = Checksum::new();
        sum.add(&data);
        assert_eq!(sum.complement(), naive(&data));
        let mut copied = vec![0; len];
        let mut sum = Checksum::new();
        for _ in 0..3 {
            sum.copy(&mut copied, &data);
        }
        assert_eq!(sum.complement(), naive(&data.repeat(3)));
    }
}

#[test]
fn a_copy_is_as_long_as_the_shorter_side() {
    let mut to = [0xaa; 8];
    let mut sum = Checksum::new();
    sum.copy(&mut to[..5], &[1, 2, 3, 4, 5, 6, 7]);
    assert_eq!(to, [1, 2, 3, 4, 5, 0xaa, 0xaa, 0xaa]);
    assert_eq!(sum.complement(), naive(&[1, 2, 3, 4, 5]));
    let mut sum = Checksum::new();
    sum.copy(&mut to, &[9]);
    assert_eq!(to[..2], [9, 2]);
    assert_eq!(sum.complement(), naive(&[9]));
}

#[test]
fn f06_both_zeros_are_right_and_one_bit_is_not() {
    let mut header = octets(20);
    header[10..12].fill(0);
    let checksum = naive(&header);
    header[10..12].copy_from_slice(&checksum);
    let right = |octets: &[u8]| {
        let mut sum = Checksum::new();
        sum.add(octets);
        sum.is_right()
    };
    assert!(right(&header));
    for bit in 0..160 {
        let mut wrong = header.clone();
        wrong[bit / 8] ^= 1 << (bit % 8);
        assert!(!right(&wrong), "bit {bit}");
    }
    // Minus zero in the field instead of zero: both are zero in ones' complement.
    let mut zero = vec![0xff; 20];
    zero[10..12].fill(0);
    assert!(right(&zero));
    zero[10..12].fill(0xff);
    assert!(right(&zero));
}

#[test]
fn numbers_are_added_as_they_stand_on_the_wire() {
    let mut numbers = Checksum::new();
    numbers.add_u16(0x1234);
    numbers.add_u16(0xfedc);
    assert_eq!(numbers.complement(), naive(&[0x12, 0x34, 0xfe, 0xdc]));
    let [a, b] = numbers.complement();
    assert_eq!(numbers.partial(), [!a, !b]);
}
