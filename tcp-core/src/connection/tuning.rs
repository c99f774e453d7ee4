//! Knobs for those who must behave like a certain system: what a user may set beside [`Config`]'s
//! common knobs, in builds whose [`Profile`](crate::Profile) pays for it.

use core::fmt::Debug;
use core::hash::Hash;
use core::marker::PhantomData;

use super::config::{Config, Switch};
use super::ecn::Ecn;
use super::path_search::MtuProbing;
use super::quick_ack::QuickAcks;
use super::recv::DuplicateReporting;
use super::tcb::Tcb;
use crate::profile::Profile;
use crate::seq::SeqRange;
use crate::time::Instant;
use crate::wire::{Dialect, OptionOrder};

/// The knobs of which a profile may keep only the defaults: see the methods of [`Config`] that
/// name it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Tuning {
    pub(crate) ecn: Ecn,
    pub(crate) mtu_probing: MtuProbing,
    pub(crate) option_order: OptionOrder,
    pub(crate) initial_window: u8,
    /// [`FITTING`](Self::FITTING): as the receive ring needs it.
    pub(crate) window_scale: u8,
    pub(crate) quick_acks: u8,
    pub(crate) defer_accept_s: u8,
    pub(crate) syn_ack_retries: u8,
    pub(crate) blind_attacks: BlindAttacks,
    pub(crate) idle_restart: Switch,
    pub(crate) abort_on_close: Switch,
    pub(crate) duplicate_sack: Switch,
    pub(crate) window_probe: WindowProbe,
    pub(crate) path_mtu_discovery: Switch,
    pub(crate) opening_errors: OpeningErrors,
    pub(crate) slow_start_segments: u8,
}

/// What asks a peer whether its window is still shut.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum WindowProbe {
    /// One octet of data (RFC 9293 section 3.8.6.1).
    #[default]
    Octet,
    /// A segment without data just left of the window, as Linux sends it.
    Empty,
}

/// What an ICMP error that RFC 9293 calls soft does to an attempt to connect.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum OpeningErrors {
    /// It is remembered, in case that the attempt times out (RFC 9293 MUST-56).
    #[default]
    Soft,
    /// It ends the attempt at once (RFC 5461 section 4), as on Linux.
    Hard,
}

/// What becomes of segments that an attacker who cannot see the connection might have guessed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum BlindAttacks {
    /// RFC 5961: a reset counts only exactly at RCV.NXT, a SYN never; both are challenged. An
    /// acknowledgment of what was sent long ago makes its segment count as forged.
    #[default]
    Challenged,
    /// RFC 9293 without it: a reset or a SYN in the window ends the connection.
    Trusted,
}

impl Tuning {
    const FITTING: u8 = u8::MAX;

    /// Nothing but zeros: memory that is not yet in use.
    pub(crate) const BLANK: Self = Self {
        ecn: Ecn::Off,
        mtu_probing: MtuProbing::Off,
        option_order: OptionOrder::Linux,
        initial_window: 0,
        window_scale: 0,
        quick_acks: 0,
        defer_accept_s: 0,
        syn_ack_retries: 0,
        blind_attacks: BlindAttacks::Challenged,
        idle_restart: Switch::On,
        abort_on_close: Switch::On,
        duplicate_sack: Switch::On,
        window_probe: WindowProbe::Octet,
        path_mtu_discovery: Switch::On,
        opening_errors: OpeningErrors::Soft,
        slow_start_segments: 0,
    };

    pub(crate) const fn new() -> Self {
        Self {
            ecn: Ecn::Accept,
            mtu_probing: MtuProbing::OnBlackHole,
            option_order: OptionOrder::Linux,
            initial_window: 10,
            window_scale: Self::FITTING,
            quick_acks: 0,
            defer_accept_s: 0,
            // A spoofed SYN shall not be answered many times, and an honest client that misses
            // all of these sends its SYN again, which brings the SYN-ACK again.
            syn_ack_retries: 3,
            blind_attacks: BlindAttacks::Challenged,
            idle_restart: Switch::On,
            abort_on_close: Switch::Off,
            duplicate_sack: Switch::On,
            window_probe: WindowProbe::Octet,
            path_mtu_discovery: Switch::On,
            opening_errors: OpeningErrors::Soft,
            slow_start_segments: 1,
        }
    }

    /// The initial congestion window: so many segments, and no more octets than RFC 6928 has for
    /// ten, in proportion.
    //= https://www.rfc-editor.org/rfc/rfc6928#section-2
    //# min (10*MSS, max (2*MSS, 14600))
    //= https://www.rfc-editor.org/rfc/rfc5681#section-3.1
    //= type=exception
    //= reason=RFC 6928 allows ten segments
    //# IW, the initial value of cwnd, MUST be set using the following guidelines as
    //# an upper bound.
    //= https://www.rfc-editor.org/rfc/rfc5681#section-3.1
    //= type=exception
    //= reason=RFC 6928 allows ten segments
    //# If SMSS > 2190 bytes: IW = 2 * SMSS bytes and MUST NOT be more than 2
    //# segments If (SMSS > 1095 bytes) and (SMSS <= 2190 bytes): IW = 3 * SMSS
    //# bytes and MUST NOT be more than 3 segments if SMSS <= 1095 bytes: IW = 4 *
    //# SMSS bytes and MUST NOT be more than 4 segments
    pub(crate) fn window(&self, mss: u16) -> u32 {
        let (mss, segments) = (u32::from(mss), u32::from(self.initial_window));
        (segments * mss).min((2 * mss).max(1_460 * segments))
    }

    /// The waits for an answer to the SYN-ACK (1, 2, 4 s, ...) that make up the time for which a
    /// listener defers.
    pub(crate) const fn deferred_waits(&self) -> u8 {
        match self.defer_accept_s {
            0 => 0,
            1 => 1,
            2..=3 => 2,
            4..=7 => 3,
            8..=15 => 4,
            16.. => 5,
        }
    }

    /// What a SYN keeps back of the window: a scale that is larger than it need be rounds what was
    /// promised by less than its unit.
    pub(crate) const fn slack(&self) -> usize {
        if self.window_scale == Self::FITTING {
            0
        } else {
            (1 << self.window_scale) - 1
        }
    }

    /// The window scale to offer where `fitting` is the least that describes the receive ring.
    pub(crate) const fn scale(&self, fitting: u8) -> u8 {
        if self.window_scale == Self::FITTING {
            fitting
        } else {
            self.window_scale
        }
    }
}

/// What a build keeps of a [`Tuning`], and what its mechanisms have to remember: everything
/// ([`Tunable`]) or nothing ([`Untuned`]).
pub trait Tuned: Clone + Debug + PartialEq + Eq + Hash + 'static {
    /// Whether knobs have an effect.
    const EFFECT: Switch;

    /// For a connection with these knobs.
    #[must_use]
    fn new(tuning: Tuning) -> Self;

    /// The knobs change.
    fn set(&mut self, tuning: Tuning);

    /// The knobs that are in effect.
    #[must_use]
    fn get(&self) -> Tuning;

    /// Which segments are acknowledged at once.
    #[must_use]
    fn quick_acks(&mut self) -> Option<&mut QuickAcks>;

    /// When text arrived last.
    #[must_use]
    fn last_text(&self) -> Option<Instant>;
}

/// Every knob has an effect.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Tunable {
    tuning: Tuning,
    quick_acks: QuickAcks,
}

impl Tuned for Tunable {
    const EFFECT: Switch = Switch::On;

    fn new(tuning: Tuning) -> Self {
        Self {
            tuning,
            quick_acks: QuickAcks::new(),
        }
    }

    fn set(&mut self, tuning: Tuning) {
        self.tuning = tuning;
    }

    fn get(&self) -> Tuning {
        self.tuning
    }

    fn quick_acks(&mut self) -> Option<&mut QuickAcks> {
        Some(&mut self.quick_acks)
    }

    fn last_text(&self) -> Option<Instant> {
        self.quick_acks.last_text()
    }
}

/// Knobs have no effect: their defaults stand, in no memory.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Untuned;

impl Tuned for Untuned {
    const EFFECT: Switch = Switch::Off;

    #[inline(always)]
    fn new(_: Tuning) -> Self {
        Self
    }

    #[inline(always)]
    fn set(&mut self, _: Tuning) {}

    #[inline(always)]
    fn get(&self) -> Tuning {
        const { Tuning::new() }
    }

    #[inline(always)]
    fn quick_acks(&mut self) -> Option<&mut QuickAcks> {
        None
    }

    #[inline(always)]
    fn last_text(&self) -> Option<Instant> {
        None
    }
}

/// The knobs that are in effect, of what `config` finds: it is asked only where any can be.
#[inline(always)]
pub(crate) fn tuning_of<'c, P: Profile>(config: impl FnOnce() -> Option<&'c Config>) -> Tuning {
    match P::Tuning::EFFECT {
        Switch::On => config().map_or(const { Tuning::new() }, |config| config.tuning),
        Switch::Off => const { Tuning::new() },
    }
}

impl<P: Profile> Tcb<P> {
    /// What arrived again and is to be reported, if it is wanted.
    pub(super) fn duplicate(&self) -> Option<SeqRange> {
        let duplicate = self.rcv.duplicates.pending();
        duplicate.filter(|_| self.tuning.get().duplicate_sack.is_on())
    }

    /// Whether segments that may be forged are challenged.
    pub(super) fn challenges(&self) -> bool {
        self.tuning.get().blind_attacks == BlindAttacks::Challenged
    }
}

/// The options that a build can write: those that its profile and its knobs can name.
pub(crate) struct Known<P>(PhantomData<P>);

impl<P: Profile> Dialect for Known<P> {
    const ORDERS: Switch = P::Tuning::EFFECT;
    const TIMESTAMPS: Switch = P::TIMESTAMPS;
    /// Recovery goes without them.
    const SACK: Switch = Switch::Off;
    const FRAGMENTS: Switch = P::REASSEMBLY;
}

/// A knob that has an effect where the profile keeps [`EcnState`](crate::EcnState).
impl Config {
    /// Explicit congestion notification (RFC 3168): accepted when the peer offers it, by default.
    #[must_use]
    pub const fn ecn(mut self, ecn: Ecn) -> Self {
        self.tuning.ecn = ecn;
        self
    }
}

/// A knob that has an effect where the profile keeps [`PathState`](crate::PathState).
impl Config {
    /// When to search for the size of segments that the path takes (RFC 4821): when large ones
    /// vanish, by default.
    #[must_use]
    pub const fn mtu_probing(mut self, probing: MtuProbing) -> Self {
        self.tuning.mtu_probing = probing;
        self
    }
}

/// Knobs that have an effect where the profile names [`Tunable`], as [`Host`](crate::Host) does.
impl Config {
    /// The order of options on the wire: [`OptionOrder::Linux`].
    #[must_use]
    pub const fn option_order(mut self, order: OptionOrder) -> Self {
        self.tuning.option_order = order;
        self
    }

    /// Segments that may be sent before the first acknowledgment, and after silence; ten, and the
    /// octets that RFC 6928 allows for so many. Zero is taken as one.
    #[must_use]
    pub const fn initial_window(mut self, segments: u8) -> Self {
        self.tuning.initial_window = if segments == 0 { 1 } else { segments };
        self
    }

    /// The window scale to offer, at most 14; `None`, the default: the least with which the whole
    /// receive ring can be offered.
    #[must_use]
    pub const fn window_scale(mut self, shift: Option<u8>) -> Self {
        self.tuning.window_scale = match shift {
            Some(shift) if shift > 14 => 14,
            Some(shift) => shift,
            None => Tuning::FITTING,
        };
        self
    }

    /// How many segments with data are acknowledged at once when a connection begins, and after
    /// more than a retransmission timeout of silence, so that the peer's window opens fast; none by
    /// default (Linux: up to 16). What the user sends meanwhile ends it: acknowledgments travel
    /// with data then.
    #[must_use]
    pub const fn quick_acks(mut self, segments: u8) -> Self {
        self.tuning.quick_acks = segments;
        self
    }

    /// Of a listener: a connection is accepted only when data came (or the peer's FIN), or after so
    /// many seconds, rounded up to a retransmission of the SYN-ACK (1, 3, 7, 15, 31 s). Until then
    /// it is half open. Zero, the default: at once.
    #[must_use]
    pub const fn defer_accept_s(mut self, seconds: u8) -> Self {
        self.tuning.defer_accept_s = seconds;
        self
    }

    /// Of a listener: retransmissions of a SYN-ACK before the half-open connection is forgotten,
    /// five at most; three by default.
    #[must_use]
    pub const fn syn_ack_retries(mut self, count: u8) -> Self {
        self.tuning.syn_ack_retries = if count > 5 { 5 } else { count };
        self
    }

    /// Whether segments that may be forged are challenged (RFC 5961), as they are by default.
    #[must_use]
    pub const fn blind_attacks(mut self, blind_attacks: BlindAttacks) -> Self {
        self.tuning.blind_attacks = blind_attacks;
        self
    }

    /// Whether the congestion window falls back to the initial one after more than a retransmission
    /// timeout in which nothing was sent (RFC 5681 section 4.1); on by default.
    #[must_use]
    pub const fn idle_restart(mut self, idle_restart: Switch) -> Self {
        self.tuning.idle_restart = idle_restart;
        self
    }

    /// Whether what arrived twice is reported (RFC 2883); on by default.
    #[must_use]
    pub const fn duplicate_sack(mut self, duplicate_sack: Switch) -> Self {
        self.tuning.duplicate_sack = duplicate_sack;
        self
    }

    /// What asks a peer whether its window is still shut: one octet by default.
    #[must_use]
    pub const fn window_probe(mut self, window_probe: WindowProbe) -> Self {
        self.tuning.window_probe = window_probe;
        self
    }

    /// Whether ICMP messages that a packet was too big for the path are believed (RFC 1191, RFC
    /// 8201), as they are by default.
    #[must_use]
    pub const fn path_mtu_discovery(mut self, discovery: Switch) -> Self {
        self.tuning.path_mtu_discovery = discovery;
        self
    }

    /// Whether ICMP errors that are soft for a connection end an attempt to connect; by default
    /// they do not.
    #[must_use]
    pub const fn opening_errors(mut self, opening_errors: OpeningErrors) -> Self {
        self.tuning.opening_errors = opening_errors;
        self
    }

    /// Segments that one acknowledgment may count for in slow start: one by default (RFC 5681), two
    /// in RFC 3465, 255 for any number, as on Linux. Zero is taken as one.
    #[must_use]
    pub const fn slow_start_segments(mut self, segments: u8) -> Self {
        self.tuning.slow_start_segments = if segments == 0 { 1 } else { segments };
        self
    }

    /// Whether closing resets the connection instead of delivering what is queued (what
    /// `SO_LINGER` with a time of zero asks for); off by default.
    #[must_use]
    pub const fn abort_on_close(mut self, abort_on_close: Switch) -> Self {
        self.tuning.abort_on_close = abort_on_close;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_initial_window_is_ten_segments_within_limits() {
        let window = |mss| Tuning::new().window(mss);
        assert_eq!(window(1_460), 14_600);
        assert_eq!(window(536), 5_360);
        assert_eq!(window(8_960), 17_920);
        let two = Config::new().initial_window(2).tuning;
        assert_eq!((two.window(1_000), two.window(1_460)), (2_000, 2_920));
        assert_eq!(Config::new().initial_window(0).tuning.window(500), 500);
    }

    #[test]
    fn a_scale_is_fixed_or_fits_the_ring() {
        assert_eq!(Tuning::new().scale(3), 3);
        let fixed = |shift| Config::new().window_scale(Some(shift)).tuning.scale(3);
        assert_eq!((fixed(0), fixed(8), fixed(15)), (0, 8, 14));
    }

    #[test]
    fn deferral_is_rounded_up_to_retransmissions() {
        for (seconds, waits) in [(0, 0), (1, 1), (2, 2), (3, 2), (4, 3), (30, 5), (255, 5)] {
            let tuning = Config::new().defer_accept_s(seconds).tuning;
            assert_eq!(tuning.deferred_waits(), waits, "{seconds} s");
        }
    }

    #[test]
    fn what_keeps_no_knobs_has_the_defaults_and_no_size() {
        let odd = Config::new().initial_window(3).quick_acks(9).tuning;
        assert_eq!(Untuned::new(odd).get(), Tuning::new());
        assert_eq!(size_of::<Untuned>(), 0);
        assert_eq!(Tunable::new(odd).get(), odd);
    }
}
