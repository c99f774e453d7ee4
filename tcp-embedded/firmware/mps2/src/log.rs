//! What the console is told.

use core::net::Ipv4Addr;

use tcp_core::{Instant, Tuple};
use tcp_embedded::LinkState;

use crate::board::{self, console};
use crate::text::Text;

type Line = Text<120>;

pub(crate) fn say(what: &str) {
    print(Line::new().str(what));
}

pub(crate) fn started(address: Ipv4Addr) {
    let mut line = Line::new();
    line.str(board::NAME)
        .str(": http://")
        .address(address.into());
    print(line.str("/ and the ports 7 (echo), 9 (discard), 19 (chargen)"));
}

pub(crate) fn link(now: Instant, link: LinkState) {
    let mut line = at(now);
    print(line.str(match link {
        LinkState::Up => "link up",
        LinkState::Down => "link down",
    }));
}

pub(crate) fn opened(now: Instant, service: &str, tuple: &Tuple) {
    let mut line = at(now);
    print(
        line.str(service)
            .str(" to ")
            .end(tuple.remote)
            .str(" opened"),
    );
}

pub(crate) fn ended(now: Instant, service: &str, how: &str) {
    print(at(now).str(service).str(" ").str(how));
}

/// Seconds since the start.
fn at(now: Instant) -> Line {
    let mut line = Line::new();
    let millis = (now - Instant::ZERO).as_micros() / 1_000;
    line.str("[").number(millis / 1_000).str(".");
    for place in [100, 10, 1] {
        line.number(millis / place % 10);
    }
    line.str("] ");
    line
}

fn print(line: &Line) {
    console::put(line.octets());
    console::put(b"\n");
}
