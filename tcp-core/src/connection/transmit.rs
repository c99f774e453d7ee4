//! The only writer of segments: carries out the plan and pays what is owed.

use super::congestion::CongestionControl;
use super::counters::Counting;
use super::recovery::Pushed;
use super::recv::{AckOwed, DuplicateReporting};
use super::send::{Kind, Novelty, Plan};
use super::state::State;
use super::tcb::{Clock, Probe, User};
use super::tuning::{Known, Tuned};
use super::{Connection, Tuple};
use crate::profile::Profile;
use crate::seq::{SeqLen, SeqNum};
use crate::stack::TxChecksum;
use crate::time::{Instant, Span};
use crate::wire::{
    Draft, Flags, IpEmit, OptionWords, OptionsEmit, RawWindow, SackBlock, Timestamps, emit,
};

/// What became of a turn to write.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Written {
    /// Nothing is owed.
    Nothing,
    /// The packet is larger than the space for it.
    TooLarge,
    /// A packet of this length.
    Packet(usize),
}

impl<P: Profile> Connection<'_, P> {
    /// Writes the next segment that is owed into `out`, as a whole IP packet, and returns its
    /// length; `None` when nothing is owed, or when `out` is too short (then nothing changes).
    /// Call it only with a device slot in hand: what it returned has left.
    //= https://www.rfc-editor.org/rfc/rfc9293#section-3.9.1.1
    //# At all other times, a previous segment has either been sent or received on
    //# this connection, and TCP implementations MUST use the same local address
    //# that was used in those previous segments (MUST-45).
    pub fn transmit(
        &mut self,
        now: Instant,
        tuple: &Tuple,
        out: &mut [u8],
        checksum: TxChecksum,
    ) -> Option<usize> {
        match self.write(now, tuple, out, checksum) {
            Written::Packet(length) => Some(length),
            Written::Nothing | Written::TooLarge => None,
        }
    }

    /// The same, and why nothing is written.
    pub(crate) fn write(
        &mut self,
        now: Instant,
        tuple: &Tuple,
        out: &mut [u8],
        checksum: TxChecksum,
    ) -> Written {
        self.tcb.clock = Clock::at(now);
        self.restart_after_idle();
        self.retry_path();
        let plan = self.plan();
        if plan.kind == Kind::Nothing {
            return Written::Nothing;
        }
        let probe = self.probe_of(&plan);
        let mut segment = self.draft(tuple, plan.seq);
        match plan.kind {
            Kind::Nothing => {}
            Kind::Reset => self.write_reset(&mut segment),
            Kind::Syn => {
                if let Some(opener) = self.opener {
                    (opener.write)(self, &mut segment);
                }
            }
            Kind::Text | Kind::Ack | Kind::KeepAlive => {
                self.write_options(&mut segment.options);
                if plan.kind == Kind::Text {
                    self.write_text(&mut segment, &plan);
                }
            }
        }
        let offset = plan.seq.since(self.tcb.snd.base()).as_usize();
        let text = self.send.read(offset, plan.text.as_usize());
        let ecn = self.tcb.mark(&plan, &mut segment);
        //= https://www.rfc-editor.org/rfc/rfc9293#section-3.9.1.9
        //# TCP implementations SHOULD pass the current Differentiated Services field
        //# value without change to the IP layer, when it sends segments on the
        //# connection (SHLD-22).
        let config = &self.tcb.config;
        let ip = IpEmit {
            source: tuple.local,
            destination: tuple.remote,
            hop_limit: config.hop_limit,
            traffic_class: config.diffserv << 2 | ecn,
        };
        let Some(length) = emit(out, &ip, &segment, text, checksum) else {
            return Written::TooLarge;
        };
        self.commit(&plan, &segment);
        self.tcb.probe_left(&plan, probe);
        Written::Packet(length)
    }

    /// What every segment of this connection carries: an acknowledgment.
    #[inline(always)]
    fn draft(&self, tuple: &Tuple, seq: SeqNum) -> Draft {
        let tcb = &self.tcb;
        Draft {
            source_port: tuple.local_port,
            destination_port: tuple.remote_port,
            seq,
            ack: tcb.rcv.nxt,
            flags: Flags(Flags::ACK),
            window: tcb.rcv.offer(&self.receive, tcb.snd.mss_limit).field,
            urgent: 0,
            options: OptionWords::new(),
        }
    }

    /// The options of segments that are neither SYN nor reset.
    //= https://www.rfc-editor.org/rfc/rfc7323#section-3.2
    //# When the ACK bit is set in an outgoing segment, the sender MUST echo a
    //# recently received TSval sent by the remote TCP in the TSval field of a
    //# Timestamps option.
    //= https://www.rfc-editor.org/rfc/rfc7323#section-3.2
    //# Once TSopt has been successfully negotiated, that is both <SYN> and
    //# <SYN,ACK> contain TSopt, the TSopt MUST be sent in every non-<RST> segment
    //# for the duration of the connection, and SHOULD be sent in an <RST> segment
    //# (see Section 5.2 for details).
    //= https://www.rfc-editor.org/rfc/rfc2018#section-4
    //# If the data receiver has received a SACK-Permitted option on the SYN for
    //# this connection, the data receiver MAY elect to generate SACK options as
    //# described below.
    //= https://www.rfc-editor.org/rfc/rfc2018#section-4
    //# If the data receiver generates SACK options under any circumstance, it
    //# SHOULD generate them under all permitted circumstances.
    //= https://www.rfc-editor.org/rfc/rfc2018#section-4
    //# If the data receiver has not received a SACK-Permitted option for a given
    //# connection, it MUST NOT send SACK options on that connection.
    //= https://www.rfc-editor.org/rfc/rfc2018#section-4
    //# If sent at all, SACK options SHOULD be included in all ACKs which do not ACK
    //# the highest sequence number in the data receiver's queue.
    fn write_options(&self, options: &mut OptionWords) {
        let tcb = &self.tcb;
        if let Some(timestamps) = self.timestamps() {
            options.timestamps(timestamps);
        }
        if tcb.negotiated.sack && (self.islands.len() > 0 || tcb.duplicate().is_some()) {
            let blocks = self.islands.sack_blocks(tcb.duplicate(), self.sack_room());
            options.put_sack(blocks.map(|mut block: SackBlock| {
                block.extend_to(tcb.rcv.end_beyond_gap(block.range().end));
                block
            }));
        }
    }

    fn timestamps(&self) -> Option<Timestamps> {
        let tcb = &self.tcb;
        tcb.uses_timestamps().then(|| Timestamps {
            value: tcb.timestamp(),
            echo: tcb.timestamps.recent,
        })
    }

    //= https://www.rfc-editor.org/rfc/rfc7323#section-5.2
    //# If an <RST> is being generated because of a user abort, and Snd.TS.OK is
    //# set, then a Timestamps option SHOULD be included in the <RST>.
    fn write_reset(&self, segment: &mut Draft) {
        segment.flags = Flags(Flags::RST | Flags::ACK);
        segment.window = RawWindow(0);
        if let Some(timestamps) = self.timestamps() {
            segment.options.timestamps(timestamps);
        }
    }

    /// SYN, or SYN-ACK once the peer's SYN is known. The window of a SYN is never scaled
    /// (RFC 7323 section 2.2).
    //= https://www.rfc-editor.org/rfc/rfc9293#section-3.7.1
    //# TCP implementations SHOULD send an MSS Option in every SYN segment when its
    //# receive MSS differs from the default 536 for IPv4 or 1220 for IPv6 (SHLD-5),
    //# and MAY send it always (MAY-3).
    //= https://www.rfc-editor.org/rfc/rfc9293#section-3.2
    //# This field may be sent in the initial connection request (i.e., in segments
    //# with the SYN control bit set) and MUST NOT be sent in other segments
    //# (MUST-65).
    //= https://www.rfc-editor.org/rfc/rfc7323#section-2.2
    //# The three-byte Window Scale option MAY be sent in a <SYN> segment by a TCP.
    //= https://www.rfc-editor.org/rfc/rfc7323#section-2.2
    //# Thus, a TCP that is prepared to scale windows SHOULD send the option, even
    //# if its own scale factor is 1 and the exponent 0.
    //= https://www.rfc-editor.org/rfc/rfc7323#section-2.2
    //# The value 'shift.cnt' MAY be zero (offering to scale, while applying a scale
    //# factor of 1 to the receive window).
    //= https://www.rfc-editor.org/rfc/rfc7323#section-2.2
    //# This option MAY be sent in an initial <SYN> segment (i.e., a segment with
    //# the SYN bit on and the ACK bit off).
    //= https://www.rfc-editor.org/rfc/rfc7323#section-3.2
    //# If the ACK bit is not set in the outgoing TCP header, the sender of that
    //# segment SHOULD set the TSecr field to zero.
    //= https://www.rfc-editor.org/rfc/rfc2018#section-2
    //# It MUST NOT be sent on non-SYN segments.
    //= https://www.rfc-editor.org/rfc/rfc9293#section-3.7.1
    //# TCP endpoints MUST implement both sending and receiving the MSS Option
    //# (MUST-14).
    pub(super) fn write_syn(&self, segment: &mut Draft) {
        let tcb = &self.tcb;
        let mut options = OptionsEmit {
            mss: Some(tcb.snd.mss_limit),
            window_scale: tcb.negotiated.window_scaling.then_some(tcb.rcv.wscale),
            sack_permitted: tcb.negotiated.sack,
            timestamps: self.timestamps(),
            order: tcb.tuning.get().option_order,
            ..OptionsEmit::none()
        };
        segment.flags = Flags(Flags::SYN | Flags::ACK);
        segment.window = RawWindow(self.syn_window());
        if tcb.state == State::SynSent {
            segment.flags = Flags(Flags::SYN);
            segment.ack = SeqNum::default();
            if let Some(timestamps) = &mut options.timestamps {
                timestamps.echo = 0;
            }
        }
        options.write_syn::<Known<P>>(&mut segment.options);
    }

    //= https://www.rfc-editor.org/rfc/rfc9293#section-3.9.1.2
    //# The transmitter SHOULD collapse successive bits when it packetizes data, to
    //# send the largest possible segment (SHLD-27).
    //= https://www.rfc-editor.org/rfc/rfc9293#section-3.8.5
    //# The urgent pointer MUST point to the sequence number of the octet following
    //# the urgent data (MUST-62).
    //= https://www.rfc-editor.org/rfc/rfc9293#section-3.8.5
    //# However, TCP implementations MUST still include support for the urgent
    //# mechanism (MUST-30).
    //= https://www.rfc-editor.org/rfc/rfc9293#section-3.8.5
    //# A TCP implementation MUST support a sequence of urgent data of any length
    //# (MUST-31) [19].
    fn write_text(&self, segment: &mut Draft, plan: &Plan) {
        //= https://www.rfc-editor.org/rfc/rfc9293#section-3.9.1.2
        //# If
        //# PUSH flags are not implemented, then the sending TCP peer: (1) MUST
        //# NOT buffer data indefinitely (MUST-60), and (2) MUST set the PSH bit
        //# in the last buffered segment (i.e., when there is no more queued data
        //# to be sent) (MUST-61).
        let again = plan.novelty == Novelty::Again;
        // What silly-window avoidance held back for too long waits for nothing else.
        let overrides = self.tcb.probe == Probe::Window && self.tcb.snd.wnd > 0;
        if plan.text > SeqLen::ZERO
            && (plan.last || overrides || (again && self.sent.is_first_pushed(plan.end())))
        {
            segment.flags.0 |= Flags::PSH;
        }
        if plan.fin {
            segment.flags.0 |= Flags::FIN;
        }
        if let Some(up) = self.tcb.snd.up().filter(|up| up.after(plan.seq)) {
            segment.flags.0 |= Flags::URG;
            segment.urgent = u16::try_from(up.since(plan.seq).get()).unwrap_or(u16::MAX);
        }
    }

    /// The segment has left: sequence numbers, records and timers follow.
    fn commit(&mut self, plan: &Plan, segment: &Draft) {
        let tcb = &mut self.tcb;
        tcb.counters.segment_out();
        if P::TIMESTAMPS.is_on() {
            tcb.latest_sent = tcb.latest_sent.latest(tcb.clock.tick);
        }
        // A SYN that carries no acknowledgment owes none, and promises nothing that counts.
        tcb.rcv.ack.paid();
        tcb.timers.delayed_ack().clear();
        tcb.rcv.duplicates.forget();
        if P::TIMESTAMPS.is_on() {
            tcb.timestamps.last_ack_sent = tcb.rcv.nxt;
        }
        let shift = if segment.flags.has(Flags::SYN) {
            0
        } else {
            tcb.rcv.wscale
        };
        let offered = SeqLen::new(u32::from(segment.window.0) << shift);
        tcb.rcv.adv = tcb.rcv.adv.latest(tcb.rcv.nxt + offered);
        match plan.kind {
            Kind::Nothing | Kind::Ack => {}
            Kind::Reset | Kind::KeepAlive => tcb.probe = Probe::Nothing,
            Kind::Syn | Kind::Text => {
                if plan.kind == Kind::Text {
                    let small = !plan.full && plan.novelty == Novelty::New;
                    if small && tcb.probe != Probe::Window {
                        tcb.snd.small = plan.end();
                    }
                    tcb.answered();
                    tcb.told(segment.flags);
                }
                // It makes the peer answer, whatever the probe was for.
                tcb.probe = Probe::Nothing;
                let pushed = if segment.flags.has(Flags::PSH) {
                    Pushed::Yes
                } else {
                    Pushed::No
                };
                self.sent(plan.end(), plan.novelty, pushed);
            }
        }
    }

    /// Sequence space up to `end` left.
    fn sent(&mut self, end: SeqNum, novelty: Novelty, pushed: Pushed) {
        let tcb = &mut self.tcb;
        if tcb.nothing_outstanding() {
            tcb.progress_at = tcb.clock.tick;
        }
        match novelty {
            Novelty::New => {
                tcb.snd.nxt = end;
                self.sent.push(end, tcb.clock.micros, pushed);
                tcb.usage.sent(tcb.in_flight(), end);
            }
            Novelty::Again => {
                tcb.loss.resent(end);
                self.sent.mark_again(end, tcb.clock.micros);
                tcb.retransmissions = tcb.retransmissions.wrapping_add(1);
            }
        }
        tcb.last_sent = tcb.clock.tick;
        //= https://www.rfc-editor.org/rfc/rfc6298#section-5
        //# Every time a packet containing data is sent (including a
        //# retransmission), if the timer is not running, start it running
        //# so that it will expire after RTO seconds (for the current value
        //# of RTO).
        if !tcb.timers.retransmission().is_armed() {
            tcb.arm_retransmission();
        }
        tcb.timers.persist().clear();
        self.watch_progress();
    }

    /// Silence of more than a retransmission timeout takes away what was known of the path.
    fn restart_after_idle(&mut self) {
        let tcb = &mut self.tcb;
        if tcb.tuning.get().idle_restart.is_on()
            && tcb.nothing_outstanding()
            && !self.send.is_empty()
            && tcb.clock.tick.since(tcb.last_sent) > tcb.rtt.timeout(&tcb.config)
        {
            let window = tcb.initial_window();
            tcb.congestion.on_restart(window);
        }
    }

    /// After every input and user call: each wait for time has its deadline (the invariant U4 of
    /// timer liveness), and what no longer waits has none.
    //= https://www.rfc-editor.org/rfc/rfc9293#section-3.8.6
    //# If the window shrinks to zero, the TCP implementation MUST probe it in the
    //# standard way (described below) (MUST-35).
    //= https://www.rfc-editor.org/rfc/rfc9293#section-3.8.6.1
    //# Probing of zero (offered) windows MUST be supported (MUST-36).
    //= https://www.rfc-editor.org/rfc/rfc9293#section-3.8.6.1
    //# The transmitting host SHOULD send the first zero-window probe when a zero
    //# window has existed for the retransmission timeout period (SHLD-29) (Section
    //# 3.8.1), and SHOULD increase exponentially the interval between successive
    //# probes (SHLD-30).
    pub(super) fn settle(&mut self) {
        if matches!(self.tcb.state, State::Closed | State::TimeWait) {
            return;
        }
        let outstanding = !self.tcb.nothing_outstanding();
        let snd = &self.tcb.snd;
        let waiting = !outstanding && snd.syn_acknowledged && self.end().after(snd.nxt);
        let blocked = waiting && self.plan().kind != Kind::Text;
        let tcb = &mut self.tcb;
        if !outstanding {
            tcb.timers.retransmission().clear();
        } else if !tcb.timers.retransmission().is_armed() {
            tcb.arm_retransmission();
        }
        if !blocked {
            tcb.timers.persist().clear();
        } else if !tcb.timers.persist().is_armed() {
            // A shut window is probed after a timeout; a small one is overridden sooner.
            let waits = tcb.snd.wnd == 0 || tcb.holds_back();
            let longest = if waits { Span::MAX } else { OVERRIDE };
            let timeout = tcb.rtt.timeout(&tcb.config).min(longest);
            tcb.timers.persist().arm(tcb.clock.tick, timeout);
        }
        if tcb.rcv.ack.owed == AckOwed::Later && tcb.config.ack_delay_ms == 0 {
            tcb.rcv.ack.at_once();
        }
        if tcb.rcv.ack.owed != AckOwed::Later {
            tcb.timers.delayed_ack().clear();
        } else if !tcb.timers.delayed_ack().is_armed() {
            let delay = Span::from_millis(tcb.config.ack_delay_ms.into());
            tcb.timers.delayed_ack().arm(tcb.clock.tick, delay);
        }
        if tcb.state == State::FinWait2
            && tcb.user == User::Gone
            && !tcb.timers.fin_wait_2().is_armed()
        {
            let limit = Span::from_secs(tcb.config.fin_wait_2_s.into());
            tcb.timers.fin_wait_2().arm(tcb.clock.tick, limit);
        }
        // A SYN that the device never took waits, too.
        let opening = self.tcb.state == State::SynSent;
        if outstanding || waiting || opening {
            self.watch_progress();
        }
        self.watch_silence();
    }

    /// Arms the user timeout while something waits for the peer.
    fn watch_progress(&mut self) {
        let tcb = &mut self.tcb;
        if !tcb.timers.user_timeout().is_armed()
            && let Some(limit) = tcb.give_up_after()
        {
            tcb.timers.user_timeout().arm(tcb.clock.tick, limit);
        }
    }
}

/// How long silly-window avoidance may hold back what fits (RFC 9293 section 3.8.6.2.1: 0.1 to 1
/// second).
const OVERRIDE: Span = Span::from_millis(500);
