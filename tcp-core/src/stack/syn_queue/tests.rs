//! The SYN queue alone.

use super::super::local::{AnyAddress, OwnAddress};
use super::super::scale::{Few, Many};
use super::*;
use crate::wire::Address;

fn new(port: u16) -> NewEntry {
    NewEntry {
        key: Key {
            local: Address::new([10, 0, 0, 1].into()).unwrap(),
            remote: Address::new([10, 0, 0, 2].into()).unwrap(),
            local_port: 80,
            remote_port: port,
        },
        irs: SeqNum::new(7),
        peer_mss: 1_460,
        peer_window_scale: Some(14),
        sack: true,
        ecn: true,
        timestamps: Some(99),
        leap: Leap(9),
    }
}

fn own() -> Vec<Address> {
    vec![
        Address::new([10, 0, 0, 9].into()).unwrap(),
        new(1).key.local,
    ]
}

fn queue<S: Scale>(count: usize) -> SynQueue<'static, OwnAddress, S> {
    SynQueue::new(Vec::leak(vec![SynEntry::EMPTY; count]).into())
}

#[test]
fn a_half_open_connection_is_small() {
    assert!(size_of::<SynEntry<OwnAddress, Few>>() <= 44);
    assert!(size_of::<SynEntry<OwnAddress, Many>>() <= 48);
    assert!(size_of::<SynEntry<AnyAddress, Many>>() <= 56);
}

#[test]
fn an_entry_remembers_what_the_syn_offered() {
    remembered::<Few>();
    remembered::<Many>();
}

fn remembered<S: Scale>() {
    let mut queue = queue::<S>(1);
    let now = Instant::from_micros(1_234_567_892);
    let index = queue.insert(now, &new(5), &own()).unwrap();
    let entry = *queue.get(index).unwrap();
    assert_eq!(entry.key(&own()), new(5).key);
    assert_eq!(entry.peer_window_scale(), Some(14));
    assert!(
        entry.sack()
            && entry.ecn()
            && entry.timestamps() == Some(99)
            && entry.retransmissions() == 0
    );
    assert_eq!(entry.iss_source(), (Ticks::at(now), Leap(9)));
    assert!(entry.sent_once());
    queue.resent(index);
    assert!(!queue.get(index).unwrap().sent_once());
    assert_eq!(entry.created(now + Duration::from_secs(60)), now);
    let bare = NewEntry {
        peer_window_scale: None,
        sack: false,
        ecn: false,
        timestamps: None,
        leap: Leap::NONE,
        ..new(6)
    };
    assert_eq!(queue.insert(now, &bare, &own()), None);
    queue.remove(index);
    let index = queue.insert(now, &bare, &own()).unwrap();
    let entry = *queue.get(index).unwrap();
    assert_eq!(
        (entry.peer_window_scale(), entry.timestamps()),
        (None, None)
    );
    assert!(!entry.sack() && !entry.ecn() && entry.iss_source().1 == Leap::NONE);
}

#[test]
fn the_syn_ack_is_due_after_1_3_7_15_31_and_63_seconds() {
    due_after_doubled_waits::<Few>();
    due_after_doubled_waits::<Many>();
}

fn due_after_doubled_waits<S: Scale>() {
    let mut queue = queue::<S>(2);
    // The 4-microsecond clock wraps while the entry waits.
    let start = Instant::from_micros((u64::from(u32::MAX) - 1_000) << 2);
    let index = queue.insert(start, &new(5), &own()).unwrap();
    assert_eq!(queue.next_deadline(start), None);
    for (count, seconds) in [1, 3, 7, 15, 31, 63].into_iter().enumerate() {
        assert_eq!(queue.first_owed(), Some(index));
        queue.sent(index);
        assert_eq!(queue.first_owed(), None);
        let due = start + Duration::from_secs(seconds);
        assert_eq!(queue.next_deadline(start), Some(due));
        assert_eq!(queue.due(Instant::from_micros(due.as_micros() - 4)), None);
        assert_eq!(queue.due(due), Some(index));
        assert_eq!(
            usize::from(queue.get(index).unwrap().retransmissions()),
            count
        );
        queue.retransmit(index);
    }
    assert_eq!(queue.get(index).unwrap().retransmissions(), RETRANSMISSIONS);
}

#[test]
fn deadlines_come_in_order_and_freed_entries_have_none() {
    next_deadlines::<Few>();
    next_deadlines::<Many>();
}

fn next_deadlines<S: Scale>() {
    let mut queue = queue::<S>(8);
    let at = |ms| Instant::from_millis(ms);
    let entries: Vec<u32> = (0..8)
        .map(|i| {
            queue
                .insert(at(i * 100), &new(1 + i as u16), &own())
                .unwrap()
        })
        .collect();
    assert_eq!(queue.insert(at(800), &new(9), &own()), None);
    while let Some(index) = queue.first_owed() {
        queue.sent(index);
    }
    assert_eq!(queue.due(at(1_000)), Some(entries[0]));
    queue.retransmit(entries[0]);
    assert_eq!(queue.due(at(1_000)), None);
    queue.remove(entries[1]);
    assert_eq!(queue.next_deadline(at(1_000)), Some(at(1_200)));
    queue.sent(entries[0]);
    assert_eq!(queue.next_deadline(at(1_000)), Some(at(1_200)));
    assert_eq!(queue.iter().count(), 7);
    queue.remove(entries[2]);
    queue.remove(entries[0]);
    let again = queue.insert(at(1_000), &new(9), &own()).unwrap();
    assert!(entries[..3].contains(&again));
}

#[test]
fn a_deferred_entry_is_asked_again_only_when_its_time_is_over() {
    let mut queue = queue::<Many>(1);
    let start = Instant::from_millis(1_000);
    let index = queue.insert(start, &new(5), &own()).unwrap();
    queue.sent(index);
    assert!(!queue.wait_on(index, 2), "nobody acknowledged yet");
    assert!(queue.defer(index, 2));
    assert!(queue.wait_on(index, 2));
    assert_eq!(queue.first_owed(), None);
    assert_eq!(queue.get(index).unwrap().retransmissions(), 1);
    assert!(queue.defer(index, 2));
    assert!(queue.wait_on(index, 2));
    assert_eq!(queue.first_owed(), Some(index));
    assert!(!queue.defer(index, 2), "the time is over");
    queue.sent(index);
    assert!(!queue.wait_on(index, 2));
}

#[test]
fn a_syn_that_came_again_spoils_the_sample_and_no_count() {
    let mut queue = queue::<Many>(1);
    let index = queue.insert(Instant::ZERO, &new(5), &own()).unwrap();
    queue.sent(index);
    queue.resent(index);
    let entry = queue.get(index).unwrap();
    assert!(!entry.sent_once() && entry.retransmissions() == 0);
    queue.retransmit(index);
    queue.sent(index);
    queue.resent(index);
    let entry = queue.get(index).unwrap();
    assert!(!entry.sent_once() && entry.retransmissions() == 1);
}
