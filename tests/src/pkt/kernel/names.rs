//! Constants by name: levels and options of sockets, and errors.

use rustix::io::Errno;

macro_rules! named {
    ($($name:ident)*) => {
        &[$((stringify!($name), libc::$name as i64)),*]
    };
}

/// Levels, options of sockets, and values of options.
const OPTIONS: &[(&str, i64)] = named! {
    SOL_SOCKET SOL_TCP SOL_IP SOL_IPV6 IPPROTO_TCP IPPROTO_IP IPPROTO_IPV6
    SO_REUSEADDR SO_REUSEPORT SO_SNDBUF SO_RCVBUF SO_LINGER SO_KEEPALIVE SO_ERROR SO_RCVLOWAT
    SO_SNDTIMEO SO_RCVTIMEO SO_TYPE SO_ACCEPTCONN SO_OOBINLINE SO_PRIORITY SO_DONTROUTE
    SO_DOMAIN SO_PROTOCOL SO_BUSY_POLL SO_MAX_PACING_RATE
    TCP_NODELAY TCP_MAXSEG TCP_CORK TCP_KEEPIDLE TCP_KEEPINTVL TCP_KEEPCNT TCP_USER_TIMEOUT
    TCP_LINGER2 TCP_DEFER_ACCEPT TCP_SYNCNT TCP_QUICKACK TCP_CONGESTION TCP_INFO
    TCP_WINDOW_CLAMP TCP_FASTOPEN TCP_FASTOPEN_CONNECT TCP_NOTSENT_LOWAT TCP_TIMESTAMP
    TCP_THIN_LINEAR_TIMEOUTS TCP_INQ
    IP_TOS IP_TTL IP_MTU_DISCOVER IP_MTU IP_RECVERR IPV6_TCLASS IPV6_UNICAST_HOPS
    IPV6_MTU_DISCOVER IPV6_V6ONLY
    IP_PMTUDISC_DONT IP_PMTUDISC_WANT IP_PMTUDISC_DO IP_PMTUDISC_PROBE
    MSG_OOB MSG_PEEK MSG_DONTWAIT MSG_WAITALL MSG_NOSIGNAL MSG_MORE MSG_EOR MSG_TRUNC
    MSG_FASTOPEN EPOLL_CLOEXEC
};

/// Errors, each number once.
const ERRNOS: &[(&str, i64)] = named! {
    EPERM ENOENT EINTR EIO EBADF EAGAIN ENOMEM EACCES EFAULT EBUSY EEXIST ENODEV EINVAL EPIPE
    EDOM ENOTSOCK EDESTADDRREQ EMSGSIZE EPROTOTYPE ENOPROTOOPT EPROTONOSUPPORT EOPNOTSUPP
    EAFNOSUPPORT EADDRINUSE EADDRNOTAVAIL ENETDOWN ENETUNREACH ENETRESET ECONNABORTED ECONNRESET
    ENOBUFS EISCONN ENOTCONN ETIMEDOUT ECONNREFUSED EHOSTDOWN EHOSTUNREACH EALREADY EINPROGRESS
    EPROTO ENONET
};

/// The value of a constant that only the kernel's sockets need.
pub(super) fn option(name: &str) -> Option<i64> {
    find(OPTIONS, name).or_else(|| find(ERRNOS, name))
}

fn find(table: &[(&str, i64)], name: &str) -> Option<i64> {
    let entry = table.iter().find(|(known, _)| *known == name);
    entry.map(|(_, value)| *value)
}

/// Whether an error is the one that a script names.
pub(super) fn is(errno: Errno, name: &str) -> bool {
    let name = match name {
        "EWOULDBLOCK" => "EAGAIN",
        "ENOTSUP" => "EOPNOTSUPP",
        name => name,
    };
    find(ERRNOS, name) == Some(errno.raw_os_error().into())
}

/// The name of an error.
pub(super) fn of_errno(errno: Errno) -> String {
    let number = i64::from(errno.raw_os_error());
    let entry = ERRNOS.iter().find(|(_, known)| *known == number);
    entry.map_or_else(|| format!("errno {number}"), |(name, _)| (*name).into())
}
