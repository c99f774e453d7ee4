//! The counters, as a page for people and as JSON for programs.

use tcp_core::{Dropped, Handle, Instant};
use tcp_embedded::{LinkDropped, Mac};

use super::http::{Body, Request, What};
use super::{Net, Service, Services, Totals};
use crate::text::Text;
use crate::{Runner, board};

/// Fits into an empty ring.
pub(super) type Answer = Text<4_096>;

/// Why segments were dropped that somebody sent on purpose or that were damaged.
const SEGMENTS: [(&str, Dropped); 12] = [
    ("dropped_ip_malformed", Dropped::IpMalformed),
    ("dropped_ip_checksum", Dropped::IpChecksum),
    ("dropped_not_for_us", Dropped::NotForUs),
    ("dropped_fragment", Dropped::Fragment),
    ("dropped_tcp_malformed", Dropped::TcpMalformed),
    ("dropped_tcp_checksum", Dropped::TcpChecksum),
    ("dropped_no_connection", Dropped::NoConnection),
    ("dropped_out_of_memory", Dropped::OutOfMemory),
    ("dropped_out_of_window", Dropped::OutOfWindow),
    ("challenged_rst", Dropped::RstChallenged),
    ("challenged_syn", Dropped::SynChallenged),
    ("dropped_bad_flags", Dropped::BadFlags),
];
/// The same for frames.
const FRAMES: [(&str, LinkDropped); 6] = [
    ("dropped_frame_truncated", LinkDropped::Truncated),
    ("dropped_frame_not_for_us", LinkDropped::NotForUs),
    ("dropped_frame_other_protocol", LinkDropped::UnknownType),
    ("dropped_arp_malformed", LinkDropped::ArpMalformed),
    ("dropped_arp_sender", LinkDropped::ArpSender),
    ("dropped_arp_unasked", LinkDropped::ArpUnasked),
];
const ROWS: usize = 21 + SEGMENTS.len() + FRAMES.len();

/// The counters at one moment.
pub(super) struct Report {
    rows: heapless::Vec<(&'static str, u64), ROWS>,
}

impl Services {
    /// Reads every counter.
    pub(super) fn look(&self, now: Instant, runner: &mut Runner) -> Report {
        let mut rows = heapless::Vec::new();
        let mut row = |name, value| {
            let _ = rows.push((name, value));
        };
        row("uptime_ms", (now - Instant::ZERO).as_millis());
        for (service, accepted) in Service::ALL.iter().zip(self.accepted) {
            let name = match service {
                Service::Http => "accepted_http",
                Service::Echo => "accepted_echo",
                Service::Discard => "accepted_discard",
                Service::Chargen => "accepted_chargen",
            };
            row(name, accepted.into());
        }
        let net = runner.stack();
        let mut totals = self.totals;
        let open = self.visits.iter().flatten();
        row("open", open.clone().count() as u64);
        open.for_each(|visit| add(now, net, visit.handle, &mut totals));
        row("segments_in", totals.segments_in.into());
        row("segments_out", totals.segments_out.into());
        row("retransmissions", totals.retransmissions.into());
        row("octets_in", totals.octets_in);
        row("octets_out", totals.octets_out);
        for (name, reason) in SEGMENTS {
            row(name, net.dropped(reason).into());
        }
        for (name, reason) in FRAMES {
            row(name, runner.dropped(reason).into());
        }
        row("device_errors", runner.errors().0.into());
        let device = runner.mac().counters();
        row("frames_in", device.received.into());
        row("frames_out", device.transmitted.into());
        row("bad_frames", device.bad_frames.into());
        row("overruns", device.overruns.into());
        row("transmit_errors", device.transmit_errors.into());
        row("resyncs", device.resyncs.into());
        row("restarts", device.restarts.into());
        row("link_ups", device.link_ups.into());
        Report { rows }
    }

    /// Queues the whole answer, which fits into an empty ring.
    pub(super) fn say_last(&self, now: Instant, net: &mut Net, handle: Handle, octets: &[u8]) {
        if net.send(now, handle, octets) != Ok(octets.len()) {
            // Half an answer is worse than none.
            let _ = net.abort(now, handle);
        }
    }
}

fn add(now: Instant, net: &Net, handle: Handle, totals: &mut Totals) {
    if let Ok(info) = net.info(now, handle) {
        totals.add(&info);
    }
}

/// Header and body.
pub(super) fn answer(request: Request, report: &Report, runner: &mut Runner) -> Answer {
    let (status, kind, body) = match request.what {
        What::Page => ("200 OK", "text/html; charset=utf-8", page(report, runner)),
        What::Json => ("200 OK", "application/json", json(report)),
        What::Unknown => ("404 Not Found", "text/plain", plain("no such page\n")),
        What::OtherMethod => (
            "405 Method Not Allowed\r\nAllow: GET, HEAD",
            "text/plain",
            plain("only GET and HEAD\n"),
        ),
        What::Malformed => ("400 Bad Request", "text/plain", plain("not HTTP\n")),
    };
    let mut answer = Answer::new();
    answer.str("HTTP/1.1 ").str(status);
    answer.str("\r\nContent-Type: ").str(kind);
    answer
        .str("\r\nContent-Length: ")
        .number(body.octets().len() as u64);
    answer.str("\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n");
    if request.body == Body::Wanted {
        answer.append(body.octets());
    }
    answer
}

fn plain(text: &str) -> Answer {
    let mut body = Answer::new();
    body.str(text);
    body
}

fn page(report: &Report, runner: &mut Runner) -> Answer {
    let mut body = Answer::new();
    body.str("<!doctype html><meta charset=utf-8><meta http-equiv=refresh content=1><title>")
        .str(board::NAME)
        .str(
            "</title><style>body{font-family:sans-serif}td{text-align:right;padding:0 1em}</style>",
        )
        .str("<h1>")
        .str(board::NAME)
        .str("</h1><p>Ethernet ");
    for (index, octet) in runner.mac().address().0.into_iter().enumerate() {
        if index > 0 {
            body.str(":");
        }
        body.hex(octet);
    }
    body.str(". Ports: 7 echo, 9 discard, 19 chargen. <a href=counters.json>JSON</a><table>");
    for (name, value) in &report.rows {
        body.str("<tr><th>")
            .str(name)
            .str("<td>")
            .number(*value)
            .str("\n");
    }
    body.str("</table>\n");
    body
}

fn json(report: &Report) -> Answer {
    let mut body = Answer::new();
    let mut before = "{\"";
    for (name, value) in &report.rows {
        body.str(before).str(name).str("\":").number(*value);
        before = ",\n\"";
    }
    body.str("}\n");
    body
}
