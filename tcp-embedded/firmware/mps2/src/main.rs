//! A web page with live counters, and the services echo, discard and chargen, on an MPS2 or MPS3
//! board: the whole of what runs on it, in one loop.
//!
//! The image links only when no panic is reachable in it: the panic handler calls what nobody
//! defines.

#![no_std]
#![no_main]

mod board;
mod clock;
mod log;
mod services;
mod text;

use core::net::Ipv4Addr;

use cortex_m_rt::entry;
use tcp_embedded::driver::lan9118::{IrqLine, Lan9118, Mmio, Station};
use tcp_embedded::{Host, Ipv4Cidr, LinkState, Mac, NextWake, Pool, Resources};

use clock::{Alarm, Clock};
use services::Services;

include!(concat!(env!("OUT_DIR"), "/host.rs"));

/// Connections at a time.
const CONNECTIONS: usize = 12;
/// Octets of each ring. The chip holds 10,560 octets of received frames, with their check
/// sequences: a larger window would only make it lose some.
const RING: usize = 8_192;
/// Events handled between two looks at the device.
const EVENTS: usize = 32;

type Memory = Resources<'static, CONNECTIONS, RING, RING, 64>;
type Runner = tcp_embedded::Runner<'static, Lan9118<Mmio>, Pool<'static, CONNECTIONS>>;

#[entry]
fn main() -> ! {
    static mut MEMORY: Memory = Memory::new();
    board::console::start();
    // SAFETY: the processor comes here once.
    let registers = unsafe { board::ethernet() };
    let mac = match Lan9118::new(registers, Station::Eeprom) {
        Ok(mac) => mac,
        Err(_) => stop("the Ethernet chip does not answer"),
    };
    let Some(timer) = cortex_m::Peripherals::take().map(|peripherals| peripherals.SYST) else {
        stop("no timer");
    };
    let Some(address) = Ipv4Cidr::new(ADDRESS, PREFIX) else {
        stop("no host may have this address");
    };
    let host = Host {
        secret: secret(),
        address,
        gateway: GATEWAY,
    };
    match Runner::new(mac, host, MEMORY.lend()) {
        Ok(runner) => run(runner, Alarm::new(timer)),
        Err(_) => stop("the network cannot be set up"),
    }
}

fn run(mut runner: Runner, mut alarm: Alarm) -> ! {
    let mut clock = Clock::new(runner.mac().free_run());
    let mut services = Services::new(runner.stack());
    let mut link = LinkState::Down;
    runner.mac().enable_interrupts(IrqLine::ActiveHigh);
    log::started(ADDRESS);
    loop {
        let now = clock.at(runner.mac().free_run());
        Alarm::attend();
        // What was heard is served before it is answered: one segment does for both.
        runner.collect(now);
        let mut busy = true;
        for _ in 0..EVENTS {
            let Some(event) = runner.stack().poll_event() else {
                busy = false;
                break;
            };
            services.handle(now, &mut runner, event);
        }
        busy |= services.expire(now, runner.stack());
        let wake = runner.flush(now);
        // A timer may have had something to say.
        if let Some(event) = runner.stack().poll_event() {
            services.handle(now, &mut runner, event);
            busy = true;
        }
        let present = runner.mac().link();
        if present != link {
            link = present;
            log::link(now, link);
        }
        match wake {
            _ if busy => {}
            NextWake::Now => {}
            NextWake::At(at) => alarm.sleep(now, Some(at)),
            NextWake::Frame => alarm.sleep(now, None),
        }
    }
}

/// What must not be guessed.
fn secret() -> [u8; 16] {
    let secret = board::secret();
    if secret == [0; 16] {
        log::say("nobody left a secret: connections can be forged");
    }
    secret
}

fn stop(why: &str) -> ! {
    log::say(why);
    loop {
        cortex_m::asm::wfi();
    }
}

#[cfg(not(feature = "may-panic"))]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    unsafe extern "C" {
        safe fn panic_is_reachable() -> !;
    }
    panic_is_reachable()
}

#[cfg(feature = "may-panic")]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    stop("panicked")
}
