//! Why packets are dropped, and how often.

/// Why a packet or segment was dropped. One counter each.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
#[repr(u8)]
pub enum Dropped {
    /// IP: header lengths, version, or total length wrong.
    IpMalformed,
    /// IPv4 header checksum wrong.
    IpChecksum,
    /// Source address that no host may have (or our own).
    IpSource,
    /// Not for one of our addresses, or not unicast.
    NotForUs,
    /// IPv6 extension headers beyond the limits, or unknown with an instruction to discard.
    IpExtension,
    /// Fragment that has no room, overlaps, or is malformed.
    Fragment,
    /// ICMP: truncated, checksum wrong, or nothing of ours.
    Icmp,
    /// TCP: header or option lengths wrong, or port zero.
    TcpMalformed,
    /// TCP checksum wrong.
    TcpChecksum,
    /// No connection and no listener: answered with a reset (unless it was one).
    NoConnection,
    /// The SYN queue is full.
    SynQueueFull,
    /// The accept queue is full.
    AcceptQueueFull,
    /// `Memory` refused, or no slot is free.
    OutOfMemory,
    /// The reply queue was full: a stateless answer was not sent.
    ReplyQueueFull,
    /// Outside the receive window.
    OutOfWindow,
    /// Older than the last timestamp (PAWS).
    Paws,
    /// A timestamp option is missing on a connection that uses it.
    TimestampMissing,
    /// RST in the window but not exact: a challenge ACK is owed (RFC 5961).
    RstChallenged,
    /// SYN on a synchronized connection: a challenge ACK is owed (RFC 5961).
    SynChallenged,
    /// Acknowledges what was never sent, or what was sent long ago (RFC 5961).
    AckUnacceptable,
    /// No ACK bit where one is required.
    AckMissing,
    /// Beyond a gap, and the table of gaps is full.
    GapTableFull,
    /// Data after the user closed; answered with a reset.
    AfterClose,
    /// SYN and FIN together, or another flag set that opens nothing.
    BadFlags,
    /// RST that may not reset in this state.
    RstIgnored,
}

impl Dropped {
    /// How many reasons there are.
    pub const COUNT: usize = Self::RstIgnored as usize + 1;
}

/// One counter for each reason.
#[derive(Clone, Debug)]
pub(super) struct Counters([u32; Dropped::COUNT]);

impl Counters {
    pub(super) const fn new() -> Self {
        Self([0; Dropped::COUNT])
    }

    /// Counts one packet.
    #[inline(never)]
    pub(super) fn count(&mut self, reason: Dropped) {
        if let Some(counter) = self.0.get_mut(reason as usize) {
            *counter = counter.saturating_add(1);
        }
    }

    #[cfg(test)]
    pub(super) fn raw(&self, reason: usize) -> u32 {
        self.0[reason]
    }

    pub(super) fn get(&self, reason: Dropped) -> u32 {
        self.0.get(reason as usize).copied().unwrap_or(0)
    }
}
