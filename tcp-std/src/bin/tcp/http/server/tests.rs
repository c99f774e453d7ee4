//! What clients get, over a stream in memory.

use super::*;

/// Reads what the client sent, keeps what the server sends.
struct Wire<'w> {
    input: &'w [u8],
    output: Vec<u8>,
}

impl Read for Wire<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.input.read(into)
    }
}

impl Write for Wire<'_> {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.output.write(octets)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn answers(requests: &str) -> String {
    let root = tempfile::tempdir().unwrap();
    std::fs::write(root.path().join("ten"), "0123456789").unwrap();
    std::fs::create_dir(root.path().join("sub")).unwrap();
    let mut wire = Wire {
        input: requests.as_bytes(),
        output: Vec::new(),
    };
    serve_stream(&mut wire, &root.path().canonicalize().unwrap()).unwrap();
    String::from_utf8(wire.output).unwrap()
}

/// The status code and the body of the only answer.
fn answer(request: &str) -> (u16, String) {
    let text = answers(request);
    let (head, body) = text.split_once("\r\n\r\n").expect("an empty line");
    let code = head.split(' ').nth(1).and_then(|code| code.parse().ok());
    (code.expect("a status"), body.to_owned())
}

#[test]
fn a_file_is_served_whole_in_part_and_without_its_body() {
    let get = |fields: &str| answer(&format!("GET /ten HTTP/1.1\r\nHost: h\r\n{fields}\r\n"));
    assert_eq!(get(""), (200, "0123456789".to_owned()));
    assert_eq!(get("Range: bytes=2-4\r\n"), (206, "234".to_owned()));
    assert_eq!(get("Range: bytes=10-\r\n").0, 416);
    let head = answers("HEAD /ten HTTP/1.1\r\nHost: h\r\n\r\n");
    assert!(
        head.contains("Content-Length: 10\r\n") && head.ends_with("\r\n\r\n"),
        "{head}"
    );
}

#[test]
fn requests_follow_each_other_on_one_connection_until_one_says_close() {
    let one = "GET /ten HTTP/1.1\r\nHost: h\r\n\r\n";
    let missing = "GET /missing HTTP/1.1\r\nHost: h\r\n\r\n";
    let last = "GET /ten HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
    let text = answers(&[one, missing, last, one].concat());
    assert_eq!(text.matches("HTTP/1.1 200").count(), 2, "{text}");
    assert_eq!(text.matches("HTTP/1.1 404").count(), 1, "{text}");
    assert_eq!(text.matches("Connection: close").count(), 1, "{text}");
    let old = answers(&["GET /ten HTTP/1.0\r\n\r\n", one].concat());
    assert_eq!(old.matches("HTTP/1.1 200").count(), 1, "{old}");
}

#[test]
fn what_cannot_be_served_says_why() {
    for (request, code) in [
        ("GET /ten HTTP/1.1\r\n\r\n", 400),
        ("GET /ten HTTP/2\r\nHost: h\r\n\r\n", 400),
        ("GET /ten  HTTP/1.1\r\nHost: h\r\n\r\n", 400),
        (
            "GET /ten HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc",
            400,
        ),
        ("nonsense\r\n\r\n", 400),
        ("GET ten HTTP/1.1\r\nHost: h\r\n\r\n", 400),
        ("GET /../etc/passwd HTTP/1.1\r\nHost: h\r\n\r\n", 404),
        ("DELETE /ten HTTP/1.1\r\nHost: h\r\n\r\n", 405),
        ("GET /sub HTTP/1.1\r\nHost: h\r\n\r\n", 301),
        ("GET /sub/ HTTP/1.1\r\nHost: h\r\n\r\n", 200),
    ] {
        assert_eq!(answer(request).0, code, "{request:?}");
    }
    let long = format!("GET /{} HTTP/1.1\r\nHost: h\r\n\r\n", "a".repeat(64 << 10));
    assert_eq!(answer(&long).0, 431);
}
