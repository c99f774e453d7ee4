//! Taking an address back: what stood on it ends.
//!
//! Compact entries name an address by its place in the list, so none may outlive the address, and
//! the place stays where it is until another address takes it.

use core::net::IpAddr;

use super::Stack;
use super::node::INDEXED;
use crate::connection::{Misuse, State};
use crate::profile::{Memory, Profile};
use crate::wire::Address;

impl<'a, P: Profile, M: Memory<'a>> Stack<'a, P, M> {
    /// Aborts connections from `address`; forgets half-open ones and ones in TIME-WAIT.
    pub(super) fn forget_address(&mut self, address: IpAddr) -> Result<(), Misuse> {
        let octets = Address::new(address)
            .filter(|octets| self.locals.is_own(*octets))
            .ok_or(Misuse::NotOurAddress)?;
        self.forget_entries(octets);
        for index in 0..self.schedule.len() {
            let node = self.schedule.get(index);
            if node.is_none_or(|node| node.key.local != octets) {
                continue;
            }
            // One in TIME-WAIT ended well; its user hears of the end.
            let now = self.clock;
            let _ = self.with_connection(index, |connection| {
                if connection.state() != State::TimeWait {
                    connection.abort(now);
                }
            });
        }
        self.locals.remove(octets);
        Ok(())
    }

    /// Each pass removes one entry.
    fn forget_entries(&mut self, octets: Address) {
        while let Some(index) = self.half_open_from(octets) {
            self.drop_half_open(index);
        }
        while let Some(index) = self.time_wait_from(octets) {
            self.drop_time_wait(index);
        }
    }

    fn half_open_from(&self, octets: Address) -> Option<u32> {
        let own = self.locals.own();
        let mut entries = self.half_open.iter();
        let found = entries.find(|(_, entry)| entry.key(own).local == octets);
        found.map(|(index, _)| index)
    }

    fn time_wait_from(&self, octets: Address) -> Option<u32> {
        let own = self.locals.own();
        let mut entries = self.time_wait.iter();
        let found = entries.find(|(_, entry)| entry.key(own).local == octets);
        found.map(|(index, _)| index)
    }

    /// Whether a connection that has not ended leads to `remote`.
    pub(super) fn leads_to(&self, remote: Address) -> bool {
        let mut nodes = (0..self.schedule.len()).filter_map(|index| self.schedule.get(index));
        nodes.any(|node| node.is(INDEXED) && node.key.remote == remote)
    }
}
