//! What is listened for, and who serves the connections that were accepted.
//!
//! A visit ends in order: its side is closed when there is nothing more to say, and the handle is
//! given back when the connection has ended or lingers in TIME-WAIT. So the counters of a
//! connection are complete when they are added up. Who does not let it end has a minute.

mod chargen;
mod http;
mod plain;
mod report;

use tcp_core::{
    Config, Duration, Event, Events, Firmware, Handle, Info, Instant, KeepAlive, ListenAt,
    ListenerHandle, Stack, State,
};
use tcp_embedded::Pool;

use crate::{CONNECTIONS, Runner, log};
use chargen::Chargen;
use http::Http;

pub(crate) type Net = Stack<'static, Firmware, Pool<'static, CONNECTIONS>>;

/// For a request to come.
const REQUEST: Duration = Duration::from_secs(10);
/// For a connection to end once our side is closed.
const ENDING: Duration = Duration::from_secs(60);

/// What a port offers.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Service {
    Http,
    Echo,
    Discard,
    Chargen,
}

impl Service {
    const ALL: [Self; 4] = [Self::Http, Self::Echo, Self::Discard, Self::Chargen];

    const fn port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Echo => 7,
            Self::Discard => 9,
            Self::Chargen => 19,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Echo => "echo",
            Self::Discard => "discard",
            Self::Chargen => "chargen",
        }
    }

    const fn begin(self) -> Serving {
        match self {
            Self::Http => Serving::Http(Http::new()),
            Self::Echo => Serving::Echo,
            Self::Discard => Serving::Discard,
            Self::Chargen => Serving::Chargen(Chargen::new()),
        }
    }
}

/// How far a service has got with one connection.
enum Serving {
    Http(Http),
    Echo,
    Discard,
    Chargen(Chargen),
    /// Our side is closed: what still comes is thrown away.
    Ending,
}

/// One connection.
struct Visit {
    handle: Handle,
    service: Service,
    serving: Serving,
    /// When patience ends.
    until: Option<Instant>,
}

/// What is added up over connections.
#[derive(Clone, Copy, Default)]
struct Totals {
    segments_in: u32,
    segments_out: u32,
    retransmissions: u32,
    octets_in: u64,
    octets_out: u64,
}

impl Totals {
    const fn add(&mut self, info: &Info) {
        self.segments_in = self.segments_in.wrapping_add(info.segments_in);
        self.segments_out = self.segments_out.wrapping_add(info.segments_out);
        self.retransmissions = self.retransmissions.wrapping_add(info.retransmissions);
        self.octets_in = self.octets_in.wrapping_add(info.octets_received);
        self.octets_out = self.octets_out.wrapping_add(info.octets_acked);
    }
}

/// All services.
pub(crate) struct Services {
    listeners: [Option<ListenerHandle>; 4],
    visits: [Option<Visit>; CONNECTIONS],
    accepted: [u32; 4],
    /// Of connections that ended.
    totals: Totals,
}

impl Services {
    pub(crate) fn new(net: &mut Net) -> Self {
        let keep_alive = KeepAlive {
            idle_s: 60,
            interval_s: 10,
            count: 5,
        };
        // There is little room for half-open connections: they end after 15 seconds, not after 63.
        let config = Config::new().keep_alive(Some(keep_alive)).syn_retries(3);
        Self {
            listeners: Service::ALL.map(|service| {
                let at = ListenAt {
                    config,
                    ..ListenAt::new(service.port())
                };
                net.listen(at).ok()
            }),
            visits: [const { None }; CONNECTIONS],
            accepted: [0; 4],
            totals: Totals::default(),
        }
    }

    /// Does what follows from an event.
    pub(crate) fn handle(&mut self, now: Instant, runner: &mut Runner, event: Event) {
        match event {
            Event::Listener(listener) => self.accept(now, runner, listener),
            Event::Connection(handle, events) => {
                let visit = self.visits.get(handle.index()).and_then(Option::as_ref);
                if visit.is_none_or(|visit| visit.handle != handle) {
                    let _ = runner.stack().close(now, handle);
                } else if events.contains(Events::CLOSED) {
                    self.end(now, runner.stack(), handle, "ended");
                } else {
                    self.serve(now, runner, handle);
                }
            }
        }
    }

    /// Ends what has used up its patience; whether there was such a thing.
    pub(crate) fn expire(&mut self, now: Instant, net: &mut Net) -> bool {
        let late = self.visits.iter().flatten().find(|visit| {
            let until = visit.until;
            until.is_some_and(|until| until <= now)
        });
        let Some(handle) = late.map(|visit| visit.handle) else {
            return false;
        };
        let _ = net.abort(now, handle);
        self.end(now, net, handle, "gave up");
        true
    }

    fn accept(&mut self, now: Instant, runner: &mut Runner, listener: ListenerHandle) {
        let index = self
            .listeners
            .iter()
            .position(|ours| *ours == Some(listener));
        let Some((index, service)) = index.and_then(|at| Some((at, *Service::ALL.get(at)?))) else {
            return;
        };
        for _ in 0..CONNECTIONS {
            let Ok(Some(handle)) = runner.stack().accept(listener) else {
                break;
            };
            if let Some(accepted) = self.accepted.get_mut(index) {
                *accepted = accepted.wrapping_add(1);
            }
            self.begin(now, runner, service, handle);
        }
    }

    fn begin(&mut self, now: Instant, runner: &mut Runner, service: Service, handle: Handle) {
        if let Ok(tuple) = runner.stack().tuple(handle) {
            log::opened(now, service.name(), &tuple);
        }
        if let Some(place) = self.visits.get_mut(handle.index()) {
            *place = Some(Visit {
                handle,
                service,
                serving: service.begin(),
                until: (service == Service::Http).then_some(now + REQUEST),
            });
        }
        self.serve(now, runner, handle);
    }

    /// Lets the service do what it can.
    fn serve(&mut self, now: Instant, runner: &mut Runner, handle: Handle) {
        let Some(Some(visit)) = self.visits.get_mut(handle.index()) else {
            return;
        };
        let net = runner.stack();
        let done = match &mut visit.serving {
            Serving::Http(http) => match http.read(now, net, handle) {
                Some(request) => {
                    let report = self.look(now, runner);
                    let answer = report::answer(request, &report, runner);
                    self.say_last(now, runner.stack(), handle, answer.octets());
                    true
                }
                None => net.is_finished(handle) == Ok(true),
            },
            Serving::Echo => plain::echo(now, net, handle),
            Serving::Discard => plain::discard(now, net, handle),
            Serving::Chargen(chargen) => chargen.fill(now, net, handle),
            Serving::Ending => {
                plain::discard(now, net, handle);
                false
            }
        };
        let net = runner.stack();
        if done && let Some(Some(visit)) = self.visits.get_mut(handle.index()) {
            let _ = net.shutdown(now, handle);
            visit.serving = Serving::Ending;
            visit.until = Some(now + ENDING);
        }
        if matches!(
            net.state(handle),
            Ok(State::TimeWait | State::Closed) | Err(_)
        ) {
            self.end(now, net, handle, "ended");
        }
    }

    /// Adds up what the connection did, and gives back its handle.
    fn end(&mut self, now: Instant, net: &mut Net, handle: Handle, how: &str) {
        if let Ok(info) = net.info(now, handle) {
            self.totals.add(&info);
        }
        let _ = net.close(now, handle);
        let place = self.visits.get_mut(handle.index());
        if let Some(visit) = place.and_then(Option::take) {
            log::ended(now, visit.service.name(), how);
        }
    }
}
