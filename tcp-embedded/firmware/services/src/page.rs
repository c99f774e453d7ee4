//! As much of HTTP as one page needs: one request on a connection, without a body.

use heapless::Vec;
use tcp_core::{Handle, Instant};

use crate::Net;

/// Octets of the request line that are looked at.
const LINE: usize = 16;
/// Octets of a whole request; a longer one is refused.
const LONGEST: u32 = 2_048;
/// Octets of an answer: the longest here has fewer than 300.
const ANSWER: usize = 384;

/// A request that is arriving.
#[derive(Debug)]
pub(crate) struct Request {
    line: Vec<u8, LINE>,
    /// Whether the first line is complete.
    complete: bool,
    /// Line ends in a row: two end the request.
    ends: u8,
    octets: u32,
}

/// What is said.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Answer {
    Page,
    NotFound,
    Refused,
}

impl Request {
    pub(crate) const fn new() -> Self {
        Self {
            line: Vec::new(),
            complete: false,
            ends: 0,
            octets: 0,
        }
    }

    /// Takes what arrived; the answer once the request is complete.
    pub(crate) fn read<const N: usize>(
        &mut self,
        now: Instant,
        net: &mut Net<N>,
        handle: Handle,
    ) -> Option<Answer> {
        let mut octets = [0; 64];
        while let Ok(count @ 1..) = net.read(now, handle, &mut octets) {
            for octet in octets.iter().take(count) {
                if let Some(answer) = self.take(*octet) {
                    return Some(answer);
                }
            }
        }
        None
    }

    fn take(&mut self, octet: u8) -> Option<Answer> {
        self.octets += 1;
        if self.octets > LONGEST {
            return Some(Answer::Refused);
        }
        match octet {
            b'\n' => {
                self.complete = true;
                self.ends += 1;
            }
            b'\r' => {}
            _ => {
                self.ends = 0;
                if !self.complete {
                    let _ = self.line.push(octet);
                }
            }
        }
        (self.ends == 2).then(|| self.answer())
    }

    fn answer(&self) -> Answer {
        if self.line.starts_with(b"GET / HTTP/1.") {
            Answer::Page
        } else if self.line.starts_with(b"GET /") {
            Answer::NotFound
        } else {
            Answer::Refused
        }
    }
}

impl Answer {
    pub(crate) fn text(self, now: Instant, accepted: u32, echoed: u64) -> Vec<u8, ANSWER> {
        let mut text = Vec::new();
        let status = match self {
            Self::Page => "200 OK",
            Self::NotFound => "404 Not Found",
            Self::Refused => "400 Bad Request",
        };
        put(&mut text, "HTTP/1.1 ");
        put(&mut text, status);
        put(
            &mut text,
            "\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n",
        );
        if self == Self::Page {
            put(&mut text, "<!doctype html><title>tcp</title><h1>tcp</h1><table>");
            row(&mut text, "uptime_s", (now - Instant::ZERO).as_micros() / 1_000_000);
            row(&mut text, "accepted", accepted.into());
            row(&mut text, "octets_echoed", echoed);
            put(&mut text, "</table>\n");
        } else {
            put(&mut text, status);
            put(&mut text, "\n");
        }
        text
    }
}

fn row(text: &mut Vec<u8, ANSWER>, name: &str, number: u64) {
    put(text, "<tr><th>");
    put(text, name);
    put(text, "<td>");
    let mut divisor = 10_000_000_000_000_000_000;
    while divisor > 1 && number < divisor {
        divisor /= 10;
    }
    while divisor > 0 {
        let digit = u8::try_from(number / divisor % 10).unwrap_or(0);
        let _ = text.push(b'0' + digit);
        divisor /= 10;
    }
    put(text, "\n");
}

/// What does not fit is left out.
fn put(text: &mut Vec<u8, ANSWER>, words: &str) {
    for octet in words.bytes() {
        let _ = text.push(octet);
    }
}
