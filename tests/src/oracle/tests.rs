//! The oracle itself must notice what it is there for.

use super::*;
use crate::packet::FIN;

struct Talk {
    oracle: Oracle,
    ours: SocketAddr,
    theirs: SocketAddr,
}

const ISS: u32 = 0xffff_fff0;
const IRS: u32 = 5_000;

impl Talk {
    /// A handshake that the watched end began.
    fn new() -> Self {
        let mut talk = Self {
            oracle: Oracle::default(),
            ours: "10.0.0.1:1000".parse().unwrap(),
            theirs: "10.0.0.2:80".parse().unwrap(),
        };
        talk.oracle.caused(1);
        talk.sends(SYN, 0, 0, |_| {});
        talk.hears(SYN | ACK, 0, 1, |_| {});
        talk.sends(ACK, 1, 1, |_| {});
        talk
    }

    fn sends(&mut self, flags: u8, seq: u32, ack: u32, change: impl FnOnce(&mut Segment)) {
        let mut segment = Segment::new(self.ours, self.theirs);
        segment.seq = ISS.wrapping_add(seq);
        if flags & ACK != 0 {
            segment.ack = IRS + ack;
        }
        segment.flags = flags;
        segment.window = 1_000;
        change(&mut segment);
        self.oracle.sent(&segment.encode());
    }

    fn hears(&mut self, flags: u8, seq: u32, ack: u32, change: impl FnOnce(&mut Segment)) {
        let mut segment = Segment::new(self.theirs, self.ours);
        segment.seq = IRS + seq;
        segment.ack = ISS.wrapping_add(ack);
        segment.flags = flags;
        segment.window = 100;
        change(&mut segment);
        self.oracle.delivered(&segment.encode());
    }
}

fn text(octets: &[u8]) -> impl FnOnce(&mut Segment) {
    move |segment| segment.payload = octets.to_vec()
}

#[test]
fn an_orderly_connection_passes() {
    let mut talk = Talk::new();
    talk.sends(ACK, 1, 1, text(&[7; 60]));
    talk.hears(ACK, 1, 61, text(&[1; 10]));
    talk.sends(ACK, 61, 11, text(&[8; 100]));
    talk.sends(ACK, 1, 11, text(&[7; 60]));
    talk.hears(ACK | FIN, 11, 161, |_| {});
    talk.sends(ACK, 161, 12, |_| {});
    talk.sends(ACK | FIN, 161, 12, |_| {});
}

#[test]
#[should_panic(expected = "U5")]
fn an_acknowledgment_of_what_did_not_arrive() {
    let mut talk = Talk::new();
    talk.hears(ACK, 11, 1, text(&[1; 10]));
    talk.sends(ACK, 1, 11, |_| {});
}

#[test]
#[should_panic(expected = "U6")]
fn a_window_that_is_taken_back() {
    let mut talk = Talk::new();
    talk.hears(ACK, 1, 1, text(&[1; 10]));
    talk.sends(ACK, 1, 11, |segment| segment.window = 989);
}

#[test]
#[should_panic(expected = "window ends at")]
fn data_beyond_the_window() {
    let mut talk = Talk::new();
    talk.sends(ACK, 1, 1, text(&[1; 102]));
}

#[test]
#[should_panic(expected = "U8")]
fn an_ack_that_the_peer_cannot_accept() {
    let mut talk = Talk::new();
    talk.sends(ACK, 1, 1, text(&[1; 50]));
    talk.hears(ACK, 1, 1, text(&[1; 10]));
    talk.sends(ACK, 1, 11, |_| {});
}

#[test]
#[should_panic(expected = "U8")]
fn a_reset_that_nobody_accepts() {
    let mut talk = Talk::new();
    talk.sends(RST | ACK, 3, 1, |_| {});
}

#[test]
#[should_panic(expected = "other octets than before")]
fn a_retransmission_of_other_octets() {
    let mut talk = Talk::new();
    talk.sends(ACK, 1, 1, text(&[1; 50]));
    talk.sends(ACK, 1, 1, text(&[2; 50]));
}

#[test]
#[should_panic(expected = "SACK")]
fn a_sack_of_what_did_not_arrive() {
    let mut talk = Talk::new();
    talk.hears(ACK, 11, 1, text(&[1; 10]));
    talk.sends(ACK, 1, 1, |segment| {
        segment.options.sack = vec![(IRS + 11, IRS + 22)];
    });
}

#[test]
#[should_panic(expected = "after a FIN")]
fn data_after_a_fin() {
    let mut talk = Talk::new();
    talk.sends(ACK | FIN, 1, 1, |_| {});
    talk.sends(ACK, 2, 1, text(&[1; 1]));
}

#[test]
#[should_panic(expected = "U3")]
fn more_answers_than_causes() {
    let mut talk = Talk::new();
    for _ in 0..3 {
        talk.sends(ACK, 1, 1, |_| {});
    }
}
