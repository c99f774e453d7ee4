//! The echo service over Ethernet: the whole of what a microcontroller with a MAC carries, except
//! for the MAC's driver.

use core::convert::Infallible;
use core::net::{IpAddr, Ipv4Addr};
use core::ptr::addr_of_mut;

#[cfg(feature = "dual")]
use tcp_core::Instant;
#[cfg(not(feature = "shared"))]
use tcp_core::Memory;
#[cfg(not(feature = "shared"))]
use tcp_embedded::NextWake;
#[cfg(feature = "dual")]
use tcp_embedded::{Autoconfiguration, Ipv6Host};
use tcp_embedded::{Capabilities, Host, Ipv4Cidr, LinkState, Mac, MacAddress, Resources, Runner};
#[cfg(feature = "link")]
use tcp_embedded::{Query, RecordType};

use crate::Chosen;
#[cfg(not(feature = "shared"))]
use crate::echo;
use crate::mailbox::Mailbox;

static mut RESOURCES: Resources<'static, 2, 2_048, 2_048, 16, Chosen> = Resources::for_profile();

pub(crate) fn run(mailbox: Mailbox) -> ! {
    // SAFETY: this is the only reference, because `reset` calls once.
    let resources = unsafe { &mut *addr_of_mut!(RESOURCES) };
    let parts = resources.lend();
    let address = match mailbox.address() {
        IpAddr::V4(address) => address,
        IpAddr::V6(_) => Ipv4Addr::UNSPECIFIED,
    };
    let secret = mailbox.secret();
    let Some(address) = Ipv4Cidr::new(address, mailbox.choice() as u8) else {
        stop()
    };
    let host = Host {
        secret,
        address,
        gateway: Some(Ipv4Addr::from_bits(mailbox.choice())),
    };
    #[cfg_attr(feature = "shared", expect(unused_mut, reason = "it is given away"))]
    let mut runner = Runner::new(mailbox, host, parts);
    #[cfg(feature = "shared")]
    if let Ok(runner) = runner {
        crate::shared::run(runner);
    }
    // It is used where it was made: to move it would cost its size again.
    #[cfg(not(feature = "shared"))]
    if let Ok(runner) = &mut runner {
        serve(runner)
    }
    stop()
}

/// The echo service by the events of the stack.
#[cfg(not(feature = "shared"))]
fn serve<'a>(runner: &mut Runner<'a, Mailbox, impl Memory<'a>, Chosen>) -> ! {
    let now = runner.mac().now();
    #[cfg(feature = "dual")]
    join_ipv6(now, runner);
    #[cfg(feature = "link")]
    let mut question = configure(now, runner);
    echo::start(runner.stack());
    let mut wake = runner.poll(now);
    loop {
        let now = runner.mac().now();
        while let Some(event) = runner.stack().poll_event() {
            echo::handle(now, runner.stack(), event);
            wake = NextWake::Now;
        }
        match wake {
            NextWake::Now => {}
            NextWake::At(at) => runner.mac().sleep_until(Some(at)),
            NextWake::Frame => runner.mac().sleep_until(None),
        }
        wake = runner.poll(now);
        #[cfg(feature = "link")]
        watch(now, runner, &mut question);
    }
}

#[cfg(feature = "dual")]
type Every<'a, M> = Runner<'a, Mailbox, M, Chosen>;

/// Starts IPv6, with addresses from a router.
#[cfg(feature = "dual")]
fn join_ipv6<'a, M: Memory<'a>>(now: Instant, runner: &mut Every<'a, M>) {
    let host = Ipv6Host {
        stable_secret: runner.mac().secret(),
        address: None,
        gateway: None,
        autoconfiguration: Autoconfiguration::On,
    };
    let _ = runner.start_ipv6(now, host);
}

/// Starts everything else that the link layer offers.
#[cfg(feature = "link")]
fn configure<'a, M: Memory<'a>>(now: Instant, runner: &mut Every<'a, M>) -> Option<Query> {
    runner.start_dhcp(now);
    runner.query(now, "host.example", RecordType::Aaaa).ok()
}

/// Tells what became of it.
#[cfg(feature = "link")]
fn watch<'a, M: Memory<'a>>(now: Instant, runner: &mut Every<'a, M>, question: &mut Option<Query>) {
    if let Some(asked) = *question
        && let Some(answer) = runner.answer(asked)
    {
        *question = None;
        let found = answer.map_or(0, |addresses| addresses.len());
        runner.mac().report(found as u32);
    }
    match runner.mac().choice() {
        1 => runner.stop_dhcp(now),
        2 => runner.start_dhcp(now),
        3 => {
            if let Some(query) = question.take() {
                runner.cancel(query);
            }
        }
        4 => {
            if let Some(wanted) = Ipv4Cidr::new(Ipv4Addr::from_bits(runner.mac().choice()), 24) {
                runner.claim_ipv4(now, wanted, None);
            }
        }
        5 => {
            let server = IpAddr::V4(Ipv4Addr::from_bits(runner.mac().choice()));
            runner.set_name_servers(&[server]);
        }
        _ => {}
    }
    let addresses = runner.ipv6(now).count();
    runner.mac().report(addresses as u32);
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
