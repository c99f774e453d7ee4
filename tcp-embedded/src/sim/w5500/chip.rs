//! The bus's side: three octets that say where, then octets.

use std::vec::Vec;

use embedded_hal::digital::PinState;

use super::cable::{COMMAND, INTERRUPTS, RECEIVE_READ, SEND_WRITE};
use super::{BUFFER, W5500Sim};
use crate::mac::LinkState;
use crate::sim::Chip;

const PHY: usize = 0x2e;
const SOCKET_MASK: usize = 0x18;
const INTERRUPT_MASK: usize = 0x2c;
/// What a reset takes.
const RESET_NS: u64 = 1_000_000;

impl W5500Sim {
    pub(super) fn reset_registers(&mut self) {
        self.common = [0; 0x40];
        self.common[PHY] = 0xb8;
        self.common[0x39] = 0x04;
        self.socket = [0; 0x30];
        self.socket[0x1e] = 2;
        self.socket[0x1f] = 2;
        self.socket[INTERRUPT_MASK] = 0xff;
        self.other_sizes = [[2; 2]; 8];
        self.command_until = None;
        self.sends_until = None;
        self.receive_read = 0;
        self.receive_write = 0;
        self.send_read = 0;
    }

    fn reset(&mut self) {
        self.reset_registers();
        self.faults.commands_stuck = false;
        self.resets_until = self.now + RESET_NS;
        self.common[0] = 0x80;
    }

    /// An octet of data, `index` octets after the address.
    fn access(&mut self, index: usize, octet: u8) -> u8 {
        let [high, low, control] = [self.header[0], self.header[1], self.header[2]];
        let offset = u16::try_from(index % 0x1_0000).unwrap_or_default();
        let address = usize::from(u16::from_be_bytes([high, low]).wrapping_add(offset));
        let writes = control & 0x04 != 0;
        match (control >> 3, writes) {
            (0, false) => self.read_common(address),
            (0, true) => self.write_common(address, octet),
            (1, false) => self.read_socket(address),
            (1, true) => self.write_socket(address, octet),
            (2, false) => self.send[address % BUFFER],
            (2, true) => self.write_send(address, octet),
            (3, false) => self.receive[address % BUFFER],
            (3, true) => 0,
            (block, true) if block & 3 == 1 && (0x1e..=0x1f).contains(&address) => {
                self.other_sizes[usize::from(block >> 2)][address - 0x1e] = octet;
                0
            }
            _ => 0,
        }
    }

    fn write_send(&mut self, address: usize, octet: u8) -> u8 {
        if self.sends_until.is_some() {
            self.violate("the send buffer was written while a frame was leaving");
        }
        self.send[address % BUFFER] = octet;
        0
    }

    fn read_common(&self, address: usize) -> u8 {
        let Some(&value) = self.common.get(address) else {
            return 0;
        };
        match address {
            0 if self.faults.never_ready => value | 0x80,
            // Speed and duplex as negotiated, and the link.
            PHY if self.link == LinkState::Up => value & 0xf8 | 0x07,
            PHY => value & 0xf8,
            _ => value,
        }
    }

    fn write_common(&mut self, address: usize, octet: u8) -> u8 {
        match address {
            0 if octet & 0x80 != 0 => self.reset(),
            // Read only.
            0x39 => {}
            _ if address < self.common.len() => self.common[address] = octet,
            _ => {}
        }
        0
    }

    fn read_socket(&mut self, address: usize) -> u8 {
        if self.now < self.resets_until {
            self.violate("a socket was used during the reset");
        }
        let half = |value: u16| value.to_be_bytes()[address % 2];
        match address {
            0x20 | 0x21 => half(self.send_free()),
            0x22 | 0x23 => half(self.send_read),
            0x26 | 0x27 if self.faults.unstable > 0 => {
                self.faults.unstable -= 1;
                half(self.received() ^ (self.faults.unstable & 0x0fff) as u16)
            }
            0x26 | 0x27 => half(self.received()),
            0x2a | 0x2b => half(self.receive_write),
            // Reserved bits read as anything.
            INTERRUPT_MASK => self.socket[INTERRUPT_MASK] | 0xa0,
            _ => self.socket.get(address).copied().unwrap_or(0),
        }
    }

    fn write_socket(&mut self, address: usize, octet: u8) -> u8 {
        match address {
            COMMAND => self.begin_command(octet),
            // A one clears.
            INTERRUPTS => self.socket[INTERRUPTS] &= !octet,
            0x00 | 0x04..=0x1f | INTERRUPT_MASK => self.socket[address] = octet,
            SEND_WRITE | 0x25 | RECEIVE_READ | 0x29 => self.socket[address] = octet,
            _ => {}
        }
        if matches!(address, 0x1e | 0x1f) {
            let others = &self.other_sizes[1..];
            let sum: u32 = others
                .iter()
                .map(|sizes| u32::from(sizes[address - 0x1e]))
                .sum();
            if sum + u32::from(octet) > 16 {
                self.violate("more memory was given out than there is");
            }
        }
        0
    }
}

impl Chip for W5500Sim {
    fn select(&mut self) {
        self.header.clear();
    }

    fn octet(&mut self, octet: u8) -> u8 {
        if self.is_held {
            return 0;
        }
        // The address, the control octet, and how many octets of data there were.
        match self.header.len() {
            0..=2 => {
                self.header.push(octet);
                if self.header.len() == 3 {
                    self.data = 0;
                }
                0
            }
            _ => {
                let index = self.data;
                self.data += 1;
                self.access(index, octet)
            }
        }
    }

    fn deselect(&mut self) {
        self.header.clear();
    }

    fn asks(&self) -> bool {
        self.common[SOCKET_MASK] & 1 != 0
            && self.socket[INTERRUPTS] & self.socket[INTERRUPT_MASK] != 0
    }

    fn reset_line(&mut self, is: PinState) {
        self.is_held = is == PinState::Low;
        if self.is_held {
            self.reset();
        }
    }

    fn pass(&mut self, ns: u64) {
        self.now += ns;
        if self.common[0] & 0x80 != 0 && self.now >= self.resets_until {
            self.common[0] &= !0x80;
        }
        if self.command_until.is_some_and(|until| until <= self.now) {
            self.command_until = None;
            self.socket[COMMAND] = 0;
        }
        if self.sends_until.is_some_and(|until| until <= self.now) {
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
