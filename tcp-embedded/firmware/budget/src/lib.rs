//! What the programs of this package share: they count instructions and stack in QEMU, of this
//! TCP (`ours`) and of smoltcp (`peer`) on the same work, and print one line of JSON for each
//! figure. `cargo run --release -p tcp-tests --bin budgets` builds and runs them.

#![no_std]

mod count;
mod pipe;
mod stack;

use core::panic::PanicInfo;

use cortex_m_semihosting::{debug, hprintln};

pub use count::Count;
pub use pipe::Pipe;
pub use stack::peak_stack;

/// Octets of data in a segment.
pub const SEGMENT: usize = 1_460;
/// Octets of each ring.
pub const RING: usize = 8 * SEGMENT;
/// Segments that are sent, at least.
pub const SEGMENTS: usize = 1_000;

/// What is sent.
pub static TEXT: [u8; SEGMENT] = [0x55; SEGMENT];

/// The work of both programs in figures.
#[derive(Clone, Copy, Debug, Default)]
pub struct Figures {
    /// Opening a connection, both sides together.
    pub handshake: Count,
    /// Sending: taking segments from the connection and giving it acknowledgements.
    pub sender: Count,
    /// Receiving: giving segments to the connection and taking acknowledgements from it.
    pub receiver: Count,
    /// How many segments that were.
    pub segments: usize,
}

impl Figures {
    /// Prints them.
    pub fn report(&self) {
        let segments = self.segments.max(1) as u64;
        report("handshake", self.handshake.0);
        report("segments", self.segments as u64);
        report("sender", self.sender.0 / segments);
        report("receiver", self.receiver.0 / segments);
    }
}

/// Prints one figure as a line of JSON.
pub fn report(what: &str, value: u64) {
    hprintln!("{{\"what\":\"{}\",\"value\":{}}}", what, value);
}

/// Ends the run.
pub fn done() -> ! {
    debug::exit(debug::EXIT_SUCCESS);
    stop()
}

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    hprintln!("{}", info);
    debug::exit(debug::EXIT_FAILURE);
    stop()
}

/// Never reached: QEMU has ended.
fn stop() -> ! {
    loop {
        core::hint::spin_loop();
    }
}
