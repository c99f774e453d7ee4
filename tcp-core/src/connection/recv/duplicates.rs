//! What arrived twice, for the next SACK option to report (RFC 2883).

use core::fmt::Debug;
use core::hash::Hash;

use crate::seq::{SeqNum, SeqRange};

/// Remembers what arrived twice until it is reported. A build that names
/// [`NoDuplicateReports`] pays nothing for it, and reports nothing.
pub trait DuplicateReporting: Clone + Debug + Default + PartialEq + Eq + Hash + 'static {
    /// Nothing arrived twice.
    const NONE: Self;

    /// The range, if there is an octet in it, arrived twice.
    fn note(&mut self, range: SeqRange);
    /// What is to be reported.
    fn pending(&self) -> Option<SeqRange>;
    /// It was reported.
    fn forget(&mut self);
}

/// Reports nothing, in no memory.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct NoDuplicateReports;

impl DuplicateReporting for NoDuplicateReports {
    const NONE: Self = Self;

    fn note(&mut self, _: SeqRange) {}

    fn pending(&self) -> Option<SeqRange> {
        None
    }

    fn forget(&mut self) {}
}

/// Reports a range that arrived twice: of several the first in sequence space, as RFC 2883 section
/// 4.2.2 has it for those of one segment.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct DuplicateReports(SeqRange);

impl DuplicateReporting for DuplicateReports {
    const NONE: Self = Self(SeqRange::new(SeqNum::new(0), SeqNum::new(0)));

    fn note(&mut self, range: SeqRange) {
        if !range.is_empty() && (self.0.is_empty() || range.start.before(self.0.start)) {
            self.0 = range;
        }
    }

    fn pending(&self) -> Option<SeqRange> {
        if self.0.is_empty() {
            None
        } else {
            Some(self.0)
        }
    }

    fn forget(&mut self) {
        *self = Self::default();
    }
}
