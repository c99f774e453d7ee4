//! A TCP segment arrives: who gets it, and what those do who are not connections.

use super::Stack;
use super::address::Key;
use super::demux::{Found, Probe};
use super::dropped::Dropped;
use super::entry::Entry;
use super::isn::{Start, tsval};
use super::list::Linkage;
use super::node::INDEXED;
use super::reply::{Bare, Kind};
use super::scale::Scale as _;
use super::time_wait::Verdict;
use crate::connection::{Answer, ResetReply};
use crate::profile::{Memory, Profile};
use crate::seq::SeqNum;
use crate::wire::{Control, Flags, Segment, Timestamps};

/// TTL or hop limit of what leaves without a connection.
pub(super) const HOP_LIMIT: u8 = 64;

impl<'a, P: Profile, M: Memory<'a>> Stack<'a, P, M> {
    /// Hands `segment` to whom it is for. `segments`: how many the device put together.
    pub(super) fn segment_arrives(
        &mut self,
        key: &Key,
        segment: &Segment<'_>,
        segments: u16,
    ) -> Result<(), Dropped> {
        match self.find(key) {
            Some(Found::Connection(index)) => {
                self.latest = index;
                let now = self.clock;
                let arrival = self.with_connection(index, |connection| {
                    connection.arrive(now, segment, segments)
                });
                let (verdict, answer) = arrival.ok_or(Dropped::NoConnection)?;
                if answer == Answer::Reset {
                    self.refuse(key, segment);
                }
                verdict
            }
            Some(Found::HalfOpen(entry)) => self.at_half_open(entry, segment, segments),
            Some(Found::TimeWait(entry)) => self.at_time_wait(entry, key, segment),
            Some(Found::Listener(_)) | None => match self.listener_for(key) {
                Some(listener) => self.at_listener(listener, key, segment),
                None => self.at_nobody(key, segment),
            },
        }
    }

    /// Who owns the 4-tuple.
    #[inline(never)]
    pub(super) fn find(&self, key: &Key) -> Option<Found> {
        let own = self.locals.own();
        // Whoever was heard last is likely to be heard again.
        if P::Scale::SCANS {
            return if let Some(index) = self.schedule.indexed(self.latest, key) {
                Some(Found::Connection(index))
            } else if let Some(entry) = self.half_open.find(key, own) {
                Some(Found::HalfOpen(entry))
            } else {
                self.time_wait.find(key, own).map(Found::TimeWait)
            };
        }
        let latest = self.schedule.get(self.latest);
        if latest.is_some_and(|node| node.key == *key && node.is(INDEXED)) {
            return Some(Found::Connection(self.latest));
        }
        let mut probe = Probe::new(key.place(self.index_key));
        while let Some(found) = self.demux.next(&mut probe) {
            let theirs = match found {
                Found::Connection(index) => self.schedule.get(index).map(|node| node.key),
                Found::HalfOpen(entry) => self.half_open.get(entry).map(|entry| entry.key(own)),
                Found::TimeWait(entry) => self.time_wait.get(entry).map(|entry| entry.key(own)),
                Found::Listener(_) => None,
            };
            if theirs == Some(*key) {
                return Some(found);
            }
        }
        None
    }

    //= https://www.rfc-editor.org/rfc/rfc9293#section-3.10.7.1
    //# An incoming segment not
    //# containing a RST causes a RST to be sent in response.
    #[inline(never)]
    fn at_nobody(&mut self, key: &Key, segment: &Segment<'_>) -> Result<(), Dropped> {
        if segment.control != Some(Control::Rst) {
            self.refuse(key, segment);
        }
        Err(Dropped::NoConnection)
    }

    /// Answers an unacceptable segment with a reset that its sender will accept.
    pub(super) fn refuse(&mut self, key: &Key, segment: &Segment<'_>) {
        let reset = match segment.ack {
            Some(ack) => ResetReply {
                seq: ack,
                ack: None,
            },
            None => ResetReply {
                seq: SeqNum::new(0),
                ack: Some(segment.seq + segment.seq_len()),
            },
        };
        self.reset(key, &reset);
    }

    /// Queues a reset.
    #[inline(never)]
    pub(super) fn reset(&mut self, key: &Key, reset: &ResetReply) {
        let flags = Flags::RST | reset.ack.map_or(0, |_| Flags::ACK);
        let bare = Bare {
            key: *key,
            flags: Flags(flags),
            seq: reset.seq,
            ack: reset.ack.unwrap_or_default(),
            window: 0,
            timestamps: None,
            hop_limit: HOP_LIMIT,
            traffic_class: 0,
        };
        self.answer(Kind::Segment(bare));
    }

    /// Queues a stateless answer, within this second's limit.
    #[inline(never)]
    pub(super) fn answer(&mut self, kind: Kind) {
        if self.may_answer() && self.replies.push(kind).is_err() {
            self.counters.count(Dropped::ReplyQueueFull);
        }
    }

    /// Whether another answer leaves within this second; it counts as one.
    #[inline(never)]
    pub(super) fn may_answer(&mut self) -> bool {
        let permitted = self.replies.permit(self.clock, self.secret).is_ok();
        if !permitted {
            self.counters.count(Dropped::ReplyQueueFull);
        }
        permitted
    }

    /// A segment for a connection in TIME-WAIT.
    #[inline(never)]
    fn at_time_wait(
        &mut self,
        index: u32,
        key: &Key,
        segment: &Segment<'_>,
    ) -> Result<(), Dropped> {
        let Some(&entry) = self.time_wait.get(index) else {
            return Err(Dropped::NoConnection);
        };
        let recent = Self::ts_recent(&entry);
        match entry.judge(segment, recent) {
            Verdict::Ignore if segment.control == Some(Control::Rst) => Err(Dropped::RstIgnored),
            Verdict::Ignore if segment.seq != entry.rcv_nxt => Err(Dropped::OutOfWindow),
            Verdict::Ignore => Ok(()),
            Verdict::Acknowledge => {
                self.acknowledge_time_wait(index);
                Err(Dropped::OutOfWindow)
            }
            Verdict::Restart => {
                self.time_wait.restart(index, self.clock);
                self.acknowledge_time_wait(index);
                Ok(())
            }
            Verdict::Reopen => {
                let Some(listener) = self.listener_for(key) else {
                    self.acknowledge_time_wait(index);
                    return Err(Dropped::OutOfWindow);
                };
                self.open_half(listener, key, segment, Some(index))
            }
        }
    }

    /// Queues the ACK of a connection in TIME-WAIT.
    pub(super) fn acknowledge_time_wait(&mut self, index: u32) {
        if let Some(&entry) = self.time_wait.get(index) {
            let key = entry.key(self.locals.own());
            let header = (entry.size, entry.hop_limit(), entry.traffic_class());
            self.acknowledge(&key, &entry, header);
        }
    }

    /// Queues an ACK for a compact entry, with this window, hop limit and traffic class.
    #[inline(never)]
    pub(super) fn acknowledge<K: Linkage>(
        &mut self,
        key: &Key,
        entry: &Entry<P::Local, K>,
        (window, hop_limit, traffic_class): (u16, u8, u8),
    ) {
        let bare = Bare {
            key: *key,
            flags: Flags(Flags::ACK),
            seq: entry.snd_nxt,
            ack: entry.rcv_nxt,
            window,
            timestamps: self.timestamps_for(key, entry),
            hop_limit,
            traffic_class,
        };
        self.answer(Kind::Segment(bare));
    }

    /// TS.Recent of a compact entry, if its connection uses timestamps.
    pub(super) fn ts_recent<K: Linkage>(entry: &Entry<P::Local, K>) -> Option<u32> {
        entry.timestamps().filter(|_| P::TIMESTAMPS.is_on())
    }

    /// The Timestamps option of a segment for a compact entry.
    pub(super) fn timestamps_for<K: Linkage>(
        &self,
        key: &Key,
        entry: &Entry<P::Local, K>,
    ) -> Option<Timestamps> {
        let recent = Self::ts_recent(entry)?;
        Some(Timestamps {
            value: tsval(self.clock, self.offset_for(key, entry)),
            echo: recent,
        })
    }

    /// The timestamp offset of a connection, if it needs one.
    pub(super) fn offset_for<K: Linkage>(&self, key: &Key, entry: &Entry<P::Local, K>) -> u32 {
        if Self::ts_recent(entry).is_some() {
            Start::of(key, self.secret).timestamp_offset
        } else {
            0
        }
    }

    /// Ends TIME-WAIT.
    #[inline(never)]
    pub(super) fn drop_time_wait(&mut self, index: u32) {
        let Some(entry) = self.time_wait.get(index) else {
            return;
        };
        let key = entry.key(self.locals.own());
        self.leave(&key, Found::TimeWait(index));
        self.time_wait.remove(index);
    }
}
