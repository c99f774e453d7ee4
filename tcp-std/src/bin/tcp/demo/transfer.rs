//! Files both ways by HTTP, with the kernel's TCP at the other end.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::Duration;

use sha2::{Digest, Sha256};
use tcp_std::Net;

use super::{KERNELS, OURS, PATIENCE};
use crate::failure::{Context, Failure};
use crate::http::{self, FileServer, Url};

const NAME: &str = "file";
const PORT: u16 = 8_080;
const CHUNK: usize = 1 << 20;
const LINE: usize = 64;
const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// The file that goes both ways.
pub(super) struct Sample {
    octets: u64,
    sha256: String,
}

/// Writes a file of reproducible noise into `served/` below the directory. It is noise in lines of
/// hexadecimal digits: protocol analyzers that see the middle of it should not take it for
/// something else.
pub(super) fn make_file(directory: &Path, mebibytes: u32) -> Result<Sample, Failure> {
    let write = || -> io::Result<Sample> {
        std::fs::create_dir(served(directory))?;
        let mut file = File::create(served(directory).join(NAME))?;
        let mut hash = Sha256::new();
        let mut noise: u64 = 0x9e37_79b9_7f4a_7c15;
        let mut chunk = vec![0; CHUNK];
        for _ in 0..mebibytes {
            for line in chunk.chunks_exact_mut(LINE) {
                for digits in line.chunks_mut(16) {
                    // Marsaglia's xorshift.
                    noise ^= noise << 13;
                    noise ^= noise >> 7;
                    noise ^= noise << 17;
                    for (at, digit) in digits.iter_mut().enumerate() {
                        *digit = DIGITS[usize::from((noise >> (4 * at)) as u8 & 15)];
                    }
                }
                line[LINE - 1] = b'\n';
            }
            hash.update(&chunk);
            file.write_all(&chunk)?;
        }
        Ok(Sample {
            octets: u64::from(mebibytes) << 20,
            sha256: hex(&hash.finalize()),
        })
    };
    write().context("the file could not be made")
}

/// The kernel's TCP fetches the file from ours: with curl where it is installed.
pub(super) fn from_us(net: &Net, directory: &Path, sample: &Sample) -> Result<String, Failure> {
    let files = FileServer::new(&served(directory)).context("the file cannot be served")?;
    let listener = net.listen((OURS, PORT)).context("tcp-core cannot listen")?;
    let accepting = listener
        .try_clone()
        .context("the listener cannot be cloned")?;
    // It ends with the network.
    thread::spawn(move || files.accept_all(&accepting));
    let to = directory.join("from-tcp-core");
    let (client, took) = match with_curl(&to)? {
        Some(took) => ("curl", took),
        None => ("std::net", with_std(&to)?),
    };
    report(sample, &to, client, took)
}

fn with_curl(to: &Path) -> Result<Option<Duration>, Failure> {
    let curl = Command::new("curl")
        .args(["--silent", "--show-error", "--fail", "--noproxy", "*"])
        .args(["--max-time", &PATIENCE.as_secs().to_string()])
        // Whoever closes first is in TIME-WAIT: this shows ours.
        .args([
            "--header",
            "Connection: close",
            "--write-out",
            "%{time_total}",
            "--output",
        ])
        .arg(to)
        .arg(format!("http://{OURS}:{PORT}/{NAME}"))
        .output();
    let output = match curl {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        other => other.context("curl cannot be run")?,
    };
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(Failure::Failed(format!("curl failed: {}", said.trim())));
    }
    let seconds = String::from_utf8_lossy(&output.stdout).trim().parse().ok();
    let took = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    took.map(Some)
        .ok_or_else(|| Failure::Failed("curl does not say how long it took".to_owned()))
}

fn with_std(to: &Path) -> Result<Duration, Failure> {
    let fetch = || {
        let mut stream = std::net::TcpStream::connect((OURS, PORT))?;
        stream.set_read_timeout(Some(PATIENCE))?;
        fetch(&mut stream, &SocketAddr::from((OURS, PORT)), to)
    };
    fetch().context("the kernel's TCP cannot fetch the file")
}

/// Our TCP fetches the file from the kernel's.
pub(super) fn from_kernel(net: &Net, directory: &Path, sample: &Sample) -> Result<String, Failure> {
    let to = directory.join("from-kernel");
    let root = served(directory);
    let transfer = || -> io::Result<Duration> {
        let address = SocketAddr::from((KERNELS, PORT));
        let listener = TcpListener::bind(address)?;
        let server = thread::spawn(move || -> io::Result<()> {
            let (mut stream, _) = listener.accept()?;
            stream.set_read_timeout(Some(PATIENCE))?;
            http::serve_stream(&mut stream, &root)
        });
        let mut stream = net.connect_timeout(&address, PATIENCE)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let took = fetch(&mut stream, &address, &to)?;
        drop(stream);
        server
            .join()
            .unwrap_or_else(|_| Err(io::Error::other("the server broke")))?;
        Ok(took)
    };
    let took = transfer().context("tcp-core cannot fetch the file")?;
    report(sample, &to, "tcp-core", took)
}

fn fetch(
    stream: &mut (impl Read + Write),
    address: &SocketAddr,
    to: &Path,
) -> io::Result<Duration> {
    let url: Url = format!("http://{address}/{NAME}")
        .parse()
        .map_err(io::Error::other)?;
    let mut file = BufWriter::with_capacity(CHUNK, File::create(to)?);
    let started = std::time::Instant::now();
    http::get(stream, &url, &mut file, &mut ())?;
    let took = started.elapsed();
    file.flush()?;
    Ok(took)
}

/// Compares what arrived with what was sent.
fn report(
    sample: &Sample,
    arrived: &Path,
    client: &str,
    took: Duration,
) -> Result<String, Failure> {
    let (octets, sha256) = digest(arrived).context("what arrived cannot be read")?;
    if octets != sample.octets || sha256 != sample.sha256 {
        return Err(Failure::Failed(format!(
            "what arrived is not what was sent: {octets} octets with SHA-256 {sha256}, \
             instead of {} with {}",
            sample.octets, sample.sha256
        )));
    }
    let gigabits = octets as f64 * 8.0 / took.as_secs_f64().max(1e-6) / 1e9;
    Ok(format!(
        "{client}: {octets} octets in {:.2} s, {gigabits:.2} Gbit/s\n   SHA-256 {sha256}: right",
        took.as_secs_f64()
    ))
}

fn digest(path: &Path) -> io::Result<(u64, String)> {
    let mut file = File::open(path)?;
    let mut hash = Sha256::new();
    let mut chunk = vec![0; CHUNK];
    let mut octets = 0;
    loop {
        match file.read(&mut chunk)? {
            0 => return Ok((octets, hex(&hash.finalize()))),
            len => {
                hash.update(&chunk[..len]);
                octets += len as u64;
            }
        }
    }
}

fn hex(octets: &[u8]) -> String {
    octets.iter().fold(String::new(), |mut text, octet| {
        // Writing to a string does not fail.
        _ = write!(text, "{octet:02x}");
        text
    })
}

fn served(directory: &Path) -> PathBuf {
    directory.join("served")
}
