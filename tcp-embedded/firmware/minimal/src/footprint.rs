//! What values cost, in octets of this machine: a table that the host reads from the image.

use core::mem::size_of;

use tcp_core::{Config, Connection, Firmware, Info, Island, SentRecord, Stack};

use crate::mailbox::One;

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

#[used]
#[unsafe(link_section = ".footprint")]
static FOOTPRINT: [Row; 6] = [
    row("connection", size_of::<Connection<'static, Firmware>>()),
    row("stack", size_of::<Stack<'static, Firmware, One>>()),
    row("in-flight record", size_of::<SentRecord>()),
    row("island", size_of::<Island>()),
    row("config", size_of::<Config>()),
    row("info", size_of::<Info>()),
];
