//! Waiting for readiness: `poll` and `epoll`.

use std::sync::Arc;

use rustix::buffer::spare_capacity;
use rustix::event::{PollFd, PollFlags, Timespec, epoll, poll};
use rustix::fd::OwnedFd;
use rustix::io::Errno;

use super::{Prepared, Stated, Trouble, argument, number};
use crate::pkt::ast::{Call, Expr, Field};
use crate::pkt::kernel::caller::{Out, Returned};
use crate::pkt::kernel::runner::Runner;
use crate::pkt::value;

/// What an entry of an `epoll` set is registered with: `{events=..., fd=...}`.
const DATA: [&str; 4] = ["fd", "u32", "u64", "ptr"];

pub(super) fn create(wanted: Option<i64>) -> Prepared {
    let work = || Returned::opened(epoll::create(epoll::CreateFlags::CLOEXEC));
    Prepared::new(work).stating(Stated::Opens(wanted))
}

/// `epoll_wait(epfd, {events=..., fd=...}, count, timeout)`, or with a list of structures.
pub(super) fn wait(call: &Call, fd: Arc<OwnedFd>) -> Result<Prepared, Trouble> {
    let room = value::count(argument(call, 2))?.clamp(1, 1_024);
    let timeout = timeout(argument(call, 3))?;
    let stated = match entries(argument(call, 1)) {
        None => Stated::Nothing,
        Some(entries) => Stated::Ready(
            entries
                .iter()
                .map(|e| registered(e))
                .collect::<Result<_, _>>()?,
        ),
    };
    let work = move || {
        let mut ready: Vec<epoll::Event> = Vec::with_capacity(room);
        let done = epoll::wait(&fd, spare_capacity(&mut ready), timeout.as_ref());
        let each = |event: &epoll::Event| {
            // The structure is packed: no field may be borrowed.
            let (data, flags) = (event.data, event.flags);
            (data.u64(), i64::from(flags.bits()))
        };
        Returned {
            result: done.map(|count| i64::try_from(count).unwrap_or(i64::MAX)),
            out: Out::Ready(ready.iter().map(each).collect()),
        }
    };
    Ok(Prepared::new(work).stating(stated))
}

/// The structures of an argument that is one of them, a list, or a structure of structures;
/// `None`: unchecked.
fn entries(expr: &Expr) -> Option<Vec<&[Field]>> {
    match expr {
        Expr::List(parts) => parts.iter().map(structure).collect(),
        Expr::Struct(fields) if fields.iter().all(|field| field.name.is_none()) => {
            let values = fields.iter().map(|field| field.value.as_ref());
            values.map(|value| value.and_then(structure)).collect()
        }
        Expr::Struct(fields) => Some(vec![fields]),
        _ => None,
    }
}

fn structure(expr: &Expr) -> Option<&[Field]> {
    match expr {
        Expr::Struct(fields) => Some(fields),
        _ => None,
    }
}

/// What an entry is registered with, and its events.
fn registered(fields: &[Field]) -> Result<(Option<u64>, i64), String> {
    let data = DATA.iter().find_map(|name| value::field(fields, name));
    let data = match data {
        None | Some(Expr::Ellipsis) => None,
        Some(data) => Some(number(data)?.cast_unsigned()),
    };
    let events = value::field(fields, "events").map_or(Ok(0), number)?;
    Ok((data, events))
}

/// From milliseconds; `None`: for ever.
fn timeout(expr: &Expr) -> Result<Option<Timespec>, String> {
    let millis = number(expr)?;
    Ok((millis >= 0).then(|| Timespec {
        tv_sec: millis / 1_000,
        tv_nsec: millis % 1_000 * 1_000_000,
    }))
}

impl Runner<'_> {
    /// `epoll_ctl(epfd, EPOLL_CTL_ADD, fd, {events=..., fd=...})`.
    pub(super) fn epoll_control(
        &self,
        call: &Call,
        set: Arc<OwnedFd>,
    ) -> Result<Prepared, Trouble> {
        let number_of_fd = number(argument(call, 2))?;
        let Some(fd) = self.descriptors.get(number_of_fd) else {
            return Ok(Prepared::failing(Errno::BADF));
        };
        let Expr::Name(operation) = argument(call, 1) else {
            return Err(Trouble::Unknown);
        };
        if operation == "EPOLL_CTL_DEL" {
            return Ok(Prepared::new(move || {
                Returned::nothing(epoll::delete(&set, &fd))
            }));
        }
        let Expr::Struct(fields) = argument(call, 3) else {
            return Err(Trouble::Unknown);
        };
        let (data, events) = registered(fields)?;
        let data = data.unwrap_or(number_of_fd.cast_unsigned());
        let events = u32::try_from(events).map_err(|_| Trouble::Unknown)?;
        let events = epoll::EventFlags::from_bits_retain(events);
        let is_new = match operation.as_str() {
            "EPOLL_CTL_ADD" => true,
            "EPOLL_CTL_MOD" => false,
            _ => return Err(Trouble::Unknown),
        };
        Ok(Prepared::new(move || {
            let data = epoll::EventData::new_u64(data);
            Returned::nothing(if is_new {
                epoll::add(&set, &fd, data, events)
            } else {
                epoll::modify(&set, &fd, data, events)
            })
        }))
    }

    /// `poll([{fd=4, events=POLLIN, revents=POLLIN}], 1, timeout)`.
    pub(super) fn poll(&self, call: &Call) -> Result<Prepared, Trouble> {
        let Expr::List(all) = argument(call, 0) else {
            return Err(Trouble::Unknown);
        };
        let mut watched = Vec::new();
        let mut stated = Vec::new();
        for one in all {
            let Expr::Struct(fields) = one else {
                return Err(Trouble::Unknown);
            };
            let of = |name| value::field(fields, name).map_or(Ok(0), number);
            let fd = self.descriptors.get(of("fd")?);
            let fd = fd.ok_or_else(|| "a descriptor that is not open".to_owned())?;
            let events = u16::try_from(of("events")?).map_err(|_| Trouble::Unknown)?;
            watched.push((fd, PollFlags::from_bits_retain(events)));
            stated.push((None, of("revents")?));
        }
        let timeout = timeout(argument(call, 2))?;
        let work = move || {
            let watch = |(fd, events): &'_ (Arc<OwnedFd>, PollFlags)| (Arc::clone(fd), *events);
            let held: Vec<_> = watched.iter().map(watch).collect();
            let mut fds: Vec<PollFd<'_>> = held
                .iter()
                .map(|(fd, events)| PollFd::new(fd, *events))
                .collect();
            let done = poll(&mut fds, timeout.as_ref());
            let each = |fd: &PollFd<'_>| (0, i64::from(fd.revents().bits()));
            Returned {
                result: done.map(|count| i64::try_from(count).unwrap_or(i64::MAX)),
                out: Out::Ready(fds.iter().map(each).collect()),
            }
        };
        Ok(Prepared::new(work).stating(Stated::Ready(stated)))
    }
}
