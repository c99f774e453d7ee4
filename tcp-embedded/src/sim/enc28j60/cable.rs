//! The cable's side: frames that arrive, frames that leave.

use std::vec::Vec;

use super::registers::{
    ECON1, EIE, EIR, ERXFCON, ERXND, ERXRDPT, ERXST, ERXWRPT, ESTAT, ETXND, ETXST, MACON1, MACON3,
    MAMXFL,
};
use super::{Enc28j60Sim, MEMORY};
use crate::mac::MacAddress;

/// An octet at 10 Mbit/s.
const OCTET_NS: u64 = 800;
/// Preamble, frame check sequence and gap.
const AROUND: u64 = 24;
const MIN_FRAME: usize = 60;

const SENT: u8 = 0x08;
const SEND_ERROR: u8 = 0x02;
const RECEIVE_ERROR: u8 = 0x01;

const SEND: u8 = 0x08;
const RECEIVE: u8 = 0x04;
const RESET_SENDER: u8 = 0x80;
const RESET_RECEIVER: u8 = 0x40;

impl Enc28j60Sim {
    /// A frame without its check sequence comes by the cable; whether it is in memory then.
    pub fn deliver(&mut self, frame: &[u8]) -> bool {
        let limit = u16::from_le_bytes([self.banks[2][MAMXFL], self.banks[2][MAMXFL + 1]]);
        let is_on = frame.len() + 4 <= limit.into()
            && self.banks[0][ECON1] & (RECEIVE | RESET_RECEIVER) == RECEIVE
            && self.banks[2][MACON1] & 1 != 0
            && self.phy[0x11] & 0x0400 != 0;
        if !is_on || !self.accepts(frame) {
            return false;
        }
        // What was lost is lost until the host has seen it.
        let stored = u16::try_from(frame.len())
            .unwrap_or(u16::MAX)
            .saturating_add(4);
        let needed = (6 + stored).next_multiple_of(2);
        if self.banks[0][EIR] & RECEIVE_ERROR != 0 || needed > self.free() || self.pending == 255 {
            self.banks[0][EIR] |= RECEIVE_ERROR;
            self.banks[0][ESTAT] |= 0x40;
            self.dropped += 1;
            return false;
        }
        let at = self.pair(ERXWRPT);
        let mut next = self.behind(at, needed);
        let true_next = next;
        let mut stored_as = stored;
        if self.faults.wrong_lengths > 0 {
            self.faults.wrong_lengths -= 1;
            stored_as ^= 0x0400 | (at & 0x7f);
        }
        if self.faults.wrong_pointers > 0 {
            self.faults.wrong_pointers -= 1;
            next ^= 0x0802;
        }
        let mut status = 0x80;
        if self.faults.damaged > 0 {
            self.faults.damaged -= 1;
            status = 0x10;
        }
        let [a, b] = next.to_le_bytes();
        let [c, d] = stored_as.to_le_bytes();
        let mut place = at;
        for octet in [a, b, c, d, status, 0]
            .iter()
            .chain(frame)
            .chain(&[0xfc; 4])
        {
            self.memory[usize::from(place)] = *octet;
            place = self.after(place);
        }
        self.set_pair(ERXWRPT, true_next);
        self.pending += 1;
        true
    }

    fn accepts(&self, frame: &[u8]) -> bool {
        let Some(&destination) = frame.first_chunk::<6>() else {
            return false;
        };
        let filter = self.banks[1][ERXFCON];
        if filter & !0x20 == 0 {
            return true;
        }
        let is_group = destination[0] & 1 != 0;
        let is_everyone = destination == [0xff; 6];
        (filter & 0x80 != 0 && destination == self.address())
            || (filter & 0x01 != 0 && is_everyone)
            || (filter & 0x02 != 0 && is_group)
            || (filter & 0x04 != 0 && self.is_in_table(MacAddress(destination)))
    }

    fn address(&self) -> [u8; 6] {
        [4, 5, 2, 3, 0, 1].map(|index| self.banks[3][index])
    }

    fn is_in_table(&self, address: MacAddress) -> bool {
        let bit = hash(address);
        self.banks[1][usize::from(bit / 8)] >> (bit % 8) & 1 != 0
    }

    /// The place after one of the ring's.
    pub(super) fn after(&self, place: u16) -> u16 {
        if place == self.pair(ERXND) {
            self.pair(ERXST)
        } else {
            (place + 1) & 0x1fff
        }
    }

    fn behind(&self, at: u16, octets: u16) -> u16 {
        let (start, end) = (self.pair(ERXST), self.pair(ERXND));
        let size = end.wrapping_sub(start).wrapping_add(1).max(1);
        start + at.wrapping_sub(start).wrapping_add(octets) % size
    }

    /// Octets that may be written without reaching the read pointer.
    fn free(&self) -> u16 {
        let size = self.pair(ERXND).saturating_sub(self.pair(ERXST));
        let (write, read) = (self.pair(ERXWRPT), self.pair(ERXRDPT));
        match write.checked_sub(read) {
            Some(0) => size,
            Some(ahead) => size.saturating_sub(ahead),
            None => read - write - 1,
        }
    }

    pub(super) fn write_control(&mut self, before: u8, value: u8) {
        self.banks[0][ECON1] = value;
        let rises = value & !before;
        if rises & RESET_RECEIVER != 0 {
            self.banks[0][EIR] &= !RECEIVE_ERROR;
        }
        if value & RESET_SENDER != 0 {
            self.is_sender_stalled = false;
            self.sends_until = None;
            self.banks[0][ECON1] &= !SEND;
            // The reset may look like an error.
            self.banks[0][EIR] |= SEND_ERROR;
            return;
        }
        if value & SEND == 0 {
            self.sends_until = None;
        } else if rises & SEND != 0 && !self.is_sender_stalled {
            self.start_sending();
        }
    }

    fn start_sending(&mut self) {
        let (start, end) = (self.pair(ETXST), self.pair(ETXND));
        if start <= self.pair(ERXND) || end < start || end as usize + 7 >= MEMORY {
            self.violate("the frame to send is not behind the ring");
            return;
        }
        if self.faults.hangs > 0 {
            self.faults.hangs -= 1;
            return;
        }
        let octets = u64::from(end - start).max(MIN_FRAME as u64) + AROUND;
        self.sends_until = Some(self.now + octets * OCTET_NS);
    }

    /// Ends a transmission whose time has come.
    pub(super) fn finish_sending(&mut self) {
        if self.sends_until.is_none_or(|until| until > self.now) {
            return;
        }
        self.sends_until = None;
        let (start, end) = (self.pair(ETXST), self.pair(ETXND));
        if end < start || end as usize + 7 >= MEMORY {
            return;
        }
        let is_late = self.faults.late_collisions > 0;
        let is_aborted = !is_late && self.faults.aborts > 0;
        self.faults.late_collisions -= u32::from(is_late);
        self.faults.aborts -= u32::from(is_aborted);
        let mut vector = [0_u8; 7];
        if is_late || is_aborted {
            vector[3] = if is_late { 0x20 } else { 0x10 };
            self.banks[0][EIR] |= SENT | SEND_ERROR;
            self.banks[0][ESTAT] |= 0x02 | if is_late { 0x10 } else { 0 };
            self.is_sender_stalled = true;
        } else {
            vector[2] = 0x80;
            if !self.faults.lost_reports {
                self.banks[0][EIR] |= SENT;
            }
            self.leave(start, end);
        }
        self.banks[0][ECON1] &= !SEND;
        let after = usize::from(end) + 1;
        self.memory[after..after + 7].copy_from_slice(&vector);
    }

    fn leave(&mut self, start: u16, end: u16) {
        if self.phy[0x11] & 0x0400 == 0 {
            return;
        }
        let frame = &self.memory[usize::from(start) + 1..=usize::from(end)];
        let mut frame: Vec<u8> = frame.into();
        if self.banks[2][MACON3] & 0x20 != 0 && frame.len() < MIN_FRAME {
            frame.resize(MIN_FRAME, 0);
        }
        self.sent.push_back(frame);
    }

    /// Whether any interrupt is enabled, to see that a driver enables it again.
    #[must_use]
    pub const fn may_ask(&self) -> bool {
        self.banks[0][EIE] & 0x80 != 0
    }
}

/// Bits 28 to 23 of a check sequence, one octet after the other with a remainder by long division:
/// another way than the driver's.
fn hash(address: MacAddress) -> u8 {
    // The 48 bits in the order of the wire, the first 32 of them inverted, and 32 zeros behind.
    let bits = address.0.iter().fold(0_u128, |bits, octet| {
        bits << 8 | u128::from(octet.reverse_bits())
    });
    let mut dividend = (bits ^ (0xffff_ffff << 16)) << 32;
    for place in (0..48).rev() {
        if dividend >> (place + 32) & 1 != 0 {
            dividend ^= 0x1_04c1_1db7 << place;
        }
    }
    (dividend >> 23 & 0x3f) as u8
}
