//! Doubly linked lists whose links live in the entries of a table.
//!
//! A list is a FIFO from which any entry may leave early, in O(1). An entry's links are its own:
//! it stands in at most one list per pair of links.

use core::fmt::Debug;

/// Where there is no entry.
pub(super) const NONE: u32 = u32::MAX;

/// The neighbours of an entry.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Links {
    pub(super) previous: u32,
    pub(super) next: u32,
}

impl Links {
    pub(super) const NONE: Self = Self {
        previous: NONE,
        next: NONE,
    };
}

/// How an entry keeps its neighbours.
pub trait Linkage: Copy + Eq + Debug {
    /// Before there is a stack: zeros.
    const BLANK: Self;
    /// In no list.
    const NONE: Self;
    /// How long a table may be.
    const MOST: u32;

    /// The neighbours.
    fn get(self) -> Links;

    /// Changes them.
    fn set(&mut self, links: Links);
}

impl Linkage for Links {
    const BLANK: Self = Self {
        previous: 0,
        next: 0,
    };
    const NONE: Self = Self::NONE;
    const MOST: u32 = NONE;

    fn get(self) -> Links {
        self
    }

    fn set(&mut self, links: Links) {
        *self = links;
    }
}

/// The neighbours of an entry in a table of at most 65,535.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct ShortLinks {
    previous: u16,
    next: u16,
}

const NO_ENTRY: u16 = u16::MAX;

impl Linkage for ShortLinks {
    const BLANK: Self = Self {
        previous: 0,
        next: 0,
    };
    const NONE: Self = Self {
        previous: NO_ENTRY,
        next: NO_ENTRY,
    };
    const MOST: u32 = NO_ENTRY as u32;

    fn get(self) -> Links {
        let widen = |index: u16| {
            if index == NO_ENTRY {
                NONE
            } else {
                u32::from(index)
            }
        };
        Links {
            previous: widen(self.previous),
            next: widen(self.next),
        }
    }

    fn set(&mut self, links: Links) {
        let narrow = |index: u32| u16::try_from(index).unwrap_or(NO_ENTRY);
        *self = Self {
            previous: narrow(links.previous),
            next: narrow(links.next),
        };
    }
}

/// Of an entry that stands in no list.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct NoLinks;

impl Linkage for NoLinks {
    const BLANK: Self = Self;
    const NONE: Self = Self;
    const MOST: u32 = NONE;

    fn get(self) -> Links {
        Links::NONE
    }

    fn set(&mut self, _: Links) {}
}

/// A table whose entries have links.
pub trait Linked {
    /// The links of entry `index`; `NONE` twice when there is no such entry.
    fn links(&self, index: u32) -> Links;
    /// Changes the links of entry `index`.
    fn set_links(&mut self, index: u32, links: Links);
}

/// A list: its first and its last entry.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct List {
    first: u32,
    last: u32,
}

impl List {
    /// Nobody.
    pub(super) const EMPTY: Self = Self {
        first: NONE,
        last: NONE,
    };
}

/// A FIFO of entries.
pub trait Listing: Copy + Eq + Debug {
    /// Before there is a stack: zeros.
    const BLANK: Self;
    /// Nobody.
    const EMPTY: Self;

    /// The entry that was appended first.
    fn first(&self) -> Option<u32>;

    /// Whether nobody has another one beside it.
    fn is_single(&self) -> bool;

    /// Appends entry `index`, which is in no list of these links.
    fn push(&mut self, table: &mut dyn Linked, index: u32);

    /// Takes entry `index`, which is in this list, out of it.
    fn remove(&mut self, table: &mut dyn Linked, index: u32);

    /// Takes the first entry out.
    fn pop(&mut self, table: &mut dyn Linked) -> Option<u32> {
        let first = self.first()?;
        self.remove(table, first);
        Some(first)
    }
}

impl Listing for List {
    const BLANK: Self = Self { first: 0, last: 0 };
    const EMPTY: Self = Self::EMPTY;

    fn first(&self) -> Option<u32> {
        if self.first == NONE {
            None
        } else {
            Some(self.first)
        }
    }

    fn is_single(&self) -> bool {
        self.first == self.last
    }

    fn push(&mut self, table: &mut dyn Linked, index: u32) {
        table.set_links(
            index,
            Links {
                previous: self.last,
                next: NONE,
            },
        );
        if self.last == NONE {
            self.first = index;
        } else {
            let links = table.links(self.last);
            table.set_links(
                self.last,
                Links {
                    next: index,
                    ..links
                },
            );
        }
        self.last = index;
    }

    fn remove(&mut self, table: &mut dyn Linked, index: u32) {
        let Links { previous, next } = table.links(index);
        if previous == NONE {
            self.first = next;
        } else {
            let links = table.links(previous);
            table.set_links(previous, Links { next, ..links });
        }
        if next == NONE {
            self.last = previous;
        } else {
            let links = table.links(next);
            table.set_links(next, Links { previous, ..links });
        }
        table.set_links(index, Links::NONE);
    }
}

/// Where what has waited longest is found by a look at each entry.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct NoList;

impl Listing for NoList {
    const BLANK: Self = Self;
    const EMPTY: Self = Self;

    fn first(&self) -> Option<u32> {
        None
    }

    fn is_single(&self) -> bool {
        true
    }

    fn push(&mut self, _: &mut dyn Linked, _: u32) {}

    fn remove(&mut self, _: &mut dyn Linked, _: u32) {}
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use proptest::prelude::*;

    use super::*;

    struct Table([Links; 8]);

    impl Linked for Table {
        fn links(&self, index: u32) -> Links {
            self.0[index as usize]
        }
        fn set_links(&mut self, index: u32, links: Links) {
            self.0[index as usize] = links;
        }
    }

    proptest! {
        #[test]
        fn a_list_agrees_with_a_queue(steps in proptest::collection::vec(0u32..9, 0..100)) {
            let mut table = Table([Links::NONE; 8]);
            let mut list = List::EMPTY;
            let mut model = VecDeque::new();
            for step in steps {
                if step == 8 {
                    prop_assert_eq!(list.pop(&mut table), model.pop_front());
                } else if let Some(place) = model.iter().position(|entry| *entry == step) {
                    list.remove(&mut table, step);
                    model.remove(place);
                } else {
                    list.push(&mut table, step);
                    model.push_back(step);
                }
                let mut walked = Vec::new();
                let mut at = list.first();
                while let Some(index) = at {
                    walked.push(index);
                    at = Some(table.0[index as usize].next).filter(|next| *next != NONE);
                }
                prop_assert_eq!(&walked, &Vec::from(model.clone()));
                prop_assert_eq!(list.first().is_none(), model.is_empty());
            }
        }
    }
}
