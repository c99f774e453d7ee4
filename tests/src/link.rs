//! One direction of an emulated link, in virtual time, driven by a seed.
//!
//! ```text
//!   packet -> damage (lost, corrupted, twice) -> queue -> rate -> delay (+ reordering) -> arrival
//! ```

use std::collections::BTreeMap;

use tcp_core::{Duration, Instant};

use crate::rng::Rng;

/// How packets get lost.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Loss {
    /// Not at all.
    #[default]
    None,
    /// Each by itself, so many in a million.
    Random(u32),
    /// In bursts: the chance in a million that a burst begins with a packet, and that it ends
    /// before the next one.
    Bursts {
        /// A burst begins.
        begin: u32,
        /// It ends.
        end: u32,
    },
}

/// What a link does to packets. Chances are in a million.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LinkConfig {
    /// Octets a second; `None` takes no time to send.
    pub octets_per_second: Option<u64>,
    /// Time on the way.
    pub delay: Duration,
    /// Packets that wait for the rate; those that find it full are dropped.
    pub queue: usize,
    /// Loss.
    pub loss: Loss,
    /// A packet is held up by `hold_up` more, so that others overtake it.
    pub reordered: u32,
    /// For how long.
    pub hold_up: Duration,
    /// A packet arrives twice.
    pub duplicated: u32,
    /// One octet of a packet is changed.
    pub corrupted: u32,
    /// Longer packets are dropped.
    pub longest: usize,
    /// Whether the sender of one that is too long hears of it by ICMP.
    pub complains: bool,
}

impl Default for LinkConfig {
    /// Clean, 10 ms, without a rate.
    fn default() -> Self {
        Self {
            octets_per_second: None,
            delay: Duration::from_millis(10),
            queue: 1_000,
            loss: Loss::None,
            reordered: 0,
            hold_up: Duration::from_millis(25),
            duplicated: 0,
            corrupted: 0,
            longest: usize::MAX,
            complains: true,
        }
    }
}

/// What the link did.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct LinkCounters {
    /// Packets given to it.
    pub given: u64,
    /// Packets lost or dropped for want of room.
    pub lost: u64,
    /// Packets that were too long.
    pub too_long: u64,
    /// Packets corrupted.
    pub corrupted: u64,
    /// Packets delivered twice.
    pub duplicated: u64,
}

/// One direction.
#[derive(Debug)]
pub struct Link {
    config: LinkConfig,
    rng: Rng,
    /// On the way, by arrival and then by the order in which they were given.
    on_the_way: BTreeMap<(Instant, u64), Vec<u8>>,
    counter: u64,
    /// When the rate limiter is done with what it was given.
    busy_until: Instant,
    in_burst: bool,
    counters: LinkCounters,
}

impl Link {
    /// A link whose accidents are those of `rng`.
    #[must_use]
    pub const fn new(config: LinkConfig, rng: Rng) -> Self {
        Self {
            config,
            rng,
            on_the_way: BTreeMap::new(),
            counter: 0,
            busy_until: Instant::ZERO,
            in_burst: false,
            counters: LinkCounters {
                given: 0,
                lost: 0,
                too_long: 0,
                corrupted: 0,
                duplicated: 0,
            },
        }
    }

    /// Changes what the link does to packets given from here on.
    pub const fn set_config(&mut self, config: LinkConfig) {
        self.config = config;
    }

    /// What it did so far.
    #[must_use]
    pub const fn counters(&self) -> LinkCounters {
        self.counters
    }

    /// Gives a packet to the link. What comes back is the packet size of which the sender is told
    /// by ICMP, where the link is so kind.
    pub fn give(&mut self, now: Instant, packet: &[u8]) -> Option<u32> {
        self.counters.given += 1;
        if packet.len() > self.config.longest {
            self.counters.too_long += 1;
            let mtu = u32::try_from(self.config.longest).ok();
            return mtu.filter(|_| self.config.complains);
        }
        self.carry(now, packet);
        None
    }

    fn carry(&mut self, now: Instant, packet: &[u8]) {
        if self.is_lost() || self.is_full(now, packet) {
            self.counters.lost += 1;
            return;
        }
        let mut arriving = packet.to_vec();
        if self.rng.happens(self.config.corrupted) {
            self.corrupt(&mut arriving);
        }
        self.busy_until = self.busy_until.max(now) + Duration::from_micros(self.time_of(packet));
        let mut arrival = self.busy_until + self.config.delay;
        if self.rng.happens(self.config.reordered) {
            arrival += self.config.hold_up;
        }
        if self.rng.happens(self.config.duplicated) {
            self.counters.duplicated += 1;
            self.put(arrival + Duration::from_micros(1), arriving.clone());
        }
        self.put(arrival, arriving);
    }

    /// When the next packet arrives.
    #[must_use]
    pub fn next_arrival(&self) -> Option<Instant> {
        Some(self.on_the_way.first_key_value()?.0.0)
    }

    /// The next packet that has arrived by `now`.
    pub fn take(&mut self, now: Instant) -> Option<Vec<u8>> {
        let entry = self.on_the_way.first_entry()?;
        (entry.key().0 <= now).then(|| entry.remove())
    }

    fn put(&mut self, arrival: Instant, arriving: Vec<u8>) {
        self.on_the_way.insert((arrival, self.counter), arriving);
        self.counter += 1;
    }

    fn is_lost(&mut self) -> bool {
        match self.config.loss {
            Loss::None => false,
            Loss::Random(chance) => self.rng.happens(chance),
            Loss::Bursts { begin, end } => {
                self.in_burst = match self.in_burst {
                    true => !self.rng.happens(end),
                    false => self.rng.happens(begin),
                };
                self.in_burst
            }
        }
    }

    /// Changes one octet to any other value. The Internet checksum notices every such change.
    fn corrupt(&mut self, arriving: &mut [u8]) {
        let length = arriving.len() as u64;
        let place = usize::try_from(self.rng.below(length)).expect("below a length");
        let change = u8::try_from(self.rng.between(1, 255)).expect("one octet");
        if let Some(octet) = arriving.get_mut(place) {
            *octet ^= change;
            self.counters.corrupted += 1;
        }
    }

    /// Whether as many octets wait for the rate as `queue` packets of this length have.
    fn is_full(&self, now: Instant, packet: &[u8]) -> bool {
        let others = self.config.queue.saturating_sub(1) as u64;
        (self.busy_until - now).as_micros() > others * self.time_of(packet)
    }

    /// Microseconds that the rate takes for a packet.
    fn time_of(&self, packet: &[u8]) -> u64 {
        match self.config.octets_per_second {
            None => 0,
            Some(rate) => (packet.len() as u64 * 1_000_000).div_ceil(rate),
        }
    }
}

#[cfg(test)]
mod tests;
