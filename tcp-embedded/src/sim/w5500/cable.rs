//! The cable's side: frames that arrive, frames that leave, and the commands between.

use std::vec::Vec;

use super::{BUFFER, W5500Sim};
use crate::mac::LinkState;

pub(super) const MODE: usize = 0x00;
pub(super) const COMMAND: usize = 0x01;
pub(super) const INTERRUPTS: usize = 0x02;
const STATUS: usize = 0x03;
const RECEIVE_KIB: usize = 0x1e;
const SEND_KIB: usize = 0x1f;
pub(super) const SEND_WRITE: usize = 0x24;
pub(super) const RECEIVE_READ: usize = 0x28;

const RAW: u8 = 0x42;
/// An octet at 100 Mbit/s.
const OCTET_NS: u64 = 80;
/// Preamble, frame check sequence and gap.
const AROUND: u64 = 24;
/// What a command takes.
const COMMAND_NS: u64 = 2_000;

const SENT: u8 = 0x10;
const TIMEOUT: u8 = 0x08;
const RECEIVED: u8 = 0x04;

impl W5500Sim {
    pub(super) const fn pair(&self, high: usize) -> u16 {
        u16::from_be_bytes([self.socket[high], self.socket[high + 1]])
    }

    pub(super) fn set_pair(&mut self, high: usize, value: u16) {
        let [a, b] = value.to_be_bytes();
        self.socket[high] = a;
        self.socket[high + 1] = b;
    }

    /// Size of the socket's send or receive buffer in octets.
    fn size(&self, kib: usize) -> u16 {
        u16::from(self.socket[kib].min(16)) * 1_024
    }

    pub(super) const fn received(&self) -> u16 {
        self.receive_write.wrapping_sub(self.receive_read)
    }

    pub(super) fn send_free(&self) -> u16 {
        let waiting = self.pair(SEND_WRITE).wrapping_sub(self.send_read);
        self.size(SEND_KIB).saturating_sub(waiting)
    }

    /// A frame without its check sequence comes by the cable; whether it is in the buffer then.
    pub fn deliver(&mut self, frame: &[u8]) -> bool {
        let is_on = self.socket[STATUS] == RAW && self.link == LinkState::Up;
        if !is_on || !self.accepts(frame) {
            return false;
        }
        let stored = u16::try_from(frame.len() + 2).unwrap_or(u16::MAX);
        if stored > self.size(RECEIVE_KIB).saturating_sub(self.received()) {
            self.dropped += 1;
            return false;
        }
        let mut prefix = stored;
        if self.faults.wrong_lengths > 0 {
            self.faults.wrong_lengths -= 1;
            prefix = self.faults.wrong_length;
        }
        for octet in prefix.to_be_bytes().iter().chain(frame) {
            self.receive[usize::from(self.receive_write) % BUFFER] = *octet;
            self.receive_write = self.receive_write.wrapping_add(1);
        }
        self.socket[INTERRUPTS] |= RECEIVED;
        true
    }

    fn accepts(&self, frame: &[u8]) -> bool {
        let mode = self.socket[MODE];
        let Some(destination) = frame.first_chunk::<6>() else {
            return false;
        };
        if mode & 0x80 == 0 {
            return true;
        }
        let is_everyone = *destination == [0xff; 6];
        let is_group = destination[0] & 1 != 0;
        if is_group && !is_everyone {
            return mode & 0x20 == 0;
        }
        is_everyone || destination[..] == self.common[0x09..0x0f]
    }

    pub(super) fn begin_command(&mut self, command: u8) {
        if self.command_until.is_some() {
            self.violate("a command before the one before was taken");
        }
        self.socket[COMMAND] = command;
        if self.faults.commands_stuck {
            return;
        }
        self.command_until = Some(self.now + COMMAND_NS);
        match command {
            0x01 => self.open(),
            0x10 => {
                self.socket[STATUS] = 0;
                self.sends_until = None;
            }
            0x20 => self.start_sending(),
            0x40 => self.commit_read(),
            _ => self.violate("a command that does not exist"),
        }
    }

    fn open(&mut self) {
        if self.socket[MODE] & 0x0f == 4 {
            self.socket[STATUS] = RAW;
        }
        self.receive_read = 0;
        self.receive_write = 0;
        self.send_read = 0;
        self.sends_until = None;
        self.set_pair(SEND_WRITE, 0);
        self.set_pair(RECEIVE_READ, 0);
    }

    fn commit_read(&mut self) {
        let read = self.pair(RECEIVE_READ);
        if read.wrapping_sub(self.receive_read) > self.received() {
            self.violate("more was read than was received");
        }
        self.receive_read = read;
    }

    fn start_sending(&mut self) {
        let len = self.pair(SEND_WRITE).wrapping_sub(self.send_read);
        if self.sends_until.is_some() {
            self.violate("a frame was sent before the one before had left");
        }
        if self.socket[STATUS] != RAW || !(60..=1_514).contains(&len) {
            self.violate("what was sent is no frame");
            return;
        }
        if self.faults.hangs > 0 {
            self.faults.hangs -= 1;
            return;
        }
        self.sends_until = Some(self.now + (u64::from(len) + AROUND) * OCTET_NS);
    }

    pub(super) fn finish_sending(&mut self) {
        self.sends_until = None;
        let write = self.pair(SEND_WRITE);
        if self.faults.timeouts > 0 {
            self.faults.timeouts -= 1;
            self.send_read = write;
            self.socket[INTERRUPTS] |= TIMEOUT;
            return;
        }
        let len = write.wrapping_sub(self.send_read);
        let places = (0..len).map(|offset| self.send_read.wrapping_add(offset));
        let frame: Vec<u8> = places
            .map(|place| self.send[usize::from(place) % BUFFER])
            .collect();
        self.send_read = write;
        self.socket[INTERRUPTS] |= SENT;
        if self.link == LinkState::Up {
            self.sent.push_back(frame);
        }
    }
}
