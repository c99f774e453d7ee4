//! Every call that a user can make, chosen by the device, so that the proof covers all of them.

use core::net::SocketAddr;

use tcp_core::{
    Config, Dropped, Event, Handle, Instant, KeepAlive, Memory, Priority, Stack, Switch,
};

use crate::Chosen;
use crate::mailbox::Mailbox;

pub(crate) fn handle<'a>(
    mailbox: &mut Mailbox,
    stack: &mut Stack<'a, Chosen, impl Memory<'a>>,
    event: Event,
) {
    let now = mailbox.now();
    match event {
        Event::Listener(listener) => {
            if mailbox.choice() == 0 {
                let _ = stack.unlisten(now, listener);
            }
        }
        Event::Connection(handle, _) => {
            let result = match mailbox.choice() {
                0..8 => transfer(mailbox, stack, now, handle),
                8..16 => end(mailbox, stack, now, handle),
                16..24 => open(mailbox, stack, now),
                _ => look(mailbox, stack, now, handle),
            };
            mailbox.report(result);
        }
    }
}

fn transfer<'a>(
    mailbox: &Mailbox,
    stack: &mut Stack<'a, Chosen, impl Memory<'a>>,
    now: Instant,
    handle: Handle,
) -> u32 {
    let mut out = [0; 16];
    let count = match mailbox.choice() {
        0 => stack.send_with(now, handle, |space| {
            space.fill(mailbox.choice() as u8);
            mailbox.choice() as usize
        }),
        1 => stack.receive_with(now, handle, |octets| {
            mailbox.choice() as usize
                + octets
                    .iter()
                    .map(|octet| usize::from(*octet))
                    .max()
                    .unwrap_or(0)
        }),
        2 => stack.peek(handle, &mut out),
        3 => stack.readable(handle),
        4 => stack.writable(handle),
        _ => stack.urgent(handle).map(Option::unwrap_or_default),
    };
    count.unwrap_or(0) as u32 + u32::from(out[0])
}

fn end<'a>(
    mailbox: &Mailbox,
    stack: &mut Stack<'a, Chosen, impl Memory<'a>>,
    now: Instant,
    handle: Handle,
) -> u32 {
    let result = match mailbox.choice() {
        0 => stack.shutdown(now, handle),
        1 => stack.abort(now, handle),
        2 => stack.close(now, handle),
        3 => stack.set_config(now, handle, config(mailbox)),
        _ => stack.add_address(mailbox.address(), mailbox.choice() as u8),
    };
    result.map_or_else(|misuse| misuse as u32, |()| 0)
}

fn open<'a>(
    mailbox: &Mailbox,
    stack: &mut Stack<'a, Chosen, impl Memory<'a>>,
    now: Instant,
) -> u32 {
    let end = || SocketAddr::new(mailbox.address(), mailbox.choice() as u16);
    let local = (mailbox.choice() == 0).then(end);
    let handle = stack.connect(now, local, end(), config(mailbox));
    handle.map_or(0, |handle| handle.index() as u32)
}

fn look<'a>(
    mailbox: &Mailbox,
    stack: &mut Stack<'a, Chosen, impl Memory<'a>>,
    now: Instant,
    handle: Handle,
) -> u32 {
    match mailbox.choice() {
        0 => stack.info(now, handle).map_or(0, |info| info.segments_out),
        1 => stack.rows(now).filter(|row| row.info.is_some()).count() as u32,
        2 => stack.dropped(Dropped::TcpChecksum),
        3 => stack
            .tuple(handle)
            .map_or(0, |tuple| tuple.local().port().into()),
        4 => stack.state(handle).map_or(0, |state| state as u32),
        5 => u32::from(
            stack
                .close_reason(handle)
                .is_ok_and(|reason| reason.is_some()),
        ),
        6 => u32::from(stack.config(handle).is_ok()),
        _ => stack.memory().receive_capacity() as u32,
    }
}

fn config(mailbox: &Mailbox) -> Config {
    let choice = mailbox.choice();
    Config::new()
        .user_timeout_ms(Some(choice))
        .keep_alive(Some(KeepAlive {
            idle_s: choice,
            interval_s: choice,
            count: choice as u8,
        }))
        .rto_min_ms(choice as u16)
        .rto_initial_ms(choice as u16)
        .rto_max_s(choice as u8)
        .ack_delay_ms(choice as u8)
        .mss(choice as u16)
        .fin_wait_2_s(choice as u16)
        .syn_retries(choice as u8)
        .retries(choice as u8, choice as u8)
        .hop_limit(choice as u8)
        .diffserv(choice as u8)
        .priority(Priority::High)
        .nagle(Switch::Off)
}
