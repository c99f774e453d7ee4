//! STM32F767ZI: a Cortex-M7 at 216 MHz.

use embassy_stm32::rcc::{
    self, AHBPrescaler, APBPrescaler, Hse, HseMode, Pll, PllMul, PllPDiv, PllPreDiv, PllQDiv,
    PllSource, Sysclk,
};
use embassy_stm32::time::Hertz;

pub(super) const MEGAHERTZ: u32 = 216;

/// From the 8 MHz that the debugger on the board gives; 48 MHz for the random number generator.
pub(super) fn clocks(config: &mut rcc::Config) {
    config.hse = Some(Hse {
        freq: Hertz(8_000_000),
        mode: HseMode::Bypass,
    });
    config.pll_src = PllSource::HSE;
    config.pll = Some(Pll {
        prediv: PllPreDiv::DIV4,
        mul: PllMul::MUL216,
        divp: Some(PllPDiv::DIV2),
        divq: Some(PllQDiv::DIV9),
        divr: None,
    });
    config.sys = Sysclk::PLL1_P;
    config.ahb_pre = AHBPrescaler::DIV1;
    config.apb1_pre = APBPrescaler::DIV4;
    config.apb2_pre = APBPrescaler::DIV2;
}

/// Caches for the flash. The memory is all DTCM, which has none before it and which the Ethernet
/// DMA reaches.
pub(super) fn memory(core: &mut cortex_m::Peripherals) {
    core.SCB.enable_icache();
    core.SCB.enable_dcache(&mut core.CPUID);
}
