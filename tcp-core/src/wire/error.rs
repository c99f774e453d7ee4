//! What octets can do wrong.
/// Why octets are not a packet.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum ParseError {
    /// Fewer octets than the layer's header or length field needs.
    Truncated,
}
