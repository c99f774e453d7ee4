//! [`Memory`] on the heap.

use tcp_core::{Island, Memory, SentRecord, Storage};

/// Storages kept for the next connection, so that short connections do not map and fault in fresh
/// pages each.
const SPARE: usize = 8;
/// Ranges beyond a gap that one connection remembers.
const ISLANDS: usize = 128;
/// In-flight records are for segments of the least MSS that IPv4 allows without asking; beyond
/// this many, neighbours share one, which costs precision of retransmission and nothing else.
const MOST_RECORDS: usize = 1_024;
const SMALL_SEGMENT: usize = 536;

/// How large the buffers of one connection are, in octets.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Buffers {
    /// Written and not yet acknowledged.
    pub send: usize,
    /// Received and not yet read: the most that the window can offer.
    pub receive: usize,
}

impl Default for Buffers {
    /// 4 MiB to send, 1 MiB to receive. Pages that were never used cost no memory.
    fn default() -> Self {
        Self {
            send: 4 << 20,
            receive: 1 << 20,
        }
    }
}

/// The heap as the stack's memory, with a limit on how many connections may hold some of it.
#[derive(Debug)]
pub struct HeapMemory {
    buffers: Buffers,
    left: usize,
    spare: Vec<Storage<'static>>,
}

impl HeapMemory {
    /// Memory for at most `connections` connections at a time.
    #[must_use]
    pub fn new(buffers: Buffers, connections: usize) -> Self {
        Self {
            buffers,
            left: connections,
            spare: Vec::with_capacity(SPARE),
        }
    }

    /// How many more connections can be lent to.
    #[must_use]
    pub const fn left(&self) -> usize {
        self.left
    }

    fn fresh(&self) -> Storage<'static> {
        let records = (self.buffers.send / SMALL_SEGMENT).clamp(4, MOST_RECORDS);
        Storage {
            send: vec![0; self.buffers.send].into(),
            receive: vec![0; self.buffers.receive].into(),
            records: vec![SentRecord::default(); records].into(),
            islands: vec![Island::default(); ISLANDS].into(),
        }
    }
}

impl Memory<'static> for HeapMemory {
    fn lend(&mut self) -> Option<Storage<'static>> {
        self.left = self.left.checked_sub(1)?;
        Some(self.spare.pop().unwrap_or_else(|| self.fresh()))
    }

    fn give_back(&mut self, storage: Storage<'static>) {
        self.left += 1;
        if self.spare.len() < SPARE {
            self.spare.push(storage);
        }
    }

    fn receive_capacity(&self) -> usize {
        self.buffers.receive
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_is_kept_and_what_comes_back_can_be_lent_again() {
        let buffers = Buffers {
            send: 4_096,
            receive: 2_048,
        };
        let mut memory = HeapMemory::new(buffers, 2);
        let first = memory.lend().expect("the first is free");
        assert_eq!(first.send.len(), 4_096);
        assert_eq!(first.receive.len(), 2_048);
        assert_eq!(first.records.len(), 7);
        let second = memory.lend().expect("the second is free");
        assert!(memory.lend().is_none(), "the limit is two");
        memory.give_back(first);
        memory.give_back(second);
        assert_eq!(memory.left(), 2);
        assert!(memory.lend().is_some());
    }
}
