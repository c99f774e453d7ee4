#![cfg(feature = "sim")]

use core::cell::RefCell;

use super::{Config, Speed, W5500};
use crate::driver::{Multicast, SpiError, Waiting};
use crate::mac::{Error as _, ErrorKind, LinkState, Mac, MacAddress};
use crate::sim::{BusFault, Chip, InterruptLine, Port, W5500Sim, Wired};

const OURS: MacAddress = MacAddress([2, 0, 0, 0, 0, 1]);

type Board = RefCell<Wired<W5500Sim>>;
type Driver<'a> = W5500<Port<'a, W5500Sim>, Port<'a, W5500Sim>>;
type Full<'a> =
    W5500<Port<'a, W5500Sim>, Port<'a, W5500Sim>, Port<'a, W5500Sim>, Port<'a, W5500Sim>>;

fn board() -> Board {
    RefCell::new(Wired::new(W5500Sim::new(), 1))
}

fn driver(board: &Board) -> Driver<'_> {
    let mut driver = W5500::new(Port::new(board), Port::new(board), Config::new(OURS));
    driver.init().unwrap();
    driver
}

fn with_pins(board: &Board) -> Full<'_> {
    let port = Port::new(board);
    let mut driver = W5500::new(port, port, Config::new(OURS))
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
fn frames_of_all_lengths_come_in_around_the_buffer() {
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
fn ten_full_frames_wait_in_the_buffer_and_the_eleventh_is_dropped() {
    let board = board();
    let mut driver = driver(&board);
    for round in 0..20 {
        let full = |number: usize| frame(OURS, 1_514, 16 * round + number);
        for number in 0..10 {
            assert!(board.borrow_mut().chip.deliver(&full(number)));
        }
        assert!(!board.borrow_mut().chip.deliver(&full(10)));
        for number in 0..10 {
            let mut buffer = [0; 1_514];
            assert_eq!(driver.receive(&mut buffer), Ok(Some(1_514)));
            assert_eq!(buffer[..], full(number));
        }
        assert_eq!(driver.receive(&mut [0; 1_514]), Ok(None));
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
        assert!(sent[len..].iter().all(|&octet| octet == 0));
    }
    assert_eq!(driver.counters().sent, 1_501);
    assert_eq!(driver.transmit(&[0; 1_515]), Err(SpiError::TooLong));
    is_proper(&board);
}

/// What was sent before is still in the chip's memory, and must not leave again as padding.
#[test]
fn padding_is_zero_and_not_what_was_sent_before() {
    let board = board();
    let mut driver = driver(&board);
    for _ in 0..11 {
        driver.transmit(&[0xa5; 1_514]).unwrap();
        assert!(driver.can_transmit());
    }
    while board.borrow_mut().chip.take_sent().is_some() {}
    for len in 14..60 {
        driver.transmit(&frame(OURS, len, 1)).unwrap();
        assert!(driver.can_transmit());
        let sent = board.borrow_mut().chip.take_sent().unwrap();
        assert_eq!(sent[len..], vec![0; 60 - len]);
    }
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
fn every_speed_can_be_chosen() {
    for speed in [
        Speed::Negotiated,
        Speed::TenHalf,
        Speed::TenFull,
        Speed::HundredHalf,
        Speed::HundredFull,
    ] {
        let board = board();
        let config = Config::new(OURS).speed(speed);
        let mut driver = W5500::new(Port::new(&board), Port::new(&board), config);
        driver.init().unwrap();
        works(&board, &mut driver);
        is_proper(&board);
    }
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
fn a_length_that_cannot_be_empties_the_buffer() {
    for wrong in [0, 1, 2, 15, 61, 1_517, 1_600, 16_385, 52_991, u16::MAX] {
        let board = board();
        let mut driver = driver(&board);
        board.borrow_mut().chip.faults.wrong_lengths = 1;
        board.borrow_mut().chip.faults.wrong_length = wrong;
        assert!(arrive(&board, 10) && arrive(&board, 11));
        assert_eq!(
            driver.receive(&mut [0; 1_514]),
            Err(SpiError::Corrupt),
            "{wrong}"
        );
        assert_eq!(driver.receive(&mut [0; 1_514]), Ok(None));
        assert_eq!(driver.counters().resyncs, 1);
        works(&board, &mut driver);
        is_proper(&board);
    }
}

#[test]
fn lengths_that_are_always_wrong_end_in_a_reset() {
    let board = board();
    let mut driver = driver(&board);
    board.borrow_mut().chip.faults.wrong_lengths = 20;
    for mark in 0..20 {
        arrive(&board, mark);
        let _ = driver.receive(&mut [0; 1_514]);
    }
    assert!(driver.counters().resets > 1, "{:?}", driver.counters());
    board.borrow_mut().chip.faults.wrong_lengths = 0;
    works(&board, &mut driver);
}

#[test]
fn a_count_that_changes_while_it_is_read_is_read_again() {
    let board = board();
    let mut driver = driver(&board);
    assert!(arrive(&board, 1));
    board.borrow_mut().chip.faults.unstable = 7;
    expect(&mut driver, 1);
    board.borrow_mut().chip.faults.unstable = 10_000;
    let unstable = Err(SpiError::Timeout(Waiting::Stable));
    assert_eq!(driver.receive(&mut [0; 1_514]), unstable);
    board.borrow_mut().chip.faults.unstable = 0;
    works(&board, &mut driver);
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
fn transmissions_that_never_end_lead_to_a_reset() {
    let board = board();
    let mut driver = driver(&board);
    board.borrow_mut().chip.faults.hangs = 5;
    for _ in 0..200 {
        let _ = driver.receive(&mut [0; 1_514]);
        if driver.can_transmit() {
            driver.transmit(&[0; 60]).unwrap();
        }
    }
    assert_eq!(
        (driver.counters().stalled, driver.counters().resets),
        (5, 2)
    );
    works(&board, &mut driver);
    is_proper(&board);
}

#[test]
fn a_transmission_that_the_chip_gives_up_is_counted() {
    let board = board();
    let mut driver = driver(&board);
    board.borrow_mut().chip.faults.timeouts = 1;
    driver.transmit(&frame(OURS, 60, 1)).unwrap();
    assert!(driver.can_transmit());
    assert_eq!((driver.counters().aborted, driver.counters().sent), (1, 0));
    works(&board, &mut driver);
    is_proper(&board);
}

#[test]
fn the_link_is_what_the_phy_says() {
    let board = board();
    let mut driver = driver(&board);
    assert_eq!(driver.link(), LinkState::Up);
    board.borrow_mut().chip.plug(LinkState::Down);
    assert_eq!(driver.link(), LinkState::Down);
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
fn groups_come_through_all_or_none() {
    let board = board();
    let mut driver = driver(&board);
    let group = MacAddress([0x33, 0x33, 0xff, 0, 0, 1]);
    let arrives = |to| board.borrow_mut().chip.deliver(&frame(to, 60, 1));
    assert!(arrives(MacAddress::BROADCAST) && !arrives(group));
    driver.set_multicast(Multicast::Only(&[group])).unwrap();
    assert!(arrives(MacAddress::BROADCAST) && arrives(group));
    driver.set_multicast(Multicast::Only(&[])).unwrap();
    assert!(!arrives(group));
    driver.join_group(group).unwrap();
    assert!(arrives(group));
    driver.set_multicast(Multicast::Blocked).unwrap();
    assert!(!arrives(group) && arrives(OURS));
    assert!(!arrives(MacAddress([2, 0, 0, 0, 0, 2])), "somebody else's");
    works(&board, &mut driver);
    is_proper(&board);
}

#[test]
fn a_chip_that_lost_everything_is_set_up_again() {
    let board = board();
    let mut driver = driver(&board);
    let group = MacAddress([0x33, 0x33, 0, 0, 0, 1]);
    driver.set_multicast(Multicast::All).unwrap();
    board.borrow_mut().chip.brown_out();
    assert!(
        (0..66).any(|_| driver.receive(&mut [0; 1_514]).is_err()),
        "never noticed"
    );
    works(&board, &mut driver);
    assert!(
        board.borrow_mut().chip.deliver(&frame(group, 60, 1)),
        "the filter is as before"
    );
}

#[test]
fn a_register_that_changed_by_itself_is_noticed() {
    // Mode, state, sizes, read pointer, interrupt mask.
    for (address, mask) in [(0, 0x20), (3, 0x42), (0x1e, 0x10), (0x28, 0x40), (0x2c, 4)] {
        let board = board();
        let mut driver = driver(&board);
        board.borrow_mut().chip.disturb(address, mask);
        assert!(
            (0..66).any(|_| driver.receive(&mut [0; 1_514]).is_err()),
            "{address}"
        );
        works(&board, &mut driver);
    }
}

#[test]
fn commands_that_are_never_taken_lead_to_a_reset() {
    let board = board();
    let mut driver = driver(&board);
    board.borrow_mut().chip.faults.commands_stuck = true;
    let stuck = Err(SpiError::Timeout(Waiting::Command));
    assert_eq!(driver.transmit(&[0; 60]), stuck);
    works(&board, &mut driver);
    assert_eq!(driver.counters().resets, 2);
}

#[test]
fn a_chip_that_does_not_answer_is_an_error_and_no_more() {
    for level in [0x00, 0xff] {
        let board = board();
        let mut driver = W5500::new(Port::new(&board), Port::new(&board), Config::new(OURS));
        board.borrow_mut().faults.answers = vec![level; 4_000];
        assert_eq!(driver.init(), Err(SpiError::Absent));
        assert_eq!(driver.link(), LinkState::Down);
        assert!(!driver.can_transmit());
        assert!(driver.receive(&mut [0; 1_514]).is_err());
        assert!(driver.transmit(&[0; 60]).is_err());
        board.borrow_mut().faults.answers.clear();
        works(&board, &mut driver);
    }
}

#[test]
fn a_reset_that_never_ends_is_not_waited_for() {
    let board = board();
    board.borrow_mut().chip.faults.never_ready = true;
    let mut driver = W5500::new(Port::new(&board), Port::new(&board), Config::new(OURS));
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
        let board = RefCell::new(Wired::new(W5500Sim::new(), seed));
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
