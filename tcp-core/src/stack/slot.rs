//! The place of one connection.

use super::node::Node;
use crate::connection::Connection;
use crate::profile::Profile;

/// A place for a connection, and what the stack keeps of it: opaque, to be lent.
#[derive(Debug)]
pub(super) struct Slot<'a, P: Profile> {
    pub(super) node: Node,
    pub(super) place: Place<'a, P>,
}

/// Not an `Option`: a free place is zeros (the tag of a representation by `u8` stands by itself),
/// so that memory for it costs no flash and nothing has to be written at start.
#[expect(
    clippy::large_enum_variant,
    reason = "a place is as large as what it is for"
)]
#[derive(Debug)]
#[repr(u8)]
pub(super) enum Place<'a, P: Profile> {
    /// Nobody.
    Free,
    /// One, alive or ended.
    Taken(Connection<'a, P>),
}

impl<'a, P: Profile> Slot<'a, P> {
    /// Nobody's.
    pub(super) const FREE: Self = Self {
        node: Node::EMPTY,
        place: Place::Free,
    };

    pub(super) const fn connection(&self) -> Option<&Connection<'a, P>> {
        match &self.place {
            Place::Free => None,
            Place::Taken(connection) => Some(connection),
        }
    }

    /// What the stack keeps of a connection, and the connection.
    pub(super) const fn both(&mut self) -> Option<(&mut Node, &mut Connection<'a, P>)> {
        match &mut self.place {
            Place::Free => None,
            Place::Taken(connection) => Some((&mut self.node, connection)),
        }
    }
}
