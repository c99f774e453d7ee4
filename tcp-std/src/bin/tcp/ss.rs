//! `tcp ss`, and the socket by which a running `tcp serve` answers it.

use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tcp_std::Net;

use crate::args::SsArgs;
use crate::failure::{Context, Failure};
use crate::table::{self, Detail};

/// Nobody needs longer to ask or to read.
const PATIENCE: Duration = Duration::from_secs(5);
const LONGEST_QUESTION: u64 = 64;
const QUESTION: &str = "ss";
const QUESTION_INFO: &str = "ss -i";

pub(crate) fn run(args: &SsArgs) -> Result<(), Failure> {
    let stream = match (&args.socket, &args.tun) {
        (Some(path), _) => connect(path)?,
        (None, Some(tun)) => connect(&path_for(tun))?,
        (None, None) => connect_to_the_only_one()?,
    };
    let table = ask(stream, if args.info { QUESTION_INFO } else { QUESTION });
    print!("{}", table.context("no answer from `tcp serve`")?);
    Ok(())
}

fn connect(path: &Path) -> Result<UnixStream, Failure> {
    UnixStream::connect(path).map_err(|error| {
        Failure::Failed(format!(
            "no `tcp serve` answers at {} ({error}): is it running?",
            path.display()
        ))
    })
}

fn connect_to_the_only_one() -> Result<UnixStream, Failure> {
    let directory = directory();
    let entries = std::fs::read_dir(&directory)
        .context(format_args!("cannot look into {}", directory.display()))?;
    let paths = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| {
            let name = path
                .file_name()
                .and_then(|name| name.to_str())
                .unwrap_or_default();
            name.starts_with("tcp-") && name.ends_with(".sock")
        });
    let mut running: Vec<(PathBuf, UnixStream)> = paths
        .filter_map(|path| UnixStream::connect(&path).ok().map(|it| (path, it)))
        .collect();
    match (running.pop(), running.is_empty()) {
        (Some((_, stream)), true) => Ok(stream),
        (None, _) => Err(Failure::Failed(format!(
            "no `tcp serve` runs (looked for {}/tcp-*.sock): start one, or give --socket PATH",
            directory.display()
        ))),
        (Some(last), false) => {
            running.push(last);
            let paths: Vec<String> = running
                .iter()
                .map(|(path, _)| format!("\n  {}", path.display()))
                .collect();
            Err(Failure::Failed(format!(
                "several `tcp serve` run: choose one with --socket{}",
                paths.concat()
            )))
        }
    }
}

fn ask(mut stream: UnixStream, question: &str) -> io::Result<String> {
    stream.set_read_timeout(Some(PATIENCE))?;
    writeln!(stream, "{question}")?;
    let mut table = String::new();
    stream.read_to_string(&mut table)?;
    Ok(table)
}

fn directory() -> PathBuf {
    std::env::var_os("XDG_RUNTIME_DIR")
        .map(PathBuf::from)
        .filter(|path| path.is_dir())
        .unwrap_or_else(|| PathBuf::from("/tmp"))
}

fn path_for(tun: &str) -> PathBuf {
    directory().join(format!("tcp-{tun}.sock"))
}

/// The socket of a running `tcp serve`; it is removed at the end.
#[derive(Debug)]
pub(crate) struct Control {
    path: PathBuf,
}

impl Control {
    pub(crate) fn start(net: &Net, tun: &str) -> io::Result<Self> {
        let path = path_for(tun);
        let listener = bind(&path)?;
        let net = net.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                // Whoever asks badly or reads slowly gets no answer.
                let _ = stream.and_then(|stream| answer(&net, stream));
            }
        });
        Ok(Self { path })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        // Somebody may have removed it already.
        let _ = std::fs::remove_file(&self.path);
    }
}

/// A socket that nobody answers at was left behind by a process that was killed.
fn bind(path: &Path) -> io::Result<UnixListener> {
    let listener = match UnixListener::bind(path) {
        Err(error) if error.kind() == ErrorKind::AddrInUse => {
            match UnixStream::connect(path) {
                Err(error) if error.kind() == ErrorKind::ConnectionRefused => {
                    std::fs::remove_file(path)?;
                }
                _ => return Err(error),
            }
            UnixListener::bind(path)?
        }
        other => other?,
    };
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}

fn answer(net: &Net, mut stream: UnixStream) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut question = String::new();
    BufReader::new((&stream).take(LONGEST_QUESTION)).read_line(&mut question)?;
    let detail = match question.trim_end() {
        QUESTION => Detail::Line,
        QUESTION_INFO => Detail::Info,
        _ => return stream.write_all(b"unknown question\n"),
    };
    stream.write_all(table::render(&net.snapshot(), detail).as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_left_behind_is_replaced_and_a_live_one_is_not() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("tcp-test.sock");
        drop(UnixListener::bind(&path).unwrap());
        let alive = bind(&path).expect("nobody answers at the old one");
        let error = bind(&path).expect_err("somebody answers");
        assert_eq!(error.kind(), ErrorKind::AddrInUse);
        drop(alive);
    }
}
