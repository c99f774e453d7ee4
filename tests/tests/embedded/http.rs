//! Other people's servers and clients on two of our hosts: picoserve serves, reqwless fetches,
//! edge-http does both. Every octet is compared.

use std::fmt::{Debug, Display};
use std::future::Future;
use std::net::{IpAddr, SocketAddr};

use crate::embassy_time::{alone, tick};
use crate::executor::Executor;
use crate::{CLIENT, SERVER, host, octets};
use edge_http::Method;
use edge_http::io::client::Connection as EdgeClient;
use edge_http::io::server::{Connection as EdgeConnection, Handler, Server as EdgeServer};
use edge_nal::TcpBind;
use embedded_io_async::{Read, Write};
use embedded_nal_async::{AddrType, Dns};
use picoserve::response::File;
use picoserve::routing::{PathRouter, get, get_service, post};
use reqwless::client::HttpClient;
use reqwless::request::RequestBuilder as _;
use tcp_core::{CloseReason, ListenAt};
use tcp_embedded::{Cable, EmbassyTime, End, Net, NetError, Resources, Runner, TcpListener};

const PORT: u16 = 80;
/// Octets of what is fetched: many times what the rings hold.
const LONG: usize = 60_000;
type Wire = Cable<16>;
type Node<'a> = Net<'a, End<'a, 16>, 4>;
type Memory<'a> = Resources<'a, 4, 2_048, 2_048, 32>;

/// Two hosts; `serve` runs beside `fetch` until that is done.
fn with_hosts(lose: u32, serve: impl AsyncFnOnce(&Node<'_>), fetch: impl AsyncFnOnce(&Node<'_>)) {
    let _turn = alone();
    let cable = Wire::new();
    cable.lose(lose, 3);
    let (a, b) = cable.ends();
    let mut memory = [Memory::new(), Memory::new()];
    let [ours, theirs] = &mut memory;
    let server = Runner::new(a, host(SERVER), ours.lend()).unwrap();
    let client = Runner::new(b, host(CLIENT), theirs.lend()).unwrap();
    let server: Node<'_> = Net::new(server, &EmbassyTime);
    let client: Node<'_> = Net::new(client, &EmbassyTime);
    let mut executor = Executor::new();
    executor.spawn(server.run(EmbassyTime));
    executor.spawn(client.run(EmbassyTime));
    executor.spawn(serve(&server));
    executor.run(fetch(&client), tick);
    assert_eq!(cable.lost() > 0, lose > 0);
}

/// Addresses are written in figures here.
struct Figures;

impl Dns for Figures {
    type Error = std::net::AddrParseError;

    async fn get_host_by_name(&self, host: &str, _: AddrType) -> Result<IpAddr, Self::Error> {
        host.parse()
    }

    async fn get_host_by_address(&self, _: IpAddr, _: &mut [u8]) -> Result<usize, Self::Error> {
        Ok(0)
    }
}

/// What picoserve asks of a runtime.
struct Runtime;
struct PicoTimer;

impl picoserve::Timer<Runtime> for PicoTimer {
    fn delay(&self, duration: picoserve::time::Duration) -> impl Future<Output = ()> {
        embassy_time::Timer::after_millis(duration.as_millis())
    }
}

fn site() -> picoserve::Router<impl PathRouter> {
    let long: &'static [u8] = octets(0, LONG).leak();
    picoserve::Router::new()
        .route("/", get(|| async { "a short page" }))
        .route(
            "/long",
            get_service(File::with_content_type("application/octet-stream", long)),
        )
        .route(
            "/double",
            post(|body: heapless::Vec<u8, 512>| async move {
                heapless::Vec::<u8, 1_024>::from_iter([&body[..], &body[..]].concat())
            }),
        )
}

async fn serve_pico(listener: &TcpListener<'_, Node<'_>>) {
    let site = site();
    let config = picoserve::Config::const_default().keep_connection_alive();
    loop {
        let stream = listener.accept().await.unwrap();
        let mut buffer = [0; 1_024];
        let server = picoserve::Server::custom(&site, PicoTimer, &config, &mut buffer);
        server.serve(stream).await.unwrap();
    }
}

async fn fetch_reqwless(net: &Node<'_>, path: &str) -> Vec<u8> {
    let mut client = HttpClient::new(net, &Figures);
    let url = format!("http://{SERVER}:{PORT}{path}");
    let mut buffer = vec![0; LONG + 1_024];
    let mut request = client
        .request(reqwless::request::Method::GET, &url)
        .await
        .unwrap();
    let response = request.send(&mut buffer).await.unwrap();
    assert_eq!(response.status.0, 200);
    response.body().read_to_end().await.unwrap().to_vec()
}

#[test]
fn reqwless_fetches_from_picoserve() {
    for lose in [0, 1_311] {
        let serve = async |net: &Node<'_>| {
            let listener = net.listen(ListenAt::new(PORT)).unwrap();
            let mut both = [
                Box::pin(serve_pico(&listener)),
                Box::pin(serve_pico(&listener)),
            ];
            // Two tasks of the server in one.
            std::future::poll_fn(|cx| {
                for task in &mut both {
                    let _ = task.as_mut().poll(cx);
                }
                std::task::Poll::<()>::Pending
            })
            .await;
        };
        let fetch = async |net: &Node<'_>| {
            for _ in 0..3 {
                assert_eq!(fetch_reqwless(net, "/").await, b"a short page");
                assert_eq!(fetch_reqwless(net, "/long").await, octets(0, LONG));
            }
        };
        with_hosts(lose, serve, fetch);
    }
}

#[test]
fn reqwless_asks_several_things_on_one_connection() {
    let serve = async |net: &Node<'_>| {
        let listener = net.listen(ListenAt::new(PORT)).unwrap();
        serve_pico(&listener).await;
    };
    let fetch = async |net: &Node<'_>| {
        let mut client = HttpClient::new(net, &Figures);
        let url = format!("http://{SERVER}:{PORT}");
        let mut resource = client.resource(&url).await.unwrap();
        let mut buffer = vec![0; LONG + 1_024];
        for _ in 0..3 {
            let request = resource.post("/double").body(&b"echo"[..]);
            let request =
                request.content_type(reqwless::headers::ContentType::ApplicationOctetStream);
            let response = request.send(&mut buffer).await.unwrap();
            assert_eq!(response.body().read_to_end().await.unwrap(), b"echoecho");
            let response = resource.get("/long").send(&mut buffer).await.unwrap();
            let body = response.body().read_to_end().await.unwrap();
            assert_eq!(body, octets(0, LONG));
        }
    };
    with_hosts(0, serve, fetch);
}

/// Answers each request with what it asks for, and echoes what is posted.
struct Pages;

impl Handler for Pages {
    type Error<E>
        = edge_http::io::Error<E>
    where
        E: Debug;

    async fn handle<T, const N: usize>(
        &self,
        _: impl Display + Copy,
        connection: &mut EdgeConnection<'_, T, N>,
    ) -> Result<(), Self::Error<T::Error>>
    where
        T: Read + Write + edge_nal::TcpSplit,
    {
        let headers = connection.headers()?;
        match (headers.method, headers.path) {
            (Method::Get, "/long") => {
                let length = LONG.to_string();
                let headers = [("Content-Length", length.as_str())];
                connection.initiate_response(200, None, &headers).await?;
                connection.write_all(&octets(0, LONG)).await
            }
            (Method::Post, "/echo") => {
                let mut body = Vec::new();
                let mut piece = [0; 777];
                loop {
                    let count = connection.read(&mut piece).await?;
                    if count == 0 {
                        break;
                    }
                    body.extend_from_slice(&piece[..count]);
                }
                connection.initiate_response(200, None, &[]).await?;
                connection.write_all(&body).await
            }
            _ => connection.initiate_response(404, None, &[]).await,
        }
    }
}

async fn serve_edge(net: &Node<'_>) {
    let mut server = EdgeServer::<3, 2_048, 32>::new();
    let acceptor = net.bind(SocketAddr::from(([0; 4], PORT))).await.unwrap();
    server.run(Some(5_000), acceptor, Pages).await.unwrap();
}

async fn read_edge<const N: usize>(connection: &mut EdgeClient<'_, Node<'_>, N>) -> Vec<u8> {
    let mut body = Vec::new();
    let mut piece = [0; 1_000];
    loop {
        let count = connection.read(&mut piece).await.unwrap();
        if count == 0 {
            return body;
        }
        body.extend_from_slice(&piece[..count]);
    }
}

#[test]
fn edge_http_serves_and_fetches() {
    for lose in [0, 1_311] {
        let fetch = async |net: &Node<'_>| {
            let mut buffer = [0; 4_096];
            let remote = SocketAddr::from((SERVER, PORT));
            let mut connection: EdgeClient<'_, _> = EdgeClient::new(&mut buffer, net, remote);
            let host = [("Host", "10.0.0.1")];
            for _ in 0..2 {
                let begun = connection.initiate_request(true, Method::Get, "/long", &host);
                begun.await.unwrap();
                connection.initiate_response().await.unwrap();
                assert_eq!(connection.headers().unwrap().code, 200);
                assert_eq!(read_edge(&mut connection).await, octets(0, LONG));

                let sent = octets(7, 20_000);
                let length = sent.len().to_string();
                let headers = [("Host", "10.0.0.1"), ("Content-Length", length.as_str())];
                let begun = connection.initiate_request(true, Method::Post, "/echo", &headers);
                begun.await.unwrap();
                connection.write_all(&sent).await.unwrap();
                connection.initiate_response().await.unwrap();
                assert_eq!(read_edge(&mut connection).await, sent);
            }
            // The server of edge-http resets a connection that its client has closed.
            let closed = connection.close().await;
            let reset = NetError::Ended(CloseReason::Reset);
            assert!(matches!(closed, Err(edge_http::io::Error::Io(error)) if error == reset));
        };
        with_hosts(lose, serve_edge, fetch);
    }
}

#[test]
fn reqwless_fetches_from_edge_http() {
    let fetch = async |net: &Node<'_>| {
        for _ in 0..6 {
            assert_eq!(fetch_reqwless(net, "/long").await, octets(0, LONG));
        }
    };
    with_hosts(0, serve_edge, fetch);
}
