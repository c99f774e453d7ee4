//! The server: GET and HEAD of files, connections that persist.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tcp_std::{TcpListener, TcpStream};

use super::CHUNK;
use super::files::{self, Found};
use super::head::{Buffer, Head, NoHead};
use super::range::{self, Wanted};

/// Threads, and so connections, at a time.
const MOST_CONNECTIONS: usize = 256;
/// How long a client may be silent, or read nothing.
const PATIENCE: Duration = Duration::from_secs(30);

/// Serves the files below one directory.
#[derive(Clone, Debug)]
pub(crate) struct FileServer {
    root: PathBuf,
    connections: Arc<AtomicUsize>,
}

impl FileServer {
    pub(crate) fn new(directory: &Path) -> io::Result<Self> {
        Ok(Self {
            root: directory.canonicalize()?,
            connections: Arc::default(),
        })
    }

    /// Accepts until the listener's network ends; a thread for each connection.
    pub(crate) fn accept_all(&self, listener: &TcpListener) {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else {
                return;
            };
            if self.connections.fetch_add(1, Ordering::Relaxed) >= MOST_CONNECTIONS {
                self.connections.fetch_sub(1, Ordering::Relaxed);
                // A client that is turned away may be gone already.
                let _ = Status::Unavailable.write(&mut stream, Method::Get, "");
                continue;
            }
            let server = self.clone();
            std::thread::spawn(move || {
                // A connection that fails concerns nobody but its client.
                let _ = server.serve(stream);
                server.connections.fetch_sub(1, Ordering::Relaxed);
            });
        }
    }

    fn serve(&self, mut stream: TcpStream) -> io::Result<()> {
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        serve_stream(&mut stream, &self.root)
    }
}

/// What may be done with a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Method {
    Get,
    Head,
}

/// Whether the connection goes on after a response.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Persistence {
    KeepAlive,
    Close,
}

/// Responses without a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Status {
    Moved,
    BadRequest,
    NotFound,
    MethodNotAllowed,
    RangeNotSatisfiable,
    HeadTooLong,
    ServerError,
    Unavailable,
}

impl Status {
    const fn line(self) -> &'static str {
        match self {
            Self::Moved => "301 Moved Permanently",
            Self::BadRequest => "400 Bad Request",
            Self::NotFound => "404 Not Found",
            Self::MethodNotAllowed => "405 Method Not Allowed",
            Self::RangeNotSatisfiable => "416 Range Not Satisfiable",
            Self::HeadTooLong => "431 Request Header Fields Too Large",
            Self::ServerError => "500 Internal Server Error",
            Self::Unavailable => "503 Service Unavailable",
        }
    }

    /// After these it is not known where the next request begins, or it is not wanted.
    const fn persistence(self) -> Persistence {
        match self {
            Self::Moved | Self::NotFound | Self::MethodNotAllowed | Self::RangeNotSatisfiable => {
                Persistence::KeepAlive
            }
            Self::BadRequest | Self::HeadTooLong | Self::ServerError | Self::Unavailable => {
                Persistence::Close
            }
        }
    }

    fn write(self, stream: &mut impl Write, method: Method, fields: &str) -> io::Result<()> {
        let line = self.line();
        let close = match self.persistence() {
            Persistence::Close => "Connection: close\r\n",
            Persistence::KeepAlive => "",
        };
        let length = line.len() + 1;
        let body = match method {
            Method::Get => format!("{line}\n"),
            Method::Head => String::new(),
        };
        let head = format!(
            "HTTP/1.1 {line}\r\nContent-Type: text/plain\r\nContent-Length: {length}\r\n\
             {close}{fields}\r\n{body}"
        );
        stream.write_all(head.as_bytes())
    }
}

/// Serves requests until either side closes.
pub(crate) fn serve_stream(stream: &mut (impl Read + Write), root: &Path) -> io::Result<()> {
    let mut buffer = Buffer::default();
    loop {
        let head = match buffer.read_head(stream) {
            Ok(head) => head,
            Err(NoHead::End) => return Ok(()),
            Err(NoHead::Malformed) => return Status::BadRequest.write(stream, Method::Get, ""),
            Err(NoHead::TooLong) => return Status::HeadTooLong.write(stream, Method::Get, ""),
            Err(NoHead::Failed(error)) => return Err(error),
        };
        if respond(stream, root, &head)? == Persistence::Close {
            return Ok(());
        }
    }
}

fn respond(stream: &mut impl Write, root: &Path, head: &Head) -> io::Result<Persistence> {
    let refuse = |stream: &mut _, status: Status, method, fields: &str| {
        status.write(stream, method, fields)?;
        Ok(status.persistence())
    };
    let Some(request) = Request::of(head) else {
        return refuse(stream, Status::BadRequest, Method::Get, "");
    };
    let Some(method) = request.method else {
        return refuse(
            stream,
            Status::MethodNotAllowed,
            Method::Get,
            "Allow: GET, HEAD\r\n",
        );
    };
    let persistence = match files::find(root, request.target) {
        Err(_) => refuse(stream, Status::ServerError, method, ""),
        Ok(Found::Malformed) => refuse(stream, Status::BadRequest, method, ""),
        Ok(Found::Nothing) => refuse(stream, Status::NotFound, method, ""),
        Ok(Found::Elsewhere(target)) => refuse(
            stream,
            Status::Moved,
            method,
            &format!("Location: {target}\r\n"),
        ),
        Ok(Found::Listing(page)) => {
            let fields = format!(
                "Content-Type: text/html; charset=utf-8\r\nContent-Length: {}\r\n",
                page.len()
            );
            let body = if method == Method::Get {
                page.as_str()
            } else {
                ""
            };
            write!(
                stream,
                "HTTP/1.1 200 OK\r\n{fields}{}\r\n{body}",
                request.connection_field()
            )?;
            Ok(Persistence::KeepAlive)
        }
        Ok(Found::File(file, length)) => send_file(stream, &request, file, length),
    }?;
    Ok(match persistence {
        Persistence::KeepAlive => request.persistence,
        Persistence::Close => Persistence::Close,
    })
}

#[derive(Debug)]
struct Request<'h> {
    /// `None` is one that files do not have.
    method: Option<Method>,
    target: &'h str,
    range: Option<&'h str>,
    persistence: Persistence,
}

impl<'h> Request<'h> {
    fn of(head: &'h Head) -> Option<Self> {
        let mut words = head.start.split(' ');
        let (method, target, version) = (words.next()?, words.next()?, words.next()?);
        let is_one_one = version == "HTTP/1.1";
        // Bodies mean nothing to files, and one that is not read would be taken for a request.
        let has_body = head.field("transfer-encoding").is_some()
            || head
                .field("content-length")
                .is_some_and(|length| length != "0");
        if words.next().is_some()
            || !(is_one_one || version == "HTTP/1.0")
            || (is_one_one && head.field("host").is_none())
            || has_body
        {
            return None;
        }
        Some(Self {
            method: match method {
                "GET" => Some(Method::Get),
                "HEAD" => Some(Method::Head),
                _ => None,
            },
            target,
            range: head.field("range"),
            persistence: if is_one_one && !head.lists("connection", "close") {
                Persistence::KeepAlive
            } else {
                Persistence::Close
            },
        })
    }

    const fn connection_field(&self) -> &'static str {
        match self.persistence {
            Persistence::KeepAlive => "",
            Persistence::Close => "Connection: close\r\n",
        }
    }
}

fn send_file(
    stream: &mut impl Write,
    request: &Request<'_>,
    mut file: File,
    length: u64,
) -> io::Result<Persistence> {
    let (status, range, first, count) = match range::parse(request.range, length) {
        Wanted::Whole => ("200 OK", String::new(), 0, length),
        Wanted::Part { first, last } => (
            "206 Partial Content",
            format!("Content-Range: bytes {first}-{last}/{length}\r\n"),
            first,
            last - first + 1,
        ),
        Wanted::Unsatisfiable => {
            let method = request.method.unwrap_or(Method::Get);
            let range = format!("Content-Range: bytes */{length}\r\n");
            Status::RangeNotSatisfiable.write(stream, method, &range)?;
            return Ok(Persistence::KeepAlive);
        }
    };
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/octet-stream\r\n\
         Content-Length: {count}\r\nAccept-Ranges: bytes\r\n{range}{}\r\n",
        request.connection_field()
    );
    stream.write_all(head.as_bytes())?;
    if request.method == Some(Method::Head) {
        return Ok(Persistence::KeepAlive);
    }
    file.seek(SeekFrom::Start(first))?;
    let mut chunk = vec![0; CHUNK];
    let mut left = count;
    while left > 0 {
        let want = usize::try_from(left).map_or(CHUNK, |left| left.min(CHUNK));
        match file.read(&mut chunk[..want])? {
            // The file became shorter: the promised length can only be broken by closing.
            0 => return Ok(Persistence::Close),
            len => {
                stream.write_all(&chunk[..len])?;
                left -= len as u64;
            }
        }
    }
    Ok(Persistence::KeepAlive)
}

#[cfg(test)]
mod tests;
