//! `tcp-core` alone on a microcontroller: opens, transfers, closes.
//!
//! This image is not run, it is measured: its text is what a TCP costs, the table in its section
//! `.footprint` says what its data costs, and that it links at all proves that nothing in it can
//! panic. Packets, time and the secret come from a device that no optimizer sees through.

#![no_std]
#![no_main]
#![allow(dead_code, reason = "each set of features uses a part")]

mod alone;
#[cfg(any(feature = "enc28j60", feature = "w5500"))]
mod driver;
mod echo;
#[cfg(feature = "ethernet")]
mod ethernet;
#[cfg(feature = "every-call")]
mod every_call;
mod footprint;
mod mailbox;
mod memory;
#[cfg(feature = "shared")]
mod shared;

use core::panic::PanicInfo;

use tcp_core::{Memory, Packet, RxChecksum, Stack, StackConfig, TxChecksum};

use mailbox::Mailbox;

/// What the connections of the image can do.
#[cfg(not(feature = "small"))]
pub(crate) type Chosen = tcp_core::Firmware;
#[cfg(feature = "small")]
pub(crate) type Chosen = tcp_core::Small;

/// Larger than any packet that the device takes.
const MTU: u16 = 1_500;

/// The interrupt vectors beyond the initial stack pointer: reset only.
#[used]
#[unsafe(link_section = ".vectors")]
static RESET: extern "C" fn() -> ! = reset;

/// Where the machine starts.
#[unsafe(no_mangle)]
extern "C" fn reset() -> ! {
    // SAFETY: nothing else has started.
    let mailbox = unsafe { Mailbox::start() };
    if cfg!(feature = "connection") {
        alone::run(mailbox)
    }
    #[cfg(any(feature = "enc28j60", feature = "w5500"))]
    driver::run(mailbox);
    #[cfg(feature = "ethernet")]
    ethernet::run(mailbox);
    #[cfg(not(any(feature = "enc28j60", feature = "ethernet", feature = "w5500")))]
    run(mailbox)
}

/// The image links only if this is not reachable: there is no such symbol.
#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    unsafe extern "C" {
        safe fn panic_is_reachable() -> !;
    }
    panic_is_reachable()
}

fn run(mut mailbox: Mailbox) -> ! {
    let config = StackConfig {
        secret: mailbox.secret(),
        mtu: MTU,
        any_address: false,
        answer_echo: true,
        tx_checksum: TxChecksum::Full,
        ephemeral_ports: (49_152, 65_535),
        time_wait_ms: 60_000,
    };
    // SAFETY: this is the only call.
    let (tables, pool) = unsafe { memory::give_out() };
    let mut stack = Stack::<Chosen, _>::new(config, tables, pool);
    let _ = stack.add_address(mailbox.address(), 24);
    echo::start(&mut stack);
    let mut packet = [0; MTU as usize];
    loop {
        poll(&mut stack, &mut mailbox, &mut packet);
        while let Some(event) = stack.poll_event() {
            echo::handle(mailbox.now(), &mut stack, event);
            #[cfg(feature = "every-call")]
            every_call::handle(&mut mailbox, &mut stack, event);
        }
        mailbox.sleep_until(stack.next_deadline().map(|(at, _)| at));
    }
}

/// One turn of the loop: a packet in, what is due, packets out.
fn poll<'a>(
    stack: &mut Stack<'a, Chosen, impl Memory<'a>>,
    mailbox: &mut Mailbox,
    packet: &mut [u8],
) {
    let now = mailbox.now();
    let link = mailbox.link();
    if let Some(octets) = mailbox.take(packet).and_then(|len| packet.get(..len)) {
        let packet = Packet {
            octets,
            checksum: RxChecksum::Unverified,
            segment_size: None,
            link,
        };
        let _ = stack.receive(now, packet);
    }
    stack.advance(now);
    while mailbox.has_room() {
        let transmit = stack.transmit(now, packet);
        let Some(packet) = transmit.and_then(|transmit| packet.get(..transmit.len)) else {
            break;
        };
        mailbox.put(packet);
    }
}
