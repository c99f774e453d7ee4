//! Counts instructions.
//!
//! With `-icount shift=10,sleep=off` an instruction takes 1,024 ns of virtual time, and the free
//! running counter of the board's Ethernet controller counts at 25 MHz of that time: 25.6 ticks an
//! instruction, so the count is exact. Instructions are not cycles: there are no wait states and
//! no caches in it.

use core::sync::atomic::{AtomicU32, Ordering};

/// LAN9118 `FREE_RUN`.
const FREE_RUN: *const u32 = 0x4020_009c as *const u32;
/// Instructions that reading the counter twice takes itself.
static OVERHEAD: AtomicU32 = AtomicU32::new(0);

/// Instructions of one kind of work.
#[derive(Clone, Copy, Debug, Default)]
pub struct Count(pub u64);

impl Count {
    /// Learns what counting costs; to be called first.
    pub fn calibrate() {
        let mut nothing = Self(0);
        nothing.of(|| ());
        OVERHEAD.store(nothing.0 as u32, Ordering::Relaxed);
    }

    /// Does `work` and counts it: less than 2^32 ticks, which is 160 million instructions.
    #[inline(always)]
    pub fn of<R>(&mut self, work: impl FnOnce() -> R) -> R {
        let before = ticks();
        let result = work();
        let passed = u64::from(ticks().wrapping_sub(before)) * 10 / 256;
        self.0 += passed.saturating_sub(OVERHEAD.load(Ordering::Relaxed).into());
        result
    }
}

#[inline(always)]
fn ticks() -> u32 {
    // SAFETY: a register that is there on every mps2 board, and that reading does not change.
    unsafe { FREE_RUN.read_volatile() }
}
