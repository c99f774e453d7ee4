//! Drivers of SPI MACs over models of their chips: very many frames, and whole hosts back to back.
//!
//! The models count what the data sheets forbid, so each test without faults also shows that the
//! drivers keep to them. Tests with faults print their seed; `SEED=17` runs one alone.

mod asynchronous;
mod frames;
mod host;
mod stacks;

use std::cell::RefCell;
use std::fmt::Debug;

use tcp_embedded::driver::{enc28j60, w5500};
use tcp_embedded::sim::{Chip, Enc28j60Sim, InterruptLine, Port, W5500Sim, Wired};
use tcp_embedded::{LinkState, Mac, MacAddress};
use tcp_tests::rng::Rng;

/// A model of a chip, the driver for it, and what can happen to it.
trait Model: Chip + Default + Debug {
    fn driver(board: &RefCell<Wired<Self>>, address: MacAddress) -> impl Mac + Debug;
    /// Something that befalls the chip itself.
    fn accident(&mut self, rng: &mut Rng);
    /// Ends what accidents began.
    fn heal(&mut self);
    fn dropped(&self) -> u64;
}

impl Model for Enc28j60Sim {
    fn driver(board: &RefCell<Wired<Self>>, address: MacAddress) -> impl Mac + Debug {
        let port = Port::new(board);
        enc28j60::Enc28j60::new(port, port, enc28j60::Config::new(address))
            .with_interrupt(port)
            .with_reset(port)
    }

    fn accident(&mut self, rng: &mut Rng) {
        let faults = &mut self.faults;
        match rng.below(11) {
            0 => faults.late_collisions = 1,
            1 => faults.late_collisions = 17,
            2 => faults.aborts = 1,
            3 => faults.hangs = rng.below(4) as u32,
            4 => faults.phy_stuck = true,
            5 => faults.wrong_lengths = 1,
            6 => faults.wrong_pointers = 1,
            7 => faults.damaged = 1,
            8 => self.brown_out(),
            9 => self.plug(LinkState::Down),
            _ => self.disturb(rng.below(4) as u8, rng.below(32) as u8, 1 << rng.below(8)),
        }
    }

    fn heal(&mut self) {
        self.faults.never_ready = false;
        self.plug(LinkState::Up);
    }

    fn dropped(&self) -> u64 {
        self.dropped()
    }
}

impl Model for W5500Sim {
    fn driver(board: &RefCell<Wired<Self>>, address: MacAddress) -> impl Mac + Debug {
        let port = Port::new(board);
        w5500::W5500::new(port, port, w5500::Config::new(address))
            .with_interrupt(port)
            .with_reset(port)
    }

    fn accident(&mut self, rng: &mut Rng) {
        let faults = &mut self.faults;
        match rng.below(8) {
            0 => faults.hangs = rng.below(4) as u32,
            1 => faults.timeouts = 1,
            2 => faults.commands_stuck = true,
            3 => {
                faults.wrong_lengths = 1;
                faults.wrong_length = rng.next_u32() as u16;
            }
            4 => faults.unstable = rng.below(100) as u32,
            5 => self.brown_out(),
            6 => self.plug(LinkState::Down),
            _ => self.disturb(rng.below(0x30) as u8, 1 << rng.below(8)),
        }
    }

    fn heal(&mut self) {
        self.faults.never_ready = false;
        self.plug(LinkState::Up);
    }

    fn dropped(&self) -> u64 {
        self.dropped()
    }
}

/// What happens on the wires: nothing, bits, failed transfers, a line that lies.
fn disturb_wires<C: Chip>(wired: &mut Wired<C>, rng: &mut Rng) {
    wired.faults.line = rng.choose(&[
        InterruptLine::Connected,
        InterruptLine::Connected,
        InterruptLine::StuckHigh,
        InterruptLine::StuckLow,
    ]);
    wired.faults.flips_to_chip = rng.choose(&[0, 0, 200, 2_000]);
    wired.faults.flips_from_chip = rng.choose(&[0, 0, 200, 2_000]);
    wired.faults.flips_within = 16;
    wired.faults.failures = rng.choose(&[0, 0, 1_000, 10_000]);
}

fn heal_wires<C: Chip>(wired: &mut Wired<C>) {
    wired.faults = tcp_embedded::sim::Faults::default();
}

/// The seeds to run: those given, or the one that was asked for.
fn seeds(count: u64) -> impl Iterator<Item = u64> {
    let asked = std::env::var("SEED")
        .ok()
        .and_then(|seed| seed.parse().ok());
    let (from, to) = asked.map_or((0, count), |seed: u64| (seed, seed + 1));
    from..to
}
