//! The octets of connections: as many as the socket that asks for them wants.

use std::cell::Cell;
use std::rc::Rc;

use tcp_core::{Island, Memory, SentRecord, Storage};

/// Connections at most.
const CONNECTIONS: usize = 64;
/// Segments in flight that are told apart.
const RECORDS: usize = 1_024;
/// Ranges beyond a gap.
const ISLANDS: usize = 256;

/// Octets of the two rings of a connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Sizes {
    pub send: usize,
    /// The most that is offered.
    pub receive: usize,
    /// What a receive ring has besides, because a scaled window is rounded up.
    pub reserve: usize,
}

/// A heap whose next loan has the sizes that stand in a cell outside.
#[derive(Debug)]
pub struct Rings {
    sizes: Rc<Cell<Sizes>>,
    lent: usize,
}

impl Rings {
    /// Rings of the sizes that `sizes` holds when they are lent.
    #[must_use]
    pub const fn new(sizes: Rc<Cell<Sizes>>) -> Self {
        Self { sizes, lent: 0 }
    }
}

impl Memory<'static> for Rings {
    fn lend(&mut self) -> Option<Storage<'static>> {
        if self.lent == CONNECTIONS {
            return None;
        }
        self.lent += 1;
        let Sizes { send, .. } = self.sizes.get();
        let receive = self.receive_capacity();
        Some(Storage {
            send: vec![0; send].into(),
            receive: vec![0; receive].into(),
            records: vec![SentRecord::default(); RECORDS].into(),
            islands: vec![Island::default(); ISLANDS].into(),
        })
    }

    fn give_back(&mut self, _: Storage<'static>) {
        self.lent = self.lent.saturating_sub(1);
    }

    fn receive_capacity(&self) -> usize {
        let Sizes {
            receive, reserve, ..
        } = self.sizes.get();
        receive + reserve
    }
}
