//! One connection as one end sees it: what that end sent, and what reached it.
//!
//! Sequence numbers are relative to the initial ones, so they need no arithmetic on a circle: our
//! SYN stands at 0, our first octet at 1. A test transfers less than 4 GiB a connection.

use std::collections::BTreeSet;

use super::ranges::Ranges;
use crate::packet::{ACK, FIN, RST, SYN, Segment};

/// What the watched end said of itself, and what it may know of its peer.
#[derive(Debug, Default)]
pub(super) struct Watch {
    /// ISS, once a SYN left.
    iss: Option<u32>,
    /// IRS, once the watched end acknowledged it.
    irs: Option<u32>,
    /// The octets sent so far, without SYN and FIN.
    text: Vec<u8>,
    /// One past the highest sequence number sent.
    sent_end: u32,
    /// Where the FIN stands, once sent.
    fin_at: Option<u32>,
    /// The highest acknowledgment sent.
    acked: u32,
    /// The highest right edge of the window that was offered.
    edge: u32,
    /// The window scale that the SYN offered.
    offered_scale: Option<u8>,
    /// Timestamps stood in our SYN.
    offered_timestamps: bool,
    last_timestamp: Option<u32>,
    /// What reached the watched end. Before `irs` is known: kept for later.
    early: Vec<Segment>,
    heard: Ranges,
    /// Of what reached the watched end: what begins before the SYN, with numbers that wrapped.
    strange: Vec<(u32, u32)>,
    /// The highest right edge that the peer offered us.
    heard_edge: u32,
    heard_scale: Option<u8>,
    /// A SYN that offered timestamps.
    heard_timestamps: bool,
    /// A SYN that did not. One of both kinds: nobody but the watched end knows which it took.
    heard_without: bool,
    /// Every SYN: the connection may begin anew with one that came during the last.
    heard_syns: Vec<Segment>,
    /// Acknowledgments that a reset may answer with its sequence number.
    heard_acks: BTreeSet<u32>,
}

/// What a segment breaks, in words.
pub(super) type Broken = String;

macro_rules! hold {
    ($condition:expr, $($words:tt)+) => {
        if !$condition {
            return Err(format!($($words)+));
        }
    };
}

impl Watch {
    /// An intact segment reaches the watched end.
    pub(super) fn delivered(&mut self, segment: &Segment) {
        if segment.has(ACK) {
            self.heard_acks.insert(segment.ack);
        }
        if segment.has(SYN) {
            self.heard_syns.push(segment.clone());
        }
        if self.irs.is_some() {
            self.note(segment);
        } else {
            self.early.push(segment.clone());
        }
    }

    /// The watched end sends a segment.
    pub(super) fn sent(&mut self, segment: &Segment) -> Result<(), Broken> {
        if segment.has(RST) {
            return self.reset(segment);
        }
        if segment.has(SYN) {
            self.syn(segment)?;
        }
        let Some(iss) = self.iss else {
            // An answer of TIME-WAIT to a connection before this one.
            return Ok(());
        };
        if segment.has(ACK) {
            self.acknowledges(segment)?;
        } else {
            hold!(segment.has(SYN), "a segment without ACK that is no SYN");
        }
        self.timestamps(segment)?;
        let seq = segment.seq.wrapping_sub(iss);
        if segment.seq_len() == 0 {
            // U8; a keep-alive stands one before, on purpose.
            let acceptable = seq == self.sent_end || seq.wrapping_add(1) == self.sent_end;
            hold!(
                acceptable,
                "U8: an ACK stands at {seq}, but {} was sent",
                self.sent_end
            );
            return Ok(());
        }
        self.occupies(segment, seq)
    }

    fn syn(&mut self, segment: &Segment) -> Result<(), Broken> {
        hold!(!segment.has(FIN), "SYN and FIN together");
        if self.iss == Some(segment.seq) {
            return Ok(());
        }
        let heard_acks = std::mem::take(&mut self.heard_acks);
        let heard_syns = std::mem::take(&mut self.heard_syns);
        *self = Self {
            iss: Some(segment.seq),
            offered_scale: segment.options.window_scale,
            offered_timestamps: segment.options.timestamps.is_some(),
            early: heard_syns.clone(),
            heard_syns,
            heard_acks,
            ..Self::default()
        };
        Ok(())
    }

    /// U5, U6, U7: what arrived is acknowledged, and the right edge never moves left.
    fn acknowledges(&mut self, segment: &Segment) -> Result<(), Broken> {
        if self.irs.is_none() {
            self.learn_irs(segment.ack)?;
        }
        let Some(irs) = self.irs else {
            return Ok(());
        };
        let ack = segment.ack.wrapping_sub(irs);
        hold!(
            ack <= self.heard.prefix(),
            "U5: acknowledges {ack}, but only {} arrived",
            self.heard.prefix()
        );
        hold!(ack >= self.acked, "acknowledges {ack} after {}", self.acked);
        self.acked = ack;
        let edge = ack + window(segment, self.scales().0);
        hold!(
            edge >= self.edge,
            "U6: the right edge moves from {} to {edge}",
            self.edge
        );
        self.edge = edge;
        for (left, right) in &segment.options.sack {
            let range = (left.wrapping_sub(irs), right.wrapping_sub(irs));
            let length = range.1.wrapping_sub(range.0);
            let again = self.strange.iter().any(|(start, end)| {
                range.0.wrapping_sub(*start) <= end.wrapping_sub(*start)
                    && range.1.wrapping_sub(*start) <= end.wrapping_sub(*start)
            });
            hold!(
                (range.0 < range.1 && self.heard.covers(range.0, range.1)) || (length > 0 && again),
                "SACK of {range:?}, which did not arrive"
            );
        }
        Ok(())
    }

    /// The first acknowledgment tells which of the SYNs that arrived was taken, and perhaps data
    /// with it.
    fn learn_irs(&mut self, ack: u32) -> Result<(), Broken> {
        let covered = |syn: &&Segment| {
            let taken = ack.wrapping_sub(syn.seq);
            syn.has(SYN) && taken > 0 && taken <= syn.seq_len()
        };
        // The most recent one: a SYN may have come again with other data.
        let irs = self.early.iter().rev().find(covered).map(|syn| syn.seq);
        let Some(irs) = irs else {
            return Err(format!("acknowledges {ack}: no SYN there ever arrived"));
        };
        self.irs = Some(irs);
        for segment in std::mem::take(&mut self.early) {
            self.note(&segment);
        }
        Ok(())
    }

    /// What an arriving segment tells of the peer.
    fn note(&mut self, segment: &Segment) {
        let Some(irs) = self.irs else {
            return;
        };
        if segment.has(RST) {
            return;
        }
        if segment.has(SYN) && segment.seq == irs {
            self.heard_scale = segment.options.window_scale;
            let offers = segment.options.timestamps.is_some();
            self.heard_timestamps |= offers;
            self.heard_without |= !offers;
        }
        let seq = segment.seq.wrapping_sub(irs).cast_signed();
        // Far behind or ahead: of another connection, or made up by a test; what reaches in from
        // before the SYN counts from there.
        let end = i64::from(seq) + i64::from(segment.seq_len());
        if seq < 0 {
            self.strange
                .push((seq.cast_unsigned(), segment.end().wrapping_sub(irs)));
        }
        if let (start, Ok(end)) = (seq.max(0).cast_unsigned(), u32::try_from(end)) {
            self.heard.insert(start, end);
        }
        if let (Some(iss), true) = (self.iss, segment.has(ACK)) {
            let ack = segment.ack.wrapping_sub(iss);
            if ack <= self.sent_end {
                let edge = ack + window(segment, self.scales().1);
                self.heard_edge = self.heard_edge.max(edge);
            }
        }
    }

    /// The shifts of our windows and of the peer's.
    fn scales(&self) -> (u8, u8) {
        match (self.offered_scale, self.heard_scale) {
            (Some(ours), Some(theirs)) => (ours.min(14), theirs.min(14)),
            _ => (0, 0),
        }
    }

    /// RFC 7323 section 3.2: once agreed, in every segment; the clock does not go back.
    fn timestamps(&mut self, segment: &Segment) -> Result<(), Broken> {
        let may = self.offered_timestamps && self.heard_timestamps;
        let agreed = may && !self.heard_without;
        let Some((value, _)) = segment.options.timestamps else {
            hold!(!agreed || segment.has(SYN), "no timestamp although agreed");
            return Ok(());
        };
        hold!(segment.has(SYN) || may, "a timestamp although not agreed");
        let back = |last: u32| value.wrapping_sub(last).cast_signed() < 0;
        hold!(
            !self.last_timestamp.is_some_and(back),
            "the timestamp clock went back to {value}"
        );
        self.last_timestamp = Some(value);
        Ok(())
    }

    /// U7: sequence space is sent in order and within the window; what is sent again is the same.
    fn occupies(&mut self, segment: &Segment, seq: u32) -> Result<(), Broken> {
        let end = seq + segment.seq_len();
        hold!(
            seq <= self.sent_end,
            "sends {seq}..{end}, but only {} was sent before",
            self.sent_end
        );
        if end > self.sent_end && !segment.has(SYN) {
            // A zero-window probe, or a FIN, may stand at the edge.
            hold!(
                end <= self.heard_edge + 1,
                "sends up to {end}, but the peer's window ends at {}",
                self.heard_edge
            );
        }
        let first = if segment.has(SYN) { seq + 1 } else { seq };
        self.same_text(first, &segment.payload)?;
        if segment.has(FIN) {
            let at = end - 1;
            hold!(
                self.fin_at.is_none_or(|fin| fin == at),
                "the FIN moves from {:?} to {at}",
                self.fin_at
            );
            self.fin_at = Some(at);
        }
        if let Some(fin) = self.fin_at {
            hold!(end <= fin + 1, "sends up to {end} after a FIN at {fin}");
        }
        self.sent_end = self.sent_end.max(end);
        Ok(())
    }

    fn same_text(&mut self, first: u32, payload: &[u8]) -> Result<(), Broken> {
        if payload.is_empty() {
            return Ok(());
        }
        let from = (first - 1) as usize;
        let known = self.text.get(from..).unwrap_or_default();
        let again = known.len().min(payload.len());
        hold!(
            known[..again] == payload[..again],
            "other octets than before at {first}"
        );
        self.text.extend(&payload[again..]);
        Ok(())
    }

    /// U8 for resets: acceptable to a peer that received everything, or an answer to a segment
    /// that acknowledged something else.
    fn reset(&self, segment: &Segment) -> Result<(), Broken> {
        let known = self
            .iss
            .is_some_and(|iss| segment.seq.wrapping_sub(iss) == self.sent_end);
        let answer = self.heard_acks.contains(&segment.seq);
        let nothing_known = segment.seq == 0 && segment.has(ACK);
        hold!(
            known || answer || nothing_known,
            "U8: a reset at {} that nobody can accept",
            segment.seq
        );
        Ok(())
    }
}

/// The window of a segment in octets; that of a SYN is never scaled.
fn window(segment: &Segment, shift: u8) -> u32 {
    let shift = if segment.has(SYN) { 0 } else { shift };
    u32::from(segment.window) << shift
}
