//! What the targets for drivers of SPI MACs share: calls in any order over a bus that answers
//! anything, and then a chip that answers properly again.

use core::cell::RefCell;

use arbitrary::Arbitrary;
use tcp_embedded::driver::SpiError;
use tcp_embedded::sim::{BusFault, Chip, InterruptLine, Port, Wired};
use tcp_embedded::{Mac, MacAddress};

pub const OURS: MacAddress = MacAddress([2, 0, 0, 0, 0, 1]);
const THEIRS: MacAddress = MacAddress([2, 0, 0, 0, 0, 2]);
/// More transactions than any one call may need: setting up, with every wait at its longest.
const MOST: u64 = 2_500;

/// Exchanges after which frames must flow: registers are compared every 64 calls, what cannot be
/// seen in them shows in what does not leave, and several things may be wrong.
const PATIENCE: u16 = 600;

/// A model and its driver.
pub trait Model: Chip + Default {
    type Driver<'a>: Mac<Error = SpiError<BusFault>>
    where
        Self: 'a;

    fn driver(board: &RefCell<Wired<Self>>) -> Self::Driver<'_>;
    fn mask(driver: &mut Self::Driver<'_>);
    fn unmask(driver: &mut Self::Driver<'_>);
    /// Something that befalls the chip.
    fn accident(&mut self, kind: u8, value: u16);
    /// Ends what does not end by itself or by a reset.
    fn heal(&mut self);
}

/// One thing that happens.
#[derive(Arbitrary, Debug)]
pub enum Step {
    Receive {
        room: u16,
    },
    Transmit {
        len: u16,
    },
    CanTransmit,
    Link,
    Multicast {
        groups: u8,
    },
    Mask,
    Unmask,
    Deliver {
        len: u16,
    },
    Pass {
        us: u16,
    },
    /// The chip is not reached; this is what the driver reads instead.
    Answers {
        octets: Vec<u8>,
    },
    /// The same octet for a while.
    Level {
        octet: u8,
        count: u16,
    },
    Bits {
        to_chip: u16,
        from_chip: u16,
    },
    Failures {
        rate: u16,
    },
    Line {
        is: u8,
    },
    Accident {
        kind: u8,
        value: u16,
    },
}

/// A whole case.
#[derive(Arbitrary, Debug)]
pub struct Case {
    seed: u64,
    steps: Vec<Step>,
}

/// No call panics or works without end, whatever the bus answers; and when it answers properly,
/// frames flow.
pub fn run<C: Model>(case: Case) {
    let board = RefCell::new(Wired::new(C::default(), case.seed));
    let mut driver = C::driver(&board);
    for step in case.steps.into_iter().take(64) {
        let before = board.borrow().transactions;
        perform(step, &board, &mut driver);
        let transactions = board.borrow().transactions - before;
        assert!(
            transactions < MOST,
            "{transactions} transactions in one call"
        );
    }
    board.borrow_mut().faults = Default::default();
    board.borrow_mut().chip.heal();
    C::unmask(&mut driver);
    // Ten frames in a row each way, with what is left from before taken first.
    let mut in_a_row = 0;
    for number in 0..PATIENCE {
        drain(&board, &mut driver);
        in_a_row = if exchange(&board, &mut driver, number as u8) {
            in_a_row + 1
        } else {
            0
        };
        if in_a_row == 10 {
            return;
        }
    }
    panic!("deaf or dumb");
}

fn perform<'a, C: Model>(step: Step, board: &RefCell<Wired<C>>, driver: &mut C::Driver<'a>) {
    let mut buffer = [0; 2_048];
    match step {
        Step::Receive { room } => {
            let room = usize::from(room) % 2_048;
            if let Ok(Some(len)) = driver.receive(&mut buffer[..room]) {
                assert!(len <= room);
            }
        }
        Step::Transmit { len } => {
            let _ = driver.transmit(&buffer[..usize::from(len) % 2_048]);
        }
        Step::CanTransmit => {
            driver.can_transmit();
        }
        Step::Link => {
            driver.link();
        }
        Step::Multicast { groups } => {
            let _ = driver.join_group(MacAddress([groups | 1, 0, 0x5e, groups, 1, 2]));
        }
        Step::Mask => C::mask(driver),
        Step::Unmask => C::unmask(driver),
        Step::Deliver { len } => {
            buffer[..6].copy_from_slice(&OURS.0);
            let len = 60 + usize::from(len) % 1_455;
            board.borrow_mut().chip.deliver(&buffer[..len]);
        }
        Step::Pass { us } => board.borrow_mut().chip.pass(u64::from(us) * 1_000),
        Step::Answers { octets } => board.borrow_mut().faults.answers = octets,
        Step::Level { octet, count } => {
            board.borrow_mut().faults.answers = vec![octet; usize::from(count) % 4_096];
        }
        Step::Bits { to_chip, from_chip } => {
            let faults = &mut board.borrow_mut().faults;
            faults.flips_to_chip = to_chip.into();
            faults.flips_from_chip = from_chip.into();
        }
        Step::Failures { rate } => board.borrow_mut().faults.failures = u32::from(rate) * 4,
        Step::Line { is } => {
            let lines = [
                InterruptLine::Connected,
                InterruptLine::StuckHigh,
                InterruptLine::StuckLow,
            ];
            board.borrow_mut().faults.line = lines[usize::from(is) % 3];
        }
        Step::Accident { kind, value } => board.borrow_mut().chip.accident(kind, value),
    }
}

/// A frame in and a frame out, the same number of octets each, and unchanged.
fn exchange<'a, C: Model>(
    board: &RefCell<Wired<C>>,
    driver: &mut C::Driver<'a>,
    number: u8,
) -> bool {
    let mut frame = [number; 70];
    frame[..6].copy_from_slice(&OURS.0);
    let arrived = board.borrow_mut().chip.deliver(&frame);
    let mut buffer = [0; 1_514];
    let taken = driver.receive(&mut buffer);
    let is_intact = taken == Ok(Some(70)) && buffer[..70] == frame;
    let _ = driver.link();
    frame[..6].copy_from_slice(&THEIRS.0);
    let is_sent = driver.can_transmit() && driver.transmit(&frame).is_ok();
    driver.can_transmit();
    let left = board.borrow_mut().chip.take_sent();
    arrived && is_intact && is_sent && left.as_deref() == Some(&frame)
}

/// Takes what is left from before in either direction.
fn drain<'a, C: Model>(board: &RefCell<Wired<C>>, driver: &mut C::Driver<'a>) {
    let mut buffer = [0; 1_514];
    while let Ok(Some(_)) = driver.receive(&mut buffer) {}
    while board.borrow_mut().chip.take_sent().is_some() {}
}

/// What a driver is given: the same chip in every role.
pub type Pins<'a, C> = Port<'a, C>;
