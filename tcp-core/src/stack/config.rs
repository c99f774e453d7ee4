//! What a stack and a listener are told, and what a stack tells about itself.

use core::net::IpAddr;

use super::TxChecksum;
use crate::connection::{Config, Info, State, Timer, Tuple};
use crate::time::Instant;

/// What a stack is told once.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct StackConfig {
    /// 128 secret bits, fresh at every boot, for ISNs, ports, timestamps offsets and hashing. Never
    /// a constant: who knows it can forge connections.
    pub secret: [u8; 16],
    /// Largest IP packet that the device sends.
    pub mtu: u16,
    /// Accept packets for every destination address and connect from any source (VPNs, proxies).
    pub any_address: bool,
    /// Whether echo requests are answered here.
    pub answer_echo: bool,
    /// TX checksums by this stack or the device.
    pub tx_checksum: TxChecksum,
    /// Ephemeral ports, first and last.
    pub ephemeral_ports: (u16, u16),
    /// 2 MSL in milliseconds, 8,000,000 at most.
    pub time_wait_ms: u32,
}

impl StackConfig {
    /// Usual settings for a device that sends IP packets of up to `mtu` octets: echo requests are
    /// answered, ports from the dynamic range 49152 to 65535, 2 MSL one minute. Only the secret is
    /// missing: it stays zero until the caller sets it.
    #[must_use]
    pub const fn new(mtu: u16) -> Self {
        Self {
            secret: [0; 16],
            mtu,
            any_address: false,
            answer_echo: true,
            tx_checksum: TxChecksum::Full,
            ephemeral_ports: (49_152, 65_535),
            time_wait_ms: 60_000,
        }
    }
}

/// Where a listener listens.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct ListenAt {
    /// One of our addresses, or any.
    pub address: Option<IpAddr>,
    /// The port; 0 is any port (any-address mode only).
    pub port: u16,
    /// Half-open connections at most.
    pub syn_backlog: u16,
    /// Completed connections waiting for `accept` at most.
    pub accept_backlog: u16,
    /// The knobs of what is accepted.
    pub config: Config,
}

impl ListenAt {
    /// On `port` of every address, with small backlogs and the usual knobs.
    #[must_use]
    pub const fn new(port: u16) -> Self {
        Self {
            address: None,
            port,
            syn_backlog: 8,
            accept_backlog: 8,
            config: Config::new(),
        }
    }
}

/// One row of `ss`: a connection, a half-open entry, a TIME-WAIT entry or a listener.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Row {
    /// Both ends (a listener's remote end is unspecified).
    pub tuple: Tuple,
    /// State.
    pub state: State,
    /// What is known of it.
    pub info: Option<Info>,
    /// The next timer.
    pub timer: Option<(Instant, Timer)>,
}
