//! The registers: what reading and writing them does.

use super::{Enc28j60Sim, PhyAccess};
use crate::mac::LinkState;

pub(super) const EIE: usize = 0x1b;
pub(super) const EIR: usize = 0x1c;
pub(super) const ESTAT: usize = 0x1d;
pub(super) const ECON2: usize = 0x1e;
pub(super) const ECON1: usize = 0x1f;
pub(super) const ERDPT: usize = 0x00;
pub(super) const EWRPT: usize = 0x02;
pub(super) const ETXST: usize = 0x04;
pub(super) const ETXND: usize = 0x06;
pub(super) const ERXST: usize = 0x08;
pub(super) const ERXND: usize = 0x0a;
pub(super) const ERXRDPT: usize = 0x0c;
pub(super) const ERXWRPT: usize = 0x0e;
pub(super) const ERXFCON: usize = 0x18;
const EPKTCNT: usize = 0x19;
pub(super) const MACON1: usize = 0x00;
pub(super) const MACON3: usize = 0x02;
pub(super) const MAMXFL: usize = 0x0a;
const MICMD: usize = 0x12;
const MIREGADR: usize = 0x14;
const MIWRL: usize = 0x16;
const MIRDL: usize = 0x18;
const MISTAT: usize = 0x0a;
const EREVID: usize = 0x12;

/// What an access to the PHY takes.
const PHY_ACCESS_NS: u64 = 10_240;
/// A reset by command: a millisecond, whatever the ready flag says.
const RESET_NS: u64 = 1_000_000;

const LINK_CHANGED: u8 = 0x10;

impl Enc28j60Sim {
    /// Whether a register belongs to the MAC or to the PHY's interface.
    pub(super) const fn is_late(&self, address: u8) -> bool {
        match self.bank() {
            2 => address < 0x1b,
            3 => address < 0x06 || address == 0x0a,
            _ => false,
        }
    }

    pub(super) const fn bank(&self) -> u8 {
        self.banks[0][ECON1] & 3
    }

    pub(super) fn pair(&self, low: usize) -> u16 {
        u16::from_le_bytes([self.banks[0][low], self.banks[0][low + 1]])
    }

    pub(super) fn set_pair(&mut self, low: usize, value: u16) {
        let [a, b] = value.to_le_bytes();
        self.banks[0][low] = a;
        self.banks[0][low + 1] = b;
    }

    pub(super) fn reset_registers(&mut self) {
        self.banks = [[0; 32]; 4];
        self.set_pair(ERDPT, 0x05fa);
        self.set_pair(ERXST, 0x05fa);
        self.set_pair(ERXND, 0x1fff);
        self.set_pair(ERXRDPT, 0x05fa);
        self.set_pair(ERXWRPT, 0);
        self.banks[0][ECON2] = 0x80;
        self.banks[0][ESTAT] = 0x01;
        self.banks[1][ERXFCON] = 0xa1;
        self.banks[2][MAMXFL + 1] = 0x06;
        self.banks[3][EREVID] = 6;
        self.pending = 0;
        let link = self.phy[0x11] & 0x0400;
        self.phy = [0; 32];
        self.phy[0x11] = link;
        self.phy[0x14] = 0x3422;
        self.sends_until = None;
        self.is_sender_stalled = false;
        self.phy_access = None;
    }

    /// The instruction that resets everything but the memory.
    pub(super) fn reset(&mut self) {
        // Asleep, it does not listen.
        if self.banks[0][ECON2] & 0x20 != 0 {
            return;
        }
        self.reset_registers();
        self.resets_until = self.now + RESET_NS;
        self.faults.phy_stuck = false;
    }

    fn is_resetting(&self) -> bool {
        self.now < self.resets_until
    }

    pub(super) fn read_register(&mut self, address: u8) -> u8 {
        let index = usize::from(address);
        if index >= EIE {
            return self.read_common(index);
        }
        if self.is_late(address) && self.is_resetting() {
            self.violate("the MAC was read within a millisecond of a reset");
        }
        match (self.bank(), index) {
            (1, EPKTCNT) => self.pending,
            (2, MIRDL | 0x19) if self.phy_access.is_some() => {
                self.violate("the PHY's answer was read before it was there");
                0xff
            }
            (3, MISTAT) => u8::from(self.phy_access.is_some() || self.faults.phy_stuck),
            // Reserved bits read as anything.
            (2, MACON1) => self.banks[2][MACON1] | 0xa0,
            (bank, _) => self.banks[usize::from(bank)][index],
        }
    }

    fn read_common(&self, index: usize) -> u8 {
        let value = self.banks[0][index];
        match index {
            // Errata, item 6: the packet flag is not to be relied on.
            EIR => value & !0x40,
            // Reserved bits read as anything.
            EIE => value | 0x04,
            ESTAT if self.faults.never_ready => value & !0x01,
            ESTAT if self.asks_now() => value | 0x80,
            _ => value,
        }
    }

    /// Whether the interrupt line is driven.
    pub(super) const fn asks_now(&self) -> bool {
        let enabled = self.banks[0][EIE];
        let packet = self.pending > 0 && enabled & 0x40 != 0;
        let other = self.banks[0][EIR] & enabled & 0x1b != 0;
        enabled & 0x80 != 0 && (packet || other)
    }

    pub(super) fn change_bits(&mut self, address: u8, set: u8, clear: u8) {
        if self.is_late(address) {
            self.violate("a bit operation on a register of the MAC");
            return;
        }
        let index = usize::from(address);
        let bank = if index >= EIE { 0 } else { self.bank() };
        let value = self.banks[usize::from(bank)][index];
        self.write_register(address, value & !clear | set);
    }

    pub(super) fn write_register(&mut self, address: u8, value: u8) {
        let index = usize::from(address);
        if index >= EIE {
            self.write_common(index, value);
            return;
        }
        if self.is_late(address) && self.is_resetting() {
            self.violate("the MAC was written within a millisecond of a reset");
        }
        let bank = usize::from(self.bank());
        match (bank, index) {
            // Read only.
            (0, ERXWRPT | 0x0f) | (1, EPKTCNT) | (3, EREVID) => return,
            // The low half waits for the high one.
            (0, ERXRDPT) => self.rx_read_low = value,
            (0, 0x0d) => self.move_read_pointer(value),
            _ => self.banks[bank][index] = value & pointer_mask(bank, index),
        }
        match (bank, index) {
            (0, ERXST | 0x09) => {
                let start = self.pair(ERXST);
                self.set_pair(ERXWRPT, start);
            }
            (2, MICMD) if value & 1 != 0 => self.access_phy(None),
            (2, 0x17) => {
                let [low, high] = [self.banks[2][MIWRL], value];
                self.access_phy(Some(u16::from_le_bytes([low, high])));
            }
            _ => {}
        }
    }

    fn move_read_pointer(&mut self, high: u8) {
        let pointer = u16::from_le_bytes([self.rx_read_low, high & 0x1f]);
        if pointer.is_multiple_of(2) {
            self.violate("an even receive read pointer (errata, item 14)");
        }
        if pointer < self.pair(ERXST) || pointer > self.pair(ERXND) {
            self.violate("a receive read pointer outside of the ring");
        }
        self.set_pair(ERXRDPT, pointer);
    }

    fn access_phy(&mut self, write: Option<u16>) {
        if self.phy_access.is_some() {
            self.violate("the PHY's interface was used while it was busy");
        }
        self.phy_access = Some(PhyAccess {
            until: self.now + PHY_ACCESS_NS,
            write,
            register: self.banks[2][MIREGADR] & 31,
        });
    }

    /// Ends an access to the PHY whose time has come.
    pub(super) fn finish_phy(&mut self) {
        let Some(access) = self.phy_access.filter(|access| access.until <= self.now) else {
            return;
        };
        if self.faults.phy_stuck {
            return;
        }
        self.phy_access = None;
        let register = usize::from(access.register);
        if let Some(value) = access.write {
            if register != 0x11 {
                self.phy[register] = value;
            }
            return;
        }
        let reserved = match register {
            0x00 => 0x1280,
            0x10 => 0x9023,
            _ => 0,
        };
        let [low, high] = (self.phy[register] | reserved).to_le_bytes();
        self.banks[2][MIRDL] = low;
        self.banks[2][MIRDL + 1] = high;
        if register == 0x13 {
            self.phy[0x13] = 0;
            self.banks[0][EIR] &= !LINK_CHANGED;
        }
    }

    /// Plugs the cable in or pulls it.
    pub fn plug(&mut self, state: LinkState) {
        let link = match state {
            LinkState::Up => 0x0400,
            LinkState::Down => 0,
        };
        if self.phy[0x11] & 0x0400 == link {
            return;
        }
        self.phy[0x11] = link;
        if self.phy[0x12] & 0x12 == 0x12 {
            self.phy[0x13] = 0x14;
            self.banks[0][EIR] |= LINK_CHANGED;
        }
    }

    fn write_common(&mut self, index: usize, value: u8) {
        let before = self.banks[0][index];
        match index {
            ECON1 => self.write_control(before, value),
            ECON2 => {
                if value & 0x40 != 0 {
                    self.take_frame();
                }
                self.banks[0][ECON2] = value & !0x40;
            }
            // These flags follow their causes and cannot be written.
            EIR => self.banks[0][EIR] = value & 0x2b | before & 0x50,
            ESTAT => self.banks[0][ESTAT] = value & 0x52 | before & 0x01,
            _ => self.banks[0][index] = value,
        }
    }

    fn take_frame(&mut self) {
        if self.pending == 0 {
            self.violate("a frame was acknowledged that was not there");
        }
        self.pending = self.pending.saturating_sub(1);
    }
}

/// Pointers have 13 bits.
const fn pointer_mask(bank: usize, index: usize) -> u8 {
    if bank == 0 && index < 0x10 && index % 2 == 1 {
        0x1f
    } else {
        0xff
    }
}
