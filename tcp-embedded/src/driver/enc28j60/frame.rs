//! What the ENC28J60 writes around frames in its memory, and how that memory is divided.
//!
//! ```text
//!   0x0000                          0x19ff 0x1a00                      0x1fff
//!   | ring of received frames             | control, frame, status vector   |
//! ```
//!
//! The ring begins at zero, because the chip's write pointer may be set to zero whatever the ring's
//! beginning is (errata, item 5), and ends at an odd address (item 14).

use crate::driver::spi::Multicast;
use crate::mac::{LinkState, MacAddress};

/// Last octet of the ring of received frames.
pub(crate) const RING_END: u16 = 0x19ff;
/// Where the frame to send begins, with its control octet.
pub(crate) const SEND_START: u16 = 0x1a00;
/// Longest frame without its check sequence.
pub(crate) const MAX_FRAME: u16 = 1_514;
/// The frame check sequence, which the chip stores with what it received.
const CHECK_SEQUENCE: u16 = 4;
/// Longest frame as it is on the wire.
pub(crate) const LONGEST: u16 = MAX_FRAME + CHECK_SEQUENCE;
/// A frame that could be addressed to anybody at all.
const MIN_FRAME: u16 = 14;
/// What stands before each received frame.
const HEADER: u16 = 6;
/// Third octet of the receive status: the frame was intact.
const INTACT: u8 = 0x80;

const _: () = assert!(RING_END % 2 == 1, "the ring ends at an odd address");
const _: () = assert!(
    SEND_START + 1 + MAX_FRAME + 7 <= 0x2000,
    "control octet, frame and status vector fit"
);

/// Whether the chip says that a received frame is as it was sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Integrity {
    Intact,
    Damaged,
}

/// What the chip writes before a received frame.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Header {
    /// Where the next frame will be.
    pub(crate) next: u16,
    /// The frame's length without its check sequence.
    pub(crate) len: u16,
    pub(crate) integrity: Integrity,
}

impl Header {
    /// Reads the header of the frame at `at`; `None` if it cannot be one, because its length and
    /// its two positions contradict each other.
    pub(crate) fn parse(octets: [u8; 6], at: u16) -> Option<Self> {
        let [next_low, next_high, len_low, len_high, status, _] = octets;
        let next = u16::from_le_bytes([next_low, next_high]);
        let stored = u16::from_le_bytes([len_low, len_high]);
        let len = stored.checked_sub(CHECK_SEQUENCE)?;
        if !(MIN_FRAME..=MAX_FRAME).contains(&len) || next != behind(at, stored) {
            return None;
        }
        let integrity = if status & INTACT == 0 {
            Integrity::Damaged
        } else {
            Integrity::Intact
        };
        Some(Self {
            next,
            len,
            integrity,
        })
    }
}

/// Where the frame after one of `stored` octets at `at` begins: at the next even address.
const fn behind(at: u16, stored: u16) -> u16 {
    let end = at.wrapping_add(HEADER).wrapping_add(stored);
    let end = end.wrapping_add(end & 1);
    let ring = RING_END + 1;
    if end >= ring { end - ring } else { end }
}

/// What the chip's read pointer must be so that everything before `next` is free: always odd,
/// since an even one may damage the ring (errata, item 14).
pub(crate) const fn read_pointer(next: u16) -> u16 {
    match next.checked_sub(1) {
        Some(before) => before,
        None => RING_END,
    }
}

/// Where a frame to send of `len` octets ends.
pub(crate) const fn send_end(len: u16) -> u16 {
    SEND_START.wrapping_add(len)
}

/// Whether the status vector of a transmission says that the medium was still taken by somebody
/// else when it should not have been (bit 29).
pub(crate) const fn is_late_collision(status: [u8; 7]) -> bool {
    let [_, _, _, octet, ..] = status;
    octet & 0x20 != 0
}

/// What PHSTAT2 says of the link.
pub(crate) const fn link_state(status: u16) -> LinkState {
    if status & super::registers::phy::LINK == 0 {
        LinkState::Down
    } else {
        LinkState::Up
    }
}

/// Which group addresses come through.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Groups {
    Blocked,
    /// Those whose bit of the table is set.
    Hashed([u8; 8]),
    All,
}

impl Groups {
    pub(crate) fn new(multicast: Multicast<'_>) -> Self {
        match multicast {
            Multicast::Blocked | Multicast::Only([]) => Self::Blocked,
            Multicast::All => Self::All,
            Multicast::Only(addresses) => {
                let groups = addresses.iter();
                groups.fold(Self::Blocked, |groups, &address| groups.with(address))
            }
        }
    }

    /// The same and one more.
    pub(crate) fn with(self, address: MacAddress) -> Self {
        let table = match self {
            Self::All => return Self::All,
            Self::Blocked => 0,
            Self::Hashed(table) => u64::from_le_bytes(table),
        };
        Self::Hashed((table | 1 << hash(address)).to_le_bytes())
    }
}

/// Which of the 64 bits of the hash table stands for an address: bits 28 to 23 of its check
/// sequence, as the shift register holds it.
pub(crate) fn hash(address: MacAddress) -> u8 {
    let register = address.0.iter().fold(u32::MAX, |register, &octet| {
        (0..8).fold(register, |register, bit| {
            let out = (register >> 31) ^ u32::from(octet >> bit & 1);
            let shifted = register << 1;
            if out == 0 {
                shifted
            } else {
                shifted ^ 0x04c1_1db7
            }
        })
    });
    (register >> 23 & 0x3f) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    fn octets(next: u16, stored: u16, status: u8) -> [u8; 6] {
        let ([a, b], [c, d]) = (next.to_le_bytes(), stored.to_le_bytes());
        [a, b, c, d, status, 0]
    }

    #[test]
    fn a_header_gives_the_length_without_the_check_sequence() {
        let header = Header::parse(octets(70, 64, 0x80), 0).unwrap();
        assert_eq!((header.next, header.len), (70, 60));
        assert_eq!(header.integrity, Integrity::Intact);
        let header = Header::parse(octets(72, 65, 0x10), 0).unwrap();
        assert_eq!((header.next, header.len), (72, 61));
        assert_eq!(header.integrity, Integrity::Damaged);
    }

    #[test]
    fn a_frame_may_wrap_around_the_ring() {
        let at = RING_END - 9;
        assert_eq!(Header::parse(octets(60, 64, 0x80), at).unwrap().next, 60);
        let to_the_end = RING_END + 1 - 70;
        assert_eq!(
            Header::parse(octets(0, 64, 0x80), to_the_end).unwrap().next,
            0
        );
    }

    #[test]
    fn any_single_flipped_bit_of_a_length_or_a_pointer_is_noticed() {
        let good = octets(0x0630 + 6 + 1_000, 1_000, 0x80);
        assert!(Header::parse(good, 0x0630).is_some());
        for bit in 0..32 {
            let mut bad = good;
            bad[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(Header::parse(bad, 0x0630), None, "bit {bit}");
        }
    }

    #[test]
    fn lengths_that_no_frame_has_are_noticed() {
        for stored in [0, 3, 4, 17, 1_519, 1_600, 0xffff] {
            let next = behind(0, stored);
            assert_eq!(
                Header::parse(octets(next, stored, 0x80), 0),
                None,
                "{stored}"
            );
        }
        for stored in [18, 1_518] {
            assert!(Header::parse(octets(behind(0, stored), stored, 0x80), 0).is_some());
        }
    }

    #[test]
    fn nothing_that_the_chip_says_panics() {
        for at in [0, 2, RING_END - 1] {
            for word in 0..=u16::MAX {
                let _ = Header::parse(octets(word, word.rotate_left(3), 0xff), at);
            }
        }
    }

    #[test]
    fn errata_14_the_read_pointer_is_always_odd() {
        for next in (0..RING_END).step_by(2) {
            let pointer = read_pointer(next);
            assert!(pointer % 2 == 1 && pointer <= RING_END, "{next}");
        }
        assert_eq!(read_pointer(0), RING_END);
    }

    #[test]
    fn a_late_collision_is_bit_29() {
        assert!(is_late_collision([0, 0, 0, 0x20, 0, 0, 0]));
        assert!(!is_late_collision([
            0xff, 0xff, 0xff, 0xdf, 0xff, 0xff, 0xff
        ]));
    }

    /// The CRC-32 of the broadcast address in the usual form is 0x41d9ed00: reversed and without
    /// its final inversion that is what the shift register holds.
    #[test]
    fn the_hash_is_taken_from_the_shift_register() {
        let register = (!0x41d9_ed00_u32).reverse_bits();
        let expected = (register >> 23 & 0x3f) as u8;
        assert_eq!(hash(MacAddress::BROADCAST), expected);
    }

    #[test]
    fn the_table_holds_a_bit_for_each_address() {
        let group = MacAddress([0x33, 0x33, 0, 0, 0, 1]);
        let Groups::Hashed(table) = Groups::new(Multicast::Only(&[group])) else {
            panic!("no table");
        };
        assert_eq!(u64::from_le_bytes(table), 1 << hash(group));
        assert_eq!(Groups::new(Multicast::Only(&[])), Groups::Blocked);
        assert_eq!(Groups::new(Multicast::All), Groups::All);
    }
}
