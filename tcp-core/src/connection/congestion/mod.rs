//! Congestion control: sees octets, time and RTT samples, never a segment.

mod new_reno;

use core::fmt::Debug;
use core::hash::Hash;

pub use new_reno::NewReno;

use crate::time::{Duration, Instant};

/// What an acknowledgment of new data tells congestion control.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AckSample {
    /// When it arrived.
    pub now: Instant,
    /// Octets that it acknowledged for the first time.
    pub octets: u32,
    /// The most octets that were in flight within a round trip before it arrived.
    pub in_flight: u32,
    /// Segments that it may count for in slow start: one, unless a knob says otherwise.
    pub slow_start_segments: u8,
    /// The round-trip time that it measured, if it did.
    pub rtt: Option<Duration>,
}

/// Whether a timeout is the first for the data at SND.UNA.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Timeout {
    /// It had not been sent again before.
    First,
    /// It had (RFC 5681 section 3.1: ssthresh stays).
    Repeated,
}

/// An algorithm that says how much may be in flight. Octets everywhere.
pub trait CongestionControl: Clone + Debug + Default + PartialEq + Eq + Hash + 'static {
    /// For a connection whose segments carry `mss` octets at most, and which begins with a window
    /// of `initial` octets.
    fn new(mss: u16, initial: u32) -> Self;

    /// The segment size changed. A smaller one makes the window smaller by the same ratio, so that
    /// no burst follows; a larger one changes nothing else.
    fn set_mss(&mut self, mss: u16);

    /// The congestion window.
    fn cwnd(&self) -> u32;

    /// The slow start threshold; `u32::MAX` before the first loss.
    fn ssthresh(&self) -> u32;

    /// New data was acknowledged outside of fast recovery.
    fn on_ack(&mut self, sample: &AckSample);

    /// Duplicate acknowledgments told of a loss: fast recovery begins.
    fn on_fast_retransmit(&mut self, now: Instant, in_flight: u32);

    /// The network marked a packet instead of dropping it (RFC 3168 section 6.1.2): the window is
    /// reduced as for a loss. It is told at most once for each window of data.
    fn on_mark(&mut self, now: Instant, in_flight: u32);

    /// Fast recovery is complete.
    fn on_recovered(&mut self, now: Instant, in_flight: u32);

    /// The retransmission timer expired.
    fn on_timeout(&mut self, now: Instant, in_flight: u32, timeout: Timeout);

    /// Transmission begins again after more than one retransmission timeout of silence; a
    /// connection that begins has a window of `initial` octets.
    fn on_restart(&mut self, initial: u32);

    /// The SYN or SYN-ACK was lost: the first window is one segment (RFC 5681 section 3.1).
    fn on_handshake_loss(&mut self);
}
