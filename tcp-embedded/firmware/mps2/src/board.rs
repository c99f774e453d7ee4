//! Where things are on the board, and the two that are reached by address: the console and the
//! secret.

use core::ptr::addr_of;

use cortex_m::interrupt::InterruptNumber;
use tcp_embedded::driver::lan9118::Mmio;

/// What differs between the boards.
struct Board {
    name: &'static str,
    ethernet: usize,
    ethernet_irq: u16,
    uart: usize,
    /// Of the processor and of its SysTick.
    megahertz: u32,
}

#[cfg(not(any(feature = "an385", feature = "an500", feature = "an547")))]
const BOARD: Board = Board {
    name: "mps2-an386",
    ethernet: 0x4020_0000,
    ethernet_irq: 13,
    uart: 0x4000_4000,
    megahertz: 25,
};
#[cfg(feature = "an385")]
const BOARD: Board = Board {
    name: "mps2-an385",
    ethernet: 0x4020_0000,
    ethernet_irq: 13,
    uart: 0x4000_4000,
    megahertz: 25,
};
#[cfg(feature = "an500")]
const BOARD: Board = Board {
    name: "mps2-an500",
    ethernet: 0xa000_0000,
    ethernet_irq: 13,
    uart: 0x4000_4000,
    megahertz: 25,
};
/// Seen from the secure state, in which the processor starts.
#[cfg(feature = "an547")]
const BOARD: Board = Board {
    name: "mps3-an547",
    ethernet: 0x5140_0000,
    ethernet_irq: 49,
    uart: 0x5930_3000,
    megahertz: 32,
};

pub(crate) const NAME: &str = BOARD.name;
pub(crate) const MEGAHERTZ: u32 = BOARD.megahertz;

/// The interrupt of the Ethernet chip.
#[derive(Clone, Copy)]
pub(crate) struct Ethernet;

// SAFETY: the number is the board's, and below the 240 of the architecture.
unsafe impl InterruptNumber for Ethernet {
    fn number(self) -> u16 {
        BOARD.ethernet_irq
    }
}

/// The registers of the Ethernet chip.
///
/// # Safety
/// To be called once.
pub(crate) unsafe fn ethernet() -> Mmio {
    // SAFETY: the chip is there, and the only call gives it away.
    unsafe { Mmio::new(BOARD.ethernet) }
}

/// 128 bits that whoever started the machine left at the end of its memory: QEMU's boards have no
/// source of randomness. Memory that nobody wrote holds what it held when power came.
pub(crate) fn secret() -> [u8; 16] {
    unsafe extern "C" {
        static _secret: [u8; 16];
    }
    // SAFETY: the linker script keeps these octets of memory free of everything else.
    unsafe { addr_of!(_secret).read_volatile() }
}

/// Octets to the console: the board's first UART.
pub(crate) mod console {
    use super::BOARD;

    /// Tries for each octet: at 38,400 baud one takes about 6,500 cycles.
    const PATIENCE: u32 = 20_000;
    const DATA: usize = 0;
    const STATE: usize = 4;
    const CONTROL: usize = 8;
    const DIVISOR: usize = 16;

    pub(crate) fn start() {
        write(DIVISOR, BOARD.megahertz * 1_000_000 / 38_400);
        write(CONTROL, 1);
    }

    /// Octets that are not taken in time are lost.
    pub(crate) fn put(octets: &[u8]) {
        for octet in octets {
            let mut tries = 0;
            while read(STATE) & 1 != 0 && tries < PATIENCE {
                tries += 1;
            }
            write(DATA, (*octet).into());
        }
    }

    fn read(offset: usize) -> u32 {
        // SAFETY: the UART is there, only this module uses it, and reading it changes no memory.
        unsafe { ((BOARD.uart + offset) as *const u32).read_volatile() }
    }

    fn write(offset: usize, value: u32) {
        // SAFETY: as above.
        unsafe { ((BOARD.uart + offset) as *mut u32).write_volatile(value) }
    }
}
