#![cfg(feature = "sim")]

use core::cell::RefCell;

use super::{Config, Duplex, Enc28j60};
use crate::driver::{Multicast, SpiError, Waiting};
use crate::mac::{Error as _, ErrorKind, LinkState, Mac, MacAddress};
use crate::sim::{BusFault, Chip, Enc28j60Sim, InterruptLine, Port, Wired};

const OURS: MacAddress = MacAddress([2, 0, 0, 0, 0, 1]);

type Board = RefCell<Wired<Enc28j60Sim>>;
type Driver<'a> = Enc28j60<Port<'a, Enc28j60Sim>, Port<'a, Enc28j60Sim>>;
type Full<'a> = Enc28j60<
    Port<'a, Enc28j60Sim>,
    Port<'a, Enc28j60Sim>,
    Port<'a, Enc28j60Sim>,
    Port<'a, Enc28j60Sim>,
>;

fn board() -> Board {
    RefCell::new(Wired::new(Enc28j60Sim::new(), 1))
}

fn driver(board: &Board) -> Driver<'_> {
    let mut driver = Enc28j60::new(Port::new(board), Port::new(board), Config::new(OURS));
    driver.init().unwrap();
    driver
}

fn with_pins(board: &Board) -> Full<'_> {
    let port = Port::new(board);
    let mut driver = Enc28j60::new(port, port, Config::new(OURS))
        .with_interrupt(port)
        .with_reset(port);
    driver.init().unwrap();
    driver
}

/// A frame to `to` of `len` octets, told from others by `mark`.
fn frame(to: MacAddress, len: usize, mark: usize) -> Vec<u8> {
    let mut frame = vec![0; len];
    for (place, octet) in frame.iter_mut().enumerate() {
        *octet = (place.wrapping_mul(31) ^ mark.wrapping_mul(167)) as u8;
    }
    frame[..6].copy_from_slice(&to.0);
    frame
}

fn arrive(board: &Board, mark: usize) -> bool {
    let len = 60 + mark % 1_455;
    board.borrow_mut().chip.deliver(&frame(OURS, len, mark))
}

fn expect(driver: &mut impl Mac, mark: usize) {
    let mut buffer = [0; 1_514];
    let len = driver.receive(&mut buffer).unwrap().expect("a frame");
    assert_eq!(
        buffer[..len],
        frame(OURS, 60 + mark % 1_455, mark),
        "frame {mark}"
    );
}

/// Frames go in and out again within a few calls, whatever was before.
fn works(board: &Board, driver: &mut impl Mac) {
    let mut buffer = [0; 1_514];
    for _ in 0..40 {
        let _ = driver.receive(&mut buffer);
        driver.can_transmit();
    }
    while let Ok(Some(_)) = driver.receive(&mut buffer) {}
    while board.borrow_mut().chip.take_sent().is_some() {}
    for mark in 0..20 {
        assert!(
            arrive(board, mark),
            "the chip is deaf: {:?}",
            board.borrow().chip.violations()
        );
        // The line may be a liar.
        let got = (0..20).find_map(|_| driver.receive(&mut buffer).unwrap());
        assert_eq!(got, Some(60 + mark), "frame {mark}");
        let out = frame(MacAddress::BROADCAST, 60 + mark, mark);
        assert!(driver.can_transmit());
        driver.transmit(&out).unwrap();
        assert!(driver.can_transmit());
        assert_eq!(board.borrow_mut().chip.take_sent(), Some(out));
    }
}

fn is_proper(board: &Board) {
    assert_eq!(board.borrow().chip.violations(), [""; 0]);
}

#[test]
fn frames_of_all_lengths_come_in_around_the_ring() {
    let board = board();
    let mut driver = driver(&board);
    for mark in 0..3_000 {
        assert!(arrive(&board, mark));
        expect(&mut driver, mark);
    }
    assert_eq!(driver.receive(&mut [0; 1_514]), Ok(None));
    assert_eq!(driver.counters().received, 3_000);
    assert_eq!(driver.counters().resyncs, 0);
    is_proper(&board);
}

#[test]
fn four_full_frames_wait_in_the_ring() {
    let board = board();
    let mut driver = driver(&board);
    for mark in 0..40 {
        let full = |number: usize| frame(OURS, 1_514, 4 * mark + number);
        for number in 0..4 {
            assert!(
                board.borrow_mut().chip.deliver(&full(number)),
                "{mark} {number}"
            );
        }
        for number in 0..4 {
            let mut buffer = [0; 1_514];
            assert_eq!(driver.receive(&mut buffer), Ok(Some(1_514)));
            assert_eq!(buffer[..], full(number));
        }
    }
    is_proper(&board);
}

#[test]
fn frames_leave_padded_and_unchanged() {
    let board = board();
    let mut driver = driver(&board);
    for len in 14..=1_514 {
        let out = frame(MacAddress::BROADCAST, len, len);
        assert!(driver.can_transmit());
        driver.transmit(&out).unwrap();
        assert!(driver.can_transmit());
        let sent = board.borrow_mut().chip.take_sent().unwrap();
        assert_eq!(sent.len(), len.max(60));
        assert_eq!(sent[..len], out);
    }
    assert_eq!(driver.counters().sent, 1_501);
    assert_eq!(driver.transmit(&[0; 1_515]), Err(SpiError::TooLong));
    is_proper(&board);
}

#[test]
fn nothing_is_sent_while_a_frame_is_leaving() {
    let board = board();
    let mut driver = driver(&board);
    driver.transmit(&frame(OURS, 1_514, 1)).unwrap();
    assert_eq!(driver.transmit(&[0; 60]), Err(SpiError::Busy));
    assert!(driver.can_transmit());
    driver.transmit(&[0; 60]).unwrap();
    is_proper(&board);
}

#[test]
fn full_duplex_is_set_on_both_sides_of_the_chip() {
    let board = board();
    let config = Config::new(OURS).duplex(Duplex::Full);
    let mut driver = Enc28j60::new(Port::new(&board), Port::new(&board), config);
    driver.init().unwrap();
    works(&board, &mut driver);
    assert_eq!(driver.revision(), 6);
    is_proper(&board);
}

#[test]
fn a_frame_longer_than_the_buffer_is_skipped() {
    let board = board();
    let mut driver = driver(&board);
    assert!(arrive(&board, 10) && arrive(&board, 11));
    assert_eq!(driver.receive(&mut [0; 60]), Err(SpiError::BadFrame));
    expect(&mut driver, 11);
    assert_eq!(driver.counters().bad_frames, 1);
}

#[test]
fn a_damaged_frame_is_skipped() {
    let board = board();
    let mut driver = driver(&board);
    board.borrow_mut().chip.faults.damaged = 1;
    assert!(arrive(&board, 10) && arrive(&board, 11));
    assert_eq!(driver.receive(&mut [0; 1_514]), Err(SpiError::BadFrame));
    expect(&mut driver, 11);
    is_proper(&board);
}

#[test]
fn a_header_that_contradicts_itself_empties_the_ring() {
    for pointer in [false, true] {
        let board = board();
        let mut driver = driver(&board);
        if pointer {
            board.borrow_mut().chip.faults.wrong_pointers = 1;
        } else {
            board.borrow_mut().chip.faults.wrong_lengths = 1;
        }
        assert!(arrive(&board, 10) && arrive(&board, 11));
        assert_eq!(driver.receive(&mut [0; 1_514]), Err(SpiError::Corrupt));
        assert_eq!(driver.receive(&mut [0; 1_514]), Ok(None));
        assert_eq!(driver.counters().resyncs, 1);
        works(&board, &mut driver);
        is_proper(&board);
    }
}

#[test]
fn a_ring_that_is_always_wrong_ends_in_a_reset() {
    let board = board();
    let mut driver = driver(&board);
    board.borrow_mut().chip.faults.wrong_lengths = 20;
    for mark in 0..20 {
        arrive(&board, mark);
        let _ = driver.receive(&mut [0; 1_514]);
    }
    assert!(driver.counters().resets > 1, "{:?}", driver.counters());
    works(&board, &mut driver);
}

#[test]
fn an_overrun_is_told_and_cleared() {
    let board = board();
    let mut driver = driver(&board);
    let mut delivered = 0;
    while arrive(&board, delivered) {
        delivered += 1;
    }
    for mark in 0..delivered {
        expect(&mut driver, mark);
    }
    assert_eq!(driver.receive(&mut [0; 1_514]), Err(SpiError::Overrun));
    assert_eq!(driver.receive(&mut [0; 1_514]), Ok(None));
    assert_eq!(driver.counters().overruns, 1);
    works(&board, &mut driver);
    is_proper(&board);
}

#[test]
fn errata_12_a_stalled_sender_is_reset_before_the_next_frame() {
    let board = board();
    let mut driver = driver(&board);
    board.borrow_mut().chip.faults.aborts = 1;
    driver.transmit(&frame(OURS, 60, 1)).unwrap();
    assert!(driver.can_transmit());
    assert_eq!(driver.counters().aborted, 1);
    works(&board, &mut driver);
    is_proper(&board);
}

#[test]
fn errata_13_a_late_collision_is_tried_again() {
    let board = board();
    let mut driver = driver(&board);
    board.borrow_mut().chip.faults.late_collisions = 16;
    let out = frame(OURS, 60, 1);
    driver.transmit(&out).unwrap();
    assert!((0..3).any(|_| driver.can_transmit()));
    assert_eq!(board.borrow_mut().chip.take_sent(), Some(out));
    assert_eq!((driver.counters().retried, driver.counters().sent), (16, 1));
    board.borrow_mut().chip.faults.late_collisions = 17;
    driver.transmit(&[0; 60]).unwrap();
    assert!((0..3).any(|_| driver.can_transmit()));
    assert_eq!(driver.counters().aborted, 1);
    assert_eq!(board.borrow_mut().chip.take_sent(), None);
    works(&board, &mut driver);
    is_proper(&board);
}

#[test]
fn a_transmission_that_does_not_end_is_cancelled() {
    let board = board();
    let mut driver = driver(&board);
    board.borrow_mut().chip.faults.hangs = 1;
    driver.transmit(&frame(OURS, 60, 1)).unwrap();
    let calls = (1..100).find(|_| driver.can_transmit());
    assert_eq!(calls, Some(16));
    assert_eq!(driver.counters().stalled, 1);
    works(&board, &mut driver);
    is_proper(&board);
}

#[test]
fn a_transmission_whose_end_is_not_reported_is_over_all_the_same() {
    let board = board();
    let mut driver = driver(&board);
    board.borrow_mut().chip.faults.lost_reports = true;
    works(&board, &mut driver);
    assert_eq!((driver.counters().sent, driver.counters().stalled), (20, 0));
    is_proper(&board);
}

#[test]
fn transmissions_that_never_end_lead_to_a_reset() {
    let board = board();
    let mut driver = driver(&board);
    board.borrow_mut().chip.faults.hangs = 3;
    for _ in 0..200 {
        let _ = driver.receive(&mut [0; 1_514]);
        if driver.can_transmit() {
            driver.transmit(&[0; 60]).unwrap();
        }
    }
    assert_eq!(
        (driver.counters().stalled, driver.counters().resets),
        (3, 2)
    );
    works(&board, &mut driver);
    is_proper(&board);
}

#[test]
fn a_pulled_cable_is_noticed_by_its_interrupt() {
    let board = board();
    let mut driver = with_pins(&board);
    assert_eq!(driver.link(), LinkState::Up);
    assert!(!driver.asks());
    board.borrow_mut().chip.plug(LinkState::Down);
    assert!(driver.asks());
    assert_eq!(driver.receive(&mut [0; 1_514]), Ok(None));
    assert_eq!(driver.link(), LinkState::Down);
    assert!(!driver.asks(), "the cause was answered");
    board.borrow_mut().chip.plug(LinkState::Up);
    let _ = driver.receive(&mut [0; 1_514]);
    assert_eq!(driver.link(), LinkState::Up);
    is_proper(&board);
}

#[test]
fn a_pulled_cable_is_noticed_without_its_interrupt() {
    let board = board();
    let mut driver = with_pins(&board);
    board.borrow_mut().faults.line = InterruptLine::StuckHigh;
    board.borrow_mut().chip.plug(LinkState::Down);
    assert!((0..64).any(|_| driver.link() == LinkState::Down));
    board.borrow_mut().chip.plug(LinkState::Up);
    assert!((0..4).any(|_| driver.link() == LinkState::Up));
}

#[test]
fn nothing_goes_over_the_bus_while_the_line_is_quiet() {
    let board = board();
    let mut driver = with_pins(&board);
    assert_eq!(driver.receive(&mut [0; 1_514]), Ok(None));
    let before = board.borrow().transactions;
    for _ in 0..15 {
        assert_eq!(driver.receive(&mut [0; 1_514]), Ok(None));
    }
    assert_eq!(board.borrow().transactions, before);
    assert!(arrive(&board, 1) && arrive(&board, 2));
    assert!(driver.asks());
    expect(&mut driver, 1);
    expect(&mut driver, 2);
    assert_eq!(driver.receive(&mut [0; 1_514]), Ok(None));
    assert!(!driver.asks());
}

#[test]
fn a_lying_line_neither_deafens_nor_blocks() {
    for line in [InterruptLine::StuckHigh, InterruptLine::StuckLow] {
        let board = board();
        let mut driver = with_pins(&board);
        board.borrow_mut().faults.line = line;
        works(&board, &mut driver);
        is_proper(&board);
    }
}

#[test]
fn a_masked_line_stays_quiet_until_it_is_unmasked() {
    let board = board();
    let mut driver = with_pins(&board);
    driver.mask_interrupt().unwrap();
    assert!(arrive(&board, 1));
    assert!(!driver.asks());
    // Looking at the chip does not unmask.
    for _ in 0..20 {
        let _ = driver.receive(&mut [0; 1_514]);
    }
    assert!(arrive(&board, 1));
    assert!(!driver.asks());
    driver.unmask_interrupt().unwrap();
    assert!(driver.asks(), "an edge for what came meanwhile");
    expect(&mut driver, 1);
    is_proper(&board);
}

#[test]
fn the_end_of_a_transmission_asks_and_is_answered() {
    let board = board();
    let mut driver = with_pins(&board);
    driver.transmit(&frame(OURS, 60, 1)).unwrap();
    board.borrow_mut().chip.pass(1_000_000);
    assert!(driver.asks());
    assert_eq!(driver.receive(&mut [0; 1_514]), Ok(None));
    assert!(!driver.asks());
    assert_eq!(driver.counters().sent, 1);
}

#[test]
fn groups_come_through_as_asked() {
    let board = board();
    let mut driver = driver(&board);
    let ours = MacAddress([0x33, 0x33, 0xff, 0, 0, 1]);
    let other = MacAddress([0x33, 0x33, 0xff, 0x12, 0x34, 0x56]);
    let arrives = |to| {
        let mut board = board.borrow_mut();
        board.chip.deliver(&frame(to, 60, 1))
    };
    assert!(arrives(MacAddress::BROADCAST) && !arrives(ours) && !arrives(other));
    driver.set_multicast(Multicast::Only(&[ours])).unwrap();
    assert!(arrives(MacAddress::BROADCAST) && arrives(ours) && !arrives(other));
    driver.set_multicast(Multicast::All).unwrap();
    assert!(arrives(ours) && arrives(other));
    driver.set_multicast(Multicast::Blocked).unwrap();
    assert!(!arrives(ours) && arrives(OURS));
    assert!(!arrives(MacAddress([2, 0, 0, 0, 0, 2])), "somebody else's");
    works(&board, &mut driver);
    is_proper(&board);
}

#[test]
fn groups_are_joined_one_after_the_other() {
    let board = board();
    let mut driver = driver(&board);
    let groups = [1, 2, 3].map(|last| MacAddress([0x33, 0x33, 0, 0, 0, last]));
    let arrives = |to| board.borrow_mut().chip.deliver(&frame(to, 60, 1));
    for (index, &group) in groups.iter().enumerate() {
        assert!(!arrives(group));
        driver.join_group(group).unwrap();
        assert!(groups[..=index].iter().all(|&joined| arrives(joined)));
    }
    works(&board, &mut driver);
    is_proper(&board);
}

#[test]
fn the_filter_survives_a_reset() {
    let board = board();
    let mut driver = driver(&board);
    let group = MacAddress([0x33, 0x33, 0, 0, 0, 1]);
    driver.set_multicast(Multicast::Only(&[group])).unwrap();
    board.borrow_mut().chip.brown_out();
    for _ in 0..100 {
        let _ = driver.receive(&mut [0; 1_514]);
    }
    assert!(board.borrow_mut().chip.deliver(&frame(group, 60, 1)));
}

#[test]
fn a_chip_that_lost_everything_is_set_up_again() {
    for with_line in [false, true] {
        let board = board();
        let port = Port::new(&board);
        let mut driver = with_pins(&board);
        if with_line {
            board.borrow_mut().chip.brown_out();
            let calls = (0..64 + 18).position(|_| driver.receive(&mut [0; 1_514]).is_err());
            assert!(calls.is_some(), "never noticed");
            works(&board, &mut driver);
        } else {
            let mut driver = Enc28j60::new(port, port, Config::new(OURS));
            driver.init().unwrap();
            board.borrow_mut().chip.brown_out();
            let calls = (0..66).position(|_| driver.receive(&mut [0; 1_514]).is_err());
            assert!(calls.is_some(), "never noticed");
            works(&board, &mut driver);
        }
    }
}

#[test]
fn a_register_that_changed_by_itself_is_noticed() {
    // Bank, address, bits: filter, ring's end, sender's start, MAC, station address, interrupts.
    let places = [
        (1, 0x18, 0x80),
        (0, 0x0a, 0x10),
        (0, 0x04, 0x02),
        (2, 0, 1),
        (3, 4, 8),
    ];
    let more = [(0, 0x1b, 0x40), (0, 0x1e, 0x80), (2, 0x0b, 0x04)];
    for (bank, address, mask) in places.into_iter().chain(more) {
        let board = board();
        let mut driver = driver(&board);
        board.borrow_mut().chip.disturb(bank, address, mask);
        let noticed = (0..66).any(|_| driver.receive(&mut [0; 1_514]) == Err(SpiError::Lost));
        assert!(noticed, "bank {bank}, register {address}");
        works(&board, &mut driver);
    }
}

#[test]
fn a_lost_acknowledgement_is_noticed() {
    let board = board();
    let mut driver = driver(&board);
    for mark in 0..5 {
        assert!(arrive(&board, mark));
        expect(&mut driver, mark);
    }
    // The chip's write pointer is ahead of where the driver looks, with nothing pending.
    board.borrow_mut().chip.disturb(0, 0x0e, 0x40);
    let noticed = (0..66).any(|_| driver.receive(&mut [0; 1_514]) == Err(SpiError::Corrupt));
    assert!(noticed);
    works(&board, &mut driver);
}

#[test]
fn a_busy_phy_is_not_waited_for_without_end() {
    let board = board();
    let mut driver = driver(&board);
    board.borrow_mut().chip.faults.phy_stuck = true;
    assert!((0..65).any(|_| driver.link() == LinkState::Down));
    works(&board, &mut driver);
    assert_eq!(driver.counters().resets, 2);
    assert_eq!(driver.link(), LinkState::Up);
}

#[test]
fn a_chip_that_does_not_answer_is_an_error_and_no_more() {
    for level in [0x00, 0xff] {
        let board = board();
        let mut driver = Enc28j60::new(Port::new(&board), Port::new(&board), Config::new(OURS));
        board.borrow_mut().faults.answers = vec![level; 4_000];
        assert!(matches!(
            driver.init(),
            Err(SpiError::Absent | SpiError::Timeout(Waiting::Reset))
        ));
        assert_eq!(driver.link(), LinkState::Down);
        assert!(!driver.can_transmit());
        assert!(driver.receive(&mut [0; 1_514]).is_err());
        assert!(driver.transmit(&[0; 60]).is_err());
        board.borrow_mut().faults.answers.clear();
        works(&board, &mut driver);
    }
}

#[test]
fn a_chip_that_is_never_ready_is_not_waited_for_without_end() {
    let board = board();
    board.borrow_mut().chip.faults.never_ready = true;
    let mut driver = Enc28j60::new(Port::new(&board), Port::new(&board), Config::new(OURS));
    assert_eq!(driver.init(), Err(SpiError::Timeout(Waiting::Reset)));
    assert!(board.borrow().transactions < 100);
    board.borrow_mut().chip.faults.never_ready = false;
    works(&board, &mut driver);
}

#[test]
fn a_failing_bus_is_an_error_each_time_and_recovers() {
    let board = board();
    let mut driver = driver(&board);
    board.borrow_mut().faults.failures = 1_000_000;
    let error = driver.receive(&mut [0; 1_514]).unwrap_err();
    assert_eq!(error, SpiError::Bus(BusFault));
    assert_eq!(error.kind(), ErrorKind::Bus);
    assert!(driver.transmit(&[0; 60]).is_err());
    assert!(!driver.can_transmit());
    board.borrow_mut().faults.failures = 0;
    works(&board, &mut driver);
    assert!(driver.counters().bus_errors >= 2);
}

/// After disturbances of every kind of transfer, frames flow as before.
#[test]
fn flipped_bits_and_failed_transfers_are_survived() {
    for seed in 0..200 {
        let board = RefCell::new(Wired::new(Enc28j60Sim::new(), seed));
        let mut driver = with_pins(&board);
        {
            let faults = &mut board.borrow_mut().faults;
            let rate = 50 + 200 * (seed as u32 % 20);
            [
                faults.flips_to_chip,
                faults.flips_from_chip,
                faults.failures,
            ] = match seed % 3 {
                0 => [rate, 0, 0],
                1 => [0, rate, 0],
                _ => [rate, rate, rate],
            };
        }
        let mut buffer = [0; 1_514];
        for mark in 0..400 {
            arrive(&board, mark);
            let _ = driver.receive(&mut buffer);
            let _ = driver.link();
            if driver.can_transmit() {
                let _ = driver.transmit(&frame(OURS, 60 + mark, mark));
            }
        }
        board.borrow_mut().faults = Default::default();
        // The comparison of the registers comes round in this time.
        for mark in 0..200 {
            arrive(&board, mark);
            let _ = driver.receive(&mut buffer);
            let _ = driver.link();
            let _ = driver.can_transmit();
        }
        works(&board, &mut driver);
    }
}
