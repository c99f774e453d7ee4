//! The schedule against naive models.

use std::collections::{BTreeMap, HashMap, VecDeque};

use proptest::prelude::*;

use super::*;
use crate::profile::{Firmware, Host};
use crate::time::Tick;

const SLOTS: usize = 12;

fn with_schedule<P: Profile, R>(run: impl FnOnce(&mut Schedule<'static, P>) -> R) -> R {
    let slots = (0..SLOTS).map(|_| Slot::FREE).collect();
    let orders = vec![Order::BLANK; SLOTS];
    run(&mut Schedule::new(
        Vec::leak(slots).into(),
        Vec::leak(orders).into(),
    ))
}

/// Whose turn it is, and in which class.
fn turn<P: Profile>(schedule: &Schedule<'_, P>) -> Option<(u32, Priority)> {
    let index = schedule.next_turn()?;
    Some((index, schedule.get(index)?.class()))
}

proptest! {
    #[test]
    fn the_heap_agrees_with_a_sorted_map(
        steps in proptest::collection::vec((0u32..12, proptest::option::of(0u32..40)), 0..200),
    ) {
        with_schedule::<Host, _>(|schedule| -> Result<(), TestCaseError> {
            let mut model: BTreeMap<u32, u32> = BTreeMap::new();
            for (slot, at) in steps {
                // The circle's end lies in the middle.
                let at = at.map(|at| at.wrapping_sub(20));
                schedule.set_deadline(slot, at.map(Tick));
                match at {
                    Some(at) => model.insert(slot, at),
                    None => model.remove(&slot),
                };
                schedule.check();
                let next = schedule.next_due();
                prop_assert_eq!(
                    next.map(|(at, _)| at.0),
                    model.values().min_by_key(|at| at.wrapping_add(20)).copied()
                );
                if let Some((at, slot)) = next {
                    prop_assert_eq!(model.get(&slot), Some(&at.0));
                }
            }
            Ok(())
        })?;
    }

    #[test]
    fn turns_follow_class_and_then_order_of_arrival(
        steps in proptest::collection::vec((0u32..12, 0u8..5), 0..200),
    ) {
        with_schedule::<Host, _>(|schedule| -> Result<(), TestCaseError> {
            let mut queues: [VecDeque<u32>; 3] = Default::default();
            let classes = [Priority::High, Priority::Normal, Priority::Low];
            for (slot, what) in steps {
                let class = classes.get(usize::from(what)).copied();
                if what < 4 {
                    schedule.set_queue(slot, class);
                    for (at, queue) in queues.iter_mut().enumerate() {
                        if Some(classes[at]) != class {
                            queue.retain(|queued| *queued != slot);
                        } else if !queue.contains(&slot) {
                            queue.push_back(slot);
                        }
                    }
                } else {
                    let expected = (0..3)
                        .find(|at| !queues[*at].is_empty())
                        .map(|at| (queues[at][0], classes[at]));
                    prop_assert_eq!(turn(schedule), expected);
                    if let Some((slot, class)) = expected {
                        schedule.end_turn(slot);
                        queues[class as usize].rotate_left(1);
                    }
                }
                let waits = queues.iter().any(|queue| !queue.is_empty());
                prop_assert_eq!(schedule.next_turn().is_some(), waits);
            }
            Ok(())
        })?;
    }

    #[test]
    fn without_lists_the_highest_class_goes_first_and_nobody_in_it_is_passed_over(
        steps in proptest::collection::vec((0u32..12, 0u8..5), 0..200),
    ) {
        with_schedule::<Firmware, _>(|schedule| -> Result<(), TestCaseError> {
            let mut wants: BTreeMap<u32, Priority> = BTreeMap::new();
            let mut passed_over: BTreeMap<u32, usize> = BTreeMap::new();
            let classes = [Priority::High, Priority::Normal, Priority::Low];
            for (slot, what) in steps {
                let class = classes.get(usize::from(what)).copied();
                if what < 4 {
                    schedule.set_queue(slot, class);
                    wants.remove(&slot);
                    passed_over.remove(&slot);
                    wants.extend(class.map(|class| (slot, class)));
                } else {
                    let highest = wants.values().map(|class| *class as u8).min();
                    let turn = turn(schedule);
                    prop_assert_eq!(turn.map(|(_, class)| class as u8), highest);
                    let Some((slot, class)) = turn else { continue };
                    prop_assert_eq!(wants.get(&slot), Some(&class));
                    schedule.end_turn(slot);
                    passed_over.remove(&slot);
                    for (other, _) in wants.iter().filter(|(_, theirs)| **theirs == class) {
                        *passed_over.entry(*other).or_default() += usize::from(*other != slot);
                    }
                    prop_assert!(passed_over.values().all(|times| *times < SLOTS));
                }
                prop_assert_eq!(schedule.next_turn().is_some(), !wants.is_empty());
            }
            Ok(())
        })?;
    }
}

#[test]
fn a_connection_is_told_of_at_most_once() {
    told_of_once::<Firmware>();
    told_of_once::<Host>();
}

fn told_of_once<P: Profile>() {
    with_schedule::<P, _>(|schedule| {
        for _ in 0..3 {
            schedule.set_ready(5);
            schedule.set_ready(2);
        }
        schedule.clear_ready(5);
        schedule.set_ready(5);
        assert_eq!(schedule.next_ready(), Some(2));
        assert_eq!(schedule.next_ready(), Some(5));
        assert_eq!(schedule.next_ready(), None);
    });
}

#[test]
fn who_waits_in_an_accept_queue_leaves_it_in_order() {
    accepted_in_order::<Firmware>();
    accepted_in_order::<Host>();
}

fn accepted_in_order<P: Profile>() {
    with_schedule::<P, _>(|schedule| {
        let turn = |listener, arrival| AcceptTurn { listener, arrival };
        let mut queues = [Fifo::<P>::EMPTY; 2];
        let [first, second] = &mut queues;
        for _ in 0..4 {
            let slot = schedule.first_free().unwrap();
            schedule.take(slot, Owner::Listener, &Key::NONE);
        }
        // The counter of arrivals begins anew in between.
        schedule.push_accept(first, 2, turn(0, u16::MAX));
        schedule.push_accept(second, 3, turn(1, 0));
        schedule.push_accept(first, 0, turn(0, 0));
        schedule.push_accept(first, 1, turn(0, 1));
        assert_eq!(schedule.pop_accept(first, turn(0, u16::MAX)), Some(2));
        schedule.get_mut(2).unwrap().owner = Owner::User;
        assert_eq!(schedule.pop_accept(first, turn(0, 0)), Some(0));
        assert_eq!(schedule.pop_accept(second, turn(1, 0)), Some(3));
        assert_eq!(schedule.pop_accept(first, turn(0, 1)), Some(1));
    });
}

#[test]
fn a_freed_slot_leaves_every_queue_and_its_handles_go_stale() {
    freed::<Firmware>();
    freed::<Host>();
}

fn freed<P: Profile>() {
    with_schedule::<P, _>(|schedule| {
        let mut generations = HashMap::new();
        for _ in 0..SLOTS {
            let slot = schedule.first_free().unwrap();
            schedule.take(slot, Owner::User, &Key::NONE);
            generations.insert(slot, schedule.get(slot).unwrap().generation);
            schedule.set_queue(slot, Some(Priority::Low));
            schedule.set_deadline(slot, Some(Tick(slot)));
            schedule.set_ready(slot);
        }
        assert!(schedule.first_free().is_none());
        for slot in 0..SLOTS as u32 {
            schedule.free(slot);
            schedule.check();
            assert_ne!(schedule.get(slot).unwrap().generation, generations[&slot]);
        }
        assert_eq!(schedule.next_turn(), None);
        assert_eq!(schedule.next_due(), None);
        assert_eq!(schedule.next_ready(), None);
        assert_eq!(schedule.first_free(), Some(0));
    });
}

#[test]
fn a_slot_s_bookkeeping_is_small() {
    assert!(size_of::<Node>() <= 76, "{}", size_of::<Node>());
}
