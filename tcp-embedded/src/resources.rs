//! The memory of a whole host, of fixed size.

use heapless::Vec;
use tcp_core::{Firmware, Island, Memory, Profile, SentRecord, Storage, Tables, TablesStorage};

use crate::link::Neighbor;

/// Segments in flight that a connection tells apart; beyond them neighbours share a record.
const RECORDS: usize = 8;
/// Ranges beyond a gap that a connection remembers.
const ISLANDS: usize = 4;
/// Neighbours on the link, the gateway among them.
const NEIGHBORS: usize = 8;
/// Longest frame of an ordinary Ethernet.
const FRAME: usize = 1_514;
/// Octets for answers to echo requests (`ping` sends 84).
const ECHO: usize = 128;

/// What one connection is lent.
#[derive(Debug)]
struct Lent<const SEND: usize, const RECEIVE: usize> {
    send: [u8; SEND],
    receive: [u8; RECEIVE],
    records: [SentRecord; RECORDS],
    islands: [Island; ISLANDS],
}

impl<const SEND: usize, const RECEIVE: usize> Lent<SEND, RECEIVE> {
    const NEW: Self = Self {
        send: [0; SEND],
        receive: [0; RECEIVE],
        records: [SentRecord::EMPTY; RECORDS],
        islands: [Island::EMPTY; ISLANDS],
    };
}

/// The memory of a host with `CONNECTIONS` connections, as many half-open ones and ones in
/// TIME-WAIT, and rings of `SEND` and `RECEIVE` octets for each connection.
///
/// `INDEX` is a power of two, at least `4.5 * CONNECTIONS + 6`: 16 for two connections, 32 for
/// five, 64 for twelve. A wrong one does not compile. `P` says what a connection can do:
/// [`Firmware`] unless another profile is named.
///
/// On a microcontroller it belongs in a `static`. It starts as zeros, so it occupies no flash, and
/// nothing is copied at start. With the crate `static_cell`:
///
/// ```text
/// static RESOURCES: ConstStaticCell<Resources<'static, 4, 2048, 2048, 32>> =
///     ConstStaticCell::new(Resources::new());
/// let resources = RESOURCES.take();
/// ```
///
/// A local variable of a function that does not return serves as well:
///
/// ```
/// use tcp_embedded::Resources;
/// let mut resources = Resources::<2, 2_048, 2_048, 16>::new();
/// let parts = resources.lend();
/// assert_eq!(parts.frame.len(), 1_514);
/// ```
#[derive(Debug)]
pub struct Resources<
    'a,
    const CONNECTIONS: usize,
    const SEND: usize,
    const RECEIVE: usize,
    const INDEX: usize,
    P: Profile = Firmware,
> {
    tables: TablesStorage<'a, P, CONNECTIONS, CONNECTIONS, CONNECTIONS, INDEX>,
    lent: [Lent<SEND, RECEIVE>; CONNECTIONS],
    neighbors: [Neighbor; NEIGHBORS],
    frame: [u8; FRAME],
    echo: [u8; ECHO],
}

/// Everything that a [`Runner`](crate::Runner) is lent.
#[derive(Debug)]
pub struct Parts<'a, M, P: Profile = Firmware> {
    /// The tables of the stack.
    pub tables: Tables<'a, P>,
    /// Octets for the connections.
    pub memory: M,
    /// The neighbour cache.
    pub neighbors: &'a mut [Neighbor],
    /// Room for one frame: the longest that the device carries.
    pub frame: &'a mut [u8],
}

impl<const CONNECTIONS: usize, const SEND: usize, const RECEIVE: usize, const INDEX: usize>
    Resources<'_, CONNECTIONS, SEND, RECEIVE, INDEX>
{
    /// Nothing is lent.
    #[must_use]
    pub const fn new() -> Self {
        Self::for_profile()
    }
}

impl<
    'a,
    const CONNECTIONS: usize,
    const SEND: usize,
    const RECEIVE: usize,
    const INDEX: usize,
    P: Profile,
> Resources<'a, CONNECTIONS, SEND, RECEIVE, INDEX, P>
{
    /// Nothing is lent; for the profile that the type names, such as [`Small`](tcp_core::Small).
    #[must_use]
    pub const fn for_profile() -> Self {
        Self {
            tables: TablesStorage::new(),
            lent: [const { Lent::NEW }; CONNECTIONS],
            neighbors: [Neighbor::EMPTY; NEIGHBORS],
            frame: [0; FRAME],
            echo: [0; ECHO],
        }
    }

    /// Lends everything.
    pub fn lend(&'a mut self) -> Parts<'a, Pool<'a, CONNECTIONS>, P> {
        let mut free = Vec::new();
        for lent in &mut self.lent {
            // As many places as elements.
            let _ = free.push(Storage {
                send: (&mut lent.send[..]).into(),
                receive: (&mut lent.receive[..]).into(),
                records: (&mut lent.records[..]).into(),
                islands: (&mut lent.islands[..]).into(),
            });
        }
        Parts {
            tables: self.tables.lend().with_packets(&mut self.echo[..]),
            memory: Pool {
                free,
                receive: RECEIVE,
            },
            neighbors: &mut self.neighbors,
            frame: &mut self.frame,
        }
    }
}

impl<const CONNECTIONS: usize, const SEND: usize, const RECEIVE: usize, const INDEX: usize> Default
    for Resources<'_, CONNECTIONS, SEND, RECEIVE, INDEX>
{
    fn default() -> Self {
        Self::new()
    }
}

/// Octets for `CONNECTIONS` connections, of which some are lent to connections.
#[derive(Debug)]
pub struct Pool<'a, const CONNECTIONS: usize> {
    free: Vec<Storage<'a>, CONNECTIONS>,
    receive: usize,
}

impl<const CONNECTIONS: usize> Pool<'_, CONNECTIONS> {
    /// How many connections could be lent octets.
    #[must_use]
    pub fn free(&self) -> usize {
        self.free.len()
    }
}

impl<'a, const CONNECTIONS: usize> Memory<'a> for Pool<'a, CONNECTIONS> {
    fn lend(&mut self) -> Option<Storage<'a>> {
        self.free.pop()
    }

    fn give_back(&mut self, storage: Storage<'a>) {
        // What comes back was lent here, so there is a place for it.
        let _ = self.free.push(storage);
    }

    fn receive_capacity(&self) -> usize {
        self.receive
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pool_lends_to_as_many_connections_as_it_has_octets_for() {
        let mut resources = Resources::<2, 100, 200, 16>::new();
        let mut parts = resources.lend();
        assert_eq!(parts.memory.receive_capacity(), 200);
        let first = parts.memory.lend().unwrap();
        assert_eq!((first.send.len(), first.receive.len()), (100, 200));
        assert!(parts.memory.lend().is_some());
        assert!(parts.memory.lend().is_none());
        parts.memory.give_back(first);
        assert_eq!(parts.memory.free(), 1);
        assert!(parts.memory.lend().is_some());
    }
}
