//! Our devices under embassy-net, embassy's devices under our stack, and what each side is told of
//! the other's checksums and lengths.

use std::future::poll_fn;
use std::num::NonZeroU8;
use std::task::{Context, Poll, Waker};

use crate::embassy_time::{alone, tick};
use crate::executor::Executor;
use crate::{CLIENT, SERVER, host, octets};
use embassy_net::tcp::TcpSocket;
use embassy_net::{Ipv4Cidr, StackResources, StaticConfigV4};
use embassy_net_driver::{
    Capabilities as EmbassyCapabilities, Checksum, ChecksumCapabilities, Driver, HardwareAddress,
    LinkState as EmbassyLink, RxToken, TxToken,
};
use embassy_net_driver_channel as channel;
use embedded_io_async::{Read as _, Write as _};
use tcp_core::{Config, ListenAt, RxChecksum, TxChecksum};
use tcp_embedded::{
    AsEmbassy, Cable, Capabilities, EmbassyTime, End, ErrorKind, FromEmbassy, LinkState, Mac,
    MacAddress, Net, NotEthernet, Resources, Runner, TcpStream, WakingMac,
};

const PORT: u16 = 7;
/// Octets of a transfer.
const TOTAL: usize = 100_000;
type Wire = Cable<8>;
type Memory<'a> = Resources<'a, 4, 4_096, 4_096, 32>;

/// Echoes one connection to its end.
async fn echo<D: Mac>(net: &Net<'_, D, 4>) {
    let listener = net.listen(ListenAt::new(PORT)).unwrap();
    loop {
        let mut stream = listener.accept().await.unwrap();
        let mut buffer = [0; 1_000];
        loop {
            let count = stream.read(&mut buffer).await.unwrap();
            if count == 0 {
                break;
            }
            stream.write_all(&buffer[..count]).await.unwrap();
        }
    }
}

/// Sends the stream and compares what comes back.
async fn exchange<D: Mac>(net: &Net<'_, D, 4>) {
    let remote = (SERVER, PORT).into();
    let mut stream = TcpStream::connect(net, remote, Config::new())
        .await
        .unwrap();
    for at in (0..TOTAL).step_by(2_000) {
        let sent = octets(at, 2_000);
        stream.write_all(&sent).await.unwrap();
        let mut back = vec![0; 2_000];
        stream.read_exact(&mut back).await.unwrap();
        assert_eq!(back, sent);
    }
    stream.finish().unwrap();
    assert_eq!(stream.read(&mut [0; 4]).await, Ok(0));
}

#[test]
fn embassy_net_talks_to_us_over_our_device() {
    for lose in [0, 1_311] {
        let _turn = alone();
        let cable = Wire::new();
        cable.lose(lose, 9);
        let (a, b) = cable.ends();
        let mut memory = Memory::new();
        let server = Runner::new(a, host(SERVER), memory.lend()).unwrap();
        let server: Net<'_, _, 4> = Net::new(server, &EmbassyTime);
        let device: AsEmbassy<_, 1_514> = AsEmbassy::waking(b);
        let config = embassy_net::Config::ipv4_static(StaticConfigV4 {
            address: Ipv4Cidr::new(CLIENT, 24),
            gateway: None,
            dns_servers: heapless::Vec::new(),
        });
        let mut resources = StackResources::<3>::new();
        let (stack, mut runner) = embassy_net::new(device, config, &mut resources, 5);
        let mut buffers = [[0; 2_048]; 2];
        let mut executor = Executor::new();
        executor.spawn(server.run(EmbassyTime));
        executor.spawn(echo(&server));
        executor.spawn(async { runner.run().await });
        let main = async {
            let [rx, tx] = &mut buffers;
            let mut socket = TcpSocket::new(stack, rx, tx);
            socket.connect((SERVER, PORT)).await.unwrap();
            for at in (0..TOTAL).step_by(1_000) {
                let sent = octets(at, 1_000);
                socket.write_all(&sent).await.unwrap();
                let mut back = vec![0; 1_000];
                socket.read_exact(&mut back).await.unwrap();
                assert_eq!(back, sent);
            }
            socket.close();
            assert_eq!(socket.read(&mut [0; 4]).await, Ok(0));
        };
        executor.run(main, tick);
        assert_eq!(cable.lost() > 0, lose > 0);
    }
}

/// Moves frames between a channel of embassy and a cable, as a driver's task would.
async fn carry(mut runner: channel::Runner<'_, 1_514>, mut end: End<'_, 8>) {
    runner.set_link_state(EmbassyLink::Up);
    poll_fn(|cx| {
        end.register(cx.waker());
        loop {
            let mut has_moved = false;
            if let Poll::Ready(space) = runner.poll_rx_buf(cx)
                && let Ok(Some(len)) = end.receive(space)
            {
                runner.rx_done(len);
                has_moved = true;
            }
            if end.can_transmit()
                && let Poll::Ready(frame) = runner.poll_tx_buf(cx)
            {
                end.transmit(frame).unwrap();
                runner.tx_done();
                has_moved = true;
            }
            if !has_moved {
                return Poll::<()>::Pending;
            }
        }
    })
    .await;
}

#[test]
fn a_device_of_embassy_carries_our_stack() {
    let _turn = alone();
    let cable = Wire::new();
    let (a, b) = cable.ends();
    let mut ours = Memory::new();
    let server = Runner::new(a, host(SERVER), ours.lend()).unwrap();
    let server: Net<'_, _, 4> = Net::new(server, &EmbassyTime);
    let mut state = channel::State::<1_514, 4, 4>::new();
    let address = HardwareAddress::Ethernet(b.address().0);
    let (carrier, device) = channel::new(&mut state, address);
    let mac = FromEmbassy::new(device).unwrap();
    assert_eq!(
        mac.capabilities(),
        Capabilities {
            max_burst: NonZeroU8::MAX,
            ..Capabilities::ETHERNET
        }
    );
    let mut theirs = Memory::new();
    let client = Runner::new(mac, host(CLIENT), theirs.lend()).unwrap();
    let client: Net<'_, _, 4> = Net::new(client, &EmbassyTime);
    let mut executor = Executor::new();
    executor.spawn(server.run(EmbassyTime));
    executor.spawn(client.run(EmbassyTime));
    executor.spawn(echo(&server));
    executor.spawn(carry(carrier, b));
    executor.run(exchange(&client), tick);
}

#[test]
fn a_device_of_embassy_is_polled_without_an_executor() {
    let cable = Wire::new();
    let (a, b) = cable.ends();
    let clock = || tcp_core::Instant::from_millis(1);
    let (mut ours, mut theirs) = (Memory::new(), Memory::new());
    // There and back again: our device as embassy's as ours.
    let mac = FromEmbassy::new(AsEmbassy::<_, 1_514>::polled(a)).unwrap();
    let server = Runner::new(mac, host(SERVER), ours.lend()).unwrap();
    let server: Net<'_, _, 4> = Net::new(server, &clock);
    let client = Runner::new(b, host(CLIENT), theirs.lend()).unwrap();
    let client: Net<'_, _, 4> = Net::new(client, &clock);
    let listener = server.listen(ListenAt::new(PORT)).unwrap();
    let call = client.open((SERVER, PORT).into(), Config::new()).unwrap();
    let _ = call.try_write(b"hello").unwrap();
    let mut accepted = None;
    for _ in 0..10 {
        let _ = (client.poll(), server.poll());
        accepted = accepted.or(listener.try_accept().unwrap());
    }
    let mut got = [0; 8];
    assert_eq!(accepted.unwrap().try_read(&mut got), Ok(Some(5)));
    assert_eq!(&got[..5], b"hello");
}

/// A device of embassy that says what its fields say, and keeps the last frame that it sent.
struct Claims {
    address: HardwareAddress,
    capabilities: EmbassyCapabilities,
    sent: Vec<u8>,
    waker: Option<Waker>,
}

impl Claims {
    fn new(change: impl FnOnce(&mut EmbassyCapabilities)) -> Self {
        let mut capabilities = EmbassyCapabilities::default();
        capabilities.max_transmission_unit = 1_514;
        change(&mut capabilities);
        Self {
            address: HardwareAddress::Ethernet([2, 0, 0, 0, 0, 9]),
            capabilities,
            sent: Vec::new(),
            waker: None,
        }
    }
}

struct Nothing;

impl RxToken for Nothing {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, f: F) -> R {
        f(&mut [])
    }
}

struct Keep<'d>(&'d mut Vec<u8>);

impl TxToken for Keep<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, len: usize, f: F) -> R {
        *self.0 = vec![0; len];
        f(self.0)
    }
}

impl Driver for Claims {
    type RxToken<'d> = Nothing;
    type TxToken<'d> = Keep<'d>;

    fn receive(&mut self, cx: &mut Context<'_>) -> Option<(Nothing, Keep<'_>)> {
        self.waker = Some(cx.waker().clone());
        None
    }

    fn transmit(&mut self, _: &mut Context<'_>) -> Option<Keep<'_>> {
        Some(Keep(&mut self.sent))
    }

    fn link_state(&mut self, _: &mut Context<'_>) -> EmbassyLink {
        EmbassyLink::Down
    }

    fn capabilities(&self) -> EmbassyCapabilities {
        self.capabilities.clone()
    }

    fn hardware_address(&self) -> HardwareAddress {
        self.address
    }
}

fn sums(change: impl FnOnce(&mut ChecksumCapabilities)) -> Capabilities {
    let device = Claims::new(|capabilities| change(&mut capabilities.checksum));
    FromEmbassy::new(device).unwrap().capabilities()
}

#[test]
fn what_a_device_of_embassy_says_is_understood() {
    let device = Claims::new(|capabilities| {
        capabilities.max_transmission_unit = 1_294;
        capabilities.max_burst_size = Some(4);
    });
    let mut mac = FromEmbassy::new(device).unwrap();
    let said = mac.capabilities();
    // The header of Ethernet is in it on both sides.
    assert_eq!((said.max_frame, said.max_burst.get()), (1_294, 4));
    assert_eq!(mac.address(), MacAddress([2, 0, 0, 0, 0, 9]));
    assert_eq!(mac.link(), LinkState::Down);
    assert_eq!(mac.transmit(&[0; 1_295]), Err(ErrorKind::TooLong));
    assert_eq!(mac.transmit(&[7; 60]), Ok(()));
    assert_eq!(mac.driver().sent, [7; 60]);

    let unlimited = sums(|_| ());
    assert_eq!(unlimited.max_burst, NonZeroU8::MAX);
    assert_eq!(unlimited.rx_checksum, RxChecksum::Unverified);
    assert_eq!(unlimited.tx_checksum, TxChecksum::Full);
    let tcp_only = sums(|sums| sums.tcp = Checksum::None);
    assert_eq!(tcp_only.rx_checksum, RxChecksum::Unverified, "not ICMP");
    assert_eq!(tcp_only.tx_checksum, TxChecksum::Partial);
    let sends = sums(|sums| sums.tcp = Checksum::Rx);
    assert_eq!(sends.tx_checksum, TxChecksum::Partial);
    let receives = sums(|sums| {
        (sums.tcp, sums.udp) = (Checksum::Tx, Checksum::Tx);
        (sums.icmpv4, sums.icmpv6) = (Checksum::None, Checksum::Tx);
    });
    assert_eq!(receives.rx_checksum, RxChecksum::Verified);
    assert_eq!(receives.tx_checksum, TxChecksum::Full);
}

#[test]
fn a_device_of_another_medium_is_refused() {
    let mut device = Claims::new(|_| ());
    device.address = HardwareAddress::Ip;
    assert_eq!(FromEmbassy::new(device).err(), Some(NotEthernet));
}

#[test]
fn a_device_that_sums_finds_a_blank_field() {
    let device = Claims::new(|capabilities| capabilities.checksum.tcp = Checksum::None);
    let mut mac = FromEmbassy::new(device).unwrap();
    mac.transmit(&tcp_frame([0xab, 0xcd])).unwrap();
    assert_eq!(mac.driver().sent, tcp_frame([0, 0]));
}

/// A TCP segment from 10.0.0.1 to 10.0.0.2 in a frame, with this checksum.
fn tcp_frame(checksum: [u8; 2]) -> Vec<u8> {
    let mut frame = vec![1; 60];
    frame[12..16].copy_from_slice(&[0x08, 0x00, 0x45, 0]);
    frame[16..24].copy_from_slice(&[0, 40, 0, 0, 0x40, 0, 64, 6]);
    frame[26..34].copy_from_slice(&[10, 0, 0, 1, 10, 0, 0, 2]);
    frame[50..52].copy_from_slice(&checksum);
    frame
}

/// A device of ours that sums, and keeps the last frame that it sent.
struct Sums {
    says: Capabilities,
    receives: Vec<Result<Option<usize>, ErrorKind>>,
    sent: Vec<u8>,
}

impl Mac for Sums {
    type Error = ErrorKind;

    fn receive(&mut self, frame: &mut [u8]) -> Result<Option<usize>, ErrorKind> {
        frame.fill(3);
        self.receives.pop().unwrap_or(Ok(None))
    }

    fn can_transmit(&mut self) -> bool {
        true
    }

    fn transmit(&mut self, frame: &[u8]) -> Result<(), ErrorKind> {
        self.sent = frame.to_vec();
        Ok(())
    }

    fn link(&mut self) -> LinkState {
        LinkState::Up
    }

    fn address(&self) -> MacAddress {
        MacAddress([2, 0, 0, 0, 0, 7])
    }

    fn capabilities(&self) -> Capabilities {
        self.says
    }
}

#[test]
fn embassy_is_told_what_our_device_can_do() {
    let says = Capabilities {
        max_frame: 1_514,
        max_burst: NonZeroU8::new(3).unwrap(),
        rx_checksum: RxChecksum::Verified,
        tx_checksum: TxChecksum::Partial,
    };
    let mac = Sums {
        says,
        receives: vec![Ok(Some(70)), Err(ErrorKind::BadFrame), Ok(Some(9_999))],
        sent: Vec::new(),
    };
    let mut device: AsEmbassy<_, 1_000> = AsEmbassy::polled(mac);
    let told = device.capabilities();
    assert_eq!(
        told.max_transmission_unit, 1_000,
        "as much as there is room"
    );
    assert_eq!(told.max_burst_size, Some(3));
    assert!(matches!(told.checksum.tcp, Checksum::None));
    assert!(matches!(told.checksum.icmpv4, Checksum::Tx));
    let address = HardwareAddress::Ethernet([2, 0, 0, 0, 0, 7]);
    assert_eq!(device.hardware_address(), address);

    let mut cx = Context::from_waker(Waker::noop());
    let (received, _) = device.receive(&mut cx).unwrap();
    received.consume(|frame| assert_eq!(*frame, [3; 70]));
    assert_eq!(device.errors(), 2);
    assert!(device.receive(&mut cx).is_none());
    // A stack that was told so leaves the field blank; the device wants the pseudo-header's sum.
    let token = device.transmit(&mut cx).unwrap();
    token.consume(60, |frame| frame.copy_from_slice(&tcp_frame([0, 0])));
    let sum = 0x0a00_u32 + 0x0001 + 0x0a00 + 0x0002 + 6 + 20;
    let sum = u16::try_from(sum).unwrap().to_be_bytes();
    assert_eq!(device.mac().sent, tcp_frame(sum));
    let token = device.transmit(&mut cx).unwrap();
    token.consume(42, |frame| frame.fill(9));
    let padded = [[9; 42].as_slice(), &[0; 18]].concat();
    assert_eq!(device.mac().sent, padded);
}
