//! A parsed TCP segment (RFC 9293 section 3.1).

use super::options::SegmentOptions;
use crate::seq::{SeqLen, SeqNum};

/// The control bits as they stand on the wire: CWR ECE URG ACK PSH RST SYN FIN.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Flags(pub u8);

impl Flags {
    /// No more data from sender.
    pub const FIN: u8 = 0x01;
    /// Synchronize sequence numbers.
    pub const SYN: u8 = 0x02;
    /// Reset the connection.
    pub const RST: u8 = 0x04;
    /// Push function.
    pub const PSH: u8 = 0x08;
    /// Acknowledgment field is significant.
    pub const ACK: u8 = 0x10;
    /// Urgent pointer field is significant.
    pub const URG: u8 = 0x20;
    /// ECN-Echo.
    pub const ECE: u8 = 0x40;
    /// Congestion Window Reduced.
    pub const CWR: u8 = 0x80;

    /// Whether any bit of `mask` is set.
    #[must_use]
    pub const fn has(self, mask: u8) -> bool {
        self.0 & mask != 0
    }
}

/// What a segment does beside carrying data. RST wins over SYN, SYN over FIN.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Control {
    /// Opens: occupies one octet of sequence space before the data.
    Syn,
    /// Closes: occupies one octet of sequence space after the data.
    Fin,
    /// Resets.
    Rst,
}

/// The window field, unscaled.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct RawWindow(pub u16);

/// A TCP segment that parsed: lengths are right and, unless the device vouched for it, so is the
/// checksum. The payload borrows from the packet.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Segment<'p> {
    /// Source port.
    pub source_port: u16,
    /// Destination port.
    pub destination_port: u16,
    /// SEG.SEQ.
    pub seq: SeqNum,
    /// SEG.ACK, when the ACK bit is set.
    pub ack: Option<SeqNum>,
    /// All control bits.
    pub flags: Flags,
    /// The strongest of RST, SYN, FIN.
    pub control: Option<Control>,
    /// SEG.WND, unscaled.
    pub window: RawWindow,
    /// SEG.UP, when the URG bit is set.
    pub urgent: Option<u16>,
    /// Options.
    pub options: SegmentOptions,
    /// The data.
    pub payload: &'p [u8],
}

impl Segment<'_> {
    /// SEG.LEN: octets of sequence space, SYN and FIN included. An RST occupies none of its own.
    #[must_use]
    pub fn seq_len(&self) -> SeqLen {
        let syn = usize::from(self.control == Some(Control::Syn));
        let fin = usize::from(self.has_fin());
        SeqLen::of(self.payload.len() + syn + fin)
    }

    /// Whether the FIN bit counts: set, and not overruled by RST.
    #[must_use]
    pub fn has_fin(&self) -> bool {
        self.flags.has(Flags::FIN) && !self.flags.has(Flags::RST)
    }
}
