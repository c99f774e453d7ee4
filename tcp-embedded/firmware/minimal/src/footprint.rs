//! What values cost, in octets of this machine: a table that the host reads from the image.

use core::mem::size_of;

use tcp_core::wire::Segment;
use tcp_core::{Config, Connection, Host, Info, Island, Profile, SentRecord, Stack, TablesStorage};

use crate::Chosen;
use crate::memory::Pool;

/// One row: a name and a size.
#[repr(C)]
struct Row {
    name: [u8; 28],
    octets: u32,
}

const fn row(name: &str, octets: usize) -> Row {
    let mut field = [0; 28];
    let mut at = 0;
    while at < name.len() {
        field[at] = name.as_bytes()[at];
        at += 1;
    }
    Row {
        name: field,
        octets: octets as u32,
    }
}

/// Tables for so many connections, half-open connections and connections in TIME-WAIT, with so
/// many buckets.
type Slots<P, const C: usize, const H: usize, const T: usize, const I: usize> =
    TablesStorage<'static, P, C, H, T, I>;

/// What one entry more costs, from what eight more cost.
const fn each(nine: usize, one: usize) -> usize {
    (nine - one) / 8
}

const fn slot<P: Profile>() -> usize {
    each(
        size_of::<Slots<P, 9, 1, 1, 16>>(),
        size_of::<Slots<P, 1, 1, 1, 16>>(),
    )
}

const fn syn_entry<P: Profile>() -> usize {
    each(
        size_of::<Slots<P, 1, 9, 1, 16>>(),
        size_of::<Slots<P, 1, 1, 1, 16>>(),
    )
}

const fn time_wait_entry<P: Profile>() -> usize {
    each(
        size_of::<Slots<P, 1, 1, 9, 16>>(),
        size_of::<Slots<P, 1, 1, 1, 16>>(),
    )
}

const fn bucket<P: Profile>() -> usize {
    each(
        size_of::<Slots<P, 1, 1, 1, 9>>(),
        size_of::<Slots<P, 1, 1, 1, 1>>(),
    )
}

#[used]
#[unsafe(link_section = ".footprint")]
static FOOTPRINT: [Row; 13] = [
    row("connection", size_of::<Connection<'static, Chosen>>()),
    row("connection slot", slot::<Chosen>()),
    row("SYN entry", syn_entry::<Chosen>()),
    row("SYN entry, any address", syn_entry::<Host>()),
    row("TIME-WAIT entry", time_wait_entry::<Chosen>()),
    row("TIME-WAIT, any address", time_wait_entry::<Host>()),
    row("index bucket", bucket::<Chosen>()),
    row("stack", size_of::<Stack<'static, Chosen, Pool>>()),
    row("in-flight record", size_of::<SentRecord>()),
    row("island", size_of::<Island>()),
    row("config", size_of::<Config>()),
    row("info", size_of::<Info>()),
    row("segment", size_of::<Segment<'static>>()),
];
