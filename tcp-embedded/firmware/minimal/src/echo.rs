//! The echo service (RFC 862) on port 7: accepts, returns what comes, closes when the peer did.

use tcp_core::{Config, Event, Events, Handle, Instant, ListenAt, Memory, Stack};

use crate::Chosen;

/// Listens.
pub(crate) fn start<'a>(stack: &mut Stack<'a, Chosen, impl Memory<'a>>) {
    // Nothing has taken the port or the place before.
    let _ = stack.listen(ListenAt {
        address: None,
        port: 7,
        syn_backlog: 2,
        accept_backlog: 2,
        config: Config::new(),
    });
}

/// Does what follows from an event.
pub(crate) fn handle<'a>(
    now: Instant,
    stack: &mut Stack<'a, Chosen, impl Memory<'a>>,
    event: Event,
) {
    match event {
        Event::Listener(listener) => {
            let _ = stack.accept(listener);
        }
        Event::Connection(handle, events) if events.contains(Events::CLOSED) => {
            let _ = stack.close(now, handle);
        }
        Event::Connection(handle, _) => echo(now, stack, handle),
    }
}

/// Returns as many octets as there are and fit.
fn echo<'a>(now: Instant, stack: &mut Stack<'a, Chosen, impl Memory<'a>>, handle: Handle) {
    let mut octets = [0; 128];
    loop {
        let room = stack.writable(handle).unwrap_or(0).min(octets.len());
        let Some(space) = octets.get_mut(..room) else {
            return;
        };
        let Ok(count @ 1..) = stack.read(now, handle, space) else {
            break;
        };
        let _ = stack.send(now, handle, space.get(..count).unwrap_or_default());
    }
    if stack.is_finished(handle) == Ok(true) {
        let _ = stack.close(now, handle);
    }
}
