//! Watching packets go by.

use std::io;

use tcp_core::{State, Tuple};

/// Which way a packet goes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Direction {
    /// To us.
    In,
    /// From us.
    Out,
}

/// A packet on its way, and a view of the stack right after it.
pub struct Sighting<'a> {
    /// Which way it goes.
    pub direction: Direction,
    /// Microseconds since 1970.
    pub wall_micros: u64,
    /// From the first octet of the IP header.
    pub octets: &'a [u8],
    pub(crate) states: &'a dyn Fn(&Tuple) -> Option<State>,
}

impl Sighting<'_> {
    /// The state of our end of a connection after this packet. It searches every connection:
    /// not for each packet of a bulk transfer.
    #[must_use]
    pub fn state_of(&self, tuple: &Tuple) -> Option<State> {
        (self.states)(tuple)
    }
}

impl std::fmt::Debug for Sighting<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sighting")
            .field("direction", &self.direction)
            .field("wall_micros", &self.wall_micros)
            .field("octets", &self.octets.len())
            .finish_non_exhaustive()
    }
}

/// Is shown every packet that a device takes or gives, under the lock of its shard: it shall be
/// quick.
pub trait Observer: Send {
    /// A packet went by.
    fn packet(&mut self, sighting: &Sighting<'_>);

    /// Nothing goes by for the moment.
    fn idle(&mut self) {}

    /// There will be no more packets.
    ///
    /// # Errors
    /// What went wrong since the beginning.
    fn finish(&mut self) -> io::Result<()> {
        Ok(())
    }
}
