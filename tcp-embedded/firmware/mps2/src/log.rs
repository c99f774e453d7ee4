//! What the console is told, as text and, with the feature `defmt`, in its frames.

use core::net::Ipv4Addr;

#[cfg(feature = "defmt")]
use defmt_semihosting as _;
use tcp_core::{Instant, Tuple};
use tcp_embedded::LinkState;

use crate::board::{self, console};
use crate::text::Text;

type Line = Text<120>;

pub(crate) fn say(what: &str) {
    #[cfg(feature = "defmt")]
    defmt::error!("{=str}", what);
    print(Line::new().str(what));
}

pub(crate) fn started(address: Ipv4Addr) {
    #[cfg(feature = "defmt")]
    defmt::info!("{=str} at {=[u8; 4]}", board::NAME, address.octets());
    let mut line = Line::new();
    line.str(board::NAME)
        .str(": http://")
        .address(address.into());
    print(line.str("/ and the ports 7 (echo), 9 (discard), 19 (chargen)"));
}

pub(crate) fn link(now: Instant, link: LinkState) {
    #[cfg(feature = "defmt")]
    defmt::info!("link up: {=bool}", link == LinkState::Up);
    let mut line = at(now);
    print(line.str(match link {
        LinkState::Up => "link up",
        LinkState::Down => "link down",
    }));
}

pub(crate) fn opened(now: Instant, service: &str, tuple: &Tuple) {
    #[cfg(feature = "defmt")]
    defmt::info!("{=str} opened by port {=u16}", service, tuple.remote().port());
    let mut line = at(now);
    print(
        line.str(service)
            .str(" to ")
            .end(tuple.remote())
            .str(" opened"),
    );
}

pub(crate) fn ended(now: Instant, service: &str, how: &str) {
    #[cfg(feature = "defmt")]
    defmt::info!("{=str} {=str}", service, how);
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

/// Frames carry the moment at which they were made: ticks of SysTick are no clock here, so they
/// are numbered.
#[cfg(feature = "defmt")]
mod number {
    use core::sync::atomic::{AtomicU32, Ordering};

    static NEXT: AtomicU32 = AtomicU32::new(0);
    defmt::timestamp!("{=u32}", NEXT.fetch_add(1, Ordering::Relaxed));
}
