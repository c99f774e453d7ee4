//! Reassembly against a naive model, and the known attacks.

use proptest::prelude::*;

use super::*;

fn id(id: u32) -> DatagramId {
    DatagramId {
        source: Address::from([10, 0, 0, 1]),
        destination: Address::from([10, 0, 0, 2]),
        id,
        protocol: 6,
    }
}

fn header(hop_limit: u8) -> IpMeta {
    IpMeta {
        source: [10, 0, 0, 1].into(),
        destination: [10, 0, 0, 2].into(),
        protocol: 6,
        hop_limit,
        traffic_class: 0,
    }
}

fn slots(count: usize, size: usize) -> Reassembly<'static> {
    let slots: Vec<FragmentSlot<'static>> = (0..count)
        .map(|_| FragmentSlot::new(Vec::leak(vec![0xaa; size]).into()))
        .collect();
    Reassembly::new(Vec::leak(slots).into())
}

fn piece(octets: &[u8], offset: usize, len: usize) -> Piece<'_> {
    Piece {
        offset: offset as u32,
        follow: if offset + len == octets.len() {
            Follow::Last
        } else {
            Follow::More
        },
        octets: &octets[offset..offset + len],
        header: header(1),
    }
}

const NOW: Instant = Instant::from_micros(5);

proptest! {
    #[test]
    fn f23_g17_a_datagram_is_put_together_in_any_order(
        blocks in 1usize..9,
        tail in 0usize..8,
        order in Just((0usize..16).collect::<Vec<_>>()).prop_shuffle(),
    ) {
        let octets: Vec<u8> = (0..blocks * 8 + tail).map(|i| i as u8).collect();
        let mut pieces: Vec<Piece<'_>> = (0..octets.len())
            .step_by(8)
            .map(|at| piece(&octets, at, (octets.len() - at).min(8)))
            .collect();
        let mut order: Vec<usize> = order.into_iter().filter(|i| *i < pieces.len()).collect();
        pieces[0].header = header(9);
        let last = order.pop().unwrap();
        let mut reassembly = slots(2, 100);
        for index in order {
            // Each comes twice.
            prop_assert_eq!(reassembly.insert(NOW, id(1), &pieces[index]), Outcome::Kept);
            prop_assert_eq!(reassembly.insert(NOW, id(1), &pieces[index]), Outcome::Kept);
        }
        let done = reassembly.insert(NOW, id(1), &pieces[last]);
        let Outcome::Complete { slot, len, first } = done else {
            return Err(TestCaseError::fail("not complete"));
        };
        // The header of the first fragment counts, not that of the first to come.
        prop_assert_eq!(first, header(9));
        prop_assert_eq!(reassembly.content(slot, len, len), &octets[..]);
        prop_assert_eq!(reassembly.next_deadline(), None);
    }

    #[test]
    fn what_completes_is_what_was_sent_without_conflict(
        sends in proptest::collection::vec((0usize..8, 1usize..5, any::<bool>()), 1..30),
    ) {
        // The model: an octet map of the fragments since the last discard.
        let octets: Vec<u8> = (0..64).map(|i| i as u8 ^ 0x5a).collect();
        let mut reassembly = slots(1, 64);
        let mut model: Vec<Option<u8>> = vec![None; 64];
        for (block, blocks, corrupt) in sends {
            let at = block * 8;
            let len = (blocks * 8).min(64 - at);
            let mut sent = octets.clone();
            if corrupt {
                sent[at] ^= 1;
            }
            let fragment = piece(&sent, at, len);
            let known: Vec<_> = model[at..at + len].iter().flatten().copied().collect();
            let conflict = !known.is_empty() && known != fragment.octets;
            let outcome = reassembly.insert(NOW, id(3), &fragment);
            if conflict {
                prop_assert_eq!(outcome, Outcome::Dropped);
                model.fill(None);
                continue;
            }
            for (octet, seen) in fragment.octets.iter().zip(&mut model[at..at + len]) {
                *seen = Some(*octet);
            }
            if model.iter().all(Option::is_some) {
                let Outcome::Complete { slot, len, .. } = outcome else {
                    return Err(TestCaseError::fail("not complete"));
                };
                let expected: Vec<u8> = model.iter().flatten().copied().collect();
                prop_assert_eq!(reassembly.content(slot, len, len), &expected[..]);
                model.fill(None);
            } else {
                prop_assert_eq!(outcome, Outcome::Kept);
            }
        }
    }
}

#[test]
fn f17_f20_g12_overlaps_and_two_ends_discard_the_datagram() {
    let octets = [7u8; 64];
    let other = [8u8; 64];
    for (first, second) in [
        (piece(&octets, 0, 40), piece(&other[..28], 24, 4)),
        (piece(&octets, 0, 16), piece(&other, 8, 16)),
        (piece(&octets, 8, 16), piece(&other, 0, 16)),
        (piece(&octets, 48, 16), piece(&other[..40], 32, 8)),
        (piece(&octets[..40], 32, 8), piece(&octets, 48, 8)),
        (piece(&octets, 40, 8), piece(&octets[..24], 16, 8)),
    ] {
        let mut reassembly = slots(1, 64);
        assert_eq!(reassembly.insert(NOW, id(1), &first), Outcome::Kept);
        assert_eq!(
            reassembly.insert(NOW, id(1), &second),
            Outcome::Dropped,
            "{second:?}"
        );
        assert_eq!(reassembly.next_deadline(), None);
    }
}

#[test]
fn f18_f19_g15_lengths_that_no_datagram_has_are_dropped() {
    let octets = [0u8; 2_000];
    let mut reassembly = slots(1, 65_535);
    let beyond = Piece {
        offset: 65_528,
        follow: Follow::Last,
        octets: &octets[..1_000],
        header: header(1),
    };
    let ragged = Piece {
        offset: 0,
        follow: Follow::More,
        octets: &octets[..9],
        header: header(1),
    };
    let empty = Piece {
        offset: 8,
        octets: &[],
        ..ragged
    };
    for bad in [beyond, ragged, empty] {
        assert_eq!(reassembly.insert(NOW, id(1), &bad), Outcome::Dropped);
    }
    assert_eq!(reassembly.next_deadline(), None);
}

#[test]
fn f21_many_fragments_cost_bounded_slots_and_holes() {
    let octets = [0u8; 8];
    let mut reassembly = slots(2, 65_535);
    for number in 0..10_000u32 {
        let fragment = Piece {
            offset: (number.wrapping_mul(7_919) % 4_000) * 16,
            follow: Follow::More,
            octets: &octets,
            header: header(1),
        };
        let outcome = reassembly.insert(NOW, id(number % 5), &fragment);
        assert!(!matches!(outcome, Outcome::Complete { .. }));
    }
    let mut none = slots(0, 0);
    assert_eq!(
        none.insert(NOW, id(1), &piece(&[0; 16], 0, 8)),
        Outcome::Dropped
    );
}

#[test]
fn f25_a_datagram_is_given_up_after_60_seconds() {
    let octets = [0u8; 64];
    let mut reassembly = slots(2, 64);
    assert_eq!(
        reassembly.insert(NOW, id(1), &piece(&octets, 0, 8)),
        Outcome::Kept
    );
    let due = NOW + Duration::from_secs(60);
    assert_eq!(reassembly.next_deadline(), Some(due));
    assert_eq!(
        reassembly.advance(Instant::from_micros(due.as_micros() - 1)),
        0
    );
    assert_eq!(reassembly.advance(due), 1);
    assert_eq!(reassembly.next_deadline(), None);
    assert_eq!(
        reassembly.insert(due, id(1), &piece(&octets, 8, 56)),
        Outcome::Kept
    );
}

#[test]
fn when_all_slots_are_busy_the_oldest_gives_way() {
    let octets = [0u8; 64];
    let mut reassembly = slots(2, 64);
    for number in 0..3 {
        let now = Instant::from_micros(u64::from(number));
        assert_eq!(
            reassembly.insert(now, id(number), &piece(&octets, 0, 8)),
            Outcome::Kept
        );
    }
    let rest = piece(&octets, 8, 56);
    assert!(matches!(
        reassembly.insert(NOW, id(2), &rest),
        Outcome::Complete { .. }
    ));
    assert!(matches!(
        reassembly.insert(NOW, id(1), &rest),
        Outcome::Complete { .. }
    ));
    assert_eq!(reassembly.insert(NOW, id(0), &rest), Outcome::Kept);
}

#[test]
fn a_mark_on_any_fragment_marks_the_datagram_or_discards_it() {
    let octets = [7; 24];
    let with = |offset, class| Piece {
        header: IpMeta {
            traffic_class: class,
            ..header(1)
        },
        ..piece(&octets, offset, 8)
    };
    let outcome = |classes: [u8; 3]| {
        let mut reassembly = slots(1, 64);
        let outcomes = [0, 1, 2].map(|i| {
            let piece = with(8 * i, classes[i]);
            reassembly.insert(NOW, id(1), &piece)
        });
        match outcomes[2] {
            Outcome::Complete { first, .. } => Some(first.traffic_class),
            Outcome::Kept | Outcome::Dropped => None,
        }
    };
    assert_eq!(outcome([0x28, 0x28, 0x28]), Some(0x28));
    assert_eq!(outcome([0x2a, 0x2a, 0x2a]), Some(0x2a));
    assert_eq!(outcome([0x2a, 0x2b, 0x2a]), Some(0x2b));
    assert_eq!(outcome([0x28, 0x2b, 0x28]), None);
    assert_eq!(outcome([0x2b, 0x2a, 0x28]), None);
}
