//! Echo, discard and chargen (RFC 862, 863, 864).

use tcp_std::{Service, Session, Verdict};

/// Sends back what it receives.
#[derive(Debug)]
pub(crate) struct Echo;

impl Service for Echo {
    fn ready(&mut self, session: &mut Session<'_>) -> Verdict {
        while session.echo() > 0 {}
        close_at_the_end(session)
    }
}

/// Receives and forgets.
#[derive(Debug)]
pub(crate) struct Discard;

impl Service for Discard {
    fn ready(&mut self, session: &mut Session<'_>) -> Verdict {
        while session.take(<[u8]>::len) > 0 {}
        close_at_the_end(session)
    }
}

fn close_at_the_end(session: &Session<'_>) -> Verdict {
    if session.is_finished() {
        Verdict::Close
    } else {
        Verdict::Keep
    }
}

/// Sends lines of 72 printable characters, each line beginning one character further on.
#[derive(Debug, Default)]
pub(crate) struct Chargen {
    /// Where in the pattern the next octet is.
    position: usize,
}

const PRINTABLE: usize = 95;
const LINE: usize = 74;
const PERIOD: usize = PRINTABLE * LINE;

/// The lines until they begin anew.
static PATTERN: [u8; PERIOD] = pattern();

const fn pattern() -> [u8; PERIOD] {
    let mut pattern = [0; PERIOD];
    let mut at = 0;
    while at < PERIOD {
        let (line, column) = (at / LINE, at % LINE);
        pattern[at] = match column {
            72 => b'\r',
            73 => b'\n',
            column => b' ' + ((line + column) % PRINTABLE) as u8,
        };
        at += 1;
    }
    pattern
}

impl Service for Chargen {
    fn ready(&mut self, session: &mut Session<'_>) -> Verdict {
        // RFC 864: what the other side sends is thrown away.
        while session.take(<[u8]>::len) > 0 {}
        while session.fill(|room| self.fill(room)) > 0 {}
        close_at_the_end(session)
    }
}

impl Chargen {
    fn fill(&mut self, mut room: &mut [u8]) -> usize {
        let len = room.len();
        while !room.is_empty() {
            let rest = &PATTERN[self.position..];
            let (now, later) = room.split_at_mut(rest.len().min(room.len()));
            now.copy_from_slice(&rest[..now.len()]);
            self.position = (self.position + now.len()) % PERIOD;
            room = later;
        }
        len
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_characters_rotate_whatever_the_size_of_the_room() {
        let mut whole = vec![0; 3 * PERIOD + 5];
        assert_eq!(Chargen::default().fill(&mut whole), whole.len());
        let mut parts = Chargen::default();
        for chunk in whole.chunks(37) {
            let mut room = vec![0; chunk.len()];
            assert_eq!(parts.fill(&mut room), chunk.len());
            assert_eq!(room, chunk);
        }
        let lines: Vec<&[u8]> = whole.split(|octet| *octet == b'\n').collect();
        assert!(lines[0].starts_with(b" !\"#$%&") && lines[0].ends_with(b"g\r"));
        assert!(lines[1].starts_with(b"!\"#$%&'") && lines[1].ends_with(b"h\r"));
        assert_eq!(lines[0], lines[95]);
    }
}
