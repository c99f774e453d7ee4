//! The character generator (RFC 864).

mod pattern;

use tcp_core::{Handle, Instant};

use super::{Net, plain};
use pattern::Place;

/// Where in the pattern a connection is.
pub(super) struct Chargen {
    place: Place,
}

impl Chargen {
    pub(super) const fn new() -> Self {
        Self {
            place: Place::START,
        }
    }

    /// Sends what fits, throws away what comes; whether the peer has closed.
    pub(super) fn fill(&mut self, now: Instant, net: &mut Net, handle: Handle) -> bool {
        // The room is in two pieces at most.
        for _ in 0..2 {
            let sent = net.send_with(now, handle, |space| self.place.write(space));
            if !matches!(sent, Ok(1..)) {
                break;
            }
        }
        plain::discard(now, net, handle)
    }
}
