//! What the images for STM32 serve: echo (RFC 862) on port 7, and a page with a few counters on
//! port 80.
//!
//! ```text
//! let mut services = Services::new(runner.stack());
//! loop {
//!     let wake = runner.poll(now());
//!     services.serve(now(), runner.stack());
//! }
//! ```

#![no_std]
#![forbid(unsafe_code)]

mod page;

use tcp_core::{
    Config, Duration, Event, Events, Firmware, Handle, Instant, KeepAlive, ListenAt,
    ListenerHandle, Stack, State,
};
use tcp_embedded::Pool;

use page::Request;

/// A stack with memory for `N` connections.
pub type Net<const N: usize> = Stack<'static, Firmware, Pool<'static, N>>;

/// Events handled between two looks at the device.
const EVENTS: usize = 16;
/// Octets that echo moves at a time.
const CHUNK: usize = 512;
/// For a request to come, and for a connection to end once our side is closed.
const PATIENCE: Duration = Duration::from_secs(30);

/// Whether anything was done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Did {
    /// The stack may have something to send.
    Something,
    /// It has not.
    Nothing,
}

/// How far a connection has got.
#[derive(Debug)]
enum Serving {
    Echo,
    Page(Request),
    /// Our side is closed: what still comes is thrown away.
    Ending,
}

/// One connection.
#[derive(Debug)]
struct Visit {
    handle: Handle,
    serving: Serving,
    /// When patience ends.
    until: Option<Instant>,
}

/// Both services, with at most `N` connections.
#[derive(Debug)]
pub struct Services<const N: usize> {
    page: Option<ListenerHandle>,
    visits: [Option<Visit>; N],
    accepted: u32,
    echoed: u64,
}

impl<const N: usize> Services<N> {
    /// Begins to listen.
    pub fn new(net: &mut Net<N>) -> Self {
        let keep_alive = KeepAlive {
            idle_s: 60,
            interval_s: 10,
            count: 5,
        };
        let config = Config::new().keep_alive(Some(keep_alive));
        let mut listen = |port| {
            let at = ListenAt {
                config,
                ..ListenAt::new(port)
            };
            net.listen(at).ok()
        };
        let _ = listen(7);
        Self {
            page: listen(80),
            visits: [const { None }; N],
            accepted: 0,
            echoed: 0,
        }
    }

    /// Does what follows from events, and ends what has used up its patience.
    pub fn serve(&mut self, now: Instant, net: &mut Net<N>) -> Did {
        let mut did = Did::Nothing;
        for _ in 0..EVENTS {
            let Some(event) = net.poll_event() else {
                break;
            };
            self.handle(now, net, event);
            did = Did::Something;
        }
        let late = |visit: &&Visit| visit.until.is_some_and(|until| until <= now);
        if let Some(handle) = self.visits.iter().flatten().find(late).map(|it| it.handle) {
            let _ = net.abort(now, handle);
            self.end(now, net, handle);
            did = Did::Something;
        }
        did
    }

    /// When patience with somebody ends.
    pub fn next_deadline(&self) -> Option<Instant> {
        let deadlines = self.visits.iter().flatten().filter_map(|visit| visit.until);
        deadlines.min()
    }

    fn handle(&mut self, now: Instant, net: &mut Net<N>, event: Event) {
        match event {
            Event::Listener(listener) => self.accept(now, net, listener),
            Event::Connection(handle, events) => {
                if self.visit(handle).is_none() || events.contains(Events::CLOSED) {
                    self.end(now, net, handle);
                } else {
                    self.attend(now, net, handle);
                }
            }
        }
    }

    fn accept(&mut self, now: Instant, net: &mut Net<N>, listener: ListenerHandle) {
        for _ in 0..N {
            let Ok(Some(handle)) = net.accept(listener) else {
                break;
            };
            self.accepted = self.accepted.wrapping_add(1);
            let (serving, until) = if Some(listener) == self.page {
                (Serving::Page(Request::new()), Some(now + PATIENCE))
            } else {
                (Serving::Echo, None)
            };
            if let Some(place) = self.visits.get_mut(handle.index()) {
                *place = Some(Visit {
                    handle,
                    serving,
                    until,
                });
            }
            self.attend(now, net, handle);
        }
    }

    fn visit(&mut self, handle: Handle) -> Option<&mut Visit> {
        let place = self.visits.get_mut(handle.index())?;
        place.as_mut().filter(|visit| visit.handle == handle)
    }

    /// Lets the service do what it can.
    fn attend(&mut self, now: Instant, net: &mut Net<N>, handle: Handle) {
        let (accepted, octets) = (self.accepted, self.echoed);
        let Some(visit) = self.visit(handle) else {
            return;
        };
        let mut moved = 0;
        let done = match &mut visit.serving {
            Serving::Echo => {
                moved = echo(now, net, handle);
                net.is_finished(handle) == Ok(true)
            }
            Serving::Page(request) => match request.read(now, net, handle) {
                Some(answer) => {
                    let text = answer.text(now, accepted, octets);
                    let _ = net.send(now, handle, &text);
                    true
                }
                None => net.is_finished(handle) == Ok(true),
            },
            Serving::Ending => {
                discard(now, net, handle);
                false
            }
        };
        if done {
            visit.serving = Serving::Ending;
            visit.until = Some(now + PATIENCE);
            let _ = net.shutdown(now, handle);
        }
        self.echoed = self.echoed.wrapping_add(moved);
        let over = Ok(State::TimeWait) == net.state(handle);
        if over || matches!(net.state(handle), Ok(State::Closed) | Err(_)) {
            self.end(now, net, handle);
        }
    }

    /// Gives the handle back.
    fn end(&mut self, now: Instant, net: &mut Net<N>, handle: Handle) {
        let _ = net.close(now, handle);
        if let Some(place) = self.visits.get_mut(handle.index()) {
            place.take_if(|visit| visit.handle == handle);
        }
    }
}

/// Returns as much as there is and fits, which is a ring at most; how much that was.
fn echo<const N: usize>(now: Instant, net: &mut Net<N>, handle: Handle) -> u64 {
    let mut octets = [0; CHUNK];
    let mut moved = 0;
    loop {
        let room = net.writable(handle).unwrap_or(0).min(CHUNK);
        if room == 0 {
            // Who writes nothing where nothing fits is told when something does.
            let _ = net.send_with(now, handle, |_| 0);
            return moved;
        }
        let space = octets.get_mut(..room).unwrap_or_default();
        let Ok(count @ 1..) = net.read(now, handle, space) else {
            return moved;
        };
        let _ = net.send(now, handle, space.get(..count).unwrap_or_default());
        moved = moved.wrapping_add(count as u64);
    }
}

/// Takes what there is.
fn discard<const N: usize>(now: Instant, net: &mut Net<N>, handle: Handle) {
    // A ring is in two pieces at most.
    for _ in 0..2 {
        let _ = net.receive_with(now, handle, <[u8]>::len);
    }
}
