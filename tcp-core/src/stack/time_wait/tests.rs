//! The TIME-WAIT table alone.

use super::super::address::Key;
use super::super::local::{AnyAddress, OwnAddress};
use super::super::scale::{Few, Many};
use super::super::waiting::Waits;
use super::*;
use crate::time::{Duration, Instant};
use crate::wire::{Address, Flags, RawWindow, SegmentOptions, Timestamps};

fn key(port: u16) -> Key {
    Key {
        local: Address::new([10, 0, 0, 1].into()).unwrap(),
        remote: Address::new([10, 0, 0, 2].into()).unwrap(),
        local_port: 80,
        remote_port: port,
    }
}

const SEED: TimeWaitSeed = TimeWaitSeed {
    snd_nxt: SeqNum::new(1_000),
    rcv_nxt: SeqNum::new(2_000),
    window: 500,
    timestamps: Some((77, 3)),
    hop_limit: 64,
    diffserv: 0x2e,
    owes_ack: true,
};

fn table<S: Scale>(count: usize) -> TimeWaits<'static, OwnAddress, S> {
    let entries = vec![Entry::EMPTY; count];
    let waits = Waits::Once { ms: 60_000 };
    TimeWaits::<OwnAddress, S>::new(Vec::leak(entries).into(), waits)
}

/// A connection with these ends begins to wait.
fn insert<S: Scale>(
    table: &mut TimeWaits<'static, OwnAddress, S>,
    now: Instant,
    port: u16,
    seed: &TimeWaitSeed,
) -> Option<u32> {
    let mut entry = Entry::between(&key(port), &own()).unwrap();
    entry.take_over(seed);
    let index = table.insert(now, &entry)?;
    table.sent(index);
    Some(index)
}

impl<K: Linkage> Entry<OwnAddress, K> {
    fn verdict(&self, segment: &Segment<'_>) -> Verdict {
        self.judge(segment, self.timestamps())
    }
}

fn own() -> Vec<Address> {
    vec![key(1).local]
}

fn segment(control: Option<Control>, seq: SeqNum, tsval: Option<u32>) -> Segment<'static> {
    let bits = match control {
        Some(Control::Syn) => Flags::SYN,
        Some(Control::Fin) => Flags::FIN | Flags::ACK,
        Some(Control::Rst) => Flags::RST,
        None => Flags::ACK,
    };
    Segment {
        source_port: 5,
        destination_port: 80,
        seq,
        ack: (bits & Flags::ACK != 0).then_some(SEED.snd_nxt),
        flags: Flags(bits),
        control,
        window: RawWindow(1),
        urgent: None,
        options: SegmentOptions {
            timestamps: tsval.map(|value| Timestamps { value, echo: 0 }),
            ..SegmentOptions::default()
        },
        marked: false,
        payload: &[],
    }
}

#[test]
fn a_connection_in_time_wait_is_small() {
    assert!(size_of::<TimeWaitEntry<OwnAddress, Few>>() <= 56);
    assert!(size_of::<TimeWaitEntry<OwnAddress, Many>>() <= 64);
    assert!(size_of::<TimeWaitEntry<AnyAddress, Many>>() <= 64);
}

#[test]
fn entries_leave_after_2_msl_in_order_and_a_restarted_one_later() {
    left_in_order::<Few>();
    left_in_order::<Many>();
}

fn left_in_order<S: Scale>() {
    let mut table = table::<S>(3);
    let at = |s: u64| Instant::from_micros(s * 1_000_000 + 77);
    let entries: Vec<u32> = (0..3)
        .map(|i| insert(&mut table, at(i), 1 + i as u16, &SEED).unwrap())
        .collect();
    assert_eq!(table.get(entries[1]).unwrap().key(&own()), key(2));
    assert_eq!(table.get(entries[1]).unwrap().traffic_class(), 0x2e << 2);
    table.restart(entries[0], at(3));
    for (entry, second) in [(entries[1], 61), (entries[2], 62), (entries[0], 63)] {
        let due = table.next_deadline(at(3)).unwrap();
        let late = due - Instant::from_micros(second * 1_000_000);
        assert!(late < Duration::from_millis(3), "{late:?}");
        assert_eq!(table.due(Instant::from_micros(due.as_micros() - 1)), None);
        assert_eq!(table.due(due), Some(entry));
        table.remove(entry);
    }
    assert_eq!(table.next_deadline(at(70)), None);
    assert_eq!(table.iter().count(), 0);
}

#[test]
fn r08_a_full_table_names_its_oldest_entry_as_the_victim() {
    oldest_is_victim::<Few>();
    oldest_is_victim::<Many>();
}

fn oldest_is_victim<S: Scale>() {
    let mut table = table::<S>(2);
    let late = Instant::from_millis(10);
    assert_eq!(table.victim(late), None);
    let first = insert(&mut table, Instant::ZERO, 1, &SEED).unwrap();
    let second = insert(&mut table, late, 2, &SEED).unwrap();
    assert_eq!(table.victim(late), Some(first));
    table.restart(first, Instant::from_millis(20));
    assert_eq!(table.victim(Instant::from_millis(20)), Some(second));
    table.restart(second, Instant::from_millis(30));
    assert_eq!(insert(&mut table, Instant::ZERO, 3, &SEED), None);
    table.remove(first);
    assert_eq!(insert(&mut table, Instant::ZERO, 3, &SEED), Some(first));
}

#[test]
fn s23_a_reset_is_ignored_in_time_wait() {
    let mut table = table::<Few>(1);
    let index = insert(&mut table, Instant::ZERO, 5, &SEED).unwrap();
    let reset = segment(Some(Control::Rst), SEED.rcv_nxt, None);
    assert_eq!(table.get(index).unwrap().verdict(&reset), Verdict::Ignore);
}

#[test]
fn s24_a_syn_reopens_only_beyond_the_old_numbers() {
    let entry = |timestamps| {
        let mut table = table::<Few>(1);
        let seed = TimeWaitSeed { timestamps, ..SEED };
        let index = insert(&mut table, Instant::ZERO, 5, &seed).unwrap();
        *table.get(index).unwrap()
    };
    let (old, new) = (SEED.rcv_nxt - SeqLen::ONE, SEED.rcv_nxt);
    for (ours, theirs, seq, verdict) in [
        (Some((77, 3)), Some(78), old, Verdict::Reopen),
        (Some((77, 3)), Some(77), old, Verdict::Acknowledge),
        (Some((77, 3)), Some(77), new, Verdict::Reopen),
        (Some((77, 3)), Some(76), new, Verdict::Acknowledge),
        (Some((77, 3)), None, new, Verdict::Reopen),
        (Some((77, 3)), None, old, Verdict::Acknowledge),
        (None, Some(1), old, Verdict::Reopen),
        (None, None, old, Verdict::Acknowledge),
        (None, None, new, Verdict::Reopen),
    ] {
        let syn = segment(Some(Control::Syn), seq, theirs);
        assert_eq!(
            entry(ours).verdict(&syn),
            verdict,
            "{ours:?} {theirs:?} {seq}"
        );
    }
}

#[test]
fn only_the_fin_that_comes_again_restarts_2_msl() {
    let mut table = table::<Few>(1);
    let index = insert(&mut table, Instant::ZERO, 5, &SEED).unwrap();
    let entry = *table.get(index).unwrap();
    let fin = segment(Some(Control::Fin), SEED.rcv_nxt - SeqLen::ONE, None);
    assert_eq!(entry.verdict(&fin), Verdict::Restart);
    let early = segment(Some(Control::Fin), SEED.rcv_nxt - SeqLen::new(9), None);
    assert_eq!(entry.verdict(&early), Verdict::Acknowledge);
    let last = segment(None, SEED.rcv_nxt, None);
    assert_eq!(entry.verdict(&last), Verdict::Ignore);
    let old = segment(None, SEED.rcv_nxt - SeqLen::new(9), None);
    assert_eq!(entry.verdict(&old), Verdict::Ignore);
    let data = Segment {
        payload: b"old",
        ..old
    };
    assert_eq!(entry.verdict(&data), Verdict::Acknowledge);
}

#[test]
fn a_syn_with_fin_does_not_reopen() {
    let mut table = table::<Few>(1);
    let index = insert(&mut table, Instant::ZERO, 5, &SEED).unwrap();
    let entry = *table.get(index).unwrap();
    let mut syn = segment(Some(Control::Syn), SEED.rcv_nxt, Some(78));
    assert_eq!(entry.verdict(&syn), Verdict::Reopen);
    syn.flags = Flags(Flags::SYN | Flags::FIN);
    assert_eq!(entry.verdict(&syn), Verdict::Acknowledge);
}

#[test]
fn a_fin_that_acknowledges_nothing_or_the_future_does_not_restart_2_msl() {
    let mut table = table::<Few>(1);
    let index = insert(&mut table, Instant::ZERO, 5, &SEED).unwrap();
    let entry = *table.get(index).unwrap();
    let fin = segment(Some(Control::Fin), SEED.rcv_nxt - SeqLen::ONE, None);
    for ack in [None, Some(SEED.snd_nxt + SeqLen::ONE)] {
        let fin = Segment { ack, ..fin.clone() };
        assert_eq!(entry.verdict(&fin), Verdict::Acknowledge, "{ack:?}");
    }
    let before_ours = Segment {
        ack: Some(SEED.snd_nxt - SeqLen::ONE),
        ..fin
    };
    assert_eq!(entry.verdict(&before_ours), Verdict::Restart);
}

#[test]
fn old_text_without_an_ack_is_acknowledged() {
    let mut table = table::<Few>(1);
    let index = insert(&mut table, Instant::ZERO, 5, &SEED).unwrap();
    let old = Segment {
        ack: None,
        payload: b"old",
        ..segment(None, SEED.rcv_nxt - SeqLen::new(9), None)
    };
    let entry = table.get(index).unwrap();
    assert_eq!(entry.verdict(&old), Verdict::Acknowledge);
}
