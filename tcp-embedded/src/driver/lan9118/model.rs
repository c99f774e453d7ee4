//! A model of the chip at the level of its registers, for the tests of the driver: what the data
//! sheet says that it does, and faults that it should not have.

use std::collections::VecDeque;

use super::registers::{
    BYTE_TEST, Register, Registers, hw_cfg, interrupt, mac, pmt_ctrl, rx_cfg, status,
};
use super::{IrqLine, chip};
use crate::mac::MacAddress;

/// Octets of received frames and of frames to send that fit.
const RX_FIFO: usize = 10_560;
const TX_FIFO: usize = 4_608;
pub(super) const EEPROM: MacAddress = MacAddress([0x52, 0x54, 0, 0x12, 0x34, 0x56]);

/// What is wrong with the chip.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Faults {
    /// These bits of what is read from this register are the other way round.
    pub(super) flip: Option<(Register, u32)>,
    /// After how many reads of that register, once.
    pub(super) after: u32,
    /// The flipped bits stay so.
    pub(super) for_ever: bool,
    /// The interrupt of the PHY does not come.
    pub(super) mute_phy: bool,
}

/// The chip.
#[derive(Debug)]
pub(super) struct Model {
    pub(super) faults: Faults,
    pub(super) accesses: u64,
    /// What was sent.
    pub(super) sent: Vec<Vec<u8>>,
    /// What its counters of lost frames shows next.
    pub(super) dropped: u32,
    pub(super) resets: u32,
    pub(super) id: u32,
    pub(super) eeprom: Option<MacAddress>,
    /// What the partner of the negotiation can do.
    pub(super) partner: u16,
    pub(super) free_run: u32,
    statuses: VecDeque<u32>,
    data: VecDeque<u32>,
    used: usize,
    commands: Vec<u32>,
    building: Vec<u8>,
    left: usize,
    tx_statuses: VecDeque<u32>,
    int_sts: u32,
    int_en: u32,
    irq_cfg: u32,
    hw_cfg: u32,
    csr_data: u32,
    csr: [u32; 16],
    phy: [u16; 32],
    is_up: bool,
}

impl Model {
    pub(super) fn new() -> Self {
        let mut model = Self {
            faults: Faults::default(),
            accesses: 0,
            sent: Vec::new(),
            dropped: 0,
            resets: 0,
            id: 0x0118_0001,
            eeprom: Some(EEPROM),
            partner: 0x0de1,
            free_run: 0,
            statuses: VecDeque::new(),
            data: VecDeque::new(),
            used: 0,
            commands: Vec::new(),
            building: Vec::new(),
            left: 0,
            tx_statuses: VecDeque::new(),
            int_sts: 0,
            int_en: 0,
            irq_cfg: 0,
            hw_cfg: 0,
            csr_data: 0,
            csr: [0; 16],
            phy: [0; 32],
            is_up: true,
        };
        model.reset();
        model.resets = 0;
        model
    }

    fn reset(&mut self) {
        self.resets += 1;
        self.statuses.clear();
        self.data.clear();
        self.used = 0;
        self.commands.clear();
        self.tx_statuses.clear();
        (self.int_sts, self.int_en, self.irq_cfg, self.hw_cfg) = (0, 0, 0, 0);
        self.csr = [0; 16];
        if let Some(MacAddress([a, b, c, d, e, f])) = self.eeprom {
            self.csr[usize::from(mac::ADDRESS_LOW)] = u32::from_le_bytes([a, b, c, d]);
            self.csr[usize::from(mac::ADDRESS_HIGH)] = u32::from_le_bytes([e, f, 0, 0]);
        }
        self.phy[30] = 0;
    }

    /// The level of the interrupt line, `true` for a reason.
    pub(super) fn line(&self) -> bool {
        self.irq_cfg & 0x100 != 0 && self.int_sts & self.int_en != 0
    }

    pub(super) fn line_is(&self, line: IrqLine) -> bool {
        let bits = match line {
            IrqLine::ActiveHigh => 0x111,
            IrqLine::ActiveLow => 0x101,
            IrqLine::OpenDrain => 0x100,
        };
        self.irq_cfg == bits
    }

    /// What the control register of the MAC holds.
    pub(super) fn control(&self) -> u32 {
        self.csr[usize::from(mac::CONTROL)]
    }

    pub(super) fn hash(&self) -> u64 {
        let [high, low] = [mac::HASH_HIGH, mac::HASH_LOW].map(|at| self.csr[usize::from(at)]);
        u64::from(high) << 32 | u64::from(low)
    }

    /// A frame arrives; whether there was room for it.
    pub(super) fn arrive(&mut self, frame: &[u8]) -> bool {
        self.arrive_as(frame, 0)
    }

    /// A frame arrives with these bits in its status.
    pub(super) fn arrive_as(&mut self, frame: &[u8], bits: u32) -> bool {
        if self.control() & mac::RX_ON == 0 {
            return false;
        }
        let with_crc = [frame, &[0xc0; 4]].concat();
        let words = with_crc.len().div_ceil(4);
        if self.used + words * 4 > RX_FIFO {
            self.dropped += 1;
            return false;
        }
        self.used += words * 4;
        for word in with_crc.chunks(4) {
            let mut octets = [0; 4];
            octets[..word.len()].copy_from_slice(word);
            self.data.push_back(u32::from_le_bytes(octets));
        }
        let length = u32::try_from(with_crc.len()).unwrap();
        self.statuses.push_back(length << 16 | bits);
        self.int_sts |= interrupt::RX_LEVEL;
        true
    }

    /// An error of the FIFOs.
    pub(super) fn fail(&mut self, bits: u32) {
        self.int_sts |= bits;
    }

    /// The cable is pulled or plugged in.
    pub(super) fn plug(&mut self, is_up: bool) {
        self.is_up = is_up;
        self.phy[29] |= if is_up { 1 << 6 } else { 1 << 4 };
        self.tell();
    }

    fn tell(&mut self) {
        self.int_sts &= !interrupt::PHY;
        if self.phy[29] & self.phy[30] != 0 && !self.faults.mute_phy {
            self.int_sts |= interrupt::PHY;
        }
    }

    fn read_phy(&mut self, register: usize) -> u16 {
        match register {
            1 if self.is_up => 0x782d,
            1 => 0x7809,
            5 => self.partner,
            29 => {
                let source = core::mem::take(&mut self.phy[29]);
                self.tell();
                source
            }
            _ => self.phy[register],
        }
    }

    fn csr_command(&mut self, command: u32) {
        let register = (command & 15) as usize;
        if command & mac::READ != 0 {
            self.csr_data = self.csr[register];
            return;
        }
        let before = self.csr[register];
        self.csr[register] = self.csr_data;
        if register == usize::from(mac::CONTROL) && before & !self.csr_data & mac::RX_ON != 0 {
            self.int_sts |= interrupt::RX_STOPPED;
        }
        if register == usize::from(mac::MII_ACCESS) {
            let at = (self.csr_data >> 6 & 31) as usize;
            assert_eq!(self.csr_data >> 11 & 31, 1, "the PHY in the chip");
            let data = usize::from(mac::MII_DATA);
            if self.csr_data & mac::MII_WRITE == 0 {
                self.csr[data] = self.read_phy(at).into();
            } else {
                self.phy[at] = (self.csr[data] & 0xffff) as u16;
                self.tell();
            }
            self.csr[register] &= !mac::MII_BUSY;
        }
    }

    fn tx_data(&mut self, word: u32) {
        if self.commands.len() < 2 {
            self.commands.push(word);
            if let [first, second] = self.commands[..] {
                assert_eq!(first & 0x7ff, second & 0x7ff, "both commands agree");
                assert_eq!(first >> 12 & 3, 3, "one buffer");
                self.left = (first & 0x7ff) as usize;
                self.building.clear();
            }
            return;
        }
        let octets = word.to_le_bytes();
        let count = self.left.min(4);
        self.building.extend(&octets[..count]);
        self.left -= count;
        if self.left == 0 {
            self.sent.push(core::mem::take(&mut self.building));
            self.commands.clear();
            let no_carrier = if self.is_up { 0 } else { status::ERROR };
            self.tx_statuses.push_back(no_carrier);
        }
    }

    fn answer(&mut self, register: Register) -> u32 {
        match register {
            Register::RxData => {
                let word = self.data.pop_front();
                self.used = self.used.saturating_sub(4);
                word.unwrap_or_else(|| {
                    self.int_sts |= interrupt::RX_ERROR;
                    0
                })
            }
            Register::RxStatus => self.statuses.pop_front().unwrap_or(0),
            Register::TxStatus => self.tx_statuses.pop_front().unwrap_or(0),
            Register::IdRev => self.id,
            Register::IntSts => self.int_sts,
            Register::IntEn => self.int_en,
            Register::IrqCfg => self.irq_cfg,
            Register::ByteTest => BYTE_TEST,
            Register::HwCfg => self.hw_cfg,
            Register::RxFifoInf => {
                let statuses = u32::try_from(self.statuses.len()).unwrap();
                statuses << 16 | u32::try_from(self.used).unwrap()
            }
            Register::TxFifoInf => {
                let statuses = u32::try_from(self.tx_statuses.len()).unwrap();
                let partial = self.building.len();
                statuses << 16 | u32::try_from(TX_FIFO - partial).unwrap()
            }
            Register::PmtCtrl => pmt_ctrl::READY,
            Register::FreeRun => {
                self.free_run = self.free_run.wrapping_add(25);
                self.free_run
            }
            Register::RxDrop => core::mem::take(&mut self.dropped),
            Register::MacCsrData => self.csr_data,
            Register::E2pCmd => u32::from(self.eeprom.is_some()) << 8,
            Register::TxData
            | Register::FifoInt
            | Register::RxCfg
            | Register::TxCfg
            | Register::MacCsrCmd
            | Register::AfcCfg => 0,
        }
    }
}

impl Registers for Model {
    fn read(&mut self, register: Register) -> u32 {
        self.accesses += 1;
        let value = self.answer(register);
        match self.faults.flip {
            Some((at, bits)) if at == register => {
                if self.faults.after > 0 {
                    self.faults.after -= 1;
                    return value;
                }
                if !self.faults.for_ever {
                    self.faults.flip = None;
                }
                value ^ bits
            }
            _ => value,
        }
    }

    fn write(&mut self, register: Register, value: u32) {
        self.accesses += 1;
        match register {
            Register::TxData => self.tx_data(value),
            Register::HwCfg if value & hw_cfg::SRST != 0 => self.reset(),
            Register::HwCfg => self.hw_cfg = value,
            // What the PHY says is taken away at the PHY.
            Register::IntSts => self.int_sts &= !value | interrupt::PHY,
            Register::IntEn => self.int_en = value,
            Register::IrqCfg => self.irq_cfg = value,
            Register::RxCfg if value & rx_cfg::DUMP != 0 => {
                assert_eq!(self.control() & mac::RX_ON, 0, "the receiver stands still");
                self.statuses.clear();
                self.data.clear();
                self.used = 0;
            }
            Register::MacCsrData => self.csr_data = value,
            Register::MacCsrCmd => self.csr_command(value),
            Register::RxData
            | Register::RxStatus
            | Register::TxStatus
            | Register::IdRev
            | Register::ByteTest
            | Register::FifoInt
            | Register::RxCfg
            | Register::TxCfg
            | Register::RxFifoInf
            | Register::TxFifoInf
            | Register::PmtCtrl
            | Register::FreeRun
            | Register::RxDrop
            | Register::AfcCfg
            | Register::E2pCmd => {}
        }
    }
}

/// No chip at all: every read gives noise, or always the same.
#[derive(Debug)]
pub(super) struct Noise {
    state: u64,
    /// Once in so many reads the register reads as a chip that is well would.
    sane: u64,
    model: Model,
    pub(super) accesses: u64,
}

impl Noise {
    pub(super) fn new(seed: u64, sane: u64) -> Self {
        Self {
            state: seed | 1,
            sane,
            model: Model::new(),
            accesses: 0,
        }
    }

    fn next(&mut self) -> u64 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        self.state
    }
}

impl Registers for Noise {
    fn read(&mut self, register: Register) -> u32 {
        self.accesses += 1;
        let noise = self.next();
        let truth = self.model.answer(register);
        if noise % 100 < self.sane {
            truth
        } else {
            (noise >> 32) as u32
        }
    }

    fn write(&mut self, register: Register, value: u32) {
        self.accesses += 1;
        // The model insists on what the driver does to a chip that is well.
        let insists = [Register::TxData, Register::RxCfg, Register::MacCsrCmd];
        let is_sound = !insists.contains(&register);
        if is_sound {
            self.model.write(register, value);
        }
    }
}

/// More reads than any call may need: the longest wait for each register that it waits for, and
/// two FIFOs.
pub(super) const BOUND: u64 = 64 * chip::IN_SERVICE as u64 * 1_000;
