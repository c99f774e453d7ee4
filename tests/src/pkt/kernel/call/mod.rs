//! System calls: from names and arguments of a script to the kernel, and back.
//!
//! * `descriptors`: which of the kernel's is which of the script's. `transfer`: reading and
//!   writing. `options`: those of sockets. `ready`: `poll` and `epoll`.

mod descriptors;
mod options;
mod ready;
mod transfer;

use std::net::SocketAddr;
use std::sync::Arc;

use rustix::fd::OwnedFd;
use rustix::fs::OFlags;
use rustix::io::Errno;
use rustix::net::{self, AddressFamily, Shutdown, SocketFlags, SocketType};

pub(super) use descriptors::Descriptors;
pub(super) use options::tcp_info;

use super::caller::{Out, Returned, Work};
use super::runner::{Pending, Runner};
use super::{Stop, names};
use crate::pkt::ast::{Call, Expr, Field};
use crate::pkt::{render, value};

/// Calls whose first argument is a descriptor: one that is not open is their error, and not that
/// of a call that nobody knows.
const OF_DESCRIPTORS: [&str; 23] = [
    "accept",
    "accept4",
    "bind",
    "close",
    "connect",
    "epoll_ctl",
    "epoll_wait",
    "fcntl",
    "getsockopt",
    "ioctl",
    "listen",
    "read",
    "readv",
    "recv",
    "recvfrom",
    "recvmsg",
    "send",
    "sendmsg",
    "sendto",
    "setsockopt",
    "shutdown",
    "write",
    "writev",
];

/// A call that can be made.
pub(super) struct Prepared {
    pub(super) work: Work,
    pub(super) stated: Stated,
}

/// What a script says that a call does, apart from its result.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) enum Stated {
    #[default]
    Nothing,
    /// It makes a descriptor, which has this number.
    Opens(Option<i64>),
    /// It listens.
    Listens(i64),
    /// An integer, as a value of an option.
    Int(i64),
    Octets(Vec<u8>),
    /// The events of each entry that was registered with a number.
    Ready(Vec<(Option<u64>, i64)>),
}

impl Prepared {
    pub(super) fn new(work: impl FnOnce() -> Returned + Send + 'static) -> Self {
        Self {
            work: Box::new(work),
            stated: Stated::Nothing,
        }
    }

    pub(super) fn stating(mut self, stated: Stated) -> Self {
        self.stated = stated;
        self
    }

    /// A call that fails before it is made.
    fn failing(errno: Errno) -> Self {
        Self::new(move || Returned::of::<i64>(Err(errno)))
    }
}

/// Why a call cannot be made.
pub(super) enum Trouble {
    /// What of its arguments is not known.
    Argument(String),
    /// The call itself is not known.
    Unknown,
}

impl From<String> for Trouble {
    fn from(what: String) -> Self {
        Self::Argument(what)
    }
}

/// An argument that is a number, by the names of the kernel too.
pub(super) fn number(expr: &Expr) -> Result<i64, String> {
    match expr {
        Expr::Name(name) => names::option(name).map_or_else(|| value::number(expr), Ok),
        Expr::Or(parts) => parts
            .iter()
            .try_fold(0, |sum, part| Ok(sum | number(part)?)),
        Expr::List(parts) => match parts.as_slice() {
            [one] => number(one),
            _ => Err(render::expr(expr)),
        },
        other => value::number(other),
    }
}

/// A number for a parameter of 32 bits.
pub(super) fn int(expr: &Expr) -> Result<i32, String> {
    let number = number(expr)?;
    let narrow = i32::try_from(number).or_else(|_| u32::try_from(number).map(u32::cast_signed));
    narrow.map_err(|_| render::expr(expr))
}

pub(super) fn argument(call: &Call, at: usize) -> &Expr {
    call.args.get(at).unwrap_or(&Expr::Ellipsis)
}

impl Runner<'_> {
    /// Makes a call ready.
    pub(super) fn prepare(&mut self, call: &Call) -> Result<Prepared, Stop> {
        self.dispatch(call).map_err(|trouble| match trouble {
            Trouble::Argument(what) => Stop::Unsupported(format!("{}: {what}", call.name)),
            Trouble::Unknown => Stop::Unsupported(render::call(call)),
        })
    }

    fn dispatch(&mut self, call: &Call) -> Result<Prepared, Trouble> {
        let wanted = number(&call.result).ok().filter(|number| *number >= 0);
        match call.name.as_str() {
            "socket" => return self.socket(call, wanted),
            "poll" => return self.poll(call),
            "epoll_create" | "epoll_create1" => return Ok(ready::create(wanted)),
            _ => {}
        }
        if !OF_DESCRIPTORS.contains(&call.name.as_str()) {
            return Err(Trouble::Unknown);
        }
        let number_of_fd = number(argument(call, 0))?;
        if call.name == "close" {
            return Ok(match self.descriptors.remove(number_of_fd) {
                Some(fd) => Prepared::new(move || {
                    drop(fd);
                    Returned::nothing(Ok(()))
                }),
                None => Prepared::failing(Errno::BADF),
            });
        }
        let Some(fd) = self.descriptors.get(number_of_fd) else {
            return Ok(Prepared::failing(Errno::BADF));
        };
        match call.name.as_str() {
            "bind" => {
                let usual = SocketAddr::new(self.scene.local, self.scene.bind_port);
                let to = value::address(argument(call, 1), usual)?.unwrap_or(usual);
                Ok(Prepared::new(move || Returned::nothing(net::bind(fd, &to))))
            }
            "listen" => {
                let backlog = int(argument(call, 1))?;
                let work = move || Returned::nothing(net::listen(fd, backlog));
                Ok(Prepared::new(work).stating(Stated::Listens(number_of_fd)))
            }
            "accept" | "accept4" => accept(call, fd, wanted),
            "connect" => self.connect(call, fd),
            "shutdown" => shutdown(call, fd),
            "fcntl" => fcntl(call, fd),
            "setsockopt" => options::set(call, fd),
            "getsockopt" => options::get(call, fd),
            "ioctl" => options::queue(call, fd),
            "epoll_ctl" => self.epoll_control(call, fd),
            "epoll_wait" => ready::wait(call, fd),
            _ => transfer::transfer(call, fd),
        }
    }

    fn socket(&self, call: &Call, wanted: Option<i64>) -> Result<Prepared, Trouble> {
        const KIND: i64 = 0xf;
        let kind = number(argument(call, 1))?;
        if kind & KIND != i64::from(libc::SOCK_STREAM) {
            return Err(Trouble::Unknown);
        }
        let family = if self.scene.local.is_ipv4() {
            AddressFamily::INET
        } else {
            AddressFamily::INET6
        };
        let flags = u32::try_from(kind & !KIND).map_err(|_| Trouble::Unknown)?;
        let flags = SocketFlags::from_bits(flags).ok_or(Trouble::Unknown)?;
        let congestion = self.congestion.clone();
        let work = move || {
            let flags = flags | SocketFlags::CLOEXEC;
            let made = net::socket_with(family, SocketType::STREAM, flags, None);
            Returned::opened(made.and_then(|fd| {
                options::set_congestion(&fd, &congestion)?;
                Ok(fd)
            }))
        };
        Ok(Prepared::new(work).stating(Stated::Opens(wanted)))
    }

    fn connect(&mut self, call: &Call, fd: Arc<OwnedFd>) -> Result<Prepared, Trouble> {
        if let Expr::Struct(fields) = argument(call, 1)
            && family(fields).is_some_and(|name| name == "AF_UNSPEC")
        {
            return Ok(Prepared::new(move || {
                Returned::nothing(net::connect_unspec(fd))
            }));
        }
        let usual = SocketAddr::new(self.scene.remote, self.scene.connect_port);
        let to = value::address(argument(call, 1), usual)?.unwrap_or(usual);
        Ok(Prepared::new(move || {
            Returned::nothing(net::connect(fd, &to))
        }))
    }

    /// Compares what a call returned with what the script says, and keeps what it made.
    pub(super) fn judge(&mut self, pending: &Pending<'_>, got: &Returned) -> Result<(), Stop> {
        let call = pending.call;
        let failed = |got: String| {
            let expected = render::call(call);
            Err(Stop::Failed(format!("expected {expected} got {got}")))
        };
        let result = match (&got.result, &got.out, &pending.stated) {
            (Ok(_), Out::Opened(fd), Stated::Opens(wanted)) => {
                Ok(self.descriptors.add(*wanted, Arc::clone(&fd.0)))
            }
            (result, _, _) => *result,
        };
        if let (Ok(_), Stated::Listens(fd)) = (result, &pending.stated) {
            self.descriptors.set_listening(*fd);
            self.flows.choose(None);
        }
        if call.result != Expr::Ellipsis {
            let expected = number(&call.result).map_err(Stop::Unsupported)?;
            match (result, &call.errno) {
                (Ok(value), None) if value == expected => {}
                (Err(_), None) if expected == -1 => {}
                (Err(errno), Some(name)) if expected == -1 && names::is(errno, name) => {}
                (Ok(value), _) => return failed(value.to_string()),
                (Err(errno), _) => return failed(format!("-1 {}", names::of_errno(errno))),
            }
        }
        if result.is_err() {
            return Ok(());
        }
        match differing(&pending.stated, &got.out) {
            Some(got) => failed(got),
            None => Ok(()),
        }
    }
}

/// What a call wrote, where it is not what the script says.
fn differing(stated: &Stated, out: &Out) -> Option<String> {
    match (stated, out) {
        (Stated::Int(expected), Out::Octets(octets)) => {
            let mut wide = [0; 4];
            let len = octets.len().min(wide.len());
            wide.get_mut(..len)?.copy_from_slice(octets.get(..len)?);
            let got = i32::from_ne_bytes(wide);
            (i64::from(got) != *expected).then(|| format!("[{got}]"))
        }
        (Stated::Octets(expected), Out::Octets(octets)) => {
            // The kernel pads the names of algorithms with zeros.
            let got = octets.split(|octet| *octet == 0).next().unwrap_or_default();
            let is_same = octets == expected || got == expected.as_slice();
            (!is_same).then(|| render::expr(&Expr::Str(got.to_vec())))
        }
        (Stated::Ready(expected), Out::Ready(got)) => {
            let is_same = expected.len() == got.len()
                && expected.iter().zip(got).all(|(expected, got)| {
                    expected.0.is_none_or(|data| data == got.0) && expected.1 == got.1
                });
            let each = |(data, events): &(u64, i64)| format!("{data}: {events:#x}");
            let all: Vec<String> = got.iter().map(each).collect();
            (!is_same).then(|| format!("the events {{{}}}", all.join(", ")))
        }
        _ => None,
    }
}

fn family(fields: &[Field]) -> Option<&str> {
    let names = ["sa_family", "sin_family", "sin6_family"];
    let field = names.iter().find_map(|name| value::field(fields, name))?;
    match field {
        Expr::Name(name) => Some(name),
        _ => None,
    }
}

fn accept(call: &Call, fd: Arc<OwnedFd>, wanted: Option<i64>) -> Result<Prepared, Trouble> {
    let bits = if call.name == "accept4" {
        u32::try_from(number(argument(call, 3))?).map_err(|_| Trouble::Unknown)?
    } else {
        0
    };
    let flags = SocketFlags::from_bits(bits).ok_or(Trouble::Unknown)? | SocketFlags::CLOEXEC;
    let work = move || Returned::opened(net::accept_with(fd, flags));
    Ok(Prepared::new(work).stating(Stated::Opens(wanted)))
}

fn shutdown(call: &Call, fd: Arc<OwnedFd>) -> Result<Prepared, Trouble> {
    let how = match number(argument(call, 1))? {
        0 => Shutdown::Read,
        1 => Shutdown::Write,
        2 => Shutdown::Both,
        _ => return Ok(Prepared::failing(Errno::INVAL)),
    };
    Ok(Prepared::new(move || {
        Returned::nothing(net::shutdown(fd, how))
    }))
}

fn fcntl(call: &Call, fd: Arc<OwnedFd>) -> Result<Prepared, Trouble> {
    let Expr::Name(command) = argument(call, 1) else {
        return Err(Trouble::Unknown);
    };
    match command.as_str() {
        "F_GETFL" => Ok(Prepared::new(move || {
            let flags = rustix::fs::fcntl_getfl(fd);
            Returned::of(flags.map(|flags| flags.bits()))
        })),
        "F_SETFL" => {
            let bits = u32::try_from(number(argument(call, 2))?);
            let flags = OFlags::from_bits_retain(bits.map_err(|_| Trouble::Unknown)?);
            Ok(Prepared::new(move || {
                Returned::nothing(rustix::fs::fcntl_setfl(fd, flags))
            }))
        }
        // Descriptors of scripts are closed by programs that nobody executes.
        "F_GETFD" | "F_SETFD" => Ok(Prepared::new(|| Returned::nothing(Ok(())))),
        _ => Err(Trouble::Unknown),
    }
}
