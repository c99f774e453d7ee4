//! The way out: whose packet leaves next.
//!
//! Stateless answers and SYN-ACKs each have their turn between the connections' packets, so that
//! they leave early, and so that no number of them, provoked by whomever, keeps data from leaving:
//! every second packet is a connection's if one wants to send.

use super::address::ip_header;
use super::arrival::HOP_LIMIT;
use super::reply::{Bare, Kind};
use super::{ChecksumState, Stack, Transmit, TxChecksum};
use crate::connection::{Known, Priority, Written, has_ecn, tuning_of};
use crate::profile::{Memory, Profile};
use crate::seq::SeqLen;
use crate::wire::{Address, Draft, Flags, IpEmit, OptionWords, OptionsEmit, RawWindow, emit};

/// The least MSS that a SYN-ACK offers: what a connection takes for granted at least.
const MSS_FLOOR: u16 = 64;
const TCP_HEADER: u16 = 20;

/// What has a turn.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Source {
    Replies,
    SynAcks,
    Connections,
}

/// The order of turns.
const TURNS: [Source; 4] = [
    Source::Replies,
    Source::Connections,
    Source::SynAcks,
    Source::Connections,
];

/// What was written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Sent {
    len: usize,
    to: Address,
    class: Priority,
    /// Of TCP; else a whole packet with its checksums.
    is_segment: bool,
}

impl<'a, P: Profile, M: Memory<'a>> Stack<'a, P, M> {
    /// Writes the next packet.
    pub(super) fn output(&mut self, out: &mut [u8]) -> Option<Transmit> {
        let mut sent = Sent {
            len: 0,
            to: Address::UNSPECIFIED,
            class: Priority::Normal,
            is_segment: true,
        };
        if self.replies.is_empty() && self.half_open.first_owed().is_none() {
            self.send_data(out, &mut sent)?;
        } else {
            self.output_in_turn(out, &mut sent)?;
        }
        let checksum = match self.tx_checksum {
            TxChecksum::Partial if sent.is_segment => ChecksumState::Partial {
                start: ip_header(sent.to),
                offset: 16,
            },
            TxChecksum::Full | TxChecksum::Partial => ChecksumState::Full,
        };
        Some(Transmit {
            len: sent.len,
            segment_size: None,
            checksum,
            destination: sent.to,
            class: sent.class,
        })
    }

    #[inline(never)]
    fn output_in_turn(&mut self, out: &mut [u8], sent: &mut Sent) -> Option<()> {
        for _ in TURNS {
            let source = TURNS.get(usize::from(self.turn)).copied();
            self.turn = (self.turn + 1) % 4;
            let done = match source {
                Some(Source::Replies) => self.send_reply(out, sent),
                Some(Source::SynAcks) => self.send_syn_ack(out, sent),
                Some(Source::Connections) | None => self.send_data(out, sent),
            };
            if done.is_some() {
                return done;
            }
        }
        None
    }

    /// Whether `output` has something to write.
    pub(super) fn has_output(&self) -> bool {
        !self.replies.is_empty()
            || self.half_open.first_owed().is_some()
            || self.schedule.next_turn().is_some()
    }

    #[inline(never)]
    fn send_data(&mut self, out: &mut [u8], sent: &mut Sent) -> Option<()> {
        let (now, mode) = (self.clock, self.tx_checksum);
        // Whoever has nothing leaves the queue, so this ends.
        loop {
            let index = self.schedule.next_turn()?;
            let node = self.schedule.get(index)?;
            let (key, class) = (node.key, node.class());
            let written =
                self.with_connection(index, |connection| connection.write(now, &key, out, mode));
            match written? {
                Written::Packet(len) => {
                    self.schedule.end_turn(index);
                    (sent.len, sent.to, sent.class) = (len, key.remote, class);
                    return Some(());
                }
                Written::TooLarge => return None,
                Written::Nothing => self.schedule.set_queue(index, None),
            }
        }
    }

    fn send_syn_ack(&mut self, out: &mut [u8], sent: &mut Sent) -> Option<()> {
        let entry = self.half_open.first_owed()?;
        self.write_syn_ack(entry, out, sent)?;
        self.half_open.sent(entry);
        Some(())
    }

    //= https://www.rfc-editor.org/rfc/rfc7323#section-2.2
    //# The window field in a segment where the SYN bit is set (i.e., a <SYN>
    //# or <SYN,ACK>) MUST NOT be scaled.
    //= https://www.rfc-editor.org/rfc/rfc7323#section-2.2
    //# If a Window Scale option was received in the initial <SYN> segment, then
    //# this option MAY be sent in the <SYN,ACK> segment.
    //= https://www.rfc-editor.org/rfc/rfc7323#section-2.3
    //# o If a TCP receives a <SYN> segment containing a Window Scale option, it
    //# SHOULD send its own Window Scale option in the <SYN,ACK> segment.
    //= https://www.rfc-editor.org/rfc/rfc7323#section-2.3
    //# o The Window Scale option MUST be sent with shift.cnt = R, where R is the
    //# value that the TCP would like to use for its receive window.
    //= https://www.rfc-editor.org/rfc/rfc7323#section-3.2
    //# A TCP MAY send the TSopt in an initial <SYN> segment (i.e., segment
    //# containing a SYN bit and no ACK bit), and MAY send a TSopt in <SYN,ACK> only
    //# if it received a TSopt in the initial <SYN> segment for the connection.
    #[inline(never)]
    fn write_syn_ack(&self, entry: u32, out: &mut [u8], sent: &mut Sent) -> Option<()> {
        let entry = self.half_open.get(entry)?;
        let key = entry.key(self.locals.own());
        let config = self.config_of(&key)?;
        let tuning = tuning_of::<P>(|| Some(config));
        let agreed = has_ecn::<P>() && entry.ecn();
        let ecn = if agreed { Flags::ECE } else { 0 };
        let headers = key.ip_header().saturating_add(TCP_HEADER);
        let mss = self.mtu.saturating_sub(headers).min(config.basic.mss);
        let syn = OptionsEmit {
            mss: Some(mss.max(MSS_FLOOR)),
            window_scale: entry.peer_window_scale().map(|_| self.window_scale(tuning)),
            sack_permitted: entry.sack(),
            timestamps: self.timestamps_for(&key, entry),
            order: tuning.option_order,
            ..OptionsEmit::none()
        };
        let bare = Bare {
            key,
            flags: Flags(Flags::SYN | Flags::ACK | ecn),
            seq: entry.snd_nxt - SeqLen::ONE,
            ack: entry.rcv_nxt,
            window: self.offered_window(tuning),
            timestamps: None,
            hop_limit: config.basic.hop_limit,
            traffic_class: config.basic.diffserv << 2,
        };
        self.write(&bare, Some(&syn), out, sent)
    }

    #[inline(never)]
    fn send_reply(&mut self, out: &mut [u8], sent: &mut Sent) -> Option<()> {
        match self.replies.first()? {
            Kind::Segment(bare) => self.write(bare, None, out, sent)?,
            Kind::Packet { start, len, to } => {
                sent.len = self.replies.copy(*start, *len, out)?;
                sent.to = *to;
                sent.is_segment = false;
            }
        }
        self.replies.pop();
        Some(())
    }

    fn write(
        &self,
        bare: &Bare,
        syn: Option<&OptionsEmit>,
        out: &mut [u8],
        sent: &mut Sent,
    ) -> Option<()> {
        let mut segment = Draft {
            source_port: bare.key.local_port,
            destination_port: bare.key.remote_port,
            seq: bare.seq,
            ack: bare.ack,
            flags: bare.flags,
            window: RawWindow(bare.window),
            urgent: 0,
            options: OptionWords::new(),
        };
        if let Some(options) = syn {
            options.write_syn::<Known<P>>(&mut segment.options);
        }
        if let Some(timestamps) = bare.timestamps.filter(|_| P::TIMESTAMPS.is_on()) {
            segment.options.timestamps(timestamps);
        }
        let ip = IpEmit {
            source: bare.key.local,
            destination: bare.key.remote,
            hop_limit: bare.hop_limit,
            traffic_class: bare.traffic_class,
        };
        sent.len = emit(out, &ip, &segment, [&[], &[]], self.tx_checksum)?;
        sent.to = bare.key.remote;
        Some(())
    }

    /// The IP header of an answer without a connection.
    pub(super) fn answer_header(source: Address, destination: Address) -> IpEmit {
        IpEmit {
            source,
            destination,
            hop_limit: HOP_LIMIT,
            traffic_class: 0,
        }
    }
}
