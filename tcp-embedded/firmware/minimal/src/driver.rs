//! The driver of an SPI MAC without a stack: every call, over a bus that answers what the device
//! says. What it costs, and the proof that no answer makes it panic.

use core::convert::Infallible;
use core::ptr::{addr_of_mut, read_volatile, write_volatile};

use embedded_hal::delay::DelayNs;
use embedded_hal::digital::{self, InputPin, OutputPin};
use embedded_hal::spi::{self, Operation, SpiDevice};
#[cfg(feature = "enc28j60")]
use tcp_embedded::driver::enc28j60::{Config, Enc28j60 as Driver};
#[cfg(feature = "w5500")]
use tcp_embedded::driver::w5500::{Config, W5500 as Driver};
use tcp_embedded::{LinkState, Mac, MacAddress};

use crate::mailbox::Mailbox;

/// The registers of a bus.
#[repr(C)]
struct Registers {
    select: u32,
    octet: u32,
    failed: u32,
    nanoseconds: u32,
    line: u32,
}

unsafe extern "C" {
    static mut BUS: Registers;
}

pub(crate) fn run(mut mailbox: Mailbox) -> ! {
    let [a, b, c, d, ..] = mailbox.secret();
    let config = Config::new(MacAddress([2, 0, a, b, c, d]));
    let mut driver = Driver::new(Bus, Bus, config)
        .with_interrupt(Bus)
        .with_reset(Bus);
    let mut frame = [0; 1_514];
    loop {
        let said = match mailbox.choice() {
            0 => driver.init().is_ok(),
            1 => driver.mask_interrupt().is_ok(),
            2 => driver.unmask_interrupt().is_ok(),
            _ => call(&mut mailbox, &mut driver, &mut frame),
        };
        mailbox.report(u32::from(said) + driver.counters().received);
    }
}

fn call(mailbox: &mut Mailbox, mac: &mut impl Mac, frame: &mut [u8]) -> bool {
    match mailbox.choice() {
        0 => match mac.receive(frame) {
            Ok(Some(len)) => {
                mailbox.put(frame.get(..len).unwrap_or_default());
                true
            }
            Ok(None) | Err(_) => false,
        },
        1 => {
            let len = mailbox.take(frame).unwrap_or(0);
            mac.transmit(frame.get(..len).unwrap_or_default()).is_ok()
        }
        2 => mac.can_transmit(),
        3 => mac.link() == LinkState::Up,
        4 => mac.join_group(mac.address()).is_ok(),
        _ => mac.asks(),
    }
}

/// The bus, a line and a clock at once.
struct Bus;

impl Bus {
    fn carry(octet: u8) -> Result<u8, Broken> {
        // SAFETY: registers.
        unsafe {
            write_volatile(addr_of_mut!(BUS.octet), octet.into());
            if read_volatile(addr_of_mut!(BUS.failed)) != 0 {
                return Err(Broken);
            }
            Ok(read_volatile(addr_of_mut!(BUS.octet)) as u8)
        }
    }

    fn select(is_selected: u32) {
        // SAFETY: a register.
        unsafe { write_volatile(addr_of_mut!(BUS.select), is_selected) }
    }
}

/// A transfer failed.
#[derive(Debug)]
struct Broken;

impl spi::Error for Broken {
    fn kind(&self) -> spi::ErrorKind {
        spi::ErrorKind::Other
    }
}

impl spi::ErrorType for Bus {
    type Error = Broken;
}

impl SpiDevice for Bus {
    fn transaction(&mut self, operations: &mut [Operation<'_, u8>]) -> Result<(), Broken> {
        Self::select(1);
        let result = operations
            .iter_mut()
            .try_for_each(|operation| match operation {
                Operation::Read(octets) => octets.iter_mut().try_for_each(|octet| {
                    *octet = Self::carry(0)?;
                    Ok(())
                }),
                Operation::Write(octets) => octets
                    .iter()
                    .try_for_each(|&octet| Self::carry(octet).map(drop)),
                Operation::Transfer(..) | Operation::TransferInPlace(_) => Err(Broken),
                Operation::DelayNs(ns) => {
                    Self.delay_ns(*ns);
                    Ok(())
                }
            });
        Self::select(0);
        result
    }
}

impl DelayNs for Bus {
    fn delay_ns(&mut self, ns: u32) {
        // SAFETY: a register.
        unsafe { write_volatile(addr_of_mut!(BUS.nanoseconds), ns) }
    }
}

impl digital::ErrorType for Bus {
    type Error = Infallible;
}

impl InputPin for Bus {
    fn is_high(&mut self) -> Result<bool, Infallible> {
        // SAFETY: a register.
        Ok(unsafe { read_volatile(addr_of_mut!(BUS.line)) } != 0)
    }

    fn is_low(&mut self) -> Result<bool, Infallible> {
        self.is_high().map(|is_high| !is_high)
    }
}

impl OutputPin for Bus {
    fn set_low(&mut self) -> Result<(), Infallible> {
        // SAFETY: a register.
        unsafe { write_volatile(addr_of_mut!(BUS.line), 0) }
        Ok(())
    }

    fn set_high(&mut self) -> Result<(), Infallible> {
        // SAFETY: a register.
        unsafe { write_volatile(addr_of_mut!(BUS.line), 1) }
        Ok(())
    }
}
