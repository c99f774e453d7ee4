//! What a well-behaved peer sees, frame by frame: handshake, data, loss, disorder, the end.

use std::io::Write;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use tcp_tests::packet::{ACK, FIN, PSH, RST, SYN, Segment};
use tcp_tests::qemu::frames::{Heard, Wire};
use tcp_tests::qemu::{Conversation, Image};
use tcp_tests::stream::Stream;

const ECHO: u16 = 7;
const CHARGEN: u16 = 19;
const HTTP: u16 = 80;

pub(crate) fn a_handshake_agrees_on_options(wire: &Wire) {
    let plain = Conversation::open(wire, 40_000, ECHO).syn_ack;
    assert_eq!(plain.options.mss, Some(1_460));
    assert!(plain.options.sack_permitted);
    assert_eq!(plain.options.window_scale, None, "not offered");
    assert_eq!(plain.options.timestamps, None, "not offered");

    let mut conversation = Conversation::silent(40_001, ECHO);
    let mut syn = conversation.syn();
    syn.options.window_scale = Some(7);
    syn.options.timestamps = Some((0x1234_5678, 0));
    wire.send_segment(&syn);
    let answer = wire.segment();
    assert!(answer.options.window_scale.is_some(), "{answer}");
    let echoed = answer.options.timestamps.map(|(_, echo)| echo);
    assert_eq!(echoed, Some(0x1234_5678), "{answer}");
    conversation.establish(wire, &syn, answer);
}

pub(crate) fn octets_come_back(wire: &Wire) {
    let mut conversation = Conversation::open(wire, 40_100, ECHO);
    for length in [1, 64, 1_460] {
        let octets = stream(length);
        conversation.say(wire, &octets);
        assert_eq!(conversation.take(wire, length), octets);
    }
    // As much as the firmware's window holds, at once.
    let octets = stream(5_840);
    for part in octets.chunks(1_460) {
        conversation.say(wire, part);
    }
    assert_eq!(conversation.take(wire, octets.len()), octets);
}

pub(crate) fn what_is_lost_is_sent_again(wire: &Wire) {
    let mut conversation = Conversation::open(wire, 40_200, CHARGEN);
    let first = conversation.hear_content(wire);
    assert_eq!(first.seq, conversation.ack);
    // It never arrived, and neither did what followed.
    let again = await_seq(&conversation, wire, first.seq);
    assert_eq!(again.payload, first.payload);
    // From here on everything is taken, and the stream is the one that RFC 864 shows.
    let octets = conversation.take(wire, 20_000);
    assert!(octets.starts_with(&first.payload));
    assert!(octets.starts_with(b" !\"#$%&'()*+,-./0123456789"));
    assert_eq!(octets, pattern(octets.len()));
    assert!(counter(wire, "retransmissions") >= 1);
}

pub(crate) fn a_lost_answer_to_a_syn_is_sent_again(wire: &Wire) {
    let mut conversation = Conversation::silent(40_300, ECHO);
    let syn = conversation.syn();
    wire.send_segment(&syn);
    let lost = wire.segment();
    assert_eq!(lost.flags, SYN | ACK);
    let again = wire.segment();
    assert_eq!(again, lost);
    // Our SYN once more does not make a second connection.
    wire.send_segment(&syn);
    let answer = wire.segment();
    assert_eq!((answer.flags, answer.seq), (lost.flags, lost.seq));
    conversation.establish(wire, &syn, answer);
    conversation.say(wire, b"alive");
    assert_eq!(conversation.take(wire, 5), b"alive");
}

pub(crate) fn what_arrives_in_disorder_is_put_in_order(wire: &Wire) {
    let mut conversation = Conversation::open(wire, 40_400, ECHO);
    let octets = stream(4_000);
    let begin = conversation.seq;
    let piece = |index: usize| -> Segment {
        let range = index * 500..(index + 1) * 500;
        let mut segment = conversation.segment(ACK | PSH, &octets[range]);
        let offset = u32::try_from(index * 500).expect("a short stream");
        segment.seq = begin.wrapping_add(offset);
        segment
    };
    // Beyond the gap: each is answered at once, with what is missing and what is there.
    wire.send_segment(&piece(2));
    let duplicate = conversation.hear(wire);
    assert_eq!(duplicate.ack, begin, "{duplicate}");
    let (left, right) = (piece(2).seq, piece(2).end());
    assert_eq!(duplicate.options.sack, [(left, right)], "{duplicate}");
    for index in [5, 3, 7, 4, 6, 1, 2, 0] {
        wire.send_segment(&piece(index));
    }
    conversation.seq = begin.wrapping_add(4_000);
    assert_eq!(conversation.take(wire, octets.len()), octets);
}

pub(crate) fn the_peer_may_close_first(wire: &Wire) {
    let mut conversation = Conversation::open(wire, 40_500, ECHO);
    conversation.say(wire, b"last");
    let fin = conversation.segment(FIN | ACK, &[]);
    wire.send_segment(&fin);
    conversation.seq = fin.end();
    assert_eq!(conversation.take(wire, 4), b"last");
    let end = await_fin(&mut conversation, wire);
    assert_eq!(end.ack, conversation.seq, "{end}");
    // Four segments closed it: it is gone.
    let late = conversation.acknowledgment();
    let answers = wire.answers_to(&[wire.ip_frame(&late.encode())]);
    assert_reset(&answers, late.ack);
}

pub(crate) fn the_page_comes(wire: &Wire) {
    let mut conversation = Conversation::open(wire, 40_550, HTTP);
    conversation.say(wire, b"GET / HTTP/1.1\r\nHost: firmware\r\n\r\n");
    let page = conversation.take(wire, 800);
    assert!(page.starts_with(b"HTTP/1.1 200 OK\r\n"));
    await_fin(&mut conversation, wire);
}

pub(crate) fn the_firmware_may_close_first(wire: &Wire) {
    let mut conversation = Conversation::open(wire, 40_600, HTTP);
    conversation.say(wire, b"GET / HTTP/1.0\r\n\r\n");
    let page = conversation.take(wire, 800);
    assert!(page.starts_with(b"HTTP/1.1 200 OK\r\n"));
    await_fin(&mut conversation, wire);
    let fin = conversation.segment(FIN | ACK, &[]);
    wire.send_segment(&fin);
    conversation.seq = fin.end();
    let last = conversation.hear(wire);
    assert_eq!((last.flags, last.ack), (ACK, fin.end()), "{last}");
    // That acknowledgment is lost: TIME-WAIT answers our FIN once more.
    wire.send_segment(&fin);
    let again = conversation.hear(wire);
    assert_eq!((again.flags, again.ack), (ACK, fin.end()), "{again}");
}

pub(crate) fn a_shut_window_is_probed(wire: &Wire) {
    let mut conversation = Conversation::silent(40_700, CHARGEN);
    conversation.window = 1_000;
    let syn = conversation.syn();
    wire.send_segment(&syn);
    conversation.window = 0;
    let answer = wire.segment();
    conversation.establish(wire, &syn, answer);
    // Nothing may be sent but probes, and these must come.
    for _ in 0..2 {
        let probe = conversation.hear_content(wire);
        assert!(probe.payload.len() <= 1, "{probe}");
        assert_eq!(probe.seq, conversation.ack, "{probe}");
        wire.send_segment(&conversation.acknowledgment());
    }
    conversation.window = 64_000;
    wire.send_segment(&conversation.acknowledgment());
    let octets = conversation.take(wire, 10_000);
    assert_eq!(octets, pattern(octets.len()));
}

pub(crate) fn twelve_connections_are_open_at_once(wire: &Wire) {
    let open = |port| Conversation::open(wire, port, ECHO);
    let mut all: Vec<_> = (41_000..41_012).map(open).collect();
    for (index, conversation) in all.iter_mut().enumerate() {
        let octets = stream(700 + index);
        conversation.say(wire, &octets);
        assert_eq!(conversation.take(wire, octets.len()), octets);
    }
    // There is no memory for a thirteenth, whose SYN and ACK are answered by nobody or refused.
    let mut late = Conversation::silent(41_012, ECHO);
    let syn = late.syn();
    for answer in wire.answers_to(&[wire.ip_frame(&syn.encode())]) {
        match answer {
            Heard::Segment(answer) if answer.flags == SYN | ACK => {
                late.establish(wire, &syn, answer);
                late.say(wire, b"no");
            }
            Heard::Segment(answer) => assert!(answer.has(RST), "{answer}"),
            other => panic!("{other:?}"),
        }
    }
    // The first ends, and the place is free for another one.
    let gone = all.remove(0);
    wire.send_segment(&gone.segment(RST | ACK, &[]));
    wire.send_segment(&late.segment(RST | ACK, &[]));
    wire.answers_to(&[]);
    let mut next = Conversation::open(wire, 41_100, ECHO);
    next.say(wire, b"room");
    assert_eq!(next.take(wire, 4), b"room");
    for conversation in &mut all {
        conversation.say(wire, b"still here");
        assert_eq!(conversation.take(wire, 10), b"still here");
    }
}

/// The interrupt and the alarm work: the processor sleeps between them.
pub(crate) fn an_idle_machine_uses_no_processor(wire: &Wire) {
    let mut conversation = Conversation::open(wire, 40_800, ECHO);
    let ticks = || wire.machine().cpu_ticks().expect("it runs");
    let before = ticks();
    let start = Instant::now();
    std::thread::sleep(Duration::from_secs(2));
    let used = ticks() - before;
    let share = used as f64 / (start.elapsed().as_secs_f64() * 100.0);
    assert!(share < 0.1, "{used} ticks in {:?}", start.elapsed());
    // And a frame wakes it at once, not the alarm after two thirds of a second: at least once in
    // five times, because this machine has other things to do, too.
    let mut wake = || {
        std::thread::sleep(Duration::from_millis(300));
        let sent = Instant::now();
        conversation.say(wire, b"wake up");
        assert_eq!(conversation.take(wire, 7), b"wake up");
        sent.elapsed()
    };
    let shortest = (0..5).map(|_| wake()).min();
    assert!(shortest < Some(Duration::from_millis(100)), "{shortest:?}");
}

pub(crate) fn frames_are_decoded(wire: &Wire, image: &Image) {
    let _open = Conversation::open(wire, 40_900, ECHO);
    wire.answers_to(&[]);
    let mut print = Command::new("defmt-print")
        .arg("-e")
        .arg(image.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("it was there");
    let frames = wire.machine().semihosting();
    let mut input = print.stdin.take().expect("a pipe");
    input.write_all(&frames).expect("it reads");
    drop(input);
    let output = print.wait_with_output().expect("it ends");
    let text = String::from_utf8_lossy(&output.stdout);
    for said in [
        "mps2-an386 at [10, 0, 2, 15]",
        "link up: true",
        "echo opened by port 40900",
    ] {
        assert!(text.contains(said), "{said:?} is not in:\n{text}");
    }
}

/// Waits until the segment at `seq` comes once more.
fn await_seq(conversation: &Conversation, wire: &Wire, seq: u32) -> Segment {
    loop {
        let segment = conversation.hear_content(wire);
        if segment.seq == seq {
            return segment;
        }
    }
}

/// Waits for the firmware's FIN, taking data meanwhile, and acknowledges it.
fn await_fin(conversation: &mut Conversation, wire: &Wire) -> Segment {
    loop {
        if let Some(fin) = conversation.fin.take() {
            return fin;
        }
        let segment = conversation.hear_content(wire);
        conversation.accept(wire, &segment);
    }
}

/// So many octets of which none stands where another could.
fn stream(length: usize) -> Vec<u8> {
    let mut octets = vec![0; length];
    Stream::new(length as u64).fill(0, &mut octets);
    octets
}

fn assert_reset(answers: &[Heard], seq: u32) {
    match answers {
        [Heard::Segment(reset)] => assert_eq!((reset.flags, reset.seq), (RST, seq), "{reset}"),
        other => panic!("not one reset: {other:?}"),
    }
}

/// One of the firmware's counters, by its own page.
pub(crate) fn counter(wire: &Wire, name: &str) -> u64 {
    use std::sync::atomic::{AtomicU16, Ordering};
    static PORT: AtomicU16 = AtomicU16::new(50_000);
    let port = PORT.fetch_add(1, Ordering::Relaxed);
    let mut conversation = Conversation::open(wire, port, HTTP);
    conversation.say(wire, b"GET /counters.json HTTP/1.1\r\n\r\n");
    let mut text = String::new();
    while !text.contains('}') {
        text += &String::from_utf8_lossy(&conversation.take(wire, 1));
    }
    wire.send_segment(&conversation.segment(RST | ACK, &[]));
    let key = format!("\"{name}\":");
    let value = text.split(&key).nth(1).unwrap_or_else(|| panic!("{text}"));
    let digits: String = value.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().expect("a number")
}

/// The lines of RFC 864.
pub(crate) fn pattern(length: usize) -> Vec<u8> {
    let octet = |at: usize| match (at / 74, at % 74) {
        (_, 72) => b'\r',
        (_, 73) => b'\n',
        (line, column) => {
            let character = u8::try_from((line + column) % 95).expect("one of 95");
            b' ' + character
        }
    };
    (0..length).map(octet).collect()
}
