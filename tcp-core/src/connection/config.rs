//! What a user may set on one connection. What only some profiles know is in [`Tuning`].

use super::tuning::Tuning;

/// Which connections leave first when several have something to send. Within a class
/// transmission is fair.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[repr(u8)]
pub enum Priority {
    /// Leaves before everything else.
    High = 0,
    /// The default.
    #[default]
    Normal = 1,
    /// Leaves when nothing else wants to.
    Low = 2,
}

/// On or off.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Switch {
    /// In use.
    On,
    /// Not in use.
    Off,
}

impl Switch {
    /// Whether it is on.
    #[must_use]
    pub const fn is_on(self) -> bool {
        matches!(self, Self::On)
    }
}

/// Keep-alive (RFC 9293 section 3.8.4): probe after `idle`, then each `interval`, give up after
/// `count` probes without an answer.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct KeepAlive {
    /// Seconds of silence before the first probe.
    pub idle_s: u32,
    /// Seconds between probes.
    pub interval_s: u32,
    /// Unanswered probes after which the connection is given up.
    pub count: u8,
}

//= https://www.rfc-editor.org/rfc/rfc9293#section-3.8.4
//# This interval MUST be configurable (MUST-27) and MUST default to no less
//# than two hours (MUST-28).
impl Default for KeepAlive {
    /// Two hours (RFC 9293 MUST-28), 75 s, 9.
    fn default() -> Self {
        Self {
            idle_s: 7_200,
            interval_s: 75,
            count: 9,
        }
    }
}

/// The knobs of one connection. `Copy`: a listener keeps one and hands it to what it accepts.
///
/// ```
/// use tcp_core::{Config, Switch};
/// const CHATTY: Config = Config::new().nagle(Switch::Off).user_timeout_ms(Some(30_000));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Config {
    pub(crate) basic: Basic,
    pub(crate) tuning: Tuning,
}

/// The knobs that every profile knows.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub(crate) struct Basic {
    pub(crate) user_timeout_ms: u32,
    keep_alive_idle_s: u16,
    keep_alive_interval_s: u16,
    /// Zero: no keep-alive.
    keep_alive_count: u8,
    pub(crate) rto_min_ms: u16,
    pub(crate) rto_initial_ms: u16,
    pub(crate) rto_max_s: u8,
    pub(crate) ack_delay_ms: u8,
    pub(crate) mss: u16,
    pub(crate) fin_wait_2_s: u16,
    pub(crate) syn_retries: u8,
    pub(crate) retries_1: u8,
    pub(crate) retries_2: u8,
    pub(crate) hop_limit: u8,
    pub(crate) diffserv: u8,
    pub(crate) priority: Priority,
    pub(crate) nagle: Switch,
    pub(crate) timestamps: Switch,
    pub(crate) sack: Switch,
    pub(crate) window_scaling: Switch,
    pub(crate) cork: Switch,
}

impl Basic {
    /// Nothing but zeros: memory that is not yet in use.
    pub(super) const BLANK: Self = Self {
        user_timeout_ms: 0,
        keep_alive_idle_s: 0,
        keep_alive_interval_s: 0,
        keep_alive_count: 0,
        rto_min_ms: 0,
        rto_initial_ms: 0,
        rto_max_s: 0,
        ack_delay_ms: 0,
        mss: 0,
        fin_wait_2_s: 0,
        syn_retries: 0,
        retries_1: 0,
        retries_2: 0,
        hop_limit: 0,
        diffserv: 0,
        priority: Priority::High,
        nagle: Switch::On,
        timestamps: Switch::On,
        sack: Switch::On,
        window_scaling: Switch::On,
        cork: Switch::On,
    };

    const fn new() -> Self {
        Self {
            user_timeout_ms: 0,
            keep_alive_idle_s: 0,
            keep_alive_interval_s: 0,
            keep_alive_count: 0,
            rto_min_ms: 200,
            rto_initial_ms: 1_000,
            rto_max_s: 60,
            ack_delay_ms: 40,
            mss: u16::MAX,
            fin_wait_2_s: 60,
            syn_retries: 7,
            retries_1: 3,
            retries_2: 15,
            hop_limit: 64,
            diffserv: 0,
            priority: Priority::Normal,
            nagle: Switch::On,
            timestamps: Switch::On,
            sack: Switch::On,
            window_scaling: Switch::On,
            cork: Switch::Off,
        }
    }

    /// What was asked for with [`Config::keep_alive`].
    pub(crate) const fn watch(&self) -> Option<KeepAlive> {
        if self.keep_alive_count == 0 {
            return None;
        }
        Some(KeepAlive {
            idle_s: self.keep_alive_idle_s as u32,
            interval_s: self.keep_alive_interval_s as u32,
            count: self.keep_alive_count,
        })
    }
}

impl Config {
    /// Nothing but zeros: memory that is not yet in use.
    pub(crate) const BLANK: Self = Self {
        basic: Basic::BLANK,
        tuning: Tuning::BLANK,
    };

    /// The defaults: Nagle, SACK, timestamps and window scaling on; RTO between 200 ms and 60 s,
    /// first 1 s (RFC 6298); delayed ACK 40 ms; seven SYN retransmissions (the open fails after
    /// 183 s; MUST-23: at least 3 min); R1 3, R2 15 retransmissions; FIN-WAIT-2 60 s without a
    /// reader; hop limit 64.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            basic: Basic::new(),
            tuning: Tuning::new(),
        }
    }

    /// Gives up when sent data stays unacknowledged for so long, in milliseconds (RFC 9293
    /// section 3.8.3); `None`: only R2 decides. Never ends an idle connection.
    #[must_use]
    pub const fn user_timeout_ms(mut self, timeout: Option<u32>) -> Self {
        self.basic.user_timeout_ms = match timeout {
            Some(0) => 1,
            Some(ms) => ms,
            None => 0,
        };
        self
    }

    /// Probes an idle connection; off by default (RFC 9293 MUST-25). Times beyond 65,535 s count as
    /// that, no probe at all counts as one.
    //= https://www.rfc-editor.org/rfc/rfc9293#section-3.8.4
    //# If keep-alives are included, the application MUST be able to turn them on or
    //# off for each TCP connection (MUST-24), and they MUST default to off
    //# (MUST-25).
    //= https://www.rfc-editor.org/rfc/rfc9293#section-3.8.4
    //# Implementers MAY include "keep-alives" in their TCP implementations (MAY-5),
    //# although this practice is not universally accepted.
    #[must_use]
    pub const fn keep_alive(mut self, keep_alive: Option<KeepAlive>) -> Self {
        (
            self.basic.keep_alive_idle_s,
            self.basic.keep_alive_interval_s,
        ) = (0, 0);
        self.basic.keep_alive_count = 0;
        if let Some(KeepAlive {
            idle_s,
            interval_s,
            count,
        }) = keep_alive
        {
            self.basic.keep_alive_idle_s = seconds(idle_s);
            self.basic.keep_alive_interval_s = seconds(interval_s);
            self.basic.keep_alive_count = if count == 0 { 1 } else { count };
        }
        self
    }

    /// Least retransmission timeout in milliseconds.
    #[must_use]
    pub const fn rto_min_ms(mut self, ms: u16) -> Self {
        self.basic.rto_min_ms = if ms == 0 { 1 } else { ms };
        self
    }

    /// Retransmission timeout before the first RTT sample, in milliseconds.
    #[must_use]
    pub const fn rto_initial_ms(mut self, ms: u16) -> Self {
        self.basic.rto_initial_ms = if ms == 0 { 1 } else { ms };
        self
    }

    /// Greatest retransmission timeout in seconds.
    #[must_use]
    pub const fn rto_max_s(mut self, s: u8) -> Self {
        self.basic.rto_max_s = if s == 0 { 1 } else { s };
        self
    }

    /// How long an ACK may wait for company, in milliseconds: at most 200 of the 500 that RFC 9293
    /// MUST-40 allows. Zero: every segment is acknowledged at once.
    //= https://www.rfc-editor.org/rfc/rfc9293#section-3.8.6.3
    //# A TCP endpoint SHOULD implement a delayed ACK (SHLD-18), but an ACK should
    //# not be excessively delayed; in particular, the delay MUST be less than 0.5
    //# seconds (MUST-40).
    #[must_use]
    pub const fn ack_delay_ms(mut self, ms: u8) -> Self {
        self.basic.ack_delay_ms = if ms > 200 { 200 } else { ms };
        self
    }

    /// Upper limit of the segment size in both directions, without options.
    #[must_use]
    pub const fn mss(mut self, mss: u16) -> Self {
        self.basic.mss = if mss < 64 { 64 } else { mss };
        self
    }

    /// Seconds that a closed connection waits in FIN-WAIT-2 for the peer's FIN.
    #[must_use]
    pub const fn fin_wait_2_s(mut self, s: u16) -> Self {
        self.basic.fin_wait_2_s = s;
        self
    }

    /// Retransmissions of a SYN before the open fails.
    //= https://www.rfc-editor.org/rfc/rfc9293#section-3.8.3
    //# In particular, R2 for a SYN segment MUST be set large enough to provide
    //# retransmission of the segment for at least 3 minutes (MUST-23).
    #[must_use]
    pub const fn syn_retries(mut self, count: u8) -> Self {
        self.basic.syn_retries = count;
        self
    }

    /// R1 and R2 of RFC 9293 section 3.8.3, as numbers of retransmissions of one segment.
    //= https://www.rfc-editor.org/rfc/rfc9293#section-3.8.3
    //# (d) An application MUST (MUST-21) be able to set the value for R2 for a
    //# particular connection.
    //= https://www.rfc-editor.org/rfc/rfc9293#section-3.8.3
    //# The value of R1 SHOULD correspond to at least 3 retransmissions, at the
    //# current RTO (SHLD-10).
    #[must_use]
    pub const fn retries(mut self, r1: u8, r2: u8) -> Self {
        self.basic.retries_1 = r1;
        self.basic.retries_2 = if r2 < 1 { 1 } else { r2 };
        self
    }

    /// TTL or hop limit of every segment; zero is taken as one.
    //= https://www.rfc-editor.org/rfc/rfc9293#section-3.9.2
    //# Time to Live (TTL): The TTL value used to send TCP segments MUST be
    //# configurable (MUST-49).
    #[must_use]
    pub const fn hop_limit(mut self, hops: u8) -> Self {
        self.basic.hop_limit = if hops == 0 { 1 } else { hops };
        self
    }

    /// Diffserv code point, 0 to 63, of every segment (RFC 9293 MUST-48); its upper bits are cut.
    //= https://www.rfc-editor.org/rfc/rfc9293#section-3.9.1.9
    //# The application layer MUST be able to specify the Differentiated Services
    //# field for segments that are sent on a connection (MUST-48).
    #[must_use]
    pub const fn diffserv(mut self, code_point: u8) -> Self {
        self.basic.diffserv = code_point & 0x3f;
        self
    }

    /// Priority class.
    #[must_use]
    pub const fn priority(mut self, priority: Priority) -> Self {
        self.basic.priority = priority;
        self
    }

    /// Nagle's algorithm (RFC 9293 section 3.7.4).
    //= https://www.rfc-editor.org/rfc/rfc9293#section-3.7.4
    //# However, there MUST be a way for an application to disable the Nagle
    //# algorithm on an individual connection (MUST-17).
    #[must_use]
    pub const fn nagle(mut self, nagle: Switch) -> Self {
        self.basic.nagle = nagle;
        self
    }

    /// Whether what does not fill a segment is held back, half a second at most, or until it is
    /// switched off again.
    #[must_use]
    pub const fn cork(mut self, cork: Switch) -> Self {
        self.basic.cork = cork;
        self
    }

    /// Timestamps (RFC 7323): offered, and accepted when offered.
    #[must_use]
    pub const fn timestamps(mut self, timestamps: Switch) -> Self {
        self.basic.timestamps = timestamps;
        self
    }

    /// Selective acknowledgments (RFC 2018): offered, and accepted when offered.
    #[must_use]
    pub const fn sack(mut self, sack: Switch) -> Self {
        self.basic.sack = sack;
        self
    }

    /// Window scaling (RFC 7323): offered, and accepted when offered.
    #[must_use]
    pub const fn window_scaling(mut self, window_scaling: Switch) -> Self {
        self.basic.window_scaling = window_scaling;
        self
    }
}

/// Seconds as they are stored: 18 hours at most.
#[expect(clippy::cast_possible_truncation, reason = "it was compared")]
const fn seconds(secs: u32) -> u16 {
    if secs > u16::MAX as u32 {
        u16::MAX
    } else {
        secs as u16
    }
}

impl Default for Config {
    fn default() -> Self {
        Self::new()
    }
}
