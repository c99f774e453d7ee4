//! The index: from a 4-tuple, or from where a listener stands, to an entry of a table, in O(1).
//!
//! One open-addressing hash table with linear probing over lent memory. A bucket holds the upper
//! half of the keyed hash and a tagged entry number; the tuple itself stays in the table that owns
//! it, so the caller compares it for each candidate. Removal shifts the cluster back instead of
//! leaving tombstones, so the table does not age. The table is never filled beyond seven eighths,
//! so every probe ends at an empty bucket.
//!
//! Invariants: no empty bucket between a bucket's home and the bucket; each entry at most once.

use managed::ManagedSlice;

/// What an index entry names.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Found {
    /// A connection's slot.
    Connection(u32),
    /// An entry of the SYN queue.
    HalfOpen(u32),
    /// A TIME-WAIT entry.
    TimeWait(u32),
    /// A listener.
    Listener(u32),
}

/// One place of the index: opaque, to be lent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Bucket {
    hash: u32,
    id: u32,
}

const TAG_SHIFT: u32 = 30;
const NUMBER: u32 = (1 << TAG_SHIFT) - 1;
const EMPTY: u32 = u32::MAX;

impl Bucket {
    /// Before there is a stack.
    pub(super) const BLANK: Self = Self { hash: 0, id: 0 };

    /// Nothing in it.
    pub(super) const EMPTY: Self = Self { hash: 0, id: EMPTY };
}

impl Found {
    const fn id(self) -> u32 {
        match self {
            Self::Connection(number) => number & NUMBER,
            Self::HalfOpen(number) => number & NUMBER | 1 << TAG_SHIFT,
            Self::TimeWait(number) => number & NUMBER | 2 << TAG_SHIFT,
            Self::Listener(number) => number & NUMBER | 3 << TAG_SHIFT,
        }
    }

    const fn of(id: u32) -> Self {
        let number = id & NUMBER;
        match id >> TAG_SHIFT {
            0 => Self::Connection(number),
            1 => Self::HalfOpen(number),
            2 => Self::TimeWait(number),
            _ => Self::Listener(number),
        }
    }
}

/// A search under way.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Probe {
    hash: u32,
    step: u32,
}

impl Probe {
    /// The search for entries under `hash`.
    pub(super) const fn new(hash: u32) -> Self {
        Self { hash, step: 0 }
    }
}

/// The index is as full as it may get.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct IndexFull;

/// The index.
#[derive(Debug)]
pub(super) struct Demux<'a> {
    buckets: ManagedSlice<'a, Bucket>,
    mask: u32,
    len: u32,
}

impl<'a> Demux<'a> {
    /// An empty index; of the memory the largest power of two is used.
    pub(super) fn new(mut buckets: ManagedSlice<'a, Bucket>) -> Self {
        buckets.fill(Bucket::EMPTY);
        let size = u32::try_from(buckets.len()).unwrap_or(1 << 31);
        let mask = size.checked_ilog2().map_or(0, |log| (1 << log) - 1);
        Self {
            buckets,
            mask,
            len: 0,
        }
    }

    /// Buckets that hold entries of `count` tables' worth of entries without crowding.
    #[cfg(feature = "alloc")]
    pub(super) const fn size_for(count: usize) -> usize {
        count.saturating_mul(2).next_power_of_two()
    }

    /// Adds `found` under `hash`.
    pub(super) fn insert(&mut self, hash: u32, found: Found) -> Result<(), IndexFull> {
        if self.mask == 0 || self.len >= self.mask - self.mask / 8 {
            return Err(IndexFull);
        }
        let mut place = hash & self.mask;
        for _ in 0..=self.mask {
            let Some(bucket) = self.buckets.get_mut(place as usize) else {
                return Err(IndexFull);
            };
            if bucket.id == EMPTY {
                *bucket = Bucket {
                    hash,
                    id: found.id(),
                };
                self.len += 1;
                return Ok(());
            }
            place = self.after(place);
        }
        Err(IndexFull)
    }

    /// The next entry under the hash of `probe`; usually there is one or none. The caller compares
    /// the keys.
    #[inline(never)]
    pub(super) fn next(&self, probe: &mut Probe) -> Option<Found> {
        while probe.step <= self.mask {
            let place = probe.hash.wrapping_add(probe.step) & self.mask;
            let bucket = self.buckets.get(place as usize)?;
            if bucket.id == EMPTY {
                return None;
            }
            probe.step += 1;
            if bucket.hash == probe.hash {
                return Some(Found::of(bucket.id));
            }
        }
        None
    }

    /// Lets the entry `old` under `hash` name `new` instead.
    pub(super) fn replace(&mut self, hash: u32, old: Found, new: Found) {
        if let Some(place) = self.place(hash, old)
            && let Some(bucket) = self.buckets.get_mut(place as usize)
        {
            bucket.id = new.id();
        }
    }

    /// Removes `found` under `hash`; nothing happens when it is not there.
    pub(super) fn remove(&mut self, hash: u32, found: Found) {
        let Some(mut hole) = self.place(hash, found) else {
            return;
        };
        self.len = self.len.saturating_sub(1);
        let mut place = hole;
        for _ in 0..self.mask {
            place = self.after(place);
            let Some(&bucket) = self.buckets.get(place as usize) else {
                break;
            };
            if bucket.id == EMPTY {
                break;
            }
            // A bucket may fill the hole if its home is not between the hole and itself.
            let from_home = place.wrapping_sub(bucket.hash) & self.mask;
            let from_hole = place.wrapping_sub(hole) & self.mask;
            if from_home >= from_hole {
                self.set(hole, bucket);
                hole = place;
            }
        }
        self.set(hole, Bucket::EMPTY);
    }

    fn place(&self, hash: u32, found: Found) -> Option<u32> {
        let mut place = hash & self.mask;
        for _ in 0..=self.mask {
            let bucket = self.buckets.get(place as usize)?;
            if bucket.id == found.id() {
                return Some(place);
            }
            if bucket.id == EMPTY {
                return None;
            }
            place = self.after(place);
        }
        None
    }

    const fn after(&self, place: u32) -> u32 {
        place.wrapping_add(1) & self.mask
    }

    fn set(&mut self, place: u32, to: Bucket) {
        if let Some(bucket) = self.buckets.get_mut(place as usize) {
            *bucket = to;
        }
    }

    /// How far entries stand from home, plus one: on average, and at most.
    #[cfg(test)]
    pub(super) fn probe_lengths(&self) -> (f64, u32) {
        let used = self
            .buckets
            .iter()
            .enumerate()
            .filter(|(_, bucket)| bucket.id != EMPTY);
        let lengths: Vec<u32> = used
            .map(|(place, bucket)| ((place as u32).wrapping_sub(bucket.hash) & self.mask) + 1)
            .collect();
        let sum: u32 = lengths.iter().sum();
        let most = lengths.iter().copied().max();
        (f64::from(sum) / lengths.len() as f64, most.unwrap_or(0))
    }

    /// How many entries there are.
    pub(super) const fn len(&self) -> u32 {
        self.len
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    /// Hashes from a small set, so that clusters meet, wrap and hold equal hashes.
    fn hash_of(key: u8) -> u32 {
        [0, 1, 15, 15 + 16, 0x8000_000f, 14, 7, 7][usize::from(key % 8)]
    }

    fn candidates(index: &Demux<'_>, hash: u32) -> Vec<Found> {
        let mut probe = Probe::new(hash);
        core::iter::from_fn(|| index.next(&mut probe)).collect()
    }

    fn holds(index: &Demux<'_>, hash: u32, found: Found) -> bool {
        candidates(index, hash).contains(&found)
    }

    proptest! {
        #[test]
        fn x07_the_index_agrees_with_a_map_even_when_hashes_collide(
            steps in proptest::collection::vec((any::<bool>(), 0u8..24), 0..200),
        ) {
            let mut memory = [Bucket::EMPTY; 16];
            let mut index = Demux::new((&mut memory[..]).into());
            let mut model: HashMap<u8, Found> = HashMap::new();
            for (insert, key) in steps {
                let found = match key % 4 {
                    0 => Found::Connection(u32::from(key)),
                    1 => Found::HalfOpen(u32::from(key)),
                    2 => Found::TimeWait(u32::from(key)),
                    _ => Found::Listener(u32::from(key)),
                };
                if insert && !model.contains_key(&key) {
                    let fits = model.len() < 14;
                    prop_assert_eq!(index.insert(hash_of(key), found).is_ok(), fits);
                    if fits {
                        model.insert(key, found);
                    }
                } else if !insert {
                    index.remove(hash_of(key), found);
                    model.remove(&key);
                }
                prop_assert_eq!(index.len() as usize, model.len());
                for key in 0..24 {
                    let found = model.get(&key);
                    prop_assert!(found.is_none_or(|found| holds(&index, hash_of(key), *found)));
                }
                let all: usize = (0..8)
                    .map(hash_of)
                    .collect::<std::collections::HashSet<_>>()
                    .into_iter()
                    .map(|hash| candidates(&index, hash).len())
                    .sum();
                prop_assert_eq!(all, model.len());
            }
        }
    }

    #[test]
    fn an_entry_changes_what_it_names_in_place() {
        let mut memory = [Bucket::EMPTY; 4];
        let mut index = Demux::new((&mut memory[..]).into());
        index.insert(9, Found::HalfOpen(3)).unwrap();
        index.replace(9, Found::HalfOpen(3), Found::Connection(0));
        assert!(holds(&index, 9, Found::Connection(0)) && !holds(&index, 9, Found::HalfOpen(3)));
    }

    #[test]
    fn an_index_without_memory_is_full_and_empty() {
        let mut index = Demux::new(ManagedSlice::Borrowed(&mut []));
        assert_eq!(index.insert(1, Found::Listener(0)), Err(IndexFull));
        index.remove(1, Found::Listener(0));
        assert_eq!(candidates(&index, 1), []);
    }
}
