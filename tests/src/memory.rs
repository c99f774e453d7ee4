//! The octets of connections on the heap, counted, so that a test sees what is not given back.

use tcp_core::{Island, Memory, SentRecord, Storage};

/// How much each connection gets, and how many connections get any.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Sizes {
    /// Octets of the send ring.
    pub send: usize,
    /// Octets of the receive ring.
    pub receive: usize,
    /// Records of segments in flight.
    pub records: usize,
    /// Ranges beyond a gap.
    pub islands: usize,
    /// Connections at most.
    pub connections: usize,
}

impl Default for Sizes {
    fn default() -> Self {
        Self {
            send: 256 << 10,
            receive: 256 << 10,
            records: 256,
            islands: 64,
            connections: 64,
        }
    }
}

impl Sizes {
    /// Rings of the same size in both directions.
    #[must_use]
    pub fn rings(octets: usize) -> Self {
        Self {
            send: octets,
            receive: octets,
            ..Self::default()
        }
    }
}

/// A heap that counts.
#[derive(Debug)]
pub struct Heap {
    sizes: Sizes,
    lent: usize,
}

impl Heap {
    /// A heap for connections of these sizes.
    #[must_use]
    pub const fn new(sizes: Sizes) -> Self {
        Self { sizes, lent: 0 }
    }

    /// Connections whose octets were not given back.
    #[must_use]
    pub const fn lent(&self) -> usize {
        self.lent
    }
}

impl Memory<'static> for Heap {
    fn lend(&mut self) -> Option<Storage<'static>> {
        if self.lent == self.sizes.connections {
            return None;
        }
        self.lent += 1;
        // What stood here before belongs to nobody and must never reach a peer or a reader.
        Some(Storage {
            send: vec![0xc5; self.sizes.send].into(),
            receive: vec![0xc5; self.sizes.receive].into(),
            records: vec![SentRecord::default(); self.sizes.records].into(),
            islands: vec![Island::default(); self.sizes.islands].into(),
        })
    }

    fn give_back(&mut self, storage: Storage<'static>) {
        assert_eq!(storage.send.len(), self.sizes.send, "another send ring");
        assert_eq!(storage.receive.len(), self.sizes.receive, "another ring");
        assert_eq!(storage.records.len(), self.sizes.records, "other records");
        assert_eq!(storage.islands.len(), self.sizes.islands, "other islands");
        self.lent = self
            .lent
            .checked_sub(1)
            .expect("more was given back than lent");
    }

    fn receive_capacity(&self) -> usize {
        self.sizes.receive
    }
}
