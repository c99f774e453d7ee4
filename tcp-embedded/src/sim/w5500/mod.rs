//! A model of the W5500 with its first socket in the mode for raw frames.
//!
//! Modelled: the bus with its blocks, the common and the socket's registers, both buffers with
//! their pointers and sizes, commands that take a while, the filter, the PHY's mode and link, and
//! the interrupt line. Frames that find no room are dropped silently, as the chip does. Not
//! modelled: the chip's own TCP, wake-up, the other sockets beyond the sizes of their buffers.

#![expect(
    clippy::indexing_slicing,
    reason = "a model for tests: every index is masked or a constant"
)]

mod cable;
mod chip;

use std::collections::VecDeque;
use std::vec::Vec;

use crate::mac::LinkState;

/// Octets of each buffer.
const BUFFER: usize = 0x4000;

/// What is wrong with the chip, besides its wires.
#[derive(Clone, Debug, Default)]
pub struct W5500Faults {
    /// The next so many transmissions never end.
    pub hangs: u32,
    /// The next so many transmissions end in a timeout.
    pub timeouts: u32,
    /// Commands are never taken, until a reset.
    pub commands_stuck: bool,
    /// The reset never ends.
    pub never_ready: bool,
    /// The next so many received frames have a wrong length before them: this one.
    pub wrong_lengths: u32,
    /// The wrong length.
    pub wrong_length: u16,
    /// The count of received octets changes with every reading, for so many readings.
    pub unstable: u32,
}

/// The model.
#[derive(Debug)]
pub struct W5500Sim {
    /// What is wrong with it.
    pub faults: W5500Faults,
    common: [u8; 0x40],
    socket: [u8; 0x30],
    other_sizes: [[u8; 2]; 8],
    send: Vec<u8>,
    receive: Vec<u8>,
    /// Up to where the host has told that it has read.
    receive_read: u16,
    receive_write: u16,
    send_read: u16,
    header: Vec<u8>,
    /// Octets after the header in this transaction.
    data: usize,
    now: u64,
    command_until: Option<u64>,
    sends_until: Option<u64>,
    resets_until: u64,
    is_held: bool,
    link: LinkState,
    sent: VecDeque<Vec<u8>>,
    dropped: u64,
    violations: Vec<&'static str>,
}

impl W5500Sim {
    /// A chip after power-up, its cable plugged in.
    #[must_use]
    pub fn new() -> Self {
        let mut chip = Self {
            faults: W5500Faults::default(),
            common: [0; 0x40],
            socket: [0; 0x30],
            other_sizes: [[2; 2]; 8],
            send: std::vec![0; BUFFER],
            receive: std::vec![0; BUFFER],
            receive_read: 0,
            receive_write: 0,
            send_read: 0,
            header: Vec::new(),
            data: 0,
            now: 0,
            command_until: None,
            sends_until: None,
            resets_until: 0,
            is_held: false,
            link: LinkState::Up,
            sent: VecDeque::new(),
            dropped: 0,
            violations: Vec::new(),
        };
        chip.reset_registers();
        chip
    }

    /// Frames that arrived when there was no room for them.
    #[must_use]
    pub const fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Loses everything, as a dip of its supply would make it.
    pub fn brown_out(&mut self) {
        self.reset_registers();
    }

    /// Plugs the cable in or pulls it.
    pub const fn plug(&mut self, state: LinkState) {
        self.link = state;
    }

    /// Makes it hold something else than was written: the bits of `mask` of one of the socket's
    /// registers flip.
    pub fn disturb(&mut self, address: u8, mask: u8) {
        self.socket[usize::from(address) % 0x30] ^= mask;
    }

    fn violate(&mut self, what: &'static str) {
        // Enough to say what is wrong; a million would say no more.
        if self.violations.len() < 16 {
            self.violations.push(what);
        }
    }
}

impl Default for W5500Sim {
    fn default() -> Self {
        Self::new()
    }
}
