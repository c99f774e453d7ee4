//! SMSC (Microchip) LAN9118 and its family: an Ethernet MAC with its PHY and FIFOs on a 32-bit
//! memory bus, without DMA.
//!
//! Data sheets: LAN9118 (DS00002266), LAN9220 (DS00002417). What this driver takes care of:
//!
//! - Every wait ends after a fixed number of reads, every loop after what the FIFOs can hold.
//! - A length that cannot be right, or an error of the FIFOs, means that the processor and the
//!   chip are out of step: the receiver is emptied, and when that fails the chip is set up afresh.
//! - The interrupt line is a level. [`receive`](Mac::receive) takes the reason away only when it
//!   has seen the receiver empty, and looks once more afterwards, so no frame is left behind.
//! - The PHY is asked when it raises the line, and every quarter of a second in case it did not;
//!   the duplex of the MAC follows what was negotiated.
//! - Frames are drained by reading, never by the chip's fast-forward, and in whole words: both are
//!   what emulations of the chip get wrong.

mod chip;
mod error;
mod fifo;
mod filter;
mod link;
#[expect(unsafe_code, reason = "registers of a device have addresses")]
mod mmio;
#[cfg(test)]
mod model;
mod registers;
#[cfg(test)]
mod tests;

pub use error::{Error, Wait};
pub use filter::Groups;
pub use mmio::Mmio;
pub use registers::{Register, Registers};

use core::num::NonZeroU8;

use tcp_core::{RxChecksum, TxChecksum};

use crate::mac::{Capabilities, LinkState, Mac, MacAddress};

/// Longest frame: 1,500 octets of payload and the header.
const LONGEST: u16 = 1_514;
/// Frames of that length that fit into the transmitter's 4,608 octets, with their commands.
const BURST: u8 = 3;

/// Where the station's address comes from.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Station {
    /// From the EEPROM beside the chip, which the chip reads by itself after a reset.
    Eeprom,
    /// From the caller.
    Address(MacAddress),
}

/// How the interrupt line is driven, as the board wants it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum IrqLine {
    /// High while there is a reason, else low.
    ActiveHigh,
    /// Low while there is a reason, else high.
    ActiveLow,
    /// Low while there is a reason, else left alone.
    OpenDrain,
}

/// What happened since the start. All wrap.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Counters {
    /// Frames handed to the caller.
    pub received: u32,
    /// Frames handed to the chip.
    pub transmitted: u32,
    /// Received frames that were damaged, too long for the buffer, or not for this station.
    pub bad_frames: u32,
    /// Received frames for which the chip had no room.
    pub overruns: u32,
    /// Frames that the chip could not send: no carrier, collisions.
    pub transmit_errors: u32,
    /// Frames that found no room in the chip.
    pub no_room: u32,
    /// Times the receiver was emptied because it was out of step.
    pub resyncs: u32,
    /// Times the chip was set up afresh.
    pub restarts: u32,
    /// Waits that ended without what was waited for.
    pub timeouts: u32,
    /// Times the cable began to carry.
    pub link_ups: u32,
}

/// Whether processor and chip agree about the FIFOs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Step {
    In,
    /// The chip must be set up afresh.
    Out,
}

/// A chip and what is known of it.
///
/// ```no_run
/// use tcp_embedded::driver::lan9118::{Error, Lan9118, Mmio, Station};
///
/// // SAFETY: the board has the chip at this address, and nothing else uses it.
/// let registers = unsafe { Mmio::new(0x4020_0000) };
/// let mac = Lan9118::new(registers, Station::Eeprom)?;
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug)]
pub struct Lan9118<R> {
    registers: R,
    address: MacAddress,
    groups: Groups,
    irq: Option<IrqLine>,
    step: Step,
    link: LinkState,
    /// What `MAC_CR` holds.
    control: u32,
    /// `FREE_RUN` when the PHY was last asked.
    looked: u32,
    /// `FREE_RUN` when the receiver was first seen to hold octets of no frame.
    remnant: Option<u32>,
    counters: Counters,
}

impl<R: Registers> Lan9118<R> {
    /// Resets the chip and sets it up: filter for its own address and broadcasts, negotiation
    /// begun, interrupts off.
    ///
    /// # Errors
    /// When there is no such chip, no address, or the chip does not come to an end with something.
    pub fn new(registers: R, station: Station) -> Result<Self, Error> {
        let mut chip = Self {
            registers,
            address: MacAddress::default(),
            groups: Groups::NONE,
            irq: None,
            step: Step::In,
            link: LinkState::Down,
            control: 0,
            looked: 0,
            remnant: None,
            counters: Counters::default(),
        };
        chip.reset(chip::POWER_UP)?;
        chip.address = match station {
            Station::Eeprom => chip.address_of_eeprom()?,
            Station::Address(address) => address,
        };
        if chip.address.is_group() || chip.address == MacAddress::default() {
            return Err(Error::NoAddress);
        }
        chip.negotiate()?;
        chip.set_up()?;
        Ok(chip)
    }

    /// Lets the chip raise its interrupt line for received frames, changes of the link, and
    /// errors. It stays raised until [`receive`](Mac::receive) found no frame, and
    /// [`link`](Mac::link) was called.
    pub fn enable_interrupts(&mut self, line: IrqLine) {
        self.irq = Some(line);
        self.set_up_interrupts();
    }

    /// The line is not raised any more.
    pub fn disable_interrupts(&mut self) {
        self.irq = None;
        self.set_up_interrupts();
    }

    /// Which groups are received beside broadcasts.
    ///
    /// # Errors
    /// When the MAC does not answer.
    pub fn set_groups(&mut self, groups: Groups) -> Result<(), Error> {
        self.groups = groups;
        self.set_filter()
    }

    /// A counter in the chip at 25 MHz, which wraps: a clock for machines that have no better one.
    pub fn free_run(&mut self) -> u32 {
        self.read(Register::FreeRun)
    }

    /// What happened so far.
    #[must_use]
    pub const fn counters(&self) -> Counters {
        self.counters
    }

    fn read(&mut self, register: Register) -> u32 {
        self.registers.read(register)
    }

    fn write(&mut self, register: Register, value: u32) {
        self.registers.write(register, value);
    }
}

impl<R: Registers> Mac for Lan9118<R> {
    type Error = Error;

    fn receive(&mut self, frame: &mut [u8]) -> Result<Option<usize>, Error> {
        if self.step == Step::Out {
            self.restart()?;
        }
        self.take_frame(frame)
    }

    fn can_transmit(&mut self) -> bool {
        self.step == Step::In && self.room() >= fifo::needed(LONGEST.into())
    }

    fn transmit(&mut self, frame: &[u8]) -> Result<(), Error> {
        self.put_frame(frame)
    }

    fn link(&mut self) -> LinkState {
        self.watch();
        self.link
    }

    fn address(&self) -> MacAddress {
        self.address
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities {
            max_frame: LONGEST,
            max_burst: NonZeroU8::new(BURST).unwrap_or(NonZeroU8::MIN),
            rx_checksum: RxChecksum::Unverified,
            tx_checksum: TxChecksum::Full,
        }
    }
}
