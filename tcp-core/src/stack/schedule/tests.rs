//! The schedule against naive models.

use std::collections::{BTreeMap, HashMap, VecDeque};

use proptest::prelude::*;

use super::*;

const SLOTS: usize = 12;

fn with_schedule<R>(run: impl FnOnce(&mut Schedule<'_>) -> R) -> R {
    let mut nodes = [Node::EMPTY; SLOTS];
    let mut heap = [Due::EMPTY; SLOTS];
    run(&mut Schedule::new(
        (&mut nodes[..]).into(),
        (&mut heap[..]).into(),
    ))
}

proptest! {
    #[test]
    fn the_heap_agrees_with_a_sorted_map(
        steps in proptest::collection::vec((0u32..12, proptest::option::of(0u32..40)), 0..200),
    ) {
        with_schedule(|schedule| -> Result<(), TestCaseError> {
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
        with_schedule(|schedule| -> Result<(), TestCaseError> {
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
                    prop_assert_eq!(schedule.next_turn(), expected);
                    if let Some((slot, class)) = expected {
                        schedule.end_turn(slot);
                        queues[class as usize].rotate_left(1);
                    }
                }
                let waits = queues.iter().any(|queue| !queue.is_empty());
                prop_assert_eq!(schedule.anyone_waits(), waits);
            }
            Ok(())
        })?;
    }
}

#[test]
fn a_connection_is_in_the_ready_list_at_most_once() {
    with_schedule(|schedule| {
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
fn a_freed_slot_leaves_every_queue_and_its_handles_go_stale() {
    with_schedule(|schedule| {
        let mut generations = HashMap::new();
        for _ in 0..SLOTS {
            let slot = schedule.take(Owner::User).unwrap();
            generations.insert(slot, schedule.get(slot).unwrap().generation);
            schedule.set_queue(slot, Some(Priority::Low));
            schedule.set_deadline(slot, Some(Tick(slot)));
            schedule.set_ready(slot);
        }
        assert!(!schedule.has_free() && schedule.take(Owner::User).is_none());
        for slot in 0..SLOTS as u32 {
            schedule.free(slot);
            schedule.check();
            assert_ne!(schedule.get(slot).unwrap().generation, generations[&slot]);
        }
        assert_eq!(schedule.next_turn(), None);
        assert_eq!(schedule.next_due(), None);
        assert_eq!(schedule.next_ready(), None);
        assert_eq!(schedule.take(Owner::User), Some(0));
    });
}

#[test]
fn a_slot_s_bookkeeping_is_small() {
    assert!(size_of::<Node>() <= 76, "{}", size_of::<Node>());
}
