//! What the W5500 writes before a received frame, and what its registers say of its buffers.

use super::registers::LARGEST;

/// Longest frame; the chip hands out no check sequence.
pub(crate) const MAX_FRAME: u16 = 1_514;
/// Shortest frame on the wire, without its check sequence.
pub(crate) const MIN_FRAME: u16 = 60;
/// The length before a frame, which counts itself.
pub(crate) const PREFIX: u16 = 2;

/// The length of the frame behind this prefix, `received` octets being in the buffer; `None` if
/// the two contradict each other or no frame has this length.
pub(crate) fn frame_len(prefix: [u8; 2], received: u16) -> Option<u16> {
    let stored = u16::from_be_bytes(prefix);
    let len = stored.checked_sub(PREFIX)?;
    let can_be = (MIN_FRAME..=MAX_FRAME).contains(&len) && stored <= received;
    can_be.then_some(len)
}

/// What one reading says of the receive buffer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct ReceiveState {
    /// Octets in the buffer.
    pub(crate) received: u16,
    /// Where the oldest of them is.
    pub(crate) pointer: u16,
}

impl ReceiveState {
    pub(crate) const fn new(octets: [u8; 4]) -> Self {
        let [a, b, c, d] = octets;
        Self {
            received: u16::from_be_bytes([a, b]),
            pointer: u16::from_be_bytes([c, d]),
        }
    }

    /// Whether it can be: no more than the buffer holds, and the pointer where it was left.
    pub(crate) const fn agrees_with(self, pointer: u16) -> bool {
        self.received <= LARGEST && self.pointer == pointer
    }
}

/// What one reading says of the send buffer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct SendState {
    /// Octets free.
    pub(crate) free: u16,
    /// Up to where the chip has sent.
    read: u16,
    /// Where the next frame goes.
    pub(crate) write: u16,
}

impl SendState {
    pub(crate) const fn new(octets: [u8; 6]) -> Self {
        let [a, b, c, d, e, f] = octets;
        Self {
            free: u16::from_be_bytes([a, b]),
            read: u16::from_be_bytes([c, d]),
            write: u16::from_be_bytes([e, f]),
        }
    }

    /// Whether the buffer is empty and says so, as it is before each frame.
    pub(crate) const fn is_empty(self) -> bool {
        self.free == LARGEST && self.read == self.write
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_counts_itself() {
        assert_eq!(frame_len([0, 62], 62), Some(60));
        assert_eq!(frame_len([0x05, 0xec], 3_000), Some(1_514));
    }

    #[test]
    fn a_prefix_that_cannot_be_is_refused() {
        for (prefix, received) in [(0, 100), (1, 100), (61, 100), (62, 61), (1_517, 16_384)] {
            let prefix: u16 = prefix;
            assert_eq!(frame_len(prefix.to_be_bytes(), received), None, "{prefix}");
        }
        assert_eq!(frame_len(52_991_u16.to_be_bytes(), u16::MAX), None);
    }

    #[test]
    fn a_state_beyond_the_buffer_or_elsewhere_is_refused() {
        assert!(ReceiveState::new([0x40, 0, 0, 7]).agrees_with(7));
        assert!(!ReceiveState::new([0x40, 1, 0, 7]).agrees_with(7));
        assert!(!ReceiveState::new([0, 62, 0, 8]).agrees_with(7));
    }

    #[test]
    fn an_empty_send_buffer_has_its_pointers_together() {
        assert!(SendState::new([0x40, 0, 1, 2, 1, 2]).is_empty());
        assert!(!SendState::new([0x40, 0, 1, 2, 1, 3]).is_empty());
        assert!(!SendState::new([0x3f, 0xff, 1, 2, 1, 2]).is_empty());
    }
}
