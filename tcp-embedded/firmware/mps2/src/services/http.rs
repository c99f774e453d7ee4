//! As much of HTTP/1.1 as a page needs: one request on a connection, without a body.

use heapless::Vec;
use tcp_core::{Handle, Instant};

use super::Net;

/// Octets of the request line that are looked at: methods and paths that are known are shorter.
const LINE: usize = 64;
/// Octets of a whole request.
const LONGEST: u32 = 4_096;

/// What is asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Request {
    pub(super) what: What,
    /// `HEAD`: the answer without its body.
    pub(super) body: Body,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    Page,
    Json,
    /// No such path.
    Unknown,
    /// Neither `GET` nor `HEAD`.
    OtherMethod,
    /// No request line, or too long.
    Malformed,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Body {
    Wanted,
    Unwanted,
}

/// A request that is arriving.
pub(super) struct Http {
    line: Vec<u8, LINE>,
    part: Part,
    octets: u32,
}

/// Which part of a request is arriving.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Line,
    /// A header that has octets.
    Header,
    /// The begin of a line: another line end completes the request.
    LineBegin,
}

impl Http {
    pub(super) const fn new() -> Self {
        Self {
            line: Vec::new(),
            part: Part::Line,
            octets: 0,
        }
    }

    /// Takes what arrived; the request once it is complete.
    pub(super) fn read(&mut self, now: Instant, net: &mut Net, handle: Handle) -> Option<Request> {
        let mut octets = [0; 256];
        while let Ok(count @ 1..) = net.read(now, handle, &mut octets) {
            for octet in octets.iter().take(count) {
                if self.take(*octet) {
                    return Some(self.understand());
                }
            }
        }
        None
    }

    /// Whether this octet was the last one.
    fn take(&mut self, octet: u8) -> bool {
        self.octets += 1;
        self.part = match (self.part, octet) {
            (Part::LineBegin, b'\n') => return true,
            (Part::LineBegin, b'\r') => Part::LineBegin,
            (_, b'\n') => Part::LineBegin,
            (Part::Line, _) => {
                let _ = self.line.push(octet);
                Part::Line
            }
            (Part::Header | Part::LineBegin, _) => Part::Header,
        };
        self.octets >= LONGEST
    }

    fn understand(&self) -> Request {
        let mut words = self.line.split(|octet| *octet == b' ');
        let (method, path) = (words.next(), words.next());
        let version = words.next().map(<[u8]>::trim_ascii_end);
        let (known, body) = match method {
            Some(b"GET") => (true, Body::Wanted),
            Some(b"HEAD") => (true, Body::Unwanted),
            _ => (false, Body::Wanted),
        };
        let what = match (path, version) {
            _ if self.octets >= LONGEST => What::Malformed,
            (Some([b'/', ..]), Some(b"HTTP/1.0" | b"HTTP/1.1")) if !known => What::OtherMethod,
            (Some(b"/"), Some(b"HTTP/1.0" | b"HTTP/1.1")) => What::Page,
            (Some(b"/counters.json"), Some(b"HTTP/1.0" | b"HTTP/1.1")) => What::Json,
            (Some([b'/', ..]), _) if self.line.is_full() => What::Unknown,
            (Some([b'/', ..]), Some(b"HTTP/1.0" | b"HTTP/1.1")) => What::Unknown,
            _ => What::Malformed,
        };
        Request { what, body }
    }
}
