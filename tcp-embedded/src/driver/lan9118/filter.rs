//! Which groups are heard: a hash of 64 bits in the chip.

use super::registers::mac;
use super::{Error, Lan9118, Registers};
use crate::mac::MacAddress;

/// Groups to receive: none, some, or all.
///
/// The chip keeps a bit for each of 64 values of a hash, so frames for a few other groups come as
/// well; the link layer tells them apart.
///
/// ```
/// use tcp_embedded::MacAddress;
/// use tcp_embedded::driver::lan9118::Groups;
/// let all_nodes = MacAddress([0x33, 0x33, 0, 0, 0, 1]);
/// let groups = Groups::NONE.with(all_nodes);
/// assert!(groups.may_hear(all_nodes));
/// assert!(Groups::ALL.may_hear(all_nodes));
/// assert!(!Groups::NONE.may_hear(all_nodes));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Groups {
    hash: u64,
}

impl Groups {
    /// Broadcasts only.
    pub const NONE: Self = Self { hash: 0 };
    /// Every group.
    pub const ALL: Self = Self { hash: u64::MAX };

    /// These groups and `group`.
    #[must_use]
    pub const fn with(self, group: MacAddress) -> Self {
        Self {
            hash: self.hash | bit(group),
        }
    }

    /// Whether frames for `group` come through.
    #[must_use]
    pub const fn may_hear(self, group: MacAddress) -> bool {
        self.hash & bit(group) != 0
    }
}

/// The bit of a group: the upper six bits of the check sequence over its address.
const fn bit(group: MacAddress) -> u64 {
    let [a, b, c, d, e, f] = group.0;
    // The first octet sent is the lowest, and so is its first bit.
    let mut address = u64::from_le_bytes([a, b, c, d, e, f, 0, 0]);
    let mut crc = u32::MAX;
    let mut count = 0;
    while count < 48 {
        let carry = (crc >> 31) ^ (address & 1) as u32;
        crc <<= 1;
        if carry != 0 {
            crc ^= 0x04c1_1db7;
        }
        address >>= 1;
        count += 1;
    }
    1 << (crc >> 26)
}

impl<R: Registers> Lan9118<R> {
    /// Tells the MAC, with everything else that its control register holds.
    pub(super) fn set_filter(&mut self) -> Result<(), Error> {
        let [a, b, c, d, e, f, g, h] = self.groups.hash.to_le_bytes();
        self.write_mac(mac::HASH_LOW, u32::from_le_bytes([a, b, c, d]))?;
        self.write_mac(mac::HASH_HIGH, u32::from_le_bytes([e, f, g, h]))?;
        self.control &= !(mac::HASHED_GROUPS | mac::ALL_GROUPS);
        self.control |= match self.groups {
            Groups::NONE => 0,
            Groups::ALL => mac::ALL_GROUPS,
            _ => mac::HASHED_GROUPS,
        };
        self.write_mac(mac::CONTROL, self.control)
    }
}
