//! The echo service over Ethernet: the whole of what a microcontroller with a MAC carries, except
//! for the MAC's driver.

use core::convert::Infallible;
use core::net::{IpAddr, Ipv4Addr};
use core::ptr::addr_of_mut;

#[cfg(not(feature = "shared"))]
use tcp_core::Memory;
#[cfg(not(feature = "shared"))]
use tcp_embedded::NextWake;
use tcp_embedded::{Capabilities, Host, Ipv4Cidr, LinkState, Mac, MacAddress, Resources, Runner};

#[cfg(not(feature = "shared"))]
use crate::echo::Echo;
use crate::mailbox::Mailbox;

static mut RESOURCES: Resources<'static, 2, 2_048, 2_048, 16> = Resources::new();

pub(crate) fn run(mailbox: Mailbox) -> ! {
    // SAFETY: this is the only reference, because `reset` calls once.
    let resources = unsafe { &mut *addr_of_mut!(RESOURCES) };
    let parts = resources.lend();
    let address = match mailbox.address() {
        IpAddr::V4(address) => address,
        IpAddr::V6(_) => Ipv4Addr::UNSPECIFIED,
    };
    let secret = mailbox.secret();
    let host = Ipv4Cidr::new(address, mailbox.choice() as u8).map(|address| Host {
        secret,
        address,
        gateway: Some(Ipv4Addr::from_bits(mailbox.choice())),
    });
    #[cfg_attr(feature = "shared", expect(unused_mut, reason = "it is given away"))]
    let Some(Ok(mut runner)) = host.map(|host| Runner::new(mailbox, host, parts)) else {
        stop()
    };
    #[cfg(feature = "shared")]
    {
        crate::shared::run(runner);
        stop()
    }
    #[cfg(not(feature = "shared"))]
    serve(&mut runner, address)
}

/// The echo service by the events of the stack.
#[cfg(not(feature = "shared"))]
fn serve<'a>(runner: &mut Runner<'a, Mailbox, impl Memory<'a>>, address: Ipv4Addr) -> ! {
    let now = runner.mac().now();
    let mut echo = Echo::new(runner.stack(), address.into());
    let mut wake = runner.poll(now);
    loop {
        let now = runner.mac().now();
        while let Some(event) = runner.stack().poll_event() {
            echo.handle(now, runner.stack(), event);
            wake = NextWake::Now;
        }
        match wake {
            NextWake::Now => {}
            NextWake::At(at) => runner.mac().sleep_until(Some(at)),
            NextWake::Frame => runner.mac().sleep_until(None),
        }
        wake = runner.poll(now);
    }
}

fn stop() -> ! {
    loop {
        core::hint::spin_loop();
    }
}

impl Mac for Mailbox {
    type Error = Infallible;

    fn receive(&mut self, frame: &mut [u8]) -> Result<Option<usize>, Infallible> {
        Ok(self.take(frame))
    }

    fn can_transmit(&mut self) -> bool {
        self.has_room()
    }

    fn transmit(&mut self, frame: &[u8]) -> Result<(), Infallible> {
        self.put(frame);
        Ok(())
    }

    fn link(&mut self) -> LinkState {
        if self.choice() == 0 {
            LinkState::Up
        } else {
            LinkState::Down
        }
    }

    fn address(&self) -> MacAddress {
        let [a, b, c, d, ..] = self.secret();
        MacAddress([2, 0, a, b, c, d])
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::ETHERNET
    }
}
