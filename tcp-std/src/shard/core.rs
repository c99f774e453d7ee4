//! What the lock of a shard protects: the stack, and who is behind each connection.

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::sync::Arc;

use tcp_core::{
    Event, Events, Handle, Instant, LinkDestination, ListenerHandle, Packet, Row, RxChecksum,
    State, Timer,
};

use super::HostStack;
use super::signal::{Side, Signals, Wakes};
use crate::clock::Clock;
use crate::device::{Device, Written};
use crate::observe::{Direction, Observer, Sighting};
use crate::service::{Service, Session, Verdict};

/// Packets sent in one turn at most, so that arriving ones are read in between.
const TRANSMIT_BUDGET: usize = 64;
/// Octets that a service can move at once.
const SCRATCH: usize = 64 << 10;
/// Largest packet there is, for devices that say nothing smaller.
const LEAST_OUT: usize = 2_048;

/// Who is behind a connection.
pub(crate) enum Slot {
    /// Threads that call and may be waiting.
    Stream(Arc<Signals>),
    /// A server on this thread; absent while it runs.
    Service(Option<Box<dyn Service>>),
}

/// Makes the server of an accepted connection.
type NewService = Box<dyn FnMut() -> Box<dyn Service> + Send>;

/// Who is behind a listener.
pub(crate) enum Acceptor {
    /// Threads that accept; of the two signals `read` is used.
    Waiting(Arc<Signals>),
    /// Every connection gets a server of its own.
    Serving(NewService),
}

/// What the thread does after a turn.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Sleep {
    /// There is more to do at once.
    Not,
    /// Until a packet, a call or this moment.
    Until(Option<Instant>),
    /// Until the device takes packets again.
    Full,
}

/// Whether the thread sleeps longer than it may.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Wait {
    Unchanged,
    Earlier,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Transmitted {
    Everything,
    Budget,
    DeviceFull,
}

pub(crate) struct Core {
    pub(crate) stack: HostStack,
    clock: Clock,
    out: Box<[u8]>,
    /// Octets of `out` that the device did not take yet.
    pending: usize,
    slots: Vec<Option<(Handle, Slot)>>,
    acceptors: HashMap<ListenerHandle, Acceptor>,
    observers: Vec<Box<dyn Observer>>,
    scratch: Box<[u8]>,
    pub(super) wakes: Wakes,
    /// When the thread will wake; `None` is never, and zero says that it is awake.
    wake_at: Option<Instant>,
    turns: Arc<Signals>,
    gone: bool,
    device_losses: u64,
}

impl Core {
    pub(super) fn new(
        stack: HostStack,
        clock: Clock,
        mtu: u16,
        observers: Vec<Box<dyn Observer>>,
    ) -> Self {
        Self {
            stack,
            clock,
            out: vec![0; usize::from(mtu).max(LEAST_OUT)].into(),
            pending: 0,
            slots: Vec::new(),
            acceptors: HashMap::new(),
            observers,
            scratch: vec![0; SCRATCH].into(),
            wakes: Wakes::default(),
            wake_at: Some(Instant::ZERO),
            turns: Arc::default(),
            gone: false,
            device_losses: 0,
        }
    }

    /// The device is gone or the thread has ended: no call can succeed any more.
    pub(crate) const fn is_gone(&self) -> bool {
        self.gone
    }

    /// Packets that the device did not take and that were not kept either.
    pub(crate) const fn device_losses(&self) -> u64 {
        self.device_losses
    }

    /// Puts somebody behind a connection. What happened to it before is not repeated, so a
    /// service is run at once.
    pub(crate) fn attach(&mut self, now: Instant, handle: Handle, slot: Slot) {
        let index = handle.index();
        if self.slots.len() <= index {
            self.slots.resize_with(index + 1, || None);
        }
        let is_service = matches!(slot, Slot::Service(_));
        if let Some(place) = self.slots.get_mut(index) {
            *place = Some((handle, slot));
        }
        if is_service {
            self.serve(now, handle);
        }
    }

    /// Nobody is behind the connection any more.
    pub(crate) fn detach(&mut self, handle: Handle) {
        let place = self.slots.get_mut(handle.index());
        if let Some(place) = place.filter(|place| is_of(place, handle)) {
            *place = None;
        }
    }

    /// Puts somebody behind a listener.
    pub(crate) fn attach_acceptor(&mut self, listener: ListenerHandle, acceptor: Acceptor) {
        self.acceptors.insert(listener, acceptor);
    }

    /// Closes a listener.
    pub(crate) fn unlisten(&mut self, now: Instant, listener: ListenerHandle) {
        // A listener that is not there is closed.
        let _ = self.stack.unlisten(now, listener);
        if let Some(Acceptor::Waiting(signals)) = self.acceptors.remove(&listener) {
            self.wakes.add(&signals, Side::Read);
        }
    }

    /// Every connection, half-open and TIME-WAIT entry and listener.
    pub(crate) fn rows(&self, now: Instant) -> Vec<Row> {
        self.stack.rows(now).collect()
    }

    /// Connections that still have something to say or to hear.
    pub(super) fn live_connections(&self, now: Instant) -> usize {
        let is_over = |state| matches!(state, State::Closed | State::Listen | State::TimeWait);
        self.stack
            .rows(now)
            .filter(|row| !is_over(row.state))
            .count()
    }

    /// Its `read` is notified after each turn.
    pub(super) fn turns(&self) -> Arc<Signals> {
        Arc::clone(&self.turns)
    }

    pub(super) fn unlisten_all(&mut self, now: Instant) {
        let listeners: Vec<_> = self.acceptors.keys().copied().collect();
        for listener in listeners {
            self.unlisten(now, listener);
        }
    }

    pub(super) fn abort_all(&mut self, now: Instant) {
        for (handle, _) in self.slots.iter().flatten() {
            // A connection that is over needs no reset.
            let _ = self.stack.abort(now, *handle);
        }
    }

    pub(super) fn finish_observers(&mut self) -> io::Result<()> {
        let mut result = Ok(());
        for mut observer in self.observers.drain(..) {
            result = result.and(observer.finish());
        }
        result
    }

    /// The end of the thread: everybody is woken to learn of it.
    pub(super) fn end(&mut self) {
        self.gone = true;
        for (_, slot) in self.slots.iter().flatten() {
            if let Slot::Stream(signals) = slot {
                self.wakes.add(signals, Side::Read);
                self.wakes.add(signals, Side::Write);
            }
        }
        for acceptor in self.acceptors.values() {
            if let Acceptor::Waiting(signals) = acceptor {
                self.wakes.add(signals, Side::Read);
            }
        }
        self.wakes.add(&self.turns, Side::Read);
    }

    pub(super) fn receive(&mut self, now: Instant, octets: &[u8]) {
        let packet = Packet {
            octets,
            checksum: RxChecksum::Unverified,
            segment_size: None,
            link: LinkDestination::Unicast,
        };
        // Dropped packets are counted by the stack; other protocols have no taker here.
        let _ = self.stack.receive(now, packet);
        self.observe(now, Direction::In, octets);
    }

    /// One turn of the thread, after the packets of a batch were received.
    pub(super) fn turn(&mut self, now: Instant, device: &Device) -> Sleep {
        self.stack.advance(now);
        self.dispatch(now);
        let transmitted = self.transmit(now, device);
        // Transmitting moves a connection on as well: into TIME-WAIT, for example.
        self.dispatch(now);
        self.wakes.add(&self.turns, Side::Read);
        let sleep = match (transmitted, self.stack.next_deadline()) {
            (Transmitted::DeviceFull, _) => Sleep::Full,
            (Transmitted::Budget, _) | (_, Some((_, Timer::Transmit))) => Sleep::Not,
            (Transmitted::Everything, deadline) => Sleep::Until(deadline.map(|(at, _)| at)),
        };
        self.wake_at = match sleep {
            Sleep::Until(until) => until,
            Sleep::Not | Sleep::Full => Some(Instant::ZERO),
        };
        if sleep != Sleep::Not {
            for observer in &mut self.observers {
                observer.idle();
            }
        }
        sleep
    }

    /// After a user call: does what it made due, and says whether the thread must know.
    pub(super) fn settle(&mut self, now: Instant, device: &Device) -> Wait {
        if self.gone {
            return Wait::Unchanged;
        }
        let transmitted = self.transmit(now, device);
        self.dispatch(now);
        let due = match transmitted {
            Transmitted::DeviceFull => Some(Instant::ZERO),
            Transmitted::Everything | Transmitted::Budget => {
                self.stack.next_deadline().map(|(at, _)| at)
            }
        };
        match (due, self.wake_at) {
            (Some(due), Some(wake_at)) if due >= wake_at => Wait::Unchanged,
            (None, _) => Wait::Unchanged,
            (Some(_), _) => {
                self.wake_at = due;
                Wait::Earlier
            }
        }
    }

    fn transmit(&mut self, now: Instant, device: &Device) -> Transmitted {
        for _ in 0..TRANSMIT_BUDGET {
            if self.pending == 0 {
                let Some(transmit) = self.stack.transmit(now, &mut self.out) else {
                    return Transmitted::Everything;
                };
                self.pending = transmit.len;
                self.observe_out(now);
            }
            let packet = self.out.get(..self.pending).unwrap_or_default();
            match device.write(packet) {
                Written::Packet => {}
                Written::Lost => self.device_losses += 1,
                Written::Full => return Transmitted::DeviceFull,
            }
            self.pending = 0;
        }
        Transmitted::Budget
    }

    fn observe_out(&mut self, now: Instant) {
        if !self.observers.is_empty() {
            let out = std::mem::take(&mut self.out);
            self.observe(
                now,
                Direction::Out,
                out.get(..self.pending).unwrap_or_default(),
            );
            self.out = out;
        }
    }

    fn observe(&mut self, now: Instant, direction: Direction, octets: &[u8]) {
        if self.observers.is_empty() {
            return;
        }
        let stack = &self.stack;
        let state_of = |tuple: &tcp_core::Tuple| {
            stack
                .rows(now)
                .find(|row| row.tuple == *tuple)
                .map(|row| row.state)
        };
        let sighting = Sighting {
            direction,
            wall_micros: self.clock.wall_micros(now),
            octets,
            states: &state_of,
        };
        for observer in &mut self.observers {
            observer.packet(&sighting);
        }
    }

    fn dispatch(&mut self, now: Instant) {
        while let Some(event) = self.stack.poll_event() {
            match event {
                Event::Connection(handle, events) => self.on_connection(now, handle, events),
                Event::Listener(listener) => self.on_listener(now, listener),
            }
        }
    }

    fn on_connection(&mut self, now: Instant, handle: Handle, events: Events) {
        let place = self.slots.get(handle.index());
        match place
            .and_then(Option::as_ref)
            .filter(|(owner, _)| *owner == handle)
        {
            Some((_, Slot::Stream(signals))) => {
                if has_any(events, [Events::READABLE, Events::FINISHED, Events::CLOSED]) {
                    self.wakes.add(signals, Side::Read);
                }
                if has_any(
                    events,
                    [Events::WRITABLE, Events::CONNECTED, Events::CLOSED],
                ) {
                    self.wakes.add(signals, Side::Write);
                }
            }
            Some((_, Slot::Service(_))) => {
                self.serve(now, handle);
                if events.contains(Events::CLOSED) {
                    self.detach(handle);
                    // The stack may have forgotten it already.
                    let _ = self.stack.close(now, handle);
                }
            }
            None => {}
        }
    }

    fn on_listener(&mut self, now: Instant, listener: ListenerHandle) {
        match self.acceptors.get(&listener) {
            Some(Acceptor::Waiting(signals)) => self.wakes.add(signals, Side::Read),
            Some(Acceptor::Serving(_)) => {
                while let Ok(Some(handle)) = self.stack.accept(listener) {
                    let Some(Acceptor::Serving(new)) = self.acceptors.get_mut(&listener) else {
                        return;
                    };
                    let service = new();
                    self.attach(now, handle, Slot::Service(Some(service)));
                }
            }
            None => {}
        }
    }

    fn serve(&mut self, now: Instant, handle: Handle) {
        let place = self.slots.get_mut(handle.index());
        let Some((_, Slot::Service(service))) = place.and_then(Option::as_mut) else {
            return;
        };
        let Some(mut running) = service.take() else {
            return;
        };
        let verdict = running.ready(&mut Session {
            stack: &mut self.stack,
            now,
            handle,
            scratch: &mut self.scratch,
        });
        match verdict {
            Verdict::Keep => {
                let place = self.slots.get_mut(handle.index());
                if let Some((_, Slot::Service(service))) = place.and_then(Option::as_mut) {
                    *service = Some(running);
                }
            }
            Verdict::Close | Verdict::Abort => {
                if verdict == Verdict::Abort {
                    let _ = self.stack.abort(now, handle);
                }
                self.detach(handle);
                let _ = self.stack.close(now, handle);
            }
        }
    }
}

fn has_any(events: Events, wanted: [Events; 3]) -> bool {
    wanted.into_iter().any(|event| events.contains(event))
}

fn is_of(place: &Option<(Handle, Slot)>, handle: Handle) -> bool {
    place.as_ref().is_some_and(|(owner, _)| *owner == handle)
}

impl fmt::Debug for Core {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Core")
            .field("connections", &self.slots.iter().flatten().count())
            .field("listeners", &self.acceptors.len())
            .field("pending", &self.pending)
            .field("wake_at", &self.wake_at)
            .field("gone", &self.gone)
            .finish_non_exhaustive()
    }
}
