//! A snapshot of a connection, as `TCP_INFO` gives it.

use super::state::State;
use crate::time::Duration;

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
}
