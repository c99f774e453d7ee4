//! Time, by the counter of the Ethernet chip; and sleep, ended by the chip or by SysTick.

use cortex_m::asm;
use cortex_m::peripheral::{NVIC, SCB, SYST, syst::SystClkSource};
use tcp_core::Instant;

use crate::board::{Ethernet, MEGAHERTZ};

/// Ticks of the chip's counter in a microsecond.
const TICKS: u32 = 25;
/// The counter of SysTick has 24 bits: two thirds of a second, after which the loop turns once for
/// nothing, and far less than the 171 seconds in which the chip's counter wraps.
const LONGEST_SLEEP: u32 = 0x00ff_ffff;

/// Microseconds since the start.
pub(crate) struct Clock {
    counter: u32,
    micros: u64,
}

impl Clock {
    /// Starts at zero.
    pub(crate) const fn new(counter: u32) -> Self {
        Self { counter, micros: 0 }
    }

    /// The time at which the counter shows `counter`.
    pub(crate) const fn at(&mut self, counter: u32) -> Instant {
        let elapsed = counter.wrapping_sub(self.counter) / TICKS;
        self.counter = self.counter.wrapping_add(elapsed * TICKS);
        self.micros += elapsed as u64;
        Instant::from_micros(self.micros)
    }
}

/// What ends a sleep. Interrupts stay masked in the processor: they wake it and are not served.
pub(crate) struct Alarm {
    timer: SYST,
}

impl Alarm {
    pub(crate) fn new(mut timer: SYST) -> Self {
        cortex_m::interrupt::disable();
        // SAFETY: no handler runs, because interrupts are masked for ever.
        unsafe { NVIC::unmask(Ethernet) };
        timer.set_clock_source(SystClkSource::Core);
        timer.enable_interrupt();
        Self { timer }
    }

    /// Forgets that the chip wanted attention: it gets it after this.
    pub(crate) fn attend() {
        NVIC::unpend(Ethernet);
    }

    /// Sleeps until the chip wants attention, or until `until`, or a little while.
    pub(crate) fn sleep(&mut self, now: Instant, until: Option<Instant>) {
        let micros = until.map_or(u64::MAX, |until| (until - now).as_micros());
        let ticks = u32::try_from(micros).unwrap_or(u32::MAX);
        let ticks = ticks.saturating_mul(MEGAHERTZ).clamp(1, LONGEST_SLEEP);
        self.timer.set_reload(ticks);
        self.timer.clear_current();
        self.timer.enable_counter();
        asm::wfi();
        self.timer.disable_counter();
        SCB::clear_pendst();
    }
}
