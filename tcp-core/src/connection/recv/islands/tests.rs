use super::*;
use crate::connection::recv::duplicates::{DuplicateReports, NoDuplicateReports};
use crate::seq::SeqLen;

const BASE: SeqNum = SeqNum::new(u32::MAX - 40);

fn range(start: u32, end: u32) -> SeqRange {
    SeqRange::new(BASE + SeqLen::new(start), BASE + SeqLen::new(end))
}

/// In the order of the sequence space.
fn ranges(islands: &Islands<'_>) -> Vec<SeqRange> {
    let mut ranges: Vec<_> = islands.all().iter().map(|island| island.0).collect();
    ranges.sort_by_key(|range| range.start - BASE);
    ranges
}

#[test]
fn ranges_are_kept_apart_and_joined() {
    let mut memory = [Island::default(); 4];
    let mut islands = Islands::new((&mut memory[..]).into());
    assert!(islands.insert(range(50, 60), &mut NoDuplicateReports));
    assert!(islands.insert(range(10, 20), &mut NoDuplicateReports));
    assert!(islands.insert(range(30, 40), &mut NoDuplicateReports));
    assert_eq!(
        ranges(&islands),
        [range(10, 20), range(30, 40), range(50, 60)]
    );
    assert!(islands.insert(range(20, 30), &mut NoDuplicateReports));
    assert_eq!(ranges(&islands), [range(10, 40), range(50, 60)]);
    assert!(islands.insert(range(5, 70), &mut NoDuplicateReports));
    assert_eq!(ranges(&islands), [range(5, 70)]);
    let mut again = |arrived| {
        let mut duplicates = DuplicateReports::default();
        islands.absorb(arrived, &mut duplicates);
        assert!(islands.insert(range(5, 70), &mut NoDuplicateReports));
        duplicates.pending()
    };
    assert_eq!(again(range(6, 70)), Some(range(6, 70)));
    assert_eq!(again(range(4, 6)), Some(range(5, 6)));
    assert_eq!(again(range(3, 5)), None);
    assert!(islands.pass(range(6, 69).end) && !islands.pass(range(4, 70).end));
}

#[test]
fn d04_a_full_table_refuses_only_what_stands_alone() {
    let mut memory = [Island::default(); 2];
    let mut islands = Islands::new((&mut memory[..]).into());
    assert!(
        islands.insert(range(10, 20), &mut NoDuplicateReports)
            && islands.insert(range(30, 40), &mut NoDuplicateReports)
    );
    assert!(!islands.insert(range(50, 60), &mut NoDuplicateReports));
    assert_eq!(ranges(&islands), [range(10, 20), range(30, 40)]);
    assert!(islands.insert(range(40, 60), &mut NoDuplicateReports));
    let mut absorb = |range| islands.absorb(range, &mut NoDuplicateReports);
    assert_eq!(absorb(range(5, 12)), range(5, 20));
    assert_eq!(absorb(range(5, 12)), range(5, 12));
    assert_eq!(ranges(&islands), [range(30, 60)]);
}

#[test]
fn sack_reports_the_duplicate_then_the_most_recent_first() {
    let mut memory = [Island::default(); 8];
    let mut islands = Islands::new((&mut memory[..]).into());
    for start in [10, 30, 50, 70, 90] {
        assert!(islands.insert(range(start, start + 5), &mut NoDuplicateReports));
    }
    assert!(islands.insert(range(35, 37), &mut NoDuplicateReports));
    let blocks = |duplicate, room| -> Vec<SeqRange> {
        let blocks = islands.sack_blocks(duplicate, room);
        blocks.map(SackBlock::range).collect()
    };
    assert_eq!(
        blocks(None, 4),
        [range(30, 37), range(90, 95), range(70, 75), range(50, 55)]
    );
    assert_eq!(
        blocks(Some(range(1, 2)), 3),
        [range(1, 2), range(30, 37), range(90, 95)]
    );
}

#[test]
fn what_arrives_twice_is_noted() {
    let mut memory = [Island::default(); 2];
    let mut islands = Islands::new((&mut memory[..]).into());
    let mut duplicates = DuplicateReports::default();
    assert!(islands.insert(range(10, 20), &mut duplicates));
    assert!(islands.insert(range(20, 30), &mut duplicates));
    assert_eq!(duplicates.pending(), None);
    assert!(islands.insert(range(12, 15), &mut duplicates));
    assert_eq!(duplicates.pending(), Some(range(12, 15)));
    duplicates.forget();
    assert!(islands.insert(range(25, 40), &mut duplicates));
    assert_eq!(duplicates.pending(), Some(range(25, 30)));
    assert_eq!(islands.absorb(range(5, 11), &mut duplicates), range(5, 40));
    assert_eq!(duplicates.pending(), Some(range(10, 11)));
    duplicates.forget();
    assert_eq!(duplicates.pending(), None);
}

/// Against a bitmap: the table holds exactly the octets that were inserted.
#[test]
fn d35_the_table_equals_a_bitmap() {
    let mut state = 0x2545_f491_4f6c_dd1du64;
    let mut random = |bound: u32| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        u32::try_from(state >> 33).unwrap() % bound
    };
    for _ in 0..2_000 {
        let mut memory = [Island::default(); 6];
        let mut islands = Islands::new((&mut memory[..]).into());
        let mut bitmap = [false; 64];
        for _ in 0..12 {
            let start = 1 + random(56);
            let end = start + 1 + random(6);
            if islands.insert(range(start, end), &mut NoDuplicateReports) {
                bitmap[start as usize..end as usize].fill(true);
            }
            let mut seen = [false; 64];
            for island in ranges(&islands) {
                let (start, end) = (island.start - BASE, island.end - BASE);
                let (start, end) = (
                    usize::try_from(start).unwrap(),
                    usize::try_from(end).unwrap(),
                );
                seen[start..end].fill(true);
            }
            assert_eq!(seen, bitmap);
            islands.assert_invariants(BASE, BASE + SeqLen::new(64));
        }
    }
}
