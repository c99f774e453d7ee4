//! Reading and writing.

use tcp_core::{State, Switch};

use super::{Errno, Progress, Role, Sockets};
use crate::pkt::engine::bench::Bench;
use crate::pkt::wire::octet_at;

/// What a message flag changes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct MessageFlags {
    pub peek: bool,
    pub dont_wait: bool,
    pub more: bool,
    pub out_of_band: bool,
    pub wait_all: bool,
}

/// What was read is not what was sent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Corrupted(pub String);

impl Sockets {
    /// `read()` and its kin, of at most `count` octets.
    ///
    /// # Errors
    /// The octets are not those that the script sent.
    pub fn read(
        &mut self,
        bench: &mut Bench,
        number: i64,
        count: usize,
        flags: MessageFlags,
    ) -> Result<Progress, Corrupted> {
        let Some(socket) = self.table.get_mut(&number) else {
            return Ok(Progress::Failed(Errno::EBADF));
        };
        let Role::Connection(handle) = socket.role else {
            return Ok(Progress::Failed(Errno::ENOTCONN));
        };
        let readable = bench.stack.readable(handle).unwrap_or(0);
        let no_more = socket.has_ended || socket.is_peer_closed();
        let waits_for_all = flags.wait_all && readable < count && !no_more;
        // A read ends before the last octet of urgent data, so that its reader can tell it.
        let urgent = bench.stack.urgent(handle).ok().flatten();
        let before_mark = urgent.map_or(usize::MAX, |end| match end.saturating_sub(1) {
            0 => usize::MAX,
            before => before,
        });
        let count = count.min(before_mark);
        if readable > 0 && count > 0 && !waits_for_all {
            let mut octets = vec![0; count.min(readable)];
            let taken = if flags.peek {
                bench.stack.peek(handle, &mut octets)
            } else {
                bench.stack.read(bench.now, handle, &mut octets)
            };
            let taken = taken.unwrap_or(0);
            check(socket.read_at, &octets[..taken])?;
            if !flags.peek {
                let taken = u32::try_from(taken).unwrap_or(u32::MAX);
                socket.read_at = socket.read_at.wrapping_add(taken);
            }
            return Ok(Progress::Done(i64::try_from(taken).unwrap_or(i64::MAX)));
        }
        let at_end = bench.stack.is_finished(handle).unwrap_or(true);
        if at_end || socket.is_read_shut || count == 0 {
            return Ok(Progress::Done(0));
        }
        if let Some(error) = socket.error.take() {
            return Ok(Progress::Failed(error));
        }
        if socket.has_ended {
            return Ok(Progress::Done(0));
        }
        Ok(if socket.is_nonblocking || flags.dont_wait {
            Progress::Failed(Errno::EAGAIN)
        } else {
            Progress::Blocks
        })
    }

    /// `write()` and its kin: of `count` octets, `before` of which an earlier try of this call
    /// wrote.
    pub fn write(
        &mut self,
        bench: &mut Bench,
        number: i64,
        (count, before): (usize, usize),
        flags: MessageFlags,
    ) -> (Progress, usize) {
        let Some(socket) = self.table.get_mut(&number) else {
            return (Progress::Failed(Errno::EBADF), before);
        };
        let Role::Connection(handle) = socket.role else {
            return (Progress::Failed(Errno::EPIPE), before);
        };
        let wrote = |total: usize| (Progress::Done(i64::try_from(total).unwrap_or(0)), total);
        let waits = if socket.is_nonblocking || flags.dont_wait {
            Progress::Failed(Errno::EAGAIN)
        } else {
            Progress::Blocks
        };
        if socket.has_ended || socket.is_write_shut {
            if before > 0 {
                return wrote(before);
            }
            let error = socket.error.take().unwrap_or(Errno::EPIPE);
            return (Progress::Failed(error), before);
        }
        if matches!(bench.stack.state(handle), Ok(State::SynSent)) {
            return (waits, before);
        }
        // What is written with the promise of more waits for it, like what is corked.
        let corked = if flags.more || socket.is_corked() {
            Switch::On
        } else {
            Switch::Off
        };
        let config = socket.config.cork(corked);
        if bench.stack.config(handle) != Ok(config) {
            let _ = bench.stack.set_config(bench.now, handle, config);
        }
        let octets = vec![0x5a; count - before];
        match bench.stack.send(bench.now, handle, &octets) {
            Err(misuse) => (Progress::Failed(Errno::of_misuse(misuse)), before),
            Ok(more) => {
                if flags.out_of_band {
                    let _ = bench.stack.mark_urgent(bench.now, handle);
                }
                let total = before + more;
                if total == count || (total > 0 && waits != Progress::Blocks) {
                    wrote(total)
                } else {
                    (waits, total)
                }
            }
        }
    }
}

/// Compares octets of a stream with what the script's segments carried.
fn check(at: u32, octets: &[u8]) -> Result<(), Corrupted> {
    for (offset, octet) in (0..).zip(octets) {
        let expected = octet_at(at.wrapping_add(offset));
        if expected != *octet {
            return Err(Corrupted(format!(
                "the octet at {} was {expected:#x} when it was sent and is {octet:#x}",
                at.wrapping_add(offset)
            )));
        }
    }
    Ok(())
}
