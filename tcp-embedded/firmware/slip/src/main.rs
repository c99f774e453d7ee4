//! Echo (port 7) and a page (port 80) on an STM32F405, over SLIP on USART1 (PA9 sends, PA10
//! receives) at 115,200 baud.
//!
//! The processor runs from the chip's own oscillator, as after a reset. For QEMU the image is built
//! with the feature `qemu`: there is no random number generator, and timers count faster.

#![no_std]
#![no_main]

mod chip;
mod usart;

use core::net::Ipv4Addr;
use core::panic::PanicInfo;

use cortex_m_rt::entry;
use services::{Did, Services};
use static_cell::ConstStaticCell;
use tcp_embedded::{Host, IpRunner, Ipv4Cidr, NextWake, Resources, Slip};

use usart::Usart;

/// The other end of the line is 192.168.2.1.
const ADDRESS: Ipv4Addr = Ipv4Addr::new(192, 168, 2, 2);
/// What the other end of such a line takes.
const MTU: usize = 1_006;
/// Connections at a time.
const CONNECTIONS: usize = 4;
/// Octets of each ring.
const RING: usize = 4_096;

type Memory = Resources<'static, CONNECTIONS, RING, RING, 32>;

static MEMORY: ConstStaticCell<Memory> = ConstStaticCell::new(Memory::new());

#[entry]
fn main() -> ! {
    let Some((core, address)) = cortex_m::Peripherals::take().zip(Ipv4Cidr::new(ADDRESS, 30))
    else {
        stop();
    };
    let mut clock = chip::Clock::start(core.SYST);
    let device = Slip::<_, MTU>::new(Usart::start());
    let host = Host {
        secret: chip::secret(),
        address,
        gateway: None,
    };
    let Ok(mut runner) = IpRunner::new(device, host, MEMORY.take().lend()) else {
        stop();
    };
    let mut services = Services::new(runner.stack());
    loop {
        let now = clock.now();
        let wake = runner.poll(now);
        let did = services.serve(now, runner.stack());
        let idle = wake != NextWake::Now && did == Did::Nothing;
        if idle && !runner.device().is_sending() {
            usart::sleep();
        }
    }
}

fn stop() -> ! {
    loop {
        cortex_m::asm::wfi();
    }
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    cortex_m::peripheral::SCB::sys_reset()
}
