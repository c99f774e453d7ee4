//! Numbers, names and structures of a script's calls.

use std::net::SocketAddr;

use super::ast::{Expr, Field};
use super::sockets::readiness;

/// The value of a name that calls use.
fn constant(name: &str) -> Option<i64> {
    Some(match name {
        "O_RDONLY" | "AF_UNSPEC" | "SHUT_RD" => 0,
        "O_WRONLY" | "SOCK_STREAM" | "SHUT_WR" | "MSG_OOB" => 1,
        "O_RDWR" | "AF_INET" | "PF_INET" | "SOCK_DGRAM" | "SHUT_RDWR" | "MSG_PEEK" => 2,
        "O_NONBLOCK" | "SOCK_NONBLOCK" => 0x800,
        "SOCK_CLOEXEC" | "O_CLOEXEC" => 0x8_0000,
        "AF_INET6" | "PF_INET6" => 10,
        "IPPROTO_TCP" | "SOL_TCP" => 6,
        "IPPROTO_IP" | "SOL_IP" | "INADDR_ANY" | "NULL" => 0,
        "IPPROTO_IPV6" | "SOL_IPV6" => 41,
        "SOL_SOCKET" => 1,
        "FD_CLOEXEC" => 1,
        "MSG_DONTWAIT" => 0x40,
        "MSG_WAITALL" => 0x100,
        "MSG_NOSIGNAL" => 0x4000,
        "MSG_MORE" => 0x8000,
        "MSG_EOR" => 0x80,
        "MSG_TRUNC" => 0x20,
        "POLLIN" | "EPOLLIN" => readiness::IN,
        "POLLPRI" | "EPOLLPRI" => readiness::PRI,
        "POLLOUT" | "EPOLLOUT" => readiness::OUT,
        "POLLERR" | "EPOLLERR" => readiness::ERR,
        "POLLHUP" | "EPOLLHUP" => readiness::HUP,
        "POLLNVAL" => readiness::NVAL,
        "POLLRDNORM" | "EPOLLRDNORM" => readiness::RDNORM,
        "POLLWRNORM" | "EPOLLWRNORM" => readiness::WRNORM,
        "POLLRDHUP" | "EPOLLRDHUP" => readiness::RDHUP,
        "EPOLLET" => 1 << 31,
        "EPOLLONESHOT" => 1 << 30,
        "EPOLL_CTL_ADD" => 1,
        "EPOLL_CTL_DEL" => 2,
        "EPOLL_CTL_MOD" => 3,
        "IP_PMTUDISC_DONT" => 0,
        "IP_PMTUDISC_WANT" => 1,
        "IP_PMTUDISC_DO" => 2,
        "IP_PMTUDISC_PROBE" => 3,
        "IPTOS_LOWDELAY" => 0x10,
        "IPTOS_THROUGHPUT" => 8,
        "IPTOS_RELIABILITY" => 4,
        _ => return None,
    })
}

/// An argument that is a number.
///
/// # Errors
/// What it is instead.
pub(super) fn number(expr: &Expr) -> Result<i64, String> {
    match expr {
        Expr::Int(number) => Ok(*number),
        Expr::Name(name) => constant(name).ok_or_else(|| name.clone()),
        Expr::Or(parts) => parts
            .iter()
            .try_fold(0, |sum, part| Ok(sum | number(part)?)),
        Expr::Apply(name, args) if matches!(name.as_str(), "htons" | "htonl") => {
            args.first().map_or_else(|| Err(name.clone()), number)
        }
        Expr::List(parts) => match parts.as_slice() {
            [one] => number(one),
            _ => Err(crate::pkt::render::expr(expr)),
        },
        other => Err(crate::pkt::render::expr(other)),
    }
}

/// An argument that counts octets.
///
/// # Errors
/// What it is instead.
pub(super) fn count(expr: &Expr) -> Result<usize, String> {
    usize::try_from(number(expr)?).map_err(|_| crate::pkt::render::expr(expr))
}

/// A field of a structure by its name.
#[must_use]
pub(super) fn field<'e>(fields: &'e [Field], name: &str) -> Option<&'e Expr> {
    let mut fields = fields.iter();
    let named = fields.find(|field| field.name.as_deref() == Some(name))?;
    named.value.as_ref()
}

/// An argument that is an address; `None`: the usual one. The IP address is always the usual
/// one's, because the script's names another machine.
///
/// # Errors
/// What it is instead.
pub(super) fn address(expr: &Expr, usual: SocketAddr) -> Result<Option<SocketAddr>, String> {
    match expr {
        Expr::Ellipsis => Ok(None),
        Expr::Struct(fields) => {
            let port = ["sin_port", "sin6_port"]
                .iter()
                .find_map(|name| field(fields, name));
            Ok(match port {
                None | Some(Expr::Ellipsis) => None,
                Some(port) => {
                    let port = u16::try_from(number(port)?).map_err(|_| "a port".to_owned())?;
                    Some(SocketAddr::new(usual.ip(), port))
                }
            })
        }
        other => Err(crate::pkt::render::expr(other)),
    }
}

/// The sum of the lengths of an `iovec` array: `[{..., 100}, {..., 20}]`.
///
/// # Errors
/// What it is instead.
pub(super) fn vector(expr: &Expr) -> Result<usize, String> {
    let Expr::List(parts) = expr else {
        return Err(crate::pkt::render::expr(expr));
    };
    parts.iter().try_fold(0, |sum, part| match part {
        Expr::Struct(fields) => {
            let length = field(fields, "iov_len").or_else(|| fields.get(1)?.value.as_ref());
            let length = length.ok_or_else(|| crate::pkt::render::expr(part))?;
            Ok(sum + count(length)?)
        }
        other => Err(crate::pkt::render::expr(other)),
    })
}

/// The length of a `msghdr`'s vector.
///
/// # Errors
/// What it is instead.
pub(super) fn message(expr: &Expr) -> Result<usize, String> {
    match expr {
        Expr::Struct(fields) => match field(fields, "msg_iov") {
            Some(iov) => vector(iov),
            None => Err("a message without msg_iov".into()),
        },
        other => Err(crate::pkt::render::expr(other)),
    }
}
