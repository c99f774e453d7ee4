//! The firmware's Ethernet as single frames: what it sends is looked at frame by frame, and what it
//! receives is written by hand.

use std::cell::Cell;
use std::io;
use std::net::{Ipv4Addr, UdpSocket};
use std::process::Command;
use std::time::{Duration, Instant};

use super::image::BuildError;
use super::{Board, Image, Machine, Network, PROGRAM, Program};
use crate::packet::{Segment, checksum};

/// The firmware's address, as it is compiled.
pub const FIRMWARE: Ipv4Addr = Ipv4Addr::new(10, 0, 2, 15);
/// Ours: the gateway that the firmware is compiled for.
pub const PEER: Ipv4Addr = Ipv4Addr::new(10, 0, 2, 2);
/// Our Ethernet address.
pub const PEER_MAC: [u8; 6] = [2, 0, 0, 0, 0, 2];
/// Everyone.
pub const BROADCAST: [u8; 6] = [0xff; 6];
/// Types of frames.
pub const IPV4: u16 = 0x0800;
/// Types of frames.
pub const ARP: u16 = 0x0806;

/// No frame that is waited for takes longer, retransmissions included.
const PATIENCE: Duration = Duration::from_secs(20);
const ICMP: u8 = 1;
/// The firmware's shortest frame.
const SHORTEST: usize = 60;

/// The other end of the firmware's cable.
#[derive(Debug)]
pub struct Wire {
    machine: Machine,
    socket: UdpSocket,
    firmware: [u8; 6],
    /// Echo requests that were sent to see whether everything before them was handled.
    fences: Cell<u16>,
}

/// What a frame from the firmware is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Heard {
    /// ARP: who has this address?
    Asked(Ipv4Addr),
    /// ARP: the firmware's answer to the address that asked.
    Told(Ipv4Addr),
    /// TCP.
    Segment(Segment),
    /// ICMP: type, code, and the rest.
    Icmp(u8, u8, Vec<u8>),
}

impl Wire {
    /// Starts the firmware at the other end, and learns its address.
    ///
    /// # Panics
    /// When it does not start or does not answer.
    #[must_use]
    pub fn to(image: &Image) -> Self {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a socket");
        let machine = start(image, &socket);
        machine.await_console("link up");
        let mut wire = Self {
            machine,
            socket,
            firmware: BROADCAST,
            fences: Cell::new(0),
        };
        wire.send(&wire.arp_request(PEER));
        let frame = wire.frame(PATIENCE).expect("an answer to ARP");
        assert_eq!(wire.read(&frame), Some(Heard::Told(PEER)));
        wire.firmware = frame[6..12].try_into().expect("six octets");
        wire
    }

    /// The machine at the other end.
    #[must_use]
    pub const fn machine(&self) -> &Machine {
        &self.machine
    }

    /// Sends a frame as it stands.
    ///
    /// # Panics
    /// When the machine has ended.
    pub fn send(&self, frame: &[u8]) {
        self.socket.send(frame).expect("the machine receives");
    }

    /// Sends an IP packet from us to the firmware.
    pub fn send_packet(&self, packet: &[u8]) {
        self.send(&self.ip_frame(packet));
    }

    /// Sends a segment.
    pub fn send_segment(&self, segment: &Segment) {
        self.send_packet(&segment.encode());
    }

    /// A frame from us to the firmware, padded.
    #[must_use]
    pub fn ip_frame(&self, packet: &[u8]) -> Vec<u8> {
        let mut frame = self.frame_of(IPV4, packet);
        frame.resize(frame.len().max(SHORTEST), 0);
        frame
    }

    /// A frame from us to the firmware.
    #[must_use]
    pub fn frame_of(&self, kind: u16, payload: &[u8]) -> Vec<u8> {
        [&self.firmware[..], &PEER_MAC, &kind.to_be_bytes(), payload].concat()
    }

    /// A question for the firmware's address by the host `sender`, which has our Ethernet address.
    #[must_use]
    pub fn arp_request(&self, sender: Ipv4Addr) -> Vec<u8> {
        let mut frame = self.frame_of(ARP, &arp(1, PEER_MAC, sender));
        frame[..6].copy_from_slice(&BROADCAST);
        frame.resize(SHORTEST, 0);
        frame
    }

    /// The next frame that the firmware sends.
    #[must_use]
    pub fn frame(&self, within: Duration) -> Option<Vec<u8>> {
        let timeout = within.max(Duration::from_millis(1));
        let set = self.socket.set_read_timeout(Some(timeout));
        set.expect("a timeout");
        let mut frame = vec![0; 65_536];
        let length = self.socket.recv(&mut frame).ok()?;
        frame.truncate(length);
        Some(frame)
    }

    /// The next thing that the firmware says; questions for our address are answered meanwhile.
    ///
    /// # Panics
    /// When the firmware sends what no firmware may send.
    #[must_use]
    pub fn hear(&self, within: Duration) -> Option<Heard> {
        let deadline = Instant::now() + within;
        loop {
            let left = deadline.checked_duration_since(Instant::now())?;
            let frame = self.frame(left)?;
            match self.read(&frame) {
                Some(Heard::Asked(PEER)) => {
                    let answer = arp(2, PEER_MAC, PEER);
                    self.send(&self.frame_of(ARP, &answer));
                }
                Some(heard) => return Some(heard),
                None => {}
            }
        }
    }

    /// The next segment that the firmware sends.
    ///
    /// # Panics
    /// When none comes.
    #[must_use]
    pub fn segment(&self) -> Segment {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.hear(left) {
                Some(Heard::Segment(segment)) => return segment,
                Some(_) => {}
                None => panic!("no segment came; the firmware said:\n{}", self.last_words()),
            }
        }
    }

    /// Everything that the firmware says to `frames`. It handles frames one after the other, so
    /// what it has not said when it answered two echo requests sent afterwards, it does not say.
    ///
    /// # Panics
    /// When it does not answer the echo requests: it is not alive.
    pub fn answers_to(&self, frames: &[Vec<u8>]) -> Vec<Heard> {
        for frame in frames {
            self.send(frame);
        }
        let mut heard = Vec::new();
        for _ in 0..2 {
            self.fence(&mut heard);
        }
        heard
    }

    /// Waits for the answer to an echo request; what comes before it is added to `heard`.
    fn fence(&self, heard: &mut Vec<Heard>) {
        self.fences.set(self.fences.get().wrapping_add(1));
        let [high, low] = self.fences.get().to_be_bytes();
        let data = [0xfe, high, low];
        self.send_packet(&icmp(8, 0, &[&[0, 1, high, low][..], &data].concat()));
        let deadline = Instant::now() + PATIENCE;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.hear(left) {
                Some(Heard::Icmp(0, 0, rest)) if rest.ends_with(&data) => return,
                Some(other) => heard.push(other),
                None => panic!("not alive after {heard:?}; it said:\n{}", self.last_words()),
            }
        }
    }

    /// The end of the console.
    fn last_words(&self) -> String {
        let console = self.machine.console();
        let lines: Vec<&str> = console.lines().collect();
        lines[lines.len().saturating_sub(12)..].join("\n")
    }

    /// Reads a frame of the firmware, and insists that it is well-formed.
    fn read(&self, frame: &[u8]) -> Option<Heard> {
        assert!(frame.len() >= SHORTEST, "a short frame: {frame:02x?}");
        assert_eq!(frame[6] & 1, 0, "a group sends: {frame:02x?}");
        let payload = &frame[14..];
        match u16::from_be_bytes([frame[12], frame[13]]) {
            ARP => Some(read_arp(frame, payload)),
            IPV4 => {
                assert_eq!(frame[..6], PEER_MAC, "not for us: {frame:02x?}");
                Some(read_ip(payload))
            }
            other => panic!("a frame of type {other:#06x}"),
        }
    }
}

/// QEMU wants to know both ports before it starts, so one is chosen that is free a moment before.
fn start(image: &Image, socket: &UdpSocket) -> Machine {
    let peer = socket.local_addr().expect("an address");
    let mut last = None;
    for _ in 0..5 {
        let free = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a socket");
        let machine = free.local_addr().expect("an address");
        drop(free);
        match Machine::start(image, &Network::Datagrams { machine, peer }) {
            Ok(started) => {
                socket.connect(machine).expect("both ends are known");
                return started;
            }
            Err(error) => last = Some(error),
        }
    }
    panic!("QEMU does not start: {last:?}");
}

/// An ARP packet about the firmware's address.
#[must_use]
pub fn arp(operation: u8, sender_mac: [u8; 6], sender: Ipv4Addr) -> Vec<u8> {
    [
        &[0, 1, 8, 0, 6, 4, 0, operation][..],
        &sender_mac,
        &sender.octets(),
        &[0; 6],
        &FIRMWARE.octets(),
    ]
    .concat()
}

/// An ICMP message from us to the firmware, as an IP packet. `rest` is what follows the checksum.
#[must_use]
pub fn icmp(kind: u8, code: u8, rest: &[u8]) -> Vec<u8> {
    let mut message = [&[kind, code, 0, 0][..], rest].concat();
    let sum = checksum(&message);
    message[2..4].copy_from_slice(&sum.to_be_bytes());
    ip(ICMP, (PEER, FIRMWARE), &message)
}

/// An IP packet from one host to another.
#[must_use]
pub fn ip(protocol: u8, (from, to): (Ipv4Addr, Ipv4Addr), payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(20 + payload.len()).expect("a packet is short");
    let mut packet = vec![0x45, 0];
    packet.extend(length.to_be_bytes());
    packet.extend([0, 0, 0x40, 0, 64, protocol, 0, 0]);
    packet.extend(from.octets());
    packet.extend(to.octets());
    mend_ip(&mut packet);
    packet.extend(payload);
    packet
}

/// Puts the right checksum into the header of an IP packet without options.
pub fn mend_ip(packet: &mut [u8]) {
    packet[10..12].fill(0);
    let sum = checksum(&packet[..20]);
    packet[10..12].copy_from_slice(&sum.to_be_bytes());
}

fn read_arp(frame: &[u8], payload: &[u8]) -> Heard {
    let address = |at: usize| {
        let octets: [u8; 4] = payload[at..at + 4].try_into().expect("four octets");
        Ipv4Addr::from(octets)
    };
    assert_eq!(payload[..7], [0, 1, 8, 0, 6, 4, 0], "{payload:02x?}");
    assert_eq!(payload[8..14], frame[6..12], "its own address");
    assert_eq!(address(14), FIRMWARE);
    assert!(payload[28..].iter().all(|octet| *octet == 0), "padding");
    match payload[7] {
        1 => Heard::Asked(address(24)),
        2 => Heard::Told(address(24)),
        operation => panic!("ARP operation {operation}"),
    }
}

fn read_ip(payload: &[u8]) -> Heard {
    let length = usize::from(u16::from_be_bytes([payload[2], payload[3]]));
    let (packet, padding) = payload.split_at(length);
    assert!(padding.iter().all(|octet| *octet == 0), "{payload:02x?}");
    assert_eq!(checksum(&packet[..20]), 0, "{packet:02x?}");
    assert_eq!(packet[12..16], FIRMWARE.octets(), "its own address");
    if packet[9] == ICMP {
        assert_eq!(checksum(&packet[20..]), 0, "{packet:02x?}");
        return Heard::Icmp(packet[20], packet[21], packet[24..].to_vec());
    }
    let segment = Segment::decode(packet);
    Heard::Segment(segment.unwrap_or_else(|fault| panic!("{fault:?}: {packet:02x?}")))
}

/// The image for the usual board.
///
/// # Errors
/// Why this machine cannot run it.
pub fn ready() -> Result<Image, String> {
    ready_for(Board::An386)
}

/// The image for `board`.
///
/// # Errors
/// Why this machine cannot run it: there is no QEMU, or no compiler for the board.
///
/// # Panics
/// When the image does not build.
pub fn ready_for(board: Board) -> Result<Image, String> {
    ready_with(board, Program::Ours)
}

/// The image of `program` for `board`.
///
/// # Errors
/// As [`ready_for`].
///
/// # Panics
/// As [`ready_for`].
pub fn ready_with(board: Board, program: Program) -> Result<Image, String> {
    if let Err(error) = Command::new(PROGRAM).arg("--version").output() {
        assert_eq!(error.kind(), io::ErrorKind::NotFound, "{PROGRAM}: {error}");
        return Err(format!("{PROGRAM} is missing"));
    }
    match board.build_program(program, &[]) {
        Ok(image) => Ok(image),
        Err(error @ BuildError::NoCompiler(_)) => Err(error.to_string()),
        Err(error) => panic!("{error}"),
    }
}
