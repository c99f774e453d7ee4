//! Options of sockets, and what their queues hold.

use std::sync::Arc;

use rustix::fd::{AsRawFd, OwnedFd};
use rustix::io::Errno;

use super::{Prepared, Stated, Trouble, argument, int, number};
use crate::pkt::ast::{Call, Expr, Field};
use crate::pkt::kernel::caller::{Out, Returned};
use crate::pkt::value;

/// No option is longer.
const LONGEST: usize = 512;

/// `setsockopt(fd, level, NAME, [value], length)`.
pub(super) fn set(call: &Call, fd: Arc<OwnedFd>) -> Result<Prepared, Trouble> {
    let (level, name) = (int(argument(call, 1))?, int(argument(call, 2))?);
    let mut octets = encode(argument(call, 3))?;
    if let Expr::Int(len) = argument(call, 4)
        && let Ok(len) = usize::try_from(*len)
        && len <= LONGEST
    {
        octets.resize(len, 0);
    }
    Ok(Prepared::new(move || {
        Returned::nothing(set_option(&fd, (level, name), &octets))
    }))
}

/// `getsockopt(fd, level, NAME, [value], [length])`.
pub(super) fn get(call: &Call, fd: Arc<OwnedFd>) -> Result<Prepared, Trouble> {
    let (level, name) = (int(argument(call, 1))?, int(argument(call, 2))?);
    let stated = stated(argument(call, 3))?;
    let len = match argument(call, 4) {
        Expr::Ellipsis => LONGEST,
        len => value::count(len)?.min(LONGEST),
    };
    let work = move || match get_option(&fd, (level, name), len) {
        Ok(octets) => Returned {
            result: Ok(0),
            out: Out::Octets(octets),
        },
        Err(errno) => Returned::of::<i64>(Err(errno)),
    };
    Ok(Prepared::new(work).stating(stated))
}

/// `ioctl(fd, SIOCINQ, [octets])`.
pub(super) fn queue(call: &Call, fd: Arc<OwnedFd>) -> Result<Prepared, Trouble> {
    let Expr::Name(name) = argument(call, 1) else {
        return Err(Trouble::Unknown);
    };
    let request = match name.as_str() {
        "SIOCINQ" | "FIONREAD" => libc::FIONREAD,
        "SIOCOUTQ" | "TIOCOUTQ" => libc::TIOCOUTQ,
        "SIOCOUTQNSD" => 0x894b,
        "FIONBIO" => {
            let is_on = number(argument(call, 2))? != 0;
            return Ok(Prepared::new(move || {
                Returned::nothing(rustix::io::ioctl_fionbio(fd, is_on))
            }));
        }
        _ => return Err(Trouble::Unknown),
    };
    let stated = stated(argument(call, 2))?;
    let work = move || {
        let mut octets: libc::c_int = 0;
        // SAFETY: each of these requests writes one `int` to the address that it is given.
        let done = unsafe { libc::ioctl(fd.as_raw_fd(), request, &raw mut octets) };
        match check(done) {
            Ok(()) => Returned {
                result: Ok(0),
                out: Out::Octets(octets.to_ne_bytes().to_vec()),
            },
            Err(errno) => Returned::of::<i64>(Err(errno)),
        }
    };
    Ok(Prepared::new(work).stating(stated))
}

/// The kernel's `struct tcp_info`, as much of it as it has.
pub(in crate::pkt::kernel) fn tcp_info(fd: &OwnedFd) -> Result<Vec<u8>, Errno> {
    get_option(fd, (libc::SOL_TCP, libc::TCP_INFO), LONGEST)
}

pub(super) fn set_congestion(fd: &OwnedFd, name: &str) -> Result<(), Errno> {
    set_option(fd, (libc::SOL_TCP, libc::TCP_CONGESTION), name.as_bytes())
}

fn set_option(fd: &OwnedFd, (level, name): (i32, i32), value: &[u8]) -> Result<(), Errno> {
    let len = libc::socklen_t::try_from(value.len()).map_err(|_| Errno::INVAL)?;
    // SAFETY: the kernel reads `len` octets of `value`, which has as many.
    let done = unsafe { libc::setsockopt(fd.as_raw_fd(), level, name, value.as_ptr().cast(), len) };
    check(done)
}

fn get_option(fd: &OwnedFd, (level, name): (i32, i32), room: usize) -> Result<Vec<u8>, Errno> {
    let mut value = vec![0; room];
    let mut len = libc::socklen_t::try_from(room).map_err(|_| Errno::INVAL)?;
    // SAFETY: the kernel writes at most `len` octets to `value`, which has as many, and then how
    // many they were to `len`.
    let done = unsafe {
        libc::getsockopt(
            fd.as_raw_fd(),
            level,
            name,
            value.as_mut_ptr().cast(),
            &raw mut len,
        )
    };
    check(done)?;
    value.truncate(usize::try_from(len).unwrap_or(0));
    Ok(value)
}

fn check(done: libc::c_int) -> Result<(), Errno> {
    if done == 0 {
        return Ok(());
    }
    Err(Errno::from_io_error(&std::io::Error::last_os_error()).unwrap_or(Errno::IO))
}

/// The value of an option as the kernel wants it.
fn encode(expr: &Expr) -> Result<Vec<u8>, String> {
    let unknown = || crate::pkt::render::expr(expr);
    match expr {
        Expr::Str(text) => Ok(text.clone()),
        Expr::List(parts) => match parts.as_slice() {
            [one] => encode(one),
            _ => Err(unknown()),
        },
        Expr::Struct(fields) => {
            let numbers: Result<Vec<i64>, String> = fields.iter().map(of_field).collect();
            let is_time = fields.iter().any(|field| {
                let name = field.name.as_deref().unwrap_or_default();
                name.starts_with("tv_")
            });
            let mut octets = Vec::new();
            for number in numbers? {
                if is_time {
                    octets.extend(number.to_ne_bytes());
                } else {
                    let narrow = i32::try_from(number).map_err(|_| unknown())?;
                    octets.extend(narrow.to_ne_bytes());
                }
            }
            Ok(octets)
        }
        other => Ok(int(other)?.to_ne_bytes().to_vec()),
    }
}

fn of_field(field: &Field) -> Result<i64, String> {
    let value = field.value.as_ref();
    value.map_or_else(|| Err("a field without a value".into()), number)
}

/// What a call must write.
fn stated(expr: &Expr) -> Result<Stated, String> {
    match expr {
        Expr::Ellipsis => Ok(Stated::Nothing),
        Expr::Str(_) | Expr::Struct(_) => {
            if matches!(expr, Expr::Struct(fields) if is_open(fields)) {
                return Ok(Stated::Nothing);
            }
            encode(expr).map(Stated::Octets)
        }
        Expr::List(parts) => match parts.as_slice() {
            [one] => stated(one),
            _ => Err(crate::pkt::render::expr(expr)),
        },
        other => number(other).map(Stated::Int),
    }
}

/// `{...}`
fn is_open(fields: &[Field]) -> bool {
    let mut fields = fields.iter();
    fields.any(|field| field.value == Some(Expr::Ellipsis))
}
