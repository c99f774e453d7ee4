//! Initial sequence numbers (RFC 6528) and timestamp offsets (RFC 7323 section 5.4).
//!
//! Both come from one SipHash-2-4 of the 4-tuple under the boot's secret: its lower half is F of
//! RFC 6528, its upper half the offset. A peer sees the sum of F and a clock, so that a connection
//! that is opened again continues further on in the sequence space, while nothing about any other
//! tuple follows from it.

use super::address::{Key, Purpose, lower, upper};
use super::siphash::Key as SipKey;
use crate::seq::{SeqLen, SeqNum};
use crate::time::{Instant, Tick};

/// The 4-microsecond clock of RFC 9293 section 3.4.1, modulo 2^32.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub(super) struct Ticks(pub(super) u32);

impl Ticks {
    /// The clock at `now`.
    //= https://www.rfc-editor.org/rfc/rfc9293#section-3.4.1
    //# A TCP implementation MUST use the above type of "clock" for clock-driven
    //# selection of initial sequence numbers (MUST-8), and SHOULD generate its
    //# initial sequence numbers with the expression:
    pub(super) const fn at(now: Instant) -> Self {
        Self(lower(now.as_micros() >> 2))
    }
}

/// What a tuple starts with, apart from the clock.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) struct Start {
    f: u32,
    /// Added to the timestamp clock to make TSval.
    pub(super) timestamp_offset: u32,
}

impl Start {
    /// The start of the connection `tuple`.
    //= https://www.rfc-editor.org/rfc/rfc9293#section-3.4.1
    //# F() MUST NOT be computable from the outside (MUST-9), or an attacker could
    //# still guess at sequence numbers from the ISN used for some other connection.
    //= https://www.rfc-editor.org/rfc/rfc9293#section-3.4.1
    //# where M is the 4 microsecond timer, and F() is a pseudorandom function (PRF)
    //# of the connection's identifying parameters ("localip, localport, remoteip,
    //# remoteport") and a secret key ("secretkey") (SHLD-1).
    //= https://www.rfc-editor.org/rfc/rfc7323#section-7
    //# It is therefore RECOMMENDED to generate a random, per-connection offset to
    //# be used with the clock source when generating the Timestamps option value
    //# (see Section 5.4).
    //= https://www.rfc-editor.org/rfc/rfc7323#section-7.1
    //# It is therefore RECOMMENDED to generate a random, per-connection offset to
    //# be used with the clock source when generating the Timestamps option value
    //# (see Section 5.4).
    pub(super) fn of(tuple: &Key, secret: SipKey) -> Self {
        let hash = tuple.hash(secret, Purpose::Sequence);
        Self {
            f: lower(hash),
            timestamp_offset: upper(hash),
        }
    }

    //= https://www.rfc-editor.org/rfc/rfc6528#section-3
    //# ISN = M + F(localip, localport, remoteip, remoteport, secretkey)
    /// ISS for a connection opened at `clock`.
    pub(super) const fn iss(self, clock: Ticks) -> SeqNum {
        SeqNum::new(self.f.wrapping_add(clock.0))
    }

    /// ISS at `clock`, moved forward beyond `old`, SND.NXT of the connection that had this tuple
    /// before (RFC 6191 section 2, RFC 9293 section 3.6.1), by a multiple of 2^28.
    pub(super) fn iss_past(self, clock: Ticks, old: SeqNum) -> SeqNum {
        let plain = self.iss(clock);
        if plain.after(old) {
            return plain;
        }
        // At most 2^31 >> 28 = 8, plus one.
        let behind = old.since(plain).get() >> LEAP_SHIFT;
        SeqNum::new(plain.raw().wrapping_add((behind + 1) << LEAP_SHIFT))
    }
}

const LEAP_SHIFT: u32 = 28;

/// TSval at `now`: the clock of connections, in units of 1,024 microseconds, with the offset.
pub(super) const fn tsval(now: Instant, offset: u32) -> u32 {
    Tick::at(now).0.wrapping_add(offset)
}

/// One past `seq`: where the octet after a SYN is.
pub(super) fn after_syn(seq: SeqNum) -> SeqNum {
    seq + SeqLen::ONE
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Duration;
    use crate::wire::Address;

    fn tuple(port: u16, last: u8) -> Key {
        Key {
            local: Address::new([10, 0, 0, 1].into()).unwrap(),
            remote: Address::new([10, 0, 0, last].into()).unwrap(),
            local_port: 80,
            remote_port: port,
        }
    }

    //= https://www.rfc-editor.org/rfc/rfc9293#section-3.4.1
    //= type=test
    //# F() MUST NOT be computable from the outside (MUST-9), or an attacker could
    //# still guess at sequence numbers from the ISN used for some other connection.
    #[test]
    fn x01_initial_sequence_numbers_of_neighbours_are_unrelated() {
        let secret = SipKey::new([0x5a; 16]);
        let clock = Ticks(1);
        let iss = |port| Start::of(&tuple(port, 2), secret).iss(clock).raw();
        let numbers: Vec<u32> = (1..2_001).map(iss).collect();
        let steps: std::collections::HashSet<u32> = numbers
            .windows(2)
            .map(|pair| pair[1].wrapping_sub(pair[0]))
            .collect();
        assert_eq!(steps.len(), numbers.len() - 1, "a step repeats");
        let ones: u32 = numbers.iter().map(|number| number.count_ones()).sum();
        let mean = f64::from(ones) / 2_000.0;
        assert!((15.7..16.3).contains(&mean), "mean of bits set: {mean}");
        for bit in 0..32 {
            let set = numbers
                .iter()
                .filter(|number| *number >> bit & 1 == 1)
                .count();
            assert!((850..1_150).contains(&set), "bit {bit} set {set} times");
        }
    }

    //= https://www.rfc-editor.org/rfc/rfc9293#section-3.4.1
    //= type=test
    //# A TCP implementation MUST use the above type of "clock" for clock-driven
    //# selection of initial sequence numbers (MUST-8), and SHOULD generate its
    //# initial sequence numbers with the expression:
    #[test]
    fn x02_the_same_tuple_moves_forward_by_the_4_microsecond_clock() {
        let start = Start::of(&tuple(40_000, 2), SipKey::new([1; 16]));
        let opened = Instant::from_micros(77_777_777);
        let first = start.iss(Ticks::at(opened));
        for (after, ticks) in [
            (Duration::from_millis(1), 250),
            (Duration::from_secs(1), 250_000),
            (Duration::from_secs(300), 75_000_000),
        ] {
            let again = start.iss(Ticks::at(opened + after));
            assert_eq!(again - first, ticks);
        }
    }

    //= https://www.rfc-editor.org/rfc/rfc7323#section-7
    //= type=test
    //# It is therefore RECOMMENDED to generate a random, per-connection offset to
    //# be used with the clock source when generating the Timestamps option value
    //# (see Section 5.4).
    //= https://www.rfc-editor.org/rfc/rfc7323#section-7.1
    //= type=test
    //# It is therefore RECOMMENDED to generate a random, per-connection offset to
    //# be used with the clock source when generating the Timestamps option value
    //# (see Section 5.4).
    #[test]
    fn x03_timestamp_offsets_differ_between_peers() {
        let secret = SipKey::new([9; 16]);
        let offset = |last| Start::of(&tuple(5, last), secret).timestamp_offset;
        let offsets: std::collections::HashSet<u32> = (2..252).map(offset).collect();
        assert_eq!(offsets.len(), 250);
    }

    //= https://www.rfc-editor.org/rfc/rfc9293#section-3.4.1
    //= type=test
    //# where M is the 4 microsecond timer, and F() is a pseudorandom function (PRF)
    //# of the connection's identifying parameters ("localip, localport, remoteip,
    //# remoteport") and a secret key ("secretkey") (SHLD-1).
    #[test]
    fn x05_another_secret_gives_other_numbers() {
        let one = Start::of(&tuple(5, 2), SipKey::new([1; 16]));
        let other = Start::of(&tuple(5, 2), SipKey::new([2; 16]));
        assert!(one.f != other.f && one.timestamp_offset != other.timestamp_offset);
    }

    #[test]
    fn s24_a_leap_puts_the_start_beyond_the_old_connection() {
        let start = Start::of(&tuple(1, 2), SipKey::new([3; 16]));
        let clock = Ticks(123_456);
        let plain = start.iss(clock);
        for behind in [0u32, 1, 1 << 26, (1 << 31) - 1, 1 << 30, 12_345_678] {
            let old = plain + SeqLen::new(behind);
            let iss = start.iss_past(clock, old);
            assert!(
                iss.after(old) && iss.since(plain).get().is_multiple_of(1 << 28),
                "{behind}"
            );
        }
        let old = plain - SeqLen::new(1);
        assert_eq!(start.iss_past(clock, old), plain);
    }
}
