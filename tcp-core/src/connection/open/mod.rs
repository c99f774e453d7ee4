//! Opening: what a new connection starts with, and what the two SYNs agree on.

use super::config::{Basic, Config};
use super::congestion::CongestionControl;
use super::ecn::{Ecn, EcnState};
use super::error::CloseReason;
use super::event::Events;
use super::optional::Optional;
use super::path_search::{MtuProbing, PathState};
use super::recovery::{Loss, Pushed, Rtt, Usage};
use super::recv::{Rcv, scale_for};
use super::send::{MSS_FLOOR, Plan, Snd};
use super::state::State;
use super::tcb::{Clock, Negotiated, Probe, Tcb, TimestampState, User};
use super::timers::Deadlines;
use super::tuning::{Tuned, Tuning};
use super::{Connection, HalfOpen, Opening, arrival};
use crate::profile::{Profile, Storage};
use crate::seq::{SeqLen, SeqNum};
use crate::stack::Dropped;
use crate::time::{Instant, Tick};
use crate::wire::{Draft, Segment};

/// The MSS of a peer that offers none (RFC 9293 MUST-15, section 3.7.1).
const DEFAULT_MSS_V4: u16 = 536;
const DEFAULT_MSS_V6: u16 = 1_220;
const IP_HEADER_V4: u16 = 20;
const TCP_HEADER: u16 = 20;

/// What only a connection needs that was opened actively. It is named where that happens, and
/// nowhere else: a build that only listens leaves the code out.
#[derive(Debug)]
pub(super) struct Opener<P: Profile> {
    /// Handles a segment in SYN-SENT and, if it answers our SYN there, in SYN-RECEIVED.
    pub(super) arrive: Arrive<P>,
    pub(super) plan: fn(&Connection<'_, P>, &mut Plan),
    pub(super) write: fn(&Connection<'_, P>, &mut Draft),
}

type Arrive<P> = fn(&mut Connection<'_, P>, &Segment<'_>) -> Option<Result<(), Dropped>>;

impl<'a, P: Profile> Connection<'a, P> {
    /// Active open: SYN-SENT, and a SYN is owed.
    pub fn connect(now: Instant, config: Config, opening: Opening, storage: Storage<'a>) -> Self {
        let mut connection = Self::blank(storage);
        connection.connecting(now, &config, &opening);
        connection
    }

    /// Passive open: SYN-RECEIVED with the SYN-ACK sent. Hand it the acknowledging segment at
    /// once; if that leaves it in SYN-RECEIVED, take the storage back and keep the half-open
    /// entry.
    pub fn accept(now: Instant, config: Config, half_open: HalfOpen, storage: Storage<'a>) -> Self {
        let mut connection = Self::blank(storage);
        connection.accepted(now, &config, &half_open);
        connection
    }

    /// A connection that knows nothing but its memory. Made where it will stand,
    /// almost all of it zeros, and then told there what it is: moved it would be copied.
    #[inline(always)]
    pub(crate) fn blank(storage: Storage<'a>) -> Self {
        Self::assemble(Tcb::blank(), storage)
    }

    /// An active open begins.
    pub(crate) fn connecting(&mut self, now: Instant, config: &Config, opening: &Opening) {
        let fitting = scale_for(self.receive.capacity());
        let tcb = &mut self.tcb;
        tcb.begin(now, config, opening);
        tcb.state = State::SynSent;
        tcb.negotiated = Negotiated {
            sack: tcb.config.sack.is_on(),
            window_scaling: tcb.config.window_scaling.is_on(),
            timestamps: P::TIMESTAMPS.is_on() && tcb.config.timestamps.is_on(),
        };
        tcb.rcv.wscale = tcb.tuning.get().scale(fitting);
        settle_mss(tcb, None);
        self.opener = Some(
            const {
                &Opener {
                    arrive: |connection, segment| connection.arrive_opening(segment),
                    plan: |connection, plan| connection.plan_handshake(plan),
                    write: |connection, segment| connection.write_syn(segment),
                }
            },
        );
        self.settle();
    }

    /// What was half open becomes this connection.
    #[inline(never)]
    pub(crate) fn accepted(&mut self, now: Instant, config: &Config, half_open: &HalfOpen) {
        let tcb = &mut self.tcb;
        tcb.begin(now, config, &half_open.opening);
        tcb.state = State::SynReceived;
        tcb.snd.nxt = tcb.snd.una + SeqLen::ONE;
        tcb.rcv.begin(half_open.irs, half_open.offered_window);
        tcb.negotiated = Negotiated {
            sack: half_open.sack,
            window_scaling: half_open.peer_window_scale.is_some(),
            timestamps: P::TIMESTAMPS.is_on() && half_open.timestamps.is_some(),
        };
        if let Some(scale) = half_open.peer_window_scale {
            tcb.snd.wscale = scale.min(14);
            tcb.rcv.wscale = half_open.our_window_scale.min(14);
        }
        if half_open.ecn {
            tcb.accept_ecn();
        }
        if P::TIMESTAMPS.is_on() {
            tcb.timestamps.recent = half_open.timestamps.unwrap_or(0);
            tcb.timestamps.recent_at = arrival::idle_clock(now);
            tcb.timestamps.last_ack_sent = tcb.rcv.nxt;
        }
        settle_mss(tcb, Some(half_open.peer_mss));
        let handshake = match half_open.syn_ack_sent {
            Some(sent) => {
                let sent_us = Clock::at(sent).micros;
                self.sent.push(tcb.snd.nxt, sent_us, Pushed::No);
                Handshake::Clean
            }
            None => Handshake::Repeated,
        };
        handshake_done(&mut self.tcb, handshake);
        self.settle();
    }

    /// The window that our SYN offers, unscaled.
    pub(super) fn syn_window(&self) -> u16 {
        let slack = self.tcb.tuning.get().slack();
        u16::try_from(self.receive.free().saturating_sub(slack)).unwrap_or(u16::MAX)
    }
}

/// The MSS of a peer that offers none (RFC 9293 MUST-15), where the IP header is so long.
//= https://www.rfc-editor.org/rfc/rfc9293#section-3.7.1
//# If an MSS Option is not received at connection setup, TCP implementations
//# MUST assume a default send MSS of 536 (576 - 40) for IPv4 or 1220 (1280 -
//# 60) for IPv6 (MUST-15).
pub(crate) const fn default_mss(ip_header: u16) -> u16 {
    if ip_header == IP_HEADER_V4 {
        DEFAULT_MSS_V4
    } else {
        DEFAULT_MSS_V6
    }
}

impl<P: Profile> Tcb<P> {
    /// In CLOSED, with nothing behind it.
    #[inline(always)]
    fn blank() -> Self {
        Self {
            state: State::Closed,
            user: User::Present,
            probe: Probe::Nothing,
            events: Events::NONE,
            attempts: 0,
            negotiated: Negotiated {
                sack: false,
                window_scaling: false,
                timestamps: false,
            },
            reason: CloseReason::Finished,
            soft_error: None,
            rcv: Rcv::blank(),
            snd: const { Snd::BLANK },
            clock: const { Clock::at(Instant::ZERO) },
            timers: Deadlines::new(),
            loss: const { Loss::new(SeqNum::new(0)) },
            usage: const { Usage::new(SeqNum::new(0)) },
            last_sent: Tick(0),
            latest_sent: Tick(0),
            last_heard: Tick(0),
            progress_at: Tick(0),
            rtt: const { Rtt::new() },
            congestion: P::Congestion::default(),
            retransmissions: 0,
            timestamps: const { TimestampState::BLANK },
            counters: P::Counters::default(),
            ecn: P::Ecn::new(EcnState::new(Ecn::Off)),
            path: P::Path::new(PathState::new(MtuProbing::Off)),
            config: Basic::BLANK,
            tuning: P::Tuning::new(Tuning::BLANK),
        }
    }

    /// What both ways of opening begin with: nothing was sent.
    //= https://www.rfc-editor.org/rfc/rfc9293#section-3.7.1
    //# where MMS_R is the maximum size for a transport-layer message that can be
    //# received (and reassembled at the IP layer) (MUST-67).
    //= https://www.rfc-editor.org/rfc/rfc9293#section-3.7.3
    //# As a result, when the effective MTU of an interface varies packet-to-packet,
    //# TCP implementations SHOULD use the smallest effective MTU of the interface
    //# to calculate the value to advertise in the MSS Option (SHLD-6).
    fn begin(&mut self, now: Instant, config: &Config, opening: &Opening) {
        self.config = config.basic;
        self.tuning.set(config.tuning);
        if let Some(ecn) = self.ecn.get_mut() {
            *ecn = EcnState::new(config.tuning.ecn);
        }
        self.set_probing(config.tuning.mtu_probing);
        let clock = Clock::at(now);
        self.clock = clock;
        self.last_sent = clock.tick;
        self.last_heard = clock.tick;
        self.progress_at = clock.tick;
        let headers = opening.ip_header + TCP_HEADER;
        let limit = opening.mtu.saturating_sub(headers);
        self.snd.headers = headers;
        self.snd.mss_limit = limit.min(self.config.mss).max(MSS_FLOOR);
        self.snd.begin(opening.iss);
        self.loss = Loss::new(opening.iss);
        self.usage = Usage::new(opening.iss);
        if P::TIMESTAMPS.is_on() {
            self.latest_sent = clock.tick;
            self.timestamps.offset = opening.timestamp_offset;
        }
    }
}

/// Takes the peer's SYN: RCV.* and, of what our SYN offered, what it agrees to. `window` is what
/// our SYN offered.
//= https://www.rfc-editor.org/rfc/rfc7323#section-2.2
//# This option is an offer, not a promise; both sides MUST send Window Scale
//# options in their <SYN> segments to enable window scaling in either
//# direction.
//= https://www.rfc-editor.org/rfc/rfc7323#section-2.3
//# o Upon receiving a <SYN> segment with a Window Scale option containing
//# shift.cnt = S, a TCP MUST set Snd.Wind.Shift to S and MUST set
//# Rcv.Wind.Shift to R; otherwise, it MUST set both Snd.Wind.Shift and
//# Rcv.Wind.Shift to zero.
//= https://www.rfc-editor.org/rfc/rfc7323#section-3.2
//# When the ACK bit is not set, the receiver MUST ignore the value of the TSecr
//# field.
//= https://www.rfc-editor.org/rfc/rfc7323#section-3.2
//# The TCP SHOULD remember this state by setting a flag, referred to as
//# Snd.TS.OK, to one.
pub(super) fn take_syn<P: Profile>(tcb: &mut Tcb<P>, segment: &Segment<'_>, window: u16) {
    let options = &segment.options;
    tcb.take_ecn(segment);
    tcb.negotiated.sack &= options.sack_permitted;
    tcb.negotiated.window_scaling &= options.window_scale.is_some();
    tcb.negotiated.timestamps &= options.timestamps.is_some();
    tcb.rcv.begin(segment.seq, window);
    if tcb.negotiated.window_scaling {
        tcb.snd.wscale = options.window_scale.unwrap_or(0).min(14);
    } else {
        tcb.rcv.wscale = 0;
    }
    if let Some(timestamps) = options.timestamps {
        tcb.timestamps.recent = timestamps.value;
        tcb.timestamps.recent_at = arrival::idle_clock(tcb.clock.now());
    }
    tcb.timestamps.last_ack_sent = tcb.rcv.nxt;
    settle_mss(tcb, options.mss);
}

/// Eff.snd.MSS without options (RFC 9293 section 3.7.1).
//= https://www.rfc-editor.org/rfc/rfc9293#section-3.7.1
//# The maximum size of a segment that a TCP endpoint really sends, the
//# "effective send MSS", MUST be the smaller (MUST-16) of the send MSS (that
//# reflects the available reassembly buffer size at the remote host, the EMTU_R
//# [19]) and the largest transmission size permitted by the IP layer (EMTU_S
//# [19]):
//= https://www.rfc-editor.org/rfc/rfc5681#section-3.1
//# As specified in [RFC3390], the SYN/ACK and the acknowledgment of the SYN/ACK
//# MUST NOT increase the size of the congestion window.
//= https://www.rfc-editor.org/rfc/rfc9293#section-3.7.1
//# TCP endpoints MUST implement both sending and receiving the MSS Option
//# (MUST-14).
#[inline(never)]
fn settle_mss<P: Profile>(tcb: &mut Tcb<P>, offered: Option<u16>) {
    let mss = offered
        .unwrap_or(default_mss(tcb.snd.headers - TCP_HEADER))
        .min(tcb.snd.mss_limit)
        .max(MSS_FLOOR);
    let mss = tcb.begin_path(mss);
    tcb.snd.mss = mss;
    tcb.congestion = P::Congestion::new(mss, tcb.initial_window());
}

/// Whether a SYN of ours had to be sent again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Handshake {
    Clean,
    Repeated,
}

/// The handshake is complete.
pub(super) fn handshake_done<P: Profile>(tcb: &mut Tcb<P>, handshake: Handshake) {
    tcb.attempts = 0;
    if handshake == Handshake::Repeated {
        tcb.rtt.distrust();
        tcb.congestion.on_handshake_loss();
    }
}
