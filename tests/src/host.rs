//! A virtual host: a stack with its memory, and the applications on it.

use std::net::{IpAddr, SocketAddr};

use tcp_core::{
    Config, Handle, Instant, LinkDestination, ListenAt, ListenerHandle, Packet, RxChecksum, Stack,
    StackConfig, Tables, TxChecksum,
};

use crate::app::{App, Outcome, Script};
use crate::memory::{Heap, Sizes};
use crate::oracle::{self, Oracle};

/// The stack that the simulator runs.
pub type SimStack = Stack<'static, tcp_core::Host, Heap>;

/// More packets than this without time passing: the stack talks to itself.
const TRANSMIT_LIMIT: usize = 100_000;

/// How a host calls its stack.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Manner {
    /// When there is a reason.
    Calm,
    /// Too often, with time that goes back, and with too little room: all of that is harmless.
    Nervous,
}

/// How a host is built.
#[derive(Clone, Copy, Debug)]
pub struct HostConfig {
    /// Its address.
    pub address: IpAddr,
    /// Octets of its connections.
    pub sizes: Sizes,
    /// Largest packet that its device takes.
    pub mtu: u16,
    /// The secret of its stack.
    pub secret: [u8; 16],
    /// 2 MSL in milliseconds.
    pub time_wait_ms: u32,
    /// The port of connections that this host opens; zero leaves the choice to the stack.
    pub local_port: u16,
    /// How it calls its stack.
    pub manner: Manner,
}

impl HostConfig {
    /// A host at `address` with the defaults of the simulator.
    #[must_use]
    pub fn at(address: IpAddr) -> Self {
        Self {
            address,
            sizes: Sizes::default(),
            mtu: 1_500,
            secret: [0x5a; 16],
            time_wait_ms: 60_000,
            local_port: 0,
            manner: Manner::Calm,
        }
    }

    fn stack_config(&self) -> StackConfig {
        StackConfig {
            secret: self.secret,
            mtu: self.mtu,
            any_address: false,
            answer_echo: true,
            tx_checksum: TxChecksum::Full,
            ephemeral_ports: (49_152, 65_535),
            time_wait_ms: self.time_wait_ms,
        }
    }
}

/// A host.
#[derive(Debug)]
pub struct Host {
    /// Its stack.
    pub stack: SimStack,
    /// Its address.
    pub address: IpAddr,
    local_port: u16,
    manner: Manner,
    apps: Vec<App>,
    listeners: Vec<(ListenerHandle, Script)>,
    outcomes: Vec<Outcome>,
    oracle: Oracle,
    out: Vec<u8>,
}

impl Host {
    /// A host without applications.
    ///
    /// # Panics
    /// When the stack refuses its address.
    #[must_use]
    pub fn new(config: &HostConfig) -> Self {
        let tables = Tables::owned(config.sizes.connections, 64, 64);
        let mut stack = Stack::new(config.stack_config(), tables, Heap::new(config.sizes));
        let prefix = if config.address.is_ipv4() { 24 } else { 64 };
        stack
            .add_address(config.address, prefix)
            .expect("a fresh stack takes an address");
        Self {
            stack,
            address: config.address,
            local_port: config.local_port,
            manner: config.manner,
            apps: Vec::new(),
            listeners: Vec::new(),
            outcomes: Vec::new(),
            oracle: Oracle::default(),
            out: vec![0xd7; usize::from(config.mtu)],
        }
    }

    /// Runs `script` on every connection that comes to `port`.
    ///
    /// # Panics
    /// When the stack refuses.
    pub fn listen(&mut self, port: u16, config: Config, script: Script) {
        let at = ListenAt {
            address: None,
            port,
            syn_backlog: 16,
            accept_backlog: 16,
            config,
        };
        let listener = self.stack.listen(at).expect("the port is free");
        self.listeners.push((listener, script));
    }

    /// Opens a connection and runs `script` on it.
    ///
    /// # Panics
    /// When the stack refuses.
    pub fn connect(
        &mut self,
        now: Instant,
        remote: SocketAddr,
        config: Config,
        script: Script,
    ) -> Handle {
        let local = SocketAddr::new(self.address, self.local_port);
        let opened = self.stack.connect(now, Some(local), remote, config);
        let handle = opened.expect("there is room for a connection");
        self.oracle.caused(1);
        self.apps.push(App::new(handle, script));
        handle
    }

    /// What became of the connections that are over, in the order of their ends.
    #[must_use]
    pub fn outcomes(&self) -> &[Outcome] {
        &self.outcomes
    }

    /// Applications that are still at work.
    #[must_use]
    pub const fn at_work(&self) -> usize {
        self.apps.len()
    }

    /// The connections of the applications at work.
    pub fn handles(&self) -> impl Iterator<Item = Handle> + '_ {
        self.apps.iter().map(App::handle)
    }

    /// When this host wants to be run again without a packet.
    #[must_use]
    pub fn wakes_at(&self, now: Instant) -> Option<Instant> {
        let timer = self.stack.next_deadline().map(|(due, _)| due);
        let apps = self.apps.iter().filter_map(|app| app.wakes_at(now));
        apps.chain(timer).min()
    }

    /// A packet arrives.
    pub fn receive(&mut self, now: Instant, octets: &[u8]) {
        self.oracle.delivered(octets);
        let packet = Packet {
            octets,
            checksum: RxChecksum::Unverified,
            segment_size: None,
            link: LinkDestination::Unicast,
        };
        // What became of it shows in what follows.
        let _ = self.stack.receive(now, packet);
        self.stack.assert_invariants();
    }

    /// Timers, applications, and then what is to be sent, which is given to `link`.
    ///
    /// # Panics
    /// When an invariant is broken.
    pub fn run(&mut self, now: Instant, mut link: impl FnMut(&[u8])) {
        self.advance(now);
        self.transmit(now, &mut link);
        self.run_apps(now);
        self.transmit(now, &mut link);
        self.stack.assert_invariants();
        oracle::check_liveness(&self.stack, now);
    }

    /// U9.
    ///
    /// # Panics
    /// When something is left although everything is over.
    pub fn check_memory(&self, now: Instant) {
        oracle::check_memory(&self.stack, now);
    }

    /// Lets the applications do what they can.
    ///
    /// # Panics
    /// When one of them sees what it must not.
    pub fn run_apps(&mut self, now: Instant) {
        while self.stack.poll_event().is_some() {}
        for (listener, script) in &self.listeners {
            while let Some(handle) = self.stack.accept(*listener).expect("it listens") {
                self.apps.push(App::new(handle, *script));
            }
        }
        let mut calls = 0;
        for app in &mut self.apps {
            calls += app.run(now, &mut self.stack);
        }
        self.oracle.caused(calls);
        let over = self.apps.extract_if(.., |app| app.outcome().is_some());
        self.outcomes.extend(over.filter_map(|app| app.outcome()));
    }

    /// The device has room for one packet.
    ///
    /// # Panics
    /// When an invariant is broken.
    pub fn transmit_one(&mut self, now: Instant) -> Option<&[u8]> {
        if self.manner == Manner::Nervous {
            let tight = self.out.get_mut(..19).unwrap_or_default();
            assert_eq!(self.stack.transmit(now, tight), None, "19 octets sufficed");
        }
        let sent = self.stack.transmit(now, &mut self.out)?;
        let packet = &self.out[..sent.len];
        self.oracle.sent(packet);
        Some(packet)
    }

    fn transmit(&mut self, now: Instant, link: &mut impl FnMut(&[u8])) {
        for _ in 0..TRANSMIT_LIMIT {
            let Some(packet) = self.transmit_one(now) else {
                return;
            };
            link(packet);
        }
        panic!("{TRANSMIT_LIMIT} packets without time passing");
    }

    fn advance(&mut self, now: Instant) {
        let due = self
            .stack
            .next_deadline()
            .is_some_and(|(due, _)| due <= now);
        if due {
            self.oracle.caused(self.stack.rows(now).count());
        }
        self.stack.advance(now);
        if self.manner == Manner::Nervous {
            self.stack.advance(now);
            self.stack.advance(Instant::ZERO);
        }
    }
}
