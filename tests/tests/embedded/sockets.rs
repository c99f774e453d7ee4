//! Sockets as futures, over a cable in memory: nothing is lost, whoever is woken late or dropped.

use std::cell::Cell;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use crate::executor::Executor;
use crate::virtual_time::Virtual;
use crate::{CLIENT, SERVER, host, octet, octets};
use embedded_io_async::{Error as _, ErrorKind, Read, ReadReady, Write, WriteReady};
use tcp_core::{CloseReason, Config, Duration, ListenAt, Misuse, State};
use tcp_embedded::{
    Cable, End, LinkState, Net, NetError, Resources, Runner, Shared, TcpListener, TcpStream,
};

const PORT: u16 = 7;
type Wire = Cable<16>;
type Memory<'a> = Resources<'a, 4, 2_048, 2_048, 32>;
type Node<'a> = Net<'a, End<'a, 16>, 4>;

fn remote() -> SocketAddr {
    SocketAddr::from((SERVER, PORT))
}

/// Two hosts and a cable, driven by two tasks; `main` is the test.
fn with_hosts<T>(
    lose: u32,
    main: impl AsyncFnOnce(&Node<'_>, &Node<'_>, &Virtual, &Wire) -> T,
) -> T {
    let (time, cable) = (Virtual::default(), Wire::new());
    cable.lose(lose, 5);
    let (a, b) = cable.ends();
    let mut memory = [Memory::new(), Memory::new()];
    let [ours, theirs] = &mut memory;
    let server = Runner::new(a, host(SERVER), ours.lend()).unwrap();
    let client = Runner::new(b, host(CLIENT), theirs.lend()).unwrap();
    let server: Node<'_> = Net::new(server, &time);
    let client: Node<'_> = Net::new(client, &time);
    let mut executor = Executor::new();
    executor.spawn(server.run(&time));
    executor.spawn(client.run(&time));
    executor.run(main(&server, &client, &time, &cable), || time.advance())
}

/// A connection, from both ends.
async fn pair<'n, 's, 'c>(
    server: &'n Node<'s>,
    client: &'n Node<'c>,
) -> (TcpStream<'n, Node<'c>>, TcpStream<'n, Node<'s>>) {
    let listener = server.listen(ListenAt::new(PORT)).unwrap();
    let (ours, theirs) = both(
        TcpStream::connect(client, remote(), Config::new()),
        listener.accept(),
    )
    .await;
    (ours.unwrap(), theirs.unwrap())
}

/// Both results, of futures that run at the same time.
async fn both<A: Future, B: Future>(a: A, b: B) -> (A::Output, B::Output) {
    let (mut a, mut b) = (pin!(a), pin!(b));
    let (mut first, mut second) = (None, None);
    std::future::poll_fn(|cx| {
        if first.is_none()
            && let Poll::Ready(output) = a.as_mut().poll(cx)
        {
            first = Some(output);
        }
        if second.is_none()
            && let Poll::Ready(output) = b.as_mut().poll(cx)
        {
            second = Some(output);
        }
        match (first.take(), second.take()) {
            (Some(a), Some(b)) => Poll::Ready((a, b)),
            (a, b) => {
                (first, second) = (a, b);
                Poll::Pending
            }
        }
    })
    .await
}

/// Polls `future` once, with a waker that nobody listens to.
fn poll_once<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    Pin::new(future).poll(&mut Context::from_waker(Waker::noop()))
}

/// Writes `total` octets of the stream, in pieces of all sizes, and the end.
async fn write_stream<N: Shared + ?Sized>(stream: &mut TcpStream<'_, N>, total: usize) {
    let mut sent = 0;
    let mut piece = 1;
    while sent < total {
        let count = piece.min(total - sent);
        stream.write_all(&octets(sent, count)).await.unwrap();
        sent += count;
        piece = piece * 7 % 3_001 + 1;
    }
    stream.finish().unwrap();
}

/// Reads `total` octets of the stream and the end.
async fn read_stream<R: Read<Error = NetError>>(stream: &mut R, total: usize) {
    let mut received = 0;
    let mut buffer = [0; 700];
    loop {
        let count = stream.read(&mut buffer).await.unwrap();
        if count == 0 {
            break;
        }
        for (offset, got) in buffer[..count].iter().enumerate() {
            assert_eq!(*got, octet(received + offset), "at {received}");
        }
        received += count;
    }
    assert_eq!(received, total);
}

#[test]
fn a_stream_crosses_in_both_directions_at_once() {
    for lose in [0, 1_311] {
        with_hosts(lose, async |server, client, _, _| {
            let (mut ours, mut theirs) = pair(server, client).await;
            let total = 300_000;
            let ours = async {
                let (mut reader, mut writer) = ours.split();
                let write = async {
                    for at in (0..total).step_by(1_000) {
                        writer.write_all(&octets(at, 1_000)).await.unwrap();
                    }
                    writer.finish().unwrap();
                };
                both(write, read_stream(&mut reader, total)).await;
            };
            let theirs = async {
                let (mut reader, mut writer) = theirs.split();
                let write = async {
                    for at in (0..total).step_by(500) {
                        writer.write_all(&octets(at, 500)).await.unwrap();
                    }
                    writer.finish().unwrap();
                };
                both(write, read_stream(&mut reader, total)).await;
            };
            both(ours, theirs).await;
        });
    }
}

#[test]
fn what_was_written_arrives_although_the_stream_was_dropped() {
    with_hosts(0, async |server, client, _, _| {
        let (mut ours, mut theirs) = pair(server, client).await;
        let send = async {
            write_stream(&mut ours, 5_000).await;
            drop(ours);
        };
        both(send, read_stream(&mut theirs, 5_000)).await;
    });
}

#[test]
fn a_connection_that_nobody_serves_waits_and_one_that_nobody_wants_is_refused() {
    with_hosts(0, async |server, client, _, _| {
        let refused = TcpStream::connect(client, remote(), Config::new()).await;
        let refused = refused.unwrap_err();
        assert_eq!(refused, NetError::Ended(CloseReason::Refused));
        assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);

        let listener = server.listen(ListenAt::new(PORT)).unwrap();
        let mut early = TcpStream::connect(client, remote(), Config::new())
            .await
            .unwrap();
        early.write_all(b"early").await.unwrap();
        early.finish().unwrap();
        let mut late = listener.accept().await.unwrap();
        let mut got = [0; 8];
        late.read_exact(&mut got[..5]).await.unwrap();
        assert_eq!(&got[..5], b"early");
        assert_eq!(late.read(&mut got).await, Ok(0));
        assert_eq!(late.peer_addr().unwrap(), early.local_addr().unwrap());
        assert_eq!(early.peer_addr().unwrap(), remote());
    });
}

#[test]
fn tasks_that_accept_from_one_listener_each_get_a_connection() {
    with_hosts(0, async |server, client, _, _| {
        let listener = server.listen(ListenAt::new(PORT)).unwrap();
        let served = Cell::new(0);
        let serve = async || {
            let mut stream = listener.accept().await.unwrap();
            let mut octet = [0];
            stream.read_exact(&mut octet).await.unwrap();
            stream.write_all(&octet).await.unwrap();
            served.set(served.get() + 1);
            stream
        };
        let call = async |octet: u8| {
            let stream = TcpStream::connect(client, remote(), Config::new()).await;
            let mut stream = stream.unwrap();
            stream.write_all(&[octet]).await.unwrap();
            let mut answer = [0];
            stream.read_exact(&mut answer).await.unwrap();
            assert_eq!(answer, [octet]);
        };
        // Six acceptors have four places, and four clients come: two go on waiting.
        let waiting = both(serve(), serve());
        let mut waiting = pin!(waiting);
        let servers = both(both(serve(), serve()), both(serve(), serve()));
        let clients = both(both(call(1), call(2)), both(call(3), call(4)));
        assert!(poll_once(&mut waiting).is_pending());
        both(servers, clients).await;
        assert_eq!(served.get(), 4);
    });
}

#[test]
fn a_listener_lends_itself_to_many_connections_one_after_the_other() {
    with_hosts(0, async |server, client, _, _| {
        let listener = server.listen(ListenAt::new(PORT)).unwrap();
        for round in 0..20 {
            let call = async {
                let mut stream = TcpStream::connect(client, remote(), Config::new())
                    .await
                    .unwrap();
                write_stream(&mut stream, 100 + round).await;
                assert_eq!(stream.read(&mut [0; 4]).await, Ok(0));
            };
            let serve = async {
                let mut stream = listener.accept().await.unwrap();
                read_stream(&mut stream, 100 + round).await;
            };
            both(call, serve).await;
        }
    });
}

#[test]
fn dropping_a_future_loses_nothing() {
    with_hosts(0, async |server, client, time, _| {
        let (mut ours, mut theirs) = pair(server, client).await;
        let total = 40_000;
        // Each write and each read is dropped and begun again many times.
        let send = async {
            let mut sent = 0;
            while sent < total {
                let chunk = octets(sent, 1_000.min(total - sent));
                let mut write = pin!(ours.write(&chunk));
                match poll_once(&mut write) {
                    Poll::Ready(count) => sent += count.unwrap(),
                    Poll::Pending => time.sleep(Duration::from_micros(70)).await,
                }
            }
            ours.finish().unwrap();
        };
        let receive = async {
            let mut received = 0;
            let mut buffer = [0; 333];
            loop {
                let polled = poll_once(&mut pin!(theirs.read(&mut buffer)));
                match polled {
                    Poll::Ready(Ok(0)) => break,
                    Poll::Ready(count) => {
                        let count = count.unwrap();
                        assert_eq!(buffer[..count], octets(received, count));
                        received += count;
                    }
                    Poll::Pending => time.sleep(Duration::from_micros(50)).await,
                }
            }
            assert_eq!(received, total);
        };
        both(send, receive).await;
    });
}

#[test]
fn a_dropped_connect_gives_its_memory_back() {
    with_hosts(0, async |server, client, time, cable| {
        cable.plug(LinkState::Down);
        for _ in 0..10 {
            let mut connect = pin!(TcpStream::connect(client, remote(), Config::new()));
            assert!(poll_once(&mut connect).is_pending());
        }
        cable.plug(LinkState::Up);
        let free = client.with(|runner| runner.stack().memory().free());
        assert_eq!(free, Ok(4));
        time.sleep(Duration::from_secs(1)).await;
        pair(server, client).await;
    });
}

#[test]
fn a_dropped_accept_leaves_the_connection_to_the_next_one() {
    with_hosts(0, async |server, client, _, _| {
        let listener = server.listen(ListenAt::new(PORT)).unwrap();
        assert!(poll_once(&mut pin!(listener.accept())).is_pending());
        let ours = TcpStream::connect(client, remote(), Config::new()).await;
        let theirs = listener.accept().await.unwrap();
        assert_eq!(theirs.peer_addr(), ours.unwrap().local_addr());
    });
}

#[test]
fn every_end_says_what_it_was() {
    with_hosts(0, async |server, client, _, _| {
        let (mut ours, theirs) = pair(server, client).await;
        theirs.abort().unwrap();
        let error = ours.read(&mut [0; 4]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionReset);
        let error = ours.write(b"x").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionReset);
        assert_eq!(theirs.info().unwrap().state, State::Closed);
        drop((ours, theirs));

        let (mut ours, _theirs) = pair(server, client).await;
        ours.finish().unwrap();
        ours.finish().unwrap();
        let error = ours.write(b"x").await.unwrap_err();
        assert_eq!(error, NetError::Refused(Misuse::Closing));
        assert_eq!(error.kind(), ErrorKind::BrokenPipe);
        assert_eq!(
            ours.write(b"").await.unwrap_err().kind(),
            ErrorKind::BrokenPipe
        );
    });
}

#[test]
fn a_peer_that_is_gone_times_out() {
    with_hosts(0, async |server, client, time, cable| {
        let (mut ours, _theirs) = pair(server, client).await;
        ours.set_config(Config::new().user_timeout_ms(Some(5_000)))
            .unwrap();
        cable.plug(LinkState::Down);
        ours.write_all(b"hello?").await.unwrap();
        let started = tcp_embedded::Clock::now(time);
        let error = ours.read(&mut [0; 4]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
        let waited = tcp_embedded::Clock::now(time) - started;
        assert!(waited >= Duration::from_millis(4_900), "{waited:?}");
        assert!(waited <= Duration::from_millis(6_000), "{waited:?}");
        cable.plug(LinkState::Up);
        cable.lose(65_536, 1);
        let silent = TcpStream::connect(client, remote(), Config::new().syn_retries(2)).await;
        assert_eq!(silent.unwrap_err().kind(), ErrorKind::TimedOut);
    });
}

#[test]
fn data_that_came_before_a_reset_is_read_first() {
    with_hosts(0, async |server, client, _, _| {
        let (mut ours, mut theirs) = pair(server, client).await;
        theirs.write_all(b"last words").await.unwrap();
        theirs.delivered().await.unwrap();
        theirs.abort().unwrap();
        drop(theirs);
        let mut words = [0; 10];
        ours.read_exact(&mut words).await.unwrap();
        assert_eq!(&words, b"last words");
        let error = ours.read(&mut words).await.unwrap_err();
        assert_eq!(error, NetError::Ended(CloseReason::Reset));
    });
}

#[test]
fn delivery_is_the_acknowledgment_of_everything() {
    with_hosts(0, async |server, client, _, _| {
        let (mut ours, mut theirs) = pair(server, client).await;
        ours.write_all(&octets(0, 1_500)).await.unwrap();
        assert_eq!(ours.try_delivered(), Ok(None));
        ours.delivered().await.unwrap();
        assert_eq!(theirs.info().unwrap().receive_queue, 1_500);
        ours.finish().unwrap();
        assert_eq!(ours.try_delivered(), Ok(None));
        ours.delivered().await.unwrap();
        read_stream(&mut theirs, 1_500).await;
        theirs.finish().unwrap();
        theirs.delivered().await.unwrap();
        assert_eq!(ours.read(&mut [0; 4]).await, Ok(0));
    });
}

#[test]
fn readiness_says_whether_a_call_would_wait() {
    with_hosts(0, async |server, client, time, _| {
        let (mut ours, mut theirs) = pair(server, client).await;
        assert!(!theirs.read_ready().unwrap());
        let mut filled = 0;
        while ours.write_ready().unwrap() {
            filled += ours.write(&octets(filled, 300)).await.unwrap();
            time.sleep(Duration::from_micros(300)).await;
        }
        // Both rings are full, up to a window that is too small to be worth a segment.
        assert!((3_000..=4_096).contains(&filled), "{filled}");
        assert!(poll_once(&mut pin!(ours.write(b"x"))).is_pending());
        theirs.readable().await.unwrap();
        assert!(theirs.read_ready().unwrap());
        let mut all = vec![0; filled];
        theirs.read_exact(&mut all).await.unwrap();
        assert_eq!(all, octets(0, filled));
        assert!(!theirs.read_ready().unwrap());
        assert!(ours.write_ready().unwrap());
    });
}

#[test]
fn sockets_of_any_host_are_one_type_behind_dyn() {
    with_hosts(0, async |server, client, _, _| {
        let (server, client): (&dyn Shared, &dyn Shared) = (server, client);
        let listener: TcpListener<'_> = TcpListener::open(server, ListenAt::new(PORT)).unwrap();
        let (ours, theirs) = both(
            TcpStream::connect(client, remote(), Config::new()),
            listener.accept(),
        )
        .await;
        let (mut ours, mut theirs): (TcpStream<'_>, TcpStream<'_>) =
            (ours.unwrap(), theirs.unwrap());
        both(
            write_stream(&mut ours, 9_000),
            read_stream(&mut theirs, 9_000),
        )
        .await;
    });
}

#[test]
fn a_device_without_interrupts_is_looked_at_periodically() {
    let (time, cable) = (Virtual::default(), Wire::new());
    let (a, b) = cable.ends();
    let mut memory = [Memory::new(), Memory::new()];
    let [ours, theirs] = &mut memory;
    let server = Runner::new(a, host(SERVER), ours.lend()).unwrap();
    let client = Runner::new(b, host(CLIENT), theirs.lend()).unwrap();
    let server: Node<'_> = Net::new(server, &time);
    let client: Node<'_> = Net::new(client, &time);
    let mut executor = Executor::new();
    executor.spawn(server.run_every(&time, Duration::from_millis(1)));
    executor.spawn(client.run_with(&time, async || {
        // A level: the frame that is there, or comes.
        time.sleep(Duration::from_micros(500)).await;
    }));
    let main = async {
        let (mut ours, mut theirs) = pair(&server, &client).await;
        both(
            write_stream(&mut ours, 50_000),
            read_stream(&mut theirs, 50_000),
        )
        .await;
    };
    executor.run(main, || time.advance());
}

#[test]
fn a_turn_by_hand_does_not_make_the_running_task_late() {
    let (time, cable) = (Virtual::default(), Wire::new());
    let (a, b) = cable.ends();
    // A window in which an acknowledgment may be late.
    let mut memory = [Resources::<4, 8_192, 8_192, 32>::new(), Resources::new()];
    let [ours, theirs] = &mut memory;
    let server = Runner::new(a, host(SERVER), ours.lend()).unwrap();
    let client = Runner::new(b, host(CLIENT), theirs.lend()).unwrap();
    let server: Node<'_> = Net::new(server, &time);
    let client: Node<'_> = Net::new(client, &time);
    let mut executor = Executor::new();
    // The device of the server never wakes: only turns by hand take frames from it.
    executor.spawn(server.run_with(&time, std::future::pending::<()>));
    executor.spawn(client.run(&time));
    let main = async {
        let listener = server.listen(ListenAt::new(PORT)).unwrap();
        let mut ours = TcpStream::open(&client, None, remote(), Config::new()).unwrap();
        let mut theirs = loop {
            let _ = server.poll();
            if let Some(stream) = listener.try_accept().unwrap() {
                break stream;
            }
            time.sleep(Duration::from_micros(100)).await;
        };
        ours.write_all(b"one segment").await.unwrap();
        time.sleep(Duration::from_micros(100)).await;
        let _ = server.poll();
        // The delayed acknowledgment is the business of the task that runs the host.
        assert_eq!(ours.try_delivered(), Ok(None));
        let begun = tcp_embedded::Clock::now(&time);
        ours.delivered().await.unwrap();
        let took = tcp_embedded::Clock::now(&time) - begun;
        assert!(took >= Duration::from_millis(30), "{took:?}");
        assert!(took <= Duration::from_millis(50), "{took:?}");
        theirs.read_exact(&mut [0; 11]).await.unwrap();
    };
    executor.run(main, || time.advance());
}

#[test]
fn an_end_that_sends_nothing_wakes_who_waits() {
    let (time, cable) = (Virtual::default(), Wire::new());
    let (_, b) = cable.ends();
    let mut memory = Memory::new();
    let client = Runner::new(b, host(CLIENT), memory.lend()).unwrap();
    // Nobody drives this host.
    let client: Node<'_> = Net::new(client, &time);
    let main = async {
        let mut stream = TcpStream::open(&client, None, remote(), Config::new()).unwrap();
        let (mut reader, mut writer) = stream.split();
        let close = async {
            time.sleep(Duration::from_millis(3)).await;
            // There is nobody to tell.
            writer.finish().unwrap();
        };
        let mut octets = [0; 4];
        let (read, ()) = both(reader.read(&mut octets), close).await;
        assert_eq!(read, Err(NetError::Ended(CloseReason::Aborted)));
    };
    Executor::new().run(main, || time.advance());
}

#[test]
fn an_idle_host_is_not_polled() {
    let (time, cable) = (Virtual::default(), Wire::new());
    let (a, b) = cable.ends();
    let mut memory = [Memory::new(), Memory::new()];
    let [ours, theirs] = &mut memory;
    let server = Runner::new(a, host(SERVER), ours.lend()).unwrap();
    let client = Runner::new(b, host(CLIENT), theirs.lend()).unwrap();
    let server: Node<'_> = Net::new(server, &time);
    let client: Node<'_> = Net::new(client, &time);
    let mut executor = Executor::new();
    executor.spawn(server.run(&time));
    executor.spawn(client.run(&time));
    let streams = executor.run(pair(&server, &client), || time.advance());
    executor.run(time.sleep(Duration::from_secs(1)), || time.advance());
    let before = executor.polls;
    executor.run(time.sleep(Duration::from_secs(3_600)), || time.advance());
    // The task of the test begins and ends.
    assert_eq!(executor.polls - before, 2);
    drop(streams);
}
