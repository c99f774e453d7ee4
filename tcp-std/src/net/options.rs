//! What a user may set on a stream, as all its clones share it.

use std::io;
use std::time::Duration;

use tcp_core::{Config, Switch};

/// The options of `std::net` that the core does not know of, and the core's knobs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Options {
    pub(super) config: Config,
    pub(super) read_timeout: Option<Duration>,
    pub(super) write_timeout: Option<Duration>,
    pub(super) linger: Option<Duration>,
}

impl Options {
    pub(super) const fn new(config: Config) -> Self {
        Self {
            config,
            read_timeout: None,
            write_timeout: None,
            linger: None,
        }
    }

    /// Nagle's algorithm is off.
    pub(super) fn nodelay(&self) -> bool {
        self.config == self.config.nagle(Switch::Off)
    }
}

/// The hop limit that a configuration has.
pub(super) fn ttl_of(config: Config) -> u8 {
    let is_it = |hops: &u8| config.hop_limit(*hops) == config;
    (1..=u8::MAX).find(is_it).unwrap_or(u8::MAX)
}

pub(super) fn valid_ttl(ttl: u32) -> io::Result<u8> {
    let ttl = u8::try_from(ttl).ok().filter(|ttl| *ttl != 0);
    ttl.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "a TTL is 1 to 255"))
}

/// `std::net` refuses a timeout of zero, which would be no timeout or no wait at all.
pub(super) fn valid_timeout(timeout: Option<Duration>) -> io::Result<Option<Duration>> {
    if timeout.is_some_and(|timeout| timeout.is_zero()) {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "the timeout is zero",
        ));
    }
    Ok(timeout)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_set_in_a_configuration_is_read_back() {
        let config = Config::new();
        assert_eq!(ttl_of(config), 64);
        assert_eq!(ttl_of(config.hop_limit(255)), 255);
        assert!(!Options::new(config).nodelay());
        assert!(Options::new(config.nagle(Switch::Off)).nodelay());
    }

    #[test]
    fn what_std_net_refuses_is_refused() {
        assert!(valid_ttl(0).is_err());
        assert!(valid_ttl(256).is_err());
        assert_eq!(valid_ttl(255).ok(), Some(255));
        assert!(valid_timeout(Some(Duration::ZERO)).is_err());
        assert_eq!(valid_timeout(None).ok(), Some(None));
    }
}
