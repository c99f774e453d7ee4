//! `http://host[:port]/path`.

use std::fmt;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::str::FromStr;

/// Where a file is, by HTTP.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Url {
    /// An IPv6 address without its brackets.
    host: String,
    port: u16,
    /// Path and query, from the first slash.
    target: String,
}

impl Url {
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    pub(crate) fn target(&self) -> &str {
        &self.target
    }

    /// The authority, as the Host field has it.
    pub(crate) fn authority(&self) -> String {
        let host = match self.host.contains(':') {
            true => format!("[{}]", self.host),
            false => self.host.clone(),
        };
        match self.port {
            80 => host,
            port => format!("{host}:{port}"),
        }
    }

    /// The address; a name is looked up by the system.
    pub(crate) fn resolve(&self) -> io::Result<SocketAddr> {
        let mut addresses = (self.host.as_str(), self.port).to_socket_addrs()?;
        addresses
            .next()
            .ok_or_else(|| io::Error::other("the name has no address"))
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "http://{}{}", self.authority(), self.target)
    }
}

impl FromStr for Url {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let rest = text
            .strip_prefix("http://")
            .ok_or(if text.starts_with("https://") {
                "there is no TLS here: use http://"
            } else {
                "expected http://HOST[:PORT]/PATH"
            })?;
        if !text.bytes().all(|octet| octet.is_ascii_graphic()) {
            return Err("white space and other than ASCII must be percent-encoded");
        }
        let rest = rest.split('#').next().unwrap_or_default();
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, target) = rest.split_at(end);
        let (host, port) = split_authority(authority)?;
        if host.is_empty() || host.contains('@') {
            return Err("expected http://HOST[:PORT]/PATH, without a user name");
        }
        Ok(Self {
            host: host.to_owned(),
            port,
            target: match target.starts_with('/') {
                true => target.to_owned(),
                false => format!("/{target}"),
            },
        })
    }
}

fn split_authority(authority: &str) -> Result<(&str, u16), &'static str> {
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => {
            let (host, after) = rest
                .split_once(']')
                .ok_or("expected ']' after the address")?;
            (
                host,
                after.strip_prefix(':').or(after.is_empty().then_some("")),
            )
        }
        None => match authority.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (authority, Some("")),
        },
    };
    match port {
        Some("") => Ok((host, 80)),
        Some(port) => {
            let port = port.parse().ok().filter(|port| *port != 0);
            Ok((
                host,
                port.ok_or("the port is not a number between 1 and 65535")?,
            ))
        }
        None => Err("expected ':' and a port after the address"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_ports_and_paths_are_told_apart() {
        for (text, host, port, target) in [
            ("http://10.0.0.2/a/b?c", "10.0.0.2", 80, "/a/b?c"),
            ("http://10.0.0.2:8080", "10.0.0.2", 8080, "/"),
            ("http://[fd00::2]:81/x#y", "fd00::2", 81, "/x"),
            ("http://[fd00::2]", "fd00::2", 80, "/"),
            ("http://example.org?q", "example.org", 80, "/?q"),
        ] {
            let url: Url = text.parse().expect(text);
            assert_eq!((url.host(), url.port, url.target()), (host, port, target));
        }
        let url: Url = "http://[fd00::2]:81/x".parse().unwrap();
        assert_eq!(url.to_string(), "http://[fd00::2]:81/x");
    }

    #[test]
    fn what_is_no_http_url_is_refused() {
        for text in [
            "",
            "10.0.0.2",
            "https://10.0.0.2/",
            "http://",
            "http:///x",
            "http://h:0/",
            "http://h:99999/",
            "http://[fd00::2/",
            "http://[fd00::2]x/",
            "http://u@h/",
            "http://h/a b",
        ] {
            assert!(text.parse::<Url>().is_err(), "{text}");
        }
    }
}
