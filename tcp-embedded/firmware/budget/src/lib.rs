//! Counts instructions in QEMU.
//!
//! With `-icount shift=10,sleep=off` an instruction takes 1,024 ns of virtual time, and the free
//! running counter of the board's Ethernet controller counts at 25 MHz of that time: 25.6 ticks an
//! instruction, so the count is exact. Instructions are not cycles: there are no wait states and
//! no caches in it.

#![no_std]

use core::panic::PanicInfo;

use cortex_m_semihosting::{debug, hprintln};

/// LAN9118 `FREE_RUN`.
const FREE_RUN: *const u32 = 0x4020_009c as *const u32;
/// Instructions that reading the counter twice takes itself.
static mut OVERHEAD: u64 = 0;

/// Instructions of one kind of work.
#[derive(Clone, Copy, Debug, Default)]
pub struct Count(pub u64);

fn ticks() -> u32 {
    // SAFETY: a register that is there on every mps2 board, and that reading does not change.
    unsafe { FREE_RUN.read_volatile() }
}

impl Count {
    /// Does `work` and counts it.
    #[inline(always)]
    pub fn of<R>(&mut self, work: impl FnOnce() -> R) -> R {
        let before = ticks();
        let result = work();
        let passed = u64::from(ticks().wrapping_sub(before)) * 10 / 256;
        // SAFETY: one thread, no interrupts.
        self.0 += passed.saturating_sub(unsafe { OVERHEAD });
        result
    }

    /// Learns what counting costs.
    pub fn calibrate() {
        let mut nothing = Self(0);
        nothing.of(|| ());
        // SAFETY: one thread, no interrupts.
        unsafe { OVERHEAD = nothing.0 };
    }
}

/// Prints one measurement as a line of JSON.
pub fn report(what: &str, value: u64) {
    hprintln!("{{\"what\":\"{}\",\"value\":{}}}", what, value);
}

/// Ends the run.
pub fn done() -> ! {
    debug::exit(debug::EXIT_SUCCESS);
    loop {}
}

/// Fills what is below the stack pointer, so that [`peak_stack`] finds how deep it went.
pub fn paint_stack() {
    let here = core::ptr::from_ref(&()) as usize;
    let _ = here;
    // SAFETY: below the frame of this function nothing lives; the last 256 octets are left alone.
    unsafe {
        let top = stack_pointer() - 256;
        let mut at = top - PAINTED;
        while at < top {
            (at as *mut u32).write_volatile(PAINT);
            at += 4;
        }
    }
}

/// Octets below `from` that were touched since [`paint_stack`].
pub fn peak_stack(from: usize) -> usize {
    // SAFETY: the painted area is memory.
    unsafe {
        let mut at = from - PAINTED / 2;
        while at < from && (at as *const u32).read_volatile() == PAINT {
            at += 4;
        }
        from - at
    }
}

/// Where the stack stands.
#[inline(always)]
pub fn stack_pointer() -> usize {
    let pointer: usize;
    // SAFETY: reads a register.
    unsafe { core::arch::asm!("mov {}, sp", out(reg) pointer, options(nomem, nostack)) };
    pointer
}

const PAINTED: usize = 64 * 1024;
const PAINT: u32 = 0x5afe_57ac;

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    hprintln!("{}", info);
    debug::exit(debug::EXIT_FAILURE);
    loop {}
}
