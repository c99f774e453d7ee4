//! Heads of messages: a start line and fields, of bounded size.

use std::io::{self, ErrorKind, Read};

/// Longer heads are refused.
const LONGEST: usize = 16 << 10;

/// A start line and fields. Field names are in lower case.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Head {
    pub(super) start: String,
    fields: Vec<(String, String)>,
}

/// Why there is no head.
#[derive(Debug)]
pub(super) enum NoHead {
    /// The other side closed before the first octet.
    End,
    /// It is not HTTP.
    Malformed,
    /// It is too long.
    TooLong,
    /// The connection failed.
    Failed(io::Error),
}

/// Octets received and not yet used.
#[derive(Debug, Default)]
pub(super) struct Buffer {
    octets: Vec<u8>,
}

impl Buffer {
    /// Reads the next head; what follows it stays in the buffer.
    pub(super) fn read_head(&mut self, stream: &mut impl Read) -> Result<Head, NoHead> {
        let mut searched = 0;
        loop {
            if let Some(end) = find_end(&self.octets, searched) {
                let rest = self.octets.split_off(end);
                let head = std::mem::replace(&mut self.octets, rest);
                return Head::parse(&head).ok_or(NoHead::Malformed);
            }
            if self.octets.len() >= LONGEST {
                return Err(NoHead::TooLong);
            }
            searched = self.octets.len();
            let mut chunk = [0; 2_048];
            match stream.read(&mut chunk) {
                Ok(0) if self.octets.is_empty() => return Err(NoHead::End),
                Ok(0) => return Err(NoHead::Malformed),
                Ok(len) => self.octets.extend_from_slice(&chunk[..len]),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(NoHead::Failed(error)),
            }
        }
    }

    /// A reader of what is in the buffer and then of what the stream brings.
    pub(super) fn then<'b, S: Read>(&'b mut self, stream: &'b mut S) -> impl Read + use<'b, S> {
        Then {
            buffer: &mut self.octets,
            stream,
        }
    }
}

struct Then<'b, S> {
    buffer: &'b mut Vec<u8>,
    stream: &'b mut S,
}

impl<S: Read> Read for Then<'_, S> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.buffer.is_empty() {
            return self.stream.read(into);
        }
        let len = self.buffer.as_slice().read(into)?;
        self.buffer.drain(..len);
        Ok(len)
    }
}

/// Where the empty line ends. A bare LF ends a line as well (RFC 9112 section 2.2).
fn find_end(octets: &[u8], searched: usize) -> Option<usize> {
    // The end may have begun with the last three octets that were searched before.
    let from = searched.saturating_sub(3);
    (from..octets.len()).find_map(|at| match &octets[at..] {
        [b'\n', b'\n', ..] => Some(at + 2),
        [b'\n', b'\r', b'\n', ..] => Some(at + 3),
        _ => None,
    })
}

impl Head {
    fn parse(octets: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(octets).ok()?;
        let mut lines = text
            .split('\n')
            .map(|line| line.strip_suffix('\r').unwrap_or(line));
        let start = lines.next().filter(|line| !line.is_empty())?.to_owned();
        let mut fields = Vec::new();
        for line in lines.filter(|line| !line.is_empty()) {
            let (name, value) = line.split_once(':')?;
            let is_token =
                |octet: u8| octet.is_ascii_graphic() && !b"(),/;<=>?@[\\]{}\"".contains(&octet);
            if name.is_empty() || !name.bytes().all(is_token) {
                return None;
            }
            fields.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        Some(Self { start, fields })
    }

    /// The value of a field that stands at most once; `name` in lower case.
    pub(super) fn field(&self, name: &str) -> Option<&str> {
        let field = self.fields.iter().find(|(field, _)| field == name);
        field.map(|(_, value)| value.as_str())
    }

    /// Whether a field of a comma-separated list has an element.
    pub(super) fn lists(&self, name: &str, element: &str) -> bool {
        let values = self.fields.iter().filter(|(field, _)| field == name);
        let mut elements = values.flat_map(|(_, value)| value.split(','));
        elements.any(|it| it.trim().eq_ignore_ascii_case(element))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives its octets one at a time.
    struct Dribble<'d>(&'d [u8]);

    impl Read for Dribble<'_> {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            let len = self.0.len().min(into.len()).min(1);
            into[..len].copy_from_slice(&self.0[..len]);
            self.0 = &self.0[len..];
            Ok(len)
        }
    }

    #[test]
    fn heads_come_out_one_after_another_whatever_the_pieces() {
        let octets = b"GET / HTTP/1.1\r\nHost: a\r\nX:  y \r\n\r\nHEAD /b HTTP/1.1\n\nrest";
        let mut whole = &octets[..];
        let mut dribble = Dribble(octets);
        for stream in [&mut whole as &mut dyn Read, &mut dribble] {
            let mut stream = stream;
            let mut buffer = Buffer::default();
            let head = buffer.read_head(&mut stream).unwrap();
            assert_eq!(head.start, "GET / HTTP/1.1");
            assert_eq!(
                (head.field("host"), head.field("x")),
                (Some("a"), Some("y"))
            );
            assert_eq!(
                buffer.read_head(&mut stream).unwrap().start,
                "HEAD /b HTTP/1.1"
            );
            let mut rest = String::new();
            buffer.then(&mut stream).read_to_string(&mut rest).unwrap();
            assert_eq!(rest, "rest");
        }
    }

    #[test]
    fn a_head_without_end_is_refused_at_a_bound() {
        let mut endless = io::repeat(b'a');
        let mut buffer = Buffer::default();
        assert!(matches!(
            buffer.read_head(&mut endless),
            Err(NoHead::TooLong)
        ));
        assert!(buffer.octets.len() <= LONGEST + 2_048);
    }

    #[test]
    fn what_is_not_http_is_malformed() {
        for octets in [
            "\r\n\r\n",
            "GET /\r\nno field\r\n\r\n",
            "GET /\r\nHost : a\r\n\r\n",
            "GET /",
        ] {
            let mut stream = octets.as_bytes();
            let result = Buffer::default().read_head(&mut stream);
            assert!(matches!(result, Err(NoHead::Malformed)), "{octets:?}");
        }
    }
}
