//! The memory of the image: one `static`, zero until it is given out.

use core::ptr::addr_of_mut;

use tcp_core::{Island, Memory, SentRecord, Storage, Tables, TablesStorage};

use crate::Chosen;

/// Connections, and as many half-open ones and ones in TIME-WAIT.
const CONNECTIONS: usize = 2;
/// Octets of each ring.
const RING: usize = 2_048;
const RECORDS: usize = 8;
const ISLANDS: usize = 4;

type Slots = TablesStorage<'static, Chosen, CONNECTIONS, CONNECTIONS, CONNECTIONS, 16>;

/// What one connection is lent.
struct Lent {
    send: [u8; RING],
    receive: [u8; RING],
    records: [SentRecord; RECORDS],
    islands: [Island; ISLANDS],
}

struct Resources {
    slots: Slots,
    lent: [Lent; CONNECTIONS],
    packets: [u8; 128],
}

static mut RESOURCES: Resources = Resources {
    slots: Slots::new(),
    lent: [const {
        Lent {
            send: [0; RING],
            receive: [0; RING],
            records: [SentRecord::EMPTY; RECORDS],
            islands: [Island::EMPTY; ISLANDS],
        }
    }; CONNECTIONS],
    packets: [0; 128],
};

/// The tables and the pool.
///
/// # Safety
///
/// To be called once.
pub(crate) unsafe fn give_out() -> (Tables<'static, Chosen>, Pool) {
    // SAFETY: this is the only reference, because the caller calls once.
    let resources = unsafe { &mut *addr_of_mut!(RESOURCES) };
    let tables = resources
        .slots
        .lend()
        .with_packets(&mut resources.packets[..]);
    let free = resources.lent.each_mut().map(|lent| {
        Some(Storage {
            send: (&mut lent.send[..]).into(),
            receive: (&mut lent.receive[..]).into(),
            records: (&mut lent.records[..]).into(),
            islands: (&mut lent.islands[..]).into(),
        })
    });
    (tables, Pool { free })
}

/// What is not lent.
pub(crate) struct Pool {
    free: [Option<Storage<'static>>; CONNECTIONS],
}

impl Memory<'static> for Pool {
    fn lend(&mut self) -> Option<Storage<'static>> {
        self.free.iter_mut().find_map(Option::take)
    }

    fn give_back(&mut self, storage: Storage<'static>) {
        if let Some(place) = self.free.iter_mut().find(|place| place.is_none()) {
            *place = Some(storage);
        }
    }

    fn receive_capacity(&self) -> usize {
        RING
    }
}
