//! `tcp serve`.

use std::net::Ipv4Addr;
use std::time::Duration;

use tcp_std::{Buffers, Net, TcpListener};

use crate::args::ServeArgs;
use crate::failure::{Context, Failure};
use crate::http::FileServer;
use crate::link::Link;
use crate::services::{Chargen, Discard, Echo};
use crate::signals::Interrupt;
use crate::ss;

/// What open connections are granted after the first signal.
const GRACE: Duration = Duration::from_secs(5);

pub(crate) fn run(args: &ServeArgs) -> Result<(), Failure> {
    if args.echo.is_none()
        && args.discard.is_none()
        && args.chargen.is_none()
        && args.http.is_none()
    {
        return Err(Failure::Failed(
            "there is nothing to serve: give --echo, --discard, --chargen or --http".to_owned(),
        ));
    }
    let interrupt = Interrupt::install().context("signals cannot be handled")?;
    let link = Link::open(&args.link, Buffers::default())?;
    println!("{}", link.description);
    let listeners = listen(&link.net, args)?;
    let control = ss::Control::start(&link.net, &args.link.tun)
        .context("the socket for `tcp ss` cannot be opened")?;
    println!("connections: tcp ss --socket {}", control.path().display());
    interrupt.wait().context("signals cannot be waited for")?;
    drop(interrupt);
    eprintln!("closing; a second signal ends this at once");
    drop(listeners);
    link.net
        .shutdown(GRACE)
        .context("not everything was closed in order")
}

fn listen(net: &Net, args: &ServeArgs) -> Result<Vec<TcpListener>, Failure> {
    let mut listeners = Vec::new();
    let mut add = |name: &str, port: u16, listener: std::io::Result<TcpListener>| {
        listeners.push(listener.context(format_args!("cannot listen on port {port}"))?);
        println!("{name} on port {port}");
        Ok::<(), Failure>(())
    };
    let any = Ipv4Addr::UNSPECIFIED;
    if let Some(port) = args.echo {
        add("echo", port, net.serve((any, port), || Echo))?;
    }
    if let Some(port) = args.discard {
        add("discard", port, net.serve((any, port), || Discard))?;
    }
    if let Some(port) = args.chargen {
        add("chargen", port, net.serve((any, port), Chargen::default))?;
    }
    if let Some(http) = &args.http {
        let files = FileServer::new(&http.directory)
            .context(format_args!("cannot serve {}", http.directory.display()))?;
        let listener = net.listen((any, http.port));
        let listener = listener.context(format_args!("cannot listen on port {}", http.port))?;
        let accepting = listener
            .try_clone()
            .context("the listener cannot be cloned")?;
        std::thread::spawn(move || files.accept_all(&accepting));
        add("http", http.port, Ok(listener))?;
    }
    Ok(listeners)
}
