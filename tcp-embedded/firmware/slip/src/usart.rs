//! USART1: an interrupt keeps what arrives, the loop sends.

use core::sync::atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering};

use cortex_m::peripheral::NVIC;
use cortex_m_rt::exception;
use tcp_embedded::{ErrorKind, Serial};

use crate::chip::{read, set, write};

const RCC_AHB1ENR: usize = 0x4002_3830;
const RCC_APB2ENR: usize = 0x4002_3844;
const GPIOA_MODER: usize = 0x4002_0000;
const GPIOA_AFRH: usize = 0x4002_0024;
const SR: usize = 0x4001_1000;
const DR: usize = 0x4001_1004;
const BRR: usize = 0x4001_1008;
const CR1: usize = 0x4001_100c;
/// Overrun, noise, framing, parity.
const BROKEN: u32 = 0x0f;
const RECEIVED: u32 = 1 << 5;
const SENDABLE: u32 = 1 << 7;
/// 16 MHz by 115,200, rounded.
const DIVISOR: u32 = 139;
const USART1: Usart1 = Usart1;

/// The interrupt's number.
#[derive(Clone, Copy)]
struct Usart1;

// SAFETY: 37 is the number of USART1 in the chip's vector table.
unsafe impl cortex_m::interrupt::InterruptNumber for Usart1 {
    fn number(self) -> u16 {
        37
    }
}

/// More than two packets, at most half of them escapes.
const ROOM: usize = 4_096;
static OCTETS: [AtomicU8; ROOM] = [const { AtomicU8::new(0) }; ROOM];
/// Octets kept since the start, by the interrupt.
static KEPT: AtomicUsize = AtomicUsize::new(0);
/// Octets taken since the start, by the loop.
static TAKEN: AtomicUsize = AtomicUsize::new(0);
/// Whether octets were lost or damaged.
static LOST: AtomicBool = AtomicBool::new(false);

/// The line.
pub(crate) struct Usart(());

impl Usart {
    /// To be called once: there is one line.
    pub(crate) fn start() -> Self {
        set(RCC_AHB1ENR, 1);
        set(RCC_APB2ENR, 1 << 4);
        // PA9 and PA10 are of the USART: alternate function 7.
        write(GPIOA_AFRH, read(GPIOA_AFRH) & !0xff0 | 0x770);
        write(GPIOA_MODER, read(GPIOA_MODER) & !(0xf << 18) | 0xa << 18);
        write(BRR, DIVISOR);
        // On, sends, receives, interrupts for what it received.
        write(CR1, 1 << 13 | RECEIVED | 1 << 3 | 1 << 2);
        // SAFETY: what the interrupt shares with the loop is atomic.
        unsafe { NVIC::unmask(USART1) };
        Self(())
    }
}

impl Serial for Usart {
    fn read(&mut self) -> Result<Option<u8>, ErrorKind> {
        if LOST.swap(false, Ordering::Relaxed) {
            return Err(ErrorKind::Overrun);
        }
        let taken = TAKEN.load(Ordering::Relaxed);
        if taken == KEPT.load(Ordering::Acquire) {
            return Ok(None);
        }
        let octet = OCTETS
            .get(taken % ROOM)
            .map(|octet| octet.load(Ordering::Relaxed));
        TAKEN.store(taken.wrapping_add(1), Ordering::Release);
        Ok(octet)
    }

    fn can_write(&mut self) -> bool {
        read(SR) & SENDABLE != 0
    }

    fn write(&mut self, octet: u8) {
        write(DR, octet.into());
    }
}

/// Until an octet arrives or a millisecond passes; not at all when octets wait.
pub(crate) fn sleep() {
    // Masked interrupts end the sleep, and are served after it.
    cortex_m::interrupt::free(|_| {
        if TAKEN.load(Ordering::Relaxed) == KEPT.load(Ordering::Relaxed) {
            cortex_m::asm::wfi();
        }
    });
}

/// Every interrupt but those that have a name: the only one that is unmasked is of the USART.
#[exception]
unsafe fn DefaultHandler(_: i16) {
    let status = read(SR);
    if status & (BROKEN | RECEIVED) == 0 {
        return;
    }
    // Reading the octet clears all of these bits.
    let octet = read(DR) as u8;
    if status & BROKEN != 0 {
        LOST.store(true, Ordering::Relaxed);
    }
    if status & RECEIVED == 0 {
        return;
    }
    let kept = KEPT.load(Ordering::Relaxed);
    if kept.wrapping_sub(TAKEN.load(Ordering::Acquire)) >= ROOM {
        LOST.store(true, Ordering::Relaxed);
        return;
    }
    if let Some(place) = OCTETS.get(kept % ROOM) {
        place.store(octet, Ordering::Relaxed);
    }
    KEPT.store(kept.wrapping_add(1), Ordering::Release);
}
