//! What a W5500 is told once.

use super::registers::{mode, phy};
use crate::driver::spi::Multicast;
use crate::mac::MacAddress;

/// What the PHY offers or insists on.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Speed {
    /// Negotiates; the usual choice.
    #[default]
    Negotiated,
    /// 10 Mbit/s, one at a time.
    TenHalf,
    /// 10 Mbit/s, both at once, without negotiation.
    TenFull,
    /// 100 Mbit/s, one at a time.
    HundredHalf,
    /// 100 Mbit/s, both at once, without negotiation.
    HundredFull,
}

/// Whether group addresses come through: the chip cannot tell one from another.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Groups {
    Blocked,
    All,
}

impl Groups {
    pub(crate) const fn new(multicast: Multicast<'_>) -> Self {
        match multicast {
            Multicast::Blocked | Multicast::Only([]) => Self::Blocked,
            Multicast::Only(_) | Multicast::All => Self::All,
        }
    }
}

/// How a W5500 is set up.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Config {
    pub(super) address: MacAddress,
    pub(super) speed: Speed,
    pub(super) groups: Groups,
}

impl Config {
    /// Negotiates, and lets no group addresses through but the broadcast one. The chip has no
    /// address of its own.
    #[must_use]
    pub const fn new(address: MacAddress) -> Self {
        Self {
            address,
            speed: Speed::Negotiated,
            groups: Groups::Blocked,
        }
    }

    /// What the PHY offers or insists on.
    #[must_use]
    pub const fn speed(mut self, speed: Speed) -> Self {
        self.speed = speed;
        self
    }

    /// Which group addresses come through: all, if there is any.
    #[must_use]
    pub const fn multicast(mut self, groups: Multicast<'_>) -> Self {
        self.groups = Groups::new(groups);
        self
    }

    /// The mode of the socket.
    pub(crate) const fn mode(&self) -> u8 {
        match self.groups {
            Groups::Blocked => mode::RAW | mode::FILTER | mode::NO_GROUPS,
            Groups::All => mode::RAW | mode::FILTER,
        }
    }

    /// The PHY's configuration without its reset bit.
    pub(crate) const fn phy(&self) -> u8 {
        let chosen = match self.speed {
            Speed::TenHalf => 0,
            Speed::TenFull => 1,
            Speed::HundredHalf => 2,
            Speed::HundredFull => 3,
            Speed::Negotiated => 7,
        };
        phy::CHOSEN | chosen << 3
    }
}
