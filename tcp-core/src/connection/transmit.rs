//! The only writer of segments: carries out the plan and pays what is owed.

use super::congestion::CongestionControl;
use super::counters::Counting;
use super::recv::AckOwed;
use super::send::{Novelty, Outgoing, Plan};
use super::state::State;
use super::tcb::{Probe, User};
use super::tuning::{KnownOrder, Tuned};
use super::{Connection, Tuple};
use crate::profile::Profile;
use crate::seq::{SeqLen, SeqNum};
use crate::stack::TxChecksum;
use crate::time::{Instant, Span, Tick};
use crate::wire::{Flags, IpEmit, RawWindow, SegmentEmit, Timestamps, emit};

impl<P: Profile> Connection<'_, P> {
    /// Writes the next segment that is owed into `out`, as a whole IP packet, and returns its
    /// length; `None` when nothing is owed, or when `out` is too short (then nothing changes).
    /// Call it only with a device slot in hand: what it returned has left.
    pub fn transmit(
        &mut self,
        now: Instant,
        tuple: &Tuple,
        out: &mut [u8],
        checksum: TxChecksum,
    ) -> Option<usize> {
        self.restart_after_idle(now);
        let plan = self.plan();
        let mut segment = SegmentEmit::blank();
        self.fill(now, tuple, &mut segment);
        let mut text = [&[][..]; 2];
        match plan {
            Plan::Nothing => return None,
            Plan::Ack => {}
            Plan::Reset => self.write_reset(&mut segment),
            Plan::KeepAlive => segment.seq = segment.seq - SeqLen::ONE,
            Plan::Syn(_) => self.write_syn(&mut segment),
            Plan::Text(outgoing) => {
                self.write_text(&mut segment, &outgoing);
                let offset = outgoing.seq.since(self.tcb.snd.base()).as_usize();
                text = self.send.read(offset, outgoing.text.as_usize());
            }
        }
        let config = &self.tcb.config;
        let ip = IpEmit {
            source: tuple.local.ip(),
            destination: tuple.remote.ip(),
            hop_limit: config.hop_limit,
            traffic_class: config.diffserv << 2,
        };
        let length = emit::<KnownOrder<P>>(out, &ip, &segment, text, checksum)?;
        self.commit(now, plan, &segment);
        Some(length)
    }

    /// What every segment of this connection carries: an acknowledgment.
    fn fill(&self, now: Instant, tuple: &Tuple, segment: &mut SegmentEmit) {
        let tcb = &self.tcb;
        let offer = tcb.rcv.offer(&self.receive, tcb.snd.mss_limit);
        segment.source_port = tuple.local.port();
        segment.destination_port = tuple.remote.port();
        segment.seq = tcb.snd.nxt;
        segment.ack = tcb.rcv.nxt;
        segment.flags = Flags(Flags::ACK);
        segment.window = offer.field;
        if tcb.uses_timestamps() {
            let value = tcb.timestamp(now);
            segment.options.timestamps = Some(Timestamps {
                value,
                echo: tcb.timestamps.recent,
            });
        }
        if tcb.negotiated.sack && (self.islands.len() > 0 || tcb.rcv.duplicate().is_some()) {
            let room = self.sack_room();
            let blocks = &mut segment.options.sack;
            self.islands.sack_blocks(tcb.rcv.duplicate(), room, blocks);
        }
    }

    fn write_reset(&self, segment: &mut SegmentEmit) {
        segment.flags = Flags(Flags::RST | Flags::ACK);
        segment.window = RawWindow(0);
        segment.options.sack.clear();
    }

    /// SYN, or SYN-ACK once the peer's SYN is known. The window of a SYN is never scaled
    /// (RFC 7323 section 2.2).
    fn write_syn(&self, segment: &mut SegmentEmit) {
        let tcb = &self.tcb;
        segment.seq = tcb.snd.iss;
        segment.flags = Flags(Flags::SYN | Flags::ACK);
        segment.window = RawWindow(self.syn_window());
        segment.options.sack.clear();
        segment.options.order = tcb.tuning.get().option_order;
        segment.options.mss = Some(tcb.snd.mss_limit);
        segment.options.sack_permitted = tcb.negotiated.sack;
        segment.options.window_scale = tcb.negotiated.window_scaling.then_some(tcb.rcv.wscale);
        if tcb.state == State::SynSent {
            segment.flags = Flags(Flags::SYN);
            segment.ack = SeqNum::default();
            if let Some(timestamps) = &mut segment.options.timestamps {
                timestamps.echo = 0;
            }
        }
    }

    fn write_text(&self, segment: &mut SegmentEmit, outgoing: &Outgoing) {
        segment.seq = outgoing.seq;
        //= https://www.rfc-editor.org/rfc/rfc9293#section-3.9.1.2
        //# If
        //# PUSH flags are not implemented, then the sending TCP peer: (1) MUST
        //# NOT buffer data indefinitely (MUST-60), and (2) MUST set the PSH bit
        //# in the last buffered segment (i.e., when there is no more queued data
        //# to be sent) (MUST-61).
        if outgoing.last && outgoing.text > SeqLen::ZERO {
            segment.flags.0 |= Flags::PSH;
        }
        if outgoing.fin {
            segment.flags.0 |= Flags::FIN;
        }
        if let Some(up) = self.tcb.snd.up().filter(|up| up.after(outgoing.seq)) {
            segment.flags.0 |= Flags::URG;
            segment.urgent = u16::try_from(up.since(outgoing.seq).get()).unwrap_or(u16::MAX);
        }
    }

    /// The segment has left: sequence numbers, records and timers follow.
    fn commit(&mut self, now: Instant, plan: Plan, segment: &SegmentEmit) {
        let tcb = &mut self.tcb;
        tcb.counters.segment_out();
        tcb.latest_sent = tcb.latest_sent.latest(Tick::at(now));
        if segment.flags.has(Flags::ACK) {
            tcb.rcv.ack.paid();
            tcb.timers.delayed_ack.clear();
            tcb.rcv.forget_duplicate();
            tcb.timestamps.last_ack_sent = tcb.rcv.nxt;
            let shift = if segment.flags.has(Flags::SYN) {
                0
            } else {
                tcb.rcv.wscale
            };
            let offered = SeqLen::new(u32::from(segment.window.0) << shift);
            tcb.rcv.adv = tcb.rcv.adv.latest(tcb.rcv.nxt + offered);
        }
        match plan {
            Plan::Nothing | Plan::Ack => {}
            Plan::Reset | Plan::KeepAlive => tcb.probe = Probe::Nothing,
            Plan::Syn(novelty) => {
                let end = tcb.snd.iss + SeqLen::ONE;
                self.sent(now, end, novelty);
            }
            Plan::Text(outgoing) => {
                if tcb.probe == Probe::Window {
                    tcb.probe = Probe::Nothing;
                }
                tcb.answered(now);
                self.sent(now, outgoing.end(), outgoing.novelty);
            }
        }
    }

    /// Sequence space up to `end` left.
    fn sent(&mut self, now: Instant, end: SeqNum, novelty: Novelty) {
        let tcb = &mut self.tcb;
        if tcb.nothing_outstanding() {
            tcb.progress_at = Tick::at(now);
        }
        match novelty {
            Novelty::New => {
                tcb.snd.nxt = end;
                self.sent.push(end, now);
            }
            Novelty::Again => {
                tcb.loss.resent(end);
                self.sent.mark_again(end, now);
                tcb.retransmissions = tcb.retransmissions.wrapping_add(1);
            }
        }
        tcb.last_sent = Tick::at(now);
        //= https://www.rfc-editor.org/rfc/rfc6298#section-5
        //# Every time a packet containing data is sent (including a
        //# retransmission), if the timer is not running, start it running
        //# so that it will expire after RTO seconds (for the current value
        //# of RTO).
        if !tcb.timers.retransmission.is_armed() {
            tcb.arm_retransmission(now);
        }
        tcb.timers.persist.clear();
        self.watch_progress(now);
    }

    /// Silence of more than a retransmission timeout takes away what was known of the path.
    fn restart_after_idle(&mut self, now: Instant) {
        let tcb = &mut self.tcb;
        let tuning = tcb.tuning.get();
        if tuning.idle_restart.is_on()
            && tcb.nothing_outstanding()
            && !self.send.is_empty()
            && Tick::at(now).since(tcb.last_sent) > tcb.rtt.timeout(&tcb.config)
        {
            tcb.congestion.on_restart(tuning.window(tcb.snd.mss));
        }
    }

    /// After every input and user call: each wait for time has its deadline (the invariant U4 of
    /// timer liveness), and what no longer waits has none.
    pub(super) fn settle(&mut self, now: Instant) {
        if matches!(self.tcb.state, State::Closed | State::TimeWait) {
            return;
        }
        let outstanding = !self.tcb.nothing_outstanding();
        let waiting = self.tcb.snd.syn_acknowledged
            && self.tcb.snd.end(self.send.len()).after(self.tcb.snd.nxt);
        let blocked = waiting && !outstanding && !matches!(self.plan(), Plan::Text(_));
        let tcb = &mut self.tcb;
        if !outstanding {
            tcb.timers.retransmission.clear();
        } else if !tcb.timers.retransmission.is_armed() {
            tcb.arm_retransmission(now);
        }
        if !blocked {
            tcb.timers.persist.clear();
        } else if !tcb.timers.persist.is_armed() {
            // A shut window is probed after a timeout; a small one is overridden sooner.
            let longest = if tcb.snd.wnd > 0 { OVERRIDE } else { Span::MAX };
            let timeout = tcb.rtt.timeout(&tcb.config).min(longest);
            tcb.timers.persist.arm(Tick::at(now), timeout);
        }
        if tcb.rcv.ack.owed == AckOwed::Later && tcb.config.ack_delay_ms == 0 {
            tcb.rcv.ack.at_once();
        }
        if tcb.rcv.ack.owed != AckOwed::Later {
            tcb.timers.delayed_ack.clear();
        } else if !tcb.timers.delayed_ack.is_armed() {
            let delay = Span::from_millis(tcb.config.ack_delay_ms.into());
            tcb.timers.delayed_ack.arm(Tick::at(now), delay);
        }
        if tcb.state == State::FinWait2
            && tcb.user == User::Gone
            && !tcb.timers.fin_wait_2.is_armed()
        {
            let limit = Span::from_secs(tcb.config.fin_wait_2_s.into());
            tcb.timers.fin_wait_2.arm(Tick::at(now), limit);
        }
        // A SYN that the device never took waits, too.
        let opening = self.tcb.state == State::SynSent;
        if outstanding || waiting || opening {
            self.watch_progress(now);
        }
        self.watch_silence(now);
    }

    /// Arms the user timeout while something waits for the peer.
    fn watch_progress(&mut self, now: Instant) {
        let tcb = &mut self.tcb;
        if !tcb.timers.user_timeout.is_armed()
            && let Some(limit) = tcb.give_up_after()
        {
            tcb.timers.user_timeout.arm(Tick::at(now), limit);
        }
    }
}

/// How long silly-window avoidance may hold back what fits (RFC 9293 section 3.8.6.2.1: 0.1 to 1
/// second).
const OVERRIDE: Span = Span::from_millis(500);
