//! What a listener's knobs change of the passive open: connections that are handed over only with
//! data.

use super::Stack;
use super::address::Key;
use super::syn_queue::SynEntry;
use crate::connection::{Tuning, tuning_of};
use crate::profile::{Memory, Profile};
use crate::wire::Segment;

impl<'a, P: Profile, M: Memory<'a>> Stack<'a, P, M> {
    /// Whether the acknowledgment that would complete the handshake is set aside, because it brings
    /// neither data nor a FIN and the listener still waits for either. The peer takes itself to be
    /// connected; it is not asked again until the time is over.
    pub(super) fn defers(&mut self, index: u32, key: &Key, segment: &Segment<'_>) -> bool {
        let waits = tuning_of::<P>(|| self.config_of(key)).deferred_waits();
        if waits == 0 || !segment.payload.is_empty() || segment.has_fin() {
            return false;
        }
        self.half_open.defer(index, waits)
    }

    /// The knobs of the listener of a half-open connection.
    pub(super) fn tuning_for(&self, entry: &SynEntry<P::Local, P::Scale>) -> Tuning {
        tuning_of::<P>(|| self.config_of(&entry.key(self.locals.own())))
    }
}
