//! Why the link layer drops frames and packets.

/// Why the link layer dropped a frame or a packet. One counter each.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
#[repr(u8)]
pub enum LinkDropped {
    /// A frame that ends within its header or right behind it.
    Truncated,
    /// A frame that is longer than the buffer, as the device says.
    Overlong,
    /// A frame for another host, or for a group that this host did not join.
    NotForUs,
    /// A frame that claims to come from a group.
    GroupSource,
    /// A frame with a VLAN tag.
    Tagged,
    /// A frame with a length (IEEE 802.3), or of a protocol that is not spoken here.
    UnknownType,
    /// ARP: truncated, or not of IPv4 on Ethernet.
    ArpMalformed,
    /// ARP: a sender that is no host, or not the one that sent the frame.
    ArpSender,
    /// ARP: an answer that was not asked for.
    ArpUnasked,
    /// ARP: another host claims our address.
    ArpConflict,
    /// Neighbour discovery: fails the checks of RFC 4861 (hop limit, checksum, lengths, addresses).
    NdpMalformed,
    /// Neighbour discovery: an answer that was not asked for, or a message that is not acted on.
    NdpUnasked,
    /// Neighbour discovery: another host claims our address.
    NdpConflict,
    /// UDP: lengths or checksum wrong.
    UdpMalformed,
    /// UDP: for no port that is open here, or not what its user asked for.
    UdpUnasked,
    /// An answer or a request to send found no room.
    QueueFull,
    /// A packet to send has no route: not on the link, and there is no gateway.
    NoRoute,
    /// A packet to send was lost because its neighbour was not resolved in time.
    Unresolved,
}

impl LinkDropped {
    /// How many reasons there are.
    pub const COUNT: usize = Self::Unresolved as usize + 1;
}

/// One counter for each reason.
#[derive(Debug)]
pub(super) struct Counters([u32; LinkDropped::COUNT]);

impl Counters {
    pub(super) const fn new() -> Self {
        Self([0; LinkDropped::COUNT])
    }

    pub(super) fn count(&mut self, reason: LinkDropped) {
        if let Some(counter) = self.0.get_mut(reason as usize) {
            *counter = counter.wrapping_add(1);
        }
    }

    pub(super) fn get(&self, reason: LinkDropped) -> u32 {
        self.0.get(reason as usize).copied().unwrap_or(0)
    }
}
