//! Registers of the STM32F405 (RM0090), the clock, random numbers.

use core::sync::atomic::{AtomicU32, Ordering};

use cortex_m::peripheral::SYST;
use cortex_m::peripheral::syst::SystClkSource;
use cortex_m_rt::exception;
use tcp_core::Instant;

/// Cycles of the processor in a microsecond: of the chip's own oscillator, or of QEMU's machine.
const MEGAHERTZ: u32 = if cfg!(feature = "qemu") { 168 } else { 16 };
/// Cycles in a millisecond.
const MILLISECOND: u32 = 1_000 * MEGAHERTZ;

/// Since the start; wraps after 49 days.
static MILLIS: AtomicU32 = AtomicU32::new(0);

/// Reads a register.
pub(crate) fn read(address: usize) -> u32 {
    // SAFETY: callers name registers of this chip, the reading of which changes no memory.
    unsafe { (address as *const u32).read_volatile() }
}

/// Writes a register.
pub(crate) fn write(address: usize, value: u32) {
    // SAFETY: as above; none of these registers makes the chip write memory.
    unsafe { (address as *mut u32).write_volatile(value) }
}

/// Sets bits of a register.
pub(crate) fn set(address: usize, bits: u32) {
    write(address, read(address) | bits);
}

/// Time in milliseconds, which is exact enough for TCP.
pub(crate) struct Clock {
    seen: u32,
    millis: u64,
}

impl Clock {
    pub(crate) fn start(mut timer: SYST) -> Self {
        timer.set_clock_source(SystClkSource::Core);
        timer.set_reload(MILLISECOND - 1);
        timer.clear_current();
        timer.enable_interrupt();
        timer.enable_counter();
        Self { seen: 0, millis: 0 }
    }

    pub(crate) fn now(&mut self) -> Instant {
        let seen = MILLIS.load(Ordering::Relaxed);
        self.millis += u64::from(seen.wrapping_sub(self.seen));
        self.seen = seen;
        Instant::from_micros(self.millis * 1_000)
    }
}

#[exception]
fn SysTick() {
    MILLIS.fetch_add(1, Ordering::Relaxed);
}

const RCC_AHB2ENR: usize = 0x4002_3834;
const RNG_CR: usize = 0x5006_0800;
const RNG_SR: usize = 0x5006_0804;
const RNG_DR: usize = 0x5006_0808;
const UNIQUE: usize = 0x1fff_7a10;
/// Looks at the random number generator before it counts as broken: it takes 40 cycles a word.
const LOOKS: usize = 10_000;

/// What must not be guessed: of the random number generator. It takes its clock from the PLL, which
/// runs for it alone. Where there is none (in QEMU) connections can be forged.
pub(crate) fn secret() -> [u8; 16] {
    start_pll();
    set(RCC_AHB2ENR, 1 << 6);
    write(RNG_CR, 1 << 2);
    let mut secret = [0; 16];
    for (index, word) in secret.chunks_exact_mut(4).enumerate() {
        let number = random().unwrap_or_else(|| fallback(index));
        word.copy_from_slice(&number.to_le_bytes());
    }
    secret
}

/// 48 MHz for the generator: 16 MHz / 16 * 192 / 4. The processor stays with its oscillator.
fn start_pll() {
    const RCC_CR: usize = 0x4002_3800;
    const RCC_PLLCFGR: usize = 0x4002_3804;
    write(RCC_PLLCFGR, 4 << 24 | 1 << 16 | 192 << 6 | 16);
    set(RCC_CR, 1 << 24);
    let _ = (0..LOOKS).find(|_| read(RCC_CR) & 1 << 25 != 0);
}

fn random() -> Option<u32> {
    if cfg!(feature = "qemu") {
        return None;
    }
    (0..LOOKS).find(|_| read(RNG_SR) & 0x67 == 1)?;
    Some(read(RNG_DR))
}

/// What at least differs from chip to chip.
fn fallback(index: usize) -> u32 {
    let word = if cfg!(feature = "qemu") {
        0
    } else {
        read(UNIQUE + index % 3 * 4)
    };
    word ^ 0x9e37_79b9_u32.wrapping_mul(index as u32 + 1)
}
