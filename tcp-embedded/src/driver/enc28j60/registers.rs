//! Names and addresses of the ENC28J60's registers.
//!
//! There are four banks of 32; the last five registers are the same in all of them. Registers of
//! the MAC and of the PHY's interface answer one octet late and know no bit operations.

/// First register that is in every bank.
const COMMON: u8 = 0x1b;
/// Marks a register that answers one octet late.
const LATE: u8 = 0x80;

/// A register: where it is, and how it answers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Register(u8);

impl Register {
    const fn ethernet(bank: u8, address: u8) -> Self {
        Self(bank << 5 | address)
    }

    const fn mac(bank: u8, address: u8) -> Self {
        Self(LATE | bank << 5 | address)
    }

    /// Its address within its bank.
    pub(crate) const fn address(self) -> u8 {
        self.0 & 0x1f
    }

    /// The bank that must be selected, if one must.
    pub(crate) const fn bank(self) -> Option<u8> {
        if self.address() >= COMMON {
            None
        } else {
            Some(self.0 >> 5 & 3)
        }
    }

    /// Whether an octet without meaning comes before its value.
    pub(crate) const fn is_late(self) -> bool {
        self.0 & LATE != 0
    }

    /// The register after it: the upper half of a 16-bit one.
    pub(crate) const fn upper(self) -> Self {
        Self(self.0 + 1)
    }
}

macro_rules! registers {
    ($($name:ident = $kind:ident($bank:literal, $address:literal);)*) => {
        $(pub(crate) const $name: Register = Register::$kind($bank, $address);)*
    };
}

registers! {
    EIE = ethernet(0, 0x1b);
    EIR = ethernet(0, 0x1c);
    ESTAT = ethernet(0, 0x1d);
    ECON2 = ethernet(0, 0x1e);
    ECON1 = ethernet(0, 0x1f);
    ERDPT = ethernet(0, 0x00);
    EWRPT = ethernet(0, 0x02);
    ETXST = ethernet(0, 0x04);
    ETXND = ethernet(0, 0x06);
    ERXST = ethernet(0, 0x08);
    ERXND = ethernet(0, 0x0a);
    ERXRDPT = ethernet(0, 0x0c);
    ERXWRPT = ethernet(0, 0x0e);
    EHT0 = ethernet(1, 0x00);
    EHT1 = ethernet(1, 0x01);
    EHT2 = ethernet(1, 0x02);
    EHT3 = ethernet(1, 0x03);
    EHT4 = ethernet(1, 0x04);
    EHT5 = ethernet(1, 0x05);
    EHT6 = ethernet(1, 0x06);
    EHT7 = ethernet(1, 0x07);
    ERXFCON = ethernet(1, 0x18);
    EPKTCNT = ethernet(1, 0x19);
    MACON1 = mac(2, 0x00);
    MACON3 = mac(2, 0x02);
    MACON4 = mac(2, 0x03);
    MABBIPG = mac(2, 0x04);
    MAIPGL = mac(2, 0x06);
    MAIPGH = mac(2, 0x07);
    MACLCON1 = mac(2, 0x08);
    MACLCON2 = mac(2, 0x09);
    MAMXFL = mac(2, 0x0a);
    MICMD = mac(2, 0x12);
    MIREGADR = mac(2, 0x14);
    MIWR = mac(2, 0x16);
    MIRD = mac(2, 0x18);
    MAADR5 = mac(3, 0x00);
    MAADR6 = mac(3, 0x01);
    MAADR3 = mac(3, 0x02);
    MAADR4 = mac(3, 0x03);
    MAADR1 = mac(3, 0x04);
    MAADR2 = mac(3, 0x05);
    MISTAT = mac(3, 0x0a);
    EREVID = ethernet(3, 0x12);
}

/// The hash table of group addresses.
pub(crate) const HASH_TABLE: [Register; 8] = [EHT0, EHT1, EHT2, EHT3, EHT4, EHT5, EHT6, EHT7];
/// The station address, in the order in which it is sent.
pub(crate) const ADDRESS: [Register; 6] = [MAADR1, MAADR2, MAADR3, MAADR4, MAADR5, MAADR6];

/// Instructions of the bus: the upper three bits; the lower five are an address or fixed.
pub(crate) mod instruction {
    pub(crate) const READ: u8 = 0x00;
    pub(crate) const READ_MEMORY: u8 = 0x3a;
    pub(crate) const WRITE: u8 = 0x40;
    pub(crate) const WRITE_MEMORY: u8 = 0x7a;
    pub(crate) const SET_BITS: u8 = 0x80;
    pub(crate) const CLEAR_BITS: u8 = 0xa0;
    pub(crate) const RESET: u8 = 0xff;
}

/// Interrupts, as bits of EIE and of EIR.
pub(crate) mod interrupt {
    /// In EIE: the line is driven at all.
    pub(crate) const LINE: u8 = 0x80;
    pub(crate) const PACKET: u8 = 0x40;
    pub(crate) const LINK: u8 = 0x10;
    pub(crate) const SENT: u8 = 0x08;
    pub(crate) const SEND_ERROR: u8 = 0x02;
    pub(crate) const RECEIVE_ERROR: u8 = 0x01;
    /// Bits of EIE that are not reserved.
    pub(crate) const KNOWN: u8 = 0xfb;
}

/// Bits of ESTAT.
pub(crate) mod status {
    pub(crate) const BUFFER_ERROR: u8 = 0x40;
    pub(crate) const LATE_COLLISION: u8 = 0x10;
    pub(crate) const SEND_ABORTED: u8 = 0x02;
    pub(crate) const CLOCK_READY: u8 = 0x01;
}

/// Bits of ECON1.
pub(crate) mod control {
    pub(crate) const RESET_SENDER: u8 = 0x80;
    pub(crate) const RESET_RECEIVER: u8 = 0x40;
    pub(crate) const SEND: u8 = 0x08;
    pub(crate) const RECEIVE: u8 = 0x04;
    pub(crate) const BANK: u8 = 0x03;
}

/// Bits of ECON2.
pub(crate) mod control2 {
    pub(crate) const AUTO_INCREMENT: u8 = 0x80;
    pub(crate) const FRAME_TAKEN: u8 = 0x40;
    pub(crate) const POWER_SAVE: u8 = 0x20;
}

/// Bits of ERXFCON: any one filter that accepts is enough.
pub(crate) mod filter {
    pub(crate) const OURS: u8 = 0x80;
    pub(crate) const INTACT: u8 = 0x20;
    pub(crate) const HASH: u8 = 0x04;
    pub(crate) const GROUPS: u8 = 0x02;
    pub(crate) const BROADCAST: u8 = 0x01;
}

/// Bits of the MAC's registers.
pub(crate) mod mac {
    pub(crate) const RECEIVE: u8 = 0x01;
    pub(crate) const PAUSE: u8 = 0x0c;
    /// Bits of MACON1 that are not reserved.
    pub(crate) const KNOWN: u8 = 0x0f;
    /// MACON3: pad to 60 octets, append the frame check sequence, check lengths.
    pub(crate) const PAD_AND_SUM: u8 = 0x32;
    pub(crate) const FULL_DUPLEX: u8 = 0x01;
    /// MACON4: wait without limit for a free medium, as IEEE 802.3 has it.
    pub(crate) const DEFER: u8 = 0x40;
    /// MICMD: read a register of the PHY once.
    pub(crate) const PHY_READ: u8 = 0x01;
    /// MISTAT.
    pub(crate) const PHY_BUSY: u8 = 0x01;
}

/// Registers of the PHY and their bits.
pub(crate) mod phy {
    pub(crate) const CONTROL1: u8 = 0x00;
    pub(crate) const CONTROL2: u8 = 0x10;
    pub(crate) const STATUS2: u8 = 0x11;
    pub(crate) const INTERRUPT_ENABLE: u8 = 0x12;
    pub(crate) const INTERRUPTS: u8 = 0x13;
    pub(crate) const LEDS: u8 = 0x14;

    /// Bits of CONTROL1 that are not reserved: reset, loopback, sleep, duplex.
    pub(crate) const KNOWN1: u16 = 0xc900;
    /// Bits of CONTROL2 that are not reserved: link forced, sender off, jabber, loopback.
    pub(crate) const KNOWN2: u16 = 0x6500;
    /// CONTROL1.
    pub(crate) const FULL_DUPLEX: u16 = 0x0100;
    /// CONTROL2: do not receive what is sent.
    pub(crate) const NO_LOOPBACK: u16 = 0x0100;
    /// STATUS2.
    pub(crate) const LINK: u16 = 0x0400;
    /// INTERRUPT_ENABLE: tell of changes of the link, and tell at all.
    pub(crate) const LINK_CHANGES: u16 = 0x0012;
    /// LEDS: A shows the link, B shows traffic, lengthened so that it can be seen.
    pub(crate) const LINK_AND_TRAFFIC: u16 = 0x3472;
}
