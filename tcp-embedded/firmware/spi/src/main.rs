//! Echo (port 7) and a page (port 80) on an STM32F407 with a W5500 or an ENC28J60 behind SPI1: PA5
//! clock, PA6 in, PA7 out, PA4 chip select, PB0 the chip's interrupt line, PB1 its reset.
//!
//! One loop polls; the level of the interrupt line says when there is nothing to do.

#![no_std]
#![no_main]

mod clock;

use core::net::Ipv4Addr;
use core::panic::PanicInfo;

use cortex_m::peripheral::syst::SystClkSource;
use cortex_m_rt::{entry, exception};
use embassy_stm32::gpio::{Input, Level, Output, Pull, Speed};
use embassy_stm32::rng::Rng;
use embassy_stm32::spi::{self, Spi};
use embassy_stm32::time::Hertz;
use embassy_stm32::{Config, bind_interrupts, peripherals, rcc, rng};
use embedded_hal_bus::spi::ExclusiveDevice;
use services::{Did, Services};
use static_cell::ConstStaticCell;
#[cfg(feature = "enc28j60")]
use tcp_embedded::driver::enc28j60::{Config as ChipConfig, Enc28j60 as Chip};
#[cfg(feature = "w5500")]
use tcp_embedded::driver::w5500::{Config as ChipConfig, W5500 as Chip};
use tcp_embedded::{Host, Ipv4Cidr, Mac, MacAddress, NextWake, Pool, Resources, Runner};

const ADDRESS: Ipv4Addr = Ipv4Addr::new(192, 168, 1, 50);
/// What both chips can do.
const BUS: Hertz = Hertz(10_000_000);
const MEGAHERTZ: u32 = 168;
/// Connections at a time.
const CONNECTIONS: usize = 4;
/// Octets of each ring.
const RING: usize = 4_096;

static MEMORY: ConstStaticCell<Resources<'static, CONNECTIONS, RING, RING, 32>> =
    ConstStaticCell::new(Resources::new());

bind_interrupts!(struct Irqs {
    RNG => rng::InterruptHandler<peripherals::RNG>;
});

#[entry]
fn main() -> ! {
    let mut core = cortex_m::Peripherals::take().expect("the first call");
    let mut config = Config::default();
    clocks(&mut config.rcc);
    let board = embassy_stm32::init(config);
    core.SYST.set_clock_source(SystClkSource::Core);
    core.SYST.set_reload(MEGAHERTZ * 1_000 - 1);
    core.SYST.clear_current();
    core.SYST.enable_interrupt();
    core.SYST.enable_counter();
    let mut secret = [0; 16];
    let mut station = [0; 5];
    let mut random = Rng::new(board.RNG, Irqs);
    random.fill_bytes(&mut secret);
    random.fill_bytes(&mut station);
    let [a, b, c, d, e] = station;

    let mut bus = spi::Config::default();
    bus.frequency = BUS;
    let bus = Spi::new_blocking(board.SPI1, board.PA5, board.PA7, board.PA6, bus);
    let select = Output::new(board.PA4, Level::High, Speed::VeryHigh);
    let device = ExclusiveDevice::new_no_delay(bus, select).expect("a pin that does not fail");
    // Locally administered, another one at each start.
    let address = MacAddress([0x02, a, b, c, d, e]);
    let mut chip = Chip::new(device, Delay, ChipConfig::new(address))
        .with_interrupt(Input::new(board.PB0, Pull::Up))
        .with_reset(Output::new(board.PB1, Level::High, Speed::Low));
    // A chip that gets power later than the processor is waited for.
    while chip.init().is_err() {}

    let host = Host {
        secret,
        address: Ipv4Cidr::new(ADDRESS, 24).expect("an address that a host may have"),
        gateway: None,
    };
    let runner = Runner::new(chip, host, MEMORY.take().lend()).expect("frames of Ethernet");
    run(runner, clock::Clock::start(board.TIM2))
}

fn run<D: Mac>(
    mut runner: Runner<'static, D, Pool<'static, CONNECTIONS>>,
    mut clock: clock::Clock,
) -> ! {
    let mut services = Services::new(runner.stack());
    loop {
        let now = clock.now();
        let wake = runner.poll(now);
        let did = services.serve(now, runner.stack());
        let due = match wake {
            NextWake::Now => true,
            NextWake::At(at) => at <= clock.now(),
            NextWake::Frame => false,
        };
        if !due && did == Did::Nothing && !runner.mac().asks() {
            // A millisecond at most.
            cortex_m::asm::wfi();
        }
    }
}

/// 168 MHz from the oscillator on the chip; 48 MHz for the random number generator.
fn clocks(config: &mut rcc::Config) {
    config.pll_src = rcc::PllSource::HSI;
    config.pll = Some(rcc::Pll {
        prediv: rcc::PllPreDiv::DIV8,
        mul: rcc::PllMul::MUL168,
        divp: Some(rcc::PllPDiv::DIV2),
        divq: Some(rcc::PllQDiv::DIV7),
        divr: None,
    });
    config.sys = rcc::Sysclk::PLL1_P;
    config.ahb_pre = rcc::AHBPrescaler::DIV1;
    config.apb1_pre = rcc::APBPrescaler::DIV4;
    config.apb2_pre = rcc::APBPrescaler::DIV2;
}

/// Waits by counting cycles.
struct Delay;

impl embedded_hal::delay::DelayNs for Delay {
    fn delay_ns(&mut self, nanoseconds: u32) {
        let cycles = u64::from(nanoseconds) * u64::from(MEGAHERTZ) / 1_000 + 1;
        cortex_m::asm::delay(u32::try_from(cycles).unwrap_or(u32::MAX));
    }
}

/// The millisecond that ends a sleep.
#[exception]
fn SysTick() {}

/// Other people's drivers may panic: the board starts afresh.
#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    cortex_m::peripheral::SCB::sys_reset()
}
