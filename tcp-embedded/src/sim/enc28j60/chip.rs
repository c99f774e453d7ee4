//! The bus's side: instructions, octet by octet.

use std::vec::Vec;

use embedded_hal::digital::PinState;

use super::registers::{ECON2, ERDPT, ERXND, EWRPT};
use super::{Enc28j60Sim, Step};
use crate::sim::Chip;

impl Enc28j60Sim {
    fn begin(&mut self, octet: u8) {
        let address = octet & 0x1f;
        self.step = match octet >> 5 {
            0 => Step::Read {
                late: self.is_late(address),
                address,
            },
            1 if address == 0x1a => Step::ReadMemory,
            3 if address == 0x1a => Step::WriteMemory,
            instruction @ (2 | 4 | 5) => Step::Argument {
                instruction,
                address,
            },
            7 if address == 0x1f => {
                self.reset();
                Step::Done
            }
            _ => {
                self.violate("an instruction that does not exist");
                Step::Done
            }
        };
    }

    fn read_memory(&mut self) -> u8 {
        let place = self.pair(ERDPT) & 0x1fff;
        let octet = self.memory[usize::from(place)];
        if self.banks[0][ECON2] & 0x80 != 0 {
            let next = if place == self.pair(ERXND) {
                self.after(place)
            } else {
                (place + 1) & 0x1fff
            };
            self.set_pair(ERDPT, next);
        }
        octet
    }

    fn write_memory(&mut self, octet: u8) {
        let place = self.pair(EWRPT) & 0x1fff;
        if place <= self.pair(ERXND) {
            self.violate("the ring was written to");
        }
        self.memory[usize::from(place)] = octet;
        if self.banks[0][ECON2] & 0x80 != 0 {
            self.set_pair(EWRPT, (place + 1) & 0x1fff);
        }
    }
}

impl Chip for Enc28j60Sim {
    fn select(&mut self) {
        self.step = Step::Instruction;
    }

    fn octet(&mut self, octet: u8) -> u8 {
        if self.is_held {
            return 0;
        }
        match self.step {
            Step::Instruction => self.begin(octet),
            Step::Read {
                late: true,
                address,
            } => {
                self.step = Step::Read {
                    late: false,
                    address,
                };
            }
            Step::Read { address, .. } => return self.read_register(address),
            Step::Argument {
                instruction,
                address,
            } => {
                self.step = Step::Done;
                match instruction {
                    2 => self.write_register(address, octet),
                    4 => self.change_bits(address, octet, 0),
                    _ => self.change_bits(address, 0, octet),
                }
            }
            Step::ReadMemory => return self.read_memory(),
            Step::WriteMemory => self.write_memory(octet),
            Step::Idle | Step::Done => {}
        }
        0
    }

    fn deselect(&mut self) {
        self.step = Step::Idle;
    }

    fn asks(&self) -> bool {
        self.asks_now()
    }

    fn reset_line(&mut self, is: PinState) {
        self.is_held = is == PinState::Low;
        if self.is_held {
            self.banks[0][ECON2] &= !0x20;
            self.reset();
        }
    }

    fn pass(&mut self, ns: u64) {
        self.now += ns;
        if self.phy_access.is_some() {
            self.finish_phy();
        }
        if self.sends_until.is_some() {
            self.finish_sending();
        }
    }

    fn deliver(&mut self, frame: &[u8]) -> bool {
        Self::deliver(self, frame)
    }

    fn take_sent(&mut self) -> Option<Vec<u8>> {
        self.sent.pop_front()
    }

    fn violations(&self) -> &[&'static str] {
        &self.violations
    }
}
