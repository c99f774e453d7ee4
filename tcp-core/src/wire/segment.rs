//! A parsed TCP segment (RFC 9293 section 3.1).

use super::address::Address;
use super::error::{Layer, ParseError};
use super::ip::{PROTOCOL_TCP, pseudo_header};
use super::options::SegmentOptions;
use super::order::{AnyDialect, Dialect};
use crate::seq::{SeqLen, SeqNum};
use crate::stack::RxChecksum;

/// Octets of a header without options.
pub(super) const HEADER_LEN: usize = 20;

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

    /// The strongest of RST, SYN, FIN.
    #[must_use]
    pub const fn control(self) -> Option<Control> {
        if self.has(Self::RST) {
            Some(Control::Rst)
        } else if self.has(Self::SYN) {
            Some(Control::Syn)
        } else if self.has(Self::FIN) {
            Some(Control::Fin)
        } else {
            None
        }
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
    /// A router marked the packet instead of dropping it: congestion experienced (RFC 3168). Not
    /// read here; whoever read the IP header says it.
    pub marked: bool,
    /// The data.
    pub payload: &'p [u8],
}

impl<'p> Segment<'p> {
    /// Reads a segment: `octets` are the whole payload of an IP packet between these addresses.
    ///
    /// Reserved bits are ignored. Options that are malformed end the options, the segment stands.
    ///
    /// # Errors
    /// [`ParseError`] says what is wrong.
    pub fn parse(
        octets: &'p [u8],
        source: Address,
        destination: Address,
        checksum: RxChecksum,
    ) -> Result<Self, ParseError> {
        let mut segment = Self::blank();
        segment.read::<AnyDialect, ParseError>(octets, (source, destination), checksum)?;
        Ok(segment)
    }

    /// Nothing was read yet.
    #[inline(always)]
    pub(crate) const fn blank() -> Self {
        Self {
            source_port: 0,
            destination_port: 0,
            seq: SeqNum::new(0),
            ack: None,
            flags: Flags(0),
            control: None,
            window: RawWindow(0),
            urgent: None,
            options: SegmentOptions::none(),
            marked: false,
            payload: &[],
        }
    }

    /// As [`parse`](Self::parse), into a blank segment: a result would be moved, octet by octet.
    /// Inlined, so that only what becomes of an error is made of it.
    #[inline(always)]
    pub(crate) fn read<D: Dialect, E: From<ParseError>>(
        &mut self,
        octets: &'p [u8],
        (source, destination): (Address, Address),
        checksum: RxChecksum,
    ) -> Result<(), E> {
        let truncated = ParseError::truncated(Layer::Tcp, HEADER_LEN, octets.len());
        let Some((fixed, rest)) = octets.split_first_chunk::<HEADER_LEN>() else {
            return Err(truncated.into());
        };
        let ([ports, seq, ack, control, last], _) = fixed.as_chunks::<4>() else {
            return Err(truncated.into());
        };
        let header_len = usize::from(control[0] >> 2 & 0x3c);
        let options_len = header_len.checked_sub(HEADER_LEN);
        let split = options_len.and_then(|len| rest.split_at_checked(len));
        let Some((options, payload)) = split else {
            return Err(E::from(ParseError::HeaderLength {
                layer: Layer::Tcp,
                octets: header_len as u16,
            }));
        };
        if checksum == RxChecksum::Unverified && !checksum_is_right(octets, source, destination) {
            return Err(ParseError::Checksum { layer: Layer::Tcp }.into());
        }
        let ports = u32::from_be_bytes(*ports);
        let control = u32::from_be_bytes(*control);
        self.source_port = (ports >> 16) as u16;
        self.destination_port = ports as u16;
        if self.source_port == 0 || self.destination_port == 0 {
            return Err(ParseError::PortZero.into());
        }
        let flags = Flags((control >> 16) as u8);
        self.seq = SeqNum::new(u32::from_be_bytes(*seq));
        let ack = SeqNum::new(u32::from_be_bytes(*ack));
        self.ack = flags.has(Flags::ACK).then_some(ack);
        self.flags = flags;
        self.control = flags.control();
        self.window = RawWindow(control as u16);
        let [_, _, up @ ..] = *last;
        let urgent = u16::from_be_bytes(up);
        self.urgent = flags.has(Flags::URG).then_some(urgent);
        self.payload = payload;
        self.options.read::<D>(options, flags);
        Ok(())
    }
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

/// Whether pseudo-header and segment sum up. No packet is longer than 65,535 octets.
//= https://www.rfc-editor.org/rfc/rfc9293#section-3.1
//# The sender MUST generate it (MUST-2) and the receiver MUST check it
//# (MUST-3).
fn checksum_is_right(octets: &[u8], source: Address, destination: Address) -> bool {
    let Ok(length) = u16::try_from(octets.len()) else {
        return false;
    };
    let mut sum = pseudo_header(source, destination, PROTOCOL_TCP, length);
    sum.add(octets);
    sum.is_right()
}

#[cfg(test)]
mod tests;
