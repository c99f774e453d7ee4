//! Time, by a timer of 32 bits that counts microseconds.

use embassy_stm32::Peri;
use embassy_stm32::peripherals::TIM2;
use embassy_stm32::timer::low_level::Timer;
use tcp_core::Instant;

/// Microseconds since the start. The counter wraps after 71 minutes, and is looked at far more
/// often.
pub(crate) struct Clock {
    timer: Timer<'static, TIM2>,
    counter: u32,
    micros: u64,
}

impl Clock {
    pub(crate) fn start(timer: Peri<'static, TIM2>) -> Self {
        let timer = Timer::new(timer);
        let divisor = timer.get_clock_frequency().0 / 1_000_000;
        let registers = timer.regs_gp32();
        registers
            .psc()
            .write_value(divisor.saturating_sub(1) as u16);
        registers.arr().write_value(u32::MAX);
        // The divisor is taken over with an update only.
        registers.egr().write(|w| w.set_ug(true));
        timer.start();
        Self {
            timer,
            counter: 0,
            micros: 0,
        }
    }

    pub(crate) fn now(&mut self) -> Instant {
        let counter = self.timer.regs_gp32().cnt().read();
        self.micros += u64::from(counter.wrapping_sub(self.counter));
        self.counter = counter;
        Instant::from_micros(self.micros)
    }
}
