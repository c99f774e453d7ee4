//! Reset, set-up, and the registers behind the registers. Every wait is bounded here.

use super::registers::{BYTE_TEST, e2p_cmd, hw_cfg, interrupt, mac, pmt_ctrl, tx_cfg};
use super::{Counters, Error, IrqLine, Lan9118, Register, Registers, Step, Wait};
use crate::mac::{LinkState, MacAddress};

/// Reads of a register for which a chip is waited for that has just got power. A read takes 45 ns
/// at least, and in most machines several times that: a tenth of a second or more.
pub(super) const POWER_UP: u32 = 1_000_000;
/// The same for a chip that is up: nothing that it does takes longer than the 26 µs in which 64
/// bits go to the PHY and back, and the reset.
pub(super) const IN_SERVICE: u32 = 2_000;

/// Chips with these registers: LAN9115 to 9118, 9215 to 9218, 9210, 9211, 9220, 9221.
const FAMILY: [u16; 12] = [
    0x0115, 0x0116, 0x0117, 0x0118, 0x115a, 0x116a, 0x117a, 0x118a, 0x9210, 0x9211, 0x9220, 0x9221,
];
/// Room for a frame at 4,608 octets: the level is never reached, so the transmitter is silent;
/// any frame received is reported.
const LEVELS: u32 = 0x4800_0000;
/// Pause frames leave when the receiver holds 7,040 octets, until 3,520 are left (the data sheet's
/// values), and in half duplex back-pressure is off.
const FLOW_LEVELS: u32 = 0x006e_3740;

impl<R: Registers> Lan9118<R> {
    /// Brings the chip to its initial state and makes sure that it is one.
    pub(super) fn reset(&mut self, patience: u32) -> Result<(), Error> {
        let test = Register::ByteTest;
        if self.wait(Wait::Ready, patience, test, |read| read == BYTE_TEST) != Ok(()) {
            let read = self.read(test);
            return Err(Error::NotThere { read });
        }
        let awake = |read| read & pmt_ctrl::READY != 0;
        self.wait(Wait::Ready, patience, Register::PmtCtrl, awake)?;
        let [_, _, low, high] = self.read(Register::IdRev).to_le_bytes();
        let id = u16::from_le_bytes([low, high]);
        if !FAMILY.contains(&id) {
            return Err(Error::UnknownChip { id });
        }
        self.write(Register::HwCfg, hw_cfg::SRST);
        let done = |read| read & hw_cfg::SRST == 0;
        self.wait(Wait::Reset, patience, Register::HwCfg, done)?;
        let idle = |read| read & e2p_cmd::BUSY == 0;
        self.wait(Wait::Eeprom, patience, Register::E2pCmd, idle)
    }

    /// The address that the chip has loaded.
    pub(super) fn address_of_eeprom(&mut self) -> Result<MacAddress, Error> {
        if self.read(Register::E2pCmd) & e2p_cmd::ADDRESS_LOADED == 0 {
            return Err(Error::NoAddress);
        }
        let [a, b, c, d] = self.read_mac(mac::ADDRESS_LOW)?.to_le_bytes();
        let [e, f, ..] = self.read_mac(mac::ADDRESS_HIGH)?.to_le_bytes();
        Ok(MacAddress([a, b, c, d, e, f]))
    }

    /// From the initial state to one in which frames come and go.
    pub(super) fn set_up(&mut self) -> Result<(), Error> {
        let memory = hw_cfg::MUST_BE_ONE | hw_cfg::TX_FIFO_5K;
        self.write(Register::HwCfg, memory);
        self.write(Register::AfcCfg, FLOW_LEVELS);
        self.write(Register::FifoInt, LEVELS);
        self.set_up_interrupts();
        let [a, b, c, d, e, f] = self.address.0;
        self.write_mac(mac::ADDRESS_LOW, u32::from_le_bytes([a, b, c, d]))?;
        self.write_mac(mac::ADDRESS_HIGH, u32::from_le_bytes([e, f, 0, 0]))?;
        self.write_mac(mac::FLOW, 0)?;
        self.listen_to_phy()?;
        self.write(Register::RxCfg, 0);
        let transmitter = tx_cfg::ON | tx_cfg::STATUS_OVERRUN;
        self.write(Register::TxCfg, transmitter);
        self.control = mac::RX_ON | mac::TX_ON;
        self.set_filter()?;
        // The MAC has forgotten the duplex: it follows the link as if that had just come up.
        self.link = LinkState::Down;
        self.look_at_phy()
    }

    /// Sets the chip up afresh after it got out of step. What was in its FIFOs is lost.
    pub(super) fn restart(&mut self) -> Result<(), Error> {
        count(&mut self.counters, |counters| &mut counters.restarts);
        self.reset(IN_SERVICE)?;
        self.set_up()?;
        self.step = Step::In;
        Ok(())
    }

    pub(super) fn set_up_interrupts(&mut self) {
        let reasons =
            interrupt::RX_LEVEL | interrupt::PHY | interrupt::RX_ERROR | interrupt::TX_ERROR;
        // Enabled, polarity, push-pull.
        let (line, reasons) = match self.irq {
            None => (0, 0),
            Some(IrqLine::ActiveHigh) => (0x111, reasons),
            Some(IrqLine::ActiveLow) => (0x101, reasons),
            Some(IrqLine::OpenDrain) => (0x100, reasons),
        };
        self.write(Register::IntEn, 0);
        self.write(Register::IntSts, u32::MAX);
        self.write(Register::IrqCfg, line);
        self.write(Register::IntEn, reasons);
    }

    /// A register of the MAC.
    pub(super) fn read_mac(&mut self, register: u8) -> Result<u32, Error> {
        self.wait_for_mac()?;
        let command = mac::BUSY | mac::READ | u32::from(register);
        self.write(Register::MacCsrCmd, command);
        self.wait_for_mac()?;
        Ok(self.read(Register::MacCsrData))
    }

    pub(super) fn write_mac(&mut self, register: u8, value: u32) -> Result<(), Error> {
        self.wait_for_mac()?;
        self.write(Register::MacCsrData, value);
        self.write(Register::MacCsrCmd, mac::BUSY | u32::from(register));
        self.wait_for_mac()
    }

    /// A register of the PHY.
    pub(super) fn read_phy(&mut self, register: u8) -> Result<u16, Error> {
        self.wait_for_phy()?;
        let command = mac::MII_PHY | u32::from(register) << 6 | mac::MII_BUSY;
        self.write_mac(mac::MII_ACCESS, command)?;
        self.wait_for_phy()?;
        let [low, high, ..] = self.read_mac(mac::MII_DATA)?.to_le_bytes();
        Ok(u16::from_le_bytes([low, high]))
    }

    pub(super) fn write_phy(&mut self, register: u8, value: u16) -> Result<(), Error> {
        self.wait_for_phy()?;
        self.write_mac(mac::MII_DATA, value.into())?;
        let command = mac::MII_PHY | u32::from(register) << 6 | mac::MII_WRITE | mac::MII_BUSY;
        self.write_mac(mac::MII_ACCESS, command)?;
        self.wait_for_phy()
    }

    fn wait_for_mac(&mut self) -> Result<(), Error> {
        let idle = |read| read & mac::BUSY == 0;
        self.wait(Wait::Mac, IN_SERVICE, Register::MacCsrCmd, idle)
    }

    fn wait_for_phy(&mut self) -> Result<(), Error> {
        // Each look is itself an access to the MAC of three accesses or more.
        for _ in 0..IN_SERVICE / 4 {
            if self.read_mac(mac::MII_ACCESS)? & mac::MII_BUSY == 0 {
                return Ok(());
            }
        }
        self.gave_up(Wait::Phy)
    }

    /// Reads `register` until it is as it should be, `patience` times at most.
    pub(super) fn wait(
        &mut self,
        what: Wait,
        patience: u32,
        register: Register,
        is_right: impl Fn(u32) -> bool,
    ) -> Result<(), Error> {
        for _ in 0..patience {
            if is_right(self.read(register)) {
                return Ok(());
            }
        }
        self.gave_up(what)
    }

    fn gave_up(&mut self, what: Wait) -> Result<(), Error> {
        count(&mut self.counters, |counters| &mut counters.timeouts);
        Err(Error::Stuck(what))
    }
}

/// Counts one.
pub(super) fn count(counters: &mut Counters, which: impl FnOnce(&mut Counters) -> &mut u32) {
    let counter = which(counters);
    *counter = counter.wrapping_add(1);
}
