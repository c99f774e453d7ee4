//! The device: registers and packet memory that the linker script places.

use core::net::{IpAddr, Ipv4Addr};
use core::ptr::{addr_of, addr_of_mut, read_volatile, write_volatile};

use tcp_core::wire::Control;
use tcp_core::{Instant, LinkDestination};

/// Octets of packet memory for each direction.
const PACKET: usize = 1_516;

/// As the device shows itself.
#[repr(C)]
struct Registers {
    micros: u64,
    /// Words of a source of random numbers.
    secret: [u32; 4],
    address: [u8; 4],
    /// Length of the packet that came; written when it was taken.
    received: u32,
    /// Whether the link layer addressed a group.
    group: u32,
    /// Zero when a packet may be sent; written with the length to send it.
    sending: u32,
    wake: u64,
    report: u32,
    choice: u32,
    incoming: [u32; PACKET / 4],
    outgoing: [u32; PACKET / 4],
}

unsafe extern "C" {
    static mut MAILBOX: Registers;
}

/// The time.
pub(crate) fn clock() -> Instant {
    // SAFETY: a register.
    Instant::from_micros(unsafe { read_volatile(addr_of!(MAILBOX.micros)) })
}

/// The only owner of the device.
#[derive(Debug)]
pub(crate) struct Mailbox(());

impl Mailbox {
    /// # Safety
    ///
    /// To be called once.
    pub(crate) unsafe fn start() -> Self {
        Self(())
    }

    pub(crate) fn now(&self) -> Instant {
        clock()
    }

    pub(crate) fn secret(&self) -> [u8; 16] {
        // SAFETY: registers.
        let words = unsafe { read_volatile(addr_of!(MAILBOX.secret)) };
        let mut secret = [0; 16];
        for (octets, word) in secret.as_chunks_mut::<4>().0.iter_mut().zip(words) {
            *octets = word.to_le_bytes();
        }
        secret
    }

    pub(crate) fn address(&self) -> IpAddr {
        // SAFETY: a register.
        IpAddr::V4(Ipv4Addr::from(unsafe {
            read_volatile(addr_of!(MAILBOX.address))
        }))
    }

    /// A number that only the device knows.
    pub(crate) fn choice(&self) -> u32 {
        // SAFETY: a register.
        unsafe { read_volatile(addr_of!(MAILBOX.choice)) }
    }

    /// What a segment does beside carrying data.
    pub(crate) fn control(&self) -> Option<Control> {
        match self.choice() {
            0 => Some(Control::Syn),
            1 => Some(Control::Fin),
            2 => Some(Control::Rst),
            _ => None,
        }
    }

    /// Makes `value` something that must be computed.
    pub(crate) fn report(&mut self, value: u32) {
        // SAFETY: a register.
        unsafe { write_volatile(addr_of_mut!(MAILBOX.report), value) }
    }

    pub(crate) fn sleep_until(&mut self, moment: Option<Instant>) {
        let micros = moment.map_or(u64::MAX, Instant::as_micros);
        // SAFETY: a register.
        unsafe { write_volatile(addr_of_mut!(MAILBOX.wake), micros) }
    }

    /// Moves the packet that came, or as much of it as fits, into `packet`; its length, whatever
    /// the device says that it is.
    pub(crate) fn take(&mut self, packet: &mut [u8]) -> Option<usize> {
        // SAFETY: registers and packet memory, read octet by octet.
        unsafe {
            let len = read_volatile(addr_of!(MAILBOX.received)) as usize;
            let from = addr_of!(MAILBOX.incoming).cast::<u8>();
            for (offset, to) in packet.iter_mut().take(len.min(PACKET)).enumerate() {
                *to = read_volatile(from.wrapping_add(offset));
            }
            write_volatile(addr_of_mut!(MAILBOX.received), 0);
            (len > 0).then_some(len)
        }
    }

    /// Whom the link layer addressed.
    pub(crate) fn link(&self) -> LinkDestination {
        // SAFETY: a register.
        if unsafe { read_volatile(addr_of!(MAILBOX.group)) } == 0 {
            LinkDestination::Unicast
        } else {
            LinkDestination::Group
        }
    }

    /// Whether a packet may be sent.
    pub(crate) fn has_room(&self) -> bool {
        // SAFETY: a register.
        unsafe { read_volatile(addr_of!(MAILBOX.sending)) == 0 }
    }

    /// Sends a packet.
    pub(crate) fn put(&mut self, packet: &[u8]) {
        // SAFETY: packet memory and a register.
        unsafe {
            let to = addr_of_mut!(MAILBOX.outgoing).cast::<u8>();
            for (offset, from) in packet.iter().take(PACKET).enumerate() {
                write_volatile(to.wrapping_add(offset), *from);
            }
            write_volatile(addr_of_mut!(MAILBOX.sending), packet.len() as u32);
        }
    }
}
