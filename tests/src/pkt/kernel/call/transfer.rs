//! Reading and writing.

use std::io::{IoSlice, IoSliceMut};
use std::sync::Arc;

use rustix::fd::OwnedFd;
use rustix::net::{
    RecvAncillaryBuffer, RecvFlags, ReturnFlags, SendAncillaryBuffer, SendFlags, recv, recvmsg,
    send, sendmsg,
};

use super::{Prepared, Trouble, argument, number};
use crate::pkt::ast::{Call, Expr};
use crate::pkt::kernel::caller::Returned;
use crate::pkt::value;

/// No script reads or writes more at once.
const LONGEST: usize = 1 << 28;

pub(super) fn transfer(call: &Call, fd: Arc<OwnedFd>) -> Result<Prepared, Trouble> {
    match call.name.as_str() {
        "read" => {
            let mut buffer = octets(argument(call, 2))?;
            Ok(Prepared::new(move || {
                Returned::count(rustix::io::read(fd, &mut buffer))
            }))
        }
        "readv" => {
            let mut parts = vector(argument(call, 1))?;
            Ok(Prepared::new(move || {
                let mut parts: Vec<_> = parts.iter_mut().map(|p| IoSliceMut::new(p)).collect();
                Returned::count(rustix::io::readv(fd, &mut parts))
            }))
        }
        "recv" | "recvfrom" => {
            let mut buffer = octets(argument(call, 2))?;
            let flags = recv_flags(argument(call, 3))?;
            Ok(Prepared::new(move || {
                let received = recv(fd, buffer.as_mut_slice(), flags);
                Returned::count(received.map(|(_, len)| len))
            }))
        }
        "recvmsg" => recv_message(call, fd),
        "write" => {
            let buffer = written(argument(call, 1), argument(call, 2))?;
            Ok(Prepared::new(move || {
                Returned::count(rustix::io::write(fd, &buffer))
            }))
        }
        "writev" => {
            let parts = vector(argument(call, 1))?;
            Ok(Prepared::new(move || {
                let parts: Vec<_> = parts.iter().map(|part| IoSlice::new(part)).collect();
                Returned::count(rustix::io::writev(fd, &parts))
            }))
        }
        "send" | "sendto" if matches!(argument(call, 4), Expr::Ellipsis | Expr::Int(0)) => {
            let buffer = written(argument(call, 1), argument(call, 2))?;
            let flags = send_flags(argument(call, 3))?;
            Ok(Prepared::new(move || {
                Returned::count(send(fd, &buffer, flags))
            }))
        }
        "sendmsg" => send_message(call, fd),
        _ => Err(Trouble::Unknown),
    }
}

fn recv_message(call: &Call, fd: Arc<OwnedFd>) -> Result<Prepared, Trouble> {
    let mut parts = message(argument(call, 1))?;
    let flags = recv_flags(argument(call, 2))?;
    Ok(Prepared::new(move || {
        let mut parts: Vec<_> = parts.iter_mut().map(|part| IoSliceMut::new(part)).collect();
        let mut control = RecvAncillaryBuffer::default();
        let received = recvmsg(fd, &mut parts, &mut control, flags);
        let whole = |flags: ReturnFlags| !flags.contains(ReturnFlags::CTRUNC);
        debug_assert!(received.as_ref().map_or(true, |it| whole(it.flags)));
        Returned::count(received.map(|received| received.bytes))
    }))
}

fn send_message(call: &Call, fd: Arc<OwnedFd>) -> Result<Prepared, Trouble> {
    let parts = message(argument(call, 1))?;
    let flags = send_flags(argument(call, 2))?;
    Ok(Prepared::new(move || {
        let parts: Vec<_> = parts.iter().map(|part| IoSlice::new(part)).collect();
        let mut control = SendAncillaryBuffer::default();
        Returned::count(sendmsg(fd, &parts, &mut control, flags))
    }))
}

/// What is sent is compared by length only: any octets will do.
fn octets(len: &Expr) -> Result<Vec<u8>, String> {
    let len = value::count(len)?;
    if len > LONGEST {
        return Err(format!("{len} octets"));
    }
    Ok(vec![b'.'; len])
}

/// The octets of a call that writes.
fn written(data: &Expr, len: &Expr) -> Result<Vec<u8>, String> {
    let mut buffer = octets(len)?;
    if let Expr::Str(text) = data {
        for (to, from) in buffer.iter_mut().zip(text) {
            *to = *from;
        }
    }
    Ok(buffer)
}

fn vector(expr: &Expr) -> Result<Vec<Vec<u8>>, String> {
    let Expr::List(parts) = expr else {
        return Err(crate::pkt::render::expr(expr));
    };
    let one = |part: &Expr| {
        let len = value::vector(&Expr::List(vec![part.clone()]))?;
        octets(&Expr::Int(i64::try_from(len).unwrap_or(i64::MAX)))
    };
    parts.iter().map(one).collect()
}

fn message(expr: &Expr) -> Result<Vec<Vec<u8>>, String> {
    let Expr::Struct(fields) = expr else {
        return Err(crate::pkt::render::expr(expr));
    };
    let control = value::field(fields, "msg_control");
    if !matches!(control, None | Some(Expr::Ellipsis | Expr::Int(0))) {
        return Err("a message with msg_control".into());
    }
    let iov = value::field(fields, "msg_iov").ok_or("a message without msg_iov")?;
    vector(iov)
}

fn recv_flags(expr: &Expr) -> Result<RecvFlags, String> {
    Ok(RecvFlags::from_bits_retain(bits(expr)?))
}

fn send_flags(expr: &Expr) -> Result<SendFlags, String> {
    Ok(SendFlags::from_bits_retain(bits(expr)?))
}

fn bits(expr: &Expr) -> Result<u32, String> {
    u32::try_from(number(expr)?).map_err(|_| crate::pkt::render::expr(expr))
}
