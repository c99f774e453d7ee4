//! TODO
/// A range received beyond a gap.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Island {}
