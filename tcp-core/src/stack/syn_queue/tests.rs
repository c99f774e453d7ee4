//! The SYN queue alone.

use super::super::address::Key;
use super::super::local::{AnyAddress, OwnAddress};
use super::super::scale::{Few, Many};
use super::*;
use crate::seq::SeqNum;
use crate::time::Duration;
use crate::wire::Address;

fn key(port: u16) -> Key {
    Key {
        local: Address::new([10, 0, 0, 1].into()).unwrap(),
        remote: Address::new([10, 0, 0, 2].into()).unwrap(),
        local_port: 80,
        remote_port: port,
    }
}

fn own() -> Vec<Address> {
    vec![Address::new([10, 0, 0, 9].into()).unwrap(), key(1).local]
}

fn new<K: Linkage>(port: u16) -> Entry<OwnAddress, K> {
    let mut entry = Entry::between(&key(port), &own()).unwrap();
    entry.snd_nxt = SeqNum::new(8);
    entry.rcv_nxt = SeqNum::new(9);
    entry.size = 1_460;
    entry.set_window_scale(Some(14));
    entry.agree_on_sack();
    entry.agree_on_ecn();
    entry.set_timestamps(Some(99));
    entry
}

fn queue<S: Scale>(count: usize) -> SynQueue<'static, OwnAddress, S> {
    let entries = vec![Entry::EMPTY; count];
    SynQueue::<OwnAddress, S>::new(Vec::leak(entries).into(), SYN_ACK_WAITS)
}

#[test]
fn a_half_open_connection_is_small() {
    assert!(size_of::<SynEntry<OwnAddress, Few>>() <= 44);
    assert!(size_of::<SynEntry<OwnAddress, Many>>() <= 48);
    assert!(size_of::<SynEntry<AnyAddress, Many>>() <= 60);
}

#[test]
fn an_entry_remembers_what_the_syn_offered() {
    remembered::<Few>();
    remembered::<Many>();
}

fn remembered<S: Scale>() {
    let mut queue = queue::<S>(1);
    let now = Instant::from_micros(1_234_567_892);
    let index = queue.insert(now, &new(5)).unwrap();
    let entry = *queue.get(index).unwrap();
    assert_eq!(entry.key(&own()), key(5));
    assert_eq!(entry.peer_window_scale(), Some(14));
    assert!(entry.sack() && entry.ecn() && entry.timestamps() == Some(99));
    assert_eq!((entry.retransmissions(), entry.size), (0, 1_460));
    assert_eq!(
        (entry.snd_nxt, entry.rcv_nxt),
        (SeqNum::new(8), SeqNum::new(9))
    );
    assert!(entry.sent_once());
    queue.owe_again(index, now);
    assert!(!queue.get(index).unwrap().sent_once());
    assert_eq!(entry.created(now + Duration::from_secs(60)), now);
    let mut bare = Entry::between(&key(6), &own()).unwrap();
    bare.set_window_scale(None);
    bare.set_timestamps(None);
    assert_eq!(queue.insert(now, &bare), None);
    queue.remove(index);
    let index = queue.insert(now, &bare).unwrap();
    let entry = *queue.get(index).unwrap();
    assert_eq!(
        (entry.peer_window_scale(), entry.timestamps()),
        (None, None)
    );
    assert!(!entry.sack() && !entry.ecn());
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
    let index = queue.insert(start, &new(5)).unwrap();
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
        queue.owe(index);
    }
    assert_eq!(queue.get(index).unwrap().retransmissions(), 5);
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
        .map(|i| queue.insert(at(i * 100), &new(1 + i as u16)).unwrap())
        .collect();
    assert_eq!(queue.insert(at(800), &new(9)), None);
    while let Some(index) = queue.first_owed() {
        queue.sent(index);
    }
    assert_eq!(queue.due(at(1_000)), Some(entries[0]));
    queue.owe(entries[0]);
    assert_eq!(queue.due(at(1_000)), None);
    queue.remove(entries[1]);
    assert_eq!(queue.next_deadline(at(1_000)), Some(at(1_200)));
    queue.sent(entries[0]);
    assert_eq!(queue.next_deadline(at(1_000)), Some(at(1_200)));
    assert_eq!(queue.iter().count(), 7);
    queue.remove(entries[2]);
    queue.remove(entries[0]);
    let again = queue.insert(at(1_000), &new(9)).unwrap();
    assert!(entries[..3].contains(&again));
}

#[test]
fn a_deferred_entry_is_asked_again_only_when_its_time_is_over() {
    let mut queue = queue::<Many>(1);
    let start = Instant::from_millis(1_000);
    let index = queue.insert(start, &new(5)).unwrap();
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
    asked_again::<Few>();
    asked_again::<Many>();
}

fn asked_again<S: Scale>() {
    let mut queue = queue::<S>(2);
    let at = |ms| Instant::from_millis(ms);
    let [index, other] = [5, 6].map(|port| queue.insert(at(0), &new(port)).unwrap());
    queue.sent(index);
    queue.sent(other);
    queue.owe_again(index, at(400));
    assert_eq!(queue.first_owed(), Some(index));
    let entry = queue.get(index).unwrap();
    assert!(!entry.sent_once() && entry.retransmissions() == 0);
    queue.sent(index);
    // The wait began anew, and who was not asked again comes first.
    assert_eq!(queue.due(at(1_000)), Some(other));
    queue.remove(other);
    assert_eq!(queue.next_deadline(at(1_000)), Some(at(1_400)));
    queue.owe(index);
    queue.sent(index);
    queue.owe_again(index, at(2_000));
    queue.sent(index);
    let entry = queue.get(index).unwrap();
    assert!(!entry.sent_once() && entry.retransmissions() == 1);
    assert_eq!(queue.next_deadline(at(2_000)), Some(at(3_400)), "only once");
}
