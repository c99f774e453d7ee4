//! Something between the kernel and us that loses, reorders, duplicates or marks
//! packets, or has no room for large ones.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::thread;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use tcp_std::Device;
use tcp_tests::packet::Segment;
use tcp_tests::peer::{Complaint, complain};
use tcp_tests::rng::Rng;

use crate::lab::{Family, Lab};
use crate::transfer::{LARGE, each_way};

const OCTETS: u64 = 8 << 20;
const SEED: u64 = 0x7c9;

/// How often something happens to a packet, in a million cases.
#[derive(Clone, Copy, Default)]
pub(crate) struct Impairment {
    pub(crate) lost: u32,
    pub(crate) late: u32,
    pub(crate) twice: u32,
    /// Packets that say that they may be marked are (RFC 3168).
    pub(crate) marked: u32,
    /// Longer packets do not pass.
    pub(crate) narrow: Option<Narrow>,
}

/// How long a packet may be, and what becomes of longer ones.
#[derive(Clone, Copy)]
pub(crate) enum Narrow {
    /// Their senders hear of it by ICMP.
    Told(usize),
    /// They vanish.
    Silent(usize),
}

pub(crate) fn lossy(family: Family) {
    through(
        family,
        Impairment {
            lost: 20_000,
            ..Impairment::default()
        },
    );
}

pub(crate) fn disordered(family: Family) {
    through(
        family,
        Impairment {
            late: 30_000,
            twice: 20_000,
            ..Impairment::default()
        },
    );
}

fn through(family: Family, impairment: Impairment) {
    let lab = lab_with(family, impairment);
    each_way(&lab, OCTETS, LARGE);
    lab.finish();
}

/// A lab in which that stands between the kernel and us.
pub(crate) fn lab_with(family: Family, impairment: Impairment) -> Lab {
    println!("seed {SEED:#x}");
    Lab::with_device(family, 1_500, |tun| {
        let (near, far) = Device::pair(tun.mtu()).expect("a pair of devices");
        thread::spawn(move || relay(&tun, &far, impairment));
        near
    })
}

/// Carries packets both ways until one end is closed.
fn relay(one: &Device, other: &Device, impairment: Impairment) {
    let mut forth = Way::new(SEED, impairment);
    let mut back = Way::new(!SEED, impairment);
    while forth
        .carry(one, other)
        .and_then(|()| back.carry(other, one))
        .is_ok()
    {
        let nap = Timespec {
            tv_sec: 0,
            tv_nsec: 2_000_000,
        };
        let mut fds = [
            PollFd::new(one, PollFlags::IN),
            PollFd::new(other, PollFlags::IN),
        ];
        let is_waiting = !(forth.late.is_empty() && back.late.is_empty());
        match poll(&mut fds, is_waiting.then_some(&nap)) {
            // What is late has been so for long enough when nothing else moves.
            Ok(0) => {
                if forth
                    .release(other)
                    .and_then(|()| back.release(one))
                    .is_err()
                {
                    return;
                }
            }
            Ok(_) | Err(Errno::INTR) => {}
            Err(_) => return,
        }
    }
}

/// One direction.
struct Way {
    rng: Rng,
    impairment: Impairment,
    /// Packets that others shall overtake first, and how many.
    late: VecDeque<(Vec<u8>, u64)>,
}

impl Way {
    fn new(seed: u64, impairment: Impairment) -> Self {
        Self {
            rng: Rng::new(seed),
            impairment,
            late: VecDeque::new(),
        }
    }

    /// Carries what is there.
    fn carry(&mut self, from: &Device, to: &Device) -> Result<(), Errno> {
        let mut packet = [0; 2_048];
        loop {
            let len = match rustix::io::read(from, &mut packet) {
                Ok(0) => return Err(Errno::PIPE),
                Ok(len) => len,
                Err(Errno::AGAIN | Errno::INTR) => return Ok(()),
                Err(errno) => return Err(errno),
            };
            let packet = &mut packet[..len];
            if self.rng.happens(self.impairment.marked) {
                mark(packet);
            }
            let packet = &*packet;
            match self.impairment.narrow {
                Some(Narrow::Told(longest)) if len > longest => {
                    write(from, &too_big(packet, longest))?;
                    continue;
                }
                Some(Narrow::Silent(longest)) if len > longest => continue,
                Some(Narrow::Told(_) | Narrow::Silent(_)) | None => {}
            }
            if self.rng.happens(self.impairment.lost) {
                continue;
            }
            if self.rng.happens(self.impairment.late) {
                let overtaken = self.rng.between(1, 5);
                self.late.push_back((packet.to_vec(), overtaken));
                continue;
            }
            write(to, packet)?;
            if self.rng.happens(self.impairment.twice) {
                write(to, packet)?;
            }
            for (_, overtaken) in &mut self.late {
                *overtaken = overtaken.saturating_sub(1);
            }
            while self.late.front().is_some_and(|(_, left)| *left == 0) {
                if let Some((packet, _)) = self.late.pop_front() {
                    write(to, &packet)?;
                }
            }
        }
    }

    fn release(&mut self, to: &Device) -> Result<(), Errno> {
        self.late
            .drain(..)
            .try_for_each(|(packet, _)| write(to, &packet))
    }
}

/// Marks a packet that may be marked, as a congested router does.
fn mark(packet: &mut [u8]) {
    if packet[0] >> 4 == 6 {
        if packet[1] >> 4 & 3 != 0 {
            packet[1] |= 0x30;
        }
    } else if packet[1] & 3 != 0 {
        let before = packet[1];
        packet[1] |= 3;
        // The lower octet of the first word grew: so does the sum, and its complement shrinks
        // (RFC 1624).
        let sum = u16::from_be_bytes([packet[10], packet[11]]);
        let (less, borrow) = sum.overflowing_sub(u16::from(packet[1] - before));
        packet[10..12].copy_from_slice(&(less - u16::from(borrow)).to_be_bytes());
    }
}

/// What a router says of a packet that is too big; it has the address of the packet's destination.
fn too_big(packet: &[u8], longest: usize) -> Vec<u8> {
    let mtu = u32::try_from(longest).expect("a packet is short");
    let segment = Segment::decode(packet).expect("only segments are that long");
    let ends = (segment.destination.ip(), segment.source.ip());
    let what = match ends.0 {
        IpAddr::V4(_) => Complaint(3, 4, mtu),
        IpAddr::V6(_) => Complaint(2, 0, mtu),
    };
    complain(what, ends, &packet[..128])
}

/// Waits until there is room: what is lost is to be lost by the seed.
fn write(to: &Device, packet: &[u8]) -> Result<(), Errno> {
    loop {
        match rustix::io::write(to, packet) {
            Ok(_) => return Ok(()),
            Err(Errno::AGAIN) => {
                poll(&mut [PollFd::new(to, PollFlags::OUT)], None)?;
            }
            Err(Errno::INTR) => {}
            Err(errno) => return Err(errno),
        }
    }
}
