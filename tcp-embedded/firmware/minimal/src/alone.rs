//! One connection without a stack: segments are made of what the device says, so the proof does
//! not rest on what a parser lets through.

use core::net::{IpAddr, SocketAddr};

use tcp_core::wire::{Flags, RawWindow, SackBlock, Segment, SegmentOptions, Timestamps};
use tcp_core::{
    Config, Connection, HalfOpen, Instant, Island, Opening, SentRecord, SeqLen, SeqNum, SeqRange,
    Storage, Tuple, TxChecksum, Unreachable,
};

use crate::Chosen;
use crate::mailbox::Mailbox;

const RING: usize = 1_024;

pub(crate) fn run(mut mailbox: Mailbox) -> ! {
    let mut packet = [0; 1_500];
    let mut send = [0; RING];
    let mut receive = [0; RING];
    let mut records = [SentRecord::default(); 4];
    let mut islands = [Island::default(); 4];
    let storage = Storage {
        send: (&mut send[..]).into(),
        receive: (&mut receive[..]).into(),
        records: (&mut records[..]).into(),
        islands: (&mut islands[..]).into(),
    };
    let end = |address: IpAddr| SocketAddr::new(address, mailbox.choice() as u16);
    let tuple = loop {
        if let Some(tuple) = Tuple::new(end(mailbox.address()), end(mailbox.address())) {
            break tuple;
        }
    };
    let mut connection = open(&mailbox, storage);
    loop {
        step(&mut connection, &mut mailbox, &tuple, &mut packet);
    }
}

fn open<'a>(mailbox: &Mailbox, storage: Storage<'a>) -> Connection<'a, Chosen> {
    let choice = mailbox.choice();
    let opening = Opening {
        iss: SeqNum::new(mailbox.choice()),
        timestamp_offset: mailbox.choice(),
        mtu: mailbox.choice() as u16,
        ip_header: mailbox.choice() as u16,
    };
    if choice == 0 {
        return Connection::connect(mailbox.now(), Config::new(), opening, storage);
    }
    let half_open = HalfOpen {
        opening,
        irs: SeqNum::new(mailbox.choice()),
        peer_mss: mailbox.choice() as u16,
        peer_window_scale: (choice & 1 != 0).then(|| mailbox.choice() as u8),
        our_window_scale: mailbox.choice() as u8,
        sack: choice & 2 != 0,
        timestamps: (choice & 4 != 0).then(|| mailbox.choice()),
        syn_ack_sent: (choice & 8 != 0).then(|| mailbox.now()),
        offered_window: mailbox.choice() as u16,
        ecn: false,
    };
    Connection::accept(mailbox.now(), Config::new(), half_open, storage)
}

#[inline(never)]
fn step(
    connection: &mut Connection<'_, Chosen>,
    mailbox: &mut Mailbox,
    tuple: &Tuple,
    packet: &mut [u8],
) {
    let now = mailbox.now();
    match mailbox.choice() {
        0 => receive(connection, mailbox, now, packet),
        1 => connection.advance(now),
        2 => {
            let len = connection.transmit(now, tuple, packet, TxChecksum::Full);
            mailbox.put(len.and_then(|len| packet.get(..len)).unwrap_or_default());
        }
        3 => drop(connection.send(now, &[mailbox.choice() as u8; 64])),
        4 => {
            let mut out = [0; 64];
            let count = connection.read(now, &mut out).unwrap_or(0);
            mailbox.report(u32::from(out[0]) + count as u32);
        }
        5 => drop(connection.shutdown(now)),
        6 => connection.close(now),
        7 => connection.abort(now),
        8 => connection.unreachable(now, SeqNum::new(mailbox.choice()), Unreachable::Host),
        9 => connection.set_path_mtu(now, SeqNum::new(mailbox.choice()), mailbox.choice() as u16),
        10 => mailbox.report(connection.info(now).cwnd),
        _ => {
            let wants = connection.wants_transmit(now) || connection.has_events();
            let events = connection.take_events();
            let seed = connection.time_wait_seed();
            mailbox.report(u32::from(wants || events.is_empty() || seed.is_some()));
            let deadline = connection.next_deadline(mailbox.now());
            mailbox.sleep_until(deadline.map(|(at, _)| at));
        }
    }
}

#[inline(never)]
fn receive(
    connection: &mut Connection<'_, Chosen>,
    mailbox: &mut Mailbox,
    now: Instant,
    packet: &mut [u8],
) {
    let flags = Flags(mailbox.choice() as u8);
    let mut options = SegmentOptions {
        mss: Some(mailbox.choice() as u16),
        window_scale: Some(mailbox.choice() as u8),
        sack_permitted: mailbox.choice() == 0,
        timestamps: (mailbox.choice() == 0).then(|| Timestamps {
            value: mailbox.choice(),
            echo: mailbox.choice(),
        }),
        ..SegmentOptions::default()
    };
    for _ in 0..4 {
        let start = SeqNum::new(mailbox.choice());
        let range = SeqRange {
            start,
            end: start + SeqLen::new(mailbox.choice()),
        };
        if let Some(block) = SackBlock::new(range) {
            let _ = options.sack.push(block);
        }
    }
    let mut segment = Segment {
        source_port: 0,
        destination_port: 0,
        seq: SeqNum::new(mailbox.choice()),
        ack: flags.has(Flags::ACK).then(|| SeqNum::new(mailbox.choice())),
        flags,
        control: mailbox.control(),
        window: RawWindow(mailbox.choice() as u16),
        urgent: flags.has(Flags::URG).then(|| mailbox.choice() as u16),
        options,
        marked: false,
        payload: &[],
    };
    let segments = mailbox.choice() as u16;
    if let Some(octets) = mailbox.take(packet).and_then(|len| packet.get(..len)) {
        segment.payload = octets;
        let arrival = connection.receive(now, &segment, segments);
        mailbox.report(u32::from(
            arrival.verdict.is_ok() || arrival.reset.is_some(),
        ));
    }
}
