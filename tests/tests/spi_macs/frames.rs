//! A million frames over each driver, octet by octet compared.

use std::cell::RefCell;

use tcp_embedded::sim::{Enc28j60Sim, W5500Sim, Wired};
use tcp_embedded::{Mac, MacAddress};
use tcp_tests::rng::Rng;

use crate::{Model, disturb_wires, heal_wires, seeds};

const OURS: MacAddress = MacAddress([2, 0, 0, 0, 0, 1]);
const THEIRS: MacAddress = MacAddress([2, 0, 0, 0, 0, 2]);

/// A frame of a length that is mostly small, and of contents that its number gives.
fn write(frame: &mut Vec<u8>, number: u64, to: MacAddress) {
    let mut rng = Rng::new(number);
    let len = match rng.below(64) {
        0 => 1_514,
        1..=8 => rng.between(60, 600),
        _ => rng.between(60, 90),
    };
    frame.clear();
    frame.extend(to.0);
    let mut word = rng.next_u64();
    while frame.len() < len as usize {
        frame.push(word as u8);
        word = word.rotate_left(8) ^ frame.len() as u64;
    }
}

/// Half a million frames in and as many out, in bursts, without faults: none is lost, none is
/// changed, and nothing is done that the data sheet forbids.
fn a_million_frames<C: Model>() {
    let board = RefCell::new(Wired::new(C::default(), 1));
    let mut mac = C::driver(&board, OURS);
    let mut rng = Rng::new(1);
    let (mut expected, mut buffer) = (Vec::new(), [0; 1_514]);
    let (mut arrived, mut taken, mut sent, mut left) = (0, 0, 0, 0);
    assert_eq!(mac.receive(&mut buffer).unwrap(), None);
    while taken < 500_000 {
        for _ in 0..rng.below(5) {
            write(&mut expected, arrived, OURS);
            if !board.borrow_mut().chip.deliver(&expected) {
                break;
            }
            arrived += 1;
        }
        for _ in 0..rng.below(5) {
            match mac.receive(&mut buffer) {
                Ok(Some(len)) => {
                    write(&mut expected, taken, OURS);
                    assert_eq!(buffer[..len], expected, "frame {taken} in");
                    taken += 1;
                }
                Ok(None) => {}
                // The ring was full when something arrived.
                Err(error) => assert!(format!("{error:?}").contains("Overrun"), "{error:?}"),
            }
        }
        while sent < taken {
            assert!(mac.can_transmit());
            write(&mut expected, sent, THEIRS);
            mac.transmit(&expected).unwrap();
            sent += 1;
        }
        while let Some(frame) = board.borrow_mut().chip.take_sent() {
            write(&mut expected, left, THEIRS);
            assert_eq!(frame, expected, "frame {left} out");
            left += 1;
        }
    }
    assert!(sent - left <= 1);
    let board = board.borrow();
    assert_eq!(board.chip.violations(), [""; 0]);
    println!(
        "{taken} in, {left} out, {} dropped for want of room, {} octets over the bus",
        board.chip.dropped(),
        board.octets
    );
}

#[test]
fn a_million_frames_over_an_enc28j60() {
    a_million_frames::<Enc28j60Sim>();
}

#[test]
fn a_million_frames_over_a_w5500() {
    a_million_frames::<W5500Sim>();
}

/// Whatever happened, frames flow again when it is over.
fn recovers<C: Model>() {
    for seed in seeds(300) {
        println!("SEED={seed}");
        let mut rng = Rng::new(seed);
        let board = RefCell::new(Wired::new(C::default(), seed));
        let mut mac = C::driver(&board, OURS);
        let (mut frame, mut buffer) = (Vec::new(), [0; 1_514]);
        let mut step = |number: u64| {
            write(&mut frame, number, OURS);
            let arrived = board.borrow_mut().chip.deliver(&frame);
            let taken = mac.receive(&mut buffer);
            let _ = mac.link();
            if mac.can_transmit() {
                write(&mut frame, number, THEIRS);
                let _ = mac.transmit(&frame);
            }
            let left = board.borrow_mut().chip.take_sent();
            (arrived, matches!(taken, Ok(Some(_))), left.is_some())
        };
        for number in 0..300 {
            if rng.happens(30_000) {
                board.borrow_mut().chip.accident(&mut rng);
            }
            if rng.happens(30_000) {
                disturb_wires(&mut board.borrow_mut(), &mut rng);
            }
            step(number);
        }
        board.borrow_mut().chip.heal();
        heal_wires(&mut board.borrow_mut());
        for number in 0..300 {
            step(number);
        }
        for number in 0..20 {
            assert_eq!(
                step(number),
                (true, true, true),
                "seed {seed}: deaf or dumb"
            );
        }
    }
}

#[test]
fn an_enc28j60_recovers_from_whatever_happened() {
    recovers::<Enc28j60Sim>();
}

#[test]
fn a_w5500_recovers_from_whatever_happened() {
    recovers::<W5500Sim>();
}
