//! The client: one GET on one connection.

use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};

use super::head::{Buffer, Head, NoHead};
use super::{CHUNK, Url};

/// Is told how a transfer goes.
pub(crate) trait Progress {
    /// It begins; how long it is, if that is known.
    fn start(&mut self, total: Option<u64>);

    /// So many octets more.
    fn advance(&mut self, octets: usize);
}

/// Nobody watches.
impl Progress for () {
    fn start(&mut self, _: Option<u64>) {}

    fn advance(&mut self, _: usize) {}
}

/// Fetches `url` over a connection to its host and returns the length of the body.
pub(crate) fn get(
    stream: &mut (impl Read + Write),
    url: &Url,
    sink: &mut impl Write,
    progress: &mut impl Progress,
) -> io::Result<u64> {
    let request = format!(
        "GET {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: tcp-std/{}\r\nConnection: close\r\n\r\n",
        url.target(),
        url.authority(),
        env!("CARGO_PKG_VERSION")
    );
    stream.write_all(request.as_bytes())?;
    let mut buffer = Buffer::default();
    let head = loop {
        let head = buffer.read_head(stream).map_err(of_no_head)?;
        // Interim responses (100 to 199) come before the final one.
        match status(&head)? {
            100..=199 => {}
            200 => break head,
            _ => {
                return Err(io::Error::other(format!(
                    "the server says {:?}",
                    head.start
                )));
            }
        }
    };
    let mut body = buffer.then(stream);
    if head.lists("transfer-encoding", "chunked") {
        progress.start(None);
        return copy_chunks(&mut BufReader::new(body), sink, progress);
    }
    let length = match head.field("content-length") {
        Some(text) => Some(
            text.parse()
                .map_err(|_| bad("Content-Length is not a number"))?,
        ),
        None => None,
    };
    progress.start(length);
    let copied = copy(
        &mut body.by_ref().take(length.unwrap_or(u64::MAX)),
        sink,
        progress,
    )?;
    if length.is_some_and(|length| copied < length) {
        return Err(io::Error::new(
            ErrorKind::UnexpectedEof,
            format!("the server closed after {copied} octets"),
        ));
    }
    Ok(copied)
}

fn bad(what: &str) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, what)
}

fn of_no_head(error: NoHead) -> io::Error {
    match error {
        NoHead::End => io::Error::new(ErrorKind::UnexpectedEof, "the server closed without a word"),
        NoHead::Malformed => bad("the server does not speak HTTP"),
        NoHead::TooLong => bad("the head of the response is too long"),
        NoHead::Failed(error) => error,
    }
}

fn status(head: &Head) -> io::Result<u16> {
    let mut words = head.start.split(' ');
    let is_http = words
        .next()
        .is_some_and(|version| version.starts_with("HTTP/1."));
    let code = words
        .next()
        .filter(|_| is_http)
        .and_then(|code| code.parse().ok());
    code.ok_or_else(|| bad("the server does not speak HTTP/1"))
}

fn copy(
    body: &mut impl Read,
    sink: &mut impl Write,
    progress: &mut impl Progress,
) -> io::Result<u64> {
    let mut chunk = vec![0; CHUNK];
    let mut copied = 0;
    loop {
        match body.read(&mut chunk) {
            Ok(0) => return Ok(copied),
            Ok(len) => {
                sink.write_all(&chunk[..len])?;
                progress.advance(len);
                copied += len as u64;
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// The chunked coding of RFC 9112 section 7.1.
fn copy_chunks(
    body: &mut impl BufRead,
    sink: &mut impl Write,
    progress: &mut impl Progress,
) -> io::Result<u64> {
    let mut copied = 0;
    loop {
        let line = read_line(body)?;
        let size = line.split(';').next().unwrap_or_default().trim();
        let size = u64::from_str_radix(size, 16).map_err(|_| bad("a chunk without a size"))?;
        if size == 0 {
            // Trailer fields are of no use here.
            while !read_line(body)?.is_empty() {}
            return Ok(copied);
        }
        let len = copy(&mut body.by_ref().take(size), sink, progress)?;
        copied += len;
        if len < size || !read_line(body)?.is_empty() {
            return Err(io::Error::new(
                ErrorKind::UnexpectedEof,
                "the server cut a chunk short",
            ));
        }
    }
}

fn read_line(body: &mut impl BufRead) -> io::Result<String> {
    const LONGEST_LINE: u64 = 4_096;
    let mut line = String::new();
    body.by_ref().take(LONGEST_LINE).read_line(&mut line)?;
    match line.strip_suffix('\n') {
        Some(line) => Ok(line.trim_end().to_owned()),
        None => Err(bad("a line without an end between chunks")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Wire<'w> {
        input: &'w [u8],
        sent: Vec<u8>,
    }

    impl Read for Wire<'_> {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            self.input.read(into)
        }
    }

    impl Write for Wire<'_> {
        fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
            self.sent.write(octets)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn fetch(response: &str) -> io::Result<String> {
        let url = "http://10.0.0.2:8080/x?y".parse().unwrap();
        let mut wire = Wire {
            input: response.as_bytes(),
            sent: Vec::new(),
        };
        let mut body = Vec::new();
        let length = get(&mut wire, &url, &mut body, &mut ())?;
        assert!(
            wire.sent
                .starts_with(b"GET /x?y HTTP/1.1\r\nHost: 10.0.0.2:8080\r\n")
        );
        assert_eq!(length, body.len() as u64);
        Ok(String::from_utf8(body).unwrap())
    }

    #[test]
    fn a_body_ends_by_length_by_chunks_or_with_the_connection() {
        for response in [
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello and more",
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\nhello",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\
             2;a=b\r\nhe\r\n3\r\nllo\r\n0\r\nT: x\r\n\r\n",
        ] {
            assert_eq!(fetch(response).expect(response), "hello");
        }
    }

    #[test]
    fn what_is_cut_short_or_refused_is_an_error() {
        for (response, kind) in [
            ("", ErrorKind::UnexpectedEof),
            (
                "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello",
                ErrorKind::UnexpectedEof,
            ),
            (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhello",
                ErrorKind::UnexpectedEof,
            ),
            (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",
                ErrorKind::InvalidData,
            ),
            (
                "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
                ErrorKind::InvalidData,
            ),
            ("HTTP/1.1 404 Not Found\r\n\r\n", ErrorKind::Other),
            ("SSH-2.0-OpenSSH\r\n\r\n", ErrorKind::InvalidData),
        ] {
            assert_eq!(
                fetch(response).expect_err(response).kind(),
                kind,
                "{response}"
            );
        }
    }
}
