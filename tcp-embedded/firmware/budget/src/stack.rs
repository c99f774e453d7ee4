//! Measures how deep the stack gets: it is painted, and what has lost its paint was used.

/// Octets below the stack pointer that are painted, more than anything here uses.
const PAINTED: usize = 64 * 1_024;
const PAINT: u32 = 0x5afe_57ac;

/// Does `work` and says how many octets of stack it needed.
#[inline(never)]
pub fn peak_stack<R>(work: impl FnOnce() -> R) -> (R, usize) {
    let top = stack_pointer();
    paint(top);
    let result = call(work);
    (result, depth(top))
}

/// A frame of its own, so that the variables of `work` lie below the painted edge.
#[inline(never)]
fn call<R>(work: impl FnOnce() -> R) -> R {
    work()
}

#[inline(always)]
fn stack_pointer() -> usize {
    let pointer: usize;
    // SAFETY: reads a register.
    unsafe { core::arch::asm!("mov {}, sp", out(reg) pointer, options(nomem, nostack)) };
    pointer
}

/// Part of its caller, since a frame of its own would lie in what it paints.
#[inline(always)]
fn paint(top: usize) {
    let mut at = top - PAINTED;
    while at < top {
        // SAFETY: memory below the stack pointer, in which nothing lives; there are no interrupts.
        unsafe { (at as *mut u32).write_volatile(PAINT) };
        at += 4;
    }
}

#[inline(always)]
fn depth(top: usize) -> usize {
    let mut at = top - PAINTED;
    // SAFETY: memory.
    while at < top && unsafe { (at as *const u32).read_volatile() } == PAINT {
        at += 4;
    }
    top - at
}
