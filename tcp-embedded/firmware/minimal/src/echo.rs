//! The echo service (RFC 862) on port 7: accepts, returns what comes, closes when the peer did.

use tcp_core::{Config, Event, Events, Handle, Instant, ListenAt, ListenerHandle, Memory, Stack};

use crate::Chosen;

/// One listener and the connections that it accepted.
pub(crate) struct Echo {
    listener: Option<ListenerHandle>,
}

impl Echo {
    pub(crate) fn new<'a>(stack: &mut Stack<'a, Chosen, impl Memory<'a>>) -> Self {
        let listener = stack.listen(ListenAt {
            address: None,
            port: 7,
            syn_backlog: 2,
            accept_backlog: 2,
            config: Config::new(),
        });
        Self {
            listener: listener.ok(),
        }
    }

    pub(crate) fn handle<'a>(
        &mut self,
        now: Instant,
        stack: &mut Stack<'a, Chosen, impl Memory<'a>>,
        event: Event,
    ) {
        match event {
            Event::Listener(_) => {
                if let Some(listener) = self.listener {
                    let _ = stack.accept(listener);
                }
            }
            Event::Connection(handle, events) if events.contains(Events::CLOSED) => {
                let _ = stack.close(now, handle);
            }
            Event::Connection(handle, _) => echo(now, stack, handle),
        }
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
