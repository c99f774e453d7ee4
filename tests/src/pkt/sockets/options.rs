//! Socket options: what each sets, which values it refuses, and what it reads back as.

use tcp_core::Switch;

use super::{Errno, Progress, Role, Socket, Sockets};
use crate::pkt::engine::bench::Bench;

/// Why an option cannot be set or read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// As the system refuses it.
    Error(Errno),
    /// It is none that is known here.
    Unknown,
}

/// Times that keep-alive options take, in seconds.
const KEEP_ALIVE_S: std::ops::RangeInclusive<i64> = 1..=32_767;
/// Probes that keep-alive options take.
const KEEP_ALIVE_COUNT: std::ops::RangeInclusive<i64> = 1..=127;
/// Segment sizes that `TCP_MAXSEG` takes.
const MAXSEG: std::ops::RangeInclusive<i64> = 88..=32_767;
/// Options that make no difference to what a script sees.
const WITHOUT_EFFECT: [&str; 28] = [
    "IPV6_RECVERR",
    "IPV6_V6ONLY",
    "IP_BIND_ADDRESS_NO_PORT",
    "IP_FREEBIND",
    "IP_RECVERR",
    "IP_TRANSPARENT",
    "SO_BROADCAST",
    "SO_BUSY_POLL",
    "SO_DEBUG",
    "SO_DONTROUTE",
    "SO_INCOMING_CPU",
    "SO_MAX_PACING_RATE",
    "SO_OOBINLINE",
    "SO_PRIORITY",
    "SO_RCVBUFFORCE",
    "SO_RCVLOWAT",
    "SO_RCVTIMEO",
    "SO_REUSEADDR",
    "SO_REUSEPORT",
    "SO_SNDTIMEO",
    "SO_TIMESTAMP",
    "TCP_CONGESTION",
    "TCP_LOG",
    "TCP_LOGBUF",
    "TCP_LOGID",
    "TCP_NOTSENT_LOWAT",
    "TCP_SAVE_SYN",
    "TCP_THIN_LINEAR_TIMEOUTS",
];

impl Sockets {
    /// `setsockopt()` of an option that is one number.
    ///
    /// # Errors
    /// See [`Refusal`].
    pub fn set_option(
        &mut self,
        bench: &mut Bench,
        number: i64,
        name: &str,
        value: i64,
    ) -> Result<Progress, Refusal> {
        let Some(socket) = self.table.get_mut(&number) else {
            return Err(Refusal::Error(Errno::EBADF));
        };
        socket.set(name, value)?;
        if name == "SO_RCVBUF" || name == "SO_SNDBUF" {
            bench.sizes.set(socket.sizes);
        }
        if let Role::Connection(handle) = socket.role {
            if name == "TCP_QUICKACK" {
                let switch = if value == 0 { Switch::Off } else { Switch::On };
                let _ = bench.stack.quick_ack(bench.now, handle, switch);
                return Ok(Progress::Done(0));
            }
            let _ = bench.stack.set_config(bench.now, handle, socket.config);
        }
        if let Role::Listener(listener) = socket.role {
            let _ = bench.stack.set_listener_config(listener, socket.config);
        }
        Ok(Progress::Done(0))
    }

    /// `setsockopt()` of `SO_LINGER`; seconds, or not at all.
    pub fn set_linger(&mut self, number: i64, linger: Option<i64>) -> Progress {
        match self.table.get_mut(&number) {
            None => Progress::Failed(Errno::EBADF),
            Some(socket) => {
                socket.linger = linger;
                Progress::Done(0)
            }
        }
    }

    /// `fcntl()` or `ioctl()`: whether calls wait.
    pub fn set_nonblocking(&mut self, number: i64, is_nonblocking: bool) -> Progress {
        match self.table.get_mut(&number) {
            None => Progress::Failed(Errno::EBADF),
            Some(socket) => {
                socket.is_nonblocking = is_nonblocking;
                Progress::Done(0)
            }
        }
    }

    /// Whether calls do not wait; `None`: no such socket.
    #[must_use]
    pub fn is_nonblocking(&self, number: i64) -> Option<bool> {
        self.table.get(&number).map(|socket| socket.is_nonblocking)
    }

    /// `getsockopt()` of an option that is one number.
    ///
    /// # Errors
    /// See [`Refusal`].
    pub fn option(&mut self, bench: &Bench, number: i64, name: &str) -> Result<Value, Refusal> {
        let Some(socket) = self.table.get_mut(&number) else {
            return Err(Refusal::Error(Errno::EBADF));
        };
        if name == "SO_ERROR" {
            return Ok(match socket.error.take() {
                None => Value::Number(0),
                Some(error) => Value::Error(error),
            });
        }
        if name == "TCP_MAXSEG"
            && let Role::Connection(handle) = socket.role
            && let Ok(info) = bench.stack.info(bench.now, handle)
        {
            let options = if info.timestamps { 12 } else { 0 };
            return Ok(Value::Number(i64::from(info.mss) - options));
        }
        socket.get(name).map(Value::Number).ok_or(Refusal::Unknown)
    }
}

/// Off for a number that is not zero.
const fn switch_off(value: i64) -> Switch {
    if value == 0 { Switch::On } else { Switch::Off }
}

/// What an option reads as.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Value {
    Number(i64),
    /// The number of an error.
    Error(Errno),
}

impl Socket {
    /// Whether its address may be bound by another socket, too, that says the same.
    pub(super) fn may_share(&self) -> bool {
        let mut names = ["SO_REUSEADDR", "SO_REUSEPORT"].into_iter();
        names.any(|name| self.other.get(name).is_some_and(|value| *value != 0))
    }

    /// Whether a connection whose FIN was acknowledged is given up when it is closed.
    pub(super) fn waits_for_no_fin(&self) -> bool {
        self.other
            .get("TCP_LINGER2")
            .is_some_and(|value| *value < 0)
    }

    /// Whether a socket option holds back what does not fill a segment.
    pub(super) fn is_corked(&self) -> bool {
        let mut names = ["TCP_CORK", "TCP_NOPUSH"].into_iter();
        names.any(|name| self.other.get(name).is_some_and(|value| *value != 0))
    }

    fn set(&mut self, name: &str, value: i64) -> Result<(), Refusal> {
        let invalid = Err(Refusal::Error(Errno::EINVAL));
        let switch = if value == 0 { Switch::Off } else { Switch::On };
        let small = u32::try_from(value).unwrap_or(0);
        let octet = u8::try_from(value);
        self.config = match (name, octet) {
            ("TCP_NODELAY", _) => {
                self.config
                    .nagle(if value == 0 { Switch::On } else { Switch::Off })
            }
            ("TCP_MAXSEG", _) if MAXSEG.contains(&value) => {
                self.config.mss(u16::try_from(value).unwrap_or(u16::MAX))
            }
            ("TCP_MAXSEG", _) => return invalid,
            ("TCP_USER_TIMEOUT", _) if value < 0 => return invalid,
            ("TCP_USER_TIMEOUT", _) => {
                let asked = (value > 0).then_some(small);
                self.config.user_timeout_ms(asked)
            }
            ("TCP_SYNCNT", Ok(count @ 1..=127)) => self.config.syn_retries(count),
            ("TCP_SYNCNT", _) => return invalid,
            ("TCP_CORK" | "TCP_NOPUSH", _) => self.config.cork(switch),
            ("TCP_DEFER_ACCEPT", _) => {
                let seconds = value.clamp(0, 255);
                self.config
                    .defer_accept_s(u8::try_from(seconds).unwrap_or(0))
            }
            // Of those that make packets fit: only two believe what the path says.
            ("IP_MTU_DISCOVER" | "IPV6_MTU_DISCOVER", _) => {
                let believes = matches!(value, 1 | 2);
                let discovery = if believes { Switch::On } else { Switch::Off };
                self.config.path_mtu_discovery(discovery)
            }
            ("TCP_NOOPT", _) => self
                .config
                .timestamps(switch_off(value))
                .sack(switch_off(value))
                .window_scaling(switch_off(value)),
            ("TCP_WINDOW_CLAMP", _) => {
                let clamp = usize::try_from(value).unwrap_or(0);
                self.sizes.receive = self.sizes.receive.min(clamp.max(1_152));
                self.config
            }
            ("TCP_QUICKACK", _) => self.config,
            ("TCP_LINGER2", _) => match value {
                ..0 => self.config.fin_wait_2_s(0),
                0 => self.config,
                _ => self
                    .config
                    .fin_wait_2_s(u16::try_from(value).unwrap_or(120)),
            },
            ("IP_TOS" | "IPV6_TCLASS", Ok(tos)) => self.config.diffserv(tos >> 2),
            ("IP_TTL" | "IPV6_UNICAST_HOPS", Ok(ttl @ 1..)) => self.config.hop_limit(ttl),
            ("IP_TTL" | "IPV6_UNICAST_HOPS", _) if value == -1 => self.config.hop_limit(64),
            ("IP_TOS" | "IPV6_TCLASS" | "IP_TTL" | "IPV6_UNICAST_HOPS", _) => return invalid,
            ("SO_SNDBUF", _) => {
                // Twice what was asked for is used, as there; half of it is bookkeeping.
                self.sizes.send = usize::try_from(2 * value).unwrap_or(0).max(4_608);
                self.config
            }
            ("SO_RCVBUF", _) => {
                self.sizes.receive = usize::try_from(value).unwrap_or(0).max(1_152);
                self.config
            }
            _ => return self.set_watch(name, value, switch),
        };
        self.other.insert(name.to_owned(), value);
        Ok(())
    }

    /// Keep-alive, and what has no effect.
    fn set_watch(&mut self, name: &str, value: i64, switch: Switch) -> Result<(), Refusal> {
        let invalid = Err(Refusal::Error(Errno::EINVAL));
        let small = u32::try_from(value).unwrap_or(0);
        match name {
            "SO_KEEPALIVE" => self.watch.is_on = switch.is_on(),
            "TCP_KEEPIDLE" if KEEP_ALIVE_S.contains(&value) => self.watch.idle_s = small,
            "TCP_KEEPINTVL" if KEEP_ALIVE_S.contains(&value) => self.watch.interval_s = small,
            "TCP_KEEPCNT" if KEEP_ALIVE_COUNT.contains(&value) => {
                self.watch.count = u8::try_from(value).unwrap_or(u8::MAX);
            }
            "TCP_KEEPIDLE" | "TCP_KEEPINTVL" | "TCP_KEEPCNT" => return invalid,
            _ if WITHOUT_EFFECT.contains(&name) => {}
            _ => return Err(Refusal::Unknown),
        }
        self.config = self.config.keep_alive(self.watch.asked());
        self.other.insert(name.to_owned(), value);
        Ok(())
    }

    fn get(&self, name: &str) -> Option<i64> {
        if let Some(value) = self.other.get(name) {
            return Some(match name {
                "SO_SNDBUF" | "SO_RCVBUF" => 2 * value,
                "TCP_NODELAY" | "SO_KEEPALIVE" | "SO_REUSEADDR" => i64::from(*value != 0),
                _ => *value,
            });
        }
        Some(match name {
            "TCP_KEEPIDLE" => self.watch.idle_s.into(),
            "TCP_KEEPINTVL" => self.watch.interval_s.into(),
            "TCP_KEEPCNT" => self.watch.count.into(),
            "SO_KEEPALIVE" => self.watch.is_on.into(),
            "SO_TYPE" => 1,
            "SO_PROTOCOL" => 6,
            "SO_ACCEPTCONN" => matches!(self.role, Role::Listener(_)).into(),
            "TCP_NODELAY" | "TCP_USER_TIMEOUT" | "IP_TOS" | "IPV6_TCLASS" => 0,
            "SO_REUSEADDR" | "SO_OOBINLINE" | "SO_PRIORITY" => 0,
            "SO_RCVLOWAT" => 1,
            "TCP_MAXSEG" => 536,
            "IP_TTL" | "IPV6_UNICAST_HOPS" => 64,
            "TCP_SYNCNT" => 6,
            "TCP_LINGER2" => 60,
            _ => return None,
        })
    }
}
