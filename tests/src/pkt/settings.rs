//! How a script is run: by the command line, and by the options at its head.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::ast::Script;
use super::compare::{Rigour, Tolerance};
use super::tuning::Profile;

/// By the command line.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Settings {
    pub profile: Profile,
    pub rigour: Rigour,
    /// Whether a segment must come out as one, and not in several that follow each other.
    pub strict_segments: bool,
    pub tolerance: Tolerance,
}

/// Addresses, ports and sizes by the options of a script.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Scene {
    pub local: IpAddr,
    pub remote: IpAddr,
    pub prefix: u8,
    pub bind_port: u16,
    pub connect_port: u16,
    pub mtu: u16,
    pub tolerance: Tolerance,
    pub strict_segments: bool,
}

/// Options that change nothing here: what they are about does not exist in virtual time, or is
/// always so.
const WITHOUT_EFFECT: [&str; 18] = [
    "cmd_timeout_usecs",
    "debug",
    "dry_run",
    "gateway_ip",
    "gateway_ip6",
    "init_scripts",
    "local_linklocal_ip",
    "netmask_ip",
    "no_cleanup",
    "non_fatal",
    "persistent_tun_dev",
    "send_omit_free",
    "so_filename",
    "speed",
    "tcp_ts_tick_usecs",
    "ts_tick_usecs",
    "use_expect",
    "verbose",
];

impl Scene {
    /// The scene of a script.
    ///
    /// # Errors
    /// The line and the option that is not known, or whose value is none.
    pub fn of(script: &Script, settings: &Settings) -> Result<Self, (usize, String)> {
        let mut scene = Self {
            local: Ipv4Addr::new(192, 168, 0, 1).into(),
            remote: Ipv4Addr::new(192, 0, 2, 1).into(),
            prefix: 16,
            bind_port: 8_080,
            connect_port: 8_080,
            mtu: 1_500,
            tolerance: settings.tolerance,
            strict_segments: settings.strict_segments,
        };
        for option in &script.options {
            let value = option.value.as_deref().unwrap_or_default();
            if scene.take(&option.name, value).is_none() {
                let what = format!("--{}={value}", option.name);
                return Err((option.line, what));
            }
        }
        Ok(scene)
    }

    fn take(&mut self, name: &str, value: &str) -> Option<()> {
        match name {
            "ip_version" => match value {
                "ipv4" | "ipv4-mapped-ipv6" => {}
                "ipv6" => {
                    self.local = Ipv6Addr::new(0xfd3d, 0xfa7b, 0xd17d, 0, 0, 0, 0, 1).into();
                    self.remote = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1).into();
                    self.prefix = 48;
                }
                _ => return None,
            },
            "mtu" => self.mtu = value.parse().ok().filter(|mtu| *mtu >= 68)?,
            "bind_port" => self.bind_port = value.parse().ok()?,
            "connect_port" => self.connect_port = value.parse().ok()?,
            "tolerance_usecs" => self.tolerance.us = value.parse().ok()?,
            "tolerance_percent" => {
                let percent: f64 = value.parse().ok()?;
                #[expect(clippy::cast_possible_truncation, reason = "a share of a time")]
                let permille = (percent * 10.0) as i64;
                self.tolerance.permille = permille;
            }
            "strict_segments" => self.strict_segments = true,
            "local_ip" | "local_ip6" => replace(&mut self.local, value)?,
            "remote_ip" | "remote_ip6" => replace(&mut self.remote, value)?,
            _ if WITHOUT_EFFECT.contains(&name) => {}
            _ => return None,
        }
        Some(())
    }
}

/// Puts an address in the place of one of its family; one of the other family is not used.
fn replace(address: &mut IpAddr, value: &str) -> Option<()> {
    let new: IpAddr = value.split('/').next()?.parse().ok()?;
    if new.is_ipv4() == address.is_ipv4() {
        *address = new;
    }
    Some(())
}
