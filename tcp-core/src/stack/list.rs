//! Doubly linked lists whose links live in the entries of a table.
//!
//! A list is a FIFO from which any entry may leave early, in O(1). An entry's links are its own:
//! it stands in at most one list per pair of links.

/// Where there is no entry.
pub(super) const NONE: u32 = u32::MAX;

/// The neighbours of an entry.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) struct Links {
    pub(super) previous: u32,
    pub(super) next: u32,
}

impl Links {
    /// Not yet in use.
    pub(super) const BLANK: Self = Self {
        previous: 0,
        next: 0,
    };

    pub(super) const NONE: Self = Self {
        previous: NONE,
        next: NONE,
    };
}

/// A table whose entries have links.
pub(super) trait Linked {
    /// The links of entry `index`; `NONE` twice when there is no such entry.
    fn links(&self, index: u32) -> Links;
    /// Changes the links of entry `index`.
    fn set_links(&mut self, index: u32, links: Links);
}

/// A list: its first and its last entry.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) struct List {
    first: u32,
    last: u32,
}

impl List {
    /// Not yet in use.
    pub(super) const BLANK: Self = Self { first: 0, last: 0 };

    /// Nobody.
    pub(super) const EMPTY: Self = Self {
        first: NONE,
        last: NONE,
    };

    /// The entry that was appended first.
    pub(super) const fn first(&self) -> Option<u32> {
        if self.first == NONE {
            None
        } else {
            Some(self.first)
        }
    }

    /// Whether nobody has another one beside it.
    pub(super) const fn is_single(&self) -> bool {
        self.first == self.last
    }

    /// Whether nobody is in the list.
    pub(super) const fn is_empty(&self) -> bool {
        self.first == NONE
    }

    /// Appends entry `index`, which is in no list of these links.
    pub(super) fn push(&mut self, table: &mut dyn Linked, index: u32) {
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

    /// Takes entry `index`, which is in this list, out of it.
    pub(super) fn remove(&mut self, table: &mut dyn Linked, index: u32) {
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

    /// Takes the first entry out.
    pub(super) fn pop(&mut self, table: &mut dyn Linked) -> Option<u32> {
        let first = self.first()?;
        self.remove(table, first);
        Some(first)
    }
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
                prop_assert_eq!(list.is_empty(), model.is_empty());
            }
        }
    }
}
