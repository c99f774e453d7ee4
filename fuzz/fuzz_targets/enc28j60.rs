//! The driver of the ENC28J60 over a bus that answers anything, and its recovery.
#![no_main]

mod spi;

use core::cell::RefCell;

use libfuzzer_sys::fuzz_target;
use spi::{Case, Model, OURS, Pins};
use tcp_embedded::LinkState;
use tcp_embedded::driver::enc28j60::{Config, Enc28j60};
use tcp_embedded::sim::{Enc28j60Sim, Port, Wired};

fuzz_target!(|case: Case| spi::run::<Enc28j60Sim>(case));

type Pin<'a> = Pins<'a, Enc28j60Sim>;

impl Model for Enc28j60Sim {
    type Driver<'a> = Enc28j60<Pin<'a>, Pin<'a>, Pin<'a>, Pin<'a>>;

    fn driver(board: &RefCell<Wired<Self>>) -> Self::Driver<'_> {
        let port = Port::new(board);
        Enc28j60::new(port, port, Config::new(OURS))
            .with_interrupt(port)
            .with_reset(port)
    }

    fn mask(driver: &mut Self::Driver<'_>) {
        let _ = driver.mask_interrupt();
    }

    fn unmask(driver: &mut Self::Driver<'_>) {
        let _ = driver.unmask_interrupt();
    }

    fn accident(&mut self, kind: u8, value: u16) {
        let few = u32::from(value % 20);
        match kind % 11 {
            0 => self.faults.late_collisions = few,
            1 => self.faults.aborts = few,
            2 => self.faults.hangs = few,
            3 => self.faults.phy_stuck = true,
            4 => self.faults.never_ready = value % 2 == 1,
            5 => self.faults.wrong_lengths = few,
            6 => self.faults.wrong_pointers = few,
            7 => self.faults.damaged = few,
            8 => self.brown_out(),
            9 if value % 2 == 1 => self.plug(LinkState::Down),
            9 => self.plug(LinkState::Up),
            _ => {
                let [place, mask] = value.to_be_bytes();
                self.disturb(place >> 5, place & 31, mask);
            }
        }
    }

    fn heal(&mut self) {
        self.faults.never_ready = false;
        self.faults.lost_reports = false;
        self.plug(LinkState::Up);
    }
}
