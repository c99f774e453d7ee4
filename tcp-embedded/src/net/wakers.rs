//! Who is woken by what happens: tables of fixed size.
//!
//! Each connection has one place for a reader, one for a writer and one for who waits for delivery;
//! acceptors share a table. Whoever finds a place taken by another task takes it over and wakes the
//! other, who will look again and register again: with more tasks than places they take turns, and
//! nobody sleeps through what it waits for.
//!
//! Places are cells: a waker is moved out before it is woken or dropped, so that foreign code never
//! runs while anything here is borrowed.

use core::cell::Cell;
use core::fmt;
use core::task::Waker;

use tcp_core::{Event, Events, Handle, ListenerHandle};

use super::shared::Waits;

/// A place for one waker, and what it waits for.
struct Place<K>(Cell<Option<(K, Waker)>>);

impl<K: Copy + PartialEq> Place<K> {
    const fn new() -> Self {
        Self(Cell::new(None))
    }

    /// Puts `waker` here, and wakes whom it displaces.
    fn put(&self, key: K, waker: &Waker) {
        match self.0.take() {
            // The waker that is there serves as well, and need not be cloned.
            Some((_, old)) if old.will_wake(waker) => self.0.set(Some((key, old))),
            old => {
                self.0.set(Some((key, waker.clone())));
                if let Some((_, old)) = old {
                    old.wake();
                }
            }
        }
    }

    /// Wakes who is here, if `when` says so.
    fn wake_if(&self, when: impl FnOnce(K) -> bool) {
        let Some((key, waker)) = self.0.take() else {
            return;
        };
        if when(key) {
            waker.wake();
        } else {
            self.0.set(Some((key, waker)));
        }
    }

    /// The key that is here.
    fn key(&self) -> Option<K> {
        let content = self.0.take();
        let key = content.as_ref().map(|(key, _)| *key);
        self.0.set(content);
        key
    }
}

/// A place for one waker of a device.
pub(crate) struct WakerCell(Place<()>);

impl WakerCell {
    pub(crate) const fn new() -> Self {
        Self(Place::new())
    }

    /// Puts `waker` here.
    pub(crate) fn register(&self, waker: &Waker) {
        self.0.put((), waker);
    }

    /// Wakes who is here.
    pub(crate) fn wake(&self) {
        self.0.wake_if(|()| true);
    }
}

impl fmt::Debug for WakerCell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WakerCell").finish_non_exhaustive()
    }
}

/// Who waits for one connection.
struct Slot {
    read: Place<Handle>,
    write: Place<Handle>,
    delivery: Place<Handle>,
}

impl Slot {
    const fn new() -> Self {
        Self {
            read: Place::new(),
            write: Place::new(),
            delivery: Place::new(),
        }
    }
}

/// Everybody who waits.
pub(super) struct Wakers<const CONNECTIONS: usize> {
    slots: [Slot; CONNECTIONS],
    acceptors: [Place<ListenerHandle>; CONNECTIONS],
    /// Which acceptor makes room for another one next.
    victim: Cell<usize>,
    runner: WakerCell,
}

impl<const CONNECTIONS: usize> Wakers<CONNECTIONS> {
    pub(super) const fn new() -> Self {
        Self {
            slots: [const { Slot::new() }; CONNECTIONS],
            acceptors: [const { Place::new() }; CONNECTIONS],
            victim: Cell::new(0),
            runner: WakerCell::new(),
        }
    }

    /// Wakes `waker` when what it waits for happens, or earlier.
    pub(super) fn register(&self, waits: Waits, waker: &Waker) {
        let place = match waits {
            Waits::Read(handle) => self.slot(handle).map(|slot| (&slot.read, handle)),
            Waits::Write(handle) => self.slot(handle).map(|slot| (&slot.write, handle)),
            Waits::Delivery(handle) => self.slot(handle).map(|slot| (&slot.delivery, handle)),
            Waits::Accept(listener) => return self.register_acceptor(listener, waker),
        };
        match place {
            Some((place, handle)) => place.put(handle, waker),
            // More connections than places: who waits looks again and again.
            None => waker.wake_by_ref(),
        }
    }

    fn slot(&self, handle: Handle) -> Option<&Slot> {
        self.slots.get(handle.index())
    }

    fn register_acceptor(&self, listener: ListenerHandle, waker: &Waker) {
        for place in &self.acceptors {
            let content = place.0.take();
            let is_mine = content
                .as_ref()
                .is_some_and(|(key, old)| *key == listener && old.will_wake(waker));
            place.0.set(content);
            if is_mine {
                return;
            }
        }
        let free = self.acceptors.iter().find(|place| place.key().is_none());
        let place = free.or_else(|| {
            let victim = self.victim.get();
            let next = victim.wrapping_add(1);
            self.victim.set(if next < CONNECTIONS { next } else { 0 });
            self.acceptors.get(victim)
        });
        match place {
            Some(place) => place.put(listener, waker),
            None => waker.wake_by_ref(),
        }
    }

    /// Wakes who waits for `event`.
    pub(super) fn wake(&self, event: Event) {
        match event {
            Event::Connection(handle, events) => {
                let Some(slot) = self.slot(handle) else {
                    return;
                };
                let any = |wanted: [Events; 3]| wanted.into_iter().any(|one| events.contains(one));
                if any([Events::READABLE, Events::FINISHED, Events::CLOSED]) {
                    slot.read.wake_if(|_| true);
                }
                if any([Events::WRITABLE, Events::CONNECTED, Events::CLOSED]) {
                    slot.write.wake_if(|_| true);
                }
            }
            Event::Listener(listener) => {
                for place in &self.acceptors {
                    place.wake_if(|key| key == listener);
                }
            }
        }
    }

    /// Wakes who waits for delivery where `is_delivered` says so.
    pub(super) fn wake_delivered(&self, is_delivered: impl Fn(Handle) -> bool) {
        for slot in &self.slots {
            slot.delivery.wake_if(&is_delivered);
        }
    }

    /// Whoever drives the runner is woken by calls.
    pub(super) fn register_runner(&self, waker: &Waker) {
        self.runner.register(waker);
    }

    /// Wakes whoever drives the runner.
    pub(super) fn wake_runner(&self) {
        self.runner.wake();
    }
}

impl<const CONNECTIONS: usize> fmt::Debug for Wakers<CONNECTIONS> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wakers").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use core::sync::atomic::{AtomicU32, Ordering};
    use std::sync::Arc;
    use std::task::Wake;

    use super::*;

    /// Counts how often a task was woken.
    #[derive(Default)]
    struct Count(AtomicU32);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn tasks<const COUNT: usize>() -> [(Arc<Count>, Waker); COUNT] {
        [(); COUNT].map(|()| {
            let count = Arc::<Count>::default();
            (Arc::clone(&count), Waker::from(count))
        })
    }

    fn woken<const COUNT: usize>(tasks: &[(Arc<Count>, Waker); COUNT]) -> [u32; COUNT] {
        tasks
            .each_ref()
            .map(|(count, _)| count.0.load(Ordering::Relaxed))
    }

    #[test]
    fn who_is_displaced_is_woken_and_who_comes_again_is_not() {
        let place = Place::new();
        let tasks = tasks::<2>();
        place.put(1, &tasks[0].1);
        place.put(1, &tasks[0].1);
        assert_eq!(woken(&tasks), [0, 0]);
        place.put(1, &tasks[1].1);
        assert_eq!(woken(&tasks), [1, 0]);
        place.wake_if(|key| key == 2);
        assert_eq!(woken(&tasks), [1, 0]);
        place.wake_if(|key| key == 1);
        place.wake_if(|_| true);
        assert_eq!(woken(&tasks), [1, 1]);
    }

    /// The handle of a listener.
    fn listener() -> ListenerHandle {
        use tcp_core::{Firmware, ListenAt, Stack, StackConfig, TablesStorage};
        let mut tables = TablesStorage::<Firmware, 1, 1, 1, 16>::new();
        let mut memory = crate::resources::Resources::<1, 512, 512, 16>::new();
        let mut stack = Stack::new(StackConfig::new(1_500), tables.lend(), memory.lend().memory);
        stack.listen(ListenAt::new(80)).unwrap()
    }

    #[test]
    fn acceptors_that_are_too_many_take_turns_and_all_are_woken() {
        let wakers = Wakers::<2>::new();
        let listener = listener();
        let tasks = tasks::<3>();
        for (_, waker) in &tasks {
            wakers.register(Waits::Accept(listener), waker);
            wakers.register(Waits::Accept(listener), waker);
        }
        assert_eq!(woken(&tasks), [1, 0, 0], "it made room and registers again");
        wakers.register(Waits::Accept(listener), &tasks[0].1);
        assert_eq!(woken(&tasks), [1, 1, 0]);
        wakers.wake(Event::Listener(listener));
        assert_eq!(woken(&tasks), [2, 1, 1]);
        wakers.wake(Event::Listener(listener));
        assert_eq!(woken(&tasks), [2, 1, 1], "nobody is there any more");
    }

    #[test]
    fn without_a_place_a_task_looks_again_at_once() {
        let wakers = Wakers::<0>::new();
        let tasks = tasks::<1>();
        wakers.register(Waits::Accept(listener()), &tasks[0].1);
        assert_eq!(woken(&tasks), [1]);
    }

    #[test]
    fn a_runner_is_woken_once() {
        let wakers = Wakers::<1>::new();
        let tasks = tasks::<1>();
        wakers.register_runner(&tasks[0].1);
        wakers.wake_runner();
        wakers.wake_runner();
        assert_eq!(woken(&tasks), [1]);
    }
}
