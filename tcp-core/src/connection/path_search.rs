//! The size of segments that a path takes, where nobody says it (RFC 4821, RFC 8899).
//!
//! ```text
//!   least        base        low            high       ceiling
//!     |            |          |   probe       |           |
//!     +------------+----------+-----^---------+-----------+---> octets of a segment
//!                             passes    does not pass (or is not known to)
//! ```
//!
//! A path that swallows large packets and the ICMP messages about them is a black hole. Timeouts of
//! segments larger than the base make the segment size fall to it; a search leads back upwards. Its
//! probes carry the data whose turn it is; a probe that is lost goes again in smaller segments, and
//! that says nothing of congestion. What an ICMP message says is believed at once. Ten minutes
//! after the path was last found small, larger segments are tried again.
//!
//! Invariants: `low <= high <= ceiling`; at most one probe is under way; the segment size changes
//! upwards only to what was acknowledged, or, without probing, after ten minutes.

use super::Connection;
use super::congestion::CongestionControl;
use super::optional::Optional;
use super::recovery::LossPhase;
use super::send::{Kind, MSS_FLOOR, Novelty, Plan};
use super::tcb::Tcb;
use crate::profile::Profile;
use crate::seq::{SeqLen, SeqNum};
use crate::time::{Span, Tick};

/// When a connection searches for the segment size of its path.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum MtuProbing {
    /// Never: only ICMP messages count.
    Off,
    /// When large segments vanish.
    #[default]
    OnBlackHole,
    /// From the beginning, which is made with small segments.
    Always,
}

/// What a connection knows of the size of segments. Sizes are without options.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct PathState {
    mode: MtuProbing,
    /// What both ends take.
    ceiling: u16,
    /// What the path is taken to let through.
    low: u16,
    /// No more than this is tried.
    high: u16,
    probe: Option<SizeProbe>,
    /// When the path was last found to be smaller than the ceiling.
    small_since: Option<Tick>,
}

/// A segment that is larger than the path is known to take.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) struct SizeProbe {
    start: SeqNum,
    end: SeqNum,
    mss: u16,
}

/// The size to fall to first. In IPv6 it is what every path takes (RFC 8200 section 5).
//= https://www.rfc-editor.org/rfc/rfc8899#section-5.1.2
//# When using
//# IPv4, there is no currently equivalent size specified, and a
//# default BASE_PLPMTU of 1200 bytes is RECOMMENDED.
const BASE_V4: u16 = 1_200;
const BASE_V6: u16 = 1_280;
/// The size to fall to last in IPv4: what ICMP messages may not undercut, either.
const LEAST_V4: u16 = 552;
/// IP and TCP header of IPv4.
const HEADERS_V4: u16 = 40;
/// Timeouts in a row after which large segments are taken to vanish; at the next one, all that are
/// larger than the least.
const BLACK_HOLE: u8 = 3;
/// The search ends when less than this is to be gained.
const STEP: u16 = 32;
/// Segments behind a probe, whose acknowledgments tell of its loss.
const BEHIND: u32 = 3;
//= https://www.rfc-editor.org/rfc/rfc8899#section-5.1.1
//# This timer has a period of 600
//# seconds, as recommended by PLPMTUD [RFC4821].
const RAISE_AFTER: Span = Span::from_secs(600);

impl PathState {
    /// For a connection that begins; the handshake settles the sizes.
    pub(super) const fn new(mode: MtuProbing) -> Self {
        Self {
            mode,
            ceiling: 0,
            low: 0,
            high: 0,
            probe: None,
            small_since: None,
        }
    }

    /// The handshake is over: both ends take segments of `mss`. What size to begin with.
    fn begin(&mut self, mss: u16, headers: u16) -> u16 {
        self.ceiling = mss;
        self.high = mss;
        self.low = match self.mode {
            MtuProbing::Off | MtuProbing::OnBlackHole => mss,
            MtuProbing::Always => base(headers).min(mss),
        };
        self.low
    }

    /// The size to try next, if there is anything to be gained.
    const fn next(&self) -> Option<u16> {
        let gain = self.high.saturating_sub(self.low);
        match (self.mode, self.probe) {
            (MtuProbing::OnBlackHole | MtuProbing::Always, None) if gain >= STEP => {
                Some(self.high - gain / 2)
            }
            (MtuProbing::Off | MtuProbing::OnBlackHole | MtuProbing::Always, _) => None,
        }
    }

    /// Nothing larger than `mss` passes.
    fn limit(&mut self, mss: u16, now: Tick) {
        self.high = self.high.min(mss);
        self.low = self.low.min(mss);
        self.small_since = Some(now);
    }
}

/// The segment size to fall to first.
const fn base(headers: u16) -> u16 {
    let mtu = if headers == HEADERS_V4 {
        BASE_V4
    } else {
        BASE_V6
    };
    mtu - headers
}

/// The segment size to fall to last.
const fn least(headers: u16) -> u16 {
    if headers == HEADERS_V4 {
        LEAST_V4 - headers
    } else {
        BASE_V6 - headers
    }
}

impl<P: Profile> Tcb<P> {
    /// The segment size to begin with, where both ends take `mss`.
    pub(super) fn begin_path(&mut self, mss: u16) -> u16 {
        let headers = self.snd.headers;
        self.path
            .get_mut()
            .map_or(mss, |path| path.begin(mss, headers).max(MSS_FLOOR))
    }

    /// The user changes when to search.
    pub(super) fn set_probing(&mut self, mode: MtuProbing) {
        if let Some(path) = self.path.get_mut() {
            path.mode = mode;
        }
    }

    /// An ICMP message says that nothing larger than `mss` passes, and what is in flight is sent
    /// again. A probe that it speaks of will be found lost by itself.
    pub(super) fn path_told(&mut self, mss: u16) {
        let now = self.clock.tick;
        let size = self.snd.mss;
        if let Some(path) = self.path.get_mut() {
            path.limit(mss, now);
            if mss < size {
                path.probe = None;
            }
        }
    }

    /// The probe at SND.UNA is lost, as acknowledgments of what is behind it tell: it was too
    /// large, which is no congestion.
    pub(super) fn probe_lost(&mut self) -> bool {
        let now = self.clock.tick;
        let una = self.snd.una;
        let Some(path) = self.path.get_mut() else {
            return false;
        };
        let Some(probe) = path.probe.filter(|probe| probe.start == una) else {
            return false;
        };
        path.probe = None;
        path.limit((probe.mss - 1).max(path.low), now);
        true
    }

    /// Everything before `ack` arrived: if that includes a probe, the path takes its size.
    pub(super) fn probe_acknowledged(&mut self, ack: SeqNum) {
        let Some(path) = self.path.get_mut() else {
            return;
        };
        let Some(probe) = path.probe.filter(|probe| ack.at_or_after(probe.end)) else {
            return;
        };
        path.probe = None;
        path.low = probe.mss.min(path.high);
        if path.low == path.ceiling {
            path.small_since = None;
        }
        let mss = path.low;
        self.set_mss(mss);
    }

    /// A plan was carried out in which the segment was larger than the path is known to take.
    pub(super) fn probe_left(&mut self, plan: &Plan, mss: Option<u16>) {
        if let (Some(path), Kind::Text, Some(mss)) = (self.path.get_mut(), plan.kind, mss) {
            path.probe = Some(SizeProbe {
                start: plan.seq,
                end: plan.end(),
                mss,
            });
        }
    }

    /// The size of packets that the path takes, as far as is known.
    pub(super) fn path_mtu(&self) -> u16 {
        let small = self
            .path
            .get()
            .is_some_and(|path| self.snd.mss < path.ceiling);
        let mss = if small {
            self.snd.mss
        } else {
            self.snd.mss_limit
        };
        self.snd.headers.saturating_add(mss)
    }
}

impl<P: Profile> Connection<'_, P> {
    /// The segment size of a probe, if one is to be sent. It is only where its loss would be
    /// noticed by what is behind it, and where neither window is strained.
    pub(super) fn next_probe(&self, usable: u32) -> Option<u16> {
        let tcb = &self.tcb;
        let size = tcb.path.get()?.next()?;
        let together = u32::from(size) + BEHIND * u32::from(tcb.snd.mss);
        let waiting = tcb.snd.data_end(self.send.len()).since(tcb.snd.nxt).get();
        let calm = tcb.loss.phase == LossPhase::Open && tcb.loss.departed() == 0;
        let fits = tcb.in_flight().saturating_add(together) <= tcb.congestion.cwnd();
        (calm && fits && waiting > together && usable >= together).then_some(size)
    }

    /// The segment size of the probe that a plan sends, if it sends one.
    pub(super) fn probe_of(&self, plan: &Plan) -> Option<u16> {
        let size = self.tcb.path.get()?.next()?;
        if plan.kind != Kind::Text {
            return None;
        }
        let large = plan.text > SeqLen::new(self.room_of(self.tcb.snd.mss).into());
        (large && plan.novelty == Novelty::New).then_some(size)
    }

    /// A timeout: after some in a row, segments that are larger than the base are taken to vanish.
    pub(super) fn suspect_black_hole(&mut self) {
        let una = self.tcb.snd.una;
        let length = self.sent.first_end(una) - una;
        let tcb = &mut self.tcb;
        tcb.probe_lost();
        let (headers, mss, attempts) = (tcb.snd.headers, tcb.snd.mss, tcb.attempts);
        let Some(path) = tcb.path.get_mut() else {
            return;
        };
        path.probe = None;
        let size = match attempts {
            ..BLACK_HOLE => return,
            BLACK_HOLE => base(headers),
            _ => least(headers),
        };
        let vanishes = length > i32::from(size);
        if path.mode == MtuProbing::Off || mss <= size || !vanishes {
            return;
        }
        path.limit(mss - 1, tcb.clock.tick);
        path.low = size;
        tcb.set_mss(size);
    }

    //= https://www.rfc-editor.org/rfc/rfc8201#section-4
    //# An attempt to detect an increase (by
    //# sending a packet larger than the current estimate) must not be done
    //# less than 5 minutes after a Packet Too Big message has been received
    //# for the given path.
    /// Before something is sent: what was too large long ago may pass by now.
    pub(super) fn retry_path(&mut self) {
        let tcb = &mut self.tcb;
        let now = tcb.clock.tick;
        let Some(path) = tcb.path.get_mut() else {
            return;
        };
        let over = |since: Tick| now.since(since) >= RAISE_AFTER;
        if !path.small_since.is_some_and(over) {
            return;
        }
        path.small_since = None;
        path.high = path.ceiling;
        if path.mode == MtuProbing::Off {
            path.low = path.ceiling;
            let mss = path.ceiling;
            tcb.set_mss(mss);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_search_halves_what_is_left_and_ends() {
        let takes = |path: u16| {
            let mut state = PathState::new(MtuProbing::Always);
            let mut mss = state.begin(1_460, 40);
            assert_eq!(mss, 1_160);
            let mut probes = 0;
            while let Some(size) = state.next() {
                assert!(size > state.low && size <= state.high);
                probes += 1;
                if size <= path {
                    state.low = size;
                    mss = size;
                } else {
                    state.limit(size - 1, Tick(0));
                }
            }
            assert!(mss <= path && path - mss < STEP, "{mss} of {path}");
            probes
        };
        for path in 1_160..=1_460 {
            assert!(takes(path) <= 5, "probes for {path}");
        }
    }

    #[test]
    fn sizes_to_fall_to_are_those_of_the_family() {
        assert_eq!((base(40), least(40)), (1_160, 512));
        assert_eq!((base(60), least(60)), (1_220, 1_220));
    }

    #[test]
    fn without_probing_nothing_is_tried() {
        let mut state = PathState::new(MtuProbing::Off);
        assert_eq!(state.begin(1_460, 40), 1_460);
        state.limit(1_000, Tick(0));
        state.high = 1_460;
        assert_eq!(state.next(), None);
    }
}
