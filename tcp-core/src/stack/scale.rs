//! How many entries the tables of a stack are made for, and so how they are searched.
//!
//! A microcontroller has a handful of connections. A look at each of them costs less there than an
//! index, a heap and lists do: in instructions, in memory for links, and most of all in flash. A
//! host has as many as its memory holds, and must not look at each for anything.
//!
//! What is found does not depend on it: the same segments reach the same connections, queues are
//! fair and bounded, and what has waited longest goes first. Only of several entries that are due
//! at the same moment either may come first.

use core::fmt::Debug;
use core::hash::Hash;

use super::demux::Bucket;
use super::list::{Linkage, Links, List, Listing, NoLinks, NoList, ShortLinks};
use super::schedule::Order;

/// How the tables are searched.
pub trait Scale: Copy + Eq + Hash + Debug + 'static {
    /// Whether every search looks at one entry after the other.
    const SCANS: bool;
    /// A FIFO of entries.
    type List: Listing;
    /// An entry's place in one.
    type Links: Linkage;
    /// The same in a table of at most 65,535 entries.
    type ShortLinks: Linkage;
    /// A place of the index.
    type Bucket: Lendable<Bucket>;
    /// A connection's places in queues and in the deadline heap.
    type Order: Lendable<Order>;
}

/// A handful of connections: every search looks at each of them.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Few;

impl Scale for Few {
    const SCANS: bool = true;
    type List = NoList;
    type Links = NoLinks;
    type ShortLinks = NoLinks;
    type Bucket = Unused;
    type Order = Unused;
}

/// Any number of connections: an index with a keyed hash, a heap of deadlines, linked lists.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Many;

impl Scale for Many {
    const SCANS: bool = false;
    type List = List;
    type Links = Links;
    type ShortLinks = ShortLinks;
    type Bucket = Bucket;
    type Order = Order;
}

/// The first place of a table of `len` entries that is `meant`, from the one behind `last` on; the
/// search goes round.
pub(super) fn scan(len: usize, last: u32, mut meant: impl FnMut(usize) -> bool) -> Option<u32> {
    let mut place = last as usize;
    for _ in 0..len {
        place = place.wrapping_add(1);
        if place >= len {
            place = 0;
        }
        if meant(place) {
            return u32::try_from(place).ok();
        }
    }
    None
}

/// What a table of `T` is made of, if there is that table.
pub trait Lendable<T>: Copy + Debug {
    /// Before there is a stack.
    const BLANK: Self;

    /// The table.
    fn lend(memory: &mut [Self]) -> &mut [T];
}

impl Lendable<Self> for Bucket {
    const BLANK: Self = Self::BLANK;

    fn lend(memory: &mut [Self]) -> &mut [Self] {
        memory
    }
}

impl Lendable<Self> for Order {
    const BLANK: Self = Self::BLANK;

    fn lend(memory: &mut [Self]) -> &mut [Self] {
        memory
    }
}

/// Where no table is needed.
#[derive(Clone, Copy, Debug)]
pub struct Unused;

impl<T> Lendable<T> for Unused {
    const BLANK: Self = Self;

    fn lend(_: &mut [Self]) -> &mut [T] {
        &mut []
    }
}
