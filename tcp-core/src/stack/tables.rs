//! The memory of a stack: one lent slice for each table.

use managed::ManagedSlice;

use super::demux::Bucket;
use super::entry::Entry;
use super::listen::Listener;
use super::reassembly::FragmentSlot;
use super::reply::Reply;
use super::scale::{Lendable, Scale};
use super::schedule::Order;
use super::slot::Slot;
use super::syn_queue::SynEntry;
use super::time_wait::TimeWaitEntry;
use crate::profile::Profile;

/// The tables, lent or owned.
///
/// Lent from a [`TablesStorage`], or, with the feature `alloc`, on the heap.
#[derive(Debug)]
pub struct Tables<'a, P: Profile> {
    pub(super) connections: ManagedSlice<'a, Slot<'a, P>>,
    pub(super) orders: ManagedSlice<'a, Order>,
    pub(super) index: ManagedSlice<'a, Bucket>,
    pub(super) listeners: ManagedSlice<'a, Listener<P::Scale>>,
    pub(super) half_open: ManagedSlice<'a, SynEntry<P::Local, P::Scale>>,
    pub(super) time_wait: ManagedSlice<'a, TimeWaitEntry<P::Local, P::Scale>>,
    pub(super) replies: ManagedSlice<'a, Reply>,
    pub(super) packets: ManagedSlice<'a, u8>,
    pub(super) fragments: ManagedSlice<'a, FragmentSlot<'a>>,
}

impl<'a, P: Profile> Tables<'a, P> {
    /// Memory for the ICMP messages (echo replies) that wait for the device. A message that finds
    /// no room is dropped.
    #[must_use]
    pub fn with_packets(mut self, packets: &'a mut [u8]) -> Self {
        self.packets = ManagedSlice::Borrowed(packets);
        self
    }

    /// Slots in which IP fragments are put together. Without any, fragments are dropped.
    #[must_use]
    pub fn with_fragments(mut self, slots: &'a mut [FragmentSlot<'a>]) -> Self {
        self.fragments = ManagedSlice::Borrowed(slots);
        self
    }
}

/// Listeners in a [`TablesStorage`].
const LISTENERS: usize = 4;
/// Stateless answers that wait, in a [`TablesStorage`].
const REPLIES: usize = 4;

/// Memory for the tables of a stack, of fixed size: for a `static`.
///
/// `INDEX` is a power of two, at least half as much again as all entries together; where the
/// profile is for few connections it costs no memory. There are four listeners and four waiting
/// answers.
///
/// ```
/// use tcp_core::{Firmware, TablesStorage};
/// let mut storage = TablesStorage::<Firmware, 4, 4, 4, 32>::new();
/// let tables = storage.lend();
/// ```
#[derive(Debug)]
pub struct TablesStorage<
    'a,
    P: Profile,
    const CONNECTIONS: usize,
    const HALF_OPEN: usize,
    const TIME_WAIT: usize,
    const INDEX: usize,
> {
    connections: [Slot<'a, P>; CONNECTIONS],
    orders: [<P::Scale as Scale>::Order; CONNECTIONS],
    index: [<P::Scale as Scale>::Bucket; INDEX],
    listeners: [Listener<P::Scale>; LISTENERS],
    half_open: [SynEntry<P::Local, P::Scale>; HALF_OPEN],
    time_wait: [TimeWaitEntry<P::Local, P::Scale>; TIME_WAIT],
    replies: [Reply; REPLIES],
}

impl<
    'a,
    P: Profile,
    const CONNECTIONS: usize,
    const HALF_OPEN: usize,
    const TIME_WAIT: usize,
    const INDEX: usize,
> TablesStorage<'a, P, CONNECTIONS, HALF_OPEN, TIME_WAIT, INDEX>
{
    const ENTRIES: usize = CONNECTIONS + HALF_OPEN + TIME_WAIT + LISTENERS;

    /// Empty tables. The build fails when `INDEX` does not fit the other sizes.
    #[must_use]
    pub const fn new() -> Self {
        const {
            assert!(INDEX.is_power_of_two() && INDEX >= Self::ENTRIES + Self::ENTRIES / 2);
        }
        Self {
            connections: [const { Slot::FREE }; CONNECTIONS],
            orders: [<P::Scale as Scale>::Order::BLANK; CONNECTIONS],
            index: [<P::Scale as Scale>::Bucket::BLANK; INDEX],
            listeners: [Listener::BLANK; LISTENERS],
            half_open: [Entry::BLANK; HALF_OPEN],
            time_wait: [Entry::BLANK; TIME_WAIT],
            replies: [Reply::EMPTY; REPLIES],
        }
    }

    /// The tables, for one stack.
    #[must_use]
    pub fn lend(&'a mut self) -> Tables<'a, P> {
        Tables {
            connections: ManagedSlice::Borrowed(&mut self.connections),
            orders: ManagedSlice::Borrowed(Lendable::lend(&mut self.orders)),
            index: ManagedSlice::Borrowed(Lendable::lend(&mut self.index)),
            listeners: ManagedSlice::Borrowed(&mut self.listeners),
            half_open: ManagedSlice::Borrowed(&mut self.half_open),
            time_wait: ManagedSlice::Borrowed(&mut self.time_wait),
            replies: ManagedSlice::Borrowed(&mut self.replies),
            packets: ManagedSlice::Borrowed(&mut []),
            fragments: ManagedSlice::Borrowed(&mut []),
        }
    }
}

impl<
    P: Profile,
    const CONNECTIONS: usize,
    const HALF_OPEN: usize,
    const TIME_WAIT: usize,
    const INDEX: usize,
> Default for TablesStorage<'_, P, CONNECTIONS, HALF_OPEN, TIME_WAIT, INDEX>
{
    fn default() -> Self {
        Self::new()
    }
}

/// How much room there is in tables on the heap.
///
/// ```
/// use tcp_core::{Host, TableSizes, Tables};
/// let sizes = TableSizes {
///     listeners: 16,
///     ..TableSizes::new(1_000, 100, 1_000)
/// };
/// let tables: Tables<'static, Host> = Tables::sized(&sizes);
/// ```
#[cfg(feature = "alloc")]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TableSizes {
    /// Connections.
    pub connections: usize,
    /// Half-open connections: 65,535 at most.
    pub half_open: usize,
    /// Connections in TIME-WAIT.
    pub time_wait: usize,
    /// Listeners.
    pub listeners: usize,
    /// Answers that wait for the device.
    pub replies: usize,
    /// Octets for ICMP messages that wait for the device.
    pub packets: usize,
    /// Fragmented datagrams, of any size, that are put together at the same time.
    pub fragments: usize,
}

#[cfg(feature = "alloc")]
impl TableSizes {
    /// For so many connections, half-open connections and connections in TIME-WAIT, with 1,024
    /// listeners, 1,024 waiting answers, 128 KiB for ICMP messages, and eight fragmented datagrams.
    #[must_use]
    pub const fn new(connections: usize, half_open: usize, time_wait: usize) -> Self {
        Self {
            connections,
            half_open,
            time_wait,
            listeners: 1_024,
            replies: 1_024,
            packets: 131_072,
            fragments: 8,
        }
    }
}

#[cfg(feature = "alloc")]
impl<P: Profile> Tables<'static, P> {
    /// Tables on the heap, of the sizes of [`TableSizes::new`].
    #[must_use]
    pub fn owned(connections: usize, half_open: usize, time_wait: usize) -> Self {
        Self::sized(&TableSizes::new(connections, half_open, time_wait))
    }

    /// Tables on the heap, of these sizes.
    #[must_use]
    pub fn sized(sizes: &TableSizes) -> Self {
        use alloc::vec;
        use alloc::vec::Vec;

        use super::demux::Demux;

        let TableSizes {
            connections,
            half_open,
            time_wait,
            listeners,
            replies,
            packets,
            fragments,
        } = *sizes;
        let entries = connections + half_open + time_wait + listeners;
        let (orders, index) = if P::Scale::SCANS {
            (0, 0)
        } else {
            (connections, Demux::size_for(entries))
        };
        let mut empty = Vec::new();
        empty.resize_with(connections, || Slot::FREE);
        let mut slots = Vec::new();
        slots.resize_with(fragments, || FragmentSlot::new(vec![0; 65_535].into()));
        Self {
            connections: empty.into(),
            orders: vec![Order::BLANK; orders].into(),
            index: vec![Bucket::BLANK; index].into(),
            listeners: vec![Listener::BLANK; listeners].into(),
            half_open: vec![Entry::BLANK; half_open].into(),
            time_wait: vec![Entry::BLANK; time_wait].into(),
            replies: vec![Reply::EMPTY; replies].into(),
            packets: vec![0; packets].into(),
            fragments: slots.into(),
        }
    }
}
