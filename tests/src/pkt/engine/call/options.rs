//! `setsockopt` and `getsockopt`: arguments in, values out.

use super::{Engine, Trouble};
use crate::pkt::ast::{Call, Expr};
use crate::pkt::sockets::Progress;
use crate::pkt::sockets::options::{Refusal, Value};
use crate::pkt::value::{self, number};

impl Engine<'_> {
    /// `setsockopt(fd, level, NAME, [value], length)`.
    pub(super) fn set_option(&mut self, fd: i64, call: &Call) -> Result<Progress, Trouble> {
        let name = name_of(call)?;
        let value = call.args.get(3).ok_or(Trouble::Unknown)?;
        if name == "SO_LINGER" {
            let (onoff, seconds) = linger(value)?;
            return Ok(self.sockets.set_linger(fd, (onoff != 0).then_some(seconds)));
        }
        // Which of several stacks, or controls, of a system is used makes no difference here.
        if matches!(name, "TCP_CONGESTION" | "TCP_FUNCTION_BLK") {
            return Ok(Progress::Done(0));
        }
        let value = number(value)?;
        let done = self.sockets.set_option(&mut self.bench, fd, name, value);
        refused(done)
    }

    /// `getsockopt(fd, level, NAME, [value], [length])`.
    pub(super) fn get_option(&mut self, fd: i64, call: &Call) -> Result<Progress, Trouble> {
        let name = name_of(call)?;
        if name == "TCP_INFO" {
            return Ok(Progress::Done(0));
        }
        let stated = call.args.get(3).unwrap_or(&Expr::Ellipsis);
        let value = match self.sockets.option(&self.bench, fd, name) {
            Ok(value) => value,
            Err(refusal) => return refused(Err(refusal)),
        };
        if *stated == Expr::Ellipsis
            || matches!(stated, Expr::List(all) if all[..] == [Expr::Ellipsis])
        {
            return Ok(Progress::Done(0));
        }
        let same = match value {
            Value::Number(value) => number(stated)? == value,
            Value::Error(errno) => {
                matches!(stated, Expr::List(all)
                    if matches!(&all[..], [Expr::Name(name)] if errno.is(name)))
            }
        };
        if same {
            return Ok(Progress::Done(0));
        }
        Err(Trouble::Differs(match value {
            Value::Number(value) => format!("[{value}]"),
            Value::Error(errno) => format!("[{errno}]"),
        }))
    }
}

fn refused(done: Result<Progress, Refusal>) -> Result<Progress, Trouble> {
    match done {
        Ok(progress) => Ok(progress),
        Err(Refusal::Error(errno)) => Ok(Progress::Failed(errno)),
        Err(Refusal::Unknown) => Err(Trouble::Unknown),
    }
}

fn name_of(call: &Call) -> Result<&str, Trouble> {
    match call.args.get(2) {
        Some(Expr::Name(name)) => Ok(name),
        _ => Err(Trouble::Unknown),
    }
}

/// `{onoff=1, linger=0}` or `{1, 0}`, in brackets or not.
fn linger(value: &Expr) -> Result<(i64, i64), Trouble> {
    let fields = match value {
        Expr::Struct(fields) => fields,
        Expr::List(all) => match all.as_slice() {
            [Expr::Struct(fields)] => fields,
            [onoff, seconds] => return Ok((number(onoff)?, number(seconds)?)),
            _ => return Err(Trouble::Unknown),
        },
        _ => return Err(Trouble::Unknown),
    };
    let of = |names: [&str; 2], place: usize| {
        let named = names.iter().find_map(|name| value::field(fields, name));
        named.or_else(|| fields.get(place)?.value.as_ref())
    };
    let onoff = of(["onoff", "l_onoff"], 0).ok_or(Trouble::Unknown)?;
    let seconds = of(["linger", "l_linger"], 1).ok_or(Trouble::Unknown)?;
    Ok((number(onoff)?, number(seconds)?))
}
