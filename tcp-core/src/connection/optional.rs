//! What a mechanism remembers, where the profile has the mechanism at all.

use core::fmt::Debug;
use core::hash::Hash;

use super::config::Switch;

/// The state of an optional mechanism: kept ([`Kept`]), or absent ([`Absent`]) together with the
/// code that asks for it.
pub trait Optional<T>: Clone + Debug + PartialEq + Eq + Hash + 'static {
    /// Whether it is kept.
    const KEPT: Switch;

    /// Keeps `state`, or not.
    #[must_use]
    fn new(state: T) -> Self;

    /// What is kept.
    #[must_use]
    fn get(&self) -> Option<&T>;

    /// What is kept, to be changed.
    #[must_use]
    fn get_mut(&mut self) -> Option<&mut T>;
}

/// The mechanism is there.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Kept<T>(T);

impl<T: Clone + Debug + Eq + Hash + 'static> Optional<T> for Kept<T> {
    const KEPT: Switch = Switch::On;

    #[inline(always)]
    fn new(state: T) -> Self {
        Self(state)
    }

    #[inline(always)]
    fn get(&self) -> Option<&T> {
        Some(&self.0)
    }

    #[inline(always)]
    fn get_mut(&mut self) -> Option<&mut T> {
        Some(&mut self.0)
    }
}

/// The mechanism is left out, and takes neither memory nor code.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Absent;

impl<T> Optional<T> for Absent {
    const KEPT: Switch = Switch::Off;

    #[inline(always)]
    fn new(_: T) -> Self {
        Self
    }

    #[inline(always)]
    fn get(&self) -> Option<&T> {
        None
    }

    #[inline(always)]
    fn get_mut(&mut self) -> Option<&mut T> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_absent_has_no_size_and_no_state() {
        let mut absent = <Absent as Optional<u32>>::new(7);
        assert_eq!(size_of_val(&absent), 0);
        assert_eq!(Optional::<u32>::get(&absent), None);
        assert_eq!(Optional::<u32>::get_mut(&mut absent), None);
        let mut kept = Kept::new(7u32);
        *kept.get_mut().unwrap() += 1;
        assert_eq!(kept.get(), Some(&8));
    }
}
