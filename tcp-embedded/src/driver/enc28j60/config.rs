//! What an ENC28J60 is told once.

use super::frame::Groups;
use crate::driver::spi::Multicast;
use crate::mac::MacAddress;

/// Who may send when. The chip cannot negotiate it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Duplex {
    /// One at a time: what every partner falls back to that negotiates in vain.
    #[default]
    Half,
    /// Both at once. Only if the partner is forced to it, too; otherwise frames are lost to
    /// collisions that one side does not see.
    Full,
}

/// How an ENC28J60 is set up.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Config {
    pub(super) address: MacAddress,
    pub(super) duplex: Duplex,
    pub(super) groups: Groups,
}

impl Config {
    /// Half duplex, no group addresses but the broadcast one. The chip has no address of its own.
    #[must_use]
    pub const fn new(address: MacAddress) -> Self {
        Self {
            address,
            duplex: Duplex::Half,
            groups: Groups::Blocked,
        }
    }

    /// Who may send when.
    #[must_use]
    pub const fn duplex(mut self, duplex: Duplex) -> Self {
        self.duplex = duplex;
        self
    }

    /// Which group addresses come through, by a hash table of 64 bits.
    #[must_use]
    pub fn multicast(mut self, groups: Multicast<'_>) -> Self {
        self.groups = Groups::new(groups);
        self
    }
}
