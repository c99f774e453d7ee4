//! Echo (RFC 862) and discard (RFC 863).

use tcp_core::{Handle, Instant};

use super::Net;

/// Octets that echo moves at a time.
const CHUNK: usize = 1_024;

/// Returns as much as there is and fits, which is a ring at most. Whether the peer has closed and
/// has everything.
pub(super) fn echo(now: Instant, net: &mut Net, handle: Handle) -> bool {
    let mut octets = [0; CHUNK];
    loop {
        let room = net.writable(handle).unwrap_or(0).min(CHUNK);
        if room == 0 {
            // Who writes nothing where nothing fits is told when something does.
            let _ = net.send_with(now, handle, |_| 0);
            break;
        }
        let space = octets.get_mut(..room).unwrap_or_default();
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
