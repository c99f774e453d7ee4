//! TODO
/// One record of what is in flight.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct SentRecord {}
