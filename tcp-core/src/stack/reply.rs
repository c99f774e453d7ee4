//! Stateless answers: resets, ACKs on behalf of compact entries, and ICMP.
//!
//! They wait in a small bounded queue until the device has room, because handling a packet never
//! sends. What finds the queue full is not sent, and counted; the peer asks again. Answers that an
//! attacker can provoke at will are limited to a number a second; the number varies with the
//! secret from second to second, so that nobody learns by probing how much of it others have used
//! (RFC 5961 section 7 asks for the limit, and a constant one is a side channel).

use managed::ManagedSlice;

use super::address::{Key, Purpose, lower};
use super::siphash::Key as SipKey;
use crate::seq::SeqNum;
use crate::time::Instant;
use crate::wire::{Address, Flags, Timestamps};

/// One answer that waits: opaque, to be lent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Reply(pub(super) Kind);

impl Reply {
    /// None.
    pub(super) const EMPTY: Self = Self(Kind::Segment(Bare {
        key: Key::NONE,
        flags: Flags(0),
        seq: SeqNum::new(0),
        ack: SeqNum::new(0),
        window: 0,
        timestamps: None,
        hop_limit: 0,
        traffic_class: 0,
    }));
}

/// What to send.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    /// A segment without data.
    Segment(Bare),
    /// A whole packet that lies in the packet memory.
    Packet { start: u32, len: u16, to: Address },
}

/// A segment without data and without a connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Bare {
    /// From its local end to its remote end.
    pub(super) key: Key,
    pub(super) flags: Flags,
    pub(super) seq: SeqNum,
    /// Zero unless `flags` say ACK.
    pub(super) ack: SeqNum,
    pub(super) window: u16,
    pub(super) timestamps: Option<Timestamps>,
    pub(super) hop_limit: u8,
    pub(super) traffic_class: u8,
}

/// Why an answer is not queued.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Refused {
    /// The queue or the packet memory is full.
    Full,
    /// The limit of this second is reached.
    Limited,
}

/// The queue.
#[derive(Debug)]
pub(super) struct Replies<'a> {
    queue: ManagedSlice<'a, Reply>,
    first: u32,
    len: u32,
    memory: ManagedSlice<'a, u8>,
    used: u32,
    /// Packets in `memory` that wait; when none does, the memory is free again.
    packets: u32,
    period: u32,
    tokens: u32,
}

/// Answers a second, at least; up to twice as many.
const LIMIT: u32 = 512;

impl<'a> Replies<'a> {
    pub(super) fn new(queue: ManagedSlice<'a, Reply>, memory: ManagedSlice<'a, u8>) -> Self {
        Self {
            queue,
            first: 0,
            len: 0,
            memory,
            used: 0,
            packets: 0,
            period: u32::MAX,
            tokens: 0,
        }
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Takes one of this second's answers, if one is left. Seconds are of 2^20 microseconds.
    pub(super) fn permit(&mut self, now: Instant, secret: SipKey) -> Result<(), Refused> {
        let period = lower(now.as_micros() >> 20);
        if period != self.period {
            self.period = period;
            let moment = Key {
                local_port: period as u16,
                remote_port: (period >> 16) as u16,
                ..Key::NONE
            };
            let extra = lower(moment.hash(secret, Purpose::Limiter)) % LIMIT;
            self.tokens = LIMIT + extra;
        }
        self.tokens = self.tokens.checked_sub(1).ok_or(Refused::Limited)?;
        Ok(())
    }

    /// Appends an answer.
    pub(super) fn push(&mut self, kind: Kind) -> Result<(), Refused> {
        let capacity = u32::try_from(self.queue.len()).unwrap_or(u32::MAX);
        if self.len >= capacity {
            return Err(Refused::Full);
        }
        let mut place = self.first.wrapping_add(self.len);
        if place >= capacity {
            place = place.wrapping_sub(capacity);
        }
        let entry = self.queue.get_mut(place as usize).ok_or(Refused::Full)?;
        *entry = Reply(kind);
        self.len += 1;
        Ok(())
    }

    /// Appends a packet that `write` writes into free packet memory; `write` returns its length,
    /// or `None` when the memory is too short for it.
    pub(super) fn push_packet(
        &mut self,
        to: Address,
        write: impl FnOnce(&mut [u8]) -> Option<usize>,
    ) -> Result<(), Refused> {
        if self.packets == 0 {
            self.used = 0;
        }
        let start = self.used;
        let space = self.memory.get_mut(start as usize..).ok_or(Refused::Full)?;
        let len = write(space).and_then(|len| u16::try_from(len).ok());
        let len = len.ok_or(Refused::Full)?;
        self.push(Kind::Packet { start, len, to })?;
        self.used = start.saturating_add(u32::from(len));
        self.packets += 1;
        Ok(())
    }

    /// The answer that has waited longest.
    pub(super) fn first(&self) -> Option<&Kind> {
        let first = self.queue.get(self.first as usize)?;
        (self.len > 0).then_some(&first.0)
    }

    /// Copies a packet into `out`; `None` when `out` is too short.
    pub(super) fn copy(&self, start: u32, len: u16, out: &mut [u8]) -> Option<usize> {
        let len = usize::from(len);
        let packet = self.memory.get(start as usize..)?.get(..len)?;
        out.get_mut(..len)?.copy_from_slice(packet);
        Some(len)
    }

    /// Removes the answer that `first` gave.
    pub(super) fn pop(&mut self) {
        let Some(kind) = self.first() else {
            return;
        };
        if let Kind::Packet { .. } = kind {
            self.packets = self.packets.saturating_sub(1);
        }
        self.len -= 1;
        self.first += 1;
        if self.first as usize >= self.queue.len() {
            self.first = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(start: u32) -> Kind {
        let to = Address::UNSPECIFIED;
        Kind::Packet { start, len: 0, to }
    }

    fn with_replies<R>(run: impl FnOnce(&mut Replies<'_>) -> R) -> R {
        let (mut queue, mut memory) = ([Reply::EMPTY; 3], [0xaa; 10]);
        run(&mut Replies::new(
            (&mut queue[..]).into(),
            (&mut memory[..]).into(),
        ))
    }

    #[test]
    fn answers_leave_in_order_and_a_full_queue_refuses() {
        with_replies(|replies| {
            for round in 0..7 {
                for entry in 0..3 {
                    assert_eq!(replies.push(packet(round + entry)), Ok(()));
                }
                assert_eq!(replies.push(packet(9)), Err(Refused::Full));
                for entry in 0..3 - round % 2 {
                    assert_eq!(replies.first(), Some(&packet(round + entry)));
                    replies.pop();
                }
                while !replies.is_empty() {
                    replies.pop();
                }
            }
            replies.pop();
            assert_eq!(replies.first(), None);
        });
    }

    #[test]
    fn c04_a_packet_larger_than_the_memory_is_refused() {
        with_replies(|replies| {
            let write = |len: usize| {
                move |space: &mut [u8]| {
                    space.get_mut(..len)?.fill(len as u8);
                    Some(len)
                }
            };
            let to = Address::UNSPECIFIED;
            assert_eq!(replies.push_packet(to, write(11)), Err(Refused::Full));
            assert_eq!(replies.push_packet(to, write(6)), Ok(()));
            assert_eq!(replies.push_packet(to, write(5)), Err(Refused::Full));
            assert_eq!(replies.push_packet(to, write(4)), Ok(()));
            for len in [6, 4] {
                let Some(&Kind::Packet {
                    start, len: held, ..
                }) = replies.first()
                else {
                    panic!("no packet");
                };
                let mut out = [0; 10];
                assert_eq!(replies.copy(start, held, &mut out[..len - 1]), None);
                assert_eq!(replies.copy(start, held, &mut out), Some(len));
                assert!(out[..len].iter().all(|octet| usize::from(*octet) == len));
                replies.pop();
            }
            assert_eq!(replies.push_packet(to, write(10)), Ok(()));
        });
    }

    #[test]
    fn r11_c17_answers_a_second_are_limited_and_the_limit_varies() {
        with_replies(|replies| {
            let secret = SipKey::new([6; 16]);
            let mut counts = std::collections::HashSet::new();
            for second in 0..20 {
                let now = Instant::from_micros(second << 20);
                let count = (0..100_000)
                    .filter(|_| replies.permit(now, secret).is_ok())
                    .count();
                assert!((512..1_024).contains(&count), "{count}");
                counts.insert(count);
            }
            assert!(counts.len() > 10, "the limit hardly varies");
        });
    }
}
