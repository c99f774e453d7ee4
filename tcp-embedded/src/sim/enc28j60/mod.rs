//! A model of the ENC28J60.
//!
//! Modelled: the bus with its banks and late answers, the memory with both pointers and the ring,
//! the pending counter, filters, overruns, the sender with its status vector, its collisions and
//! its stall after them, the PHY behind its slow interface, the interrupt line, and the errata on
//! which a driver can trip: the packet flag that says nothing (6), the stalled sender (12), the
//! even read pointer (14). Not modelled: DMA, wake-up filters, pause frames, self-tests.

#![expect(
    clippy::indexing_slicing,
    reason = "a model for tests: every index is masked or a constant"
)]

mod cable;
mod chip;
mod registers;

use std::collections::VecDeque;
use std::vec::Vec;

use crate::mac::LinkState;

/// Octets of memory.
const MEMORY: usize = 0x2000;

/// What is wrong with the chip, besides its wires.
#[derive(Clone, Debug, Default)]
pub struct Enc28j60Faults {
    /// The next so many transmissions end in a late collision.
    pub late_collisions: u32,
    /// The next so many transmissions end in too many collisions.
    pub aborts: u32,
    /// The next so many transmissions never end.
    pub hangs: u32,
    /// The PHY's interface is busy for ever, until a reset.
    pub phy_stuck: bool,
    /// The ready flag never comes.
    pub never_ready: bool,
    /// The header of the next so many received frames has a wrong length.
    pub wrong_lengths: u32,
    /// The header of the next so many received frames points somewhere else.
    pub wrong_pointers: u32,
    /// The next so many received frames are marked as damaged.
    pub damaged: u32,
    /// No transmission is ever reported as ended, though it has.
    pub lost_reports: bool,
}

/// The model.
#[derive(Debug)]
pub struct Enc28j60Sim {
    /// What is wrong with it.
    pub faults: Enc28j60Faults,
    memory: Vec<u8>,
    /// Four banks of registers; the common ones are kept in the first.
    banks: [[u8; 32]; 4],
    /// The half of the read pointer that was written and waits for the other.
    rx_read_low: u8,
    phy: [u16; 32],
    pending: u8,
    step: Step,
    now: u64,
    /// When the transmission under way ends.
    sends_until: Option<u64>,
    is_sender_stalled: bool,
    phy_access: Option<PhyAccess>,
    /// Up to when the chip is in its reset.
    resets_until: u64,
    is_held: bool,
    sent: VecDeque<Vec<u8>>,
    dropped: u64,
    violations: Vec<&'static str>,
}

/// Where in an instruction the bus is.
#[derive(Clone, Copy, Debug)]
enum Step {
    Idle,
    Instruction,
    Read { late: bool, address: u8 },
    Argument { instruction: u8, address: u8 },
    ReadMemory,
    WriteMemory,
    Done,
}

/// An access to the PHY that takes its time.
#[derive(Clone, Copy, Debug)]
struct PhyAccess {
    until: u64,
    write: Option<u16>,
    register: u8,
}

impl Enc28j60Sim {
    /// A chip of revision B7 after power-up, its cable plugged in.
    #[must_use]
    pub fn new() -> Self {
        let mut chip = Self {
            faults: Enc28j60Faults::default(),
            memory: std::vec![0; MEMORY],
            banks: [[0; 32]; 4],
            rx_read_low: 0,
            phy: [0; 32],
            pending: 0,
            step: Step::Idle,
            now: 0,
            sends_until: None,
            is_sender_stalled: false,
            phy_access: None,
            resets_until: 0,
            is_held: false,
            sent: VecDeque::new(),
            dropped: 0,
            violations: Vec::new(),
        };
        chip.reset_registers();
        chip.plug(LinkState::Up);
        chip
    }

    /// Frames that arrived when there was no room for them.
    #[must_use]
    pub const fn dropped(&self) -> u64 {
        self.dropped
    }

    /// How many frames wait to be read.
    #[must_use]
    pub const fn pending(&self) -> u8 {
        self.pending
    }

    /// Loses everything, as a dip of its supply would make it.
    pub fn brown_out(&mut self) {
        self.reset_registers();
    }

    /// Makes it hold something else than was written: the bits of `mask` of a register flip.
    pub fn disturb(&mut self, bank: u8, address: u8, mask: u8) {
        self.banks[usize::from(bank & 3)][usize::from(address & 31)] ^= mask;
    }

    fn violate(&mut self, what: &'static str) {
        // Enough to say what is wrong; a million would say no more.
        if self.violations.len() < 16 {
            self.violations.push(what);
        }
    }
}

impl Default for Enc28j60Sim {
    fn default() -> Self {
        Self::new()
    }
}
