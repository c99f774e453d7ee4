use super::model::{BOUND, EEPROM, Model, Noise};
use super::registers::{interrupt, mac, status};
use super::*;
use crate::mac::{Error as _, ErrorKind};

type Chip = Lan9118<Model>;

fn chip() -> Chip {
    let mut chip = Lan9118::new(Model::new(), Station::Eeprom).unwrap();
    assert_eq!(chip.link(), LinkState::Up);
    chip
}

fn frame(length: usize) -> Vec<u8> {
    (0..length).map(|at| (at * 7 + length) as u8).collect()
}

/// Takes everything, and returns what came and how many errors there were.
fn drain(chip: &mut Chip) -> (Vec<Vec<u8>>, u32) {
    let (mut frames, mut errors) = (Vec::new(), 0);
    let mut buffer = [0; 1_514];
    for _ in 0..100 {
        match chip.receive(&mut buffer) {
            Ok(Some(length)) => frames.push(buffer[..length].to_vec()),
            Ok(None) => return (frames, errors),
            Err(_) => errors += 1,
        }
    }
    panic!("never empty");
}

fn flip(register: Register, bits: u32, after: u32) -> impl FnOnce(&mut Model) {
    move |model| {
        model.faults.flip = Some((register, bits));
        model.faults.after = after;
    }
}

#[test]
fn the_address_comes_from_the_eeprom_or_the_caller() {
    assert_eq!(chip().address(), EEPROM);
    let given = MacAddress([2, 0, 0, 0, 0, 9]);
    let mut model = Model::new();
    model.eeprom = None;
    let chip = Lan9118::new(&mut model, Station::Address(given)).unwrap();
    assert_eq!(chip.address(), given);
    let none = Lan9118::new(&mut model, Station::Eeprom);
    assert_eq!(none.unwrap_err(), Error::NoAddress);
    for wrong in [MacAddress::BROADCAST, MacAddress::default()] {
        let refused = Lan9118::new(&mut model, Station::Address(wrong));
        assert_eq!(refused.unwrap_err(), Error::NoAddress);
        model.eeprom = Some(wrong);
        let refused = Lan9118::new(&mut model, Station::Eeprom);
        assert_eq!(refused.unwrap_err(), Error::NoAddress);
    }
}

#[test]
fn what_is_no_such_chip_is_refused() {
    let mut model = Model::new();
    flip(Register::ByteTest, 1, 0)(&mut model);
    model.faults.for_ever = true;
    let refused = Lan9118::new(&mut model, Station::Eeprom).unwrap_err();
    assert_eq!(refused, Error::NotThere { read: 0x8765_4320 });
    let mut model = Model::new();
    model.id = 0x9250_0000;
    let refused = Lan9118::new(&mut model, Station::Eeprom).unwrap_err();
    assert_eq!(refused, Error::UnknownChip { id: 0x9250 });
    model.id = 0x9220_0000;
    assert!(Lan9118::new(&mut model, Station::Eeprom).is_ok());
}

#[test]
fn frames_of_every_length_pass_both_ways() {
    let mut chip = chip();
    let lengths: Vec<usize> = (14..80).chain(1_500..=1_514).collect();
    for length in lengths {
        let frame = frame(length);
        assert!(chip.can_transmit());
        chip.transmit(&frame).unwrap();
        assert_eq!(chip.registers.sent.pop().as_ref(), Some(&frame));
        assert!(chip.registers.arrive(&frame));
        assert_eq!(drain(&mut chip), (vec![frame], 0));
    }
    let counters = chip.counters();
    assert_eq!((counters.received, counters.transmitted), (81, 81));
}

#[test]
fn frames_keep_their_order() {
    let mut chip = chip();
    let frames: Vec<_> = [60, 61, 1_514, 62, 63].map(frame).to_vec();
    assert!(frames.iter().all(|frame| chip.registers.arrive(frame)));
    assert_eq!(drain(&mut chip), (frames, 0));
}

#[test]
fn e10_a_frame_that_does_not_fit_is_taken_and_reported() {
    let mut chip = chip();
    for length in [1_515, 1_518, 9_000] {
        chip.registers.arrive(&frame(length));
        chip.registers.arrive(&frame(60));
        assert_eq!(chip.receive(&mut [0; 1_514]), Err(Error::BadFrame));
        assert_eq!(drain(&mut chip), (vec![frame(60)], 0));
    }
    assert_eq!(chip.transmit(&frame(1_515)), Err(Error::BadLength));
    assert_eq!(chip.transmit(&[0; 70_000]), Err(Error::BadLength));
    assert_eq!(chip.transmit(&[]), Err(Error::BadLength));
    assert!(chip.registers.sent.is_empty());
    assert_eq!(chip.counters().bad_frames, 3);
}

#[test]
fn damaged_frames_and_frames_for_others_are_dropped_and_counted() {
    let mut chip = chip();
    chip.registers.arrive_as(&frame(100), status::ERROR);
    chip.registers.arrive_as(&frame(101), status::FILTERED);
    chip.registers.arrive(&[]);
    chip.registers.arrive(&frame(102));
    assert_eq!(drain(&mut chip), (vec![frame(102)], 3));
    assert_eq!(chip.counters().bad_frames, 3);
}

#[test]
fn the_line_stays_raised_until_the_receiver_was_seen_empty() {
    let mut chip = chip();
    chip.registers.arrive(&frame(60));
    assert!(!chip.registers.line(), "interrupts are off");
    for line in [IrqLine::ActiveHigh, IrqLine::ActiveLow, IrqLine::OpenDrain] {
        chip.enable_interrupts(line);
        assert!(chip.registers.line_is(line));
        drain(&mut chip);
        assert!(!chip.registers.line());
        chip.registers.arrive(&frame(60));
        chip.registers.arrive(&frame(61));
        assert!(chip.registers.line());
        let mut buffer = [0; 1_514];
        assert_eq!(chip.receive(&mut buffer), Ok(Some(60)));
        assert!(chip.registers.line(), "one is left");
        assert_eq!(chip.receive(&mut buffer), Ok(Some(61)));
        assert_eq!(chip.receive(&mut buffer), Ok(None));
        assert!(!chip.registers.line());
    }
    chip.disable_interrupts();
    chip.registers.arrive(&frame(60));
    assert!(!chip.registers.line());
}

#[test]
fn a_pulled_cable_is_noticed_by_interrupt_and_without() {
    let mut chip = chip();
    chip.enable_interrupts(IrqLine::ActiveHigh);
    chip.registers.plug(false);
    assert!(chip.registers.line());
    assert_eq!(chip.link(), LinkState::Down);
    assert!(!chip.registers.line());
    chip.registers.plug(true);
    assert_eq!(chip.link(), LinkState::Up);
    assert_eq!(chip.counters().link_ups, 2);
    // The interrupt is lost.
    chip.registers.faults.mute_phy = true;
    chip.registers.plug(false);
    assert_eq!(chip.link(), LinkState::Up);
    chip.registers.free_run += 25_000_000 / 4;
    assert_eq!(chip.link(), LinkState::Down);
}

#[test]
fn an_unchanged_link_costs_two_reads() {
    let mut chip = chip();
    let before = chip.registers.accesses;
    chip.link();
    assert_eq!(chip.registers.accesses - before, 2);
}

#[test]
fn the_duplex_follows_the_negotiation() {
    for (partner, is_full) in [
        (0x0de1, true),
        (0x0101, true),
        (0x0081, false),
        (0x0041, true),
        (0x00c1, false),
        (0x0021, false),
        (0x0000, false),
    ] {
        let mut chip = chip();
        chip.registers.plug(false);
        chip.link();
        chip.registers.partner = partner;
        chip.registers.plug(true);
        assert_eq!(chip.link(), LinkState::Up);
        let control = chip.registers.control();
        assert_eq!(control & mac::FULL_DUPLEX != 0, is_full, "{partner:#x}");
        assert_eq!(control & (mac::RX_ON | mac::TX_ON), mac::RX_ON | mac::TX_ON);
    }
}

#[test]
fn groups_are_filtered_by_their_hash() {
    let mut chip = chip();
    let control = |chip: &Chip| chip.registers.control() & (mac::ALL_GROUPS | mac::HASHED_GROUPS);
    assert_eq!(control(&chip), 0);
    // The upper six bits of the check sequence of 01:00:5e:00:00:01 (all hosts) are 0x1f, as
    // bitwise division of that address by the polynomial of IEEE 802.3 gives.
    let group = MacAddress([1, 0, 0x5e, 0, 0, 1]);
    let bit = division(group);
    chip.set_groups(Groups::NONE.with(group)).unwrap();
    assert_eq!(chip.registers.hash(), 1 << bit);
    assert_eq!(control(&chip), mac::HASHED_GROUPS);
    chip.set_groups(Groups::ALL).unwrap();
    assert_eq!(control(&chip), mac::ALL_GROUPS);
    chip.set_groups(Groups::NONE).unwrap();
    assert_eq!((control(&chip), chip.registers.hash()), (0, 0));
}

/// The hash by long division of polynomials, octet by octet.
fn division(address: MacAddress) -> u32 {
    let mut remainder = 0xffff_ffff_u32;
    for octet in address.0 {
        remainder ^= u32::from(octet.reverse_bits()) << 24;
        for _ in 0..8 {
            let carry = remainder & 0x8000_0000 != 0;
            remainder <<= 1;
            if carry {
                remainder ^= 0x04c1_1db7;
            }
        }
    }
    remainder >> 26
}

#[test]
fn groups_survive_a_restart() {
    let mut chip = chip();
    let groups = Groups::NONE.with(MacAddress([0x33, 0x33, 0, 0, 0, 1]));
    chip.set_groups(groups).unwrap();
    chip.enable_interrupts(IrqLine::ActiveLow);
    let control = chip.registers.control();
    chip.registers.fail(interrupt::TX_ERROR);
    assert_eq!(chip.link(), LinkState::Up);
    assert!(!chip.can_transmit(), "not before it is set up afresh");
    assert_eq!(chip.transmit(&frame(60)), Err(Error::NoRoom));
    assert_eq!(chip.receive(&mut [0; 1_514]), Ok(None));
    assert_eq!((chip.counters().restarts, chip.registers.resets), (1, 2));
    assert_eq!(chip.registers.control(), control);
    assert_ne!(chip.registers.hash(), 0);
    assert!(chip.registers.line_is(IrqLine::ActiveLow));
    assert!(chip.can_transmit());
}

#[test]
fn frames_that_found_no_room_are_counted() {
    let mut chip = chip();
    let taken = (0..10).filter(|_| chip.registers.arrive(&frame(1_514)));
    assert_eq!(taken.count(), 6);
    assert_eq!(drain(&mut chip), (vec![frame(1_514); 6], 0));
    chip.registers.free_run += 25_000_000;
    chip.link();
    assert_eq!(chip.counters().overruns, 4);
}

#[test]
fn frames_that_did_not_leave_are_counted() {
    let mut chip = chip();
    chip.registers.plug(false);
    for _ in 0..40 {
        chip.transmit(&frame(60)).unwrap();
    }
    assert!(chip.can_transmit());
    assert_eq!(chip.counters().transmit_errors, 40);
}

/// Every bit of a length, wrong once: what follows may be lost, and then all is well again.
#[test]
fn after_a_wrong_length_the_driver_finds_its_way_back() {
    for bit in 0..32 {
        let mut chip = chip();
        chip.registers.arrive(&frame(100));
        chip.registers.arrive(&frame(200));
        flip(Register::RxStatus, 1 << bit, 0)(&mut chip.registers);
        let (frames, _) = drain(&mut chip);
        // A length that is too short leaves octets behind, which no status explains in time.
        drain(&mut chip);
        chip.registers.free_run += 50_000;
        drain(&mut chip);
        let wrong = frames
            .iter()
            .filter(|f| **f != frame(100) && **f != frame(200));
        assert!(wrong.count() <= 2, "bit {bit}");
        for round in 0..3 {
            chip.registers.arrive(&frame(300 + round));
            let came = drain(&mut chip).0;
            assert_eq!(came, [frame(300 + round)], "bit {bit}, round {round}");
            chip.link();
        }
    }
}

#[test]
fn a_length_beyond_what_the_receiver_holds_empties_it() {
    let mut chip = chip();
    chip.registers.arrive(&frame(100));
    flip(Register::RxStatus, 0x1000 << 16, 0)(&mut chip.registers);
    let error = chip.receive(&mut [0; 1_514]).unwrap_err();
    assert_eq!((error, error.kind()), (Error::OutOfStep, ErrorKind::Bus));
    assert_eq!(chip.counters().resyncs, 1);
    assert_eq!(chip.registers.resets, 1, "a reset was not needed");
    chip.registers.arrive(&frame(101));
    assert_eq!(drain(&mut chip), (vec![frame(101)], 0));
}

#[test]
fn every_stuck_bit_ends_in_an_error_and_heals() {
    let stuck = [
        (Register::PmtCtrl, 1),
        (Register::HwCfg, 1),
        (Register::E2pCmd, 1 << 31),
        (Register::MacCsrCmd, 1 << 31),
        (Register::MacCsrData, 1),
    ];
    for (register, bits) in stuck {
        let mut model = Model::new();
        flip(register, bits, 0)(&mut model);
        model.faults.for_ever = true;
        let refused = Lan9118::new(&mut model, Station::Eeprom);
        // A wrong bit in what the MAC answers is a wrong bit of the address, too.
        let is_refused = matches!(refused, Err(Error::Stuck(_) | Error::NoAddress));
        assert!(is_refused || register == Register::MacCsrData);
        assert!(model.accesses < BOUND);
        // The same while it is in service.
        let mut chip = chip();
        flip(register, bits, 0)(&mut chip.registers);
        chip.registers.faults.for_ever = true;
        chip.registers.fail(interrupt::RX_ERROR);
        let before = chip.registers.accesses;
        chip.link();
        let _ = chip.receive(&mut [0; 1_514]);
        assert!(chip.registers.accesses - before < BOUND);
        chip.registers.faults.flip = None;
        chip.registers.free_run += 25_000_000;
        chip.link();
        drain(&mut chip);
        chip.registers.arrive(&frame(77));
        assert_eq!(drain(&mut chip), (vec![frame(77)], 0), "{register:?}");
        assert_eq!(chip.link(), LinkState::Up);
        assert!(chip.can_transmit());
    }
}

/// Whatever a chip answers, each call comes to an end, and nothing panics.
#[test]
fn noise_is_survived() {
    let mut made = 0;
    for seed in 1..200 {
        let sane = [0, 50, 90, 99][seed as usize % 4];
        let station = Station::Address(EEPROM);
        let Ok(mut chip) = Lan9118::new(Noise::new(seed, sane), station) else {
            continue;
        };
        made += 1;
        let mut buffer = [0; 1_514];
        for _ in 0..50 {
            let before = chip.registers.accesses;
            let _ = chip.receive(&mut buffer);
            if chip.can_transmit() {
                let _ = chip.transmit(&buffer);
            }
            chip.link();
            assert!(chip.registers.accesses - before < BOUND);
        }
    }
    assert!(made > 20, "only {made} chips were noisy and yet usable");
}
