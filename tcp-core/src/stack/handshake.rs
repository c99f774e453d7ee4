//! The passive open: from a SYN at a listener to a connection in its accept queue.
//!
//! A SYN makes a compact entry; the ACK that completes the handshake makes the connection, and
//! only then is storage lent. When there is no room for a connection, that ACK is dropped and the
//! entry stays: the client sends again, and may find room. A full SYN queue drops the SYN; nothing
//! is sent that would tell a flood from a busy server.

use super::Stack;
use super::address::Key;
use super::arrival::HOP_LIMIT;
use super::demux::{Found, Probe};
use super::dropped::Dropped;
use super::entry::Entry;
use super::isn::{Start, Ticks, after_syn};
use super::listen::places;
use super::local::LocalAddress;
use super::node::{AcceptTurn, INDEXED, Owner};
use super::scale::Scale as _;
use super::slot::Place;
use super::syn_queue::SynEntry;
use crate::connection::{
    self, BlindAttacks, Config, Connection, Ecn, Edges, HalfOpen, Opening, ResetVerdict, State,
    Tuned, Tuning, default_mss, has_ecn, is_offered, is_stale, scale_for, tuning_of,
};
use crate::profile::{Memory, Profile};
use crate::seq::SeqLen;
use crate::wire::{Control, Flags, Segment};

impl<'a, P: Profile, M: Memory<'a>> Stack<'a, P, M> {
    /// Who listens where `key` leads.
    #[inline(never)]
    pub(super) fn listener_for(&self, key: &Key) -> Option<u32> {
        if P::Scale::SCANS {
            return self.listeners.best(key);
        }
        // Port 0 is any port, which only any-address mode has.
        let step = if <P::Local as LocalAddress>::ANY {
            1
        } else {
            2
        };
        places(key.local, key.local_port)
            .iter()
            .step_by(step)
            .find_map(|place| self.indexed_listener(place))
    }

    /// Whether someone listens exactly at `place`.
    pub(super) fn is_taken(&self, place: &Key) -> bool {
        let best = self.listener_for(place);
        let best = best.and_then(|best| self.listeners.get(best));
        best.is_some_and(|best| best.key == *place)
    }

    /// Who listens exactly at `place`, by the index.
    #[inline(never)]
    fn indexed_listener(&self, place: &Key) -> Option<u32> {
        let mut probe = Probe::new(place.place(self.index_key));
        while let Some(found) = self.demux.next(&mut probe) {
            if let Found::Listener(index) = found
                && self.listeners.get(index)?.key == *place
            {
                return Some(index);
            }
        }
        None
    }

    //= https://www.rfc-editor.org/rfc/rfc9293#section-3.10.7.2
    //# An incoming RST should be ignored.
    /// A segment for a listener (RFC 9293 section 3.10.7.2).
    #[inline(never)]
    pub(super) fn at_listener(
        &mut self,
        listener: u32,
        key: &Key,
        segment: &Segment<'_>,
    ) -> Result<(), Dropped> {
        if segment.control == Some(Control::Rst) {
            return Err(Dropped::RstIgnored);
        }
        if segment.ack.is_some() {
            self.refuse(key, segment);
            return Err(Dropped::NoConnection);
        }
        if segment.control != Some(Control::Syn) || segment.flags.has(Flags::FIN) {
            return Err(Dropped::BadFlags);
        }
        self.open_half(listener, key, segment, None)
    }

    /// Whether `listener` takes another half-open connection.
    pub(super) fn may_open(&self, listener_index: u32) -> Result<(), Dropped> {
        let Some(listener) = self.listeners.get(listener_index) else {
            return Err(Dropped::NoConnection);
        };
        if !listener.may_accept() {
            return Err(Dropped::AcceptQueueFull);
        }
        let half_open = if P::Scale::SCANS {
            self.count_half_open(listener_index)
        } else {
            listener.half_open()
        };
        if half_open >= listener.syn_backlog() {
            return Err(Dropped::SynQueueFull);
        }
        Ok(())
    }

    /// Makes the entry that `segment`, a SYN, asks for; its SYN-ACK is owed. It takes the place of
    /// `old`, if that is an entry in TIME-WAIT. Data in the SYN is neither kept nor acknowledged:
    /// the client sends it again.
    #[inline(never)]
    pub(super) fn open_half(
        &mut self,
        listener: u32,
        key: &Key,
        segment: &Segment<'_>,
        old: Option<u32>,
    ) -> Result<(), Dropped> {
        self.may_open(listener)?;
        let own = self.locals.own();
        let (Some(listener_at), Some(mut entry)) =
            (self.listeners.get(listener), Entry::between(key, own))
        else {
            return Err(Dropped::NoConnection);
        };
        let (knobs, options) = (&listener_at.config, &segment.options);
        let config = &knobs.basic;
        let start = Start::of(key, self.secret);
        let clock = Ticks::at(self.clock);
        let past = old.and_then(|old| self.time_wait.get(old));
        let iss = past.map_or(start.iss(clock), |old| start.iss_past(clock, old.snd_nxt));
        entry.snd_nxt = after_syn(iss);
        entry.rcv_nxt = after_syn(segment.seq);
        entry.size = options.mss.unwrap_or(default_mss(key.ip_header()));
        let scale = options.window_scale;
        entry.set_window_scale(scale.filter(|_| config.window_scaling.is_on()));
        if options.sack_permitted && config.sack.is_on() {
            entry.agree_on_sack();
        }
        if has_ecn::<P>() && is_offered(segment.flags) && knobs.tuning.ecn != Ecn::Off {
            entry.agree_on_ecn();
        }
        if P::TIMESTAMPS.is_on() && config.timestamps.is_on() {
            entry.set_timestamps(options.timestamps.map(|timestamps| timestamps.value));
        }
        let Some(entry) = self.half_open.insert(self.clock, &entry) else {
            return Err(Dropped::SynQueueFull);
        };
        if let Some(old) = old {
            self.drop_time_wait(old);
        }
        if self.enter(key, Found::HalfOpen(entry)).is_err() {
            self.half_open.remove(entry);
            return Err(Dropped::OutOfMemory);
        }
        if !P::Scale::SCANS
            && let Some(listener) = self.listeners.get_mut(listener)
        {
            listener.opened();
        }
        Ok(())
    }

    /// Frees a half-open entry.
    pub(super) fn drop_half_open(&mut self, index: u32) {
        let Some(entry) = self.half_open.get(index) else {
            return;
        };
        if P::Scale::SCANS {
            self.half_open.remove(index);
            return;
        }
        let key = entry.key(self.locals.own());
        if let Some(listener) = self.listener_for(&key) {
            self.free_half_open(index, &key, listener);
        }
    }

    /// Frees a half-open entry of `listener`.
    fn free_half_open(&mut self, index: u32, key: &Key, listener: u32) {
        if !P::Scale::SCANS
            && let Some(listener) = self.listeners.get_mut(listener)
        {
            listener.closed();
        }
        self.leave(key, Found::HalfOpen(index));
        self.half_open.remove(index);
    }

    /// A segment for a half-open connection (RFC 9293 section 3.10.7.4, SYN-RECEIVED).
    #[inline(never)]
    pub(super) fn at_half_open(
        &mut self,
        index: u32,
        segment: &Segment<'_>,
        segments: u16,
    ) -> Result<(), Dropped> {
        let Some(&entry) = self.half_open.get(index) else {
            return Err(Dropped::NoConnection);
        };
        let key = entry.key(self.locals.own());
        if segment.control == Some(Control::Syn) && after_syn(segment.seq) == entry.rcv_nxt {
            if has_ecn::<P>()
                && !is_offered(segment.flags)
                && let Some(entry) = self.half_open.get_mut(index)
            {
                entry.withdraw_ecn();
            }
            if self.may_answer() {
                self.half_open.owe_again(index, self.clock);
            }
            return Ok(());
        }
        if let Err(Refusal(reason, answer)) = self.judge(&entry, segment) {
            match answer {
                Answer::Nothing => {}
                Answer::Challenge => {
                    let window = self.offered_window(self.tuning_for(&entry));
                    self.acknowledge(&key, &entry, (window, HOP_LIMIT, 0));
                }
                Answer::Forget => {
                    self.drop_half_open(index);
                    return Ok(());
                }
            }
            return Err(reason);
        }
        if segment.ack != Some(entry.snd_nxt) {
            self.refuse(&key, segment);
            return Err(Dropped::AckUnacceptable);
        }
        if P::Tuning::EFFECT.is_on() && self.defers(index, &key, segment) {
            return Ok(());
        }
        let listener = self.listener_for(&key).ok_or(Dropped::NoConnection)?;
        let half_open = self.half_open_of(&entry, &key);
        self.promote((index, &key, listener), &half_open, segment, segments)
    }

    /// The steps before the ACK: sequence number, timestamps, RST, SYN.
    //= https://www.rfc-editor.org/rfc/rfc9293#section-3.5
    //# Note that a TCP implementation MUST keep track of whether a connection has
    //# reached SYN-RECEIVED state as the result of a passive OPEN or an active OPEN
    //# (MUST-11).
    fn judge(
        &self,
        entry: &SynEntry<P::Local, P::Scale>,
        segment: &Segment<'_>,
    ) -> Result<(), Refusal> {
        let tuning = self.tuning_for(entry);
        let trusts = tuning.blind_attacks == BlindAttacks::Trusted;
        let rcv_nxt = entry.rcv_nxt;
        let edges = Edges {
            rcv_nxt,
            rcv_end: rcv_nxt + SeqLen::new(self.offered_window(tuning).into()),
        };
        if segment.control == Some(Control::Rst) {
            return Err(match edges.judge_reset(segment.seq) {
                ResetVerdict::Exact => Refusal(Dropped::NoConnection, Answer::Forget),
                ResetVerdict::InWindow if trusts => Refusal(Dropped::NoConnection, Answer::Forget),
                ResetVerdict::InWindow => Refusal(Dropped::RstChallenged, Answer::Challenge),
                ResetVerdict::Outside => Refusal(Dropped::OutOfWindow, Answer::Nothing),
            });
        }
        if !edges.accept(segment.seq, segment.seq_len()) {
            // A pure ACK is not answered: two ends that disagree would answer each other for ever.
            let pure = segment.seq_len() == SeqLen::ZERO;
            let answer = if pure {
                Answer::Nothing
            } else {
                Answer::Challenge
            };
            return Err(Refusal(Dropped::OutOfWindow, answer));
        }
        let recent = Self::ts_recent(entry);
        match (recent, segment.options.timestamps) {
            (Some(_), None) => return Err(Refusal(Dropped::TimestampMissing, Answer::Nothing)),
            (Some(recent), Some(their)) if is_stale(their.value, recent) => {
                return Err(Refusal(Dropped::Paws, Answer::Challenge));
            }
            (Some(_), Some(_)) | (None, _) => {}
        }
        // RFC 9293 would return to LISTEN; RFC 5961 section 4 has the better answer: if the peer
        // really starts anew, it resets in reply, and only then is the entry given up.
        if segment.control == Some(Control::Syn) {
            if trusts {
                return Err(Refusal(Dropped::NoConnection, Answer::Forget));
            }
            return Err(Refusal(Dropped::SynChallenged, Answer::Challenge));
        }
        if segment.ack.is_none() {
            return Err(Refusal(Dropped::AckMissing, Answer::Nothing));
        }
        Ok(())
    }

    /// The right ACK came: makes the connection and gives it the segment.
    fn promote(
        &mut self,
        (entry, key, listener): (u32, &Key, u32),
        half_open: &HalfOpen,
        segment: &Segment<'_>,
        segments: u16,
    ) -> Result<(), Dropped> {
        let accepting = self.listeners.get(listener);
        let accepting = accepting.filter(|listener| listener.may_accept());
        let config = &accepting.ok_or(Dropped::AcceptQueueFull)?.config;
        let index = self.schedule.first_free().ok_or(Dropped::OutOfMemory)?;
        let slot = self.schedule.slots.get_mut(index as usize);
        let slot = slot.ok_or(Dropped::OutOfMemory)?;
        let storage = self.memory.lend().ok_or(Dropped::OutOfMemory)?;
        slot.place = Place::Taken(Connection::blank(storage));
        let Some((_, connection)) = slot.both() else {
            return Err(Dropped::OutOfMemory);
        };
        connection.accepted(self.clock, config, half_open);
        let (verdict, answer) = connection.arrive(self.clock, segment, segments);
        let is_open = connection.state() != State::SynReceived;
        self.schedule.take(index, Owner::Listener, key);
        if !is_open {
            self.release(index, Owner::Stack);
            return verdict;
        }
        self.free_half_open(entry, key, listener);
        self.enlist(index, listener, key);
        if answer == connection::Answer::Reset {
            self.refuse(key, segment);
        }
        self.settle(index);
        verdict
    }

    /// Puts the connection in slot `index` into the index and an accept queue.
    fn enlist(&mut self, index: u32, listener_index: u32, key: &Key) {
        // The half-open entry's bucket was just freed, so there is room.
        let indexed = self.enter(key, Found::Connection(index)).is_ok();
        if indexed && let Some(node) = self.schedule.get_mut(index) {
            node.mark(INDEXED);
        }
        if let Some(listener) = self.listeners.get_mut(listener_index) {
            let (queue, arrival) = listener.arrived();
            let turn = AcceptTurn {
                listener: u16::try_from(listener_index).unwrap_or(u16::MAX),
                arrival,
            };
            self.schedule.push_accept(queue, index, turn);
        }
        self.listeners.set_ready(listener_index);
    }

    /// What a connection is told of the handshake that made it.
    fn half_open_of(&self, entry: &SynEntry<P::Local, P::Scale>, key: &Key) -> HalfOpen {
        let tuning = tuning_of::<P>(|| self.config_of(key));
        let sent_once = entry.sent_once();
        HalfOpen {
            opening: Opening {
                iss: entry.snd_nxt - SeqLen::ONE,
                timestamp_offset: self.offset_for(key, entry),
                mtu: self.mtu,
                ip_header: key.ip_header(),
            },
            irs: entry.rcv_nxt - SeqLen::ONE,
            peer_mss: entry.size,
            peer_window_scale: entry.peer_window_scale(),
            our_window_scale: entry
                .peer_window_scale()
                .map_or(0, |_| self.window_scale(tuning)),
            sack: entry.sack(),
            timestamps: entry.timestamps(),
            syn_ack_sent: sent_once.then(|| entry.created(self.clock)),
            offered_window: self.offered_window(tuning),
            ecn: has_ecn::<P>() && entry.ecn(),
        }
    }

    /// The knobs of whoever listens where `key` leads.
    pub(super) fn config_of(&self, key: &Key) -> Option<&Config> {
        let listener = self.listeners.get(self.listener_for(key)?)?;
        Some(&listener.config)
    }

    /// The window that a SYN-ACK offers: never scaled (RFC 7323 section 2.2).
    pub(super) fn offered_window(&self, tuning: Tuning) -> u16 {
        let window = self.memory.receive_capacity();
        u16::try_from(window.saturating_sub(tuning.slack())).unwrap_or(u16::MAX)
    }

    /// The window scale that a SYN-ACK offers: unless a knob says otherwise the least with which
    /// the whole receive ring can be offered.
    pub(super) fn window_scale(&self, tuning: Tuning) -> u8 {
        tuning.scale(scale_for(self.memory.receive_capacity()))
    }
}

/// Why a half-open connection does not use a segment, and what it answers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Refusal(Dropped, Answer);

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Answer {
    Nothing,
    Challenge,
    /// The peer reset: the entry goes, without an answer.
    Forget,
}
