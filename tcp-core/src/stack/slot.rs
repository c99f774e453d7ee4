//! The place of one connection.

use crate::connection::Connection;
use crate::profile::Profile;

/// A place for a connection: opaque, to be lent.
///
/// Not an `Option`: a free place is zeros (the tag of a representation by `u8` stands by itself),
/// so that memory for it costs no flash and nothing has to be written at start.
#[expect(
    clippy::large_enum_variant,
    reason = "a place is as large as what it is for"
)]
#[derive(Debug)]
#[repr(u8)]
pub(super) enum Slot<'a, P: Profile> {
    /// Nobody.
    Free,
    /// One, alive or ended.
    Taken(Connection<'a, P>),
}

impl<'a, P: Profile> Slot<'a, P> {
    pub(super) const fn as_ref(&self) -> Option<&Connection<'a, P>> {
        match self {
            Self::Free => None,
            Self::Taken(connection) => Some(connection),
        }
    }

    pub(super) const fn as_mut(&mut self) -> Option<&mut Connection<'a, P>> {
        match self {
            Self::Free => None,
            Self::Taken(connection) => Some(connection),
        }
    }
}
