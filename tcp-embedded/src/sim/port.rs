//! The wiring between a driver and a model of a chip, and what may happen on it.

use core::cell::RefCell;
use core::convert::Infallible;
use core::fmt;
use std::vec::Vec;

use embedded_hal::delay::DelayNs;
use embedded_hal::digital::{self, InputPin, OutputPin};
use embedded_hal::spi::{self, Operation, SpiDevice};

/// What an octet takes on the bus: 20 MHz.
const OCTET_NS: u64 = 400;
/// What a transaction takes besides.
const SELECT_NS: u64 = 200;

/// A model of a chip, as its pins see it.
pub trait Chip {
    /// Chip select falls.
    fn select(&mut self);
    /// Eight clocks: an octet in, an octet out.
    fn octet(&mut self, octet: u8) -> u8;
    /// Chip select rises.
    fn deselect(&mut self);
    /// Whether the interrupt line is driven (low).
    fn asks(&self) -> bool;
    /// The reset line falls or rises.
    fn reset_line(&mut self, is: digital::PinState);
    /// Time passes.
    fn pass(&mut self, ns: u64);
    /// A frame comes from the cable; whether the chip has it now.
    fn deliver(&mut self, frame: &[u8]) -> bool;
    /// The oldest frame that left by the cable.
    fn take_sent(&mut self) -> Option<Vec<u8>>;
    /// What was done that the data sheet forbids.
    fn violations(&self) -> &[&'static str];
}

/// What the interrupt line does besides what the chip does.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum InterruptLine {
    /// It is connected.
    #[default]
    Connected,
    /// It never asks.
    StuckHigh,
    /// It always asks.
    StuckLow,
}

/// What happens on the wires. Rates are per million.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    /// Octets to the chip of which one bit flips.
    pub flips_to_chip: u32,
    /// Octets from the chip of which one bit flips.
    pub flips_from_chip: u32,
    /// Bits flip only in so many octets at the beginning of a transaction, if it is not zero: in
    /// commands, registers and headers, but not in what frames carry, where two flips may cancel
    /// out in a checksum.
    pub flips_within: u64,
    /// Transactions that fail after some of their octets.
    pub failures: u32,
    /// What the interrupt line does.
    pub line: InterruptLine,
    /// While there are any, these octets are answered instead of the chip's, the last one first,
    /// and the chip is told nothing.
    pub answers: Vec<u8>,
}

/// A transfer that failed because of [`Faults::failures`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct BusFault;

impl fmt::Display for BusFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a transfer was made to fail")
    }
}

impl core::error::Error for BusFault {}

impl spi::Error for BusFault {
    fn kind(&self) -> spi::ErrorKind {
        spi::ErrorKind::Other
    }
}

/// A chip and its wires.
#[derive(Debug)]
pub struct Wired<C> {
    /// The chip.
    pub chip: C,
    /// What happens on its wires.
    pub faults: Faults,
    random: u64,
    /// Transactions so far.
    pub transactions: u64,
    /// Octets so far.
    pub octets: u64,
}

impl<C: Chip> Wired<C> {
    /// Wires without faults; `seed` decides where those fall that are asked for later.
    #[must_use]
    pub fn new(chip: C, seed: u64) -> Self {
        Self {
            chip,
            faults: Faults::default(),
            random: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1,
            transactions: 0,
            octets: 0,
        }
    }

    /// xorshift64*, and a share of a million.
    fn happens(&mut self, per_million: u32) -> bool {
        per_million > 0 && self.next() % 1_000_000 < u64::from(per_million)
    }

    fn next(&mut self) -> u64 {
        let mut x = self.random;
        x ^= x >> 12;
        x ^= x << 25;
        x ^= x >> 27;
        self.random = x;
        x.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 16
    }

    fn flip(&mut self, octet: u8, per_million: u32) -> u8 {
        if self.happens(per_million) {
            octet ^ 1 << (self.next() % 8)
        } else {
            octet
        }
    }

    /// The octet after `before` others in its transaction.
    fn octet(&mut self, octet: u8, before: u64) -> u8 {
        self.octets += 1;
        if let Some(answer) = self.faults.answers.pop() {
            return answer;
        }
        let within = self.faults.flips_within;
        if within != 0 && before >= within {
            return self.chip.octet(octet);
        }
        let octet = self.flip(octet, self.faults.flips_to_chip);
        let answer = self.chip.octet(octet);
        self.flip(answer, self.faults.flips_from_chip)
    }

    fn transaction(&mut self, operations: &mut [Operation<'_, u8>]) -> Result<(), BusFault> {
        self.transactions += 1;
        self.chip.pass(SELECT_NS);
        let fails = self.happens(self.faults.failures);
        let octets_before = self.octets;
        let last = if fails { self.next() % 8 } else { u64::MAX };
        self.chip.select();
        let carry = |wired: &mut Self, octet| {
            let before = wired.octets - octets_before;
            if before >= last {
                return Err(BusFault);
            }
            Ok(wired.octet(octet, before))
        };
        let mut result = Ok(());
        for operation in operations {
            result = result.and_then(|()| match operation {
                Operation::Read(octets) => octets.iter_mut().try_for_each(|octet| {
                    *octet = carry(self, 0)?;
                    Ok(())
                }),
                Operation::Write(octets) => octets
                    .iter()
                    .try_for_each(|&octet| carry(self, octet).map(drop)),
                Operation::TransferInPlace(octets) => octets.iter_mut().try_for_each(|octet| {
                    *octet = carry(self, *octet)?;
                    Ok(())
                }),
                Operation::Transfer(..) => Err(BusFault),
                Operation::DelayNs(ns) => {
                    self.chip.pass((*ns).into());
                    Ok(())
                }
            });
        }
        self.chip.deselect();
        self.chip.pass((self.octets - octets_before) * OCTET_NS);
        if fails { Err(BusFault) } else { result }
    }
}

/// One end of the wires. All ends of one chip share it.
#[derive(Debug)]
pub struct Port<'a, C>(&'a RefCell<Wired<C>>);

impl<'a, C> Port<'a, C> {
    /// An end at this chip.
    #[must_use]
    pub const fn new(chip: &'a RefCell<Wired<C>>) -> Self {
        Self(chip)
    }
}

impl<C> Clone for Port<'_, C> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<C> Copy for Port<'_, C> {}

impl<C: Chip> spi::ErrorType for Port<'_, C> {
    type Error = BusFault;
}

impl<C: Chip> SpiDevice for Port<'_, C> {
    fn transaction(&mut self, operations: &mut [Operation<'_, u8>]) -> Result<(), BusFault> {
        self.0.borrow_mut().transaction(operations)
    }
}

impl<C: Chip> DelayNs for Port<'_, C> {
    fn delay_ns(&mut self, ns: u32) {
        self.0.borrow_mut().chip.pass(ns.into());
    }
}

impl<C: Chip> digital::ErrorType for Port<'_, C> {
    type Error = Infallible;
}

impl<C: Chip> InputPin for Port<'_, C> {
    fn is_high(&mut self) -> Result<bool, Infallible> {
        self.is_low().map(|is_low| !is_low)
    }

    fn is_low(&mut self) -> Result<bool, Infallible> {
        let wired = self.0.borrow();
        Ok(match wired.faults.line {
            InterruptLine::Connected => wired.chip.asks(),
            InterruptLine::StuckHigh => false,
            InterruptLine::StuckLow => true,
        })
    }
}

impl<C: Chip> OutputPin for Port<'_, C> {
    fn set_low(&mut self) -> Result<(), Infallible> {
        self.0.borrow_mut().chip.reset_line(digital::PinState::Low);
        Ok(())
    }

    fn set_high(&mut self) -> Result<(), Infallible> {
        self.0.borrow_mut().chip.reset_line(digital::PinState::High);
        Ok(())
    }
}

/// The same ends for drivers that are asynchronous: what they ask for is done at once.
#[cfg(feature = "async")]
mod asynchronous {
    use core::convert::Infallible;
    use core::future::poll_fn;
    use core::task::Poll;

    use embedded_hal::digital::InputPin;
    use embedded_hal::spi::Operation;
    use embedded_hal_async::delay::DelayNs;
    use embedded_hal_async::digital::Wait;
    use embedded_hal_async::spi::SpiDevice;

    use super::{BusFault, Chip, Port};

    impl<C: Chip> SpiDevice for Port<'_, C> {
        async fn transaction(
            &mut self,
            operations: &mut [Operation<'_, u8>],
        ) -> Result<(), BusFault> {
            self.0.borrow_mut().transaction(operations)
        }
    }

    impl<C: Chip> DelayNs for Port<'_, C> {
        async fn delay_ns(&mut self, ns: u32) {
            self.0.borrow_mut().chip.pass(ns.into());
        }
    }

    impl<C: Chip> Port<'_, C> {
        /// Waits without waking anybody: whoever polls it does so again.
        async fn wait(&mut self, until: impl Fn(bool) -> bool) -> Result<(), Infallible> {
            poll_fn(|_| match self.is_low() {
                Ok(is_low) if until(is_low) => Poll::Ready(Ok(())),
                Ok(_) => Poll::Pending,
            })
            .await
        }
    }

    impl<C: Chip> Wait for Port<'_, C> {
        async fn wait_for_high(&mut self) -> Result<(), Infallible> {
            self.wait(|is_low| !is_low).await
        }

        async fn wait_for_low(&mut self) -> Result<(), Infallible> {
            self.wait(|is_low| is_low).await
        }

        async fn wait_for_rising_edge(&mut self) -> Result<(), Infallible> {
            self.wait_for_low().await?;
            self.wait_for_high().await
        }

        async fn wait_for_falling_edge(&mut self) -> Result<(), Infallible> {
            self.wait_for_high().await?;
            self.wait_for_low().await
        }

        async fn wait_for_any_edge(&mut self) -> Result<(), Infallible> {
            let Ok(was_low) = self.is_low();
            self.wait(|is_low| is_low != was_low).await
        }
    }
}
