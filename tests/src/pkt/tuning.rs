//! What a script expects of the system that it was written for: the two profiles, and the system
//! controls by which scripts change them.

mod control;

use tcp_core::wire::OptionOrder;
use tcp_core::{Config, MtuProbing, OpeningErrors, StackConfig, Switch, WindowProbe};

use super::rings::Sizes;

/// The system that a script was written for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Profile {
    /// The default.
    #[default]
    Linux,
    FreeBsd,
}

/// How the stack is configured. All of it any user can set.
#[derive(Clone, Debug)]
pub struct Tuning {
    pub profile: Profile,
    /// What connections are opened with.
    pub config: Config,
    pub sizes: Sizes,
    pub mtu: u16,
    pub time_wait_ms: u32,
    /// What keep-alive uses until a socket says otherwise, in seconds, and a count.
    pub keep_alive: (u32, u32, u8),
    /// Whether every connection is kept alive.
    pub always_keep_alive: bool,
    /// Nothing that is sent reaches the script: a queue without room.
    pub discards: bool,
}

impl Tuning {
    /// The defaults of a system.
    #[must_use]
    pub fn of(profile: Profile) -> Self {
        match profile {
            Profile::Linux => Self::linux(),
            Profile::FreeBsd => Self::freebsd(),
        }
    }

    fn linux() -> Self {
        let config = Config::new()
            .syn_retries(5)
            .retries(3, 15)
            .window_scale(Some(8))
            .mtu_probing(MtuProbing::Off)
            .quick_acks(16)
            .slow_start_segments(u8::MAX)
            .window_probe(WindowProbe::Empty)
            .opening_errors(OpeningErrors::Hard)
            .syn_ack_retries(5);
        Self {
            profile: Profile::Linux,
            config,
            sizes: Sizes {
                send: 4 << 20,
                receive: 65_535,
                reserve: reserve(8),
            },
            mtu: 1_500,
            time_wait_ms: 60_000,
            keep_alive: (7_200, 75, 9),
            always_keep_alive: false,
            discards: false,
        }
    }

    fn freebsd() -> Self {
        let config = Config::new()
            .rto_min_ms(230)
            .syn_retries(12)
            .retries(3, 12)
            .option_order(OptionOrder::FreeBsd)
            .slow_start_segments(2)
            .window_scale(Some(6))
            .mtu_probing(MtuProbing::Off)
            .syn_ack_retries(3);
        Self {
            profile: Profile::FreeBsd,
            config,
            sizes: Sizes {
                send: 1 << 20,
                receive: 65_536,
                reserve: reserve(6),
            },
            mtu: 1_500,
            time_wait_ms: 60_000,
            keep_alive: (7_200, 75, 8),
            always_keep_alive: false,
            discards: false,
        }
    }

    /// Takes over one system control; what it says must be known.
    ///
    /// # Errors
    /// What of it is not known.
    pub fn control(&mut self, name: &str, value: &str) -> Result<(), String> {
        control::set(self, name, value)
    }

    /// The settings of the stack.
    #[must_use]
    pub fn stack(&self) -> StackConfig {
        StackConfig {
            secret: *b"a secret of pkt.",
            time_wait_ms: self.time_wait_ms,
            ..StackConfig::new(self.mtu)
        }
    }
}

/// What rounding a window with this scale may promise, at the most, beyond what there is.
const fn reserve(scale: u8) -> usize {
    (1 << scale) - 1
}

/// A switch from a number.
const fn switch(value: i64) -> Switch {
    if value == 0 { Switch::Off } else { Switch::On }
}
