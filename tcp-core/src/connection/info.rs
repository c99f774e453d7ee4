//! A snapshot of a connection, as `TCP_INFO` gives it.

use super::Connection;
use super::counters::Counting;
use super::error::Unreachable;
use super::recovery::{DUPLICATE_THRESHOLD, LossPhase};
use super::state::State;
use super::tuning::Tuned;
use crate::profile::Profile;
use crate::time::{Duration, Instant};

/// Where loss recovery stands, in the words of Linux.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum CongestionState {
    /// Nothing is amiss.
    #[default]
    Open,
    /// Duplicate acknowledgments came, too few to mean a loss.
    Disorder,
    /// The window was reduced because the network said so, without a loss.
    Reduced,
    /// Fast recovery.
    Recovery,
    /// A retransmission timeout is being repaired.
    Loss,
}

/// What a connection looks like at one moment. Octets unless the name says otherwise.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Info {
    /// State.
    pub state: State,
    /// Smoothed round-trip time; `None` before the first sample.
    pub srtt: Option<Duration>,
    /// Round-trip time variation.
    pub rttvar: Duration,
    /// Retransmission timeout in force, back-off included.
    pub rto: Duration,
    /// Times the timeout doubled since the last acknowledgment of new data.
    pub backoff: u8,
    /// Congestion window.
    pub cwnd: u32,
    /// Slow start threshold; `u32::MAX` before the first loss.
    pub ssthresh: u32,
    /// Sent and neither acknowledged nor selectively acknowledged nor deemed lost.
    pub in_flight: u32,
    /// Written by the user and not acknowledged by the peer.
    pub send_queue: u32,
    /// Received in order and not read by the user.
    pub receive_queue: u32,
    /// The window that the peer offers.
    pub snd_wnd: u32,
    /// The window that we offer.
    pub rcv_wnd: u32,
    /// Shift of the windows that we receive.
    pub snd_wscale: u8,
    /// Shift of the windows that we send.
    pub rcv_wscale: u8,
    /// Largest segment that we send, options excluded.
    pub mss: u16,
    /// Timestamps are in use.
    pub timestamps: bool,
    /// SACK is in use.
    pub sack: bool,
    /// Window scaling is in use.
    pub window_scaling: bool,
    /// Explicit congestion notification is in use.
    pub ecn: bool,
    /// Segments sent, retransmissions included.
    pub segments_out: u32,
    /// Segments received.
    pub segments_in: u32,
    /// Octets acknowledged by the peer.
    pub octets_acked: u64,
    /// Octets received in order.
    pub octets_received: u64,
    /// Segments retransmitted.
    pub retransmissions: u32,
    /// Retransmission timeouts.
    pub timeouts: u32,
    /// Ranges received beyond a gap.
    pub gaps: u16,
    /// Where loss recovery stands.
    pub congestion: CongestionState,
    /// Segments sent and not acknowledged. Where records ran out, several count as one.
    pub unacked: u16,
    /// Of them, segments of which duplicate acknowledgments say that they arrived.
    pub sacked: u16,
    /// Of them, segments deemed lost.
    pub lost: u16,
    /// Of them, segments sent again since they were deemed lost.
    pub resent: u16,
    /// Retransmissions of what is at SND.UNA since it last advanced.
    pub attempts: u8,
    /// Probes of a shut window or of a silent peer that were not answered.
    pub probes: u8,
    /// Duplicate acknowledgments that a segment may be late without being deemed lost, and one.
    pub reordering: u8,
    /// Written by the user and never sent.
    pub unsent: u32,
    /// The largest packet that the path takes, as far as is known.
    pub path_mtu: u16,
    /// The last ICMP error since something was acknowledged, if it did not end the connection.
    pub soft_error: Option<Unreachable>,
    /// The MSS that our SYN offered.
    pub advertised_mss: u16,
    /// The longest text of a segment that arrived.
    pub received_mss: u16,
    /// The least round-trip time that was measured.
    pub min_rtt: Option<Duration>,
    /// How long ago text arrived last; `None` where the profile keeps no knobs.
    pub last_text: Option<Duration>,
}

impl<P: Profile> Connection<'_, P> {
    /// The part of a snapshot that tells of recovery and of what is to be sent.
    pub(super) fn recovery_info(&self, now: Instant) -> Info {
        let tcb = &self.tcb;
        let una = tcb.snd.una;
        let (lost, resent) = tcb.loss.edges(una);
        let probing = tcb.snd.wnd == 0 || tcb.nothing_outstanding();
        Info {
            congestion: match tcb.loss.phase {
                LossPhase::Recovery => CongestionState::Recovery,
                LossPhase::Timeout => CongestionState::Loss,
                LossPhase::Open if tcb.is_reduced() => CongestionState::Reduced,
                LossPhase::Open if tcb.loss.departed() > 0 => CongestionState::Disorder,
                LossPhase::Open => CongestionState::Open,
            },
            unacked: self.sent.count_until(tcb.snd.nxt),
            sacked: u16::try_from(tcb.loss.departed() / u32::from(tcb.snd.mss.max(1)))
                .unwrap_or(u16::MAX),
            lost: self.sent.count_until(lost),
            resent: self.sent.count_until(resent),
            attempts: if probing { 0 } else { tcb.attempts },
            probes: if probing { tcb.attempts } else { 0 },
            reordering: DUPLICATE_THRESHOLD,
            unsent: tcb
                .snd
                .data_end(self.send.len())
                .since(tcb.snd.nxt.latest(tcb.snd.base()))
                .get(),
            path_mtu: tcb.path_mtu(),
            soft_error: tcb.soft_error,
            advertised_mss: tcb.snd.mss_limit,
            received_mss: tcb.rcv.ack.largest(),
            min_rtt: tcb.counters.counted().min_rtt,
            last_text: tcb.tuning.last_text().map(|last| now - last),
            ..Info::default()
        }
    }
}
