//! Segments as lines, with the state of both ends beside them.

use std::fmt::Write;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tcp_std::tcp_core::wire::{Flags, HeaderChecksum, IpPacket, Segment};
use tcp_std::tcp_core::{RxChecksum, SeqLen, SeqNum, State, Tuple};
use tcp_std::{Direction, Observer, Sighting};

/// Collects the lines of the connections to one port of ours.
#[derive(Clone, Debug, Default)]
pub(super) struct Trace {
    watch: Arc<Mutex<Watch>>,
}

#[derive(Debug, Default)]
struct Watch {
    /// Our port; zero watches nothing.
    port: u16,
    lines: Vec<String>,
    started: Option<u64>,
    kernel: Kernel,
    our_isn: Option<SeqNum>,
    kernel_isn: Option<SeqNum>,
}

impl Trace {
    pub(super) fn observer(&self) -> impl Observer + use<> {
        Watcher(self.clone())
    }

    /// Starts to watch the connections to a port.
    pub(super) fn watch(&self, port: u16) {
        *self.lock() = Watch {
            port,
            ..Watch::default()
        };
    }

    /// Ends to watch and returns the lines.
    pub(super) fn finish(&self) -> Vec<String> {
        std::mem::take(&mut *self.lock()).lines
    }

    fn lock(&self) -> MutexGuard<'_, Watch> {
        self.watch.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Watcher(Trace);

impl Observer for Watcher {
    fn packet(&mut self, sighting: &Sighting<'_>) {
        let mut watch = self.0.lock();
        if watch.port != 0 {
            watch.sees(sighting);
        }
    }
}

impl Watch {
    fn sees(&mut self, sighting: &Sighting<'_>) {
        let Ok(packet) = IpPacket::parse(sighting.octets, HeaderChecksum::Verify) else {
            return;
        };
        let (source, destination) = (packet.source, packet.destination);
        let segment = Segment::parse(packet.payload, source, destination, RxChecksum::Unverified);
        let Ok(segment) = segment else {
            return;
        };
        let source = SocketAddr::new(source.ip(), segment.source_port);
        let destination = SocketAddr::new(destination.ip(), segment.destination_port);
        let tuple = match sighting.direction {
            Direction::In => Tuple::new(destination, source),
            Direction::Out => Tuple::new(source, destination),
        };
        let Some(tuple) = tuple.filter(|tuple| tuple.local().port() == self.port) else {
            return;
        };
        let is_syn = segment.flags.has(Flags::SYN);
        match sighting.direction {
            Direction::In if is_syn => self.kernel_isn = Some(segment.seq),
            Direction::Out if is_syn => self.our_isn = Some(segment.seq),
            _ => {}
        }
        self.kernel.sees(sighting.direction, &segment);
        let ours = sighting.state_of(&tuple).unwrap_or(State::Closed);
        let started = *self.started.get_or_insert(sighting.wall_micros);
        let micros = sighting.wall_micros.saturating_sub(started);
        let arrow = match sighting.direction {
            Direction::In => "<--",
            Direction::Out => "-->",
        };
        if self.lines.is_empty() {
            self.lines.push(heading());
        }
        self.lines.push(format!(
            "{:>3}.{:03} ms  {:<12} {arrow} {:<13} {}",
            micros / 1_000,
            micros % 1_000,
            ours.to_string(),
            format!("({})", self.kernel.state),
            self.describe(sighting.direction, &segment)
        ));
    }

    /// In the manner of tcpdump.
    fn describe(&self, direction: Direction, segment: &Segment<'_>) -> String {
        let (isn, other_isn) = match direction {
            Direction::In => (self.kernel_isn, self.our_isn),
            Direction::Out => (self.our_isn, self.kernel_isn),
        };
        let relative = |point: SeqNum, isn: Option<SeqNum>| {
            isn.map_or(point.raw(), |isn| point.since(isn).get())
        };
        let from = relative(segment.seq, isn);
        let len = segment.payload.len();
        let mut text = format!("[{}] seq {from}", flags(segment.flags));
        // Writing to a string does not fail.
        if len > 0 {
            let to = relative(segment.seq + SeqLen::of(len), isn);
            _ = write!(text, ":{to}");
        }
        if let Some(ack) = segment.ack {
            _ = write!(text, " ack {}", relative(ack, other_isn));
        }
        _ = write!(text, " win {}", segment.window.0);
        let options = &segment.options;
        if let Some(mss) = options.mss {
            _ = write!(text, " mss {mss}");
        }
        if let Some(shift) = options.window_scale {
            _ = write!(text, " wscale {shift}");
        }
        if options.sack_permitted {
            text.push_str(" sackOK");
        }
        if options.timestamps.is_some() && segment.flags.has(Flags::SYN) {
            text.push_str(" TS");
        }
        _ = write!(text, " length {len}");
        text
    }
}

fn heading() -> String {
    format!(
        "{:>10}  {:<12}     {:<13} segment",
        "time", "tcp-core", "(kernel)*"
    )
}

fn flags(flags: Flags) -> String {
    let letters = [
        (Flags::SYN, 'S'),
        (Flags::FIN, 'F'),
        (Flags::RST, 'R'),
        (Flags::PSH, 'P'),
        (Flags::URG, 'U'),
        (Flags::ACK, '.'),
    ];
    letters
        .into_iter()
        .filter(|(bit, _)| flags.has(*bit))
        .map(|(_, letter)| letter)
        .collect()
}

/// The kernel's end as its segments let infer it (RFC 9293 figure 5): what it does at once is
/// seen, what it waits for is not.
#[derive(Debug, Default)]
struct Kernel {
    state: State,
    /// What acknowledges its FIN.
    fin_end: Option<SeqNum>,
}

impl Kernel {
    fn sees(&mut self, direction: Direction, segment: &Segment<'_>) {
        self.state = match direction {
            Direction::In => self.after_sending(segment),
            Direction::Out => self.after_receiving(segment),
        };
    }

    fn after_sending(&mut self, segment: &Segment<'_>) -> State {
        let flags = segment.flags;
        if flags.has(Flags::RST) {
            return State::Closed;
        }
        if flags.has(Flags::SYN) {
            return if flags.has(Flags::ACK) {
                State::SynReceived
            } else {
                State::SynSent
            };
        }
        if !flags.has(Flags::FIN) {
            return self.state;
        }
        self.fin_end = Some(segment.seq + segment.seq_len());
        match self.state {
            State::Established | State::SynReceived => State::FinWait1,
            State::CloseWait => State::LastAck,
            other => other,
        }
    }

    fn after_receiving(&self, segment: &Segment<'_>) -> State {
        let flags = segment.flags;
        if flags.has(Flags::RST) {
            return State::Closed;
        }
        let fin = flags.has(Flags::FIN);
        let fin_acknowledged = self.fin_end.is_some() && segment.ack == self.fin_end;
        match (self.state, fin) {
            (State::SynSent, _) if flags.has(Flags::SYN) => State::Established,
            (State::SynReceived, false) => State::Established,
            (State::Established | State::SynReceived, true) => State::CloseWait,
            (State::FinWait1, true) if fin_acknowledged => State::TimeWait,
            (State::FinWait1, true) => State::Closing,
            (State::FinWait1, false) if fin_acknowledged => State::FinWait2,
            (State::FinWait2, true) => State::TimeWait,
            (State::Closing, _) if fin_acknowledged => State::TimeWait,
            (State::LastAck, _) if fin_acknowledged => State::Closed,
            (other, _) => other,
        }
    }
}
