//! Blocking sockets, and those of embedded-nal, without an executor: while one host waits, its idle
//! hook is the other host's super-loop.

use std::cell::{Cell, RefCell};
use std::net::SocketAddr;

use crate::{CLIENT, SERVER, host, octets};
use embedded_io::{Error, ErrorKind, Read, ReadReady, Write, WriteReady};
use embedded_nal::{TcpClientStack, TcpError, TcpErrorKind, TcpFullStack};
use tcp_core::{CloseReason, Config, Duration, Instant, ListenAt, Misuse};
use tcp_embedded::{
    Blocking, Cable, End, Host, LinkState, Nal, NalSocket, Net, NetError, NextWake, Resources,
    Runner,
};

const PORT: u16 = 7;
type Wire = Cable<16>;
type Memory<'a> = Resources<'a, 4, 2_048, 2_048, 32>;
type Node<'a> = Net<'a, End<'a, 16>, 4>;

fn remote() -> SocketAddr {
    SocketAddr::from((SERVER, PORT))
}

fn runner<'a>(
    mac: End<'a, 16>,
    host: Host,
    memory: &'a mut Memory<'a>,
) -> Runner<'a, End<'a, 16>, tcp_embedded::Pool<'a, 4>> {
    Runner::new(mac, host, memory.lend()).unwrap()
}

/// Runs `main` on a client; the server echoes whenever the client waits.
fn with_echo(main: impl FnOnce(&Node<'_>, &Cell<u64>, &Wire)) {
    let micros = Cell::new(1_000);
    let clock = || Instant::from_micros(micros.get());
    let cable = Wire::new();
    let (a, b) = cable.ends();
    let (mut ours, mut theirs) = (Memory::new(), Memory::new());
    let server: Node<'_> = Net::new(runner(a, host(SERVER), &mut ours), &clock);
    let listener = server.listen(ListenAt::new(PORT)).unwrap();
    let streams = RefCell::new(Vec::new());
    let turn = |next: NextWake| {
        let _ = server.poll();
        let mut streams = streams.borrow_mut();
        while let Some(stream) = listener.try_accept().unwrap() {
            streams.push(stream);
        }
        streams.retain(|stream| {
            let mut octets = [0; 100];
            // Only what can be sent is taken.
            let room = stream
                .info()
                .map_or(0, |info| 2_048 - info.send_queue as usize);
            match stream.try_read(&mut octets[..room.min(100)]) {
                Ok(Some(0)) if room > 0 => {
                    let _ = stream.finish();
                    false
                }
                Ok(Some(count)) => {
                    assert_eq!(stream.try_write(&octets[..count]), Ok(Some(count)));
                    true
                }
                Ok(None) => true,
                Err(_) => false,
            }
        });
        let _ = server.poll();
        // Time goes on, never past what the client waits for.
        let soon = micros.get() + 100;
        micros.set(match next {
            NextWake::At(at) => soon.min(at.as_micros().max(micros.get() + 1)),
            NextWake::Now | NextWake::Frame => soon,
        });
    };
    let client: Node<'_> = Net::new(runner(b, host(CLIENT), &mut theirs), &clock).with_idle(&turn);
    main(&client, &micros, &cable);
}

/// Lets the idle hook of `net` run once.
fn idle_turn(net: &Node<'_>) {
    let port = 65_000;
    let listener = net.listen(ListenAt::new(port)).unwrap();
    let listener = listener.into_blocking(Some(Duration::from_micros(100)));
    assert_eq!(listener.accept().unwrap_err(), NetError::TimedOut);
}

#[test]
fn what_is_written_comes_back() {
    with_echo(|net, _, _| {
        let mut stream = Blocking::connect(net, remote(), Config::new(), None).unwrap();
        let mut sent = 0;
        for count in [1, 2, 500, 1_500, 2_000] {
            stream.write_all(&octets(sent, count)).unwrap();
            stream.flush().unwrap();
            let mut back = vec![0; count];
            stream.read_exact(&mut back).unwrap();
            assert_eq!(back, octets(sent, count));
            sent += count;
        }
        stream.get().finish().unwrap();
        stream.delivered().unwrap();
        assert_eq!(stream.read(&mut [0; 4]), Ok(0));
        let error = stream.write(b"x").unwrap_err();
        assert_eq!(Error::kind(&error), ErrorKind::BrokenPipe);
    });
}

#[test]
fn a_call_waits_as_long_as_it_may_and_can_be_repeated() {
    with_echo(|net, micros, cable| {
        let patience = Some(Duration::from_millis(250));
        let mut stream = Blocking::connect(net, remote(), Config::new(), patience).unwrap();
        let before = micros.get();
        assert_eq!(stream.read(&mut [0; 4]), Err(NetError::TimedOut));
        assert_eq!(micros.get() - before, 250_000);
        cable.plug(LinkState::Down);
        stream.write_all(b"late").unwrap();
        let error = stream.read(&mut [0; 4]).unwrap_err();
        assert_eq!(Error::kind(&error), ErrorKind::TimedOut);
        cable.plug(LinkState::Up);
        let mut back = [0; 4];
        stream.set_timeout(Some(Duration::from_secs(10)));
        stream.read_exact(&mut back).unwrap();
        assert_eq!(&back, b"late");
        cable.plug(LinkState::Down);
        let refused = Blocking::connect(net, remote(), Config::new(), patience);
        assert_eq!(refused.unwrap_err(), NetError::TimedOut);
        cable.plug(LinkState::Up);
        let refused = Blocking::connect(net, (SERVER, 9).into(), Config::new(), None);
        let refused = refused.unwrap_err();
        assert_eq!(Error::kind(&refused), ErrorKind::ConnectionRefused);
    });
}

#[test]
fn readiness_says_whether_a_call_would_wait() {
    with_echo(|net, _, _| {
        let mut stream = Blocking::connect(net, remote(), Config::new(), None).unwrap();
        assert!(!stream.read_ready().unwrap());
        assert!(stream.write_ready().unwrap());
        stream.write_all(b"x").unwrap();
        let mut turns = 0;
        while !stream.read_ready().unwrap() {
            idle_turn(net);
            turns += 1;
        }
        assert!((1..100).contains(&turns), "{turns}");
        assert_eq!(stream.read(&mut [0; 4]), Ok(1));
    });
}

#[test]
fn a_blocking_server_serves_one_client_after_the_other() {
    let micros = Cell::new(1_000);
    let clock = || Instant::from_micros(micros.get());
    let cable = Wire::new();
    let (a, b) = cable.ends();
    let (mut ours, mut theirs) = (Memory::new(), Memory::new());
    let client: Node<'_> = Net::new(runner(b, host(CLIENT), &mut theirs), &clock);
    let calls = RefCell::new(Vec::new());
    let turn = |_: NextWake| {
        let mut calls = calls.borrow_mut();
        if calls.is_empty() {
            calls.push(client.open(remote(), Config::new()).unwrap());
            calls[0].try_write(b"served?").unwrap();
        }
        let _ = client.poll();
        if calls[0].try_connected() == Ok(Some(())) {
            calls[0].finish().unwrap();
        }
        let mut answer = [0; 8];
        if let Ok(Some(3)) = calls[0].try_read(&mut answer) {
            assert_eq!(&answer[..3], b"yes");
            calls.clear();
        }
        let _ = client.poll();
        micros.set(micros.get() + 100);
    };
    let server: Node<'_> = Net::new(runner(a, host(SERVER), &mut ours), &clock).with_idle(&turn);
    let listener = server.listen(ListenAt::new(PORT)).unwrap();
    let listener = listener.into_blocking(Some(Duration::from_secs(5)));
    for _ in 0..10 {
        let mut stream = listener.accept().unwrap();
        let mut question = [0; 7];
        stream.read_exact(&mut question).unwrap();
        assert_eq!(&question, b"served?");
        stream.write_all(b"yes").unwrap();
        assert_eq!(stream.read(&mut question), Ok(0));
    }
    let served = server
        .with(|runner| runner.stack().memory().free())
        .unwrap();
    assert!(served >= 1);
}

#[test]
fn embedded_nal_connects_sends_and_receives() {
    with_echo(|net, _, _| {
        let mut nal = Nal::new(net);
        let mut socket = nal.socket().unwrap();
        let error = nal.send(&mut socket, b"x").unwrap_err();
        assert_eq!(
            error,
            nb::Error::Other(NetError::Refused(Misuse::NoConnection))
        );
        let block = |mut call: Box<dyn FnMut() -> nb::Result<usize, NetError> + '_>| {
            loop {
                match call() {
                    Err(nb::Error::WouldBlock) => idle_turn(net),
                    Ok(count) => return Ok(count),
                    Err(nb::Error::Other(error)) => return Err(error),
                }
            }
        };
        block(Box::new(|| nal.connect(&mut socket, remote()).map(|()| 0))).unwrap();
        assert_eq!(block(Box::new(|| nal.send(&mut socket, b"hello"))), Ok(5));
        let mut back = [0; 16];
        assert_eq!(
            block(Box::new(|| nal.receive(&mut socket, &mut back))),
            Ok(5)
        );
        assert_eq!(&back[..5], b"hello");
        socket.stream().unwrap().finish().unwrap();
        let error = block(Box::new(|| nal.receive(&mut socket, &mut back))).unwrap_err();
        assert_eq!(error, NetError::Ended(CloseReason::Finished));
        assert_eq!(TcpError::kind(&error), TcpErrorKind::PipeClosed);
        let error = block(Box::new(|| nal.send(&mut socket, b"more"))).unwrap_err();
        assert_eq!(TcpError::kind(&error), TcpErrorKind::PipeClosed);
        nal.close(socket).unwrap();

        let mut socket = nal.socket().unwrap();
        let nobody = SocketAddr::from((SERVER, 9));
        let error = block(Box::new(|| nal.connect(&mut socket, nobody).map(|()| 0)));
        assert_eq!(error, Err(NetError::Ended(CloseReason::Refused)));
        // The socket serves for another attempt.
        nal.bind(&mut socket, 40_000).unwrap();
        block(Box::new(|| nal.connect(&mut socket, remote()).map(|()| 0))).unwrap();
        let stream = socket.stream().unwrap();
        assert_eq!(stream.local_addr().unwrap().port(), 40_000);
    });
}

#[test]
fn embedded_nal_accepts_as_many_as_there_is_memory_for() {
    let micros = Cell::new(1_000);
    let clock = || Instant::from_micros(micros.get());
    let cable = Wire::new();
    let (a, b) = cable.ends();
    let (mut ours, mut theirs) = (Memory::new(), Memory::new());
    let server: Node<'_> = Net::new(runner(a, host(SERVER), &mut ours), &clock);
    let client: Node<'_> = Net::new(runner(b, host(CLIENT), &mut theirs), &clock);
    let mut nal = Nal::new(&server);
    let mut socket = nal.socket().unwrap();
    assert!(nal.listen(&mut socket).is_err(), "it is not bound");
    nal.bind(&mut socket, PORT).unwrap();
    nal.listen(&mut socket).unwrap();
    assert!(nal.bind(&mut socket, PORT).is_err());
    let calls: Vec<_> = (0..4)
        .map(|_| client.open(remote(), Config::new()).unwrap())
        .collect();
    let mut accepted: Vec<(NalSocket<'_, Node<'_>>, SocketAddr)> = Vec::new();
    for _ in 0..100 {
        let _ = client.poll();
        match nal.accept(&mut socket) {
            Ok(connection) => accepted.push(connection),
            Err(error) => assert_eq!(error, nb::Error::WouldBlock),
        }
        // Three of the SYNs are sent again: there is one place to wait for a neighbour.
        micros.set(micros.get() + 20_000);
    }
    assert_eq!(accepted.len(), 4);
    for (index, call) in calls.iter().enumerate() {
        call.try_write(&[index as u8; 3]).unwrap();
        let _ = client.poll();
        let local = call.local_addr().unwrap();
        let (theirs, _) = accepted
            .iter_mut()
            .find(|(_, from)| *from == local)
            .unwrap();
        let mut got = [0; 4];
        let _ = server.poll();
        assert_eq!(nal.receive(theirs, &mut got), Ok(3));
        assert_eq!(got[..3], [index as u8; 3]);
    }
}
