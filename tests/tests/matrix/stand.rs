//! A stack in a state, with octets in flight where the state allows any, and what is seen of it.

use tcp_core::{BlindAttacks, CloseReason, Config, Events, State, Timer};
use tcp_tests::memory::Sizes;
use tcp_tests::packet::{ACK, RST, SYN, Segment, URG};
use tcp_tests::peer::{Peer, Seg as Written, Setup, ack, data, fin, seg, syn_ack};

use crate::cell::{Cell, Station, URGENT};
use crate::outcome::{Fin, Outcome, Reply, Text, Told};
use crate::rfc9293::{Profile, Seg, Tcb, after_fin};

/// Octets of the receive ring: the window.
const WINDOW: u32 = 4_000;
/// Acknowledged before the segment arrives.
const BEFORE: u32 = 1_000;
/// In flight when it does.
const FLIGHT: u32 = 500;
/// How long the connection waits in TIME-WAIT before the segment.
const LINGERED_MS: u64 = 10_000;

/// A stack and the variables of its connection as its peer knows them.
pub(crate) struct Stand {
    peer: Peer,
    tcb: Tcb,
    station: Station,
}

/// What a check found, in words.
type Wrong = String;

macro_rules! hold {
    ($condition:expr, $($words:tt)+) => {
        if !$condition {
            return Err(format!($($words)+));
        }
    };
}

impl Stand {
    /// A stack in the state of `station`.
    pub(crate) fn new(station: Station, profile: Profile) -> Self {
        // Both directions cross zero within what a cell sends.
        let blind_attacks = match profile {
            Profile::ChallengeAcks => BlindAttacks::Challenged,
            Profile::Plain => BlindAttacks::Trusted,
        };
        let setup = Setup {
            config: Config::new().blind_attacks(blind_attacks),
            iss: 0xffff_fe00,
            sizes: Sizes {
                send: WINDOW as usize,
                receive: WINDOW as usize,
                records: 8,
                islands: 4,
                connections: 2,
            },
            ..Setup::plain()
        };
        let mut peer = match station {
            Station::Closed => Peer::new(setup),
            Station::Listen | Station::SynReceived => Peer::listening(setup),
            Station::SynSent => Peer::connecting(setup),
            Station::Crossed => Peer::crossed(setup),
            _ => Peer::passive(setup),
        };
        let window = steer(&mut peer, station);
        assert_eq!(peer.row().unwrap_or_else(|| peer.state()), station.state());
        let fin_sent = matches!(
            station,
            Station::FinWait1 | Station::FinWait2 | Station::Closing | Station::LastAck
        );
        let snd_nxt = peer.rcv;
        let all = station == Station::FinWait2 || station == Station::TimeWait;
        let snd_una = match station {
            Station::Closed | Station::Listen => 5_000,
            Station::SynSent | Station::SynReceived | Station::Crossed => 0,
            _ if all => snd_nxt,
            _ => 1 + BEFORE,
        };
        let unheard = matches!(
            station,
            Station::SynSent | Station::Closed | Station::Listen
        );
        let tcb = Tcb {
            profile,
            state: station.state(),
            passive: station != Station::SynSent && station != Station::Crossed,
            iss: 0,
            snd_una,
            snd_nxt: if snd_nxt == 0 { 6_000 } else { snd_nxt },
            fin_sent,
            max_snd_wnd: if unheard { 0 } else { 65_535 },
            rcv_nxt: peer.nxt,
            rcv_wnd: window.map_or(WINDOW, u32::from),
        };
        Self { peer, tcb, station }
    }

    pub(crate) fn tcb(&self) -> Tcb {
        self.tcb
    }

    /// The segment of `cell`, with numbers.
    pub(crate) fn seg(&self, cell: Cell) -> Seg {
        let Tcb {
            snd_una,
            snd_nxt,
            max_snd_wnd,
            rcv_nxt,
            rcv_wnd,
            ..
        } = self.tcb;
        Seg {
            flags: cell.flags,
            seq: cell.seq.number(rcv_nxt, rcv_wnd, cell.length()),
            ack: cell.ack.number(snd_una, snd_nxt, max_snd_wnd),
            text: cell.text,
            up: URGENT.into(),
        }
    }

    /// Sends `seg` and compares all that can be seen with `expected`.
    pub(crate) fn check(&mut self, seg: Seg, expected: &Outcome) -> Result<(), Wrong> {
        let peer = &mut self.peer;
        peer.events();
        let lingers = lingers_until(peer);
        let written = written(seg);
        let mut segment = peer.build(&written);
        // Without the ACK bit the field stands there all the same.
        segment.ack = peer.build(&written.clone().ack(seg.ack)).ack;
        peer.packet(&segment.encode());
        self.reply(seg, expected)?;
        self.state_after(expected)?;
        self.user_after(expected)?;
        let peer = &mut self.peer;
        let anew = lingers_until(peer) > lingers;
        hold!(
            self.station != Station::TimeWait
                || expected.next != State::TimeWait
                || anew == expected.lingers_anew,
            "2 MSL began anew: {anew}"
        );
        self.what_waits(seg, expected)
    }

    /// The reply is the one expected.
    fn reply(&mut self, seg: Seg, expected: &Outcome) -> Result<(), Wrong> {
        let mut sent = self.peer.take();
        if expected.reply == Reply::AckSoon && sent.is_empty() {
            // RFC 9293 MUST-40.
            self.peer.pass(499);
            sent = self.peer.take();
            sent.truncate(1);
        }
        if expected.reply == Reply::Nothing {
            // Nor is anything put off; no retransmission is due so soon.
            self.peer.pass(150);
            sent.extend(self.peer.take());
            hold!(sent.is_empty(), "replies {}", list(&sent));
            return Ok(());
        }
        let [reply] = &sent[..] else {
            return Err(format!("{} replies: {}", sent.len(), list(&sent)));
        };
        let (flags, seq, acked) = match expected.reply {
            Reply::Nothing => unreachable!("handled"),
            Reply::Ack | Reply::AckSoon => (ACK, self.tcb.snd_nxt, expected.rcv_nxt),
            Reply::ResetAtAck => (RST, seg.ack, 0),
            Reply::ResetFromZero => (RST | ACK, 0, end_of(seg)),
            Reply::ResetAtNext => (reply.flags & ACK | RST, self.tcb.snd_nxt, reply.ack),
            // Numbers count from the SYN.
            Reply::SynAck => (SYN | ACK, 0, expected.rcv_nxt),
        };
        let exact = reply.flags == flags && reply.seq == seq && reply.ack == acked;
        hold!(exact && reply.payload.is_empty(), "replies {}", list(&sent));
        Ok(())
    }

    /// The connection is in the state expected, or gone.
    fn state_after(&self, expected: &Outcome) -> Result<(), Wrong> {
        let row = match expected.next {
            State::Closed | State::Listen => None,
            state => Some(state),
        };
        let got = self.peer.row();
        hold!(got == row, "is in {got:?}");
        Ok(())
    }

    /// The user was told what is expected, and nothing else.
    fn user_after(&mut self, expected: &Outcome) -> Result<(), Wrong> {
        if self.peer.handle.is_none() && expected.next == State::Established {
            self.peer.accept();
        }
        let peer = &mut self.peer;
        if peer.handle.is_none() {
            return Ok(());
        }
        let urgent = peer.events().contains(Events::URGENT);
        // A connection that was not accepted yet tells with its first events, or in its state.
        hold!(urgent == expected.urgent, "urgent: {urgent}");
        let told = match peer.reason() {
            None => Told::Nothing,
            Some(CloseReason::Reset) => Told::Reset,
            Some(CloseReason::Refused) => Told::Refused,
            Some(CloseReason::Finished) => Told::Finished,
            Some(other) => return Err(format!("the user hears {other}")),
        };
        let quiet = matches!(self.tcb.state, State::TimeWait) || expected.next == State::TimeWait;
        hold!(quiet || told == expected.told, "the user hears {told:?}");
        let readable = u32::try_from(peer.readable()).expect("a short ring");
        let delivered = match expected.text {
            Text::Delivered(octets) => octets,
            Text::Nothing | Text::Held(_) | Text::Queued(_) => 0,
        };
        hold!(readable == delivered, "{readable} octets are readable");
        let synchronized = !matches!(expected.next, State::Closed | State::TimeWait);
        if synchronized && expected.next != State::SynReceived && expected.next != State::SynSent {
            let queue = peer.info().send_queue;
            let end = self.tcb.snd_nxt - u32::from(self.tcb.fin_sent);
            let waiting = end.saturating_sub(expected.snd_una.max(1));
            hold!(queue == waiting, "{queue} octets are unacknowledged");
        }
        Ok(())
    }

    /// What is held or queued comes forth when what is missing arrives, and nothing else does.
    fn what_waits(&mut self, seg: Seg, expected: &Outcome) -> Result<(), Wrong> {
        if expected.next == State::SynReceived && self.tcb.state != State::SynReceived {
            return self.what_is_queued(expected);
        }
        let receives = |state| {
            matches!(
                state,
                State::Established | State::FinWait1 | State::FinWait2
            )
        };
        let gap = seg.seq.wrapping_sub(expected.rcv_nxt);
        if !receives(expected.next) || gap > WINDOW {
            return Ok(());
        }
        let peer = &mut self.peer;
        let delivered = peer.readable();
        let missing = data(gap as usize)
            .seq(expected.rcv_nxt)
            .ack(expected.snd_una);
        peer.send(missing);
        let held = match expected.text {
            Text::Held(octets) => octets,
            Text::Nothing | Text::Delivered(_) | Text::Queued(_) => 0,
        };
        let came = peer.readable() - delivered;
        hold!(
            came == (gap + held) as usize,
            "{came} octets came when {gap} that were missing arrived"
        );
        let next = if expected.fin == Fin::Held {
            after_fin(expected.next)
        } else {
            expected.next
        };
        let got = peer.row();
        hold!(got == Some(next), "then is in {got:?}");
        Ok(())
    }

    /// The handshake goes on: what came with the SYN is there, or is not.
    fn what_is_queued(&mut self, expected: &Outcome) -> Result<(), Wrong> {
        let peer = &mut self.peer;
        if self.tcb.state == State::TimeWait {
            // The handle is the one of the incarnation before.
            peer.handle = None;
        }
        peer.send(ack().seq(expected.rcv_nxt));
        let got = peer.row();
        hold!(got == Some(State::Established), "then is in {got:?}");
        if peer.handle.is_none() {
            peer.accept();
        }
        let queued = match expected.text {
            Text::Queued(octets) => octets as usize,
            Text::Nothing | Text::Held(_) | Text::Delivered(_) => 0,
        };
        let readable = peer.readable();
        hold!(readable == queued, "{readable} octets came with the SYN");
        Ok(())
    }
}

/// SEG.SEQ+SEG.LEN.
fn end_of(seg: Seg) -> u32 {
    seg.seq.wrapping_add(seg.len())
}

fn written(of: Seg) -> Written {
    let mut written = seg(of.flags).seq(of.seq).len(of.text as usize);
    if of.flags & ACK != 0 {
        written = written.ack(of.ack);
    }
    if of.flags & URG != 0 {
        written = written.urgent(URGENT);
    }
    if of.flags & SYN != 0 {
        written = written.mss(1_000);
    }
    written
}

fn list(sent: &[Segment]) -> String {
    let lines: Vec<String> = sent.iter().map(ToString::to_string).collect();
    lines.join("; ")
}

/// When TIME-WAIT ends.
fn lingers_until(peer: &Peer) -> Option<tcp_core::Instant> {
    let mut rows = peer.stack.rows(peer.now);
    rows.find_map(|row| row.timer.filter(|(_, timer)| *timer == Timer::TimeWait))
        .map(|(at, _)| at)
}

/// The way from the open connection to the state. Returns the window that was offered last.
fn steer(peer: &mut Peer, station: Station) -> Option<u16> {
    match station {
        Station::Closed | Station::Listen | Station::SynSent | Station::Crossed => return None,
        Station::SynReceived => {
            peer.send(Setup::plain().offer);
            return Some(peer.expect(syn_ack()).window);
        }
        Station::Established
        | Station::FinWait1
        | Station::FinWait2
        | Station::CloseWait
        | Station::Closing
        | Station::LastAck
        | Station::TimeWait => {}
    }
    peer.write(BEFORE as usize);
    peer.send(ack());
    peer.write(FLIGHT as usize);
    if matches!(
        station,
        Station::FinWait1 | Station::FinWait2 | Station::Closing | Station::TimeWait
    ) {
        peer.shutdown();
    }
    match station {
        Station::FinWait2 => {
            peer.send(ack());
        }
        Station::CloseWait | Station::Closing | Station::LastAck => {
            peer.send(fin().ack(1 + BEFORE));
        }
        Station::TimeWait => {
            peer.send(fin());
        }
        _ => {}
    }
    if station == Station::LastAck {
        peer.shutdown();
    }
    let window = peer.take().last().map(|sent| sent.window);
    if station == Station::TimeWait {
        peer.pass(LINGERED_MS);
        assert!(peer.take().is_empty(), "TIME-WAIT is silent");
    }
    window
}
