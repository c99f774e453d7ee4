//! Echo (port 7) and a page (port 80) on ST's Nucleo boards with Ethernet: NUCLEO-F429ZI,
//! NUCLEO-F767ZI, NUCLEO-H743ZI.
//!
//! The Ethernet driver is embassy-stm32's, as a `Mac` through `FromEmbassy`. There is no executor:
//! one loop polls, and sleeps until an interrupt when there is nothing to do.

#![no_std]
#![no_main]

mod board;
mod clock;

use core::net::Ipv4Addr;
use core::panic::PanicInfo;
use core::sync::atomic::{AtomicBool, Ordering};

use cortex_m_rt::{entry, exception};
use embassy_stm32::{bind_interrupts, eth, interrupt, peripherals, rng};
use services::{Did, Services};
use static_cell::ConstStaticCell;
use tcp_embedded::{FromEmbassy, Host, Ipv4Cidr, NextWake, Pool, Resources, Runner};

include!(concat!(env!("OUT_DIR"), "/host.rs"));

/// Connections at a time.
const CONNECTIONS: usize = 4;
/// Octets of each ring: more than the frames that the driver has room for would only lose some.
const RING: usize = 4_096;

type Memory = Resources<'static, CONNECTIONS, RING, RING, 32>;
type Device = FromEmbassy<board::Device>;

static MEMORY: ConstStaticCell<Memory> = ConstStaticCell::new(Memory::new());
/// Whether the Ethernet controller has interrupted since the device was last looked at.
static ATTENTION: AtomicBool = AtomicBool::new(false);

#[cfg(feature = "f429zi")]
bind_interrupts!(struct Irqs {
    ETH => eth::InterruptHandler, Attention;
    HASH_RNG => rng::InterruptHandler<peripherals::RNG>;
});
#[cfg(not(feature = "f429zi"))]
bind_interrupts!(struct Irqs {
    ETH => eth::InterruptHandler, Attention;
    RNG => rng::InterruptHandler<peripherals::RNG>;
});

/// Takes note of interrupts, so that none falls between the last look and the sleep.
struct Attention;

impl interrupt::typelevel::Handler<interrupt::typelevel::ETH> for Attention {
    unsafe fn on_interrupt() {
        ATTENTION.store(true, Ordering::Relaxed);
    }
}

#[entry]
fn main() -> ! {
    let board = board::start();
    let host = Host {
        secret: board.secret,
        address: Ipv4Cidr::new(ADDRESS, PREFIX).expect("an address that a host may have"),
        gateway: GATEWAY,
    };
    let mac = FromEmbassy::new(board.device).expect("a device of Ethernet");
    let runner = Runner::new(mac, host, MEMORY.take().lend()).expect("frames of Ethernet");
    run(runner, board.clock)
}

fn run(
    mut runner: Runner<'static, Device, Pool<'static, CONNECTIONS>>,
    mut clock: clock::Clock,
) -> ! {
    let mut services = Services::new(runner.stack());
    loop {
        ATTENTION.store(false, Ordering::Relaxed);
        let now = clock.now();
        let wake = runner.poll(now);
        let did = services.serve(now, runner.stack());
        let due = match wake {
            NextWake::Now => true,
            NextWake::At(at) => at <= clock.now(),
            NextWake::Frame => false,
        };
        if !due && did == Did::Nothing {
            sleep();
        }
    }
}

/// Until the Ethernet controller interrupts, or for a millisecond: timers are that exact.
fn sleep() {
    // Masked interrupts end the sleep, and are served after it.
    cortex_m::interrupt::free(|_| {
        if !ATTENTION.load(Ordering::Relaxed) {
            cortex_m::asm::wfi();
        }
    });
}

/// The millisecond that ends a sleep.
#[exception]
fn SysTick() {}

/// Other people's drivers may panic: the board starts afresh.
#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    cortex_m::peripheral::SCB::sys_reset()
}
