//! What the boards have in common: the same PHY on the same pins (RMII), a tick, a secret.

#[cfg_attr(feature = "f429zi", path = "board/f429zi.rs")]
#[cfg_attr(feature = "f767zi", path = "board/f767zi.rs")]
#[cfg_attr(feature = "h743zi", path = "board/h743zi.rs")]
mod chip;

use core::mem::MaybeUninit;

use cortex_m::peripheral::SYST;
use cortex_m::peripheral::syst::SystClkSource;
use embassy_stm32::eth::{Ethernet, GenericPhy, PacketQueue, Sma};
use embassy_stm32::peripherals::{ETH, ETH_SMA};
use embassy_stm32::rng::Rng;
use embassy_stm32::{Config, uid};

use crate::Irqs;
use crate::clock::Clock;

/// Frames in each direction for which the DMA has buffers.
const FRAMES: usize = 4;

pub(crate) type Device = Ethernet<'static, ETH, GenericPhy<Sma<'static, ETH_SMA>>>;

/// What the rest of the image needs.
pub(crate) struct Board {
    pub(crate) device: Device,
    pub(crate) clock: Clock,
    pub(crate) secret: [u8; 16],
}

/// Where the Ethernet DMA reads and writes: memory that it reaches and that has no cache.
#[cfg_attr(feature = "h743zi", unsafe(link_section = ".sram3.frames"))]
#[cfg_attr(not(feature = "h743zi"), unsafe(link_section = ".uninit.frames"))]
static mut FRAMES_OF_DMA: MaybeUninit<PacketQueue<FRAMES, FRAMES>> = MaybeUninit::uninit();

/// Starts everything. To be called once: a second call panics.
pub(crate) fn start() -> Board {
    let mut core = cortex_m::Peripherals::take().expect("the first call");
    let mut config = Config::default();
    chip::clocks(&mut config.rcc);
    let chip = embassy_stm32::init(config);
    chip::memory(&mut core);
    tick(&mut core.SYST);
    let mut secret = [0; 16];
    Rng::new(chip.RNG, Irqs).fill_bytes(&mut secret);
    // SAFETY: this is the only reference, because the peripherals are taken once.
    let frames = unsafe { &mut *core::ptr::addr_of_mut!(FRAMES_OF_DMA) };
    PacketQueue::init(frames);
    // SAFETY: initialized on the line above.
    let frames = unsafe { frames.assume_init_mut() };
    let device = Ethernet::new(
        frames,
        chip.ETH,
        Irqs,
        chip.PA1,
        chip.PA7,
        chip.PC4,
        chip.PC5,
        chip.PG13,
        chip.PB13,
        chip.PG11,
        station(),
        chip.ETH_SMA,
        chip.PA2,
        chip.PC1,
    );
    Board {
        device,
        clock: Clock::start(chip.TIM2),
        secret,
    }
}

/// A locally administered address, from the number that each chip has from the factory.
fn station() -> [u8; 6] {
    let hash = uid::uid()
        .iter()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, octet| {
            (hash ^ u64::from(*octet)).wrapping_mul(0x0100_0000_01b3)
        });
    let [a, b, c, d, e, ..] = hash.to_be_bytes();
    [0x02, a, b, c, d, e]
}

/// An interrupt each millisecond.
fn tick(timer: &mut SYST) {
    timer.set_clock_source(SystClkSource::Core);
    timer.set_reload(chip::MEGAHERTZ * 1_000 - 1);
    timer.clear_current();
    timer.enable_interrupt();
    timer.enable_counter();
}
