//! The character generator (RFC 864): lines of 72 of the 95 printing characters, each line
//! beginning one further.

use tcp_core::{Handle, Instant};

use super::{Net, plain};

const CHARACTERS: usize = 95;
const SHOWN: usize = 72;
const LINE: usize = SHOWN + 2;
const ALL: usize = CHARACTERS * LINE;

/// Every line once.
static PATTERN: [u8; ALL] = pattern();

const fn pattern() -> [u8; ALL] {
    let mut all = [0; ALL];
    let mut at = 0;
    while at < ALL {
        let (line, column) = (at / LINE, at % LINE);
        all[at] = match column {
            SHOWN => b'\r',
            72.. => b'\n',
            _ => b' ' + ((line + column) % CHARACTERS) as u8,
        };
        at += 1;
    }
    all
}

/// Where in the pattern a connection is.
pub(super) struct Chargen {
    at: usize,
}

impl Chargen {
    pub(super) const fn new() -> Self {
        Self { at: 0 }
    }

    /// Sends what fits, throws away what comes; whether the peer has closed.
    pub(super) fn fill(&mut self, now: Instant, net: &mut Net, handle: Handle) -> bool {
        // The room is in two pieces at most.
        for _ in 0..2 {
            let sent = net.send_with(now, handle, |space| self.write(space));
            if !matches!(sent, Ok(1..)) {
                break;
            }
        }
        plain::discard(now, net, handle)
    }

    fn write(&mut self, space: &mut [u8]) -> usize {
        let mut written = 0;
        // Each piece but the first and the last is the whole pattern.
        while let Some(space @ [_, ..]) = space.get_mut(written..) {
            let rest = PATTERN.get(self.at..).unwrap_or_default();
            for (to, from) in space.iter_mut().zip(rest) {
                *to = *from;
            }
            let count = rest.len().min(space.len());
            written += count;
            self.at += count;
            if self.at >= ALL {
                self.at = 0;
            }
        }
        written
    }
}
