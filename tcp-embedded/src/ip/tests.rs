use core::cell::RefCell;
use core::net::Ipv4Addr;
use std::collections::VecDeque;

use tcp_core::{Config, ListenAt, State};

use super::*;
use crate::{Ipv4Cidr, Resources, Serial, Slip, SlipDropped};

type Pipe = RefCell<VecDeque<u8>>;

/// One end of a line that carries so many octets at a time, and of which each so-many-th octet is
/// damaged.
struct End<'a> {
    from: &'a Pipe,
    to: &'a Pipe,
    damage: u32,
    count: u32,
}

impl Serial for End<'_> {
    fn read(&mut self) -> Result<Option<u8>, ErrorKind> {
        let Some(octet) = self.from.borrow_mut().pop_front() else {
            return Ok(None);
        };
        self.count += 1;
        match self.damage {
            0 => Ok(Some(octet)),
            every if !self.count.is_multiple_of(every) => Ok(Some(octet)),
            every if self.count.is_multiple_of(2 * every) => Err(ErrorKind::Overrun),
            _ => Ok(Some(octet ^ 0x10)),
        }
    }

    fn can_write(&mut self) -> bool {
        self.to.borrow().len() < 64
    }

    fn write(&mut self, octet: u8) {
        self.to.borrow_mut().push_back(octet);
    }
}

fn host(last: u8) -> Host {
    Host {
        secret: [last; 16],
        address: Ipv4Cidr::new(Ipv4Addr::new(192, 0, 2, last), 24).unwrap(),
        gateway: None,
    }
}

/// Ten thousand octets over a line, compared.
fn transfer(damage: u32) -> u32 {
    let (there, back) = (Pipe::default(), Pipe::default());
    let line = |from, to| {
        Slip::<_, 600>::new(End {
            from,
            to,
            damage,
            count: 0,
        })
    };
    let (mut here, mut far) = (
        Resources::<2, 2_048, 2_048, 16>::new(),
        Resources::<2, 2_048, 2_048, 16>::new(),
    );
    let mut client = IpRunner::new(line(&back, &there), host(1), here.lend()).unwrap();
    let mut server = IpRunner::new(line(&there, &back), host(2), far.lend()).unwrap();
    let listener = server.stack().listen(ListenAt::new(7)).unwrap();
    let mut now = Instant::ZERO;
    let to = (Ipv4Addr::new(192, 0, 2, 2), 7).into();
    let mine = client
        .stack()
        .connect(now, None, to, Config::new())
        .unwrap();
    let (mut sent, mut received, mut theirs) = (0_usize, 0_usize, None);
    for _ in 0..4_000_000 {
        let _ = client.poll(now);
        let _ = server.poll(now);
        now += Duration::from_micros(200);
        while client.stack().poll_event().is_some() {}
        while let Some(event) = server.stack().poll_event() {
            if let tcp_core::Event::Listener(_) = event {
                theirs = server.stack().accept(listener).unwrap();
            }
        }
        if client.stack().state(mine) == Ok(State::Established) && sent < 10_000 {
            let octets: Vec<u8> = (sent..10_000).map(|at| (at * 7) as u8).collect();
            sent += client.stack().send(now, mine, &octets).unwrap();
        }
        let mut octets = [0; 600];
        if let Some(theirs) = theirs {
            let count = server.stack().read(now, theirs, &mut octets).unwrap_or(0);
            for octet in &octets[..count] {
                assert_eq!(*octet, (received * 7) as u8);
                received += 1;
            }
        }
        if received == 10_000 {
            let dropped = server.device().dropped(SlipDropped::Damaged);
            assert_eq!(dropped > 0, damage > 0);
            assert!(server.errors().0 >= dropped);
            return dropped;
        }
    }
    panic!("only {received} octets arrived");
}

#[test]
fn a_line_carries_tcp() {
    assert_eq!(transfer(0), 0);
}

#[test]
fn a_damaged_line_carries_tcp() {
    assert!(transfer(4_001) >= 1);
}

#[test]
fn a_line_of_short_packets_is_refused() {
    let pipe = Pipe::default();
    let end = End {
        from: &pipe,
        to: &pipe,
        damage: 0,
        count: 0,
    };
    let mut resources = Resources::<1, 64, 64, 16>::new();
    let refused = IpRunner::new(Slip::<_, 575>::new(end), host(1), resources.lend());
    assert_eq!(refused.err(), Some(SetupError::FrameTooShort));
}
