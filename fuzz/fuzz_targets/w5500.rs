//! The driver of the W5500 over a bus that answers anything, and its recovery.
#![no_main]

mod spi;

use core::cell::RefCell;

use libfuzzer_sys::fuzz_target;
use spi::{Case, Model, OURS, Pins};
use tcp_embedded::LinkState;
use tcp_embedded::driver::w5500::{Config, W5500};
use tcp_embedded::sim::{Port, W5500Sim, Wired};

fuzz_target!(|case: Case| spi::run::<W5500Sim>(case));

type Pin<'a> = Pins<'a, W5500Sim>;

impl Model for W5500Sim {
    type Driver<'a> = W5500<Pin<'a>, Pin<'a>, Pin<'a>, Pin<'a>>;

    fn driver(board: &RefCell<Wired<Self>>) -> Self::Driver<'_> {
        let port = Port::new(board);
        W5500::new(port, port, Config::new(OURS))
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
        match kind % 9 {
            0 => self.faults.hangs = few,
            1 => self.faults.timeouts = few,
            2 => self.faults.commands_stuck = true,
            3 => self.faults.never_ready = value % 2 == 1,
            4 => {
                self.faults.wrong_lengths = 1;
                self.faults.wrong_length = value;
            }
            5 => self.faults.unstable = value.into(),
            6 => self.brown_out(),
            7 if value % 2 == 1 => self.plug(LinkState::Down),
            7 => self.plug(LinkState::Up),
            _ => {
                let [place, mask] = value.to_be_bytes();
                self.disturb(place, mask);
            }
        }
    }

    fn heal(&mut self) {
        self.faults.never_ready = false;
        self.faults.unstable = 0;
        self.plug(LinkState::Up);
    }
}
