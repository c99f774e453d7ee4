//! STM32F429ZI: a Cortex-M4F at 168 MHz, without caches.

use embassy_stm32::rcc::{
    self, AHBPrescaler, APBPrescaler, Hse, HseMode, Pll, PllMul, PllPDiv, PllPreDiv, PllQDiv,
    PllSource, Sysclk,
};
use embassy_stm32::time::Hertz;

pub(super) const MEGAHERTZ: u32 = 168;

/// From the 8 MHz that the debugger on the board gives; 48 MHz for the random number generator.
pub(super) fn clocks(config: &mut rcc::Config) {
    config.hse = Some(Hse {
        freq: Hertz(8_000_000),
        mode: HseMode::Bypass,
    });
    config.pll_src = PllSource::HSE;
    config.pll = Some(Pll {
        prediv: PllPreDiv::DIV4,
        mul: PllMul::MUL168,
        divp: Some(PllPDiv::DIV2),
        divq: Some(PllQDiv::DIV7),
        divr: None,
    });
    config.sys = Sysclk::PLL1_P;
    config.ahb_pre = AHBPrescaler::DIV1;
    config.apb1_pre = APBPrescaler::DIV4;
    config.apb2_pre = APBPrescaler::DIV2;
}

/// Nothing to prepare: the Ethernet DMA reaches all of the memory that is used.
pub(super) const fn memory(_: &mut cortex_m::Peripherals) {}
