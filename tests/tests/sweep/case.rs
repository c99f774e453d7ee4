//! One modified segment: what it may do, and that what is left of the connection still works.

use tcp_core::{CloseReason, State};
use tcp_tests::packet::{ACK, FIN, Fault, Options, RST, SYN, Segment};
use tcp_tests::peer::{Peer, Seg, Setup, ack, data, fin, seg};
use tcp_tests::stream::Stream;

use crate::field::Edges;

/// Octets of text in the segment that is modified.
const TEXT: usize = 100;

/// What a case comes to: words, if it is wrong.
pub(crate) type Verdict = Result<(), String>;

macro_rules! hold {
    ($condition:expr, $($words:tt)+) => {
        if !$condition {
            return Err(format!($($words)+));
        }
    };
}

/// How a state was reached.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Way {
    /// By a peer that does one thing after the other.
    Usual,
    /// The two SYNs crossed.
    Crossed,
}

/// A stack in `state`, with octets in flight where there can be.
pub(crate) fn stack_in((state, way): (State, Way), setup: Setup) -> Peer {
    let mut peer = match (state, way) {
        (State::Closed, _) => Peer::new(setup),
        (_, Way::Crossed) => Peer::crossed(setup),
        (state, Way::Usual) => Peer::in_state(state, setup),
    };
    if matches!(state, State::Established | State::CloseWait) {
        peer.write(500);
        peer.take();
    }
    peer
}

/// The segment that an honest peer would send next.
pub(crate) fn next_segment(peer: &Peer, (state, way): (State, Way)) -> Segment {
    let text = data(TEXT).sack(&[(1, 2)]);
    match state {
        State::SynReceived if way == Way::Crossed => peer.build(&peer.answer_to_syn().seq(0)),
        State::Closed | State::Listen => peer.build(&offer()),
        State::SynSent => peer.build(&peer.answer_to_syn()),
        State::SynReceived | State::Established => peer.build(&text),
        State::FinWait1 | State::FinWait2 => peer.build(&text.with_fin()),
        State::CloseWait | State::Closing | State::LastAck => peer.build(&ack().sack(&[(1, 2)])),
        State::TimeWait => peer.build(&fin().seq(peer.nxt - 1)),
    }
}

fn offer() -> Seg {
    Setup::full().offer
}

/// The edges of both windows, as raw numbers.
pub(crate) fn edges(peer: &Peer, rcv_wnd: u32) -> Edges {
    let ours = peer.build(&seg(0).seq(0)).seq;
    let theirs = peer.build(&ack().ack(0)).ack;
    let una = match peer.state() {
        State::Established | State::CloseWait => peer.rcv - 500,
        State::FinWait1 | State::Closing | State::LastAck => peer.rcv - 1,
        _ => peer.rcv,
    };
    Edges {
        irs: ours,
        rcv_nxt: ours.wrapping_add(peer.nxt),
        rcv_wnd,
        snd_una: theirs.wrapping_add(una),
        snd_nxt: theirs.wrapping_add(peer.rcv),
    }
}

/// A modified segment on its way to a stack, and what a lenient receiver reads in it.
struct Case<'p> {
    peer: &'p mut Peer,
    before: Option<State>,
    read: Option<Segment>,
    /// Added to our timestamp clock, because the segment was ahead of it.
    ahead: u32,
}

/// Sends `octets` and checks everything that must hold afterwards. Returns the answer, if any.
pub(crate) fn check(peer: &mut Peer, octets: &[u8]) -> Result<Vec<Segment>, String> {
    let (read, understood) = understand(octets);
    let (stack, ours) = peer.ends();
    let read = read.filter(|read| read.source == ours && read.destination == stack);
    let before = peer.row();
    let readable = peer.readable_or_zero();
    peer.odd_packet(octets, &understood);
    let replies = peer.take();
    hold!(replies.len() <= 1, "U3: {} replies", replies.len());
    let unchanged = peer.row() == before && peer.readable_or_zero() == readable;
    if read.is_none() {
        hold!(unchanged, "what is not for it changed it: {:?}", peer.row());
    }
    let clock = peer.stamp();
    let value = read.as_ref().and_then(|read| read.options.timestamps);
    // The clock of the first SYN that is taken is what it says; that of others if it is ahead.
    let first = peer.row() != before && before != Some(State::SynReceived);
    let opens = first && read.as_ref().is_some_and(|read| read.has(SYN));
    let ahead = value.map_or(0, |(value, _)| value.wrapping_sub(clock));
    let ahead = if opens || ahead < 1 << 31 { ahead } else { 0 };
    let mut case = Case {
        peer,
        before,
        read,
        ahead,
    };
    if case.peer.row().is_none() && before.is_some() {
        case.ended()?;
    } else {
        case.lives()?;
    }
    case.leaves_nothing()?;
    Ok(replies)
}

/// What a receiver that passes over malformed options reads in `octets`, and a packet that says
/// just that.
fn understand(octets: &[u8]) -> (Option<Segment>, Vec<u8>) {
    let decoded = Segment::decode(octets);
    if !matches!(decoded, Ok(_) | Err(Fault::Options)) {
        return (None, octets.to_vec());
    }
    let start = match octets[0] >> 4 {
        4 => usize::from(octets[0] & 15) * 4,
        _ => 40,
    };
    let end = start + usize::from(octets[start + 12] >> 4) * 4;
    let options = &octets[start + 20..end];
    if let Ok(mut segment) = decoded {
        segment.options = Options::default();
        read_leniently(options, &mut segment);
        return (Some(segment), octets.to_vec());
    }
    let mut bare = octets.to_vec();
    // Ended at once, they are read as none; the checksum has to follow.
    bare[start + 20..end].fill(0);
    let sum = segment_sum(&bare, start);
    bare[start + 16..start + 18].copy_from_slice(&sum.to_be_bytes());
    let mut segment = Segment::decode(&bare).expect("nothing else was wrong");
    read_leniently(options, &mut segment);
    let packet = segment.encode();
    (Some(segment), packet)
}

fn segment_sum(packet: &[u8], start: usize) -> u16 {
    let v4 = packet[0] >> 4 == 4;
    let claimed = usize::from(u16::from_be_bytes(if v4 {
        [packet[2], packet[3]]
    } else {
        [packet[4], packet[5]]
    }));
    let end = if v4 { claimed } else { 40 + claimed };
    let addresses = if v4 { 12..20 } else { 8..40 };
    let mut tcp = packet[start..end].to_vec();
    tcp[16..18].fill(0);
    let mut summed = packet[addresses].to_vec();
    summed.extend((tcp.len() as u32 + 6).to_be_bytes());
    summed.extend(tcp);
    tcp_tests::packet::checksum(&summed)
}

/// Options up to the first whose length is impossible, without those of a wrong length; of two of
/// a kind the first.
fn read_leniently(mut octets: &[u8], segment: &mut Segment) {
    let opens = segment.has(SYN);
    let options = &mut segment.options;
    let word = |at: &[u8]| u32::from_be_bytes([at[0], at[1], at[2], at[3]]);
    while let Some(&kind) = octets.first() {
        let length = match kind {
            0 => return,
            1 => 1,
            _ => octets.get(1).map_or(0, |length| usize::from(*length)),
        };
        if length == 0 || (kind > 1 && length < 2) || length > octets.len() {
            return;
        }
        let (option, rest) = octets.split_at(length);
        octets = rest;
        match (kind, length) {
            (2, 4) if opens && options.mss.is_none() => {
                options.mss = Some(u16::from_be_bytes([option[2], option[3]]));
            }
            (3, 3) if opens && options.window_scale.is_none() => {
                options.window_scale = Some(option[2]);
            }
            (4, 2) if opens => options.sack_permitted = true,
            (8, 10) if options.timestamps.is_none() => {
                options.timestamps = Some((word(&option[2..]), word(&option[6..])));
            }
            _ => {}
        }
    }
}

impl Case<'_> {
    /// The connection is gone: for a reason that the segment gives.
    fn ended(&self) -> Verdict {
        let Some(read) = &self.read else {
            return Err("it ended, and nothing was read".into());
        };
        let reason = self.peer.handle.map(|_| self.peer.reason());
        let next = self.peer.build(&seg(0).seq(self.peer.nxt)).seq;
        let acknowledged = self.peer.build(&ack()).ack == read.ack && read.has(ACK);
        let (allowed, because) = match self.before {
            Some(State::SynSent) => (read.has(RST) && acknowledged, Some(CloseReason::Refused)),
            Some(State::LastAck) if !read.has(RST) => (acknowledged, Some(CloseReason::Finished)),
            Some(State::SynReceived) => (
                read.has(RST) && read.seq == next,
                Some(CloseReason::Refused),
            ),
            _ => (read.has(RST) && read.seq == next, Some(CloseReason::Reset)),
        };
        hold!(allowed, "it ended by {read}");
        hold!(
            reason.is_none_or(|reason| reason == because),
            "it ended by {read}, and says {reason:?}"
        );
        Ok(())
    }

    /// U9: what was lent comes back when the user is done.
    fn leaves_nothing(&mut self) -> Verdict {
        let peer = &mut *self.peer;
        if let Some(handle) = peer.handle {
            // Either may be refused: there may be nothing to read, and nothing to abort.
            let _ = peer.read(1 << 16);
            let _ = peer.stack.abort(peer.now, handle);
            peer.drain();
        }
        let lent = peer.stack.memory().lent();
        hold!(lent == 0, "U9: {lent} connections kept their octets");
        Ok(())
    }

    /// Whatever is there goes on as if nothing had been.
    fn lives(&mut self) -> Verdict {
        match self.peer.row() {
            None if self.before.is_none() => Ok(()),
            None => Err("it vanished".into()),
            Some(State::SynSent) => self.answer_its_syn(),
            Some(State::SynReceived) => self.complete(),
            Some(State::TimeWait) => self.say_fin_again(),
            Some(_) => self.exchange(),
        }
    }

    /// The honest SYN-ACK still opens the connection.
    fn answer_its_syn(&mut self) -> Verdict {
        let answer = self.peer.answer_to_syn();
        self.peer.nxt = 0;
        self.peer.send(answer);
        self.peer.take();
        let row = self.peer.row();
        hold!(
            row == Some(State::Established),
            "after our SYN-ACK: {row:?}"
        );
        self.exchange_from(0)
    }

    /// The SYN-ACK comes again; its acknowledgment opens the connection.
    fn complete(&mut self) -> Verdict {
        if self.before == Some(State::TimeWait) {
            self.peer.handle = None;
        }
        self.peer.pass(1_100);
        let sent = self.peer.take();
        let Some(syn_ack) = sent.iter().rev().find(|sent| sent.has(SYN | ACK)) else {
            return Err("no SYN-ACK".into());
        };
        let stamps = syn_ack.options.timestamps.is_some();
        self.send(seg(ACK).seq(syn_ack.ack), stamps);
        let row = self.peer.row();
        hold!(row == Some(State::Established), "after our ACK: {row:?}");
        if self.peer.handle.is_none() {
            self.peer.accept();
        }
        self.exchange_from(syn_ack.ack.wrapping_sub(1))
    }

    /// In TIME-WAIT the peer's FIN is acknowledged once more.
    fn say_fin_again(&mut self) -> Verdict {
        self.peer.pass(600);
        self.peer.take();
        // Where the FIN stands, our next number tells, unless the segment brought it.
        let waited = matches!(self.before, Some(State::FinWait1 | State::FinWait2));
        let read = self.read.as_ref();
        let end = read.filter(|read| waited && read.has(FIN) && !read.has(RST));
        let ours = self.peer.build(&seg(0).seq(0)).seq;
        let at = end.map_or(self.peer.nxt.wrapping_sub(1), |read| {
            read.end().wrapping_sub(1).wrapping_sub(ours)
        });
        // Timestamps were agreed: no modified SYN leads here.
        self.send(fin().seq(at), true);
        let replies = self.peer.take();
        hold!(
            replies.len() == 1 && replies[0].ack == at.wrapping_add(1),
            "the FIN that came again at {at} got {replies:?}"
        );
        Ok(())
    }

    fn exchange(&mut self) -> Verdict {
        let opened = self.before == Some(State::SynSent);
        let irs = self.read.as_ref().filter(|read| opened && read.has(SYN));
        let ours = self.peer.build(&seg(0).seq(0)).seq;
        let irs = irs.map_or(0, |read| read.seq.wrapping_sub(ours));
        self.exchange_from(irs)
    }

    /// Both sides send and acknowledge; our stream begins behind `irs`.
    fn exchange_from(&mut self, irs: u32) -> Verdict {
        if self.peer.handle.is_none() {
            self.peer.accept();
        }
        let stamps = self.peer.info().timestamps;
        self.peer.pass(600);
        self.peer.take();
        // A number from before the window is answered by where the stack stands.
        self.send(seg(ACK).seq(irs), stamps);
        let Some(stands) = self.peer.take().pop() else {
            return Err("an old segment gets no answer".into());
        };
        let receives = matches!(
            self.peer.row(),
            Some(State::Established | State::FinWait1 | State::FinWait2)
        );
        let mut end = stands.ack;
        if receives {
            let mut text = vec![0; TEXT];
            let place = end.wrapping_sub(irs).wrapping_sub(1);
            Stream::new(1).fill(place.into(), &mut text);
            self.send(seg(ACK).seq(end).text(&text), stamps);
            self.peer.pass(100);
            let Some(answer) = self.peer.take().pop() else {
                return Err("text gets no acknowledgment".into());
            };
            let closes = !matches!(self.peer.row(), Some(State::Established | State::FinWait2));
            let grown = answer.ack.wrapping_sub(end);
            hold!(
                grown as usize >= TEXT || closes,
                "{grown} of {TEXT} octets taken"
            );
            end = answer.ack;
        }
        let acknowledged = end.wrapping_sub(irs).wrapping_sub(1);
        let read = self.peer.read(1 << 16).unwrap_or(0) as u32;
        let finished =
            self.peer.row() != Some(State::Established) && read.wrapping_add(1) == acknowledged;
        hold!(
            read == acknowledged || finished,
            "U5: {acknowledged} octets are acknowledged, {read} were read"
        );
        self.acknowledge_all(end, stamps)
    }

    /// With everything acknowledged, nothing waits.
    fn acknowledge_all(&mut self, end: u32, stamps: bool) -> Verdict {
        let before = self.peer.row();
        self.send(seg(ACK).seq(end), stamps);
        let after = self.peer.row();
        let (expected, rest) = match before {
            Some(State::FinWait1) => (Some(State::FinWait2), true),
            Some(State::Closing) => (Some(State::TimeWait), false),
            Some(State::LastAck) => (None, false),
            other => (other, other != Some(State::TimeWait)),
        };
        hold!(after == expected, "from {before:?} to {after:?}");
        let queue = if rest { self.peer.info().send_queue } else { 0 };
        hold!(
            queue == 0,
            "{queue} octets wait though all are acknowledged"
        );
        Ok(())
    }

    /// Sends a segment with the timestamp that an honest peer would have by now, if it was it that
    /// sent the modified one.
    fn send(&mut self, what: Seg, stamps: bool) {
        let mut segment = self.peer.build(&what.no_stamps());
        if stamps {
            let value = self.peer.stamp().wrapping_add(self.ahead);
            segment.options.timestamps = Some((value, 0));
        }
        self.peer.packet(&segment.encode());
    }
}
