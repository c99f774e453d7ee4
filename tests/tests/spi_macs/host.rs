//! One end of a transfer: what it sends, what it gets, octet by octet.

use std::net::{Ipv4Addr, SocketAddr};

use tcp_core::{CloseReason, Config, Event, Events, Handle, Instant, ListenAt, Memory, Misuse};
use tcp_core::{Stack, State};
use tcp_embedded::{Host, Ipv4Cidr, Mac, Runner};

pub(crate) const SERVER: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);
pub(crate) const CLIENT: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 2);
const PORT: u16 = 7;

/// The addresses and the secret of a host.
pub(crate) fn host(address: Ipv4Addr, seed: u64) -> Host {
    let mut secret = [address.octets()[3]; 16];
    secret[..8].copy_from_slice(&seed.to_le_bytes());
    Host {
        secret,
        address: Ipv4Cidr::new(address, 24).unwrap(),
        gateway: None,
    }
}

/// Octet `place` of the stream.
fn octet(place: usize) -> u8 {
    (place.wrapping_mul(2_654_435_761) >> 13) as u8
}

/// One end: sends `total` octets of the stream, closes, and checks what it gets.
pub(crate) struct Side {
    handle: Option<Handle>,
    total: usize,
    sent: usize,
    pub(crate) received: usize,
    pub(crate) closed: Option<Option<CloseReason>>,
}

impl Side {
    pub(crate) fn listen<'a, D: Mac>(
        runner: &mut Runner<'a, D, impl Memory<'a>>,
        total: usize,
    ) -> Self {
        let at = ListenAt {
            address: None,
            port: PORT,
            syn_backlog: 2,
            accept_backlog: 2,
            config: Config::new(),
        };
        runner.stack().listen(at).unwrap();
        Self::new(None, total)
    }

    pub(crate) fn connect<'a, D: Mac>(
        now: Instant,
        runner: &mut Runner<'a, D, impl Memory<'a>>,
        total: usize,
    ) -> Self {
        let remote = SocketAddr::from((SERVER, PORT));
        let handle = runner.stack().connect(now, None, remote, Config::new());
        Self::new(Some(handle.unwrap()), total)
    }

    const fn new(handle: Option<Handle>, total: usize) -> Self {
        Self {
            handle,
            total,
            sent: 0,
            received: 0,
            closed: None,
        }
    }

    pub(crate) fn step<'a, D: Mac>(
        &mut self,
        now: Instant,
        runner: &mut Runner<'a, D, impl Memory<'a>>,
    ) {
        while let Some(event) = runner.stack().poll_event() {
            match event {
                Event::Listener(listener) => {
                    self.handle = runner.stack().accept(listener).unwrap();
                }
                Event::Connection(handle, events) if events.contains(Events::CLOSED) => {
                    self.closed = runner.stack().close_reason(handle).ok();
                }
                Event::Connection(..) => {}
            }
        }
        let Some(handle) = self.handle else {
            return;
        };
        let mut buffer = [0; 1_000];
        while let Ok(count @ 1..) = runner.stack().read(now, handle, &mut buffer) {
            for (offset, got) in buffer[..count].iter().enumerate() {
                assert_eq!(
                    *got,
                    octet(self.received + offset),
                    "near {}",
                    self.received
                );
            }
            self.received += count;
        }
        self.write(now, runner.stack(), handle);
    }

    fn write<'a>(
        &mut self,
        now: Instant,
        stack: &mut Stack<'a, tcp_core::Firmware, impl Memory<'a>>,
        handle: Handle,
    ) {
        while self.sent < self.total {
            let end = (self.sent + 1_000).min(self.total);
            let chunk: Vec<u8> = (self.sent..end).map(octet).collect();
            match stack.send(now, handle, &chunk) {
                Ok(count @ 1..) => self.sent += count,
                Ok(0) | Err(Misuse::NotYetOpen) => break,
                other => {
                    let why = stack.close_reason(handle);
                    panic!("{other:?} after {} octets: {why:?}", self.sent)
                }
            }
        }
        let open = [Ok(State::Established), Ok(State::CloseWait)];
        if self.sent == self.total && open.contains(&stack.state(handle)) {
            stack.shutdown(now, handle).unwrap();
        }
    }
}
