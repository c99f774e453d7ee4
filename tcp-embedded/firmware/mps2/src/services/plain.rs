//! Echo (RFC 862) and discard (RFC 863).

use tcp_core::{Handle, Instant};

use super::Net;

/// Octets that echo moves at a time.
const CHUNK: usize = 1_024;
/// Chunks in a turn: as much as a ring holds.
const CHUNKS: usize = crate::RING / CHUNK;

/// Returns as much as there is and fits; whether the peer has closed and has everything.
pub(super) fn echo(now: Instant, net: &mut Net, handle: Handle) -> bool {
    let mut octets = [0; CHUNK];
    for _ in 0..CHUNKS {
        let room = net.writable(handle).unwrap_or(0).min(CHUNK);
        let Some(space) = octets.get_mut(..room) else {
            break;
        };
        let Ok(count @ 1..) = net.read(now, handle, space) else {
            break;
        };
        let _ = net.send(now, handle, space.get(..count).unwrap_or_default());
    }
    net.is_finished(handle) == Ok(true)
}

/// Takes what there is; whether the peer has closed.
pub(super) fn discard(now: Instant, net: &mut Net, handle: Handle) -> bool {
    // A ring is in two pieces at most.
    for _ in 0..2 {
        let _ = net.receive_with(now, handle, <[u8]>::len);
    }
    net.is_finished(handle) == Ok(true)
}
