//! How a network is described before it is started.

use std::fmt;
use std::io;
use std::sync::Arc;

use rustix::rand::{GetRandomFlags, getrandom};
use tcp_core::{Config, Stack, StackConfig, Tables, TxChecksum};

use super::{Net, error};
use crate::cidr::Cidr;
use crate::device::Device;
use crate::memory::{Buffers, HeapMemory};
use crate::observe::Observer;
use crate::shard::Shard;

/// Half-open connections of all listeners together.
const HALF_OPEN: usize = 1_024;

/// A network to be started.
pub struct NetBuilder {
    addresses: Vec<Cidr>,
    any_address: bool,
    answer_echo: bool,
    config: Config,
    buffers: Buffers,
    connections: usize,
    time_wait: usize,
    time_wait_ms: u32,
    observers: Vec<Box<dyn Observer>>,
}

impl NetBuilder {
    pub(super) fn new() -> Self {
        Self {
            addresses: Vec::new(),
            any_address: false,
            answer_echo: true,
            config: Config::new(),
            buffers: Buffers::default(),
            connections: 4_096,
            time_wait: 8_192,
            time_wait_ms: 60_000,
            observers: Vec::new(),
        }
    }

    /// An address of ours. Several may be given.
    #[must_use]
    pub fn address(mut self, address: Cidr) -> Self {
        self.addresses.push(address);
        self
    }

    /// Accepts packets for every address, as VPNs and proxies want it.
    #[must_use]
    pub const fn any_address(mut self) -> Self {
        self.any_address = true;
        self
    }

    /// Leaves echo requests (`ping`) without an answer.
    #[must_use]
    pub const fn ignore_echo(mut self) -> Self {
        self.answer_echo = false;
        self
    }

    /// The knobs of connections, unless they get others.
    #[must_use]
    pub const fn config(mut self, config: Config) -> Self {
        self.config = config;
        self
    }

    /// The buffers of each connection.
    #[must_use]
    pub const fn buffers(mut self, buffers: Buffers) -> Self {
        self.buffers = buffers;
        self
    }

    /// The most connections at a time, and the most that are remembered in TIME-WAIT.
    #[must_use]
    pub const fn limits(mut self, connections: usize, time_wait: usize) -> Self {
        self.connections = connections;
        self.time_wait = time_wait;
        self
    }

    /// How long TIME-WAIT lasts, in milliseconds: twice the maximum segment lifetime.
    #[must_use]
    pub const fn time_wait_ms(mut self, ms: u32) -> Self {
        self.time_wait_ms = ms;
        self
    }

    /// Shows every packet to an observer, for example a [`Capture`](crate::Capture).
    #[must_use]
    pub fn observer(mut self, observer: impl Observer + 'static) -> Self {
        self.observers.push(Box::new(observer));
        self
    }

    /// Starts the network over a device.
    ///
    /// # Errors
    /// An address that no host can have; no thread, descriptor or random octets to be had.
    pub fn start(self, device: impl Into<Device>) -> io::Result<Net> {
        let device = device.into();
        let mut secret = [0; 16];
        // Sixteen octets come in one piece.
        getrandom(&mut secret, GetRandomFlags::empty())?;
        let config = StackConfig {
            secret,
            mtu: device.mtu(),
            any_address: self.any_address,
            answer_echo: self.answer_echo,
            tx_checksum: TxChecksum::Full,
            ephemeral_ports: EPHEMERAL,
            time_wait_ms: self.time_wait_ms,
        };
        let tables = Tables::owned(self.connections, HALF_OPEN, self.time_wait);
        let memory = HeapMemory::new(self.buffers, self.connections);
        let mut stack = Stack::new(config, tables, memory);
        for cidr in self.addresses {
            stack
                .add_address(cidr.address(), cidr.prefix())
                .map_err(error::of_misuse)?;
        }
        Ok(Net {
            shard: Arc::new(Shard::start(device, stack, self.observers)?),
            config: self.config,
        })
    }
}

/// The dynamic ports of RFC 6335 section 6.
pub(super) const EPHEMERAL: (u16, u16) = (49_152, 65_535);

impl fmt::Debug for NetBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NetBuilder")
            .field("addresses", &self.addresses)
            .field("any_address", &self.any_address)
            .field("config", &self.config)
            .field("buffers", &self.buffers)
            .field("connections", &self.connections)
            .field("observers", &self.observers.len())
            .finish_non_exhaustive()
    }
}
