//! What happened since the user last asked, as bits.

use core::ops::{BitOr, BitOrAssign};

/// A set of things that happened to a connection or a listener.
//= https://www.rfc-editor.org/rfc/rfc9293#section-3.9.1.8
//# There MUST be a mechanism for reporting soft TCP error conditions to the
//# application (MUST-47).
//= https://www.rfc-editor.org/rfc/rfc9293#section-3.9.1.8
//# However, an application program that does not want to receive such
//# ERROR_REPORT calls SHOULD be able to effectively disable these calls
//# (SHLD-20).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Events(u8);

impl Events {
    /// Nothing.
    pub const NONE: Self = Self(0);
    /// The handshake completed: data may flow.
    pub const CONNECTED: Self = Self(1);
    /// There is data to read.
    pub const READABLE: Self = Self(2);
    /// There is room for data again, after a write that found too little or left none.
    pub const WRITABLE: Self = Self(4);
    /// The peer closed: after the data that is there comes the end.
    pub const FINISHED: Self = Self(8);
    /// The connection ended; the close reason says why.
    pub const CLOSED: Self = Self(16);
    /// A listener has a connection to accept.
    pub const ACCEPTABLE: Self = Self(32);
    /// The peer sent urgent data.
    pub const URGENT: Self = Self(64);
    /// R1 was passed: the path may be down (RFC 9293 section 3.8.3).
    pub const TROUBLE: Self = Self(128);

    /// Whether all of `other` is in this set.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether nothing is in this set.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

impl BitOr for Events {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl BitOrAssign for Events {
    fn bitor_assign(&mut self, other: Self) {
        self.0 |= other.0;
    }
}
