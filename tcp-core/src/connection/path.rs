//! What ICMP says of the path (RFC 5927, RFC 9293 section 3.9.2.2).

use super::Connection;
use super::error::{CloseReason, Unreachable};
use super::send::MSS_FLOOR;
use super::state::State;
use crate::profile::Profile;
use crate::seq::SeqNum;
use crate::time::Instant;

/// No ICMP message makes a path smaller than this (Linux keeps the same floor): a forged one would
/// otherwise make us send octets one by one.
const MTU_FLOOR: u16 = 552;

impl<P: Profile> Connection<'_, P> {
    /// An ICMP error that quotes a segment of ours with sequence number `quoted`. It ends a
    /// connection that is opening; later it is remembered as the likely cause if nothing else
    /// arrives (RFC 9293 MUST-56, RFC 5927 section 5.2).
    pub fn unreachable(&mut self, now: Instant, quoted: SeqNum, what: Unreachable) {
        if !self.is_outstanding(quoted) {
            return;
        }
        let hard = matches!(
            what,
            Unreachable::Port | Unreachable::Protocol | Unreachable::Prohibited
        );
        if self.tcb.state == State::SynSent && hard {
            self.tcb.close(CloseReason::Unreachable(what));
        } else {
            self.tcb.soft_error = Some(what);
        }
        self.settle(now);
    }

    /// An ICMP message says that a packet of ours was too big for a path that takes `mtu` octets.
    /// What is in flight goes again in smaller segments, without blame on congestion.
    pub fn set_path_mtu(&mut self, now: Instant, quoted: SeqNum, mtu: u16) {
        let headers = self.tcb.snd.headers;
        let mss = mtu.max(MTU_FLOOR).saturating_sub(headers).max(MSS_FLOOR);
        if !self.is_outstanding(quoted) || mss >= self.tcb.snd.mss {
            return;
        }
        self.tcb.set_mss(mss);
        self.tcb.loss.resend_all(self.tcb.snd.una, self.tcb.snd.nxt);
        self.settle(now);
    }

    /// Only who saw a segment that is on its way can quote it (RFC 5927 section 4.1).
    fn is_outstanding(&self, quoted: SeqNum) -> bool {
        let snd = &self.tcb.snd;
        quoted.at_or_after(snd.una) && quoted.before(snd.nxt)
    }
}
