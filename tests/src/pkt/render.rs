//! Packets, calls and times in the notation of scripts.

use super::ast::{Call, Expr, Packet};

/// `> S. 0:0(0) ack 1 win 65535 <mss 1460,sackOK,nop,wscale 8>`
#[must_use]
pub fn packet(packet: &Packet) -> String {
    format!("{packet:?}")
}

/// `read(4, ..., 1000) = -1 EAGAIN`
#[must_use]
pub fn call(call: &Call) -> String {
    format!("{call:?}")
}

/// An argument or a result.
#[must_use]
pub fn expr(expr: &Expr) -> String {
    format!("{expr:?}")
}

/// Microseconds as seconds: `0.2`, `1.000001`.
#[must_use]
pub fn time(us: i64) -> String {
    format!("{us}")
}
