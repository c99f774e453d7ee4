//! Half-open connections: from the SYN to the ACK that completes the handshake.
//!
//! A compact entry is not a connection: it lends no buffers. Its SYN-ACK is owed from the start,
//! and once more at the end of each wait and when the SYN comes again.

use super::entry::Entry;
use super::isn::Ticks;
use super::list::Linkage;
use super::local::LocalAddress;
use super::scale::Scale;
use super::waiting::{Waiting, Waits};
use crate::time::Instant;

/// The table.
pub(super) type SynQueue<'a, L, S> = Waiting<'a, L, S, <S as Scale>::ShortLinks>;

/// One half-open connection.
pub(super) type SynEntry<L, S> = Entry<L, <S as Scale>::ShortLinks>;

/// A first wait of 1 s: the last ends 63 s after the SYN, or a wait later if that came again.
pub(super) const SYN_ACK_WAITS: Waits = Waits::Doubled { ms: 1_000 };

const SCALE_MASK: u16 = 0x000f;
const SCALE_NONE: u16 = 0x000f;
const SACK: u16 = 0x0010;
const ECN: u16 = 0x0020;
/// The peer acknowledged the SYN-ACK, and the listener waits for data.
const DEFERRED: u16 = 0x0040;
/// The SYN came again, and the SYN-ACK with it.
const RESENT: u16 = 0x0080;
/// The bits that count retransmissions.
const COUNT: u16 = 0x7;

impl<L: LocalAddress, K: Linkage> Entry<L, K> {
    /// Keeps the peer's window scale, if both sides offer the option.
    pub(super) fn set_window_scale(&mut self, scale: Option<u8>) {
        self.marks.0 |= scale.map_or(SCALE_NONE, |scale| scale.min(14).into());
    }

    /// Both sides offer SACK.
    pub(super) const fn agree_on_sack(&mut self) {
        self.marks.0 |= SACK;
    }

    /// Both sides offer ECN.
    pub(super) const fn agree_on_ecn(&mut self) {
        self.marks.0 |= ECN;
    }

    /// The peer's window scale, if both sides offered the option.
    pub(super) fn peer_window_scale(&self) -> Option<u8> {
        let scale = self.marks.0 & SCALE_MASK;
        (scale != SCALE_NONE).then_some(scale as u8)
    }

    /// Whether both sides offered SACK.
    pub(super) const fn sack(&self) -> bool {
        self.marks.has(SACK)
    }

    /// Whether both sides offered ECN.
    pub(super) const fn ecn(&self) -> bool {
        self.marks.has(ECN)
    }

    /// How often the SYN-ACK was sent again because no ACK came.
    pub(super) const fn retransmissions(&self) -> u8 {
        self.marks.count(COUNT) as u8
    }

    /// Whether only one SYN-ACK was sent, so that its ACK tells the round-trip time (Karn).
    pub(super) const fn sent_once(&self) -> bool {
        self.marks.count(COUNT) == 0 && !self.marks.has(RESENT)
    }

    /// The SYN came again without its offer of ECN: it is not answered any more, either.
    pub(super) const fn withdraw_ecn(&mut self) {
        self.marks.0 &= !ECN;
    }

    /// When the SYN came, for a clock that stands at `now`.
    pub(super) fn created(&self, now: Instant) -> Instant {
        let age = u64::from(self.age(Ticks::at(now))) << 2;
        Instant::from_micros((now.as_micros() & !3).saturating_sub(age))
    }
}

impl<L: LocalAddress, S: Scale, K: Linkage> Waiting<'_, L, S, K> {
    /// The SYN came again: the SYN-ACK is owed once more. The first time, the wait that was
    /// interrupted begins anew; not again, or whoever repeats a SYN would keep the entry for ever.
    pub(super) fn owe_again(&mut self, index: u32, now: Instant) {
        let begun = self.get(index).map_or(0, |entry| self.begun(entry));
        self.unlink(index);
        if let Some(entry) = self.get_mut(index)
            && !entry.marks.has(RESENT)
        {
            entry.since = Ticks(Ticks::at(now).0.wrapping_sub(begun));
            entry.marks.0 |= RESENT;
        }
        self.push_owed(index);
    }

    /// Sets an acknowledgment of the SYN-ACK aside while less than `waits` waits are over.
    pub(super) fn defer(&mut self, index: u32, waits: u8) -> bool {
        let entry = self.get_mut(index);
        let Some(entry) = entry.filter(|entry| entry.retransmissions() < waits) else {
            return false;
        };
        entry.marks.0 |= DEFERRED;
        true
    }

    /// The wait of an entry ended whose peer is only expected to send data: it waits on, and owes
    /// the SYN-ACK, which asks for an acknowledgment that counts, when the last of `waits` is over.
    /// False if that was before.
    pub(super) fn wait_on(&mut self, index: u32, waits: u8) -> bool {
        let Some(entry) = self.get(index).filter(|entry| entry.marks.has(DEFERRED)) else {
            return false;
        };
        let over = entry.retransmissions() + 1;
        if over > waits {
            return false;
        }
        self.owe(index);
        if over < waits {
            self.sent(index);
        }
        true
    }
}

#[cfg(test)]
mod tests;
