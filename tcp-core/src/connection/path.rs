//! What ICMP says of the path (RFC 5927, RFC 9293 section 3.9.2.2).

use super::Connection;
use super::error::{CloseReason, Unreachable};
use super::send::MSS_FLOOR;
use super::state::State;
use super::tcb::Clock;
use super::tuning::{OpeningErrors, Tuned};
use crate::profile::Profile;
use crate::seq::SeqNum;
use crate::time::Instant;

/// No ICMP message makes a path smaller than this (Linux keeps the same floor): a forged one would
/// otherwise make us send octets one by one.
const MTU_FLOOR: u16 = 552;
/// What every link of IPv6 takes (RFC 8200 section 5).
const MTU_FLOOR_V6: u16 = 1_280;
/// IP and TCP header of IPv4.
const HEADERS_V4: u16 = 40;

impl<P: Profile> Connection<'_, P> {
    /// An ICMP error that quotes a segment of ours with sequence number `quoted`. It ends a
    /// connection that is opening; later it is remembered as the likely cause if nothing else
    /// arrives (RFC 9293 MUST-56, RFC 5927 section 5.2).
    //= https://www.rfc-editor.org/rfc/rfc9293#section-3.9.2.2
    //# Since these Unreachable messages indicate soft error conditions, a TCP
    //# implementation MUST NOT abort the connection (MUST-56), and it SHOULD make
    //# the information available to the application (SHLD-25).
    //= https://www.rfc-editor.org/rfc/rfc9293#section-3.9.2.2
    //= type=exception
    //= reason=only an open ends; an established connection remembers the error (RFC 5927 section
    //= 5.2), because whoever can guess a sequence number in flight could end it otherwise
    //# These are hard error conditions, so TCP implementations SHOULD abort the
    //# connection (SHLD-26).
    pub fn unreachable(&mut self, now: Instant, quoted: SeqNum, what: Unreachable) {
        self.tcb.clock = Clock::at(now);
        if !self.is_outstanding(quoted) {
            return;
        }
        let hard = matches!(
            what,
            Unreachable::Port | Unreachable::Protocol | Unreachable::Prohibited
        );
        // RFC 5461 describes why an attempt may end by what is soft for a connection.
        let hard = hard || self.tcb.tuning.get().opening_errors == OpeningErrors::Hard;
        if self.tcb.state == State::SynSent && hard {
            self.tcb.close(CloseReason::Unreachable(what));
        } else {
            self.tcb.soft_error = Some(what);
        }
        self.settle();
    }

    /// An ICMP message says that a packet of ours was too big for a path that takes `mtu` octets.
    /// What is in flight goes again in smaller segments, without blame on congestion.
    //= https://www.rfc-editor.org/rfc/rfc7323#section-5.7
    //# Setting the DF bit implies the use of Path MTU Discovery as described in
    //# [RFC1191], [RFC1981], and [RFC4821]; thus, any TCP implementation that
    //# implements PAWS MUST also implement Path MTU Discovery.
    pub fn set_path_mtu(&mut self, now: Instant, quoted: SeqNum, mtu: u16) {
        self.tcb.clock = Clock::at(now);
        let headers = self.tcb.snd.headers;
        //= https://www.rfc-editor.org/rfc/rfc8201#section-4
        //# If a node receives a Packet Too Big message reporting a next-hop MTU
        //# that is less than the IPv6 minimum link MTU, it must discard it.
        let ipv6 = cfg!(feature = "ipv6") && headers > HEADERS_V4;
        let believes = self.tcb.tuning.get().path_mtu_discovery.is_on();
        if !believes || !self.is_outstanding(quoted) || (ipv6 && mtu < MTU_FLOOR_V6) {
            return;
        }
        let mss = mtu.max(MTU_FLOOR).saturating_sub(headers).max(MSS_FLOOR);
        self.tcb.path_told(mss);
        if mss >= self.tcb.snd.mss {
            return;
        }
        self.tcb.set_mss(mss);
        // What fits into one of the smaller segments was not too big.
        let snd = &self.tcb.snd;
        if snd.nxt.since(snd.una).get() > u32::from(mss) {
            self.tcb.loss.resend_all(snd.una, snd.nxt);
        }
        self.settle();
    }

    /// Only who saw a segment that is on its way can quote it (RFC 5927 section 4.1).
    fn is_outstanding(&self, quoted: SeqNum) -> bool {
        let snd = &self.tcb.snd;
        quoted.at_or_after(snd.una) && quoted.before(snd.nxt)
    }
}
