//! Names and addresses of the W5500's registers.
//!
//! An address is 16 bits within a block; the control octet after it names the block and the
//! direction. Of the eight sockets only the first can carry raw frames.

/// A block of registers or of memory: the upper five bits of the control octet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Block(u8);

impl Block {
    pub(crate) const COMMON: Self = Self(0);
    pub(crate) const SOCKET: Self = Self(1);
    pub(crate) const SEND: Self = Self(2);
    pub(crate) const RECEIVE: Self = Self(3);

    /// The registers of another socket.
    pub(crate) const fn socket(number: u8) -> Self {
        Self(number << 2 | 1)
    }

    /// What is sent before octets are read from `address` on.
    pub(crate) const fn read(self, address: u16) -> [u8; 3] {
        let [high, low] = address.to_be_bytes();
        [high, low, self.0 << 3]
    }

    /// What is sent before octets are written from `address` on.
    pub(crate) const fn write(self, address: u16) -> [u8; 3] {
        let [high, low] = address.to_be_bytes();
        [high, low, self.0 << 3 | 0x04]
    }
}

/// A register.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Register {
    pub(crate) block: Block,
    pub(crate) address: u16,
}

const fn common(address: u16) -> Register {
    Register {
        block: Block::COMMON,
        address,
    }
}

const fn socket(address: u16) -> Register {
    Register {
        block: Block::SOCKET,
        address,
    }
}

/// Mode; its highest bit resets the chip.
pub(crate) const MODE: Register = common(0x00);
/// The station address.
pub(crate) const ADDRESS: Register = common(0x09);
/// Which sockets may interrupt.
pub(crate) const SOCKET_MASK: Register = common(0x18);
pub(crate) const PHY: Register = common(0x2e);
pub(crate) const VERSION: Register = common(0x39);

pub(crate) const SOCKET_MODE: Register = socket(0x00);
pub(crate) const COMMAND: Register = socket(0x01);
pub(crate) const INTERRUPTS: Register = socket(0x02);
pub(crate) const STATUS: Register = socket(0x03);
/// Size of the receive buffer in KiB; that of the send buffer follows.
pub(crate) const BUFFER_SIZES: Register = socket(0x1e);
/// Free octets of the send buffer, its read pointer and its write pointer.
pub(crate) const SEND_STATE: Register = socket(0x20);
pub(crate) const SEND_POINTER: Register = socket(0x24);
/// Octets received, and the read pointer.
pub(crate) const RECEIVE_STATE: Register = socket(0x26);
pub(crate) const RECEIVE_POINTER: Register = socket(0x28);
pub(crate) const INTERRUPT_MASK: Register = socket(0x2c);

/// MODE: reset.
pub(crate) const RESET: u8 = 0x80;
/// VERSION of every W5500.
pub(crate) const W5500: u8 = 0x04;
/// STATUS: raw frames.
pub(crate) const RAW: u8 = 0x42;
/// A buffer of a socket at its largest, in KiB and in octets.
pub(crate) const LARGEST_KIB: u8 = 16;
pub(crate) const LARGEST: u16 = 16 * 1_024;

/// SOCKET_MODE.
pub(crate) mod mode {
    /// Raw frames.
    pub(crate) const RAW: u8 = 0x04;
    /// Only those to this station, to everyone, and to groups.
    pub(crate) const FILTER: u8 = 0x80;
    /// None to groups.
    pub(crate) const NO_GROUPS: u8 = 0x20;
}

/// COMMAND.
pub(crate) mod command {
    pub(crate) const OPEN: u8 = 0x01;
    pub(crate) const CLOSE: u8 = 0x10;
    pub(crate) const SEND: u8 = 0x20;
    pub(crate) const RECEIVE: u8 = 0x40;
}

/// INTERRUPTS and INTERRUPT_MASK.
pub(crate) mod interrupt {
    pub(crate) const SENT: u8 = 0x10;
    pub(crate) const TIMEOUT: u8 = 0x08;
    pub(crate) const RECEIVED: u8 = 0x04;
}

/// PHY.
pub(crate) mod phy {
    /// Zero resets the PHY, which then takes over the mode.
    pub(crate) const RUN: u8 = 0x80;
    /// The mode is chosen here, not by pins.
    pub(crate) const CHOSEN: u8 = 0x40;
    pub(crate) const LINK: u8 = 0x01;
}
