//! Two whole hosts back to back: runner, stack and driver, over two models joined by a cable.

use std::cell::RefCell;

use tcp_core::{CloseReason, Duration, Instant};
use tcp_embedded::sim::{Enc28j60Sim, W5500Sim, Wired};
use tcp_embedded::{MacAddress, NextWake, Resources, Runner};
use tcp_tests::rng::Rng;

use crate::host::{CLIENT, SERVER, Side, host};
use crate::{Model, disturb_wires, heal_wires, seeds};

const A: MacAddress = MacAddress([2, 0, 0, 0, 0, 1]);
const B: MacAddress = MacAddress([2, 0, 0, 0, 0, 2]);

/// A turn of the super-loop that had something to do.
const TURN: Duration = Duration::from_micros(50);
/// How long a super-loop sleeps at most: the driver wants to be asked now and then even if its
/// interrupt line stays quiet.
const NAP: Duration = Duration::from_millis(20);
/// When a transfer is given up, in virtual time.
const TOO_LONG: Instant = Instant::from_millis(600_000);

/// What befalls the chips and their wires.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Weather {
    Fair,
    Foul,
}

/// Frames that left either chip arrive at the other. Whether there was one.
fn carry<C: Model, E: Model>(a: &RefCell<Wired<C>>, b: &RefCell<Wired<E>>) -> bool {
    let (mut a, mut b) = (a.borrow_mut(), b.borrow_mut());
    let mut any = false;
    while let Some(frame) = a.chip.take_sent() {
        b.chip.deliver(&frame);
        any = true;
    }
    while let Some(frame) = b.chip.take_sent() {
        a.chip.deliver(&frame);
        any = true;
    }
    any
}

/// Accidents come with traffic: if they came with time, each retransmission, later than the one
/// before, would meet more of them. They end with time.
fn befall<C: Model>(board: &RefCell<Wired<C>>, moved: bool, rng: &mut Rng) {
    let mut board = board.borrow_mut();
    match rng.below(200) {
        0 | 1 if moved => board.chip.accident(rng),
        2 if moved => disturb_wires(&mut board, rng),
        3..=6 => {
            board.chip.heal();
            heal_wires(&mut board);
        }
        _ => {}
    }
}

fn later(now: Instant, moved: bool, wakes: [NextWake; 2]) -> Instant {
    let soon = now + TURN;
    if moved {
        return soon;
    }
    let times = wakes.map(|wake| match wake {
        NextWake::Now => soon,
        NextWake::At(at) => at.max(soon),
        NextWake::Frame => now + NAP,
    });
    times.into_iter().min().unwrap_or(soon).min(now + NAP)
}

/// Carries `total` octets each way at once and closes; how long it took in virtual time.
fn transfer<C: Model, E: Model>(total: usize, weather: Weather, seed: u64) -> Instant {
    let boards = (
        RefCell::new(Wired::new(C::default(), seed)),
        RefCell::new(Wired::new(E::default(), !seed)),
    );
    let mut memory = [Resources::<2, 8_192, 8_192, 16>::new(), Resources::new()];
    let [ours, theirs] = &mut memory;
    let mac = C::driver(&boards.0, A);
    let mut server = Runner::new(mac, host(SERVER, seed), ours.lend()).unwrap();
    let mac = E::driver(&boards.1, B);
    let mut client = Runner::new(mac, host(CLIENT, seed), theirs.lend()).unwrap();
    let mut rng = Rng::new(seed);
    let (mut now, mut moved) = (Instant::from_millis(1), false);
    let mut sides = [
        Side::listen(&mut server, total),
        Side::connect(now, &mut client, total),
    ];
    while sides.iter().any(|side| side.closed.is_none()) {
        assert!(
            now < TOO_LONG,
            "seed {seed}: no end after {:?}",
            [sides[0].received, sides[1].received]
        );
        if weather == Weather::Foul {
            befall(&boards.0, moved, &mut rng);
            befall(&boards.1, moved, &mut rng);
        }
        let _ = (server.poll(now), client.poll(now));
        sides[0].step(now, &mut server);
        sides[1].step(now, &mut client);
        let wakes = [server.poll(now), client.poll(now)];
        moved = carry(&boards.0, &boards.1);
        let then = later(now, moved, wakes);
        let passed = (then.as_micros() - now.as_micros()) * 1_000;
        boards.0.borrow_mut().chip.pass(passed);
        boards.1.borrow_mut().chip.pass(passed);
        now = then;
    }
    for side in &sides {
        assert_eq!(side.received, total, "seed {seed}");
        assert_eq!(
            side.closed,
            Some(Some(CloseReason::Finished)),
            "seed {seed}"
        );
    }
    if weather == Weather::Fair {
        assert_eq!(boards.0.borrow().chip.violations(), [""; 0]);
        assert_eq!(boards.1.borrow().chip.violations(), [""; 0]);
    }
    println!(
        "SEED={seed}: {now:?}, {:?} and {:?}",
        server.mac(),
        client.mac()
    );
    now
}

fn fair<C: Model, E: Model>() {
    transfer::<C, E>(512 * 1_024, Weather::Fair, 1);
}

fn foul<C: Model, E: Model>() {
    for seed in seeds(10) {
        println!("SEED={seed}");
        transfer::<C, E>(1_024 * 1_024, Weather::Foul, seed);
    }
}

#[test]
fn half_a_mebibyte_each_way_between_two_enc28j60() {
    fair::<Enc28j60Sim, Enc28j60Sim>();
}

#[test]
fn half_a_mebibyte_each_way_between_two_w5500() {
    fair::<W5500Sim, W5500Sim>();
}

#[test]
fn half_a_mebibyte_each_way_between_different_chips() {
    fair::<Enc28j60Sim, W5500Sim>();
}

#[test]
fn a_transfer_between_two_enc28j60_survives_their_accidents() {
    foul::<Enc28j60Sim, Enc28j60Sim>();
}

#[test]
fn a_transfer_between_two_w5500_survives_their_accidents() {
    foul::<W5500Sim, W5500Sim>();
}

#[test]
fn a_transfer_between_different_chips_survives_their_accidents() {
    foul::<Enc28j60Sim, W5500Sim>();
}
