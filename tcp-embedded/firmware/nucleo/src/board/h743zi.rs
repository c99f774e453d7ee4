//! STM32H743ZI: a Cortex-M7 at 400 MHz.

use cortex_m::asm;
use embassy_stm32::pac;
use embassy_stm32::rcc::{
    self, AHBPrescaler, APBPrescaler, HSIPrescaler, Pll, PllDiv, PllMul, PllPreDiv, PllSource,
    Sysclk, VoltageScale,
};

pub(super) const MEGAHERTZ: u32 = 400;

/// Where frames are, as the linker script has it.
const SRAM3: u32 = 0x3004_0000;
/// 32 KiB is two to the power of this plus one.
const SRAM3_SIZE: u32 = 14;

/// From the oscillator on the chip.
pub(super) fn clocks(config: &mut rcc::Config) {
    config.hsi = Some(HSIPrescaler::DIV1);
    config.csi = true;
    config.pll1 = Some(Pll {
        source: PllSource::HSI,
        prediv: PllPreDiv::DIV4,
        mul: PllMul::MUL50,
        fracn: None,
        divp: Some(PllDiv::DIV2),
        divq: None,
        divr: None,
    });
    config.sys = Sysclk::PLL1_P;
    config.ahb_pre = AHBPrescaler::DIV2;
    config.apb1_pre = APBPrescaler::DIV2;
    config.apb2_pre = APBPrescaler::DIV2;
    config.apb3_pre = APBPrescaler::DIV2;
    config.apb4_pre = APBPrescaler::DIV2;
    config.voltage_scale = VoltageScale::Scale1;
}

/// Gives SRAM3 its clock, takes it out of the cache, and turns the caches on. The rest of the
/// memory is DTCM, which the Ethernet DMA does not reach.
pub(super) fn memory(core: &mut cortex_m::Peripherals) {
    pac::RCC.ahb2enr().modify(|w| w.set_sram3en(true));
    const NEVER_EXECUTED: u32 = 1 << 28;
    const READ_AND_WRITE: u32 = 3 << 24;
    const NORMAL_NOT_CACHED: u32 = 1 << 19;
    const SHARED: u32 = 1 << 18;
    const ENABLED: u32 = 1;
    const REST_AS_BY_DEFAULT: u32 = 1 << 2;
    let attributes = NEVER_EXECUTED | READ_AND_WRITE | NORMAL_NOT_CACHED | SHARED;
    // SAFETY: nothing is in SRAM3 yet, and everything else stays as it is by default.
    unsafe {
        core.MPU.rnr.write(0);
        core.MPU.rbar.write(SRAM3);
        core.MPU.rasr.write(attributes | SRAM3_SIZE << 1 | ENABLED);
        core.MPU.ctrl.write(REST_AS_BY_DEFAULT | ENABLED);
    }
    asm::dsb();
    asm::isb();
    core.SCB.enable_icache();
    core.SCB.enable_dcache(&mut core.CPUID);
}
