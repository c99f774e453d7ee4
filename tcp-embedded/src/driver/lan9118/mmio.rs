//! The chip on the memory bus: the only place of this crate that touches memory by address.

use core::fmt;

use super::registers::{Register, Registers, SPACE};

/// The registers of a chip at an address.
pub struct Mmio {
    base: usize,
}

impl Mmio {
    /// The chip whose registers begin at the address `base`.
    ///
    /// # Safety
    /// 256 octets from `base` on, which is a multiple of four, are the registers of such a chip,
    /// mapped as device memory, as long as this value lives, and nothing else uses them.
    #[must_use]
    pub const unsafe fn new(base: usize) -> Self {
        Self { base }
    }

    const fn address(&self, register: Register) -> *mut u32 {
        const { assert!(SPACE > u8::MAX as usize) };
        // The space does not wrap around the end of the address space: `new` asked for that.
        self.base.wrapping_add(register as usize) as *mut u32
    }
}

impl Registers for Mmio {
    #[inline]
    fn read(&mut self, register: Register) -> u32 {
        // SAFETY: `new` asked for 256 octets of registers that are aligned and nobody else's, and
        // no register lies beyond them. Whatever is read is a `u32`.
        unsafe { self.address(register).read_volatile() }
    }

    #[inline]
    fn write(&mut self, register: Register, value: u32) {
        // SAFETY: as above; writing a register of the chip changes no memory: it has no DMA.
        unsafe { self.address(register).write_volatile(value) }
    }
}

impl fmt::Debug for Mmio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mmio({:#x})", self.base)
    }
}
