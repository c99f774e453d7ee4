//! A set of numbers as ranges, merged where they meet.

use std::collections::BTreeMap;

/// Half-open ranges, apart from each other.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Ranges(BTreeMap<u32, u32>);

impl Ranges {
    /// Adds `start..end`.
    pub(super) fn insert(&mut self, start: u32, end: u32) {
        if start >= end {
            return;
        }
        let (mut low, mut high) = (start, end);
        if let Some((&before, &until)) = self.0.range(..=start).next_back()
            && until >= start
        {
            low = before;
            high = high.max(until);
        }
        while let Some((&next, &until)) = self.0.range(low..=high).next() {
            high = high.max(until);
            self.0.remove(&next);
        }
        self.0.insert(low, high);
    }

    /// Whether all of `start..end` is in the set.
    pub(super) fn covers(&self, start: u32, end: u32) -> bool {
        let before = self.0.range(..=start).next_back();
        start >= end || before.is_some_and(|(_, &until)| until >= end)
    }

    /// One past the last number that is reached from zero without a gap.
    pub(super) fn prefix(&self) -> u32 {
        self.0.get(&0).copied().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Rng;

    #[test]
    fn equals_a_set_of_single_numbers() {
        let mut rng = Rng::new(1);
        for _ in 0..200 {
            let mut ranges = Ranges::default();
            let mut model = [false; 64];
            for _ in 0..12 {
                let start = u32::try_from(rng.below(60)).unwrap();
                let end = start + u32::try_from(rng.below(10)).unwrap().min(64 - start);
                ranges.insert(start, end);
                model[start as usize..end as usize].fill(true);
                let prefix = model.iter().take_while(|present| **present).count();
                assert_eq!(ranges.prefix() as usize, prefix);
                for low in 0..63 {
                    let present = model[low as usize];
                    assert_eq!(ranges.covers(low, low + 1), present, "{ranges:?} {low}");
                }
            }
            let counted: u32 = ranges.0.iter().map(|(start, end)| end - start).sum();
            assert_eq!(
                counted as usize,
                model.iter().filter(|present| **present).count()
            );
        }
    }
}
