//! One small connection whose every segment is shown: the kernel opens, tcp-core closes first.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr};
use std::thread;
use std::time::Duration;

use tcp_std::tcp_core::State;
use tcp_std::{Net, TcpListener};

use super::trace::Trace;
use super::{OURS, PATIENCE};
use crate::failure::{Context, Failure};

const PORT: u16 = 7;
const TEXT: &[u8] = b"hello, tcp-core";
/// How often a state is looked at that nobody announces.
const GLANCE: Duration = Duration::from_millis(1);

pub(super) fn hold(net: &Net, trace: &Trace) -> Result<(), Failure> {
    let listener = net.listen((OURS, PORT)).context("tcp-core cannot listen")?;
    trace.watch(PORT);
    thread::scope(|scope| {
        let server = scope.spawn(|| answer(&listener));
        let asked = ask(net).context("the kernel's end of the conversation");
        let answered = server.join();
        asked?;
        match answered {
            Ok(result) => result.context("tcp-core's end of the conversation"),
            Err(_) => Err(Failure::Failed(
                "tcp-core's end of the conversation broke".to_owned(),
            )),
        }
    })?;
    for line in trace.finish() {
        println!("   {line}");
    }
    println!("   * inferred from the segments; tcp-core's state is its own");
    Ok(())
}

/// Sends back one message and closes first.
fn answer(listener: &TcpListener) -> io::Result<()> {
    let (mut stream, _) = listener.accept()?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut text = [0; TEXT.len()];
    stream.read_exact(&mut text)?;
    stream.write_all(&text)?;
    stream.shutdown(Shutdown::Write)?;
    stream.read_to_end(&mut Vec::new())?;
    Ok(())
}

fn ask(net: &Net) -> io::Result<()> {
    let mut stream = std::net::TcpStream::connect((OURS, PORT))?;
    let client = stream.local_addr()?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(TEXT)?;
    let mut text = Vec::new();
    stream.read_to_end(&mut text)?;
    if text != TEXT {
        return Err(io::Error::other("what came back differs"));
    }
    // The kernel acknowledges our FIN a moment later, unless its own FIN can carry that: only
    // those who wait see four segments.
    await_state(net, client, State::FinWait2)?;
    drop(stream);
    await_state(net, client, State::TimeWait)
}

fn await_state(net: &Net, remote: SocketAddr, state: State) -> io::Result<()> {
    let glances = PATIENCE.as_millis() / GLANCE.as_millis();
    for _ in 0..glances {
        let rows = net.snapshot().rows;
        if rows
            .iter()
            .any(|row| row.tuple.remote() == remote && row.state == state)
        {
            return Ok(());
        }
        thread::sleep(GLANCE);
    }
    Err(io::Error::other(format!(
        "the connection never was in {state}"
    )))
}
