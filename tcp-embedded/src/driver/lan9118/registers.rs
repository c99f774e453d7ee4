//! The registers of the chip by name, and how they are reached.

/// 32-bit access to the chip's registers.
///
/// The driver knows nothing else of the machine: [`Mmio`](super::Mmio) reaches a chip on the
/// memory bus, and a model of the chip can stand in its place.
pub trait Registers {
    /// Reads a register. Some change by being read.
    fn read(&mut self, register: Register) -> u32;

    /// Writes a register.
    fn write(&mut self, register: Register, value: u32);
}

impl<R: Registers + ?Sized> Registers for &mut R {
    fn read(&mut self, register: Register) -> u32 {
        (**self).read(register)
    }

    fn write(&mut self, register: Register, value: u32) {
        (**self).write(register, value);
    }
}

/// A register that the processor sees, with its distance from the chip's base in octets.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u8)]
pub enum Register {
    /// `RX_DATA_FIFO`: the next word of the oldest received frame.
    RxData = 0x00,
    /// `TX_DATA_FIFO`: commands and words of frames to send.
    TxData = 0x20,
    /// `RX_STATUS_FIFO`: takes the status of the oldest received frame.
    RxStatus = 0x40,
    /// `TX_STATUS_FIFO`: takes the status of the oldest sent frame.
    TxStatus = 0x48,
    /// `ID_REV`: which chip it is.
    IdRev = 0x50,
    /// `IRQ_CFG`: the interrupt line.
    IrqCfg = 0x54,
    /// `INT_STS`: what happened; written bits are cleared.
    IntSts = 0x58,
    /// `INT_EN`: what raises the line.
    IntEn = 0x5c,
    /// `BYTE_TEST`: a constant that shows the order of octets on the bus.
    ByteTest = 0x64,
    /// `FIFO_INT`: at which levels the FIFOs raise the line.
    FifoInt = 0x68,
    /// `RX_CFG`.
    RxCfg = 0x6c,
    /// `TX_CFG`.
    TxCfg = 0x70,
    /// `HW_CFG`: reset, and how the memory is shared out.
    HwCfg = 0x74,
    /// `RX_FIFO_INF`: received frames and their octets.
    RxFifoInf = 0x7c,
    /// `TX_FIFO_INF`: frames sent, and free octets.
    TxFifoInf = 0x80,
    /// `PMT_CTRL`: power.
    PmtCtrl = 0x84,
    /// `FREE_RUN`: counts at 25 MHz.
    FreeRun = 0x9c,
    /// `RX_DROP`: frames that found no room; cleared by reading.
    RxDrop = 0xa0,
    /// `MAC_CSR_CMD`: the way to the registers of the MAC.
    MacCsrCmd = 0xa4,
    /// `MAC_CSR_DATA`.
    MacCsrData = 0xa8,
    /// `AFC_CFG`: automatic flow control.
    AfcCfg = 0xac,
    /// `E2P_CMD`: the EEPROM.
    E2pCmd = 0xb0,
}

/// Octets of the chip's register space that [`Register`] covers.
pub(super) const SPACE: usize = 0x100;

/// What [`Register::ByteTest`] reads.
pub(super) const BYTE_TEST: u32 = 0x8765_4321;

/// Bits of `HW_CFG`.
pub(super) mod hw_cfg {
    /// Reset; clears itself.
    pub(in super::super) const SRST: u32 = 1;
    /// Must be one, so that status words come without frames and frames in words.
    pub(in super::super) const MUST_BE_ONE: u32 = 1 << 20;
    /// 5 KiB for the transmitter (512 of them for statuses), the rest for the receiver.
    pub(in super::super) const TX_FIFO_5K: u32 = 5 << 16;
}

/// Bits of `INT_STS` and `INT_EN`.
pub(super) mod interrupt {
    /// The PHY has something to say.
    pub(in super::super) const PHY: u32 = 1 << 18;
    /// The receiver stopped.
    pub(in super::super) const RX_STOPPED: u32 = 1 << 24;
    /// The receiver is out of step.
    pub(in super::super) const RX_ERROR: u32 = 1 << 14;
    /// The transmitter is out of step.
    pub(in super::super) const TX_ERROR: u32 = 1 << 13;
    /// More frames were received than the level of `FIFO_INT`.
    pub(in super::super) const RX_LEVEL: u32 = 1 << 3;
}

/// Bits of `RX_CFG`.
pub(super) mod rx_cfg {
    /// Empties the receiver; clears itself.
    pub(in super::super) const DUMP: u32 = 1 << 15;
}

/// Bits of `TX_CFG`.
pub(super) mod tx_cfg {
    /// Statuses that nobody took do not stop the transmitter.
    pub(in super::super) const STATUS_OVERRUN: u32 = 1 << 2;
    /// Sends.
    pub(in super::super) const ON: u32 = 1 << 1;
}

/// Bits of the statuses in both FIFOs.
pub(super) mod status {
    /// Any error.
    pub(in super::super) const ERROR: u32 = 1 << 15;
    /// The received frame is not for this station.
    pub(in super::super) const FILTERED: u32 = 1 << 30;
}

/// Bits of `PMT_CTRL`.
pub(super) mod pmt_ctrl {
    /// Awake.
    pub(in super::super) const READY: u32 = 1;
}

/// Bits of `E2P_CMD`.
pub(super) mod e2p_cmd {
    /// The EEPROM is being read.
    pub(in super::super) const BUSY: u32 = 1 << 31;
    /// An address was found in it.
    pub(in super::super) const ADDRESS_LOADED: u32 = 1 << 8;
}

/// `MAC_CSR_CMD`, and the registers of the MAC.
pub(super) mod mac {
    pub(in super::super) const BUSY: u32 = 1 << 31;
    pub(in super::super) const READ: u32 = 1 << 30;

    /// `MAC_CR`.
    pub(in super::super) const CONTROL: u8 = 1;
    pub(in super::super) const ADDRESS_HIGH: u8 = 2;
    pub(in super::super) const ADDRESS_LOW: u8 = 3;
    pub(in super::super) const HASH_HIGH: u8 = 4;
    pub(in super::super) const HASH_LOW: u8 = 5;
    pub(in super::super) const MII_ACCESS: u8 = 6;
    pub(in super::super) const MII_DATA: u8 = 7;
    pub(in super::super) const FLOW: u8 = 8;

    /// Bits of `MAC_CR`.
    pub(in super::super) const RX_ON: u32 = 1 << 2;
    pub(in super::super) const TX_ON: u32 = 1 << 3;
    pub(in super::super) const HASHED_GROUPS: u32 = 1 << 13;
    pub(in super::super) const ALL_GROUPS: u32 = 1 << 19;
    pub(in super::super) const FULL_DUPLEX: u32 = 1 << 20;

    pub(in super::super) const MII_BUSY: u32 = 1;
    pub(in super::super) const MII_WRITE: u32 = 2;
    /// The PHY in the chip answers to this number.
    pub(in super::super) const MII_PHY: u32 = 1 << 11;
}

/// Registers of the PHY (IEEE 802.3 clause 22, and two of the chip's own).
pub(super) mod phy {
    pub(in super::super) const CONTROL: u8 = 0;
    pub(in super::super) const STATUS: u8 = 1;
    pub(in super::super) const ADVERTISED: u8 = 4;
    pub(in super::super) const PARTNER: u8 = 5;
    /// Cleared by reading.
    pub(in super::super) const INTERRUPT_SOURCE: u8 = 29;
    pub(in super::super) const INTERRUPT_MASK: u8 = 30;

    /// Negotiate, and begin at once.
    pub(in super::super) const NEGOTIATE: u16 = 0x1200;
    /// 10 and 100 Mbit/s in both duplexes.
    pub(in super::super) const EVERYTHING: u16 = 0x01e1;
    pub(in super::super) const LINK_UP: u16 = 1 << 2;
    /// Abilities of both ends, the best first: 100 Mbit/s full and half, 10 Mbit/s full.
    pub(in super::super) const FULL_100: u16 = 1 << 8;
    pub(in super::super) const HALF_100: u16 = 1 << 7;
    pub(in super::super) const FULL_10: u16 = 1 << 6;
    /// Negotiation complete, and link down.
    pub(in super::super) const LINK_CHANGES: u16 = 1 << 6 | 1 << 4;
}
