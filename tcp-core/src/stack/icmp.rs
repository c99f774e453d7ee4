//! ICMP.
use super::dropped::Dropped;
use super::input::Route;
use super::{RxChecksum, Stack};
use crate::profile::{Memory, Profile};
use crate::time::Instant;
use crate::wire::IpPacket;

impl<'a, P: Profile, M: Memory<'a>> Stack<'a, P, M> {
    pub(super) fn icmp(
        &mut self,
        _now: Instant,
        _packet: &IpPacket<'_>,
        _route: &Route,
        _checksum: RxChecksum,
    ) -> Result<bool, Dropped> {
        Ok(false)
    }
}
