//! The core allocates nothing: with borrowed tables and buffers a whole life of connections passes
//! under an allocator that ends the process as soon as this thread asks it for memory.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::io::Write;
use std::net::{IpAddr, SocketAddr};
use std::process::Command;

use tcp_core::{
    CloseReason, Config, Duration, Event, Firmware, Handle, Instant, Island, LinkDestination,
    ListenAt, ListenerHandle, Memory, Packet, RxChecksum, SentRecord, Stack, StackConfig, State,
    Storage, TablesStorage,
};

/// The system's allocator, unless this thread is armed.
struct Guard;

thread_local! {
    static ARMED: Cell<bool> = const { Cell::new(false) };
}

impl Guard {
    fn check() {
        if ARMED.get() {
            ARMED.set(false);
            let _ = std::io::stderr().write_all(b"memory was asked for\n");
            std::process::abort();
        }
    }
}

// SAFETY: every call is handed to the system's allocator as it is.
unsafe impl GlobalAlloc for Guard {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        Self::check();
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        Self::check();
        // SAFETY: the caller keeps the contract of `dealloc`.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static GUARD: Guard = Guard;

/// Octets for two connections.
#[derive(Debug)]
struct Pool<'a> {
    free: [Option<Storage<'a>>; 2],
}

impl<'a> Memory<'a> for Pool<'a> {
    fn lend(&mut self) -> Option<Storage<'a>> {
        self.free.iter_mut().find_map(Option::take)
    }

    fn give_back(&mut self, storage: Storage<'a>) {
        let place = self.free.iter_mut().find(|place| place.is_none());
        *place.expect("no more comes back than was lent") = Some(storage);
    }

    fn receive_capacity(&self) -> usize {
        RING
    }
}

const RING: usize = 4_000;
const MTU: usize = 1_500;
/// Octets each way.
const VOLUME: usize = 200_000;

/// All the memory of one host.
#[derive(Debug)]
struct Room {
    rings: [[[u8; RING]; 2]; 2],
    records: [[SentRecord; 8]; 2],
    islands: [[Island; 4]; 2],
}

impl Room {
    fn new() -> Self {
        Self {
            rings: [[[0; RING]; 2]; 2],
            records: [[SentRecord::default(); 8]; 2],
            islands: [[Island::default(); 4]; 2],
        }
    }

    fn pool(&mut self) -> Pool<'_> {
        let mut parts = self
            .rings
            .iter_mut()
            .zip(&mut self.records)
            .zip(&mut self.islands)
            .map(|(([send, receive], records), islands)| Storage {
                send: (&mut send[..]).into(),
                receive: (&mut receive[..]).into(),
                records: (&mut records[..]).into(),
                islands: (&mut islands[..]).into(),
            });
        Pool {
            free: [parts.next(), parts.next()],
        }
    }
}

type Board<'a> = Stack<'a, Firmware, Pool<'a>>;

fn board<'a>(
    address: &str,
    tables: &'a mut TablesStorage<'a, Firmware, 2, 2, 2, 16>,
    room: &'a mut Room,
) -> Board<'a> {
    let config = StackConfig {
        secret: [3; 16],
        ..StackConfig::new(1_500)
    };
    let mut stack = Stack::new(config, tables.lend(), room.pool());
    let address: IpAddr = address.parse().unwrap();
    stack.add_address(address, 24).unwrap();
    stack
}

/// Carries packets from one board to the other; every seventh is lost.
struct Wire {
    out: [u8; MTU],
    carried: usize,
}

impl Wire {
    fn carry(&mut self, now: Instant, from: &mut Board<'_>, to: &mut Board<'_>) {
        while let Some(sent) = from.transmit(now, &mut self.out) {
            self.carried += 1;
            if self.carried.is_multiple_of(7) {
                continue;
            }
            let packet = Packet {
                octets: &self.out[..sent.len],
                checksum: RxChecksum::Unverified,
                segment_size: None,
                link: LinkDestination::Unicast,
            };
            let _ = to.receive(now, packet);
        }
    }
}

/// Writes and reads a fixed volume, then shuts down.
struct User {
    handle: Handle,
    written: usize,
    read: usize,
    shut: bool,
}

impl User {
    const fn new(handle: Handle) -> Self {
        Self {
            handle,
            written: 0,
            read: 0,
            shut: false,
        }
    }

    fn run(&mut self, now: Instant, board: &mut Board<'_>) {
        let octets = [0x42; 1_000];
        let left = (VOLUME - self.written).min(octets.len());
        self.written += board.send(now, self.handle, &octets[..left]).unwrap_or(0);
        let mut buffer = [0; 700];
        while let Ok(count @ 1..) = board.read(now, self.handle, &mut buffer) {
            assert!(buffer[..count].iter().all(|octet| *octet == 0x42));
            self.read += count;
        }
        if self.written == VOLUME && !self.shut {
            self.shut = board.shutdown(now, self.handle).is_ok();
        }
    }

    fn is_over(&self, board: &Board<'_>) -> bool {
        let state = board.state(self.handle).unwrap();
        matches!(state, State::Closed | State::TimeWait)
    }
}

/// One connection from its SYN to the end of TIME-WAIT.
fn converse(now: &mut Instant, a: &mut Board<'_>, b: &mut Board<'_>, listener: ListenerHandle) {
    let mut wire = Wire {
        out: [0; MTU],
        carried: 0,
    };
    let remote: SocketAddr = ([10, 0, 0, 2], 80).into();
    let mut client = User::new(a.connect(*now, None, remote, Config::new()).unwrap());
    let mut server = None;
    loop {
        a.advance(*now);
        b.advance(*now);
        wire.carry(*now, a, b);
        wire.carry(*now, b, a);
        while let Some(event) = b.poll_event() {
            if event == Event::Listener(listener) {
                server = b.accept(listener).unwrap().map(User::new);
            }
        }
        client.run(*now, a);
        let over = server.as_mut().is_some_and(|server| {
            server.run(*now, b);
            server.is_over(b) && client.is_over(a)
        });
        if over {
            break;
        }
        *now += Duration::from_millis(1);
    }
    let server = server.expect("it was accepted");
    end(now, &client, a);
    end(now, &server, b);
}

/// Everything went through, and is given back.
fn end(now: &mut Instant, user: &User, board: &mut Board<'_>) {
    assert_eq!((user.written, user.read), (VOLUME, VOLUME));
    let reason = board.close_reason(user.handle).unwrap();
    assert!(matches!(reason, None | Some(CloseReason::Finished)));
    board.close(*now, user.handle).unwrap();
    *now += Duration::from_secs(61);
    board.advance(*now);
    assert!(board.memory().free.iter().all(Option::is_some));
}

#[test]
fn u9_three_connections_live_and_end_without_an_allocation() {
    let mut tables = [const { TablesStorage::new() }; 2];
    let mut rooms = [Room::new(), Room::new()];
    let [tables_a, tables_b] = &mut tables;
    let [room_a, room_b] = &mut rooms;
    let mut a = board("10.0.0.1", tables_a, room_a);
    let mut b = board("10.0.0.2", tables_b, room_b);
    let mut now = Instant::from_millis(5);

    ARMED.set(true);
    let listener = b.listen(ListenAt::new(80)).unwrap();
    for _ in 0..3 {
        converse(&mut now, &mut a, &mut b, listener);
    }
    ARMED.set(false);
}

/// Named by the environment in the process that is meant to die.
const VICTIM: &str = "TCP_TESTS_NO_ALLOC_VICTIM";

#[test]
fn the_guard_ends_the_process() {
    if std::env::var_os(VICTIM).is_some() {
        ARMED.set(true);
        drop(std::hint::black_box(Box::new(1)));
        unreachable!("the allocator let it pass");
    }
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "the_guard_ends_the_process", "--nocapture"])
        .env(VICTIM, "1")
        .output()
        .unwrap();
    assert!(!output.status.success());
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(stderr.contains("memory was asked for"), "{stderr}");
}
