//! How a test begins.

use tcp_core::{Config, Instant};

use super::{FIRST_STAMP, Seg, syn};
use crate::memory::Sizes;

/// How a test begins.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The knobs of the connection.
    pub config: Config,
    /// The octets of the connection.
    pub sizes: Sizes,
    /// What our SYN offers beside the flags.
    pub offer: Seg,
    /// The window field of our segments.
    pub window: u16,
    /// The device's packet size.
    pub mtu: u16,
    /// Our initial sequence number.
    pub iss: u32,
    /// What our SYN and the stack's SYN are called.
    pub bases: (u32, u32),
    /// Addresses: the stack's, ours.
    pub addresses: (&'static str, &'static str),
    /// 2 MSL.
    pub time_wait_ms: u32,
    /// When the test begins.
    pub start: Instant,
}

impl Setup {
    /// No option but an MSS of 1,000: segments are 1,000 octets long.
    #[must_use]
    pub fn plain() -> Self {
        Self {
            config: Config::new(),
            sizes: Sizes::rings(65_535),
            offer: syn().mss(1_000),
            window: 65_535,
            mtu: 1_500,
            iss: 0x1000_0000,
            bases: (0, 0),
            addresses: ("10.0.0.1", "10.0.0.2"),
            time_wait_ms: 60_000,
            start: Instant::from_micros(1_000_000_000),
        }
    }

    /// Window scaling (shift 0 both ways, for the rings are small), SACK and timestamps.
    #[must_use]
    pub fn full() -> Self {
        Self {
            offer: syn()
                .mss(1_012)
                .scale(0)
                .sack_permitted()
                .stamps(FIRST_STAMP, 0),
            ..Self::plain()
        }
    }

    /// SACK and nothing else.
    #[must_use]
    pub fn sack() -> Self {
        Self {
            offer: syn().mss(1_000).sack_permitted(),
            ..Self::plain()
        }
    }

    /// With these knobs.
    #[must_use]
    pub fn config(mut self, config: Config) -> Self {
        self.config = config;
        self
    }

    /// With rings of this size.
    #[must_use]
    pub fn rings(mut self, octets: usize) -> Self {
        self.sizes = Sizes::rings(octets);
        self
    }

    /// With this window in our segments.
    #[must_use]
    pub fn window(mut self, window: u16) -> Self {
        self.window = window;
        self
    }

    /// With this in our SYN.
    #[must_use]
    pub fn offer(mut self, offer: Seg) -> Self {
        self.offer = offer;
        self
    }

    /// Between IPv6 addresses.
    #[must_use]
    pub fn v6(mut self) -> Self {
        self.addresses = ("fd00::1", "fd00::2");
        self
    }
}
