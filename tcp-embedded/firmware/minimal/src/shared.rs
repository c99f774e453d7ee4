//! The echo service over Ethernet by sockets that share the host: those that do not wait, and
//! blocking ones.

use core::net::Ipv4Addr;

use embedded_io::{Read, Write};
use tcp_core::{CloseReason, Config, Duration, ListenAt};
use tcp_embedded::{Blocking, Net, NetError, NextWake, Pool, Runner, TcpStream};

use crate::mailbox::{Mailbox, clock};

type Node = Net<'static, Mailbox, 2>;

pub(crate) fn run(runner: Runner<'static, Mailbox, Pool<'static, 2>>) {
    let net = Net::new(runner, &clock).with_idle(&|_| core::hint::spin_loop());
    let Ok(listener) = net.listen(ListenAt::new(7)) else {
        return;
    };
    let choice = net.with(|runner| runner.mac().choice()).unwrap_or(0);
    if choice != 0 {
        // What came of it is nobody's business here.
        let _ = call(&net, Ipv4Addr::from_bits(choice));
    }
    let mut streams = [const { None }; 2];
    loop {
        let wake = net.poll();
        for place in &mut streams {
            match place {
                None => *place = listener.try_accept().unwrap_or(None),
                Some(stream) if echo(stream).is_err() => *place = None,
                Some(_) => {}
            }
        }
        let moment = match wake {
            NextWake::Now => continue,
            NextWake::At(at) => Some(at),
            NextWake::Frame => None,
        };
        let _ = net.with(|runner| runner.mac().sleep_until(moment));
    }
}

/// Returns what comes; an error when the connection is over.
fn echo(stream: &TcpStream<'_, Node>) -> Result<(), NetError> {
    let mut octets = [0; 128];
    while stream.can_write()? {
        match stream.try_read(&mut octets)? {
            None => return Ok(()),
            Some(0) => return Err(NetError::Ended(CloseReason::Finished)),
            Some(count) => {
                stream.try_write(octets.get(..count).unwrap_or_default())?;
            }
        }
    }
    Ok(())
}

/// Calls somebody, waits, and returns what comes.
fn call(net: &Node, remote: Ipv4Addr) -> Result<(), NetError> {
    let patience = Some(Duration::from_secs(4));
    let mut stream = Blocking::connect(net, (remote, 7).into(), Config::new(), patience)?;
    let mut octets = [0; 64];
    loop {
        let count = stream.read(&mut octets)?;
        if count == 0 {
            break;
        }
        stream.write(octets.get(..count).unwrap_or_default())?;
    }
    stream.get().finish()?;
    stream.delivered()
}
